"""Pictures and paths of a data set that other people made, perhaps on another system, perhaps with ill will.

A JSON names its pictures. A name may be written with `\\`, or with accents in another Unicode form than the disk has
them; it may not lead out of its folder. A picture may be damaged, or so large that it fills the memory.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

MAX_PIXELS = 50_000_000
"""No larger picture is opened: a file of a few kilobytes may unfold to gigabytes of pixels (a decompression bomb)."""


def read_image(path: Path | str) -> Tensor:
    """A PNG or JPEG as float32 `[3, H, W]` in 0..1; a grey one gets three equal channels, 16 bits keep their range.

    The pixels are read as they are stored: an orientation that a camera wrote into EXIF does not turn them, because
    labels, those of COCO too, are made for the stored pixels.

    Raises `FileNotFoundError`, or `ValueError` if it is no picture, damaged, or has more than `MAX_PIXELS` pixels.
    """
    picture = open_picture(to_path("path", path), ("PNG", "JPEG"))
    if picture.mode.startswith("I"):  # grey with 16 bits, which convert("RGB") would clip at 255
        grey = torch.from_numpy(np.array(picture).astype(np.float32)) / 65_535
        return grey.expand(3, *grey.shape).contiguous()
    pixels = torch.from_numpy(np.array(picture.convert("RGB")))  # (H, W, 3)
    return pixels.permute(2, 0, 1).float() / 255


def open_picture(path: Path, formats: tuple[str, ...]) -> Image.Image:
    """A picture with its pixels, in the mode that the file has. Raises as `read_image` does."""
    reason = _why_not(path, stat.S_ISREG)
    if reason is not None:
        raise FileNotFoundError(f"{short(path)}: expected a picture, got {reason}")
    try:
        with Image.open(path, formats=formats) as picture:
            size = f"{picture.width}×{picture.height} pixels"
            fits = picture.width * picture.height <= MAX_PIXELS
            if fits:
                picture.load()
    except UnidentifiedImageError:
        raise ValueError(f"{path}: expected a {' or '.join(formats)}, got something else") from None
    except Image.DecompressionBombError as error:  # so large that Pillow does not even tell its size
        fits, size = False, str(error)
    except PermissionError as error:
        raise FileNotFoundError(f"{path}: expected a picture that may be read, got {error.strerror}") from None
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for a file that is cut short or damaged
        raise ValueError(f"{path}: expected a whole picture, got a damaged one ({error})") from error
    if not fits:
        raise ValueError(f"{path}: expected a picture of at most {MAX_PIXELS:,} pixels, got {size}")
    return picture


def to_path(argument: str, value: Path | str) -> Path:
    """`value` as a path; raises `ValueError` for what cannot be one. Empty text would be the current folder."""
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError(f"{argument}: expected a path, got {short(repr(value))}")
    return Path(text)


def to_folder(argument: str, value: Path | str) -> Path:
    """`value` as the path of a folder that exists. Raises `ValueError` or `FileNotFoundError`."""
    path = to_path(argument, value)
    reason = _why_not(path, stat.S_ISDIR)
    if reason is not None:
        raise FileNotFoundError(f"{argument}: expected a folder, got {short(path)} ({reason})")
    return path


def read_bytes(argument: str, path: Path) -> bytes:
    """What a file holds. Raises `FileNotFoundError`."""
    reason = _why_not(path, stat.S_ISREG)
    try:
        if reason is None:
            return path.read_bytes()
    except OSError as error:
        reason = error.strerror
    raise FileNotFoundError(f"{argument}: expected a file, got {short(path)} ({reason})")


def find_file(folder: Path, file_name: str) -> Path:
    """The file in `folder` that a JSON calls `file_name`: by that name, with `/` for `\\`, or in another Unicode form.

    It may be a link, but its name may not lead out of the folder: `ValueError`. Raises `FileNotFoundError` if there is
    none, and says so if there is one whose name differs in upper and lower case.
    """
    steps = _steps(folder, file_name)
    for place in (folder / file_name, folder.joinpath(*steps)):
        if _why_not(place, stat.S_ISREG) is None:
            return place
    place = folder
    for step in steps:
        if _why_not(place / step, bool) is None:
            place /= step
            continue
        names = _names_in(place)
        alike = names.get(_composed(step), [])
        if len(alike) != 1:
            others = [name for form in names if form.casefold() == _composed(step).casefold() for name in names[form]]
            hint = f"; there is {' and '.join(others)}, which differs in upper and lower case" if others else ""
            reason = _why_not(folder / file_name, stat.S_ISREG)
            raise FileNotFoundError(f"{short(folder / file_name)}: expected a picture, got {reason}{hint}")
        place /= alike[0]
    return place


def short(value: object) -> str:
    """For a message: a text that may be very long, cut in the middle."""
    text = str(value)
    return text if len(text) <= 240 else f"{text[:120]} … {text[-60:]} ({len(text)} letters)"


def _steps(folder: Path, file_name: str) -> list[str]:
    """The folders and the file that a name names. Windows takes `.. ` for `..`, and every system may read the name."""
    steps = file_name.replace("\\", "/").split("/")
    up = any(".." in step and not step.strip(". ") for step in steps)
    if up or not steps[0] or "\0" in file_name or Path(file_name).drive:
        raise ValueError(f"file_name: expected a file in {short(folder)}, got {short(repr(file_name)[1:-1])}")
    return steps


def _why_not(path: Path, is_kind: Callable[[int], Any]) -> str | None:
    """None if there is something of this kind (a test of `stat`), else why not: a loop of links, a long name, ..."""
    try:
        return None if is_kind(path.stat().st_mode) else "something else"
    except OSError as error:
        return "no such file" if error.errno in (errno.ENOENT, errno.ENOTDIR) else error.strerror or "no such file"
    except ValueError:  # letters that no file name can have
        return "no such file"


def _names_in(folder: Path) -> dict[str, list[str]]:
    """What a folder holds: the names that look the same, by their composed form."""
    try:
        return _list(folder, folder.stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=64)  # a folder of 100,000 pictures must not be listed for each of them
def _list(folder: Path, _changed: int) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name in os.listdir(folder):
        names.setdefault(_composed(name), []).append(name)
    return names


def _composed(name: str) -> str:
    """One form for names that look the same: é may be one letter (as on Windows), or e and an accent (on a Mac)."""
    return unicodedata.normalize("NFC", name)
