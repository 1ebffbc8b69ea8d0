"""What a user holds: results of estimated models, and the functions that produce them."""

from trustsem.results.comparison import compare
from trustsem.results.group_differences import compare_paths, equal_loadings
from trustsem.results.group_invariance import USUAL_LEVELS, Invariance, invariance
from trustsem.results.ladder import LEVELS
from trustsem.results.latent_interaction import LatentInteraction, interaction, read_formula
from trustsem.results.model import ModelResult
from trustsem.results.plain import plain
from trustsem.results.run import cfa, growth, sem

__all__ = [
    "LEVELS",
    "USUAL_LEVELS",
    "Invariance",
    "LatentInteraction",
    "ModelResult",
    "cfa",
    "compare",
    "compare_paths",
    "equal_loadings",
    "growth",
    "interaction",
    "invariance",
    "plain",
    "read_formula",
    "sem",
]
