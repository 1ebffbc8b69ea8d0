"""Sample moments: from raw data or a printed matrix to what is analysed."""

from trustsem.moments.matrix import from_matrix
from trustsem.moments.sample import Divisor, SampleMoments, from_frame

__all__ = ["Divisor", "SampleMoments", "from_frame", "from_matrix"]
