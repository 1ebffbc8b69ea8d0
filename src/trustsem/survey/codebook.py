"""What each variable means: label, answer labels, declared missing codes, level.

Every text that comes from a file passes :func:`cleaned` before it is kept, so that no label can
steer a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import pandas as pd

from trustsem.display import TEXT, Column, printable
from trustsem.errors import UnknownItemError
from trustsem.tables import Table

Code = float | str
"""An answer code: a number, or text (letters a to z for Stata's and SAS's extended codes)."""

MissingCode = float | str | tuple[float, float]
"""One declared missing code, or a range of them (both ends included)."""


def cleaned(text: object) -> str:
    """Return text from a file without control characters, line breaks as single spaces."""
    return "" if text is None else " ".join(printable(str(text)).split())


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a survey.

    Parameters
    ----------
    name : str
        Column name.
    label : str
        Wording of the item, or what the variable is.
    value_labels : Mapping
        Answer label by code.
    missing_codes : tuple
        Codes (or ranges of codes) that stand for a missing answer.
    measure : str
        ``"nominal"``, ``"ordinal"``, ``"scale"`` or ``"unknown"``, as the file says.
    reversed_on : (float, float) or None
        Scale on which the answers were turned around after reading; None if they were not.
    """

    name: str
    label: str = ""
    value_labels: Mapping[Code, str] = field(default_factory=dict)
    missing_codes: tuple[MissingCode, ...] = ()
    measure: str = "unknown"
    reversed_on: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Keep a read-only copy of the value labels."""
        object.__setattr__(self, "value_labels", MappingProxyType(dict(self.value_labels)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what makes the variable anew: a read-only copy cannot be pickled."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return _variable, ({**given, "value_labels": dict(self.value_labels)},)

    @property
    def wording(self) -> str:
        """The label, or the name where there is none."""
        return self.label or self.name

    def label_of(self, code: Code) -> str:
        """Return the label of an answer code, or an empty string."""
        return self.value_labels.get(code, "")


def _variable(given: dict[str, Any]) -> Variable:
    """Return a variable of these properties."""
    return Variable(**given)


class Codebook(Mapping[str, Variable]):
    """The variables of a survey by name, in the order of the file.

    Parameters
    ----------
    variables : iterable of Variable
        Names must be distinct.
    """

    __slots__ = ("_variables",)

    def __init__(self, variables: Iterable[Variable]) -> None:
        self._variables = {variable.name: variable for variable in variables}

    def __getitem__(self, name: str) -> Variable:
        """Return a variable, or raise `UnknownItemError` with the nearest name."""
        if name not in self._variables:
            raise UnknownItemError([name], self._variables, where="codebook")
        return self._variables[name]

    def __contains__(self, name: object) -> bool:
        """Return whether there is a variable of that name."""
        return name in self._variables

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._variables)

    def __len__(self) -> int:
        """Return the number of variables."""
        return len(self._variables)

    def with_variables(self, changed: Iterable[Variable]) -> Codebook:
        """Return a codebook in which variables of the same names are replaced."""
        return Codebook({**self._variables, **{each.name: each for each in changed}}.values())

    def restricted_to(self, names: Iterable[str]) -> Codebook:
        """Return a codebook of some of the variables, in the order asked for."""
        return Codebook(self[name] for name in names)

    def renamed(self, mapping: Mapping[str, str]) -> Codebook:
        """Return a codebook with new names."""
        return Codebook(
            replace(variable, name=mapping.get(variable.name, variable.name))
            for variable in self._variables.values()
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row per variable: name, label, value_labels, missing_codes, measure."""
        rows = [
            {
                "name": variable.name,
                "label": variable.label,
                "value_labels": "; ".join(
                    f"{code_text(code)} = {label}" for code, label in variable.value_labels.items()
                ),
                "missing_codes": "; ".join(code_text(code) for code in variable.missing_codes),
                "measure": variable.measure,
            }
            for variable in self._variables.values()
        ]
        columns = ["name", "label", "value_labels", "missing_codes", "measure"]
        return pd.DataFrame(rows, columns=columns)

    def to_table(self, limit: int = 0) -> Table:
        """Return the codebook as a table.

        Parameters
        ----------
        limit : int
            Rows shown at most; 0 for all.
        """
        headers = {
            "name": "Name",
            "value_labels": "Answers",
            "missing_codes": "Missing codes",
            "measure": "Level",
        }
        columns = {name: Column(header, TEXT) for name, header in headers.items()}
        return Table("codebook", "Codebook", self.to_frame(), columns=columns, limit=limit)

    def __repr__(self) -> str:
        """Return the codebook as a table."""
        return f"Codebook of {len(self)} variables\n{self.to_frame().to_string(index=False)}"

    def _repr_html_(self) -> str:
        return self.to_table()._repr_html_()


def code_text(code: MissingCode) -> str:
    """Return a code, or range of codes, as text."""
    if isinstance(code, tuple):
        return f"{code_text(code[0])} to {code_text(code[1])}"
    return f"{code:.15g}" if isinstance(code, int | float) else str(code)


def same_code(code: Any) -> Code:
    """Return a code as float if it is a number, else as text."""
    return float(code) if isinstance(code, int | float) else str(code)
