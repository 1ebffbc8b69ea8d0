"""What each number means: definitions, formulas, cut-offs and their sources.

Formula and cut-off may have different sources, and both are printed beside the number. The HTML in
this module is written here and nowhere made from data.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from trustsem import display
from trustsem.references import REFERENCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustsem.validity.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A convention about a quantity; its threshold is the study's.

    Parameters
    ----------
    relation : {">=", "<=", ">", "<"}
        How a value must stand to the threshold.
    threshold : str
        Name of the threshold (:class:`trustsem.validity.thresholds.Thresholds`).
    source : str
        Key of the convention's reference; empty for a convention without one.
    """

    relation: Literal[">=", "<=", ">", "<"]
    threshold: str
    source: str = ""

    def met(self, value: float, thresholds: Thresholds) -> bool | None:
        """Return whether a value meets the convention; None where there is no value."""
        if display.is_missing(value):
            return None
        compare = _COMPARISONS[self.relation]
        return bool(compare(value, getattr(thresholds, self.threshold)))

    def text(self, thresholds: Thresholds) -> str:
        """Return the convention as it is printed, such as ``≥ .95``."""
        sign = self.relation.replace(">=", "≥").replace("<=", "≤")
        return f"{sign} {display.bounded(getattr(thresholds, self.threshold), 2)}"


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True, slots=True)
class Definition:
    """One quantity of the report.

    Parameters
    ----------
    name : str
        Stable name, as in ``ModelResult.fit_measures`` or a column of a table.
    header : str
        Name for people.
    meaning : str
        What it says, in a few words.
    formula : str
        Formula as HTML.
    source : str
        Key of the definition's reference.
    format : Format
        How values are written.
    cutoff : Cutoff or None
        The convention it is held against.
    """

    name: str
    header: str
    meaning: str
    formula: str
    source: str
    format: display.Format = display.BOUNDED
    cutoff: Cutoff | None = None


_T, _TB = "<i>T</i>", "<i>T</i><sub>B</sub>"
_DF, _DFB = "<i>df</i>", "<i>df</i><sub>B</sub>"
_S, _SIGMA = "<b>S</b>", "<b>Σ</b>"
_LAMBDA = "<i>λ</i>"

MAIN_FIT = (
    Definition(
        "chisq", "χ²", "Test of exact fit",
        f"{_T} = <i>n</i>·<i>F</i>, <i>F</i> = ln|{_SIGMA}| + tr({_S}{_SIGMA}⁻¹) − ln|{_S}| "
        "− <i>p</i>",
        "joreskog1969", display.CHISQ,
    ),
    Definition(
        "df", "df", "Moments less free parameters", f"{_DF} = <i>p</i>(<i>p</i> + 1)/2 − <i>q</i>",
        "joreskog1969", display.COUNT,
    ),
    Definition(
        "pvalue", "p (exact fit)", "Probability of so much misfit if the model were exact",
        f"P(χ²({_DF}) ≥ {_T})", "joreskog1969", display.P, Cutoff(">", "significance"),
    ),
    Definition(
        "cfi", "CFI", "Share of the baseline's misfit that the model removes",
        f"1 − max({_T} − {_DF}, 0) / max({_T} − {_DF}, {_TB} − {_DFB}, 0)",
        "bentler1990", display.BOUNDED, Cutoff(">=", "cfi", "hu1999"),
    ),
    Definition(
        "tli", "TLI", "As CFI, per degree of freedom",
        f"({_TB}/{_DFB} − {_T}/{_DF}) / ({_TB}/{_DFB} − 1)",
        "tucker1973", display.BOUNDED, Cutoff(">=", "tli", "hu1999"),
    ),
    Definition(
        "rmsea", "RMSEA", "Misfit in the population per degree of freedom",
        f"√(max({_T} − {_DF}, 0) / ({_DF}·<i>n</i>))",
        "steiger1980", display.BOUNDED, Cutoff("<=", "rmsea", "hu1999"),
    ),
    Definition(
        "rmsea_pvalue", "p (close fit)", "Probability of so much misfit if RMSEA were .05",
        f"1 − P(χ²({_DF}, .05²·{_DF}·<i>n</i>) ≤ {_T})",
        "browne1992", display.P, Cutoff(">", "significance", "browne1992"),
    ),
    Definition(
        "srmr", "SRMR", "Typical size of a correlation residual",
        "√(Σ<sub><i>i</i>≥<i>j</i></sub> [(<i>s<sub>ij</sub></i> − <i>σ<sub>ij</sub></i>) / "
        "√(<i>s<sub>ii</sub>s<sub>jj</sub></i>)]² / [<i>p</i>(<i>p</i> + 1)/2])",
        "bentler1995", display.BOUNDED, Cutoff("<=", "srmr", "hu1999"),
    ),
)  # fmt: skip
"""The measures that every model's table shows."""

FURTHER_FIT = (
    Definition(
        "gfi", "GFI", "Share of the sample moments that is reproduced",
        f"1 − tr[({_SIGMA}⁻¹{_S} − <b>I</b>)²] / tr[({_SIGMA}⁻¹{_S})²]", "joreskog1986",
    ),
    Definition(
        "agfi", "AGFI", "GFI with a price for parameters",
        f"1 − [<i>p</i>(<i>p</i> + 1)/(2{_DF})]·(1 − GFI)", "joreskog1986",
    ),
    Definition(
        "nfi", "NFI", "Share of the baseline's χ² removed", f"1 − {_T}/{_TB}", "bentler1980",
    ),
    Definition(
        "ifi", "IFI", "As NFI, corrected for df",
        f"({_TB} − {_T}) / ({_TB} − {_DF})", "bollen1989ifi",
    ),
    Definition(
        "mfi", "Mc", "Noncentrality as a proportion",
        f"exp[−({_T} − {_DF}) / (2<i>n</i>)]", "mcdonald1989",
    ),
    Definition(
        "ecvi", "ECVI", "Expected misfit in a new sample",
        f"({_T} + 2<i>q</i>) / <i>n</i>", "browne1992", display.ESTIMATE,
    ),
    Definition(
        "cn_05", "Hoelter's CN (.05)", "Largest sample in which the model would pass",
        f"χ²<sub>.95</sub>({_DF}) / <i>F</i> + 1", "hoelter1983", display.Format("number", 1),
    ),
    Definition(
        "aic", "AIC", "Misfit plus a price of 2 per parameter",
        "−2 ln <i>L</i> + 2<i>q</i>", "akaike1974", display.TWO,
    ),
    Definition(
        "bic", "BIC", "Misfit plus a price of ln N per parameter",
        "−2 ln <i>L</i> + <i>q</i> ln <i>N</i>", "schwarz1978", display.TWO,
    ),
    Definition(
        "bic2", "SABIC", "BIC with a smaller price",
        "−2 ln <i>L</i> + <i>q</i> ln((<i>N</i> + 2)/24)", "sclove1987", display.TWO,
    ),
)  # fmt: skip
"""The measures of the appendix."""

VALIDITY = (
    Definition(
        "alpha", "α", "Consistency of the sum score",
        "<i>k</i>/(<i>k</i> − 1) · (1 − Σ<i>s<sub>ii</sub></i> / ΣΣ<i>s<sub>ij</sub></i>)",
        "cronbach1951", cutoff=Cutoff(">=", "alpha", "nunnally1978"),
    ),
    Definition(
        "cr", "CR", "Share of the sum score's variance due to the construct",
        f"(Σ{_LAMBDA})² / [(Σ{_LAMBDA})² + Σ(1 − {_LAMBDA}²)], standardised loadings",
        "fornell1981", cutoff=Cutoff(">=", "cr", "hair2019"),
    ),
    Definition(
        "ave", "AVE", "Share of the items' variance due to the construct",
        f"Σ{_LAMBDA}² / <i>k</i>, standardised loadings",
        "fornell1981", cutoff=Cutoff(">=", "ave", "fornell1981"),
    ),
    Definition(
        "omega", "ω", "Share of the plain sum's implied variance due to the construct",
        "(Σ<i>l</i>)² / [(Σ<i>l</i>)² + Σ<i>θ<sub>ii</sub></i> + 2Σ<i>θ<sub>ij</sub></i>], "
        "unstandardised, construct variance 1", "mcdonald1999",
    ),
    Definition(
        "cr_observed", "CR, AVE (observed)", "The same shares of observed variance",
        "(Σ<i>l</i>)² / ΣΣ<i>s<sub>ij</sub></i>; Σ<i>l</i>² / Σ<i>s<sub>ii</sub></i>",
        "mcdonald1999",
    ),
    Definition(
        "h", "H", "Reliability of the best weighted sum",
        f"1 / [1 + 1/Σ({_LAMBDA}²/(1 − {_LAMBDA}²))]", "hancock2001",
    ),
    Definition("msv", "MSV", "Largest squared correlation with another construct",
               "max <i>φ</i>²", "hair2019"),
    Definition("asv", "ASV", "Mean squared correlation with the other constructs",
               "mean <i>φ</i>²", "hair2019"),
    Definition(
        "fornell_larcker", "Fornell-Larcker criterion",
        "Each construct explains its own items better than another construct",
        "AVE<sub>A</sub> &gt; <i>φ</i>² and AVE<sub>B</sub> &gt; <i>φ</i>²", "fornell1981",
    ),
    Definition(
        "htmt", "HTMT", "Correlations between two constructs' items relative to those within",
        "mean |<i>r</i><sub>AB</sub>| / √(mean |<i>r</i><sub>AA</sub>| · "
        "mean |<i>r</i><sub>BB</sub>|)",
        "henseler2015", cutoff=Cutoff("<", "htmt", "voorhees2016"),
    ),
    Definition(
        "htmt2", "HTMT2", "As HTMT, by geometric means",
        "gm |<i>r</i><sub>AB</sub>| / √(gm |<i>r</i><sub>AA</sub>| · gm |<i>r</i><sub>BB</sub>|)",
        "roemer2021",
    ),
    Definition(
        "chisq_difference", "Δχ² of a pair", "Two constructs correlate less than a fixed value",
        f"{_T}(<i>φ</i> fixed) − {_T}, 1 df, constructs with variance 1", "anderson1988",
    ),
    Definition(
        "power", "Power of MI", "Whether a miss that matters would be seen",
        "P(χ²(1, (MI/EPC²)<i>δ</i>²) &gt; χ²<sub>.95</sub>(1))", "saris2009",
    ),
    Definition(
        "anderson_gerbing", "Interval of the correlation", "Two constructs are not one",
        "<i>φ</i> ± 2 <i>SE</i> excludes 1", "anderson1988",
    ),
)  # fmt: skip
"""Reliability and validity in step one."""


def short_citation(key: str) -> str:
    """Return a reference as ``Fornell & Larcker, 1981``; an unknown key as it is.

    Parameters
    ----------
    key : str
        Key of :data:`trustsem.references.REFERENCES`.
    """
    reference = REFERENCES.get(key)
    if reference is None:
        return key
    authors, year = reference.split(" (", 1)
    surnames = re.findall(r"([^\W\d_][\w' -]*?), (?:[A-Z]\.[ -]?)+", authors)
    names = surnames[0] if surnames else authors
    if len(surnames) == 2:  # noqa: PLR2004  (two authors are both named)
        names = " & ".join(surnames)
    elif surnames[2:]:
        names = f"{surnames[0]} et al."
    return f"{names}, {year[:4]}"
