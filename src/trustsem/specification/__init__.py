"""From model text to the parameter table: the one description of a model.

``parse_model`` reads what the researcher wrote; ``build_table`` completes it by the defaults of the
function that it is given to. Knows nothing of data.
"""

from __future__ import annotations

from trustsem.specification.defaults import (
    ModelKind,
    build_table,
    observed_variables,
    ordered_items,
)
from trustsem.specification.expressions import Expression, parse_expression
from trustsem.specification.reading import parse_model
from trustsem.specification.syntax import ModelSyntax, Modifier, Term
from trustsem.specification.table import (
    Constraint,
    Definition,
    Parameter,
    ParameterTable,
    Role,
)

__all__ = [
    "Constraint",
    "Definition",
    "Expression",
    "ModelKind",
    "ModelSyntax",
    "Modifier",
    "Parameter",
    "ParameterTable",
    "Role",
    "Term",
    "build_table",
    "observed_variables",
    "ordered_items",
    "parse_expression",
    "parse_model",
]
