"""The `course` command: its words, and JupyterLab as it starts it."""

from __future__ import annotations

import http.client
import importlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from nbformat import v4
from traitlets import HasTraits

from helpers import cli
from helpers.course import build, doctor, learn

ROOT = Path(__file__).resolve().parent.parent


def test_help_is_quick_and_needs_nothing_that_may_be_broken() -> None:
    code = (
        "import sys; from helpers import cli; cli.make_parser().format_help();"
        " sys.exit(', '.join({'torch', 'IPython', 'nbformat', 'numpy', 'helpers.course'} & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, f"imported: {result.stderr}"


@pytest.mark.parametrize(
    ("command", "called"),
    [
        ("learn", ("01", None, True)),
        ("learn 3 --port 9000 --no-browser", ("03", 9000, False)),
        ("doctor", ()),
        ("build", ([], False, False)),
        ("build 1 02 --check --force", (["01", "02"], True, True)),
    ],
)
def test_commands_reach_their_function(command: str, called: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple] = []
    for module, name in [(learn, "learn"), (doctor, "doctor"), (build, "build_all")]:
        monkeypatch.setattr(module, name, lambda *args, **named: calls.append((*args, *named.values())) or 5)
    assert cli.main(command.split()) == 5, "the exit code of the function is that of the command"
    assert calls == [called]


@pytest.mark.parametrize(
    "command", ["", "learn x", "learn 0", "learn -3", "learn ²", "build 1.5", "train", "study a b"]
)
def test_wrong_words_are_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(command.split())
    assert "usage: course" in capsys.readouterr().err


def test_damaged_installation_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "helpers.course.doctor", None)
    assert cli.main(["doctor"]) == 1
    assert "delete the folder .venv, then run `make setup`" in capsys.readouterr().err


def test_jupyterlab_still_knows_every_setting(tmp_path: Path) -> None:
    """JupyterLab only warns about a setting that it does not know, so a renamed one would open a door unnoticed."""
    places = {
        "Application": "traitlets.config",
        "ServerApp": "jupyter_server.serverapp",
        "IdentityProvider": "jupyter_server.auth",
        "LabApp": "jupyterlab.labapp",
        "LanguageServerManager": "jupyter_lsp",
    }
    options = learn.settings(tmp_path, "01_x.ipynb", "secret", None, open_browser=False)
    for option in options:
        owner, trait = option.split(".")
        known: type[HasTraits] = getattr(importlib.import_module(places[owner]), owner)
        assert trait in known.class_traits() and known.class_traits()[trait].metadata.get("config"), option
    assert options["ServerApp.ip"] == "127.0.0.1" and options["IdentityProvider.token"] == "secret"
    assert options["LabApp.news_url"] is None


def test_no_such_lesson(course_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert learn.learn("04", None, open_browser=False) == 1
    assert capsys.readouterr().err == "There is no lesson 4 yet; there is: 1.\n"


def test_port_in_use(course_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert learn.learn("01", other.getsockname()[1], open_browser=False) == 1
    assert "leave --port away" in capsys.readouterr().err


@pytest.fixture
def course_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with one notebook and an empty workspace."""
    released = tmp_path / "notebooks"
    released.mkdir()
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("1 + 1", id="code")]), released / "01_pixel_labels.ipynb")
    really_update = learn.update_workspace
    monkeypatch.setattr(learn, "update_workspace", lambda folder: really_update(folder, released))
    monkeypatch.setenv("COURSE_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
def test_learn_serves_the_lesson_to_this_machine_and_stops_at_ctrl_c(course_folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from helpers.course import learn; update = learn.update_workspace;"
        f"learn.update_workspace = lambda folder: update(folder, Path({str(course_folder / 'notebooks')!r}));"
        "sys.exit(learn.learn('01', None, open_browser=False))"
    )
    environment = {**os.environ, "HOME": str(course_folder), "JUPYTER_RUNTIME_DIR": str(course_folder / "runtime")}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        cwd=ROOT,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as server:
        try:
            lines = []
            while not (lines and lines[-1].strip().startswith("http")):
                lines.append(server.stdout.readline())
                assert lines[-1], f"ended early: {''.join(lines)}"
            assert lines[0] == "Copied, without answers: 01_pixel_labels.ipynb.\n"
            url = urlsplit(lines[-1].strip())
            assert url.hostname == "127.0.0.1" and url.path == "/lab/tree/01_pixel_labels.ipynb"
            connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
            listing = f"/api/contents?{url.query}"
            answers = {}
            for path in ("/api/contents", listing, f"{url.path}?{url.query}"):
                connection.request("GET", path)
                response = connection.getresponse()
                answers[path] = (response.status, response.read().decode())
                connection.close()
            assert answers["/api/contents"][0] == 403, "without the token nothing is served"
            assert answers[listing][0] == 200 and "01_pixel_labels.ipynb" in answers[listing][1]
            assert answers[f"{url.path}?{url.query}"][0] == 200
        finally:
            server.send_signal(signal.SIGINT)
            rest = server.communicate(timeout=30)[0]
        assert server.returncode == 0 and "Traceback" not in rest


def test_progress_prints_a_table_and_says_plainly_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from helpers.course import progress

    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    progress.record(1, "quiz", "palette", 0, correct=True, score=1.0)
    assert cli.main(["progress"]) == 0
    assert "quiz" in capsys.readouterr().out

    progress.file().write_bytes(b"not a database, and long enough to be looked at as one" * 20)
    assert cli.main(["progress"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1


@pytest.mark.parametrize("suffix", ["-Copy1", " (1)", " copy", "_copy"])
def test_the_lesson_is_opened_and_not_a_copy_of_it(
    course_folder: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(learn, "lesson_environment", lambda variables, temporary: dict(variables))
    monkeypatch.setattr(learn, "_serve", lambda folder, name, port, open_browser: opened.append(name))
    for _ in range(2):
        assert learn.learn("01", None, open_browser=False) == 0
        for folder in ("workspace", "notebooks"):
            (course_folder / folder / f"01_pixel_labels{suffix}.ipynb").write_text("{}", encoding="utf-8")
    assert opened == ["01_pixel_labels.ipynb"] * 2


def test_a_file_of_other_work_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    (tmp_path / "psutil.py").write_text("from yaml import safe_load", encoding="utf-8")
    code = "import sys; from helpers import cli; sys.exit(cli.main(['doctor']))"
    run = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1 and run.stderr.startswith(f"{tmp_path / 'yaml.py'} hides a module"), run.stderr
