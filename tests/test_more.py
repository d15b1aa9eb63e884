"""What a lesson has no room for: a second notebook beside it, built, held and handed out like the first.

And a lesson of the second edition as a whole: its build holds the manner and the minutes, and prints them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from helpers.course.build import build_all
from helpers.course.links import relative_links
from helpers.course.syllabus import ROOT, load_syllabus
from helpers.course.workspace import update_workspace

NAME = "01_pixel_labels.ipynb"
MODES = [mode.name for mode in load_syllabus().modes]
FRONT = "---\nkernelspec: {display_name: Python 3, language: python, name: python3}\n---\n\n"
LINE = "**1. Match.** ●●●●○ · at most 3 minutes\n\n*Empty input:* 0. *Ties:* the first. *Void:* none."


def cell(source: str, *tags: str) -> str:
    return f"```{{code-cell}}\n:tags: [{', '.join(tags)}]\n\n{source}\n```\n"


MORE = FRONT + "\n".join(
    [
        "# More\n\n## See\n\nWrite `[words](gone.md)`.\n",
        "Back to [the lesson](../01_pixel_labels.ipynb), and [a file](../../lessons/syllabus.yaml).\n",
        cell("import os"),
        f"+++\n\n{LINE}\n",
        cell("def match():\n    ...", "task"),
        cell("def match():\n    return 'the secret'", "solution"),
        cell("print('in', os.path.basename(os.getcwd()))"),
    ]
)
PARTS = {
    "Goal": "You can do [more](more/01_pixel_labels.ipynb).",
    "See": cell("print('AP: ⟨0.636⟩ at least 0.60 ✓')"),
    "Build": cell("import time\n\nlearned = 3", "training-70s"),
    "Check": f"{LINE}\n\n" + cell("def match():\n    ...", "task"),
}
MINUTES = {"Build": 2, "Check": 4}


def write_course(
    root: Path, parts: dict[str, str] = PARTS, minutes: dict[str, int] = MINUTES, more: str = MORE
) -> Path:
    """A course in `root` of one lesson of the second edition and what it has no room for; its notebook's file."""
    folder = root / "lessons" / "01_pixel_labels"
    folder.mkdir(parents=True, exist_ok=True)
    taken = {mode: minutes.get(mode, 1) for mode in MODES}
    syllabus = (ROOT / "lessons" / "syllabus.yaml").read_text(encoding="utf-8")
    syllabus, count = re.subn(
        r"(folder: 01_(?:.*\n)*?    )minutes: \d+\n(?:    edition: 2\n)?",
        rf"\1minutes: {sum(taken.values())}\n    edition: 2\n",
        syllabus,
        count=1,
    )
    assert count == 1
    (root / "lessons" / "syllabus.yaml").write_text(syllabus, encoding="utf-8")
    text = "\n+++\n\n".join(
        f"## {mode} ({taken[mode]} minute{'s' * (taken[mode] > 1)})\n\nSome words.\n\n{parts.get(mode, '')}"
        for mode in MODES
    )
    (folder / "lesson.md").write_text(FRONT + text, encoding="utf-8")
    if more:
        (folder / "more.md").write_text(more, encoding="utf-8")
    return root / "notebooks" / NAME


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course")
    write_course(root)
    assert build_all(["01"], root=root) == 0
    return root


def test_both_notebooks_are_built_and_hold(built: Path, capsys: pytest.CaptureFixture) -> None:
    before = [(built / "notebooks" / name).read_bytes() for name in (NAME, f"more/{NAME}")]
    assert build_all([], check=True, root=built) == 0
    assert capsys.readouterr().out.splitlines() == ["01_pixel_labels: holds", "more/01_pixel_labels: holds"]
    assert build_all([], root=built) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "01_pixel_labels: unchanged" and said[2:] == ["more/01_pixel_labels: unchanged"]
    assert said[1].strip().startswith("Goal 1 · ") and said[1].endswith("Build 2 · Check 4 · Recap 1 = 13 minutes")
    assert build_all([], force=True, root=built) == 0
    assert [(built / "notebooks" / name).read_bytes() for name in (NAME, f"more/{NAME}")] == before


def test_more_runs_where_it_lies_and_gives_no_answer_away(built: Path) -> None:
    text = (built / "notebooks" / "more" / NAME).read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    assert [each.id for each in notebook.cells] == [f"more-{place}" for place in range(1, 6)]
    assert notebook.cells[-1].outputs[0].text == "in more\n"
    assert notebook.metadata.course["lesson"] == "01" and "the secret" not in text


def test_more_is_handed_out_beside_the_lesson(built: Path, tmp_path: Path) -> None:
    update = update_workspace(tmp_path, built / "notebooks")
    assert update.copied == [NAME, f"more/{NAME}"] and update.lessons == (NAME,)
    copy = tmp_path / "more" / NAME
    notebook = nbformat.read(copy, as_version=4)
    assert notebook.cells[-1].outputs == []
    assert update_workspace(tmp_path, built / "notebooks").lines() == []
    notebook.cells[0].source = "my notes"
    nbformat.write(notebook, copy)
    mine = copy.read_bytes()
    changed = tmp_path / "released"
    (changed / "more").mkdir(parents=True)
    for name in (NAME, f"more/{NAME}"):
        text = (built / "notebooks" / name).read_text(encoding="utf-8")
        (changed / name).write_text(text.replace("Some words.", "Other words.").replace("# More", "# Much more"))
    update = update_workspace(tmp_path, changed)
    assert update.replaced == [NAME] and copy.read_bytes() == mine
    [new] = update.beside.values()
    assert new.startswith("more/01_pixel_labels.new-") and "Much more" in (tmp_path / new).read_text(encoding="utf-8")


def test_each_link_leads_to_a_file_from_where_it_stands(built: Path) -> None:
    for notebook in sorted(built.glob("notebooks/**/*.ipynb")):
        links = [
            link
            for each in nbformat.read(notebook, as_version=4).cells
            if each.cell_type == "markdown"
            for link in relative_links(each.source)
        ]
        assert links and all((notebook.parent / link).is_file() for link in links)


def test_cells_of_more_belong_to_their_lesson() -> None:
    """`pytest -m lesson1` runs them: what is collected in notebooks/more/ has the lesson's marker."""
    folder = ROOT / "notebooks" / "more"
    if not list(folder.glob("*.ipynb")):
        pytest.skip("no lesson has a more.md yet")
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "lesson1 or lesson2 or lesson3 or lesson4"]
    found = subprocess.run([*command, str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert "deselected" not in found.stdout and "more/" in found.stdout


@pytest.mark.parametrize(
    ("parts", "minutes", "more", "said"),
    [
        ({"Goal": "Nothing leads there."}, {}, MORE, "more: nothing leads there; link it as"),
        ({"See": "A [link](../helpers/gone.py)."}, {}, MORE, "cell see-1: the link (../helpers/gone.py) leads nowhere"),
        ({"See": "In [lesson 2](02_x.ipynb)."}, {}, MORE, "the link (02_x.ipynb) leads nowhere, seen from notebooks/"),
        ({}, {}, "", "cell goal-1: the link (more/01_pixel_labels.ipynb) leads nowhere"),
        ({}, {}, MORE.replace("(../01_", "(02_"), "leads nowhere, seen from more/"),
        ({}, {}, MORE.replace("import os", "plt.show()"), "cell more-2: draws by itself ('plt.')"),
        ({}, {}, MORE.replace("import os", "x = 1\n" * 21), "cell more-2: 21 lines, a cell has at most 20"),
        ({}, {}, MORE.replace(" ●●●●○", ""), "cell more-4: expected one line like"),
        ({}, {}, MORE.replace("solution", "soluton"), "unknown tag 'soluton'; there are"),
        ({"Build": cell("x = 1", "training-70")}, {}, MORE, "unknown tag 'training-70'"),
        ({"Explore": cell("x = 1\n" * 21)}, {}, MORE, "cell explore-2: 21 lines"),
        ({"Explore": (cell("x = 1\n" * 19) + "\n") * 14}, {}, MORE, "code: 272 lines that a learner sees"),
    ],
)
def test_faults_in_the_words_are_named(
    tmp_path: Path,
    parts: dict[str, str],
    minutes: dict[str, int],
    more: str,
    said: str,
    capsys: pytest.CaptureFixture,
) -> None:
    notebook = write_course(tmp_path, PARTS | parts, MINUTES | minutes, more)
    assert build_all(["01"], check=True, root=tmp_path) == 1
    assert said in capsys.readouterr().out
    assert not notebook.exists()


@pytest.mark.parametrize(
    ("parts", "minutes", "said"),
    [
        ({"See": cell("print('they agree:', 1 == 1)")}, {}, "cell see-2: judges where it could show"),
        ({"See": cell("print('AP: ⟨0.5⟩ at least 0.6 ✗')", "truth-value")}, {}, "cell see-2: a broken bound"),
        (
            {},
            {"Build": 4},
            "heading 'Build (4 minutes)': by the rule (2 minutes), for 5 words, 3 lines of code, 70 sec",
        ),
    ],
)
def test_faults_in_what_came_out_are_named_and_nothing_is_written(
    tmp_path: Path, parts: dict[str, str], minutes: dict[str, int], said: str, capsys: pytest.CaptureFixture
) -> None:
    notebook = write_course(tmp_path, PARTS | parts, MINUTES | minutes)
    assert build_all(["01"], root=tmp_path) == 1
    assert said in capsys.readouterr().out
    assert not notebook.exists()


def test_a_notebook_without_a_more_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_course(tmp_path)
    (tmp_path / "notebooks" / "more").mkdir(parents=True)
    (tmp_path / "notebooks" / "more" / "02_x.ipynb").touch()
    (tmp_path / "lessons" / "08_x").mkdir()
    (tmp_path / "lessons" / "08_x" / "more.md").touch()
    assert build_all([], check=True, root=tmp_path) == 1
    said = capsys.readouterr().out
    assert "notebooks/more/02_x.ipynb: there is no lessons/02_x/more.md" in said
    assert "lessons/08_x: lessons/syllabus.yaml has no such lesson" in said


def test_more_is_held_to_the_manner_whatever_its_lesson_is(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_course(tmp_path, PARTS | {"See": cell("plt = 1\nplt.real")}, more=MORE.replace("import os", "plt.show()"))
    path = tmp_path / "lessons" / "syllabus.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("    edition: 2\n", "", 1), encoding="utf-8")
    assert build_all(["01"], check=True, root=tmp_path) == 1
    said = capsys.readouterr().out
    assert "cell more-2: draws by itself" in said and "cell see-2" not in said


def test_a_flip_of_the_edition_makes_no_notebook_older(built: Path) -> None:
    path = built / "lessons" / "syllabus.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("    edition: 2\n", "", 1), encoding="utf-8")
    assert load_syllabus(built).lesson("01").edition == 1
    assert build_all([], check=True, root=built) == 0
    path.write_text(text, encoding="utf-8")
