"""A first study file for a survey, from the names, labels and answers of its variables.

It is valid as it stands where any block of items is found; whatever changes the data is either
said in a comment or left to be uncommented. It is a start for an editor, not a theory.
"""

from __future__ import annotations

import json
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from trustsem.display import printable
from trustsem.survey.codebook import Code, MissingCode, code_text
from trustsem.survey.guessing import Background, Block, background, item_blocks, seen_scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustsem.survey import Survey

_NAME = re.compile(r"[^\W\d][\w.]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_COMMENT = 90
_MANY_ITEMS = 10
_COMMENT_COLUMN = 28


def proposed_study(survey: Survey, path: Path, folder: Path) -> str:
    """Return the text of a study file.

    Parameters
    ----------
    survey : Survey
        The survey as read.
    path : Path
        Where it was read from.
    folder : Path
        Where the study file will be; the data path is written relative to it.

    Returns
    -------
    str
        TOML with comments. It is valid as it stands, if any block of items is found.
    """
    blocks = item_blocks(survey)
    used = [name for block in blocks for name in block.items]
    names = _study_names(survey, used)
    known = background(survey, used)
    keys = _construct_keys(blocks, set(names.values()))
    lines = [
        f"# Proposed from {_comment(path.name)} ({survey.n_cases} cases).",
        "# Constructs are guessed from the names and labels of the items; check every line.",
        "schema = 1",
        f"title = {_text(f'Study of {path.stem}')}",
        *(["synthetic = true"] if survey.synthetic else []),
        "",
        "[data]",
        f"path = {_text(_relative(path, folder))}",
        *_missing(survey, blocks),
        *_scale(blocks),
        *_columns(names),
        "",
        *_screening(survey, known),
        "",
    ]
    for block, key in zip(blocks, keys, strict=True):
        lines += [*_construct(survey, block, key, names, _shared_scale(blocks)), ""]
    lines += _hypotheses(keys) if blocks else _template(survey)
    rest = [name for name in survey.codebook if name not in used]
    if rest and blocks:
        lines += ["", "# Variables in no construct:"]
        lines += [f"#   {_described(survey, name)}" for name in rest]
    return "\n".join(lines) + "\n"


def _relative(path: Path, folder: Path) -> str:
    """Return the way to the data, as far as there is one without a drive between."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _study_names(survey: Survey, used: Sequence[str]) -> dict[str, str]:
    """Return a name that a model can hold for each item, its own where possible."""
    taken = {name for name in survey.codebook if _NAME.fullmatch(name)}
    names: dict[str, str] = {}
    for name in used:
        new = name
        if not _NAME.fullmatch(name):
            new, number = _slug(name), 2
            while new in taken:
                new, number = f"{_slug(name)}_{number}", number + 1
            taken.add(new)
        names[name] = new
    return names


def _construct_keys(blocks: Sequence[Block], items: set[str]) -> list[str]:
    """Return a name for each construct that no item and no other construct has."""
    keys: list[str] = []
    for block in blocks:
        key, number = _slug(block.name), 2
        while key in items or key in keys:
            key, number = f"{_slug(block.name)}_{number}", number + 1
        keys.append(key)
    return keys


def _missing(survey: Survey, blocks: Sequence[Block]) -> Iterator[str]:
    """Yield the codes of missing answers: the file's own as a comment, suspected ones as a key."""
    declared = {
        _declared(survey, name, code)
        for block in blocks
        for name in block.items
        for code in survey.codebook[name].missing_codes
    }
    if declared:
        yield f"# The file itself declares as missing: {_comment(', '.join(sorted(declared)))}."
    suspected = sorted({code for block in blocks for code in block.missing})
    if suspected:
        holders = [block.name for block in blocks if block.missing]
        yield f"# These look like codes for a missing answer (in {_comment(', '.join(holders))}):"
        yield f"missing = [{', '.join(code_text(code) for code in suspected)}]"
    else:
        yield _aside("# missing = [99]", "codes on top of those that the file declares")


def _declared(survey: Survey, name: str, code: MissingCode) -> str:
    """Return a declared missing code with its label."""
    label = "" if isinstance(code, tuple) else survey.codebook[name].label_of(code)
    return f"{code_text(code)} {label}".strip()


def _shared_scale(blocks: Sequence[Block]) -> tuple[float, float] | None:
    """Return the scale that the value labels of all blocks agree on."""
    scales = {block.scale for block in blocks}
    return scales.pop() if len(scales) == 1 else None


def _scale(blocks: Sequence[Block]) -> Iterator[str]:
    shared = _shared_scale(blocks)
    if shared is not None:
        yield f"scale = {_ends(shared)}"
        return
    if any(block.scale for block in blocks):
        return
    seen = seen_scale(blocks)
    if seen is not None:
        yield _aside(f"# scale = {_ends(seen)}", "lowest and highest answer seen; one outside is "
                     "an error")  # fmt: skip
    else:
        yield _aside("# scale = [1, 7]", "an answer outside is an error")


def _columns(names: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of columns that could not stand in a model."""
    changed = {new: old for old, new in names.items() if new != old}
    if changed:
        pairs = ", ".join(f"{_key(new)} = {_text(old)}" for new, old in changed.items())
        yield f"columns = {{ {pairs} }}"


def _screening(survey: Survey, known: Background) -> Iterator[str]:
    """Yield the section that describes respondents; every line waits to be uncommented."""
    yield "[screening]"
    yield "# Nobody is dropped without a rule; uncomment what applies."
    for key, meaning in (
        ("id", "names the cases"),
        ("duration", "time taken to answer"),
        ("wave", "early and late respondents are compared"),
    ):
        name = getattr(known, key)
        if name:
            said = _comment(survey.codebook[name].label) or meaning
            yield _aside(f"# {key} = {_text(name)}", said)
    if known.duration:
        yield _aside("# minimum_duration = 120", "in the unit of that column")
    if known.profile:
        yield f"# profile = [{', '.join(_text(name) for name in known.profile)}]"
    checks = known.attention or {}
    if checks:
        pairs = ", ".join(f"{_key(name)} = {_answer(asked)}" for name, asked in checks.items())
        yield _aside(f"# attention = {{ {pairs} }}", "column = the answer that was asked for")
        yield from (f"#   {_described(survey, name)}" for name in checks)
    rules = '# drop = ["missing > .30", "duplicates"]'
    yield _aside(rules, "rules, in the order of the sample flow")


def _answer(code: Code | None) -> str:
    """Return the answer that a check asks for; a question mark where the wording does not tell."""
    if code is None:
        return "?"
    return _text(code) if isinstance(code, str) else code_text(code)


def _construct(
    survey: Survey,
    block: Block,
    key: str,
    names: Mapping[str, str],
    shared: tuple[float, float] | None,
) -> Iterator[str]:
    yield f"[constructs.{_key(key)}]"
    yield f"label = {_text(block.label or block.name)}"
    if len(block.items) > _MANY_ITEMS:
        yield f"# {len(block.items)} items share this stem: more than one construct?"
    yield "items = ["
    for name in block.items:
        wording = _comment(survey.codebook[name].label)
        entry = f"  {_text(names[name])},"
        yield f"{entry.ljust(15)} # {wording}" if wording else entry
    yield "]"
    if block.scale is not None and shared is None:
        yield f"scale = {_ends(block.scale)}"
    if block.reverse:
        listed = ", ".join(_text(names[name]) for name in block.reverse)
        yield f"# Worded the other way round? {_reasons(block, names)}"
        yield f"# reverse = [{listed}]"


def _reasons(block: Block, names: Mapping[str, str]) -> str:
    """Return why items seem to be reverse-keyed, items of one reason together."""
    held: dict[str, list[str]] = {}
    for name, why in block.reverse.items():
        held.setdefault(why, []).append(names[name])
    return printable("; ".join(f"{', '.join(items)}: {why}" for why, items in held.items()))


def _hypotheses(keys: Sequence[str]) -> Iterator[str]:
    yield "# Order here is the order in every table; the sign is + unless said otherwise."
    yield "# Without hypotheses only the measurement model is estimated."
    yield "# [hypotheses]"
    for number, (a, b) in enumerate(pairwise(keys), start=1):
        yield f'# H{number} = "{a} -> {b}"'


def _template(survey: Survey) -> Iterator[str]:
    """Yield a construct to be filled in, where no block of items was found."""
    yield "# No block of items was found. A construct is written like this:"
    yield "# [constructs.trust]"
    yield '# label = "Trust"'
    yield '# items = ["item1", "item2", "item3"]'
    yield "# Variables of the survey:"
    yield from (f"#   {_described(survey, name)}" for name in survey.codebook)


def _described(survey: Survey, name: str) -> str:
    label = survey.codebook[name].label
    return _comment(f"{name}: {label}" if label else name)


def _aside(text: str, comment: str) -> str:
    """Return a line with a comment behind it."""
    return f"{text.ljust(_COMMENT_COLUMN - 1)} # {comment}" if comment else text


def _comment(text: str) -> str:
    return " ".join(printable(text).split())[:_LONGEST_COMMENT]


def _ends(scale: tuple[float, float]) -> str:
    return f"[{code_text(scale[0])}, {code_text(scale[1])}]"


def _slug(name: str) -> str:
    """Return a name that can stand in a model and as a key of a study file."""
    cleaned = re.sub(r"\W+", "_", printable(name)).strip("_") or "construct"
    return cleaned if not cleaned[:1].isdigit() else f"c_{cleaned}"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False)
