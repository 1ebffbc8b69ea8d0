"""What is written: the same bytes every time, safe text, figures that can share a page."""

from __future__ import annotations

import base64
import re
import struct
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pandas as pd
import pytest
from chart_data import FOREIGN, HOSTILE, all_charts, ids, loadings, names, on_page, paths
from matplotlib.figure import Figure

import trustsem as ts
from trustsem import charts
from trustsem.charts.plot import Plots, Plotted
from trustsem.errors import OutputError, UnknownOptionError

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
KINDS = tuple(all_charts("two items", 140))


@pytest.fixture(scope="module")
def every():
    return all_charts("usual", 140)


@pytest.fixture(scope="module")
def forest():
    return charts.loadings_chart(loadings("usual"), labels=names("usual")[1])


@pytest.mark.parametrize("kind", KINDS)
def test_an_svg_says_what_it_is_and_shows_and_how_large(every, kind):
    chart = every[kind]
    root = ET.fromstring(chart.svg())  # noqa: S314  # own output
    title, description = list(root)[:2]
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == chart.title
    assert len(description.text) > 60
    assert root.get("width") == "140mm"
    assert "\n" not in description.text


@pytest.mark.parametrize("kind", KINDS)
def test_ids_begin_with_the_prefix_and_all_references_resolve(every, kind):
    text = every[kind].svg(prefix="fig 1")
    known = ids(text)
    assert len(set(known)) == len(known)
    assert all(name.startswith("fig-1") for name in known)
    used = re.findall(r"url\(#([^)]+)\)", text) + [
        element.get(XLINK).removeprefix("#")
        for element in ET.fromstring(text).iter()  # noqa: S314  # own output
        if element.get(XLINK)
    ]
    assert set(used) <= set(known)


def test_charts_can_share_a_page_with_each_other_and_leave_its_style_alone(every):
    pages = [chart.svg() for chart in every.values()]
    known = [name for page in pages for name in ids(page)]
    assert len(set(known)) == len(known)
    for page in pages:
        for rule in re.findall(r"<style[^>]*>(.*?)</style>", page, re.DOTALL):
            assert rule.lstrip().startswith("#")
        assert "<?xml" not in page
        assert "<metadata" not in page
        assert page.startswith("<svg")


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
@pytest.mark.parametrize("kind", ["loadings", "residuals", "modification", "invariance"])
def test_files_have_the_same_bytes_every_time(every, kind, suffix, tmp_path):
    first = every[kind].save(tmp_path / f"a{suffix}").read_bytes()
    again = all_charts("usual", 140)[kind] if suffix == ".svg" else every[kind]
    assert first == again.save(tmp_path / f"b{suffix.upper()}").read_bytes()
    assert b"Date" not in first
    assert b"atplotlib v" not in first


def test_user_settings_of_matplotlib_change_nothing(forest):
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert (
            forest.svg() == charts.loadings_chart(loadings("usual"), labels=names("usual")[1]).svg()
        )


def test_text_stays_text_in_the_fonts_of_all_figures(forest, tmp_path):
    root = ET.fromstring(forest.svg())  # noqa: S314  # own output
    shown = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert {"Buyer trust", "it1", "Standardised loading"} <= set(shown)
    assert all("Arial, Helvetica" in text.get("style") for text in root.iter(f"{SVG}text"))
    content = forest.save(tmp_path / "forest.pdf").read_bytes()
    assert b"/Type3" not in content


def test_a_png_has_its_size_and_resolution(forest, tmp_path):
    content = forest.save(tmp_path / "forest.png", dpi=100).read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert (width, height) == pytest.approx([side / 25.4 * 100 for side in forest.size], abs=2)


def test_saving_says_what_is_wrong(forest, tmp_path):
    with pytest.raises(UnknownOptionError, match="figure format"):
        forest.save(tmp_path / "forest.gif")
    with pytest.raises(OutputError, match="cannot be written"):
        forest.save(tmp_path / "missing" / "forest.svg")


def test_a_notebook_gets_svg_and_png(forest):
    bundle = forest._repr_mimebundle_()
    assert bundle["image/svg+xml"] == forest.svg() == forest._repr_svg_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["text/plain"] == repr(forest)
    assert "140 x" in repr(forest)
    assert set(forest._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}


@pytest.mark.parametrize(
    "text", [HOSTILE, FOREIGN, "$x$ and $y$", "a_b^c\\frac{1}{2}", "", "—" * 90]
)
def test_labels_come_out_as_text(text, tmp_path):
    items_of, _ = names("two items")
    labels = dict.fromkeys(items_of, text)
    in_frame = text.replace("\ud800", "")  # columns of text hold no lone surrogates
    table = loadings("two items").assign(label=in_frame)
    effects = paths("two items").assign(path=f"{in_frame} -> {in_frame}")
    for chart in (
        charts.loadings_chart(table, labels=labels),
        charts.paths_chart(effects),
        charts.groups_chart(
            pd.DataFrame({"predictor": "c0", "outcome": "c1", "group": [in_frame, "b"],
                          "est": 0.2, "se": 0.1}), labels=labels,
        ),
    ):  # fmt: skip
        svg = chart.svg()
        root = ET.fromstring(svg)  # noqa: S314  # own output
        svg.encode()
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg", "title", "desc", "g", "path", "text", "defs", "style", "clipPath", "rect", "use",
        }  # fmt: skip
        assert "<script" not in svg
    chart.save(tmp_path / "label.png", dpi=50)
    chart.save(tmp_path / "label.pdf")
    if "$x$" in text:
        assert "$x$ and $y$" in svg


def test_ids_inside_labels_stay_as_they_were_written():
    label = 'see id="patch_1" and url(#m1)'
    svg = charts.loadings_chart(loadings("two items"), labels={"c0": label}).svg()
    shown = ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314
    assert label in shown


def test_a_chart_can_be_drawn_into_given_axes_and_leaves_the_note_out(forest):
    figure = Figure(figsize=(6, 8), layout="constrained")
    axes = figure.add_subplot()
    assert forest.draw_into(axes) is axes
    assert len(figure.axes) == 1
    assert not figure.texts
    figure.canvas.draw()


def test_new_axes_have_the_size_of_the_chart(forest):
    mpl.use("agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415  # closes what was opened

    axes = forest.draw_into()
    figure = axes.get_figure()
    assert figure.get_figwidth() * 25.4 == pytest.approx(140.0, abs=0.01)
    assert forest.note.split()[0] in figure.texts[0].get_text()
    plt.close(figure)


def test_marks_differ_without_colour(every):
    axes = on_page(every["groups"])
    fills = {
        (line.get_marker(), line.get_markerfacecolor())
        for line in axes.get_lines()
        if line.get_marker() in "os"
    }
    assert fills == {("o", "#1a1a1a"), ("s", "#ffffff")}


def test_the_style_holds_inside_and_ends_outside():
    before = mpl.rcParams["font.size"]
    with ts.style():
        assert mpl.rcParams["svg.fonttype"] == "none"
        assert mpl.rcParams["text.parse_math"] is False
        assert 7 <= mpl.rcParams["xtick.labelsize"] <= mpl.rcParams["font.size"] <= 9
    assert mpl.rcParams["font.size"] == before


class Made(Plots):
    """Plots of nothing, to try how plots are reached."""

    @Plotted
    def loadings(self, *, width="140mm"):
        """Forest of something.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        return charts.loadings_chart(loadings("usual"), width=width)


def test_a_plot_is_called_for_axes_and_asked_for_its_chart(tmp_path):
    plots = Made()
    axes = Figure().add_subplot()
    assert plots.loadings(axes) is axes
    assert plots.loadings(ax=axes, width="90mm") is axes
    assert plots.loadings.chart(width=90).size[0] == 90
    assert plots.loadings.save(tmp_path / "a.svg", width=90).is_file()
    assert plots.available() == ("loadings",)


def test_a_plot_tells_its_options_and_refuses_others():
    plots = Made()
    assert ".loadings()  Forest of something." in repr(plots)
    assert "width" in repr(plots.loadings)
    assert "Final width." in plots.loadings.__doc__
    with pytest.raises(UnknownOptionError, match="Did you mean 'width'"):
        plots.loadings.chart(widht=90)
