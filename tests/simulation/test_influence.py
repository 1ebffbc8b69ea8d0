"""Samples that lack cases: their moments, their solutions, and the verdicts that rest on few."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import special

import trustsem as ts
from kernel_models import DEMOCRACY, democracy, holzinger, shape
from trustsem.inference import casewise_scores, estimate_covariance, stacked_covariances
from trustsem.simulation import (
    Claim,
    ErrorKind,
    LeaveSomeOut,
    case_influence,
    cook_distances,
    estimate_without,
    every_case,
    find_flips,
    judge_claims,
    likelihood_distances,
    moments_without,
)
from trustsem.simulation.influence import groups_of_cases

ITEMS = [f"x{number}" for number in range(1, 10)]
PATH = "f =~ a1 + a2 + a3\ng =~ b1 + b2 + b3\ng ~ f"


def small(n=40, seed=5, path=0.35):
    rng = np.random.default_rng(seed)
    f = rng.normal(size=n)
    g = path * f + rng.normal(size=n)
    columns = {f"a{k}": f + 0.7 * rng.normal(size=n) for k in (1, 2, 3)}
    columns |= {f"b{k}": g + 0.7 * rng.normal(size=n) for k in (1, 2, 3)}
    return pd.DataFrame(columns)


def claim_about(model, lhs="g", rhs="f", **options):
    (free,) = [
        row.free for row in model.table.parameters if (row.lhs, row.op, row.rhs) == (lhs, "~", rhs)
    ]
    return Claim((free - 1,), (float("nan"),), **options)


def flip_of(model, claim, *, significance=0.05, share=0.25, order=None):
    """Search for the fewest cases that flip one verdict."""
    estimate = model.estimate
    left = estimate_without(estimate.problem, estimate.params, every_case(estimate.problem))
    vcov = left.covariances(range(left.removals.n), ErrorKind())
    judged = (
        judge_claims([claim], estimate.params[None], model.vcov.to_numpy()[None], significance),
        judge_claims([claim], left.refits.params, vcov, significance),
    )
    (flip,) = find_flips(
        left, estimate.params, [claim], judged, ErrorKind(), significance=significance,
        share=share, order=order,
    )  # fmt: skip
    return flip


def z_without(model, claim, sets):
    """Return the statistic without each of some sets, estimated exactly."""
    problem = model.estimate.problem
    removals = LeaveSomeOut(groups_of_cases(problem), tuple(sets))
    left = estimate_without(problem, model.estimate.params, removals)
    vcov = left.covariances(range(len(sets)), ErrorKind())
    z = judge_claims([claim], left.refits.params, vcov, 0.05).z[:, 0]
    return np.where(left.refits.converged & left.refits.admissible, z, np.nan)


# -- moments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("divisor", "ddof"), [("n", 0), ("n-1", 1)])
def test_moments_without_cases_are_those_of_the_others(divisor, ddof):
    data = holzinger()[ITEMS].to_numpy() * 10.0 ** np.arange(-4, 5) + 1000.0
    sets = [(), (0,), (5, 17, 300), tuple(range(0, 200, 2))]
    S, mean = moments_without(data, sets, divisor)
    for number, out in enumerate(sets):
        kept = np.delete(data, list(out), axis=0)
        expected = np.cov(kept, rowvar=False, ddof=ddof)
        scale = np.sqrt(np.diag(expected))
        assert np.abs((S[number] - expected) / np.outer(scale, scale)).max() < 1e-12
        assert mean[number] == pytest.approx(kept.mean(axis=0), rel=1e-13)


def test_a_case_beyond_all_others_leaves_no_trace_in_the_moments_without_it():
    data = holzinger()[ITEMS].to_numpy().copy()
    data[7] = 1e9
    S, _ = moments_without(data, [(7,), (8,)], "n")
    expected = np.cov(np.delete(data, 7, axis=0), rowvar=False, ddof=0)
    assert pytest.approx(expected, rel=1e-11, abs=1e-12) == S[0]


def test_groups_count_by_the_cases_that_they_still_have():
    model = shape("two_groups").fit()
    problem = model.estimate.problem
    first = problem.samples[0].n_obs
    removals = LeaveSomeOut(groups_of_cases(problem), ((0, 1, first), (first + 1,), ()))
    assert removals.sizes.tolist() == [
        [first - 2, problem.samples[1].n_obs - 1],
        [first, problem.samples[1].n_obs - 1],
        [first, problem.samples[1].n_obs],
    ]
    left = estimate_without(problem, model.estimate.params, removals)
    assert left.refits.params[2] == pytest.approx(model.estimate.params, abs=1e-8)
    assert left.chisq[2] == pytest.approx(model.fit_measures["chisq"])


def test_parts_and_their_order_do_not_matter():
    model = ts.sem(DEMOCRACY, democracy())
    problem, params = model.estimate.problem, model.estimate.params
    removals = every_case(problem)
    whole = estimate_without(problem, params, removals)
    parts = estimate_without(problem, params, removals, at_once=9)
    assert parts.refits.params == pytest.approx(whole.refits.params, abs=1e-9)
    assert parts.chisq == pytest.approx(whole.chisq, abs=1e-9)


def test_progress_counts_the_cases_of_all_groups():
    model = shape("two_groups").fit()
    problem = model.estimate.problem
    told = []
    estimate_without(
        problem, model.estimate.params, every_case(problem), at_once=100,
        report=lambda *said: told.append(said),
    )  # fmt: skip
    first, second = (sample.n_obs for sample in problem.samples)
    assert told == [(done, first + second, 0) for done in (100, first, first + 100, first + second)]


# -- errors and distances -----------------------------------------------------------------------


@pytest.mark.parametrize("information", ["expected", "observed"])
@pytest.mark.parametrize("name", ["structural", "linear_constraint", "mimic_fixed_x", "two_groups"])
def test_covariances_of_a_stack_are_those_of_each_solution(name, information):
    model = shape(name).fit()
    estimate = model.estimate
    one = estimate_covariance(estimate, information).matrix
    params = np.stack([estimate.params, estimate.params])
    V = stacked_covariances(estimate.problem, params, exact=information == "observed")
    scale = np.sqrt(np.diag(one))
    assert np.abs((V - one) / np.outer(scale, scale)).max() < 1e-9


def test_cooks_distance_ignores_units_and_parameters_that_repeat_others(rng):
    root = rng.normal(size=(4, 3, 6))
    V = root @ np.swapaxes(root, 1, 2)
    d = rng.normal(size=(4, 3))
    expected = [change @ np.linalg.solve(cov, change) for change, cov in zip(d, V, strict=True)]
    assert cook_distances(d, V) == pytest.approx(expected)
    units = np.array([1e4, 1.0, 1e-4])
    assert cook_distances(d * units, V * np.outer(units, units)) == pytest.approx(expected)
    twice = np.array([0, 1, 2, 2])
    tied = cook_distances(d[:, twice], V[:, twice][:, :, twice], tied=True)
    assert tied == pytest.approx(expected)
    V[1] = np.nan
    assert np.isnan(cook_distances(d, V)).tolist() == [False, True, False, False]


def test_likelihood_distance_is_twice_the_loss_of_likelihood():
    model = ts.sem(DEMOCRACY, democracy())
    problem, params = model.estimate.problem, model.estimate.params
    other = params * 1.01
    (implied,) = problem.implied(other)
    S, n = problem.samples[0].cov, problem.n_obs
    (best,) = problem.implied(params)

    def deviance(Sigma):
        return n * (np.linalg.slogdet(Sigma)[1] + np.trace(S @ np.linalg.inv(Sigma)))

    expected = deviance(implied.Sigma) - deviance(best.Sigma)
    found = likelihood_distances(problem, params, np.stack([params, other]))
    assert found == pytest.approx([0.0, expected], abs=1e-9)
    least_squares = ts.sem(DEMOCRACY, democracy(), estimator="GLS").estimate.problem
    assert np.isnan(likelihood_distances(least_squares, params, other[None])).all()


@pytest.mark.parametrize("options", [{}, {"missing": "fiml"}, {"likelihood": "wishart"}])
def test_linear_influence_predicts_the_estimates_without_a_case(options):
    frame = small(400, seed=2)
    if "missing" in options:
        frame.loc[::9, "a2"] = np.nan
    model = ts.sem(PATH, frame, **options)
    problem, params = model.estimate.problem, model.estimate.params
    if problem.samples[0].divisor == "n":
        assert casewise_scores(problem, params).sum(axis=0) == pytest.approx(0.0, abs=1e-4)
    chosen = list(range(0, 400, 40))
    removals = LeaveSomeOut(groups_of_cases(problem), tuple((case,) for case in chosen))
    left = estimate_without(problem, params, removals)
    exact = left.refits.params - params
    linear = case_influence(problem, params)[chosen]
    se = np.sqrt(np.diag(model.vcov))
    assert np.abs((linear - exact) / se).max() < 0.03
    assert (
        np.corrcoef(linear.ravel() / np.tile(se, 10), exact.ravel() / np.tile(se, 10))[0, 1] > 0.99
    )


# -- verdicts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "tails", "z", "pvalue", "supported"),
    [
        (1, 2, 2.0, 2 * special.ndtr(-2.0), True),
        (1, 2, -2.0, 2 * special.ndtr(-2.0), False),
        (1, 1, 1.7, special.ndtr(-1.7), True),
        (1, 1, -1.7, special.ndtr(1.7), False),
        (-1, 1, -1.7, special.ndtr(-1.7), True),
        (0, 2, -2.0, 2 * special.ndtr(-2.0), True),
        (0, 2, 1.9, 2 * special.ndtr(-1.9), False),
    ],
)
def test_a_verdict_follows_sign_tails_and_level(direction, tails, z, pvalue, supported):
    claim = Claim((0,), (np.nan,), direction, tails)
    found = judge_claims([claim], np.array([[z * 0.1]]), np.array([[[0.01]]]), 0.05)
    assert found.z[0, 0] == pytest.approx(z)
    assert found.pvalue[0, 0] == pytest.approx(pvalue)
    assert bool(found.supported[0, 0]) is supported


def test_a_chain_is_a_product_with_the_error_of_one():
    claim = Claim((1, -1, 0), (np.nan, 2.0, np.nan))
    params, V = np.array([[0.5, 0.4]]), np.array([[[0.04, 0.01], [0.01, 0.09]]])
    est, se = claim.tested(params, V)
    slopes = np.array([2 * 0.4, 2 * 0.5])
    assert est[0] == pytest.approx(0.4)
    assert se[0] == pytest.approx(np.sqrt(slopes @ V[0] @ slopes))
    fixed = judge_claims([Claim((-1,), (2.0,))], params, V, 0.05)
    assert np.isnan(fixed.z[0, 0])
    assert not fixed.supported[0, 0]


# -- sets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "path", "direction", "expected"),
    [(21, 0.2, 0, 3), (24, 0.45, 1, 2), (28, 0.3, 1, 3), (23, 0.3, 1, None)],
)
def test_no_smaller_set_flips_a_verdict_on_a_small_sample(seed, path, direction, expected):
    frame = small(26, seed, path)
    model = ts.sem(PATH, frame)
    claim = claim_about(model, direction=direction)
    z = float(model.parameters.query("lhs == 'g' and op == '~'")["z"].iloc[0])
    critical = special.ndtri(0.975)
    before = abs(z) > critical if direction == 0 else z > critical
    flip = flip_of(model, claim)
    smallest = None
    for size in (1, 2, 3):
        sets = list(combinations(range(26), size))
        without = z_without(model, claim, sets)
        after = np.abs(without) > critical if direction == 0 else without > critical
        if ((after != before) & np.isfinite(without)).any():
            smallest = size
            break
    assert smallest == expected  # of all sets of up to three
    if smallest is None:
        assert flip.cases is None or len(flip.cases) > 3
        return
    assert len(flip.cases) == smallest
    assert flip.supported is not before
    refitted = ts.sem(PATH, frame.drop(index=list(flip.cases)))
    row = refitted.parameters.query("lhs == 'g' and op == '~'").iloc[0]
    assert (flip.est, flip.se, flip.z) == pytest.approx((row["est"], row["se"], row["z"]), rel=1e-6)


def test_every_case_of_a_set_is_needed():
    model = ts.sem(PATH, small(60, seed=2, path=0.9))
    claim = claim_about(model)
    flip = flip_of(model, claim, share=0.6)
    assert len(flip.cases) > 5
    sets = [flip.cases[:k] + flip.cases[k + 1 :] for k in range(len(flip.cases))]
    assert (z_without(model, claim, sets) > special.ndtri(0.975)).all()
    assert z_without(model, claim, [flip.cases])[0] < special.ndtri(0.975)


def test_a_verdict_that_many_cases_carry_is_not_flipped():
    model = ts.sem(PATH, small(60, seed=3, path=2.0))
    flip = flip_of(model, claim_about(model), share=0.1)
    assert flip.cases is None
    assert flip.most == 6
    assert np.isnan(flip.z)
    nothing = flip_of(model, Claim((-1,), (1.0,)))
    assert nothing.cases is None


def test_an_unsupported_hypothesis_can_become_supported_and_an_undirected_one_either_way():
    model = ts.sem(PATH, small(26, seed=25, path=0.3))
    flips = {
        direction: flip_of(model, claim_about(model, direction=direction), share=0.5)
        for direction in (1, -1, 0)
    }
    for direction, flip in flips.items():
        assert flip.supported is True
        assert flip.z * (direction or np.sign(flip.z)) > special.ndtri(0.975)
    assert len(flips[0].cases) == min(len(flips[side].cases) for side in (1, -1))


def test_neither_order_nor_units_of_the_answers_change_a_set(rng):
    frame = small(50, seed=4, path=0.5)
    model = ts.sem(PATH, frame)
    flip = flip_of(model, claim_about(model))
    mixed = frame.iloc[rng.permutation(50)]
    scaled = mixed * 10.0 ** np.arange(-3, 3)
    for other in (mixed, scaled):
        again = ts.sem(PATH, other)
        rows = other.index.to_numpy()
        found = flip_of(again, claim_about(again), order=np.argsort(np.argsort(rows)))
        assert sorted(rows[list(found.cases)]) == list(flip.cases)


def test_of_identical_respondents_the_first_is_taken():
    frame = small(26, seed=22, path=0.3)
    model = ts.sem(PATH, pd.concat([frame, frame], ignore_index=True))
    flip = flip_of(model, claim_about(model))
    assert len(flip.cases) > 1
    assert all(case < 26 or case - 26 in flip.cases for case in flip.cases)


def test_least_squares_are_searched_without_a_likelihood():
    frame = small(40, seed=5)
    model = ts.sem(PATH, frame, estimator="GLS")
    flip = flip_of(model, claim_about(model))
    refitted = ts.sem(PATH, frame.drop(index=list(flip.cases)), estimator="GLS")
    row = refitted.parameters.query("lhs == 'g' and op == '~'").iloc[0]
    assert flip.z == pytest.approx(row["z"], rel=1e-6)
    assert flip.supported == (row["pvalue"] < 0.05)
    assert flip.supported != (model.parameters.loc[row.name, "pvalue"] < 0.05)


def test_an_interrupt_is_told(monkeypatch):
    model = ts.sem(PATH, small(60, seed=3, path=0.75))
    claim = claim_about(model)

    def stop(*_args, **_options):
        raise KeyboardInterrupt

    estimate = model.estimate
    left = estimate_without(estimate.problem, estimate.params, every_case(estimate.problem))
    vcov = left.covariances(range(60), ErrorKind())
    judged = (
        judge_claims([claim], estimate.params[None], model.vcov.to_numpy()[None], 0.05),
        judge_claims([claim], left.refits.params, vcov, 0.05),
    )
    monkeypatch.setattr("trustsem.simulation.fragility.estimate_without", stop)
    (flip,) = find_flips(left, estimate.params, [claim], judged, ErrorKind(), significance=0.05)
    assert flip.interrupted
    assert flip.cases is None
    assert replace(flip, interrupted=False) != flip
