"""A decision tree as a figure: boxes of text in levels, the branch taken in heavy lines."""

from __future__ import annotations

from dataclasses import dataclass, field

from trustsem.diagram.courses import HEAVY, THIN, Course, arrow_shapes, head_length
from trustsem.diagram.drawing import label_box
from trustsem.diagram.geometry import Outline, Polyline
from trustsem.diagram.scene import BLACK, GREY, WHITE, Mark, Path, Pen, Rect, Scene, Shape, Text
from trustsem.diagram.text import LINE_HEIGHT, printable, text_width, wrap
from trustsem.errors import SpecificationError

_FONT, _MINOR = 8.0, 7.0
_MARGIN, _GAP, _DROP, _BEND = 4.0, 10.0, 36.0, 10.0
_INSET, _ABOVE = 6.0, 4.0
_NARROWEST, _WIDEST = 74.0, 132.0
_SHADE = "#e8e8e8"
_BACKING = 1.6


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A place of the tree.

    Parameters
    ----------
    id : str
        Unique within the tree.
    lines : tuple of str
        What is printed: the name first, then what was found there.
    taken : bool
        Whether the branch taken leads through it.
    final : bool
        Whether it is a decision; decisions are shaded where they are taken.
    tooltip : str
        Full account.
    """

    id: str
    lines: tuple[str, ...]
    taken: bool = False
    final: bool = False
    tooltip: str = ""


@dataclass(frozen=True, slots=True)
class TreeEdge:
    """A way from a place to the next: its answer, and whether it was taken."""

    source: str
    target: str
    label: str = ""
    taken: bool = False


@dataclass(frozen=True, slots=True)
class TreeGraph:
    """A decision tree as plain description, the root first.

    Parameters
    ----------
    nodes : tuple of TreeNode
        Places.
    edges : tuple of TreeEdge
        Ways; every place but the first is the target of one.
    note : str
        What stands under the figure, in one line of plain text.
    title : str
        Name of the figure, for screen readers.

    Raises
    ------
    SpecificationError
        If the edges do not make one tree of the nodes.
    """

    nodes: tuple[TreeNode, ...]
    edges: tuple[TreeEdge, ...]
    note: str = ""
    title: str = "Decision tree"
    view: str = "tests"

    def __post_init__(self) -> None:
        """Check that the edges make one tree of the nodes."""
        ids = [node.id for node in self.nodes]
        known, targets = set(ids), [edge.target for edge in self.edges]
        ends = {end for edge in self.edges for end in (edge.source, edge.target)}
        if not ids or len(known) < len(ids) or sorted(targets) != sorted(ids[1:]) or ends - known:
            raise SpecificationError(
                "The edges of a decision tree must lead from its first node to every other once."
            )

    def children(self, name: str) -> list[str]:
        """Return the places that follow one, in order."""
        return [edge.target for edge in self.edges if edge.source == name]


@dataclass(slots=True)
class _Placed:
    """A node with its lines and its box."""

    node: TreeNode
    lines: tuple[str, ...]
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    below: list[_Placed] = field(default_factory=list)

    @property
    def outline(self) -> Outline:
        """The border of the box."""
        return Outline(self.x, self.y, self.width / 2, self.height / 2, is_round=False)


def lay_out_tree(graph: TreeGraph, width: float) -> tuple[Scene, float]:
    """Place a decision tree on a page.

    Parameters
    ----------
    graph : TreeGraph
        What to draw.
    width : float
        Final width in points.

    Returns
    -------
    (Scene, float)
        The figure, and how many points of width it lacks: it is drawn wider by as many.
    """
    leaves = sum(not graph.children(node.id) for node in graph.nodes)
    room = (width - 2 * _MARGIN - (leaves - 1) * _GAP) / leaves
    limit = min(max(room, _NARROWEST), _WIDEST) - 2 * _INSET
    nodes = {node.id: _measured(node, limit) for node in graph.nodes}
    for name, placed in nodes.items():
        placed.below = [nodes[child] for child in graph.children(name)]
    root = nodes[graph.nodes[0].id]
    spread = max(width - 2 * _MARGIN, 0.0)
    needed = _needed(root)
    step = max(0.0, spread - needed) / max(leaves, 1)
    used = _place_across(root, _MARGIN, step)
    page = max(width, used + _MARGIN)
    bottom = _place_down(root)
    marks = [_edge(edge, nodes, number) for number, edge in enumerate(graph.edges)]
    marks += [_label(edge, nodes, number) for number, edge in enumerate(graph.edges) if edge.label]
    marks += [_node(placed) for placed in nodes.values()]
    note = wrap(graph.note, _MINOR, page - 2 * _MARGIN) if graph.note else ()
    texts = [
        Text(_MARGIN, bottom + 14 + k * LINE_HEIGHT * _MINOR, line, _MINOR, "start")
        for k, line in enumerate(note)
    ]
    if texts:
        marks.append(Mark("note", "note", "note", tuple(texts)))
        bottom = texts[-1].box.bottom
    scene = Scene(page, bottom + _MARGIN, tuple(marks), graph.title, _description(graph))
    return scene, max(0.0, page - width)


def _measured(node: TreeNode, limit: float) -> _Placed:
    """Break the lines of a node and measure its box."""
    texts = [printable(line) for line in node.lines]
    lines = tuple(
        line
        for k, text in enumerate(texts)
        for line in wrap(text, _FONT if k == 0 else _MINOR, limit)
    )
    sizes = _sizes(lines)
    widest = max(text_width(line, size) for line, size in zip(lines, sizes, strict=True))
    height = sum(LINE_HEIGHT * size for size in sizes) + 2 * _ABOVE
    return _Placed(node, lines, max(widest + 2 * _INSET, _NARROWEST), height)


def _sizes(lines: tuple[str, ...]) -> list[float]:
    """Return the font size of each line: the name larger than what follows."""
    return [_FONT if k == 0 else _MINOR for k in range(len(lines))]


def _needed(placed: _Placed) -> float:
    """Return the width that a subtree needs."""
    below = sum(_needed(child) for child in placed.below) + _GAP * max(len(placed.below) - 1, 0)
    return max(placed.width, below)


def _place_across(placed: _Placed, left: float, step: float) -> float:
    """Place a subtree from a left edge on; return its right edge."""
    if not placed.below:
        placed.x = left + (placed.width + step) / 2
        return left + placed.width + step
    right = left
    for k, child in enumerate(placed.below):
        right = _place_across(child, right + (_GAP if k else 0.0), step)
    placed.x = (placed.below[0].x + placed.below[-1].x) / 2
    beyond = left + placed.width / 2 - placed.x
    if beyond > 0:
        _shift(placed, beyond)
        right += beyond
    return max(right, placed.x + placed.width / 2)


def _shift(placed: _Placed, by: float) -> None:
    """Move a subtree to the right."""
    placed.x += by
    for child in placed.below:
        _shift(child, by)


def _place_down(root: _Placed) -> float:
    """Place the levels below each other; return the lowest edge."""
    level, top, bottom = [root], _MARGIN, _MARGIN
    while level:
        for placed in level:
            placed.y = top + placed.height / 2
            bottom = max(bottom, top + placed.height)
        top += max(placed.height for placed in level) + _DROP
        level = [child for placed in level for child in placed.below]
    return bottom


def _node(placed: _Placed) -> Mark:
    """Return the mark of a place."""
    node = placed.node
    pen = Pen(
        BLACK if node.taken else GREY,
        HEAVY if node.taken else THIN,
        _SHADE if node.taken and node.final else WHITE,
        () if node.taken else (2.5, 2.0),
    )
    x, y = placed.x - placed.width / 2, placed.y - placed.height / 2
    shapes: list[Shape] = [Rect(x, y, placed.width, placed.height, pen)]
    down = y + _ABOVE
    for line, size in zip(placed.lines, _sizes(placed.lines), strict=True):
        down += LINE_HEIGHT * size
        middle = down - LINE_HEIGHT * size / 2
        shapes.append(Text(placed.x, middle, line, size, color=BLACK if node.taken else GREY))
    classes = " ".join(["node", "decision" if node.final else "test", *_state(taken=node.taken)])
    facts = (("variable", node.id),)
    return Mark(f"node-{node.id}", "node", classes, tuple(shapes), node.tooltip, facts)


def _elbow(edge: TreeEdge, nodes: dict[str, _Placed]) -> Polyline:
    """Return the way from the lower edge of a place to the upper edge of the next, in elbows."""
    source, target = nodes[edge.source], nodes[edge.target]
    side = 0.0 if len(source.below) == 1 else 0.25 if target.x > source.x else -0.25
    x, top = source.x + side * source.width, source.y + source.height / 2
    stop = target.y - target.height / 2
    if x == target.x:
        return (x, top), (x, stop)
    bend = stop - _DROP + _BEND
    return (x, top), (x, bend), (target.x, bend), (target.x, stop)


def _edge(edge: TreeEdge, nodes: dict[str, _Placed], number: int) -> Mark:
    """Return the mark of a way."""
    weight, color = (HEAVY, BLACK) if edge.taken else (THIN, GREY)
    line = _elbow(edge, nodes)
    shaft, head = arrow_shapes(
        Course(line[-2], line[-1]), weight, color, both_ways=False, dashed=not edge.taken
    )
    corners = tuple(("M" if k == 0 else "L", *point) for k, point in enumerate(line[:-1]))
    whole = Path((*corners, shaft.commands[-1]), shaft.pen)
    facts = (("source", edge.source), ("target", edge.target))
    classes = " ".join(["edge", *_state(taken=edge.taken)])
    return Mark(f"edge-{number}", "edge", classes, (whole, head), "", facts)


def _label(edge: TreeEdge, nodes: dict[str, _Placed], number: int) -> Mark:
    """Return the answer that leads along a way, on a white ground."""
    line = _elbow(edge, nodes)
    (x, start), (_, stop) = line[-2:]
    at = (x, (start + stop - head_length(HEAVY)) / 2)
    text = printable(edge.label)
    box = label_box(text, _MINOR, at).padded(_BACKING, 0.0)
    ground = Rect(
        box.left, box.top, box.right - box.left, box.bottom - box.top, Pen(None, 0, WHITE)
    )
    words = Text(*at, text, _MINOR, color=BLACK if edge.taken else GREY)
    classes = " ".join(["label", *_state(taken=edge.taken)])
    return Mark(f"label-{number}", "label", classes, (ground, words), owner=f"edge-{number}")


def _state(*, taken: bool) -> list[str]:
    """Return the class of what the branch leads through."""
    return ["taken"] if taken else []


def _description(graph: TreeGraph) -> str:
    """Return the branch taken in words, for screen readers."""
    taken = [", ".join(node.lines) for node in graph.nodes if node.taken]
    return "Branch taken: " + "; then ".join(taken) + "." if taken else "No branch was taken."
