"""Factor scores: lavaan's numbers, and the properties that define the two kinds."""

from __future__ import annotations

import json

import numpy as np
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, holzinger
from tolerances import FACTOR_SCORE
from trustsem.errors import ImproperSolutionError, SpecificationError, UnknownOptionError


@pytest.fixture(scope="module")
def result():
    return ts.cfa(THREE_CONSTRUCTS, holzinger())


@pytest.mark.parametrize("method", ["regression", "bartlett"])
def test_the_first_respondents_have_the_scores_of_lavaan(result, method, project_root):
    path = project_root / "tests" / "reference" / "p001_hs_cfa_ml.json"
    found = json.loads(path.read_text(encoding="utf-8"))["factor_scores"]
    table = next(value for key, value in found.items() if key.lower() == method)["first_rows"]
    scores = result.factor_scores(method)[table["cols"]].to_numpy()
    expected = np.array(table["values"], dtype=float)
    for actual, value in zip(scores[: len(expected)].ravel(), expected.ravel(), strict=True):
        assert FACTOR_SCORE.allows(actual, value)


def test_regression_scores_are_the_best_guess(result):
    """Their errors are unrelated to the items: Cov(scores, y) = Cov(eta, y) under the model."""
    y = holzinger()[list(result.implied.index)].to_numpy()
    y = y - y.mean(axis=0)
    scores = result.factor_scores().to_numpy()
    weights = np.linalg.lstsq(y, scores, rcond=None)[0].T
    loadings = result.parameters[result.parameters["op"] == "=~"].pivot_table(
        index="rhs", columns="lhs", values="est", fill_value=0.0
    )
    Lambda = loadings.loc[result.implied.index, result.latent_cov.index].to_numpy()
    assert np.allclose(weights @ result.implied, result.latent_cov @ Lambda.T, atol=1e-8)


def test_bartlett_scores_are_unbiased(result):
    y = holzinger()[list(result.implied.index)].to_numpy()
    scores = result.factor_scores("bartlett").to_numpy()
    weights = np.linalg.lstsq(y - y.mean(axis=0), scores, rcond=None)[0].T
    loadings = result.parameters[result.parameters["op"] == "=~"].pivot_table(
        index="rhs", columns="lhs", values="est", fill_value=0.0
    )
    Lambda = loadings.loc[result.implied.index, result.latent_cov.index].to_numpy()
    assert np.allclose(weights @ Lambda, np.eye(3), atol=1e-8)


def test_scores_are_centred_at_the_means_of_the_constructs(result):
    assert np.allclose(result.factor_scores().mean(), 0, atol=1e-10)
    growth = ts.growth(
        "i =~ 1*x1 + 1*x2 + 1*x3\ns =~ 0*x1 + 1*x2 + 2*x3\ns ~~ 0*s\ni ~~ 0*s\n"
        "x1 ~~ r*x1\nx2 ~~ r*x2\nx3 ~~ r*x3",
        holzinger(),
    )
    assert growth.factor_scores()["i"].mean() == pytest.approx(growth.latent_mean["i"], rel=0.2)


def test_every_respondent_has_a_row():
    frame = holzinger()
    grouped = ts.cfa(THREE_CONSTRUCTS, frame, group="school").factor_scores()
    assert len(grouped) == 301
    assert list(grouped.columns) == ["visual", "textual", "speed"]


def test_a_matrix_has_no_respondents():
    cov = holzinger()[["x1", "x2", "x3", "x4"]].cov()
    result = ts.cfa("f =~ x1 + x2 + x3 + x4", sample_cov=cov, sample_nobs=301)
    with pytest.raises(SpecificationError, match="raw data"):
        result.factor_scores()


def test_other_methods_are_refused(result):
    with pytest.raises(UnknownOptionError, match="bartlett"):
        result.factor_scores("bartlet")


def test_bartlett_scores_need_proper_residuals():
    frame = holzinger()
    result = ts.cfa("f =~ x4 + x5 + x6\nx4 ~~ 0*x4", frame)
    with pytest.raises(ImproperSolutionError, match="positive variance"):
        result.factor_scores("bartlett")
    assert len(result.factor_scores()) == 301
