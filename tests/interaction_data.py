"""Answers from a population in which one construct moderates the effect of another."""

from __future__ import annotations

import numpy as np
import pandas as pd

MODEL = "X =~ x1 + x2 + x3\nZ =~ z1 + z2 + z3\nY =~ y1 + y2 + y3\nY ~ X + Z"
PATHS = {"X": 0.4, "Z": 0.3, "X_x_Z": 0.25}
"""Effects on Y in the population, in which X and Z have variance 1 and correlate .4."""


def moderated(n_obs: int, seed: int, decimals: int = 3) -> pd.DataFrame:
    """Draw nine items of three constructs; loadings of the first items are 1."""
    draw = np.random.default_rng(seed).normal
    X = draw(size=n_obs)
    Z = 0.4 * X + np.sqrt(1 - 0.16) * draw(size=n_obs)
    Y = 0.4 * X + 0.3 * Z + 0.25 * X * Z + np.sqrt(0.5) * draw(size=n_obs)
    items = {
        f"{name}{i}": loading * construct + 0.6 * draw(size=n_obs)
        for name, construct in (("x", X), ("z", Z), ("y", Y))
        for i, loading in ((1, 1.0), (2, 0.9), (3, 0.8))
    }
    return pd.DataFrame(items).round(decimals)
