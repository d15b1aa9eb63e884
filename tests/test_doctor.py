"""`course doctor`: every fault is tried by handing it to the check, and gets a verdict and a remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from helpers.course import doctor, limits
from helpers.course.doctor import GB, OK, OPTIONAL, PROBLEM, Row

GOOD_PROBE = {"torch": "2.15.0", "torchvision": "0.29.2", "kept": [0], "gpu": ""}
VERSIONS = {"jupyterlab": "4.6", "ipywidgets": "8.1", "anywidget": "0.11"}


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A Python environment that holds the JupyterLab extensions of the widgets."""
    for name in doctor.LAB_EXTENSIONS:
        (tmp_path / "share" / "jupyter" / "labextensions" / name).mkdir(parents=True)
    return tmp_path


def test_python() -> None:
    assert doctor.check_python((3, 11, 0)).verdict == OK
    assert doctor.check_python((3, 13, 5)) == Row("Python", "3.13.5")
    for version in [(3, 10, 13), (3, 14, 0)]:
        row = doctor.check_python(version)
        assert row.verdict == PROBLEM and "install Python 3.11, 3.12 or 3.13" in row.remedy


def test_torch_pair_that_fits() -> None:
    row = doctor.check_torch(GOOD_PROBE)
    assert row.verdict == OK and "2.15.0 and 0.29.2" in row.found


def test_torch_pair_of_two_builds(tmp_path: Path) -> None:
    """The known fault: PyPI's torchvision beside a torch built for the CPU only."""
    code = "raise RuntimeError('operator torchvision::nms does not exist')"
    row = doctor.check_torch(doctor.probe_torch(code=code), tmp_path)
    assert row.verdict == PROBLEM and "do not fit together" in row.found and doctor.REINSTALL in row.remedy


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import no_such_torch", "No module named 'no_such_torch'"),
        ("import os; os._exit(7)", "ended with code 7"),
        ("raise ImportError('libcudart.so: cannot open')", "libcudart.so"),
    ],
)
def test_torch_that_does_not_load_is_a_row_and_not_a_traceback(code: str, found: str, tmp_path: Path) -> None:
    row = doctor.check_torch(doctor.probe_torch(code=code), tmp_path)
    assert row.verdict == PROBLEM and found in row.found and row.remedy == doctor.REINSTALL


def test_torch_that_computes_nonsense(tmp_path: Path) -> None:
    row = doctor.check_torch({**GOOD_PROBE, "kept": [0, 1]}, tmp_path)
    assert row.verdict == PROBLEM and row.remedy


def test_conda_users_are_not_sent_to_make(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    assert "conda env create" in doctor.check_torch({"error": "broken"}, tmp_path).remedy


def test_gpu_is_optional() -> None:
    assert doctor.check_gpu(GOOD_PROBE).verdict == OPTIONAL
    assert doctor.check_gpu({"error": "broken"}).verdict == OPTIONAL
    assert doctor.check_gpu({**GOOD_PROBE, "gpu": "NVIDIA H100"}) == Row("GPU", "NVIDIA H100")


def test_jupyter_and_widgets(prefix: Path) -> None:
    assert [row.verdict for row in doctor.check_jupyter(VERSIONS, prefix)] == [OK, OK]


@pytest.mark.parametrize(("package", "index"), [("jupyterlab", 0), ("ipywidgets", 1), ("anywidget", 1)])
def test_missing_package(prefix: Path, package: str, index: int) -> None:
    rows = doctor.check_jupyter({**VERSIONS, package: None}, prefix)
    assert "missing" in rows[index].found
    assert rows[index].verdict == PROBLEM and rows[index].remedy
    assert rows[1 - index].verdict == OK


@pytest.mark.parametrize("extension", doctor.LAB_EXTENSIONS)
def test_missing_lab_extension(prefix: Path, extension: str) -> None:
    (prefix / "share" / "jupyter" / "labextensions" / extension).rmdir()
    row = doctor.check_jupyter(VERSIONS, prefix)[1]
    assert row.verdict == PROBLEM and extension in row.found


def test_cores_memory_disk(tmp_path: Path) -> None:
    assert doctor.check_cores(2).verdict == OK
    assert doctor.check_cores(1).verdict == OPTIONAL
    assert doctor.check_memory(4 * GB).verdict == OK
    assert doctor.check_memory(1 * GB).verdict == PROBLEM
    assert doctor.check_disk(tmp_path, 10 * GB).verdict == OK
    row = doctor.check_disk(tmp_path, GB // 10)
    assert row.verdict == PROBLEM and "make room" in row.remedy and "0.1 GB" in row.found


def test_chromium_is_optional() -> None:
    assert doctor.check_chromium(Path("/usr/bin/chromium")).verdict == OK
    row = doctor.check_chromium(None)
    assert row.verdict == OPTIONAL and "apt-get install chromium" in row.remedy


def test_chromium_that_is_named_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "my-chromium"
    monkeypatch.setenv("COURSE_CHROMIUM", str(browser))
    assert doctor.find_chromium() is None, "a wrong name must not be passed over in silence"
    browser.touch()
    assert doctor.find_chromium() == browser


def test_chromium_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_CHROMIUM", raising=False)
    monkeypatch.setattr(doctor, "MAC_BROWSERS", ())
    monkeypatch.setattr(doctor, "_playwright_chromium", lambda: [tmp_path / "not-downloaded"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.find_chromium() is None
    monkeypatch.setattr(doctor, "_playwright_chromium", lambda: [Path(sys.executable)])
    assert doctor.find_chromium() == Path(sys.executable)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: "/bin/x" if name == "google-chrome" else None)
    assert doctor.find_chromium() == Path("/bin/x")


def test_report_and_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Row("Python", "3.11.7"), Row("GPU", "none", OPTIONAL, "not needed")]
    monkeypatch.setattr(doctor, "examine", lambda: rows)
    assert doctor.doctor() == 0
    assert "The course can run here." in capsys.readouterr().out
    rows.append(Row("disk", "0.1 GB free", PROBLEM, "make room"))
    assert doctor.doctor() == 1
    said = capsys.readouterr().out
    assert "disk    0.1 GB free  problem: make room" in said
    assert "1 to repair" in said


def test_this_machine_can_run_the_course() -> None:
    rows = doctor.examine()
    assert [row.check for row in rows][:2] == ["Python", "torch and torchvision"]
    assert not [row for row in rows if row.verdict == PROBLEM]
    assert all(row.remedy for row in rows if row.verdict != OK)


@pytest.mark.skipif(os.name == "nt", reason="ends a process the POSIX way")
@pytest.mark.parametrize("code", ["import os; os.kill(os.getpid(), 9)", "import time; time.sleep(9)"])
def test_what_a_new_install_would_meet_again_is_not_answered_with_one(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "TORCH_SECONDS", 0.5)
    row = doctor.check_torch(doctor.probe_torch(code=code), tmp_path)
    assert row.verdict == PROBLEM and "install" not in row.remedy and ".venv" not in row.remedy


def test_places_that_cannot_be_used_are_rows_and_no_tracebacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_WORKSPACE", str(tmp_path / "workspace"))
    assert doctor.check_workspace().verdict == doctor.check_answers().verdict == OK
    (tmp_path / "file").touch()
    for place in (str(tmp_path / "file" / "a"), "~no-such-user/a"):
        monkeypatch.setenv("COURSE_WORKSPACE", place)
        monkeypatch.setenv("COURSE_HOME", place)
        assert (doctor.check_workspace().verdict, doctor.check_answers().verdict) == (PROBLEM, OPTIONAL)
        assert "COURSE_WORKSPACE" in doctor.check_workspace().remedy and "COURSE_HOME" in doctor.check_answers().remedy


# --- What a process may use of its machine

GROUP = "user.slice/job 7"
VERSION_2 = {"proc/self/cgroup": f"0::/{GROUP}\n"}
VERSION_1 = {"proc/self/cgroup": f"9:name=systemd:/x\n5:cpu,cpuacct:/{GROUP}\n4:memory:/{GROUP}\n0::/\n"}
UNLIMITED = "9223372036854771712\n"


def system(root: Path, files: dict[str, str]) -> Path:
    """A folder with these files of `/proc` and `/sys`."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "files",
    [
        VERSION_2 | {f"sys/fs/cgroup/{GROUP}/memory.max": "1000000\n"},
        VERSION_2 | {f"sys/fs/cgroup/{GROUP}/memory.max": "max\n", "sys/fs/cgroup/user.slice/memory.max": "1000000\n"},
        VERSION_2 | {"sys/fs/cgroup/memory.max": "1000000\n"},  # its own name space, seen from inside
        VERSION_1 | {f"sys/fs/cgroup/memory/{GROUP}/memory.limit_in_bytes": "1000000\n"},
        VERSION_1 | {"sys/fs/cgroup/memory/memory.limit_in_bytes": "1000000\n"},
        {"sys/fs/cgroup/memory.max": "1000000\n"},  # /proc is hidden
    ],
)
def test_memory_is_what_the_lowest_limit_leaves(tmp_path: Path, files: dict[str, str]) -> None:
    assert limits.usable_memory(system(tmp_path, files)) == 1_000_000


@pytest.mark.parametrize(
    "files",
    [
        {},
        VERSION_2 | {f"sys/fs/cgroup/{GROUP}/memory.max": "max\n", f"sys/fs/cgroup/{GROUP}/cpu.max": "max 100000\n"},
        VERSION_2 | {f"sys/fs/cgroup/{GROUP}/memory.max": "\n", f"sys/fs/cgroup/{GROUP}/cpu.max": "?\n"},
        VERSION_1
        | {
            "sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
    ],
)
def test_without_a_limit_all_of_the_machine_may_be_used(tmp_path: Path, files: dict[str, str]) -> None:
    assert limits.usable_memory(system(tmp_path, files)) == psutil.virtual_memory().total
    assert limits.usable_cores(tmp_path) == len(psutil.Process().cpu_affinity())


@pytest.mark.parametrize(
    "files",
    [
        VERSION_2 | {f"sys/fs/cgroup/{GROUP}/cpu.max": "50000 100000\n"},
        VERSION_2 | {f"sys/fs/cgroup/{GROUP}/cpu.max": "max 100000\n", "sys/fs/cgroup/cpu.max": "5000 10000\n"},
        VERSION_1
        | {
            f"sys/fs/cgroup/cpu,cpuacct/{GROUP}/cpu.cfs_quota_us": "50000\n",
            f"sys/fs/cgroup/cpu,cpuacct/{GROUP}/cpu.cfs_period_us": "100000\n",
        },
        {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "25000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "50000\n"},
    ],
)
def test_cores_are_the_share_of_time_that_is_granted(tmp_path: Path, files: dict[str, str]) -> None:
    assert limits.usable_cores(system(tmp_path, files)) == 0.5
    row = doctor.check_cores(0.5)
    assert row.found == "0.5" and row.verdict == OPTIONAL and "4 times" in row.remedy


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="binds a process to a core, the Linux way")
def test_cores_are_those_that_the_process_is_bound_to(tmp_path: Path) -> None:
    code = (
        "import os, sys; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); from pathlib import Path;"
        "from helpers.course import limits; print(limits.usable_cores(Path(sys.argv[1])))"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert run.stdout == "1.0\n"


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory the Linux way")
def test_memory_is_what_the_shell_allows(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path; from helpers.course import limits;"
        "resource.setrlimit(resource.RLIMIT_AS, (10**9, -1)); print(limits.usable_memory(Path(sys.argv[1])))"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert run.stdout == "1000000000\n"
