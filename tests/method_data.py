"""Answers in which a method, which a marker measures, adds to three constructs."""

from __future__ import annotations

import numpy as np
import pandas as pd

CONSTRUCTS = {"A": "a1:a4", "B": "b1:b4", "C": "c1:c4"}
HYPOTHESES = ["H1: A -> B", "H2: B -> C", "H3: A -> C"]
MARKER = {"marker": "mk", "marker_items": "mk1:mk3"}


def with_method(n_obs: int = 300, seed: int = 5, share: float = 0.35) -> pd.DataFrame:
    """Draw four items of each construct, three of the marker, and the size of the firm."""
    generator = np.random.default_rng(seed)
    draw = generator.normal
    method, A, own = draw(size=n_obs), draw(size=n_obs), draw(size=n_obs)
    B = 0.5 * A + np.sqrt(0.75) * draw(size=n_obs)
    C = 0.4 * B + 0.2 * A + 0.8 * draw(size=n_obs)
    items = {
        f"{name}{i}": 0.8 * construct + share * method + 0.55 * draw(size=n_obs)
        for name, construct in (("a", A), ("b", B), ("c", C))
        for i in (1, 2, 3, 4)
    }
    items |= {f"mk{i}": 0.6 * method + 0.4 * own + 0.6 * draw(size=n_obs) for i in (1, 2, 3)}
    frame = pd.DataFrame(items).round(3)
    return frame.assign(size=np.where(generator.uniform(size=n_obs) < 0.5, "small", "large"))
