"""Sample moments: from raw data or a printed matrix to what is analysed."""

from trustsem.moments.incomplete import (
    SaturatedModel,
    SaturatedMoments,
    available_moments,
    em_moments,
    independence_moments,
    saturated_moments,
)
from trustsem.moments.matrix import from_matrix, of_groups, printed_groups
from trustsem.moments.sample import Divisor, SampleMoments, from_frame
from trustsem.moments.spread import (
    FreeSpread,
    NormalSpread,
    Spread,
    distribution_free_weights,
    predicted_cases,
)

__all__ = [
    "Divisor",
    "FreeSpread",
    "NormalSpread",
    "SampleMoments",
    "SaturatedModel",
    "SaturatedMoments",
    "Spread",
    "available_moments",
    "distribution_free_weights",
    "em_moments",
    "from_frame",
    "from_matrix",
    "independence_moments",
    "of_groups",
    "predicted_cases",
    "printed_groups",
    "saturated_moments",
]
