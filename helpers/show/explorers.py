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
    """Sliders over a picture. `state` holds the values that the picture shows."""

    def __init__(self, render: Callable[..., np.ndarray], controls: Mapping[str, Choices], alt: str) -> None:
        self._render, self._names, self._alt = render, list(controls), alt
        self.sliders = {name: _slider(name, choices) for name, choices in controls.items()}
        self.image = widgets.Image(value=self._draw(), format="png", layout=widgets.Layout(max_width="100%"))
        self.note = widgets.HTML(f'<div role="img" aria-label="{html.escape(alt)}"></div>')
        super().__init__([*self.sliders.values(), self.image, self.note])
        for slider in self.sliders.values():
            slider.observe(self._redraw, names="value")

    @property
    def state(self) -> dict[str, Any]:
        return {name: slider.value for name, slider in self.sliders.items()}

    def _draw(self) -> bytes:
        return rendered_png(self._render(**self.state))

    def _redraw(self, _change: object) -> None:
        self.image.value = self._draw()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = super()._repr_mimebundle_(**options)
        data |= {"text/plain": repr(self), "image/png": bytes(self.image.value)}
        return data, {"image/png": {"alt": self._alt}}

    def __repr__(self) -> str:
        return f"Explorer({', '.join(self._names)})"


def explore(render: Callable[..., np.ndarray], alt: str, **controls: Choices) -> Explorer:
    """A picture with a slider for each argument of `render`, which must be pure: same arguments, same picture.

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
