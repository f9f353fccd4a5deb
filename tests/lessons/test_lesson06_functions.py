"""The stack of skips: against the document's tables, a network that really runs, and slicing."""

import pytest
import torch
from helpers import assert_close, randn
from torch import nn

from course_lib import UNet
from course_lib.document import DECODER_CHANNELS, SKIPS
from course_lib.lessons.lesson06 import figures as lesson06
from course_lib.skips import cat_skip, decoder_channels, skip_channels
from course_lib.tracing import trace, trace_skips

NETWORKS = [
    (16, (1, 2, 4), 2),
    (16, (2, 1), 1),
    (8, (3, 1, 1, 2), 3),
    (16, (1,), 2),
    (24, (1, 3, 5), 1),
]


def test_the_documents_nine_skips_and_nine_pairs():
    assert skip_channels(64, (1, 2, 4), 2) == [shape[1] for shape in SKIPS]
    assert decoder_channels(64, (1, 2, 4), 2) == [list(level) for level in DECODER_CHANNELS]


@pytest.mark.parametrize(("base_channels", "channel_mults", "num_res_blocks"), NETWORKS)
def test_both_agree_with_what_hooks_measure_on_a_real_network(base_channels, channel_mults, num_res_blocks):
    with torch.device("meta"):
        model = UNet(
            base_channels=base_channels, channel_mults=channel_mults, num_res_blocks=num_res_blocks, num_heads=2
        )
    pushed = [skip.shape[1] for skip in trace_skips(model)]
    assert skip_channels(base_channels, channel_mults, num_res_blocks) == pushed
    joined = [(row.inputs[0][1], row.inputs[1][1]) for row in trace(model) if row.kind == "cat"]
    levels = decoder_channels(base_channels, channel_mults, num_res_blocks)
    assert [pair for level in levels for pair in level] == joined
    assert [len(level) for level in levels] == [num_res_blocks + 1] * len(channel_mults)


@pytest.mark.parametrize(("base_channels", "channel_mults", "num_res_blocks"), NETWORKS)
def test_every_skip_is_used_once_newest_first(base_channels, channel_mults, num_res_blocks):
    used = [skip for level in decoder_channels(base_channels, channel_mults, num_res_blocks) for _, skip in level]
    assert used == skip_channels(base_channels, channel_mults, num_res_blocks)[::-1]


@pytest.mark.parametrize("arguments", [(0, (1, 2), 2), (8, (), 2), (8, (1, 0), 2), (8, (1, 2), 0), (8, (1.5,), 2)])
@pytest.mark.parametrize("function", [skip_channels, decoder_channels])
def test_impossible_networks_are_refused(function, arguments):
    with pytest.raises(ValueError, match="allowed"):
        function(*arguments)


def test_cat_skip_lays_the_newest_skip_behind_h_and_takes_it_off():
    h, old, new = randn(2, 5, 4, 6, seed=1), randn(2, 3, 8, 12, seed=2), randn(2, 4, 4, 6, seed=3)
    skips = [old, new]
    joined = cat_skip(h, skips)
    assert_close(joined[:, :5], h)
    assert_close(joined[:, 5:], new)
    assert len(skips) == 1
    assert skips[0] is old


@pytest.mark.parametrize("skips", [[], [torch.zeros(2, 3, 8, 8)], [torch.zeros(3, 4, 4, 6)], [torch.zeros(2, 4)]])
def test_cat_skip_refuses_what_does_not_fit_and_leaves_the_stack_alone(skips):
    before = len(skips)
    with pytest.raises(ValueError, match="skips"):
        cat_skip(torch.zeros(2, 5, 4, 6), skips)
    assert len(skips) == before


def test_a_convolution_over_h_and_skip_is_the_sum_of_two():
    conv = nn.Conv2d(7, 3, 3, padding=1, bias=False).double()
    h, skip = randn(2, 5, 4, 6, seed=1), randn(2, 2, 4, 6, seed=2)
    apart = [
        nn.functional.conv2d(part, weight, padding=1)
        for part, weight in zip((h, skip), conv.weight.split([5, 2], 1), strict=True)
    ]
    assert_close(conv(cat_skip(h, [skip])), sum(apart), atol=1e-12)


def test_twenty_four_orders_of_nine_skips_fit():
    # 3! of 32x32 with 64 channels, 2! of 16x16 with 128, 2! of 8x8 with 256; the two others stand alone
    shapes = lesson06.shapes_of_skips()
    assert shapes == [shape[1:] for shape in SKIPS]
    assert lesson06.fitting_orders(shapes) == (24, 362_880)


def test_frequencies_of_a_single_wave():
    wave = torch.cos(2 * torch.pi * 5 * torch.arange(32) / 32).expand(1, 3, 32, 32)
    power = lesson06.by_frequency(wave)
    assert power.argmax() == 5 - 1
    assert power.sum() == pytest.approx(float(power[4]), rel=1e-5)
