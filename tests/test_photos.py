"""The photographs, the labels of the coins, and folders in COCO panoptic format."""

from __future__ import annotations

import json
import shutil
import socket
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import skimage.measure
import skimage.morphology
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from helpers.categories import COINS, STREET
from helpers.labels import Segment
from helpers.scenes import coco
from helpers.scenes.coco import CocoPanoptic, read_coco_panoptic, read_image, write_coco_panoptic
from helpers.scenes.photos import PHOTOS, coins, photo
from helpers.scenes.scene import Scene

pytestmark = pytest.mark.lesson1

Edit = Callable[[dict], object]


# --- photographs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a photograph asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)


@pytest.mark.parametrize("name", PHOTOS)
def test_every_photo_is_at_hand_without_the_network(name: str, no_network: None) -> None:
    image = photo(name)
    assert image.dtype == torch.float32
    assert image.shape[0] == 3
    assert min(image.shape[1:]) >= 300
    assert 0 <= image.min() < image.max() <= 1


def test_photos_are_the_pixels_that_scikit_image_gives() -> None:
    cat, moon = skimage.data.cat(), skimage.data.moon()
    assert np.array_equal((photo("cat") * 255).permute(1, 2, 0).numpy().round(), cat)
    assert np.array_equal((photo("moon") * 255).numpy().round(), np.stack([moon] * 3))


def test_an_unknown_photo_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="name: expected one of astronaut, .*, rocket, got 'dog'"):
        photo("dog")


# --- the labels of the coins -----------------------------------------------------------------------------------------


def test_each_of_the_24_coins_is_a_thing_on_a_background_without_void() -> None:
    scene = coins()
    assert scene.size == (303, 384)
    assert scene.categories is COINS
    assert torch.equal(scene.image, photo("coins"))
    assert [segment.id for segment in scene.segments] == list(range(1, 26))
    assert [COINS[segment.category_id].name for segment in scene.segments] == ["coin"] * 24 + ["background"]
    assert (scene.panoptic > 0).all()
    assert not any(segment.iscrowd for segment in scene.segments)


def test_coins_are_whole_round_apart_and_in_reading_order() -> None:
    masks = coins().instances["masks"].numpy()
    centres = []
    for mask in masks:
        (region,) = skimage.measure.regionprops(skimage.measure.label(mask, connectivity=1))  # one piece
        assert region.euler_number == 1  # without holes
        assert region.solidity > 0.95  # without leaks or bites
        assert 1000 < region.area < 3300
        centres.append(region.centroid)
    pieces = skimage.measure.label(masks.any(0), connectivity=2)
    assert pieces.max() == 24  # no two touch
    rows = np.array(centres).reshape(4, 6, 2)
    assert (rows[:-1, :, 0].max(axis=1) < rows[1:, :, 0].min(axis=1)).all()
    assert (np.diff(rows[:, :, 1], axis=1) > 0).all()


def test_the_border_of_every_coin_lies_where_the_brightness_falls() -> None:
    scene = coins()
    brightness = scene.image[0].numpy()
    disk = skimage.morphology.disk
    for number, mask in enumerate(scene.instances["masks"].numpy(), start=1):

        def fall(outline: np.ndarray) -> float:
            """How much darker the two pixels outside an outline are than the two inside, on average."""
            inside = outline & ~skimage.morphology.erosion(outline, disk(2))
            outside = skimage.morphology.dilation(outline, disk(2)) & ~outline
            return brightness[inside].mean() - brightness[outside].mean()

        assert fall(mask) > 0.2, f"coin {number}"
        assert fall(mask) > fall(skimage.morphology.dilation(mask, disk(1))) + 0.05, (
            f"coin {number}: one pixel too small"
        )
        assert fall(mask) > fall(skimage.morphology.erosion(mask, disk(1))) + 0.05, (
            f"coin {number}: one pixel too large"
        )


# --- COCO panoptic folders: what we write, we read -------------------------------------------------------------------


def small_scene(name: str = "small") -> Scene:
    """Void, sky, a car and a crowd of people, 3×4 pixels."""
    panoptic = torch.tensor([[0, 7, 7, 7], [4, 4, 70_000, 70_000], [4, 4, 0, 70_000]])
    segments = (Segment(7, 0, False, 3), Segment(70_000, 7, True, 3, iscrowd=True), Segment(4, 6, True, 4))
    image = torch.arange(36).reshape(3, 3, 4) / 255
    return Scene(name, image, panoptic, segments, STREET)


def assert_same(scene: Scene, other: Scene) -> None:
    assert torch.equal((scene.image * 255).round(), (other.image * 255).round())
    assert torch.equal(scene.panoptic, other.panoptic)
    assert scene.segments == other.segments
    assert scene.categories.categories == other.categories.categories


def write_and_read(folder: Path, scenes: list[Scene]) -> CocoPanoptic:
    path = write_coco_panoptic(folder, iter(scenes))
    return read_coco_panoptic(folder / "images", path)


def test_written_scenes_come_back(tmp_path: Path) -> None:
    scenes = [small_scene(), Scene("empty", torch.rand(3, 5, 2), torch.zeros(5, 2, dtype=torch.int64), (), STREET)]
    data = write_and_read(tmp_path, scenes)
    assert len(data) == 2
    assert repr(data) == "CocoPanoptic('panoptic', 2 scenes, 8 categories)"
    for scene, other in zip(scenes, data, strict=True):
        assert_same(scene, other)
    assert data[-1].name == "000001"
    with pytest.raises(IndexError):
        data[2]


def test_the_coins_come_back(tmp_path: Path) -> None:
    assert_same(coins(), write_and_read(tmp_path, [coins()])[0])


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(1, 20))
def test_random_scenes_come_back(seed: int, height: int, width: int) -> None:
    dice = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 256**3, (5,), generator=dice).unique()
    index = torch.randint(len(ids) + 1, (height, width), generator=dice)
    panoptic = torch.cat([torch.tensor([0]), ids])[index]
    crowd = torch.rand(len(ids), generator=dice) < 0.5
    segments = tuple(
        Segment(i, k % 8, STREET[k % 8].isthing, int((panoptic == i).sum()), iscrowd=bool(crowd[k]))
        for k, i in enumerate(ids.tolist())
        if (panoptic == i).any()
    )
    image = torch.randint(256, (3, height, width), generator=dice) / 255
    scene = Scene("random", image, panoptic, segments, STREET)
    with tempfile.TemporaryDirectory() as folder:
        assert_same(scene, write_and_read(Path(folder), [scene])[0])


def test_the_files_are_what_other_tools_expect(tmp_path: Path) -> None:
    scene = small_scene()
    content = json.loads(write_coco_panoptic(tmp_path, [scene]).read_text(encoding="utf-8"))
    assert content["images"] == [{"id": 0, "file_name": "000000.png", "height": 3, "width": 4}]
    (annotation,) = content["annotations"]
    assert (annotation["image_id"], annotation["file_name"]) == (0, "000000.png")
    person = {"id": 70_000, "category_id": 7, "iscrowd": 1, "area": 3, "bbox": [2, 1, 2, 2]}
    assert person in annotation["segments_info"]
    assert content["categories"][6] == {
        "id": 6,
        "name": "car",
        "supercategory": "car",
        "isthing": 1,
        "color": list(STREET[6].color),
    }
    png = np.array(Image.open(tmp_path / "panoptic" / "000000.png")).astype(int)
    assert png.shape == (3, 4, 3)
    assert (png[..., 0] + 256 * png[..., 1] + 65_536 * png[..., 2]).tolist() == scene.panoptic.tolist()


def test_writing_refuses_nothing_and_mixed_vocabularies(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scenes: expected at least one, got none"):
        write_coco_panoptic(tmp_path, [])
    with pytest.raises(ValueError, match="scenes: expected one category set, got 'street' and 'coins'"):
        write_coco_panoptic(tmp_path, [small_scene(), coins()])


# --- COCO panoptic folders of others ---------------------------------------------------------------------------------


def test_a_folder_as_coco_has_it(tmp_path: Path) -> None:
    """Category ids with gaps and in disorder, no colours, JPEG images, fields that nobody needs."""
    (tmp_path / "val2017").mkdir()
    (tmp_path / "panoptic_val2017").mkdir()
    Image.new("L", (4, 3), 128).save(tmp_path / "val2017" / "000000000139.jpg")
    ids = np.array([[0, 1, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]], np.uint8)
    png = np.stack([ids * 0, ids, ids * 0], axis=-1)  # 256, 512, 768
    Image.fromarray(png).save(tmp_path / "panoptic_val2017" / "000000000139.png")
    info = [
        {"id": 512, "category_id": 1, "iscrowd": 1, "bbox": [0, 1, 2, 2], "area": 4},
        {"id": 256, "category_id": 200, "iscrowd": 0, "bbox": [1, 0, 3, 1], "area": 3},
        {"id": 768, "category_id": 90, "iscrowd": 0, "bbox": [2, 1, 2, 2], "area": 4},
    ]
    content = {
        "info": {"year": 2017},
        "images": [{"id": 139, "file_name": "000000000139.jpg", "height": 3, "width": 4, "license": 2}],
        "annotations": [{"image_id": 139, "file_name": "000000000139.png", "segments_info": info}],
        "categories": [
            {"id": 200, "name": "rug", "supercategory": "textile", "isthing": 0},
            {"id": 1, "name": "person", "supercategory": "person", "isthing": 1},
            {"id": 90, "name": "toothbrush", "supercategory": "indoor", "isthing": 1},
        ],
    }
    (tmp_path / "panoptic_val2017.json").write_text(json.dumps(content))
    data = read_coco_panoptic(tmp_path / "val2017", str(tmp_path / "panoptic_val2017.json"))
    assert data.categories.names == ("person", "toothbrush", "rug")
    assert data.coco_ids == (1, 90, 200)
    assert len({category.color for category in data.categories}) == 3
    (scene,) = data
    assert scene.name == "000000000139"
    assert scene.segments == (
        Segment(512, 0, True, 4, iscrowd=True),
        Segment(256, 2, False, 3),
        Segment(768, 1, True, 4),
    )
    assert scene.semantic.tolist() == [[255, 2, 2, 2], [0, 0, 1, 1], [0, 0, 1, 1]]
    assert scene.instances["labels"].tolist() == [1]  # the crowd is no object
    assert torch.allclose(scene.image, torch.full((3, 3, 4), 128 / 255), atol=0.02)


@pytest.mark.parametrize("place", ["ulm/ulm_1_2_leftImg8bit.png", "ulm_1_2_leftImg8bit.png"])
def test_a_folder_as_cityscapes_exports_it(tmp_path: Path, place: str) -> None:
    """The export lists a name that no image has, and the images lie in a folder for each city."""
    write_coco_panoptic(tmp_path, [small_scene()])
    image = tmp_path / "images" / place
    image.parent.mkdir(exist_ok=True)
    (tmp_path / "images" / "000000.png").rename(image)
    edit_json(tmp_path, lambda content: content["images"][0].update(file_name="ulm_1_2_gtFine_leftImg8bit.png"))
    edit_json(tmp_path, lambda content: content["images"][0].update(id="ulm_1_2"))
    edit_json(tmp_path, lambda content: content["annotations"][0].update(image_id="ulm_1_2"))
    scene = read_coco_panoptic(tmp_path / "images", tmp_path / "panoptic.json")[0]
    assert_same(scene, small_scene())
    assert scene.name == "ulm_1_2_leftImg8bit"


# --- damage ----------------------------------------------------------------------------------------------------------


def edit_json(folder: Path, edit: Edit) -> None:
    content = json.loads((folder / "panoptic.json").read_text())
    edit(content)
    (folder / "panoptic.json").write_text(json.dumps(content))


def header_only(width: int, height: int) -> bytes:
    """A PNG that says how large it is and holds next to nothing."""
    chunks = b""
    for name, content in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", b""),
        (b"IEND", b""),
    ):
        chunks += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_coco_panoptic(tmp_path, [small_scene()])
    return tmp_path


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("images", "images_folder: expected a folder, got .*images"),
        ("panoptic", "png_folder: expected a folder, got .*panoptic"),
        ("panoptic.json", r"annotation_json: expected a file, got .*panoptic\.json"),
        ("images/000000.png", r"images.000000\.png: expected a picture, got no such file"),
        ("panoptic/000000.png", r"panoptic.000000\.png: expected a picture, got no such file"),
    ],
)
def test_a_missing_file_or_folder_is_named(folder: Path, missing: str, message: str) -> None:
    path = folder / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(FileNotFoundError, match=message):
        read_coco_panoptic(folder / "images", folder / "panoptic.json")[0]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c.pop("categories"), "expected a JSON in COCO panoptic format; categories: Field required"),
        (lambda c: c.update(categories=[]), "COCO panoptic format; categories: List should have at least 1 item"),
        (lambda c: c["images"][0].pop("file_name"), r"COCO panoptic format; images\.0\.file_name: Field required"),
        (
            lambda c: c["categories"][3].update(color=[0, 0, 256]),
            r"categories\.3\.color\.2: .*less than or equal to 255",
        ),
        (lambda c: c["annotations"][0].update(image_id=5), r"000000\.png belongs to image 5, which is not listed"),
        (lambda c: c["categories"][1].update(id=0), r"expected categories with ids that differ, got \[0, 0, 2, "),
        (lambda c: c["categories"][1].update(name="sky"), "categories: names must differ"),
        (
            lambda c: c.update(categories=[{"id": i, "name": str(i), "isthing": 0} for i in range(256)]),
            "expected at most 255 categories, got 256",
        ),
    ],
)
def test_a_wrong_json_is_refused_at_once(folder: Path, edit: Edit, message: str) -> None:
    edit_json(folder, edit)
    with pytest.raises(ValueError, match=rf"panoptic\.json: .*{message}"):
        read_coco_panoptic(folder / "images", folder / "panoptic.json")


@pytest.mark.parametrize("text", ["", "not JSON", "[]", '{"images": ['])
def test_what_is_no_json_is_refused(folder: Path, text: str) -> None:
    (folder / "panoptic.json").write_text(text)
    with pytest.raises(ValueError, match=r"panoptic\.json: expected a JSON in COCO panoptic format; the file: "):
        read_coco_panoptic(folder / "images", folder / "panoptic.json")


def test_255_categories_are_not_too_many(folder: Path) -> None:
    many = [{"id": number, "name": str(number), "isthing": 1} for number in range(255)]
    edit_json(folder, lambda content: content.update(categories=many))
    data = read_coco_panoptic(folder / "images", folder / "panoptic.json")
    assert len(data.categories) == 255
    assert data[0].segments[0].isthing


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda a: a["segments_info"].pop(), r"panoptic: expected a segment for each id, got ids without one: \[4\]"),
        (
            lambda a: a["segments_info"].append({"id": 5, "category_id": 1}),
            r"segments: expected at least one pixel .* \[5\]",
        ),
        (lambda a: a["segments_info"].append(a["segments_info"][0]), "segments: expected ids that differ"),
        (lambda a: a["segments_info"][0].update(category_id=8), "its category_id 8 is not among the JSON's categories"),
    ],
)
def test_segments_that_do_not_fit_are_refused(folder: Path, edit: Edit, message: str) -> None:
    edit_json(folder, lambda content: edit(content["annotations"][0]))
    with pytest.raises(ValueError, match=rf"000000\.png: .*{message}"):
        read_coco_panoptic(folder / "images", folder / "panoptic.json")[0]


@pytest.mark.parametrize(
    ("png", "message"),
    [
        (Image.new("RGB", (3, 4)), r"expected colours \(RGB\) of 4×3 pixels like 000000.png, got RGB of 3×4"),
        (Image.new("L", (4, 3)), r"expected colours \(RGB\) of 4×3 pixels like 000000.png, got L of 4×3"),
    ],
)
def test_a_png_of_another_kind_is_refused(folder: Path, png: Image.Image, message: str) -> None:
    png.save(folder / "panoptic" / "000000.png")
    with pytest.raises(ValueError, match=rf"panoptic.000000\.png: {message}"):
        read_coco_panoptic(folder / "images", folder / "panoptic.json")[0]


@pytest.mark.parametrize("part", ["images", "annotations"])
def test_a_name_that_leads_out_of_the_folder_is_refused(folder: Path, part: str) -> None:
    edit_json(folder, lambda content: content[part][0].update(file_name="../panoptic.json"))
    with pytest.raises(ValueError, match=r"file_name: expected a file in .*, got \.\./panoptic\.json"):
        read_coco_panoptic(folder / "images", folder / "panoptic.json")[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a picture", "expected a PNG or JPEG, got something else"),
        (b"", "expected a PNG or JPEG, got something else"),
        (header_only(4, 3), "expected a whole picture, got a damaged one"),
        (header_only(8_000, 8_000), "expected a picture of at most 50,000,000 pixels, got 8000×8000"),
        (header_only(100_000, 100_000), "expected a picture of at most 50,000,000 pixels, got .*10000000000"),
    ],
)
def test_damaged_and_enormous_pictures_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"picture\.png: {message}"):
        read_image(path)


def test_a_picture_that_is_cut_short_is_refused(folder: Path) -> None:
    path = folder / "images" / "000000.png"
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:5_000])
    with pytest.raises(ValueError, match=r"000000\.png: expected a whole picture, got a damaged one"):
        read_image(path)


def test_the_limit_counts_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (4, 3)).save(tmp_path / "picture.png")
    monkeypatch.setattr(coco, "MAX_PIXELS", 12)
    image: Tensor = read_image(tmp_path / "picture.png")
    assert image.shape == (3, 3, 4)
    monkeypatch.setattr(coco, "MAX_PIXELS", 11)
    with pytest.raises(ValueError, match="at most 11 pixels, got 4×3 pixels"):
        read_image(tmp_path / "picture.png")
