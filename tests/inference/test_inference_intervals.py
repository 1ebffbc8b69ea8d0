"""Bootstrap intervals: lavaan's from lavaan's own resamples, and what theory says of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trustsem.inference import (
    bca_interval,
    bootstrap_quantiles,
    jackknife_acceleration,
    percentile_interval,
    studentised_interval,
)

LAVAAN = json.loads((Path(__file__).parent / "lavaan_bootstrap.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("parameter", LAVAAN["parameters"], ids=lambda item: item["name"])
def test_intervals_from_the_same_resamples_are_those_of_lavaan(parameter):
    values = np.array(parameter["resamples"])[:, None]
    estimate = np.array([parameter["est"]])
    found = {
        "perc": percentile_interval(values, 0.95),
        "bca.simple": bca_interval(estimate, values, 0.95),
    }
    for name, limits in found.items():
        assert np.ravel(limits) == pytest.approx(parameter[name], rel=1e-9), LAVAAN["software"]


def test_quantiles_at_places_of_the_order_are_the_replicates_themselves():
    values = np.arange(1.0, 100.0)[::-1, None]
    assert bootstrap_quantiles(values, np.array([0.25])) == pytest.approx([25.0])
    assert bootstrap_quantiles(values, np.array([1e-9])) == pytest.approx([1.0])
    assert bootstrap_quantiles(values, np.array([1 - 1e-9])) == pytest.approx([99.0])


def test_quantiles_leave_out_what_does_not_exist(rng):
    values = rng.normal(size=(199, 1))
    with_gaps = np.concatenate([values, np.full((20, 1), np.nan)])
    for probability in (0.025, 0.31, 0.975):
        at = np.array([probability])
        assert bootstrap_quantiles(with_gaps, at) == bootstrap_quantiles(values, at)
    assert np.isnan(bootstrap_quantiles(np.full((5, 1), np.nan), np.array([0.5]))).all()


def test_accelerated_intervals_follow_monotone_transformations(rng):
    values = rng.gamma(3.0, size=(799, 1))
    estimate, a = np.array([2.7]), np.array([0.07])
    plain = np.ravel(bca_interval(estimate, values, 0.9, a))
    logs = np.ravel(bca_interval(np.log(estimate), np.log(values), 0.9, a))
    # Between two neighbouring replicates interpolation is not transformed.
    assert np.exp(logs) == pytest.approx(plain, rel=1e-3)


def test_an_estimate_beyond_all_replicates_has_no_corrected_interval(rng):
    values = rng.normal(size=(99, 1))
    assert np.isnan(bca_interval(np.array([10.0]), values, 0.95)).all()


def test_a_constant_is_its_own_interval():
    values = np.full((99, 1), 0.7)
    assert np.ravel(bca_interval(np.array([0.7]), values, 0.95)) == pytest.approx([0.7, 0.7])


def test_the_acceleration_of_a_mean_is_a_sixth_of_its_skewness(rng):
    x = rng.exponential(size=60)
    left = (x.sum() - x)[:, None] / (len(x) - 1)
    deviations = x - x.mean()
    expected = (deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5)
    found = jackknife_acceleration(left, np.zeros(len(x), dtype=int))
    assert found == pytest.approx([expected])


def test_the_acceleration_of_several_groups_adds_up_their_influences(rng):
    groups = [rng.exponential(size=n) for n in (30, 50)]
    total = sum(group.mean() for group in groups)
    left = np.concatenate([total - g.mean() + (g.sum() - g) / (len(g) - 1) for g in groups])[
        :, None
    ]
    strata = np.repeat([0, 1], [30, 50])
    influence = np.concatenate([(g - g.mean()) / len(g) for g in groups])
    expected = (influence**3).sum() / (6 * (influence**2).sum() ** 1.5)
    assert jackknife_acceleration(left, strata) == pytest.approx([expected])


def test_studentised_limits_of_normal_ratios_are_the_usual_ones(rng):
    errors = rng.uniform(0.5, 2.0, size=(20_000, 1))
    values = 3.0 + errors * rng.normal(size=errors.shape)
    lower, upper = studentised_interval(np.array([3.0]), np.array([0.5]), values, errors, 0.95)
    assert [lower[0], upper[0]] == pytest.approx([3 - 0.98, 3 + 0.98], abs=0.02)
