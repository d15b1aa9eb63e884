"""The pure JavaScript of the widgets, run in node, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import playwright
import pytest

from helpers.show.page import esm


def in_node(names: tuple[str, ...], script: str, **values: Any) -> Any:
    """What a script returns that knows page.js, these files of helpers/show and these values. Skips without a node."""
    node = shutil.which("node") or shutil.which("node", path=str(Path(playwright.__file__).parent / "driver"))
    if node is None:
        pytest.skip(f"no node to run {', '.join(names)}: neither on PATH nor in the playwright package")
    known = f"const {{{', '.join(values)}}} = {json.dumps(values)};"
    main = f"{esm(*names)}\n{known}\nconsole.log(JSON.stringify((() => {{ {script} }})()));"
    done = subprocess.run(
        [node, "--input-type=module", "-"], input=main, capture_output=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
