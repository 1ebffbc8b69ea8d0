"""Ordered items: lavaan's numbers on shipped items that are cut, and what the results say."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, holzinger
from trustsem.errors import (
    ResamplingError,
    SpecificationError,
    UnknownIndicatorError,
    UnsupportedError,
)

REFERENCE = json.loads(
    (Path(__file__).resolve().parents[1] / "reference" / "ordinal" / "hs1939.json").read_text(
        encoding="utf-8"
    )
)
CASES = REFERENCE["cases"]


def frame_of(kind: str) -> pd.DataFrame:
    """Return the shipped items, cut as the reference says."""
    frame = holzinger()
    for name, cuts in REFERENCE["cuts"].items():
        if kind == "o" or (kind == "mixed" and name in {"x1", "x2", "x3", "x4"}):
            frame[name] = np.digitize(frame[name], cuts, right=True) + 1
        elif kind == "b":
            frame[name] = np.digitize(frame[name], cuts[-1:], right=True) + 1
    return frame


def fitted(name: str):
    case = CASES[name]
    options = {key.replace(".", "_"): value for key, value in case["args"].items()}
    return ts.sem(case["model"], frame_of(case["data"]), **options)


@pytest.fixture(scope="module")
def ordered():
    return ts.cfa(THREE_CONSTRUCTS, frame_of("o"), ordered=True)


@pytest.mark.parametrize("name", CASES)
def test_estimates_errors_and_fit_are_lavaans(name):
    result = fitted(name)
    mine = {(row.lhs, row.op, row.rhs, row.group): row for row in result.parameters.itertuples()}
    differences = []
    for lhs, op, rhs, group, est, se, std_all in CASES[name]["parameters"]:
        row = mine.get((lhs, op, rhs, group)) or mine[rhs, op, lhs, group]
        for what, value, expected in (("est", row.est, est), ("std", row.std_all, std_all)):
            # lavaan 0.6 stops within 1e-3 standard errors of the minimum.
            if not math.isclose(value, expected, rel_tol=2e-5, abs_tol=1e-3 * (se or 0.01)):
                differences.append(f"{lhs}{op}{rhs} {what}: {value} instead of {expected}")
        if not math.isclose(row.se, se, rel_tol=1e-4, abs_tol=1e-6):
            differences.append(f"{lhs}{op}{rhs} se: {row.se} instead of {se}")
    for key, expected in CASES[name]["fit"].items():
        if key == "cfi.robust" and name.startswith("groups"):
            continue  # lavaan 0.7 gives none for several groups, and neither does trustsem
        # lavaan 0.6 counts N - 1 in one of the chi-squares behind its robust CFI.
        close = 5e-4 if key == "cfi.robust" else 1e-5
        value = result.fit_measures[key.replace(".", "_")]
        if expected is not None and not math.isclose(value, expected, rel_tol=close, abs_tol=close):
            differences.append(f"{key}: {value} instead of {expected}")
    assert not differences, "\n".join(differences)


def test_both_parameterisations_are_one_model():
    delta, theta = fitted("wlsmv_delta"), fitted("wlsmv_theta")
    assert np.allclose(delta.implied, theta.implied, atol=1e-9)
    assert np.allclose(delta.r2, theta.r2, atol=1e-9)
    for name in ("chisq", "chisq_scaled", "cfi_robust", "rmsea_robust", "srmr", "wrmr"):
        assert delta.fit_measures[name] == pytest.approx(theta.fit_measures[name], abs=1e-7)


def test_the_difference_test_is_lavaans(ordered):
    apart = ts.cfa(THREE_CONSTRUCTS, frame_of("o"), ordered=True, orthogonal=True)
    test = ts.compare(ordered, apart).iloc[1]
    expected = REFERENCE["difference"]
    assert test["chisq_diff"] == pytest.approx(expected["chisq"], rel=1e-5)
    assert test["df_diff"] == expected["df"]
    assert test["method"] == "satorra.2000"


def test_minima_without_corrected_test_have_no_p_value_and_are_not_compared():
    frame = frame_of("o")
    plain = ts.cfa(THREE_CONSTRUCTS, frame, ordered=True, estimator="DWLS")
    apart = ts.cfa(THREE_CONSTRUCTS, frame, ordered=True, estimator="DWLS", orthogonal=True)
    assert math.isnan(plain.fit_measures["pvalue"])
    assert "corrected" in plain.fit_notes["pvalue"]
    with pytest.raises(SpecificationError, match="no known distribution"):
        ts.compare(plain, apart)


def test_models_that_are_not_nested_are_found_out_behind_categories(ordered):
    frame = frame_of("o").assign(x9=lambda data: data["x9"].astype(float))
    other = "visual =~ x1 + x2 + x4\ntextual =~ x3 + x5 + x6\nspeed =~ x7 + x8 + x9"
    apart = ts.cfa(other, frame, ordered=True, orthogonal=True)
    with pytest.raises(ts.TrustsemError, match="not nested"):
        ts.compare(ordered, apart)


def test_results_speak_of_thresholds_and_latent_responses(ordered):
    assert np.allclose(np.diag(ordered.sample), 1)
    assert np.allclose(np.diag(ordered.implied), 1)
    first = ordered.thresholds["x1"]
    below = (frame_of("o")["x1"] <= 1).mean()
    assert 0.5 * (1 + math.erf(first["t1"] / math.sqrt(2))) == pytest.approx(below)
    text = ordered.summary()
    assert "WLSMV" in text
    assert "Thresholds" in text
    assert "Scaling Factors" not in text
    residual = ordered.parameters.query("op == '~~' and lhs == rhs and lhs == 'x1'").iloc[0]
    assert residual["free"] == 0
    assert residual["se"] == 0
    assert residual["est"] == pytest.approx(1 - ordered.r2["x1"])
    assert ordered.to_dict()["parameters"]


def test_factor_scores_from_categories_are_refused_with_the_reason(ordered):
    with pytest.raises(UnsupportedError, match="factor scores from ordered items"):
        ordered.factor_scores()


def test_robust_indices_say_where_they_do_not_exist():
    assert "mixed" in fitted("mixed").fit_notes["cfi_robust"]
    assert "one group" in fitted("groups").fit_notes["rmsea_robust"]


def test_an_ordered_outcome_may_pass_effects_on_with_residuals_as_parameters():
    model = "textual =~ x4 + x5 + x6\nx7 ~ textual\nx8 ~ x7"
    names = ["x4", "x5", "x6", "x7"]
    with pytest.raises(UnsupportedError, match=r"ordered predictors \(x7\)"):
        ts.sem(model, frame_of("o"), ordered=names)
    result = ts.sem(model, frame_of("o"), ordered=names, parameterization="theta")
    path = result.parameters.query("op == '~' and rhs == 'x7'").iloc[0]
    assert result.admissible
    assert path["z"] > 3


def test_thresholds_in_the_text_make_an_item_ordered_and_can_be_fixed():
    text = THREE_CONSTRUCTS + "\nx1 | 0*t1 + same*t2\nx2 | same*t2"
    result = ts.cfa(text, frame_of("o"), ordered=[f"x{i}" for i in range(2, 10)])
    rows = result.parameters.query("op == '|'").set_index(["lhs", "rhs"])["est"]
    assert rows["x1", "t1"] == 0
    assert rows["x1", "t2"] == pytest.approx(rows["x2", "t2"])
    assert result.df == 24 + 2


def test_the_order_of_items_and_codes_does_not_matter(ordered):
    frame = frame_of("o")
    words = {1: "never", 2: "rarely", 3: "often", 4: "always"}
    coded = frame.assign(
        x1=pd.Categorical(frame["x1"].map(words), categories=list(words.values()), ordered=True),
        x2=frame["x2"] * 10.5,
        x3=frame["x3"].astype(str),
    )
    turned = "speed =~ x9 + x8 + x7\nvisual =~ x3 + x2 + x1\ntextual =~ x4 + x5 + x6"
    result = ts.cfa(turned, coded, ordered=True)
    assert result.fit_measures["chisq_scaled"] == pytest.approx(
        ordered.fit_measures["chisq_scaled"], rel=1e-8
    )


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"estimator": "ML"}, "ordered items by ML"),
        ({"estimator": "WLSMV", "information": "observed"}, "information='observed'"),
        ({"estimator": "WLSMV", "se": "robust.huber.white"}, "Corrections"),
        ({"missing": "fiml"}, "fiml"),
        ({"test": "bollen.stine"}, "bollen.stine"),
        ({"bounds": "wide", "parameterization": "theta"}, "unit variance"),
    ],
)
def test_options_that_do_not_go_with_ordered_items_are_refused(options, what):
    with pytest.raises(UnsupportedError, match=what):
        ts.cfa(THREE_CONSTRUCTS, frame_of("o"), ordered=True, **options)


def test_names_that_are_neither_in_model_nor_data_are_refused():
    with pytest.raises(UnknownIndicatorError, match="x11"):
        ts.cfa(THREE_CONSTRUCTS, frame_of("o"), ordered=["x1", "x11"])


def test_pairwise_deletion_is_for_ordered_items():
    frame = frame_of("o").astype({"x1": float})
    frame.loc[:20, "x1"] = np.nan
    all_cases = ts.cfa(THREE_CONSTRUCTS, frame, ordered=True, missing="pairwise")
    complete = ts.cfa(THREE_CONSTRUCTS, frame, ordered=True)
    assert (all_cases.n_obs, complete.n_obs) == (301, 280)
    assert all_cases.sample.loc["x5", "x6"] != pytest.approx(complete.sample.loc["x5", "x6"])
    with pytest.raises(UnsupportedError, match="continuous"):
        ts.cfa(THREE_CONSTRUCTS, holzinger(), missing="pairwise")


def test_cases_are_drawn_again_and_their_thresholds_with_them():
    asked = {"ordered": True, "se": "bootstrap", "bootstrap": 12, "seed": 5}
    frame = frame_of("o")
    result = ts.cfa(THREE_CONSTRUCTS, frame, **asked)
    bootstrap = result.bootstrap(12, seed=5)
    chosen = bootstrap.draws.stream(0).integers(0, len(frame), len(frame))
    alone = ts.cfa(THREE_CONSTRUCTS, frame.iloc[chosen], ordered=True)
    assert bootstrap.params[0] == pytest.approx(alone.estimate.params, abs=1e-6)
    assert result.vcov.to_numpy() == pytest.approx(np.cov(bootstrap.params, rowvar=False))
    standardised = bootstrap.statistic(lambda many: many.implied[0].cov_eta)
    assert standardised.values[0] == pytest.approx(alone.latent_cov.to_numpy(), abs=1e-6)


def test_continuous_items_beside_ordered_ones_are_drawn_again():
    frame = frame_of("mixed")
    names = ["x1", "x2", "x3", "x4"]
    bootstrap = ts.cfa(THREE_CONSTRUCTS, frame, ordered=names).bootstrap(3, seed=2)
    chosen = bootstrap.draws.stream(1).integers(0, len(frame), len(frame))
    alone = ts.cfa(THREE_CONSTRUCTS, frame.iloc[chosen], ordered=names)
    assert bootstrap.params[1] == pytest.approx(alone.estimate.params, abs=1e-5)


def test_a_resample_without_a_category_has_no_solution():
    frame = frame_of("o")
    frame["x1"] = frame["x1"].where(frame["x1"] != 1, 2)
    frame.loc[frame.index[0], "x1"] = 1
    bootstrap = ts.cfa("f =~ x1 + x2 + x3 + x4", frame, ordered=True).bootstrap(30, seed=4)
    without = [
        0 not in bootstrap.draws.stream(number).integers(0, len(frame), len(frame))
        for number in range(30)
    ]
    assert 0 < bootstrap.n_failed == sum(without)


def test_ordered_answers_cannot_be_moved_to_where_the_model_holds(ordered):
    with pytest.raises(ResamplingError, match="answers in categories cannot be moved"):
        ordered.bootstrap(10, kind="bollen-stine")


def test_resamples_that_lack_an_answer_say_what_to_do():
    frame = holzinger()[["x1", "x2", "x3", "x4"]]
    answers = frame.apply(lambda item: np.digitize(item, item.quantile([0.005, 0.4, 0.7])))
    found = ts.cfa("f =~ x1 + x2 + x3 + x4", answers, ordered=True).bootstrap(30, seed=1)
    (failed,) = (each for each in found.findings if each.code == "resamples_failed")
    assert failed.value == found.n_failed / 30 > 0.2
    assert "join rare answers" in failed.remedy


def test_bounds_hold_behind_categories(ordered):
    inside = ts.cfa(THREE_CONSTRUCTS, frame_of("o"), ordered=True, bounds="standard")
    assert inside.estimate.params == pytest.approx(ordered.estimate.params, abs=1e-6)
    mixed = frame_of("o").assign(x3=-frame_of("o")["x3"])
    model = "f =~ x1 + x2 + x3"
    negative = ts.cfa(model, mixed, ordered=True, bounds="pos.lv.var")
    assert negative.estimate.params.min() < 0 < negative.latent_cov.loc["f", "f"]
