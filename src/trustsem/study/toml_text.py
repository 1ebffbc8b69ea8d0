"""Write a study's plain values as the text of a study file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_OWN_TABLES = ("constructs",)
_ARRAYS_OF_TABLES = (("published", "values"),)


def toml_text(values: Mapping[str, Any]) -> str:
    """Return TOML that reads back as the same values.

    Parameters
    ----------
    values : mapping
        Keys and sections of a study file: texts, numbers, booleans, lists and mappings.

    Returns
    -------
    str
        One section per mapping, one table per construct, one ``[[...]]`` per printed value.
    """
    head = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    blocks = ["\n".join(_assignments(head))]
    for key, section in values.items():
        if isinstance(section, Mapping):
            blocks.extend(_section(key, section))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _section(name: str, section: Mapping[str, Any]) -> list[str]:
    """Return the blocks of one section."""
    if name in _OWN_TABLES:
        return [_block(f"[{_key(name)}.{_key(key)}]", value) for key, value in section.items()]
    lists = {key: value for key, value in section.items() if (name, key) in _ARRAYS_OF_TABLES}
    tables = {
        key: value
        for key, value in section.items()
        if name == "published" and isinstance(value, Mapping)
    }
    plain = {key: value for key, value in section.items() if key not in lists and key not in tables}
    blocks = [_block(f"[{_key(name)}]", plain)] if plain or not (lists or tables) else []
    blocks += [
        _block(f"[[{_key(name)}.{_key(key)}]]", entry)
        for key, value in lists.items()
        for entry in value
    ]
    return blocks + [_block(f"[{_key(name)}.{_key(key)}]", value) for key, value in tables.items()]


def _block(header: str, values: Mapping[str, Any]) -> str:
    """Return a header and its assignments."""
    return "\n".join([header, *_assignments(values)])


def _assignments(values: Mapping[str, Any]) -> list[str]:
    """Return one assignment per value."""
    return [f"{_key(key)} = {_value(value)}" for key, value in values.items()]


def _key(key: str) -> str:
    """Return a key, quoted where TOML needs it."""
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    """Return one value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_assignments(value)) + " }" if value else "{}"
    if isinstance(value, Sequence):
        return _list(value)
    raise TypeError(f"A study file cannot hold {value!r}.")


def _list(values: Sequence[Any]) -> str:
    """Return a list; a list of lists has one per line."""
    if values and all(isinstance(value, list | tuple) for value in values):
        return "[\n" + "".join(f"  {_value(value)},\n" for value in values) + "]"
    return "[" + ", ".join(_value(value) for value in values) + "]"


def _text(text: str) -> str:
    """Return a basic string; JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
