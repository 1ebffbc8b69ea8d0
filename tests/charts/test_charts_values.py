"""What a chart shows is what the table says, read back from what was drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from chart_data import (
    answers,
    boxes,
    constructs_matrices,
    distances,
    draws,
    group_paths,
    levels,
    loadings,
    modifications,
    names,
    on_page,
    paths,
    patterns,
    residuals,
    slopes,
)
from matplotlib.collections import PolyCollection
from scipy import stats

from trustsem import charts
from trustsem.charts.responses import scale_colors
from trustsem.errors import PlanError


def marks(axes, shape="o"):
    """Return the points drawn with one mark, as (x, filled) from the top down."""
    found = [
        line
        for line in axes.get_lines()
        if line.get_marker() == shape and line.get_clip_on() is False
    ]
    return [(line.get_xdata()[0], line.get_markerfacecolor()) for line in found]


def whiskers(axes):
    """Return the ends of the intervals."""
    lines = [line for line in axes.get_lines() if line.get_linestyle() == "-"]
    level = [
        line for line in lines if len(set(line.get_ydata())) == 1 and len(line.get_xdata()) == 2
    ]
    return [tuple(line.get_xdata()) for line in level]


def texts(axes):
    return [text for text, _ in boxes(axes)]


def test_a_forest_shows_every_loading_with_its_interval_and_marks_low_ones():
    table = loadings("usual")
    axes = on_page(charts.loadings_chart(table, labels=names("usual")[1]))
    points = marks(axes)
    assert [x for x, _ in points] == table["std_all"].tolist()
    assert [color == "#1a1a1a" for _, color in points] == (table["std_all"] >= 0.5).tolist()
    expected = list(zip(table["std_ci_lower"], table["std_ci_upper"], strict=True))
    assert whiskers(axes) == [(lower, min(upper, 1.0)) for lower, upper in expected]
    first = table.iloc[0]
    assert f"{first['std_all']:.2f}".removeprefix("0") in texts(axes)
    assert {"λ", "95% CI", ".50", ".70", "Buyer trust", "it1"} <= set(texts(axes))


def test_a_forest_says_in_words_which_loadings_are_low():
    table = loadings("usual")
    low = table[table["std_all"] < 0.5]
    chart = charts.loadings_chart(table, intervals="bootstrap BCa")
    assert f"{low['item'].iloc[0]} {low['std_all'].iloc[0]:.2f}".replace(" 0.", " .") in (
        chart.description
    )
    assert "95% bootstrap BCa intervals" in chart.note
    assert "Hollow: below .50" in chart.note
    high = table.assign(std_all=0.8)
    assert "Hollow" not in charts.loadings_chart(high).note


def test_an_interval_beyond_the_axis_ends_in_an_arrow():
    table = pd.DataFrame(
        {"block": "Paths", "code": "", "path": ["a -> b", "a -> c"], "std": [0.2, 0.3],
         "std_ci_lower": [0.1, -40.0], "std_ci_upper": [0.3, 40.0], "filled": True}
    )  # fmt: skip
    axes = on_page(charts.paths_chart(table))
    assert max(axes.get_xlim()) < 2
    assert {line.get_marker() for line in axes.get_lines()} >= {"<", ">"}


def test_paths_stand_in_blocks_with_hollow_marks_for_what_is_not_supported():
    table = paths("usual")
    chart = charts.paths_chart(table)
    axes = on_page(chart)
    points = marks(axes)
    assert [x for x, _ in points] == table["std"].tolist()
    assert [color == "#1a1a1a" for _, color in points] == table["filled"].tolist()
    assert {"Hypotheses", "Indirect effects", "H1"} <= set(texts(axes))
    assert "Hollow: not supported" in chart.note
    assert "H1 Buyer trust → Information sharing" in chart.description


def test_groups_are_drawn_beside_each_other_with_the_test_of_their_difference():
    table = group_paths("usual", groups=("a", "b", "c"))
    chart = charts.groups_chart(
        table, labels=names("usual")[1], hypotheses={("c0", "c1"): "H1"}, by="size"
    )
    axes = on_page(chart)
    shown = {shape: [x for x, _ in marks(axes, shape)] for shape in "os^"}
    for group, shape in zip("abc", "os^", strict=True):
        assert table.loc[table["group"] == group, "est"].tolist() == [
            x for x in shown[shape] if x != 0.0
        ]
    assert {"a", "b", "c", "H1", "p (Δ)"} <= set(texts(axes))
    one = table[table["group"] == "a"].iloc[0]
    ends = (one["est"] - 1.959964 * one["se"], one["est"] + 1.959964 * one["se"])
    assert whiskers(axes)[0] == pytest.approx(ends)


def test_a_group_without_a_path_has_no_mark():
    table = group_paths("usual").iloc[:-1]
    chart = charts.groups_chart(table)
    axes = on_page(chart)
    assert np.isnan(chart.rows[-1].marks[1].value)
    drawn = [[x for x, _ in marks(axes, shape) if x != 0.0] for shape in "os"]
    assert [len(points) for points in drawn] == [6, 5]


def test_the_residual_map_holds_the_lower_triangle_in_the_order_of_the_constructs():
    items_of, labels = names("usual")
    raw, z = residuals("usual")
    shuffled = list(reversed(raw.index))
    chart = charts.residuals_chart(
        raw.loc[shuffled, shuffled], z.loc[shuffled, shuffled], items_of, labels=labels
    )
    axes = on_page(chart)
    (cells,) = [item for item in axes.collections if isinstance(item, PolyCollection)]
    rows, columns = np.tril_indices(25, -1)
    assert cells.get_array().tolist() == raw.to_numpy()[rows, columns].tolist()
    flagged = np.abs(z.to_numpy()[rows, columns]) > 2.58
    signs = [text for text in texts(axes) if text in ("+", "−")]
    assert len(signs) == flagged.sum()
    assert f"{flagged.sum()} exceed 2.58" in chart.description


def test_the_residual_map_prints_numbers_where_cells_hold_them():
    raw, z = residuals("usual")
    few = list(raw.index[:8])
    chart = charts.residuals_chart(
        raw.loc[few, few], z.loc[few, few], {"c0": few[:4], "c1": few[4:]}, width=190
    )
    printed = [text for text in texts(on_page(chart)) if "." in text and len(text) < 5]
    assert len(printed) == 28


def test_the_construct_map_has_r_below_htmt_above_and_the_root_of_ave_between():
    R, ave, ratios, labels = constructs_matrices(4)
    chart = charts.correlations_chart(R, ave, ratios, labels=labels)
    shown = chart.values
    below = np.tril_indices(4, -1)
    assert shown[below].tolist() == R.to_numpy()[below].tolist()
    assert shown.T[below].tolist() == ratios.to_numpy()[below].tolist()
    assert np.diag(shown) == pytest.approx(np.sqrt(ave))
    assert chart.flags[1, 0]
    assert chart.flags[0, 1]
    assert chart.flags.sum() == 2
    assert "HTMT not below .85" in chart.note
    printed = texts(on_page(chart))
    assert printed.count(".93") == 2
    assert "1. Buyer trust" in printed


def test_a_construct_without_ave_or_htmt_leaves_its_cells_empty():
    R, ave, ratios, _ = constructs_matrices(3)
    ave["c2"] = np.nan
    ratios.loc["c2"] = np.nan
    chart = charts.correlations_chart(R, ave, ratios)
    assert np.isnan(chart.values[2, 2])
    assert np.isnan(chart.values[0, 2])
    on_page(chart)


def test_bootstrap_ridges_have_estimate_and_interval():
    table, values = draws(paths("usual"))
    chart = charts.bootstrap_chart(table, values, intervals="BCa")
    axes = on_page(chart)
    assert [line.get_xdata()[0] for line in axes.get_lines() if line.get_marker() == "o"] == (
        table["est"].tolist()
    )
    thick = [tuple(line.get_xdata()) for line in axes.get_lines() if line.get_linewidth() > 1.5]
    assert thick == list(zip(table["ci_lower"], table["ci_upper"], strict=True))
    assert "95% BCa interval" in chart.note
    assert "400 resamples" in chart.note


def test_a_density_is_one_and_that_of_a_normal_sample_is_normal():
    grid, height = charts.density(np.random.default_rng(1).normal(size=20_000))
    assert np.trapezoid(height, grid) == pytest.approx(1.0, abs=0.002)
    assert height == pytest.approx(stats.norm.pdf(grid), abs=0.02)


def test_a_density_leaves_out_draws_that_do_not_exist():
    sample = np.random.default_rng(2).normal(size=300)
    holes = np.concatenate([sample, [np.nan] * 10])
    assert charts.density(holes)[1].tolist() == charts.density(sample)[1].tolist()
    assert np.isfinite(charts.density(np.full(5, 0.3))[1]).all()


def test_bars_add_up_to_all_answers_and_diverge_from_the_middle():
    table = answers("usual")
    chart = charts.likert_chart(table, labels=names("usual")[1])
    axes = on_page(chart)
    for bar in chart.bars:
        assert sum(bar.percents) == pytest.approx(100)
        assert sum(bar.sides) == pytest.approx(100)
    first = table[table["item"] == "it1"]["percent"].tolist()
    widths = [patch.get_width() for patch in axes.patches[:7]]
    assert widths == pytest.approx(first)
    middle = axes.patches[3]
    assert middle.get_x() + middle.get_width() / 2 == pytest.approx(0.0)
    assert chart.scale[0] == "1 Strongly disagree"
    assert chart.scale[1] == "2"


def test_the_scale_has_the_names_that_most_items_give_it():
    table = answers("usual")
    turned = table["item"] == "it4"
    table.loc[turned, "label"] = table.loc[turned, "label"].to_numpy()[::-1]
    chart = charts.likert_chart(table)
    assert chart.scale[-1] == "7 Strongly agree"
    assert "turned items: it4" in chart.note
    half = table["item"].str[2:].astype(int) % 2 == 0
    table.loc[half, "label"] = table.loc[half, "label"] + "!"
    assert charts.likert_chart(table).scale == tuple("1234567")


def test_an_even_scale_has_no_middle():
    chart = charts.likert_chart(answers("usual", scale=6))
    bar = chart.bars[0]
    assert bar.sides == pytest.approx((sum(bar.percents[:3]), sum(bar.percents[3:])))
    assert len(set(scale_colors(6))) == 6
    assert len(set(scale_colors(2))) == 2


def test_answers_that_nobody_gave_keep_their_place_on_a_declared_scale():
    table = answers("two items").query("answer < 6")
    table = table.assign(
        percent=table["percent"] / table.groupby("item")["percent"].transform("sum") * 100
    )
    chart = charts.likert_chart(table, scales={"it1": (1, 7), "it2": (1, 7)})
    assert chart.bars[0].percents[5:] == (0.0, 0.0)


def test_items_that_are_not_rated_are_named_or_refused():
    table = answers("usual")
    odd = pd.DataFrame(
        {"item": "size", "construct": "c0", "answer": [1.5, 20.0], "label": "", "n": 1,
         "percent": 50.0}
    )  # fmt: skip
    chart = charts.likert_chart(pd.concat([table, odd]))
    assert "not on a rating scale: size" in chart.note
    with pytest.raises(PlanError, match="rating scale"):
        charts.likert_chart(odd)


def test_scales_that_differ_share_a_legend_of_their_ends():
    table = pd.concat(
        [answers("two items"), answers("two items", scale=5).assign(item="x", construct="d")]
    )
    table.loc[table["item"] == "x", "percent"] /= 2
    chart = charts.likert_chart(table)
    assert chart.scale == ()
    assert {"lowest answer", "highest answer"} <= set(texts(on_page(chart)))


def test_missing_cells_are_those_of_the_patterns_the_most_frequent_first():
    items_of, labels = names("usual")
    table = patterns("usual")
    shuffled = table.sample(frac=1, random_state=1)
    chart = charts.missing_chart(shuffled, items_of, labels=labels, width=190)
    axes = on_page(chart)
    (dark,) = [item for item in axes.collections if item.get_label() == "missing"]
    cells = table.drop(columns=["n", "percent"]).to_numpy()[: chart.n_shown]
    assert len(dark.get_paths()) == cells.sum()
    assert list(chart.counts) == table["n"].tolist()
    assert dict(zip(chart.items, chart.item_counts, strict=True))["it1"] == (
        table["n"][table["it1"]].sum()
    )
    assert f"180 of {table['n'].sum()} cases are complete" in chart.description
    assert str(len(table) - chart.n_shown) in chart.note


def test_without_missing_answers_there_is_no_pattern():
    items_of, _ = names("usual")
    table = patterns("usual").iloc[:1]
    with pytest.raises(PlanError, match="likert"):
        charts.missing_chart(table, items_of)


def test_distances_stand_against_the_quantiles_of_chi_square():
    table = distances()
    chart = charts.mahalanobis_chart(table)
    n = len(table)
    assert chart.distances.tolist() == sorted(table["d2"])
    assert chart.expected == pytest.approx(stats.chi2.ppf((np.arange(1, n + 1) - 0.5) / n, 25))
    assert chart.limit == pytest.approx(stats.chi2.isf(0.001, 25))
    unusual = table[table["pvalue"] < 0.001]["case"].astype(str)
    assert set(unusual) <= set(texts(on_page(chart)))
    assert f"{len(unusual)} exceed" in chart.description


def test_the_band_holds_normal_distances_as_often_as_it_says():
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(40):
        d2 = rng.chisquare(10, size=100)
        table = pd.DataFrame({"case": range(100), "d2": d2, "df": 10,
                              "pvalue": stats.chi2.sf(d2, 10)})  # fmt: skip
        chart = charts.mahalanobis_chart(table)
        inside.append((chart.distances > chart.lower) & (chart.distances < chart.upper))
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


def test_distances_from_fewer_answers_are_drawn_at_equal_probability():
    table = distances().astype({"df": int})
    fewer = float(stats.chi2.isf(0.2, 20))
    table.loc[0, ["d2", "df", "pvalue"]] = [fewer, 20, 0.2]
    chart = charts.mahalanobis_chart(table)
    assert np.isclose(chart.distances, stats.chi2.isf(0.2, 25)).any()
    assert "equal probability" in chart.note


def test_without_distances_nothing_is_drawn():
    with pytest.raises(PlanError, match="raw data"):
        charts.mahalanobis_chart(distances().iloc[:0])


def test_modification_indices_are_drawn_by_kind_and_the_largest_named():
    table = modifications("usual")
    chart = charts.modification_chart(table, width=190)
    axes = on_page(chart)
    drawn = {
        shape: np.concatenate(
            [line.get_ydata() for line in axes.get_lines() if line.get_marker() == shape]
        )
        for shape in ("o", "d")
    }
    for op, shape in (("=~", "o"), ("~~", "d")):
        expected = np.sort(table.loc[table["op"] == op, "mi"])
        assert set(expected) <= set(drawn[shape].tolist())
    largest = table.sort_values("mi").iloc[-1]
    arrow = "↔" if largest["op"] == "~~" else "→"
    assert f"{largest['lhs']} {arrow} {largest['rhs']}" in texts(axes)
    assert chart.marked.sum() == table["decision"].eq("misspecified").sum()


def test_without_decisions_significant_indices_are_marked():
    table = modifications("usual").drop(columns="decision")
    chart = charts.modification_chart(table)
    assert chart.marked.sum() == (table["mi"] > 3.84).sum()
    with pytest.raises(PlanError, match="left out"):
        charts.modification_chart(table.iloc[:0])


def test_the_ladder_shows_each_index_and_hollow_levels_that_fail():
    table = levels()
    chart = charts.invariance_chart(table, by="school")
    axes = on_page(chart)
    for panel, name in zip(axes.child_axes, ("cfi", "rmsea", "srmr"), strict=True):
        points = [line for line in panel.get_lines() if line.get_marker() == "o"]
        assert [line.get_xdata()[0] for line in points] == table[name].tolist()
        assert [line.get_markerfacecolor() == "#1a1a1a" for line in points] == [
            True, True, False, True, False,
        ]  # fmt: skip
    assert ".882" in texts(axes)
    assert "scalar (rejected): CFI .882" in chart.description


def test_both_charts_of_an_interaction_stand_on_one_page():
    chart = slopes()
    axes = on_page(chart)
    lines, region = axes.child_axes
    assert [np.ptp(line.get_ydata()) / 4 / 0.8 for line in lines.get_lines()] == pytest.approx(
        [0.23, 0.4, 0.57]
    )
    assert region.get_lines()[0].get_ydata().tolist() == chart.slope.tolist()
    assert "−1 SD: 0.23" in chart.description
