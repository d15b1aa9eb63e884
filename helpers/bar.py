"""A progress bar for anything that takes more than two seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


class Bar:
    """A bar that is moved by hand; in a notebook a widget, in a terminal a line of text.

    In a notebook it starts empty, so that what the notebook stores of it is the same on every run.
    """

    def __init__(self, total: int, title: str, picture: bytes | None = None) -> None:
        import ipywidgets as widgets  # here: who draws scenes in another process needs neither
        from IPython import get_ipython
        from IPython.display import display

        self.total, self.shown, self.line = total, perf_counter(), None
        if get_ipython() is None or not hasattr(get_ipython(), "kernel"):
            self.line = tqdm(total=total, desc=title)
            return
        self.bar = widgets.IntProgress(0, 0, total, layout=widgets.Layout(width="280px"))
        self.note = widgets.Label("")
        self.picture = widgets.Image(value=picture, format="png") if picture else None

        class Progress(widgets.VBox):
            """Has a text of its own: what ipywidgets writes of a widget is a list of its parts."""

            def __repr__(self) -> str:
                return f"Bar('{title}')"

        row = widgets.HBox([widgets.Label(title), self.bar, self.note])
        display(Progress([row, self.picture] if self.picture else [row]))

    def move(self, done: int, note: str = "", picture: bytes | None = None) -> None:
        """Show that `done` of the total are done, and a word about how it goes; drawn at most ten times a second."""
        now = perf_counter()
        if now - self.shown < 0.1 and done < self.total and picture is None:
            return
        self.shown = now
        if self.line is not None:
            self.line.n = done
            self.line.set_postfix_str(note)
            return
        self.bar.value, self.note.value = done, f"{done} of {self.total}  {note}"
        if self.picture and picture:
            self.picture.value = picture

    def close(self, note: str = "") -> None:
        """Leave the bar as it is, with a last word."""
        if self.line is not None:
            self.line.set_postfix_str(note)
            self.line.close()
        else:
            self.note.value = note


def progress(items: Iterable[T], title: str) -> Iterator[T]:
    """Go through `items` with a bar: `for seed in progress(range(200), "drawing")`."""
    items = list(items)
    bar = Bar(len(items), title)
    start = perf_counter()
    for done, item in enumerate(items, 1):
        yield item
        bar.move(done)
    bar.close(f"{len(items)} in {perf_counter() - start:.1f} s")
