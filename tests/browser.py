"""A Chromium, and in it one widget's page joined to its real Python half, without JupyterLab."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anywidget import AnyWidget
from playwright.sync_api import Browser, Page, sync_playwright

_MOUNT = Path(__file__).with_name("model.js").read_text("utf-8")
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Waits, in a page, until what has been asked for is drawn."""


@contextmanager
def running_browser(chromium_path: Path, ratio: float = 1) -> Iterator[Browser]:
    """A Chromium without a window, and without a wish to talk to the network; `ratio` screen pixels to a CSS pixel."""
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    arguments += [f"--force-device-scale-factor={ratio}", "--window-size=1000,1000"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path), args=[*arguments, "--disable-sync", "--no-first-run"]
        )
        yield browser
        browser.close()


def complaints(page: Page) -> list[str]:
    """A list that grows whenever a script of the page fails or its console shows an error."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(f"page error: {error}"))
    page.on("console", lambda message: message.type == "error" and found.append(f"console: {message.text}"))
    return found


@contextmanager
def empty_page(browser: Browser, *, as_on_screen: bool = False) -> Iterator[Page]:
    """An empty page that knows mouse and finger.

    Args:
        as_on_screen: with the screen pixels that the browser was started with; in a page of a fixed size they are only
            pretended, and the browser puts its canvases elsewhere.

    Raises `AssertionError` at its end with whatever the page complained of.
    """
    size = {"no_viewport": True} if as_on_screen else {"viewport": {"width": 1000, "height": 900}}
    page = browser.new_context(has_touch=True, **size).new_page()
    problems = complaints(page)
    yield page
    page.context.close()
    assert not problems, "\n".join(problems)


class _Comm:
    """What a widget holds for the wire to its page; messages that it sends go to `deliver`."""

    def __init__(self, comm_id: str, deliver: Callable[[dict], None]) -> None:
        self.comm_id, self._deliver = comm_id, deliver
        self.receive: Callable[[dict], None] = lambda message: None

    def on_msg(self, receive: Callable[[dict], None]) -> None:
        self.receive = receive

    def send(self, data: dict, metadata: dict | None = None, buffers: Sequence[bytes] | None = None) -> None:
        texts = [base64.b64encode(each).decode() for each in buffers or ()]
        if data["method"] == "custom":
            self._deliver({"method": "custom", "content": data["content"], "buffers": texts})
        elif data["method"] == "update":
            names = [name for [name] in data["buffer_paths"]]
            named = dict(zip(names, texts, strict=True))
            self._deliver({"method": "update", "state": data["state"], "buffers": named})

    def close(self, *_: Any, **__: Any) -> None:
        pass


class FrontEnd:
    """A page with one widget at a time: what the page sends reaches the widget, and what the widget sends the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._held: list[dict] | None = None
        self._replies: list[dict] | None = None
        page.expose_function("toKernel", self._receive)

    def mount(self, widget: AnyWidget, width: int = 860, *, answers: bool = True) -> None:
        """Shows a widget, `width` CSS pixels wide. Without `answers`, custom messages wait for `answer`."""
        self._comm = widget.comm = _Comm(widget.model_id, self._deliver)
        self._held = None if answers else []
        state = {name: value for name, value in widget.get_state().items() if name[0] != "_" and name != "layout"}
        buffers = {
            name: base64.b64encode(state.pop(name)).decode() for name in list(state) if isinstance(state[name], bytes)
        }
        values = {"state": state, "buffers": buffers, "width": width}
        self.page.evaluate(_MOUNT, {"source": str(widget._esm), "style": str(widget._css), **values})
        self.settle()

    def frame(self) -> None:
        """Waits until the page has drawn."""
        self.page.evaluate(DRAWN)

    def settle(self) -> None:
        """Waits until all that the page has sent is answered, and the answers are drawn."""
        self.page.evaluate("settled()")
        self.frame()

    def answer(self) -> dict:
        """Lets the widget have the oldest message that waits; returns the message."""
        message = self._held.pop(0)
        self._hand_over(message)
        return message["content"]

    def _receive(self, message: dict) -> list[dict]:
        if self._held is not None and message["method"] == "custom":
            self._held.append(message)
            return []
        self._replies = []
        self._hand_over(message)
        replies, self._replies = self._replies, None
        return replies

    def _hand_over(self, message: dict) -> None:
        if message["method"] == "custom":
            data = {"method": "custom", "content": message["content"]}
            buffers = [memoryview(base64.b64decode(each)) for each in message["buffers"]]
        else:
            paths = [[name] for name in message["buffers"]]
            data = {"method": "update", "state": message["state"], "buffer_paths": paths}
            buffers = [memoryview(base64.b64decode(each)) for each in message["buffers"].values()]
        self._comm.receive({"content": {"data": data}, "buffers": buffers})

    def _deliver(self, message: dict) -> None:
        if self._replies is None:
            self.page.evaluate("(message) => receive(message)", message)
        else:
            self._replies.append(message)
