"""The dense CRF: equal to the sum over all pairs of pixels, and what lesson 3 claims of it, for better and worse."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, sqrt
from time import perf_counter

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.models import crf
from helpers.models.crf import dense_crf, smoothness_kernel
from helpers.scenes.street import street

pytestmark = pytest.mark.lesson3


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def one_hot(semantic: Tensor, num_categories: int) -> Tensor:
    known = semantic < num_categories  # void is no category
    return (F.one_hot(semantic.where(known, 0), num_categories) * known[..., None]).movedim(-1, 0).float()


def blurred(semantic: Tensor, num_categories: int, side: int = 9) -> Tensor:
    """The logits of a network that knows everything, but not where the borders are."""
    padded = F.pad(one_hot(semantic, num_categories)[None], [side // 2] * 4, mode="replicate")
    return F.avg_pool2d(padded, side, 1)[0].clamp(min=1e-3).log()


def wrong(scores: Tensor, semantic: Tensor) -> int:
    return int(((scores.argmax(0) != semantic) & (semantic < len(scores))).sum())


# --- probabilities ---


@pytest.mark.parametrize("shape", [(8, 96, 128), (2, 97, 131), (3, 1, 1), (5, 1, 40), (2, 33, 7)])
def test_a_probability_for_every_pixel_of_any_size(shape: tuple[int, ...]) -> None:
    logits, image = 4 * noise(*shape), noise(3, *shape[1:], seed=1)
    q = dense_crf(logits, image)
    assert q.shape == shape and q.dtype == torch.float32
    assert bool((q >= 0).all())
    assert torch.allclose(q.sum(0), torch.ones(shape[1:]), atol=1e-5)
    assert torch.equal(q, dense_crf(logits, image))


def test_without_weights_or_iterations_it_is_the_softmax() -> None:
    logits, image = 9 * noise(4, 20, 30), noise(3, 20, 30)
    for q in (dense_crf(logits, image, 5, 0, 0), dense_crf(logits, image, 0)):
        assert torch.allclose(q, logits.softmax(0), atol=1e-6)
    assert not torch.allclose(dense_crf(logits, image, 1, 1, 0), logits.softmax(0), atol=0.01)
    assert not torch.allclose(dense_crf(logits, image, 1, 0, 1), logits.softmax(0), atol=0.01)


def test_a_pixel_alone_hears_nobody() -> None:
    logits = torch.tensor([1.0, 0.0, -2.0])[:, None, None]
    assert torch.allclose(dense_crf(logits, torch.zeros(3, 1, 1)), logits.softmax(0), atol=1e-5)


def test_a_category_ruled_out_stays_out() -> None:
    logits = noise(3, 12, 12)
    logits[1, :6] = -torch.inf
    q = dense_crf(logits, noise(3, 12, 12))
    assert q.isfinite().all() and q[1, :6].max() == 0 < q[1, 6:].min()


# --- the same as all pairs of pixels ---


def specification(logits: Tensor, image: Tensor, iterations: int, weights: tuple[float, float], sigma: float) -> Tensor:
    """Algorithm 1, pair by pair, in double precision; kernels normalised on both sides, a pixel included there."""
    num_categories, height, width = logits.shape
    pixels = [(y, x) for y in range(height) for x in range(width)]
    color = {(y, x): image[:, y, x].tolist() for y, x in pixels}

    def far(i: tuple[int, int], j: tuple[int, int]) -> float:
        return (i[0] - j[0]) ** 2 + (i[1] - j[1]) ** 2

    def appearance(i: tuple[int, int], j: tuple[int, int]) -> float:
        unlike = sum((a - b) ** 2 for a, b in zip(color[i], color[j], strict=True))
        return exp(-far(i, j) / (2 * crf.POSITION_SIGMA**2) - unlike / (2 * sigma**2))

    def smoothness(i: tuple[int, int], j: tuple[int, int]) -> float:
        return exp(-far(i, j) / (2 * crf.SMOOTHNESS_SIGMA**2))

    pairwise = dict.fromkeys([(i, j) for i in pixels for j in pixels if i != j], 0.0)
    for weight, kernel in zip(weights, (appearance, smoothness), strict=True):
        total = {i: sum(kernel(i, j) for j in pixels) for i in pixels}
        for i, j in pairwise:
            pairwise[i, j] += weight * kernel(i, j) / sqrt(total[i] * total[j])

    unary = {(y, x): [-u for u in logits[:, y, x].double().log_softmax(0).tolist()] for y, x in pixels}
    q = {i: [exp(-u) for u in unary[i]] for i in pixels}
    for _ in range(iterations):
        message = {i: [sum(pairwise[i, j] * q[j][c] for j in pixels if j != i) for c in range(num_categories)]
                   for i in pixels}  # fmt: skip
        q = {}
        for i in pixels:
            energy = [
                unary[i][c] + sum(message[i][other] for other in range(num_categories) if other != c)
                for c in range(num_categories)
            ]
            odds = [exp(-e) for e in energy]
            q[i] = [odd / sum(odds) for odd in odds]
    return torch.tensor([q[i] for i in pixels]).T.reshape(logits.shape)


@pytest.mark.parametrize(
    ("iterations", "weights", "sigma"),
    [(1, (3, 0), 0.4), (1, (0, 3), 0.4), (2, (3, 0.5), 0.3), (5, (6, 1), 0.3), (5, (1, 4), 0.2), (3, (10, 0), 0.6)],
)
def test_it_is_the_papers_algorithm(
    monkeypatch: pytest.MonkeyPatch, iterations: int, weights: tuple[float, float], sigma: float
) -> None:
    """Where every pixel has a cell of its own, nothing is approximate."""
    monkeypatch.setattr(crf, "POSITION_SIGMA", 1.9)  # so that a cell is less than a pixel wide
    logits, image = 3 * noise(3, 6, 7, seed=1), noise(3, 6, 7, seed=2)
    expected = specification(logits, image, iterations, weights, sigma)
    assert torch.allclose(dense_crf(logits, image, iterations, *weights, sigma), expected, atol=1e-4)
    assert (expected - logits.softmax(0)).abs().max() > 0.05


def all_pairs(image: Tensor, sigma: float) -> crf.KernelSum:
    """The appearance kernel between all pixels, a matrix too large for larger pictures."""
    axes = (torch.arange(side) for side in image.shape[1:])
    places = torch.stack(torch.meshgrid(*axes, indexing="ij")) / crf.POSITION_SIGMA
    features = torch.cat([places, image / sigma]).flatten(1).T
    kernel = (-(torch.cdist(features, features) ** 2) / 2).exp()
    return lambda values: (values.flatten(1) @ kernel).view_as(values)


@pytest.mark.parametrize("sigma", [0.03, 0.04, 0.1, 0.2])
@pytest.mark.parametrize("seed", [1_000_000, 1_000_003])
def test_cells_come_near_to_all_pairs(monkeypatch: pytest.MonkeyPatch, seed: int, sigma: float) -> None:
    """Probabilities within 1 % on average, and the same answer at 98.5 % of the pixels."""
    scene = street(seed, size=(64, 80))
    logits = blurred(scene.semantic, 8)
    q = dense_crf(logits, scene.image, color_sigma=sigma)
    monkeypatch.setattr(crf, "appearance_kernel", all_pairs)
    exact = dense_crf(logits, scene.image, color_sigma=sigma)
    changed = (exact - logits.softmax(0)).abs().sum(0).mean() / 2
    assert (q - exact).abs().sum(0).mean() / 2 < min(0.01, changed / 4)
    assert (q.argmax(0) == exact.argmax(0)).float().mean() > 0.985


def test_there_are_never_too_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    image, asked = noise(3, 96, 128), []
    gaussian = crf.gaussian
    monkeypatch.setattr(crf, "gaussian", lambda points: asked.append(len(points)) or gaussian(points))
    for sigma in (0.01, 0.1, 10.0):
        crf.appearance_kernel(image, sigma)
    assert asked[0] <= crf.MOST_CELLS and asked[1] <= crf.MOST_CELLS
    assert asked[2] == 24 * 32  # one colour: cells of 4 × 4 pixels, half of the position's sigma


def test_cells_are_a_grid_of_any_dimension() -> None:
    features = torch.tensor([[0.6, 0.9, 1.1, 0.4, 0.7], [7.0, 7.4, 7.1, 7.2, 8.9]])
    cell = crf.cells(features, 0.5)
    assert cell.tolist() == [1, 1, 3, 0, 2]
    assert crf.cells(features, 100.0).tolist() == [0, 0, 0, 0, 0]


# --- what it does to borders ---


@pytest.fixture
def disc() -> Tensor:
    y, x = torch.meshgrid(torch.arange(48), torch.arange(64), indexing="ij")
    return ((y - 24) ** 2 + (x - 30) ** 2 < 15**2).long()


def painted(semantic: Tensor, *colors: tuple[float, float, float]) -> Tensor:
    return torch.tensor(colors)[semantic].movedim(-1, 0)


def test_a_border_moves_to_where_the_colour_changes(disc: Tensor) -> None:
    logits = blurred(disc.roll(3, 1), 2)  # three pixels too far to the right
    image = painted(disc, (0.2, 0.4, 0.3), (0.6, 0.5, 0.3))
    assert wrong(dense_crf(logits, image), disc) < wrong(logits, disc) / 4
    noisy = (image + 0.04 * (noise(3, 48, 64) - 0.5)).clamp(0, 1)
    assert wrong(dense_crf(logits, noisy), disc) < wrong(logits, disc) / 4


@pytest.mark.parametrize("unlike", [0.0, 0.01])
def test_where_colour_says_nothing_it_does_not_help(disc: Tensor, unlike: float) -> None:
    """One colour, and a camouflage of nearly one: the same border, as wrong as before or worse."""
    logits = blurred(disc.roll(3, 1), 2)
    image = painted(disc, (0.4, 0.4, 0.3), (0.4 + unlike, 0.4, 0.3))
    for weight in (3.0, 10.0):
        assert wrong(dense_crf(logits, image, appearance_weight=weight), disc) > 0.9 * wrong(logits, disc)


def test_a_colour_that_misleads_does_harm() -> None:
    """A shadow over half of the road: the border is right at first and drawn to the shadow's edge."""
    semantic = (torch.arange(64) >= 32).long().expand(48, 64)
    image = painted((torch.arange(64) >= 26).long().expand(48, 64), (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))
    logits = blurred(semantic, 2, side=15)
    assert wrong(logits, semantic) == 0
    assert wrong(dense_crf(logits, image), semantic) > 48  # more than a column


@pytest.mark.parametrize("thickness", [1, 2])
def test_a_thin_thing_is_eaten_unless_its_colour_saves_it(thickness: int) -> None:
    line = torch.zeros(48, 64, dtype=torch.int64)
    line[8:40, 30 : 30 + thickness] = 1
    logits = one_hot(line, 2)  # the network is right, and somewhat sure
    camouflaged, bright = (painted(line, (0.4, 0.4, 0.4), (grey, grey, grey)) for grey in (0.42, 0.9))

    def left(image: Tensor, *weights: float) -> float:
        return float(dense_crf(logits, image, 5, *weights).argmax(0)[line == 1].float().mean())

    assert left(camouflaged, 0.2, 0) == 1
    assert left(camouflaged, 10, 0) < 0.1
    assert left(bright, 10, 0) == 1
    assert left(bright, 0, 10) < 0.1  # smoothness knows no colour


def test_what_only_noise_says_is_smoothed_away(disc: Tensor) -> None:
    logits = one_hot(disc, 2) + 3 * (noise(2, 48, 64) - 0.5)
    for weights in ((3.0, 0.0), (0.0, 3.0)):
        q = dense_crf(logits, painted(disc, (0.2, 0.4, 0.3), (0.6, 0.5, 0.3)), 5, *weights)
        assert wrong(q, disc) < wrong(logits, disc) / 3


def test_it_helps_on_streets() -> None:
    before = after = 0
    for seed in range(1_000_000, 1_000_010):
        scene = street(seed)
        logits = blurred(scene.semantic, 8)
        before += wrong(logits, scene.semantic)
        after += wrong(dense_crf(logits, scene.image), scene.semantic)
    assert after < 0.9 * before


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine say nothing about the code."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_it_is_quick_enough_for_a_slider() -> None:
    scene = street(0)
    logits, seconds = blurred(scene.semantic, 8), []
    for _ in range(5):
        start = perf_counter()
        dense_crf(logits, scene.image)
        seconds.append(perf_counter() - start)
    assert min(seconds) < 0.3  # some 0.04 on a free core


# --- errors ---


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"logits": torch.zeros(1, 2, 6, 8)}, r"logits: expected float \[C, H, W\], got torch.float32 \[1, 2, 6, 8\]"),
        ({"logits": torch.zeros(2, 6, 8).long()}, r"logits: expected float \[C, H, W\], got torch.int64"),
        ({"logits": torch.zeros(2, 0, 8)}, r"logits: expected float \[C, H, W\], got torch.float32 \[2, 0, 8\]"),
        ({"logits": torch.zeros(1, 6, 8)}, "logits: expected 2 or more categories, got 1"),
        ({"image": torch.zeros(6, 8)}, r"image: expected float \[3, H, W\], got torch.float32 \[6, 8\]"),
        ({"image": torch.zeros(3, 6, 8).byte()}, r"image: expected float \[3, H, W\], got torch.uint8"),
        ({"image": torch.zeros(1, 6, 8)}, r"image: expected \[3, 6, 8\], the size of logits, got \[1, 6, 8\]"),
        ({"image": torch.zeros(3, 8, 6)}, r"image: expected \[3, 6, 8\], the size of logits, got \[3, 8, 6\]"),
        ({"image": torch.full((3, 6, 8), 255.0)}, r"image: expected values in 0..1, got 255..255"),
        ({"image": torch.full((3, 6, 8), -0.5)}, r"image: expected values in 0..1, got -0.5..-0.5"),
        ({"image": torch.full((3, 6, 8), torch.nan)}, r"image: expected values in 0..1, got nan..nan"),
        ({"iterations": -1}, "iterations: expected 0 or more, got -1"),
        ({"appearance_weight": -0.5}, "appearance_weight: expected 0 or more, got -0.5"),
        ({"smoothness_weight": -1.0}, "smoothness_weight: expected 0 or more, got -1.0"),
        ({"color_sigma": 0.0}, "color_sigma: expected more than 0, got 0.0"),
    ],
)
def test_bad_input_is_named(changed: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dense_crf(**{"logits": torch.zeros(2, 6, 8), "image": torch.zeros(3, 6, 8)} | changed)


def test_a_pixel_without_numbers_is_refused_and_an_impossible_category_is_not() -> None:
    image = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    for value in (torch.nan, -torch.inf, torch.inf):
        logits = torch.zeros(3, 8, 8)
        logits[:, 5, 5] = value
        with pytest.raises(ValueError, match="logits: expected numbers, .*, got 1 pixels without"):
            dense_crf(logits, image)
    logits = torch.zeros(3, 8, 8)
    logits[0] = -torch.inf
    shares = dense_crf(logits, image)
    assert shares[0].max() == 0 and torch.allclose(shares.sum(0), torch.ones(8, 8))


def test_smoothness_is_the_same_in_every_row_however_tall_the_picture() -> None:
    weights = smoothness_kernel(torch.zeros(3, 6000, 2))(torch.ones(1, 6000, 2))[0, 10:-10, 0]
    assert weights.max() - weights.min() < 1e-4  # far from both edges
