"""The painter: the score, what the kernel accepts and tells, what the page is made of, and painting in a browser."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from lab import open_notebook, running_browser, running_lab
from matplotlib.path import Path as Polygon
from PIL import Image
from playwright._impl._driver import compute_driver_executable
from skimage.measure import label as regions
from sklearn.metrics import jaccard_score

from helpers import course
from helpers.categories import COINS, STREET, VOID
from helpers.course import progress
from helpers.labels import Segment
from helpers.scenes.photos import coins
from helpers.scenes.scene import Scene
from helpers.scenes.street import street
from helpers.show.painter import OPACITY, Painter, duration, pack_answer, painter, render, unpack_answer
from helpers.show.painting_score import score_painting

pytestmark = pytest.mark.lesson1
_ = VOID
TRUTH = [[_, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [6, 6, 6, 6, 6, 6], [6, 6, 6, 6, 6, 6]]
"""4×6: one pixel of void, eleven of sky, twelve of car."""


def small_scene(truth: list[list[int]] = TRUTH) -> Scene:
    semantic = torch.tensor(truth)
    panoptic = torch.where(semantic == VOID, 0, semantic + 1)
    ids = [number for number in panoptic.unique().tolist() if number]
    segments = tuple(Segment(each, each - 1, each == 7, int((panoptic == each).sum())) for each in ids)
    return Scene("small", torch.arange(72).reshape(3, 4, 6) / 255, panoptic, segments, STREET)


# --- the score --------------------------------------------------------------------------------------------------------


def test_the_score_as_counted_by_hand() -> None:
    painted = [[0, 0, 0, 0, 0, 0], [0, 0, 0, _, 2, 6], [6, 6, 6, 6, 6, 6], [0, 0, 0, _, _, _]]
    score = score_painting(np.array(painted), torch.tensor(TRUTH), STREET)
    assert (score.counted, score.right, score.unlabelled, score.void) == (23, 14, 4, 1)
    assert [(each.category.name, each.both, each.painted, each.truth) for each in score.categories] == [
        ("sky", 8, 11, 11),  # the sky painted on the void pixel does not count
        ("road", 0, 1, 0),
        ("car", 6, 7, 12),
    ]
    assert [each.iou for each in score.categories] == [8 / 14, 0, 6 / 13]
    assert score.mean_iou == pytest.approx((8 / 14 + 6 / 13) / 2)  # road is not in the picture: no part in the mean
    assert score.pixel_accuracy == 14 / 23


def test_the_truth_itself_scores_one_and_nothing_scores_zero() -> None:
    truth = torch.tensor(TRUTH)
    best, none = (score_painting(each, truth, STREET) for each in (truth, torch.full_like(truth, VOID)))
    assert (best.mean_iou, best.pixel_accuracy, best.unlabelled) == (1, 1, 0)
    assert (none.mean_iou, none.pixel_accuracy, none.unlabelled) == (0, 0, 23)


@pytest.mark.parametrize("seed", range(5))
def test_the_iou_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, painted = rng.choice([0, 1, 2, 3, 5, VOID], (2, 30, 40))
    painted[painted == 3] = 7  # 3 is in the truth alone, 7 in the painting alone
    score = score_painting(painted, truth, STREET)
    counts = truth != VOID
    labels = [each.category.id for each in score.categories]
    expected = jaccard_score(truth[counts], painted[counts], labels=labels, average=None)
    assert labels == [0, 1, 2, 3, 5, 7]
    assert [each.iou for each in score.categories] == pytest.approx(expected)
    assert score.mean_iou == pytest.approx(expected[:5].mean())
    assert score.pixel_accuracy == pytest.approx((truth == painted)[counts].mean())


@pytest.mark.parametrize(
    ("painted", "truth", "words"),
    [
        (np.zeros((4, 5), int), TRUTH, r"painted: expected the size of the truth, \[4, 6\], got \[4, 5\]"),
        (np.full((4, 6), 8), TRUTH, r"painted: expected ids 0..7 or 255, got \[8\]"),
        (np.full((4, 6), -1), TRUTH, r"painted: expected ids 0..7 or 255, got \[-1\]"),
        (np.zeros((4, 6)), TRUTH, r"painted: expected integers \[H, W\], got float64 \[4, 6\]"),
        (np.zeros((4, 6), int), np.full((4, 6), VOID), "semantic: expected at least one pixel with a label"),
        (np.zeros((4, 6), int), np.full((4, 6), 9), r"semantic: expected ids 0..7 or 255, got \[9\]"),
    ],
)
def test_maps_that_cannot_be_scored(painted: np.ndarray, truth: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        score_painting(painted, np.array(truth), STREET)


# --- the widget in the kernel -----------------------------------------------------------------------------------------


class Told(list):
    """What a painter sends to its page."""

    def __init__(self, widget: Painter) -> None:
        super().__init__()
        widget.send = lambda message, buffers=(): self.append((message, [bytes(each) for each in buffers]))


def ask(widget: Painter, message: Any, *maps: np.ndarray) -> None:
    """What arrives when the page sends a message: maps as memory views."""
    widget._handle_custom_msg(message, [memoryview(each.astype(np.uint8).tobytes()) for each in maps])


def bytes_of(labels: list[list[int]]) -> bytes:
    return np.array(labels, np.uint8).tobytes()


def test_the_repr_and_the_picture() -> None:
    assert repr(painter(street(7))) == "Painter('street 7', 96×128)"
    assert repr(painter(coins().image, COINS)) == "Painter('picture', 303×384)"
    data, metadata = painter(small_scene())._repr_mimebundle_()
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json", "image/png"}
    assert data["text/plain"] == "Painter('small', 4×6)"
    assert Image.open(io.BytesIO(data["image/png"])).size == (360, 240)
    assert metadata["image/png"]["alt"] == "small: a picture to paint labels on"


def test_render_lays_the_paint_over_the_image() -> None:
    image = np.full((2, 3, 3), 100, np.uint8)
    picture = render(image, np.array([[0, VOID, VOID], [VOID, 7, VOID]], np.uint8), STREET)
    assert picture.shape == (240, 360, 3) and picture.dtype == np.uint8
    mixed = [[round(100 * (1 - OPACITY) + channel * OPACITY) for channel in STREET[each].color] for each in (0, 7)]
    assert picture[0, 0].tolist() == mixed[0] and picture[239, 239].tolist() == mixed[1]
    assert (picture[:120, 120:] == 100).all() and (picture[120:, :120] == 100).all()


def test_the_page_is_not_told_the_truth() -> None:
    first, second = (painter(small_scene(truth)) for truth in (TRUTH, [[3] * 6] * 4))
    states = [
        {k: v for k, v in widget.get_state().items() if k[0] != "_" and k != "layout"} for widget in (first, second)
    ]
    assert states[0] == states[1]
    assert set(states[0]) >= {"info", "image", "painting", "seconds", "start"}
    told = Told(first)
    ask(first, {"type": "hello"})
    assert told == []


def test_the_labels_follow_the_page() -> None:
    widget = painter(small_scene())
    assert widget.labels.dtype == torch.int64 and (widget.labels == VOID).all()
    told = Told(widget)
    widget.set_state({"painting": memoryview(bytes_of(TRUTH)), "seconds": 12.5})
    assert widget.labels.tolist() == TRUTH and widget.seconds == 12.5 and told == []
    widget.set_state({"painting": memoryview(b"\0" * 23)})
    widget.set_state({"painting": memoryview(b"\x09" * 24)})
    widget.set_state({"painting": "paint"})
    assert [message["reason"] for message, _ in told] == [
        "painting: expected 4 × 6 = 24 labels, got 23",
        "painting: expected ids 0..7 or 255, got [9]",
        "painting: expected bytes, got str",
    ]
    assert widget.labels.tolist() == TRUTH


def test_a_score_is_told_with_the_truth_and_kept() -> None:
    kept = []
    widget = painter(small_scene(), record=lambda *entry: kept.append(entry))
    told = Told(widget)
    painted = np.array([[0] * 6, [_] * 6, [6] * 6, [6] * 6])
    ask(widget, {"type": "score", "seconds": 200.4}, painted)
    [(report, maps)] = told
    assert maps == [painted.astype(np.uint8).tobytes(), bytes_of(TRUTH)]
    assert report["rows"] == [
        {"id": 0, "iou": 5 / 11, "painted": 5, "truth": 11},
        {"id": 6, "iou": 1.0, "painted": 12, "truth": 12},
    ]
    assert (report["mean_iou"], report["pixel_accuracy"]) == (8 / 11, 17 / 23)
    assert (report["counted"], report["unlabelled"], report["void"]) == (23, 6, 1)
    assert report["words"] == "You took 3 min 20 s for 4 × 6 pixels." and report["trouble"] == ""
    [(answer, score, seconds)] = kept
    assert (score, seconds) == (8 / 11, 200.4)
    assert (unpack_answer(json.loads(json.dumps(answer)), (4, 6), STREET)[0] == painted).all()
    ask(widget, {"type": "hello"})  # a page that opens later is told the same
    assert told[1] == told[0]


@pytest.mark.parametrize(
    ("message", "maps", "reason"),
    [
        ({"type": "score", "seconds": 1}, [np.zeros((4, 5))], "painting: expected 4 × 6 = 24 labels, got 20"),
        ({"type": "score", "seconds": 1}, [np.full((4, 6), 8)], "painting: expected ids 0..7 or 255, got [8]"),
        ({"type": "score", "seconds": 1}, [], "buffers: expected one label map, got 0"),
        ({"type": "score", "seconds": -1}, [np.zeros((4, 6))], "seconds: expected a time from 0, got -1"),
        ({"type": "score", "seconds": float("nan")}, [np.zeros((4, 6))], "seconds: expected a time from 0, got nan"),
        ({"type": "score"}, [np.zeros((4, 6))], "message: expected hello or score, got {'type': 'score'}"),
        ("score", [], "message: expected hello or score, got 'score'"),
    ],
)
def test_what_cannot_be_scored_is_refused_and_the_widget_goes_on(message: Any, maps: list, reason: str) -> None:
    kept = []
    widget = painter(small_scene(), record=lambda *entry: kept.append(entry))
    told = Told(widget)
    ask(widget, message, *maps)
    assert told == [({"type": "refused", "reason": reason}, [])] and not kept
    ask(widget, {"type": "score", "seconds": 1}, np.array(TRUTH))
    assert told[1][0]["mean_iou"] == 1 and len(kept) == 1


def test_a_record_that_fails_costs_no_score() -> None:
    def full(*entry: Any) -> None:
        raise OSError("Your progress could not be stored: the disk is full.")

    widget = painter(small_scene(), record=full)
    told = Told(widget)
    ask(widget, {"type": "score", "seconds": 1}, np.array(TRUTH))
    assert told[0][0]["mean_iou"] == 1
    assert told[0][0]["trouble"] == "Your progress could not be stored: the disk is full."


def test_a_picture_without_truth_is_painted_but_not_scored() -> None:
    for widget in (painter(small_scene().image, STREET), painter(small_scene([[VOID] * 6] * 4))):
        told = Told(widget)
        assert not widget.info["scorable"]
        widget.set_state({"painting": memoryview(bytes_of(TRUTH))})
        assert widget.labels.tolist() == TRUTH
        ask(widget, {"type": "score", "seconds": 1}, np.array(TRUTH))
        assert told[0][0] == {"type": "refused", "reason": "score: nobody knows the truth of this picture"}


def test_an_earlier_painting_is_shown_again_with_its_score() -> None:
    widget = painter(small_scene(), earlier=pack_answer(np.array(TRUTH, np.uint8), 61.26), start=[[0] * 6] * 4)
    told = Told(widget)
    assert widget.labels.tolist() == TRUTH and widget.seconds == 61.3
    assert widget.start == b"\0" * 24  # where "Start over" leads
    ask(widget, {"type": "hello"})
    [(report, maps)] = told
    assert report["mean_iou"] == 1 and report["words"].startswith("You took 1 min 1 s ") and len(maps) == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (pack_answer(np.zeros((4, 7), np.uint8), 1), "expected a painting of 4×6, got 4×7"),
        (pack_answer(np.full((4, 6), 8, np.uint8), 1), r"earlier: expected ids 0..7 or 255, got \[8\]"),
        (pack_answer(np.zeros((4, 6, 3), np.uint8), 1), "damaged"),
        (pack_answer(np.zeros((4, 6), np.uint8), float("inf")), "damaged"),
        ({"labels": "iVBORw0KGgo=", "seconds": 1}, "damaged"),
        ({"labels": "é", "seconds": 1}, "damaged"),
        ({"labels": None, "seconds": 1}, "damaged"),
        ({"seconds": 1}, "damaged"),
        ({"labels": pack_answer(np.zeros((4, 6), np.uint8), 1)["labels"], "seconds": "soon"}, "damaged"),
        ([], "damaged"),
    ],
)
def test_an_earlier_painting_that_does_not_fit_is_left_out(answer: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        unpack_answer(answer, (4, 6), STREET)
    widget = painter(small_scene(), earlier=answer)
    told = Told(widget)
    assert (widget.labels == VOID).all()
    ask(widget, {"type": "hello"})
    assert told[0][0]["reason"].startswith("Your earlier labels cannot be shown: earlier: expected")


def test_a_truncated_answer_is_left_out() -> None:
    answer = pack_answer(np.random.default_rng(0).integers(0, 8, (96, 128)).astype(np.uint8), 1)
    data = base64.b64decode(answer["labels"])
    for length in (50, len(data) // 2, len(data) - 100):
        cut = answer | {"labels": base64.b64encode(data[:length]).decode()}
        with pytest.raises(ValueError, match="damaged"):
            unpack_answer(cut, (96, 128), STREET)


def test_the_learners_progress_keeps_it() -> None:
    scene = street(2_000_003)
    widget = painter(scene, **course.painting("01", "street"))
    Told(widget)
    ask(widget, {"type": "score", "seconds": 90.5}, scene.semantic.numpy())
    entry = progress.last("01", "paint", "street")
    assert (entry.score, entry.seconds) == (1, 90.5)
    assert (painter(scene, **course.painting("01", "street")).labels == scene.semantic).all()
    assert len(json.dumps(entry.answer)) < 4000


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: painter(small_scene().image), "categories: expected a CategorySet"),
        (lambda: painter(small_scene(), STREET), "categories: expected none"),
        (lambda: painter(torch.zeros(3, 513, 8), STREET), "scene: expected at most 512×1024, got 513×8"),
        (
            lambda: painter(small_scene(), start=[[0]]),
            r"start: expected the size of the picture, \[4, 6\], got \[1, 1\]",
        ),
        (lambda: painter(small_scene(), start=[[8] * 6] * 4), r"start: expected ids 0..7 or 255, got \[8\]"),
        (lambda: painter(torch.zeros(4, 8), STREET), "image: expected float"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_a_time_in_words() -> None:
    assert [duration(each) for each in (0, 59.9, 60, 200, 3723)] == [
        "0 s",
        "59 s",
        "1 min 0 s",
        "3 min 20 s",
        "62 min 3 s",
    ]


# --- the tools in JavaScript ------------------------------------------------------------------------------------------


def node(script: str, **values: Any) -> Any:
    """What a script returns that knows painter_tools.js and these values; `map(rows)` makes a label map of rows."""
    found = shutil.which("node") or compute_driver_executable()[0]
    tools = Path(sys.modules[Painter.__module__].__file__).with_name("painter_tools.js").read_text("utf-8")
    make = "const map = (rows) => ({height: rows.length, width: rows[0].length, labels: Uint8Array.from(rows.flat())});"
    known = f"const {{{', '.join(values)}}} = {json.dumps(values)};"
    main = f"{tools}\n{known}\n{make}\nconsole.log(JSON.stringify((() => {{ {script} }})()));"
    done = subprocess.run([found, "--input-type=module", "-"], input=main, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


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


# --- in the browser, without JupyterLab -------------------------------------------------------------------------------

_MOUNT = """async ([source, style, traits, maps, width]) => {
    const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
    const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
    const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""));
    const values = {...traits, ...Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, bytes(map)]))};
    const listeners = {};
    const model = {
        get: (name) => values[name],
        set: (name, value) => { values[name] = value; listeners["change:" + name]?.(); },
        save_changes: () => window.toKernel("update", {seconds: values.seconds}, [text(values.painting.buffer)]),
        send: (message, _, maps = []) => window.toKernel("custom", message, maps.map(text)),
        on: (name, call) => (listeners[name] = call),
        off: (name) => delete listeners[name],
    };
    window.toPage = (message, maps) => listeners["msg:custom"]?.(message, maps.map(bytes));
    document.querySelectorAll("style").forEach((each) => each.remove());
    const sheet = document.createElement("style");
    sheet.textContent = style;
    document.head.append(sheet);
    const place = document.createElement("div");
    place.style.width = width + "px";
    document.body.style.margin = 0;
    document.body.replaceChildren(place);
    window.leave?.();
    window.leave = module.default.render({model, el: place});
    window.fetched = (name) => text(values[name].buffer);
}"""


class Page:
    """A page with one painter in it, joined to its real kernel half."""

    def __init__(self, page: Any) -> None:
        self.page, self.widget, self.told = page, None, None
        page.expose_function("toKernel", self._receive)

    def _receive(self, kind: str, message: dict, maps: list[str]) -> None:
        views = [memoryview(base64.b64decode(each)) for each in maps]
        if kind == "update":
            self.widget.set_state({"painting": views[0], "seconds": message["seconds"]})
        else:
            self.widget._handle_custom_msg(message, views)
        for reply, buffers in self.told:
            texts = [base64.b64encode(each).decode() for each in buffers]
            self.page.evaluate("([message, maps]) => void setTimeout(() => toPage(message, maps))", [reply, texts])
        self.told.clear()

    def mount(self, widget: Painter, width: int = 860) -> None:
        self.widget, self.told = widget, Told(widget)
        maps = {name: base64.b64encode(getattr(widget, name)).decode() for name in ("image", "start", "painting")}
        traits = {"info": widget.info, "seconds": widget.seconds}
        self.page.evaluate(_MOUNT, [str(widget._esm), str(widget._css), traits, maps, width])
        self.picture.wait_for()
        self.frame()

    def frame(self) -> None:
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    @property
    def picture(self) -> Any:
        return self.page.locator(".pp-main")

    def at(self, row: float, column: float) -> tuple[float, float]:
        """Where the middle of a pixel is on the screen."""
        box = self.picture.bounding_box()
        height, width = self.widget.info["height"], self.widget.info["width"]
        return box["x"] + (column + 0.5) * box["width"] / width, box["y"] + (row + 0.5) * box["height"] / height

    def drag(self, *positions: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*positions[0]))
        self.page.mouse.down()
        for position in positions[1:]:
            self.page.mouse.move(*self.at(*position))
        self.page.mouse.up()

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def labels(self) -> np.ndarray:
        """The labels that the kernel has, once the page has sent them: a timer of the page's own, so it comes later."""
        self.page.evaluate("new Promise((done) => setTimeout(done, 300))")
        self.page.wait_for_timeout(20)
        return self.widget.labels.numpy()

    def status(self) -> str:
        self.frame()
        return self.page.locator(".pv-status").inner_text()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Any]:
    with running_browser(chromium_path) as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Page]:
    tab = browser.new_context(viewport={"width": 1000, "height": 900}, has_touch=True).new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", lambda message: message.type == "error" and problems.append(message.text))
    yield Page(tab)
    assert not problems


def disc(shape: tuple[int, int], row: int, column: int, size: int) -> np.ndarray:
    rows, columns = np.indices(shape)
    return (rows - row) ** 2 + (columns - column) ** 2 <= (size / 2) ** 2


@pytest.mark.browser
def test_brush_eraser_and_undo_with_the_mouse(page: Page) -> None:
    page.mount(painter(street(7)))
    shape = (96, 128)
    page.page.get_by_role("radio", name="car", exact=True).check()
    page.drag((20, 30))
    first = disc(shape, 20, 30, 5)
    assert (page.labels() == np.where(first, 6, VOID)).all()
    page.keys("0", "]")
    page.drag((60, 10), (60, 100), (60, 140))  # two jumps, and out of the picture
    expected = np.where(first, 6, VOID)
    expected[56:65, 10:] = 0
    bar = page.labels()
    assert (bar[56:65, 10:] == expected[56:65, 10:]).all() and (bar[20, 28:33] == 6).all()
    assert (bar != VOID).sum() == first.sum() + 9 * 118 + (disc(shape, 60, 10, 9)[:, :10]).sum()
    page.page.get_by_role("radio", name="eraser").check(force=True)
    page.drag((60, 50))
    assert (page.labels() == np.where(disc(shape, 60, 50, 9), VOID, bar)).all()
    page.press("Undo")
    assert (page.labels() == bar).all()
    page.press("Undo")
    page.keys("Control+z")
    assert (page.labels() == VOID).all()
    assert page.status().endswith("Undone.")
    assert page.page.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"
    page.keys("Control+y", "Control+Shift+z")
    assert (page.labels() == bar).all()


@pytest.mark.browser
def test_everything_with_keys(page: Page) -> None:
    page.mount(painter(small_scene()))
    page.picture.focus()
    page.keys("[", "[", "[", "Home", "Shift+ArrowUp", "6", "Space")  # one pixel wide, at (0, 0)
    page.page.keyboard.down("Space")
    page.keys("ArrowRight", "ArrowRight", "ArrowDown")
    page.page.keyboard.up("Space")
    page.keys("ArrowDown")
    assert page.labels().tolist() == [[6, 6, 6, _, _, _], [_, _, 6, _, _, _], [_] * 6, [_] * 6]
    assert page.status() == "row 2, column 2 · unlabelled"
    page.keys("ArrowUp", "e", "Enter")
    assert page.labels()[1, 2] == VOID
    page.keys("f", "3", "ArrowUp", "Space")  # the six of the first row become sidewalk
    assert page.labels().tolist() == [[3, 3, 3, _, _, _], [_] * 6, [_] * 6, [_] * 6]
    assert page.status() == "row 0, column 2 · sidewalk\nFilled: 3 pixels are sidewalk now."
    page.keys("o", "Shift+ArrowDown", "Home", "5", "Space", "End", "Space", "ArrowUp", "Space", "Enter")
    assert page.labels()[2:].tolist() == [[_, _, _, 5, 5, 5], [5] * 6]
    page.keys("Space", "Escape", "9", "7", "r")
    labels = page.labels()
    assert (labels[1] == 7).all() and not (labels == VOID).any()
    assert page.page.locator(".pp-share").inner_text() == "100 % labelled"
    page.keys("r")
    assert page.status().endswith("Every pixel has a label already.")
    page.keys(*["Control+z"] * 20)
    assert (page.labels() == VOID).all()


@pytest.mark.browser
def test_an_outline_and_a_fill_with_the_mouse(page: Page) -> None:
    page.mount(painter(street(7)))
    page.picture.focus()
    page.keys("o", "2")
    for corner in [(60, 20), (60, 90), (85, 90), (85, 20)]:
        page.page.mouse.click(*page.at(*corner))
    assert page.status().endswith("Corner 4. Enter closes the outline and fills it.")
    page.page.mouse.click(*page.at(60.4, 20.4))  # on the first corner
    expected = np.full((96, 128), VOID)
    expected[60:86, 20:91] = 2
    assert (page.labels() == expected).all()
    page.keys("f", "4")
    page.page.mouse.click(*page.at(5, 5))
    expected[expected == VOID] = 4
    assert (page.labels() == expected).all()
    assert page.page.locator(".pp-closing").is_hidden()


@pytest.mark.browser
def test_a_finger_paints(page: Page) -> None:
    page.mount(painter(street(7)), width=400)
    page.page.touchscreen.tap(*page.at(40, 60))
    assert (page.labels() == np.where(disc((96, 128), 40, 60, 5), 0, VOID)).all()
    assert page.picture.evaluate("(each) => getComputedStyle(each).touchAction") == "none"


@pytest.mark.browser
def test_the_score_in_the_page(page: Page) -> None:
    kept = []
    page.mount(painter(small_scene(), record=lambda *entry: kept.append(entry)))
    page.press("Score my labels")
    assert page.status().endswith("Paint something first.") and not kept
    page.picture.focus()
    page.keys("f", "6", "Space", "b", "[", "[", "0", "Home", "Shift+ArrowUp", "Space")  # all car, but (0, 0) sky
    page.press("Score my labels")
    result = page.page.locator(".pp-result")
    result.wait_for()
    lines = result.locator(".pp-verdict").inner_text().split("\n")
    # car: 12 of 23; sky: the one sky pixel is void in the truth.
    assert lines[0] == "Mean IoU 0.26"
    assert "You took 0 s for 4 × 6 pixels." in lines
    assert "52.2 % of the 23 pixels that count are right. 1 void in the truth does not count." in lines
    rows = [row.inner_text().split() for row in result.locator("tr").all()]
    assert rows[1:] == [["All:", "mean", "of", "2", "0.26"], ["sky", "0.00"], ["car", "0.52"]]
    assert result.locator("figcaption").inner_text().split("\n") == [
        "right 50.0 %",
        "another label 45.8 %",
        "void 4.2 %",
    ]
    result.get_by_role("radio", name="sky").check()
    assert result.locator("figcaption").inner_text().split("\n") == ["only in the truth 45.8 %", "void 4.2 %"]
    canvas = result.locator("canvas[role=img]")
    assert canvas.get_attribute("aria-label") == "Where it differs, sky: only in the truth 45.8 %, void 4.2 %"
    box = canvas.bounding_box()
    canvas.hover(position={"x": box["width"] * 3.5 / 6, "y": box["height"] * 2.5 / 4})
    page.frame()
    assert result.locator(".pp-where").inner_text() == "row 2, column 3 · scored: car · truth: car"
    [(answer, score, _seconds)] = kept
    assert score == pytest.approx(12 / 23 / 2)
    assert page.page.get_by_role("button", name="Score again").get_attribute("aria-disabled") == "false"


@pytest.mark.browser
def test_a_refusal_is_a_sentence_and_painting_goes_on(page: Page) -> None:
    page.mount(painter(small_scene()))
    page.picture.focus()
    page.keys("Space")
    page.page.evaluate("toKernel('custom', {type: 'score', seconds: 1}, [btoa('short')])")
    alert = page.page.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "painting: expected 4 × 6 = 24 labels, got 5"
    page.press("Score my labels")
    page.page.locator(".pp-verdict").wait_for()
    assert alert.is_hidden()


@pytest.mark.browser
def test_an_earlier_painting_stands_there_with_its_score(page: Page) -> None:
    page.mount(painter(small_scene(), earlier=pack_answer(np.array(TRUTH, np.uint8), 65)))
    page.page.locator(".pp-verdict").wait_for()
    assert page.page.locator(".pp-verdict h3").inner_text() == "Mean IoU 1.00"
    assert page.page.locator(".pp-time").inner_text() == "1:05"
    page.page.wait_for_timeout(600)
    assert page.page.locator(".pp-time").inner_text() == "1:05"  # runs from the first stroke on
    page.press("Start over")
    assert "cannot be undone" in page.status()
    page.press("Really start over?")
    assert (page.labels() == VOID).all()
    assert page.page.locator(".pp-time").inner_text() == "0:00"


@pytest.mark.browser
def test_the_clock_stands_still_out_of_sight(page: Page) -> None:
    page.mount(painter(small_scene()))
    page.picture.focus()
    page.keys("Space")
    page.page.wait_for_timeout(1400)
    assert page.page.locator(".pp-time").inner_text() == "0:01"
    page.page.evaluate("document.body.style.paddingTop = '3000px'; scrollTo(0, 0)")
    page.page.wait_for_timeout(1500)
    assert page.page.locator(".pp-time").inner_text() == "0:01"
    page.page.evaluate("document.body.style.paddingTop = ''")


@pytest.mark.browser
def test_without_a_truth_there_is_nothing_to_score(page: Page) -> None:
    page.mount(painter(small_scene().image, STREET))
    assert page.page.get_by_role("button", name="Score").count() == 0
    page.drag((1, 1))
    assert (page.labels() != VOID).any()


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 400, 718, 860])
def test_nothing_is_wider_than_the_place_it_has(page: Page, width: int) -> None:
    page.mount(painter(coins(), earlier=pack_answer(coins().semantic.numpy().astype(np.uint8), 5000)), width)
    page.page.locator(".pp-verdict").wait_for()
    page.frame()
    parts = "[...document.querySelectorAll('.pp, .pp *:not(.pv-unseen, span, kbd)')]"
    too_wide = f"{parts}.filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth)"
    assert page.page.evaluate(f"{too_wide}.map((each) => each.className || each.tagName)") == []
    outside = f"{parts}.filter((each) => each.getBoundingClientRect().right > {width})"
    assert page.page.evaluate(f"{outside}.map((each) => each.className || each.tagName)") == []


@pytest.mark.browser
def test_the_largest_picture_follows_the_pointer(page: Page) -> None:
    page.mount(painter(street(3, size=(512, 1024))))
    page.picture.focus()
    page.keys("]", "]", "]")
    box = page.picture.bounding_box()
    seconds = page.page.evaluate(
        """async ([x, y, width]) => {
            const canvas = document.querySelector(".pp-main");
            const send = (type, step) => canvas.dispatchEvent(new PointerEvent(type,
                {clientX: x + (width * step) / 20, clientY: y, isPrimary: true, button: 0, pointerId: 1}));
            canvas.setPointerCapture = () => {};
            send("pointerdown", 0);
            const start = performance.now();
            for (let step = 0; step < 20; step++) {
                send("pointermove", step);
                await new Promise((done) => requestAnimationFrame(done));
            }
            const used = (performance.now() - start) / 20000;
            send("pointerup", 20);
            return used;
        }""",
        [box["x"] + 2, box["y"] + box["height"] * 0.7, box["width"]],
    )
    assert (page.labels() != VOID).sum() > 20_000
    assert seconds < 0.5, f"{seconds:.2f} s for one move"


# --- in JupyterLab ----------------------------------------------------------------------------------------------------

_CELLS = [
    """from helpers import course
from helpers.scenes.street import street
from helpers.show import painter

painting = painter(street(2_000_003), **course.painting("01", "street"))
painting""",
    "print(painting.labels.unique(return_counts=True))",
]


@pytest.mark.browser
def test_in_jupyterlab_a_scored_painting_survives_the_kernel(browser: Any, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in _CELLS])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "paint.ipynb")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.root_dir={folder}"]
    with running_lab(tmp_path, command) as lab, open_notebook(browser, lab, "paint.ipynb", (1180, 1300)) as opened:
        page = opened.page
        opened.run_all()
        picture = page.locator(".pp-main")
        picture.scroll_into_view_if_needed()
        picture.focus()
        for key in ("o", "0", "Home", "Shift+ArrowUp", "Shift+ArrowUp", "Space", "End", "Space", "ArrowDown", "Space"):
            page.keyboard.press(key)
        page.keyboard.press("Enter")  # rows 28 and 29 are sky, up to the diagonal: JupyterLab took none of the keys
        box = picture.bounding_box()
        page.keyboard.press("b")
        page.keyboard.press("2")
        page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.9)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.9, steps=5)
        page.mouse.up()
        page.keyboard.press("1")
        page.keyboard.press("r")
        page.wait_for_timeout(500)
        page.get_by_role("button", name="Score my labels").click()
        page.locator(".pp-verdict").wait_for()
        score = page.locator(".pp-verdict h3").inner_text()
        opened.check()
        page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
        page.evaluate("jupyterapp.commands.execute('notebook:run-cell')")
        page.wait_for_function(
            "[jupyterapp.shell.currentWidget.content.model.toJSON().cells[1].outputs[0]?.text].flat().join('')"
            ".includes('[0, 1, 2]')"
        )

        page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        page.get_by_role("button", name="Score again").click()
        page.get_by_role("alert").filter(has_text="The kernel").wait_for()  # says it, and paints on
        opened.run_all()
        page.locator(".pp-verdict").wait_for()
        assert page.locator(".pp-verdict h3").inner_text() == score
        assert page.locator(".pp-share").inner_text() == "100 % labelled"
        opened.check()
