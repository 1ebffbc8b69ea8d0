"""A methods and a results paragraph whose numbers are those of the tables.

The sentences are ours; the numbers come from the cells of the result through
:mod:`trustsem.display`, the way the tables show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trustsem import display
from trustsem.report import study_tables
from trustsem.report.definitions import MAIN_FIT, short_citation
from trustsem.study import structural_tables
from trustsem.study.measurement_tables import largest_residuals
from trustsem.validity.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from trustsem.options import Options
    from trustsem.results import ModelResult
    from trustsem.study import StudyResult
    from trustsem.tables import Table


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


def measurement_results(result: StudyResult) -> str:
    """Return the paragraph that says what came out of step one."""
    return " ".join(_measurement_results(result))


def structural_results(result: StudyResult) -> str:
    """Return the paragraph that says what came out of step two; the study has one."""
    return " ".join(_structural_results(result))


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
    yield from _cases(result)
    yield (
        f"The model comprised {_counted(len(model.constructs), 'construct')} measured by "
        f"{_counted(n_items, 'item')} (N = {model.n_obs})."
    )
    yield f"{_estimation(model)}. The software was trustsem {version}."
    yield _scaling(model)
    if result.usable:
        yield "Every model of the two steps converged to an admissible solution."
    yield from _residual_covariances(result)
    yield (
        f"Model fit was judged by the chi-square test and by {_fit_cutoffs(result)}; convergent "
        "validity by loadings, composite reliability and average variance extracted (Fornell & "
        "Larcker, 1981); discriminant validity by the Fornell-Larcker criterion, HTMT (Henseler "
        "et al., 2015), the confidence intervals of the construct correlations and chi-square "
        "differences against a perfect correlation."
    )
    if result.method is not None:
        yield "Common method variance was examined by models with a method factor."
    if result.structural is not None:
        yield (
            "The structural model was compared with less and more constrained alternatives by "
            "sequential chi-square differences (Anderson & Gerbing, 1988)."
        )
        yield _intervals(result)
    if result.influence is not None:
        yield (
            "To see how much rests on single respondents, the models were estimated again without "
            f"each of the {result.influence.n_cases} (Pek & MacCallum, 2011)."
        )
    if result.invariance is not None:
        found = result.invariance
        levels = ", ".join(found.levels["level"].astype(str))
        yield f"Invariance over the groups of {found.by} was tested level by level ({levels})."
    if result.interactions:
        yield (
            "Latent interactions were estimated with doubly mean-centred product indicators "
            "(Lin et al., 2010)."
        )


def _counted(count: int, noun: str) -> str:
    """Return a count with its noun, such as ``1 item`` or ``25 items``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _cases(result: StudyResult) -> Iterator[str]:
    """Say how many cases there were, why some were left out, and what was done to the answers."""
    (sample,) = result.measurement.model.estimate.problem.samples
    if sample.again is not None:
        yield f"The file was read in parts, and the moments of {sample.n_obs} cases were analysed."
        return
    if result.screening is None:
        printed = result.study.moments
        where = f" ({printed.where})" if printed is not None and printed.where else ""
        yield f"A printed matrix was analysed{where}."
        return
    flow = result.screening.flow
    received = int(flow["remaining"].iloc[0])
    yield f"{_counted(received, 'case').capitalize()} were received."
    for _, step in flow.iterrows():
        if step["removed"]:
            yield (
                f"{_counted(int(step['removed']), 'case').capitalize()} left the sample by the "
                f"rule: {step['rule']}."
            )
    reverse = [item for entry in result.study.constructs.values() for item in entry.reverse]
    if reverse:
        yield f"Reverse-keyed items were recoded ({', '.join(reverse)})."
    missing = result.screening.items["missing"].sum()
    if missing and result.measurement.model.options.missing == "fiml":
        share = 100 * missing / (missing + result.screening.items["n"].sum())
        yield (
            f"Missing answers ({display.Format('percent', 1).text(share)}% of the answers) were "
            "treated by full-information maximum likelihood."
        )


def _residual_covariances(result: StudyResult) -> Iterator[str]:
    pairs = [" and ".join(pair) for pair in result.study.residual_covariances]
    if pairs:
        yield f"By the plan of the study, residuals covaried between {', '.join(pairs)}."


def _fit_cutoffs(result: StudyResult) -> str:
    """Return the cut-offs that the study uses, with their source where they are its own."""
    limits = result.study.thresholds
    used = [
        f"{item.header} {item.cutoff.text(limits)}"
        for item in MAIN_FIT
        if item.cutoff is not None and item.name in ("cfi", "tli", "rmsea", "srmr")
    ]
    usual = all(
        getattr(limits, name) == getattr(Thresholds(), name)
        for name in ("cfi", "tli", "rmsea", "srmr")
    )
    source = " (Hu & Bentler, 1999)" if usual else " (the study's own cut-offs)"
    return f"{', '.join(used[:-1])} and {used[-1]}{source}"


def _intervals(result: StudyResult) -> str:
    """Say what errors and intervals of effects rest on."""
    if result.resampled is None:
        return (
            "Standard errors of indirect effects were obtained by the delta method (Sobel, 1982)."
        )
    found = result.resampled.measurement
    return (
        f"Confidence intervals of effects rest on {found.n:,} {found.kind} bootstrap resamples "
        f"(seed {found.seed}; Efron, 1987)."
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
    "scaled.shifted": "scaling and shifting (Asparouhov & Muthén, 2010)",
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
    ratios = step.discriminant["htmt"].dropna()
    if len(ratios):
        yield f"HTMT was at most {display.BOUNDED.text(ratios.max(), 'typeset')}."
    large = largest_residuals(step).frame["residual"].abs()
    count = int((large > _LARGE).sum())
    residuals = _counted(len(large), "correlation residual")
    yield f"Of {residuals}, {count} exceeded .10 in absolute value."


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
            f"Of {_counted(len(pairs), 'pair')} of constructs, {len(failing)} did not meet all "
            f"criteria of discriminant validity: {'; '.join(failing)}."
        )
    elif len(pairs) == 1:
        yield "The two constructs met the criteria of discriminant validity."
    else:
        yield f"All {len(pairs)} pairs of constructs met the criteria of discriminant validity."


def _structural_results(result: StudyResult) -> Iterator[str]:
    step = study_tables.require_structural(result)
    if status := model_status(step.model, "structural"):
        yield status
    yield f"Fit of the structural model: {_fit(step.model)}."
    yield from _difference_sentence(step.sequence)
    yield from (finding.claim for finding in step.findings if finding.code in _TOLD)
    table = structural_tables.hypotheses(step, result.resampled)
    supported = table.frame["supported"].astype(bool)
    if len(supported):
        yield _supported(int(supported.sum()), len(supported))
    yield from (_hypothesis_sentence(table, row) for row in range(len(table.frame)))
    yield from _indirect_sentence(result)
    variance = structural_tables.explained_variance(step)
    shares = [
        f"{variance.cell(row, 'r2')} ({variance.cell(row, 'outcome')})"
        for row in range(len(variance.frame))
    ]
    if shares:
        yield f"Explained variance R²: {', '.join(shares)}."


def _supported(count: int, total: int) -> str:
    if total == 1:
        return f"The hypothesis was {'' if count else 'not '}supported."
    if count == total:
        return f"All {total} hypotheses were supported."
    return f"{count or 'None'} of {total} hypotheses {'was' if count <= 1 else 'were'} supported."


def _hypothesis_sentence(table: Table, row: int) -> str:
    """Return one hypothesis in the words and numbers of its row in the table."""
    verdict = "supported" if table.frame["supported"].iloc[row] else "not supported"
    interval = f", 95% CI {table.cell(row, 'boot_ci')}" if "boot_ci_lower" in table.frame else ""
    p = table.cell(row, "pvalue")
    return (
        f"{table.cell(row, 'hypothesis')} ({table.cell(row, 'path')}) was {verdict}: "
        f"β = {table.cell(row, 'std_all')}{interval}, b = {table.cell(row, 'est')}, "
        f"SE = {table.cell(row, 'se')}, z = {table.cell(row, 'z')}, "
        f"p {p if p.startswith(('<', '>')) else f'= {p}'}."
    )


def _indirect_sentence(result: StudyResult) -> Iterator[str]:
    """Yield the indirect effects, with the errors that their table shows."""
    table = structural_tables.effects(study_tables.require_structural(result))
    rows = [row for row, kind in enumerate(table.frame["kind"]) if kind == "indirect"]
    told = [
        f"{table.cell(row, 'predictor')} on {table.cell(row, 'outcome')} "
        f"(β = {table.cell(row, 'std')}, b = {table.cell(row, 'est')}, "
        f"SE = {table.cell(row, 'se')})"
        for row in rows
    ]
    if told:
        effects = "Indirect effect" if len(told) == 1 else "Indirect effects"
        yield f"{effects}: {'; '.join(told)}."


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
_LARGE = 0.10
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
