"""What a line may run into, as arrays: many candidate lines are priced in a few operations."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustsem.diagram.geometry import Box, Outline, Polyline

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_TINY = 1e-9


def segments(lines: Sequence[Polyline]) -> tuple[Floats, NDArray[np.int64]]:
    """Return the segments of lines, shape (s, 4), and the line that each belongs to."""
    rows = [(*a, *b) for line in lines for a, b in pairwise(line)]
    owners = [k for k, line in enumerate(lines) for _ in range(len(line) - 1)]
    return np.array(rows, dtype=float).reshape(-1, 4), np.array(owners, dtype=np.int64)


def box_array(boxes: Sequence[Box]) -> Floats:
    """Return boxes as left, top, right, bottom; shape (b, 4)."""
    rows = [(box.left, box.top, box.right, box.bottom) for box in boxes]
    return np.array(rows, dtype=float).reshape(-1, 4)


def meet_boxes(lines: Floats, boxes: Floats) -> Bools:
    """Tell which segments pass through which boxes, shape (s, b); Liang and Barsky's clipping."""
    enter = np.zeros((len(lines), len(boxes)))
    leave = np.ones_like(enter)
    outside = np.zeros(enter.shape, dtype=bool)
    for axis in (0, 1):
        origin = lines[:, None, axis]
        step = lines[:, None, axis + 2] - origin
        low, high = boxes[None, :, axis], boxes[None, :, axis + 2]
        flat = np.abs(step) < _TINY
        outside |= flat & ~((low < origin) & (origin < high))
        safe = np.where(flat, 1.0, step)
        first, second = (low - origin) / safe, (high - origin) / safe
        enter = np.where(flat, enter, np.maximum(enter, np.minimum(first, second)))
        leave = np.where(flat, leave, np.minimum(leave, np.maximum(first, second)))
    return np.asarray((enter < leave - _TINY) & ~outside)


def meet_ellipses(lines: Floats, ellipses: Floats) -> Bools:
    """Tell which segments pass through which ellipses (x, y, rx, ry), shape (s, e)."""
    x, y, rx, ry = (ellipses[None, :, k] for k in range(4))
    ax, ay = (lines[:, None, 0] - x) / rx, (lines[:, None, 1] - y) / ry
    dx, dy = (lines[:, None, 2] - x) / rx - ax, (lines[:, None, 3] - y) / ry - ay
    length = np.maximum(dx * dx + dy * dy, _TINY)
    share = np.clip(-(ax * dx + ay * dy) / length, 0.0, 1.0)
    return np.asarray((ax + share * dx) ** 2 + (ay + share * dy) ** 2 < 1.0 - _TINY)


def cross(first: Floats, second: Floats) -> Bools:
    """Tell which segments properly cross which others, shape (s, t)."""
    if not len(first) or not len(second):
        return np.zeros((len(first), len(second)), dtype=bool)
    ax, ay, bx, by = (first[:, k, None] for k in range(4))
    cx, cy, dx, dy = (second[None, :, k] for k in range(4))
    ux, uy, vx, vy = bx - ax, by - ay, dx - cx, dy - cy
    wx, wy = cx - ax, cy - ay
    at_c = ux * wy - uy * wx
    turn = ux * vy - uy * vx
    at_a = vy * wx - vx * wy
    return np.asarray((at_c * (at_c + turn) < -_TINY) & (at_a * (at_a - turn) < -_TINY))


def by_line(hits: Bools, owners: NDArray[np.int64], count: int) -> Bools:
    """Join the hits of segments to hits of lines, shape (count, ...)."""
    joined = np.zeros((count, hits.shape[1]), dtype=bool)
    np.logical_or.at(joined, owners, hits)
    return joined


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Nodes, printed texts and lines that stand already.

    Parameters
    ----------
    names : tuple of str
        The nodes.
    is_round : ndarray of bool, shape (n,)
        Which nodes are ellipses.
    nodes : ndarray, shape (n, 4)
        Centre and half sizes of the nodes.
    texts : ndarray, shape (t, 4)
        Boxes of texts.
    lines : ndarray, shape (s, 4)
        Segments of lines.
    owners : ndarray of int, shape (s,)
        Which line a segment belongs to.
    n_lines : int
        How many lines there are.
    """

    names: tuple[str, ...]
    is_round: Bools
    nodes: Floats
    texts: Floats
    lines: Floats
    owners: NDArray[np.int64]
    n_lines: int

    @classmethod
    def of(
        cls,
        outlines: Sequence[tuple[str, Outline]],
        texts: Sequence[Box],
        lines: Sequence[Polyline],
    ) -> Obstacles:
        """Put what stands already into arrays."""
        rows = [(o.x, o.y, o.rx, o.ry) for _, o in outlines]
        pieces, owners = segments(lines)
        return cls(
            tuple(name for name, _ in outlines),
            np.array([o.is_round for _, o in outlines], dtype=bool),
            np.array(rows, dtype=float).reshape(-1, 4),
            box_array(texts),
            pieces,
            owners,
            len(lines),
        )

    def nodes_hit(self, lines: Sequence[Polyline], gap: float = 0.0) -> Bools:
        """Tell which lines pass through which nodes or nearer than ``gap``, shape (l, n)."""
        pieces, owners = segments(lines)
        sizes = self.nodes[:, 2:] + gap
        grown = np.hstack([self.nodes[:, :2], sizes])
        boxes = np.hstack([self.nodes[:, :2] - sizes, self.nodes[:, :2] + sizes])
        hits = np.where(
            self.is_round[None, :], meet_ellipses(pieces, grown), meet_boxes(pieces, boxes)
        )
        return by_line(hits, owners, len(lines))

    def texts_hit(self, lines: Sequence[Polyline]) -> Bools:
        """Tell which lines pass through which texts, shape (l, t)."""
        pieces, owners = segments(lines)
        return by_line(meet_boxes(pieces, self.texts), owners, len(lines))

    def lines_crossed(self, lines: Sequence[Polyline]) -> NDArray[np.int64]:
        """Count the lines that each of some lines crosses, shape (l,)."""
        pieces, owners = segments(lines)
        hits = by_line(cross(pieces, self.lines), owners, len(lines))
        return np.asarray(by_line(hits.T, self.owners, self.n_lines).sum(axis=0))

    def boxes_hit(self, boxes: Sequence[Box]) -> Bools:
        """Tell which boxes the lines pass through, shape (b, lines)."""
        hits = by_line(meet_boxes(self.lines, box_array(boxes)), self.owners, self.n_lines)
        return hits.T

    def boxes_on_nodes(self, boxes: Sequence[Box]) -> Bools:
        """Tell which boxes reach into which nodes, shape (b, n)."""
        area = box_array(boxes)[:, None, :]
        x, y, rx, ry = (self.nodes[None, :, k] for k in range(4))
        near_x = np.clip(x, area[..., 0], area[..., 2])
        near_y = np.clip(y, area[..., 1], area[..., 3])
        dx, dy = np.abs(near_x - x) / rx, np.abs(near_y - y) / ry
        inside = np.where(self.is_round[None, :], dx**2 + dy**2 < 1 - _TINY, (dx < 1) & (dy < 1))
        return np.asarray(inside)

    def boxes_on_texts(self, boxes: Sequence[Box]) -> Bools:
        """Tell which boxes overlap which texts, shape (b, t)."""
        return overlapping(box_array(boxes), self.texts)


def overlapping(first: Floats, second: Floats) -> Bools:
    """Tell which boxes overlap which others, shape (a, b)."""
    a, b = first[:, None, :], second[None, :, :]
    return np.asarray(
        (a[..., 0] < b[..., 2])
        & (b[..., 0] < a[..., 2])
        & (a[..., 1] < b[..., 3])
        & (b[..., 1] < a[..., 3])
    )
