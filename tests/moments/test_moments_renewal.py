"""Moments of other cases: where only their variances are needed, these are the same."""

from __future__ import annotations

import numpy as np

import trustsem as ts
from kernel_models import holzinger
from trustsem.moments import renewed


def test_variances_of_moments_are_those_of_the_whole_spread(rng):
    data = holzinger()[["x1", "x2", "x3", "x4", "x5", "x6"]]
    for item in ("x1", "x2", "x4"):
        data[item] = np.digitize(data[item], np.quantile(data[item], [0.3, 0.6]))
    data = data.mask(rng.random(data.shape) < 0.05)
    fitted = ts.cfa(
        "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6",
        data,
        ordered=["x1", "x2", "x4"],
        missing="pairwise",
    )
    sample = fitted.estimate.problem.samples[0]
    cases = sample.data[rng.integers(0, len(sample.data), len(sample.data))]
    whole, short = renewed(sample, cases), renewed(sample, cases, variances_only=True)
    assert np.allclose(short.ordinal.vector, whole.ordinal.vector, rtol=0, atol=1e-13)
    assert np.allclose(
        np.diag(short.ordinal.spread), np.diag(whole.ordinal.spread), rtol=1e-10, atol=0
    )
    others = ~np.eye(len(short.ordinal.spread), dtype=bool)
    assert np.isnan(short.ordinal.spread[others]).all()
