"""Lesson 4 as a learner meets it: `course learn 04`, Run All Cells, both sliders, the live training, the quiz."""

from __future__ import annotations

import numpy as np
import pytest
from lab import Notebook, check_figures, check_quiz_and_prediction, pixels
from playwright.sync_api import expect
from scipy.ndimage import binary_opening
from skimage.measure import label as regions

pytestmark = [pytest.mark.browser, pytest.mark.lesson4, pytest.mark.usefixtures("nothing_goes_wrong")]
LESSON = "04"


def test_all_figures_are_described_for_screen_readers(lesson: Notebook) -> None:
    lesson.go_to(lesson.page.get_by_role("heading", name="4 · Instance segmentation"))
    lesson.shot("lesson4_head")
    check_figures(lesson, at_least=12)


@pytest.mark.parametrize(
    ("place", "name", "first", "last"), [(0, "matching", "0.50", "0.95"), (1, "peaks", "0.001", "0.9")]
)
def test_the_sliders_redraw_what_they_govern(lesson: Notebook, place: int, name: str, first: str, last: str) -> None:
    explorers = lesson.page.locator(".widget-vbox").filter(has=lesson.page.get_by_text("threshold", exact=True))
    explorer = lesson.go_to(explorers.nth(place))
    handle, readout, picture = (
        explorer.get_by_role("slider"),
        explorer.locator(".widget-readout"),
        explorer.locator("img"),
    )
    expect(readout).to_have_text(first)
    seen, source = pixels(picture), picture.get_attribute("src")
    lesson.shot(f"lesson4_{name}_first", explorer)
    handle.focus()
    before = lesson.place()
    lesson.page.keyboard.press("End")
    expect(readout).to_have_text(last)
    expect(picture).not_to_have_attribute("src", source)
    assert pixels(picture).shape == seen.shape and (pixels(picture) != seen).any()
    assert lesson.place() == before
    lesson.shot(f"lesson4_{name}_last", explorer)


def figure(lesson: Notebook, words: str) -> np.ndarray:
    """The picture, int64 `[H, W, 3]`, below the description with these words, which only a screen reader meets."""
    description = lesson.page.locator(".jp-OutputArea-child").filter(has=lesson.page.get_by_text(words))
    picture = lesson.go_to(description.locator("xpath=following-sibling::*[1]").locator("img"))
    expect(picture).to_be_in_viewport()
    lesson.shot(f"lesson4_{words.replace(' ', '_')}", picture)
    return pixels(picture).astype(int)


def test_each_way_of_finding_coins_paints_all_twelve(lesson: Notebook) -> None:
    """The photograph is grey, and so is it at the left; at its right, three times, what was found is tinted."""
    picture = figure(lesson, "lower rows of the coins")
    tinted = np.ptp(picture, axis=-1) > 12
    photograph, *found = (
        tinted[:, start : start + 275] for start in np.linspace(4, picture.shape[1] - 281, 4, dtype=int)
    )
    assert not photograph.any()
    for way in found:
        coins = np.bincount(regions(binary_opening(way, np.ones((3, 3)))).ravel())[1:]
        assert (coins > 300).sum() == 12


def test_the_learning_curve_falls_and_the_average_precision_rises(lesson: Notebook) -> None:
    picture = figure(lesson, "average precision rises")[:, :640]  # without the scale at the right

    def ends(color: str) -> tuple[int, int]:
        """The rows of a line's first and of its last pixel from the left."""
        rgb = [int(color[at : at + 2], 16) for at in (0, 2, 4)]
        rows, columns = (np.abs(picture - rgb).max(-1) < 12).nonzero()
        return rows[columns.argmin()], rows[columns.argmax()]

    first, last = ends("30507a")  # the loss
    assert last > first + 50
    first, last = ends("b3541e")  # AP50
    assert last < first - 50


def test_the_quiz_and_the_prediction_are_there(lesson: Notebook) -> None:
    check_quiz_and_prediction(lesson, 4)
