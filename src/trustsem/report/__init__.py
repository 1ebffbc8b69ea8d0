"""Reports: a study's result as a directory of files. Nothing is computed here."""

from __future__ import annotations

from trustsem.report.document import differences, plain, results_document, to_json
from trustsem.report.study_report import FORMATS, write_report
from trustsem.report.writing import require_destination, sha256

__all__ = [
    "FORMATS",
    "differences",
    "plain",
    "require_destination",
    "results_document",
    "sha256",
    "to_json",
    "write_report",
]
