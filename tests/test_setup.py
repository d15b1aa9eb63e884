"""The set-up: the bootstrap, what it says when it cannot go on, and the files that must agree with each other."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from packaging.requirements import Requirement

from helpers import bootstrap

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
posix = pytest.mark.skipif(os.name == "nt", reason="uses symbolic links and make, which Windows lacks")


# --- The bootstrap starts on an old Python


def test_bootstrap_has_only_syntax_of_python_3_6() -> None:
    tree = ast.parse((ROOT / "helpers" / "bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 6))
    annotations = []
    for node in ast.walk(tree):
        annotations += [getattr(node, "annotation", None), getattr(node, "returns", None)]
        assert not (isinstance(node, ast.ImportFrom) and node.module == "__future__"), "3.6 has no such import"
    # Those of a signature are evaluated when the file loads, and list[str] or str | None fail there before 3.9 or 3.10.
    plain = (ast.Name, ast.Constant, ast.Attribute)
    for annotation in filter(None, annotations):
        assert isinstance(annotation, plain), f"line {annotation.lineno}: quote {ast.unparse(annotation)}"


def test_bootstrap_needs_the_standard_library_only() -> None:
    tree = ast.parse((ROOT / "helpers" / "bootstrap.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 13, 9)])
def test_supported_pythons(version: tuple[int, int, int]) -> None:
    bootstrap.check_python(version, "python3")


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 10, 13), (3, 14, 0)])
def test_other_pythons_get_a_sentence(version: tuple[int, int, int]) -> None:
    with pytest.raises(bootstrap.SetupError, match=rf"3\.11, 3\.12 or 3\.13, and /x/py is Python {version[0]}\."):
        bootstrap.check_python(version, "/x/py")


def test_supported_pythons_are_those_of_pyproject() -> None:
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert (bootstrap.OLDEST, bootstrap.NEWEST) == ((3, 11), (3, 13))


def test_intel_mac_is_sent_to_conda() -> None:
    bootstrap.check_machine("darwin", "arm64")
    bootstrap.check_machine("linux", "x86_64")
    with pytest.raises(bootstrap.SetupError, match=r"environment\.yml"):
        bootstrap.check_machine("darwin", "x86_64")


def test_debian_without_venv_gets_the_package_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(bootstrap.SetupError, match=r"apt-get install python3\.12-venv"):
        bootstrap.check_venv((3, 12, 0))


def test_little_disk_space_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_200_000_000))
    bootstrap.check_space(tmp_path, 1_000_000_000)
    with pytest.raises(bootstrap.SetupError, match=r"1\.2 GB are free, and the install takes some \d GB"):
        bootstrap.check_space(tmp_path, 2_000_000_000)


# --- What pip, uv and the system say when they fail, as it was seen

SAID = {
    "cannot be reached": [
        "error: Failed to fetch: `torch`\n  cause: error sending request for url\n  cause: dns error",
        "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(...)'\nERROR: Could not find"
        " a version that satisfies the requirement uv==1 (from versions: none)\nERROR: No matching distribution found",
        'ReadTimeoutError("HTTPSConnectionPool: Read timed out. (read timeout=15)")',
        "ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 403 Forbidden'))",
        "SSLError(SSLCertVerificationError(1, 'certificate verify failed: self signed certificate in chain'))",
    ],
    "disk is full": [
        "error: Failed to download `torch`\n  cause: failed to write: No space left on device (os error 28)",
        "[Errno 28] No space left on device: '/x/.venv/setup.json'",
        "There is not enough space on the disk. (os error 112)",
    ],
    "cannot be written to": ["[Errno 13] Permission denied: '/x/.venv'", "[Errno 30] Read-only file system: '.venv'"],
    "requirements.lock names": [
        "error: Failed to download `tqdm`\n  cause: Hash mismatch for `tqdm`",
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
    ],
    "has no build for this machine": [
        "torch==2.15.0 has no wheels with a matching platform tag (e.g., `manylinux_2_36_riscv64`)"
    ],
    "install failed (something new)": ["first line\n  ╰─▶ something new\n"],
    "with a short name": [
        "error: failed to create file: The filename or extension is too long. (os error 206)",
        "[Errno 36] File name too long: '.venv/lib'",
    ],
    "to a local disk": [
        "[Errno 95] Operation not supported: 'lib' -> '/share/course/.venv/lib64'",
        "error: failed to symlink: Operation not supported (os error 95)",
    ],
}


@pytest.mark.parametrize(("sentence", "said"), [(key, said) for key, many in SAID.items() for said in many])
def test_failures_become_one_sentence(sentence: str, said: str) -> None:
    explained = str(bootstrap.explain(said))
    assert sentence in explained
    assert "\n" not in explained and explained.endswith(".")


def test_no_sentence_sends_round_in_a_circle() -> None:
    """`.venv` is made anew by itself, so deleting it never helps; only what cannot be told is for the authors."""
    for many in SAID.values():
        for said in many:
            assert "delete" not in str(bootstrap.explain(said))


@posix
@pytest.mark.parametrize("name", ["Course 11:2026", "two\nlines"])
def test_a_folder_in_which_no_program_is_found_is_named(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    (folder / "helpers").mkdir(parents=True)
    for file in ("helpers/bootstrap.py", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / file, folder / file)
    run = subprocess.run([sys.executable, folder / "helpers" / "bootstrap.py"], capture_output=True, text=True)
    assert run.returncode == 1 and "rename that folder" in run.stderr and len(run.stderr.splitlines()) == 1
    assert not (folder / ".venv").exists()


@posix
def test_a_program_that_may_not_be_started_is_named(tmp_path: Path) -> None:
    """As on a disk mounted with noexec."""
    (tmp_path / "uv").write_text("#!/bin/sh\n", encoding="utf-8")
    with pytest.raises(bootstrap.SetupError, match="uv may not be started: move the course"):
        bootstrap.run([tmp_path / "uv"])


@posix
@pytest.mark.parametrize("place", ["cache", "file/cache"])
def test_a_home_that_cannot_hold_the_downloads_is_not_needed(tmp_path: Path, place: str) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / "file").touch()
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\necho {tmp_path / place}\n", encoding="utf-8")
    uv.chmod(0o755)
    environment: dict[str, str] = {}
    bootstrap.choose_cache(tmp_path, uv, environment)
    own = str(tmp_path / ".venv" / "cache")
    assert environment == ({} if place == "cache" else {"UV_CACHE_DIR": own})


def test_an_error_of_the_system_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(root: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bootstrap, "set_up", full)
    assert bootstrap.main() == 1
    assert capsys.readouterr().err.startswith("The disk is full")


# --- When .venv is ready, brought up to date, or made anew


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A folder that looks as after a complete install, for the Python that runs this test."""
    (tmp_path / "requirements.lock").write_text("uv==1.2.3 \\\n    --hash=sha256:00\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    bootstrap.venv_program(tmp_path, "python").symlink_to(sys.executable)
    bootstrap.write_stamp(tmp_path, complete=True)
    return tmp_path


def change_stamp(folder: Path, **changes: object) -> None:
    stamp = json.loads((folder / ".venv" / "setup.json").read_text(encoding="utf-8"))
    (folder / ".venv" / "setup.json").write_text(json.dumps({**stamp, **changes}), encoding="utf-8")


FAULTS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "nothing": ("ready", lambda root: None),
    "lock changed": ("update", lambda root: (root / "requirements.lock").write_text("uv==2 \\\n --hash=x\n")),
    "project changed": ("update", lambda root: (root / "pyproject.toml").write_text("[project]\n")),
    "made by hand": ("update", lambda root: (root / ".venv" / "setup.json").unlink()),
    "no .venv": ("make", lambda root: shutil.rmtree(root / ".venv")),
    "install broke off": ("make", lambda root: change_stamp(root, complete=False)),
    "folder moved": ("make", lambda root: change_stamp(root, root="/elsewhere")),
    "another Python": ("make", lambda root: change_stamp(root, python="3.9")),
    "stamp damaged": ("make", lambda root: (root / ".venv" / "setup.json").write_text("{")),
    "Python gone": ("make", lambda root: bootstrap.venv_program(root, "python").unlink()),
}


@posix
@pytest.mark.parametrize("fault", FAULTS)
def test_state_of_the_environment(course: Path, fault: str) -> None:
    expected, break_it = FAULTS[fault]
    break_it(course)
    assert bootstrap.state(course) == expected


@posix
def test_a_broken_environment_is_emptied_first(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (course / ".venv" / "lib" / "rubbish").mkdir(parents=True)
    monkeypatch.setattr(bootstrap, "run", lambda command, environment=None: "")
    bootstrap.make_venv(course)
    assert [path.name for path in (course / ".venv").iterdir()] == ["setup.json"]
    assert bootstrap.state(course) == "make", "until the packages are in"


@posix
@pytest.mark.parametrize("fails", ["sync", "interrupt", None])
def test_an_install_that_breaks_off_is_begun_anew(course: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    (course / "pyproject.toml").write_text("changed", encoding="utf-8")
    seen: list[str] = []
    really_run = bootstrap.run

    def run(command: list, environment: dict[str, str] | None = None) -> str:
        if "-I" in command:  # asks the environment's Python for its version
            return really_run(command)
        seen.append(" ".join(map(str, command[1:3])))
        return "uv 1.2.3"

    def call(command: list[str], **options: object) -> int:
        assert bootstrap.state(course) == "make", "a crash from here on must not pass for a complete install"
        if fails == "interrupt":
            raise KeyboardInterrupt
        return 1 if fails == "sync" else 0

    monkeypatch.setattr(bootstrap, "run", run)
    monkeypatch.setattr(bootstrap, "choose_cache", lambda *arguments: None)
    monkeypatch.setattr(bootstrap.subprocess, "call", call)
    bootstrap.venv_program(course, "uv").touch()
    if fails:
        with pytest.raises(KeyboardInterrupt if fails == "interrupt" else bootstrap.SetupError):
            bootstrap.set_up(course)
        assert bootstrap.state(course) == "make"
    else:
        bootstrap.set_up(course)
        assert bootstrap.state(course) == "ready"
        assert seen == ["--version", "pip sync", "pip install"]


@posix
def test_a_second_start_does_nothing(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "clean_environment", lambda _: pytest.fail("began to install"))
    bootstrap.set_up(course)


def test_the_users_settings_choose_the_source_but_not_the_target() -> None:
    kept = {"UV_INDEX_URL": "i", "UV_DEFAULT_INDEX": "i", "UV_CACHE_DIR": "c", "PIP_INDEX_URL": "i", "HTTPS_PROXY": "p"}
    dropped = {"UV_SYSTEM_PYTHON": "1", "UV_TORCH_BACKEND": "cpu", "UV_PYTHON": "3.9", "PIP_USER": "1"}
    dropped |= {"PYTHONPATH": "/other/work"}
    assert bootstrap.clean_environment({**kept, **dropped}) == kept


# --- Files that must agree


def test_environment_yml_is_the_list_of_pyproject() -> None:
    names = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}  # conda-forge's names for the same packages
    expected = {f"python{PROJECT['project']['requires-python']}", "pip"}
    for text in PROJECT["project"]["dependencies"]:
        requirement = Requirement(text)
        expected.add(f"{names.get(requirement.name, requirement.name)}{requirement.specifier}")
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == PROJECT["project"]["name"]
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}
    packages = environment["dependencies"][:-1]
    assert sorted(packages) == sorted(expected)


def locked() -> dict[str, list[str]]:
    """Package → its pinned versions (several where they differ between Pythons)."""
    versions: dict[str, list[str]] = {}
    for block in re.split(r"\n(?! )", (ROOT / "requirements.lock").read_text(encoding="utf-8").strip()):
        pin = re.match(r"([a-z0-9-]+)==(\S+)( ; [^\\]+)? \\\n", block)
        assert pin and "--hash=sha256:" in block, f"not pinned with a hash: {block.splitlines()[0]}"
        versions.setdefault(pin[1], []).append(pin[2])
    return versions


def test_the_lock_satisfies_pyproject() -> None:
    versions = locked()
    groups = PROJECT["dependency-groups"]["dev"] + PROJECT["build-system"]["requires"]
    for text in PROJECT["project"]["dependencies"] + groups:
        requirement = Requirement(text)
        assert versions.get(requirement.name), f"{requirement.name} is not in requirements.lock: run `make lock`"
        for version in versions[requirement.name]:
            assert requirement.specifier.contains(version), f"{requirement.name} {version} is locked: run `make lock`"


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "Makefile", "environment.yml", ".ci/run"])
def test_no_address_of_an_index(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(extra-)?index|--find-links", text), "where packages come from is the user's"


def make(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make here, free of what the outer make of `make test` hands down and of another choice of Python."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))}
    environment = inherited | variables
    return subprocess.run(["make", *words], cwd=ROOT, env=environment, capture_output=True, text=True)


@posix
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_without_any_python_says_what_to_install() -> None:
    result = make("setup", "PYTHON=no-such-python")
    assert result.returncode != 0 and result.stdout == ""
    assert result.stderr.startswith("The course needs Python 3.11, 3.12 or 3.13: install one of them.\nmake: ***")


@posix
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("versions", "chosen"),
    [
        *(((each, "3.9", "3.9", "3.9"), "python3") for each in ("3.11", "3.12", "3.13")),
        *(((each, "3.13", "3.12", "3.11"), "python3.13") for each in ("2.7", "3.10", "3.14")),
        (("3.14", "3.9", "3.9", "3.11"), "python3.11"),
        (("3.14", "3.9", "3.9", "3.9"), "python3"),  # none will do: the set-up says what to install
    ],
)
def test_make_takes_the_first_python_that_the_course_runs_on(tmp_path: Path, versions: tuple, chosen: str) -> None:
    for name, version in zip(("python3", "python3.13", "python3.12", "python3.11"), versions, strict=True):
        pretend = f"import sys; sys.version_info = ({version.replace('.', ', ')}, 0); exec(sys.argv[1])"
        (tmp_path / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{pretend}" "$2"\n')
        (tmp_path / name).chmod(0o755)
    steps = make("-n", "setup", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}").stdout
    assert f'"{chosen}" helpers/bootstrap.py' in steps


@posix
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", ["learn", "test", "bench"])
def test_every_target_sets_up_first(target: str) -> None:
    steps = make("-n", target, "PYTHON=py").stdout
    assert steps.index("helpers/bootstrap.py") < steps.index(".venv/bin/")


@posix
def test_ci_run_is_an_executable_script() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)
