"""Every lesson as a whole: its quiz points at what the notebook shows, its solutions pass, its plan adds up.

And the order of the house: who may import whom.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter

import nbformat
import pytest
from nbformat import NotebookNode

from helpers import course
from helpers.course import progress
from helpers.course.bank import Bank, YesNo, load_bank
from helpers.course.build import execute
from helpers.course.exercise import exercises
from helpers.course.lesson import PARTS, SOLUTION, Part, lesson_file, notebook_file, read_lesson
from helpers.course.store import file
from helpers.course.syllabus import COVERS, ROOT, Lesson, load_syllabus

SYLLABUS = load_syllabus()
WRITTEN = [
    pytest.param(lesson, id=lesson.folder, marks=getattr(pytest.mark, f"lesson{lesson.number}"))
    for lesson in SYLLABUS.lessons
    if lesson_file(lesson).is_file()
]


@cache
def bank_of(lesson: Lesson) -> Bank:
    return load_bank(lesson_file(lesson).with_name("quiz.yaml"))


@cache
def cells_of(lesson: Lesson) -> dict[str, NotebookNode]:
    """The cells of the released notebook by id, in order."""
    return {cell.id: cell for cell in nbformat.read(notebook_file(lesson), as_version=4).cells}


def place(cells: dict[str, NotebookNode], source: str) -> int:
    """Where the one cell stands that holds `source`."""
    places = [number for number, cell in enumerate(cells.values()) if source in cell.source]
    assert len(places) == 1, f"expected one cell with {source}, got {len(places)}"
    return places[0]


# --- the quiz ---


@pytest.mark.parametrize("lesson", WRITTEN)
def test_the_evidence_of_every_question_is_a_cell_that_shows_something(lesson: Lesson) -> None:
    cells = cells_of(lesson)
    for question in bank_of(lesson).questions:
        assert question.evidence in cells, f"{question.id}: the notebook has no cell {question.evidence}"
        cell = cells[question.evidence]
        assert cell.cell_type == "code" and cell.outputs, f"{question.id}: {cell.id} shows nothing"
        asks = re.search(r"course\.(begin|predict|reveal|quiz|check)\(", cell.source)
        assert not asks, f"{question.id}: {cell.id} asks, it does not show"


@pytest.mark.parametrize("lesson", WRITTEN)
def test_the_quiz_is_long_enough_and_asks_about_this_lesson(lesson: Lesson) -> None:
    bank = bank_of(lesson)
    assert len(bank.at("end")) >= 6
    promised = {row.id for row in SYLLABUS.promised(lesson)}
    asked = {row for question in bank.questions for row in question.syllabus}
    assert asked <= promised, f"asks about {sorted(asked - promised)}, promised is {sorted(promised)}"
    assert f"S{lesson.number}" in asked


@pytest.mark.parametrize("lesson", WRITTEN)
def test_every_prediction_is_asked_then_shown_then_revealed(lesson: Lesson) -> None:
    cells, asked = cells_of(lesson), bank_of(lesson).at("text")
    order = list(cells)
    for question in asked:
        evidence = order.index(question.evidence)
        before, after = (place(cells, f'course.{word}("{question.id}")') for word in ("predict", "reveal"))
        assert before < evidence < after, f"{question.id}: {order[before]}, {order[evidence]}, {order[after]}"
    rows = [row for row in SYLLABUS.promised(lesson) if row.kind == "prediction"]
    assert asked or not rows
    for row in rows:
        shows = [each for each in asked if COVERS + row.id in cells[each.evidence].metadata.get("tags", [])]
        assert len(shows) == 1, f"{row.id}: expected one `place: text` question with its evidence in {COVERS}{row.id}"
        said = re.match(r"Yes\b|No\b", row.answer)
        if said and isinstance(shows[0], YesNo):
            assert shows[0].answer == (said[0] == "Yes"), f"{row.id}: the syllabus says {row.answer!r}"


# --- the solved lesson ---


def parts_of(lesson: Lesson) -> list[Part]:
    """The lesson and, if it is written, what it has no room for."""
    return [part for part in PARTS if lesson_file(lesson, part=part).is_file()]


def solved(lesson: Lesson, part: Part) -> list[str]:
    """What the checks say as a learner hears them who has solved all: imports, stubs, solutions and checks are run."""
    notebook = read_lesson(lesson, SYLLABUS, solutions=True, part=part)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = [
        cell
        for cell in code
        if cell is code[0]
        or cell.id.startswith("start-")
        or {"task", SOLUTION} & set(cell.metadata.get("tags", []))
        or "course.check(" in cell.source
    ]
    return [
        output.data["text/plain"].partition(" (")[0]
        for cell in execute(notebook, notebook_file(lesson, part=part).parent).cells
        if "course.check(" in cell.source
        for output in cell.outputs
        if "text/plain" in output.get("data", {})
    ]


@pytest.mark.parametrize("lesson", WRITTEN)
def test_the_solved_lesson_passes_its_own_checks(lesson: Lesson) -> None:
    said = {part: solved(lesson, part) for part in parts_of(lesson)}
    checked = [line for lines in said.values() for line in lines if line.startswith("correct: ")]
    assert sorted(checked) == sorted(f"correct: {exercise.name}" for exercise in exercises(lesson.number)), said
    assert len(said["lesson"]) >= 3


@pytest.mark.parametrize("lesson", WRITTEN)
def test_the_released_notebook_has_stubs_only(lesson: Lesson) -> None:
    said = [
        cell.outputs[0].data["text/plain"]
        for part in parts_of(lesson)
        for cell in nbformat.read(notebook_file(lesson, part=part), as_version=4).cells
        if "course.check(" in cell.source
    ]
    assert sorted(said) == sorted(f"not attempted: {exercise.name}" for exercise in exercises(lesson.number))


# --- the classroom plan ---


@pytest.mark.parametrize("lesson", WRITTEN)
def test_the_classroom_plan_is_a_table_that_adds_up(lesson: Lesson) -> None:
    text = lesson_file(lesson).with_name("facilitator.md").read_text(encoding="utf-8")
    plan = re.search(r"^## Plan \((\d+) minutes; the lesson alone takes (\d+)\)\n(.*?)^## ", text, re.M | re.S)
    assert plan, "expected a heading like '## Plan (90 minutes; the lesson alone takes 60)'"
    assert int(plan[2]) == lesson.minutes, f"lessons/syllabus.yaml gives the lesson {lesson.minutes} minutes"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in plan[3].splitlines() if "|" in line]
    assert rows[0] == ["minutes", "what", "how"] and set("".join(rows[1])) == {"-"}
    spans = [tuple(int(number) for number in row[0].split("–")) for row in rows[2:]]
    assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])], "a gap or an overlap"
    assert spans[-1][1] == int(plan[1])
    assert all(what and how for _, what, how in rows[2:])
    named = " ".join(row[1] for row in rows[2:])
    assert [mode.name for mode in SYLLABUS.modes if mode.name not in named] in ([], ["Goal"]), named


# --- paintings ---


@pytest.mark.lesson1
def test_a_painting_is_kept_and_found_again() -> None:
    new = course.painting("01", "street")
    assert new["earlier"] is None
    new["record"]({"labels": "first"}, 0.5, 60.0)
    new["record"]({"labels": "second"}, 0.25, 90.5)
    assert course.painting("01", "street")["earlier"] == {"labels": "second"}, "the last, not the best"
    assert course.painting("01", "coins")["earlier"] is course.painting("02", "street")["earlier"] is None
    entry = progress.last("01", "paint", "street")
    assert (entry.correct, entry.score, entry.seconds) == (None, 0.25, 90.5)


@pytest.mark.lesson1
def test_without_a_store_one_can_paint_all_the_same() -> None:
    file().parent.mkdir(parents=True)
    file().write_bytes(b"no database at all" * 100)
    kept = course.painting("01", "street")
    assert kept["earlier"] is None
    with pytest.raises(progress.ProgressError):
        kept["record"]({"labels": "lost"}, 0.5, 60.0)


# --- the order of the house ---

FLOORS = [
    {"bar", "measured"},  # the progress bar, numbers with their bounds: leaves that anyone may use
    {"page"},  # what the widgets' pages share; knows nothing of torch or segmentation
    {"categories"},
    {"arguments"},
    {"labels"},
    {"fusion", "losses", "metrics", "objects"},  # functions on tensors
    {"scenes", "augment"},
    {"models"},
    {"training", "evaluation", "price"},
    {"show", "scoreboard"},
    {"recipes", "studies"},
    {"course"},  # it stands apart, see below; exercises and cli alone may import it
    {"exercises"},
    {"cli", "bootstrap", "imports"},
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "helpers").rglob("*.py"))
}


def imported(source: str) -> Iterator[str]:
    """All modules that a source imports, anywhere in it: `from helpers import show` gives "helpers.show"."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write the whole name"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in names)


IMPORTS = {name: set(imported(path.read_text(encoding="utf-8"))) for name, path in MODULES.items()}


def room(module: str) -> str:
    """The floor's part that a module is in: "show" for "helpers.show.viewer"."""
    return module.split(".")[1]


def broken_rules(module: str, modules: set[str]) -> list[str]:
    """What `module` imports from a floor that is not below its own."""
    ours = [name for name in modules if name.startswith("helpers.") and room(name) != room(module)]
    return [
        f"{module} imports {name}"
        for name in sorted(ours)
        if FLOOR[room(name)] >= FLOOR[room(module)]
        or room(name) == "course"
        and room(module) not in ("exercises", "cli")
    ]


def test_every_module_has_a_floor() -> None:
    assert {room(name) for name in MODULES if name != "helpers"} <= set(FLOOR)


@pytest.mark.parametrize("module", [name for name in MODULES if name != "helpers"])
def test_a_floor_imports_only_from_floors_below(module: str) -> None:
    assert broken_rules(module, IMPORTS[module]) == []


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("helpers.course")])
def test_the_classroom_knows_nothing_of_segmentation(module: str) -> None:
    foreign = {"torch", "torchvision", "skimage", "pycocotools"} & {name.split(".")[0] for name in IMPORTS[module]}
    others = {
        name for name in IMPORTS[module] if name.startswith("helpers.") and room(name) not in FLOORS[0] | {"course"}
    }
    assert foreign | others == set()


def test_no_module_imports_itself_in_a_circle() -> None:
    try:
        TopologicalSorter({name: modules & set(MODULES) for name, modules in IMPORTS.items()}).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")


def test_the_rules_notice() -> None:
    source = "import torch\nfrom helpers import show\n\ndef f():\n    from helpers.course.checks import check\n"
    found = set(imported(source))
    assert found == {"torch", "helpers.show", "helpers.course.checks"}
    assert broken_rules("helpers.metrics", found) == [
        "helpers.metrics imports helpers.course.checks",
        "helpers.metrics imports helpers.show",
    ]
    assert broken_rules("helpers.show.viewer", found) == ["helpers.show.viewer imports helpers.course.checks"]
    assert broken_rules("helpers.exercises.lesson1", found) == broken_rules("helpers.cli", found) == []
    assert broken_rules("helpers.metrics", {"helpers.training"}) == ["helpers.metrics imports helpers.training"]
    assert broken_rules("helpers.categories", {"helpers.bar", "numpy"}) == []
    with pytest.raises(AssertionError, match="line 1: write the whole name"):
        list(imported("from . import show"))
