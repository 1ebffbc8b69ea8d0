"""Simulation: answers from a population that is known, and samples drawn again from a sample."""

from trustsem.simulation.bootstrap import (
    Refits,
    Solutions,
    estimate_again,
    jackknife,
    plan_resamples,
    solutions,
)
from trustsem.simulation.claims import Claim, Goal, Outcomes, goals, judge_claims
from trustsem.simulation.draws import (
    choose_unanswered,
    cut_into_categories,
    draw_constructs,
    draw_indicators,
    interval_thresholds,
    reverse_keyed_answers,
)
from trustsem.simulation.errors import ErrorsBy, solution_errors
from trustsem.simulation.fit import chi_squares, fit_values
from trustsem.simulation.fragility import LARGEST_SHARE, Flip, case_influence, find_flips
from trustsem.simulation.influence import (
    ErrorKind,
    LeaveSomeOut,
    LeftOut,
    cook_distances,
    estimate_without,
    every_case,
    likelihood_distances,
    moments_without,
    sample_without,
)
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
    "LARGEST_SHARE",
    "RESAMPLING_KINDS",
    "AnsweringPopulation",
    "Cases",
    "Claim",
    "Draws",
    "ErrorKind",
    "ErrorsBy",
    "Finished",
    "Flip",
    "Goal",
    "LeaveOneOut",
    "LeaveSomeOut",
    "LeftOut",
    "NormalPopulation",
    "Outcomes",
    "Reestimated",
    "Reestimation",
    "Refits",
    "Report",
    "Resampling",
    "ResamplingKind",
    "Solutions",
    "Source",
    "StatisticOf",
    "case_influence",
    "chi_squares",
    "choose_unanswered",
    "cook_distances",
    "cut_into_categories",
    "draw_constructs",
    "draw_indicators",
    "estimate_again",
    "estimate_together",
    "estimate_without",
    "every_case",
    "find_flips",
    "fit_values",
    "goals",
    "interval_thresholds",
    "jackknife",
    "judge_claims",
    "likelihood_distances",
    "moments_without",
    "plan_resamples",
    "reverse_keyed_answers",
    "run_in_parts",
    "sample_without",
    "solution_errors",
    "solutions",
    "transformed_cases",
    "transformed_incomplete_cases",
    "weighted_moments",
]
