"""The first start: makes `.venv` and installs exactly what `requirements.lock` names. Standard library only.

    python3 helpers/bootstrap.py        (Windows: py helpers/bootstrap.py)

`make setup`, `make learn` and `make test` call it each time; once everything is in place that takes a fraction of a
second. `.venv` is ours alone: one that is broken, half made or moved is made anew.

This file must start on any Python from 3.6 on, so that one that is too old gets a sentence and not a syntax error.
Hence the quoted annotations and the absence of newer syntax.
"""

import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
GB = 10**9
SPACE_NEEDED = 8 * GB if sys.platform.startswith("linux") else 3 * GB  # on Linux, torch brings the CUDA libraries
SPACE_TO_BEGIN = GB // 2  # the empty environment and uv

# Where packages come from is the user's to say. Which are installed, and where to, is not.
UV_SETTINGS_KEPT = re.compile(
    "UV_(DEFAULT_INDEX|EXTRA_INDEX_URL|INDEX|FIND_LINKS|CACHE_DIR|HTTP|SSL|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST"
    "|KEYRING|OFFLINE|CONCURRENT|LINK_MODE|NO_PROGRESS)"
)
SETTINGS_DROPPED = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX")

NO_SPACE = re.compile(r"no space left|errno 28|os error 28|os error 112|not enough space|quota exceeded", re.I)
BAD_HASH = re.compile(r"hash mismatch|do not match the hashes", re.I)
NO_NETWORK = re.compile(
    r"dns error|error sending request|could not connect|failed to (fetch|download)|NewConnectionError|max retries"
    r"|connection (refused|reset|error|broken)|timed? ?out|name resolution|unreachable|tunnel|proxy|certificate",
    re.I,
)
NO_ACCESS = re.compile(r"permission denied|read-only file system|access is denied|operation not permitted", re.I)
NO_BUILD = re.compile(r"no wheels|no source distribution|platform tag|abi tag", re.I)
TOO_LONG = re.compile(r"(file )?name too long|errno 36\b|os error (36|206)\b|winerror 206|path too long", re.I)
NO_LINKS = re.compile(r"not supported|errno 95\b|os error (45|50|95)\b|exec format error", re.I)


class SetupError(Exception):
    """Why the course cannot be installed, in one sentence that says what to do."""


def check_python(version: tuple, executable: str) -> None:
    """Raise `SetupError` if this Python, `version` as in `sys.version_info`, is not one the lock was made for."""
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        raise SetupError(
            f"The course needs Python 3.11, 3.12 or 3.13, and {executable} is Python {version[0]}.{version[1]}: install"
            " one of them, then run `make learn PYTHON=python3.12` (Windows: `py -3.12 helpers/bootstrap.py`)."
        )


def check_machine(system: str, machine: str) -> None:
    """Raise `SetupError` on a Mac with an Intel processor, or a Python built for one: torch has no wheels for it."""
    if system == "darwin" and machine == "x86_64":
        raise SetupError(
            "PyTorch publishes no wheels for Macs with an Intel processor any more: use conda"
            " (`conda env create -f environment.yml`), or on Apple silicon a Python built for arm64."
        )


def check_folder(root: Path) -> None:
    """Raise `SetupError` if no virtual environment can be made in `root`, whatever is deleted there and tried again."""
    for sign in (os.pathsep, "\n", "\r"):
        if sign in str(root):
            raise SetupError(
                f"The name of the course's folder, {str(root)!r}, has {sign!r} in it, so that no program can be found"
                " there: rename that folder or move the course to another, then run the same command again."
            )


def check_venv(version: tuple) -> None:
    """Raise `SetupError` if this Python cannot make virtual environments, as on a bare Debian or Ubuntu."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise SetupError(
            "This Python cannot make virtual environments: on Debian and Ubuntu run"
            f" `sudo apt-get install python{version[0]}.{version[1]}-venv`, then the same command again."
        )


def check_space(folder: Path, needed: int) -> None:
    """Raise `SetupError` if the disk that holds `folder` has less than `needed` bytes free."""
    free = shutil.disk_usage(str(folder)).free
    if free < needed:
        raise SetupError(
            f"Too little disk space at {folder}: {free / GB:.1f} GB are free, and the install takes some"
            f" {SPACE_NEEDED // GB} GB; make room, then run the same command again."
        )


def explain(output: str) -> SetupError:
    """The one sentence for what pip, uv or the operating system said when it failed."""
    last = ([line.strip(" │├╰─▶×") for line in output.splitlines() if line.strip()] or ["no reason was given"])[-1]
    if NO_SPACE.search(output):
        reason = f"The disk is full: make room (the install needs {SPACE_NEEDED // GB} GB), then run the same command"
        return SetupError(f"{reason} again.")
    if BAD_HASH.search(output):
        return SetupError("A downloaded package does not have the hash that requirements.lock names: nothing of it was"
                          " installed; try another network, or tell the authors.")  # fmt: skip
    if NO_NETWORK.search(output):
        return SetupError("The package index cannot be reached: check the network (a proxy, a firewall), then run the"
                          " same command again.")  # fmt: skip
    if NO_ACCESS.search(output):
        return SetupError(f"The course folder cannot be written to ({last}): put it where you may write.")
    if NO_BUILD.search(output):
        return SetupError(f"A package has no build for this machine ({sys.platform}, {platform.machine()}): the course"
                          " needs Linux with glibc 2.28 on x86 or ARM, macOS 14 on Apple silicon, or Windows on x64, or"
                          " newer; conda may have the package (`conda env create -f environment.yml`).")  # fmt: skip
    if TOO_LONG.search(output):
        return SetupError(f"The course lies too deep for this system ({last}): move it to a folder with a short name.")
    if NO_LINKS.search(output):
        return SetupError(f"The drive of the course cannot hold programs ({last}): move the course to a local disk.")
    return SetupError(f"The install failed ({last}): if the same command fails again, show this line to the authors.")


def run(command: list, environment: "dict[str, str] | None" = None) -> str:
    """What the command printed. Raises `SetupError` if it failed."""
    words = [str(word) for word in command]
    pipe = subprocess.PIPE
    try:
        result = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment, check=False)
    except PermissionError as error:
        raise SetupError(
            f"{words[0]} may not be started: move the course to a disk that programs may run from."
        ) from error
    said = (result.stdout + result.stderr).decode("utf-8", "replace")
    if result.returncode != 0:
        raise explain(said)
    return said


def clean_environment(variables: "dict[str, str]") -> "dict[str, str]":
    """The environment variables for pip and uv, without those that would change what is installed or where to."""
    return {
        name: value
        for name, value in variables.items()
        if name not in SETTINGS_DROPPED and (not name.startswith("UV_") or UV_SETTINGS_KEPT.match(name))
    }


def venv_program(root: Path, name: str) -> Path:
    """Where the program `name` of the virtual environment is, on this operating system."""
    return root / ".venv" / (f"Scripts/{name}.exe" if os.name == "nt" else f"bin/{name}")


def venv_version(root: Path) -> "str | None":
    """The Python version inside `.venv`, such as "3.12", or None if it does not run."""
    try:
        said = run([venv_program(root, "python"), "-I", "--version"])
        return re.match(r"Python (\d+\.\d+)", said).group(1)
    except (SetupError, OSError, AttributeError):
        return None


def fingerprint(root: Path) -> str:
    """Changes when what must be installed changes."""
    files = [root / "requirements.lock", root / "pyproject.toml", *sorted((root / "helpers").glob("imports.p*"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def write_stamp(root: Path, complete: bool) -> None:
    """Note in `.venv` what is installed there; an install that never came to its end leaves `complete` false."""
    stamp = {"complete": complete, "root": str(root), "python": venv_version(root), "installed": fingerprint(root)}
    (root / ".venv" / "setup.json").write_text(json.dumps(stamp), encoding="utf-8")


def state(root: Path) -> str:
    """Of `.venv`: "ready", "update" (it works, but what must be installed changed), "make" (missing or broken)."""
    version = venv_version(root)
    if version is None or not OLDEST <= tuple(int(part) for part in version.split(".")) <= NEWEST:
        return "make"
    try:
        stamp = json.loads((root / ".venv" / "setup.json").read_text(encoding="utf-8"))
        # Scripts hold absolute paths, and packages lie in a folder named after the version: neither can be kept.
        if not stamp["complete"] or stamp["root"] != str(root) or stamp["python"] != version:
            return "make"
        return "ready" if stamp["installed"] == fingerprint(root) else "update"
    except FileNotFoundError:
        return "update"  # made by hand
    except (ValueError, KeyError, TypeError):
        return "make"


def make_venv(root: Path) -> None:
    """An empty `.venv` with pip, whatever was there before."""
    folder = root / ".venv"
    if folder.exists() and not folder.is_dir():
        raise SetupError(f"{folder} is a file where the virtual environment belongs: move it away.")
    folder.mkdir(exist_ok=True)
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(str(child))
        else:
            child.unlink()
    write_stamp(root, complete=False)
    # In an activated environment sys.executable is the very Python that was just deleted.
    python = getattr(sys, "_base_executable", None) or sys.executable
    run([python, "-m", "venv", folder], clean_environment(dict(os.environ)))


def install_uv(root: Path, environment: "dict[str, str]") -> Path:
    """Install the uv that the lock pins, hashes checked, unless it is there. Returns the program."""
    uv = venv_program(root, "uv")
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    pin = re.search(r"^uv==(\S+).*\n(?:    --hash.*\n?)+", lock, re.M)
    if not uv.exists() or run([uv, "--version"]).split()[1] != pin.group(1):
        pinned = root / ".venv" / "uv.txt"
        pinned.write_text(pin.group(0), encoding="utf-8")
        pip = [venv_program(root, "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--no-input", "--retries", "2", "--no-deps", "--require-hashes", "-r", pinned], environment)
    return uv


def choose_cache(root: Path, uv: Path, environment: "dict[str, str]") -> None:
    """Let uv keep what it downloads in `.venv`, for this install, where its own place in the home cannot be used."""
    try:
        cache = Path(run([uv, "cache", "dir"], environment).strip())
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=str(cache)):
            return
    except (SetupError, OSError):
        environment["UV_CACHE_DIR"] = str(root / ".venv" / "cache")
        (root / ".venv" / "cache").mkdir(exist_ok=True)


def check_space_for_packages(root: Path, uv: Path, environment: "dict[str, str]") -> bool:
    """Raise `SetupError` if the packages will not fit. Returns whether uv's cache and `.venv` are on one disk.

    On one disk uv links files instead of copying them, so what its cache already holds takes no more room.
    """
    cache = Path(run([uv, "cache", "dir"], environment).strip())
    one_disk = os.stat(str(cache)).st_dev == os.stat(str(root / ".venv")).st_dev
    if shutil.disk_usage(str(cache)).free < SPACE_NEEDED:
        held = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file() and not file.is_symlink())
        check_space(cache, max(SPACE_NEEDED - held, SPACE_TO_BEGIN))
    if not one_disk:
        check_space(root, SPACE_NEEDED)
    return one_disk


def install_packages(root: Path, uv: Path, environment: "dict[str, str]") -> None:
    """Make `.venv` hold what the lock names and nothing else, and the course itself as an editable install."""
    python = venv_program(root, "python")
    sync = [uv, "pip", "sync", "--python", python, "--require-hashes", root / "requirements.lock"]
    run([*sync, "--dry-run"], environment)  # an index out of reach shows here, where uv's words are caught
    write_stamp(root, complete=False)
    if subprocess.call([str(word) for word in sync], env=environment, stdin=subprocess.DEVNULL) != 0:
        run([*sync, "--dry-run"], environment)
        check_space(root, SPACE_TO_BEGIN)
        raise SetupError("The install broke off, for the reason that uv gives above: run the same command again.")
    # Without isolation the build takes hatchling from the lock, so that nothing unlocked is ever fetched.
    options = ["--quiet", "--offline", "--no-deps", "--no-build-isolation"]
    run([uv, "pip", "install", "--python", python, *options, "--editable", root], environment)
    write_stamp(root, complete=True)


def set_up(root: Path) -> None:
    """Bring `.venv` to the state that `requirements.lock` describes. Raises `SetupError`."""
    found = state(root)
    if found == "ready":
        return
    started = time.monotonic()
    environment = clean_environment(dict(os.environ))
    environment["VIRTUAL_ENV"] = str(root / ".venv")
    if found == "make":
        check_folder(root)
        check_venv(sys.version_info)
        check_space(root, SPACE_TO_BEGIN)
        print("Installing the course into .venv: a few minutes, mostly PyTorch. Later starts skip this.", flush=True)
        make_venv(root)
    else:
        print("Bringing .venv up to date.", flush=True)
    uv = install_uv(root, environment)
    choose_cache(root, uv, environment)
    if found == "make" and not check_space_for_packages(root, uv, environment):
        environment["UV_LINK_MODE"] = "copy"  # what uv does anyway between disks, but with a warning
    install_packages(root, uv, environment)
    shutil.rmtree(str(root / ".venv" / "cache"), ignore_errors=True)
    print(f"Installed in {time.monotonic() - started:.0f} s.", flush=True)


def main() -> int:
    try:
        check_python(sys.version_info, sys.executable)
        check_machine(sys.platform, platform.machine())
        set_up(Path(__file__).resolve().parent.parent)
        return 0
    except KeyboardInterrupt:
        print("\nStopped: run the same command again to go on; what was downloaded is kept.", file=sys.stderr)
        return 130
    except SetupError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(explain(str(error)), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
