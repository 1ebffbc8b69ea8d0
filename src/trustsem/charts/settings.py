"""The look of all charts: inks, sizes, fonts, and one context for figures of one's own.

Inks are those of a palette that people with colour-blindness tell apart [okabe2008]_, chosen so
that their lightness differs, too: a photocopy says the same as a screen.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trustsem.diagram.plotting import FAMILY, font_families

INK, QUIET, RULE, SHADE = "#1a1a1a", "#5f5f5f", "#b8b8b8", "#ececec"
"""Ink of data and names, of notes and scales, of thin lines, and of areas behind them."""
ACCENT, WARNING, BAND = "#0072b2", "#c04a00", "#c9d6e3"
"""Blue for what is drawn besides black, vermilion for what calls for attention, and a band."""
INKS = (INK, ACCENT, "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
TEXT_SIZE, SMALL_SIZE = 8.0, 7.0
"""Sizes of names, and of numbers and notes, in points at the final width."""
LINE_HEIGHT = 1.2
"""Distance of two base lines, in em."""

SETTINGS: dict[str, Any] = {
    "font.family": FAMILY,
    "font.size": TEXT_SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "text.hinting": "no_hinting",
    "axes.labelsize": TEXT_SIZE,
    "axes.titlesize": TEXT_SIZE,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.facecolor": "white",
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "figure.dpi": 100.0,
    "xtick.labelsize": SMALL_SIZE,
    "ytick.labelsize": SMALL_SIZE,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "lines.markersize": 4.5,
    "lines.solid_capstyle": "butt",
    "grid.color": SHADE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": SMALL_SIZE,
    "hatch.linewidth": 0.6,
    "savefig.dpi": 300.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "trustsem",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
}
"""What matplotlib is told for every chart."""


@contextmanager
def style() -> Iterator[None]:
    """Draw figures of one's own in the look of the charts of trustsem.

    A context manager for matplotlib: what is made inside it has the fonts, sizes (7 and 8 points at
    the final width), thin lines and inks of :attr:`~trustsem.StudyResult.plot`; labels are printed
    as they are, without mathematical notation. Files saved inside it keep text as text.

    Yields
    ------
    None

    References
    ----------
    Okabe & Ito (2008) [okabe2008]_.

    Examples
    --------
    >>> import trustsem as ts
    >>> with ts.style():  # doctest: +SKIP
    ...     figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 4), layout="constrained")
    ...     result.plot.loadings(left)
    ...     result.plot.paths(right)
    """
    import matplotlib as mpl  # noqa: PLC0415  # slow to import; needed for pictures only
    from cycler import cycler  # noqa: PLC0415  # comes with matplotlib

    settings: Any = SETTINGS | {"axes.prop_cycle": cycler(color=INKS)}
    with mpl.rc_context(settings):
        yield


@contextmanager
def drawing(text: str = "") -> Iterator[None]:
    """Draw a chart: the style, fonts for the letters of a text, and no complaint about others.

    Parameters
    ----------
    text : str
        All letters that will be printed.
    """
    import matplotlib as mpl  # noqa: PLC0415  # slow to import; needed for pictures only

    with style(), mpl.rc_context({"font.family": font_families(text)}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
