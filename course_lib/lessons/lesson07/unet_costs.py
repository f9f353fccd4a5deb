"""What any configuration of the UNet costs, level by level, worked out from its layers without computing a number.

Measuring (`course_lib.tracing`) takes too long for a slider. The tests hold these sums to what is measured.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import nn

from course_lib.estimates import BYTES_PER_NUMBER, attention_multiply_adds, conv_multiply_adds
from course_lib.parameters import count_parameters
from course_lib.residual_block import ResidualBlock
from course_lib.self_attention import SelfAttention
from course_lib.skips import skip_channels
from course_lib.unet import UNet

# the place of the two embeddings, which are no maps
EMBEDDINGS = 0


@dataclass
class Costs:
    """What one part of the network costs.

    Attributes:
        parameters: numbers it learns.
        multiply_adds: for one image, counted like `course_lib.tracing.TraceRow.multiply_adds`.
        kept: bytes that training keeps of one image between forward and backward, in float32, on a CPU.
    """

    parameters: int = 0
    multiply_adds: int = 0
    kept: int = 0

    def add(self, module: nn.Module, multiply_adds: int, kept_numbers: int) -> None:
        self.parameters += count_parameters(module)
        self.multiply_adds += multiply_adds
        self.kept += BYTES_PER_NUMBER * kept_numbers


@dataclass
class Level:
    """What stands at one height of the feature maps.

    Attributes:
        height: height and width in pixels.
        channels: of every block's output there.
        encoder, decoder: number of residual blocks on either side, and of attentions.
        skips: channels of the skips that are pushed there, in order.
        costs: of all steps whose input has this height.
    """

    height: int
    channels: int
    encoder: tuple[int, int]
    decoder: tuple[int, int]
    skips: tuple[int, ...]
    costs: Costs = field(default_factory=Costs)


@dataclass(frozen=True)
class Bill:
    """The levels, highest resolution first, the embeddings and their width, and the sum of everything."""

    levels: tuple[Level, ...]
    embeddings: Costs
    emb_dim: int
    total: Costs


@lru_cache(maxsize=256)
def unet_bill(
    base_channels: int,
    channel_mults: tuple[int, ...],
    num_res_blocks: int,
    attention_resolutions: tuple[int, ...],
    image_size: int,
) -> Bill:
    """Build a UNet on the device "meta", which has shapes and no numbers, and add up what its steps cost.

    Raises: ValueError where `UNet` does.
    """
    with torch.device("meta"):
        model = UNet(
            base_channels=base_channels,
            channel_mults=channel_mults,
            num_res_blocks=num_res_blocks,
            attention_resolutions=attention_resolutions,
            image_size=image_size,
        )
    skips = skip_channels(base_channels, channel_mults, num_res_blocks)
    levels = []
    for number, (down, up) in enumerate(zip(model.encoder, reversed(model.decoder), strict=True)):
        level = Level(
            height=image_size // 2**number,
            channels=channel_mults[number] * base_channels,
            encoder=counted(down),
            decoder=counted(up),
            skips=tuple(skips[number * (num_res_blocks + 1) :][: num_res_blocks + 1]),
        )
        levels.append(level)
        for block in (*down.resblocks, *up.resblocks):
            add_resblock(level.costs, block, level.height)
        for attention in (*down.attentions, *up.attentions):
            add_attention(level.costs, attention, level.height)
        add_resample(level.costs, down.resample, level.height, level.height // 2, kept_height=level.height)
        add_resample(level.costs, up.resample, level.height, 2 * level.height, kept_height=2 * level.height)
    top, bottom = levels[0], levels[-1]
    add_resblock(bottom.costs, model.mid_resblock1, bottom.height)
    add_attention(bottom.costs, model.mid_attention, bottom.height)
    add_resblock(bottom.costs, model.mid_resblock2, bottom.height)
    add_ends(top.costs, model, image_size)
    embeddings = Costs()
    add_embeddings(embeddings, model)
    parts = [embeddings, *(level.costs for level in levels)]
    total = Costs(*(sum(getattr(part, name) for part in parts) for name in ("parameters", "multiply_adds", "kept")))
    return Bill(tuple(levels), embeddings, 4 * base_channels, total)


def counted(level: nn.Module) -> tuple[int, int]:
    """Residual blocks and attentions of one side of a level."""
    return len(level.resblocks), sum(isinstance(attention, SelfAttention) for attention in level.attentions)


def norm_numbers(norm: nn.GroupNorm) -> int:
    """GroupNorm keeps the mean and the spread of each group."""
    return 2 * norm.num_groups


def add_resblock(costs: Costs, block: ResidualBlock, height: int) -> None:
    channels_in, channels_out = block.conv1.in_channels, block.conv1.out_channels
    emb_dim = block.emb_proj.in_features
    multiply_adds = (
        conv_multiply_adds(channels_in, channels_out, 3, height, height)
        + conv_multiply_adds(channels_out, channels_out, 3, height, height)
        + emb_dim * channels_out
    )
    if channels_in != channels_out:
        multiply_adds += conv_multiply_adds(channels_in, channels_out, 1, height, height)
    # conv1's side keeps x, its norm, its SiLU; conv2's the sum with emb, its norm, dropout's mask and what it left
    maps = (3 * channels_in + 4 * channels_out) * height * height
    costs.add(block, multiply_adds, maps + norm_numbers(block.norm1) + norm_numbers(block.norm2) + emb_dim)


def add_attention(costs: Costs, attention: nn.Module, height: int) -> None:
    if not isinstance(attention, SelfAttention):  # an Identity
        return
    channels, pixels = attention.proj.in_channels, height * height
    # x, its norm, queries, keys, values, what the heads gathered; and one matrix of weights a head
    kept = 6 * channels * pixels + attention.num_heads * pixels * pixels
    costs.add(attention, attention_multiply_adds(channels, height, height), kept + norm_numbers(attention.norm))


def add_resample(costs: Costs, resample: nn.Module | None, height: int, height_out: int, kept_height: int) -> None:
    if resample is None:
        return
    # a convolution keeps its input: Downsample's is the map itself, Upsample's has been enlarged before
    channels = resample.conv.in_channels
    work = conv_multiply_adds(channels, channels, resample.conv.kernel_size[0], height_out, height_out)
    costs.add(resample, work, channels * kept_height**2)


def add_ends(costs: Costs, model: UNet, height: int) -> None:
    """conv_in keeps the image; the output's norm, SiLU and convolution keep a map each."""
    image, base = model.conv_in.in_channels, model.conv_in.out_channels
    work = conv_multiply_adds(image, base, 3, height, height)
    costs.add(model.conv_in, work, image * height**2)
    costs.add(model.norm_out, 0, 3 * base * height**2 + norm_numbers(model.norm_out))
    costs.add(model.conv_out, work, 0)


def add_embeddings(costs: Costs, model: UNet) -> None:
    """The time's two layers and their SiLU keep a vector each, and emb itself is kept once for all blocks."""
    dim = model.time_embed.linear1.in_features
    costs.add(model.time_embed, 2 * dim * dim, 4 * dim)
    costs.add(model.class_embed, 0, 0)
