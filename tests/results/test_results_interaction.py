"""Latent interactions: lavaan's and semTools' numbers, known truth, slopes, region, chart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from interaction_data import MODEL, PATHS, moderated
from trustsem.inference import Moderation, johnson_neyman

# lavaan 0.6-14 and semTools 0.5-6 on moderated(300, seed=11): indProd(doubleMC = TRUE), sem(MLR),
# probe2WayMC; chi-square difference by lavTestLRT(method = "satorra.2000").
REFERENCE = {
    "matched": {
        "est": [0.380002641, 0.304649698, 0.148047100],
        "se": [0.0764256081, 0.0720703250, 0.0476702646],
        "slopes": [0.225850768, 0.380002641, 0.534154513],
        "slope_se": [0.0908090970, 0.0764256081, 0.0914489633],
        "chisq_diff": 9.03257015, "chisq": 66.655, "df": 48,
    },
    "all": {
        "est": [0.376290113, 0.306783773, 0.140843505],
        "se": [0.0764683658, 0.0721732537, 0.0544081043],
        "slopes": [0.229378940, 0.376290113, 0.523201287],
        "slope_se": [0.0967281858, 0.0764683658, 0.0937020365],
        "chisq_diff": 5.96561744, "chisq": 169.602, "df": 111,
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=REFERENCE)
def both(request):
    found = ts.interaction(MODEL, moderated(300, 11), "X x Z -> Y", products=request.param)
    return found, REFERENCE[request.param]


def test_effects_and_slopes_are_those_of_lavaan_and_semtools(both):
    found, expected = both
    assert found.effects["est"].tolist() == pytest.approx(expected["est"], rel=1e-4)
    assert found.effects["se"].tolist() == pytest.approx(expected["se"], rel=1e-3)
    assert found.slopes["est"].tolist() == pytest.approx(expected["slopes"], rel=1e-4)
    assert found.slopes["se"].tolist() == pytest.approx(expected["slope_se"], rel=1e-3)
    assert found.r2_without == pytest.approx(0.290990972, rel=1e-4)
    assert found.chisq_diff == pytest.approx(expected["chisq_diff"], rel=1e-3)
    assert found.model.fit_measures["chisq"] == pytest.approx(expected["chisq"], abs=1e-3)
    assert found.model.df == expected["df"]


def test_the_interaction_becomes_a_finding_with_its_interval(both):
    found, _ = both
    judged = next(item for item in found.findings if item.code == "interaction")
    assert judged.holds
    assert judged.interval == pytest.approx(found.effects.iloc[-1][["ci_lower", "ci_upper"]])
    assert "stronger" in judged.claim


def test_known_effects_are_found_again():
    found = ts.interaction(MODEL, moderated(20000, 5), "X x Z -> Y", products="all")
    errors = (found.effects["est"] - pd.Series(PATHS)) / found.effects["se"]
    assert errors.abs().max() < 3.5
    # Var(Y) = .16 + .09 + 2(.4)(.3)(.4) + .0625(1 + .4**2) + .5
    assert found.delta_r2 == pytest.approx(0.0725 / 0.9185, abs=0.02)


def test_the_slope_is_just_significant_at_the_bounds_of_the_region(both):
    found, _ = both
    for bound in (found.region.lower, found.region.upper):
        z = found.moderation.slope(bound) / found.moderation.error(bound)
        assert abs(z) == pytest.approx(1.959964, abs=1e-5)


@pytest.mark.parametrize(
    ("moderation", "everywhere"),
    [
        (Moderation(1.0, 0.0, 0.01, 0.01, 0.0), None),
        (Moderation(1.0, 0.01, 0.01, 1e-9, 0.0), None),
        (Moderation(0.0, 0.0, 1.0, 1.0, 0.0), False),
        (Moderation(1.0, 0.0, 0.01, 0.0, 0.0), True),
        (Moderation(1.0, 1.0, 0.01, 1 / 1.959963984540054**2, 0.0), None),
    ],
)
def test_a_region_agrees_with_the_test_at_every_value(moderation, everywhere):
    region = johnson_neyman(moderation)
    assert region.everywhere is everywhere
    grid = np.linspace(-200, 200, 4001)
    grid = grid[np.abs(np.abs(grid) - 100) > 1e-9]
    error = moderation.error(grid)
    z = np.divide(moderation.slope(grid), error, out=np.full_like(grid, np.inf), where=error > 0)
    assert np.array_equal(region.holds(grid), np.abs(z) > 1.959963984540054)


def test_the_share_of_the_region_is_that_of_a_normal_moderator():
    region = johnson_neyman(Moderation(0.0, 1.0, 0.1, 1e-12, 0.0))
    outside = 2 * (1 - 0.5 * (1 + 0.4645))  # of a normal variable beyond 1.96 * sqrt(.1)
    assert region.share(1.0) == pytest.approx(outside, abs=2e-3)


def test_unequal_numbers_of_items_are_matched_by_their_loadings():
    frame = moderated(600, 2)
    model = MODEL.replace("Z =~ z1 + z2 + z3", "Z =~ z3 + z1")
    found = ts.interaction(model, frame, "X x Z -> Y")
    assert found.pairs == (("x1", "z3"), ("x2", "z1"))


def test_pairs_may_be_chosen_and_first_order_effects_are_added():
    frame = moderated(600, 2)
    model = MODEL.replace("Y ~ X + Z", "Y ~ X")
    found = ts.interaction(model, frame, "X × Z → Y", products=[("x1", "z2"), ("x2", "z1")])
    assert found.pairs == (("x1", "z2"), ("x2", "z1"))
    assert [item.subject for item in found.findings if item.code == "interaction_first_order"] == [
        "Z -> Y"
    ]
    assert found.effects["est"].notna().all()
    assert np.isnan(found.pvalue_diff)


def test_an_explained_moderator_covaries_with_the_product():
    found = ts.interaction(f"{MODEL}\nZ ~ X", moderated(600, 2), "X x Z -> Y")
    rows = found.model.parameters
    free = rows[(rows["op"] == "~~") & (rows["free"] > 0)]
    pairs = {frozenset(pair) for pair in zip(free["lhs"], free["rhs"], strict=True)}
    assert {frozenset({"X_x_Z", "X"}), frozenset({"X_x_Z", "Z"})} <= pairs


def test_cases_with_gaps_are_left_out_before_products_are_centred():
    frame = moderated(400, 2)
    gaps = frame.mask(np.random.default_rng(1).uniform(size=frame.shape) < 0.02)
    found = ts.interaction(MODEL, gaps, "X x Z -> Y")
    again = ts.interaction(MODEL, gaps.dropna(), "X x Z -> Y")
    assert found.model.n_obs == len(gaps.dropna())
    assert found.effects["est"].tolist() == pytest.approx(again.effects["est"].tolist())


def test_errors_that_rest_on_normality_are_said_to():
    found = ts.interaction(MODEL, moderated(300, 11), "X x Z -> Y", estimator="ML")
    assert any(item.code == "interaction_normality" for item in found.findings)


@pytest.mark.parametrize("formula", ["X -> Y", "X x X -> Y", "X x Z", "X x Q -> Y"])
def test_what_cannot_be_read_or_is_no_construct_is_refused(formula):
    with pytest.raises(ts.TrustsemError):
        ts.interaction(MODEL, moderated(100, 1), formula)


def test_products_of_other_items_are_refused():
    with pytest.raises(ts.TrustsemError, match="y1"):
        ts.interaction(MODEL, moderated(100, 1), "X x Z -> Y", products=[("x1", "y1")])
    with pytest.raises(ts.TrustsemError, match="matched"):
        ts.interaction(MODEL, moderated(100, 1), "X x Z -> Y", products="match")


def test_the_chart_shows_lines_and_region_and_escapes_names(both, tmp_path):
    found, _ = both
    chart = found.chart({"X": "Trust <b> & $x$"})
    assert "Trust &lt;b&gt; &amp; $x$" in chart.svg()
    assert chart.svg() == found.chart({"X": "Trust <b> & $x$"}).svg()
    assert chart.save(tmp_path / "slopes.png").stat().st_size > 10_000
    with pytest.raises(ts.TrustsemError, match=r"\.svg"):
        chart.save(tmp_path / "slopes.bmp")
    lines = found.plot(kind="slopes").get_lines()
    slope = np.ptp(lines[0].get_ydata()) / 4 / np.sqrt(found.model.latent_cov.loc["X", "X"])
    assert slope == pytest.approx(found.slopes["est"].iloc[0])
    axes = found.plot(kind="region")
    assert axes.get_lines()[0].get_ydata() == pytest.approx(
        found.moderation.slope(axes.get_lines()[0].get_xdata() * found.moderator_sd)
    )


def test_the_outcome_is_shown_as_text_and_as_html(both):
    found, _ = both
    for shown in (repr(found), found._repr_html_()):
        assert "Johnson-Neyman" in shown
        assert "X × Z" in shown
