"""The pages of the widgets: ES modules and style sheets, bundled by `make page`, so that a learner needs no Node.

`common/` is what all pages use: elements, canvases, pointer, keys, the link to the kernel, motion. Every other folder
is one widget: `index.js` has anywidget's `render`, `index.css` its look, and esbuild makes of them `bundles/NAME.js`
and `bundles/NAME.css`. Nothing here knows torch or segmentation.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

_BUNDLES = Path(__file__).parent / "bundles"
Reply = tuple[dict[str, Any], list[bytes]]
"""What a page is told: a message of plain JSON, and buffers that `kernel.js` gives as `DataView`s."""


def bundle(name: str) -> tuple[str, str]:
    """The ES module and the style sheet of a widget, for anywidget's `_esm` and `_css`.

    Raises `ValueError` if there is no such bundle.
    """
    script, style = (_BUNDLES / f"{name}.{kind}" for kind in ("js", "css"))
    if not script.is_file():
        known = ", ".join(sorted(path.stem for path in _BUNDLES.glob("*.js")))
        raise ValueError(f"name: expected one of {known}, got '{name}'")
    return script.read_text("utf-8"), style.read_text("utf-8")


def answer(widget: Any, reply: Callable[[dict[str, Any], list[bytes]], Reply]) -> None:
    """Answers what the page of a widget asks by `kernel.js`; `reply` gets message and buffers.

    A `ValueError` of `reply` becomes the sentence that the page shows.
    """

    def receive(_: Any, message: dict[str, Any], buffers: list[bytes]) -> None:
        try:
            content, data = reply(message, buffers)
        except ValueError as error:
            content, data = {"trouble": str(error)}, []
        widget.send(content | {"id": message["id"]}, data)

    widget.on_msg(receive)
