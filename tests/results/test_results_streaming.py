"""A model of a file that was read in parts is the model of the file in memory."""

import pickle

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import trustsem as ts
from trustsem.errors import (
    MomentsError,
    NotNumericError,
    NotPositiveDefiniteError,
    ResamplingError,
    ScaleMismatchError,
    SpecificationError,
    SurveyError,
    TooFewObservationsError,
    UnknownIndicatorError,
    UnknownItemError,
    UnreadableFileError,
    UnsupportedError,
)

MODEL = "trust =~ t1 + t2 + t3\nlearn =~ l1 + l2 + l3\nlearn ~ trust"
ITEMS = ["t1", "t2", "t3", "l1", "l2", "l3"]


def answers(n=240, *, missing=0.0, seed=4):
    stream = np.random.default_rng(seed)
    trust = stream.normal(size=n)
    learn = 0.5 * trust + stream.normal(size=n)
    heavy = stream.standard_t(5, size=(n, 6))
    values = np.column_stack([trust] * 3 + [learn] * 3) + 0.6 * heavy
    frame = pd.DataFrame(np.round(values, 3), columns=ITEMS)
    frame = frame.mask(stream.random((n, 6)) < missing)
    land = stream.choice(["DE", "FR"], n).astype(object)
    land[: n // 2] = "DE"  # the others come late
    return frame.assign(land=land)


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    path = tmp_path_factory.mktemp("complete") / "survey.csv"
    answers().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def incomplete(tmp_path_factory):
    path = tmp_path_factory.mktemp("incomplete") / "survey.csv"
    frame = answers(missing=0.12)
    frame.loc[[3, 9], ITEMS] = np.nan
    frame.loc[[5, 6, 7], "land"] = None
    frame.to_csv(path, index=False)
    return path


def assert_same_result(found, expected):
    for column in ("est", "se", "pvalue", "std_all"):
        np.testing.assert_allclose(
            found.parameters[column], expected.parameters[column], rtol=1e-9, atol=1e-10
        )
    left, right = found.fit_measures, expected.fit_measures
    assert left.index.tolist() == right.index.tolist()
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9)
    assert [str(each) for each in found.findings] == [str(each) for each in expected.findings]
    assert found.n_obs == expected.n_obs


@pytest.mark.parametrize("chunk_rows", [40, 239])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"likelihood": "wishart", "meanstructure": True},
        {"estimator": "GLS"},
        {"estimator": "ULS"},
        {"estimator": "WLS"},
        {"estimator": "MLM"},
        {"estimator": "MLMVS"},
        {"estimator": "MLMV", "meanstructure": True},
        {"estimator": "MLR"},
        {"estimator": "MLF"},
        {"estimator": "ULSMV"},
        {"test": "browne.residual.adf"},
        {"test": "yuan.bentler"},
        {"group": "land", "estimator": "MLR", "group_equal": ["loadings"]},
        {"group": "land", "estimator": "MLMV"},
    ],
    ids=str,
)
def test_complete_cases(complete, chunk_rows, options):
    moments = ts.read_moments(complete, MODEL, group="land", chunk_rows=chunk_rows)
    expected = ts.sem(MODEL, ts.read_survey(complete), **options)
    assert_same_result(ts.sem(MODEL, moments, **options), expected)


@pytest.mark.parametrize("chunk_rows", [37])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"missing": "fiml"},
        {"missing": "fiml", "estimator": "MLR"},
        {"missing": "fiml", "estimator": "MLF"},
        {"missing": "fiml", "group": "land"},
        {"missing": "fiml", "group": "land", "estimator": "MLR"},
        {"group": "land", "estimator": "MLM"},
    ],
    ids=str,
)
def test_incomplete_cases(incomplete, chunk_rows, options):
    moments = ts.read_moments(incomplete, MODEL, group="land", chunk_rows=chunk_rows)
    expected = ts.sem(MODEL, ts.read_survey(incomplete), **options)
    assert_same_result(ts.sem(MODEL, moments, **options), expected)


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_fixed_covariates_and_models_of_some_of_the_variables(incomplete, missing, estimator):
    model = "trust =~ t1 + t2 + t3\ntrust ~ l3 + l1"
    options = {"missing": missing, "estimator": estimator, "fixed_x": True, "meanstructure": True}
    moments = ts.read_moments(incomplete, ITEMS, chunk_rows=100)
    expected = ts.sem(model, ts.read_survey(incomplete), **options)
    assert_same_result(ts.sem(model, moments, **options), expected)


def test_residuals_modification_indices_and_comparisons_need_no_more(incomplete):
    moments = ts.read_moments(incomplete, MODEL)
    survey = ts.read_survey(incomplete)
    for options in ({"estimator": "MLR", "missing": "fiml"}, {"estimator": "MLM"}):
        found, expected = (ts.sem(MODEL, data, **options) for data in (moments, survey))
        for kind in ("raw", "standardized"):
            left, right = found.residuals(kind), expected.residuals(kind)
            np.testing.assert_allclose(left, right, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(
            found.modification_indices()["mi"], expected.modification_indices()["mi"], rtol=1e-8
        )
        restricted = MODEL.replace("~ trust", "~ 0*trust")
        tests = [
            ts.compare(result, ts.sem(restricted, data, **options))
            for result, data in ((found, moments), (expected, survey))
        ]
        np.testing.assert_allclose(tests[0]["chisq_diff"], tests[1]["chisq_diff"], rtol=1e-8)


def test_invariance_and_growth_take_moments(complete):
    moments = ts.read_moments(complete, ITEMS, group="land")
    frame = ts.read_survey(complete).frame
    model = MODEL.replace("\nlearn ~ trust", "")
    levels = ["configural", "metric"]
    found, expected = (
        ts.invariance(model, data, group="land", levels=levels) for data in (moments, frame)
    )
    np.testing.assert_allclose(found.levels["chisq"], expected.levels["chisq"], rtol=1e-9)
    curve = "level =~ 1*t1 + 1*t2 + 1*t3\nslope =~ 0*t1 + 1*t2 + 2*t3"
    assert_same_result(ts.growth(curve, moments), ts.growth(curve, frame))


@pytest.mark.parametrize("distance", [2.0**20, 2.0**30])
def test_a_distant_origin_costs_no_digits(tmp_path, distance):
    near = np.round(answers()[ITEMS] * 2**12) / 2**12  # exact at a distance, too
    (near + distance).to_parquet(tmp_path / "far.parquet")
    moments = ts.read_moments(tmp_path / "far.parquet", ITEMS, chunk_rows=50)
    pd.testing.assert_frame_equal(moments.cov, near.cov(), rtol=1e-12)
    model = "trust =~ t1 + t2 + t3 + l1"
    for options in ({"estimator": "MLM"}, {"missing": "fiml", "estimator": "MLR"}):
        found, expected = (ts.cfa(model, data, **options) for data in (moments, near))
        np.testing.assert_allclose(found.parameters["se"], expected.parameters["se"], rtol=1e-7)


def test_files_of_every_kind_give_the_same_moments(tmp_path):
    frame = answers(200)[ITEMS]
    frame.to_csv(tmp_path / "s.csv", index=False)
    frame.to_csv(tmp_path / "s.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "s.parquet", row_group_size=33)
    pyreadstat.write_sav(frame, tmp_path / "s.sav")
    pyreadstat.write_sav(frame, tmp_path / "s.zsav", compress=True)
    pyreadstat.write_dta(frame, tmp_path / "s.dta")
    expected = frame.cov()
    for kind in ("csv", "tsv", "parquet", "sav", "zsav", "dta"):
        moments = ts.read_moments(tmp_path / f"s.{kind}", chunk_rows=60)
        pd.testing.assert_frame_equal(moments.cov, expected, rtol=1e-12)
        pd.testing.assert_series_equal(moments.mean, frame.mean(), check_names=False, rtol=1e-12)
        assert (moments.n_obs, moments.n_rows) == (200, 200)


def test_fourth_moments_are_taken_at_once_if_asked_for(complete):
    moments = ts.read_moments(complete, ITEMS, robust=True, chunk_rows=100)
    complete_state = complete.stat().st_mtime_ns
    expected = ts.sem(MODEL, ts.read_survey(complete), estimator="MLM").fit_measures
    moved = complete.with_name("moved.csv")
    complete.rename(moved)  # nothing is read again
    try:
        found = ts.sem(MODEL, moments, estimator="MLM").fit_measures
    finally:
        moved.rename(complete)
    assert complete.stat().st_mtime_ns == complete_state
    np.testing.assert_allclose(found["chisq_scaled"], expected["chisq_scaled"], rtol=1e-10)


def test_a_file_that_has_changed_gives_no_fourth_moments(tmp_path):
    answers(100).to_csv(tmp_path / "s.csv", index=False)
    moments = ts.read_moments(tmp_path / "s.csv", MODEL)
    ts.sem(MODEL, moments)
    answers(120).to_csv(tmp_path / "s.csv", index=False)
    result = ts.sem(MODEL, moments, estimator="MLM")
    with pytest.raises(UnreadableFileError, match="has changed"):
        _ = result.parameters


def test_missing_codes_are_blanked_and_counted(tmp_path):
    frame = answers(80)
    frame.loc[:4, "t1"] = 98
    frame.loc[:2, "l2"] = -9
    pyreadstat.write_sav(
        frame, tmp_path / "s.sav", missing_ranges={"t1": [98]},
        variable_value_labels={"t1": {98.0: "refused"}},
    )  # fmt: skip
    moments = ts.read_moments(tmp_path / "s.sav", ITEMS, missing=[-9], chunk_rows=9)
    table = moments.missing.set_index("variable")
    assert table["n_missing"].to_dict() == dict.fromkeys(ITEMS, 0) | {"t1": 5, "l2": 3}
    assert table.loc["t1", "codes"] == "98 refused: 5"
    assert table.loc["l2", "codes"] == "-9: 3"
    assert moments.n_obs == 75
    assert moments.n_patterns == 3


def test_groups_are_listed_as_they_appear_with_those_of_no_group(incomplete):
    moments = ts.read_moments(incomplete, ITEMS, group="land", chunk_rows=13)
    frame = ts.read_survey(incomplete).frame
    assert moments.labels == tuple(frame["land"].dropna().unique())
    expected = frame.groupby(frame["land"].fillna("")).size()
    found = moments.groups.set_index("group")["n"]
    assert found.to_dict() == expected.to_dict()
    assert moments.n_rows == len(frame)


def test_numeric_groups_are_labelled_as_in_memory(tmp_path):
    frame = answers(300).assign(wave=np.repeat([3.0, 1.0, 2.0], 100))
    frame.to_csv(tmp_path / "s.csv", index=False)
    moments = ts.read_moments(tmp_path / "s.csv", ITEMS, group="wave", chunk_rows=70)
    assert moments.labels == ("3", "1", "2")
    assert_same_result(ts.sem(MODEL, moments, group="wave"), ts.sem(MODEL, frame, group="wave"))


def test_complete_cases_only_forget_the_others_and_say_so(incomplete):
    moments = ts.read_moments(incomplete, ITEMS, incomplete=False, chunk_rows=50)
    survey = ts.read_survey(incomplete)
    assert moments.n_patterns == 1
    assert moments.n_rows == len(survey.frame)
    assert_same_result(ts.sem(MODEL, moments), ts.sem(MODEL, survey))
    with pytest.raises(MomentsError, match="left out while the file was read"):
        ts.sem(MODEL, moments, missing="fiml")


def test_too_many_patterns_are_refused(incomplete, monkeypatch):
    monkeypatch.setattr("trustsem.moments.survey_moments.MOST_NUMBERS", 36 * 10)
    with pytest.raises(MomentsError, match="incomplete=False"):
        ts.read_moments(incomplete, ITEMS, chunk_rows=20)
    assert ts.read_moments(incomplete, ITEMS, incomplete=False).n_patterns == 1


def test_what_needs_cases_says_what_works_instead(complete):
    moments = ts.read_moments(complete, ITEMS, group="land")
    result = ts.sem(MODEL, moments)
    with pytest.raises(SpecificationError, match="read in parts"):
        result.factor_scores()
    with pytest.raises(ResamplingError, match="parametric"):
        result.bootstrap(10, seed=1)
    with pytest.raises(UnsupportedError, match="parametric"):
        ts.sem(MODEL, moments, se="bootstrap")
    with pytest.raises(UnsupportedError, match="read in parts"):
        ts.sem(MODEL, moments, test="bollen.stine")
    with pytest.raises(UnsupportedError, match="Products"):
        ts.interaction(MODEL + "\nother =~ t1", moments, "trust x learn -> other")
    with pytest.raises(ResamplingError, match="read in parts"):
        result.influence()


def test_the_parametric_bootstrap_needs_no_cases(complete, incomplete):
    result = ts.sem(MODEL, ts.read_moments(complete, ITEMS))
    expected = ts.sem(MODEL, ts.read_survey(complete))
    found, known = (one.bootstrap(20, seed=1, kind="parametric") for one in (result, expected))
    np.testing.assert_allclose(found.parameters["se"], known.parameters["se"], rtol=1e-6)
    lacking = ts.sem(MODEL, ts.read_moments(incomplete, ITEMS), missing="fiml")
    drawn = lacking.bootstrap(30, seed=1, kind="parametric").parameters["se"]
    # A missing answer makes estimates less certain, here as in theory; 30 samples tell as much.
    np.testing.assert_allclose(drawn, lacking.parameters["se"], rtol=0.6)


def test_what_was_not_read_is_refused(complete):
    moments = ts.read_moments(complete, ["t1", "t2", "t3"])
    with pytest.raises(UnknownIndicatorError, match="l1"):
        ts.sem(MODEL, moments)
    with pytest.raises(SpecificationError, match=r"read_moments\(..., group='land'\)"):
        ts.cfa("trust =~ t1 + t2 + t3", moments, group="land")
    with pytest.raises(UnknownItemError, match="t4"):
        ts.read_moments(complete, ["t1", "t4"])
    with pytest.raises(UnknownItemError, match="country"):
        ts.read_moments(complete, ITEMS, group="country")
    with pytest.raises(SpecificationError, match="at once"):
        ts.read_moments(complete, ITEMS, group="t1")
    with pytest.raises(SpecificationError, match=r"\['t1'\]"):
        ts.read_moments(complete, "t1")


def test_text_in_an_item_is_named_by_its_row(tmp_path):
    frame = answers(50).astype({"t2": object})
    frame.loc[40, "t2"] = "often"
    frame.to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(NotNumericError, match="t2, row 41: 'often'"):
        ts.read_moments(tmp_path / "s.csv", ITEMS, chunk_rows=8)
    moments = ts.read_moments(tmp_path / "s.csv", ITEMS, missing=["often"], chunk_rows=8)
    assert moments.n_obs == 49


def test_a_scale_holds_for_the_variables_and_not_for_the_group(tmp_path):
    frame = answers(60)[ITEMS].clip(-3, 3).round() + 4
    frame = frame.assign(wave=np.repeat([2019, 2020], 30))
    frame.to_csv(tmp_path / "s.csv", index=False)
    moments = ts.read_moments(tmp_path / "s.csv", ITEMS, group="wave", scale=(1, 7), missing=[2019])
    assert moments.labels == ("2019", "2020")
    with pytest.raises(ScaleMismatchError, match="outside the scale 1 to 5"):
        ts.read_moments(tmp_path / "s.csv", ITEMS, scale=(1, 5))


def test_constant_and_empty_columns_are_blamed(tmp_path):
    frame = answers(60).assign(t2=0.1)
    frame.to_csv(tmp_path / "constant.csv", index=False)
    moments = ts.read_moments(tmp_path / "constant.csv", ITEMS, chunk_rows=7)
    for missing in ("listwise", "fiml"):
        with pytest.raises(NotPositiveDefiniteError, match="Without variance: t2"):
            ts.sem(MODEL, moments, missing=missing)
    answers(60).assign(t2=np.nan).to_csv(tmp_path / "empty.csv", index=False)
    moments = ts.read_moments(tmp_path / "empty.csv", ITEMS, chunk_rows=7)
    assert moments.cov.isna().all(axis=None)
    with pytest.raises(TooFewObservationsError):
        ts.sem(MODEL, moments)
    with pytest.raises(MomentsError, match="No case has an answer to t2"):
        ts.sem(MODEL, moments, missing="fiml")


def test_a_file_of_text_alone_has_nothing_to_add_up(tmp_path):
    (tmp_path / "s.csv").write_text("a,b\nx,y\n")
    with pytest.raises(SurveyError, match="No column holds numbers"):
        ts.read_moments(tmp_path / "s.csv")


def test_an_interrupt_leaves_nothing_half_read(complete, monkeypatch):
    moments = ts.read_moments(complete, ITEMS, chunk_rows=100)
    kept = moments.rows

    def interrupted(names, what):
        for number, part in enumerate(kept(names, what)):
            if number == 2:
                raise KeyboardInterrupt
            yield part

    monkeypatch.setattr(type(moments), "rows", lambda _, names, what: interrupted(names, what))
    with pytest.raises(KeyboardInterrupt):
        _ = ts.sem(MODEL, moments, estimator="MLM").parameters
    monkeypatch.undo()
    expected = ts.sem(MODEL, ts.read_survey(complete), estimator="MLM")
    assert_same_result(ts.sem(MODEL, moments, estimator="MLM"), expected)


def test_progress_counts_rows(complete, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "trustsem.results.streaming.progress_report",
        lambda what, **_: lambda done, total: seen.append((what, done, total)),
    )
    ts.read_moments(complete, ITEMS, chunk_rows=100, robust=True)
    assert seen == [
        (what, done, 240) for what in ("moments", "fourth moments") for done in (100, 200, 240)
    ]
    seen.clear()
    ts.read_moments(complete, ITEMS, progress=False)
    assert not seen


def test_moments_show_what_was_read(incomplete):
    moments = ts.read_moments(incomplete, ITEMS, group="land", missing=[99])
    text = repr(moments)
    assert "Moments of survey.csv (CSV): 240 cases, 6 variables, 2 groups by land" in text
    assert f"complete  {moments.n_obs} cases" in text
    assert "declared missing" in text
    assert "<table" in moments._repr_html_()
    again = pickle.loads(pickle.dumps(moments))  # noqa: S301 - our own bytes
    assert_same_result(ts.sem(MODEL, again), ts.sem(MODEL, moments))
