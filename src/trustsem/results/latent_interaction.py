"""Latent interaction: how the effect of one construct depends on another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from trustsem import display
from trustsem.charts import SlopesChart, SlopesKind, Width
from trustsem.errors import SpecificationError, UnknownOptionError, UnsupportedError, listed
from trustsem.findings import Finding, at_least
from trustsem.inference import Moderation, Region, johnson_neyman
from trustsem.moments import SurveyMoments
from trustsem.results import interaction_tables
from trustsem.results.ladder import chisq_difference
from trustsem.results.model import LEVEL, ModelResult
from trustsem.results.products import (
    PRODUCTS,
    Pairs,
    matched_pairs,
    product_names,
    shared_items,
    with_products,
)
from trustsem.results.run import Data, sem
from trustsem.specification import parse_model
from trustsem.survey import Survey
from trustsem.tables import Page, Shown, Table
from trustsem.validity.wording import coefficient, p_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FORMULA = re.compile(
    r"\s*(?P<predictor>[^\W\d][\w.]*)\s*[x*×:]\s*(?P<moderator>[^\W\d][\w.]*)\s*(?:->|→)\s*"
    r"(?P<outcome>[^\W\d][\w.]*)\s*"
)
_POSITIONS = (-1.0, 0.0, 1.0)
_IDENTIFIED = 3


@dataclass(frozen=True, eq=False, repr=False)
class LatentInteraction(Shown):
    """An estimated latent interaction.

    Parameters
    ----------
    predictor, moderator, outcome : str
        The constructs.
    product : str
        The construct that the product indicators measure.
    pairs : tuple of (str, str)
        The items multiplied.
    model : ModelResult
        The model with the product.
    effects : DataFrame
        Indexed by ``term``: predictor, moderator and product on the outcome; ``est se z pvalue
        ci_lower ci_upper std``, ``std`` of the product by the standard deviations of its two
        constructs [wen2010]_.
    slopes : DataFrame
        Slope of the predictor where the moderator is one standard deviation below its mean, at
        it, and one above: ``position value est se z pvalue ci_lower ci_upper``.
    region : Region
        Where the slope is significant.
    moderation : Moderation
        The slope as a function of the moderator.
    moderator_sd : float
        Standard deviation of the moderator.
    r2, r2_without : float
        Explained variance of the outcome, with the product and in the model without one.
    chisq_diff, df_diff, pvalue_diff : float
        Test of the model against the one in which the product has no effect; NaN with fewer than
        three product indicators.
    significance : float
        Level of the tests and of the region.
    findings : tuple of Finding
        Every judgement.
    """

    predictor: str
    moderator: str
    outcome: str
    product: str
    pairs: Pairs
    model: ModelResult
    effects: pd.DataFrame
    slopes: pd.DataFrame
    region: Region
    moderation: Moderation
    moderator_sd: float
    r2: float
    r2_without: float
    chisq_diff: float
    df_diff: float
    pvalue_diff: float
    significance: float
    findings: tuple[Finding, ...]

    @property
    def delta_r2(self) -> float:
        """What the product adds to the explained variance of the outcome."""
        return self.r2 - self.r2_without

    def chart(
        self, labels: Mapping[str, str] | None = None, *, width: Width = "190mm"
    ) -> SlopesChart:
        """Return the drawing of slopes and region; ``.save("figure.svg")`` writes it.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        width : str or float
            Final width.
        """
        names = labels or {}
        limit = 2.5 * self.moderator_sd
        grid = np.linspace(-limit, limit, 201)
        slope, error = self.moderation.slope(grid), self.moderation.error(grid)
        reach = -special.ndtri(self.significance / 2) * error
        cov = self.model.latent_cov
        # The product construct is measured from its mean, which is the covariance of the two.
        origin = self.moderation.b_product * float(cov.loc[self.predictor, self.moderator])
        heights = self.effects["est"].iloc[1] * self.slopes["value"] - origin
        return SlopesChart(
            predictor=names.get(self.predictor, self.predictor),
            moderator=names.get(self.moderator, self.moderator),
            outcome=names.get(self.outcome, self.outcome),
            grid=grid / self.moderator_sd,
            slope=slope,
            lower=slope - reach,
            upper=slope + reach,
            significant=self.region.holds(grid),
            lines=tuple(
                (float(position), float(level), float(est))
                for position, level, est in zip(
                    self.slopes["position"],
                    heights,
                    self.slopes["est"],
                    strict=True,
                )
            ),
            predictor_sd=float(np.sqrt(cov.loc[self.predictor, self.predictor])),
            width=width,
        )

    def plot(self, axes: Axes | None = None, kind: SlopesKind = "slopes") -> Axes:
        """Draw the interaction with matplotlib.

        Parameters
        ----------
        axes : matplotlib Axes, optional
            Where to draw; new ones by default.
        kind : {"slopes", "region", "both"}
            The outcome over the predictor at three values of the moderator; the slope over the
            moderator with its confidence band and the Johnson-Neyman region; or both.

        Returns
        -------
        matplotlib Axes
        """
        return self.chart().draw_into(axes, kind)

    def tables(self, labels: Mapping[str, str] | None = None) -> list[Table]:
        """Return effects and simple slopes as tables.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        """
        return interaction_tables.tables(self, labels or {})

    def _page(self) -> Page:
        """Return heading, findings and tables."""
        about = f"Interaction {self.predictor} x {self.moderator} -> {self.outcome}"
        method = f"{len(self.pairs)} product indicators, {self.model.method}"
        fit = display.fit_line(dict(self.model.fit_measures), self.model.n_obs)
        lines = (f"{about}, {method}", fit, *map(str, self.findings))
        return Page((lines, *self.tables()))


def interaction(
    model: str,
    data: Data,
    formula: str,
    *,
    products: str | Sequence[tuple[str, str]] = "matched",
    significance: float = 0.05,
    **options: Any,
) -> LatentInteraction:
    """Estimate a latent interaction by product indicators with double mean-centring.

    Parameters
    ----------
    model : str
        Model text without the product. The effects of predictor and moderator on the outcome are
        added where they are missing.
    data : DataFrame or Survey
        Raw data.
    formula : str
        ``"trust x goal -> sharing"``: predictor, moderator, outcome.
    products : {"matched", "all"} or sequence of (str, str)
        Each item with one partner [marsh2004]_; every item with every item of the other
        construct, residuals of products that share an item covarying; or the pairs themselves.
    significance : float
        Level of the tests.
    **options
        See :class:`trustsem.options.Options`. The estimator is ``"MLR"`` unless another is
        given: products of normal variables are not normal.

    Returns
    -------
    LatentInteraction

    Raises
    ------
    SpecificationError
        If the formula cannot be read or names no construct of the model.
    MomentsError
        If the data cannot be analysed.

    References
    ----------
    Lin, Wen, Marsh & Lin (2010) [lin2010]_.
    """
    predictor, moderator, outcome = read_formula(formula)
    if "group" in options:
        raise UnsupportedError("a latent interaction in several groups")
    if isinstance(data, SurveyMoments):
        raise UnsupportedError(
            "a latent interaction from a file that was read in parts",
            "Products of items need the answers in memory: read_survey().",
        )
    keywords = {"estimator": "MLR", **options}
    frame = data.frame if isinstance(data, Survey) else data
    parts = _parts(model, predictor, moderator, outcome)
    items = (parts[predictor], parts[moderator])
    pairs = _pairs(products, items, lambda: _loadings(model, frame, keywords))
    observed = _observed(model)
    names = product_names(pairs, list(frame.columns))
    product = f"{predictor}_x_{moderator}"
    while product in observed or product in parts or product in frame.columns:
        product += "_"
    listwise = str(keywords.get("missing", "listwise")).lower() in ("listwise", "default")
    enlarged = with_products(frame, pairs, names, complete=observed if listwise else ())
    base, added = _completed(model, predictor, moderator, outcome)
    text = _with_product(base, product, names, pairs, (predictor, moderator))
    full = sem(f"{text}\n{outcome} ~ {product}", enlarged, **keywords)
    without = sem(base, enlarged, **keywords)
    constructs = (predictor, moderator, outcome, product)
    test = _product_test(full, f"{text}\n{outcome} ~ 0*{product}", enlarged, keywords, pairs)
    notes = tuple(_added_finding(name, outcome) for name in added)
    return _result(
        full, float(without.r2[outcome]), test, constructs, pairs,
        significance=significance, notes=notes,
    )  # fmt: skip


def read_formula(formula: str) -> tuple[str, str, str]:
    """Return predictor, moderator and outcome of ``"trust x goal -> sharing"``.

    Raises
    ------
    SpecificationError
        If the text cannot be read.
    """
    match = _FORMULA.fullmatch(formula)
    names = tuple(match.groups()) if match else ()
    if len(set(names)) != 3:  # noqa: PLR2004  (predictor, moderator, outcome)
        raise SpecificationError(
            f"The interaction {formula!r} cannot be read.",
            remedy="Write it like 'trust x goal -> sharing', with three different constructs.",
        )
    return names[0], names[1], names[2]


def _parts(model: str, *names: str) -> dict[str, tuple[str, ...]]:
    """Return the items of each construct, after making sure that the constructs exist."""
    items: dict[str, list[str]] = {}
    for term in parse_model(model).terms:
        if term.op == "=~":
            items.setdefault(term.lhs, []).append(term.rhs)
    for name in names:
        if name not in items:
            raise SpecificationError(
                f"{name!r} is no construct of the model.",
                remedy=f"Its constructs: {listed(items)}.",
            )
    return {name: tuple(dict.fromkeys(entries)) for name, entries in items.items()}


def _observed(model: str) -> list[str]:
    """Return the observed variables of a model text."""
    terms = parse_model(model).terms
    constructs = {term.lhs for term in terms if term.op == "=~"}
    names = dict.fromkeys(name for term in terms for name in (term.lhs, term.rhs) if name)
    return [name for name in names if name not in constructs]


def _pairs(
    products: str | Sequence[tuple[str, str]],
    items: tuple[tuple[str, ...], tuple[str, ...]],
    loadings: Callable[[], Mapping[str, float]],
) -> Pairs:
    """Return the items to multiply; loadings are needed where numbers of items differ."""
    first, second = items
    if not isinstance(products, str):
        chosen = tuple((str(a), str(b)) for a, b in products)
        wrong = [f"{a}, {b}" for a, b in chosen if a not in first or b not in second]
        if wrong or not chosen:
            raise SpecificationError(
                "Products are pairs of an item of the predictor and one of the moderator; "
                f"wrong: {listed(wrong) or 'none given'}."
            )
        return chosen
    if products not in PRODUCTS:
        raise UnknownOptionError(products, PRODUCTS, kind="way of forming products")
    if products == "all":
        return tuple((a, b) for a in first for b in second)
    if len(first) == len(second):
        return tuple(zip(first, second, strict=True))
    return matched_pairs(first, second, loadings())


def _loadings(model: str, frame: pd.DataFrame, keywords: Mapping[str, Any]) -> dict[str, float]:
    """Return each item's standardised loading in the model without the product."""
    rows = sem(model, frame, **{**keywords, "se": "none", "test": "standard"}).parameters
    rows = rows[rows["op"] == "=~"]
    return dict(zip(rows["rhs"], rows["std_all"].astype(float), strict=True))


def _completed(
    model: str, predictor: str, moderator: str, outcome: str
) -> tuple[str, tuple[str, ...]]:
    """Return the model with the first-order effects that it lacks, and which those are."""
    known = {(term.rhs, term.lhs) for term in parse_model(model).terms if term.op == "~"}
    added = tuple(name for name in (predictor, moderator) if (name, outcome) not in known)
    return "\n".join([model, *(f"{outcome} ~ {name}" for name in added)]), added


def _with_product(
    model: str,
    product: str,
    names: Sequence[str],
    pairs: Pairs,
    parts: tuple[str, str],
) -> str:
    """Return the model with the product construct, which covaries with its two constructs."""
    explained = {term.lhs for term in parse_model(model).terms if term.op == "~"}
    lines = [model, f"{product} =~ {' + '.join(names)}"]
    lines += [f"{a} ~~ {b}" for a, b in shared_items(pairs, names)]
    lines += [f"{product} ~~ {name}" for name in parts if name in explained]
    return "\n".join(lines)


def _product_test(
    full: ModelResult,
    restricted: str,
    data: pd.DataFrame,
    keywords: Mapping[str, Any],
    pairs: Pairs,
) -> tuple[float, float, float]:
    """Test the product's effect by the chi-square difference; NaN where that cannot be.

    A product of two indicators is identified by its effects alone, so not without one of them.
    One scaling factor from the other (2001) is too rough for a single path among products.
    """
    if len(pairs) < _IDENTIFIED:
        return float("nan"), float("nan"), float("nan")
    method = "satorra.2000" if full.options.scaled else "default"
    return chisq_difference(full, sem(restricted, data, **keywords), method)


def _result(
    full: ModelResult,
    r2_without: float,
    test: tuple[float, float, float],
    names: tuple[str, str, str, str],
    pairs: Pairs,
    *,
    significance: float,
    notes: tuple[Finding, ...],
) -> LatentInteraction:
    """Collect everything that is reported of the interaction."""
    predictor, moderator, outcome, product = names
    sd = np.sqrt(np.diag(full.latent_cov))
    spread = dict(zip(full.latent_cov.index, sd, strict=True))
    effects = _effects(full, names, spread)
    moderation = _moderation(full, names)
    slopes = _slopes(moderation, spread[moderator])
    region = johnson_neyman(moderation, significance)
    chisq, df, pvalue = test
    r2 = float(full.r2[outcome])
    findings = [
        *at_least(full.findings, "warning"),
        *notes,
        _interaction_finding(names, effects.iloc[-1], r2 - r2_without, significance),
        _region_finding(names, region, spread[moderator]),
    ]
    if not full.options.scaled:
        findings.append(_not_robust(full.options.estimator))
    return LatentInteraction(
        predictor=predictor, moderator=moderator, outcome=outcome, product=product, pairs=pairs,
        model=full, effects=effects, slopes=slopes, region=region, moderation=moderation,
        moderator_sd=float(spread[moderator]), r2=r2, r2_without=r2_without, chisq_diff=chisq,
        df_diff=df, pvalue_diff=pvalue, significance=significance,
        findings=at_least(findings, "note"),
    )  # fmt: skip


def _effects(
    full: ModelResult, names: tuple[str, str, str, str], sd: Mapping[str, float]
) -> pd.DataFrame:
    """Return the three effects on the outcome, standardised as an interaction is."""
    predictor, moderator, outcome, product = names
    rows = full.parameters
    rows = rows[(rows["op"] == "~") & (rows["lhs"] == outcome)].set_index("rhs")
    columns = ["est", "se", "z", "pvalue", "ci_lower", "ci_upper"]
    frame = rows.loc[[predictor, moderator, product], columns].rename_axis("term")
    scale = {name: sd[name] for name in (predictor, moderator)}
    scale[product] = sd[predictor] * sd[moderator]
    std = frame["est"].to_numpy(dtype=float) * np.array(list(scale.values())) / sd[outcome]
    return frame.assign(std=std)


def _moderation(full: ModelResult, names: tuple[str, str, str, str]) -> Moderation:
    """Return the slope of the predictor as a function of the moderator."""
    predictor, _, outcome, product = names
    numbers = {row.name: row.free - 1 for row in full.table.parameters if row.free}
    first, second = numbers[f"{outcome}~{predictor}"], numbers[f"{outcome}~{product}"]
    V, params = full.vcov.to_numpy(), full.estimate.params
    return Moderation(
        b=float(params[first]),
        b_product=float(params[second]),
        variance=float(V[first, first]),
        variance_product=float(V[second, second]),
        covariance=float(V[first, second]),
    )


def _slopes(moderation: Moderation, sd: float) -> pd.DataFrame:
    """Return the slopes one standard deviation below, at, and above the moderator's mean."""
    position = np.array(_POSITIONS)
    value = position * sd
    est, se = moderation.slope(value), moderation.error(value)
    z = est / se
    width = special.ndtri(0.5 + LEVEL / 2) * se
    return pd.DataFrame(
        {
            "position": position, "value": value, "est": est, "se": se, "z": z,
            "pvalue": 2 * special.ndtr(-np.abs(z)), "ci_lower": est - width,
            "ci_upper": est + width,
        }
    )  # fmt: skip


def _added_finding(name: str, outcome: str) -> Finding:
    """Say that a first-order effect was added to the model."""
    return Finding(
        code="interaction_first_order",
        subject=f"{name} -> {outcome}",
        claim=f"The path {name} -> {outcome} was added: an interaction is estimated beside the "
        "effects of both its constructs.",
        source="marsh2004",
    )


def _interaction_finding(
    names: tuple[str, str, str, str], row: pd.Series[Any], delta_r2: float, significance: float
) -> Finding:
    """State whether the moderator changes the slope."""
    predictor, moderator, outcome, _ = names
    holds = bool(row["pvalue"] < significance)
    how = "stronger" if row["est"] > 0 else "weaker"
    said = (
        f"The effect of {predictor} on {outcome} becomes {how} (more "
        f"{'positive' if row['est'] > 0 else 'negative'}) as {moderator} rises"
        if holds
        else f"The effect of {predictor} on {outcome} does not depend significantly on {moderator}"
    )
    return Finding(
        code="interaction",
        subject=f"{predictor} x {moderator} -> {outcome}",
        claim=f"{said}: b = {row['est']:.3f}, standardised {coefficient(row['std'])}, "
        f"{p_text(row['pvalue'])}; the product adds {coefficient(delta_r2)} to R2.",
        holds=holds,
        value=float(row["est"]),
        interval=(float(row["ci_lower"]), float(row["ci_upper"])),
        threshold=significance,
        source="lin2010",
    )


def _region_finding(names: tuple[str, str, str, str], region: Region, sd: float) -> Finding:
    """State where the slope is significant."""
    predictor, moderator, outcome, _ = names
    return Finding(
        code="johnson_neyman",
        subject=f"{predictor} x {moderator} -> {outcome}",
        claim=interaction_tables.region_text((predictor, moderator, outcome), region, sd),
        source="johnson1936",
    )


def _not_robust(estimator: str) -> Finding:
    """Say that errors rest on a normality that products do not have."""
    return Finding(
        code="interaction_normality",
        subject="product indicators",
        claim=f"Products are not normal, and {estimator} takes them for normal: standard errors "
        "and chi-square are approximate.",
        severity="warning",
        source="lin2010",
        remedy="Use estimator 'MLR'.",
    )
