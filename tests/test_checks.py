"""Checks of exercises: what a learner may write, and what the check says to it. It never raises."""

from __future__ import annotations

import base64
import inspect
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.course import checks, exercise, progress, tried
from helpers.course.attempt import MOST_DISPLAYS, MOST_LETTERS, attempt, is_stub
from helpers.course.checks import check, hint, prove
from helpers.course.exercise import Exercise, Wrong, exercises, register
from helpers.course.values import contrast, difference, show, size


def count_spec(mask: np.ndarray) -> int:
    count = 0
    for row in mask:
        for pixel in row:
            count += int(pixel)
    return count


def count_cases(rng: np.random.Generator) -> Iterator[tuple]:
    for _ in range(20):
        height, width = rng.integers(2, 9, 2)
        yield (rng.random((height, width)) < 0.4,)
    yield (np.zeros((2, 2), bool),)
    yield (np.ones((1, 1), bool),)


COUNT = Exercise(
    name="count_pixels",
    lesson=1,
    title="Count the pixels of a mask",
    spec=count_spec,
    cases=count_cases,
    hints=("A mask holds `True` & `False`.", "True counts as 1.", "`mask.sum()`"),
    solution=lambda mask: mask.sum(),
    reasons="A sum counts True as 1.",
    wrong=(
        Wrong(lambda mask: mask.size, "counts every pixel"),
        Wrong(lambda mask: len(mask), "counts rows"),
        Wrong(lambda mask: int(mask.any()), "asks whether there is one"),
    ),
)


@pytest.fixture(autouse=True)
def classroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the exercise above, no hint given yet, and progress in a folder of its own."""
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(exercise, "PACKAGE", "no_such_package")
    monkeypatch.setattr(exercise, "_exercises", {"count_pixels": COUNT})
    monkeypatch.setattr(exercise, "_failed", {})
    monkeypatch.setattr(tried, "_here", {})
    monkeypatch.setattr(checks, "_hints_given", {})


def named(function: Callable, name: str = "count_pixels") -> Callable:
    function.__name__ = name
    return function


# What the check says


def test_correct() -> None:
    def count_pixels(mask: np.ndarray) -> int:
        return int(mask.sum())

    result = check(count_pixels)
    assert repr(result) == "correct: count_pixels (22 cases, seed 0)"
    assert "✓ correct" in result._repr_html_()
    assert "hint" not in result._repr_html_().lower()


STUBS = [
    "...",
    "pass",
    "raise NotImplementedError",
    "raise NotImplementedError()",
    "raise NotImplementedError('later')",
]
ATTEMPTS = [
    "return 0",
    "x = None\n    return x",
    "mask",
    "return 'text'",
    "raise ValueError('no')",
    "if mask is None:\n        raise NotImplementedError",
    "print('hello')",
    "yield",
    "raise NotImplementedError(mask)",
]


@pytest.mark.parametrize("doc", ["", '"""What it does."""\n    '])
@pytest.mark.parametrize("body", STUBS)
def test_a_stub_is_not_attempted(body: str, doc: str) -> None:
    space: dict = {}
    exec(f"def count_pixels(mask: list[int]) -> int:\n    {doc}{body}", space)
    result = check(space["count_pixels"])
    assert repr(result) == "not attempted: count_pixels"
    assert "<details>" not in result._repr_html_(), "hints come after a first attempt"
    assert progress.last(1, "exercise", "count_pixels") is None, "Run All is no attempt"


@pytest.mark.parametrize("doc", ["", '"""What it does."""\n    '])
@pytest.mark.parametrize("body", ATTEMPTS)
def test_an_attempt_is_no_stub(body: str, doc: str) -> None:
    space: dict = {}
    exec(f"def count_pixels(mask):\n    {doc}{body}", space)
    assert not is_stub(space["count_pixels"])
    assert check(space["count_pixels"]).status == "not yet"


def test_a_stub_with_comment_and_closure() -> None:
    outside = 3

    def count_pixels(mask: np.ndarray) -> int:
        # TODO: your code
        ...

    def wrapping(mask: np.ndarray) -> int:
        lambda: outside  # noqa: B018

    assert is_stub(count_pixels)
    assert not is_stub(wrapping)
    assert not is_stub(len)


def test_not_yet_shows_the_smallest_case() -> None:
    def count_pixels(mask: np.ndarray) -> int:
        return mask.size

    result = check(count_pixels)
    assert repr(result) == (
        "not yet: count_pixels: expected 0, got 4\n"
        "    case 2 of 22, seed 0\n"
        "    mask = bool array [2, 2]\n"
        "        [[False False]\n"
        "         [False False]]\n"
        "    expected = 0\n"
        "    yours = 4\n"
        'Stuck? course.hint("count_pixels") gives one hint at a time.'
    )
    assert result.case.args["mask"].tolist() == [[False, False], [False, False]]
    assert repr(check(count_pixels)) == repr(result), "the same cases each time"


def test_hints_in_html_open_one_after_the_other() -> None:
    page = check(named(lambda mask: 7))._repr_html_()
    nested = re.fullmatch(r".*<details>(.*)<details>(.*)<details>(.*)</details></details></details></div>", page, re.S)
    assert nested is not None
    for number, part in enumerate(nested.groups(), 1):
        assert part.startswith(f"<summary>Hint {number} of 3</summary>")
    assert "<code>True</code> &amp; <code>False</code>" in page


def test_the_learner_s_text_cannot_become_html() -> None:
    page = check(named(lambda mask: "<script>alert(1)</script>"))._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_an_exception_is_one_line_with_its_place() -> None:
    def count_pixels(mask: np.ndarray) -> int:
        total = 0
        return sum(1 / total for _ in range(3))

    result = check(count_pixels)
    quoted = "`return sum(1 / total for _ in range(3))`"
    assert result.problem == f"ZeroDivisionError in line 3 of count_pixels ({quoted}): division by zero"
    assert "yours" not in repr(result)

    def raises(mask: np.ndarray) -> int:
        raise KeyError("first line\nsecond line " + "x" * 1000)

    headline = check(named(raises)).problem
    assert headline.startswith("KeyError in line 2 of raises (`raise KeyError(")
    assert len(headline) < 400 and "\n" not in headline


def test_wrong_number_of_parameters() -> None:
    assert "takes 0 positional arguments but 1 was given" in check(named(lambda: 1)).problem


def test_no_exception_escapes() -> None:
    class Mean(BaseException):
        def __str__(self) -> str:
            raise RuntimeError("and it cannot even be printed")

    def exits(mask: np.ndarray) -> int:
        sys.exit("bye")

    def recurses(mask: np.ndarray) -> int:
        return recurses(mask)

    def mean(mask: np.ndarray) -> int:
        raise Mean

    assert "ended the program" in check(named(exits)).problem
    assert "calls itself without end (RecursionError) in line 2 of recurses" in check(named(recurses)).problem
    assert check(named(mean)).problem == "Mean in line 2 of mean (`raise Mean`)"


class Nasty:
    """An answer that resists."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")

    __hash__ = None


@pytest.mark.parametrize("answer", [Nasty(), [Nasty()], {"a": Nasty()}, object(), iter(()), type, torch.Tensor])
def test_strange_answers_are_not_yet(answer: object) -> None:
    result = check(named(lambda mask: answer))
    assert result.status == "not yet"
    assert repr(result) and result._repr_html_()


def test_an_answer_that_cannot_be_compared_is_not_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exercise._exercises, "count_pixels", replace(COUNT, compare=lambda expected, got: got.shape[9]))
    assert check(named(lambda mask: mask)).problem == "expected an int, got an array of shape (1, 1)"


def test_an_interrupt_is_said_with_its_case() -> None:
    def count_pixels(mask: np.ndarray) -> int:
        raise KeyboardInterrupt

    result = check(count_pixels)
    assert repr(result).startswith("interrupted: count_pixels: you stopped your function\n    case 1 of 22, seed 0\n")
    assert progress.last(1, "exercise", "count_pixels") is None


def test_an_interrupt_of_the_check_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checks, "note", stop)
    assert check(named(lambda mask: 1)).status == "interrupted"


def test_changed_input_is_found() -> None:
    def count_pixels(mask: np.ndarray) -> int:
        count = int(mask.sum())
        mask[:] = False
        return count

    result = check(count_pixels)
    assert result.status == "not yet"
    assert result.problem == "your function changed its input `mask`: work on a copy"
    assert result.case.args["mask"].any(), "the case is shown as it was before"


@pytest.mark.parametrize("step", [1e-7, 1e-12])
def test_a_small_change_of_an_input_is_found_too(step: float, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [(np.full(3, 0.5), [0.5]), (np.zeros(4), [1.0, {"deep": 0.25}])]
    total = Exercise("total", 1, "t", lambda a, b: 1, lambda rng: cases, ("h",), lambda a, b: 1, "r", COUNT.wrong)
    monkeypatch.setitem(exercise._exercises, "total", total)

    def moves_an_array(a: np.ndarray, b: list) -> int:
        a[-1] += step
        return 1

    def moves_a_number_in_a_list(a: np.ndarray, b: list) -> int:
        b[0] += step
        return 1

    def moves_deep_inside(a: np.ndarray, b: list) -> int:
        b[1:] = [{"deep": 0.25 + step} for _ in b[1:]]
        return 1

    for function, name in ((moves_an_array, "a"), (moves_a_number_in_a_list, "b"), (moves_deep_inside, "b")):
        result = check(named(function, "total"))
        assert result.problem == f"your function changed its input `{name}`: work on a copy"
    assert check(named(lambda a, b: 1, "total")).status == "correct"


def test_of_endless_cases_some_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def cases(rng: np.random.Generator) -> Iterator[tuple]:
        for _ in range(exercise.MOST_CASES):
            yield (np.ones((1, 1), bool),)
        raise AssertionError("a case more than can be needed was asked for")

    monkeypatch.setitem(exercise._exercises, "count_pixels", replace(COUNT, cases=cases))
    assert check(named(COUNT.solution)).problem == f"{exercise.MOST_CASES} cases, seed 0"
    assert len(exercise._exercises["count_pixels"].arguments()) == exercise.MOST_CASES <= 200


# Where the task leaves a choice


def rounded_up(mask: np.ndarray) -> float:
    return np.ceil(mask.sum() / 2)


HALF = replace(
    COUNT,
    spec=lambda mask: int(mask.sum()) // 2,
    solution=lambda mask: mask.sum() // 2,
    also=(rounded_up,),
    picture=lambda args, target, yours: np.full((2, 2), 255 if target == yours else 0, np.uint8),
)


def test_another_right_answer_is_right_too(monkeypatch: pytest.MonkeyPatch) -> None:
    prove(HALF)
    monkeypatch.setitem(exercise._exercises, "count_pixels", HALF)
    right = check(named(lambda mask: (mask.sum() + 1) // 2))
    assert right.status == "correct"
    assert right.png == check(named(HALF.solution)).png, "drawn beside what it was held to"
    assert check(named(lambda mask: (mask.sum() + 2) // 2)).status == "not yet"


def test_prove_holds_other_right_answers_to_the_check() -> None:
    crashing = replace(HALF, also=(lambda mask: 1 / 0,))
    with pytest.raises(AssertionError, match="its solution is rejected"):
        prove(crashing)
    with pytest.raises(AssertionError, match="another right answer is rejected"):
        prove(replace(HALF, also=(lambda mask: mask.fill(False) or 0,)))


# What a function may do to its surroundings


def test_what_a_function_prints_is_cut_off(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def count_pixels(mask: np.ndarray) -> int:
        for number in range(1000):
            print(number, "of many lines")
            sys.stderr.writelines(["to the ", "other\n"])
        return int(mask.sum())

    assert check(count_pixels).status == "correct"
    for stream in capsys.readouterr():
        assert MOST_LETTERS < len(stream) < MOST_LETTERS + 100
        assert stream.endswith("\n[the check drops what is printed from here]\n")
    print("afterwards")
    assert capsys.readouterr().out == "afterwards\n"

    def brief(mask: np.ndarray) -> int:
        print(mask.shape, flush=True)
        return int(mask.sum())

    assert check(named(brief)).status == "correct"
    assert len(capsys.readouterr().out.splitlines()) == 22, "what is short is shown"


@pytest.mark.parametrize("name", ["exit", "quit"])
def test_exit_ends_the_function_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython.core.autocall import ExitAutocall

    class Shell:
        def ask_exit(self) -> None:
            ended.append(1)

    ended: list[int] = []
    notebook = {name: ExitAutocall(Shell()), "other": 3}
    before = dict(notebook)
    exec(f"def count_pixels(mask):\n    if mask.size > 1: {name}()\n    return int(mask.sum())", notebook)
    result = check(notebook["count_pixels"])
    assert result.problem == "your function ended the program (SystemExit)"
    assert not ended
    assert notebook[name] is before[name], "outside the check it works as before"

    space: dict = {}  # where there is no IPython it is a builtin, which would close the standard input first
    exec(f"def count_pixels(mask):\n    {name}()", space)
    assert check(space["count_pixels"]).problem == "your function ended the program (SystemExit)"
    assert not sys.stdin.closed


def test_a_function_of_the_learner_s_own_may_be_called_exit() -> None:
    space: dict = {"exit": lambda mask: int(mask.sum())}
    exec("def count_pixels(mask):\n    return exit(mask)", space)
    assert check(space["count_pixels"]).status == "correct"


needs_alarm = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="Windows has no alarm signal")


@needs_alarm
def test_an_endless_loop_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exercise._exercises, "count_pixels", replace(COUNT, seconds=0.2))

    def count_pixels(mask: np.ndarray) -> int:
        while True:
            pass

    def stubborn(mask: np.ndarray) -> int:
        try:
            while True:
                pass
        except:  # noqa: E722
            while True:
                pass

    for function in (count_pixels, named(stubborn)):
        start = time.perf_counter()
        result = check(function)
        assert time.perf_counter() - start < 8
        assert result.problem == "took longer than 0.2 s, all cases together"
        assert "case 1 of 22" in repr(result)


def test_many_slow_calls_are_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exercise._exercises, "count_pixels", replace(COUNT, seconds=0.2))

    def count_pixels(mask: np.ndarray) -> int:
        time.sleep(0.06)
        return int(mask.sum())

    result = check(count_pixels)
    assert result.problem.startswith("took longer than 0.2 s")
    assert re.search(r"case [1-4] of 22", repr(result)), "four times 0.06 s are more than 0.2 s"


@needs_alarm
def test_an_alarm_of_someone_else_rings_on() -> None:
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.0)
        assert attempt(time.sleep, (0.05,), 5).trouble is None
        assert not rang
        give_up = time.monotonic() + 10
        while not rang and time.monotonic() < give_up:
            time.sleep(0.02)
        assert rang
        assert attempt(time.sleep, (0.05,), 5).trouble is None
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0), "no alarm is left behind"
    finally:
        signal.signal(signal.SIGALRM, before)


def test_in_another_thread_a_late_answer_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exercise._exercises, "count_pixels", replace(COUNT, seconds=0.1))
    results = []
    slow = named(lambda mask: time.sleep(0.15))
    thread = threading.Thread(target=lambda: results.append(check(slow)))
    thread.start()
    thread.join()
    assert results[0].problem.startswith("took longer than 0.1 s")


@pytest.mark.parametrize("wrong", [3, None, "count_pixels", np.zeros(3), Nasty()])
def test_what_is_no_function(wrong: object) -> None:
    result = check(wrong)
    assert result.status in ("unknown", "broken")
    assert repr(result) and result._repr_html_()


def test_an_unknown_name_is_told_the_known_ones() -> None:
    assert repr(check(named(lambda mask: 0, "count_pixel"))) == (
        "unknown: count_pixel: there is no exercise of the name 'count_pixel'; there are: count_pixels"
    )


def test_a_broken_exercise_is_not_the_learner_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    for fault in (
        {"spec": lambda mask: 1 / 0},
        {"cases": lambda rng: [(np.zeros((2, 2), bool)), 3]},
        {"cases": lambda rng: []},
    ):
        monkeypatch.setitem(exercise._exercises, "count_pixels", replace(COUNT, **fault))
        result = check(named(lambda mask: 0))
        assert result.status == "broken"
        assert "the exercise is at fault, not you" in repr(result) and "`course.mistake(" in repr(result)


# Pictures


def test_the_picture_shows_target_and_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    seen = []

    def picture(args: tuple, target: int, yours: int) -> object:
        seen.append((args[0].shape, target, yours))
        figure, _ = plt.subplots(figsize=(1, 1))
        return figure

    open_before = plt.get_fignums()
    monkeypatch.setitem(exercise._exercises, "count_pixels", replace(COUNT, picture=picture))
    page = check(named(lambda mask: mask.size))._repr_html_()
    assert seen == [((2, 2), 0, 4)]
    image = re.search(r'<img src="data:image/png;base64,([^"]+)" alt="[^"]+">', page)
    assert base64.b64decode(image[1]).startswith(b"\x89PNG")
    assert plt.get_fignums() == open_before, "an open figure would be shown a second time"
    assert check(named(lambda mask: mask.sum())).png, "a right answer is drawn too"
    assert check(named(lambda mask: 1 / 0)).png is None


def test_a_right_answer_is_drawn_on_a_case_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    sides, seen = (3, 12, 40), []

    def picture(args: tuple, target: int, yours: int) -> np.ndarray:
        seen.append(args[0].shape)
        return np.zeros((2, 2), np.uint8)

    def cases(rng: np.random.Generator) -> list[tuple]:
        return [(np.ones((side, side), bool),) for side in sides]

    monkeypatch.setitem(exercise._exercises, "count_pixels", replace(COUNT, picture=picture, cases=cases))
    check(named(COUNT.solution))
    check(named(lambda mask: min(mask.sum(), 255)))
    sides = (40, 50)
    check(named(COUNT.solution))
    assert seen == [(12, 12), (40, 40), (40, 40)], "right, wrong in a large case alone, right in large cases alone"


def test_arrays_are_pictures_and_a_failing_picture_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    grey = replace(COUNT, picture=lambda args, target, yours: np.full((4, 5, 3), yours, np.uint8))
    monkeypatch.setitem(exercise._exercises, "count_pixels", grey)
    assert check(named(lambda mask: 9)).png.startswith(b"\x89PNG")
    result = check(named(lambda mask: "nine"))
    assert (result.status, result.png) == ("not yet", None)


def test_a_half_drawn_figure_is_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    def picture(args: tuple, target: int, yours: int) -> object:
        figure, ax = plt.subplots(1, 2)
        plt.figure()
        ax[0].set(title=f"{yours:d}")
        return figure

    plt.close("all")
    own = plt.figure()
    monkeypatch.setitem(exercise._exercises, "count_pixels", replace(COUNT, picture=picture))
    for answer in (9, None, "nine"):
        result = check(named(lambda mask, answer=answer: answer))
        assert (result.png is None) == (answer != 9)
        assert plt.get_fignums() == [own.number], "an open figure is shown under the cell"
        assert plt.gcf() is own
    plt.close(own)


# Progress


def test_attempts_are_recorded_with_their_source() -> None:
    def count_pixels(mask: np.ndarray) -> int:
        return mask.size  # a wrong one

    check(count_pixels)
    check(named(COUNT.solution))
    first, last = (pick(1, "exercise", "count_pixels") for pick in (progress.first, progress.last))
    assert (first.correct, last.correct) == (False, True)
    assert first.answer == {"source": inspect.getsource(count_pixels), "ran": True}
    assert "a wrong one" in first.answer["source"]


def test_without_source_the_attempt_counts_too() -> None:
    space: dict = {}
    exec("def count_pixels(mask): return int(mask.sum())", space)
    assert check(space["count_pixels"]).status == "correct"
    entry = progress.last(1, "exercise", "count_pixels")
    assert (entry.answer, entry.correct) == ({"source": None, "ran": True}, True)


def test_a_failure_to_store_is_one_line_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fine = check(named(COUNT.solution))
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "file" / "home"))
    result = check(named(COUNT.solution))
    assert repr(result).splitlines()[:-1] == repr(fine).splitlines()
    assert repr(result).splitlines()[-1].startswith("Your progress could not be stored: ")
    assert "Your progress could not be stored" in result._repr_html_()


# Hints


def test_hints_come_one_at_a_time() -> None:
    assert repr(hint("count_pixels")) == "count_pixels, hint 1 of 3: A mask holds `True` & `False`."
    assert repr(hint(named(lambda mask: 0))) == "count_pixels, hint 2 of 3: True counts as 1."
    assert repr(hint("count_pixels")) == "count_pixels, hint 3 of 3, the last: `mask.sum()`"
    assert repr(hint("count_pixels")) == "count_pixels, hint 3 of 3, the last: `mask.sum()`"
    assert repr(hint("other")) == "no hint: there is no exercise of the name 'other'; there are: count_pixels"
    assert "<code>mask.sum()</code>" in hint("count_pixels")._repr_html_()


# Where exercises come from

MODULE = """
from helpers.course.exercise import Exercise, Wrong, register

for name in {names}:
    register(Exercise(
        name, {lesson}, "title", lambda x: x, lambda rng: [(1,)], ("hint",), abs, "reasons", (Wrong(abs, "why"),)
    ))
{rest}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "made_exercises"
    folder.mkdir()
    modules = {1: (["one"], ""), 2: (["two", "half"], "raise RuntimeError('no second lesson')"), 10: (["ten"], "")}
    (folder / "lesson10_more.py").write_text(MODULE.format(names=["eleven"], lesson=10, rest=""))
    for lesson, (names, rest) in modules.items():
        (folder / f"lesson{lesson}.py").write_text(MODULE.format(names=names, lesson=lesson, rest=rest))
    (folder / "common.py").write_text("raise RuntimeError('nobody asked for this')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(exercise, "PACKAGE", "made_exercises")
    monkeypatch.setattr(exercise, "_exercises", {})
    yield "made_exercises"
    for name in [name for name in sys.modules if name.startswith("made_exercises")]:
        del sys.modules[name]


def test_a_check_loads_only_what_it_needs(package: str) -> None:
    assert check(named(lambda x: x, "one")).status == "correct"
    assert f"{package}.lesson10" not in sys.modules


def test_a_lesson_that_cannot_be_loaded_stands_in_nobody_s_way(package: str) -> None:
    assert check(named(lambda x: x, "ten")).status == "correct"
    for _ in range(2):  # and says the same thing the second time
        message = repr(check(named(lambda x: x, "five")))
        assert message.endswith("those of lesson 2 could not be loaded (no second lesson)")
        with pytest.raises(RuntimeError, match="no second lesson"):
            exercises(2)
    assert [one.name for one in exercises(10)] == ["ten", "eleven"]
    assert exercises(3) == ()


def test_names_are_unique() -> None:
    with pytest.raises(ValueError, match="'count_pixels', which lesson 1 has"):
        register(COUNT)


@pytest.mark.parametrize(
    "fault", [{"name": "count pixels"}, {"reasons": " "}, {"hints": "one"}, {"hints": ()}, {"wrong": [COUNT.wrong[0]]}]
)
def test_a_malformed_exercise_is_refused(fault: dict) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(fault))}: expected"):
        replace(COUNT, **fault)


# What the tests of the lessons rely on


def test_prove_accepts_a_good_exercise() -> None:
    prove(COUNT)
    prove(replace(COUNT, picture=lambda args, target, yours: np.zeros((3, 3), np.uint8)))


UNSEEDED = np.random.default_rng()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"solution": lambda mask: mask.size}, "its solution is rejected"),
        ({"solution": lambda m: m.sum()}, "parameter names"),
        ({"wrong": COUNT.wrong[:2]}, "expected at least 3"),
        ({"wrong": (*COUNT.wrong, Wrong(lambda mask: mask.sum(), "right"))}, "takes for correct what is wrong: right"),
        ({"wrong": (*COUNT.wrong, Wrong(lambda mask: 1 / 0, "fails"))}, "nobody is tempted by an answer that fails"),
        ({"cases": lambda rng: [(np.ones((1, 1), bool),)]}, "too few"),
        ({"cases": lambda rng: [(UNSEEDED.random((2, 2)) < 0.5,) for _ in range(40)]}, "must depend on rng alone"),
        ({"spec": lambda mask: [mask.sum(), mask.fill(False)][0]}, "changes its arguments"),
        ({"picture": lambda args, target, yours: 1 / 0}, "division"),
        ({"spec": lambda mask: [int(mask.sum()), time.sleep(0.01)][0], "seconds": 0.8}, "checking takes"),
    ],
)
def test_prove_finds_the_fault(fault: dict, words: str) -> None:
    with pytest.raises((AssertionError, ZeroDivisionError), match=words):
        prove(replace(COUNT, **fault))


# Comparing and showing


@dataclass(frozen=True, eq=False)
class Pair:
    name: str
    mask: torch.Tensor


EQUAL = [
    (3, np.int32(3)),
    (3, torch.tensor(3)),
    (3, np.array(3)),
    (torch.tensor(3), 3),
    (0.5, 0.5 + 1e-7),
    (1.0, 1),
    (float("nan"), np.float32("nan")),
    (float("inf"), float("inf")),
    (True, np.bool_(True)),
    (True, torch.tensor(True)),
    (None, None),
    ("a", "a"),
    ((1, 2), [1, 2]),
    ((2, 3), torch.zeros(2, 3).shape),
    ({1, 2}, frozenset({1, 2})),
    ({"a": torch.ones(2)}, {"a": torch.ones(2)}),
    (np.array([1, 2]), np.array([1, 2], np.uint8)),
    (torch.tensor([1.0, float("nan")]), torch.tensor([1.0, float("nan")], dtype=torch.float64)),
    (torch.ones(2), torch.ones(2, requires_grad=True)),
    (torch.zeros(0, 4), torch.zeros(0, 4)),
    (torch.zeros(0, dtype=torch.int64), torch.tensor([])),
    (3, 3.0),
    (3, torch.tensor(3.0)),
    (1, np.float32(1)),
    (Pair("a", torch.ones(2)), Pair("a", torch.ones(2))),
]


@pytest.mark.parametrize(("expected", "got"), EQUAL)
def test_equal(expected: object, got: object) -> None:
    assert difference(expected, got) is None


DIFFERENT = [
    (3, 4, "expected 3, got 4"),
    (3, 3.5, "expected an int, got a float"),
    (3, float("nan"), "expected an int, got a float"),
    (3, 4.0, "expected 3, got 4.0"),
    (3, True, "expected an int, got a bool (True or False)"),
    (True, 1, "expected a bool (True or False), got an int"),
    (True, False, "expected True, got False"),
    (3, None, "expected an int, got None: is a `return` missing?"),
    (None, 3, "expected None, got an int"),
    (3, torch.tensor([3]), "expected an int, got a tensor of shape (1,)"),
    (0.5, 0.501, "expected 0.5, got 0.501"),
    (0.5, float("nan"), "expected 0.5, got nan"),
    (0.5, "0.5", "expected a float, got a str"),
    ((1, 2), (1, 2, 3), "expected 2 items, got 3"),
    ((1, 2), (1, 3), "[1]: expected 2, got 3"),
    ([1], 1, "expected a list, got an int"),
    ({"a": 1}, {}, "the key 'a' is missing"),
    ({"a": 1}, {"a": 1, "b": 2}, "the key 'b' is too much"),
    ({"a": [1, 2]}, {"a": [1, 0]}, "['a']: [1]: expected 2, got 0"),
    ({1}, {2}, "expected {1}, got {2}"),
    ("a", "b", "expected 'a', got 'b'"),
    (torch.ones(2, 2), torch.ones(4), "expected the shape (2, 2), got (4,)"),
    (torch.zeros(0, 2), torch.tensor([]), "expected the shape (0, 2), got (0,)"),
    (torch.zeros(2).long(), torch.zeros(2), "expected the dtype int64, got float32"),
    (torch.ones(2), np.ones(2), "expected a tensor of shape (2,), got an array of shape (2,)"),
    (torch.ones(2), [1.0, 1.0], "expected a tensor of shape (2,), got a list"),
    (torch.ones(2) > 0, torch.ones(2), "expected the dtype bool, got float32"),
    (torch.ones(2), torch.ones(2, dtype=torch.int64), "expected the dtype float32, got int64"),
    (np.array([[1, 2], [3, 4]]), np.array([[1, 2], [0, 0]]), "at [1, 0] expected 3, got 0; 2 of 4 values differ"),
    (np.array([1.0, 2.0]), np.array([1.0, 2.01]), "at [1] expected 2, got 2.01; 1 of 2 values differ"),
    (Pair("a", torch.ones(2)), Pair("b", torch.ones(2)), ".name: expected 'a', got 'b'"),
    (Pair("a", torch.ones(2)), 3, "expected a Pair, got an int"),
]


@pytest.mark.parametrize(("expected", "got", "words"), DIFFERENT)
def test_different(expected: object, got: object, words: str) -> None:
    assert difference(expected, got) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (torch.tensor(3), "3"),
        (np.float32(0.5), "0.5"),
        ([1, 2], "[1, 2]"),
        (torch.tensor([[1, 2]]), "int64 tensor [1, 2]\n[[1 2]]"),
        (np.zeros((3, 96, 128), np.float32), "float32 array [3, 96, 128], values 0 to 0"),
        (np.arange(2_000_000), "int64 array [2000000], values 0 to 1999999"),
        (Nasty(), "a Nasty that cannot be shown"),
        ([Nasty()], "a list that cannot be shown"),
        (np.zeros((0, 4)), "float64 array [0, 4], empty"),
        (np.array([False] * 7), "bool array [7], 0 of 7 True"),
        ({"boxes": torch.ones(1), "n": 2}, "'boxes': \n    float32 tensor [1]\n    [1.]\n'n': 2"),
        ([torch.ones(1)], "[0] \n    float32 tensor [1]\n    [1.]"),
        ("x" * 400, "'" + "x" * 299 + "..."),
    ],
)
def test_show(value: object, text: str) -> None:
    assert show(value) == text


LARGE = np.arange(1000).reshape(10, 100)


def changed(array: np.ndarray, index: tuple, value: float) -> np.ndarray:
    array = array.copy()
    array[index] = value
    return array


@pytest.mark.parametrize(
    ("expected", "got", "ends"),
    [
        (
            LARGE,
            changed(LARGE, (3, 50), 7),
            ("; from [3, 47]: 347 348 349 350 351 352", "; from [3, 47]: 347 348 349 7 351 352"),
        ),
        (LARGE, changed(LARGE, (9, 98), 7), ("994 995 996 997 998 999", "from [9, 94]: 994 995 996 997 7 999")),
        (torch.ones(9), torch.tensor([1.0] * 4 + [0.5] + [1.0] * 4) * torch.ones(1), None),
        (
            torch.tensor([0.0] * 7 + [1.0]),
            torch.tensor([1.0] + [0.0] * 7),
            ("from [0]: 0 0 0 0 0 0", "from [0]: 1 0 0 0 0 0"),
        ),
        (np.array([0.0]), np.array([0.00001]), ("from [0]: 0", "from [0]: 1e-05")),
        (
            [1, LARGE],
            [1, changed(LARGE, (2, 1), 5)],
            ("; [1] from [2, 0]: 200 201 202 203 204 205", "200 5 202 203 204 205"),
        ),
        ("a" * 400 + "b", "a" * 400 + "c", ("from letter 381: aaaaaaaaaaaaaaaaaaaab'", "aaac'")),
    ],
)
def test_what_differs_never_looks_the_same(expected: object, got: object, ends: tuple[str, str] | None) -> None:
    one, other = contrast(expected, got)
    assert one != other
    if ends is None:
        assert (one, other) == (show(expected), show(got))
    else:
        assert one.endswith(ends[0]) and other.endswith(ends[1])


def test_expected_and_yours_are_never_the_same_line(monkeypatch: pytest.MonkeyPatch) -> None:
    flip = replace(COUNT, spec=lambda mask: np.outer(mask, mask), cases=lambda rng: [(np.arange(9.0),)])
    monkeypatch.setitem(exercise._exercises, "count_pixels", flip)
    result = check(named(lambda mask: np.outer(mask, mask)[::-1]))
    expected, yours = (line for line in repr(result).splitlines() if re.match(" *(expected|yours) = ", line))
    assert expected.endswith("expected = float64 array [9, 9], values 0 to 64; from [0, 0]: 0 0 0 0 0 0")
    assert yours.endswith("yours = float64 array [9, 9], values 0 to 64; from [0, 0]: 0 8 16 24 32 40")


def test_what_is_equal_or_cannot_be_shown_is_shown_as_ever() -> None:
    for one, other in ((LARGE, LARGE), ("a" * 400, "a" * 400), (Nasty(), Nasty()), (3, 4)):
        assert contrast(one, other) == (show(one), show(other))


def test_a_small_batch_is_shown_in_full() -> None:
    assert show(torch.ones(1, 1, 1, 2)) == "float32 tensor [1, 1, 1, 2]\n[[[[1. 1.]]]]"
    assert "values" in show(torch.ones(6, 6, 6, 6))


def test_size_orders_cases_by_what_there_is_to_read() -> None:
    values = [(0,), (np.zeros(3),), ([1, 2, 3],), ({"a": np.zeros((3, 3))},), (Pair("ab", torch.ones(20)),)]
    assert sorted(values, key=size) == values


# In a real kernel

KERNEL = [
    "from helpers.course import checks, exercise\n"
    "import numpy as np\n"
    "_ = exercise.register(exercise.Exercise('double', 1, 'Double it', lambda x: 2 * x,\n"
    "    lambda rng: [(np.full(2, n),) for n in range(1, 20)], ('Twice.',), lambda x: 2 * x, 'Why.',\n"
    "    (exercise.Wrong(abs, 'why'),), picture=lambda args, target, yours: np.zeros((4, 4), np.uint8)))",
    "def double(x: np.ndarray) -> np.ndarray:\n    ...",
    "checks.check(double)",
    "def double(x: np.ndarray) -> np.ndarray:\n    y = x / 0 if x.sum() > 1000 else x * x\n    return y",
    "checks.check(double)",
    "def double(x: np.ndarray) -> np.ndarray:\n    unused = 1\n    return x.nothing",
    "checks.check(double)",
    "def double(x: np.ndarray) -> np.ndarray:\n    exit()",
    "checks.check(double)",
    "from IPython.display import display\n"
    "def double(x: np.ndarray) -> np.ndarray:\n"
    "    for _ in range(10_000): print('a line')\n"
    "    for _ in range(30): display(x)\n"
    "    return x + x",
    "checks.check(double)",
]


def test_in_a_notebook(tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in KERNEL])
    environment = {**os.environ, "COURSE_HOME": str(tmp_path / "home")}
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute(env=environment)
    outputs = [cell.outputs for cell in notebook.cells]
    displays = MOST_DISPLAYS + 2  # the printed lines, and what the check says
    assert [len(output) for output in outputs] == [0, 0, 1, 0, 1, 0, 1, 0, 1, 0, displays]
    stub, wrong, failing, ending, right = ([*output][-1].data for output in outputs if output)
    assert stub["text/plain"] == "not attempted: double"
    assert wrong["text/plain"].startswith("not yet: double: at [0] expected 2, got 1; 2 of 2 values differ\n")
    assert "data:image/png" in wrong["text/html"] and "Hint 1 of 1" in wrong["text/html"]
    assert failing["text/plain"].startswith(
        "not yet: double: AttributeError in line 3 of double (`return x.nothing`): 'numpy.ndarray' object has no"
    )
    assert ending["text/plain"].startswith("not yet: double: your function ended the program (SystemExit)")
    assert outputs[-1][0].text.endswith("[the check drops what is printed from here]\n")
    assert len(outputs[-1][0].text) < MOST_LETTERS + 100
    assert right["text/plain"] == "correct: double (19 cases, seed 0)"
    for output in (stub, wrong, failing, ending, right):
        assert set(output) == {"text/plain", "text/html"}
    assert progress.first(1, "exercise", "double").answer["source"].startswith("def double(x: np.ndarray)")


def test_the_floor_holds() -> None:
    """`helpers/course` knows nothing of torch: neither here nor through what it imports."""
    import subprocess

    code = "import sys; import helpers.course.checks, helpers.course.progress; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert done.stdout == "False\n", done.stderr
