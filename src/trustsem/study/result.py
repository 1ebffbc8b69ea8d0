"""What a study found: both steps, verdicts, scorecard, provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from trustsem import display
from trustsem.findings import Finding, at_least
from trustsem.results import ModelResult
from trustsem.study.measurement import MeasurementStep
from trustsem.study.plan import Study
from trustsem.study.structural import StructuralStep
from trustsem.survey.screening import Screening
from trustsem.tables import Table
from trustsem.validity import Verdict

if TYPE_CHECKING:
    from trustsem.diagram import Diagram

_SHOWN_FINDINGS = 6
_WIDTH = 100


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult:
    """The outcome of a study.

    Parameters
    ----------
    study : Study
        The plan.
    measurement : MeasurementStep
        Step one.
    structural : StructuralStep or None
        Step two; None for a measurement-only study.
    verdict : tuple of Verdict
        One for each step.
    scorecard : DataFrame
        Published against estimated numbers; empty where nothing is published.
    screening : Screening or None
        What was found in the answers; None for a printed matrix.
    agreement : DataFrame
        Agreement of the second engine; empty where it was not run.
    manifest : dict
        How the run came about.
    findings : tuple of Finding
        All findings, the most serious first.
    synthetic : bool
        Whether the data were made by a generator.
    notice : str
        What every output prints first, or an empty string.
    """

    study: Study
    measurement: MeasurementStep
    structural: StructuralStep | None
    verdict: tuple[Verdict, ...]
    scorecard: pd.DataFrame
    screening: Screening | None
    agreement: pd.DataFrame
    manifest: Mapping[str, Any]
    findings: tuple[Finding, ...]
    synthetic: bool
    notice: str

    @property
    def models(self) -> dict[str, ModelResult]:
        """The models of the two steps by the name of the step."""
        models = {"measurement": self.measurement.model}
        if self.structural is not None:
            models["structural"] = self.structural.model
        return models

    @property
    def usable(self) -> bool:
        """Whether every model of the two steps converged to an admissible solution."""
        return all(model.converged and model.admissible for model in self.models.values())

    def report(
        self, directory: str | Path, formats: Sequence[str] = ("html", "json"), *, force: bool = False
    ) -> Path:
        """Write the report.

        Parameters
        ----------
        directory : path
            Where to; it must not exist, unless ``force``.
        formats : sequence of {"html", "json"}
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
        """
        from trustsem.report import write_report  # noqa: PLC0415 (the one upward import)

        return write_report(self, Path(directory), formats=tuple(formats), force=force)

    def draw(self, view: str = "structural") -> Diagram:
        """Draw a path diagram.

        Parameters
        ----------
        view : {"structural", "measurement", "full", "conceptual"}
            What to draw; a measurement-only study has the view ``"measurement"``.

        Returns
        -------
        Diagram
            Shown by a notebook; ``.save("figure.svg")`` writes it.
        """
        from trustsem.study.drawing import draw_study  # noqa: PLC0415 (drawings are optional)

        return draw_study(self, view)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, unrounded, as plain values; a number that does not exist is None."""
        from trustsem.report import plain, results_document  # noqa: PLC0415 (as in report)

        return {**results_document(self), "manifest": plain(self.manifest)}

    def __repr__(self) -> str:
        """Return the outcome on one screen."""
        blocks = ["\n".join(self._heading())]
        blocks.extend("\n".join(lines) for lines in self._paragraphs())
        for table in self._tables():
            blocks.append(table.to_text(_WIDTH))
        blocks.append("\n".join(self._pointers()))
        return display.printable("\n\n".join(blocks), keep_lines=True)

    def _repr_html_(self) -> str:
        notice, *rest = self._heading() if self.notice else ("", *self._heading())
        parts = [Markup("<p><strong>{}</strong></p>").format(notice)] if notice else []
        parts.append(Markup("<h3>{}</h3>").format(rest[0]))
        parts.extend(Markup("<p>{}</p>").format(line) for line in rest[1:])
        for lines in self._paragraphs():
            parts.append(Markup("<p>{}</p>").format(Markup("<br>").join(lines)))
        parts.extend(table.to_html() for table in self._tables())
        parts.append(Markup("<p>{}</p>").format(Markup("<br>").join(self._pointers())))
        return str(Markup("\n").join(parts))

    def _heading(self) -> list[str]:
        """Return the notice, the title, and what was analysed."""
        model = self.measurement.model
        source = self.manifest["inputs"][-1]["name"]
        lines = [self.notice] if self.notice else []
        return [
            *lines,
            f"{self.study.name}: {self.study.title}",
            f"{source}, N = {model.n_obs}, {len(self.study.constructs)} constructs, "
            f"{len(self.study.items)} items, {model.options.estimator} "
            f"({model.options.likelihood})",
        ]

    def _paragraphs(self) -> list[list[str]]:
        """Return what a reader must know first, then fit and verdict of each step."""
        paragraphs = []
        grave = at_least(self.findings, "serious")
        if grave:
            shown = [str(finding) for finding in grave[:_SHOWN_FINDINGS]]
            paragraphs.append(shown)
        for verdict in self.verdict:
            model = self.models[verdict.step]
            number = "Step one" if verdict.step == "measurement" else "Step two"
            fit = display.fit_line(model.fit_measures, model.n_obs)
            paragraphs.append([f"{number}, {verdict.step} model: {fit}", verdict.text])
        return paragraphs

    def _tables(self) -> list[Table]:
        """Return reliability and hypotheses as short tables."""
        reliability = self.measurement.reliability[["label", "n_items", "alpha", "cr", "ave"]]
        tables = [
            Table(
                "reliability",
                "Convergent Validity",
                reliability.reset_index(drop=True).rename(columns={"label": "construct"}),
            )
        ]
        if self.structural is not None:
            columns = ["hypothesis", "path", "sign", "std_all", "est", "se", "z", "pvalue"]
            hypotheses = self.structural.hypotheses[[*columns, "supported"]]
            tables.append(Table("hypotheses", "Hypotheses", hypotheses))
        return tables

    def _pointers(self) -> list[str]:
        """Return where to see more."""
        warnings = len(at_least(self.findings, "warning"))
        count = f"{len(self.findings)} findings, {warnings} of them warnings or serious: .findings"
        structural = ", .structural" if self.structural is not None else ""
        return [
            count,
            f"More: .measurement{structural}, .scorecard, .agreement, .screening, .manifest, "
            ".draw(), .report(directory)",
        ]
