"""Question banks: what a question is, and how the file `lessons/NN_name/quiz.yaml` is read and checked.

Grading is in `quiz.py`, the front end in `quiz_widget.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from PIL import Image, ImageDraw
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    StrictBool,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from helpers.course.syllabus import ROOT

LESSONS = ROOT / "lessons"

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
"""Words for the learner. Markdown subset: **bold**, *emphasis*, `code`; everything else is shown as typed."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$")]
CellId = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
Row = Annotated[str, StringConstraints(pattern=r"^[A-Z]\d+$")]
Tolerance = Annotated[FiniteFloat, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Question(_Model):
    """What every question has.

    Attributes:
        id: unique in the whole course, since `predict(id)` names no lesson.
        prompt: the question.
        explanation: shown with the right answer, never before.
        evidence: id of the notebook cell that shows why the right answer is right.
        place: "text" for `predict`, "end" for the quiz of the lesson.
        syllabus: ids of the syllabus rows that the question asks about.
    """

    id: Slug
    prompt: Text
    explanation: Text
    evidence: CellId
    place: Literal["text", "end"] = "end"
    syllabus: list[Row] = []


class YesNo(_Question):
    """`feedback` is for those who give the other answer."""

    kind: Literal["yes_no"]
    answer: StrictBool
    feedback: Text


class Choice(_Model):
    text: Text
    right: StrictBool = False
    feedback: Text | None = None


class Single(_Question):
    """One right choice; each wrong one has its own feedback. `shuffle: false` keeps the order of a scale."""

    kind: Literal["single"]
    choices: Annotated[list[Choice], Field(min_length=2)]
    shuffle: StrictBool = True

    @field_validator("choices")
    @classmethod
    def _check(cls, choices: list[Choice]) -> list[Choice]:
        _check_unique([choice.text for choice in choices])
        if (right := sum(choice.right for choice in choices)) != 1:
            raise ValueError(f"exactly one choice must be right, got {right}")
        _check_feedback((choice.text, choice.feedback) for choice in choices if not choice.right)
        return choices


class Multiple(_Question):
    """One or more right choices. A right one's feedback is for who misses it, a wrong one's for who ticks it."""

    kind: Literal["multiple"]
    choices: Annotated[list[Choice], Field(min_length=2)]
    shuffle: StrictBool = True

    @field_validator("choices")
    @classmethod
    def _check(cls, choices: list[Choice]) -> list[Choice]:
        _check_unique([choice.text for choice in choices])
        if not any(choice.right for choice in choices):
            raise ValueError("at least one choice must be right, got 0")
        _check_feedback((choice.text, choice.feedback) for choice in choices)
        return choices


def within(number: float, target: float, tolerance: float) -> bool:
    """Whether the two differ by at most the tolerance, in decimals: as floats, 0.504 - 0.5 is a little over 0.004."""
    rounding = 1e-9 * max(abs(target), tolerance)  # far above what floats round, far below a digit that one types
    return abs(number - target) <= tolerance + rounding


class Near(_Model):
    """A wrong number that learners typically give, and what it shows about their thinking."""

    value: FiniteFloat
    tolerance: Tolerance = 0.0
    feedback: Text


class Numeric(_Question):
    """Right within `tolerance` (absolute) or `relative` (a share of the right answer), whichever is wider."""

    kind: Literal["numeric"]
    answer: FiniteFloat
    tolerance: Tolerance = 0.0
    relative: Tolerance = 0.0
    unit: Text | None = None
    near: Annotated[list[Near], Field(min_length=1)]
    feedback: Text

    def accepts(self, number: float) -> bool:
        return within(number, self.answer, max(self.tolerance, self.relative * abs(self.answer)))

    @model_validator(mode="after")
    def _check(self) -> Numeric:
        for index, near in enumerate(self.near):
            if self.accepts(near.value):
                raise ValueError(f"near[{index}].value: {near.value:g} is graded right, so its feedback is never shown")
        return self


class Step(_Model):
    text: Text
    feedback: Text | None = None


class Order(_Question):
    """`steps` stand in the right order. A step's feedback is for those who put another one in its place first."""

    kind: Literal["order"]
    steps: Annotated[list[Step], Field(min_length=3)]

    @field_validator("steps")
    @classmethod
    def _check(cls, steps: list[Step]) -> list[Step]:
        _check_unique([step.text for step in steps])
        _check_feedback((step.text, step.feedback) for step in steps[:-1])  # the last can never go wrong first
        return steps


class Region(_Model):
    """A part of the picture: a named mask, a box `[x1, y1, x2, y2]` (x2 and y2 outside), or a polygon of `[x, y]`."""

    mask: Slug | None = None
    box: tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt, NonNegativeInt] | None = None
    polygon: Annotated[list[tuple[NonNegativeInt, NonNegativeInt]], Field(min_length=3)] | None = None
    right: StrictBool = False
    feedback: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Region:
        given = [name for name in ("mask", "box", "polygon") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of mask, box, polygon; got {', '.join(given) or 'none'}")
        if self.box is not None and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise ValueError(f"box: expected x1 < x2 and y1 < y2, got {list(self.box)}")
        return self

    def pixels(self, picture: Picture) -> np.ndarray:
        """bool `[H, W]`: the pixels of the region. Raises `ValueError` if the picture lacks the named mask."""
        if self.mask is not None:
            if self.mask not in picture.masks:
                raise ValueError(f"picture: expected a mask '{self.mask}', got {sorted(picture.masks)}")
            return picture.masks[self.mask]
        height, width = picture.size
        if self.box is not None:
            x1, y1, x2, y2 = self.box
            inside = np.zeros((height, width), bool)
            inside[y1:y2, x1:x2] = True
            return inside
        canvas = Image.new("1", (width, height))
        ImageDraw.Draw(canvas).polygon(list(self.polygon or []), fill=1)
        return np.asarray(canvas, bool)


class Click(_Question):
    """Click on the picture: the first region that holds the pixel decides; `feedback` is for a pixel in none.

    `picture` is the key under which `quiz(..., pictures=...)` hands over the array; `alt` describes it in words.
    """

    kind: Literal["click"]
    picture: Slug
    alt: Text
    regions: Annotated[list[Region], Field(min_length=1)]
    feedback: Text

    @field_validator("regions")
    @classmethod
    def _check(cls, regions: list[Region]) -> list[Region]:
        if not any(region.right for region in regions):
            raise ValueError("at least one region must be right, got 0")
        _check_feedback((str(i), region.feedback) for i, region in enumerate(regions) if not region.right)
        return regions

    def right_pixels(self, picture: Picture) -> np.ndarray:
        """bool `[H, W]`: where a click is right, with what earlier wrong regions cover taken away."""
        right = np.zeros(picture.size, bool)
        for region in reversed(self.regions):
            right[region.pixels(picture)] = region.right
        return right


Question = YesNo | Single | Multiple | Numeric | Order | Click


class Bank(_Model):
    """The questions of one lesson."""

    lesson: Annotated[int, Field(ge=1, le=99)]
    questions: Annotated[list[Annotated[Question, Field(discriminator="kind")]], Field(min_length=1)]

    def at(self, place: Literal["text", "end"]) -> list[Question]:
        return [question for question in self.questions if question.place == place]

    def question(self, item: str) -> Question:
        for question in self.questions:
            if question.id == item:
                return question
        raise ValueError(f"id: lesson {self.lesson:02d} has {[q.id for q in self.questions]}, got '{item}'")

    @field_validator("questions")
    @classmethod
    def _check(cls, questions: list[Question]) -> list[Question]:
        _check_unique([question.id for question in questions])
        return questions


def _check_unique(texts: Sequence[str]) -> None:
    if twice := sorted({text for text in texts if texts.count(text) > 1}):
        raise ValueError(f"must differ, but these stand twice: {twice}")


def _check_feedback(items: Any) -> None:
    if missing := [text for text, feedback in items if feedback is None]:
        raise ValueError(f"feedback is missing for {missing}")


@dataclass(frozen=True, eq=False)
class Picture:
    """What a click question shows, with the exact regions that code knows of it.

    Attributes:
        image: uint8 `[H, W, 3]`, RGB.
        masks: bool `[H, W]` for each region that the bank names.
    """

    image: np.ndarray
    masks: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(f"image: expected uint8 [H, W, 3], got {self.image.dtype} {list(self.image.shape)}")
        for name, mask in self.masks.items():
            if mask.dtype != bool or mask.shape != self.size:
                raise ValueError(
                    f"masks['{name}']: expected bool {list(self.size)}, got {mask.dtype} {list(mask.shape)}"
                )

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.image.shape[:2]


def load_bank(path: Path) -> Bank:
    """Reads and checks one bank. Raises `ValueError` naming the file, the question's id and the field at fault."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: is not valid YAML: {error}") from error
    try:
        bank = Bank.model_validate(raw)
    except ValidationError as error:
        faults = [_fault(fault, raw) for fault in error.errors()]
        raise ValueError("\n".join(f"{path}: {fault}" for fault in faults)) from None
    if not path.parent.name.startswith(f"{bank.lesson:02d}_"):
        raise ValueError(f"{path}: field 'lesson': expected the number of its folder, got {bank.lesson}")
    return bank


def _fault(fault: Any, raw: Any) -> str:
    """One line for a person: "question 'p3', field 'choices[1].feedback': Field required"."""
    place, where = list(fault["loc"]), ""
    if place[:1] == ["questions"] and len(place) > 1:
        question = raw["questions"][place[1]]
        known = isinstance(question, dict) and isinstance(question.get("id"), str)
        where = f"question '{question['id']}', " if known else f"question number {place[1] + 1}, "
        place = place[3:]  # after "questions", the index and the kind that pydantic tried
        if not place and fault["type"].startswith("union_tag"):
            place = ["kind"]
    message = fault["msg"].removeprefix("Value error, ")
    if not place and (named := re.match(r"([a-z_\[\].0-9]+): ", message)):  # a check over several fields names its own
        place, message = [named[1]], message[named.end() :]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    return f"{where}field '{name}': {message}"


def find_bank(lesson: str, lessons: Path = LESSONS) -> Bank:
    """The bank of a lesson, such as "03". Raises `ValueError` if there is none or it has a fault."""
    paths = sorted(lessons.glob(f"{lesson}_*/quiz.yaml")) if re.fullmatch(r"\d\d", lesson) else []
    if len(paths) != 1:
        known = sorted(path.parent.name[:2] for path in lessons.glob("[0-9][0-9]_*/quiz.yaml"))
        raise ValueError(f"lesson: expected one of {known}, got '{lesson}'")
    return load_bank(paths[0])


def find_prediction(item: str, lessons: Path = LESSONS) -> tuple[Bank, Question]:
    """The question with `place: text` and this id, and the bank that holds it. Raises `ValueError` if there is none."""
    known: list[str] = []
    for path in sorted(lessons.glob("[0-9][0-9]_*/quiz.yaml")):
        bank = load_bank(path)
        for question in bank.at("text"):
            if question.id == item:
                return bank, question
            known.append(question.id)
    raise ValueError(f"id: expected one of {known}, got '{item}'")


def shuffled(question: Question) -> list[str]:
    """The texts a learner sees, in the order of showing: the same on every run, and telling nothing of the key."""
    if isinstance(question, Order):
        steps = [step.text for step in question.steps]
        mixed = _mix(question.id, steps)
        return mixed if mixed != steps else mixed[1:] + mixed[:1]  # never hand over the solved puzzle
    if isinstance(question, Single | Multiple):
        texts = [choice.text for choice in question.choices]
        return _mix(question.id, texts) if question.shuffle else texts
    return ["Yes", "No"] if isinstance(question, YesNo) else []


def _mix(seed: str, texts: list[str]) -> list[str]:
    return sorted(texts, key=lambda text: hashlib.sha256(f"{seed}\n{text}".encode()).digest())
