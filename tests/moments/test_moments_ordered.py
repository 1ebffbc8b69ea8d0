"""Thresholds and correlations behind ordered answers, and what is said about sparse data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from scipy.stats import multivariate_normal, norm

from trustsem.errors import MomentsError, TooFewObservationsError
from trustsem.moments import from_ordered_frame, polychoric, read_categories
from trustsem.moments.bivariate import density, lower_probability
from trustsem.moments.layout import MomentLayout
from trustsem.moments.ordinal import ordinal_moments


@pytest.fixture
def answers(rng):
    behind = rng.multivariate_normal([0, 0, 0], 0.5 + 0.5 * np.eye(3), size=400)
    return pd.DataFrame(
        {
            "a": np.digitize(behind[:, 0], [-0.8, 0.1, 0.9]),
            "b": np.digitize(behind[:, 1], [-0.2, 0.6]),
            "c": behind[:, 2] * 3 + 10,
        }
    )


@pytest.mark.parametrize("rho", [0.0, 0.3, -0.6, 0.9, 0.95, -0.99, 0.999999, -0.9999999])
def test_probabilities_of_the_bivariate_normal_are_exact(rho, rng):
    for h, k in rng.normal(size=(20, 2)) * 1.5:
        found = lower_probability(np.array(h), np.array(k), np.array(rho))
        expected = multivariate_normal.cdf([h, k], [0, 0], [[1, rho], [rho, 1]])
        assert found == pytest.approx(expected, abs=1e-12)
        near = lower_probability(np.array(h), np.array(h + 1e-4), np.array(rho))
        expected = multivariate_normal.cdf([h, h + 1e-4], [0, 0], [[1, rho], [rho, 1]])
        assert near == pytest.approx(expected, abs=1e-12)


def test_the_density_is_the_derivative_of_the_probability():
    h, k, step = np.array(0.4), np.array(-0.7), 1e-5
    slope = lower_probability(h, k, np.array(0.5 + step)) - lower_probability(
        h, k, np.array(0.5 - step)
    )
    assert slope / (2 * step) == pytest.approx(float(density(h, k, np.array(0.5))), rel=1e-8)


def test_a_polychoric_correlation_has_the_highest_likelihood(answers):
    found = polychoric(answers, ["a", "b"])
    table = pd.crosstab(answers["a"], answers["b"]).to_numpy()
    cuts = [
        np.array([-9, *norm.ppf(np.cumsum(table.sum(axis=axis))[:-1] / 400), 9]) for axis in (1, 0)
    ]

    def misfit(rho):
        corners = lower_probability(cuts[0][:, None], cuts[1], np.array(rho))
        return -(table * np.log(np.diff(np.diff(corners, axis=0), axis=1))).sum()

    best = optimize.minimize_scalar(misfit, bounds=(-0.99, 0.99), options={"xatol": 1e-10})
    assert found.correlations.loc["a", "b"] == pytest.approx(best.x, abs=1e-6)
    assert np.allclose(found.thresholds["a"], cuts[0][1:-1])
    assert 0.03 < found.standard_errors.loc["a", "b"] < 0.08


def test_a_polyserial_correlation_has_the_highest_likelihood(answers):
    found = polychoric(answers, ["b", "c"], ordered=["b"]).correlations.loc["b", "c"]
    z = (answers["c"] - answers["c"].mean()) / answers["c"].std(ddof=0)
    cuts = np.array([-9, *norm.ppf(np.cumsum(answers["b"].value_counts(sort=False))[:-1] / 400), 9])
    category = answers["b"].to_numpy()

    def misfit(rho):
        upper, lower = (
            norm.cdf((cuts[category + side] - rho * z) / np.sqrt(1 - rho**2)) for side in (1, 0)
        )
        return -np.log(upper - lower).sum()

    best = optimize.minimize_scalar(misfit, bounds=(-0.99, 0.99), options={"xatol": 1e-10})
    assert found == pytest.approx(best.x, abs=1e-6)


def test_continuous_variables_have_their_usual_correlation(answers, rng):
    frame = answers.assign(d=answers["c"] + rng.normal(size=400))
    found = polychoric(frame, ["a", "c", "d"], ordered=["a"]).correlations
    assert found.loc["c", "d"] == pytest.approx(frame["c"].corr(frame["d"]), abs=1e-12)


def test_standard_errors_are_those_of_repeated_samples(rng):
    behind = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=(150, 300))
    found = [
        polychoric(pd.DataFrame(np.digitize(sample, [-0.5, 0.5]), columns=["a", "b"]))
        for sample in behind
    ]
    estimates = [item.correlations.loc["a", "b"] for item in found]
    errors = [item.standard_errors.loc["a", "b"] for item in found]
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.15)


def test_moments_of_chosen_variables_are_those_of_their_own(answers, rng):
    frame = answers.assign(d=np.digitize(answers["c"] + rng.normal(size=400) * 2, [9, 11]))
    names = ["a", "b", "c", "d"]
    known = read_categories(frame, names, ["a", "b", "d"])
    whole = from_ordered_frame(frame, names, known)
    for chosen in (["d", "c", "a"], ["b", "a"], ["c", "b"]):
        own = from_ordered_frame(frame, chosen, {n: known[n] for n in chosen if n in known})
        part = whole.select(chosen).ordinal
        assert np.allclose(part.vector, own.ordinal.vector, atol=1e-9)
        assert np.allclose(part.spread, own.ordinal.spread, atol=1e-6)


def test_missing_answers_leave_moments_of_other_pairs_alone(answers):
    frame = answers.astype(float)
    frame.loc[:49, "a"] = np.nan
    found = polychoric(frame, ordered=["a", "b"], missing="pairwise")
    full = polychoric(answers, ordered=["a", "b"])
    assert found.correlations.loc["b", "c"] == pytest.approx(full.correlations.loc["b", "c"])
    rest = polychoric(answers.iloc[50:], ["a", "b"])
    assert found.correlations.loc["a", "b"] != pytest.approx(full.correlations.loc["a", "b"])
    assert np.allclose(found.thresholds["a"], rest.thresholds["a"])
    assert found.n_obs == 400


def test_an_empty_cell_of_two_dichotomous_items_gets_half_a_case():
    # lavaan 0.6-14: unclass(lavCor(data.frame(a, b), ordered = c("a", "b")))
    a = np.repeat([0, 0, 1, 1], [30, 20, 0, 15])
    b = np.repeat([0, 1, 0, 1], [30, 20, 0, 15])
    found = polychoric(pd.DataFrame({"a": a, "b": b}))
    assert found.correlations.loc["a", "b"] == pytest.approx(0.831392253571, abs=1e-6)
    assert {item.code for item in found.findings} == {"empty_cells"}


def test_items_that_are_the_same_are_named():
    twin = np.repeat([1, 2, 3], 40)
    found = polychoric(pd.DataFrame({"a": twin, "b": twin, "c": np.tile([1, 2, 3], 40)}))
    codes = {item.code: item for item in found.findings}
    assert codes["correlation_near_one"].subject == "a ~~ b"
    assert found.correlations.loc["a", "b"] > 0.999
    assert np.isfinite(found.correlations.to_numpy()).all()


def test_doubtful_categories_are_findings(rng):
    frame = pd.DataFrame(
        {
            "many": rng.integers(0, 15, 300),
            "rare": np.where(np.arange(300) < 2, 3, rng.integers(1, 3, 300)),
            "words": rng.choice(["no", "perhaps", "yes"], 300),
        }
    )
    found = {item.code: item for item in polychoric(frame).findings}
    assert found["many_categories"].subject == "many"
    assert found["rare_categories"].value == 2
    assert "no < perhaps < yes" in found["category_order"].claim


def test_what_cannot_be_analysed_is_refused_by_name(answers):
    with pytest.raises(MomentsError, match="All answers to b are the same"):
        polychoric(answers.assign(b=1), ["a", "b"])
    with pytest.raises(MomentsError, match="c does not vary"):
        polychoric(answers.assign(c=2.0), ordered=["a", "b"])
    known = read_categories(answers, ["a", "b"], ["a", "b"])
    part = answers[answers["a"] != 2]
    with pytest.raises(MomentsError, match="No case of group south answered a with 2"):
        from_ordered_frame(part, ["a", "b"], known, group="south")
    with pytest.raises(TooFewObservationsError):
        from_ordered_frame(answers.iloc[:0], ["a", "b"], known)


def test_the_order_of_moments_is_known():
    layout = MomentLayout((2, 0, 1))
    stacked = layout.stacked(
        np.array([1.0, 2, 3]), np.array([0, 7.0, 0]), np.arange(9.0).reshape(3, 3)
    )
    assert stacked.tolist() == [1, 2, 3, 7, 4, 3, 6, 7]
    assert layout.size == 8


def test_many_pairs_at_once_are_the_same_as_each_alone(rng):
    codes = rng.integers(0, 4, (200, 6))
    together = ordinal_moments(codes, np.full(codes.shape, np.nan), (4,) * 6)
    for i, j in ((1, 0), (5, 2)):
        alone = ordinal_moments(codes[:, [i, j]], np.full((200, 2), np.nan), (4, 4))
        assert alone.cov[0, 1] == pytest.approx(together.cov[i, j], abs=1e-10)
