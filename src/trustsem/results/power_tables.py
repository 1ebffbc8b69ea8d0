"""The tables of a power analysis, for terminal, notebook and report alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem import display
from trustsem.fit import FIT_TESTS, rmsea_power, rmsea_sample_size
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from trustsem.results.power import Power

TESTS = {"close": "Close fit", "not_close": "Not-close fit", "exact": "Exact fit"}
"""What each test of fit is called in print."""
_ARROW = " -> "
_SHARE = display.Format("bounded", 3)
_PERCENT = display.Format("percent", 1)
_SIZE = display.Column("N", display.COUNT, "<i>N</i>")
_TOGETHER = {"all": "All hypotheses", "everything": "Everything at once"}


def power_tables(found: Power, labels: Mapping[str, str]) -> Iterator[Table]:
    """Yield the tables of a power analysis.

    Parameters
    ----------
    found : Power
        The analysis.
    labels : mapping of str to str
        Construct to the name that readers see.
    """
    if len(found.hypotheses):
        yield _by_size(found, labels)
        yield _quality(found, labels)
    if len(found.required_n):
        yield _required(found, labels)
    if len(found.detectable):
        yield _detectable(found, labels)
    yield _procedure(found)
    yield _convergence(found)
    yield _rmsea(found)


def with_labels(path: str, labels: Mapping[str, str]) -> str:
    """Return a path written with labels and arrows."""
    for sign, shown in ((_ARROW, " → "), (" ~~ ", " ↔ ")):
        if sign in path:
            return shown.join(labels.get(name, name) for name in path.split(sign))
    return labels.get(path, path)


def _by_size(found: Power, labels: Mapping[str, str]) -> Table:
    """Return the power of each hypothesis, a column per size."""
    wide = _first_columns(found.hypotheses, labels)
    columns: dict[str, display.Column] = {"std": display.Column("β", display.BOUNDED)}
    for n in found.n:
        part = found.hypotheses[found.hypotheses["n"] == n]
        wide[f"power_{n}"] = part["power"].to_numpy()
        columns[f"power_{n}"] = display.Column(f"N = {n:,}", _SHARE)
    worst = found.hypotheses["power_error"].max()
    return Table(
        "power-hypotheses",
        "Power of the Hypotheses by Number of Cases",
        wide,
        columns=columns,
        notes=Notes(
            "Share of the samples with an admissible solution in which the hypothesis is "
            f"supported at the level {found.alpha:g}; {found.samples} samples of each size, seed "
            f"{found.seed}; Monte-Carlo errors up to {display.bounded(worst, 3)}. β = standardised "
            "value in the population."
        ),
    )


def _quality(found: Power, labels: Mapping[str, str]) -> Table:
    """Return bias, coverage and errors at the size that the reader looks at."""
    n = _shown_size(found)
    part = found.hypotheses[found.hypotheses["n"] == n].reset_index(drop=True)
    frame = part.assign(path=[with_labels(path, labels) for path in part["path"]])
    frame = frame.assign(relative_bias=100 * frame["relative_bias"])
    shown = (
        "hypothesis", "path", "population", "mean", "bias", "relative_bias", "coverage", "mean_se",
        "sd", "n_used",
    )  # fmt: skip
    return Table(
        "power-estimates",
        f"Estimates of the Hypothesised Effects in Samples of {n:,} Cases",
        frame,
        show=shown,
        columns={
            "population": display.Column("Population", display.ESTIMATE),
            "mean": display.Column("M", display.ESTIMATE, "<i>M</i>"),
            "bias": display.Column("Bias", display.ESTIMATE),
            "relative_bias": display.Column("Bias (%)", _PERCENT),
            "coverage": display.Column("Coverage", _SHARE),
            "mean_se": display.Column("M(SE)", display.ESTIMATE, "<i>M</i>(<i>SE</i>)"),
            "sd": display.Column("SD", display.ESTIMATE, "<i>SD</i>"),
            "n_used": display.Column("Samples", display.COUNT),
        },
        notes=Notes(
            "Unstandardised. Coverage = share of the 95% intervals that hold the population "
            "value; M(SE) = mean of the standard errors, to be compared with SD, the standard "
            "deviation of the estimates. Monte-Carlo errors stand in the data."
        ),
    )


def _required(found: Power, labels: Mapping[str, str]) -> Table:
    table = found.required_n
    names = [_TOGETHER.get(name, name) for name in table["target"]]
    paths = [with_labels(path, labels) for path in table["path"]]
    frame = table.assign(hypothesis=names, path=paths)
    return Table(
        "power-required",
        f"Number of Cases for a Power of {display.bounded(found.goal)}",
        frame,
        show=("hypothesis", "path", "n_approximate", "n_required", "n_error", "reason"),
        columns={
            "hypothesis": display.Column("H", display.TEXT),
            "n_approximate": display.Column("N (theory)", display.COUNT, "<i>N</i> (theory)"),
            "n_required": display.Column("N (simulation)", display.COUNT, "<i>N</i> (simulation)"),
            "n_error": display.Column("MC error", display.Format("number", 1)),
            "reason": display.Column("Remark", display.Format("text", missing="")),
        },
        notes=Notes(
            "Theory: large-sample distribution of the estimates. Simulation: probit line in the "
            "root of N through all simulated sizes; shares of all samples, those without an "
            "admissible solution among them, which theory does not know. MC error = Monte-Carlo "
            "error."
        ),
    )


def _detectable(found: Power, labels: Mapping[str, str]) -> Table:
    table = found.detectable
    frame = table.assign(path=[with_labels(path, labels) for path in table["path"]])
    power = display.bounded(found.goal)
    return Table(
        "power-detectable",
        f"Smallest Effects That {found.present_n:,} Cases Detect With a Power of {power}",
        frame,
        show=("hypothesis", "path", "std", "power", "power_error", "reason"),
        columns={
            "std": display.Column("β", display.BOUNDED),
            "power": display.Column("Power (simulation)", _SHARE),
            "power_error": display.Column("MC error", _SHARE),
            "reason": display.Column("Remark", display.Format("text", missing="")),
        },
        notes=Notes(
            "Smallest standardised path by large-sample theory, everything else of the population "
            "unchanged; its power confirmed by simulation. MC error = Monte-Carlo error."
        ),
    )


def _procedure(found: Power) -> Table:
    """Return the shares of the whole procedure, a column per size."""
    wide = found.procedure[["event", "description", "population"]].drop_duplicates(
        "event", ignore_index=True
    )
    columns = {
        "description": display.Column("Event", display.TEXT),
        "population": display.Column("In the population", display.FLAG),
    }
    for n in found.n:
        part = found.procedure[found.procedure["n"] == n]
        wide[f"share_{n}"] = part["share"].to_numpy()
        columns[f"share_{n}"] = display.Column(f"N = {n:,}", _SHARE)
    return Table(
        "power-procedure",
        "Power of the Whole Procedure by Number of Cases",
        wide,
        show=tuple(columns),
        columns=columns,
        notes=Notes(
            "Share of all samples; a sample without an admissible solution of every model counts "
            "as one in which nothing is met."
        ),
    )


def _convergence(found: Power) -> Table:
    return Table(
        "power-convergence",
        "Samples With a Solution",
        found.convergence,
        show=("n", "model", "converged", "admissible", "samples"),
        columns={
            "n": _SIZE,
            "converged": display.Column("Converged", _SHARE),
            "admissible": display.Column("Admissible", _SHARE),
            "samples": display.Column("Samples", display.COUNT),
        },
    )


def _rmsea(found: Power) -> Table:
    """Return the power of the tests of fit, a row per size and model."""
    table = found.rmsea
    wide = table.pivot_table(
        index=["n", "model", "df"], columns="test", values="power", dropna=False, sort=False
    )
    wide = wide.reindex(columns=list(TESTS)).reset_index()
    wide = wide[wide["n"].isin(found.n)].dropna(subset=list(TESTS), how="all")
    wide.columns.name = None
    titles = {name: display.Column(title, _SHARE) for name, title in TESTS.items()}
    return Table(
        "power-rmsea",
        "Power of the Tests of Fit",
        wide.reset_index(drop=True),
        columns={"n": _SIZE, **titles},
        notes=Notes(
            "In closed form (MacCallum et al., 1996). RMSEA tested and in truth: close fit .05 and "
            ".08, not-close fit .05 and .01, exact fit 0 and .05."
        ),
    )


def _first_columns(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return a row per hypothesis with its path and population value."""
    first = table.drop_duplicates("hypothesis", ignore_index=True)
    paths = [with_labels(path, labels) for path in first["path"]]
    return first.assign(path=paths)[["hypothesis", "path", "std"]].copy()


def _shown_size(found: Power) -> int:
    """Return the present number of cases, or the size in the middle."""
    if found.present_n in found.n:
        return int(found.present_n or 0)
    return found.n[len(found.n) // 2]


def fit_power_table(
    df: int,
    sizes: Sequence[int],
    *,
    alpha: float = 0.05,
    goal: float = 0.80,
    groups: int = 1,
    tested: tuple[float, float] | None = None,
) -> Table:
    """Return the power of tests of fit in closed form, and the cases that they need.

    Parameters
    ----------
    df : int
        Degrees of freedom of a model.
    sizes : sequence of int
        Numbers of cases, over all groups.
    alpha, goal : float
        Level of the tests, and wanted power.
    groups : int
        Number of groups.
    tested : (float, float), optional
        RMSEA under the hypothesis and in truth; by default the tests of close, not-close and exact
        fit.

    Raises
    ------
    SpecificationError
        If a number cannot be meant.

    References
    ----------
    MacCallum et al. (1996) [maccallum1996]_.
    """
    tests = {TESTS[name]: pair for name, pair in FIT_TESTS.items()}
    tests = tests if tested is None else {"Own test": tested}
    rows = []
    columns = {
        "test": display.Column("Test", display.TEXT),
        "df": display.Column("df", display.COUNT, "<i>df</i>"),
        "rmsea0": display.Column("RMSEA tested", display.BOUNDED),
        "rmsea1": display.Column("RMSEA in truth", display.BOUNDED),
    }
    columns |= {f"power_{n}": display.Column(f"Power, N = {n:,}", _SHARE) for n in sizes}
    columns["n_required"] = display.Column(f"N for {display.bounded(goal)}", display.COUNT)
    for test, (before, truth) in tests.items():
        given: dict[str, Any] = {
            "rmsea0": before, "rmsea1": truth, "alpha": alpha, "groups": groups,
        }  # fmt: skip
        row: dict[str, Any] = {"test": test, "df": df, "rmsea0": before, "rmsea1": truth}
        row |= {f"power_{n}": rmsea_power(df=df, n=n, **given) for n in sizes}
        row["n_required"] = rmsea_sample_size(df=df, power=goal, **given)
        rows.append(row)
    several = f" N counts the cases of all {groups} groups." if groups > 1 else ""
    return Table(
        "power-rmsea",
        "Power of the Tests of Fit",
        pd.DataFrame(rows),
        columns=columns,
        notes=Notes(
            f"In closed form, level {alpha:g} (MacCallum et al., 1996); chi-square is N - 1 times "
            f"the discrepancy.{several}"
        ),
    )
