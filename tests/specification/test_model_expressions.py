"""Defined parameters and constraints evaluate on numbers, stacks and complex steps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustsem.errors import ModelSyntaxError
from trustsem.specification import Expression, parse_expression, parse_model
from trustsem.specification.expressions import FUNCTIONS
from trustsem.specification.tokens import tokenize

STEP = 1e-30


def read(text: str) -> Expression:
    return parse_expression(tokenize(text)[:-1], text)


VALUES = {"a": 2.0, "b": 3.0, ".p3.": 5.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b*2", 8.0),
        ("(a + b)*2", 10.0),
        ("a - b - 1", -2.0),
        ("a/b/2", 2 / 6),
        ("-a^2", -4.0),
        ("a^-1", 0.5),
        ("a**b", 8.0),
        ("2^a^b", 256.0),
        ("+a", 2.0),
        ("--a", 2.0),
        ("a*.p3.", 10.0),
        ("exp(log(a))", 2.0),
        ("sqrt(a*8)", 4.0),
        ("abs(a - b)", 1.0),
        ("1e2*a", 200.0),
        ("log10(100) + log2(8)", 5.0),
    ],
)
def test_arithmetic_follows_the_usual_precedence(text, value):
    assert read(text).evaluate(VALUES) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(("text", "what"), [("(a + b", "not closed"), ("a + b)", "never opened")])
def test_parentheses_come_in_pairs(text, what):
    with pytest.raises(ModelSyntaxError, match=what):
        read(text)


def test_names_are_collected():
    assert read("a*b + exp(.p3.) - a^2/3").names == {"a", "b", ".p3."}


def test_stacks_broadcast():
    a, b = np.arange(6.0).reshape(3, 2), np.array([1.0, 2.0])
    np.testing.assert_allclose(read("a*b - b^2").evaluate({"a": a, "b": b}), a * b - b**2)


def test_undefined_values_are_not_a_number_and_warn_nobody():
    assert np.isnan(read("log(a)").evaluate({"a": -1.0}))
    assert np.isinf(read("1/a").evaluate({"a": 0.0}))
    assert np.isnan(read("a^0.5").evaluate({"a": -1.0}))


DIFFERENTIABLE = [
    "a*b", "a/b", "a^3", "a^b", "b^-2", "-a*2", "abs(-a)", "abs(a - 2*b)", "sqrt(a)/b",
    *(f"{name}(a/4)" for name in FUNCTIONS),
]  # fmt: skip


@pytest.mark.parametrize("text", DIFFERENTIABLE)
def test_a_complex_step_gives_the_derivative(text):
    expression = read(text)
    at = {"a": 1.3, "b": 2.1}
    analytic = np.imag(expression.evaluate(at | {"a": complex(at["a"], STEP)})) / STEP
    width = 1e-6
    forward = expression.evaluate(at | {"a": at["a"] + width})
    backward = expression.evaluate(at | {"a": at["a"] - width})
    assert analytic == pytest.approx((forward - backward) / (2 * width), rel=1e-7, abs=1e-9)


def test_the_power_of_a_negative_value_has_a_derivative():
    value = read("a^3").evaluate({"a": complex(-2.0, STEP)})
    assert np.real(value) == pytest.approx(-8.0)
    assert np.imag(value) / STEP == pytest.approx(12.0)


def trees():
    leaves = st.sampled_from(["a", "b", "2", "0.5", "1e-7"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map("({0[0]}){0[1]}({0[2]})".format),
            inner.map("-({})".format),
            inner.map("exp({})".format),
            inner.map("({})^2".format),
        ),
        max_leaves=8,
    )


@given(trees())
def test_an_expression_reads_back_from_its_text(text):
    expression = read(text)
    assert read(str(expression)).evaluate(VALUES) == pytest.approx(
        expression.evaluate(VALUES), rel=1e-12, nan_ok=True
    )


def test_names_can_be_replaced():
    renamed = read("a + exp(b)*-a^b").renamed({"a": "x"})
    assert str(renamed) == "x + exp(b)*-x^b"
    assert renamed.names == {"x", "b"}


def test_definitions_evaluate_in_order():
    values = {"a": 2.0, "b": 3.0}
    for item in parse_model("f =~ a*x + b*z\nind := a*b\nprop := ind/(ind + a)").definitions:
        values[item.name] = item.expression.evaluate(values)
    assert values["prop"] == pytest.approx(0.75)
    assert math.isfinite(values["ind"])
