"""What a learner tried at an exercise, and how many attempts are different ones.

Every attempt goes into the progress file (kind "exercise") as `{"source": text or None, "ran": bool}`: "ran" is whether
the function gave an answer to judge, rather than crashing or taking too long. Files of earlier versions hold the source
alone, of which nobody knows whether it ran; it counts as if it had. Where the file cannot be used, the attempts of this
kernel are remembered all the same.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from helpers.course import progress
from helpers.course.exercise import Exercise
from helpers.course.result import CheckResult

KIND = "exercise"


@dataclass(frozen=True)
class Attempted:
    """One attempt: its `source`, None where nobody knows it, whether it `ran`, and whether it was `right`."""

    source: str | None
    ran: bool
    right: bool


_here: dict[str, list[Attempted]] = {}
"""What was tried in this kernel, by exercise."""


def note(exercise: Exercise, function: Callable, result: CheckResult) -> str:
    """Keep an attempt that was judged; a sentence if that failed, else nothing."""
    ran = result.case is not None and result.case.answered
    attempted = Attempted(_source(function), ran, result.status == "correct")
    _here.setdefault(exercise.name, []).append(attempted)
    answer = {"source": attempted.source, "ran": ran}
    try:
        progress.record(exercise.lesson, KIND, exercise.name, answer, correct=attempted.right)
    except Exception as error:
        return str(error)
    return ""


def tried(exercise: Exercise) -> list[Attempted]:
    """Every attempt at an exercise: those of the progress file, and those of this kernel, which may be the same."""
    try:
        entries = [entry for entry in progress.entries(exercise.lesson, KIND) if entry.item == exercise.name]
    except progress.ProgressError:
        entries = []
    return [*map(_attempted, entries), *_here.get(exercise.name, [])]


def different(attempts: list[Attempted]) -> int:
    """How many of them ran and differ in more than comments, whitespace and docstrings."""
    return len({meaning(attempt.source) for attempt in attempts if attempt.ran})


def meaning(source: str | None) -> str:
    """What remains of a function's source without comments, whitespace and docstrings; "" if there is none."""
    try:
        tree = ast.parse(textwrap.dedent(source or ""))
    except (SyntaxError, ValueError):  # a lambda within a line of its own: no docstring there
        return "".join((source or "").split())
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree) if tree.body else ""


def _attempted(entry: progress.Entry) -> Attempted:
    answer = entry.answer if isinstance(entry.answer, dict) else {"source": entry.answer}
    source = answer.get("source")
    return Attempted(source if isinstance(source, str) else None, bool(answer.get("ran", True)), bool(entry.correct))


def _source(function: Callable) -> str | None:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return None
