"""A study of incomplete answers: every case that answered anything counts in both steps."""

from __future__ import annotations

import numpy as np
import pytest

import trustsem as ts
from kernel_models import holzinger
from trustsem.errors import SurveyError


def study(**options):
    """Return a study of three constructs, with incomplete answers counted."""
    return ts.Study(
        title="Abilities",
        constructs={
            "visual": ts.reflective("x1:x3"),
            "textual": ts.reflective("x4:x6"),
            "speed": ts.reflective("x7:x9"),
        },
        hypotheses=["H1: textual -> speed", "H2: visual -> speed"],
        missing="fiml",
        **options,
    )


def answers():
    """Return answers with gaps in every item, two cases without any."""
    frame = holzinger()[[f"x{number}" for number in range(1, 10)]]
    for place, name in enumerate(frame):
        frame.loc[place :: 9 + place, name] = np.nan
    frame.loc[[10, 20]] = np.nan
    return frame


def test_incomplete_cases_count_in_both_steps():
    result = ts.two_step(study(), answers())
    assert result.measurement.model.n_obs == result.structural.model.n_obs == 299
    assert result.screening.flow["step"].tolist() == ["read", "no_answers"]
    assert result.screening.flow["remaining"].tolist() == [301, 299]
    expected = ts.cfa(study().measurement_model(), answers(), missing="fiml")
    assert np.allclose(
        result.measurement.model.parameters["est"], expected.parameters["est"], atol=1e-8
    )
    codes = {finding.code for finding in result.findings}
    assert {"missing_answers", "engine_unavailable"} <= codes
    assert result.measurement.reliability[["cr", "ave"]].notna().all(axis=None)


def test_an_override_decides_as_well():
    result = ts.two_step(study(), answers(), missing="listwise")
    complete = int(answers().notna().all(axis=1).sum())
    assert result.measurement.model.n_obs == complete
    assert result.screening.flow["step"].tolist()[-1] == "listwise"


def test_answers_that_are_all_missing_are_refused():
    with pytest.raises(SurveyError, match="No case answers any"):
        ts.two_step(study(), answers() * np.nan)
