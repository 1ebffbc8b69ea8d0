"""The options of ``cfa()``, ``sem()`` and ``growth()``: one vocabulary, validated once.

Names are lavaan's with dots as underscores; defaults are those of lavaan 0.7-2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from trustsem.errors import SpecificationError, UnknownOptionError, UnsupportedError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an estimator implies unless the user says otherwise.

    Parameters
    ----------
    information, se, test : str
        Values of the options of these names.
    discrepancy : str
        Estimator whose discrepancy is minimised (:mod:`trustsem.estimation.estimators`).
    """

    information: str = "expected"
    se: str = "standard"
    test: str = "standard"
    discrepancy: str = "ML"


DEFAULTS = {
    "ML": Defaults(),
    "MLM": Defaults(se="robust.sem", test="satorra.bentler"),
    "MLMV": Defaults(se="robust.sem", test="scaled.shifted"),
    "MLMVS": Defaults(se="robust.sem", test="mean.var.adjusted"),
    "MLR": Defaults("observed", "robust.huber.white", "yuan.bentler.mplus"),
    "MLF": Defaults("first.order"),
    "GLS": Defaults(discrepancy="GLS"),
    "ULS": Defaults(discrepancy="ULS"),
    "WLS": Defaults(discrepancy="WLS"),
    "DWLS": Defaults(se="robust.sem", discrepancy="DWLS"),
    "WLSM": Defaults(se="robust.sem", test="satorra.bentler", discrepancy="DWLS"),
    "WLSMV": Defaults(se="robust.sem", test="scaled.shifted", discrepancy="DWLS"),
    "WLSMVS": Defaults(se="robust.sem", test="mean.var.adjusted", discrepancy="DWLS"),
    "ULSM": Defaults(se="robust.sem", test="satorra.bentler", discrepancy="ULSM"),
    "ULSMV": Defaults(se="robust.sem", test="scaled.shifted", discrepancy="ULSM"),
    "ULSMVS": Defaults(se="robust.sem", test="mean.var.adjusted", discrepancy="ULSM"),
}
"""Estimators: several minimise one discrepancy and differ in their inference."""

ORDINAL = {"ULS": Defaults(se="robust.sem", discrepancy="ULSM")}
"""What an estimator implies for ordered items where that is something else."""

CORRECTED = ("DWLS", "ULSM")
"""Discrepancies whose minimum is a chi-square only after correction."""

VALUES: dict[str, tuple[str, ...]] = {
    "estimator": tuple(DEFAULTS),
    "likelihood": ("normal", "wishart"),
    "missing": ("listwise", "fiml", "pairwise"),
    "information": ("expected", "observed", "first.order"),
    "se": (
        "standard",
        "robust.sem",
        "robust.huber.white",
        "first.order",
        "bootstrap",
        "none",
    ),
    "test": (
        "standard",
        "satorra.bentler",
        "yuan.bentler",
        "yuan.bentler.mplus",
        "mean.var.adjusted",
        "scaled.shifted",
        "browne.residual.nt",
        "browne.residual.nt.model",
        "browne.residual.adf",
        "bollen.stine",
        "none",
    ),
    "parameterization": ("delta", "theta"),
    "bounds": ("none", "standard", "wide", "pos.var", "pos.ov.var", "pos.lv.var"),
    "engine": ("native", "semopy"),
}
"""Allowed values of the options that choose among words.

``"default"`` resolves to the first; that of information, se and test is the estimator's, and
the estimator of ordered items is WLSMV.
"""

_RESOLVED: dict[str, tuple[str, ...]] = {"se": ("robust",)}
"""Words that stand for another one, which depends on other options."""

_INFORMATION_OF = {
    "robust.sem": "expected",
    "robust.huber.white": "observed",
    "first.order": "first.order",
}
_NEEDS_CASES = ("robust.sem", "robust.huber.white", "first.order")

_ALIASES = {"missing": {"ml": "fiml", "direct": "fiml"}}
"""Other words for a value."""

_COMPLETE_ONLY = (
    "robust.sem", "satorra.bentler", "yuan.bentler", "mean.var.adjusted", "scaled.shifted",
)  # fmt: skip
"""Corrections that rest on the fourth moments of complete cases."""

PerGroup = Mapping[str, Any] | Sequence[Any]
"""One value for each group: by label, or in order."""

GROUP_EQUAL = (
    "loadings", "intercepts", "means", "residuals", "residual.covariances",
    "lv.variances", "lv.covariances", "regressions", "thresholds",
)  # fmt: skip
"""Classes of parameters that ``group_equal`` can hold equal over groups."""


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that a user can choose about one estimation.

    Parameters
    ----------
    estimator : str
        What is minimised, and what is said about its uncertainty; one of :data:`DEFAULTS`.
    likelihood : str
        Divisor and multiplier: N (``normal``: lavaan, Mplus) or N-1 (``wishart``: LISREL, AMOS).
    missing : str
        Incomplete cases: left out (``listwise``), counted with what they answered (``fiml``), or
        used pair by pair (``pairwise``, ordered items).
    information : str
        The information that standard errors rest on.
    se : str
        Kind of standard errors; ``"robust"`` is ``"robust.sem"`` for complete data and otherwise
        ``"robust.huber.white"``.
    test : str
        Test of the model beside the standard one.
    parameterization : str
        Scale of the variables behind ordered items.
    engine : str
        Program that estimates.
    bounds : str
        Ranges that estimates may not leave: of variances (``pos.var``, of observed variables and
        constructs alike), or of variances, loadings and covariances (``standard``, ``wide``).
    group : str or None
        Column that holds the group; None for one group.
    group_equal : tuple of str
        Classes of parameters that are equal over groups.
    group_partial : tuple of str
        Single parameters that are exempt from that.
    ordered : tuple of str, or True
        Items whose answers are ordered categories; True for all but covariates.
    std_lv : bool
        Scale constructs by unit variance rather than by a marker.
    orthogonal : bool
        Leave constructs uncorrelated.
    auto_fix_first : bool or None
        Fix each construct's first loading to 1; None: unless ``std_lv``.
    meanstructure : bool or None
        Estimate intercepts; None: when the model or the function needs them.
    fixed_x : bool
        Keep moments of exogenous observed covariates at their sample values.
    bootstrap : int
        Number of resamples where ``se`` or ``test`` asks for a bootstrap.
    sample_cov : DataFrame or None
        Covariance (divisor N-1) or correlation matrix instead of raw data. Several groups: a
        mapping of label to matrix, or a sequence of matrices.
    sample_mean : Series, sequence or None
        Means; several groups: one for each, as ``sample_cov``.
    sample_sd : Series, sequence or None
        Standard deviations that turn a correlation matrix into a covariance matrix.
    sample_nobs : int or None
        Number of observations behind ``sample_cov``; several groups: of each.
    sample_cov_rescale : bool
        Multiply ``sample_cov`` by (N-1)/N when the likelihood is normal.
    constraints : str
        Further constraints, in model syntax.
    seed : int or None
        Seed of everything random.
    """

    estimator: str = "default"
    likelihood: str = "normal"
    missing: str = "listwise"
    group: str | None = None
    group_equal: tuple[str, ...] = ()
    group_partial: tuple[str, ...] = ()
    ordered: tuple[str, ...] | Literal[True] = ()
    std_lv: bool = False
    orthogonal: bool = False
    auto_fix_first: bool | None = None
    meanstructure: bool | None = None
    fixed_x: bool = False
    information: str = "default"
    se: str = "default"
    test: str = "default"
    bootstrap: int = 1000
    parameterization: str = "delta"
    bounds: str = "none"
    sample_cov: pd.DataFrame | PerGroup | None = None
    sample_mean: pd.Series | Sequence[float] | PerGroup | None = None
    sample_sd: pd.Series | Sequence[float] | PerGroup | None = None
    sample_nobs: int | PerGroup | None = None
    sample_cov_rescale: bool = True
    constraints: str = ""
    engine: str = "native"
    seed: int | None = None

    def __post_init__(self) -> None:
        """Resolve what the estimator decides."""
        if self.estimator == "default":
            object.__setattr__(self, "estimator", "WLSMV" if self.ordered else "ML")
        if self.se == "robust":
            word = "robust.huber.white" if self.incomplete else "robust.sem"
            object.__setattr__(self, "se", word)
        usual = self._usual
        chosen = _INFORMATION_OF.get(self.se, usual.information)
        if self.incomplete and chosen == "expected":
            chosen = "observed"
        resolved = {"information": chosen, "se": usual.se, "test": usual.test}
        for name, value in resolved.items():
            if getattr(self, name) == "default":
                object.__setattr__(self, name, value)
        self._require_ordered()
        self._require_analysable()
        self._require_correctable()

    def _require_ordered(self) -> None:
        """Raise where ordered items do not go with the estimator or the data."""
        if not self.ordered:
            return
        if self.incomplete:
            raise UnsupportedError(
                "missing = 'fiml' with ordered items",
                "Their correlations come from pairs of answers; use 'listwise' or 'pairwise'.",
            )
        if self.discrepancy not in ("WLS", *CORRECTED):
            raise UnsupportedError(
                f"ordered items by {self.estimator}",
                "Use least squares of their correlations: WLSMV, DWLS, ULSMV or WLS.",
            )
        if self.sample_cov is not None:
            raise SpecificationError(
                "Ordered items need raw data; a matrix does not hold their thresholds."
            )
        if self.residual_test:
            raise UnsupportedError(
                f"test = {self.test!r} with ordered items",
                "It is a test of covariances; WLSMV has a corrected one.",
            )
        if self.test == "bollen.stine":
            raise UnsupportedError(
                "test = 'bollen.stine' with ordered items",
                "It moves continuous answers to where the model holds; WLSMV has a corrected test.",
            )

    def _require_correctable(self) -> None:
        """Raise where least squares have no such standard errors and tests."""
        if self.likelihood_based or not self.corrected:
            return
        corrected = self.discrepancy in CORRECTED and self.information == "expected"
        known = self.se in ("standard", "robust.sem", "bootstrap", "none")
        if not (corrected and known and "yuan" not in self.test):
            raise UnsupportedError(
                f"{self.estimator} with se={self.se!r}, test={self.test!r} and "
                f"information={self.information!r}",
                "Corrections for non-normality come with ML (MLM, MLR), diagonally weighted "
                "(WLSMV) and unweighted least squares (ULSMV).",
            )

    @classmethod
    def from_keywords(cls, **keywords: Any) -> Options:
        """Validate keyword arguments and return the options.

        Raises
        ------
        UnknownOptionError
            If a name or a word does not exist; the message suggests the nearest.
        SpecificationError
            If a value is of the wrong kind.
        """
        known = [field.name for field in fields(cls)]
        for name in keywords:
            if name not in known:
                raise UnknownOptionError(name, known)
        values = {name: _checked(name, value) for name, value in keywords.items()}
        return cls(**values)

    def _require_analysable(self) -> None:
        """Refuse what incomplete cases do not allow.

        Raises
        ------
        UnsupportedError
            With the reason.
        """
        if not self.incomplete:
            return
        for what, applies, reason in (
            (
                f"estimator = {self.estimator!r}",
                not self.likelihood_based,
                "Least squares analyse one covariance matrix of complete cases; ML and MLR do not.",
            ),
            (
                f"se = {self.se!r} and test = {self.test!r}",
                self.se in _COMPLETE_ONLY or self.test in _COMPLETE_ONLY,
                "These corrections are made for complete cases; estimator 'MLR' does with others.",
            ),
            (
                "test = 'bollen.stine'",
                self.test == "bollen.stine",
                "It moves complete cases to where the model holds; 'MLR' has a corrected test.",
            ),
            (
                f"test = {self.test!r}",
                self.residual_test,
                "Its weights are those of complete cases; 'MLR' has a corrected test.",
            ),
            (
                "meanstructure = False",
                self.meanstructure is False,
                "What is missing is estimated together with the means; leave the option out.",
            ),
            (
                "sample_cov",
                self.sample_cov is not None,
                "A matrix no longer tells which answers are missing; give raw data.",
            ),
        ):
            if applies:
                raise UnsupportedError(f"missing = 'fiml' with {what}", reason)

    @property
    def incomplete(self) -> bool:
        """Whether incomplete cases are analysed."""
        return self.missing == "fiml"

    @property
    def likelihood_based(self) -> bool:
        """Whether a likelihood is maximised."""
        return self._usual.discrepancy == "ML"

    @property
    def discrepancy(self) -> str:
        """The estimator whose discrepancy is minimised."""
        return "FIML" if self.incomplete else self._usual.discrepancy

    @property
    def _usual(self) -> Defaults:
        """What the estimator implies for these items."""
        usual = DEFAULTS[self.estimator]
        return ORDINAL.get(self.estimator, usual) if self.ordered else usual

    @property
    def scaled(self) -> bool:
        """Whether the test statistic is corrected for non-normality."""
        return self.test not in ("standard", "bollen.stine", "none") and not self.residual_test

    @property
    def residual_test(self) -> bool:
        """Whether a residual-based test is asked for beside the standard one."""
        return self.test.startswith("browne.residual")

    @property
    def corrected(self) -> bool:
        """Whether anything is corrected for non-normality by what the cases themselves say."""
        words = (self.se, self.information)
        return self.scaled or any(word in _NEEDS_CASES for word in words)

    @property
    def needs_cases(self) -> bool:
        """Whether inference needs the cases themselves, not only their moments."""
        words = ("bollen.stine", "browne.residual.adf")
        return self.corrected or self.se == "bootstrap" or self.test in words

    @property
    def marker_scaling(self) -> bool:
        """Whether the first loading of each construct is fixed to 1."""
        return not self.std_lv if self.auto_fix_first is None else self.auto_fix_first


_OPTIONAL = ("auto_fix_first", "meanstructure", "sample_nobs", "seed")
_FLAGS = (
    "std_lv", "orthogonal", "fixed_x", "sample_cov_rescale", "auto_fix_first", "meanstructure",
)  # fmt: skip
_NAME_LISTS = ("group_equal", "group_partial", "ordered")
_COUNTS = ("bootstrap", "seed")


def _checked(name: str, value: Any) -> Any:
    """Return the option's value in its own type, or raise."""
    if name in _OPTIONAL and (value is None or value == "default"):
        return None
    for kind, check in _CHECKS:
        if name in kind:
            return check(name, value)
    return value


def _flag(name: str, value: Any) -> bool:
    """Return a truth value."""
    if not isinstance(value, bool):
        raise SpecificationError(f"Option {name!r} must be True or False, got {value!r}.")
    return value


def _word(name: str, value: Any) -> str:
    """Return an allowed word in its canonical spelling."""
    allowed = VALUES[name]
    if value == "default":
        resolved_later = ("estimator", "information", "se", "test")
        return "default" if name in resolved_later else allowed[0]
    value = _ALIASES.get(name, {}).get(str(value).lower(), value)
    for word in (*allowed, *_RESOLVED.get(name, ())):
        if str(value).lower().replace("_", ".") == word.lower():
            return word
    raise UnknownOptionError(str(value), allowed, kind=f"value of option {name!r}:")


def _names(name: str, value: Any) -> tuple[str, ...] | bool:
    """Return one name or a sequence of names as a tuple."""
    if name == "ordered" and isinstance(value, bool):
        return value or ()
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
        raise SpecificationError(f"Option {name!r} must be a list of names, got {value!r}.")
    if name == "group_equal":
        value = tuple(item.replace("_", ".") for item in value)
        for item in value:
            if item not in GROUP_EQUAL:
                raise UnknownOptionError(item, GROUP_EQUAL, kind="class in 'group_equal':")
    return tuple(value)


def _sizes(name: str, value: Any) -> Any:
    """Return one sample size, or one for each group."""
    if isinstance(value, Mapping):
        return {str(label): _count(name, size) for label, size in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_count(name, size) for size in value)
    return _count(name, value)


def _count(name: str, value: Any) -> int:
    """Return a non-negative whole number."""
    try:
        whole = int(value)
    except (TypeError, ValueError):
        raise SpecificationError(f"Option {name!r} must be a number, got {value!r}.") from None
    if whole != value or whole < 0:
        raise SpecificationError(f"Option {name!r} must be a whole number >= 0, got {value!r}.")
    return whole


_CHECKS = (
    (tuple(VALUES), _word),
    (_FLAGS, _flag),
    (_NAME_LISTS, _names),
    (_COUNTS, _count),
    (("sample_nobs",), _sizes),
)
