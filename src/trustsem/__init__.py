"""trustsem: two-step structural equation modelling, from survey file to checked answer.

The names below are the public interface. Each is loaded when it is first used, so that
``import trustsem`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trustsem.charts import style
    from trustsem.errors import TrustsemError
    from trustsem.findings import Finding
    from trustsem.fit import (
        rmsea_power,
        rmsea_power_nested,
        rmsea_sample_size,
        rmsea_sample_size_nested,
    )
    from trustsem.moments.ordered import polychoric
    from trustsem.results import (
        DynamicCutoffs,
        Invariance,
        LatentInteraction,
        ModelResult,
        Power,
        cfa,
        compare,
        dynamic_cutoffs,
        growth,
        interaction,
        invariance,
        sem,
    )
    from trustsem.study import (
        Multiverse,
        Study,
        StudyResult,
        load_study,
        multiverse,
        power,
        reflective,
        second_order,
        shipped_studies,
        two_step,
    )
    from trustsem.survey import Survey, read_survey

__version__ = "0.1.0"

_HOME = {
    "DynamicCutoffs": "results",
    "Finding": "findings",
    "Invariance": "results",
    "LatentInteraction": "results",
    "ModelResult": "results",
    "Multiverse": "study",
    "Power": "results",
    "Study": "study",
    "StudyResult": "study",
    "Survey": "survey",
    "SurveyMoments": "moments",
    "TrustsemError": "errors",
    "cfa": "results",
    "compare": "results",
    "dynamic_cutoffs": "results",
    "growth": "results",
    "interaction": "results",
    "invariance": "results",
    "load_study": "study",
    "multiverse": "study",
    "polychoric": "moments",
    "power": "study",
    "read_moments": "results",
    "read_survey": "survey",
    "reflective": "study",
    "rmsea_power": "fit",
    "rmsea_power_nested": "fit",
    "rmsea_sample_size": "fit",
    "rmsea_sample_size_nested": "fit",
    "second_order": "study",
    "sem": "results",
    "shipped_studies": "study",
    "style": "charts",
    "two_step": "study",
}

__all__ = [
    "DynamicCutoffs",
    "Finding",
    "Invariance",
    "LatentInteraction",
    "ModelResult",
    "Multiverse",
    "Power",
    "Study",
    "StudyResult",
    "Survey",
    "SurveyMoments",
    "TrustsemError",
    "__version__",
    "cfa",
    "compare",
    "dynamic_cutoffs",
    "growth",
    "interaction",
    "invariance",
    "load_study",
    "multiverse",
    "polychoric",
    "power",
    "read_moments",
    "read_survey",
    "reflective",
    "rmsea_power",
    "rmsea_power_nested",
    "rmsea_sample_size",
    "rmsea_sample_size_nested",
    "second_order",
    "sem",
    "shipped_studies",
    "style",
    "two_step",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in _HOME:
        message = f"module 'trustsem' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"trustsem.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
