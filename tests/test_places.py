"""What `course learn` hands down: folders that work, and nothing of the account that would change a lesson."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.course import learn, places
from helpers.course.places import lesson_environment, writable
from helpers.course.store import home

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's home, and nothing set that would lead Jupyter elsewhere."""
    home = tmp_path / "ana"
    home.mkdir()
    for name in (*PLACES, "JUPYTER_CONFIG_DIR", "XDG_DATA_HOME", "MPLCONFIGDIR", "JUPYTERLAB_SETTINGS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    return home


def test_a_home_that_works_keeps_the_learners_look_and_trust(account: Path, tmp_path: Path) -> None:
    environment = lesson_environment(os.environ, tmp_path / "t")
    assert not {*PLACES, "MPLCONFIGDIR"} & set(environment)
    if sys.platform != "win32":
        assert environment["JUPYTERLAB_SETTINGS_DIR"] == str(account / ".jupyter" / "lab" / "user-settings")


@pytest.mark.parametrize("home", [os.devnull, "~", f"{__file__}/ana"])
def test_a_home_that_cannot_be_used_is_replaced(
    account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("HOME", home)
    environment = lesson_environment(os.environ, tmp_path / "t")
    for name in (*PLACES, "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        assert Path(environment[name]).is_relative_to(tmp_path / "t"), name
    assert "JUPYTERLAB_SETTINGS_DIR" not in environment


def test_answers_outlive_the_server_where_no_home_is_known(
    account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "~")
    monkeypatch.delenv("COURSE_HOME")
    environment = lesson_environment(os.environ, tmp_path / "t")
    assert environment["HOME"] == str(tmp_path / "t")
    assert environment["COURSE_HOME"] == str(home()) == str(ROOT / "workspace" / ".pixels-to-panoptic")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_keys_are_not_put_where_everybody_may_read_them(
    account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a share without modes Jupyter raises in place of writing a key."""
    monkeypatch.setattr(places.stat, "S_IMODE", lambda mode: 0o777)
    environment = lesson_environment(os.environ, tmp_path / "t")
    assert all(Path(environment[name]).is_relative_to(tmp_path / "t") for name in PLACES)


def test_writable_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert writable(tmp_path / "a" / "b") and not (tmp_path / "a").exists()
    assert not writable(tmp_path / "file" / "a")


SETTINGS = """
import sys, matplotlib
print("ours:", matplotlib.get_backend().rpartition("_")[2])
print("ours:", __import__("helpers").__file__)
print("ours:", [name for name in ("started_by", "profile", "site") if name in globals()])
print("ours:", sys.warnoptions, sys.flags.optimize)
"""


def test_nothing_of_the_account_reaches_a_kernel(
    account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    startup = account / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("profile = 1\n", encoding="utf-8")
    (account / "start.py").write_text("started_by = 1\n", encoding="utf-8")
    (account / "helpers").mkdir()
    (account / "helpers" / "__init__.py").write_text("", encoding="utf-8")
    account_settings = {
        "PYTHONSTARTUP": str(account / "start.py"),
        "MPLBACKEND": "Agg",
        "PYTHONWARNINGS": "error",
        "PYTHONOPTIMIZE": "2",
        "PYTHONPATH": str(account),
        "IPYTHONDIR": str(account / ".ipython"),
    }
    (tmp_path / "t").mkdir()
    environment = lesson_environment({**os.environ, **account_settings}, tmp_path / "t")
    code = (
        "from jupyter_client.manager import start_new_kernel as start; manager, client = start();"
        f"client.execute_interactive({SETTINGS!r}); manager.shutdown_kernel(now=True)"
    )
    run = subprocess.run([sys.executable, "-c", code], env=environment, cwd=account, capture_output=True, text=True)
    found = [line.removeprefix("ours: ") for line in run.stdout.splitlines() if line.startswith("ours: ")]
    assert found[:1] + found[2:] == ["inline", "[]", "[] 0"], run.stdout + run.stderr
    assert Path(found[1]).parent == ROOT / "helpers"


def test_learn_says_first_if_no_answer_can_be_stored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COURSE_HOME", os.devnull)
    monkeypatch.setenv("COURSE_WORKSPACE", str(tmp_path / "workspace"))
    before = dict(os.environ)
    monkeypatch.setattr(learn, "_serve", lambda *arguments: None)
    try:
        assert learn.learn("01", None, open_browser=False) == 0
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert "answers cannot be stored" in capsys.readouterr().out
