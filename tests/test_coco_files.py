"""The pictures and paths of a data set that others made: found and read as they are meant, or refused in a sentence."""

from __future__ import annotations

import struct
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from coco_folder import assert_same, edit_json, read, small_scene
from PIL import Image
from torch import Tensor

from helpers.scenes import coco_files
from helpers.scenes.coco import read_coco_panoptic, read_image, write_coco_panoptic

pytestmark = pytest.mark.lesson1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_coco_panoptic(tmp_path, [small_scene()])
    return tmp_path


def make_png(width: int, height: int, bits: int, rows: bytes) -> bytes:
    """A PNG of three channels that Pillow would not write."""
    chunks = b""
    for name, content in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows) if rows else b""),
        (b"IEND", b""),
    ):
        chunks += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return b"\x89PNG\r\n\x1a\n" + chunks


def header_only(width: int, height: int) -> bytes:
    """A PNG that says how large it is and holds next to nothing."""
    return make_png(width, height, 8, b"")


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
    monkeypatch.setattr(coco_files, "MAX_PIXELS", 12)
    image: Tensor = read_image(tmp_path / "picture.png")
    assert image.shape == (3, 3, 4)
    monkeypatch.setattr(coco_files, "MAX_PIXELS", 11)
    with pytest.raises(ValueError, match="at most 11 pixels, got 4×3 pixels"):
        read_image(tmp_path / "picture.png")


# --- pixels ----------------------------------------------------------------------------------------------------------


def test_grey_with_16_bits_keeps_its_range(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 255, 256], [32_768, 65_534, 65_535]], np.uint16)).save(tmp_path / "grey.png")
    image = read_image(tmp_path / "grey.png")
    assert image.shape == (3, 2, 3)
    assert image.dtype == torch.float32
    expected = torch.tensor([[0, 255, 256], [32_768, 65_534, 65_535]]) / 65_535
    assert torch.allclose(image, expected.expand(3, 2, 3), atol=1e-7)


def test_colours_with_16_bits_are_an_image_but_no_label_map(folder: Path) -> None:
    row = b"\0" + np.array([0, 32_896, 65_535] * 4, ">u2").tobytes()
    content = make_png(4, 3, 16, row * 3)
    (folder / "images" / "000000.png").write_bytes(content)
    assert torch.equal(read_image(folder / "images" / "000000.png")[:, 0, 0], torch.tensor([0, 128, 255]) / 255)
    (folder / "panoptic" / "000000.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"000000\.png: expected colours \(RGB\) of 4×3 .*, got 16 bits of 4×3"):
        read(folder)


def test_a_label_map_that_is_a_jpeg_is_refused(folder: Path) -> None:
    path = folder / "panoptic" / "000000.png"
    Image.open(path).copy().save(path, format="JPEG")
    with pytest.raises(ValueError, match=r"000000\.png: expected a PNG, got something else"):
        read(folder)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_in_exif_does_not_turn_the_pixels(folder: Path, orientation: int) -> None:
    """As in COCO, labels are made for the stored pixels."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = folder / "images" / "000000.png"
    Image.open(path).copy().save(path, exif=exif)
    assert Image.open(path).getexif()[0x0112] == orientation
    assert_same(read(folder), small_scene())


def test_a_label_map_of_the_turned_image_is_refused_with_the_likely_cause(folder: Path) -> None:
    path = folder / "panoptic" / "000000.png"
    Image.open(path).transpose(Image.Transpose.ROTATE_90).save(path)
    with pytest.raises(ValueError, match=r"got RGB of 3×4 \(the image lies on its side\? Its EXIF is not applied\)"):
        read(folder)


# --- names -----------------------------------------------------------------------------------------------------------

OUTSIDE = [
    "../images/../secret.png",
    "..\\secret.png",
    "a/..\\../secret.png",
    ".. /secret.png",
    "/etc/hostname",
    "\\\\server\\share.png",
    "a\0.png",
    "",
]


@pytest.mark.parametrize("part", ["images", "annotations"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_no_way_of_writing_it_leads_out_of_the_folder(folder: Path, part: str, name: str) -> None:
    edit_json(folder, lambda content: content[part][0].update(file_name=name))
    with pytest.raises(ValueError, match="file_name: expected a file in "):
        read(folder)


@pytest.mark.parametrize("name", [".._x.png", ".._1_2_leftImg8bit.png"])
def test_a_name_that_begins_with_dots_is_looked_for_in_the_folder_only(folder: Path, name: str) -> None:
    edit_json(folder, lambda content: content["images"][0].update(file_name=name))
    picture = folder / "images" / "000000.png"
    picture.rename(folder / name)  # outside
    with pytest.raises(FileNotFoundError, match="expected a picture, got no such file"):
        read(folder)
    (folder / name).rename(folder / "images" / name)
    assert_same(read(folder), small_scene())


@pytest.mark.parametrize("part", ["images", "panoptic"])
def test_links_to_pictures_make_a_subset(folder: Path, part: str) -> None:
    elsewhere = folder / "elsewhere"
    (folder / part).rename(elsewhere)
    (folder / part).mkdir()
    (folder / part / "000000.png").symlink_to(elsewhere / "000000.png")
    assert_same(read(folder), small_scene())


@pytest.mark.parametrize(
    ("listed", "there"),
    [
        ("train\\a.png", "train/a.png"),
        (unicodedata.normalize("NFC", "Straße_é.png"), unicodedata.normalize("NFD", "Straße_é.png")),
        (unicodedata.normalize("NFD", "Straße_é.png"), unicodedata.normalize("NFC", "Straße_é.png")),
        (
            unicodedata.normalize("NFD", "é\\ö.png"),
            unicodedata.normalize("NFC", "é/") + unicodedata.normalize("NFD", "ö.png"),
        ),
    ],
)
@pytest.mark.parametrize("part", ["images", "annotations"])
def test_names_of_other_systems_are_found(folder: Path, part: str, listed: str, there: str) -> None:
    path = folder / {"images": "images", "annotations": "panoptic"}[part]
    (path / there).parent.mkdir(exist_ok=True)
    (path / "000000.png").rename(path / there)
    edit_json(folder, lambda content: content[part][0].update(file_name=listed))
    assert_same(read(folder), small_scene())


def test_a_name_that_differs_in_case_is_told(folder: Path) -> None:
    """Not taken: A.png may be another picture than a.png, and the labels would lie on the wrong one."""
    (folder / "images" / "000000.png").rename(folder / "images" / "A.PNG")
    if (folder / "images" / "a.png").exists():
        pytest.skip("this file system takes a.png for A.PNG")
    edit_json(folder, lambda content: content["images"][0].update(file_name="a.png"))
    with pytest.raises(FileNotFoundError, match=r"a\.png: .* no such file; there is A\.PNG, .*upper and lower case"):
        read(folder)


def test_a_folder_is_listed_once_for_many_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (folder / "images" / f"e\u0301{number}.png").touch()
    lists = []
    listdir = coco_files.os.listdir
    monkeypatch.setattr(coco_files.os, "listdir", lambda place: lists.append(place) or listdir(place))
    for number in range(20):
        assert coco_files.find_file(folder / "images", f"\u00e9{number}.png").exists()
    assert len(lists) <= 1
    (folder / "images" / "e\u0301new.png").touch()
    assert coco_files.find_file(folder / "images", "\u00e9new.png").exists()


@pytest.mark.parametrize("part", ["images", "annotations"])
def test_a_loop_of_links_and_an_endless_name_are_refused(folder: Path, part: str) -> None:
    place = folder / {"images": "images", "annotations": "panoptic"}[part] / "loop.png"
    place.symlink_to(place)
    for name in ("loop.png", "x" * 5_000, "ä" * 5_000 + ".png", "a/" * 5_000 + "x.png"):
        edit_json(folder, lambda content, name=name: content[part][0].update(file_name=name))
        with pytest.raises(FileNotFoundError, match="expected a picture, got ") as refusal:
            read(folder)
        assert len(str(refusal.value)) < 600


@pytest.mark.parametrize("nothing", ["", None, 7, "a\0b"])
def test_an_image_at_no_path_is_refused(nothing: object) -> None:
    with pytest.raises(ValueError, match="path: expected a path, got "):
        read_image(nothing)


def test_a_folder_is_no_picture(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="images: expected a picture, got something else"):
        read_image(folder / "images")
