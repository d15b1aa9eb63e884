"""The linked view in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from browser import DRAWN, FrontEnd
from matches import ALT, crowded, random_instances, small, view
from playwright.sync_api import Page, expect
from sheets import changes

from helpers.metrics import match
from helpers.metrics.average_precision import THRESHOLDS
from helpers.show.matches import COLORS, linked_matches

pytestmark = pytest.mark.lesson4


@pytest.fixture
def shown(front_end: FrontEnd) -> Iterator[Page]:
    """The small street in a page, at rest."""
    front_end.page.mouse.move(999, 899)
    front_end.mount(view(curve=(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.5]))), 1000)
    yield front_end.page


def point_at(page: Page, row: float, column: float, act: str = "hover") -> None:
    """Hovers or clicks a position in the small picture, in its pixels."""
    box = page.locator(".matches-stage").bounding_box()
    x, y = box["x"] + column / 40 * box["width"], box["y"] + row / 24 * box["height"]
    {"hover": page.mouse.move, "click": page.mouse.click, "tap": page.touchscreen.tap}[act](x, y)
    page.evaluate(DRAWN)


def selected(page: Page) -> list[list[str]]:
    """For picture, curve and table, which items are pointed at, and which are seen and not dimmed."""
    script = """() => ["picture", "chart", "matrix"].map((name) => {
        const view = document.querySelector(`.matches-${name}`);
        const nodes = [...view.querySelectorAll("[data-prediction][tabindex], [data-object][tabindex]")];
        const nameOf = ({ dataset }) => dataset.prediction ?? `t${dataset.object}`;
        const names = (some) => nodes.filter(some).map(nameOf).sort();
        const seen = (node) => !node.hasAttribute("hidden") && !node.closest("[data-standing=gone]");
        const lit = names((node) => seen(node) && !node.hasAttribute("data-dim"));
        return [names((node) => node.hasAttribute("data-pointed")).join(), lit.join()];
    })"""
    return page.evaluate(script)


def said(page: Page) -> str:
    return page.locator(".matches-said").inner_text()


DOUBLE = [["2", "0,2,t1"], ["2", "0,2"], ["2", "0,2,t1"]]


def test_a_row_a_mask_and_a_point_lead_to_one_selection(shown: Page) -> None:
    rest = selected(shown)
    assert [pointed for pointed, _ in rest] == ["", "", ""]
    assert rest[0][1] == "0,1,2,3,4,5,t0,t3"  # of the true objects the picture has those that are missed
    shown.locator(".matches-matrix th[data-prediction='2']").hover()
    assert selected(shown) == DOUBLE and "IoU 0.80 with car 1, which prediction 1 had found" in said(shown)
    shown.mouse.move(999, 899)
    assert selected(shown) == rest and "Point at" in said(shown)
    point_at(shown, 6, 4)  # the double lies on the hit, is smaller, and so lies above it
    assert selected(shown) == DOUBLE
    point_at(shown, 6, 11)
    assert selected(shown)[0] == ["0", "0,t1"]
    shown.locator(".matches-chart [data-prediction='2']").hover()
    assert selected(shown) == DOUBLE
    shown.locator(".matches-matrix td[data-prediction='2']").nth(3).hover()
    assert selected(shown) == DOUBLE


def test_a_true_object_says_who_found_it(shown: Page) -> None:
    shown.locator(".matches-matrix th[data-object='4']").hover()
    assert selected(shown)[0] == ["t4", "1,t4"] and selected(shown)[2] == ["t4", "1,t4"]
    assert said(shown) == "True person 1: found by prediction 2 with IoU 1.00."
    point_at(shown, 18, 24)
    assert selected(shown)[2] == ["t0", "t0"] and "missed" in said(shown)


def test_what_is_pressed_stays_until_something_else_or_nothing_is(shown: Page) -> None:
    point_at(shown, 6, 24, "click")
    shown.mouse.move(999, 899)
    assert selected(shown)[2][0] == "3"
    shown.locator(".matches-matrix th[data-prediction='0']").hover()
    assert selected(shown)[2][0] == "0"
    shown.mouse.move(999, 899)
    assert selected(shown)[2][0] == "3"
    shown.keyboard.press("Escape")
    assert selected(shown)[2][0] == ""
    point_at(shown, 6, 24, "tap")
    assert selected(shown)[2][0] == "3"
    point_at(shown, 23, 39, "tap")
    assert selected(shown)[2][0] == ""


def test_the_numbers_of_the_page_are_pythons_at_every_threshold(shown: Page) -> None:
    _, found, truth = small()
    score, iou = (shown.locator(".matches-sliders input").nth(at) for at in (0, 1))
    for level, threshold in enumerate(THRESHOLDS.tolist()):
        iou.fill(str(level))
        for cut, least in enumerate(sorted(set(found["scores"].tolist()))):
            score.fill(str(cut))
            kept = {name: each[found["scores"] >= least] for name, each in found.items()}
            hits, count = int((match(kept, truth, threshold) >= 0).sum()), len(kept["scores"])
            precision, recall = shown.locator(".matches-sums p").all_inner_texts()
            assert precision.endswith(f") = {hits} / {count} = {hits / count:.2f}")
            assert recall.endswith(f") = {hits} / 5 = {hits / 5:.2f}")
            legend = [int(each.split()[1]) for each in shown.locator(".matches-legend li").all_inner_texts()]
            assert legend[0] == hits and sum(legend[:3]) == count and legend[3] == 5 - hits
            assert shown.locator(".matches-point:not([hidden])").count() == count
            assert shown.locator("tbody tr:not([data-standing=gone])").count() == count
            ring = shown.locator(".matches-ring").evaluate("({ cx, cy }) => [cx.baseVal.value, cy.baseVal.value]")
            assert ring == pytest.approx([46 + hits / 5 * 262, 178 - hits / count * 166])


def test_colours_lines_and_signs_follow_the_iou_threshold(shown: Page) -> None:
    line = shown.locator(".matches-picture [data-prediction='2'] .matches-line")
    look = "(node) => { const { stroke, strokeDasharray } = getComputedStyle(node); return [stroke, strokeDasharray]; }"
    double, [sign] = line.evaluate(look), shown.locator("th[data-prediction='2'] .matches-sign").all_inner_texts()
    shown.locator(".matches-sliders input").nth(1).fill("9")
    wrong = line.evaluate(look)
    assert (double, wrong) == ([css("double"), "5px, 3px"], [css("wrong"), "1.5px, 3px"])
    assert [sign, shown.locator("th[data-prediction='2'] .matches-sign").inner_text()] == ["2×", "?"]
    hit, missed = (
        shown.locator(f".matches-picture [data-{each}] .matches-line") for each in ("prediction='0'", "object='3'")
    )
    assert hit.evaluate(look) == [css("hit"), "none"] and missed.evaluate(look) == [css("missed"), "none"]
    fill = shown.locator(".matches-picture [data-object='3'] .matches-area").evaluate(
        "(node) => getComputedStyle(node).fill"
    )
    assert "matches-hatch" in fill and shown.evaluate("document.querySelectorAll('pattern').length") == 1


def test_what_does_not_stay_lit_dims_in_the_photograph_too(shown: Page) -> None:
    opacity = """([row, column]) => document.querySelector(".matches-stage canvas").getContext("2d")
        .getImageData(column, row, 1, 1).data[3]"""
    spots = {"hit": (5, 11), "its double": (5, 5), "missed": (5, 31), "ground": (12, 20)}
    assert {shown.evaluate(opacity, spot) for spot in spots.values()} == {255}
    shown.locator(".matches-matrix th[data-prediction='0']").hover()
    found = {name: shown.evaluate(opacity, spot) for name, spot in spots.items()}
    dim = pytest.approx(0.3 * 255, abs=1)
    assert found == {"hit": 255, "its double": 255, "missed": dim, "ground": dim}  # the double lies within the hit


def test_the_cell_that_decides_is_framed_and_other_categories_are_grey(shown: Page) -> None:
    cells = """(name) => [...document.querySelectorAll(`td[data-${name}]`)].map((cell) =>
        [cell.parentElement.sectionRowIndex, cell.cellIndex - 1])"""
    assert shown.evaluate(cells, "frame") == [[0, 1], [1, 4], [2, 1], [3, 2], [4, 3]]
    info = view().info
    others = [
        [row, column]
        for row, prediction in enumerate(info["predictions"])
        for column, each in enumerate(info["objects"])
        if prediction["category"] != each["category"]
    ]
    assert shown.evaluate(cells, "other") == others
    texts = shown.locator("tbody tr").nth(0).locator("td").all_inner_texts()
    assert texts == ["", "1.00", "0", "0", ""]


def test_a_long_table_scrolls_to_what_is_pointed_at_and_the_page_does_not(front_end: FrontEnd) -> None:
    front_end.mount(crowded(), 1000)
    page = front_end.page
    script = """() => { const box = (name) => document.querySelector(name).getBoundingClientRect();
        const row = box("tbody th[data-pointed]"), head = box("thead th[data-object]");
        return row.top >= head.bottom - 3 && row.bottom <= box(".matches-scroller").bottom + 1; }"""
    top = page.evaluate("scrollY")
    for row in (59, 0, 30):
        page.locator(f".matches-point[data-prediction='{row}']").evaluate("(node) => node.focus()")
        page.keyboard.press("ArrowRight")
        assert page.evaluate(script), row
    assert page.evaluate("scrollY") == top


def css(name: str) -> str:
    return f"rgb{COLORS[name]}"


def focused(page: Page) -> str:
    return page.evaluate(
        """() => { const { dataset, ariaLabel, tagName } = document.activeElement;
            const view = document.activeElement.closest("figure")?.className ?? ariaLabel ?? tagName;
            return `${view} ${dataset.prediction ?? ""}${dataset.object ? "t" + dataset.object : ""}`.trim(); }"""
    )


def test_each_view_is_one_stop_of_the_tab_key_and_arrows_go_through_what_is_seen(shown: Page) -> None:
    shown.locator(".matches").focus()
    stops = [(shown.keyboard.press("Tab"), focused(shown))[1] for _ in range(5)]
    assert stops == ["matches-picture 0", "matches-chart 0", "matches-matrix 0", "Score threshold", "IoU threshold"]
    for _ in range(3):
        shown.keyboard.press("Shift+Tab")
    shown.keyboard.press("End")
    assert focused(shown) == "matches-chart 5" and "Prediction 6, tree" in said(shown)
    shown.keyboard.press("Tab")
    for _ in range(6):
        shown.keyboard.press("ArrowDown")
    assert focused(shown) == "matches-matrix t0" and said(shown).startswith("True tree 1: missed")
    shown.locator(".matches-sliders input").nth(0).fill("3")
    shown.locator(".matches-chart [tabindex='0']").focus()
    assert focused(shown) == "matches-chart 0"  # 5 is gone
    shown.keyboard.press("End")
    assert focused(shown) == "matches-chart 1"
    shown.locator(".matches-picture [tabindex='0']").focus()
    order = [(shown.keyboard.press("ArrowRight"), focused(shown))[1].split()[-1] for _ in range(5)]
    assert order == ["1", "t0", "t2", "t3", "t3"]


def test_it_is_named_for_a_screen_reader(shown: Page) -> None:
    expect(shown.get_by_role("group", name=ALT)).to_be_visible()
    expect(shown.get_by_role("img", name="prediction 3, car, double")).to_be_visible()
    expect(shown.get_by_role("img", name="after prediction 3: recall 0.40, precision 0.67")).to_be_visible()
    expect(shown.get_by_role("table", name="IoU of predictions and true objects")).to_be_visible()
    assert shown.locator("[role=status][aria-live=polite]").count() == 2
    score = shown.get_by_role("slider", name="Score threshold")
    score.fill("1")
    assert score.get_attribute("aria-valuetext") == "≥ 0.700 (5 of 6 predictions)"


@pytest.mark.parametrize("width", [1000, 600])
def test_nothing_is_cut_off_and_only_the_table_may_scroll(front_end: FrontEnd, width: int) -> None:
    front_end.mount(view(), width)
    script = """() => { const root = document.querySelector(".matches"), frame = root.getBoundingClientRect();
        const parts = [...root.querySelectorAll("figure, .matches-words, .matches-legend, svg text, .matches-tag")];
        const out = (box) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
        const cut = parts.filter((each) => out(each.getBoundingClientRect()));
        return [root.scrollWidth - root.clientWidth, cut.length]; }"""
    assert front_end.page.evaluate(script) == [0, 0]
    tops = [front_end.page.locator(f".matches-{name}").bounding_box()["y"] for name in ("picture", "chart", "matrix")]
    assert tops[0] == tops[2] if width == 1000 else tops[0] == tops[1]


def test_the_sheets_of_other_widgets_change_nothing(shown: Page) -> None:
    assert changes(shown, ".matches") == []


def test_the_theme_is_jupyters(shown: Page) -> None:
    look = "getComputedStyle(document.querySelector('.matches-said')).color"
    light = shown.evaluate(look)
    shown.evaluate("document.documentElement.style.setProperty('--jp-ui-font-color1', 'rgb(250, 251, 252)')")
    dark = shown.evaluate(look)
    shown.evaluate("document.documentElement.style.removeProperty('--jp-ui-font-color1')")
    assert (light, dark) == ("rgb(31, 35, 40)", "rgb(250, 251, 252)")


def test_it_answers_within_a_tenth_of_a_second_for_many_predictions(front_end: FrontEnd) -> None:
    front_end.mount(crowded(), 1000)
    script = """() => {
        const acts = [...document.querySelectorAll("tbody th")].map((node) => () => {
            node.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, pointerType: "mouse" }));
        });
        const [score, iou] = document.querySelectorAll("input");
        for (const [input, value] of [[iou, 4], [score, 20], [iou, 9], [score, 3]]) {
            acts.push(() => { input.value = value; input.dispatchEvent(new Event("input")); });
        }
        const start = performance.now();
        acts.forEach((act) => (act(), getComputedStyle(document.querySelector("tbody td:last-child")).opacity));
        return (performance.now() - start) / acts.length; }"""
    milliseconds = front_end.page.evaluate(script)
    print(f"{milliseconds:.1f} ms for each act of the reader, with 60 predictions and 20 objects")
    assert milliseconds < 100


@pytest.mark.parametrize(("found", "truth"), [(0, 3), (3, 0), (0, 0)])
def test_a_view_of_nothing_stands(front_end: FrontEnd, found: int, truth: int) -> None:
    instances = random_instances(1, found, True), random_instances(2, truth, False)
    front_end.mount(linked_matches(torch.rand(3, 6, 9), *instances, alt=ALT), 1000)
    precision, recall = front_end.page.locator(".matches-sums p").all_inner_texts()
    assert precision.endswith("undefined") == (found == 0) and recall.endswith("undefined") == (truth == 0)
    assert front_end.page.locator(".matches-point:not([hidden])").count() == (found if truth else 0)


def test_leaving_takes_the_page_away(shown: Page) -> None:
    shown.evaluate("window.leave(); window.leave = null")
    assert shown.locator(".matches").count() == 0
