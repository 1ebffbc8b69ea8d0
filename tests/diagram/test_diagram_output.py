"""What is written: SVG that is well-formed and safe, PNG and PDF that are the same every time."""

from __future__ import annotations

import base64
import io
import re
import struct
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from diagram_models import GRAPHS, HYPOTHESES, LABELS, buyer_trust
from matplotlib import image
from matplotlib.figure import Figure

from trustsem.diagram import Edge, Node, PathGraph, draw, graph_from_parameters
from trustsem.diagram.text import printable, text_width, wrap
from trustsem.errors import OutputError, UnknownOptionError

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('x')</script> & \"quotes\" \x00\x07\x1b\ud800\ufffe ]]> <!-- \u202e"


@pytest.fixture(scope="module")
def figure():
    table = buyer_trust()
    return draw(graph_from_parameters(table, labels=LABELS, hypotheses=HYPOTHESES))


@pytest.mark.parametrize(
    "name", ["six constructs, full", "foreign labels", "control box", "two waves, measurement"]
)
def test_svg_is_well_formed_and_keeps_text_as_text(name):
    figure = draw(GRAPHS[name]())
    root = ET.fromstring(figure.svg())  # noqa: S314  # own output
    printed = {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}
    assert {edge.text for edge in figure.graph.edges} - {""} <= printed


def test_svg_has_size_role_title_and_description(figure):
    root = ET.fromstring(figure.svg())  # noqa: S314  # own output
    assert root.get("role") == "img"
    assert root.get("width") == "190mm"
    assert root.get("font-family").startswith("Arial, Helvetica")
    title, description = list(root)[:2]
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "Structural model"
    assert "Buyer trust to Information sharing (H1: .54***)" in description.text


def test_arrows_tell_the_whole_estimate(figure):
    root = ET.fromstring(figure.svg())  # noqa: S314  # own output
    tips = [
        group.findtext(f"{SVG}title")
        for group in root.iter(f"{SVG}g")
        if group.get("class") == "edge path"
    ]
    assert tips[0] == (
        "Buyer trust → Information sharing (H1): estimate 0.540, SE 0.050, "
        "95% CI [0.440, 0.640], p < .001, standardized 0.540"
    )


def test_figures_can_share_a_page(figure):
    other = draw(GRAPHS["chain of three"]())
    ids = [re.findall(r' id="([^"]+)"', text) for text in (figure.svg(), other.svg())]
    assert all(len(set(names)) == len(names) for names in ids)
    assert not set(ids[0]) & set(ids[1])
    assert 'id="mine-edge-1"' in figure.svg(prefix="mine")
    assert 'id="f1-x-edge-1"' in figure.svg(prefix="1 x")


def test_hostile_labels_do_no_harm(tmp_path):
    nodes = (Node(HOSTILE, "construct", printable(HOSTILE)), Node("b", "observed", HOSTILE))
    edge = Edge(HOSTILE, "b", "path", HOSTILE, tooltip=HOSTILE, hypothesis='"><g onload="x">')
    figure = draw(PathGraph(nodes, (edge,), note=HOSTILE, title=HOSTILE))
    text = figure.svg()
    root = ET.fromstring(text)  # noqa: S314  # own output
    assert "<script" not in text
    assert not [e for e in root.iter() if e.tag.endswith("script") or e.get("onload")]
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "style", "g", "rect", "ellipse", "path", "text", "tspan",
    }  # fmt: skip
    text.encode()
    figure.save(tmp_path / "hostile.svg")
    assert draw(GRAPHS["foreign labels"](), title=HOSTILE).svg().count("<script") == 0


def test_png_is_rendered_at_its_resolution(figure, tmp_path):
    path = figure.save(tmp_path / "figure.png", dpi=100)
    content = path.read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    metrics = figure.metrics()
    assert (width, height) == pytest.approx(
        (metrics["width_mm"] / 25.4 * 100, metrics["height_mm"] / 25.4 * 100), abs=2
    )
    pixels = image.imread(io.BytesIO(content))[..., :3].mean(axis=2)
    ink = pixels < 0.5
    assert 0.01 < ink.mean() < 0.2
    assert min(pixels[0].min(), pixels[-1].min(), pixels[:, 0].min(), pixels[:, -1].min()) == 1.0
    for mark in figure.scene.marks:
        if mark.kind == "node":
            box = mark.outline.box
            scale = 100 / 72
            rows = slice(int(box.top * scale), int(box.bottom * scale))
            columns = slice(int(box.left * scale), int(box.right * scale))
            assert ink[rows, columns].any()


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_files_have_the_same_bytes_every_time(figure, tmp_path, suffix):
    first = figure.save(tmp_path / f"a{suffix}").read_bytes()
    assert first == figure.save(tmp_path / f"b{suffix.upper()}").read_bytes()
    assert b"Date" not in first


def test_pdf_embeds_text_as_truetype(figure, tmp_path):
    content = figure.save(tmp_path / "figure.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/Type0" in content or b"/TrueType" in content
    assert b"/Type3" not in content


def test_saving_says_what_is_wrong(figure, tmp_path):
    with pytest.raises(UnknownOptionError, match="figure format"):
        figure.save(tmp_path / "figure.gif")
    with pytest.raises(UnknownOptionError, match="figure format"):
        figure.save(tmp_path / "figure")
    with pytest.raises(OutputError, match="cannot be written"):
        figure.save(tmp_path / "missing" / "figure.svg")


def test_a_figure_can_be_drawn_into_given_axes(figure):
    canvas = Figure(figsize=(4, 3))
    axes = canvas.add_subplot()
    assert figure.to_axes(axes) is axes
    assert {"Buyer trust", "H1: .54***"} <= {text.get_text() for text in axes.texts}
    assert max(text.get_fontsize() for text in axes.texts) < 6


def test_new_axes_have_the_size_of_the_figure(figure):
    mpl.use("agg")
    axes = figure.to_axes()
    assert axes.get_figure().get_figwidth() * 25.4 == pytest.approx(190.0, abs=0.01)
    import matplotlib.pyplot as plt  # noqa: PLC0415  # closes what was opened

    plt.close(axes.get_figure())


def test_notebooks_get_svg_and_png(figure):
    bundle = figure._repr_mimebundle_()
    assert bundle["image/svg+xml"] == figure.svg() == figure._repr_svg_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert list(figure._repr_mimebundle_(include=["image/svg+xml"])) == ["image/svg+xml"]
    assert "190 x" in repr(figure)


def test_letters_that_no_font_has_give_no_warning(tmp_path):
    figure = draw(GRAPHS["foreign labels"]())
    assert figure.save(tmp_path / "foreign.png", dpi=60).stat().st_size > 1000


def test_measured_widths_are_those_of_the_font():
    from matplotlib.textpath import TextPath  # noqa: PLC0415  # slow to import

    for text in ("Customer satisfaction & retention", "H10: −.40***", "Доверие покупателя"):
        drawn = np.ptp(TextPath((0, 0), f"|{text}|", size=100, prop="DejaVu Sans").vertices[:, 0])
        assert text_width(f"|{text}|", 100) == pytest.approx(drawn, rel=0.03)


def test_wide_letters_take_one_em_and_marks_none():
    assert text_width("信任", 10) == 20.0
    assert text_width("e\u0301", 10) == text_width("e", 10)
    assert text_width("", 10) == 0.0


def test_lines_break_at_words_and_between_east_asian_letters():
    assert wrap("Customer satisfaction & retention", 10, 90) == (
        "Customer",
        "satisfaction &",
        "retention",
    )
    assert wrap("供应商信任", 10, 21) == ("供应", "商信", "任")
    long = wrap("Donaudampfschifffahrtsgesellschaft", 10, 90)
    assert all(text_width(line, 10) <= 90 for line in long)
    assert "".join(long).replace("-", "") == "Donaudampfschifffahrtsgesellschaft"
    assert wrap("", 10, 50) == ("",)


def test_labels_become_one_printable_line():
    assert printable(" a\tb\n c\x00 ") == "a b c"
    assert printable("x\ud800y") == "x\N{REPLACEMENT CHARACTER}y"
    assert len(printable("word " * 100)) <= 120
