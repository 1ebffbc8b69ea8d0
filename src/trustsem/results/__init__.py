"""What a user holds: results of estimated models, and the functions that produce them."""

from trustsem.results.bootstrap import Bootstrap, Replicates
from trustsem.results.comparison import compare, nested_difference
from trustsem.results.held import Held, compare_held
from trustsem.results.model import ModelResult
from trustsem.results.plain import plain
from trustsem.results.run import cfa, growth, sem

__all__ = [
    "Bootstrap",
    "Held",
    "ModelResult",
    "Replicates",
    "cfa",
    "compare",
    "compare_held",
    "growth",
    "nested_difference",
    "plain",
    "sem",
]
