"""A result for readers: what was estimated, whether to trust it, fit, parameters."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from trustsem.display import fit_line, fixed, p_statement
from trustsem.findings import at_least
from trustsem.results.rows import sections
from trustsem.tables import Page, Table

if TYPE_CHECKING:
    from trustsem.results.model import ModelResult

_COLUMNS = ("parameter", "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all")
_BANNER = "!" * 78
_MORE = (
    "More: .parameters  .fit_measures  .modification_indices()  .residuals(kind)  .r2  "
    ".effects  .draw()"
)


def summary_page(result: ModelResult) -> Page:
    """Return what a result shows of itself; tables of very large models are cut.

    Parameters
    ----------
    result : ModelResult
        The result.
    """
    lines = (tuple(_head(result)), tuple(_trust(result)), tuple(_fit(result)))
    return Page((*lines, *parameter_tables(result), (_MORE,)))


def summary_text(result: ModelResult) -> str:
    """Write a result as text, all of its parameters.

    Parameters
    ----------
    result : ModelResult
        The result.
    """
    return replace(summary_page(result), rows=sys.maxsize).to_text()


def parameter_tables(result: ModelResult) -> list[Table]:
    """Return the parameters by kind, groups one after the other."""
    return sections(result.table, result.parameters, _COLUMNS)


def _head(result: ModelResult) -> Iterator[str]:
    groups = f", {result.table.n_groups} groups" if result.table.n_groups > 1 else ""
    yield f"{result.kind}() by {result.method}, engine {result.estimate.engine}"
    yield (
        f"N = {result.n_obs}{groups}, {result.n_free} free parameters, "
        f"{result.iterations} iterations"
    )


def _trust(result: ModelResult) -> Iterator[str]:
    """Yield findings, between banners where the numbers must not be used."""
    findings = [str(finding) for finding in result.findings]
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
    if "pvalue_bollen_stine" in fit:
        p = p_statement(fit["pvalue_bollen_stine"])
        yield f"Bollen-Stine bootstrap of the model's fit: {p}"
    if "aic" not in result.fit_notes:
        yield f"AIC = {fixed(fit['aic'], 1)}, BIC = {fixed(fit['bic'], 1)}"
