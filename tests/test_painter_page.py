"""Painting in a real browser: the page, joined to its kernel half without JupyterLab."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab import running_browser
from painting import TRUTH, Told, small_scene
from sheets import changes

from helpers.categories import STREET, VOID
from helpers.scenes.photos import coins
from helpers.scenes.street import street
from helpers.show.painter import Painter, pack_answer, painter

pytestmark = [pytest.mark.browser, pytest.mark.lesson1]
_ = VOID

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
def page(chromium_path: Path) -> Iterator[Page]:
    with running_browser(chromium_path) as browser:
        tab = browser.new_context(viewport={"width": 1000, "height": 900}, has_touch=True).new_page()
        problems: list[str] = []
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("console", lambda message: message.type == "error" and problems.append(message.text))
        yield Page(tab)
        assert not problems


def disc(shape: tuple[int, int], row: int, column: int, size: int) -> np.ndarray:
    rows, columns = np.indices(shape)
    return (rows - row) ** 2 + (columns - column) ** 2 <= (size / 2) ** 2


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


def test_a_finger_paints(page: Page) -> None:
    page.mount(painter(street(7)), width=400)
    page.page.touchscreen.tap(*page.at(40, 60))
    assert (page.labels() == np.where(disc((96, 128), 40, 60, 5), 0, VOID)).all()
    assert page.picture.evaluate("(each) => getComputedStyle(each).touchAction") == "none"


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


def test_without_a_truth_there_is_nothing_to_score(page: Page) -> None:
    page.mount(painter(small_scene().image, STREET))
    assert page.page.get_by_role("button", name="Score").count() == 0
    page.drag((1, 1))
    assert (page.labels() != VOID).any()


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


@pytest.mark.parametrize("width", [400, 860])
def test_other_widgets_in_the_notebook_do_not_change_its_look(page: Page, width: int) -> None:
    page.mount(painter(small_scene(), earlier=pack_answer(np.array(TRUTH, np.uint8), 65)), width)
    page.page.locator(".pp-verdict").wait_for()
    page.frame()
    assert changes(page.page, ".pp") == []


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
