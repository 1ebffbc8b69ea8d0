"""What is measured. A further work is one more entry of :data:`WORKS`.

Calls of Python programs get the model text and the data; R code finds them as ``model`` and
``data``. Nothing that reads or writes files is timed, except in works of whole processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

import trustsem as ts
from benchmarks import data

Call = Callable[[str, pd.DataFrame], Any]


@dataclass(frozen=True, slots=True)
class Work:
    """One thing that several programs can do.

    Parameters
    ----------
    name : str
        Short name, for ``--only``.
    title : str
        Its row on the page.
    model : str
        Model text.
    frame : callable
        Returns the data.
    trustsem, semopy : callable or None
        The call; None where the program lacks it.
    lavaan : str
        R code; empty where lavaan lacks it.
    units : dict of str to int
        How many units (resamples, replications) one call of a program does; 1 unless said.
    slow : bool
        Whether ``--quick`` leaves the work out.
    """

    name: str
    title: str
    model: str
    frame: Callable[[], pd.DataFrame]
    trustsem: Call | None
    lavaan: str = ""
    semopy: Call | None = None
    units: dict[str, int] = field(default_factory=dict)
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Process:
    """A whole process: what it costs to start a program, do one thing, and leave.

    Parameters
    ----------
    name, title, slow
        See :class:`Work`.
    trustsem, lavaan, semopy : str
        Python code (``{table}`` is a CSV file, ``{model}`` the quoted model text), R code for
        lavaan; a command line for trustsem if it begins with ``-m``.
    model, frame
        See :class:`Work`; without data there is no file.
    """

    name: str
    title: str
    trustsem: str
    lavaan: str = ""
    semopy: str = ""
    model: str = ""
    frame: Callable[[], pd.DataFrame] | None = None
    slow: bool = False


def semopy_fit(model: str, frame: pd.DataFrame, **options: Any) -> Any:
    """Estimate a model with semopy."""
    from semopy import Model  # noqa: PLC0415 - importing it costs seconds

    fitted = Model(model)
    fitted.fit(frame, **options)
    return fitted


def _semopy_everything(model: str, frame: pd.DataFrame) -> Any:
    from semopy import calc_stats  # noqa: PLC0415

    fitted = semopy_fit(model, frame)
    return fitted.inspect(std_est=True), calc_stats(fitted)


def _semopy_ordinal(model: str, frame: pd.DataFrame) -> Any:
    ordinal = f"{model}\nDEFINE(ordinal) {' '.join(frame.columns)}"
    return semopy_fit(ordinal, frame, obj="DWLS").inspect()


def _everything(model: str, frame: pd.DataFrame, **options: Any) -> Any:
    result = ts.sem(model, frame, **options)
    return result.fit_measures, result.parameters


def _ladder(model: str, frame: pd.DataFrame) -> list[Any]:
    rungs: tuple[tuple[str, ...], ...] = (
        (),
        ("loadings",),
        ("loadings", "intercepts"),
        ("loadings", "intercepts", "residuals"),
    )
    fits = [ts.cfa(model, frame, group="group", group_equal=rung) for rung in rungs]
    return [(fit.fit_measures, fit.parameters) for fit in fits]


def _resampled(fit: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, times: int) -> None:
    """Estimate again on samples of the rows."""
    rng = np.random.default_rng(data.SEED)
    for _ in range(times):
        fit(frame.iloc[rng.integers(0, len(frame), len(frame))])


def _replicated(fit: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, times: int) -> None:
    """Draw normal samples from the moments of the data and estimate each."""
    rng = np.random.default_rng(data.SEED)
    root = np.linalg.cholesky(frame.cov().to_numpy())
    for _ in range(times):
        draws = rng.standard_normal(frame.shape) @ root.T
        fit(pd.DataFrame(draws, columns=frame.columns))


def _htmt(model: str, frame: pd.DataFrame) -> Any:
    from trustsem.validity import htmt  # noqa: PLC0415 - no public name

    del model
    return htmt(frame.cov(), data.items_of(data.ITEMS))


_RESAMPLES = 1000
_FEW = 10
_LADDER_IN_R = """
for (equal in list("", "loadings", c("loadings", "intercepts"),
                   c("loadings", "intercepts", "residuals"))) {
  fit <- cfa(model, data, group = "group", group.equal = equal)
  fitMeasures(fit); parameterEstimates(fit)
}"""
_EVERYTHING_IN_R = "fit <- sem(model, data{}); fitMeasures(fit); standardizedSolution(fit)"
_CFA_IN_R = "fit <- cfa(model, data); parameterEstimates(fit)"


def _cfa(model: str, frame: pd.DataFrame) -> Any:
    return ts.cfa(model, frame).parameters


def _bootstrap(model: str, frame: pd.DataFrame) -> Any:
    return ts.sem(model, frame).bootstrap(_RESAMPLES, seed=1)


def _semopy_cfa(model: str, frame: pd.DataFrame) -> Any:
    return semopy_fit(model, frame).inspect()


def _of_size(n_items: int) -> Work:
    return Work(
        name=f"items{n_items}",
        title=f"CFA of {n_items} items, 5 per construct, N = 1,000: estimates and standard errors",
        model=data.measurement(data.equal(n_items)),
        frame=lambda: data.block(1000, n_items),
        trustsem=_cfa,
        lavaan=_CFA_IN_R,
        semopy=_semopy_cfa,
        slow=n_items > 50,  # noqa: PLR2004 - a minute and more elsewhere
    )


def _of_cases(n_obs: int) -> Work:
    return Work(
        name=f"cases{n_obs}",
        title=f"CFA of 25 items, N = {n_obs:,}: estimates and standard errors",
        model=data.measurement(data.equal(25)),
        frame=lambda: data.block(n_obs, 25),
        trustsem=_cfa,
        lavaan=_CFA_IN_R,
        semopy=_semopy_cfa,
        slow=n_obs > 10_000,  # noqa: PLR2004
    )


WORKS: tuple[Work | Process, ...] = (
    Work(
        name="cfa",
        title="CFA: estimates and standard errors",
        model=data.MEASUREMENT,
        frame=data.study,
        trustsem=_cfa,
        lavaan=_CFA_IN_R,
        semopy=_semopy_cfa,
    ),
    Work(
        name="sem",
        title="SEM: estimates, errors, all fit measures, standardised solution with errors",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=_everything,
        lavaan=_EVERYTHING_IN_R.format(""),
        semopy=_semopy_everything,
    ),
    Work(
        name="modification",
        title="SEM and all modification indices",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=lambda model, frame: ts.sem(model, frame).modification_indices(),
        lavaan="modificationIndices(sem(model, data))",
    ),
    Work(
        name="mlr",
        title="The same SEM by MLR",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=lambda model, frame: _everything(model, frame, estimator="MLR"),
        lavaan=_EVERYTHING_IN_R.format(', estimator = "MLR"'),
        semopy=lambda model, frame: semopy_fit(model, frame).inspect(se_robust=True),
    ),
    Work(
        name="mlm",
        title="The same SEM by MLM (Satorra-Bentler)",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=lambda model, frame: _everything(model, frame, estimator="MLM"),
        lavaan=_EVERYTHING_IN_R.format(', estimator = "MLM"'),
    ),
    Work(
        name="invariance",
        title="Four steps of invariance of the CFA in two groups, with fit measures",
        model=data.MEASUREMENT,
        frame=data.two_groups,
        trustsem=_ladder,
        lavaan=_LADDER_IN_R,
    ),
    Work(
        name="fiml",
        title="SEM by FIML, 5 % missing: estimates and standard errors",
        model=data.STRUCTURE,
        frame=data.incomplete,
        trustsem=lambda model, frame: ts.sem(model, frame, missing="fiml").parameters,
        lavaan='parameterEstimates(sem(model, data, missing = "fiml"))',
        semopy=lambda model, frame: semopy_fit(model, frame, obj="FIML").inspect(),
        slow=True,
    ),
    Work(
        name="fiml_fit",
        title="The same with all fit measures and standardised solution",
        model=data.STRUCTURE,
        frame=data.incomplete,
        trustsem=lambda model, frame: _everything(model, frame, missing="fiml"),
        lavaan=_EVERYTHING_IN_R.format(', missing = "fiml"'),
        slow=True,
    ),
    Work(
        name="wlsmv",
        title="CFA of 25 seven-point items by WLSMV, with fit measures",
        model=data.MEASUREMENT,
        frame=data.study,
        trustsem=lambda model, frame: (
            ts.cfa(model, frame, estimator="WLSMV", ordered=tuple(frame.columns)).fit_measures
        ),
        lavaan='fitMeasures(cfa(model, data, estimator = "WLSMV", ordered = names(data)))',
        semopy=_semopy_ordinal,
    ),
    Work(
        name="adf",
        title="CFA of 15 items by ADF (WLS), N = 1,000: estimates and standard errors",
        model=data.measurement(data.equal(15)),
        frame=lambda: data.block(1000, 15),
        trustsem=lambda model, frame: ts.cfa(model, frame, estimator="WLS").parameters,
        lavaan='parameterEstimates(cfa(model, data, estimator = "WLS"))',
        semopy=lambda model, frame: semopy_fit(model, frame, obj="WLS").inspect(),
    ),
    Work(
        name="bootstrap",
        title="Bootstrap of the SEM, per resample",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=_bootstrap,
        lavaan=f"bootstrapLavaan(sem(model, data), R = {_FEW})",
        semopy=lambda model, frame: _resampled(
            lambda sample: semopy_fit(model, sample), frame, _FEW
        ),
        units={"trustsem": _RESAMPLES, "lavaan": _FEW, "semopy": _FEW},
    ),
    Work(
        name="montecarlo",
        title="Monte Carlo with the SEM, one call per sample: draw and estimate, per replication",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=lambda model, frame: _replicated(
            lambda sample: ts.sem(model, sample).parameters, frame, _FEW
        ),
        lavaan=f"""
root <- chol(cov(data))
for (i in 1:{_FEW}) {{
  sample <- as.data.frame(matrix(rnorm(length(as.matrix(data))), nrow(data)) %*% root)
  names(sample) <- names(data)
  parameterEstimates(sem(model, sample))
}}""",
        semopy=lambda model, frame: _replicated(
            lambda sample: semopy_fit(model, sample).inspect(), frame, _FEW
        ),
        units=dict.fromkeys(("trustsem", "lavaan", "semopy"), _FEW),
    ),
    *(_of_size(n_items) for n_items in (25, 50, 100, 200)),
    *(_of_cases(10**power) for power in (3, 4, 5, 6)),
    Work(
        name="htmt",
        title="HTMT of 6 constructs",
        model=data.MEASUREMENT,
        frame=data.study,
        trustsem=_htmt,
        lavaan="semTools::htmt(model, data)",
    ),
    Process(
        name="process",
        title="Whole process: start, read a CSV file, SEM with fit measures and standardised "
        "solution",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem="import pandas, trustsem\n"
        "fit = trustsem.sem({model}, pandas.read_csv({table}))\n"
        "print(fit.fit_measures, fit.parameters)",
        lavaan="library(lavaan)\nfit <- sem({model}, read.csv({table}))\n"
        "print(fitMeasures(fit)); print(standardizedSolution(fit))",
        semopy="import pandas, semopy\nfit = semopy.Model({model})\n"
        "fit.fit(pandas.read_csv({table}))\n"
        "print(fit.inspect(std_est=True), semopy.calc_stats(fit))",
    ),
    Process(
        name="import",
        title="Start and import of all that a fit needs",
        trustsem="import trustsem\ntrustsem.sem",
        lavaan="library(lavaan)",
        semopy="import semopy",
    ),
    Process(name="help", title="`trustsem --help`", trustsem="-m trustsem --help"),
    Process(
        name="million",
        title="A million rows of 25 items from a CSV file: read, form moments, estimate",
        model=data.measurement(data.equal(25)),
        frame=lambda: data.block(1_000_000, 25).round(3),
        trustsem="import pandas, trustsem\n"
        "print(trustsem.cfa({model}, pandas.read_csv({table})).parameters)",
        lavaan="library(lavaan)\n"
        "data <- as.data.frame(data.table::fread({table}))\n"
        "print(parameterEstimates(cfa({model}, data)))",
        semopy="import pandas, semopy\nfit = semopy.Model({model})\n"
        "fit.fit(pandas.read_csv({table}))\nprint(fit.inspect())",
        slow=True,
    ),
)
"""All works, in the order of the page."""
