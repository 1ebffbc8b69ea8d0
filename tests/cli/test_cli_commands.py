"""What each command prints and writes when all is well."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path

import pandas as pd
import pytest

import trustsem as ts
from trustsem.survey import data_path

MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\n"


def test_replicate_prints_verdicts_fit_hypotheses_and_where_the_report_is(command, tmp_path):
    done = command("replicate", "wheaton1977")
    assert done.code == 0
    assert done.err == ""
    order = ["Stability of alienation", "N = 932", "Measurement model: χ²(4",
             "Structural model: χ²", "Step one", "Step two", "Hypotheses", "H3",
             "Report: replications/wheaton1977/report.html"]  # fmt: skip
    places = [done.out.index(text) for text in order]
    assert places == sorted(places)
    assert (tmp_path / "replications" / "wheaton1977" / "report.html").is_file()


def test_the_default_study_announces_its_synthetic_data_first(command):
    done = command("replicate", "-v", "--no-color", "-o", "out")
    assert done.code == 0
    assert done.out.startswith("SYNTHETIC DATA")
    assert "\x1b" not in done.out + done.err
    assert "Estimate brockman2017" in done.err
    assert "Measurement Model: Loadings" in done.out


def test_json_is_one_document_with_every_number(command, finished_run):
    done = command("replicate", "wheaton1977", "-o", "out", "--json")
    document = json.loads(done.out)
    assert (document["schema"], done.code) == (1, 0)
    written = json.loads((finished_run / "results.json").read_text())
    assert document["structural"] == written["structural"]


def test_quiet_prints_the_place_only(command):
    done = command("replicate", "wheaton1977", "-q", "-o", "out", "--fail-on", "cfi<.90")
    assert (done.code, done.out) == (0, "out/report.html\n")


def test_a_run_on_own_data_uses_them(command, tmp_path):
    frame = pd.read_csv(data_path("holzinger1939.csv")).iloc[:200]
    frame.to_csv(tmp_path / "mine.csv", index=False)
    done = command("replicate", "holzinger1939", "--data", "mine.csv", "-o", "out")
    assert done.code == 0
    assert "N = 200" in done.out


def test_options_are_set_and_recorded(command, tmp_path):
    done = command("replicate", "wheaton1977", "-o", "out", "-q", "--set", "likelihood=normal",
                   "--seed", "7")  # fmt: skip
    assert done.code == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["options"]["likelihood"] == "normal"
    assert manifest["seed"] == 7


def test_studies_are_listed(command):
    assert "brockman2017" in command("studies").out
    names = [row["name"] for row in json.loads(command("studies", "--json").out)["studies"]]
    assert names[0] == "brockman2017"


def test_check_shows_where_each_option_comes_from(command, monkeypatch):
    monkeypatch.setenv("TRUSTSEM_SEED", "11")
    done = command("check", "brockman2017", "--set", "information=observed")
    lines = {line.split()[0]: line.split(maxsplit=2)[1:] for line in done.out.splitlines() if line}
    assert done.code == 0
    assert lines["likelihood"] == ["wishart", "study file"]
    assert lines["information"] == ["observed", "command line"]
    assert lines["seed"] == ["11", "environment (TRUSTSEM_SEED)"]
    assert lines["estimator"][1] in {"default", "study file"}
    assert "can be analysed: N = 203" in done.err


def test_a_study_file_cannot_steer_the_terminal(command, tmp_path):
    text = 'schema = 1\ntitle = "a\\u001b[31mb\\u202e"\n[constructs.f]\nitems = "x1:x3"\n'
    (tmp_path / "study.toml").write_text(text)
    done = command("check", "study.toml")
    assert done.code == 0
    assert "study: ab\n" in done.out


def test_check_shows_every_setting_with_its_origin_on_demand(command, tmp_path):
    text = """schema = 1
title = "T"
[data]
path = "d.csv"
[recode]
size = { 2 = 1 }
[screening]
profile = ["size"]
drop = ["where x1 == 0"]
[constructs.f]
items = "x1:x3"
[thresholds]
htmt = 0.9
"""
    (tmp_path / "s.toml").write_text(text)
    frame = pd.read_csv(data_path("holzinger1939.csv"))[["x1", "x2", "x3"]]
    frame.assign(size=1).to_csv(tmp_path / "d.csv", index=False)
    done = command("check", "s.toml", "--show-resolved", "--seed", "5")
    lines = [line.split() for line in done.out.splitlines() if line]
    assert ["htmt", "0.9", "study", "file"] in lines
    assert ["cfi", "0.95", "default"] in lines
    assert ["seed", "5", "command", "line"] in lines
    assert ["recode", "size", "2", "to", "1", "study", "file"] in lines
    assert ["drop", "where", "x1", "==", "0", "study", "file"] in lines
    assert "htmt" not in command("check", "s.toml").out
    assert "rule: where x1 == 0: 0 removed, 301 left" in done.err
    assert "No answer has the code(s) 2" in done.err
    assert command("check", "wheaton1977", "--show-resolved").code == 0


def test_screen_describes_a_study_and_a_file(command):
    done = command("screen", "brockman2017")
    assert done.out.startswith("SYNTHETIC DATA")
    assert "Buyer trust" in done.out
    assert "Tests of Missingness and Normality" in done.out
    assert "Answers in Percent" not in done.out
    assert "Answers in Percent" in command("screen", "brockman2017", "-v").out
    document = json.loads(command("screen", data_path("bollen1989.csv"), "--json").out)
    assert len(document["items"]) == 11
    frames = {"flow", "profile", "items", "answers", "reasons", "patterns", "mcar", "normality",
              "distances", "cases", "duplicates", "waves"}  # fmt: skip
    assert set(document) == {"schema", "notice", "findings"} | frames
    assert len(document["distances"]) == 75


def test_screen_says_which_variables_of_a_bare_survey_are_no_items(command, tmp_path):
    done = command("screen", data_path("holzinger1939.csv"))
    assert done.code == 0
    assert "In no block of items, hence not screened: " in done.err
    assert command("screen", data_path("bollen1989.csv"), "--data", "x.csv").code == 2
    (tmp_path / "text.csv").write_text("a,b\nx,y\nz,w\n")
    done = command("screen", "text.csv")
    assert done.code == 3
    assert "nothing to screen" in done.err


def test_measure_is_step_one_only(command, tmp_path):
    done = command("measure", "bollen1989")
    assert done.code == 0
    assert "Discriminant Validity" in done.out
    assert "Hypotheses" not in done.out
    assert list(tmp_path.iterdir()) == []


def test_fit_prints_a_summary_of_a_model_in_a_file(command, tmp_path):
    (tmp_path / "model.txt").write_text(MODEL)
    done = command("fit", "model.txt", "--data", data_path("holzinger1939.csv"), "--kind", "cfa")
    assert done.code == 0
    assert "N = 301" in done.out
    document = json.loads(
        command("fit", "model.txt", "--data", data_path("holzinger1939.csv"), "--json").out
    )
    assert document["converged"] is True


def test_a_diagram_is_written_or_printed(command, tmp_path):
    assert command("diagram", "holzinger1939", "--view", "measurement").out.startswith("<svg")
    done = command("diagram", "bollen1989", "-o", "figure.svg")
    assert (done.code, done.out) == (0, "")
    assert "<svg" in (tmp_path / "figure.svg").read_text(encoding="utf-8")[:200]
    assert [path.name for path in tmp_path.iterdir()] == ["figure.svg"]


@pytest.mark.parametrize(
    ("suffix", "beginning"), [("tikz", "% "), ("tex", "% "), ("dot", "digraph {")]
)
def test_a_diagram_is_written_for_latex_and_graphviz(command, tmp_path, suffix, beginning):
    assert command("diagram", "wheaton1977", "-o", f"figure.{suffix}").code == 0
    assert (tmp_path / f"figure.{suffix}").read_text(encoding="utf-8").startswith(beginning)


def test_the_settings_of_a_diagram_are_options(command):
    done = command(
        "diagram", "wheaton1977", "--width", "140", "--colors", "soft", "--disturbances",
        "--decimals", "3", "--layout", "ses . / . alienation67 / alienation71 .",
        "--label", "ses=Socio-economic standing", "--residuals", "none", "--emphasis", "width",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert 'width="140mm"' in done.out
    assert "standing" in done.out
    assert "H1: −.563***" in done.out
    assert "#bfe3d0" in done.out
    assert "at short arrows: disturbance" in done.out
    assert command("diagram", "wheaton1977", "--view", "tests").out.startswith("<svg")


def test_a_diagram_that_does_not_fit_says_so(command):
    done = command("diagram", "bollen1989", "--view", "full", "--width", "60mm", "-v")
    assert done.code == 0
    assert "would print at" in done.err


def test_a_survey_becomes_csv_and_codebook(command, tmp_path):
    assert command("convert", data_path("brockman2017.sav"), "b.csv").code == 0
    frame = pd.read_csv(tmp_path / "b.csv")
    codebook = pd.read_csv(tmp_path / "b_codebook.csv").set_index("name")
    assert len(frame) == 221
    assert frame["bt1"].dropna().between(1, 7).all()
    assert codebook.loc["bt1", "label"].startswith("Our CRM provider")


def test_a_proposed_study_is_valid_and_runs(command, tmp_path):
    shutil.copy(data_path("brockman2017.sav"), tmp_path / "survey.sav")
    assert command("init", "survey.sav", "-o", "study.toml").code == 0
    text = (tmp_path / "study.toml").read_text(encoding="utf-8")
    plan = tomllib.loads(text)
    assert plan["data"] == {"path": "survey.sav", "scale": [1, 7]}
    assert plan["constructs"]["bt"]["items"] == ["bt1", "bt2", "bt3", "bt4", "bt5"]
    assert '# reverse = ["bt4"]' in text
    assert '# id = "id"' in text
    assert '# wave = "wave"' in text
    assert plan["screening"] == {}
    assert plan["synthetic"] is True
    assert '"bt1",        # Our CRM provider keeps' in text
    assert command("check", "study.toml").code == 0
    assert command("init", "survey.sav").out == text


NAMES = ["Q1_1", "Q1_2", "Q1_3", "TR_01", "TR_02", "TR_03", "Item 1a", "Item 1b", "Item 1c",
         "4_x1", "4_x2", "4_x3", "bt1r", "bt2", "bt3"]  # fmt: skip


def test_a_proposal_is_valid_whatever_the_names_and_when_all_is_uncommented(command, tmp_path, rng):
    level = rng.normal(size=(90, 5)).repeat(3, axis=1)
    values = (4 + level + rng.normal(size=(90, 15))).round().clip(1, 7)
    frame = pd.DataFrame(values, columns=NAMES)
    frame["Item 1a"] = frame["Item 1a"].where(frame.index > 3, -99)
    frame.assign(
        case_id=range(90),
        duration=rng.gamma(5, 60, 90),
        wave=frame.index // 45,
        sex=frame.index % 2,
    ).to_csv(tmp_path / "s.csv", index=False)
    assert command("init", "s.csv", "-o", "s.toml").code == 0
    text = (tmp_path / "s.toml").read_text(encoding="utf-8")
    plan = tomllib.loads(text)
    assert plan["data"]["missing"] == [-99]
    assert plan["data"]["columns"]["Item_1a"] == "Item 1a"
    assert set(plan["constructs"]) == {"Q1", "TR", "Item_1", "c_4_x", "bt"}
    assert "N = 86" in command("check", "s.toml").err
    keys = r"^# (?=(?:id|duration|minimum_duration|profile|wave|drop|scale|H\d+) = |\[hypotheses)"
    (tmp_path / "all.toml").write_text(re.sub(keys, "", text, flags=re.MULTILINE))
    done = command("check", "all.toml", "--show-resolved")
    assert done.code == 0, done.err
    assert "Hypotheses (4)" in done.out


def test_a_survey_without_blocks_gives_a_template(command, tmp_path):
    (tmp_path / "s.csv").write_text("name,mood\nx,1\ny,2\n")
    text = command("init", "s.csv").out
    assert "# [constructs.trust]" in text
    assert "constructs" not in tomllib.loads(text)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("FALSE", False), ("3", 3), ("x", "x")]
)
def test_values_of_options_are_read_as_what_they_are(text, value):
    from trustsem.cli.options import _value  # noqa: PLC0415  (a detail, tested where it is)

    assert _value(text) == value


def test_options_that_are_lists_are_written_with_commas(command, tmp_path):
    (tmp_path / "model.txt").write_text(MODEL)
    groups = ["--set", "group=school", "--set", "group_equal=loadings,intercepts"]
    data = data_path("holzinger1939.csv")
    done = command("fit", "model.txt", "--data", data, "--kind", "cfa", "--json", *groups)
    expected = ts.cfa(
        MODEL, pd.read_csv(data),
        group="school", group_equal=["loadings", "intercepts"],
    )  # fmt: skip
    found = json.loads(done.out)["fit_measures"]["chisq"]
    assert found == pytest.approx(expected.fit_measures["chisq"])


def test_a_quick_run_leaves_out_what_the_environment_asks_for(command):
    found = command("replicate", "wheaton1977", "--quick", "-q", "-o", "quick")
    assert found.code == 0
    overrides = json.loads(Path("quick/manifest.json").read_text())["overrides"]
    assert not any(overrides[name] for name in ("bootstrap", "influence", "power", "cutoffs"))
    found = command("replicate", "wheaton1977", "--quick", "--power", "10", "-q", "-o", "power")
    overrides = json.loads(Path("power/manifest.json").read_text())["overrides"]
    assert (overrides["power"], overrides["cutoffs"]) == (10, 0)
