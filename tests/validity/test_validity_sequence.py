"""The decision tree over five nested models: every branch, its level, and what is said."""

from __future__ import annotations

import math

import pytest

from trustsem.validity import SequentialTest, check_decision, check_pseudo_chisq, decide
from trustsem.validity.sequence import (
    CONSTRAINED_TEST,
    MODELS,
    REST_TEST,
    ROOT,
    TESTS,
    THEORY_TEST,
    TREE,
    UNCONSTRAINED_TEST,
    overall_level,
)
from trustsem.validity.thresholds import Thresholds

SIGNIFICANT = SequentialTest(20.0, 2, 4.5e-5)
WITHIN_CHANCE = SequentialTest(1.0, 2, 0.607)
COINCIDE = SequentialTest(0.0, 0, math.nan)


def follow(theory, constrained=None, unconstrained=None, rest=None):
    tests = {
        THEORY_TEST: theory,
        CONSTRAINED_TEST: constrained,
        UNCONSTRAINED_TEST: unconstrained,
        REST_TEST: rest,
    }
    return decide(tests)


@pytest.mark.parametrize(
    ("tests", "outcome", "made"),
    [
        ((WITHIN_CHANCE, WITHIN_CHANCE), "Mc", 2),
        ((WITHIN_CHANCE, SIGNIFICANT, WITHIN_CHANCE), "Mt", 3),
        ((WITHIN_CHANCE, SIGNIFICANT, SIGNIFICANT), "Mu", 3),
        ((SIGNIFICANT, None, SIGNIFICANT, WITHIN_CHANCE), "Mu", 3),
        ((SIGNIFICANT, None, WITHIN_CHANCE, WITHIN_CHANCE), "Mu", 3),
        ((SIGNIFICANT, None, SIGNIFICANT, SIGNIFICANT), "respecify", 3),
        ((SIGNIFICANT, None, WITHIN_CHANCE, SIGNIFICANT), "respecify", 3),
    ],
)
def test_every_branch_ends_where_the_article_says(tests, outcome, made) -> None:
    decision = follow(*tests)
    assert (decision.outcome, decision.n_tests) == (outcome, made)
    assert TREE[decision.branch[-1]].outcome == outcome
    assert decision.exploratory == (outcome == "respecify")


def test_tests_beside_the_branch_are_not_made() -> None:
    decision = follow(WITHIN_CHANCE, WITHIN_CHANCE, SIGNIFICANT, SIGNIFICANT)
    assert list(decision.tests) == [THEORY_TEST, CONSTRAINED_TEST]
    assert decision.to_frame()["test"].tolist() == [THEORY_TEST, CONSTRAINED_TEST]
    assert decision.answer("needed") == ""


@pytest.mark.parametrize(
    ("tests", "outcome", "made"),
    [
        # the theory leaves everything free: only the constrained alternative can be tested
        ((COINCIDE, SIGNIFICANT, COINCIDE), "Mt", 1),
        ((COINCIDE, WITHIN_CHANCE, COINCIDE), "Mc", 1),
        # without a constrained alternative its test is passed over
        ((WITHIN_CHANCE, None, WITHIN_CHANCE), "Mt", 2),
        ((WITHIN_CHANCE, COINCIDE, SIGNIFICANT), "Mu", 2),
        # without a freer alternative the theory stands in its place
        ((WITHIN_CHANCE, SIGNIFICANT, None), "Mt", 2),
        # Mu is the saturated structure
        ((SIGNIFICANT, None, SIGNIFICANT, COINCIDE), "Mu", 2),
        ((None, SIGNIFICANT), "undecided", 0),
        ((SIGNIFICANT, None, None, None), "undecided", 1),
        ((SequentialTest(3.0, 1, math.nan),), "undecided", 1),
    ],
)
def test_models_that_coincide_or_are_missing(tests, outcome, made) -> None:
    decision = follow(*tests)
    assert (decision.outcome, decision.n_tests) == (outcome, made)


def test_the_level_of_the_study_decides() -> None:
    doubtful = SequentialTest(3.2, 1, 0.074)
    tests = dict.fromkeys(TESTS, doubtful)
    assert decide(tests).outcome == "Mc"
    assert decide(tests, thresholds=Thresholds(significance=0.10)).outcome == "respecify"


def test_the_overall_level_counts_the_tests_that_were_made() -> None:
    assert overall_level(0.05, 3) == pytest.approx(0.142625)
    assert overall_level(0.05, 0) == 0
    assert follow(WITHIN_CHANCE, SIGNIFICANT, WITHIN_CHANCE).overall_level == pytest.approx(
        0.142625
    )
    assert follow(COINCIDE, SIGNIFICANT, COINCIDE).overall_level == pytest.approx(0.05)


def test_every_place_of_the_tree_is_reached_once_and_ends_in_a_decision() -> None:
    targets = [target for fork in TREE.values() for _, target in fork.ways]
    assert sorted(targets) == sorted(set(TREE) - {ROOT})
    assert all(
        fork.test in TESTS or fork.outcome in {*MODELS, "respecify"} for fork in TREE.values()
    )
    assert all(bool(fork.ways) == bool(fork.test) for fork in TREE.values())


def test_the_pseudo_chi_square_of_the_political_democracy_models() -> None:
    finding = check_pseudo_chisq(38.1252182279, 38)  # lavaan 0.7-2: T(Ms), df(Mn)
    assert finding.value == pytest.approx(0.464, abs=5e-4)
    assert finding.holds
    hopeless = check_pseudo_chisq(110.0, 38)
    assert (hopeless.holds, hopeless.severity) == (False, "warning")
    assert "no structural model" in hopeless.claim


@pytest.mark.parametrize(
    ("tests", "holds", "severity", "words"),
    [
        ((WITHIN_CHANCE, SIGNIFICANT, WITHIN_CHANCE), True, "note", "accepts the theory (Mt)"),
        ((WITHIN_CHANCE, WITHIN_CHANCE), False, "note", "Mc (mediation only): it is simpler"),
        ((WITHIN_CHANCE, SIGNIFICANT, SIGNIFICANT), False, "warning", "Mu (direct effects)"),
        ((SIGNIFICANT, None, SIGNIFICANT, SIGNIFICANT), False, "warning", "have to be relaxed"),
        ((None,), None, "warning", "could not be carried through"),
        ((COINCIDE, COINCIDE, COINCIDE), True, "note", "No difference could be tested"),
    ],
)
def test_the_decision_is_stated(tests, holds, severity, words) -> None:
    finding = check_decision(follow(*tests), {"Mc": "mediation only", "Mu": "direct effects"})
    assert (finding.holds, finding.severity) == (holds, severity)
    assert words in finding.claim


def test_the_statement_holds_each_test_and_the_overall_level() -> None:
    claim = check_decision(follow(WITHIN_CHANCE, SIGNIFICANT, WITHIN_CHANCE)).claim
    assert "Overall level of 3 tests: .143 (Mt - Ms: 1.00 with 2 df, p = .607; Mc - Mt" in claim
