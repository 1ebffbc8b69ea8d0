"""The data files that come with trustsem, and where they are."""

from __future__ import annotations

from pathlib import Path

from trustsem.errors import UnreadableFileError, did_you_mean


def data_folder() -> Path:
    """Return the folder of shipped data: in the installed package, or in the repository.

    Raises
    ------
    UnreadableFileError
        If neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    candidates = (package / "_data", package.parent.parent / "data")
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise UnreadableFileError(
        candidates[0], "The shipped data are not installed.", "Install trustsem again."
    )


def data_path(name: str) -> Path:
    """Return the path of a shipped data file.

    Parameters
    ----------
    name : str
        File name, such as ``"brockman2017.sav"``.

    Raises
    ------
    UnreadableFileError
        If no such file is shipped.
    """
    folder = data_folder()
    path = folder / name
    if Path(name).name != name or not path.is_file():
        known = sorted(each.name for each in folder.iterdir() if each.is_file())
        raise UnreadableFileError(
            path, "No such file is shipped.", did_you_mean(name, known).strip()
        )
    return path
