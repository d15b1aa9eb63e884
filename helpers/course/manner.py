"""How a lesson of the second edition is written: short cells, no drawing in them, numbers shown rather than judged.

`source_problems` reads the cells as they are written, `output_problems` what they put out when they ran. A lesson is
held to both from its second edition on (`edition` in `lessons/syllabus.yaml`), a `more.md` always.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode

from helpers.course.tags import TRUTH_VALUE
from helpers.course.task import task_problems
from helpers.measured import problems as number_problems

CELL_LINES, FOLDED_LINES, LESSON_LINES = 20, 40, 260
DRAWING = re.compile(
    r"\bplt\s*\.|\b(?:import|from)\s+(?:matplotlib|pylab)\b"
    r"|\bax\s*\.|\bax\s*=(?!=)|\baxes\s*[\[.]|\b(?:fig|figure), *ax"
)
JUDGED = re.compile(r"\b(?:True|False)[.!)]*\s*$")
WIDGET_REPR = re.compile(r"\b(?:Int|Float)Progress\(|^(?:HBox|VBox|Box|Output)\(|\d+%\|")
"""What ipywidgets and tqdm write of a bar where no front end draws it: it says nothing and changes with the run."""


def is_folded(cell: NotebookNode) -> bool:
    """Whether a code cell is shown closed: `jupyter: {source_hidden: true}` in its metadata."""
    return cell.cell_type == "code" and bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def lines_of(cell: NotebookNode) -> int:
    """How many lines a cell has, blank ones too: they take the same room on the screen."""
    return len(cell.source.strip().splitlines())


def visible_lines(cells: Sequence[NotebookNode]) -> int:
    """How many lines of code a learner sees before they open anything."""
    return sum(lines_of(cell) for cell in cells if cell.cell_type == "code" and not is_folded(cell))


def source_problems(cells: Sequence[NotebookNode], most_lines: int | None = LESSON_LINES) -> list[str]:
    """What in the written cells breaks the manner; solutions are not among `cells`."""
    problems = []
    for before, cell in zip([None, *cells], cells, strict=False):
        if cell.cell_type != "code":
            continue
        most = FOLDED_LINES if is_folded(cell) else CELL_LINES
        if lines_of(cell) > most:
            kind = "a folded cell" if is_folded(cell) else "a cell"
            problems.append(f"cell {cell.id}: {lines_of(cell)} lines, {kind} has at most {most}")
        if is_folded(cell) and (before is None or before.cell_type != "markdown"):
            problems.append(f"cell {cell.id}: folded, and no words above it say what it does")
        if drawing := DRAWING.search(cell.source):
            problems.append(f"cell {cell.id}: draws by itself ('{drawing[0]}'); a figure is one call of show")
    if most_lines is not None and (lines := visible_lines(cells)) > most_lines:
        problems.append(f"code: {lines} lines that a learner sees, a lesson has at most {most_lines}")
    return problems + task_problems(cells)


def output_problems(cells: Sequence[NotebookNode]) -> list[str]:
    """What in the stored outputs of `cells` breaks the manner."""
    return [
        f"cell {cell.id}: {fault}"
        for cell in cells
        for text, html in _texts(cell)
        for fault in _faults(text, html, TRUTH_VALUE in cell.metadata.get("tags", []))
    ]


def _texts(cell: NotebookNode) -> Iterator[tuple[str, bool]]:
    """What a cell put out in words, and whether it is HTML."""
    for output in cell.get("outputs", []):
        if output.get("name") != "stderr" and "text" in output:
            yield output.text, False
        for kind in ("text/plain", "text/html"):
            if kind in output.get("data", {}):
                yield output.data[kind], kind == "text/html"


def _faults(text: str, html: bool, truth: bool) -> Iterator[str]:
    """What is wrong with one output."""
    yield from number_problems(text)
    for line in [] if html else text.splitlines():
        if JUDGED.search(line) and not truth:
            yield f"judges where it could show: {line.strip()!r}; print the number with its bound, course.measured"
        if found := WIDGET_REPR.search(line):
            yield f"leaves what a widget writes of itself: {found[0]!r}; give it a text of its own"
