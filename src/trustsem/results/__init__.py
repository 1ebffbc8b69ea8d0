"""What a user holds: results of estimated models, and the functions that produce them."""

from trustsem.results.bootstrap import Bootstrap, Replicates
from trustsem.results.comparison import compare
from trustsem.results.model import ModelResult
from trustsem.results.plain import plain
from trustsem.results.run import cfa, growth, sem

__all__ = ["Bootstrap", "ModelResult", "Replicates", "cfa", "compare", "growth", "plain", "sem"]
