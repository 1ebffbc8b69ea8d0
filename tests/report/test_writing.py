"""A directory of results appears whole or not at all, and replaces nothing foreign."""

from __future__ import annotations

import json
import os

import pytest

from trustsem.errors import OutputError
from trustsem.report import new_file, require_destination
from trustsem.report.writing import new_directory


def write_run(path, text="first", *, force=False):
    with new_directory(path, force=force) as folder:
        (folder / "report.html").write_text(text)
        manifest = {"program": "trustsem", "outputs": {"report.html": ""}}
        (folder / "manifest.json").write_text(json.dumps(manifest))


def write_half(path, failure):
    with new_directory(path) as folder:
        (folder / "half.html").write_text("half")
        raise failure


def everything_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_results_appear_at_the_end_with_parents(tmp_path):
    place = tmp_path / "a" / "b" / "run"
    with new_directory(place) as folder:
        (folder / "x").write_text("1")
        assert not place.exists()
        assert not place.parent.exists()
    assert everything_in(place) == ["x"]
    assert everything_in(tmp_path) == ["a"]
    assert place.stat().st_mode & 0o777 == 0o777 & ~current_umask()


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_nothing_is_left_when_writing_stops(tmp_path, failure):
    with pytest.raises(failure):
        write_half(tmp_path / "deep" / "run", failure)
    assert everything_in(tmp_path) == []


def test_an_interrupted_replacement_keeps_the_earlier_results(tmp_path):
    write_run(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt), new_directory(tmp_path / "run", force=True):
        raise KeyboardInterrupt
    assert (tmp_path / "run" / "report.html").read_text() == "first"
    assert everything_in(tmp_path) == ["run"]


def test_a_replacement_that_cannot_be_moved_in_restores_the_earlier_results(tmp_path, monkeypatch):
    write_run(tmp_path / "run")
    replace = os.replace

    def stubborn(source, target):
        if os.fspath(source).endswith("content"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", stubborn)
    with pytest.raises(OutputError, match="No space left"):
        write_run(tmp_path / "run", "second", force=True)
    assert (tmp_path / "run" / "report.html").read_text() == "first"
    assert everything_in(tmp_path) == ["run"]


def test_earlier_results_are_replaced_only_by_force(tmp_path):
    write_run(tmp_path / "run")
    with pytest.raises(OutputError, match="already holds results"):
        require_destination(tmp_path / "run")
    write_run(tmp_path / "run", "second", force=True)
    assert (tmp_path / "run" / "report.html").read_text() == "second"
    assert everything_in(tmp_path) == ["run"]


def test_an_empty_directory_is_taken(tmp_path):
    (tmp_path / "run").mkdir()
    write_run(tmp_path / "run")
    assert everything_in(tmp_path / "run") == ["manifest.json", "report.html"]


@pytest.mark.parametrize("force", [False, True])
def test_a_foreign_directory_is_never_replaced(tmp_path, force):
    (tmp_path / "thesis.docx").write_text("precious")
    with pytest.raises(OutputError, match="left alone"):
        require_destination(tmp_path, force=force)
    (tmp_path / "manifest.json").write_text('{"program": "other"}')
    with pytest.raises(OutputError, match="left alone"):
        require_destination(tmp_path, force=force)


def test_results_with_notes_of_the_user_among_them_are_not_replaced(tmp_path):
    write_run(tmp_path / "run")
    (tmp_path / "run" / "my notes.txt").write_text("precious")
    with pytest.raises(OutputError, match=r"my notes\.txt"):
        require_destination(tmp_path / "run", force=True)


def test_a_file_or_a_link_is_not_replaced(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="not a directory"):
        require_destination(tmp_path / "file", force=True)
    write_run(tmp_path / "run")
    (tmp_path / "link").symlink_to(tmp_path / "run")
    with pytest.raises(OutputError, match="symbolic link"):
        require_destination(tmp_path / "link", force=True)


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be created"):
        require_destination(tmp_path / "file" / "run")


def write_half_a_file(path):
    with new_file(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt


def test_a_single_file_appears_whole_or_not_at_all(tmp_path):
    place = tmp_path / "figure.svg"
    with pytest.raises(KeyboardInterrupt):
        write_half_a_file(place)
    assert everything_in(tmp_path) == []
    with new_file(place) as temporary:
        temporary.write_text("whole")
    with pytest.raises(OutputError, match="exists"), new_file(place):
        pass
    with new_file(place, force=True) as temporary:
        temporary.write_text("new")
    assert place.read_text() == "new"
    assert everything_in(tmp_path) == ["figure.svg"]
