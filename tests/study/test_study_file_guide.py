"""The guide to study files names every key, and its example is one."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from trustsem.study import load_study
from trustsem.study.checks import SECTIONS
from trustsem.study.quantities import COLUMNS, FIT, KINDS
from trustsem.study.sections import (
    BiasSection,
    ConstructSection,
    DataSection,
    EffectSection,
    GroupsSection,
    Head,
    HypothesisSection,
    InteractionSection,
    ModelSection,
    MomentsSection,
    MultiverseSection,
    ObservedSection,
    PublishedSection,
    PublishedValue,
    RivalSection,
    RunSection,
    ScreeningSection,
)
from trustsem.survey.rules import INDICES
from trustsem.validity import Thresholds

GUIDE = Path(__file__).parents[2] / "docs" / "study_file.md"


@pytest.fixture(scope="module")
def guide():
    return GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "section",
    [
        Head, DataSection, MomentsSection, ConstructSection, ObservedSection, HypothesisSection,
        EffectSection, ModelSection, MultiverseSection, RivalSection, BiasSection, GroupsSection,
        InteractionSection, PublishedSection, PublishedValue, RunSection, ScreeningSection,
    ],
)  # fmt: skip
def test_every_key_is_explained(guide, section):
    keys = [option.alias or name for name, option in section.model_fields.items()]
    explained = set(re.findall(r"`(?:\[+published\.)?(\w+)\]*`", guide))
    assert set(keys) <= explained


def test_every_section_threshold_and_quantity_is_named(guide):
    for section in SECTIONS:
        assert f"## `[{section}" in guide
    for threshold in fields(Thresholds):
        assert f"`{threshold.name}`" in guide
    for word in (*KINDS, *FIT, *(column for columns in COLUMNS.values() for column in columns)):
        assert re.search(rf"\b{word}\b", guide)


def test_the_example_is_a_study_file(guide, tmp_path):
    example, *parts = re.findall(r"```toml\n(.*?)```", guide, flags=re.DOTALL)
    path = tmp_path / "example.toml"
    path.write_text(example, encoding="utf-8")
    study = load_study(path)
    assert study.items[-4:] == ("mp1", "mp2", "mp3", "mp5")
    assert study.thresholds.htmt == 0.90
    assert "performance ~ sharing + trust + firm_size" in study.structural_model()
    path.write_text("\n".join([example, *parts]), encoding="utf-8")
    longer = load_study(path)
    assert set(longer.recode) == {"industry", "bt2", "gender", "size"}
    assert [rule.text for rule in longer.screening.drop][-1] == "where industry == 3"


def test_every_rule_that_drops_cases_is_explained(guide):
    for name in INDICES:
        assert re.search(rf'`"{name}\b', guide), name
