"""Path diagrams: a plain graph, an own layout, pure coordinates, SVG or matplotlib."""

from trustsem.diagram.build import conceptual_graph, graph_from_parameters
from trustsem.diagram.figure import Diagram, draw
from trustsem.diagram.graph import Edge, Node, PathGraph, View
from trustsem.diagram.scene import Scene
from trustsem.diagram.slopes import SlopesChart

__all__ = [
    "Diagram",
    "Edge",
    "Node",
    "PathGraph",
    "Scene",
    "SlopesChart",
    "View",
    "conceptual_graph",
    "draw",
    "graph_from_parameters",
]
