"""Writing a directory of results: all of it or nothing, and never over foreign files."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from trustsem.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "trustsem"
MANIFEST = "manifest.json"


def require_destination(directory: str | Path, *, force: bool = False) -> Path:
    """Return the absolute path of a directory that may be written.

    Parameters
    ----------
    directory : path
        Where the results are to go. It may be absent or empty.
    force : bool
        Allow the directory of an earlier run, if it holds nothing but what that run wrote.

    Raises
    ------
    OutputError
        If something is there that must not be replaced.
    """
    if not isinstance(directory, str | Path):
        raise OutputError(f"A directory is named by a path, got {type(directory).__name__}.")
    path = Path(os.path.abspath(Path(directory).expanduser()))  # noqa: PTH100  (keep links visible)
    if not _can_exist(path):
        raise OutputError(
            "is no name that a directory can have.", where=str(path), remedy="Choose a shorter one."
        )
    if path.is_symlink():
        raise OutputError("is a symbolic link.", where=str(path), remedy="Name a directory.")
    if not path.exists():
        _require_writable(path)
        return path
    if not path.is_dir():
        raise OutputError("is not a directory.", where=str(path), remedy="Choose another place.")
    if not any(path.iterdir()):
        return path
    foreign = _foreign_files(path)
    if foreign is None:
        raise OutputError(
            "exists and does not hold results of trustsem; it is left alone.",
            where=str(path),
            remedy="Choose another directory.",
        )
    if not force:
        raise OutputError(
            "already holds results.",
            where=str(path),
            remedy="Choose another directory, or replace them: --force (Python: force=True).",
        )
    if foreign:
        raise OutputError(
            f"holds files that trustsem did not write, such as {foreign[0]!r}; it is left alone.",
            where=str(path),
            remedy="Move them elsewhere, or choose another directory.",
        )
    return path


@contextlib.contextmanager
def new_directory(destination: Path, *, force: bool = False) -> Iterator[Path]:
    """Fill a temporary directory that becomes ``destination`` when the block ends well.

    Parameters
    ----------
    destination : Path
        Final place, accepted by :func:`require_destination`.
    force : bool
        Replace the results of an earlier run.

    Yields
    ------
    Path
        The temporary directory; whatever goes wrong, it disappears.

    Raises
    ------
    OutputError
        If the place cannot be written.
    """
    anchor = _existing_ancestor(destination.parent)
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=anchor))
    except OSError as error:
        raise OutputError(f"cannot be written ({error.strerror}).", where=str(anchor)) from error
    try:
        content = temporary / "content"
        content.mkdir()
        yield content
        require_destination(destination, force=force)
        _move(content, destination, temporary / "replaced")
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"cannot be written ({error.strerror or error}).", where=str(destination)
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def require_new_file(path: Path, *, force: bool = False) -> None:
    """Refuse to write over a file that exists.

    Raises
    ------
    OutputError
        If something is there, unless it is a file and ``force``.
    """
    if path.is_dir():
        raise OutputError("is a directory.", where=str(path), remedy="Name a file.")
    if path.exists() and not force:
        raise OutputError("exists.", where=str(path), remedy="Replace it with --force.")


@contextlib.contextmanager
def new_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Fill a temporary file that becomes ``path`` when the block ends well.

    Parameters
    ----------
    path : Path
        Final place; its directory must exist.
    force : bool
        Replace a file that is there.

    Yields
    ------
    Path
        The temporary file, with the same suffix; whatever goes wrong, it disappears.

    Raises
    ------
    OutputError
        If something is there already, or the place cannot be written.
    """
    require_new_file(path, force=force)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise OutputError(f"cannot be written ({error.strerror}).", where=str(path)) from error
    try:
        temporary = folder / path.name
        yield temporary
        os.replace(temporary, path)  # noqa: PTH105  (one atomic rename)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_hashes(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a directory, by relative path, in order."""
    return {name: sha256(directory / name) for name in _files(directory)}


def _move(content: Path, destination: Path, replaced: Path) -> None:
    """Put the new directory in place; an earlier one steps back if that fails."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    if not destination.exists() or not any(destination.iterdir()):
        if destination.exists():
            destination.rmdir()
        os.replace(content, destination)  # noqa: PTH105  (one atomic rename)
        return
    os.replace(destination, replaced)  # noqa: PTH105
    try:
        os.replace(content, destination)  # noqa: PTH105
    except BaseException:
        os.replace(replaced, destination)  # noqa: PTH105
        raise


def _foreign_files(path: Path) -> list[str] | None:
    """Return files that an earlier run did not write; None where no run wrote this directory."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("program") != PROGRAM:
        return None
    ours = {MANIFEST, *manifest.get("outputs", {})}
    return [name for name in _files(path) if name not in ours]


def _files(directory: Path) -> list[str]:
    return sorted(
        path.relative_to(directory).as_posix()
        for path in directory.rglob("*")
        if not path.is_dir() or path.is_symlink()
    )


def _can_exist(path: Path) -> bool:
    """Return whether the system knows such names: not too long, no NUL in them."""
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except (OSError, ValueError) as error:
        return getattr(error, "errno", None) in (errno.ENOTDIR, errno.EACCES)
    return True


def _existing_ancestor(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def _require_writable(path: Path) -> None:
    anchor = _existing_ancestor(path.parent)
    if not anchor.is_dir() or not os.access(anchor, os.W_OK | os.X_OK):
        raise OutputError("cannot be created.", where=str(path), remedy=f"Check {anchor}.")
