"""A small study result with real numbers (lavaan's for Bollen's data), made without estimating."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from trustsem.findings import Finding
from trustsem.options import Options
from trustsem.validity.thresholds import Thresholds

NUMBERS = json.loads(Path(__file__).with_name("bollen1989.json").read_text(encoding="utf-8"))
CONSTRUCTS = {
    "ind60": ("x1", "x2", "x3"),
    "dem60": ("y1", "y2", "y3", "y4"),
    "dem65": ("y5", "y6", "y7", "y8"),
}
LABELS = {"ind60": "Industrialization 1960", "dem60": "Democracy 1960", "dem65": "Democracy 1965"}
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 60" role="img"><title>{view}</title>'
    '<ellipse cx="60" cy="30" rx="50" ry="22" fill="none" stroke="black"/></svg>'
)


class StandInModel(SimpleNamespace):
    def residuals(self, kind):
        names = NUMBERS["variables"]
        return pd.DataFrame(NUMBERS[kind], index=names, columns=names, dtype=float)

    def modification_indices(self, minimum=0.0):
        frame = pd.DataFrame(NUMBERS["modification_indices"])
        frame.insert(3, "group", 1)
        return frame[frame["mi"] >= minimum]


class StandInDiagram:
    def __init__(self, view):
        self.view = view

    def svg(self):
        return SVG.format(view=self.view)

    def save(self, path):
        Path(path).write_text(self.svg(), encoding="utf-8")


class StandInResult(SimpleNamespace):
    def draw(self, view="structural"):
        return StandInDiagram(view)


def model():
    names = NUMBERS["variables"]
    latent = pd.DataFrame(
        NUMBERS["latent_cor"], index=list(CONSTRUCTS), columns=list(CONSTRUCTS), dtype=float
    )
    return StandInModel(
        converged=True,
        admissible=True,
        n_obs=75,
        n_free=31,
        df=35,
        iterations=9,
        findings=(),
        options=Options(),
        constructs=CONSTRUCTS,
        parameters=pd.DataFrame(NUMBERS["parameters"]),
        fit_measures=pd.Series(NUMBERS["fit"], dtype=float),
        r2=pd.Series(NUMBERS["r2"], dtype=float),
        latent_cov=latent,
        latent_cor=latent,
        sample=SimpleNamespace(
            names=tuple(names), cov=np.array(NUMBERS["cov"]), mean=None, n_obs=75, divisor="n"
        ),
    )


def loadings():
    parameters = pd.DataFrame(NUMBERS["parameters"])
    frame = parameters[parameters["op"] == "=~"].rename(columns={"lhs": "construct", "rhs": "item"})
    frame = frame.drop(columns=["op", "group", "std_lv", "free"]).reset_index(drop=True)
    frame["label"] = [f"Indicator {item}" for item in frame["item"]]
    frame["std_ci_lower"] = frame["std_all"] - 1.96 * frame["std_all_se"]
    frame["std_ci_upper"] = frame["std_all"] + 1.96 * frame["std_all_se"]
    frame["r2"] = frame["std_all"] ** 2
    frame["marker"] = frame["item"].isin(["x1", "y1", "y5"])
    frame.loc[frame["marker"], ["se", "ci_lower", "ci_upper"]] = np.nan
    return frame


def reliability():
    table = loadings().groupby("construct", sort=False)["std_all"]
    total, count = table.sum(), table.count()
    ave = table.apply(lambda values: (values**2).mean())
    return pd.DataFrame(
        {
            "label": pd.Series(LABELS),
            "n_items": count,
            "alpha": pd.Series({"ind60": 0.902335, "dem60": 0.858795, "dem65": 0.882739}),
            "cr": total**2 / (total**2 + count * (1 - ave)),
            "ave": ave,
            "msv": pd.Series({"ind60": 0.333740, "dem60": 0.934406, "dem65": 0.934406}),
        }
    )


def discriminant():
    phi = pd.DataFrame(NUMBERS["latent_cor"], index=list(CONSTRUCTS), columns=list(CONSTRUCTS))
    ave = reliability()["ave"]
    rows = []
    for a, b in (("ind60", "dem60"), ("ind60", "dem65"), ("dem60", "dem65")):
        value, se = phi.loc[a, b], 0.05
        larger = min(ave[a], ave[b]) > value**2
        rows.append(
            {
                "construct_a": a, "construct_b": b, "phi": value, "se": se,
                "ci_lower": value - 1.96 * se, "ci_upper": value + 1.96 * se,
                "ave_a": ave[a], "ave_b": ave[b], "phi_squared": value**2,
                "fornell_larcker": bool(larger), "htmt": abs(value), "htmt_holds": value < 0.85,
                "anderson_gerbing": value + 2 * se < 1, "holds": bool(larger),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def matrices():
    names = list(CONSTRUCTS)
    phi = np.array(NUMBERS["latent_cor"])
    lower = np.where(np.tri(3, k=-1, dtype=bool), phi, np.nan)
    htmt = pd.DataFrame(lower, index=names, columns=names)
    below = lower.copy()
    np.fill_diagonal(below, np.sqrt(reliability()["ave"].loc[names]))
    return pd.DataFrame(below, index=names, columns=names), htmt


def hypotheses():
    parameters = pd.DataFrame(NUMBERS["parameters"])
    paths = parameters[parameters["op"] == "~"].reset_index(drop=True)
    frame = paths.rename(columns={"lhs": "outcome", "rhs": "predictor"})
    frame["hypothesis"] = ["H1", "H2", "H3"]
    frame["path"] = frame["predictor"] + " -> " + frame["outcome"]
    frame["sign"], frame["tails"], frame["supported"], frame["reason"] = "+", 2, True, ""
    return frame


def sequence(fit):
    row = {name: fit[name] for name in (
        "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper",
        "srmr", "aic", "bic",
    )}  # fmt: skip
    against = {"compared_with": "", "chisq_diff": np.nan, "df_diff": np.nan, "pvalue_diff": np.nan}
    rival = {"compared_with": "Ms", "chisq_diff": 0.0, "df_diff": 0.0, "pvalue_diff": np.nan}
    return pd.DataFrame([{"model": "Ms", **row, **against}, {"model": "Mt", **row, **rival}])


def make_result():
    """Build the stand-in; every test may change its own."""
    below, htmt = matrices()
    findings = (
        Finding(
            "ave", "Democracy 1960", "AVE = .619 exceeds .50.", "note", True, 0.6187, None, 0.5,
            "fornell1981",
        ),
        Finding(
            "fornell_larcker", "Democracy 1960 – Democracy 1965",
            "The squared correlation of .934 exceeds the AVE of both constructs.", "warning",
            False, 0.9344, None, 0.6187, "fornell1981", "Consider one construct, or report why "
            "two waves of one construct are kept apart.",
        ),
    )  # fmt: skip
    fitted = model()
    items = pd.DataFrame(NUMBERS["univariate"]).rename(
        columns={"var": "item", "skew_type1": "skew", "kurtosis_type1": "kurtosis"}
    )
    items.insert(1, "construct", [key for key, names in CONSTRUCTS.items() for _ in names])
    items.insert(2, "wording", [f"Indicator {item}" for item in items["item"]])
    items.insert(3, "n", 75)
    items.insert(4, "missing", 0)
    effects = hypotheses().assign(kind="direct", std=lambda frame: frame["std_all"])
    return StandInResult(
        study=SimpleNamespace(
            name="bollen1989",
            title="Industrialization and political democracy",
            description="Developing countries.",
            reference="Bollen, K. A. (1989). Structural equations with latent variables. Wiley.",
            thresholds=Thresholds(),
            labels=LABELS,
            measurement_model=lambda: "ind60 =~ x1 + x2 + x3",
            structural_model=lambda: "ind60 =~ x1 + x2 + x3\ndem60 ~ ind60",
        ),
        measurement=SimpleNamespace(
            model=fitted,
            loadings=loadings(),
            reliability=reliability(),
            discriminant=discriminant(),
            fornell_larcker=below,
            htmt=htmt,
            method_bias=pd.DataFrame(),
            findings=findings,
        ),
        structural=SimpleNamespace(
            model=fitted,
            hypotheses=hypotheses(),
            effects=effects,
            sequence=sequence(fitted.fit_measures),
            r2=fitted.r2[["dem60", "dem65"]],
            findings=(),
        ),
        verdict=(
            SimpleNamespace(step="measurement", holds=False, text="Two constructs overlap."),
            SimpleNamespace(step="structural", holds=True, text="All 3 hypotheses supported."),
        ),
        scorecard=pd.DataFrame(),
        agreement=pd.DataFrame(),
        screening=SimpleNamespace(
            flow=pd.DataFrame(
                {"step": ["received"], "rule": ["all"], "removed": [0], "remaining": [75]}
            ),
            items=items,
            findings=(),
        ),
        manifest={"inputs": [{"path": "poldem.csv", "sha256": "0" * 64}], "seed": 1},
        findings=findings,
        synthetic=False,
        notice="",
    )


@pytest.fixture
def result():
    """Return a fresh stand-in result."""
    return make_result()
