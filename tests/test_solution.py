"""`course.solution`: what opens it, what does not, and that it says so without ever raising."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import course
from helpers.course import exercise, progress, tried
from helpers.course.checks import Exercise, check
from helpers.course.exercise import Wrong
from helpers.course.solution import ENOUGH, solution, written
from helpers.course.tried import different, meaning


def double(x: int) -> int:
    return 2 * x  # ours


DOUBLE = Exercise(
    name="double",
    lesson=2,
    title="Double it",
    spec=lambda x: x + x,
    cases=lambda rng: [(int(number),) for number in rng.integers(0, 9, 12)],
    hints=("Twice.",),
    solution=double,
    reasons="Twice is what it says. For 0 it is 0.",
    wrong=(Wrong(abs, "why"),),
)


@pytest.fixture(autouse=True)
def classroom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the exercise above, of which nothing was tried yet."""
    monkeypatch.setattr(exercise, "PACKAGE", "no_such_package")
    monkeypatch.setattr(exercise, "_exercises", {"double": DOUBLE})
    new_kernel(monkeypatch)


def new_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tried, "_here", {})


@pytest.fixture
def attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Callable]:
    """Defines `double` with the given body, as a cell would, checks it and returns it."""

    def define(body: str) -> Callable:
        file = tmp_path / f"cell{len(list(tmp_path.glob('cell*')))}.py"  # where `inspect` finds the source
        file.write_text(f"def double(x):\n    {body}\n")
        space: dict = {"__name__": "__main__"}
        exec(compile(file.read_text(), str(file), "exec"), space)
        check(space["double"])
        return space["double"]

    return define


def needed(attempts: str) -> str:
    return (
        f"not yet: double: our solution comes after a right answer, or after {attempts} that `course.check` could "
        'judge (the stub, a repeat and a crash do not count); `course.hint("double")` gives a hint'
    )


# What opens it


def test_a_stub_says_what_is_needed(attempt: Callable) -> None:
    stub = attempt("...")
    said = solution(stub)
    assert repr(said) == needed("three different attempts")
    assert said._repr_markdown_() == repr(said).replace("not yet: double", "**not yet: double**")
    assert "return" not in repr(said) + said._repr_markdown_()
    assert progress.summary() == (), "nothing was tried, nothing is kept"


def test_a_right_answer_opens_it(attempt: Callable) -> None:
    f = attempt("return x + x")
    said = solution(f)
    assert (said.status, said.code, said.text, said.note) == ("shown", written(DOUBLE), DOUBLE.reasons, "")
    assert repr(said) == (
        "Our solution of double\n\ndef double(x: int) -> int:\n    return 2 * x  # ours\n\n" + DOUBLE.reasons
    )
    assert "```python\ndef double(x: int) -> int:\n    return 2 * x  # ours\n```" in said._repr_markdown_()
    assert attempt("return 0") and solution("double").status == "shown", "what was right once stays so"


def test_three_different_attempts_open_it(attempt: Callable) -> None:
    for body, left in (("return 0", "two more different attempts"), ("return 1", "one more different attempt")):
        assert repr(solution(attempt(body))) == needed(left)
    assert solution(attempt("return 2")).status == "shown"


@pytest.mark.parametrize(
    "body",
    [
        "...",
        "raise NotImplementedError",
        "return 0",
        "return 0  # once more",
        "'''I thought about it.'''\n    return 0",
        "return (  0 )",
        "return x / 0",
        "return missing",
        "raise KeyboardInterrupt",
    ],
)
def test_what_is_no_attempt_brings_nobody_closer(attempt: Callable, body: str) -> None:
    attempt("return 0")
    attempt("return 1")
    assert repr(solution(attempt(body))) == needed("one more different attempt")


def test_an_attempt_that_takes_too_long_has_not_run(attempt: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exercise._exercises, "double", Exercise(**{**vars(DOUBLE), "seconds": 0.1}))
    attempt("import time; time.sleep(0.2)")
    assert repr(solution("double")) == needed("three different attempts")


@given(st.lists(st.sampled_from(["return 0", "return 1", "return x", "return x / 0"]), max_size=7))
def test_only_the_number_of_different_bodies_counts(bodies: list[str]) -> None:
    attempts = [tried.Attempted(f"def f(x):\n    {body}", body != "return x / 0", False) for body in bodies]
    count = different(attempts)
    assert count == len(set(bodies) - {"return x / 0"})
    assert count == different(attempts[::-1]) == different(attempts * 2)


def test_what_two_sources_mean() -> None:
    plain = "def f(x):\n    return x"
    for same in (
        "def f( x ):  # here\n\n    # and here\n    return x",
        'def f(x):\n    """Gives x."""\n    return x',
        "    def f(x):\n        return x",
        "def f(x): return x",
    ):
        assert meaning(same) == meaning(plain)
    for other in ("def f(x):\n    return -x", "def f(x):\n    'x'.strip()\n    return x", "lambda x: x", None):
        assert meaning(other) != meaning(plain)
    assert meaning("f = [lambda x: x,") == meaning("f = [ lambda x:x, "), "half a statement is compared as text"
    assert meaning(None) == meaning("") == ""


# What is remembered


def test_it_survives_a_new_kernel_and_is_noted_once(attempt: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(ENOUGH):
        attempt(f"return {number}")
        new_kernel(monkeypatch)
    assert progress.last(2, "solution", "double") is None
    for _ in range(2):
        assert solution("double").status == "shown"
    assert [(entry.item, entry.answer) for entry in progress.entries(2, "solution")] == [("double", "attempts")]
    assert "0 of 1" in progress.table(), "one exercise tried, none solved; a solution that was seen is no answer"


def test_what_earlier_versions_stored_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """They held the source alone, or nothing where there was none."""
    for answer in ("def double(x):\n    return 0", None, 5):
        progress.record(2, "exercise", "double", answer, correct=False)
    assert repr(solution("double")) == needed("one more different attempt"), "without a source: all one attempt"
    progress.record(2, "exercise", "double", "def double(x):\n    return x * 2", correct=True)
    assert solution("double").status == "shown"


def test_other_exercises_do_not_count(attempt: Callable) -> None:
    for lesson, name in ((2, "triple"), (3, "double")):
        progress.record(lesson, "exercise", name, {"source": "def f(): return 1", "ran": True}, correct=True)
    assert repr(solution("double")) == needed("three different attempts")


def test_without_a_progress_file_this_kernel_remembers(
    attempt: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "file" / "home"))
    said = solution(attempt("return 2 * x"))
    assert said.status == "shown"
    assert said.note.startswith("Your progress could not be ") and said.note in repr(said)
    assert said.note in said._repr_markdown_()


# It never raises


class Nasty:
    """Something that resists."""

    @property
    def __name__(self) -> str:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("wrong", [3, None, "", "doubel", [], pytest.param(Nasty(), id="nasty"), lambda x: x])
def test_what_is_no_exercise(wrong: object) -> None:
    said = solution(wrong)
    assert said.status in ("unknown", "broken") and said._repr_markdown_()
    assert repr(solution("doubel")) == ("no solution: there is no exercise of the name 'doubel'; there are: double")


def test_a_solution_that_cannot_be_read_is_our_fault(attempt: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exercise._exercises, "double", Exercise(**{**vars(DOUBLE), "solution": abs}))
    assert re.match(
        r'broken: double: it cannot be shown; please report it, `course.mistake\("..."\)`',
        repr(solution(attempt("return 2 * x"))),
    )


def test_in_a_notebook(tmp_path: Path) -> None:
    """A stub as it is released, then a right answer, in a real kernel and with an exercise of the course."""
    import nbformat
    from nbclient import NotebookClient

    signature = "def count_pixels(semantic, category_id):\n    "
    sources = [
        "from helpers import course",
        f"{signature}...",
        "course.check(count_pixels)",
        "course.solution(count_pixels)",
        f"{signature}return (semantic == category_id).sum()",
        "course.check(count_pixels)",
        "course.solution(count_pixels)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    environment = {**os.environ, "COURSE_HOME": str(tmp_path / "home")}
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute(env=environment)
    stub, _, shown = (notebook.cells[number].outputs[0].data for number in (3, 5, 6))
    assert set(stub) == set(shown) == {"text/plain", "text/markdown"}
    assert stub["text/plain"] == needed("three different attempts").replace("double", "count_pixels")
    assert "```python\ndef count_pixels(" in shown["text/markdown"]
    assert course.solution is solution
