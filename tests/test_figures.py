"""Colours and figures: told apart by every kind of colour vision, true to the labels, described in words."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from helpers import show
from helpers.categories import COINS, STREET, VOID, VOID_COLOR, CategorySet
from helpers.labels import Segment
from helpers.scenes.street import street
from helpers.show import colors, figures

pytestmark = pytest.mark.lesson1
ROOT = Path(__file__).resolve().parent.parent

# How colour-blind people see linear RGB: Machado, Oliveira, Fernandes, "A physiologically-based model for simulation of
# color vision deficiency", 2009, severity 1.0.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}

PANOPTIC = np.array([[0, 1, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]])
SEGMENTS = (Segment(1, 0, False, 3), Segment(2, 6, True, 4), Segment(3, 6, True, 4))


def seen(rgb: np.ndarray, vision: str) -> np.ndarray:
    """CIE Lab `[N, 3]` of RGB colours 0..255 as this vision sees them."""
    rgb = np.asarray(rgb) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = (linear @ VISIONS[vision].T).clip(0, 1)
    return rgb2lab(np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055))


def distances(lab: np.ndarray) -> np.ndarray:
    """CIEDE2000 between all pairs of `[N, 3]`, with infinity from a colour to itself."""
    return deltaE_ciede2000(lab[:, None], lab[None]) + np.diag(np.full(len(lab), np.inf))


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("categories", [STREET, COINS], ids=lambda categories: categories.name)
def test_any_two_categories_and_void_are_told_apart_by_every_vision(categories: CategorySet, vision: str) -> None:
    palette = [category.color for category in categories] + [VOID_COLOR]
    assert distances(seen(palette, vision)).min() >= 17


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("category", [*STREET.things, *COINS.things], ids=lambda category: category.name)
def test_neighbouring_shades_of_a_thing_differ_for_every_vision(category, vision: str) -> None:
    shades = seen([colors.shade(category.color, number) for number in range(colors.SHADES + 1)], vision)
    between = deltaE_ciede2000(shades[:-1], shades[1:])
    assert between.min() >= 17, between.round(1)


def test_the_first_shade_is_the_categorys_colour_and_shades_do_not_repeat_early() -> None:
    shades = [colors.shade(STREET[6].color, number) for number in range(colors.SHADES)]
    assert shades[0] == STREET[6].color
    assert len(set(shades)) == colors.SHADES == 15
    assert colors.shade(STREET[6].color, colors.SHADES) == shades[0]


def test_semantic_colours_are_the_palette() -> None:
    semantic = torch.tensor([[0, 7], [VOID, 3]])
    expected = np.array([[STREET[0].color, STREET[7].color], [(0, 0, 0), STREET[3].color]])
    assert (show.color_semantic(semantic, STREET) == expected).all()
    assert show.color_semantic(semantic.numpy(), STREET).dtype == np.uint8


def test_panoptic_colours_stuff_by_category_and_things_by_shade() -> None:
    picture = show.color_panoptic(torch.from_numpy(PANOPTIC), SEGMENTS, STREET)
    assert picture.shape == (3, 4, 3) and picture.dtype == np.uint8
    assert tuple(picture[0, 0]) == (0, 0, 0)
    assert tuple(picture[0, 1]) == STREET[0].color
    assert tuple(picture[1, 0]) == STREET[6].color
    assert tuple(picture[1, 2]) == colors.shade(STREET[6].color, 1) != STREET[6].color


def test_instance_colours_leave_stuff_and_void_grey() -> None:
    picture = show.color_instances(PANOPTIC, SEGMENTS, STREET)
    assert (picture[0] == colors.NO_INSTANCE_COLOR).all()
    assert (picture[1:] == show.color_panoptic(PANOPTIC, SEGMENTS, STREET)[1:]).all()


def test_shades_follow_the_id_not_the_order_of_the_list() -> None:
    forward = colors.segment_colors(SEGMENTS, STREET)
    assert colors.segment_colors(SEGMENTS[::-1], STREET) == forward


def test_borders_lie_on_one_side_and_hatching_on_void_alone() -> None:
    black = np.zeros((3, 4, 3), np.uint8)
    border = (colors.draw_borders(black, PANOPTIC) == 255).all(axis=2)
    assert border.tolist() == [[False, True, False, False], [True, True, True, True], [False, False, True, False]]
    mask = np.zeros((16, 16), bool)
    mask[:, 8:] = True
    hatched = colors.hatch(np.zeros((16, 16, 3), np.uint8), mask).any(axis=2)
    assert not hatched[:, :8].any() and 0.2 < hatched[:, 8:].mean() < 0.3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: show.show_image(torch.zeros(2, 4, 4)), "image: expected float"),
        (lambda: show.show_image(torch.full((3, 4, 4), 2.0)), "image: expected values in 0..1"),
        (lambda: show.color_semantic(torch.zeros(4, 4), STREET), "semantic: expected integers"),
        (lambda: show.color_semantic(torch.full((4, 4), 256), STREET), "semantic: expected ids in 0..255"),
        (lambda: show.color_panoptic(PANOPTIC, SEGMENTS[:2], STREET), r"panoptic: expected 0 or the id .* got \[3\]"),
        (lambda: show.show_figure("car"), "alt: expected a sentence"),
        (lambda: show.show_row([PANOPTIC > 0], [], alt="a mask of things"), "titles: expected one for each"),
        (lambda: show.show_row([PANOPTIC], ["labels"], alt="a map of labels"), "pictures: expected an image"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
    plt.close("all")


def test_names_stand_inside_their_region_where_it_is_widest() -> None:
    labels = np.zeros((40, 60), int)
    labels[10:30, 5:35] = 1
    labels[0:40, 50:52] = 2
    points = figures.name_points(labels)
    row, column, room = points[1]
    assert (row, column) == pytest.approx((19.5, 19.5), abs=1) and room == pytest.approx(15, abs=1)
    assert points[2][2] <= 2
    ring = np.zeros((30, 30), int)
    ring[5:25, 5:25] = 1
    ring[8:22, 8:22] = 0  # the middle of this region is outside it
    row, column, _ = figures.name_points(ring)[1]
    assert ring[round(row), round(column)] == 1


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    """What a cell displayed: (data, metadata) for each output."""
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr(figures, "display", lambda data, raw, metadata=None: outputs.append((data, metadata)))
    with plt.rc_context():
        show.use_style()
        yield outputs
    assert not plt.get_fignums(), "a figure was left open and would be shown twice"


def test_instances_are_drawn_over_their_picture() -> None:
    """The first on top, each in a shade of its category, and on its box what it is and how sure."""
    masks = torch.zeros(3, 36, 48, dtype=torch.bool)
    masks[0, 4:20, 4:20], masks[1, 10:30, 10:40], masks[2, 30:34, 2:6] = True, True, True
    car, person = STREET.id("car"), STREET.id("person")
    instances = {
        "masks": masks,
        "labels": torch.tensor([car, car, person]),
        "boxes": torch.tensor([[4.0, 4, 20, 20], [10, 10, 40, 30], [2, 30, 6, 34]]),
        "scores": torch.tensor([0.91, 0.5, 0.25]),
    }
    image = torch.full((3, 36, 48), 0.5)
    ax = show.show_instances(image, instances, STREET, "found")
    drawn = ax.images[0].get_array()
    times = drawn.shape[0] // 36

    def at(row: int, column: int) -> list[int]:
        return drawn[row * times + times // 2, column * times + times // 2].tolist()

    def mixed(color: tuple[int, ...], below: tuple[int, ...] = (127,) * 3) -> tuple[int, ...]:
        return tuple(int(0.4 * under + 0.6 * channel) for channel, under in zip(color, below, strict=True))

    second = mixed(colors.shade(STREET[car].color, 1))
    assert at(0, 0) in ([127] * 3, [128] * 3)
    assert np.allclose(at(6, 6), mixed(STREET[car].color), atol=2)
    assert np.allclose(at(25, 30), second, atol=2)
    assert np.allclose(at(15, 15), mixed(STREET[car].color, second), atol=2)  # the first car lies on the other
    assert np.allclose(at(32, 4), mixed(STREET[person].color), atol=2)
    assert [text.get_text() for text in ax.texts] == ["car 0.91", "car 0.50", "person 0.25"]
    assert [(box.get_width(), box.get_height()) for box in ax.patches] == [(16, 16), (30, 20), (4, 4)]
    plt.close("all")
    truth = {key: value for key, value in instances.items() if key != "scores"}
    assert [text.get_text() for text in show.show_instances(image, truth, STREET).texts] == ["car", "car", "person"]
    plain = show.show_instances(image, instances, STREET, boxes=False)
    assert not plain.texts and not plain.patches
    plt.close("all")


def test_a_figure_carries_its_description(shown: list) -> None:
    show.show_labels(street(7).semantic, STREET, "Labels")
    show.show_figure("A street with <two> trees.")
    (unseen, _), (picture, metadata) = shown
    assert "A street with &lt;two&gt; trees." in unseen["text/html"]
    assert picture["text/plain"] == metadata["image/png"]["alt"] == "A street with <two> trees."
    assert "data:" not in unseen["text/html"] and "<img" not in unseen["text/html"]  # nbval compares HTML


def test_a_row_is_small_and_shows_each_kind_of_picture(shown: list) -> None:
    scene = street(7)
    pictures = [
        scene.image,
        scene.semantic,
        lambda ax: show.show_panoptic(scene.panoptic, scene.segments, STREET, ax=ax),
    ]
    show.show_row(pictures, ["Image", "Semantic", "Panoptic"], "A street in three ways.", STREET)
    show.show_row([scene.semantic == 2, scene.image.mean(0)], ["Road", "Brightness"], "The road, the brightness.")
    first, second = (Image.open(io.BytesIO(shown[number][0]["image/png"])) for number in (1, 3))
    # 15 figures must leave room in a notebook of 1.5 MB, where base64 adds a third.
    assert len(shown[1][0]["image/png"]) < 72_000
    assert 1000 <= first.width <= 1200 and 250 <= first.height <= 400
    assert second.width < first.width


def test_names_are_written_on_the_map_or_below_it(shown: list) -> None:
    scene = street(7)
    ax = show.show_labels(scene.semantic, STREET)
    written = {text.get_text() for text in ax.texts}
    legend = {text.get_text() for text in ax.get_legend().get_texts()} if ax.get_legend() else set()
    present = {STREET[value].name for value in scene.semantic.unique().tolist() if value != VOID}
    assert "sky" in written and not written & legend
    assert present <= written | legend
    assert show.show_labels(scene.semantic, STREET, names=False).texts[:] == []
    plt.close("all")


ACCOUNT = "text.usetex: True\naxes.facecolor: black\nsavefig.dpi: 600\nimage.origin: lower\npath.sketch: 5, 50, 2\n"
STYLED = """
import matplotlib.pyplot as plt, numpy as np
from helpers import show
show.use_style()
changed = {name for name in plt.rcParams if plt.rcParams[name] != plt.rcParamsDefault[name]}
print(sorted(changed - set(show.figures._STYLE)))
show.show_image(np.zeros((4, 6, 3), np.uint8), "a title")
plt.gcf().canvas.draw()
"""


def test_a_matplotlibrc_of_the_learners_does_not_shine_through(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(ACCOUNT, encoding="utf-8")
    environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path), "MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", STYLED], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert set(ast.literal_eval(run.stdout)) <= {"backend", "backend_fallback"}
