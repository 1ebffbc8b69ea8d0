"""Every complete-data case of the reference agrees with lavaan in everything it printed.

One runner for all cases. A test collects all differences of one aspect of one case, so that a
failure shows the pattern and not only the first number.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tolerances as tol
import trustsem as ts
from reference_cases import SHARED, ReferenceCase, key_of, reference_cases
from trustsem.errors import (
    MomentsError,
    NotIdentifiedError,
    UnknownIndicatorError,
)
from trustsem.inference import residual_test

MATRIX_KINDS = ("raw", "cor_bentler", "cor_bollen", "normalized", "standardized")
SETTINGS = {"rmsea.ci.level", "rmsea.close.h0", "rmsea.notclose.h0", "gfi.ci.level"}
OTHER_DEFINITION = {
    "gfi", "gfi.ci.lower", "gfi.ci.upper", "gfi.robust", "gfi.ci.lower.robust",
    "gfi.ci.upper.robust",
}  # fmt: skip
"""lavaan 0.7 prints another index by the name of GFI; the classical one is its ``gfi_lisrel``."""
RENAMED = {"gfi_lisrel": "gfi", "agfi_lisrel": "agfi"}
ROUNDING = 1e-8
"""A standard error below this is a zero."""
COUNTS = {"npar", "df", "ntotal", "baseline.df"}
STATISTICS = {
    "chisq", "baseline.chisq", "logl", "unrestricted.logl", "aic", "bic", "bic2", "cn_05", "cn_01",
}  # fmt: skip
PROBABILITIES = ("pvalue", "ci.lower", "ci.upper")
SCALED_STATISTICS = {
    "chisq.scaled", "df.scaled", "chisq.scaling.factor", "baseline.chisq.scaled",
    "baseline.df.scaled", "baseline.chisq.scaling.factor", "scaling.factor.h0",
    "scaling.factor.h1",
}  # fmt: skip


def numeric(case: ReferenceCase) -> bool:
    """Whether the reference program found numbers worth comparing."""
    return case.outcome["status"] in {"ok", "warning"} and "not_identified" not in case.features


def having(field: str) -> list[Any]:
    """Return the cases with numbers of one kind, as test parameters."""
    cases = [case for case in reference_cases() if numeric(case) and case.raw.get(field)]
    return [pytest.param(case, id=case.name) for case in cases]


def without_numbers(*features: str) -> list[Any]:
    """Return the cases that the reference program refused, by feature."""
    cases = [case for case in reference_cases() if set(features) & case.features]
    return [pytest.param(case, id=case.name) for case in cases]


def reference_matrices(case: ReferenceCase, *path: str) -> dict[str, pd.DataFrame]:
    """Return the covariance or correlation matrices of a field by group; none where there is none.

    One group is called ``all``.
    """
    found: Any = case.raw
    for key in path:
        found = found.get(key) or {}
    return {
        group: case.frame(*path, group, *(["cov"] if "cov" in part else []))
        for group, part in found.items()
        if isinstance(part, dict) and part
    }


def matrix_cases() -> list[Any]:
    """Return each matrix that a case holds: the case, its field, and our attribute for it."""
    attribute_of = {
        "latent_cov": "latent_cov",
        "latent_cor": "latent_cor",
        "implied": "implied",
        "sample_stats": "sample",
    }
    return [
        pytest.param(case, field, attribute, id=f"{case.name}-{attribute}")
        for case in reference_cases()
        if numeric(case)
        for field, attribute in attribute_of.items()
        if reference_matrices(case, field)
    ]


def residual_cases() -> list[Any]:
    """Return each kind of residuals that a case holds.

    lavaan 0.7 prints standardized residuals by the name of normalized ones; where both are the
    same numbers, only the former are compared.
    """
    return [
        pytest.param(case, kind, id=f"{case.name}-{kind}")
        for case in reference_cases()
        if numeric(case)
        for kind in MATRIX_KINDS
        if kind in (found := case.raw.get("residuals") or {})
        and not (kind == "normalized" and found[kind] == found.get("standardized"))
    ]


def estimate(case: ReferenceCase) -> Any:
    """Call the program as the case says."""
    return getattr(ts, case.function)(case.model, **case.arguments())


@functools.cache
def _estimated(name: str) -> Any:
    return estimate(next(case for case in reference_cases() if case.name == name))


def result_of(case: ReferenceCase) -> Any:
    """Return the estimated model; skip where it is better than the reference's."""
    result = _estimated(case.name)
    reached, expected = float(result.fit_measures["fmin"]), float(case.raw["fit"]["fmin"])
    if not case.polished and reached < expected - 1e-8:
        pytest.skip(f"a lower minimum ({reached:.8f}) than that of {case.origin} ({expected:.8f})")
    return result


def by_key(frame: pd.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the rows of a parameter table by what identifies them."""
    return {key_of(row): row for row in frame.to_dict("records")}


def number(value: Any) -> float:
    """Return a number, NaN for what is not available."""
    return math.nan if value is None else float(value)


def of_group(found: Any, group: str) -> Any:
    """Return one group's part of a result; the whole where there is one group."""
    return found if group == "all" else found[group]


def largest(found: Any) -> float:
    """Return the largest cell of the matrices of all groups."""
    parts = found.values() if isinstance(found, dict) else [found]
    return max(float(np.nanmax(np.abs(part.to_numpy()))) for part in parts)


def cells(
    actual: Any, expected: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[tuple[str, str, str], float, float]]:
    """Yield every cell of each group's lower triangle: its place, actual and expected value."""
    for group, table in expected.items():
        mine = of_group(actual, group)
        for i, row in enumerate(table.index):
            for column in table.columns[: i + 1]:
                place = (group, row, column)
                yield place, float(mine.loc[row, column]), float(table.loc[row, column])


def assert_none(differences: Iterable[str], case: ReferenceCase) -> None:
    """Fail with all differences, if there are any."""
    found = list(differences)
    assert not found, f"{len(found)} difference(s) from {case.origin}:\n" + "\n".join(found[:40])


def estimate_tolerance(case: ReferenceCase) -> tol.Tolerance:
    """Return how far estimates may be from the reference's."""
    return tol.ESTIMATE if case.polished else tol.ESTIMATE_UNPOLISHED


def row_checks(
    row: dict[str, Any], case: ReferenceCase
) -> Iterator[tuple[str, tol.Tolerance, float]]:
    """Yield what to compare of a parameter: the column, its tolerance and an absolute slack."""
    close = estimate_tolerance(case)
    se = number(row["se"])
    slack = 0.0 if case.polished or math.isnan(se) else 1e-3 * se
    yield from ((name, close, slack) for name in ("est", "std.lv", "std.all"))
    if se > 0:
        yield "se", tol.STANDARD_ERROR, slack
        yield "z", tol.Z_VALUE, 0.0 if case.polished else 1e-3 * abs(number(row["z"]))
        yield "pvalue", tol.PROBABILITY, 0.0
        yield from ((name, close, slack + 2e-4 * se) for name in ("ci.lower", "ci.upper"))
    if number(row["std.all.se"]) > ROUNDING:
        yield "std.all.se", tol.STANDARD_ERROR, slack


@pytest.mark.parametrize("case", having("parameters"))
def test_estimates_and_their_errors(case: ReferenceCase) -> None:
    actual = by_key(result_of(case).parameters)
    improper = not case.outcome.get("post_check", True)

    def differences() -> Iterator[str]:
        for row in case.rows("parameters"):
            if row["op"] in {"==", "<", ">"}:
                continue
            mine = actual.get(key_of(row))
            if mine is None:
                yield f"{key_of(row)} is missing"
                continue
            for name, tolerance, slack in row_checks(row, case):
                expected, value = number(row[name]), float(mine[name.replace(".", "_")])
                undefined = improper and name.startswith("std") and math.isnan(value)
                same = tolerance.allows(value, expected, slack=slack)
                if not (same or undefined or math.isnan(expected)):
                    yield f"{key_of(row)} {name}: {value} instead of {expected}"

    assert_none(differences(), case)


@pytest.mark.parametrize("case", having("parameters"))
def test_the_same_parameters_are_free(case: ReferenceCase) -> None:
    expected = {key_of(row) for row in case.rows("parameters") if row["free"]}
    actual = {key for key, row in by_key(result_of(case).parameters).items() if row["free"]}
    assert actual == expected


@pytest.mark.parametrize("case", having("fit"))
def test_fit_measures(case: ReferenceCase) -> None:
    actual = result_of(case).fit_measures

    def differences() -> Iterator[str]:
        for name, value in case.raw["fit"].items():
            if name in SETTINGS | OTHER_DEFINITION or value is None:
                continue
            mine = RENAMED.get(name, name.replace(".", "_"))
            if mine not in actual.index:
                yield f"{mine} is missing"
            elif not fit_tolerance(name).allows(float(actual[mine]), number(value)):
                yield f"{mine}: {actual[mine]} instead of {value}"

    assert_none(differences(), case)


@pytest.mark.parametrize("case", having("tests"))
def test_residual_based_tests(case: ReferenceCase) -> None:
    if "fiml" in case.features:
        pytest.skip("defined for complete data here")
    estimated = result_of(case).estimate
    for name, found in case.raw["tests"].items():
        if name.startswith("browne.residual"):
            chisq = residual_test(estimated, name)
            slack = 0.0 if case.polished else 1e-3 * found["stat"]
            close = tol.TEST_STATISTIC.allows(chisq, found["stat"], slack=slack)
            assert close, (case.origin, name, chisq, found["stat"])


def fit_tolerance(name: str) -> tol.Tolerance:
    """Return the tolerance for a fit measure by its name."""
    if name in COUNTS:
        return tol.EXACT
    if name in STATISTICS:
        return tol.TEST_STATISTIC
    if name in SCALED_STATISTICS:
        return tol.SCALED_STATISTIC
    return tol.PROBABILITY if any(word in name for word in PROBABILITIES) else tol.FIT_INDEX


def modification_cases() -> list[Any]:
    """Return the cases whose modification indices are those of the solution that is printed.

    For improper solutions that could not be polished lavaan's do not follow from its own estimates
    and expected information (computed by hand for p152), so they are left out.
    """
    return [
        parameter
        for parameter in having("modification_indices")
        if (case := parameter.values[0]).polished or case.outcome.get("post_check", True)
    ]


def explains_fixed_covariate(row: Mapping[str, Any], result: Any) -> bool:
    """Whether lavaan offers to explain what the model takes as given, which is refused here."""
    given = set(result.table.exogenous)
    return row["lhs"] in given and (row["op"] == "~" or row["rhs"] in given)


@pytest.mark.parametrize("case", modification_cases())
def test_modification_indices(case: ReferenceCase) -> None:
    result = result_of(case)
    actual = by_key(result.modification_indices())
    rows = case.rows("modification_indices")
    expected = {key_of(row): row for row in rows if not explains_fixed_covariate(row, result)}

    def differences() -> Iterator[str]:
        for key, row in expected.items():
            if row["mi"] is None:
                continue
            if key not in actual:
                yield f"{key} is missing"
                continue
            # lavaan standardises the value, not the change, where a variance is freed.
            variance = row["op"] == "~~" and row["lhs"] == row["rhs"]
            for name in ("mi", "epc") if variance else ("mi", "epc", "sepc.lv", "sepc.all"):
                mine, value = float(actual[key][name.replace(".", "_")]), number(row[name])
                small = abs(value) < 0.01
                close = tol.MODIFICATION_INDEX_SMALL if small else tol.MODIFICATION_INDEX
                if not math.isnan(value) and not close.allows(mine, value):
                    yield f"{key} {name}: {mine} instead of {value}"
        if case.raw.get("modification_indices_note") == "complete":
            yield from (f"{key} is not in the reference" for key in actual if key not in expected)

    assert_none(differences(), case)


@pytest.mark.parametrize(("case", "kind"), residual_cases())
def test_residuals(case: ReferenceCase, kind: str) -> None:
    if kind == "standardized" and {"mlf", "information_first_order"} & case.features:
        pytest.skip("lavaan weights moments by inverse outer products, trustsem by normal theory")
    if kind == "standardized" and "improper" in case.features and not case.polished:
        pytest.skip("standard errors of residuals are unstable at an improper, unpolished solution")
    actual = result_of(case).residuals(kind)
    raw = reference_matrices(case, "residuals", "raw")
    tests = kind in {"normalized", "standardized"}
    spread = largest(result_of(case).sample) if kind == "raw" else 1.0
    close = tol.Z_VALUE if tests else estimate_tolerance(case)
    slack = (1e-3 if tests else 1e-4 * spread) if not case.polished else 1e-5 * spread

    def differences() -> Iterator[str]:
        for place, mine, value in cells(actual, reference_matrices(case, "residuals", kind)):
            group, row, column = place
            undetermined = tests and abs(raw[group].loc[row, column]) < 1e-7 * spread
            if math.isnan(value) or undetermined:
                continue
            if not close.allows(mine, value, slack=slack):
                yield f"{place}: {mine} instead of {value}"

    assert_none(differences(), case)


@pytest.mark.parametrize("case", having("r2"))
def test_explained_variance(case: ReferenceCase) -> None:
    actual = result_of(case).r2
    slack = 0.0 if case.polished else 1e-4

    def differences() -> Iterator[str]:
        for group, expected in case.raw["r2"].items():
            for name, value in expected.items():
                mine = float(of_group(actual, group).get(name, math.nan))
                if value is not None and not tol.ESTIMATE.allows(mine, value, slack=slack):
                    yield f"{group} {name}: {mine} instead of {value}"

    assert_none(differences(), case)


@pytest.mark.parametrize(("case", "field", "attribute"), matrix_cases())
def test_matrices(case: ReferenceCase, field: str, attribute: str) -> None:
    expected = reference_matrices(case, field)
    actual = getattr(result_of(case), attribute)
    spread = largest(expected)
    slack = (1e-5 if case.polished else 1e-3) * spread
    close = estimate_tolerance(case)
    assert_none(
        (
            f"{place}: {mine} instead of {value}"
            for place, mine, value in cells(actual, expected)
            if not (field == "latent_cor" and place[1] == place[2])
            and not math.isnan(value)
            and not close.allows(mine, value, slack=slack)
        ),
        case,
    )


@pytest.mark.parametrize("case", having("vcov"))
def test_covariances_of_the_estimates(case: ReferenceCase) -> None:
    result = result_of(case)
    mine = by_key(result.parameters)
    rows = {row["free"]: key_of(row) for row in case.rows("parameters") if row["free"]}
    expected = np.array(case.raw["vcov"]["values"], dtype=float)
    order = [mine[rows[index]]["free"] - 1 for index in sorted(rows)]
    actual = result.vcov.to_numpy()[np.ix_(order, order)]
    errors = np.sqrt(np.diag(expected))
    share = (3e-4 if case.polished else 3e-3) * np.outer(errors, errors) + 1e-9
    assert (np.abs(actual - expected) <= share).all(), case.origin


@pytest.mark.parametrize("case", having("factor_scores"))
def test_factor_scores(case: ReferenceCase) -> None:
    result = result_of(case)
    for method, found in case.raw["factor_scores"].items():
        if not isinstance(found, dict):
            continue
        expected = np.array(found["first_rows"]["values"], dtype=float)
        scores = result.factor_scores(method.lower())[found["first_rows"]["cols"]]
        actual = scores.to_numpy()[: len(expected)]
        assert np.allclose(
            actual, expected, rtol=tol.FACTOR_SCORE.relative, atol=tol.FACTOR_SCORE.absolute
        ), (case.origin, method)


@pytest.mark.parametrize("case", having("parameters"))
def test_convergence_is_reported(case: ReferenceCase) -> None:
    result = _estimated(case.name)
    assert result.converged
    assert result.n_obs == case.raw["n"]["total"]


@pytest.mark.parametrize("case", having("parameters"))
def test_an_inadmissible_solution_does_not_look_clean(case: ReferenceCase) -> None:
    result = result_of(case)
    proper = case.outcome.get("post_check", True)
    assert result.admissible is bool(proper)
    assert any(finding.severity == "serious" for finding in result.findings) is not bool(proper)


@pytest.mark.parametrize("case", without_numbers("not_identified"))
def test_an_underidentified_model_is_refused(case: ReferenceCase) -> None:
    with pytest.raises(NotIdentifiedError):
        estimate(case)


@pytest.mark.parametrize("case", without_numbers("error"))
def test_impossible_input_is_refused(case: ReferenceCase) -> None:
    kind = UnknownIndicatorError if "unknown_variable" in case.name else MomentsError
    with pytest.raises(kind):
        estimate(case)


@pytest.mark.parametrize("case", without_numbers("non_convergence"))
def test_no_solution_is_said_to_be_none(case: ReferenceCase) -> None:
    result = estimate(case)
    assert not (result.converged and result.admissible)
    assert any(finding.severity == "serious" for finding in result.findings)


@pytest.mark.skipif(
    not SHARED.is_dir(), reason="the further reference cases (../shared/reference) are absent"
)
def test_the_further_cases_are_there() -> None:
    assert any(case.name.startswith("shared-") for case in reference_cases())
