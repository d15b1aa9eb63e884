"""The line that opens an exercise in a lesson: its number, its name, how much it matters, and when to give up.

    **2. How much does each overlap each?** ●●●●○ · at most 10 minutes

Dots say its importance, one to five of five. Below it, or in the stub, three leads say what holds at the edges:
`*Empty input:* …`, `*Ties:* …` and `*Void:* …`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from helpers.course.tags import TASK

FORM = "**1. What it asks?** ●●●○○ · at most 10 minutes"
EDGES = ("Empty", "Ties", "Void")
DOTS = 5

_LINE = re.compile(r"^\*\*(\d+)\. (.+?)\*\* (●+)(○*) · at most (\d+) minutes?$", re.MULTILINE)


@dataclass(frozen=True)
class TaskLine:
    """What the line says; `start` is where it begins in its cell, in characters."""

    number: int
    title: str
    importance: int
    minutes: int
    start: int


def task_lines(markdown: str) -> list[TaskLine]:
    """All such lines of a Markdown cell, in order."""
    return [
        TaskLine(int(line[1]), line[2], len(line[3]), int(line[5]), line.start())
        for line in _LINE.finditer(markdown)
        if len(line[3]) + len(line[4]) == DOTS
    ]


def is_task(cell: NotebookNode) -> bool:
    """Whether the cell holds a stub for the learner to fill in."""
    return TASK in cell.metadata.get("tags", [])


def task_problems(cells: Sequence[NotebookNode]) -> list[str]:
    """What is wrong with how the exercises among `cells` are opened. Each stub has one line, in the cell before it."""
    problems, opened = [], []
    for before, cell in zip([None, *cells], cells, strict=False):
        if not is_task(cell):
            continue
        words = before.source if before is not None and before.cell_type == "markdown" else ""
        lines = task_lines(words)
        if len(lines) != 1:
            problems.append(f"cell {cell.id}: expected one line like '{FORM}' in the cell above, got {len(lines)}")
        opened += [line.number for line in lines]
        if silent := [edge for edge in EDGES if not _leads(edge, f"{words}\n{cell.source}")]:
            missing = ", ".join(f"*{edge}…:*" for edge in silent)
            problems.append(f"cell {cell.id}: neither its words nor its docstring say what holds for {missing}")
    if opened != list(range(1, len(opened) + 1)):
        problems.append(f"exercises: expected the numbers 1, 2, 3, ...; got {', '.join(map(str, opened))}")
    return problems


def _leads(edge: str, text: str) -> bool:
    """Whether a bold or italic phrase begins with the word, or, as in a docstring, a line that has a colon after it."""
    return bool(re.search(rf"(\*{{1,2}}){edge}\b[^*\n]*\1|^\s*{edge}\b[^:\n]*:", text, re.MULTILINE))
