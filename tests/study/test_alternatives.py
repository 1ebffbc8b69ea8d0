"""Which alternatives follow from a theory, and that they are nested in it as text."""

from __future__ import annotations

import pytest

from trustsem.study import Study

NAMES = {name: f"{name}1:{name}3" for name in "abcde"}


def study(*hypotheses, names="abc", **more):
    return Study(
        title="Theory",
        constructs={name: NAMES[name] for name in names},
        hypotheses=list(hypotheses),
        **more,
    )


def changes(plan):
    found = plan.derived_alternatives()
    return found["Mu"].added, found["Mc"].removed


@pytest.mark.parametrize(
    ("hypotheses", "names", "added", "removed"),
    [
        # full mediation: Mu adds the direct path, Mc gives the last hypothesis up
        (("a -> b", "b -> c"), "abc", ("a -> c",), ("b -> c",)),
        # partial mediation: nothing is left to add, Mc is full mediation
        (("a -> b", "b -> c", "a -> c"), "abc", (), ("a -> c",)),
        # two mediators side by side: their order is not decided, the direct path is
        (("a -> b", "a -> c", "b -> d", "c -> d"), "abcd", ("a -> d",), ("c -> d",)),
        # no mediation: whatever agrees with the order (c explains nothing, d is last)
        (("a -> b", "c -> d"), "abcd", ("c -> b", "a -> d"), ("c -> d",)),
        # a chain of three skips two and three at once
        (("a -> b", "b -> c", "c -> d"), "abcd", ("a -> c", "a -> d", "b -> d"), ("c -> d",)),
        # a loop bypasses nothing
        (("a -> b", "b -> c", "c -> b"), "abc", ("a -> c",), ("c -> b",)),
    ],
)
def test_alternatives_are_derived_from_indirect_effects(hypotheses, names, added, removed):
    assert changes(study(*hypotheses, names=names)) == (added, removed)


def test_controls_carry_indirect_effects_but_stay():
    plan = study("b -> c", controls={"a": ["b"]})
    found = plan.derived_alternatives()
    assert found["Mu"].added == ("a -> c",)
    assert found["Mc"].removed == ("b -> c",)
    assert found["Mc"].controls == (("a", "b"),)
    assert found["Mn"].controls == ()


def test_nothing_covaries_in_the_null_structure():
    text = study("a -> b", "b -> c").alternative_model(
        study("a -> b", "b -> c").derived_alternatives()["Mn"]
    )
    added = text.splitlines()[3:]
    assert added == ["a ~~ 0*b", "a ~~ 0*c", "b ~~ 0*c"]


def test_an_outcome_that_loses_its_last_path_gains_no_covariance():
    plan = study("a -> b", "b -> c", rivals={"short": {"remove": ["b -> c"]}})
    assert plan.rival_model("short").splitlines()[3:] == ["b ~ a", "a ~~ 0*c"]


def test_a_path_takes_the_place_of_a_covariance():
    plan = study("a -> c", "b -> c", rivals={"ordered": {"add": ["a -> b"]}})
    assert frozenset("ab") in plan.theory.covariances
    assert plan.rival("ordered").covariances == frozenset()
    assert plan.rival_model("ordered").splitlines()[3:] == ["b ~ a", "c ~ a + b"]


def test_rivals_change_covariances_too():
    plan = study(
        "a -> b", "a -> c", covary=[("b", "c")],
        rivals={"apart": {"remove": ["b ~~ c"]}, "related": {"add": ["a ~~ c"]}},
    )  # fmt: skip
    assert "b ~~ 0*c" in plan.rival_model("apart")
    assert "b ~~ c" in plan.rival_model("related")
    assert "a ~~ c" in plan.rival_model("related")


def test_a_construct_of_two_items_without_relations_keeps_one_loading():
    plan = Study(title="T", constructs={"a": "a1:a2", "b": "b1:b3"}, hypotheses=["a -> b"])
    loadings = {("a", "a2"): 0.75, ("b", "b2"): 1.5, ("b", "b3"): 2.0}
    null = plan.derived_alternatives()["Mn"]
    assert plan.alternative_model(null, loadings).splitlines()[:2] == [
        "a =~ a1 + 0.75*a2",
        "b =~ b1 + b2 + b3",
    ]
    assert plan.alternative_model(plan.theory, loadings).startswith("a =~ a1 + a2\n")


def test_descriptions_use_labels():
    plan = Study(
        title="T",
        constructs={
            "a": {"items": "a1:a3", "label": "Buyer trust"},
            "b": "b1:b3",
            "c": {"items": "c1:c3", "label": "Performance"},
        },
        hypotheses=["a -> b", "b -> c"],
        rivals={"r": {"remove": ["a -> b"]}, "s": {"add": ["a -> c"], "label": "Direct"}},
    )
    found = plan.derived_alternatives()
    assert found["Mu"].description(plan.labels) == (
        "direct paths beside the indirect effects: with Buyer trust -> Performance"
    )
    assert plan.rival("r").description(plan.labels) == "without Buyer trust -> b"
    assert plan.rival("s").description(plan.labels) == "Direct"
