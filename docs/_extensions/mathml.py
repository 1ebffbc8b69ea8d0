"""Formulas as MathML, which browsers set themselves: no script, no font, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOGGER = logging.getLogger(__name__)


def mathml(tex: str, *, block: bool) -> str:
    r"""Return a formula in TeX as MathML.

    Parameters
    ----------
    tex : str
        The formula, such as ``\sqrt{\lambda}``.
    block : bool
        On a line of its own, rather than within one.

    Returns
    -------
    str
        A ``math`` element.

    Raises
    ------
    MathError
        If the formula cannot be read.
    """
    return str(tex2mathml(tex, as_block=block))


def _visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(_converted(node, block=False))
    raise nodes.SkipNode


def _visit_block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="formula">{_converted(node, block=True)}</div>')
    raise nodes.SkipNode


def _converted(node: nodes.Element, *, block: bool) -> str:
    """Return the MathML of a node; a formula that cannot be read is a warning."""
    tex = node.astext()
    try:
        return mathml(tex, block=block)
    except MathError as error:
        LOGGER.warning("formula cannot be set: %s (%s)", tex, error, location=node)
        return "<code>formula</code>"


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the renderer ``mathml``."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
