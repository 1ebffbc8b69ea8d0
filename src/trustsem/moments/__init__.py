"""Sample moments: from raw data or a printed matrix to what is analysed."""

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
    "Spread",
    "distribution_free_weights",
    "from_frame",
    "from_matrix",
    "of_groups",
    "predicted_cases",
    "printed_groups",
]
