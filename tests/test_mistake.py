"""`course.mistake`: the report says where and on what, and never who."""

from __future__ import annotations

import getpass
import os
import subprocess
from pathlib import Path

import nbformat
import pytest

from helpers import course
from helpers.course.mistake import LINE, address, anonymous, commit, mistake, place
from helpers.course.syllabus import ROOT

HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def anna(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An account with a name and a home of its own."""
    home = tmp_path / "home" / "anna"
    home.mkdir(parents=True)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "anna")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    return home


def write(path: Path, *cells: tuple[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text, id=name) for name, text in cells])
    nbformat.write(notebook, path)


def test_the_report_is_there_to_copy(anna: Path, capsys: pytest.CaptureFixture) -> None:
    words = f"  The figure in {anna / 'lessons' / '04.ipynb'} is empty, says anna.\nHannah and anna2 agree. "
    assert mistake(words) is None
    first, line, *facts, end = capsys.readouterr().out.splitlines()
    assert first == f"Copy what stands between the lines, and send it to {address()}."
    assert line == end and set(line) == {"-"}
    assert facts[0] == "mistake: The figure in ~/lessons/04.ipynb is empty, says someone."
    assert facts[1] == "Hannah and anna2 agree.", "a part of a word is no name"
    assert [fact.partition(": ")[0] for fact in facts[2:]] == ["where", "course", "Python", "torch", "system"]
    assert not any(fact.endswith(": ") for fact in facts)
    assert course.mistake is mistake


def test_the_report_names_nobody(anna: Path, capsys: pytest.CaptureFixture) -> None:
    mistake(f"{anna} {anna.as_posix()} {anna.resolve()}/x {getpass.getuser()}")
    assert "anna" not in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="making a link needs rights on Windows that few have")
def test_a_link_as_home_is_hidden_on_both_sides(anna: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = anna.parent / "link"
    link.symlink_to(anna)
    monkeypatch.setenv("HOME", str(link))
    monkeypatch.setenv("USERPROFILE", str(link))
    assert anonymous(f"{link}/a {anna}/b") == "~/a ~/b"


def test_an_account_without_name_or_home(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def unknown(*_: object) -> str:
        raise KeyError("uid not found")

    def homeless(*_: object) -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(getpass, "getuser", unknown)
    monkeypatch.setattr(Path, "home", homeless)
    mistake("all is well in /tmp/x")
    assert "mistake: all is well in /tmp/x\n" in capsys.readouterr().out
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert anonymous("/tmp/x") == "/tmp/x", "the root of all is nobody's home"


@pytest.mark.parametrize("wrong", ["", "  ", None, 3, ["words"]])
def test_without_words_it_asks_for_some(wrong: object, capsys: pytest.CaptureFixture) -> None:
    mistake(wrong)
    assert capsys.readouterr().out.startswith("words: expected what is wrong, in words, as in course.mistake(")


# Where


def test_the_place_is_the_newest_cell_that_stands_in_one_notebook(tmp_path: Path) -> None:
    write(tmp_path / "notebooks/01_a.ipynb", ("start-1", "import torch"), ("see-1", "show(image)"), ("see-2", "x = 1"))
    write(tmp_path / "notebooks/02_b.ipynb", ("start-1", "import torch"), ("see-1", "show(mask)"))
    write(tmp_path / "notebooks/more/02_b.ipynb", ("more-1", "show(more)"))
    write(tmp_path / "notebooks/.ipynb_checkpoints/01_a-checkpoint.ipynb", ("see-1", "show(image)"))
    (tmp_path / "notebooks/03_c.ipynb").write_text("{broken")
    own = "course.mistake('oh')"
    for inputs, where in [
        ([], "not known"),
        (["import torch", own], "not known"),
        (["", "import torch", "show(image)\n", own], "01_a, after cell see-1"),
        (["show(image)", "x = 1", "x = 2", "import torch", own], "01_a, after cell see-2"),
        (["show(image)", "show(more)"], "more/02_b, after cell more-1"),
    ]:
        assert place(inputs, tmp_path) == where


def test_in_a_notebook_of_the_course() -> None:
    from nbclient import NotebookClient

    released = nbformat.read(ROOT / "notebooks" / "01_pixel_labels.ipynb", as_version=4)
    [check] = [cell for cell in released.cells if "course.check(count_pixels)" in cell.source]
    sources = ["from helpers import course\ndef count_pixels(): ...", check.source, "course.mistake('It is wrong.')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    [output] = notebook.cells[-1].outputs
    assert f"\nwhere: 01_pixel_labels, after cell {check.id}\n" in output.text


# The commit


def test_the_commit_is_what_git_says() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("the course was not fetched with git here")
    try:
        said = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no git here to ask")
    assert commit() and said.stdout.startswith(commit())


def test_the_commit_in_every_form_that_git_writes(tmp_path: Path) -> None:
    assert commit(tmp_path) == "", "no repository"
    git = tmp_path / ".git"
    git.mkdir()
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit(tmp_path) == "", "no commit yet"
    (git / "packed-refs").write_text(
        f"# pack-refs with: peeled\n{HASH[::-1]} refs/heads/main-2\n{HASH} refs/heads/main\n^abc\n"
    )
    assert commit(tmp_path) == HASH[:10]
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "refs" / "heads" / "main").write_text(HASH[::-1] + "\n")
    assert commit(tmp_path) == HASH[::-1][:10], "a file of its own is newer than the packed ones"
    beside = tmp_path / "beside"
    (git / "worktrees" / "beside").mkdir(parents=True)
    beside.mkdir()
    (beside / ".git").write_text(f"gitdir: {git / 'worktrees' / 'beside'}\n")
    (git / "worktrees" / "beside" / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "worktrees" / "beside" / "commondir").write_text("../..\n")
    assert commit(beside) == HASH[::-1][:10]
    (git / "HEAD").write_text(HASH + "\n")
    assert commit(tmp_path) == HASH[:10], "no branch"


# Where to


def test_the_address_is_the_project_s(tmp_path: Path) -> None:
    assert address(tmp_path) == "whoever gave you this course"
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nIssues = "https://example.org/issues"\n')
    assert address(tmp_path) == "https://example.org/issues"
    (tmp_path / "pyproject.toml").write_text("[broken")
    assert address(tmp_path) == "whoever gave you this course"


def test_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    mistake("words")
    assert LINE in capsys.readouterr().out
