"""`course.mistake`: a report of a mistake, ready to copy. Nothing is sent, and nothing names the learner."""

from __future__ import annotations

import getpass
import importlib.metadata
import json
import platform
import re
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from IPython import get_ipython

from helpers.course.syllabus import ROOT

UNKNOWN = "not known"
LINE = "-" * 60


def mistake(words: str) -> None:
    """Print a report to copy: what is wrong in the learner's `words`, where in the course, and on what machine.

    Says where to send it. The learner's name and home are left out, also where the words hold them. Never raises.
    """
    if not isinstance(words, str) or not words.strip():
        print('words: expected what is wrong, in words, as in course.mistake("The second figure is empty.")')
        return
    history = getattr(get_ipython(), "history_manager", None)  # none outside a notebook
    inputs = getattr(history, "input_hist_raw", [])
    print(f"Copy what stands between the lines, and send it to {address()}.")
    print(LINE, anonymous(report(words.strip(), inputs)), LINE, sep="\n")


def report(words: str, inputs: Sequence[str], root: Path = ROOT) -> str:
    """The report, a line for each fact. `inputs` are the cells that ran, as they were typed, oldest first."""
    facts = {
        "mistake": words,
        "where": place(inputs, root),
        "course": f"{_version('pixels-to-panoptic')}, commit {commit(root) or UNKNOWN}",
        "Python": platform.python_version(),
        "torch": _version("torch"),
        "system": " ".join((platform.system(), platform.release(), platform.machine())),
    }
    return "\n".join(f"{name}: {fact}" for name, fact in facts.items())


def place(inputs: Sequence[str], root: Path = ROOT) -> str:
    """The lesson, and its cell that ran last: the newest input that stands, unchanged, in one released cell alone."""
    cells = _released(root / "notebooks")
    for source in reversed(inputs):
        found = cells.get(source.strip(), [])
        if len(found) == 1:
            return f"{found[0][0]}, after cell {found[0][1]}"
    return UNKNOWN


def commit(root: Path = ROOT) -> str:
    """The commit of the course's folder, read from git's files without git; "" if there is none to read."""
    with suppress(OSError, ValueError):
        folder = root / ".git"
        if folder.is_file():  # a work tree beside its repository
            folder = root / folder.read_text("utf-8").removeprefix("gitdir:").strip()
        head = (folder / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref:"):
            return head[:10]
        return _resolve(folder, head.removeprefix("ref:").strip())[:10]
    return ""


def address(root: Path = ROOT) -> str:
    """Where reports go: the `Issues` among the addresses in pyproject.toml, if it names one."""
    with suppress(OSError, ValueError):
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8")).get("project", {})
        for name, url in project.get("urls", {}).items():
            if name.lower() == "issues":
                return url
    return "whoever gave you this course"


def anonymous(text: str) -> str:
    """The text with the learner's home as `~`, and their name on this machine as `someone`."""
    with suppress(RuntimeError, OSError):
        home = Path.home()
        for each in sorted({str(path) for path in (home, home.resolve())}, key=len, reverse=True):
            if len(Path(each).parts) > 1:  # a home of "/" would be in every path
                text = text.replace(each, "~").replace(each.replace("\\", "/"), "~")
    with suppress(KeyError, OSError, ImportError):  # an account without a name
        text = re.sub(rf"(?<!\w){re.escape(getpass.getuser())}(?!\w)", "someone", text)
    return text


def _released(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """For the source of every code cell of the released notebooks: the notebooks it stands in, and its ids there."""
    cells: dict[str, list[tuple[str, str]]] = {}
    for path in sorted([*folder.glob("*.ipynb"), *folder.glob("more/*.ipynb")]):
        with suppress(OSError, ValueError, KeyError, TypeError):
            for cell in json.loads(path.read_text("utf-8"))["cells"]:
                if cell["cell_type"] == "code":
                    name = path.relative_to(folder).with_suffix("").as_posix()
                    cells.setdefault("".join(cell["source"]).strip(), []).append((name, cell["id"]))
    return cells


def _resolve(folder: Path, name: str) -> str:
    """What a branch points at: a file of its own, or a line among the packed ones. A work tree's are elsewhere."""
    common = folder / "commondir"
    if common.is_file():
        folder = folder / common.read_text("utf-8").strip()
    if (folder / name).is_file():
        return (folder / name).read_text("utf-8").strip()
    found = re.search(rf"^(\w+) {re.escape(name)}$", (folder / "packed-refs").read_text("utf-8"), re.MULTILINE)
    return found[1] if found else ""


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return UNKNOWN
