"""The painter in the kernel: what it shows, accepts, refuses, tells and keeps."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
import torch
from painting import TRUTH, Told, small_scene
from PIL import Image

from helpers import course
from helpers.categories import COINS, STREET, VOID
from helpers.course import progress
from helpers.scenes.photos import coins
from helpers.scenes.street import street
from helpers.show.painter import OPACITY, Painter, duration, pack_answer, painter, render, unpack_answer

pytestmark = pytest.mark.lesson1
_ = VOID


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
