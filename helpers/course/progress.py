"""Progress: what the learner answered, and how well. Entries are only ever added, none is changed or removed.

The entries live in the progress file (`store.py`). When `record` has returned, the entry is on the disk.
"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from helpers.course.store import ProgressError, exists, file, home, set_aside, with_file

__all__ = [
    "Count",
    "Entry",
    "ProgressError",
    "best",
    "entries",
    "file",
    "first",
    "home",
    "last",
    "record",
    "set_aside",
    "summary",
    "table",
]

KINDS = ("predict", "quiz", "exercise", "paint", "solution")
COLUMNS = "lesson, kind, item, answer, correct, score, seconds, at"


@dataclass(frozen=True)
class Entry:
    """One answer: what was asked (`lesson`, `kind`, `item`), what came, how right it was, and when (UTC)."""

    lesson: int
    kind: str
    item: str
    answer: Any
    correct: bool | None
    score: float | None
    seconds: float | None
    at: datetime


@dataclass(frozen=True)
class Count:
    """What one lesson holds of one kind: items tried, items right in the first and in any answer, answers in all.

    `best` is the mean over the scored items of each one's best score, None where nothing was scored.
    """

    lesson: int
    kind: str
    items: int
    right_first: int
    right: int
    answers: int
    best: float | None


def record(
    lesson: int | str,
    kind: str,
    item: str,
    answer: Any,
    correct: bool | None = None,
    score: float | None = None,
    seconds: float | None = None,
) -> Entry:
    """Store one answer and return it. When this returns, the entry survives a killed process and a power cut.

    Args:
        lesson: the lesson's number; "03" is 3.
        kind: one of `KINDS`.
        item: the question's or exercise's name, unique within lesson and kind.
        answer: anything that JSON can hold.
        correct: whether it was right, None where there is no right answer.
        score: how good it was, higher is better (an IoU, a share of points).
        seconds: how long the learner took.

    Raises:
        ValueError: for a wrong argument.
        ProgressError: if the entry could not be stored.
    """
    where = _where(lesson, kind, item)
    try:
        text = json.dumps(answer)
    except (TypeError, ValueError) as error:
        raise ValueError(f"answer: expected something that JSON can hold, got {type(answer).__name__}") from error
    for name, number in (("score", score), ("seconds", seconds)):
        if number is not None and not math.isfinite(number):
            raise ValueError(f"{name}: expected a finite number or None, got {number}")
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    row = (
        *where,
        text,
        None if correct is None else int(bool(correct)),
        None if score is None else float(score),
        None if seconds is None else float(seconds),
        at,
    )
    insert = f"INSERT INTO entries ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?)"
    with_file(lambda connection: connection.execute(insert, row), "stored")
    return _entry(row)


def entries(lesson: int | str, kind: str) -> list[Entry]:
    """All answers of one kind in a lesson, oldest first, in one reading of the file.

    An entry that this course cannot have written (its answer is no JSON, its time no time) is left out, so that it
    hides none of the others. Raises `ProgressError` if the file cannot be read.
    """
    number, kind = _lesson(lesson), _kind(kind)
    rows = _rows(f"SELECT {COLUMNS} FROM entries WHERE lesson=? AND kind=? ORDER BY id", (number, kind))
    found = []
    for row in rows:
        with suppress(ValueError):
            found.append(_entry(row))
    return found


def first(lesson: int | str, kind: str, item: str) -> Entry | None:
    """The learner's first answer, None if there is none. Raises `ProgressError` if the file cannot be read."""
    return _one(_where(lesson, kind, item), "", "id")


def last(lesson: int | str, kind: str, item: str) -> Entry | None:
    """The learner's latest answer, None if there is none. Raises `ProgressError` if the file cannot be read."""
    return _one(_where(lesson, kind, item), "", "id DESC")


def best(lesson: int | str, kind: str, item: str) -> Entry | None:
    """The answer with the highest score (without a score: right before wrong), the earliest of equals.

    None if nothing was graded. Raises `ProgressError` if the file cannot be read.
    """
    graded = "AND coalesce(score, correct) IS NOT NULL"
    return _one(_where(lesson, kind, item), graded, "coalesce(score, correct) DESC, id")


def summary() -> tuple[Count, ...]:
    """One `Count` for each lesson and kind that has an answer, by lesson, then in the order of `KINDS`, others last.

    Raises `ProgressError` if the file cannot be read.
    """
    query = """
        SELECT lesson, kind, count(*),
               sum((SELECT coalesce(correct, 0) FROM entries WHERE id = item_first)),
               sum(item_right), sum(item_answers), avg(item_best)
        FROM (SELECT lesson, kind, min(id) AS item_first, max(coalesce(correct, 0)) AS item_right,
                     count(*) AS item_answers, max(score) AS item_best
              FROM entries GROUP BY lesson, kind, item)
        GROUP BY lesson, kind"""
    counts = [Count(*row) for row in _rows(query, ())]
    order = {kind: place for place, kind in enumerate(KINDS)}  # another version of the course may know more kinds
    return tuple(sorted(counts, key=lambda count: (count.lesson, order.get(count.kind, len(KINDS)), count.kind)))


def table() -> str:
    """The learner's progress as a plain text table, one line for each lesson; one sentence if there is none yet.

    Raises `ProgressError` if the file cannot be read.
    """
    counts = {(count.lesson, count.kind): count for count in summary()}
    if not counts:
        return "No answers yet: they are kept as soon as you give the first one."
    lines = ["lesson  predictions  quiz, right at once / in the end  exercises solved  painting, mean of best"]
    for lesson in sorted({lesson for lesson, _ in counts}):
        predict, quiz, exercise, paint = (counts.get((lesson, kind)) for kind in KINDS[:4])
        cells = (
            f"{predict.right_first} of {predict.items}" if predict else "-",
            f"{quiz.right_first} / {quiz.right} of {quiz.items}" if quiz else "-",
            f"{exercise.right} of {exercise.items}" if exercise else "-",
            f"{paint.best:.2f}" if paint and paint.best is not None else "-",
        )
        lines.append(f"{lesson:>6}  {cells[0]:<11}  {cells[1]:<33}  {cells[2]:<16}  {cells[3]}".rstrip())
    return "\n".join(lines)


def _where(lesson: int | str, kind: str, item: str) -> tuple[int, str, str]:
    number, kind = _lesson(lesson), _kind(kind)
    if not isinstance(item, str) or not item:
        raise ValueError(f"item: expected the name of a question or an exercise, got {item!r}")
    return number, kind, item


def _lesson(lesson: int | str) -> int:
    if not str(lesson).isdecimal():
        raise ValueError(f"lesson: expected a lesson's number such as 3 or '03', got {lesson!r}")
    return int(lesson)


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    return kind


def _one(where: tuple[int, str, str], also: str, order: str) -> Entry | None:
    query = f"SELECT {COLUMNS} FROM entries WHERE lesson=? AND kind=? AND item=? {also} ORDER BY {order} LIMIT 1"
    rows = _rows(query, where)
    return _entry(rows[0]) if rows else None


def _entry(row: tuple) -> Entry:
    lesson, kind, item, answer, correct, score, seconds, at = row
    right = None if correct is None else bool(correct)
    return Entry(lesson, kind, item, json.loads(answer), right, score, seconds, datetime.fromisoformat(at))


def _rows(query: str, values: tuple) -> list[tuple]:
    if not exists():  # reading must not create anything
        return []
    return with_file(lambda connection: connection.execute(query, values).fetchall(), "read")
