"""Simulation: answers from a population that is known, and samples drawn again from a sample."""

from trustsem.simulation.bootstrap import (
    Refits,
    Solutions,
    chi_squares,
    estimate_again,
    jackknife,
    plan_resamples,
    solution_errors,
    solutions,
)
from trustsem.simulation.draws import (
    choose_unanswered,
    cut_into_categories,
    draw_constructs,
    draw_indicators,
    interval_thresholds,
    reverse_keyed_answers,
)
from trustsem.simulation.parallel import Finished, Report, run_in_parts
from trustsem.simulation.resampling import (
    RESAMPLING_KINDS,
    Cases,
    Draws,
    LeaveOneOut,
    NormalPopulation,
    Resampling,
    ResamplingKind,
    Source,
    transformed_cases,
    weighted_moments,
)

__all__ = [
    "RESAMPLING_KINDS",
    "Cases",
    "Draws",
    "Finished",
    "LeaveOneOut",
    "NormalPopulation",
    "Refits",
    "Report",
    "Resampling",
    "ResamplingKind",
    "Solutions",
    "Source",
    "chi_squares",
    "choose_unanswered",
    "cut_into_categories",
    "draw_constructs",
    "draw_indicators",
    "estimate_again",
    "interval_thresholds",
    "jackknife",
    "plan_resamples",
    "reverse_keyed_answers",
    "run_in_parts",
    "solution_errors",
    "solutions",
    "transformed_cases",
    "weighted_moments",
]
