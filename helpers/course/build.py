"""From `lessons/NN_name/lesson.md` to `notebooks/NN_name.ipynb`, so that the same words give the same bytes.

The build reads a lesson, leaves out its solutions, runs the rest from top to bottom in one fresh kernel and writes the
notebook with its outputs in one fixed form: only numbers that a cell measures differ between two builds. The check
holds a notebook against its lesson without running it, and a build writes nothing that the check would refuse.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from helpers.course.header import mode_headings
from helpers.course.lesson import (
    KERNELSPEC,
    PARTS,
    Part,
    held_to_manner,
    lesson_file,
    lesson_problems,
    notebook_file,
    read_lesson,
)
from helpers.course.manner import output_problems
from helpers.course.minutes import contents, in_words, minute_problems
from helpers.course.notebook import as_text, normalised, notebook_problems
from helpers.course.patience import wait_patiently
from helpers.course.syllabus import ROOT, Lesson, Syllabus, load_syllabus

CELL_SECONDS = 120
TRACEBACK_LINES = 12
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class BuildError(Exception):
    """A lesson that was not built, or a notebook that does not hold; the message says why and names the cells."""


def build_all(names: Sequence[str], check: bool = False, force: bool = False, root: Path = ROOT) -> int:
    """Build the notebooks of the lessons `names` ("01", "02", ...; empty: of all), or check them. Returns an exit code.

    A notebook that already holds against its lesson is left alone unless `force`. With `check` nothing is run or
    written. Prints one line for each lesson, and below it what is wrong.
    """
    try:
        syllabus = load_syllabus(root)
        lessons = [syllabus.lesson(name) for name in names] or list(syllabus.lessons)
    except ValueError as error:
        print(error)
        return 1
    written = [lesson for lesson in lessons if lesson_file(lesson, root).is_file()]
    if names:
        complaints = [f"lessons/{one.folder}/lesson.md is not there" for one in lessons if one not in written]
    else:
        complaints = strays(syllabus, root)
    if not written and not complaints:
        complaints = [f"no lesson is written in {root / 'lessons'}"]
    holds = True
    for lesson, part in [(lesson, part) for lesson in written for part in PARTS]:
        if not lesson_file(lesson, root, part).is_file():
            continue
        try:
            verdict = _check(lesson, syllabus, root, part) if check else _build(lesson, syllabus, force, root, part)
        except BuildError as error:
            holds, verdict = False, str(error)
        print(f"{'more/' if part == 'more' else ''}{lesson.folder}: {verdict}")
    for complaint in complaints:
        print(complaint)
    return 0 if holds and not complaints else 1


def _check(lesson: Lesson, syllabus: Syllabus, root: Path, part: Part) -> str:
    """Hold one notebook against its lesson. Raises `BuildError` with all that differs."""
    problems = lesson_problems(lesson, syllabus, root, part)
    if not problems:  # a lesson with faults has no notebook to be held against
        problems = _faults(_text(notebook_file(lesson, root, part)), lesson, syllabus, root, part)
    if problems:
        raise BuildError("does not hold" + _listed(problems))
    return "holds"


def _build(lesson: Lesson, syllabus: Syllabus, force: bool, root: Path, part: Part) -> str:
    """Build one notebook. Raises `BuildError` and leaves the old notebook as it was if anything is wrong."""
    path = notebook_file(lesson, root, part)
    if problems := lesson_problems(lesson, syllabus, root, part):
        raise BuildError("not built" + _listed(problems))
    text = _text(path)
    if not force and not _faults(text, lesson, syllabus, root, part):
        return "unchanged" + _plan(text, lesson, syllabus, part)
    start = time.perf_counter()
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = execute(read_lesson(lesson, syllabus, root, part=part), path.parent)
    text = as_text(normalised(notebook))
    if problems := _faults(text, lesson, syllabus, root, part):
        raise BuildError("not built" + _listed(problems))
    # A build that is cut off must not leave half a notebook: the whole file takes the old one's place at once.
    draft = path.with_suffix(".ipynb.tmp")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.replace(path)
    count = sum(cell.cell_type == "code" for cell in notebook.cells)
    size = f"{count} code cells in {time.perf_counter() - start:.1f} s, {len(text.encode()) / 1000:.0f} kB"
    return f"built, {size}" + _plan(text, lesson, syllabus, part)


def _faults(text: str, lesson: Lesson, syllabus: Syllabus, root: Path, part: Part) -> list[str]:
    """All that is wrong with the notebook file `text`: against its lesson, and against how lessons are written."""
    problems = notebook_problems(text, read_lesson(lesson, syllabus, root, part=part))
    if problems or not held_to_manner(lesson, part):
        return problems
    cells = nbformat.reads(text, as_version=4).cells
    problems = output_problems(cells)
    if part == "lesson":
        headings = mode_headings(_text(lesson_file(lesson, root)), syllabus)
        problems += minute_problems(headings, contents(cells, syllabus), syllabus)
    return problems


def _plan(text: str, lesson: Lesson, syllabus: Syllabus, part: Part) -> str:
    """A line with the minutes that the rule makes of a lesson that is held to them."""
    if part == "more" or lesson.edition == 1:
        return ""
    return _listed([in_words(contents(nbformat.reads(text, as_version=4).cells, syllabus))])


def strays(syllabus: Syllabus, root: Path) -> list[str]:
    """Lessons that the syllabus does not know, and notebooks that no lesson makes."""
    known = {lesson.folder for lesson in syllabus.lessons}
    complaints = []
    for part in PARTS:
        notebooks = Path("notebooks", "more" if part == "more" else "")
        written = {path.parent.name for path in (root / "lessons").glob(f"*/{part}.md")}
        built = {path.stem for path in (root / notebooks).glob("*.ipynb")}
        complaints += [f"lessons/{name}: lessons/syllabus.yaml has no such lesson" for name in sorted(written - known)]
        complaints += [
            f"{(notebooks / name).as_posix()}.ipynb: there is no lessons/{name}/{part}.md"
            for name in sorted(built - written)
        ]
    return complaints


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run all cells in one fresh kernel that works in `folder` and knows nothing of its author's settings or progress.

    Raises `BuildError` at the first cell that fails, with its name and the last lines of its traceback.
    """
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name=KERNELSPEC["name"],
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        force_raise_errors=True,
        extra_arguments=["--log-level=ERROR"],  # the kernel's warnings about itself are no concern of an author
    )
    wait_patiently()
    with TemporaryDirectory(ignore_cleanup_errors=True) as empty:
        own = {
            "COURSE_HOME": str(Path(empty, "course")),
            "IPYTHONDIR": str(Path(empty, "ipython")),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "PYTHONHASHSEED": "0",
        }
        Path(own["COURSE_HOME"]).mkdir()
        with client.setup_kernel(env=os.environ | own):
            for index, cell in enumerate(tqdm(notebook.cells, "cells", leave=False, disable=None)):
                try:
                    client.execute_cell(cell, index)
                except CellExecutionError as error:
                    trace = [text for output in cell.outputs for text in output.get("traceback", [])] or [str(error)]
                    lines = ANSI.sub("", "\n".join(trace)).strip().splitlines()[-TRACEBACK_LINES:]
                    raise BuildError(f"not built: cell {cell.id} failed" + _listed(lines)) from None
                except CellTimeoutError:
                    raise BuildError(f"not built: cell {cell.id} took longer than {CELL_SECONDS} s") from None
                except DeadKernelError:
                    raise BuildError(f"not built: the kernel died in cell {cell.id}") from None
    return notebook


def _listed(lines: Sequence[str]) -> str:
    """The lines, each indented below what came before."""
    return "".join(f"\n    {line}" for line in lines)


def _text(path: Path) -> str:
    """A file's text, with the same line ends on every system; empty if there is no file."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""
