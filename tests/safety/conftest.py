"""One study with hostile text in every place that takes any, and its report in every format."""

from __future__ import annotations

import pytest
from hostile_texts import hostile_study, hostile_survey, plain_study

from trustsem import two_step


@pytest.fixture(scope="session")
def survey_file(tmp_path_factory):
    """Return an SPSS file whose labels, levels, columns and name are hostile."""
    return hostile_survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture(scope="session")
def result(survey_file):
    """Return the hostile study, run."""
    return two_step(hostile_study(), survey_file, influence=True)


@pytest.fixture(scope="session")
def benign(survey_file):
    """Return the same study with ordinary words."""
    return two_step(plain_study(), survey_file, influence=True)


@pytest.fixture(scope="session")
def report(result, tmp_path_factory):
    """Return the directory of the report in every format."""
    folder = tmp_path_factory.mktemp("report") / "out put ü"
    return result.report(folder, formats=("html", "docx", "latex", "markdown", "json"))
