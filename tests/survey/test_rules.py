"""Rules that drop cases are read from plain words, and refused where they could mean anything."""

from __future__ import annotations

import pytest

from trustsem.survey.rules import EXAMPLES, INDICES, Condition, read_rule


@pytest.mark.parametrize(
    ("text", "column", "relation", "value"),
    [
        ("missing > .30", "missing", ">", 0.3),
        ("missing >= 30%", "missing", ">=", 0.3),
        ("longstring>20", "longstring", ">", 20),
        ("duration < 1e2", "duration", "<", 100),
        ("mahalanobis p < .001", "d2_pvalue", "<", 0.001),
        ("mahalanobis > 50", "d2", ">", 50),
        ("even_odd < -.5", "even_odd", "<", -0.5),
        ("irv > 3", "irv", ">", 3),
        ("attention", "attention_failed", ">", 0),
        ("attention > 1", "attention_failed", ">", 1),
        ("straightlining", "straight_share", ">=", 1),
        ("straightlining > 2", "straightlined", ">", 2),
        ("duplicates", "duplicate_of", "answered", 0),
    ],
)
def test_a_rule_compares_one_index(text, column, relation, value):
    rule = read_rule(text)
    assert (rule.column, rule.relation, rule.value) == (column, relation, pytest.approx(value))
    assert rule.shown == text


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("where industry == 3", [Condition("industry", "==", (3.0,))]),
        ("where city != 'New  York'", [Condition("city", "!=", ("New York",))]),
        ("where size in [1, 2.5, 'x, y']", [Condition("size", "in", (1.0, 2.5, "x, y"))]),
        (
            "where age < 18 and q.1 is missing and b is not missing",
            [
                Condition("age", "<", (18.0,)),
                Condition("q.1", "missing"),
                Condition("b", "answered"),
            ],
        ),
        ("where name == 'this and that'", [Condition("name", "==", ("this and that",))]),
    ],
)
def test_a_where_rule_sets_conditions_on_variables(text, conditions):
    assert list(read_rule(text).conditions) == conditions


def test_a_reason_stands_behind_the_rule():
    assert read_rule("duplicates", "sent twice").shown == "duplicates (sent twice)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mising > .3", "Did you mean 'missing'"),
        ("longstring", "needs a number"),
        ("longstring = 3", "such as 'longstring > 0.5'"),
        ("missing > 30", "does not exceed 1"),
        ("missing < .3", "would drop the cases that are not odd; write 'missing > .3'"),
        ("mahalanobis < .001", "write 'mahalanobis p < .001'"),
        ("duplicates > 1", "stands alone"),
        ("where", "cannot be read"),
        ("where a = 3", "where industry == 3"),
        ("where a == 1 or b == 2", "join conditions by 'and'"),
        ("where a in [1; 2]", "like \\[1, 2, 3\\]"),
        ("where a < 'b'", "text has no order"),
        ("", "is about nothing known"),
    ],
)
def test_what_is_no_rule_is_refused_with_what_to_write(text, message):
    with pytest.raises(ValueError, match=message):
        read_rule(text)


def test_every_example_is_a_rule_and_every_index_can_be_meant():
    for text in EXAMPLES:
        read_rule(text)
    for name, index in INDICES.items():
        assert index.alone or read_rule(f"{name} {index.side or '>'} 0.5").column == index.column
