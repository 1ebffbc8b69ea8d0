"""Residuals in five metrics follow from sample and implied moments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, each_shape, holzinger
from trustsem.errors import UnknownOptionError
from trustsem.fit import RESIDUAL_KINDS


@pytest.fixture(scope="module")
def result():
    return ts.cfa(THREE_CONSTRUCTS, holzinger())


@pytest.fixture(scope="module")
def with_means():
    model = "f =~ x1 + x2 + x3 + x4\nx1 ~ 0*1\nf ~ 1\nx2 ~ m*1\nx3 ~ m*1"
    return ts.cfa(model, holzinger(), meanstructure=True)


def correlations(cov):
    sd = np.sqrt(np.diag(cov))
    return cov / np.outer(sd, sd)


def lower(M, k=0):
    return np.asarray(M)[np.tril_indices(len(M), k)]


def test_by_definition(result):
    S, Sigma = result.sample, result.implied
    v = np.diag(S)
    raw = S - Sigma
    expected = {
        "raw": raw,
        "cor_bentler": raw / np.sqrt(np.outer(v, v)),
        "cor_bollen": correlations(S) - correlations(Sigma),
        "normalized": raw / np.sqrt((np.outer(v, v) + S**2) / 301),
    }
    for kind, values in expected.items():
        assert np.allclose(result.residuals(kind), values, atol=1e-12), kind


def test_means_by_definition(with_means):
    d = with_means.sample_mean - with_means.implied_mean
    sd = np.sqrt(np.diag(with_means.sample))
    assert np.abs(d).max() > 0.01
    assert np.allclose(with_means.mean_residuals("raw"), d)
    assert np.allclose(with_means.mean_residuals("cor_bentler"), d / sd)
    assert np.allclose(with_means.mean_residuals("normalized"), d / sd * np.sqrt(301))


def test_without_a_mean_structure_there_are_no_residuals_of_means(result):
    assert result.mean_residuals() is None


def test_root_mean_squares_are_those_of_the_residuals(result):
    fit = result.fit_measures
    metrics = (("rmr", "raw", 0), ("srmr", "cor_bentler", 0), ("crmr", "cor_bollen", -1))
    for name, kind, k in metrics:
        values = lower(result.residuals(kind), k)
        assert fit[name] == pytest.approx(np.sqrt(np.mean(values**2)), rel=1e-10), name


def test_with_means_the_root_mean_square_counts_them(with_means):
    cov, mean = lower(with_means.residuals("cor_bentler")), with_means.mean_residuals("cor_bentler")
    joined = np.concatenate([cov, mean])
    fit = with_means.fit_measures
    assert fit["srmr"] == pytest.approx(np.sqrt(np.mean(joined**2)), rel=1e-10)
    assert fit["srmr_bentler_nomean"] == pytest.approx(np.sqrt(np.mean(cov**2)), rel=1e-10)


def test_one_degree_of_freedom_by_hand():
    """Variances are free, so that only the covariance can be off: r sqrt(N) / sqrt(1 + r^2)."""
    result = ts.cfa("x1 ~~ 0*x2\nx1 ~~ x1\nx2 ~~ x2", holzinger())
    r = holzinger()[["x1", "x2"]].corr().iloc[0, 1]
    found = result.residuals("standardized")
    assert result.df == 1
    assert found.loc["x1", "x2"] == pytest.approx(r * np.sqrt(301 / (1 + r**2)), rel=1e-8)
    assert np.allclose(np.diag(found), 0)


def test_standardised_residuals_are_larger_than_normalised_ones(result):
    """Estimation absorbs a part of the sampling variation."""
    normalized, standardized = (result.residuals(kind) for kind in ("normalized", "standardized"))
    both = np.stack([np.abs(lower(normalized)), np.abs(lower(standardized))])
    both = both[:, np.isfinite(both).all(axis=0)]
    assert (both[1] >= both[0] - 1e-9).all()


def test_standardised_residuals_scatter_like_normal_scores(rng):
    """Of a true model, over many samples and all covariances of different constructs."""
    found = []
    for _ in range(40):
        f = rng.normal(size=(400, 1))
        items = f * [0.8, 0.7, 0.6, 0.5] + rng.normal(size=(400, 4)) * [0.6, 0.7, 0.8, 0.9]
        cov = np.cov(items, rowvar=False)
        names = ["x1", "x2", "x3", "x4"]
        fitted = ts.cfa(
            "f =~ x1 + x2 + x3 + x4", sample_cov=pd.DataFrame(cov, names, names), sample_nobs=400
        )
        found.append(fitted.residuals("standardized").loc["x4", "x1"])
    assert 0.7 < np.nanstd(found) < 1.35


@pytest.mark.parametrize("model", each_shape("two_groups"))
@pytest.mark.parametrize("kind", RESIDUAL_KINDS)
def test_residuals_of_every_shape_are_labelled_and_symmetric(model, kind):
    found = model.fit().residuals(kind)
    assert list(found.index) == list(found.columns)
    assert np.allclose(found, found.T, equal_nan=True)


def test_groups_have_their_own():
    found = ts.cfa(THREE_CONSTRUCTS, holzinger(), group="school").residuals("cor_bentler")
    assert list(found) == ["Pasteur", "Grant-White"]
    assert not np.allclose(found["Pasteur"], found["Grant-White"])


@pytest.mark.parametrize(("alias", "name"), [("cor", "cor_bollen"), ("cor.bentler", "cor_bentler")])
def test_other_names_are_understood(result, alias, name):
    assert np.allclose(result.residuals(alias), result.residuals(name))


def test_an_unknown_kind_is_refused(result):
    with pytest.raises(UnknownOptionError, match="normalized"):
        result.residuals("normalised")
