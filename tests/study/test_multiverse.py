"""A multiverse: every specification is the study run with these choices, and nothing else."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import trustsem as ts
from trustsem.errors import MomentsError, PlanError, StudyFileError, UnknownOptionError
from trustsem.report.blocks import References
from trustsem.report.study_report import composed_report
from trustsem.study import Study, load_study, parse_study
from trustsem.study.multiverse_analysis import least_agreed
from trustsem.study.specifications import estimate_part

NUMBERS = ["est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all", "std_all_se"]
FIT = ["chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr"]
CONSTRUCTS = {"trust": "t1:t4", "sharing": "s1:s3", "success": "y1:y3"}
HYPOTHESES = {
    "H1": "trust -> sharing",
    "H2": "sharing -> success",
    "H3": "trust -> success",
    "H4": "trust -> sharing -> success",
}


def messy_answers(n=180, seed=11):
    """Return answers with a weak item, missing answers, outliers and a control variable."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n)
    trust = rng.normal(size=n)
    sharing = 0.5 * trust + 0.3 * size + rng.normal(0, 0.8, n)
    success = 0.4 * sharing + 0.15 * trust + 0.2 * size + rng.normal(0, 0.8, n)
    values = {"trust": trust, "sharing": sharing, "success": success}
    weights = {"t4": 0.35}
    columns = {}
    for name, items in (("trust", "t1 t2 t3 t4"), ("sharing", "s1 s2 s3"), ("success", "y1 y2 y3")):
        for item in items.split():
            weight = weights.get(item, 0.8)
            noise = rng.normal(0, 0.6 if weight > 0.5 else 1.0, n)
            columns[item] = weight * values[name] + noise
    frame = pd.DataFrame(columns)
    frame.iloc[:4] += rng.choice([-2.2, 2.2], size=(4, frame.shape[1]))
    frame = frame.mask(rng.random(frame.shape) < 0.01)
    frame.loc[10:14, "t4"] = np.nan
    frame.iloc[:4] = frame.iloc[:4].fillna(3.0)
    return frame.assign(size=size)


def plan(**changes):
    """Return the plan of the messy study."""
    said = {
        "title": "Trust",
        "constructs": CONSTRUCTS,
        "hypotheses": HYPOTHESES,
        "controls": {"size": ["sharing", "success"]},
        "rivals": {"through": {"remove": ["trust -> success"]}},
        "run": {"second_engine": False},
    }
    return Study(**{**said, **changes})


@pytest.fixture(scope="module")
def answers():
    return messy_answers()


SHORTER = {**CONSTRUCTS, "trust": "t1:t3"}
CHOICES = {
    "estimator": ["ML", "MLR"],
    "missing": ["listwise", "fiml"],
    "outliers": ["keep", "drop"],
    "weak_items": ["keep", "drop"],
    "controls": ["with", "without"],
}


@pytest.fixture(scope="module")
def found(answers):
    return ts.multiverse(plan(), answers, CHOICES)


def chosen(found, **values):
    """Return number and row of the specification with these choices, others as the study's own."""
    table = found.specifications
    wanted = {name: known[0] for name, known in found.choices.items()} | values
    mask = np.logical_and.reduce([table[name] == value for name, value in wanted.items()])
    (row,) = table[mask].to_dict("records")
    return row["specification"], row


def assert_same(found, number, result):
    """Hold a specification to a study that was run with its choices."""
    rows = found.estimates[found.estimates["specification"] == number]
    table = result.structural.hypotheses
    assert rows["hypothesis"].tolist() == table["hypothesis"].tolist()
    for name in NUMBERS:
        assert rows[name].to_numpy(float) == pytest.approx(table[name].to_numpy(float), abs=1e-6)
    assert rows["supported"].tolist() == table["supported"].tolist()
    assert_fits(found, number, result.structural.model)
    row = found.specifications.set_index("specification").loc[number]
    assert row["admissible"] == result.usable


def assert_fits(found, number, model):
    """Hold cases and fit of a specification to those of a model."""
    row = found.specifications.set_index("specification").loc[number]
    assert row["n_obs"] == model.n_obs
    expected = model.reported_fit[FIT].to_numpy(float)
    assert row[FIT].to_numpy(float) == pytest.approx(expected, abs=1e-6)


def explicit(study, answers, **options):
    """Estimate a study's structural model from the cases that count, by ``sem()`` alone."""
    frame = answers[list(study.variables)]
    counted = frame if options.get("missing") == "fiml" else frame.dropna()
    return ts.sem(study.structural_model(), counted, **{**study.options, **options})


def assert_is(found, number, model, *, errors=True):
    """Hold a specification to a model that was estimated by itself."""
    rows = found.estimates[found.estimates["specification"] == number].set_index("path")
    paths = model.parameters.query("op == '~'").set_index(["rhs", "lhs"])
    chains = model.chains.set_index("chain").rename(columns={"std": "std_all"})
    for path, row in rows.iterrows():
        ends = tuple(path.split(" -> "))
        if len(ends) > 2 and not errors:
            continue
        known = paths.loc[ends] if len(ends) == 2 else chains.loc[path]
        for name in ("est", "std_all", *(["se", "pvalue"] if errors else [])):
            assert row[name] == pytest.approx(known[name], abs=1e-6, nan_ok=not errors)
    assert_fits(found, number, model)


def outlying(answers):
    """Return the rows whose squared distance among complete cases has p < .001."""
    complete = answers.drop(columns="size").dropna()
    centred = (complete - complete.mean()).to_numpy()
    d2 = np.einsum("ij,ij->i", centred @ np.linalg.inv(np.cov(complete.T)), centred)
    return complete.index[stats.chi2.sf(d2, complete.shape[1]) < 0.001]


def test_the_studys_own_specification_is_the_first_and_is_the_study(found, answers):
    own = found.specifications[found.specifications["own"]]
    assert own["specification"].tolist() == [1]
    assert_same(found, 1, ts.two_step(plan(), answers))


def test_a_grid_of_one_choice_is_the_study_itself():
    alone = ts.multiverse("wheaton1977", choices={"estimator": ["ML"]})
    assert len(alone.specifications) == 1
    assert_same(alone, 1, ts.two_step("wheaton1977", second_engine=False))
    assert (alone.agreement["share_agree"] == 1).all()
    assert alone.matters_most == ""


def test_fiml_and_robust_errors(found, answers):
    number, _ = chosen(found, missing="fiml", estimator="MLR")
    assert_is(found, number, explicit(plan(), answers, missing="fiml", estimator="MLR"))


def test_items_cases_and_controls_left_out_together(found, answers):
    shorter = plan(constructs=SHORTER, controls={})
    kept = answers.drop(index=outlying(answers))
    number, row = chosen(found, outliers="drop", weak_items="drop", controls="without")
    assert_is(found, number, explicit(shorter, kept))
    assert row["n_items"] == 9


def test_a_study_with_the_rule_drops_the_same_outliers(found, answers):
    screened = plan(screening={"drop": ["mahalanobis p < .001"]})
    number, row = chosen(found, outliers="drop")
    assert not row["own"]
    assert_same(found, number, ts.two_step(screened, answers))


def test_weak_items_and_outliers_are_decided_once_by_the_study_itself(found, answers):
    assert found.weak_items[["item", "dropped"]].to_numpy().tolist() == [["t4", True]]
    model = ts.cfa(plan().measurement_model(), answers.dropna())
    loadings = model.parameters.query("op == '=~'").set_index("rhs")["std_all"]
    assert found.weak_items["std_all"].item() == pytest.approx(loadings["t4"])
    (finding,) = [item for item in found.findings if item.code == "multiverse_outliers"]
    assert finding.value == len(outlying(answers)) > 0


def test_dropping_an_item_brings_back_the_cases_that_lack_only_it(found):
    _, whole = chosen(found)
    _, short = chosen(found, weak_items="drop")
    assert short["n_obs"] > whole["n_obs"]


def test_a_construct_keeps_two_items(answers):
    rng = np.random.default_rng(2)
    worse = answers.assign(t3=0.3 * answers["t1"] + rng.normal(size=len(answers)))
    worse = worse.assign(t2=0.4 * answers["t1"] + rng.normal(size=len(answers)))
    table = ts.multiverse(plan(), worse, {"weak_items": "drop"}).weak_items
    assert table["item"].tolist() == ["t2", "t3", "t4"]
    assert table["dropped"].sum() == 2
    sizes = table.set_index("item")["std_all"].abs()
    kept = table.loc[~table["dropped"], "item"].item()
    assert sizes[kept] == sizes.max()


def test_neither_order_of_choices_nor_workers_change_anything(found, answers):
    turned = {name: values[::-1] for name, values in reversed(CHOICES.items())}
    again = ts.multiverse(plan(), answers, turned, workers=2, progress=False)
    for name in ("specifications", "estimates", "agreement", "drivers", "switches", "overall"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(found, name))
    assert again.choices == found.choices
    assert again.findings == found.findings


def test_the_own_value_takes_part_also_where_it_is_not_declared(answers):
    table = ts.multiverse(plan(), answers, {"estimator": "MLR"}).specifications
    assert table["estimator"].tolist() == ["ML", "MLR"]
    overridden = ts.multiverse(plan(), answers, {"estimator": ["ML"]}, estimator="MLR")
    assert overridden.specifications["estimator"].tolist() == ["MLR", "ML"]
    assert_is(overridden, 1, explicit(plan(), answers, estimator="MLR"))


def test_what_a_study_says_of_its_errors_belongs_to_its_own_estimator(answers):
    study = plan(se="robust.sem", test="satorra.bentler")
    table = ts.multiverse(study, answers, {"estimator": ["ML", "MLR"]})
    assert_is(table, 1, explicit(study, answers))
    assert_is(table, 2, explicit(plan(), answers, estimator="MLR"))


def test_combinations_that_do_not_exist_are_listed_with_their_reason(answers):
    table = ts.multiverse(plan(), answers, {"estimator": ["MLM"], "missing": ["fiml"]})
    _, row = chosen(table, estimator="MLM", missing="fiml")
    assert row["status"] == "not defined"
    assert "MLR" in row["reason"]
    assert table.agreement["n_specifications"].tolist() == [3] * 4
    (finding,) = [item for item in table.findings if item.code == "multiverse_undefined"]
    assert "1 combination does not exist" in finding.claim
    gone = table.estimates[table.estimates["specification"] == row["specification"]]
    assert gone["est"].isna().all()
    assert gone["supported"].isna().all()


def test_combinations_that_cannot_differ_count_once(answers):
    table = ts.multiverse(
        plan(), answers, {"estimator": ["GLS"], "likelihood": ["normal", "wishart"]}
    )
    status = table.specifications.set_index(["estimator", "likelihood"])["status"]
    assert status["GLS", "wishart"] == "repeated"
    assert table.n_admissible == 3
    assert "multiverse_repeated" in {item.code for item in table.findings}


def test_choices_that_make_no_difference_are_left_out_with_a_reason():
    table = ts.multiverse(
        "bollen1989",
        choices={"missing": ["listwise", "fiml"], "weak_items": "drop", "estimator": ["MLR"]},
    )
    assert list(table.choices) == ["estimator"]
    claims = {item.subject: item.claim for item in table.findings if "idle" in item.code}
    assert "no answer is missing" in claims["Missing answers"]
    assert "no item that could be dropped" in claims["Weak items"]


def test_outliers_that_the_study_drops_itself_can_be_kept(answers):
    study = plan(screening={"drop": ["missing > .50", "mahalanobis p < .001"]})
    table = ts.multiverse(study, answers, {"outliers": ["keep", "drop"]})
    assert table.choices["outliers"] == ("drop", "keep")
    assert_is(table, 1, explicit(plan(), answers.drop(index=outlying(answers))))
    assert_is(table, 2, explicit(plan(), answers))


METHOD = """
method =~ NA*t1
method =~ {}
method ~~ 1*method
method ~~ 0*trust
"""


@pytest.mark.parametrize(("value", "label"), [("with", "m*"), ("free", "")])
def test_a_method_factor_is_added_to_the_structural_model(answers, value, label):
    study = plan(controls={}, rivals={})
    table = ts.multiverse(study, answers, {"method_factor": [value]})
    lines = METHOD.format(" + ".join(label + item for item in study.items))
    complete = answers[list(study.items)].dropna()
    model = ts.sem(study.structural_model() + lines, complete)
    assert_is(table, 2, model.proper or model, errors=value == "with")


def test_a_rival_structure_lacks_what_it_removes(answers):
    table = ts.multiverse(plan(), answers, {"structure": ["theory", "through"]})
    rows = table.estimates[table.estimates["specification"] == 2].set_index("hypothesis")
    assert np.isnan(rows.loc["H3", "est"])
    assert rows.loc["H3", "reason"] == "The structural model has no such path."
    agreement = table.agreement.set_index("hypothesis")["n_specifications"]
    assert agreement.to_dict() == {"H1": 2, "H2": 2, "H3": 1, "H4": 2}
    rival = ts.sem(plan().rival_model("through"), answers.dropna())
    path = rival.parameters.query("lhs == 'success' and rhs == 'sharing' and op == '~'")
    assert rows.loc["H2", "est"] == pytest.approx(path["est"].item(), abs=1e-6)


def test_items_and_residual_covariances_by_name(answers):
    study = plan(residual_covariances=[["t1", "t2"]])
    table = ts.multiverse(
        study,
        answers,
        {"items": {"without t1": ["t1"], "short": ["s3", "y1"]}, "residual_covariances": "without"},
    )
    assert table.choices["items"] == ("keep", "short", "without t1")
    number, _ = chosen(table, items="without t1")
    shorter = {**CONSTRUCTS, "trust": "t2:t4"}
    assert_is(table, number, explicit(plan(constructs=shorter), answers))
    number, row = chosen(table, items="without t1", residual_covariances="without")
    assert row["status"] == "repeated"  # the pair is gone with its item
    number, _ = chosen(table, items="short", residual_covariances="without")
    short = {"trust": "t1:t4", "sharing": "s1:s2", "success": "y2:y3"}
    assert_is(table, number, explicit(plan(constructs=short), answers))


def test_ordered_answers_are_estimated_by_the_usual_estimator_of_such(answers):
    cut = answers.copy()
    items = [name for name in cut if name != "size"]
    cut[items] = np.digitize(answers[items].fillna(0.0), [-1.0, -0.3, 0.3, 1.0])
    study = plan(controls={}, estimator="MLR")
    table = ts.multiverse(study, cut, {"answers": ["continuous", "ordered"]})
    assert_is(table, 1, explicit(study, cut))
    assert_is(table, 2, explicit(plan(controls={}), cut, ordered=True))
    strict = ts.multiverse(
        study, cut, {"answers": ["ordered"], "estimator": ["MLR", "WLSMV"]}
    ).specifications.set_index(["estimator", "answers"])["status"]
    assert strict["MLR", "ordered"] == "not defined"
    assert strict["WLSMV", "ordered"] == "admissible"


def test_the_residual_variance_of_a_single_item_follows_the_sample(answers):
    single = {"sharing": ts.reflective("s1", reliability=0.8)}
    study = plan(constructs={**CONSTRUCTS, **single}, controls={})
    table = ts.multiverse(study, answers, {"missing": ["fiml"], "likelihood": ["wishart"]})
    complete = answers[list(study.variables)].dropna()
    for likelihood, ddof in (("normal", 0), ("wishart", 1)):
        number, _ = chosen(table, likelihood=likelihood)
        told = study.with_variances({"s1": complete["s1"].var(ddof=ddof)})
        assert_is(table, number, explicit(told, answers, likelihood=likelihood))


def test_items_of_second_order_constructs(answers):
    whole = {"whole": ts.second_order(["trust", "sharing"])}
    changes = {"hypotheses": {"H1": "success -> whole"}, "controls": {}, "rivals": {}}
    higher = plan(constructs={**CONSTRUCTS, **whole}, **changes)
    table = ts.multiverse(higher, answers, {"items": {"short": ["t4"]}})
    assert_is(table, 2, explicit(plan(constructs={**SHORTER, **whole}, **changes), answers))


def test_a_printed_matrix_has_choices_of_its_own():
    table = ts.multiverse(
        "wheaton1977", choices={"estimator": ["GLS", "MLR"], "residual_covariances": "without"}
    )
    number, _ = chosen(table, estimator="GLS")
    study = load_study("wheaton1977")
    model = ts.sem(
        study.structural_model(), **study.printed_options, **{**study.options, "estimator": "GLS"}
    )
    assert_is(table, number, model)
    _, row = chosen(table, estimator="MLR")
    assert row["status"] == "not estimated"
    assert "raw data" in row["reason"]


def test_an_inadmissible_specification_is_shown_but_not_counted():
    table = ts.multiverse(
        "bollen1989", choices={"method_factor": ["with"], "estimator": ["ML", "MLR"]}
    )
    bad = table.specifications[table.specifications["status"] == "inadmissible"]
    assert bad["method_factor"].tolist() == ["with", "with"]
    assert bad["reason"].str.contains("The residual variance of x1 is negative").all()
    rows = table.estimates[table.estimates["specification"].isin(bad["specification"])]
    assert rows["est"].notna().all()
    assert not rows["counted"].any()
    assert table.agreement["n_specifications"].tolist() == [2, 2, 2]
    (finding,) = [item for item in table.findings if item.code == "multiverse_inadmissible"]
    assert finding.severity == "warning"
    assert "2 of 4 specifications" in finding.claim
    assert len(table.plot.multiverse.chart().curve) == table.n_admissible


# -- the plan ----------------------------------------------------------------------------------


def test_all_mistakes_of_choices_are_listed_at_once():
    with pytest.raises(PlanError) as caught:
        ts.multiverse(
            "bollen1989",
            choices={
                "estimator": ["MLX"],
                "weak_items": ["drop", "burn"],
                "controls": ["with"],
                "structure": ["other"],
                "items": {"keep": ["x1"], "few": ["x1", "x2"], "none": ["x9"]},
                "missing": [],
                "outlier": ["keep"],
            },
        )
    text = str(caught.value)
    for part in (
        "Unknown value of option 'estimator': 'MLX'",
        "weak_items[2]: must be 'keep' or 'drop', got 'burn'",
        "the study has no [controls]",
        "there is no rival 'other'",
        "'keep' is the choice to drop none",
        "leaves 'ind60' 1 item(s)",
        "'x9' is no item of this study",
        "choices are written",
        "Did you mean 'outliers'?",
    ):
        assert part in text, (part, text)


def test_a_study_file_holds_its_choices_and_names_the_line_of_a_mistake(tmp_path):
    text = load_study("bollen1989").to_toml() + '\n[multiverse]\nestimator = ["ML", "MLR"]\n'
    study = parse_study(text, tmp_path / "study.toml")
    assert study.multiverse.declared == {"estimator": ("ML", "MLR")}
    assert parse_study(study.to_toml(), tmp_path / "study.toml") == study
    assert study.measurement_only().multiverse is None
    with pytest.raises(StudyFileError, match=r"line \d+: multiverse.missing: a printed matrix"):
        parse_study(
            load_study("wheaton1977").to_toml() + '\n[multiverse]\nmissing = ["fiml"]\n',
            tmp_path / "study.toml",
        )


def test_too_many_combinations_are_refused_with_their_number():
    choices = {"estimator": ["ML", "MLR", "GLS"], "likelihood": ["normal", "wishart"], "limit": 5}
    with pytest.raises(PlanError, match="6 combinations; at most 5 are estimated"):
        ts.multiverse("bollen1989", choices=choices)


@pytest.mark.parametrize("choices", [None, {}, {"limit": 3}, ["ML"]])
def test_without_choices_there_is_nothing_to_compare(choices):
    with pytest.raises(PlanError, match="choice"):
        ts.multiverse("bollen1989", choices=choices)


def test_a_measurement_only_study_has_no_verdicts():
    with pytest.raises(PlanError, match="without hypotheses"):
        ts.multiverse("holzinger1939", choices={"estimator": ["MLR"]})


# -- within a study ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result(answers):
    choices = {"estimator": ["ML", "MLR"], "weak_items": ["drop"]}
    return ts.two_step(plan(multiverse=choices), answers)


def test_a_study_with_a_section_explores_it(result, answers):
    found = result.multiverse
    assert len(found.specifications) == 4
    assert_same(found, 1, result)
    assert {item.code for item in found.findings} <= {item.code for item in result.findings}
    alone = ts.multiverse(result.study, answers)
    pd.testing.assert_frame_equal(alone.estimates, found.estimates)


def test_a_run_can_do_without(result, answers):
    assert ts.two_step(result.study, answers, multiverse=False).multiverse is None


def test_the_report_shows_tables_and_curves(result):
    composed = composed_report(result, "0")
    assert composed.failures == ()
    chapters = {chapter.name: chapter.blocks for chapter in composed.chapters}
    shown = {block.name: block.title for block in chapters["multiverse"] if hasattr(block, "name")}
    assert shown["multiverse-agreement"].startswith("Agreement of the Specifications")
    least = least_agreed(result.multiverse.agreement)
    assert shown["multiverse"] == f"Specification Curve of {least}"
    assert shown["curves"] == "Specification Curves of All Hypotheses"
    assert "multiverse-specifications" not in shown
    assert "multiverse-specifications" in {getattr(b, "name", "") for b in chapters["appendix"]}
    cited = " ".join(next(composed.of(References)).texts)
    assert "Steegen, S., Tuerlinckx" in cited
    assert "Simonsohn, U., Simmons" in cited
    assert ".multiverse" in repr(result)


def test_all_numbers_are_in_the_document(result):
    document = result.to_dict()["multiverse"]
    assert document["choices"]["weak_items"] == ["keep", "drop"]
    assert len(document["estimates"]) == 4 * 4
    assert document["agreement"][0]["n_specifications"] == 4
    json.dumps(document, allow_nan=False)


def test_the_display_says_what_hangs_on_choices(found):
    text = repr(found)
    assert text.startswith("Multiverse: 32 specifications, 32 admissible")
    assert "Share of Verdicts That Each Choice Turns" in text
    assert "Weak items, dropped together: t4" in text
    names = [table.name for table in found.tables()]
    assert names[0] == "multiverse-agreement"
    assert names[-1] == "multiverse-specifications"


def test_the_curve_holds_the_estimates_in_order(found):
    chart = found.plot.multiverse.chart(hypothesis="H3")
    rows = found.estimates[found.estimates["hypothesis"] == "H3"]
    assert chart.curve.values.tolist() == sorted(rows["std_all"])
    own = rows.loc[rows["own"], "std_all"].item()
    assert chart.curve.values[chart.curve.own] == own
    assert chart.curve.filled.sum() == rows["supported"].sum()
    by_choice = {(row.choice, row.value): row.chosen for row in chart.rows}
    assert (by_choice["Weak items", "kept"] ^ by_choice["Weak items", "dropped"]).all()
    order = rows.sort_values(["std_all", "specification"])["specification"]
    estimator = found.specifications.set_index("specification").loc[order, "estimator"]
    assert by_choice["Estimator", "MLR"].tolist() == (estimator == "MLR").tolist()
    table = found.agreement.assign(spread=lambda t: t["std_lower"] - t["std_upper"])
    least = table.sort_values(["share_agree", "spread"])["hypothesis"].iloc[0]
    assert f"of {least}:" in found.plot.multiverse.chart().title
    panels = found.plot.curves.chart().panels
    assert [panel.name for panel in panels] == list(HYPOTHESES)
    with pytest.raises(UnknownOptionError, match="H9"):
        found.plot.multiverse.chart(hypothesis="H9")


def test_a_study_without_choices_has_no_curve():
    result = ts.two_step("wheaton1977", second_engine=False)
    assert result.multiverse is None
    with pytest.raises(PlanError, match="declares no choices"):
        result.plot.multiverse.chart()


def test_a_failure_does_not_cost_the_study(answers, monkeypatch):
    def nothing(*_args, **_kwargs):
        raise MomentsError("There is nothing to estimate.")

    monkeypatch.setattr("trustsem.study.multiverse_analysis.explore", nothing)
    result = ts.two_step(plan(multiverse={"estimator": ["MLR"]}), answers)
    assert result.multiverse is None
    (finding,) = [item for item in result.findings if item.code == "no_multiverse"]
    assert "nothing to estimate" in finding.claim


def test_an_interrupt_keeps_what_is_finished(answers, monkeypatch):
    done = []

    def interrupting(part):
        if done:
            raise KeyboardInterrupt
        done.append(part)
        return estimate_part(part)

    monkeypatch.setattr("trustsem.study.multiverse_analysis.estimate_part", interrupting)
    found = ts.multiverse(plan(), answers, {"estimator": ["MLR"], "missing": ["fiml"]})
    assert found.interrupted
    assert found.specifications["specification"].tolist() == [1, 3]
    assert "multiverse_interrupted" in {item.code for item in found.findings}
