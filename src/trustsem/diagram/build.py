"""From a table of parameters, or from hypotheses alone, to the graph of a path diagram.

Decides what a view shows and what is printed on it; where it stands is decided by the layouts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from trustsem.diagram.graph import CONTROLS, Edge, EdgeKind, Node, NodeKind, PathGraph, View
from trustsem.diagram.text import printable
from trustsem.errors import SpecificationError, UnknownOptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

Sign = Literal["+", "-"]
ARCS_UP_TO = 6
"""Most constructs whose correlations are drawn as arcs; beyond, they are printed as a triangle."""
_LEVELS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
_MINUS = "\N{MINUS SIGN}"
_ARROW = "\N{RIGHTWARDS ARROW}"
_BOTH_WAYS = "\N{LEFT RIGHT ARROW}"
_MARKER = "\N{MODIFIER LETTER SMALL A}"
_DIFFERS = "\N{DAGGER}"
_MOST_DECIMALS = 4
_COLUMNS = ("lhs", "op", "rhs", "est")


def decimals(value: float, *, bounded: bool = True, places: int = 2) -> str:
    """Print a number with so many decimals, a real minus and, if bounded by 1, no leading zero."""
    if not math.isfinite(value):
        return ""
    text = f"{abs(value):.{places}f}"
    if bounded and text.startswith("0."):
        text = text[1:]
    return (_MINUS if value < 0 and float(f"{value:.{places}f}") != 0 else "") + text


def stars(pvalue: float) -> str:
    """Return the stars of a p-value; none where it does not exist."""
    return next((mark for level, mark in _LEVELS if pvalue < level), "")


def _number(value: object) -> float:
    """Return a table cell as a float; NaN for an empty one."""
    text = str(value)
    return math.nan if text in {"None", "<NA>", "NaT", ""} else float(text)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the parameter table."""

    lhs: str
    op: str
    rhs: str
    est: float
    se: float
    pvalue: float
    lower: float
    upper: float
    std: float
    fixed: bool

    @property
    def is_absent(self) -> bool:
        """Whether the parameter is fixed to zero, that is, no part of the model."""
        return self.fixed and self.est == 0

    @property
    def is_significant(self) -> bool:
        """Whether the parameter differs from zero at 5 %; fixed values are not tested."""
        return self.pvalue < _LEVELS[-1][0] or math.isnan(self.pvalue)


def _rows(parameters: pd.DataFrame, group: int) -> list[_Row]:
    """Read the lines of one group."""
    missing = [name for name in _COLUMNS if name not in parameters.columns]
    if missing:
        raise SpecificationError(
            f"The table of parameters has no column {', '.join(missing)}.",
            remedy="Pass the `parameters` of a result.",
        )
    rows = []
    for record in parameters.to_dict("records"):
        here = _number(record.get("group", group))
        if here not in {0.0, float(group)} and not math.isnan(here):
            continue
        cell = {name: _number(record.get(name)) for name in _NUMBERS if name in record}
        rows.append(
            _Row(
                lhs=str(record["lhs"]),
                op=str(record["op"]),
                rhs=str(record["rhs"]),
                est=cell["est"],
                se=cell.get("se", math.nan),
                pvalue=cell.get("pvalue", math.nan),
                lower=cell.get("ci_lower", math.nan),
                upper=cell.get("ci_upper", math.nan),
                std=cell.get("std_all", math.nan),
                fixed=_number(record.get("free", 1)) == 0,
            )
        )
    return rows


_NUMBERS = ("est", "se", "pvalue", "ci_lower", "ci_upper", "std_all")


@dataclass(slots=True)
class _Model:
    """The parameters sorted by what they mean."""

    rows: list[_Row]
    constructs: tuple[str, ...]
    labels: Mapping[str, str]
    hypotheses: Mapping[tuple[str, str], str]
    controls: frozenset[str]
    standardized: bool
    places: int = 2
    differing: frozenset[tuple[str, str, str]] = frozenset()
    r2: dict[str, float] = field(default_factory=dict)

    def of(self, op: str) -> list[_Row]:
        """Return the parameters of an operator that are part of the model."""
        return [row for row in self.rows if row.op == op and not row.is_absent]

    def label(self, name: str) -> str:
        """Return the display label of a variable."""
        return printable(str(self.labels.get(name, name))) or name

    def value(self, row: _Row) -> str:
        """Print an estimate, without stars."""
        if self.standardized:
            return decimals(row.std, places=self.places)
        if row.fixed:
            return f"{row.est:g}".replace("-", _MINUS) + _MARKER
        return decimals(row.est, bounded=False, places=self.places)

    def residual(self, name: str) -> str:
        """Print the residual variance of an item, or nothing where the model has none."""
        for row in self.of("~~"):
            if row.lhs == row.rhs == name:
                return self.value(row)
        return ""

    def differs(self, row: _Row) -> str:
        """Return the mark of a parameter that differs between the groups."""
        return _DIFFERS if (row.lhs, row.op, row.rhs) in self.differing else ""

    def edge(self, row: _Row, kind: EdgeKind, *, starred: bool) -> Edge:
        """Return the edge of a parameter."""
        source, target = (row.rhs, row.lhs) if row.op == "~" else (row.lhs, row.rhs)
        hypothesis = printable(self.hypotheses.get((source, target), "")) if kind == "path" else ""
        return Edge(
            source=source,
            target=target,
            kind=kind,
            label=self.value(row) + (stars(row.pvalue) if starred else "") + self.differs(row),
            significant=kind == "loading" or row.is_significant,
            tooltip=self.account(row, source, target, hypothesis),
            hypothesis=hypothesis,
            strength=row.std if math.isfinite(row.std) else None,
        )

    def account(self, row: _Row, source: str, target: str, hypothesis: str) -> str:
        """Tell everything that is known about one parameter."""
        arrow = _BOTH_WAYS if row.op == "~~" else _ARROW
        head = f"{self.label(source)} {arrow} {self.label(target)}"
        facts = [f"estimate {row.est:.3f}"]
        if row.fixed:
            facts.append("fixed")
        elif math.isfinite(row.se):
            facts.append(f"SE {row.se:.3f}")
        if not row.fixed and math.isfinite(row.lower):
            facts.append(f"95% CI [{row.lower:.3f}, {row.upper:.3f}]")
        if math.isfinite(row.pvalue):
            facts.append("p < .001" if row.pvalue < _LEVELS[0][0] else f"p = {row.pvalue:.3f}")
        if math.isfinite(row.std):
            facts.append(f"standardized {row.std:.3f}")
        name = f" ({hypothesis})" if hypothesis else ""
        return f"{head}{name}: {', '.join(facts)}".replace("-", _MINUS)


def _explained(rows: Iterable[_Row], r2: Mapping[str, float] | None) -> dict[str, float]:
    """Return the explained variance of every endogenous variable, given or from the table."""
    if r2 is not None:
        return {str(name): float(value) for name, value in r2.items()}
    rows = list(rows)
    endogenous = {row.lhs for row in rows if row.op == "~"}
    endogenous |= {row.rhs for row in rows if row.op == "=~"}
    return {
        row.lhs: 1 - row.std
        for row in rows
        if row.op == "~~" and row.lhs == row.rhs and row.lhs in endogenous
    }


def graph_from_parameters(
    parameters: pd.DataFrame,
    *,
    view: View = "structural",
    r2: Mapping[str, float] | pd.Series[Any] | None = None,
    labels: Mapping[str, str] | None = None,
    hypotheses: Mapping[tuple[str, str], str] | None = None,
    constructs: Sequence[str] | None = None,
    controls: Sequence[str] = (),
    standardized: bool = True,
    group: int = 1,
    decimals: int = 2,
) -> PathGraph:
    """Describe an estimated model as a path diagram.

    Parameters
    ----------
    parameters : DataFrame
        Parameters of a result, with columns ``lhs op rhs est`` and, where known, ``group free se
        pvalue ci_lower ci_upper std_all``.
    view : {"structural", "full", "measurement", "conceptual"}, optional
        Constructs and paths; the same with items and residuals; the confirmatory factor model in
        a column with its correlations; or the paths with hypothesis and sign only.
    r2 : mapping or Series, optional
        Explained variance by variable. Taken from the standardized residual variances if left out.
    labels : dict, optional
        Display label by variable name.
    hypotheses : dict, optional
        Hypothesis by (predictor, outcome).
    constructs : sequence of str, optional
        Which constructs to show, in which order. All, in the order of the table, if left out.
    controls : sequence of str, optional
        Predictors that one dashed box replaces; their coefficients go into the note.
    standardized : bool, optional
        Print completely standardized estimates, else the unstandardized.
    group : int, optional
        Which group to draw, counted from 1.
    decimals : int, optional
        How many decimals numbers have, 1 to 4.

    Returns
    -------
    PathGraph
        For :func:`draw`.

    Raises
    ------
    SpecificationError
        If the table lacks columns, or nothing of the model is left to draw.
    UnknownOptionError
        If the view is unknown.
    """
    settings = _Settings(
        view,
        labels or {},
        hypotheses or {},
        constructs,
        tuple(controls),
        standardized=standardized,
        places=decimals,
    )
    model = _model(parameters, settings, group, r2, frozenset())
    return _finished(_graph(model, view), model, [model])


def graphs_from_parameters(
    parameters: pd.DataFrame,
    groups: Sequence[str],
    *,
    view: View = "structural",
    r2: Mapping[str, Mapping[str, float] | pd.Series[Any]] | None = None,
    labels: Mapping[str, str] | None = None,
    hypotheses: Mapping[tuple[str, str], str] | None = None,
    constructs: Sequence[str] | None = None,
    controls: Sequence[str] = (),
    standardized: bool = True,
    decimals: int = 2,
    differences: Mapping[tuple[str, str, str], float] | None = None,
) -> dict[str, PathGraph]:
    """Describe a model of several groups, a graph for each.

    Parameters
    ----------
    parameters : DataFrame
        As for :func:`graph_from_parameters`; its column ``group`` counts the groups from 1.
    groups : sequence of str
        Labels of the groups, in the order of their numbers.
    view, labels, hypotheses, constructs, controls, standardized, decimals
        As for :func:`graph_from_parameters`.
    r2 : mapping, optional
        Explained variances by label of the group.
    differences : mapping, optional
        p-value of the test that a parameter is equal in all groups, by its ``(lhs, op, rhs)``.
        Estimates that differ at 5 % get a dagger.

    Returns
    -------
    dict of str to PathGraph
        For :func:`draw`, in the order of the groups.

    Raises
    ------
    SpecificationError
        If the table lacks columns, or nothing of a group is left to draw.
    UnknownOptionError
        If the view is unknown.
    """
    settings = _Settings(
        view,
        labels or {},
        hypotheses or {},
        constructs,
        tuple(controls),
        standardized=standardized,
        places=decimals,
    )
    tested = differences or {}
    differing = frozenset(key for key, pvalue in tested.items() if pvalue < _LEVELS[-1][0])
    models = {
        label: _model(parameters, settings, number, r2[label] if r2 else None, differing)
        for number, label in enumerate(groups, 1)
    }
    return {
        label: _finished(_graph(model, view), model, list(models.values()))
        for label, model in models.items()
    }


@dataclass(frozen=True, slots=True)
class _Settings:
    """What is shown of a table, and how its numbers are printed."""

    view: View
    labels: Mapping[str, str]
    hypotheses: Mapping[tuple[str, str], str]
    constructs: Sequence[str] | None
    controls: tuple[str, ...]
    standardized: bool
    places: int

    def __post_init__(self) -> None:
        """Check what has few values."""
        if self.view not in get_args(View):
            raise UnknownOptionError(str(self.view), get_args(View), kind="view")
        allowed = [str(number) for number in range(1, _MOST_DECIMALS + 1)]
        if isinstance(self.places, bool) or str(self.places) not in allowed:
            raise UnknownOptionError(str(self.places), allowed, kind="number of decimals")


def _model(
    parameters: pd.DataFrame,
    settings: _Settings,
    group: int,
    r2: Mapping[str, float] | pd.Series[Any] | None,
    differing: frozenset[tuple[str, str, str]],
) -> _Model:
    """Sort the parameters of one group."""
    rows = _rows(parameters, group)
    found = tuple(dict.fromkeys(row.lhs for row in rows if row.op == "=~"))
    wanted = settings.constructs
    chosen = found if wanted is None else tuple(dict.fromkeys(wanted))
    known = {name for row in rows for name in (row.lhs, row.rhs)}
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise UnknownOptionError(unknown[0], found, kind="construct")
    hidden = set(found) - set(chosen)
    return _Model(
        rows=[row for row in rows if not {row.lhs, row.rhs} & hidden],
        constructs=tuple(name for name in chosen if name in found),
        labels=settings.labels,
        hypotheses=settings.hypotheses,
        controls=frozenset(settings.controls),
        standardized=settings.standardized,
        places=settings.places,
        differing=differing,
        r2=_explained(rows, None if r2 is None else dict(r2)),
    )


def _graph(model: _Model, view: View) -> PathGraph:
    """Describe the model of one group; its note has no legend yet."""
    return _measurement_graph(model) if view == "measurement" else _path_graph(model, view)


def _finished(graph: PathGraph, model: _Model, models: Sequence[_Model]) -> PathGraph:
    """Add the legend of all groups to the note of one."""
    edges = [
        edge
        for each in models
        for edge in (graph if each is model else _graph(each, graph.view)).edges
    ]
    return replace(graph, note=graph.note + _legend(model, edges))


def _loadings(model: _Model, *, of_items: bool) -> list[Edge]:
    """Return the loadings of items and constructs, or of constructs only."""
    return [
        model.edge(row, "loading", starred=False)
        for row in model.of("=~")
        if of_items or row.rhs in model.constructs
    ]


def _item_nodes(model: _Model, edges: Iterable[Edge], taken: Iterable[str]) -> list[Node]:
    """Return the items of the drawn loadings."""
    skip = {*model.constructs, *taken}
    names = dict.fromkeys(edge.target for edge in edges if edge.kind == "loading")
    return [
        Node(name, "item", model.label(name), residual=model.residual(name))
        for name in names
        if name not in skip
    ]


def _item_covariances(model: _Model, items: Iterable[Node]) -> list[Edge]:
    """Return the residual covariances among items."""
    names = {node.id for node in items}
    return [
        model.edge(row, "covariance", starred=False)
        for row in model.of("~~")
        if row.lhs != row.rhs and row.lhs in names and row.rhs in names
    ]


def _covariances(model: _Model, names: set[str]) -> list[Edge]:
    """Return the covariances among constructs and observed variables."""
    return [
        model.edge(row, "covariance", starred=True)
        for row in model.of("~~")
        if row.lhs != row.rhs and row.lhs in names and row.rhs in names
    ]


def _measurement_graph(model: _Model) -> PathGraph:
    """Describe the confirmatory factor model."""
    loadings = _loadings(model, of_items=True)
    items = _item_nodes(model, loadings, ())
    measured = {row.rhs for row in model.of("=~")} & set(model.constructs)
    nodes = [
        _construct_node(model, name, explained=name in measured) for name in model.constructs
    ] + items
    covariances = _covariances(model, set(model.constructs))
    edges = loadings + covariances + _item_covariances(model, items)
    scale = "Completely standardized" if model.standardized else "Unstandardized"
    means = _means(model)
    return PathGraph(
        tuple(nodes),
        tuple(edges),
        f"{scale} solution of the measurement model.{means}",
        "measurement",
        "Measurement model",
        means,
    )


def _path_graph(model: _Model, view: View) -> PathGraph:
    """Describe the structural model, with or without items."""
    paths = [
        model.edge(row, "path", starred=True)
        for row in model.of("~")
        if row.rhs not in model.controls
    ]
    if view == "conceptual":
        signs = {row: "+" if row.est >= 0 else _MINUS for row in model.of("~")}
        paths = [
            Edge(row.rhs, row.lhs, "path", f"({sign})", hypothesis=_hypothesis(model, row))
            for row, sign in signs.items()
            if row.rhs not in model.controls
        ]
    loadings = _loadings(model, of_items=view == "full")
    if view == "conceptual":
        loadings = [Edge(edge.source, edge.target, "loading") for edge in loadings]
    ends = dict.fromkeys(name for edge in paths for name in (edge.source, edge.target))
    in_blocks = {edge.target for edge in loadings} if view == "full" else set()
    observed = [name for name in ends if name not in model.constructs and name not in in_blocks]
    nodes = [_structural_node(model, name, "construct", view) for name in model.constructs]
    nodes += [_structural_node(model, name, "observed", view) for name in observed]
    items = _item_nodes(model, loadings, observed)
    names = {*model.constructs, *observed}
    covariances = [] if view == "conceptual" else _covariances(model, names)
    note, covariances = _without_tangle(covariances, model)
    control_edges, control_note = _control_box(model, view)
    if view != "conceptual":
        control_note += _means(model)
    if control_edges:
        nodes.append(Node(CONTROLS, "controls", _control_label(model)))
    edges = [*paths, *loadings, *covariances, *_item_covariances(model, items), *control_edges]
    titles = {"conceptual": "Hypothesized model", "full": "Structural and measurement model"}
    return PathGraph(
        tuple(nodes + items),
        tuple(edges),
        _heading(model, view) + note + control_note,
        view,
        titles.get(view, "Structural model"),
        control_note,
    )


def _hypothesis(model: _Model, row: _Row) -> str:
    """Return the hypothesis of a regression."""
    return printable(model.hypotheses.get((row.rhs, row.lhs), ""))


def _structural_node(model: _Model, name: str, kind: NodeKind, view: View) -> Node:
    """Return a construct or an observed variable with its explained variance."""
    outcomes = {row.lhs for row in model.of("~")}
    measured = {row.rhs for row in model.of("=~")} & set(model.constructs)
    shown = view != "conceptual" and name in outcomes | measured
    return _construct_node(model, name, kind, explained=shown)


def _construct_node(
    model: _Model, name: str, kind: NodeKind = "construct", *, explained: bool
) -> Node:
    """Return a construct or an observed variable; with what explains it and what does not."""
    r2 = model.r2.get(name, math.nan) if explained else math.nan
    return Node(
        name,
        kind,
        model.label(name),
        r2 if math.isfinite(r2) else None,
        disturbance=model.residual(name) if explained else "",
    )


def _without_tangle(covariances: list[Edge], model: _Model) -> tuple[str, list[Edge]]:
    """Leave out covariances that would cover the paths; say so."""
    if len(covariances) <= ARCS_UP_TO:
        return "", covariances
    among = {name for edge in covariances for name in (edge.source, edge.target)}
    kind = "constructs" if among <= set(model.constructs) else "variables"
    return f" {len(covariances)} covariances among {kind} are estimated, not drawn.", []


def _means(model: _Model) -> str:
    """Print the free means and intercepts of constructs for the note."""
    values = "; ".join(
        f"{model.label(row.lhs)} {decimals(row.est, bounded=False, places=model.places)}"
        f"{stars(row.pvalue)}"
        for row in model.of("~1")
        if row.lhs in model.constructs and not row.fixed
    )
    return f" Means and intercepts of constructs, unstandardized: {values}." if values else ""


def _control_label(model: _Model) -> str:
    """Name the control variables in one line."""
    used = dict.fromkeys(row.rhs for row in model.of("~") if row.rhs in model.controls)
    return "Controls: " + ", ".join(model.label(name) for name in used)


def _control_box(model: _Model, view: View) -> tuple[list[Edge], str]:
    """Return the edges of the control box and its coefficients for the note."""
    rows = [row for row in model.of("~") if row.rhs in model.controls]
    edges = [
        Edge(
            CONTROLS,
            outcome,
            "path",
            significant=any(row.is_significant for row in rows if row.lhs == outcome),
            tooltip="; ".join(
                model.account(row, row.rhs, row.lhs, "") for row in rows if row.lhs == outcome
            ),
        )
        for outcome in dict.fromkeys(row.lhs for row in rows)
    ]
    if not rows or view == "conceptual":
        return edges, ""
    values = "; ".join(
        f"{model.label(row.rhs)} {_ARROW} {model.label(row.lhs)} "
        f"{model.value(row)}{stars(row.pvalue)}"
        for row in rows
    )
    return edges, f" Controls: {values}."


def _heading(model: _Model, view: View) -> str:
    """Say what the numbers of a view are."""
    if view == "conceptual":
        return "Hypothesized paths and their expected signs."
    return "Standardized estimates." if model.standardized else "Unstandardized estimates."


def _legend(model: _Model, edges: Sequence[Edge]) -> str:
    """Explain dashes, stars and superscripts, as far as the figure has them."""
    printed = " ".join(edge.label for edge in edges)
    parts = []
    if any(not edge.significant for edge in edges):
        parts.append(" Solid: p < .05; dashed grey: not significant.")
    if "*" in printed:
        used = [mark for _, mark in reversed(_LEVELS)]
        limits = [f"{level:g}".removeprefix("0") for level, _ in reversed(_LEVELS)]
        marks = [f"{mark} p < {limit}" for mark, limit in zip(used, limits, strict=True)]
        marks = [mark.replace(" ", "\N{NO-BREAK SPACE}") for mark in marks]
        parts.append(f" {', '.join(marks)}.")
    if _DIFFERS in printed:
        parts.append(
            f" {_DIFFERS} Unstandardized estimates differ between the groups (Wald test, p < .05)."
        )
    if not model.standardized and _MARKER in printed:
        parts.append(f" {_MARKER} fixed.")
    return "".join(parts)


def conceptual_graph(
    constructs: Sequence[str],
    labels: Mapping[str, str] | None = None,
    hypotheses: Mapping[tuple[str, str], str | tuple[str, Sign | Literal[""]]] | None = None,
    *,
    controls: Mapping[str, Sequence[str]] | None = None,
) -> PathGraph:
    """Describe hypotheses and expected signs, before any data.

    Parameters
    ----------
    constructs : sequence of str
        Names of the constructs.
    labels : dict, optional
        Display label by name.
    hypotheses : dict, optional
        By (predictor, outcome): the hypothesis, such as ``"H1"``, or hypothesis and expected
        sign, such as ``("H1", "+")``. Variables that are no constructs appear as boxes.
    controls : dict, optional
        Outcomes by control variable; all controls share one dashed box.

    Returns
    -------
    PathGraph
        For :func:`draw`.

    Raises
    ------
    SpecificationError
        If there is nothing to draw.
    """
    shown = labels or {}
    edges = []
    for (source, target), claim in (hypotheses or {}).items():
        name, sign = (claim, "") if isinstance(claim, str) else claim
        text = f"({sign})".replace("-", _MINUS) if sign else ""
        edges.append(Edge(source, target, "path", text, hypothesis=printable(name)))
    known = dict.fromkeys(constructs)
    others = dict.fromkeys(
        name for edge in edges for name in (edge.source, edge.target) if name not in known
    )
    nodes = [Node(n, "construct", printable(shown.get(n, n)) or n) for n in known]
    nodes += [Node(n, "observed", printable(shown.get(n, n)) or n) for n in others]
    if controls:
        names = ", ".join(printable(shown.get(name, name)) for name in controls)
        nodes.append(Node(CONTROLS, "controls", f"Controls: {names}"))
        outcomes = dict.fromkeys(name for targets in controls.values() for name in targets)
        edges += [Edge(CONTROLS, outcome, "path") for outcome in outcomes]
    signed = any(edge.label for edge in edges)
    note = "Hypothesized paths and their expected signs." if signed else "Hypothesized paths."
    return PathGraph(tuple(nodes), tuple(edges), note, "conceptual", "Hypothesized model")
