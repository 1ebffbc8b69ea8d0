"""The data that every program analyses: drawn by the project's own simulation, always the same."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from trustsem.simulation import (
    choose_unanswered,
    cut_into_categories,
    draw_constructs,
    draw_indicators,
    interval_thresholds,
)

SEED = 2017
LOADING = 0.8
CORRELATION = 0.3
N_CATEGORIES = 7

ITEMS = {"trust": 5, "sharing": 4, "interpretation": 4, "access": 4, "retention": 4, "market": 4}
"""Constructs of the study model and how many items measure each: 25 in all."""

PATHS = {
    "sharing": ("trust",),
    "interpretation": ("trust", "sharing"),
    "access": ("trust", "sharing"),
    "retention": ("sharing", "interpretation", "access"),
    "market": ("sharing", "interpretation", "access"),
}
"""The 11 paths of the study model: outcome to predictors."""

_PATH = 0.3
_STUDY = "\n".join(f"{outcome} ~ {' + '.join(given)}" for outcome, given in PATHS.items())


def items_of(constructs: dict[str, int]) -> dict[str, list[str]]:
    """Return the names of each construct's items."""
    return {name: [f"{name}{i + 1}" for i in range(size)] for name, size in constructs.items()}


def measurement(constructs: dict[str, int]) -> str:
    """Return a measurement model as text."""
    return "\n".join(f"{name} =~ {' + '.join(own)}" for name, own in items_of(constructs).items())


MEASUREMENT = measurement(ITEMS)
STRUCTURE = f"{MEASUREMENT}\n{_STUDY}\nretention ~~ market"


@cache
def study(n_obs: int = 221) -> pd.DataFrame:
    """Return answers on 7-point scales from a population in which the study model holds."""
    rng = np.random.default_rng(SEED)
    names = list(ITEMS)
    Beta = np.zeros((len(names), len(names)))
    for outcome, predictors in PATHS.items():
        for predictor in predictors:
            Beta[names.index(outcome), names.index(predictor)] = _PATH
    eta = draw_constructs(n_obs, Beta, np.eye(len(names)), rng)
    y = _answers(eta / eta.std(axis=0), ITEMS, rng)
    thresholds = interval_thresholds(N_CATEGORIES, mean=4.6, spread=1.2)
    return y.apply(lambda column: cut_into_categories(column.to_numpy(), thresholds)).astype(float)


@cache
def coarse() -> pd.DataFrame:
    """Return the study's answers on four points, all of them given often.

    A resample of these lacks no category, which not every program survives.
    """
    return study().replace({1.0: 3.0, 2.0: 3.0, 7.0: 6.0}) - 2.0


@cache
def incomplete(share: float = 0.05) -> pd.DataFrame:
    """Return the study's answers with a share of them missing completely at random."""
    complete = study()
    rng = np.random.default_rng(SEED)
    most = 4
    cases = min(1.0, share * complete.shape[1] * 2 / (most + 1))
    gaps = choose_unanswered(*complete.shape, share=cases, most=most, rng=rng)
    return complete.mask(gaps)


@cache
def two_groups() -> pd.DataFrame:
    """Return the study's answers from twice as many firms, in two groups of different means."""
    both = study(442)
    group = np.arange(len(both)) % 2
    return both.assign(group=group + 1.0)


@cache
def block(n_obs: int, n_items: int, per_construct: int = 5) -> pd.DataFrame:
    """Return continuous answers to items of equally correlated constructs."""
    rng = np.random.default_rng(SEED)
    constructs = equal(n_items, per_construct)
    m = len(constructs)
    eta = draw_constructs(
        n_obs,
        np.zeros((m, m)),
        CORRELATION + (1 - CORRELATION) * np.eye(m),
        rng,
    )
    return _answers(eta, constructs, rng)


def equal(n_items: int, per_construct: int = 5) -> dict[str, int]:
    """Return constructs of equal size that hold so many items."""
    return {f"f{i + 1}_": per_construct for i in range(n_items // per_construct)}


def _answers(eta: np.ndarray, constructs: dict[str, int], rng: np.random.Generator) -> pd.DataFrame:
    """Return answers that load equally on their constructs."""
    sizes = list(constructs.values())
    Lambda = LOADING * np.repeat(np.eye(len(sizes)), sizes, axis=0)
    y = draw_indicators(eta, Lambda, (1 - LOADING**2) * np.eye(sum(sizes)), rng)
    return pd.DataFrame(y, columns=[name for own in items_of(constructs).values() for name in own])
