"""The parameter table: roles, groups, equalities, and the mistakes that only show here."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest

from trustsem.errors import (
    DuplicateParameterError,
    ModelSyntaxError,
    SpecificationError,
    UnknownOptionError,
    UnsupportedError,
)
from trustsem.options import Options
from trustsem.specification import Role, build_table, parse_model


def table(text, kind="sem", groups=(), **options):
    return build_table(
        parse_model(text),
        kind=kind,
        options=Options.from_keywords(**options),
        group_labels=groups,
    )


def row(found, name, group=1):
    return next(item for item in found.parameters if (item.name, item.group) == (name, group))


def test_a_measurement_model_has_loadings_residuals_and_constructs():
    found = table("f =~ x1 + x2 + x3\ng =~ y1 + y2 + y3", "cfa")
    assert found.eta == ("f", "g")
    assert row(found, "f=~x2").role is Role.LOADING
    assert row(found, "x1~~x1").role is Role.RESIDUAL
    assert row(found, "f~~g").role is Role.CONSTRUCT
    assert found.indicators == {"f": ("x1", "x2", "x3"), "g": ("y1", "y2", "y3")}


def test_observed_variables_in_regressions_join_the_structural_part():
    found = table("f =~ x1 + x2 + x3\nf ~ z\nw ~ f\nx3 ~~ v", meanstructure=True)
    assert found.eta == ("f", "w", "z")
    assert row(found, "z~~z").role is Role.CONSTRUCT
    assert row(found, "f~z").role is Role.PATH
    assert row(found, "z~1").role is Role.MEAN
    assert row(found, "f~1").role is Role.MEAN
    assert row(found, "x1~1").role is Role.INTERCEPT
    assert row(found, "x3~~v").role is Role.RESIDUAL


def test_a_covariance_with_the_structural_part_draws_the_other_variable_in():
    found = table("f =~ x1 + x2 + x3\nx1 ~~ f\nx2 ~~ x1\nx3 ~~ v")
    assert found.eta == ("f", "x1", "x2")
    assert row(found, "x1~~x2").role is Role.CONSTRUCT
    assert row(found, "x3~~x3").role is Role.RESIDUAL
    assert row(found, "f=~x1").role is Role.LOADING


def test_second_order_loadings_stay_loadings():
    found = table("f =~ x1 + x2 + x3\ng =~ y1 + y2 + y3\nh =~ f + g")
    assert found.eta == ("f", "g", "h")
    assert row(found, "h=~g").role is Role.LOADING


def test_covariates_keep_their_sample_moments_when_asked():
    found = table("y ~ x + z", fixed_x=True, meanstructure=True)
    assert found.exogenous == ("x", "z")
    fixed = [item.name for item in found.parameters if item.exo]
    assert fixed == ["x~~x", "x~~z", "z~~z", "x~1", "z~1"]
    assert all(math.isnan(row(found, name).fixed) for name in fixed)
    assert table("y ~ x + z").exogenous == ()


def test_equal_labels_are_equalities_of_separate_parameters():
    found = table("f =~ x1 + a*x2 + a*x3\ng =~ y1 + y2 + a*y3", "cfa")
    assert found.equalities == ((1, 2), (1, 4))
    assert [item.text for item in found.constraints] == [".p2. == .p3.", ".p2. == .p6."]
    assert not any(item.user for item in found.constraints)


def test_a_label_of_a_fixed_loading_fixes_its_companions():
    found = table("f =~ a*x1 + a*x2 + a*x3", "cfa")
    assert [row(found, f"f=~x{i}").fixed for i in (1, 2, 3)] == [1.0, 1.0, 1.0]
    assert found.equalities == ()


def test_one_label_cannot_tie_two_values():
    with pytest.raises(DuplicateParameterError, match="'a'"):
        table("f =~ 1*a*x1 + 2*a*x2")


def test_equality_over_groups_uses_the_first_groups_row_label():
    found = table("f =~ x1 + x2 + x3", "cfa", ("a", "b", "c"), group_equal="loadings")
    assert [row(found, "f=~x2", group).label for group in (1, 2, 3)] == [".p2."] * 3
    first, second, third = (row(found, "f=~x2", group).free for group in (1, 2, 3))
    assert (first, second) in found.equalities
    assert (first, third) in found.equalities
    assert found.meanstructure


def test_exempted_parameters_differ_over_groups():
    found = table(
        "f =~ x1 + x2 + x3\nx1 ~~ x2", "cfa", ("a", "b"),
        group_equal=["loadings", "residual.covariances"], group_partial=["f =~ x3", "x2~~x1"],
    )  # fmt: skip
    assert row(found, "f=~x2", 2).label
    assert not row(found, "f=~x3", 2).label
    assert not row(found, "x1~~x2", 2).label


def test_a_value_that_the_text_fixes_in_one_group_holds_in_all_that_are_equal():
    text = "f =~ x1 + c(NA, 0.5)*x2 + x3"
    tied = table(text, "cfa", ("a", "b"), group_equal="loadings")
    assert [row(tied, "f=~x2", group).fixed for group in (1, 2)] == [0.5, 0.5]
    apart = table(text, "cfa", ("a", "b"))
    assert [row(apart, "f=~x2", group).fixed for group in (1, 2)] == [None, 0.5]


def test_a_start_value_does_not_unseat_the_marker():
    assert row(table("f =~ start(0.5)*x1 + x2 + x3"), "f=~x1").fixed == 1.0


def test_an_unknown_exemption_is_refused():
    with pytest.raises(UnknownOptionError, match="Did you mean 'f=~x1'"):
        table("f =~ x1 + x2", "cfa", ("a", "b"), group_partial=["f=~x11"])


def test_vectors_need_an_entry_per_group():
    with pytest.raises(ModelSyntaxError, match=r"3 entries in c\(\), but 2 groups"):
        table("f =~ x1 + c(a,b,d)*x2", "cfa", ("a", "b"))
    with pytest.raises(ModelSyntaxError, match=r"2 entries in c\(\), but 1 group"):
        table("f =~ x1 + c(a,b)*x2")


def test_equal_names_a_parameter_of_the_model_or_a_label():
    found = table("f =~ x1 + a*x2 + equal(a)*x3 + equal('f =~ x2')*x4")
    assert found.equalities == ((1, 2), (1, 3))
    groups = table("f =~ x1 + x2 + equal(c('f=~x2', 'f=~x2.g2'))*x3", groups=("a", "b"))
    assert len(groups.equalities) == 2
    with pytest.raises(ModelSyntaxError, match="names no parameter"):
        table("f =~ x1 + equal('f=~x9')*x2")


def test_constraints_may_come_as_an_option():
    found = table("f =~ x1 + a*x2 + b*x3", constraints="a == b\nd := a - b")
    assert [item.text for item in found.constraints] == ["a == b"]
    assert [item.name for item in found.definitions] == ["d"]
    with pytest.raises(ModelSyntaxError, match="'k' is neither"):
        table("f =~ x1 + a*x2", constraints="k == 1")


def test_a_row_label_beyond_the_table_is_refused():
    with pytest.raises(ModelSyntaxError, match=r"no row '\.p9\.'"):
        table("f =~ x1 + x2\n.p2. == .p9.")
    with pytest.raises(ModelSyntaxError, match=r"no row '\.p9\.'"):
        table("f =~ x1 + x2", constraints=".p9. == 1")


def test_thresholds_of_ordered_items_come_from_the_data_or_the_text():
    with pytest.raises(SpecificationError, match="number of categories of x1 is not known"):
        table("f =~ x1 + x2", ordered=["x1"])
    assert table("f =~ x1 + x2\nx1 | t1 + t2").n_thresholds == {"x1": 2, "x2": 0}


def test_ordered_covariates_are_refused_by_name():
    with pytest.raises(UnsupportedError, match=r"ordered covariates \(w\)"):
        table("f =~ x1 + x2 + x3\nf ~ w", ordered=["w"])


def test_means_enter_when_something_needs_them():
    text = "f =~ x1 + x2 + x3"
    assert not table(text).meanstructure
    assert table(text + "\nx1 ~ 1").meanstructure
    assert table(text, sample_mean=[0.0, 0.0, 0.0]).meanstructure
    assert table(text, "growth").meanstructure
    assert not table(text, groups=("a", "b"), meanstructure=False).meanstructure
    assert table(text, groups=("a", "b"), meanstructure=False, group_equal="means").meanstructure


def test_start_values_are_kept():
    found = table("f =~ x1 + start(0.7)*x2 + start(c(1, NA))*x3", groups=("a", "b"))
    assert [row(found, "f=~x2", group).start for group in (1, 2)] == [0.7, 0.7]
    assert [row(found, "f=~x3", group).start for group in (1, 2)] == [1.0, None]


def test_the_frame_has_a_row_per_parameter():
    frame = table("f =~ x1 + a*x2 + x3").to_frame()
    assert list(frame.columns) == [
        "lhs", "op", "rhs", "group", "free", "label", "fixed", "start", "exo", "user",
    ]  # fmt: skip
    assert len(frame) == 7
    assert frame.loc[1, "label"] == "a"
    assert frame["fixed"].tolist()[:1] == [1.0]


def test_the_table_is_shown_as_text():
    shown = repr(table("f =~ x1 + a*x2\ny ~ z + f\na > 0\nd := 2*a", fixed_x=True))
    assert shown.startswith("ParameterTable: 7 free of 9 parameters; 1 construct, 4 observed")
    for part in ("fixed 1", "[a]", "sample value", "a > 0", "d := 2*a"):
        assert part in shown
    long = repr(table("f =~ " + " + ".join(f"x{i}" for i in range(50)), groups=("a", "b")))
    assert "2 groups" in long
    assert "more rows" in long


def test_nothing_in_a_table_can_be_changed():
    found = table("f =~ x1 + x2")
    with pytest.raises(FrozenInstanceError):
        found.meanstructure = True
    with pytest.raises(FrozenInstanceError):
        found.parameters[0].free = 3
