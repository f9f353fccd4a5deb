"""The UNet: everything from lessons 01 to 06, wired as the document draws it."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.class_embedding import ClassEmbedding
from course_lib.group_norm import group_norm
from course_lib.resampling import Downsample, Upsample
from course_lib.residual_block import ResidualBlock
from course_lib.self_attention import SelfAttention
from course_lib.skips import cat_skip, check_levels, decoder_channels
from course_lib.time_embedding import TimeEmbedding
from course_lib.validation import (
    check_channels,
    check_divisible_size,
    check_like_weights,
    check_positive_ints,
    check_vector,
    whole_numbers,
)


def without_wrappers(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Weights under the network's own names, without what torch.compile and DistributedDataParallel put in front.

    >>> without_wrappers({"module._orig_mod.conv_in.bias": 0})
    {'conv_in.bias': 0}
    """
    return {re.sub(r"^((_orig_mod|module)\.)+", "", name): values for name, values in weights.items()}


# One of the feature map resolutions of Ho et al. 2020, appendix B.
class UNetLevel(nn.Module):
    """What stands at one resolution: residual blocks, an attention (or Identity) for each, a resampling (or None)."""

    def __init__(self, resblocks: list[nn.Module], attentions: list[nn.Module], resample: nn.Module | None) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(resblocks)
        self.attentions = nn.ModuleList(attentions)
        self.resample = resample


# The modules of the U-Net of Ho et al. 2020, appendix B, with a class and one resolution less.
class UNetLayers(nn.Module):
    """The layers of the UNet, made and named; the way through them is UNet's.

    Args:
        in_channels:           channels of the image, and of the prediction
        base_channels:         channels that conv_in makes, a quarter of the embedding's
        channel_mults:         channels of each level, as multiples of base_channels;
                               each level has half the resolution of the one above it
        num_res_blocks:        encoder's residual blocks a level; the decoder has 1 more
        attention_resolutions: levels with attention, named by their height in pixels;
                               other heights do nothing; the middle always has one
        image_size:            height and width the levels are named by; other sizes
                               divisible by 2 ** (levels - 1) pass through the same layers
        num_classes:           labels run from 0 to num_classes - 1; -1 is "no class"
        num_heads:             heads of every attention
        dropout:               dropout of every residual block, while training

    Raises: ValueError that names the argument.
    Source: the document, "Overview".
    """

    def __init__(
        self,
        in_channels: int = 3,
        base_channels: int = 64,
        channel_mults: tuple[int, ...] = (1, 2, 4),
        num_res_blocks: int = 2,
        attention_resolutions: tuple[int, ...] = (8,),
        image_size: int = 32,
        num_classes: int = 10,
        num_heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        channel_mults = whole_numbers("channel_mults", channel_mults)
        attended = whole_numbers("attention_resolutions", attention_resolutions)
        check_levels(base_channels, channel_mults, num_res_blocks)
        check_positive_ints(in_channels=in_channels, image_size=image_size)
        check_positive_ints(attention_resolutions=attended)
        self.size_divisor = 2 ** (len(channel_mults) - 1)
        if image_size % self.size_divisor:
            raise ValueError(
                f"image_size is {image_size}; allowed: a multiple of {self.size_divisor}, to be halved "
                f"{len(channel_mults) - 1} times"
            )
        self.in_channels = in_channels
        emb_dim = 4 * base_channels

        def resblock(channels_in: int, channels_out: int) -> ResidualBlock:
            return ResidualBlock(channels_in, channels_out, emb_dim, dropout)

        def attention_at(resolution: int, channels: int) -> nn.Module:
            if resolution in attended:
                return SelfAttention(channels, num_heads)
            return nn.Identity()

        # EMBEDDINGS
        self.time_embed = TimeEmbedding(emb_dim)
        self.class_embed = ClassEmbedding(num_classes, emb_dim)

        # ENCODER
        self.conv_in = nn.Conv2d(in_channels, base_channels, kernel_size=3, padding=1)
        channels = base_channels
        self.encoder = nn.ModuleList()
        for level, mult in enumerate(channel_mults):
            resolution = image_size // 2**level
            is_last = level == len(channel_mults) - 1
            widths = [channels] + [mult * base_channels] * num_res_blocks
            channels = widths[-1]
            resblocks = [resblock(before, after) for before, after in pairwise(widths)]
            attentions = [attention_at(resolution, channels) for _ in resblocks]
            downsample = None if is_last else Downsample(channels)
            self.encoder.append(UNetLevel(resblocks, attentions, downsample))

        # MIDDLE (bottleneck)
        self.mid_resblock1 = resblock(channels, channels)
        self.mid_attention = SelfAttention(channels, num_heads)
        self.mid_resblock2 = resblock(channels, channels)

        # DECODER: one block more a level than the encoder, so that every skip is used exactly once
        self.decoder = nn.ModuleList()
        pairs = decoder_channels(base_channels, channel_mults, num_res_blocks)
        levels = reversed(range(len(channel_mults)))
        for level, pairs_of_level in zip(levels, pairs, strict=True):
            resolution = image_size // 2**level
            is_last = level == 0
            channels = channel_mults[level] * base_channels
            resblocks = [resblock(h + skip, channels) for h, skip in pairs_of_level]
            attentions = [attention_at(resolution, channels) for _ in resblocks]
            upsample = None if is_last else Upsample(channels)
            self.decoder.append(UNetLevel(resblocks, attentions, upsample))

        # OUTPUT
        self.norm_out = group_norm(channels)
        self.conv_out = nn.Conv2d(channels, in_channels, kernel_size=3, padding=1)

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **options: Any) -> Any:
        """As torch's, and weights saved from a compiled or a distributed network fit too."""
        return super().load_state_dict(without_wrappers(state_dict), *args, **options)

    def check_inputs(self, x: Tensor, t: Tensor, class_labels: Tensor | None) -> None:
        """Raise ValueError for an input that does not fit (values of labels are checked where they are looked up)."""
        check_channels("x", x, self.in_channels)
        check_like_weights("x", x, self.conv_in.weight)
        check_divisible_size("x", x, self.size_divisor)
        check_vector("t", t, x.shape[0])
        if class_labels is not None:
            check_vector("class_labels", class_labels, x.shape[0])


# The way through the U: Ronneberger et al. 2015, figure 1, in the form of Ho et al. 2020, appendix B.
class UNet(UNetLayers):
    """The document's class-conditional UNet: predicts noise (DDPM) or velocity (flow matching) from a noisy image.

    Args: those of UNetLayers. The default has 15.78 M parameters.
    Shapes: x (B, in_channels, H, W), t (B,), class_labels (B,) int64 or None -> (B, in_channels, H, W).
    Raises: ValueError that names the argument, for a shape, size or label that does not fit (labels as in
        `ClassEmbedding`).
    Source: the document, "Full forward pass", line by line.
    """

    def encode(self, h: Tensor, emb: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Go down the left side of the U.

        Args:
            h: what conv_in gave; the first skip of the stack.
            emb: one vector for each image, for every residual block.
        Returns: h (B, C, H', W') as the last level leaves it, and the list of all skips, the newest last.
        Shapes: h (B, base_channels, H, W), emb (B, emb_dim).
        """
        skips = [h]
        # go through self.encoder, highest resolution first
        for level in self.encoder:
            # a residual block, which hears emb, the attention at its side, and what came out of it is pushed: the skip
            for resblock, attention in zip(level.resblocks, level.attentions, strict=True):
                h = attention(resblock(h, emb))
                skips.append(h)
            # level.resample halves height and width, and what it gives is pushed too; in the last level it is None
            if level.resample is not None:
                h = level.resample(h)
                skips.append(h)
        return h, skips

    def decode(self, h: Tensor, skips: list[Tensor], emb: Tensor) -> Tensor:
        """Go up the right side of the U. Every residual block takes one skip off the stack.

        Args:
            h: what the middle gave.
            skips: as `encode` left them, the newest last; empty afterwards.
            emb: one vector for each image, for every residual block.
        Shapes: h (B, C, H', W'), emb (B, emb_dim) -> (B, C_out, H, W), C_out the channels of the highest level.
        """
        # go through self.decoder, lowest resolution first
        for level in self.decoder:
            # before every residual block the newest skip leaves the stack and is laid behind h: last in, first out
            # then the block, which hears emb, and the attention at its side
            for resblock, attention in zip(level.resblocks, level.attentions, strict=True):
                h = cat_skip(h, skips)
                h = attention(resblock(h, emb))
            # level.resample doubles height and width; in the last level it is None
            if level.resample is not None:
                h = level.resample(h)
        return h

    def forward(self, x: Tensor, t: Tensor, class_labels: Tensor | None = None) -> Tensor:
        """Predict the noise (or the velocity) in every pixel.

        Args:
            x: noisy images; H and W are divisible by 2 ** (levels - 1).
            t: one time for every image; whole numbers and fractions both work.
            class_labels: one label for every image, -1 for "no class"; None is "no class" for all of them.
        """
        self.check_inputs(x, t, class_labels)
        # EMBEDDINGS: one vector an image, (B, emb_dim): embed the time and, where there are labels, add the class
        emb = self.time_embed(t)
        if class_labels is not None:
            emb = emb + self.class_embed(class_labels)

        # INITIAL CONV: (B, in_channels, H, W) -> (B, base_channels, H, W)
        h = self.conv_in(x)

        # ENCODER: down, and the stack of skips
        h, skips = self.encode(h, emb)

        # MIDDLE: residual block, attention, residual block
        h = self.mid_resblock1(h, emb)
        h = self.mid_attention(h)
        h = self.mid_resblock2(h, emb)

        # DECODER: up, with the skips
        h = self.decode(h, skips, emb)

        # OUTPUT: GroupNorm, SiLU, convolution: h, with the channels of the highest level -> (B, in_channels, H, W)
        return self.conv_out(F.silu(self.norm_out(h)))
