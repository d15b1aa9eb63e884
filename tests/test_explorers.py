"""Explorers: a slider moves, a pure function draws, and a plain picture stands where no front end runs."""

from __future__ import annotations

import io
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from helpers import show
from helpers.show.explorers import Explorer

pytestmark = pytest.mark.lesson2
ALT = 'Ever smaller "blocks" <of> colour & light'
WIDGET = "application/vnd.jupyter.widget-view+json"


def shades(shade: int, size: tuple[int, int]) -> np.ndarray:
    return np.full((*size, 3), shade, np.uint8)


def shade_explorer() -> Explorer:
    return show.explore(shades, ALT, shade=[10, 20, 30], size={"small": (4, 6), "large": (8, 12)})


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png), formats=["PNG"]))


def test_it_starts_with_the_first_of_each_control() -> None:
    explorer = shade_explorer()
    assert explorer.state == {"shade": 10, "size": (4, 6)}
    assert (pixels(explorer.image.value) == shades(10, (4, 6))).all()
    assert [slider.description for slider in explorer.sliders.values()] == ["shade", "size"]
    assert [label for label, _ in explorer.sliders["size"].options] == ["small", "large"]


def test_a_slider_redraws_with_the_whole_state() -> None:
    calls = []

    def render(**state: object) -> np.ndarray:
        calls.append(state)
        return shades(**state)

    explorer = show.explore(render, ALT, shade=[10, 20, 30], size={"small": (4, 6), "large": (8, 12)})
    explorer.sliders["shade"].value = 30
    assert (pixels(explorer.image.value) == shades(30, (4, 6))).all()
    explorer.sliders["size"].index = 1
    assert (pixels(explorer.image.value) == shades(30, (8, 12))).all()
    assert explorer.state == calls[-1] == {"shade": 30, "size": (8, 12)}
    assert len(calls) == 3  # once for each picture, and no more


def test_the_bundle_has_a_widget_a_picture_and_the_repr() -> None:
    explorer = shade_explorer()
    explorer.sliders["shade"].value = 20
    data, metadata = explorer._repr_mimebundle_()
    assert set(data) == {"text/plain", "image/png", WIDGET}
    assert data["text/plain"] == repr(explorer) == "Explorer(shade, size)"
    assert (pixels(data["image/png"]) == 20).all()
    assert data[WIDGET]["model_id"] == explorer.model_id
    assert metadata == {"image/png": {"alt": ALT}}


def test_a_screen_reader_hears_the_words_as_they_are() -> None:
    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list) -> None:
            found.append((tag, dict(attributes)))

        def handle_data(self, text: str) -> None:
            found.append(text)

    found: list = []
    Reader().feed(shade_explorer().note.value)
    assert found == [("div", {"role": "img", "aria-label": ALT})]


@pytest.mark.parametrize("choices", [[], [1], {"only": 1}])
def test_one_value_is_no_choice(choices: object) -> None:
    with pytest.raises(ValueError, match=f"shade: expected at least two values, got {len(choices)}"):
        show.explore(shades, ALT, shade=choices, size=[(1, 1), (2, 2)])


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((4, 6, 3)), r"got float64 \[4, 6, 3\]"),
        (np.zeros((4, 6), np.uint8), r"got uint8 \[4, 6\]"),
        (np.zeros((3, 4, 6), np.uint8), r"got uint8 \[3, 4, 6\]"),
    ],
)
def test_any_other_picture_is_named(picture: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=r"render: expected uint8 \[H, W, 3\], " + words):
        show.explore(lambda number: picture, ALT, number=[1, 2])


def test_a_name_of_several_words_is_spelt_out() -> None:
    explorer = show.explore(lambda block_size: shades(block_size, (2, 2)), ALT, block_size=[1, 2])
    assert explorer.sliders["block_size"].description == "block size"


def test_what_render_raises_is_said_and_the_picture_says_what_it_shows() -> None:
    def render(shade: int, size: tuple[int, int]) -> np.ndarray:
        if shade == 20:
            raise ZeroDivisionError("no <shade>\nof 20")
        picture = shades(shade, size)
        return picture / 2 if shade == 30 else picture

    explorer = show.explore(render, ALT, shade=[10, 20, 30, 40], size={"small": (4, 6), "large": (8, 12)})
    assert explorer.trouble.value == "" and explorer.trouble in explorer.children
    explorer.sliders["shade"].value = 20
    said = "No picture for shade 20, size small (ZeroDivisionError: no &lt;shade&gt;)"
    assert explorer.trouble.value == f'<p role="alert">{said}: it still shows shade 10, size small.</p>'
    assert explorer.state == {"shade": 10, "size": (4, 6)} and (pixels(explorer.image.value) == 10).all()
    explorer.sliders["shade"].value = 30
    assert "(ValueError: render: expected uint8 [H, W, 3], got float64 [4, 6, 3])" in explorer.trouble.value
    assert "shows shade 10, size small." in explorer.trouble.value
    explorer.sliders["shade"].value = 40
    assert explorer.trouble.value == "" and explorer.state == {"shade": 40, "size": (4, 6)}
    assert (pixels(explorer.image.value) == 40).all()


def test_what_render_raises_at_the_start_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        show.explore(lambda number: 1 // 0, ALT, number=[1, 2])


def test_a_render_that_is_interrupted_is_said_too() -> None:
    def render(number: int) -> np.ndarray:
        if number == 2:
            raise KeyboardInterrupt
        return shades(number, (2, 2))

    explorer = show.explore(render, ALT, number=[1, 2])
    explorer.sliders["number"].value = 2
    assert "(KeyboardInterrupt): it still shows number 1." in explorer.trouble.value


def test_controls_may_have_the_names_of_our_own_arguments() -> None:
    explorer = show.explore(lambda alt, render: shades(alt + render, (2, 2)), ALT, alt=[1, 2], render=[10, 20])
    explorer.sliders["alt"].value = 2
    assert explorer.state == {"alt": 2, "render": 10} and (pixels(explorer.image.value) == 12).all()
    _, metadata = explorer._repr_mimebundle_()
    assert metadata == {"image/png": {"alt": ALT}}
