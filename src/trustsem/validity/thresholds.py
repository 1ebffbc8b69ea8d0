"""The cutoffs that the validity checks use by default, each with its source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from trustsem.errors import SpecificationError, UnknownOptionError

SOURCES: Mapping[str, str] = {
    "loading": "hair2019",
    "loading_ideal": "hair2019",
    "loading_se": "anderson1988",
    "alpha": "nunnally1978",
    "cr": "hair2019",
    "ave": "fornell1981",
    "htmt": "voorhees2016",
    "htmt_limit": "henseler2015",
    "phi_se": "anderson1988",
    "phi_marginal": "ronkko2022",
    "phi_moderate": "ronkko2022",
    "phi_severe": "ronkko2022",
    "cfi": "hu1999",
    "tli": "hu1999",
    "rmsea": "hu1999",
    "srmr": "hu1999",
    "residual_correlation": "kline2016",
    "residual_z": "joreskog1993",
    "delta_loading": "saris2009",
    "delta_covariance": "saris2009",
    "power": "saris2009",
    "loading_change": "burt1976",
    "significance": "",
}
"""Threshold to reference key. ``significance`` is a convention without one; the source of
``loading_change`` asks for negligible changes, the number is a convention."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Every cutoff of the validity checks; a study file may override any of them.

    Parameters
    ----------
    loading, loading_ideal : float
        Smallest acceptable and desirable standardised loading in absolute value; unitless.
    loading_se : float
        How many standard errors a loading must be away from 0.
    alpha, cr, ave : float
        Smallest acceptable alpha, composite reliability and average variance extracted; unitless.
    htmt : float
        Heterotrait-monotrait ratio that distinct constructs stay below; unitless. The value .85
        is the stricter one of Henseler et al. (2015) that Voorhees et al. (2016) recommend.
    htmt_limit : float
        What the upper limit of the interval of HTMT stays below; unitless.
    phi_se : float
        How many standard errors a construct correlation must stay away from 1.
    phi_marginal, phi_moderate, phi_severe : float
        Upper limits of the interval of a construct correlation at which the problem of
        discriminant validity becomes marginal, moderate, severe; unitless.
    cfi, tli : float
        Smallest acceptable incremental fit; unitless.
    rmsea, srmr : float
        Largest acceptable misfit; unitless.
    residual_correlation : float
        Absolute correlation residual that calls for attention; unitless.
    residual_z : float
        Absolute standardised residual that calls for attention; standard errors.
    delta_loading, delta_covariance : float
        Size of a standardised cross-loading, and of a correlation of residuals, that matters if it
        is left out; unitless.
    power : float
        Power from which a test of one left-out parameter counts as powerful; a probability.
    loading_change : float
        Absolute change of a standardised loading between the two steps that calls for attention;
        unitless.
    significance : float
        Level of every test; a probability.
    """

    loading: float = 0.50
    loading_ideal: float = 0.70
    loading_se: float = 2.0
    alpha: float = 0.70
    cr: float = 0.70
    ave: float = 0.50
    htmt: float = 0.85
    htmt_limit: float = 1.0
    phi_se: float = 2.0
    phi_marginal: float = 0.80
    phi_moderate: float = 0.90
    phi_severe: float = 1.0
    cfi: float = 0.95
    tli: float = 0.95
    rmsea: float = 0.06
    srmr: float = 0.08
    residual_correlation: float = 0.10
    residual_z: float = 2.58
    delta_loading: float = 0.40
    delta_covariance: float = 0.10
    power: float = 0.75
    loading_change: float = 0.05
    significance: float = 0.05

    def __post_init__(self) -> None:
        """Refuse values that are no positive number.

        Raises
        ------
        SpecificationError
            If a threshold is not a positive finite number, or a probability not below 1.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or value <= 0:
                raise SpecificationError(
                    f"Threshold {field.name!r} must be a positive number, got {value!r}."
                )
        for name in ("significance", "power"):
            if getattr(self, name) >= 1:
                raise SpecificationError(
                    f"Threshold {name!r} must be below 1, got {getattr(self, name)!r}."
                )
        if not self.phi_marginal <= self.phi_moderate <= self.phi_severe:
            raise SpecificationError(
                "Thresholds 'phi_marginal', 'phi_moderate' and 'phi_severe' must not decrease."
            )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Thresholds:
        """Return the defaults with some of them replaced.

        Raises
        ------
        UnknownOptionError
            If a name does not exist; the message suggests the nearest.
        SpecificationError
            If a value is not a positive number.
        """
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise UnknownOptionError(name, known, kind="threshold")
        return cls(**values)

    def source(self, name: str) -> str:
        """Return the reference key of a cutoff; empty where the study set its own."""
        return SOURCES[name] if getattr(self, name) == getattr(_DEFAULTS, name) else ""


_DEFAULTS = Thresholds()
