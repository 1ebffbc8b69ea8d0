"""Sample moments: from raw data or a printed matrix to what is analysed."""

from trustsem.moments.layout import MomentLayout
from trustsem.moments.matrix import from_matrix
from trustsem.moments.ordered import (
    Categories,
    Polychoric,
    from_ordered_frame,
    polychoric,
    read_categories,
    threshold_series,
)
from trustsem.moments.ordinal import OrdinalMoments
from trustsem.moments.sample import Divisor, SampleMoments, from_frame
from trustsem.moments.spread import (
    FreeSpread,
    NormalSpread,
    Spread,
    distribution_free_weights,
    predicted_cases,
)

__all__ = [
    "Categories",
    "Divisor",
    "FreeSpread",
    "MomentLayout",
    "NormalSpread",
    "OrdinalMoments",
    "Polychoric",
    "SampleMoments",
    "Spread",
    "distribution_free_weights",
    "from_frame",
    "from_matrix",
    "from_ordered_frame",
    "polychoric",
    "predicted_cases",
    "read_categories",
    "threshold_series",
]
