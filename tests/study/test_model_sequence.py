"""The five nested models of a study: their numbers, their roles, the model accepted."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from reference_cases import SHARED
from trustsem.study import Study, load_study, two_step
from trustsem.survey import data_path

DEMOCRACY = load_study("bollen1989")
# lavaan 0.7-2, sem() of each model, likelihood normal
MEDIATED = {
    "Ms": (38.1252, 35), "Mu": (38.1252, 35), "Mt": (44.1205, 36), "Mc": (146.6316, 37),
    "Mn": (159.2519, 38),
}  # fmt: skip
SATISFACTION = {
    "constructs": {
        "IMAG": "imag1:imag5", "EXPE": "expe1:expe5", "QUAL": "qual1:qual5", "VAL": "val1:val4",
        "SAT": "sat1:sat4", "LOY": "loy1:loy4",
    },
    "hypotheses": [
        "IMAG -> EXPE", "EXPE -> QUAL", "EXPE -> VAL", "QUAL -> VAL", "IMAG -> SAT",
        "EXPE -> SAT", "QUAL -> SAT", "VAL -> SAT", "IMAG -> LOY", "SAT -> LOY",
    ],
    "rivals": {
        "freer": {"add": ["IMAG -> QUAL", "IMAG -> VAL"]},
        "simpler": {"remove": ["EXPE -> SAT", "IMAG -> LOY"]},
    },
}  # fmt: skip
IDENTIFICATION = {
    "constructs": {
        "OrgPres": "cei1:cei8", "OrgIden": "ma1:ma6",
        "AffLove": ["orgcmt1", "orgcmt2", "orgcmt3", "orgcmt7"],
        "AffJoy": ["orgcmt5", "orgcmt6", "orgcmt8"],
    },
    "hypotheses": ["OrgPres -> OrgIden", "OrgIden -> AffLove", "OrgIden -> AffJoy"],
    "covary": [["AffLove", "AffJoy"]],
    "rivals": {
        "freer": {"add": ["OrgPres -> AffLove"], "role": "unconstrained"},
        "simpler": {"remove": ["AffLove ~~ AffJoy"], "role": "constrained"},
    },
}  # fmt: skip
CASES = {
    "p180_sat_anderson_gerbing": (SATISFACTION, "satisfaction.csv", {}, "respecify"),
    "p181_bergami_anderson_gerbing": (IDENTIFICATION, "bergami.csv", {}, "Mu"),
    "p182_bergami_anderson_gerbing_mlm": (
        IDENTIFICATION, "bergami.csv", {"estimator": "MLM"}, "Mu",
    ),
}  # fmt: skip


def mediation(*further, **more):
    """Return the study of political democracy without its direct path, or with further paths."""
    return Study(
        title="Full mediation",
        constructs={name: list(entry.items) for name, entry in DEMOCRACY.constructs.items()},
        hypotheses=["ind60 -> dem60", "dem60 -> dem65", *further],
        residual_covariances=DEMOCRACY.residual_covariances,
        run={"second_engine": False},
        **more,
    )


@pytest.fixture(scope="module")
def mediated():
    return two_step(mediation(), data_path("bollen1989.csv"))


def findings(result, code):
    return [finding for finding in result.findings if finding.code == code]


def test_the_sequence_of_political_democracy(mediated):
    sequence = mediated.structural.sequence.set_index("model")
    assert sequence.index.tolist() == list(MEDIATED)
    for name, (chisq, df) in MEDIATED.items():
        assert sequence.loc[name, "chisq"] == pytest.approx(chisq, abs=1e-4)
        assert sequence.loc[name, "df"] == df
    assert sequence.loc["Mt", "chisq_diff"] == pytest.approx(5.9953, abs=1e-4)
    assert sequence.loc["Mt", "pvalue_diff"] == pytest.approx(0.01434, abs=1e-5)
    assert sequence.loc["Mc", "chisq_diff"] == pytest.approx(102.51, abs=5e-3)
    (pseudo,) = findings(mediated, "pseudo_chisq")
    assert pseudo.value == pytest.approx(0.464, abs=5e-4)


def test_a_significant_theory_gives_way_to_the_freer_alternative(mediated):
    decision = mediated.structural.decision
    assert (decision.outcome, decision.n_tests) == ("Mu", 2)
    assert decision.branch == ("theory", "freer", "rest", "accept_Mu_instead")
    assert decision.overall_level == pytest.approx(1 - 0.95**2)
    who = mediated.structural.comparison.who().set_index("model")
    assert who.loc["Mu", "description"].endswith("with ind60 -> dem65")
    assert who["origin"].tolist() == ["", "derived", "", "derived", "derived"]
    verdict = mediated.verdict[1]
    assert verdict.holds is False
    assert "accepts the unconstrained alternative Mu" in verdict.text


@pytest.mark.parametrize("name", CASES)
def test_sequences_equal_those_of_lavaan(name):
    folder = SHARED
    if not folder.is_dir():
        pytest.skip("the survey files of the reference cases are not shipped")
    plan, data, options, outcome = CASES[name]
    case = json.loads((folder / "cases" / f"{name}.json").read_text(encoding="utf-8"))
    study = Study(title=name, run={"second_engine": False}, **plan, **options)
    result = two_step(study, pd.read_csv(folder / "data" / data))
    sequence = result.structural.sequence.set_index("model")
    for model in case["models"]:
        fit = model["fit"]
        row = sequence.loc[model["name"]]
        assert row["chisq"] == pytest.approx(fit.get("chisq.scaled") or fit["chisq"], rel=1e-6)
        assert row["df"] == fit["df"]
        assert row["cfi"] == pytest.approx(fit.get("cfi.robust") or fit["cfi"], abs=1e-6)
    tests = result.structural.decision.to_frame().set_index("test")
    expected = {
        f"{pair['more_restricted']} - {pair['less_restricted']}": pair["tests"]["default"]
        for pair in case["comparisons"]
    }
    for test, row in tests.iterrows():
        assert row["chisq_diff"] == pytest.approx(expected[test]["chisq_diff"], rel=1e-6)
        assert row["df_diff"] == expected[test]["df_diff"]
        assert row["pvalue_diff"] == pytest.approx(expected[test]["p"], abs=1e-8)
    assert result.structural.decision.outcome == outcome


def test_nesting_gives_rivals_their_roles():
    rivals = {
        "turned": {"add": ["dem65 -> dem60"], "remove": ["dem60 -> dem65"]},
        "direct": {"add": ["ind60 -> dem65"], "label": "Industrialization acts directly"},
        "short": {"remove": ["dem60 -> dem65"]},
    }
    step = two_step(mediation(rivals=rivals), data_path("bollen1989.csv")).structural
    who = step.comparison.who().set_index("model")
    assert who.loc[["Mu", "Mc"], "rival"].tolist() == ["direct", "short"]
    assert who.loc["Mu", "description"].endswith(": Industrialization acts directly")
    sequence = step.sequence.set_index("model")
    assert sequence.loc["Mu", "chisq"] == sequence.loc["direct", "chisq"]
    assert sequence.loc["turned", "compared_with"] == ""


def test_without_the_alternative_that_is_needed_nothing_is_decided():
    rivals = {"loop": {"add": ["dem60 -> ind60"], "role": "unconstrained"}}
    result = two_step(mediation(rivals=rivals), data_path("bollen1989.csv"))
    (finding,) = findings(result, "rival_not_estimated")
    assert "not identified" in finding.claim
    assert "Mu" not in result.structural.comparison.models
    assert result.structural.decision.outcome == "undecided"
    assert "no such model" in result.draw("tests").svg()


def test_a_theory_that_leaves_nothing_out_coincides_with_its_neighbours():
    plan = mediation("ind60 -> dem65", rivals={"mediated": {"remove": ["ind60 -> dem65"]}})
    step = two_step(plan, data_path("bollen1989.csv")).structural
    assert step.comparison.models["Mu"] is step.model
    assert step.decision.outcome == "Mt"
    assert step.decision.answer("theory") == ""
    sequence = step.sequence.set_index("model")
    assert sequence.loc["Mu", "df_diff"] == 0
    assert sequence.loc["Mc", "chisq"] == sequence.loc["mediated", "chisq"]


def test_constructs_of_two_items_do_not_stop_the_null_model():
    plan = load_study("wheaton1977").to_dict()
    plan["run"] = {"second_engine": False}
    moments, constructs = plan["moments"], plan["constructs"]
    study = Study(
        title="Alienation", moments=moments, constructs=constructs,
        hypotheses=plan["hypotheses"], run=plan["run"],
        residual_covariances=plan["model"]["residual_covariances"],
    )  # fmt: skip
    result = two_step(study)
    null = result.structural.sequence.set_index("model").loc["Mn"]
    assert null["df"] == 10
    assert findings(result, "rival_not_estimated") == []


def test_the_tree_is_drawn_with_its_branch(mediated):
    figure = mediated.draw("tests")
    taken = [node.id for node in figure.graph.nodes if node.taken]
    assert taken == list(mediated.structural.decision.branch)
    assert "Δχ²(1) = 6.00" in figure.svg()
    assert figure.findings == ()


def test_a_loading_that_stays_is_reported(mediated):
    (finding,) = findings(mediated, "interpretational_confounding")
    table = mediated.structural.confounding
    assert finding.value == pytest.approx(table["std_change"].abs().max())
    assert len(table) == 11
    assert (table.loc[table["item"] == "x1", ["est_before", "est_after"]] == 1).all(axis=None)


@pytest.mark.parametrize("option", [{"std_lv": True}, {"estimator": "MLR"}])
def test_the_decision_does_not_depend_on_scaling_or_estimator(option):
    result = two_step(mediation(**option), data_path("bollen1989.csv"))
    assert result.structural.decision.outcome == "Mu"
    assert result.structural.confounding["est_change"].isna().all() == ("std_lv" in option)
