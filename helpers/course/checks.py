"""Checks of exercises: a learner's function is tried against a slow, obvious specification.

`check(f)` says "not attempted", "correct", or "not yet" with the smallest case that shows why; it never raises. The
cases are the same on every machine. `prove` is what the tests hold every exercise to: the solution passes, and every
tempting wrong answer is rejected. The form follows Sasha Rush's Tensor Puzzles: specification, stub, picture, test.
"""

from __future__ import annotations

import copy
import inspect
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from helpers.course.attempt import Attempt, LimitedOutput, attempt, is_stub
from helpers.course.exercise import SEED, Exercise, find, unknown
from helpers.course.result import Case, CheckResult, Hint, draw
from helpers.course.tried import note
from helpers.course.values import difference, kind, show, size

LEGIBLE = 400
"""Cases of more numbers than that find mistakes, but are not what a right answer is drawn on."""

_hints_given: dict[str, int] = {}


def check(function: Callable) -> CheckResult:
    """Try the learner's function on all cases of the exercise that has its name. Never raises.

    What was tried is noted as progress (`tried.py`); a stub is not.
    """
    name = ""
    try:
        name = getattr(function, "__name__", "")
        if not callable(function) or not name:
            problem = f"course.check wants the function itself, as in course.check(f); it got {show(function)}"
            return CheckResult("unknown", "", problem)
        exercise = find(name)
        if exercise is None:
            return CheckResult("unknown", name, unknown(name))
        result = judge(exercise, function)
        if result.status in ("correct", "not yet"):
            result = replace(result, png=_draw(exercise, result.case), note=note(exercise, function, result))
        return result
    except KeyboardInterrupt:
        return CheckResult("interrupted", str(name), "you stopped the check")
    except BaseException as error:  # a fault of ours must not end the lesson either
        return CheckResult("broken", str(name), f"{type(error).__name__}: {error}")


def judge(exercise: Exercise, function: Callable) -> CheckResult:
    """What `check` finds out, without recording or drawing it. Raises only `KeyboardInterrupt`."""
    found = CheckResult("not attempted", exercise.name, title=exercise.title, hints=exercise.hints)
    if is_stub(function):
        return found
    left, output, legible = exercise.seconds, LimitedOutput(), None
    try:
        names = list(inspect.signature(exercise.spec).parameters)
        cases = exercise.arguments()
        for number, args in enumerate(cases, 1):
            targets = [right(*copy.deepcopy(args)) for right in (exercise.spec, *exercise.also)]
            given = copy.deepcopy(args)
            with output:
                tried = attempt(function, given, left)
            left -= tried.seconds
            target = next((one for one in targets if not _problem(exercise, tried, one)), targets[0])
            named = dict(zip(names, args, strict=True))
            answered = not (tried.trouble or tried.late or tried.interrupted)
            place = f"case {number} of {len(cases)}, seed {SEED}"
            found = replace(found, case=Case(named, target, tried.value, answered, place))
            if tried.interrupted:
                return replace(found, status="interrupted", problem="you stopped your function")
            problem = _problem(exercise, tried, target) or _changed(names, args, given)
            if problem:
                return replace(found, status="not yet", problem=problem)
            legible = found.case if legible is None or size(args) <= LEGIBLE else legible
    except Exception as error:
        return replace(found, status="broken", problem=f"{type(error).__name__}: {error}")
    return replace(found, status="correct", case=legible, problem=f"{len(cases)} cases, seed {SEED}")


def hint(function: Callable | str) -> Hint:
    """The next hint for an exercise, given by its name or by the learner's function. After the last it stays there."""
    name = function if isinstance(function, str) else getattr(function, "__name__", "")
    exercise = find(name)
    if exercise is None:
        return Hint(name, 0, 0, unknown(name))
    number = min(_hints_given.get(name, 0) + 1, len(exercise.hints))
    _hints_given[name] = number
    return Hint(name, number, len(exercise.hints), exercise.hints[number - 1])


def prove(exercise: Exercise) -> None:
    """Hold an exercise to what is promised of it; `AssertionError` says what is not so. For the tests.

    The cases are the same each time and leave their arguments alone; the solution passes in good time; a stub is "not
    attempted"; at least three wrong answers are rejected, each for a value that it gives rather than by crashing.
    """
    label = f"exercise {exercise.name}"
    first, second = exercise.arguments(), exercise.arguments()
    assert len(first) >= 10, f"{label}: {len(first)} cases are too few to find a mistake by"
    assert difference(first, second, 0, 0) is None, f"{label}: cases must depend on rng alone"
    for args in first:
        given = copy.deepcopy(args)
        exercise.spec(*given)
        assert difference(args, given, 0, 0) is None, f"{label}: the specification changes its arguments"

    solved = judge(exercise, exercise.solution)
    assert solved.status == "correct", f"{label}: its solution is rejected\n{solved}"
    assert list(inspect.signature(exercise.solution).parameters) == list(solved.case.args), f"{label}: parameter names"
    for other in exercise.also:
        result = judge(exercise, other)
        assert result.status == "correct", f"{label}: another right answer is rejected\n{result}"
    start = time.perf_counter()
    assert judge(exercise, exercise.spec).status == "correct", f"{label}: the specification rejects itself"
    took = time.perf_counter() - start
    assert took < exercise.seconds / 2, f"{label}: checking takes {took:.1f} s on the specification alone"

    def stub(*_: Any) -> None: ...

    assert judge(exercise, stub).status == "not attempted", f"{label}: a stub counts as an attempt"
    assert len(exercise.wrong) >= 3, f"{label}: {len(exercise.wrong)} wrong answers, expected at least 3"
    for wrong in exercise.wrong:
        result = judge(exercise, wrong.function)
        assert result.status == "not yet", f"{label}: takes for {result.status} what is wrong: {wrong.why}"
        assert result.case.answered, f"{label}: nobody is tempted by an answer that fails: {wrong.why}\n{result}"
    if exercise.picture is not None:
        assert draw(exercise.picture, solved.case).startswith(b"\x89PNG"), f"{label}: no picture"


def _problem(exercise: Exercise, tried: Attempt, target: Any) -> str | None:
    """What is wrong with one call, in words; None if nothing is."""
    if tried.late:
        return f"took longer than {exercise.seconds:g} s, all cases together"
    if tried.trouble:
        return tried.trouble
    try:
        return exercise.compare(target, tried.value)
    except Exception:  # an answer of a kind that nobody thought of
        return f"expected {kind(target)}, got {kind(tried.value)}"


def _changed(names: list[str], before: tuple, after: tuple) -> str | None:
    for name, one, other in zip(names, before, after, strict=True):
        if difference(one, other, 0, 0):
            return f"your function changed its input `{name}`: work on a copy"
    return None


def _draw(exercise: Exercise, case: Case | None) -> bytes | None:
    if exercise.picture is None or case is None or not case.answered:
        return None
    try:
        return draw(exercise.picture, case)
    except Exception:  # the answer has a form that cannot be drawn; the words say so
        return None
