"""The zoo: networks that were trained for longer than a lesson can wait.

`zoo.load("unet")` gives one ready to use. Its weights lie in `helpers/weights/` as NAME.safetensors (half precision,
nothing that could run code), with a card beside them, NAME.json: how it was trained, on what, how well it does and how
to check that the file is whole. `course train NAME` makes both anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from helpers.categories import COINS, STREET
from helpers.models.fcn import FCN
from helpers.models.mask_rcnn import MaskRCNN
from helpers.models.panoptic_deeplab import PanopticDeepLab
from helpers.models.unet import UNet

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
FORMAT = 2  # of the card and of how weights are stored; raised when older files can no longer be read
MAX_BYTES = 5_000_000

WIDE = (24, 48, 72, 96, 144)  # channels: half again as many as in the networks that the lessons train

MODELS: dict[str, Callable[[], nn.Module]] = {
    "fcn32": lambda: FCN(STREET, stride=32),
    "fcn16": lambda: FCN(STREET, stride=16),
    "fcn8": lambda: FCN(STREET, stride=8),
    "unet": lambda: UNet(STREET, WIDE),
    "mask_rcnn": lambda: MaskRCNN(STREET, WIDE),
    "panoptic_deeplab": lambda: PanopticDeepLab(STREET, WIDE),
    "coins": lambda: PanopticDeepLab(COINS),
}
"""How to build each network, before its weights."""


class WeightsError(Exception):
    """The weights of a network cannot be used; the message says why and what to do."""


def read_card(name: str) -> dict[str, Any]:
    """What is known of a network: its recipe, seed, data, scores, seconds, device, parameters.

    Raises:
        ValueError: for a name that is not in `MODELS`.
        WeightsError: when the card is missing, damaged or of another version.
    """
    if name not in MODELS:
        raise ValueError(f"name: expected one of {', '.join(MODELS)}, got '{name}'")
    file = WEIGHTS / f"{name}.json"
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        version, _ = card["format"], (card["bytes"], card["sha256"])
    except FileNotFoundError as error:
        raise _unusable(name, f"{file.name} is missing") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unusable(name, f"{file.name} is damaged") from error
    if version != FORMAT:
        raise _unusable(name, f"{file.name} has format {version}, and this course reads format {FORMAT}")
    return card


def load_weights(name: str) -> dict[str, torch.Tensor]:
    """The weights alone, float32, checked against their card. Raises as `read_card` does."""
    card, file = read_card(name), WEIGHTS / f"{name}.safetensors"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _unusable(name, f"{file.name} is missing") from error
    if len(content) != card["bytes"]:
        raise _unusable(name, f"{file.name} has {len(content):,} bytes, its card says {card['bytes']:,}")
    if hashlib.sha256(content).hexdigest() != card["sha256"]:
        raise _unusable(name, f"{file.name} is not the file that its card describes (its SHA-256 differs)")
    try:
        return unpack(content)
    except SafetensorError as error:
        raise _unusable(name, f"{file.name} cannot be read ({error})") from error


def load(name: str) -> nn.Module:
    """A trained network in evaluation mode, on the CPU. Raises as `read_card` does."""
    weights, net = load_weights(name), MODELS[name]()
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise _unusable(name, "the weights do not fit the network in the code") from error
    return net.eval()


def pack(net: nn.Module) -> bytes:
    """The weights of `net` as a safetensors file.

    Matrices are rounded to half precision, which halves the file; what batch normalisation counts is kept whole.

    Raises `ValueError` for weights that are not finite in half precision, or need more than `MAX_BYTES`.
    """
    stored = {}
    for key, value in net.state_dict().items():
        value = value.detach().cpu().contiguous()
        stored[key] = value.half() if value.is_floating_point() and value.ndim > 1 else value
        if not stored[key].isfinite().all():
            raise ValueError(f"net: {key} holds numbers that half precision cannot write")
    content = safetensors.torch.save(stored)
    if len(content) > MAX_BYTES:
        raise ValueError(f"net: expected at most {MAX_BYTES:,} bytes of weights, got {len(content):,}")
    return content


def unpack(content: bytes) -> dict[str, torch.Tensor]:
    """The weights in such a file, float32. Raises `SafetensorError` for anything else."""
    stored = safetensors.torch.load(content)
    return {key: value.float() if value.is_floating_point() else value for key, value in stored.items()}


def save(name: str, content: bytes, card: dict[str, Any]) -> Path:
    """Write weights, as `pack` gives them, and their card. Returns the file with the weights."""
    card = {
        "name": name,
        "format": FORMAT,
        **card,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    WEIGHTS.mkdir(exist_ok=True)
    file = WEIGHTS / f"{name}.safetensors"
    _replace(file, content)
    _replace(file.with_suffix(".json"), (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())
    return file


def _replace(file: Path, content: bytes) -> None:
    new = file.with_suffix(file.suffix + ".new")
    new.write_bytes(content)
    new.replace(file)


def _unusable(name: str, why: str) -> WeightsError:
    return WeightsError(
        f"The weights of '{name}' cannot be used: {why}. Get the files of helpers/weights again"
        f" (`git checkout helpers/weights`), or train the network: `course train {name}`."
    )
