"""Explorers: a picture that is drawn afresh when a slider moves.

A lesson writes a pure function from numbers to a picture; `explore` puts sliders under it. What answers the pointer
inside a picture has a widget of its own (`viewer`, `painter`, `iou_explorer`).
"""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np
from PIL import Image

Choices = Sequence[Any] | Mapping[str, Any]


class Explorer(widgets.VBox):
    """Sliders over a picture.

    Attributes:
        state: the value of each control that the picture shows.
        trouble: a sentence, as HTML, if there is no picture for where the sliders stand, else "".
    """

    def __init__(self, render: Callable[..., np.ndarray], controls: Mapping[str, Choices], alt: str) -> None:
        self._render, self._names, self._alt = render, list(controls), alt
        self.sliders = {name: _slider(name, choices) for name, choices in controls.items()}
        self.state = self._wanted()
        self._said = self._labels()
        first = rendered_png(render(**self.state))
        self.image = widgets.Image(value=first, format="png", layout=widgets.Layout(max_width="100%"))
        self.trouble = widgets.HTML()
        self.note = widgets.HTML(f'<div role="img" aria-label="{html.escape(alt)}"></div>')
        super().__init__([*self.sliders.values(), self.image, self.trouble, self.note])
        for slider in self.sliders.values():
            slider.observe(self._redraw, names="value")

    def _wanted(self) -> dict[str, Any]:
        return {name: slider.value for name, slider in self.sliders.items()}

    def _labels(self) -> str:
        return ", ".join(f"{slider.description} {slider.options[slider.index][0]}" for slider in self.sliders.values())

    def _redraw(self, _change: object) -> None:
        wanted = self._wanted()
        try:
            self.image.value = rendered_png(self._render(**wanted))
        except (Exception, KeyboardInterrupt) as error:  # the learner shall read it, and can move on
            sentence = f"No picture for {self._labels()} ({first_line(error)}): it still shows {self._said}."
            self.trouble.value = f'<p role="alert">{html.escape(sentence)}</p>'
            return
        self.state, self._said, self.trouble.value = wanted, self._labels(), ""

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = super()._repr_mimebundle_(**options)
        data |= {"text/plain": repr(self), "image/png": bytes(self.image.value)}
        return data, {"image/png": {"alt": self._alt}}

    def __repr__(self) -> str:
        return f"Explorer({', '.join(self._names)})"


def explore(render: Callable[..., np.ndarray], alt: str, /, **controls: Choices) -> Explorer:
    """A picture with a slider for each argument of `render`, which must be pure: same arguments, same picture.

    What `render` raises after the start stands under the picture, which stays as it was.

    Args:
        render: from one value of each control to uint8 `[H, W, 3]`.
        alt: what the picture shows, for who cannot see it.
        controls: the values that an argument can take, in order, or a mapping from what the slider says to the value.
            The slider starts at the first.

    Raises `ValueError` for fewer than two values, or if `render` gives anything else.
    """
    return Explorer(render, controls, alt)


def options_of(name: str, choices: Choices) -> list[tuple[str, Any]]:
    """What the page says of each choice, and its value. Raises `ValueError` for fewer than two."""
    options = list(choices.items()) if isinstance(choices, Mapping) else [(str(value), value) for value in choices]
    if len(options) < 2:
        raise ValueError(f"{name}: expected at least two values, got {len(options)}")
    return options


def first_line(error: BaseException) -> str:
    """An error in one line: its kind, and what it says first."""
    return f"{type(error).__name__}: {error}".split("\n")[0].removesuffix(": ")


def rendered_png(picture: np.ndarray) -> bytes:
    """What a `render` gave, as a PNG. Raises `ValueError` if it is not uint8 `[H, W, 3]`."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"render: expected uint8 [H, W, 3], got {picture.dtype} {list(picture.shape)}")
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG")  # not optimised: ten times as long, and the slider would lag
    return file.getvalue()


def _slider(name: str, choices: Choices) -> widgets.SelectionSlider:
    options = options_of(name, choices)
    return widgets.SelectionSlider(
        options=options,
        value=options[0][1],
        description=name.replace("_", " "),
        continuous_update=True,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="min(520px, 100%)"),
    )
