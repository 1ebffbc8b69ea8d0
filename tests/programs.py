"""The programs that show people what was written; tests that need one skip where it is missing."""

from __future__ import annotations

import shutil
import subprocess

import pytest


def has_latex() -> bool:
    """Return whether a report can be compiled and read: pdfLaTeX with Latin Modern, pdftotext."""
    if not all(map(shutil.which, ("pdflatex", "pdftotext", "kpsewhich"))):
        return False
    font = subprocess.run(["kpsewhich", "lmodern.sty"], capture_output=True, check=False)
    return font.returncode == 0


needs_latex = pytest.mark.skipif(
    not has_latex(), reason="pdfLaTeX with Latin Modern, or pdftotext, is not installed"
)
