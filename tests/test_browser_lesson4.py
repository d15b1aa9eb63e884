"""Lesson 4 as a learner meets it: `course learn 04`, Run All Cells, both sliders, the live training, the quiz."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import LEARN, Notebook, check_quiz_and_prediction, open_notebook, pixels, running_browser, running_lab
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.lesson4]


@pytest.fixture(scope="module")
def lesson(chromium_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """Lesson 4 in JupyterLab with all cells run: Mask R-CNN has been trained."""
    with (
        running_lab(tmp_path_factory.mktemp("learner"), [*LEARN, "04"]) as lab,
        running_browser(chromium_path) as browser,
        open_notebook(browser, lab, "04_instance.ipynb", (1280, 1500)) as notebook,
    ):
        notebook.run_all()
        yield notebook


@pytest.fixture(autouse=True)
def nothing_goes_wrong(lesson: Notebook) -> Iterator[None]:
    """Whatever a cell or the console complains of fails the test that caused it."""
    yield
    lesson.check()


def test_all_figures_are_described_for_screen_readers(lesson: Notebook) -> None:
    lesson.go_to(lesson.page.get_by_role("heading", name="4 · Instance segmentation"))
    lesson.shot("lesson4_head")
    figures = [output for output in lesson.outputs() if "image/png" in output.get("data", {})]
    assert len(figures) >= 12 and all(output["metadata"].get("image/png", {}).get("alt") for output in figures)


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


@pytest.mark.parametrize("words", ["lower rows of the coins", "average precision rises"], ids=["coins", "training"])
def test_figures_to_be_looked_at(lesson: Notebook, words: str) -> None:
    """The description stands before its picture, for screen readers alone."""
    spoken = lesson.page.get_by_text(words).last
    output = lesson.page.locator(".jp-OutputArea").filter(has=spoken).last
    lesson.go_to(output.locator("img").last)
    lesson.shot(f"lesson4_{words.split()[0]}_{words.split()[-1]}", output)


def test_the_quiz_and_the_prediction_are_there(lesson: Notebook) -> None:
    check_quiz_and_prediction(lesson, 4)
