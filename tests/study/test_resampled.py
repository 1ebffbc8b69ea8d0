"""The bootstrap of a study: both steps from the same resamples, intervals of what is reported."""

from __future__ import annotations

import numpy as np
import pytest

import trustsem as ts
from trustsem.errors import ResamplingError

N = 200


@pytest.fixture(scope="module")
def result():
    return ts.two_step("bollen1989", bootstrap=N)


@pytest.fixture(scope="module")
def resampled(result):
    return result.resampled


def test_both_steps_are_estimated_from_the_same_resamples(result, resampled):
    first, second = resampled.measurement, resampled.structural
    assert (first.n, first.seed) == (second.n, second.seed) == (N, result.study.run.seed)
    # The structure of this study restricts nothing: the two models are the same on each resample.
    assert np.allclose(np.sort(first.chisq), np.sort(second.chisq), atol=1e-6)


def test_estimates_are_those_of_the_steps(result, resampled):
    reliability = resampled.reliability.pivot(index="construct", columns="statistic", values="est")
    table = result.measurement.reliability
    for name in ("alpha", "alpha_std", "omega", "cr", "ave", "h", "msv", "asv"):
        assert reliability[name].to_dict() == pytest.approx(table[name].to_dict())
    phi = resampled.discriminant.query("statistic == 'phi'")["est"].tolist()
    assert sorted(phi) == pytest.approx(sorted(result.measurement.discriminant["phi"]))
    own = resampled.hypotheses.set_index("hypothesis")
    assert own["std"].tolist() == pytest.approx(result.structural.hypotheses["std_all"].tolist())
    keys = ["predictor", "outcome", "kind"]
    effects = result.structural.effects.set_index(keys)
    mine = resampled.effects[resampled.effects["kind"] != "specific"].set_index(keys)
    assert mine["est"].to_dict() == pytest.approx(effects["est"].to_dict())


def test_an_interval_is_that_of_the_resampled_statistic(result, resampled):
    values = resampled.structural.values("std_all")
    rows = result.structural.model.parameters
    (place,) = np.flatnonzero((rows["op"] == "~") & (rows["lhs"] == "dem60"))
    low, high = np.quantile(values[:, place], [0.025, 0.975])
    found = resampled.hypotheses.set_index("path").loc["ind60 -> dem60"]
    assert found["std_percentile_ci_lower"] == pytest.approx(low, abs=0.02)
    assert found["std_percentile_ci_upper"] == pytest.approx(high, abs=0.02)
    assert found["std_se"] == pytest.approx(values[:, place].std(ddof=1))


def test_the_share_of_resamples_that_meet_a_criterion(resampled):
    table = resampled.reliability.set_index(["construct", "statistic"])
    assert table.loc[("ind60", "cr"), "probability"] == 1.0
    assert table["probability"].dropna().between(0, 1).all()
    assert np.isnan(table.loc[("ind60", "h"), "probability"])


def test_a_printed_matrix_is_resampled_from_its_population():
    found = ts.two_step("wheaton1977", bootstrap=60).resampled
    assert found.measurement.kind == "parametric"
    assert found.hypotheses["bca_ci_lower"].isna().all()
    assert (found.hypotheses["bc_ci_lower"] < found.hypotheses["est"]).all()
    assert "BCa (" not in repr(found)


def test_one_kind_of_interval_is_shown_and_named_everywhere(result):
    matrix = ts.two_step("wheaton1977", bootstrap=60)
    for found, method, title in ((result, "bca", "BCa"), (matrix, "bc", "BC")):
        assert found.resampled.method == method
        table = found.table("hypotheses")
        own = found.resampled.hypotheses
        assert table.frame["boot_ci_lower"].tolist() == own[f"std_{method}_ci_lower"].tolist()
        assert f"{title} bootstrap interval" in table.notes.general
        assert f"{title} intervals" in found.table("bootstrap-reliability").notes.general
        assert f"bootstrap {title}" in found.plot.loadings.chart().note


def test_fit_is_judged_by_resamples_under_exact_fit(result, resampled):
    fit = resampled.fit.set_index(["step", "measure"])
    assert list(resampled.exact) == ["measurement", "structural"]
    for step, model in (("measurement", result.measurement), ("structural", result.structural)):
        exact = resampled.exact[step]
        assert (exact.kind, exact.n) == ("bollen-stine", N)
        alone = model.model.bootstrap(N, result.study.run.seed, "bollen-stine")
        assert fit.loc[(step, "chisq"), "pvalue"] == pytest.approx(alone.pvalue)
        assert fit.loc[(step, "rmsea"), "exact_upper"] == pytest.approx(
            alone.fit.loc["rmsea", "upper"]
        )
        own = model.model.fit_measures
        for measure in ("chisq", "cfi", "tli", "rmsea", "srmr"):
            assert fit.loc[(step, measure), "est"] == pytest.approx(own[measure])
    naive = resampled.structural.fit
    assert fit.loc[("structural", "chisq"), "mean"] == pytest.approx(naive.loc["chisq", "mean"])


def test_resamples_from_a_matrix_are_samples_under_exact_fit():
    found = ts.two_step("wheaton1977", bootstrap=60).resampled
    assert found.exact["structural"] is found.structural
    assert found.fit["mean"].isna().all()
    assert found.fit["pvalue"].between(0, 1).all()


def test_failed_and_inadmissible_resamples_are_counted_wherever_they_are_shown(result, resampled):
    counts = resampled.counts.set_index(["step", "kind"])
    improper = resampled.structural.n_inadmissible
    assert improper > 0
    assert counts.loc[("structural", "nonparametric"), "inadmissible"] == improper
    assert counts.loc[("structural", "nonparametric"), "failed"] == resampled.structural.n_failed
    words = f"structural model: {resampled.structural.n_failed} without a solution, {improper}"
    assert words in result.table("bootstrap-hypotheses").notes.general
    assert f"structural {resampled.structural.n_failed} failed, {improper} inadmissible" in repr(
        resampled
    )
    stored = result.to_dict()["bootstrap"]
    assert stored["counts"] == resampled.counts.to_dict("records")
    assert len(stored["fit"]) == 10


def test_nothing_is_resampled_unless_asked_for():
    assert ts.two_step("holzinger1939").resampled is None


def test_the_report_shows_the_intervals(result, tmp_path):
    page = (result.report(tmp_path / "out") / "report.html").read_text(encoding="utf-8")
    assert "Bootstrap Intervals of the Hypothesised Effects" in page
    assert f"{N} resamples" in page
    assert "Efron, B. (1987)" in page
    assert "Fit of the Models in the Resamples" in page
    assert "Bollen, K. A., &amp; Stine" in page


def test_what_cannot_be_resampled_is_said(monkeypatch):
    def nothing(*_args, **_kwargs):
        raise ResamplingError("There is nothing to draw from.")

    monkeypatch.setattr("trustsem.study.resampled.run_bootstraps", nothing)
    result = ts.two_step("wheaton1977", bootstrap=10)
    assert result.resampled is None
    assert "no_bootstrap" in {item.code for item in result.findings}


def test_a_p_value_of_resamples_is_a_share_and_fit_is_called_uncorrected(result):
    table = result.table("bootstrap-fit")
    frame = table.frame
    printed = [table.cell(row, "pvalue") for row in range(len(frame))]
    assert [float(text) for text in printed] == [round(value, 3) for value in frame["pvalue"]]
    assert "uncorrected" not in table.notes.general
    robust = ts.two_step("bollen1989", bootstrap=5, estimator="MLR")
    assert "uncorrected chi-square" in robust.table("bootstrap-fit").notes.general
