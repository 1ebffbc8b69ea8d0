"""Nested models can be compared; others are refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import trustsem as ts
from kernel_models import DEMOCRACY, THREE_CONSTRUCTS, democracy, holzinger
from trustsem.errors import NotNestedError, SpecificationError, UnknownOptionError
from trustsem.inference import difference_test


def difference(restricted, general):
    """Return the test of one result against another."""
    return difference_test(restricted.estimate, restricted.df, general.estimate, general.df)


def hs(model=THREE_CONSTRUCTS, **options):
    return ts.cfa(model, holzinger(), **options)


def test_the_difference_is_that_of_the_chi_squares():
    general, restricted = hs(), hs(orthogonal=True)
    test = difference(restricted, general)
    expected = restricted.fit_measures["chisq"] - general.fit_measures["chisq"]
    assert test.df == 3
    assert test.chisq == pytest.approx(expected, rel=1e-9)
    assert test.pvalue == pytest.approx(stats.chi2.sf(expected, 3), rel=1e-6)


LABELLED = THREE_CONSTRUCTS.replace("x2", "b*x2").replace("x3", "c*x3").replace("x5", "d*x5")
NESTED = {
    "equal_labels": (LABELLED.replace("c*x3", "b*x3"), LABELLED, 1),
    "linear_equality": (LABELLED + "\nb + c == 1.2", LABELLED, 1),
    "nonlinear_equality": (LABELLED + "\nb*c == 0.35", LABELLED, 1),
    "fixed_value": (LABELLED.replace("b*x2", "0.6*x2"), LABELLED, 1),
    "no_cross_loading": (THREE_CONSTRUCTS, THREE_CONSTRUCTS + "\nvisual =~ x9", 1),
    "no_residual_covariance": (THREE_CONSTRUCTS, THREE_CONSTRUCTS + "\nx7 ~~ x8\nx1 ~~ x9", 2),
    "one_construct": ("f =~ " + " + ".join(f"x{i}" for i in range(1, 10)), THREE_CONSTRUCTS, 3),
    "second_order_with_equal_loadings": (
        THREE_CONSTRUCTS + "\ng =~ l*visual + l*textual + l*speed", THREE_CONSTRUCTS, 2,
    ),
    "correlation_of_one": (
        "f =~ x1 + x2 + x3 + x4 + x5 + x6\nspeed =~ x7 + x8 + x9", THREE_CONSTRUCTS, 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NESTED)
def test_nested_models_are_recognised(name):
    restricted, general, df = NESTED[name]
    test = difference(hs(restricted), hs(general))
    assert test.df == df
    assert test.chisq >= 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            THREE_CONSTRUCTS + "\nx1 ~~ x2\nx1 ~~ x4", THREE_CONSTRUCTS + "\nx7 ~~ x8",
            id="other_residual_covariances",
        ),
        pytest.param(
            THREE_CONSTRUCTS + "\nvisual =~ x9", THREE_CONSTRUCTS + "\nspeed =~ x1 + x4",
            id="other_cross_loadings",
        ),
        pytest.param(
            "a =~ x1 + x4 + x7\nb =~ x2 + x5 + x8\nc =~ x3 + x6 + x9",
            THREE_CONSTRUCTS + "\nvisual =~ x9", id="other_constructs",
        ),
        pytest.param(
            LABELLED + "\nb == c", LABELLED + "\nvisual =~ x9\nx5 ~~ x7\nd == 0.8",
            id="other_constraints",
        ),
    ],
)  # fmt: skip
def test_models_that_are_not_nested_are_refused(one, other):
    results = sorted((hs(one), hs(other)), key=lambda result: -result.df)
    with pytest.raises(NotNestedError):
        difference(*results)


@pytest.mark.parametrize(
    "options",
    [{"std_lv": True}, {"auto_fix_first": True}, {"meanstructure": True}],
    ids=["other_scaling", "the_same", "with_means"],
)
def test_equivalent_models_differ_by_nothing(options):
    test = difference(hs(), hs(**options))
    assert test.df == 0
    assert test.chisq == pytest.approx(0.0, abs=1e-7)
    assert np.isnan(test.pvalue)


def test_reversed_paths_may_be_equivalent():
    one = ts.sem("x2 ~ x1\nx3 ~ x2", holzinger())
    other = ts.sem("x1 ~ x2\nx3 ~ x2\nx1 ~~ 0*x3", holzinger())
    test = difference(one, other)
    assert (test.df, test.chisq) == (0, pytest.approx(0.0, abs=1e-7))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: ts.cfa(THREE_CONSTRUCTS, holzinger().head(300)), "different cases"),
        (lambda: hs(likelihood="wishart"), "likelihoods"),
        (lambda: hs("visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"), "different variables: x7"),
        (
            lambda: ts.cfa(THREE_CONSTRUCTS, holzinger().assign(x1=lambda d: d["x1"] * 2)),
            "sample moments",
        ),
        (lambda: hs(group="school"), "groups"),
    ],
    ids=["cases", "likelihood", "variables", "moments", "groups"],
)
def test_other_data_are_refused(other, message):
    with pytest.raises(NotNestedError, match=message):
        difference(hs(orthogonal=True), other())


def test_the_order_of_rows_is_no_difference():
    shuffled = holzinger().sample(frac=1, random_state=3)
    test = difference(hs(orthogonal=True), ts.cfa(THREE_CONSTRUCTS, shuffled))
    assert test.df == 3


def test_a_comparison_orders_models_by_their_degrees_of_freedom():
    models = {
        "one": hs("f =~ " + " + ".join(f"x{i}" for i in range(1, 10))),
        "freer": hs(THREE_CONSTRUCTS + "\nvisual =~ x9"),
        "three": hs(),
    }
    table = ts.compare(**models)
    assert list(table.index) == ["freer", "three", "one"]
    assert table["df"].tolist() == [23, 24, 27]
    assert np.allclose(table["chisq"].diff().iloc[1:], table["chisq_diff"].iloc[1:])
    assert table["df_diff"].iloc[1:].tolist() == [1, 3]
    assert table.loc["freer", ["chisq_diff", "df_diff", "rmsea_diff", "pvalue"]].isna().all()
    d, N = table.loc["one", "chisq_diff"], 301
    assert table.loc["one", "rmsea_diff"] == pytest.approx(np.sqrt((d - 3) / (3 * N)))
    for name, model in models.items():
        for column in ("aic", "bic", "chisq"):
            assert table.loc[name, column] == pytest.approx(model.fit_measures[column])


def test_models_without_names_are_numbered():
    assert list(ts.compare(hs(orthogonal=True), hs()).index) == ["model 2", "model 1"]


def test_a_comparison_of_structural_models():
    freer = ts.sem(DEMOCRACY, democracy())
    restricted = ts.sem(DEMOCRACY.replace("c*ind60 + ", ""), democracy())
    table = ts.compare(restricted=restricted, freer=freer)
    z = freer.parameters[freer.parameters["label"] == "c"]["z"].iloc[0]
    assert table.loc["restricted", "df_diff"] == 1
    assert table.loc["restricted", "chisq_diff"] == pytest.approx(z**2, rel=0.3)


def test_what_cannot_be_compared():
    with pytest.raises(SpecificationError, match="at least two"):
        ts.compare(hs())
    with pytest.raises(UnknownOptionError, match="standard"):
        ts.compare(hs(), hs(orthogonal=True), method="standart")
    with pytest.raises(NotNestedError):
        ts.compare(hs(), ts.cfa(THREE_CONSTRUCTS, holzinger().head(250)))
