"""Numbers and lists as they stand in the sentences of findings and verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

SMALLEST_P = 0.001
"""Below this, journals print "p < .001"."""


def coefficient(value: float, decimals: int = 3) -> str:
    """Return a number without the zero before the point: ``.371``, ``-.20``, ``1.04``."""
    text = f"{value:.{decimals}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def threshold_text(value: float) -> str:
    """Return a threshold with two decimals or more, or as a whole number if it is one."""
    text = f"{value:.4f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return coefficient(value, max(2, len(decimals))) if decimals else whole


def p_text(pvalue: float) -> str:
    """Return ``p = .014`` or ``p < .001``."""
    if pvalue < SMALLEST_P:
        return "p < .001"
    return f"p = {coefficient(pvalue)}"


def interval_text(lower: float, upper: float) -> str:
    """Return ``[.33, .58]``."""
    return f"[{coefficient(lower, 2)}, {coefficient(upper, 2)}]"


def joined(words: Sequence[str]) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def counted(count: int, singular: str, plural: str) -> str:
    """Return ``1 pair`` or ``3 pairs``."""
    return f"{count} {singular if count == 1 else plural}"


_NAME = re.compile(r"[^\W\d][\w.]*")


def labelled(text: str, labels: Mapping[str, str]) -> str:
    """Return a path, a pair or a name with constructs called by their labels."""
    return _NAME.sub(lambda match: labels.get(match[0], "") or match[0], text)
