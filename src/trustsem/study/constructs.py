"""Standard errors of a measurement model's indices, from whatever the estimation rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.arrays import Floats, Numbers, complex_step_jacobian
from trustsem.validity.constructs import (
    MODEL_INDICES,
    MOMENT_INDICES,
    MeasuredConstructs,
    model_indices,
    moment_indices,
)
from trustsem.validity.intervals import delta_errors, moment_covariance, moment_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustsem.results import ModelResult
    from trustsem.study.plan import Study


def measured_at(
    model: ModelResult,
    items_of: Mapping[str, Sequence[str]],
    params: Numbers,
    cov: Floats | None = None,
) -> MeasuredConstructs:
    """Return the measurement model at a stack of parameters.

    Parameters
    ----------
    model : ModelResult
        A measurement model of one group.
    items_of : mapping of str to sequence of str
        Construct to its indicators.
    params : ndarray, shape (..., q)
        Free parameters; real or complex.
    cov : ndarray, shape (..., p, p), optional
        Covariances that the parameters were estimated from, variables in the order of the model;
        those of the model's own sample where they are missing.

    Returns
    -------
    MeasuredConstructs
        Items in the order of ``items_of``, the observed covariances as analysed.
    """
    (block,) = model.estimate.problem.objective.blocks
    structure, S = block.structure, block.S if cov is None else cov
    implied = structure.evaluate(params, S, block.mean)
    items = _items(items_of)
    rows = [structure.observed.index(item) for item in items]
    cols = [structure.eta.index(construct) for construct in items_of]
    return MeasuredConstructs(
        Lambda=_part(implied.matrices["Lambda"], rows, cols),
        Theta=_part(implied.matrices["Theta"], rows, rows),
        Phi=_part(implied.cov_eta, cols, cols),
        S=_part(S, rows, rows),
        members=_members(items_of),
    )


def reliability_errors(
    model: ModelResult,
    items_of: Mapping[str, Sequence[str]],
    *,
    residual_covariances: bool = True,
) -> pd.DataFrame:
    """Compute delta-method standard errors of reliability, AVE and shared variance.

    Parameters
    ----------
    model : ModelResult
        A measurement model of one group.
    items_of : mapping of str to sequence of str
        Construct to its indicators.
    residual_covariances : bool
        As in :func:`trustsem.validity.reliability_table`.

    Returns
    -------
    DataFrame
        Indexed by construct, columns alpha, alpha_std, omega, cr, ave, h, msv, asv, ave_msv;
        unitless. Indices of the model rest on the sampling covariance of its parameters, robust
        where the model's errors are; alpha on that of the items' covariances, without an
        assumption on their distribution where there are raw data.

    References
    ----------
    Raykov (2002) [raykov2002]_; alpha: Maydeu-Olivares et al. (2007) [maydeu2007]_, from a matrix
    van Zyl et al. (2000) [vanzyl2000]_.
    """
    names, vcov = list(items_of), model.vcov.to_numpy(dtype=float)
    size = len(names), len(MODEL_INDICES)

    def of_parameters(params: Numbers) -> Numbers:
        measured = measured_at(model, items_of, params)
        values = model_indices(measured, residual_covariances=residual_covariances)
        return values.reshape(len(params), -1)

    J = complex_step_jacobian(of_parameters, model.estimate.params)
    known = model.options.se != "none"
    errors = delta_errors(J, vcov).reshape(size) if known else np.full(size, np.nan)
    columns = {
        **dict(zip(MOMENT_INDICES, _alpha_errors(model, items_of).T, strict=True)),
        **dict(zip(MODEL_INDICES, errors.T, strict=True)),
    }
    return pd.DataFrame(columns, index=pd.Index(names, name="construct"))


def scale_moments(
    study: Study, model: ModelResult, items_of: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Return mean and standard deviation of the mean of each construct's items.

    Parameters
    ----------
    study : Study
        The plan, which says where the moments come from.
    model : ModelResult
        The measurement model of one group.
    items_of : mapping of str to sequence of str
        Construct to its items.

    Returns
    -------
    DataFrame
        Indexed by construct, columns ``mean`` and ``sd`` (divisor N - 1); scale points. NaN where
        the moments are not those of the answers: ordered items, a printed matrix of correlations
        without standard deviations, no means.
    """
    (sample,) = model.estimate.problem.samples
    printed = study.moments
    unit_variances = printed is not None and printed.kind == "correlation" and printed.sd is None
    spread = np.nan if model.table.ordered or unit_variances else 1.0
    if sample.divisor == "n":
        spread *= float(np.sqrt(sample.n_obs / (sample.n_obs - 1)))
    rows = {}
    for construct, items in items_of.items():
        chosen = sample.select(items)
        mean = np.nan if chosen.mean is None else float(np.mean(chosen.mean))
        rows[construct] = {
            "mean": np.nan if model.table.ordered else mean,
            "sd": spread * float(np.sqrt(chosen.cov.sum())) / len(items),
        }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "sd"])


def complete_answers(model: ModelResult, items: Sequence[str]) -> pd.DataFrame | None:
    """Return the answers that a model of one group analysed; None without complete raw data."""
    (sample,) = model.estimate.problem.samples
    data = None if sample.data is None else sample.select(items).data
    if data is None or np.isnan(data).any():
        return None
    return pd.DataFrame(data, columns=list(items))


def _alpha_errors(model: ModelResult, items_of: Mapping[str, Sequence[str]]) -> Numbers:
    """Return standard errors of both alphas, shape (m, 2)."""
    items, members = _items(items_of), _members(items_of)
    (sample,) = model.estimate.problem.samples
    S = sample.select(items).cov
    cases = complete_answers(model, items)

    def of_covariances(stack: Numbers) -> Numbers:
        return moment_indices(stack, members).reshape(len(stack), -1)

    C = moment_weights(of_covariances, S)
    answers = None if cases is None else cases.to_numpy(dtype=float)
    variances = moment_covariance(C, S, sample.n_obs, answers)
    return delta_errors(np.eye(len(C)), variances).reshape(len(members), -1)


def _items(items_of: Mapping[str, Sequence[str]]) -> list[str]:
    """Return all items once, in order."""
    return list(dict.fromkeys(item for own in items_of.values() for item in own))


def _members(items_of: Mapping[str, Sequence[str]]) -> tuple[tuple[int, ...], ...]:
    """Return the positions of each construct's items."""
    items = _items(items_of)
    return tuple(tuple(items.index(item) for item in own) for own in items_of.values())


def _part(matrix: Numbers, rows: Sequence[int], cols: Sequence[int]) -> Numbers:
    """Return some rows and columns of each matrix of a stack."""
    return np.asarray(matrix[..., list(rows), :][..., :, list(cols)])
