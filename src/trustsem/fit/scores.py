"""Factor scores: each respondent's estimated position on the constructs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trustsem.arrays import Floats, invert_positive
from trustsem.errors import ImproperSolutionError
from trustsem.estimation import Estimate
from trustsem.implied import Implied


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
    Without a mean structure items are centred at their means.
    """
    problem = estimate.problem
    frames = []
    for sample, structure, implied in zip(
        problem.samples, problem.structures, problem.implied(estimate.params), strict=True
    ):
        if sample.data is None or sample.mean is None:
            continue
        mu = implied.mu if structure.has_means else sample.mean
        deviations = sample.data - mu
        weights = _regression(implied) if method == "regression" else _bartlett(implied)
        scores = deviations @ weights.T + implied.mean_eta
        names = list(problem.table.constructs)
        frames.append(pd.DataFrame(scores[:, : len(names)], columns=names))
    return pd.concat(frames, ignore_index=True)


def _regression(implied: Implied) -> Floats:
    """Return the weights of regression scores, shape (m, p)."""
    return np.asarray(implied.LC.T @ invert_positive(implied.Sigma).matrix)


def _bartlett(implied: Implied) -> Floats:
    """Return the weights of Bartlett scores, shape (m, p)."""
    inverse = invert_positive(implied.matrices["Theta"])
    if not inverse.positive:
        raise ImproperSolutionError(
            "Bartlett scores need residuals of positive variance for every item.",
            remedy="Use method='regression'.",
        )
    Lambda = implied.matrices["Lambda"]
    weighted = Lambda.T @ inverse.matrix
    return np.asarray(np.linalg.pinv(weighted @ Lambda) @ weighted)
