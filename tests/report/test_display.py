"""Numbers as the APA wants them, rounded once, in the terminal's and the printer's signs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trustsem import display
from trustsem.display import BOUNDED, CHISQ, COUNT, ESTIMATE, FLAG, MISSING, Format, P


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (BOUNDED, 0.8123, ".812"),
        (BOUNDED, -0.05, "-.050"),
        (BOUNDED, 1.0234, "1.023"),
        (BOUNDED, -0.0004, ".000"),
        (ESTIMATE, 0.5, "0.500"),
        (ESTIMATE, -0.0004, "0.000"),
        (ESTIMATE, 1234.5, "1,234.500"),
        (P, 0.0342, ".034"),
        (P, 0.00049, "< .001"),
        (P, 0.001, ".001"),
        (P, 0.9996, "> .999"),
        (P, 1.0, "> .999"),
        (COUNT, 1221.0, "1,221"),
        (COUNT, 23.41, "23.4"),
        (CHISQ, 38.1252, "38.13"),
        (CHISQ, 0.0, "0"),
        (FLAG, np.True_, "yes"),
        (FLAG, False, "no"),
        (Format("general", 2), 6.42e-13, "6.4e-13"),
        (Format("percent", 1), 8.145, "8.1"),
        (ESTIMATE, float("-inf"), "-∞"),
    ],
)
def test_a_value_becomes_text_in_its_own_format(form, value, text):
    assert form.text(value) == text


def test_print_has_a_true_minus_and_powers_of_ten():
    assert ESTIMATE.text(-0.5, "typeset") == "\N{MINUS SIGN}0.500"
    assert BOUNDED.interval(-0.2, 0.3, "typeset") == "[\N{MINUS SIGN}.200, .300]"
    assert Format("general", 2).text(6.42e-13, "typeset") == "6.4 × 10⁻¹³"


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, pd.NA, pd.NaT])
def test_what_does_not_exist_is_a_dash(value):
    assert ESTIMATE.text(value) == MISSING
    assert Format("number", missing="").text(value) == ""


def test_a_probability_in_a_sentence():
    assert display.p_statement(0.0342) == "p = .034"
    assert display.p_statement(1e-9) == "p < .001"
    assert [display.stars(value) for value in (0.2, 0.04, 0.004, 0.0004, float("nan"))] == [
        "", "*", "**", "***", "",
    ]  # fmt: skip


def test_the_fit_of_a_model_on_one_line():
    measures = {
        "chisq": 38.1252, "df": 35, "pvalue": 0.32918, "cfi": 0.995375, "tli": 0.992731,
        "rmsea": 0.0345045, "rmsea_ci_lower": 0.0, "rmsea_ci_upper": 0.0922327, "srmr": 0.0444,
    }  # fmt: skip
    assert display.fit_line(measures, 75) == (
        "χ²(35, N = 75) = 38.13, p = .329, CFI = .995, TLI = .993, RMSEA = .035, "
        "90% CI [.000, .092], SRMR = .044"
    )
    saturated = {"chisq": 0.0, "df": 0, "pvalue": float("nan")}
    assert display.fit_line(saturated, 75) == "χ²(0, N = 75) = 0.00"


def test_an_unknown_column_gets_a_readable_header_and_a_fitting_format():
    assert display.column("some_name", "word") == display.Column("some name", display.TEXT)
    assert display.column("ready", np.True_).format == FLAG
    assert display.column("weight", np.float64(2)).format.kind == "general"


def test_a_terminal_gets_no_character_that_steers_it():
    hostile = "a\x1b[31mred\x1b[0m\x1b]0;title\x07 b\x00\x9b\u202ec\td\ne"
    assert display.printable(hostile) == "ared bc d e"
    assert display.printable("a\nb", keep_lines=True) == "a\nb"


def test_wide_and_combining_characters_count_as_the_cells_they_take():
    assert display.width("信頼") == 4
    assert display.width("e\u0301") == 1
