"""What all charts share: a page of a fixed width, files, alternative text, notebooks."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trustsem.charts.encoding import encoded, inlinable
from trustsem.charts.labels import block_height, note_lines
from trustsem.charts.settings import QUIET, SMALL_SIZE, drawing
from trustsem.diagram.page import MM_PER_POINT, page_points
from trustsem.diagram.saving import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Width = str | float
"""Final width of a figure: ``"90mm"``, ``"140mm"``, ``"190mm"``, or a number of millimetres."""
MARGIN = 3.0
"""Empty border of the page, in points."""
_NOTE_GAP = 6.0
_POINTS_PER_INCH = 72


@dataclass(frozen=True, slots=True)
class Layout:
    """Room around and inside the axes, in points.

    Parameters
    ----------
    left, right, top, bottom : float
        What stands beside the axes: names, numbers, scales.
    height : float
        Height of the axes.
    """

    left: float
    right: float
    top: float
    bottom: float
    height: float


class Chart(ABC):
    """A chart of a fixed final width: plain numbers and names, drawn when asked for.

    A subclass is a frozen dataclass with ``width``, ``title``, ``description`` (what the chart
    shows, in words and main numbers) and ``note`` (what marks and intervals mean).
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        """Refuse what is no width."""
        page_points(self.width)

    def __repr__(self) -> str:
        """Return title and size."""
        width, height = self.size
        return f"{type(self).__name__}({self.title!r}, {width:g} x {height:g} mm)"

    # -- what a subclass says -----------------------------------------------------------------

    @property
    @abstractmethod
    def width(self) -> Width:
        """Final width."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What the chart is, for screen readers."""

    @property
    @abstractmethod
    def description(self) -> str:
        """What it shows, in words and main numbers."""

    @property
    @abstractmethod
    def note(self) -> str:
        """What marks and intervals mean; printed below."""

    @property
    @abstractmethod
    def layout(self) -> Layout:
        """Room around and inside the axes."""

    @abstractmethod
    def _draw(self, axes: Axes) -> None:
        """Draw into axes."""

    @property
    def letters(self) -> str:
        """All letters of its names, which decide on the fonts."""
        return self.title + self.description + self.note

    # -- what users call ----------------------------------------------------------------------

    @property
    def points(self) -> float:
        """Width of the page in points."""
        return page_points(self.width)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page in millimetres."""
        return (
            round(self.points * MM_PER_POINT, 1),
            round(self._page_height * MM_PER_POINT, 1),
        )

    def draw_into(self, axes: Axes | None = None) -> Axes:
        """Draw into matplotlib axes.

        Parameters
        ----------
        axes : Axes, optional
            Where to draw; by default new ones on a page of the chart's own size, with its note.
            In given axes the note is left out, and names stand around the axes: make the figure
            with ``layout="constrained"``.

        Returns
        -------
        Axes
            The axes.
        """
        with drawing(self.letters):
            if axes is None:
                from matplotlib import pyplot as plt  # noqa: PLC0415  # slow to import

                return self._on_page(plt.figure(figsize=self._inches))
            self._draw(axes)
            return axes

    def svg(self, prefix: str = "") -> str:
        """Return the chart as an SVG document.

        Parameters
        ----------
        prefix : str, optional
            Beginning of all ids; a digest of the chart by default, so that several charts can
            stand in one page.
        """
        text = self._encoded(".svg", 72.0).decode("utf-8")
        return inlinable(text, prefix, self.title, self.description)

    def save(self, path: str | Path, *, dpi: float = 300) -> Path:
        """Write the chart to a file.

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

    def _repr_svg_(self) -> str:
        """Return the chart for a notebook."""
        return self.svg()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the chart for a notebook, as SVG and PNG."""
        wanted = {"image/svg+xml", "image/png", "text/plain"}
        wanted = (wanted & set(include) if include else wanted) - set(exclude or ())
        makers: dict[str, Callable[[], str]] = {
            "image/svg+xml": self.svg,
            "image/png": lambda: base64.b64encode(self._encoded(".png", 150)).decode("ascii"),
            "text/plain": lambda: repr(self),
        }
        return {kind: make() for kind, make in makers.items() if kind in wanted}

    # -- the page -----------------------------------------------------------------------------

    @property
    def _note_lines(self) -> tuple[str, ...]:
        return note_lines(self.note, self.points - 2 * MARGIN)

    @property
    def _note_height(self) -> float:
        lines = len(self._note_lines)
        return block_height(lines, SMALL_SIZE) + _NOTE_GAP if lines else 0.0

    @property
    def _page_height(self) -> float:
        room = self.layout
        return room.top + room.height + room.bottom + self._note_height + 2 * MARGIN

    @property
    def _inches(self) -> tuple[float, float]:
        return self.points / _POINTS_PER_INCH, self._page_height / _POINTS_PER_INCH

    def _encoded(self, suffix: str, dpi: float) -> bytes:
        """Return the file's bytes, the same for the same chart."""
        from matplotlib.figure import Figure  # noqa: PLC0415  # slow to import

        with drawing(self.letters):
            figure = Figure(figsize=self._inches)
            self._on_page(figure)
            return encoded(figure, suffix, dpi)

    def _on_page(self, figure: Figure) -> Axes:
        """Place axes and note on a page, and draw."""
        room, width, height = self.layout, self.points, self._page_height
        below = room.bottom + self._note_height + MARGIN
        axes = figure.add_axes(
            (
                (room.left + MARGIN) / width,
                below / height,
                (width - room.left - room.right - 2 * MARGIN) / width,
                room.height / height,
            )
        )
        self._draw(axes)
        for number, line in enumerate(reversed(self._note_lines)):
            place = MARGIN + block_height(number, SMALL_SIZE) + 0.25 * SMALL_SIZE
            figure.text(
                MARGIN / width, place / height, line, fontsize=SMALL_SIZE, color=QUIET,
                va="baseline",
            )  # fmt: skip
        return axes
