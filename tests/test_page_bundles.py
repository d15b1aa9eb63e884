"""The pages that are bundled: that the bundles are what the sources give, and what their shared modules do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import javascript
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import PAGE, in_module, in_node, run_tool
from scipy.ndimage import distance_transform_edt

from helpers.page import answer, bundle

WIDGETS = sorted(path.parent.name for path in PAGE.glob("*/index.js"))
FEW = settings(max_examples=15, deadline=None)  # each example starts a node


# --- the tools --------------------------------------------------------------------------------------------------------


def test_the_bundles_are_byte_for_byte_what_the_sources_give(tmp_path: Path) -> None:
    done = run_tool("build.js", str(tmp_path))
    assert done.returncode == 0, done.stderr
    fresh, kept = ({path.name: path.read_bytes() for path in each.iterdir()} for each in (tmp_path, PAGE / "bundles"))
    assert fresh.keys() == kept.keys()
    stale = [name for name in fresh if fresh[name] != kept[name]]
    assert not stale, f"{', '.join(stale)}: built from other sources; build again with `make page`"


def test_the_types_of_the_sources_fit() -> None:
    done = run_tool("node_modules/typescript/bin/tsc")
    assert done.returncode == 0, done.stdout


def test_no_tracked_file_says_where_a_package_was_fetched() -> None:
    assert '"resolved"' not in (PAGE / "package-lock.json").read_text("utf-8")


@pytest.mark.parametrize("name", WIDGETS)
def test_a_bundle_is_one_module_that_fetches_nothing(name: str) -> None:
    script, style = bundle(name)
    assert script.rstrip().endswith("};") and "export {" in script
    assert not any(line.startswith("import ") for line in script.splitlines())
    assert "@import" not in style and "url(" not in style
    assert "eval(" not in script and "innerHTML" not in script and "http" not in script.replace("http://www.w3.org", "")


def test_an_unknown_bundle_is_named() -> None:
    with pytest.raises(ValueError, match="name: expected one of .*player.*, got 'plyer'"):
        bundle("plyer")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("libatomic.so.1: cannot open shared object file", "apt-get install libatomic1"),
        ("Illegal instruction", "apt-get install nodejs npm"),
    ],
)
def test_a_node_that_does_not_start_is_said_once(error: str, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 127, "", f"node: error: {error}\n")

    monkeypatch.setattr(javascript.subprocess, "run", broken)
    javascript._look_for_node.cache_clear()
    try:
        for required, outcome in [("", pytest.skip.Exception), ("1", pytest.fail.Exception)]:
            monkeypatch.setenv("COURSE_REQUIRE_NODE", required)
            with pytest.raises(outcome, match=advice):
                in_node((), "return 0")
    finally:
        javascript._look_for_node.cache_clear()


# --- canvas.js --------------------------------------------------------------------------------------------------------


@FEW
@given(st.integers(1, 9), st.integers(1, 13), st.integers(0, 2**32))
def test_masks_come_as_numpy_packs_them(height: int, width: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < 0.5
    script = "return [...unpackMask(Uint8Array.from(bytes), size)]"
    size = {"height": height, "width": width}
    found = in_module("common/canvas.js", "unpackMask", script, bytes=np.packbits(mask).tolist(), size=size)
    assert found == mask.ravel().astype(int).tolist()


@FEW
@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 2**32))
def test_borders_run_wherever_two_neighbours_differ_and_nowhere_else(height: int, width: int, seed: int) -> None:
    map_ = np.random.default_rng(seed).integers(0, 3, (height, width))
    script = "return borders(map, size)"
    size = {"height": height, "width": width}
    lines = in_module("common/canvas.js", "borders", script, map=map_.ravel().tolist(), size=size)
    framed = np.pad(map_, 1)
    level, upright = (np.zeros(framed.shape, int) for _ in range(2))
    for x0, y0, x1, y1 in lines:
        assert (y0 == y1 and x0 < x1) or (x0 == x1 and y0 < y1)
        level[y0 + 1, x0 + 1 : x1 + 1] += y0 == y1
        upright[y0 + 1 : y1 + 1, x0 + 1] += x0 == x1
    assert (level[1:] == (np.diff(framed, axis=0) != 0)).all()
    assert (upright[:, 1:] == (np.diff(framed, axis=1) != 0)).all()


def test_borders_are_as_long_as_can_be() -> None:
    script = "return borders([0, 5, 5, 0, 5, 5], { height: 2, width: 3 });"
    lines = in_module("common/canvas.js", "borders", script)
    assert sorted(lines) == [[1, 0, 1, 2], [1, 0, 3, 0], [1, 2, 3, 2], [3, 0, 3, 2]]


def test_a_packed_colour_lies_in_memory_as_red_green_blue_opacity() -> None:
    script = """const bytes = (number) => [...new Uint8Array(Uint32Array.of(number).buffer)];
        return [packed([1, 2, 3]), packed([4, 5, 6], 7)].map(bytes)"""
    assert in_module("common/canvas.js", "packed", script) == [[1, 2, 3, 255], [4, 5, 6, 7]]


def test_nothing_is_fetched_from_elsewhere() -> None:
    script = "return pictureFrom('https://example.org/x.png').catch((error) => error.message)"
    assert in_module("common/canvas.js", "pictureFrom", script).startswith("address: expected data:image/")


# --- pointer.js -------------------------------------------------------------------------------------------------------


def test_the_nearest_within_reach_is_found_and_of_equal_ones_the_last() -> None:
    script = "return cases.map(([items, reach]) => nearest(items, (item) => Math.abs(item[0]), reach)?.[1] ?? null)"
    cases = [[[[3, "a"], [-2, "b"], [9, "c"]], 5], [[[1, "a"], [1, "b"]], 5], [[[6, "a"]], 5], [[], 5]]
    assert in_module("common/pointer.js", "nearest", script, cases=cases) == ["b", "b", None, None]


def test_how_far_a_position_is_from_a_line_and_from_the_edge_of_a_box() -> None:
    free = np.ones((20, 20), bool)
    free[5, 5:13] = free[11, 5:13] = free[5:12, 5] = free[5:12, 12] = False
    expected = distance_transform_edt(free)
    script = """const all = Array.from({ length: 400 }, (_, at) => ({ row: Math.floor(at / 20), column: at % 20 }));
        const line = (position) => toSegment(position, { row: 5, column: 5 }, { row: 5, column: 12 });
        return [all.map((position) => toEdge(position, [5, 5, 12, 11])), all.map(line)]"""
    edge, line = in_module("common/pointer.js", "toEdge, toSegment", script)
    assert np.allclose(edge, expected.ravel())
    free[:] = True
    free[5, 5:13] = False
    assert np.allclose(line, distance_transform_edt(free).ravel())


# --- keys.js ----------------------------------------------------------------------------------------------------------


def test_keys_move_and_stop_at_the_edge() -> None:
    keys = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "x"]
    script = "return keys.map((key) => keyMove({ height: 20, width: 30 }, { row: 0, column: 25 }, key, far))"
    near, far = (in_module("common/keys.js", "keyMove", script, keys=keys, far=each) for each in (False, True))
    positions = [[each and (each["row"], each["column"]) for each in moves] for moves in (near, far)]
    assert positions == [
        [None, (1, 25), (0, 24), (0, 26), (0, 0), (0, 29), None],
        [None, (10, 25), (0, 15), (0, 29), (0, 0), (0, 29), None],
    ]


def test_keys_in_a_row_lead_to_the_next_and_the_last() -> None:
    keys = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "Tab"]
    script = "return [0, 1, 2].map((from) => keys.map((key) => lineMove(3, from, key)))"
    first, middle, last = in_module("common/keys.js", "lineMove", script, keys=keys)
    assert first == [None, 1, None, 1, None, 2, None]
    assert middle == [0, 2, 0, 2, 0, 2, None]
    assert last == [1, None, 1, None, 0, None, None]


# --- kernel.js and its other end --------------------------------------------------------------------------------------

_MODEL = """let hear; const sent = [];
    const model = { on: (_, call) => (hear = call), off: () => (hear = null), send: (content) => sent.push(content) };
    const kernel = joinKernel(model, 50);"""


def ask(script: str) -> object:
    return in_module("common/kernel.js", "joinKernel, GONE, SLOW", _MODEL + script)


def test_each_question_gets_its_own_reply_in_whatever_order_they_come() -> None:
    script = """const asked = [kernel.ask({ what: "a" }), kernel.ask({ what: "b" })];
        for (const { id, what } of sent.reverse()) hear({ id, trouble: null, says: what }, []);
        hear({ id: 99, says: "nobody asked" }, []);
        return (await Promise.all(asked)).map((reply) => [reply.trouble, reply.content.says]);"""
    assert ask(script) == [[None, "a"], [None, "b"]]


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("return [await kernel.ask({}), { trouble: SLOW }]", "has not replied yet"),
        ("model.send = () => { throw new Error() }; return [await kernel.ask({}), { trouble: GONE }]", "has stopped"),
        ("const asked = kernel.ask({}); kernel.leave(); return [await asked, { trouble: GONE }]", "has stopped"),
        (
            "const asked = kernel.ask({}); hear({ id: 1, trouble: 'no' }, []); return [await asked, { trouble: 'no' }]",
            "no",
        ),
    ],
)
def test_a_kernel_that_is_slow_gone_or_refuses_gives_a_sentence(script: str, sentence: str) -> None:
    found, expected = ask(script)
    assert found == expected and sentence in found["trouble"]


def test_a_late_reply_does_nothing() -> None:
    script = "const reply = await kernel.ask({}); hear({ id: 1, trouble: null }, []); return reply"
    assert "has not replied" in ask(script)["trouble"]


class _Widget:
    """What `answer` needs of a widget."""

    def on_msg(self, receive) -> None:
        self.receive = receive

    def send(self, content: dict, buffers: list) -> None:
        self.sent = (content, buffers)


def test_python_answers_with_the_number_of_the_question() -> None:
    def reply(message: dict, buffers: list[bytes]) -> tuple[dict, list[bytes]]:
        if not buffers:
            raise ValueError("buffers: expected one, got none")
        return {"length": len(buffers[0])}, [b"ok"]

    widget = _Widget()
    answer(widget, reply)
    widget.receive(widget, {"id": 7}, [b"abc"])
    assert widget.sent == ({"length": 3, "id": 7}, [b"ok"])
    widget.receive(widget, {"id": 8}, [])
    assert widget.sent == ({"trouble": "buffers: expected one, got none", "id": 8}, [])
