"""Factor scores: each respondent's estimated position on the constructs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trustsem.arrays import Floats, invert_positive
from trustsem.errors import ImproperSolutionError
from trustsem.estimation import Estimate
from trustsem.implied import Implied
from trustsem.patterns import Patterns


def factor_scores(estimate: Estimate, method: str) -> pd.DataFrame:
    r"""Compute factor scores of all respondents.

    Parameters
    ----------
    estimate : Estimate
        A solution from raw data.
    method : {"regression", "bartlett"}
        Which scores.

    Returns
    -------
    DataFrame, shape (n_obs, n_constructs)
        Scores in the units of the constructs.

    Raises
    ------
    ImproperSolutionError
        If Bartlett scores are asked for and a residual variance is not positive.

    Notes
    -----
    Regression scores [thurstone1935]_ are :math:`E(\eta) + C\Lambda'\Sigma^{-1}(y - \mu)`,
    Bartlett's [bartlett1937]_
    :math:`(\Lambda'\Theta^{-1}\Lambda)^{-1}\Lambda'\Theta^{-1}(y - \nu)`.
    Without a mean structure items are centred at their means. Of incomplete cases the items count
    that were answered.
    """
    problem = estimate.problem
    frames = []
    for sample, structure, implied in zip(
        problem.samples, problem.structures, problem.implied(estimate.params), strict=True
    ):
        if sample.data is None or sample.mean is None:
            continue
        mu = implied.mu if structure.has_means else sample.mean
        weigh = _regression if method == "regression" else _bartlett
        deviations = sample.data - mu
        scores = np.empty((len(deviations), len(implied.mean_eta)))
        for cases, known in _by_pattern(deviations, sample.patterns):
            chosen = deviations[np.ix_(cases, known)]
            scores[cases] = chosen @ weigh(implied, known).T + implied.mean_eta
        names = list(problem.table.constructs)
        frames.append(pd.DataFrame(scores[:, : len(names)], columns=names))
    return pd.concat(frames, ignore_index=True)


def _by_pattern(
    data: Floats, patterns: Patterns | None
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield the cases that observe the same variables, and which these are."""
    if patterns is None:
        yield np.arange(len(data)), np.arange(data.shape[1])
        return
    for pattern, known in enumerate(patterns.observed):
        yield np.flatnonzero(patterns.of_case == pattern), np.flatnonzero(known)


def _regression(implied: Implied, known: NDArray[np.intp]) -> Floats:
    """Return the weights of regression scores, shape (m, number of known items)."""
    inverse = invert_positive(implied.Sigma[np.ix_(known, known)])
    return np.asarray(implied.LC[known].T @ inverse.matrix)


def _bartlett(implied: Implied, known: NDArray[np.intp]) -> Floats:
    """Return the weights of Bartlett scores, shape (m, number of known items)."""
    inverse = invert_positive(implied.matrices["Theta"][np.ix_(known, known)])
    if not inverse.positive:
        raise ImproperSolutionError(
            "Bartlett scores need residuals of positive variance for every item.",
            remedy="Use method='regression'.",
        )
    Lambda = implied.matrices["Lambda"][known]
    weighted = Lambda.T @ inverse.matrix
    return np.asarray(np.linalg.pinv(weighted @ Lambda) @ weighted)
