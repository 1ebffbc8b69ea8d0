"""A result for readers: what was estimated, whether to trust it, fit, parameters."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from trustsem.display import fit_line, fixed, printable
from trustsem.findings import at_least
from trustsem.tables import Table

if TYPE_CHECKING:
    from trustsem.results.model import ModelResult

_SECTIONS = (
    ("=~", "Loadings"),
    ("~", "Paths"),
    ("~~", "Covariances and Variances"),
    ("~1", "Intercepts and Means"),
    ("|", "Thresholds"),
    ("~*~", "Scaling Factors"),
    (":=", "Defined Parameters"),
)
_COLUMNS = ("parameter", "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all")
_BANNER = "!" * 78
_MORE = (
    "More: .parameters  .fit_measures  .modification_indices()  .residuals(kind)  .r2  "
    ".effects  .draw()"
)


def summary_text(result: ModelResult) -> str:
    """Write a result as text.

    Parameters
    ----------
    result : ModelResult
        The result.
    """
    tables = [table.to_text() for table in parameter_tables(result)]
    parts = ["\n".join(_head(result)), "\n".join(_trust(result)), "\n".join(_fit(result))]
    return "\n\n".join(part for part in [*parts, *tables, _MORE] if part)


def summary_html(result: ModelResult) -> str:
    """Write a result as HTML for a notebook.

    Parameters
    ----------
    result : ModelResult
        The result.
    """
    lines = [*_head(result), *_trust(result), *_fit(result)]
    head = "<br>".join(html.escape(line) for line in lines)
    return f"<p>{head}</p>" + "".join(table.to_html() for table in parameter_tables(result))


def parameter_tables(result: ModelResult) -> list[Table]:
    """Return the parameters by kind, groups one after the other."""
    frame = result.parameters
    labels = dict(enumerate(result.table.group_labels, start=1))
    groups = [*range(1, result.table.n_groups + 1), 0]
    return [table for group in groups for table in _sections(frame, group, labels.get(group, ""))]


def _head(result: ModelResult) -> Iterator[str]:
    groups = f", {result.table.n_groups} groups" if result.table.n_groups > 1 else ""
    yield f"{result.kind}() by {result.method}, engine {result.estimate.engine}"
    yield (
        f"N = {result.n_obs}{groups}, {result.n_free} free parameters, "
        f"{result.iterations} iterations"
    )


def _trust(result: ModelResult) -> Iterator[str]:
    """Yield findings, between banners where the numbers must not be used."""
    findings = [printable(str(finding)) for finding in result.findings]
    if not at_least(result.findings, "serious"):
        yield from findings
        return
    state = "NOT CONVERGED" if not result.converged else "INADMISSIBLE SOLUTION"
    yield _BANNER
    yield f"{state}: do not interpret the numbers below."
    yield from findings
    yield _BANNER


def _fit(result: ModelResult) -> Iterator[str]:
    fit = result.fit_measures
    yield fit_line(fit, result.n_obs)
    if "aic" not in result.fit_notes:
        yield f"AIC = {fixed(fit['aic'], 1)}, BIC = {fixed(fit['bic'], 1)}"


def _sections(frame: pd.DataFrame, group: int, label: str) -> Iterator[Table]:
    """Yield one group's tables."""
    for op, title in _SECTIONS:
        rows = frame[(frame["op"] == op) & (frame["group"] == group)]
        given = op == "~*~" and (rows["est"] == 1).all()
        if len(rows) and not given:
            names = rows["lhs"] + " " + rows["op"] + " " + rows["rhs"]
            shown = rows.assign(parameter=names.str.strip())[list(_COLUMNS)]
            # A fixed parameter has no error, which is something else than an error of zero.
            shown.loc[rows["se"] == 0, ["se", "ci_lower", "ci_upper"]] = float("nan")
            place = f", Group {label}" if label else ""
            name = f"parameters-{group}-{title.split()[0].lower()}"
            yield Table(name, f"{title}{place}", shown.reset_index(drop=True))
