"""Does a verdict hold whatever defensible choice is made? Agreement and what it hangs on.

A multiverse holds the same hypotheses estimated under every combination of declared choices
[steegen2016]_; a specification curve shows them in order [simonsohn2020]_. The formulas here see
codes of choices, standardised estimates and verdicts, one row per specification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trustsem.arrays import Flags, Floats
from trustsem.findings import Finding
from trustsem.validity.wording import labelled

AGREEMENT_COLUMNS = (
    "hypothesis", "path", "supported", "n_specifications", "n_agree", "share_agree",
    "share_supported", "std_own", "std_median", "std_lower", "std_upper", "sign_changes",
    "matters_most",
)  # fmt: skip
"""Columns of the agreement of specifications, a row per hypothesis."""

DRIVER_COLUMNS = (
    "hypothesis", "choice", "n_values", "n_pairs", "eta_squared", "eta_squared_verdict",
    "mean_change", "largest_change", "flips", "matters_most",
)  # fmt: skip
"""Columns of what the estimates hang on, a row per hypothesis and choice."""

SWITCH_COLUMNS = ("hypothesis", "choice", "own", "value", "n_pairs", "mean_change", "flips")
"""Columns of what happens when one choice is switched, a row per hypothesis and value."""

OVERALL_COLUMNS = ("choice", "eta_squared", "mean_change", "flips", "matters_most")
"""Columns of the choices over all hypotheses: means of the columns of the drivers."""

TOLERATED = 0.10
"""Share of specifications with another verdict from which a hypothesis gets a warning; a
convention, as [steegen2016]_ and [simonsohn2020]_ name none."""

_TINY = 1e-12
_TWO = 2


def main_effects(codes: Floats, values: Floats) -> Floats:
    """Return the share of a spread that each choice accounts for by itself.

    Parameters
    ----------
    codes : ndarray, shape (n, k)
        Number of the value of each choice, one row per specification.
    values : ndarray, shape (n,)
        What spreads: estimates, or verdicts as 0 and 1.

    Returns
    -------
    ndarray, shape (k,)
        Eta squared of the main effects: how much of the sum of squares about the mean is lost when
        a choice is taken out of the additive model of all choices. In a full grid this is the
        usual eta squared; where specifications are missing, what choices share is counted for
        none. NaN where nothing spreads.
    """
    n, k = codes.shape
    total = float(((values - values.mean()) ** 2).sum()) if n else 0.0
    if total <= _TINY * max(1.0, float((values**2).sum()) if n else 0.0):
        return np.full(k, np.nan)
    blocks = [_indicators(codes[:, position]) for position in range(k)]
    left = _unexplained(blocks, values)
    lost = [
        _unexplained([*blocks[:position], *blocks[position + 1 :]], values) - left
        for position in range(k)
    ]
    shares: Floats = np.clip(np.array(lost) / total, 0.0, 1.0)
    return shares


def _indicators(codes: Floats) -> Floats:
    """Return a column of zeros and ones for each value but the first."""
    columns: Floats = (codes[:, None] == np.unique(codes)[None, 1:]).astype(float)
    return columns


def _unexplained(blocks: Sequence[Floats], values: Floats) -> float:
    """Return the sum of squares that columns and a constant leave."""
    design = np.column_stack([np.ones(len(values)), *blocks])
    solution = np.linalg.lstsq(design, values, rcond=None)[0]
    return float(((values - design @ solution) ** 2).sum())


@dataclass(frozen=True, slots=True)
class Switches:
    """Pairs of specifications that differ in one choice alone.

    Parameters
    ----------
    first, second : ndarray of int, shape (m,)
        Rows of each pair; the value of the first comes earlier.
    """

    first: np.ndarray[Any, np.dtype[np.intp]]
    second: np.ndarray[Any, np.dtype[np.intp]]

    @classmethod
    def of(cls, codes: Floats, position: int) -> Switches:
        """Return the pairs that differ in the choice at a position.

        Parameters
        ----------
        codes : ndarray, shape (n, k)
            Number of the value of each choice.
        position : int
            The choice that is switched while all others are held.
        """
        others = np.delete(codes, position, axis=1)
        held = np.zeros(len(codes), dtype=int)
        if others.size:
            held = np.unique(others, axis=0, return_inverse=True)[1].reshape(-1)
        own = codes[:, position]
        first, second = np.nonzero((held[:, None] == held[None, :]) & (own[:, None] < own[None, :]))
        return cls(first, second)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.first)

    def starting_at(self, codes: Floats, start: float, end: float) -> Switches:
        """Return the pairs that lead from one value to another."""
        chosen = (codes[self.first] == start) & (codes[self.second] == end)
        return Switches(self.first[chosen], self.second[chosen])

    def changes(self, values: Floats) -> Floats:
        """Return the change of something from first to second."""
        return np.asarray(values[self.second] - values[self.first], dtype=float)


def _mean(values: Floats | Flags) -> float:
    """Return a mean; NaN without values."""
    return float(np.mean(values)) if len(values) else float("nan")


def agreement_table(estimates: pd.DataFrame) -> pd.DataFrame:
    """Tabulate how many specifications share the study's own verdict.

    Parameters
    ----------
    estimates : DataFrame
        A row per specification and hypothesis: ``hypothesis path own counted std_all supported``.
        ``counted`` says whether the specification is admissible; of others nothing counts.

    Returns
    -------
    DataFrame
        Columns :data:`AGREEMENT_COLUMNS`, the study's own specification counted among the others.
        Shares are NaN where no specification counts, and those of agreement where the study's own
        does not. ``matters_most`` is empty: see :func:`with_decisive`.

    References
    ----------
    Steegen et al. (2016) [steegen2016]_.
    """
    rows = [
        {"hypothesis": name, "path": str(group["path"].iloc[0]), **_agreement(group)}
        for name, group in estimates.groupby("hypothesis", sort=False)
    ]
    return pd.DataFrame(rows, columns=list(AGREEMENT_COLUMNS)).assign(matters_most="")


def _agreement(group: pd.DataFrame) -> dict[str, Any]:
    """Return the agreement about one hypothesis."""
    usable = group[_usable(group)]
    verdicts = usable["supported"].to_numpy(dtype=bool)
    std = usable["std_all"].to_numpy(dtype=float)
    own = usable[usable["own"].to_numpy(dtype=bool)]
    known = len(own) == 1
    verdict = bool(own["supported"].iloc[0]) if known else None
    value = float(own["std_all"].iloc[0]) if known else float("nan")
    agree = verdicts == verdict
    some = len(std) > 0
    return {
        "supported": verdict,
        "n_specifications": len(std),
        "n_agree": int(agree.sum()) if known else None,
        "share_agree": _mean(agree) if known else float("nan"),
        "share_supported": _mean(verdicts),
        "std_own": value,
        "std_median": float(np.median(std)) if some else float("nan"),
        "std_lower": float(std.min()) if some else float("nan"),
        "std_upper": float(std.max()) if some else float("nan"),
        "sign_changes": int((np.sign(std) != np.sign(value)).sum()) if known else None,
    }


def _usable(estimates: pd.DataFrame) -> Flags:
    """Return which rows count and hold an estimate with a verdict."""
    has = estimates["std_all"].notna() & estimates["supported"].notna()
    return (has & estimates["counted"]).to_numpy(dtype=bool)


def drivers_table(
    choices: pd.DataFrame, estimates: pd.DataFrame, values: Mapping[str, Sequence[str]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tabulate which choices the estimates and verdicts hang on.

    Parameters
    ----------
    choices : DataFrame
        A row per specification, indexed by its number, a column per choice.
    estimates : DataFrame
        As :func:`agreement_table` takes it, with ``specification``.
    values : mapping of str to sequence of str
        Every choice with its values, the study's own first.

    Returns
    -------
    drivers : DataFrame
        Columns :data:`DRIVER_COLUMNS`. ``eta_squared``: share of the spread of the standardised
        estimates (:func:`main_effects`); ``eta_squared_verdict``: of the verdicts. ``mean_change``,
        ``largest_change``: absolute change of the estimate over the pairs of specifications that
        differ in this choice alone; ``flips``: share of these pairs with two verdicts.
        ``matters_most`` marks the choice with the most flips, without any the one with the largest
        ``eta_squared``.
    switches : DataFrame
        Columns :data:`SWITCH_COLUMNS`: the mean signed change from the study's own value to
        another one with all other choices held.

    References
    ----------
    Simonsohn et al. (2020) [simonsohn2020]_.
    """
    names = [name for name, known in values.items() if len(known) > 1]
    drivers: list[dict[str, Any]] = []
    switches: list[dict[str, Any]] = []
    for hypothesis, group in estimates.groupby("hypothesis", sort=False):
        usable = group[_usable(group)]
        rows = choices.loc[usable["specification"], names]
        codes = np.empty(rows.shape)
        for position, name in enumerate(names):
            codes[:, position] = [list(values[name]).index(value) for value in rows[name]]
        std = usable["std_all"].to_numpy(dtype=float)
        verdicts = usable["supported"].to_numpy(dtype=float)
        found, more = _hung_on(names, values, codes, std, verdicts)
        drivers += [{"hypothesis": hypothesis, **row} for row in _marked(found)]
        switches += [{"hypothesis": hypothesis, **row} for row in more]
    return (
        pd.DataFrame(drivers, columns=list(DRIVER_COLUMNS)),
        pd.DataFrame(switches, columns=list(SWITCH_COLUMNS)),
    )


def _hung_on(
    names: Sequence[str],
    values: Mapping[str, Sequence[str]],
    codes: Floats,
    std: Floats,
    verdicts: Floats,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what one hypothesis hangs on: by choice, and by value that is switched to."""
    shares, of_verdicts = main_effects(codes, std), main_effects(codes, verdicts)
    drivers, switches = [], []
    for position, name in enumerate(names):
        pairs = Switches.of(codes, position)
        changes = np.abs(pairs.changes(std))
        drivers.append(
            {
                "choice": name,
                "n_values": len(np.unique(codes[:, position])),
                "n_pairs": len(pairs),
                "eta_squared": float(shares[position]),
                "eta_squared_verdict": float(of_verdicts[position]),
                "mean_change": _mean(changes),
                "largest_change": float(changes.max()) if len(pairs) else float("nan"),
                "flips": _mean(pairs.changes(verdicts) != 0),
            }
        )
        own, *others = values[name]
        for number, value in enumerate(others, start=1):
            led = pairs.starting_at(codes[:, position], 0, number)
            switches.append(
                {
                    "choice": name,
                    "own": own,
                    "value": value,
                    "n_pairs": len(led),
                    "mean_change": _mean(led.changes(std)),
                    "flips": _mean(led.changes(verdicts) != 0),
                }
            )
    return drivers, switches


def _marked(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of choices, the one that matters most marked."""
    keys = [tuple(_number(row[key]) for key in ("flips", "eta_squared")) for row in rows]
    best = max(range(len(rows)), key=keys.__getitem__, default=None)
    moved = best is not None and max(keys[best]) > 0
    return [row | {"matters_most": moved and at == best} for at, row in enumerate(rows)]


def _number(value: float) -> float:
    """Return a number, 0 in the place of NaN, without the noise of the last digits."""
    return 0.0 if np.isnan(value) else round(float(value), 9)


def overall_table(drivers: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the choices over all hypotheses.

    Parameters
    ----------
    drivers : DataFrame
        As :func:`drivers_table` returns it.

    Returns
    -------
    DataFrame
        Columns :data:`OVERALL_COLUMNS`; means over the hypotheses, what does not exist counting
        as 0.
    """
    columns = ["eta_squared", "mean_change", "flips"]
    rows = [
        {"choice": name, **{key: float(group[key].fillna(0.0).mean()) for key in columns}}
        for name, group in drivers.groupby("choice", sort=False)
    ]
    return pd.DataFrame(_marked(rows), columns=list(OVERALL_COLUMNS))


def with_decisive(agreement: pd.DataFrame, drivers: pd.DataFrame) -> pd.DataFrame:
    """Return the agreement with the choice that matters most for each hypothesis.

    Parameters
    ----------
    agreement, drivers : DataFrame
        As :func:`agreement_table` and :func:`drivers_table` return them.
    """
    marked = drivers[drivers["matters_most"].astype(bool)]
    most = dict(zip(marked["hypothesis"], marked["choice"], strict=True))
    return agreement.assign(matters_most=[most.get(name, "") for name in agreement["hypothesis"]])


def check_multiverse(
    agreement: pd.DataFrame,
    *,
    titles: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
    tolerated: float = TOLERATED,
) -> tuple[Finding, ...]:
    """Warn of each hypothesis whose verdict hangs on choices.

    Parameters
    ----------
    agreement : DataFrame
        As :func:`with_decisive` returns it.
    titles : mapping of str to str
        What choices are called for readers.
    labels : mapping of str to str, optional
        What constructs are called for readers.
    tolerated : float
        Share of specifications that may come to another verdict.

    Returns
    -------
    tuple of Finding
        Code ``multiverse_disagrees``.

    References
    ----------
    Steegen et al. (2016) [steegen2016]_.
    """
    findings = []
    for row in agreement.to_dict("records"):
        if not 1 - row["share_agree"] > tolerated:
            continue
        n, other = int(row["n_specifications"]), int(row["n_specifications"] - row["n_agree"])
        verdict = "supported" if row["supported"] else "not supported"
        most = titles.get(row["matters_most"], row["matters_most"])
        name = row["hypothesis"]
        findings.append(
            Finding(
                code="multiverse_disagrees",
                subject=name,
                claim=f"{name} ({labelled(row['path'], labels or {})}) is {verdict} by the study's "
                f"own choices, but {other} of {n} admissible specifications say otherwise."
                + (f" The choice that matters most is {most}." if most else ""),
                severity="warning",
                holds=False,
                value=1 - float(row["share_agree"]),
                threshold=tolerated,
                source="steegen2016",
                remedy="Report the specifications beside the verdict, or say why this choice is "
                "the right one.",
            )
        )
    return tuple(findings)
