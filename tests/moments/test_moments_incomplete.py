"""Incomplete data become patterns and saturated moments, or the reader learns what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kernel_models import holzinger
from trustsem.errors import (
    MomentsError,
    NotNumericError,
    NotPositiveDefiniteError,
    TooFewObservationsError,
    UnknownIndicatorError,
)
from trustsem.moments import SampleMoments, available_moments, em_moments, from_frame
from trustsem.patterns import Patterns

ITEMS = ["x1", "x2", "x3", "x4", "x5"]


def with_holes(share: float, seed: int = 1, items: list[str] | None = None) -> pd.DataFrame:
    """Return the tests of 301 children, answers to some of them missing at random."""
    rng = np.random.default_rng(seed)
    frame = holzinger()
    for name in ITEMS[1:] if items is None else items:
        frame[name] = frame[name].mask(rng.random(len(frame)) < share)
    return frame


def gradient(moments: SampleMoments) -> float:
    """Return the largest slope of the likelihood in standardised moments."""
    at = moments.patterns.at(moments.cov, moments.mean)
    sd = np.sqrt(np.diag(moments.cov))
    return max(np.abs(at.dF_dSigma * np.outer(sd, sd)).max(), np.abs(at.dF_dmu * sd).max())


def test_complete_data_have_the_usual_moments():
    moments = em_moments(holzinger(), ITEMS)
    plain = from_frame(holzinger(), ITEMS, divisor="n")
    assert np.allclose(moments.cov, plain.cov, rtol=1e-12)
    assert np.allclose(moments.mean, plain.mean, rtol=1e-13)
    assert len(moments.patterns.counts) == 1
    assert moments.findings == ()


def test_one_gap_in_a_pair_has_a_closed_form():
    frame = holzinger()
    frame.loc[100:, "x2"] = np.nan
    moments = em_moments(frame, ["x1", "x2"])
    seen = frame.iloc[:100]
    slope = np.cov(seen["x1"], seen["x2"])[0, 1] / seen["x1"].var()
    residual = (seen["x2"] - slope * seen["x1"]).var(ddof=0)
    variance = frame["x1"].var(ddof=0)
    mean = seen["x2"].mean() + slope * (frame["x1"].mean() - seen["x1"].mean())
    assert moments.mean == pytest.approx([frame["x1"].mean(), mean], abs=1e-9)
    assert moments.cov[0, 1] == pytest.approx(slope * variance, abs=1e-9)
    assert moments.cov[1, 1] == pytest.approx(residual + slope**2 * variance, abs=1e-9)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6])
def test_the_likelihood_has_no_slope_at_the_estimates(share):
    moments = em_moments(with_holes(share), ITEMS)
    assert gradient(moments) < 1e-9
    assert "em_not_converged" not in {finding.code for finding in moments.findings}


def test_the_log_likelihood_is_the_sum_over_cases():
    moments = em_moments(with_holes(0.3), ITEMS)
    total = 0.0
    for case in moments.data:
        known = ~np.isnan(case)
        law = stats.multivariate_normal(moments.mean[known], moments.cov[np.ix_(known, known)])
        total += law.logpdf(case[known])
    assert moments.patterns.log_likelihood(moments.cov, moments.mean) == pytest.approx(total)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=8, deadline=None)
def test_the_order_of_cases_and_the_units_are_irrelevant(seed):
    rng = np.random.default_rng(seed)
    frame = with_holes(0.25)[ITEMS]
    scale = 10.0 ** rng.integers(-3, 4, size=5)
    moved = em_moments(frame.iloc[rng.permutation(len(frame))] * scale, ITEMS)
    plain = em_moments(frame, ITEMS)
    assert np.allclose(moved.cov, plain.cov * np.outer(scale, scale), rtol=1e-8)
    assert np.allclose(moved.mean, plain.mean * scale, rtol=1e-8)


def test_estimates_are_labelled():
    moments = em_moments(with_holes(0.1), ITEMS)
    assert moments.covariances.loc["x2", "x4"] == moments.cov[1, 3]
    assert moments.means["x3"] == moments.mean[2]
    assert em_moments(with_holes(0.1)[ITEMS]).names == tuple(ITEMS)


def test_a_selection_keeps_cases_and_patterns():
    moments = em_moments(with_holes(0.2), ITEMS)
    chosen = moments.select(["x4", "x1", "x5", "x3", "x2"])
    assert chosen.n_obs == moments.n_obs
    assert chosen.cov[0, 4] == moments.cov[3, 1]
    assert gradient(chosen) < 1e-9


def test_the_reader_learns_what_is_missing():
    frame = with_holes(0.2)
    frame.loc[[3, 8], ITEMS] = np.nan
    moments = em_moments(frame, ITEMS)
    lost, missing = moments.findings
    assert (lost.code, lost.severity) == ("cases_lost", "warning")
    assert "2 of 301 cases have no answer" in lost.claim
    assert moments.n_obs == 299
    assert (missing.code, missing.severity) == ("missing_answers", "note")
    assert f"{len(moments.patterns.counts)} patterns" in missing.claim
    known = frame[ITEMS].dropna(how="all").notna().astype(float)
    together = (known.T @ known / 299).to_numpy()
    assert np.allclose(moments.patterns.coverage, together, rtol=1e-12)
    assert missing.value == pytest.approx(together.min())


def test_what_is_conditioned_on_must_be_there():
    frame = with_holes(0.2)
    frame.loc[[0, 1, 2], "ageyr"] = np.nan
    moments = em_moments(frame, [*ITEMS, "ageyr"], complete=["ageyr"])
    assert moments.n_obs == 298
    assert "3 of 301 cases lack a covariate" in moments.findings[0].claim


def test_a_pair_with_few_common_cases_is_a_warning():
    frame = holzinger()
    frame.loc[:149, "x2"] = np.nan
    frame.loc[170:, "x3"] = np.nan
    (finding,) = em_moments(frame, ITEMS).findings
    assert finding.severity == "warning"
    assert "x2 with x3" in finding.claim
    assert finding.value == pytest.approx(20 / 301)


def test_a_pair_never_observed_together_is_refused_by_name():
    frame = holzinger()
    frame.loc[:149, "x2"] = np.nan
    frame.loc[150:, "x3"] = np.nan
    with pytest.raises(MomentsError, match="Never observed together: x2 with x3"):
        em_moments(frame, ITEMS)


def test_impossible_variables_are_refused_by_name():
    frame = with_holes(0.2)
    with pytest.raises(MomentsError, match="No case has an answer to x3"):
        em_moments(frame.assign(x3=np.nan), ITEMS)
    with pytest.raises(NotPositiveDefiniteError, match="Without variance: x3"):
        em_moments(frame.assign(x3=frame["x2"] * 0 + 4), ITEMS)
    with pytest.raises(NotPositiveDefiniteError, match="x1"):
        em_moments(frame.assign(x3=2 * frame["x1"] + 1), ["x1", "x3", "x4"])
    with pytest.raises(UnknownIndicatorError, match="x11"):
        em_moments(frame, ["x1", "x11"])
    with pytest.raises(NotNumericError, match="often"):
        em_moments(frame.assign(x1="often"), ITEMS)
    with pytest.raises(TooFewObservationsError):
        em_moments(frame.head(5), ITEMS)


def test_descriptive_moments_are_those_of_available_pairs():
    frame = with_holes(0.3)
    cov, mean = available_moments(em_moments(frame, ITEMS, divisor="n-1"))
    assert np.allclose(cov, frame[ITEMS].cov(), rtol=1e-12)
    assert np.allclose(mean, frame[ITEMS].mean(), rtol=1e-13)


@pytest.mark.parametrize("width", [3, 9, 70])
def test_cases_of_one_pattern_observe_the_same(width):
    rng = np.random.default_rng(width)
    data = rng.normal(size=(60, width))
    data[rng.random(data.shape) < 0.1] = np.nan
    data = np.vstack([data, data[:20]])
    patterns = Patterns.of(data)
    assert np.array_equal(patterns.observed[patterns.of_case], ~np.isnan(data))
    assert len(np.unique(patterns.observed, axis=0)) == len(patterns.observed)
    assert patterns.counts.tolist() == np.bincount(patterns.of_case).tolist()
