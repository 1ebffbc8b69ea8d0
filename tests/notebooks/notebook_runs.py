"""Execute a notebook by the running interpreter, in a world of its own.

``python tests/notebooks/notebook_runs.py`` refreshes the committed outputs of all notebooks; with
a notebook and a target, it writes the executed copy there.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
KERNEL = "python3"
SECONDS = 120


def execute(path: Path) -> Any:
    """Return the executed notebook, without anything that differs from run to run."""
    import nbformat  # noqa: PLC0415 - reads its settings from the environment
    from nbclient import NotebookClient  # noqa: PLC0415 - the same

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            kernel_name=KERNEL,
            timeout=SECONDS,
            record_timing=False,
            resources={"metadata": {"path": folder}},
        )
        client.execute()
    for cell in notebook.cells:
        cell.metadata.clear()
        if cell.cell_type == "code":
            cell.outputs = merged(cell.outputs)
        for output in cell.get("outputs", ()):
            # The drawing is kept as SVG; its PNG depends on the fonts of a machine.
            output.get("data", {}).pop("image/png", None)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": KERNEL},
        "language_info": {"name": "python"},
    }
    return notebook


def merged(outputs: list[Any]) -> list[Any]:
    """Return outputs with what is printed in one piece; a kernel sends it as time allows."""
    kept: list[Any] = []
    for output in outputs:
        earlier = kept[-1] if kept else {}
        if output["output_type"] == "stream" and output["name"] == earlier.get("name"):
            earlier["text"] += output["text"]
        else:
            kept.append(output)
    return kept


def use_own_jupyter(folder: Path) -> None:
    """Have Jupyter find one kernel, this interpreter, and keep its files in a folder.

    A warning is an error in that kernel once it has started, unless it is the kernel's own.
    """
    kernel = folder / "kernels" / KERNEL
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    specification = {"argv": command, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(specification), encoding="utf-8")
    profile = folder / "profile_default"
    profile.mkdir()
    lines = (
        "import warnings",
        "warnings.simplefilter('error')",
        "warnings.filterwarnings('ignore', module='ipykernel')",
        "del warnings",
    )
    strict = f"c.IPKernelApp.exec_lines = {list(lines)}\n"
    (profile / "ipython_kernel_config.py").write_text(strict, encoding="utf-8")
    os.environ |= {
        "JUPYTER_PATH": str(folder),
        "JUPYTER_DATA_DIR": str(folder),
        "JUPYTER_CONFIG_DIR": str(folder),
        "JUPYTER_RUNTIME_DIR": str(folder),
        "IPYTHONDIR": str(folder),
        "JUPYTER_PLATFORM_DIRS": "1",
    }


def main(arguments: list[str]) -> None:
    """Execute one notebook into a target, or refresh all."""
    import nbformat  # noqa: PLC0415 - reads its settings from the environment

    jobs = [(path, path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    if arguments:
        jobs = [(Path(arguments[0]), Path(arguments[1]))]
    for source, target in jobs:
        nbformat.write(execute(source), target)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as own:
        use_own_jupyter(Path(own))
        main(sys.argv[1:])
