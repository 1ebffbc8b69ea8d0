"""A latent interaction as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trustsem import display
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from trustsem.inference import Region
    from trustsem.results.latent_interaction import LatentInteraction

_PLACES = {-1.0: "−1 SD", 0.0: "mean", 1.0: "+1 SD"}


def tables(result: LatentInteraction, labels: Mapping[str, str]) -> list[Table]:
    """Return effects and simple slopes.

    Parameters
    ----------
    result : LatentInteraction
        The interaction.
    labels : mapping of str to str
        What constructs are called in print.
    """
    return [effects_table(result, labels), slopes_table(result, labels)]


def effects_table(result: LatentInteraction, labels: Mapping[str, str]) -> Table:
    """Tabulate the effects of predictor, moderator and product on the outcome."""
    predictor, moderator, outcome = _names(result, labels)
    tested = ""
    if not display.is_missing(result.pvalue_diff):
        chisq, p = display.fixed(result.chisq_diff), display.p_statement(result.pvalue_diff)
        tested = f"; Δχ² = {chisq} with {result.df_diff:.0f} df, {p}"
    frame = result.effects.reset_index(drop=True)
    frame.insert(0, "term", [predictor, moderator, f"{predictor} × {moderator}"])
    return Table(
        f"interaction-{result.product}-{result.outcome}",
        f"Interaction of {predictor} and {moderator}: Effects on {outcome}",
        frame,
        show=("term", "std", "est", "se", "ci", "z", "pvalue"),
        columns={
            "term": display.Column("Predictor", display.TEXT),
            "ci": display.Column("95% CI (b)", display.ESTIMATE, "95% CI (<i>b</i>)"),
        },
        notes=Notes(
            f"{display.fit_line(dict(result.model.fit_measures), result.model.n_obs)}. "
            f"R² = {display.bounded(result.r2, 3)}, without the product "
            f"{display.bounded(result.r2_without, 3)}{tested}. Product indicators, doubly "
            f"mean-centred (Lin et al., 2010): {', '.join(f'{a}×{b}' for a, b in result.pairs)}. "
            "β of the product is standardised by its two constructs (Wen et al., 2010)."
        ),
    )


def slopes_table(result: LatentInteraction, labels: Mapping[str, str]) -> Table:
    """Tabulate the simple slopes of the predictor."""
    predictor, moderator, outcome = _names(result, labels)
    frame = result.slopes.assign(place=[_PLACES[value] for value in result.slopes["position"]])
    where = region_text((predictor, moderator, outcome), result.region, result.moderator_sd)
    return Table(
        f"slopes-{result.product}-{result.outcome}",
        f"Effect of {predictor} on {outcome} by {moderator}",
        frame,
        show=("place", "value", "est", "se", "ci", "z", "pvalue"),
        columns={
            "place": display.Column(moderator, display.TEXT),
            "value": display.Column("Value", display.ESTIMATE),
            "est": display.Column("Slope", display.ESTIMATE),
        },
        notes=Notes(f"Johnson-Neyman region, p < {display.bounded(result.significance)}: {where}"),
    )


def region_text(names: tuple[str, str, str], region: Region, sd: float) -> str:
    """Say in one sentence where the slope is significant.

    Parameters
    ----------
    names : (str, str, str)
        Predictor, moderator and outcome.
    region : Region
        Where it is.
    sd : float
        Standard deviation of the moderator.
    """
    predictor, moderator, outcome = names
    effect = f"The effect of {predictor} on {outcome} is significant"
    if region.everywhere is not None:
        return f"{effect} at {'every' if region.everywhere else 'no'} value of {moderator}."
    lower, upper = f"{region.lower / sd:.2f}", f"{region.upper / sd:.2f}"
    place = f"between {lower} and {upper}" if region.between else f"below {lower} or above {upper}"
    share = f"{100 * region.share(sd):.0f} % of a normal distribution"
    return f"{effect} where {moderator} lies {place} standard deviations from its mean ({share})."


def _names(result: LatentInteraction, labels: Mapping[str, str]) -> tuple[str, str, str]:
    """Return predictor, moderator and outcome as printed."""
    names = (result.predictor, result.moderator, result.outcome)
    first, second, third = (labels.get(name, name) for name in names)
    return first, second, third
