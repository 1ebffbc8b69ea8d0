"""Texts that break out of HTML, LaTeX, Markdown, spreadsheets and terminals, and data with them."""

from __future__ import annotations

from itertools import cycle, pairwise

import numpy as np
import pandas as pd
import pyreadstat

from trustsem import Study, reflective

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '" onload="alert(1)" \' onclick=\'alert(1)',
    "element": "</title></svg></table></style><img src=x onerror=alert(1)><!-- ]]>",
    "latex": r"\input{/etc/passwd} \write18{ls} \end{document} $x^2$ 5% #1 a_b & ~ \\",
    "markdown": "[click](javascript:alert(1)) | ![x](y) `code` **bold** _it_ ~~s~~ # <b>",
    "equals": '=HYPERLINK("http://x.example","click")',
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3",
    "at": "@SUM(A1:A9)",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "ansi": "\x1b[31mred\x1b[0m \x1b]0;owned\x07 \x9b2J",
    "control": "a\x00b\x07c\x08d\x0be\x7ff\x85g",
    "bidi": "invoice\u202egpj.exe\u2066\u2069\u200f",
    "lines": "one\nSERIOUS [forged] two\r\nthree\u2028four\u2029five",
    "long": "W" * 10_000,
    "emoji": "\U0001f469\u200d\U0001f52c trust \U0001f1e6\U0001f1f9",
    "combining": "e\u0301\u0302\u0303 Z\u0351\u036b\u0343 \u0e01\u0e33",
    "template": "{{ 7 * 7 }} {% raw %} {# gone #} ${x} << text(1) >> <% if %>",
    "format": "{} {0} {x!r} %s %(a)s %n",
    "quotes": 'it\'s "quoted" `back` \u201ccurly\u201d',
    "path": "../../outside/C:\\temp\\file",
    "star": "*starred* [bracket] \\\\[3pt]",
}
"""Kind of attack to a text that tries it."""

CONSTRUCTS = ("a", "b", "c", "d", "e")
FILE = "=cmd' <b> \u202e{{x}} \u00fc.sav"
"""Name of the survey file: what a file system takes and nothing else should."""


def answers(n: int = 240, seed: int = 11) -> pd.DataFrame:
    """Return answers to three items for each of five constructs, each explained by the last."""
    rng = np.random.default_rng(seed)
    frame: dict[str, object] = {}
    score = rng.normal(size=n)
    for name in CONSTRUCTS:
        for i in (1, 2, 3):
            frame[f"{name}{i}"] = 0.9 * score + 0.6 * rng.normal(size=n)
        score = 0.6 * score + 0.8 * rng.normal(size=n)
    frame["firm"] = [list(HOSTILE.values())[i % 10][:200].replace("\0", "") for i in range(n)]
    frame["goal"] = (np.arange(n) % 2 + 1).astype(float)
    return pd.DataFrame(frame).round(3)


def hostile_survey(folder):
    """Write an SPSS file with hostile labels of variables and values."""
    texts = cycle(text[:120].replace("\0", "") for text in HOSTILE.values())
    frame = answers()
    path = folder / FILE
    plain = folder / "plain.sav"
    pyreadstat.write_sav(
        frame,
        str(plain),
        file_label=HOSTILE["script"],
        column_labels={name: next(texts) for name in frame.columns},
        variable_value_labels={"goal": {1: HOSTILE["element"], 2: HOSTILE["latex"]}},
    )
    plain.rename(path)
    return path


def study(texts) -> Study:
    """Return a study of five constructs that takes its words from an iterator."""
    pairs = list(pairwise(CONSTRUCTS))
    return Study(
        title=next(texts),
        name=next(texts),
        description=next(texts),
        reference=next(texts),
        constructs={name: reflective(f"{name}1:{name}3", label=next(texts)) for name in CONSTRUCTS},
        hypotheses={
            **{next(texts): {"path": f"{a} -> {b}", "text": next(texts)} for a, b in pairs},
            next(texts): {"path": "a -> b -> c", "text": next(texts)},
        },
        effects={next(texts): {"path": "a -> c", "kind": "indirect", "text": next(texts)}},
        rivals={
            next(texts): {"add": ["a -> c"], "label": next(texts)},
            (removed := next(texts)): {"remove": ["d -> e"], "label": next(texts)},
        },
        groups={"by": "goal"},
        published={"reference": next(texts), "claims": {}},
        multiverse={
            "items": {next(texts): ["a3"], next(texts): ["b3"]},
            "structure": ["theory", removed],
        },
        run={"second_engine": False, "seed": 7},
    )


def hostile_study() -> Study:
    """Return the study with hostile words; the names of its parts differ by a number."""
    return study(f"{text}" if i < len(HOSTILE) else f"{text} {i}" for i, text in _rounds())


def plain_study() -> Study:
    """Return the same study with ordinary words."""
    return study(f"Word {i}" for i, _ in _rounds())


def _rounds():
    """Yield a number and a hostile text, those that begin a cell first, time and again."""
    first = ["script", "ansi", "latex", "markdown", "equals", "star", "minus", "at", "tab"]
    order = [*first, *(name for name in HOSTILE if name not in first)]
    yield from enumerate(HOSTILE[name] for name in cycle(order))
