"""The table is the one that lavaan builds from the same text and options."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from trustsem.options import Options
from trustsem.specification import build_table, parse_model

FACTS = json.loads(Path(__file__).with_name("lavaan_tables.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).resolve().parents[3] / "shared" / "reference"
ESTIMATION_ONLY = {"estimator", "information", "se", "test", "missing"}


def options_of(args):
    given = {name.replace(".", "_"): value for name, value in args.items()}
    missing = given.get("missing", "listwise")
    kept = {name: value for name, value in given.items() if name not in ESTIMATION_ONLY}
    return replace(Options.from_keywords(**kept), missing=missing)


@pytest.mark.parametrize("case", FACTS["cases"], ids=lambda case: case["model"].split("\n")[0])
def test_rows_numbers_and_values_are_lavaans(case):
    table = build_table(
        parse_model(case["model"]),
        kind=case["fun"],
        options=options_of(case["args"]),
        group_labels=("1", "2") if case["groups"] == 2 else (),
    )
    rows = [
        [
            row.lhs,
            row.op,
            row.rhs,
            row.group,
            row.free,
            int(row.exo),
            None if row.fixed is None or math.isnan(row.fixed) else row.fixed,
        ]
        for row in table.parameters
    ]
    assert rows == case["rows"]
    tied = [[str(item.lhs), str(item.rhs)] for item in table.constraints if not item.user]
    assert sorted(tied) == sorted(case["equal"])
    assert list(table.observed) == case["observed"]
    assert list(table.constructs) == case["constructs"]


def reference_models():
    if not SHARED.is_dir():
        reason = "the reference numbers beside the project (../shared/reference) are absent"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    cases = []
    for path in sorted((SHARED / "cases").glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        ordinal = case.get("call") and case["call"].get("args", {}).get("ordered")
        if case.get("parameters") and not ordinal:
            cases.append(pytest.param(case, id=case["id"]))
    return cases


@pytest.mark.parametrize("case", reference_models())
def test_rows_are_those_of_the_reference_cases(case):
    options = options_of(case["call"]["args"])
    labels = ()
    if options.group:
        frame = pd.read_csv(SHARED / "data" / case["data"]["file"])
        labels = tuple(str(value) for value in frame[options.group].unique())
    table = build_table(
        parse_model(case["model"]),
        kind=case["call"]["fun"],
        options=options,
        group_labels=labels,
    )
    fields = ("lhs", "op", "rhs", "group", "free", "exo")
    expected = [
        tuple(row[field] for field in fields)
        for row in case["parameters"]
        if row["op"] in ("=~", "~", "~~", "~1")
    ]
    assert [tuple(getattr(row, field) for field in fields) for row in table.parameters] == expected
    assert table.n_free == case["npar"]
