"""Screening as a study asks for it: rules, Little's test, early against late respondents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trustsem.display import p_statement
from trustsem.errors import SurveyError, listed
from trustsem.findings import Finding, Findings
from trustsem.moments.mcar import McarTest, little_test
from trustsem.survey.codebook import code_text
from trustsem.survey.preparing import require_columns
from trustsem.survey.respondents import ScreeningPlan
from trustsem.survey.screening import MCAR_COLUMNS, SIGNIFICANCE, WAVE_COLUMNS, Screening, screen
from trustsem.validity.nonresponse import check_waves, wave_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustsem.survey.survey import Survey

_TWO = 2


def screen_survey(
    survey: Survey,
    items: Mapping[str, Sequence[str]],
    scale: tuple[float, float] | None = None,
    *,
    plan: ScreeningPlan | None = None,
    **options: Any,
) -> Screening:
    """Screen a survey with everything that a report tells of it.

    Parameters
    ----------
    survey : Survey
        The survey after rules dropped cases, before incomplete cases are left out.
    items : Mapping of construct to items
        Which items measure which construct.
    scale : (float, float), optional
        Lowest and highest answer.
    plan : ScreeningPlan, optional
        Variables that describe the respondents.
    **options
        Further arguments of :func:`trustsem.survey.screen`.

    Returns
    -------
    Screening

    Raises
    ------
    SurveyError
        If the data are not what the plan says.
    """
    plan = plan or ScreeningPlan()
    found = screen(survey, items, scale, plan=plan, **options)
    names = list(dict.fromkeys(name for group in items.values() for name in group))
    test = little_test(survey.frame, names)
    waves = _waves(survey, items, plan)
    constructs = waves.query("kind == 'construct'")
    treatment = str(options.get("missing", "listwise"))
    return replace(
        found,
        mcar=_mcar_table(test),
        waves=waves,
        findings=Findings(
            (*found.findings, *_mcar_findings(test, treatment), *check_waves(constructs))
        ),
    )


def _mcar_table(test: McarTest) -> pd.DataFrame:
    row = (test.chisq, test.df, test.pvalue, test.n_obs, test.n_patterns, test.reason)
    return pd.DataFrame([row], columns=list(MCAR_COLUMNS))


def _mcar_findings(test: McarTest, missing: str) -> list[Finding]:
    """Say what Little's test tells about the way in which missing answers are treated."""
    if test.reason:
        return []
    rejected = test.pvalue < SIGNIFICANCE
    verdict = "rejects" if rejected else "does not reject"
    claim = (
        f"Little's test {verdict} that answers are missing completely at random: "
        f"χ²({test.df:.0f}) = {test.chisq:.2f}, {p_statement(test.pvalue)}."
    )
    loses = rejected and missing != "fiml"
    remedy = f'Missing answers treated {missing} may bias results; missing = "fiml" needs less.'
    return [
        Finding(
            code="mcar",
            subject="data",
            claim=claim,
            severity="warning" if loses else "note",
            holds=not rejected,
            value=test.pvalue,
            threshold=SIGNIFICANCE,
            source="little1988",
            remedy=remedy if loses else "",
        )
    ]


def _waves(survey: Survey, items: Mapping[str, Sequence[str]], plan: ScreeningPlan) -> pd.DataFrame:
    """Compare early and late respondents by constructs and items; empty without waves."""
    if not plan.wave:
        return pd.DataFrame(columns=list(WAVE_COLUMNS))
    chosen, late = waves_of(survey, plan)
    frame = survey.frame[chosen]
    scores = pd.DataFrame({name: _score(frame[list(group)]) for name, group in items.items()})
    names = list(dict.fromkeys(name for group in items.values() for name in group))
    tables = {"construct": wave_table(scores, late), "item": wave_table(frame[names], late)}
    parts = [table.assign(kind=kind) for kind, table in tables.items()]
    return pd.concat(parts, ignore_index=True)[list(WAVE_COLUMNS)]


def _score(answers: pd.DataFrame) -> pd.Series:
    """Return the mean of the answers of each case that gave at least half of them."""
    enough = answers.notna().mean(axis=1) >= 0.5  # noqa: PLR2004  (half)
    return answers.mean(axis=1).where(enough)


def waves_of(survey: Survey, plan: ScreeningPlan) -> tuple[np.ndarray, np.ndarray]:
    """Return which cases are compared, and which of these are late.

    Parameters
    ----------
    survey : Survey
        The survey.
    plan : ScreeningPlan
        ``late`` names the codes that are late, all others are early; without it, the higher of two
        values is late; with more values, the first and last ``wave_share`` of the cases are
        compared.

    Raises
    ------
    UnknownItemError
        If the variable is not in the data.
    SurveyError
        If it does not divide the cases into early and late ones.
    """
    require_columns(survey, [plan.wave])
    column = survey.frame[plan.wave]
    values = sorted(column.dropna().unique())
    known = column.notna().to_numpy()
    if plan.late:
        unknown = [code for code in plan.late if code not in values]
        if unknown:
            shown = listed(map(_told, values))
            raise _undivided(survey, plan, f"no answer is {listed(map(_told, unknown))}", shown)
        late = column.isin(plan.late).to_numpy()
        chosen = known
    elif len(values) == _TWO:
        late = (column == values[1]).to_numpy()
        chosen = known
    else:
        late, early = _ends(column, plan.wave_share)
        chosen = late | early
    if not late[chosen].any() or late[chosen].all():
        raise _undivided(survey, plan, "all cases are in one group", listed(map(_told, values)))
    return chosen, late[chosen]


def _ends(column: pd.Series, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return which cases are among the last and the first share, by the order of their values."""
    order = column.rank(method="average", pct=True)
    late, early = (order > 1 - share).to_numpy(), (order <= share).to_numpy()
    return late, early


def _told(value: object) -> str:
    return code_text(value) if isinstance(value, float) else str(value)


def _undivided(survey: Survey, plan: ScreeningPlan, why: str, values: str) -> SurveyError:
    return SurveyError(
        f"[screening] wave = {plan.wave!r} does not divide the cases into early and late: {why}.",
        where=survey.source.name,
        remedy=f"Its values: {values or 'none'}. Name those that are late: late = [...].",
    )
