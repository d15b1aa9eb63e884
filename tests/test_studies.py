"""Studies: what is stored is what was measured, nothing passes for a result that is none, and it can be had again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from helpers import cli, studies
from helpers.categories import COINS, VOID
from helpers.losses import center_targets
from helpers.scenes.dataset import VALIDATION
from helpers.studies import STUDIES, Study, StudyError, numbers_or_centers, stored
from helpers.studies.numbers_or_centers import (
    BATCH,
    MOST,
    WAYS,
    CenterNet,
    NumberNet,
    one_more_at_left,
    share_renumbered,
    small_collages,
    teach,
)
from helpers.studies.object_numbers import (
    SMALLEST,
    count_found,
    mean_column,
    numbers_anew,
    numbers_left_to_right,
    objects_of_numbers,
    regions_of_numbers,
)
from helpers.studies.study import Point
from helpers.training import History

pytestmark = pytest.mark.lesson4

# --- what is shipped ---


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_every_study_is_stored_whole_under_its_own_words(study: Study) -> None:
    results = studies.load(study.name)
    assert [(point.setting, point.seed) for point in results.points] == study.points
    assert results.name == study.name and len(study.seeds) >= 3
    for key in ("question", "changed", "held fixed", "data", "settings", "seeds"):
        assert results.card[key] == study.card[key], key
    assert {"threads", "machine", "torch", "date"} <= results.card.keys()
    assert results.seconds > 0
    assert {score for point in results.points for score in point.scores} == study.tolerance.keys()


def test_no_result_is_without_a_study() -> None:
    assert {file.name for file in stored.FOLDER.iterdir() if file.suffix != ".part"} == {
        f"{name}.json" for name in STUDIES
    }


@pytest.mark.parametrize("name", STUDIES)
def test_the_first_point_comes_out_as_stored(name: str, capsys: pytest.CaptureFixture) -> None:
    seconds = studies.load(name).points[0].seconds
    if seconds > 15:
        pytest.skip(f"the first point of {name} takes {seconds:.0f} s: `course study {name} --check` measures it")
    assert cli.main(["study", name, "--check"]) == 0, capsys.readouterr().out


def test_the_coins_say_what_the_lesson_says() -> None:
    """Centres find most; each way, with every seed, is apart from the next; regions of coins are no way out."""
    found = studies.load("numbers_or_centers").of("found")
    anew, left_to_right, centers = (found[way] for way in WAYS)
    assert max(anew) < min(left_to_right) / 2 and max(left_to_right) < min(centers) / 2
    for score in ("found as regions of a number", "found as regions of coins"):
        values = studies.load("numbers_or_centers").of(score)
        assert max(values["numbers drawn anew"] + values["numbers from left to right"]) < min(centers) / 1.5


# --- how a study is run ---


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study of four points, "small", whose scores are known."""
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    small = Study(
        "small", "Why?", "the width", "all else", "none", (1, 2.5), (0, 1), lambda point: scores(point), {"sum": 0.5}
    )
    monkeypatch.setitem(STUDIES, "small", small)
    return small


def scores(point: Point) -> dict[str, float]:
    return {"sum": point.setting + point.seed}


def change(monkeypatch: pytest.MonkeyPatch, **changed: object) -> Study:
    study = replace(STUDIES["small"], **changed)
    monkeypatch.setitem(STUDIES, "small", study)
    return study


def stopping_after(count: int, runs: list[Point]) -> object:
    def run(point: Point) -> dict[str, float]:
        if len(runs) == count:
            raise KeyboardInterrupt
        runs.append(point)
        return scores(point)

    return run


def test_results_are_what_was_measured(study: Study, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["study", "small"]) == 0
    assert "Written: 4 points" in capsys.readouterr().out
    results = studies.load("small")
    assert results.settings == [1, 2.5]
    assert results.by(2.5) == {"sum": [2.5, 3.5]} and results.of("sum") == {1: [1, 2], 2.5: [2.5, 3.5]}
    assert repr(results) == "Results('small', 4 points)"
    with pytest.raises(ValueError, match=r"setting: expected one of \[1, 2.5\], got 'wide'"):
        results.by("wide")
    with pytest.raises(ValueError, match=r"score: expected one of \['sum'\], got 'AP'"):
        results.of("AP")


@pytest.mark.parametrize("afresh", [False, True])
def test_after_an_interrupt_it_goes_on_where_it_stopped(
    afresh: bool, study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    studies.make(study)
    old = studies.load("small")
    change(monkeypatch, run=stopping_after(3, []))
    assert cli.main(["study", "small"]) == 130
    assert "as they were; `course study small` goes on" in capsys.readouterr().err
    assert studies.load("small") == old, "the results stay until the new ones are whole"
    runs: list[Point] = []
    change(monkeypatch, run=stopping_after(9, runs))
    assert cli.main(["study", "small", *["--afresh"] * afresh]) == 0
    assert runs == (study.points if afresh else study.points[3:])
    assert studies.load("small").of("sum") == old.of("sum")
    runs.clear()
    cli.main(["study", "small"])
    assert runs == study.points, "a whole one is made anew"


def test_a_study_that_reads_otherwise_begins_anew(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        studies.make(replace(study, run=stopping_after(2, [])))
    runs: list[Point] = []
    studies.make(replace(study, run=stopping_after(9, runs), held_fixed="less"))
    assert runs == study.points


@pytest.mark.parametrize("content", ["", "{}", '{"format": 0}'])
def test_a_damaged_part_begins_anew(content: str, study: Study) -> None:
    (stored.FOLDER / "small.part").write_text(content)
    assert len(studies.make(study).points) == 4 and not (stored.FOLDER / "small.part").exists()


def test_a_training_that_was_stopped_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers_or_centers, "fit", lambda *_, **__: History(200, stopped=True))
    with pytest.raises(KeyboardInterrupt):
        numbers_or_centers.run(Point("centres and offsets", 0))


def test_a_score_without_a_tolerance_is_refused(study: Study) -> None:
    with pytest.raises(ValueError, match=r"small.tolerance: expected one for each score, also for \['sum'\]"):
        studies.make(replace(study, tolerance={}))


@pytest.mark.parametrize(("again", "code"), [(1, 0), (3.1, 0), (3.2, 1), (-1.2, 1), (float("nan"), 1)])
def test_check_compares_the_first_point_with_three_spreads(
    again: float, code: int, study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Stored are 1 and 2, with a standard deviation of 0.707: three are 2.12."""
    studies.make(study)
    runs: list[Point] = []
    change(monkeypatch, run=lambda point: runs.append(point) or {"sum": again})
    before = (stored.FOLDER / "small.json").read_bytes()
    assert cli.main(["study", "small", "--check"]) == code
    verdict = "not as before" if code else "as before"
    assert capsys.readouterr().out == f"sum: {again:g}, stored 1 ± 2.12, {verdict}\n"
    assert runs == [Point(1, 0)] and (stored.FOLDER / "small.json").read_bytes() == before


def test_where_seeds_agree_the_tolerance_counts(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    studies.make(replace(study, run=lambda point: {"sum": 7}))
    for again, code in ((7.5, 0), (7.6, 1)):
        change(monkeypatch, run=lambda point, again=again: {"sum": again})
        assert cli.main(["study", "small", "--check"]) == code


def test_a_score_that_is_gone_is_not_as_before(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    studies.make(study)
    change(monkeypatch, run=lambda point: {})
    assert cli.main(["study", "small", "--check"]) == 1


@pytest.mark.parametrize("content", [None, "", "[]", '{"format": 0}', '{"format": 1, "name": "small", "card": {}}'])
def test_results_that_cannot_be_read_are_named(
    content: str | None, study: Study, capsys: pytest.CaptureFixture
) -> None:
    if content is not None:
        (stored.FOLDER / "small.json").write_text(content)
    with pytest.raises(StudyError, match=r"'small' cannot be used: small.json is .*`course study small`\.$"):
        studies.load("small")
    assert cli.main(["study", "small", "--check"]) == 1
    assert "cannot be used" in capsys.readouterr().err
    assert cli.main(["study"]) == 1
    assert "cannot be used" in capsys.readouterr().out


def test_the_list_names_every_study_and_what_is_stored(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["study"]) == 0
    said = capsys.readouterr().out
    for study in STUDIES.values():
        assert f"{study.name}: {study.question}\n    {len(study.points)} points, " in said


def test_wrong_words_are_answered(capsys: pytest.CaptureFixture) -> None:
    for options in ([], ["--check"]):
        assert cli.main(["study", "coins", *options]) == 2
        assert capsys.readouterr().err == f"There is no study 'coins'; there are {', '.join(STUDIES)}.\n"
    with pytest.raises(SystemExit, match="2"):
        cli.main(["study", "numbers_or_centers", "--check", "--afresh"])
    for option in ("--check", "--afresh"):
        assert cli.main(["study", option]) == 2, "which one?"


# --- objects written as numbers ---


@st.composite
def maps(draw: st.DrawFn) -> Tensor:
    """int64 `[2, 12, 15]`: rectangles over each other, numbered with gaps."""
    picture = torch.zeros(2, 12, 15, dtype=torch.int64)
    for one in picture:
        for id in draw(st.lists(st.integers(1, 40), max_size=6, unique=True)):
            top, left = draw(st.integers(0, 10)), draw(st.integers(0, 13))
            one[top : top + draw(st.integers(1, 8)), left : left + draw(st.integers(1, 8))] = id
    return picture


def ids(numbers: Tensor) -> list[int]:
    return numbers[numbers > 0].unique().tolist()


@given(maps(), st.integers(0, 9))
def test_numbering_keeps_the_objects(things: Tensor, seed: int) -> None:
    before = things.clone()
    for numbers in (numbers_anew(things, torch.Generator().manual_seed(seed)), numbers_left_to_right(things)):
        for one, truth in zip(numbers, things, strict=True):
            assert ids(one) == list(range(1, len(ids(truth)) + 1))
            pairs = torch.stack([one, truth], -1).flatten(0, 1).unique(dim=0)
            assert len(pairs) == len(pairs[:, 0].unique()) == len(pairs[:, 1].unique()), "one number for each object"
            assert torch.equal(one > 0, truth > 0)
        assert count_found(numbers, things) == sum(len(objects_of_numbers(one)) for one in things)
    assert torch.equal(things, before)


@given(maps())
def test_left_to_right_is_the_order_of_centres(things: Tensor) -> None:
    for one in numbers_left_to_right(things):
        columns = [mean_column(one == number) for number in ids(one)]
        assert columns == sorted(columns)
    mirrored = numbers_left_to_right(things.flip(-1)).flip(-1)
    for one, other in zip(numbers_left_to_right(things), mirrored, strict=True):
        columns = [mean_column(one == number) for number in ids(one)]
        if len(set(columns)) == len(columns):
            assert torch.equal(other, (len(columns) + 1 - one) * (one > 0))


def test_numbers_drawn_anew_are_drawn_anew() -> None:
    things = torch.arange(1, 7).repeat_interleave(4).reshape(1, 1, -1)
    generator = torch.Generator().manual_seed(0)
    orders = {tuple(numbers_anew(things, generator).flatten().tolist()) for _ in range(30)}
    assert len(orders) > 25
    first = np.mean([numbers_anew(things, generator)[0, 0, 0] == 1 for _ in range(300)])
    assert first == pytest.approx(1 / 6, abs=0.09), "each number as often as the others"


@given(maps())
def test_regions_are_connected_and_hold_the_same_pixels(things: Tensor) -> None:
    for one in things:
        regions = regions_of_numbers(one)
        assert torch.equal(regions > 0, one > 0) and ids(regions) == list(range(1, len(ids(regions)) + 1))
        assert all(len(one[regions == number].unique()) == 1 for number in ids(regions))
        assert torch.equal(regions_of_numbers(regions) > 0, one > 0)
        assert len(ids(regions_of_numbers(regions))) == len(ids(regions)) >= len(ids(one))


def test_reading_numbers_by_hand() -> None:
    numbers = torch.zeros(10, 20, dtype=torch.int64)
    numbers[:5, :5], numbers[5:, 15:], numbers[0, 5:20] = 3, 3, 7
    assert len(objects_of_numbers(numbers)) == 1, "one number, one object; what is too small is none"
    assert len(objects_of_numbers(regions_of_numbers(numbers))) == 2
    truth = regions_of_numbers(numbers)
    assert count_found([numbers], [truth]) == 1, "25 of 50 pixels: an IoU of 0.5 is enough, for one of the two"
    assert count_found([truth], [truth]) == 2 and count_found([numbers * 0], [truth]) == 0
    numbers[1, 19] = 7
    assert (numbers == 7).sum() == SMALLEST and len(objects_of_numbers(numbers)) == 2, "16 pixels are enough"


# --- numbers or centres ---


@pytest.fixture(scope="module")
def collages() -> tuple[Tensor, ...]:
    return small_collages(12, VALIDATION)


def test_small_collages_are_those_of_lesson_4_halved(collages: tuple[Tensor, ...]) -> None:
    image, semantic, things = collages
    assert image.shape == (12, 3, 64, 64) and semantic.shape == things.shape == (12, 64, 64)
    assert torch.equal(things > 0, semantic == COINS.id("coin"))
    assert max(len(ids(one)) for one in small_collages(60, 0)[2]) <= MOST


def test_only_the_last_layer_differs() -> None:
    """Even the first weights are the same with one seed."""
    weights = []
    for make_net, _ in WAYS.values():
        torch.manual_seed(3)
        weights.append(make_net().state_dict())
    for other in weights[1:]:
        assert other.keys() == weights[0].keys()
        same = {key for key in other if other[key].equal(weights[0][key])}
        assert other.keys() - same <= {"unet.head.weight", "unet.head.bias"}
    assert [len(each["unet.head.bias"]) // 4 for each in weights] == [1 + MOST, 1 + MOST, 5]


@pytest.mark.parametrize("way", WAYS)
def test_a_way_can_be_taught_and_gives_numbers(
    way: str, collages: tuple[Tensor, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers_or_centers, "STEPS", 3)
    first, again = (teach(way, collages, seed=4) for _ in range(2))
    assert first[1].loss == again[1].loss and len(first[1].loss) == 3, "the same seed, the same training"
    assert teach(way, collages, seed=5)[1].loss != first[1].loss
    numbers = first[0].numbers(collages[0][:BATCH])
    assert numbers.dtype == torch.int64 and numbers.shape == (BATCH, 64, 64) and numbers.min() >= 0
    assert isinstance(first[0], CenterNet if way.startswith("centres") else NumberNet)


def test_one_object_more_renumbers_all_and_moves_no_centre(collages: tuple[Tensor, ...]) -> None:
    image, semantic, things = collages
    copies = [tensor.clone() for tensor in collages]
    chosen, (new_image, new_semantic, new_things) = one_more_at_left(collages)
    assert all(torch.equal(copy, tensor) for copy, tensor in zip(copies, collages, strict=True))
    assert len(chosen) >= 10
    old = things[chosen] > 0
    before, after = numbers_left_to_right(things[chosen]), numbers_left_to_right(new_things)
    assert torch.equal(after[old], before[old] + 1)
    offsets = [center_targets(each)[1].movedim(1, -1)[old] for each in (things[chosen], new_things)]
    assert torch.equal(*offsets)
    new = (new_things > 0) & ~old
    assert new[:, :, 0].any(1).all(), "at the left edge"
    assert all(len(ids(one * mask)) == 1 for one, mask in zip(new_things, new, strict=True))
    assert torch.equal(new_image.movedim(1, -1)[~new], image[chosen].movedim(1, -1)[~new])
    assert torch.equal(new_semantic[~new], semantic[chosen][~new]) and (new_semantic[new] == COINS.id("coin")).all()
    assert not (semantic[chosen][new]).any(), "it covers neither coin nor void"


def test_no_coin_is_put_on_void(collages: tuple[Tensor, ...]) -> None:
    image, semantic, things = collages
    edge = torch.arange(64) < 6
    chosen, batch = one_more_at_left((image, semantic.masked_fill(edge & (things == 0), VOID), things))
    assert len(chosen) == 0 and [len(tensor) for tensor in batch] == [0, 0, 0]


def test_a_network_that_follows_the_rule_renumbers_all(
    collages: tuple[Tensor, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that goes by the place alone renumbers none."""
    chosen, (image, _, things) = one_more_at_left(collages)
    truth = {0: numbers_left_to_right(collages[2][chosen]), 1: numbers_left_to_right(things)}
    net = NumberNet().eval()
    monkeypatch.setattr(net, "numbers", lambda pictures: truth[int(torch.equal(pictures, image))])
    assert share_renumbered(net, collages) == 1
    monkeypatch.setattr(net, "numbers", lambda pictures: truth[0])
    assert share_renumbered(net, collages) == 0
    monkeypatch.setattr(net, "numbers", lambda pictures: truth[0] * 0)
    assert np.isnan(share_renumbered(net, collages))
