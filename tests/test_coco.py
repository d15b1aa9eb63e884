"""Folders in COCO panoptic format: what we write we read, and what others made is read rightly or refused."""

from __future__ import annotations

import codecs
import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from coco_folder import Edit, assert_same, edit_json, read, small_scene
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers.categories import COINS, STREET
from helpers.labels import Segment
from helpers.scenes.coco import CocoPanoptic, read_coco_panoptic, write_coco_panoptic
from helpers.scenes.photos import coins
from helpers.scenes.scene import Scene

pytestmark = pytest.mark.lesson1


# --- COCO panoptic folders: what we write, we read -------------------------------------------------------------------


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


@pytest.mark.parametrize("segment_id", [256**3, 2**62])
def test_an_id_of_more_than_three_bytes_is_not_written(tmp_path: Path, segment_id: int) -> None:
    scene = replace(
        small_scene(), panoptic=torch.full((3, 4), segment_id), segments=(Segment(segment_id, 0, False, 12),)
    )
    message = rf"scene 1 \('small'\): panoptic: expected ids 0\.\.16777215, got {segment_id}\.\.{segment_id}"
    with pytest.raises(ValueError, match=message):
        write_coco_panoptic(tmp_path, [small_scene(), scene])
    assert not (tmp_path / "panoptic.json").exists()


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (torch.zeros(3, 3, 4, dtype=torch.uint8), r"image: expected float of shape \[3, 3, 4\], got torch.uint8"),
        (torch.zeros(3, 4, 3), r"image: expected float of shape \[3, 3, 4\], got torch.float32 of shape \[3, 4, 3\]"),
        (torch.full((3, 3, 4), 255.0), r"image: expected values in 0\.\.1, got 255\.\.255"),
        (torch.full((3, 3, 4), torch.nan), r"image: expected values in 0\.\.1, got nan"),
    ],
)
def test_an_image_that_would_be_clipped_is_not_written(tmp_path: Path, image: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=rf"scene 0 \('small'\): {message}"):
        write_coco_panoptic(tmp_path, [replace(small_scene(), image=image)])


def test_a_category_that_is_not_in_the_vocabulary_is_not_written(tmp_path: Path) -> None:
    scene = replace(small_scene(), categories=COINS)
    with pytest.raises(ValueError, match=r"scene 0 \('small'\): category_id: expected 0\.\.1 of the set 'coins'"):
        write_coco_panoptic(tmp_path, [scene])


# --- COCO panoptic folders of others ---------------------------------------------------------------------------------


COCO_CATEGORIES = [
    {"id": 200, "name": "rug", "supercategory": "textile", "isthing": 0},
    {"id": 1, "name": "person", "supercategory": "person", "isthing": 1},
    {"id": 90, "name": "toothbrush", "supercategory": "indoor", "isthing": 1},
]


def make_coco(folder: Path, split: str = "val", categories: list[dict] = COCO_CATEGORIES, image_id: int = 139) -> None:
    """Category ids with gaps and in disorder, no colours, JPEG images, fields that nobody needs."""
    (folder / split).mkdir(parents=True)
    (folder / f"panoptic_{split}").mkdir()
    Image.new("L", (4, 3), 128).save(folder / split / f"{image_id:012}.jpg")
    ids = np.array([[0, 1, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]], np.uint8)
    png = np.stack([ids * 0, ids, ids * 0], axis=-1)  # 256, 512, 768
    Image.fromarray(png).save(folder / f"panoptic_{split}" / f"{image_id:012}.png")
    info = [
        {"id": 512, "category_id": 1, "iscrowd": 1, "bbox": [0, 1, 2, 2], "area": 4},
        {"id": 256, "category_id": 200, "iscrowd": 0, "bbox": [1, 0, 3, 1], "area": 3},
        {"id": 768, "category_id": 90, "iscrowd": 0, "bbox": [2, 1, 2, 2], "area": 4},
    ]
    content = {
        "info": {"year": 2017},
        "images": [{"id": image_id, "file_name": f"{image_id:012}.jpg", "height": 3, "width": 4, "license": 2}],
        "annotations": [{"image_id": image_id, "file_name": f"{image_id:012}.png", "segments_info": info}],
        "categories": categories,
    }
    (folder / f"panoptic_{split}.json").write_text(json.dumps(content))


def read_split(folder: Path, split: str = "val", **options: object) -> CocoPanoptic:
    return read_coco_panoptic(folder / split, str(folder / f"panoptic_{split}.json"), **options)


def test_a_folder_as_coco_has_it(tmp_path: Path) -> None:
    make_coco(tmp_path)
    data = read_split(tmp_path)
    assert data.categories.names == ("person", "toothbrush", "rug")
    assert data.categories.coco_ids == (1, 90, 200)
    assert data.categories.supercategories == ("person", "indoor", "textile")
    assert len({category.color for category in data.categories}) == 3
    (scene,) = data
    assert (scene.name, scene.image_id, scene.file_name) == ("000000000139", 139, "000000000139.jpg")
    assert scene.segments == (
        Segment(512, 0, True, 4, iscrowd=True),
        Segment(256, 2, False, 3),
        Segment(768, 1, True, 4),
    )
    assert scene.semantic.tolist() == [[255, 2, 2, 2], [0, 0, 1, 1], [0, 0, 1, 1]]
    assert scene.instances["labels"].tolist() == [1]  # the crowd is no object
    assert torch.allclose(scene.image, torch.full((3, 3, 4), 128 / 255), atol=0.02)


def test_what_was_read_is_written_with_its_own_ids(tmp_path: Path) -> None:
    make_coco(tmp_path)
    (scene,) = read_split(tmp_path)
    path = write_coco_panoptic(tmp_path / "new", [replace(scene, panoptic=scene.panoptic.clone())])
    old, new = json.loads((tmp_path / "panoptic_val.json").read_text()), json.loads(path.read_text())
    assert new["images"] == [{"id": 139, "file_name": "000000000139.png", "height": 3, "width": 4}]
    assert new["annotations"] == old["annotations"]
    by_id = sorted(old["categories"], key=lambda category: category["id"])
    assert [{key: c[key] for key in ("id", "name", "supercategory", "isthing")} for c in new["categories"]] == by_id
    (again,) = read_coco_panoptic(tmp_path / "new" / "images", path)
    assert_same(again, scene)
    assert (again.image_id, again.name) == (139, "000000000139")
    assert again.categories.coco_ids == (1, 90, 200)
    assert again.categories.supercategories == scene.categories.supercategories


def test_a_subset_of_a_set_keeps_names_in_folders_and_no_image_twice(tmp_path: Path) -> None:
    for image_id in (7, 9):
        make_coco(tmp_path / str(image_id), image_id=image_id)
    nine, seven = (
        read_split(tmp_path / "9"),
        read_split(tmp_path / "7", categories=read_split(tmp_path / "9").categories),
    )
    scenes = [replace(nine[0], file_name="ulm/a.jpg"), replace(seven[0], file_name="bonn/a.jpg")]
    data = read_coco_panoptic(tmp_path / "new" / "images", write_coco_panoptic(tmp_path / "new", scenes))
    assert [(scene.image_id, scene.file_name) for scene in data] == [(9, "ulm/a.png"), (7, "bonn/a.png")]
    with pytest.raises(ValueError, match="scenes: expected images that differ, got id 9, '000000000009.png' twice"):
        write_coco_panoptic(tmp_path / "twice", [nine[0], nine[0]])
    with pytest.raises(ValueError, match="scenes: expected images that differ, got id 7, 'ULM/A.png' twice"):
        write_coco_panoptic(tmp_path / "twice", [scenes[0], replace(seven[0], file_name="ULM/A.jpg")])


def test_the_vocabulary_of_the_training_set_numbers_the_validation_set(tmp_path: Path) -> None:
    towel = {"id": 120, "name": "towel", "supercategory": "textile", "isthing": 0}
    make_coco(tmp_path, "train", [*COCO_CATEGORIES, towel])
    make_coco(tmp_path, "val")
    train = read_split(tmp_path, "train")
    assert read_split(tmp_path)[0].semantic[0, 1] == 2  # rug by this file alone
    assert train[0].semantic[0, 1] == 3
    val = read_split(tmp_path, categories=train.categories)
    assert val.categories is train.categories
    assert torch.equal(val[0].semantic, train[0].semantic)
    assert val.categories[3].name == "rug"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": 201}, "where id 201 is none, got 'rug', a kind of stuff"),
        ({"name": "carpet"}, "where id 200 is 'rug', a kind of stuff, got 'carpet', a kind of stuff"),
        ({"isthing": 1}, "where id 200 is 'rug', a kind of stuff, got 'rug', a thing"),
    ],
)
def test_a_vocabulary_that_does_not_fit_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    make_coco(tmp_path, "train")
    make_coco(tmp_path, "val", [{**COCO_CATEGORIES[0], **change}, *COCO_CATEGORIES[1:]])
    train = read_split(tmp_path, "train")
    with pytest.raises(
        ValueError, match=rf"panoptic_val\.json: expected the categories of 'panoptic_train', {message}"
    ):
        read_split(tmp_path, categories=train.categories)
    with pytest.raises(ValueError, match="categories: expected a CategorySet, .*got CocoPanoptic"):
        read_split(tmp_path, categories=train)


def test_a_plain_vocabulary_is_matched_by_its_own_ids(tmp_path: Path) -> None:
    path = write_coco_panoptic(tmp_path, [small_scene()])
    assert read_coco_panoptic(tmp_path / "images", path, categories=STREET)[0].categories is STREET
    with pytest.raises(ValueError, match="expected the categories of 'coins', where id 0 is 'background'"):
        read_coco_panoptic(tmp_path / "images", path, categories=COINS)


def test_images_without_labels_are_told_of(tmp_path: Path) -> None:
    make_coco(tmp_path)
    path = tmp_path / "panoptic_val.json"
    content = json.loads(path.read_text())
    content["images"].append({"id": 140, "file_name": "000000000140.jpg"})
    path.write_text(json.dumps(content))
    assert repr(read_split(tmp_path)).endswith("1 scenes, 3 categories, 1 images without labels)")


@pytest.mark.parametrize("index", [slice(0, 1), None, 0.0, "0", True])
def test_what_is_no_number_of_a_scene_is_refused(tmp_path: Path, index: object) -> None:
    make_coco(tmp_path)
    with pytest.raises(ValueError, match="index: expected the number of one scene, got "):
        read_split(tmp_path)[index]
    assert read_split(tmp_path)[np.int64(0)].image_id == 139


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_coco_panoptic(tmp_path, [small_scene()])
    return tmp_path


def first_segment(content: dict) -> dict:
    return content["annotations"][0]["segments_info"][0]


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
        (lambda c: c["annotations"][0].update(image_id=5), r"000000\.png belongs to image 5, which is not listed$"),
        (
            lambda c: c["annotations"][0].update(image_id="0"),
            r"000000\.png belongs to image '0', which is not listed; there is 0, and a number is not a text",
        ),
        (lambda c: c["images"][0].update(id=True), r"images\.0\.id: .*whole number or a text, got True"),
        (lambda c: c["annotations"][0].update(image_id=None), r"annotations\.0\.image_id: .* a text, got None"),
        (lambda c: c["images"].append(c["images"][0]), "expected image ids in images that differ, got 0 twice"),
        (
            lambda c: c["annotations"].append(c["annotations"][0]),
            "expected image_ids in annotations that differ, got 0 twice",
        ),
        (
            lambda c: first_segment(c).update(id=2**63),
            r"segments_info\.0\.id: .*less than 16777216, got 92233720368547",
        ),
        (lambda c: first_segment(c).update(id=256**3), r"segments_info\.0\.id: .*less than 16777216, got 16777216"),
        (lambda c: first_segment(c).update(id=0), r"segments_info\.0\.id: .*greater than or equal to 1, got 0"),
        (lambda c: first_segment(c).update(id="7"), r"segments_info\.0\.id: .*valid integer, got '7'"),
        (lambda c: first_segment(c).update(category_id=True), r"category_id: .*valid integer, got True"),
        (lambda c: first_segment(c).update(area=float("nan")), r"segments_info\.0\.area.*: .*finite number, got nan"),
        (lambda c: first_segment(c).update(bbox=[1, 2]), r"segments_info\.0\.bbox: .*at least 4 items"),
        (lambda c: c["categories"][0].update(color=[1, 2]), r"categories\.0\.color\.2: Field required"),
        (lambda c: c["categories"][0].update(id=False), r"categories\.0\.id: .*valid integer, got False"),
        (lambda c: c["categories"][1].update(id=0), "expected ids in categories that differ, got 0 twice"),
        (lambda c: c["categories"][1].update(name="sky"), "expected names in categories that differ, got 'sky' twice"),
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


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_read_over(folder: Path, codec: str) -> None:
    edit_json(folder, lambda content: content["categories"][0].update(name="Himmel über Köln"))
    path = folder / "panoptic.json"
    text = json.dumps(json.loads(path.read_text()), ensure_ascii=False)
    path.write_bytes(text.encode(codec))
    assert path.read_bytes().startswith((codecs.BOM_UTF8, codecs.BOM_UTF16))
    assert read(folder).categories[0].name == "Himmel über Köln"


@pytest.mark.parametrize("content", [b'\xff\xfe{"images', b'{"images": [{"id": 1, "file_name": "\xfc.jpg"}]}'])
def test_text_that_cannot_be_decoded_is_refused(folder: Path, content: bytes) -> None:
    (folder / "panoptic.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"panoptic\.json: expected a JSON in COCO panoptic format; the file: "):
        read(folder)


def test_an_ordinary_detection_json_is_called_so(folder: Path) -> None:
    box = {"id": 1, "image_id": 0, "category_id": 6, "bbox": [0, 0, 2, 2], "segmentation": [[0, 0, 2, 0, 2, 2]]}
    content = json.loads((folder / "panoptic.json").read_text())
    content.update(annotations=[box], categories=[{"id": 6, "name": "car", "supercategory": "vehicle"}])
    (folder / "panoptic.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"COCO panoptic format; .* it is an ordinary detection JSON"):
        read(folder)


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


@pytest.mark.parametrize("change", ["mirrored", "upside down", "shifted", "cut", "of another image"])
def test_a_png_that_is_not_that_of_its_json_is_refused(folder: Path, change: str) -> None:
    path = folder / "panoptic" / "000000.png"
    pixels = np.array(Image.open(path))
    changed = {
        "mirrored": pixels[:, ::-1],
        "upside down": pixels[::-1],
        "shifted": np.roll(pixels, 1, axis=1),
        "cut": pixels * (np.arange(4) < 3)[:, None].astype(np.uint8),
        "of another image": np.rot90(pixels, 2),
    }[change]
    Image.fromarray(np.ascontiguousarray(changed)).save(path)
    message = r"segments_info in the JSON: info: segment \d+: expected area \d \S* bbox .*, got area \d and bbox \["
    with pytest.raises(ValueError, match=rf"panoptic.000000\.png: does not fit its {message}"):
        read(folder)


def test_a_json_without_areas_and_boxes_is_read(folder: Path) -> None:
    def strip(content: dict) -> None:
        for entry in content["annotations"][0]["segments_info"]:
            del entry["area"], entry["bbox"]

    edit_json(folder, strip)
    assert_same(read(folder), small_scene())
    edit_json(folder, lambda content: first_segment(content).update(area=None, bbox=None))
    assert_same(read(folder), small_scene())


@pytest.mark.parametrize("nothing", ["", None, 7, "a\0b"])
@pytest.mark.parametrize("argument", ["images_folder", "annotation_json", "png_folder"])
def test_what_is_no_path_is_refused(folder: Path, argument: str, nothing: object) -> None:
    paths = {"images_folder": folder / "images", "annotation_json": folder / "panoptic.json", argument: nothing}
    if (argument, nothing) == ("png_folder", None):
        assert len(read_coco_panoptic(**paths)) == 1  # none given
        return
    with pytest.raises(ValueError, match=f"{argument}: expected a path, got "):
        read_coco_panoptic(**paths)


@pytest.mark.parametrize("nothing", ["", None, 7, "a\0b"])
def test_nothing_is_written_to_what_is_no_path(nothing: object) -> None:
    with pytest.raises(ValueError, match="folder: expected a path, got "):
        write_coco_panoptic(nothing, [small_scene()])


@pytest.mark.parametrize("argument", ["images_folder", "annotation_json", "png_folder"])
@pytest.mark.parametrize("kind", ["loop", "long"])
def test_a_path_that_leads_nowhere_is_refused(folder: Path, argument: str, kind: str) -> None:
    path = folder / ("loop" if kind == "loop" else "x" * 5_000)
    if kind == "loop":
        path.symlink_to(path)
    paths = {"images_folder": folder / "images", "annotation_json": folder / "panoptic.json", argument: path}
    with pytest.raises(FileNotFoundError, match=f"{argument}: expected a (folder|file), got ") as refusal:
        read_coco_panoptic(**paths)
    assert len(str(refusal.value)) < 400
