"""Where the links of a notebook lead: to a file of the course, by a path that holds wherever the notebook is opened.

A relative path means the same from `notebooks/` on GitHub and from a learner's `workspace/`, which lies beside it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from nbformat import NotebookNode

LINK = re.compile(r"(?<=\]\()[^)\s#]+")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//")


def relative_links(markdown: str) -> Iterator[str]:
    """The targets of all links into the course, without what stands behind `#`."""
    for target in LINK.findall(_CODE.sub("", markdown)):
        if not _SCHEME.match(target):
            yield target


def link_problems(cells: Sequence[NotebookNode], notebook: Path, made: Collection[Path]) -> list[str]:
    """The links in `cells` of the file `notebook` that lead nowhere; notebooks that will be `made` count as there."""
    problems = []
    for cell in cells:
        for target in relative_links(cell.source) if cell.cell_type == "markdown" else ():
            path = Path(os.path.normpath(notebook.parent / unquote(target)))
            if path not in made and not path.exists():
                problems.append(f"cell {cell.id}: the link ({target}) leads nowhere, seen from {notebook.parent.name}/")
    return problems
