"""Whether constructs are measured alike in all groups, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from trustsem.errors import SpecificationError, UnknownOptionError
from trustsem.findings import Finding, at_least
from trustsem.results import group_tables
from trustsem.results.group_differences import (
    PATH_COLUMNS,
    compare_paths,
    construct_means,
    construct_rows,
    equal_loadings,
)
from trustsem.results.ladder import LEVEL_COLUMNS, LEVELS, LOG_COLUMNS, Ladder
from trustsem.results.model import ModelResult
from trustsem.results.plots import InvariancePlots
from trustsem.results.run import Data
from trustsem.tables import Page, Shown, Table
from trustsem.validity import CRITERIA

USUAL_LEVELS = ("configural", "metric", "scalar", "strict")
"""The levels that are tested unless others are asked for."""
ORDERED_LEVELS = ("configural", "thresholds", "metric", "scalar")
"""Those of ordered items; residual variances are parameters only under theta, which adds strict."""

_WIDTH = 110


@dataclass(frozen=True, eq=False, repr=False)
class Invariance(Shown):
    """What holds alike in all groups, and what differs.

    Parameters
    ----------
    by : str
        The grouping variable.
    sizes : mapping of str to int
        Cases analysed by group.
    criterion : {"cfi", "chen", "chisq"}
        The rule that decided.
    levels : DataFrame
        The ladder, columns :data:`LEVEL_COLUMNS`; a level that holds in part has a second row.
    log : DataFrame
        What the search for partial invariance did, columns :data:`LOG_COLUMNS`.
    means : DataFrame
        Differences of the constructs' means, see
        :func:`trustsem.inference.mean_differences`, with a chi-square difference test over all
        groups; empty where intercepts were not found equal.
    paths : DataFrame
        Paths by group with tests of their difference, columns :data:`PATH_COLUMNS`; empty for a
        model without paths.
    constructs : DataFrame
        By group and construct: mean, variance, composite reliability, AVE.
    findings : tuple of Finding
        Every judgement.
    models : mapping of str to ModelResult
        Each level's model: as accepted, in part where that was needed, or as rejected.
    accepted : str
        The last level that holds, in full or in part; empty if none.
    """

    by: str
    sizes: Mapping[str, int]
    criterion: str
    levels: pd.DataFrame
    log: pd.DataFrame
    means: pd.DataFrame
    paths: pd.DataFrame
    constructs: pd.DataFrame
    findings: tuple[Finding, ...]
    models: Mapping[str, ModelResult]
    accepted: str

    @property
    def plot(self) -> InvariancePlots:
        """The charts: ``result.plot.invariance()``, ``result.plot.groups.chart()``."""
        return InvariancePlots(self)

    def tables(self, labels: Mapping[str, str] | None = None) -> list[Table]:
        """Return everything as tables.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        """
        return group_tables.invariance_tables(self, labels or {})

    def _page(self) -> Page:
        """Return heading, warnings and tables."""
        sizes = ", ".join(f"{name} (n = {size})" for name, size in self.sizes.items())
        lines = (
            f"Invariance over the groups of {self.by}: {sizes}",
            *map(str, at_least(self.findings, "warning")),
        )
        return Page((lines, *self.tables()), width=_WIDTH)


def invariance(
    model: str,
    data: Data,
    group: str,
    levels: Sequence[str] | None = None,
    *,
    criterion: str = "cfi",
    partial: bool = True,
    stop: bool = True,
    significance: float = 0.05,
    **options: Any,
) -> Invariance:
    """Test whether a model holds alike in several groups, level by level.

    Parameters
    ----------
    model : str
        Model text; with paths, their differences between groups are tested, too.
    data : DataFrame or Survey
        Raw data.
    group : str
        Column that holds the group.
    levels : sequence of str, optional
        Names of :data:`LEVELS` in order; each adds its restrictions to those before it. By default
        :data:`USUAL_LEVELS`; for ordered items :data:`ORDERED_LEVELS`, since their thresholds come
        first [wu2016]_.
    criterion : {"cfi", "chen", "chisq"}
        What decides: CFI drops by no more than .01 [cheung2002]_; Chen's combination of CFI with
        RMSEA or SRMR, by sample size [chen2007]_; the chi-square difference test.
    partial : bool
        Where a level fails, release one parameter after the other, the largest score test first,
        until it holds, while each construct keeps two invariant items at least [byrne1989]_.
        Everything done stands in the log and in the findings.
    stop : bool
        Leave out the levels after one that fails.
    significance : float
        Level of all tests.
    **options
        See :class:`trustsem.options.Options`; ``group_partial`` names parameters that may differ
        from the start.

    Returns
    -------
    Invariance

    Raises
    ------
    UnknownOptionError
        If a level or criterion does not exist.
    SpecificationError, MomentsError
        If the model cannot be estimated in these groups.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> draw = np.random.default_rng(1).normal
    >>> f = draw(size=400)
    >>> items = {f"x{i}": f + draw(size=400) for i in (1, 2, 3)}
    >>> frame = pd.DataFrame({**items, "country": ["A", "B"] * 200})
    >>> invariance("f =~ x1 + x2 + x3", frame, "country").levels["decision"].tolist()
    ['baseline', 'accepted', 'accepted', 'accepted']
    """
    if levels is None:
        levels = _usual_levels(options)
    _require_known(levels, criterion, options)
    given = options.pop("group_partial", ())
    ladder = Ladder(
        model,
        data,
        {**options, "group": group},
        criterion=criterion,
        significance=significance,
        partial=partial,
        freed=[given] if isinstance(given, str) else list(given),
    )
    ladder.climb(levels, stop=stop)
    means, mean_findings = construct_means(ladder)
    paths, path_findings = _paths_of(ladder)
    return Invariance(
        by=group,
        sizes=_sizes(ladder.first),
        criterion=criterion,
        levels=pd.DataFrame(ladder.rows, columns=list(LEVEL_COLUMNS)),
        log=pd.DataFrame(ladder.log, columns=list(LOG_COLUMNS)),
        means=means,
        paths=paths,
        constructs=construct_rows(ladder),
        findings=at_least((*ladder.findings, *mean_findings, *path_findings), "note"),
        models=dict(ladder.models),
        accepted=ladder.accepted,
    )


def _usual_levels(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the levels that suit the items."""
    if not options.get("ordered"):
        return USUAL_LEVELS
    theta = options.get("parameterization") == "theta"
    return (*ORDERED_LEVELS, "strict") if theta else ORDERED_LEVELS


def _require_known(levels: Sequence[str], criterion: str, options: Mapping[str, Any]) -> None:
    """Refuse levels and rules that do not exist."""
    if isinstance(levels, str) or not levels:
        raise SpecificationError(
            "levels must be a list of names, such as ['configural', 'metric']."
        )
    for level in levels:
        if level not in LEVELS:
            raise UnknownOptionError(level, list(LEVELS), kind="level of invariance")
    if criterion not in CRITERIA:
        raise UnknownOptionError(criterion, CRITERIA, kind="criterion")
    if "group_equal" in options:
        raise SpecificationError(
            "The levels decide what is equal over groups; leave out 'group_equal'."
        )


def _paths_of(ladder: Ladder) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Compare the paths of the model, if it has any, at the metric level."""
    if not any(row.op == "~" for row in ladder.first.table.parameters):
        return pd.DataFrame(columns=list(PATH_COLUMNS)), ()
    freed, loadings = equal_loadings(pd.DataFrame(ladder.rows))
    return compare_paths(
        ladder.model, ladder.data, ladder.options["group"], loadings=loadings,
        significance=ladder.significance, group_partial=freed,
        **{key: value for key, value in ladder.options.items() if key != "group"},
    )  # fmt: skip


def _sizes(model: ModelResult) -> dict[str, int]:
    """Return the cases of each group."""
    samples = model.estimate.problem.samples
    return {
        label: sample.n_obs for label, sample in zip(model.table.group_labels, samples, strict=True)
    }
