"""What is measured. A further work is one more entry of :data:`WORKS`.

Calls of Python programs get the model text and the data; R code finds them as ``model`` and
``data``, and what code that ran before has left. Nothing that reads or writes files is timed,
except in works of whole processes.
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
    lavaan, openmx : str
        R code; empty where the program lacks it. That of OpenMx finds ``ram``, which makes a model
        of the text, see ``openmx.R``.
    before : dict of str to str
        R code of a program that runs once, and is not timed.
    reasons : dict of str to str
        Why a program is not asked, where it does not just lack the work.
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
    openmx: str = ""
    before: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Process:
    """A whole process: what it costs to start a program, do one thing, and leave.

    Parameters
    ----------
    name, title, slow
        See :class:`Work`.
    trustsem, lavaan, semopy, openmx : str
        Python code (``{table}`` is the file, ``{model}`` the quoted model text), R code for lavaan
        and OpenMx; a command line for trustsem if it begins with ``-m``.
    model, frame
        See :class:`Work`; without data there is no file.
    file : {"csv", "sav"}
        Format of the file.
    reasons
        See :class:`Work`.
    """

    name: str
    title: str
    trustsem: str
    lavaan: str = ""
    semopy: str = ""
    openmx: str = ""
    model: str = ""
    frame: Callable[[], pd.DataFrame] | None = None
    file: str = "csv"
    reasons: dict[str, str] = field(default_factory=dict)
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
_INCOMPLETE_RESAMPLES = 200
_FEW = 10
_FEWEST = 2
_CASES = 221
_SAMPLES_OF_LEVEL = 100
_LEVELS = 6  # with the one without misspecification
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


_POPULATION_IN_R = """
table <- parTable(fit)
table <- table[table$op %in% c("=~", "~", "~~"), ]
population <- paste0(table$lhs, table$op, table$est, "*", table$rhs, collapse = "\n")"""
_FIT_IN_R = "fit <- sem(model, data)"
_FIML_IN_R = 'fit <- sem(model, data, missing = "fiml")'
_WLSMV_IN_R = 'fit <- cfa(model, data, estimator = "WLSMV", ordered = names(data))'
_CFA_IN_OPENMX = "summary(run(ram(model, data)))"
_SEM_IN_OPENMX = "everything(ram(model, data))"
_NOT_TRANSLATED = "not measured"
_PARTS_IN_PYTHON = """
import trustsem
model = {model}
print(trustsem.cfa(model, trustsem.read_moments({table}, model, progress=False)).parameters)"""


def _resampled_in_r(kind: str, times: int) -> str:
    """Return R code that resamples a fit of lavaan, and fails where a resample does."""
    return f"""
resamples <- bootstrapLavaan(fit, R = {times}, type = "{kind}")
if (length(attr(resamples, "error.idx"))) stop("resamples failed")"""


def _bootstrap(kind: str) -> Call:
    def bootstrap(model: str, frame: pd.DataFrame) -> Any:
        return ts.sem(model, frame).bootstrap(_RESAMPLES, seed=1, kind=kind)

    return bootstrap


def _bootstrap_fiml(model: str, frame: pd.DataFrame) -> Any:
    return ts.sem(model, frame, missing="fiml").bootstrap(_INCOMPLETE_RESAMPLES, seed=1)


def _wlsmv(model: str, frame: pd.DataFrame) -> Any:
    return ts.cfa(model, frame, estimator="WLSMV", ordered=tuple(frame.columns))


def _influence(model: str, frame: pd.DataFrame, **options: Any) -> Any:
    return ts.sem(model, frame, **options).influence().cases


def _power(model: str, frame: pd.DataFrame) -> Any:
    fit = ts.sem(model, frame)
    return ts.power(fit, n=len(frame), samples=_RESAMPLES, confirm=False, seed=1).hypotheses


def _cutoffs(model: str, frame: pd.DataFrame) -> Any:
    return ts.cfa(model, frame).dynamic_cutoffs(_SAMPLES_OF_LEVEL, seed=1).cutoffs


def _left_out(fit: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, times: int) -> None:
    """Estimate without each of the first cases."""
    for case in range(times):
        fit(frame.drop(index=case))


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
        openmx=_CFA_IN_OPENMX,
        reasons={"openmx": "see 50 items"} if n_items > 50 else {},  # noqa: PLR2004
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
        openmx=_CFA_IN_OPENMX,
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
        openmx=_CFA_IN_OPENMX,
    ),
    Work(
        name="sem",
        title="SEM: estimates, errors, all fit measures, standardised solution with errors",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=_everything,
        lavaan=_EVERYTHING_IN_R.format(""),
        semopy=_semopy_everything,
        openmx=_SEM_IN_OPENMX,
    ),
    Work(
        name="modification",
        title="SEM and all modification indices",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=lambda model, frame: ts.sem(model, frame).modification_indices(),
        lavaan="modificationIndices(sem(model, data))",
        reasons={"openmx": _NOT_TRANSLATED},
    ),
    Work(
        name="mlr",
        title="The same SEM by MLR",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=lambda model, frame: _everything(model, frame, estimator="MLR"),
        lavaan=_EVERYTHING_IN_R.format(', estimator = "MLR"'),
        semopy=lambda model, frame: semopy_fit(model, frame).inspect(se_robust=True),
        reasons={"openmx": _NOT_TRANSLATED},
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
        reasons={"openmx": _NOT_TRANSLATED},
    ),
    Work(
        name="fiml",
        title="SEM by FIML, 5 % missing: estimates and standard errors",
        model=data.STRUCTURE,
        frame=data.incomplete,
        trustsem=lambda model, frame: ts.sem(model, frame, missing="fiml").parameters,
        lavaan='parameterEstimates(sem(model, data, missing = "fiml"))',
        semopy=lambda model, frame: semopy_fit(model, frame, obj="FIML").inspect(),
        openmx="summary(run(ram(model, data, cases = TRUE)))",
        slow=True,
    ),
    Work(
        name="fiml_fit",
        title="The same with all fit measures and standardised solution",
        model=data.STRUCTURE,
        frame=data.incomplete,
        trustsem=lambda model, frame: _everything(model, frame, missing="fiml"),
        lavaan=_EVERYTHING_IN_R.format(', missing = "fiml"'),
        reasons={"openmx": "see FIML"},
        slow=True,
    ),
    Work(
        name="wlsmv",
        title="CFA of 25 seven-point items by WLSMV, with fit measures",
        model=data.MEASUREMENT,
        frame=data.study,
        trustsem=lambda model, frame: _wlsmv(model, frame).fit_measures,
        lavaan=f"{_WLSMV_IN_R}; fitMeasures(fit)",
        semopy=_semopy_ordinal,
        reasons={"openmx": _NOT_TRANSLATED},
    ),
    Work(
        name="adf",
        title="CFA of 15 items by ADF (WLS), N = 1,000: estimates and standard errors",
        model=data.measurement(data.equal(15)),
        frame=lambda: data.block(1000, 15),
        trustsem=lambda model, frame: ts.cfa(model, frame, estimator="WLS").parameters,
        lavaan='parameterEstimates(cfa(model, data, estimator = "WLS"))',
        semopy=lambda model, frame: semopy_fit(model, frame, obj="WLS").inspect(),
        reasons={"openmx": _NOT_TRANSLATED},
    ),
    Work(
        name="bootstrap",
        title="Bootstrap of the SEM, per resample",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=_bootstrap("nonparametric"),
        lavaan=_resampled_in_r("ordinary", _FEW),
        semopy=lambda model, frame: _resampled(
            lambda sample: semopy_fit(model, sample), frame, _FEW
        ),
        openmx=f"mxBootstrap(fit, replications = {_FEW}, verbose = 0L)",
        before={"lavaan": _FIT_IN_R, "openmx": "fit <- run(ram(model, data, cases = TRUE))"},
        units={"trustsem": _RESAMPLES, "lavaan": _FEW, "semopy": _FEW, "openmx": _FEW},
    ),
    Work(
        name="bollen_stine",
        title="Bollen-Stine bootstrap of the SEM, per resample",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=_bootstrap("bollen-stine"),
        lavaan=_resampled_in_r("bollen.stine", _FEW),
        before={"lavaan": _FIT_IN_R},
        units={"trustsem": _RESAMPLES, "lavaan": _FEW},
        slow=True,
    ),
    Work(
        name="parametric",
        title="Parametric bootstrap of the SEM, per resample",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=_bootstrap("parametric"),
        lavaan=_resampled_in_r("parametric", _FEW),
        before={"lavaan": _FIT_IN_R},
        units={"trustsem": _RESAMPLES, "lavaan": _FEW},
        slow=True,
    ),
    Work(
        name="bootstrap_fiml",
        title="Bootstrap of the SEM by FIML, 5 % missing, per resample",
        model=data.STRUCTURE,
        frame=data.incomplete,
        trustsem=_bootstrap_fiml,
        lavaan=_resampled_in_r("ordinary", _FEWEST),
        before={"lavaan": _FIML_IN_R},
        units={"trustsem": _INCOMPLETE_RESAMPLES, "lavaan": _FEWEST},
        reasons={"semopy": "see FIML", "openmx": "see FIML"},
        slow=True,
    ),
    Work(
        name="bootstrap_wlsmv",
        title="Bootstrap of the CFA of 25 four-point items by WLSMV, per resample",
        model=data.MEASUREMENT,
        frame=data.coarse,
        trustsem=lambda model, frame: _wlsmv(model, frame).bootstrap(_INCOMPLETE_RESAMPLES, seed=1),
        lavaan=_resampled_in_r("ordinary", _FEWEST),
        before={"lavaan": _WLSMV_IN_R},
        units={"trustsem": _INCOMPLETE_RESAMPLES, "lavaan": _FEWEST},
        reasons={"openmx": _NOT_TRANSLATED},
        slow=True,
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
        openmx=f"""
root <- chol(cov(data))
for (i in 1:{_FEWEST}) {{
  sample <- as.data.frame(matrix(rnorm(length(as.matrix(data))), nrow(data)) %*% root)
  names(sample) <- names(data)
  summary(run(ram(model, sample)))
}}""",
        units={"trustsem": _FEW, "lavaan": _FEW, "semopy": _FEW, "openmx": _FEWEST},
    ),
    Work(
        name="power",
        title="Monte Carlo power of all paths of the SEM in one call, per sample of 221",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=_power,
        lavaan=f"""
for (i in 1:{_FEW}) {{
  parameterEstimates(sem(model, simulateData(population, sample.nobs = nrow(data))))
}}""",
        semopy=lambda model, frame: _replicated(
            lambda sample: semopy_fit(model, sample).inspect(), frame, _FEW
        ),
        openmx=f"""
for (i in 1:{_FEWEST}) summary(run(ram(model, mxGenerateData(fit, nrows = nrow(data)))))""",
        before={"lavaan": _FIT_IN_R + _POPULATION_IN_R, "openmx": "fit <- run(ram(model, data))"},
        units={"trustsem": _RESAMPLES, "lavaan": _FEW, "semopy": _FEW, "openmx": _FEWEST},
        slow=True,
    ),
    Work(
        name="cutoffs",
        title="Dynamic cut-offs of the CFA, per sample: draw, estimate, SRMR, RMSEA, CFI",
        model=data.MEASUREMENT,
        frame=data.study,
        trustsem=_cutoffs,
        lavaan=f"""
for (i in 1:{_FEW}) {{
  sample <- simulateData(population, sample.nobs = nrow(data))
  fitMeasures(cfa(model, sample, se = "none"), c("srmr", "rmsea", "cfi"))
}}""",
        before={"lavaan": "fit <- cfa(model, data)" + _POPULATION_IN_R},
        units={"trustsem": _LEVELS * _SAMPLES_OF_LEVEL, "lavaan": _FEW},
        slow=True,
    ),
    Work(
        name="influence",
        title="Leave-one-out of the SEM: estimates, errors, chi-square, Cook's distances, per case",
        model=data.STRUCTURE,
        frame=data.study,
        trustsem=_influence,
        lavaan=f"""
for (i in 1:{_FEW}) {{
  again <- sem(model, data[-i, ])
  coef(again); vcov(again); fitMeasures(again, "chisq")
}}""",
        semopy=lambda model, frame: _left_out(
            lambda rest: semopy_fit(model, rest).inspect(), frame, _FEW
        ),
        openmx=f"for (i in 1:{_FEWEST}) summary(run(ram(model, data[-i, ])))",
        units={"trustsem": _CASES, "lavaan": _FEW, "semopy": _FEW, "openmx": _FEWEST},
        slow=True,
    ),
    Work(
        name="influence_fiml",
        title="The same by FIML, 5 % missing, per case",
        model=data.STRUCTURE,
        frame=data.incomplete,
        trustsem=lambda model, frame: _influence(model, frame, missing="fiml"),
        lavaan="""
again <- sem(model, data[-1, ], missing = "fiml")
coef(again); vcov(again); fitMeasures(again, "chisq")""",
        units={"trustsem": _CASES},
        reasons={"semopy": "see FIML", "openmx": "see FIML"},
        slow=True,
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
        openmx="library(OpenMx)",
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
        openmx="library(OpenMx); source('benchmarks/openmx.R')\n"
        "data <- as.data.frame(data.table::fread({table}))\n"
        "print(summary(run(ram({model}, data))))",
        slow=True,
    ),
    Process(
        name="million_parts",
        title="The same in parts, by `read_moments()`",
        model=data.measurement(data.equal(25)),
        frame=lambda: data.block(1_000_000, 25).round(3),
        trustsem=_PARTS_IN_PYTHON,
        reasons=dict.fromkeys(("lavaan", "semopy", "openmx"), "reads whole files"),
        slow=True,
    ),
    Process(
        name="million_sav",
        title="The same from an SPSS file (.sav), by `read_moments()`",
        model=data.measurement(data.equal(25)),
        frame=lambda: data.block(1_000_000, 25).round(3),
        file="sav",
        trustsem=_PARTS_IN_PYTHON,
        lavaan="library(lavaan)\n"
        "data <- as.data.frame(haven::read_sav({table}))\n"
        "print(parameterEstimates(cfa({model}, data)))",
        semopy="import pandas, semopy\nfit = semopy.Model({model})\n"
        "fit.fit(pandas.read_spss({table}))\nprint(fit.inspect())",
        reasons={"openmx": "reads as lavaan does"},
        slow=True,
    ),
)
"""All works, in the order of the page."""
