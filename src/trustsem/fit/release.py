"""Score tests of equality constraints: what releasing one of them would do, without refitting."""

from __future__ import annotations

import pandas as pd

from trustsem.estimation import Estimate
from trustsem.inference import release_tests
from trustsem.specification import Parameter

RELEASE_COLUMNS = (
    "lhs", "op", "rhs", "group", "tied_to", "mi", "df", "pvalue", "epc", "epc_tied",
)  # fmt: skip
"""Columns of the tests of single constraints."""

OVER_GROUPS_COLUMNS = ("lhs", "op", "rhs", "mi", "df", "pvalue", "difference")
"""Columns of the tests of parameters that are equal over groups."""


def equality_tests(estimate: Estimate) -> pd.DataFrame:
    """Tabulate what the release of each single equality constraint would do.

    Parameters
    ----------
    estimate : Estimate
        The solution under the constraints.

    Returns
    -------
    DataFrame
        Columns :data:`RELEASE_COLUMNS`, largest ``mi`` (expected drop of chi-square) first;
        ``epc`` and ``epc_tied`` are the expected changes of the parameter and of the one that it
        is held equal to. Empty where nothing is held equal.

    References
    ----------
    Sörbom (1989) [sorbom1989]_.
    """
    table = estimate.problem.table
    rows = {row.free: row for row in table.parameters if row.free}
    tests = release_tests(estimate, [[place] for place in range(len(table.equalities))])
    records = []
    for (first, later), test in zip(table.equalities, tests, strict=True):
        row, other = rows[later], rows[first]
        group = f" (group {other.group})" if table.n_groups > 1 else ""
        records.append(
            (
                row.lhs, row.op, row.rhs, row.group, f"{other.name}{group}", test.chisq, test.df,
                test.pvalue, test.change[later - 1], test.change[first - 1],
            )
        )  # fmt: skip
    return _sorted(pd.DataFrame(records, columns=list(RELEASE_COLUMNS)))


def group_equality_tests(estimate: Estimate) -> pd.DataFrame:
    """Tabulate what it would do to let each parameter differ between all groups.

    Parameters
    ----------
    estimate : Estimate
        The solution of a model in which parameters are equal over groups.

    Returns
    -------
    DataFrame
        Columns :data:`OVER_GROUPS_COLUMNS`, largest ``mi`` first; ``df`` is the number of groups
        less one, ``difference`` the largest expected difference of two groups' values, that of the
        later group less that of the earlier one.
    """
    table = estimate.problem.table
    rows = {row.free: row for row in table.parameters if row.free}
    releases: dict[tuple[str, str, str], list[int]] = {}
    for place, (first, later) in enumerate(table.equalities):
        if _key(rows[first]) == _key(rows[later]):
            releases.setdefault(_key(rows[later]), []).append(place)
    tests = release_tests(estimate, list(releases.values()))
    records = []
    for (key, places), test in zip(releases.items(), tests, strict=True):
        numbers = [
            table.equalities[places[0]][0],
            *(table.equalities[place][1] for place in places),
        ]
        changes = test.change[[number - 1 for number in numbers]]
        low, high = int(changes.argmin()), int(changes.argmax())
        difference = changes[max(low, high)] - changes[min(low, high)]
        records.append((*key, test.chisq, test.df, test.pvalue, difference))
    return _sorted(pd.DataFrame(records, columns=list(OVER_GROUPS_COLUMNS)))


def _key(row: Parameter) -> tuple[str, str, str]:
    """Return what a parameter is in every group."""
    return row.lhs, row.op, row.rhs


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, the largest index first."""
    return frame.sort_values("mi", ascending=False, kind="stable").reset_index(drop=True)
