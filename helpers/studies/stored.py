"""What came of a study: one JSON file with its card and the scores of each point, and how a lesson reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers.arguments import expect

FOLDER = Path(__file__).resolve().parent / "results"
FORMAT = 1  # of the files; raised when older ones can no longer be read

Setting = str | int | float


class StudyError(Exception):
    """The results of a study cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class PointResult:
    """The scores of one point, and the seconds that it took."""

    setting: Setting
    seed: int
    seconds: float
    scores: dict[str, float]


@dataclass(frozen=True)
class Results:
    """All points of a study, and its card: what was asked, changed and held fixed, on which machine, when."""

    name: str
    card: dict[str, Any]
    points: tuple[PointResult, ...]

    @property
    def seconds(self) -> float:
        """That all points took together."""
        return sum(point.seconds for point in self.points)

    @property
    def settings(self) -> list[Setting]:
        """In the order of the study."""
        return list(dict.fromkeys(point.setting for point in self.points))

    def by(self, setting: Setting) -> dict[str, list[float]]:
        """Each score of one setting, a value for each seed. Raises `ValueError` for a setting that is none."""
        expect(setting in self.settings, "setting", f"one of {self.settings}", repr(setting))
        points = [point for point in self.points if point.setting == setting]
        return {score: [point.scores[score] for point in points] for score in points[0].scores}

    def of(self, score: str) -> dict[Setting, list[float]]:
        """One score for each setting that has it, a value for each seed: what `show.bars` takes.

        Raises `ValueError` for a score that none has.
        """
        found = {setting: self.by(setting).get(score) for setting in self.settings}
        found = {setting: values for setting, values in found.items() if values is not None}
        names = list(dict.fromkeys(name for point in self.points for name in point.scores))
        expect(found, "score", f"one of {names}", repr(score))
        return found

    def __repr__(self) -> str:
        return f"Results('{self.name}', {len(self.points)} points)"


def load(name: str) -> Results:
    """The stored results of a study.

    Raises `StudyError` where they are missing, damaged or of another version.
    """
    file = FOLDER / f"{name}.json"
    try:
        return _read(file)
    except FileNotFoundError as error:
        raise _unusable(name, f"{file.name} is missing") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unusable(name, f"{file.name} is damaged or of another version") from error


def publish(name: str, card: dict[str, Any], points: list[PointResult]) -> Results:
    """Store the results of a whole study; what was kept of a part is removed."""
    results = Results(name, card, tuple(points))
    _write(FOLDER / f"{name}.json", results)
    forget(name)
    return results


# --- a study that is not yet whole ---


def keep(name: str, card: dict[str, Any], points: list[PointResult]) -> None:
    """Write what is known so far beside the results, which stay as they are."""
    _write(_part(name), Results(name, card, tuple(points)))


def kept(name: str, card: dict[str, Any]) -> list[PointResult]:
    """What `keep` wrote, if that was under the same card; else, or if it cannot be read, nothing."""
    try:
        part = _read(_part(name))
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return list(part.points) if part.card == card else []


def forget(name: str) -> None:
    """Remove what `keep` wrote."""
    _part(name).unlink(missing_ok=True)


def _part(name: str) -> Path:
    return FOLDER / f"{name}.part"


def _read(file: Path) -> Results:
    content = json.loads(file.read_text(encoding="utf-8"))
    expect(content["format"] == FORMAT, "format", FORMAT, content["format"])
    return Results(content["name"], content["card"], tuple(PointResult(**point) for point in content["points"]))


def _write(file: Path, results: Results) -> None:
    content = json.dumps({"format": FORMAT, **asdict(results)}, indent=1, ensure_ascii=False) + "\n"
    file.parent.mkdir(exist_ok=True)
    new = file.with_suffix(file.suffix + ".new")  # and then in one move: an interrupt leaves the old file or the new
    new.write_bytes(content.encode())
    new.replace(file)


def _unusable(name: str, why: str) -> StudyError:
    return StudyError(
        f"The results of '{name}' cannot be used: {why}. Get the files of helpers/studies/results again"
        f" (`git checkout helpers/studies/results`), or make them: `course study {name}`."
    )
