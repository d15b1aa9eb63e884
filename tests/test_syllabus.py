"""The promises of the course: the table is sound, and every lesson that is written keeps its own."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from helpers.course.lesson import lesson_file, notebook_file
from helpers.course.syllabus import COVERS, ROOT, Lesson, Row, load_syllabus

SYLLABUS = load_syllabus()
PROMISES = [
    pytest.param(lesson, row, id=f"{lesson.key}-{row.id}", marks=getattr(pytest.mark, f"lesson{lesson.number}"))
    for lesson in SYLLABUS.lessons
    for row in SYLLABUS.promised(lesson)
]


def shown(notebook: nbformat.NotebookNode, row_id: str) -> bool:
    """Whether a code cell tagged for the row was run and put something out."""
    return any(
        cell.cell_type == "code" and cell.execution_count is not None and len(cell.outputs) > 0
        for cell in notebook.cells
        if COVERS + row_id in cell.metadata.get("tags", [])
    )


@pytest.mark.parametrize(("lesson", "row"), PROMISES)
def test_every_promise_is_shown(lesson: Lesson, row: Row) -> None:
    if not lesson_file(lesson).is_file():
        pytest.skip(f"lessons/{lesson.folder} is not written yet")
    path = notebook_file(lesson)
    assert path.is_file(), f"{path.name} is not built: run course build"
    notebook = nbformat.read(path, as_version=4)
    assert shown(notebook, row.id), f"{lesson.folder}: no executed code cell with an output is tagged {COVERS}{row.id}"


def test_every_covers_tag_is_a_row() -> None:
    known = {COVERS + row.id for row in SYLLABUS.rows}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for tag in cell.metadata.get("tags", []):
                assert not tag.startswith(COVERS) or tag in known, f"{path.name}, cell {cell.id}: unknown tag {tag}"


def test_a_row_needs_a_code_cell_that_ran_and_put_something_out() -> None:
    tags = {"tags": ["covers-S1"]}
    output = nbformat.v4.new_output("stream", name="stdout", text="seen")
    good = nbformat.v4.new_code_cell("1", metadata=tags, execution_count=1, outputs=[output])
    not_run = nbformat.v4.new_code_cell("1", metadata=tags, outputs=[output])
    silent = nbformat.v4.new_code_cell("1", metadata=tags, execution_count=1)
    words = nbformat.v4.new_markdown_cell("S1", metadata=tags)
    assert shown(nbformat.v4.new_notebook(cells=[words, good]), "S1")
    assert not shown(nbformat.v4.new_notebook(cells=[good]), "S2")
    assert not shown(nbformat.v4.new_notebook(cells=[not_run, silent, words]), "S1")


def test_the_table_is_whole() -> None:
    """The counts of the syllabus as agreed; lessons add predictions of their own, nothing is dropped."""
    ids = {row.id for row in SYLLABUS.rows}
    agreed = {"S": 7, "M": 4, "E": 3, "U": 4, "W": 3, "D": 3, "C": 3, "F": 3, "K": 5}
    assert {f"{letter}{number}" for letter, last in agreed.items() for number in range(1, last + 1)} <= ids
    assert {"P3", "P4", "P6", "P7"} <= ids
    assert [mode.name for mode in SYLLABUS.modes] == [
        *("Goal", "Picture it", "Predict", "Explain", "See", "Explore", "Build", "Check", "Recap")
    ]
    assert [lesson.number for lesson in SYLLABUS.lessons] == [1, 2, 3, 4, 5, 6, 7]
    assert [row.id for row in SYLLABUS.rows if row.kind == "takeaway" and row.lessons != (7,)] == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("id: S1\n", "id: s1\n", "rows, s1, id: "),
        ("id: S2\n", "id: S1\n", "rows: each id may stand once, got S1"),
        ("belief: Panoptic", "belif: Panoptic", "rows, M4, belief: Field required"),
        ("kind: step", "kind: stp", "rows, S1: Input tag 'stp'"),
        ("lessons: [6, 7]", "lessons: [6, 8]", "rows, W3, lessons: expected numbers of 1..7, got [8]"),
        ("needs: [1, 2]", "needs: [1, 5]", "lessons, 03_semantic: needs: a lesson can only need earlier ones, got [5]"),
        ("folder: 03_", "folder: 04_", "expected a name that starts with 03_"),
        ("level: foundation", "level: easy", "lessons, 01_pixel_labels, level: "),
        ("15, modes: [Goal", "15, modes: [Gaol", "short_track, modes: expected some of Goal"),
        ("rows:", "rows: {", "not valid YAML"),
    ],
)
def test_a_slip_is_named(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    text = (ROOT / "lessons" / "syllabus.yaml").read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "lessons").mkdir()
    path = tmp_path / "lessons" / "syllabus.yaml"
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ValueError) as error:
        load_syllabus(tmp_path)
    assert str(path) in str(error.value) and said in str(error.value)


def test_a_missing_syllabus_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not there: the course runs from its own folder"):
        load_syllabus(tmp_path)
