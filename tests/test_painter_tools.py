"""What painting is made of, in painter_tools.js: against NumPy, scikit-image and matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from javascript import in_node
from matplotlib.path import Path as Polygon
from skimage.measure import label as regions

from helpers.categories import VOID

pytestmark = pytest.mark.lesson1


def node(script: str, **values: Any) -> Any:
    """What a script returns that knows painter_tools.js and these values; `map(rows)` makes a label map of rows."""
    make = "const map = (rows) => ({height: rows.length, width: rows[0].length, labels: Uint8Array.from(rows.flat())});"
    return in_node(("painter_tools.js",), f"{make}\n{script}", **values)


def filled(pixels: list[int], shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask.flat[pixels] = True
    return mask


def test_the_brush_is_round_and_ends_at_the_edge() -> None:
    rows, columns = np.indices((30, 40))
    sizes = node("return SIZES;")
    assert sizes == [1, 3, 5, 9, 15, 25, 41]
    places = [(size, row, column) for size in sizes for row, column in [(15, 20), (0, 39), (-3, 5), (29, 0)]]
    script = "return places.map(([size, row, column]) => disc({height: 30, width: 40}, {row, column}, size));"
    for (size, row, column), pixels in zip(places, node(script, places=places), strict=True):
        expected = (rows - row) ** 2 + (columns - column) ** 2 <= (size / 2) ** 2
        assert (filled(pixels, (30, 40)) == expected).all(), (size, row, column)
        assert len(pixels) == len(set(pixels))


def test_a_fast_stroke_has_no_gap() -> None:
    ends = [[0, 0, 0, 9], [2, 3, 11, 5], [5, 5, 5, 5], [9, 0, 0, 13], [3, 12, 7, 1]]
    script = "return ends.map(([a, b, c, d]) => line({row: a, column: b}, {row: c, column: d}));"
    for (a, b, c, d), positions in zip(ends, node(script, ends=ends), strict=True):
        path = np.array([(each["row"], each["column"]) for each in positions])
        assert path[0].tolist() == [a, b] and path[-1].tolist() == [c, d]
        assert (np.abs(np.diff(path, axis=0)).max(axis=1, initial=1) == 1).all()
        # Never more than half a pixel away from the straight line.
        share = np.linspace(0, 1, len(path))[:, None]
        assert (np.abs(path - ([a, b] + share * [c - a, d - b])) <= 0.5).all()


@pytest.mark.parametrize("seed", range(3))
def test_fill_takes_the_connected_region_of_equal_label(seed: int) -> None:
    labels = np.random.default_rng(seed).choice([0, 1, VOID], (25, 31))
    expected = regions(labels, background=-1, connectivity=1)
    starts = [[0, 0], [24, 30], [0, 30], [24, 0], [12, 15], [3, 8]]
    script = "return starts.map(([row, column]) => region(map(rows), {row, column}));"
    for (row, column), pixels in zip(starts, node(script, rows=labels.tolist(), starts=starts), strict=True):
        assert (filled(pixels, labels.shape) == (expected == expected[row, column])).all()
    rest = node("return withLabel(map(rows), VOID);", rows=labels.tolist())
    assert (filled(rest, labels.shape) == (labels == VOID)).all()


def test_a_thin_slanted_line_holds_the_fill() -> None:
    script = """const drawn = map(Array.from({length: 12}, () => Array(12).fill(255)));
        const corners = [[0, 5], [5, 11], [11, 0]].map(([row, column]) => ({row, column}));
        for (const at of [0, 1]) paint(drawn, stroke(drawn, corners[at], corners[at + 1], 1), 1);
        return [region(drawn, {row: 0, column: 11}).length, drawn.labels.filter((each) => each === 1).length];"""
    corner, line = node(script)
    assert corner < 60 and line >= 12


@pytest.mark.parametrize(
    "points",
    [[[2, 3], [20, 8], [12, 28]], [[1, 1], [1, 25], [22, 25], [10, 13], [22, 1]], [[4, 4], [20, 25], [4, 25], [20, 4]]],
)
def test_an_outline_is_filled_with_its_edge(points: list[list[int]]) -> None:
    script = "return polygon({height: 24, width: 30}, points.map(([row, column]) => ({row, column})));"
    mask = filled(node(script, points=points), (24, 30))
    positions = np.argwhere(np.ones((24, 30), bool))
    # The third one crosses itself: its edges are far enough from every pixel that is asked about.
    corners = np.array([*points, points[0]])
    lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    far = np.full((24, 30), np.inf)
    for (a, b), length in zip(zip(corners[:-1], corners[1:], strict=True), lengths, strict=True):
        share = np.clip((positions - a) @ (b - a) / length**2, 0, 1)[:, None]
        far = np.minimum(far, np.linalg.norm(positions - (a + share * (b - a)), axis=1).reshape(24, 30))
    inside = Polygon(points).contains_points(positions).reshape(24, 30)
    if len(points) == 4:  # matplotlib fills by winding, we by even and odd: the same here but for the sign
        inside = (Polygon([points[0], points[1], [12, 14.5]]).contains_points(positions)).reshape(24, 30) | inside
    assert (mask == inside)[far > 0.75].all()
    assert mask[far < 0.01].all() and all(mask[row, column] for row, column in points)


def test_sixty_steps_back_and_forth() -> None:
    script = """const steps = new History(), states = [new Uint8Array(50).fill(255)], labels = states[0].slice();
        for (let step = 0; step < 60; step++) {
            const before = labels.slice();
            for (let at = step % 7; at < 50; at += 1 + (step % 5)) labels[at] = step % 9;
            steps.note(before, labels);
            states.push(labels.slice());
        }
        const same = (a, b) => a.every((each, at) => each === b[at]);
        const back = states.slice(0, 60).reverse().every((state) => steps.undo(labels) && same(labels, state));
        const empty = steps.undo(labels);
        const forth = states.slice(1).every((state) => steps.redo(labels) && same(labels, state));
        return [back, empty, forth, steps.redo(labels)];"""
    assert node(script) == [True, False, True, False]


def test_a_new_step_ends_what_was_undone_and_nothing_is_no_step() -> None:
    script = """const steps = new History(), labels = Uint8Array.from([1, 1, 1]);
        const noted = [steps.note(Uint8Array.from([0, 1, 1]), labels), steps.note(labels, labels)];
        steps.undo(labels);
        const before = labels.slice();
        labels[2] = 5;
        steps.note(before, labels);
        noted.push(steps.redo(labels), steps.undo(labels), [...labels], steps.undo(labels));
        for (let step = 0; step < 150; step++) steps.note(Uint8Array.from([0]), Uint8Array.from([1]));
        return [...noted, steps.steps.length, steps.done];"""
    assert node(script) == [True, False, False, True, [0, 1, 1], False, 100, 100]


def test_a_name_stands_where_there_is_room() -> None:
    labels = np.full((20, 30), VOID)
    labels[:, :20] = 0
    labels[3:12, 4:13] = 6  # its middle is (7, 8), five steps from any other label
    points = node("return namePoints(map(rows));", rows=labels.tolist())
    assert sorted(each["label"] for each in points) == [0, 6]
    car = next(each for each in points if each["label"] == 6)
    assert (car["row"], car["column"], car["room"]) == (7, 8, 5)
    sky = next(each for each in points if each["label"] == 0)
    assert labels[sky["row"], sky["column"]] == 0


def test_verdicts_on_all_categories_and_on_one() -> None:
    painted, truth = [0, 1, 1, VOID, 0, 2, 0], [0, 0, 1, 1, VOID, 2, 1]
    script = "const [a, b] = [painted, truth].map((each) => Uint8Array.from(each));"
    script += "return [null, 0, 1, 6].map((each) => [...verdicts(a, b, each)]);"
    none, right, wrong, missed, uncounted = range(5)
    assert node(script, painted=painted, truth=truth) == [
        [right, wrong, right, missed, uncounted, right, wrong],
        [right, missed, none, none, uncounted, none, wrong],
        [none, wrong, right, missed, uncounted, none, missed],
        [none, none, none, none, uncounted, none, none],
    ]


def test_the_stopwatch_counts_work_alone() -> None:
    script = """const watch = new Stopwatch(10), read = [];
        const tick = (now, inSight) => { watch.tick(now, inSight); read.push(watch.seconds); };
        tick(500, true);      // not started
        watch.start(600);
        tick(850, true);
        tick(1100, false);    // out of sight
        watch.start(1200);    // runs already: no time is lost
        tick(1350, true);
        tick(90000, true);    // the computer slept: one second at most
        watch.running = false;
        tick(90250, true);
        watch.start(95000);
        tick(95250, true);
        return read;"""
    assert node(script) == pytest.approx([10, 10.25, 10.25, 10.5, 11.5, 11.5, 11.75])


def test_times_and_shares_in_words() -> None:
    assert node("return [0, 59.9, 60, 185].map(clock);") == ["0:00", "0:59", "1:00", "3:05"]
    shares = [[0, 1000], [1, 1000], [500, 1000], [999, 1000], [1000, 1000]]
    assert node("return shares.map(([a, b]) => percent(a, b));", shares=shares) == [0, 1, 50, 99, 100]
