"""The objective of models with ordered items: its derivatives, its stacks, its minimum."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, holzinger

ITEMS = [f"x{i}" for i in range(1, 10)]
SCALAR = ["loadings", "thresholds", "intercepts"]
MODELS = {
    "delta": (THREE_CONSTRUCTS, {"ordered": True}),
    "theta": (THREE_CONSTRUCTS, {"ordered": True, "parameterization": "theta"}),
    "free_scales": (THREE_CONSTRUCTS, {"ordered": True, "group": "school", "group_equal": SCALAR}),
    "free_residuals": (
        THREE_CONSTRUCTS,
        {"ordered": True, "group": "school", "group_equal": SCALAR, "parameterization": "theta"},
    ),
    "mixed": (THREE_CONSTRUCTS, {"ordered": ITEMS[:4]}),
    "mixed_theta": (
        THREE_CONSTRUCTS + "\nspeed ~ visual\nx9 ~ x5",
        {"ordered": [*ITEMS[:5]], "parameterization": "theta"},
    ),
    "unweighted": (THREE_CONSTRUCTS, {"ordered": ITEMS[:3], "estimator": "ULSMV"}),
    "all_weights": ("textual =~ x4 + x5 + x6 + x1", {"ordered": True, "estimator": "WLS"}),
}


def answers() -> pd.DataFrame:
    """Return the shipped items, each cut into thirds of its range of ranks."""
    frame = holzinger()
    for name in ITEMS:
        frame[name] = np.digitize(frame[name], frame[name].quantile([0.3, 0.7]))
    return frame


def fitted(name: str):
    model, options = MODELS[name]
    frame = answers()
    continuous = set(ITEMS) - set(ITEMS if options["ordered"] is True else options["ordered"])
    frame[sorted(continuous)] = holzinger()[sorted(continuous)]
    return ts.sem(model, frame, **options)


@pytest.fixture(scope="module", params=MODELS)
def solution(request):
    return fitted(request.param).estimate


def beside(solution, rng):
    """Return a point near the solution, in the reduced parameters."""
    reduced = solution.problem.reduction.reduce(solution.params)
    return reduced + 0.03 * rng.uniform(-1, 1, reduced.size) * (1 + np.abs(reduced))


def slopes(function, point, step=1e-6):
    """Return central differences of a function of a stack of points."""
    moves = step * np.eye(point.size)
    return (function(point + moves) - function(point - moves)) / (2 * step)


def test_the_gradient_is_the_slope_of_the_value(solution, rng):
    objective, point = solution.problem.objective, beside(solution, rng)
    expected = slopes(lambda at: objective.at(at).value, point)
    gradient = objective.at(point[None]).gradient()[0]
    assert np.allclose(gradient, expected, rtol=1e-5, atol=1e-6 * np.abs(gradient).max())


def test_the_hessian_is_the_slope_of_the_gradient(solution, rng):
    objective, point = solution.problem.objective, beside(solution, rng)
    expected = slopes(lambda at: objective.at(at).gradient(), point)
    H = objective.at(point[None]).exact_hessian()[0]
    scale = np.sqrt(np.outer(np.diag(H), np.diag(H)))
    assert (np.abs(H - expected) < 1e-5 * np.abs(scale).max()).all()
    assert np.allclose(H, H.T)


def test_the_expected_hessian_is_the_exact_one_where_the_model_holds(solution, rng):
    problem, point = solution.problem, beside(solution, rng)
    for block in problem.objective.blocks:
        implied = block.implied(problem.reduction.expand(point))
        at = block.criterion.__class__(block.responses.fitted(implied), block.criterion.weights)
        perfect = at.at(block.responses.fitted(implied))
        assert perfect.value == 0
        exact = block.hessian(implied, perfect, exact=True)
        assert np.allclose(exact, block.hessian(implied, perfect, exact=False), atol=1e-9)
        D = block.jacobian(implied)
        full = 2 * D.T @ block.criterion.weights.times(D)
        assert np.allclose(exact, full, rtol=1e-9, atol=1e-9 * np.abs(full).max())


def test_a_stack_of_points_is_each_point_alone(solution, rng):
    objective = solution.problem.objective
    points = np.stack([beside(solution, rng) for _ in range(3)])
    together = objective.at(points)
    for position, point in enumerate(points):
        alone = objective.at(point[None])
        assert together.value[position] == pytest.approx(alone.value[0], rel=1e-12)
        assert np.allclose(together.gradient()[position], alone.gradient()[0], atol=1e-9)
        H = alone.exact_hessian()[0]
        assert np.allclose(together.exact_hessian()[position], H, atol=1e-9 * np.abs(H).max())


def test_the_minimum_is_reached_in_a_few_steps(solution):
    assert solution.converged
    assert solution.gradient_norm < 1e-9
    assert solution.iterations <= 25
