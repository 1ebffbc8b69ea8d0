"""A report made by hand: every kind of block, every label as hostile as labels get."""

from __future__ import annotations

import pandas as pd

from trustsem.findings import Finding
from trustsem.report.blocks import (
    Callout,
    Chapter,
    Composed,
    Defined,
    Definitions,
    Facts,
    Findings,
    Heading,
    Listing,
    Paragraph,
    References,
)
from trustsem.report.front import Front, Judgement
from trustsem.tables import Notes, Table
from trustsem.typesetting import plain, typeset

LATEX_MARKS = r"""T & 50% of $100 #1 a_b {c} ~d ^e \f "g" 'h' `i` <j> |k| [l] --- ?` ,, '' * \\"""
LABELS = (
    LATEX_MARKS,
    r"\input{/etc/passwd} \write18{rm} ^^5c",
    "<script>alert(1)</script> <img src=x onerror=alert(2)>",
    "![x](javascript:alert(1)) [y](http://evil.example) # no *heading* https://evil.example",
    '=HYPERLINK("http://evil.example") @SUM(A1) ../../etc/passwd',
    "* row\n| break \\ | me \x1b[31m \x00\x07 \ufffe\uffff\u2028end",
    "&lt;b&gt; &#60;b&#62; 1. - + > ``` ~~~ ===",
    "Müller Šárka Żółw Ærø naïve “quoted”",
    "Доверие покупателя, 客户满意度, ثقة المشتري",
    "Donaudampfschifffahrtsgesellschaftskapitänskajütentürschlüssel" * 2,
)
SENTENCE = "Every hypothesis is supported, z = -2.10, p < .001."
NOTICE = "SYNTHETIC DATA: 100% made & not_collected."


def table(name="labels", number="1"):
    """Return a table with hostile labels, groups, bold cells, and letters of notes."""
    frame = pd.DataFrame(
        {
            "construct": [LABELS[0]] * 5 + [LABELS[1]] * 5,
            "item": LABELS,
            "est": [-0.123, 1.0, 12.5, float("nan")] + [0.5] * 6,
            "ci_lower": [-0.5] * 10,
            "ci_upper": [0.25] * 10,
            "supported": [True, False] * 5,
        }
    )
    return Table(
        name, LABELS[0], frame, number=number, group_by="construct",
        notes=Notes(f"N = 75. {LABELS[0]}", ("Fixed & sure.",), "p < .05"),
        strong=frozenset({(0, "est")}), marks={(1, "est"): "a"},
    )  # fmt: skip


def wide_table():
    """Return a table that is too wide for any page."""
    frame = pd.DataFrame({f"item_{i}": [1234.5678] * 30 for i in range(40)})
    frame.insert(0, "variable", [f"item_{i}" for i in range(30)])
    return Table("wide", "Too Wide for a Page", frame, number="2", notes=Notes("Below all parts."))


def long_table():
    """Return a table longer than a page."""
    frame = pd.DataFrame({"parameter": [f"parameter {i}" for i in range(90)], "est": [0.5] * 90})
    return Table("long", "Longer Than a Page", frame, number="3", notes=Notes("At the end."))


def front():
    """Return what stands first."""
    return Front(
        title=LABELS[0],
        reference=LABELS[3],
        method="Two-step",
        synthetic=True,
        notice=NOTICE,
        judgements=(Judgement("Step one", True, typeset(SENTENCE)),),
        banners=(Callout("banner", LABELS[1], LABELS),),
        facts=tuple((label, plain(label)) for label in LABELS),
        version="0",
    )


def composed(*further):
    """Return every block that needs no figure."""
    findings = tuple(
        Finding("code", label, label, "warning", remedy=label, source="anderson1988")
        for label in LABELS
    )
    blocks = (
        Heading(LABELS[0]),
        *(Paragraph(plain(label)) for label in LABELS),
        Paragraph(typeset(SENTENCE), "paper"),
        Callout("synthetic", NOTICE, LABELS),
        Findings(findings, (("warnings", findings),)),
        table(),
        wide_table(),
        long_table(),
        Listing(LABELS[0], "\n".join(LABELS)),
        Definitions(tuple(Defined(label, label, plain(label), label) for label in LABELS)),
        Facts(tuple((label, label * 4) for label in LABELS)),
        References(LABELS),
        *further,
    )
    return Composed((Chapter("all", LABELS[0], blocks),), ())
