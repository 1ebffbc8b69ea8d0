"""How close is close enough: named tolerances, each with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """Two numbers agree if they differ by no more than the larger of the two bounds.

    Parameters
    ----------
    relative : float
        Bound as a share of the expected number.
    absolute : float
        Bound in the number's own unit.
    reason : str
        Why this much and no more.
    """

    relative: float
    absolute: float
    reason: str

    def allows(self, actual: float, expected: float, *, slack: float = 0.0) -> bool:
        """Return whether ``actual`` is close enough; ``slack`` is a further absolute bound."""
        if math.isnan(expected):
            return math.isnan(actual)
        bound = max(self.relative * abs(expected), self.absolute, slack)
        return abs(actual - expected) <= bound


EXACT = Tolerance(0.0, 0.0, "Counts and degrees of freedom are whole numbers.")
ESTIMATE = Tolerance(
    1e-5, 1e-6, "The reference was moved on by Newton steps to 1e-8 standard errors and printed."
)
ESTIMATE_UNPOLISHED = Tolerance(
    1e-4, 1e-6, "The reference program's own stopping rule leaves 1e-5 to 1e-4 standard errors."
)
STANDARD_ERROR = Tolerance(
    1e-4, 1e-6, "Expected information moves with the estimates; a wrong formula is far outside."
)
TEST_STATISTIC = Tolerance(
    1e-6, 1e-4, "Chi-square, likelihoods and their sums are of second order in the estimates."
)
SCALED_STATISTIC = Tolerance(
    1e-6, 1e-6, "Traces of fourth moments; the reference promises 1e-4, and both reach 1e-8."
)
FIT_INDEX = Tolerance(1e-5, 1e-5, "Smooth functions of chi-square, printed with three decimals.")
PROBABILITY = Tolerance(0.0, 1e-4, "Printed with three decimals; so are interval limits of RMSEA.")
Z_VALUE = Tolerance(1e-4, 1e-4, "Ratio of an estimate and its standard error.")
MODIFICATION_INDEX = Tolerance(
    1e-3, 1e-5, "A quotient of a slope and a small difference of informations."
)
MODIFICATION_INDEX_SMALL = Tolerance(0.0, 1e-3, "Below 0.01 an index says nothing.")
FACTOR_SCORE = Tolerance(1e-4, 1e-5, "Weights move with the estimates; respondents' rows do not.")
SECOND_ENGINE = Tolerance(
    0.0, 1e-6, "In standard errors: six digits of what the data determine, from other code."
)
