"""The probe: a picture, and beside it what a function answers for the pixel that the learner points at.

A lesson writes a pure function from a pixel to a picture, such as: what does a network's score at this pixel depend on?
The browser cannot know the answers beforehand, so `probe.js` asks the kernel: one question at a time, and of the pixels
that the pointer crosses meanwhile only the last. Where no front end runs, as on GitHub, a plain picture made by `draw`
stands in its place.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw

from helpers.scenes.scene import Scene
from helpers.show.colors import enlarge, image_bytes
from helpers.show.explorers import Choices, first_line, options_of, rendered_png
from helpers.show.figures import PICTURE_WIDTH
from helpers.show.page import check_size, css, esm, png_bundle

Render = Callable[..., np.ndarray]
"""`(row, column, **controls)` to uint8 `[h, w, 3]`; pure: same arguments, same picture."""


def draw(image: np.ndarray, position: tuple[int, int], answer: np.ndarray) -> np.ndarray:
    """The probe as a plain picture, uint8 `[H', W', 3]`: the image with a ring around the pixel, beside it the answer.

    Args:
        image: uint8 `[H, W, 3]`.
        position: row and column of the pixel.
        answer: uint8 `[h, w, 3]`.
    """
    times = max(1, PICTURE_WIDTH // image.shape[1])
    picture = Image.fromarray(enlarge(image, times))
    pen = ImageDraw.Draw(picture)
    y, x = ((each + 0.5) * times for each in position)
    for radius, width, color in [(10, 5, "black"), (9, 3, "white")]:  # shows on any colour
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=color, width=width)
    panes = [np.asarray(picture), enlarge(answer, max(1, PICTURE_WIDTH // answer.shape[1]))]
    height = max(len(pane) for pane in panes)
    panes.insert(1, np.full((height, 12, 3), 255, np.uint8))
    return np.concatenate(
        [np.pad(pane, ((0, height - len(pane)), (0, 0), (0, 0)), constant_values=255) for pane in panes], axis=1
    )


class Probe(anywidget.AnyWidget):
    """The widget that `probe` makes.

    Attributes:
        shown: what the page shows, as plain JSON: `row` and `column` of the pixel that the answer is for; `choices`,
            the place of each control's value; `trouble`, a sentence if the last question had no answer, else "";
            `number`, which counts the questions, so that the page hears of each.
        answer: the answer as a PNG.
    """

    _esm = esm("probe.js")
    _css = css("probe.css")

    info = traitlets.Dict().tag(sync=True)
    image = traitlets.Bytes().tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)
    answer = traitlets.Bytes().tag(sync=True)

    def __init__(
        self, image: np.ndarray, render: Render, alt: str, start: tuple[int, int], controls: Mapping[str, Choices]
    ) -> None:
        self._pixels, self._render = image, render
        self._controls = {name: options_of(name, choices) for name, choices in controls.items()}
        shown, answer = self._ask(*start, [0] * len(controls))
        named = [
            {"name": name.replace("_", " "), "options": [label for label, _ in options]}
            for name, options in self._controls.items()
        ]
        super().__init__(
            info={"height": image.shape[0], "width": image.shape[1], "alt": alt, "controls": named},
            image=image.tobytes(),
            shown=shown | {"number": 0},
            answer=answer,
        )
        self.on_msg(lambda _, message, buffers: self._receive(message))

    def _ask(self, row: int, column: int, choices: Sequence[int]) -> tuple[dict[str, Any], bytes]:
        """What to show for the pixel of the picture that is nearest to this position, and the answer."""
        height, width = self._pixels.shape[:2]
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
        values = {}
        for (name, options), place in zip(self._controls.items(), choices, strict=True):
            if place not in range(len(options)):
                raise ValueError(f"{name}: expected a choice in 0..{len(options) - 1}, got {place}")
            values[name] = options[place][1]
        answer = rendered_png(self._render(row, column, **values))
        return {"row": row, "column": column, "choices": list(choices), "trouble": ""}, answer

    def _receive(self, message: Any) -> None:
        try:
            match message:
                case {"row": int() as row, "column": int() as column, "choices": list() as choices}:
                    shown, answer = self._ask(row, column, choices)
                case _:
                    raise ValueError(f"message: expected row, column and choices, got {message!r}")
        except (Exception, KeyboardInterrupt) as error:  # the learner shall read it, and can point elsewhere
            reason = first_line(error)
            old = f"the answer for row {self.shown['row']}, column {self.shown['column']} still stands"
            shown, answer = self.shown | {"trouble": f"No answer for this pixel ({reason}); {old}."}, self.answer
        with self.hold_sync():  # to the page in one message
            self.shown = shown | {"number": self.shown["number"] + 1}
            self.answer = answer

    def __repr__(self) -> str:
        height, width = self._pixels.shape[:2]
        return f"Probe({', '.join([f'{height}×{width}', *self._controls])})"

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        row, column = self.shown["row"], self.shown["column"]
        picture = draw(self._pixels, (row, column), np.asarray(Image.open(io.BytesIO(self.answer), formats=["PNG"])))
        alt = f"A picture with a ring at row {row}, column {column}; beside it: {self.info['alt']}"
        return png_bundle(super()._repr_mimebundle_(**kwargs), picture, alt)


def probe(image: Scene | ArrayLike, render: Render, alt: str, /, start: tuple[int, int], **controls: Choices) -> Probe:
    """A picture to point at, beside what `render` answers for the pixel.

    Args:
        image: float `[3, H, W]` in 0..1 or uint8 `[H, W, 3]`, at most 512×1024; or a `Scene`, whose image is shown.
        render: from row, column and one value of each control to uint8 `[h, w, 3]`. It must be pure, and fast: while
            the learner drags, it is called as often as it returns. What it raises after the start, the page says.
        alt: what the answer shows, for who cannot see it.
        start: row and column of the pixel to begin with.
        controls: the values that a further argument of `render` can take, in order, or a mapping from what the page
            says to the value. Each begins with the first. Any name but `row`, `column` and `start`.

    Raises `ValueError` for any other image, a start outside it, fewer than two values of a control, or if `render`
    gives anything else.
    """
    pixels = image_bytes(image.image if isinstance(image, Scene) else image)
    check_size(pixels.shape, "image")
    height, width = pixels.shape[:2]
    if len(start) != 2 or start[0] not in range(height) or start[1] not in range(width):
        raise ValueError(f"start: expected a row in 0..{height - 1} and a column in 0..{width - 1}, got {start}")
    return Probe(pixels, render, alt, (int(start[0]), int(start[1])), controls)
