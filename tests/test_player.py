"""The player: what it sends and refuses, its states in node, and the widget in a real browser."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import players
import pytest
from browser import FrontEnd
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import in_module
from PIL import Image
from playwright.sync_api import Page, expect
from sheets import changes

from helpers.show.player import TINTS, Cause, Grid, Picture, Player, Step, player
from helpers.show.player_still import draw

pytestmark = pytest.mark.lesson4
ALL: dict[str, Callable[[], Player]] = {
    each.__name__: each for each in (players.matching, players.grouping, players.convolution, players.cropping)
}
IMAGE = np.full((8, 12, 3), 100, np.uint8)
MASK = np.zeros((8, 12), bool)
MASK[2:5, 3:9] = True
ALT = "A small picture and a grid."


def small(**changes: object) -> Player:
    """A mask "m", a point "c" and a grid of the cells "m·k", "m·l"; a press on "m·l" is asked for in the middle."""
    panels = [
        Picture("picture", IMAGE, masks={"m": MASK}, points={"c": (6, 10)}),
        Grid("grid", [[0.25, -0.5]], rows=["m"], columns=["k", "l"]),
    ]
    steps = [
        Step("First.", ["m"]),
        Step("Press the larger.", ["m", "c"], "m·l", {"m·k": "That is the smaller."}),
        Step("Last."),
    ]
    causes = {"m·l": Cause(["m", "l"], "[18](m) − [18.5](l) = −0.5"), "c": Cause(["m"], "the middle of [18](m)")}
    return player(**{"panels": panels, "steps": steps, "causes": causes, "alt": ALT} | changes)


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_an_element_of_several_panels_is_one_and_has_the_tint_of_the_first() -> None:
    picture, grid = small().info["panels"]
    assert grid["rows"] == [{"id": "m", "tint": list(TINTS[0])}] == [{"id": "m", "tint": picture["marks"][0]["tint"]}]
    assert [head["tint"] for head in grid["columns"]] == [list(TINTS[1])] * 2
    tinted = small(tints={"c": (1, 2, 3)}).info["panels"][0]["marks"]
    assert [mark["tint"] for mark in tinted] == [list(TINTS[0]), [1, 2, 3]]


def test_numbers_are_written_in_python_and_shaded_on_one_scale() -> None:
    values = [[0.126, -0.5], [0, np.nan]]
    [grid] = player([Grid("grid", values, most=1)], [Step("One.")], alt=ALT).info["panels"]
    cells = [cell for line in grid["cells"] for cell in line]
    assert [cell["text"] for cell in cells] == ["0.13", "−0.50", "0", "–"]
    assert [cell["shade"] for cell in cells] == [0.126, -0.5, 0, 0]
    assert [cell["id"] for cell in cells] == ["0·0", "0·1", "1·0", "1·1"]


def test_terms_of_the_arithmetic_have_the_colour_of_what_they_count() -> None:
    parts = small().info["causes"]["m·l"]["parts"]
    assert "".join(part["text"] for part in parts) == "18 − 18.5 = −0.5"
    assert [(part["text"], part["tint"]) for part in parts if part["tint"]] == [
        ("18", list(TINTS[0])),
        ("18.5", list(TINTS[1])),
    ]


def test_positions_become_x_and_y_from_the_corner_of_the_picture() -> None:
    panel = Picture("all", IMAGE, boxes={"b": (1, 2, 5, 6)}, points={"c": (3, 4)}, arrows={"a": (0, 1, 2, 3)})
    [picture] = player([panel], [Step("One.")], alt=ALT).info["panels"]
    assert [mark["at"] for mark in picture["marks"]] == [[1, 2, 5, 6], [4.5, 3.5], [1.5, 0.5, 3.5, 2.5]]


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32))
def test_the_page_unpacks_what_python_packs(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image, masks = rng.integers(0, 256, (height, width, 3), np.uint8), rng.random((3, height, width)) < 0.5
    panel = Picture("one", image, masks={str(number): mask for number, mask in enumerate(masks)})
    sent = player([panel], [Step("One.")], alt=ALT)
    script = """let taken = 0;
        const { rgb, marks } = unpack(panel, (count) => Uint8Array.from(bytes.slice(taken, (taken += count))));
        return [[...rgb], marks.map(({ mask }) => [...mask]), taken]"""
    values = {"panel": sent.info["panels"][0], "bytes": list(sent.pixels)}
    rgb, found, taken = in_module("player/picture.js", "unpack", script, **values)
    assert rgb == image.ravel().tolist() and found == masks.reshape(3, -1).astype(int).tolist()
    assert taken == len(sent.pixels)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"panels": []}, "panels: expected at least one, got none"),
        ({"steps": []}, "steps: expected at least one, got none"),
        ({"alt": "grid"}, "alt: expected a sentence"),
        (
            {"steps": [Step("One.", ["m", "x"])]},
            r"steps\[0\].lights: expected names of elements of the panels, got 'x'",
        ),
        ({"steps": [Step("One.", act="x")]}, r"steps\[0\].act: expected names of elements of the panels, got 'x'"),
        ({"steps": [Step("One.", [], "m", {"x": ""})]}, r"steps\[0\].wrong: expected names .*, got 'x'"),
        ({"steps": [Step("One.", wrong={"m": ""})]}, r"steps\[0\].wrong: expected none in a step without an act"),
        ({"causes": {"x": Cause(["m"], "1")}}, "causes: expected names of elements of the panels, got 'x'"),
        ({"causes": {"m": Cause(["x"], "1")}}, r"causes\['m'\].lights: expected names .*, got 'x'"),
        ({"causes": {"m": Cause(["m"], "[1](x)")}}, r"causes\['m'\].arithmetic: expected names .*, got 'x'"),
        ({"tints": {"x": (0, 0, 0)}}, "tints: expected names of elements of the panels, got 'x'"),
    ],
)
def test_names_that_are_no_elements_are_refused(changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        small(**changes)


@pytest.mark.parametrize(
    ("panel", "words"),
    [
        (lambda: Grid("grid", [1, 2]), r"values: expected numbers \[rows, columns\], got \[2\]"),
        (lambda: Grid("grid", [[1, 2]], rows=["a", "b"]), "rows: expected 1 names or none, got 2"),
        (lambda: Grid("grid", [[1, 2]], columns=["a"]), "columns: expected 2 names or none, got 1"),
        (lambda: Grid("grid", [[1]], rows=["a"], columns=["a"]), r"panels\[0\]: expected every name once, got a again"),
        (lambda: Picture("big", np.zeros((513, 4, 3), np.uint8)), "the image of 'big': expected at most 512×1024"),
        (lambda: Picture("one", IMAGE, masks={"m": MASK[1:]}), r"masks\['m'\]: expected bool \[8, 12\], got bool \[7,"),
        (lambda: Picture("one", IMAGE, points={"c": (1, 2, 3)}), "the point 'c': expected 2 finite numbers, got"),
        (lambda: Picture("one", IMAGE, boxes={"b": (1, 2, np.nan, 3)}), "the box 'b': expected 4 finite numbers, got"),
    ],
)
def test_panels_that_do_not_fit_are_refused(panel: Callable, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        player([panel()], [Step("One.")], alt=ALT)


def test_the_repr_is_short_and_the_bundle_has_a_picture() -> None:
    widget = small()
    assert repr(widget) == "Player('picture', 'grid'; 3 steps)"
    data, metadata = widget._repr_mimebundle_()
    assert data["text/plain"] == repr(widget) and metadata["image/png"]["alt"] == ALT
    assert Image.open(io.BytesIO(data["image/png"])).format == "PNG"


@pytest.mark.parametrize("name", ALL)
def test_the_still_picture_shows_every_panel_and_nothing_at_its_edge(name: str) -> None:
    widget = ALL[name]()
    picture = draw(widget.info, widget.pixels)
    assert picture.dtype == np.uint8 and picture.shape[1] >= 900
    assert (picture[[0, -1]] == 255).all() and (picture[:, [0, -1]] == 255).all()
    for tint in TINTS[: len(widget.info["panels"])]:
        like = np.abs(picture.astype(int) - np.round(255 - 0.45 * (255 - np.array(tint)))).max(2) < 90
        assert like.any()


# --- the states, in node ----------------------------------------------------------------------------------------------


def states(script: str, widget: Player | None = None) -> object:
    names = "START, free, furthest, goTo, lightOf, point, press, readingTime, waits"
    show = """const shown = (state) => {
        const { lit } = lightOf(info, state);
        return lit && [...lit].sort();
    };"""
    return in_module("player/state.js", names, show + script, info=(widget or small()).info)


def test_a_step_with_an_act_is_not_passed_before_it_is_done() -> None:
    script = """const far = goTo(info.steps, START, 2);
        const wrong = press(info, far, "m·k"), right = press(info, wrong, "m·l");
        return [far, wrong, right, goTo(info.steps, right, 2)].map((state) => [state.at, state.said, shown(state)])"""
    far, wrong, right, last = states(script)
    assert far == [1, "", ["c", "m"]]
    assert wrong == [1, "✗ That is the smaller.", ["c", "m", "m·k"]]
    assert right == [1, "✓ Right: m·l.", ["l", "m", "m·l"]]
    assert last == [2, "", None]


def test_a_wrong_answer_without_a_reason_is_named() -> None:
    assert states('return press(info, goTo(info.steps, START, 1), "m").said') == "✗ Not m."


def test_a_done_act_stays_done() -> None:
    script = """const done = press(info, goTo(info.steps, START, 1), "m·l");
        const again = goTo(info.steps, goTo(info.steps, done, 0), 1);
        return [waits(info.steps, again), furthest(info.steps, again), shown(again)]"""
    assert states(script) == [False, 2, ["c", "m", "m·l"]]


def test_pointing_lights_the_causes_and_leaving_gives_the_step_back_unless_it_was_pressed() -> None:
    script = """const at = point(info, START, "m·l"), left = point(info, at, null), pinned = press(info, at, "m·l");
        const stays = point(info, pinned, null), other = point(info, pinned, "c"), plain = point(info, at, "m·k");
        return [at, left, stays, other, plain, free(pinned)].map(shown)"""
    assert states(script) == [["l", "m", "m·l"], ["m"], ["l", "m", "m·l"], ["c", "m"], ["m"], ["m"]]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(["-1", "+1", "m", "c", "m·k", "m·l", "?", "."]), max_size=40))
def test_whatever_is_done_the_state_is_one_that_can_be_shown(acts: list[str]) -> None:
    script = """let state = START;
        return acts.map((act) => {
            if (/1/.test(act)) state = goTo(info.steps, state, state.at + Number(act));
            else if (act === "?") state = point(info, state, "c");
            else if (act === ".") state = point(info, state, null);
            else state = press(info, state, act);
            const { pointed, wrong } = lightOf(info, state);
            return [state.at, waits(info.steps, { ...state, at: 1 }), pointed, wrong];
        })"""
    found = in_module(
        "player/state.js", "START, goTo, lightOf, point, press, waits", script, info=small().info, acts=acts
    )
    for at, waiting, pointed, wrong in found:
        assert at in (0, 1) or (at == 2 and not waiting)
        assert pointed in (None, "c", "m·l") and wrong in (None, "m", "c", "m·k")


def test_a_longer_sentence_stays_longer_up_to_ten_seconds() -> None:
    times = states("return ['', 'short', 'x'.repeat(80), 'x'.repeat(999)].map(readingTime)")
    assert times == sorted(times) and times[0] == 1500 and times[-1] == 10000


def test_the_nearest_mark_is_what_one_means() -> None:
    panel = Picture(
        "all", IMAGE, masks={"m": MASK}, boxes={"b": (0, 0, 12, 8)}, points={"c": (3, 5)}, arrows={"a": (6, 1, 6, 8)}
    )
    widget = player([panel], [Step("One.")], alt=ALT)
    script = """let taken = 0;
        const { marks } = unpack(panel, (count) => Uint8Array.from(bytes.slice(taken, (taken += count))));
        return places.map(([row, column]) => markAt(marks, { row, column }, panel.width, 1.5)?.id ?? null)"""
    places = [(2.5, 3.5), (4.4, 8.9), (3.6, 5.6), (0.1, 0.1), (6.6, 5), (1.9, 10), (-3, -3), (3.5, 12.9)]
    values = {"panel": widget.info["panels"][0], "bytes": list(widget.pixels), "places": places}
    found = in_module("player/picture.js", "unpack, markAt", script, **values)
    assert found == ["m", "m", "c", "b", "a", "b", None, "b"]


# --- the widget, in a browser -----------------------------------------------------------------------------------------


@pytest.fixture
def still(page: Page, front_end: FrontEnd) -> FrontEnd:
    """A front end in which nothing moves by itself."""
    page.emulate_media(reduced_motion="reduce")
    return front_end


@pytest.fixture
def moving(page: Page, front_end: FrontEnd) -> FrontEnd:
    """A front end that does not ask for less motion, and whose clock the test moves."""
    page.emulate_media(reduced_motion="no-preference")
    return front_end


def element(page: Page, name: str, kind: str = "") -> object:
    return page.locator(f".player {kind}[data-id='{name}']")


def lit(page: Page) -> set[str]:
    """The names of the elements that are not dimmed, if any are."""
    return set(page.evaluate("[...document.querySelectorAll('[data-id]:not(.player-dim)')].map((e) => e.dataset.id)"))


def place(page: Page) -> str:
    return page.locator(".page-slider output").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", [372, 860])
def test_every_element_is_named_and_nothing_is_wider_than_its_place(
    page: Page, still: FrontEnd, name: str, width: int
) -> None:
    widget = ALL[name]()
    still.mount(widget, width)
    assert page.evaluate("[...document.querySelectorAll('[data-id]')].every((e) => e.ariaLabel || e.textContent)")
    assert page.locator(".player .player-figure > figure").count() == len(widget.info["panels"])
    ours = ".player, .player *:not(svg *, .player-scroller, .player-scroller *, span, input)"
    parts = f"[...document.querySelectorAll('{ours}')]"
    too_wide = f"{parts}.filter((each) => each.scrollWidth > each.clientWidth + 1)"
    assert page.evaluate(f"{too_wide}.map((each) => each.className || each.tagName)") == []
    assert page.locator(".player").bounding_box()["width"] <= width


@pytest.mark.browser
def test_other_widgets_in_the_notebook_do_not_change_its_look(page: Page, still: FrontEnd) -> None:
    still.mount(small())
    assert changes(page, ".player") == []


@pytest.mark.browser
def test_buttons_slider_and_keys_step_and_the_status_says_the_sentence(page: Page, still: FrontEnd) -> None:
    still.mount(small())
    sentence = page.locator(".player-sentence")
    assert (sentence.inner_text(), sentence.get_attribute("aria-live"), place(page)) == ("First.", "polite", "1 / 3")
    assert lit(page) == {"m"}
    page.get_by_role("button", name="Step", exact=True).click()
    assert sentence.inner_text() == "Press the larger." and lit(page) == {"m", "c"}
    page.keyboard.press("ArrowLeft")
    assert place(page) == "1 / 3"
    page.get_by_role("slider").fill("2")
    assert place(page) == "2 / 3", "the slider does not pass an act"
    page.get_by_role("button", name="Back").click()
    assert place(page) == "1 / 3"


@pytest.mark.browser
@pytest.mark.parametrize("how", ["mouse", "keys", "finger", "show me"])
def test_a_step_is_done_by_pressing_the_right_element(page: Page, still: FrontEnd, how: str) -> None:
    still.mount(small())
    page.get_by_role("button", name="Step", exact=True).click()
    step = page.get_by_role("button", name="Step", exact=True)
    assert step.get_attribute("aria-disabled") == "true"
    if how in ("mouse", "finger"):
        press = (
            (lambda name: element(page, name).click()) if how == "mouse" else (lambda name: element(page, name).tap())
        )
        press("m·k")
        assert page.locator(".player-sum").inner_text() == "✗ That is the smaller."
        press("m·l")
    elif how == "keys":
        element(page, "m", "th").focus()
        for key in ("ArrowRight", "Enter"):
            page.keyboard.press(key)
        assert page.locator(".player-sum").inner_text() == "✗ That is the smaller."
        for key in ("ArrowRight", "Enter"):
            page.keyboard.press(key)
    else:
        page.get_by_role("button", name="Show me").click()
    assert page.locator(".player-sum").inner_text().startswith("✓ Right: m·l. m·l = 18 − 18.5 = −0.5")
    assert step.get_attribute("aria-disabled") == "false"
    assert not page.get_by_role("button", name="Show me").is_visible()


@pytest.mark.browser
def test_pointing_lights_the_causes_and_the_rest_is_dim(page: Page, still: FrontEnd) -> None:
    still.mount(small())
    element(page, "m·l").hover()
    assert lit(page) == {"m", "l", "m·l"}
    assert page.locator(".player-sum").inner_text() == "m·l = 18 − 18.5 = −0.5"
    terms = page.evaluate(
        "[...document.querySelectorAll('.player-term')].map((e) => e.style.getPropertyValue('--tint'))"
    )
    assert terms == [f"rgb({', '.join(map(str, tint))})" for tint in TINTS[:2]]
    assert page.evaluate("getComputedStyle(document.querySelector('[data-id=\"c\"]')).opacity") == "0.3"
    page.mouse.move(0, 0)
    assert lit(page) == {"m"} and page.locator(".player-sum").inner_text() == ""
    # In the picture the nearest mark answers, here a point near the right edge.
    box = page.locator(".player svg").bounding_box()
    x, y = box["x"] + 10.5 / 12 * box["width"], box["y"] + 6.5 / 8 * box["height"]
    page.mouse.click(x + 5, y - 5)
    page.mouse.move(0, 0)
    assert lit(page) == {"m", "c"}, "what was pressed stays"
    page.keyboard.press("Escape")
    assert lit(page) == {"m"}


@pytest.mark.browser
def test_every_element_is_reached_with_tab_and_arrows(page: Page, still: FrontEnd) -> None:
    still.mount(small())
    page.locator(".player").focus()
    reached = []
    for key in ("Tab", "ArrowRight", "ArrowRight", "Tab", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
        reached.append(page.evaluate("document.activeElement.dataset.id"))
    assert reached == ["m", "c", "c", "k", "m·k", "m·l", "l", "k"]


@pytest.mark.browser
def test_the_canvas_dims_the_picture_outside_what_is_lit(page: Page, still: FrontEnd) -> None:
    still.mount(small())
    read = (
        """([x, y]) => [...document.querySelector(".player canvas").getContext("2d").getImageData(x, y, 1, 1).data]"""
    )
    inside, outside = (page.evaluate(read, at) for at in ([4, 3], [0, 0]))
    assert np.allclose(inside, [*(0.55 * 100 + 0.45 * np.array(TINTS[0])), 255], atol=1)
    assert outside[3] == pytest.approx(0.3 * 255, abs=1)


@pytest.mark.browser
@pytest.mark.parametrize("name", ALL)
def test_an_answer_is_there_within_a_tenth_of_a_second(page: Page, still: FrontEnd, name: str) -> None:
    widget = ALL[name]()
    still.mount(widget)
    results = list(widget.info["causes"])[:20]
    milliseconds = page.evaluate(
        """async (results) => {
            const start = performance.now();
            for (const name of results) {
                document.querySelector(`[data-id="${name}"]`).focus();
                await new Promise((done) => requestAnimationFrame(done));
            }
            return (performance.now() - start) / results.length;
        }""",
        results,
    )
    assert milliseconds < 100


# --- motion -----------------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_it_plays_by_itself_waits_at_an_act_and_goes_on_after_it(page: Page, moving: FrontEnd) -> None:
    moving.mount(small())
    play = page.locator(".player-play")
    expect(play).to_contain_text("Pause")
    expect(page.locator(".page-slider output")).to_have_text("2 / 3", timeout=10_000)
    expect(play).to_contain_text("Play")
    element(page, "m·l").click()
    expect(page.locator(".page-slider output")).to_have_text("3 / 3", timeout=10_000)
    expect(play).to_contain_text("Play")


@pytest.mark.browser
def test_pointing_at_a_result_stops_it_and_space_plays_on(page: Page, moving: FrontEnd) -> None:
    moving.mount(small())
    play = page.locator(".player-play")
    expect(play).to_contain_text("Pause")
    element(page, "m·k").hover()  # no result
    expect(play).to_contain_text("Pause")
    element(page, "m·l").hover()
    expect(play).to_contain_text("Play")
    page.locator(".player").focus()
    page.keyboard.press("Space")
    expect(play).to_contain_text("Pause")


@pytest.mark.browser
def test_who_asks_for_less_motion_sees_none(page: Page, still: FrontEnd) -> None:
    still.mount(small(steps=[Step("A"), Step("B")]))
    page.wait_for_timeout(2500)  # a step of one letter would last 1.6 s
    assert place(page) == "1 / 2" and not page.locator(".player-play").is_visible()
    page.locator(".player").focus()
    page.keyboard.press("Space")
    page.wait_for_timeout(2000)
    assert place(page) == "1 / 2"


_RUNNING = "() => window[Symbol.for('pixels-to-panoptic.stage')].mover !== null"


@pytest.mark.browser
def test_it_moves_only_while_it_is_in_view(page: Page, moving: FrontEnd) -> None:
    moving.mount(small())
    page.wait_for_function(_RUNNING)
    page.evaluate("document.querySelector('.player').style.marginTop = '5000px'")
    page.wait_for_function(_RUNNING.replace("!==", "==="))
    before = place(page)
    page.wait_for_timeout(2500)
    assert place(page) == before
    page.evaluate("document.querySelector('.player').style.marginTop = ''")
    page.wait_for_function(_RUNNING)


@pytest.mark.browser
def test_one_player_of_the_page_moves_at_a_time_and_none_is_left_behind(page: Page, moving: FrontEnd) -> None:
    steps = [Step("A"), Step("B"), Step("C")]
    moving.mount(player([Grid("grid", [[1]])], steps, alt=ALT))  # so small that both are in view
    # A second one from a second copy of the module, as anywidget imports one for each widget.
    page.evaluate(
        """async (source) => {
            const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
            const second = document.body.appendChild(document.createElement("div"));
            window.leaveSecond = (await import(url)).default.render({ model: window.model, el: second });
        }""",
        str(Player._esm),
    )
    plays, places = page.locator(".player-play"), page.locator(".page-slider output")
    page.wait_for_function(_RUNNING)
    expect(places.first).to_have_text("2 / 3", timeout=10_000)
    page.wait_for_timeout(1000)  # less than the next step of the first one, more than the second one began later
    assert places.last.inner_text() == "1 / 3", "it waits for the first one"
    plays.first.click()
    expect(places.last).to_have_text("2 / 3", timeout=10_000)
    plays.first.click()  # pressed by the reader: it takes over
    expect(plays.last).to_contain_text("Play")
    page.evaluate("leave()")
    page.evaluate("leaveSecond()")
    stage = page.evaluate(
        "(({ mover, waiting }) => [mover, waiting.size])(window[Symbol.for('pixels-to-panoptic.stage')])"
    )
    assert stage == [None, 0]
    page.evaluate("window.leave = null")
