"""Every number is defined, and every definition and cut-off has a source that exists."""

from __future__ import annotations

import pytest

from trustsem.references import REFERENCES
from trustsem.report.definitions import FURTHER_FIT, MAIN_FIT, VALIDITY, Cutoff, short_citation
from trustsem.validity.thresholds import Thresholds

ALL = (*MAIN_FIT, *FURTHER_FIT, *VALIDITY)


@pytest.mark.parametrize("item", ALL, ids=lambda item: item.name)
def test_definition_has_a_formula_and_known_sources(item):
    assert item.formula
    assert item.source in REFERENCES
    if item.cutoff:
        assert item.cutoff.source in {"", *REFERENCES}
        assert hasattr(Thresholds(), item.cutoff.threshold)


@pytest.mark.parametrize("item", [*MAIN_FIT, *FURTHER_FIT], ids=lambda item: item.name)
def test_fit_measure_is_one_that_a_model_has(item, bollen):
    assert item.name in bollen.measurement.model.fit_measures


def test_a_cutoff_is_the_studys_own():
    strict = Thresholds(cfi=0.97)
    cutoff = Cutoff(">=", "cfi", "hu1999")
    assert (cutoff.text(strict), cutoff.text(Thresholds())) == ("≥ .97", "≥ .95")
    assert cutoff.met(0.96, Thresholds()) is True
    assert cutoff.met(0.96, strict) is False
    assert cutoff.met(float("nan"), strict) is None


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("fornell1981", "Fornell & Larcker, 1981"),
        ("hair2019", "Hair et al., 2019"),
        ("cronbach1951", "Cronbach, 1951"),
        ("hu1999", "Hu & Bentler, 1999"),
        ("nobody1900", "nobody1900"),
    ],
)
def test_a_reference_in_short(key, text):
    assert short_citation(key) == text


@pytest.mark.parametrize("key", REFERENCES)
def test_every_reference_has_a_short_form(key):
    names, year = short_citation(key).rsplit(", ", 1)
    assert names
    assert year.isdigit()
