"""A table written as text builds the same table again."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trustsem.options import Options
from trustsem.specification import build_table, parse_model

CONSTRUCTS = ("f", "g", "h")
COVARIATES = ("z1", "z2")
MODIFIERS = ("", "", "", "NA*", "0.5*", "-1*", "k*", "start(0.3)*")
PAIRED = ("c(a, b)*", "c(NA, 1)*", "c(0.2, NA)*", "c(m, m)*")


@st.composite
def models(draw):
    """Draw model text for a number of groups, with options."""
    n_groups = draw(st.sampled_from([1, 1, 2]))
    pool = MODIFIERS + (PAIRED if n_groups == 2 else ())
    modifier = st.sampled_from(pool)
    loading = st.sampled_from([entry for entry in pool if entry != "k*"])
    lines = []
    n_constructs = draw(st.integers(1, 3))
    for name in CONSTRUCTS[:n_constructs]:
        items = [f"{draw(loading)}{name}{i}" for i in range(draw(st.integers(1, 4)))]
        lines.append(f"{name} =~ {' + '.join(items)}")
    outcomes = (*CONSTRUCTS[:n_constructs], "y", "f0")
    causes = CONSTRUCTS[:n_constructs] + COVARIATES
    for outcome, cause in draw(
        st.sets(st.tuples(st.sampled_from(outcomes), st.sampled_from(causes)), max_size=5)
    ):
        if outcome != cause:
            lines.append(f"{outcome} ~ {draw(modifier)}{cause}")
    for first, second in draw(
        st.sets(st.sampled_from([("f0", "z3"), ("f", "f"), ("f", "z3"), ("f0", "f0")]), max_size=2)
    ):
        lines.append(f"{first} ~~ {draw(modifier)}{second}")
    if draw(st.booleans()):
        lines.append("f ~ 1")
    if any("k*" in line for line in lines):
        lines += ["k > 0", "d := k^2 - .p1."]
    options = Options(
        std_lv=draw(st.booleans()),
        orthogonal=draw(st.booleans()),
        fixed_x=draw(st.booleans()),
        group_equal=draw(
            st.sampled_from([(), ("loadings",), ("loadings", "intercepts", "residuals")])
        ),
    )
    kind = draw(st.sampled_from(["cfa", "sem", "growth"]))
    return "\n".join(lines), kind, options, ("1", "2") if n_groups == 2 else ()


def structure(table):
    """Return what must survive: states, values, ties and relations, whatever the row order."""
    names = {row.plabel: (row.name, row.group) for row in table.parameters}
    rows = {
        (row.name, row.group): ("free" if row.free else repr(row.fixed), row.start, row.role)
        for row in table.parameters
    }
    by_free = {row.free: names[row.plabel] for row in table.parameters}
    ties = defaultdict(set)
    for first, second in table.equalities:
        ties[by_free[first]].add(by_free[second])
    groups = {frozenset({name, *others}) for name, others in ties.items()}
    return rows, groups, len(table.definitions), [c.op for c in table.constraints if c.user]


def rebuilt(table, options, kind="sem"):
    plain = Options(fixed_x=options.fixed_x, meanstructure=table.meanstructure)
    syntax = parse_model(table.syntax())
    return build_table(syntax, kind=kind, options=plain, group_labels=table.group_labels)


@settings(max_examples=150, deadline=None)
@given(models())
def test_written_text_builds_the_same_table(drawn):
    text, kind, options, groups = drawn
    table = build_table(parse_model(text), kind=kind, options=options, group_labels=groups)
    for other in ("sem", kind):
        if other == "growth" or not table.exogenous or table.meanstructure:
            assert structure(rebuilt(table, options, other)) == structure(table)


def test_relations_of_row_labels_survive():
    text = "f =~ x1 + x2 + x3\n.p2. == 2*.p3.\nd := .p2.*.p3."
    table = build_table(parse_model(text), kind="cfa", options=Options())
    written = table.syntax()
    assert "row2 == 2*row3" in written
    assert "d := row2*row3" in written
    assert structure(rebuilt(table, Options())) == structure(table)


@pytest.mark.parametrize("taken", ["row2", "row3"])
def test_written_labels_do_not_collide(taken):
    text = f"f =~ x1 + x2 + x3 + {taken}*x4\n.p2. == .p3."
    table = build_table(parse_model(text), kind="cfa", options=Options())
    again = rebuilt(table, Options())
    assert structure(again) == structure(table)
