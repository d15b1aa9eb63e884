"""`course doctor`: can this machine run the course, and if not, what is to be done?

Every check is a function from what was found to a `Row`, so that a fault can be tried without having it. What may crash
(torch and torchvision) runs in a process of its own.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.course.limits import usable_cores, usable_memory
from helpers.course.places import existing, writable
from helpers.course.store import ProgressError, home
from helpers.course.workspace import WorkspaceError, workspace_folder

OK, OPTIONAL, PROBLEM = "ok", "optional", "problem"
GB = 10**9
REINSTALL = "delete the folder .venv, then run `make setup` (Windows: `py helpers/bootstrap.py`)"
REMAKE_CONDA = "remove the environment, then run `conda env create -f environment.yml` again"
LAB_EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
MEMORY_NEEDED = 2 * GB
DISK_NEEDED = GB // 2
GET_CHROMIUM = (
    "on Debian `apt-get install chromium`, elsewhere `playwright install chromium`, or name one in COURSE_CHROMIUM"
)
TORCH_SECONDS = 120
SLOW = "did not load within two minutes"
KILLED = "the system ended Python while they were loading, most likely for want of memory"
MAC_BROWSERS = ("Chromium.app/Contents/MacOS/Chromium", "Google Chrome.app/Contents/MacOS/Google Chrome")

TORCH_PROBE = """
import json, torch, torchvision
box = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 2.1]])
kept = torchvision.ops.nms(box, torch.tensor([0.9, 0.8]), 0.5).tolist()
gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
gpu = gpu or ("Apple MPS" if torch.backends.mps.is_available() else "")
print(json.dumps({"torch": torch.__version__, "torchvision": torchvision.__version__, "kept": kept, "gpu": gpu}))
"""


@dataclass(frozen=True)
class Row:
    """One line of the report: what was checked, what was found, the verdict, and what to do if it is not "ok"."""

    check: str
    found: str
    verdict: str = OK
    remedy: str = ""


def check_python(version: tuple[int, int, int]) -> Row:
    found = ".".join(str(part) for part in version)
    if (3, 11) <= version[:2] <= (3, 13):
        return Row("Python", found)
    return Row("Python", found, PROBLEM, f"install Python 3.11, 3.12 or 3.13, then {reinstall(Path(sys.prefix))}")


def reinstall(prefix: Path) -> str:
    """How to make the environment at `prefix` anew."""
    return REMAKE_CONDA if (prefix / "conda-meta").is_dir() else REINSTALL


def probe_torch(python: str = sys.executable, code: str = TORCH_PROBE) -> dict[str, object]:
    """What torch says of itself in a fresh process, or {"error": its last words}."""
    try:
        result = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=TORCH_SECONDS)
    except subprocess.TimeoutExpired:
        return {"error": SLOW}
    except OSError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    if result.returncode == -getattr(signal, "SIGKILL", 1000):
        return {"error": KILLED}
    if result.returncode == 0:
        return json.loads(result.stdout.splitlines()[-1])
    said = [line for line in result.stderr.splitlines() if line.strip()]
    return {"error": said[-1] if said else f"Python ended with code {result.returncode}"}


def check_torch(probe: Mapping[str, object], prefix: Path = Path(sys.prefix)) -> Row:
    """Do torch and torchvision fit together? Read off torchvision's compiled suppression, which needs both."""
    name = "torch and torchvision"
    error = str(probe.get("error", ""))
    if "torchvision::nms" in error:
        # PyPI's torchvision beside a torch built for the CPU only: it installs, and fails when it is imported.
        remedy = f"the two are not of one build: {reinstall(prefix)}"
        return Row(name, "do not fit together (operator torchvision::nms does not exist)", PROBLEM, remedy)
    if error in (SLOW, KILLED):  # a new install would meet the same
        return Row(name, error, PROBLEM, "close other programs, or give the course more memory, and try again")
    if error:
        return Row(name, error, PROBLEM, reinstall(prefix))
    found = f"{probe['torch']} and {probe['torchvision']}"
    if probe["kept"] != [0]:
        return Row(name, f"{found}, but suppression keeps {probe['kept']}, not [0]", PROBLEM, reinstall(prefix))
    return Row(name, f"{found}, suppression runs")


def check_gpu(probe: Mapping[str, object]) -> Row:
    if probe.get("gpu"):
        return Row("GPU", str(probe["gpu"]))
    return Row("GPU", "none", OPTIONAL, "not needed: everything in the course runs on the CPU")


def installed_version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_jupyter(versions: Mapping[str, str | None], prefix: Path) -> list[Row]:
    """JupyterLab, and the widgets: their Python packages as well as what the browser loads of them.

    `versions` holds the installed version of jupyterlab, ipywidgets and anywidget, None for a missing one.
    """
    lab = versions["jupyterlab"]
    rows = [Row("JupyterLab", lab) if lab else Row("JupyterLab", "missing", PROBLEM, reinstall(prefix))]
    folder = prefix / "share" / "jupyter" / "labextensions"
    missing = [name for name in ("ipywidgets", "anywidget") if not versions[name]]
    missing += [f"JupyterLab extension {name}" for name in LAB_EXTENSIONS if not (folder / name).is_dir()]
    if missing:
        rows.append(Row("widgets", f"missing: {', '.join(missing)}", PROBLEM, reinstall(prefix)))
    else:
        rows.append(Row("widgets", f"ipywidgets {versions['ipywidgets']}, anywidget {versions['anywidget']}"))
    return rows


def check_cores(cores: float) -> Row:
    found = f"{cores:.3g}"
    if cores >= 2:
        return Row("processor cores", found)
    remedy = f"the lessons run, but training takes about {2 / cores:.2g} times as long"
    return Row("processor cores", found, OPTIONAL, remedy)


def check_memory(total: int) -> Row:
    found = f"{total / GB:.1f} GB"
    if total >= MEMORY_NEEDED:
        return Row("memory", found)
    remedy = f"the course needs {MEMORY_NEEDED // GB} GB: use a larger machine, or allow this container or shell more"
    return Row("memory", found, PROBLEM, remedy)


def check_workspace() -> Row:
    """Can the notebooks be put where they belong, and is there room?"""
    try:
        folder = workspace_folder()
        free = shutil.disk_usage(existing(folder)).free
    except (WorkspaceError, OSError) as error:
        return Row("disk", str(error), PROBLEM, "name another folder in COURSE_WORKSPACE")
    if not writable(folder):
        return Row("disk", f"{folder} cannot be written to", PROBLEM, "name another folder in COURSE_WORKSPACE")
    return check_disk(folder, free)


def check_answers() -> Row:
    """Can answers be kept? The lessons run without."""
    remedy = "the lessons run, but keep no answer: set COURSE_HOME to a folder of your own"
    try:
        place = home()
    except ProgressError as error:
        return Row("answers", str(error), OPTIONAL, remedy)
    if not writable(place):
        return Row("answers", f"{place} cannot be written to", OPTIONAL, remedy)
    return Row("answers", f"kept in {place}")


def check_disk(folder: Path, free: int) -> Row:
    found = f"{free / GB:.1f} GB free at {folder}"
    if free >= DISK_NEEDED:
        return Row("disk", found)
    return Row("disk", found, PROBLEM, f"make room: your notebooks and progress need {DISK_NEEDED / GB:.1f} GB")


def check_chromium(program: Path | None) -> Row:
    if program:
        return Row("Chromium", str(program))
    return Row("Chromium", "none", OPTIONAL, f"only the browser tests need it: {GET_CHROMIUM}")


def find_chromium() -> Path | None:
    """The Chromium for the browser tests: what COURSE_CHROMIUM names, else one on the PATH, else Playwright's own."""
    named = os.environ.get("COURSE_CHROMIUM")
    if named:
        return Path(named) if Path(named).is_file() else None
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found:
            return Path(found)
    candidates = [Path("/Applications") / name for name in MAC_BROWSERS]
    if os.name == "nt":
        candidates.append(Path(os.environ.get("PROGRAMFILES", ""), "Google/Chrome/Application/chrome.exe"))
    candidates += _playwright_chromium()
    return next((path for path in candidates if path.is_file()), None)


def _playwright_chromium() -> list[Path]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:  # learners who installed with conda do not have it
        return []
    try:
        with sync_playwright() as playwright:
            return [Path(playwright.chromium.executable_path)]
    except Exception:  # its driver does not start here: then there is no browser of its own either
        return []


def examine() -> list[Row]:
    """Every check on this machine. Takes some seconds, most of them to load torch."""
    probe = probe_torch()
    versions = {name: installed_version(name) for name in ("jupyterlab", "ipywidgets", "anywidget")}
    return [
        check_python(sys.version_info[:3]),
        check_torch(probe),
        *check_jupyter(versions, Path(sys.prefix)),
        check_cores(usable_cores()),
        check_memory(usable_memory()),
        check_workspace(),
        check_answers(),
        check_gpu(probe),
        check_chromium(find_chromium()),
    ]


def report(rows: list[Row]) -> str:
    """The table, and the remedy beside each problem."""
    widths = [max(len(getattr(row, column)) for row in rows) for column in ("check", "found")]
    lines = []
    for row in rows:
        line = f"{row.check:<{widths[0]}}  {row.found:<{widths[1]}}  {row.verdict}"
        lines.append(f"{line}: {row.remedy}" if row.remedy else line)
    problems = sum(row.verdict == PROBLEM for row in rows)
    fine = "The course can run here."
    lines.append(f"\n{fine if not problems else f'The course cannot run here: {problems} to repair, see above.'}")
    return "\n".join(lines)


def doctor() -> int:
    """Print the report. Returns 1 if the course cannot run, else 0."""
    print(f"Checking {platform.platform()} ...\n", flush=True)
    rows = examine()
    print(report(rows))
    return int(any(row.verdict == PROBLEM for row in rows))
