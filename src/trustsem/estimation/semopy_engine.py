"""semopy as the second engine: an independent witness of a complete-data ML solution.

semopy supplies its own implied covariance matrix, discrepancy and slope [igolkina2020]_; this
module writes the model down for it, starts it, and runs it until nothing moves any more. Nothing
but the parameter values is taken from it. It is the only importer of semopy, which costs seconds.

Three properties of semopy 2.3 shape what is done here:

- It completes a model by defaults of its own. Every parameter, free or fixed, is therefore
  written out as a path or a covariance among named variables, so that nothing is left to complete.
- It loses its way on variables of different scales. It is given a common metric; the estimates
  are carried back by exact factors.
- It stops early and keeps variances from becoming negative. Its stopping point is therefore moved
  on with Newton steps on its own objective and slope.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from trustsem.errors import EngineUnavailableError
from trustsem.specification.expressions import Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trustsem.arrays import Floats
    from trustsem.moments import SampleMoments
    from trustsem.specification import Expression, Parameter, ParameterTable

    Covariances = Mapping[tuple[str, str], float]

_OPERATORS = ("=~", "~", "~~")
_RESTARTS = 5
_TOLERANCE = 1e-14
_NEWTON_STEPS = 100
_HALVINGS = 30
_NEGLIGIBLE = 1e-7
"""A Newton step below this many standard errors ends the search."""
_FLAT = 1e-9
"""A curvature below this share of the largest one identifies nothing."""
_STEEP = 1e-3
"""The least curvature, as a share of the largest one, of a step where none is to be trusted."""
_ROUNDING = 1e-12
"""A change of the discrepancy below this is none."""


@dataclass(frozen=True, slots=True, eq=False)
class SecondEngineEstimate:
    """What the second engine found.

    Parameters
    ----------
    params : ndarray, shape (n_free,)
        Estimates in the order of the table's free parameters; units of the variables analysed.
    converged : bool
        Whether a minimum was reached: the last step negligible in standard errors.
    message : str
        How the search ended.
    discrepancy : float
        The discrepancy reached, F = ln|Sigma| + tr(S Sigma^-1) - ln|S| - p; unitless.
    seconds : float
        Wall time, the import of semopy included.
    version : str
        Version of semopy.
    """

    params: Floats
    converged: bool
    message: str
    discrepancy: float
    seconds: float
    version: str


def estimate_with_semopy(
    table: ParameterTable, moments: SampleMoments, *, start: Floats | None = None
) -> SecondEngineEstimate:
    """Estimate a covariance structure by maximum likelihood with semopy.

    Parameters
    ----------
    table : ParameterTable
        One group, no mean structure, no constraints but equalities of single free parameters.
    moments : SampleMoments
        Sample covariance matrix with the divisor of the likelihood.
    start : ndarray, shape (n_free,), or None
        Where to start; None: where this engine itself thinks best, which makes the search
        independent of any other. Where a model has several minima, a start tells whether a given
        one is among them.

    Returns
    -------
    SecondEngineEstimate
        Estimates on the scale of ``moments``.

    Raises
    ------
    EngineUnavailableError
        If semopy cannot be imported, or cannot estimate this kind of model.

    Notes
    -----
    A construct whose direction nothing fixes points the way of its first free loading. The
    minimum of the discrepancy is not constrained to the admissible space: a negative variance
    is found where it fits best, as by the native engine.
    """
    require_covariance_structure(table)
    began = time.perf_counter()
    problem = _scaled_problem(table, moments)
    if start is not None:
        given = dict(zip(problem.names, np.asarray(start) / problem.factors, strict=True))
        problem = replace(problem, starts=given)
    with threadpool_limits(1), _silence():
        semopy = _semopy()
        solution = _minimise(_semopy_model(semopy, problem), problem.n_obs)
    params = np.array([solution.values[name] for name in problem.names]) * problem.factors
    return SecondEngineEstimate(
        params=params if start is not None else _oriented(table, params, problem.names),
        converged=solution.converged,
        message=solution.message,
        discrepancy=solution.discrepancy,
        seconds=time.perf_counter() - began,
        version=str(semopy.__version__),
    )


def require_covariance_structure(table: ParameterTable) -> None:
    """Raise unless semopy can estimate the model as it is meant.

    Raises
    ------
    EngineUnavailableError
        If the model has several groups, means, thresholds, or constraints other than equalities
        of single free parameters.
    """
    obstacles = {
        "several groups": table.n_groups > 1,
        "a mean structure": table.meanstructure,
        "ordinal indicators": bool(table.ordered),
        "inequalities or equations between parameters": _has_equations(table),
        "thresholds, intercepts or scale factors": any(
            parameter.op not in _OPERATORS for parameter in table.parameters
        ),
        "nothing to estimate": not table.n_free,
    }
    for obstacle, present in obstacles.items():
        if present:
            raise EngineUnavailableError(
                f"The semopy engine does not estimate models with {obstacle}.",
                remedy="Use engine='native'.",
            )


@dataclass(frozen=True, slots=True)
class _Problem:
    """A model in semopy's terms and in a common metric.

    ``paths[outcome][predictor]`` and ``covariances[a][b]`` hold a fixed value or the name of a
    free parameter; ``names`` and ``factors`` belong to the table's free parameters in order, and
    an estimate times its factor is on the scale of the data.
    """

    cov: Covariances
    constructs: tuple[str, ...]
    paths: dict[str, dict[str, float | str]]
    covariances: dict[str, dict[str, float | str]]
    starts: dict[str, float]
    names: tuple[str, ...]
    factors: Floats
    n_obs: int


@dataclass(frozen=True, slots=True)
class _Solution:
    """Where the search ended: semopy's free parameters by name."""

    values: dict[str, float]
    discrepancy: float
    converged: bool
    message: str


def _scaled_problem(table: ParameterTable, moments: SampleMoments) -> _Problem:
    """Write the model down in semopy's terms, in a metric where variables are comparable."""
    cov = {
        (a, b): float(moments.cov[i, j])
        for i, a in enumerate(moments.names)
        for j, b in enumerate(moments.names)
    }
    names = _semopy_names(table)
    scale = _scales(table, cov, names)
    scaled_cov = {
        (a, b): cov[a, b] / (scale[a] * scale[b])
        for a, b in itertools.product(table.observed, repeat=2)
    }
    values = _values(table, scaled_cov, scale, names)
    paths, covariances = _arrows(table, values)
    free = sorted((p for p in table.parameters if p.free), key=lambda p: p.free)
    factors: dict[str, float] = {}
    for parameter in free:
        factors.setdefault(names[parameter.free], _factor(parameter, scale))
    return _Problem(
        cov=scaled_cov,
        constructs=tuple(table.constructs),
        paths=paths,
        covariances=covariances,
        starts=_starts(table, scaled_cov, scale, names),
        names=tuple(names[parameter.free] for parameter in free),
        factors=np.array([factors[names[parameter.free]] for parameter in free]),
        n_obs=moments.n_obs,
    )


def _ends(parameter: Parameter) -> tuple[str, str]:
    """Return outcome and predictor of an arrow, or both ends of a covariance."""
    loading = parameter.op == "=~"
    return (parameter.rhs, parameter.lhs) if loading else (parameter.lhs, parameter.rhs)


def _factor(parameter: Parameter, scale: Mapping[str, float]) -> float:
    """Return what carries a parameter from the common metric back to the scale of the data."""
    first, second = (scale[name] for name in _ends(parameter))
    return first * second if parameter.op == "~~" else first / second


def _semopy_names(table: ParameterTable) -> dict[int, str]:
    """Return a name for each free parameter; equal parameters share one."""
    leader = {parameter.free: parameter.free for parameter in table.parameters if parameter.free}
    for a, b in _equal_pairs(table):
        kept, dropped = sorted((leader[a], leader[b]))
        leader = {free: kept if first == dropped else first for free, first in leader.items()}
    return {free: f"param{first}" for free, first in leader.items()}


def _equal_pairs(table: ParameterTable) -> list[tuple[int, int]]:
    """Return the pairs of free parameters that are held equal."""
    free_of = {
        name: parameter.free
        for parameter in table.parameters
        if parameter.free
        for name in (parameter.plabel, parameter.label)
        if name
    }
    pairs = [(int(a), int(b)) for a, b in table.equalities]
    for constraint in table.constraints:
        lhs, rhs = _bare_name(constraint.lhs), _bare_name(constraint.rhs)
        if constraint.op == "==" and lhs in free_of and rhs in free_of:
            pairs.append((free_of[lhs], free_of[rhs]))
    return pairs


def _has_equations(table: ParameterTable) -> bool:
    """Return whether a constraint says more than that two free parameters are equal."""
    free = {parameter.plabel for parameter in table.parameters if parameter.free}
    free |= {
        parameter.label for parameter in table.parameters if parameter.free and parameter.label
    }
    return any(
        constraint.op != "=="
        or not {_bare_name(constraint.lhs), _bare_name(constraint.rhs)} <= free
        for constraint in table.constraints
    )


def _bare_name(expression: Expression) -> str:
    """Return the name that an expression consists of, or an empty string."""
    return expression.name if isinstance(expression, Name) else ""


def _scales(table: ParameterTable, cov: Covariances, names: Mapping[int, str]) -> dict[str, float]:
    """Return a unit for each variable, in which the variables have comparable variances.

    An observed variable's unit is its standard deviation, a construct's that of its marker. Where
    parameters are equal, their factors must be equal, too: the logarithms of the units are
    projected on those that satisfy this.
    """
    variables = [*table.observed, *table.constructs]
    size = {name: 0.5 * math.log(cov[name, name]) for name in table.observed}
    pending = [
        (_ends(parameter), float(parameter.fixed))
        for parameter in table.parameters
        if parameter.op == "=~" and not parameter.free and parameter.fixed
    ]
    for _ in table.constructs:
        for (indicator, construct), loading in pending:
            if indicator in size and construct not in size:
                size[construct] = size[indicator] - math.log(abs(loading))
    position = {name: index for index, name in enumerate(variables)}
    logs = np.array([size.get(name, 0.0) for name in variables])
    rows = _equality_rows(table, names, position)
    if len(rows):
        logs = logs - np.linalg.pinv(rows) @ (rows @ logs)
    return {name: float(value) for name, value in zip(variables, np.exp(logs), strict=True)}


def _equality_rows(
    table: ParameterTable, names: Mapping[int, str], position: Mapping[str, int]
) -> Floats:
    """Return, for each pair of equal parameters, the difference of their factors' exponents."""
    first: dict[str, Floats] = {}
    rows = [np.zeros(len(position))][:0]
    for parameter in table.parameters:
        if parameter.free:
            exponents = np.zeros(len(position))
            outcome, other = _ends(parameter)
            exponents[position[outcome]] += 1.0
            exponents[position[other]] += 1.0 if parameter.op == "~~" else -1.0
            leader = first.setdefault(names[parameter.free], exponents)
            rows.append(exponents - leader)
    return np.array([row for row in rows if row.any()])


def _arrows(
    table: ParameterTable, values: Mapping[int, float | str]
) -> tuple[dict[str, dict[str, float | str]], dict[str, dict[str, float | str]]]:
    """Return every path and every covariance, those that semopy would add included."""
    variables = [*table.observed, *table.constructs]
    paths: dict[str, dict[str, float | str]] = defaultdict(dict)
    covariances: dict[str, dict[str, float | str]] = defaultdict(dict)
    for index, parameter in enumerate(table.parameters):
        first, second = _ends(parameter)
        target = covariances if parameter.op == "~~" else paths
        target[first][second] = values[index]
    touched = {*paths, *(name for predictors in paths.values() for name in predictors)}
    for name in variables:
        if name not in touched:
            paths[name][next(other for other in variables if other != name)] = 0.0
        covariances[name].setdefault(name, 0.0)
    exogenous = [name for name in table.observed if name not in paths]
    for a, b in itertools.combinations(exogenous, 2):
        if a not in covariances[b]:
            covariances[a].setdefault(b, 0.0)
    return dict(paths), dict(covariances)


def _values(
    table: ParameterTable, cov: Covariances, scale: Mapping[str, float], names: Mapping[int, str]
) -> dict[int, float | str]:
    """Return each row's name or its fixed value in the common metric."""
    values: dict[int, float | str] = {}
    for index, parameter in enumerate(table.parameters):
        if parameter.free:
            values[index] = names[parameter.free]
        elif parameter.fixed is None or math.isnan(parameter.fixed):
            values[index] = cov[parameter.lhs, parameter.rhs]
        else:
            values[index] = parameter.fixed / _factor(parameter, scale)
    return values


def _starts(
    table: ParameterTable, cov: Covariances, scale: Mapping[str, float], names: Mapping[int, str]
) -> dict[str, float]:
    """Return where each free parameter starts: half of every item's variance is its construct's."""
    variance = _variance_guesses(table, cov, scale)
    explained = {_ends(parameter)[0] for parameter in table.parameters if parameter.op != "~~"}
    reference: dict[str, str] = {}
    starts: dict[str, float] = {}
    for parameter in table.parameters:
        outcome, other = _ends(parameter)
        if parameter.op == "=~":
            reference.setdefault(other, outcome)
        if not parameter.free:
            continue
        if parameter.start is not None and math.isfinite(parameter.start):
            start = parameter.start / _factor(parameter, scale)
        elif parameter.op == "=~":
            sign = _sign(cov, reference[other], outcome)
            start = sign * math.sqrt(0.5 * variance[outcome] / variance[other])
        elif parameter.op == "~":
            start = 0.0
        elif outcome == other:
            start = variance[outcome] * (0.5 if outcome in explained else 1.0)
        else:
            measured = {outcome, other} <= {*table.observed} - explained
            start = cov[outcome, other] if measured else 0.0
        starts.setdefault(names[parameter.free], start)
    return starts


def _sign(cov: Covariances, reference: str, indicator: str) -> float:
    """Return the sign of an indicator's covariance with the first one of its construct."""
    return math.copysign(1.0, cov.get((reference, indicator), 1.0))


def _variance_guesses(
    table: ParameterTable, cov: Covariances, scale: Mapping[str, float]
) -> dict[str, float]:
    """Return a variance to start from for each variable: half its marker's for a construct."""
    variance = {name: cov[name, name] for name in table.observed}
    fixed = [
        (parameter.op, _ends(parameter), parameter.fixed / _factor(parameter, scale))
        for parameter in table.parameters
        if parameter.fixed and math.isfinite(parameter.fixed)
    ]
    for op, (first, second), value in fixed:
        if op == "~~" and first == second and value > 0:
            variance.setdefault(first, value)
    for _ in table.constructs:
        for op, (indicator, construct), loading in fixed:
            if op == "=~" and indicator in variance and construct not in variance:
                variance[construct] = 0.5 * variance[indicator] / loading**2
    return {name: variance.get(name, 1.0) for name in scale}


def _oriented(table: ParameterTable, params: Floats, names: tuple[str, ...]) -> Floats:
    """Turn each construct whose direction is arbitrary so that its first loading is positive."""
    turned = params.copy()
    for construct in table.constructs:
        rows = [row for row in table.parameters if _ends(row).count(construct) == 1]
        free = [row.free - 1 for row in rows if row.free]
        loadings = [row for row in rows if row.op == "=~" and row.lhs == construct and row.free]
        inside = {names[index] for index in free}
        outside = {name for index, name in enumerate(names) if index not in free}
        anchored = any(row.fixed for row in rows if not row.free)
        if loadings and not anchored and not inside & outside and turned[loadings[0].free - 1] < 0:
            turned[free] = -turned[free]
    return turned


def _semopy() -> Any:
    """Import semopy, or say why not.

    Raises
    ------
    EngineUnavailableError
        If semopy or something that it needs is missing or broken.
    """
    try:
        import semopy  # noqa: PLC0415 - costs seconds, and only the second engine needs it
    except ImportError as error:
        raise EngineUnavailableError(
            f"semopy cannot be imported ({error}).", remedy="pip install semopy"
        ) from error
    return semopy


def _semopy_model(semopy: Any, problem: _Problem) -> Any:
    """Return semopy's model, loaded with the covariance matrix and the starts.

    The description is handed over parsed, so that names need not be words of semopy's syntax.
    Loadings are given as paths: for its ``=~`` semopy would choose a marker.
    """
    effects: defaultdict[str, Any] = defaultdict(lambda: defaultdict(dict))
    for operator, arrows in (("~", problem.paths), ("~~", problem.covariances)):
        for outcome, others in arrows.items():
            effects[operator][outcome].update(others)
    operations: defaultdict[str, list[Any]] = defaultdict(list)
    operations["latent"].append(semopy.parser.Operation("latent", None, list(problem.constructs)))
    model = semopy.Model((effects, operations), mimic_lavaan=True, cov_diag=True)
    for name, start in problem.starts.items():
        model.parameters[name].start = start
    measured = list(dict.fromkeys(name for name, _ in problem.cov))
    cov = pd.DataFrame({b: {a: problem.cov[a, b] for a in measured} for b in measured})
    model.load(cov=cov, n_samples=problem.n_obs)
    return model


def _minimise(model: Any, n_obs: int) -> _Solution:
    """Run semopy until its objective stops, then move on with Newton steps."""
    names = [name for name, parameter in model.parameters.items() if parameter.active]
    best, lowest = model.param_vals, _discrepancy(model, model.param_vals)
    for _ in range(_RESTARTS):
        model.fit(solver="SLSQP", options={"ftol": _TOLERANCE})
        reached = _discrepancy(model, model.param_vals)
        if not reached < lowest:
            break
        gain, best, lowest = lowest - reached, model.param_vals, reached
        if gain < _TOLERANCE:
            break
    return _polish(model, names, best, n_obs)


def _discrepancy(model: Any, point: Floats) -> float:
    """Return semopy's objective; it calls a zero infinite when rounding makes it negative."""
    value = float(model.obj_mlw(point))
    if math.isinf(value) and np.isfinite(model.grad_mlw(point)).all():
        return 0.0
    return value if math.isfinite(value) else math.inf


def _polish(model: Any, names: list[str], point: Floats, n_obs: int) -> _Solution:
    """Move on with damped Newton steps until a step is negligible in standard errors."""
    converged, message = False, f"No minimum within {_NEWTON_STEPS} Newton steps."
    for _ in range(_NEWTON_STEPS):
        slope, curvature = model.grad_mlw(point), _curvature(model, point)
        if not (np.isfinite(slope).all() and np.isfinite(curvature).all()):
            message = "The implied covariance matrix is not positive definite."
            break
        newton = _newton_step(slope, curvature, n_obs)
        share = _acceptable_share(model, point, newton.step)
        point = point + share * newton.step
        if newton.in_errors < _NEGLIGIBLE:
            converged = newton.minimum
            message = "Minimum reached." if converged else "Not identified, or no minimum."
            break
        if share == 0.0:
            message = "No step lowers the discrepancy."
            break
    values = dict(zip(names, point, strict=True))
    return _Solution(values, _discrepancy(model, point), converged, message)


def _acceptable_share(model: Any, point: Floats, step: Floats) -> float:
    """Return the largest share 1, 1/2, 1/4 ... of a step that does not raise the discrepancy."""
    highest = _discrepancy(model, point) + _ROUNDING
    for halvings in range(_HALVINGS):
        share = 0.5**halvings
        if _discrepancy(model, point + share * step) <= highest:
            return share
    return 0.0


def _curvature(model: Any, point: Floats) -> Floats:
    """Return the second derivatives of the discrepancy: central differences of semopy's slope."""
    width = 1e-5 * np.maximum(1.0, np.abs(point))
    moves = np.diag(width)
    rows = [model.grad_mlw(point + move) - model.grad_mlw(point - move) for move in moves]
    curvature = np.array(rows) / (2 * width[:, None])
    return (curvature + curvature.T) / 2


@dataclass(frozen=True, slots=True)
class _NewtonStep:
    """A downhill step, its greatest length in standard errors, and whether a minimum is near."""

    step: Floats
    in_errors: float
    minimum: bool


def _newton_step(slope: Floats, curvature: Floats, n_obs: int) -> _NewtonStep:
    """Return Newton's step; where the discrepancy does not curve upwards, a cautious one."""
    unit = np.sqrt(np.maximum(np.abs(np.diag(curvature)), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(curvature / np.outer(unit, unit))
    trusted = values > _FLAT * values[-1]
    used = np.where(trusted, values, np.maximum(np.abs(values), _STEEP * np.abs(values).max()))
    step = -(vectors @ (vectors.T @ (slope / unit) / used)) / unit
    errors = np.sqrt(2 / n_obs * (vectors**2 / used).sum(axis=1)) / unit
    return _NewtonStep(step, float(np.abs(step / errors).max()), bool(trusted.all()))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep semopy's warnings and log messages from the user, and handlers from the root logger."""
    root, handler = logging.getLogger(), logging.NullHandler()
    level = logging.root.manager.disable
    root.addHandler(handler)
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
        root.removeHandler(handler)
