"""A released notebook: the one form it has, and whether it is what its lesson says.

`normalised` takes out what differs from one build to the next: widget ids, how a print was cut into pieces, what a
picture says of the program that drew it. `notebook_problems` holds a notebook file against its lesson without running
anything, and names the cell that differs.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from itertools import zip_longest

import nbformat
from nbformat import NotebookNode

from helpers.course.tags import STDERR

MAX_BYTES = 1_500_000
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{8,}")
UNCOMPARED = re.compile(r"nbval[-_](ignore[-_]output|skip)", re.IGNORECASE)
WIDGET = "application/vnd.jupyter.widget-view+json"


def as_text(notebook: NotebookNode) -> str:
    """The file's text: keys sorted, one space of indent, a line end at its end."""
    return nbformat.writes(notebook) + "\n"


def normalised(notebook: NotebookNode) -> NotebookNode:
    """The same notebook without what differs between builds. Works in place, and changes nothing the second time."""
    models: dict[str, str] = {}
    for cell in notebook.cells:
        outputs = []
        for output in cell.get("outputs", []):
            last = outputs[-1] if outputs else {}
            if output.output_type == "stream" and last.get("name") == output.name:
                last.text += output.text  # how a long print is cut into pieces is a matter of chance
                continue
            data = output.get("data", {})
            if WIDGET in data:
                view = data[WIDGET]
                view["model_id"] = models.setdefault(view["model_id"], f"{len(models) + 1:032x}")
            if "image/png" in data:
                data["image/png"] = base64.b64encode(plain_png(base64.b64decode(data["image/png"]))).decode()
            outputs.append(output)
        if cell.cell_type == "code":
            cell.outputs = outputs
    return notebook


def plain_png(picture: bytes) -> bytes:
    """A PNG without its words and date: matplotlib writes its own version there (PNG specification, section 11.3)."""
    kept, place = [picture[:8]], 8
    while place < len(picture):
        size = 12 + int.from_bytes(picture[place : place + 4], "big")
        if picture[place + 4 : place + 8] not in (b"tEXt", b"zTXt", b"iTXt", b"tIME"):
            kept.append(picture[place : place + size])
        place += size
    return b"".join(kept)


def notebook_problems(text: str, expected: NotebookNode) -> list[str]:
    """All in which the notebook file `text` is not what the lesson says; `expected` is the lesson, not run."""
    if not text:
        return ["there is no notebook: run course build"]
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # what nbformat raises on a broken file depends on how it is broken
        return [f"not a notebook: {type(error).__name__}: {str(error).partition(chr(10))[0]}"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    problems = _differences(notebook.cells, expected.cells) + [
        f"cell {cell.id}: {fault}" for place, cell in enumerate(code, start=1) for fault in _faults(cell, place)
    ]
    uncompared = [
        cell.id for cell in code if UNCOMPARED.search(" ".join([cell.source, *cell.metadata.get("tags", [])]))
    ]
    if 10 * len(uncompared) > len(code):
        problems.append(f"outputs not compared in more than 1 of 10 code cells: {', '.join(uncompared)}")
    if (size := len(text.encode())) > MAX_BYTES:
        problems.append(f"{size / 1e6:.2f} MB, more than {MAX_BYTES / 1e6} MB; {_largest(notebook)}")
    if not problems and notebook.metadata.get("course") != expected.metadata.course:
        problems.append("built from an older lesson.md or syllabus.yaml: run course build")
    if not problems and (notebook.metadata != expected.metadata or as_text(normalised(notebook)) != text):
        problems.append("not as course build wrote it: it was saved by another program")
    return problems


def _differences(cells: list[NotebookNode], expected: list[NotebookNode]) -> list[str]:
    """Cells that are missing, too many, out of order, or not what the lesson says."""
    have, want = {cell.id: cell for cell in cells}, {cell.id: cell for cell in expected}
    problems = [f"cell {name}: missing in the notebook" for name in want if name not in have]
    problems += [f"cell {name}: not in the lesson" for name in have if name not in want]
    for name, right in zip(
        (name for name in have if name in want), (name for name in want if name in have), strict=True
    ):
        if name != right:
            problems.append(f"cell {name}: out of order, the lesson has {right} there")
            break
    for name in (name for name in want if name in have):
        if have[name].cell_type != want[name].cell_type:
            problems.append(f"cell {name}: a {have[name].cell_type} cell, in the lesson a {want[name].cell_type} cell")
        elif have[name].source != want[name].source:
            problems.append(f"cell {name}: {_first_difference(have[name].source, want[name].source)}")
        elif have[name].metadata != want[name].metadata:
            problems.append(f"cell {name}: has {dict(have[name].metadata)}, in the lesson {dict(want[name].metadata)}")
    return problems


def _first_difference(have: str, want: str) -> str:
    """The first line in which two sources differ."""
    for number, (ours, theirs) in enumerate(zip_longest(have.splitlines(), want.splitlines()), start=1):
        if ours != theirs:
            return f"line {number} is {ours!r}, in the lesson {theirs!r}"
    return "its line ends differ"


def _faults(cell: NotebookNode, place: int) -> Iterator[str]:
    """What is wrong with a code cell's run: it is the `place`-th, and shows the same everywhere."""
    if cell.execution_count is None:
        yield "was not run"
    elif cell.execution_count != place:
        yield f"was run out of order: count {cell.execution_count}, expected {place}"
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"holds an error: {output.ename}: {output.evalue}"
        if output.get("name") == "stderr" and STDERR not in cell.metadata.get("tags", []):
            yield f"wrote to stderr (tag it `{STDERR}` if it should): {output.text.strip()[:200]!r}"
        words = [output.get("text", "")] + [str(v) for k, v in output.get("data", {}).items() if k.startswith("text/")]
        for address in ADDRESS.findall(" ".join(words)):
            yield f"shows a memory address, another in each run: {address}"


def _largest(notebook: NotebookNode) -> str:
    """The cell with the largest outputs, in words."""
    sizes = {cell.id: len(json.dumps(cell.get("outputs", []))) for cell in notebook.cells}
    name = max(sizes, key=sizes.__getitem__)
    return f"most of it in cell {name} ({sizes[name] / 1e6:.2f} MB)"
