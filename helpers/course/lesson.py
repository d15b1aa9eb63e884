"""A lesson's words as a notebook: `lesson.md` read with jupytext, its cells named, and what is wrong with it.

`lesson.md` is a MyST notebook text: front matter with the kernel, Markdown cells parted by `+++`, and code cells in
```` ```{code-cell} ```` fences with `:tags: [...]`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from jupytext.myst import MystMetadataParsingError
from nbformat import NotebookNode

from helpers.course.header import LINKABLE, mode_headings, total_minutes
from helpers.course.syllabus import COVERS, ROOT, Lesson, Syllabus

RECIPE = 1  # raise it when the build changes what it writes: every notebook is then rebuilt

SOLUTION, STDERR = "solution", "stderr"
TAGS = {"task", SOLUTION, STDERR, "nbval-ignore-output"}
"""All tags beside `covers-ID`. Any other is a slip of the pen, and a misspelt `solution` would give the answer away."""

DIRECTIVE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})\{", re.MULTILINE)
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}


def lesson_file(lesson: Lesson, root: Path = ROOT) -> Path:
    """Where the words of a lesson are written."""
    return root / "lessons" / lesson.folder / "lesson.md"


def notebook_file(lesson: Lesson, root: Path = ROOT) -> Path:
    """Where the notebook of a lesson is built."""
    return root / "notebooks" / f"{lesson.folder}.ipynb"


def read_lesson(lesson: Lesson, syllabus: Syllabus, root: Path = ROOT, solutions: bool = False) -> NotebookNode:
    """The lesson as a notebook without outputs, its cells named: the learner's, or the one with the `solutions`.

    A cell is named after the mode it stands in and its place there: "see-2". Solutions do not count, they are named
    after the cell before them: "check-4-solution".

    Raises `ValueError` where jupytext cannot make sense of the text.
    """
    text = lesson_file(lesson, root).read_text(encoding="utf-8")
    try:
        notebook = jupytext.reads(text, fmt="md:myst")
    except MystMetadataParsingError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except nbformat.ValidationError as error:  # such as tags that are not a list
        raise ValueError(f"in the metadata of a cell, {error.message}") from None
    section, places, cells = "start", Counter(), []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            for heading in mode_headings(cell.source, syllabus):
                section = heading.mode.lower().replace(" ", "-")
        if SOLUTION in tags:
            name = f"{section}-{places[section]}-solution"
            places[name] += 1
            cell.id = name if places[name] == 1 else f"{name}-{places[name]}"
        else:
            places[section] += 1
            cell.id = f"{section}-{places[section]}"
        if solutions or SOLUTION not in tags:
            cells.append(cell)
    notebook.cells = cells
    notebook.metadata = nbformat.from_dict(
        {"course": {"built_from": _fingerprint(text, lesson, syllabus), "lesson": lesson.key}}
        | {"kernelspec": KERNELSPEC, "language_info": LANGUAGE}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _fingerprint(text: str, lesson: Lesson, syllabus: Syllabus) -> str:
    """A hash of all that a notebook is made from: the lesson's words, and what its header shows of the syllabus."""
    titles = [one.title for one in syllabus.lessons]
    parts = [RECIPE, text, lesson.model_dump(mode="json"), syllabus.short_track.model_dump(mode="json"), titles]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def lesson_problems(lesson: Lesson, syllabus: Syllabus, root: Path = ROOT) -> list[str]:
    """What is wrong with the words themselves: headings out of order, unknown tags, directives, empty cells."""
    try:
        cells = read_lesson(lesson, syllabus, root, solutions=True).cells
    except ValueError as error:
        return [f"lesson.md cannot be read: {error}"]
    headings = mode_headings(lesson_file(lesson, root).read_text(encoding="utf-8"), syllabus)
    names = [mode.name for mode in syllabus.modes]
    problems = []
    if (have := [heading.mode for heading in headings]) != names:
        problems.append(f"headings: expected {', '.join(names)}; got {', '.join(have) or 'none of them'}")
    problems += [
        f"heading '{heading.text}': a link finds plain letters, digits and .,:;?!'()/- only"
        for heading in headings
        if not LINKABLE.fullmatch(heading.text)
    ]
    if (total := total_minutes(lesson, headings)) != lesson.minutes:
        problems.append(f"minutes: the headings make {total} together, lessons/syllabus.yaml says {lesson.minutes}")
    short = sum(heading.minutes or 0 for heading in headings if heading.mode in syllabus.short_track.modes)
    if short > syllabus.short_track.minutes:
        names = ", ".join(syllabus.short_track.modes)
        problems.append(f"minutes: {names} make {short}; the short track has {syllabus.short_track.minutes}")
    promised = {COVERS + row.id for row in syllabus.promised(lesson)}
    for cell in cells:
        for tag in cell.metadata.get("tags", []):
            if tag not in TAGS | promised:
                known = f"{', '.join(sorted(TAGS))}, and {COVERS}ID of a row promised for this lesson"
                problems.append(f"cell {cell.id}: unknown tag '{tag}'; there are {known}")
        if cell.cell_type == "markdown" and DIRECTIVE.search(cell.source):
            problems.append(f"cell {cell.id}: a directive; prose is plain Markdown, code opens with ```{{code-cell}}")
        if cell.cell_type == "code" and not cell.source.strip():
            problems.append(f"cell {cell.id}: no code in it")
    return problems
