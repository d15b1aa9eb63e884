"""`course.solution`: how we would write an exercise, and why; for those who have solved it or truly tried."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable

from helpers.course import progress
from helpers.course.exercise import Exercise, find, unknown
from helpers.course.result import Solution
from helpers.course.tried import different, tried

ENOUGH = 3
"""So many different attempts that ran open the solution."""

NUMBERS = {1: "one more different attempt", 2: "two more different attempts", 3: "three different attempts"}


def solution(function: Callable | str) -> Solution:
    """Our solution of an exercise and its reasons, once it is earned; until then, what is still needed. Never raises.

    It is earned by a right answer, or by `ENOUGH` different attempts that gave an answer to judge: the stub, a repeat
    and a crash are none. Two attempts differ if more than comments, whitespace and docstrings do. That a solution was
    shown is kept as progress, once (kind "solution", what earned it as the answer), so that its question can come back.

    Args:
        function: the learner's function, or the exercise's name.
    """
    name = ""
    try:
        name = function if isinstance(function, str) else str(getattr(function, "__name__", ""))
        exercise = find(name)
        if exercise is None:
            return Solution("unknown", name, unknown(name))
        attempts = tried(exercise)
        solved, count = any(attempt.right for attempt in attempts), different(attempts)
        if not solved and count < ENOUGH:
            return Solution("not yet", name, _needed(name, ENOUGH - count))
        code = written(exercise)
        note = _remember(exercise, "right answer" if solved else "attempts")
        return Solution("shown", name, exercise.reasons, code, note)
    except Exception as error:  # a fault of ours must not end the lesson
        return Solution("broken", name, f"{type(error).__name__}: {error}")


def written(exercise: Exercise) -> str:
    """The source of the solution. Raises `OSError` if its file cannot be read."""
    return textwrap.dedent(inspect.getsource(exercise.solution)).rstrip()


def _needed(name: str, left: int) -> str:
    more = NUMBERS[left]
    return (
        f"our solution comes after a right answer, or after {more} that `course.check` could judge (the stub, a repeat "
        f'and a crash do not count); `course.hint("{name}")` gives a hint'
    )


def _remember(exercise: Exercise, earned: str) -> str:
    """Note that the solution was seen, if it never was; a sentence if that failed, else nothing."""
    try:
        if progress.last(exercise.lesson, "solution", exercise.name) is None:
            progress.record(exercise.lesson, "solution", exercise.name, earned)
    except progress.ProgressError as error:
        return str(error)
    return ""
