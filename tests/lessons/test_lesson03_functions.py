"""The functions of lesson 03 against torch's own norm, loops and closed forms, and the claims its figures make."""

import pytest
import torch
import torch.nn.functional as F
from helpers import assert_close, randn
from torch import nn

from course_lib import ResidualBlock, num_groups
from course_lib.lessons.lesson03 import figures as lesson03
from course_lib.warm_ups import add_to_every_pixel, normalize_groups


@pytest.mark.parametrize(("channels", "groups"), [(8, 1), (8, 2), (12, 4), (15, 3), (6, 6), (1, 1)])
@pytest.mark.parametrize("size", [(5, 3), (1, 1), (4, 4)])
def test_normalize_groups_equals_torchs_group_norm(channels, groups, size):
    x = 3 * randn(3, channels, *size) + 2
    assert_close(normalize_groups(x, groups), F.group_norm(x, groups), atol=1e-9)
    assert_close(normalize_groups(x, groups, eps=0.5), F.group_norm(x, groups, eps=0.5), atol=1e-12)


def test_a_normalised_group_has_mean_0_and_variance_1_in_the_closed_form():
    x = torch.tensor([1.0, 3.0, 5.0, 7.0], dtype=torch.float64).reshape(1, 2, 1, 2)
    expected = torch.tensor([-3.0, -1.0, 1.0, 3.0], dtype=torch.float64) / 5**0.5  # mean 4, variance 5
    assert_close(normalize_groups(x, 1, eps=0.0).flatten(), expected, atol=1e-15)


def test_a_constant_group_gives_zeros():
    assert normalize_groups(torch.full((2, 4, 3, 3), 7.0), 2).abs().max() == 0


def test_normalize_groups_has_torchs_gradients():
    x, direction = randn(2, 6, 3, 4).requires_grad_(), randn(2, 6, 3, 4, seed=1)
    ours, theirs = (torch.autograd.grad((f(x, 3) * direction).sum(), x)[0] for f in (normalize_groups, F.group_norm))
    assert_close(ours, theirs, atol=1e-12)


def test_add_to_every_pixel_equals_the_loop_and_leaves_its_input():
    h, vectors = randn(2, 3, 4, 5), randn(2, 3, seed=1)
    before = h.clone()
    out = add_to_every_pixel(h, vectors)
    for b in range(2):
        for c in range(3):
            assert torch.equal(out[b, c], h[b, c] + vectors[b, c].item())
    assert torch.equal(h, before)


def test_the_blocks_own_addition_is_add_to_every_pixel():
    block = ResidualBlock(8, 12, 6).double().eval()
    x, emb = randn(2, 8, 4, 6), randn(2, 6, seed=1)
    h = add_to_every_pixel(block.conv1(F.silu(block.norm1(x))), block.emb_proj(F.silu(emb)))
    h = block.conv2(F.silu(block.norm2(h))) + block.skip_conv(x)
    assert_close(block(x, emb), h, atol=1e-14)


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda: normalize_groups(torch.zeros(2, 6, 4, 4), 4), ["x has shape (2, 6, 4, 4)", "a multiple of groups, 4"]),
        (lambda: normalize_groups(torch.zeros(6, 4), 2), ["x has shape (6, 4)", "(B, C, H, W)"]),
        (lambda: normalize_groups(torch.zeros(2, 6, 4, 4), 0), ["groups is 0", "at least 1"]),
        (lambda: add_to_every_pixel(torch.zeros(2, 6), torch.zeros(2, 6)), ["h has shape (2, 6)", "(B, C, H, W)"]),
        (
            lambda: add_to_every_pixel(torch.zeros(2, 6, 4, 4), torch.zeros(2, 8)),
            ["vectors has shape (2, 8)", "(2, 6)"],
        ),
    ],
)
def test_bad_input_is_named(call, parts):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        call()
    assert all(part in str(error.value) for part in parts), error.value


def test_with_one_channel_a_group_what_was_added_to_a_channel_vanishes_and_with_four_it_does_not():
    h, vectors = randn(2, 16, 6, 6), randn(2, 16, seed=1)
    for groups, heard in ((16, False), (num_groups(16), True), (1, True)):
        change = normalize_groups(add_to_every_pixel(h, vectors), groups) - normalize_groups(h, groups)
        assert bool(change.abs().max() > 1e-3) == heard


def test_the_figures_claim_what_holds_for_the_reference():
    kept, alike = lesson03.gradients_along(lesson03.chain(ResidualBlock, 32, 20), shortcut=True)
    lost, without = lesson03.gradients_along(lesson03.chain(ResidualBlock, 32, 20), shortcut=False)
    assert 0.5 < kept[0] < 5
    assert lost[0] > 1
    assert alike[0] > 0.9
    assert abs(without[0]) < 0.4
    bare = lesson03.chain(ResidualBlock, 32, 20)
    for block in bare:
        block.norm1, block.norm2 = nn.Identity(), nn.Identity()
    assert lesson03.gradients_along(bare, shortcut=False)[0][0] < 1e-12
