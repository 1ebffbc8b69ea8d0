"""Writes a scene in the language of Graphviz, for those who want to go on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustsem.diagram.scene import BLACK, Ellipse, Mark, Path, Rect, Scene
from trustsem.diagram.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trustsem.diagram.graph import Edge, PathGraph

_PER_INCH = 72.0
_FONT = "Arial"


def dot_text(scene: Scene, groups: Mapping[str, PathGraph] | None = None) -> str:
    """Write nodes and edges of a scene, with their places and labels.

    Parameters
    ----------
    scene : Scene
        The figure.
    groups : mapping of str to PathGraph, optional
        The graph of each group (of the label ``""`` where there are none): edges that the figure
        prints in a table or a note are edges here.

    Returns
    -------
    str
        The same for the same scene. ``neato -n2`` keeps the places, ``dot`` makes its own.
    """
    lines = [
        "digraph {",
        f'  graph [rankdir=LR, splines=true, fontname="{_FONT}", {_caption(scene)}];',
        f'  node [fixedsize=true, fontname="{_FONT}"];',
        f'  edge [fontname="{_FONT}"];',
    ]
    labels = {mark.owner: mark for mark in scene.marks if mark.kind == "label" and mark.owner}
    places = {
        label: number
        for number, label in enumerate(
            dict.fromkeys(
                dict(mark.data).get("group", "") for mark in scene.marks if mark.kind == "node"
            ),
            1,
        )
    }
    for label, number in places.items():
        inside = [mark for mark in scene.marks if dict(mark.data).get("group", "") == label]
        prefix = f"g{number} " if label else ""
        statements = [_node(mark, scene, prefix) for mark in inside if mark.kind == "node"]
        edges = [mark for mark in inside if mark.kind == "edge"]
        for mark in edges:
            statements += _edge(mark, labels.get(mark.id), scene, prefix)
        if groups and label in groups:
            statements += _undrawn(groups[label].edges, edges, prefix)
        if label:
            lines.append(f"  subgraph cluster_{number} {{")
            lines.append(f"    label={_quoted(label)};")
            lines += [f"    {statement}" for statement in statements]
            lines.append("  }")
        else:
            lines += [f"  {statement}" for statement in statements]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(*lines: str) -> str:
    """Return lines as one quoted string of the language."""
    escaped = [
        one_line(line).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
        for line in lines
    ]
    return '"' + "\\n".join(escaped) + '"'


def _caption(scene: Scene) -> str:
    """Return the note of the figure as the label of the graph."""
    notes = [text.content for m in scene.marks if m.kind == "note" for text in m.texts]
    return f"label={_quoted(*notes)}, labelloc=b, tooltip={_quoted(scene.title)}"


def _at(scene: Scene, x: float, y: float) -> str:
    """Return a place, y upwards."""
    return f'pos="{x:.2f},{scene.height - y:.2f}!"'


def _node(mark: Mark, scene: Scene, prefix: str) -> str:
    """Write a node."""
    shape = mark.shapes[0]
    if not isinstance(shape, Ellipse | Rect):
        raise TypeError(f"The mark {mark.id} has no outline.")
    outline, pen = mark.outline, shape.pen
    style = ["filled"] + (["dashed"] if pen.dash else [])
    facts = [
        f"label={_quoted(*(text.content for text in mark.texts))}",
        f"shape={'ellipse' if outline.is_round else 'box'}",
        _at(scene, outline.x, outline.y),
        f"width={2 * outline.rx / _PER_INCH:.3f}",
        f"height={2 * outline.ry / _PER_INCH:.3f}",
        f'style="{",".join(style)}"',
        f'fillcolor="{pen.fill or "#ffffff"}"',
        f'color="{pen.stroke or BLACK}"',
        f"penwidth={pen.width:g}",
        f"fontsize={mark.texts[0].size if mark.texts else 8:g}",
    ]
    if mark.tooltip:
        facts.append(f"tooltip={_quoted(mark.tooltip)}")
    return f"{_name(prefix, dict(mark.data)['variable'])} [{', '.join(facts)}];"


def _name(prefix: str, variable: str) -> str:
    """Return the id of a node."""
    return _quoted(f"{prefix}{variable}")


def _edge(mark: Mark, label: Mark | None, scene: Scene, prefix: str) -> list[str]:
    """Write an edge; a residual variance becomes a node without a border."""
    facts = dict(mark.data)
    shaft = mark.shapes[0]
    if not isinstance(shaft, Path):
        raise TypeError(f"The mark {mark.id} is no line.")
    look = [f'color="{shaft.pen.stroke or BLACK}"', f"penwidth={shaft.pen.width:g}"]
    if shaft.pen.dash:
        look.append("style=dashed")
    if "covariance" in mark.classes.split():
        look.append("dir=both")
    if mark.tooltip:
        look.append(f"tooltip={_quoted(mark.tooltip)}")
    texts = label.texts if label else ()
    if "source" not in facts:
        name = _name(prefix, f"residual of {facts['variable']}")
        text = texts[0]
        node = (
            f"{name} [shape=none, label={_quoted(text.content)}, fontsize={text.size:g}, "
            f'fontcolor="{text.color}", width=0.2, height=0.1, {_at(scene, *text.box.center)}];'
        )
        return [node, f"{name} -> {_name(prefix, facts['variable'])} [{', '.join(look)}];"]
    if texts:
        look.append(f"label={_quoted(*(text.content for text in texts))}")
        look.append(f'fontsize={texts[0].size:g}, fontcolor="{texts[0].color}"')
    ends = f"{_name(prefix, facts['source'])} -> {_name(prefix, facts['target'])}"
    return [f"{ends} [{', '.join(look)}];"]


def _undrawn(edges: Iterable[Edge], drawn: Iterable[Mark], prefix: str) -> list[str]:
    """Write the edges that the figure prints elsewhere."""
    seen = {(facts.get("source"), facts.get("target")) for m in drawn for facts in [dict(m.data)]}
    return [
        f"{_name(prefix, edge.source)} -> {_name(prefix, edge.target)} "
        f"[label={_quoted(edge.text)}{', dir=both' if edge.kind == 'covariance' else ''}"
        f"{'' if edge.significant else ', style=dashed'}];"
        for edge in edges
        if (edge.source, edge.target) not in seen
    ]
