"""Studies: the plan, the two steps, and what came out of them."""

from __future__ import annotations

from trustsem.study.plan import Construct, Hypothesis, Study, reflective
from trustsem.study.study_file import load_study, shipped_studies

__all__ = ["Construct", "Hypothesis", "Study", "load_study", "reflective", "shipped_studies"]
