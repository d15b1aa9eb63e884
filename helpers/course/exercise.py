"""What an exercise is, and where the exercises of the course are found.

Those of lesson N stand in `helpers/exercises/lessonN.py`, and what its notebook has no room for in `lessonN_more.py`;
each is handed to `register`. They are looked up by name when a check first asks for them, so that this package needs
to know nothing of segmentation.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from helpers.course.values import difference, size

PACKAGE = "helpers.exercises"
SEED = 0
MOST_CASES = 200


@dataclass(frozen=True)
class Wrong:
    """A tempting wrong answer: what a learner believes who gives it (`why`), and the function that comes of it."""

    function: Callable
    why: str


@dataclass(frozen=True)
class Exercise:
    """One exercise. Functions here must not change their arguments.

    Attributes:
        name: the name of the learner's function; no other exercise of the course has it.
        lesson: the lesson's number.
        title: what it asks for, in a few words.
        spec: the specification: slow, obvious, right. Its parameters have the names that the learner's have.
        cases: `cases(rng)` gives the arguments of each call as a tuple: edge cases, then random ones from `rng`, of all
            sizes; at most `MOST_CASES` are used. The small ones are tried first, whatever their order.
        hints: one after the other, from a nudge to nearly the answer.
        solution: a good answer, a function of the exercise's name: `course.solution` shows its source.
        reasons: why the solution is written so, and what it does at the edges; two to four sentences.
        wrong: at least three wrong answers that the check must reject.
        also: other right answers, where the task leaves a choice: functions that may give what `spec` does not.
        compare: `compare(expected, got)` says in words how `got` is wrong, None if it is right.
        picture: `picture(args, target, yours)` draws both: a matplotlib figure or a uint8 array `[H, W, 3]`. May raise,
            as `yours` can be anything: then there is no picture.
        seconds: how long the learner's function may take over all cases together.
    """

    name: str
    lesson: int
    title: str
    spec: Callable
    cases: Callable[[np.random.Generator], Iterable[tuple]]
    hints: tuple[str, ...]
    solution: Callable
    reasons: str
    wrong: tuple[Wrong, ...]
    also: tuple[Callable, ...] = ()
    compare: Callable[[Any, Any], str | None] = difference
    picture: Callable[[tuple, Any, Any], Any] | None = None
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"name: expected the name of a function, got {self.name!r}")
        if not isinstance(self.reasons, str) or not self.reasons.strip():
            raise ValueError(f"reasons: expected why the solution is written so, in words, got {self.reasons!r}")
        for field in ("hints", "wrong"):
            if not isinstance(getattr(self, field), tuple) or not getattr(self, field):
                raise ValueError(f"{field}: expected a tuple with something in it, got {getattr(self, field)!r}")

    def arguments(self) -> list[tuple]:
        """The cases, the smallest first."""
        cases = list(islice(self.cases(np.random.default_rng(SEED)), MOST_CASES))
        if not cases or not all(isinstance(args, tuple) for args in cases):
            raise ValueError(f"cases of {self.name}: expected at least one tuple of arguments, and only tuples")
        return sorted(cases, key=size)


_exercises: dict[str, Exercise] = {}
_failed: dict[int, Exception] = {}


def register(exercise: Exercise) -> Exercise:
    """Add an exercise to the course. Raises `ValueError` if another one has its name."""
    if exercise.name in _exercises:
        other = _exercises[exercise.name].lesson
        raise ValueError(f"name: expected one that no exercise has, got '{exercise.name}', which lesson {other} has")
    _exercises[exercise.name] = exercise
    return exercise


def exercises(lesson: int | None = None) -> tuple[Exercise, ...]:
    """The exercises of one lesson, or of all, in the order in which they stand. Raises what their module raises."""
    for number in _lessons():
        if lesson in (None, number):
            _load(number)
    return tuple(exercise for exercise in _exercises.values() if lesson in (None, exercise.lesson))


def _lessons() -> list[int]:
    """The lessons that have a module of exercises."""
    if importlib.util.find_spec(PACKAGE) is None:
        return []
    package = importlib.import_module(PACKAGE)
    matches = [re.fullmatch(r"lesson(\d+)", module.name) for module in pkgutil.iter_modules(package.__path__)]
    return sorted(int(match[1]) for match in matches if match)


def _load(lesson: int) -> None:
    if lesson in _failed:  # a second import would stumble over what the first has registered
        raise _failed[lesson]
    try:
        importlib.import_module(f"{PACKAGE}.lesson{lesson}")
        if importlib.util.find_spec(f"{PACKAGE}.lesson{lesson}_more"):
            importlib.import_module(f"{PACKAGE}.lesson{lesson}_more")
    except Exception as error:
        _failed[lesson] = error
        raise


def find(name: str) -> Exercise | None:
    """The exercise of that name. A lesson whose exercises cannot be loaded does not stand in the way of another's."""
    for lesson in _lessons():
        if name in _exercises:
            break
        with suppress(Exception):
            _load(lesson)
    return _exercises.get(name)


def unknown(name: str) -> str:
    """What to say to a name that no exercise has."""
    known = ", ".join(_exercises) or "none"
    failed = "".join(f"; those of lesson {lesson} could not be loaded ({error})" for lesson, error in _failed.items())
    return f"there is no exercise of the name {name!r}; there are: {known}{failed}"
