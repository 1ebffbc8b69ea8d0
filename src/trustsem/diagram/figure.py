"""The finished path diagram: what users hold, save and put into a paper."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trustsem.diagram.dot import dot_text
from trustsem.diagram.look import (
    Colors,
    Columns,
    Emphasis,
    Look,
    Residuals,
    check_contrast,
    look,
)
from trustsem.diagram.measurement import lay_out_measurement
from trustsem.diagram.metrics import conflicts, scene_metrics
from trustsem.diagram.page import COLUMN_WIDTHS, MM_PER_POINT, PAGE_HEIGHT, page_points
from trustsem.diagram.panels import lay_out_panels
from trustsem.diagram.paths import Fit, lay_out
from trustsem.diagram.saving import SUFFIXES, TEXT_SUFFIXES, save_figure
from trustsem.diagram.settings import Layout, settings
from trustsem.diagram.svg import svg_text
from trustsem.diagram.tikz import tikz_text
from trustsem.diagram.tree import TreeGraph, lay_out_tree
from trustsem.errors import SpecificationError
from trustsem.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from trustsem.diagram.graph import PathGraph
    from trustsem.diagram.scene import Scene

SMALLEST_FONT = 6.0
_TOLERANCE = 0.5


class Diagram:
    """A path diagram of a fixed final width.

    Parameters
    ----------
    graph : PathGraph or TreeGraph
        What is shown.
    scene : Scene
        Where it stands.
    findings : tuple of Finding
        What a reader of the figure should know: too narrow a page, overlaps that remain.
    groups : dict or None
        The graph of every group by its label, where several are drawn; ``graph`` is the first.
    """

    def __init__(
        self,
        graph: PathGraph | TreeGraph,
        scene: Scene,
        findings: tuple[Finding, ...] = (),
        *,
        groups: Mapping[str, PathGraph] | None = None,
    ) -> None:
        self.graph, self.scene, self.findings = graph, scene, findings
        self.groups = groups

    def __repr__(self) -> str:
        """Return view and size."""
        measures = self.metrics()
        groups = f"{len(self.groups)} groups, " if self.groups else ""
        return (
            f"Diagram(view={self.graph.view!r}, {groups}{len(self.graph.nodes)} nodes, "
            f"{measures['width_mm']:g} x {measures['height_mm']:g} mm)"
        )

    @property
    def description(self) -> str:
        """What the figure shows, in words."""
        return self.scene.description

    def tikz(self, *, standalone: bool = False) -> str:
        """Return the figure as a ``tikzpicture``, or as a whole LaTeX document.

        Parameters
        ----------
        standalone : bool, optional
            Return a document whose only page is the figure.

        Returns
        -------
        str
            For pdfLaTeX, XeLaTeX and LuaLaTeX with the package ``tikz``; its first lines say what
            else is needed. Letters that pdfLaTeX does not have need one of the other two.
        """
        return tikz_text(self.scene, standalone=standalone)

    def dot(self) -> str:
        """Return nodes and edges in the language of Graphviz.

        Returns
        -------
        str
            ``neato -n2`` keeps the places of this figure, ``dot`` makes its own.
        """
        groups = self.groups
        if groups is None and not isinstance(self.graph, TreeGraph):
            groups = {"": self.graph}
        return dot_text(self.scene, groups)

    def svg(self, prefix: str = "") -> str:
        """Return the figure as an SVG document; ``prefix`` begins all ids."""
        return svg_text(self.scene, prefix)

    @cached_property
    def _metrics(self) -> dict[str, float]:
        """Count once."""
        return scene_metrics(self.scene)

    def metrics(self) -> dict[str, float]:
        """Count overlaps, hits and crossings; measure text and page.

        Returns
        -------
        dict
            ``node_overlaps label_overlaps label_edge_hits edge_node_hits crossings outside``
            (counts), ``min_font_pt``, ``width_mm``, ``height_mm``.
        """
        return dict(self._metrics)

    def save(self, path: str | Path, *, dpi: float = 300) -> Path:
        """Write the figure to a file.

        Parameters
        ----------
        path : path
            Its suffix chooses the format: ``.svg``, ``.png``, ``.pdf``, ``.tikz`` (a picture to
            be read into a LaTeX document), ``.tex`` (a document of its own) or ``.dot``.
        dpi : float, optional
            Pixels per inch of a PNG.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        UnknownOptionError
            If the suffix is another one.
        OutputError
            If the file cannot be written.
        """
        makers: dict[str, Callable[[], str]] = {
            ".svg": self.svg,
            ".tikz": self.tikz,
            ".tex": lambda: self.tikz(standalone=True),
            ".dot": self.dot,
            ".gv": self.dot,
        }

        def content(suffix: str) -> bytes:
            return makers[suffix]().encode() if suffix in makers else self._encoded(suffix, dpi)

        return save_figure(path, content, (*SUFFIXES, *TEXT_SUFFIXES))

    def _encoded(self, suffix: str, dpi: float) -> bytes:
        """Return the bytes of a PNG or PDF."""
        from trustsem.diagram.plotting import encoded  # noqa: PLC0415  # loads matplotlib

        return encoded(self.scene, "pdf" if suffix == ".pdf" else "png", dpi)

    def to_axes(self, ax: Axes | None = None) -> Axes:
        """Draw the figure into matplotlib axes, new ones if none are given.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; texts are scaled with the figure.

        Returns
        -------
        Axes
            The axes.
        """
        from trustsem.diagram.plotting import draw_into, new_axes  # noqa: PLC0415  # matplotlib

        axes = new_axes(self.scene) if ax is None else ax
        draw_into(self.scene, axes)
        return axes

    def _repr_svg_(self) -> str:
        """Return the figure for a notebook."""
        return self.svg()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the figure for a notebook, as SVG and PNG."""
        wanted = {"image/svg+xml", "image/png", "text/plain"}
        wanted = (wanted & set(include) if include else wanted) - set(exclude or ())
        makers: dict[str, Callable[[], str]] = {
            "image/svg+xml": self.svg,
            "image/png": lambda: base64.b64encode(self._encoded(".png", 150)).decode("ascii"),
            "text/plain": lambda: repr(self),
        }
        return {kind: make() for kind, make in makers.items() if kind in wanted}


def draw(
    graph: PathGraph | Mapping[str, PathGraph],
    width: str | float = "190mm",
    *,
    title: str = "",
    layout: Layout | None = None,
    columns: Columns = "path",
    colors: Colors | Mapping[str, str] = "black",
    emphasis: Emphasis = "none",
    residuals: Residuals = "arrow",
    disturbances: bool = False,
) -> Diagram:
    """Lay out a path diagram for a page of a fixed width.

    Parameters
    ----------
    graph : PathGraph or mapping
        What to draw; of several groups a graph by the group's label. Groups are drawn as panels
        with the same places: beside each other where the width allows, else below each other.
    width : str or float, optional
        Final width, such as ``"190mm"``, ``"140mm"``, ``"90mm"`` (two, one and a half, one column
        of a journal) or a number of millimetres. Text is never smaller than 6 pt: where the model
        needs more room than this, the figure becomes wider and a finding says what to do.
    title : str, optional
        Name of the figure for screen readers.
    layout : str, grid, or mapping, optional
        Where constructs and observed variables stand: a grid of names such as
        ``[["", "interp", "sat"], ["trust", "share", ""], ["", "access", "perf"]]``, the same as
        text, ``". interp sat / trust share . / . access perf"``, or ``{name: (column, row)}`` from
        the left upper corner. ``"controls"`` stands for the box of the control variables. Items
        stand where there is room.
    columns : {"path", "role"}, optional
        Whether a construct stands as far to the right as the longest path that leads to it, or in
        one of three columns: predictors, mediators, outcomes.
    colors : {"black", "soft"} or mapping, optional
        Black on white, as journals ask for it; soft tints that can be told apart without colour
        vision and in a grey print; or colours by role, as in ``{"construct": "#dcebf9"}``.
        Roles: ``construct`` (or ``exogenous``, ``mediator``, ``outcome``), ``item``, ``observed``,
        ``controls``, ``path``, ``loading``, ``covariance``, ``nonsignificant``, ``residual``.
    emphasis : {"none", "width"}, optional
        Whether the width of lines shows the size of standardized estimates.
    residuals : {"arrow", "circle", "none"}, optional
        Residual variances of items: a short arrow and the variance, the same from a numbered
        circle, or nothing.
    disturbances : bool, optional
        Whether the disturbance variances of outcomes are drawn.

    Returns
    -------
    Diagram
        Deterministic: the same graph gives the same figure.

    Raises
    ------
    UnknownOptionError
        If a setting, or a name in the layout, is unknown.
    SpecificationError
        If the layout is none, or leaves out a node.
    """
    points = page_points(width)
    if isinstance(graph, Mapping) and not graph:
        raise SpecificationError("There is no group to draw.")
    graphs = dict(graph) if isinstance(graph, Mapping) else {"": graph}
    appearance = look(colors, emphasis, residuals, disturbances=disturbances)
    shown = {
        label: replace(_with_residuals(each, appearance), title=title or each.title)
        for label, each in graphs.items()
    }
    names = dict.fromkeys(n.id for each in shown.values() for n in each.nodes if n.kind != "item")
    wishes = settings(names, appearance, layout=layout, columns=columns)

    def maker(one: PathGraph, room: float) -> Fit:
        if _is_measurement(one) and wishes.places is None:
            return lay_out_measurement(one, room, wishes)
        return lay_out(one, room, wishes)

    first = next(iter(shown.values()))
    if isinstance(graph, Mapping):
        scene, missing = lay_out_panels(shown, points, maker)
    else:
        scene, _, missing = maker(first, points)
    findings = (
        *_findings(first, scene, points, missing),
        *check_contrast(appearance.palette),
    )
    return Diagram(first, scene, findings, groups=shown if isinstance(graph, Mapping) else None)


def _is_measurement(graph: PathGraph) -> bool:
    """Tell whether a graph is laid out as a measurement model: also one with items and no paths."""
    if graph.view == "measurement":
        return True
    kinds = {edge.kind for edge in graph.edges}
    constructs = all(node.kind in {"construct", "item"} for node in graph.nodes)
    return graph.view == "full" and constructs and "loading" in kinds and "path" not in kinds


def _with_residuals(graph: PathGraph, appearance: Look) -> PathGraph:
    """Return a graph without the residual variances that are not to be drawn."""
    items, others = appearance.residuals != "none", appearance.disturbances
    nodes = tuple(
        replace(
            node,
            residual=node.residual if items else "",
            disturbance=node.disturbance if others else "",
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def draw_tree(graph: TreeGraph, width: str | float = "190mm") -> Diagram:
    """Lay out a decision tree for a page of a fixed width.

    Parameters
    ----------
    graph : TreeGraph
        What to draw.
    width : str or float, optional
        Final width, as in :func:`draw`.

    Returns
    -------
    Diagram
        Deterministic: the same tree gives the same figure.

    Raises
    ------
    UnknownOptionError
        If the width is no width.
    """
    points = page_points(width)
    scene, missing = lay_out_tree(graph, points)
    return Diagram(graph, scene, _findings(graph, scene, points, missing))


def _findings(
    graph: PathGraph | TreeGraph, scene: Scene, width: float, missing: float
) -> tuple[Finding, ...]:
    """Judge whether the figure fits its page and can be read."""
    findings = []
    if missing > _TOLERANCE:
        asked, drawn = width * MM_PER_POINT, scene.width * MM_PER_POINT
        size = SMALLEST_FONT * width / scene.width
        wider = next((column for column in COLUMN_WIDTHS if column >= drawn), None)
        remedy = (
            f'Use width="{wider:g}mm"'
            if wider
            else "Print it on a landscape page, or split the model"
        )
        if graph.view == "full":
            remedy += ', or view="structural"'
        findings.append(
            Finding(
                "figure_too_wide",
                "figure",
                f"On a width of {asked:.0f} mm text would print at {size:.1f} pt; "
                f"the figure is drawn {drawn:.0f} mm wide instead.",
                severity="warning",
                holds=False,
                value=round(drawn, 1),
                threshold=round(asked, 1),
                remedy=f"{remedy}.",
            )
        )
    height = scene.height * MM_PER_POINT
    if height > PAGE_HEIGHT:
        findings.append(
            Finding(
                "figure_too_tall",
                "figure",
                f"The figure is {height:.0f} mm tall; a printed page holds {PAGE_HEIGHT:.0f} mm.",
                severity="warning",
                holds=False,
                value=round(height, 1),
                threshold=PAGE_HEIGHT,
                remedy="Draw it wider, show fewer constructs, or print it on two pages.",
            )
        )
    left = sum(conflicts(scene).values())
    if left:
        findings.append(
            Finding(
                "figure_overlaps",
                "figure",
                f"{left} overlap(s) of labels, nodes and edges remain.",
                severity="warning",
                holds=False,
                value=float(left),
                threshold=0.0,
                remedy='Draw it wider, or use view="structural".',
            )
        )
    return tuple(findings)
