"""Charts of an interaction: simple slopes, and the slope over the moderator with its region."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trustsem.arrays import Flags, Floats
from trustsem.diagram.plotting import FAMILY
from trustsem.diagram.saving import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE = (7.48, 3.0)
_SETTINGS: Any = {
    "font.family": FAMILY,
    "font.size": 8,
    "svg.fonttype": "none",
    "svg.hashsalt": "trustsem",
    "pdf.fonttype": 42,
    "text.usetex": False,
}
_DASHES = ("--", "-", "-.")
_INK, _BAND, _REGION = "#1a1a1a", "#c9d6e3", "#e9eef3"
_METADATA: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}


@dataclass(frozen=True, slots=True, eq=False)
class SlopesChart:
    """What the charts of an interaction show.

    Parameters
    ----------
    predictor, moderator, outcome : str
        Names for readers.
    grid : ndarray, shape (k,)
        Values of the moderator in standard deviations from its mean.
    slope, lower, upper : ndarray, shape (k,)
        Slope of the predictor there with its confidence band.
    significant : ndarray of bool, shape (k,)
        Whether the slope is significant there.
    lines : tuple of (float, float, float)
        Simple slopes: position of the moderator in standard deviations, height at the predictor's
        mean, slope.
    predictor_sd : float
        Standard deviation of the predictor.
    """

    predictor: str
    moderator: str
    outcome: str
    grid: Floats
    slope: Floats
    lower: Floats
    upper: Floats
    significant: Flags
    lines: tuple[tuple[float, float, float], ...]
    predictor_sd: float

    def draw_into(self, axes: Axes | None, kind: Literal["slopes", "region"]) -> Axes:
        """Draw one chart into axes, new ones if there are none."""
        if axes is None:
            from matplotlib import pyplot as plt  # noqa: PLC0415  # slow to import

            axes = plt.figure(figsize=(4.0, 3.0), layout="constrained").add_subplot()
        if kind == "slopes":
            self._draw_lines(axes)
        else:
            self._draw_region(axes)
        axes.spines[["top", "right"]].set_visible(False)
        return axes

    @property
    def description(self) -> str:
        """What the charts show, in words."""
        return f"Simple slopes of {self.predictor} on {self.outcome} by {self.moderator}."

    def svg(self, prefix: str = "") -> str:  # noqa: ARG002  (as all drawings)
        """Return both charts beside each other as an SVG document."""
        return self._encoded(".svg").decode("utf-8")

    def save(self, path: str | Path) -> Path:
        """Write both charts to a file; its suffix chooses among SVG, PNG and PDF.

        Raises
        ------
        UnknownOptionError
            If the suffix is another one.
        OutputError
            If the file cannot be written.
        """
        return save_figure(path, self._encoded)

    def _repr_svg_(self) -> str:
        return self.svg()

    def _encoded(self, suffix: str) -> bytes:
        """Return the file's bytes, the same for the same chart."""
        import matplotlib as mpl  # noqa: PLC0415  # slow to import; needed for pictures only

        buffer = io.BytesIO()
        with mpl.rc_context(_SETTINGS):
            self._figure().savefig(
                buffer, format=suffix.removeprefix("."), dpi=300, metadata=_METADATA[suffix]
            )
        return buffer.getvalue()

    def _figure(self) -> Figure:
        """Return a figure with both charts."""
        from matplotlib.figure import Figure  # noqa: PLC0415  # slow to import

        figure = Figure(figsize=_SIZE, facecolor="white", layout="constrained")
        left, right = figure.subplots(1, 2)
        self.draw_into(left, "slopes")
        self.draw_into(right, "region")
        return figure

    def _draw_lines(self, axes: Axes) -> None:
        """Draw the outcome over the predictor, one line per value of the moderator."""
        reach = 2.0
        for (position, height, slope), dash in zip(self.lines, _DASHES, strict=True):
            ends = [height - reach * self.predictor_sd * slope]
            ends.append(height + reach * self.predictor_sd * slope)
            axes.plot([-reach, reach], ends, dash, color=_INK, linewidth=1.2)
            place = f"{position:+.0f} SD" if position else "mean"
            axes.annotate(
                place.replace("-", "\N{MINUS SIGN}"), (reach, ends[1]), xytext=(4, 0),
                textcoords="offset points", va="center", annotation_clip=False,
            )  # fmt: skip
        axes.set_xticks([-2, -1, 0, 1, 2])
        axes.set_xlim(-reach, reach + 0.9)
        axes.set_xlabel(f"{self.predictor} (SD)", parse_math=False)
        axes.set_ylabel(f"{self.outcome} (from its mean)", parse_math=False)
        axes.set_title(f"Lines: {self.moderator}", parse_math=False, fontsize="medium", loc="left")

    def _draw_region(self, axes: Axes) -> None:
        """Draw the slope over the moderator, its band, and where it is significant."""
        axes.fill_between(
            self.grid, 0, 1, where=self.significant.tolist(), color=_REGION, linewidth=0,
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
        axes.fill_between(self.grid, self.lower, self.upper, color=_BAND, linewidth=0)
        axes.plot(self.grid, self.slope, color=_INK, linewidth=1.2)
        axes.axhline(0.0, color=_INK, linewidth=0.6)
        for change in (self.significant[1:] != self.significant[:-1]).nonzero()[0]:
            axes.axvline(float(self.grid[change]), color=_INK, linewidth=0.6, linestyle=":")
        axes.set_xlim(float(self.grid[0]), float(self.grid[-1]))
        axes.set_xlabel(f"{self.moderator} (SD)", parse_math=False)
        axes.set_ylabel(f"Effect of {self.predictor}", parse_math=False)
        axes.set_title("Shaded: significant", fontsize="medium", loc="left")
