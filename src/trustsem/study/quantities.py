"""Which numbers of a study can a publication print? The names that a scorecard knows.

========================================  =====================================================
quantity                                  meaning
========================================  =====================================================
``n_obs``                                 number of cases analysed
``measurement.chisq``, ``structural.cfi`` a fit measure of one step, named as in ``fit_measures``
``loading.ITEM.std_all``                  an item's loading: ``est se z std_all r2``
``reliability.CONSTRUCT.alpha``           ``alpha cr ave``
``correlation.CONSTRUCT.CONSTRUCT``       a correlation between constructs, from step one
``hypothesis.H1.std_all``                 a path: ``est se z pvalue std_all``
``r2.CONSTRUCT``                          share of a construct's variance that is explained
========================================  =====================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustsem.errors import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

FIT = (
    "chisq", "df", "pvalue", "cfi", "tli", "nfi", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper",
    "srmr", "rmr", "gfi", "agfi", "aic", "bic", "logl",
)  # fmt: skip
COLUMNS: dict[str, tuple[str, ...]] = {
    "loading": ("est", "se", "z", "std_all", "r2"),
    "reliability": ("alpha", "cr", "ave"),
    "hypothesis": ("est", "se", "z", "pvalue", "std_all"),
}
KINDS = ("n_obs", "measurement", "structural", *COLUMNS, "correlation", "r2")
"""First words of a quantity."""


def quantity_mistake(
    quantity: str,
    items: Sequence[str],
    constructs: Sequence[str],
    hypotheses: Sequence[str],
    outcomes: Sequence[str],
) -> str:
    """Return what is wrong with a quantity's name, or an empty string."""
    kind, *rest = quantity.split(".")
    choices: dict[str, tuple[Sequence[str], ...]] = {
        "n_obs": (),
        "measurement": (FIT,),
        "structural": (FIT,),
        "loading": (items, COLUMNS["loading"]),
        "reliability": (constructs, COLUMNS["reliability"]),
        "hypothesis": (hypotheses, COLUMNS["hypothesis"]),
        "correlation": (constructs, constructs),
        "r2": (outcomes,),
    }
    if kind not in choices:
        return f"unknown quantity {quantity!r}.{did_you_mean(kind, KINDS)} Known: {listed(KINDS)}."
    expected = choices[kind]
    if len(rest) != len(expected):
        return f"{quantity!r} should have {len(expected) + 1} parts, separated by dots"
    for part, known in zip(rest, expected, strict=True):
        if part not in known:
            return f"{part!r} in {quantity!r} is unknown.{did_you_mean(part, known)}"
    return ""
