"""Several groups: lavaan's numbers for invariance over groups, and where groups enter results."""

from __future__ import annotations

import numpy as np
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, holzinger

# lavaan 0.7-2: cfa(model, data, group = "school", group.equal = ...); chisq, df, CFI, RMSEA, SRMR.
LADDER = {
    "configural": ((), 115.851344, 48, 0.923398, 0.096915, 0.067864),
    "metric": (("loadings",), 124.043544, 54, 0.920923, 0.092837, 0.071652),
    "scalar": (("loadings", "intercepts"), 164.102831, 60, 0.882472, 0.107371, 0.082447),
    "strict": (
        ("loadings", "intercepts", "residuals"), 181.511345, 69, 0.872979, 0.104089, 0.088263,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def ladder():
    return {
        name: ts.cfa(THREE_CONSTRUCTS, holzinger(), group="school", group_equal=row[0])
        for name, row in LADDER.items()
    }


@pytest.mark.parametrize("level", LADDER)
def test_invariance_over_schools_is_what_lavaan_finds(ladder, level):
    _, chisq, df, cfi, rmsea, srmr = LADDER[level]
    fit = ladder[level].fit_measures
    assert fit["chisq"] == pytest.approx(chisq, abs=1e-5)
    assert ladder[level].df == df
    assert [fit["cfi"], fit["rmsea"], fit["srmr"]] == pytest.approx([cfi, rmsea, srmr], abs=1e-6)


def test_each_level_is_tested_against_the_one_below(ladder):
    table = ts.compare(**ladder)
    assert list(table.index) == list(LADDER)
    assert table["chisq_diff"].iloc[1:].tolist() == pytest.approx(
        [8.1922, 40.0593, 17.4085], abs=1e-4
    )
    assert table["df_diff"].iloc[1:].tolist() == [6, 6, 9]


def test_results_speak_of_each_group_by_its_label(ladder):
    result = ladder["metric"]
    assert result.table.group_labels == ("Pasteur", "Grant-White")
    assert result.n_obs == len(holzinger())
    for part in (result.sample, result.implied, result.r2, result.latent_cor, result.latent_mean):
        assert list(part) == ["Pasteur", "Grant-White"]
    loadings = result.parameters.query("op == '=~'").pivot(
        index=["lhs", "rhs"], columns="group", values="est"
    )
    assert np.allclose(loadings[1], loadings[2])
    assert "Group Pasteur" in repr(result)


def test_a_grouping_variable_must_be_there_and_differ():
    with pytest.raises(ts.TrustsemError, match=r"'scool'|scool"):
        ts.cfa(THREE_CONSTRUCTS, holzinger(), group="scool")
    with pytest.raises(ts.TrustsemError, match="fewer than two groups"):
        ts.cfa(THREE_CONSTRUCTS, holzinger().query("school == 'Pasteur'"), group="school")


def test_cases_of_no_group_are_left_out_and_counted(ladder):
    data = holzinger().assign(school=lambda frame: frame["school"].where(frame.index > 2))
    result = ts.cfa(THREE_CONSTRUCTS, data, group="school")
    (finding,) = [item for item in result.findings if item.code == "cases_without_group"]
    assert "3 of 301 cases" in finding.claim
    assert result.n_obs == 298
    assert "cases_without_group" not in {item.code for item in ladder["configural"].findings}


@pytest.mark.parametrize("option", [{"group_equal": "loadings"}, {"group_partial": ["visual=~x2"]}])
def test_what_compares_groups_needs_groups(option):
    with pytest.raises(ts.TrustsemError, match="there is one group"):
        ts.cfa(THREE_CONSTRUCTS, holzinger(), **option)


@pytest.fixture(scope="module")
def printed():
    parts = {label: part[[f"x{i}" for i in range(1, 10)]]
             for label, part in holzinger().groupby("school", sort=False)}  # fmt: skip
    return {
        "sample_cov": {label: part.cov() for label, part in parts.items()},
        "sample_mean": {label: part.mean() for label, part in parts.items()},
        "sample_nobs": {label: len(part) for label, part in parts.items()},
    }


def test_printed_matrices_of_several_groups_give_the_same_as_raw_data(ladder, printed):
    scalar = ts.cfa(THREE_CONSTRUCTS, group_equal=["loadings", "intercepts"], **printed)
    assert scalar.table.group_labels == ("Pasteur", "Grant-White")
    same = ["chisq", "df", "npar", "logl", "rmsea", "srmr"]
    assert scalar.fit_measures[same].tolist() == pytest.approx(
        ladder["scalar"].fit_measures[same].tolist(), abs=1e-7
    )


def test_matrices_without_means_leave_the_means_out(ladder, printed):
    in_order = {name: list(printed[name].values()) for name in ("sample_cov", "sample_nobs")}
    metric = ts.cfa(THREE_CONSTRUCTS, group_equal="loadings", **in_order)
    assert metric.table.group_labels == ("Group 1", "Group 2")
    assert not metric.table.meanstructure
    assert metric.n_free == 36
    assert metric.fit_measures["chisq"] == pytest.approx(ladder["metric"].fit_measures["chisq"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sample_nobs": 301}, "sample_nobs needs one value for each group: Pasteur, Grant-White"),
        ({"sample_nobs": [156, 145, 3]}, "one value for each group"),
        ({"sample_mean": {"Pasteur": [0.0] * 9}}, "sample_mean needs one value for each group"),
        ({"sample_cov": []}, "fewer than two groups"),
        ({"sample_cov": "S"}, "must be a DataFrame"),
        ({"sample_nobs": None}, "number of observations"),
    ],
)
def test_matrices_of_groups_that_do_not_fit_together(printed, change, says):
    with pytest.raises(ts.TrustsemError, match=says):
        ts.cfa(THREE_CONSTRUCTS, **(printed | change))
