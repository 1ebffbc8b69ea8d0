"""The sections of a study's report, in the order in which a reader needs them.

Notice, title and verdict come first; findings stand before the numbers they concern; a banner
stands before any number of a model that did not converge or is inadmissible.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from trustsem.findings import Finding, at_least
from trustsem.references import REFERENCES
from trustsem.report import prose, study_tables
from trustsem.report.blocks import (
    Block,
    Builder,
    Callout,
    Defined,
    Definitions,
    Draw,
    Facts,
    Figure,
    Findings,
    Heading,
    Listing,
    Paragraph,
    References,
    Section,
    chart,
)
from trustsem.report.definitions import (
    FURTHER_FIT,
    MAIN_FIT,
    VALIDITY,
    short_citation,
)
from trustsem.report.further_sections import (
    further_appendix,
    further_sections,
    further_sources,
)
from trustsem.results import plain as plain_values
from trustsem.study import measurement_tables, screening_tables, structural_tables
from trustsem.tables import Table
from trustsem.typesetting import marked, plain, typeset

if TYPE_CHECKING:
    from trustsem.results import ModelResult
    from trustsem.study import StudyResult
    from trustsem.study.measurement import MeasurementStep

View = Literal["structural", "measurement", "full", "conceptual", "tests"]
"""What of a model is drawn."""

_ALWAYS_CITED = ("anderson1988", "appelbaum2018", "fornell1981", "henseler2015", "hu1999")
_CITED_IN_STEP_TWO = ("bentler2010", "burt1976", "sobel1982", "steiger1985")
_FOLDED_NOTES = 4
_SHOWN_PER_KIND = 3


def study_sections(result: StudyResult, draw: Draw, version: str) -> list[Section]:
    """Return all sections of the report of a study.

    Parameters
    ----------
    result : StudyResult
        The study.
    draw : callable
        Returns the figure of a view.
    version : str
        Version of trustsem.
    """
    sections = [
        Section("findings", "Findings", [("findings", lambda: _main_findings(result))]),
        *_theory_section(result, draw),
        _data_section(result, draw),
        _measurement_section(result, draw),
    ]
    if result.structural is not None:
        sections.append(_structural_section(result, draw))
    sections += [
        *further_sections(result, findings_list, draw),
        _checks_section(result),
        _local_fit_section(result, draw),
        _text_section(result, version),
        _appendix(result, draw),
    ]
    return sections


def findings_list(findings: Iterable[Finding]) -> Iterator[Findings]:
    """Yield findings as a block, the most serious first; nothing where there are none.

    All serious ones are open, and the first warnings of each kind; further warnings of a kind, and
    many notes, are folded.
    """
    shown, further, notes = _sorted_out(at_least(findings, "note"))
    if len(notes) <= _FOLDED_NOTES:
        shown, notes = [*shown, *notes], []
    kinds = {"further warnings of these kinds": further, "notes for the record": notes}
    if shown or further or notes:
        folded = tuple((what, tuple(found)) for what, found in kinds.items() if found)
        yield Findings(tuple(shown), folded)


def _sorted_out(
    findings: Iterable[Finding],
) -> tuple[list[Finding], list[Finding], list[Finding]]:
    """Return findings to show, warnings beyond the first of their kind, and notes."""
    shown: list[Finding] = []
    further: list[Finding] = []
    notes: list[Finding] = []
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.code] += finding.severity == "warning"
        if finding.severity == "note":
            notes.append(finding)
        elif finding.severity == "serious" or seen[finding.code] <= _SHOWN_PER_KIND:
            shown.append(finding)
        else:
            further.append(finding)
    return shown, further, notes


def _main_findings(result: StudyResult) -> Iterator[Block]:
    chosen = at_least(result.findings, "warning")
    if chosen:
        yield from findings_list(chosen)
        hint = "Notes for the record stand in the sections that they concern."
        yield Paragraph(plain(hint), "hint")
    else:
        yield Paragraph(plain("Nothing that a reader must be warned of was found."))


def _banner(model: ModelResult, step: str) -> Iterator[Block]:
    if status := prose.model_status(model, step):
        yield Callout("banner", status)


def _table(build: Callable[[], Table]) -> Builder:
    """Return a builder of one table that is left out when it has no rows."""

    def blocks() -> Iterator[Block]:
        table = build()
        if len(table.frame):
            yield table

    return blocks


def _theory_section(result: StudyResult, draw: Draw) -> Iterator[Section]:
    """Yield the section on the hypotheses, of a study that has them."""

    def figure() -> Iterator[Block]:
        yield Figure("conceptual", "Conceptual Model", draw("conceptual"))

    def wordings() -> Iterator[Block]:
        for entry in result.study.hypotheses:
            if entry.text:
                yield Paragraph((*plain(f"{entry.name}: ", bold=True), *plain(entry.text)))

    if result.structural is not None:
        parts: list[tuple[str, Builder]] = [
            ("figure of the conceptual model", figure),
            ("wording of the hypotheses", wordings),
        ]
        yield Section("theory", "Hypotheses", parts)


def _data_section(result: StudyResult, draw: Draw) -> Section:
    def introduction() -> Iterator[Block]:
        if result.study.description:
            yield Paragraph(plain(result.study.description))
        if result.screening is None:
            model = result.measurement.model
            (sample,) = model.estimate.problem.samples
            text = f"Re-analysis of a printed matrix; N = {model.n_obs}. No answers to screen."
            if sample.again is not None:
                text = f"Moments of a file that was read in parts; N = {model.n_obs}."
            yield Paragraph(typeset(text))
        else:
            yield from findings_list(result.screening.findings)

    parts: list[tuple[str, Builder]] = [("data", introduction)]
    screening = result.screening
    if screening is not None:
        names = study_tables.labels(result)
        parts += [
            ("sample flow", _table(lambda: study_tables.sample_flow(screening))),
            ("profile", _table(lambda: screening_tables.respondent_profile(screening))),
            ("items", _table(lambda: study_tables.item_descriptives(screening, names))),
            ("tests", _table(lambda: screening_tables.distribution_tests(screening))),
            ("missing answers", _table(lambda: screening_tables.missing_answers(screening, names))),
            ("patterns", _table(lambda: screening_tables.missing_patterns(screening))),
            ("waves", _table(lambda: screening_tables.waves(screening, names))),
            chart("likert", "Answers to the Items", draw),
            chart("missing", "Patterns of Missing Answers", draw),
        ]
    return Section("data", "Sample and Data", parts)


def _nameless(table: Table) -> Table:
    """Return a table of cases without the ids of the respondents; a report may be passed on."""
    return replace(
        table,
        frame=table.frame.drop(columns="id", errors="ignore"),
        show=tuple(name for name in table.show if name != "id"),
    )


def _measurement_section(result: StudyResult, draw: Draw) -> Section:
    step = result.measurement
    fit_title = "Fit of the Measurement Model"

    def opening() -> Iterator[Block]:
        yield from _banner(step.model, "measurement")
        yield from findings_list(step.findings)

    def fit() -> Table:
        return study_tables.fit_measures(
            step.model, result.study.thresholds, "measurement-fit", fit_title
        )

    common_factor: list[tuple[str, Builder]] = [
        ("common factor", _table(lambda: study_tables.method_bias(result)))
    ]
    if result.method is not None:  # the section on method variance shows it among others
        common_factor = []

    def figure() -> Iterator[Block]:
        yield Figure("measurement", "Measurement Model", draw("measurement"))

    return Section(
        "measurement",
        "Step One: Measurement Model",
        [
            ("findings of step one", opening),
            ("fit of the measurement model", _table(fit)),
            ("figure of the measurement model", figure),
            ("loadings", _table(lambda: study_tables.loadings(result))),
            chart("loadings", "Standardised Loadings With 95% Intervals", draw),
            *_measurement_tables(step),
            chart("correlations", "Construct Correlations, Square Roots of AVE and HTMT", draw),
            *common_factor,
        ],
    )


def _measurement_tables(step: MeasurementStep) -> list[tuple[str, Builder]]:
    """Return the tables on reliability, distinctness and rivals."""
    builders = {
        "reliability": measurement_tables.reliability,
        "intervals of reliability": measurement_tables.intervals,
        "construct correlations": measurement_tables.validity_matrix,
        "discriminant validity": measurement_tables.discriminant,
        "chi-square differences of pairs": measurement_tables.differences,
        "heterotrait-monotrait ratios": measurement_tables.ratios,
        "disagreement of criteria": measurement_tables.disagreements,
        "rival measurement models": measurement_tables.rivals,
    }
    return [(name, _table(partial(build, step))) for name, build in builders.items()]


def _structural_section(result: StudyResult, draw: Draw) -> Section:
    step = study_tables.require_structural(result)
    fit_title = "Fit of the Structural Model"

    def opening() -> Iterator[Block]:
        yield from _banner(step.model, "structural")
        yield from findings_list(step.findings)

    def figure() -> Iterator[Block]:
        yield Figure("structural", "Structural Model", draw("structural"))

    def fit() -> Table:
        return study_tables.fit_measures(
            step.model, result.study.thresholds, "structural-fit", fit_title
        )

    def tree() -> Iterator[Block]:
        yield Figure("tests", "Decision Tree of the Sequential Tests", draw("tests"))

    tables = structural_tables
    return Section(
        "structural",
        "Step Two: Structural Model",
        [
            ("findings of step two", opening),
            ("figure of the structural model", figure),
            ("hypotheses", _table(lambda: tables.hypotheses(step, result.resampled))),
            chart("paths", "Standardised Paths and Indirect Effects With 95% Intervals", draw),
            ("explained variance", _table(lambda: tables.explained_variance(step))),
            ("effects", _table(lambda: tables.effects(step))),
            ("specific indirect effects", _table(lambda: tables.chains(step))),
            ("named effects", _table(lambda: tables.named_effects(step))),
            ("second order", _table(lambda: tables.second_order(step))),
            ("fit of the structural model", _table(fit)),
            ("sequence of models", _table(lambda: tables.model_sequence(step.comparison))),
            ("sequential tests", _table(lambda: tables.sequential_tests(step))),
            ("figure of the decision tree", tree),
            ("loadings before and after", _table(lambda: tables.confounding(step))),
        ],
    )


def _checks_section(result: StudyResult) -> Section:
    parts: list[tuple[str, Builder]] = []
    if len(result.agreement):
        parts.append(("second engine", _table(lambda: study_tables.agreement(result))))
    if len(result.scorecard):
        parts.append(("scorecard", _table(lambda: study_tables.scorecard(result))))
    return Section("checks", "Agreement With Other Numbers", parts)


def _local_fit_section(result: StudyResult, draw: Draw) -> Section:
    step, names = result.measurement, study_tables.labels(result)
    parts: list[tuple[str, Builder]] = [
        ("banner", partial(_banner, step.model, "measurement")),
        ("residuals", _table(lambda: measurement_tables.largest_residuals(step))),
        chart("residuals", "Residual Correlations of the Measurement Model", draw),
        ("left-out parameters", _table(lambda: measurement_tables.modifications(step))),
        (
            "what if",
            _table(lambda: measurement_tables.what_if(result.what_if, names)),
        ),
    ]
    if result.structural is not None:
        model = result.structural.model
        residuals = partial(
            study_tables.largest_residuals,
            model,
            "structural-residuals",
            "Largest Residuals of the Structural Model",
        )
        indices = partial(
            study_tables.modification_indices,
            model,
            "structural-modification",
            "Largest Modification Indices of the Structural Model (Exploratory)",
        )
        parts += [
            ("banner", partial(_banner, model, "structural")),
            ("residuals of the structural model", _table(residuals)),
            ("modification indices of the structural model", _table(indices)),
        ]
    return Section("local-fit", "Local Fit", parts)


def _text_section(result: StudyResult, version: str) -> Section:
    """Return the paragraphs for a paper, each a part of its own."""

    def methods() -> Iterator[Block]:
        yield from _notice(result)
        yield Heading("Method")
        yield Paragraph(typeset(prose.methods(result, version)), "paper")

    def step_one() -> Iterator[Block]:
        yield Heading("Results")
        yield Paragraph(typeset(prose.measurement_results(result)), "paper")

    def step_two() -> Iterator[Block]:
        if result.structural is not None:
            yield Paragraph(typeset(prose.structural_results(result)), "paper")

    parts: list[tuple[str, Builder]] = [
        ("methods paragraph", methods),
        ("results paragraph of step one", step_one),
        ("results paragraph of step two", step_two),
    ]
    return Section("text", "Text for a Paper", parts)


def _notice(result: StudyResult) -> Iterator[Block]:
    if result.synthetic:
        yield Callout("synthetic", result.notice)


def _appendix(result: StudyResult, draw: Draw) -> Section:
    parts: list[tuple[str, Builder]] = []
    for step, model in result.models.items():
        parts.append(("banner", partial(_banner, model, step)))
        title = f"All Parameters of the {step.title()} Model"
        table = partial(study_tables.all_parameters, model, f"{step}-parameters", title)
        parts.append((f"parameters of the {step} model", _table(table)))

    def full_figure() -> Iterator[Block]:
        if result.structural is not None:
            yield Figure("full", "Full Model With Items", draw("full"))

    screening = result.screening
    if screening is not None:
        names = study_tables.labels(result)
        parts += [
            ("answers", _table(lambda: screening_tables.answer_frequencies(screening, names))),
            ("item tests", _table(lambda: screening_tables.item_normality(screening))),
            ("flagged cases", _table(lambda: _nameless(screening_tables.flagged_cases(screening)))),
        ]
    parts += [
        *further_appendix(result),
        (
            "intervals of all indices",
            _table(lambda: measurement_tables.all_intervals(result.measurement)),
        ),
        ("further fit measures", _table(lambda: study_tables.further_fit(_titled(result)))),
        ("figure of the full model", full_figure),
        ("covariance matrix", lambda: study_tables.moments(result.measurement.model)),
        ("model syntax", lambda: _syntax(result)),
    ]
    return Section("appendix", "Appendix", parts, appendix=True)


def closing_section(result: StudyResult) -> Section:
    """Return the section at the very end: what terms mean, who is cited, how the run came about."""
    parts: list[tuple[str, Builder]] = [
        ("definitions", _definitions),
        ("references", lambda: _references(result)),
        ("provenance", lambda: _provenance(result)),
    ]
    return Section("sources", "Definitions, References, Provenance", parts, appendix=True)


def _titled(result: StudyResult) -> dict[str, ModelResult]:
    return {step.title(): model for step, model in result.models.items()}


def _syntax(result: StudyResult) -> Iterator[Block]:
    yield Heading("Model Syntax")
    texts = {"Measurement model": result.study.measurement_model()}
    if result.structural is not None:
        texts["Structural model"] = result.study.structural_model()
    for title, text in texts.items():
        yield Listing(title, text.strip())


_SYMBOLS = (
    "<i>T</i>: chi-square of the model with <i>df</i> degrees of freedom; <i>T</i><sub>B</sub>, "
    "<i>df</i><sub>B</sub>: of the baseline (independence) model; <i>n</i>: <i>N</i> (normal "
    "likelihood) or <i>N</i> − 1 (Wishart likelihood, least squares); <i>p</i>: number of "
    "indicators; <i>q</i>: number of free parameters; <b>S</b>, <b>Σ</b>: sample and model-implied "
    "covariance matrix; <i>λ</i>: standardised loading; <i>φ</i>: correlation of two constructs; "
    "<i>k</i>: number of items; ln <i>L</i>: log-likelihood."
)


def _definitions() -> Iterator[Block]:
    yield Heading("Definitions")
    yield Paragraph(marked(_SYMBOLS))
    yield Definitions(
        tuple(
            Defined(item.header, item.meaning, marked(item.formula), short_citation(item.source))
            for item in (*MAIN_FIT, *FURTHER_FIT, *VALIDITY)
        )
    )


def _references(result: StudyResult) -> Iterator[Block]:
    cited = {item.source for item in (*MAIN_FIT, *FURTHER_FIT, *VALIDITY)}
    cited |= {item.cutoff.source for item in (*MAIN_FIT, *VALIDITY) if item.cutoff}
    cited |= {finding.source for finding in result.findings} | set(_ALWAYS_CITED)
    cited |= further_sources(result)
    if result.structural is not None:
        cited |= set(_CITED_IN_STEP_TWO)
    if result.structural is not None:
        cited.add("sobel1982")
    texts = {REFERENCES[key] for key in cited if key in REFERENCES}
    if result.study.reference:
        texts.add(result.study.reference)
    yield Heading("References")
    yield References(tuple(sorted(texts, key=_in_alphabet)))


def _in_alphabet(text: str) -> str:
    """Return the key by which references are sorted, accents counting as none."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()


def _provenance(result: StudyResult) -> Iterator[Block]:
    yield Heading("Provenance")
    entries = _entries(plain_values(result.manifest))
    yield Facts(tuple((name, value) for name, value in entries if name != "plan"))  # a whole file


def _entries(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested entries with their dotted names."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entries(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for position, item in enumerate(value, start=1):
            yield from _entries(item, f"{name} {position}")
    elif isinstance(value, list):
        yield name, ", ".join(str(item) for item in value)
    elif value is not None and value != "":
        yield name, str(value)
