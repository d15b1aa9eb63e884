"""The quiz behind its front end: how an answer is graded, and what a learner may see of a question at which moment.

An answer is plain JSON, so that it can be stored, and graded again after a restart:

| kind       | answer                                         |
|------------|------------------------------------------------|
| `yes_no`   | `true` or `false`                              |
| `single`   | the text of the chosen choice                  |
| `multiple` | the texts of the ticked choices, at least one  |
| `numeric`  | a number, as `quiz_number.js` read it           |
| `order`    | the texts of all steps, first step first       |
| `click`    | `[x, y]`, column and row of a pixel            |

No widget here, and no text for the learner but the feedback: `grade` is a pure function, `Answers` keeps what was
answered, `Desk` decides what leaves the kernel.
"""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from helpers.course import progress
from helpers.course.bank import Click, Multiple, Numeric, Order, Picture, Question, Single, YesNo, within


@dataclass(frozen=True)
class Grade:
    """What an answer is worth: right or not, a score in 0..1, and what to tell the learner (empty if right)."""

    correct: bool
    score: float
    feedback: list[str]


def grade(question: Question, answer: Any, picture: Picture | None = None) -> Grade:
    """Grades one answer, in the form that the table at the top of this file gives. A pure function.

    The score of a partly right answer: `multiple`, right ticks minus wrong ticks over all right choices, not below 0;
    `order`, the share of the pairs of steps that stand the right way round; 0 or 1 for the other kinds.

    Raises `ValueError` if the answer is not of that form, or a click is graded without its picture.
    """
    match question:
        case YesNo():
            _expect(isinstance(answer, bool), question, "true or false", answer)
            return _all_or_nothing(answer == question.answer, question.feedback)
        case Single():
            chosen = [choice for choice in question.choices if choice.text == answer]
            _expect(bool(chosen), question, "the text of one choice", answer)
            return _all_or_nothing(chosen[0].right, chosen[0].feedback or "")
        case Multiple():
            return _grade_multiple(question, answer)
        case Numeric():
            _expect(_is_finite(answer), question, "a finite number", answer)
            near = [near for near in question.near if within(answer, near.value, near.tolerance)]
            return _all_or_nothing(question.accepts(answer), near[0].feedback if near else question.feedback)
        case Order():
            return _grade_order(question, answer)
        case Click():
            return _grade_click(question, answer, picture)


def _expect(holds: bool, question: Question, expected: str, answer: Any) -> None:
    if not holds:
        raise ValueError(f"answer: question '{question.id}' ({question.kind}) expects {expected}, got {answer!r}")


def _is_finite(answer: Any) -> bool:
    if not isinstance(answer, numbers.Real) or isinstance(answer, bool):
        return False
    try:
        return math.isfinite(answer)
    except OverflowError:  # a whole number larger than any float
        return False


def _all_or_nothing(correct: bool, feedback: str) -> Grade:
    return Grade(correct, float(correct), [] if correct else [feedback])


def _grade_multiple(question: Multiple, answer: Any) -> Grade:
    texts = [choice.text for choice in question.choices]
    is_list = isinstance(answer, list) and all(isinstance(text, str) for text in answer)
    fits = is_list and answer and set(answer) <= set(texts) and len(set(answer)) == len(answer)
    _expect(bool(fits), question, "a list of one or more different choices", answer)
    feedback, points = [], 0
    for choice in question.choices:
        ticked = choice.text in answer
        points += ticked * (1 if choice.right else -1)
        if ticked != choice.right:
            feedback.append(f"You {'ticked' if ticked else 'missed'} “{choice.text}”. {choice.feedback}")
    return Grade(not feedback, max(0, points) / sum(choice.right for choice in question.choices), feedback)


def _grade_order(question: Order, answer: Any) -> Grade:
    steps = [step.text for step in question.steps]
    is_list = isinstance(answer, list) and all(isinstance(text, str) for text in answer)
    _expect(is_list and sorted(answer) == sorted(steps), question, "each of its steps once", answer)
    pairs = list(itertools.combinations(steps, 2))
    kept = sum(answer.index(earlier) < answer.index(later) for earlier, later in pairs)
    for place, (step, given) in enumerate(zip(question.steps, answer, strict=True), start=1):
        if step.text != given:
            return Grade(False, kept / len(pairs), [f"Look at place {place}, “{given}”. {step.feedback}"])
    return Grade(True, 1.0, [])


def _grade_click(question: Click, answer: Any, picture: Picture | None) -> Grade:
    if picture is None:
        raise ValueError(f"picture: question '{question.id}' needs the picture '{question.picture}', got None")
    height, width = picture.size
    is_pixel = isinstance(answer, list) and len(answer) == 2 and all(type(value) is int for value in answer)
    inside = is_pixel and 0 <= answer[0] < width and 0 <= answer[1] < height
    _expect(inside, question, f"[x, y] with x in 0..{width - 1} and y in 0..{height - 1}", answer)
    x, y = answer
    for region in question.regions:
        if region.pixels(picture)[y, x]:
            return _all_or_nothing(region.right, region.feedback or "")
    return _all_or_nothing(False, question.feedback)


class Entry(Protocol):
    """One stored answer: what was asked, and the JSON value that `record` was given."""

    item: str
    answer: Any


class Store(Protocol):
    """Where answers are kept: the module `progress`, or a stand-in in a test. Any of these may raise."""

    def record(
        self, lesson: str, kind: str, item: str, answer: Any, correct: bool | None, score: float | None
    ) -> Any: ...

    def entries(self, lesson: str, kind: str) -> Sequence[Entry]: ...


@dataclass
class Answers:
    """The learner's answers: in the store, and in memory those that the store has not taken yet.

    Attributes:
        store: where they are kept.
        trouble: why the store failed, in a sentence; empty if it did not. The quiz goes on either way.
        waiting: the arguments of the `record` calls that failed, oldest first; each `add` tries them again.
    """

    store: Store = progress
    trouble: str = ""
    waiting: list[tuple[str, str, str, Any, bool, float]] = field(default_factory=list)

    def add(self, lesson: str, kind: str, item: str, answer: Any, result: Grade) -> None:
        self.waiting.append((lesson, kind, item, answer, result.correct, result.score))
        try:
            while self.waiting:
                self.store.record(*self.waiting[0])
                self.waiting.pop(0)
            self.trouble = ""
        except Exception as error:  # whatever breaks the disk must not break the lesson
            self.trouble = str(error)

    def of(self, lesson: str, kind: str) -> dict[str, list[Any]]:
        """All answers to each question, by its id, oldest first. Never raises: see `trouble`."""
        try:
            given = [(entry.item, entry.answer) for entry in self.store.entries(lesson, kind)]
        except Exception as error:
            self.trouble = str(error)
            given = []
        given += [entry[2:4] for entry in self.waiting if entry[:2] == (lesson, kind)]
        answers: dict[str, list[Any]] = {}
        for item, answer in given:
            answers.setdefault(item, []).append(answer)
        return answers


@dataclass
class Desk:
    """Takes answers and says what the learner may see: nothing of the key before an answer is committed.

    Attributes:
        lesson: two digits, as in "03".
        kind: "quiz": feedback at once, further tries allowed, the right answer when found or asked for.
            "predict": one answer, and nothing more until `reveal`.
        questions: those that may be answered here.
        answers: where answers are kept.
        pictures: what the click questions show, by key.

    Raises `ValueError` if a picture or one of its masks is missing.
    """

    lesson: str
    kind: Literal["quiz", "predict"]
    questions: Sequence[Question]
    answers: Answers
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for question in self.questions:
            if isinstance(question, Click):
                if question.picture not in self.pictures:
                    raise ValueError(
                        f"pictures: question '{question.id}' needs '{question.picture}', got {sorted(self.pictures)}"
                    )
                if not question.right_pixels(self.pictures[question.picture]).any():
                    raise ValueError(
                        f"pictures['{question.picture}']: question '{question.id}' has no right pixel in it"
                    )

    def commit(self, item: str, answer: Any) -> None:
        """Grades and keeps an answer. Raises `ValueError` if it is malformed or comes too late to count."""
        question = self._question(item)
        result = self._grade(question, answer)
        if self.kind == "predict" and item in self._tries():
            raise ValueError(f"id: '{item}' is committed already; a prediction cannot be changed")
        if item in self.shown:
            raise ValueError(f"id: the answer to '{item}' has been shown; it can no longer be tried")
        self.answers.add(self.lesson, self.kind, item, answer, result)

    def show(self, item: str) -> None:
        """The learner gives up trying. Raises `ValueError` before the first answer: commit comes before reveal."""
        if self._question(item).id not in self._tries():
            raise ValueError(f"id: '{item}' has no answer yet; the right one is shown only after that")
        self.shown.add(item)

    def view(self) -> dict[str, dict[str, Any]]:
        """For each answered question, by id, what the front end may show now; JSON."""
        return {item: self._view(self._question(item), tries[0], tries[-1]) for item, tries in self._tries().items()}

    def reveal(self) -> dict[str, dict[str, Any]]:
        """As `view`, with the right answer to every question that is answered."""
        views = self.view()
        return {item: views[item] | self._full(self._question(item), views[item]["answer"]) for item in views}

    def _view(self, question: Question, first: Any, last: Any) -> dict[str, Any]:
        if self.kind == "predict":
            return {"answer": first}
        result = self._grade(question, last)
        view = {"answer": last, "first_correct": self._grade(question, first).correct}
        if result.correct or question.id in self.shown:
            return view | self._full(question, last)
        return view | {"correct": False, "score": result.score, "feedback": result.feedback}

    def _full(self, question: Question, answer: Any) -> dict[str, Any]:
        result = self._grade(question, answer)
        return {
            "correct": result.correct,
            "score": result.score,
            "feedback": result.feedback,
            "right": right_answer(question),
            "explanation": question.explanation,
            "evidence": question.evidence,
        }

    def _tries(self) -> dict[str, list[Any]]:
        """For each answered question, by its id, the answers that fit it as it stands, oldest first.

        Others were given before it was reworded: a question that has only such answers is open again.
        """
        given = self.answers.of(self.lesson, self.kind)
        tries = {
            one.id: [answer for answer in given.get(one.id, []) if self._fits(one, answer)] for one in self.questions
        }
        return {item: answers for item, answers in tries.items() if answers}

    def _fits(self, question: Question, answer: Any) -> bool:
        try:
            self._grade(question, answer)
        except ValueError:
            return False
        return True

    def _grade(self, question: Question, answer: Any) -> Grade:
        return grade(question, answer, self.pictures[question.picture] if isinstance(question, Click) else None)

    def _question(self, item: str) -> Question:
        for question in self.questions:
            if question.id == item:
                return question
        raise ValueError(f"id: expected one of {[question.id for question in self.questions]}, got '{item}'")


def right_answer(question: Question) -> Any:
    """The answer that is graded right, in the form of the table above; None for `click`, whose answer is a region."""
    match question:
        case YesNo() | Numeric():
            return question.answer
        case Single():
            return next(choice.text for choice in question.choices if choice.right)
        case Multiple():
            return [choice.text for choice in question.choices if choice.right]
        case Order():
            return [step.text for step in question.steps]
        case Click():
            return None
