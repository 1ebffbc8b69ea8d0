"""An influence analysis in the user's hands: exact, told apart by row, and honest about limits."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import DEMOCRACY, THREE_CONSTRUCTS, democracy, holzinger
from trustsem.errors import PlanError, ResamplingError, SpecificationError, UnknownOptionError

# Leave-one-out with lavaan 0.6-14: f <- sem(model, data), g <- sem(model, data[-(row + 1), ]),
# control = list(rel.tol = 1e-10, x.tol = 1e-10); d <- coef(f) - coef(g);
# gcd: t(d) %*% solve(vcov(g)) %*% d, gcd_paths the same of the three paths; ld: 75 times the
# discrepancy of fitted(g)$cov from all cases less that of fitted(f)$cov; dfb: d / se(g) of
# dem65~dem60; the rest: fitMeasures().
LAVAAN = pd.DataFrame(
    {
        "row": [0, 13, 44, 61],
        "gcd": [0.166857618146, 2.058291074536, 2.422315026956, 0.667795124066],
        "gcd_paths": [0.0196557418259, 0.0480912383277, 0.1352870745945, 0.1031779292282],
        "ld": [0.164321510842, 1.761175194868, 1.903106382736, 0.663530161451],
        "chisq": [37.2720195831, 38.4785281672, 40.1016654646, 37.0432032386],
        "dchisq": [0.853198644933, -0.353309939150, -1.976447236494, 1.082014989411],
        "cfi": [0.996558776475, 0.994852103377, 0.992411283249, 0.996864472345],
        "rmsea": [0.0296180289397, 0.0366477975930, 0.0443819220586, 0.0280870354314],
        "srmr": [0.0448227176439, 0.0450586957395, 0.0471753629385, 0.0449014564185],
        "dfb": [0.0768381931561, 0.0323979465502, -0.1394272058714, 0.1048905467076],
    }
)
INCOMPLETE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"


@pytest.fixture(scope="module")
def democratic():
    return ts.sem(DEMOCRACY, democracy()).influence()


def test_numbers_agree_with_lavaan(democratic):
    rows = LAVAAN["row"].tolist()
    cases, fit = democratic.cases.loc[rows], democratic.fit.loc[rows]
    expected = LAVAAN.set_index("row")
    # lavaan stops earlier than we do, which quadratic forms of small changes show.
    assert cases["cook"].to_numpy() == pytest.approx(expected["gcd"].to_numpy(), rel=2e-4)
    paths = democratic.cook("~").loc[rows].to_numpy()
    assert paths == pytest.approx(expected["gcd_paths"].to_numpy(), rel=1e-3)
    found = cases["likelihood_distance"].to_numpy()
    assert found == pytest.approx(expected["ld"].to_numpy(), rel=2e-4)
    assert cases["chisq_change"].to_numpy() == pytest.approx(expected["dchisq"].to_numpy())
    for name in ("chisq", "cfi", "rmsea", "srmr"):
        assert fit[name].to_numpy() == pytest.approx(expected[name].to_numpy(), rel=1e-6)
    (change,) = [name for name in democratic.parameter_names if name in ("dem65~dem60", "b")]
    dfbetas = democratic.dfbetas.loc[rows, change].to_numpy()
    assert dfbetas == pytest.approx(expected["dfb"].to_numpy(), rel=1e-3)


def incomplete():
    frame = holzinger().copy()
    frame.loc[::6, "x2"] = np.nan
    frame.loc[::11, ["x5", "x6"]] = np.nan
    return frame


def ordered():
    frame = holzinger()[["x1", "x2", "x3", "x4"]]
    return (frame > frame.median()).astype(int).head(60)


CASES = {
    "wishart": (THREE_CONSTRUCTS, holzinger, {"likelihood": "wishart"}),
    "observed": (THREE_CONSTRUCTS, holzinger, {"information": "observed"}),
    "robust": (THREE_CONSTRUCTS, holzinger, {"estimator": "MLR"}),
    "uls": (THREE_CONSTRUCTS, holzinger, {"estimator": "ULS"}),
    "groups": (INCOMPLETE, holzinger, {"group": "school", "group_equal": "loadings"}),
    "group_means": (
        INCOMPLETE, holzinger,
        {"group": "school", "group_equal": ["loadings", "intercepts"], "likelihood": "wishart"},
    ),
    "second_order": (
        f"{THREE_CONSTRUCTS}\ng =~ visual + textual + speed", holzinger, {"std_lv": True},
    ),
    "covariates": ("visual =~ x1 + x2 + x3\nvisual ~ ageyr + grade", holzinger, {"fixed_x": True}),
    "labels": ("f =~ x1 + a*x2 + a*x3 + x4\nx1 ~~ v*x1\nx2 ~~ v*x2", holzinger, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_every_row_is_the_estimation_without_that_case(name):
    text, data, options = CASES[name]
    frame = data().dropna().iloc[100:220]
    model = ts.sem(text, frame, **options)
    found = model.influence()
    table = found.cases.set_index("row")
    assert sorted(table.index) == list(frame.index)
    long = found.estimates.set_index("row")
    for row in (frame.index[k] for k in (0, 60, -1)):
        again = ts.sem(text, frame.drop(index=row), **options)
        change = model.estimate.params - again.estimate.params
        se = np.sqrt(np.diag(again.vcov))
        own = long.loc[row]
        assert own["est_without"].to_numpy() == pytest.approx(again.estimate.params, abs=1e-6)
        assert own["change"].to_numpy() == pytest.approx(change, abs=1e-6)
        assert own["dfbetas"].to_numpy() == pytest.approx(change / se, abs=1e-4)
        chisq = float(model.fit_measures["chisq"] - again.fit_measures["chisq"])
        assert table.loc[row, "chisq_change"] == pytest.approx(chisq, abs=1e-6)
        for measure in ("chisq", "df", "cfi", "rmsea", "srmr"):
            without = found.fit.set_index("row").loc[row, measure]
            assert without == pytest.approx(again.fit_measures[measure], rel=1e-6, abs=1e-8)
        pinv = np.linalg.pinv(again.vcov.to_numpy(), hermitian=True, rcond=1e-12)
        assert table.loc[row, "cook"] == pytest.approx(change @ pinv @ change, rel=1e-3)


@pytest.mark.parametrize("kind", ["fiml", "ordered"])
def test_incomplete_and_ordered_answers_are_estimated_anew_without_each_case(kind):
    if kind == "fiml":
        text, frame, options = INCOMPLETE, incomplete().head(40), {"missing": "fiml"}
    else:
        text, frame, options = "f =~ x1 + x2 + x3 + x4", ordered(), {"ordered": True}
    model = ts.cfa(text, frame, **options)
    found = model.influence()
    fit = found.fit.set_index("row")
    table = found.cases.set_index("row")
    for row in (0, 11, 39):
        again = ts.cfa(text, frame.drop(index=row), **options)
        change = model.estimate.params - again.estimate.params
        own = found.estimates.query("row == @row")
        assert own["change"].to_numpy() == pytest.approx(change, abs=2e-6)
        vcov = again.vcov.to_numpy()
        assert own["dfbetas"].to_numpy() == pytest.approx(change / np.sqrt(np.diag(vcov)), abs=1e-4)
        expected = change @ np.linalg.solve(vcov, change)
        assert table.loc[row, "cook"] == pytest.approx(expected, rel=1e-3)
        for name in ("chisq", "cfi", "srmr"):
            assert fit.loc[row, name] == pytest.approx(again.fit_measures[name], rel=1e-5)
    assert table["likelihood_distance"].notna().all() == (kind == "fiml")


def test_rows_are_called_as_the_index_of_the_data_calls_them():
    frame = democracy().set_axis([f"country {k}" for k in range(75)])
    frame.loc["country 3", "y1"] = np.nan
    found = ts.sem(DEMOCRACY, frame).influence()
    assert len(found.rows) == 74
    assert "country 3" not in found.rows
    assert found.cases["row"].tolist() == [name for name in frame.index if name != "country 3"]
    largest = found.cases.sort_values("cook")["row"].iloc[-1]
    assert largest in found.summary()
    assert largest in found.chart().description


def test_order_units_and_workers_change_nothing(democratic, rng):
    frame = democracy()
    mixed = (frame * 10.0 ** (np.arange(11) % 5 - 2)).iloc[rng.permutation(75)]
    found = ts.sem(DEMOCRACY, mixed).influence(workers=2)
    names = ["cook", "likelihood_distance", "chisq_change", "max_dfbetas"]
    again = found.cases.set_index("row").sort_index()
    for name in names:
        expected = democratic.cases[name].to_numpy()
        assert again[name].to_numpy() == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_distances_of_some_parameters(democratic):
    paths = [name for name in democratic.parameter_names if name in ("a", "b", "c")]
    kind = democratic.cook("~")
    if paths:
        assert democratic.cook(paths).to_numpy() == pytest.approx(kind.to_numpy())
    one = democratic.parameter_names[0]
    squared = democratic.dfbetas[one].to_numpy() ** 2
    assert democratic.cook(one).to_numpy() == pytest.approx(squared)
    whole = democratic.cook()
    assert (whole >= kind - 1e-9).all()
    with pytest.raises(UnknownOptionError, match="free parameter"):
        democratic.cook("dem60~nothing")
    with pytest.raises(UnknownOptionError, match="free parameter"):
        democratic.cook([])


def test_a_case_that_moves_everything_is_told_and_never_recommended_for_deletion():
    frame = holzinger().head(60).copy()
    frame.loc[7, "x1":"x3"] = [30.0, -20.0, 25.0]
    found = ts.cfa(THREE_CONSTRUCTS, frame).influence()
    judged = [finding for finding in found.findings if finding.code == "influential_case"]
    assert judged
    assert "Without row 7" in judged[0].claim
    assert judged[0].value > judged[0].threshold == pytest.approx(found.limit)
    assert "no reason to leave it out" in judged[0].remedy
    assert found.cases["cook"].idxmax() == 7
    calm = ts.sem(DEMOCRACY, democracy()).influence()
    assert not calm.findings


def test_a_case_without_which_nothing_can_be_estimated_is_named():
    frame = ordered()
    frame["x1"] = np.where(np.arange(60) == 40, 2, np.minimum(frame["x1"], 1))
    model = ts.cfa("f =~ x1 + x2 + x3 + x4", frame, ordered=True)
    found = model.influence()
    (finding,) = [f for f in found.findings if f.code == "no_solution_without"]
    assert "row 40" in finding.claim
    assert found.n_failed == 1
    row = found.cases.set_index("row").loc[40]
    assert not row["converged"]
    assert np.isnan(row[["cook", "chisq_change", "max_dfbetas"]].astype(float)).all()
    assert row["parameter"] == ""
    assert np.isnan(found.fit.set_index("row").loc[40, "chisq"])


def test_what_has_no_cases_or_no_solution_is_refused():
    items = [f"x{number}" for number in range(1, 10)]
    printed = ts.cfa(THREE_CONSTRUCTS, sample_cov=holzinger()[items].cov(), sample_nobs=301)
    with pytest.raises(ResamplingError, match="from a matrix"):
        printed.influence()
    model = ts.cfa(THREE_CONSTRUCTS, holzinger())
    with pytest.raises(SpecificationError, match="number of processes"):
        model.influence(workers=0)
    least_squares = ts.cfa(THREE_CONSTRUCTS, holzinger(), estimator="GLS").influence()
    assert least_squares.cases["likelihood_distance"].isna().all()
    with pytest.raises(PlanError, match="does not exist"):
        least_squares.chart("likelihood_distance")
    with pytest.raises(UnknownOptionError, match="measure"):
        least_squares.chart("leverage")


def test_bootstrap_errors_leave_distances_by_normal_theory():
    plain = ts.sem(DEMOCRACY, democracy()).influence()
    model = ts.sem(DEMOCRACY, democracy(), se="bootstrap", bootstrap=20, seed=1)
    found = model.influence()
    assert not found.has_errors
    assert found.cook().to_numpy() == pytest.approx(plain.cook().to_numpy())
    assert found.fit["cfi"].to_numpy() == pytest.approx(plain.fit["cfi"].to_numpy())
    with pytest.raises(ResamplingError, match="bootstrap"):
        found.outcomes([], 0.05)


def test_it_shows_itself(democratic):
    text = democratic.summary()
    assert "without each of 75 cases" in text
    assert "gCD" in text
    assert "no reason to leave a case out" in " ".join(text.split())
    document = democratic.to_dict()
    json.dumps(document, allow_nan=False)
    assert len(document["cases"]) == 75
    chart = democratic.chart("max_dfbetas")
    assert chart.limit == pytest.approx(2 / np.sqrt(75))
    assert "exceed" in chart.description
    assert "<svg" in chart.svg()
