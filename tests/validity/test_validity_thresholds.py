"""Cutoffs: sourced by default, overridable, never nonsense."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from trustsem.errors import SpecificationError, UnknownOptionError
from trustsem.references import REFERENCES
from trustsem.validity import Thresholds
from trustsem.validity.thresholds import SOURCES


def test_every_threshold_names_a_source_of_the_bibliography() -> None:
    assert set(SOURCES) == {field.name for field in fields(Thresholds)}
    assert all(key in REFERENCES for name, key in SOURCES.items() if name != "significance")


def test_a_changed_cutoff_no_longer_claims_its_source() -> None:
    thresholds = Thresholds.from_mapping({"htmt": 0.9})
    assert thresholds.htmt == 0.9
    assert thresholds.source("htmt") == ""
    assert thresholds.source("ave") == "fornell1981"


def test_a_misspelt_threshold_suggests_the_right_one() -> None:
    with pytest.raises(UnknownOptionError, match="Did you mean 'htmt'"):
        Thresholds.from_mapping({"htmtt": 0.9})


@pytest.mark.parametrize(
    "values",
    [
        {"ave": "0.5"},
        {"ave": True},
        {"ave": -0.5},
        {"ave": float("nan")},
        {"significance": 1.0},
        {"phi_marginal": 0.95},
    ],
)
def test_impossible_thresholds_are_refused(values) -> None:
    with pytest.raises(SpecificationError, match="Threshold"):
        Thresholds.from_mapping(values)


def test_thresholds_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Thresholds().ave = 0.4
