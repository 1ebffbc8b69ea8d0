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


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def outputs(notebook: dict[str, Any], kind: str = "text/plain") -> str:
    """Return everything of a kind that the cells show; what is printed counts as plain text."""
    shown = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "stream" and kind == "text/plain":
                shown.append("".join(output["text"]))
            shown.append("".join(output.get("data", {}).get(kind, "")))
    return "\n".join(shown)


def numbers(text: str) -> list[float]:
    """Return the decimal numbers of a text; layouts differ between versions of pandas."""
    return [float(found) for found in re.findall(r"(?<![\w.])-?\d*\.\d+(?![\w.])", text)]


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request, tmp_path_factory):
    """Return a committed notebook and its fresh execution.

    It runs in a process of its own, so that warnings of Jupyter's packages about each other are
    no errors here.
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
    return read(request.param), read(target)


def test_no_cell_fails_or_warns(notebook):
    _, fresh = notebook
    cells = [cell for cell in fresh["cells"] if cell["cell_type"] == "code"]
    found = [output for cell in cells for output in cell["outputs"]]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for output in found if output["output_type"] == "error"]
    assert not [output for output in found if output.get("name") == "stderr"]


def test_the_committed_outputs_are_up_to_date(notebook):
    committed, fresh = notebook
    for kind in ("text/plain", "text/html"):
        assert numbers(outputs(fresh, kind)) == pytest.approx(
            numbers(outputs(committed, kind)), abs=2e-3
        )


def test_it_holds_nothing_of_a_machine(notebook):
    committed, _ = notebook
    text = json.dumps(committed)
    assert not re.search(r"(?<![\w.])/(?:tmp|home|root|Users|var)/", text)
    assert all(set(cell["metadata"]) == set() for cell in committed["cells"])


def test_the_first_study_leads_from_plan_to_report(notebook):
    committed, fresh = notebook
    assert "synthetic" in "".join(committed["cells"][0]["source"])
    html, text = outputs(fresh, "text/html"), outputs(fresh)
    assert html.index("SYNTHETIC DATA") < html.index("Step one")
    for expected in ("N = 203", "All 11 hypotheses are supported", "fornell_larcker", "sepc_all"):
        assert expected in html + text
    assert "report.html" in text
    assert outputs(fresh, "image/svg+xml").count("<svg") >= 2
