"""Folders in COCO panoptic format: read as scenes, and written from scenes.

The format (Kirillov et al., "Panoptic Segmentation", CVPR 2019; cocodataset.org/#format-data) is three things:

- a folder of images;
- a folder of PNGs, one for each image and of the same size, whose colours are segment ids: id = R + 256 G + 256² B;
- one JSON file with `images`, `annotations` (for each PNG its `segments_info`) and `categories`.

COCO's own panoptic annotations are such a folder. So is what `csCreatePanopticImgs` of the cityscapesscripts package
makes of Cityscapes: give `leftImg8bit/val` as images and `gtFine/cityscapes_panoptic_val.json` as annotation. It lists
its images by names that no file has and without the city's folder; both are put right here.

A PNG belongs to the pixels of its image as they are stored: an orientation in the image's EXIF is not applied, neither
here nor in COCO's own tools. Area and box of each segment, where the JSON gives them, are held against the PNG.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from helpers.categories import CategorySet
from helpers.labels import ids_to_rgb, info_to_segments, rgb_to_ids, segments_to_info
from helpers.scenes.coco_files import find_file, open_picture, read_image, short, to_folder, to_path
from helpers.scenes.coco_json import Annotation, CocoCategories, coco_ids, make_vocabulary, match_vocabulary, read_json
from helpers.scenes.scene import Scene


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CocoScene(Scene):
    """A scene of a COCO folder, with what the folder knows it by. `write_coco_panoptic` keeps both.

    Attributes:
        image_id: the id of its image in the JSON.
        file_name: the path of its image in the folder of images, with `/` on every system.
    """

    image_id: int | str
    file_name: str


@dataclass(frozen=True, eq=False)
class CocoPanoptic:
    """A data set as a sequence of scenes. A scene is read from disk when it is asked for, and not kept.

    Attributes:
        categories: the vocabulary: a `CocoCategories`, numbered 0, 1, 2, ... by rising COCO id, or the one given.
        unlabelled: how many images the JSON lists without an annotation; they are no scenes.
    """

    categories: CategorySet
    unlabelled: int
    _annotations: tuple[Annotation, ...]
    _file_names: dict[int | str, str]
    _images_folder: Path
    _png_folder: Path

    def __len__(self) -> int:
        return len(self._annotations)

    def __getitem__(self, index: int) -> CocoScene:
        """The scene number `index`, named like its image file. Crowds are segments with `iscrowd`, void is 0.

        Raises `FileNotFoundError` for a missing picture, `ValueError` for one that is damaged or does not fit.
        """
        annotation = self._annotations[_to_number(index)]
        image_path = _find_image(self._images_folder, self._file_names[annotation.image_id])
        png_path = find_file(self._png_folder, annotation.file_name)
        image = read_image(image_path)
        height, width = image.shape[1:]
        panoptic = rgb_to_ids(_read_png(png_path, (width, height), image_path.name))
        number = {coco_id: category_id for category_id, coco_id in enumerate(coco_ids(self.categories))}
        try:
            info = [{**vars(entry), "category_id": number[entry.category_id]} for entry in annotation.segments_info]
            segments = info_to_segments(info, panoptic, self.categories)
        except KeyError as unknown:
            raise ValueError(f"{png_path.name}: its category_id {unknown} is not among the JSON's categories") from None
        except ValueError as error:
            raise ValueError(f"{png_path}: does not fit its segments_info in the JSON: {error}") from error
        return CocoScene(
            name=image_path.stem,
            image=image,
            panoptic=panoptic,
            segments=segments,
            categories=self.categories,
            image_id=annotation.image_id,
            file_name=image_path.relative_to(self._images_folder).as_posix(),
        )

    def __repr__(self) -> str:
        without = f", {self.unlabelled} images without labels" if self.unlabelled else ""
        return f"CocoPanoptic('{self.categories.name}', {len(self)} scenes, {len(self.categories)} categories{without})"


def read_coco_panoptic(
    images_folder: Path | str,
    annotation_json: Path | str,
    png_folder: Path | str | None = None,
    categories: CategorySet | None = None,
) -> CocoPanoptic:
    """A data set in COCO panoptic format. Its PNGs are in the folder with the name of the JSON, unless one is given.

    Categories are numbered by the COCO ids that the JSON lists, so two files that list different ones number them
    differently. Give the `categories` of the training set when you read the validation set: both are then numbered
    alike, and a category that the training set has not, or has as another, is an error.

    Raises `FileNotFoundError` for a missing folder or file, `ValueError` for a file that is not what the format says,
    for an image listed or annotated twice, and for more than 255 categories; both name the file. A scene's pictures
    are checked when it is asked for.
    """
    path = to_path("annotation_json", annotation_json)
    images = to_folder("images_folder", images_folder)
    content = read_json(path)
    pngs = to_folder("png_folder", path.with_suffix("") if png_folder is None else png_folder)
    if not isinstance(categories, CategorySet | None):
        got = short(repr(categories))
        raise ValueError(f"categories: expected a CategorySet, as `categories` of a data set is, got {got}")
    if categories is None:
        categories = make_vocabulary(path, content.categories)
    else:
        match_vocabulary(path, content.categories, categories)
    file_names = {image.id: image.file_name for image in content.images}
    unlabelled = len(file_names) - len(content.annotations)
    return CocoPanoptic(categories, unlabelled, tuple(content.annotations), file_names, images, pngs)


def write_coco_panoptic(folder: Path | str, scenes: Iterable[Scene]) -> Path:
    """Writes `images/`, `panoptic/` and `panoptic.json` into `folder`; returns the path of the JSON.

    `read_coco_panoptic(folder / "images", folder / "panoptic.json")` reads the same scenes: labels exactly, images to
    8 bits. A scene that was read from such a folder keeps the ids and the name of its image (all images become PNGs),
    its segments' ids, and its categories' ids and supercategories; others are numbered from 0. What the format has no
    place for is left out: scores and amodal masks. Files of an earlier call are written over.

    Raises `ValueError` if there is no scene, if their categories differ, if two have the same image, or if a scene
    cannot be written as it is: an image that is not float in 0..1, a segment id of more than three bytes.
    """
    folder = to_path("folder", folder)
    images: dict[int | str, dict[str, Any]] = {}
    annotations: list[dict[str, Any]] = []
    names: set[str] = set()
    categories: CategorySet | None = None
    for number, scene in enumerate(scenes):
        categories = categories or scene.categories
        if scene.categories != categories:
            raise ValueError(
                f"scenes: expected one category set, got '{categories.name}' and '{scene.categories.name}'"
            )
        image_id, file_name = _image_of(scene, number)
        if image_id in images or file_name.casefold() in names:  # some systems take a.png for A.png
            raise ValueError(f"scenes: expected images that differ, got id {image_id!r}, '{file_name}' twice")
        names.add(file_name.casefold())
        height, width = scene.size
        images[image_id] = {"id": image_id, "file_name": file_name, "height": height, "width": width}
        try:
            info = _write_pictures(folder, file_name, scene)
        except ValueError as error:
            raise ValueError(f"scene {number} ('{scene.name}'): {error}") from error
        annotations.append({"image_id": image_id, "file_name": file_name, "segments_info": info})
    if categories is None:
        raise ValueError("scenes: expected at least one, got none")
    content = {"info": {"description": categories.name}, "images": [*images.values()], "annotations": annotations}
    path = folder / "panoptic.json"
    path.write_text(json.dumps({**content, "categories": _list_categories(categories)}), encoding="utf-8")
    return path


def _read_png(path: Path, size: tuple[int, int], image_name: str) -> np.ndarray:
    """uint8 `[H, W, 3]`: the colours of a PNG of `size` (W, H), whose image is called `image_name`."""
    png = open_picture(path, ("PNG",))
    if png.mode != "RGB" or png.size != size or _has_16_bits(path):
        mode = "16 bits" if _has_16_bits(path) else png.mode
        turned = " (the image lies on its side? Its EXIF is not applied)" if png.size == size[::-1] != size else ""
        raise ValueError(
            f"{path}: expected colours (RGB) of {size[0]}×{size[1]} pixels like {image_name}, "
            f"got {mode} of {png.width}×{png.height}{turned}"
        )
    return np.array(png)


def _has_16_bits(path: Path) -> bool:
    """Whether a PNG has 16 bits for each channel. Pillow drops eight of them, and with them the ids."""
    with path.open("rb") as file:
        return file.read(25)[24] == 16  # the header: a signature, a chunk's length and name, width, height, bits


def _find_image(folder: Path, file_name: str) -> Path:
    """Where the image is. Cityscapes lists `ulm_1_2_gtFine_leftImg8bit.png`, and has `ulm/ulm_1_2_leftImg8bit.png`."""
    names = [file_name]
    city = re.fullmatch(r"(.*/)?(([A-Za-z-]+)_\d+_\d+)(_gtFine)?(_leftImg8bit\.png)", file_name)
    if city:
        above, real_name = city[1] or "", city[2] + city[5]
        names += [above + real_name, f"{above}{city[3]}/{real_name}"]
    faults = []
    for name in names:
        try:
            return find_file(folder, name)
        except FileNotFoundError as fault:
            faults.append(fault)
    raise faults[0]


def _to_number(index: int) -> int:
    if isinstance(index, slice | bool) or not hasattr(index, "__index__"):
        raise ValueError(f"index: expected the number of one scene, got {short(repr(index))}")
    return operator.index(index)


def _image_of(scene: Scene, number: int) -> tuple[int | str, str]:
    """The id and the file name of a scene's image."""
    if isinstance(scene, CocoScene):
        return scene.image_id, str(PurePosixPath(scene.file_name).with_suffix(".png"))
    return number, f"{number:06d}.png"


def _write_pictures(folder: Path, file_name: str, scene: Scene) -> list[dict[str, Any]]:
    """Writes the image and the label map of a scene, once both are known to be sound; returns its `segments_info`."""
    pixels, colors, info = _to_pixels(scene), ids_to_rgb(scene.panoptic), _to_info(scene)
    for kind, picture in (("images", pixels), ("panoptic", colors)):
        path = folder / kind / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    return info


def _to_pixels(scene: Scene) -> np.ndarray:
    """The image as uint8 `[H, W, 3]`."""
    image = scene.image
    if not image.is_floating_point() or list(image.shape) != [3, *scene.size]:
        got = f"{image.dtype} of shape {list(image.shape)}"
        raise ValueError(f"image: expected float of shape {[3, *scene.size]}, got {got}")
    low, high = image.aminmax()
    if not (low >= -0.01 and high <= 1.01):  # not a number fails both
        raise ValueError(f"image: expected values in 0..1, got {low:.3g}..{high:.3g}")
    return (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()


def _to_info(scene: Scene) -> list[dict[str, Any]]:
    """The scene's `segments_info`, with the COCO ids of its categories."""
    info = segments_to_info(scene.panoptic, scene.segments)
    ids = coco_ids(scene.categories)
    return [{**entry, "category_id": ids[scene.categories[entry["category_id"]].id]} for entry in info]


def _list_categories(categories: CategorySet) -> list[dict[str, Any]]:
    groups = categories.supercategories if isinstance(categories, CocoCategories) else categories.names
    return [
        {"id": coco_id, "name": c.name, "supercategory": group, "isthing": int(c.isthing), "color": list(c.color)}
        for coco_id, c, group in zip(coco_ids(categories), categories, groups, strict=True)
    ]
