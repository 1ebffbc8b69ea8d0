"""A methods and a results paragraph whose numbers are those of the tables.

The sentences are ours; the numbers come from the cells of the result through
:mod:`trustsem.display`, the way the tables show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trustsem import display
from trustsem.report import study_tables
from trustsem.report.definitions import short_citation
from trustsem.validity.wording import labelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from trustsem.options import Options
    from trustsem.results import ModelResult
    from trustsem.study import StudyResult


def methods(result: StudyResult, version: str) -> str:
    """Return the paragraph that says what was done.

    Parameters
    ----------
    result : StudyResult
        The study.
    version : str
        Version of trustsem.
    """
    return " ".join(_methods(result, version))


def results(result: StudyResult) -> list[str]:
    """Return one paragraph per step that says what came out."""
    paragraphs = [" ".join(_measurement_results(result))]
    if result.structural is not None:
        paragraphs.append(" ".join(_structural_results(result)))
    return paragraphs


def model_status(model: ModelResult, step: str) -> str:
    """Return why the numbers of a model must not be used, or an empty string."""
    if not model.converged:
        return (
            f"The {step} model did not converge. Its numbers are shown for diagnosis only and "
            "must not be interpreted or published."
        )
    if not model.admissible:
        return (
            f"The solution of the {step} model is inadmissible (a negative variance, a "
            "correlation beyond 1 or an indefinite matrix). Its numbers must not be interpreted "
            "before the cause is understood."
        )
    return ""


def _methods(result: StudyResult, version: str) -> Iterator[str]:
    model = result.measurement.model
    n_items = sum(len(items) for items in model.constructs.values())
    yield (
        "The analysis followed the two-step approach of Anderson and Gerbing (1988): the "
        "measurement model was estimated and judged before the structural model."
        if result.structural is not None
        else "The measurement model was estimated as the first step of the two-step approach of "
        "Anderson and Gerbing (1988)."
    )
    yield (
        f"The model comprised {len(model.constructs)} constructs measured by {n_items} items "
        f"(N = {model.n_obs})."
    )
    yield f"{_estimation(model)} with trustsem {version}."
    yield _scaling(model)
    yield (
        "Model fit was judged by the chi-square test and by CFI, TLI, RMSEA and SRMR with the "
        "cut-offs of Hu and Bentler (1999); convergent validity by loadings, composite "
        "reliability and average variance extracted (Fornell & Larcker, 1981); discriminant "
        "validity by the Fornell-Larcker criterion, HTMT (Henseler et al., 2015), the confidence "
        "intervals of the construct correlations and chi-square differences against a perfect "
        "correlation."
    )
    if result.structural is not None:
        yield (
            "The structural model was compared with less and more constrained alternatives by "
            "sequential chi-square differences (Anderson & Gerbing, 1988). Standard errors of "
            "indirect effects were obtained by the delta method."
        )


def _estimation(model: ModelResult) -> str:
    options = model.options
    estimator = model.estimate.problem.estimator
    if not estimator.likelihood:
        name = options.estimator if estimator.corrected else estimator.name
        moments = (
            "thresholds and polychoric correlations, which take answers as ordered categories"
            if model.table.ordered
            else "the covariance matrix with divisor N − 1"
        )
        test = f" and a test corrected by {_TESTS[options.test]}" if options.scaled else ""
        errors = f", with {_errors(options)}{test}" if estimator.corrected else ""
        return f"Parameters were estimated by {estimator.title} ({name}) from {moments}{errors}"
    wishart = options.likelihood == "wishart"
    divisor = "N − 1 (Wishart likelihood)" if wishart else "N (normal likelihood)"
    name = "" if options.estimator == "ML" else f" ({options.estimator})"
    test = f" and a test statistic corrected by {_TESTS[options.test]}" if options.scaled else ""
    return (
        f"Parameters were estimated by maximum likelihood{name} from the covariance matrix with "
        f"divisor {divisor}, with {_errors(options)}{test}"
    )


_TESTS = {
    "satorra.bentler": "the scaling of Satorra and Bentler (1994)",
    "yuan.bentler": "the scaling of Yuan and Bentler (2000)",
    "yuan.bentler.mplus": "the scaling of Yuan and Bentler (2000) in the version of Mplus",
    "mean.var.adjusted": "the adjustment of mean and variance of Satorra and Bentler (1994)",
    "scaled.shifted": "scaling and shifting (Asparouhov & Muthen, 2010)",
}


def _errors(options: Options) -> str:
    """Return what the standard errors are."""
    information = f"the {options.information.replace('.', '-')} information"
    if options.se == "robust.sem":
        return f"robust standard errors (Satorra & Bentler, 1994) from {information}"
    if options.se == "robust.huber.white":
        return f"robust standard errors (Huber-White) from {information}"
    return f"standard errors from {information}"


def _scaling(model: ModelResult) -> str:
    if model.options.marker_scaling:
        return "Each construct was scaled by fixing the loading of its first item to 1."
    return "Each construct was scaled by fixing its variance to 1."


def _measurement_results(result: StudyResult) -> Iterator[str]:
    step = result.measurement
    if status := model_status(step.model, "measurement"):
        yield status
    yield f"Fit of the measurement model: {_fit(step.model)}."
    yield (
        f"Standardised loadings ranged from {_range(step.loadings['std_all'])}, composite "
        f"reliability from {_range(step.reliability['cr'])} and average variance extracted from "
        f"{_range(step.reliability['ave'])}."
    )
    yield from _discriminant_sentence(result)


def _discriminant_sentence(result: StudyResult) -> Iterator[str]:
    pairs = result.measurement.discriminant
    if pairs.empty:
        return
    names = study_tables.labels(result)
    failing = [
        f"{names.get(a, a)} and {names.get(b, b)}"
        for a, b, holds in zip(
            pairs["construct_a"], pairs["construct_b"], pairs["holds"], strict=True
        )
        if not holds
    ]
    if failing:
        yield (
            f"Of {len(pairs)} pairs of constructs, {len(failing)} did not meet all criteria of "
            f"discriminant validity: {'; '.join(failing)}."
        )
    else:
        yield f"All {len(pairs)} pairs of constructs met the criteria of discriminant validity."


def _structural_results(result: StudyResult) -> Iterator[str]:
    step = study_tables.require_structural(result)
    if status := model_status(step.model, "structural"):
        yield status
    yield f"Fit of the structural model: {_fit(step.model)}."
    yield from _difference_sentence(step.sequence)
    yield from (finding.claim for finding in step.findings if finding.code in _TOLD)
    table = step.hypotheses
    supported = table[table["supported"].astype(bool)]
    rest = table[~table["supported"].astype(bool)]
    count = f"{len(supported)} of {len(table)}" if len(rest) else f"All {len(table)}"
    verb = "was" if len(supported) == 1 else "were"
    if len(table):
        yield f"{count} hypotheses {verb} supported."
    yield from (_hypothesis_sentence(result, row) for _, row in table.iterrows())
    names = study_tables.labels(result)
    shares = [
        f"{display.BOUNDED.text(value, 'typeset')} ({names.get(str(name), str(name))})"
        for name, value in step.r2.items()
    ]
    if shares:
        yield f"Explained variance R²: {', '.join(shares)}."


def _hypothesis_sentence(result: StudyResult, row: pd.Series[Any]) -> str:
    names = study_tables.labels(result)
    path = labelled(row["path"], names).replace("->", "→")
    verdict = "supported" if row["supported"] else "not supported"
    return (
        f"{row['hypothesis']} ({path}) was {verdict}: "
        f"β = {display.BOUNDED.text(row['std_all'], 'typeset')}, "
        f"b = {display.ESTIMATE.text(row['est'], 'typeset')}, "
        f"SE = {display.ESTIMATE.text(row['se'], 'typeset')}, "
        f"z = {display.TWO.text(row['z'], 'typeset')}, "
        f"{display.p_statement(row['pvalue'], 'typeset')}."
    )


def _difference_sentence(sequence: pd.DataFrame) -> Iterator[str]:
    theory = sequence[(sequence["model"] == "Mt") & sequence["df_diff"].gt(0)]
    for _, row in theory.iterrows():
        worse = row["pvalue_diff"] < _SIGNIFICANT
        verdict = "fits worse than" if worse else "does not fit worse than"
        yield (
            f"The structural model {verdict} the measurement model, "
            f"Δχ²({display.COUNT.text(row['df_diff'])}) = "
            f"{display.CHISQ.text(row['chisq_diff'], 'typeset')}, "
            f"{display.p_statement(row['pvalue_diff'], 'typeset')} "
            f"({short_citation('anderson1988')})."
        )


_SIGNIFICANT = 0.05
_TOLD = ("accepted_model", "interpretational_confounding")
"""Findings of step two that a paper reports in these words."""


def _fit(model: ModelResult) -> str:
    return display.fit_line(model.fit_measures, model.n_obs, "typeset")


def _range(values: pd.Series[Any]) -> str:
    known = values.dropna()
    if known.empty:
        return display.MISSING
    low, high = (display.BOUNDED.text(value, "typeset") for value in (known.min(), known.max()))
    return f"{low} to {high}"
