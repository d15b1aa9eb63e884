"""The painter: the learner paints a label map over a picture, then sees how close it came to the truth.

All painting happens in the browser: `painter_tools.js` holds what painting is made of, `painter.js` what the learner
does with it, the files between them in `_SCRIPTS` what is seen and told. The traits `painting` and `seconds` follow at
the end of each stroke. The truth stays in the kernel until the learner asks for the score, and even then travels in a
message and never in a trait, so that no notebook holds it. The messages:

| page to kernel                                  | meaning                                       |
|-------------------------------------------------|-----------------------------------------------|
| `{"type": "hello"}`                             | a page has opened: is there a score already?  |
| `{"type": "score", "seconds": …}`, label map    | score these labels and keep the score         |

The kernel answers with `{"type": "score", …}` and two label maps, what was scored and the truth (see `report_of`), or
with `{"type": "refused", "reason": …}`. A label map is one byte for each pixel, row by row, 255 = unlabelled.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import numpy as np
import torch
import traitlets
from numpy.typing import ArrayLike
from PIL import Image

from helpers.categories import VOID, CategorySet
from helpers.scenes.scene import Scene
from helpers.show.colors import color_semantic, enlarge, image_bytes
from helpers.show.iou_explorer import BOTH, ONLY_PREDICTION, ONLY_TRUTH
from helpers.show.page import check_size, css, esm, png_bundle
from helpers.show.painting_score import PaintingScore, check_labels, score_painting

OPACITY = 0.6
_SCRIPTS = (
    "painter_tools.js",
    "painter_page.js",
    "painter_picture.js",
    "painter_score.js",
    "painter_kernel.js",
    "painter.js",
)
_COLORS = {"right": BOTH, "wrong": ONLY_PREDICTION, "missed": ONLY_TRUTH}

Record = Callable[[dict, float, float], object]
"""Keeps a score: is called with an answer that JSON can hold, the mean IoU and the seconds used."""


@dataclass(frozen=True, eq=False)
class Task:
    """What there is to paint.

    Attributes:
        name: the title.
        image: uint8 `[H, W, 3]`.
        categories: what a pixel may be called.
        truth: int64 `[H, W]`, 255 = void; None where nobody knows it.
        start: uint8 `[H, W]`, the labels to begin with, 255 = unlabelled.
    """

    name: str
    image: np.ndarray
    categories: CategorySet
    truth: np.ndarray | None
    start: np.ndarray


def render(image: np.ndarray, painting: np.ndarray, categories: CategorySet) -> np.ndarray:
    """A painting as a plain picture, uint8 `[H', W', 3]`: the image, and the paint over it where there is any."""
    times = max(1, 360 // image.shape[1])
    opacity = np.where(painting == VOID, 0, OPACITY)[..., None]
    mixed = image * (1 - opacity) + color_semantic(painting, categories) * opacity
    return enlarge(np.round(mixed).astype(np.uint8), times)


def _accept(value: Any, widget: Painter) -> bytes:
    """A painting that came from the page; the one we have, and a word to the page, if it cannot be one."""
    try:
        return widget.read_painting(value).tobytes()
    except ValueError as error:
        widget.send({"type": "refused", "reason": str(error)})
        return widget.painting


class Painter(anywidget.AnyWidget):
    """The widget that `painter` makes. Its `labels` are what has been painted so far."""

    _esm = esm(*_SCRIPTS)
    _css = css("painter.css")

    info = traitlets.Dict().tag(sync=True)
    image = traitlets.Bytes().tag(sync=True)
    start = traitlets.Bytes().tag(sync=True)
    painting = traitlets.Bytes().tag(sync=True, from_json=_accept)
    seconds = traitlets.Float().tag(sync=True)

    def __init__(self, task: Task, earlier: Mapping[str, Any] | None = None, record: Record | None = None) -> None:
        self._task = task
        self._record = record
        self._report: tuple[dict, list[bytes]] | None = None
        self._notice = ""
        painting, seconds = task.start, 0.0
        if earlier is not None:
            try:
                painting, seconds = unpack_answer(earlier, task.image.shape[:2], task.categories)
                if task.truth is not None:
                    self._score(painting, seconds)
            except ValueError as error:
                self._notice = f"Your earlier labels cannot be shown: {error}"
        info = {"name": task.name, "opacity": OPACITY, "scorable": task.truth is not None, "colors": _COLORS}
        size = {"height": task.image.shape[0], "width": task.image.shape[1]}
        categories = [{"id": each.id, "name": each.name, "color": list(each.color)} for each in task.categories]
        super().__init__(
            info=info | size | {"categories": categories},
            image=task.image.tobytes(),
            start=task.start.tobytes(),
            painting=painting.tobytes(),
            seconds=seconds,
        )
        self.on_msg(lambda _, message, buffers: self._receive(message, buffers))

    @property
    def labels(self) -> torch.Tensor:
        """int64 `[H, W]`: the painting as it is now, 255 = unlabelled."""
        return torch.from_numpy(self._pixels().astype(np.int64))

    def _pixels(self) -> np.ndarray:
        return np.frombuffer(self.painting, np.uint8).reshape(self._task.image.shape[:2])

    def read_painting(self, data: Any) -> np.ndarray:
        """Bytes from the page as uint8 `[H, W]`. Raises `ValueError` for a wrong size or an unknown category."""
        height, width = self._task.image.shape[:2]
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise ValueError(f"painting: expected bytes, got {type(data).__name__}")
        pixels = np.frombuffer(data, np.uint8)
        if pixels.size != height * width:
            raise ValueError(f"painting: expected {height} × {width} = {height * width} labels, got {pixels.size}")
        return check_labels(pixels.reshape(height, width), "painting", self._task.categories).astype(np.uint8)

    def _receive(self, message: Any, buffers: Sequence[Any]) -> None:
        try:
            match message:
                case {"type": "hello"}:
                    if self._report:
                        self.send(*self._report)
                    if self._notice:
                        self.send({"type": "refused", "reason": self._notice})
                case {"type": "score", "seconds": int() | float() as seconds}:
                    if self._task.truth is None:
                        raise ValueError("score: nobody knows the truth of this picture")
                    if not (math.isfinite(seconds) and seconds >= 0):
                        raise ValueError(f"seconds: expected a time from 0, got {seconds}")
                    if len(buffers) != 1:
                        raise ValueError(f"buffers: expected one label map, got {len(buffers)}")
                    painted = self.read_painting(buffers[0])
                    report, _ = self._score(painted, seconds)
                    report["trouble"] = self._keep(painted, seconds, report["mean_iou"])
                    self.send(*self._report)
                case _:
                    raise ValueError(f"message: expected hello or score, got {message!r}")
        except ValueError as error:
            self.send({"type": "refused", "reason": str(error)})

    def _score(self, painted: np.ndarray, seconds: float) -> tuple[dict, list[bytes]]:
        score = score_painting(painted, self._task.truth, self._task.categories)
        truth = self._task.truth.astype(np.uint8)
        self._report = report_of(score, seconds, painted.shape), [painted.tobytes(), truth.tobytes()]
        return self._report

    def _keep(self, painted: np.ndarray, seconds: float, score: float) -> str:
        """Hands the score to `record`; returns what went wrong, or nothing."""
        if self._record is None:
            return ""
        try:
            self._record(pack_answer(painted, seconds), score, seconds)
        except Exception as error:  # whatever it is, the learner shall see the score, and this sentence below it
            return str(error)
        return ""

    def __repr__(self) -> str:
        height, width = self._task.image.shape[:2]
        return f"Painter('{self._task.name}', {height}×{width})"

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        picture = render(self._task.image, self._pixels(), self._task.categories)
        bundle = super()._repr_mimebundle_(**kwargs)
        return png_bundle(bundle, picture, f"{self._task.name}: a picture to paint labels on")


def painter(
    scene: Scene | ArrayLike,
    categories: CategorySet | None = None,
    *,
    start: ArrayLike | None = None,
    earlier: Mapping[str, Any] | None = None,
    record: Record | None = None,
) -> Painter:
    """A picture to paint labels on; a scene, whose truth is known, also scores them.

    Args:
        scene: a `Scene`; or an image, float `[3, H, W]` in 0..1 or uint8 `[H, W, 3]`, at most 512×1024.
        categories: what a pixel may be called; for a plain image only, since a scene brings its own.
        start: labels to begin with, integers `[H, W]`, 255 = unlabelled; such as a prediction to correct.
        earlier: an answer that `record` was given before: it is shown again, with its score, in place of `start`. One
            that does not fit the picture is left out, and the widget says so.
        record: is called after each scoring with `(answer, score, seconds)`: a dict that JSON can hold, the mean IoU,
            the time used. If it raises, the widget shows the error's text under the score.

    Raises `ValueError` for any other picture, categories or start.
    """
    is_scene = isinstance(scene, Scene)
    if is_scene == (categories is not None):
        hint = "none, since a scene brings its own" if is_scene else "a CategorySet, since a plain image has none"
        raise ValueError(f"categories: expected {hint}, got {categories!r:.60}")
    image = image_bytes(scene.image if is_scene else scene)
    height, width = image.shape[:2]
    check_size((height, width), "scene")
    vocabulary = scene.categories if is_scene else categories
    begin = np.full((height, width), VOID, np.uint8)
    if start is not None:
        begin = check_labels(start, "start", vocabulary).astype(np.uint8)
        if begin.shape != (height, width):
            raise ValueError(f"start: expected the size of the picture, {[height, width]}, got {list(begin.shape)}")
    truth = check_labels(scene.semantic, "scene.semantic", vocabulary) if is_scene else None
    if truth is not None and (truth == VOID).all():
        truth = None  # a scene without labels
    return Painter(Task(scene.name if is_scene else "picture", image, vocabulary, truth, begin), earlier, record)


def pack_answer(painted: np.ndarray, seconds: float) -> dict[str, Any]:
    """Labels uint8 `[H, W]` and the time used as a dict that JSON can hold; the labels are a grey PNG in base64."""
    buffer = io.BytesIO()
    Image.fromarray(painted).save(buffer, "PNG", optimize=True)
    return {"labels": base64.b64encode(buffer.getvalue()).decode("ascii"), "seconds": round(seconds, 1)}


def unpack_answer(
    answer: Mapping[str, Any], size: tuple[int, int], categories: CategorySet
) -> tuple[np.ndarray, float]:
    """The labels uint8 `[H, W]` and the seconds in an answer of `pack_answer`.

    Raises `ValueError` if it is damaged, or of another size (H, W) or other categories.
    """
    damaged = "earlier: expected an answer of the painter, got something else or a damaged one"
    try:
        seconds = float(answer["seconds"])
        picture = Image.open(io.BytesIO(base64.b64decode(answer["labels"], validate=True)), formats=["PNG"])
        found = (picture.height, picture.width)  # known before a pixel is unpacked
        labels = np.array(picture) if found == size else None
    except (KeyError, TypeError, ValueError, OSError, SyntaxError) as error:
        raise ValueError(damaged) from error
    if labels is None:
        raise ValueError(f"earlier: expected a painting of {size[0]}×{size[1]}, got {found[0]}×{found[1]}")
    if labels.ndim != 2 or not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError(damaged)
    return check_labels(labels, "earlier", categories).astype(np.uint8), seconds


def report_of(score: PaintingScore, seconds: float, size: tuple[int, int]) -> dict[str, Any]:
    """What the page shows of a score, as plain JSON."""
    return {
        "type": "score",
        "rows": [
            {"id": each.category.id, "iou": each.iou, "painted": each.painted, "truth": each.truth}
            for each in score.categories
        ],
        "mean_iou": score.mean_iou,
        "pixel_accuracy": score.pixel_accuracy,
        "counted": score.counted,
        "unlabelled": score.unlabelled,
        "void": score.void,
        "words": f"You took {duration(seconds)} for {size[0]} × {size[1]} pixels.",
        "trouble": "",
    }


def duration(seconds: float) -> str:
    """A time in words: "45 s", "3 min 20 s"."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
