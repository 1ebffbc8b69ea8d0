"""Models of many shapes and numerical derivatives, shared by the tests of the numerical core."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from trustsem.estimation import Problem
from trustsem.moments import from_frame
from trustsem.options import Options
from trustsem.specification import build_table, parse_model

DATA = Path(__file__).resolve().parent.parent / "data"

THREE_CONSTRUCTS = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
DEMOCRACY = """
ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ a*ind60
dem65 ~ c*ind60 + b*dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8
"""


@functools.cache
def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name)


def holzinger() -> pd.DataFrame:
    """Return the mental ability tests of 301 children."""
    return _read("holzinger1939.csv").copy()


def democracy() -> pd.DataFrame:
    """Return industrialisation and democracy of 75 countries."""
    return _read("bollen1989.csv").copy()


@dataclass(frozen=True)
class ModelShape:
    """A model of a certain shape, with data that it can be estimated from."""

    name: str
    model: str
    data: Callable[[], pd.DataFrame] = holzinger
    kind: str = "cfa"
    options: dict[str, Any] = field(default_factory=dict)

    def problem(self, frame: pd.DataFrame | None = None) -> Problem:
        """Return the estimation problem of the model, on its own data or on others."""
        frame = self.data() if frame is None else frame
        options = Options.from_keywords(**self.options)
        group = options.group
        labels = () if group is None else tuple(frame[group].unique())
        table = build_table(
            parse_model(self.model), kind=self.kind, options=options, group_labels=labels
        )
        if group is None:
            return Problem.build(table, [from_frame(frame, table.observed, divisor="n")])
        return Problem.build(
            table,
            [
                from_frame(frame[frame[group] == label], table.observed, divisor="n", group=label)
                for label in labels
            ],
        )

    def fit(self, frame: pd.DataFrame | None = None, **options: Any) -> ts.ModelResult:
        """Return the estimated model."""
        data = self.data() if frame is None else frame
        return getattr(ts, self.kind)(self.model, data, **self.options, **options)


SHAPES = (
    ModelShape("cfa_marker", THREE_CONSTRUCTS),
    ModelShape("cfa_unit_variance", THREE_CONSTRUCTS, options={"std_lv": True}),
    ModelShape("cfa_cross_loading", THREE_CONSTRUCTS + "\nvisual =~ x9\nx7 ~~ x8"),
    ModelShape("second_order", THREE_CONSTRUCTS + "\ng =~ visual + textual + speed"),
    ModelShape("structural", DEMOCRACY, democracy, "sem"),
    ModelShape(
        "mimic_fixed_x",
        THREE_CONSTRUCTS + "\nvisual ~ ageyr + grade\nspeed ~ grade + visual",
        kind="sem",
        options={"fixed_x": True},
    ),
    ModelShape(
        "mimic_fixed_x_means",
        "visual =~ x1 + x2 + x3\nvisual ~ ageyr + sex",
        kind="sem",
        options={"fixed_x": True, "meanstructure": True},
    ),
    ModelShape("feedback", "y1 ~ y2 + x1\ny2 ~ y1 + x2\ny3 ~ y1 + y2", democracy, "sem"),
    ModelShape("mean_structure", THREE_CONSTRUCTS, options={"meanstructure": True, "std_lv": True}),
    ModelShape(
        "constrained_means",
        "f =~ x1 + x2 + x3 + x4\nx1 ~ 0*1\nf ~ 1\nx2 ~ m*1\nx3 ~ m*1",
        options={"meanstructure": True},
    ),
    ModelShape(
        "growth",
        "i =~ 1*y1 + 1*y2 + 1*y3 + 1*y4\ns =~ 0*y1 + 1*y2 + y3 + y4\ni ~ x1\nx1 ~ 1",
        democracy,
        "growth",
    ),
    ModelShape(
        "equal_labels",
        "visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + b*x5 + b*x6\nx1 ~~ t*x1\nx2 ~~ t*x2",
    ),
    ModelShape(
        "linear_constraint",
        "visual =~ x1 + b*x2 + c*x3\ntextual =~ x4 + d*x5 + e*x6\nb == c\nd + e == 2",
    ),
    ModelShape(
        "two_groups",
        THREE_CONSTRUCTS,
        options={"group": "school", "group_equal": ["loadings", "intercepts"]},
    ),
)


def shape(name: str) -> ModelShape:
    """Return the model shape of a name."""
    return next(item for item in SHAPES if item.name == name)


def each_shape(*left_out: str) -> list[Any]:
    """Return the model shapes as test parameters."""
    return [pytest.param(item, id=item.name) for item in SHAPES if item.name not in left_out]


def inside_point(problem: Problem, rng: np.random.Generator, size: float = 0.05) -> np.ndarray:
    """Return reduced parameters a little beside the start, where the objective exists."""
    start = problem.start()
    while True:
        point = start * (1 + size * rng.normal(size=start.shape)) + size / 5 * rng.normal(
            size=start.shape
        )
        if np.isfinite(problem.objective.at(point[None]).value[0]):
            return point
        size /= 2


def numerical_jacobian(function: Callable[[np.ndarray], Any], point: np.ndarray) -> np.ndarray:
    """Differentiate by central differences of fourth order; last axis: the parameters.

    The function takes a stack of points.
    """
    steps = 1e-3 * np.maximum(np.abs(point), 0.1)
    at = {times: np.asarray(function(point + times * np.diag(steps))) for times in (-2, -1, 1, 2)}
    change = (at[-2] - 8 * at[-1] + 8 * at[1] - at[2]) / 12
    return np.moveaxis(change, 0, -1) / steps


def assert_near(actual: Any, expected: Any, share: float) -> None:
    """Fail unless all numbers agree up to a share of the largest expected one."""
    actual, expected = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    bound = share * max(1.0, float(np.abs(expected).max(initial=0.0)))
    assert np.abs(actual - expected).max(initial=0.0) <= bound


def random_covariance(
    p: int, rng: np.random.Generator, *, lead: tuple[int, ...] = ()
) -> np.ndarray:
    """Return well-conditioned covariance matrices with unequal variances."""
    A = rng.normal(size=(*lead, p, 3 * p))
    scale = rng.uniform(0.5, 2.0, size=(*lead, p))
    return (A @ np.swapaxes(A, -1, -2)) / (3 * p) * scale[..., :, None] * scale[..., None, :]


def estimate_of(result: ts.ModelResult, lhs: str, op: str, rhs: str = "") -> pd.Series:
    """Return the row of one parameter."""
    frame = result.parameters
    chosen = frame[(frame["lhs"] == lhs) & (frame["op"] == op) & (frame["rhs"] == rhs)]
    assert len(chosen) == 1, f"{len(chosen)} rows for {lhs} {op} {rhs}"
    return chosen.iloc[0]


def simulated(
    n_obs: int,
    rng: np.random.Generator,
    *,
    loadings: tuple[float, ...] = (0.9, 0.8, 0.7, 0.6),
    path: float = 0.5,
) -> pd.DataFrame:
    """Draw two constructs of unit variance, f -> g, with the same loadings; residuals 1 - l^2."""
    f = rng.normal(size=n_obs)
    g = path * f + np.sqrt(1 - path**2) * rng.normal(size=n_obs)
    items = {}
    for stem, construct in (("a", f), ("b", g)):
        for number, loading in enumerate(loadings, start=1):
            noise = np.sqrt(1 - loading**2) * rng.normal(size=n_obs)
            items[f"{stem}{number}"] = loading * construct + noise
    return pd.DataFrame(items)


TWO_STEP_MODEL = "f =~ a1 + a2 + a3 + a4\ng =~ b1 + b2 + b3 + b4\ng ~ f"
