"""The tables of a study, each from the cells of its result; nothing is estimated here.

Every function takes what a :class:`trustsem.study.StudyResult` holds and returns one
:class:`trustsem.tables.Table`, its numbers unrounded. Numbers of tables are given when a report is
composed (:mod:`trustsem.report.blocks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trustsem import display
from trustsem.report.definitions import FURTHER_FIT, MAIN_FIT, Definition, short_citation
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from trustsem.results import ModelResult
    from trustsem.study import StudyResult
    from trustsem.survey import Screening
    from trustsem.validity.thresholds import Thresholds


def sample_flow(screening: Screening) -> Table:
    """Tabulate how many cases each screening rule removed."""
    return Table("sample", "From Cases Received to Cases Analysed", screening.flow)


def item_descriptives(screening: Screening, names: Mapping[str, str]) -> Table:
    """Tabulate wording, missing answers and distribution of every item.

    Parameters
    ----------
    screening : Screening
        What was found in the answers.
    names : mapping of str to str
        What each construct is called in print.
    """
    frame = _labelled(screening.items, names)
    frame["percent"] = 100 * frame["missing"] / (frame["n"] + frame["missing"])
    wording = ("wording",) if _has_wording(frame, "wording") else ()
    percent = display.Column("Missing %", display.Format("percent", 1))
    return Table(
        "items",
        "Items: Wording and Distribution" if wording else "Items: Distribution",
        frame,
        columns={"percent": percent},
        show=_present(
            frame, "item", *wording, "n", "percent", "mean", "sd", "skew", "kurtosis",
            "minimum", "maximum",
        ),
        group_by="construct",
        notes=Notes("Items in the direction in which they enter the analysis."),
    )  # fmt: skip


def loadings(result: StudyResult) -> Table:
    """Tabulate the loadings of step one, construct by construct."""
    names = labels(result)
    shown = _labelled(result.measurement.loadings, names)
    markers = shown["marker"].to_numpy(dtype=bool)
    shown.loc[markers, ["se", "ci_lower", "ci_upper"]] = np.nan
    columns = ("item", "label") if _has_wording(shown, "label") else ("item",)
    limits = result.study.thresholds
    size = shown["std_all"].abs().to_numpy()
    weak = size < limits.loading
    fair = ~weak & (size < limits.loading_ideal)
    kinds = (
        (markers, "est", "Fixed to 1 to set the scale of the construct; no test exists."),
        (weak, "std_all", f"Below {display.bounded(limits.loading)}."),
        (
            fair,
            "std_all",
            f"Acceptable, below the desirable {display.bounded(limits.loading_ideal)}.",
        ),
    )
    present = [(rows, column, note) for rows, column, note in kinds if rows.any()]
    return Table(
        "loadings",
        "Measurement Model: Loadings",
        shown,
        columns={
            "label": display.Column("Wording", display.TEXT),
            "std_all": display.Column("λ", display.BOUNDED),
            "std_ci": display.Column("95% CI (λ)", display.BOUNDED),
            "est": display.Column("Loading", display.ESTIMATE),
            "r2": display.COLUMNS["r2"],
        },
        show=(*columns, "std_all", "std_ci", "est", "se", "z", "pvalue", "r2"),
        group_by="construct",
        group_titles=_group_titles(result, names),
        marks={
            (int(row), column): letter
            for letter, (rows, column, _) in zip("abc", present, strict=False)
            for row in np.flatnonzero(rows)
        },
        notes=Notes(
            f"{_fit_note(result.measurement.model)} λ = completely standardised loading; "
            "R² = share of the item's variance due to its construct.",
            tuple(note for _, _, note in present),
        ),
    )


def fit_measures(model: ModelResult, thresholds: Thresholds, name: str, title: str) -> Table:
    """Tabulate the main fit measures with meaning, cut-off and sources."""
    measures = model.reported_fit
    items = [item for item in MAIN_FIT if item.name in measures]
    frame = pd.DataFrame([_fit_row(item, measures, thresholds) for item in items])
    if "rmsea_ci_lower" in measures:
        limits = (measures["rmsea_ci_lower"], measures["rmsea_ci_upper"])
        interval = f"RMSEA, 90% CI {display.BOUNDED.interval(*limits)}. "
    else:
        interval = ""
    return Table(
        name,
        title,
        frame,
        show=("measure", "value", "definition", "cutoff", "met", "source"),
        columns={
            "source": display.Column("Sources (definition; cut-off)", display.TEXT),
            "met": display.Column("Met", display.Format("flag", missing="")),
        },
        cell_formats={(row, "value"): item.format for row, item in enumerate(items)},
        notes=Notes(
            f"N = {model.n_obs}; q = {model.n_free} free parameters. {interval}"
            f"{_correction(model)}Formulas and "
            "further measures are in the appendix. Cut-offs are conventions; they decide nothing "
            "alone."
        ),
    )


def _correction(model: ModelResult) -> str:
    """Say what is corrected for non-normality; empty where nothing is."""
    if not model.options.scaled:
        return ""
    kind = "robust" if "cfi_robust" not in model.fit_notes else "scaled"
    return (
        f"Chi-square is the scaled one of test {model.options.test}; CFI, TLI and RMSEA are the "
        f"{kind} ones. "
    )


def further_fit(models: Mapping[str, ModelResult]) -> Table:
    """Tabulate the remaining fit measures of all models."""
    frame = pd.DataFrame(
        [
            {
                "measure": item.header,
                "definition": item.meaning,
                **{name: model.fit_measures.get(item.name) for name, model in models.items()},
                "source": short_citation(item.source),
            }
            for item in FURTHER_FIT
        ]
    )
    return Table(
        "further-fit",
        "Further Fit Measures",
        frame,
        columns={name: display.Column(name, display.ESTIMATE) for name in models},
        cell_formats={
            (row, name): item.format for row, item in enumerate(FURTHER_FIT) for name in models
        },
        notes=Notes("GFI and AGFI are the classical ones that LISREL and AMOS print."),
    )


def method_bias(result: StudyResult) -> Table:
    """Tabulate the single-factor model against the measurement model."""
    return Table(
        "method-bias",
        "One Common Factor Against the Measurement Model",
        result.measurement.method_bias,
        notes=Notes(
            "That one factor fits worse is weak evidence against common method variance; the "
            "test is insensitive."
        ),
    )


def agreement(result: StudyResult) -> Table:
    """Tabulate how far a second estimation engine agrees."""
    return Table(
        "agreement",
        "Agreement With a Second Estimation Engine",
        result.agreement,
        notes=Notes(
            "Largest difference of an estimate in units of its standard error, and largest "
            "relative difference of a standard error, over all parameters of the model."
        ),
    )


def scorecard(result: StudyResult) -> Table:
    """Tabulate published numbers against those estimated here."""
    return Table(
        "scorecard",
        "Published Against Estimated Numbers",
        result.scorecard,
        show=_present(
            result.scorecard, "quantity", "where", "printed", "estimate", "difference",
            "within_rounding", "checked",
        ),
        notes=Notes(
            "Within rounding: the estimate rounds to the printed number. Checked: the printed "
            "number was compared with the print itself; the others are known at second hand."
        ),
    )  # fmt: skip


def largest_residuals(model: ModelResult, name: str, title: str, limit: int = 10) -> Table:
    """Tabulate the largest correlation residuals with their standardised values."""
    raw = _by_group(model.residuals("cor_bollen"))
    standardized = _by_group(model.residuals("standardized"))
    rows = [
        {"group": group, "pair": f"{a} – {b}", "residual": value, "standardized": z}
        for group, matrix in raw.items()
        for a, b, value, z in _pairs(matrix, standardized[group])
    ]
    frame = pd.DataFrame(rows, columns=["group", "pair", "residual", "standardized"])
    frame = frame.sort_values("residual", key=np.abs, ascending=False, kind="stable")
    large = int((frame["residual"].abs() > _LARGE_RESIDUAL).sum())
    extreme = int((frame["standardized"].abs() > _LARGE_Z).sum())
    groups = ("group",) if len(raw) > 1 else ()
    return Table(
        name,
        title,
        frame.reset_index(drop=True),
        show=(*groups, "pair", "residual", "standardized"),
        limit=limit,
        notes=Notes(
            f"{large} of {len(frame)} correlation residuals exceed .10 in absolute value; "
            f"{extreme} exceed 2.58 standard errors. z = standardised residual."
        ),
    )


def modification_indices(model: ModelResult, name: str, title: str, limit: int = 10) -> Table:
    """Tabulate the largest modification indices, for exploration only."""
    frame = model.modification_indices(minimum=0.0)
    frame = frame.sort_values("mi", ascending=False, kind="stable").reset_index(drop=True)
    frame.insert(0, "parameter", frame["lhs"] + " " + frame["op"] + " " + frame["rhs"])
    groups = ("group",) if len(set(frame["group"])) > 1 else ()
    return Table(
        name,
        title,
        frame,
        show=("parameter", *groups, "mi", "epc", "sepc_all"),
        limit=limit,
        notes=Notes(
            "Exploratory. MI = expected drop of χ² if the parameter were free (3.84 is the 5 % "
            "point for one parameter chosen in advance); EPC = value it would then take. A change "
            "made after seeing this table needs a reason from theory and new data."
        ),
    )


def all_parameters(model: ModelResult, name: str, title: str) -> Table:
    """Tabulate every parameter of a model."""
    frame = model.parameters
    frame = frame[frame["op"] != "=="].reset_index(drop=True) if "op" in frame else frame
    shown = frame.copy()
    shown.insert(0, "parameter", frame["lhs"] + " " + frame["op"] + " " + frame["rhs"])
    optional = tuple(
        column for column in ("group", "label") if len(set(frame[column].astype(str))) > 1
    )
    free = shown["free"].to_numpy()
    defined = (shown["op"] == ":=").to_numpy()
    fixed = np.flatnonzero((free == 0) & ~defined)
    shown.loc[fixed, ["se", "ci_lower", "ci_upper"]] = np.nan
    return Table(
        name,
        title,
        shown,
        show=("parameter", *optional, "est", "se", "z", "pvalue", "ci", "std_all", "std_all_se"),
        marks={(int(row), "est"): "a" for row in fixed},
        notes=Notes(
            "=~ is measured by; ~ is regressed on; ~~ covaries with; ~1 intercept; := is defined "
            "as.",
            ("Fixed, not estimated.",) if len(fixed) else (),
        ),
    )


def moments(model: ModelResult) -> list[Table]:
    """Tabulate covariances, standard deviations and means, from which others can re-estimate."""
    covariances, means = _by_group(model.sample), _by_group(model.sample_mean)
    return [
        _moments_table(model, cov, means[group], group, position)
        for position, (group, cov) in enumerate(covariances.items(), start=1)
    ]


def labels(result: StudyResult) -> dict[str, str]:
    """Return what each construct is called in print."""
    return {name: label or name for name, label in result.study.labels.items()}


def require_structural(result: StudyResult) -> Any:
    """Return step two, or raise where a study has none.

    Raises
    ------
    LookupError
        If the study is measurement only.
    """
    if result.structural is None:
        raise LookupError("the study has no structural model")
    return result.structural


_LARGE_RESIDUAL = 0.10
_LARGE_Z = 2.58


def _moments_table(
    model: ModelResult,
    cov: pd.DataFrame,
    mean: pd.Series[float] | None,
    group: str,
    position: int,
) -> Table:
    """Tabulate one group's moments: lower triangle of covariances, then SD and M."""
    names = [str(name) for name in cov.index]
    values = cov.to_numpy(dtype=float)
    lower = np.where(np.tri(len(values), dtype=bool), values, np.nan)
    frame = pd.DataFrame(lower, columns=names)
    frame.insert(0, "variable", names)
    frame["sd"] = np.sqrt(np.diag(values))
    if mean is not None:
        frame["mean"] = mean.to_numpy(dtype=float)
    blank = replace(display.ESTIMATE, missing="")
    divisor = "N" if model.estimate.problem.samples[0].divisor == "n" else "N − 1"
    where = f" in Group {group}" if group else ""
    return Table(
        f"covariances-{position}" if group else "covariances",
        f"Covariances, Standard Deviations{'' if mean is None else ' and Means'}{where}",
        frame,
        columns={item: display.Column(item, blank) for item in names},
        notes=Notes(
            f"N = {model.n_obs} in all; divisor {divisor}. The CSV file beside this report holds "
            "all decimals, from which the models can be re-estimated."
        ),
    )


def _labelled(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the frame with constructs called by their labels."""
    shown = frame.reset_index(drop=True)
    for column in ("construct", "construct_a", "construct_b", "predictor", "outcome"):
        if column in shown:
            shown[column] = [names.get(str(name), str(name)) for name in shown[column]]
    return shown


def _group_titles(result: StudyResult, names: Mapping[str, str]) -> dict[str, str]:
    """Return each construct's row of the loadings table: its label, alpha, CR and AVE."""
    titles = {}
    for name, row in result.measurement.reliability.iterrows():
        parts = [
            f"{header} = {display.BOUNDED.text(row[key])}"
            for key, header in (("alpha", "α"), ("cr", "CR"), ("ave", "AVE"))
            if not display.is_missing(row[key])
        ]
        label = names[str(name)]
        titles[label] = f"{label} ({', '.join(parts)})" if parts else label
    return titles


def _fit_note(model: ModelResult) -> str:
    return f"{display.fit_line(model.fit_measures, model.n_obs, 'typeset')}."


def _fit_row(
    item: Definition, measures: Mapping[str, float] | pd.Series[Any], thresholds: Thresholds
) -> dict[str, Any]:
    value = measures[item.name]
    keys = [item.source, *([item.cutoff.source] if item.cutoff else [])]
    sources = dict.fromkeys(short_citation(key) for key in keys if key)
    return {
        "name": item.name,
        "measure": item.header,
        "value": value,
        "definition": item.meaning,
        "cutoff": item.cutoff.text(thresholds) if item.cutoff else "",
        "met": item.cutoff.met(value, thresholds) if item.cutoff else None,
        "source": "; ".join(sources),
    }


def _has_wording(frame: pd.DataFrame, column: str) -> bool:
    """Return whether any item has a wording besides its name."""
    wording = frame[column].fillna("").astype(str)
    return bool(((wording != "") & (wording != frame["item"].astype(str))).any())


def _by_group(value: Any) -> dict[str, Any]:
    """Return what a result holds by group label, also where there is one group."""
    return dict(value) if isinstance(value, Mapping) else {"": value}


def _pairs(matrix: Any, other: Any) -> Iterable[tuple[str, str, float, float]]:
    """Yield each pair of variables with its cell of two symmetric matrices."""
    values, others = matrix.to_numpy(dtype=float), other.to_numpy(dtype=float)
    names = [str(name) for name in matrix.index]
    for i, j in zip(*np.tril_indices_from(values, k=-1), strict=True):
        yield names[j], names[i], float(values[i, j]), float(others[i, j])


def _present(frame: pd.DataFrame, *names: str) -> tuple[str, ...]:
    """Return those of the names that the frame can show."""
    return tuple(name for name in names if name in frame or f"{name}_lower" in frame)
