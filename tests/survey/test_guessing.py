"""What variables probably are, in many shapes of names, labels and answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trustsem.survey import Survey, Variable, data_path, read_survey
from trustsem.survey.guessing import background, blocks_as_items, item_blocks


def survey_of(columns, variables=()):
    survey = Survey.from_frame(pd.DataFrame(columns))
    book = survey.codebook.with_variables(variables)
    return survey.changed(entry=survey.log[0], codebook=book)


def answers(rng, names, low=1, high=7, n=80):
    level = rng.normal(size=(n, 1))
    values = np.rint((low + high) / 2 + level + rng.normal(size=(n, len(names))))
    return dict(zip(names, np.clip(values, low, high).T, strict=True))


@pytest.mark.parametrize(
    ("names", "blocks"),
    [
        (["Q1_1", "Q1_2", "Q2_1", "Q2_2"], {"Q1": 2, "Q2": 2}),
        (["trust1", "trust2", "trust3"], {"trust": 3}),
        (["TR_01", "TR_02", "SH_01", "SH_02"], {"TR": 2, "SH": 2}),
        (["Item 1a", "Item 1b", "Item 2a", "Item 2b"], {"Item 1": 2, "Item 2": 2}),
        (["bt1r", "bt2", "bt3"], {"bt": 3}),
        (["bt1", "bt2_rev", "bt3"], {"bt": 3}),
        (["v[SQ001]", "v[SQ002]"], {"v[SQ": 2}),
        (["loy_a", "loy_b", "loy_c"], {"loy": 3}),
        (["q8.1", "q8.2", "q9.1", "q9.2"], {"q8": 2, "q9": 2}),
        (["mood", "age", "x1"], {}),
    ],
)
def test_names_that_share_a_stem_are_a_block(rng, names, blocks):
    found = blocks_as_items(item_blocks(survey_of(answers(rng, names))))
    assert {name: len(items) for name, items in found.items()} == blocks


def test_labels_divide_what_names_do_not(rng):
    names = [f"Q{i}" for i in range(1, 7)]
    labels = ["Trust: promises", "Trust: interest", "Trust: honesty",
              "Sharing: speed", "Sharing: reports", "Something else"]  # fmt: skip
    variables = [Variable(n, label) for n, label in zip(names, labels, strict=True)]
    blocks = item_blocks(survey_of(answers(rng, names), variables))
    assert [(b.name, b.label, len(b.items)) for b in blocks] == [
        ("Trust", "Trust", 3), ("Sharing", "Sharing", 2),
    ]  # fmt: skip


def test_scales_divide_what_names_do_not(rng):
    names = [f"Q{i}" for i in range(1, 5)]
    five = {float(code): str(code) for code in range(1, 6)}
    seven = {float(code): str(code) for code in range(1, 8)}
    variables = [Variable(n, "", five if n < "Q3" else seven) for n in names]
    data = answers(rng, names[:2], high=5) | answers(rng, names[2:])
    blocks = item_blocks(survey_of(data, variables))
    assert [block.scale for block in blocks] == [(1, 5), (1, 7)]
    assert len({block.name for block in blocks}) == 2


def test_missing_codes_are_known_by_label_or_by_distance(rng):
    data = answers(rng, ["a1", "a2", "b1", "b2"])
    data["a1"][:3], data["b2"][:2] = -99, 9
    variables = [Variable("b2", "", {1.0: "no", 7.0: "yes", 9.0: "Don't know"})]
    blocks = {block.name: block for block in item_blocks(survey_of(data, variables))}
    assert {name: block.missing for name, block in blocks.items()} == {"a": (-99.0,), "b": (9.0,)}
    assert blocks["a"].seen[0] >= 1
    assert blocks["b"].seen[1] <= 7


def test_a_code_that_other_items_of_the_block_use_is_an_answer(rng):
    data = answers(rng, ["s1", "s2"], low=3, high=10)
    data["s1"][0] = 0
    data["s2"][:4] = 0, 1, 2, 3
    (block,) = item_blocks(survey_of(data))
    assert (block.missing, block.seen[0]) == ((), 0)


def test_items_worded_the_other_way_are_suspected_with_the_reason(rng):
    data = answers(rng, ["a1", "a2", "a3", "a4r"])
    data["a2"] = 8 - data["a2"]
    (block,) = item_blocks(survey_of(data, [Variable("a2", "Not so (reverse-keyed)")]))
    assert block.reverse == {
        "a2": "correlates negatively with the rest, says so in its label",
        "a4r": "ends in a mark of turned items, but agrees with the rest: turned already?",
    }
    (block,) = item_blocks(survey_of(answers(rng, ["b1r", "b2r"])))
    assert block.reverse == {}


def test_boxes_to_tick_ids_and_checks_are_no_items(rng):
    data = {
        **{f"box{i}": rng.integers(0, 2, 80) for i in (1, 2, 3)},
        **answers(rng, ["q1", "q2", "q3"]),
    }
    check = Variable("q3", "Please select 4 to show that you read this")
    blocks = item_blocks(survey_of(data, [check]))
    assert blocks_as_items(blocks) == {"q": ("q1", "q2")}


def test_facts_about_respondents_are_recognised(rng):
    data = {
        "ResponseId": [f"R_{i}" for i in range(80)],
        "Duration (in seconds)": rng.gamma(5, 60, 80),
        "StartDate": pd.date_range("2024-01-01", periods=80),
        "gender": rng.integers(1, 3, 80),
        "age": rng.integers(18, 70, 80),
        "ac": rng.integers(1, 6, 80),
        "notes": [f"text {i}" for i in range(80)],
        **answers(rng, ["q1", "q2"]),
    }
    check = Variable("ac", "Attention check: please choose 'agree' here", {4.0: "agree"})
    found = background(survey_of(data, [check]), ["q1", "q2"])
    assert (found.id, found.duration, found.wave) == (
        "ResponseId", "Duration (in seconds)", "StartDate",
    )  # fmt: skip
    assert found.profile == ("gender", "age")
    assert found.attention == {"ac": 4.0}


def test_the_shipped_survey_falls_into_its_constructs():
    survey = read_survey(data_path("brockman2017.sav"))
    blocks = item_blocks(survey)
    assert [block.name for block in blocks] == ["bt", "is", "ii", "ia", "cs", "mp", "mk"]
    assert {block.scale for block in blocks} == {(1, 7)}
    assert list(blocks[0].reverse) == ["bt4"]
    used = [name for block in blocks for name in block.items]
    found = background(survey, used)
    assert (found.id, found.wave) == ("id", "wave")
    assert "crm_goal" in found.profile


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("corp_rep.csv", {"csor": 5, "attr": 3, "perf": 5, "qual": 8, "like": 3, "comp": 3,
                          "cusl": 3, "switch": 4}),
        ("mobi.csv", {"CUEX": 3, "CUSA": 3, "CUSL": 3, "IMAG": 5, "PERQ": 7, "PERV": 2}),
        ("satisfaction.csv", {"imag": 5, "expe": 5, "qual": 5, "val": 4, "sat": 4, "loy": 4}),
        ("bfi.csv", {"A": 5, "C": 5, "E": 5, "N": 5, "O": 5}),
    ],
)  # fmt: skip
def test_real_surveys_fall_into_their_constructs(shared_reference, name, blocks):
    survey = read_survey(shared_reference / "data" / name)
    found = item_blocks(survey)
    assert {block.name: len(block.items) for block in found} == blocks
    suspected = {code for block in found for code in block.missing}
    assert suspected == ({-99.0} if name == "corp_rep.csv" else set())
