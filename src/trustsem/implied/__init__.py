"""Parameters to implied moments and their derivatives: the LISREL all-y form on stacks."""

from trustsem.implied.lisrel import Implied, Projection
from trustsem.implied.structure import Structure, compile_structure
from trustsem.implied.tangents import Tangents, moment_tangents

__all__ = [
    "Implied",
    "Projection",
    "Structure",
    "Tangents",
    "compile_structure",
    "moment_tangents",
]
