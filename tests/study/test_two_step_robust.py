"""The two steps with an estimator whose inference holds without normality."""

from __future__ import annotations

import pytest

import trustsem as ts


@pytest.fixture(scope="module", params=["MLM", "MLR"])
def result(request):
    study = ts.load_study("bollen1989")
    return ts.two_step(study, estimator=request.param)


def test_both_steps_are_corrected(result):
    for model in result.models.values():
        assert model.fit_measures["chisq_scaling_factor"] > 0
        assert model.options.se.startswith("robust")


def test_the_sequence_shows_corrected_fit_and_scaled_differences(result):
    row = result.structural.sequence.iloc[1]
    theory = result.structural.model
    assert row["chisq"] == pytest.approx(theory.fit_measures["chisq_scaled"])
    assert row["cfi"] == pytest.approx(theory.fit_measures["cfi_robust"])


def test_the_report_says_what_was_corrected(result, tmp_path):
    assert "scaled χ²" in repr(result)
    result.report(tmp_path / "report", formats=("html",))
    page = next((tmp_path / "report").glob("*.html")).read_text(encoding="utf-8")
    assert "robust standard errors" in page
    assert "scaled χ²" in page
