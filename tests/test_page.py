"""What the widgets share: how a page is joined, its picture, and the pure part of page.js."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from javascript import in_node
from PIL import Image

from helpers.show.iou_explorer import IoUExplorer
from helpers.show.page import check_size, css, esm, png_bundle
from helpers.show.painter import Painter
from helpers.show.probe import Probe
from helpers.show.viewer import Viewer

pytestmark = pytest.mark.lesson1
WIDGETS = [Viewer, IoUExplorer, Painter, Probe]


@pytest.mark.parametrize("widget", WIDGETS)
def test_a_page_begins_with_what_is_shared_and_declares_nothing_twice(widget: type) -> None:
    assert widget._esm.startswith(esm()) and widget._css.startswith(css())
    names = re.findall(r"^(?:export )?(?:const|let|function|class) (\w+)", widget._esm, re.MULTILINE)
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    assert widget._esm.count("export default") == 1 and not re.search(r"^import ", widget._esm, re.MULTILINE)
    in_node((), "return 0")  # without a page, reading page.js does nothing


def test_the_largest_picture() -> None:
    check_size((512, 1024), "scene")
    for size in [(513, 8), (8, 1025)]:
        with pytest.raises(ValueError, match=f"scene: expected at most 512×1024, got {size[0]}×{size[1]}"):
            check_size(size, "scene")


def test_a_picture_joins_what_is_there() -> None:
    picture = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    data, metadata = png_bundle(({"text/plain": "it"}, {"kept": 1}), picture, "in words")
    assert data["text/plain"] == "it" and metadata == {"kept": 1, "image/png": {"alt": "in words"}}
    assert (np.asarray(Image.open(io.BytesIO(data["image/png"]))) == picture).all()


def test_bytes_are_a_copy_of_the_part_that_is_seen() -> None:
    script = """const sent = Uint8Array.of(1, 2, 3, 4), mine = bytesOf(new DataView(sent.buffer, 1, 2));
        sent.fill(9);
        return [...mine, mine.buffer.byteLength];"""
    assert in_node((), script) == [2, 3, 2]


def test_a_packed_colour_lies_in_memory_as_red_green_blue_opacity() -> None:
    script = (
        "return [packed(1, 2, 3), packed(4, 5, 6, 7)].map((each) => [...new Uint8Array(Uint32Array.of(each).buffer)]);"
    )
    assert in_node((), script) == [[1, 2, 3, 255], [4, 5, 6, 7]]


def test_keys_move_and_stop_at_the_edge() -> None:
    keys = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "x"]
    script = "return keys.map((key) => keyMove({height: 20, width: 30}, {row: 4, column: 25}, key, far));"
    near, far = (in_node((), script, keys=keys, far=each) for each in (False, True))
    positions = [[each and (each["row"], each["column"]) for each in moves] for moves in (near, far)]
    assert positions == [
        [(3, 25), (5, 25), (4, 24), (4, 26), (4, 0), (4, 29), None],
        [(0, 25), (14, 25), (4, 15), (4, 29), (4, 0), (4, 29), None],
    ]


def test_borders_run_wherever_two_neighbours_differ() -> None:
    numbers = np.random.default_rng(0).choice([0, 1, 7], (9, 12), p=[0.5, 0.3, 0.2])
    numbers[:4, :5] = 7  # touches the edge
    script = "return borders({height: 9, width: 12}, Uint16Array.from(numbers));"
    lines = in_node((), script, numbers=numbers.ravel().tolist())
    framed = np.pad(numbers, 1)
    level, upright = (np.zeros(framed.shape, int) for _ in range(2))
    for x0, y0, x1, y1 in lines:
        assert (y0 == y1 and x0 < x1) or (x0 == x1 and y0 < y1)
        level[y0 + 1, x0 + 1 : x1 + 1] += y0 == y1  # above this pixel of the frame
        upright[y0 + 1 : y1 + 1, x0 + 1] += x0 == x1  # left of it
    assert (level[1:] == (np.diff(framed, axis=0) != 0)).all()
    assert (upright[:, 1:] == (np.diff(framed, axis=1) != 0)).all()


def test_borders_are_as_long_as_can_be() -> None:
    script = "return borders({height: 2, width: 3}, [0, 5, 5, 0, 5, 5]);"
    assert sorted(in_node((), script)) == [[1, 0, 1, 2], [1, 0, 3, 0], [1, 2, 3, 2], [3, 0, 3, 2]]
