"""``cfa()``, ``sem()`` and ``growth()``: from model text and data to a result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from trustsem.errors import (
    MomentsError,
    SpecificationError,
    UnknownIndicatorError,
    UnsupportedError,
)
from trustsem.estimation import ESTIMATORS, Problem, estimate_with
from trustsem.findings import Finding
from trustsem.moments import (
    Categories,
    Divisor,
    SampleMoments,
    SurveyMoments,
    em_moments,
    from_frame,
    from_matrix,
    from_ordered_frame,
    group_label,
    of_groups,
    printed_groups,
    read_categories,
)
from trustsem.options import Options
from trustsem.results.model import ModelResult
from trustsem.specification import (
    ModelKind,
    ModelSyntax,
    ParameterTable,
    build_table,
    observed_variables,
    ordered_items,
    parse_model,
)
from trustsem.survey import Survey

Data = pd.DataFrame | Survey | SurveyMoments


def cfa(model: str, data: Data | None = None, **options: Any) -> ModelResult:
    """Estimate a measurement model, with the defaults of lavaan's ``cfa()``.

    Parameters
    ----------
    model : str
        Model text in lavaan syntax.
    data : DataFrame, Survey or SurveyMoments, optional
        Raw data, or what :func:`trustsem.read_moments` made of a file; without it ``sample_cov``
        and ``sample_nobs`` are needed.
    **options
        See :class:`trustsem.options.Options`.

    Returns
    -------
    ModelResult
        Look at its ``findings`` first: a solution that is not converged or not admissible is
        returned with the reason, not raised.

    Raises
    ------
    SpecificationError
        If the text cannot be read or options do not exist.
    MomentsError
        If the data cannot be analysed: constant, duplicated or dependent variables, too few cases.
    NotIdentifiedError
        If the model has no unique solution, whatever the data.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> generator = np.random.default_rng(1)
    >>> construct = generator.normal(size=500)
    >>> items = {f"x{i}": construct + generator.normal(size=500) for i in (1, 2, 3, 4)}
    >>> result = cfa("f =~ x1 + x2 + x3 + x4", pd.DataFrame(items))
    >>> result.df
    2
    """
    return _run("cfa", model, data, options)


def sem(model: str, data: Data | None = None, **options: Any) -> ModelResult:
    """Estimate a structural model, with the defaults of lavaan's ``sem()``.

    Parameters, results and errors are those of :func:`cfa`.
    """
    return _run("sem", model, data, options)


def growth(model: str, data: Data | None = None, **options: Any) -> ModelResult:
    """Estimate a growth model, with the defaults of lavaan's ``growth()``.

    Intercepts of indicators are 0 and means of constructs free. Parameters, results and errors
    are those of :func:`cfa`.
    """
    return _run("growth", model, data, options)


def _run(kind: ModelKind, model: str, data: Data | None, keywords: dict[str, Any]) -> ModelResult:
    """Read, specify, form moments, estimate."""
    if not isinstance(model, str):
        raise SpecificationError(
            f"The model must be a text in model syntax, got {type(model).__name__}.",
            remedy="Write it like 'trust =~ t1 + t2 + t3'.",
        )
    syntax = parse_model(model)
    options = _options(syntax, keywords)
    frame = data.frame if isinstance(data, Survey) else data
    _require_data(frame, options)
    if isinstance(frame, SurveyMoments):
        return _from_moments(kind, model, syntax, frame, options)
    labels = _labels(frame, options)
    categories = _categories(frame, syntax, options)
    sizes = {name: len(known) for name, known in categories.items()}
    table = build_table(syntax, kind=kind, options=options, group_labels=labels, n_categories=sizes)
    samples = _samples(frame, table, options, categories)
    problem = Problem.build(table, samples, options.discrepancy, options.bounds)
    return ModelResult(kind, model, options, estimate_with(options.engine, problem))


def _from_moments(
    kind: ModelKind, model: str, syntax: ModelSyntax, moments: SurveyMoments, options: Options
) -> ModelResult:
    """Estimate from the moments of a file that was read in parts."""
    _require_streamed(moments, options)
    labels = () if options.group is None else moments.labels
    table = build_table(syntax, kind=kind, options=options, group_labels=labels, n_categories={})
    samples = [
        moments.sample(
            table.observed,
            divisor=_divisor(options),
            group=label,
            incomplete=options.incomplete,
            complete=table.exogenous if options.incomplete else (),
        )
        for label in (labels or (None,))
    ]
    if options.group is not None:
        n_rows = moments.n_rows
        n_without = n_rows - moments.of_labels
        found = _without_group(options.group, n_without, n_rows)
        samples[0] = replace(samples[0], findings=(*found, *samples[0].findings))
    problem = Problem.build(table, tuple(samples), options.discrepancy, options.bounds)
    return ModelResult(kind, model, options, estimate_with(options.engine, problem))


def _require_streamed(moments: SurveyMoments, options: Options) -> None:
    """Refuse what needs the cases of a file that was read in parts."""
    if options.ordered:
        raise UnsupportedError(
            "ordered items from a file that was read in parts",
            "Their thresholds and correlations need the answers in memory: read_survey().",
        )
    if options.se == "bootstrap" or options.test == "bollen.stine":
        raise UnsupportedError(
            f"se={options.se!r} with test={options.test!r} from a file that was read in parts",
            "Resamples need the cases in memory; use se='robust', or "
            "result.bootstrap(kind='parametric').",
        )
    if options.group is None:
        return
    if options.group != moments.by:
        raise SpecificationError(
            f"The moments were not read by {options.group!r}.",
            remedy=f"Read them anew: read_moments(..., group={options.group!r}).",
        )
    if len(moments.labels) < 2:  # noqa: PLR2004 - one group is no grouping
        raise MomentsError(f"The grouping variable {options.group!r} has fewer than two groups.")


def _options(syntax: ModelSyntax, keywords: dict[str, Any]) -> Options:
    """Return the options; items whose thresholds the text names are ordered."""
    options = Options.from_keywords(**keywords)
    cut = tuple(dict.fromkeys(term.lhs for term in syntax.terms if term.op == "|"))
    if not cut or options.ordered is True or set(cut) <= set(options.ordered):
        return options
    return Options.from_keywords(**{**keywords, "ordered": (*options.ordered, *cut)})


def _categories(
    frame: pd.DataFrame | None, syntax: ModelSyntax, options: Options
) -> dict[str, Categories]:
    """Return the categories of the model's ordered items."""
    if frame is None or not options.ordered:
        return {}
    names = observed_variables(syntax)
    ordered = ordered_items(syntax, options)
    asked = () if options.ordered is True else options.ordered
    unknown = [name for name in asked if name not in names and name not in frame.columns]
    if unknown:
        raise UnknownIndicatorError(unknown, [str(column) for column in frame.columns])
    used = frame if options.group is None else frame[frame[options.group].notna()]
    return read_categories(used, names, ordered, options.missing)


def _require_data(frame: pd.DataFrame | SurveyMoments | None, options: Options) -> None:
    """Raise unless there is exactly one source of moments."""
    if frame is None and options.sample_cov is None:
        raise SpecificationError(
            "There is nothing to analyse.",
            remedy="Give data, or sample_cov with sample_nobs.",
        )
    if frame is not None and options.sample_cov is not None:
        raise SpecificationError("Give either data or sample_cov, not both.")
    if frame is not None and not isinstance(frame, pd.DataFrame | SurveyMoments):
        raise SpecificationError(
            "data must be a DataFrame, a Survey or the moments of a file, got "
            f"{type(frame).__name__}."
        )
    if options.missing == "pairwise" and not options.ordered:
        raise UnsupportedError(
            "missing = 'pairwise' for continuous items",
            "Their covariances from different cases need not form a possible matrix, and no number "
            "of cases belongs to their chi-square; missing='fiml' uses the same answers.",
        )
    several = options.group is not None or not (
        options.sample_cov is None or isinstance(options.sample_cov, pd.DataFrame)
    )
    if (options.group_equal or options.group_partial) and not several:
        raise SpecificationError(
            "Options 'group_equal' and 'group_partial' compare groups, but there is one group.",
            remedy="Name the grouping variable: group=...",
        )
    if frame is None and options.group is not None:
        raise SpecificationError("Option 'group' needs raw data.")
    if frame is None and options.needs_cases:
        raise SpecificationError(
            f"Estimator {options.estimator!r} with se={options.se!r}, test={options.test!r} and "
            f"information={options.information!r} needs raw data, not a matrix.",
            remedy="Give data, or use estimator 'ML' with se='standard' and test='standard'.",
        )


def _labels(frame: pd.DataFrame | None, options: Options) -> tuple[str, ...]:
    """Return the groups' labels; none for one group."""
    if options.group is not None:
        return _group_labels(frame, options.group)
    if frame is None and not isinstance(options.sample_cov, pd.DataFrame):
        return printed_groups(options.sample_cov)
    return ()


def _group_labels(frame: pd.DataFrame | None, group: str) -> tuple[str, ...]:
    """Return the groups' labels in order of first appearance."""
    if frame is None or group not in frame.columns:
        raise UnknownIndicatorError([group], [] if frame is None else list(map(str, frame.columns)))
    labels = tuple(group_label(value) for value in frame[group].dropna().unique())
    if len(labels) < 2:  # noqa: PLR2004 - one group is no grouping
        raise MomentsError(f"The grouping variable {group!r} has fewer than two groups.")
    return labels


def _samples(
    frame: pd.DataFrame | None,
    table: ParameterTable,
    options: Options,
    categories: dict[str, Categories],
) -> tuple[SampleMoments, ...]:
    """Form the moments of every group."""
    if frame is None:
        return _from_matrices(table, options)
    if options.group is None:
        return (_from_cases(frame, table, options, categories),)
    keys = frame[options.group].map(group_label, na_action="ignore")
    first, *others = (
        _from_cases(frame[keys == label], table, options, categories, label)
        for label in table.group_labels
    )
    found = _without_group(options.group, int(keys.isna().sum()), len(keys))
    return (replace(first, findings=(*found, *first.findings)), *others)


def _without_group(group: str, n: int, n_rows: int) -> tuple[Finding, ...]:
    """Return the finding about cases of no group, if there are any."""
    if not n:
        return ()
    return (
        Finding(
            code="cases_without_group",
            subject="data",
            claim=f"{n} of {n_rows} cases have no value of the grouping variable {group} and are "
            "left out.",
            severity="warning",
            value=n / n_rows,
        ),
    )


def _from_cases(
    frame: pd.DataFrame,
    table: ParameterTable,
    options: Options,
    categories: dict[str, Categories],
    group: str = "",
) -> SampleMoments:
    """Form the moments of one group's cases: of the complete ones, or of all."""
    names, divisor = table.observed, _divisor(options)
    if table.ordered:
        return from_ordered_frame(frame, names, categories, group=group, missing=options.missing)
    if options.incomplete:
        return em_moments(frame, names, complete=table.exogenous, divisor=divisor, group=group)
    return from_frame(frame, names, divisor=divisor, group=group)


def _divisor(options: Options) -> Divisor:
    """Return what sums of squares are divided by."""
    return ESTIMATORS[options.discrepancy].divisor(options.likelihood)


def _from_matrices(table: ParameterTable, options: Options) -> tuple[SampleMoments, ...]:
    """Take over the printed matrices."""
    if table.meanstructure and options.sample_mean is None:
        raise SpecificationError(
            "The model has a mean structure, but the matrix comes without means.",
            remedy="Give sample_mean, or leave out meanstructure and intercepts.",
        )
    labels = table.group_labels or ("",)
    parts = {
        name: of_groups(getattr(options, name), labels, name)
        for name in ("sample_cov", "sample_nobs", "sample_sd", "sample_mean")
    }
    return tuple(
        from_matrix(
            parts["sample_cov"][position],
            table.observed,
            n_obs=parts["sample_nobs"][position],
            divisor=_divisor(options),
            rescale=options.sample_cov_rescale,
            sd=parts["sample_sd"][position],
            mean=parts["sample_mean"][position],
            group=label if table.n_groups > 1 else "",
        )
        for position, label in enumerate(labels)
    )
