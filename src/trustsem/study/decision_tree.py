"""The decision tree of a study as a figure: every place, and the branch taken."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from trustsem import display
from trustsem.diagram import TreeEdge, TreeGraph, TreeNode
from trustsem.validity.sequence import MODELS, TREE, Fork
from trustsem.validity.wording import counted

if TYPE_CHECKING:
    from trustsem.study.sequence import ModelSequence

_DIFFERENCE = "Δχ²"
_ANSWERS = {"significant": "significant", "not significant": "not significant", "either": ""}


def decision_tree(sequence: ModelSequence, title: str = "") -> TreeGraph:
    """Describe the decision tree of a model sequence.

    Parameters
    ----------
    sequence : ModelSequence
        The models and the decision.
    title : str, optional
        What the study is about, for screen readers.

    Returns
    -------
    TreeGraph
        For :func:`trustsem.diagram.draw_tree`.
    """
    decision = sequence.decision
    passed = set(pairwise(decision.branch))
    nodes = tuple(_node(sequence, fork) for fork in TREE.values())
    edges = tuple(
        TreeEdge(fork.id, target, _ANSWERS[answer], (fork.id, target) in passed)
        for fork in TREE.values()
        for answer, target in fork.ways
    )
    level = display.bounded(decision.level, 2)
    overall = display.bounded(decision.overall_level, 3)
    note = (
        f"Sequential chi-square difference tests (Anderson & Gerbing, 1988), each at α = {level}; "
        f"overall α = {overall} of {counted(decision.n_tests, 'test', 'tests')}. "
        "Heavy lines: the branch taken. "
        + " ".join(f"{name} = {what}." for name, what in MODELS.items() if name != "Mn")
    )
    name = "Decision tree of the structural models"
    return TreeGraph(nodes, edges, note, f"{name}: {title}" if title else name)


def _node(sequence: ModelSequence, fork: Fork) -> TreeNode:
    """Return one place of the tree."""
    taken = fork.id in sequence.decision.branch
    if fork.outcome:
        return TreeNode(fork.id, _decision_lines(fork.outcome), taken, final=True)
    name = fork.test.replace("-", display.MINUS)
    lines = (name, *_found(sequence, fork)) if taken else (name,)
    return TreeNode(fork.id, lines, taken)


def _decision_lines(outcome: str) -> tuple[str, ...]:
    """Return what a decision says."""
    if outcome in MODELS:
        return f"Accept {outcome}", MODELS[outcome]
    return "Respecify", "relax further constraints (exploratory)"


def _found(sequence: ModelSequence, fork: Fork) -> tuple[str, ...]:
    """Return what a test of the branch showed."""
    test = sequence.decision.tests.get(fork.test)
    if test is None:
        return ("no such model",)
    if not test.df > 0:
        return ("the models coincide",)
    return (
        f"{_DIFFERENCE}({display.COUNT.text(test.df)}) = {display.TWO.text(test.chisq)}",
        display.p_statement(test.pvalue, "typeset"),
    )
