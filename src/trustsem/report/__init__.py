"""Reports: a study's result as a directory of files. Nothing is computed here."""

from __future__ import annotations

from trustsem.report.document import differences, n_compared, results_document, to_json
from trustsem.report.study_report import (
    DEFAULT_FORMATS,
    FORMATS,
    checklist,
    report_tables,
    require_formats,
    write_report,
)
from trustsem.report.summary import measurement_summary, screening_summary, text_summary
from trustsem.report.writing import new_file, require_destination, require_new_file, sha256

__all__ = [
    "DEFAULT_FORMATS",
    "FORMATS",
    "checklist",
    "differences",
    "measurement_summary",
    "n_compared",
    "new_file",
    "report_tables",
    "require_destination",
    "require_formats",
    "require_new_file",
    "results_document",
    "screening_summary",
    "sha256",
    "text_summary",
    "to_json",
    "write_report",
]
