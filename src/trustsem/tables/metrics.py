"""How wide text is on paper, in ems: enough to choose widths of columns before it is set.

Widths of letters are facts of two typefaces: Times, in which Word sets our tables, and Latin
Modern, in which LaTeX does. A letter of another script takes the width that is usual for its kind.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from trustsem.typesetting import Rich

_BOLD, _SCRIPT = 1.08, 0.65
"""Width of bold letters and of raised or lowered ones, relative to ordinary ones."""
_FULL_WIDTH, _USUAL = 1000, 560
_THOUSAND = 1000.0


@dataclass(frozen=True)
class Typeface:
    """Widths of letters in thousandths of an em.

    Parameters
    ----------
    letters : mapping of str to int
        Width of each letter.
    """

    letters: Mapping[str, int]

    def width(self, text: Rich) -> float:
        """Return the width of a text in ems."""
        return (
            sum(
                sum(map(self._letter, run.text))
                * (_BOLD if run.bold else 1.0)
                * (_SCRIPT if run.script else 1.0)
                for run in text
            )
            / _THOUSAND
        )

    def _letter(self, letter: str) -> int:
        width = self.letters.get(letter)
        return self._unlisted(letter) if width is None else width

    def _unlisted(self, letter: str) -> int:
        """Return the width of a letter that is not listed: of its base letter, or of its kind."""
        base = _base(letter)
        if base in self.letters:
            return self.letters[base]
        if unicodedata.combining(letter):
            return 0
        return _FULL_WIDTH if unicodedata.east_asian_width(letter) in "WF" else _USUAL


@lru_cache(maxsize=4096)
def _base(letter: str) -> str:
    """Return the letter without its accent, a raised digit as a digit."""
    return unicodedata.normalize("NFKD", letter)[:1]


def _letters(classes: Mapping[int, str]) -> dict[str, int]:
    return {letter: width for width, letters in classes.items() for letter in letters}


TIMES = Typeface(
    _letters({
        180: "'", 200: "|", 250: " ,.", 278: "/:;\\ijlt", 333: "!()-I[]`fr·", 389: "Js", 408: '"',
        444: "?acez", 469: "^", 480: "{}", 500: "#$*0123456789_bdghknopquvxy–", 541: "~",
        549: "±≥≤≠≈√", 556: "FPS", 564: "+<=>−×", 611: "ELTZ", 667: "BCR", 713: "∞",
        722: "ADGHKNOQUVXYw", 778: "&m", 833: "%", 889: "M", 921: "@", 944: "W", 1000: "—…→←↔",
    })
)  # fmt: skip
"""Times New Roman and its metric equals."""

LATIN_MODERN = Typeface(
    _letters({
        286: "!',.:;[]il|", 314: "fj", 343: " -", 371: "I", 388: '"', 400: "()t", 402: "r",
        405: "s", 457: "cez", 485: "?", 514: "$*/0123456789\\`ago{}–", 528: "J", 542: "kqvxy",
        556: "^~", 571: "Sbdhnpu", 628: "Z", 642: "L", 671: "F", 686: "…", 699: "EP", 728: "B",
        742: "CTw", 756: "R", 771: "AHNUVXY_", 785: "D", 799: "&+<=>@KOQ−±×·≥≤≠≈", 807: "G",
        856: "#%m", 942: "M", 1028: "—→←↔∞", 1056: "W",
    })
)  # fmt: skip
"""Latin Modern Roman at 9 points."""
