"""Simulation: answers from a population that is known, and samples drawn again from a sample."""

from trustsem.simulation.bootstrap import (
    Refits,
    Solutions,
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
from trustsem.simulation.fit import chi_squares, fit_values
from trustsem.simulation.parallel import Finished, Report, run_in_parts
from trustsem.simulation.populations import (
    AnsweringPopulation,
    transformed_cases,
    transformed_incomplete_cases,
)
from trustsem.simulation.resampling import (
    RESAMPLING_KINDS,
    Cases,
    Draws,
    LeaveOneOut,
    NormalPopulation,
    Resampling,
    ResamplingKind,
    Source,
    weighted_moments,
)
from trustsem.simulation.together import (
    Reestimated,
    Reestimation,
    StatisticOf,
    estimate_together,
)

__all__ = [
    "RESAMPLING_KINDS",
    "AnsweringPopulation",
    "Cases",
    "Draws",
    "Finished",
    "LeaveOneOut",
    "NormalPopulation",
    "Reestimated",
    "Reestimation",
    "Refits",
    "Report",
    "Resampling",
    "ResamplingKind",
    "Solutions",
    "Source",
    "StatisticOf",
    "chi_squares",
    "choose_unanswered",
    "cut_into_categories",
    "draw_constructs",
    "draw_indicators",
    "estimate_again",
    "estimate_together",
    "fit_values",
    "interval_thresholds",
    "jackknife",
    "plan_resamples",
    "reverse_keyed_answers",
    "run_in_parts",
    "solution_errors",
    "solutions",
    "transformed_cases",
    "transformed_incomplete_cases",
    "weighted_moments",
]
