"""Reference solutions as the validity layer receives them: labelled frames."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm


@dataclass(frozen=True)
class Solution:
    """One estimated model, in the columns of ``ModelResult.parameters``."""

    raw: dict[str, Any]
    parameters: pd.DataFrame
    constructs: dict[str, list[str]]
    latent_cov: pd.DataFrame
    latent_cor: pd.DataFrame
    r2: pd.Series

    @property
    def items(self) -> list[str]:
        return [item for items in self.constructs.values() for item in items]

    @property
    def fit(self) -> pd.Series:
        return pd.Series(
            {name.replace(".", "_"): value for name, value in self.raw["fit"].items()}, dtype=float
        )


def frame(matrix: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(matrix["values"], index=matrix["rows"], columns=matrix["cols"], dtype=float)


def parameter_frame(table: Any) -> pd.DataFrame:
    parameters = (
        pd.DataFrame(table["rows"], columns=table["columns"])
        if isinstance(table, dict)
        else pd.DataFrame(table)
    )
    parameters.columns = [name.replace(".", "_") for name in parameters.columns]
    numbers = ["est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all", "std_all_se"]
    return parameters.astype(dict.fromkeys(numbers, float)).assign(group=1)


def read_solution(path: Path) -> Solution:
    raw = json.loads(path.read_text(encoding="utf-8"))
    parameters = parameter_frame(raw["parameters"])
    loadings = parameters[parameters["op"] == "=~"]
    constructs = {
        str(name): list(rows["rhs"]) for name, rows in loadings.groupby("lhs", sort=False)
    }
    latent_cov = frame(raw["latent_cov"]["all"])
    sd = np.sqrt(np.diag(latent_cov))
    return Solution(
        raw=raw,
        parameters=parameters,
        constructs=constructs,
        latent_cov=latent_cov,
        latent_cor=latent_cov / np.outer(sd, sd),
        r2=pd.Series(raw["r2"]["all"], dtype=float),
    )


@pytest.fixture
def solution(project_root: Path) -> Callable[[str], Solution]:
    """Read a reference solution that the project carries."""
    return lambda name: read_solution(project_root / "tests" / "reference" / f"{name}.json")


@pytest.fixture
def shared_solution(shared_reference: Path) -> Callable[[str], Solution]:
    """Read a reference solution from beside the project."""

    def read(name: str) -> Solution:
        (path,) = (shared_reference / "cases").glob(f"{name}_*.json")
        return read_solution(path)

    return read


@pytest.fixture
def survey_cov(project_root: Path) -> Callable[[str, list[str]], pd.DataFrame]:
    """Return the covariances, divisor N, of items of a shipped data set."""

    def cov(name: str, items: list[str]) -> pd.DataFrame:
        data = pd.read_csv(project_root / "data" / f"{name}.csv")[items]
        return data.cov(ddof=0)

    return cov


@pytest.fixture
def make_parameters() -> Callable[..., pd.DataFrame]:
    """Build a parameter table from ``(lhs, op, rhs, free, est, se, std, std_se)`` rows."""

    def build(*rows: tuple[Any, ...]) -> pd.DataFrame:
        table = pd.DataFrame(
            rows, columns=["lhs", "op", "rhs", "free", "est", "se", "std_all", "std_all_se"]
        )
        z = table["est"] / table["se"].where(table["se"] > 0)
        return table.assign(
            group=1,
            z=z,
            pvalue=2 * norm.sf(z.abs()),
            ci_lower=table["est"] - 1.96 * table["se"],
            ci_upper=table["est"] + 1.96 * table["se"],
        )

    return build
