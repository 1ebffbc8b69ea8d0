"""Tables of the size of a study, made up, and what is measured on a drawn chart."""

from __future__ import annotations

import re
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy import stats

from trustsem import charts

SIZES = {"two items": (1, 2), "usual": (6, 25), "large": (12, 60)}
WIDTHS = (90, 140, 190)
HOSTILE = '$\\alpha$ <script>x</script> & "quotes" \x00\x07\x1b[31m\ud800 ]]> <!-- \u202eabc'
FOREIGN = "Доверие покупателя 信頼 إيمان και μάθηση"
LABELS = (
    "Buyer trust", "Information sharing", "Information interpretation", "Information access",
    "Customer satisfaction/retention", "Market performance", "Relational embeddedness", "Power",
    "Dependence on the outsourcing partner", "Cultural distance", "Formalisation", "Volatility",
)  # fmt: skip
WORDINGS = (
    "Our provider keeps the promises it makes to us.", "We can count on them.",
    "Customer knowledge travels quickly between our departments and to the people who need it.",
)  # fmt: skip


def names(size):
    """Return constructs with their items, and labels of the constructs."""
    n_constructs, n_items = SIZES[size]
    split = np.array_split(np.arange(n_items), n_constructs)
    items_of = {f"c{k}": [f"it{i + 1}" for i in part] for k, part in enumerate(split)}
    return items_of, dict(zip(items_of, LABELS, strict=False))


def loadings(size, seed=1):
    items_of, _ = names(size)
    rng = np.random.default_rng(seed)
    rows = []
    for construct, items in items_of.items():
        for item in items:
            value = rng.uniform(0.4, 0.92)
            se = rng.uniform(0.02, 0.06)
            rows.append(
                {
                    "construct": construct, "item": item, "label": WORDINGS[len(rows) % 3],
                    "std_all": value, "std_ci_lower": value - 1.96 * se,
                    "std_ci_upper": value + 1.96 * se,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def paths(size, seed=2):
    _, labels = names(size)
    shown = list(labels.values()) if len(labels) > 1 else ["Buyer trust", "Power"]
    rng = np.random.default_rng(seed)
    rows = []
    for number, (a, b) in enumerate(list(combinations(shown, 2))[: 2 * len(shown)], start=1):
        value, se = rng.uniform(-0.2, 0.6), rng.uniform(0.04, 0.1)
        direct = number % 3
        rows.append(
            {
                "block": "Hypotheses" if direct else "Indirect effects",
                "code": f"H{number}" if direct else "",
                "path": f"{a} -> {b}", "std": value, "std_ci_lower": value - 1.96 * se,
                "std_ci_upper": value + 1.96 * se, "filled": abs(value) > 1.96 * se,
            }
        )  # fmt: skip
    return pd.DataFrame(rows).sort_values("block", kind="stable", ignore_index=True)


def group_paths(size, groups=("small firms", "large firms"), seed=3):
    _, labels = names(size)
    known = list(labels) if len(labels) > 1 else ["c0", "c9"]
    rng = np.random.default_rng(seed)
    rows = []
    for a, b in list(combinations(known, 2))[: len(known)]:
        p = rng.uniform()
        rows += [
            {"predictor": a, "outcome": b, "group": group, "est": rng.uniform(-0.2, 1.2),
             "se": rng.uniform(0.05, 0.2), "pvalue_diff": p}
            for group in groups
        ]  # fmt: skip
    return pd.DataFrame(rows)


def residuals(size, seed=4):
    """Return residuals of correlations and standardised ones."""
    items = [item for own in names(size)[0].values() for item in own]
    rng = np.random.default_rng(seed)
    half = rng.normal(scale=0.06, size=(len(items), len(items)))
    R = pd.DataFrame(np.tril(half, -1) + np.tril(half, -1).T, index=items, columns=items)
    return R, R / 0.04


def constructs_matrices(n_constructs, seed=5):
    """Return correlations, AVE and HTMT; one correlation and one ratio miss their criterion."""
    known = [f"c{k}" for k in range(n_constructs)]
    rng = np.random.default_rng(seed)
    half = np.tril(rng.uniform(-0.5, 0.7, size=(n_constructs, n_constructs)), -1)
    half[1, 0] = 0.93
    R = pd.DataFrame(half + half.T + np.eye(n_constructs), index=known, columns=known)
    ave = pd.Series(rng.uniform(0.5, 0.7, size=n_constructs), index=known)
    ratios = pd.DataFrame(np.abs(half), index=known, columns=known).replace(0.0, np.nan)
    return R, ave, ratios, dict(zip(known, LABELS, strict=False))


def answers(size, scale=7, seed=6):
    items_of, _ = names(size)
    rng = np.random.default_rng(seed)
    ends = {1: "Strongly disagree", scale: "Strongly agree"}
    rows = []
    for construct, items in items_of.items():
        for item in items:
            counts = rng.multinomial(200, rng.dirichlet(np.full(scale, 2.0)))
            rows += [
                {"item": item, "construct": construct, "answer": float(code),
                 "label": ends.get(code, ""), "n": int(n), "percent": 100 * n / 200}
                for code, n in enumerate(counts, start=1)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def patterns(size, n=20, seed=7):
    items = [item for own in names(size)[0].values() for item in own]
    rng = np.random.default_rng(seed)
    cells = rng.uniform(size=(n, len(items))) < 0.15
    cells[0] = False
    counts = np.sort(rng.integers(1, 30, size=n))[::-1]
    counts[0] = 180
    frame = pd.DataFrame(cells, columns=items)
    frame.insert(0, "n", counts)
    frame.insert(1, "percent", 100 * counts / counts.sum())
    return frame


def distances(n=200, df=25, seed=8):
    d2 = np.random.default_rng(seed).chisquare(df, size=n)
    d2[:5] += 40.0
    return pd.DataFrame({"case": np.arange(1, n + 1), "d2": d2, "df": df,
                         "pvalue": stats.chi2.sf(d2, df)})  # fmt: skip


def modifications(size, seed=9):
    items_of, _ = names(size)
    items = [item for own in items_of.values() for item in own]
    rng = np.random.default_rng(seed)
    rows = [
        {"lhs": a, "op": "~~", "rhs": b, "sepc_all": rng.normal(scale=0.1)}
        for a, b in combinations(items, 2)
    ]
    rows += [
        {"lhs": construct, "op": "=~", "rhs": item, "sepc_all": rng.normal(scale=0.1)}
        for construct in items_of
        for item in items
        if item not in items_of[construct]
    ]
    frame = pd.DataFrame(rows)
    frame["mi"] = 400 * frame["sepc_all"] ** 2 * rng.uniform(0.5, 1.5, size=len(frame))
    decision = np.where((frame["mi"] > 3.84) & (frame["sepc_all"] > 0.1), "misspecified", "fine")
    return frame.assign(decision=decision)


def draws(table, n=400, seed=10):
    """Return bootstrap draws of effects, and the table that goes with them."""
    rng = np.random.default_rng(seed)
    spread = (table["std_ci_upper"] - table["std_ci_lower"]).to_numpy() / 3.92
    values = table["std"].to_numpy() + spread * rng.normal(size=(n, len(table)))
    renamed = table.rename(
        columns={"std": "est", "std_ci_lower": "ci_lower", "std_ci_upper": "ci_upper"}
    )
    return renamed, values


def levels():
    return pd.DataFrame(
        {
            "level": ["configural", "metric", "scalar", "scalar (partial)", "strict"],
            "decision": ["baseline", "accepted", "rejected", "accepted in part", "rejected"],
            "cfi": [0.923, 0.921, 0.882, 0.915, 0.873],
            "rmsea": [0.097, 0.093, 0.107, 0.095, 0.104],
            "srmr": [0.068, 0.072, 0.082, 0.078, 0.088],
        }
    )


def slopes(width=190):
    grid = np.linspace(-2.5, 2.5, 101)
    slope = 0.4 + 0.17 * grid
    return charts.SlopesChart(
        "Buyer trust", "Complexity of goals", "Information sharing", grid, slope, slope - 0.2,
        slope + 0.25, slope - 0.2 > 0, ((-1.0, -0.3, 0.23), (0.0, 0.0, 0.4), (1.0, 0.3, 0.57)),
        0.8, width,
    )  # fmt: skip


def influence():
    """Return distances of cases, two of which stand out beside each other."""
    values = np.random.default_rng(11).chisquare(1, 221) / 2
    values[[100, 102]] = 4.1, 3.9
    return pd.DataFrame({"case": [str(k) for k in range(1, 222)], "value": values})


def without_cases(effects, width):
    """Draw effects without single cases; the last has none."""
    rng = np.random.default_rng(12)
    strips = [value + 0.01 * rng.normal(size=221) for value in effects["std"]]
    strips[-1] = np.full(221, np.nan)
    table = effects.assign(
        supported=effects["filled"], set=["> 55", "2", *["12"] * 200][: len(effects)]
    )
    return charts.without_chart(table, strips, width=width)


def all_charts(size, width):
    """Return every kind of chart at a size of the study and of the page."""
    items_of, labels = names(size)
    raw, z = residuals(size)
    R, ave, ratios, construct_labels = constructs_matrices(max(2, len(items_of)))
    effects = paths(size)
    table, values = draws(effects)
    wordings = dict(zip(loadings(size)["item"], loadings(size)["label"], strict=True))
    return {
        "loadings": charts.loadings_chart(loadings(size), labels=labels, width=width),
        "paths": charts.paths_chart(effects, width=width),
        "groups": charts.groups_chart(group_paths(size), labels=labels, by="size", width=width),
        "residuals": charts.residuals_chart(raw, z, items_of, labels=labels, width=width),
        "correlations": charts.correlations_chart(
            R, ave, ratios, labels=construct_labels, width=width
        ),
        "bootstrap": charts.bootstrap_chart(table, values, width=width),
        "likert": charts.likert_chart(
            answers(size), labels=labels, wordings=wordings, width=width
        ),
        "missing": charts.missing_chart(patterns(size), items_of, labels=labels, width=width),
        "mahalanobis": charts.mahalanobis_chart(distances(), width=width),
        "modification": charts.modification_chart(
            modifications(size), labels=labels, width=width
        ),
        "invariance": charts.invariance_chart(
            levels(), allowed={"cfi": [np.nan, 0.913, 0.911, 0.911, 0.905]},
            rule="CFI of the level compared with, less .01", by="size", width=width,
        ),
        "slopes": slopes(width),
        "influence": charts.index_chart(
            influence(), title="Cook's distance of each case",
            axis="Generalised Cook's distance", limit=3.0, limit_name="a limit", width=width,
        ),
        "fragility": without_cases(effects, width),
    }  # fmt: skip


def on_page(chart):
    """Draw a chart on its own page; return the axes."""
    with mpl.rc_context({"figure.dpi": 72}):
        figure = Figure(figsize=[side / 25.4 for side in chart.size], dpi=72)
    FigureCanvasAgg(figure)
    with charts.style():
        return chart._on_page(figure)


def boxes(axes):
    """Return every text printed on the page of some axes with its box in points."""
    figure = axes.get_figure(root=True)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    shown = []
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and _drawn(text):
            box = Text.get_window_extent(text, renderer)
            shown.append((text.get_text(), box))
    return shown


def _drawn(text):
    """Tell whether a text belongs to axes that are drawn (ticks of hidden axes are not)."""
    axes = text.axes
    if axes is None or axes.axison:
        return True
    return text in axes.texts


def overlaps(shown, slack=1.0):
    """Return the pairs of texts whose boxes share more than a sliver."""
    found = []
    for (a, first), (b, second) in combinations(shown, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        if wide > slack and high > slack:
            found.append((a, b, round(wide, 1), round(high, 1)))
    return found


def outside(axes, shown, slack=1.0):
    """Return the texts that leave the page."""
    page = axes.get_figure(root=True).bbox
    return [
        text
        for text, box in shown
        if box.x0 < page.x0 - slack
        or box.x1 > page.x1 + slack
        or box.y0 < page.y0 - slack
        or box.y1 > page.y1 + slack
    ]


def ids(svg):
    return re.findall(r'\sid="([^"]+)"', svg)
