"""The two steps with ordered items: from the study file's word to verdicts and prose."""

from __future__ import annotations

import numpy as np
import pytest

import trustsem as ts
from kernel_models import holzinger
from trustsem.errors import UnsupportedError
from trustsem.report.prose import methods


@pytest.fixture(scope="module")
def study():
    return ts.Study(
        title="Ability and speed",
        constructs={"textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]},
        hypotheses=["H1: textual -> speed"],
        ordered=True,
    )


@pytest.fixture(scope="module")
def answers():
    frame = holzinger()[[f"x{i}" for i in range(4, 10)]]
    return frame.apply(lambda item: np.digitize(item, item.quantile([0.2, 0.5, 0.8])))


def test_a_study_of_ordered_items_says_what_its_reliabilities_are(study, answers):
    result = ts.two_step(study, answers)
    assert result.measurement.model.options.estimator == "WLSMV"
    assert result.structural.model.options.estimator == "WLSMV"
    assert "behind_answers" in {finding.code for finding in result.measurement.findings}
    assert result.structural.hypotheses["est"].notna().all()
    text = methods(result, "0")
    assert "diagonally weighted least squares (WLSMV) from thresholds and polychoric" in text
    assert "scaling and shifting" in text
    ave = result.measurement.reliability.loc["textual", "ave"]
    loadings = result.measurement.model.parameters.query("op == '=~' and lhs == 'textual'")
    assert ave == pytest.approx((loadings["std_all"] ** 2).mean())
    rivals = result.measurement.rivals.set_index("model")
    baseline = result.measurement.model.fit_measures["baseline_chisq_scaled"]
    null = rivals.loc["No construct (null model)"]
    assert null["df"] == 15
    assert null["chisq"] == pytest.approx(baseline, rel=1e-6)


def test_a_minimum_that_no_test_corrects_cannot_compare_the_steps(study, answers):
    with pytest.raises(UnsupportedError, match="without a corrected test"):
        ts.two_step(study, answers, estimator="DWLS")


def test_pairwise_keeps_respondents_who_left_something_out(study, answers):
    some = answers.astype(float)
    some.iloc[:20, 0] = np.nan
    pairwise = ts.two_step(study, some, missing="pairwise", second_engine=False)
    listwise = ts.two_step(study, some, second_engine=False)
    assert pairwise.measurement.model.n_obs == len(some)
    assert listwise.measurement.model.n_obs == len(some) - 20
