"""How long a lesson takes, by one rule for all of them, and whether its headings say so.

Prose 150 words a minute, code 25 visible lines a minute, a figure 1, a widget 2, a question of the quiz 1, an exercise
as its line says, a training as its tag says (`training-20s`). Figures, widgets and questions are counted in the
executed notebook. What stands before the first heading is read on the way to the first mode.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from nbformat import NotebookNode

from helpers.course.header import Heading
from helpers.course.manner import visible_lines
from helpers.course.notebook import WIDGET
from helpers.course.syllabus import Syllabus
from helpers.course.tags import TRAINING
from helpers.course.task import is_task, task_lines

WORDS_A_MINUTE, LINES_A_MINUTE = 150, 25
WIDGET_MINUTES = 2
MOST_MINUTES = 90
TOLERANCE = 1
"""By how many minutes a heading may differ from the rule."""

QUIZ = re.compile(r"Quiz\('\d\d', (\d+) questions?\)")
_FOLDED = re.compile(r"<details.*?</details>|<!--.*?-->|^(`{3,}).*?^\1", re.DOTALL | re.MULTILINE)
_TARGET = re.compile(r"\]\([^)]*\)")


@dataclass(frozen=True)
class Content:
    """What a part of a lesson holds; exercises in minutes, training in seconds, the rest counted."""

    words: int = 0
    lines: int = 0
    figures: int = 0
    widgets: int = 0
    questions: int = 0
    exercises: int = 0
    training: int = 0

    @property
    def minutes(self) -> float:
        """How long it takes, by the rule."""
        read = self.words / WORDS_A_MINUTE + self.lines / LINES_A_MINUTE + self.figures
        done = WIDGET_MINUTES * self.widgets + self.questions + self.exercises
        return read + done + self.training / 60

    def __add__(self, other: Content) -> Content:
        return Content(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def __str__(self) -> str:
        units = ("word", "line of code", "figure", "widget", "question", "minute of exercises", "second of training")
        counts = [getattr(self, each.name) for each in fields(self)]
        return ", ".join(_counted(count, unit) for count, unit in zip(counts, units, strict=True) if count) or "nothing"


def contents(cells: Iterable[NotebookNode], syllabus: Syllabus) -> dict[str, Content]:
    """What each mode holds, by its name, in the order of the modes."""
    names = {mode.name.lower().replace(" ", "-"): mode.name for mode in syllabus.modes}
    held = {mode.name: Content() for mode in syllabus.modes}
    for cell in cells:
        mode = names.get(cell.id.rpartition("-")[0], syllabus.modes[0].name)
        held[mode] += _content(cell)
    return held


def minute_problems(headings: Sequence[Heading], held: dict[str, Content], syllabus: Syllabus) -> list[str]:
    """Where the headings do not say what the rule makes of the lesson, and where it makes too much."""
    problems = []
    for heading in headings:
        content = held[heading.mode]
        right = math.ceil(content.minutes)
        if heading.minutes is None or abs(heading.minutes - right) > TOLERANCE:
            problems.append(f"heading '{heading.text}': by the rule ({_counted(right, 'minute')}), for {content}")
    said = {heading.mode: heading.minutes or 0 for heading in headings}
    for name, modes, most in (
        ("the lesson has", list(held), MOST_MINUTES),
        (", ".join(syllabus.short_track.modes) + " have", syllabus.short_track.modes, syllabus.short_track.minutes),
    ):
        rule = sum(held[mode].minutes for mode in modes)
        typed = sum(said.get(mode, 0) for mode in modes)
        if max(rule, typed) > most:
            problems.append(f"minutes: {name} at most {most}; the rule makes {rule:.1f}, the headings {typed}")
    return problems


def in_words(held: dict[str, Content]) -> str:
    """The minutes of each mode, rounded up as its heading says them, and all together."""
    rounded = {mode: math.ceil(content.minutes) for mode, content in held.items()}
    return " · ".join(f"{mode} {minutes}" for mode, minutes in rounded.items()) + f" = {sum(rounded.values())} minutes"


def _content(cell: NotebookNode) -> Content:
    """What one cell holds. The words of an exercise, from its line on, and its stub belong to the exercise."""
    if cell.cell_type == "markdown":
        lines = task_lines(cell.source)
        read = cell.source[: lines[0].start] if lines else cell.source
        return Content(words=_words(read), exercises=sum(line.minutes for line in lines))
    if cell.cell_type != "code":
        return Content()
    seconds = [int(tag[1]) for tag in map(TRAINING.fullmatch, cell.metadata.get("tags", [])) if tag]
    content = Content(lines=0 if is_task(cell) else visible_lines([cell]), training=sum(seconds))
    return sum((_shown(output.get("data", {})) for output in cell.outputs), content)


def _shown(data: dict[str, str]) -> Content:
    """What one output holds. A widget has a picture of itself, a quiz a text, and a bar neither."""
    if WIDGET not in data:
        return Content(figures=int("image/png" in data))
    text = data.get("text/plain", "")
    if quiz := QUIZ.match(text):
        return Content(questions=int(quiz[1]))
    return Content(widgets=int("image/png" in data), questions=int(text.startswith("Prediction(")))


def _counted(count: int, unit: str) -> str:
    """A number with its unit, of which the first word has a plural: "2 lines of code"."""
    first, *rest = unit.split(" ")
    return " ".join([str(count), first + "s" * (count != 1), *rest])


def _words(markdown: str) -> int:
    """Words that are read: none of what is folded or in fenced code, and no target of a link."""
    text = _TARGET.sub("] ", _FOLDED.sub(" ", markdown))
    return sum(any(sign.isalnum() for sign in word) for word in text.split())
