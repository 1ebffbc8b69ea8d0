"""What a study found: both steps, verdicts, scorecard, provenance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trustsem import display
from trustsem.diagram import (
    DRAW_OPTIONS,
    Diagram,
    View,
    conceptual_graph,
    draw,
    draw_tree,
    require_known,
)
from trustsem.errors import PlanError, UnknownOptionError
from trustsem.findings import Findings, at_least
from trustsem.results import Models, plain
from trustsem.study import measurement_tables, structural_tables
from trustsem.study.decision_tree import decision_tree
from trustsem.study.plots import StudyPlots
from trustsem.tables import Notes, Page, Shown, Table, Tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from trustsem.results import Invariance, LatentInteraction, Power
    from trustsem.study.cutoffs import StudyCutoffs
    from trustsem.study.influence import StudyInfluence
    from trustsem.study.measurement import MeasurementStep
    from trustsem.study.method_bias import MethodBias
    from trustsem.study.multiverse_analysis import Multiverse
    from trustsem.study.plan import Hypothesis, Study
    from trustsem.study.resampled import Resampled
    from trustsem.study.sequence import ModelSequence
    from trustsem.study.structural import StructuralStep
    from trustsem.survey.screening import Screening
    from trustsem.validity import Verdicts

_SHOWN_FINDINGS = 6
_SHOWN_PAIRS = 3
_MODEL_OPTIONS = ("labels", "standardized", "decimals", *DRAW_OPTIONS)
_FIGURE_OPTIONS = {"conceptual": ("labels", *DRAW_OPTIONS), "tests": ("width",)}
"""What users can set about a figure, by view."""
_HYPOTHESIS_COLUMNS = (
    "hypothesis", "path", "sign", "std_all", "est", "se", "z", "pvalue", "supported",
)  # fmt: skip
_TEST_COLUMNS = ("difference", "chisq_diff", "df_diff", "pvalue_diff", "answer")
_SIGNS: dict[str, Literal["+", "-", ""]] = {"+": "+", "-": "-", "any": ""}


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult(Shown):
    """The outcome of a study.

    Parameters
    ----------
    study : Study
        The plan.
    measurement : MeasurementStep
        Step one.
    structural : StructuralStep or None
        Step two; None for a measurement-only study.
    verdict : Verdicts
        One for each step.
    scorecard : DataFrame
        Published against estimated numbers; empty where nothing is published.
    what_if : DataFrame
        How hypotheses would move if a left-out measurement parameter were free; exploratory.
    screening : Screening or None
        What was found in the answers; None for a printed matrix.
    agreement : DataFrame
        Agreement of the second engine; empty where it was not run.
    manifest : dict
        How the run came about.
    findings : Findings
        All findings, the most serious first.
    synthetic : bool
        Whether the data were made by a generator.
    notice : str
        What every output prints first, or an empty string.
    method : MethodBias or None
        The common method battery; None where the study has no section ``[bias]``.
    invariance : Invariance or None
        The comparison of groups; None without a section ``[groups]``.
    interactions : mapping of str to LatentInteraction, or None
        Latent interactions by name; None without a section ``[interactions]``.
    resampled : Resampled or None
        Bootstrap intervals of both steps; None where no bootstrap was asked for.
    cutoffs : StudyCutoffs or None
        Cut-offs of fit indices for these models and this sample size; None where none were asked
        for.
    influence : StudyInfluence or None
        Both steps without each respondent; None where it was not asked for.
    multiverse : Multiverse or None
        The hypotheses under all combinations of declared choices; None without a section
        ``[multiverse]``.
    power : Power or None
        Simulated power of the hypotheses and of the whole procedure; None where it was not asked
        for.
    """

    study: Study
    measurement: MeasurementStep
    structural: StructuralStep | None
    verdict: Verdicts
    scorecard: pd.DataFrame
    what_if: pd.DataFrame
    screening: Screening | None
    agreement: pd.DataFrame
    manifest: Mapping[str, Any]
    findings: Findings
    synthetic: bool
    notice: str
    method: MethodBias | None = None
    invariance: Invariance | None = None
    interactions: Mapping[str, LatentInteraction] | None = None
    resampled: Resampled | None = None
    cutoffs: StudyCutoffs | None = None
    influence: StudyInfluence | None = None
    multiverse: Multiverse | None = None
    power: Power | None = None

    @property
    def models(self) -> Models:
        """The models of the two steps by the name of the step."""
        models = Models(measurement=self.measurement.model)
        if self.structural is not None:
            models["structural"] = self.structural.model
        return models

    @property
    def usable(self) -> bool:
        """Whether every model of the two steps converged to an admissible solution."""
        return all(model.converged and model.admissible for model in self.models.values())

    def report(
        self,
        directory: str | Path,
        formats: str | Sequence[str] = ("html", "docx", "json"),
        *,
        force: bool = False,
    ) -> Path:
        """Write the report.

        Parameters
        ----------
        directory : path
            Where to; it must not exist, unless ``force``.
        formats : {"html", "docx", "latex", "markdown", "json", "all"} or a sequence of them
            What to write beside tables, figures and manifest.
        force : bool
            Replace an earlier report.

        Returns
        -------
        Path
            The directory.

        Raises
        ------
        OutputError
            If it cannot be written there.
        UnknownOptionError
            If a format does not exist.
        """
        from trustsem.report import write_report  # noqa: PLC0415 (the one upward import)

        return write_report(self, directory, formats=formats, force=force)

    def checklist(self) -> Table:
        """Return where each point of the reporting standards stands in the report.

        Returns
        -------
        Table
            A row per point of JARS-Quant for structural equation models: its status, and the table,
            figure or paragraph of the report, or what the authors must add.

        References
        ----------
        Appelbaum et al. (2018) [appelbaum2018]_.
        """
        from trustsem.report import checklist  # noqa: PLC0415 (the one upward import)

        return checklist(self)

    def tables(self) -> Tables:
        """Return the tables of the report by name, as journals print them.

        Returns
        -------
        Tables
            A dictionary that displays as a list of contents. Names are those of the files in the
            folder ``tables`` of a report; a table without rows is left out.
        """
        from trustsem.report import report_tables  # noqa: PLC0415 (the one upward import)

        return report_tables(self)

    def table(self, name: str) -> Table:
        """Return one table of the report: shown by a notebook, written to Word, LaTeX or Markdown.

        Parameters
        ----------
        name : str
            ``"loadings"``, ``"reliability"``, ``"hypotheses"``, ...: see :meth:`tables`.

        Returns
        -------
        Table

        Raises
        ------
        UnknownOptionError
            If the study has no such table; the message lists those that it has.

        Examples
        --------
        >>> result = two_step("bollen1989")  # doctest: +SKIP
        >>> result.table("reliability").to_docx("reliability.docx")  # doctest: +SKIP
        """
        known = self.tables()
        if name not in known:
            raise UnknownOptionError(str(name), known, kind="table")
        return known[name]

    @property
    def plot(self) -> StudyPlots:
        """The charts of the study.

        ``result.plot`` lists them, ``result.plot.loadings()`` draws one into matplotlib axes,
        ``result.plot.loadings.chart()`` returns it (``svg()``, ``save(path)``, ``description``,
        ``note``), and ``result.plot.available()`` names those that this study can draw.
        """
        return StudyPlots(self)

    def draw(self, view: View | Literal["tests"] | None = None, **options: Any) -> Diagram:
        """Draw a path diagram, or the decision tree of the structural models.

        Parameters
        ----------
        view : {"structural", "measurement", "full", "conceptual", "tests"}, optional
            What to draw; by default the structural model, or the measurement model of a study
            without hypotheses. ``"tests"``: the sequential chi-square difference tests with the
            branch taken.
        **options
            ``width``, ``title``, ``layout``, ``columns``, ``colors``, ``emphasis``, ``residuals``,
            ``disturbances``: see :func:`trustsem.diagram.draw`; ``standardized``, ``decimals``: see
            :func:`trustsem.diagram.graph_from_parameters`; ``labels``: labels that replace those
            of the study. The decision tree has a ``width`` only; the conceptual view no numbers.

        Returns
        -------
        Diagram
            Shown by a notebook; ``.save("figure.svg")`` writes it.

        Raises
        ------
        UnknownOptionError
            If there is no such view, or an option or its value is unknown.
        PlanError
            If the study has no hypotheses to draw.
        """
        view = view or ("structural" if self.structural else "measurement")
        if view != "measurement" and self.structural is None:
            raise PlanError(
                f"The study {self.study.name!r} has no hypotheses; the view {view!r} has nothing "
                "to show.",
                remedy="Draw the view 'measurement'.",
            )
        study = self.study
        require_known(options, _FIGURE_OPTIONS.get(view, _MODEL_OPTIONS), "option of the figure")
        if view == "tests":
            return draw_tree(decision_tree(self._comparison, study.title), **options)
        wanted = options.pop("labels", None) or {}
        known = tuple(dict.fromkeys((*study.labels, *study.items)))
        require_known(wanted, known, "variable in 'labels'")
        labels = {**study.labels, **wanted}
        options.setdefault("title", study.title)
        if view == "conceptual":
            graph = conceptual_graph(
                study.design.constructs,
                labels,
                {(h.predictor, h.outcome): (h.name, _SIGNS[h.sign]) for h in self._paths},
                controls=study.controls,
            )
            return draw(graph, **options)
        model = self.models["measurement" if view == "measurement" else "structural"]
        names = {*model.table.constructs, *model.table.observed}
        return model.draw(
            view,
            labels={name: text for name, text in labels.items() if name in names},
            hypotheses={(h.predictor, h.outcome): h.name for h in self._paths},
            constructs=list(study.items_of if view == "measurement" else study.constructs),
            controls=[name for name in study.controls if name not in study.constructs],
            **options,
        )

    @property
    def _comparison(self) -> ModelSequence:
        """The structural models compared, of a study that has them."""
        if self.structural is None:
            raise PlanError(f"The study {self.study.name!r} has no hypotheses.")
        return self.structural.comparison

    @property
    def _paths(self) -> tuple[Hypothesis, ...]:
        """The hypotheses about a single path."""
        return tuple(entry for entry in self.study.hypotheses if not entry.via)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, unrounded, as plain values; a number that does not exist is None."""
        from trustsem.report import results_document  # noqa: PLC0415 (the same)

        return {**results_document(self), "manifest": plain(self.manifest)}

    def _page(self) -> Page:
        """Return the outcome on one screen: what to know first, verdicts, tables, the figure."""
        study, model = self.study, self.measurement.model
        source = self.manifest["inputs"][-1]["name"]
        sizes = f"{len(study.constructs)} constructs, {len(study.items)} items"
        return Page(
            (
                (f"{source}, N = {model.n_obs}, {sizes}, {model.method}",),
                *self._paragraphs(),
                *self._tables(),
                *([_MainFigure(self)] if self.usable else []),
                self._pointers(),
            ),
            title=f"{study.name}: {study.title}",
            notice=self.notice,
        )

    def _paragraphs(self) -> list[tuple[str, ...]]:
        """Return what a reader must know first, then fit and verdict of each step."""
        paragraphs: list[tuple[str, ...]] = []
        grave = at_least(self.findings, "serious")
        if grave:
            paragraphs.append(tuple(map(str, grave[:_SHOWN_FINDINGS])))
        for verdict in self.verdict:
            model = self.models[verdict.step]
            number = "Step one" if verdict.step == "measurement" else "Step two"
            fit = display.fit_line(dict(model.fit_measures), model.n_obs)
            paragraphs.append((f"{number}, {verdict.step} model: {fit}", verdict.text))
        return paragraphs

    def _tables(self) -> list[Table]:
        """Return reliability, discriminant validity and hypotheses as short tables."""
        short = {
            "reliability": ("construct", "n_items", "alpha", "omega", "cr", "ave", "msv"),
            "discriminant": ("pair", "phi", "ci", "chisq_diff", "pvalue_holm", "htmt", "problem",
                             "holds"),
        }  # fmt: skip
        pairs = measurement_tables.discriminant(self.measurement)
        closest = pairs.frame.sort_values("phi", key=abs, ascending=False, kind="stable")
        built = (
            measurement_tables.reliability(self.measurement),
            replace(
                pairs,
                title="Discriminant Validity: Highest Correlations of Constructs",
                frame=closest.reset_index(drop=True),
                limit=_SHOWN_PAIRS,
            ),
        )
        tables = [
            replace(table, show=short[table.name], notes=Notes())
            for table in built
            if len(table.frame)
        ]
        if self.structural is not None:
            hypotheses = structural_tables.hypotheses(self.structural)
            reasons = replace(hypotheses.notes, general="")
            tests = self.structural.decision.to_table()
            tables += [
                replace(hypotheses, show=_HYPOTHESIS_COLUMNS, notes=reasons),
                replace(tests, show=_TEST_COLUMNS, notes=Notes()),
            ]
        return tables

    def _pointers(self) -> tuple[str, ...]:
        """Return where to see more."""
        n_grave = len(at_least(self.findings, "warning"))
        step = ", .structural" if self.structural is not None else ""
        asked = (
            "method", "invariance", "interactions", "resampled", "cutoffs", "influence",
            "multiverse", "power",
        )  # fmt: skip
        more = "".join(f", .{name}" for name in asked if getattr(self, name) is not None)
        parts = f".measurement{step}{more}, .what_if, .scorecard, .agreement, .screening, .manifest"
        tree = ', .draw("tests")' if self.structural is not None else ""
        return (
            f"{len(self.findings)} findings, {n_grave} of them warnings or serious: .findings",
            f"More: {parts}, .draw(){tree}, .plot, .report(directory)",
        )


@dataclass(frozen=True, slots=True)
class _MainFigure:
    """The study's first figure, laid out only where it is shown."""

    result: StudyResult

    def svg(self, prefix: str = "") -> str:
        return self.result.draw().svg(prefix)
