"""The quiz in the notebook: `quiz` at the end of a lesson, `predict` and `reveal` in its text.

The page is `quiz_number.js`, `quiz_controls.js` and `quiz.js`, joined. It is given what a learner may see before
answering, and nothing else: the right answers, explanations and feedback stay in the kernel, which sends them in a
message after the answer was committed. They are never a synced trait, so no notebook holds them.

The protocol, in custom messages:

| page to kernel                             | meaning                                                  |
|--------------------------------------------|----------------------------------------------------------|
| `{"type": "hello"}`                        | a page has opened: what is answered already?             |
| `{"type": "commit", "id": …, "answer": …}` | grade this and keep it                                   |
| `{"type": "show", "id": …}`                | quiz only: show me the right answer, I have tried        |

The kernel answers each with `{"type": "state", "done": id or null, "answers": …, "trouble": …}` (see `Desk.view`), or
with `{"type": "refused", "reason": …}`.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakSet

import anywidget
import numpy as np
import traitlets
from PIL import Image

from helpers.course.bank import Click, Numeric, Order, Picture, Question, find_bank, find_prediction, shuffled
from helpers.course.quiz import Answers, Desk

HERE = Path(__file__).parent

_answers = Answers()
_pages: WeakSet[_Page] = WeakSet()


class _Page(anywidget.AnyWidget):
    """A front end for one `Desk`. All that is synced is what a learner may see before answering."""

    _esm = "\n".join((HERE / f"{name}.js").read_text("utf-8") for name in ("quiz_number", "quiz_controls", "quiz"))
    _css = (HERE / "quiz.css").read_text("utf-8")
    mode = traitlets.Unicode().tag(sync=True)
    lesson = traitlets.Unicode().tag(sync=True)
    questions = traitlets.List().tag(sync=True)

    def __init__(self, desk: Desk, mode: str) -> None:
        questions = [public(question, desk.pictures) for question in desk.questions]
        super().__init__(mode=mode, lesson=desk.lesson, questions=questions)
        self._desk = desk
        self.on_msg(lambda _, message, __: self._receive(message))
        _pages.add(self)

    def state(self, done: str | None = None) -> dict[str, Any]:
        """The message that tells the page what it may show now; `done` is the question that was just dealt with."""
        views = self._desk.reveal() if self.mode == "reveal" else self._desk.view()
        for question in self._desk.questions:
            if isinstance(question, Click) and "right" in views.get(question.id, {}):
                pixels = question.right_pixels(self._desk.pictures[question.picture])
                views[question.id]["overlay"] = _png(_overlay(pixels))
        return {"type": "state", "done": done, "answers": views, "trouble": self._desk.answers.trouble}

    def _receive(self, message: Any) -> None:
        try:
            match message:
                case {"type": "hello"}:
                    self.send(self.state())
                case {"type": "commit", "id": str(item), "answer": answer} if self.mode != "reveal":
                    self._desk.commit(item, answer)
                    self._tell(item)
                case {"type": "show", "id": str(item)} if self.mode == "quiz":
                    self._desk.show(item)
                    self._tell(item)
                case _:
                    raise ValueError(f"message: expected hello, commit or show, got {message!r}")
        except ValueError as error:
            self.send({"type": "refused", "reason": str(error)})

    def _tell(self, item: str) -> None:
        """Answers this page, and every other one that shows the same question: an open `reveal` waits for it."""
        for page in list(_pages):
            if page is self:
                page.send(page.state(item))
            elif page._desk.kind == self._desk.kind and any(q.id == item for q in page._desk.questions):
                page.send(page.state())

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        # The texts are the same on every run, whatever was answered: the notebook tests compare them.
        bundle, metadata = super()._repr_mimebundle_(**kwargs)
        return bundle | {"text/plain": repr(self), "text/markdown": self._markdown()}, metadata

    def _markdown(self) -> str:
        raise NotImplementedError


class Quiz(_Page):
    """The questions at the end of a lesson, one at a time. Made by `quiz`."""

    def __repr__(self) -> str:
        return f"Quiz('{self.lesson}', {len(self.questions)} questions)"

    def _markdown(self) -> str:
        lines = [f"**Quiz, lesson {int(self.lesson)}.** Run this cell in JupyterLab to answer."]
        lines += [_as_text(question, f"{number}. ") for number, question in enumerate(self._desk.questions, start=1)]
        return "\n\n".join(lines)


class Prediction(_Page):
    """One question to commit to before reading on. Made by `predict`."""

    def __repr__(self) -> str:
        return f"Prediction('{self._desk.questions[0].id}')"

    def _markdown(self) -> str:
        question = self._desk.questions[0]
        return f"**Predict.** Run this cell in JupyterLab to commit to an answer.\n\n{_as_text(question)}"


class Reveal(_Page):
    """What the learner predicted, against what is so. Made by `reveal`."""

    def __repr__(self) -> str:
        return f"Reveal('{self._desk.questions[0].id}')"

    def _markdown(self) -> str:
        return "*In JupyterLab, your prediction stands here against what is so.*"


def quiz(lesson: str, pictures: Mapping[str, Picture] | None = None) -> Quiz:
    """The end quiz of a lesson, such as "03".

    Args:
        pictures: for each picture that a click question names, the array and the exact regions.

    Raises `ValueError` if the bank has a fault, or a picture or one of its regions is missing.
    """
    questions = find_bank(lesson).at("end")
    if not questions:
        raise ValueError(f"lesson: the bank of '{lesson}' has no question with place 'end'")
    return Quiz(Desk(lesson, "quiz", questions, _answers, pictures or {}), "quiz")


def predict(item: str, pictures: Mapping[str, Picture] | None = None) -> Prediction:
    """One question in the text, by its id: the learner commits to an answer and reads on. Arguments as for `quiz`."""
    return Prediction(_prediction_desk(item, pictures), "predict")


def reveal(item: str, pictures: Mapping[str, Picture] | None = None) -> Reveal:
    """What the learner predicted against what is so; before the commitment, only a reminder of it."""
    return Reveal(_prediction_desk(item, pictures), "reveal")


def _prediction_desk(item: str, pictures: Mapping[str, Picture] | None) -> Desk:
    bank, question = find_prediction(item)
    return Desk(f"{bank.lesson:02d}", "predict", [question], _answers, pictures or {})


def public(question: Question, pictures: Mapping[str, Picture]) -> dict[str, Any]:
    """What a learner may see of a question before answering, as JSON. Its fields are listed, never taken away."""
    shown: dict[str, Any] = {"id": question.id, "kind": question.kind, "prompt": question.prompt}
    if choices := shuffled(question):
        shown["choices"] = choices
    if isinstance(question, Numeric):
        shown["unit"] = question.unit or ""
    if isinstance(question, Click):
        image = pictures[question.picture].image
        shown["picture"] = {"src": _png(image), "width": image.shape[1], "height": image.shape[0], "alt": question.alt}
    return shown


def _as_text(question: Question, number: str = "") -> str:
    """The question in Markdown, for where no front end runs; `number` makes it an item of a list."""
    indent = " " * len(number)
    notes = {"multiple": "tick all that hold", "numeric": "a number", "order": "put in order", "click": "a click"}
    note = notes.get(question.kind, "")
    if isinstance(question, Numeric) and question.unit:
        note += f", in {question.unit}"
    if isinstance(question, Click):
        note += f" on the picture: {question.alt}"
    lines = [_plain(question.prompt, indent) + (f" ({_plain(note, indent)})" if note else "")]
    mark = "-" if isinstance(question, Order) else "- ☐"
    lines += [""] if shuffled(question) else []
    lines += [f"{indent}{mark} {_plain(text, indent)}" for text in shuffled(question)]
    return number + "\n".join(lines)


def _plain(text: str, indent: str) -> str:
    """The text with angle brackets outside of `code` made harmless, its later lines indented."""
    parts = re.split(r"(`[^`]*`)", text)
    safe = "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)
    return safe.replace("\n", f"\n{indent}")


def _overlay(pixels: np.ndarray) -> np.ndarray:
    """uint8 `[H, W, 4]`: a veil over the region `pixels`, bool `[H, W]`, and a strong line along its edge."""
    padded = np.pad(pixels, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    overlay = np.zeros((*pixels.shape, 4), np.uint8)
    overlay[pixels] = (255, 255, 255, 90)
    overlay[pixels & ~inner] = (255, 220, 0, 255)
    return overlay


def _png(image: np.ndarray) -> str:
    """A uint8 image `[H, W, 3]` or `[H, W, 4]` as a data URL."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
