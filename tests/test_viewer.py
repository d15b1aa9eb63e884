"""The viewer: what it sends to the browser, its plain picture, and what viewer.js makes of it in a real browser."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import numpy as np
import pytest
import torch
from browser import DRAWN, FrontEnd
from PIL import Image
from playwright.sync_api import Page
from sheets import changes

from helpers import show
from helpers.categories import STREET, VOID
from helpers.labels import Segment
from helpers.scenes.scene import Scene
from helpers.scenes.street import street
from helpers.show.viewer import LAYERS, Viewer, ViewerState, render

pytestmark = pytest.mark.lesson1


def small_scene() -> Scene:
    """4×6: void, sky, and two cars that touch, with an id that only COCO would use."""
    panoptic = torch.tensor(
        [[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [9, 9, 9, 70_000, 70_000, 70_000], [9, 9, 9, 70_000, 70_000, 70_000]]
    )
    segments = (Segment(1, 0, False, 10), Segment(9, 6, True, 6), Segment(70_000, 6, True, 6))
    image = torch.arange(72).reshape(3, 4, 6) / 255
    return Scene("small", image, panoptic, segments, STREET)


def state_of(scene: Scene, layer: str, opacity: float) -> ViewerState:
    image = (scene.image.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    return ViewerState(scene.name, image, scene.panoptic.numpy(), scene.segments, scene.categories, layer, opacity)


# --- in Python --------------------------------------------------------------------------------------------------------


def test_the_repr_is_short_and_stable() -> None:
    assert repr(show.viewer(street(7))) == "Viewer('street 7', 96×128)"
    assert repr(show.viewer(torch.zeros(3, 4, 6))) == "Viewer('picture', 4×6)"


def test_the_bundle_has_a_widget_a_picture_and_the_repr() -> None:
    data, metadata = show.viewer(small_scene())._repr_mimebundle_()
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json", "image/png"}
    assert data["text/plain"] == "Viewer('small', 4×6)"
    assert Image.open(io.BytesIO(data["image/png"])).format == "PNG"
    assert metadata["image/png"]["alt"] == "small: the picture and its semantic labels"


def test_all_data_is_sent_once_and_exact() -> None:
    scene = small_scene()
    viewer = show.viewer(scene, "panoptic", 0.4)
    assert (
        np.frombuffer(viewer.image, np.uint8).reshape(4, 6, 3) == np.arange(72).reshape(3, 4, 6).transpose(1, 2, 0)
    ).all()
    places = np.frombuffer(viewer.index, "<u2").reshape(4, 6)
    ids = np.array([0] + [segment["id"] for segment in viewer.info["segments"]])
    assert (ids[places] == scene.panoptic.numpy()).all()
    assert [segment["area"] for segment in viewer.info["segments"]] == [10, 6, 6]
    assert [category["area"] for category in viewer.info["categories"]] == [10, 0, 0, 0, 0, 0, 12, 0]
    assert (viewer.info["layer"], viewer.info["opacity"]) == ("panoptic", 0.4)
    json.dumps(viewer.info)  # plain numbers only


@pytest.mark.parametrize("layer", LAYERS)
def test_render_mixes_the_image_with_the_labels(layer: str) -> None:
    scene = small_scene()
    clear, full = (render(state_of(scene, layer, opacity)) for opacity in (0.0, 1.0))
    times, gap = 60, 12
    assert full.shape == (4 * times, 2 * 6 * times + gap, 3) and full.dtype == np.uint8
    left, right = full[:, : 6 * times], full[:, 6 * times + gap :]
    inside = (slice(times // 2, None, times),) * 2  # the middle of every pixel: no border, no hatching
    image = state_of(scene, layer, 1).image
    assert (left[inside] == image).all()
    assert (clear[:, 6 * times + gap :][inside] == image).all()
    expected = {
        "semantic": show.color_semantic(scene.semantic, STREET),
        "instances": np.where(
            (scene.panoptic >= 9).numpy()[..., None],
            show.color_instances(scene.panoptic, scene.segments, STREET),
            image,
        ),
        "panoptic": show.color_panoptic(scene.panoptic, scene.segments, STREET),
    }[layer]
    known = scene.semantic.numpy() != VOID
    assert (right[inside] == expected)[known].all()


def test_render_without_labels_is_the_picture() -> None:
    image = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    assert (render(ViewerState("picture", image))[::90, ::90] == image).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: show.viewer(small_scene(), "semantics"), "layer: expected one of"),
        (lambda: show.viewer(small_scene(), opacity=60), "opacity: expected 0..1"),
        (lambda: show.viewer(torch.zeros(3, 513, 8)), "scene: expected at most 512×1024"),
        (lambda: show.viewer(torch.zeros(4, 8)), "image: expected float"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


# --- in the browser, without JupyterLab -------------------------------------------------------------------------------

_SCENE = "window.scene = module.unpack(...['info', 'image', 'index'].map(model.get))"
_COLOR = """([row, column]) => {
    const canvas = document.querySelector(".pv-main"), scale = canvas.width / scene.width;
    const x = Math.floor((column + 0.5) * scale), y = Math.floor((row + 0.5) * scale);
    return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3)];
}"""


@pytest.fixture
def mount(front_end: FrontEnd) -> Callable[..., None]:
    """Shows a viewer in the page; `scene` is then what it unpacked."""

    def mount(viewer: Viewer, width: int = 900) -> None:
        front_end.mount(viewer, width)
        front_end.page.evaluate(_SCENE)

    return mount


def color_at(page: Page, row: int, column: int) -> list[int]:
    """The colour of the viewer's picture in the middle of this pixel, once it has drawn."""
    page.evaluate(DRAWN)
    return page.evaluate(_COLOR, [row, column])


@pytest.mark.browser
def test_every_pixel_is_told_as_the_scene_has_it(page: Page, mount: Callable) -> None:
    scene = street(7)
    mount(show.viewer(scene))
    told = page.evaluate(
        "[...scene.index].map((_, at) => {"
        " const pixel = module.lookUp(scene, Math.floor(at / scene.width), at % scene.width);"
        " return [...pixel.rgb, pixel.category?.id ?? 255, pixel.segment?.id ?? 0]; })"
    )
    told = np.array(told).reshape(*scene.size, 5)
    assert (told[..., :3] == (scene.image.permute(1, 2, 0) * 255).round().numpy()).all()
    assert (told[..., 3] == scene.semantic.numpy()).all()
    assert (told[..., 4] == scene.panoptic.numpy()).all()


@pytest.mark.browser
def test_the_status_line_says_it_in_words(page: Page, mount: Callable) -> None:
    mount(show.viewer(small_scene()))
    say = "([r, c]) => module.statusParts(scene, module.lookUp(scene, r, c)).join(' | ')"
    assert page.evaluate(say, [0, 1]) == "row 0, column 1 | RGB 1 25 49 | void: no label"
    words = "row 1, column 0 | RGB 6 30 54 | sky (stuff) | segment 1 | 10 pixels, 41.7 %"
    assert page.evaluate(say, [1, 0]) == words
    assert page.evaluate(say, [3, 5]).endswith("car (thing) | segment 70000 | 6 pixels, 25.0 %")


@pytest.mark.browser
def test_pointer_and_keys_move_and_stop_at_the_edge(page: Page, mount: Callable) -> None:
    mount(show.viewer(small_scene()))
    status, picture = page.locator(".pv-status"), page.locator(".pv-main")
    box = picture.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 4.5 / 6, box["y"] + box["height"] * 2.5 / 4)
    assert status.inner_text().startswith("row 2, column 4 ")
    picture.focus()
    for key, position in [
        ("ArrowDown", "row 3, column 4 "),
        ("ArrowDown", "row 3, column 4 "),
        ("ArrowRight", "row 3, column 5 "),
        ("Shift+ArrowUp", "row 0, column 5 "),
        ("Home", "row 0, column 0 "),
        ("ArrowLeft", "row 0, column 0 "),
        ("End", "row 0, column 5 "),
    ]:
        page.keyboard.press(key)
        assert status.inner_text().startswith(position), key


@pytest.mark.browser
def test_layers_chips_and_opacity_change_the_colours(page: Page, mount: Callable) -> None:
    scene = small_scene()
    mount(show.viewer(scene, opacity=1))
    page.locator(".pv-main").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowUp")  # on void, where nothing is outlined
    color = lambda: color_at(page, 2, 5)  # noqa: E731
    image = (scene.image[:, 2, 5] * 255).round().int().tolist()
    assert color() == list(STREET[6].color)
    page.get_by_role("radio", name="Panoptic").check(force=True)
    second_car = color()
    assert (
        second_car == list(show.color_panoptic(scene.panoptic, scene.segments, STREET)[2, 5]) != list(STREET[6].color)
    )
    page.get_by_role("checkbox", name="car").uncheck()
    page.mouse.move(0, 0)
    assert color() == image
    page.get_by_role("checkbox", name="car").check()
    page.mouse.move(0, 0)
    assert color() == second_car
    page.get_by_role("slider", name="Opacity").fill("0")
    assert color() == image
    assert page.locator(".pv-opacity output").inner_text() == "0 %"
    page.get_by_role("slider", name="Opacity").fill("100")
    page.get_by_role("radio", name="Instances").check(force=True)
    assert color_at(page, 1, 0) == (scene.image[:, 1, 0] * 255).round().int().tolist()


@pytest.mark.browser
def test_a_picture_without_labels_says_so(page: Page, mount: Callable) -> None:
    mount(show.viewer(small_scene().image))
    assert "no labels" in page.locator(".pv-note").inner_text()
    assert page.locator(".pv-status").inner_text() == "row 2, column 3 · RGB 15 39 63"
    assert page.locator(".pv-chip").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 860])
def test_nothing_is_wider_than_the_place_it_has(page: Page, mount: Callable, width: int) -> None:
    mount(show.viewer(street(7)), width)
    page.wait_for_function("document.querySelector('.pv-main').width > 300")
    parts = "[...document.querySelectorAll('.pv *:not(.pv-unseen, span)')]"
    too_wide = f"{parts}.filter((each) => each.scrollWidth > each.clientWidth + 1)"
    assert page.evaluate(f"{too_wide}.map((e) => e.className)") == []
    assert page.locator(".pv").bounding_box()["width"] <= width
    # Two pictures side by side where there is room, one where there is not.
    assert page.locator(".pv-plain").is_visible() == (width > 480)


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 860])
def test_other_widgets_in_the_notebook_do_not_change_its_look(page: Page, mount: Callable, width: int) -> None:
    mount(show.viewer(street(7)), width)
    page.get_by_role("checkbox", name="car").uncheck()
    assert changes(page, ".pv") == []


@pytest.mark.browser
def test_the_largest_picture_follows_the_pointer(page: Page, mount: Callable) -> None:
    mount(show.viewer(street(3, size=(512, 1024)), "panoptic"))
    box = page.locator(".pv-main").bounding_box()
    seconds = page.evaluate(
        """async ([x, y, width]) => {
            const canvas = document.querySelector(".pv-main"), start = performance.now();
            for (let step = 0; step < 20; step++) {
                canvas.dispatchEvent(new PointerEvent("pointermove", {clientX: x + (width * step) / 20, clientY: y}));
                await new Promise((done) => requestAnimationFrame(done));
            }
            return (performance.now() - start) / 20000;
        }""",
        [box["x"] + 2, box["y"] + box["height"] * 0.7, box["width"]],
    )
    assert seconds < 0.5, f"{seconds:.2f} s for one move"
