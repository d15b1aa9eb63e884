"""Every exercise of the course: its solution passes, its tempting wrong answers do not."""

from __future__ import annotations

import pytest

from helpers.course.checks import Exercise, exercises, prove

EXERCISES = [
    pytest.param(
        exercise, id=f"lesson{exercise.lesson}-{exercise.name}", marks=getattr(pytest.mark, f"lesson{exercise.lesson}")
    )
    for exercise in exercises()
]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_exercise(exercise: Exercise) -> None:
    prove(exercise)


def test_lessons_with_exercises_have_three() -> None:
    lessons = [exercise.lesson for exercise in exercises()]
    assert {lesson: lessons.count(lesson) for lesson in lessons if lessons.count(lesson) < 3} == {}
