"""Options: one vocabulary, checked once, with the nearest name suggested."""

from __future__ import annotations

from dataclasses import fields

import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, holzinger
from trustsem.errors import SpecificationError, UnknownOptionError
from trustsem.options import VALUES, Options


@pytest.mark.parametrize(
    ("options", "suggestion"),
    [
        ({"estimater": "ML"}, "'estimator'"),
        ({"std.lv": True}, "'std_lv'"),
        ({"sample_n": 100}, "'sample_nobs'"),
        ({"likelihood": "wishard"}, "'wishart'"),
        ({"engine": "semopie"}, "'semopy'"),
        ({"information": "observd"}, "'observed'"),
        ({"group_equal": ["loading"]}, "'loadings'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_unknown_names_and_words_are_refused_with_the_nearest(options, suggestion):
    with pytest.raises(UnknownOptionError, match="Did you mean") as caught:
        ts.cfa(THREE_CONSTRUCTS, holzinger(), **options)
    assert suggestion in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"std_lv": "yes"}, "True or False"),
        ({"std_lv": 1}, "True or False"),
        ({"meanstructure": "no"}, "True or False"),
        ({"sample_nobs": -3}, "whole number"),
        ({"sample_nobs": 3.5}, "whole number"),
        ({"sample_nobs": "many"}, "must be a number"),
        ({"seed": "today"}, "must be a number"),
        ({"group_equal": 3}, "list of names"),
        ({"ordered": [1, 2]}, "list of names"),
    ],
    ids=str,
)
def test_values_of_the_wrong_kind_are_refused(options, message):
    with pytest.raises(SpecificationError, match=message):
        Options.from_keywords(**options)


@pytest.mark.parametrize("name", VALUES)
def test_default_is_the_first_word(name):
    assert getattr(Options.from_keywords(**{name: "default"}), name) == VALUES[name][0]
    assert getattr(Options(), name) == VALUES[name][0]


@pytest.mark.parametrize("name", VALUES)
def test_the_case_of_words_is_irrelevant(name):
    for word in VALUES[name]:
        assert getattr(Options.from_keywords(**{name: word.upper()}), name) == word
        assert getattr(Options.from_keywords(**{name: word.lower()}), name) == word


def test_one_name_is_a_list_of_one():
    options = Options.from_keywords(group_equal="residual_covariances", ordered="x1")
    assert options.group_equal == ("residual.covariances",)
    assert options.ordered == ("x1",)


@pytest.mark.parametrize(
    ("options", "marker"),
    [
        ({}, True),
        ({"std_lv": True}, False),
        ({"auto_fix_first": False}, False),
        ({"std_lv": True, "auto_fix_first": True}, True),
        ({"std_lv": True, "auto_fix_first": None}, False),
    ],
    ids=str,
)
def test_how_constructs_are_scaled(options, marker):
    assert Options.from_keywords(**options).marker_scaling is marker


def test_every_option_is_documented():
    text = Options.__doc__
    missing = [field.name for field in fields(Options) if field.name not in text]
    assert not missing


def test_options_cannot_be_edited():
    with pytest.raises(AttributeError):
        Options().estimator = "GLS"


def test_the_result_remembers_its_options():
    result = ts.cfa(THREE_CONSTRUCTS, holzinger(), std_lv=True, likelihood="wishart")
    assert result.options.std_lv
    assert result.options.likelihood == "wishart"
    assert "wishart likelihood" in repr(result)


RESIDUAL_BASED = {  # lavaan 0.6-14: cfa(model, data, test = ...), the second test
    "browne.residual.nt": (77.903417, 106.434374),
    "browne.residual.nt.model": (81.367680, 117.969170),
    "browne.residual.adf": (82.408147, 129.331394),
}


@pytest.mark.parametrize("test", RESIDUAL_BASED)
def test_residual_based_tests_stand_beside_the_standard_one(test):
    one = ts.cfa(THREE_CONSTRUCTS, holzinger(), test=test)
    two = ts.cfa(THREE_CONSTRUCTS, holzinger(), test=test, group="school", group_equal="loadings")
    for result, expected in zip((one, two), RESIDUAL_BASED[test], strict=True):
        assert list(result.tests.index) == ["standard", test]
        assert result.tests.loc[test, "chisq"] == pytest.approx(expected, rel=1e-6)
        assert result.tests.loc["standard", "chisq"] == result.fit_measures["chisq"]
        assert "chisq_scaled" not in result.fit_measures.index


def test_all_tests_of_a_model_in_one_table():
    corrected = ts.cfa(THREE_CONSTRUCTS, holzinger(), estimator="MLMV").tests
    fit = ts.cfa(THREE_CONSTRUCTS, holzinger(), estimator="MLMV").fit_measures
    assert corrected.loc["scaled.shifted", "chisq"] == pytest.approx(fit["chisq_scaled"])
    assert corrected.loc["scaled.shifted", "shift"] != 0
    simulated = ts.cfa(
        THREE_CONSTRUCTS, holzinger(), test="bollen.stine", bootstrap=50, seed=1
    ).tests
    assert simulated.loc["bollen.stine", "pvalue"] <= 0.1


@pytest.mark.parametrize("options", [{"missing": "fiml"}, {"ordered": True}])
def test_residual_based_tests_are_those_of_complete_continuous_data(options):
    with pytest.raises(ts.TrustsemError, match="browne"):
        ts.cfa(THREE_CONSTRUCTS, holzinger(), test="browne.residual.nt", **options)
