"""Fit measures of a stack of samples are those of each sample estimated by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, each_shape, holzinger, shape
from trustsem.errors import UndefinedIndexError
from trustsem.estimation import stacked_objective
from trustsem.fit import STACKED_MEASURES, fit_of_each, stacked_fit

N_SAMPLES = 2


def refits(model, rng, n=N_SAMPLES):
    """Draw cases anew within groups, and estimate the model from each draw as a user would."""
    frame, group = model.data().dropna(), model.options.get("group")
    models = []
    for _ in range(n):
        parts = [frame] if group is None else [part for _, part in frame.groupby(group, sort=False)]
        drawn = [part.iloc[rng.integers(0, len(part), len(part))] for part in parts]
        models.append(pd.concat(drawn, ignore_index=True))
    return models


def measures(model, fits, **options):
    """Return the fit measures of the stack, and those of each fit."""
    problem = model.fit(model.data().dropna(), **options).estimate.problem
    samples = [fit.estimate.problem.samples for fit in fits]
    moments = [
        (
            np.stack([members[group].cov for members in samples]),
            np.stack([members[group].mean for members in samples]),
        )
        for group in range(len(problem.samples))
    ]
    stack = replace(problem, objective=stacked_objective(problem, moments))
    params = np.stack([fit.estimate.params for fit in fits])
    return stacked_fit(stack, params, fits[0].n_free), pd.DataFrame([f.fit_measures for f in fits])


def assert_same(found, expected):
    assert tuple(found) == STACKED_MEASURES
    for name, values in found.items():
        assert values == pytest.approx(expected[name].to_numpy(), rel=1e-10, abs=1e-10, nan_ok=True)


@pytest.mark.parametrize("model", each_shape())
def test_each_member_has_the_fit_of_its_own_sample(model, rng):
    fits = [model.fit(frame) for frame in refits(model, rng)]
    assert_same(*measures(model, fits))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("two_groups", {"likelihood": "wishart"}),
        ("mimic_fixed_x_means", {"estimator": "GLS"}),
        ("two_groups", {"estimator": "ULS"}),
        ("mimic_fixed_x_means", {"estimator": "ULSM"}),
    ],
    ids=["wishart", "gls", "uls", "ulsm"],
)
def test_by_every_estimator_that_needs_moments_only(name, options, rng):
    model = shape(name)
    fits = [model.fit(frame, **options) for frame in refits(model, rng)]
    assert_same(*measures(model, fits, **options))


def test_within_nonlinear_constraints(rng):
    model = replace(
        shape("cfa_marker"), model=THREE_CONSTRUCTS + "\ntextual =~ a*x5 + b*x6\na*b == 1"
    )
    for estimator in ("ML", "ULS"):
        fits = [model.fit(frame, estimator=estimator) for frame in refits(model, rng)]
        assert_same(*measures(model, fits, estimator=estimator))


def test_a_saturated_model_fits_perfectly_and_has_no_pvalue(rng):
    model = replace(shape("cfa_marker"), model="visual =~ x1 + x2 + x3")
    found, expected = measures(model, [model.fit(frame) for frame in refits(model, rng)])
    assert_same(found, expected)
    assert found["cfi"] == pytest.approx(np.ones(N_SAMPLES))
    assert np.isnan(found["pvalue"]).all()


@pytest.mark.parametrize(
    "options",
    [{"missing": "fiml"}, {"estimator": "WLSMV", "ordered": True}, {"estimator": "WLS"}],
    ids=["fiml", "ordered", "wls"],
)
def test_what_needs_cases_comes_from_the_solutions_one_by_one(options, rng):
    frame = holzinger()[["x1", "x2", "x3", "x4", "x5"]]
    if options.get("ordered"):
        frame = frame.apply(lambda values: pd.cut(values, 3, labels=False))
    if "missing" in options:
        frame = frame.mask(rng.random(frame.shape) < 0.1)
    model = "f =~ x1 + x2 + x3 + x4 + x5"
    drawn = [frame.sample(len(frame), replace=True, random_state=seed) for seed in (1, 2)]
    fits = [ts.cfa(model, one, **options) for one in drawn]
    found = fit_of_each([fit.estimate for fit in fits], fits[0].n_free)
    assert_same(found, pd.DataFrame([fit.fit_measures for fit in fits]))
    with pytest.raises(UndefinedIndexError, match="more of a sample"):
        stacked_fit(fits[0].estimate.problem, fits[0].estimate.params[None], fits[0].n_free)
