r"""Maximum likelihood where Sigma is that of few factors and uncorrelated residuals.

With :math:`\Sigma = \Lambda T T' \Lambda' + \Theta`, :math:`Y = \Theta^{-1} \Lambda` and
:math:`J = \Lambda' Y`, the inverse and the determinant need matrices of the size of T only (the
formula of Sherman, Morrison and Woodbury):

.. math:: W = \Theta^{-1} - Y N Y', \quad N = T K^{-1} T', \quad K = I + T' J T,
          \quad |\Sigma| = |\Theta| |K| .

Of the slope :math:`G = W - W \tilde S W` a model without residual covariances needs
:math:`G \Lambda` and the diagonal. With :math:`Q = Y N`, :math:`Z = \tilde S Y` and
:math:`F = I - N J` these are

.. math:: G \Lambda = H F, \qquad
          \mathrm{diag}\, G = \mathrm{diag}(\Theta^{-1} - \Theta^{-1} \tilde S \Theta^{-1}
                              + Q (\Theta^{-1} Z - H)'),
          \qquad H = Y - \Theta^{-1} Z + Q Y' Z .

One product with :math:`\tilde S` is all that grows with the square of the number of items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, diagonal, invert_lower, transpose
from trustsem.discrepancy.base import members


@dataclass(frozen=True, slots=True)
class FactoredPoint:
    """Value and slopes at a stack of points.

    Parameters
    ----------
    value : ndarray, shape (...)
        F.
    slope_Lambda : ndarray, shape (..., p, m)
        The slope in Sigma times Lambda.
    slope_residual : ndarray, shape (..., p)
        Its diagonal: the slope in the residual variances.
    slope_mu : ndarray, shape (..., p), or None
        Slope in the means; None without means.
    W_Lambda : ndarray, shape (..., p, m)
        The inverse of Sigma times Lambda.
    W_diagonal : ndarray, shape (..., p)
        The diagonal of the inverse.
    """

    value: Floats
    slope_Lambda: Floats
    slope_residual: Floats
    slope_mu: Floats | None
    W_Lambda: Floats
    W_diagonal: Floats


@dataclass(frozen=True, slots=True)
class FactoredLikelihood:
    """The discrepancy of :class:`MaximumLikelihood`, for Sigma in factors.

    Parameters
    ----------
    S : ndarray, shape (..., p, p)
        Sample covariance matrices.
    mean : ndarray, shape (..., p), or None
        Sample means.
    log_det_S : ndarray, shape (...)
        Log-determinants of S.
    """

    S: Floats
    mean: Floats | None
    log_det_S: Floats

    def at(self, Lambda: Floats, root: Floats, residual: Floats, mu: Floats) -> FactoredPoint:
        """Evaluate at a stack of points.

        Parameters
        ----------
        Lambda : ndarray, shape (..., p, m)
            Loadings.
        root : ndarray, shape (..., m, m)
            T.
        residual : ndarray, shape (..., p)
            Residual variances, positive.
        mu : ndarray, shape (..., p)
            Implied means.
        """
        d = 1 / residual
        Y = d[..., None] * Lambda
        J = transpose(Lambda) @ Y
        M = np.eye(root.shape[-1]) + transpose(root) @ J @ root
        K = np.asarray(np.linalg.cholesky(M), dtype=float)
        half = root @ transpose(invert_lower(K))
        N = half @ transpose(half)
        F = np.eye(root.shape[-1]) - N @ J
        log_det = np.log(residual).sum(axis=-1) + 2 * np.log(diagonal(K)).sum(axis=-1)
        Z, squares = self.S @ Y, diagonal(self.S)
        Q = Y @ N
        slope_mu = None
        if self.mean is not None:
            gap = self.mean - mu
            across = transpose(Y) @ gap[..., None]
            Z = Z + gap[..., None] * transpose(across)
            squares = squares + gap**2
            slope_mu = -2 * (d * gap - (Q @ across)[..., 0])
        YZ = transpose(Y) @ Z
        scaled = d[..., None] * Z
        H = Y - scaled + Q @ YZ
        trace = np.einsum("...i,...i->...", d, squares) - np.einsum("...ab,...ab->...", N, YZ)
        inner = np.einsum("...ik,...ik->...i", Q, scaled - H)
        return FactoredPoint(
            value=np.asarray(log_det + trace - self.log_det_S - self.S.shape[-1]),
            slope_Lambda=H @ F,
            slope_residual=d - d * d * squares + inner,
            slope_mu=slope_mu,
            W_Lambda=Y @ F,
            W_diagonal=d - np.einsum("...ik,...ik->...i", Q, Y),
        )

    def take(self, index: NDArray[np.intp]) -> FactoredLikelihood:
        """Return the criterion for some members of a stack of samples."""
        mean = None if self.mean is None else members(self.mean, index, 1)
        return FactoredLikelihood(
            members(self.S, index, 2), mean, members(self.log_det_S, index, 0)
        )
