"""The head of a lesson: its title, its nine modes as links, the minutes they take, and what to know before.

Nothing is typed twice: the title and the needs come from `lessons/syllabus.yaml`, the links and their minutes from the
headings of the lesson's own `lesson.md`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from IPython.display import display

from helpers.course.syllabus import ROOT, Lesson, Syllabus, load_syllabus

FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
MINUTES = re.compile(r"\((\d+) minutes?\)$")
LINKABLE = re.compile(r"[A-Za-z0-9 .,:;?!'()/-]+")
"""A browser percent-encodes anything else in a link, or Markdown reads it as markup; then the anchor is not found."""


@dataclass(frozen=True)
class Heading:
    """The heading of one mode: `text` as written, the `mode` it opens, its minutes where it gives them."""

    text: str
    mode: str
    minutes: int | None

    @property
    def anchor(self) -> str:
        """The heading's id in JupyterLab: its text with a hyphen for every space, capitals and brackets kept."""
        return self.text.replace(" ", "-")


def begin(number: str) -> None:
    """Show the head of lesson `number`, in two digits as in `course.begin("01")`.

    Raises `ValueError` if there is no such lesson, or if the course's `lessons/` folder is not where it should be.
    """
    text = header(number, ROOT)
    # Both forms are stable text: the notebook tests compare them.
    display({"text/markdown": text, "text/plain": plain(text)}, raw=True)


def header(number: str, root: Path = ROOT) -> str:
    """The head of lesson `number` as Markdown. Raises as `begin` does."""
    syllabus = load_syllabus(root)
    lesson = syllabus.lesson(number)
    path = root / "lessons" / lesson.folder / "lesson.md"
    if not path.is_file():
        there = [one.key for one in syllabus.lessons if (root / "lessons" / one.folder / "lesson.md").is_file()]
        raise ValueError(f"number: lesson {number} is not written yet; there is {', '.join(there) or 'none'}")
    return render(syllabus, lesson, mode_headings(path.read_text(encoding="utf-8"), syllabus))


def render(syllabus: Syllabus, lesson: Lesson, headings: Sequence[Heading]) -> str:
    """The head of a lesson as Markdown, from its record in the syllabus and the headings in its text."""
    links = {
        heading.mode: f"[{heading.mode}](#{heading.anchor})" + (f" {heading.minutes} min" if heading.minutes else "")
        for heading in headings
    }
    titles = {one.number: one.title for one in syllabus.lessons}
    needs = "needs no other lesson"
    if lesson.needs:
        word = "lesson" if len(lesson.needs) == 1 else "lessons"
        needs = f"needs {word} " + ", ".join(f"{number} ({titles[number]})" for number in lesson.needs)
    short = ", ".join(links[mode] for mode in syllabus.short_track.modes if mode in links)
    return "\n\n".join(
        [
            f"**Lesson {lesson.number} of {len(syllabus.lessons)}: {lesson.title}**",
            f"{lesson.level.capitalize()} · {total_minutes(lesson, headings)} minutes · {needs}",
            " · ".join(links.values()),
            f"Only {syllabus.short_track.minutes} minutes? Follow {short}.",
        ]
    )


def plain(markdown: str) -> str:
    """The same words without links and stars, for a front end that shows no Markdown."""
    return re.sub(r"\[([^]]+)\]\(#\S+\)", r"\1", markdown).replace("**", "").replace("\n\n", "\n")


def total_minutes(lesson: Lesson, headings: Sequence[Heading]) -> int:
    """The sum of what the headings say; the syllabus's plan for as long as one of them is silent."""
    minutes = [heading.minutes for heading in headings]
    return lesson.minutes if None in minutes or not minutes else sum(minutes)


def mode_headings(markdown: str, syllabus: Syllabus) -> list[Heading]:
    """The second-level headings that open a mode, in the order of the text: `## See`, `## See: colours (5 minutes)`.

    Lines inside fenced code are not headings: a Python comment may look like one.
    """
    found = []
    for text in second_level(markdown):
        minutes = MINUTES.search(text)
        name = MINUTES.sub("", text).partition(":")[0].strip()
        if name in {mode.name for mode in syllabus.modes}:
            found.append(Heading(text, name, int(minutes[1]) if minutes else None))
    return found


def second_level(markdown: str) -> list[str]:
    """The texts of all `## ` headings outside fenced code."""
    found: list[str] = []
    fence = ""
    for line in markdown.splitlines():
        mark = FENCE.match(line)
        if fence:
            # A fence closes with the same sign, at least as often, and nothing after it (CommonMark, section 4.5).
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
        elif mark:
            fence = mark[1]
        elif line.startswith("## "):
            found.append(line[3:].strip())
    return found
