"""Plane geometry of figures in closed form: clipping, intersections, curves.

Coordinates are points (1/72 inch); x grows to the right and y grows downwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

Point = tuple[float, float]
Polyline = tuple[Point, ...]
CURVE_STEPS, COARSE_STEPS = 24, 10
"""Straight pieces of a curve: where it is judged, and where many candidates are compared."""
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with sides along the axes."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, center: Point, width: float, height: float) -> Box:
        """Return the box of a size about a centre."""
        x, y = center
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    @property
    def center(self) -> Point:
        """The middle of the box."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def grown(self, by: float) -> Box:
        """Return the box with every side moved outwards."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def padded(self, across: float, down: float) -> Box:
        """Return the box with more room at its sides and above and below."""
        return Box(self.left - across, self.top - down, self.right + across, self.bottom + down)

    def joined(self, other: Box) -> Box:
        """Return the smallest box around two boxes."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def overlaps(self, other: Box) -> bool:
        """Tell whether two boxes share more than their borders."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def contains(self, point: Point) -> bool:
        """Tell whether a point lies inside."""
        return self.left < point[0] < self.right and self.top < point[1] < self.bottom

    def is_hit_by(self, line: Polyline) -> bool:
        """Tell whether a polyline passes through the box."""
        return _hull(line).overlaps(self) and any(
            _segment_meets_box(start, stop, self) for start, stop in pairwise(line)
        )


def _segment_meets_box(start: Point, stop: Point, box: Box) -> bool:
    """Clip a segment to a box as Liang and Barsky do; tell whether anything is left."""
    if (start[0] <= box.left and stop[0] <= box.left) or (
        start[0] >= box.right and stop[0] >= box.right
    ):
        return False
    enter, leave = 0.0, 1.0
    sides = ((start[0], stop[0], box.left, box.right), (start[1], stop[1], box.top, box.bottom))
    for origin, target, low, high in sides:
        step = target - origin
        if abs(step) < _TINY:
            if not low < origin < high:
                return False
            continue
        first, last = sorted(((low - origin) / step, (high - origin) / step))
        enter, leave = max(enter, first), min(leave, last)
    return enter < leave - _TINY


@dataclass(frozen=True, slots=True)
class Outline:
    """The border of a node: an ellipse or a rectangle about a centre."""

    x: float
    y: float
    rx: float
    ry: float
    is_round: bool

    @property
    def center(self) -> Point:
        """The middle of the node."""
        return self.x, self.y

    @property
    def box(self) -> Box:
        """The bounding box."""
        return Box(self.x - self.rx, self.y - self.ry, self.x + self.rx, self.y + self.ry)

    def exit(self, dx: float, dy: float) -> Point:
        """Return where a ray from the centre leaves the node."""
        if self.is_round:
            scale = 1 / max(math.hypot(dx / self.rx, dy / self.ry), _TINY)
        else:
            scale = 1 / max(abs(dx) / self.rx, abs(dy) / self.ry, _TINY)
        return self.x + dx * scale, self.y + dy * scale

    def is_hit_by(self, line: Polyline, gap: float = 0.0) -> bool:
        """Tell whether a polyline passes through the node or nearer to it than ``gap``."""
        if not self.is_round:
            return self.box.grown(gap).is_hit_by(line)
        rx, ry = self.rx + gap, self.ry + gap
        if not _hull(line).overlaps(self.box.grown(gap)):
            return False
        scaled = [((x - self.x) / rx, (y - self.y) / ry) for x, y in line]
        return any(_distance_to_origin(a, b) < 1 - _TINY for a, b in pairwise(scaled))

    def meets_box(self, box: Box) -> bool:
        """Tell whether a box reaches into the node."""
        if not self.is_round:
            return self.box.overlaps(box)
        x = min(max(self.x, box.left), box.right)
        y = min(max(self.y, box.top), box.bottom)
        return math.hypot((x - self.x) / self.rx, (y - self.y) / self.ry) < 1 - _TINY

    def overlaps(self, other: Outline) -> bool:
        """Tell whether two nodes overlap."""
        if not other.is_round:
            return self.meets_box(other.box)
        if not self.is_round:
            return other.meets_box(self.box)
        dx, dy = other.x - self.x, other.y - self.y
        return math.hypot(dx / (self.rx + other.rx), dy / (self.ry + other.ry)) < 1 - _TINY


def _distance_to_origin(start: Point, stop: Point) -> float:
    """Return the distance of a segment from the origin."""
    dx, dy = stop[0] - start[0], stop[1] - start[1]
    length = dx * dx + dy * dy
    share = -(start[0] * dx + start[1] * dy) / length if length > _TINY else 0.0
    share = min(max(share, 0.0), 1.0)
    return math.hypot(start[0] + share * dx, start[1] + share * dy)


def _side(origin: Point, target: Point, point: Point) -> float:
    """Return on which side of a line a point lies."""
    return (target[0] - origin[0]) * (point[1] - origin[1]) - (target[1] - origin[1]) * (
        point[0] - origin[0]
    )


@lru_cache(maxsize=4096)
def _hull(line: Polyline) -> Box:
    """Return the box around a polyline, a hair wider."""
    xs, ys = zip(*line, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys)).grown(_TINY)


def lines_cross(first: Polyline, second: Polyline) -> bool:
    """Tell whether two polylines properly cross."""
    if not _hull(first).overlaps(_hull(second)):
        return False
    return any(
        _side(a, b, c) * _side(a, b, d) < -_TINY and _side(c, d, a) * _side(c, d, b) < -_TINY
        for a, b in pairwise(first)
        for c, d in pairwise(second)
    )


@cache
def _curve_weights(steps: int) -> tuple[tuple[float, float, float, float], ...]:
    """Return the weights of the four points of a cubic curve at equal steps of its parameter."""
    return tuple(
        ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        for t in (step / steps for step in range(steps + 1))
    )


def cubic_points(
    start: Point, control: Point, other: Point, stop: Point, steps: int = CURVE_STEPS
) -> Polyline:
    """Return points along a cubic Bezier curve."""
    return tuple(
        (
            a * start[0] + b * control[0] + c * other[0] + d * stop[0],
            a * start[1] + b * control[1] + c * other[1] + d * stop[1],
        )
        for a, b, c, d in _curve_weights(steps)
    )


def line_length(line: Polyline) -> float:
    """Return the length of a polyline."""
    return sum(math.dist(a, b) for a, b in pairwise(line))


def point_along(line: Polyline, share: float) -> Point:
    """Return the point at a share (0 to 1) of a polyline's length."""
    left = share * line_length(line)
    for a, b in pairwise(line):
        step = math.dist(a, b)
        if left <= step and step > _TINY:
            return a[0] + (b[0] - a[0]) * left / step, a[1] + (b[1] - a[1]) * left / step
        left -= step
    return line[-1]


def direction(start: Point, stop: Point) -> Point:
    """Return the unit vector from one point to another."""
    length = max(math.dist(start, stop), _TINY)
    return (stop[0] - start[0]) / length, (stop[1] - start[1]) / length


def rotated(vector: Point, degrees: float) -> Point:
    """Return a vector turned by an angle."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return vector[0] * cos - vector[1] * sin, vector[0] * sin + vector[1] * cos
