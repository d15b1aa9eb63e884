"""Values in words: how two of them differ, and how to show one in a few lines.

Exercises compare a learner's answer with the target. Tensors are recognised by their methods, so that torch need not be
imported; a number may also come as a NumPy scalar or as an array or tensor of shape ().
"""

from __future__ import annotations

import dataclasses
import math
import os
from typing import Any

import numpy as np

RTOL, ATOL = 1e-4, 1e-6
"""Floats are equal up to `ATOL + RTOL * |expected|`: float32 sums in another order stay far inside that."""

SHOWN = 6
"""Arrays of at most this many rows, columns and layers are shown in full; of others at most so many values."""


def difference(expected: Any, got: Any, rtol: float = RTOL, atol: float = ATOL) -> str | None:
    """How `got` differs from `expected`, in words for the learner; None if it does not.

    The kinds must agree (bool, int, float, array, tensor, ...), with four freedoms: an int may stand for a float and a
    whole float for an int, a list for a tuple, and an array may have another dtype of the same kind (int32 for int64),
    an empty one any dtype. NaN equals NaN.
    """
    expected, got = _plain(expected), _plain(got)
    if got is None and expected is not None:
        return f"expected {kind(expected)}, got None: is a `return` missing?"
    if not _same_kind(expected, got):
        return f"expected {kind(expected)}, got {kind(got)}"
    if is_array(expected):
        return _array_difference(expected, got, rtol, atol)
    if isinstance(expected, dict):
        if missing := [key for key in expected if key not in got]:
            return f"the key {missing[0]!r} is missing"
        if extra := [key for key in got if key not in expected]:
            return f"the key {extra[0]!r} is too much"
    if isinstance(expected, (list, tuple)) and len(expected) != len(got):
        return f"expected {len(expected)} items, got {len(got)}"
    if (parts := _parts(expected, got)) is not None:
        words = ((place, difference(one, other, rtol, atol)) for place, one, other in parts)
        return next((f"{place}: {what}" for place, what in words if what), None)
    if isinstance(expected, float):
        same = math.isclose(got, expected, rel_tol=rtol, abs_tol=atol) or (math.isnan(expected) and math.isnan(got))
    else:
        same = bool(expected == got)
    return None if same else f"expected {_short(expected)}, got {_short(got)}"


def kind(value: Any) -> str:
    """What sort of thing a value is, with its article: "an int", "a tensor of shape (2, 3)"."""
    if value is None:
        return "None"
    if isinstance(value, bool):
        return "a bool (True or False)"
    if is_array(value):
        return f"{'a tensor' if _is_tensor(value) else 'an array'} of shape {tuple(value.shape)}"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def show(value: Any) -> str:
    """A value in a few lines: small arrays in full, of larger ones shape, dtype and range. Never raises."""
    try:
        return _show(value)
    except Exception:  # a class of the learner's own
        return f"{kind(value)} that cannot be shown"


def contrast(expected: Any, got: Any) -> tuple[str, str]:
    """Both values as `show` has them, and where that is the same line twice, some of what differs. Never raises."""
    one, other = show(expected), show(got)
    try:
        if one != other or not difference(expected, got):
            return one, other
        place, first, second = _first_difference(expected, got)
        return f"{one}; {place}{first}", f"{other}; {place}{second}"
    except Exception:  # a class of the learner's own
        return one, other


def _first_difference(expected: Any, got: Any) -> tuple[str, str, str]:
    """Where two values that look alike begin to differ, and what stands there in each."""
    for place, one, other in _parts(expected, got) or []:
        if difference(one, other):
            inner, first, second = _first_difference(one, other)
            return f"{place} {inner}", first, second
    if not is_array(expected):
        start = max(len(os.path.commonprefix([repr(expected), repr(got)])) - 20, 0)
        return f"from letter {start}: ", _cut(repr(expected)[start:]), _cut(repr(got)[start:])
    expected, got = to_numpy(expected), to_numpy(got)
    *row, column = _differing(expected, got, RTOL, ATOL)[0].tolist()
    start = max(min(column - SHOWN // 2, expected.shape[-1] - SHOWN), 0)
    shown = [
        " ".join(_number(number) for number in array[(*row, slice(start, start + SHOWN))]) for array in (expected, got)
    ]
    return f"from {[*row, start]}: ", *shown


def _show(value: Any) -> str:
    if is_array(value):
        return _show_array(value)
    if isinstance(value, dict) and any(_has_array(item) for item in value.values()):
        return "\n".join(f"{key!r}: {_indented(_show(item))}" for key, item in value.items())
    if isinstance(value, (list, tuple)) and any(_has_array(item) for item in value):
        return "\n".join(f"[{index}] {_indented(_show(item))}" for index, item in enumerate(value))
    return _short(value)


def size(value: Any) -> int:
    """How much there is to look at: numbers in arrays, items in containers, letters in text."""
    if is_array(value):
        return int(np.prod(value.shape))
    if isinstance(value, dict):
        return sum(1 + size(item) for item in value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return sum(1 + size(item) for item in value)
    if _is_record(value):
        return sum(size(getattr(value, field.name)) for field in dataclasses.fields(value))
    return len(value) if isinstance(value, str) else 1


def is_array(value: Any) -> bool:
    """Whether it is a NumPy array, a NumPy scalar or a tensor."""
    return hasattr(value, "__array__") and hasattr(value, "shape") and not isinstance(value, type)


def to_numpy(value: Any) -> np.ndarray:
    """An array or tensor, wherever it lives, as a NumPy array."""
    return np.asarray(value.detach().cpu() if _is_tensor(value) else value)


def _plain(value: Any) -> Any:
    """Numbers that come as a NumPy scalar or in an array of shape () as Python's own."""
    return to_numpy(value).item() if is_array(value) and tuple(value.shape) == () else value


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "detach") and hasattr(value, "cpu")


def _is_record(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _same_kind(expected: Any, got: Any) -> bool:
    if isinstance(expected, bool) or isinstance(got, bool):
        return isinstance(expected, bool) and isinstance(got, bool)
    if isinstance(expected, float):
        return isinstance(got, (int, float))
    if is_array(expected) or is_array(got):
        return is_array(expected) and is_array(got) and _is_tensor(expected) == _is_tensor(got)
    if isinstance(expected, int) and isinstance(got, float):
        return got.is_integer()
    for family in (int, str, dict, (list, tuple), (set, frozenset)):
        if isinstance(expected, family):
            return isinstance(got, family)
    return isinstance(got, type(expected))


def _parts(expected: Any, got: Any) -> list[tuple[str, Any, Any]] | None:
    """The place and both values of each part of two containers that have the same parts; None if they are none."""
    if isinstance(expected, dict):
        return [(f"[{key!r}]", expected[key], got[key]) for key in expected]
    if isinstance(expected, (list, tuple)):
        return [(f"[{index}]", one, other) for index, (one, other) in enumerate(zip(expected, got, strict=True))]
    if _is_record(expected):
        names = [field.name for field in dataclasses.fields(expected)]
        return [(f".{name}", getattr(expected, name), getattr(got, name)) for name in names]
    return None


def _array_difference(expected: Any, got: Any, rtol: float, atol: float) -> str | None:
    expected, got = to_numpy(expected), to_numpy(got)
    if expected.shape != got.shape:
        return f"expected the shape {expected.shape}, got {got.shape}"
    kinds = {"i": "integer", "u": "integer"}
    if expected.size and kinds.get(expected.dtype.kind, expected.dtype.kind) != kinds.get(
        got.dtype.kind, got.dtype.kind
    ):
        return f"expected the dtype {expected.dtype}, got {got.dtype}"
    wrong = _differing(expected, got, rtol, atol)
    if not len(wrong):
        return None
    index = tuple(wrong[0].tolist())
    count = f"{len(wrong)} of {expected.size} values differ"
    return f"at {list(index)} expected {_number(expected[index])}, got {_number(got[index])}; {count}"


def _differing(expected: np.ndarray, got: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """The indices, `[K, ndim]`, at which two arrays of one shape differ."""
    if expected.dtype.kind == "f":
        return np.argwhere(~np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True))
    return np.argwhere(got != expected)


def _has_array(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_array(item) for item in value.values())
    return is_array(value) or (isinstance(value, (list, tuple)) and any(_has_array(item) for item in value))


def _show_array(value: Any) -> str:
    array = to_numpy(value)
    if array.shape == ():
        return _short(array.item())
    head = f"{array.dtype} {'tensor' if _is_tensor(value) else 'array'} {list(array.shape)}"
    if array.size == 0:
        return f"{head}, empty"
    if max(array.shape) <= SHOWN and array.size <= SHOWN**3:
        return f"{head}\n{np.array2string(array, precision=4, suppress_small=True, max_line_width=110)}"
    if array.dtype == bool:
        return f"{head}, {array.sum()} of {array.size} True"
    return f"{head}, values {_number(array.min())} to {_number(array.max())}"


def _number(value: np.generic) -> str:
    return f"{value:.6g}" if isinstance(value, np.floating) else str(value)


def _short(value: Any) -> str:
    return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]}..."


def _indented(text: str) -> str:
    """Text of several lines begins on a line of its own, moved to the right."""
    return "\n    " + text.replace("\n", "\n    ") if "\n" in text else text
