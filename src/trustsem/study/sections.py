"""What each section of a study file may hold: types, ranges of items, and nothing unknown.

Each section is checked for itself here; :mod:`trustsem.study.checks` holds them against each
other, and :mod:`trustsem.study.plan` makes a :class:`~trustsem.study.plan.Study` of them.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

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


class Section(BaseModel):
    """A part of a study file: frozen, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: ClassVar[dict[str, type[Section]]] = {}
    """Sections within this one."""


class DataSection(Section):
    """``[data]``: where the answers are and how they are coded."""

    path: StrictStr | None = None
    missing: Annotated[tuple[Number, ...], BeforeValidator(_codes)] = ()
    scale: Scale | None = None
    columns: dict[Name, StrictStr] = {}


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
    """``[constructs.NAME]``: a construct and the items that reflect it."""

    items: Annotated[Items, Field(min_length=1)]
    label: StrictStr = ""
    reverse: Items = ()
    scale: Scale | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_items(cls, value: Any) -> Any:
        """Accept the items alone."""
        return {"items": value} if isinstance(value, str | list) else value


class HypothesisSection(Section):
    """``[hypotheses]``: one expected path, its sign, and the claim in words."""

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
    def _one_path(self) -> HypothesisSection:
        """Refuse anything but one arrow between two names."""
        ends = _ARROW.split(self.path.strip())
        if len(ends) != ENDS:
            raise ValueError(f"a path is written 'a -> b', got {self.path!r}")
        for end in ends:
            _checked_name(end)
        if ends[0] == ends[1]:
            raise ValueError(f"the path {self.path!r} leads from a construct to itself")
        if self.tails == 1 and self.sign == "any":
            raise ValueError("a one-tailed test needs a sign, '+' or '-'")
        return self

    @property
    def ends(self) -> tuple[str, str]:
        """Predictor and outcome."""
        predictor, outcome = _ARROW.split(self.path.strip())
        return predictor, outcome


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
    """``[rivals]``: a rival theory, as the study's own with paths added or removed."""

    add: tuple[StrictStr, ...] = ()
    remove: tuple[StrictStr, ...] = ()
    label: StrictStr = ""

    @model_validator(mode="after")
    def _readable_paths(self) -> RivalSection:
        """Refuse an unreadable path, and a rival that changes nothing."""
        if not self.add and not self.remove:
            raise ValueError("a rival adds or removes at least one path")
        for path in (*self.add, *self.remove):
            HypothesisSection(path=path)
        return self

    @property
    def added(self) -> tuple[tuple[str, str], ...]:
        """The (predictor, outcome) pairs that the rival adds."""
        return tuple(HypothesisSection(path=path).ends for path in self.add)

    @property
    def removed(self) -> tuple[tuple[str, str], ...]:
        """The (predictor, outcome) pairs that the rival leaves out."""
        return tuple(HypothesisSection(path=path).ends for path in self.remove)


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


class RunSection(Section):
    """``[run]``: choices that change how, not what, is estimated."""

    seed: Annotated[StrictInt, Field(ge=0)] = 1988
    second_engine: StrictBool = True


class Head(Section):
    """The keys above the first section."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    title: Annotated[StrictStr, Field(min_length=1)]
    name: StrictStr = ""
    description: StrictStr = ""
    reference: StrictStr = ""
    synthetic: StrictBool = False
