"""A table: numbers that are the same everywhere, and measured ones beside the bound that they keep."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from numbers import Integral, Real
from typing import Any

from IPython.display import display

from helpers.measured import Measured
from helpers.show.colors import to_numpy
from helpers.show.quantities import NONE, number_text, series

# Colours are the page's own, light or dark.
_CAPTION = "text-align:left;font-weight:bold;caption-side:top;color:inherit;padding-bottom:4px"
_LEFT, _RIGHT = "text-align:left", "text-align:right;font-variant-numeric:tabular-nums"


def table(rows: Mapping[str, Mapping[str, Any]], title: str = "", *, digits: int | None = None) -> None:
    """Shows a table `{row: {column: cell}}`.

    Args:
        rows: each with the same columns, in the order of the first. A cell is a word, a whole number, a number with
            `digits` decimals (both the same on every machine, or nbval finds them changed), or what `course.within`
            gives: a learned number, with its bound small beside it. Where there is no number (nan, None) stands "–".
        title: stands over the table.
        digits: decimals of all numbers that are not whole; they must be said.

    Raises `ValueError` for no rows, rows with other columns, numbers without digits, and cells that are none of these.
    """
    rows = series(rows, "rows", "{row: {column: cell}}")
    columns = list(series(next(iter(rows.values())), "rows", "{row: {column: cell}}"))
    cells = {name: _cells(name, row, columns, digits) for name, row in rows.items()}
    display({"text/html": _html(cells, columns, title), "text/plain": _plain(cells, columns, title)}, raw=True)


Cell = str | Measured


def _cells(name: str, row: Mapping[str, Any], columns: list[str], digits: int | None) -> list[tuple[Cell, bool]]:
    """The cells of a row, each with whether it is a number."""
    row = series(row, f"rows['{name}']", "{column: cell}")
    if set(row) != set(columns):
        raise ValueError(f"rows['{name}']: expected the columns {columns}, got {list(row)}")
    return [_cell(row[column], f"rows['{name}']['{column}']", digits) for column in columns]


def _cell(value: Any, argument: str, digits: int | None) -> tuple[Cell, bool]:
    if isinstance(value, str | Measured):
        return value, isinstance(value, Measured) or value == NONE
    plain = to_numpy(math.nan if value is None else value)
    number = plain.item() if plain.size == 1 else None
    if isinstance(number, bool) or not isinstance(number, Real):
        raise ValueError(f"{argument}: expected a word, a number or what course.within gives, got {value!r}")
    if digits is None and not isinstance(number, Integral) and math.isfinite(number):
        raise ValueError(f"digits: expected how many decimals the number at {argument} has, got None")
    return number_text(number, digits or 0), True


def _html(cells: dict[str, list[tuple[Cell, bool]]], columns: list[str], title: str) -> str:
    numeric = [all(row[place][1] for row in cells.values()) for place in range(len(columns))]
    caption = f'<caption style="{_CAPTION}">{escape(title)}</caption>' if title else ""
    head = "".join(
        f'<th scope="col" style="{_RIGHT if right else _LEFT}">{escape(column)}</th>'
        for column, right in zip(columns, numeric, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row" style="{_LEFT}">{escape(name)}</th>{"".join(map(_html_cell, row))}</tr>\n'
        for name, row in cells.items()
    )
    return f"<table>{caption}\n<thead><tr><td></td>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>"


def _html_cell(cell: tuple[Cell, bool]) -> str:
    value, number = cell
    text = escape(value) if isinstance(value, str) else escape(value.number) + _bound(value)
    return f'<td style="{_RIGHT if number else _LEFT}">{text}</td>'


def _bound(value: Measured) -> str:
    return f" <small>{escape(value.bound)} {value.verdict}</small>"


def _plain(cells: dict[str, list[tuple[Cell, bool]]], columns: list[str], title: str) -> str:
    """Lines without padding, which would depend on the numbers."""
    lines = [title] if title else []
    lines += [" | ".join(["", *columns]).strip()]
    lines += [" | ".join([name, *(str(value) for value, _ in row)]) for name, row in cells.items()]
    return "\n".join(lines)
