"""Which choices does a multiverse combine? The study's own, and those declared beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from trustsem.errors import PlanError
from trustsem.options import DEFAULTS, Options
from trustsem.study.checks import FIXED_OWN, KEEP, about_outliers

if TYPE_CHECKING:
    from trustsem.study.plan import Study
    from trustsem.study.sections import MultiverseSection

TITLES: Mapping[str, str] = {
    "estimator": "Estimator",
    "likelihood": "Likelihood",
    "missing": "Missing answers",
    "answers": "Answers",
    "outliers": "Outliers",
    "weak_items": "Weak items",
    "items": "Items",
    "residual_covariances": "Residual covariances",
    "controls": "Controls",
    "method_factor": "Method factor",
    "structure": "Structure",
}
"""Every choice, in the order of all tables, and what readers call it."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    "estimator": tuple(DEFAULTS),
    "likelihood": ("normal", "wishart"),
    "missing": ("listwise", "fiml", "pairwise"),
    "answers": ("continuous", "ordered"),
    "outliers": ("keep", "drop"),
    "weak_items": ("keep", "drop"),
    "residual_covariances": ("with", "without"),
    "controls": ("with", "without"),
    "method_factor": ("without", "with", "free"),
}
"""Values in the order of all tables, after the study's own."""

OF_CASES = ("missing", "answers", "outliers")
"""Choices about cases, which a printed matrix does not hold."""


@dataclass(frozen=True, slots=True)
class Grid:
    """All combinations of choices.

    Parameters
    ----------
    values : mapping of str to tuple of str
        Values by choice, the study's own first. The order of a declaration changes nothing.
    """

    values: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        """Return the number of combinations."""
        number = 1
        for values in self.values.values():
            number *= len(values)
        return number

    def combinations(self) -> Iterator[dict[str, str]]:
        """Yield every combination, the study's own first."""
        for chosen in product(*self.values.values()):
            yield dict(zip(self.values, chosen, strict=True))

    def without(self, names: Sequence[str]) -> Grid:
        """Return the grid without some choices."""
        kept = {name: known for name, known in self.values.items() if name not in names}
        return Grid(kept)


def own_choices(study: Study, options: Options) -> dict[str, str]:
    """Return what a study itself does about every choice.

    Parameters
    ----------
    study : Study
        The plan.
    options : Options
        Options of its estimation.
    """
    return {
        "estimator": options.estimator,
        "likelihood": options.likelihood,
        "missing": options.missing,
        "answers": "ordered" if options.ordered else "continuous",
        "outliers": "drop" if any(map(about_outliers, study.screening.drop)) else KEEP,
        **FIXED_OWN,
    }


def grid_of(section: MultiverseSection, study: Study, options: Options) -> Grid:
    """Return the combinations that a section declares.

    Parameters
    ----------
    section : MultiverseSection
        The choices.
    study : Study
        The plan.
    options : Options
        Options of its estimation.

    Raises
    ------
    PlanError
        If there are more combinations than the section's limit.
    """
    own, words = own_choices(study, options), {**_WORDS, "structure": tuple(study.rivals)}
    declared = section.declared
    values: dict[str, tuple[str, ...]] = {}
    for name in TITLES:
        if name not in declared:
            continue
        given = set(map(str, declared[name]))
        if name == "estimator":
            given = {value.upper() for value in given}
        known = words.get(name, tuple(sorted(given)))
        others = [value for value in known if value in given and value != own[name]]
        values[name] = (own[name], *others)
    grid = Grid(values)
    if len(grid) > section.limit:
        raise PlanError(
            f"The choices have {len(grid)} combinations; at most {section.limit} are estimated.",
            remedy=f"Declare fewer choices, or limit = {len(grid)}.",
        )
    return grid
