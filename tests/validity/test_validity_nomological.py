"""Hypotheses: looked up, judged by sign and test, stated in words."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from trustsem.errors import UntestableHypothesisError
from trustsem.validity import check_hypotheses, check_structural_difference, hypotheses_table
from trustsem.validity.nomological import HYPOTHESIS_COLUMNS, one_tailed


@dataclass(frozen=True)
class Claim:
    name: str
    predictor: str
    outcome: str
    sign: str = "+"
    tails: int = 2


@pytest.fixture
def paths(make_parameters):
    """Four effects of x: strong, weak (p = .08), strongly negative, weakly negative."""
    estimates = {"strong": 0.5, "weak": 0.175, "opposed": -0.5, "slight": -0.05}
    return make_parameters(
        *((name, "~", "x", 1, est, 0.1, est * 0.9, 0.09) for name, est in estimates.items()),
        ("fixed", "~", "x", 0, 0.5, 0.0, 0.4, 0.02),
    )


def judge(paths, *claims):
    return hypotheses_table(paths, claims).set_index("hypothesis")


def test_political_democracy_hypotheses(solution) -> None:
    case = solution("p003_poldem_ml")
    table = hypotheses_table(
        case.parameters,
        [
            Claim("H1", "ind60", "dem60"),
            Claim("H2", "ind60", "dem65"),
            Claim("H3", "dem60", "dem65"),
        ],
    )
    assert tuple(table.columns) == HYPOTHESIS_COLUMNS
    assert table["supported"].tolist() == [True, True, True]
    # lavaan 0.7-2
    assert table["est"].tolist() == pytest.approx([1.483, 0.572, 0.837], abs=5e-4)
    assert table["path"].iloc[2] == "dem60 -> dem65"
    assert table["reason"].tolist() == ["", "", ""]


def test_support_needs_the_sign_and_the_test(paths) -> None:
    table = judge(
        paths,
        Claim("H1", "x", "strong"),
        Claim("H2", "x", "weak"),
        Claim("H3", "x", "opposed"),
        Claim("H4", "x", "opposed", sign="-"),
        Claim("H5", "x", "slight"),
        Claim("H6", "x", "opposed", sign="any"),
    )
    assert table["supported"].tolist() == [True, False, False, True, False, True]
    assert table.loc["H2", "reason"] == "not significant (p = .080, two-tailed)"
    assert table.loc["H3", "reason"] == (
        "the estimate is significantly negative, a positive effect was predicted"
    )
    assert table.loc["H5", "reason"] == "the estimate is negative, a positive effect was predicted"


def test_one_tailed_tests_halve_p_on_the_predicted_side_only(paths) -> None:
    table = judge(
        paths,
        Claim("H1", "x", "weak", tails=1),
        Claim("H2", "x", "slight", tails=1),
        Claim("H3", "x", "opposed", tails=1),
        Claim("H4", "x", "slight", sign="-", tails=1),
    )
    two_tailed = judge(paths, Claim("H1", "x", "weak"), Claim("H2", "x", "slight"))["pvalue"]
    assert table.loc["H1", "pvalue"] == pytest.approx(two_tailed["H1"] / 2)
    assert table.loc["H2", "pvalue"] == pytest.approx(1 - two_tailed["H2"] / 2)
    assert table["supported"].tolist() == [True, False, False, False]
    assert "significantly negative" in table.loc["H3", "reason"]
    assert table.loc["H4", "reason"].endswith("one-tailed)")


def test_one_tailed_p_values_of_both_directions_sum_to_one() -> None:
    assert one_tailed(0.3, as_expected=True) + one_tailed(0.3, as_expected=False) == 1


def test_a_fixed_path_tests_nothing(paths) -> None:
    row = judge(paths, Claim("H1", "x", "fixed")).loc["H1"]
    assert not row["supported"]
    assert row["reason"] == "the path is fixed, not estimated"


def test_a_path_without_standard_error_is_not_supported(paths) -> None:
    row = judge(paths.assign(pvalue=float("nan")), Claim("H1", "x", "strong")).loc["H1"]
    assert row["reason"] == "the path has no standard error"


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (Claim("H9", "strong", "x"), "no path strong -> x"),
        (Claim("H9", "x", "strong", sign="positive"), "sign 'positive' does not exist"),
        (Claim("H9", "x", "strong", sign="0"), "sign '0' does not exist"),
        (Claim("H9", "x", "strong", tails=3), "1 or 2 tails"),
        (Claim("H9", "x", "strong", sign="any", tails=1), "needs a predicted direction"),
    ],
)
def test_hypotheses_that_cannot_be_judged_are_refused_by_name(paths, claim, message) -> None:
    with pytest.raises(UntestableHypothesisError, match=f"H9: .*{message}"):
        hypotheses_table(paths, [claim])


def test_findings_state_each_outcome(paths) -> None:
    table = hypotheses_table(paths, [Claim("H1", "x", "strong"), Claim("H2", "x", "weak")])
    supported, unsupported = check_hypotheses(table)
    assert supported.claim == "H1 (x -> strong, standardised .450, p < .001) is supported."
    assert unsupported.claim == (
        "H2 (x -> weak, standardised .158, p = .080) is not supported: "
        "not significant (p = .080, two-tailed)."
    )
    assert unsupported.holds is False
    assert unsupported.severity == "note"
    assert unsupported.interval is not None


def test_the_theory_is_tested_against_the_measurement_model() -> None:
    # Political Democracy without the direct effect (Mt - Ms), lavaan
    finding = check_structural_difference(5.9953, 1, 0.01434)
    assert finding.holds is False
    assert "6.00 with 1 df, p = .014" in finding.claim
    assert check_structural_difference(3.2, 4, 0.52).holds is True


def test_a_theory_that_restricts_nothing_is_not_tested() -> None:
    finding = check_structural_difference(0.0, 0, float("nan"))
    assert finding.holds is None
    assert "cannot test the theory" in finding.claim


def test_a_finding_claims_no_number_that_does_not_exist(paths) -> None:
    missing = dict.fromkeys(("pvalue", "ci_lower", "ci_upper", "std_all"), float("nan"))
    (finding,) = check_hypotheses(
        hypotheses_table(paths.assign(**missing), [Claim("H1", "x", "strong")])
    )
    assert finding.claim == "H1 (x -> strong) is not supported: the path has no standard error."
    assert finding.interval is None
