"""The JavaScript of the widgets, run in node, without a browser; and the tools that bundle it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import playwright
import pytest

from helpers.show.page import esm

PAGE = Path(__file__).parent.parent / "helpers" / "page"
GET_NODE = "install Node 18 or later (on Debian: apt-get install nodejs npm)"
GET_LIBATOMIC = "on Debian its missing library comes with apt-get install libatomic1"


def in_node(names: tuple[str, ...], script: str, **values: Any) -> Any:
    """What a script returns that knows page.js, these files of helpers/show and these values. Skips without a node."""
    return _returned(esm(*names), f"(() => {{ {script} }})()", values)


def in_module(path: str, names: str, script: str, **values: Any) -> Any:
    """What a script returns that knows some names of a module of helpers/page, and these values. Skips without a node.

    It may await, as in `in_module("common/keys.js", "lineMove", "return lineMove(3, from, key)", from=0, key="End")`.
    """
    main = f"import {{ {names} }} from {json.dumps((PAGE / path).as_uri())};"
    return _returned(main, f"await (async () => {{ {script} }})()", values)


def run_tool(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """A script of node's, run in helpers/page. Skips unless `npm ci` has put the tools there."""
    if not (PAGE / "node_modules").is_dir():
        _without("the tools of the pages are not installed; to get them: npm ci --prefix helpers/page")
    return subprocess.run([find_node(), *command], cwd=PAGE, capture_output=True, encoding="utf-8", timeout=300)


def find_node() -> str:
    """A node that starts: the one on PATH, else playwright's. Skips without, or fails if COURSE_REQUIRE_NODE is set."""
    node, trouble = _look_for_node()
    if trouble:
        _without(trouble)
    return node


@cache
def _look_for_node() -> tuple[str, str]:
    """The path of a node, and why there is none that starts."""
    node = shutil.which("node") or shutil.which("node", path=str(Path(playwright.__file__).parent / "driver"))
    if node is None:
        return "", f"no node, neither on PATH nor in the playwright package; to get one: {GET_NODE}"
    tried = subprocess.run([node, "--version"], capture_output=True, encoding="utf-8", timeout=60)
    if tried.returncode == 0:
        return node, ""
    help_ = GET_LIBATOMIC if "libatomic" in tried.stderr else GET_NODE
    return node, f"{node} does not start ({tried.stderr.strip().splitlines()[-1:]}): {help_}"


def _without(reason: str) -> NoReturn:
    if os.environ.get("COURSE_REQUIRE_NODE"):
        pytest.fail(f"JavaScript required (COURSE_REQUIRE_NODE): {reason}", pytrace=False)
    pytest.skip(f"JavaScript skipped: {reason}")


def _returned(head: str, call: str, values: dict[str, Any]) -> Any:
    known = f"const {{{', '.join(values)}}} = {json.dumps(values)};"
    main = f"{head}\n{known}\nconsole.log(JSON.stringify({call}));"
    command = [find_node(), "--input-type=module", "-"]
    done = subprocess.run(command, input=main, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
