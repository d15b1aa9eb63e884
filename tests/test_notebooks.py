"""Every released notebook is what its lesson says; and the check that says so does notice."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from helpers.course.build import build_all
from helpers.course.lesson import lesson_file, notebook_file, read_lesson
from helpers.course.notebook import MAX_BYTES, as_text, normalised
from helpers.course.syllabus import ROOT, Lesson, load_syllabus

SYLLABUS = load_syllabus()
LESSONS = [
    pytest.param(lesson, id=lesson.folder, marks=getattr(pytest.mark, f"lesson{lesson.number}"))
    for lesson in SYLLABUS.lessons
]


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_notebook_holds_against_its_lesson(lesson: Lesson, capsys: pytest.CaptureFixture) -> None:
    path = notebook_file(lesson)
    if not path.exists() and not lesson_file(lesson).exists():
        pytest.skip(f"lessons/{lesson.folder} is not written yet")
    assert build_all([lesson.key], check=True) == 0, capsys.readouterr().out
    assert path.stat().st_size <= MAX_BYTES == 1_500_000
    assert "widgets" not in nbformat.read(path, as_version=4).metadata


def test_the_course_holds_as_a_whole(capsys: pytest.CaptureFixture) -> None:
    if not any(lesson_file(lesson).is_file() for lesson in SYLLABUS.lessons):
        pytest.skip("no lesson is written yet")
    assert build_all([], check=True) == 0, capsys.readouterr().out


# ---- The check itself: one change to a notebook that holds, and it must name the cell

LESSON = """\
---
kernelspec: {display_name: Python 3, language: python, name: python3}
---

## Goal

+++

## Picture it

+++

## Predict

+++

## Explain

+++

## See

```{code-cell}
:tags: [covers-S1]

print("one")
```

Words between.

```{code-cell}
print("two")
```

## Explore

+++

## Build

+++

## Check

```{code-cell}
:tags: [solution]

print("the answer")
```

+++

## Recap
"""


@pytest.fixture
def course(tmp_path: Path) -> tuple[Path, NotebookNode]:
    """A course of one small lesson with a notebook that holds, filled in by hand: no kernel is needed to check."""
    lesson = SYLLABUS.lesson("01")
    lesson_file(lesson, tmp_path).parent.mkdir(parents=True)
    notebook_file(lesson, tmp_path).parent.mkdir()
    shutil.copy(ROOT / "lessons" / "syllabus.yaml", tmp_path / "lessons")
    lesson_file(lesson, tmp_path).write_text(LESSON, encoding="utf-8")
    notebook = read_lesson(lesson, SYLLABUS, tmp_path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="a word\n")]
    write(tmp_path, normalised(notebook))
    assert build_all([], check=True, root=tmp_path) == 0
    return tmp_path, notebook


def write(root: Path, notebook: NotebookNode) -> None:
    notebook_file(SYLLABUS.lesson("01"), root).write_text(as_text(notebook), encoding="utf-8")


def named(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.id == name)


def change_source(notebook: NotebookNode) -> None:
    named(notebook, "see-4").source = 'print("too")'


def change_words(notebook: NotebookNode) -> None:
    named(notebook, "see-3").source = "Words between!"


def change_tags(notebook: NotebookNode) -> None:
    named(notebook, "see-2").metadata.tags = ["covers-S2"]


def change_kind(notebook: NotebookNode) -> None:
    notebook.cells = [
        nbformat.v4.new_raw_cell(cell.source, id=cell.id) if cell.id == "see-3" else cell for cell in notebook.cells
    ]


def drop_cell(notebook: NotebookNode) -> None:
    notebook.cells.remove(named(notebook, "see-3"))


def add_cell(notebook: NotebookNode) -> None:
    notebook.cells.insert(3, nbformat.v4.new_markdown_cell("More words.", id="my-own"))


def swap_cells(notebook: NotebookNode) -> None:
    first, second = notebook.cells.index(named(notebook, "see-3")), notebook.cells.index(named(notebook, "see-4"))
    notebook.cells[first], notebook.cells[second] = notebook.cells[second], notebook.cells[first]


def drop_count(notebook: NotebookNode) -> None:
    named(notebook, "see-4").execution_count = None


def run_again(notebook: NotebookNode) -> None:
    named(notebook, "see-2").execution_count = 7


def insert_error(notebook: NotebookNode) -> None:
    error = nbformat.v4.new_output("error", ename="NameError", evalue="no such name", traceback=[])
    named(notebook, "see-4").outputs.append(error)


def insert_stderr(notebook: NotebookNode) -> None:
    named(notebook, "see-2").outputs.append(nbformat.v4.new_output("stream", name="stderr", text="100%|█████|"))


def insert_address(notebook: NotebookNode) -> None:
    data = {"text/plain": "<function f at 0x7f3a2c1b4d30>"}
    named(notebook, "see-2").outputs.append(nbformat.v4.new_output("display_data", data=data))


def leave_uncompared(notebook: NotebookNode) -> None:
    named(notebook, "see-2").metadata.tags.append("nbval-ignore-output")


def grow(notebook: NotebookNode) -> None:
    named(notebook, "see-4").outputs[0].text = "x" * MAX_BYTES


@pytest.mark.parametrize(
    ("mutate", "said"),
    [
        (change_source, """cell see-4: line 1 is 'print("too")', in the lesson 'print("two")'"""),
        (change_words, "cell see-3: line 1 is 'Words between!'"),
        (change_tags, "cell see-2: has {'tags': ['covers-S2']}"),
        (change_kind, "cell see-3: a raw cell, in the lesson a markdown cell"),
        (drop_cell, "cell see-3: missing in the notebook"),
        (add_cell, "cell my-own: not in the lesson"),
        (swap_cells, "cell see-4: out of order, the lesson has see-3 there"),
        (drop_count, "cell see-4: was not run"),
        (run_again, "cell see-2: was run out of order: count 7, expected 1"),
        (insert_error, "cell see-4: holds an error: NameError: no such name"),
        (insert_stderr, "cell see-2: wrote to stderr"),
        (insert_address, "cell see-2: shows a memory address, another in each run: 0x7f3a2c1b4d30"),
        (leave_uncompared, "more than 1 of 10 code cells: see-2"),
        (grow, "more than 1.5 MB; most of it in cell see-4"),
    ],
)
def test_the_check_names_the_cell(
    course: tuple[Path, NotebookNode],
    mutate: Callable[[NotebookNode], None],
    said: str,
    capsys: pytest.CaptureFixture,
) -> None:
    root, notebook = course
    changed = copy.deepcopy(notebook)
    mutate(changed)
    write(root, changed)
    assert build_all(["01"], check=True, root=root) == 1
    assert said in capsys.readouterr().out


def widget_state(notebook: NotebookNode) -> None:
    notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {}}}


def kernel_version(notebook: NotebookNode) -> None:
    notebook.metadata.language_info.version = "3.12.1"


def loose_pieces(notebook: NotebookNode) -> None:
    cell = named(notebook, "see-2")
    cell.outputs.append(copy.deepcopy(cell.outputs[0]))


def widget_id(notebook: NotebookNode) -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "5f0c" * 8, "version_major": 2}}
    named(notebook, "see-2").outputs.append(nbformat.v4.new_output("display_data", data=view))


@pytest.mark.parametrize("mutate", [widget_state, kernel_version, loose_pieces, widget_id])
def test_the_check_sees_traces_of_a_run(
    course: tuple[Path, NotebookNode], mutate: Callable[[NotebookNode], None], capsys: pytest.CaptureFixture
) -> None:
    root, notebook = course
    mutate(notebook)
    write(root, notebook)
    assert build_all(["01"], check=True, root=root) == 1
    assert "not as course build wrote it" in capsys.readouterr().out


def test_the_check_sees_a_lesson_that_moved_on(
    course: tuple[Path, NotebookNode], capsys: pytest.CaptureFixture
) -> None:
    """A change in a solution alters no cell of the notebook, yet the notebook was not built from these words."""
    root, _ = course
    path = lesson_file(SYLLABUS.lesson("01"), root)
    path.write_text(LESSON.replace("the answer", "another answer"), encoding="utf-8")
    assert build_all(["01"], check=True, root=root) == 1
    assert "built from an older lesson.md" in capsys.readouterr().out
    path.write_text(LESSON.replace('"two"', '"2"'), encoding="utf-8")
    assert build_all(["01"], check=True, root=root) == 1
    assert "cell see-4: line 1" in capsys.readouterr().out


def test_the_check_survives_a_broken_file(course: tuple[Path, NotebookNode], capsys: pytest.CaptureFixture) -> None:
    root, _ = course
    path = notebook_file(SYLLABUS.lesson("01"), root)
    for text in ("<<<<<<< HEAD", "[]", '{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}'):
        path.write_text(text)
        assert build_all(["01"], check=True, root=root) == 1
        assert "not a notebook" in capsys.readouterr().out
