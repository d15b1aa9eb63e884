"""Lesson 2 as a learner meets it: `course learn 02`, Run All Cells, the slider from one label to a map, the quiz."""

from __future__ import annotations

import re

import numpy as np
import pytest
from lab import Notebook, check_figures, check_quiz_and_prediction, pixels
from playwright.sync_api import expect

from helpers.categories import STREET
from helpers.scenes.street import street
from helpers.show.colors import image_bytes

pytestmark = [pytest.mark.browser, pytest.mark.lesson2, pytest.mark.usefixtures("nothing_goes_wrong")]
LESSON = "02"


def test_all_figures_are_described_for_screen_readers(lesson: Notebook) -> None:
    lesson.go_to(lesson.page.get_by_role("heading", name="2 · Classification and segmentation"))
    lesson.shot("lesson2_head")
    check_figures(lesson)


def test_the_slider_walks_from_one_label_to_a_map(lesson: Notebook) -> None:
    explorer = lesson.page.locator(".widget-vbox").filter(has=lesson.page.get_by_text("answers", exact=True))
    lesson.go_to(explorer)
    handle, readout = explorer.get_by_role("slider"), explorer.locator(".widget-readout")
    expect(readout).to_have_text("1 answer")
    seen = pixels(explorer.locator("img"))
    photo = image_bytes(street(1_000_294).image)
    larger = seen.shape[0] // photo.shape[0]
    width = larger * photo.shape[1]  # of the photo at the left and of the map at the right, with a gap between
    assert (seen[:, :width] == photo.repeat(larger, 0).repeat(larger, 1)).all()
    palette = {tuple(category.color) for category in STREET}

    def categories() -> set[tuple[int, ...]]:
        return {
            tuple(color)
            for color in np.unique(pixels(explorer.locator("img"))[:, -width:].reshape(-1, 3), axis=0).tolist()
        }

    assert len(categories()) == 1 and categories() <= palette
    lesson.shot("lesson2_explorer_first", explorer)
    shown, sources = ["1 answer"], [explorer.locator("img").get_attribute("src")]
    handle.focus()
    before = lesson.place()
    while not shown[-1].startswith("768"):
        assert len(shown) < 10, shown
        lesson.page.keyboard.press("ArrowRight")
        expect(readout).not_to_have_text(shown[-1])
        expect(explorer.locator("img")).not_to_have_attribute("src", sources[-1])
        shown.append(readout.inner_text())
        sources.append(explorer.locator("img").get_attribute("src"))
        assert 1 <= len(categories()) <= int(re.match(r"\d+", shown[-1])[0]) and categories() <= palette
    assert [int(re.match(r"\d+", each)[0]) for each in shown] == [1, 6, 12, 48, 192, 768]
    assert len(categories()) >= 5
    assert lesson.place() == before
    assert (pixels(explorer.locator("img"))[:, :width] == seen[:, :width]).all()
    lesson.shot("lesson2_explorer_last", explorer)


def test_the_viewer_shows_what_the_network_says(lesson: Notebook) -> None:
    viewer = lesson.page.locator('[aria-label="Viewer of what the network says"]')
    lesson.go_to(viewer)
    viewer.locator(".pv-main").focus()
    lesson.page.keyboard.press("Home")
    expect(viewer.locator(".pv-status")).to_contain_text("column 0 · RGB")
    lesson.shot("lesson2_viewer", viewer)


def test_the_quiz_and_the_prediction_are_there(lesson: Notebook) -> None:
    check_quiz_and_prediction(lesson, 2)
