"""The probe: what the kernel answers, its plain picture, its JavaScript in node, and the page in a real browser."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from browser import FrontEnd
from javascript import in_node
from PIL import Image
from playwright.sync_api import Page, expect
from sheets import changes

from helpers import show
from helpers.scenes.street import street
from helpers.show.probe import Probe, draw

pytestmark = pytest.mark.lesson3
ALT = "a plain colour made of row, column and model"


def coloured(row: int, column: int, model: int = 0) -> np.ndarray:
    return np.full((4, 6, 3), (row, column, model), np.uint8)


def small_probe(render: Callable[..., np.ndarray] = coloured) -> Probe:
    return show.probe(torch.zeros(3, 20, 30), render, ALT, start=(2, 3), model={"small": 100, "large": 200})


def ask(widget: Probe, row: Any, column: Any, *choices: int) -> None:
    """What arrives when the page asks."""
    widget._handle_custom_msg({"row": row, "column": column, "choices": list(choices)}, [])


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png), formats=["PNG"]))


# --- in Python --------------------------------------------------------------------------------------------------------


def test_it_starts_with_one_answer_and_the_first_of_each_control() -> None:
    calls = []

    def render(*position: int, **values: object) -> np.ndarray:
        calls.append((position, values))
        return coloured(*position, **values)

    widget = small_probe(render)
    assert calls == [((2, 3), {"model": 100})]
    assert (pixels(widget.answer) == coloured(2, 3, 100)).all() and pixels(widget.answer).shape == (4, 6, 3)
    assert widget.shown == {"row": 2, "column": 3, "choices": [0], "trouble": "", "number": 0}
    controls = [{"name": "model", "options": ["small", "large"]}]
    assert widget.info == {"height": 20, "width": 30, "alt": ALT, "controls": controls}


def test_the_picture_is_sent_as_bytes_of_a_scene_or_an_image() -> None:
    scene = street(7)
    expected = show.image_bytes(scene.image).tobytes()
    for image in (scene, scene.image, show.image_bytes(scene.image)):
        assert show.probe(image, coloured, ALT, start=(0, 0)).image == expected


@pytest.mark.parametrize(
    ("asked", "answered"),
    [((5, 7), (5, 7)), ((0, 29), (0, 29)), ((-1, 30), (0, 29)), ((10**30, -(10**30)), (19, 0))],
)
def test_a_question_is_answered_for_the_nearest_pixel(asked: tuple, answered: tuple) -> None:
    widget = small_probe()
    ask(widget, *asked, 1)
    assert (pixels(widget.answer) == coloured(*answered, 200)).all()
    assert widget.shown == {"row": answered[0], "column": answered[1], "choices": [1], "trouble": "", "number": 1}


@pytest.mark.parametrize("corner", [(0, 0), (0, 29), (19, 0), (19, 29)])
def test_it_can_start_in_every_corner(corner: tuple[int, int]) -> None:
    widget = show.probe(torch.zeros(3, 20, 30), coloured, ALT, start=corner)
    assert (widget.shown["row"], widget.shown["column"]) == corner


def test_position_and_answer_go_to_the_page_in_one_message() -> None:
    widget, sent = small_probe(), []
    widget.send_state = lambda key=None: sent.append(set(key))
    ask(widget, 4, 5, 0)
    assert sent == [{"shown", "answer"}]


def test_every_question_is_heard_even_if_the_answer_is_the_same() -> None:
    widget, seen = small_probe(lambda row, column, model: coloured(0, 0)), []
    widget.observe(lambda change: seen.append(change.new["number"]), names="shown")
    for _ in range(3):
        ask(widget, 4, 5, 0)
    assert seen == [1, 2, 3]


def test_what_render_raises_is_said_and_the_widget_goes_on() -> None:
    def render(row: int, column: int, model: int) -> np.ndarray:
        if row == 9:
            raise RuntimeError("the network has\nmany words")
        picture = coloured(row, column, model)
        return picture / 2 if row == 8 else picture

    widget = small_probe(render)
    ask(widget, 9, 5, 1)
    still = "; the answer for row 2, column 3 still stands."
    said = "No answer for this pixel (RuntimeError: the network has)" + still
    assert widget.shown == {"row": 2, "column": 3, "choices": [0], "trouble": said, "number": 1}
    assert (pixels(widget.answer) == coloured(2, 3, 100)).all()
    ask(widget, 8, 5, 1)
    assert "(ValueError: render: expected uint8 [H, W, 3], got float64 [4, 6, 3])" in widget.shown["trouble"]
    ask(widget, 10, 5, 1)
    assert widget.shown == {"row": 10, "column": 5, "choices": [1], "trouble": "", "number": 3}
    assert (pixels(widget.answer) == coloured(10, 5, 200)).all()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"row": 1, "column": 2, "choices": [2]}, "model: expected a choice in 0..1, got 2"),
        ({"row": 1, "column": 2, "choices": [-1]}, "model: expected a choice in 0..1, got -1"),
        ({"row": 1, "column": 2, "choices": []}, "ValueError"),
        ({"row": 1, "column": 2, "choices": [0, 0]}, "ValueError"),
        ({"row": 1.5, "column": 2, "choices": [0]}, "message: expected row, column and choices"),
        ({"row": 1, "column": None, "choices": [0]}, "message: expected row, column and choices"),
        ("hello", "message: expected row, column and choices"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(message: Any, words: str) -> None:
    widget = small_probe()
    widget._handle_custom_msg(message, [])
    assert words in widget.shown["trouble"] and widget.shown["row"] == 2 and widget.shown["number"] == 1


def test_the_repr_is_short_and_stable() -> None:
    widget = show.probe(street(7), coloured, ALT, start=(40, 64), model=[1, 2])
    assert repr(widget) == "Probe(96×128, model)"
    assert repr(show.probe(street(7), coloured, ALT, start=(0, 0))) == "Probe(96×128)"


def test_the_bundle_has_a_widget_a_picture_and_the_repr() -> None:
    widget = small_probe()
    ask(widget, 4, 5, 1)
    data, metadata = widget._repr_mimebundle_()
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json", "image/png"}
    assert data["text/plain"] == "Probe(20×30, model)"
    expected = draw(np.zeros((20, 30, 3), np.uint8), (4, 5), coloured(4, 5, 200))
    assert (pixels(data["image/png"]) == expected).all()
    assert metadata["image/png"]["alt"] == f"A picture with a ring at row 4, column 5; beside it: {ALT}"


@pytest.mark.parametrize("grey", [0, 90, 255])
@pytest.mark.parametrize("answer_size", [(4, 6), (20, 30), (800, 400)])
def test_the_plain_picture_has_a_ring_at_the_pixel_and_the_answer_beside_it(grey: int, answer_size: tuple) -> None:
    image = np.full((20, 30, 3), grey, np.uint8)
    answer = np.random.default_rng(0).integers(0, 256, (*answer_size, 3), np.uint8)
    picture = draw(image, (4, 5), answer)
    times = max(1, 360 // answer_size[1])
    right = picture[:, 360 + 12 :]
    assert picture.dtype == np.uint8 and right.shape[1] == times * answer_size[1]
    assert (right[: times * answer_size[0] : times, ::times] == answer).all()
    assert (right[times * answer_size[0] :] == 255).all() and (picture[240:, :360] == 255).all()
    assert (picture[:, 360:372] == 255).all()
    left = picture[:240, :360, 0]  # 12 times as large as the image
    rows, columns = (left != grey).nonzero()
    assert (rows.mean(), columns.mean()) == pytest.approx((54, 66), abs=1) and np.ptp(rows) <= 20
    assert set(left.ravel().tolist()) == {0, 255, grey} and left[54, 66] == grey  # white and black around what is seen


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"image": torch.zeros(4, 6)}, "image: expected float"),
        ({"image": torch.zeros(3, 513, 8)}, "image: expected at most 512×1024, got 513×8"),
        ({"start": (20, 3)}, r"start: expected a row in 0..19 and a column in 0..29, got \(20, 3\)"),
        ({"start": (3, -1)}, r"start: expected a row .* got \(3, -1\)"),
        ({"start": (1, 2, 3)}, r"start: expected a row .* got \(1, 2, 3\)"),
        ({"start": (1.5, 2)}, r"start: expected a row .* got \(1.5, 2\)"),
        ({"model": [1]}, "model: expected at least two values, got 1"),
        ({"model": {}}, "model: expected at least two values, got 0"),
        ({"render": lambda row, column: np.zeros((4, 6, 3))}, r"render: expected uint8 \[H, W, 3\], got float64"),
        ({"render": lambda row, column: np.zeros((3, 4, 6), np.uint8)}, r"render: expected .* got uint8 \[3, 4, 6\]"),
        ({"render": lambda row, column: np.zeros((4, 6), np.uint8)}, r"render: expected uint8 .* got uint8 \[4, 6\]"),
    ],
)  # fmt: skip
def test_bad_input_is_named(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        given = {"image": torch.zeros(3, 20, 30), "render": coloured, "start": (2, 3)} | arguments
        show.probe(given.pop("image"), given.pop("render"), ALT, **given)


def test_an_answer_that_is_interrupted_is_said() -> None:
    """Else the page would wait for it for ever."""

    def render(row: int, column: int, model: int) -> np.ndarray:
        if row == 9:
            raise KeyboardInterrupt
        return coloured(row, column, model)

    widget = small_probe(render)
    ask(widget, 9, 5, 1)
    assert "(KeyboardInterrupt)" in widget.shown["trouble"] and widget.shown["number"] == 1


def test_controls_may_have_the_names_of_our_own_arguments() -> None:
    def render(row: int, column: int, alt: int, image: int, render: int) -> np.ndarray:
        return np.full((4, 6, 3), (alt, image, render), np.uint8)

    widget = show.probe(street(7), render, ALT, start=(2, 3), alt=[1, 2], image=[3, 4], render=[5, 6])
    ask(widget, 4, 5, 1, 0, 1)
    assert (pixels(widget.answer) == (2, 3, 6)).all() and widget.info["alt"] == ALT


def test_what_render_raises_at_the_start_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        small_probe(lambda row, column, model: 1 // 0)


# --- the JavaScript, in node ------------------------------------------------------------------------------------------


def test_one_question_is_under_way_and_the_last_one_follows() -> None:
    script = """const sent = [], questions = oneAtATime((question) => sent.push(question));
        const steps = [];
        for (const each of [1, 2, 3, null, null, 4, null, null, 5]) {
            each === null ? questions.done() : questions.ask({ each });
            steps.push([sent.length, questions.isWaiting()]);
        }
        return [sent.map(({ each }) => each), steps];"""
    sent, steps = in_node(("probe.js",), script)
    assert sent == [1, 3, 4, 5]
    lengths, waiting = zip(*steps, strict=True)
    assert lengths == (1, 1, 1, 2, 2, 3, 3, 3, 4)
    assert waiting == (True, True, True, True, False, True, False, False, True)


def test_keys_move_by_one_or_eight_and_stop_at_the_edge() -> None:
    keys = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "x"]
    script = "return keys.map((key) => probeMove({height: 20, width: 30}, {row: 4, column: 25}, key, far));"
    near, far = (in_node(("probe.js",), script, keys=keys, far=each) for each in (False, True))
    positions = [[each and (each["row"], each["column"]) for each in moves] for moves in (near, far)]
    assert positions == [
        [(3, 25), (5, 25), (4, 24), (4, 26), (4, 0), (4, 29), None],
        [(0, 25), (12, 25), (4, 17), (4, 29), (4, 0), (4, 29), None],
    ]


# --- the page, in a browser -------------------------------------------------------------------------------------------


@pytest.fixture
def mount(front_end: FrontEnd) -> Callable[..., None]:
    """Shows a probe in the page; its questions wait for `kernel`."""

    def mount(widget: Probe, width: int = 860) -> None:
        front_end.mount(widget, width, answers=False)
        wait_for_answer(front_end)

    return mount


def wait_for_answer(front_end: FrontEnd, asked: int = 0) -> None:
    """Waits until the page shows its answer, or has asked the next question after this number of them."""
    shown = "document.querySelector('.pb-answer').getAttribute('aria-busy') === 'false'"
    front_end.page.wait_for_function(f"asked.length > {asked} || {shown}")
    front_end.frame()


def kernel(front_end: FrontEnd) -> dict:
    """Lets the widget answer the page's question, which it returns."""
    asked = front_end.page.evaluate("asked.length")
    question = front_end.answer()
    wait_for_answer(front_end, asked)
    return question


_RIGHT_COLOR = "document.querySelector('.pb-answer').getContext('2d').getImageData(20, 20, 1, 1).data.slice(0, 3)"


def right_color(page: Page) -> list[int]:
    return page.evaluate(f"[...{_RIGHT_COLOR}]")


@pytest.mark.browser
def test_keys_and_the_control_ask_and_the_answer_is_shown(page: Page, front_end: FrontEnd, mount: Callable) -> None:
    widget = small_probe()
    mount(widget)
    status, picture = page.get_by_role("status"), page.get_by_role("application", name="The picture, 20 rows by 30")
    assert status.inner_text() == "row 2, column 3" and right_color(page) == [2, 3, 100]
    assert page.evaluate("asked.length") == 0
    picture.focus()
    steps = {"ArrowDown": (3, 3), "Shift+ArrowDown": (11, 3), "Shift+ArrowRight": (11, 11), "ArrowLeft": (11, 10)}
    for key, (row, column) in steps.items():
        page.keyboard.press(key)
        assert status.inner_text() == f"row {row}, column {column}", key
        assert kernel(front_end) == {"row": row, "column": column, "choices": [0]}
        assert right_color(page) == [row, column, 100]
    page.get_by_role("combobox", name="model").select_option("large")
    assert kernel(front_end) == {"row": 11, "column": 10, "choices": [1]}
    assert right_color(page) == [11, 10, 200]
    assert page.get_by_role("img", name=ALT).get_attribute("aria-busy") == "false"


@pytest.mark.browser
def test_dragging_asks_one_at_a_time_and_the_last_position_wins(
    page: Page, front_end: FrontEnd, mount: Callable
) -> None:
    widget = small_probe()
    mount(widget)
    box = page.locator(".pb-main").bounding_box()
    cell = box["width"] / 30
    at = lambda row, column: (box["x"] + (column + 0.5) * cell, box["y"] + (row + 0.5) * cell)  # noqa: E731
    page.mouse.move(*at(7, 7))
    assert page.evaluate("asked.length") == 0  # only pointing asks nothing
    page.mouse.down()
    for column in range(8, 20):
        page.mouse.move(*at(7, column))
    assert page.evaluate("asked.length") == 1
    assert page.get_by_role("status").inner_text() == "row 7, column 19"
    assert page.locator(".pb-answer").get_attribute("aria-busy") == "true"
    assert kernel(front_end) == {"row": 7, "column": 7, "choices": [0]}
    assert page.get_by_role("status").inner_text() == "row 7, column 19"  # an old answer takes nothing back
    assert kernel(front_end) == {"row": 7, "column": 19, "choices": [0]}
    page.mouse.move(*at(-3, 60))  # out of the picture
    page.mouse.up()
    page.mouse.move(*at(9, 9))  # let go
    assert kernel(front_end) == {"row": 0, "column": 29, "choices": [0]}
    assert page.evaluate("asked.length") == 3 and right_color(page) == [0, 29, 100]


@pytest.mark.browser
def test_what_went_wrong_is_said_until_the_next_answer(page: Page, front_end: FrontEnd, mount: Callable) -> None:
    def render(row: int, column: int, model: int) -> np.ndarray:
        if column == 4:
            raise RuntimeError("no <b>score</b>")
        return coloured(row, column, model)

    widget = small_probe(render)
    mount(widget)
    alert = page.get_by_role("alert")
    assert not alert.is_visible()
    page.locator(".pb-main").focus()
    page.keyboard.press("ArrowRight")
    kernel(front_end)
    still = "; the answer for row 2, column 3 still stands."
    assert alert.inner_text() == "No answer for this pixel (RuntimeError: no <b>score</b>)" + still
    assert page.get_by_role("status").inner_text() == "row 2, column 4" and right_color(page) == [2, 3, 100]
    page.keyboard.press("ArrowRight")
    kernel(front_end)
    assert not alert.is_visible() and right_color(page) == [2, 5, 100]
    page.evaluate("window.gone = true")
    page.keyboard.press("ArrowRight")
    assert "run this cell again" in alert.inner_text()
    page.evaluate("window.gone = false")
    page.keyboard.press("ArrowRight")
    assert kernel(front_end) == {"row": 2, "column": 7, "choices": [0]}
    assert not alert.is_visible()


@pytest.mark.browser
def test_a_slow_kernel_still_has_one_question_at_a_time(page: Page, front_end: FrontEnd, mount: Callable) -> None:
    widget = small_probe()
    mount(widget)
    page.clock.install()
    page.locator(".pb-main").focus()
    page.keyboard.press("ArrowDown")
    page.clock.run_for(5000)
    assert "has not replied yet" in page.get_by_role("alert").inner_text()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("asked.length") == 1 and page.get_by_role("status").inner_text() == "row 6, column 3"
    assert kernel(front_end) == {"row": 3, "column": 3, "choices": [0]}
    assert page.evaluate("asked.length") == 2, "the late answer lets the last question through, and no more"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("asked.length") == 2
    assert kernel(front_end) == {"row": 6, "column": 3, "choices": [0]}
    assert kernel(front_end) == {"row": 7, "column": 3, "choices": [0]}
    assert not page.get_by_role("alert").is_visible() and right_color(page) == [7, 3, 100]


@pytest.mark.browser
def test_another_view_of_the_same_probe_is_followed(page: Page, mount: Callable) -> None:
    widget = small_probe()
    mount(widget)
    ask(widget, 12, 13, 1)
    expect(page.get_by_role("status")).to_have_text("row 12, column 13")
    assert page.get_by_role("combobox", name="model").input_value() == "large"
    page.wait_for_function(f"String({_RIGHT_COLOR}) === '12,13,200'")
    assert page.evaluate("asked.length") == 0


@pytest.mark.browser
def test_the_ring_is_around_the_pixel(page: Page, mount: Callable) -> None:
    widget = small_probe()
    mount(widget)
    rows, columns = page.evaluate(
        """() => {
            const canvas = document.querySelector(".pb-main"), scale = canvas.width / 30;
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const white = [...Array(data.length / 4).keys()].filter((at) => data[4 * at] > 200);
            const mean = (each) => white.map(each).reduce((sum, value) => sum + value, 0) / white.length;
            return [mean((at) => Math.floor(at / canvas.width) / scale), mean((at) => (at % canvas.width) / scale)];
        }"""
    )
    assert (rows, columns) == pytest.approx((2.5, 3.5), abs=0.1)


@pytest.mark.browser
@pytest.mark.parametrize("width", [372, 860])
def test_nothing_is_wider_than_the_place_it_has(page: Page, mount: Callable, width: int) -> None:
    names = {f"{'a long name ' * 6}{number}": number for number in range(2)}
    mount(show.probe(street(7), coloured, ALT, start=(40, 64), model=names), width)
    parts = "[...document.querySelectorAll('.pb, .pb *:not(.pv-unseen, span, option)')]"
    too_wide = f"{parts}.filter((each) => each.scrollWidth > each.clientWidth + 1)"
    assert page.evaluate(f"{too_wide}.map((each) => each.className || each.tagName)") == []
    assert page.locator(".pb").bounding_box()["width"] <= width
    left, right = (page.locator(each).bounding_box() for each in (".pb-main", ".pb-answer"))
    assert (right["y"] > left["y"] + left["height"]) == (width < 480)


@pytest.mark.browser
def test_other_widgets_in_the_notebook_do_not_change_its_look(page: Page, mount: Callable) -> None:
    mount(small_probe())
    assert changes(page, ".pb") == []
