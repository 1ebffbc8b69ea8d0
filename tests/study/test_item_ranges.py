"""Ranges of items are read as a researcher means them."""

from __future__ import annotations

import pytest

from trustsem.errors import PlanError
from trustsem.study import reflective
from trustsem.study.sections import item_names


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("bt1:bt3", ("bt1", "bt2", "bt3")),
        ("x1", ("x1",)),
        ("x1:x3, x5", ("x1", "x2", "x3", "x5")),
        ("q08:q11", ("q08", "q09", "q10", "q11")),
        ("q008:q010", ("q008", "q009", "q010")),
        ("bt9:bt11", ("bt9", "bt10", "bt11")),
        ("v2_1:v2_3", ("v2_1", "v2_2", "v2_3")),
        ("x1:3", ("x1", "x2", "x3")),
        (["y1", "y2"], ("y1", "y2")),
        (["y1:y2", "y4"], ("y1", "y2", "y4")),
        ("größe1 : größe2", ("größe1", "größe2")),
    ],
)
def test_a_range_or_list_names_its_items(written, names):
    assert item_names(written) == names


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("bt5:bt1", "runs backwards"),
        ("bt1:is3", "cannot be read"),
        ("bt:bt3", "cannot be read"),
        ("1x", "is no name for a variable"),
        ("x1,,x2", "is no name for a variable"),
        ("trust me", "is no name for a variable"),
        ("x1:x999999999", "more than 1000 items"),
    ],
)
def test_what_names_no_items_is_refused(written, complaint):
    with pytest.raises(ValueError, match=complaint):
        item_names(written)


def test_reflective_says_what_is_wrong_with_its_items():
    with pytest.raises(PlanError, match="the range 'bt5:bt1' runs backwards"):
        reflective("bt5:bt1")
