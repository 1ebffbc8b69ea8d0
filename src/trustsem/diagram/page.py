"""Widths of figures on a page: what users may ask for, in millimetres."""

from __future__ import annotations

from trustsem.errors import UnknownOptionError

COLUMN_WIDTHS = (90.0, 140.0, 190.0)
"""Widths of one, one and a half and two columns of a journal, in millimetres."""
PAGE_HEIGHT = 247.0
"""Height that a figure may take on a page, in millimetres."""
MM_PER_POINT = 25.4 / 72
_WIDEST, _NARROWEST = 2000.0, 20.0


def page_points(width: str | float) -> float:
    """Return a width in points.

    Parameters
    ----------
    width : str or float
        Such as ``"190mm"``; numbers are millimetres.

    Returns
    -------
    float
        Points.

    Raises
    ------
    UnknownOptionError
        If it is no width.
    """
    text = str(width).strip().lower().removesuffix("mm").strip()
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not _NARROWEST <= value <= _WIDEST:
        raise UnknownOptionError(
            str(width), [f"{column:g}mm" for column in COLUMN_WIDTHS], kind="figure width"
        )
    return value / MM_PER_POINT
