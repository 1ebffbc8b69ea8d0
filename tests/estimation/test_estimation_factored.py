"""Maximum likelihood in factors says what it says with whole matrices, for each of a stack."""

from __future__ import annotations

import numpy as np
import pytest

from kernel_models import assert_near, each_shape, inside_point, random_covariance, shape
from trustsem.estimation import stacked_objective
from trustsem.estimation.factored import in_factors

WHOLE = ("cfa_cross_loading", "structural", "mimic_fixed_x", "mimic_fixed_x_means", "feedback")
"""Residuals covary, or observed variables without residuals of their own take part."""


def stack_of(model, rng, n=6):
    """Return a model on samples that differ, with points that differ."""
    problem = model.problem()
    moments = [
        (
            block.S + 0.05 * random_covariance(len(block.S), rng, lead=(n,)),
            rng.normal(size=(n, len(block.S))),
        )
        for block in problem.objective.blocks
    ]
    points = np.stack([inside_point(problem, rng) for _ in range(n)])
    return stacked_objective(problem, moments), points


@pytest.mark.parametrize("model", each_shape(*WHOLE, "growth"))
def test_value_and_gradient_are_those_of_whole_matrices(model, rng):
    objective, points = stack_of(model, rng)
    found, whole = in_factors(objective).at(points), objective.at(points)
    assert not found.parts[0][1].impossible.size
    assert_near(found.value, whole.value, 1e-12)
    assert_near(found.gradient(), whole.gradient(), 1e-11)


@pytest.mark.parametrize("model", each_shape(*WHOLE, "growth"))
def test_curvatures_are_those_along_the_parameters(model, rng):
    objective, points = stack_of(model, rng)
    found, whole = in_factors(objective).at(points), objective.at(points)
    assert_near(found.curvatures(), whole.curvatures(), 1e-11)
    if not model.options and "==" not in model.model and "a*" not in model.model:
        expected = np.diagonal(whole.expected_hessian(), axis1=-2, axis2=-1)
        assert_near(whole.curvatures(), expected, 1e-11)


@pytest.mark.parametrize("name", WHOLE)
def test_models_without_such_factors_are_left_to_whole_matrices(name, rng):
    objective, points = stack_of(shape(name), rng)
    prepared = in_factors(objective)
    assert prepared is None or prepared.at(points).parts[0][1].impossible.size == len(points)


def test_members_at_impossible_variances_are_evaluated_with_whole_matrices(rng):
    objective, points = stack_of(shape("cfa_marker"), rng)
    rows = shape("cfa_marker").problem().reduced_rows
    names = [f"{row.lhs} {row.op} {row.rhs}" for row in rows]
    points[1, names.index("x1 ~~ x1")] = -0.01
    points[2, names.index("x4 ~~ x4")] = 1e-9
    points[3, names.index("visual ~~ visual")] = -0.05
    points[4, names.index("visual ~~ visual")] = -50.0
    found, whole = in_factors(objective).at(points), objective.at(points)
    assert found.parts[0][1].impossible.tolist() == [1, 2, 3, 4]
    assert np.isfinite(found.value[[0, 1, 2, 3, 5]]).all()
    assert np.isposinf(found.value[4])
    kept = [0, 1, 2, 3, 5]
    assert_near(found.value[kept], whole.value[kept], 1e-12)
    assert_near(found.gradient()[kept], whole.gradient()[kept], 1e-9)
    assert np.isnan(found.curvatures()[1:5]).all()


def test_some_members_give_what_they_give_among_all(rng):
    objective, points = stack_of(shape("second_order"), rng)
    some = np.array([4, 1])
    prepared = in_factors(objective)
    among, alone = prepared.at(points), prepared.take(some).at(points[some])
    assert_near(alone.value, among.value[some], 1e-14)
    assert_near(alone.gradient(), among.gradient()[some], 1e-13)
