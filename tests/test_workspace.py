"""The learner's folder: no answers in it, and nothing of the learner's is ever lost."""

from __future__ import annotations

import errno
import json
import shutil
from datetime import date
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from helpers.course import workspace
from helpers.course.workspace import RECORD, Update, WorkspaceError, update_workspace, workspace_folder

NAME = "01_pixel_labels.ipynb"
DAY = date(2026, 3, 1)


def release(folder: Path, source: str, output: str = "42") -> None:
    """Write a notebook as it is released: executed, with its answer."""
    shown = v4.new_output("execute_result", {"text/plain": output}, execution_count=1)
    cells = [
        v4.new_markdown_cell("# Lesson", id="title"),
        v4.new_code_cell(source, id="code", execution_count=1, outputs=[shown]),
    ]
    notebook = v4.new_notebook(cells=cells, metadata={"widgets": {"state": "secret"}})
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / NAME)


def edit(path: Path, source: str) -> bytes:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source = source
    nbformat.write(notebook, path)
    return path.read_bytes()


class Course:
    """The released notebooks and a workspace, in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.released, self.workspace = folder / "notebooks", folder / "work" / "space"
        self.copy = self.workspace / NAME

    def update(self, day: date = DAY) -> Update:
        return update_workspace(self.workspace, self.released, day)

    def source(self, name: str = NAME) -> str:
        return nbformat.read(self.workspace / name, as_version=4).cells[1].source

    def files(self) -> set[str]:
        return {path.name for path in self.workspace.iterdir()} - {RECORD}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    course = Course(tmp_path)
    release(course.released, "6 * 7")
    assert course.update().copied == [NAME]
    return course


def test_first_start_copies_without_answers(course: Course) -> None:
    text = course.copy.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[1].source == "6 * 7"
    assert notebook.cells[1].outputs == [] and notebook.cells[1].execution_count is None
    assert "42" not in text and "secret" not in text


def test_second_start_does_nothing(course: Course) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in course.workspace.iterdir()}
    assert course.update() == Update() and course.update().lines() == []
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in course.workspace.iterdir()} == before


def test_untouched_copy_follows_the_release(course: Course) -> None:
    release(course.released, "7 * 6")
    assert course.update() == Update(replaced=[NAME])
    assert course.source() == "7 * 6" and course.files() == {NAME}


def test_new_numbers_in_the_outputs_are_no_new_lesson(course: Course) -> None:
    mine = edit(course.copy, "my answer")
    release(course.released, "6 * 7", output="43")
    assert course.update() == Update()
    assert course.copy.read_bytes() == mine


def test_opening_a_notebook_is_not_work(course: Course) -> None:
    notebook = nbformat.read(course.copy, as_version=4)
    notebook.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
    nbformat.write(notebook, course.copy)
    release(course.released, "7 * 6")
    assert course.update().replaced == [NAME]


def test_work_is_kept_and_the_new_lesson_arrives_beside_it_once(course: Course) -> None:
    mine = edit(course.copy, "my answer")
    assert course.update() == Update(), "nothing new was released"
    release(course.released, "7 * 6")
    update = course.update()
    new = "01_pixel_labels.new-2026-03-01.ipynb"
    assert update == Update(beside={NAME: new})
    assert course.copy.read_bytes() == mine
    assert course.source(new) == "7 * 6"
    assert any(NAME in line and new in line for line in update.lines())
    assert course.update(date(2026, 3, 2)) == Update(), "each release is offered once"
    (course.workspace / new).unlink()
    assert course.update() == Update(), "a new lesson that the learner threw away stays away"


def test_two_releases_on_one_day_get_two_names(course: Course) -> None:
    edit(course.copy, "my answer")
    for source in ("second", "third"):
        release(course.released, source)
        course.update()
    assert course.files() == {NAME, "01_pixel_labels.new-2026-03-01.ipynb", "01_pixel_labels.new-2026-03-01-2.ipynb"}
    assert course.source("01_pixel_labels.new-2026-03-01.ipynb") == "second"
    assert course.source("01_pixel_labels.new-2026-03-01-2.ipynb") == "third"


def test_outputs_are_work_too(course: Course) -> None:
    notebook = nbformat.read(course.copy, as_version=4)
    notebook.cells[1].outputs = [v4.new_output("stream", text="hours of training")]
    nbformat.write(notebook, course.copy)
    mine = course.copy.read_bytes()
    release(course.released, "7 * 6")
    assert list(course.update().beside) == [NAME]
    assert course.copy.read_bytes() == mine


def test_a_deleted_copy_comes_back(course: Course) -> None:
    edit(course.copy, "my answer")
    course.copy.unlink()
    release(course.released, "7 * 6")
    assert course.update() == Update(copied=[NAME])
    assert course.source() == "7 * 6"


def test_a_learner_who_took_the_new_lesson_gets_updates_again(course: Course) -> None:
    edit(course.copy, "my answer")
    release(course.released, "second")
    new = course.workspace / course.update().beside[NAME]
    new.replace(course.copy)
    assert course.update() == Update()
    release(course.released, "third")
    assert course.update() == Update(replaced=[NAME])


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"01_pixel_labels.ipynb": {"copied": "x"}}'])
def test_damaged_record_is_made_anew_and_work_is_kept(course: Course, damage: str) -> None:
    mine = edit(course.copy, "my answer")
    (course.workspace / RECORD).write_text(damage, encoding="utf-8")
    update = course.update()
    assert update.record_lost and RECORD in update.lines()[0]
    assert course.copy.read_bytes() == mine
    assert len(update.beside) == 1, "whether the lesson changed is no longer known"
    assert course.update() == Update()


def test_an_unreadable_notebook_is_the_learners(course: Course) -> None:
    course.copy.write_text("{ half a notebook", encoding="utf-8")
    release(course.released, "7 * 6")
    assert list(course.update().beside) == [NAME]
    assert course.copy.read_text(encoding="utf-8") == "{ half a notebook"


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    release(course.released, "7 * 6")
    before = course.copy.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(workspace.os, "fsync", full)
    with pytest.raises(WorkspaceError, match=r"cannot be written to \(No space left on device\).*COURSE_WORKSPACE"):
        course.update()
    assert course.copy.read_bytes() == before and course.files() == {NAME}
    monkeypatch.undo()
    assert course.update() == Update(replaced=[NAME])


def test_a_workspace_that_cannot_be_made(course: Course, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="cannot be written to"):
        update_workspace(tmp_path / "file" / "workspace", course.released)


def test_no_or_damaged_released_notebooks(course: Course, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="There are no notebooks"):
        update_workspace(tmp_path / "w", tmp_path / "nowhere")
    (course.released / NAME).write_text("<<<<<<< HEAD", encoding="utf-8")
    with pytest.raises(WorkspaceError, match=rf"{NAME} is damaged"):
        course.update()


def test_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_WORKSPACE", str(tmp_path))
    assert workspace_folder() == tmp_path
    monkeypatch.delenv("COURSE_WORKSPACE")
    assert workspace_folder() == Path(__file__).resolve().parent.parent / "workspace"


def test_record_is_plain_data(course: Course) -> None:
    record = json.loads((course.workspace / RECORD).read_text(encoding="utf-8"))
    assert set(record) == {NAME} and record[NAME]["copied"] == record[NAME]["offered"] != ""


@pytest.mark.parametrize(("step", "code"), [("chmod", errno.EPERM), ("chmod", errno.ENOTSUP), ("fsync", errno.EINVAL)])
def test_a_share_that_refuses_a_step_nobody_needs_still_gets_the_lesson(
    course: Course, monkeypatch: pytest.MonkeyPatch, step: str, code: int
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(code, "not on this share")

    monkeypatch.setattr(workspace.os, step, refuse)
    release(course.released, "7 * 6")
    assert course.update() == Update(replaced=[NAME])
    assert course.files() == {NAME}


COPIES = ["-Copy1", " (1)", " copy", " - Copy", " 2", "_copy", " (conflicted copy 2026-03-01)", "-checkpoint"]


@pytest.mark.parametrize("suffix", COPIES)
def test_a_copy_of_a_lesson_is_no_lesson(course: Course, suffix: str) -> None:
    stem = NAME.removesuffix(".ipynb")
    for folder in (course.released, course.workspace):
        shutil.copy(folder / NAME, folder / f"{stem}{suffix}.ipynb")
    assert course.update().lessons == (NAME,)
    assert course.update() == Update()


def test_a_home_that_nobody_knows_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_WORKSPACE", "~no-such-user/course")
    with pytest.raises(WorkspaceError, match="name it in full"):
        workspace_folder()
