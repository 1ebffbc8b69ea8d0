"""The rules of the house hold: layers, public names, bibliography, lightness, and tidiness."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import trustsem
from trustsem.references import REFERENCES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "trustsem"
HEAVY = ("semopy", "statsmodels", "sklearn", "matplotlib", "pyreadstat", "docx", "IPython")
BINARY = {".sav", ".zsav", ".png", ".pdf", ".xlsx", ".docx", ".parquet", ".dta", ".pyc"}
SECTIONS = {"Parameters", "Returns", "Yields", "Raises", "Notes", "References", "Examples"}


def source_files() -> list[Path]:
    """Return every module of the package."""
    return sorted(SOURCE.rglob("*.py"))


def packages() -> list[str]:
    """Return the package and its sub-packages, which declare public names."""
    found = pkgutil.walk_packages(trustsem.__path__, "trustsem.")
    return ["trustsem", *(module.name for module in found if module.ispkg)]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def project_files() -> list[Path]:
    """Return the files that git holds or would hold; without git, those of the folder."""
    listing = run("git", "ls-files", "--cached", "--others", "--exclude-standard")
    if listing.returncode == 0:
        return [path for name in listing.stdout.splitlines() if (path := ROOT / name).is_file()]
    made = {"build", "dist", "replications", "__pycache__", ".venv", ".git", ".hypothesis"}
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and not any(
            part in made or part.endswith(("_cache", ".egg-info"))
            for part in path.relative_to(ROOT).parts
        )
    ]


def test_imports_point_one_way() -> None:
    linter = pytest.importorskip("importlinter.cli", reason="import-linter is not installed")
    outcome = linter.lint_imports(
        config_filename=str(ROOT / "pyproject.toml"), no_cache=True, verbose=False
    )
    assert outcome == linter.EXIT_STATUS_SUCCESS


@pytest.mark.parametrize("module", ["trustsem", "trustsem.cli"])
def test_importing_stays_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    outcome = run(sys.executable, "-c", code)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.split() == []


@pytest.mark.parametrize("name", packages())
def test_declared_names_are_the_public_names(name: str) -> None:
    module = importlib.import_module(name)
    declared = getattr(module, "__all__", None)
    assert declared is not None or not module_public_names(module), f"{name} lacks __all__"
    assert len(set(declared or ())) == len(declared or ())
    assert [item for item in declared or () if not hasattr(module, item)] == []
    if declared is not None:
        assert module_public_names(module) <= set(declared) | set(trustsem_submodules(module))


def module_public_names(module: ModuleType) -> set[str]:
    """Return the functions, classes and values that a package shows without an underscore."""
    imported_for_itself = {"annotations", "TYPE_CHECKING", "Any"}
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and name not in imported_for_itself
        and not inspect.ismodule(value)
        and getattr(value, "__module__", module.__name__).startswith("trustsem")
    }


def trustsem_submodules(module: ModuleType) -> list[str]:
    """Return the names of a package's modules."""
    return [found.name for found in pkgutil.iter_modules(module.__path__)]


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_cited_key_is_in_the_bibliography(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    cited = set(re.findall(r"\[([a-z]+\d{4}[a-z]*)\]_", text))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg in {"source", "sources", "reference"}:
            cited |= set(_texts(node.value))
    unknown = {key for key in cited if re.fullmatch(r"[a-z]+\d{4}[a-z]*", key)} - set(REFERENCES)
    assert not unknown


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the text constants under a node."""
    for found in ast.walk(node):
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.value


def test_references_are_complete_sentences() -> None:
    wrong = [
        key for key, text in REFERENCES.items() if not re.search(r"\(\d{4}[a-z]?\)\..*\.$", text)
    ]
    assert wrong == []


def public_objects() -> list[Any]:
    """Return what users call: every public function, class and method, as test parameters."""
    found: dict[str, Any] = {}
    for name in getattr(trustsem, "__all__", ()):
        value = getattr(trustsem, name)
        if not callable(value):
            continue
        found[name] = value
        if inspect.isclass(value):
            for method, function in vars(value).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    found[f"{name}.{method}"] = function
    return [pytest.param(value, id=name) for name, value in found.items()]


@pytest.mark.parametrize("value", public_objects())
def test_public_functions_say_what_they_take_and_give(value: Any) -> None:
    text = inspect.getdoc(value) or ""
    assert text, "no docstring"
    assert text.splitlines()[0].rstrip().endswith("."), "the summary is no sentence"
    if inspect.isclass(value):
        return
    headed = set(re.findall(r"^(\w+)\n-{3,}$", text, re.MULTILINE))
    assert headed <= SECTIONS | {"See Also", "Warns", "Attributes"}
    taken = [
        parameter.name
        for parameter in inspect.signature(value).parameters.values()
        if parameter.name not in {"self", "cls"} and parameter.kind is not parameter.VAR_KEYWORD
    ]
    told_elsewhere = ":func:`" in text or len(taken) == 1
    missing = [
        name
        for name in taken
        if not told_elsewhere and not re.search(rf"^[\w*, ]*\b{name}\b.*:", text, re.MULTILINE)
    ]
    assert not missing, f"undocumented: {missing}"


def test_no_file_knows_a_machine_or_a_registry() -> None:
    pattern = re.compile(
        r"(?<![\w.])/(?:work|tmp|opt|home|root|Users)/\w+|files\.pythonhosted|pypi\.org/simple"
        r"|--(?:extra-)?index-url|localhost:\d|127\.0\.0\.1"
    )
    found = []
    for path in project_files():
        if path == Path(__file__) or path.suffix in BINARY:
            continue
        for place, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{place}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


def test_modules_hold_no_unfinished_work() -> None:
    pattern = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError\b")
    found = [
        f"{path.relative_to(ROOT)}:{place}"
        for path in source_files()
        for place, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_only_the_command_line_prints() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in source_files()
        if "cli" not in path.relative_to(SOURCE).parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert found == []


def test_the_readme_holds_one_test_command_and_ci_calls_it() -> None:
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```")[1::2]
    commands = [line for block in blocks for line in block.splitlines() if "-m pytest" in line]
    assert len(commands) == 1
    assert commands[0].startswith("python3 -m venv .venv && "), "it must do its own set-up"
    ci = ROOT / ".ci" / "run"
    assert os.access(ci, os.X_OK)
    assert "README.md" in ci.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("ruff", ("check", ".")),
        ("ruff", ("format", "--check", ".")),
        ("mypy", ("--strict",)),
    ],
    ids=["ruff", "format", "mypy"],
)
def test_the_code_passes_its_checks(tool: str, command: tuple[str, ...]) -> None:
    if importlib.util.find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed (dependency group 'lint')")
    outcome = run(sys.executable, "-m", tool, *command, NO_COLOR="1")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
