"""One covariance held at a value: the differences that many small estimations would give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from trustsem.results import Held, compare_held
from trustsem.survey import data_path

MODEL = """
visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
"""
PAIRS = (("visual", "textual"), ("visual", "speed"), ("textual", "speed"))
# lavaan 0.7-2 and semTools 0.5-9.901 (discriminantValidity), Holzinger & Swineford
SEMTOOLS = {
    1.0: (80.041, 59.865, 118.551),
    0.9: (66.9198724337, 38.711778641, 115.117),
    0.85: (55.968, 28.559, 107.109),
    0.8: (42.449, 19.969, 88.970),
}


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    return pd.read_csv(data_path("holzinger1939.csv"))


@pytest.fixture(scope="module")
def free(pupils):
    return ts.cfa(MODEL, pupils, std_lv=True)


@pytest.mark.parametrize("cutoff", list(SEMTOOLS))
def test_pairs_of_constructs_as_semtools_tests_them(free, cutoff) -> None:
    tests = compare_held(free, [Held(a, b, cutoff) for a, b in PAIRS])
    found = [test.chisq for test in tests]
    np.testing.assert_allclose(found, SEMTOOLS[cutoff], atol=6e-4)
    assert [test.df for test in tests] == [1, 1, 1]


def test_a_stack_gives_what_its_members_give(free) -> None:
    held = [Held(a, b, value) for a, b in PAIRS for value in (1.0, 0.0, -0.5)]
    stack = compare_held(free, held)
    for item, test in zip(held, stack, strict=True):
        (alone,) = compare_held(free, [item])
        assert alone.chisq == pytest.approx(test.chisq, abs=1e-7)


@pytest.mark.parametrize("estimator", ["ML", "MLM", "MLR", "MLMV", "GLS", "ULS", "WLS"])
def test_every_estimator_gives_what_an_estimation_of_its_own_gives(pupils, estimator) -> None:
    free = ts.cfa(MODEL, pupils, std_lv=True, estimator=estimator)
    restricted = ts.cfa(f"{MODEL}visual ~~ 0.8*speed", pupils, std_lv=True, estimator=estimator)
    (test,) = compare_held(free, [Held("visual", "speed", 0.8)])
    expected = ts.compare(free, restricted).iloc[-1]
    assert test.chisq == pytest.approx(expected["chisq_diff"], rel=1e-5)
    assert test.pvalue == pytest.approx(expected["pvalue"], rel=1e-4)
    assert test.method == expected["method"]


@pytest.mark.parametrize("estimator", ["WLSMV", "WLSM"])
def test_ordered_items_keep_their_categories(pupils, estimator) -> None:
    edges = pupils.quantile([0.3, 0.7], numeric_only=True)
    items = [f"x{i}" for i in range(1, 10)]
    cut = {name: np.digitize(pupils[name], edges[name]) for name in items}
    options = {"std_lv": True, "estimator": estimator, "ordered": True}
    free = ts.cfa(MODEL, pupils.assign(**cut), **options)
    restricted = ts.cfa(f"{MODEL}visual ~~ 0.8*speed", pupils.assign(**cut), **options)
    (test,) = compare_held(free, [Held("visual", "speed", 0.8)])
    expected = ts.compare(free, restricted).iloc[-1]
    assert test.chisq == pytest.approx(expected["chisq_diff"], rel=1e-5)
    assert test.method == expected["method"]


def test_an_estimate_held_where_it_is_costs_nothing(free) -> None:
    phi = float(free.latent_cor.loc["visual", "speed"])
    (test,) = compare_held(free, [Held("speed", "visual", phi)])
    assert test.chisq == pytest.approx(0.0, abs=1e-7)


def test_a_start_outside_the_domain_is_brought_inside(rng) -> None:
    # c correlates .7 with a and .2 with b: holding a ~~ b at 1 makes no correlation matrix there
    phi = np.array([[1, 0.6, 0.7], [0.6, 1, 0.2], [0.7, 0.2, 1]])
    constructs = rng.multivariate_normal(np.zeros(3), phi, size=400)
    answers = np.repeat(constructs, 3, axis=1) + 0.3 * rng.normal(size=(400, 9))
    data = pd.DataFrame(answers, columns=[f"y{i}" for i in range(9)])
    model = "a =~ y0 + y1 + y2\nb =~ y3 + y4 + y5\nc =~ y6 + y7 + y8"
    free = ts.cfa(model, data, std_lv=True)
    (at,) = [row.free - 1 for row in free.table.parameters if (row.lhs, row.rhs) == ("a", "b")]
    start = free.estimate.params.copy()
    start[at] = 1.0
    assert np.isinf(free.estimate.problem.objective.at(start[None]).value[0])
    (test,) = compare_held(free, [Held("a", "b", 1.0)])
    restricted = ts.cfa(f"{model}\na ~~ 1*b", data, std_lv=True)
    difference = restricted.fit_measures["chisq"] - free.fit_measures["chisq"]
    assert test.chisq == pytest.approx(difference, rel=1e-6)


def test_nothing_held_is_nothing_tested(free) -> None:
    assert compare_held(free, []) == []
