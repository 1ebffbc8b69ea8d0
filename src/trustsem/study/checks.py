"""Which mistakes does a study plan hold? All of them, at once, each with its key.

:func:`parse_plan` checks every section for itself (:mod:`trustsem.study.sections`), then the
sections against each other. A section that is wrong in itself is left out of the second step, so
that one slip is reported once.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from trustsem.errors import SpecificationError, UnknownOptionError, did_you_mean, listed
from trustsem.options import Options
from trustsem.study.hypothesised import population_mistakes
from trustsem.study.quantities import quantity_mistake
from trustsem.study.sections import (
    ENDS,
    NAME,
    BiasSection,
    Codes,
    ConstructSection,
    DataSection,
    EffectSection,
    GroupsSection,
    Head,
    HypothesisSection,
    InteractionSection,
    ModelSection,
    MomentsSection,
    MultiverseSection,
    ObservedSection,
    PowerSection,
    PublishedSection,
    RivalSection,
    RunSection,
    ScreeningSection,
    Section,
    item_names,
)
from trustsem.validity.thresholds import Thresholds

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from trustsem.survey.rules import Rule

SECTIONS = (
    "data", "recode", "screening", "moments", "constructs", "observed", "hypotheses", "effects",
    "controls", "model", "rivals", "bias", "groups", "interactions", "thresholds", "published",
    "multiverse", "power", "run",
)  # fmt: skip
"""The sections of a study file, in the order in which they are written."""

THEORY, KEEP = "theory", "keep"
"""What the study's own structure, and the choice to drop nothing, are called."""

FIXED_OWN = {
    "weak_items": KEEP,
    "items": KEEP,
    "residual_covariances": "with",
    "controls": "with",
    "method_factor": "without",
    "structure": THEORY,
}
"""What a study itself always does about these choices."""

_HEAD_KEYS = ("schema", "title", "name", "description", "reference", "synthetic")
_ROUNDING = 1e-9
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
_HALF_A_PAIR_IS = "holds a character that no file can hold (half of a surrogate pair)"
_S = TypeVar("_S", bound=Section)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: the key that it is about, as a path, and what is wrong with it."""

    key: tuple[str | int, ...]
    what: str

    def __str__(self) -> str:
        """Return the key as written in a study file, and what is wrong."""
        key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in self.key)
        return f"{key.removeprefix('.')}: {self.what}" if key else self.what


@dataclass(frozen=True, slots=True)
class ParsedPlan:
    """The sections of a plan. An entry that is wrong in itself is None under its name."""

    head: Head | None = None
    data: DataSection = field(default_factory=DataSection)
    recode: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)
    screening: ScreeningSection = field(default_factory=ScreeningSection)
    moments: MomentsSection | None = None
    constructs: Mapping[str, ConstructSection | None] = field(default_factory=dict)
    observed: Mapping[str, ObservedSection | None] = field(default_factory=dict)
    hypotheses: Mapping[str, HypothesisSection | None] = field(default_factory=dict)
    effects: Mapping[str, EffectSection | None] = field(default_factory=dict)
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    model: ModelSection = field(default_factory=ModelSection)
    rivals: Mapping[str, RivalSection | None] = field(default_factory=dict)
    bias: BiasSection | None = None
    groups: GroupsSection | None = None
    interactions: Mapping[str, InteractionSection | None] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    published: PublishedSection = field(default_factory=PublishedSection)
    multiverse: MultiverseSection | None = None
    power: PowerSection | None = None
    run: RunSection = field(default_factory=RunSection)
    scaled: frozenset[str] = frozenset()
    """Constructs with a scale in the plan, be it wrong; ``"*"`` if the study has one."""

    @property
    def construct_of(self) -> dict[str, str]:
        """Each item with its (first) construct."""
        owners: dict[str, str] = {}
        for name, construct in self.constructs.items():
            for item in construct.items if construct else ():
                owners.setdefault(item, name)
        return owners

    @property
    def paths(self) -> dict[tuple[str, str], str]:
        """Each hypothesised (predictor, outcome) with its (first) hypothesis."""
        paths: dict[tuple[str, str], str] = {}
        for name, hypothesis in self.hypotheses.items():
            if hypothesis and len(hypothesis.chain) == ENDS:
                paths.setdefault(hypothesis.ends, name)
        return paths

    @property
    def steps(self) -> set[tuple[str, str]]:
        """Every path of the structural model, those of controls among them."""
        controlled = {(name, end) for name, ends in self.controls.items() for end in ends}
        return {*self.paths, *controlled}

    @property
    def part_of(self) -> dict[str, str]:
        """Each part of a second-order construct with the (first) construct that it reflects."""
        owners: dict[str, str] = {}
        for name, construct in self.constructs.items():
            for part in construct.of if construct else ():
                owners.setdefault(part, name)
        return owners

    @property
    def nodes(self) -> dict[str, None]:
        """What hypotheses can be about: constructs that are no part of another, and observed."""
        return dict.fromkeys(
            [*(n for n in self.constructs if n not in self.part_of), *self.observed]
        )

    @property
    def variables(self) -> dict[str, None]:
        """Every observed variable: items, observed ones, controls that are no constructs."""
        controls = (name for name in self.controls if name not in self.constructs)
        return dict.fromkeys([*self.construct_of, *self.observed, *controls])


def parse_plan(raw: Mapping[str, Any]) -> tuple[ParsedPlan, list[Mistake]]:
    """Check a plan as read from TOML, or as given from Python.

    Parameters
    ----------
    raw : mapping
        The study file's keys and sections as plain values.

    Returns
    -------
    (ParsedPlan, list of Mistake)
        The sections, and every mistake found; the plan is to be used only if there is none.
    """
    reader = _Reader(raw)
    plan = reader.read()
    mistakes = list(reader.mistakes)
    for check in CROSS_CHECKS:
        mistakes.extend(check(plan))
    return plan, mistakes


class _Reader:
    """Reads section after section and collects what is wrong with each."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.mistakes: list[Mistake] = []

    def read(self) -> ParsedPlan:
        """Return what could be read."""
        known = (*_HEAD_KEYS, *SECTIONS)
        for key in self.raw:
            if key not in known:
                self.note((key,), f"unknown key.{did_you_mean(key, known)}")
        self.texts(self.raw)
        head = {key: self.raw[key] for key in _HEAD_KEYS if key in self.raw}
        return ParsedPlan(
            head=self.section(Head, (), head),
            data=self.named("data", DataSection) or DataSection(),
            recode=self.recode(),
            screening=self.named("screening", ScreeningSection) or ScreeningSection(),
            moments=self.named("moments", MomentsSection),
            constructs=self.entries("constructs", ConstructSection),
            observed=self.entries("observed", ObservedSection),
            hypotheses=self.entries("hypotheses", HypothesisSection),
            effects=self.entries("effects", EffectSection),
            controls=self.controls(),
            model=self.named("model", ModelSection) or ModelSection(),
            rivals=self.entries("rivals", RivalSection),
            bias=self.named("bias", BiasSection),
            groups=self.named("groups", GroupsSection),
            interactions=self.entries("interactions", InteractionSection),
            thresholds=self.thresholds(),
            published=self.named("published", PublishedSection) or PublishedSection(),
            multiverse=self.named("multiverse", MultiverseSection),
            power=self.named("power", PowerSection),
            run=self.named("run", RunSection) or RunSection(),
            scaled=self.scaled(),
        )

    def texts(self, value: Any, place: tuple[str | int, ...] = ()) -> None:
        """Record names and texts, at any depth, that could not be written to a file."""
        if isinstance(value, str) and _HALF_A_PAIR.search(value):
            self.note(place, f"the text {_HALF_A_PAIR_IS}")
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                if _HALF_A_PAIR.search(str(key)):
                    self.note((*place, str(key)), f"the name {_HALF_A_PAIR_IS}")
                self.texts(inner, (*place, str(key)))
        elif isinstance(value, list | tuple):
            for position, inner in enumerate(value):
                self.texts(inner, (*place, position))

    def note(self, key: tuple[str | int, ...], what: str) -> None:
        """Record one mistake."""
        self.mistakes.append(Mistake(key, what))

    def section(self, kind: type[_S], key: tuple[str | int, ...], value: Any) -> _S | None:
        """Return one section after recording its mistakes: without the wrong keys, or None."""
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            details = error.errors()
        for detail in details:
            if detail["type"] != "string_unicode":  # which texts() has recorded
                self.note((*key, *_place(detail)), _explained(detail, kind))
        wrong = {detail["loc"][0] for detail in details if detail["loc"]}
        if not isinstance(value, Mapping) or not wrong:
            return None
        try:
            return kind.model_validate({k: v for k, v in value.items() if k not in wrong})
        except ValidationError:
            return None

    def named(self, name: str, kind: type[_S]) -> _S | None:
        """Return the section of a name, or None if it is absent or wrong."""
        if name not in self.raw:
            return None
        return self.section(kind, (name,), self.raw[name])

    def table(self, name: str) -> Mapping[str, Any]:
        """Return a section whose keys are names chosen by the user."""
        value = self.raw.get(name, {})
        if isinstance(value, Mapping):
            return value
        self.note((name,), f"must be a section [{name}], got {value!r}")
        return {}

    def entries(self, name: str, kind: type[_S]) -> dict[str, _S | None]:
        """Return every entry of a section, None for those that are wrong in themselves."""
        return {
            key: self.section(kind, (name, key), value) for key, value in self.table(name).items()
        }

    def recode(self) -> dict[str, Mapping[Any, Any]]:
        """Return the new codes of each variable."""
        adapter = TypeAdapter(Codes)
        found: dict[str, Mapping[Any, Any]] = {}
        for name, codes in self.table("recode").items():
            try:
                found[name] = adapter.validate_python(codes)
            except ValidationError as error:
                self.note(("recode", name), _explained(error.errors()[0], Section))
        return found

    def thresholds(self) -> dict[str, float]:
        """Return the thresholds that are set and possible."""
        chosen = {}
        for name, value in self.table("thresholds").items():
            try:
                Thresholds.from_mapping({name: value})
            except SpecificationError as error:
                self.note(("thresholds", name), str(error))
            else:
                chosen[name] = value
        return chosen

    def scaled(self) -> frozenset[str]:
        """Return the constructs for which a scale is written, ``"*"`` for the whole study."""
        entries = {**_mapping(self.raw.get("constructs")), "*": self.raw.get("data")}
        return frozenset(name for name, entry in entries.items() if "scale" in _mapping(entry))

    def controls(self) -> dict[str, tuple[str, ...]]:
        """Return each control with the constructs that it explains."""
        controls = {}
        for name, outcomes in self.table("controls").items():
            try:
                controls[name] = item_names(outcomes)
            except (TypeError, ValueError, AttributeError):
                self.note(("controls", name), f"must be a list of constructs, got {outcomes!r}")
        return controls


def _mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping, empty where the value is none."""
    return value if isinstance(value, Mapping) else {}


def _place(detail: ErrorDetails) -> tuple[str | int, ...]:
    """Return where a mistake is, without the branches of unions that pydantic adds."""
    inner = {"str", "int", "float", "[key]"}
    return tuple(
        "schema" if part == "schema_" else part for part in detail["loc"] if part not in inner
    )


_PHRASES = {"missing": "is required", "too_short": "must not be empty"}
_SHOULD_BE = {
    "model_type": "a section with keys",
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "tuple_type": "a list [...]",
    "dict_type": "a table { key = value }",
}


def _explained(detail: ErrorDetails, kind: type[Section]) -> str:
    """Return a pydantic error in the words of a study file."""
    error, given = detail["type"], f"got {detail['input']!r}"
    if error in _PHRASES:
        return _PHRASES[error]
    if error == "extra_forbidden":
        known = _known_keys(kind, detail["loc"])
        hint = did_you_mean(str(detail["loc"][-1]), known)
        return f"unknown key.{hint} Known: {listed(known, 40)}."
    if error == "value_error":
        return str(detail["ctx"]["error"])
    if error == "literal_error":
        return f"must be {detail['ctx']['expected']}, {given}"
    words = detail["msg"].removeprefix("Input should be ").removeprefix("Value should ")
    return f"must be {_SHOULD_BE.get(error, words)}, {given}"


def _known_keys(kind: type[Section], place: Sequence[str | int]) -> list[str]:
    """Return the keys that the section of an unknown key knows."""
    for part in place[:-1]:
        kind = kind.parts.get(str(part), kind)
    return [option.alias or name for name, option in kind.model_fields.items()]


def _check_constructs(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require constructs with names that can stand in a model."""
    if not plan.constructs:
        yield Mistake(("constructs",), "a study needs at least one construct")
    for name, construct in plan.constructs.items():
        if not NAME.fullmatch(name):
            yield Mistake(("constructs", name), "is no name for a construct (letters, digits, '_')")
        for item in construct.items if construct else ():
            if item in plan.constructs:
                yield Mistake(("constructs", name, "items"), f"{item!r} is the name of a construct")


def _check_items(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that each item stands once."""
    owners = plan.construct_of
    for name, construct in plan.constructs.items():
        if construct is None:
            continue
        if not construct.items and not construct.of:
            empty = "items" in construct.model_fields_set
            what = "must not be empty" if empty else "is required"
            yield Mistake(("constructs", name, "items"), what)
        for item, times in Counter(construct.items).items():
            if times > 1:
                yield Mistake(("constructs", name, "items"), f"{item!r} stands there twice")
            if owners[item] != name:
                yield Mistake(
                    ("constructs", name, "items"),
                    f"{item!r} is already an item of {owners[item]!r}",
                )
        yield from _check_reversed(plan, name, construct)


def _check_reversed(plan: ParsedPlan, name: str, construct: ConstructSection) -> Iterator[Mistake]:
    """Require that reversed items belong to the construct and have a scale to be turned on."""
    for item in construct.reverse:
        if item not in construct.items:
            hint = did_you_mean(item, construct.items)
            yield Mistake(("constructs", name, "reverse"), f"{item!r} is no item of it.{hint}")
    if construct.reverse and plan.moments is not None:
        yield Mistake(
            ("constructs", name, "reverse"),
            "a printed matrix holds the items as they were analysed; nothing can be reversed",
        )
    elif construct.reverse and not plan.scaled & {name, "*"}:
        yield Mistake(("constructs", name, "reverse"), "reversing an item needs [data] scale")


def _check_parts(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that second-order constructs are made of constructs that have items."""
    for name, construct in plan.constructs.items():
        for part, times in Counter(construct.of if construct else ()).items():
            key = ("constructs", name, "of")
            made = plan.constructs.get(part)
            if part not in plan.constructs:
                yield from _unknown_construct(plan, part, key)
            elif times > 1:
                yield Mistake(key, f"{part!r} stands there twice")
            elif made is not None and made.of:
                yield Mistake(
                    key, f"{part!r} is made of constructs itself; two orders are possible"
                )
            elif plan.part_of[part] != name:
                yield Mistake(key, f"{part!r} is already a part of {plan.part_of[part]!r}")


def _check_observed(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that observed variables are further variables and take part in a hypothesis."""
    used = {
        name for hypothesis in plan.hypotheses.values() if hypothesis for name in hypothesis.chain
    }
    for name in plan.observed:
        if not NAME.fullmatch(name):
            yield Mistake(("observed", name), "is no name for a variable")
        elif name in plan.constructs or name in plan.construct_of:
            yield Mistake(("observed", name), "is already a construct or an item of this study")
        elif name not in used:
            yield Mistake(
                ("observed", name), "takes part in no hypothesis; a covariate is a control"
            )
    if plan.moments is not None:
        for name in plan.observed:
            if name not in plan.moments.variables:
                yield Mistake(("observed", name), "is not in [moments] variables")


def _check_hypotheses(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that hypotheses join what the study relates, each path once, chains by its paths."""
    first_of = plan.paths
    chains: dict[tuple[str, ...], str] = {}
    for name, hypothesis in plan.hypotheses.items():
        if hypothesis is None:
            continue
        key = ("hypotheses", name)
        chain = hypothesis.chain
        if len(chain) > ENDS:
            first = chains.setdefault(chain, name)
            yield from _broken_chain(plan, chain, key)
        else:
            first = first_of[hypothesis.ends]
            for end in hypothesis.ends:
                yield from _unknown_node(plan, end, key)
        if first != name:
            yield Mistake(key, f"the path {hypothesis.path!r} is already hypothesis {first}")


def _check_effects(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that named effects exist in the structural model."""
    if plan.effects and not plan.hypotheses:
        yield Mistake(("effects",), "a study without hypotheses has no effects")
        return
    for name, effect in plan.effects.items():
        if effect is None:
            continue
        if name in plan.hypotheses:
            yield Mistake(("effects", name), "is already the name of a hypothesis")
        if len(effect.chain) > ENDS:
            yield from _broken_chain(plan, effect.chain, ("effects", name))
            continue
        unknown = [m for end in effect.chain for m in _unknown_node(plan, end, ("effects", name))]
        yield from unknown
        needed = 1 if effect.kind == "total" else ENDS
        if not unknown and _steps_between(plan.steps, *effect.chain) < needed:
            what = "no chain" if needed == ENDS else "no path"
            yield Mistake(
                ("effects", name), f"{what} leads from {' to '.join(map(repr, effect.chain))}"
            )


def _steps_between(steps: set[tuple[str, str]], source: str, target: str) -> int:
    """Return how many steps the longest way found between two names has; 0 for none, 2 for more."""
    reached = {b for a, b in steps if a == source}
    direct = target in reached
    seen: set[str] = set()
    front = reached - {target}
    while front:
        seen |= front
        front = {b for a, b in steps if a in front} - seen
    return ENDS if target in seen else int(direct)


def _broken_chain(
    plan: ParsedPlan, chain: Sequence[str], key: tuple[str | int, ...]
) -> Iterator[Mistake]:
    """Report names of a chain that do not exist, or else its steps that are no path."""
    unknown = [
        mistake
        for name in chain
        if name not in plan.controls
        for mistake in _unknown_node(plan, name, key)
    ]
    yield from unknown
    if unknown:
        return
    for step in pairwise(chain):
        if step not in plan.steps:
            written = " -> ".join(step)
            yield Mistake(key, f"the chain needs a hypothesis {written!r} for each of its steps")


def _unknown_node(plan: ParsedPlan, name: str, key: tuple[str | int, ...]) -> Iterator[Mistake]:
    """Report a name that the structural model cannot relate."""
    if name in plan.part_of:
        whole = plan.part_of[name]
        yield Mistake(key, f"{name!r} is a part of {whole!r}; relate {whole!r} in its place")
    elif name not in plan.nodes:
        hint = did_you_mean(name, plan.nodes)
        remedy = "" if hint else " An observed variable is listed under [observed]."
        yield Mistake(key, f"{name!r} is no construct of this study.{hint}{remedy}")


def _unknown_construct(
    plan: ParsedPlan, name: str, key: tuple[str | int, ...]
) -> Iterator[Mistake]:
    """Report a name that is no construct of the plan."""
    if name not in plan.constructs:
        hint = did_you_mean(name, plan.constructs)
        yield Mistake(key, f"{name!r} is no construct of this study.{hint}")


def _check_covariances(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that covariances join constructs, and residual covariances items."""
    items = plan.construct_of
    for number, pair in enumerate(plan.model.covary):
        for name in pair:
            yield from _unknown_node(plan, name, ("model", "covary", number))
    for number, pair in enumerate(plan.model.residual_covariances):
        for name in pair:
            if name not in items:
                yield Mistake(
                    ("model", "residual_covariances", number),
                    f"{name!r} is no item of this study.{did_you_mean(name, items)}",
                )
    for key, pairs in (
        ("covary", plan.model.covary),
        ("residual_covariances", plan.model.residual_covariances),
    ):
        counts = Counter(frozenset(pair) for pair in pairs)
        for names, times in counts.items():
            if len(names) == 1:
                yield Mistake(("model", key), f"{min(names)!r} is paired with itself")
            elif times > 1:
                yield Mistake(("model", key), f"{listed(sorted(names))} are paired twice")


def _check_rivals(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that rivals add relations that are not there and remove paths that are."""
    if plan.rivals and not plan.hypotheses:
        yield Mistake(("rivals",), "a study without hypotheses has no rival theories")
        return
    for role in ("constrained", "unconstrained"):
        held = [name for name, rival in plan.rivals.items() if rival and rival.role == role]
        for name in held[1:]:
            yield Mistake(("rivals", name, "role"), f"{held[0]!r} is already the {role} rival")
    for name, rival in plan.rivals.items():
        if rival is not None:
            yield from _check_rival(plan, name, rival)


def _check_rival(plan: ParsedPlan, name: str, rival: RivalSection) -> Iterator[Mistake]:
    """Report what one rival cannot add or remove."""
    paths = plan.paths
    added = [*rival.freed, *rival.added]
    for end in dict.fromkeys(end for pair in added for end in pair):
        yield from _unknown_node(plan, end, ("rivals", name, "add"))
    for end in dict.fromkeys(end for pair in rival.fixed for end in pair):
        yield from _unknown_node(plan, end, ("rivals", name, "remove"))
    for ends in rival.added:
        if ends in plan.steps:
            first = f"hypothesis {paths[ends]}" if ends in paths else "a path of a control"
            what = f"'{ends[0]} -> {ends[1]}' is already {first}"
            yield Mistake(("rivals", name, "add"), what)
    for ends in rival.removed:
        if ends not in paths:
            written = f"{ends[0]} -> {ends[1]}"
            hint = did_you_mean(written, [f"{a} -> {b}" for a, b in paths])
            yield Mistake(("rivals", name, "remove"), f"{written!r} is no hypothesis.{hint}")


def _check_controls(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that controls are further variables or constructs and explain known outcomes."""
    if plan.controls and not plan.hypotheses:
        yield Mistake(
            ("controls",), "a study without hypotheses has no structural model to control"
        )
    for name, outcomes in plan.controls.items():
        yield from _impossible_control(plan, name)
        for outcome in outcomes:
            yield from _unknown_node(plan, outcome, ("controls", name))
            if (name, outcome) in plan.paths:
                what = f"'{name} -> {outcome}' is already hypothesis {plan.paths[name, outcome]}"
                yield Mistake(("controls", name), what)
            elif name == outcome:
                yield Mistake(("controls", name), "cannot control itself")


def _impossible_control(plan: ParsedPlan, name: str) -> Iterator[Mistake]:
    """Report a control that cannot be one."""
    key = ("controls", name)
    if not NAME.fullmatch(name):
        yield Mistake(key, "is no name for a variable")
    if name in plan.construct_of:
        yield Mistake(key, "is already an item of this study")
    elif name in plan.observed:
        yield Mistake(key, "is already an observed variable of the hypotheses")
    elif name in plan.part_of:
        yield from _unknown_node(plan, name, key)
    elif (
        name not in plan.constructs
        and plan.moments is not None
        and name not in plan.moments.variables
    ):
        yield Mistake(key, "is not in [moments] variables")


def _check_bias(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require a marker that can be measured and that no hypothesis is about."""
    bias, items = plan.bias, plan.construct_of
    if bias is None or not bias.marker:
        return
    key = ("bias", "marker")
    if not bias.marker_items:
        yield from _unknown_construct(plan, bias.marker, key)
        if bias.marker in {end for ends in plan.paths for end in ends}:
            yield Mistake(key, f"{bias.marker!r} takes part in a hypothesis; a marker does not")
        return
    if bias.marker in plan.constructs or bias.marker in items:
        yield Mistake(key, f"{bias.marker!r} is already a construct or an item of this study")
    for item in bias.marker_items:
        if item in items or item in plan.constructs:
            what = f"{item!r} is already an item or a construct of this study"
            yield Mistake(("bias", "marker_items"), what)
        elif plan.moments is not None and item not in plan.moments.variables:
            yield Mistake(("bias", "marker_items"), f"{item!r} is not in [moments] variables")


def _check_groups(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require groups that are not items, and answers to divide."""
    if plan.groups is None:
        return
    key = ("groups", "by")
    if plan.moments is not None:
        yield Mistake(("groups",), "groups are formed from answers, not from a printed matrix")
    if plan.groups.by in {**plan.construct_of, **plan.constructs}:
        yield Mistake(key, f"{plan.groups.by!r} is an item or a construct of this study")


def _check_interactions(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require interactions of known constructs in a study with a structural model."""
    if plan.interactions and plan.moments is not None:
        what = "products of items are formed from answers, not from a printed matrix"
        yield Mistake(("interactions",), what)
    if plan.interactions and not plan.hypotheses:
        what = "a study without hypotheses has no structural model to add a product to"
        yield Mistake(("interactions",), what)
    for name, entry in plan.interactions.items():
        for end in entry.names if entry else ():
            yield from _unknown_construct(plan, end, ("interactions", name))


def _check_data(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require either answers or a matrix, and renamed columns to be variables of the study."""
    if plan.moments is not None and plan.data.path is not None:
        yield Mistake(("moments",), "a study has [data] path or [moments], not both")
    if plan.moments is not None and plan.data.codebook is not None:
        yield Mistake(("data", "codebook"), "a printed matrix holds no answers to describe")
    known = dict.fromkeys(plan.variables, "")
    known |= dict.fromkeys(plan.bias.marker_items if plan.bias else (), "")
    known |= {plan.groups.by: ""} if plan.groups else {}
    known |= dict.fromkeys([*plan.recode, *_screened(plan)], "")
    for name in plan.data.columns:
        if name not in known:
            hint = did_you_mean(name, known)
            yield Mistake(("data", "columns", name), f"is no variable of this study.{hint}")


def _screened(plan: ParsedPlan) -> dict[str, str]:
    """Return the variables that the screening needs, each with the key that names it."""
    section = plan.screening
    found = {name: key for key in ("id", "duration", "wave") if (name := getattr(section, key))}
    found |= dict.fromkeys(section.profile, "profile")
    found |= dict.fromkeys(section.attention, "attention")
    conditions = (each for rule in section.drop for each in rule.conditions)
    return found | {condition.variable: "drop" for condition in conditions}


def _check_recode(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require answers to recode, by codes that mean an answer."""
    if plan.recode and plan.moments is not None:
        yield Mistake(("recode",), "a printed matrix holds no answers to recode")
    for name, codes in plan.recode.items():
        blank = [code for code in codes if code in plan.data.missing]
        if blank and name in plan.construct_of:
            shown = listed(f"{code:g}" for code in blank)
            what = f"{shown} is declared missing in [data]; it cannot be recoded as well"
            yield Mistake(("recode", name), what)


def _check_screening(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that rules and limits have the variables that they are about."""
    section = plan.screening
    if plan.moments is not None and section.model_fields_set:
        yield Mistake(("screening",), "a printed matrix holds no cases to screen")
    if section.minimum_duration is not None and not section.duration:
        yield Mistake(("screening", "minimum_duration"), "needs the column: duration = '...'")
    for key in ("late", "wave_share"):
        if getattr(section, key) and not section.wave:
            yield Mistake(("screening", key), "needs the column: wave = '...'")
    if section.late and section.wave_share is not None:
        yield Mistake(("screening", "wave_share"), "has no meaning beside 'late'")
    for name in section.attention:
        if name in plan.construct_of:
            what = f"{name!r} is an item of {plan.construct_of[name]!r}, not a check"
            yield Mistake(("screening", "attention", name), what)
    yield from _check_rules(section)


def _check_rules(section: ScreeningSection) -> Iterator[Mistake]:
    """Require that each rule stands once and has what it compares."""
    needed = {"duration": "duration", "attention_failed": "attention"}
    for rule in section.drop:
        key = needed.get(rule.column, "")
        if key and not getattr(section, key):
            yield Mistake(("screening", "drop"), f"the rule {rule.text!r} needs {key} = ... here")
    for text, times in Counter(rule.text for rule in section.drop).items():
        if times > 1:
            yield Mistake(("screening", "drop"), f"the rule {text!r} stands there twice")


def _check_moments(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that the printed moments hold every item and belong together."""
    moments = plan.moments
    if moments is None:
        return
    missing = [item for item in plan.construct_of if item not in moments.variables]
    if missing:
        yield Mistake(("moments", "variables"), f"lacks the item(s) {listed(missing)}")
    for name, times in Counter(moments.variables).items():
        if times > 1:
            yield Mistake(("moments", "variables"), f"{name!r} stands there twice")
    for key in ("sd", "mean"):
        values = getattr(moments, key)
        if values and len(values) != len(moments.variables):
            expected = len(moments.variables)
            yield Mistake(("moments", key), f"has {len(values)} numbers for {expected} variables")
    if any(value <= 0 for value in moments.sd):
        yield Mistake(("moments", "sd"), "standard deviations must be positive")
    yield from _check_matrix(moments)


def _check_matrix(moments: MomentsSection) -> Iterator[Mistake]:
    """Require a matrix that data can have: symmetric and positive definite."""
    key = ("moments", "matrix")
    try:
        matrix = full_matrix(moments.matrix, len(moments.variables))
    except ValueError as error:
        yield Mistake(key, str(error))
        return
    different = ~np.isclose(matrix, matrix.T, rtol=_ROUNDING, atol=_ROUNDING * np.abs(matrix).max())
    if different.any():
        row, col = np.argwhere(different)[0]
        names = moments.variables
        yield Mistake(
            key,
            f"is not symmetric: {names[row]}, {names[col]} is {matrix[row, col]:g}, "
            f"{names[col]}, {names[row]} is {matrix[col, row]:g}",
        )
    elif moments.kind == "correlation" and not np.allclose(np.diag(matrix), 1.0, atol=_ROUNDING):
        yield Mistake(key, "a correlation matrix has ones on its diagonal")
    elif np.linalg.eigvalsh(matrix)[0] <= 0.0:
        smallest = np.linalg.eigvalsh(matrix)[0]
        yield Mistake(key, f"is not positive definite (smallest eigenvalue {smallest:.3g})")


def full_matrix(
    rows: Sequence[Sequence[float]], n_variables: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return a matrix that is written in full or as its lower triangle.

    Parameters
    ----------
    rows : sequence of sequence of float
        ``n_variables`` rows, of all the same length or of length 1, 2, 3, ...
    n_variables : int
        Size of the matrix.

    Returns
    -------
    ndarray, shape (n_variables, n_variables)
        The full matrix.

    Raises
    ------
    ValueError
        If the rows form neither.
    """
    lengths = [len(row) for row in rows]
    if lengths == [n_variables] * n_variables:
        return np.array(rows, dtype=float)
    if lengths != list(range(1, n_variables + 1)):
        raise ValueError(
            f"{n_variables} variables need {n_variables} rows, full or lower triangle "
            f"(1, 2, 3, ... numbers); the rows have {listed(lengths, 30)}"
        )
    matrix = np.zeros((n_variables, n_variables))
    for number, row in enumerate(rows):
        matrix[number, : number + 1] = row
    return matrix + np.tril(matrix, -1).T


def _check_options(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require options with values that the estimation knows."""
    for name, value in plan.model.options.items():
        try:
            Options.from_keywords(**{name: value})
        except SpecificationError as error:
            yield Mistake(("model", name), str(error))


def _check_thresholds(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require thresholds that do not contradict each other."""
    try:
        Thresholds.from_mapping(plan.thresholds)
    except SpecificationError as error:
        yield Mistake(("thresholds",), str(error))


def _check_published(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require that printed numbers are about quantities of this study."""
    for number, value in enumerate(plan.published.values):
        wrong = quantity_mistake(
            value.quantity,
            list(plan.construct_of),
            [
                name
                for name, construct in plan.constructs.items()
                if not construct or construct.items
            ],
            list(plan.hypotheses),
            [*plan.constructs, *plan.observed],
        )
        if wrong:
            yield Mistake(("published", "values", number, "quantity"), wrong)


def _check_multiverse(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require choices that the study can make, and not too many of their combinations."""
    section = plan.multiverse
    if section is None:
        return
    if not plan.hypotheses:
        yield Mistake(("multiverse",), "a study without hypotheses has no verdicts to compare")
    if not section.declared:
        yield Mistake(("multiverse",), "declares no choice, such as estimator = ['ML', 'MLR']")
    yield from _check_lacking(plan, section)
    yield from _check_values(plan, section)
    yield from _check_dropped(plan, section)
    number = n_specifications(plan, section)
    if number > section.limit:
        what = (
            f"{number} combinations; at most {section.limit} are estimated. Declare fewer choices, "
            f"or limit = {number}"
        )
        yield Mistake(("multiverse",), what)


def _check_lacking(plan: ParsedPlan, section: MultiverseSection) -> Iterator[Mistake]:
    """Report choices about something that the study does not have."""
    lacking = {
        "controls": ("the study has no [controls]", bool(plan.controls)),
        "residual_covariances": (
            "the study has no residual_covariances in [model]",
            bool(plan.model.residual_covariances),
        ),
        "structure": ("the study has no [rivals]", bool(plan.rivals)),
    }
    cases = "a printed matrix holds no cases"
    lacking |= dict.fromkeys(("missing", "answers", "outliers"), (cases, plan.moments is None))
    for name, (what, there) in lacking.items():
        if getattr(section, name) and not there:
            yield Mistake(("multiverse", name), what)


def _check_values(plan: ParsedPlan, section: MultiverseSection) -> Iterator[Mistake]:
    """Report estimators and structures that do not exist."""
    for value in section.estimator:
        try:
            Options.from_keywords(estimator=value)
        except UnknownOptionError as error:
            yield Mistake(("multiverse", "estimator"), str(error))
    known = [THEORY, *plan.rivals]
    for name in section.structure:
        if name not in known:
            hint = did_you_mean(name, known)
            what = f"there is no rival {name!r}.{hint} Known: {listed(known)}."
            yield Mistake(("multiverse", "structure"), what)
    if section.structure and THEORY in plan.rivals:
        what = f"{THEORY!r} is the study's own structure; give the rival of that name another one"
        yield Mistake(("rivals", THEORY), what)


def _check_dropped(plan: ParsedPlan, section: MultiverseSection) -> Iterator[Mistake]:
    """Require that items to drop exist, and that enough are left of each construct."""
    for name, items in section.items.items():
        key = ("multiverse", "items", name)
        if name == KEEP:
            yield Mistake(key, f"{KEEP!r} is the choice to drop none; take another name")
        for item in items:
            if item not in plan.construct_of:
                hint = did_you_mean(item, plan.construct_of)
                yield Mistake(key, f"{item!r} is no item of this study.{hint}")
        for construct, entry in plan.constructs.items():
            own = entry.items if entry else ()
            left = len(set(own) - set(items))
            if set(own) & set(items) and left < ENDS:
                yield Mistake(key, f"leaves {construct!r} {left} item(s); {ENDS} are needed")


def about_outliers(rule: Rule) -> bool:
    """Return whether a rule drops cases by their Mahalanobis distance.

    Parameters
    ----------
    rule : Rule
        A rule of ``[screening] drop``.
    """
    return rule.column in ("d2", "d2_pvalue")


def n_specifications(plan: ParsedPlan, section: MultiverseSection) -> int:
    """Return how many combinations a section declares, the study's own choices among them.

    Parameters
    ----------
    plan : ParsedPlan
        The plan.
    section : MultiverseSection
        Its choices.
    """
    options = plan.model.options
    own = {
        "estimator": options.get("estimator", "WLSMV" if options.get("ordered") else "ML"),
        "likelihood": options.get("likelihood", "normal"),
        "missing": options.get("missing", "listwise"),
        "answers": "ordered" if options.get("ordered") else "continuous",
        "outliers": "drop" if any(map(about_outliers, plan.screening.drop)) else KEEP,
    } | FIXED_OWN
    sizes = [
        len({str(value).lower() for value in (*values, own.get(name, values[0]))})
        for name, values in section.declared.items()
    ]
    return math.prod(sizes)


def _check_power(plan: ParsedPlan) -> Iterator[Mistake]:
    """Require values of a population that can exist, one for every path."""
    if plan.power is None or not plan.power.states_population:
        return
    if not plan.constructs or None in (*plan.constructs.values(), *plan.hypotheses.values()):
        return  # what is wrong there is reported there
    for key, what in population_mistakes(plan):
        yield Mistake(("power", *key), what)


CROSS_CHECKS = (
    _check_constructs,
    _check_items,
    _check_parts,
    _check_observed,
    _check_hypotheses,
    _check_effects,
    _check_covariances,
    _check_rivals,
    _check_controls,
    _check_bias,
    _check_groups,
    _check_interactions,
    _check_data,
    _check_recode,
    _check_screening,
    _check_moments,
    _check_options,
    _check_thresholds,
    _check_published,
    _check_multiverse,
    _check_power,
)
"""The checks of sections against each other."""
