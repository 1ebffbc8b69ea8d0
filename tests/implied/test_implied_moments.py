"""Parameters become implied moments: by hand on a small model, and on stacks."""

from __future__ import annotations

import numpy as np
import pytest

from kernel_models import each_shape, inside_point, shape
from trustsem.implied import compile_structure
from trustsem.options import Options
from trustsem.specification import build_table, parse_model


def structure_of(model, kind="sem", **options):
    table = build_table(parse_model(model), kind=kind, options=Options.from_keywords(**options))
    return compile_structure(table), table


def by_name(table, values):
    """Return the free parameters in order, given by their names in model syntax."""
    return np.array([values[row.name] for row in table.parameters if row.free])


def test_two_constructs_and_a_path_by_hand():
    structure, table = structure_of("f =~ x1 + x2\ng =~ y1 + y2\ng ~ f", meanstructure=True)
    l2, m2, b, vf, vg = 0.5, 2.0, 0.3, 4.0, 1.5
    values = {"f=~x2": l2, "g=~y2": m2, "g~f": b, "f~~f": vf, "g~~g": vg}
    values |= {f"{name}~~{name}": 1.0 for name in ("x1", "x2", "y1", "y2")}
    values |= {"x1~1": 1.0, "x2~1": 2.0, "y1~1": 3.0, "y2~1": 4.0}
    implied = structure.evaluate(by_name(table, values), np.eye(4), np.zeros(4))
    total = b**2 * vf + vg
    expected = np.array(
        [
            [vf + 1, l2 * vf, b * vf, m2 * b * vf],
            [l2 * vf, l2**2 * vf + 1, l2 * b * vf, l2 * m2 * b * vf],
            [b * vf, l2 * b * vf, total + 1, m2 * total],
            [m2 * b * vf, l2 * m2 * b * vf, m2 * total, m2**2 * total + 1],
        ]
    )
    assert structure.observed == ("x1", "x2", "y1", "y2")
    assert np.allclose(implied.Sigma, expected)
    assert np.allclose(implied.mu, [1, 2, 3, 4])
    assert np.allclose(implied.cov_eta, [[vf, b * vf], [b * vf, total]])


def test_total_effects_sum_over_a_feedback_loop():
    structure, table = structure_of("y1 ~ y2 + x1\ny2 ~ y1 + x2")
    values = {"y1~y2": 0.5, "y1~x1": 1.0, "y2~y1": 0.4, "y2~x2": 2.0}
    values |= {f"{name}~~{name}": 1.0 for name in ("y1", "y2", "x1", "x2")} | {"x1~~x2": 0.0}
    implied = structure.evaluate(by_name(table, values), np.eye(4))
    eta = structure.eta
    effect = implied.A[eta.index("y1"), eta.index("x2")]
    assert effect == pytest.approx(2.0 * 0.5 / (1 - 0.5 * 0.4))


def test_means_pass_through_constructs():
    structure, table = structure_of(
        "i =~ 1*y1 + 1*y2 + 1*y3\ns =~ 0*y1 + 1*y2 + 2*y3", kind="growth"
    )
    values = {row.name: 1.0 for row in table.parameters if row.free}
    values |= {"i~1": 10.0, "s~1": 3.0}
    implied = structure.evaluate(by_name(table, values), np.eye(3), np.zeros(3))
    assert np.allclose(implied.mu, [10, 13, 16])


def test_fixed_covariates_keep_their_sample_moments(rng):
    problem = shape("mimic_fixed_x_means").problem()
    structure, sample = problem.structures[0], problem.samples[0]
    implied = problem.implied(problem.reduction.expand(inside_point(problem, rng)))[0]
    covariates = [structure.observed.index(name) for name in ("ageyr", "sex")]
    index = np.ix_(covariates, covariates)
    assert np.allclose(implied.Sigma[index], sample.cov[index], rtol=1e-13)
    assert np.allclose(implied.mu[covariates], sample.mean[covariates], rtol=1e-13)


@pytest.mark.parametrize("model", each_shape())
def test_a_stack_gives_what_its_members_give(model, rng):
    problem = model.problem()
    points = np.stack([inside_point(problem, rng) for _ in range(3)])
    params = problem.reduction.expand(points)
    for block in problem.objective.blocks:
        stack = block.implied(params)
        for position, member in enumerate(params):
            single = block.implied(member)
            for name in ("Sigma", "mu", "A", "cov_eta", "mean_eta"):
                actual, expected = getattr(stack, name)[position], getattr(single, name)
                assert np.allclose(actual, expected, rtol=1e-12, atol=1e-13), name


@pytest.mark.parametrize("model", each_shape())
def test_implied_covariances_are_symmetric(model, rng):
    problem = model.problem()
    params = problem.reduction.expand(inside_point(problem, rng))
    for implied in problem.implied(params):
        assert np.allclose(implied.Sigma, implied.Sigma.T, rtol=1e-12, atol=1e-12)


def test_a_loop_without_total_effects_is_out_of_the_domain():
    problem = shape("feedback").problem()
    names = [row.name for row in problem.table.parameters if row.free]
    good = problem.start()
    bad = good.copy()
    bad[names.index("y1~y2")], bad[names.index("y2~y1")] = 2.0, 0.5
    value = problem.objective.at(np.stack([good, bad, good])).value
    assert np.isinf(value[1])
    assert np.isfinite(value[[0, 2]]).all()
    assert value[0] == problem.objective.at(good[None]).value[0]


def test_a_free_parameter_stands_where_its_cell_says():
    structure, table = structure_of("f =~ x1 + x2 + x3\nx1 ~~ x2\nf ~ z")
    keys = [(row.lhs, row.op, row.rhs) for row in table.parameters if row.free]
    assert structure.cells_of(keys) == structure.cells
    with pytest.raises(KeyError):
        structure.cells_of([("f", "=~", "nobody")])


def test_cells_are_read_where_parameters_were_filled_in():
    problem = shape("mean_structure").problem()
    structure, block = problem.structures[0], problem.objective.blocks[0]
    params = np.stack([problem.start(), problem.start() + 1])
    matrices = structure.matrices(params, block.S, block.mean)
    found = structure.values(structure.cells, matrices)
    np.testing.assert_array_equal(found, params[:, structure.free])


def test_observed_variables_of_the_structural_part_join_eta():
    structure, _ = structure_of("f =~ x1 + x2 + x3\nf ~ z\nw ~ f")
    assert structure.eta == ("f", "w", "z")
    for name in ("w", "z"):
        row = structure.constant["Lambda"][structure.observed.index(name)]
        assert row.tolist() == [float(other == name) for other in structure.eta]


@pytest.mark.parametrize(
    ("model", "longest"),
    [
        ("f =~ x1 + x2", 0),
        ("y ~ x", 1),
        ("y ~ x\nz ~ y + x\nw ~ x", 2),
        ("f =~ x1 + x2\ng =~ f\nh =~ g", 2),
        ("y1 ~ y2\ny2 ~ y1", None),
        ("a ~ b\nb ~ c\nc ~ d\nd ~ e", 4),
    ],
)
def test_total_effects_are_sums_over_chains_of_paths(model, longest, rng):
    structure, table = structure_of(model)
    assert structure.longest_chain == longest
    params = 0.3 * rng.normal(size=(5, table.n_free))
    p = structure.n_observed
    found = structure.evaluate(params, np.eye(p), np.zeros(p))
    inverse = np.linalg.inv(np.eye(structure.n_eta) - found.matrices["Beta"])
    assert np.allclose(found.A, inverse, rtol=1e-13, atol=1e-13)
