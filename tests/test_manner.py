"""How a lesson of the second edition is written: what breaks the manner is found, what keeps it passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode, v4

from helpers.course.manner import LESSON_LINES, output_problems, source_problems
from helpers.course.task import TaskLine, task_lines

FOLDED = {"jupyter": {"source_hidden": True}}
LINE = "**1. How much does each overlap each?** ●●●●○ · at most 10 minutes"
EDGES = "*Empty input:* zeros. *Ties:* the first. *Void:* never counts."
STUB = 'def f(x):\n    """What it gives."""\n    ...'


def code(source: str, *tags: str, **metadata: dict) -> NotebookNode:
    return v4.new_code_cell(source, id="see-2", metadata={"tags": list(tags)} | metadata)


def words(source: str) -> NotebookNode:
    return v4.new_markdown_cell(source, id="see-1")


def shown(text: str, kind: str = "text/plain", *tags: str) -> NotebookNode:
    output = v4.new_output("display_data", data={kind: text})
    if kind == "stream":
        output = v4.new_output("stream", name="stdout", text=text)
    return v4.new_code_cell("1", id="see-2", metadata={"tags": list(tags)}, outputs=[output])


def lines(count: int) -> str:
    return "\n".join(f"x = {number}" for number in range(count))


@given(st.integers(1, 60), st.booleans())
def test_a_cell_is_short(count: int, folded: bool) -> None:
    most = 40 if folded else 20
    problems = source_problems([words("What it does."), code(lines(count), **FOLDED if folded else {})])
    said = f"cell see-2: {count} lines, a {'folded ' if folded else ''}cell has at most {most}"
    assert problems == ([said] if count > most else [])


@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=40))
def test_a_lesson_is_short_and_what_is_folded_does_not_count(sizes: list[tuple[int, bool]]) -> None:
    cells = [words("What it does.")]
    for count, folded in sizes:
        cells += [code(lines(count), **FOLDED if folded else {}), words("And then.")]
    visible = sum(count for count, folded in sizes if not folded)
    said = [f"code: {visible} lines that a learner sees, a lesson has at most 260"]
    assert source_problems(cells) == (said if visible > LESSON_LINES == 260 else [])
    assert source_problems(cells, most_lines=None) == []


def test_blank_lines_take_room() -> None:
    assert source_problems([code("a = 1" + "\n" * 20 + "b = 2")])
    assert not source_problems([code("a = 1" + "\n" * 18 + "b = 2\n\n")])


def test_a_folded_cell_is_announced() -> None:
    said = ["cell see-2: folded, and no words above it say what it does"]
    assert source_problems([code("x = 1", **FOLDED)]) == said
    assert source_problems([code("x = 1"), code("x = 1", **FOLDED)]) == said


DRAWN = [
    "plt.show()",
    "import matplotlib.pyplot as plt",
    "import matplotlib",
    "from matplotlib import pyplot",
    "    import matplotlib.pyplot as p",
    "ax.set(title='a')",
    "axes[0].plot(x)",
    "figure, ax = show.new()",
    "fig, axes = new(1, 2)",
    "show.show_image(image, ax=ax)",
]
NOT_DRAWN = ["relax.step()", "taxes = [1]", "syntax.x", "show.bars(values)", "x = max(ax for ax in range(3))", "a.plt"]


@pytest.mark.parametrize("source", DRAWN)
def test_drawing_is_found(source: str) -> None:
    assert "draws by itself" in "".join(source_problems([code(f"x = 1\n{source}")]))
    assert "draws by itself" in "".join(source_problems([words("It draws."), code(source, **FOLDED)]))


@pytest.mark.parametrize("source", NOT_DRAWN)
def test_what_only_looks_like_drawing_passes(source: str) -> None:
    assert source_problems([code(source)]) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("True", "judges"),
        ("AP is COCO's: False\n", "judges"),
        ("one\nthe two agree: True.\nthree", "judges"),
        ("(3, True)", "judges"),
        ("HBox(children=(Label(value='drawing'), IntProgress(value=0)))", "of itself: 'HBox('"),
        ("Row(IntProgress(value=0, max=300))", "of itself: 'IntProgress('"),
        ("VBox(children=(Label(value='drawing'),))", "of itself: 'VBox('"),
        (" 40%|████      | 2/5 [00:01<00:01]", "of itself: '40%|'"),
        ("AP: ⟨0.636⟩ at least 0.70 ✗", "a broken bound"),
        ("AP: ⟨0.636⟩", "without a bound"),
        ("AP: ⟨nan⟩ at least 0.70 ✗", "a broken bound"),
    ],
)
@pytest.mark.parametrize("kind", ["text/plain", "stream"])
def test_an_output_that_shows_nothing_is_found(text: str, fault: str, kind: str) -> None:
    [problem] = output_problems([shown(text, kind)])
    assert problem.startswith("cell see-2: ") and fault in problem


@pytest.mark.parametrize(
    "text", ["AP: ⟨0.636⟩ at least 0.60 ✓", "tensor([True, False, True])", "True positives: 3", "HBox", "untrue"]
)
def test_an_output_that_shows_passes(text: str) -> None:
    assert output_problems([shown(text)]) == []


def test_a_truth_value_may_be_what_is_shown() -> None:
    assert output_problems([shown("True", "text/plain", "truth-value")]) == []
    assert output_problems([shown("AP: ⟨0.6⟩ at least 0.7 ✗", "text/plain", "truth-value")]), "a bound is none"


def test_the_numbers_in_a_table_are_looked_at_too() -> None:
    assert output_problems([shown("<td>⟨0.636⟩</td> <small>at least 0.70 ✗</small>", "text/html")])
    assert output_problems([shown("<td>⟨0.636⟩ at least 0.60 ✓</td>", "text/html")]) == []


def test_only_what_a_learner_reads_as_text_is_judged() -> None:
    assert output_problems([shown("<pre>\nTrue\n</pre>", "text/html")]) == []
    warned = v4.new_output("stream", name="stderr", text="a warning: True\n")
    assert output_problems([v4.new_code_cell("1", id="see-2", outputs=[warned])]) == []


# --- exercises ---

titles = st.text(st.sampled_from("abc Z09?,`-"), min_size=1).filter(lambda text: text == text.strip() != "")


@given(st.integers(1, 99), titles, st.integers(1, 5), st.integers(1, 30))
def test_the_line_of_an_exercise_is_read_back(number: int, title: str, importance: int, minutes: int) -> None:
    dots = "●" * importance + "○" * (5 - importance)
    opening = "Fill it in.\n\n"
    line = f"**{number}. {title}** {dots} · at most {minutes} minute{'s' * (minutes != 1)}"
    found = task_lines(f"{opening}{line}\n\nMore words.")
    assert found == [TaskLine(number, title, importance, minutes, len(opening))]


@pytest.mark.parametrize(
    "line",
    [
        LINE.replace("●●●●○", "●●●●"),
        LINE.replace("●●●●○", "●●●●●○"),
        LINE.replace("●●●●○", "○○○○○"),
        LINE.replace("●●●●○ ", ""),
        LINE.replace(" · at most 10 minutes", ""),
        LINE.replace("1. ", ""),
        LINE.replace("**", "*"),
        f"First: {LINE}",
    ],
)
def test_another_form_is_refused(line: str) -> None:
    [problem] = source_problems([words(f"{line}\n\n{EDGES}"), code(STUB, "task")])
    assert problem.startswith("cell see-2: expected one line like '**1. ") and problem.endswith("got 0")


def test_an_exercise_says_what_holds_at_the_edges() -> None:
    assert source_problems([words(f"{LINE}\n\n{EDGES}"), code(STUB, "task")]) == []
    leads = "    Empty input: zeros.\n    Ties: the first.\n    Void: never counts.\n"
    docstring = STUB.replace("gives.", f"gives.\n\n{leads}")
    assert source_problems([words(LINE), code(docstring, "task")]) == []
    assert source_problems([words(f"{LINE}\n\n{EDGES.replace('*', '**')}"), code(STUB, "task")]) == []
    for edge in ("Empty", "Ties", "Void"):
        [problem] = source_problems([words(f"{LINE}\n\n{EDGES.replace(edge, 'Other')}"), code(STUB, "task")])
        assert f"*{edge}…:*" in problem
    [problem] = source_problems(
        [words(f"{LINE}\n\nEmpty input gives zeros; Ties and Void do not."), code(STUB, "task")]
    )
    assert "*Empty…:*, *Ties…:*, *Void…:*" in problem


def test_each_exercise_has_its_own_line_and_they_are_counted() -> None:
    first, second = words(f"{LINE}\n\n{EDGES}"), words(f"{LINE.replace('1.', '3.')}\n\n{EDGES}")
    assert source_problems([first, code(STUB, "task"), second, code(STUB, "task")]) == [
        "exercises: expected the numbers 1, 2, 3, ...; got 1, 3"
    ]
    assert "got 2" in source_problems([words(f"{LINE}\n\n{LINE}\n\n{EDGES}"), code(STUB, "task")])[0]
    assert "got 0" in source_problems([first, code("x = 1"), code(STUB, "task")])[0], "not in the cell above"
    assert "got 0" in source_problems([code(STUB, "task")])[0]
