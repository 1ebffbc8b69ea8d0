"""Do the constructs relate as the theory says? Step two.

A hypothesis is any object with a name, a predictor, an outcome, an expected sign and a number of
tails; this module looks its path up in the structural model's parameters and judges it. One that
leads through other constructs (``via``) is about the indirect effect along that chain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from trustsem.errors import UntestableHypothesisError
from trustsem.findings import Finding
from trustsem.inference import ARROW
from trustsem.validity.rows import rows_by_pair
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import coefficient, labelled, p_text

HYPOTHESIS_COLUMNS = (
    "hypothesis",
    "path",
    "predictor",
    "outcome",
    "sign",
    "est",
    "se",
    "z",
    "pvalue",
    "ci_lower",
    "ci_upper",
    "std_all",
    "std_all_se",
    "tails",
    "supported",
    "reason",
)
DIRECTED = ("+", "-")
UNDIRECTED = ("any",)
_ENDS = 2
_COPIED = ("est", "se", "z", "ci_lower", "ci_upper", "std_all", "std_all_se")
_SIGN_WORDS = {"+": "positive", "-": "negative"}


class Hypothesis(Protocol):
    """What a hypothesis must offer to be judged."""

    @property
    def name(self) -> str:
        """Its name, such as ``"H1"``."""

    @property
    def predictor(self) -> str:
        """The construct that has the effect."""

    @property
    def outcome(self) -> str:
        """The construct that is affected."""

    @property
    def sign(self) -> str:
        """``"+"`` or ``"-"``; ``"any"`` where no direction is predicted."""

    @property
    def tails(self) -> int:
        """1 for a one-tailed test, 2 for a two-tailed one."""


def hypotheses_table(
    parameters: pd.DataFrame,
    hypotheses: Iterable[Hypothesis],
    *,
    chains: pd.DataFrame | None = None,
    significance: float = 0.05,
) -> pd.DataFrame:
    """Tabulate and judge every hypothesised path.

    Parameters
    ----------
    parameters : DataFrame
        Parameters of one group of the structural model: lhs op rhs free est se z pvalue ci_lower
        ci_upper std_all std_all_se, with two-tailed p-values.
    hypotheses : iterable of Hypothesis
        In the order of the table.
    chains : DataFrame, optional
        Specific indirect effects of the model, for hypotheses that lead through other constructs:
        ``chain est se z pvalue ci_lower ci_upper std std_se``.
    significance : float
        Level of the tests.

    Returns
    -------
    DataFrame
        One row per hypothesis, columns :data:`HYPOTHESIS_COLUMNS`. ``pvalue`` is that of the test
        with the stated number of tails; ``reason`` says why a hypothesis is not supported.

    Raises
    ------
    UntestableHypothesisError
        If the model has no such path, the sign or the number of tails does not exist, or a
        one-tailed test goes with no direction.
    UnsupportedError
        If the table holds several groups.

    Notes
    -----
    A hypothesis is supported when its estimate has the expected sign and p is below the level.
    One-tailed, p is half the two-tailed one if the sign is as expected, else one minus that half.
    """
    rows = _Rows(rows_by_pair(parameters, "~"), _rows_by_chain(chains))
    records = [_judged(hypothesis, rows, significance) for hypothesis in hypotheses]
    return pd.DataFrame.from_records(records, columns=list(HYPOTHESIS_COLUMNS))


def one_tailed(pvalue: float, *, as_expected: bool) -> float:
    """Turn a two-tailed p-value into the one-tailed one of a predicted direction.

    Parameters
    ----------
    pvalue : float
        Two-tailed p-value of a symmetric statistic; a probability.
    as_expected : bool
        Whether the estimate lies on the predicted side.

    Returns
    -------
    float
        One-tailed p-value; a probability.
    """
    return pvalue / 2 if as_expected else 1 - pvalue / 2


def check_hypotheses(
    table: pd.DataFrame,
    *,
    significance: float = 0.05,
    labels: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """State the outcome of every hypothesis.

    Parameters
    ----------
    table : DataFrame
        As :func:`hypotheses_table` returns it.
    significance : float
        Level that the table was judged at.
    labels : mapping of str to str, optional
        What constructs are called for readers.

    Returns
    -------
    tuple of Finding
        Code ``hypothesis``, one for each; an unsupported one is a result, not a defect, and so a
        note.
    """
    records = table.to_dict("records")
    return tuple(_outcome(record, significance, labels or {}) for record in records)


def check_feedback(radius: float) -> tuple[Finding, ...]:
    """Check that the effects of feedback loops settle.

    Parameters
    ----------
    radius : float
        Largest absolute eigenvalue of the path coefficients; 0 without feedback.

    Returns
    -------
    tuple of Finding
        Code ``feedback``; empty without feedback.

    References
    ----------
    Bollen (1987) [bollen1987]_.
    """
    if radius == 0:
        return ()
    holds = radius < 1
    conclusion = (
        "indirect and total effects are finite sums over all rounds of the loop"
        if holds
        else "indirect and total effects do not exist, and are left out"
    )
    return (
        Finding(
            code="feedback",
            subject="structural model",
            claim=(
                "The theory holds a feedback loop. The largest absolute eigenvalue of its paths "
                f"is {coefficient(radius)} (stable below 1): {conclusion}."
            ),
            severity="note" if holds else "warning",
            holds=holds,
            value=radius,
            threshold=1.0,
            source="bollen1987",
        ),
    )


def check_structural_difference(
    chisq_diff: float,
    df_diff: int,
    pvalue: float,
    *,
    thresholds: Thresholds | None = None,
) -> Finding:
    """Check whether the theory fits worse than the measurement model, which leaves paths free.

    Parameters
    ----------
    chisq_diff : float
        Chi-square of the structural minus that of the measurement model; unitless.
    df_diff : int
        Difference of their degrees of freedom.
    pvalue : float
        Of the difference; a probability, NaN without degrees of freedom.
    thresholds : Thresholds, optional
        ``significance``; .05 where it is missing.

    Returns
    -------
    Finding
        Code ``nomological_test``; without degrees of freedom nothing is tested and ``holds`` is
        None.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_; Steiger et al. (1985) [steiger1985]_.
    """
    level = (thresholds or Thresholds()).significance
    if df_diff == 0 or math.isnan(pvalue):
        return Finding(
            code="nomological_test",
            subject="Mt - Ms",
            claim=(
                "The structural model restricts nothing that the measurement model leaves free, so "
                "the chi-square difference cannot test the theory."
            ),
            source="anderson1988",
        )
    holds = pvalue >= level
    conclusion = (
        "the restrictions that the theory places on the relations of the constructs are compatible "
        "with the data"
        if holds
        else "the theory leaves relations of the constructs unexplained"
    )
    return Finding(
        code="nomological_test",
        subject="Mt - Ms",
        claim=(
            f"The structural model differs from the measurement model by chi-square "
            f"{chisq_diff:.2f} with {df_diff} df, {p_text(pvalue)}: {conclusion}."
        ),
        severity="note" if holds else "warning",
        holds=holds,
        value=pvalue,
        threshold=level,
        source="anderson1988",
        remedy="" if holds else "Compare with the next less constrained model, marked exploratory.",
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where estimates are looked up: paths by outcome and predictor, chains by their text."""

    paths: Mapping[tuple[str, str], Any]
    chains: Mapping[str, Any]


def _rows_by_chain(chains: pd.DataFrame | None) -> dict[str, Any]:
    """Return specific indirect effects by chain, named as parameters are."""
    if chains is None:
        return {}
    renamed = chains.rename(columns={"std": "std_all", "std_se": "std_all_se"})
    return {str(row["chain"]): {**row, "free": 1} for row in renamed.to_dict("records")}


def chain_of(hypothesis: Hypothesis) -> tuple[str, ...]:
    """Return every name on the way from predictor to outcome; a single path leads through none."""
    return (hypothesis.predictor, *getattr(hypothesis, "via", ()), hypothesis.outcome)


def _judged(hypothesis: Hypothesis, rows: _Rows, significance: float) -> dict[str, Any]:
    """Return one row of the table."""
    row = _estimated(hypothesis, rows)
    _require_consistent(hypothesis)
    est = float(row["est"])
    as_expected = (
        hypothesis.sign in UNDIRECTED
        or (hypothesis.sign == "+" and est > 0)
        or (hypothesis.sign == "-" and est < 0)
    )
    pvalue = float(row["pvalue"])
    if hypothesis.tails == 1:
        pvalue = one_tailed(pvalue, as_expected=as_expected)
    estimated = int(row["free"]) > 0
    reason = _reason(
        hypothesis.sign,
        pvalue,
        as_expected=as_expected,
        estimated=estimated,
        significance=significance,
        tails=hypothesis.tails,
    )
    return {
        "hypothesis": hypothesis.name,
        "path": ARROW.join(chain_of(hypothesis)),
        "predictor": hypothesis.predictor,
        "outcome": hypothesis.outcome,
        "sign": hypothesis.sign,
        **{name: float(row[name]) for name in _COPIED},
        "pvalue": pvalue,
        "tails": hypothesis.tails,
        "supported": not reason,
        "reason": reason,
    }


def _estimated(hypothesis: Hypothesis, rows: _Rows) -> Any:
    """Return the estimate of the hypothesised path or chain of paths."""
    chain = chain_of(hypothesis)
    path = ARROW.join(chain)
    found = rows.paths.get((chain[1], chain[0])) if len(chain) == _ENDS else rows.chains.get(path)
    if found is None:
        raise UntestableHypothesisError(
            hypothesis.name,
            f"The structural model has no path {path}.",
            "Add the path to the model, or drop the hypothesis.",
        )
    return found


def _require_consistent(hypothesis: Hypothesis) -> None:
    """Refuse unknown signs and tails, and one tail without a direction."""
    if hypothesis.sign not in DIRECTED + UNDIRECTED:
        raise UntestableHypothesisError(
            hypothesis.name,
            f"The sign {hypothesis.sign!r} does not exist.",
            "Write '+', '-' or 'any'.",
        )
    if hypothesis.tails not in {1, 2}:
        raise UntestableHypothesisError(
            hypothesis.name, f"A test has 1 or 2 tails, not {hypothesis.tails!r}."
        )
    if hypothesis.tails == 1 and hypothesis.sign in UNDIRECTED:
        raise UntestableHypothesisError(
            hypothesis.name,
            "A one-tailed test needs a predicted direction.",
            "Write the sign '+' or '-', or use two tails.",
        )


def _reason(
    sign: str,
    pvalue: float,
    *,
    as_expected: bool,
    estimated: bool,
    significance: float,
    tails: int,
) -> str:
    """Return in words why a hypothesis is not supported; empty if it is."""
    if not estimated:
        return "the path is fixed, not estimated"
    if math.isnan(pvalue):
        return "the path has no standard error"
    if as_expected and pvalue < significance:
        return ""
    if as_expected:
        return f"not significant ({p_text(pvalue)}, {'one' if tails == 1 else 'two'}-tailed)"
    expected = _SIGN_WORDS[sign]
    opposite = "negative" if sign == "+" else "positive"
    two_tailed = pvalue if tails == 2 else 2 * (1 - pvalue)  # noqa: PLR2004 - tails
    strength = "significantly " if two_tailed < significance else ""
    return f"the estimate is {strength}{opposite}, a {expected} effect was predicted"


def _outcome(record: Mapping[Any, Any], significance: float, labels: Mapping[str, str]) -> Finding:
    """Return one hypothesis as a finding."""
    supported = bool(record["supported"])
    verdict = "is supported" if supported else f"is not supported: {record['reason']}"
    path = labelled(str(record["path"]), labels)
    estimate = (
        f"{path}, standardised {coefficient(record['std_all'])}"
        if math.isfinite(record["std_all"])
        else path
    )
    test = f", {p_text(record['pvalue'])}" if math.isfinite(record["pvalue"]) else ""
    return Finding(
        code="hypothesis",
        subject=str(record["hypothesis"]),
        claim=f"{record['hypothesis']} ({estimate}{test}) {verdict}.",
        holds=supported,
        value=float(record["est"]) if math.isfinite(record["est"]) else None,
        interval=(
            (float(record["ci_lower"]), float(record["ci_upper"]))
            if math.isfinite(record["ci_lower"]) and math.isfinite(record["ci_upper"])
            else None
        ),
        threshold=significance,
    )
