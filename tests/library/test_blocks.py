"""Residual block, resampling, attention and the group rule against loops, formulas and torch's own attention."""

import math

import pytest
import torch
import torch.nn.functional as F
from helpers import assert_close, perturb, randn
from torch import Tensor, nn

from course_lib import Downsample, ResidualBlock, SelfAttention, Upsample, group_norm, num_groups


def groups_by_brute_force(channels: int) -> int:
    """The largest of 1 to 32 that divides the channels and leaves four a group; one group where none does."""
    return max([g for g in range(1, 33) if channels % g == 0 and channels / g >= 4], default=1)


def group_norm_by_hand(x: Tensor, norm: nn.GroupNorm) -> Tensor:
    """Group by group: subtract the mean, divide by the root of the biased variance, then scale and shift channels."""
    out = torch.empty_like(x)
    size = x.shape[1] // groups_by_brute_force(x.shape[1])
    for b in range(x.shape[0]):
        for start in range(0, x.shape[1], size):
            group = x[b, start : start + size]
            mean = group.sum() / group.numel()
            variance = ((group - mean) ** 2).sum() / group.numel()
            out[b, start : start + size] = (group - mean) / (variance + 1e-5).sqrt()
    return out * norm.weight[:, None, None] + norm.bias[:, None, None]


def silu_by_hand(x: Tensor) -> Tensor:
    return x / (1 + torch.exp(-x))


def conv3x3_by_hand(x: Tensor, conv: nn.Conv2d, stride: int) -> Tensor:
    """A 3x3 convolution with a border of zeros, one multiplication at a time."""
    image, weight, bias = x.tolist(), conv.weight.tolist(), conv.bias.tolist()
    batch, channels, height, width = x.shape

    def pixel(b: int, c: int, i: int, j: int) -> float:
        return image[b][c][i][j] if 0 <= i < height and 0 <= j < width else 0.0

    def output(b: int, o: int, i: int, j: int) -> float:
        return bias[o] + sum(
            weight[o][c][di][dj] * pixel(b, c, i + di - 1, j + dj - 1)
            for c in range(channels)
            for di in range(3)
            for dj in range(3)
        )

    rows, columns = range(0, height, stride), range(0, width, stride)
    values = [[[[output(b, o, i, j) for j in columns] for i in rows] for o in range(len(bias))] for b in range(batch)]
    return torch.tensor(values, dtype=torch.float64)


def test_number_of_groups_equals_brute_force_for_1_to_512_channels() -> None:
    actual = {channels: num_groups(channels) for channels in range(1, 513)}
    assert actual == {channels: groups_by_brute_force(channels) for channels in range(1, 513)}


@pytest.mark.parametrize("channels", [3, 8, 24, 40, 64])
def test_group_norm_equals_the_norm_by_hand(channels: int) -> None:
    norm = perturb(group_norm(channels).double())
    x = 3 * randn(2, channels, 5, 3) + 1
    assert_close(norm(x), group_norm_by_hand(x, norm), atol=1e-12)


@pytest.mark.parametrize(("channels_in", "channels_out"), [(12, 20), (20, 12), (16, 16), (8, 2)])
def test_residual_block_equals_the_block_by_hand(channels_in: int, channels_out: int) -> None:
    block = perturb(ResidualBlock(channels_in, channels_out, 6, dropout=0.7).double()).eval()
    x, emb = randn(3, channels_in, 6, 4, seed=1), randn(3, 6, seed=2)
    h = silu_by_hand(group_norm_by_hand(x, block.norm1))
    h = F.conv2d(h, block.conv1.weight, block.conv1.bias, padding=1)
    added = torch.einsum("oi,bi->bo", block.emb_proj.weight, silu_by_hand(emb)) + block.emb_proj.bias
    h = silu_by_hand(group_norm_by_hand(h + added[:, :, None, None], block.norm2))
    h = F.conv2d(h, block.conv2.weight, block.conv2.bias, padding=1)
    if channels_in == channels_out:
        shortcut = x
    else:
        shortcut = torch.einsum("oi,bihw->bohw", block.skip_conv.weight[:, :, 0, 0], x)
        shortcut = shortcut + block.skip_conv.bias[:, None, None]
    assert_close(block(x, emb), h + shortcut, atol=1e-12)


def test_dropout_stands_before_the_second_convolution_and_only_while_training() -> None:
    block = perturb(ResidualBlock(8, 12, 6, dropout=0.4).double())
    x, emb = randn(2, 8, 6, 4, seed=1), randn(2, 6, seed=2)

    def by_hand(training: bool) -> Tensor:
        h = block.conv1(F.silu(group_norm_by_hand(x, block.norm1))) + block.emb_proj(F.silu(emb))[:, :, None, None]
        h = F.dropout(F.silu(group_norm_by_hand(h, block.norm2)), 0.4, training)
        return block.conv2(h) + block.skip_conv(x)

    for seed in (0, 1):
        torch.manual_seed(seed)
        actual = block.train()(x, emb)
        torch.manual_seed(seed)
        assert_close(actual, by_hand(training=True), atol=1e-12)
        assert_close(block.eval()(x, emb), by_hand(training=False), atol=1e-12)
        assert (actual - by_hand(training=False)).abs().max() > 0.1


def test_every_image_of_a_batch_hears_its_own_embedding() -> None:
    block = perturb(ResidualBlock(8, 8, 6).double()).eval()
    x, emb = randn(3, 8, 4, 4, seed=1), randn(3, 6, seed=2)
    other = emb.clone()
    other[1] = randn(6, seed=3)
    changed = (block(x, emb) - block(x, other)).abs().amax(dim=(1, 2, 3))
    assert changed[0] == 0
    assert changed[1] > 0.01
    assert changed[2] == 0


def test_downsample_equals_the_naive_loop_over_windows_two_pixels_apart() -> None:
    layer = perturb(Downsample(3).double())
    x = randn(2, 3, 6, 4)
    assert_close(layer(x), conv3x3_by_hand(x, layer.conv, stride=2), atol=1e-13)


def test_upsample_equals_the_naive_loop_over_repeated_pixels() -> None:
    layer = perturb(Upsample(3).double())
    x = randn(2, 3, 3, 2)
    rows = [[[[x[b, c, i // 2, j // 2].item() for j in range(4)] for i in range(6)] for c in range(3)] for b in (0, 1)]
    repeated = torch.tensor(rows, dtype=torch.float64)
    assert_close(layer(x), conv3x3_by_hand(repeated, layer.conv, stride=1), atol=1e-13)


@pytest.mark.parametrize(("channels", "heads"), [(24, 4), (24, 1), (12, 3), (8, 8)])
def test_self_attention_equals_torchs_multi_head_attention_with_the_same_weights(channels: int, heads: int) -> None:
    layer = perturb(SelfAttention(channels, heads).double())
    theirs = nn.MultiheadAttention(channels, heads, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(layer.qkv.weight[:, :, 0, 0])
        theirs.in_proj_bias.copy_(layer.qkv.bias)
        theirs.out_proj.weight.copy_(layer.proj.weight[:, :, 0, 0])
        theirs.out_proj.bias.copy_(layer.proj.bias)
    x = 2 * randn(3, channels, 5, 3)
    pixels = group_norm_by_hand(x, layer.norm).reshape(3, channels, 15).permute(0, 2, 1)
    attended, _ = theirs(pixels, pixels, pixels, need_weights=False)
    assert_close(layer(x), x + attended.permute(0, 2, 1).reshape(x.shape), atol=1e-12)


def test_self_attention_equals_the_naive_loop_over_heads_and_pixels() -> None:
    channels, heads, height, width = 8, 2, 3, 2
    d, n = channels // heads, height * width
    layer = perturb(SelfAttention(channels, heads).double())
    x = 2 * randn(2, channels, height, width)
    normed = group_norm_by_hand(x, layer.norm).reshape(2, channels, n)
    qkv = torch.einsum("oc,bcn->bon", layer.qkv.weight[:, :, 0, 0], normed) + layer.qkv.bias[:, None]
    expected = x.clone().reshape(2, channels, n)
    for b in range(2):
        gathered = [[0.0] * n for _ in range(channels)]
        for head in range(heads):
            # rows of qkv: all queries, all keys, all values, and within each head after head
            q, k, v = (
                qkv[b, part * channels + head * d : part * channels + (head + 1) * d].tolist() for part in (0, 1, 2)
            )
            for i in range(n):
                scores = [sum(q[c][i] * k[c][j] for c in range(d)) / math.sqrt(d) for j in range(n)]
                total = sum(math.exp(score) for score in scores)
                for c in range(d):
                    gathered[head * d + c][i] = sum(math.exp(scores[j]) / total * v[c][j] for j in range(n))
        mixed = layer.proj.weight[:, :, 0, 0] @ torch.tensor(gathered, dtype=torch.float64)
        expected[b] += mixed + layer.proj.bias[:, None]
    assert_close(layer(x), expected.reshape(x.shape), atol=1e-12)


@pytest.mark.parametrize("part", [0, 1, 2], ids=["query", "key", "value"])
@pytest.mark.parametrize("head", [0, 1, 2])
def test_rows_of_qkv_belong_to_query_key_value_and_within_each_to_head_after_head(part: int, head: int) -> None:
    channels, heads = 12, 3
    d = channels // heads
    layer = perturb(SelfAttention(channels, heads).double())
    with torch.no_grad():
        layer.proj.weight.copy_(torch.eye(channels)[:, :, None, None])
    x = randn(1, channels, 4, 3)
    before = layer(x)
    rows = slice(part * channels + head * d, part * channels + (head + 1) * d)
    with torch.no_grad():
        layer.qkv.weight[rows] *= -3
    changed = (layer(x) - before).abs().amax(dim=(0, 2, 3)) > 1e-6
    assert changed.tolist() == [head * d <= c < (head + 1) * d for c in range(channels)]


def test_with_queries_of_zero_every_pixel_receives_the_mean_value() -> None:
    layer = perturb(SelfAttention(8, 2).double())
    with torch.no_grad():
        layer.qkv.weight[:8].zero_()
        layer.qkv.bias[:8].zero_()
    x = randn(2, 8, 4, 3)
    values = torch.einsum("oc,bchw->bohw", layer.qkv.weight[16:, :, 0, 0], group_norm_by_hand(x, layer.norm))
    mean = values.mean(dim=(2, 3)) + layer.qkv.bias[16:]
    added = mean @ layer.proj.weight[:, :, 0, 0].T + layer.proj.bias
    assert_close(layer(x), x + added[:, :, None, None], atol=1e-12)
