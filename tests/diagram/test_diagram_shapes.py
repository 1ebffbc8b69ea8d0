"""Models of every kind in every view and width: nothing overlaps, all can be read."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from diagram_models import TABLES, _large, measured, parameter

from trustsem.diagram import draw, graph_from_parameters

TROUBLES = ("node_overlaps", "label_overlaps", "label_edge_hits", "edge_node_hits", "outside")
VIEWS = ("structural", "full", "measurement", "conceptual")
WITHOUT_MEASUREMENT = {"observed only"}


def _clean(figure):
    metrics = figure.metrics()
    assert {key: metrics[key] for key in TROUBLES} == dict.fromkeys(TROUBLES, 0)
    assert metrics["min_font_pt"] >= 6.0


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", TABLES)
def test_a_model_of_any_kind_fits_two_columns_of_a_journal(name, view):
    if view == "measurement" and name in WITHOUT_MEASUREMENT:
        pytest.skip("the model has no constructs")
    table, options = TABLES[name]()
    figure = draw(graph_from_parameters(table, view=view, **options))
    _clean(figure)
    assert figure.metrics()["width_mm"] == 190.0


@pytest.mark.parametrize("width", [90, 140])
@pytest.mark.parametrize("view", ["structural", "measurement"])
@pytest.mark.parametrize("name", TABLES)
def test_narrower_columns_hold_constructs_and_measurement_models(name, view, width):
    if view == "measurement" and name in WITHOUT_MEASUREMENT:
        pytest.skip("the model has no constructs")
    table, options = TABLES[name]()
    figure = draw(graph_from_parameters(table, view=view, **options), width)
    _clean(figure)
    wide = figure.metrics()["width_mm"] > width + 0.1
    assert wide == any(finding.code == "figure_too_wide" for finding in figure.findings)


@pytest.mark.parametrize(
    "name", ["two waves", "growth", "bifactor", "Arabic", "mimic", "single indicators", "feedback"]
)
@pytest.mark.parametrize("width", [90, 140])
def test_small_full_models_are_clean_in_narrow_columns(name, width):
    table, options = TABLES[name]()
    _clean(draw(graph_from_parameters(table, view="full", **options), width))


@pytest.mark.parametrize("view", ["structural", "measurement"])
def test_twelve_constructs_with_sixty_items_are_clean(view):
    _clean(draw(graph_from_parameters(_large(), view=view)))


@pytest.mark.parametrize("seed", range(12))
def test_models_drawn_at_random_are_clean(seed):
    chance = random.Random(seed)  # noqa: S311  # models, not secrets
    names = [f"f{k}" for k in range(chance.randint(1, 6))]
    table = measured({name: [0.8] * chance.choice([1, 2, 3, 4]) for name in names})
    observed = [f"o{k}" for k in range(chance.choice([0, 1, 2]))]
    nodes = [*names, *observed]
    chance.shuffle(nodes)
    paths = [(a, b) for k, a in enumerate(nodes) for b in nodes[k + 1 :] if chance.random() < 0.35]
    table += [parameter(b, "~", a, chance.uniform(-0.9, 0.9), 0.02) for a, b in paths]
    table += [parameter(name, "~~", name, 0.5) for name in nodes]
    view = VIEWS[seed % 4]
    graph = graph_from_parameters(pd.DataFrame(table), view=view)
    _clean(draw(graph, chance.choice([90, 140, 190]), disturbances=bool(seed % 2)))


def test_what_cannot_be_drawn_clearly_is_printed_in_the_note():
    table, _ = TABLES["cross-loadings"]()
    figure = draw(graph_from_parameters(table, view="measurement"))
    drawn = {tuple(dict(m.data).values()) for m in figure.scene.marks if m.kind == "edge"}
    note = " ".join(text.content for m in figure.scene.marks if m.id == "note" for text in m.texts)
    for ends in (("c01_", "c03_3"), ("c02_", "c01_1"), ("c03_", "c02_4")):
        assert (ends in drawn) != (" → ".join(ends) in note)


def test_slopes_and_general_factors_stand_across_the_items():
    for name, hub in (("growth", "slope"), ("bifactor", "special1")):
        table, _ = TABLES[name]()
        figure = draw(graph_from_parameters(table, view="full"))
        place = {
            dict(m.data)["variable"]: m.outline.x for m in figure.scene.marks if m.kind == "node"
        }
        own = next(iter(figure.graph.items))
        item = figure.graph.items[own][0]
        assert place[hub] < place[item] < place[own]
        assert figure.metrics()["crossings"] == 0
