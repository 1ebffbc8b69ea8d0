"""A model without a unique solution is refused, and the parameters to blame are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import each_shape, holzinger
from trustsem.errors import NotIdentifiedError, SpecificationError


def refusal(model, kind="cfa", data=None, **options):
    """Return the error of a model that is not identified."""
    with pytest.raises(NotIdentifiedError) as caught:
        getattr(ts, kind)(model, holzinger() if data is None else data, **options)
    assert caught.value.exit_code == 4
    return caught.value


def test_more_parameters_than_moments():
    error = refusal("f =~ x1 + x2")
    assert "4 free parameters for 3 sample moments" in str(error)
    assert "Fix or equate" in str(error)


def test_a_marker_and_a_variance_that_are_both_free():
    error = refusal("f =~ NA*x1 + x2 + x3 + x4\nf ~~ NA*f")
    assert {"f=~x1", "f=~x2", "f=~x3", "f=~x4", "f~~f"} == set(error.parameters)
    assert "f~~f" in str(error)


def test_only_the_construct_to_blame_is_named():
    error = refusal("f =~ x1 + x2 + x3\ng =~ NA*x4 + x5 + x6\ng ~~ NA*g\nh =~ x7 + x8 + x9")
    assert {"g=~x4", "g=~x5", "g=~x6", "g~~g"} <= set(error.parameters)
    assert not any(name.startswith(("x1", "x7", "f=~", "h=~")) for name in error.parameters)


def test_the_verdict_does_not_depend_on_units():
    frame = holzinger()
    frame[["x4", "x5"]] *= 1e5
    frame["x6"] *= 1e-5
    error = refusal("f =~ x1 + x2 + x3\ng =~ NA*x4 + x5 + x6\ng ~~ NA*g", data=frame)
    assert {"g=~x4", "g=~x5", "g=~x6", "g~~g"} <= set(error.parameters)
    assert ts.cfa("f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6", frame).converged


def test_two_indicators_alone_and_uncorrelated():
    error = refusal("f =~ x1 + x2\ng =~ x4 + x5 + x6\nh =~ x7 + x8 + x9", orthogonal=True)
    assert {"f=~x2", "f~~f", "x1~~x1", "x2~~x2"} == set(error.parameters)


def test_two_indicators_with_a_correlated_construct_are_enough():
    result = ts.cfa("f =~ x1 + x2\ng =~ x4 + x5 + x6", holzinger())
    assert result.converged
    assert result.df == 4


def test_two_indicators_with_equal_loadings_are_enough():
    result = ts.cfa("f =~ 1*x4 + 1*x5\ng =~ x7 + x8 + x9", holzinger(), orthogonal=True)
    assert result.converged


def test_a_useless_parameter():
    # x1's intercept and the construct's mean, with no other fixed: the origin is free.
    error = refusal("f =~ x1 + x2 + x3 + x4\nf ~ 1", meanstructure=True)
    assert {"f~1", "x1~1", "x2~1", "x3~1", "x4~1"} == set(error.parameters)


def test_a_loop_without_instruments():
    # Two outcomes, each cause of the other, with the same predictor: 4 paths of 2 slopes.
    error = refusal("x1 ~ x2 + x5\nx2 ~ x1 + x5\nx6 ~ x5\nx9 ~ x5\nx6 ~~ 0*x9", kind="sem")
    assert {"x1~x2", "x2~x1"} <= set(error.parameters)
    assert not {"x6~x5", "x9~x5"} & set(error.parameters)


def test_a_path_and_a_residual_covariance_between_the_same_two():
    error = refusal("x1 ~ x2\nx1 ~~ x2\nx3 ~ x1\nx4 ~ x1\nx3 ~~ 0*x4", kind="sem")
    assert {"x1~x2", "x1~~x2"} <= set(error.parameters)


def test_a_constraint_may_identify_a_model():
    model = "f =~ NA*x1 + b*x2 + c*x3 + x4\nf ~~ NA*f"
    result = ts.cfa(model.replace("x1", "a*x1", 1) + "\na + b + c == 3", holzinger())
    plain = ts.cfa("f =~ x1 + x2 + x3 + x4", holzinger())
    assert result.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-8)
    assert result.df == plain.df


def test_a_nonlinear_constraint_may_identify_a_model():
    model = "f =~ NA*x1 + a*x1 + b*x2 + x3 + x4\nf ~~ NA*f\na^2 + b^2 == 1"
    result = ts.cfa(model, holzinger())
    plain = ts.cfa("f =~ x1 + x2 + x3 + x4", holzinger())
    assert result.converged
    assert result.fit_measures["chisq"] == pytest.approx(plain.fit_measures["chisq"], rel=1e-8)
    assert np.isfinite(result.parameters["se"]).any()


def test_a_saturated_model_is_identified():
    result = ts.cfa("f =~ x1 + x2 + x3", holzinger())
    assert result.df == 0
    assert result.fit_measures["chisq"] == pytest.approx(0, abs=1e-9)
    assert np.allclose(result.implied, result.sample, rtol=1e-7)


@pytest.mark.parametrize("model", each_shape())
def test_identified_models_are_not_refused(model):
    assert model.fit().df > 0


def test_starts_of_zero_do_not_make_a_model_unidentified():
    model = "f =~ x4 + start(0)*x5 + start(0)*x6\ng =~ x7 + x8 + x9\nf ~~ start(0)*g"
    assert ts.cfa(model, holzinger()).admissible


def test_an_empirically_underidentified_solution_is_a_serious_finding():
    """f and g are uncorrelated in these moments, so that f's two loadings cannot be told apart."""
    names = ["x1", "x2", "y1", "y2", "y3"]
    R = np.eye(5)
    R[0, 1] = R[1, 0] = 0.5
    R[2:, 2:] = 0.5 + 0.5 * np.eye(3)
    result = ts.cfa(
        "f =~ x1 + x2\ng =~ y1 + y2 + y3",
        sample_cov=pd.DataFrame(R, names, names),
        sample_nobs=200,
    )
    (finding,) = (item for item in result.findings if item.code == "singular_information")
    assert not result.admissible
    assert finding.severity == "serious"
    assert "f=~x2" in finding.claim
    assert result.parameters["se"][result.parameters["free"] > 0].isna().all()


def test_a_model_without_variables_is_no_model():
    with pytest.raises(SpecificationError):
        ts.cfa("", holzinger())
