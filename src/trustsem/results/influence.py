"""What a user holds of an influence analysis: the model without each respondent, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from trustsem import display
from trustsem.arrays import Flags, Floats
from trustsem.charts import IndexChart, Width, index_chart
from trustsem.errors import PlanError, ResamplingError, UnknownOptionError
from trustsem.estimation import Estimate
from trustsem.findings import Finding, Findings, at_least
from trustsem.fit import STACKED_MEASURES, stacked_fit
from trustsem.results.plain import plain
from trustsem.results.rows import KEYS
from trustsem.simulation import (
    Claim,
    ErrorKind,
    Flip,
    LeftOut,
    Outcomes,
    Report,
    cook_distances,
    estimate_without,
    every_case,
    find_flips,
    judge_claims,
    likelihood_distances,
    require_workers,
    sample_without,
)
from trustsem.tables import Notes, Page, Shown, Table

if TYPE_CHECKING:
    from trustsem.results.model import ModelResult

MEASURES = ("cook", "likelihood_distance", "chisq_change", "max_dfbetas")
"""Columns that say how much a case matters."""

SHOWN_CASES = 10
"""Most influential cases that a table shows."""

_KEPT = 40_000_000
"""Numbers of sampling covariances that are kept; beyond, they are computed when needed."""
_AT_ONCE = 200
_FIT = (
    "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr", "chisq_scaled", "df_scaled",
    "pvalue_scaled", "cfi_robust", "tli_robust", "rmsea_robust",
)  # fmt: skip
_RESAMPLED = {"bootstrap": "standard", "none": "standard"}
_NAMED = 8


@dataclass(frozen=True, repr=False)
class Influence(Shown):
    """A model estimated again without each respondent.

    Every number comes from an estimation of its own, none from an approximation. Cases without
    which the model has no solution have NaN.

    Parameters
    ----------
    model : ModelResult
        The model and the whole sample.
    left : LeftOut
        The solutions without each case.
    workers : int
        Processes.
    """

    model: ModelResult
    left: LeftOut
    workers: int = 1

    # -- whether to trust it ------------------------------------------------------------------

    @property
    def n(self) -> int:
        """Number of cases that were left out, one after the other."""
        return len(self.left.refits.numbers)

    @property
    def converged(self) -> Flags:
        """Whether there is a solution without each case, shape (n,)."""
        return self.left.refits.converged

    @property
    def admissible(self) -> Flags:
        """Whether it is a proper one, shape (n,)."""
        return self.left.refits.admissible

    @property
    def n_failed(self) -> int:
        """Number of cases without which there is no solution."""
        return int((~self.converged).sum())

    @property
    def findings(self) -> Findings:
        """What a reader must know before the numbers, the most serious first."""
        return self.judged([f"row {row}" for row in self.rows])

    def judged(self, names: Sequence[str], about: str = "influence") -> Findings:
        """Return the findings, with other names of the cases.

        Parameters
        ----------
        names : sequence of str
            What each case is called.
        about : str
            What the findings are about.
        """
        found = []
        if self.left.interrupted:
            found.append(_interrupted(self.n, self.model.n_obs, about))
        if self.n_failed:
            found.append(_failed(_listed(names, ~self.converged), self.n_failed, about))
        improper = self.converged & ~self.admissible
        if improper.any() and self.model.admissible:
            found.append(_inadmissible(_listed(names, improper), int(improper.sum()), about))
        found += [
            _influential(names[number], float(self._cook[number]), self.limit, about)
            for number in np.argsort(-np.nan_to_num(self._cook), kind="stable")[:SHOWN_CASES]
            if self._cook[number] > self.limit
        ]
        return at_least(found, "note")

    # -- numbers ------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> tuple[Any, ...]:
        """What the index of the data calls each case; ``data.drop(index=row)`` leaves it out."""
        found: list[Any] = []
        for sample in self.model.estimate.problem.samples:
            own = sample.rows
            found += range(sample.n_obs) if own is None else own.tolist()
        return tuple(found[: self.n])

    @property
    def limit(self) -> float:
        """Median of chi-square with as many df as there are free parameters [cook1977]_.

        Without a case whose distance reaches it, the estimates lie on the edge of their 50%
        confidence region.
        """
        return float(special.chdtri(self.model.n_free, 0.5))

    @property
    def dfbetas_limit(self) -> float:
        """2 / sqrt(N), beyond which a change of one estimate is looked at [belsley1980]_."""
        return 2 / float(np.sqrt(self.model.n_obs))

    @property
    def cases(self) -> pd.DataFrame:
        """What leaving out each case does.

        Returns
        -------
        DataFrame
            ``row group cook likelihood_distance chisq_change max_dfbetas parameter converged
            admissible``. ``cook``: generalised Cook's distance of all parameters [pek2011]_.
            ``likelihood_distance``: 2 {L(all) - L(without)} with the likelihood of all cases; NaN
            for least squares. ``chisq_change``: chi-square of all cases minus that without the
            case. ``max_dfbetas``: largest change of one estimate in standard errors, in size, and
            ``parameter``, which one.
        """
        dfbetas = self._dfbetas
        size = np.where(np.isfinite(dfbetas), np.abs(dfbetas), -1.0)
        most = size.argmax(axis=1) if dfbetas.shape[1] else np.zeros(self.n, dtype=np.intp)
        some = self.converged & (size.max(axis=1, initial=-1.0) >= 0)
        names = self.parameter_names
        return pd.DataFrame(
            {
                "row": pd.Series(list(self.rows), dtype=None),
                "group": self.groups,
                "cook": self._cook,
                "likelihood_distance": self._likelihood_distance,
                "chisq_change": self._chisq_change,
                "max_dfbetas": np.where(some, size.max(axis=1, initial=-1.0), np.nan),
                "parameter": [names[k] if ok else "" for k, ok in zip(most, some, strict=True)],
                "converged": self.converged,
                "admissible": self.admissible,
            }
        )

    @property
    def groups(self) -> list[str]:
        """Label of the group of each case; empty where there is one group."""
        samples = self.model.estimate.problem.samples
        labels = self.model.table.group_labels or ("",)
        named = [
            label for label, sample in zip(labels, samples, strict=True)
            for _ in range(sample.n_obs)
        ]  # fmt: skip
        return named[: self.n]

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the free parameters, as in :attr:`~trustsem.ModelResult.vcov`."""
        return tuple(str(name) for name in self.model.vcov.index)

    @property
    def estimates(self) -> pd.DataFrame:
        """What leaving out each case does to every free parameter.

        Returns
        -------
        DataFrame
            A row per case and parameter: ``row lhs op rhs group label est est_without change
            dfbetas``. ``change`` is ``est - est_without``, ``dfbetas`` the same over the standard
            error without the case [belsley1980]_.
        """
        table = self.model.table
        free = {row.free: row for row in table.parameters if row.free}
        keys = [name for name in KEYS if name not in ("free", "exo")]
        numbers = sorted(free)
        q = len(numbers)
        columns: dict[str, Any] = {
            "row": [row for row in self.rows for _ in range(q)],
            **{
                key: [getattr(free[number], key) for number in numbers] * self.n for key in keys
            },
            "est": np.tile(self.model.estimate.params, self.n),
            "est_without": self._without.reshape(-1),
            "change": self._changes.reshape(-1),
            "dfbetas": self._dfbetas.reshape(-1),
        }  # fmt: skip
        return pd.DataFrame(columns)

    @property
    def dfbetas(self) -> pd.DataFrame:
        """Changes in standard errors, a row per case and a column per free parameter."""
        index = pd.Index(list(self.rows), name="row")
        return pd.DataFrame(self._dfbetas, index=index, columns=list(self.parameter_names))

    @cached_property
    def _fit(self) -> pd.DataFrame:
        options = self.model.options
        if not self.left.problem.by_cases and not options.scaled:
            return self._stacked_fit()
        test = "standard" if options.test == "bollen.stine" else options.test
        plainly = replace(options, se=_RESAMPLED.get(options.se, options.se), test=test)
        model = replace(self.model, options=plainly)
        names = [name for name in _FIT if name in model.fit_measures.index]
        rows = []
        for number in range(self.n):
            one = None
            if self.converged[number]:
                one = sample_without(self.left.problem, self.left.removals, number, renew=True)
            if one is None:
                rows.append([float("nan")] * len(names))
                continue
            refits = self.left.refits
            params, value = refits.params[number], float(refits.value[number])
            solution = Estimate(one, params, value, True, 0, 0.0)
            rows.append(replace(model, estimate=solution).fit_measures[names].tolist())
        return pd.DataFrame(rows, columns=names)

    def _stacked_fit(self) -> pd.DataFrame:
        """Return the fit from stacks of moments."""
        names = [name for name in _FIT if name in STACKED_MEASURES]
        found = np.full((self.n, len(names)), np.nan)
        kept = np.flatnonzero(self.converged)
        for first in range(0, len(kept), _AT_ONCE):
            numbers = kept[first : first + _AT_ONCE]
            for places, stack in self.left.stacks(numbers):
                here = numbers[places]
                params, chisq = self.left.refits.params[here], self.left.chisq[here]
                values = stacked_fit(stack, params, self.model.n_free, chisq=chisq)
                found[here] = np.stack([values[name] for name in names], axis=1)
        return pd.DataFrame(found, columns=names)

    @property
    def fit(self) -> pd.DataFrame:
        """Fit without each case: ``row chisq df pvalue cfi tli rmsea srmr``.

        With a corrected test also the scaled chi-square and robust indices, named as in
        :attr:`~trustsem.ModelResult.fit_measures`.
        """
        frame = self._fit.copy()
        frame.insert(0, "row", pd.Series(list(self.rows), dtype=None))
        return frame

    def cook(self, parameters: str | Sequence[str] | None = None) -> pd.Series[float]:
        """Return generalised Cook's distances, of all parameters or of some.

        Parameters
        ----------
        parameters : {"=~", "~", "~~", "~1"} or sequence of str, optional
            A kind of parameters, or names of single ones as in :attr:`parameter_names`.

        Returns
        -------
        Series
            By the index of the data.

        Raises
        ------
        UnknownOptionError
            If there is no such parameter.

        References
        ----------
        Pek & MacCallum (2011) [pek2011]_, after Cook (1977) [cook1977]_.
        """
        index = pd.Index(list(self.rows), name="row")
        if parameters is None:
            return pd.Series(self._cook.copy(), index=index, name="cook")
        chosen = self._positions(parameters)

        def distances(params: Floats, vcov: Floats) -> Floats:
            changes = (self.model.estimate.params - params)[:, chosen]
            return cook_distances(changes, vcov[:, chosen][:, :, chosen], tied=self._tied)

        return pd.Series(self._over_parts(distances), index=index, name="cook")

    def _positions(self, parameters: str | Sequence[str]) -> NDArray[np.intp]:
        """Return the positions of a kind of parameters, or of single ones."""
        rows = [row for row in self.model.table.parameters if row.free]
        if isinstance(parameters, str):
            kinds = tuple(dict.fromkeys(row.op for row in rows))
            if parameters in kinds:
                return np.array([row.free - 1 for row in rows if row.op == parameters])
            parameters = [parameters]
        names = self.parameter_names
        unknown = [name for name in parameters if name not in names]
        if unknown or not parameters:
            raise UnknownOptionError(
                unknown[0] if unknown else "", names, kind="free parameter of the model"
            )
        return np.flatnonzero(np.isin(names, list(parameters)))

    @property
    def _tied(self) -> bool:
        reduction = self.left.problem.reduction
        return not reduction.is_identity or len(reduction.conditions) > 0

    @cached_property
    def _without(self) -> Floats:
        return np.where(self.converged[:, None], self.left.refits.params, np.nan)

    @property
    def _changes(self) -> Floats:
        return np.asarray(self.model.estimate.params - self._without)

    @cached_property
    def _cook(self) -> Floats:
        def distances(params: Floats, vcov: Floats) -> Floats:
            return cook_distances(self.model.estimate.params - params, vcov, tied=self._tied)

        return self._over_parts(distances)

    @cached_property
    def _dfbetas(self) -> Floats:
        def errors(_: Floats, vcov: Floats) -> Floats:
            return np.sqrt(np.diagonal(vcov, axis1=-2, axis2=-1))

        errors_without = self._over_parts(errors)
        known = errors_without > 0
        return np.where(known, self._changes / np.where(known, errors_without, 1.0), np.nan)

    @cached_property
    def _likelihood_distance(self) -> Floats:
        found = np.full(self.n, np.nan)
        kept = self.converged
        estimate = self.model.estimate
        found[kept] = likelihood_distances(estimate.problem, estimate.params, self._without[kept])
        return found

    @property
    def _chisq_change(self) -> Floats:
        return np.asarray(float(self.model.fit_measures["chisq"]) - self.left.chisq)

    # -- hypotheses ---------------------------------------------------------------------------

    @property
    def has_errors(self) -> bool:
        """Whether standard errors, hence verdicts, can be had without each case."""
        return self.model.options.se not in _RESAMPLED

    def outcomes(self, claims: Sequence[Claim], significance: float) -> tuple[Outcomes, Outcomes]:
        """Test hypotheses in the whole sample and without each case.

        Parameters
        ----------
        claims : sequence of Claim
            The hypotheses.
        significance : float
            Level of the tests.

        Returns
        -------
        whole, single : Outcomes
            Arrays of shapes (1, h) and (n, h).

        Raises
        ------
        ResamplingError
            If standard errors come from a bootstrap, or there are none.
        """
        if not self.has_errors:
            raise ResamplingError(
                f"With se={self.model.options.se!r} a verdict without a case would need a "
                "bootstrap of its own, or does not exist.",
                remedy="Use se='standard' or 'robust'.",
            )
        estimate = self.model.estimate
        vcov = self.model.vcov.to_numpy()
        whole = judge_claims(claims, estimate.params[None], vcov[None], significance)

        def judged(params: Floats, vcov: Floats) -> Floats:
            found = judge_claims(claims, params, vcov, significance)
            return np.stack([found.est, found.se, found.z, found.pvalue, found.supported], axis=1)

        numbers = self._over_parts(judged)
        est, se, z, pvalue, supported = (numbers[:, k] for k in range(5))
        return whole, Outcomes(est, se, z, pvalue, supported > 0)

    def flips(
        self,
        claims: Sequence[Claim],
        significance: float,
        *,
        whole: Outcomes,
        single: Outcomes,
        share: float = 0.25,
    ) -> tuple[Flip, ...]:
        """Look for few cases without which hypotheses have the other verdict.

        Parameters
        ----------
        claims : sequence of Claim
            The hypotheses.
        significance : float
            Level of the tests.
        whole, single : Outcomes
            From :meth:`outcomes`.
        share : float
            Largest share of the cases to leave out.

        Returns
        -------
        tuple of Flip
            See :func:`trustsem.simulation.find_flips`.
        """
        estimate = self.model.estimate
        try:
            order = np.argsort(np.argsort(np.array(self.rows, dtype=float), kind="stable"))
        except (TypeError, ValueError):
            order = np.arange(self.n)
        return find_flips(
            self.left, estimate.params, claims, (whole, single), self._kind,
            significance=significance, proper=self.model.admissible, order=order, share=share,
            workers=self.workers if estimate.problem.by_cases else 1,
        )  # fmt: skip

    # -- sampling covariances -----------------------------------------------------------------

    @property
    def _kind(self) -> ErrorKind:
        options = self.model.options
        first = options.se == "first.order"
        information = "first.order" if first else options.information
        return ErrorKind(
            information, "standard" if first else _RESAMPLED.get(options.se, options.se)
        )

    def _over_parts(self, function: Callable[[Floats, Floats], Floats]) -> Floats:
        """Apply a function to estimates and sampling covariances without each case."""
        found = [function(self._without[part], vcov) for part, vcov in self._covariances()]
        return np.concatenate(found)

    def _covariances(self) -> Iterator[tuple[slice, Floats]]:
        if self.n * self._without.shape[1] ** 2 <= _KEPT:
            yield from self._kept_covariances
        else:
            yield from self._computed_covariances()

    @cached_property
    def _kept_covariances(self) -> list[tuple[slice, Floats]]:
        return list(self._computed_covariances())

    def _computed_covariances(self) -> Iterator[tuple[slice, Floats]]:
        for first in range(0, self.n, _AT_ONCE):
            last = min(first + _AT_ONCE, self.n)
            numbers = range(first, last)
            yield (
                slice(first, last),
                self.left.covariances(numbers, self._kind, workers=self.workers),
            )

    # -- presentation -------------------------------------------------------------------------

    def chart(self, measure: str = "cook", *, width: Width = "140mm") -> IndexChart:
        """Return the index plot of a measure, its largest values labelled by row.

        Parameters
        ----------
        measure : {"cook", "likelihood_distance", "chisq_change", "max_dfbetas"}
            A column of :attr:`cases`.
        width : str or float
            Final width.

        Raises
        ------
        UnknownOptionError
            If there is no such measure.
        PlanError
            If it does not exist here.
        """
        if measure not in MEASURES:
            raise UnknownOptionError(str(measure), MEASURES, kind="measure of influence")
        table = self.cases
        return measure_chart(self, table.assign(case=table["row"].map(str)), measure, width)

    def summary(self) -> str:
        """Return the result as text."""
        return self._page().to_text()

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            name: plain(getattr(self, name))
            for name in ("n", "n_failed", "findings", "cases", "fit")
        }

    def _page(self) -> Page:
        """Return how it came about, findings and the most influential cases."""
        failed = f", {self.n_failed} without a solution" if self.n_failed else ""
        head = f"Estimated again without each of {self.n} cases{failed}"
        frame = self.cases.assign(case=[str(row) for row in self.rows])
        table = cases_table(frame, "influence-cases", "Most Influential Cases", self, "row")
        return Page(((head, *map(str, self.findings)), table))


def measure_chart(
    influence: Influence, table: pd.DataFrame, measure: str, width: Width, subject: str = ""
) -> IndexChart:
    """Draw one measure of influence against the cases.

    Parameters
    ----------
    influence : Influence
        The analysis.
    table : DataFrame
        ``case`` (name) and the measure.
    measure : str
        The column.
    width : str or float
        Final width.
    subject : str
        What the model is called, for the title.
    """
    if table[measure].notna().sum() == 0:
        raise PlanError(
            f"{_TITLES[measure][0]} does not exist for this model.",
            remedy="Draw 'cook' or 'chisq_change'.",
        )
    limit = {"cook": influence.limit, "max_dfbetas": influence.dfbetas_limit}.get(measure)
    words = {
        "cook": "median of χ² with as many df as free parameters (Cook, 1977)",
        "max_dfbetas": "2/√N (Belsley, Kuh & Welsch, 1980)",
    }
    title, axis = _TITLES[measure]
    return index_chart(
        table[["case", measure]].rename(columns={measure: "value"}),
        title=f"{title}, {subject}" if subject else title, axis=axis, limit=limit,
        limit_name=words.get(measure, ""), width=width,
    )  # fmt: skip


_TITLES = {
    "cook": ("Generalised Cook's distance of each case", "Generalised Cook's distance"),
    "likelihood_distance": ("Likelihood distance of each case", "Likelihood distance"),
    "chisq_change": ("Change of chi-square without each case", "χ² of all − χ² without the case"),
    "max_dfbetas": ("Largest change of one estimate without each case", "Largest |DFBETAS|"),
}


def cases_table(
    frame: pd.DataFrame, name: str, title: str, influence: Influence, what: str
) -> Table:
    """Tabulate the most influential cases.

    Parameters
    ----------
    frame : DataFrame
        :attr:`Influence.cases` with a column ``case``, what each is called.
    name, title : str
        Of the table.
    influence : Influence
        The analysis.
    what : str
        What the numbers of cases are: a row of the data.
    """
    ordered = frame.sort_values("cook", ascending=False, kind="stable").head(SHOWN_CASES)
    several = bool((ordered["group"] != "").any())
    distance = bool(ordered["likelihood_distance"].notna().any())
    structural = "cook_paths" in ordered
    show = ["case", *(["group"] if several else []), "cook",
            *(["cook_paths"] if structural else []),
            *(["likelihood_distance"] if distance else []), "chisq_change", "max_dfbetas",
            "parameter"]  # fmt: skip
    median = display.fixed(influence.limit, 1)
    limit = display.bounded(influence.dfbetas_limit, 2)
    note = (
        f"The {len(ordered)} of {len(frame)} cases with the largest distances; case = {what}. "
        "Each row: the model estimated again without the case. gCD = generalised Cook's distance "
        f"(Pek & MacCallum, 2011); half the confidence region ends at {median} (Cook, 1977). "
    )
    note += "LD = likelihood distance. " if distance else ""
    note += (
        "Δχ² = χ² of all cases minus χ² without the case. |DFBETAS| = change of one estimate in "
        f"standard errors; 2/√N = {limit} (Belsley et al., 1980). Such limits are conventions: "
        "influence alone is no reason to leave a case out."
    )
    return Table(
        name,
        title,
        ordered.reset_index(drop=True),
        show=tuple(show),
        columns={
            "case": display.Column("Case", display.TEXT),
            "group": display.Column("Group", display.TEXT),
            "cook": display.Column("gCD", display.TWO),
            "cook_paths": display.Column("gCD (paths)", display.TWO),
            "likelihood_distance": display.Column("LD", display.TWO),
            "chisq_change": display.Column("Δχ²", display.TWO),
            "max_dfbetas": display.Column("Largest |DFBETAS|", display.TWO),
            "parameter": display.Column("of", display.TEXT),
        },
        notes=Notes(note),
    )


def analyse_influence(
    model: ModelResult, *, workers: int = 1, report: Report | None = None
) -> Influence:
    """Estimate a model again without each case.

    Parameters
    ----------
    model : ModelResult
        A model that converged, estimated from cases.
    workers : int
        Processes; -1 for one on each core.
    report : callable, optional
        Called with the number of finished and of all parts.

    Raises
    ------
    ResamplingError
        If the model did not converge, or was estimated from a matrix.
    """
    require_workers(workers)
    if not model.converged:
        raise ResamplingError(
            "The model did not converge: there are no estimates that a case could change.",
            remedy="See its findings.",
        )
    estimate = model.estimate
    removals = every_case(estimate.problem)
    left = estimate_without(
        estimate.problem, estimate.params, removals, workers=workers, report=report
    )
    return Influence(model, left, workers)


def _listed(names: Sequence[str], chosen: Flags) -> str:
    """Return some of the names, joined."""
    found = [name for name, here in zip(names, chosen, strict=False) if here]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def _interrupted(finished: int, asked: int, about: str) -> Finding:
    return Finding(
        code="interrupted",
        subject=about,
        claim=f"Stopped by the user after {finished} of {asked} cases; these are used.",
        severity="warning",
        value=float(finished),
        threshold=float(asked),
    )


def _failed(names: str, n_failed: int, about: str) -> Finding:
    return Finding(
        code="no_solution_without",
        subject=about,
        claim=f"The model has no solution without {names}: {n_failed} case(s) carry it.",
        severity="warning",
        holds=False,
        value=float(n_failed),
        remedy="The model is barely determined by these data, or a category of an item is empty "
        "without the case.",
    )


def _inadmissible(names: str, n: int, about: str) -> Finding:
    return Finding(
        code="improper_without",
        subject=about,
        claim=f"Without {names} the solution is inadmissible ({n} case(s)); with all cases it is "
        "proper.",
        severity="warning",
        value=float(n),
    )


def _influential(name: str, distance: float, limit: float, about: str) -> Finding:
    return Finding(
        code="influential_case",
        subject=about,
        claim=f"Without {name} the estimates leave their 50% confidence region: generalised Cook's "
        f"distance {distance:.1f} (limit {limit:.1f}).",
        severity="warning",
        holds=False,
        value=distance,
        threshold=limit,
        source="cook1977",
        remedy="Check the answers for mistakes and report the results with and without the case; "
        "influence alone is no reason to leave it out.",
    )
