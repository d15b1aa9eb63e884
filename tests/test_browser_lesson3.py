"""Lesson 3 as a learner meets it: `course learn 03`, Run All Cells, the probe, the sliders, the training, the quiz."""

from __future__ import annotations

import numpy as np
import pytest
from lab import Notebook, check_figures, check_quiz_and_prediction, pixels, wait_for_drawing
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.lesson3, pytest.mark.usefixtures("nothing_goes_wrong")]
LESSON = "03"


def test_all_figures_are_described_for_screen_readers(lesson: Notebook) -> None:
    lesson.go_to(lesson.page.get_by_role("heading", name="3 · Semantic segmentation"))
    lesson.shot("lesson3_head")
    check_figures(lesson, at_least=12)


def test_the_probe_answers_the_pointer_and_the_keys(lesson: Notebook) -> None:
    probe = lesson.go_to(lesson.page.locator(".pb"))
    answer, status, picture = (probe.locator(f".pb-{part}") for part in ("answer", "status", "main"))
    expect(status).to_have_text("row 66, column 40")
    first = wait_for_drawing(answer)
    picture.click(position={"x": 30, "y": 20})
    expect(status).not_to_have_text("row 66, column 40")
    wait_for_drawing(answer, first)
    place = status.inner_text()
    picture.press("ArrowDown")
    expect(status).not_to_have_text(place)
    lesson.shot("lesson3_probe", probe)
    expect(answer).to_have_attribute("aria-busy", "false")
    before = wait_for_drawing(answer)
    probe.get_by_role("combobox").select_option("FCN-32s")
    wait_for_drawing(answer, before)
    lesson.shot("lesson3_probe_fcn32", probe)


@pytest.mark.parametrize(
    ("control", "first", "last"), [("network", "FCN-32s", "U-Net"), ("strength", "0", "30")], ids=["ladder", "crf"]
)
def test_the_sliders_redraw_the_map(lesson: Notebook, control: str, first: str, last: str) -> None:
    explorer = lesson.page.locator(".widget-vbox").filter(has=lesson.page.get_by_text(control, exact=True))
    lesson.go_to(explorer)
    slider = explorer.locator(".widget-hslider").filter(has=lesson.page.get_by_text(control, exact=True))
    handle, readout = slider.get_by_role("slider"), slider.locator(".widget-readout")
    expect(readout).to_have_text(first)
    seen = pixels(explorer.locator("img"))
    lesson.shot(f"lesson3_{control}_first", explorer)
    handle.focus()
    place = lesson.place()
    source = explorer.locator("img").get_attribute("src")
    lesson.page.keyboard.press("End")
    expect(readout).to_have_text(last)
    expect(explorer.locator("img")).not_to_have_attribute("src", source)
    assert pixels(explorer.locator("img")).shape == seen.shape
    assert (pixels(explorer.locator("img")) != seen).any()
    assert lesson.place() == place
    lesson.shot(f"lesson3_{control}_last", explorer)


def test_the_training_shows_how_the_street_sharpens(lesson: Notebook) -> None:
    """After Run All the picture under the bar is the trained network's: many categories, beside the truth."""
    training = lesson.page.locator(".widget-vbox").filter(has=lesson.page.get_by_text("U-Net", exact=True))
    training = lesson.go_to(training.filter(has=lesson.page.get_by_text("400 steps")))
    shown = pixels(training.locator("img"))
    half = shown.shape[1] // 2
    sides = (shown[:, : half - 4], shown[:, half + 4 :])
    assert all(len(np.unique(side.reshape(-1, 3), axis=0)) >= 6 for side in sides)
    assert (sides[0] == sides[1]).all(-1).mean() > 0.7
    lesson.shot("lesson3_training", training)


def test_the_quiz_and_the_prediction_are_there(lesson: Notebook) -> None:
    check_quiz_and_prediction(lesson, 3)
