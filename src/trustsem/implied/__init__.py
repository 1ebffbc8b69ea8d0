"""Parameters to implied moments and their derivatives: the LISREL all-y form on stacks."""

from trustsem.implied.lisrel import Implied, Projection
from trustsem.implied.structure import Structure, compile_structure

__all__ = ["Implied", "Projection", "Structure", "compile_structure"]
