"""Models of incomplete data: lavaan's numbers, what is refused, where gaps enter results."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, democracy, holzinger
from reference_cases import SHARED, read_frame
from trustsem.errors import (
    EngineUnavailableError,
    SpecificationError,
    UnsupportedError,
)

HOLES = {"y2": (4, 1), "y3": (5, 2), "y6": (7, 3), "y8": (6, 5), "x2": (9, 4)}
DEMOCRACY = """
ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ ind60
dem65 ~ ind60 + dem60
"""
GROUPS = "p130_hs_mg_fiml"


def democracy_with_holes() -> pd.DataFrame:
    """Return the data with every n-th answer missing, from a start: HOLES by variable."""
    frame = democracy()
    for name, (every, start) in HOLES.items():
        frame.loc[start::every, name] = np.nan
    return frame


def holzinger_with_holes() -> pd.DataFrame:
    """Return the data with answers missing in both schools."""
    frame = holzinger()
    for place, name in enumerate([f"x{number}" for number in range(2, 10)]):
        frame.loc[place :: 6 + place, name] = np.nan
    return frame


@pytest.fixture(scope="module")
def incomplete():
    return ts.cfa(THREE_CONSTRUCTS, holzinger_with_holes(), missing="fiml")


@pytest.mark.parametrize("word", ["fiml", "ML", "direct"])
def test_it_goes_by_three_names(word, incomplete):
    result = ts.cfa(THREE_CONSTRUCTS, holzinger_with_holes(), missing=word)
    assert result.options.missing == "fiml"
    assert result.fit_measures["chisq"] == incomplete.fit_measures["chisq"]


def test_every_case_with_an_answer_counts(incomplete):
    assert incomplete.n_obs == 301
    assert incomplete.table.meanstructure
    assert incomplete.options.information == "observed"
    assert [finding.code for finding in incomplete.findings] == ["missing_answers"]
    assert "FIML" in incomplete.method


def test_of_complete_data_only_the_information_differs():
    complete = ts.cfa(THREE_CONSTRUCTS, holzinger(), meanstructure=True, information="observed")
    same = ts.cfa(THREE_CONSTRUCTS, holzinger(), missing="fiml")
    for name in ("est", "se", "std_all"):
        assert np.allclose(same.parameters[name], complete.parameters[name], atol=1e-8)
    shared = complete.fit_measures.dropna()
    assert np.allclose(same.fit_measures[shared.index], shared, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    ("data", "model", "options"),
    [
        (holzinger_with_holes, THREE_CONSTRUCTS, {"group": "school"}),
        (holzinger_with_holes, THREE_CONSTRUCTS, {"group": "school", "estimator": "MLR"}),
        (holzinger_with_holes, THREE_CONSTRUCTS + "\nvisual ~ ageyr", {"fixed_x": True}),
        (democracy_with_holes, DEMOCRACY, {"estimator": "MLR"}),
    ],
    ids=["groups", "groups_mlr", "fixed_x", "democracy_mlr"],
)
def test_units_and_order_do_not_matter(data, model, options):
    frame = data()
    scaled = frame.assign(**{name: frame[name] * 50 for name in ("x2", "x3")}).iloc[::-1]
    plain, moved = (ts.sem(model, item, missing="fiml", **options) for item in (frame, scaled))
    names = ["chisq", "cfi", "rmsea", "srmr", "cfi_robust", "rmsea_robust", "baseline_chisq"]
    assert np.allclose(moved.fit_measures[names], plain.fit_measures[names], rtol=1e-6)
    if "group" not in options:
        assert np.allclose(moved.parameters["std_all"], plain.parameters["std_all"], atol=1e-6)


# lavaan 0.6-14: sem(model, data, missing = "fiml", em.h1.tol = 1e-13, ...), moved on by Newton
# steps from its own gradient and Hessian; estimates of the three paths.
PATHS = [1.45418678, 0.390557858, 0.882715033]
PLAIN = {
    "chisq": 66.0724635, "df": 41, "baseline_chisq": 656.9844636, "cfi": 0.9583503146,
    "rmsea": 0.09029754518, "srmr": 0.05872825615, "logl": -1423.573514, "bic": 3002.5766,
    "gfi": 0.9889259871,
}  # fmt: skip
LAVAAN = [
    (
        {},
        PLAIN | {
            "cfi_robust": 0.9576580202, "rmsea_robust": 0.0955232692,
            "rmsea_ci_lower_robust": 0.04238770386, "rmsea_ci_upper_robust": 0.1406229459,
        },
        [0.40016736, 0.2442836, 0.110597566],
    ),
    (
        {"estimator": "MLR"},
        PLAIN | {
            "chisq_scaled": 67.34495921, "chisq_scaling_factor": 0.9811048113,
            "cfi_robust": 0.957404117, "rmsea_robust": 0.0960177737,
            "rmsea_ci_lower_robust": 0.04352562344, "rmsea_ci_upper_robust": 0.1408771587,
        },
        [0.350200856, 0.247057525, 0.0858695819],
    ),
    (
        {"information": "expected"},
        PLAIN | {
            "cfi_robust": 0.9579621492, "rmsea_robust": 0.09518000092,
            "rmsea_ci_upper_robust": 0.1404466986,
        },
        [0.401170276, 0.231388269, 0.112578476],
    ),
    (
        {"likelihood": "wishart"},
        PLAIN | {
            "chisq": 65.19149732, "baseline_chisq": 648.2246708, "cfi": 0.9592203452,
            "rmsea": 0.08929426905, "gfi": 0.9886461805, "cfi_robust": 0.9576580203,
            "rmsea_robust": 0.09616653081,
        },
        [0.40286212, 0.245928626, 0.111342339],
    ),
    (
        {"estimator": "MLF"},
        PLAIN | {"cfi_robust": 0.8632040365, "rmsea_robust": 0.17373542},
        [0.738018316, 0.347913673, 0.201615593],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("options", "fit", "errors"), LAVAAN, ids=lambda value: str(value)[:30])
def test_fit_and_errors_are_those_of_lavaan(options, fit, errors):
    result = ts.sem(DEMOCRACY, democracy_with_holes(), missing="fiml", **options)
    assert result.fit_measures[list(fit)].to_dict() == pytest.approx(fit, rel=1e-6, abs=1e-6)
    paths = result.parameters.query("op == '~'")
    assert paths["est"].tolist() == pytest.approx(PATHS, rel=1e-6)
    assert paths["se"].tolist() == pytest.approx(errors, rel=1e-6)


def test_groups_agree_with_the_further_reference_case():
    path = SHARED / "cases" / f"{GROUPS}.json"
    if not path.exists():
        pytest.skip("the further reference cases (../shared/reference) are absent")
    case = json.loads(path.read_text(encoding="utf-8"))
    options = {key.replace(".", "_"): value for key, value in case["call"]["args"].items()}
    data = read_frame(SHARED / "data" / case["data"]["file"], case["data"], case["model"])
    result = ts.cfa(case["model"], data, **options)
    mine = {(row.lhs, row.op, row.rhs, row.group): row for row in result.parameters.itertuples()}
    for row in case["parameters"]:
        if row["op"] == "==":
            continue
        found = mine[row["lhs"], row["op"], row["rhs"] or "", row["group"]]
        assert found.est == pytest.approx(row["est"], rel=1e-5, abs=1e-6)
        assert found.se == pytest.approx(row["se"], rel=1e-4, abs=1e-8)
    renamed = {"gfi": "gfi_lisrel", "agfi": "agfi_lisrel"}
    theirs = {name: renamed.get(name, name.replace("_", ".")) for name in result.fit_measures.index}
    measures = {name: case["fit"][other] for name, other in theirs.items() if other in case["fit"]}
    assert len(measures) > 40
    ours = result.fit_measures[list(measures)].to_dict()
    assert ours == pytest.approx(measures, rel=1e-6, abs=1e-5)
    moments = case["sample_stats"]
    for label, sample in result.sample.items():
        assert np.allclose(sample, moments[label]["cov"]["values"], atol=1e-5)
    for index in case["modification_indices"]:
        if index["mi"] and index["mi"] > 1:
            keys = {"lhs", "op", "rhs", "group"}
            table = result.modification_indices().query(
                " and ".join(f"{key} == @index['{key}']" for key in keys)
            )
            assert table["mi"].item() == pytest.approx(index["mi"], rel=1e-3)


def test_factor_scores_use_the_items_that_were_answered(incomplete):
    scores = incomplete.factor_scores()
    assert scores.shape == (301, 3)
    assert scores.notna().all(axis=None)
    data = holzinger_with_holes()
    whole = data[[f"x{number}" for number in range(1, 10)]].notna().all(axis=1).to_numpy()
    Sigma, mu = incomplete.implied.to_numpy(), incomplete.implied_mean.to_numpy()
    loadings = incomplete.parameters.query("op == '=~'").pivot_table(
        index="rhs", columns="lhs", values="est", fill_value=0.0
    )
    loadings = loadings.loc[list(incomplete.implied), list(incomplete.latent_cov)]
    weights = np.linalg.solve(Sigma, loadings @ incomplete.latent_cov)
    plain = (data.loc[whole, list(incomplete.implied)] - mu) @ weights
    assert np.allclose(scores[whole], plain, atol=1e-9)
    first = int(np.flatnonzero(~whole)[0])
    known = data.loc[first, list(incomplete.implied)].notna().to_numpy()
    case = data.loc[first, list(incomplete.implied)].to_numpy(dtype=float)[known]
    cross = (loadings @ incomplete.latent_cov).to_numpy()[known]
    expected = cross.T @ np.linalg.solve(Sigma[np.ix_(known, known)], case - mu[known])
    assert scores.iloc[first].tolist() == pytest.approx(expected.tolist(), abs=1e-9)
    assert incomplete.factor_scores("bartlett").notna().all(axis=None)


def test_differences_between_nested_models_are_tested():
    data = holzinger_with_holes()
    apart = THREE_CONSTRUCTS + "\nvisual ~~ 0*speed"
    plain = [ts.cfa(model, data, missing="fiml") for model in (THREE_CONSTRUCTS, apart)]
    table = ts.compare(*plain)
    gap = 2 * (plain[0].fit_measures["logl"] - plain[1].fit_measures["logl"])
    assert table["chisq_diff"].iloc[1] == pytest.approx(gap, rel=1e-8)


# lavaan 0.6-14: lavTestLRT(a, b, method = ...), both models moved on as above.
SCALED = {"satorra.bentler.2001": 2.643159191, "satorra.bentler.2010": 2.24427166}


def test_scaled_differences_are_those_of_lavaan():
    models = [
        ts.sem(model, democracy_with_holes(), missing="fiml", estimator="MLR")
        for model in (DEMOCRACY, DEMOCRACY.replace("~ ind60 + dem60", "~ 0*ind60 + dem60"))
    ]
    for method, expected in SCALED.items():
        table = ts.compare(*models, method=method)
        assert table["chisq_diff"].iloc[1] == pytest.approx(expected, rel=1e-5)
    assert ts.compare(*models, method="satorra.2000")["chisq_diff"].iloc[1] > 0


def test_robust_errors_are_near_the_usual_ones_of_normal_data():
    rng = np.random.default_rng(4)
    construct = rng.normal(size=(4000, 1))
    items = construct * [1.0, 0.9, 0.8, 1.1, 0.7] + rng.normal(size=(4000, 5))
    frame = pd.DataFrame(items, columns=list("abcde"))
    frame = frame.mask(rng.random(frame.shape) < 0.2)
    results = {
        name: ts.cfa("f =~ a + b + c + d + e", frame, missing="fiml", **options)
        for name, options in {
            "observed": {}, "expected": {"information": "expected"}, "mlr": {"estimator": "MLR"},
            "mlf": {"estimator": "MLF"},
        }.items()
    }  # fmt: skip
    usual = results["observed"].parameters.query("free > 0")["se"]
    for result in results.values():
        se = result.parameters.query("free > 0")["se"]
        assert np.allclose(se / usual, 1.0, atol=0.06)
    assert results["mlr"].fit_measures["chisq_scaling_factor"] == pytest.approx(1.0, abs=0.1)
    truth = [0.9, 0.8, 1.1, 0.7]
    loadings = results["observed"].parameters.query("op == '=~' and free > 0")
    assert (np.abs(loadings["est"] - truth) < 4 * loadings["se"]).all()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"estimator": "GLS"}, "Least squares"),
        ({"estimator": "WLS"}, "Least squares"),
        ({"estimator": "MLM"}, "complete cases"),
        ({"estimator": "MLMV"}, "complete cases"),
        ({"se": "robust.sem"}, "complete cases"),
        ({"test": "satorra.bentler"}, "complete cases"),
        ({"test": "bollen.stine"}, "complete cases"),
        ({"meanstructure": False}, "means"),
        ({"missing": "pairwise"}, "different cases"),
    ],
    ids=str,
)
def test_what_incomplete_cases_do_not_allow_is_refused_with_the_reason(options, reason):
    with pytest.raises(UnsupportedError, match=reason):
        ts.cfa(THREE_CONSTRUCTS, holzinger_with_holes(), **{"missing": "fiml", **options})


def test_a_matrix_has_no_gaps():
    cov = holzinger()[[f"x{number}" for number in range(1, 10)]].cov()
    with pytest.raises(SpecificationError, match="raw data"):
        ts.cfa(THREE_CONSTRUCTS, sample_cov=cov, sample_nobs=301, missing="fiml")


def test_the_second_engine_takes_complete_data_only():
    with pytest.raises(EngineUnavailableError, match="complete data"):
        ts.cfa(THREE_CONSTRUCTS, holzinger_with_holes(), missing="fiml", engine="semopy")


def test_outer_products_of_few_cases_give_no_interval():
    result = ts.sem(DEMOCRACY, democracy_with_holes(), missing="fiml", estimator="MLF")
    assert np.isfinite(result.fit_measures["rmsea_robust"])
    assert np.isnan(result.fit_measures["rmsea_ci_upper_robust"])
    assert "negative" in result.fit_notes["rmsea_ci_upper_robust"]


def test_incomplete_cases_are_drawn_again_with_their_gaps():
    frame = holzinger_with_holes()
    result = ts.cfa(THREE_CONSTRUCTS, frame, missing="fiml")
    bootstrap = result.bootstrap(4, seed=3)
    chosen = bootstrap.draws.stream(2).integers(0, len(frame), len(frame))
    alone = ts.cfa(THREE_CONSTRUCTS, frame.iloc[chosen], missing="fiml")
    assert bootstrap.params[2] == pytest.approx(alone.estimate.params, abs=1e-5)
    assert bootstrap.chisq[2] == pytest.approx(alone.fit_measures["chisq"], abs=1e-6)
