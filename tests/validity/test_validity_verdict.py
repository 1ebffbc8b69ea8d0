"""The verdict on each step: computed from findings, in sentences a reviewer can check."""

from __future__ import annotations

import pytest

from trustsem.findings import Finding
from trustsem.validity import (
    check_discriminant,
    check_fit,
    check_loadings,
    check_reliability,
    discriminant_table,
    htmt,
    loadings_table,
    measurement_verdict,
    reliability_table,
    structural_verdict,
)


def finding(
    code, subject, holds, value=None, threshold=None, *, severity="note", claim=""
) -> Finding:
    return Finding(
        code=code,
        subject=subject,
        claim=claim or f"{code} of {subject}.",
        severity=severity,
        holds=holds,
        value=value,
        threshold=threshold,
    )


@pytest.fixture
def good() -> list[Finding]:
    return [
        finding("loading_size", "f =~ a", True, 0.8, 0.5),
        finding("composite_reliability", "f", True, 0.8, 0.7),
        finding("htmt", "f ~~ g", True, 0.4, 0.85),
        finding("cfi", "model", True, 0.97, 0.95),
        finding("srmr", "model", True, 0.03, 0.08),
    ]


def test_a_measurement_model_that_meets_everything(good) -> None:
    verdict = measurement_verdict(good)
    assert verdict.step == "measurement"
    assert verdict.holds is True
    assert verdict.text == (
        "The measurement model meets every criterion. Convergent validity is met by every "
        "construct and item that could be judged. Discriminant validity is met by the one pair of "
        "constructs. Its fit meets the cutoffs of CFI and SRMR."
    )


def test_each_miss_is_named_with_its_number(good) -> None:
    findings = [
        *good,
        finding("loading_size", "f =~ b", False, 0.424, 0.5),
        finding("average_variance_extracted", "f", False, 0.371, 0.5),
        finding("fornell_larcker", "f ~~ h", False, 0.5, 0.37),
        finding("correlation_limit", "f ~~ h", False, 0.93, 0.9),
        finding("rmsea", "model", False, 0.092, 0.06),
    ]
    verdict = measurement_verdict(findings)
    assert verdict.holds is False
    assert verdict.text == (
        "The measurement model does not meet every criterion. Convergent validity is in doubt; "
        "criteria missed: standardised loadings (b .424) and AVE (f .371). Discriminant validity "
        "is in doubt for 1 of 2 pairs of constructs: f and h (Fornell-Larcker, upper limit of the "
        "correlation). In fit, RMSEA .092 (.06) misses its cutoff; CFI and SRMR meet their cutoffs."
    )


def test_a_serious_finding_stops_the_judgement(good) -> None:
    serious = finding("negative_variance", "a ~~ a", False, severity="serious", claim="It is bad.")
    for conclude in (measurement_verdict, structural_verdict):
        verdict = conclude([*good, serious])
        assert verdict.holds is None
        assert verdict.text == f"The {verdict.step} model cannot be judged. It is bad."


def test_single_items_are_named_as_not_judged(good) -> None:
    verdict = measurement_verdict([*good, finding("single_item", "size", None)])
    assert verdict.holds is True
    assert verdict.text.endswith("Not fully judged: size.")


def test_nothing_judged_is_no_success() -> None:
    verdict = measurement_verdict([])
    assert verdict.holds is None
    assert verdict.text == "The measurement model could not be judged by any criterion."


def test_the_chi_square_test_alone_does_not_fail_a_step(good) -> None:
    assert measurement_verdict([*good, finding("exact_fit", "model", False)]).holds is True


def hypotheses(*outcomes: bool) -> list[Finding]:
    return [finding("hypothesis", f"H{i}", holds) for i, holds in enumerate(outcomes, start=1)]


@pytest.mark.parametrize(
    ("outcomes", "holds", "text"),
    [
        ((True, True), True, "All 2 hypotheses are supported."),
        (
            (True, False, True, False),
            False,
            "2 of 4 hypotheses are supported; not supported: H2 and H4.",
        ),
        ((True, False), False, "1 of 2 hypotheses is supported; not supported: H2."),
        ((False, False), False, "None of the 2 hypotheses is supported."),
        ((True,), True, "The hypothesis is supported."),
        ((False,), False, "The hypothesis is not supported."),
        ((), None, "No hypothesis was tested."),
    ],
)
def test_hypotheses_are_counted(outcomes, holds, text) -> None:
    verdict = structural_verdict(hypotheses(*outcomes))
    assert verdict.holds is holds
    assert verdict.text == text


def test_the_theory_must_also_pass_its_test_and_fit() -> None:
    difference = finding("nomological_test", "Mt - Ms", False, claim="The theory fits worse.")
    verdict = structural_verdict([*hypotheses(True), difference])
    assert verdict.holds is False
    assert verdict.text == "The hypothesis is supported. The theory fits worse."
    misfit = finding("cfi", "model", False, 0.9, 0.95)
    verdict = structural_verdict([*hypotheses(True), misfit])
    assert verdict.holds is False
    assert verdict.text == "The hypothesis is supported. In fit, CFI .900 (.95) misses its cutoff."


def test_holzinger_swineford_from_numbers_to_sentences(solution, survey_cov) -> None:
    case = solution("p001_hs_cfa_ml")
    cov = survey_cov("holzinger1939", case.items)
    reliability = reliability_table(
        case.parameters, case.constructs, sample_cov=cov, latent_cov=case.latent_cov
    )
    pairs = discriminant_table(case.parameters, reliability["ave"], htmt(cov, case.constructs))
    findings = [
        *check_loadings(loadings_table(case.parameters, case.constructs, r2=case.r2)),
        *check_reliability(reliability),
        *check_discriminant(pairs),
        *check_fit(case.fit, n_indicators=9, n_obs=301),
    ]
    verdict = measurement_verdict(findings)
    assert verdict.holds is False
    assert "AVE (visual .371, speed .430)" in verdict.text
    assert "Discriminant validity is met by all 3 pairs" in verdict.text
    assert "CFI .931 (.95), TLI .896 (.95) and RMSEA .092 (.06) miss their" in verdict.text


def test_the_accepted_model_decides_with_the_hypotheses() -> None:
    supported = finding("hypothesis", "H1", True)
    theory = finding("accepted_model", "sequence", True, claim="Mt is accepted.")
    freer = finding("accepted_model", "sequence", False, claim="Mu is accepted.")
    assert structural_verdict([supported, theory]).holds is True
    verdict = structural_verdict([supported, freer])
    assert verdict.holds is False
    assert verdict.text == "The hypothesis is supported. Mu is accepted."


def test_further_criteria_of_step_two_are_named_where_they_fail() -> None:
    findings = [
        finding("hypothesis", "H1", True),
        finding("feedback", "structural model", True, claim="The loop settles."),
        finding("interpretational_confounding", "f =~ a", False, claim="A loading moves."),
    ]
    verdict = structural_verdict(findings)
    assert verdict.holds is False
    assert verdict.text == "The hypothesis is supported. A loading moves."


def test_a_test_of_exact_fit_is_named_but_does_not_decide() -> None:
    exact = finding("pseudo_chisq", "Ms on df of Mn", False, claim="No model fits exactly.")
    verdict = structural_verdict([finding("hypothesis", "H1", True), exact])
    assert verdict.holds is True
    assert verdict.text.endswith("No model fits exactly.")


def test_readers_see_labels(good) -> None:
    findings = [
        *good,
        finding("htmt", "f ~~ g", False, 0.9, 0.85),
        finding("alpha", "f", False, 0.5),
    ]
    text = measurement_verdict(findings, {"f": "Buyer trust", "g": "Sharing"}).text
    assert "Buyer trust and Sharing (HTMT)" in text
    assert "alpha (Buyer trust .500)" in text
