"""Cut-offs in the user's hands: numbers of others, limits, seeds, readings, refusals."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, democracy, holzinger
from trustsem.errors import (
    ResamplingError,
    SpecificationError,
    UnknownOptionError,
    UnsupportedError,
)

PUBLISHED = """
f =~ .8*x1 + .7*x2 + .6*x3 + .5*x4
g =~ .75*x5 + .65*x6 + .55*x7
f ~~ .4*g
"""


@pytest.fixture(scope="module")
def children():
    return ts.cfa(THREE_CONSTRUCTS, holzinger())


@pytest.fixture(scope="module")
def found(children):
    return children.dynamic_cutoffs(500, seed=1)


@pytest.fixture(scope="module")
def published():
    return ts.dynamic_cutoffs(PUBLISHED, 150, samples=500, seed=3)


def cutoff(found, level, index):
    """Return kind and value of a cut-off."""
    rows = found.cutoffs
    row = rows[(rows["level"] == level) & (rows["index"] == index)].iloc[0]
    return row["kind"], row["cutoff"]


def test_cutoffs_are_those_of_the_authors_program(found):
    """Vignette of the R package dynamic 1.1.0 (Wolf & McNeish, 2022), 500 samples of N = 301.

    Level 1, 90/10: RMSEA .044, CFI .986; level 2, 95/5: SRMR .060, RMSEA .088, CFI .955. Standard
    errors of such percentiles are about .0012.
    """
    for index, value in {"rmsea": 0.044, "cfi": 0.986}.items():
        assert cutoff(found, 1, index)[0] == "90/10"
        assert cutoff(found, 1, index)[1] == pytest.approx(value, abs=0.004)
    for index, value in {"srmr": 0.060, "rmsea": 0.088, "cfi": 0.955}.items():
        assert cutoff(found, 2, index)[0] == "95/5"
        assert cutoff(found, 2, index)[1] == pytest.approx(value, abs=0.004)


def test_cutoffs_of_one_construct_are_those_of_the_authors_program():
    """The same vignette, from standardised loadings: 500 samples of N = 301, all 95/5."""
    model = "visualtextual =~ .419*x1 + .212*x2 + .203*x3 + .852*x4 + .847*x5 + .840*x6"
    printed = {1: (0.047, 0.065, 0.981), 2: (0.050, 0.095, 0.962), 3: (0.058, 0.108, 0.954)}
    fit = {"srmr": 0.114, "rmsea": 0.187, "cfi": 0.856}
    found = ts.dynamic_cutoffs(model, 301, samples=500, seed=2, observed=fit)
    for level, values in printed.items():
        for index, value in zip(("srmr", "rmsea", "cfi"), values, strict=True):
            kind, number = cutoff(found, level, index)
            assert kind == "95/5"
            assert number == pytest.approx(value, abs=0.007)
    assert found.level == 3


LAVAAN = {
    0: {"srmr": (0.02694, 0.04022, 0.05931), "rmsea": (0.0, 0.0, 0.07160),
        "cfi": (0.95556, 1.0, 1.0), "tli": (0.92821, 1.00295, 1.05486)},
    1: {"srmr": (0.05584, 0.07622, 0.10261), "rmsea": (0.08381, 0.12677, 0.16796),
        "cfi": (0.82679, 0.89614, 0.95456), "tli": (0.72019, 0.83223, 0.92660)},
}  # fmt: skip
"""5th, 50th and 95th percentiles over 500 normal samples of N = 150 from the model of PUBLISHED,
and with x4 loading .5 on g, too; by lavaan 0.6-14, cfa(model, data), set.seed(1) of R 4.2.2."""


def test_percentiles_are_those_of_a_loop_over_lavaan(published):
    """Within four standard errors, those of a percentile found from the sparsity around it."""
    rows = published.distributions.set_index(["level", "index"])
    for level, indices in LAVAAN.items():
        for index, expected in indices.items():
            values = np.sort(published.values.query("level == @level")[index])
            for share, name, value in zip((0.05, 0.5, 0.95), ("q05", "median", "q95"), expected,
                                          strict=True):  # fmt: skip
                width = 0.02
                around = np.quantile(values, [max(share - width, 0), min(share + width, 1)])
                slope = (around[1] - around[0]) / (2 * width)
                error = slope * np.sqrt(2 * share * (1 - share) / 500)
                assert abs(rows.loc[(level, index), name] - value) <= 4 * error + 1e-6, (
                    level,
                    name,
                )


def test_in_large_samples_every_percentile_is_that_of_the_population():
    found = ts.dynamic_cutoffs(PUBLISHED, 1_000_000, samples=20, seed=1)
    for level in (0, 1):
        rows = found.distributions.set_index(["level", "index"]).loc[level]
        for index in ("srmr", "rmsea", "cfi", "tli"):
            at = rows.loc[index]
            assert at["q05"] == pytest.approx(at["population"], abs=0.002)
            assert at["q95"] == pytest.approx(at["population"], abs=0.002)
    assert cutoff(found, 1, "rmsea")[0] == "95/5"


def test_the_population_is_what_the_model_leaves_of_its_covariances(published):
    rows = published.distributions.set_index(["level", "index"])["population"]
    assert rows[0].tolist() == [0.0, 0.0, 1.0, 1.0]
    L = np.zeros((7, 2))
    L[:4, 0], L[4:, 1] = (0.8, 0.7, 0.6, 0.5), (0.75, 0.65, 0.55)
    L[3, 1] = 0.5
    R = L @ np.array([[1, 0.4], [0.4, 1]]) @ L.T
    np.fill_diagonal(R, 1.0)
    names = [f"x{k}" for k in range(1, 8)]
    refit = ts.cfa(
        "f =~ x1+x2+x3+x4\ng =~ x5+x6+x7", sample_cov=pd.DataFrame(R, names, names),
        sample_nobs=1000, sample_cov_rescale=False,
    )  # fmt: skip
    fit = refit.fit_measures
    assert rows[1, "srmr"] == pytest.approx(fit["srmr"], rel=1e-6)
    assert rows[1, "rmsea"] == pytest.approx(np.sqrt(fit["chisq"] / 1000 / fit["df"]), rel=1e-6)
    assert rows[1, "cfi"] == pytest.approx(1 - fit["chisq"] / fit["baseline_chisq"], rel=1e-6)


def test_the_seed_decides_and_neither_workers_nor_more_samples_do(children, found):
    again = children.dynamic_cutoffs(60, seed=1, workers=2)
    values = found.values
    pd.testing.assert_frame_equal(
        again.values, values[values["sample"] < 60].reset_index(drop=True), rtol=1e-7, atol=1e-9
    )
    other = children.dynamic_cutoffs(60, seed=2)
    assert not np.allclose(other.values["srmr"], again.values["srmr"])


def test_a_sample_fits_as_one_by_itself(found, children):
    """Sample 3 of level 0, drawn and estimated through the public interface."""
    boot = children.bootstrap(5, seed=1, kind="parametric")
    ((S, _),) = boot.draws.moments([3])
    names = list(children.table.observed)
    alone = ts.cfa(
        THREE_CONSTRUCTS, sample_cov=pd.DataFrame(S[0], names, names), sample_nobs=301,
        sample_cov_rescale=False,
    ).fit_measures  # fmt: skip
    row = found.values.query("level == 0 and sample == 3").iloc[0]
    for index in ("srmr", "rmsea", "cfi", "tli"):
        assert row[index] == pytest.approx(alone[index], abs=1e-6)


def test_levels_are_said_in_syntax_and_words(found):
    levels = found.levels
    assert levels[["level", "lhs", "op", "rhs"]].to_numpy().tolist() == [
        [1, "textual", "=~", "x2"],
        [2, "textual", "=~", "x7"],
    ]
    assert levels["added"].tolist() == ["x2 measures textual, too", "x7 measures textual, too"]
    assert "x2 measures Words, too" in found.words(1, {"textual": "Words"})


@pytest.mark.parametrize(
    ("cfi", "at_least", "below"), [(0.999, 0, 1), (0.97, 1, 2), (0.90, 2, None)]
)
def test_an_observed_value_is_read_between_the_cutoffs(cfi, at_least, below, children, found):
    text = "\n".join(
        f"{row.lhs} {row.op} {row.std_all}*{row.rhs}"
        for row in children.parameters.itertuples()
        if row.op == "=~" or (row.op == "~~" and row.lhs != row.rhs)
    )
    read = ts.dynamic_cutoffs(text, 301, samples=500, seed=1, observed={"cfi": cfi})
    row = read.verdict.set_index("index").loc["cfi"]
    assert row["at_least"] == at_least
    assert (below is None and pd.isna(row["below"])) or row["below"] == below
    assert read.verdict["at_least"].notna().sum() == 1
    assert cutoff(read, 2, "cfi")[1] == pytest.approx(cutoff(found, 2, "cfi")[1], abs=1e-4)


def test_the_divisor_of_the_likelihood_is_respected():
    data = holzinger().iloc[:150]
    normal = ts.cfa(THREE_CONSTRUCTS, data).dynamic_cutoffs(40, seed=1)
    wishart = ts.cfa(THREE_CONSTRUCTS, data, likelihood="wishart").dynamic_cutoffs(40, seed=1)
    np.testing.assert_allclose(wishart.values["srmr"], normal.values["srmr"], atol=1e-6)
    first, second = (found.values["rmsea"].to_numpy() for found in (normal, wishart))
    both = (first > 0) & (second > 0)
    assert (second[both] < first[both]).all() or (second[both] > first[both]).all()


def test_means_are_part_of_the_model_where_it_has_them(found):
    means = ts.cfa(THREE_CONSTRUCTS, holzinger(), meanstructure=True).dynamic_cutoffs(40, seed=1)
    alike = found.values[found.values["sample"] < 40].reset_index(drop=True)
    np.testing.assert_allclose(means.values["rmsea"], alike["rmsea"], atol=1e-5)


def test_corrected_and_incomplete_models_say_what_the_cutoffs_are():
    data = holzinger()
    robust = ts.cfa(THREE_CONSTRUCTS, data, estimator="MLR")
    found = robust.dynamic_cutoffs(20, seed=1)
    assert "cutoffs_of_normal_data" in {item.code for item in found.findings}
    assert found.observed["cfi"] == pytest.approx(robust.fit_measures["cfi_robust"])
    data.loc[data.index[:20], "x1"] = np.nan
    incomplete = ts.cfa(THREE_CONSTRUCTS, data, missing="fiml").dynamic_cutoffs(20, seed=1)
    assert "cutoffs_of_complete_data" in {item.code for item in incomplete.findings}
    assert incomplete.n_obs == 301


def test_a_small_sample_cannot_tell(published):
    small = ts.dynamic_cutoffs(PUBLISHED, 30, samples=100, seed=1)
    (finding,) = [item for item in small.findings if item.code == "no_cutoff"]
    assert "With 30 cases" in finding.claim
    assert small.cutoffs["cutoff"].isna().all()
    assert small.level is None
    assert "no_cutoff" not in {item.code for item in published.findings}


def test_an_interrupt_keeps_what_is_finished(children, monkeypatch):
    from trustsem.simulation import cutoffs as module  # noqa: PLC0415

    estimate, calls = module.estimate_again, []

    def stop_at_third(*args, **keywords):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return estimate(*args, **keywords)

    monkeypatch.setattr(module, "estimate_again", stop_at_third)
    found = children.dynamic_cutoffs(30, seed=1)
    assert "interrupted" in {item.code for item in found.findings}
    assert np.isfinite(found.cutoffs.query("level == 1")["sensitivity"]).all()
    assert found.cutoffs.query("level == 2")["sensitivity"].isna().all()
    assert found.n_failed == (0, 0, 0)


def test_what_the_method_does_not_define_is_refused(children):
    data = holzinger()
    with pytest.raises(UnsupportedError, match="several groups"):
        ts.cfa(THREE_CONSTRUCTS, data, group="school").dynamic_cutoffs(20)
    cut = data[["x1", "x2", "x3", "x4"]].apply(lambda x: pd.qcut(x, 3, labels=False))
    with pytest.raises(UnsupportedError, match="ordered"):
        ts.cfa("f =~ x1+x2+x3+x4", cut, ordered=True, estimator="WLSMV").dynamic_cutoffs(20)
    with pytest.raises(UnsupportedError, match="WLS"):
        ts.cfa(THREE_CONSTRUCTS, data, estimator="WLS").dynamic_cutoffs(20)
    with pytest.raises(ResamplingError, match="without degrees of freedom"):
        ts.cfa("f =~ x1 + x2 + x3", data).dynamic_cutoffs(20)
    with pytest.raises(ResamplingError, match="leaves no relation out"):
        children.dynamic_cutoffs(20, part="structural")
    with pytest.raises(ResamplingError, match="four items"):
        ts.cfa("f =~ x4+x5+x6+x7\nx6 ~~ x7", data).dynamic_cutoffs(20)
    for wrong in ({"samples": 5}, {"samples": 2.5}, {"seed": -1}, {"workers": 0}):
        with pytest.raises(SpecificationError):
            children.dynamic_cutoffs(**{"samples": 20, **wrong})
    with pytest.raises(UnknownOptionError):
        children.dynamic_cutoffs(20, part="paths")


def test_an_improper_solution_is_no_population():
    data = democracy()
    model = ts.cfa("f =~ y1 + x1\ng =~ x2 + y3", data)
    assert not model.admissible
    with pytest.raises(ResamplingError, match="not proper"):
        model.dynamic_cutoffs(20)


@pytest.mark.parametrize(
    ("model", "match"),
    [
        ("f =~ x1 + .7*x2 + .8*x3", "no standardised value"),
        ("f =~ 1.2*x1 + .7*x2 + .8*x3", "smaller than 1"),
        ("f =~ .6*x1 + .7*x2 + .8*x3\nf ~~ 1*f", "no place"),
        ("f =~ .6*x1 + .7*x2 + .8*x3\nx1 ~ .5*1", "no place"),
        ("f =~ a*x1 + .7*x2", "no standardised value"),
    ],
)
def test_published_values_must_be_standardised(model, match):
    with pytest.raises(SpecificationError, match=match):
        ts.dynamic_cutoffs(model, 200)


def test_published_values_must_be_those_of_a_population():
    text = "f =~ .6*x1 + .7*x2\ng =~ .6*y1 + .7*y2\nh =~ .6*z1 + .7*z2"
    with pytest.raises(ResamplingError, match="No population"):
        ts.dynamic_cutoffs(text + "\nf ~~ .9*g\nf ~~ .9*h\ng ~~ -.9*h", 200)
    for observed in ({"nfi": 0.9}, {"cfi": "good"}):
        with pytest.raises(SpecificationError):
            ts.dynamic_cutoffs(PUBLISHED, 200, observed=observed)
    with pytest.raises(SpecificationError, match="sample size"):
        ts.dynamic_cutoffs(PUBLISHED, 0)


def test_a_published_structural_model_gets_structural_levels():
    text = """
    a =~ .8*a1 + .7*a2 + .6*a3
    b =~ .8*b1 + .7*b2 + .6*b3
    c =~ .9*c1
    b ~ .5*a
    c ~ .4*b
    """
    found = ts.dynamic_cutoffs(text, 300, samples=30, seed=1)
    assert found.rule == "structural relations"
    assert found.levels[["lhs", "op", "rhs"]].to_numpy().tolist() == [["c", "~", "a"]]
    crossed = ts.dynamic_cutoffs(text, 300, samples=30, seed=1, part="measurement")
    assert crossed.rule == "cross-loadings"
    assert "c" not in set(crossed.levels["lhs"])


def test_the_result_shows_itself_and_turns_into_plain_values(found):
    text = found.summary()
    assert "Cut-offs for N = 301" in text
    assert "at least the misfit of level 2" in text
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["seed"] == 1
    assert len(plain["cutoffs"]) == 8
    chart = found.plot.distributions.chart()
    assert "RMSEA: level 1" in chart.description
    assert chart.svg().startswith("<")
    assert found.plot.available() == ("distributions",)
