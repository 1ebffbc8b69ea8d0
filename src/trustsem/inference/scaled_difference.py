"""Difference tests between nested models whose chi-squares are corrected for non-normality."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from trustsem.arrays import Floats, lower_triangle
from trustsem.estimation import Estimate
from trustsem.estimation.objective import Block
from trustsem.estimation.responses import ResponseBlock
from trustsem.inference.casewise import meat_matrix
from trustsem.inference.difference import (
    DifferenceTest,
    general_at_restricted,
    require_nested,
    require_same_samples,
)
from trustsem.inference.distributions import chi_square_above
from trustsem.inference.information import independent_directions
from trustsem.inference.scaled import ScaledTest, scaled_test

_NAN = float("nan")
_ADJUSTED = ("mean.var.adjusted", "scaled.shifted")


@dataclass(frozen=True, slots=True)
class TestedModel:
    """A solution with its corrected test.

    Parameters
    ----------
    estimate : Estimate
        The solution.
    df : int
        Its degrees of freedom.
    test : ScaledTest
        Its corrected test.
    information : str
        The information that test and standard errors rest on.
    """

    estimate: Estimate
    df: int
    test: ScaledTest
    information: str

    @property
    def chisq(self) -> float:
        """The uncorrected chi-square."""
        return self.estimate.chisq


def scaled_difference_test(
    restricted: TestedModel, general: TestedModel, method: str = "default", *, prove: bool = True
) -> DifferenceTest:
    r"""Compare two nested models with corrected chi-squares.

    Parameters
    ----------
    restricted, general : TestedModel
        The two models, from the same samples.
    method : str
        A key of :data:`DIFFERENCE_METHODS`, or "default": ``satorra.bentler.2001``, but
        ``satorra.2000`` for tests with adjusted df or a shift.
    prove : bool
        Whether nesting is verified numerically; not needed where it follows from how the
        restricted model was made.

    Returns
    -------
    DifferenceTest
        Its ``method`` names what was computed. Where the factor of the difference is not positive,
        the default falls back on ``satorra.bentler.2010`` and then ``satorra.2000``, which with
        expected information is positive by construction. Asked for by name, the 2001 statistic is
        then NaN, and the 2010 one negative with a p-value of 1.

    Raises
    ------
    NotNestedError
        If the models rest on different data, or the restricted one is no special case of the
        general one.

    Notes
    -----
    With T, d and c the statistic, df and scaling factor of the two models, the difference of T is
    divided by :math:`(d_0 c_0 - d_1 c_1)/(d_0 - d_1)` [satorra2001]_; the 2010 version takes
    :math:`c_1` at the estimates of the restricted model [satorra2010]_; Satorra's (2000) factor is
    the mean of the difference under the restrictions as seen from the general model
    [satorra2000]_.
    """
    if prove:
        require_same_samples(restricted.estimate.problem, general.estimate.problem)
        require_nested(restricted.estimate, general.estimate)
    if restricted.df == general.df:
        plain = max(restricted.chisq - general.chisq, 0.0)
        return DifferenceTest(plain, 0, _NAN, plain=plain)
    if method != "default":
        return DIFFERENCE_METHODS[method](restricted, general)
    if restricted.test.name in _ADJUSTED:
        return satorra_2000(restricted, general)
    for function in DIFFERENCE_METHODS.values():
        test = function(restricted, general)
        if test.factor > 0:
            return test
    return satorra_2000(restricted, replace(general, information="expected"))


def satorra_bentler_2001(restricted: TestedModel, general: TestedModel) -> DifferenceTest:
    """Scale the difference by the factors of the two models [satorra2001]_."""
    test = _scaled("satorra.bentler.2001", restricted, general, general.test.mean_factor)
    return test if test.factor > 0 else replace(test, chisq=_NAN, pvalue=_NAN)


def satorra_bentler_2010(restricted: TestedModel, general: TestedModel) -> DifferenceTest:
    """Take the general model's factor at the restricted estimates [satorra2010]_."""
    moved = general_at_restricted(restricted.estimate, general.estimate)
    name = general.test.name
    factor = scaled_test(moved, general.df, name, general.information).mean_factor
    return _scaled("satorra.bentler.2010", restricted, general, factor)


def _scaled(
    method: str, restricted: TestedModel, general: TestedModel, general_factor: float
) -> DifferenceTest:
    """Divide the difference of chi-squares by the pooled factor."""
    df = restricted.df - general.df
    factor = (restricted.df * restricted.test.mean_factor - general.df * general_factor) / df
    return _test(method, restricted.chisq - general.chisq, df, factor)


def _test(method: str, plain: float, df: int, factor: float, shift: float = 0.0) -> DifferenceTest:
    """Return the test of a difference that is divided and shifted."""
    chisq = plain / factor + shift
    return DifferenceTest(chisq, df, chi_square_above(chisq, df), method, factor, plain)


def satorra_2000(restricted: TestedModel, general: TestedModel) -> DifferenceTest:
    r"""Scale the difference by its mean, as seen from the general model [satorra2000]_.

    Notes
    -----
    With A the information per case, B a basis of the general model's free directions and R that of
    those which the restricted model leaves, the matrix of the quadratic form is
    :math:`B(B'AB)^{-1}B' - R(R'AR)^{-1}R'` in the space of the casewise contributions. R is the
    restricted model's tangent space, brought into the general model by least squares of the
    derivatives of their moments. Where the models' own tests correct the variance, too, the
    difference is scaled and shifted [asparouhov2010]_.
    """
    estimate = general.estimate
    problem = estimate.problem
    df = restricted.df - general.df
    A = _information(general)
    B = independent_directions(estimate)
    onto = moment_derivatives(estimate) @ B
    tangent = moment_derivatives(restricted.estimate) @ independent_directions(restricted.estimate)
    R = B @ np.linalg.lstsq(onto, tangent, rcond=None)[0]
    U = (_within(A, B) - _within(A, R)) @ meat_matrix(problem, estimate.params, centred=True)
    mean, square = float(np.trace(U)), float(np.einsum("ij,ji->", U, U))
    difference = restricted.chisq - general.chisq
    if restricted.test.name in _ADJUSTED:
        factor = float(np.sqrt(square / df))
        return _test("satorra.2000", difference, df, factor, df - mean / factor)
    return _test("satorra.2000", difference, df, mean / df)


def _information(model: TestedModel) -> Floats:
    """Return the information per case in all free parameters."""
    problem, params = model.estimate.problem, model.estimate.params
    if model.information == "first.order":
        return meat_matrix(problem, params, centred=False)
    at = problem.objective.at_params(params[None])
    return np.asarray(at.full_hessian(exact=model.information == "observed")[0] / 2)


def _within(A: Floats, basis: Floats) -> Floats:
    """Return basis (basis' A basis)^-1 basis'."""
    return np.asarray(basis @ np.linalg.solve(basis.T @ A @ basis, basis.T))


def moment_derivatives(estimate: Estimate) -> Floats:
    """Return the derivatives of all groups' moments, shape (moments, q)."""
    parts = []
    problem = estimate.problem
    for block, implied in zip(
        problem.objective.blocks, problem.implied(estimate.params), strict=True
    ):
        structure = block.structure
        at, projection = structure.directions, implied.projection
        if isinstance(block, ResponseBlock):
            rows = block.jacobian(implied)
        else:
            rows = lower_triangle(np.moveaxis(projection.moves(at), -1, 0)).T
        if structure.has_means and isinstance(block, Block):
            rows = np.vstack([rows, projection.X[:, at.u] * projection.mean_scale(at)])
        part = np.zeros((len(rows), len(estimate.params)))
        part[:, structure.free] = rows
        parts.append(part)
    return np.vstack(parts)


DIFFERENCE_METHODS: dict[str, Callable[[TestedModel, TestedModel], DifferenceTest]] = {
    "satorra.bentler.2001": satorra_bentler_2001,
    "satorra.bentler.2010": satorra_bentler_2010,
    "satorra.2000": satorra_2000,
}
"""Scaled difference tests by name, in the order in which the default falls back."""
