"""The charts of one estimated model, and of a comparison of groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from trustsem.charts import (
    CorrelationMap,
    DensityChart,
    Forest,
    LadderChart,
    ModificationChart,
    Plots,
    Plotted,
    ResidualMap,
    Width,
    bootstrap_chart,
    correlations_chart,
    groups_chart,
    invariance_chart,
    loadings_chart,
    modification_chart,
    paths_chart,
    residuals_chart,
)
from trustsem.errors import PlanError, UnknownOptionError
from trustsem.inference import ARROW
from trustsem.validity import htmt, loadings_table, reliability_table
from trustsem.validity.invariance import CHEUNG_RENSVOLD

if TYPE_CHECKING:
    from trustsem.results.bootstrap import Bootstrap
    from trustsem.results.group_invariance import Invariance
    from trustsem.results.model import ModelResult

_REACH = float(special.ndtri(0.975))
_SIGNIFICANT = 0.05
_PERCENTILE = "bootstrap percentile"
Labels = Mapping[str, str]
Names = Mapping[tuple[str, str], str]


class ModelPlots(Plots):
    """The charts of a model.

    Parameters
    ----------
    result : ModelResult
        The model.
    """

    def __init__(self, result: ModelResult) -> None:
        self._result = result

    @Plotted
    def loadings(
        self, *, labels: Labels | None = None, group: str | None = None, width: Width = "140mm"
    ) -> Forest:
        """Forest of the standardised loadings with 95% intervals, by construct.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        group : str, optional
            Label of the group, where there are several.
        width : str or float
            Final width.
        """
        model = self._result
        number, _ = self._group(group)
        rows = _of_group(model.parameters, number)
        table = loadings_table(rows, model.constructs)
        if table.empty:
            raise PlanError("The model has no constructs, hence no loadings to draw.")
        bootstrap = model.resampled
        if bootstrap is not None:
            limits = _of_group(bootstrap.interval(what="std_all"), number)
            table = with_limits(table, limits)
        kind = "Wald" if bootstrap is None else _PERCENTILE
        return loadings_chart(table, labels=labels, intervals=kind, width=width)

    @Plotted
    def paths(
        self,
        *,
        labels: Labels | None = None,
        hypotheses: Names | None = None,
        indirect: bool = True,
        width: Width = "140mm",
    ) -> Forest:
        """Forest of the standardised paths with 95% intervals, indirect effects below.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        hypotheses : mapping of (str, str) to str, optional
            Predictor and outcome to the name of the hypothesis.
        indirect : bool
            Whether to add indirect effects.
        width : str or float
            Final width.
        """
        model = self._result
        if model.table.n_groups > 1:
            raise PlanError(
                "Standardised paths of several groups are in different units.",
                remedy="Draw the unstandardised ones beside each other: .plot.groups().",
            )
        rows = model.parameters
        rows = rows[rows["op"] == "~"]
        if rows.empty:
            raise PlanError(
                "The model has no paths to draw.", remedy="Draw .plot.loadings() instead."
            )
        bootstrap = model.resampled
        limits = None if bootstrap is None else bootstrap.interval(what="std_all")
        table = path_table(rows, labels or {}, hypotheses or {}, limits)
        if indirect:
            table = pd.concat([table, indirect_table(model.effects, labels or {})])
        kind = "Wald"
        if bootstrap is not None:
            kind = f"{_PERCENTILE} (indirect effects: Wald)" if indirect else _PERCENTILE
        return paths_chart(
            table, intervals=kind, width=width, marked="not significant at .05 (two-tailed)"
        )

    @Plotted
    def residuals(
        self, *, labels: Labels | None = None, group: str | None = None, width: Width = "140mm"
    ) -> ResidualMap:
        """Map of the residual correlations, items ordered by construct.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        group : str, optional
            Label of the group, where there are several.
        width : str or float
            Final width.
        """
        model = self._result
        _, label = self._group(group)
        raw, z = (
            found if label is None else found[label]
            for found in (model.residuals("cor_bollen"), model.residuals("standardized"))
        )
        return residuals_chart(raw, z, model.constructs, labels=labels, width=width)

    @Plotted
    def correlations(
        self, *, labels: Labels | None = None, group: str | None = None, width: Width = "140mm"
    ) -> CorrelationMap:
        """Map of the correlations of constructs (below), HTMT (above) and √AVE (diagonal).

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        group : str, optional
            Label of the group, where there are several.
        width : str or float
            Final width.
        """
        model = self._result
        number, label = self._group(group)
        correlations, cov, latent = (
            part if label is None else part[label]
            for part in (model.latent_cor, model.sample, model.latent_cov)
        )
        if len(correlations) < 2:  # noqa: PLR2004  # a correlation has two ends
            raise PlanError("Correlations need two constructs at least.")
        measured = {
            name: items
            for name, items in model.constructs.items()
            if all(item in cov.columns for item in items)
        }
        reliability = reliability_table(
            _of_group(model.parameters, number), measured, sample_cov=cov, latent_cov=latent,
            residual_covariances=False,
        )  # fmt: skip
        ratios = htmt(cov, measured)
        return correlations_chart(
            correlations, reliability["ave"], ratios, labels=labels, width=width
        )

    @Plotted
    def modification(
        self, *, labels: Labels | None = None, minimum: float = 0.0, width: Width = "140mm"
    ) -> ModificationChart:
        """Modification indices against expected changes of the left-out parameters.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        minimum : float
            Smallest index to draw.
        width : str or float
            Final width.
        """
        table = self._result.modification_indices(minimum)
        return modification_chart(table, labels=dict(labels or {}), width=width)

    @Plotted
    def bootstrap(
        self,
        *,
        resamples: Bootstrap | None = None,
        op: str | None = None,
        labels: Labels | None = None,
        hypotheses: Names | None = None,
        width: Width = "140mm",
    ) -> DensityChart:
        """Bootstrap densities of the standardised paths, or loadings, with intervals.

        Parameters
        ----------
        resamples : Bootstrap, optional
            What :meth:`~trustsem.ModelResult.bootstrap` returned; by default the resamples of a
            model that was estimated with ``se="bootstrap"``.
        op : {"~", "=~", "~~"}, optional
            Which parameters: paths, loadings, correlations. By default paths if there are any,
            else loadings.
        labels : mapping of str to str, optional
            What constructs are called in print.
        hypotheses : mapping of (str, str) to str, optional
            Predictor and outcome to the name of the hypothesis.
        width : str or float
            Final width.
        """
        found = self._result.resampled if resamples is None else resamples
        if found is None:
            raise PlanError(
                "The model was not estimated from resamples.",
                remedy="Estimate it with se='bootstrap', or pass resamples=result.bootstrap(5000).",
            )
        return _densities(found, op, labels or {}, hypotheses or {}, width)

    @Plotted
    def groups(
        self,
        *,
        labels: Labels | None = None,
        hypotheses: Names | None = None,
        width: Width = "140mm",
    ) -> Forest:
        """Forest of the paths of several groups, beside each other.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        hypotheses : mapping of (str, str) to str, optional
            Predictor and outcome to the name of the hypothesis.
        width : str or float
            Final width.
        """
        model = self._result
        rows = model.parameters
        rows = rows[rows["op"] == "~"]
        if model.table.n_groups < 2 or rows.empty:  # noqa: PLR2004  # a comparison has two sides
            raise PlanError(
                "There are no paths of several groups to compare.",
                remedy="Estimate a model with paths and the option group='column'.",
            )
        names = dict(enumerate(model.table.group_labels, start=1))
        table = pd.DataFrame(
            {
                "predictor": rows["rhs"], "outcome": rows["lhs"],
                "group": rows["group"].map(names), "est": rows["est"], "se": rows["se"],
            }
        )  # fmt: skip
        return groups_chart(
            table, labels=labels, hypotheses=hypotheses, by=model.options.group or "", width=width
        )

    def _group(self, group: str | None) -> tuple[int, str | None]:
        """Return number and label of a group; the label is None where there is one group."""
        labels = [str(label) for label in self._result.table.group_labels]
        if len(labels) < 2:  # noqa: PLR2004  # several groups
            if group is not None:
                raise PlanError("The model has one group.", remedy="Leave out 'group'.")
            return 1, None
        if group is None:
            raise PlanError(
                "The model has several groups.",
                remedy=f"Choose one: group={labels[0]!r}; there are {', '.join(labels)}.",
            )
        if str(group) not in labels:
            raise UnknownOptionError(str(group), labels, kind="group")
        number = labels.index(str(group))
        return number + 1, self._result.table.group_labels[number]


class InvariancePlots(Plots):
    """The charts of a comparison of groups.

    Parameters
    ----------
    result : Invariance
        The comparison.
    """

    def __init__(self, result: Invariance) -> None:
        self._result = result

    @Plotted
    def invariance(self, *, width: Width = "140mm") -> LadderChart:
        """Fit over the levels of invariance: CFI, RMSEA and SRMR.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        levels = self._result.levels
        cfi = dict(zip(levels["level"], levels["cfi"], strict=True))
        drop = CHEUNG_RENSVOLD["cfi"]
        allowed = [cfi.get(name, np.nan) + drop for name in levels["compared_with"]]
        return invariance_chart(
            levels, allowed={"cfi": allowed}, by=self._result.by, width=width,
            rule="CFI of the level compared with, less .01 (Cheung & Rensvold, 2002)",
        )  # fmt: skip

    @Plotted
    def groups(
        self,
        *,
        labels: Labels | None = None,
        hypotheses: Names | None = None,
        width: Width = "140mm",
    ) -> Forest:
        """Forest of the paths of all groups, with tests of their difference.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        hypotheses : mapping of (str, str) to str, optional
            Predictor and outcome to the name of the hypothesis.
        width : str or float
            Final width.
        """
        if self._result.paths.empty:
            raise PlanError(
                "The model has no paths that could be compared between groups.",
                remedy="Give a model with paths, or a study with hypotheses.",
            )
        return groups_chart(
            self._result.paths, labels=labels, hypotheses=hypotheses, by=self._result.by,
            width=width,
        )  # fmt: skip


def _of_group(rows: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return one group's rows, as those of a model of one group."""
    return rows[rows["group"] == number].assign(group=1)


def with_limits(loadings: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    """Return loadings with the limits of a bootstrap in the places of the normal ones.

    Parameters
    ----------
    loadings : DataFrame
        A row per loading: ``construct item std_ci_lower std_ci_upper``.
    limits : DataFrame
        Rows of parameters: ``lhs op rhs ci_lower ci_upper``.
    """
    known = limits[limits["op"] == "=~"].set_index(["lhs", "rhs"])
    keys = list(zip(loadings["construct"], loadings["item"], strict=True))
    found = known.loc[keys]
    return loadings.assign(
        std_ci_lower=found["ci_lower"].to_numpy(), std_ci_upper=found["ci_upper"].to_numpy()
    )


def printed_path(ends: Sequence[str], labels: Labels) -> str:
    """Return a path with the names that readers see."""
    return ARROW.join(labels.get(end, end) for end in ends)


def path_table(
    rows: pd.DataFrame, labels: Labels, hypotheses: Names, limits: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the paths of a model as :func:`trustsem.charts.paths_chart` takes them.

    Parameters
    ----------
    rows : DataFrame
        Rows of parameters, paths only.
    labels : mapping of str to str
        What constructs are called in print.
    hypotheses : mapping of (str, str) to str
        Predictor and outcome to the name of the hypothesis.
    limits : DataFrame or None
        Rows of parameters with the limits of a bootstrap; None for normal intervals.
    """
    ends = list(zip(rows["rhs"], rows["lhs"], strict=True))
    reach = _REACH * rows["std_all_se"]
    lower, upper = rows["std_all"] - reach, rows["std_all"] + reach
    if limits is not None:
        lower, upper = limits.loc[rows.index, "ci_lower"], limits.loc[rows.index, "ci_upper"]
    return pd.DataFrame(
        {
            "block": "Paths",
            "code": [hypotheses.get(pair, "") for pair in ends],
            "path": [printed_path(pair, labels) for pair in ends],
            "std": rows["std_all"].to_numpy(),
            "std_ci_lower": lower.to_numpy(),
            "std_ci_upper": upper.to_numpy(),
            "filled": (rows["pvalue"] < _SIGNIFICANT).to_numpy(),
        }
    )


def indirect_table(effects: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return the indirect effects as :func:`trustsem.charts.paths_chart` takes them.

    Parameters
    ----------
    effects : DataFrame
        ``predictor outcome kind pvalue std std_ci_lower std_ci_upper``.
    labels : mapping of str to str
        What constructs are called in print.
    """
    chosen = effects[effects["kind"] == "indirect"]
    ends = zip(chosen["predictor"], chosen["outcome"], strict=True)
    return pd.DataFrame(
        {
            "block": "Indirect effects",
            "code": "",
            "path": [printed_path(pair, labels) for pair in ends],
            "std": chosen["std"].to_numpy(),
            "std_ci_lower": chosen["std_ci_lower"].to_numpy(),
            "std_ci_upper": chosen["std_ci_upper"].to_numpy(),
            "filled": (chosen["pvalue"] < _SIGNIFICANT).to_numpy(),
        }
    )


_SYMBOLS = {"~": "Standardised path", "=~": "Standardised loading", "~~": "Correlation"}


def _densities(
    bootstrap: Bootstrap, op: str | None, labels: Labels, hypotheses: Names, width: Width
) -> DensityChart:
    """Draw the draws of one kind of parameters."""
    rows = bootstrap.interval(what="std_all")
    if op is None:
        op = "~" if (rows["op"] == "~").any() else "=~"
    if op not in _SYMBOLS:
        raise UnknownOptionError(op, list(_SYMBOLS), kind="kind of parameters")
    chosen = rows[(rows["op"] == op) & ((rows["op"] != "~~") | (rows["lhs"] != rows["rhs"]))]
    if chosen.empty:
        raise PlanError(
            f"The model has no parameters {op!r}.", remedy="Choose op '~', '=~' or '~~'."
        )
    groups = bootstrap.estimate.problem.table.group_labels
    table = pd.DataFrame(
        [_statistic(row, labels, hypotheses, groups) for _, row in chosen.iterrows()]
    )
    draws = bootstrap.values("std_all")[:, chosen.index.to_numpy()]
    return bootstrap_chart(
        table, draws, axis=_SYMBOLS[op], intervals="percentile", n=bootstrap.n, width=width
    )


def _statistic(
    row: pd.Series[Any], labels: Labels, hypotheses: Names, groups: Sequence[str]
) -> dict[str, Any]:
    """Describe one parameter."""
    lhs, rhs = str(row["lhs"]), str(row["rhs"])
    ends = (rhs, lhs) if row["op"] == "~" else (lhs, rhs)
    path = printed_path(ends, labels)
    if row["op"] == "~~":
        path = path.replace(ARROW, " \N{LEFT RIGHT ARROW} ")
    if len(groups) > 1:
        path = f"{groups[int(row['group']) - 1]}: {path}"
    numbers = {name: float(row[name]) for name in ("est", "ci_lower", "ci_upper")}
    return {"code": hypotheses.get((rhs, lhs), ""), "path": path, **numbers}
