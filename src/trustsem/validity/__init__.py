"""Judge whether constructs are measured well, distinct, and related as the theory says.

Pure formulas of arrays at the bottom (``reliability``, the kernel of ``discriminant``), labelled
tables on top of them, and checks that judge the tables and return findings. Nothing here knows how
a model was estimated.
"""

from trustsem.validity.confounding import check_confounding, confounding_table
from trustsem.validity.convergent import (
    check_loadings,
    check_reliability,
    loadings_table,
    reliability_table,
)
from trustsem.validity.discriminant import (
    anderson_gerbing_distinct,
    check_discriminant,
    discriminant_table,
    fornell_larcker,
    heterotrait_monotrait,
    htmt,
    ronkko_cho_problem,
)
from trustsem.validity.model_fit import check_fit, check_residuals
from trustsem.validity.nomological import (
    Hypothesis,
    chain_of,
    check_feedback,
    check_hypotheses,
    check_structural_difference,
    hypotheses_table,
)
from trustsem.validity.reliability import (
    ave_observed,
    average_shared_variance,
    average_variance_extracted,
    coefficient_h,
    composite_reliability,
    composite_reliability_observed,
    cronbach_alpha,
    item_r2,
    maximum_shared_variance,
    standardized_alpha,
)
from trustsem.validity.second_order import (
    check_second_order,
    check_second_order_structure,
    omega_second_order,
    parts_table,
    second_order_table,
)
from trustsem.validity.sequence import (
    Decision,
    SequentialTest,
    check_decision,
    check_pseudo_chisq,
    decide,
    overall_level,
)
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.verdict import Verdict, measurement_verdict, structural_verdict

__all__ = [
    "Decision",
    "Hypothesis",
    "SequentialTest",
    "Thresholds",
    "Verdict",
    "anderson_gerbing_distinct",
    "ave_observed",
    "average_shared_variance",
    "average_variance_extracted",
    "chain_of",
    "check_confounding",
    "check_decision",
    "check_discriminant",
    "check_feedback",
    "check_fit",
    "check_hypotheses",
    "check_loadings",
    "check_pseudo_chisq",
    "check_reliability",
    "check_residuals",
    "check_second_order",
    "check_second_order_structure",
    "check_structural_difference",
    "coefficient_h",
    "composite_reliability",
    "composite_reliability_observed",
    "confounding_table",
    "cronbach_alpha",
    "decide",
    "discriminant_table",
    "fornell_larcker",
    "heterotrait_monotrait",
    "htmt",
    "hypotheses_table",
    "item_r2",
    "loadings_table",
    "maximum_shared_variance",
    "measurement_verdict",
    "omega_second_order",
    "overall_level",
    "parts_table",
    "reliability_table",
    "ronkko_cho_problem",
    "second_order_table",
    "standardized_alpha",
    "structural_verdict",
]
