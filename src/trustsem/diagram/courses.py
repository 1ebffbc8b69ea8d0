"""How an edge runs from node to node: straight, bowed, or as an arc; with its arrow heads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from trustsem.diagram.geometry import (
    COARSE_STEPS,
    Outline,
    Point,
    Polyline,
    cubic_points,
    direction,
    rotated,
)
from trustsem.diagram.scene import Path, Pen

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAVY, THIN, HAIR = 1.4, 0.7, 0.5
"""Line weights of structural paths, of items and covariances, of residual arrows; in points."""
DASHES = (4.0, 2.4)
_HEADS = ((HAIR, 4.0, 2.8), (THIN, 5.0, 3.4), (HEAVY, 7.0, 5.0), (3.0, 9.5, 7.2))
"""Line weight, length and width of its arrow head, in points; interpolated between them."""
_BASE = 0.85
"""Share of a head that the shaft does not enter."""


@dataclass(frozen=True, slots=True)
class Course:
    """A straight line, or a cubic curve if it has controls."""

    start: Point
    stop: Point
    controls: tuple[Point, Point] | None = None

    @property
    def line(self) -> Polyline:
        """The course as a polyline."""
        if self.controls is None:
            return self.start, self.stop
        return cubic_points(self.start, *self.controls, self.stop)

    @property
    def coarse(self) -> Polyline:
        """The course as a polyline of few pieces, for comparing many candidates."""
        if self.controls is None:
            return self.start, self.stop
        return cubic_points(self.start, *self.controls, self.stop, COARSE_STEPS)

    def shifted(self, dx: float, dy: float) -> Course:
        """Return the course moved."""
        moved = [(x + dx, y + dy) for x, y in (self.start, self.stop, *(self.controls or ()))]
        return Course(moved[0], moved[1], (moved[2], moved[3]) if self.controls else None)


def straight(source: Outline, target: Outline) -> Course:
    """Return the line between two centres, clipped to the nodes."""
    dx, dy = target.x - source.x, target.y - source.y
    return Course(source.exit(dx, dy), target.exit(-dx, -dy))


def bowed(source: Outline, target: Outline, degrees: float) -> Course:
    """Return a curve that leaves and arrives at an angle to the straight line."""
    if not degrees:
        return straight(source, target)
    chord = direction(source.center, target.center)
    away, back = rotated(chord, degrees), rotated((-chord[0], -chord[1]), -degrees)
    start, stop = source.exit(*away), target.exit(*back)
    reach = math.dist(start, stop) / (2 * math.cos(math.radians(degrees))) * 2 / 3
    return Course(
        start,
        stop,
        (
            (start[0] + away[0] * reach, start[1] + away[1] * reach),
            (stop[0] + back[0] * reach, stop[1] + back[1] * reach),
        ),
    )


def arc(start: Point, stop: Point, outward: Point, reach: float) -> Course:
    """Return an arc that leaves and arrives along a direction and extends by ``reach``.

    The farther end along the direction counts: the arc extends beyond both ends.
    """
    along = [point[0] * outward[0] + point[1] * outward[1] for point in (start, stop)]
    peak = max(along)
    lift = reach / 0.75

    def control(point: Point, level: float) -> Point:
        step = peak - level + lift
        return point[0] + outward[0] * step, point[1] + outward[1] * step

    return Course(start, stop, (control(start, along[0]), control(stop, along[1])))


def loop(node: Outline, outward: Point, reach: float) -> Course:
    """Return a loop at one node."""
    start = node.exit(*rotated(outward, -24.0))
    stop = node.exit(*rotated(outward, 24.0))
    return arc(start, stop, outward, reach)


def _head_size(weight: float) -> Point:
    """Return length and width of an arrow head."""
    for (low, *small), (high, *large) in pairwise(_HEADS):
        if weight <= high:
            share = max(weight - low, 0.0) / (high - low)
            length, width = (a + share * (b - a) for a, b in zip(small, large, strict=True))
            return length, width
    return _HEADS[-1][1:]


def head_length(weight: float) -> float:
    """Return the length of an arrow head, in points."""
    return _head_size(weight)[0]


def arrow_shapes(
    course: Course, weight: float, color: str, *, both_ways: bool, dashed: bool
) -> tuple[Path, ...]:
    """Return the shaft and the heads of an arrow."""
    first, second = course.controls or (course.stop, course.start)
    short = _BASE * head_length(weight)
    arrival = direction(second, course.stop)
    stop = (course.stop[0] - short * arrival[0], course.stop[1] - short * arrival[1])
    heads = [_head(course.stop, arrival, weight, color)]
    start = course.start
    if both_ways:
        departure = direction(first, course.start)
        start = (start[0] - short * departure[0], start[1] - short * departure[1])
        heads.append(_head(course.start, departure, weight, color))
    draw: Sequence[str | float] = (
        ("L", *stop) if course.controls is None else ("C", *first, *second, *stop)
    )
    pen = Pen(stroke=color, width=weight, dash=DASHES if dashed else ())
    return Path((("M", *start), tuple(draw)), pen), *heads


def _head(tip: Point, arrival: Point, weight: float, color: str) -> Path:
    """Return a filled triangle at a tip."""
    length, width = _head_size(weight)
    x, y = tip[0] - length * arrival[0], tip[1] - length * arrival[1]
    across = (-arrival[1] * width / 2, arrival[0] * width / 2)
    return Path(
        (
            ("M", *tip),
            ("L", x + across[0], y + across[1]),
            ("L", x - across[0], y - across[1]),
            ("Z",),
        ),
        Pen(stroke=None, width=0.0, fill=color),
    )
