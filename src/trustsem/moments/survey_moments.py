"""The moments of a survey too large for memory: read in parts, and again where a method needs it.

What is held are sums (:mod:`trustsem.moments.sums`), by group and by pattern of missing answers:
means and covariances of the complete cases, and the likelihood of the incomplete ones, follow from
them for any of the variables. Fourth moments, and slopes of incomplete cases, take another pass
through the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from trustsem.arrays import Flags, Floats, outer
from trustsem.errors import MomentsError, UnknownIndicatorError
from trustsem.findings import Finding
from trustsem.moments.incomplete import Lost, pattern_moments
from trustsem.moments.sample import (
    Divisor,
    SampleMoments,
    lost_cases,
    require_cases,
    require_positive_definite,
    scale_finding,
)
from trustsem.moments.spread import SpreadSums
from trustsem.moments.sums import CaseSums, SumsBuilder, joined
from trustsem.survey import Survey, require_columns, require_numeric
from trustsem.survey.codebook import Codebook, code_text
from trustsem.survey.parts import Ledger, SurveyParts
from trustsem.survey.survey import LogEntry, Source
from trustsem.tables import Page, Shown, Table

MOST_NUMBERS = 2**26
"""Numbers that the squares of all patterns may take: half a gigabyte."""

ONE_GROUP = ""
"""Label of the cases where there is no grouping."""

NO_GROUP = None
"""Key of the cases without a value of the grouping variable."""

Report = Callable[[int, int], None]
"""Called with the number of rows done, and of all."""

Reporter = Callable[[str], Report | None]
"""Makes a report of a computation by its name; None where nobody looks."""

_KEPT = 32
_SHOWN = 60


def group_label(value: Any) -> str:
    """Return a group's value as text; whole numbers without decimals."""
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SurveyMoments(Shown):
    """What a survey file adds up to; taken wherever raw data are.

    Parameters
    ----------
    names : tuple of str
        Variables, p of them.
    by : str or None
        The grouping variable.
    sums : Mapping of label to CaseSums
        The cases of each group, in order of first appearance; those of no group under None. One
        group has the label "". Values are counted from ``origin``.
    origin : ndarray, shape (p,)
        The first answer to each variable.
    source : Source
        File, digest, size, number of rows.
    log : tuple of LogEntry
        What was done to the answers, in order.
    findings : tuple of Finding
        What a reader must know about them.
    reasons : DataFrame
        ``variable code label n``: how many answers hold each declared missing code.
    unanswered : tuple of int
        Missing answers to each variable, over all rows.
    n_left_out : Mapping of label to int
        Incomplete cases that were left out for good while reading.
    synthetic : bool
        Whether the file declares its data synthetic.
    codebook : Codebook
        Labels of variables and answers.
    parts : SurveyParts
        The file, to be read again.
    reporter : callable or None
        Says how far a pass through the file is.

    Examples
    --------
    >>> moments = read_moments("survey.sav", ["x1", "x2", "x3"])  # doctest: +SKIP
    >>> cfa("f =~ x1 + x2 + x3", moments, estimator="MLM")  # doctest: +SKIP
    """

    names: tuple[str, ...]
    by: str | None
    sums: Mapping[str | None, CaseSums]
    origin: Floats
    source: Source
    log: tuple[LogEntry, ...]
    findings: tuple[Finding, ...]
    reasons: pd.DataFrame
    unanswered: tuple[int, ...]
    n_left_out: Mapping[str | None, int]
    synthetic: bool
    codebook: Codebook
    parts: SurveyParts
    reporter: Reporter | None = None
    _memory: dict[Any, Any] = field(default_factory=dict)

    # -- what was observed --------------------------------------------------------------------

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the groups, in order of first appearance; none without a grouping."""
        if self.by is None:
            return ()
        return tuple(label for label in self.sums if label is not NO_GROUP)

    @property
    def n_rows(self) -> int:
        """Rows of the file that belong to the survey."""
        return sum(each.n_rows for each in self.sums.values()) + sum(self.n_left_out.values())

    @property
    def of_labels(self) -> int:
        """Rows that belong to a group that has a label."""
        return sum(
            own.n_rows + self.n_left_out.get(key, 0)
            for key, own in self.sums.items()
            if key is not NO_GROUP
        )

    @property
    def n_obs(self) -> int:
        """Cases that answered everything, over all groups."""
        return int(self._complete.counts.sum())

    @property
    def n_patterns(self) -> int:
        """Patterns of missing answers, the complete one included."""
        return len(joined(list(self.sums.values())).counts)

    @property
    def mean(self) -> pd.Series:
        """Means of the complete cases."""
        complete = self._complete
        values = np.full(len(self.names), np.nan)
        if len(complete.counts):
            values = self.origin + complete.mean[0]
        return pd.Series(values, index=list(self.names), name="mean")

    @property
    def cov(self) -> pd.DataFrame:
        """Covariances of the complete cases, divisor N - 1; NaN where there are fewer than two."""
        complete, names = self._complete, list(self.names)
        values = np.full((len(names),) * 2, np.nan)
        if self.n_obs > 1:
            values = complete.products() / (self.n_obs - 1)
        return pd.DataFrame(values, index=names, columns=names)

    @property
    def missing(self) -> pd.DataFrame:
        """A row per variable: ``variable n_missing share_missing codes``, the last with counts."""
        rows = [
            (name, count, count / self.n_rows, self._codes(name))
            for name, count in zip(self.names, self.unanswered, strict=True)
        ]
        return pd.DataFrame(rows, columns=["variable", "n_missing", "share_missing", "codes"])

    @property
    def log_frame(self) -> pd.DataFrame:
        """The log as a table: step, what, n, removed."""
        rows = [(entry.step, entry.what, entry.n, entry.removed) for entry in self.log]
        return pd.DataFrame(rows, columns=["step", "what", "n", "removed"])

    def _codes(self, name: str) -> str:
        own = self.reasons[self.reasons["variable"] == name]
        told = zip(own["code"], own["label"], own["n"], strict=True)
        return "; ".join(f"{code_text(code)} {label}".strip() + f": {n}" for code, label, n in told)

    @property
    def _complete(self) -> CaseSums:
        everyone = joined(list(self.sums.values()))
        return everyone.with_answers_to(range(len(self.names)))

    # -- what is analysed ---------------------------------------------------------------------

    def sample(
        self,
        names: Sequence[str],
        *,
        divisor: Divisor,
        group: str | None = None,
        incomplete: bool = False,
        complete: Sequence[str] = (),
    ) -> SampleMoments:
        """Return the moments of one group, or of all cases, as an analysis starts from them.

        Parameters
        ----------
        names : sequence of str
            Some of the variables.
        divisor : {"n", "n-1"}
            What sums of squares are divided by.
        group : str, optional
            Label of the group; all cases by default.
        incomplete : bool
            Whether incomplete cases count with what they answered.
        complete : sequence of str
            Variables without which an incomplete case is left out.

        Raises
        ------
        UnknownIndicatorError
            If a variable was not read.
        MomentsError
            As from raw data; or if incomplete cases were left out while reading.
        """
        self.require(names)
        index = [self.names.index(name) for name in names]
        keys = list(self.sums) if group is None else [group]
        everyone = joined([self.sums[key] for key in keys])
        left_out = sum(self.n_left_out.get(key, 0) for key in keys)
        needed = [list(names).index(name) for name in complete]
        label = "" if group is None else group
        if not incomplete:
            cases = StreamedCases(self, tuple(names), group, tuple(range(len(names))))
            answered = everyone.with_answers_to(index).of_variables(index)
            sample = _complete_sample(answered, self.origin[index], names, divisor, label)
            found = lost_cases(everyone.n_rows + left_out, sample.n_obs, label)
            return replace(sample, again=cases, findings=(*found, *sample.findings))
        if left_out:
            raise MomentsError(
                f"{left_out} incomplete cases were left out while the file was read.",
                remedy="Read it with incomplete=True, or analyse with missing='listwise'.",
            )
        chosen = everyone.of_variables(index)
        kept = chosen.with_answers_to(needed)
        require_cases(int(kept.counts.sum()), len(names), label)
        lost = Lost(chosen.n_rows, chosen.n_empty, int(kept.counts.sum()))
        sample = pattern_moments(
            kept.to_patterns(self.origin[index]), names, kept.varies(), lost,
            complete=complete, divisor=divisor, group=label,
        )  # fmt: skip
        places = tuple(range(len(names)))
        needed_names = tuple(complete)
        return replace(sample, again=StreamedCases(self, tuple(names), group, places, needed_names))

    def require(self, names: Sequence[str]) -> None:
        """Raise if a variable was not read.

        Parameters
        ----------
        names : sequence of str
            Variables.

        Raises
        ------
        UnknownIndicatorError
            Naming those that were.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            raise UnknownIndicatorError(missing, self.names)

    def rows(self, names: Sequence[str], what: str) -> Iterator[tuple[Floats, np.ndarray]]:
        """Go through the file: yield answers, shape (m, p), and the group of each case.

        Parameters
        ----------
        names : sequence of str
            Variables, in the order wanted.
        what : str
            What the pass is for, in a report of its progress.

        Yields
        ------
        answers : ndarray, shape (m, p)
            NaN for missing.
        keys : ndarray of object, shape (m,)
            Labels of the groups, None for none.
        """
        report = None if self.reporter is None else self.reporter(what)
        for part in reported(self.parts, report, self.source.n_rows):
            yield _answers(part, names), _keys(part, self.by)

    def spread(self, names: tuple[str, ...], group: str | None) -> Floats:
        """Return the fourth moments of the complete cases; one pass finds those of all groups.

        Parameters
        ----------
        names : tuple of str
            Variables, p of them.
        group : str or None
            Label of the group; None for all cases.

        Returns
        -------
        ndarray, shape (k, k)
            Covariance matrix of the p deviations from the means, then of the lower triangle of
            their products by rows; divisor N.
        """
        key = ("spread", names, group)
        if key in self._memory:
            return np.asarray(self._memory[key])
        index = [self.names.index(name) for name in names]
        labels: tuple[str | None, ...] = (None,) if group is None else self.labels
        sums = {}
        for label in labels:
            keys = list(self.sums) if label is None else [label]
            own = joined([self.sums[each] for each in keys])
            complete = own.with_answers_to(index).of_variables(index)
            if len(complete.counts):
                centre = self.origin[index] + complete.mean[0]
                sums[label] = SpreadSums(centre, complete.products() / complete.counts[0])
        for answers, keys_of in self.rows(names, "fourth moments"):
            known = ~np.isnan(answers).any(axis=1)
            for label, own_sums in sums.items():
                own_sums.add(answers[known if group is None else known & (keys_of == label)])
        for label, own_sums in sums.items():
            self.remember(("spread", names, label), own_sums.matrix())
        return np.asarray(self._memory[key])

    def remember(self, key: Any, value: Floats) -> None:
        """Keep what a pass through the file found; the oldest is forgotten.

        Parameters
        ----------
        key : hashable
            What it is.
        value : ndarray
            What was found.
        """
        while len(self._memory) >= max(_KEPT, 2 * len(self.sums)):
            del self._memory[next(iter(self._memory))]
        self._memory[key] = value

    def recalled(self, key: Any) -> Floats | None:
        """Return what an earlier pass found; None if there was none.

        Parameters
        ----------
        key : hashable
            What it is.
        """
        return self._memory.get(key)

    def _page(self) -> Page:
        """Return what was read, what is missing, what to know."""
        groups = f", {len(self.labels)} groups by {self.by}" if self.by else ""
        title = (
            f"Moments of {self.source.name} ({self.source.format}): {self.n_rows} cases, "
            f"{len(self.names)} variables{groups}"
        )
        facts = [
            f"complete  {self.n_obs} cases",
            f"patterns  {self.n_patterns} of missing answers",
            *(f"finding   {finding}" for finding in self.findings),
            *(f"log       {entry.step}: {entry.what}" for entry in self.log),
            "use       ts.cfa(model, moments), also with estimator='MLM' or missing='fiml'",
            "see       .mean  .cov  .missing  .groups  .log_frame  .findings  .source",
        ]
        notice = "The file declares its data SYNTHETIC." if self.synthetic else ""
        complete = self._complete
        spread = np.full(len(self.names), np.nan)
        if self.n_obs > 1:
            spread = np.sqrt(np.diagonal(complete.products()) / (self.n_obs - 1))
        frame = self.missing.assign(mean=self.mean.to_numpy(), sd=spread)
        table = Table(
            "moments",
            "Variables",
            frame[["variable", "mean", "sd", "n_missing", "share_missing", "codes"]],
            limit=_SHOWN,
        )
        blocks: list[tuple[str, ...] | Table] = [tuple(facts), table]
        if self.by:
            blocks.append(Table("groups", "Groups", self.groups))
        return Page(tuple(blocks), title=title, notice=notice)

    @property
    def groups(self) -> pd.DataFrame:
        """A row per group: ``group n n_complete``; cases of no group under an empty label."""
        whole = range(len(self.names))
        rows = [
            (
                "" if key is NO_GROUP else key,
                own.n_rows + self.n_left_out.get(key, 0),
                int(own.with_answers_to(whole).counts.sum()),
            )
            for key, own in self.sums.items()
        ]
        return pd.DataFrame(rows, columns=["group", "n", "n_complete"])


@dataclass(frozen=True, slots=True)
class StreamedCases:
    """The cases of a group, read again from the file when they are gone through.

    Parameters
    ----------
    moments : SurveyMoments
        The survey.
    columns : tuple of str
        The variables that say which cases count.
    group : str or None
        Label of the group; None for all cases.
    index : tuple of int
        Which of the columns are handed out, in which order.
    needed : tuple of str or None
        Variables that a case must answer, and at least one of the columns; None: all columns.
    """

    moments: SurveyMoments
    columns: tuple[str, ...]
    group: str | None
    index: tuple[int, ...]
    needed: tuple[str, ...] | None = None

    def parts(self) -> Iterator[Floats]:
        """Yield the cases in parts, NaN for missing."""
        for answers, keys in self.moments.rows(self.columns, "slopes of the cases"):
            kept = self._kept(~np.isnan(answers))
            if self.group is not None:
                kept &= keys == self.group
            if kept.any():
                yield answers[kept][:, list(self.index)]

    def spread(self) -> Floats:
        """Return the fourth moments: see :meth:`trustsem.moments.sample.Cases.spread`."""
        G = self.moments.spread(self.columns, self.group)
        if self.index == tuple(range(len(self.columns))):
            return G
        p = len(self.columns)
        rows, cols = np.tril_indices(p)
        place = np.zeros((p, p), dtype=np.intp)
        place[rows, cols] = place[cols, rows] = p + np.arange(len(rows))
        chosen = np.array(self.index, dtype=np.intp)
        low, high = np.tril_indices(len(chosen))
        at = np.concatenate([chosen, place[chosen[low], chosen[high]]])
        return np.asarray(G[np.ix_(at, at)])

    def once(self, what: str, at: Sequence[Floats], compute: Callable[[], Floats]) -> Floats:
        """Return what was computed from all cases at some arrays, computing it the first time."""
        arrays = tuple(np.ascontiguousarray(each).tobytes() for each in at)
        key = (what, self.columns, self.group, self.index, self.needed, arrays)
        found = self.moments.recalled(key)
        if found is None:
            found = compute()
            self.moments.remember(key, found)
        return found

    def select(self, index: Sequence[int]) -> StreamedCases:
        """Return the same cases with some of their variables."""
        return replace(self, index=tuple(self.index[each] for each in index))

    def _kept(self, known: Flags) -> Flags:
        """Return which cases count."""
        if self.needed is None:
            return np.asarray(known.all(axis=1))
        at = [self.columns.index(name) for name in self.needed]
        return np.asarray(known.any(axis=1) & known[:, at].all(axis=1))


def add_up(
    parts: SurveyParts,
    names: Sequence[str],
    *,
    by: str | None = None,
    incomplete: bool = True,
    reporter: Reporter | None = None,
) -> SurveyMoments:
    """Go through a survey file and add up its answers.

    Parameters
    ----------
    parts : SurveyParts
        The file.
    names : sequence of str
        Variables; every answer must be a number.
    by : str, optional
        The grouping variable.
    incomplete : bool
        Whether cases with missing answers are kept, by their patterns.
    reporter : callable, optional
        Says how far a pass through the file is.

    Returns
    -------
    SurveyMoments

    Raises
    ------
    UnreadableFileError, SurveyError
        If the file or an answer is not what it should be.
    MomentsError
        If there are too many patterns of missing answers to be held.
    """
    ledger = Ledger()
    builders: dict[str | None, SumsBuilder] = {}
    left_out: dict[str | None, int] = {}
    unanswered = np.zeros(len(names), dtype=np.intp)
    origin = np.full(len(names), np.nan)
    report = None if reporter is None else reporter("moments")
    for part in reported(parts, report, parts.n_rows):
        ledger.add(part)
        answers, keys = _answers(part, names), _keys(part, by)
        unknown = np.isnan(answers)
        unanswered += unknown.sum(axis=0)
        answers -= _origin(origin, answers, unknown)
        for key in dict.fromkeys(keys.tolist()):
            own = answers if by is None else answers[_same(keys, key)]
            builder = builders.setdefault(key, SumsBuilder(len(names)))
            if not incomplete:
                complete = own[~np.isnan(own).any(axis=1)]
                left_out[key] = left_out.get(key, 0) + len(own) - len(complete)
                own = complete
            builder.add(own)
        _require_few_patterns(builders.values(), len(names))
    return SurveyMoments(
        names=tuple(names),
        by=by,
        sums={key: builder.sums() for key, builder in builders.items()},
        origin=np.nan_to_num(origin),
        source=replace(parts.source, n_rows=ledger.n_rows, n_columns=len(parts.available)),
        log=ledger.entries(parts.columns, parts.at_once),
        findings=tuple(ledger.findings.values()),
        reasons=_reasons(ledger, names),
        unanswered=tuple(unanswered.tolist()),
        n_left_out={key: n for key, n in left_out.items() if n},
        synthetic=ledger.synthetic,
        codebook=ledger.codebook,
        parts=parts,
        reporter=reporter,
    )


def reported(
    parts: Iterable[Survey], report: Report | None, n_rows: int | None
) -> Iterator[Survey]:
    """Yield the parts of a survey, and report the rows that are done."""
    done = 0
    for part in parts:
        yield part
        done += part.log[0].n
        if report is not None and n_rows:
            report(min(done, n_rows), n_rows)


def _origin(origin: Floats, answers: Floats, unknown: Flags) -> Floats:
    """Return from where values are counted; fill in the first answer to new variables.

    What is summed is then small wherever a scale has its zero: means keep all their digits.
    """
    new = np.flatnonzero(np.isnan(origin) & ~unknown.all(axis=0))
    if len(new):
        origin[new] = answers[np.argmin(unknown[:, new], axis=0), new]
    return np.nan_to_num(origin)


def _answers(part: Survey, names: Sequence[str]) -> Floats:
    """Return the answers as an array of shape (m, p), or name the cells that are no numbers."""
    require_numeric(part, names)
    answers = np.empty((len(part.frame), len(names)))
    for place, name in enumerate(names):
        answers[:, place] = part.frame[name].to_numpy(dtype=float)
    return answers


def _keys(part: Survey, by: str | None) -> np.ndarray:
    """Return the label of each case's group, None for none."""
    if by is None:
        return np.full(len(part.frame), ONE_GROUP, dtype=object)
    require_columns(part, [by])
    column = part.frame[by]
    place, values = pd.factorize(column)
    labels = np.array([*(group_label(value) for value in values), NO_GROUP], dtype=object)
    return labels[place]


def _same(keys: np.ndarray, key: str | None) -> Flags:
    """Return which cases are of a group."""
    return np.array([each is None for each in keys]) if key is None else np.asarray(keys == key)


def _complete_sample(
    complete: CaseSums,
    origin: Floats,
    names: Sequence[str],
    divisor: Divisor,
    group: str,
) -> SampleMoments:
    """Form the moments of complete cases, as :func:`from_frame` does."""
    n_obs = int(complete.counts.sum())
    require_cases(n_obs, len(names), group)
    varies = complete.varies()
    squares = np.where(outer(varies, varies), complete.products(), 0.0)
    cov = squares / (n_obs if divisor == "n" else n_obs - 1)
    require_positive_definite(cov, names, "sample covariance matrix")
    return SampleMoments(
        names=tuple(names),
        cov=cov,
        mean=origin + complete.mean[0],
        n_obs=n_obs,
        divisor=divisor,
        group=group,
        findings=scale_finding(cov, names),
    )


def _require_few_patterns(builders: Iterable[SumsBuilder], p: int) -> None:
    """Raise where the patterns of missing answers would take too much memory."""
    n_patterns = sum(builder.n_patterns for builder in builders)
    if n_patterns * p * p > MOST_NUMBERS:
        raise MomentsError(
            f"There are more than {n_patterns - 1} patterns of missing answers; their moments need "
            f"more than {MOST_NUMBERS * 8 / 1e9:.1f} GB.",
            remedy="Read fewer variables, or the complete cases only: incomplete=False.",
        )


def _reasons(ledger: Ledger, names: Sequence[str]) -> pd.DataFrame:
    """Return how many answers hold each missing code."""
    order = {name: place for place, name in enumerate(names)}
    rows = [(*kind, n) for kind, n in ledger.reasons.items() if kind[0] in order]
    rows.sort(key=lambda row: (order[row[0]], str(row[1])))
    return pd.DataFrame(rows, columns=["variable", "code", "label", "n"])
