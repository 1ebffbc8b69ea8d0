"""From a result to its charts: the numbers are those of its tables; what is missing is said."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from chart_data import answers, distances, patterns

import trustsem as ts
from trustsem.errors import PlanError, TrustsemError, UnknownOptionError
from trustsem.study import Study, two_step
from trustsem.survey.shipped import data_path
from trustsem.validity import fornell_larcker

CFA = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
SEM = f"{CFA}\ntextual ~ visual\nspeed ~ textual + visual"


@pytest.fixture(scope="module")
def bollen():
    return two_step("bollen1989", bootstrap=30)


@pytest.fixture(scope="module")
def plain(bollen):
    return replace(bollen, resampled=None)


@pytest.fixture(scope="module")
def holzinger():
    return two_step("holzinger1939")


@pytest.fixture(scope="module")
def frame():
    return ts.read_survey(data_path("holzinger1939.csv")).frame


def marks(chart):
    return [row.marks[0] for row in chart.rows]


def test_loadings_are_those_of_the_table_with_wald_intervals(plain):
    table, chart = plain.measurement.loadings, plain.plot.loadings.chart()
    assert [mark.value for mark in marks(chart)] == table["std_all"].tolist()
    assert [mark.lower for mark in marks(chart)] == table["std_ci_lower"].tolist()
    assert "95% Wald intervals" in chart.note


def test_loadings_have_bootstrap_intervals_where_there_is_a_bootstrap(bollen):
    chart = bollen.plot.loadings.chart()
    limits = bollen.resampled.measurement.interval("bca", what="std_all")
    limits = limits[limits["op"] == "=~"]
    assert [mark.lower for mark in marks(chart)] == limits["ci_lower"].tolist()
    assert [mark.upper for mark in marks(chart)] == limits["ci_upper"].tolist()
    assert "bootstrap BCa" in chart.note


def test_paths_are_those_of_the_hypotheses_then_the_indirect_effects(plain):
    step, chart = plain.structural, plain.plot.paths.chart()
    n = len(step.hypotheses)
    assert [mark.value for mark in marks(chart)[:n]] == step.hypotheses["std_all"].tolist()
    indirect = step.effects[step.effects["kind"] == "indirect"]
    assert [mark.value for mark in marks(chart)[n:]] == indirect["std"].tolist()
    assert [row.code for row in chart.rows[:n]] == step.hypotheses["hypothesis"].tolist()
    assert len(plain.plot.paths.chart(indirect=False).rows) == n
    reach = 1.959964 * step.hypotheses["std_all_se"]
    assert [mark.upper for mark in marks(chart)[:n]] == pytest.approx(
        (step.hypotheses["std_all"] + reach).tolist()
    )


def test_paths_have_the_bootstrap_intervals_of_the_study(bollen):
    chart, found = bollen.plot.paths.chart(), bollen.resampled
    n = len(found.hypotheses)
    assert [m.lower for m in marks(chart)[:n]] == found.hypotheses["std_bca_ci_lower"].tolist()
    indirect = found.effects[found.effects["kind"] == "indirect"]
    assert [m.upper for m in marks(chart)[n:]] == indirect["std_bca_ci_upper"].tolist()
    assert "bootstrap BCa" in chart.note


def test_densities_are_those_of_the_hypothesised_effects(bollen):
    chart, found = bollen.plot.bootstrap.chart(), bollen.resampled
    assert [ridge.value for ridge in chart.ridges] == found.hypotheses["std"].tolist()
    for ridge, error in zip(chart.ridges, found.hypotheses["std_se"], strict=True):
        assert np.std(ridge.draws, ddof=1) == pytest.approx(error)
    assert "30 resamples" in chart.note


def test_a_hypothesis_about_a_chain_has_the_draws_of_its_product():
    study = Study(
        title="Chain", name="chain",
        constructs={"ind60": "x1:x3", "dem60": "y1:y4", "dem65": "y5:y8"},
        hypotheses=["H1: ind60 -> dem60", "H2: dem60 -> dem65", "H3: ind60 -> dem60 -> dem65"],
        run={"second_engine": False},
    )  # fmt: skip
    data = ts.read_survey(data_path("bollen1989.csv"))
    result = two_step(study, data, bootstrap=20)
    first, second, chain = (ridge.draws for ridge in result.plot.bootstrap.chart().ridges)
    assert chain == pytest.approx(first * second)
    assert np.std(chain, ddof=1) == pytest.approx(result.resampled.hypotheses["std_se"].iloc[2])


def test_the_construct_map_is_that_of_fornell_and_larcker_with_htmt_above(plain):
    chart, step = plain.plot.correlations.chart(), plain.measurement
    expected = fornell_larcker(step.reliability["ave"], step.model.latent_cor).to_numpy()
    lower = np.tril_indices(len(expected))
    assert chart.values[lower] == pytest.approx(expected[lower])
    above = np.triu_indices(len(expected), 1)
    assert chart.values[above] == pytest.approx(step.htmt.to_numpy().T[above])


@pytest.mark.parametrize("step", ["measurement", "structural"])
def test_residuals_are_those_of_the_model(plain, step):
    chart = plain.plot.residuals.chart(step=step)
    raw = plain.models[step].residuals("cor_bollen").loc[list(chart.items), list(chart.items)]
    assert np.allclose(chart.residuals, raw)
    assert step in chart.title


def test_modification_indices_are_those_of_step_one(plain):
    chart, table = plain.plot.modification.chart(), plain.measurement.modifications
    assert sorted(chart.indices) == pytest.approx(sorted(table["mi"].dropna()))


def test_the_charts_of_answers_are_drawn_from_the_screening(plain):
    screened = replace(
        plain,
        screening=SimpleNamespace(
            answers=answers("two items"),
            patterns=patterns("two items").rename(columns={"it1": "x1", "it2": "y1"}),
            distances=distances(),
        ),
    )
    assert len(screened.plot.likert.chart().bars) == 2
    assert screened.plot.missing.chart().items == ("x1", "y1")
    assert len(screened.plot.mahalanobis.chart().distances) == 200
    assert {"likert", "missing", "mahalanobis"} <= set(screened.plot.available())


@pytest.mark.parametrize("name", ["likert", "missing", "mahalanobis"])
def test_a_printed_matrix_has_no_answers(plain, name):
    with pytest.raises(PlanError, match="raw data"):
        getattr(replace(plain, screening=None).plot, name).chart()


@pytest.mark.parametrize("name", ["paths", "bootstrap"])
def test_a_study_of_step_one_only_has_no_paths(holzinger, name):
    with pytest.raises(PlanError, match="no hypotheses"):
        getattr(holzinger.plot, name).chart()
    with pytest.raises(PlanError, match="no hypotheses"):
        holzinger.plot.residuals.chart(step="structural")


def test_a_study_of_groups_shows_its_ladder(holzinger):
    ladder = holzinger.plot.invariance.chart()
    assert list(ladder.levels) == holzinger.invariance.levels["level"].tolist()
    with pytest.raises(PlanError, match="no paths"):
        holzinger.plot.groups.chart()


@pytest.mark.parametrize(
    ("name", "said"),
    [("invariance", r"\[groups\]"), ("groups", r"\[groups\]"), ("slopes", r"\[interactions\]")],
)
def test_what_a_study_lacks_is_said_with_what_to_do(plain, name, said):
    with pytest.raises(PlanError, match=said):
        getattr(plain.plot, name).chart()


def test_without_a_bootstrap_the_remedy_is_one(plain):
    with pytest.raises(PlanError, match="bootstrap=5000"):
        plain.plot.bootstrap()


def test_an_unknown_step_is_refused(plain):
    with pytest.raises(UnknownOptionError, match="measurement"):
        plain.plot.residuals.chart(step="measurment")


def test_a_study_lists_its_charts(plain):
    assert plain.plot.names == (
        "likert", "missing", "mahalanobis", "loadings", "correlations", "residuals",
        "modification", "paths", "bootstrap", "influence", "fragility", "power", "invariance",
        "groups", "slopes", "multiverse", "curves",
    )  # fmt: skip
    assert ".plot" in repr(plain)


def test_a_model_has_the_charts_of_what_it_estimates(frame):
    model = ts.sem(SEM, frame)
    rows = model.parameters
    chart = model.plot.loadings.chart(labels={"visual": "Visual ability"})
    assert [m.value for m in marks(chart)] == rows[rows["op"] == "=~"]["std_all"].tolist()
    assert chart.blocks[0].heading == "Visual ability"
    chart = model.plot.paths.chart(hypotheses={("visual", "textual"): "H1"})
    assert [m.value for m in marks(chart)[:3]] == rows[rows["op"] == "~"]["std_all"].tolist()
    assert chart.rows[0].code == "H1"
    assert [block.heading for block in chart.blocks] == ["Paths", "Indirect effects"]
    chart = model.plot.correlations.chart()
    assert chart.correlations == pytest.approx(model.latent_cor.to_numpy())
    assert model.plot.available() == (
        "loadings", "paths", "residuals", "correlations", "modification",
    )  # fmt: skip


def test_a_model_estimated_from_resamples_has_their_intervals(frame):
    model = ts.cfa(CFA, frame, se="bootstrap", bootstrap=20, seed=1)
    chart = model.plot.loadings.chart()
    limits = model.resampled.interval(what="std_all")
    assert [m.upper for m in marks(chart)] == limits[limits["op"] == "=~"]["ci_upper"].tolist()
    ridges = model.plot.bootstrap.chart().ridges
    assert len(ridges) == 9
    assert len(model.plot.bootstrap.chart(op="~~").ridges) == 3
    with pytest.raises(UnknownOptionError, match="=~"):
        model.plot.bootstrap.chart(op="=")


def test_a_model_of_several_groups_asks_which_or_compares_them(frame):
    model = ts.sem(SEM, frame, group="school")
    with pytest.raises(PlanError, match="Pasteur"):
        model.plot.loadings.chart()
    rows = model.parameters
    second = rows[(rows["op"] == "=~") & (rows["group"] == 2)]["std_all"].tolist()
    label = model.table.group_labels[1]
    assert [m.value for m in marks(model.plot.loadings.chart(group=label))] == second
    for name in ("residuals", "correlations"):
        getattr(model.plot, name).chart(group=label)
    with pytest.raises(UnknownOptionError, match="group"):
        model.plot.loadings.chart(group="Pastuer")
    with pytest.raises(PlanError, match="groups"):
        model.plot.paths.chart()
    compared = model.plot.groups.chart()
    paths = rows[rows["op"] == "~"]
    expected = paths[paths["group"] == 1]["est"].tolist()
    assert [row.marks[0].value for row in compared.rows] == expected


def test_invariance_has_a_ladder_and_paths_of_groups(frame):
    found = ts.invariance(SEM, frame, "school", ["configural", "metric"])
    ladder = found.plot.invariance.chart()
    assert ladder.indices["cfi"].tolist() == found.levels["cfi"].tolist()
    assert ladder.limits["cfi"][1] == pytest.approx(found.levels["cfi"].iloc[0] - 0.01)
    chart = found.plot.groups.chart()
    first = found.paths.groupby(["predictor", "outcome"], sort=False)["est"].first().tolist()
    assert [row.marks[0].value for row in chart.rows] == first
    assert "size" not in found.plot.names


def test_paths_cannot_be_compared_where_there_are_none(frame):
    with pytest.raises(TrustsemError, match="paths"):
        ts.invariance(CFA, frame, "school", ["configural"]).plot.groups()
    with pytest.raises(PlanError, match="loadings"):
        ts.cfa(CFA, frame).plot.paths()
    with pytest.raises(PlanError, match="se='bootstrap'"):
        ts.cfa(CFA, frame).plot.bootstrap()
    with pytest.raises(PlanError, match="one group"):
        ts.cfa(CFA, frame).plot.loadings.chart(group="a")


def test_slopes_need_a_name_where_there_are_several(plain):
    class Found:
        def chart(self, labels, *, width):
            return (labels["ind60"], width)

    several = replace(plain, interactions={"I1": Found(), "I2": Found()})
    with pytest.raises(PlanError, match="name='I1'"):
        several.plot.slopes.chart()
    with pytest.raises(UnknownOptionError, match="I2"):
        several.plot.slopes.chart(name="I3")
    label, width = several.plot.slopes.chart(name="I2", width="90mm")
    assert (label, width) == (plain.study.labels["ind60"], "90mm")
    assert replace(several, interactions={"I1": Found()}).plot.slopes.chart()[1] == "190mm"
