"""Linear algebra on stacks of small symmetric matrices.

Every function takes arrays with any number of leading batch axes, so that one fit, a bootstrap
and a simulation run through the same code. Nothing here knows names, models or data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[Any]
"""Real or complex: complex-step derivatives run through the same code."""


SINGULAR = 1e-11
"""Share of the largest curvature or slope below which there is none."""

_STACK = 8
"""Matrices from which on steps that serve the whole stack beat a factorisation of each."""


@dataclass(frozen=True, slots=True)
class Inverse:
    """Inverse and log-determinant of a stack of symmetric matrices.

    Parameters
    ----------
    matrix : ndarray, shape (..., p, p)
        Inverse; NaN where the matrix is not positive definite.
    log_det : ndarray, shape (...)
        Natural log of the determinant; NaN likewise.
    positive : ndarray of bool, shape (...)
        Whether each matrix is positive definite.
    """

    matrix: Floats
    log_det: Floats
    positive: NDArray[np.bool_]


def transpose(A: Numbers) -> Numbers:
    """Return each matrix of the stack transposed."""
    return np.swapaxes(A, -1, -2)


def symmetric(A: Floats) -> Floats:
    """Return the symmetric part of each matrix, removing rounding asymmetry."""
    return (A + transpose(A)) / 2


def diagonal(A: Numbers) -> Numbers:
    """Return the diagonal of each matrix, shape (..., p)."""
    return np.diagonal(A, axis1=-2, axis2=-1)


def outer(a: Numbers, b: Numbers) -> Numbers:
    """Return the outer product of each pair of vectors."""
    return a[..., :, None] * b[..., None, :]


def invert_positive(A: Floats) -> Inverse:
    """Invert each positive definite matrix of a stack.

    Each matrix is first scaled to a unit diagonal, so that the result is as accurate for items
    measured in thousands as for items measured in thousandths.

    Parameters
    ----------
    A : ndarray, shape (..., p, p)
        Symmetric matrices.
    """
    variances = diagonal(A)
    possible = np.asarray(np.isfinite(A).all(axis=(-2, -1)) & (variances > 0).all(axis=-1))
    scale = 1 / np.sqrt(np.where(possible[..., None], variances, 1.0))
    R = _or_identity(A * outer(scale, scale), possible)
    root, positive = _factored(R)
    positive = positive & possible
    log_det = 2 * (np.log(diagonal(root)) - np.log(scale)).sum(axis=-1)
    if root.size < _STACK * A.shape[-1] ** 2:
        R = _or_identity(R, positive)
        matrix = symmetric(np.asarray(np.linalg.inv(R), dtype=float)) * outer(scale, scale)
    else:
        half = invert_lower(root) * scale[..., None, :]
        matrix = np.asarray(np.ascontiguousarray(transpose(half)) @ half)
    if positive.all():
        return Inverse(matrix, log_det, positive)
    return Inverse(
        matrix=np.where(positive[..., None, None], matrix, np.nan),
        log_det=np.where(positive, log_det, np.nan),
        positive=positive,
    )


def invert_lower(L: Floats) -> Floats:
    """Invert each lower triangular matrix of a stack.

    Parameters
    ----------
    L : ndarray, shape (..., p, p)
        Lower triangular, without zeros on the diagonal.

    Notes
    -----
    The inverse of ``[[A, 0], [B, C]]`` is ``[[A^-1, 0], [-C^-1 B A^-1, C^-1]]``: from the inverses
    of all blocks of one size along the diagonals two matrix products make those of twice the size.
    In a stack of small matrices this is several times faster than a general inverse of each.
    """
    p, lead = L.shape[-1], L.shape[:-2]
    size = 1 << max(p - 1, 0).bit_length()
    inverse = np.zeros((*lead, size, size))
    inverse[..., :p, :p] = L
    added = np.arange(p, size)
    inverse[..., added, added] = 1.0
    own = np.einsum("...ii->...i", inverse)
    np.divide(1.0, own, out=own)
    half = 1
    while half < size:
        n = size // (2 * half)
        pairs = inverse.reshape(*lead, n, 2 * half, n, 2 * half)
        pair = np.einsum("...iaib->...iab", pairs)
        below = pair[..., half:, :half]
        if half == 1:
            below *= -pair[..., half:, half:] * pair[..., :half, :half]
        else:
            below[...] = -(pair[..., half:, half:] @ below @ pair[..., :half, :half])
        half *= 2
    return inverse[..., :p, :p]


def _or_identity(stack: Floats, good: Flags) -> Floats:
    """Return the stack with identity matrices in the places of those that are not good."""
    if good.all():
        return stack
    return np.where(good[..., None, None], stack, np.eye(stack.shape[-1]))


def _factored(R: Floats) -> tuple[Floats, Flags]:
    """Return Cholesky roots of matrices of unit diagonal, and which are positive definite.

    The root of a matrix that is not is that of the identity.
    """
    limit = R.shape[-1] * np.finfo(float).eps
    try:
        root = np.asarray(np.linalg.cholesky(R), dtype=float)
        positive = np.asarray((diagonal(root) ** 2 > limit).all(axis=-1))
        if positive.all():
            return root, positive
    except np.linalg.LinAlgError:
        # With less than that the factorisation may still fail by rounding.
        positive = np.asarray(np.linalg.eigvalsh(R)[..., 0] > (R.shape[-1] + 1) * limit)
    return np.asarray(np.linalg.cholesky(_or_identity(R, positive)), dtype=float), positive


def roots(A: Floats) -> tuple[Floats, Flags]:
    """Return the Cholesky root of each symmetric matrix, and which are positive definite.

    The root of a matrix that is not, by itself or within rounding, is that of the identity.
    """
    variances = diagonal(A)
    possible = np.asarray(np.isfinite(A).all(axis=(-2, -1)) & (variances > 0).all(axis=-1))
    scale = np.sqrt(np.where(possible[..., None], variances, 1.0))
    root, positive = _factored(_or_identity(A / outer(scale, scale), possible))
    return root * scale[..., None], positive & possible


def log_det(A: Floats) -> Floats:
    """Return the log-determinant of each symmetric matrix; NaN where it is not positive definite.

    Parameters
    ----------
    A : ndarray, shape (..., p, p)
        Symmetric matrices.
    """
    root, positive = roots(A)
    return np.where(positive, 2 * np.log(diagonal(root)).sum(axis=-1), np.nan)


def exceeds(A: Floats, limit: float) -> bool:
    """Return whether all eigenvalues of one symmetric matrix exceed a limit.

    Rounding moves the limit by about the largest eigenvalue times 1e-15.
    """
    try:
        np.linalg.cholesky(A - limit * np.eye(len(A)))
    except np.linalg.LinAlgError:
        return False
    return True


def gathered(A: Numbers, rows: NDArray[np.intp], cols: NDArray[np.intp]) -> Numbers:
    """Return the elements of each matrix in some rows and columns, shape (..., rows, cols)."""
    return A.take(rows, axis=-2).take(cols, axis=-1)


def powered(A: Floats, exponent: float) -> Floats:
    """Return a power of one positive definite matrix, symmetric like the matrix."""
    values, vectors = np.linalg.eigh(A)
    return np.asarray((vectors * values**exponent) @ vectors.T)


def forms(J: Floats, V: Floats) -> Floats:
    """Return ``j' V j`` of each row j of a matrix."""
    return np.asarray(((J @ V) * J).sum(axis=-1))


def is_positive_definite(A: Floats) -> bool:
    """Return whether one symmetric matrix is positive definite, judged free of its scale."""
    return bool(A.size == 0 or invert_positive(A).positive)


def scaled_eigh(A: Floats) -> tuple[Floats, Floats, Floats]:
    """Return scale, eigenvalues and eigenvectors of a matrix brought to unit diagonal.

    Returns
    -------
    scale : ndarray, shape (..., p)
        ``A = outer(scale, scale) * (V * values) @ V.T``.
    values : ndarray, shape (..., p)
        Eigenvalues in ascending order.
    vectors : ndarray, shape (..., p, p)
        Eigenvectors in columns.
    """
    scale = np.sqrt(np.abs(diagonal(A)))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(A / outer(scale, scale))
    return scale, values, vectors


def lower_triangle(A: Numbers) -> Numbers:
    """Return the lower triangle with diagonal as a vector, shape (..., p(p+1)/2)."""
    rows, cols = np.tril_indices(A.shape[-1])
    return A[..., rows, cols]


def complex_step_jacobian(function: Any, point: Floats) -> Floats:
    """Differentiate an analytic function of a vector to machine precision.

    Parameters
    ----------
    function : callable
        Maps a stack of shape (b, q), real or complex, to shape (b, k).
    point : ndarray, shape (q,)
        Where to differentiate.

    Returns
    -------
    ndarray, shape (k, q)

    Notes
    -----
    The derivative is Im f(x + ih) / h with h so small that no digit is lost to truncation, and
    none to cancellation because nothing is subtracted.
    """
    step = 1e-30
    scale = np.where(np.isfinite(point) & (point != 0), np.abs(point), 1.0)
    moved = point + 1j * step * np.diag(scale)
    return np.asarray(np.imag(function(moved)).T / (step * scale), dtype=float)


def null_space(J: Floats, size: int) -> Floats:
    """Return directions along which all conditions stay as they are, shape (size, d)."""
    if not len(J):
        return np.eye(size)
    scale = np.linalg.norm(J, axis=1, keepdims=True)
    _, singular, right = np.linalg.svd(J / np.where(scale > 0, scale, 1.0))
    rank = int((singular > SINGULAR).sum())
    return np.asarray(right[rank:].T)
