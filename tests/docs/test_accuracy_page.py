"""The accuracy page states what the shipped reference cases confirm."""

from __future__ import annotations

import pytest

import accuracy
from reference_cases import SHIPPED_DATA, reference_cases

NOISE = 0.5
"""Digits by which the last bits of another machine's linear algebra may move a difference."""


def test_the_shipped_cases_reach_the_digits_that_the_page_states():
    stated = accuracy.stated()
    shipped = [case for case in reference_cases() if case.folder == SHIPPED_DATA]
    rows = accuracy.measured(shipped)
    assert len(rows) > 10
    for row in rows:
        for name, digits in stated[row.kind].items():
            reached = row.digits[name]
            assert not reached < digits - NOISE, (row.kind, name, reached, digits)


def test_digits_of_a_difference():
    assert accuracy._digits([1e-3, 2e-5]) == pytest.approx(3.0)
    assert accuracy._digits([0.0]) == accuracy.MOST
    assert accuracy._worst([float("nan"), 4.0, 6.0]) == 4.0
