"""The text of a result: what was estimated, whether to trust it, fit, parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.findings import at_least

if TYPE_CHECKING:
    from trustsem.results.model import ModelResult

_SECTIONS = (
    ("=~", "Loadings"),
    ("~", "Paths"),
    ("~~", "Covariances and variances"),
    ("~1", "Intercepts and means"),
    (":=", "Defined parameters"),
)
_BANNER = "!" * 78


def summary_text(result: ModelResult) -> str:
    """Write a result as text.

    Parameters
    ----------
    result : ModelResult
        The result.
    """
    parts = [_head(result), _trust(result), _fit(result), _parameters(result), _more()]
    return "\n\n".join(part for part in parts if part)


def _head(result: ModelResult) -> str:
    options = result.options
    groups = f", {result.table.n_groups} groups" if result.table.n_groups > 1 else ""
    return (
        f"{result.kind}() by {options.estimator} ({options.likelihood} likelihood), "
        f"engine {result.estimate.engine}\n"
        f"N = {result.n_obs}{groups}, {result.n_free} free parameters, "
        f"{result.iterations} iterations"
    )


def _trust(result: ModelResult) -> str:
    """Return findings; a banner where the numbers must not be used."""
    serious = at_least(result.findings, "serious")
    lines = [str(finding) for finding in result.findings]
    if serious:
        state = "NOT CONVERGED" if not result.converged else "INADMISSIBLE SOLUTION"
        lines = [_BANNER, f"{state}: do not interpret the numbers below.", *lines, _BANNER]
    return "\n".join(lines)


def _fit(result: ModelResult) -> str:
    fit = result.fit_measures
    test = f"chi-square({result.df}) = {fit['chisq']:.3f}"
    test += f", p = {fit['pvalue']:.3f}" if np.isfinite(fit["pvalue"]) else ""
    return (
        f"{test}\n"
        f"CFI = {fit['cfi']:.3f}, TLI = {fit['tli']:.3f}, RMSEA = {fit['rmsea']:.3f} "
        f"[{fit['rmsea_ci_lower']:.3f}, {fit['rmsea_ci_upper']:.3f}], SRMR = {fit['srmr']:.3f}\n"
        f"AIC = {fit['aic']:.1f}, BIC = {fit['bic']:.1f}"
    )


def _parameters(result: ModelResult) -> str:
    """Return the parameters by kind; groups one after the other."""
    frame = result.parameters
    blocks = []
    for group in sorted(set(frame["group"])):
        own = frame[frame["group"] == group]
        several = result.table.n_groups > 1 and group > 0
        title = f"Group {result.table.group_labels[group - 1]}\n" if several else ""
        sections = [
            _section(name, own[own["op"] == op]) for op, name in _SECTIONS if (own["op"] == op).any()
        ]
        blocks.append(title + "\n\n".join(sections))
    return "\n\n".join(blocks[1:] + blocks[:1] if 0 in set(frame["group"]) else blocks)


def _section(title: str, rows: pd.DataFrame) -> str:
    width = max(len(_name(row)) for row in rows.itertuples())
    header = f"{'':{width}}  {'b':>9} {'SE':>8} {'z':>8} {'p':>7} {'std':>7}"
    lines = [
        f"{_name(row):{width}}  {row.est:9.3f} {_number(row.se, 8)} {_number(row.z, 8, 2)} "
        f"{_number(row.pvalue, 7)} {_number(row.std_all, 7)}"
        for row in rows.itertuples()
    ]
    return "\n".join([f"{title}", header, *lines])


def _name(row: object) -> str:
    lhs, op, rhs = row.lhs, row.op, row.rhs  # type: ignore[attr-defined]
    return f"{lhs} {op} {rhs}".strip()


def _number(value: float, width: int, decimals: int = 3) -> str:
    """Return a number, or blanks where there is none."""
    if not np.isfinite(value) or (decimals == 3 and value == 0 and width == 8):  # noqa: PLR2004
        return " " * width
    return f"{value:{width}.{decimals}f}"


def _more() -> str:
    return (
        "More: .parameters  .fit_measures  .modification_indices()  .residuals(kind)  .r2  "
        ".effects  .draw()"
    )
