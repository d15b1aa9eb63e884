"""A lesson's words as a notebook: `lesson.md` read with jupytext, its cells named, and what is wrong with it.

`lesson.md` is a MyST notebook text: front matter with the kernel, Markdown cells parted by `+++`, and code cells in
```` ```{code-cell} ```` fences with `:tags: [...]`. What the lesson has no room for stands in `more.md` beside it, in
the same form but without the modes and their minutes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import jupytext
import nbformat
from jupytext.myst import MystMetadataParsingError
from nbformat import NotebookNode

from helpers.course.header import LINKABLE, mode_headings, total_minutes
from helpers.course.links import link_problems
from helpers.course.manner import LESSON_LINES, source_problems
from helpers.course.syllabus import ROOT, Lesson, Syllabus
from helpers.course.tags import COVERS, SOLUTION, TAGS, unknown_tags

RECIPE = 1  # raise it when the build changes what it writes: every notebook is then rebuilt

Part = Literal["lesson", "more"]
PARTS: tuple[Part, ...] = ("lesson", "more")
"""A lesson and what it has no room for: two texts side by side, two notebooks, the second in a folder of its own."""

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


def lesson_file(lesson: Lesson, root: Path = ROOT, part: Part = "lesson") -> Path:
    """Where the words of a lesson are written."""
    return root / "lessons" / lesson.folder / f"{part}.md"


def notebook_file(lesson: Lesson, root: Path = ROOT, part: Part = "lesson") -> Path:
    """Where the notebook of a lesson is built."""
    return root / "notebooks" / ("more" if part == "more" else "") / f"{lesson.folder}.ipynb"


def read_lesson(
    lesson: Lesson, syllabus: Syllabus, root: Path = ROOT, solutions: bool = False, part: Part = "lesson"
) -> NotebookNode:
    """The lesson as a notebook without outputs, its cells named: the learner's, or the one with the `solutions`.

    A cell is named after the mode it stands in and its place there: "see-2"; in `more` by its place: "more-2".
    Solutions do not count, they are named after the cell before them: "check-4-solution".

    Raises `ValueError` where jupytext cannot make sense of the text.
    """
    text = lesson_file(lesson, root, part).read_text(encoding="utf-8")
    try:
        notebook = jupytext.reads(text, fmt="md:myst")
    except MystMetadataParsingError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except nbformat.ValidationError as error:  # such as tags that are not a list
        raise ValueError(f"in the metadata of a cell, {error.message}") from None
    section, places, cells = "more" if part == "more" else "start", Counter(), []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown" and part == "lesson":
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


def lesson_problems(lesson: Lesson, syllabus: Syllabus, root: Path = ROOT, part: Part = "lesson") -> list[str]:
    """What is wrong with the words themselves: headings out of order, unknown tags, directives, cells too long."""
    try:
        cells = read_lesson(lesson, syllabus, root, solutions=True, part=part).cells
    except ValueError as error:
        return [f"{part}.md cannot be read: {error}"]
    problems = _plan_problems(lesson, syllabus, root) if part == "lesson" else []
    problems += [problem for cell in cells for problem in _cell_problems(cell, lesson, syllabus)]
    problems += link_problems(cells, notebook_file(lesson, root, part), _notebooks(syllabus, root))
    if held_to_manner(lesson, part):
        shown = [cell for cell in cells if SOLUTION not in cell.metadata.get("tags", [])]
        problems += source_problems(shown, LESSON_LINES if part == "lesson" else None)
    return problems


def held_to_manner(lesson: Lesson, part: Part) -> bool:
    """Whether the rules of the second edition hold for this text: for every `more.md`, since none is older."""
    return part == "more" or lesson.edition > 1


def _plan_problems(lesson: Lesson, syllabus: Syllabus, root: Path) -> list[str]:
    """What is wrong with the nine headings and their minutes, and whether `more` is linked where it is written."""
    text = lesson_file(lesson, root).read_text(encoding="utf-8")
    headings = mode_headings(text, syllabus)
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
    if lesson_file(lesson, root, "more").is_file() and f"](more/{lesson.folder}.ipynb)" not in text:
        problems.append(f"more: nothing leads there; link it as [words](more/{lesson.folder}.ipynb)")
    return problems


def _cell_problems(cell: NotebookNode, lesson: Lesson, syllabus: Syllabus) -> Iterator[str]:
    """What is wrong with one cell: its tags, a directive, no code."""
    rows = [row.id for row in syllabus.promised(lesson)]
    for tag in unknown_tags(cell.metadata.get("tags", []), rows):
        there = f"{', '.join(sorted(TAGS))}, training-20s, and {COVERS}ID of a row promised for this lesson"
        yield f"cell {cell.id}: unknown tag '{tag}'; there are {there}"
    if cell.cell_type == "markdown" and DIRECTIVE.search(cell.source):
        yield f"cell {cell.id}: a directive; prose is plain Markdown, code opens with ```{{code-cell}}"
    if cell.cell_type == "code" and not cell.source.strip():
        yield f"cell {cell.id}: no code in it"


def _notebooks(syllabus: Syllabus, root: Path) -> set[Path]:
    """The notebooks that the written lessons make, built or not."""
    return {
        notebook_file(lesson, root, part)
        for lesson in syllabus.lessons
        for part in PARTS
        if lesson_file(lesson, root, part).is_file()
    }
