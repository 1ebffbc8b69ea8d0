"""Sample moments: from raw data or a printed matrix to what is analysed."""

from trustsem.moments.incomplete import (
    SaturatedModel,
    SaturatedMoments,
    StackedMoments,
    available_moments,
    em_moments,
    incomplete_parts,
    independence_moments,
    saturated_moments,
    stacked_moments,
)
from trustsem.moments.layout import MomentLayout
from trustsem.moments.matrix import from_matrix, of_groups, printed_groups
from trustsem.moments.ordered import (
    Categories,
    Polychoric,
    from_ordered_frame,
    polychoric,
    read_categories,
    threshold_series,
)
from trustsem.moments.ordinal import OrdinalMoments
from trustsem.moments.renewal import renewed
from trustsem.moments.sample import Divisor, SampleMoments, from_frame
from trustsem.moments.spread import (
    FreeSpread,
    NormalSpread,
    Spread,
    distribution_free_weights,
    predicted_cases,
    product_map,
)
from trustsem.moments.survey_moments import SurveyMoments, add_up, group_label

__all__ = [
    "Categories",
    "Divisor",
    "FreeSpread",
    "MomentLayout",
    "NormalSpread",
    "OrdinalMoments",
    "Polychoric",
    "SampleMoments",
    "SaturatedModel",
    "SaturatedMoments",
    "Spread",
    "StackedMoments",
    "SurveyMoments",
    "add_up",
    "available_moments",
    "distribution_free_weights",
    "em_moments",
    "from_frame",
    "from_matrix",
    "from_ordered_frame",
    "group_label",
    "incomplete_parts",
    "independence_moments",
    "of_groups",
    "polychoric",
    "predicted_cases",
    "printed_groups",
    "product_map",
    "read_categories",
    "renewed",
    "saturated_moments",
    "stacked_moments",
    "threshold_series",
]
