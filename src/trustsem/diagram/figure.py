"""The finished path diagram: what users hold, save and put into a paper."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trustsem.diagram.measurement import lay_out_measurement
from trustsem.diagram.metrics import conflicts, scene_metrics
from trustsem.diagram.page import COLUMN_WIDTHS, MM_PER_POINT, PAGE_HEIGHT, page_points
from trustsem.diagram.paths import lay_out
from trustsem.diagram.saving import save_figure
from trustsem.diagram.svg import svg_text
from trustsem.diagram.tree import lay_out_tree
from trustsem.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from trustsem.diagram.graph import PathGraph
    from trustsem.diagram.scene import Scene
    from trustsem.diagram.tree import TreeGraph

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
    """

    def __init__(
        self, graph: PathGraph | TreeGraph, scene: Scene, findings: tuple[Finding, ...] = ()
    ) -> None:
        self.graph, self.scene, self.findings = graph, scene, findings

    def __repr__(self) -> str:
        """Return view and size."""
        measures = self.metrics()
        return (
            f"Diagram(view={self.graph.view!r}, {len(self.graph.nodes)} nodes, "
            f"{measures['width_mm']:g} x {measures['height_mm']:g} mm)"
        )

    @property
    def description(self) -> str:
        """What the figure shows, in words."""
        return self.scene.description

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
            Its suffix chooses the format: ``.svg``, ``.png`` or ``.pdf``.
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
        return save_figure(
            path,
            lambda suffix: self.svg().encode() if suffix == ".svg" else self._encoded(suffix, dpi),
        )

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
    graph: PathGraph,
    width: str | float = "190mm",
    *,
    title: str = "",
) -> Diagram:
    """Lay out a path diagram for a page of a fixed width.

    Parameters
    ----------
    graph : PathGraph
        What to draw.
    width : str or float, optional
        Final width, such as ``"190mm"``, ``"140mm"``, ``"90mm"`` (two, one and a half, one column
        of a journal) or a number of millimetres. Text is never smaller than 6 pt: where the model
        needs more room than this, the figure becomes wider and a finding says what to do.
    title : str, optional
        Name of the figure for screen readers.

    Returns
    -------
    Diagram
        Deterministic: the same graph gives the same figure.

    Raises
    ------
    UnknownOptionError
        If the width is no width.
    """
    points = page_points(width)
    shown = replace(graph, title=title) if title else graph
    maker = lay_out_measurement if graph.view == "measurement" else lay_out
    scene, missing = maker(shown, points)
    return Diagram(shown, scene, _findings(shown, scene, points, missing))


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
