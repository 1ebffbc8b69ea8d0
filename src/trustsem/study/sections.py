"""What each section of a study file may hold: types, ranges of items, and nothing unknown.

Each section is checked for itself here; :mod:`trustsem.study.checks` holds them against each
other, and :mod:`trustsem.study.plan` makes a :class:`~trustsem.study.plan.Study` of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

from trustsem.errors import SpecificationError, did_you_mean, listed
from trustsem.results import LEVELS, read_formula
from trustsem.survey.recoding import MISSING
from trustsem.survey.rules import Rule, read_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = re.compile(r"[^\W\d][\w.]*")
_RANGE = re.compile(r"(?P<stem>.*?)(?P<first>\d+)\s*:\s*(?P<stem2>.*?)(?P<last>\d+)")
_LONGEST_RANGE = 1000
ENDS = 2
"""Paths, pairs and scales have two ends."""
_ARROW = re.compile("\\s*(?:->|\N{RIGHTWARDS ARROW})\\s*")


def item_names(items: str | Sequence[str]) -> tuple[str, ...]:
    """Return the items that a range, a list, or a mixture of both names.

    Parameters
    ----------
    items : str or sequence of str
        ``"x1:x3"`` is x1, x2, x3; ``"x1:x3, x5"`` adds x5; ``"q08:q12"`` keeps the zeros.

    Returns
    -------
    tuple of str
        Item names in the order written.

    Raises
    ------
    ValueError
        If a range has two stems or runs backwards, or a name could not stand in a model.

    Examples
    --------
    >>> item_names("bt1:bt3, bt5")
    ('bt1', 'bt2', 'bt3', 'bt5')
    >>> item_names("q08:q10")
    ('q08', 'q09', 'q10')
    """
    parts = items.split(",") if isinstance(items, str) else list(items)
    names = [name for part in parts for name in _expanded(part.strip())]
    for name in names:
        _checked_name(name)
    return tuple(names)


def _expanded(part: str) -> list[str]:
    """Return the names of one range or single name."""
    if ":" not in part:
        return [part]
    match = _RANGE.fullmatch(part)
    if match is None or (match["stem2"] and match["stem2"] != match["stem"]):
        raise ValueError(f"the range {part!r} cannot be read; write it like 'x1:x5'")
    first, last = int(match["first"]), int(match["last"])
    if last < first:
        raise ValueError(f"the range {part!r} runs backwards")
    if last - first >= _LONGEST_RANGE:
        raise ValueError(f"the range {part!r} names more than {_LONGEST_RANGE} items")
    width = len(match["first"]) if match["first"].startswith("0") else 0
    return [f"{match['stem']}{number:0{width}d}" for number in range(first, last + 1)]


def _checked_name(name: str) -> str:
    """Return a name that model syntax can hold, or raise."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name for a variable (a letter first, then letters, digits, '_' or '.')"
        )
    return name


def _refused(needed: str, value: Any) -> ValueError:
    """Return the error that pydantic reports for a value of the wrong kind."""
    return ValueError(f"{needed}, got {value!r}")


def _number(value: Any) -> int | float:
    """Refuse what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused("a finite number is needed", value)
    return value


def _pair(value: Any) -> Any:
    """Refuse a pair that is not two names."""
    if not isinstance(value, list | tuple) or len(value) != ENDS:
        raise _refused("a pair of names is needed", value)
    return tuple(value)


def _name(value: Any) -> str:
    """Refuse what cannot be a name in a model."""
    if not isinstance(value, str):
        raise _refused("a name is needed", value)
    return _checked_name(value)


def _items(value: Any) -> Any:
    """Expand ranges where a list of item names is wanted."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise _refused("items are written as 'x1:x5' or as a list of names", value)
    return item_names(", ".join(texts)) if texts else ()


def _scale(value: Any) -> Any:
    """Refuse a scale that is not two ascending numbers."""
    if (
        not isinstance(value, list | tuple)
        or len(value) != ENDS
        or not all(isinstance(end, int | float) and not isinstance(end, bool) for end in value)
    ):
        raise _refused("a scale is its lowest and its highest answer", value)
    if value[0] >= value[1]:
        raise ValueError(f"the lower end {value[0]:g} is not below the upper end {value[1]:g}")
    return tuple(value)


def _reliability(value: Any) -> float:
    """Refuse what is no reliability: a number above 0, at most 1."""
    number = _number(value)
    if not 0 < number <= 1:
        raise _refused("a reliability lies above 0 and is at most 1", value)
    return float(number)


def _codes(value: Any) -> Any:
    """Refuse missing codes that are not numbers."""
    codes = value if isinstance(value, list | tuple) else [value]
    wrong = [code for code in codes if isinstance(code, bool) or not isinstance(code, int | float)]
    if wrong:
        raise ValueError(f"missing codes must be numbers, got {wrong[0]!r}")
    return tuple(codes)


Items = Annotated[tuple[StrictStr, ...], BeforeValidator(_items)]
Name = Annotated[StrictStr, BeforeValidator(_name)]
Pair = Annotated[tuple[Name, Name], BeforeValidator(_pair)]
Number = Annotated[int | float, BeforeValidator(_number)]
Scale = Annotated[tuple[Number, Number], BeforeValidator(_scale)]
Reliability = Annotated[float, BeforeValidator(_reliability)]
_OF_ITEMS = ("items", "reverse", "scale", "reliability")


class Section(BaseModel):
    """A part of a study file: frozen, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: ClassVar[dict[str, type[Section]]] = {}
    """Sections within this one."""


class DataSection(Section):
    """``[data]``: where the answers are and how they are coded."""

    path: StrictStr | None = None
    codebook: StrictStr | None = None
    missing: Annotated[tuple[Number, ...], BeforeValidator(_codes)] = ()
    scale: Scale | None = None
    columns: dict[Name, StrictStr] = {}
    chunk_rows: Annotated[StrictInt, Field(ge=1)] | None = None


def _code(text: str) -> float | str:
    """Return a code that stands as a key: a number where it is one."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _mapping_of_codes(value: Any) -> dict[float | str, float | str]:
    """Refuse anything but new codes by present code."""
    if not isinstance(value, Mapping) or not value:
        raise _refused("new codes are written { 9 = 5 } (present code = new code)", value)
    found: dict[float | str, float | str] = {}
    for key, new in value.items():
        if isinstance(new, Mapping):
            written = f"{key}.{next(iter(new), '')}"
            raise _refused(f'a code with a point is written "{written}" = 1', new)
        code = key if isinstance(key, int | float) else _code(str(key))
        found[code] = new if isinstance(new, str) else _number(new)
    kinds = {isinstance(new, str) for new in found.values() if new != MISSING}
    if len(kinds) > 1:
        raise _refused("new codes are all numbers or all texts", value)
    if all(old == new for old, new in found.items()):
        raise _refused("the new codes are the present ones", value)
    return found


Codes = Annotated[dict[Any, Any], BeforeValidator(_mapping_of_codes)]


def _answer(value: Any) -> float | str:
    """Refuse an answer that is no code."""
    return value if isinstance(value, str) else _number(value)


def _answers(value: Any) -> tuple[float | str, ...]:
    """Accept one answer or several."""
    return tuple(_answer(each) for each in (value if isinstance(value, list | tuple) else [value]))


def _rule(value: Any) -> Rule:
    """Read one rule, written as text or with its reason."""
    if isinstance(value, str):
        return read_rule(value)
    if not isinstance(value, Mapping):
        raise _refused("a rule is a text, or { rule = ..., reason = ... }", value)
    unknown = [key for key in value if key not in ("rule", "reason")]
    if unknown or not isinstance(value.get("rule"), str):
        hint = did_you_mean(unknown[0], ("rule", "reason")) if unknown else ""
        raise ValueError(f"a rule has the keys 'rule' and 'reason', got {listed(value)}.{hint}")
    return read_rule(value["rule"], str(value.get("reason", "")))


class ScreeningSection(Section):
    """``[screening]``: what is known about the respondents, and the rules that drop cases."""

    id: StrictStr = ""
    profile: tuple[StrictStr, ...] = ()
    duration: StrictStr = ""
    minimum_duration: Annotated[float, BeforeValidator(_number), Field(gt=0)] | None = None
    attention: dict[StrictStr, Annotated[Any, BeforeValidator(_answer)]] = {}
    wave: StrictStr = ""
    late: Annotated[tuple[Any, ...], BeforeValidator(_answers)] = ()
    wave_share: Annotated[float, BeforeValidator(_number), Field(gt=0, le=0.5)] | None = None
    drop: tuple[Annotated[Rule, BeforeValidator(_rule)], ...] = ()


class MomentsSection(Section):
    """``[moments]``: a printed covariance or correlation matrix instead of answers."""

    variables: Annotated[Items, Field(min_length=1)]
    n_obs: Annotated[StrictInt, Field(gt=1)]
    matrix: tuple[tuple[Number, ...], ...]
    kind: Literal["covariance", "correlation"] = "covariance"
    sd: tuple[Number, ...] = ()
    mean: tuple[Number, ...] = ()
    where: StrictStr = ""


class ConstructSection(Section):
    """``[constructs.NAME]``: a construct and the items, or the constructs, that reflect it."""

    items: Items = ()
    of: Items = ()
    label: StrictStr = ""
    reverse: Items = ()
    scale: Scale | None = None
    reliability: Reliability | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_items(cls, value: Any) -> Any:
        """Accept the items alone."""
        return {"items": value} if isinstance(value, str | list) else value

    @model_validator(mode="after")
    def _possible(self) -> ConstructSection:
        """Refuse items beside parts, a single part, an assumed reliability of several items."""
        excess = [key for key in _OF_ITEMS if key in self.model_fields_set]
        if self.of and excess:
            raise ValueError(f"a construct made of constructs ('of') has no {listed(excess)}")
        if len(self.of) == 1:
            raise ValueError("a construct of second order needs at least two parts in 'of'")
        if self.reliability is not None and len(self.items) > 1:
            raise ValueError(
                "'reliability' is assumed where a construct has one item; that of "
                f"{len(self.items)} items is estimated"
            )
        return self


class ObservedSection(Section):
    """``[observed]``: a variable that takes part in hypotheses as it was observed."""

    label: StrictStr = ""

    @model_validator(mode="before")
    @classmethod
    def _from_label(cls, value: Any) -> Any:
        """Accept the label alone."""
        return {"label": value} if isinstance(value, str) else value


class HypothesisSection(Section):
    """``[hypotheses]``: one expected path or chain of paths, its sign, and the claim in words."""

    path: StrictStr
    sign: Literal["+", "-", "any"] = "+"
    tails: Literal[1, 2] = 2
    text: StrictStr = ""

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, value: Any) -> Any:
        """Accept the path alone, with its sign in brackets if there is one."""
        if isinstance(value, dict):
            return value
        if not isinstance(value, str):
            raise _refused("a hypothesis is written 'a -> b' or { path = 'a -> b' }", value)
        match = re.fullmatch(r"(?P<path>.*?)\s*(?:\((?P<sign>[^()]*)\))?\s*", value)
        parts = {} if match is None else match.groupdict()
        sign = {"\N{MINUS SIGN}": "-", "?": "any"}.get(
            parts.get("sign") or "+", parts.get("sign") or "+"
        )
        return {"path": parts.get("path") or value, "sign": sign}

    @model_validator(mode="after")
    def _readable(self) -> HypothesisSection:
        """Refuse anything but arrows between different names."""
        chain_names(self.path)
        if self.tails == 1 and self.sign == "any":
            raise ValueError("a one-tailed test needs a sign, '+' or '-'")
        return self

    @property
    def chain(self) -> tuple[str, ...]:
        """Every name on the way from predictor to outcome."""
        return chain_names(self.path)

    @property
    def ends(self) -> tuple[str, str]:
        """Predictor and outcome."""
        return self.chain[0], self.chain[-1]


def chain_names(path: str) -> tuple[str, ...]:
    """Return the names that a path such as ``"a -> b"`` or ``"a -> b -> c"`` leads through.

    Raises
    ------
    ValueError
        If it is not written so, or comes to a name twice.
    """
    names = tuple(_ARROW.split(path.strip()))
    if len(names) < ENDS:
        raise ValueError(f"a path is written 'a -> b', got {path!r}")
    for name in names:
        _checked_name(name)
    if len(names) == ENDS and names[0] == names[1]:
        raise ValueError(f"the path {path!r} leads from a construct to itself")
    if len(set(names)) < len(names):
        raise ValueError(f"the chain {path!r} comes to a construct twice")
    return names


class EffectSection(Section):
    """``[effects]``: an effect to be reported by name."""

    path: StrictStr
    kind: Literal["indirect", "total"] | None = None
    text: StrictStr = ""

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, value: Any) -> Any:
        """Accept the path alone."""
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _readable(self) -> EffectSection:
        """Refuse an unreadable path, and a kind of a single chain."""
        if len(chain_names(self.path)) > ENDS and self.kind is not None:
            raise ValueError("a chain is one specific indirect effect; write 'a -> c' for all")
        return self

    @property
    def chain(self) -> tuple[str, ...]:
        """Every name on the way; two for all chains at once."""
        return chain_names(self.path)


class ModelSection(Section):
    """``[model]``: covariances beyond the paths, and options of the estimation."""

    covary: tuple[Pair, ...] = ()
    residual_covariances: tuple[Pair, ...] = ()
    estimator: StrictStr | None = None
    likelihood: StrictStr | None = None
    missing: StrictStr | None = None
    information: StrictStr | None = None
    se: StrictStr | None = None
    test: StrictStr | None = None
    std_lv: StrictBool | None = None
    meanstructure: StrictBool | None = None
    fixed_x: StrictBool | None = None
    ordered: StrictBool | tuple[StrictStr, ...] | None = None
    parameterization: StrictStr | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The options that the study sets, by the names of :mod:`trustsem.options`."""
        return self.model_dump(exclude_none=True, exclude={"covary", "residual_covariances"})


class RivalSection(Section):
    """``[rivals]``: a rival theory, as the study's own with relations added or removed."""

    add: tuple[StrictStr, ...] = ()
    remove: tuple[StrictStr, ...] = ()
    label: StrictStr = ""
    role: Literal["constrained", "unconstrained"] | None = None

    @model_validator(mode="after")
    def _readable_relations(self) -> RivalSection:
        """Refuse an unreadable path or covariance, and a rival that changes nothing."""
        if not self.add and not self.remove:
            raise ValueError("a rival adds or removes at least one path")
        for relation in (*self.add, *self.remove):
            _relation(relation)
        if self.role == "unconstrained" and self.remove:
            raise ValueError("an unconstrained rival only adds to the theory")
        if self.role == "constrained" and self.add:
            raise ValueError("a constrained rival only removes from the theory")
        return self

    @property
    def added(self) -> tuple[tuple[str, str], ...]:
        """The (predictor, outcome) pairs that the rival adds."""
        return _paths(self.add)

    @property
    def removed(self) -> tuple[tuple[str, str], ...]:
        """The (predictor, outcome) pairs that the rival leaves out."""
        return _paths(self.remove)

    @property
    def freed(self) -> tuple[tuple[str, str], ...]:
        """The pairs whose covariance the rival adds."""
        return _pairs(self.add)

    @property
    def fixed(self) -> tuple[tuple[str, str], ...]:
        """The pairs whose covariance the rival leaves out."""
        return _pairs(self.remove)


def _relation(text: str) -> tuple[str, str, str]:
    """Return the two ends of ``a -> b`` or ``a ~~ b`` with the sign between them."""
    sign = "~~" if "~~" in text else "->"
    names = tuple(part.strip() for part in text.split("~~")) if sign == "~~" else chain_names(text)
    if len(names) != ENDS:
        raise ValueError(f"a rival changes 'a -> b' or 'a ~~ b', one at a time, got {text!r}")
    first, second = (_checked_name(name) for name in names)
    if first == second:
        raise ValueError(f"{text!r} joins a construct to itself")
    return first, sign, second


def _paths(relations: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the paths among relations."""
    parts = [_relation(relation) for relation in relations]
    return tuple((first, second) for first, sign, second in parts if sign == "->")


def _pairs(relations: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the covariances among relations."""
    parts = [_relation(relation) for relation in relations]
    return tuple((first, second) for first, sign, second in parts if sign == "~~")


def _decimal(value: Any) -> str:
    """Keep a printed number with the decimals that it was printed with."""
    text = str(value).replace("\N{MINUS SIGN}", "-")
    try:
        finite = not isinstance(value, bool) and Decimal(text).is_finite()
    except InvalidOperation:
        finite = False
    if not finite:
        raise _refused("a printed number is needed", value)
    return text


class BiasSection(Section):
    """``[bias]``: what is done about common method variance."""

    method_factor: StrictBool = True
    marker: StrictStr = ""
    marker_items: Items = ()
    marker_correlation: Annotated[float, BeforeValidator(_number), Field(ge=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _named_marker(self) -> BiasSection:
        """Refuse items of a marker without its name."""
        if self.marker:
            _checked_name(self.marker)
        elif self.marker_items:
            raise ValueError("marker_items need the marker's name: marker = '...'")
        return self


class GroupsSection(Section):
    """``[groups]``: the groups that are compared, and by which rule."""

    by: Annotated[StrictStr, Field(min_length=1)]
    levels: Annotated[tuple[StrictStr, ...], Field(min_length=1)] | None = None
    criterion: Literal["cfi", "chen", "chisq"] = "cfi"
    partial: StrictBool = True

    @model_validator(mode="after")
    def _known_levels(self) -> GroupsSection:
        """Refuse levels that do not exist."""
        for level in self.levels or ():
            if level not in LEVELS:
                raise ValueError(
                    f"there is no level of invariance {level!r}; known: {', '.join(LEVELS)}"
                )
        return self


class InteractionSection(Section):
    """``[interactions]``: one latent interaction."""

    formula: StrictStr
    products: Literal["matched", "all"] = "matched"

    @model_validator(mode="before")
    @classmethod
    def _from_formula(cls, value: Any) -> Any:
        """Accept the formula alone."""
        return {"formula": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _readable(self) -> InteractionSection:
        """Refuse a formula that cannot be read."""
        try:
            read_formula(self.formula)
        except SpecificationError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def names(self) -> tuple[str, str, str]:
        """Predictor, moderator and outcome."""
        return read_formula(self.formula)


class PublishedValue(Section):
    """``[[published.values]]``: one printed number, where it stands, and whether it was checked."""

    quantity: StrictStr
    value: Annotated[StrictStr, BeforeValidator(_decimal)]
    where: StrictStr
    checked: StrictBool = False

    @property
    def number(self) -> float:
        """The printed number."""
        return float(self.value)

    @property
    def decimals(self) -> int:
        """How many decimals were printed."""
        exponent = Decimal(self.value).as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0


class PublishedSection(Section):
    """``[published]``: what a publication says about this study."""

    parts: ClassVar[dict[str, type[Section]]] = {"values": PublishedValue}

    reference: StrictStr = ""
    values: tuple[PublishedValue, ...] = ()
    claims: dict[StrictStr, StrictStr] = {}


def _words(value: Any) -> Any:
    """Accept one word or several, each once."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not words:
        raise _refused('choices are written ["a", "b"]', value)
    if len({str(word) for word in words}) < len(words):
        raise _refused("each choice stands once", value)
    return tuple(words)


def _dropped(value: Any) -> Any:
    """Refuse what is no table of items by the name of a choice."""
    if not isinstance(value, Mapping) or not value:
        raise _refused("items to drop are written { short = ['x4'] } (name = items)", value)
    return value


_Words = BeforeValidator(_words)
Presence = Annotated[tuple[Literal["with", "without"], ...], _Words]
Retention = Annotated[tuple[Literal["keep", "drop"], ...], _Words]
Texts = Annotated[tuple[StrictStr, ...], _Words]


class MultiverseSection(Section):
    """``[multiverse]``: defensible choices, all combinations of which are estimated."""

    estimator: Texts = ()
    likelihood: Annotated[tuple[Literal["normal", "wishart"], ...], _Words] = ()
    missing: Annotated[tuple[Literal["listwise", "fiml", "pairwise"], ...], _Words] = ()
    answers: Annotated[tuple[Literal["continuous", "ordered"], ...], _Words] = ()
    outliers: Retention = ()
    weak_items: Retention = ()
    items: Annotated[
        dict[StrictStr, Annotated[Items, Field(min_length=1)]], BeforeValidator(_dropped)
    ] = {}
    residual_covariances: Presence = ()
    controls: Presence = ()
    method_factor: Annotated[tuple[Literal["without", "with", "free"], ...], _Words] = ()
    structure: Texts = ()
    limit: Annotated[StrictInt, Field(ge=1)] = 256

    @property
    def declared(self) -> dict[str, tuple[str, ...]]:
        """The values of each choice that is declared, by its name."""
        names = [name for name in type(self).model_fields if name != "limit"]
        return {name: values for name in names if (values := tuple(getattr(self, name)))}


def _workers(value: int) -> int:
    """Refuse a number of processes that cannot be meant."""
    if value < 1 and value != -1:
        raise _refused("a number of processes is needed, or -1 for all cores", value)
    return value


class RunSection(Section):
    """``[run]``: choices that change how, not what, is estimated."""

    seed: Annotated[StrictInt, Field(ge=0)] = 1988
    bootstrap: Annotated[StrictInt, Field(ge=0)] = 0
    influence: StrictBool = False
    power: Annotated[StrictInt, Field(ge=0)] = 0
    cutoffs: Annotated[StrictInt, Field(ge=0)] = 0
    multiverse: StrictBool = True
    workers: Annotated[StrictInt, AfterValidator(_workers)] = 1
    second_engine: StrictBool = True


def _values(value: Any) -> Any:
    """Accept one number for all, or a table of numbers by name."""
    if isinstance(value, Mapping):
        return {str(key): float(_number(each)) for key, each in value.items()}
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused("a number is needed, or a table { name = number }", value)
    return float(_number(value))


def _sizes(value: Any) -> Any:
    """Accept one number of cases or several."""
    sizes = list(value) if isinstance(value, list | tuple) else [value]
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise _refused("numbers of cases are whole numbers from 1 on", size)
    return tuple(dict.fromkeys(sizes))


Values = Annotated[float | dict[str, float], BeforeValidator(_values)]


class PowerSection(Section):
    """``[power]``: numbers of cases to simulate, and the population that theory expects."""

    n: Annotated[tuple[int, ...], BeforeValidator(_sizes)] = ()
    samples: Annotated[StrictInt, Field(ge=2)] = 1000
    goal: Annotated[float, BeforeValidator(_number), Field(gt=0, lt=1)] = 0.80
    loadings: Values | None = None
    paths: Values | None = None
    correlations: Values = 0.0

    @property
    def states_population(self) -> bool:
        """Whether it says what the population is like."""
        return bool({"loadings", "paths", "correlations"} & self.model_fields_set)


class Head(Section):
    """The keys above the first section."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    title: Annotated[StrictStr, Field(min_length=1)]
    name: StrictStr = ""
    description: StrictStr = ""
    reference: StrictStr = ""
    synthetic: StrictBool = False
