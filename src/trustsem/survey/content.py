"""What a file reader hands over before it becomes a survey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from trustsem.findings import Finding
    from trustsem.survey.codebook import Variable


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a data file.

    Parameters
    ----------
    frame : DataFrame
        Cells as the file has them, declared missing codes still in place.
    variables : tuple of Variable
        One per column, in order, with the missing codes that the file declares.
    encoding : str
        Character encoding that was used; empty where the format fixes it.
    label : str
        The file's own label.
    notes : tuple of str
        Notes that the file carries.
    findings : tuple of Finding
        What the reader had to decide.
    """

    frame: pd.DataFrame
    variables: tuple[Variable, ...]
    encoding: str = ""
    label: str = ""
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
