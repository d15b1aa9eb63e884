"""The sheets of all widgets hold for the whole notebook: none may change the look of another widget."""

from __future__ import annotations

from typing import Any

from helpers.show.iou_explorer import IoUExplorer
from helpers.show.painter import Painter
from helpers.show.player import Player
from helpers.show.probe import Probe
from helpers.show.viewer import Viewer

_LOOK = """(root) => [...document.querySelectorAll(`${root}, ${root} *`)].map((each) => {
    const style = getComputedStyle(each);
    const look = [...style].filter((name) => !name.startsWith("--")).map((name) => `${name}: ${style[name]}`);
    return [`${each.tagName} ${each.className}`, look];
})"""
_ADD = """(sheets) => sheets.forEach((text) => {
    const sheet = document.createElement("style");
    sheet.textContent = text;
    sheet.className = "of-others";
    document.body.append(sheet);
})"""


def changes(page: Any, root: str) -> list[str]:
    """What the sheets of all widgets change in the widget at this selector: nothing, if all is well."""
    before = page.evaluate(_LOOK, root)
    page.evaluate(_ADD, [str(widget._css) for widget in (Painter, IoUExplorer, Player, Probe, Viewer)])
    after = page.evaluate(_LOOK, root)
    page.evaluate("document.querySelectorAll('.of-others').forEach((each) => each.remove())")
    assert before and len(before) == len(after)
    return [
        f"{name}: {new}" for (name, old), (_, new) in zip(before, after, strict=True) for new in set(new) - set(old)
    ]
