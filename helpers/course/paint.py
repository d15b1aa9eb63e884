"""Paintings: where the painter of a lesson keeps its scores, and finds the last one again."""

from __future__ import annotations

from typing import Any

from helpers.course import progress


def painting(lesson: str, item: str) -> dict[str, Any]:
    """What a painter needs to remember: `painter(scene, **course.painting("01", "street"))`.

    `record(answer, score, seconds)` keeps a scored painting under this lesson and item, and raises `ProgressError`
    where that cannot be done; `earlier` is the last one's answer, None if there is none or the store cannot be read.
    """

    def record(answer: dict, score: float, seconds: float) -> None:
        progress.record(lesson, "paint", item, answer, None, score, seconds)

    try:
        entry = progress.last(lesson, "paint", item)
    except progress.ProgressError:  # said when the next score is stored; the painter works without
        entry = None
    return {"record": record, "earlier": entry.answer if entry else None}
