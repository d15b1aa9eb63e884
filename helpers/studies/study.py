"""A study: an experiment that takes longer than a lesson. What is asked, what one point of it measures, how it is run.

One thing is changed, its *setting*; each setting is measured with several seeds, which say how far chance alone goes.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from statistics import stdev
from time import perf_counter
from typing import Any, NamedTuple

import torch

from helpers.arguments import expect
from helpers.bar import Bar
from helpers.studies.stored import PointResult, Results, Setting, forget, keep, kept, publish
from helpers.training import History


class Point(NamedTuple):
    """One measurement of a study: what is changed, and the seed."""

    setting: Setting
    seed: int


@dataclass(frozen=True)
class Study:
    """An experiment in words, and how one point of it is measured.

    Attributes:
        name: of its file here, and of its results.
        question: that it answers.
        changed: from setting to setting.
        held_fixed: all that could differ and does not.
        data: what is learned from, and what is scored on.
        settings: text, or numbers where they can be an axis.
        seeds: each setting is run with all of them; three at least.
        run: from a point to its scores by name. The same point gives the same scores, but for rounding. It lets an
            interrupt through: see `whole`.
        tolerance: for each score, what another machine may differ by, even where the seeds agree more closely.
    """

    name: str
    question: str
    changed: str
    held_fixed: str
    data: str
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]
    run: Callable[[Point], dict[str, float]]
    tolerance: dict[str, float]

    @property
    def points(self) -> list[Point]:
        """All settings with the first seed, then with the next: a study that is stopped has compared something."""
        return [Point(setting, seed) for seed in self.seeds for setting in self.settings]

    @property
    def card(self) -> dict[str, Any]:
        """What is said of it beside its results, with where they are made."""
        return {
            "question": self.question,
            "changed": self.changed,
            "held fixed": self.held_fixed,
            "data": self.data,
            "settings": list(self.settings),
            "seeds": list(self.seeds),
            "threads": torch.get_num_threads(),
            "machine": platform.machine(),
            "torch": torch.__version__,
        }


def whole(history: History) -> History:
    """The history of a training that took all its steps. `fit` ends early when it is interrupted, and says so: in a
    study that would pass for a result.

    Raises `KeyboardInterrupt` for one that was stopped.
    """
    if history.stopped:
        raise KeyboardInterrupt
    return history


def measure(study: Study, point: Point) -> PointResult:
    """Run one point, and take the time.

    Raises `ValueError` for a score without a tolerance.
    """
    start = perf_counter()
    scores = study.run(point)
    seconds = perf_counter() - start
    unknown = sorted(scores.keys() - study.tolerance.keys())
    expect(not unknown, f"{study.name}.tolerance", f"one for each score, also for {unknown}", list(study.tolerance))
    rounded = {name: round(float(value), 6) for name, value in scores.items()}
    return PointResult(point.setting, point.seed, round(seconds, 1), rounded)


def make(study: Study, afresh: bool = False) -> Results:
    """Run all points of a study with a progress bar, and store the results.

    After each point what is known so far is kept beside the results. After an interrupt the next call goes on from
    there, if the study reads the same and runs on the same machine with the same torch; with `afresh` never. The old
    results stay until the new ones are whole.
    """
    if afresh:
        forget(study.name)
    done = kept(study.name, study.card)
    known = {(point.setting, point.seed) for point in done}
    bar = Bar(len(study.points), study.name)
    try:
        bar.move(len(done))
        for point in study.points:
            if point in known:
                continue
            done.append(measure(study, point))
            keep(study.name, study.card, done)
            bar.move(len(done), f"{point.setting}, seed {point.seed}")
    finally:
        bar.close()
    return publish(study.name, study.card | {"date": date.today().isoformat()}, done)


class Comparison(NamedTuple):
    """A score of the first point, stored and measured again."""

    score: str
    stored: float
    again: float
    spread: float

    @property
    def within(self) -> bool:
        """Whether it came out as before; nan never does."""
        return abs(self.again - self.stored) <= self.spread

    def __str__(self) -> str:
        verdict = "as before" if self.within else "not as before"
        return f"{self.score}: {self.again:g}, stored {self.stored:g} ± {self.spread:.3g}, {verdict}"


def check(study: Study, results: Results) -> list[Comparison]:
    """Run the first point again, and compare its scores with the stored ones.

    They may differ by three standard deviations over the seeds of its setting, at least by the study's tolerance.
    A score that is no longer measured comes out as nan.
    """
    first = results.points[0]
    of_seeds = results.by(first.setting)
    again = measure(study, Point(first.setting, first.seed)).scores
    return [
        Comparison(name, stored, again.get(name, float("nan")), max(3 * stdev(of_seeds[name]), study.tolerance[name]))
        for name, stored in first.scores.items()
    ]
