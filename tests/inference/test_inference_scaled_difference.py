"""Scaled difference tests: lavaan's numbers where it can map the models, sense elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, holzinger
from trustsem.errors import NotNestedError, SpecificationError
from trustsem.inference import DIFFERENCE_METHODS, scaled_difference_test

METHODS = ("satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000")


def hs(**options):
    return ts.cfa(THREE_CONSTRUCTS, holzinger(), **options)


IN_SCHOOLS = {  # lavaan 0.7-2, case p141_hs_invariance_mlm: chisq_diff, rmsea_diff
    "satorra.bentler.2001": (7.1358871858, 0.0380014369542),
    "satorra.bentler.2010": (7.8520644197, 0.0462586041564),
    "satorra.2000": (7.8089534569, 0.0458430691885),
}


@pytest.mark.parametrize("method", METHODS)
def test_equal_loadings_in_two_schools(method):
    free = hs(estimator="MLM", group="school")
    equal = hs(estimator="MLM", group="school", group_equal=["loadings"])
    row = ts.compare(free, equal, method=method).iloc[-1]
    chisq, rmsea = IN_SCHOOLS[method]
    assert row["df_diff"] == 6
    assert row["method"] == method
    assert row["chisq_diff"] == pytest.approx(chisq, rel=1e-7)
    assert row["rmsea_diff"] == pytest.approx(rmsea, rel=1e-6)


@pytest.mark.parametrize("estimator", ["MLMV", "MLMVS"])
def test_tests_that_correct_the_variance_are_compared_by_a_shifted_difference(estimator):
    row = ts.compare(hs(estimator=estimator), hs(estimator=estimator, orthogonal=True)).iloc[-1]
    assert row["method"] == "satorra.2000"
    assert row["chisq_diff"] == pytest.approx(62.69870932, rel=1e-6)  # lavaan 0.6-14
    assert row["df_diff"] == 3


def test_the_default_is_scaled_where_the_tests_are():
    row = ts.compare(hs(estimator="MLR"), hs(estimator="MLR", orthogonal=True)).iloc[-1]
    assert row["method"] == "satorra.bentler.2001"
    plain = ts.compare(hs(estimator="MLF"), hs(estimator="MLF", orthogonal=True)).iloc[-1]
    assert plain["method"] == "standard"


def test_what_cannot_be_compared_by_scaled_differences():
    with pytest.raises(SpecificationError, match="different kinds"):
        ts.compare(hs(), hs(estimator="MLM", orthogonal=True))
    with pytest.raises(SpecificationError, match="scaled tests"):
        ts.compare(hs(), hs(orthogonal=True), method="satorra_2000")
    other = ts.cfa("f =~ x1 + x2 + x3 + x4", holzinger(), estimator="MLM")
    with pytest.raises(NotNestedError):
        ts.compare(hs(estimator="MLM"), other)


def test_a_factor_that_is_not_positive_is_replaced(monkeypatch):
    free, equal = hs(estimator="MLM").tested, hs(estimator="MLM", orthogonal=True).tested
    huge = replace(free, test=replace(free.test, mean_factor=9.0))
    named = scaled_difference_test(equal, huge, "satorra.bentler.2001")
    assert np.isnan(named.chisq)
    fallen_back = scaled_difference_test(equal, huge)
    assert fallen_back.method == "satorra.bentler.2010"
    monkeypatch.setitem(DIFFERENCE_METHODS, "satorra.bentler.2010", lambda *_: named)
    last = scaled_difference_test(equal, huge)
    assert last.method == "satorra.2000"
    assert last.chisq > 0


def test_a_saturated_model_may_be_the_general_one():
    general = ts.cfa("f =~ x1 + x2 + x3", holzinger(), estimator="MLM")
    restricted = ts.cfa("f =~ x1 + a*x2 + a*x3", holzinger(), estimator="MLM")
    fit = restricted.fit_measures
    for method in METHODS:
        row = ts.compare(general, restricted, method=method).iloc[-1]
        close = 1e-6 if method != "satorra.2000" else 0.05
        assert row["chisq_diff"] == pytest.approx(fit["chisq_scaled"], rel=close)
