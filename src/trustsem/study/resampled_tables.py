"""The tables of a study's bootstrap, for terminal, notebook and report alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from trustsem import display
from trustsem.inference import ARROW
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trustsem.results import Bootstrap
    from trustsem.study.resampled import Resampled

TITLES = {"percentile": "percentile", "bc": "BC", "bca": "BCa"}
"""What each interval is called in print."""
MEASURES = {"chisq": "χ²", "cfi": "CFI", "tli": "TLI", "rmsea": "RMSEA", "srmr": "SRMR"}
"""What fit measures are called in print."""
_STEPS = {"measurement": "Measurement", "structural": "Structural"}
_SHARE = display.BOUNDED


def shown_intervals(kind: str) -> tuple[str, str]:
    """Return the intervals of effects to show by kind of resample, the better one first.

    Without cases there is no acceleration.
    """
    return ("bca", "percentile") if kind == "nonparametric" else ("bc", "percentile")


def resampled_tables(found: Resampled, labels: Mapping[str, str]) -> Iterator[Table]:
    """Yield the tables of a bootstrap.

    Parameters
    ----------
    found : Resampled
        The bootstrap.
    labels : mapping of str to str
        Construct to the name that readers see.
    """
    if len(found.hypotheses):
        yield _hypotheses(found, labels)
        yield _effects(found, labels)
    yield _reliability(found, labels)
    if len(found.discriminant):
        yield _discriminant(found, labels)
    yield _fit(found)


def _hypotheses(found: Resampled, labels: Mapping[str, str]) -> Table:
    frame = _with_arrows(found.hypotheses, labels)
    return Table(
        "bootstrap-hypotheses",
        "Bootstrap Intervals of the Hypothesised Effects",
        frame,
        show=("hypothesis", "path", *_shown(found)),
        columns={**_columns(found, "std_", "β"), **_columns(found, "", "b")},
        notes=Notes(_note(found)),
    )


def _effects(found: Resampled, labels: Mapping[str, str]) -> Table:
    chosen = found.effects[found.effects["kind"] != "direct"].reset_index(drop=True)
    arrows = chosen["predictor"] + ARROW + chosen["outcome"]
    named = chosen.assign(path=chosen["chain"].where(chosen["chain"] != "", arrows))
    frame = _with_arrows(named, labels)
    return Table(
        "bootstrap-effects",
        "Bootstrap Intervals of Indirect and Total Effects",
        frame,
        show=("path", "kind", *_shown(found)),
        columns={
            **_columns(found, "std_", "β"),
            **_columns(found, "", "b"),
            "kind": display.Column("Effect", display.TEXT),
        },
        notes=Notes("Specific effects are those of one chain. From the same resamples."),
    )


def _reliability(found: Resampled, labels: Mapping[str, str]) -> Table:
    kept = {"alpha": "α", "cr": "CR", "ave": "AVE"}
    wide = _wide(found.reliability, ["construct"], list(kept), found.method)
    frame = wide.assign(construct=[labels.get(name, name) for name in wide["construct"]])
    columns: dict[str, display.Column] = {}
    for name, title in kept.items():
        columns[name] = display.Column(title, display.BOUNDED)
        columns[f"{name}_ci"] = display.Column(f"95% CI ({title})", display.BOUNDED)
        columns[f"{name}_share"] = display.Column(f"Share ({title})", _SHARE)
    return Table(
        "bootstrap-reliability",
        "Bootstrap Intervals of Reliability and AVE",
        frame,
        show=("construct", *columns),
        columns=columns,
        notes=Notes(
            f"{TITLES[found.method]} intervals. Share = share of resamples that meet the criterion."
        ),
    )


def _discriminant(found: Resampled, labels: Mapping[str, str]) -> Table:
    kept = {"phi": "φ", "htmt": "HTMT", "htmt2": "HTMT2"}
    wide = _wide(found.discriminant, ["construct_a", "construct_b"], list(kept), found.method)
    pairs = [
        f"{labels.get(a, a)} – {labels.get(b, b)}"
        for a, b in zip(wide["construct_a"], wide["construct_b"], strict=True)
    ]
    columns: dict[str, display.Column] = {}
    for name, title in kept.items():
        columns[name] = display.Column(title, display.BOUNDED)
        columns[f"{name}_ci"] = display.Column(f"95% CI ({title})", display.BOUNDED)
    return Table(
        "bootstrap-discriminant",
        "Bootstrap Intervals of Construct Correlations and Heterotrait-Monotrait Ratios",
        wide.assign(pair=pairs),
        show=("pair", *columns),
        columns=columns,
        notes=Notes(f"{TITLES[found.method]} intervals, from the same resamples."),
    )


def _fit(found: Resampled) -> Table:
    """Return fit measures of the sample, of resamples, and of resamples under exact fit."""
    frame = found.fit
    measured = frame["measure"].map(MEASURES)
    steps = frame["step"].map(_STEPS).where(~frame["step"].duplicated(), "")
    resampled = bool(frame["mean"].notna().any())
    exact = bool(frame["exact_mean"].notna().any())
    spread = ("mean", "lower", "upper")
    wide = frame.assign(step=steps, measure=measured)
    columns = {
        "step": display.Column("Model", display.TEXT),
        "measure": display.Column("Measure", display.TEXT),
        "est": display.Column("Sample", display.BOUNDED),
    }
    titles = [("", "Resamples", resampled), ("exact_", "Exact fit", exact)]
    for prefix, title, there in titles:
        if there:
            columns[f"{prefix}mean"] = display.Column(f"M ({title})", display.BOUNDED)
            columns[f"{prefix}ci"] = display.Column(f"95% ({title})", display.BOUNDED)
            wide = wide.rename(
                columns={f"{prefix}{end}": f"{prefix}ci_{end}" for end in spread[1:]}
            )
    if exact:
        columns["pvalue"] = display.Column("p", display.BOUNDED)
    return Table(
        "bootstrap-fit",
        "Fit of the Models in the Resamples",
        wide,
        show=tuple(columns),
        columns=columns,
        notes=Notes(_fit_note(found, resampled=resampled, exact=exact)),
    )


def _fit_note(found: Resampled, *, resampled: bool, exact: bool) -> str:
    """Say what the resamples tell of fit."""
    parts = ["M and 95% = mean and central 95% of the resamples."]
    own = found.measurement
    if own.estimate.problem.estimator.corrected or own.by.se != "standard":
        parts.append("Measures are those of the uncorrected chi-square.")
    if resampled:
        parts.append(
            "Resamples of cases fit worse than the sample, by about df in χ², as the model does "
            "not hold in the sample that they are drawn from (Bollen & Stine, 1992; Zhang & "
            "Savalei, 2016): they are no confidence intervals."
        )
    if exact:
        first = found.exact["measurement"]
        how = {
            "bollen-stine": "cases moved to where the model holds (Bollen & Stine, 1992"
            + ("; incomplete cases: Savalei & Yuan, 2009)" if _incomplete(first) else ")"),
            "parametric": "the population that the model implies (Davison & Hinkley, 1997)",
        }[first.kind]
        lost = sum(bootstrap.n_failed for bootstrap in found.exact.values())
        parts.append(
            f"Exact fit: {first.n} resamples of {how}, {lost} without a solution; p = share that "
            "fits as badly as the sample, or worse."
        )
    return " ".join(parts)


def _incomplete(bootstrap: Bootstrap) -> bool:
    """Return whether cases lack answers."""
    return any(sample.patterns is not None for sample in bootstrap.estimate.problem.samples)


def _wide(long: pd.DataFrame, keys: list[str], kept: list[str], best: str) -> pd.DataFrame:
    """Return one row per construct or pair, with the numbers of some statistics side by side."""
    wide = long[keys].drop_duplicates(ignore_index=True)
    for name in kept:
        part = long[long["statistic"] == name].reset_index(drop=True)
        wide[name] = part["est"]
        wide[f"{name}_ci_lower"] = part[f"{best}_ci_lower"]
        wide[f"{name}_ci_upper"] = part[f"{best}_ci_upper"]
        wide[f"{name}_share"] = part["probability"]
    return wide


def _with_arrows(frame: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return a frame whose paths are written with labels."""
    paths = [
        " → ".join(labels.get(name, name) for name in path.split(ARROW)) for path in frame["path"]
    ]
    return frame.assign(path=paths)


def _shown(found: Resampled) -> tuple[str, ...]:
    """Return the columns of an effect: standardised with two intervals, raw with the better one."""
    methods = shown_intervals(found.measurement.kind)
    return ("std", "std_se", *(f"std_{name}_ci" for name in methods), "est", f"{methods[0]}_ci")


def _columns(found: Resampled, prefix: str, symbol: str) -> dict[str, display.Column]:
    """Return the headers of an effect's numbers."""
    form = display.BOUNDED if prefix else display.ESTIMATE
    est = "std" if prefix else "est"
    titles = {
        f"{prefix}{method}_ci": display.Column(f"95% CI {TITLES[method]} ({symbol})", form)
        for method in shown_intervals(found.measurement.kind)
    }
    return {
        est: display.Column(symbol, form),
        f"{prefix}se": display.Column(f"SE ({symbol})", form),
        **titles,
    }


def _note(found: Resampled) -> str:
    """Say how the resamples came about."""
    first = found.measurement
    drawn = {
        "nonparametric": "cases drawn with replacement",
        "parametric": "normal samples from the implied moments",
    }[first.kind]
    counts = "; ".join(
        f"{step} model: {bootstrap.n_failed} without a solution, {bootstrap.n_inadmissible} "
        "inadmissible"
        for step, bootstrap in found.models.items()
    )
    shared = ", the same for both steps" if first.kind == "nonparametric" else ""
    return (
        f"{first.n} resamples ({drawn}), seed {first.seed}{shared}; {counts}. BC = "
        "corrected for bias, BCa = for bias and acceleration (Efron, 1987)."
    )
