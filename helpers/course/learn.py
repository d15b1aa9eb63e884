"""`course learn`: the learner's folder brought up to date, then JupyterLab on one lesson."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from helpers.course.patience import wait_patiently
from helpers.course.places import lesson_environment, writable
from helpers.course.store import ProgressError, home
from helpers.course.workspace import WorkspaceError, update_workspace, workspace_folder

FIRST_PORT = 8888


def learn(lesson: str, port: int | None, open_browser: bool) -> int:
    """Open lesson `lesson` ("01", "02", ...) and serve until Ctrl-C. Returns the exit code.

    `port` None means the first free one from 8888.
    """
    try:
        folder = workspace_folder()
        update = update_workspace(folder)
    except WorkspaceError as error:
        print(error, file=sys.stderr)
        return 1
    chosen = [name for name in update.lessons if name.startswith(f"{lesson}_")]
    if not chosen:
        there = ", ".join(str(int(name[:2])) for name in update.lessons)
        print(f"There is no lesson {int(lesson)} yet; there is: {there}.", file=sys.stderr)
        return 1
    if port is not None and not _free(port):
        print(f"Port {port} cannot be used: leave --port away to take the first free one.", file=sys.stderr)
        return 1
    for line in [*update.lines(), *_no_place_for_answers()]:
        print(line)
    print("JupyterLab starts ...", flush=True)
    try:
        temporary = tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True)
    except OSError as error:
        print(
            f"There is no folder for temporary files: name one in TMPDIR ({error.strerror or error}).", file=sys.stderr
        )
        return 1
    with temporary as place:
        environment = lesson_environment(os.environ, Path(place))
        os.environ.clear()
        os.environ.update(environment)
        _serve(folder, chosen[0], port, open_browser)
    return 0


def _no_place_for_answers() -> list[str]:
    """What to say before the lesson begins if no answer can be stored; empty if all is well."""
    try:
        place = home()
    except ProgressError as error:
        return [str(error)]
    if writable(place):
        return []
    return [f"Your answers cannot be stored, {place} cannot be written to: set COURSE_HOME to a folder of your own."]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def settings(folder: Path, notebook: str, token: str, port: int | None, open_browser: bool) -> dict[str, object]:
    """JupyterLab's options for the course. They stand above any Jupyter configuration of this machine."""
    return {
        # Reached from this machine only, and only with the token.
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port or FIRST_PORT,
        "ServerApp.port_retries": 0 if port else 50,
        "ServerApp.base_url": "/",
        "IdentityProvider.token": token,
        "ServerApp.allow_root": True,  # containers often know no other user
        # Nothing is fetched from the network: no news, no search for updates, no catalogue of extensions, no npm.
        "LabApp.news_url": None,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
        "LanguageServerManager.autodetect": False,
        # The lesson, and no tabs of the learner's other work.
        "ServerApp.root_dir": folder,
        "LabApp.workspaces_dir": folder / ".layout",
        "ServerApp.contents_manager_class": "helpers.course.sources.Contents",
        "LabApp.default_url": f"/lab/tree/{quote(notebook)}",
        "ServerApp.open_browser": open_browser,
        # Ctrl-C stops at once, and the terminal stays readable.
        "ServerApp.answer_yes": True,
        "Application.log_level": "WARN",
    }


def _serve(folder: Path, notebook: str, port: int | None, open_browser: bool) -> None:
    """Start JupyterLab in this process, so that Ctrl-C and a closed terminal reach it, and print the address."""
    wait_patiently()
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # our kernel, even if the learner's home has another of the same name
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # no warning about frozen modules from every kernel
    from jupyterlab.labapp import LabApp

    token = secrets.token_urlsafe(24)
    options = settings(folder, notebook, token, port, open_browser)
    server = LabApp.initialize_server(argv=[f"--{name}={value}" for name, value in options.items()])
    url = f"http://127.0.0.1:{server.port}/lab/tree/{quote(notebook)}?token={token}"
    address = f"Lesson {int(notebook[:2])} is open in JupyterLab at\n\n    {url}\n\nStop with Ctrl-C."
    server.io_loop.add_callback(print, address, flush=True)  # once the loop runs: from then on it answers
    server.start()
