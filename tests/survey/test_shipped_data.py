"""The data that come with trustsem are what data/README.md says."""

from __future__ import annotations

import importlib.util
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trustsem.errors import UnreadableFileError
from trustsem.survey import (
    check_scale,
    data_folder,
    data_path,
    listwise,
    read_survey,
    require_distinct,
    require_varying,
    reverse_keyed,
    screen,
    shipped,
)

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def generator():
    return runpy.run_path(str(DATA / "generate_brockman2017.py"))


@pytest.fixture(scope="module")
def firms():
    return read_survey(data_path("brockman2017.sav"))


def test_the_generator_reproduces_the_shipped_files(generator, tmp_path):
    generator["main"](tmp_path)
    for name in ("brockman2017.csv", "brockman2017_codebook.csv"):
        assert (tmp_path / name).read_text("utf-8") == (DATA / name).read_text("utf-8")
    again, shipped_file = (read_survey(f / "brockman2017.sav") for f in (tmp_path, DATA))
    pd.testing.assert_frame_equal(again.frame, shipped_file.frame)
    pd.testing.assert_frame_equal(again.codebook.to_frame(), shipped_file.codebook.to_frame())
    pd.testing.assert_frame_equal(again.missing_reasons, shipped_file.missing_reasons)


def test_the_survey_says_that_it_is_synthetic(firms):
    assert firms.source.label.startswith("SYNTHETIC")
    assert firms.synthetic
    csv = read_survey(data_path("brockman2017.csv"))
    assert csv.synthetic
    assert "SYNTHETIC" in repr(csv).splitlines()[1]
    assert (pd.read_csv(data_path("brockman2017_codebook.csv"))["data"] == "SYNTHETIC").all()


def test_the_survey_is_a_real_spss_file(firms, generator):
    items = list(generator["STUDY_ITEMS"])
    assert (firms.n_cases, len(items)) == (221, 25)
    bt4 = firms.codebook["bt4"]
    assert bt4.missing_codes == (98.0, 99.0)
    assert bt4.label_of(98.0) == "don't know"
    assert bt4.value_labels[1.0] == "strongly disagree"
    assert firms.codebook["crm_goal"].label_of(2.0) == "complex functions"
    assert set(firms.missing_reasons["label"]) == {"don't know", "refused"}
    check_scale(firms, items, (1, 7))
    require_varying(firms, items)
    require_distinct(firms, items)


def test_about_eight_percent_of_the_firms_leave_something_out(firms, generator):
    items = list(generator["STUDY_ITEMS"])
    complete = listwise(firms, items)
    assert complete.n_cases == 203
    assert "18 of 221 cases (8.1%)" in complete.findings[-1].claim
    assert firms.frame[["wave", "employees", "crm_goal", "crm_mode", "mk1"]].notna().all(axis=None)
    screening = screen(firms, {"all": items}, scale=(1, 7))
    assert screening.flow["remaining"].tolist() == [221, 203]


def test_csv_and_spss_hold_the_same_answers(firms, generator):
    items = list(generator["ITEMS"])
    csv = read_survey(data_path("brockman2017.csv"), missing={item: [98, 99] for item in items})
    pd.testing.assert_frame_equal(csv.frame, firms.frame, check_dtype=False)
    assert len(csv.missing_reasons) == len(firms.missing_reasons)


def test_the_reverse_keyed_item_runs_against_its_construct(firms):
    def correlation(survey):
        return survey.frame["bt1"].corr(survey.frame["bt4"])

    assert correlation(firms) < -0.4
    assert correlation(reverse_keyed(firms, ["bt4"], (1, 7))) > 0.4


@pytest.fixture(scope="module")
def population(generator):
    """Construct scores and groups of many firms."""
    rng = np.random.default_rng(11)
    background = generator["draw_background"](60_000, rng)
    eta = generator["draw_population"](background, rng)
    return background, pd.DataFrame(eta, columns=list(generator["ALL_CONSTRUCTS"]))


def regression(eta, outcome, predictors):
    design = np.column_stack([np.ones(len(eta)), eta[predictors]])
    return np.linalg.lstsq(design, eta[outcome], rcond=None)[0][1:]


def test_all_eleven_hypotheses_hold_in_the_population(generator, population):
    background, eta = population
    for goal in (1, 2):
        group = eta[background["crm_goal"] == goal]
        for outcome in dict.fromkeys(outcome for outcome, _ in generator["PATHS"]):
            predictors = [p for o, p in generator["PATHS"] if o == outcome]
            paths = [generator["PATHS"][outcome, p][goal - 1] for p in predictors]
            assert min(paths) > 0.15
            np.testing.assert_allclose(regression(group, outcome, predictors), paths, atol=0.03)
    assert len(generator["PATHS"]) == 11


def test_trust_matters_more_where_the_goal_is_complex(generator):
    trust = {outcome: by for (outcome, who), by in generator["PATHS"].items() if who == "trust"}
    assert all(complex_goal - simple >= 0.4 - 1e-9 for simple, complex_goal in trust.values())


def test_firms_with_in_house_crm_share_more(population):
    background, eta = population
    means = eta["sharing"].groupby(background["crm_mode"]).mean()
    assert means[2] - means[1] == pytest.approx(0.5, abs=0.03)


def test_marker_items_are_unrelated(population):
    _, eta = population
    assert eta.corr()["marker"].drop("marker").abs().max() < 0.02


@pytest.mark.parametrize(
    ("name", "original", "shape"),
    [
        ("bollen1989.csv", "pd_data.csv", (75, 11)),
        ("holzinger1939.csv", "holzinger_swineford39_data.csv", (301, 15)),
    ],
)
def test_published_data_equal_their_source(name, original, shape):
    survey = read_survey(data_path(name))
    assert survey.frame.shape == shape
    origin = importlib.util.find_spec("semopy").origin
    source = pd.read_csv(Path(origin).parent / "examples" / original, index_col=0)
    pd.testing.assert_frame_equal(
        survey.frame, source.reset_index(drop=True), check_dtype=False, check_exact=True
    )


def test_wheaton_matrix_is_symmetric_and_positive():
    matrix = pd.read_csv(data_path("wheaton1977.csv"), index_col=0)
    assert list(matrix.index) == list(matrix.columns)
    np.testing.assert_array_equal(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix)[0] > 0


def test_shipped_data_are_found_or_named(tmp_path, monkeypatch):
    # In the repository for a source or editable install, inside the package for a wheel.
    assert (data_folder() / "brockman2017.sav").read_bytes() == (
        DATA / "brockman2017.sav"
    ).read_bytes()
    with pytest.raises(UnreadableFileError, match=r"Did you mean 'brockman2017.sav'"):
        data_path("brockman2071.sav")
    with pytest.raises(UnreadableFileError):
        data_path("../pyproject.toml")
    package = tmp_path / "site" / "x" / "trustsem"
    package.mkdir(parents=True)
    monkeypatch.setattr(shipped, "__file__", str(package / "survey" / "shipped.py"))
    with pytest.raises(UnreadableFileError, match="not installed"):
        data_path("brockman2017.sav")
    (package / "_data").mkdir()
    (package / "_data" / "a.csv").write_text("q\n1\n")
    assert data_path("a.csv") == package / "_data" / "a.csv"
