"""The syllabus: what the course promises to show, lesson by lesson, read from `lessons/syllabus.yaml`.

Every row is one promise. A lesson keeps it with a cell tagged `covers-ID`, such as `covers-S1`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from helpers.course.tags import COVERS as COVERS

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds `lessons/` and `notebooks/`: the course is installed in place, from its own checkout."""

Text = Annotated[str, Field(min_length=1)]
LessonNumber = Annotated[int, Field(ge=1, le=99)]


class Record(BaseModel):
    """A part of the syllabus: unchangeable, and a misspelt field is an error rather than ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Mode(Record):
    """One way to learn, under a heading of its own in every lesson."""

    name: Text
    about: Text


class Track(Record):
    """A way through a lesson that visits only some of its modes, in no more than these minutes."""

    minutes: Annotated[int, Field(gt=0)]
    modes: tuple[Text, ...]


class Lesson(Record):
    """One lesson: its number, the folder it is written in, and what a learner brings to it."""

    number: LessonNumber
    folder: Annotated[str, Field(pattern=r"^\d\d_[a-z_]+$")]
    title: Text
    level: Literal["foundation", "intermediate", "advanced", "expert"]
    minutes: Annotated[int, Field(gt=0)]
    needs: tuple[LessonNumber, ...]
    edition: Annotated[Literal[1, 2], Field(exclude=True)] = 1
    """From its second on a lesson is held to `helpers/course/manner.py`. Not dumped: no notebook shows it."""

    @model_validator(mode="after")
    def _agrees(self) -> Lesson:
        if self.folder[:2] != self.key:
            raise ValueError(f"folder: expected a name that starts with {self.key}_, got '{self.folder}'")
        if late := [number for number in self.needs if number >= self.number]:
            raise ValueError(f"needs: a lesson can only need earlier ones, got {late}")
        return self

    @property
    def key(self) -> str:
        """The number in two digits: what `course.begin` and `course build` are given."""
        return f"{self.number:02d}"


class Promise(Record):
    """What every row has: an id that says its kind and number, and the lessons that must each show it."""

    id: Annotated[str, Field(pattern=r"^[A-Z]\d+$")]
    lessons: Annotated[tuple[LessonNumber, ...], Field(min_length=1)]


class Claim(Promise):
    """A statement that the lesson computes or draws."""

    kind: Literal[
        "step", "expert", "under_the_hood", "advice", "production", "connection", "pitfall", "takeaway", "beyond"
    ]
    claim: Text


class Myth(Promise):
    """A common belief; `claim` says what is so."""

    kind: Literal["myth"]
    belief: Text
    claim: Text


class Prediction(Promise):
    """A question that the learner answers before the lesson shows the evidence."""

    kind: Literal["prediction"]
    question: Text
    answer: Text


Row = Annotated[Claim | Myth | Prediction, Field(discriminator="kind")]


class Syllabus(Record):
    """The whole course: its modes, its lessons and every promise it makes."""

    modes: tuple[Mode, ...]
    short_track: Track
    lessons: Annotated[tuple[Lesson, ...], Field(min_length=1)]
    rows: tuple[Row, ...]

    @model_validator(mode="after")
    def _agrees(self) -> Syllabus:
        numbers = [lesson.number for lesson in self.lessons]
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError(f"lessons: numbers must run 1, 2, 3, ..., got {numbers}")
        ids = [row.id for row in self.rows]
        if twice := sorted({row_id for row_id in ids if ids.count(row_id) > 1}):
            raise ValueError(f"rows: each id may stand once, got {', '.join(twice)} more than once")
        for row in self.rows:
            if unknown := [number for number in row.lessons if number not in numbers]:
                raise ValueError(f"rows, {row.id}, lessons: expected numbers of 1..{len(numbers)}, got {unknown}")
        names = [mode.name for mode in self.modes]
        if unknown := [name for name in self.short_track.modes if name not in names]:
            raise ValueError(f"short_track, modes: expected some of {', '.join(names)}; got {', '.join(unknown)}")
        return self

    def lesson(self, key: str) -> Lesson:
        """The lesson of a two-digit number such as "01". Raises `ValueError` if there is none."""
        for lesson in self.lessons:
            if lesson.key == key:
                return lesson
        raise ValueError(f"number: expected one of {', '.join(one.key for one in self.lessons)}; got {key!r}")

    def promised(self, lesson: Lesson) -> tuple[Row, ...]:
        """The rows that this lesson must show."""
        return tuple(row for row in self.rows if lesson.number in row.lessons)


def load_syllabus(root: Path = ROOT) -> Syllabus:
    """Read and validate `root/lessons/syllabus.yaml`.

    Raises `ValueError` that names the file, the row and the field, or says that the file is not there.
    """
    path = root / "lessons" / "syllabus.yaml"
    if not path.is_file():
        raise ValueError(f"{path} is not there: the course runs from its own folder, with lessons/ beside helpers/")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Syllabus.model_validate(data)
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not valid YAML: {error}") from None
    except ValidationError as error:
        problems = "\n".join(f"  {_where(data, problem['loc'])}{_what(problem)}" for problem in error.errors())
        raise ValueError(f"{path}:\n{problems}") from None


def _where(data: object, loc: tuple[int | str, ...]) -> str:
    """A place such as ("rows", 3, "myth", "belief") in words: "rows, M1, belief: "."""
    words = []
    for step in loc:
        if isinstance(data, dict) and data.get("kind") == step:
            continue  # pydantic names the kind of row that it tried: not a field
        data = data.get(step) if isinstance(data, dict) else data[step] if isinstance(data, list) else None
        words.append(f"entry {step + 1}" if isinstance(step, int) else step)
        if isinstance(step, int) and isinstance(data, dict):
            words[-1] = str(data.get("id") or data.get("folder") or data.get("name") or words[-1])
    return ", ".join(words) + ": " if words else ""


def _what(problem: dict) -> str:
    """What is wrong, and what came if it is short enough to show."""
    message = problem["msg"].removeprefix("Value error, ")
    came = problem["input"]
    return f"{message}, got {came!r}" if isinstance(came, str | int | float) else message
