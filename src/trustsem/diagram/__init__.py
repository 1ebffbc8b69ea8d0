"""Path diagrams: a plain graph, an own layout, pure coordinates, and one writer per format."""

from trustsem.diagram.build import (
    conceptual_graph,
    graph_from_parameters,
    graphs_from_parameters,
)
from trustsem.diagram.differences import differences
from trustsem.diagram.figure import Diagram, draw, draw_tree
from trustsem.diagram.graph import Edge, Node, PathGraph, View
from trustsem.diagram.options import DRAW_OPTIONS, GRAPH_OPTIONS, require_known
from trustsem.diagram.scene import Scene
from trustsem.diagram.tree import TreeEdge, TreeGraph, TreeNode

__all__ = [
    "DRAW_OPTIONS",
    "GRAPH_OPTIONS",
    "Diagram",
    "Edge",
    "Node",
    "PathGraph",
    "Scene",
    "TreeEdge",
    "TreeGraph",
    "TreeNode",
    "View",
    "conceptual_graph",
    "differences",
    "draw",
    "draw_tree",
    "graph_from_parameters",
    "graphs_from_parameters",
    "require_known",
]
