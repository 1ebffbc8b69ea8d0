"""Every index of every construct at once, on stacks of measurement models.

One estimated model, the complex points of a delta method and thousands of resamples run through the
same lines. An index that does not exist for a member of the stack is NaN there and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Numbers, diagonal, outer, transpose
from trustsem.validity import reliability as formulas

MODEL_INDICES = ("omega", "cr", "ave", "h", "msv", "asv", "ave_msv")
"""Indices of the measurement model alone."""
MOMENT_INDICES = ("alpha", "alpha_std")
"""Indices of the observed covariances alone."""
OBSERVED_INDICES = ("cr_observed", "ave_observed")
"""Indices that divide what the model explains by observed variances."""


@dataclass(frozen=True, slots=True)
class MeasuredConstructs:
    """A stack of estimated measurement models and the covariances that they explain.

    Parameters
    ----------
    Lambda : ndarray, shape (..., p, m)
        Unstandardised loadings of p items on m constructs.
    Theta : ndarray, shape (..., p, p)
        Covariances of the items' residuals.
    Phi : ndarray, shape (..., m, m)
        Covariances of the constructs, in the scaling of the loadings.
    S : ndarray, shape (..., p, p)
        Observed covariances, with the divisor that the estimates used.
    members : tuple of tuple of int
        Positions of each construct's own items, length m.
    """

    Lambda: Numbers
    Theta: Numbers
    Phi: Numbers
    S: Numbers
    members: tuple[tuple[int, ...], ...]

    def implied_variances(self) -> Numbers:
        """Return the implied variance of every item, shape (..., p)."""
        explained = self.Lambda @ self.Phi @ transpose(self.Lambda)
        return diagonal(explained) + diagonal(self.Theta)

    def correlations(self) -> Numbers:
        """Return the construct correlations; NaN where a variance is not positive."""
        sd = _root(diagonal(self.Phi))
        return self.Phi / outer(sd, sd)


def model_indices(model: MeasuredConstructs, *, residual_covariances: bool = True) -> Numbers:
    """Compute the indices that rest on the measurement model.

    Parameters
    ----------
    model : MeasuredConstructs
        The stack; real or complex.
    residual_covariances : bool
        Count residual covariances among a construct's own items as error in ``cr``; ``omega``
        always does.

    Returns
    -------
    ndarray, shape (..., m, 7)
        In the order of :data:`MODEL_INDICES`. NaN for a single item and for an improper solution
        (negative residual or construct variance; for H a standardised loading of 1 or more).

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_; McDonald (1999) [mcdonald1999]_;
    Hancock & Mueller (2001) [hancock2001]_; Hair et al. (2019) [hair2019]_.
    """
    with np.errstate(invalid="ignore"):  # complex numbers warn of NaN, which is meant here
        phi, variances = model.correlations(), model.implied_variances()
        shared = (formulas.maximum_shared_variance(phi), formulas.average_shared_variance(phi))
        rows = [
            _model_indices(
                model,
                position,
                variances,
                (shared[0][..., position], shared[1][..., position]),
                residual_covariances=residual_covariances,
            )
            for position in range(len(model.members))
        ]
    return np.stack(rows, axis=-2)


def _model_indices(
    model: MeasuredConstructs,
    position: int,
    variances: Numbers,
    shared: tuple[Numbers, Numbers],
    *,
    residual_covariances: bool,
) -> Numbers:
    """Return one construct's indices, shape (..., 7)."""
    loadings, Theta, items = _own(model, position)
    sd = _root(variances[..., items])
    std, std_Theta = loadings / sd, Theta / outer(sd, sd)
    shared_error = _pair_sum(std_Theta) if residual_covariances else 0.0
    ave = formulas.average_variance_extracted(std, diagonal(std_Theta))
    several = np.nan if len(items) == 1 else 1.0
    parts = (
        several * formulas.composite_reliability(loadings, diagonal(Theta), _pair_sum(Theta)),
        several * formulas.composite_reliability(std, diagonal(std_Theta), shared_error),
        several * ave,
        several * formulas.coefficient_h(np.where(std.real**2 < 1, std, np.nan)),
        *shared,
        several * (ave - shared[0]),
    )
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def moment_indices(S: Numbers, members: tuple[tuple[int, ...], ...]) -> Numbers:
    """Compute alpha of raw and of standardised items.

    Parameters
    ----------
    S : ndarray, shape (..., p, p)
        Observed covariances; real or complex.
    members : tuple of tuple of int
        Positions of each construct's own items, length m.

    Returns
    -------
    ndarray, shape (..., m, 2)
        In the order of :data:`MOMENT_INDICES`; NaN for a single item.

    References
    ----------
    Cronbach (1951) [cronbach1951]_.
    """
    rows = []
    for items in members:
        if len(items) == 1:
            missing = complex(np.nan, np.nan) if S.dtype.kind == "c" else np.nan
            rows.append(np.full((*S.shape[:-2], len(MOMENT_INDICES)), missing))
            continue
        block = _block(S, items)
        both = (formulas.cronbach_alpha(block), formulas.standardized_alpha(block))
        rows.append(np.stack(both, axis=-1))
    return np.stack(rows, axis=-2)


def observed_indices(model: MeasuredConstructs) -> Numbers:
    """Compute the variants of reliability and AVE that divide by observed variances.

    Parameters
    ----------
    model : MeasuredConstructs
        The stack.

    Returns
    -------
    ndarray, shape (..., m, 2)
        In the order of :data:`OBSERVED_INDICES`; NaN as in :func:`model_indices`.

    References
    ----------
    McDonald (1999) [mcdonald1999]_; Fornell & Larcker (1981) [fornell1981]_.
    """
    rows = []
    for position in range(len(model.members)):
        loadings, _, items = _own(model, position)
        several = np.nan if len(items) == 1 else 1.0
        block = _block(model.S, items)
        parts = (
            several * formulas.composite_reliability_observed(loadings, 1.0, block),
            several * formulas.ave_observed(loadings, 1.0, diagonal(block)),
        )
        rows.append(np.stack(np.broadcast_arrays(*parts), axis=-1))
    return np.stack(rows, axis=-2)


def _own(model: MeasuredConstructs, position: int) -> tuple[Numbers, Numbers, list[int]]:
    """Return a construct's loadings at variance 1, residual covariances and items.

    NaN in the members of the stack whose solution is improper there.
    """
    items = list(model.members[position])
    Theta = _block(model.Theta, items)
    improper = np.any(diagonal(Theta).real < 0, axis=-1, keepdims=True)
    loadings = model.Lambda[..., items, position]
    loadings = loadings * _root(model.Phi[..., position, position])[..., None]
    return (
        np.where(improper, np.nan, loadings),
        np.where(improper[..., None], np.nan, Theta),
        items,
    )


def _block(S: Numbers, items: tuple[int, ...] | list[int]) -> Numbers:
    """Return the rows and columns of some items."""
    index = list(items)
    return S[..., index, :][..., :, index]


def _pair_sum(Theta: Numbers) -> Numbers:
    """Return the sum of the covariances below the diagonal."""
    return np.asarray((Theta.sum(axis=(-2, -1)) - diagonal(Theta).sum(axis=-1)) / 2)


def _root(values: Numbers) -> Numbers:
    """Return square roots; NaN where the real part is not positive."""
    return np.asarray(np.sqrt(np.where(values.real > 0, values, np.nan)))
