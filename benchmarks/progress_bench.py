"""Does progress survive a killed kernel? Kill a writing process again and again, and look at what is left.

`python benchmarks/progress_bench.py TRIALS` prints the figures and exits with 1 if an entry was lost or a file damaged.
The tests run it so with few trials. POSIX only: a writer is forked, so that a trial takes milliseconds.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from helpers.course import progress

TRIALS_PER_FILE = 4
"""A new file this often, so that some kills hit its creation and others a file that was killed before."""


@dataclass(frozen=True)
class KillReport:
    """What `kill_trials` saw.

    Attributes:
        trials: processes killed.
        early: those killed before their first acknowledgement: at the start, or while making the file.
        acknowledged: entries that `record` had returned from.
        lost: acknowledged entries that were not there afterwards.
        extra: entries beyond the one of each trial that may be stored without our having heard of it.
        damaged: trials after which SQLite's integrity check failed.
    """

    trials: int
    early: int
    acknowledged: int
    lost: int
    extra: int
    damaged: int

    @property
    def holds(self) -> bool:
        return self.lost == self.extra == self.damaged == 0


def kill_trials(trials: int, seed: int, folder: Path) -> KillReport:
    """Kill a writing process `trials` times, each after up to 40 ms of writing, and count what is missing.

    Args:
        trials: how many processes to kill.
        seed: decides when each one is killed.
        folder: an empty folder for the progress files.
    """
    rng = random.Random(seed)
    acknowledged = lost = extra = damaged = early = 0
    known: list[str] = []
    for trial in range(trials):
        home = folder / f"home-{trial // TRIALS_PER_FILE}"
        if trial % TRIALS_PER_FILE == 0:
            known = []
        before = len(known)
        known += _killed_writer(home, f"trial-{trial}", rng.uniform(0.0, 0.04))
        acknowledged += len(known) - before
        early += len(known) == before
        stored, sound = _stored(home / "progress.sqlite3")
        lost += len(set(known) - set(stored))
        # One entry may be on the disk although the writer died before it could tell.
        extra += max(0, len(stored) - len(known) - 1)
        damaged += not sound
        known = stored
    return KillReport(trials, early, acknowledged, lost, extra, damaged)


def _killed_writer(home: Path, name: str, delay: float) -> list[str]:
    """Fork a writer, kill it `delay` seconds after it said that it is ready; return what it acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.environ["COURSE_HOME"] = str(home)
        try:
            _write_until_killed(name, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with open(reading, "rb") as pipe:
        ready = pipe.readline() == b"ready\n"
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        lines = pipe.read().split(b"\n")
    if not ready or not os.WIFSIGNALED(status):
        raise RuntimeError("the writing process ended by itself")
    return [line.decode() for line in lines[:-1]]  # what follows the last line end was cut off by the kill


def _stored(path: Path) -> tuple[list[str], bool]:
    """The items in the file, oldest first, and whether the file is sound. No file: nothing, and sound."""
    if not path.exists():
        return [], True
    with closing(sqlite3.connect(path)) as connection:
        try:
            sound = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'entries'").fetchone() == (1,)
            rows = connection.execute("SELECT item FROM entries ORDER BY id").fetchall() if made else []
        except sqlite3.DatabaseError:
            return [], False
    return [item for (item,) in rows], sound


def _write_until_killed(name: str, pipe: int) -> None:
    """Record entries of changing length, reporting each through `pipe` once it is stored."""
    os.write(pipe, b"ready\n")
    number = 0
    while True:
        item = f"{name}-{number}"
        progress.record(1, "quiz", item, {"text": "x" * (number % 7) * 300}, correct=True)
        os.write(pipe, f"{item}\n".encode())
        number += 1


def record_seconds(entries: int = 100) -> tuple[float, float]:
    """Median and largest seconds that `record` takes on this machine's temporary folder, the first call included."""
    before = os.environ.get("COURSE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_HOME"] = folder
        try:
            seconds = []
            for number in range(entries):
                start = time.perf_counter()
                progress.record(1, "quiz", f"question-{number}", ["a", "b"], correct=True, score=1.0)
                seconds.append(time.perf_counter() - start)
        finally:
            if before is None:
                del os.environ["COURSE_HOME"]
            else:
                os.environ["COURSE_HOME"] = before
    return statistics.median(seconds), max(seconds)


def main() -> int:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        report = kill_trials(trials, 0, Path(folder))
    median, largest = record_seconds()
    print(report)
    print(f"record: median {1000 * median:.1f} ms, largest {1000 * largest:.1f} ms, SQLite {sqlite3.sqlite_version}")
    return 0 if report.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
