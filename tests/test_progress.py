"""Progress survives what happens to a machine: killed kernels, several kernels, a full disk, an old course."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import numpy as np
import pytest

from helpers import course
from helpers.course import progress, store

ROOT = Path(__file__).resolve().parents[1]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks processes, which Windows does not offer")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "not made yet" / "home #1?"  # letters that a URI must escape
    monkeypatch.setenv("COURSE_HOME", str(folder))
    return folder


def stored_items() -> list[str]:
    with closing(sqlite3.connect(progress.file())) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [item for (item,) in connection.execute("SELECT item FROM entries ORDER BY id")]


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# What is kept


def test_home_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "a"))
    assert progress.home() == tmp_path / "a"
    monkeypatch.setenv("COURSE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert progress.home() == tmp_path / ".pixels-to-panoptic"


def test_reading_makes_nothing(home: Path) -> None:
    assert progress.first(1, "quiz", "q") is None
    assert progress.summary() == ()
    assert progress.table().startswith("No answers yet")
    assert not home.exists()


def test_first_last_and_best(home: Path) -> None:
    answers = [("a", False, 0.0), ("b", True, 1.0), ("c", True, 1.0), ("d", False, 0.5)]
    for answer, correct, score in answers:
        progress.record(3, "quiz", "q", answer, correct, score, seconds=2.5)
    assert progress.first(3, "quiz", "q").answer == "a"
    assert progress.last("03", "quiz", "q").answer == "d"
    assert progress.best(3, "quiz", "q").answer == "b"
    for other in ((2, "quiz", "q"), (3, "predict", "q"), (3, "quiz", "r")):
        assert progress.first(*other) is progress.last(*other) is progress.best(*other) is None


def test_entries_are_all_of_one_kind_and_lesson_in_their_order(home: Path) -> None:
    assert progress.entries(3, "quiz") == [] and not home.exists(), "reading makes nothing"
    for lesson, kind, item in [
        (3, "quiz", "b"),
        (3, "quiz", "a"),
        (4, "quiz", "a"),
        (3, "predict", "a"),
        (3, "quiz", "b"),
    ]:
        progress.record(lesson, kind, item, len(stored_items()) if home.exists() else 0)
    assert [(entry.item, entry.answer) for entry in progress.entries("03", "quiz")] == [("b", 0), ("a", 1), ("b", 4)]
    for wrong in (("three", "quiz"), (3, "exam")):
        with pytest.raises(ValueError, match="^(lesson|kind): expected .* got "):
            progress.entries(*wrong)


def test_an_entry_that_nobody_can_read_hides_no_other(home: Path) -> None:
    for answer in range(3):
        progress.record(1, "quiz", "q", answer)
    with closing(sqlite3.connect(progress.file())) as connection:
        connection.execute("UPDATE entries SET answer='{broken' WHERE id=1")
        connection.execute("UPDATE entries SET at='yesterday' WHERE id=3")
        connection.commit()
    assert [entry.answer for entry in progress.entries(1, "quiz")] == [1]


def test_best_without_score_prefers_right_and_ignores_ungraded(home: Path) -> None:
    progress.record(1, "predict", "q", "ungraded")
    assert progress.best(1, "predict", "q") is None
    progress.record(1, "predict", "q", "wrong", correct=False)
    progress.record(1, "predict", "q", "right", correct=True)
    assert progress.best(1, "predict", "q").answer == "right"


def test_an_entry_comes_back_as_it_went_in(home: Path) -> None:
    answer = {"order": [2, 0, 1], "text": "Fußgänger 🚶 \ud800 'quoted'; DROP TABLE", "none": None}
    went = progress.record("07", "paint", "scene 7", answer, np.bool_(True), np.float32(0.5), 12)
    came = progress.last(7, "paint", "scene 7")
    assert came == went
    assert (came.lesson, came.kind, came.item, came.answer) == (7, "paint", "scene 7", answer)
    assert (came.correct, came.score, came.seconds) == (True, 0.5, 12.0)
    assert came.at.utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("lesson", ("three", "quiz", "q", 1)),
        ("lesson", (-1, "quiz", "q", 1)),
        ("kind", (1, "exam", "q", 1)),
        ("item", (1, "quiz", "", 1)),
        ("item", (1, "quiz", 4, 1)),
        ("answer", (1, "quiz", "q", object())),
        ("score", (1, "quiz", "q", 1, True, float("nan"))),
        ("seconds", (1, "quiz", "q", 1, True, 1.0, float("inf"))),
    ],
)
def test_wrong_arguments_are_named(home: Path, name: str, arguments: tuple) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected .* got "):
        progress.record(*arguments)
    assert not home.exists()


def test_summary_and_table(home: Path) -> None:
    progress.record(2, "exercise", "count", "def count(): ...", correct=False)
    progress.record(2, "exercise", "count", "def count(): ...", correct=True)
    progress.record(2, "exercise", "one_hot", "...", correct=False)
    progress.record(2, "predict", "p", "no", correct=True)
    progress.record(2, "predict", "p", "yes", correct=False)
    progress.record(1, "paint", "scene", {}, score=0.25)
    progress.record(1, "paint", "scene", {}, score=0.75)
    progress.record(1, "paint", "photo", {}, score=0.25)
    assert progress.summary() == (
        progress.Count(1, "paint", 2, 0, 0, 3, 0.5),
        progress.Count(2, "predict", 1, 1, 1, 2, None),
        progress.Count(2, "exercise", 2, 0, 1, 3, None),
    )
    head, lesson1, lesson2 = progress.table().splitlines()
    assert head.split()[:2] == ["lesson", "predictions"]
    assert lesson1.split() == ["1", "-", "-", "-", "0.50"]
    assert lesson2.split() == ["2", "1", "of", "1", "-", "1", "of", "2", "-"]


def test_the_file_waits_for_the_disk(home: Path) -> None:
    assert store.with_file(lambda connection: connection.execute("PRAGMA synchronous").fetchone(), "read") == (2,)
    assert store.with_file(lambda connection: connection.execute("PRAGMA journal_mode").fetchone(), "read") == ("wal",)


# What happens to a machine


@needs_fork
def test_a_killed_kernel_loses_and_damages_nothing() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "progress_bench.py"), "20"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost=0, extra=0, damaged=0" in done.stdout
    assert "acknowledged=0," not in done.stdout


WRITERS = """
import multiprocessing, sys
from helpers.course import progress

def write(start, name, entries):
    start.wait()
    for number in range(entries):
        progress.record(1, "quiz", f"{name}-{number}", number)

context = multiprocessing.get_context("fork")
start = context.Barrier(4)
writers = [context.Process(target=write, args=(start, name, int(sys.argv[1]))) for name in "abcd"]
for writer in writers:
    writer.start()
for writer in writers:
    writer.join()
sys.exit(any(writer.exitcode for writer in writers))
"""


@needs_fork
@pytest.mark.parametrize("entries", [50, 1, 1, 1, 1, 1])  # the first moment is the hardest: five more of those
def test_four_kernels_write_at_once(home: Path, entries: int) -> None:
    command = [sys.executable, "-c", WRITERS, str(entries)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert sorted(stored_items()) == sorted(f"{name}-{number}" for name in "abcd" for number in range(entries))


def test_a_lock_that_stays_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress.record(1, "quiz", "before", 1)
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.2)
    with closing(sqlite3.connect(progress.file(), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(
            progress.ProgressError, match="^Your progress could not be stored: another program .* locked"
        ):
            progress.record(1, "quiz", "locked", 1)
        assert progress.last(1, "quiz", "before").answer == 1, "reading goes on while another one writes"
    progress.record(1, "quiz", "after", 1)
    assert stored_items() == ["before", "after"]


def test_a_lock_that_sqlite_does_not_wait_for_is_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first kernels on a new machine see now and then, when two of them switch to the log at once."""
    connect, refusals = sqlite3.connect, []

    class Refusing(sqlite3.Connection):
        def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
            if "journal_mode" in statement and len(refusals) < 3:
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                refusals.append(error)
                raise error
            return super().execute(statement, *values)

    monkeypatch.setattr(store.sqlite3, "connect", lambda *name, **options: connect(*name, factory=Refusing, **options))
    progress.record(1, "quiz", "q", 1)
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_HOME", str(home))
    assert len(refusals) == 3
    assert stored_items() == ["q"]
    mode = store.with_file(lambda connection: connection.execute("PRAGMA journal_mode").fetchone(), "read")
    assert mode == ("wal",), "a lock is no reason to do without the log"


def fill_up() -> list[str]:
    """Record until the disk is full; the acknowledged items. Fails if the sentence is another one."""
    acknowledged = []
    with pytest.raises(progress.ProgressError, match="^Your progress could not be stored: the disk is full") as caught:
        for number in range(2000):
            progress.record(1, "quiz", f"q{number}", "x" * 1000)
            acknowledged.append(f"q{number}")
    assert "\n" not in str(caught.value)
    return acknowledged


def test_a_file_that_cannot_grow_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def small(*arguments, **options) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count=20")
        return connection

    monkeypatch.setattr(store.sqlite3, "connect", small)
    acknowledged = fill_up()
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_HOME", str(home))
    assert len(acknowledged) > 10
    assert stored_items() == acknowledged
    progress.record(1, "quiz", "later", 1)
    assert stored_items() == [*acknowledged, "later"]


@pytest.mark.parametrize("kibibytes", [16, 64, 256])
def test_a_disk_that_is_full_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kibibytes: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "none", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("makes a very small disk, which takes Linux and the right to mount")
    try:
        monkeypatch.setenv("COURSE_HOME", str(disk / "home"))
        acknowledged = fill_up()
        assert bool(acknowledged) == (kibibytes > 16)
        with pytest.raises(progress.ProgressError, match="disk is full"):
            progress.record(1, "quiz", "still full", 1)
        subprocess.run(["mount", "-o", "remount,size=2m", str(disk)], check=True)
        progress.record(1, "quiz", "later", 1)
        assert stored_items() == [*acknowledged, "later"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


READ_ONLY = """
import os
from helpers.course import progress
if os.geteuid() == 0:
    os.setuid(65534)  # root may write everywhere
try:
    progress.record(1, "quiz", "q", 1)
except progress.ProgressError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="takes a folder's write permission away, the POSIX way")
def test_a_read_only_folder_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("COURSE_HOME", folder)
        progress.record(1, "quiz", "before", 1)
        before = folder_bytes(Path(folder))
        os.chmod(folder, 0o555)
        command = [sys.executable, "-c", READ_ONLY]
        try:
            readable = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
            os.chmod(folder, 0o000)
            hidden = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        finally:
            os.chmod(folder, 0o755)
        for run in (readable, hidden):
            assert run.stdout.startswith("Your progress could not be "), run.stderr
            assert run.stdout.endswith("set COURSE_HOME to a folder of your own and start again.\n")
        assert folder_bytes(Path(folder)) == before


def test_a_home_that_is_no_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(progress.ProgressError, match="set COURSE_HOME to a folder of your own"):
        progress.record(1, "quiz", "q", 1)


def test_a_newer_file_is_left_untouched(home: Path) -> None:
    progress.record(1, "quiz", "q", 1)
    with closing(sqlite3.connect(progress.file())) as connection:
        connection.execute(f"PRAGMA user_version={store.VERSION + 1}")
    before = progress.file().read_bytes()
    for use in (lambda: progress.record(1, "quiz", "q", 2), lambda: progress.last(1, "quiz", "q"), progress.summary):
        with pytest.raises(progress.ProgressError, match="newer version of the course .* left untouched"):
            use()
    assert progress.file().read_bytes() == before


def test_a_newer_file_with_a_log_is_left_untouched(home: Path) -> None:
    """The newer course was killed: its version stands in the log only, and whoever merges the log changes the file."""
    progress.record(1, "quiz", "q", 1)
    killed = home.parent / "killed"
    killed.mkdir()
    with closing(sqlite3.connect(progress.file())) as connection:
        connection.execute(f"PRAGMA user_version={store.VERSION + 1}")
        for path in home.iterdir():  # copied while the log is not merged yet
            if not path.name.endswith("-shm"):
                (killed / path.name).write_bytes(path.read_bytes())
    before = folder_bytes(killed)
    assert len(before) == 2
    home.rename(home.with_name("before"))
    killed.rename(home)
    with pytest.raises(progress.ProgressError, match="newer version of the course"):
        progress.record(1, "quiz", "q", 2)
    assert {name: data for name, data in folder_bytes(home).items() if not name.endswith("-shm")} == before


def damage(how: str) -> None:
    for number in range(30):
        progress.record(1, "quiz", f"q{number}", "x" * 2000)
    path = progress.file()
    data = path.read_bytes()
    noise = random.Random(0).randbytes(len(data))
    path.write_bytes({"header": noise[:100] + data[100:], "noise": noise, "cut": data[:5000]}[how])


@pytest.mark.parametrize("how", ["header", "noise", "cut"])
def test_a_damaged_file_is_said_and_never_destroyed(home: Path, how: str) -> None:
    damage(how)
    before = progress.file().read_bytes()
    for use in (lambda: progress.record(1, "quiz", "q", 2), lambda: progress.last(1, "quiz", "q"), progress.summary):
        with pytest.raises(progress.ProgressError, match="is damaged; it is left as it is") as caught:
            use()
        assert "\n" not in str(caught.value)
    assert progress.file().read_bytes() == before
    aside = progress.set_aside()
    assert aside.read_bytes() == before
    progress.record(1, "quiz", "new", 1)
    assert stored_items() == ["new"]
    assert progress.set_aside() != aside, "the second one must not replace the first"
    assert aside.read_bytes() == before
    assert progress.set_aside() is None


def test_setting_aside_takes_the_log_along(home: Path) -> None:
    progress.record(1, "quiz", "q", 1)
    for suffix in ("-wal", "-journal"):
        progress.file().with_name(progress.file().name + suffix).write_bytes(b"log")
    aside = progress.set_aside()
    assert sorted(path.name for path in home.iterdir()) == [aside.name, f"{aside.name}-journal", f"{aside.name}-wal"]


@pytest.mark.skipif(sys.platform == "win32", reason="uses a POSIX way of opening that offers no shared memory")
def test_without_shared_memory_the_older_journal_serves(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(
        store.sqlite3, "connect", lambda name, **options: connect(f"{name}&vfs=unix-dotfile", **options)
    )
    for number in range(3):
        progress.record(1, "quiz", f"q{number}", number)
    mode = store.with_file(lambda connection: connection.execute("PRAGMA journal_mode").fetchone(), "read")
    assert mode == ("delete",)
    assert progress.last(1, "quiz", "q2").answer == 2
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_HOME", str(home))
    assert stored_items() == ["q0", "q1", "q2"]


# Places


def test_a_relative_home_does_not_follow_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ROOT", tmp_path)
    monkeypatch.setenv("COURSE_HOME", "answers")
    progress.record(1, "quiz", "q", 1)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert progress.last(1, "quiz", "q").answer == 1
    assert progress.home() == tmp_path / "answers"


@pytest.mark.parametrize(
    "path",
    [
        PureWindowsPath(r"\\server\homes\ana\progress.sqlite3"),
        PureWindowsPath(r"C:\Users\ana\progress #1?.sqlite3"),
        PurePosixPath("two//slashes%20.sqlite3"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot make files of such names anywhere")
def test_sqlite_opens_the_very_file_wherever_it_is(
    path: PurePath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two").mkdir()
    with closing(store._open(path, "rwc")) as connection:
        connection.execute("CREATE TABLE t (x)")
    assert (tmp_path / str(path)).is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="two slashes begin the name of a share there")
def test_a_home_that_begins_with_two_slashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_HOME", f"/{tmp_path}")
    progress.record(1, "quiz", "q", 1)
    assert stored_items() == ["q"]


def test_a_kind_of_another_version_is_passed_over_in_the_table(home: Path) -> None:
    progress.record(1, "quiz", "q", 1, correct=True)
    insert = "INSERT INTO entries (lesson, kind, item, answer, at) VALUES (1, 'recall', 'r', '0', '2030-01-01')"
    store.with_file(lambda connection: connection.execute(insert), "stored")
    assert [count.kind for count in progress.summary()] == ["quiz", "recall"]
    assert "1 / 1 of 1" in progress.table()


SET_ASIDE = """
import os
from helpers import course
if os.geteuid() == 0:
    os.setuid(65534)  # root may write everywhere
course.set_aside()
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="takes a folder's permissions away, the POSIX way")
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o555])
def test_setting_aside_without_access_is_one_sentence(mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("COURSE_HOME", folder)
        progress.record(1, "quiz", "q", 1)
        os.chmod(folder, mode)
        try:
            run = subprocess.run([sys.executable, "-c", SET_ASIDE], capture_output=True, text=True, cwd=ROOT)
        finally:
            os.chmod(folder, 0o755)
        assert run.returncode == 0 and "Traceback" not in run.stderr, run.stderr
        assert len(run.stdout.splitlines()) == 1 and "could not be re" in run.stdout
        assert stored_items() == ["q"]


def test_setting_aside_says_what_it_did(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course.set_aside()
    assert capsys.readouterr().out == "There is no progress yet.\n"
    progress.record(1, "quiz", "q", 1)
    course.set_aside()
    assert str(home / "progress.aside-1.sqlite3") in capsys.readouterr().out
