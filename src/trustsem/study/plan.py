"""The plan of a study: constructs, hypotheses, data and options, before any estimation.

A :class:`Study` says the same whether it is written in Python or read from a study file
(:mod:`trustsem.study.study_file`); both are checked by :mod:`trustsem.study.checks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd

from trustsem import display
from trustsem.errors import PlanError, did_you_mean, listed
from trustsem.study import syntax
from trustsem.study.alternatives import (
    Alternative,
    constrained_alternative,
    null_alternative,
    rival_alternative,
    unconstrained_alternative,
)
from trustsem.study.checks import ParsedPlan, full_matrix, parse_plan
from trustsem.study.hypothesised import hypothesised_correlations
from trustsem.study.sections import (
    BiasSection,
    ConstructSection,
    EffectSection,
    GroupsSection,
    InteractionSection,
    MultiverseSection,
    PowerSection,
    PublishedSection,
    RivalSection,
    RunSection,
    item_names,
)
from trustsem.study.toml_text import toml_text
from trustsem.survey.codebook import Code, code_text
from trustsem.survey.respondents import ScreeningPlan
from trustsem.survey.shipped import data_path
from trustsem.tables import Page, Shown, Table
from trustsem.validity.thresholds import Thresholds

_METHOD_FACTOR = {"method_factor": True}

SHIPPED = "shipped:"
"""Prefix of a data path that names a data set distributed with trustsem."""
_OF_STEP_TWO = (
    "hypotheses", "effects", "observed", "rivals", "controls", "interactions", "published",
    "multiverse", "power",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Construct:
    """A construct and the items, or the constructs, that reflect it.

    Parameters
    ----------
    items : tuple of str
        Items in order; the first is the marker. Empty for a construct of second order.
    label : str
        Name for readers.
    reverse : tuple of str
        Items worded the other way round; they are recoded before anything is estimated.
    scale : (float, float) or None
        Lowest and highest answer, where it differs from the study's scale.
    name : str
        Name in the model; set by the study.
    of : tuple of str
        Constructs that reflect a construct of second order; empty for one that has items.
    reliability : float or None
        Assumed reliability of a single item; its residual variance is fixed accordingly.
    """

    items: tuple[str, ...] = ()
    label: str = ""
    reverse: tuple[str, ...] = ()
    scale: tuple[float, float] | None = None
    name: str = ""
    of: tuple[str, ...] = ()
    reliability: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the construct as in a study file."""
        entry: dict[str, Any] = {"of": list(self.of)} if self.of else {"items": list(self.items)}
        if self.reliability is not None:
            entry["reliability"] = self.reliability
        if self.label and self.label != self.name:
            entry = {"label": self.label, **entry}
        if self.reverse:
            entry["reverse"] = list(self.reverse)
        if self.scale:
            entry["scale"] = list(self.scale)
        return entry


def reflective(
    items: str | Sequence[str],
    label: str = "",
    *,
    reverse: str | Sequence[str] = (),
    scale: tuple[float, float] | None = None,
    reliability: float | None = None,
) -> Construct:
    """Describe a construct by the items that reflect it.

    Parameters
    ----------
    items : str or sequence of str
        A range (``"bt1:bt5"``), a list, or a mixture (``"x1:x3, x5"``); the first is the marker.
    label : str, optional
        Name for readers.
    reverse : str or sequence of str, optional
        Items worded the other way round.
    scale : (float, float), optional
        Lowest and highest answer, where it differs from the study's scale.
    reliability : float, optional
        Assumed reliability of a single item.

    Returns
    -------
    Construct

    Raises
    ------
    PlanError
        If a range cannot be read.

    Examples
    --------
    >>> reflective("bt1:bt3", label="Buyer trust").items
    ('bt1', 'bt2', 'bt3')
    """
    for given in (items, reverse):
        if not isinstance(given, str | Sequence):
            raise PlanError(f"Items are written as 'x1:x5' or as a list of names, got {given!r}.")
    try:
        turned = item_names(reverse) if reverse else ()
        return Construct(item_names(items), label, turned, scale, reliability=reliability)
    except ValueError as error:
        raise PlanError(f"The items of a construct cannot be read: {error}.") from None


def second_order(of: Sequence[str], label: str = "") -> Construct:
    """Describe a construct of second order by the constructs that reflect it.

    Parameters
    ----------
    of : sequence of str
        Names of constructs that have items; the first is the marker.
    label : str, optional
        Name for readers.

    Raises
    ------
    PlanError
        If it is no list of names.

    Examples
    --------
    >>> second_order(["competence", "likeability"], label="Reputation").of
    ('competence', 'likeability')
    """
    if isinstance(of, str) or not isinstance(of, Sequence):
        raise PlanError(f"The parts of a second-order construct are a list of names, got {of!r}.")
    return Construct(label=label, of=tuple(of))


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One expected path between two constructs, or a chain of paths by way of others.

    Parameters
    ----------
    name : str
        Such as ``"H1"``.
    predictor, outcome : str
        Constructs, or observed variables.
    sign : {"+", "-", "any"}
        Expected direction.
    tails : {1, 2}
        Tails of the test.
    text : str
        The hypothesis in words, or empty.
    via : tuple of str
        Constructs on the way from predictor to outcome, in order; empty for a single path.
    """

    name: str
    predictor: str
    outcome: str
    sign: Literal["+", "-", "any"] = "+"
    tails: Literal[1, 2] = 2
    text: str = ""
    via: tuple[str, ...] = ()

    @property
    def chain(self) -> tuple[str, ...]:
        """Every name from predictor to outcome."""
        return (self.predictor, *self.via, self.outcome)

    @property
    def path(self) -> str:
        """The path as written in a plan."""
        return " -> ".join(self.chain)

    def to_value(self) -> str | dict[str, Any]:
        """Return the hypothesis as in a study file."""
        if self.sign == "+" and self.tails != 1 and not self.text:
            return self.path
        entry: dict[str, Any] = {"path": self.path, "sign": self.sign}
        if self.tails == 1:
            entry["tails"] = 1
        return {**entry, "text": self.text} if self.text else entry


@dataclass(frozen=True, slots=True)
class PrintedMoments:
    """A printed matrix that stands in for answers.

    Parameters
    ----------
    matrix : DataFrame, shape (p, p)
        Covariances (divisor N-1) or correlations, labelled on both sides.
    kind : {"covariance", "correlation"}
        Which of the two.
    n_obs : int
        Number of cases behind it.
    sd, mean : Series, shape (p,), or None
        Standard deviations and means, where printed.
    where : str
        The print.
    """

    matrix: pd.DataFrame
    kind: Literal["covariance", "correlation"]
    n_obs: int
    sd: pd.Series[float] | None = None
    mean: pd.Series[float] | None = None
    where: str = ""


class Study(Shown):
    """The plan of a study.

    Parameters
    ----------
    title : str
        What the study is about.
    constructs : mapping of str to Construct
        Made with :func:`reflective` or :func:`second_order`; an item range alone is enough.
    hypotheses : sequence of str, or mapping, optional
        ``["H1: trust -> sharing", "H2: cost -> trust (-)"]``, or ``{"H1": "trust -> sharing"}``.
        ``"H12: trust -> sharing -> performance"`` is about the indirect effect along that chain.
        Their order is the order in every table. Without any, only the measurement step is run.
    name : str, optional
        Short name.
    data : path, optional
        Survey file. A table of answers is given to :func:`~trustsem.study.two_step` instead.
    codebook : path, optional
        A second file with the labels and missing codes of a survey whose format has none.
    chunk_rows : int, optional
        Rows of the survey file that are in memory at once; by default a file of many rows is read
        in parts and another one whole.
    scale : (float, float), optional
        Lowest and highest answer of all items; an answer outside is an error.
    missing_codes : sequence of float, optional
        Codes that mean "no answer", on top of those that the file declares.
    columns : mapping of str to str, optional
        Item to the name of its column in the file, where they differ.
    recode : mapping of str to mapping, optional
        New code by present code, for each variable that is recoded: ``{"x1": {9: 5}}``.
    screening : mapping, optional
        What is known about the respondents, and the rules that drop cases: ``id, profile,
        duration, minimum_duration, attention, wave, late, wave_share, drop``.
    moments : mapping, optional
        Printed matrix instead of data: ``variables, n_obs, matrix, kind, sd, mean, where``.
    covary : sequence of (str, str), optional
        Constructs whose residuals covary in the structural model.
    residual_covariances : sequence of (str, str), optional
        Items whose residuals covary, in both steps.
    observed : mapping of str to str, optional
        Observed variable that takes part in hypotheses to its label.
    effects : mapping of str to str, optional
        Effects to be reported by name: ``{"mediation": "trust -> sharing -> performance"}``.
    controls : mapping of str to sequence of str, optional
        Construct or further observed variable to the constructs that it explains beside the
        hypotheses.
    rivals : mapping of str to mapping, optional
        ``{"direct": {"add": ["trust -> performance"]}}``.
    bias : mapping, optional
        Common method battery: ``method_factor, marker, marker_items, marker_correlation``.
    groups : mapping, optional
        Groups to compare: ``by, levels, criterion, partial``.
    interactions : mapping of str to str or mapping, optional
        ``{"H12": "trust x goal -> sharing"}``.
    thresholds : mapping, optional
        Cutoffs by name, as in :class:`trustsem.validity.thresholds.Thresholds`.
    published : mapping, optional
        ``reference, values, claims`` of the publication.
    multiverse : mapping, optional
        Defensible choices, all combinations of which are estimated: ``estimator, likelihood,
        missing, answers, outliers, weak_items, items, residual_covariances, controls,
        method_factor, structure, limit``.
    power : mapping, optional
        ``n, samples, goal``, and the population that theory expects: ``loadings, paths,
        correlations``, standardised.
    run : mapping, optional
        ``seed, bootstrap, influence, power, cutoffs, multiverse, workers, second_engine``.
    description, reference : str, optional
        For readers.
    synthetic : bool, optional
        Whether the study's own data were made by a generator.
    **options
        Options of the estimation: ``estimator, likelihood, missing, information, se, test,
        std_lv, meanstructure, fixed_x, ordered, parameterization``.

    Raises
    ------
    PlanError
        If the plan has mistakes; all of them are listed.

    Examples
    --------
    >>> study = Study(
    ...     title="Trust and sharing",
    ...     constructs={"trust": reflective("bt1:bt3"), "sharing": reflective("is1:is3")},
    ...     hypotheses=["H1: trust -> sharing"],
    ... )
    >>> print(study.measurement_model())
    trust =~ bt1 + bt2 + bt3
    sharing =~ is1 + is2 + is3
    """

    __slots__ = ("_plan", "_raw", "_residuals", "folder", "source")

    _plan: ParsedPlan
    _raw: Mapping[str, Any]
    _residuals: Mapping[str, float]
    folder: Path
    source: Path | None

    def __init__(
        self,
        *,
        title: str,
        constructs: Mapping[str, Construct | str | Sequence[str] | Mapping[str, Any]],
        hypotheses: Sequence[str] | Mapping[str, Any] = (),
        name: str = "",
        data: str | Path | None = None,
        codebook: str | Path | None = None,
        chunk_rows: int | None = None,
        scale: Sequence[float] | None = None,
        missing_codes: Sequence[float] = (),
        columns: Mapping[str, str] | None = None,
        recode: Mapping[str, Mapping[Any, Any]] | None = None,
        screening: Mapping[str, Any] | None = None,
        moments: Mapping[str, Any] | None = None,
        covary: Sequence[Sequence[str]] = (),
        residual_covariances: Sequence[Sequence[str]] = (),
        observed: Mapping[str, Any] | None = None,
        effects: Mapping[str, Any] | None = None,
        controls: Mapping[str, Sequence[str]] | None = None,
        rivals: Mapping[str, Any] | None = None,
        bias: Mapping[str, Any] | None = None,
        groups: Mapping[str, Any] | None = None,
        interactions: Mapping[str, Any] | None = None,
        thresholds: Mapping[str, Any] | None = None,
        published: Mapping[str, Any] | None = None,
        multiverse: Mapping[str, Any] | None = None,
        power: Mapping[str, Any] | None = None,
        run: Mapping[str, Any] | None = None,
        description: str = "",
        reference: str = "",
        synthetic: bool = False,
        **options: Any,
    ) -> None:
        if data is not None and not isinstance(data, str | Path):
            raise PlanError(
                f"A study names its data by a path, got {type(data).__name__}.",
                remedy="Give the table to the run: two_step(study, data=table).",
            )
        if not isinstance(constructs, Mapping):
            raise PlanError(
                f"constructs must be a mapping, got {type(constructs).__name__}.",
                remedy="Write them like {'trust': reflective('bt1:bt5')}.",
            )
        sections = {
            "data": _filled(
                path=None if data is None else str(data),
                codebook=None if codebook is None else str(codebook),
                chunk_rows=chunk_rows,
                scale=None if scale is None else list(scale),
                missing=list(missing_codes),
                columns=dict(columns or {}),
            ),
            "recode": {name: _plain_codes(codes) for name, codes in (recode or {}).items()},
            "screening": dict(screening or {}),
            "moments": None if moments is None else _plain_moments(moments),
            "constructs": {key: _plain_construct(value) for key, value in constructs.items()},
            "observed": dict(observed or {}),
            "hypotheses": _plain_hypotheses(hypotheses),
            "effects": dict(effects or {}),
            "controls": {key: list(value) for key, value in (controls or {}).items()},
            "model": _filled(
                covary=[list(pair) for pair in covary],
                residual_covariances=[list(pair) for pair in residual_covariances],
                **options,
            ),
            "rivals": dict(rivals or {}),
            "bias": None if bias is None else {**_METHOD_FACTOR, **bias},
            "groups": None if groups is None else dict(groups),
            "interactions": dict(interactions or {}),
            "thresholds": dict(thresholds or {}),
            "published": dict(published or {}),
            "multiverse": None if multiverse is None else _copied(multiverse),
            "power": None if power is None else _copied(power),
            "run": dict(run or {}),
        }
        head = _filled(
            title=title, name=name, description=description, reference=reference,
            synthetic=synthetic,
        )  # fmt: skip
        raw = {"schema": 1, **head, **_filled(**sections)}
        plan, mistakes = parse_plan(raw)
        if mistakes:
            lines = "".join(f"\n  {mistake}" for mistake in mistakes)
            raise PlanError(f"{len(mistakes)} mistake(s) in the study:{lines}")
        _fill(self, plan, raw, folder=Path(), source=None)

    @classmethod
    def from_parsed(
        cls, plan: ParsedPlan, raw: Mapping[str, Any], *, folder: Path, source: Path | None
    ) -> Study:
        """Make a study of a plan that has been checked and has no mistakes.

        Parameters
        ----------
        plan : ParsedPlan
            Checked sections.
        raw : mapping
            The same as plain values.
        folder : Path
            Folder that relative data paths start from.
        source : Path or None
            The study file.
        """
        study = cls.__new__(cls)
        _fill(study, plan, raw, folder=folder, source=source)
        return study

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse changes: a study is a value."""
        raise AttributeError(f"A study is not changed; make a new one (attribute {name!r}).")

    def __eq__(self, other: object) -> bool:
        """Compare plans by their content."""
        return isinstance(other, Study) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash the plan's text."""
        return hash(self.to_toml())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the plan as its plain values."""
        return _unpickled, (self.to_dict(), self.folder, self.source)

    @property
    def title(self) -> str:
        """What the study is about."""
        return self._plan.head.title if self._plan.head else ""

    @property
    def name(self) -> str:
        """Short name: the study's own, or that of its file."""
        own = self._plan.head.name if self._plan.head else ""
        return own or (self.source.stem if self.source else "study")

    @property
    def description(self) -> str:
        """What a reader should know about the study."""
        return self._plan.head.description if self._plan.head else ""

    @property
    def reference(self) -> str:
        """The publication that the study is about."""
        return self._plan.head.reference if self._plan.head else ""

    @property
    def synthetic(self) -> bool:
        """Whether the study's own data were made by a generator."""
        return bool(self._plan.head and self._plan.head.synthetic)

    @property
    def constructs(self) -> Mapping[str, Construct]:
        """Constructs by name, in the order of the plan."""
        return MappingProxyType(
            {
                name: _construct(name, entry)
                for name, entry in self._plan.constructs.items()
                if entry
            }
        )

    @property
    def items(self) -> tuple[str, ...]:
        """All items in order."""
        return tuple(self._plan.construct_of)

    @property
    def construct_of(self) -> Mapping[str, str]:
        """Each item's construct."""
        return MappingProxyType(self._plan.construct_of)

    @property
    def labels(self) -> Mapping[str, str]:
        """What constructs and observed variables are called for readers."""
        labels = {name: entry.label for name, entry in self.constructs.items()}
        return MappingProxyType({**labels, **self.observed})

    @property
    def items_of(self) -> Mapping[str, tuple[str, ...]]:
        """Items by construct, for the constructs that have items."""
        return MappingProxyType(
            {name: entry.items for name, entry in self.constructs.items() if entry.items}
        )

    @property
    def parts_of(self) -> Mapping[str, tuple[str, ...]]:
        """Constructs by the construct of second order that they reflect."""
        return MappingProxyType(
            {name: entry.of for name, entry in self.constructs.items() if entry.of}
        )

    @property
    def observed(self) -> Mapping[str, str]:
        """Observed variables that take part in hypotheses, with their labels."""
        entries = self._plan.observed.items()
        return MappingProxyType({name: entry.label or name for name, entry in entries if entry})

    @property
    def reliabilities(self) -> Mapping[str, float]:
        """Assumed reliability of each single item that has one."""
        return MappingProxyType(
            {
                entry.items[0]: entry.reliability
                for entry in self.constructs.values()
                if entry.reliability is not None
            }
        )

    @property
    def reversed_items(self) -> tuple[str, ...]:
        """Items that are recoded before anything is estimated."""
        return tuple(item for entry in self.constructs.values() for item in entry.reverse)

    @property
    def scales(self) -> Mapping[str, tuple[float, float]]:
        """Lowest and highest answer of each item that has a declared scale."""
        scales = {
            item: entry.scale or self._plan.data.scale
            for entry in self.constructs.values()
            for item in entry.items
        }
        return MappingProxyType({item: scale for item, scale in scales.items() if scale})

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """Hypotheses in the order of the plan; empty for a measurement-only study."""
        return tuple(
            Hypothesis(
                name,
                *entry.ends,
                sign=entry.sign,
                tails=entry.tails,
                text=entry.text,
                via=entry.chain[1:-1],
            )
            for name, entry in self._plan.hypotheses.items()
            if entry
        )

    @property
    def paths(self) -> tuple[tuple[str, str], ...]:
        """(predictor, outcome) of every hypothesis about a single path."""
        return tuple(self._plan.paths)

    @property
    def effects(self) -> Mapping[str, EffectSection]:
        """Effects to be reported by name."""
        return MappingProxyType({key: entry for key, entry in self._plan.effects.items() if entry})

    @property
    def controls(self) -> Mapping[str, tuple[str, ...]]:
        """Constructs and further observed variables that explain outcomes beside the hypotheses."""
        return MappingProxyType(dict(self._plan.controls))

    @property
    def control_paths(self) -> tuple[tuple[str, str], ...]:
        """(control, outcome) pairs."""
        pairs = (
            (name, outcome) for name, outcomes in self.controls.items() for outcome in outcomes
        )
        return tuple(pairs)

    @property
    def variables(self) -> tuple[str, ...]:
        """Every observed variable: items, those of hypotheses, then controls."""
        return tuple(self._plan.variables)

    @property
    def covary(self) -> tuple[tuple[str, str], ...]:
        """Constructs whose residuals covary in the structural model."""
        return self._plan.model.covary

    @property
    def residual_covariances(self) -> tuple[tuple[str, str], ...]:
        """Items whose residuals covary in both steps."""
        return self._plan.model.residual_covariances

    @property
    def options(self) -> Mapping[str, Any]:
        """Options of the estimation that the study sets."""
        return MappingProxyType(self._plan.model.options)

    @property
    def rivals(self) -> Mapping[str, RivalSection]:
        """Rival theories by name."""
        return MappingProxyType({key: entry for key, entry in self._plan.rivals.items() if entry})

    @property
    def bias(self) -> BiasSection | None:
        """What is done about common method variance; None: nothing beyond step one."""
        return self._plan.bias

    @property
    def bias_items(self) -> tuple[str, ...]:
        """Items of a marker that is no construct of the study."""
        return self._plan.bias.marker_items if self._plan.bias else ()

    @property
    def groups(self) -> GroupsSection | None:
        """The groups that are compared."""
        return self._plan.groups

    @property
    def interactions(self) -> Mapping[str, InteractionSection]:
        """Latent interactions by name."""
        found = {key: entry for key, entry in self._plan.interactions.items() if entry}
        return MappingProxyType(found)

    @property
    def thresholds(self) -> Thresholds:
        """Criteria of the findings, the study's own before the usual ones."""
        return Thresholds.from_mapping(self._plan.thresholds)

    @property
    def published(self) -> PublishedSection:
        """What a publication says about this study."""
        return self._plan.published

    @property
    def multiverse(self) -> MultiverseSection | None:
        """The choices whose combinations are estimated; None: only the study's own."""
        return self._plan.multiverse

    @property
    def power(self) -> PowerSection:
        """Numbers of cases to simulate, and the population that theory expects."""
        return self._plan.power or PowerSection()

    @property
    def hypothesised(self) -> pd.DataFrame:
        """Correlations of all observed variables in the population of section ``[power]``.

        Raises
        ------
        PlanError
            If it states none.
        """
        if self._plan.power is None or not self._plan.power.states_population:
            raise PlanError(
                f"The study {self.name!r} does not say what values its theory expects.",
                remedy="Give it a section [power] with loadings, paths and correlations.",
            )
        return hypothesised_correlations(self._plan)

    @property
    def run(self) -> RunSection:
        """Choices that change how, not what, is estimated."""
        return self._plan.run

    @property
    def missing_codes(self) -> tuple[float, ...]:
        """Codes that mean "no answer", on top of those that the file declares."""
        return self._plan.data.missing

    @property
    def columns(self) -> Mapping[str, str]:
        """Variable of the study to its column in the file, where they differ."""
        return MappingProxyType(dict(self._plan.data.columns))

    @property
    def recode(self) -> Mapping[str, Mapping[Code, Code]]:
        """New code by present code, for each variable that is recoded."""
        return MappingProxyType(
            {name: MappingProxyType(dict(codes)) for name, codes in self._plan.recode.items()}
        )

    @property
    def screening(self) -> ScreeningPlan:
        """What is known about the respondents, and the rules that drop cases."""
        section = self._plan.screening
        return ScreeningPlan(
            id=section.id,
            profile=section.profile,
            duration=section.duration,
            minimum_duration=section.minimum_duration,
            attention=MappingProxyType(dict(section.attention)),
            wave=section.wave,
            late=section.late,
            drop=section.drop,
            **({} if section.wave_share is None else {"wave_share": section.wave_share}),
        )

    @property
    def data_file(self) -> Path | None:
        """The study's own data file, or None."""
        return self._place(self._plan.data.path)

    @property
    def chunk_rows(self) -> int | None:
        """Rows that are read at once; None where the length of the file decides."""
        return self._plan.data.chunk_rows

    @property
    def codebook_file(self) -> Path | None:
        """The file with the labels and missing codes of the study's data, or None."""
        return self._place(self._plan.data.codebook)

    def _place(self, written: str | None) -> Path | None:
        """Return the path of a file that the plan names."""
        if written is None:
            return None
        if written.startswith(SHIPPED):
            return data_path(written.removeprefix(SHIPPED))
        return self.folder / written

    @property
    def moments(self) -> PrintedMoments | None:
        """The study's own printed matrix, or None."""
        section = self._plan.moments
        if section is None:
            return None
        names = list(section.variables)
        matrix = full_matrix(section.matrix, len(names))
        return PrintedMoments(
            matrix=pd.DataFrame((matrix + matrix.T) / 2, index=names, columns=names),
            kind=section.kind,
            n_obs=section.n_obs,
            sd=pd.Series(section.sd, index=names, dtype=float) if section.sd else None,
            mean=pd.Series(section.mean, index=names, dtype=float) if section.mean else None,
            where=section.where,
        )

    @property
    def printed_options(self) -> dict[str, Any]:
        """The printed matrix as options of ``cfa()`` and ``sem()``; empty without one."""
        moments = self.moments
        if moments is None:
            return {}
        variables = [*self.variables, *self.bias_items]
        given: dict[str, Any] = {
            "sample_cov": moments.matrix.loc[variables, variables],
            "sample_nobs": moments.n_obs,
        }
        if moments.sd is not None:
            given["sample_sd"] = moments.sd.loc[variables]
        if moments.mean is not None:
            given["sample_mean"] = moments.mean.loc[variables]
        return given

    @property
    def design(self) -> syntax.Design:
        """What is measured by what, as the models of both steps are written from it.

        Raises
        ------
        PlanError
            If residual variances follow from assumed reliabilities and no data are known yet.
        """
        unknown = [item for item in self.reliabilities if item not in self._residuals]
        if unknown:
            raise PlanError(
                f"The residual variance of {listed(unknown)} follows from its assumed reliability "
                "and its variance in the data, which are not known here.",
                remedy="Run the study with two_step(), or call .with_variances() first.",
            )
        return syntax.Design(
            self.items_of,
            self.parts_of,
            self.residual_covariances,
            dict(self._residuals),
            tuple(self.observed),
            tuple(name for name in self.controls if name not in self.constructs),
        )

    def with_variances(self, variances: Mapping[str, float]) -> Study:
        """Return the study with the residual variances that assumed reliabilities imply.

        Parameters
        ----------
        variances : mapping of str to float
            Variance of each item that has an assumed reliability, with the divisor of the
            analysis; squared scale points.

        Notes
        -----
        The residual variance of an item is :math:`(1 - r)s^2` [joreskog1993]_.
        """
        study = Study.from_parsed(self._plan, self._raw, folder=self.folder, source=self.source)
        residuals = {item: (1 - r) * variances[item] for item, r in self.reliabilities.items()}
        object.__setattr__(study, "_residuals", residuals)
        return study

    def measurement_model(self) -> str:
        """Return the model of step one: constructs with items, all of them free to covary."""
        return syntax.measurement_model(self.design)

    def saturated_model(self) -> str:
        """Return the model in which all that step two relates covaries freely (Ms)."""
        return syntax.saturated_model(self.design)

    def structural_model(self) -> str:
        """Return the model of step two: the measurement model and the hypothesised paths.

        Raises
        ------
        PlanError
            If the study has no hypotheses.
        """
        if not self.hypotheses:
            raise PlanError(
                f"The study {self.name!r} has no hypotheses, hence no structural model.",
                remedy="Add a section [hypotheses].",
            )
        paths = (*self.paths, *self.control_paths)
        return syntax.structural_model(self.design, paths, self.covary)

    def rival_model(self, name: str) -> str:
        """Return the structural model of a rival theory.

        Raises
        ------
        PlanError
            If the study has no rival of that name.
        """
        return self.alternative_model(self.rival(name))

    def rival_paths(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the (predictor, outcome) pairs of a rival theory.

        Raises
        ------
        PlanError
            If the study has no rival of that name.
        """
        return self.rival(name).paths

    def rival(self, name: str) -> Alternative:
        """Return a rival theory.

        Raises
        ------
        PlanError
            If the study has no rival of that name.
        """
        if name not in self.rivals:
            raise PlanError(
                f"The study has no rival {name!r}.{did_you_mean(name, self.rivals)}",
                remedy=f"Its rivals: {listed(self.rivals) or 'none'}.",
            )
        return rival_alternative(self.theory, name, self.rivals[name])

    @property
    def theory(self) -> Alternative:
        """The study's own theory (Mt) as paths and covariances."""
        every = (*self.paths, *self.control_paths)
        free = syntax.free_covariances(self.design, every, self.covary)
        return Alternative("theory", self.paths, self.control_paths, free)

    def derived_alternatives(self) -> dict[str, Alternative]:
        """Return the alternatives Mu, Mc and Mn that follow from the theory, by id."""
        return {
            "Mu": unconstrained_alternative(self.theory, self.design.nodes),
            "Mc": constrained_alternative(self.theory),
            "Mn": null_alternative(self.theory, self.design.covariates),
        }

    def alternative_model(
        self,
        alternative: Alternative,
        loadings: Mapping[tuple[str, str], float] | None = None,
    ) -> str:
        """Return the structural model of an alternative to the theory.

        Parameters
        ----------
        alternative : Alternative
            What it relates.
        loadings : mapping of (str, str) to float, optional
            Loading by construct and item, for constructs that need one to be identified.
        """
        paths = (*alternative.paths, *alternative.controls)
        return syntax.nested_model(self.design, paths, alternative.covariances, loadings or {})

    def measurement_only(self) -> Study:
        """Return the study without its hypotheses and all that depends on them."""
        raw = {key: value for key, value in self.to_dict().items() if key not in _OF_STEP_TWO}
        raw["model"] = {
            key: value for key, value in raw.get("model", {}).items() if key != "covary"
        }
        plan, _ = parse_plan(raw)
        return Study.from_parsed(plan, raw, folder=self.folder, source=self.source)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, in the shape of a study file."""
        raw = {**self._raw, "name": self.name}
        raw["constructs"] = {name: entry.to_dict() for name, entry in self.constructs.items()}
        raw["hypotheses"] = {entry.name: entry.to_value() for entry in self.hypotheses}
        if self.bias is not None:
            raw["bias"] = {**_METHOD_FACTOR, **raw["bias"]}
        head = {key: raw.pop(key) for key in ("schema", "title", "name") if key in raw}
        filled = {key: value for key, value in raw.items() if value not in ({}, [])}
        return {key: _copied(value) for key, value in (head | filled).items()}

    def to_toml(self) -> str:
        """Return the plan as the text of a study file."""
        return toml_text(self.to_dict())

    def _page(self) -> Page:
        """Return the plan on one screen."""
        constructs = [
            (entry.name, entry.label, " ".join(entry.items) or f"of {', '.join(entry.of)}",
             " ".join(entry.reverse))
            for entry in self.constructs.values()
        ]  # fmt: skip
        hypotheses = [(entry.name, entry.path, entry.sign) for entry in self.hypotheses]
        return Page(
            (
                tuple(f"{label}: {text}" for label, text in self._overview()),
                _listing("constructs", constructs, _CONSTRUCT_COLUMNS),
                _listing("hypotheses", hypotheses, _HYPOTHESIS_COLUMNS),
            ),
            title=f"Study {self.name}: {self.title}",
        )

    def _overview(self) -> Iterable[tuple[str, str]]:
        """Label and text of the facts that the display begins with."""
        if self.reference:
            yield "reference", self.reference
        if self._plan.moments is not None:
            yield (
                "data",
                f"printed {self._plan.moments.kind} matrix, N = {self._plan.moments.n_obs}",
            )
        else:
            kind = " (synthetic)" if self.synthetic else ""
            yield "data", (self._plan.data.path or "to be given with the run") + kind
        if self.options:
            yield "options", ", ".join(f"{key} = {value}" for key, value in self.options.items())
        if self.rivals:
            yield "rivals", ", ".join(self.rivals)
        if not self.hypotheses:
            yield "hypotheses", "none: measurement only"


_CONSTRUCT_COLUMNS = {
    "name": "Name", "construct": "Construct", "items": "Items", "reverse": "Reversed",
}  # fmt: skip
_HYPOTHESIS_COLUMNS = {"hypothesis": "H", "path": "Path", "sign": "Sign"}


def _listing(name: str, rows: Sequence[Sequence[str]], headers: Mapping[str, str]) -> Table:
    """Return texts as a table; columns in which nothing stands are left out."""
    frame = pd.DataFrame(rows, columns=list(headers))
    return Table(
        name,
        f"{name.capitalize()} ({len(frame)})",
        frame,
        show=tuple(column for column in headers if frame[column].any()),
        columns={column: display.Column(text, display.TEXT) for column, text in headers.items()},
    )


def _fill(
    study: Study, plan: ParsedPlan, raw: Mapping[str, Any], *, folder: Path, source: Path | None
) -> None:
    """Set the attributes of a new study."""
    values = {"_plan": plan, "_raw": raw, "_residuals": {}, "folder": folder, "source": source}
    for name, value in values.items():
        object.__setattr__(study, name, value)


def _unpickled(raw: Mapping[str, Any], folder: Path, source: Path | None) -> Study:
    """Return a study from its plain values."""
    return Study.from_parsed(parse_plan(raw)[0], raw, folder=folder, source=source)


def _construct(name: str, entry: ConstructSection) -> Construct:
    """Return a construct of the plan."""
    return Construct(
        entry.items,
        entry.label or name,
        entry.reverse,
        entry.scale,
        name,
        entry.of,
        entry.reliability,
    )


def _filled(**values: Any) -> dict[str, Any]:
    """Return the values that say something."""
    return {
        key: value
        for key, value in values.items()
        if not (value is None or (value is False and key == "synthetic") or value in ("", [], {}))
    }


def _copied(value: Any) -> Any:
    """Return plain values as new lists and dictionaries."""
    if isinstance(value, Mapping):
        return {str(key): _copied(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(inner) for inner in value]
    return value


def _plain_construct(value: Any) -> Any:
    """Return a construct given from Python as in a study file."""
    if isinstance(value, Construct):
        return replace(value, name="").to_dict()
    if isinstance(value, str | list | tuple):
        return {"items": value if isinstance(value, str) else list(value)}
    return value


def _plain_hypotheses(hypotheses: Any) -> Any:
    """Return hypotheses given from Python as in a study file."""
    if isinstance(hypotheses, Mapping):
        return dict(hypotheses)
    if isinstance(hypotheses, str):
        hypotheses = (hypotheses,)
    entries: dict[str, Any] = {}
    for number, hypothesis in enumerate(hypotheses, start=1):
        if isinstance(hypothesis, Hypothesis):
            name, value = hypothesis.name, hypothesis.to_value()
        else:
            before, colon, after = str(hypothesis).partition(":")
            name, value = (before.strip(), after.strip()) if colon else (f"H{number}", before)
        if name in entries:
            raise PlanError(f"Two hypotheses are called {name!r}.")
        entries[name] = value
    return entries


def _plain_codes(codes: Any) -> Any:
    """Return new codes given from Python as in a study file, where codes are keys."""
    if not isinstance(codes, Mapping):
        return codes
    return {code if isinstance(code, str) else code_text(code): new for code, new in codes.items()}


def _plain_moments(moments: Mapping[str, Any]) -> dict[str, Any]:
    """Return printed moments as in a study file; a labelled DataFrame names its variables."""
    plain = dict(moments)
    matrix = plain.get("matrix")
    if isinstance(matrix, pd.DataFrame):
        plain.setdefault("variables", [str(name) for name in matrix.columns])
        plain["matrix"] = matrix.to_numpy(dtype=float).tolist()
    elif isinstance(matrix, np.ndarray):
        plain["matrix"] = matrix.tolist()
    return plain
