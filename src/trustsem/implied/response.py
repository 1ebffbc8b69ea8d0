r"""What ordered items show of the variables behind them.

A latent response :math:`y^*` has the moments that the structure implies; of it only the category is
seen. With :math:`\delta` the scaling factors (1 for continuous variables) the moments that
ordered items can show are

.. math:: \delta_i(\tau_{ik} - \mu_i), \qquad \delta_i \delta_j \sigma_{ij}\;(i \ne j),

beside the means and variances of the continuous variables [muthen1984]_. A latent response has no
scale of its own: either the scaling factors are parameters (1 unless freed) and residual variances
follow ("delta"), or the residual variances are, and :math:`\delta_i = \sigma_{ii}^{-1/2}`
follows ("theta") [muthen2002]_.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, Numbers, diagonal, outer, transpose
from trustsem.implied.lisrel import Implied
from trustsem.moments import MomentLayout

if TYPE_CHECKING:
    from trustsem.implied.lisrel import Projection
    from trustsem.implied.structure import Cell, Directions


@dataclass(frozen=True, slots=True)
class Responses:
    """The scales and thresholds of one group's variables.

    Parameters
    ----------
    layout : MomentLayout
        Which variables are ordered, and the order of the moments that are fitted.
    in_eta : ndarray of int, shape (p,)
        Place of each variable in eta; -1 if it is none.
    by_residual : bool
        Whether residual variances are parameters ("theta") rather than scaling factors.
    """

    layout: MomentLayout
    in_eta: NDArray[np.intp]
    by_residual: bool

    def completed(self, implied: Implied) -> Implied:
        """Return implied moments with the scales that follow from the parameters.

        These are the scaling factors, or the residual variances. No item whose residual variance
        follows predicts anything, so that only its own variance changes.
        """
        matrices = dict(implied.matrices)
        ordered = np.flatnonzero(self.layout.is_ordered)
        if self.by_residual:
            delta = matrices["delta"].copy()
            with np.errstate(divide="ignore", invalid="ignore"):  # no real scale: NaN, no value
                delta[..., ordered] = 1 / np.sqrt(diagonal(implied.Sigma)[..., ordered])
            return replace(implied, matrices=matrices | {"delta": delta})
        Sigma, cov_eta = implied.Sigma.copy(), implied.cov_eta.copy()
        Theta, Psi = matrices["Theta"].copy(), matrices["Psi"].copy()
        with np.errstate(divide="ignore", over="ignore"):
            target = matrices["delta"][..., ordered] ** -2.0
        gap = target - Sigma[..., ordered, ordered]
        Sigma[..., ordered, ordered] = target
        for position, item in enumerate(ordered):
            place = self.in_eta[item]
            if place < 0:
                Theta[..., item, item] += gap[..., position]
            else:
                Psi[..., place, place] += gap[..., position]
                cov_eta[..., place, place] += gap[..., position]
        changed = {"Theta": Theta, "Psi": Psi}
        return replace(implied, Sigma=Sigma, cov_eta=cov_eta, matrices=matrices | changed)

    def completed_slopes(self, slopes: Floats, implied: Implied, cells: tuple[Cell, ...]) -> Floats:
        """Return slopes of variances, at one point, with those that follow from scaling factors.

        Parameters
        ----------
        slopes : ndarray, shape (2(p + m), k)
            As of :meth:`Implied.variance_slopes`, which knows nothing of scales.
        implied : Implied
            The point.
        cells : tuple of Cell
            The k parameters.
        """
        if self.by_residual:
            return slopes
        items = np.flatnonzero(self.layout.is_ordered)
        target = np.zeros((self.layout.n_variables, len(cells)))
        for position, cell in enumerate(cells):
            if cell.matrix == "delta":
                target[cell.row, position] = -2 * implied.matrices["delta"][cell.row] ** -3.0
        own = np.where(self.in_eta < 0, np.arange(len(target)), len(target) + self.in_eta)[items]
        completed = slopes.copy()
        completed[len(slopes) // 2 + own] += target[items] - slopes[items]
        completed[items] = completed[own] = target[items]
        return completed

    def fitted(self, implied: Implied) -> Numbers:
        """Return the moments that are compared with the sample's, shape (..., k)."""
        return self.layout.stacked(*self.seen(implied))

    def seen(self, implied: Implied) -> tuple[Numbers, Numbers, Numbers]:
        """Return thresholds (..., t), means (..., p) and covariances (..., p, p) as seen.

        The mean of a latent response is part of its thresholds, and 0 here.
        """
        scale, items = self.scale(implied), self.layout.items
        distance = implied.matrices["tau"] - implied.mu[..., items]
        return (
            scale[..., items] * distance,
            np.where(self.layout.is_ordered, 0.0, implied.mu),
            outer(scale, scale) * implied.Sigma,
        )

    def jacobian(
        self, implied: Implied, projection: Projection, at: Directions, cells: tuple[Cell, ...]
    ) -> Floats:
        """Return the derivatives of the fitted moments in some parameters.

        Parameters
        ----------
        implied : Implied
            A stack of points.
        projection : Projection
            Its columns X.
        at, cells : Directions, tuple of Cell
            The q parameters.

        Returns
        -------
        ndarray, shape (..., k, q)
        """
        moves = self._moves(implied, projection, at, cells)
        return moves.jacobian()

    def slopes(
        self, implied: Implied, weights: Floats, cells: tuple[Cell, ...]
    ) -> tuple[Floats, Floats, Floats]:
        """Return the derivatives of a weighted sum of the fitted moments.

        Parameters
        ----------
        implied : Implied
            A stack of points.
        weights : ndarray, shape (..., k)
            Weights w of the moments m: the sum is w'm.
        cells : tuple of Cell
            The parameters.

        Returns
        -------
        cov, mean : ndarray, shapes (..., p, p) and (..., p)
            Slopes in Sigma and mu.
        own : ndarray, shape (..., q)
            Derivatives in thresholds and scaling factors; 0 for other parameters.
        """
        form = _Form.of(self, implied, weights)
        own = np.zeros((*weights.shape[:-1], len(cells)))
        for position, cell in enumerate(cells):
            if cell.matrix == "tau":
                own[..., position] = form.tau[..., cell.row]
            elif cell.matrix == "delta":
                own[..., position] = form.scale[..., cell.row]
        return form.cov, form.mean, own

    def bend(
        self,
        implied: Implied,
        weights: Floats,
        projection: Projection,
        at: Directions,
        cells: tuple[Cell, ...],
    ) -> Floats:
        r"""Return the second derivatives of a weighted sum of the fitted moments.

        Parameters are those of :meth:`jacobian` and :meth:`slopes`.

        Returns
        -------
        ndarray, shape (..., q, q)

        Notes
        -----
        Beside what bends Sigma and mu, a scale multiplies distances of thresholds and covariances:
        :math:`\sum_i (d\delta_i\, a_i' + a_i\, d\delta_i') + \sum_{ij} w_{ij}\sigma_{ij}\,
        d\delta_i\, d\delta_j' + \sum_i c_i\, d^2\delta_i`, with a the weighted changes of all that
        :math:`\delta_i` multiplies and c the slope in it.
        """
        form = _Form.of(self, implied, weights)
        total = projection.bend(at, form.cov) + projection.mean_bend(at, projection.onto(form.mean))
        if not self.scale_moves(cells):
            return np.asarray(total)
        moves = self._moves(implied, projection, at, cells)
        p = self.layout.n_variables
        items, (rows, cols) = self.layout.items, self.layout.pairs
        thresholds, _, _, covariances = self.layout.parts
        pulled = np.zeros((*weights.shape[:-1], p, len(cells)))
        distance = moves.tau - moves.mean[..., items, :]
        weighted = weights[..., thresholds, None] * distance
        scale = moves.scale
        for threshold, item in enumerate(items):
            pulled[..., item, :] += weighted[..., threshold, :]
        across = weights[..., covariances, None] * moves.cov
        for pair, (i, j) in enumerate(zip(rows, cols, strict=True)):
            pulled[..., i, :] += scale[..., j, None] * across[..., pair, :]
            pulled[..., j, :] += scale[..., i, None] * across[..., pair, :]
        turned = transpose(moves.scales) @ pulled
        product = np.zeros(implied.Sigma.shape)
        product[..., rows, cols] = weights[..., covariances] * implied.Sigma[..., rows, cols]
        product = product + transpose(product)
        total = total + turned + transpose(turned)
        total = total + transpose(moves.scales) @ product @ moves.scales
        if self.by_residual:
            curve = np.where(self.layout.is_ordered, 3 * form.scale / scale, 0.0)
            total = total + transpose(moves.scales) @ (curve[..., None] * moves.scales)
        return np.asarray(total)

    def scale_moves(self, cells: tuple[Cell, ...]) -> bool:
        """Return whether scaling factors change along some parameters."""
        return self.by_residual or any(cell.matrix == "delta" for cell in cells)

    def scale(self, implied: Implied) -> Numbers:
        """Return the scaling factor of every variable, shape (..., p)."""
        return np.where(self.layout.is_ordered, implied.matrices["delta"], 1.0)

    def _moves(
        self, implied: Implied, projection: Projection, at: Directions, cells: tuple[Cell, ...]
    ) -> _Moves:
        """Return how everything that the fitted moments are made of changes."""
        p, lead, q = self.layout.n_variables, projection.X.shape[:-2], len(cells)
        rows, cols = self.layout.pairs
        C = self.layout.continuous
        u, v = projection.X[..., at.u], projection.X[..., at.v]
        cov = at.weight * (u[..., rows, :] * v[..., cols, :] + v[..., rows, :] * u[..., cols, :])
        variances = 2 * at.weight * u * v
        scale = self.scale(implied)
        tau, scales = np.zeros((*lead, len(self.layout.items), q)), np.zeros((*lead, p, q))
        for position, cell in enumerate(cells):
            if cell.matrix == "tau":
                tau[..., cell.row, position] = 1.0
            elif cell.matrix == "delta":
                scales[..., cell.row, position] = 1.0
        if self.by_residual:
            ordered = self.layout.is_ordered
            factor = np.where(ordered, -0.5 * scale**3, 0.0)
            scales = factor[..., None] * variances
        return _Moves(
            responses=self,
            implied=implied,
            scale=scale,
            cov=cov,
            variances=variances[..., C, :],
            mean=u * projection.mean_scale(at)[..., None, :],
            tau=tau,
            scales=scales,
            scale_moves=self.scale_moves(cells),
        )


@dataclass(frozen=True, slots=True)
class _Moves:
    """Changes along q parameters: of covariances below the diagonal, variances, means ..."""

    responses: Responses
    implied: Implied
    scale: Floats
    cov: Floats
    variances: Floats
    mean: Floats
    tau: Floats
    scales: Floats
    scale_moves: bool

    def jacobian(self) -> Floats:
        """Return the derivatives of the fitted moments, shape (..., k, q)."""
        layout, scale = self.responses.layout, self.scale
        items, (rows, cols) = layout.items, layout.pairs
        thresholds = scale[..., items, None] * (self.tau - self.mean[..., items, :])
        cov = (scale[..., rows] * scale[..., cols])[..., None] * self.cov
        if self.scale_moves:
            distance = self.implied.matrices["tau"] - self.implied.mu[..., items]
            thresholds = thresholds + distance[..., None] * self.scales[..., items, :]
            sigma = self.implied.Sigma[..., rows, cols]
            cov = cov + (sigma * scale[..., cols])[..., None] * self.scales[..., rows, :]
            cov = cov + (sigma * scale[..., rows])[..., None] * self.scales[..., cols, :]
        means = self.mean[..., layout.continuous, :]
        return np.concatenate([thresholds, means, self.variances, cov], axis=-2)


@dataclass(frozen=True, slots=True)
class _Form:
    """Slopes of a weighted sum of the fitted moments: in Sigma, mu, thresholds and scales."""

    cov: Floats
    mean: Floats
    tau: Floats
    scale: Floats

    @classmethod
    def of(cls, responses: Responses, implied: Implied, weights: Floats) -> _Form:
        """Differentiate w'm in what the moments are made of."""
        layout = responses.layout
        thresholds, means, variances, covariances = layout.parts
        items, C, (rows, cols) = layout.items, layout.continuous, layout.pairs
        scale = responses.scale(implied)
        W = np.zeros(implied.Sigma.shape)
        W[..., rows, cols] = weights[..., covariances]
        W = W + transpose(W)
        tau = scale[..., items] * weights[..., thresholds]
        belonging = (items[:, None] == np.arange(layout.n_variables)).astype(float)
        mean = -(tau @ belonging)
        mean[..., C] = weights[..., means]
        distance = implied.matrices["tau"] - implied.mu[..., items]
        in_scale = (weights[..., thresholds] * distance) @ belonging
        in_scale = in_scale + ((W * implied.Sigma) @ scale[..., None])[..., 0]
        in_scale = np.where(layout.is_ordered, in_scale, 0.0)
        cov = W * outer(scale, scale) / 2
        cov[..., C, C] = weights[..., variances]
        if responses.by_residual:
            ordered = np.flatnonzero(layout.is_ordered)
            cov[..., ordered, ordered] = (-0.5 * scale**3 * in_scale)[..., ordered]
        return cls(cov, mean, tau, in_scale)
