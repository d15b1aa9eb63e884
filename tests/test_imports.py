"""A learner's own files beside a lesson, and the course's modules: which of them is imported."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import imports

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the learner's own modules, and beside it the finder as an install puts it into the environment."""
    beside = tmp_path / "beside"
    beside.mkdir()
    for name in ("helpers", "torch", "random", "pathlib", "mine"):
        (beside / f"{name}.py").write_text("def double(x):\n    return 2 * x\n", encoding="utf-8")
    shutil.copy(ROOT / "helpers" / "imports.py", tmp_path / "pixels_to_panoptic_imports.py")
    return beside


def python(folder: Path, *words: str, path: tuple[Path, ...] = ()) -> str:
    """What Python prints when it runs in `folder`, once the finder is at work."""
    (folder.parent / "sitecustomize.py").write_text("import pixels_to_panoptic_imports\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (folder.parent, *path, ROOT)))}
    run = subprocess.run([sys.executable, *words], env=environment, cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_first_cell_of_a_lesson_runs_beside_files_of_the_same_names(folder: Path) -> None:
    cells = json.loads((ROOT / "notebooks" / "01_pixel_labels.ipynb").read_text(encoding="utf-8"))["cells"]
    first = "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "code"))
    assert "Pixel labels" in python(folder, "-c", f"import matplotlib\nmatplotlib.use('agg')\n{first}")


def test_the_learners_other_modules_are_found(folder: Path) -> None:
    assert python(folder, "-c", "import random, mine; print(mine.double(2), random.random() < 1)") == "4 True"


def test_helpers_elsewhere_on_the_path_does_not_end_the_command(folder: Path) -> None:
    (folder / "other" / "helpers").mkdir(parents=True)
    (folder / "other" / "helpers" / "__init__.py").touch()
    assert "usage: course" in python(
        folder, "-c", "from helpers.cli import main; main(['--help'])", path=(folder / "other",)
    )


def test_a_script_keeps_its_own_folder_first(folder: Path) -> None:
    (folder / "script.py").write_text("import random; print(random.double(2))", encoding="utf-8")
    assert python(folder, "script.py") == "4"


def test_of_two_courses_the_nearest_is_taken(folder: Path) -> None:
    mark = folder / imports.MARK
    mark.parent.mkdir(parents=True)
    for file in (mark, folder / "helpers" / "__init__.py"):
        file.touch()
    said = python(folder, "-c", "import random, helpers; print(helpers.__file__)", path=(ROOT,))
    assert Path(said).resolve() == (folder / "helpers" / "__init__.py").resolve()


def test_a_kernel_starts_beside_a_file_that_its_launcher_would_import(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    path = [str(folder), "/lib"]
    imports.forget_launch_folder(path)
    assert path == [str(folder), "/lib"], "only a kernel's launcher does that"
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-m", "ipykernel_launcher", "-f", "x.json"])
    imports.forget_launch_folder(path)
    assert path == ["/lib"]
    named = [str(folder), str(folder), "/lib"]
    imports.forget_launch_folder(named)
    assert len(named) == 3, "PYTHONPATH names the folder, so that the learner wants it"


def test_an_install_brings_the_finder(tmp_path: Path) -> None:
    """Also an editable one, which the course's own is."""
    code = f"from hatchling.build import build_editable; print(build_editable({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    shutil.unpack_archive(wheel, tmp_path / "site", format="zip")
    assert (tmp_path / "site" / "pixels_to_panoptic_imports.py").is_file()
    line = (tmp_path / "site" / "pixels_to_panoptic_imports.pth").read_text(encoding="utf-8")
    assert line == "import pixels_to_panoptic_imports\n"
