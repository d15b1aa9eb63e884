"""Charts and tables: every number is written, nothing is cut or hides another, and what nbval compares holds none."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from types import SimpleNamespace
from unittest import mock

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from test_figures import VISIONS, distances, seen

from helpers import course, show
from helpers.categories import STREET
from helpers.evaluation import Score
from helpers.labels import masks_to_boxes
from helpers.scenes.street import street
from helpers.show import figures, fitting, inks, tables

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAN = math.nan


class Shown(SimpleNamespace):
    """What a call showed: `figure`, `alt` (compared by nbval), `metadata` (not compared), `size` in pixels."""

    figure: Figure
    alt: str
    metadata: str
    size: tuple[int, int]

    @property
    def texts(self) -> list[Text]:
        """All that is written."""
        ticks = {
            label: low <= tick.get_loc() <= high and label.get_visible()
            for ax in self.figure.axes
            for axis in (ax.xaxis, ax.yaxis)
            for low, high in [sorted(axis.get_view_interval())]
            for tick in axis.get_major_ticks()
            for label in (tick.label1, tick.label2)
        }
        found = self.figure.findobj(Text)
        return [text for text in found if text.get_text().strip() and text.get_visible() and ticks.get(text, True)]

    @property
    def words(self) -> list[str]:
        return [" ".join(text.get_text().split()) for text in self.texts]

    def check(self) -> None:
        """Nothing written is cut off or lies on another word."""
        boxes = [(text.get_text(), text.get_window_extent()) for text in self.texts]
        for text, box in boxes:
            inside = min(box.x0, box.y0) >= -0.5 and box.x1 <= self.size[0] + 0.5 and box.y1 <= self.size[1] + 0.5
            assert inside, f"{text!r} is cut: {box.extents.round()} of {self.size}"
        for (one, first), (other, second) in combinations(boxes, 2):
            across = min(first.x1, second.x1) - max(first.x0, second.x0)
            up = min(first.y1, second.y1) - max(first.y0, second.y0)
            assert across <= 1 or up <= 1, f"{one!r} lies on {other!r}"


@contextmanager
def drawn(call: Callable[[], object]) -> Iterator[Shown]:
    """One figure, kept open to be looked at."""
    outputs: list[tuple[dict, dict]] = []
    assert not plt.get_fignums()
    keep = mock.patch.object(figures, "display", lambda data, raw, metadata=None: outputs.append((data, metadata)))
    try:
        with keep, mock.patch.object(plt, "close"):
            assert call() is None
        (paragraph, _), (picture, metadata) = outputs
        [number] = plt.get_fignums()
        assert picture["text/plain"] in paragraph["text/plain"]
        size = Image.open(io.BytesIO(picture["image/png"])).size
        alt, said = picture["text/plain"], metadata["image/png"]["alt"]
        yield Shown(figure=plt.figure(number), alt=alt, metadata=said, size=size)
    finally:
        plt.close("all")


LETTERS = st.characters(codec="ascii", categories=("L", "N"), include_characters=" -$_%")
NAMES = st.text(LETTERS, min_size=1, max_size=40).map(lambda text: " ".join(text.split())).filter(bool)
FLOATS = st.one_of(st.floats(0, 1), st.floats(-1, 1), st.floats(-1e5, 1e5), st.just(NAN))
NUMBERS = st.one_of(FLOATS, st.integers(-(10**6), 10**6))
SCORES = st.builds(
    lambda value, down, up: Score(value, value - down, value + up), st.floats(-1, 1), *[st.floats(0, 1)] * 2
)
VALUES = st.one_of(NUMBERS, SCORES, st.lists(st.floats(-1, 1), min_size=1, max_size=5))


def written(value: object) -> str:
    """How a number must stand on a figure."""
    value = value.value if isinstance(value, Score) else sum(value) / len(value) if isinstance(value, list) else value
    if math.isnan(value):
        return "–"
    return (f"{value:,}" if isinstance(value, int) else f"{value:,.2f}").replace("-", "−")


def same(one: str, other: str) -> bool:
    """Equal, but for the last digit of a mean."""
    if "–" in (one, other):
        return one == other
    first, second = (float(text.replace("−", "-").replace(",", "")) for text in (one, other))
    return math.isclose(first, second, abs_tol=0.0101)


# --- bars ---


@FEW
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=6), NAMES)
def test_bars_write_every_number_and_cut_none(values: dict, title: str) -> None:
    with drawn(lambda: show.bars(values, title, "Here are bars.", unit="mIoU")) as shown:
        shown.check()
        numbers = [text.get_text() for text in shown.figure.axes[0].texts]
        assert all(same(*pair) for pair in zip(numbers, map(written, values.values()), strict=True))
        assert {re.sub(r"\s", "", word) for word in shown.words} >= {re.sub(r"\s", "", name) for name in values}
        assert shown.alt == f"Here are bars. Bars, in mIoU: {', '.join(values)}."


@FEW
@given(
    st.lists(NAMES, min_size=1, max_size=6, unique=True),
    st.lists(NAMES, min_size=1, max_size=4, unique=True),
    st.data(),
)
def test_groups_of_bars_write_every_number_and_cut_none(
    names: list[str], groups: list[str], data: st.DataObject
) -> None:
    values = {group: {name: data.draw(VALUES) for name in names} for group in groups}
    with drawn(lambda: show.bars(values, "A title", "Here are bars.")) as shown:
        shown.check()
        expected = [written(value) for group in values.values() for value in group.values()]
        numbers = [text.get_text() for text in shown.figure.axes[0].texts]
        assert all(same(*pair) for pair in zip(numbers, expected, strict=True))
        key = shown.figure.axes[0].get_legend().get_texts()
        assert sorted(re.sub(r"\s", "", text.get_text()) for text in key) == sorted(
            re.sub(r"\s", "", name) for name in names
        )
        assert shown.alt == f"Here are bars. Bars: {', '.join(names)}, for each of {', '.join(groups)}."
        assert max(shown.size) < 1300


@FEW
@given(
    st.lists(st.one_of(SCORES, st.lists(st.floats(-1, 1), min_size=2, max_size=5)), min_size=1, max_size=5),
    st.booleans(),
)
def test_a_number_stands_beyond_its_whisker_and_its_runs(values: list, grouped: bool) -> None:
    named = {f"n{place}": value for place, value in enumerate(values)}
    with drawn(lambda: show.bars({"all": named} if grouped else named, "A title", "Here are bars.")) as shown:
        [ax] = shown.figure.axes
        for value, text in zip(values, ax.texts, strict=True):
            ends = (value.low, value.high) if isinstance(value, Score) else (min(value), max(value))
            down = (value.value if isinstance(value, Score) else np.mean(value)) < 0
            box, end = text.get_window_extent(), ends[0] if down else ends[1]
            mark = ax.transData.transform((end, end))[1 if grouped else 0]
            low, high = (box.y0, box.y1) if grouped else (box.x0, box.x1)
            assert high <= mark + 1 if down else low >= mark - 1


def test_the_length_of_a_bar_is_its_number() -> None:
    values = {"AP": {"before": 0.25, "after": Score(0.5, 0.4, 0.7)}, "AP50": {"before": NAN, "after": [0.5, 1.0]}}
    with drawn(lambda: show.bars(values, "A title", "Here are bars.")) as shown:
        [ax] = shown.figure.axes
        assert [bar.get_height() for bar in ax.patches] == [0.25, 0.5, 0.75]
        assert [list(line.get_ydata()) for line in ax.lines if len(line.get_ydata()) == 2][0] == [0.4, 0.7]
        assert "AP: before 0.25, after 0.50 (0.40 to 0.70)" in shown.metadata
        assert "AP50: before –, after 0.75 (runs 0.50, 1.00)" in shown.metadata
        assert not re.search(r"\d\.\d", shown.alt)
    with drawn(
        lambda: show.bars({"a": 1, "b": torch.tensor(2.5), "c": np.int64(-3)}, "A title", "Here are bars.")
    ) as shown:
        assert [bar.get_width() for bar in shown.figure.axes[0].patches] == [1, 2.5, -3]


# --- curves and points ---

XY = st.integers(1, 20).flatmap(lambda count: st.tuples(*[st.lists(FLOATS, min_size=count, max_size=count)] * 2))


@FEW
@given(st.dictionaries(NAMES, XY, min_size=1, max_size=6), NAMES)
def test_every_curve_has_its_name_beside_it(lines: dict, title: str) -> None:
    with drawn(lambda: show.curves(lines, title, "Here are curves.", x="steps", y=title)) as shown:
        shown.check()
        [ax] = shown.figure.axes
        known = [
            any(math.isfinite(a) and math.isfinite(b) for a, b in zip(*line, strict=True)) for line in lines.values()
        ]
        expected = [name if there else f"{name} –" for name, there in zip(lines, known, strict=True)]
        assert [re.sub(r"\s", "", text.get_text()) for text in ax.texts] == [
            re.sub(r"\s", "", name) for name in expected
        ]
        right = ax.get_window_extent().x1
        assert all(text.get_window_extent().x0 > right for text in ax.texts)
        assert shown.alt == f"Here are curves. Lines, {title} over steps: {', '.join(lines)}."


def test_a_curve_is_what_came_and_its_band_too() -> None:
    x, y = torch.linspace(0, 1, 5), np.array([1, 0.9, NAN, 0.5, 0.25])
    lines = {"box-free": (x, 0.9 * y, y - 0.1, y), "with boxes": ([0, 1], [1, 0])}
    with drawn(lambda: show.curves(lines, "A title", "Here are two curves.", x="recall", y="precision")) as shown:
        [ax] = shown.figure.axes
        np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.stack([x.numpy(), 0.9 * y], 1))
        assert len(ax.collections) == 1 and ax.get_ylim()[0] == 0 and 1 <= ax.get_ylim()[1] <= 1.1
        assert ax.lines[0].get_color() == inks.METHODS["box-free"]
        assert "box-free: from 0.9 at 0 to 0.225 at 1" in shown.metadata


POINTS = st.dictionaries(NAMES, st.tuples(NUMBERS, st.one_of(NUMBERS, SCORES)), min_size=1, max_size=6)


@FEW
@given(POINTS, st.booleans())
def test_every_point_has_its_name_beside_it(points: dict, diagonal: bool) -> None:
    call = lambda: show.scatter(points, "A title", "Here are points.", x="ms", y="AP", diagonal=diagonal)  # noqa: E731
    with drawn(call) as shown:
        shown.check()
        [ax] = shown.figure.axes
        words = {re.sub(r"\s", "", word) for word in shown.words}
        for name, (x, y) in points.items():
            missing = math.isnan(x) or math.isnan(y if isinstance(y, float | int) else y.value)
            assert re.sub(r"\s", "", name) + "–" * missing in words
        if diagonal:
            assert ax.get_xlim() == ax.get_ylim()


def test_clouds_have_a_key_and_all_their_points() -> None:
    clouds = {"car": (np.arange(9) / 9, torch.arange(9) / 9), "person": ([0.5, NAN], [0.25, 0.5])}
    with drawn(lambda: show.scatter(clouds, "A title", "Here are points.", x="said", y="true", diagonal=True)) as shown:
        shown.check()
        [ax] = shown.figure.axes
        assert [len(line.get_xdata()) for line in ax.lines if line.get_marker() == "o"] == [9, 2]
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["car", "person"]
        assert ax.lines[0].get_color() == "#194beb"  # the category's


# --- matrices ---


@FEW
@given(st.integers(1, 9), st.integers(1, 11), st.data(), st.booleans())
def test_a_matrix_writes_every_number_that_is_large_enough(
    height: int, width: int, data: st.DataObject, whole: bool
) -> None:
    cells = st.integers(-100, 10**5) if whole else st.one_of(st.floats(0, 1), st.just(NAN))
    values = np.array(
        data.draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=height, max_size=height))
    )
    rows, columns = ([data.draw(NAMES) for _ in range(count)] for count in (height, width))
    framed = [(height - 1, 0), (0, width - 1)]
    options = {"rows": rows, "columns": columns, "framed": framed, "least": 0.1, "x": "true", "y": "found"}
    with drawn(lambda: show.matrix(values, "A title", "Here is a matrix.", **options)) as shown:
        shown.check()
        [ax] = shown.figure.axes
        places = {tuple(text.get_position()): text.get_text() for text in ax.texts}
        for (row, column), value in np.ndenumerate(values):
            assert places[column, row] == ("" if value < 0.1 else written(value.item()))
        assert ("below 0.10: not written" in shown.words) == bool((values < 0.1).any())
        middles = [(patch.get_y() + 0.46, patch.get_x() + 0.46) for patch in ax.patches]
        np.testing.assert_allclose(middles, framed, atol=1e-9)
        assert ax.images[0].get_clim() == (0, 1)
        assert "–" not in shown.alt.replace("Here is a matrix.", "") or any("–" in name for name in rows + columns)


# --- tables ---


@pytest.fixture
def tabled(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    outputs: list[dict] = []
    monkeypatch.setattr(tables, "display", lambda data, raw: outputs.append(data))
    return outputs


def test_a_table_shows_exact_numbers_and_measured_ones(tabled: list[dict]) -> None:
    rows = {
        "with boxes": {"weights": 1_149_687, "ms": 10.5, "AP": course.within(0.6667, at_least=0.62), "like": "<A>"},
        "box-free": {"weights": np.int64(977), "ms": NAN, "AP": course.within(0.5, at_least=0.6), "like": "B & C"},
    }
    assert show.table(rows, "What each costs", digits=1) is None
    [data] = tabled
    assert data["text/plain"].splitlines() == [
        "What each costs",
        "| weights | ms | AP | like",
        "with boxes | 1,149,687 | 10.5 | ⟨0.667⟩ at least 0.62 ✓ | <A>",
        "box-free | 977 | – | ⟨0.500⟩ at least 0.60 ✗ | B & C",
    ]
    html = data["text/html"]
    assert "⟨0.667⟩ <small>at least 0.62 ✓</small>" in html and "&lt;A&gt;" in html and "<A>" not in html
    assert "<caption" in html and 'scope="row"' in html and "#" not in html  # no colour of its own: dark pages


@given(st.floats(0.6, 1), st.floats(0.6, 1e5))
def test_in_a_table_nothing_depends_on_a_measured_number(one: float, other: float) -> None:
    texts = []
    for value in (one, other):
        with mock.patch.object(tables, "display", lambda data, raw: texts.append(str(data))):
            show.table({"a": {"AP": course.within(value, at_least=0.6), "n": 1}})
    assert re.sub("⟨.*?⟩", "", texts[0]) == re.sub("⟨.*?⟩", "", texts[1])


# --- rows of pictures ---


def test_a_row_draws_instances_over_its_image_and_names_them() -> None:
    scene = street(7)
    found = {**scene.instances, "scores": torch.full((len(scene.instances["labels"]),), 0.5)}
    titles = ["the street", "found", "true", "all"]
    with drawn(lambda: show.row(scene.image, found, scene.instances, scene.truth, titles=titles)) as shown:
        image, drawn_found, drawn_true, panoptic = shown.figure.axes
        names = [STREET[label].name for label in scene.instances["labels"].tolist()]
        assert [text.get_text() for text in drawn_found.texts] == names  # in a small picture without the scores
        assert [text.get_text() for text in drawn_true.texts] == names
        assert "road" in {text.get_text() for text in panoptic.texts} and not image.texts
        assert shown.alt == "Side by side: the street; found; true; all."
        picture = show.image_bytes(scene.image)
        nothing = ~scene.instances["masks"].any(0).numpy()
        times = drawn_true.images[0].get_array().shape[0] // picture.shape[0]
        seen = drawn_true.images[0].get_array()[times // 2 :: times, times // 2 :: times]
        assert (seen[nothing] == picture[nothing]).mean() > 0.95


@pytest.mark.parametrize(("score", "behind"), [(0.5, " 0.50"), (1.0, "")])
def test_scores_stand_behind_the_names_but_not_those_of_truth(score: float, behind: str) -> None:
    scene = street(7)
    labels = scene.instances["labels"]
    found = {**scene.instances, "scores": torch.full((len(labels),), score)}
    ax = show.show_instances(scene.image, found, STREET)
    assert [text.get_text() for text in ax.texts] == [STREET[label].name + behind for label in labels.tolist()]
    plt.close("all")


def test_a_row_draws_maps_masks_and_heat_with_its_scale() -> None:
    scene = street(7)
    heat = torch.linspace(0, 0.5, 96 * 128).reshape(96, 128)
    pictures = [scene.semantic, scene.semantic == 2, heat, heat * 8 - 2, scene.semantic, scene.semantic == 6]
    with drawn(lambda: show.row(*pictures, titles=list("abcdef"), alt="Six maps of one street.")) as shown:
        maps = [ax for ax in shown.figure.axes if ax.get_title(loc="left")]
        assert [ax.get_title(loc="left") for ax in maps] == list("abcdef")
        assert len(shown.figure.axes) == 8  # two scales
        assert maps[2].images[0].get_clim() == (0, 1)
        assert maps[3].images[0].get_clim() == pytest.approx((-2, 2))
        assert shown.alt == "Six maps of one street." and shown.size[0] <= 1150
        edges = [round(ax.get_window_extent().y0) for ax in maps]
        assert max(edges[:3]) > max(edges[3:])  # two lines of three


def test_boxes_are_those_of_the_masks_where_none_are_given() -> None:
    scene = street(7)
    instances = {key: scene.instances[key] for key in ("masks", "labels")}
    ax = show.show_instances(scene.image, instances, STREET)
    widths = [box.get_width() for box in ax.patches]
    boxes = masks_to_boxes(scene.instances["masks"])
    assert widths == (boxes[:, 2] - boxes[:, 0]).tolist()
    plt.close("all")


# --- colours, errors, fitting ---


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("colors", [inks.CYCLE, set(inks.METHODS.values())], ids=["cycle", "methods"])
def test_any_two_colours_of_series_are_told_apart_by_every_vision(colors: set[str], vision: str) -> None:
    assert distances(seen([[255 * part for part in to_rgb(color)] for color in colors], vision)).min() >= 16


@pytest.mark.parametrize("color", sorted({*inks.CYCLE, *inks.METHODS.values()}))
def test_a_name_in_its_colour_can_be_read_on_white(color: str) -> None:
    """WCAG 2.1, section 1.4.11, asks for a contrast of 3 of what is drawn; all come near it or pass it."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(color)]
    assert 1.05 / (np.dot(linear, (0.2126, 0.7152, 0.0722)) + 0.05) >= 2.8


def test_a_method_has_one_colour_and_no_two_series_of_a_figure_share_one() -> None:
    first, second = inks.inks(["U-Net", "with boxes", "x"]), inks.inks(["box-free, 30 s", "y", "with boxes", "z"])
    assert first["with boxes"] == second["with boxes"] == inks.METHODS["with boxes"]
    assert second["box-free, 30 s"] == inks.METHODS["box-free"]
    twice = inks.inks(["box-free, 30 s", "box-free, 60 s"])
    for colors in (first, second, twice, inks.inks(map(str, range(8)))):
        assert len(set(colors.values())) == len(colors)
    assert inks.fixed("person") == "#f45471" and inks.fixed("personal") is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: show.bars({}, "t", "Here are bars."), r"values: expected \{name: number\} or .*, got \{\}"),
        (lambda: show.bars([1, 2], "t", "Here are bars."), r"values: expected .*, got \[1, 2\]"),
        (
            lambda: show.bars({"a": 1, "b": {"c": 2}}, "t", "Here are bars."),
            "values: expected numbers alone or groups alone",
        ),
        (lambda: show.bars({"a": "1"}, "t", "Here are bars."), r"values\['a'\]: expected a number, .*, got '1'"),
        (lambda: show.bars({"a": []}, "t", "Here are bars."), r"values\['a'\]: expected a number, .*, got \[\]"),
        (lambda: show.bars({"g": {"a": None}}, "t", "Here are bars."), r"values\['g'\]\['a'\]: expected a number"),
        (lambda: show.bars({"a": True}, "t", "Here are bars."), r"values\['a'\]: expected a number"),
        (lambda: show.curves({"a": [1]}, "t", "Here are lines.", x="", y=""), r"lines\['a'\]: expected \(x, y\) or"),
        (lambda: show.curves({"a": ([1], [1, 2])}, "t", "A line here.", x="", y=""), "expected equally many numbers"),
        (
            lambda: show.curves({"a": ("b", "c")}, "t", "A line here.", x="", y=""),
            r"lines\['a'\]: expected numbers \[N\]",
        ),
        (lambda: show.scatter({"a": 1}, "t", "Here are dots.", x="", y=""), r"points\['a'\]: expected \(x, y\), got 1"),
        (
            lambda: show.scatter({"a": ([1], [1, 2])}, "t", "Here are dots.", x="", y=""),
            "expected equally many numbers",
        ),
        (
            lambda: show.matrix([1, 2], "t", "Here is a matrix.", rows="a", columns="b"),
            r"values: expected numbers \[R, C\]",
        ),
        (
            lambda: show.matrix([[1, 2]], "t", "Here is a matrix.", rows="a", columns="b"),
            "columns: expected 2 names, got 1",
        ),
        (
            lambda: show.matrix([[1]], "t", "Here is a matrix.", rows="a", columns="b", framed=[(0, 1)]),
            r"framed: expected \(row, column\) within \[1, 1\], got \(0, 1\)",
        ),
        (lambda: show.table({}), "rows: expected"),
        (lambda: show.table({"a": {"x": 0.5}}), r"digits: expected how many decimals .* rows\['a'\]\['x'\]"),
        (
            lambda: show.table({"a": {"x": True}}),
            r"rows\['a'\]\['x'\]: expected a word, a number or what course.within",
        ),
        (lambda: show.table({"a": {"x": 1}, "b": {"y": 1}}), r"rows\['b'\]: expected the columns \['x'\], got \['y'\]"),
        (lambda: show.row(street(7).instances, titles=["a"]), "pictures: expected instances .* and no image"),
        (lambda: show.row(street(7).image, titles=[]), "titles: expected one for each of the 1 pictures, got 0"),
        (lambda: show.bars({"a": 1}, "t", "bars"), "alt: expected a sentence"),
    ],
)
def test_bad_input_is_named_and_leaves_no_figure(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
    assert not plt.get_fignums()


def test_the_look_of_a_chart_stays_in_it() -> None:
    with plt.rc_context({"axes.titlesize": 33}), mock.patch.object(figures, "display"):
        show.bars({"a": 1}, "A title", "One bar here.")
        assert plt.rcParams["axes.titlesize"] == 33


SIZES = st.lists(st.tuples(st.floats(-50, 350), st.floats(5, 40)), min_size=1, max_size=7)


@given(SIZES)
def test_words_that_are_moved_apart_keep_their_order_and_stay_inside(marks: list[tuple[float, float]]) -> None:
    centres, sizes = zip(*marks, strict=True)
    moved = fitting.apart(centres, sizes, 0, 300)
    spans = sorted((middle - size / 2, middle + size / 2) for middle, size in zip(moved, sizes, strict=True))
    assert spans[0][0] >= -1e-6 and spans[-1][1] <= 300 + 1e-6
    assert all(first[1] <= second[0] + 1e-6 for first, second in zip(spans, spans[1:], strict=False))
    assert np.all(np.diff(np.array(moved)[np.argsort(centres, kind="stable")]) >= 0)
    if len(marks) == 1 and sizes[0] / 2 <= centres[0] <= 300 - sizes[0] / 2:
        assert moved[0] == pytest.approx(centres[0])


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 90)), min_size=1, max_size=6))
def test_an_axis_leaves_room_for_every_label(bars: list[tuple[float, float]]) -> None:
    assume(all(value == 0 or abs(value) > 1e-3 for value, _ in bars))
    ends, rooms = [(min(value, 0), max(value, 0)) for value, _ in bars], [room for _, room in bars]
    ends = [(value, value) for value, _ in bars]
    low, high = fitting.limits(ends, rooms, 300)
    pixel = (high - low) / 300
    assert low <= 0 <= high and low < high
    for value, room in bars:
        outer = value + (room if value >= 0 else -room) * pixel
        assert low - pixel <= outer <= high + pixel
