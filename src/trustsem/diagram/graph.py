"""What a path diagram shows, before anything is placed: nodes, edges and a note."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trustsem.errors import SpecificationError

NodeKind = Literal["construct", "item", "observed", "controls"]
EdgeKind = Literal["path", "loading", "covariance"]
View = Literal["structural", "full", "measurement", "conceptual"]
CONTROLS = "controls of the model"
"""Id of the box that stands for all control variables."""
VIEWS: tuple[View, ...] = ("structural", "full", "measurement", "conceptual")


@dataclass(frozen=True, slots=True)
class Node:
    """A variable of the model.

    Parameters
    ----------
    id : str
        Name of the variable; unique within a graph.
    kind : {"construct", "item", "observed", "controls"}
        Ellipse (construct), box in the block of its construct (item), box of its own (observed),
        dashed box that stands for several control variables (controls).
    label : str
        What is printed.
    r2 : float or None
        Explained share of variance; printed inside constructs and observed outcomes.
    residual : str
        Printed residual variance of an item; no residual arrow where it is empty.
    disturbance : str
        Printed residual variance of an outcome or of a construct that others measure.
    """

    id: str
    kind: NodeKind
    label: str
    r2: float | None = None
    residual: str = ""
    disturbance: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A parameter that joins two variables.

    Parameters
    ----------
    source, target : str
        Node ids. The arrow runs from source to target; a covariance has two heads.
    kind : {"path", "loading", "covariance"}
        Structural path, loading of an item or lower-order construct, or covariance.
    label : str
        What is printed on the edge.
    significant : bool
        Whether the edge is drawn solid and black; dashed and grey otherwise.
    tooltip : str
        Full account of the estimate.
    hypothesis : str
        Hypothesis that the path tests, such as ``"H3"``.
    strength : float or None
        Size of the standardized estimate, for lines whose width shows it.
    """

    source: str
    target: str
    kind: EdgeKind
    label: str = ""
    significant: bool = True
    tooltip: str = ""
    hypothesis: str = ""
    strength: float | None = None

    @property
    def text(self) -> str:
        """The hypothesis and the label as printed."""
        return ": ".join(part for part in (self.hypothesis, self.label) if part)


@dataclass(frozen=True, slots=True)
class PathGraph:
    """A path diagram as plain description.

    Parameters
    ----------
    nodes : tuple of Node
        Variables, in the order of the model.
    edges : tuple of Edge
        Parameters, in the order of the model.
    note : str
        Legend below the figure.
    view : {"structural", "full", "measurement", "conceptual"}
        Which of the house layouts the graph is made for.
    title : str
        Name of the figure, for screen readers.
    remarks : str
        The part of the note that holds for this group only, where several groups are drawn.

    Raises
    ------
    SpecificationError
        If two nodes share an id, an edge names an unknown node, or the view is unknown.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    note: str = ""
    view: View = "structural"
    title: str = "Path diagram"
    remarks: str = ""

    def __post_init__(self) -> None:
        """Check that the edges fit the nodes."""
        ids = [node.id for node in self.nodes]
        known = set(ids)
        if len(known) < len(ids):
            twice = sorted({name for name in ids if ids.count(name) > 1})
            raise SpecificationError(f"Nodes of a path diagram appear twice: {twice}.")
        if not ids:
            raise SpecificationError(
                "A path diagram needs at least one construct or observed variable.",
                remedy="Give the parameters of a model with loadings or regressions.",
            )
        for edge in self.edges:
            for name in (edge.source, edge.target):
                if name not in known:
                    raise SpecificationError(
                        f"The edge {edge.source!r} to {edge.target!r} names {name!r}, "
                        "which is no node of the diagram."
                    )
        if self.view not in VIEWS:
            raise SpecificationError(
                f"Unknown view {self.view!r} of a path diagram.",
                remedy=f"Known: {', '.join(VIEWS)}.",
            )

    def node(self, name: str) -> Node:
        """Return the node of an id."""
        return next(node for node in self.nodes if node.id == name)

    @property
    def items(self) -> dict[str, tuple[str, ...]]:
        """The items of each construct, in order; an item belongs to the first that it loads on."""
        kinds = {node.id: node.kind for node in self.nodes}
        blocks: dict[str, list[str]] = {}
        placed: set[str] = set()
        for edge in self.edges:
            if edge.kind == "loading" and kinds[edge.target] == "item":
                if edge.target not in placed:
                    blocks.setdefault(edge.source, []).append(edge.target)
                placed.add(edge.target)
        return {name: tuple(items) for name, items in blocks.items()}
