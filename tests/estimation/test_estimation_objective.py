"""The objective's gradient and Hessians are exact, for models of many shapes, one or many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kernel_models import (
    assert_near,
    each_shape,
    holzinger,
    inside_point,
    numerical_jacobian,
    shape,
)
from trustsem.estimation.objective import Block, Objective
from trustsem.estimation.optimiser import minimise
from trustsem.moments import from_frame


@pytest.mark.parametrize("model", each_shape())
def test_the_gradient_is_that_of_the_value(model, rng):
    problem = model.problem()
    objective, point = problem.objective, inside_point(problem, rng)
    expected = numerical_jacobian(lambda at: objective.at(at).value, point)
    assert_near(objective.at(point[None]).gradient()[0], expected, 1e-7)


@pytest.mark.parametrize("model", each_shape())
def test_the_exact_hessian_is_that_of_the_gradient(model, rng):
    problem = model.problem()
    point = inside_point(problem, rng)
    H = problem.objective.at(point[None]).exact_hessian()[0]
    expected = numerical_jacobian(lambda at: problem.objective.at(at).gradient(), point)
    assert_near(H, H.T, 1e-12)
    assert_near(H, expected, 1e-6)


@pytest.mark.parametrize("model", each_shape())
def test_where_the_model_fits_perfectly_both_hessians_are_the_same(model, rng):
    problem = model.problem()
    point = inside_point(problem, rng)
    implied = problem.implied(problem.reduction.expand(point))
    blocks = tuple(
        Block.from_moments(block.structure, at.Sigma, at.mu, block.share)
        for block, at in zip(problem.objective.blocks, implied, strict=True)
    )
    perfect = Objective(blocks, problem.reduction).at(point[None])
    assert perfect.value[0] == pytest.approx(0.0, abs=1e-10)
    assert_near(perfect.gradient()[0], 0.0, 1e-10)
    assert_near(perfect.exact_hessian()[0], perfect.expected_hessian()[0], 1e-9)


@pytest.mark.parametrize("model", each_shape())
def test_the_expected_hessian_is_positive_semidefinite(model, rng):
    problem = model.problem()
    H = problem.objective.at(inside_point(problem, rng)[None]).expected_hessian()[0]
    scale = np.sqrt(np.diag(H))
    assert np.linalg.eigvalsh(H / np.outer(scale, scale))[0] > -1e-10


@pytest.mark.parametrize("model", each_shape())
def test_a_stack_of_points_gives_what_single_points_give(model, rng):
    problem = model.problem()
    points = np.stack([inside_point(problem, rng) for _ in range(4)])
    stack = problem.objective.at(points)
    for position, point in enumerate(points):
        single = problem.objective.at(point[None])
        assert stack.value[position] == pytest.approx(single.value[0], rel=1e-12)
        assert_near(stack.gradient()[position], single.gradient()[0], 1e-11)
        assert_near(stack.exact_hessian()[position], single.exact_hessian()[0], 1e-11)
        assert_near(stack.expected_hessian()[position], single.expected_hessian()[0], 1e-11)


def test_outside_the_domain_the_value_is_infinite():
    problem = shape("cfa_marker").problem()
    good = problem.start()
    bad = good.copy()
    names = [row.name for row in problem.table.parameters if row.free]
    bad[names.index("x4~~x4")] = -100.0
    value = problem.objective.at(np.stack([bad, good])).value
    assert value[0] == np.inf
    assert np.isfinite(value[1])


def test_groups_weigh_by_their_sizes():
    problem = shape("two_groups").problem()
    point = problem.objective.at(problem.start()[None])
    shares = [block.share for block in problem.objective.blocks]
    values = [at.value[0] for _, _, at in point.parts]
    assert shares == pytest.approx([156 / 301, 145 / 301])
    assert point.value[0] == pytest.approx(np.dot(shares, values))


def stacked(problem, samples):
    """Return the objective of one model on a stack of samples."""
    block = problem.objective.blocks[0]
    S = np.stack([sample.cov for sample in samples])
    mean = np.stack([sample.mean for sample in samples])
    return replace(
        problem.objective,
        blocks=(Block.from_moments(block.structure, S, mean, block.share),),
    )


@pytest.mark.parametrize("name", ["cfa_marker", "mimic_fixed_x_means"])
def test_fifty_bootstrap_samples_at_once_equal_fifty_single_fits(name, rng):
    model, frame = shape(name), holzinger()
    drawn = [frame.iloc[rng.integers(0, len(frame), len(frame))] for _ in range(50)]
    problem = model.problem()
    samples = [from_frame(item, problem.table.observed, divisor="n") for item in drawn]
    start = problem.start()
    stack = minimise(stacked(problem, samples), np.tile(start, (50, 1)))
    assert stack.converged.all()
    for position, item in enumerate(drawn):
        single = minimise(model.problem(item).objective, start[None])
        assert stack.value[position] == pytest.approx(single.value[0], abs=1e-12)
        assert_near(stack.reduced[position], single.reduced[0], 1e-8)


def test_many_starts_at_once_end_where_each_alone_ends(rng):
    problem = shape("cfa_marker").problem()
    starts = np.stack([inside_point(problem, rng, 0.3) for _ in range(10)])
    stack = minimise(problem.objective, starts)
    for position, start in enumerate(starts):
        single = minimise(problem.objective, start[None])
        assert stack.iterations[position] == single.iterations[0]
        assert_near(stack.reduced[position], single.reduced[0], 1e-8)


def test_a_member_without_a_minimum_does_not_hold_up_the_others():
    model = shape("cfa_marker")
    problem = model.problem()
    good = from_frame(holzinger(), problem.table.observed, divisor="n")
    few = from_frame(holzinger().head(20), problem.table.observed, divisor="n")
    starts = np.tile(problem.start(), (3, 1))
    stack = minimise(stacked(problem, [good, few, good]), starts, max_iterations=60)
    alone = minimise(problem.objective, starts[:1])
    assert stack.converged[[0, 2]].all()
    assert_near(stack.reduced[[0, 2]], np.tile(alone.reduced, (2, 1)), 1e-9)
