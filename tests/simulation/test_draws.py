"""Draws come from the population that they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from trustsem.simulation import (
    choose_unanswered,
    cut_into_categories,
    draw_constructs,
    draw_indicators,
    interval_thresholds,
    reverse_keyed_answers,
)

Beta = np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.3, 0.4, 0.0]])
Psi = np.array([[1.0, 0.0, 0.0], [0.0, 0.6, 0.1], [0.0, 0.1, 0.5]])
Lambda = np.array([[0.8, 0, 0], [0.7, 0, 0], [0, 0.9, 0], [0, 0.6, 0], [0, 0, 0.8], [0, 0, 0.7]])
Theta = np.diag([0.36, 0.51, 0.2, 0.6, 0.4, 0.5])
N_LARGE = 200_000


def test_moments_are_those_of_the_model():
    rng = np.random.default_rng(7)
    alpha, nu = np.array([0.0, 1.0, -0.5]), np.arange(6.0)
    eta = draw_constructs(N_LARGE, Beta, Psi, rng, alpha=alpha)
    y = draw_indicators(eta, Lambda, Theta, rng, nu=nu)
    total = np.linalg.inv(np.eye(3) - Beta)
    cov_eta = total @ Psi @ total.T
    np.testing.assert_allclose(np.cov(eta.T), cov_eta, atol=0.02)
    np.testing.assert_allclose(np.cov(y.T), Lambda @ cov_eta @ Lambda.T + Theta, atol=0.02)
    np.testing.assert_allclose(y.mean(axis=0), nu + Lambda @ total @ alpha, atol=0.02)


def test_every_case_may_have_its_own_paths():
    strong = Beta.copy()
    strong[1, 0] = 0.9
    n_obs = 20_000
    paths = np.stack([Beta, strong])[np.arange(n_obs) % 2]
    eta = draw_constructs(n_obs, paths, Psi, np.random.default_rng(3))
    slopes = [np.polyfit(eta[group::2, 0], eta[group::2, 1], 1)[0] for group in (0, 1)]
    np.testing.assert_allclose(slopes, [0.5, 0.9], atol=0.03)


def test_the_seed_decides():
    draws = [draw_constructs(5, Beta, Psi, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_equal_intervals_round_to_the_nearest_answer():
    thresholds = interval_thresholds(7, mean=np.array([4.0, 5.0]), spread=1.25)
    assert thresholds.shape == (2, 6)
    y = np.array([[0.0, 0.0], [-9.0, 9.0], [0.5, 0.5]])
    expected = np.clip(np.round(np.array([4.0, 5.0]) + 1.25 * y), 1, 7)
    np.testing.assert_array_equal(cut_into_categories(y, thresholds), expected)


def test_reverse_keying_is_its_own_inverse():
    answers = np.array([[1, 4, 7]])
    assert reverse_keyed_answers(answers, 7).tolist() == [[7, 4, 1]]
    np.testing.assert_array_equal(
        reverse_keyed_answers(reverse_keyed_answers(answers, 7), 7), answers
    )


def test_the_share_of_incomplete_cases_is_exact():
    unanswered = choose_unanswered(250, 25, share=0.08, most=3, rng=np.random.default_rng(1))
    per_case = unanswered.sum(axis=1)
    assert (per_case > 0).sum() == 20
    assert per_case.max() <= 3


def test_an_impossible_population_is_refused():
    with pytest.raises(np.linalg.LinAlgError):
        draw_constructs(5, Beta, -Psi, np.random.default_rng(1))
