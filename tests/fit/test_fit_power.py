"""Power of tests of fit from the RMSEA: semTools's numbers, limits, and refusals.

Numbers of semTools 0.5-6 (R 4): ``findRMSEApower(rmsea0, rmseaA, df, n, alpha, group)``,
``findRMSEAsamplesize(...)``, ``findRMSEApowernested(rmsea1A=, rmsea1B=, dfA=, dfB=, n=, ...)``.
"""

from __future__ import annotations

import numpy as np
import pytest

import trustsem as ts
from trustsem.errors import SpecificationError


@pytest.mark.parametrize(
    ("given", "power"),
    [
        ({"df": 100, "n": 200}, 0.95495000),
        ({"df": 100, "n": 200, "rmsea1": 0.01}, 0.87013646),
        ({"df": 24, "n": 200, "rmsea0": 0.0, "rmsea1": 0.05}, 0.44685249),
        ({"df": 24, "n": 500, "groups": 2, "alpha": 0.01}, 0.35491824),
        ({"df": 7, "n": 1000, "rmsea0": 0.06, "rmsea1": 0.10}, 0.94398759),
    ],
)
def test_power_is_that_of_semtools(given, power):
    assert ts.rmsea_power(**given) == pytest.approx(power, abs=5e-9)


@pytest.mark.parametrize(
    ("given", "n"),
    [
        ({"df": 2}, 3494),
        ({"df": 100}, 132),
        ({"df": 100, "rmsea1": 0.01}, 178),
        ({"df": 2, "rmsea1": 0.01}, 2382),
        ({"df": 24, "rmsea0": 0.0, "rmsea1": 0.05, "power": 0.9}, 467),
        ({"df": 24, "groups": 3}, 1121),  # semTools prints cases per group: 373.67
    ],
)
def test_the_number_of_cases_is_that_of_semtools_and_the_smallest(given, n):
    assert ts.rmsea_sample_size(**given) == n
    wanted = given.get("power", 0.8)
    rest = {name: value for name, value in given.items() if name != "power"}
    assert ts.rmsea_power(n=n, **rest) >= wanted > ts.rmsea_power(n=n - 1, **rest)


def test_nested_models_are_told_apart_as_in_semtools():
    power = ts.rmsea_power_nested(df_a=22, df_b=20, n=200, rmsea_a=0.06, rmsea_b=0.04)
    assert power == pytest.approx(0.78921285, abs=5e-9)
    power = ts.rmsea_power_nested(df_a=40, df_b=36, n=500, groups=2)
    assert power == pytest.approx(0.85150015, abs=5e-9)
    assert ts.rmsea_sample_size_nested(df_a=22, df_b=20) == 331


def test_many_numbers_at_once_and_the_multiplier():
    curve = ts.rmsea_power(df=24, n=[100, 200, 400])
    assert curve.tolist() == [ts.rmsea_power(df=24, n=n) for n in (100, 200, 400)]
    assert (np.diff(curve) > 0).all()
    assert ts.rmsea_power(df=24, n=200, multiplier="n") == ts.rmsea_power(df=24, n=201)


@pytest.mark.parametrize(
    "given",
    [
        {"df": 0, "n": 100},
        {"df": 5, "n": 1},
        {"df": 5, "n": 100, "rmsea1": 0.05},
        {"df": 5, "n": 100, "rmsea0": -0.1},
        {"df": 5, "n": 100, "alpha": 1.0},
        {"df": 5, "n": 100, "groups": 0},
        {"df": 5, "n": 100, "multiplier": "N"},
        {"df": "many", "n": 100},
        {"df": np.nan, "n": 100},
    ],
)
def test_what_cannot_be_meant_is_refused(given):
    with pytest.raises(SpecificationError):
        ts.rmsea_power(**given)


def test_a_restricted_model_does_not_fit_better():
    with pytest.raises(SpecificationError, match="less misfit"):
        ts.rmsea_power_nested(df_a=22, df_b=20, n=200, rmsea_a=0.01, rmsea_b=0.05)
    with pytest.raises(SpecificationError, match="df_a must be larger"):
        ts.rmsea_power_nested(df_a=20, df_b=20, n=200)


def test_power_that_no_sample_has_is_refused():
    with pytest.raises(SpecificationError, match="No sample"):
        ts.rmsea_sample_size(df=1, rmsea0=0.05, rmsea1=0.0500001)
    with pytest.raises(SpecificationError, match="above alpha"):
        ts.rmsea_sample_size(df=10, power=0.05)
