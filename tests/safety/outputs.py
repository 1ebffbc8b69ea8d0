"""What the outputs of hostile text are held against: readers of each medium."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

_VOID = {"meta", "br", "link", "img", "input", "hr"}
STEERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.kinds: set[tuple[str, str]] = set()
        self.values: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.words: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.kinds |= {(tag, ""), *((tag, name) for name, _ in attrs)}
        self.values += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        self.words.append(data)

    def handle_comment(self, data):
        self.comments.append(data)


def steering(text: str, *, lines: str = "\n") -> list[str]:
    """Return the characters of a text that steer a terminal or turn the order of reading."""
    return [
        letter
        for letter in text
        if letter not in lines
        and (unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in STEERING)
    ]
