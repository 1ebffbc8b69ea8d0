"""Where the constructs of a path model stand: columns by path direction, rows by search.

A state gives every construct a row slot and a side for its items. Its cost is in closed form, so
that thousands of states are compared in one array operation; the search is deterministic.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, count
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SIDES = ("none", "left", "right", "top", "bottom")
"""Where the items of a construct stand; the position is the code in a state."""
_TOP = SIDES.index("top")

_OVERLAP, _THROUGH_NODE, _THROUGH_BLOCK, _CROSSING = 400.0, 60.0, 40.0, 6.0
_NARROW, _NARROW_ANGLE = 16.0, np.deg2rad(24.0)
_LENGTH, _RISE, _RISE_SQUARED = 0.8, 0.5, 0.25
_HEIGHT, _TOO_TALL, _ASPECT = 0.35, 4.0, 1.8
_DISORDER = 0.05
_TOO_WIDE, _MISALIGNED, _OFF_CENTRE, _CRAMPED = 300.0, 25.0, 0.05, 20.0
IMPOSSIBLE = 250.0
"""Cost from which nodes or blocks overlap or the page is too narrow."""
_CLEARANCE = 7.0
_PAIR_STEPS = ((-1, 1), (1, -1), (1, 1), (-1, -1), (-2, 2), (2, -2))
_BUDGET, _BUDGET_WITH_ITEMS = (24000, 600), (50000, 1400)
"""States to look at: at most, and per squared number of nodes."""
_FLAT = 1e-9
_SMALL_LOOP = 2
_FRESH_STARTS, _FRESH_EVERY = 8, 3
_TINY = 1e-6
_MAX_STEPS = 40
_AT_ONCE = 128
_WARM_SHARE = 0.3
"""Share of the budget that a search gets which begins from the answers of a similar one."""
_SEED = 20170


@dataclass(frozen=True, slots=True)
class Problem:
    """What the search needs to know about a model of n nodes and e edges.

    Parameters
    ----------
    columns : ndarray of int, shape (n,)
        Column of each node, from 0.
    radii : ndarray, shape (n, 2)
        Half width and half height of each node, in points.
    blocks : ndarray, shape (n, 5, 4)
        Left, top, right, bottom of the item block relative to the node, by side.
    has_items : ndarray of bool, shape (n,)
        Whether a node has items.
    edges : ndarray of int, shape (e, 2)
        Source and target of each edge.
    aligned : ndarray of int, shape (k, 2)
        Nodes whose items are joined by arcs and should stand on the same side, in line.
    unit : float
        Height of a row slot, in points.
    width : float
        Width of the figure, in points.
    pitch : (float, float)
        Smallest and largest distance of two columns, in points.
    gap, node_gap : float
        Smallest distance of two blocks, and of two nodes, in points.
    upright : float
        Height that an edge between two nodes above each other needs, in points.
    """

    columns: Ints
    radii: Floats
    blocks: Floats
    has_items: NDArray[np.bool_]
    edges: Ints
    aligned: Ints
    unit: float
    width: float
    pitch: tuple[float, float]
    gap: float
    node_gap: float
    upright: float


@dataclass(frozen=True, slots=True)
class State:
    """A placement: row slot and side code of each node, and what it costs."""

    slots: tuple[int, ...]
    sides: tuple[int, ...]
    cost: float


def strong_parts(n: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each node the smallest node of its feedback loop (itself if in none)."""
    reach = np.eye(n, dtype=bool)
    for source, target in edges:
        reach[source, target] = True
    for middle in range(n):
        reach |= reach[:, [middle]] & reach[[middle], :]
    return [int(np.flatnonzero(reach[k] & reach[:, k])[0]) for k in range(n)]


def columns_by_path(n: int, edges: Sequence[tuple[int, int]], late: Iterable[int] = ()) -> Ints:
    """Return the column of each node: the longest way from a start.

    Two variables that affect each other share a column; in larger feedback loops the paths
    against the order of the model are not counted.

    Parameters
    ----------
    n : int
        Number of nodes.
    edges : sequence of (int, int)
        Source and target of each directed edge.
    late : iterable of int
        Start nodes (observed covariates) that stand just before what they predict.

    Returns
    -------
    ndarray of int, shape (n,)
        Columns from 0 on.
    """
    part = strong_parts(n, edges)
    edges = [
        (a, b)
        for a, b in edges
        if a < b or part[a] != part[b] or part.count(part[a]) <= _SMALL_LOOP
    ]
    part = strong_parts(n, edges)
    between = sorted({(part[a], part[b]) for a, b in edges if part[a] != part[b]})
    rank = dict.fromkeys(part, 0)
    for _ in range(n):
        for a, b in between:
            rank[b] = max(rank[b], rank[a] + 1)
    for node in late:
        following = [rank[b] for a, b in between if a == node]
        if following and part[node] == node and all(b != node for _, b in between):
            rank[node] = max(min(following) - 1, 0)
    return np.array([rank[part[k]] for k in range(n)], dtype=np.int64)


def columns_by_role(n: int, edges: Sequence[tuple[int, int]]) -> Ints:
    """Return the column of each node by its role: predictor, mediator or outcome.

    Parameters
    ----------
    n : int
        Number of nodes.
    edges : sequence of (int, int)
        Source and target of each directed edge.

    Returns
    -------
    ndarray of int, shape (n,)
        Three columns at most, from 0 on.
    """
    sources, targets = {a for a, _ in edges}, {b for _, b in edges}
    roles = [0 if k not in targets else 1 if k in sources else 2 for k in range(n)]
    present = sorted(set(roles))
    return np.array([present.index(role) for role in roles], dtype=np.int64)


def folded(columns: Ints, most: int) -> Ints:
    """Merge neighbouring columns until there are at most so many."""
    count = int(columns.max()) + 1
    return columns if count <= most else columns * most // count


def column_positions(problem: Problem, sides: Ints) -> tuple[Floats, Floats]:
    """Return the horizontal centres of nodes and the width that is missing.

    Parameters
    ----------
    problem : Problem
        The model.
    sides : ndarray of int, shape (s, n)
        Side codes of s states.

    Returns
    -------
    x : ndarray, shape (s, n)
        Centres, in points.
    missing : ndarray, shape (s,)
        By how much the columns stand closer than they may, in points.
    """
    n = len(problem.columns)
    block = problem.blocks[np.arange(n), sides]
    left = np.maximum(problem.radii[:, 0], -block[..., 0])
    right = np.maximum(problem.radii[:, 0], block[..., 2])
    last = int(problem.columns.max())
    margin_left = left[:, problem.columns == 0].max(axis=1)
    margin_right = right[:, problem.columns == last].max(axis=1)
    free = problem.width - margin_left - margin_right
    low, high = problem.pitch
    pitch = np.clip(free / max(last, 1), low, high) if last else np.zeros(len(sides))
    x = margin_left[:, None] + pitch[:, None] * problem.columns
    missing = np.maximum(low * last - free, 0.0)
    over_left = np.maximum(left - x, 0.0).max(axis=1)
    over_right = np.maximum(x + right - problem.width, 0.0).max(axis=1)
    return x, missing + over_left + over_right


def costs(problem: Problem, slots: Ints, sides: Ints) -> Floats:
    """Return the cost of each of s states (unitless), shape (s,).

    States are taken a few at a time, so that their arrays stay in the processor's cache.
    """
    return np.concatenate(
        [
            _costs(problem, slots[first : first + _AT_ONCE], sides[first : first + _AT_ONCE])
            for first in range(0, len(slots), _AT_ONCE)
        ]
    )


def _costs(problem: Problem, slots: Ints, sides: Ints) -> Floats:
    """Return the cost of each state."""
    x, missing = column_positions(problem, sides)
    y: Floats = np.asarray(slots * problem.unit, dtype=np.float64)
    block = problem.blocks[np.arange(x.shape[1]), sides] + np.stack([x, y, x, y], axis=-1)
    radii = np.broadcast_to(problem.radii, (*x.shape, 2))
    node = np.stack(
        [x - radii[..., 0], y - radii[..., 1], x + radii[..., 0], y + radii[..., 1]], axis=-1
    )
    total: Floats = _TOO_WIDE * (missing > 0) + missing
    total += _overlap_cost(problem, node, block)
    total += _extent_cost(problem, x, node, block)
    total += _order_cost(problem, slots)
    total += _alignment_cost(problem, node, block, sides)
    if len(problem.edges):
        total += _edge_cost(problem, x, y, block)
    return np.round(total, 6)


def _overlap_cost(problem: Problem, node: Floats, block: Floats) -> Floats:
    """Charge nodes and blocks that overlap or stand too close."""
    n = node.shape[1]
    total = np.zeros(len(node))
    first, second = np.triu_indices(n, 1)
    with_items = problem.has_items
    for left, right, counts, gap in (
        (node, node, np.ones(len(first), bool), problem.node_gap),
        (node, block, with_items[second], problem.gap),
        (block, node, with_items[first], problem.gap),
        (block, block, with_items[first] & with_items[second], problem.gap),
    ):
        a, b = left[:, first[counts]], right[:, second[counts]]
        across = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
        down = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
        depth = np.minimum(across, down) + gap
        total += np.where(depth > 0, _OVERLAP + depth, 0.0).sum(axis=1)
    return total


def _extent_cost(problem: Problem, x: Floats, node: Floats, block: Floats) -> Floats:
    """Charge the height of the figure, and constructs away from its middle line."""
    top = np.minimum(node[..., 1], block[..., 1]).min(axis=1)
    bottom = np.maximum(node[..., 3], block[..., 3]).max(axis=1)
    row = 2 * problem.radii[:, 1].max() * 1.2
    middle = (node[..., 1] + node[..., 3]) / 2
    off = np.abs(middle - middle.mean(axis=1, keepdims=True)).sum(axis=1) / row
    wide = np.ptp(x, axis=1) / problem.width
    height = (bottom - top) / row
    over = np.maximum(height - problem.width / _ASPECT / row, 0.0)
    return np.asarray(_HEIGHT * height + _TOO_TALL * over + _OFF_CENTRE * off - 0.01 * wide)


def _order_cost(problem: Problem, slots: Ints) -> Floats:
    """Charge nodes of a column that stand in another order than in the model, a little."""
    first, second = np.triu_indices(slots.shape[1], 1)
    same = problem.columns[first] == problem.columns[second]
    turned = slots[:, first[same]] > slots[:, second[same]]
    return np.asarray(_DISORDER * turned.sum(axis=1))


def _alignment_cost(problem: Problem, node: Floats, block: Floats, sides: Ints) -> Floats:
    """Charge blocks that arcs join but that do not stand in line on one side."""
    if not len(problem.aligned):
        return np.zeros(len(node))
    a, b = problem.aligned.T
    same = sides[:, a] == sides[:, b]
    outer = {1: 0, 2: 2, 3: 1, 4: 3}
    apart = np.full(same.shape, True)
    for side, edge in outer.items():
        here = same & (sides[:, a] == side)
        apart &= ~(here & (np.abs(block[:, a, edge] - block[:, b, edge]) < 1.0))
    return np.asarray(_MISALIGNED * (apart.sum(axis=1) + (~same).sum(axis=1)))


def _edge_cost(problem: Problem, x: Floats, y: Floats, block: Floats) -> Floats:
    """Charge length, crossings, narrow angles and ways through nodes or blocks."""
    source, target = problem.edges.T
    ax, ay, bx, by = x[:, source], y[:, source], x[:, target], y[:, target]
    dx, dy = bx - ax, by - ay
    row = 2 * problem.radii[:, 1].max() * 1.2
    rise = np.abs(dy) / row
    length = np.hypot(dx / max(problem.pitch[0], 1.0), rise)
    total = (_LENGTH * length + _RISE * rise + _RISE_SQUARED * rise**2).sum(axis=1)
    total += _THROUGH_NODE * _ways_through_nodes(problem, x, y).sum(axis=(1, 2))
    if problem.has_items.any():
        hit = _ways_through_blocks(ax, ay, dx, dy, block[:, problem.has_items])
        total += _THROUGH_BLOCK * hit.sum(axis=(1, 2))
    total += _CROSSING * _crossings(problem.edges, ax, ay, bx, by)
    total += _NARROW * _narrow_angles(problem.edges, dx, dy)
    total += _CRAMPED * _cramped(problem, dx, dy)
    return np.asarray(total)


def _ways_through_nodes(problem: Problem, x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Return which edges pass a foreign node too closely, shape (s, e, n)."""
    source, target = problem.edges.T
    radii = problem.radii + _CLEARANCE
    ax = (x[:, source, None] - x[:, None, :]) / radii[:, 0]
    ay = (y[:, source, None] - y[:, None, :]) / radii[:, 1]
    dx = (x[:, target, None] - x[:, None, :]) / radii[:, 0] - ax
    dy = (y[:, target, None] - y[:, None, :]) / radii[:, 1] - ay
    share = np.clip(-(ax * dx + ay * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0.0, 1.0)
    near = (ax + share * dx) ** 2 + (ay + share * dy) ** 2 < 1.0
    nodes = np.arange(x.shape[1])
    foreign = (nodes != source[:, None]) & (nodes != target[:, None])
    return np.asarray(near & foreign)


def _ways_through_blocks(
    ax: Floats, ay: Floats, dx: Floats, dy: Floats, block: Floats
) -> NDArray[np.bool_]:
    """Return which edges pass an item block, shape (s, e, b); Liang and Barsky's clipping."""
    enter = np.zeros((*ax.shape, block.shape[1]))
    leave = np.ones_like(enter)
    for origin, step, low, high in ((ax, dx, 0, 2), (ay, dy, 1, 3)):
        safe = np.where(np.abs(step) < _FLAT, _FLAT, step)[..., None]
        first = (block[:, None, :, low] - origin[..., None]) / safe
        second = (block[:, None, :, high] - origin[..., None]) / safe
        enter = np.maximum(enter, np.minimum(first, second))
        leave = np.minimum(leave, np.maximum(first, second))
    return np.asarray(enter < leave)


def _cramped(problem: Problem, dx: Floats, dy: Floats) -> Floats:
    """Sum the room (as a share) that upright edges lack for their label and heads, shape (s,)."""
    source, target = problem.edges.T
    across = problem.radii[source, 0] + problem.radii[target, 0]
    free = np.abs(dy) - problem.radii[source, 1] - problem.radii[target, 1]
    missing = np.clip(1.0 - free / problem.upright, 0.0, 1.0)
    return np.asarray(np.where(np.abs(dx) < across, missing, 0.0).sum(axis=1))


def _crossings(edges: Ints, ax: Floats, ay: Floats, bx: Floats, by: Floats) -> Floats:
    """Count crossings of edges without a common node, shape (s,)."""
    first, second = np.triu_indices(len(edges), 1)
    shared = (edges[first][:, :, None] == edges[second][:, None, :]).any(axis=(1, 2))
    first, second = first[~shared], second[~shared]

    def side(i: Ints, px: Floats, py: Floats) -> Floats:
        return np.asarray(
            (bx[:, i] - ax[:, i]) * (py - ay[:, i]) - (by[:, i] - ay[:, i]) * (px - ax[:, i])
        )

    one = side(first, ax[:, second], ay[:, second]) * side(first, bx[:, second], by[:, second])
    two = side(second, ax[:, first], ay[:, first]) * side(second, bx[:, first], by[:, first])
    return np.asarray(((one < 0) & (two < 0)).sum(axis=1), dtype=np.float64)


def _narrow_angles(edges: Ints, dx: Floats, dy: Floats) -> Floats:
    """Sum the missing angle (radian) of edges that leave or reach a node close together."""
    pairs = [
        (i, j, 1.0 if edges[i, p] == edges[j, q] and p == q else -1.0)
        for i, j in combinations(range(len(edges)), 2)
        for p in (0, 1)
        for q in (0, 1)
        if edges[i, p] == edges[j, q] and {edges[i, 0], edges[i, 1]} != {edges[j, 0], edges[j, 1]}
    ]
    if not pairs:
        return np.zeros(len(dx))
    i = np.array([pair[0] for pair in pairs])
    j = np.array([pair[1] for pair in pairs])
    sign = np.array([pair[2] for pair in pairs])
    length = np.maximum(np.hypot(dx, dy), 1e-9)
    cosine = sign * (dx[:, i] * dx[:, j] + dy[:, i] * dy[:, j]) / (length[:, i] * length[:, j])
    return np.asarray(
        np.maximum(_NARROW_ANGLE - np.arccos(np.clip(cosine, -1.0, 1.0)), 0.0).sum(axis=1)
    )


def _start(problem: Problem, spacing: int, generator: random.Random | None) -> tuple[Ints, Ints]:
    """Return a starting state: columns centred in declared order, or in a shuffled one."""
    n = len(problem.columns)
    slots = np.zeros(n, dtype=np.int64)
    sides = np.zeros(n, dtype=np.int64)
    last = int(problem.columns.max())
    wide = spacing + (generator.randrange(4) if generator else 0)
    for column in range(last + 1):
        order = [int(node) for node in np.flatnonzero(problem.columns == column)]
        if generator:
            generator.shuffle(order)
        for place, node in enumerate(order):
            slots[node] = wide * place - wide * (len(order) - 1) // 2
            if problem.has_items[node]:
                outside = {0: 1, last: 2}.get(column, 3)
                sides[node] = generator.choice((outside, 3, 4)) if generator else outside
    return slots, sides


def _kicked(
    problem: Problem, state: State, spacing: int, generator: random.Random
) -> tuple[Ints, Ints]:
    """Return a state with a few nodes moved at random."""
    slots = np.array(state.slots, dtype=np.int64)
    sides = np.array(state.sides, dtype=np.int64)
    for _ in range(generator.choice((1, 2, 3))):
        node = generator.randrange(len(slots))
        slots[node] += generator.randint(-2 * spacing, 2 * spacing)
        if problem.has_items[node]:
            sides[node] = generator.randrange(1, len(SIDES))
    return slots, sides


def _moves(problem: Problem, slots: Ints, sides: Ints, reach: int) -> tuple[Ints, Ints]:
    """Return all neighbours of a state: other slots, other sides, swaps, shifted columns."""
    near = [
        *_single_moves(problem, slots, sides, reach),
        *_pair_moves(problem, slots, sides),
        *_column_moves(problem, slots, sides),
    ]
    return np.array([slot for slot, _ in near]), np.array([side for _, side in near])


def _single_moves(
    problem: Problem, slots: Ints, sides: Ints, reach: int
) -> Iterator[tuple[Ints, Ints]]:
    """Yield states in which one node has another slot or another side."""
    for node, has_items in enumerate(problem.has_items):
        for side in range(1, len(SIDES)) if has_items else (0,):
            span = reach if side == sides[node] else 2
            for step in range(-span, span + 1):
                slot, other = slots.copy(), sides.copy()
                slot[node] += step
                other[node] = side
                yield slot, other


def _pair_moves(problem: Problem, slots: Ints, sides: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield states in which two nodes move together, apart, or change places."""
    for a, b in combinations(range(len(slots)), 2):
        for first, second in _PAIR_STEPS:
            slot = slots.copy()
            slot[a] += first
            slot[b] += second
            yield slot, sides
        if problem.columns[a] == problem.columns[b]:
            slot, other = slots.copy(), sides.copy()
            slot[[a, b]] = slot[[b, a]]
            other[[a, b]] = other[[b, a]]
            yield slot, sides
            if problem.has_items[a] and problem.has_items[b]:
                yield slot, other


def _column_moves(problem: Problem, slots: Ints, sides: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield states in which a column is shifted or turned upside down."""
    for column in range(int(problem.columns.max()) + 1):
        inside = problem.columns == column
        for step in (-2, -1, 1, 2):
            yield slots + step * inside, sides
        mirrored = np.where(inside, slots[inside].min() + slots[inside].max() - slots, slots)
        yield mirrored, sides
        upright = inside & (sides >= _TOP)
        yield mirrored, np.where(upright, 2 * _TOP + 1 - sides, sides)


def _descended(problem: Problem, slots: Ints, sides: Ints, reach: int) -> tuple[State, int]:
    """Go to the best neighbour until none is better; return the end and the states looked at."""
    best = float(costs(problem, slots[None], sides[None])[0])
    spent = 0
    for _ in range(_MAX_STEPS):
        near_slots, near_sides = _moves(problem, slots, sides, reach)
        values = costs(problem, near_slots, near_sides)
        spent += len(values)
        choice = int(np.argmin(values))
        if values[choice] >= best - _TINY:
            break
        best = float(values[choice])
        slots, sides = near_slots[choice], near_sides[choice]
    top = int(slots.min())
    placed = tuple(int(slot) - top for slot in slots)
    return State(placed, tuple(int(side) for side in sides), best), max(spent, 1)


def search(problem: Problem, wanted: int = 4, similar: Sequence[State] = ()) -> list[State]:
    """Find the cheapest placements.

    Descends from several starts, and from disturbed copies of the best state, to the best
    neighbour until none is better. The number of evaluated states is bounded, not the time, so
    the answer does not depend on the speed of the machine.

    Parameters
    ----------
    problem : Problem
        The model.
    wanted : int
        How many different placements to return at most.
    similar : sequence of State
        Answers for the same model in other sizes, to begin with; fewer states are looked at.

    Returns
    -------
    list of State
        Cheapest first; at least one.
    """
    tall = float(np.ptp(problem.blocks[..., [1, 3]], axis=-1).max())
    spacing = max(2, int((2 * problem.radii[:, 1].max() + tall / 2) / problem.unit))
    largest = int(np.bincount(problem.columns).max())
    reach = min(spacing * largest, 14)
    generator = random.Random(_SEED)  # noqa: S311  # layout, not secrecy
    found: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
    best: State | None = None
    most, each = _BUDGET_WITH_ITEMS if problem.has_items.any() else _BUDGET
    budget = min(most, each * len(problem.columns) ** 2)
    budget = int(budget * _WARM_SHARE) if similar else budget
    for descent in count(-len(similar)):
        start: tuple[Ints, Ints]
        if descent < 0:
            known = similar[descent]
            start = np.array(known.slots), np.array(known.sides)
        elif best is None or descent < _FRESH_STARTS or not descent % _FRESH_EVERY:
            start = _start(problem, spacing, generator if best else None)
        else:
            start = _kicked(problem, best, spacing, generator)
        state, spent = _descended(problem, *start, reach)
        found[state.slots, state.sides] = state.cost
        if best is None or state.cost < best.cost - _TINY:
            best = state
        budget -= spent
        if budget <= 0:
            break
    ranked = sorted(found.items(), key=lambda pair: (pair[1], pair[0]))
    return [State(slots, sides, cost) for (slots, sides), cost in ranked[:wanted]]


_ROW_STEPS = 14
_ROW_GROWTH = 1.15


def search_sides(problem: Problem, rows: Floats, wanted: int = 4) -> list[State]:
    """Find the cheapest sides of items and distance of rows where the rows are given.

    Parameters
    ----------
    problem : Problem
        The model; its row slots are fine.
    rows : ndarray, shape (n,)
        Row of each node, from 0.
    wanted : int
        How many different placements to return at most.

    Returns
    -------
    list of State
        Cheapest first; at least one.
    """
    least = (2 * problem.radii[:, 1].max() + problem.node_gap) / problem.unit
    states = []
    for step in range(_ROW_STEPS):
        slots = np.round(rows * np.ceil(least * _ROW_GROWTH**step)).astype(np.int64)
        _, sides = _start(problem, 1, None)
        states.append(_sides_descended(problem, slots, sides))
    return sorted(states, key=lambda state: (state.cost, state.slots))[:wanted]


def _sides_descended(problem: Problem, slots: Ints, sides: Ints) -> State:
    """Turn the items of one or two nodes to other sides until nothing gets cheaper."""
    with_items = [int(node) for node in np.flatnonzero(problem.has_items)]
    best = float(costs(problem, slots[None], sides[None])[0])
    for _ in range(_MAX_STEPS):
        near = []
        for a, b in combinations_with_replacement(with_items, 2):
            for first in range(1, len(SIDES)):
                for second in range(1, len(SIDES)) if a != b else (first,):
                    other = sides.copy()
                    other[[a, b]] = first, second
                    near.append(other)
        if not near:
            break
        values = costs(problem, np.broadcast_to(slots, (len(near), len(slots))), np.array(near))
        choice = int(np.argmin(values))
        if values[choice] >= best - _TINY:
            break
        best, sides = float(values[choice]), near[choice]
    return State(tuple(map(int, slots)), tuple(map(int, sides)), best)
