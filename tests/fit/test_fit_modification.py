"""A modification index says by how much chi-square falls, and to what the parameter moves."""

from __future__ import annotations

import numpy as np
import pytest

import trustsem as ts
from kernel_models import (
    DEMOCRACY,
    THREE_CONSTRUCTS,
    ModelShape,
    democracy,
    estimate_of,
    holzinger,
)
from trustsem.errors import SpecificationError


def row_of(table, lhs, op, rhs, group=1):
    chosen = table[
        (table["lhs"] == lhs)
        & (table["op"] == op)
        & (table["rhs"] == rhs)
        & (table["group"] == group)
    ]
    assert len(chosen) == 1, (lhs, op, rhs)
    return chosen.iloc[0]


def score_test(restricted, freed_text, name):
    """Return the index and the expected change from the model in which the parameter is free."""
    model = ModelShape("freed", freed_text, kind=restricted.kind)
    problem = model.problem(holzinger())
    names = [row.name for row in problem.table.parameters if row.free]
    known = {
        row.name: value
        for row, value in zip(
            (row for row in restricted.table.parameters if row.free),
            restricted.estimate.params,
            strict=True,
        )
    }
    at = problem.objective.at(np.array([[known.get(item, 0.0) for item in names]]))
    n = problem.weight
    gradient = at.gradient()[0] * n / 2
    information = at.expected_hessian()[0] * n / 2
    step = -np.linalg.solve(information, gradient)
    position = names.index(name)
    return -gradient @ step, step[position]


@pytest.mark.parametrize(
    ("lhs", "op", "rhs"),
    [("visual", "=~", "x9"), ("x7", "~~", "x8"), ("textual", "=~", "x1"), ("x1", "~~", "x9")],
)
def test_it_is_the_score_test_of_the_freed_model(lhs, op, rhs):
    result = ts.cfa(THREE_CONSTRUCTS, holzinger())
    found = row_of(result.modification_indices(), lhs, op, rhs)
    mi, epc = score_test(result, f"{THREE_CONSTRUCTS}\n{lhs} {op} {rhs}", f"{lhs}{op}{rhs}")
    assert found["mi"] == pytest.approx(mi, rel=1e-7)
    assert found["epc"] == pytest.approx(epc, rel=1e-7)


def test_a_residual_may_covary_with_that_of_an_item_that_is_an_outcome_too():
    text = f"{THREE_CONSTRUCTS}\nx9 ~ ageyr"
    result = ts.sem(text, holzinger())
    found = row_of(result.modification_indices(), "x1", "~~", "x9")
    mi, epc = score_test(result, f"{text}\nx1 ~~ x9", "x1~~x9")
    assert found["mi"] == pytest.approx(mi, rel=1e-7)
    assert found["epc"] == pytest.approx(epc, rel=1e-7)


def test_large_indices_foretell_what_freeing_does():
    result = ts.cfa(THREE_CONSTRUCTS, holzinger())
    for row in result.modification_indices(10.0).itertuples():
        freed = ts.cfa(f"{THREE_CONSTRUCTS}\n{row.lhs} {row.op} {row.rhs}", holzinger())
        drop = result.fit_measures["chisq"] - freed.fit_measures["chisq"]
        new = estimate_of(freed, row.lhs, row.op, row.rhs)
        assert row.mi == pytest.approx(drop, rel=0.35)
        assert np.sign(row.epc) == np.sign(row.sepc_all) == np.sign(new["est"])


def test_where_the_misfit_is_small_the_foretelling_is_exact():
    """One small residual covariance in otherwise perfect moments."""
    implied = ts.cfa(THREE_CONSTRUCTS, holzinger()).implied
    implied.loc["x1", "x4"] += 1e-3
    implied.loc["x4", "x1"] += 1e-3
    given = {"sample_cov": implied, "sample_nobs": 1000, "sample_cov_rescale": False}
    result = ts.cfa(THREE_CONSTRUCTS, **given)
    freed = ts.cfa(THREE_CONSTRUCTS + "\nx1 ~~ x4", **given)
    found = row_of(result.modification_indices(), "x1", "~~", "x4")
    assert found["epc"] == pytest.approx(1e-3, rel=0.01)
    assert found["mi"] == pytest.approx(result.fit_measures["chisq"], rel=0.01)
    assert freed.fit_measures["chisq"] == pytest.approx(0, abs=1e-6)


def test_paths_between_constructs():
    restricted = DEMOCRACY.replace("c*ind60 + ", "")
    result = ts.sem(restricted, democracy())
    found = row_of(result.modification_indices(), "dem65", "~", "ind60")
    freed = ts.sem(DEMOCRACY, democracy())
    assert found["epc"] == pytest.approx(estimate_of(freed, "dem65", "~", "ind60")["est"], rel=0.3)


def test_what_is_free_or_would_change_nothing_is_not_offered():
    result = ts.cfa(THREE_CONSTRUCTS, holzinger())
    table = result.modification_indices()
    free = {(row.lhs, row.op, row.rhs) for row in result.table.parameters if row.free}
    assert not free & set(zip(table["lhs"], table["op"], table["rhs"], strict=True))
    # The marker loadings could be freed only together with the scale of their construct.
    assert not (
        (table["op"] == "=~")
        & table["rhs"].isin(["x1", "x4", "x7"])
        & (table["lhs"] == table["rhs"].map({"x1": "visual", "x4": "textual", "x7": "speed"}))
    ).any()
    assert np.isfinite(table["mi"]).all()
    assert (table["mi"] >= 0).all()
    assert table["mi"].is_monotonic_decreasing


def test_the_unit_of_an_item_does_not_matter():
    frame = holzinger().assign(x9=lambda data: data["x9"] * 1000)
    plain = ts.cfa(THREE_CONSTRUCTS, holzinger()).modification_indices()
    moved = ts.cfa(THREE_CONSTRUCTS, frame).modification_indices()
    assert len(plain) == len(moved)
    for row in plain.head(30).itertuples():
        other = row_of(moved, row.lhs, row.op, row.rhs)
        assert other["mi"] == pytest.approx(row.mi, rel=1e-6)
        assert other["sepc_all"] == pytest.approx(row.sepc_all, rel=1e-6)


def test_the_information_option_does_not_change_them():
    expected, observed = (
        ts.cfa(THREE_CONSTRUCTS, holzinger(), information=kind).modification_indices()
        for kind in ("expected", "observed")
    )
    assert np.allclose(expected["mi"], observed["mi"], rtol=1e-9)


def test_equal_loadings_of_groups_are_offered_per_group():
    result = ts.cfa(THREE_CONSTRUCTS, holzinger(), group="school", group_equal="loadings")
    table = result.modification_indices()
    assert set(table["group"]) == {1, 2}
    assert np.isfinite(table["mi"]).all()


def test_a_singular_solution_has_none():
    frame = holzinger()
    zero = frame[["x1", "x2", "x4", "x5", "x6"]].cov()
    zero.loc[["x1", "x2"], ["x4", "x5", "x6"]] = 0.0
    zero.loc[["x4", "x5", "x6"], ["x1", "x2"]] = 0.0
    result = ts.cfa("f =~ x1 + x2\ng =~ x4 + x5 + x6", sample_cov=zero, sample_nobs=301)
    assert not result.admissible
    assert result.modification_indices().empty


@pytest.mark.parametrize("minimum", ["x1", None, True])
def test_the_smallest_index_is_a_number(minimum):
    with pytest.raises(SpecificationError, match="smallest index"):
        ts.cfa(THREE_CONSTRUCTS, holzinger()).modification_indices(minimum)
