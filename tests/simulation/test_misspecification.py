"""What a population has that its model leaves out: the rules, their limits, their invariances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import DEMOCRACY, THREE_CONSTRUCTS, democracy, holzinger
from trustsem.simulation import (
    Layout,
    Population,
    cross_loadings,
    cutoff_rates,
    residual_correlations,
    structural_relations,
    thirds,
)

CHAIN = """
a =~ a1 + a2 + a3
b =~ b1 + b2 + b3
c =~ c1 + c2 + c3
d =~ d1 + d2 + d3
b ~ a
c ~ a
d ~ b + c
"""


def of_model(model):
    """Return layout and population of an estimated model."""
    estimate = model.estimate
    (implied,) = estimate.problem.implied(estimate.params)
    mean = np.zeros(len(model.table.observed))
    return Layout.of(estimate.problem), Population.of(implied, mean)


def named(relation, layout):
    """Return the ends of a relation by name."""
    items, eta = layout.items, layout.eta
    if relation.kind == "cross-loading":
        return items[relation.first], eta[relation.second]
    names = items if relation.kind == "residual correlation" else eta
    return names[relation.first], names[relation.second]


def exact(text, correlations, n=300, run=ts.cfa):
    """Estimate a model from a matrix that it reproduces."""
    return run(text, sample_cov=correlations, sample_nobs=n, sample_cov_rescale=False)


def one_construct(loadings, n=300):
    """Return a model of one construct with these standardised loadings."""
    names = [f"x{k}" for k in range(1, len(loadings) + 1)]
    R = np.outer(loadings, loadings)
    np.fill_diagonal(R, 1.0)
    return exact("f =~ " + " + ".join(names), pd.DataFrame(R, names, names), n)


def chain():
    """Return a structural model of four constructs that fits exactly."""
    eta = ["a", "b", "c", "d"]
    A = np.linalg.inv(np.eye(4) - np.array([[0, 0, 0, 0], [0.5, 0, 0, 0], [0.4, 0, 0, 0],
                                            [0, 0.3, 0.4, 0]]))  # fmt: skip
    Phi = A @ np.diag([1, 0.75, 0.84, 0.6]) @ A.T
    Lambda = np.kron(np.eye(4), np.array([[0.8], [0.7], [0.6]]))
    R = Lambda @ Phi @ Lambda.T + np.diag(np.tile([0.36, 0.51, 0.64], 4))
    names = [f"{name}{k}" for name in eta for k in (1, 2, 3)]
    return exact(CHAIN, pd.DataFrame(R, names, names), run=ts.sem)


def test_level_zero_is_what_the_model_implies():
    model = ts.sem(DEMOCRACY, democracy())
    _, population = of_model(model)
    np.testing.assert_allclose(population.Sigma, model.implied.to_numpy(), rtol=1e-10)
    np.testing.assert_allclose(np.diag(population.correlations), 1.0)
    np.testing.assert_allclose(np.diag(population.Phi), 1.0)
    assert population.is_proper()


def test_weakest_items_load_on_the_most_reliable_construct_left():
    """The vignette of the R package dynamic 1.1.0 prints the magnitudes .424 and .57."""
    model = ts.cfa(THREE_CONSTRUCTS, holzinger())
    layout, population = of_model(model)
    chosen = cross_loadings(population, layout)
    assert [named(one, layout) for one in chosen] == [("x2", "textual"), ("x7", "textual")]
    assert [round(one.size, 3) for one in chosen] == [0.424, 0.570]


def test_a_cross_loading_leaves_room_for_a_residual():
    R = np.eye(6)
    L = np.zeros((6, 2))
    L[:3, 0], L[3:, 1] = (0.95, 0.9, 0.92), (0.9, 0.93, 0.96)
    R = L @ np.array([[1, 0.6], [0.6, 1]]) @ L.T
    np.fill_diagonal(R, 1.0)
    names = [f"x{k}" for k in range(1, 7)]
    model = exact("f =~ x1+x2+x3\ng =~ x4+x5+x6", pd.DataFrame(R, names, names))
    layout, population = of_model(model)
    (one,) = cross_loadings(population, layout)
    assert named(one, layout) in {("x2", "g"), ("x4", "f")}
    most = np.sqrt((0.9 * 0.6) ** 2 + 1 - 0.9**2) - 0.9 * 0.6
    assert one.size == pytest.approx(0.95 * most, rel=1e-4)
    changed = population.having([one])
    assert np.diag(changed.Theta)[one.first] > 0
    assert changed.is_proper()


def test_a_cross_loading_changes_the_covariances_of_its_item_alone():
    model = ts.cfa(THREE_CONSTRUCTS, holzinger())
    layout, population = of_model(model)
    one = cross_loadings(population, layout)[0]
    before, after = population.correlations, population.having([one]).correlations
    expected = before.copy()
    moved = one.size * (population.Phi @ population.Lambda.T)[one.second]
    expected[one.first] += moved
    expected[:, one.first] += moved
    expected[one.first, one.first] = 1.0
    np.testing.assert_allclose(after, expected, atol=1e-12)


def test_items_with_company_are_not_taken():
    text = THREE_CONSTRUCTS + "\nx2 ~~ x3\nspeed =~ x1"
    layout = Layout.of(ts.cfa(text, holzinger()).estimate.problem)
    free = [name for name, owner in zip(layout.items, layout.owner, strict=True) if owner >= 0]
    assert free == ["x4", "x5", "x6", "x7", "x8", "x9"]


@pytest.mark.parametrize("turned", ["x2", "x7"])
def test_scoring_an_item_backwards_turns_its_relation(turned):
    data = holzinger()
    plain = of_model(ts.cfa(THREE_CONSTRUCTS, data))
    data[turned] = -data[turned]
    flipped = of_model(ts.cfa(THREE_CONSTRUCTS, data))
    for one, other in zip(
        cross_loadings(*plain[::-1]), cross_loadings(*flipped[::-1]), strict=True
    ):
        sign = -1 if named(one, plain[0])[0] == turned else 1
        assert named(one, plain[0]) == named(other, flipped[0])
        assert other.size == pytest.approx(sign * one.size, rel=1e-5)


def test_neither_order_units_nor_scaling_matter():
    data = holzinger()
    layout, population = of_model(ts.cfa(THREE_CONSTRUCTS, data))
    text = "speed =~ x9 + x8 + x7\nvisual =~ x3 + x2 + x1\ntextual =~ x6 + x4 + x5"
    other_layout, other = of_model(ts.cfa(text, data[list(layout.items)] * 10.0, std_lv=True))
    first = [(named(one, layout), one.size) for one in cross_loadings(population, layout)]
    second = [(named(one, other_layout), one.size) for one in cross_loadings(other, other_layout)]
    for (ends, size), (ends_2, size_2) in zip(first, second, strict=True):
        assert ends == ends_2
        assert size == pytest.approx(size_2, rel=1e-5)


@pytest.mark.parametrize(
    ("n_items", "pairs"),
    [(4, [1]), (5, [1, 2]), (6, [1, 2, 3]), (7, [1, 2, 3]), (9, [1, 2, 4]), (12, [2, 4, 6])],
)
def test_residuals_of_one_construct_correlate_in_pairs(n_items, pairs):
    loadings = np.linspace(0.8, 0.4, n_items)
    layout, population = of_model(one_construct(loadings))
    chosen = residual_correlations(population, layout)
    assert [len(level) for level in thirds(chosen)] == pairs
    weakest = (layout.items[chosen[0].first], layout.items[chosen[0].second])
    assert weakest == (f"x{n_items}", f"x{n_items - 1}")
    Theta = population.having(chosen).Theta
    one = chosen[0]
    r = Theta[one.first, one.second] / np.sqrt(
        Theta[one.first, one.first] * Theta[one.second, one.second]
    )
    assert r == pytest.approx(0.30)


def test_structural_levels_add_what_the_theory_fixes_at_zero():
    model = chain()
    layout, population = of_model(model)
    kinds = {(kind, layout.eta[a], layout.eta[b]) for kind, a, b in layout.relations()}
    assert kinds == {("path", "a", "d"), ("disturbance correlation", "b", "c")}
    estimate = model.estimate
    chosen = structural_relations(estimate.problem, estimate.params, population, layout)
    assert {one.kind for one in chosen} == {"path", "disturbance correlation"}
    for count in (1, 2):
        changed = population.having(chosen[:count])
        np.testing.assert_allclose(np.diag(changed.Phi), 1.0, atol=1e-12)
        np.testing.assert_allclose(np.diag(changed.correlations), 1.0, atol=1e-12)
        assert changed.is_proper()
    tie = next(one for one in chosen if one.kind == "disturbance correlation")
    Psi = population.having(chosen).Psi
    r = Psi[tie.first, tie.second] / np.sqrt(
        Psi[tie.first, tie.first] * Psi[tie.second, tie.second]
    )
    assert r == pytest.approx(0.30)


def test_structural_levels_begin_with_the_least_visible():
    model = chain()
    layout, population = of_model(model)
    estimate = model.estimate
    chosen = structural_relations(estimate.problem, estimate.params, population, layout)
    misfit = []
    for one in chosen:
        R = population.having([one]).correlations
        names = list(model.table.observed)
        alone = exact(CHAIN, pd.DataFrame(R, names, names), run=ts.sem)
        misfit.append(alone.fit_measures["chisq"])
    assert misfit == sorted(misfit)
    assert misfit[0] > 0


def test_a_path_stops_where_its_outcome_would_be_explained_in_full():
    model = chain()
    layout, population = of_model(model)
    tight = replace(population, Psi=population.Psi.copy())
    place = layout.eta.index("d")
    scale = 0.12 / tight.Psi[place, place]
    tight.Psi[place, place] *= scale
    tight.Beta[place] *= np.sqrt((1 - 0.12) / (1 - population.Psi[place, place]))
    chosen = structural_relations(model.estimate.problem, model.estimate.params, tight, layout)
    path = next(one for one in chosen if one.kind == "path")
    assert 0.05 <= abs(path.size) < 0.30
    assert tight.having([path]).Psi[place, place] >= 0.05


def test_a_cutoff_is_a_percentile_that_few_consistent_samples_reach():
    holds, fails = np.arange(100.0), np.arange(100.0) + 200
    found = cutoff_rates(holds, fails, misfit=True)
    assert found.kind == "95/5"
    assert found.cutoff == pytest.approx(np.quantile(fails, 0.05))
    assert (found.true_positive_rate, found.false_positive_rate) == (0.95, 0.0)
    assert found.sensitivity == 1.0


def test_overlap_costs_certainty_then_the_cutoff():
    holds = np.arange(1000.0)
    near = cutoff_rates(holds, holds + 850, misfit=True)
    assert near.kind == "90/10"
    assert near.true_positive_rate == pytest.approx(0.90)
    assert near.false_positive_rate < 0.10
    over = cutoff_rates(holds, holds + 700, misfit=True)
    assert over.kind == "none"
    assert np.isnan([over.cutoff, over.true_positive_rate, over.false_positive_rate]).all()
    assert over.sensitivity == pytest.approx(0.75, abs=0.002)


def test_an_index_of_fit_is_one_of_misfit_upside_down():
    rng = np.random.default_rng(1)
    holds, fails = rng.normal(size=400), rng.normal(4.0, size=400)
    down, up = (cutoff_rates(s * holds, s * fails, misfit=s > 0) for s in (-1.0, 1.0))
    assert down.cutoff == pytest.approx(-up.cutoff)
    assert replace(down, cutoff=0.0) == replace(up, cutoff=0.0)


def test_ties_at_the_bound_give_no_cutoff():
    assert cutoff_rates(np.zeros(100), np.zeros(100), misfit=True).kind == "none"


def test_samples_without_a_solution_do_not_count():
    holds, fails = np.arange(100.0), np.arange(100.0) + 200
    with_gaps = np.append(fails, [np.nan] * 30)
    assert cutoff_rates(holds, with_gaps, misfit=True) == cutoff_rates(holds, fails, misfit=True)
    assert cutoff_rates(holds, np.full(5, np.nan), misfit=True).kind == "none"
