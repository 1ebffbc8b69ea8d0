"""Differences between groups: means of constructs, and paths."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special

from trustsem.arrays import Floats, Numbers, complex_step_jacobian, diagonal, forms
from trustsem.estimation import Problem
from trustsem.inference.distributions import chi_square_above
from trustsem.inference.standardized import divided, root
from trustsem.specification import Parameter

MEAN_COLUMNS = (
    "construct", "group", "reference", "difference", "se", "z", "pvalue", "ci_lower", "ci_upper",
    "d", "d_se", "d_ci_lower", "d_ci_upper",
)  # fmt: skip
"""Columns of the differences of means."""

PATH_COLUMNS = ("predictor", "outcome", "wald", "df", "pvalue")
"""Columns of the Wald tests of paths."""

_SINGULAR = 1e-12


def mean_differences(
    problem: Problem, params: Floats, vcov: Floats, level: float = 0.95
) -> pd.DataFrame:
    r"""Compare the means of constructs between all pairs of groups.

    Parameters
    ----------
    problem : Problem
        A model of several groups with equal intercepts, so that means can be compared.
    params : ndarray, shape (q,)
        Estimates.
    vcov : ndarray, shape (q, q)
        Their sampling covariance.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    DataFrame
        Columns :data:`MEAN_COLUMNS`; ``difference`` is group less reference in the units of the
        construct, ``d`` the same in pooled standard deviations of the construct.

    Notes
    -----
    :math:`d = (\kappa_2 - \kappa_1) / \sqrt{(n_1\phi_1 + n_2\phi_2) / (n_1 + n_2)}` with the means
    and variances of the constructs [hancock2001means]_; errors by the delta method.
    """
    names = problem.table.constructs
    groups = problem.table.group_labels
    sizes = [sample.n_obs for sample in problem.samples]
    pairs = list(combinations(range(len(groups)), 2))

    def values(stack: Numbers) -> Numbers:
        moments = [_construct_moments(problem, group, stack) for group in range(len(groups))]
        parts = []
        for first, second in pairs:
            (mean1, var1), (mean2, var2) = moments[first], moments[second]
            n1, n2 = sizes[first], sizes[second]
            difference = mean2 - mean1
            pooled = root((n1 * var1 + n2 * var2) / (n1 + n2))
            parts += [difference, divided(difference, pooled)]
        return np.concatenate(parts, axis=-1)

    est = values(params[None])[0].reshape(len(pairs), 2, len(names))
    J = complex_step_jacobian(values, params)
    se = root(forms(J, vcov)).reshape(est.shape)
    se = np.where(se > 0, se, np.nan)
    width = special.ndtri(0.5 + level / 2)
    frames = []
    for position, (first, second) in enumerate(pairs):
        (difference, d), (error, d_error) = est[position], se[position]
        z = divided(difference, error)
        frames.append(
            pd.DataFrame(
                {
                    "construct": names,
                    "group": groups[second],
                    "reference": groups[first],
                    "difference": difference,
                    "se": error,
                    "z": z,
                    "pvalue": 2 * special.ndtr(-np.abs(z)),
                    "ci_lower": difference - width * error,
                    "ci_upper": difference + width * error,
                    "d": d,
                    "d_se": d_error,
                    "d_ci_lower": d - width * d_error,
                    "d_ci_upper": d + width * d_error,
                },
                columns=list(MEAN_COLUMNS),
            )
        )
    return pd.concat(frames, ignore_index=True)


def path_wald_tests(problem: Problem, params: Floats, vcov: Floats) -> pd.DataFrame:
    """Test for each path whether it is the same in all groups.

    Parameters
    ----------
    problem : Problem
        A model of several groups.
    params : ndarray, shape (q,)
        Estimates.
    vcov : ndarray, shape (q, q)
        Their sampling covariance.

    Returns
    -------
    DataFrame
        Columns :data:`PATH_COLUMNS`; ``wald`` is a chi-square with ``df`` (groups less one)
        degrees of freedom [wald1943]_, NaN where a path is held equal.
    """
    rows: dict[tuple[str, str], list[Parameter]] = {}
    for row in problem.table.parameters:
        if row.op == "~":
            rows.setdefault((row.rhs, row.lhs), []).append(row)
    records = [(*ends, *_equal(path, params, vcov)) for ends, path in rows.items()]
    return pd.DataFrame(records, columns=list(PATH_COLUMNS))


def _equal(path: list[Parameter], params: Floats, vcov: Floats) -> tuple[float, int, float]:
    """Return Wald's test that a path's values are equal: chi-square, df, p-value."""
    pick = np.zeros((len(path), len(params)))
    value = np.zeros(len(path))
    for place, row in enumerate(path):
        if row.free:
            pick[place, row.free - 1] = 1.0
            value[place] = params[row.free - 1]
        else:
            value[place] = row.fixed or 0.0
    contrast = pick[1:] - pick[0]
    gap, df = value[1:] - value[0], len(path) - 1
    variance = contrast @ vcov @ contrast.T
    size = float(np.abs(vcov).max(initial=0.0))
    if not np.isfinite(variance).all() or np.linalg.eigvalsh(variance)[0] <= _SINGULAR * size:
        return float("nan"), df, float("nan")
    wald = float(gap @ np.linalg.solve(variance, gap))
    return wald, df, chi_square_above(wald, df)


def _construct_moments(problem: Problem, group: int, params: Numbers) -> tuple[Numbers, Numbers]:
    """Return means and variances of the constructs of one group, shapes (..., m)."""
    block = problem.objective.blocks[group]
    implied = block.structure.evaluate(params, block.S, block.mean)
    size = len(problem.table.constructs)
    return implied.mean_eta[..., :size], diagonal(implied.cov_eta)[..., :size]
