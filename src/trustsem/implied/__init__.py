"""Parameters to implied moments and their derivatives: the LISREL all-y form on stacks."""

from trustsem.implied.factors import Factors, has_factors
from trustsem.implied.lisrel import Implied, Projection
from trustsem.implied.response import Responses
from trustsem.implied.structure import VECTORS, Structure, compile_structure
from trustsem.implied.tangents import Tangents, moment_tangents

__all__ = [
    "VECTORS",
    "Factors",
    "Implied",
    "Projection",
    "Responses",
    "Structure",
    "Tangents",
    "compile_structure",
    "has_factors",
    "moment_tangents",
]
