"""Where the player puts the names of points: beside them, off what they would hide."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import in_module

PANEL = {"height": 96, "width": 128}


def sides(marks: list[tuple[str, list[float]]]) -> list[str | None]:
    sent = [{"id": f"{number}", "kind": kind, "at": at} for number, (kind, at) in enumerate(marks)]
    return in_module("player/tags.js", "sidesOf", "return sidesOf(marks, panel)", marks=sent, panel=PANEL)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([("point", [60, 40])], ["right"]),
        ([("point", [126, 40])], ["left"]),  # the edge
        ([("point", [60, 40]), ("point", [66, 40])], ["left", "right"]),  # neither lies on the other
        ([("point", [60, 40]), ("arrow", [60, 40, 72, 40])], ["left", None]),
        ([("point", [60, 40]), ("arrow", [50, 40, 72, 40])], ["above", None]),  # an arrow on both sides
        ([("point", [60, 2]), ("arrow", [50, 2, 72, 2])], ["below", None]),  # and the edge above
        ([("mask", []), ("box", [1, 2, 3, 4])], [None, None]),
    ],
)
def test_a_name_stands_where_it_hides_nothing(marks: list, expected: list) -> None:
    assert sides(marks) == expected


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(20, 108), st.integers(20, 76)), min_size=1, max_size=5))
def test_names_of_points_that_lie_far_apart_all_stand_at_the_right(places: list[tuple[int, int]]) -> None:
    apart = all(abs(x - u) > 24 or abs(y - v) > 12 for n, (x, y) in enumerate(places) for u, v in places[:n])
    found = sides([("point", [x, y]) for x, y in places])
    assert set(found) <= {"right", "left", "above", "below"}
    assert not apart or set(found) == {"right"}
