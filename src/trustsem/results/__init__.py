"""What a user holds: results of estimated models, and the functions that produce them."""

from trustsem.results.bootstrap import Bootstrap, Replicates, Wish, run_bootstraps
from trustsem.results.comparison import compare, nested_difference
from trustsem.results.cutoffs import DynamicCutoffs
from trustsem.results.group_differences import compare_paths, equal_loadings
from trustsem.results.group_invariance import Invariance, invariance
from trustsem.results.held import Held, compare_held
from trustsem.results.influence import Influence
from trustsem.results.ladder import LEVELS
from trustsem.results.latent_interaction import LatentInteraction, interaction, read_formula
from trustsem.results.model import ModelResult
from trustsem.results.models import Models
from trustsem.results.plain import plain
from trustsem.results.power import Power
from trustsem.results.published_cutoffs import dynamic_cutoffs
from trustsem.results.run import cfa, growth, sem
from trustsem.results.streaming import read_moments

__all__ = [
    "LEVELS",
    "Bootstrap",
    "DynamicCutoffs",
    "Held",
    "Influence",
    "Invariance",
    "LatentInteraction",
    "ModelResult",
    "Models",
    "Power",
    "Replicates",
    "Wish",
    "cfa",
    "compare",
    "compare_held",
    "compare_paths",
    "dynamic_cutoffs",
    "equal_loadings",
    "growth",
    "interaction",
    "invariance",
    "nested_difference",
    "plain",
    "read_formula",
    "read_moments",
    "run_bootstraps",
    "sem",
]
