"""First and second derivatives of implied moments agree with finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from kernel_models import assert_near, each_shape, inside_point, numerical_jacobian


def cases(model, rng):
    """Yield each group's block, its own parameters and a function from them to the moments."""
    problem = model.problem()
    params = problem.reduction.expand(inside_point(problem, rng))
    for block in problem.objective.blocks:
        own = params[block.structure.free]

        def implied(values, block=block):
            filled = np.array(np.broadcast_to(params, (*values.shape[:-1], len(params))))
            filled[..., block.structure.free] = values
            return block.implied(filled)

        yield block, own, implied


@pytest.mark.parametrize("model", each_shape())
def test_first_derivatives(model, rng):
    for block, own, implied in cases(model, rng):
        at, projection = block.structure.directions, implied(own).projection
        expected = numerical_jacobian(lambda values: implied(values).Sigma, own)  # noqa: B023
        assert_near(projection.moves(at), expected, 1e-8)
        expected = numerical_jacobian(lambda values: implied(values).mu, own)  # noqa: B023
        actual = projection.X[:, at.u] * projection.mean_scale(at)
        assert_near(actual if block.structure.has_means else 0.0, expected, 1e-8)


@pytest.mark.parametrize("model", each_shape())
def test_weighted_slopes_are_sums_of_first_derivatives(model, rng):
    for block, own, implied in cases(model, rng):
        p, at = block.structure.n_observed, block.structure.directions
        projection = implied(own).projection
        G, g = rng.normal(size=(p, p)), rng.normal(size=p)
        G = G + G.T
        moves = projection.moves(at)
        assert_near(projection.slope(at, G), np.einsum("ij,jik->k", G, moves), 1e-10)
        shifts = projection.X[:, at.u] * projection.mean_scale(at)
        assert_near(projection.mean_slope(at, g), g @ shifts, 1e-10)


@pytest.mark.parametrize("model", each_shape())
def test_products_of_first_derivatives(model, rng):
    for block, own, implied in cases(model, rng):
        p, at = block.structure.n_observed, block.structure.directions
        projection = implied(own).projection
        W, V = (A + A.T for A in rng.normal(size=(2, p, p)))
        moves = np.moveaxis(projection.moves(at), -1, 0)
        left, right = moves @ W, moves @ V
        expected = np.einsum("aij,bji->ab", left, right)
        expected = (expected + np.einsum("aij,bji->ab", right, left)) / 2
        actual = projection.sandwich(at, at, projection.within(W), projection.within(V))
        assert_near((actual + actual.T) / 2, expected, 1e-9)


@pytest.mark.parametrize("model", each_shape())
def test_second_derivatives(model, rng):
    for block, own, implied in cases(model, rng):
        p, at = block.structure.n_observed, block.structure.directions
        G = rng.normal(size=(p, p))
        G, w = G + G.T, rng.normal(size=p)
        here = implied(own).projection
        expected = numerical_jacobian(
            lambda values: implied(values).projection.slope(at, G),  # noqa: B023
            own,
        )
        assert_near(here.bend(at, G), expected, 1e-7)
        if block.structure.has_means:
            expected = numerical_jacobian(
                lambda values: implied(values).projection.mean_slope(at, w),  # noqa: B023
                own,
            )
            assert_near(here.mean_bend(at, here.onto(w)), expected, 1e-7)


@pytest.mark.parametrize("model", each_shape())
def test_complex_parameters_carry_exact_derivatives(model, rng):
    for block, own, implied in cases(model, rng):
        moves = implied(own).projection.moves(block.structure.directions)
        for position in range(len(own)):
            values = np.array(implied(own).Sigma, dtype=float)
            params = np.zeros(int(block.structure.free.max()) + 1, dtype=complex)
            params[block.structure.free] = own
            params[block.structure.free[position]] += 1e-30j
            at = block.structure.evaluate(params, block.S, block.mean)
            assert_near(np.imag(at.Sigma) / 1e-30, moves[..., position], 1e-10)
            assert_near(np.real(at.Sigma), values, 1e-12)
