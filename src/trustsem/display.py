"""Numbers and names as people read them: one place for headers, decimals, signs and dashes.

Values stay unrounded everywhere else. A number becomes text here, once, so that a table, a
sentence and a figure that show the same number show the same text. Two media differ: ``"plain"``
(terminal, Markdown) has the keyboard's minus, ``"typeset"`` (HTML, figures) has U+2212.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

Kind = Literal["text", "number", "bounded", "p", "count", "chisq", "flag", "percent", "general"]
Medium = Literal["plain", "typeset"]

MINUS = "\N{MINUS SIGN}"
LONGEST = 1000
"""Characters of a text in a table; the rest is in its data and CSV file."""
MISSING = "\N{EM DASH}"
"""What stands for a number that does not exist; a note of the table says why."""


@dataclass(frozen=True, slots=True)
class Format:
    """How the values of one column are written.

    Parameters
    ----------
    kind : str
        ``"number"``: leading zero. ``"bounded"``: cannot exceed 1, no leading zero. ``"p"``: exact
        to ``decimals``, below that ``< .001``. ``"count"``: whole number. ``"chisq"``: decimals
        only where there are any. ``"general"``: significant digits, for values of any size.
        ``"percent"``: a share in percent units. ``"flag"``: yes or no. ``"text"``: as it is.
    decimals : int
        Decimals (significant digits for ``"general"``).
    missing : str
        What stands for NaN and None.
    """

    kind: Kind
    decimals: int = 3
    missing: str = MISSING

    @property
    def numeric(self) -> bool:
        """Whether the column is set flush right."""
        return self.kind not in ("text", "flag")

    def text(self, value: Any, medium: Medium = "plain") -> str:
        """Return one value as text."""
        if is_missing(value):
            return self.missing
        if isinstance(value, str) or self.kind == "text":
            return _words(value)
        if self.kind == "flag" or isinstance(value, bool):
            return "yes" if value else "no"
        return _number(float(value), self, medium)

    def interval(self, lower: Any, upper: Any, medium: Medium = "plain") -> str:
        """Return two limits as ``[lower, upper]``."""
        if is_missing(lower) and is_missing(upper):
            return self.missing
        return f"[{self.text(lower, medium)}, {self.text(upper, medium)}]"


@dataclass(frozen=True, slots=True)
class Column:
    """What people see of a column: its header and its number format.

    Parameters
    ----------
    header : str
        Header as plain text.
    format : Format
        How the values are written.
    html : str
        Header as HTML where it has italics or indices; empty where ``header`` will do. Written in
        this file only, never made from data.
    """

    header: str
    format: Format
    html: str = ""


TEXT = Format("text")
COUNT = Format("count", 0)
ESTIMATE = Format("number", 3)
TWO = Format("number", 2)
BOUNDED = Format("bounded", 3)
P = Format("p", 3)
CHISQ = Format("chisq", 2)
FLAG = Format("flag")


def _text(header: str) -> Column:
    return Column(header, TEXT)


COLUMNS: dict[str, Column] = {
    # parameters
    "lhs": _text("Left"),
    "op": _text("Op"),
    "rhs": _text("Right"),
    "parameter": _text("Parameter"),
    "group": Column("Group", COUNT),
    "free": Column("Free", COUNT),
    "label": _text("Label"),
    "est": Column("b", ESTIMATE, "<i>b</i>"),
    "se": Column("SE", ESTIMATE, "<i>SE</i>"),
    "bias": Column("Bias", ESTIMATE),
    "z": Column("z", TWO, "<i>z</i>"),
    "pvalue": Column("p", P, "<i>p</i>"),
    "ci": Column("95% CI", ESTIMATE),
    "std_lv": Column("Std. (constructs)", ESTIMATE),
    "std_all": Column("β", BOUNDED),
    "std_all_se": Column("SE(β)", BOUNDED, "<i>SE</i>(β)"),
    "std": Column("β", BOUNDED),
    "std_ci": Column("95% CI (β)", BOUNDED),
    "std_se": Column("SE(β)", BOUNDED, "<i>SE</i>(β)"),
    "start": Column("Start", Format("general", 4)),
    "fixed": Column("Fixed", Format("general", 4)),
    # measurement
    "construct": _text("Construct"),
    "item": _text("Item"),
    "wording": _text("Wording"),
    "indicator": _text("Indicator"),
    "marker": Column("Marker", FLAG),
    "r2": Column("R²", BOUNDED, "<i>R</i>²"),
    "n_items": Column("Items", COUNT),
    "alpha": Column("α", BOUNDED),
    "alpha_std": Column("α (std.)", BOUNDED),
    "omega": Column("ω", BOUNDED),
    "cr": Column("CR", BOUNDED),
    "ave": Column("AVE", BOUNDED),
    "cr_observed": Column("CR (observed)", BOUNDED),
    "ave_observed": Column("AVE (observed)", BOUNDED),
    "h": Column("H", BOUNDED, "<i>H</i>"),
    "msv": Column("MSV", BOUNDED),
    "asv": Column("ASV", BOUNDED),
    "ave_msv": Column("AVE − MSV", BOUNDED),
    "statistic": _text("Index"),
    "scale": _text("Scale"),
    "criterion": Column("Criterion", BOUNDED),
    "probability": Column("P", BOUNDED, "<i>P</i>"),
    # pairs of constructs
    "pair": _text("Pair"),
    "construct_a": _text("Construct A"),
    "construct_b": _text("Construct B"),
    "phi": Column("φ", BOUNDED),
    "phi_squared": Column("φ²", BOUNDED),
    "ave_a": Column("AVE A", BOUNDED, "AVE<sub>A</sub>"),
    "ave_b": Column("AVE B", BOUNDED, "AVE<sub>B</sub>"),
    "root_ave_a": Column("√AVE A", BOUNDED, "√AVE<sub>A</sub>"),
    "root_ave_b": Column("√AVE B", BOUNDED, "√AVE<sub>B</sub>"),
    "fornell_larcker": Column("AVE > φ²", FLAG, "AVE &gt; φ²"),
    "htmt": Column("HTMT", BOUNDED),
    "htmt_holds": Column("HTMT holds", FLAG),
    "htmt_signed": Column("HTMT (signed)", BOUNDED),
    "htmt2": Column("HTMT2", BOUNDED),
    "problem": _text("Problem (CI)"),
    "problem_chisq": _text("Problem (χ²)"),
    "disagreement": _text("Criteria"),
    "anderson_gerbing": Column("φ ± 2 SE ≠ 1", FLAG, "φ ± 2 <i>SE</i> excludes 1"),
    "holds": Column("Distinct", FLAG),
    # fit
    "model": _text("Model"),
    "chisq": Column("χ²", CHISQ),
    "df": Column("df", COUNT, "<i>df</i>"),
    "cfi": Column("CFI", BOUNDED),
    "tli": Column("TLI", BOUNDED),
    "rmsea": Column("RMSEA", BOUNDED),
    "rmsea_ci": Column("90% CI", BOUNDED),
    "srmr": Column("SRMR", BOUNDED),
    "aic": Column("AIC", TWO),
    "bic": Column("BIC", TWO),
    "compared_with": _text("Against"),
    "chisq_diff": Column("Δχ²", CHISQ),
    "df_diff": Column("Δdf", COUNT, "Δ<i>df</i>"),
    "pvalue_holm": Column("p (Holm)", P, "<i>p</i> (Holm)"),
    "pvalue_diff": Column("p (Δ)", P, "<i>p</i><sub>Δ</sub>"),
    "test": _text("Test"),
    "question": _text("Question"),
    "answer": _text("Answer"),
    "measure": _text("Measure"),
    "value": Column("Value", ESTIMATE),
    "definition": _text("Definition"),
    "cutoff": _text("Cut-off"),
    "met": Column("Met", FLAG),
    "source": _text("Source"),
    # hypotheses and effects
    "hypothesis": _text("H"),
    "path": _text("Path"),
    "predictor": _text("Predictor"),
    "outcome": _text("Outcome"),
    "sign": _text("Expected"),
    "tails": Column("Tails", COUNT),
    "supported": Column("Supported", FLAG),
    "reason": _text("Reason"),
    "kind": _text("Effect"),
    "effect": _text("Effect"),
    "chain": _text("Chain"),
    # local fit
    "residual": Column("Residual r", BOUNDED, "Residual <i>r</i>"),
    "standardized": Column("z", TWO, "<i>z</i>"),
    "mi": Column("MI", TWO),
    "epc": Column("EPC", ESTIMATE),
    "sepc_lv": Column("EPC (constructs)", ESTIMATE),
    "sepc_all": Column("EPC (std.)", BOUNDED),
    "delta": Column("δ", Format("bounded", 2)),
    "power": Column("Power", Format("p", 2)),
    "decision": _text("Decision"),
    "std_before": Column("β before", BOUNDED),
    "std_after": Column("β after", BOUNDED),
    "change": Column("Change", BOUNDED),
    "verdict": _text("Verdicts"),
    # data
    "step": _text("Step"),
    "rule": _text("Rule"),
    "removed": Column("Removed", COUNT),
    "remaining": Column("Remaining", COUNT),
    "variable": _text("Variable"),
    "level": _text("Level"),
    "n": Column("n", COUNT, "<i>n</i>"),
    "percent": Column("%", Format("percent", 1)),
    "missing": Column("Missing", COUNT),
    "n_missing": Column("Missing", COUNT),
    "share_missing": Column("Share missing", BOUNDED),
    "n_complete": Column("Complete", COUNT),
    "codes": _text("Declared missing"),
    "mean": Column("M", TWO, "<i>M</i>"),
    "sd": Column("SD", TWO, "<i>SD</i>"),
    "skew": Column("Skew", TWO),
    "kurtosis": Column("Kurtosis", TWO),
    "minimum": Column("Min", Format("general", 6)),
    "maximum": Column("Max", Format("general", 6)),
    # checks against other numbers
    "engine": _text("Engine"),
    "n_parameters": Column("Parameters", COUNT),
    "max_difference_est_in_se": Column("Max. difference of b (in SE)", Format("general", 2)),
    "max_relative_difference_se": Column("Max. relative difference of SE", Format("general", 2)),
    "digits": Column("Digits", Format("number", 1)),
    "quantity": _text("Quantity"),
    "where": _text("Where"),
    "printed": Column("Printed", Format("general", 6)),
    "decimals": Column("Decimals", COUNT),
    "estimate": Column("Estimated", Format("general", 6)),
    "difference": Column("Difference", Format("general", 2)),
    "within_rounding": Column("Within rounding", FLAG),
    "checked": Column("Checked", FLAG),
}
"""Headers and formats by column name. ``x_lower`` and ``x_upper`` share the entry ``x``."""


def column(name: str, sample: Any = None) -> Column:
    """Return header and format of a column; unknown names get a readable header.

    Parameters
    ----------
    name : str
        Stable snake_case name.
    sample : object, optional
        A value of the column, which decides the format of an unknown name.
    """
    if name in COLUMNS:
        return COLUMNS[name]
    header = str(name).replace("_", " ")
    if isinstance(sample, bool) or type(sample).__name__ == "bool":
        return Column(header, FLAG)
    if _is_number(sample):
        return Column(header, Format("general", 4))
    return Column(header, TEXT)


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN or NA."""
    if value is None:
        return True
    if isinstance(value, str):
        return False
    try:
        return bool(value != value)  # noqa: PLR0124  (NaN is the value that differs from itself)
    except TypeError:  # pandas.NA refuses to be a truth value
        return True


def fixed(value: float, decimals: int = 2, medium: Medium = "plain") -> str:
    """Return a number with fixed decimals and a leading zero."""
    return Format("number", decimals).text(value, medium)


def bounded(value: float, decimals: int = 2, medium: Medium = "plain") -> str:
    """Return a number that cannot exceed 1 in absolute value, without its leading zero."""
    return Format("bounded", decimals).text(value, medium)


def p_statement(value: float, medium: Medium = "plain") -> str:
    """Return ``p = .034`` or ``p < .001`` for a sentence."""
    text = P.text(value, medium)
    return f"p {text}" if text.startswith(("<", ">")) else f"p = {text}"


def stars(value: float) -> str:
    """Return the marks of a probability: ``*`` below .05, ``**`` below .01, ``***`` below .001."""
    if is_missing(value):
        return ""
    return "*" * sum(value < level for level in (0.05, 0.01, 0.001))


_ROBUST = ("cfi", "tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_pvalue")


def reported(measures: Mapping[str, float] | pd.Series[Any]) -> dict[str, float]:
    """Return fit measures with the corrected ones in the places of those that they correct.

    Chi-square, its df and p-value are replaced by the scaled ones; CFI, TLI and RMSEA by the
    robust ones, or by the scaled ones where robust ones do not exist. Without a scaled test
    nothing changes.

    Parameters
    ----------
    measures : mapping or Series of float
        Fit measures by their stable names.
    """
    shown = {str(name): float(value) for name, value in measures.items()}
    if is_missing(shown.get("chisq_scaled")):
        return shown
    for name in ("chisq", "df", "pvalue"):
        shown[name] = shown[f"{name}_scaled"]
    for name in _ROBUST:
        robust = shown.get(f"{name}_robust", math.nan)
        shown[name] = shown.get(f"{name}_scaled", math.nan) if math.isnan(robust) else robust
    return shown


def _correction(measures: Mapping[str, float] | pd.Series[Any]) -> str:
    """Return the note that says what was corrected; empty without a scaled test."""
    if is_missing(measures.get("chisq_scaled")):
        return ""
    kind = "scaled" if is_missing(measures.get("cfi_robust")) else "robust"
    return f" (scaled χ²; {kind} CFI, TLI and RMSEA)"


def fit_line(
    measures: Mapping[str, float] | pd.Series[Any], n_obs: int, medium: Medium = "plain"
) -> str:
    """Return the fit of a model as journals print it, on one line.

    Corrected measures are printed where there are any, see :func:`reported`, and a note says so.

    Parameters
    ----------
    measures : mapping or Series of float
        Fit measures by their stable names; those that are absent or missing are left out.
    n_obs : int
        Number of observations.
    medium : {"plain", "typeset"}
        Where the line goes.
    """
    note = _correction(measures)
    measures = reported(measures)
    df, chisq = measures["df"], measures["chisq"]
    shown_df = COUNT.text(df, medium) if float(df).is_integer() else fixed(df, 2, medium)
    test = f"χ²({shown_df}, N = {n_obs}) = {fixed(chisq, 2, medium)}"
    parts = [test]
    if not is_missing(measures["pvalue"]):
        parts.append(p_statement(measures["pvalue"], medium))
    for name in ("cfi", "tli", "rmsea", "srmr"):
        value = measures.get(name)
        if is_missing(value):
            continue
        parts.append(f"{COLUMNS[name].header} = {BOUNDED.text(value, medium)}")
        if name == "rmsea" and not is_missing(measures.get("rmsea_ci_upper")):
            limits = (measures["rmsea_ci_lower"], measures["rmsea_ci_upper"])
            parts[-1] += f", 90% CI {BOUNDED.interval(*limits, medium)}"
    return ", ".join(parts) + note


_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def printable(text: str, *, keep_lines: bool = False) -> str:
    """Return text without the characters that steer a terminal.

    Parameters
    ----------
    text : str
        Text of any origin.
    keep_lines : bool
        Keep line breaks; otherwise they become spaces.
    """
    shown = []
    for character in _ANSI.sub("", text):
        if character == "\n" and keep_lines:
            shown.append(character)
        elif character in "\n\r\t\v\f\x85\u2028\u2029":
            shown.append(" ")
        elif unicodedata.category(character) not in ("Cc", "Cs") and character not in _BIDI:
            shown.append(character)
    return "".join(shown)


def shortened(text: str, longest: int) -> str:
    """Return text that is not longer than a number of characters, cut with an ellipsis."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def width(text: str) -> int:
    """Return the number of terminal cells that a text takes."""
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str)


def _words(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return shortened(str(value), LONGEST)


def _number(value: float, form: Format, medium: Medium) -> str:
    if math.isinf(value):
        digits = "∞"
    elif form.kind == "p":
        return _probability(value, form.decimals)
    elif form.kind == "general":
        digits = _significant(abs(value), form.decimals, medium)
    else:
        digits = _digits(abs(value), form)
    negative = value < 0 and any(character in "123456789∞" for character in digits)
    sign = (MINUS if medium == "typeset" else "-") if negative else ""
    return f"{sign}{digits}"


def _digits(value: float, form: Format) -> str:
    if form.kind in ("count", "chisq"):
        return f"{value:,.{0 if value.is_integer() else max(form.decimals, 1)}f}"
    text = f"{value:,.{form.decimals}f}"
    return text.removeprefix("0") if form.kind == "bounded" else text


def _significant(value: float, digits: int, medium: Medium) -> str:
    text = f"{value:.{digits}g}"
    mantissa, exponent, power = text.partition("e")
    if not exponent:
        return text
    if medium == "plain":
        return text
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{raised}"


def _probability(value: float, decimals: int) -> str:
    smallest = 10.0**-decimals
    if value < smallest:
        return f"< {smallest:.{decimals}f}".replace("0.", ".")
    if value > 1 - smallest:
        return f"> {1 - smallest:.{decimals}f}".replace("0.", ".")
    return f"{value:.{decimals}f}".removeprefix("0")
