"""Simulation: drawing survey answers from a population that is known."""

from trustsem.simulation.draws import (
    choose_unanswered,
    cut_into_categories,
    draw_constructs,
    draw_indicators,
    interval_thresholds,
    reverse_keyed_answers,
)

__all__ = [
    "choose_unanswered",
    "cut_into_categories",
    "draw_constructs",
    "draw_indicators",
    "interval_thresholds",
    "reverse_keyed_answers",
]
