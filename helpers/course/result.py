"""What a check, a hint and a solution show: stable text for tests, HTML and pictures for people."""

from __future__ import annotations

import base64
import html
import io
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from helpers.course.values import contrast, show

REPORT = 'please report it, `course.mistake("...")` writes the report'
Status = Literal["not attempted", "not yet", "correct", "interrupted", "unknown", "broken"]
SIGNS = {"not attempted": "○", "not yet": "✗", "correct": "✓", "interrupted": "■", "unknown": "?", "broken": "!"}


@dataclass(frozen=True, eq=False)
class Case:
    """One call: arguments by name, target, what the learner's function gave (if it `answered`), which call it was."""

    args: dict[str, Any]
    target: Any
    yours: Any
    answered: bool
    place: str

    def __str__(self) -> str:
        parts = [self.place, *(_named(name, show(value)) for name, value in self.args.items())]
        if not self.answered:
            return "\n".join([*parts, _named("expected", show(self.target))])
        expected, yours = contrast(self.target, self.yours)
        return "\n".join([*parts, _named("expected", expected), _named("yours", yours)])


@dataclass(frozen=True, eq=False)
class CheckResult:
    """The answer of `course.check`.

    Attributes:
        status: "unknown": no such exercise; "broken": the exercise is at fault, not the learner.
        name: the exercise.
        problem: what is wrong, in one line.
        case: the last call tried, when "not yet" the counter-example: `result.case.args["mask"]` is its `mask`. When
            "correct" the largest of a size that can be drawn.
        note: why the attempt could not be stored, empty if it was.
        png: the picture of target and answer.
    """

    status: Status
    name: str
    problem: str = ""
    title: str = ""
    hints: tuple[str, ...] = ()
    case: Case | None = None
    note: str = ""
    png: bytes | None = None

    def __repr__(self) -> str:
        lines = [self._headline()]
        if self.status in ("not yet", "interrupted") and self.case:
            lines.append(_indented(str(self.case)))
        if self.status == "not yet" and self.hints:
            lines.append(f'Stuck? course.hint("{self.name}") gives one hint at a time.')
        return "\n".join([*lines, self.note] if self.note else lines)

    def _repr_html_(self) -> str:
        parts = [f"<p><strong>{SIGNS[self.status]} {_marked(self._headline())}</strong></p>"]
        if self.status == "not attempted":
            parts.append("<p>Write your function in place of the stub, run its cell, then run this one again.</p>")
        if self.status in ("not yet", "interrupted") and self.case:
            parts.append(f"<pre>{html.escape(str(self.case))}</pre>")
        if self.png:
            source = f"data:image/png;base64,{base64.b64encode(self.png).decode()}"
            parts.append(f'<img src="{source}" alt="Target and your answer for {html.escape(self.name)}">')
        if self.status == "not yet":
            parts.append(_nested(self.hints))
        if self.note:
            parts.append(f"<p>{html.escape(self.note)}</p>")
        return f'<div role="status">{"".join(parts)}</div>'

    def _headline(self) -> str:
        if self.status == "broken":
            return f"broken: {self.name}: the exercise is at fault, not you; {REPORT} ({self.problem})"
        if self.status == "correct":
            return f"correct: {self.name} ({self.problem})"
        return ": ".join(part for part in (self.status, self.name, self.problem) if part)


@dataclass(frozen=True)
class Hint:
    """The answer of `course.hint`: hint `number` of `total`; number 0 if there is no such exercise."""

    name: str
    number: int
    total: int
    text: str

    def __repr__(self) -> str:
        return f"{self._headline()}: {self.text}"

    def _repr_html_(self) -> str:
        return f"<p><strong>{_marked(self._headline())}</strong>: {_marked(self.text)}</p>"

    def _headline(self) -> str:
        if not self.number:
            return "no hint"
        last = ", the last" if self.number == self.total else ""
        return f"{self.name}, hint {self.number} of {self.total}{last}"


@dataclass(frozen=True)
class Solution:
    """The answer of `course.solution`.

    Attributes:
        status: "shown", "not yet", "unknown" (no such exercise) or "broken" (the course is at fault).
        name: the exercise.
        text: the reasons of the solution that is shown, else what is needed or wrong.
        code: the source of the solution, empty unless it is shown.
        note: why it could not be stored that it was shown, empty if it was.
    """

    status: Literal["shown", "not yet", "unknown", "broken"]
    name: str
    text: str
    code: str = ""
    note: str = ""

    def __repr__(self) -> str:
        return self._shown() if self.code else f"{self._title()}: {self._why_not()}"

    def _repr_markdown_(self) -> str:
        return self._shown("**", "```python\n", "\n```") if self.code else f"**{self._title()}**: {self._why_not()}"

    def _shown(self, bold: str = "", fence: str = "", end: str = "") -> str:
        parts = (f"{bold}Our solution of {self.name}{bold}", fence + self.code + end, self.text, self.note)
        return "\n\n".join(part for part in parts if part)

    def _title(self) -> str:
        return "no solution" if self.status == "unknown" else f"{self.status}: {self.name}"

    def _why_not(self) -> str:
        return f"it cannot be shown; {REPORT} ({self.text})" if self.status == "broken" else self.text


def draw(picture: Callable[[tuple, Any, Any], Any], case: Case) -> bytes:
    """What `picture` draws of a case, as PNG: a matplotlib figure or a uint8 array `[H, W]` or `[H, W, 3]`.

    Raises what `picture` raises. Figures that it opened are closed then too: an open one is shown under the cell.
    """
    before = _open_figures()
    buffer = io.BytesIO()
    try:
        drawn = picture(tuple(case.args.values()), case.target, case.yours)
        if hasattr(drawn, "savefig"):
            drawn.savefig(buffer, format="png", bbox_inches="tight")
        else:
            from PIL import Image

            Image.fromarray(drawn).save(buffer, format="png")
    finally:
        for number in _open_figures() - before:
            sys.modules["matplotlib.pyplot"].close(number)
    return buffer.getvalue()


def _open_figures() -> set[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")  # not imported here: it takes a second, and few exercises draw
    return set(pyplot.get_fignums()) if pyplot else set()


def _nested(hints: tuple[str, ...]) -> str:
    """Hints one inside the other: the second can only be opened where the first has been read."""
    inner = ""
    for number in range(len(hints), 0, -1):
        summary = f"<summary>Hint {number} of {len(hints)}</summary>"
        inner = f"<details>{summary}<p>{_marked(hints[number - 1])}</p>{inner}</details>"
    return inner


def _named(name: str, text: str) -> str:
    return f"{name} = {text}" if "\n" not in text else f"{name} = {_indented(text).lstrip()}"


def _indented(text: str) -> str:
    return "    " + text.replace("\n", "\n    ")


def _marked(text: str) -> str:
    """Escaped for HTML, with `code` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
