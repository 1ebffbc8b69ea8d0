"""How is a run carried out? The study's section ``[run]``, and what was said with the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from trustsem.errors import SpecificationError
from trustsem.simulation import require_workers
from trustsem.study.sections import RunSection

_COUNTS = ("bootstrap", "power", "cutoffs")
_SWITCHES = ("influence", "multiverse", "second_engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What is computed beside the two steps, and by how many processes.

    Parameters
    ----------
    seed : int
        Seed of everything random.
    bootstrap : int
        Resamples from which both steps are estimated again; 0 for none.
    influence : bool
        Whether both steps are estimated again without each respondent.
    power : int
        Simulated samples for each sample size; 0 for none.
    cutoffs : int
        Simulated samples for each level of misspecification; 0 for none.
    multiverse : bool
        Whether the combinations of the study's section ``[multiverse]`` are estimated.
    workers : int
        Processes; -1 for one on each core. They change no result.
    progress : bool or None
        Whether to say how far a computation is; None where somebody looks.
    second_engine : bool
        Whether both models are estimated by the second engine, too.
    """

    seed: int
    bootstrap: int = 0
    influence: bool = False
    power: int = 0
    cutoffs: int = 0
    multiverse: bool = True
    workers: int = 1
    progress: bool | None = None
    second_engine: bool = True

    @classmethod
    def resolve(cls, section: RunSection, said: Mapping[str, Any]) -> RunSettings:
        """Return the settings of a run.

        Parameters
        ----------
        section : RunSection
            Those of the study.
        said : mapping
            Those that replace them, by name; other names are left alone.

        Raises
        ------
        SpecificationError
            If a value is not of its kind.
        """
        names = {field.name for field in fields(cls)}
        given = {name: value for name, value in said.items() if name in names and value is not None}
        return cls(**{**section.model_dump(), **given})

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name in _COUNTS:
            if not _is_whole(getattr(self, name)) or getattr(self, name) < 0:
                raise _unusable(name, getattr(self, name), "a whole number, 0 for none")
        for name in _SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise _unusable(name, getattr(self, name), "True or False")
        require_workers(self.workers)


RUN_ONLY = tuple(
    field.name for field in fields(RunSettings) if field.name not in ("seed", "bootstrap")
)
"""Names that are no options of an estimation."""

WITHOUT = {"bootstrap": 0, "influence": False, "power": 0, "cutoffs": 0, "multiverse": False}
"""Settings under which only the two steps are carried out."""

UNRECORDED = ("workers", "progress")
"""Names that change no number, and that a manifest leaves out."""


def _is_whole(value: object) -> bool:
    """Return whether a value is a whole number."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _unusable(name: str, value: object, needed: str) -> SpecificationError:
    """Return the error that a setting is not of its kind."""
    return SpecificationError(f"{name} takes {needed}; got {value!r}.")
