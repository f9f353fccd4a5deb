"""Counting parameters, against closed forms; and the figures' tables, against the document."""

import re

import pytest
import torch
from torch import nn

from course_lib import UNet
from course_lib.checks.weights import matchings
from course_lib.document import FORWARD_PASS, PARAMETERS
from course_lib.lessons.lesson07 import figures as lesson07
from course_lib.parameters import count_parameters, parameter_budget
from course_lib.residual_block import ResidualBlock
from course_lib.tracing import trace


def convolution(channels_in: int, channels_out: int, kernel: int) -> int:
    return channels_in * channels_out * kernel**2 + channels_out


def residual_block(channels_in: int, channels_out: int, emb_dim: int) -> int:
    shortcut = convolution(channels_in, channels_out, 1) if channels_in != channels_out else 0
    convolutions = convolution(channels_in, channels_out, 3) + convolution(channels_out, channels_out, 3)
    norms = 2 * channels_in + 2 * channels_out
    return convolutions + norms + (emb_dim + 1) * channels_out + shortcut


def attention(channels: int) -> int:
    return 2 * channels + convolution(channels, 3 * channels, 1) + convolution(channels, channels, 1)


@pytest.fixture(scope="module")
def unet() -> UNet:
    with torch.device("meta"):
        return UNet()


def test_the_budget_of_the_documents_network_follows_from_its_shapes(unet: UNet) -> None:
    encoder = [(64, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256)]
    decoder = [(512, 256), (512, 256), (384, 256), (384, 128), (256, 128), (192, 128), (192, 64), (128, 64), (128, 64)]
    expected = {
        "EMBEDDINGS": 2 * (256 * 256 + 256) + 10 * 256,
        "INITIAL CONV": convolution(3, 64, 3),
        "ENCODER": sum(residual_block(*pair, 256) for pair in encoder)
        + 2 * attention(256)
        + convolution(64, 64, 3)
        + convolution(128, 128, 3),
        "MIDDLE": 2 * residual_block(256, 256, 256) + attention(256),
        "DECODER": sum(residual_block(*pair, 256) for pair in decoder)
        + 3 * attention(256)
        + convolution(256, 256, 3)
        + convolution(128, 128, 3),
        "OUTPUT": 2 * 64 + convolution(64, 3, 3),
    }
    assert parameter_budget(unet) == expected
    assert list(parameter_budget(unet)) == list(expected)
    assert sum(expected.values()) == count_parameters(unet) == PARAMETERS


def test_shared_parameters_count_once_and_frozen_ones_not_at_all() -> None:
    layer = nn.Linear(5, 5)
    assert count_parameters(nn.Sequential(layer, nn.ReLU(), layer)) == 30
    assert count_parameters(nn.BatchNorm1d(4)) == 8
    assert count_parameters(layer.requires_grad_(False)) == 0


def test_a_part_that_stands_under_no_heading_is_refused() -> None:
    with pytest.raises(ValueError, match="a part called '0'; allowed: time_embed"):
        parameter_budget(nn.Sequential(nn.Linear(2, 2)))


def test_every_line_of_the_document_but_the_silu_is_compared_and_the_same(unet: UNet) -> None:
    rows = lesson07.document_rows(trace(unet))
    assert len(rows) == len(FORWARD_PASS)  # one line for both embeddings, and the SiLU: one more, one less
    assert all(written == measured for _, written, measured in rows)
    assert not any("but" in what for what, _, _ in rows)


def test_six_of_seventeen_shortcuts_have_nothing_to_learn(unet: UNet, capsys: pytest.CaptureFixture) -> None:
    shortcuts = [block.skip_conv for block in unet.modules() if isinstance(block, ResidualBlock)]
    assert lesson07.plain_shortcuts(trace(unet)) == sum(isinstance(one, nn.Identity) for one in shortcuts) == 6
    assert len(shortcuts) == 17
    assert re.findall(r"\d of \d", capsys.readouterr().out) == ["4 of 6", "2 of 2", "0 of 9"]


def test_every_parameter_of_the_network_gets_a_gradient() -> None:
    torch.manual_seed(0)
    assert lesson07.silent_parameters(UNet(base_channels=16)) == []


def test_parameters_of_a_network_with_other_names_and_nesting_are_identified_at_once() -> None:
    from course_lib.lessons.lesson07.unet import FlatLists

    config = {"base_channels": 8, "channel_mults": (1, 2, 2), "num_res_blocks": 2, "image_size": 16}
    theirs, mine = (
        {name: tuple(values.shape) for name, values in network.named_parameters()}
        for network in (UNet(**config), FlatLists(**config))
    )
    (matching,) = matchings(theirs, mine)
    assert sorted(matching.values()) == sorted(theirs)
    assert matching["up.3.conv.weight"] == "decoder.0.resample.conv.weight"
    assert matching["middle.2.conv1.weight"] == "mid_resblock2.conv1.weight"
    assert matching["down.1.block.norm1.weight"] == "encoder.0.resblocks.1.norm1.weight"
