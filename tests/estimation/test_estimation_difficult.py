"""Difficult data and starts: saddle points, improper solutions, no solution at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import (
    THREE_CONSTRUCTS,
    estimate_of,
    holzinger,
    numerical_jacobian,
    shape,
)
from trustsem.estimation.optimiser import minimise
from trustsem.estimation.starts import instrumental, one_factor


def serious(result):
    """Return the codes of the serious findings."""
    return {finding.code for finding in result.findings if finding.severity == "serious"}


def test_zero_loadings_are_a_saddle_point_that_is_left():
    model = "textual =~ start(0)*x4 + start(0)*x5 + start(0)*x6\nspeed =~ x7 + x8 + x9"
    result = ts.cfa(model, holzinger(), std_lv=True)
    plain = ts.cfa(model.replace("start(0)*", ""), holzinger(), std_lv=True)
    assert result.converged
    assert result.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-8)
    loadings = [abs(estimate_of(result, "textual", "=~", item)["est"]) for item in ("x4", "x5")]
    assert min(loadings) > 0.9


@pytest.mark.parametrize("units", [(1e3, 1.0, 1e-3), (1e5, 1e-5, 1e2), (1e-6, 1e-6, 1e-6)], ids=str)
def test_a_saddle_point_is_left_whatever_the_units(units):
    model = "textual =~ start(0)*x4 + start(0)*x5 + start(0)*x6\nspeed =~ x7 + x8 + x9"
    plain = ts.cfa(model, holzinger(), std_lv=True)
    moved = holzinger()
    moved[["x4", "x5", "x6"]] *= np.array(units)
    result = ts.cfa(model, moved, std_lv=True)
    assert result.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-8)


def test_every_construct_empty_at_the_start():
    model = "\n".join(
        f"{name} =~ " + " + ".join(f"start(0)*{item}" for item in items)
        for name, items in (("a", ("x1", "x2", "x3")), ("b", ("x4", "x5", "x6")))
    )
    result = ts.cfa(model, holzinger(), std_lv=True, orthogonal=True)
    plain = ts.cfa(model.replace("start(0)*", ""), holzinger(), std_lv=True, orthogonal=True)
    assert result.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-8)


@pytest.mark.parametrize("value", [-1.0, 0.01, 5.0, 100.0], ids=str)
def test_odd_starting_values_lead_to_the_same_minimum(value):
    model = THREE_CONSTRUCTS.replace("x2", f"start({value})*x2").replace("x8", f"start({value})*x8")
    result, plain = ts.cfa(model, holzinger()), ts.cfa(THREE_CONSTRUCTS, holzinger())
    assert result.converged
    assert result.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-9)


def test_a_negative_variance_is_found_and_named():
    frame = holzinger()
    frame = frame[(frame["school"] == "Pasteur") & (frame["ageyr"] <= 12)]
    result = ts.cfa("f1 =~ x1 + x7\nf2 =~ x4 + x5 + x6\nf3 =~ x2 + x3 + x8", frame)
    assert result.converged
    assert not result.admissible
    assert "negative_variance" in serious(result)
    assert "INADMISSIBLE" in repr(result)


def test_a_heywood_case_made_by_hand():
    # l1 l2 = .8, l1 l3 = .8, l2 l3 = .5: l1^2 = .8 * .8 / .5 = 1.28, so that x1 has residual -.28.
    R = np.array([[1.0, 0.8, 0.8], [0.8, 1.0, 0.5], [0.8, 0.5, 1.0]])
    names = ["x1", "x2", "x3"]
    result = ts.cfa(
        "f =~ x1 + x2 + x3",
        sample_cov=pd.DataFrame(R, names, names),
        sample_nobs=100,
        sample_cov_rescale=False,
        std_lv=True,
    )
    (finding,) = (item for item in result.findings if item.severity == "serious")
    assert estimate_of(result, "x1", "~~", "x1")["est"] == pytest.approx(-0.28, abs=1e-7)
    assert estimate_of(result, "f", "=~", "x1")["est"] == pytest.approx(np.sqrt(1.28), rel=1e-7)
    assert (finding.code, finding.subject) == ("negative_variance", "x1")
    assert finding.value == pytest.approx(-0.28, abs=1e-7)


def test_a_correlation_beyond_one_is_named():
    # x4x repeats x4 with a little noise, on another construct (as in the reference case p152).
    frame = holzinger()
    rng = np.random.default_rng(5)
    frame["x4x"] = frame["x4"] + 0.3 * rng.normal(size=len(frame))
    result = ts.cfa("a =~ x4 + x5\nb =~ x6 + x4x\nc =~ x7 + x8 + x9", frame)
    codes = serious(result)
    assert result.converged
    assert "correlation_beyond_one" in codes
    (finding,) = (item for item in result.findings if item.code == "correlation_beyond_one")
    assert finding.subject == "a ~~ b"
    assert finding.value > 1


@pytest.mark.parametrize("n", [20, 25])
def test_data_without_a_proper_solution_do_not_look_clean(n, rng):
    """lavaan 0.7-2 reports no convergence here."""
    result = ts.cfa(THREE_CONSTRUCTS, holzinger().head(n))
    text = repr(result)
    assert not result.admissible
    assert serious(result)
    assert "NOT CONVERGED" in text or "INADMISSIBLE" in text
    assert np.isfinite(result.estimate.value)
    assert result.to_dict()["admissible"] is False
    problem = result.estimate.problem
    starts = problem.start() * rng.uniform(0.3, 1.7, size=(10, len(problem.start())))
    starts = starts[np.isfinite(problem.objective.at(starts).value)]
    ends = minimise(problem.objective, starts, max_iterations=50)
    best = ends.value[ends.converged].min(initial=np.inf)
    assert not result.converged or result.estimate.value <= best + 1e-8


@pytest.mark.parametrize("p", [3, 4, 8])
def test_one_factor_finds_loadings_that_fit_exactly(p):
    loadings = np.linspace(0.4, 0.9, p)
    R = np.outer(loadings, loadings)
    np.fill_diagonal(R, 1.0)
    (found,) = one_factor([R])
    assert np.allclose(found, loadings, atol=0.05)
    assert np.allclose(instrumental(R), loadings / loadings[0], rtol=1e-10)


def test_an_item_keyed_the_other_way_starts_on_the_other_side():
    frame = holzinger().assign(x5=lambda data: -data["x5"])
    plain, turned = ts.cfa(THREE_CONSTRUCTS, holzinger()), ts.cfa(THREE_CONSTRUCTS, frame)
    assert turned.iterations == plain.iterations
    assert estimate_of(turned, "textual", "=~", "x5")["est"] == pytest.approx(
        -estimate_of(plain, "textual", "=~", "x5")["est"], rel=1e-8
    )


class _Bowl:
    """A quadratic function of two parameters with a saddle, for the optimiser alone."""

    def __init__(self, at=None):
        self.x = at

    def at(self, reduced):
        return _Bowl(reduced)

    def take(self, _index):
        return self

    @property
    def value(self):
        x, y = self.x[:, 0], self.x[:, 1]
        return np.asarray((x - 3) ** 2 + y**4 - y**2)

    def gradient(self):
        x, y = self.x[:, 0], self.x[:, 1]
        return np.stack([2 * (x - 3), 4 * y**3 - 2 * y], axis=-1)

    def exact_hessian(self):
        H = np.zeros((len(self.x), 2, 2))
        H[:, 0, 0], H[:, 1, 1] = 2.0, 12 * self.x[:, 1] ** 2 - 2
        return H

    def expected_hessian(self):
        return np.broadcast_to(np.eye(2) * 2.0, (len(self.x), 2, 2))


def test_the_optimiser_goes_down_where_the_curvature_is_negative():
    start = np.array([[0.0, 0.1], [10.0, -0.05], [3.0, 0.7]])
    gradient = numerical_jacobian(lambda x: _Bowl(x).value, start[0])
    assert np.allclose(gradient, _Bowl(start[:1]).gradient()[0], atol=1e-9)
    optimum = minimise(_Bowl(), start)
    assert optimum.converged.all()
    assert np.allclose(np.abs(optimum.reduced), [[3, np.sqrt(0.5)]] * 3, atol=1e-7)
    assert np.sign(optimum.reduced[:, 1]).tolist() == [1, -1, 1]


def test_at_the_minimum_there_is_nothing_left_to_do():
    problem = shape("cfa_marker").problem()
    optimum = minimise(problem.objective, problem.start()[None])
    again = minimise(problem.objective, optimum.reduced)
    assert again.iterations[0] <= 1
    assert again.value[0] == pytest.approx(optimum.value[0], abs=1e-14)
