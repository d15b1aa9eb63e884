"""Painting in a real browser: the page, joined to its kernel half without JupyterLab."""

from __future__ import annotations

import numpy as np
import pytest
from browser import FrontEnd
from painting import TRUTH, small_scene
from playwright.sync_api import Locator, expect
from sheets import changes

from helpers.categories import STREET, VOID
from helpers.scenes.photos import coins
from helpers.scenes.street import street
from helpers.show.painter import Painter, pack_answer, painter

pytestmark = [pytest.mark.browser, pytest.mark.lesson1]
_ = VOID


class Easel:
    """A page with one painter in it, joined to its real kernel half. The page's clock can be advanced."""

    def __init__(self, front_end: FrontEnd) -> None:
        self.front_end, self.page = front_end, front_end.page
        self.page.clock.install()

    def mount(self, widget: Painter, width: int = 860) -> None:
        self.widget = widget
        self.front_end.mount(widget, width)

    @property
    def picture(self) -> Locator:
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
        """The labels that the kernel has, once the page has sent them, which it does a moment after a stroke."""
        self.page.clock.run_for(300)
        self.front_end.settle()
        return self.widget.labels.numpy()

    def status(self) -> str:
        self.front_end.frame()
        return self.page.locator(".pv-status").inner_text()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()


@pytest.fixture(scope="module")
def easel(front_end: FrontEnd) -> Easel:
    return Easel(front_end)


def disc(shape: tuple[int, int], row: int, column: int, size: int) -> np.ndarray:
    rows, columns = np.indices(shape)
    return (rows - row) ** 2 + (columns - column) ** 2 <= (size / 2) ** 2


def test_brush_eraser_and_undo_with_the_mouse(easel: Easel) -> None:
    easel.mount(painter(street(7)))
    shape = (96, 128)
    easel.page.get_by_role("radio", name="car", exact=True).check()
    easel.drag((20, 30))
    first = disc(shape, 20, 30, 5)
    assert (easel.labels() == np.where(first, 6, VOID)).all()
    easel.keys("0", "]")
    easel.drag((60, 10), (60, 100), (60, 140))  # two jumps, and out of the picture
    expected = np.where(first, 6, VOID)
    expected[56:65, 10:] = 0
    bar = easel.labels()
    assert (bar[56:65, 10:] == expected[56:65, 10:]).all() and (bar[20, 28:33] == 6).all()
    assert (bar != VOID).sum() == first.sum() + 9 * 118 + (disc(shape, 60, 10, 9)[:, :10]).sum()
    easel.page.get_by_role("radio", name="eraser").check(force=True)
    easel.drag((60, 50))
    assert (easel.labels() == np.where(disc(shape, 60, 50, 9), VOID, bar)).all()
    easel.press("Undo")
    assert (easel.labels() == bar).all()
    easel.press("Undo")
    easel.keys("Control+z")
    assert (easel.labels() == VOID).all()
    assert easel.status().endswith("Undone.")
    assert easel.page.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"
    easel.keys("Control+y", "Control+Shift+z")
    assert (easel.labels() == bar).all()


def test_everything_with_keys(easel: Easel) -> None:
    easel.mount(painter(small_scene()))
    easel.picture.focus()
    easel.keys("[", "[", "[", "Home", "Shift+ArrowUp", "6", "Space")  # one pixel wide, at (0, 0)
    easel.page.keyboard.down("Space")
    easel.keys("ArrowRight", "ArrowRight", "ArrowDown")
    easel.page.keyboard.up("Space")
    easel.keys("ArrowDown")
    assert easel.labels().tolist() == [[6, 6, 6, _, _, _], [_, _, 6, _, _, _], [_] * 6, [_] * 6]
    assert easel.status() == "row 2, column 2 · unlabelled"
    easel.keys("ArrowUp", "e", "Enter")
    assert easel.labels()[1, 2] == VOID
    easel.keys("f", "3", "ArrowUp", "Space")  # the six of the first row become sidewalk
    assert easel.labels().tolist() == [[3, 3, 3, _, _, _], [_] * 6, [_] * 6, [_] * 6]
    assert easel.status() == "row 0, column 2 · sidewalk\nFilled: 3 pixels are sidewalk now."
    easel.keys("o", "Shift+ArrowDown", "Home", "5", "Space", "End", "Space", "ArrowUp", "Space", "Enter")
    assert easel.labels()[2:].tolist() == [[_, _, _, 5, 5, 5], [5] * 6]
    easel.keys("Space", "Escape", "9", "7", "r")
    labels = easel.labels()
    assert (labels[1] == 7).all() and not (labels == VOID).any()
    assert easel.page.locator(".pp-share").inner_text() == "100 % labelled"
    easel.keys("r")
    assert easel.status().endswith("Every pixel has a label already.")
    easel.keys(*["Control+z"] * 20)
    assert (easel.labels() == VOID).all()


def test_an_outline_and_a_fill_with_the_mouse(easel: Easel) -> None:
    easel.mount(painter(street(7)))
    easel.picture.focus()
    easel.keys("o", "2")
    for corner in [(60, 20), (60, 90), (85, 90), (85, 20)]:
        easel.page.mouse.click(*easel.at(*corner))
    assert easel.status().endswith("Corner 4. Enter closes the outline and fills it.")
    easel.page.mouse.click(*easel.at(60.4, 20.4))  # on the first corner
    expected = np.full((96, 128), VOID)
    expected[60:86, 20:91] = 2
    assert (easel.labels() == expected).all()
    easel.keys("f", "4")
    easel.page.mouse.click(*easel.at(5, 5))
    expected[expected == VOID] = 4
    assert (easel.labels() == expected).all()
    assert easel.page.locator(".pp-closing").is_hidden()


def test_a_finger_paints(easel: Easel) -> None:
    easel.mount(painter(street(7)), width=400)
    easel.page.touchscreen.tap(*easel.at(40, 60))
    assert (easel.labels() == np.where(disc((96, 128), 40, 60, 5), 0, VOID)).all()
    assert easel.picture.evaluate("(each) => getComputedStyle(each).touchAction") == "none"


def test_the_score_in_the_page(easel: Easel) -> None:
    kept = []
    easel.mount(painter(small_scene(), record=lambda *entry: kept.append(entry)))
    easel.press("Score my labels")
    assert easel.status().endswith("Paint something first.") and not kept
    easel.picture.focus()
    easel.keys("f", "6", "Space", "b", "[", "[", "0", "Home", "Shift+ArrowUp", "Space")  # all car, but (0, 0) sky
    easel.press("Score my labels")
    result = easel.page.locator(".pp-result")
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
    easel.front_end.frame()
    assert result.locator(".pp-where").inner_text() == "row 2, column 3 · scored: car · truth: car"
    [(answer, score, _seconds)] = kept
    assert score == pytest.approx(12 / 23 / 2)
    assert easel.page.get_by_role("button", name="Score again").get_attribute("aria-disabled") == "false"


def test_a_refusal_is_a_sentence_and_painting_goes_on(easel: Easel) -> None:
    easel.mount(painter(small_scene()))
    easel.picture.focus()
    easel.keys("Space")
    easel.page.evaluate("model.send({type: 'score', seconds: 1}, undefined, [new ArrayBuffer(5)])")
    alert = easel.page.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "painting: expected 4 × 6 = 24 labels, got 5"
    easel.press("Score my labels")
    easel.page.locator(".pp-verdict").wait_for()
    assert alert.is_hidden()


def test_an_earlier_painting_stands_there_with_its_score(easel: Easel) -> None:
    easel.mount(painter(small_scene(), earlier=pack_answer(np.array(TRUTH, np.uint8), 65)))
    easel.page.locator(".pp-verdict").wait_for()
    assert easel.page.locator(".pp-verdict h3").inner_text() == "Mean IoU 1.00"
    assert easel.page.locator(".pp-time").inner_text() == "1:05"
    easel.page.clock.run_for(5000)
    assert easel.page.locator(".pp-time").inner_text() == "1:05"  # runs from the first stroke on
    easel.press("Start over")
    assert "cannot be undone" in easel.status()
    easel.press("Really start over?")
    assert (easel.labels() == VOID).all()
    assert easel.page.locator(".pp-time").inner_text() == "0:00"


def test_the_clock_stands_still_out_of_sight(easel: Easel) -> None:
    def runs() -> bool:
        """Whether ten seconds of the page's clock count."""
        before = time.inner_text()
        easel.page.clock.run_for(10_000)
        easel.front_end.frame()
        return time.inner_text() != before

    easel.mount(painter(small_scene()))
    time = easel.page.locator(".pp-time")
    assert not runs()
    easel.picture.focus()
    easel.keys("Space")
    assert runs()
    # The browser tells the page what is seen, a moment after it has scrolled, and playwright no sooner.
    easel.page.evaluate("document.body.style.paddingTop = '3000px'; scrollTo(0, 0)")
    expect(easel.picture).not_to_be_in_viewport()
    easel.front_end.frame()
    assert not runs()
    easel.page.evaluate("document.body.style.paddingTop = ''")
    expect(easel.picture).to_be_in_viewport()
    easel.front_end.frame()
    assert runs()


def test_without_a_truth_there_is_nothing_to_score(easel: Easel) -> None:
    easel.mount(painter(small_scene().image, STREET))
    assert easel.page.get_by_role("button", name="Score").count() == 0
    easel.drag((1, 1))
    assert (easel.labels() != VOID).any()


@pytest.mark.parametrize("width", [360, 400, 718, 860])
def test_nothing_is_wider_than_the_place_it_has(easel: Easel, width: int) -> None:
    easel.mount(painter(coins(), earlier=pack_answer(coins().semantic.numpy().astype(np.uint8), 5000)), width)
    easel.page.locator(".pp-verdict").wait_for()
    easel.front_end.frame()
    parts = "[...document.querySelectorAll('.pp, .pp *:not(.pv-unseen, span, kbd)')]"
    too_wide = f"{parts}.filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth)"
    assert easel.page.evaluate(f"{too_wide}.map((each) => each.className || each.tagName)") == []
    outside = f"{parts}.filter((each) => each.getBoundingClientRect().right > {width})"
    assert easel.page.evaluate(f"{outside}.map((each) => each.className || each.tagName)") == []


@pytest.mark.parametrize("width", [400, 860])
def test_other_widgets_in_the_notebook_do_not_change_its_look(easel: Easel, width: int) -> None:
    easel.mount(painter(small_scene(), earlier=pack_answer(np.array(TRUTH, np.uint8), 65)), width)
    easel.page.locator(".pp-verdict").wait_for()
    easel.front_end.frame()
    assert changes(easel.page, ".pp") == []


def test_the_largest_picture_follows_the_pointer(easel: Easel) -> None:
    easel.mount(painter(street(3, size=(512, 1024))))
    easel.picture.focus()
    easel.keys("]", "]", "]")
    box = easel.picture.bounding_box()
    seconds = easel.page.evaluate(
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
    assert (easel.labels() != VOID).sum() > 20_000
    assert seconds < 0.5, f"{seconds:.2f} s for one move"
