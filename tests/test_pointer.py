"""Every widget names the enlarged pixel that is seen under the pointer, up to its very edges, on any screen."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from anywidget import AnyWidget
from browser import DRAWN, FrontEnd, empty_page, running_browser
from PIL import Image
from playwright.sync_api import Page

from helpers import show
from helpers.categories import STREET
from helpers.show.iou_explorer import iou_explorer

pytestmark = [pytest.mark.browser, pytest.mark.lesson1]

HEIGHT, WIDTH = 20, 30
ROW, COLUMN = 1, 2
"""Where we look along: far from what the widgets draw over the middle of the picture."""
RED, GREEN = 8, 12
PICTURE = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
"""Its colours say where a pixel lies: red is 8 times the column, green 12 times the row."""
PICTURE[..., 0] = RED * np.arange(WIDTH)
PICTURE[..., 1] = GREEN * np.arange(HEIGHT)[:, None]

Places = dict[int, tuple[float, float, float]]
"""Of some columns or rows: where, in CSS pixels, their first, middle and last pixel of the screen begins."""


def probe() -> AnyWidget:
    return show.probe(PICTURE, lambda row, column: np.zeros((4, 6, 3), np.uint8), "always black", start=(10, 15))


def explorer() -> AnyWidget:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[7:13, 7:23] = True  # in the middle, and so large that the explorer shows the whole picture
    return iou_explorer(mask, PICTURE)


WIDGETS: dict[str, tuple[Callable[[], AnyWidget], str, float]] = {
    "viewer": (lambda: show.viewer(PICTURE), ".pv-main", 1),
    "painter": (lambda: show.painter(PICTURE, STREET), ".pp-main", 1),
    "probe": (probe, ".pb-main", 1),
    "iou_explorer": (explorer, ".ix-canvas", 0.6),  # it darkens the picture
}
"""What makes a widget, its canvas, and how bright it shows the picture."""


@pytest.fixture(scope="module", params=[1, 1.5])
def front_end(chromium_path: Path, request: pytest.FixtureRequest) -> Iterator[FrontEnd]:
    """A page on a screen of one or of one and a half screen pixels to a CSS pixel."""
    with running_browser(chromium_path, request.param) as browser, empty_page(browser, as_on_screen=True) as page:
        assert page.evaluate("devicePixelRatio") == request.param
        yield FrontEnd(page)


def seen(page: Page, canvas: str, brightness: float) -> tuple[Places, Places]:
    """Of some columns in `ROW`, and of some rows in `COLUMN`, where the screen shows them."""
    page.mouse.move(0, 0)
    page.evaluate(DRAWN)
    ratio = page.evaluate("devicePixelRatio")
    screen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")) / brightness
    box = page.locator(canvas).bounding_box()
    left, top, wide, high = (box[side] * ratio for side in ("x", "y", "width", "height"))
    row, column = int(top + (ROW + 0.5) * high / HEIGHT), int(left + (COLUMN + 0.5) * wide / WIDTH)

    def places(numbers: np.ndarray, start: float, length: float, count: int) -> Places:
        inside = np.arange(int(start) + 1, int(start + length))
        numbers = numbers[inside]
        pure = np.abs(numbers - np.round(numbers)) < 0.2  # and not the mixture of two at a soft border
        found = {number: inside[pure & (np.round(numbers) == number)] / ratio for number in range(1, count, 4)}
        return {number: (each[0], each[len(each) // 2], each[-1]) for number, each in found.items()}

    return places(screen[row, :, 0] / RED, left, wide, WIDTH), places(screen[:, column, 1] / GREEN, top, high, HEIGHT)


@pytest.mark.parametrize("width", [861, 707.3])
@pytest.mark.parametrize("name", WIDGETS)
def test_the_pixel_seen_under_the_pointer_is_named(front_end: FrontEnd, name: str, width: float) -> None:
    make, canvas, brightness = WIDGETS[name]
    widget = make()
    front_end.mount(widget, width)
    reach = widget.info.get("margin", WIDTH)  # how far the explorer's prediction can be dragged
    page = front_end.page
    columns, rows = seen(page, canvas, brightness)

    def named(x: float, y: float) -> tuple[int, int]:
        """The row and column that the widget tells of the pointer; the explorer, of a pixel dragged here."""
        if name == "iou_explorer":
            return drag(x, y)
        (page.mouse.click if name == "probe" else page.mouse.move)(x, y)
        page.evaluate(DRAWN)
        row, column = re.search(r"row (\d+), column (\d+)", page.locator("[role=status]").inner_text()).groups()
        return int(row), int(column)

    def drag(x: float, y: float) -> tuple[int, int]:
        start = columns[9][0], rows[9][2]  # from the left edge of a pixel, and its lower one
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(x, y)
        page.mouse.up()
        words = page.locator("[role=status]").inner_text()
        page.keyboard.press("Home")
        way = {side: int(far) for far, side in re.findall(r"(\d+) (up|down|left|right)", words)}
        return 9 + way.get("down", 0) - way.get("up", 0), 9 + way.get("right", 0) - way.get("left", 0)

    row_middle, column_middle = rows[ROW][1], columns[1][1]
    for column, places in columns.items():
        if abs(column - 9) <= reach:
            assert [named(place, row_middle)[1] for place in places] == [column] * 3
    for row, places in rows.items():
        if abs(row - 9) <= reach:
            assert [named(column_middle, place)[0] for place in places] == [row] * 3
