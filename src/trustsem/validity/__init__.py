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
    reliability_intervals,
    reliability_table,
)
from trustsem.validity.discriminant import (
    anderson_gerbing_distinct,
    difference_table,
    discriminant_table,
    fornell_larcker,
    holm,
    problem_by_tests,
    ronkko_cho_problem,
)
from trustsem.validity.discriminant_checks import check_discriminant
from trustsem.validity.heterotrait import heterotrait_monotrait, htmt, htmt_intervals
from trustsem.validity.invariance import (
    CRITERIA,
    LevelChange,
    check_level,
    gamma_hat,
    level_holds,
    noncentrality,
)
from trustsem.validity.local_fit import (
    check_modifications,
    misspecification_power,
    modification_table,
    residual_table,
)
from trustsem.validity.method_bias import (
    adjusted_correlation,
    adjusted_correlations,
    check_adjusted_correlations,
    check_changed_hypotheses,
    check_method_variance,
    marker_correlation,
    reliability_split,
    scale_correlations,
    variance_split,
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
from trustsem.validity.verdict import (
    Verdict,
    Verdicts,
    measurement_verdict,
    structural_verdict,
)

__all__ = [
    "CRITERIA",
    "Decision",
    "Hypothesis",
    "LevelChange",
    "SequentialTest",
    "Thresholds",
    "Verdict",
    "Verdicts",
    "adjusted_correlation",
    "adjusted_correlations",
    "anderson_gerbing_distinct",
    "ave_observed",
    "average_shared_variance",
    "average_variance_extracted",
    "chain_of",
    "check_adjusted_correlations",
    "check_changed_hypotheses",
    "check_confounding",
    "check_decision",
    "check_discriminant",
    "check_feedback",
    "check_fit",
    "check_hypotheses",
    "check_level",
    "check_loadings",
    "check_method_variance",
    "check_modifications",
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
    "difference_table",
    "discriminant_table",
    "fornell_larcker",
    "gamma_hat",
    "heterotrait_monotrait",
    "holm",
    "htmt",
    "htmt_intervals",
    "hypotheses_table",
    "item_r2",
    "level_holds",
    "loadings_table",
    "marker_correlation",
    "maximum_shared_variance",
    "measurement_verdict",
    "misspecification_power",
    "modification_table",
    "noncentrality",
    "omega_second_order",
    "overall_level",
    "parts_table",
    "problem_by_tests",
    "reliability_intervals",
    "reliability_split",
    "reliability_table",
    "residual_table",
    "ronkko_cho_problem",
    "scale_correlations",
    "second_order_table",
    "standardized_alpha",
    "structural_verdict",
    "variance_split",
]
