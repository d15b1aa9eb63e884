"""What the widgets with a page of their own share: how their files become one page, and the picture that replaces it.

A page is an ES module and a style sheet. Without a build step a widget's module cannot import a file beside it, so
Python joins the texts: first `page.js`, the functions that several widgets use, then the widget's own files in the
order given. All names are in one scope: a widget's file uses what stands before it, and declares nothing a second time.
The style sheets are joined in the same way, `page.css` first.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

MAX_SIZE = (512, 1024)
"""Height and width of the largest picture that a page takes: it must answer the pointer at once."""

_HERE = Path(__file__).parent


def esm(*names: str) -> str:
    """The module of a widget: `page.js`, then these files of this folder."""
    return _joined("page.js", *names)


def css(*names: str) -> str:
    """The style sheet of a widget: `page.css`, then these files of this folder."""
    return _joined("page.css", *names)


def _joined(*names: str) -> str:
    return "\n".join((_HERE / name).read_text("utf-8") for name in names)


def check_size(size: tuple[int, ...], name: str) -> None:
    """Raises `ValueError` with the argument's `name` if a picture of this (height, width) exceeds `MAX_SIZE`."""
    if size[0] > MAX_SIZE[0] or size[1] > MAX_SIZE[1]:
        raise ValueError(f"{name}: expected at most {MAX_SIZE[0]}×{MAX_SIZE[1]}, got {size[0]}×{size[1]}")


def png_bundle(bundle: tuple[dict, dict], picture: np.ndarray, alt: str) -> tuple[dict, dict]:
    """What Jupyter is told of a widget, and a plain picture for where no front end runs, as on GitHub.

    Args:
        bundle: data and metadata, as the widget's own `_repr_mimebundle_` has them.
        picture: uint8 `[H, W, 3]`.
        alt: the picture in words.
    """
    data, metadata = bundle
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return data | {"image/png": buffer.getvalue()}, metadata | {"image/png": {"alt": alt}}
