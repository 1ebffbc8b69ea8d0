"""Samples that answer as a sample did: cut into its categories, with its gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import holzinger
from trustsem.errors import ResamplingError
from trustsem.estimation import estimate
from trustsem.moments import renewed
from trustsem.simulation import plan_resamples

MODEL = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6"
ITEMS = [f"x{number}" for number in range(1, 7)]


def incomplete():
    """Return answers of which those after the first are missing more often where it is low."""
    frame = holzinger()[ITEMS]
    rng = np.random.default_rng(1939)
    low = frame["x1"].to_numpy() < frame["x1"].median()
    gaps = rng.random(frame.shape) < np.where(low, 0.2, 0.05)[:, None]
    gaps[:, 0] = False
    return frame.mask(gaps)


def in_categories(names=ITEMS):
    frame = holzinger()
    cut = {name: pd.qcut(frame[name], [0, 0.3, 0.6, 1], labels=False) for name in names}
    return frame.assign(**cut)


def source(result, kind):
    problem = result.estimate.problem
    return plan_resamples(problem, result.estimate.params, kind, 3, 1).sources


@pytest.mark.parametrize("model", [MODEL, "f =~ x1 + x2 + x3 + x4 + x5 + x6\nx1 ~ 4*1"])
def test_moved_incomplete_cases_have_exactly_the_saturated_moments_of_the_model(model):
    result = ts.cfa(model, incomplete(), missing="fiml")
    problem = result.estimate.problem
    (cases,) = source(result, "bollen-stine")
    (sample,), (implied,) = problem.samples, problem.implied(result.estimate.params)
    assert (np.isnan(cases.data) == np.isnan(sample.data)).all()
    own = renewed(sample, cases.data)
    assert own.cov == pytest.approx(implied.Sigma, abs=1e-7)
    assert own.mean == pytest.approx(implied.mu, abs=1e-7)
    again = estimate(problem.with_samples([own]))
    assert again.chisq == pytest.approx(0.0, abs=1e-6)
    assert again.params == pytest.approx(result.estimate.params, abs=1e-5)


def test_complete_cases_move_alike_with_and_without_the_likelihood_of_incomplete_cases():
    frame = holzinger()[ITEMS]
    moved = [
        source(ts.cfa(MODEL, frame, meanstructure=True, **options), "bollen-stine")[0].data
        for options in ({}, {"missing": "fiml"})
    ]
    assert moved[0] == pytest.approx(moved[1], abs=1e-5)


def test_samples_of_the_model_keep_the_gaps_of_the_sample():
    result = ts.cfa(MODEL, incomplete(), missing="fiml")
    (population,) = source(result, "parametric")
    cases = population.draw_cases(np.random.default_rng(1))
    (sample,) = result.estimate.problem.samples
    assert (np.isnan(cases) == np.isnan(sample.data)).all()
    (implied,) = result.estimate.problem.implied(result.estimate.params)
    many = np.concatenate([population.draw_cases(np.random.default_rng(k)) for k in range(40)])
    spread = np.sqrt(np.diag(implied.Sigma))
    assert np.nanmean(many, axis=0) == pytest.approx(implied.mu, abs=0.05)
    assert np.nanstd(many, axis=0) == pytest.approx(spread, rel=0.03)


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
@pytest.mark.parametrize("ordered", [ITEMS, ITEMS[:3]], ids=["ordered", "mixed"])
def test_samples_of_the_model_fall_into_the_categories_as_it_implies(parameterization, ordered):
    frame = in_categories(ordered)
    result = ts.cfa(MODEL, frame, ordered=ordered, parameterization=parameterization)
    (population,) = source(result, "parametric")
    many = np.concatenate([population.draw_cases(np.random.default_rng(k)) for k in range(40)])
    own = frame[ITEMS].to_numpy(dtype=float)
    for place, name in enumerate(ITEMS):
        if name in ordered:  # thresholds are free, hence those of the sample
            shares = np.bincount(many[:, place].astype(int)) / len(many)
            expected = np.bincount(own[:, place].astype(int)) / len(own)
            assert shares == pytest.approx(expected, abs=0.015)
        else:
            assert many[:, place].mean() == pytest.approx(own[:, place].mean(), abs=0.04)
            assert many[:, place].std() == pytest.approx(own[:, place].std(), rel=0.03)
    # The correlations behind the answers of a very large sample are the implied ones.
    (sample,), (block,) = result.estimate.problem.samples, result.estimate.problem.objective.blocks
    _, _, cov = block.responses.seen(result.estimate.problem.implied(result.estimate.params)[0])
    scale = np.sqrt(np.diag(cov))
    gap = (renewed(sample, many).cov - cov) / np.outer(scale, scale)
    assert np.abs(gap).max() < 0.04


def test_groups_with_other_scales_fall_into_their_own_categories():
    frame = in_categories()
    options = {"ordered": ITEMS, "group": "school", "group_equal": ["loadings", "thresholds"]}
    result = ts.cfa(MODEL, frame, **options)
    problem = result.estimate.problem
    for population, sample, block, implied in zip(
        source(result, "parametric"),
        problem.samples,
        problem.objective.blocks,
        problem.implied(result.estimate.params),
        strict=True,
    ):
        rng = np.random.default_rng(8)
        many = np.concatenate([population.draw_cases(rng) for _ in range(60)])
        thresholds, _, cov = block.responses.seen(implied)
        moments = renewed(sample, many)
        assert np.diag(cov) == pytest.approx(np.ones(6), abs=1e-6)
        assert moments.ordinal.thresholds == pytest.approx(thresholds, abs=0.05)
        assert np.abs(moments.cov - cov).max() < 0.05


def test_answers_that_are_missing_stay_missing_in_ordered_samples(rng):
    frame = in_categories()[ITEMS].astype(float)
    frame = frame.mask(rng.random(frame.shape) < 0.1)
    result = ts.cfa(MODEL, frame, ordered=ITEMS, missing="pairwise")
    (population,) = source(result, "parametric")
    (sample,) = result.estimate.problem.samples
    cases = population.draw_cases(np.random.default_rng(2))
    assert (np.isnan(cases) == np.isnan(sample.data)).all()
    assert result.bootstrap(4, seed=1, kind="parametric").n == 4


def test_ordered_answers_cannot_be_moved():
    result = ts.cfa("f =~ x1 + x2 + x3 + x4", in_categories(), ordered=True)
    with pytest.raises(ResamplingError, match="categories"):
        source(result, "bollen-stine")


def test_errors_of_ordered_samples_are_those_of_theory():
    frame = in_categories()[ITEMS[:4]]
    result = ts.cfa("f =~ x1 + x2 + x3 + x4", frame, ordered=True)
    found = result.bootstrap(80, seed=5, kind="parametric")
    free = (result.parameters["free"] > 0) & (result.parameters["op"] != "~~")
    ratio = found.parameters["se"][free] / result.parameters["se"][free]
    assert ratio.median() == pytest.approx(1.0, abs=0.2)
    assert found.parameters["bias"][free].abs().max() < 0.1


def test_chi_squares_of_incomplete_samples_of_the_model_are_about_its_df():
    result = ts.cfa("f =~ x1 + x2 + x3 + x4", incomplete(), missing="fiml")
    found = result.bootstrap(40, seed=5, kind="parametric")
    assert found.chisq.mean() == pytest.approx(result.df, abs=4 * 2 / np.sqrt(40))
