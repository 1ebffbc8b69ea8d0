"""A bootstrap in the user's hands: tables, tests, options, and what is said when it went badly."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import trustsem as ts
from kernel_models import DEMOCRACY, THREE_CONSTRUCTS, democracy, holzinger, shape
from trustsem.errors import ResamplingError, SpecificationError, UnknownOptionError
from trustsem.inference import standardized_errors
from trustsem.options import Options
from trustsem.results import Wish, run_bootstraps
from trustsem.simulation import solution_errors

INDIRECT = DEMOCRACY + "\nindirect := a*b"


@pytest.fixture(scope="module")
def fitted():
    return ts.sem(INDIRECT, democracy())


@pytest.fixture(scope="module")
def bootstrap(fitted):
    return fitted.bootstrap(400, seed=20)


def reference(folder, name):
    path = next((folder / "cases").glob(f"{name}_*.json"))
    case = json.loads(path.read_text(encoding="utf-8"))
    return case, pd.read_csv(folder / "data" / case["data"]["file"])


@pytest.mark.parametrize("name", ["p185", "p186"])
def test_errors_and_intervals_lie_within_the_bounds_of_lavaan(name, shared_reference):
    case, data = reference(shared_reference, name)
    result = ts.sem(case["model"], data).bootstrap(5000, seed=1)
    percentile, corrected = result.interval("percentile"), result.interval("bc")
    judged = 0
    for position, row in result.parameters.iterrows():
        key = row["label"] or f"{row['lhs']}{row['op']}{row['rhs']}"
        if key not in case["bootstrap_se"] or case["halves_differ_in_se"][key] > 0.4:
            continue
        if key == "prop":  # a ratio: the case says not to judge it
            continue
        judged += 1
        bounds = case["bootstrap_se_bounds"]
        assert bounds["lower"][key] <= row["se"] <= bounds["upper"][key], key
        # The correction for bias, from 1,000 resamples there, has a standard error of .08 itself.
        for table, expected, more in (
            (percentile, "percentile_ci", 0.0),
            (corrected, "bias_corrected_ci", 0.08),
        ):
            share = case["interval_end_tolerance_in_se"] + more
            slack = share * case["bootstrap_se"][key]
            found = table.loc[position, ["ci_lower", "ci_upper"]].astype(float)
            limits = [case[expected][end][key] for end in ("lower", "upper")]
            assert found.to_numpy() == pytest.approx(limits, abs=slack), (key, expected)
    assert judged > 15


@pytest.mark.parametrize("name", ["p185", "p186"])
def test_the_bollen_stine_test_agrees_with_lavaan(name, shared_reference):
    case, data = reference(shared_reference, name)
    result = ts.sem(case["model"], data).bootstrap(1000, seed=2, kind="bollen-stine")
    expected = case["bollen_stine"]
    assert expected["lower"] <= result.pvalue <= expected["upper"]
    error = expected["sd_chisq"] / np.sqrt(500)
    assert result.chisq.mean() == pytest.approx(expected["mean_chisq"], abs=4 * error)
    assert result.chisq.std() == pytest.approx(expected["sd_chisq"], rel=0.12)


def test_normal_samples_have_normal_theory_errors_and_chi_squares(fitted):
    normal = fitted.bootstrap(1500, seed=3, kind="parametric")
    free = fitted.parameters["free"].to_numpy() > 0
    ratio = (normal.parameters["se"] / fitted.parameters["se"])[free]
    assert ratio.median() == pytest.approx(1.0, abs=0.08)
    assert normal.chisq.mean() == pytest.approx(fitted.df, rel=0.15)
    assert normal.pvalue == pytest.approx(fitted.fit_measures["pvalue"], abs=0.2)


def test_a_matrix_is_enough_for_normal_samples():
    items = [f"x{number}" for number in range(1, 10)]
    S = holzinger()[items].cov()
    result = ts.cfa(THREE_CONSTRUCTS, sample_cov=S, sample_nobs=301)
    again = result.bootstrap(20, seed=1, kind="parametric")
    assert again.params.shape == (20, 21)
    for kind in ("nonparametric", "bollen-stine"):
        with pytest.raises(ResamplingError, match="matrix"):
            result.bootstrap(20, kind=kind)


def test_the_table_describes_the_stored_values(fitted, bootstrap):
    for what in ("est", "std_lv", "std_all", "std_nox"):
        values, table = bootstrap.values(what), bootstrap.interval(what=what)
        assert values.shape == (400, len(table))
        assert table["est"].to_numpy() == pytest.approx(fitted.parameters[what].to_numpy())
        moves = table["se"].to_numpy() > 0
        assert table["se"][moves].to_numpy() == pytest.approx(values[:, moves].std(0, ddof=1))
        assert table["bias"].to_numpy() == pytest.approx(values.mean(axis=0) - table["est"])
    free = bootstrap.parameters["free"].to_numpy()
    assert (bootstrap.values()[:, free > 0] == bootstrap.params[:, free[free > 0] - 1]).all()
    defined = bootstrap.parameters["op"] == ":="
    a, b = (bootstrap.parameters["label"] == name for name in "ab")
    product = bootstrap.values()[:, a] * bootstrap.values()[:, b]
    assert bootstrap.values()[:, defined] == pytest.approx(product)


def test_fixed_parameters_have_no_error(bootstrap):
    fixed = bootstrap.parameters["free"] == 0
    markers = bootstrap.parameters[fixed & (bootstrap.parameters["op"] == "=~")]
    assert (markers["se"] == 0).all()
    assert (markers["ci_lower"] == 1).all()


@pytest.mark.parametrize("method", ["percentile", "bc", "bca", "studentised"])
def test_intervals_hold_the_estimate_and_widen_with_the_level(method, bootstrap):
    narrow, wide = bootstrap.interval(method, 0.8), bootstrap.interval(method, 0.95)
    free = narrow["free"] > 0
    assert (wide["ci_lower"] <= narrow["ci_lower"])[free].all()
    assert (wide["ci_upper"] >= narrow["ci_upper"])[free].all()
    assert ((wide["ci_lower"] < wide["est"]) & (wide["est"] < wide["ci_upper"]))[free].all()


def test_the_jackknife_behind_bca_ignores_the_order_of_cases():
    data = democracy()
    tables = []
    for frame in (data, data.iloc[::-1]):
        found = ts.sem("y1 ~ x1\ny2 ~ y1", frame).bootstrap(50, seed=1)
        values, strata = found._all_rows.influence()
        assert (strata == 0).all()
        tables.append(np.sort(values[:, 0], axis=0))
    assert tables[0] == pytest.approx(tables[1], abs=1e-8)


def test_any_statistic_comes_from_the_same_resamples(fitted, bootstrap):
    def correlation(stack):
        cov = stack.implied[0].cov_eta
        return cov[:, 0, 1] / np.sqrt(cov[:, 0, 0] * cov[:, 1, 1])

    found = bootstrap.statistic(correlation)
    assert found.estimate == pytest.approx(fitted.latent_cor.iloc[0, 1])
    assert found.values.shape == (400,)
    assert 0 < found.se < 0.2
    for method in ("percentile", "bc", "bca"):
        lower, upper = found.interval(method)
        assert lower < found.estimate < upper
    moments = bootstrap.statistic(lambda stack: stack.S[0])
    drawn = np.cov(bootstrap.draws.cases(9)[0], rowvar=False, ddof=0)
    assert moments.values[9] == pytest.approx(drawn)
    assert moments.estimate == pytest.approx(fitted.sample.to_numpy())


def test_moments_of_fixed_covariates_are_those_of_each_resample():
    fitted = shape("mimic_fixed_x").fit()
    found = fitted.bootstrap(30, seed=1)
    rows = fitted.parameters
    given = rows["exo"] & (rows["op"] == "~~") & (rows["lhs"] == "grade") & (rows["rhs"] == "grade")
    position = list(fitted.table.observed).index("grade")
    S = found.statistic(lambda stack: stack.S[0]).values
    assert found.values()[:, given.to_numpy()][:, 0] == pytest.approx(S[:, position, position])


def test_workers_make_no_difference(fitted):
    alone = fitted.bootstrap(450, seed=9)
    together = fitted.bootstrap(450, seed=9, workers=2)
    assert (alone.params == together.params).all()
    assert (alone.admissible == together.admissible).all()


def test_the_seed_that_was_chosen_repeats_the_bootstrap(fitted):
    first = fitted.bootstrap(10)
    assert (fitted.bootstrap(10, seed=first.seed).params == first.params).all()
    assert fitted.bootstrap(10).seed != first.seed


def test_an_interrupted_bootstrap_says_how_far_it_came(fitted, monkeypatch):
    kept = []

    def report(done, total, failed=0):
        assert (total, failed) == (600, 0)
        kept.append(done)
        if len(kept) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("trustsem.results.model.progress_report", lambda *_: report)
        stopped = fitted.bootstrap(600, seed=4)
    assert stopped.n == kept[-1] < 600
    assert "interrupted" in [finding.code for finding in stopped.findings]
    assert (stopped.params == fitted.bootstrap(kept[-1], seed=4).params).all()


def test_the_bootstrap_of_a_small_sample_counts_its_failures():
    few = holzinger().head(22)
    found = ts.cfa("f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6", few).bootstrap(300, seed=5)
    assert found.n_failed == (~found.converged).sum()
    assert found.n_inadmissible == (found.converged & ~found.admissible).sum()
    assert len(found.params) == 300 - found.n_failed
    assert found.n_failed > 0
    codes = {finding.code: finding for finding in found.findings}
    assert codes["resamples_failed"].value == pytest.approx(found.n_failed / 300)
    assert codes["resamples_inadmissible"].value == pytest.approx(found.n_inadmissible / 300)
    assert f"{found.n_failed} failed" in found.summary()


def test_it_shows_itself_in_terminal_and_notebook(bootstrap):
    text, page = repr(bootstrap), bootstrap._repr_html_()
    for words in ("Bootstrap (nonparametric): 400 resamples", "Seed 20", "indirect"):
        assert words in text
        assert words in page
    assert "Bias" in text
    assert page.count("<table") == text.count("Parameter ")
    plain = bootstrap.to_dict()
    assert plain["seed"] == 20
    assert plain["pvalue"] is None
    assert json.dumps(plain)


def test_percentile_intervals_cover_at_their_level(rng):
    inside = 0
    for seed in range(100):
        x = rng.normal(size=60)
        frame = pd.DataFrame({"x": x, "y": 0.4 * x + rng.standard_t(5, size=60)})
        table = ts.sem("y ~ x", frame).bootstrap(199, seed=seed).parameters
        inside += table["ci_lower"].iloc[0] < 0.4 < table["ci_upper"].iloc[0]
    assert stats.binomtest(int(inside), 100, 0.93).pvalue > 0.001


# -- fit ---------------------------------------------------------------------------------------


def test_the_fit_of_a_resample_is_that_of_the_model_estimated_from_it(fitted, bootstrap):
    values = bootstrap.fit_values()
    assert len(values) == 400
    for number in (0, 237):
        (cases,) = bootstrap.draws.cases(number)
        alone = ts.sem(INDIRECT, pd.DataFrame(cases, columns=fitted.table.observed))
        for name in ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr", "gfi"):
            assert values.loc[number, name] == pytest.approx(alone.fit_measures[name], abs=1e-6)
    assert values["chisq"].to_numpy() == pytest.approx(bootstrap.chisq)


def test_resamples_of_cases_fit_worse_than_the_sample_by_about_df(fitted, bootstrap):
    fit = bootstrap.fit
    assert list(fit.index) == ["chisq", "cfi", "tli", "rmsea", "srmr"]
    assert fit["est"].to_dict() == pytest.approx(fitted.fit_measures[fit.index].to_dict())
    excess = fit.loc["chisq", "mean"] - fit.loc["chisq", "est"]
    assert excess == pytest.approx(fitted.df, rel=0.25)
    assert fit["pvalue"].isna().all()
    assert (fit["lower"] < fit["mean"]).all()
    assert (fit["mean"] < fit["upper"]).all()


@pytest.mark.parametrize(
    ("kind", "mean", "sd", "pvalue"),
    [
        ("bollen-stine", [36.5375, 0.992532, 0.9973681, 0.0289722, 0.04037252],
         [11.7601, 0.011447, 0.0264098, 0.0348162, 0.00933774], None),
        ("parametric", [37.77460, 0.99292614, 0.9938896, 0.0300252, 0.04136921],
         [9.04393, 0.00985675, 0.0205193, 0.0313786, 0.00889842], 0.43),
    ],
)  # fmt: skip
def test_the_distribution_of_fit_is_that_of_lavaan(kind, mean, sd, pvalue, fitted):
    # lavaan 0.6-14: bootstrapLavaan(sem(DEMOCRACY, data), R = 600, type = kind, FUN = fitMeasures,
    # fit.measures = c("chisq", "cfi", "tli", "rmsea", "srmr")), set.seed(1), means and sd.
    found = fitted.bootstrap(1200, seed=1, kind=kind).fit
    error = np.array(sd) * np.sqrt(1 / 600 + 1 / 1200)
    assert (np.abs(found["mean"].to_numpy() - mean) < 4 * error).all()
    assert found["sd"].to_numpy() == pytest.approx(sd, rel=0.15)
    if pvalue is not None:
        assert found.loc["chisq", "pvalue"] == pytest.approx(pvalue, abs=0.1)


def test_the_share_that_fits_as_badly_is_the_bollen_stine_p_value(fitted):
    found = fitted.bootstrap(100, seed=6, kind="bollen-stine")
    fit, values = found.fit, found.fit_values()
    assert fit.loc["chisq", "pvalue"] == found.pvalue
    for name, worse in (("cfi", np.less_equal), ("srmr", np.greater_equal)):
        assert fit.loc[name, "pvalue"] == worse(values[name], fit.loc[name, "est"]).mean()


def test_fit_of_resamples_under_other_discrepancies():
    for options in ({"estimator": "ULS"}, {"group": "school", "likelihood": "wishart"}):
        result = ts.cfa(THREE_CONSTRUCTS, holzinger(), **options)
        found = result.bootstrap(3, seed=1)
        drawn = [
            pd.DataFrame(cases, columns=result.table.observed).assign(school=label)
            for cases, label in zip(
                found.draws.cases(2), result.table.group_labels or [""], strict=True
            )
        ]
        alone = ts.cfa(THREE_CONSTRUCTS, pd.concat(drawn), **options)
        for name in ("chisq", "cfi", "rmsea", "srmr"):
            found_value = found.fit_values().loc[2, name]
            assert found_value == pytest.approx(alone.fit_measures[name], abs=1e-5)


# -- several statistics in one pass -------------------------------------------------------------


def test_statistics_computed_in_the_pass_are_those_computed_later(fitted):
    def squares(stack):
        return stack.params**2

    wish = Wish(fitted.estimate, (squares,), fit=True)
    alone = fitted.bootstrap(430, seed=3)
    for workers in (1, 2):
        first, second = run_bootstraps([wish, wish], "nonparametric", 430, 3, workers=workers)
        assert (first.params == alone.params).all()
        assert first.draws is second.draws
        assert (first.statistic(squares).values == first.params**2).all()
        assert first.stored[squares].shape == first.params.shape
        assert first.fit.to_numpy() == pytest.approx(alone.fit.to_numpy(), nan_ok=True)


def test_models_of_other_cases_have_resamples_of_their_own(fitted):
    other = ts.sem("y1 ~ x1", democracy())
    wishes = [Wish(fitted.estimate), Wish(other.estimate)]
    first, second = run_bootstraps(wishes, "nonparametric", 10, 3)
    assert first.draws is not second.draws
    assert (second.params == other.bootstrap(10, seed=3).params).all()


def test_statistics_leave_out_resamples_without_a_solution():
    few = holzinger().head(22)
    result = ts.cfa("f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6", few)

    def first(stack):
        return stack.params[:, 0]

    (found,) = run_bootstraps([Wish(result.estimate, (first,))], "nonparametric", 300, 5)
    assert found.n_failed > 0
    assert (found.statistic(first).values == found.params[:, 0]).all()


# -- studentised intervals ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [{"estimator": "MLR"}, {"estimator": "MLM"}, {"information": "observed"}, {"estimator": "ULS"}],
    ids=["mlr", "mlm", "observed", "uls"],
)
def test_studentised_intervals_divide_by_the_models_own_kind_of_errors(options):
    model, data = "f =~ x1 + x2 + x3 + x4", holzinger()
    result = ts.cfa(model, data, **options)
    found = result.bootstrap(39, seed=1)
    (cases,) = found.draws.cases(7)
    alone = ts.cfa(model, pd.DataFrame(cases, columns=result.table.observed), **options)
    errors = solution_errors(result.estimate.problem, found.draws, found.refits, found.by)
    own = alone.parameters.query("free > 0")["se"].to_numpy()
    assert errors[7] == pytest.approx(own, rel=1e-5)
    assert found.by.errors(result.estimate) == pytest.approx(
        result.parameters.query("free > 0")["se"].to_numpy()
    )
    table = found.interval("studentised", 0.8).query("free > 0")
    assert (table["ci_lower"] < table["ci_upper"]).all()


@pytest.mark.parametrize("options", [{"missing": "fiml"}, {"ordered": True}], ids=["fiml", "wlsmv"])
def test_studentised_intervals_of_what_is_estimated_from_cases(options, rng):
    data = holzinger()[["x1", "x2", "x3"]]
    if "missing" in options:
        data = data.mask(rng.random(data.shape) < 0.05)
    else:
        data = data.apply(lambda values: pd.qcut(values, 3, labels=False))
    result = ts.cfa("f =~ x1 + a*x2 + a*x3", data, **options)
    found = result.bootstrap(19, seed=1)
    (cases,) = found.draws.cases(3)
    alone = ts.cfa(
        "f =~ x1 + a*x2 + a*x3", pd.DataFrame(cases, columns=["x1", "x2", "x3"]), **options
    )
    errors = solution_errors(result.estimate.problem, found.draws, found.refits, found.by)
    own = alone.parameters.query("free > 0").sort_values("free")["se"].to_numpy()
    assert errors[3] == pytest.approx(own, rel=1e-4)


def test_normal_samples_without_cases_have_no_robust_errors():
    result = ts.cfa("f =~ x1 + x2 + x3 + x4", holzinger(), estimator="MLR")
    with pytest.raises(ResamplingError, match="need the cases"):
        result.bootstrap(10, seed=1, kind="parametric").interval("studentised")


# -- options ----------------------------------------------------------------------------------


def test_bootstrap_standard_errors_as_an_option(fitted):
    asked = ts.sem(INDIRECT, democracy(), se="bootstrap", bootstrap=300, seed=6)
    same = fitted.bootstrap(300, seed=6)
    rows, expected = asked.parameters, same.parameters
    assert rows["se"].to_numpy() == pytest.approx(expected["se"].to_numpy())
    for end in ("ci_lower", "ci_upper"):
        assert rows[end].to_numpy() == pytest.approx(expected[end].to_numpy())
    free = rows["free"] > 0
    assert (rows["z"] * rows["se"])[free].to_numpy() == pytest.approx(rows["est"][free].to_numpy())
    assert asked.vcov.to_numpy() == pytest.approx(np.cov(same.params, rowvar=False))
    assert rows["std_all_se"].to_numpy() == pytest.approx(same.interval(what="std_all")["se"])
    assert asked.df == fitted.df
    assert asked.fit_measures["chisq"] == fitted.fit_measures["chisq"]
    direct = asked.effects.query("predictor == 'ind60' and outcome == 'dem60'").iloc[0]
    assert direct["se"] == pytest.approx(rows["se"][rows["label"] == "a"].iloc[0])
    only = asked.effects.query("kind == 'indirect' and outcome == 'dem65'").iloc[0]
    assert asked.chains["se"].to_numpy() == pytest.approx([only["se"]])  # the only chain
    # Standardised errors of large samples are close to those of the delta method.
    delta = standardized_errors(
        asked.estimate.problem, asked.estimate.params, asked.vcov.to_numpy()
    )
    std_se = delta["std_all"][: len(rows)]
    moves = free.to_numpy() & (std_se > 0)
    ratio = rows["std_all_se"].to_numpy()[moves] / std_se[moves]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.1)


def test_the_bollen_stine_test_as_an_option(fitted):
    asked = ts.sem(INDIRECT, democracy(), test="bollen.stine", bootstrap=200, seed=6)
    again = fitted.bootstrap(200, seed=6, kind="bollen-stine")
    assert asked.fit_measures["pvalue_bollen_stine"] == again.pvalue
    assert asked.fit_measures["pvalue"] == fitted.fit_measures["pvalue"]
    assert "Bollen-Stine" in asked.summary()
    assert "pvalue_bollen_stine" not in fitted.fit_measures


def test_least_squares_can_be_bootstrapped():
    asked = ts.cfa(
        THREE_CONSTRUCTS, holzinger(), estimator="GLS", se="bootstrap", bootstrap=20, seed=1
    )
    assert (asked.parameters["se"][asked.parameters["free"] > 0] > 0).all()


def test_a_bootstrap_option_needs_cases():
    S = holzinger()[["x1", "x2", "x3", "x4"]].cov()
    for options in ({"se": "bootstrap"}, {"test": "bollen.stine"}):
        with pytest.raises(SpecificationError, match="raw data"):
            ts.cfa("f =~ x1 + x2 + x3 + x4", sample_cov=S, sample_nobs=301, **options)


@pytest.mark.parametrize("estimator", ["ML", "MLM", "MLR"])
def test_robust_stands_for_the_sandwich_of_complete_data(estimator):
    # lavaan 0.6-14: lavInspect(sem(model, data, estimator, se = "robust"), "options")
    options = Options.from_keywords(estimator=estimator, se="robust")
    assert options.se == "robust.sem"
    assert options.information == "expected"


def test_impossible_wishes_are_refused(fitted, bootstrap):
    with pytest.raises(UnknownOptionError, match="parametric"):
        fitted.bootstrap(10, kind="paramatric")
    with pytest.raises(SpecificationError, match="at least 2"):
        fitted.bootstrap(1)
    with pytest.raises(UnknownOptionError):
        bootstrap.interval("normal")
    with pytest.raises(SpecificationError, match="between 0 and 1"):
        bootstrap.interval(level=95)
    with pytest.raises(UnknownOptionError):
        bootstrap.values("std")
    with pytest.raises(ResamplingError, match="leaving out"):
        fitted.bootstrap(10, seed=1, kind="parametric").interval("bca")
    with pytest.raises(ResamplingError, match="unstandardised"):
        bootstrap.interval("studentised", what="std_all")


def test_no_bootstrap_without_a_solution(fitted):
    result = replace(fitted, estimate=replace(fitted.estimate, converged=False))
    with pytest.raises(ResamplingError, match="did not converge"):
        result.bootstrap(10)


def test_chi_squares_of_groups_count_each_groups_own_cases():
    frame = holzinger()
    options = {"group": "school", "likelihood": "wishart"}
    result = ts.cfa(THREE_CONSTRUCTS, frame, **options)
    bootstrap = result.bootstrap(2, seed=1)
    stream = bootstrap.draws.stream(0)
    groups = [frame[frame["school"] == label] for label in result.table.group_labels]
    drawn = pd.concat([part.iloc[stream.integers(0, len(part), len(part))] for part in groups])
    alone = ts.cfa(THREE_CONSTRUCTS, drawn, **options)
    assert bootstrap.chisq[0] == pytest.approx(alone.fit_measures["chisq"], abs=1e-6)
