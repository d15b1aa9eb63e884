"""The networks: shapes for every size, what they can see, and what lesson 2 claims of its two heads."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from helpers.arguments import check_image
from helpers.categories import Category, CategorySet
from helpers.models.encoder import Encoder
from helpers.models.fcn import FCN
from helpers.models.two_heads import TwoHeads
from helpers.models.unet import UNet


def words(count: int) -> CategorySet:
    return CategorySet("test", tuple(Category(number, str(number), False, (number,) * 3) for number in range(count)))


def weights(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def pictures(*size: int, count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(0))


def settled(net: nn.Module) -> nn.Module:
    """In evaluation mode, with random batch statistics, so that no layer is the identity by chance."""
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -0.2, 0.2)
            nn.init.uniform_(layer.running_var, 0.5, 2)
    return net.eval()


def reach(net: nn.Module, size: int, row: int) -> tuple[int, int]:
    """The first and the last row of the picture that the answer at the middle of `row` depends on."""
    image = pictures(size, size, count=1).requires_grad_()
    net(image)[0, :, row, size // 2].sum().backward()
    rows = image.grad.abs().sum((0, 1, 3)).nonzero()
    return int(rows.min()), int(rows.max())


# --- U-Net ---


@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize("size", [(96, 128), (97, 131), (33, 32), (64, 95)])
def test_unet_answers_for_every_pixel_of_any_size(size: tuple[int, int], skips: bool) -> None:
    net = UNet(words(5), channels=(4, 6, 8, 10, 12), skips=skips)
    logits = net(pictures(*size))
    assert logits.shape == (2, 5, *size) and logits.dtype == torch.float32
    assert logits.isfinite().all()


def test_unet_is_small() -> None:
    assert 100_000 < weights(UNet(words(8))) < 1_000_000


def test_the_way_down_halves_at_every_step() -> None:
    features = Encoder((4, 6, 8, 10, 12))(pictures(64, 96))
    assert [tuple(level.shape[1:]) for level in features] == [
        (4, 32, 48),
        (6, 16, 24),
        (8, 8, 12),
        (10, 4, 6),
        (12, 2, 3),
    ]


def test_a_level_may_keep_its_size_and_look_wider_instead() -> None:
    """As DeepLab does: stride 1 and dilation where the others halve the features."""
    torch.manual_seed(0)
    net = settled(Encoder((4, 6, 8, 10), strides=(2, 1, 1), dilations=(1, 2, 4)))
    levels = net(pictures(64, 96))
    assert [tuple(level.shape[1:]) for level in levels] == [(4, 32, 48), (6, 16, 24), (8, 16, 24), (10, 16, 24)]
    plain = settled(Encoder((4, 6, 8, 10), strides=(2, 1, 1)))
    seen = []
    for each in (net, plain):
        image = pictures(192, 192, count=1).requires_grad_()
        each(image)[-1][0, :, 24, 24].sum().backward()
        rows = image.grad.abs().sum((0, 1, 3)).nonzero()
        seen.append(int(rows.max() - rows.min()) + 1)
    cells = seen[0] - seen[1]
    assert cells == 2 * 4 * (2 * (2 - 1) + 2 * (4 - 1))  # two convolutions a level, each 4 · (dilation - 1) further
    with pytest.raises(ValueError, match="dilations: expected 3, one for each level after the first, got 2"):
        Encoder((4, 6, 8, 10), dilations=(1, 2))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (
            torch.randint(0, 256, (1, 3, 8, 8), dtype=torch.uint8),
            r"float \[B, 3, H, W\], got torch.uint8 \[1, 3, 8, 8\]",
        ),
        (torch.rand(1, 3, 8, 8) * 255, r"values in 0..1, got \S+\.\.2\d\d"),
        (torch.rand(1, 3, 8, 8) - 0.5, r"values in 0..1, got -0.\d+\.\.0.\d+"),
        (torch.full((1, 3, 8, 8), torch.nan), r"values in 0..1, got nan..nan"),
        (torch.zeros(0, 3, 8, 8), r"float \[B, 3, H, W\], got torch.float32 \[0, 3, 8, 8\]"),
        (None, r"float \[B, 3, H, W\], got NoneType"),
    ],
)
def test_a_picture_of_another_kind_is_refused(image: torch.Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=f"image: expected {words}"):
        check_image(image)


def test_a_picture_may_be_rounded() -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        check_image(torch.tensor([-1e-3, 0.5, 1.004]).to(dtype).view(1, 3, 1, 1))


def test_without_skips_only_the_coarsest_features_go_up() -> None:
    torch.manual_seed(0)
    whole, cut = (settled(UNet(words(3), channels=(4, 6, 8), skips=skips)) for skips in (True, False))
    beside = sum(3 * 3 * skip * skip for skip in (4, 6))  # what the convolutions on the way up read from the skips
    assert weights(whole) - weights(cut) == beside
    # Coarse features alone, one for 8 × 8 pixels, leave all 2 × 2 cells of their block alike: the answer repeats there.
    for net, coarse in ((whole, False), (cut, True)):
        net.head.weight.data[:] = net.head.weight.data[:1]  # one answer for the four pixels of a cell
        net.head.bias.data[:] = 0
        for level in net.up:  # look at one cell, not around it
            level[0].weight.data[..., [0, 0, 0, 1, 1, 2, 2, 2], [0, 1, 2, 0, 2, 0, 1, 2]] = 0
        blocks = net(pictures(32, 32)).unfold(2, 8, 8).unfold(3, 8, 8).flatten(-2)
        assert bool((blocks == blocks[..., :1]).all()) == coarse


def test_unet_sees_far() -> None:
    torch.manual_seed(0)
    first, last = reach(settled(UNet(words(3), channels=(4, 6, 8, 10, 12))), 256, 128)
    assert 0 < first < 128 - 90 and 128 + 90 < last < 255


def test_unet_pads_at_the_right_and_below_only() -> None:
    """A row and a column of the padding's grey change nothing for who adds them himself."""
    torch.manual_seed(0)
    net = settled(UNet(words(3), channels=(4, 6, 8)))
    image = pictures(63, 61)
    padded = torch.full((2, 3, 64, 62), 0.5)
    padded[..., :63, :61] = image
    assert torch.equal(net(image), net(padded)[..., :63, :61])


@pytest.mark.parametrize("shape", [(3, 96, 128), (2, 3, 96), (2, 1, 96, 128), (2, 96, 128, 3)])
def test_unet_names_a_wrong_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"image: expected float \[B, 3, H, W\], got torch.float32 \[") as error:
        UNet(words(2), channels=(4, 6))(torch.zeros(shape))
    assert str(list(shape)) in str(error.value)


@pytest.mark.lesson3
def test_the_pyramid_is_what_the_answer_is_made_of() -> None:
    torch.manual_seed(0)
    net = settled(UNet(words(3), channels=(4, 6, 8)))
    levels = net.pyramid(pictures(32, 48))
    assert [tuple(level.shape[1:]) for level in levels] == [(4, 16, 24), (6, 8, 12), (8, 4, 6)]
    answer = net.head(levels[0]).unflatten(1, (3, 2, 2))  # (B, C, 2, 2, H/2, W/2)
    assert torch.equal(net(pictures(32, 48))[..., ::2, 1::2], answer[:, :, 0, 1])


# --- FCN: lesson 3 ---


@pytest.mark.lesson3
@pytest.mark.parametrize("stride", [32, 16, 8])
@pytest.mark.parametrize("size", [(96, 128), (97, 131), (33, 32)])
def test_fcn_answers_for_every_pixel_of_any_size(size: tuple[int, int], stride: int) -> None:
    logits = FCN(words(5), (4, 6, 8, 10, 12), stride)(pictures(*size))
    assert logits.shape == (2, 5, *size) and logits.isfinite().all()
    assert weights(FCN(words(8), stride=stride)) < 1_000_000


@pytest.mark.lesson3
@pytest.mark.parametrize("stride", [32, 16, 8])
@torch.no_grad()
def test_fcn_adds_the_scores_of_finer_stages(stride: int) -> None:
    """The answer is linear in each stage's scores: their enlarged sum, stage after stage."""
    torch.manual_seed(0)
    net = settled(FCN(words(3), (4, 6, 8, 10, 12), stride))
    stages = net.stage_scores(pictures(64, 96))
    assert [64 // stage.shape[-2] for stage in stages] == [s for s in (32, 16, 8) if s >= stride]
    expected = stages[0]
    for stage in stages[1:]:
        expected = nn.functional.interpolate(expected, scale_factor=2, mode="bilinear") + stage
    expected = nn.functional.interpolate(expected, scale_factor=stride, mode="bilinear")
    assert torch.allclose(net(pictures(64, 96)), expected, atol=1e-5)


@pytest.mark.lesson3
def test_fcn_names_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="stride: expected 8, 16 or 32, got 4"):
        FCN(words(3), stride=4)
    with pytest.raises(ValueError, match=r"image: expected float \[B, 3, H, W\], got torch.float32 \[3, 96, 128\]"):
        FCN(words(3), stride=8)(torch.zeros(3, 96, 128))


# --- one trunk, two heads: lesson 2 ---


@pytest.fixture
def two_heads() -> TwoHeads:
    torch.manual_seed(0)
    return settled(TwoHeads(words(8)))


@pytest.mark.lesson2
@pytest.mark.parametrize("size", [(96, 128), (97, 130)])
def test_one_answer_for_the_picture_or_one_for_each_cell(two_heads: TwoHeads, size: tuple[int, int]) -> None:
    image = pictures(*size)
    rows, columns = (-(-side // TwoHeads.stride) for side in size)
    assert two_heads.classify(image).shape == (2, 8)
    assert two_heads.segment(image).shape == (2, 8, rows, columns)
    assert two_heads.segment(image, (2, 3)).shape == (2, 8, 2, 3)
    assert two_heads(image).shape == (2, 8, *size)


@pytest.mark.lesson2
def test_the_heads_cost_the_same(two_heads: TwoHeads) -> None:
    assert weights(two_heads.whole) == weights(two_heads.cell) == 48 * 8 + 8


@pytest.mark.lesson2
@torch.no_grad()
def test_a_grid_of_one_block_is_the_mean_and_then_the_head(two_heads: TwoHeads) -> None:
    image = pictures(96, 128)
    features = two_heads.trunk(image - 0.5).mean((2, 3))
    expected = features @ two_heads.cell.weight[:, :, 0, 0].T + two_heads.cell.bias
    assert torch.allclose(two_heads.segment(image, (1, 1))[..., 0, 0], expected, atol=1e-5)


@pytest.mark.lesson2
@torch.no_grad()
def test_the_slider_walks_from_one_answer_to_one_for_each_cell(two_heads: TwoHeads) -> None:
    image = pictures(96, 128)
    cells = two_heads.segment(image)
    for grid in ((1, 1), (2, 2), (6, 8), (24, 32)):
        blocks = cells.unflatten(2, (grid[0], -1)).unflatten(4, (grid[1], -1)).mean((3, 5))
        assert torch.allclose(two_heads.segment(image, grid), blocks, atol=1e-5)
    assert torch.equal(two_heads.segment(image, (24, 32)), cells)


@pytest.mark.lesson2
@torch.no_grad()
def test_a_classifier_holds_a_map_whose_mean_is_its_answer(two_heads: TwoHeads) -> None:
    """The class activation map of lesson 2 (Zhou et al. 2016, section 2)."""
    image = pictures(96, 128)
    weight, bias = two_heads.whole.weight, two_heads.whole.bias
    features = two_heads.trunk(image - 0.5)
    hidden_map = torch.einsum("ck,bkhw->bchw", weight, features) + bias[:, None, None]
    assert torch.allclose(hidden_map.mean((2, 3)), two_heads.classify(image), atol=1e-5)
    assert hidden_map.flatten(2).std(2).min() > 1e-3  # and it is a map: not the same everywhere


@pytest.mark.lesson2
@torch.no_grad()
def test_the_map_is_the_cells_enlarged(two_heads: TwoHeads) -> None:
    """Bilinear: at the corners the pixel is the cell's answer, and no pixel goes beyond the cells around it."""
    image = pictures(96, 128)
    cells, whole = two_heads.segment(image), two_heads(image)
    assert torch.allclose(whole[..., [0, 0, -1, -1], [0, -1, 0, -1]], cells[..., [0, 0, -1, -1], [0, -1, 0, -1]])
    assert whole.amax() <= cells.amax() + 1e-6 and whole.amin() >= cells.amin() - 1e-6


@pytest.mark.lesson2
def test_a_cell_looks_far_around_it() -> None:
    """A pixel lies between two cells; each looks 1 + 2 + 4 + 8 cells to both sides, a cell three pixels."""
    torch.manual_seed(0)
    above, below = 128 // 4 - 1, 128 // 4  # row 128 of the picture is near the top of cell 32
    assert reach(settled(TwoHeads(words(2), channels=(4, 8))), 256, 128) == (4 * (above - 15) - 3, 4 * (below + 15) + 3)
