"""Lesson 1 as a learner meets it: `course learn`, Run All Cells, then the viewer with pointer and keys.

What the viewer says is held against the scene itself, drawn anew from its seed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Notebook, open_notebook, running_browser, running_lab

from helpers.categories import VOID
from helpers.scenes.scene import Scene
from helpers.scenes.street import street

pytestmark = [pytest.mark.browser, pytest.mark.lesson1]

_COLOR = """(picture, [row, column, height, width]) => {
    const x = Math.floor(((column + 0.5) * picture.width) / width);
    const y = Math.floor(((row + 0.5) * picture.height) / height);
    return [...picture.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3)];
}"""


@pytest.fixture(scope="module")
def lesson(chromium_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """Lesson 1 in JupyterLab with all cells run; whatever a cell or the console complains of fails here."""
    home = tmp_path_factory.mktemp("learner")
    with (
        running_lab(home) as lab,
        running_browser(chromium_path) as browser,
        open_notebook(browser, lab, "01_pixel_labels.ipynb") as notebook,
    ):
        notebook.run_all()
        yield notebook
        notebook.check()


@pytest.fixture
def viewer(lesson: Notebook):
    """The lesson's first viewer of a street."""
    streets = lesson.page.locator('.pv[aria-label^="Viewer of street"]')
    streets.first.scroll_into_view_if_needed()
    return streets.first


def scene_of(viewer) -> Scene:
    """The scene that the viewer shows, drawn anew: its name says the seed, its heading the size."""
    seed = int(re.search(r"street (\d+)", viewer.get_attribute("aria-label"))[1])
    height, width = map(int, re.findall(r"\d+", viewer.locator(".pv-title span").inner_text()))
    return street(seed, size=(height, width))


def words_for(scene: Scene, row: int, column: int) -> str:
    """What the status line must say: written here a second time, from the scene's tensors."""
    red, green, blue = (scene.image[:, row, column] * 255).round().int().tolist()
    words = f"row {row}, column {column} · RGB {red} {green} {blue} · "
    category = int(scene.semantic[row, column])
    if category == VOID:
        return words + "void: no label"
    number = int(scene.panoptic[row, column])
    area = int((scene.panoptic == number).sum())
    kind = "thing" if scene.categories[category].isthing else "stuff"
    share = 100 * area / scene.panoptic.numel()
    return f"{words}{scene.categories[category].name} ({kind}) · segment {number} · {area} pixels, {share:.1f} %"


def hover(viewer, scene: Scene, row: int, column: int) -> None:
    picture = viewer.locator(".pv-main")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    height, width = scene.size
    viewer.page.mouse.move(
        box["x"] + box["width"] * (column + 0.5) / width, box["y"] + box["height"] * (row + 0.5) / height
    )


def color_at(viewer, scene: Scene, row: int, column: int) -> list[int]:
    """The colour that the viewer's picture has in the middle of this pixel, once it has drawn."""
    viewer.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return viewer.locator(".pv-main").evaluate(_COLOR, [row, column, *scene.size])


def test_the_viewer_tells_the_truth_about_the_pixel_under_the_pointer(viewer) -> None:
    scene = scene_of(viewer)
    height, width = scene.size
    for row in range(5, height, height // 4):
        for column in range(5, width, width // 5):
            hover(viewer, scene, row, column)
            assert viewer.locator(".pv-status").inner_text() == words_for(scene, row, column)


def test_keys_move_the_pixel_and_leave_the_notebook_alone(lesson: Notebook, viewer) -> None:
    scene = scene_of(viewer)
    hover(viewer, scene, 40, 50)
    viewer.locator(".pv-main").focus()
    cells = (
        "(({activeCellIndex, widgets}) => [activeCellIndex, widgets.length])(jupyterapp.shell.currentWidget.content)"
    )
    before = lesson.page.evaluate(cells)
    for key, position in [("ArrowDown", (41, 50)), ("Shift+ArrowRight", (41, 60)), ("ArrowUp", (40, 60))]:
        viewer.page.keyboard.press(key)
        assert viewer.locator(".pv-status").inner_text() == words_for(scene, *position)
    # JupyterLab's own: "a" makes a cell, "x" cuts one, an arrow selects another.
    for key in ("a", "x", "Shift+Tab", "Shift+Tab", "ArrowLeft", "ArrowRight"):
        viewer.page.keyboard.press(key)
    assert viewer.locator(":focus").get_attribute("type") == "radio"
    assert lesson.page.evaluate(cells) == before


def test_a_category_goes_and_comes_and_the_opacity_fades(viewer) -> None:
    scene = scene_of(viewer)
    # A pixel of the sky, well inside it: no outline and no name lies there.
    sky = scene.semantic == scene.categories.id("sky")
    row, column = next(
        (r, c) for r, c in sky.nonzero().tolist() if min(r, c) > 3 and sky[r - 3 : r + 4, c - 3 : c + 4].all()
    )
    road = (scene.semantic == scene.categories.id("road")).nonzero()[0].tolist()
    hover(viewer, scene, *road)
    photo = (scene.image[:, row, column] * 255).round().int().tolist()
    label = list(scene.categories[scene.categories.id("sky")].color)

    slider = viewer.get_by_role("slider", name="Opacity")
    slider.fill("100")
    assert color_at(viewer, scene, row, column) == label
    sky_chip = viewer.get_by_role("checkbox", name="sky")
    sky_chip.uncheck()
    hover(viewer, scene, *road)
    assert color_at(viewer, scene, row, column) == photo
    sky_chip.check()
    slider.fill("0")
    hover(viewer, scene, *road)
    assert color_at(viewer, scene, row, column) == photo
    slider.fill("50")
    half = [round((a + b) / 2) for a, b in zip(photo, label, strict=True)]
    assert color_at(viewer, scene, row, column) == pytest.approx(half, abs=2)


def test_the_figures_are_described_for_screen_readers(lesson: Notebook) -> None:
    pictures = [output for output in lesson.outputs() if output["output_type"] == "display_data"]
    described = [output for output in pictures if output.get("metadata", {}).get("image/png", {}).get("alt")]
    figures = [output for output in pictures if "image/png" in output["data"]]
    assert figures and len(described) == len(figures)
