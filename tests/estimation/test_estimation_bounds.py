"""Bounds on parameters: where estimates must stay, and what is said when they would not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, estimate_of, holzinger
from trustsem.errors import UnknownOptionError

NAMES = ["x1", "x2", "x3"]
HEYWOOD = pd.DataFrame([[1.0, 0.8, 0.8], [0.8, 1.0, 0.5], [0.8, 0.5, 1.0]], NAMES, NAMES)


def heywood(**options):
    """Fit one construct whose first item would have residual variance -.28."""
    return ts.cfa(
        "f =~ x1 + x2 + x3",
        sample_cov=HEYWOOD,
        sample_nobs=100,
        sample_cov_rescale=False,
        **options,
    )


@pytest.mark.parametrize("bounds", ["standard", "pos.var", "pos_ov_var"])
def test_a_heywood_case_is_held_at_zero(bounds):
    result = heywood(bounds=bounds)
    (finding,) = (item for item in result.findings if item.code == "on_bound")
    assert result.converged
    assert estimate_of(result, "x1", "~~", "x1")["est"] == pytest.approx(0.0, abs=1e-10)
    assert (finding.subject, finding.value) == ("x1~~x1", 0.0)
    assert finding.severity == "warning"
    assert result.fit_measures["chisq"] > heywood().fit_measures["chisq"] + 1e-3


def test_a_gradient_that_points_outwards_is_all_that_is_left():
    result = heywood(bounds="pos.var")
    problem = result.estimate.problem
    reduced = problem.reduction.reduce(result.estimate.params)
    gradient = problem.objective.at(reduced[None]).gradient()[0]
    held = reduced <= problem.bounds.lower
    assert held.sum() == 1
    assert (gradient[held] > 0).all()
    assert np.abs(gradient[~held]).max() < 1e-8


def test_bounds_that_do_not_push_change_nothing():
    plain, bounded = (ts.cfa(THREE_CONSTRUCTS, holzinger(), bounds=b) for b in ("none", "standard"))
    columns = ["est", "se"]
    assert np.allclose(bounded.parameters[columns], plain.parameters[columns], rtol=1e-7)
    assert not [item for item in bounded.findings if item.code == "on_bound"]


def test_bounds_beyond_construct_variances_leave_residuals_alone():
    result = heywood(bounds="pos.lv.var")
    assert estimate_of(result, "x1", "~~", "x1")["est"] == pytest.approx(-0.28, abs=1e-7)


@pytest.mark.parametrize(
    ("bounds", "name", "lower", "upper"),
    [
        # lavaan 0.6-14: parTable(cfa(model, HolzingerSwineford1939, bounds = ..., do.fit = FALSE))
        ("standard", "visual=~x2", -3.189, 3.189),
        ("standard", "x1~~x1", 0.0, 1.223),
        ("standard", "x2~~x2", 0.0, 1.382),
        ("standard", "visual~~visual", 0.136, 1.358),
        ("standard", "visual~~textual", -1.352, 1.352),
        ("wide", "visual=~x2", -3.827, 3.827),
        ("wide", "x1~~x1", -0.061, 1.467),
        ("wide", "x2~~x2", -0.069, 1.658),
        ("wide", "visual~~visual", 0.136, 1.725),
        ("wide", "visual~~textual", -1.720, 1.720),
    ],
)
def test_ranges_are_those_of_lavaan(bounds, name, lower, upper):
    problem = ts.cfa(THREE_CONSTRUCTS, holzinger(), bounds=bounds).estimate.problem
    at = [row.name for row in problem.reduced_rows].index(name)
    assert problem.bounds.lower[at] == pytest.approx(lower, abs=6e-4)
    assert problem.bounds.upper[at] == pytest.approx(upper, abs=6e-4)


def test_equal_parameters_share_their_bounds():
    model = "f =~ x1 + x2 + x3\nx1 ~~ r*x1\nx2 ~~ r*x2"
    problem = ts.cfa(model, holzinger(), bounds="standard").estimate.problem
    variances = holzinger()[["x1", "x2"]].var(ddof=0)
    at = [row.name for row in problem.reduced_rows].index("x1~~x1")
    assert problem.bounds.upper[at] == pytest.approx(min(0.9 * variances["x1"], variances["x2"]))


def test_an_unknown_kind_of_bounds_is_refused():
    with pytest.raises(UnknownOptionError, match="bounds"):
        heywood(bounds="narrow")


def test_an_improper_solution_points_to_bounds():
    (finding,) = (item for item in heywood().findings if item.severity == "serious")
    assert "bounds='standard'" in finding.remedy


def test_adf_with_few_cases_is_warned_of():
    few = ts.cfa("visual =~ x1 + x2 + x3 + x4", holzinger().head(90), estimator="WLS")
    enough = ts.cfa("visual =~ x1 + x2 + x3 + x4", holzinger(), estimator="WLS")
    (finding,) = (item for item in few.findings if item.code == "few_cases_for_adf")
    assert (finding.value, finding.threshold) == (90, 100)
    assert "few_cases_for_adf" not in {item.code for item in enough.findings}
