"""The notebooks run from top to bottom, and their committed outputs are what comes out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import notebook_runs
import pytest

NOTEBOOKS = sorted(notebook_runs.NOTEBOOKS.glob("*.ipynb"))
RUNNER = Path(notebook_runs.__file__)
SYNTHETIC = {"first_study", "own_data"}
SAID = {
    "first_study": (
        "N = 203",
        "All 11 hypotheses are supported",
        "report.docx",
        "chi-square 294.48",
        "chi-square 295.94",
    ),
    "own_data": (
        "The file declares its data SYNTHETIC",
        "missing = [-9]",
        "Did you mean 'satisfaction'?",
        "duration < 60",
        "All 3 hypotheses are supported",
        "report.tex",
        "to be added by the authors",
    ),
    "validity": (  # the tests of lavaan, see tests/reference
        "85.31",
        "80.04",
        "59.86",
        "118.55",
        "36.41",
        "severe",
        "inadmissible and is not interpreted",
    ),
    "groups": (  # the same
        "115.85",
        "124.04",
        "164.10",
        "accepted in part",
        "trust × dependence",
        "29 of 30 intervals hold the truth",
    ),
    "published_table": (
        "4.73018",  # the manuals print 4.73
        "by hand -21.784, reprinted -21.748",
        "not positive definite",
    ),
}
"""What the outputs of a notebook must tell; some of it is known from outside."""


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def texts(notebook: dict[str, Any], kind: str = "markdown") -> list[str]:
    """Return the sources of the cells of a kind."""
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def found(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all outputs, in order."""
    return [output for cell in notebook["cells"] for output in cell.get("outputs", ())]


def outputs(notebook: dict[str, Any], kind: str = "text/plain") -> str:
    """Return everything of a kind that the cells show; what is printed counts as plain text."""
    shown = []
    for output in found(notebook):
        if output["output_type"] == "stream" and kind == "text/plain":
            shown.append("".join(output["text"]))
        shown.append("".join(output.get("data", {}).get(kind, "")))
    return "\n".join(shown)


def numbers(text: str) -> list[float]:
    """Return the decimal numbers of a text; layouts differ between versions of pandas."""
    return [float(found) for found in re.findall(r"(?<![\w.])-?\d*\.\d+(?![\w.])", text)]


def words(text: str) -> str:
    """Return a text without the breaks of its lines."""
    return " ".join(text.split())


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def committed(request):
    """Return a notebook as it is committed."""
    return read(request.param)


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def runs(request, tmp_path_factory):
    """Return the name of a notebook, the notebook, and its fresh execution.

    It runs in a process of its own, so that warnings of Jupyter's packages about each other are
    no errors here; a warning of any cell is one there.
    """
    target = tmp_path_factory.mktemp("executed") / request.param.name
    outcome = subprocess.run(
        [sys.executable, str(RUNNER), str(request.param), str(target)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    return request.param.stem, read(request.param), read(target)


def test_there_are_the_five_that_the_pages_name():
    assert {path.stem for path in NOTEBOOKS} == set(SAID)


def test_no_cell_fails_or_warns(runs):
    _, _, fresh = runs
    cells = [cell for cell in fresh["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for output in found(fresh) if output["output_type"] == "error"]
    assert not [output for output in found(fresh) if output.get("name") == "stderr"]


def test_the_committed_outputs_are_up_to_date(runs):
    _, committed, fresh = runs
    kinds = [[list(output.get("data", ())) for output in found(run)] for run in (committed, fresh)]
    assert kinds[0] == kinds[1]
    for kind in ("text/plain", "text/html"):
        assert numbers(outputs(fresh, kind)) == pytest.approx(
            numbers(outputs(committed, kind)), abs=2e-3
        )


def test_what_comes_out_is_what_it_is_about(runs):
    name, _, fresh = runs
    shown = words(outputs(fresh)) + words(outputs(fresh, "text/html"))
    assert [phrase for phrase in SAID[name] if phrase not in shown] == []
    assert outputs(fresh, "image/svg+xml").count("<svg") >= 1


def test_synthetic_data_are_called_so_before_anything_else(runs):
    name, _, fresh = runs
    opening = texts(fresh)[0]
    assert ("**The data are synthetic.**" in opening) == (name in SYNTHETIC)
    if name in SYNTHETIC:
        assert opening.index("synthetic") < opening.index("**For**")
        html = outputs(fresh, "text/html")
        assert html.index("SYNTHETIC DATA") < html.index("Step one")


def test_a_reader_is_told_for_whom_it_is_and_what_it_gives(committed):
    opening = texts(committed)[0]
    assert opening.startswith("# ")
    assert "**For** " in opening
    assert "**At the end** " in opening
    assert all(len(text) < 2000 for text in texts(committed))


def test_the_numbers_in_its_texts_stand_in_its_cells(committed):
    shown = outputs(committed) + "".join(texts(committed, "code"))
    known = {abs(value) for value in numbers(shown)}
    told = re.findall(r"(?<![\w.])\d*\.\d{3}(?!\d)", "\n".join(texts(committed)))
    assert [number for number in told if float(number) not in known] == []


def test_its_links_lead_somewhere(committed):
    for target in re.findall(r"\]\((?![a-z]+:)([^)#]+)", "\n".join(texts(committed))):
        assert (notebook_runs.NOTEBOOKS / target).exists(), target


def test_it_holds_nothing_of_a_machine(committed):
    text = json.dumps(committed)
    assert not re.search(r"(?<![\w.])/(?:tmp|home|root|Users|var|work)/", text)
    assert all(set(cell["metadata"]) == set() for cell in committed["cells"])
    assert all(not output.get("metadata") for output in found(committed))
    assert committed["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_it_is_light(committed):
    assert max(len(json.dumps(output)) for output in found(committed)) < 200_000
    assert len(json.dumps(committed)) < 1_500_000
