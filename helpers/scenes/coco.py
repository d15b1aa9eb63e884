"""Folders in COCO panoptic format: read as scenes, and written from scenes.

The format (Kirillov et al., "Panoptic Segmentation", CVPR 2019; cocodataset.org/#format-data) is three things:

- a folder of images;
- a folder of PNGs, one for each image and of the same size, whose colours are segment ids: id = R + 256 G + 256² B;
- one JSON file with `images`, `annotations` (for each PNG its `segments_info`) and `categories`.

COCO's own panoptic annotations are such a folder. So is what `csCreatePanopticImgs` of the cityscapesscripts package
makes of Cityscapes: give `leftImg8bit/val` as images and `gtFine/cityscapes_panoptic_val.json` as annotation. It lists
its images by names that no file has and without the city's folder; both are put right here.
"""

from __future__ import annotations

import colorsys
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, Field, ValidationError
from torch import Tensor

from helpers.categories import VOID, Category, CategorySet
from helpers.labels import ids_to_rgb, info_to_segments, rgb_to_ids, segments_to_info
from helpers.scenes.scene import Scene

MAX_PIXELS = 50_000_000
"""No larger picture is opened: a file of a few kilobytes may unfold to gigabytes of pixels (a decompression bomb)."""


def read_image(path: Path | str) -> Tensor:
    """A PNG or JPEG as float32 `[3, H, W]` in 0..1; a grey one gets three equal channels.

    Raises `FileNotFoundError`, or `ValueError` if it is no picture, damaged, or has more than `MAX_PIXELS` pixels.
    """
    pixels = torch.from_numpy(np.array(_open_picture(Path(path)).convert("RGB")))  # (H, W, 3)
    return pixels.permute(2, 0, 1).float() / 255


@dataclass(frozen=True, eq=False)
class CocoPanoptic:
    """A data set as a sequence of scenes. A scene is read from disk when it is asked for, and not kept.

    Attributes:
        categories: the vocabulary, numbered 0, 1, 2, ... by rising COCO id.
        coco_ids: the id that each category has in the file.
    """

    categories: CategorySet
    coco_ids: tuple[int, ...]
    _annotations: tuple[_Annotation, ...]
    _images: dict[int | str, _Image]
    _images_folder: Path
    _png_folder: Path

    def __len__(self) -> int:
        return len(self._annotations)

    def __getitem__(self, index: int) -> Scene:
        """The scene number `index`, named like its image file. Crowds are segments with `iscrowd`, void is 0."""
        annotation = self._annotations[index]
        image_path = _find_image(self._images_folder, self._images[annotation.image_id].file_name)
        png_path = _inside(self._png_folder, annotation.file_name)
        image = read_image(image_path)
        png = _open_picture(png_path)
        height, width = image.shape[1:]
        if png.mode != "RGB" or png.size != (width, height):
            raise ValueError(
                f"{png_path}: expected colours (RGB) of {width}×{height} pixels like {image_path.name}, "
                f"got {png.mode} of {png.width}×{png.height}"
            )
        panoptic = rgb_to_ids(np.array(png))
        new_ids = {coco_id: category_id for category_id, coco_id in enumerate(self.coco_ids)}
        try:
            info = [{**vars(entry), "category_id": new_ids[entry.category_id]} for entry in annotation.segments_info]
            segments = info_to_segments(info, panoptic, self.categories)
        except KeyError as unknown:
            raise ValueError(f"{png_path.name}: its category_id {unknown} is not among the JSON's categories") from None
        except ValueError as error:
            raise ValueError(f"{png_path}: does not fit its segments_info in the JSON: {error}") from error
        return Scene(image_path.stem, image, panoptic, segments, self.categories)

    def __repr__(self) -> str:
        return f"CocoPanoptic('{self.categories.name}', {len(self)} scenes, {len(self.categories)} categories)"


def read_coco_panoptic(
    images_folder: Path | str, annotation_json: Path | str, png_folder: Path | str | None = None
) -> CocoPanoptic:
    """A data set in COCO panoptic format. Its PNGs are in the folder with the name of the JSON, unless one is given.

    Raises `FileNotFoundError` for a missing folder or file, `ValueError` for a file that is not what the format says
    and for more than 255 categories; both name the file. A scene's pictures are checked when it is asked for.
    """
    path = Path(annotation_json)
    folder = Path(png_folder) if png_folder is not None else path.with_suffix("")
    for argument, there in (("images_folder", Path(images_folder)), ("png_folder", folder)):
        if not there.is_dir():
            raise FileNotFoundError(f"{argument}: expected a folder, got {there}")
    if not path.is_file():
        raise FileNotFoundError(f"annotation_json: expected a file, got {path}")
    try:
        content = _File.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"]) or "the file"
        raise ValueError(f"{path}: expected a JSON in COCO panoptic format; {place}: {first['msg']}") from None
    images = {image.id: image for image in content.images}
    for annotation in content.annotations:
        if annotation.image_id not in images:
            raise ValueError(
                f"{path}: {annotation.file_name} belongs to image {annotation.image_id}, which is not listed"
            )
    if len(content.categories) > VOID:
        raise ValueError(f"{path}: expected at most {VOID} categories, got {len(content.categories)}")
    ordered = sorted(content.categories, key=lambda category: category.id)
    coco_ids = tuple(category.id for category in ordered)
    if len(set(coco_ids)) < len(coco_ids):
        raise ValueError(f"{path}: expected categories with ids that differ, got {list(coco_ids)}")
    try:
        categories = CategorySet(
            path.stem,
            tuple(
                Category(number, category.name, category.isthing, category.color or _some_color(number))
                for number, category in enumerate(ordered)
            ),
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return CocoPanoptic(categories, coco_ids, tuple(content.annotations), images, Path(images_folder), folder)


def write_coco_panoptic(folder: Path | str, scenes: Iterable[Scene]) -> Path:
    """Writes `images/`, `panoptic/` and `panoptic.json` into `folder`; returns the path of the JSON.

    `read_coco_panoptic(folder / "images", folder / "panoptic.json")` reads the same scenes: labels exactly, images to
    8 bits. What the format has no place for is left out: scores, amodal masks, and names (scenes are numbered). Files
    of an earlier call are written over. Raises `ValueError` if there is no scene or if their categories differ.
    """
    folder = Path(folder)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    categories: CategorySet | None = None
    for name in ("images", "panoptic"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, scene in enumerate(scenes):
        categories = categories or scene.categories
        if scene.categories != categories:
            raise ValueError(
                f"scenes: expected one category set, got '{categories.name}' and '{scene.categories.name}'"
            )
        height, width = scene.size
        file_name = f"{number:06d}.png"
        pixels = (scene.image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        Image.fromarray(pixels).save(folder / "images" / file_name)
        Image.fromarray(ids_to_rgb(scene.panoptic)).save(folder / "panoptic" / file_name)
        images.append({"id": number, "file_name": file_name, "height": height, "width": width})
        info = segments_to_info(scene.panoptic, scene.segments)
        annotations.append({"image_id": number, "file_name": file_name, "segments_info": info})
    if categories is None:
        raise ValueError("scenes: expected at least one, got none")
    listed = [
        {"id": c.id, "name": c.name, "supercategory": c.name, "isthing": int(c.isthing), "color": list(c.color)}
        for c in categories
    ]
    path = folder / "panoptic.json"
    content = {"info": {"description": categories.name}, "images": images, "annotations": annotations}
    path.write_text(json.dumps({**content, "categories": listed}), encoding="utf-8")
    return path


# What the JSON must hold. COCO knows more fields; they are not needed, and not looked at.


class _Segment(BaseModel):
    id: int
    category_id: int
    iscrowd: bool = False


class _Annotation(BaseModel):
    image_id: int | str
    file_name: str
    segments_info: list[_Segment]


class _Image(BaseModel):
    id: int | str
    file_name: str


_Byte = Annotated[int, Field(ge=0, le=255)]


class _Category(BaseModel):
    id: int
    name: str
    isthing: bool
    color: tuple[_Byte, _Byte, _Byte] | None = None


class _File(BaseModel):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category] = Field(min_length=1)


def _open_picture(path: Path) -> Image.Image:
    """A picture with its pixels, in the mode that the file has."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected a picture, got no such file")
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as picture:
            size = f"{picture.width}×{picture.height} pixels"
            fits = picture.width * picture.height <= MAX_PIXELS
            if fits:
                picture.load()
    except UnidentifiedImageError:
        raise ValueError(f"{path}: expected a PNG or JPEG, got something else") from None
    except Image.DecompressionBombError as error:  # so large that Pillow does not even tell its size
        fits, size = False, str(error)
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for a file that is cut short or damaged
        raise ValueError(f"{path}: expected a whole picture, got a damaged one ({error})") from error
    if not fits:
        raise ValueError(f"{path}: expected a picture of at most {MAX_PIXELS:,} pixels, got {size}")
    return picture


def _find_image(folder: Path, file_name: str) -> Path:
    """Where the image is. Cityscapes lists `ulm_1_2_gtFine_leftImg8bit.png`, and has `ulm/ulm_1_2_leftImg8bit.png`."""
    listed = _inside(folder, file_name)
    real_name = listed.name.replace("_gtFine_leftImg8bit", "_leftImg8bit")
    places = (listed, listed.with_name(real_name), listed.parent / real_name.split("_")[0] / real_name)
    return next((place for place in places if place.is_file()), listed)


def _inside(folder: Path, file_name: str) -> Path:
    """`folder / file_name`. A name that leads out of the folder, as a prepared JSON might hold, raises."""
    path = folder / file_name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"file_name: expected a file in {folder}, got {file_name}")
    return path


def _some_color(number: int) -> tuple[int, int, int]:
    """A colour for a category that brings none: hues one golden angle apart, so that neighbours differ much."""
    red, green, blue = colorsys.hsv_to_rgb(
        number * 0.381966 % 1, 0.6 + 0.2 * (number % 3 - 1), 0.95 - 0.2 * (number % 2)
    )
    return round(red * 255), round(green * 255), round(blue * 255)
