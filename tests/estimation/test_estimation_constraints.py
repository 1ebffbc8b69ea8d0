"""Constraints hold exactly, cost degrees of freedom, and shape the standard errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import (
    ModelShape,
    assert_near,
    estimate_of,
    holzinger,
    inside_point,
    numerical_jacobian,
)
from trustsem.errors import SpecificationError

BASE = """
visual =~ x1 + b*x2 + c*x3
textual =~ x4 + d*x5 + e*x6
speed =~ x7 + f*x8 + g*x9
"""
LAVAAN = {
    # lavaan 0.6-14, cfa(paste(BASE, text), holzinger1939, control = list(rel.tol = 1e-11)):
    # chi-square, df, then estimate and standard error by label.
    "b == c": (
        87.970510301, 25,
        {"b": (0.6485020245, 0.0881675151), "c": (0.6485020245, 0.0881675151),
         "d": (1.1131991738, 0.0654096886), "g": (1.0747069376, 0.1501578724)},
    ),
    "d + e == 2\nb == c": (
        88.1148070607, 26,
        {"b": (0.6478619549, 0.0880717218), "d": (1.0916071396, 0.0297536658),
         "e": (0.9083928604, 0.0297536658), "f": (1.1815397035, 0.1652356266)},
    ),
    "b == 0.5\nc == 0.8": (
        86.5403167867, 26,
        {"b": (0.5, 0.0), "c": (0.8, 0.0), "d": (1.1132582866, 0.0654559343)},
    ),
    "d == b*c + 0.5": (
        86.9635945394, 25,
        {"b": (0.6803257640, 0.0678091724), "c": (0.8621354224, 0.0814772991),
         "d": (1.0865329583, 0.0590698784)},
    ),
    "b*c == 0.3": (
        86.1443674991, 25,
        {"b": (0.4662772764, 0.0446681833), "c": (0.6433944128, 0.0616355666)},
    ),
    "d < 1.05": (
        86.2996381288, 24,
        {"b": (0.5522104645, 0.0994251784), "e": (0.9000646058, 0.0470245971)},
    ),
    "b > 0.6\nb < 0.9": (
        85.4795288621, 24,
        {"b": (0.6000000015, 0.0), "c": (0.7566254195, 0.1018269074)},
    ),
    "b == c\nb > 0.8": (
        89.9425289343, 25,
        {"b": (0.8, 0.0), "c": (0.8, 0.0), "e": (0.9272923139, 0.0555722813)},
    ),
    "d > 1.05": (
        85.3055217699, 24,
        {"d": (1.1130765045, 0.0654201054), "b": (0.5535001498, 0.0996651390)},
    ),
}  # fmt: skip
ACTIVE = {
    "d < 1.05": ["d < 1.05"],
    "b > 0.6\nb < 0.9": ["b > 0.6"],
    "b == c\nb > 0.8": ["b > 0.8"],
}


def labelled(result):
    """Return the labelled parameters by label."""
    frame = result.parameters
    return frame[(frame["label"] != "") & (frame["op"] == "=~")].set_index("label")


@pytest.mark.parametrize("text", LAVAAN)
def test_constrained_estimates_and_errors_are_those_of_lavaan(text):
    chisq, df, expected = LAVAAN[text]
    result = ts.cfa(BASE + text, holzinger())
    rows = labelled(result)
    assert result.converged
    assert result.df == df
    assert result.fit_measures["chisq"] == pytest.approx(chisq, rel=1e-6)
    for label, (est, se) in expected.items():
        assert rows.loc[label, "est"] == pytest.approx(est, rel=3e-5), label
        assert rows.loc[label, "se"] == pytest.approx(se, rel=1e-4, abs=1e-9), label


@pytest.mark.parametrize("text", LAVAAN)
def test_a_boundary_that_is_reached_is_reported_and_costs_no_degrees_of_freedom(text):
    result = ts.cfa(BASE + text, holzinger())
    found = [finding.subject for finding in result.findings if finding.code == "on_boundary"]
    assert found == ACTIVE.get(text, [])
    assert result.admissible


def test_constraints_hold_to_the_last_digit():
    rows = labelled(ts.cfa(BASE + "d + e == 2\nb == 0.8*c + 0.1", holzinger()))["est"]
    assert rows["d"] + rows["e"] == pytest.approx(2, abs=1e-14)
    assert rows["b"] == pytest.approx(0.8 * rows["c"] + 0.1, abs=1e-14)
    rows = labelled(ts.cfa(BASE + "d == b*c + 0.5", holzinger()))["est"]
    assert rows["d"] == pytest.approx(rows["b"] * rows["c"] + 0.5, abs=1e-10)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        pytest.param(BASE.replace("c*x3", "b*x3"), BASE + "b == c", id="label_and_equation"),
        pytest.param(BASE + "b - c == 0", BASE + "b == c", id="rearranged"),
        pytest.param(BASE + "b == c\nc == b\n2*b == 2*c", BASE + "b == c", id="repeated"),
        pytest.param(BASE + "b*c == b^2", BASE + "b == c", id="nonlinear_in_disguise"),
        pytest.param(BASE + "exp(b) == exp(c)", BASE + "b == c", id="through_a_function"),
        pytest.param(
            BASE + "b == 0.5", BASE.replace("b*x2", "0.5*x2"), id="equation_and_fixed_value"
        ),
        pytest.param(
            BASE + "gap := d - e\ngap == 0.2", BASE + "d == e + 0.2", id="through_a_definition"
        ),
    ],
)
def test_one_constraint_in_two_ways_is_one_model(text, same):
    one, other = ts.cfa(text, holzinger()), ts.cfa(same, holzinger())
    assert one.df == other.df
    assert one.fit_measures["chisq"] == pytest.approx(other.fit_measures["chisq"], rel=1e-9)
    loadings = [item.parameters[item.parameters["op"] == "=~"] for item in (one, other)]
    for column in ("est", "se", "std_all"):
        assert np.allclose(loadings[0][column], loadings[1][column], rtol=1e-6, atol=1e-9)


def test_the_constraints_option_says_the_same_as_the_text():
    one = ts.cfa(BASE, holzinger(), constraints="b == c")
    assert one.fit_measures["chisq"] == pytest.approx(LAVAAN["b == c"][0], rel=1e-8)


@pytest.mark.parametrize(
    "text",
    [
        "b == 0.5\nb == 0.6",
        "b == c\nb == c + 1",
        "b == c\nc == d\nd == b + 0.1",
        "b + c == b + c + 1",
    ],
    ids=["two_values", "shifted", "circle", "impossible"],
)
def test_equalities_that_contradict_each_other_are_refused(text):
    with pytest.raises(SpecificationError, match="contradict"):
        ts.cfa(BASE + text, holzinger())


@pytest.mark.parametrize(
    "text", ["b > 0.9\nb < 0.2", "b*c == 1\nb*c == 2"], ids=["inequalities", "nonlinear"]
)
def test_other_conditions_that_cannot_be_met_do_not_look_met(text):
    result = ts.cfa(BASE + text, holzinger())
    assert not result.converged
    assert not result.admissible


def test_inequalities_that_hold_anyway_change_nothing():
    plain, bounded = ts.cfa(BASE, holzinger()), ts.cfa(BASE + "d > e\nb < 5\nb > -5", holzinger())
    columns = ["est", "se"]
    rows = len(plain.parameters)
    assert np.allclose(
        plain.parameters[columns], bounded.parameters[columns].head(rows), rtol=1e-6, atol=1e-9
    )
    assert bounded.findings == ()


def test_a_bound_on_a_variance_keeps_a_solution_proper():
    frame = holzinger()
    frame = frame[(frame["school"] == "Pasteur") & (frame["ageyr"] <= 12)]
    model = "f1 =~ x1 + x7\nf2 =~ x4 + x5 + x6\nf3 =~ x2 + x3 + x8"
    free = ts.cfa(model, frame)
    bounded = ts.cfa(model + "\nf1 ~~ v*f1\nx1 ~~ r*x1\nv > 0.05\nr > 0.05", frame)
    assert free.parameters["est"].where(free.parameters["op"] == "~~").min() < 0
    assert bounded.parameters["est"].where(bounded.parameters["lhs"].eq("f1")).min() > 0.04
    assert bounded.estimate.value >= free.estimate.value - 1e-10


def test_constraints_show_as_rows_without_estimates():
    frame = ts.cfa(BASE + "d + e == 2\nb < 0.9", holzinger()).parameters
    rows = frame[frame["op"].isin(["==", "<", ">"])]
    keys = rows[["lhs", "op", "rhs"]].to_numpy().tolist()
    assert keys == [["d + e", "==", "2"], ["b", "<", "0.9"]]
    assert rows[["est", "se"]].isna().all(axis=None)


def test_equal_labels_over_variances_and_covariances():
    model = "textual =~ a*x4 + a*x5 + a*x6\nx4 ~~ t*x4\nx5 ~~ t*x5\nx6 ~~ t*x6"
    result = ts.cfa(model, holzinger(), std_lv=True)
    S = result.sample.to_numpy()
    # Parallel tests: the mean covariance is a^2, the mean variance a^2 + t.
    covariance = S[np.tril_indices(3, -1)].mean()
    assert estimate_of(result, "textual", "=~", "x4")["est"] ** 2 == pytest.approx(covariance)
    t = estimate_of(result, "x4", "~~", "x4")["est"]
    assert t == pytest.approx(np.diag(S).mean() - covariance)
    assert (result.n_free, result.df) == (2, 4)


@pytest.mark.parametrize("text", ["b == c", "d + e == 2\nb == c", "b == 2*c - e + 0.3"])
def test_all_parameters_are_a_function_of_the_reduced_ones(text, rng):
    problem = ModelShape("any", BASE + text).problem()
    reduction = problem.reduction
    point = inside_point(problem, rng)
    params = reduction.expand(point)
    assert np.allclose(reduction.reduce(params), point, rtol=1e-14)
    assert np.allclose(params[reduction.kept], point, rtol=1e-14)
    assert_near(numerical_jacobian(reduction.expand, point), reduction.K, 1e-9)
    assert len(params) - len(point) == text.count("==")


def test_group_equality_is_a_set_of_equal_labels():
    free = ts.cfa(
        BASE.replace("b*", "").replace("c*", ""),
        holzinger(),
        group="school",
        group_equal="loadings",
        meanstructure=False,
    )
    frame = free.parameters[free.parameters["op"] == "=~"]
    first, second = (frame[frame["group"] == group]["est"].to_numpy() for group in (1, 2))
    assert np.allclose(first, second, rtol=1e-14)
    assert free.df == 2 * 24 + 6


ABILITIES = "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + x6\n"
DEMOCRACY = """
ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ a*ind60
dem65 ~ b*dem60 + c*ind60
"""
NONLINEAR = [
    # lavaan 0.6-14, sem(model, data): chi-square, first three estimates and standard errors.
    (ABILITIES, "a*b == 0.3", 24.899466, (0.47731, 0.62852, 1.11038), (0.04584, 0.06036, 0.06527)),
    (ABILITIES, "c == a^2 + b", 24.484185, (0.59843, 0.74775, 1.10587),
     (0.06065, 0.07132, 0.06235)),
    (ABILITIES, "a*b > 0.6", 25.746775, (0.70216, 0.85451, 1.11249), (0.05959, 0.07252, 0.06556)),
    (DEMOCRACY, "a*b == 2*c", 72.795204, (2.18253, 1.81922, 1.35430), (0.13893, 0.15221, 0.17593)),
    (DEMOCRACY, "c > 0.7\na*b < 1", 73.939552, (2.18966, 1.82488, 1.35379),
     (0.13667, 0.15117, 0.17672)),
]  # fmt: skip


@pytest.mark.parametrize("row", NONLINEAR, ids=lambda row: row[1])
def test_nonlinear_conditions_equal_lavaan(project_root, row):
    model, conditions, chisq, est, se = row
    name = "holzinger1939" if model is ABILITIES else "bollen1989"
    result = ts.sem(model + conditions, pd.read_csv(project_root / "data" / f"{name}.csv"))
    free = result.parameters.query("free > 0").head(3)
    assert result.converged
    assert result.fit_measures["chisq"] == pytest.approx(chisq, abs=1e-5)
    assert free["est"].tolist() == pytest.approx(est, abs=2e-5)
    assert free["se"].tolist() == pytest.approx(se, abs=2e-5)
