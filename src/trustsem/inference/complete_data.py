"""What the test statistic of incomplete data would be if the data were complete."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trustsem.discrepancy import MaximumLikelihood
from trustsem.estimation import Estimate
from trustsem.implied import Tangents
from trustsem.inference.information import independent_directions
from trustsem.inference.scaled import ScaledTest
from trustsem.moments import SaturatedModel


def complete_data_test(
    estimate: Estimate,
    df: int,
    saturated: Sequence[SaturatedModel],
    information: str,
    *,
    robust: bool,
) -> ScaledTest:
    r"""Refer the misfit of incomplete data to the discrepancy of complete data.

    Missing answers lower the chi-square of a wrong model, and with it every index that is built
    on it. The complete-data discrepancy between the saturated estimates and the implied moments
    does not depend on how much is missing; only its mean under the model does.

    Parameters
    ----------
    estimate : Estimate
        A solution from incomplete cases.
    df : int
        Degrees of freedom.
    saturated : sequence of SaturatedModel
        What the cases of each group tell about its moments.
    information : {"expected", "observed", "first.order"}
        The information that the standard errors rest on.
    robust : bool
        Whether the result holds without normality.

    Returns
    -------
    ScaledTest
        ``factor`` times ``chisq`` is the complete-data statistic, ``factor`` its mean over df.

    Notes
    -----
    With A the exact information about the saturated moments, W that of complete data, both at the
    saturated estimates, and B the covariance of the slopes of the cases (robust: their outer
    products; else A itself), the estimates vary with :math:`A^{-1}s` and what the model implies
    with :math:`DVD's`: D are the derivatives of the implied moments, :math:`V^{-1} = D'A_\ast D`
    with the information asked for. The mean of the statistic is that of the difference, squared
    with weights W [zhang2023]_.
    """
    problem = estimate.problem
    directions = independent_directions(estimate)
    size = directions.shape[1]
    curvature, onto, noise, weights = (np.zeros((size, size)) for _ in range(4))
    statistic = mean = 0.0
    for block, group, implied in zip(
        problem.objective.blocks, saturated, problem.implied(estimate.params), strict=True
    ):
        sample = group.sample
        complete = MaximumLikelihood.of(sample.cov, sample.mean)
        statistic += sample.n_obs * float(complete.at(implied.Sigma, implied.mu).value)
        tangents = Tangents(implied.projection, block.structure.directions)
        D = tangents.moments(means=True)[group.free] @ directions[block.structure.free]
        W, inverse = group.complete_information, group.inverse
        chosen = block.share * D.T @ group.information(information) @ D
        curvature += chosen
        weights += block.share * D.T @ W @ D
        if robust:
            B = group.outer_products
            BA = B @ inverse
            mean += float(np.einsum("ij,ji->", W, inverse @ BA))
            onto += block.share * D.T @ BA @ W @ D
            noise += block.share * D.T @ B @ D
        else:
            mean += float(np.einsum("ij,ji->", W, inverse))
            onto += block.share * D.T @ W @ D
            noise += chosen
    if df == 0:
        return ScaledTest("complete.data", statistic, 0.0, np.nan, 1.0)
    V = np.linalg.pinv(curvature, hermitian=True)
    mean += float(np.trace(V @ noise @ V @ weights) - 2 * np.trace(V @ onto))
    return ScaledTest("complete.data", statistic * df / mean, df, mean / df, mean / df)
