"""A real JupyterLab in a real Chromium: what the browser tests of all lessons share.

`running_lab` starts the course as a learner does, with progress, workspace and settings in a temporary folder.
`open_notebook` opens a notebook in it; a `Notebook` runs its cells and collects everything that went wrong. It takes
pictures of what a learner sees, into the folder COURSE_SHOTS, else into `course-shots` among the temporary files.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from urllib.parse import quote

import numpy as np
from browser import DRAWN, complaints
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect

from helpers.course.bank import find_bank
from helpers.course.lesson import read_lesson
from helpers.course.syllabus import load_syllabus

ROOT = Path(__file__).parent.parent
# Limits, not waits: on two cores that train something else at the same time, a lesson takes ten times as long.
START_SECONDS = 90
RUN_SECONDS = 600
ANSWER_SECONDS = 30
expect.set_options(timeout=ANSWER_SECONDS * 1000)
LEARN = [sys.executable, "-m", "helpers.cli", "learn", "--no-browser"]
# The tests ask JupyterLab itself for its notebook, and do not guess from what is on the screen. It is told in the page,
# after that is read and before its scripts run: `course learn` takes no settings from a folder that we could give.
_EXPOSE = """document.addEventListener("readystatechange", () => {
    const config = document.getElementById("jupyter-config-data");
    if (config) config.textContent = JSON.stringify({ ...JSON.parse(config.textContent), exposeAppInBrowser: true });
}, { once: true });"""
_SETTINGS = {"notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}}
_URL = re.compile(r"(http://(?:localhost|127\.0\.0\.1):\d+)/\S*token=([\w-]+)")


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs: its address without a path, and its token."""

    url: str
    token: str


@contextmanager
def running_lab(home: Path, command: list[str] = LEARN, theme: str = "JupyterLab Light") -> Iterator[Lab]:
    """Starts JupyterLab on a free port; ends it, with its kernels, afterwards.

    Args:
        home: an empty folder, for the progress, the workspace and all settings.
        command: what starts it; the port is added.
        theme: the name of a JupyterLab theme.

    Raises `RuntimeError` with the server's output if it does not come up.
    """
    config = home / "config"
    for name, values in (_SETTINGS | {"themes": {"theme": theme}}).items():
        file = config / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    folders = {
        "COURSE_HOME": "progress",
        "COURSE_WORKSPACE": "workspace",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "config/lab/user-settings",
        "JUPYTERLAB_WORKSPACES_DIR": "config/lab/workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = os.environ | {name: str(home / folder) for name, folder in folders.items()}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    # Read to the end, or the server would stop at a full pipe. None comes last.
    lines: Queue[str | None] = Queue()
    threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True).start()
    try:
        yield _wait_for_lab(process, lines)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _pass_on(output: Iterable[str], lines: Queue[str | None]) -> None:
    for line in output:
        lines.put(line)
    lines.put(None)


def _wait_for_lab(process: subprocess.Popen, lines: Queue[str | None]) -> Lab:
    """Both `course learn` and JupyterLab print the address when they listen there."""
    deadline = time.monotonic() + START_SECONDS
    output = ""
    while True:
        try:
            line = lines.get(timeout=max(deadline - time.monotonic(), 0))
        except Empty:
            ended = f"took over {START_SECONDS} s"
            break
        if line is None:
            ended = f"ended with code {process.wait()}"
            break
        output += line
        if found := _URL.search(line):
            return Lab(*found.groups())
    raise RuntimeError(f"JupyterLab did not start, it {ended}:\n{output[-3000:]}")


@dataclass
class Notebook:
    """One notebook in one browser page; `problems` grows whenever the page complains."""

    page: Page
    problems: list[str]

    def run_all(self) -> None:
        """Runs all cells and waits for the last. Raises `AssertionError` with every error the page or a cell gave."""
        self.page.evaluate(
            """() => {
                window.courseRan = false;
                const done = () => (window.courseRan = true);
                jupyterapp.commands.execute("notebook:run-all-cells").then(done, done);
            }"""
        )
        self.page.wait_for_function("window.courseRan", polling=200, timeout=RUN_SECONDS * 1000)
        self.check()
        skipped = [cell["source"] for cell in self.cells() if cell.get("execution_count", 0) is None]
        assert not any("".join(source).strip() for source in skipped), f"cells that did not run: {skipped}"

    def restart(self) -> None:
        """A new kernel that knows nothing, and a notebook without outputs: what is seen from now on is new."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self.page.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")

    def cells(self) -> list[dict]:
        """All cells, in nbformat's form, from the notebook's model."""
        return self.page.evaluate("jupyterapp.shell.currentWidget.content.model.toJSON().cells")

    def cell(self, start: str) -> Locator:
        """The cell on the page whose name (as in `lesson.py`) this is, or whose source starts with it."""
        found = [cell["id"] == start or "".join(cell["source"]).startswith(start) for cell in self.cells()]
        assert sum(found) == 1, f"{sum(found)} cells are, or start with, {start}"
        index = found.index(True)
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def go_to(self, target: Locator) -> Locator:
        """Scrolls until this is seen: JupyterLab lays cells out late and follows the cell that runs."""
        seen = """(each) => new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(() => {
            const { top, bottom } = each.getBoundingClientRect();
            tell(top < innerHeight && bottom > 0);
        })))"""
        for _ in range(50):
            target.scroll_into_view_if_needed()
            if target.evaluate(seen):
                return target
        raise AssertionError(f"cannot scroll to {target}")

    def place(self) -> list[int]:
        """The number of the active cell, and how many there are: a key that JupyterLab takes for itself changes one."""
        notebook = "jupyterapp.shell.currentWidget.content"
        return self.page.evaluate(f"[{notebook}.activeCellIndex, {notebook}.widgets.length]")

    def shot(self, name: str, target: Locator | None = None) -> None:
        """A picture of a widget, or else of the window, to be looked at."""
        folder = Path(os.environ.get("COURSE_SHOTS") or Path(tempfile.gettempdir()) / "course-shots")
        folder.mkdir(parents=True, exist_ok=True)
        (target or self.page).screenshot(path=folder / f"{name}.png")

    def write(self, start: str, source: str) -> None:
        """Types a source over that of the cell that `start` names, as in `cell`; the cell is not run."""
        self.go_to(self.cell(start)).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        assert source in ["".join(cell["source"]) for cell in self.cells()]

    @contextmanager
    def follow(self, link: Locator) -> Iterator[str]:
        """Presses a link of the notebook and gives the path of what opens; is back at the end."""
        current = "jupyterapp.shell.currentWidget"
        path = f"{current}?.context?.path"
        before, name = self.page.evaluate(path), self.page.evaluate(f"{current}.id")
        # A notebook that is left while its kernel starts complains.
        ready = f"!{current}.sessionContext || {current}.sessionContext.session?.kernel?.status === 'idle'"
        self.go_to(link).click()
        self.page.wait_for_function(
            f"{path} && {path} !== {json.dumps(before)} && {current}.context.isReady && ({ready})",
            timeout=START_SECONDS * 1000,
        )
        yield self.page.evaluate(path)
        self.page.evaluate("(name) => jupyterapp.shell.activateById(name)", name)
        self.page.wait_for_function(f"{path} === {json.dumps(before)}")

    def outputs(self) -> list[dict]:
        """All outputs of all cells, in nbformat's form."""
        return [output for cell in self.cells() for output in cell.get("outputs", [])]

    def check(self) -> None:
        """Raises `AssertionError` if a cell ended in an error or the page complained."""
        errors = [o["ename"] + ": " + o["evalue"] for o in self.outputs() if o["output_type"] == "error"]
        assert not errors + self.problems, "\n".join(errors + self.problems)


@contextmanager
def open_notebook(browser: Browser, lab: Lab, path: str, size: tuple[int, int] = (1280, 900)) -> Iterator[Notebook]:
    """Opens a notebook (its path in the folder that JupyterLab shows) and waits for its kernel."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(ANSWER_SECONDS * 1000)
    notebook = Notebook(page, complaints(page))
    failed = "reply: {0.status} {0.url}".format
    page.on("response", lambda reply: reply.status >= 400 and notebook.problems.append(failed(reply)))
    page.add_init_script(_EXPOSE)
    page.goto(f"{lab.url}/lab/tree/{quote(path)}?reset&token={lab.token}")
    # What the page says of itself: the kernel is there and waits.
    kernel = "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status"
    try:
        page.wait_for_function(f"{kernel} === 'idle'", polling=200, timeout=START_SECONDS * 1000)
    except TimeoutError as error:
        state = f"kernel {page.evaluate(kernel)}, page {page.url}, {page.inner_text('body')[:1000]!r}"
        raise AssertionError("\n".join([f"{path} did not open: {state}", *notebook.problems])) from error
    yield notebook
    page.close()


def pixels(picture: Locator) -> np.ndarray:
    """What an `<img>` shows now, uint8 `[H, W, 3]`."""
    read = "async (picture) => [...new Uint8Array(await (await fetch(picture.src)).arrayBuffer())]"
    return np.asarray(Image.open(io.BytesIO(bytes(picture.evaluate(read)))).convert("RGB"))


def wait_for_drawing(canvas: Locator, before: str = "") -> str:
    """Waits until a canvas no longer shows `before`; returns what it shows, as text that differs where pixels do."""
    canvas.page.evaluate(DRAWN)
    differs = "([canvas, before]) => canvas.toDataURL() !== before && canvas.toDataURL()"
    return canvas.page.wait_for_function(differs, arg=[canvas.element_handle(), before]).json_value()


def solution_of(lesson: str, name: str) -> str:
    """The function that solves an exercise of a lesson, "01" and so on, as the lesson's own source has it."""
    syllabus = load_syllabus()
    cells = read_lesson(syllabus.lesson(lesson), syllabus, solutions=True).cells
    tagged = [cell.source for cell in cells if "solution" in cell.metadata.get("tags", [])]
    [source] = [source for source in tagged if source.startswith(f"def {name}(")]
    return source


def check_figures(notebook: Notebook, at_least: int = 1) -> None:
    """Asserts that the lesson has so many figures, all of them described for screen readers."""
    figures = [output for output in notebook.outputs() if "image/png" in output.get("data", {})]
    assert len(figures) >= at_least
    assert all(output["metadata"].get("image/png", {}).get("alt") for output in figures)


def check_quiz_and_prediction(notebook: Notebook, lesson: int) -> None:
    """Asserts that the quiz, the prediction and what it reveals stand in the page, with the questions of the bank."""
    bank = find_bank(f"{lesson:02d}")
    quiz = notebook.go_to(notebook.page.locator(".p2p-mode-quiz"))
    questions = bank.at("end")
    expect(quiz.locator(".p2p-chip")).to_have_count(len(questions))
    expect(quiz.locator(".p2p-prompt")).to_contain_text(questions[0].prompt)
    notebook.shot(f"lesson{lesson}_quiz", quiz)
    for mode in ("predict", "reveal"):
        card = notebook.go_to(notebook.page.locator(f".p2p-mode-{mode}"))
        expect(card.locator(".p2p-prompt")).to_contain_text(bank.at("text")[0].prompt)
