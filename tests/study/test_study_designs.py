"""What a study can relate beside constructs with several items, against lavaan."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from reference_cases import SHARED
from trustsem.errors import PlanError
from trustsem.study import Study, load_study, reflective, second_order, two_step
from trustsem.survey import data_path

QUIET = {"second_engine": False}


def rows(result):
    parameters = result.structural.model.parameters
    return parameters[parameters["op"] == "~"].set_index(["lhs", "rhs"])


# -- single items, chains ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def single():
    study = Study(
        title="A single item of assumed reliability",
        constructs={
            "visual": "x1:x3",
            "textual": reflective("x4", label="Reading", reliability=0.8),
            "speed": "x7:x9",
        },
        hypotheses=["visual -> textual", "textual -> speed", "H3: visual -> textual -> speed"],
        effects={
            "through": {"path": "visual -> textual -> speed", "text": "Through reading"},
            "all": "visual -> speed",
            "reading": {"path": "visual -> textual", "kind": "total"},
        },
        run=QUIET,
    )
    return two_step(study, data_path("holzinger1939.csv"))


def test_the_residual_variance_follows_from_the_reliability(single):
    answers = pd.read_csv(data_path("holzinger1939.csv"))
    expected = 0.2 * answers["x4"].var(ddof=0)
    parameters = single.structural.model.parameters.set_index(["lhs", "op", "rhs"])
    assert parameters.loc[("x4", "~~", "x4"), "est"] == pytest.approx(expected, rel=1e-12)
    assert parameters.loc[("x4", "~~", "x4"), "free"] == 0
    assert single.measurement.model.parameters.query("lhs == rhs == 'x4'")["est"].tolist() == [
        pytest.approx(expected)
    ]


@pytest.mark.parametrize("option", [{"likelihood": "wishart"}, {"estimator": "GLS"}])
def test_the_divisor_is_that_of_the_analysis(single, option):
    answers = pd.read_csv(data_path("holzinger1939.csv"))
    plan = two_step(single.study, answers, **option).study
    assert plan.design.residual_variances["x4"] == pytest.approx(0.2 * answers["x4"].var())


def test_paths_and_chain_equal_those_of_lavaan(single):
    # lavaan 0.6-14: sem() with x4 ~~ 0.27013290157169234*x4 and ind := a*b
    table = single.structural.hypotheses.set_index("hypothesis")
    assert single.structural.model.fit_measures["chisq"] == pytest.approx(83.1083209, abs=1e-5)
    expected = {
        "H1": (0.554203991, 0.1034198279, 0.489450016, 0.0664385403),
        "H2": (0.181810090, 0.0517330239, 0.276557573, 0.0717872353),
        "H3": (0.100759878, 0.0339785409, 0.135361108, 0.0401383981),
    }
    for name, values in expected.items():
        found = table.loc[name, ["est", "se", "std_all", "std_all_se"]].tolist()
        assert found == pytest.approx(list(values), abs=1e-5)
    assert table.loc["H3", "path"] == "visual -> textual -> speed"


def test_named_effects_are_found_by_name(single):
    table = single.structural.named_effects.set_index("effect")
    assert table["kind"].tolist() == ["specific", "indirect", "total"]
    assert table.loc["through", "est"] == pytest.approx(table.loc["all", "est"])
    assert table.loc["reading", "std"] == pytest.approx(0.489450016, abs=1e-6)
    assert table.loc["through", "text"] == "Through reading"


def test_a_chain_adds_no_path_and_no_arrow(single):
    assert single.study.paths == (("visual", "textual"), ("textual", "speed"))
    assert "H3" not in single.draw("structural").svg()
    (claim,) = [f.claim for f in single.structural.findings if f.subject == "H3"]
    assert "visual -> Reading -> speed" in claim


def test_a_reliability_without_data_gives_no_model():
    plan = Study(title="T", constructs={"a": reflective("a1", reliability=0.9), "b": "b1:b3"})
    with pytest.raises(PlanError, match="residual variance of a1"):
        plan.measurement_model()
    known = plan.with_variances({"a1": 2.0})
    assert "a1 ~~ 0.19999999999999996*a1" in known.measurement_model()
    assert known == plan


def test_a_perfect_item_has_no_residual():
    plan = Study(title="T", constructs={"a": reflective("a1", reliability=1)})
    assert plan.with_variances({"a1": 2.0}).measurement_model() == "a =~ a1\na1 ~~ 0*a1"


@pytest.mark.parametrize(
    ("name", "constructs"),
    [("p009_corp_sem_single", {"CUSA": "cusa"}), ("p041_corp_second_order", None)],
)
def test_reputation_equals_lavaan(name, constructs):
    if not SHARED.is_dir():
        pytest.skip("the survey files of the reference cases are not shipped")
    case = json.loads((SHARED / "cases" / f"{name}.json").read_text(encoding="utf-8"))
    answers = pd.read_csv(SHARED / "data" / "corp_rep.csv")
    needed = ["cusl_1", "cusl_2", "cusl_3", "cusa"]
    answers = answers[(answers[needed] > 0).all(axis=1)]
    loyal = {"CUSL": [f"cusl_{k}" for k in (1, 2, 3)]}
    if constructs:
        parts = {n.upper(): [f"{n}_{k}" for k in (1, 2, 3)] for n in ("comp", "like")}
        study = Study(
            title=name, constructs={**parts, **constructs, **loyal}, run=QUIET,
            hypotheses=[
                "COMP -> CUSA", "LIKE -> CUSA", "COMP -> CUSL", "LIKE -> CUSL", "CUSA -> CUSL",
            ],
        )  # fmt: skip
    else:
        parts = {
            "QUAL": [f"qual_{k}" for k in (1, 2, 3, 4)],
            "CSOR": [f"csor_{k}" for k in (1, 2, 3, 4)],
            "ATTR": [f"attr_{k}" for k in (1, 2, 3)],
            "PERF": [f"perf_{k}" for k in (1, 2, 4, 5)],
        }
        whole = {"REP": second_order(list(parts), label="Reputation")}
        study = Study(
            title=name,
            constructs={**parts, **whole, **loyal},
            hypotheses=["REP -> CUSL"],
            run=QUIET,
        )
    result = two_step(study, answers)
    assert result.structural.model.fit_measures["chisq"] == pytest.approx(case["fit"]["chisq"])
    expected = {(p["lhs"], p["rhs"]): p for p in case["parameters"] if p["op"] == "~"}
    for ends, row in rows(result).iterrows():
        found = expected[ends]
        assert row["est"] == pytest.approx(found["est"], rel=1e-6)
        assert row["se"] == pytest.approx(found["se"], rel=1e-6)
        assert row["std_all"] == pytest.approx(found["std.all"], rel=1e-6)


# -- second order, observed variables, controls ---------------------------------------------------


@pytest.fixture(scope="module")
def nations():
    answers = pd.read_csv(data_path("bollen1989.csv"))
    return answers.assign(x0=[1, 2, 4] * 25)


@pytest.fixture(scope="module")
def democracy(nations):
    study = Study(
        title="Democracy of second order",
        constructs={
            "ind60": "x1:x3",
            "dem60": "y1:y4",
            "dem65": "y5:y7",
            "dem": second_order(["dem60", "dem65"], label="Democracy"),
        },
        observed={"y8": "Effective legislature"},
        controls={"x0": ["y8"]},
        hypotheses=["ind60 -> dem", "dem -> y8"],
        run=QUIET,
    )
    return two_step(study, nations)


def test_second_order_and_observed_outcomes_equal_lavaan(democracy):
    # lavaan 0.6-14, sem(fixed.x = FALSE)
    found = rows(democracy)
    expected = {
        ("dem", "ind60"): (1.618753850, 0.363161499, 0.5180463947),
        ("y8", "dem"): (1.307190754, 0.150808949, 0.8426900302),
        ("y8", "x0"): (-0.133480364, 0.169682400, -0.0513482968),
    }
    for ends, values in expected.items():
        row = found.loc[ends, ["est", "se", "std_all"]].tolist()
        assert row == pytest.approx(list(values), abs=1e-5)
    sequence = democracy.structural.sequence.set_index("model")
    chisq = {"Ms": (82.9048899, 48), "Mt": (85.1668238, 50), "Mn": (190.773471, 55)}
    for name, (value, df) in chisq.items():
        assert sequence.loc[name, "chisq"] == pytest.approx(value, abs=1e-5)
        assert sequence.loc[name, "df"] == df


def test_step_one_judges_the_parts(democracy):
    assert democracy.measurement.reliability.index.tolist() == ["ind60", "dem60", "dem65"]
    assert set(democracy.structural.second_order["part"]) == {"dem60", "dem65"}
    assert democracy.structural.r2.index.tolist() == ["dem", "y8"]


@pytest.mark.parametrize("view", ["structural", "full", "measurement", "conceptual", "tests"])
def test_every_view_of_the_design_is_drawn(democracy, view):
    drawing = democracy.draw(view)
    assert drawing.metrics()["node_overlaps"] == 0
    assert ("Effective legislature" in drawing.svg()) == (view not in {"measurement", "tests"})


def test_a_construct_can_be_a_control(nations):
    study = Study(
        title="Industrialization as a control",
        constructs={"ind60": "x1:x3", "dem60": "y1:y4", "dem65": "y5:y8"},
        controls={"ind60": ["dem60", "dem65"]},
        hypotheses=["dem60 -> dem65"],
        run=QUIET,
    )
    result = two_step(study, nations)
    assert set(rows(result).index) == {("dem60", "ind60"), ("dem65", "dem60"), ("dem65", "ind60")}
    assert result.structural.hypotheses["path"].tolist() == ["dem60 -> dem65"]
    assert study.variables == study.items


def test_the_plan_survives_its_file(democracy, tmp_path):
    path = tmp_path / "again.toml"
    path.write_text(democracy.study.to_toml(), encoding="utf-8")
    assert load_study(path) == democracy.study
    assert load_study(path).parts_of == {"dem": ("dem60", "dem65")}


# -- mistakes ------------------------------------------------------------------------------------

BASE = {
    "title": "T",
    "constructs": {"a": "a1:a3", "b": "b1:b3", "c": "c1:c3"},
    "hypotheses": ["a -> b", "b -> c"],
}


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"constructs": {"a": {"of": ["b", "x"]}, "b": "b1:b3"}}, "a.of: 'x' is no construct"),
        ({"constructs": {"a": {"of": ["b"]}, "b": "b1:b3"}}, "needs at least two parts"),
        ({"constructs": {"a": {"of": ["b", "c"], "items": "a1:a3"}}}, "('of') has no items"),
        (
            {"constructs": {**BASE["constructs"], "d": second_order(["a", "b"])}},
            "hypotheses.H1: 'a' is a part of 'd'; relate 'd' in its place",
        ),
        (
            {"constructs": {"a": {"of": ["b", "c"]}, "b": {"of": ["c", "d"]}, "c": "x", "d": "y"}},
            "'b' is made of constructs itself",
        ),
        (
            {"constructs": {"a": {"items": "a1:a3", "reliability": 0.8}}},
            "'reliability' is assumed where a construct has one item",
        ),
        ({"constructs": {"a": {"items": "a1", "reliability": 1.2}}}, "above 0 and is at most 1"),
        ({"constructs": {"a": {"items": "a1", "reliabilty": 0.9}}}, "Did you mean 'reliability'?"),
        ({"observed": {"z": "Z"}}, "observed.z: takes part in no hypothesis"),
        ({"observed": {"a": "A"}}, "observed.a: is already a construct"),
        ({"hypotheses": ["a -> b", "b -> z"]}, "is listed under [observed]"),
        ({"hypotheses": ["a -> b", "a -> b -> c"]}, "needs a hypothesis 'b -> c'"),
        ({"hypotheses": ["a -> b", "a -> b -> a"]}, "comes to a construct twice"),
        ({"effects": {"E": "a -> c -> b"}}, "needs a hypothesis 'a -> c'"),
        ({"effects": {"E": "c -> a"}}, "no chain leads from 'c' to 'a'"),
        ({"effects": {"E": "a -> b"}}, "no chain leads from 'a' to 'b'"),
        ({"effects": {"E": {"path": "b -> a", "kind": "total"}}}, "no path leads from 'b' to 'a'"),
        ({"effects": {"H1": "a -> c"}}, "is already the name of a hypothesis"),
        ({"effects": {"E": {"path": "a -> c", "kind": "sum"}}}, "must be 'indirect' or 'total'"),
        ({"effects": {"E": {"pth": "a -> c"}}}, "Did you mean 'path'?"),
        ({"controls": {"a": ["b"]}}, "'a -> b' is already hypothesis H1"),
        ({"controls": {"a1": ["b"]}}, "is already an item"),
        ({"controls": {"c": ["c"]}}, "cannot control itself"),
        ({"rivals": {"r": {"add": ["a -> b -> c"]}}}, "one at a time"),
        ({"rivals": {"r": {"add": ["a ~~ a"]}}}, "joins a construct to itself"),
        ({"rivals": {"r": {"add": ["a ~~ z"]}}}, "rivals.r.add: 'z' is no construct"),
        ({"rivals": {"r": {"add": ["a -> c"], "role": "free"}}}, "'constrained' or 'uncon"),
        (
            {"rivals": {"r": {"remove": ["a -> b"], "role": "unconstrained"}}},
            "an unconstrained rival only adds",
        ),
        (
            {"rivals": {n: {"remove": ["a -> b"], "role": "constrained"} for n in ("r", "s")}},
            "rivals.s.role: 'r' is already the constrained rival",
        ),
        ({"thresholds": {"loading_chnge": 0.1}}, "Did you mean 'loading_change'?"),
    ],
)  # fmt: skip
def test_impossible_designs_are_refused(changed, complaint):
    with pytest.raises(PlanError) as refused:
        Study(**{**BASE, **changed})
    assert complaint in str(refused.value)
