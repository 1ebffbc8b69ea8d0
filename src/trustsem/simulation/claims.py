"""What hypotheses claim, in terms of the parameters of a stack of solutions, and their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from trustsem.arrays import Flags, Floats
from trustsem.inference import divided

POSITIVE, NEGATIVE, EITHER = 1, -1, 0


@dataclass(frozen=True, slots=True)
class Claim:
    """One hypothesis: a path, or a chain of paths whose product it is about.

    Parameters
    ----------
    positions : tuple of int
        The free parameter that each path is, from 0; -1 for a path that is fixed.
    fixed : tuple of float
        Value of each path that is fixed; NaN for free ones.
    direction : {1, -1, 0}
        The sign that is predicted; 0 for none.
    tails : {1, 2}
        Of the test.
    """

    positions: tuple[int, ...]
    fixed: tuple[float, ...]
    direction: int = POSITIVE
    tails: int = 2

    @property
    def estimated(self) -> bool:
        """Whether there is something to test: a path that is free."""
        return any(position >= 0 for position in self.positions)

    def values(self, params: Floats) -> tuple[Floats, Floats]:
        """Return the effect at a stack of solutions, and its slopes.

        Parameters
        ----------
        params : ndarray, shape (b, q)
            All free parameters.

        Returns
        -------
        est : ndarray, shape (b,)
            Product of the paths.
        slopes : ndarray, shape (b, k)
            Its derivative in each of the k paths.
        """
        place = np.maximum(self.positions, 0)
        free = np.array(self.positions) >= 0
        paths = np.where(free, params[:, place], np.array(self.fixed))
        others = np.stack(
            [np.delete(paths, k, axis=1).prod(axis=1) for k in range(len(place))], axis=1
        )
        return paths.prod(axis=1), np.where(free, others, 0.0)

    def tested(self, params: Floats, vcov: Floats) -> tuple[Floats, Floats]:
        """Return the effect and its standard error at a stack of solutions.

        Parameters
        ----------
        params : ndarray, shape (b, q)
            All free parameters.
        vcov : ndarray, shape (b, q, q)
            Their sampling covariances.

        Returns
        -------
        est, se : ndarray, shape (b,)
            The error of a product by the delta method [sobel1982]_.
        """
        place = np.maximum(self.positions, 0)
        est, slopes = self.values(params)
        V = vcov[:, place][:, :, place]
        variance = np.einsum("bi,bij,bj->b", slopes, V, slopes)
        return est, np.sqrt(np.where(variance >= 0, variance, np.nan))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The tests of some hypotheses at a stack of solutions.

    Parameters
    ----------
    est, se, z, pvalue : ndarray, shape (b, h)
        Effects, standard errors, their ratio, and the probability with the stated number of tails.
    supported : ndarray of bool, shape (b, h)
        The verdicts.
    """

    est: Floats
    se: Floats
    z: Floats
    pvalue: Floats
    supported: Flags


def judge_claims(
    claims: Sequence[Claim], params: Floats, vcov: Floats, significance: float
) -> Outcomes:
    """Test and judge hypotheses at a stack of solutions.

    Parameters
    ----------
    claims : sequence of h Claim
        The hypotheses.
    params : ndarray, shape (b, q)
        The solutions.
    vcov : ndarray, shape (b, q, q)
        Their sampling covariances.
    significance : float
        Level of the tests.

    Notes
    -----
    A hypothesis is supported when its estimate has the predicted sign and p is below the level.
    One-tailed, p is half the two-tailed one if the sign is as predicted, else one minus that half.
    """
    found = [claim.tested(params, vcov) for claim in claims]
    est, se = (np.stack([pair[k] for pair in found], axis=1) for k in (0, 1))
    free = np.array([claim.estimated for claim in claims])
    se = np.where(free, se, np.nan)
    z = np.asarray(divided(est, se), dtype=float)
    direction = np.array([claim.direction for claim in claims])
    expected = (direction == EITHER) | (direction * est > 0)
    half = special.ndtr(-np.abs(z))
    one = np.array([claim.tails for claim in claims]) == 1
    pvalue = np.where(one, np.where(expected, half, 1 - half), 2 * half)
    return Outcomes(est, se, z, pvalue, expected & (pvalue < significance))


@dataclass(frozen=True, slots=True)
class Goal:
    """Where the decisive statistic of a hypothesis must go for its verdict to flip.

    Parameters
    ----------
    claim : int
        Number of the hypothesis.
    upward : {1, -1}
        Whether z must grow or fall.
    boundary : float
        The value that it must pass.
    """

    claim: int
    upward: int
    boundary: float

    def reached(self, z: Floats) -> Floats:
        """Return how far z is beyond the boundary; negative before it."""
        return np.asarray(self.upward * (z - self.boundary))


def goals(number: int, claim: Claim, z: float, significance: float, supported: bool) -> list[Goal]:
    """Return the ways to flip a verdict: one, or two where an effect of either sign would do.

    Parameters
    ----------
    number : int
        Number of the hypothesis.
    claim : Claim
        What it claims.
    z : float
        Its statistic in the whole sample.
    significance : float
        Level of the test.
    supported : bool
        Its verdict there.
    """
    critical = max(float(special.ndtri(1 - significance / claim.tails)), 0.0)
    if claim.direction != EITHER:
        towards = -claim.direction if supported else claim.direction
        return [Goal(number, towards, claim.direction * critical)]
    if supported:
        side = 1 if z > 0 else -1
        return [Goal(number, -side, side * critical)]
    return [Goal(number, 1, critical), Goal(number, -1, -critical)]
