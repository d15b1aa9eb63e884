"""The progress file: one SQLite file that a killed kernel, a full disk or four kernels at once cannot damage.

It is `progress.sqlite3` in the folder that `COURSE_HOME` names (else `.pixels-to-panoptic` in the user's home). SQLite
writes an entry to a log first (write-ahead log, WAL), waits until the disk has it (`synchronous=FULL`), and merges the
log into the file later, so that a process that dies in the middle leaves either the whole entry or none of it
(https://sqlite.org/wal.html).

WAL needs memory shared between processes, which network folders may not offer. SQLite then refuses the switch, and we
stay with its older rollback journal: just as safe, only slower when several kernels write. A network folder that is
used from two machines at once is beyond what SQLite promises: set `COURSE_HOME` to a local folder there.

Every access opens the file and closes it again (some milliseconds), so no kernel ever holds it. Whatever goes wrong
becomes one `ProgressError` with one plain sentence: callers show it, and the lesson goes on.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote_from_bytes

VERSION = 1
"""Version of the table below, kept in the file as `PRAGMA user_version`."""

WAIT_SECONDS = 10.0
"""How long to try again while another kernel has the file locked."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lesson INTEGER NOT NULL,
    kind TEXT NOT NULL,
    item TEXT NOT NULL,
    answer TEXT NOT NULL,   -- JSON
    correct INTEGER,        -- 0, 1 or unknown
    score REAL,
    seconds REAL,
    at TEXT NOT NULL        -- ISO 8601, UTC
)"""

LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
"""What SQLite says while another kernel is at work: worth another try."""

ROOT = Path(__file__).resolve().parents[2]

Result = TypeVar("Result")


class ProgressError(Exception):
    """Progress could not be stored or read. The text is one sentence for the learner; nothing stored before is lost."""


def home() -> Path:
    """The folder where the learner's progress lives: `COURSE_HOME`, else `.pixels-to-panoptic` in the user's home.

    A relative name begins in the course's folder: notebooks and `course progress` run in different ones. Without
    COURSE_HOME and without a known home, as under a bare number in a container, it is in the course's `workspace`.
    """
    named = os.environ.get("COURSE_HOME")
    try:
        return ROOT / Path(named or "~/.pixels-to-panoptic").expanduser()
    except RuntimeError as error:
        if named:
            raise ProgressError("COURSE_HOME begins with ~, and that home is not known: name it in full.") from error
        return ROOT / "workspace" / ".pixels-to-panoptic"


def file() -> Path:
    """The progress file; it need not exist yet."""
    return home() / "progress.sqlite3"


def exists() -> bool:
    """Whether there is a progress file yet. Raises `ProgressError` if its folder may not be looked into."""
    try:
        return file().exists()
    except OSError as error:
        raise ProgressError(_sentence(file(), error, "read")) from error


def with_file(action: Callable[[sqlite3.Connection], Result], done: str) -> Result:
    """Open the file, make it ready, do `action` (one statement, so one transaction), close; return what `action` did.

    SQLite waits for most locks by itself, but not for all: kernels that open a new file at the same moment, or one that
    another has died with, may be told "database is locked" at once. So we try again for `WAIT_SECONDS`.

    Args:
        action: is called with the open connection; may be called again if the file was locked.
        done: "stored" or "read", for the sentence.

    Raises:
        ProgressError: if it could not be done.
    """
    path = file()
    give_up = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _refuse_newer(path)
            with closing(_open(path, "rwc")) as connection:
                _prepare(connection)
                return action(connection)
        except sqlite3.Error as error:
            if _code(error) not in LOCKED or time.monotonic() > give_up:
                raise ProgressError(_sentence(path, error, done)) from error
            time.sleep(0.01)
        except OSError as error:
            raise ProgressError(_sentence(path, error, done)) from error


def set_aside() -> Path | None:
    """Rename the progress file, so that the next answer begins a new one; nothing is deleted.

    For a damaged file, which we never touch unasked. Returns the new name, None if there was no file.
    Raises `ProgressError` if the file cannot be renamed.
    """
    path = file()
    if not exists():
        return None
    number = 1
    try:
        while (aside := path.with_name(f"progress.aside-{number}.sqlite3")).exists():
            number += 1
        for suffix in ("-wal", "-journal", ""):  # the logs belong to the file and may hold what repairs it
            log = path.with_name(path.name + suffix)
            if log.exists():
                log.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise ProgressError(f"The progress file {path} could not be renamed: {error.strerror}.") from error
    return aside


def _open(path: Path, mode: str) -> sqlite3.Connection:
    # `path.as_uri()` would not do: SQLite takes the server of a Windows share, or what follows two slashes, for the
    # authority of the URI and refuses it. With every separator escaped there is none (https://sqlite.org/uri.html).
    uri = f"file:{quote_from_bytes(os.fsencode(path), safe='')}?mode={mode}"
    # isolation_level=None: each statement commits by itself, so that "returned" means "committed".
    return sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS / 5, isolation_level=None)


def _refuse_newer(path: Path) -> None:
    """Raise `ProgressError` if a later version of the course wrote this file. Looks through a read-only connection:
    an ordinary one might merge the log into the file on closing, and the file is not ours to change."""
    if not exists():
        return
    try:
        with closing(_open(path, "ro")) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        return  # a log to be recovered first: the ordinary connection does that, or says what is wrong
    if version > VERSION:
        raise ProgressError(
            f"The progress file {path} was written by a newer version of the course ({version}, this one knows "
            f"{VERSION}): it is left untouched, and your answers are not stored until you update the course."
        )


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA fullfsync=ON")  # macOS: make the disk itself empty its cache; no effect elsewhere
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if _code(error) in (*LOCKED, sqlite3.SQLITE_FULL):
            raise
        # no shared memory here: the rollback journal serves
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(SCHEMA)
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def _code(error: sqlite3.Error) -> int:
    """The primary result code: SQLite puts details into the higher bits."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _sentence(path: Path, error: Exception, done: str) -> str:
    """What went wrong, for the learner. `done`: "stored" or "read"."""
    opening = f"Your progress could not be {done}"
    code = _code(error) if isinstance(error, sqlite3.Error) else 0
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return (
            f"{opening}: the file {path} is damaged; it is left as it is, and course.set_aside() renames it "
            "so that a new one can begin."
        )
    if code == sqlite3.SQLITE_FULL or _is_full(path):
        return f"{opening}: the disk is full; free some space, what was stored before is safe ({path})."
    if code in LOCKED:
        return f"{opening}: another program has kept {path} locked for {WAIT_SECONDS:.0f} s; close it and try again."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM) or isinstance(error, OSError):
        return f"{opening}: {path.parent} cannot be used; set COURSE_HOME to a folder of your own and start again."
    return f"{opening}: {path} gave the error '{error}'."


def _is_full(path: Path) -> bool:
    """Whether the disk has less than 64 KiB left: some of SQLite's writes report that as a plain I/O error."""
    try:
        return shutil.disk_usage(path.parent).free < 65536
    except OSError:
        return False
