"""Resamples of ordered items, estimated together, give what each gives alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import assert_near, holzinger
from trustsem.simulation import estimate_again, jackknife, plan_resamples
from trustsem.simulation.bootstrap import estimate_part

TWO = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
ITEMS = [f"x{number}" for number in range(1, 7)]


def answers(cuts=(0.25, 0.5, 0.75)):
    """Return the mental ability tests as ordered answers."""
    data = holzinger()
    for item in ITEMS:
        data[item] = np.digitize(data[item], np.quantile(data[item], cuts))
    return data


def frame_of(draws, number, table, group=None):
    """Return a sample as the data frame that a user would have."""
    labels = table.group_labels or ("",)
    frames = [
        pd.DataFrame(cases, columns=table.observed).assign(**({group: label} if group else {}))
        for cases, label in zip(draws.cases(number), labels, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize(
    "options",
    [
        {"estimator": "WLSMV"},
        {"estimator": "ULSMV"},
        {"estimator": "WLSMV", "group": "school", "group_equal": ["loadings", "thresholds"]},
        {"estimator": "DWLS", "parameterization": "theta"},
        {"estimator": "DWLS", "bounds": "standard"},
    ],
    ids=["wlsmv", "ulsmv", "groups", "theta", "bounds"],
)
def test_resamples_give_what_they_give_alone(options):
    fitted = ts.cfa(TWO, answers(), ordered=ITEMS, **options)
    problem, params = fitted.estimate.problem, fitted.estimate.params
    draws = plan_resamples(problem, params, "nonparametric", 5, seed=3)
    refits, _ = estimate_again(problem, params, draws)
    frame = frame_of(draws, 3, fitted.table, options.get("group"))
    alone = ts.cfa(TWO, frame, ordered=ITEMS, **options)
    assert refits.converged[3] == alone.converged
    assert_near(refits.params[3], alone.estimate.params, 1e-7)
    assert refits.value[3] == pytest.approx(alone.estimate.value, abs=1e-10)


def test_resamples_that_lack_a_category_have_no_solution():
    data = answers(cuts=(0.01, 0.5))
    fitted = ts.cfa(TWO, data, ordered=ITEMS)
    problem, params = fitted.estimate.problem, fitted.estimate.params
    draws = plan_resamples(problem, params, "nonparametric", 12, seed=1)
    refits, _ = estimate_again(problem, params, draws)
    complete = [
        all(len(np.unique(item)) == 3 for item in draws.cases(number)[0].T) for number in range(12)
    ]
    assert 0 < sum(complete) < 12
    assert refits.converged.tolist() == complete


def test_samples_without_one_case_of_different_groups_keep_their_weights():
    data = pd.concat([part.iloc[:35] for _, part in answers((0.5,)).groupby("school")])
    fitted = ts.cfa(TWO, data, ordered=ITEMS, group="school")
    problem, params = fitted.estimate.problem, fitted.estimate.params
    left = jackknife(problem)
    refits = estimate_part(problem, params, left, [3, 60])
    alone = ts.cfa(TWO, frame_of(left, 3, fitted.table, "school"), ordered=ITEMS, group="school")
    assert refits.converged[0] == alone.converged
    assert_near(refits.params[0], alone.estimate.params, 1e-6)
