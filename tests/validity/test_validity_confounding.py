"""Loadings before and after: what changes, by how much, and whether that matters."""

from __future__ import annotations

import pytest

from trustsem.validity import Thresholds, check_confounding, confounding_table


@pytest.fixture
def steps(make_parameters):
    def parameters(second):
        rows = (("f", "=~", "a", 1, 1.0, 0.0, 0.80, 0.02), ("f", "=~", "b", 1, *second, 0.02))
        return make_parameters(*rows, ("f", "~", "g", 1, 0.4, 0.1, 0.4, 0.1))

    return parameters((0.90, 0.1, 0.70)), parameters((0.84, 0.1, 0.64))


def test_the_table_holds_both_steps_and_the_change(steps) -> None:
    table = confounding_table(*steps).set_index("item")
    assert table.loc["b", ["est_before", "est_after"]].tolist() == [0.90, 0.84]
    assert table.loc["b", "est_change"] == pytest.approx(-0.06)
    assert table.loc["b", "std_change"] == pytest.approx(-0.06)
    assert table.loc["a", "std_change"] == 0


def test_loadings_on_different_scales_are_not_compared(steps) -> None:
    table = confounding_table(*steps, same_scale=False)
    assert table["est_change"].isna().all()
    assert table["std_change"].notna().all()


def test_the_largest_change_is_judged_in_either_direction(steps) -> None:
    (finding,) = check_confounding(confounding_table(*steps), labels={"f": "Trust"})
    assert (finding.subject, finding.holds, finding.severity) == ("f =~ b", False, "warning")
    assert finding.value == pytest.approx(0.06)
    assert finding.source == "burt1976"
    assert "b on Trust, from .700 to .640" in finding.claim


def test_the_study_may_tolerate_more(steps) -> None:
    table = confounding_table(*steps)
    (finding,) = check_confounding(table, thresholds=Thresholds(loading_change=0.10))
    assert (finding.holds, finding.remedy) == (True, "")


def test_without_loadings_nothing_is_said(steps) -> None:
    assert check_confounding(confounding_table(*steps).iloc[:0]) == ()
