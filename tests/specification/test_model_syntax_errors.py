"""A mistake in model text is shown in its place, with what was probably meant."""

from __future__ import annotations

import pytest

from trustsem.errors import (
    DuplicateParameterError,
    ModelSyntaxError,
    SpecificationError,
    UnsupportedError,
)
from trustsem.specification import parse_model
from trustsem.specification.reading import parse_constraints

MISTAKES = [
    ("loyal =- l1", "=-", "Unknown operator '=-'", "=~"),
    ("loyal = l1", "=", "Unknown operator '='", "=~"),
    ("trust -> sharing", "->", "Unknown operator '->'", "outcome ~ predictor"),
    ("a <-> b", "<->", "Unknown operator '<->'", "~~"),
    ("f =~ a*x\na >= 0", ">=", "Unknown operator '>='", "'>'"),
    ("f =~", "=~", "right-hand side of '=~' is missing", ""),
    ("f =~\ng =~ x1", "=~", "right-hand side of '=~' is missing", ""),
    ("=~ x1", "=~", "left-hand side of '=~' is missing", ""),
    ("f =~ x1 +\ng =~ x2", "+", "operand of '+' is missing", ""),
    ("f =~ x1 + + x2", "+", "operand of '+' is missing", ""),
    ("f =~ *x1", "*", "operand of '*' is missing", ""),
    ("f =~ 0.5*", "*", "operand of '*' is missing", ""),
    ("f =~ x1 + (x2", "(", "not closed", ""),
    ("f =~ x1)", ")", "never opened", ""),
    ("", "", "The model is empty", "=~"),
    ("# nothing\n\n", "", "The model is empty", "=~"),
    ("f x1", "f x1", "without operator", "=~"),
    ("f =~ x1 =~ x2", "=~", "second operator", "line break"),
    ("f =~ f + x1", "f", "'f' cannot be an indicator of itself", "name of its own"),
    ("y ~ y", "y", "regressed on itself", ""),
    ("f =~ x1 - x2", "-", "'-' cannot join terms", "'+'"),
    ("f =~ x1 x2", "x2", "operator is missing", ""),
    ("f =~ 3x", "3x", "neither a number nor a name", "*"),
    ("f =~ x1 @ x2", "@", "Unknown character '@'", ""),
    ("f =~ 'x", "'", "quotation mark", ""),
    ("2*f =~ x1", "2*f", "must be a name", "right-hand side"),
    ("y ~ 2", "2", "name of a variable is expected", ""),
    ("x | q1", "q1", "'q1' is no threshold", "t1"),
    ("x ~*~ y", "y", "scaling factor", ""),
    ("f =~ a*b*x1", "b", "Contradicting modifiers", ""),
    ("f =~ NA*2*x1", "NA*2", "Contradicting modifiers", ""),
    ("y ~ 2*0", "2*0", "Contradicting modifiers", ""),
    ("f =~ (1/0)*x1", "(1/0)", "no finite number", ""),
    ("f =~ (2*a)*x1", "a", "A modifier is a number", ":="),
    ("f =~ c(1,)*x1", "c", "argument of 'c()'", ""),
    ("f =~ label(2)*x1", "2", "quoted name", ""),
    ("f =~ foo(3)*x2", "foo", "Unknown function 'foo'", "Known: exp"),
    ("f =~ lam*x\nd := lan*2", "lan", "'lan' is neither", "'lam'"),
    ("f =~ lam*x\nzz == 2", "zz", "'zz' is neither", "zz*x"),
    ("f =~ a*x\nd := logg(a)", "logg", "Unknown function", "'log'"),
    ("f =~ a*x\nd := a*", "*", "operand is missing", ""),
    ("f =~ a*x\nd := * a", "*", "operand is missing", ""),
    ("f =~ a*x\nd := ()", ")", "operand is missing", ""),
    ("f =~ a*x\nd := a a", "a", "not expected here", ""),
    ("f =~ a*x\na == ", "==", "right-hand side of '==' is missing", ""),
    ("f =~ a*x\nd := a\nd := 2*a", "d", "'d' is defined twice", ""),
    ("f =~ a*x\na := 2*a", "a", "'a' is a label already", "new name"),
    ("f =~ a*x\ne := d\nd := a", "d", "before it is defined", ""),
    ("f =~ a*x\nd + 1 := a", "d + 1", "defines one name", ""),
    ("f =~ x\n1 == 2", "1 == 2", "names no parameter", ""),
]


@pytest.mark.parametrize(("text", "place", "what", "hint"), MISTAKES)
def test_a_mistake_is_located_and_explained(text, place, what, hint):
    with pytest.raises(ModelSyntaxError) as caught:
        parse_model(text)
    error = caught.value
    assert what in str(error)
    assert hint in str(error)
    if place:
        assert text[error.start : error.stop] == place


def test_the_message_shows_line_place_and_hint():
    with pytest.raises(ModelSyntaxError) as caught:
        parse_model("trust =~ t1\n  loyal =- l1\n")
    assert str(caught.value) == (
        "Unknown operator '=-' (line 2)\n"
        "    loyal =- l1\n"
        "          ^^\n"
        "Did you mean '=~' (is measured by)?"
    )


@pytest.mark.parametrize(
    "text",
    [
        "f =~ x1 + x2 + x1",
        "f =~ a*x1 + b*x1",
        "f =~ 1*x1 + 2*x1",
        "f =~ x1\nf =~ x1",
        "x1 ~~ x2\nx2 ~~ x1",
    ],
)
def test_a_parameter_is_specified_once(text):
    with pytest.raises(DuplicateParameterError, match="specified twice"):
        parse_model(text)


def test_the_lines_of_a_duplicate_are_named():
    with pytest.raises(DuplicateParameterError, match=r"'f =~ x1' .* \(lines 1, 3\)"):
        parse_model("f =~ x1\ng =~ x2\nf =~ x1")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("group: 1\nf =~ x", "group"),
        ("level:1\nf =~ x", "level"),
        ("efa('e')*f =~ x", "exploratory"),
        ("f =~ lower(0)*x", "bounds"),
        ("f <~ x", "formative"),
        ("y ~ x1:x2", "products"),
        ("y ~ rv('s')*x", "random slopes"),
    ],
)
def test_what_is_beyond_this_version_is_refused_by_name(text, what):
    with pytest.raises(UnsupportedError, match=what):
        parse_model(text)


def test_constraints_hold_nothing_else():
    with pytest.raises(ModelSyntaxError, match="Constraints may hold"):
        parse_constraints("f =~ x3", parse_model("f =~ x1 + x2"))


def test_every_syntax_error_is_a_specification_error():
    with pytest.raises(SpecificationError):
        parse_model("f =")
