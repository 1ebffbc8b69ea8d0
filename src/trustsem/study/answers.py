"""Bring a survey into the state that a study analyses, or say why that cannot be.

Nothing is recoded, dropped or declared missing that the study does not ask for; everything that
is done stands in the survey's log and in the findings.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trustsem.errors import PlanError, listed
from trustsem.findings import Finding, labelled
from trustsem.moments import SurveyMoments
from trustsem.options import Options
from trustsem.study.screening import screen_survey
from trustsem.study.streamed import is_large, streamed_findings, study_moments
from trustsem.survey import Survey, read_survey
from trustsem.survey.codebook_file import codebook_from, with_codebook
from trustsem.survey.parts import ROWS_AT_ONCE, SurveyParts, read_parts
from trustsem.survey.preparing import (
    check_scale,
    declare_missing,
    listwise,
    rename,
    require_columns,
    require_distinct,
    require_numeric,
    require_varying,
    reverse_keyed,
    with_answers,
)
from trustsem.survey.recoding import recode
from trustsem.survey.respondents import drop_cases
from trustsem.survey.screening import Screening

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustsem.study.plan import Study

SYNTHETIC_NOTICE = (
    "SYNTHETIC DATA: the answers were made by a seeded generator, not collected. "
    "No number below is a result of a real study."
)
"""What every output says first where data are synthetic."""

_RENAMING = (
    "Where a column has another name than the item, give the study file a line such as "
    'columns = { bt1 = "Q12_1" } under [data].'
)

Data = str | Path | pd.DataFrame | Survey | SurveyMoments | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What the models of a study are estimated from.

    Parameters
    ----------
    inputs : mapping
        ``data``, or ``sample_cov`` and what belongs to it: options of ``cfa()`` and ``sem()``.
    n_obs : int
        Cases analysed.
    own : bool
        Whether these are the study's own data.
    synthetic : bool
        Whether they were made by a generator.
    survey : Survey or None
        The survey as analysed; None for a printed matrix.
    everyone : Survey or None
        The same with all cases, before any was left out.
    screening : Screening or None
        Flow of cases and description of items; None for a printed matrix.
    wordings : mapping of str to str
        Item to its wording.
    findings : tuple of Finding
        What a reader must know about the data.
    moments : SurveyMoments or None
        What the answers add up to, where the file was read in parts.
    """

    inputs: Mapping[str, Any]
    n_obs: int
    own: bool
    synthetic: bool = False
    survey: Survey | None = None
    everyone: Survey | None = None
    screening: Screening | None = None
    wordings: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    moments: SurveyMoments | None = None

    def inputs_with(self, extra: Sequence[str]) -> Mapping[str, Any]:
        """Return the inputs with further columns of the answers.

        Parameters
        ----------
        extra : sequence of str
            Their names; a printed matrix holds them already.
        """
        if self.survey is None or not extra:
            return self.inputs
        columns = list(dict.fromkeys([*self.inputs["data"].columns, *extra]))
        return {**self.inputs, "data": self.survey.frame[columns]}

    def grouped(self, by: str) -> Mapping[str, Any]:
        """Return the inputs with the column of the groups, named by their labels.

        Parameters
        ----------
        by : str
            The column.
        """
        inputs = self.inputs_with([by])
        if self.survey is None:
            return inputs
        labels = self.survey.codebook[by].value_labels
        named = inputs["data"][by].map(lambda value: labels.get(value) or value, na_action="ignore")
        return {**inputs, "data": inputs["data"].assign(**{by: named})}

    @property
    def notice(self) -> str:
        """The sentence that every output prints first, or an empty string."""
        return SYNTHETIC_NOTICE if self.synthetic else ""


def prepare_answers(
    study: Study,
    data: Data = None,
    moments: Mapping[str, Any] | None = None,
    options: Options | None = None,
) -> Answers:
    """Read and check the answers of a study.

    Parameters
    ----------
    study : Study
        The plan.
    data : path, DataFrame, Survey, SurveyMoments or None
        Answers to analyse; None: the study's own data. A file of many cases, or one that was added
        up, is read in parts (:mod:`trustsem.study.streamed`).
    moments : mapping, optional
        ``sample_cov`` and ``sample_nobs`` (and ``sample_mean``, ``sample_sd``) instead of answers.
    options : Options, optional
        Options of the estimation, which say whether incomplete cases count; by default the study's
        own.

    Returns
    -------
    Answers

    Raises
    ------
    PlanError
        If there is nothing to analyse.
    UnreadableFileError, UnknownItemError, NotNumericError, ScaleMismatchError, SurveyError
        If the data are not what the study says.
    """
    if moments:
        if data is not None:
            raise PlanError("Give either data or sample_cov, not both.")
        return _printed(moments, own=False)
    if data is None and study.printed_options:
        return _printed(study.printed_options, own=True)
    source = study.data_file if data is None else data
    if source is None:
        raise PlanError(
            f"The study {study.name!r} names no data of its own.",
            remedy="Give the data with the run: --data FILE, or two_step(study, data=...).",
        )
    chosen = Options.from_keywords(**study.options) if options is None else options
    parts = _in_parts(study, source)
    if parts is not None:
        return _added_up(study, parts, chosen, own=data is None)
    survey = _read(source, study.codebook_file)
    everyone = prepared_survey(study, survey)
    prepared = drop_cases(everyone, study.items_of, study.screening)
    prepared = analysable(study, prepared, chosen)
    screening = screen_survey(
        prepared,
        dict(study.items_of),
        plan=study.screening,
        missing=chosen.missing,
        scales=study.scales,
        everyone=everyone,
    )
    screening = replace(screening, findings=labelled(screening.findings, study.labels))
    analysed = counted(study, prepared, chosen)
    own = data is None
    return Answers(
        inputs={"data": analysed.frame[list(study.variables)]},
        n_obs=analysed.n_cases,
        own=own,
        synthetic=(own and study.synthetic) or survey.synthetic,
        survey=analysed,
        everyone=everyone,
        screening=screening,
        wordings={item: analysed.codebook[item].wording for item in study.items},
        findings=(*analysed.findings, *screening.findings),
    )


def analysable(study: Study, survey: Survey, options: Options) -> Survey:
    """Leave out the cases that no treatment of missing answers could count.

    Parameters
    ----------
    study : Study
        The plan.
    survey : Survey
        A prepared survey, after rules dropped cases.
    options : Options
        Options of the estimation.
    """
    outside = [name for name in study.variables if name not in study.construct_of]
    if outside and (options.fixed_x or not options.incomplete):
        survey = listwise(survey, outside)
    return survey if options.missing == "listwise" else with_answers(survey, study.items)


def counted(study: Study, survey: Survey, options: Options) -> Survey:
    """Return the cases that the models are estimated from.

    Parameters
    ----------
    study : Study
        The plan.
    survey : Survey
        What :func:`analysable` left.
    options : Options
        Options of the estimation.

    Raises
    ------
    SurveyError
        If a variable does not vary, or two items are the same.
    """
    survey = listwise(survey, study.items) if options.missing == "listwise" else survey
    require_varying(survey, study.variables)
    require_distinct(survey, study.items)
    return survey


def _in_parts(
    study: Study, source: str | Path | pd.DataFrame | Survey | SurveyMoments
) -> SurveyParts | None:
    """Return the file of a source that is read in parts; None for one that is held in memory."""
    if isinstance(source, SurveyMoments):
        return source.parts
    if not isinstance(source, str | Path):
        return None
    at_once = study.chunk_rows
    if at_once is None and not is_large(Path(source)):
        return None
    return read_parts(source, codebook=study.codebook_file, at_once=at_once or ROWS_AT_ONCE)


def _added_up(study: Study, parts: SurveyParts, options: Options, *, own: bool) -> Answers:
    """Return what the answers of a file add up to."""
    moments = study_moments(study, parts, options, partial(prepared_survey, study), _RENAMING)
    books = moments.codebook
    return Answers(
        inputs={"data": moments},
        n_obs=moments.n_rows,
        own=own,
        synthetic=(own and study.synthetic) or moments.synthetic,
        wordings={item: books[item].wording for item in study.items},
        findings=streamed_findings(moments),
        moments=moments,
    )


def prepared_survey(study: Study, survey: Survey) -> Survey:
    """Return a survey with the study's names, codes and reversed items, all cases kept.

    Parameters
    ----------
    study : Study
        The plan.
    survey : Survey
        The survey as read.

    Returns
    -------
    Survey

    Raises
    ------
    UnknownItemError, NotNumericError, ScaleMismatchError
        If the data are not what the study says.
    """
    present = set(survey.frame.columns)
    renamed = {
        column: name
        for name, column in study.columns.items()
        if column in present and name not in present
    }
    survey = rename(survey, renamed)
    by = (study.groups.by,) if study.groups else ()
    needed = [*study.variables, *study.bias_items, *by, *study.screening.variables, *study.recode]
    require_columns(survey, needed, _where_named(study, survey) + _RENAMING)
    for name, codes in study.recode.items():
        survey = recode(survey, name, codes)
    survey = declare_missing(survey, study.missing_codes, [*study.items, *study.bias_items])
    require_numeric(survey, [*study.variables, *study.bias_items])
    for scale, items in _by_scale(study).items():
        check_scale(survey, items, scale)
    for scale, items in _by_scale(study).items():
        survey = reverse_keyed(survey, [i for i in items if i in study.reversed_items], scale)
    return survey


def _where_named(study: Study, survey: Survey) -> str:
    """Say which sections besides the constructs name columns that are not there."""
    sections = {"screening": study.screening.variables, "recode": tuple(study.recode)}
    absent = {
        section: [name for name in names if name not in survey.frame.columns]
        for section, names in sections.items()
    }
    return "".join(
        f"[{section}] names {listed(names)}. " for section, names in absent.items() if names
    )


def _read(
    source: str | Path | pd.DataFrame | Survey | SurveyMoments, codebook: Path | None
) -> Survey:
    """Return a survey of any kind of source, described by the study's codebook if there is one."""
    if isinstance(source, str | Path):
        return read_survey(source, codebook=codebook)
    if not isinstance(source, pd.DataFrame | Survey):
        raise PlanError(
            "data must be a path, a DataFrame, a Survey or the moments of a file, got "
            f"{type(source).__name__}."
        )
    survey = source if isinstance(source, Survey) else Survey.from_frame(source)
    if codebook is None:
        return survey
    return with_codebook(survey, codebook_from(read_survey(codebook)), codebook.name)


def _printed(moments: Mapping[str, Any], *, own: bool) -> Answers:
    """Return a printed matrix as what is analysed."""
    if moments.get("sample_cov") is None:
        raise PlanError("sample_mean, sample_sd and sample_nobs belong to a sample_cov.")
    n_obs = moments.get("sample_nobs")
    if n_obs is None:
        raise PlanError(
            "A matrix alone does not say how many cases are behind it.",
            remedy="Give sample_nobs as well.",
        )
    finding = Finding(
        code="matrix_input",
        subject="data",
        claim=f"Analysed from a matrix of N = {n_obs} cases: answers cannot be screened.",
    )
    findings = (finding, *_correlations_only(moments))
    return Answers(inputs=dict(moments), n_obs=int(n_obs), own=own, findings=findings)


def _correlations_only(moments: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Warn of a correlation matrix that is analysed as if it were one of covariances."""
    diagonal = np.diag(np.asarray(moments["sample_cov"], dtype=float))
    if moments.get("sample_sd") is not None or not np.allclose(diagonal, 1.0, atol=1e-9):
        return ()
    return (
        Finding(
            code="correlation_input",
            subject="data",
            claim=(
                "A correlation matrix is analysed as a covariance matrix: standard errors, and "
                "with equality constraints the chi-square, are only approximate."
            ),
            severity="warning",
            source="cudeck1989",
            remedy="Give the standard deviations (sd) as well.",
        ),
    )


def _by_scale(study: Study) -> dict[tuple[float, float], list[str]]:
    """Return items by their scale."""
    groups: dict[tuple[float, float], list[str]] = {}
    for item, scale in study.scales.items():
        groups.setdefault(scale, []).append(item)
    return groups
