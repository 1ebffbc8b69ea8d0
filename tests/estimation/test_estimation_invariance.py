"""What must not matter does not matter: units, order, scaling of constructs, further freedom."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trustsem as ts
from kernel_models import (
    DEMOCRACY,
    THREE_CONSTRUCTS,
    TWO_STEP_MODEL,
    democracy,
    each_shape,
    estimate_of,
    holzinger,
    shape,
    simulated,
)
from trustsem.estimation.optimiser import minimise


def keyed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return parameters by what identifies them, whichever way a covariance is written."""
    keys = [
        (row.op, *(sorted((row.lhs, row.rhs)) if row.op == "~~" else (row.lhs, row.rhs)), row.group)
        for row in frame.itertuples()
    ]
    return frame.set_index(pd.MultiIndex.from_tuples(keys)).sort_index()


def unit_of(row, name, factor):
    """Return by what an estimate changes when one variable is multiplied with a factor."""
    power = (row.rhs == name) if row.op == "=~" else (row.lhs == name) + (row.rhs == name)
    return float(factor) ** power


@pytest.mark.parametrize("model", each_shape("second_order"))
def test_the_gradient_vanishes_at_convergence(model):
    result = model.fit()
    assert result.converged
    assert result.estimate.gradient_norm < 1e-8
    assert 0 < result.iterations < 60


@pytest.mark.parametrize("item", ["x2", "x1"], ids=["plain", "marker"])
@pytest.mark.parametrize("factor", [1000.0, 0.001], ids=str)
@pytest.mark.parametrize("std_lv", [False, True], ids=["marker_scaling", "unit_variance"])
def test_the_unit_of_one_item_changes_only_its_own_numbers(item, factor, std_lv):
    plain = ts.cfa(THREE_CONSTRUCTS, holzinger(), std_lv=std_lv)
    frame = holzinger()
    frame[item] *= factor
    moved = ts.cfa(THREE_CONSTRUCTS, frame, std_lv=std_lv)
    assert moved.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-10)
    assert abs(moved.iterations - plain.iterations) <= 2
    before, after = plain.parameters, moved.parameters
    for column in ("std_all", "std_all_se", "z"):
        same = ~((before["lhs"] == "visual") & (before["rhs"] == "visual") & (column == "z"))
        assert np.allclose(
            after[column][same], before[column][same], rtol=1e-7, atol=1e-10, equal_nan=True
        ), column
    if item == "x1" and not std_lv:
        return  # the construct's unit is the marker's
    for old, new in zip(before.itertuples(), after.itertuples(), strict=True):
        unit = unit_of(old, item, factor)
        assert new.est == pytest.approx(old.est * unit, rel=1e-8), old
        assert new.se == pytest.approx(old.se * unit, rel=1e-7, abs=1e-12), old


@pytest.mark.parametrize("factor", [1e6, 1e-6], ids=str)
def test_the_unit_of_all_items_changes_nothing(factor):
    plain = ts.sem(DEMOCRACY, democracy())
    moved = ts.sem(DEMOCRACY, democracy() * factor)
    assert moved.iterations == plain.iterations
    for column in ("std_all", "z"):
        assert np.allclose(
            moved.parameters[column], plain.parameters[column], rtol=1e-7, equal_nan=True
        )
    assert moved.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-9)


@given(
    scale=st.lists(st.floats(-3, 3), min_size=9, max_size=9).map(lambda x: 10 ** np.array(x)),
)
@settings(max_examples=8, deadline=None)
def test_any_units_give_the_same_standardised_solution(scale):
    frame = holzinger()
    items = [f"x{number}" for number in range(1, 10)]
    plain = ts.cfa(THREE_CONSTRUCTS, frame)
    moved = ts.cfa(
        THREE_CONSTRUCTS,
        frame.assign(**dict(zip(items, frame[items].to_numpy().T * scale[:, None], strict=True))),
    )
    assert np.allclose(moved.parameters["std_all"], plain.parameters["std_all"], rtol=1e-7)
    assert moved.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-9)


@pytest.mark.parametrize(
    ("kind", "model", "data"),
    [
        pytest.param("cfa", THREE_CONSTRUCTS, holzinger, id="cfa"),
        pytest.param("cfa", THREE_CONSTRUCTS + "\nx7 ~~ x8\nvisual =~ x9", holzinger, id="cross"),
        pytest.param("sem", DEMOCRACY, democracy, id="structural"),
    ],
)
def test_constructs_scaled_by_marker_or_by_variance_are_the_same_model(kind, model, data):
    marker = getattr(ts, kind)(model, data())
    unit = getattr(ts, kind)(model, data(), std_lv=True)
    assert np.allclose(marker.implied, unit.implied, rtol=1e-7, atol=1e-8)
    assert marker.df == unit.df
    assert marker.fit_measures["chisq"] == pytest.approx(unit.fit_measures["chisq"], rel=1e-9)
    assert np.allclose(marker.latent_cor, unit.latent_cor, rtol=1e-7)
    columns = ["std_all", "std_all_se"]
    assert np.allclose(
        marker.parameters[columns][marker.parameters["op"] != "~1"],
        unit.parameters[columns][unit.parameters["op"] != "~1"],
        rtol=1e-6,
        atol=1e-8,
    )


@pytest.mark.parametrize("marker", ["x1", "x2", "x3"])
def test_any_marker_gives_the_same_fit(marker):
    others = " + ".join(item for item in ("x1", "x2", "x3") if item != marker)
    model = THREE_CONSTRUCTS.replace("x1 + x2 + x3", f"{marker} + {others}")
    result, plain = ts.cfa(model, holzinger()), ts.cfa(THREE_CONSTRUCTS, holzinger())
    assert result.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-9)
    order = list(plain.implied.index)
    assert np.allclose(result.implied.loc[order, order], plain.implied, rtol=1e-7)


@given(
    items=st.permutations(["x4", "x5", "x6"]),
    blocks=st.permutations(["visual", "textual", "speed"]),
)
@settings(max_examples=6, deadline=None)
def test_the_order_of_indicators_and_constructs_is_irrelevant(items, blocks):
    own = {"visual": ["x1", "x2", "x3"], "textual": items, "speed": ["x7", "x8", "x9"]}
    model = "\n".join(f"{name} =~ {' + '.join(own[name])}" for name in blocks)
    plain = keyed(ts.cfa(THREE_CONSTRUCTS, holzinger(), std_lv=True).parameters)
    moved = keyed(ts.cfa(model, holzinger(), std_lv=True).parameters)
    columns = ["est", "se", "std_all", "std_all_se"]
    assert list(plain.index) == list(moved.index)
    assert np.allclose(plain[columns], moved[columns], rtol=1e-6, atol=1e-8)


def test_columns_and_rows_in_any_order(rng):
    frame = holzinger()
    shuffled = frame[list(frame.columns)[::-1]].iloc[rng.permutation(len(frame))]
    plain, moved = ts.cfa(THREE_CONSTRUCTS, frame), ts.cfa(THREE_CONSTRUCTS, shuffled)
    assert np.allclose(plain.parameters["est"], moved.parameters["est"], rtol=1e-9)


FURTHER = ("visual =~ x9", "x7 ~~ x8", "textual =~ x3", "x1 ~~ x4", "speed =~ x1", "x2 ~~ x6")


@given(added=st.lists(st.sampled_from(FURTHER), min_size=1, max_size=3, unique=True))
@settings(max_examples=6, deadline=None)
def test_a_further_free_parameter_never_raises_the_minimum(added):
    model, before = THREE_CONSTRUCTS, ts.cfa(THREE_CONSTRUCTS, holzinger())
    for statement in added:
        model += "\n" + statement
        after = ts.cfa(model, holzinger())
        assert after.df == before.df - 1
        assert after.fit_measures["chisq"] <= before.fit_measures["chisq"] + 1e-8
        before = after


@pytest.mark.parametrize("name", ["cfa_marker", "structural", "mean_structure", "equal_labels"])
def test_the_solution_is_a_minimum(name, rng):
    problem = shape(name).problem()
    at = shape(name).fit().estimate
    reduced = problem.reduction.reduce(at.params)
    H = problem.objective.at(reduced[None]).exact_hessian()[0]
    scale = np.sqrt(np.diag(H))
    assert np.linalg.eigvalsh(H / np.outer(scale, scale))[0] > 0
    beside = reduced + 0.02 * rng.normal(size=(200, reduced.size)) / scale
    assert (problem.objective.at(beside).value > at.value).all()


def test_known_parameters_are_recovered(rng):
    """Estimates of 40 samples scatter around the truth as their standard errors say."""
    truth = {("g", "~", "f"): 0.5, ("f", "=~", "a3"): 0.7 / 0.9}
    truth |= {("a1", "~~", "a1"): 1 - 0.81, ("f", "~~", "f"): 0.81}
    results = [ts.sem(TWO_STEP_MODEL, simulated(300, rng)) for _ in range(40)]
    assert all(result.converged and result.admissible for result in results)
    for key, value in truth.items():
        rows = [estimate_of(result, *key) for result in results]
        mean_error = np.mean([row["se"] for row in rows])
        z = np.array([(row["est"] - value) / mean_error for row in rows])
        assert abs(z.mean()) < 3.5 / np.sqrt(len(z)), key
        assert 0.7 < z.std(ddof=1) < 1.35, key
    chisq = np.array([result.fit_measures["chisq"] for result in results])
    df = results[0].df
    assert abs(chisq.mean() - df) < 4 * np.sqrt(2 * df / len(chisq))


def test_population_moments_give_population_parameters():
    problem = shape("structural").problem()
    result = shape("structural").fit()
    implied = result.implied
    again = ts.sem(DEMOCRACY, sample_cov=implied, sample_nobs=75, sample_cov_rescale=False)
    assert again.fit_measures["chisq"] == pytest.approx(0.0, abs=1e-8)
    assert np.allclose(again.parameters["est"], result.parameters["est"], rtol=1e-5, atol=1e-7)
    assert len(problem.start()) == result.n_free


def test_the_optimiser_stops_where_it_is_told_to():
    problem = shape("cfa_marker").problem()
    early = minimise(problem.objective, problem.start()[None], max_iterations=1)
    assert not early.converged[0]
    assert early.iterations[0] == 1
    assert early.gradient_norm[0] > 1e-8
