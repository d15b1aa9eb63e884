"""The IoU explorer: its picture, its JavaScript against SciPy, and the widget in a real browser."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from browser import FrontEnd
from javascript import in_node
from PIL import Image
from playwright.sync_api import Page
from scipy.ndimage import binary_dilation, binary_erosion
from sheets import changes

from helpers import metrics
from helpers.scenes.street import street
from helpers.show.iou_explorer import (
    _DIM,
    _FILL,
    BOTH,
    ONLY_PREDICTION,
    ONLY_TRUTH,
    IoUExplorer,
    find_window,
    iou_explorer,
    render,
)

pytestmark = pytest.mark.lesson1

Car = tuple[np.ndarray, torch.Tensor]
TRAITS = ("image", "truth", "prediction")


def ellipse(size: tuple[int, int], center: tuple[int, int], radii: tuple[int, int]) -> np.ndarray:
    rows, columns = np.indices(size)
    return ((rows - center[0]) / radii[0]) ** 2 + ((columns - center[1]) / radii[1]) ** 2 <= 1


def moved(mask: np.ndarray, down: int, right: int, size: int) -> np.ndarray:
    """What the learner makes of a mask, on the whole picture: grown beyond its border, moved, then cut to it."""
    pad = 60
    mask = np.pad(mask, pad)
    if size:
        mask = (binary_dilation if size > 0 else binary_erosion)(mask, iterations=abs(size))
    return np.roll(mask, (down, right), (0, 1))[pad:-pad, pad:-pad]


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return metrics.iou(torch.tensor(a), torch.tensor(b))


# --- what is shown ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("center", [(30, 40), (0, 0), (63, 95), (30, 95)])
@pytest.mark.parametrize("radii", [(2, 9), (9, 2), (6, 6), (0.5, 0.5)])
def test_the_window_holds_the_mask_and_as_much_margin_as_the_picture_has(center: tuple, radii: tuple) -> None:
    mask = ellipse((64, 96), center, radii)
    window = find_window(mask)
    assert window.cut(mask).sum() == mask.sum() and window.cut(mask).shape == (window.height, window.width)
    rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
    assert window.top <= max(0, rows[0] - window.margin) and window.left <= max(0, columns[0] - window.margin)
    assert window.top + window.height > min(63, rows[-1] + window.margin)
    assert window.left + window.width > min(95, columns[-1] + window.margin)
    # Moved to the corner of its reach, a copy no longer overlaps; and a small mask is shown large.
    assert not (mask & moved(mask, window.margin, window.margin, 0)).any()
    assert window.width <= 3 * max(np.ptp(rows), np.ptp(columns)) + 6


def test_without_a_pixel_the_window_is_the_picture() -> None:
    window = find_window(np.zeros((12, 16), bool))
    assert (window.top, window.left, window.height, window.width) == (0, 0, 12, 16)


def test_render_tells_the_three_areas_apart_by_colour_and_stripes() -> None:
    mask, other = ellipse((40, 60), (20, 26), (9, 9)), ellipse((40, 60), (20, 32), (9, 9))
    image = np.full((40, 60, 3), 200, np.uint8)
    window = find_window(mask | other)
    picture = render(mask, other, image)
    times = picture.shape[1] // window.width
    assert picture.dtype == np.uint8 and picture.shape[1:] == (times * window.width, 3)

    def pixel(row: int, column: int) -> np.ndarray:
        top, left = (row - window.top) * times, (column - window.left) * times
        return picture[top : top + times, left : left + times].reshape(-1, 3)

    for (row, column), color, striped in [
        ((20, 29), BOTH, False),
        ((20, 20), ONLY_TRUTH, True),
        ((20, 38), ONLY_PREDICTION, True),
    ]:
        expected = np.round(np.array(color) * _FILL + 200 * _DIM * (1 - _FILL))
        share = (pixel(row, column) == expected).all(1).mean()
        assert 0.6 < share < 0.9 if striped else share == 1
    assert (pixel(20, 13) == 200 * _DIM).all()
    bar = picture[window.height * times + 12]
    assert abs((bar == BOTH).all(1).mean() - iou(mask, other)) < 0.02


def test_render_without_an_image_and_without_any_pixel() -> None:
    empty = np.zeros((12, 16), bool)
    assert (render(empty, empty)[: 12 * 26] == 67).all()


def test_the_repr_is_short_and_the_bundle_has_a_picture() -> None:
    mask, other = ellipse((96, 128), (40, 50), (10, 13)), ellipse((96, 128), (40, 54), (10, 13))
    explorer = iou_explorer(mask, torch.rand(3, 96, 128), other)
    assert repr(explorer) == f"IoUExplorer(96×128, {mask.sum()} pixels)"
    data, metadata = explorer._repr_mimebundle_()
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json", "image/png"}
    assert data["text/plain"] == repr(explorer)
    assert Image.open(io.BytesIO(data["image/png"])).format == "PNG"
    both, union = (mask & other).sum(), (mask | other).sum()
    assert metadata["image/png"]["alt"].endswith(f"IoU = {both} / {union} = {both / union:.2f}")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: iou_explorer(np.zeros((4, 6))), r"mask: expected bool \[H, W\], got float64 \[4, 6\]"),
        (lambda: iou_explorer(np.zeros((513, 6), bool)), "mask: expected at most 512×1024, got 513×6"),
        (lambda: iou_explorer(np.zeros((4, 6), bool), other=np.zeros((4, 5), bool)), r"other: expected bool \[4, 6\]"),
        (lambda: iou_explorer(np.zeros((4, 6), bool), torch.zeros(3, 4, 5)), "image: expected the size of the mask"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


# --- the JavaScript, in node ------------------------------------------------------------------------------------------

_MASK = "const mask = (name) => unpack(values, Uint8Array.from(Buffer.from(values[name], 'base64')));"


def run(script: str, values: object = None) -> object:
    return in_node(("iou_masks.js",), script, values=values)


def sent(explorer: IoUExplorer) -> dict:
    return explorer.info | {name: base64.b64encode(getattr(explorer, name)).decode() for name in TRAITS}


@pytest.mark.parametrize("center", [(20, 30), (3, 4), (39, 59)], ids=["inside", "upper left", "lower right"])
def test_moving_growing_and_counting_agree_with_scipy_on_the_whole_picture(center: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    mask = ellipse((40, 60), center, (5, 8)) & (rng.random((40, 60)) < 0.97)  # with holes
    other = moved(mask, 1, 2, 0)
    values = sent(iou_explorer(mask, other=other))
    wanted = rng.integers(-25, 26, (150, 3)) // [1, 1, 4]
    values["wanted"] = [dict(zip(("down", "right", "size"), pose, strict=True)) for pose in wanted.tolist()]
    results = run(
        _MASK
        + """
        const [truth, prediction] = [mask("truth"), mask("prediction")];
        return values.wanted.map((wanted) => {
            const pose = limited(wanted, values.margin, depth(prediction));
            const result = compare(truth, posed(grow(prediction, pose.size), pose, values));
            return { ...pose, ...result, iou: Number.isNaN(result.iou) ? null : result.iou };
        });""",
        values,
    )
    inside = set()
    for result in results:
        expected = moved(other, result["down"], result["right"], result["size"])
        assert result["both"] == (mask & expected).sum()
        assert result["onlyTruth"] == (mask & ~expected).sum()
        assert result["onlyPrediction"] == (expected & ~mask).sum()
        assert result["iou"] == iou(mask, expected)
        inside.add(expected.sum() < moved(np.pad(other, 60), 0, 0, result["size"]).sum())
    assert inside == ({False} if center == (20, 30) else {False, True})  # some were beyond the border


def test_what_cannot_be_moved_further_stays() -> None:
    poses = [[99, -99, 4], [0, 0, -99], [1, 2, 99]]
    body = "return values.map(([down, right, size]) => limited({ down, right, size }, 10, 3))"
    far = run(body, poses)
    assert [tuple(pose.values()) for pose in far] == [(6, -6, 4), (0, 0, -3), (0, 0, 10)]


def test_keys_lead_where_they_say() -> None:
    keys = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "+", "=", "-", "Home", "a"]
    poses = run("return values.map((key) => move({ down: 1, right: 2, size: 3 }, key, key === '=')) ", keys)
    steps = [pose and tuple(pose.values()) for pose in poses]
    assert steps == [(0, 2, 3), (2, 2, 3), (1, 1, 3), (1, 3, 3), (1, 2, 4), (1, 2, 4), (1, 2, 2), (0, 0, 0), None]
    assert run("return move({ down: 0, right: 0, size: 0 }, 'ArrowUp', true).down") == -10


def test_empty_masks() -> None:
    empty = sent(iou_explorer(np.zeros((5, 7), bool)))
    body = (
        _MASK
        + """
        const [truth, prediction] = [mask("truth"), mask("prediction")];
        const result = compare(truth, posed(grow(prediction, 2), { down: 1, right: 1 }, values));
        const words = tell({ down: 0, right: 0, size: 0 }, result, 0, 0.5);
        return [depth(prediction), result.union, digits(result.iou), words];"""
    )
    words = "Not moved · IoU = 0 / 0 = – · undefined: both masks are empty"
    assert run(body, empty) == [0, 0, "–", words]


def test_numbers_and_words() -> None:
    body = "return [0, 0.004, 0.4978, 0.5, 0.502, 0.784, 0.996, 1].map((iou) => [digits(iou), verdict(iou, 0.5)])"
    numbers, verdicts = zip(*run(body), strict=True)
    assert numbers == ("0.00", "0.004", "0.498", "0.50", "0.502", "0.78", "0.996", "1.00")
    assert [words.endswith("found") for words in verdicts] == [False] * 4 + [True] * 4
    result = {"both": 312, "union": 398, "iou": 312 / 398}
    told = run("return tell({ down: -1, right: 3, size: 2 }, values, 1, 0.5)", result)
    assert told == (
        "Moved 1 up, 3 right · grown by 2 · 1 pixel out of the picture · IoU = 312 / 398 = 0.78"
        " · above 0.5: counts as found"
    )


# --- the widget, in a browser -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def car() -> Car:
    scene = street(7)
    return scene.instances["masks"][2].numpy(), scene.image


@pytest.mark.browser
def test_drag_keys_and_buttons_move_the_prediction(page: Page, front_end: FrontEnd, car: Car) -> None:
    mask, image = car
    front_end.mount(iou_explorer(mask, image))
    status, canvas = page.locator(".ix-status"), page.locator(".ix-canvas")

    def expect(words: str, down: int, right: int, size: int = 0) -> None:
        other = moved(mask, down, right, size)
        both, union = (mask & other).sum(), (mask | other).sum()
        assert status.inner_text().startswith(f"{words} · IoU = {both} / {union} = {both / union:.2f} · ")
        assert page.locator(".ix-formula b").inner_text() == f"{both / union:.2f}"
        assert page.locator(".ix-areas td").all_inner_texts() == [
            str(area.sum()) for area in (mask & other, mask & ~other, other & ~mask, mask | other)
        ]
        strip = page.locator(".ix-strip").bounding_box()["width"]
        assert page.locator(".ix-strip .ix-both").bounding_box()["width"] / strip == pytest.approx(
            both / union, abs=0.005
        )

    expect("Not moved", 0, 0)
    box = canvas.bounding_box()
    cell = box["width"] / find_window(mask).width
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5 * cell, y + 3 * cell, steps=5)
    page.mouse.up()
    page.mouse.move(x, y)  # let go: no longer moves
    expect("Moved 3 down, 5 right", 3, 5)
    for key in ("ArrowUp", "ArrowLeft", "+", "+"):  # the click gave the picture the focus
        page.keyboard.press(key)
    expect("Moved 2 down, 4 right · grown by 2", 2, 4, 2)
    assert page.locator(".ix-dot").count() >= 5 and page.locator("rect.ix-dot").count() == 2
    page.get_by_role("button", name="Shrink").click(click_count=3)
    expect("Moved 2 down, 4 right · shrunk by 1", 2, 4, -1)
    page.get_by_role("button", name="Reset").click()
    expect("Not moved", 0, 0)
    assert page.locator(".ix-dot").count() == 1
    canvas.focus()
    page.keyboard.press("Shift+ArrowLeft")
    lost = mask.sum() - moved(mask, 0, -10, 0).sum()
    assert lost > 0
    expect(f"Moved 10 left · {lost} pixels out of the picture", 0, -10)


@pytest.mark.browser
@pytest.mark.parametrize(("start", "end"), [(0.25, 0.75), (0.5, 0.5), (0.75, 0.25)])
def test_the_pixel_that_was_taken_stays_under_the_pointer(
    page: Page, front_end: FrontEnd, car: Car, start: float, end: float
) -> None:
    """Wherever in an enlarged pixel a drag begins, and wherever in another it ends.

    Not within a pixel of the screen of its edge: `tests/test_pointer.py` looks there, on whole pixels of the screen.
    """
    mask, image = car
    front_end.mount(iou_explorer(mask, image))
    box = page.locator(".ix-canvas").bounding_box()
    cell = box["width"] / find_window(mask).width
    page.mouse.move(box["x"] + (3 + start) * cell, box["y"] + (4 + start) * cell)
    page.mouse.down()
    page.mouse.move(box["x"] + (8 + end) * cell, box["y"] + (6 + end) * cell)
    page.mouse.up()
    assert page.locator(".ix-status").inner_text().startswith("Moved 2 down, 5 right · ")


@pytest.mark.browser
def test_it_can_be_shrunk_to_nothing_and_back(page: Page, front_end: FrontEnd) -> None:
    mask = ellipse((40, 60), (20, 30), (4, 4))
    front_end.mount(iou_explorer(mask))
    page.locator(".ix-canvas").focus()
    for _ in range(8):
        page.keyboard.press("-")
    assert f"IoU = 0 / {mask.sum()} = 0.00" in page.locator(".ix-status").inner_text()
    assert page.get_by_role("button", name="Shrink").get_attribute("aria-disabled") == "true"
    page.keyboard.press("Home")
    assert f"IoU = {mask.sum()} / {mask.sum()} = 1.00" in page.locator(".ix-status").inner_text()


@pytest.mark.browser
def test_two_empty_masks_have_no_iou(page: Page, front_end: FrontEnd) -> None:
    front_end.mount(iou_explorer(np.zeros((40, 60), bool)))
    assert page.locator(".ix-formula b").inner_text() == "–"
    assert page.locator(".ix-dot").count() == 0


@pytest.mark.browser
def test_the_canvas_shows_the_three_areas(page: Page, front_end: FrontEnd, car: Car) -> None:
    mask, image = car
    front_end.mount(iou_explorer(mask, torch.zeros_like(image), moved(mask, 4, 9, 0)))
    picture = Image.open(io.BytesIO(page.locator(".ix-canvas").screenshot())).convert("RGB")
    pixels = np.asarray(picture).reshape(-1, 3).astype(int)
    shares = [
        (np.abs(pixels - np.array(color) * _FILL).max(1) < 4).mean() for color in (BOTH, ONLY_TRUTH, ONLY_PREDICTION)
    ]
    assert min(shares) > 0.01, shares


@pytest.mark.browser
@pytest.mark.parametrize("width", [372, 860])
def test_nothing_is_wider_than_the_place_it_has(page: Page, front_end: FrontEnd, car: Car, width: int) -> None:
    front_end.mount(iou_explorer(*car), width)
    parts = "[...document.querySelectorAll('.ix, .ix *:not(.ix-unseen, span, svg *)')]"
    too_wide = f"{parts}.filter((each) => each.scrollWidth > each.clientWidth + 1)"
    assert page.evaluate(f"{too_wide}.map((each) => each.className || each.tagName)") == []
    assert page.locator(".ix").bounding_box()["width"] <= width
    canvas, panel = (page.locator(each).bounding_box() for each in (".ix-canvas", ".ix-panel"))
    assert (panel["y"] > canvas["y"] + canvas["height"]) == (width < 600)


@pytest.mark.browser
@pytest.mark.parametrize("width", [372, 860])
def test_other_widgets_in_the_notebook_do_not_change_its_look(
    page: Page, front_end: FrontEnd, car: Car, width: int
) -> None:
    front_end.mount(iou_explorer(*car), width)
    assert changes(page, ".ix") == []


@pytest.mark.browser
def test_the_largest_mask_follows_the_keys(page: Page, front_end: FrontEnd) -> None:
    front_end.mount(iou_explorer(ellipse((512, 1024), (256, 512), (200, 450))))
    seconds = page.evaluate(
        """async () => {
            const canvas = document.querySelector(".ix-canvas"), start = performance.now();
            for (const key of ["ArrowLeft", "+", "ArrowUp", "-", "-", "ArrowRight", "+", "+"]) {
                canvas.dispatchEvent(new KeyboardEvent("keydown", {key}));
                await new Promise((done) => requestAnimationFrame(done));
            }
            return (performance.now() - start) / 8000;
        }"""
    )
    assert seconds < 1, f"{seconds:.2f} s for one move"
