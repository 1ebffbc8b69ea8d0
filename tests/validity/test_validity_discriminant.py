"""HTMT and the other criteria of discriminant validity."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from trustsem.errors import UnknownIndicatorError, UnknownOptionError, UnsupportedError
from trustsem.validity import (
    Thresholds,
    anderson_gerbing_distinct,
    check_discriminant,
    difference_table,
    discriminant_table,
    fornell_larcker,
    heterotrait_monotrait,
    holm,
    htmt,
    problem_by_tests,
    ronkko_cho_problem,
)

HS = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
# semTools 0.5-9.901 (htmt) on Holzinger & Swineford: v-t, v-s, t-s
HS_HTMT = {
    "absolute": (0.424323042413, 0.466549738479, 0.289567862761),
    "signed": (0.424323042413, 0.423541869019, 0.289567862761),
    "geometric": (0.38408856392, 0.386772930479, 0.279683551027),
}


def plain_htmt(R: np.ndarray, a: list[int], b: list[int], mean) -> float:
    """Write the definition out, pair by pair."""

    def within(items: list[int]) -> float:
        return mean([abs(R[i, j]) for i in items for j in items if i < j])

    between = mean([abs(R[i, j]) for i in a for j in b])
    return between / math.sqrt(within(a) * within(b))


@pytest.fixture
def hs_correlations(survey_cov) -> pd.DataFrame:
    cov = survey_cov("holzinger1939", [item for items in HS.values() for item in items])
    sd = np.sqrt(np.diag(cov))
    return cov / np.outer(sd, sd)


@pytest.mark.parametrize("kind", list(HS_HTMT))
def test_holzinger_swineford_as_semtools_prints_it(hs_correlations, kind) -> None:
    table = htmt(hs_correlations, HS, kind=kind)
    pairs = [("textual", "visual"), ("speed", "visual"), ("speed", "textual")]
    np.testing.assert_allclose([table.loc[pair] for pair in pairs], HS_HTMT[kind], atol=1e-6)
    assert table.isna().to_numpy()[np.triu_indices(3)].all()


@pytest.mark.parametrize(
    ("kind", "mean"),
    [("absolute", np.mean), ("geometric", lambda x: np.exp(np.mean(np.log(x))))],
)
def test_the_matrix_product_equals_the_definition(rng, kind, mean) -> None:
    R = np.corrcoef(rng.normal(size=(7, 40)))
    blocks = [[0, 1], [2, 3, 4], [5, 6]]
    membership = [[i in block for block in blocks] for i in range(7)]
    ratios = heterotrait_monotrait(R, membership, kind=kind)
    assert ratios[0, 1] == pytest.approx(plain_htmt(R, blocks[0], blocks[1], mean))
    assert ratios[2, 1] == pytest.approx(plain_htmt(R, blocks[2], blocks[1], mean))


def test_a_stack_of_samples_is_one_call(rng) -> None:
    samples = np.stack([np.corrcoef(rng.normal(size=(5, 30))) for _ in range(6)]).reshape(
        2, 3, 5, 5
    )
    membership = [[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]]
    for kind in ("absolute", "signed", "geometric"):
        stack = heterotrait_monotrait(samples, membership, kind=kind)
        assert stack.shape == (2, 3, 2, 2)
        alone = heterotrait_monotrait(samples[1, 2], membership, kind=kind)
        np.testing.assert_allclose(stack[1, 2], alone)


def test_order_and_scale_of_the_items_do_not_matter(hs_correlations) -> None:
    expected = htmt(hs_correlations, HS)
    order = ["x9", "x1", "x5", "x3", "x8", "x2", "x4", "x7", "x6"]
    scale = np.diag([1, 1000, 0.01, 3, 1, 1, 7, 1, 2.0])
    shuffled = hs_correlations.loc[order, order]
    scaled = pd.DataFrame(scale @ shuffled.to_numpy() @ scale, index=order, columns=order)
    reordered = {name: items[::-1] for name, items in HS.items()}
    pd.testing.assert_frame_equal(htmt(scaled, reordered), expected)


def test_reversing_an_item_changes_the_signed_ratio_only(hs_correlations) -> None:
    flip = pd.Series(1.0, index=hs_correlations.index)
    flip["x4"] = -1
    reversed_ = hs_correlations * np.outer(flip, flip)
    for kind in ("absolute", "geometric"):
        pd.testing.assert_frame_equal(
            htmt(reversed_, HS, kind=kind), htmt(hs_correlations, HS, kind=kind)
        )
    # one reversed item of three leaves a negative mean within the construct: no square root
    assert math.isnan(htmt(reversed_, HS, kind="signed").loc["textual", "visual"])


def test_a_zero_correlation_makes_the_geometric_mean_zero() -> None:
    R = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    R[0, 2] = R[2, 0] = 0.0
    ratios = heterotrait_monotrait(R, [[1, 0], [1, 0], [0, 1], [0, 1]], kind="geometric")
    assert ratios[0, 1] == 0


def test_a_single_item_construct_has_no_ratio() -> None:
    R = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    ratios = heterotrait_monotrait(R, [[1, 0], [1, 0], [0, 1]])
    assert np.isnan(ratios[0, 1])
    assert ratios[0, 0] == 1


def test_unknown_kinds_and_items_are_refused(hs_correlations) -> None:
    with pytest.raises(UnknownOptionError, match="Did you mean 'geometric'"):
        htmt(hs_correlations, HS, kind="geometrc")
    with pytest.raises(UnknownIndicatorError, match="x99"):
        htmt(hs_correlations, {"visual": ["x1", "x99"]})


def test_fornell_larcker_table_shows_roots_and_correlations() -> None:
    names = ["a", "b"]
    phi = pd.DataFrame([[1, -0.3], [-0.3, 1]], index=names, columns=names)
    table = fornell_larcker(pd.Series([0.49, 0.64], index=names), phi)
    np.testing.assert_allclose(np.diag(table), [0.7, 0.8])
    assert table.loc["b", "a"] == -0.3
    assert math.isnan(table.loc["a", "b"])


@pytest.mark.parametrize(
    ("phi", "se", "distinct"),
    [(0.8, 0.05, True), (0.9, 0.05, False), (-0.95, 0.03, False), (-0.5, 0.1, True)],
)
def test_anderson_gerbing_interval(phi, se, distinct) -> None:
    assert anderson_gerbing_distinct(phi, se) is distinct


@pytest.mark.parametrize(
    ("phi", "lower", "upper", "problem"),
    [
        (0.6, 0.5, 0.79, "none"),
        (0.75, 0.7, 0.8, "marginal"),
        (0.85, 0.8, 0.9, "moderate"),
        (0.95, 0.9, 1.0, "severe"),
        (-0.85, -0.92, -0.78, "moderate"),
        (-0.2, -0.3, 0.95, "none"),
        (0.5, math.nan, math.nan, None),
    ],
)
def test_ronkko_and_cho_judge_the_absolute_upper_limit(phi, lower, upper, problem) -> None:
    assert ronkko_cho_problem(phi, lower, upper) == problem


def test_thresholds_move_the_classes() -> None:
    strict = Thresholds(phi_marginal=0.5, phi_moderate=0.6, phi_severe=0.7)
    assert ronkko_cho_problem(0.6, 0.5, 0.69, strict) == "moderate"


def test_holzinger_swineford_pairs_are_distinct(solution, hs_correlations) -> None:
    case = solution("p001_hs_cfa_ml")
    # AVE from standardised loadings, lavaan 0.7-2
    ave = pd.Series({"visual": 0.37098378, "textual": 0.71953007, "speed": 0.42979254})
    table = discriminant_table(case.parameters, ave, htmt(hs_correlations, HS))
    # semTools 0.5-9.901 discriminantValidity
    np.testing.assert_allclose(table["phi"], [0.45851, 0.47053, 0.28299], atol=1e-5)
    np.testing.assert_allclose(table["ci_lower"], [0.33350, 0.32780, 0.14828], atol=1e-5)
    np.testing.assert_allclose(table["ci_upper"], [0.58351, 0.61327, 0.41769], atol=1e-5)
    assert table["holds"].all()
    findings = check_discriminant(table)
    assert len(findings) == 12
    assert all(finding.holds for finding in findings)
    assert all(finding.source for finding in findings)


def pair_table(make_parameters, phi=0.9, se=0.02, ave=(0.6, 0.7), ratio=0.88) -> pd.DataFrame:
    parameters = make_parameters(("b", "~~", "a", 1, phi, se, phi, se))
    ratios = pd.DataFrame([[np.nan, np.nan], [ratio, np.nan]], index=["a", "b"], columns=["a", "b"])
    return discriminant_table(parameters, pd.Series(ave, index=["a", "b"]), ratios)


def test_criteria_that_disagree_are_named(make_parameters) -> None:
    table = pair_table(make_parameters)
    row = table.iloc[0]
    assert (row["fornell_larcker"], row["htmt_holds"], row["anderson_gerbing"]) == (
        False,
        False,
        True,
    )
    assert not row["holds"]
    (disagreement,) = [f for f in check_discriminant(table) if f.code == "criteria_disagree"]
    assert "not met by Fornell-Larcker, HTMT and" in disagreement.claim


def test_a_negative_correlation_is_judged_by_its_size(make_parameters) -> None:
    findings = {
        f.code: f for f in check_discriminant(pair_table(make_parameters, phi=-0.97, se=0.03))
    }
    assert findings["anderson_gerbing"].holds is False
    assert "does not exclude -1" in findings["anderson_gerbing"].claim
    assert "a severe problem" in findings["correlation_limit"].claim


def test_a_single_item_leaves_a_reason_and_no_verdict(make_parameters) -> None:
    table = pair_table(make_parameters, phi=0.4, ave=(0.6, np.nan), ratio=np.nan)
    row = table.iloc[0]
    assert row["fornell_larcker"] is None
    assert row["htmt_holds"] is None
    assert row["holds"]
    unjudged = [finding for finding in check_discriminant(table) if finding.holds is None]
    assert [finding.code for finding in unjudged] == ["fornell_larcker", "htmt"]
    assert all("single item" in finding.claim for finding in unjudged)


def test_a_pair_without_a_parameter_takes_the_implied_correlation() -> None:
    names = ["a", "b"]
    parameters = pd.DataFrame({"lhs": [], "op": [], "rhs": [], "group": []})
    ave = pd.Series([0.6, 0.6], index=names)
    ratios = pd.DataFrame(0.5, index=names, columns=names)
    phi = pd.DataFrame([[1, 0.5], [0.5, 1]], index=names, columns=names)
    with_phi = discriminant_table(parameters, ave, ratios, latent_cor=phi)
    assert with_phi["phi"].item() == 0.5
    assert with_phi["anderson_gerbing"].item() is None
    claims = [f.claim for f in check_discriminant(with_phi) if f.holds is None]
    assert all("no standard error" in claim for claim in claims)
    without = discriminant_table(parameters, ave, ratios)
    assert math.isnan(without["phi"].item())
    claims = [f.claim for f in check_discriminant(without) if f.holds is None]
    assert any("estimates no correlation" in claim for claim in claims)


def test_several_groups_at_once_are_refused(make_parameters) -> None:
    row = ("a", "~~", "b", 1, 0.5, 0.1, 0.5, 0.1)
    parameters = make_parameters(row, row).assign(group=[1, 2])
    ave = pd.Series([0.6, 0.6], index=["a", "b"])
    with pytest.raises(UnsupportedError, match="one group"):
        discriminant_table(parameters, ave, pd.DataFrame(0.5, index=ave.index, columns=ave.index))


def test_holm_raises_step_by_step_and_never_lowers() -> None:
    # R 4.2: p.adjust(c(.01, .02, .03, .5), "holm")
    np.testing.assert_allclose(holm([0.01, 0.02, 0.03, 0.5]), [0.04, 0.06, 0.06, 0.5])
    np.testing.assert_allclose(holm([0.5, 0.6]), [1.0, 1.0])


def test_holm_does_not_count_tests_that_do_not_exist() -> None:
    np.testing.assert_allclose(holm([np.nan, 0.02, 0.03]), [np.nan, 0.04, 0.04])
    assert holm([]).size == 0


@pytest.mark.parametrize(
    ("pvalues", "problem"),
    [
        ({1.0: 0.01, 0.9: 0.01, 0.8: 0.01}, "none"),
        ({1.0: 0.01, 0.9: 0.01, 0.8: 0.30}, "marginal"),
        ({1.0: 0.01, 0.9: 0.05, 0.8: 1.00}, "moderate"),
        ({1.0: 0.20, 0.9: 1.00, 0.8: 1.00}, "severe"),
        ({1.0: 0.01, 0.8: 0.01}, None),
        ({1.0: math.nan, 0.9: 0.01, 0.8: 0.01}, None),
    ],
)
def test_the_largest_cutoff_that_is_not_rejected_decides(pvalues, problem) -> None:
    assert problem_by_tests(pvalues) == problem


def difference(a: str, b: str, phi: float, pvalue: float, chisq: float = 5.0) -> dict:
    return {
        "construct_a": a, "construct_b": b, "phi": phi, "cutoff": 1.0, "chisq_diff": chisq,
        "df_diff": 1, "pvalue": pvalue, "method": "standard",
    }  # fmt: skip


def test_differences_are_judged_after_holm() -> None:
    table = difference_table([difference("a", "b", 0.9, 0.03), difference("a", "c", 0.8, 0.04)])
    assert table["pvalue_holm"].tolist() == [0.06, 0.06]
    assert table["distinct"].tolist() == [False, False]
    assert table["pvalue_one_sided"].tolist() == [0.015, 0.02]
    beyond = difference_table([difference("a", "b", 1.02, 0.6)])
    assert beyond["pvalue_one_sided"].tolist() == [0.6]
    missing = difference_table([difference("a", "b", 0.9, math.nan)])
    assert missing["distinct"].tolist() == [None]


def test_the_chi_square_difference_is_a_criterion_of_its_own(make_parameters) -> None:
    parameters = make_parameters(("b", "~~", "a", 1, 0.7, 0.05, 0.7, 0.05))
    ratios = pd.DataFrame([[np.nan, np.nan], [0.6, np.nan]], index=["a", "b"], columns=["a", "b"])
    ave = pd.Series([0.6, 0.7], index=["a", "b"])
    tests = difference_table([difference("a", "b", 0.7, 0.2, 1.6)])
    table = discriminant_table(parameters, ave, ratios, tests=tests)
    row = table.iloc[0]
    assert not row["chisq_difference"]
    assert not row["holds"]
    assert row["disagreement"].endswith("not met by the chi-square difference")
    findings = {f.code: f for f in check_discriminant(table, labels={"a": "Trust", "b": "Cost"})}
    test = findings["chisq_difference"]
    assert test.claim == (
        "The model in which Trust and Cost correlate 1 does not fit worse than the measurement "
        "model: chi-square difference 1.60 with 1 df, p = .200 (Holm)."
    )
    assert (test.subject, test.about) == ("a ~~ b", "Trust and Cost")
    assert "The criteria disagree on Trust and Cost" in findings["criteria_disagree"].claim


def test_a_failing_pair_says_once_what_to_do(make_parameters) -> None:
    findings = check_discriminant(pair_table(make_parameters, phi=0.99, ratio=0.99))
    failing = [finding for finding in findings if finding.holds is False]
    assert len(failing) > 1
    assert [bool(finding.remedy) for finding in failing] == [True] + [False] * (len(failing) - 1)
