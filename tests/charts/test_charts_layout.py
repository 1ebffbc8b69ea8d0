"""Charts on a page: of the width asked for, no taller than a page, no text over another."""

from __future__ import annotations

import pytest
from chart_data import (
    LABELS,
    SIZES,
    WIDTHS,
    all_charts,
    boxes,
    loadings,
    names,
    on_page,
    outside,
    overlaps,
    paths,
)

from trustsem import charts
from trustsem.charts.labels import bounded, fitted, shortened, ticks
from trustsem.diagram.text import text_width
from trustsem.errors import TrustsemError

KINDS = (
    "loadings", "paths", "groups", "residuals", "correlations", "bootstrap", "likert", "missing",
    "mahalanobis", "modification", "invariance", "slopes", "influence", "fragility",
)  # fmt: skip
PAGES = [(size, width) for size in SIZES for width in (90, 190)] + [("usual", 140)]


@pytest.fixture(scope="module")
def drawn():
    """Return every chart of every size on the narrowest and the widest page, made once."""
    return {(size, width): all_charts(size, width) for size in SIZES for width in WIDTHS}


@pytest.mark.parametrize(("size", "width"), PAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_text_covers_another_or_leaves_the_page(drawn, kind, size, width):
    axes = on_page(drawn[size, width][kind])
    shown = boxes(axes)
    assert len(shown) > 3
    assert overlaps(shown) == []
    assert outside(axes, shown) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("size", SIZES)
def test_a_chart_has_the_width_asked_for_and_fits_on_a_page(drawn, size, width):
    for chart in drawn[size, width].values():
        assert chart.size[0] == pytest.approx(width, abs=0.05)
        assert chart.size[1] <= 247.1


def test_wordings_stand_beside_items_only_where_they_are_readable(drawn):
    wording = loadings("usual")["label"].iloc[0]

    def has_wording(width):
        texts = [text for text, _ in boxes(on_page(drawn["usual", width]["loadings"]))]
        return any(text.startswith(wording[:20]) for text in texts)

    assert has_wording(190)
    assert not has_wording(90)


def test_an_item_without_a_wording_is_named_once():
    table = loadings("usual")
    bare = charts.loadings_chart(table.assign(label=table["item"]), width=190)
    texts = [text for text, _ in boxes(on_page(bare))]
    assert [texts.count(item) for item in table["item"]] == [1] * len(table)


def test_names_may_be_very_long():
    items_of, _ = names("usual")
    longest = {name: f"{label}, as seen by both sides of it " * 4
               for name, label in zip(items_of, LABELS, strict=False)}  # fmt: skip
    table = paths("usual")
    table["path"] = [" -> ".join([longest["c0"], longest["c1"]])] * len(table)
    for chart in (
        charts.loadings_chart(loadings("usual"), labels=longest, width=90),
        charts.paths_chart(table, width=90),
    ):
        axes = on_page(chart)
        shown = boxes(axes)
        assert overlaps(shown) == []
        assert outside(axes, shown) == []


@pytest.mark.parametrize("width", ["wide", 5, -90, float("nan"), "90cm"])
def test_what_is_no_width_is_refused(width):
    with pytest.raises(TrustsemError, match="figure width"):
        charts.loadings_chart(loadings("usual"), width=width)


@pytest.mark.parametrize(
    ("low", "high", "most", "printed"),
    [
        (0.0, 1.0, 3, ["0", ".5", "1.0"]),
        (-0.3, 0.3, 7, ["−.3", "−.2", "−.1", "0", ".1", ".2", ".3"]),
        (0.0, 60.0, 4, ["0", "20", "40", "60"]),
        (0.87, 0.93, 4, [".88", ".90", ".92"]),
        (-2.0, 2.0, 5, ["−2", "−1", "0", "1", "2"]),
    ],
)
def test_ticks_are_round_and_as_many_as_have_room(low, high, most, printed):
    values, texts = ticks(low, high, most)
    assert texts == printed
    assert len(values) <= most
    assert all(low <= value <= high for value in values)


def test_numbers_have_no_leading_zero_and_a_true_minus():
    assert bounded(-0.123) == "−.12"
    assert bounded(1.0) == "1.00"


def test_what_does_not_fit_is_cut_with_an_ellipsis():
    lines = fitted("Customer satisfaction and retention of the outsourcing firm", 8, 90, 2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert all(text_width(line, 8) <= 90 for line in lines)
    assert shortened("trust", 8, 90) == "trust"
