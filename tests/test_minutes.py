"""How long a lesson takes: one rule, and headings that say what it makes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode, v4

from helpers.course.header import Heading
from helpers.course.minutes import Content, contents, in_words, minute_problems
from helpers.course.syllabus import load_syllabus

SYLLABUS = load_syllabus()
MODES = [mode.name for mode in SYLLABUS.modes]
VIEW = {"application/vnd.jupyter.widget-view+json": {"model_id": "0", "version_major": 2}}
PNG = {"image/png": "iVBORw0KGgo="}

held_content = st.builds(Content, *[st.integers(0, 40)] * 7)


def words(source: str, name: str = "see-1") -> NotebookNode:
    return v4.new_markdown_cell(source, id=name)


def code(source: str, *data: dict, tags: tuple[str, ...] = (), name: str = "see-2") -> NotebookNode:
    outputs = [v4.new_output("display_data", data=each) for each in data]
    return v4.new_code_cell(source, id=name, metadata={"tags": list(tags)}, outputs=outputs)


def see(*cells: NotebookNode) -> Content:
    return contents(cells, SYLLABUS)["See"]


@given(held_content, held_content)
def test_minutes_add_up(first: Content, second: Content) -> None:
    assert (first + second).minutes == pytest.approx(first.minutes + second.minutes)


@pytest.mark.parametrize(
    ("content", "minutes"),
    [
        (Content(words=150), 1),
        (Content(lines=25), 1),
        (Content(figures=1), 1),
        (Content(widgets=1), 2),
        (Content(questions=1), 1),
        (Content(exercises=10), 10),
        (Content(training=30), 0.5),
        (Content(), 0),
    ],
)
def test_the_rule(content: Content, minutes: float) -> None:
    assert content.minutes == minutes


def test_words_are_those_that_are_read() -> None:
    assert see(words("Two words.")) == Content(words=2)
    assert see(words("See [the file](../helpers/models/unet.py) — twice.")).words == 4, "neither target nor dash"
    assert see(words("One.\n\n<details><summary>a hint</summary>\nmany more\n</details>\n\nTwo.")).words == 2
    assert see(words("One.\n\n```python\nx = 1\n```\n\nTwo.\n")).words == 2
    assert see(words("$$k = \\arg\\min_k$$")).words == 2


def test_what_a_cell_shows_is_counted_once() -> None:
    assert see(code("a\nb", PNG, {"text/plain": "x"})) == Content(lines=2, figures=1)
    assert see(code("a", VIEW | PNG | {"text/plain": "Viewer('street')"})) == Content(lines=1, widgets=1)
    assert see(code("a", VIEW | {"text/plain": "Quiz('04', 8 questions)"})) == Content(lines=1, questions=8)
    assert see(code("a", VIEW | {"text/plain": "Prediction('more')"})) == Content(lines=1, questions=1)
    assert see(code("a", VIEW | {"text/plain": "Reveal('more')"})) == Content(lines=1)
    assert see(code("a", VIEW | {"text/plain": "training, 200 steps"}, tags=("training-20s",))) == Content(
        lines=1, training=20
    )


def test_an_exercise_takes_what_its_line_says() -> None:
    line = "**1. Match.** ●●●●○ · at most 10 minutes"
    stub = code("def f():\n    ...", tags=("task",))
    assert see(words(f"Fill it in.\n\n{line}\n\nMany more words."), stub) == Content(words=3, exercises=10)


def test_what_is_folded_is_not_read() -> None:
    cell = code("a\nb")
    cell.metadata["jupyter"] = {"source_hidden": True}
    assert see(cell) == Content()


def test_each_mode_has_its_own_and_the_start_goes_to_the_first() -> None:
    cells = [words("a", "start-1"), words("a b", "goal-1"), words("a b c", "picture-it-2"), words("a b c d", "recap-1")]
    held = contents(cells, SYLLABUS)
    assert {mode: content.words for mode, content in held.items() if content.words} == {
        "Goal": 3,
        "Picture it": 3,
        "Recap": 4,
    }
    assert list(held) == MODES


def headings(held: dict[str, Content], more: int = 0) -> list[Heading]:
    minutes = {mode: max(0, math.ceil(content.minutes) + more) for mode, content in held.items()}
    return [Heading(f"{mode} ({count} minutes)", mode, count) for mode, count in minutes.items()]


SMALL = {mode: Content(words=450) for mode in MODES}


@given(st.integers(-3, 5))
def test_a_heading_may_differ_by_a_minute(more: int) -> None:
    problems = minute_problems(headings(SMALL, more), SMALL, SYLLABUS)
    assert sum("by the rule (3 minutes), for 450 words" in problem for problem in problems) == (
        0 if abs(more) <= 1 else 9
    )


def test_a_heading_says_its_minutes() -> None:
    silent = [Heading(mode, mode, None) for mode in MODES]
    problems = minute_problems(silent, SMALL | {"See": Content(figures=1)}, SYLLABUS)
    assert len(problems) == 9 and problems[4] == "heading 'See': by the rule (1 minute), for 1 figure"


def test_a_lesson_has_an_end() -> None:
    long = {mode: Content(words=1500) for mode in MODES} | {mode: Content(words=600) for mode in ("Goal", "See")}
    assert minute_problems(headings(long), long, SYLLABUS) == [
        "minutes: Goal, Predict, See have at most 15; the rule makes 18.0, the headings 18"
    ]
    longer = SMALL | {"Build": Content(exercises=67)}
    assert minute_problems(headings(longer), longer, SYLLABUS) == [
        "minutes: the lesson has at most 90; the rule makes 91.0, the headings 91"
    ]
    assert minute_problems(headings(longer)[:-1] + headings(SMALL, -1)[-1:], longer, SYLLABUS) != [], "none is shaved"
    generous = SMALL | {"Build": Content(exercises=65)}
    assert minute_problems(headings(generous, 1), generous, SYLLABUS) == [
        "minutes: the lesson has at most 90; the rule makes 89.0, the headings 98"
    ]
    assert minute_problems(headings(SMALL | {"Build": Content(exercises=66)}), SMALL, SYLLABUS)[0].startswith("heading")


def test_the_minutes_in_words() -> None:
    said = in_words(SMALL | {"Goal": Content(words=200)})
    assert said.startswith("Goal 2 · Picture it 3 · Predict 3") and said.endswith("Recap 3 = 26 minutes")
