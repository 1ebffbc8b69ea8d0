"""What a researcher writes is what the model says."""

from __future__ import annotations

import math

import pytest

from trustsem.specification import Modifier, parse_model
from trustsem.specification.reading import parse_constraints


def terms(text):
    return [(term.lhs, term.op, term.rhs) for term in parse_model(text).terms]


def modifier(text):
    return parse_model(text).terms[-1].modifier


def test_every_relation_is_read():
    text = "f =~ x1 + x2\ny ~ f\nx1 ~~ x2\ny ~ 1\nx1 | t1 + t2\nx1 ~*~ x1"
    assert terms(text) == [
        ("f", "=~", "x1"),
        ("f", "=~", "x2"),
        ("y", "~", "f"),
        ("x1", "~~", "x2"),
        ("y", "~1", ""),
        ("x1", "|", "t1"),
        ("x1", "|", "t2"),
        ("x1", "~*~", "x1"),
    ]


def test_several_left_hand_sides_share_the_right_hand_side():
    assert terms("f + g ~ x + z") == [
        ("f", "~", "x"),
        ("g", "~", "x"),
        ("f", "~", "z"),
        ("g", "~", "z"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "f =~ x1 + x2 + x3",
        "f=~x1+x2+x3",
        "  f =~ x1 +\n      x2 + x3  ",
        "f =~ x1\n  + x2\n  + x3",
        "f =~\n  x1 + x2 + x3",
        "f =~ x1 + # the first\n\n x2 + ! the second\n x3",
        "f =~ x1; f =~ x2; f =~ x3;",
        "f =~ c(0.5,\n  0.5)*x1 + x2 + x3",
        "# only a remark = ~ '\nf =~ x1 + x2 + x3 # end",
        "f =~ x1 + x2\r\nf =~ x3\r\n",
    ],
)
def test_layout_does_not_matter(text):
    assert terms(text) == [("f", "=~", "x1"), ("f", "=~", "x2"), ("f", "=~", "x3")]


def test_names_may_hold_dots_underscores_and_letters_of_any_language():
    found = terms("Größe_1 =~ x.1 + _y + 信任")
    assert found == [("Größe_1", "=~", "x.1"), ("Größe_1", "=~", "_y"), ("Größe_1", "=~", "信任")]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0.5*x", 0.5),
        ("-1*x", -1.0),
        ("0*x", 0.0),
        ("1e-3*x", 0.001),
        (".5*x", 0.5),
        ("(1/2)*x", 0.5),
        ("1/4*x", 0.25),
        ("sqrt(4)*x", 2.0),
        ("-(1 + 2)^2*x", -9.0),
        ("2*3*x", 6.0),
    ],
)
def test_a_number_fixes_a_parameter(written, value):
    assert modifier(f"f =~ {written}").values == (value,)


def test_na_frees_a_parameter():
    assert math.isnan(modifier("f =~ NA*x").value(1))


@pytest.mark.parametrize("written", ["a*x", "'a'*x", '"a"*x', 'label("a")*x', "label('a') * x"])
def test_a_label_may_be_bare_quoted_or_called(written):
    assert modifier(f"f =~ {written}") == Modifier(labels=("a",))


def test_start_values_and_equal():
    assert modifier("f =~ start(0.5)*x").starts == (0.5,)
    assert modifier("f =~ start(c(1, NA))*x").starts == (1.0, None)
    assert modifier('f =~ x1 + equal("f=~x1")*x2').equals == ("f=~x1",)
    assert modifier("f =~ equal(c('f=~x1', 'f=~x1.g2'))*x2").equals == ("f=~x1", "f=~x1.g2")


def test_vectors_hold_an_entry_per_group():
    assert modifier("f =~ c(a, b)*x").labels == ("a", "b")
    assert modifier("f =~ c('a', NA)*x").labels == ("a", "")
    assert modifier("f =~ c(0.5, -1)*x").values == (0.5, -1.0)
    assert modifier('f =~ label(c("a", "b"))*x').labels == ("a", "b")
    freed = modifier("f =~ c(NA, 1)*x").values
    assert math.isnan(freed[0])
    assert freed[1] == 1.0
    mixed = modifier("f =~ c(1, b)*x")
    assert (mixed.values, mixed.labels) == ((1.0, None), ("", "b"))


def test_modifiers_add_up_on_a_term_and_on_its_repetition():
    together = modifier("f =~ start(0.8)*a*x")
    assert together == Modifier(labels=("a",), starts=(0.8,))
    repeated = parse_model("f =~ NA*x1 + k*x1 + k*x2").terms[0].modifier
    assert math.isnan(repeated.values[0])
    assert repeated.labels == ("k",)
    assert parse_model("x2 ~~ x1\nx1 ~~ a*x2").terms[0].modifier.labels == ("a",)


def test_an_intercept_stands_among_predictors():
    assert terms("y ~ 1 + x") == [("y", "~1", ""), ("y", "~", "x")]
    assert modifier("y ~ m*1").labels == ("m",)
    assert modifier("y ~ 0*1").values == (0.0,)
    assert modifier("y ~ 0").values == (0.0,)


def test_definitions_and_constraints_are_kept_in_order():
    syntax = parse_model("f =~ x1 + a*x2 + b*x3\nd := a*b\ne := d^2\na == 2*b\na > 0\nb < e")
    assert [item.name for item in syntax.definitions] == ["d", "e"]
    assert [(item.op, item.text) for item in syntax.constraints] == [
        ("==", "a == 2*b"),
        (">", "a > 0"),
        ("<", "b < e"),
    ]
    assert syntax.constraints[2].names == {"b", "e"}


def test_row_labels_may_be_constrained():
    assert parse_model("f =~ x1 + x2 + x3\n.p2. == .p3.").constraints[0].names == {".p2.", ".p3."}


def test_further_constraints_know_the_labels_of_the_model():
    syntax = parse_constraints("d == 1; e := d", parse_model("f =~ x + a*z\nd := a + 1"))
    assert len(syntax.constraints) == 1
    assert [item.name for item in syntax.definitions] == ["d", "e"]


def test_the_text_is_shown_again():
    shown = repr(parse_model("f =~ x1 + a*x2\nd := a"))
    assert shown.startswith("ModelSyntax: 2 terms, 0 constraints, 1 defined parameters")
    assert "  d := a" in shown
    assert "0x" not in shown
