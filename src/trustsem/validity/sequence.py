"""Which structural model do the sequential chi-square differences accept? Step two.

Five nested models, from the freest to the most restricted: Ms (saturated structure, which is the
measurement model), Mu (next unconstrained alternative), Mt (theory), Mc (next constrained
alternative), Mn (no structural relation). This module knows differences of chi-squares only; who
the alternatives are is the study's business.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from trustsem import display
from trustsem.findings import Finding
from trustsem.inference import chi_square_above
from trustsem.tables import Notes, Page, Shown, Table
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import coefficient, counted, p_text

Outcome = Literal["Mc", "Mt", "Mu", "respecify", "undecided"]
Answer = Literal["significant", "not significant", "either"]

MODELS: Mapping[str, str] = {
    "Ms": "saturated structure (measurement model)",
    "Mu": "next unconstrained alternative",
    "Mt": "theory",
    "Mc": "next constrained alternative",
    "Mn": "no structural relations",
}
"""The five models, from the freest to the most restricted."""

THEORY_TEST, CONSTRAINED_TEST, UNCONSTRAINED_TEST, REST_TEST = (
    "Mt - Ms", "Mc - Mt", "Mt - Mu", "Mu - Ms",
)  # fmt: skip
TESTS: Mapping[str, tuple[str, str]] = {
    name: (name[:2], name[-2:])
    for name in (THEORY_TEST, CONSTRAINED_TEST, UNCONSTRAINED_TEST, REST_TEST)
}
"""Test to its restricted and its general model."""


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """Chi-square difference of two neighbours in the sequence.

    Parameters
    ----------
    chisq : float
        Difference of the chi-squares, scaled where the estimator asks for it; unitless.
    df : float
        Difference of the degrees of freedom; 0 where the two models coincide.
    pvalue : float
        Of the difference; NaN without degrees of freedom.
    """

    chisq: float
    df: float
    pvalue: float

    def is_significant(self, level: float) -> bool:
        """Return whether the restrictions are rejected; models that coincide never are."""
        return self.df > 0 and self.pvalue < level


@dataclass(frozen=True, slots=True)
class Fork:
    """A place of the decision tree: a test and where its outcomes lead, or a decision.

    Parameters
    ----------
    id : str
        Unique within the tree.
    test : str
        Key of :data:`TESTS`; empty for a decision.
    outcome : str
        The decision; empty for a test.
    ways : tuple of (str, str)
        Answer of the test and id of the place that it leads to.
    """

    id: str
    test: str = ""
    outcome: Outcome | Literal[""] = ""
    ways: tuple[tuple[Answer, str], ...] = ()


TREE: Mapping[str, Fork] = {
    fork.id: fork
    for fork in (
        Fork(
            "theory", THEORY_TEST,
            ways=(("not significant", "simpler"), ("significant", "freer")),
        ),
        Fork(
            "simpler", CONSTRAINED_TEST,
            ways=(("not significant", "accept_Mc"), ("significant", "needed")),
        ),
        Fork(
            "needed", UNCONSTRAINED_TEST,
            ways=(("not significant", "accept_Mt"), ("significant", "accept_Mu")),
        ),
        Fork("freer", UNCONSTRAINED_TEST, ways=(("either", "rest"),)),
        Fork(
            "rest", REST_TEST,
            ways=(("not significant", "accept_Mu_instead"), ("significant", "respecify")),
        ),
        Fork("accept_Mc", outcome="Mc"),
        Fork("accept_Mt", outcome="Mt"),
        Fork("accept_Mu", outcome="Mu"),
        Fork("accept_Mu_instead", outcome="Mu"),
        Fork("respecify", outcome="respecify"),
    )
}  # fmt: skip
"""The decision tree of Anderson & Gerbing (1988) [anderson1988]_, from its first test on."""
ROOT = "theory"


@dataclass(frozen=True, slots=True, repr=False)
class Decision(Shown):
    """Where the decision tree leads.

    Parameters
    ----------
    outcome : {"Mc", "Mt", "Mu", "respecify", "undecided"}
        The model accepted; ``"respecify"`` where none of the five is, ``"undecided"`` where a
        difference that is needed does not exist.
    branch : tuple of str
        Ids of the places of :data:`TREE` that were passed, in order.
    tests : mapping of str to SequentialTest
        The differences that were needed and exist, by name.
    level : float
        Level of each test.
    """

    outcome: Outcome
    branch: tuple[str, ...]
    tests: Mapping[str, SequentialTest]
    level: float

    @property
    def n_tests(self) -> int:
        """How many tests with degrees of freedom were made."""
        return sum(test.df > 0 for test in self.tests.values())

    @property
    def overall_level(self) -> float:
        r"""Level of the whole sequence, :math:`1 - (1 - \alpha)^k` for k independent tests.

        Sequential differences are asymptotically independent [steiger1985]_.
        """
        return overall_level(self.level, self.n_tests)

    @property
    def exploratory(self) -> bool:
        """Whether what comes next is no longer a test of the theory."""
        return self.outcome == "respecify"

    def answer(self, place: str) -> str:
        """Return the answer at a place of the branch; empty where nothing was tested."""
        test = self.tests.get(TREE[place].test) if place in self.branch else None
        if test is None or not test.df > 0:
            return ""
        return "significant" if test.is_significant(self.level) else "not significant"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per test of the branch, columns :data:`DECISION_COLUMNS`."""
        rows = [
            {
                "test": name,
                "restricted": TESTS[name][0],
                "general": TESTS[name][1],
                "chisq_diff": test.chisq,
                "df_diff": test.df,
                "pvalue_diff": test.pvalue,
                "significant": test.is_significant(self.level) if test.df > 0 else None,
            }
            for name, test in self.tests.items()
        ]
        return pd.DataFrame(rows, columns=list(DECISION_COLUMNS))

    def to_table(self) -> Table:
        """Return the tests in the order of the branch, each as a question with its answer."""
        frame = self.to_frame()
        frame["difference"] = [name.replace("-", display.MINUS) for name in frame["test"]]
        frame["question"] = [_QUESTIONS[name] for name in frame["test"]]
        frame["answer"] = [
            self.answer(place) or "the models coincide"
            for place in self.branch
            if TREE[place].test in self.tests
        ]
        overall = display.bounded(self.overall_level, 3)
        return Table(
            "sequential-tests",
            "Sequential Chi-Square Difference Tests",
            frame,
            show=("difference", "question", "chisq_diff", "df_diff", "pvalue_diff", "answer"),
            columns={"difference": display.COLUMNS["test"]},
            notes=Notes(
                f"Each test at α = {display.bounded(self.level, 2)}; overall α = {overall} of "
                f"{counted(self.n_tests, 'test', 'tests')} "
                "(1 − (1 − α)ᵏ; sequential differences are asymptotically independent, Steiger et "
                f"al., 1985). Decision: {_DECISIONS[self.outcome]}."
            ),
        )

    def _page(self) -> Page:
        """Return the decision and the tests that led to it."""
        return Page(((f"Decision: {_DECISIONS[self.outcome]}.",), self.to_table()))


_QUESTIONS: Mapping[str, str] = dict(
    zip(
        TESTS,
        (
            "Does the theory explain the relations of the constructs?",
            "Does a simpler theory explain them as well?",
            "Does a freer theory explain them better?",
            "Does the freer theory explain them?",
        ),
        strict=True,
    )
)
_DECISIONS: Mapping[Outcome, str] = {
    "Mt": "the theory (Mt) is accepted",
    "Mc": "the constrained alternative (Mc) is accepted",
    "Mu": "the unconstrained alternative (Mu) is accepted",
    "respecify": "no model of the sequence is accepted; what follows is exploratory",
    "undecided": "none, since a model of the sequence has no solution",
}


DECISION_COLUMNS = (
    "test", "restricted", "general", "chisq_diff", "df_diff", "pvalue_diff", "significant",
)  # fmt: skip
"""Columns of :meth:`Decision.to_frame`."""


def overall_level(level: float, n_tests: int) -> float:
    r"""Return the level of several independent tests, :math:`1 - (1 - \alpha)^k`.

    Examples
    --------
    >>> round(overall_level(0.05, 3), 4)
    0.1426
    """
    return float(1 - (1 - level) ** n_tests)


def decide(
    differences: Mapping[str, SequentialTest | None], *, thresholds: Thresholds | None = None
) -> Decision:
    """Follow the decision tree.

    Parameters
    ----------
    differences : mapping of str to SequentialTest or None
        By name of :data:`TESTS`; None, or no entry, where a model is missing or not nested.
    thresholds : Thresholds, optional
        ``significance``; .05 where it is missing.

    Returns
    -------
    Decision

    Notes
    -----
    Mt - Ms comes first, the test of nomological validity. If it is not significant, Mc - Mt asks
    whether a simpler model does as well (then Mc is accepted), and if not, Mt - Mu whether a freer
    one does better. If Mt - Ms is significant, Mt - Mu says whether the freer model gains, and
    Mu - Ms decides: Mu is accepted, or further constraints have to be relaxed, which is
    exploratory. Without a constrained alternative its test is passed over as if it were
    significant; without a freer one, Mt stands in its place.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_, p. 419-420.
    """
    level = (thresholds or Thresholds()).significance
    place, branch = ROOT, [ROOT]
    made: dict[str, SequentialTest] = {}
    while TREE[place].test:
        name = TREE[place].test
        test = differences.get(name)
        if test is not None:
            made[name] = test
        rejected = _rejected(name, test, level)
        if rejected is None:
            return Decision("undecided", tuple(branch), made, level)
        answers: set[str] = {"significant" if rejected else "not significant", "either"}
        place = next(target for answer, target in TREE[place].ways if answer in answers)
        branch.append(place)
    outcome = TREE[place].outcome
    return Decision(outcome or "undecided", tuple(branch), made, level)


def _rejected(name: str, test: SequentialTest | None, level: float) -> bool | None:
    """Return the answer of one test; None where the sequence cannot go on."""
    if name == CONSTRAINED_TEST and (test is None or not test.df > 0):
        return True
    if test is None:
        return False if name == UNCONSTRAINED_TEST else None
    if test.df > 0 and math.isnan(test.pvalue):
        return None
    return test.is_significant(level)


def check_pseudo_chisq(chisq: float, df: float, *, thresholds: Thresholds | None = None) -> Finding:
    """Check beforehand whether any structural model could fit.

    Parameters
    ----------
    chisq : float
        Chi-square of the saturated structure (Ms), the smallest of all structural models.
    df : float
        Degrees of freedom of the null structure (Mn), the largest.
    thresholds : Thresholds, optional
        ``significance``.

    Returns
    -------
    Finding
        Code ``pseudo_chisq``; if the probability is below the level, no structural model between
        the two can have an acceptable chi-square.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_, p. 419.
    """
    level = (thresholds or Thresholds()).significance
    pvalue = chi_square_above(chisq, df)
    holds = pvalue >= level
    conclusion = (
        "a structural model that is compatible with the data is possible"
        if holds
        else "by the test of exact fit no structural model for these constructs can be compatible "
        "with the data, whatever it says about their relations"
    )
    return Finding(
        code="pseudo_chisq",
        subject="Ms on df of Mn",
        claim=(
            f"The smallest chi-square of all structural models on the most degrees of freedom is "
            f"{chisq:.2f} on {df:.0f} df, {p_text(pvalue)}: {conclusion}."
        ),
        severity="note" if holds else "warning",
        holds=holds,
        value=pvalue,
        threshold=level,
        source="anderson1988",
        remedy=""
        if holds
        else "Look at the measurement model first: its misfit is not structural.",
    )


def check_decision(decision: Decision, labels: Mapping[str, str] | None = None) -> Finding:
    """State which model the sequence accepts.

    Parameters
    ----------
    decision : Decision
        As :func:`decide` returns it.
    labels : mapping of str to str, optional
        What Mu and Mc are in words.

    Returns
    -------
    Finding
        Code ``accepted_model``; it holds where the theory is accepted.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_; Steiger et al. (1985) [steiger1985]_.
    """
    words = {name: f" ({label})" for name, label in (labels or {}).items() if label}
    tests = "; ".join(_tested(name, test) for name, test in decision.tests.items() if test.df > 0)
    overall = coefficient(decision.overall_level)
    how = (
        f" Overall level of {counted(decision.n_tests, 'test', 'tests')}: {overall} ({tests})."
        if decision.n_tests
        else " No difference could be tested: the theory leaves every relation free."
    )
    claims = {
        "Mt": "The sequence of chi-square differences accepts the theory (Mt).",
        "Mc": (
            f"The sequence of chi-square differences accepts the constrained alternative Mc"
            f"{words.get('Mc', '')}: it is simpler and does not fit worse than the theory."
        ),
        "Mu": (
            f"The sequence of chi-square differences accepts the unconstrained alternative Mu"
            f"{words.get('Mu', '')}: the theory leaves out relations that the data show."
        ),
        "respecify": (
            f"The sequence of chi-square differences accepts neither the theory nor Mu"
            f"{words.get('Mu', '')}: further constraints have to be relaxed."
        ),
        "undecided": "The sequence of chi-square differences could not be carried through.",
    }
    remedies = {
        "Mc": "Prefer Mc, or say why the paths that it leaves out are kept.",
        "Mu": "Report Mu beside the theory, and give reasons for the relations that it adds.",
        "respecify": "Relax constraints one at a time for reasons of theory, marked exploratory.",
        "undecided": "See which model of the sequence has no solution.",
    }
    accepted = decision.outcome == "Mt"
    return Finding(
        code="accepted_model",
        subject="sequence of models",
        claim=claims[decision.outcome] + how,
        severity="note" if decision.outcome in {"Mt", "Mc"} else "warning",
        holds=None if decision.outcome == "undecided" else accepted,
        threshold=decision.level,
        source="anderson1988",
        remedy=remedies.get(decision.outcome, ""),
    )


def _tested(name: str, test: SequentialTest) -> str:
    """Return one test in words."""
    return f"{name}: {test.chisq:.2f} with {test.df:.0f} df, {p_text(test.pvalue)}"
