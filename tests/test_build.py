"""The build: the same words give the same bytes, and what goes wrong is said with the cell's name.

Kernels are slow to start, so one small lesson is built twice here and several tests look at what came out.
"""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import nbformat
import pytest
from PIL import Image, PngImagePlugin

from helpers.course.build import build_all
from helpers.course.lesson import lesson_problems, read_lesson
from helpers.course.notebook import plain_png
from helpers.course.syllabus import ROOT, load_syllabus

NOTEBOOK = Path("notebooks") / "01_pixel_labels.ipynb"

FRONT = """\
---
kernelspec:
  display_name: Python 3 (ipykernel)
  language: python
  name: python3
---

# A small lesson

+++

"""

HEADINGS = ["Goal", "Picture it", "Predict", "Explain", "See", "Explore", "Build", "Check", "Recap"]

RICH = {
    "See": """\
```{code-cell}
:tags: [covers-S1]

import matplotlib.pyplot as plt

plt.plot([1, 3, 2])
plt.title("A figure")
plt.show()
```

Between two code cells.

```{code-cell}
import os
import sys

for word in ("in", "pieces"):
    print(word)
    sys.stdout.flush()
print("no progress yet:", os.listdir(os.environ["COURSE_HOME"]) == [])
print("in the notebooks folder:", os.path.basename(os.getcwd()))
print("matplotlib draws", os.environ["MPLBACKEND"].rsplit(".")[-1], "- hash", hash("stable") != 0)
```
""",
    "Explore": """\
```{code-cell}
import ipywidgets

ipywidgets.VBox([ipywidgets.IntSlider(3), ipywidgets.Label("three")])
```
""",
    "Check": """\
```{code-cell}
:tags: [task]

answer = None
```

```{code-cell}
:tags: [solution]

answer = "the secret"
```

```{code-cell}
{answer, "a", "b", "c"}
```
""",
}


def write_lesson(root: Path, parts: dict[str, str], headings: list[str] = HEADINGS) -> Path:
    """A course of one lesson in `root`; `parts` go below their headings."""
    (root / "lessons" / NOTEBOOK.stem).mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "lessons" / "syllabus.yaml", root / "lessons")
    path = root / "lessons" / NOTEBOOK.stem / "lesson.md"
    text = "\n+++\n\n".join(f"## {name}\n\nSome words.\n\n{parts.get(name, '')}" for name in headings)
    path.write_text(FRONT + text, encoding="utf-8")
    return path


def cell(code: str, tags: str = "") -> str:
    return "```{code-cell}\n" + (f":tags: [{tags}]\n\n" if tags else "") + f"{code}\n```\n"


def problems_of(root: Path, parts: dict[str, str], headings: list[str] = HEADINGS) -> str:
    write_lesson(root, parts, headings)
    syllabus = load_syllabus(root)
    return "\n".join(lesson_problems(syllabus.lesson("01"), syllabus, root))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, bytes]:
    """A course whose rich lesson was built, then built again by force: its folder, and the bytes of each build."""
    root = tmp_path_factory.mktemp("course")
    write_lesson(root, RICH)
    assert build_all(["01"], root=root) == 0
    first = (root / NOTEBOOK).read_bytes()
    before = (root / NOTEBOOK).stat().st_mtime_ns
    assert build_all([], force=True, root=root) == 0
    assert (root / NOTEBOOK).stat().st_mtime_ns > before, "force builds again"
    return root, first, (root / NOTEBOOK).read_bytes()


def test_two_builds_give_the_same_bytes(built: tuple[Path, bytes, bytes]) -> None:
    _, first, second = built
    assert first == second


def test_a_build_holds_and_is_not_repeated(built: tuple[Path, bytes, bytes], capsys: pytest.CaptureFixture) -> None:
    root, _, _ = built
    before = (root / NOTEBOOK).stat().st_mtime_ns
    assert build_all([], check=True, root=root) == 0
    assert build_all([], root=root) == 0
    assert capsys.readouterr().out.splitlines() == ["01_pixel_labels: holds", "01_pixel_labels: unchanged"]
    assert (root / NOTEBOOK).stat().st_mtime_ns == before


def test_cells_are_named_after_their_mode_and_solutions_stay_out(built: tuple[Path, bytes, bytes]) -> None:
    root, first, _ = built
    notebook = nbformat.reads(first.decode(), as_version=4)
    names = [one.id for one in notebook.cells]
    assert names[:3] == ["start-1", "goal-1", "picture-it-1"]
    assert [name for name in names if name.startswith("see")] == ["see-1", "see-2", "see-3", "see-4"]
    assert [name for name in names if name.startswith("check")] == ["check-1", "check-2", "check-3"]
    assert b"the secret" not in first
    syllabus = load_syllabus(root)
    whole = read_lesson(syllabus.lesson("01"), syllabus, root, solutions=True)
    assert [one.id for one in whole.cells if "the secret" in one.source] == ["check-2-solution"]


def test_outputs_are_in_one_fixed_form(built: tuple[Path, bytes, bytes]) -> None:
    notebook = nbformat.reads(built[1].decode(), as_version=4)
    cells = {one.id: one for one in notebook.cells}
    assert [one.execution_count for one in notebook.cells if one.cell_type == "code"] == [1, 2, 3, 4, 5]
    assert "version" not in notebook.metadata.language_info and "widgets" not in notebook.metadata
    assert all(set(one.metadata) <= {"tags"} for one in notebook.cells), "timing, or another trace of the run"
    (stream,) = cells["see-4"].outputs
    assert stream.text.splitlines() == [
        "in",
        "pieces",
        "no progress yet: True",
        "in the notebooks folder: notebooks",
        "matplotlib draws backend_inline - hash True",
    ]
    (view,) = cells["explore-2"].outputs
    assert view.data["application/vnd.jupyter.widget-view+json"]["model_id"] == f"{1:032x}"
    assert "image/png" in cells["see-2"].outputs[0].data
    assert b"Matplotlib version" not in built[1]


def test_pictures_lose_their_words_and_keep_their_pixels(tmp_path: Path) -> None:
    picture = Image.radial_gradient("L")
    words = PngImagePlugin.PngInfo()
    words.add_text("Software", "a program")
    picture.save(tmp_path / "a.png", pnginfo=words)
    before = (tmp_path / "a.png").read_bytes()
    after = plain_png(before)
    (tmp_path / "b.png").write_bytes(after)
    assert b"a program" in before and b"a program" not in after
    assert Image.open(tmp_path / "b.png").tobytes() == picture.tobytes()
    assert plain_png(after) == after


def test_a_cell_that_fails_is_named_and_the_old_notebook_stays(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_lesson(tmp_path, {"Build": cell("def halve(x):\n    return x / 0\n\nhalve(1)")})
    (tmp_path / "notebooks").mkdir()
    (tmp_path / NOTEBOOK).write_text("old")
    assert build_all(["01"], root=tmp_path) == 1
    said = capsys.readouterr().out
    assert "cell build-2 failed" in said and "ZeroDivisionError: division by zero" in said and "return x / 0" in said
    assert "\x1b" not in said
    assert [path.name for path in (tmp_path / "notebooks").iterdir()] == [NOTEBOOK.name]
    assert (tmp_path / NOTEBOOK).read_text() == "old"


def test_what_would_not_reproduce_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    loud = "import sys\nprint('a bar', file=sys.stderr)"
    parts = {
        "See": cell("print(object())"),
        "Explore": cell("object()"),
        "Build": cell(loud) + cell(loud, "stderr"),
        "Recap": cell("", "nbval-ignore-output").replace("\n```\n", "\nrandom = 4\n```\n"),
    }
    write_lesson(tmp_path, parts)
    assert build_all([], root=tmp_path) == 1
    said = capsys.readouterr().out
    assert "cell see-2: shows a memory address" in said
    assert "cell explore-2: shows a memory address" in said
    assert "cell build-2: wrote to stderr" in said and "cell build-3" not in said
    assert "more than 1 of 10 code cells: recap-2" in said
    assert not (tmp_path / NOTEBOOK).exists()


def test_missing_lessons_and_orphans_are_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_lesson(tmp_path, {})
    (tmp_path / "lessons" / "08_extra").mkdir()
    (tmp_path / "lessons" / "08_extra" / "lesson.md").touch()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "draft.ipynb").touch()
    assert build_all([], check=True, root=tmp_path) == 1
    said = capsys.readouterr().out
    assert "01_pixel_labels: does not hold\n    there is no notebook" in said
    assert "notebooks/draft.ipynb: there is no lesson" in said
    assert "lessons/08_extra: lessons/syllabus.yaml has no such lesson" in said
    assert build_all(["05"], root=tmp_path) == 1
    assert "lessons/05_architectures/lesson.md is not there" in capsys.readouterr().out
    assert build_all(["12"], root=tmp_path) == 1
    assert "expected one of 01, 02" in capsys.readouterr().out
    shutil.rmtree(tmp_path / "lessons" / "08_extra")
    shutil.rmtree(tmp_path / "lessons" / NOTEBOOK.stem)
    shutil.rmtree(tmp_path / "notebooks")
    assert build_all([], check=True, root=tmp_path) == 1, "a course without a lesson must not pass as checked"


def test_the_nine_headings_stand_in_order(tmp_path: Path) -> None:
    assert problems_of(tmp_path, {}) == ""
    swapped = [HEADINGS[1], HEADINGS[0], *HEADINGS[2:]]
    assert "got Picture it, Goal, Predict" in problems_of(tmp_path, {}, swapped)
    assert "headings: expected" in problems_of(tmp_path, {}, HEADINGS[:-1])
    assert "headings: expected" in problems_of(tmp_path, {}, [*HEADINGS, "See"])
    assert "heading 'See: *bold*'" in problems_of(tmp_path, {}, [*HEADINGS[:4], "See: *bold*", *HEADINGS[5:]])
    timed = [f"{name} (1 minute)" for name in HEADINGS]
    assert "the headings make 9 together" in problems_of(tmp_path, {}, timed)
    slow = ["Goal (5 minutes)", *HEADINGS[1:4], "See (11 minutes)", *HEADINGS[5:]]
    assert problems_of(tmp_path, {}, slow) == "minutes: Goal, Predict, See make 16; the short track has 15"


def test_slips_in_a_lesson_are_found(tmp_path: Path) -> None:
    assert "cell check-2: unknown tag 'soluton'" in problems_of(tmp_path, {"Check": cell("x = 1", "soluton")})
    assert "cell see-2: unknown tag 'covers-S2'" in problems_of(tmp_path, {"See": cell("x = 1", "covers-S2")})
    assert "cell check-1: a directive" in problems_of(tmp_path, {"Check": "```{code-cel}\nx = 1\n```\n"})
    assert "cell see-2: no code in it" in problems_of(tmp_path, {"See": "```{code-cell}\n```\n"})
    not_a_list = "```{code-cell}\n:tags: task\n\n1\n```\n"
    assert "cannot be read: in the metadata of a cell, 'task' is not" in problems_of(tmp_path, {"See": not_a_list})
    assert "cannot be read" in problems_of(tmp_path, {"See": "```{code-cell}\n:tags: [task\n\n1\n```\n"})


def test_the_classroom_stands_apart() -> None:
    """`helpers/course` knows nothing of torch, of pictures or of the rest of the house."""
    for path in sorted((ROOT / "helpers" / "course").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in ("torch", "torchvision"), f"{path.name} imports {name}"
                allowed = name == "helpers.measured" or name.startswith("helpers.course")
                assert not name.startswith("helpers") or allowed, f"{path.name}: {name}"
