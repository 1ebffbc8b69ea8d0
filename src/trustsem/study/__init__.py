"""Studies: the plan, the two steps, and what came out of them."""

from __future__ import annotations

from trustsem.study.measurement import MeasurementStep
from trustsem.study.multiverse_analysis import Multiverse, multiverse
from trustsem.study.plan import Construct, Hypothesis, Study, reflective, second_order
from trustsem.study.power_analysis import power
from trustsem.study.result import StudyResult
from trustsem.study.run import two_step
from trustsem.study.structural import StructuralStep
from trustsem.study.study_file import load_study, parse_study, shipped_studies

__all__ = [
    "Construct",
    "Hypothesis",
    "MeasurementStep",
    "Multiverse",
    "StructuralStep",
    "Study",
    "StudyResult",
    "load_study",
    "multiverse",
    "parse_study",
    "power",
    "reflective",
    "second_order",
    "shipped_studies",
    "two_step",
]
