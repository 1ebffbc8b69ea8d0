"""The power of a study: planned without data, or from estimates; of paths and of the whole."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import trustsem as ts
from trustsem.errors import PlanError, SpecificationError, TooFewObservationsError, UnsupportedError

CONSTRUCTS = {"trust": "t1:t4", "sharing": "s1:s4", "performance": "p1:p4"}
HYPOTHESES = [
    "H1: trust -> sharing",
    "H2: sharing -> performance",
    "H3: trust -> performance",
    "H4: trust -> sharing -> performance",
]
LAVAAN = {
    "H1": (1.000, 0.3981, 0.0817, 0.0822),
    "H2": (0.950, 0.3006, 0.0866, 0.0826),
    "H3": (0.644, 0.1992, 0.0851, 0.0896),
}
"""Share of z > 1.96, mean estimate, mean standard error and standard deviation of the estimates
in 500 samples of 200 cases from lavaan 0.6-14: ``simulateData(population, sample.nobs = 200)`` and
``sem(model, data, fixed.x = FALSE)``, seed 1."""
VALUES = {"loadings": 0.8, "paths": {"H1": 0.4, "H2": 0.3, "H3": 0.2}}


def planned(values=VALUES, **more):
    settings = {"title": "Planned", "constructs": CONSTRUCTS, "hypotheses": HYPOTHESES} | more
    return ts.Study(**settings, power=values)


@pytest.fixture(scope="module")
def power():
    return ts.power(planned(), n=[120, 200], samples=500, seed=4, confirm=False)


# -- the stated population --------------------------------------------------------------------


def test_the_population_has_the_stated_values():
    cov = planned().hypothesised
    assert np.diag(cov) == pytest.approx(1.0)
    assert cov.loc["t1", "t2"] == pytest.approx(0.64)
    assert cov.loc["t1", "s1"] == pytest.approx(0.64 * 0.4)
    assert cov.loc["s1", "p1"] == pytest.approx(0.64 * (0.3 + 0.2 * 0.4))
    assert cov.loc["t1", "p1"] == pytest.approx(0.64 * (0.2 + 0.3 * 0.4))


def test_residuals_controls_second_order_and_single_items_are_part_of_it():
    study = ts.Study(
        title="All",
        constructs={
            "a": "a1:a3",
            "b": "b1:b3",
            "whole": ts.second_order(["a", "b"]),
            "x": ts.reflective("x1", reliability=0.81),
            "y": "y1:y3",
            "z": "z1:z3",
        },
        hypotheses=["H1: whole -> y", "H2: x -> z (-)"],
        controls={"age": ["y"]},
        covary=[["y", "z"]],
        residual_covariances=[["a1", "a2"]],
        power={
            "loadings": {"a": 0.8, "b": 0.7, "whole": 0.9, "y": 0.8, "z": 0.8, "z3": 0.6},
            "paths": {"H1": 0.5, "H2": -0.3, "age->y": 0.2},
            "correlations": {"whole ~~ x": 0.3, "z ~~ y": 0.4, "a1 ~~ a2": 0.25},
        },
    )
    cov = study.hypothesised
    assert cov.loc["a1", "a2"] == pytest.approx(0.64 + 0.25 * 0.36)
    assert cov.loc["a1", "b1"] == pytest.approx(0.8 * 0.7 * 0.81)
    assert cov.loc["a1", "x1"] == pytest.approx(0.8 * 0.9 * 0.3 * 0.9)
    assert cov.loc["age", "y1"] == pytest.approx(0.2 * 0.8)
    y_and_z = 0.5 * 0.3 * -0.3 + 0.4 * math.sqrt((1 - 0.25 - 0.04) * (1 - 0.09))
    assert cov.loc["y1", "z3"] == pytest.approx(0.8 * 0.6 * y_and_z)
    found = ts.power(study, n=300, samples=20, confirm=False)
    std = found.hypotheses.set_index("hypothesis")["std"]
    assert std.to_dict() == pytest.approx({"H1": 0.5, "H2": -0.3})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"loadings": 1.2, "paths": 0.3}, "residual variance of the item would be -0.44"),
        ({"loadings": 0.8, "paths": {"H1": 0.4, "H2": 0.3}}, "lacks H3 (trust -> performance)"),
        ({"loadings": 0.8, "paths": {"H1": 0.4, "H2": 0.9, "H3": 0.6}}, "would be negative"),
        ({"loadings": 0.8, "paths": {"H1": -0.4, "H2": 0.3, "H3": 0.2}}, "expects the sign '+'"),
        ({"loadings": 0.8, "paths": {"H1": 0.4, "H2": 0.3, "H3": 0.2, "H9": 0.1}}, "H9"),
        ({"loadings": {"trust": 0.8, "sharing": 0.8}, "paths": 0.3}, "lacks performance"),
        ({"loadings": {"trsut": 0.8}, "paths": 0.3}, "Did you mean 'trust'?"),
        ({"paths": 0.3}, "loadings: is required"),
        ({"loadings": 0.8}, "paths: is required"),
        ({"loadings": 0.8, "paths": 0.3, "correlations": 1.0}, "between -1 and 1"),
        ({"loadings": 0.8, "paths": 0.3, "correlations": {"t1 ~~ s1": 0.1}}, "is no pair"),
        ({"n": [0]}, "whole numbers from 1 on"),
        ({"goal": 1.5}, "less than 1"),
        ({"sample": 100}, "Did you mean 'samples'?"),
    ],
)
def test_values_that_no_population_has_are_mistakes_with_their_reason(values, said):
    with pytest.raises(PlanError) as error:
        planned(values)
    assert said in str(error.value)
    assert "power" in str(error.value)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(PlanError) as error:
        planned({"loadings": {"trust": 2.0}, "paths": {"H1": 0.1}, "correlations": {"a ~~ b": 0.1}})
    text = str(error.value)
    assert all(part in text for part in ("power.loadings.trust", "power.loadings: lacks",
                                         "power.paths: lacks", "power.correlations"))  # fmt: skip


def test_a_plan_keeps_its_section(tmp_path):
    study = planned({**VALUES, "n": [100, 200], "correlations": {}})
    path = tmp_path / "plan.toml"
    path.write_text(study.to_toml(), encoding="utf-8")
    assert ts.load_study(path).hypothesised.equals(study.hypothesised)
    assert ts.load_study(path).power.n == (100, 200)


def test_nothing_to_make_a_population_of_is_refused():
    with pytest.raises(PlanError, match=r"\[power\]"):
        ts.power(planned(None))


# -- what simulation finds ----------------------------------------------------------------------


def test_power_and_errors_are_those_of_lavaan(power):
    found = power.hypotheses.query("n == 200").set_index("hypothesis")
    for name, (share, mean, mean_se, sd) in LAVAAN.items():
        row = found.loc[name]
        assert row["power"] == pytest.approx(share, abs=4 * math.hypot(row["power_error"], 0.021))
        assert row["mean"] == pytest.approx(mean, abs=5 * row["bias_error"])
        assert row["mean_se"] == pytest.approx(mean_se, abs=0.003)
        assert row["sd"] == pytest.approx(sd, abs=5 * row["sd_error"])


def test_simulation_agrees_with_theory_and_intervals_cover(power):
    for row in power.hypotheses.query("hypothesis != 'H4'").itertuples():
        assert row.power == pytest.approx(row.power_approximate, abs=4 * row.power_error + 0.02)
        assert row.coverage == pytest.approx(0.95, abs=4 * row.coverage_error + 0.005)
        assert abs(row.bias) < 4 * row.bias_error + 0.01
        assert row.mean_se == pytest.approx(row.sd, rel=0.12)


def test_samples_of_a_size_depend_on_nothing_else(power):
    alone = ts.power(planned(), n=200, samples=500, seed=4, confirm=False)
    fewer = ts.power(planned(), n=[200, 90], samples=250, seed=4, confirm=False)
    columns = ["power", "mean", "sd"]
    mine = power.hypotheses.query("n == 200")[columns].to_numpy()
    assert alone.hypotheses[columns].to_numpy() == pytest.approx(mine, rel=1e-9)
    assert len(fewer.n) == 2
    other = ts.power(planned(), n=200, samples=500, seed=5, confirm=False)
    assert not np.allclose(other.hypotheses["mean"], alone.hypotheses["mean"], atol=1e-6)


def test_workers_change_nothing():
    alone = ts.power(planned(), n=150, samples=205, seed=2, confirm=False)
    together = ts.power(planned(), n=150, samples=205, seed=2, confirm=False, workers=2)
    pd.testing.assert_frame_equal(alone.parameters, together.parameters, rtol=1e-8)


def test_the_test_of_one_correlation_has_its_known_power():
    n, r = 60, 0.35
    model = ts.sem("y ~ x", sample_cov=pd.DataFrame([[1, r], [r, 1]], ["y", "x"], ["y", "x"]),
                   sample_nobs=400, sample_cov_rescale=False)  # fmt: skip
    found = ts.power(model, n=n, samples=2000, seed=3, confirm=False).hypotheses.iloc[0]
    # ML tests by z: b / se with divisor N is t * sqrt(N / (N - 2)), so the critical t is smaller.
    critical = special.ndtri(0.975) * math.sqrt((n - 2) / n)
    draws = np.random.default_rng(0)
    spread = np.sqrt(draws.chisquare(n - 1, 20000))
    shift = r / math.sqrt(1 - r**2) * spread
    exact = np.mean(stats.nct.sf(critical, n - 2, shift) + stats.nct.cdf(-critical, n - 2, shift))
    assert found["power"] == pytest.approx(exact, abs=4 * found["power_error"])


def test_a_path_of_zero_is_found_as_often_as_the_level_says():
    study = planned(
        {"loadings": 0.8, "paths": {"H1": 0.4, "H2": 0.3, "H3": 0.0}},
        hypotheses=["H1: trust -> sharing", "H2: sharing -> performance",
                    "H3: trust -> performance (?)"],
    )  # fmt: skip
    found = ts.power(study, n=200, samples=600, seed=1, confirm=False)
    row = found.hypotheses.set_index("hypothesis").loc["H3"]
    assert row["power"] == pytest.approx(0.05, abs=4 * row["power_error"])
    needed = found.required_n.set_index("target").loc["H3"]
    assert np.isnan(needed["n_required"])
    assert needed["reason"] == "not so in the population"


# -- sizes and effects --------------------------------------------------------------------------


def test_required_sizes_and_detectable_effects_are_confirmed():
    found = ts.power(planned(), n=200, samples=400, seed=6)
    assert found.present_n == 200
    needed = found.required_n.set_index("target")
    for name in ("H2", "H3"):
        row = needed.loc[name]
        assert row["n_required"] == pytest.approx(row["n_approximate"], abs=5 * row["n_error"] + 8)
    assert needed.loc["all", "n_approximate"] >= needed.loc["H3", "n_approximate"]
    effects = found.detectable.set_index("hypothesis")
    for name in ("H1", "H2", "H3"):
        row = effects.loc[name]
        assert row["power"] == pytest.approx(0.8, abs=4 * row["power_error"])
    assert np.isnan(effects.loc["H4", "std"])
    assert "product" in effects.loc["H4", "reason"]


def test_a_detectable_effect_has_the_wanted_power_by_theory():
    first = ts.power(planned(), n=200, samples=2, confirm=False)
    size = float(first.detectable.set_index("hypothesis").loc["H3", "std"])
    moved = planned({"loadings": 0.8, "paths": {"H1": 0.4, "H2": 0.3, "H3": size}})
    again = ts.power(moved, n=200, samples=2, confirm=False)
    row = again.hypotheses.set_index("hypothesis").loc["H3"]
    assert row["power_approximate"] == pytest.approx(0.8, abs=2e-3)


# -- the whole procedure --------------------------------------------------------------------------


def test_the_whole_is_met_where_every_part_is(power):
    at = power.procedure.query("n == 200").set_index("event")["share"]
    assert at["everything"] <= min(at["all"], at["fit_structural"], at["discriminant"])
    assert at["all"] <= at[["H1", "H2", "H3", "H4"]].min()
    assert at["estimated"] == 1.0


def test_judgements_are_those_of_the_study_on_the_same_sample():
    from trustsem.simulation.monte_carlo import estimate_stack  # noqa: PLC0415
    from trustsem.study.power_analysis import _Chosen, plan_of_values  # noqa: PLC0415

    study = planned({"loadings": 0.72, "paths": {"H1": 0.85, "H2": 0.3, "H3": 0.2}})
    plan = plan_of_values(study, _Chosen(seed=8), 90).simulation
    drawn = plan.draws((90,), 12).moments(range(3))
    found = tuple(
        estimate_stack(model.of_size((90,)), plan.moments_of(model, drawn)) for model in plan.models
    )
    said = plan.judge(found)
    names = list(plan.population[0].names)
    for number in range(3):
        S = pd.DataFrame(drawn[0][0][number], names, names)
        result = ts.two_step(study, sample_cov=S, sample_nobs=90, sample_cov_rescale=False,
                             second_engine=False)  # fmt: skip
        for column, step in enumerate(("measurement", "structural")):
            codes = {f.code: f.holds for f in getattr(result, step).findings}
            fit = all(codes[name] for name in ("cfi", "tli", "rmsea", "srmr"))
            assert bool(said[number, column]) == fit
        wanted = {"loading_sign", "loading_significance", "loading_size", "alpha",
                  "composite_reliability", "average_variance_extracted"}  # fmt: skip
        held = [f.holds for f in result.measurement.findings if f.code in wanted]
        assert bool(said[number, 2]) == all(each is not False for each in held)
        table = result.measurement.discriminant
        judged = table[["fornell_larcker", "htmt_holds", "anderson_gerbing"]].all(axis=1)
        distinct = judged & table["problem"].isin(["none", "marginal"])
        distinct &= _htmt_limit(table, plan, 90)
        truth = {frozenset(("trust", "sharing")): plan.judge.distinct[0]}
        expected = [truth.get(frozenset((a, b)), True) for a, b in
                    zip(table["construct_a"], table["construct_b"], strict=True)]  # fmt: skip
        assert bool(said[number, 3]) == (distinct.tolist() == expected)


def _htmt_limit(table, plan, n):
    """Return whether the upper limit of HTMT, with the error of the population, is below 1."""
    measured = plan.judge.measured
    names = ["trust", "sharing", "performance"]
    errors = {frozenset((names[i], names[j])): error for (i, j), error in
              zip(measured.pairs, measured.htmt_errors, strict=True)}  # fmt: skip
    reach = [1.959964 * errors[frozenset(pair)] / math.sqrt(n) for pair in
             zip(table["construct_a"], table["construct_b"], strict=True)]  # fmt: skip
    return table["htmt"] + reach < 1


def test_a_population_that_misses_a_criterion_is_a_finding():
    weak = planned({"loadings": 0.6, "paths": 0.3})
    found = ts.power(weak, n=150, samples=20, confirm=False)
    assert "power_population" in {finding.code for finding in found.findings}
    at = found.procedure.set_index("event")["population"]
    assert at["convergent"] is False or not at["convergent"]
    assert np.isnan(found.required_n.set_index("target").loc["everything", "n_required"])


# -- from estimates -------------------------------------------------------------------------------


def test_power_beside_the_two_steps():
    result = ts.two_step("bollen1989", power=20, second_engine=False)
    found = result.power
    assert 75 in found.n
    assert found.present_n == 75
    assert found.findings[0].code == "power_at_estimates" or "power_at_estimates" in {
        finding.code for finding in result.findings
    }
    std = result.structural.hypotheses.set_index("hypothesis")["std_all"]
    mine = found.hypotheses.query("n == 75").set_index("hypothesis")["std"]
    assert mine.to_dict() == pytest.approx(std.to_dict(), rel=1e-6)
    assert {"power-hypotheses", "power-procedure", "power-required"} <= set(result.tables())
    document = result.to_dict()["power"]
    assert document["samples"] == 20
    assert len(document["hypotheses"]) == len(found.hypotheses)
    chart = result.plot.power.chart()
    assert chart.svg().startswith("<svg")
    assert "75" in chart.note


def test_a_model_without_paths_and_groups_are_simulated():
    rng = np.random.default_rng(0)
    f = rng.normal(size=(300, 1))
    data = pd.DataFrame(f + rng.normal(size=(300, 4)), columns=["a", "b", "c", "d"])
    data["e"] = data["a"] + rng.normal(size=300)
    data["group"] = np.where(np.arange(300) < 100, "one", "two")
    model = ts.sem("f =~ a + b + c\ne ~ f + d", data, group="group", group_equal="loadings")
    found = ts.power(model, n=[90, 150], samples=30, seed=1, confirm=False)
    assert len(found.hypotheses) == 2 * 4
    assert found.detectable.empty
    assert found.hypotheses["power"].between(0, 1).all()
    assert found.parameters["n_used"].gt(0).all()


def test_answers_are_rounded_to_the_scale():
    study = planned(VALUES, scale=(1, 5))
    found = ts.power(study, n=150, samples=60, seed=1, rounded=True, confirm=False)
    plain = ts.power(study, n=150, samples=60, seed=1, confirm=False)
    one, two = (each.hypotheses.set_index("hypothesis").loc["H1"] for each in (found, plain))
    assert one["std"] == pytest.approx(two["std"])
    loadings = found.parameters.query("model == 'measurement' and op == '~~' and lhs == rhs")
    residuals = loadings[loadings["lhs"].str.fullmatch("[tsp][1-4]")]
    # Rounding adds a twelfth of a squared scale point to the variance of an item.
    assert residuals["bias"].mean() == pytest.approx(1 / 12, abs=0.02)
    with pytest.raises(PlanError, match="scale"):
        ts.power(planned(), n=150, samples=5, rounded=True)


def test_what_cannot_be_simulated_is_refused():
    rng = np.random.default_rng(1)
    f = rng.normal(size=(200, 1))
    answers = pd.DataFrame((f + rng.normal(size=(200, 4)) > 0).astype(int), columns=list("abcd"))
    with pytest.raises(UnsupportedError, match="ordered"):
        ts.power(ts.cfa("f =~ a + b + c + d", answers, ordered=True), n=100, samples=5)
    with pytest.raises(TooFewObservationsError):
        ts.power(planned(), n=12, samples=5, confirm=False)
    for wrong in (
        {"n": 0},
        {"samples": 1},
        {"alpha": 2},
        {"goal": 0},
        {"seed": -1},
        {"workers": 0},
    ):
        with pytest.raises(SpecificationError):
            ts.power(planned(), **{"n": 100, "samples": 5, **wrong})
    with pytest.raises(SpecificationError, match="Power is that of a study"):
        ts.power(3)


def test_an_interrupt_keeps_what_is_finished(monkeypatch):
    from trustsem.simulation import monte_carlo  # noqa: PLC0415

    whole = monte_carlo._simulate_part

    def part(plan, samples, which):
        if which[0] == (200,):
            raise KeyboardInterrupt
        return whole(plan, samples, which)

    monkeypatch.setattr(monte_carlo, "_simulate_part", part)
    found = ts.power(planned(), n=[100, 200], samples=20, confirm=False)
    assert found.interrupted
    assert found.n == (100,)
    assert "interrupted" in {finding.code for finding in found.findings}


def test_the_result_shows_findings_before_numbers(power):
    text = str(replace(power, findings=ts.power(planned({"loadings": 0.6, "paths": 0.3}), n=100,
                                                samples=2, confirm=False).findings))  # fmt: skip
    assert text.index("power] In the population") < text.index("Power of the Hypotheses")
