"""How do answers arise from a known population? Constructs, indicators, categories, gaps.

The population is LISREL's all-y model: ``eta = alpha + Beta eta + zeta`` with ``Cov(zeta) = Psi``
and ``y = nu + Lambda eta + epsilon`` with ``Cov(epsilon) = Theta``. Every function is pure:
arrays and a generator in, a new array out. Which population to draw from is the caller's choice.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def draw_constructs(
    n_obs: int,
    Beta: FloatArray,
    Psi: FloatArray,
    rng: np.random.Generator,
    *,
    alpha: FloatArray | None = None,
) -> FloatArray:
    """Draw construct scores from normal disturbances and the structural equations.

    Parameters
    ----------
    n_obs : int
        Number of cases.
    Beta : ndarray, shape (m, m) or (n_obs, m, m)
        Paths, row = outcome, column = predictor; a stack gives every case its own paths.
    Psi : ndarray, shape (m, m)
        Covariance matrix of the disturbances (variances, for exogenous constructs).
    rng : numpy.random.Generator
        Source of randomness.
    alpha : ndarray, shape (m,) or (n_obs, m), optional
        Intercepts of the constructs; zero by default.

    Returns
    -------
    ndarray, shape (n_obs, m)
        Construct scores, in the units of ``Psi``.

    Raises
    ------
    numpy.linalg.LinAlgError
        If ``Psi`` is not positive definite or ``I - Beta`` has no inverse.

    References
    ----------
    Bollen (1989) [bollen1989]_, chapter 8.
    """
    n_constructs = Psi.shape[-1]
    zeta = _normal(n_obs, Psi, rng)
    shifted = zeta if alpha is None else zeta + alpha
    I_Beta = np.broadcast_to(np.eye(n_constructs) - Beta, (n_obs, n_constructs, n_constructs))
    eta = np.linalg.solve(I_Beta, shifted[..., np.newaxis])[..., 0]
    return eta.astype(np.float64, copy=False)


def draw_indicators(
    eta: FloatArray,
    Lambda: FloatArray,
    Theta: FloatArray,
    rng: np.random.Generator,
    *,
    nu: FloatArray | None = None,
) -> FloatArray:
    """Draw continuous indicator values given construct scores.

    Parameters
    ----------
    eta : ndarray, shape (n_obs, m)
        Construct scores.
    Lambda : ndarray, shape (p, m)
        Loadings.
    Theta : ndarray, shape (p, p)
        Residual covariance matrix.
    rng : numpy.random.Generator
        Source of randomness.
    nu : ndarray, shape (p,), optional
        Intercepts; zero by default.

    Returns
    -------
    ndarray, shape (n_obs, p)
        Indicator values, in the units of ``Theta``.

    Raises
    ------
    numpy.linalg.LinAlgError
        If ``Theta`` is not positive definite.

    References
    ----------
    Bollen (1989) [bollen1989]_, chapter 8.
    """
    y = eta @ Lambda.T + _normal(len(eta), Theta, rng)
    return y if nu is None else y + nu


def interval_thresholds(
    n_categories: int, *, mean: FloatArray | float, spread: FloatArray | float
) -> FloatArray:
    """Place thresholds so that a standard normal variable answers on an equal-interval scale.

    Parameters
    ----------
    n_categories : int
        Number of answer categories; the lowest is coded 1.
    mean : float or ndarray, shape (p,)
        Answer, in scale points, that a value of zero would give before rounding.
    spread : float or ndarray, shape (p,)
        Scale points per standard deviation; positive.

    Returns
    -------
    ndarray, shape (n_categories - 1,) or (p, n_categories - 1)
        Ascending thresholds, in standard deviations.

    Examples
    --------
    >>> interval_thresholds(3, mean=2.0, spread=1.0)
    array([-0.5,  0.5])
    """
    edges = np.arange(1, n_categories) + 0.5
    centre, width = np.asarray(mean)[..., np.newaxis], np.asarray(spread)[..., np.newaxis]
    thresholds: FloatArray = (edges - centre) / width
    return thresholds


def cut_into_categories(y: FloatArray, thresholds: FloatArray) -> IntArray:
    """Cut continuous values into ordered categories coded from 1.

    Parameters
    ----------
    y : ndarray, shape (n_obs, p)
        Continuous values.
    thresholds : ndarray, shape (k - 1,) or (p, k - 1)
        Ascending cut points, common to all columns or one row per column; units of ``y``.

    Returns
    -------
    ndarray of int, shape (n_obs, p)
        One plus the number of thresholds that a value reaches.
    """
    answers: IntArray = 1 + (y[..., np.newaxis] >= thresholds).sum(axis=-1)
    return answers


def reverse_keyed_answers(answers: IntArray, n_categories: int) -> IntArray:
    """Turn answers coded 1 to ``n_categories`` around, as a negatively worded item would.

    Parameters
    ----------
    answers : ndarray of int, any shape
        Answers in the direction of the construct.
    n_categories : int
        Number of answer categories.

    Returns
    -------
    ndarray of int, same shape
        Answers in the direction of the wording.
    """
    return n_categories + 1 - answers


def choose_unanswered(
    n_obs: int, n_items: int, *, share: float, most: int, rng: np.random.Generator
) -> BoolArray:
    """Choose which answers are missing, completely at random.

    Parameters
    ----------
    n_obs, n_items : int
        Size of the survey.
    share : float
        Share of cases that leave something out, in [0, 1]; the number of such cases is rounded.
    most : int
        Largest number of answers that one case leaves out; 1 to ``most`` are equally likely.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of bool, shape (n_obs, n_items)
        True where the answer is missing.
    """
    unanswered = np.zeros((n_obs, n_items), dtype=bool)
    cases = rng.choice(n_obs, size=round(share * n_obs), replace=False)
    for case, count in zip(cases, rng.integers(1, most + 1, size=len(cases)), strict=True):
        unanswered[case, rng.choice(n_items, size=int(count), replace=False)] = True
    return unanswered


def _normal(n_obs: int, covariance: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw centred multivariate normal rows, shape (n_obs, len(covariance))."""
    draws: FloatArray = rng.standard_normal((n_obs, len(covariance)))
    return draws @ np.linalg.cholesky(covariance).T
