"""Model shapes that the figures must cope with, as graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from trustsem.diagram import Edge, Node, PathGraph, conceptual_graph, graph_from_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LABELS = {
    "trust": "Buyer trust",
    "sharing": "Information sharing",
    "interpretation": "Information interpretation",
    "access": "Information access",
    "satisfaction": "Customer satisfaction & retention",
    "performance": "Market performance",
}
ITEMS = {
    "trust": ("bt", (0.73, 0.69, 0.63, 0.72, 0.82)),
    "sharing": ("is", (0.66, 0.65, 0.87, 0.82)),
    "interpretation": ("ii", (0.82, 0.61, 0.67, 0.85)),
    "access": ("ia", (0.80, 0.71, 0.77, 0.76)),
    "satisfaction": ("cs", (0.85, 0.86, 0.75, 0.80)),
    "performance": ("mp", (0.81, 0.82, 0.89, 0.76)),
}
PATHS = (
    ("trust", "sharing", 0.54, 1e-9),
    ("trust", "interpretation", 0.35, 1e-6),
    ("trust", "access", 0.35, 1e-6),
    ("sharing", "interpretation", 0.42, 1e-7),
    ("sharing", "access", 0.19, 0.03),
    ("sharing", "satisfaction", 0.26, 0.0005),
    ("interpretation", "satisfaction", 0.23, 0.005),
    ("access", "satisfaction", 0.21, 0.004),
    ("sharing", "performance", 0.11, 0.21),
    ("interpretation", "performance", 0.40, 1e-6),
    ("access", "performance", 0.28, 0.0004),
)
HYPOTHESES = {(path[0], path[1]): f"H{k}" for k, path in enumerate(PATHS, 1)}
RESIDUALS = {
    "trust": 1.0,
    "sharing": 0.71,
    "interpretation": 0.54,
    "access": 0.76,
    "satisfaction": 0.69,
    "performance": 0.60,
}


def parameter(
    lhs: str, op: str, rhs: str, value: float, pvalue: float = 1e-6, *, free: int = 1
) -> dict[str, object]:
    """Return a line of a parameter table."""
    return {
        "lhs": lhs, "op": op, "rhs": rhs, "group": 1, "free": free, "est": value, "se": 0.05,
        "pvalue": pvalue, "ci_lower": value - 0.1, "ci_upper": value + 0.1, "std_all": value,
    }  # fmt: skip


def measured(items: dict[str, Sequence[float]]) -> list[dict[str, object]]:
    """Return loadings and residual variances; items are named after their construct."""
    lines = [
        parameter(construct, "=~", f"{construct}{k}", loading)
        for construct, loadings in items.items()
        for k, loading in enumerate(loadings, 1)
    ]
    return lines + [
        parameter(f"{construct}{k}", "~~", f"{construct}{k}", 1 - loading**2)
        for construct, loadings in items.items()
        for k, loading in enumerate(loadings, 1)
    ]


def buyer_trust() -> pd.DataFrame:
    """Return a model of six constructs, 25 items and eleven hypotheses."""
    lines = [
        parameter(name, "=~", f"{prefix}{k}", loading)
        for name, (prefix, loadings) in ITEMS.items()
        for k, loading in enumerate(loadings, 1)
    ]
    lines += [parameter(target, "~", source, v, p) for source, target, v, p in PATHS]
    lines.append(parameter("satisfaction", "~~", "performance", 0.12, 0.04))
    lines += [
        parameter(f"{prefix}{k}", "~~", f"{prefix}{k}", 1 - loading**2)
        for prefix, loadings in ITEMS.values()
        for k, loading in enumerate(loadings, 1)
    ]
    lines += [parameter(name, "~~", name, value) for name, value in RESIDUALS.items()]
    return pd.DataFrame(lines)


def correlated(constructs: int, items: int) -> pd.DataFrame:
    """Return a confirmatory factor model in which all constructs correlate."""
    names = [f"c{k:02d}_" for k in range(1, constructs + 1)]
    lines = measured({name: [0.9 - 0.05 * k for k in range(items)] for name in names})
    lines += [
        parameter(a, "~~", b, round(0.1 + 0.05 * ((i * j) % 13), 2), 0.2 if (i + j) % 7 == 0 else 0)
        for i, a in enumerate(names)
        for j, b in enumerate(names)
        if i < j
    ]
    return pd.DataFrame(lines)


def structure(paths: Iterable[tuple[str, str]], items: int = 3) -> pd.DataFrame:
    """Return a model with so many items for each construct in the paths."""
    paths = list(paths)
    names = dict.fromkeys(name for path in paths for name in path)
    lines = measured({name: [0.8, 0.72, 0.66, 0.6][:items] for name in names})
    values = (0.41, 0.12, -0.28, 0.55, 0.07)
    lines += [
        parameter(target, "~", source, values[k % 5], 0.2 if abs(values[k % 5]) < 0.15 else 1e-4)
        for k, (source, target) in enumerate(paths)
    ]
    return pd.DataFrame(lines)


def chain(length: int) -> list[tuple[str, str]]:
    """Return the paths of a chain."""
    return [(f"step{k}_", f"step{k + 1}_") for k in range(1, length)]


def _second_order() -> pd.DataFrame:
    table = pd.DataFrame(measured({name: [0.8, 0.7, 0.6] for name in ("v", "t", "s")}))
    top = [
        parameter("g", "=~", name, value)
        for name, value in zip("vts", (0.8, 0.6, 0.5), strict=True)
    ]
    return pd.concat([table, pd.DataFrame(top)], ignore_index=True)


def _two_waves() -> pd.DataFrame:
    table = structure([("a1", "a2"), ("b1", "b2"), ("a1", "b2"), ("b1", "a2")])
    more = [parameter("a1", "~~", "b1", 0.4), parameter("a2", "~~", "b2", 0.2, 0.3)]
    more += [parameter(f"a1{k}", "~~", f"a2{k}", 0.1 + 0.1 * k, 0.02) for k in (1, 2, 3)]
    return pd.concat([table, pd.DataFrame(more)], ignore_index=True)


def _single_indicators() -> pd.DataFrame:
    return structure([("x", "m"), ("m", "y"), ("x", "y")], items=1)


def _with_covariates() -> pd.DataFrame:
    table = structure([("x", "m"), ("m", "y"), ("x", "y")])
    more = [parameter("y", "~", "age", -0.12, 0.03), parameter("y", "~", "firm_size", 0.04, 0.4)]
    more += [parameter("sales", "~", "y", 0.33), parameter("sales", "~~", "sales", 0.89)]
    return pd.concat([table, pd.DataFrame(more)], ignore_index=True)


FEEDBACK = [("x", "a"), ("z", "b"), ("a", "b"), ("b", "a")]
MEDIATION = [("x", "m1"), ("x", "m2"), ("m1", "y"), ("m2", "y"), ("x", "y")]
LONG_LABELS = {
    "x": "Perceived organisational transparency and openness of the supplier towards customers",
    "m": "Donaudampfschifffahrtsgesellschaftskapitänsvertrauen",
    "y": "Willingness to recommend (to friends, colleagues, partners; on-line or in person)",
}
FOREIGN_LABELS = {
    "x": "供应商信任与信息共享",
    "m": "Доверие покупателя к поставщику",
    "y": "Ικανοποίηση πελατών – ñandú ß œuvre",
}

GRAPHS: dict[str, Callable[[], PathGraph]] = {
    "six constructs, hypotheses": lambda: graph_from_parameters(
        buyer_trust(), labels=LABELS, hypotheses=HYPOTHESES
    ),
    "six constructs, full": lambda: graph_from_parameters(
        buyer_trust(), labels=LABELS, view="full"
    ),
    "six constructs, conceptual": lambda: graph_from_parameters(
        buyer_trust(), labels=LABELS, hypotheses=HYPOTHESES, view="conceptual"
    ),
    "six constructs, measurement": lambda: graph_from_parameters(
        correlated(6, 4), view="measurement"
    ),
    "three constructs, measurement": lambda: graph_from_parameters(
        correlated(3, 3), view="measurement"
    ),
    "twelve constructs, sixty items": lambda: graph_from_parameters(
        correlated(12, 5), view="measurement"
    ),
    "one construct": lambda: graph_from_parameters(correlated(1, 4), view="measurement"),
    "chain of three": lambda: graph_from_parameters(structure(chain(3)), view="full"),
    "chain of eight": lambda: graph_from_parameters(structure(chain(8))),
    "fan of six": lambda: graph_from_parameters(structure([("x", f"y{k}") for k in range(6)])),
    "fan in, full": lambda: graph_from_parameters(
        structure([(f"x{k}", "y") for k in range(4)]), view="full"
    ),
    "two mediators, full": lambda: graph_from_parameters(structure(MEDIATION, 4), view="full"),
    "two waves": lambda: graph_from_parameters(_two_waves()),
    "two waves, full": lambda: graph_from_parameters(_two_waves(), view="full"),
    "two waves, measurement": lambda: graph_from_parameters(_two_waves(), view="measurement"),
    "second order": lambda: graph_from_parameters(_second_order()),
    "second order, full": lambda: graph_from_parameters(_second_order(), view="full"),
    "second order, measurement": lambda: graph_from_parameters(_second_order(), view="measurement"),
    "feedback loop": lambda: graph_from_parameters(structure(FEEDBACK)),
    "feedback loop, full": lambda: graph_from_parameters(structure(FEEDBACK), view="full"),
    "single indicators": lambda: graph_from_parameters(_single_indicators(), view="full"),
    "observed covariates and outcome": lambda: graph_from_parameters(_with_covariates()),
    "observed covariates and outcome, full": lambda: graph_from_parameters(
        _with_covariates(), view="full"
    ),
    "control box": lambda: graph_from_parameters(
        _with_covariates(), controls=("age", "firm_size"), labels={"firm_size": "firm size"}
    ),
    "long labels": lambda: graph_from_parameters(
        structure([("x", "m"), ("m", "y"), ("x", "y")]), labels=LONG_LABELS
    ),
    "foreign labels": lambda: graph_from_parameters(
        structure([("x", "m"), ("m", "y"), ("x", "y")]), labels=FOREIGN_LABELS, view="full"
    ),
    "hypotheses before data": lambda: conceptual_graph(
        ["x", "m", "y"],
        {"x": "Trust", "m": "Commitment", "y": "Loyalty"},
        {("x", "m"): ("H1", "+"), ("m", "y"): ("H2", "-"), ("x", "y"): "H3"},
        controls={"age": ["y"], "size": ["y", "m"]},
    ),
    "no paths": lambda: PathGraph(
        (Node("a", "construct", "Alone"), Node("b", "observed", "Box")), ()
    ),
    "self loop": lambda: PathGraph(
        (Node("a", "construct", "A"), Node("b", "construct", "B")),
        (Edge("a", "a", "path", ".20"), Edge("a", "b", "path", ".30")),
    ),
}


# -- shapes as tables, to be drawn in every view ----------------------------------------------

CYRILLIC = {
    "x": "Доверие покупателя к поставщику",
    "m": "Обмен информацией между партнёрами",
    "y": "Удовлетворённость и удержание клиентов",
}
ARABIC = {
    "x": "ثقة المشتري في المورد",
    "m": "مشاركة المعلومات",
    "y": "رضا العملاء والاحتفاظ بهم",
}
GERMAN = {
    "x": "Kundenbeziehungsmanagementsystemvertrauen",
    "m": "Informationsverarbeitungsprozessqualität",
    "y": "Wettbewerbsfähigkeitswahrnehmung",
}
CHINESE = {"x": "供应商信任", "m": "信息共享与解释过程", "y": "客户满意度与保留"}
TRIANGLE = [("x", "m"), ("m", "y"), ("x", "y")]


def _with(table: pd.DataFrame, *rows: dict[str, object]) -> pd.DataFrame:
    """Return a table with further rows."""
    return pd.concat([table, pd.DataFrame(rows)], ignore_index=True)


def _covariances(names: Sequence[str], value: float = 0.2) -> list[dict[str, object]]:
    """Return the covariances of all pairs."""
    return [
        parameter(a, "~~", b, value, 0.2 if i % 2 else 0.001)
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]


def _dense(count: int) -> pd.DataFrame:
    names = [f"c{k}_" for k in range(count)]
    return structure([(a, b) for i, a in enumerate(names) for b in names[i + 1 :]])


def _products() -> pd.DataFrame:
    """Return a latent interaction: x, z and their product, with product indicators."""
    table = structure([("x", "y"), ("z", "y")])
    products = [parameter("xz", "=~", f"x{k}z{k}", 0.7) for k in (1, 2, 3)]
    products += [parameter(f"x{k}z{k}", "~~", f"x{k}z{k}", 0.51) for k in (1, 2, 3)]
    return _with(
        table, *products, parameter("y", "~", "xz", 0.15, 0.02), *_covariances(["x", "z", "xz"])
    )


def _mimic() -> pd.DataFrame:
    causes = [f"cause{k}" for k in range(1, 5)]
    table = pd.DataFrame(measured({"f": [0.8, 0.7, 0.6, 0.75]}))
    return _with(table, *(parameter("f", "~", name, 0.2) for name in causes), *_covariances(causes))


def _growth() -> pd.DataFrame:
    times = [f"t{k}" for k in range(1, 5)]
    rows = [parameter("level", "=~", name, 1.0, free=0) for name in times]
    rows += [parameter("slope", "=~", name, float(k), free=0) for k, name in enumerate(times)]
    rows += [parameter(name, "~~", name, 0.3) for name in times]
    rows += [parameter("level", "~~", "slope", 0.2)]
    rows += [parameter(name, "~1", "", 0.6) for name in ("level", "slope")]
    table = pd.DataFrame(rows)
    table.loc[table.op == "=~", "std_all"] = [0.9, 0.8, 0.7, 0.6, 0.0, 0.3, 0.5, 0.6]
    return table


def _growth_with_covariates() -> pd.DataFrame:
    rows = [parameter(name, "~", cause, 0.3) for name in ("level", "slope") for cause in ("a", "b")]
    rows += [parameter(f"t{k}", "~", f"c{k}", 0.14) for k in range(1, 5)]
    return _with(_growth(), *rows)


def _bifactor() -> pd.DataFrame:
    items = [f"v{k}" for k in range(1, 10)]
    rows = [parameter("general", "=~", item, 0.6 + 0.02 * k) for k, item in enumerate(items)]
    rows += [
        parameter(f"special{k}", "=~", items[3 * k + j], 0.3 + 0.1 * j)
        for k in range(3)
        for j in range(3)
    ]
    return pd.DataFrame(rows + [parameter(item, "~~", item, 0.4) for item in items])


def _cross_loadings() -> pd.DataFrame:
    return _with(
        correlated(3, 4),
        parameter("c01_", "=~", "c03_3", 0.25),
        parameter("c02_", "=~", "c01_1", 0.2),
        parameter("c03_", "=~", "c02_4", 0.31),
    )


def _residual_covariances() -> pd.DataFrame:
    pairs = [("c01_1", "c01_2"), ("c01_1", "c01_4"), ("c01_2", "c02_3"), ("c02_1", "c03_5")]
    return _with(correlated(3, 5), *(parameter(a, "~~", b, 0.2, 0.03) for a, b in pairs))


def _observed_only() -> pd.DataFrame:
    paths = [("x", "m1"), ("x", "m2"), ("m1", "y"), ("m2", "y"), ("x", "y")]
    rows = [parameter(b, "~", a, 0.3, 0.01) for a, b in paths]
    rows += [parameter(name, "~~", name, 0.8) for name in ("x", "m1", "m2", "y")]
    return pd.DataFrame([*rows, parameter("m1", "~~", "m2", 0.2)])


def _correlated_predictors(count: int) -> pd.DataFrame:
    names = [f"x{k}_" for k in range(count)]
    return _with(structure([(name, "y") for name in names]), *_covariances(names))


def _latent_and_observed() -> pd.DataFrame:
    table = pd.DataFrame(measured({name: [0.8, 0.7, 0.6] for name in ("sat", "loy")}))
    paths = [("sat", "loy"), ("loy", "sales"), ("sales", "profit"), ("sat", "profit")]
    return _with(table, *(parameter(b, "~", a, 0.4, 0.01) for a, b in paths))


def _second_order_outcome() -> pd.DataFrame:
    table = pd.DataFrame(measured({name: [0.8, 0.7, 0.6] for name in ("v", "t", "s", "out")}))
    top = [parameter("g", "=~", name, 0.7) for name in "vts"]
    return _with(table, *top, parameter("out", "~", "g", 0.5), parameter("out", "~", "age", 0.1))


def _with_controls() -> pd.DataFrame:
    rows = [parameter("y", "~", name, 0.1, 0.3) for name in ("age", "size", "industry")]
    return _with(structure(TRIANGLE), *rows, parameter("m", "~", "age", 0.2, 0.02))


def _large() -> pd.DataFrame:
    """Return twelve constructs with five items each and fifteen paths."""
    names = [f"k{k:02d}_" for k in range(12)]
    paths = [(names[k], names[k + 4]) for k in range(8)]
    paths += [(names[k], names[k + 5]) for k in range(7)]
    return structure(paths, 5)


TABLES: dict[str, Callable[[], tuple[pd.DataFrame, dict[str, object]]]] = {
    "chain": lambda: (structure(chain(4)), {}),
    "fan": lambda: (structure([("x", f"y{k}_") for k in range(5)]), {}),
    "two waves": lambda: (_two_waves(), {}),
    "second order": lambda: (_second_order(), {}),
    "second order with outcome": lambda: (_second_order_outcome(), {}),
    "feedback": lambda: (structure(FEEDBACK), {}),
    "loop of three": lambda: (structure([("x", "a"), ("a", "b"), ("b", "c"), ("c", "a")]), {}),
    "single indicators": lambda: (structure(TRIANGLE, 1), {}),
    "controls": lambda: (_with_controls(), {"controls": ("age", "size", "industry")}),
    "Cyrillic": lambda: (structure(TRIANGLE), {"labels": CYRILLIC}),
    "Chinese": lambda: (structure(TRIANGLE), {"labels": CHINESE}),
    "Arabic": lambda: (structure(TRIANGLE), {"labels": ARABIC}),
    "German": lambda: (structure(TRIANGLE), {"labels": GERMAN}),
    "all paths of four": lambda: (_dense(4), {}),
    "all paths of five": lambda: (_dense(5), {}),
    "mediation": lambda: (structure(MEDIATION, 4), {}),
    "product indicators": lambda: (_products(), {}),
    "mimic": lambda: (_mimic(), {}),
    "growth": lambda: (_growth(), {}),
    "growth with covariates": lambda: (_growth_with_covariates(), {}),
    "bifactor": lambda: (_bifactor(), {}),
    "cross-loadings": lambda: (_cross_loadings(), {}),
    "residual covariances": lambda: (_residual_covariances(), {}),
    "one construct": lambda: (correlated(1, 6), {}),
    "observed only": lambda: (_observed_only(), {}),
    "four correlated predictors": lambda: (_correlated_predictors(4), {}),
    "six correlated predictors": lambda: (_correlated_predictors(6), {}),
    "latent with observed outcomes": lambda: (_latent_and_observed(), {}),
    "six hypotheses and more": lambda: (
        buyer_trust(),
        {"labels": LABELS, "hypotheses": HYPOTHESES},
    ),
    "six correlated": lambda: (correlated(6, 4), {}),
    "seven correlated": lambda: (correlated(7, 4), {}),
    "ten items each": lambda: (structure(TRIANGLE, 10), {}),
}
"""Models of every kind that papers show, and the options of their graphs."""
