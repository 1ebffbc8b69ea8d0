"""A study file is checked at once, and each of its mistakes is shown where it stands."""

from __future__ import annotations

import pytest

from trustsem.errors import PlanError, StudyFileError
from trustsem.study import Study, load_study, reflective, shipped_studies
from trustsem.study.lines import key_lines, line_of

GOOD = """\
schema = 1
title = "Trust and sharing"
[data]
path = "answers.csv"
scale = [1, 7]
[constructs.trust]
items = "bt1:bt5"
reverse = ["bt4"]
[constructs.sharing]
label = "Information sharing"
items = ["is1", "is2", "is3"]
[constructs.performance]
items = "p1:p3"
[hypotheses]
H1 = "trust -> sharing"
H2 = { path = "sharing -> performance", sign = "+", tails = 1 }
H3 = "trust -> performance (-)"
"""


@pytest.fixture
def mistakes(tmp_path):
    """Return the mistakes that a study file is refused for."""

    def found(text: str) -> tuple[str, ...]:
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(StudyFileError) as caught:
            load_study(path)
        assert all(mistake in str(caught.value) for mistake in caught.value.mistakes)
        assert caught.value.exit_code == 2
        return caught.value.mistakes

    return found


def test_a_study_file_becomes_a_study(tmp_path):
    path = tmp_path / "learning.toml"
    path.write_text(GOOD, encoding="utf-8")
    study = load_study(path)
    assert study.name == "learning"
    assert study.items == (*(f"bt{i}" for i in range(1, 6)), "is1", "is2", "is3", "p1", "p2", "p3")
    assert study.data_file == tmp_path / "answers.csv"
    assert study.labels["sharing"] == "Information sharing"
    assert study.labels["trust"] == "trust"
    assert [(h.name, h.predictor, h.outcome, h.sign, h.tails) for h in study.hypotheses] == [
        ("H1", "trust", "sharing", "+", 2),
        ("H2", "sharing", "performance", "+", 1),
        ("H3", "trust", "performance", "-", 2),
    ]


def test_a_published_quantity_must_be_one_of_the_study(mistakes):
    published = "[[published.values]]\nvalue = 0.9\nwhere = 'p. 1'\nquantity = "
    text = GOOD + published + "'reliability.trust.omega'\n" + published + "'hypothesis.H9.est'\n"
    text += published + "'struct.cfi'\n" + published + "'r2'\n"
    expected = [
        "line 21: published.values[1].quantity: 'omega' in 'reliability.trust.omega' is unknown",
        "line 25: published.values[2].quantity: 'H9' in 'hypothesis.H9.est' is unknown",
        "line 29: published.values[3].quantity: unknown quantity 'struct.cfi'. Did you mean",
        "line 33: published.values[4].quantity: 'r2' should have 2 parts",
    ]
    for mistake, start in zip(mistakes(text), expected, strict=True):
        assert mistake.startswith(start), mistake


def test_all_mistakes_are_listed_at_once_in_the_order_of_the_file(mistakes):
    found = mistakes(
        """\
schema = 1
titel = "x"
[data]
missing = ["NA", 3]
scale = [7, 1]
[constructs.trust]
items = "bt1:bt5"
revers = ["bt4"]
reverse = ["bt9"]
[constructs.sharing]
items = ["is1", "bt2",
         "is3"]
label = 5
[constructs.performance]
items = "p1:p3"
[hypotheses]
H1 = "trust -> shring"
H2 = { path = "trust -> sharing", sgn = "-" }
H3 = "trust => sharing"
H4 = "trust -> performance"
H5 = "trust -> performance"
[model]
estimator = "MLX"
covary = [["trust", "perfrmance"]]
residual_covariances = [["bt1", "zz"]]
[controls]
age = ["performance", "nope"]
[rivals]
direct = { add = ["trust -> perf"], remove = ["performance -> trust"] }
[thresholds]
aev = 0.5
[[published.values]]
quantity = "structural.chi"
value = "4.7x"
where = "p. 1"
[[published.values]]
quantity = "reliability.trust.omega"
value = 0.9
where = "p. 1"
chcked = true
"""
    )
    expected = [
        "line 1: title: is required",
        "line 2: titel: unknown key. Did you mean 'title'?",
        "line 4: data.missing: missing codes must be numbers, got 'NA'",
        "line 5: data.scale: the lower end 7 is not below the upper end 1",
        "line 8: constructs.trust.revers: unknown key. Did you mean 'reverse'?",
        "line 9: constructs.trust.reverse: 'bt9' is no item of it.",
        "line 11: constructs.sharing.items: 'bt2' is already an item of 'trust'",
        "line 13: constructs.sharing.label: must be a text, got 5",
        "line 17: hypotheses.H1: 'shring' is no construct of this study. Did you mean 'sharing'?",
        "line 18: hypotheses.H2.sgn: unknown key. Did you mean 'sign'?",
        "line 19: hypotheses.H3: a path is written 'a -> b', got 'trust => sharing'",
        "line 21: hypotheses.H5: the path 'trust -> performance' is already hypothesis H4",
        "line 23: model.estimator: Unknown value of option 'estimator': 'MLX'.",
        "line 24: model.covary[1]: 'perfrmance' is no construct of this study.",
        "line 25: model.residual_covariances[1]: 'zz' is no item of this study.",
        "line 27: controls.age: 'nope' is no construct of this study.",
        "line 29: rivals.direct.add: 'perf' is no construct of this study.",
        "line 29: rivals.direct.remove: 'performance -> trust' is no hypothesis.",
        "line 31: thresholds.aev: Unknown threshold 'aev'. Did you mean 'ave'?",
        "line 34: published.values[1].value: a printed number is needed, got '4.7x'",
        "line 40: published.values[2].chcked: unknown key. Did you mean 'checked'?",
    ]
    assert len(found) == len(expected), "\n".join(found)
    for mistake, start in zip(found, expected, strict=True):
        assert mistake.startswith(start)


@pytest.mark.parametrize(
    ("replaced", "by", "complaint"),
    [
        ("schema = 1", "schema = 2", "line 1: schema: must be 1, got 2"),
        ("scale = [1, 7]", "scale = [1]", "line 5: data.scale: a scale is its lowest and"),
        ("scale = [1, 7]", "", "constructs.trust.reverse: reversing an item needs [data] scale"),
        ("scale = [1, 7]", "columns = { bt9 = 'Q9' }", "data.columns.bt9: is no variable"),
        ('"is1", "is2"', '"is1", "is1"', "line 11: constructs.sharing.items: 'is1' stands there t"),
        (
            'items = "p1:p3"',
            "items = []",
            "line 13: constructs.performance.items: must not be empty",
        ),
        ('items = "p1:p3"', "", "line 12: constructs.performance.items: is required"),
        ('"is1", "is2"', '"trust", "is2"', "'trust' is the name of a construct"),
        ("trust -> sharing", "trust -> trust", "leads from a construct to itself"),
        ("trust -> sharing", "trust -> a -> sharing", "H1: 'a' is no construct of this study"),
        ("tails = 1", "tails = 3", "line 16: hypotheses.H2.tails: must be 1 or 2, got 3"),
        ('sign = "+"', 'sign = "any"', "H2: a one-tailed test needs a sign"),
        ("(-)", "(minus)", "line 17: hypotheses.H3.sign: must be '+', '-' or 'any'"),
    ],
)
def test_each_mistake_has_its_line_and_key(mistakes, replaced, by, complaint):
    assert replaced in GOOD
    assert any(complaint in mistake for mistake in mistakes(GOOD.replace(replaced, by, 1)))


MOMENTS = """\
schema = 1
title = "Printed"
[moments]
n_obs = 100
variables = ["a1", "a2", "a3"]
matrix = [[1.0], [0.5, 1.0], [0.4, 0.3, 1.0]]
[constructs.a]
items = "a1:a3"
"""


@pytest.mark.parametrize(
    ("replaced", "by", "complaint"),
    [
        ("[0.5, 1.0]", "[0.5]", "line 6: moments.matrix: 3 variables need 3 rows"),
        ("[0.5, 1.0]", "[nan, 1.0]", "line 6: moments.matrix[2][1]: a finite number is needed"),
        ("[0.5, 1.0]", "['a', 1.0]", "line 6: moments.matrix[2][1]: a finite number is needed"),
        ("[0.5, 1.0]", "[1.5, 1.0]", "line 6: moments.matrix: is not positive definite"),
        (
            "[[1.0], [0.5, 1.0],",
            "[[1, 0.5, 0.4], [0.6, 1, 0.3],",
            "is not symmetric: a1, a2 is 0.5",
        ),
        ('"a3"]', '"a4"]', "line 5: moments.variables: lacks the item(s) a3"),
        ("n_obs = 100", "n_obs = 1", "line 4: moments.n_obs: must be greater than 1, got 1"),
        ("n_obs = 100", "n_obs = 100\nsd = [1, 2]", "moments.sd: has 2 numbers for 3 variables"),
        (
            "n_obs = 100",
            "n_obs = 100\nkind = 'cor'",
            "moments.kind: must be 'covariance' or 'correl",
        ),
        ("[moments]", "[data]\npath = 'a.sav'\n[moments]", "[data] path or [moments], not both"),
        ('items = "a1:a3"', 'items = "a1:a3"\nreverse = "a1"', "nothing can be reversed"),
        ("[constructs.a]", "[rivals]\nx = {add = ['a -> b']}\n[constructs.a]", "no rival theories"),
    ],
)
def test_a_printed_matrix_must_be_one_that_data_can_have(mistakes, replaced, by, complaint):
    assert replaced in MOMENTS
    assert any(complaint in mistake for mistake in mistakes(MOMENTS.replace(replaced, by, 1)))


def test_a_toml_mistake_is_shown_with_its_line(mistakes):
    (mistake,) = mistakes('schema = 1\ntitle = "Trust\n[data]\n')
    assert mistake.startswith("line 2: not valid TOML:")
    assert 'title = "Trust' in mistake


def test_the_same_key_twice_is_shown_with_its_line(mistakes):
    (mistake,) = mistakes('schema = 1\ntitle = "a"\n[hypotheses]\nH1 = "a -> b"\nH1 = "b -> c"\n')
    assert mistake.startswith("line 5: not valid TOML: cannot overwrite")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "study.toml"
    path.write_bytes(b"title = \xff\xfe")
    with pytest.raises(StudyFileError, match="not UTF-8"):
        load_study(path)


def test_an_unknown_study_is_refused_with_a_suggestion():
    with pytest.raises(PlanError, match="Did you mean 'bollen1989'"):
        load_study("bolen1989")
    with pytest.raises(PlanError, match=r"no study file 'nowhere\.toml'"):
        load_study("nowhere.toml")


def test_lines_are_found_under_every_way_to_write_a_key():
    lines = key_lines(
        '# comment\na = """\nb = 1\n"""\n[t."x y"]\nc.d = [\n  "]", # ]\n]\n'
        "[[u.v]]\nw = 1\n[[u.v]]\nw = {p = 2}\n"
    )
    assert ("b",) not in lines
    assert line_of(lines, ("a",)) == 2
    assert line_of(lines, ("t", "x y", "c", "d")) == 6
    assert line_of(lines, ("u", "v", 0, "w")) == 10
    assert line_of(lines, ("u", "v", 1, "w", "p")) == 12
    assert line_of(lines, ("nowhere",)) == 1


@pytest.mark.parametrize("name", ["brockman2017", "bollen1989", "holzinger1939", "wheaton1977"])
def test_a_study_survives_being_written_and_read(name, tmp_path):
    study = load_study(name)
    path = tmp_path / f"{name}.toml"
    path.write_text(study.to_toml(), encoding="utf-8")
    assert load_study(path) == study


def test_hostile_texts_survive_being_written_and_read(tmp_path):
    study = Study(
        title='Quotes " and \\ and\nlines \x01 “→”',
        constructs={"a": reflective("a1:a3", label="<b>&"), "b": reflective("b1:b3", reverse="b2")},
        hypotheses={"H 1": {"path": "a -> b", "sign": "any", "text": 'it\'s "so"'}},
        scale=(1, 5),
        missing_codes=[-9, 99.5],
        columns={"a1": "Q 1"},
        rivals={"none": {"remove": ["a -> b"]}},
        controls={"age": ["b"]},
        published={"values": [{"quantity": "n_obs", "value": "75", "where": "p. 3"}]},
        std_lv=True,
    )
    path = tmp_path / "study.toml"
    path.write_text(study.to_toml(), encoding="utf-8")
    assert load_study(path) == study


def test_the_shipped_studies_are_listed_with_the_default_first():
    table = shipped_studies()
    assert list(table.index) == ["brockman2017", "bollen1989", "holzinger1939", "wheaton1977"]
    assert table.loc["brockman2017", "n_hypotheses"] == 11
    assert table.loc["brockman2017", "data"] == "synthetic survey"
    assert table.loc["holzinger1939", "n_hypotheses"] == 0
    assert table.loc["wheaton1977", "data"] == "printed covariance matrix"
