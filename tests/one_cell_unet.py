"""The UNet as learners wrote it while exercise 7.1 was a single cell: submissions and kept answers still have it."""

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
from course_lib.unet import UNetLevel, without_wrappers
from course_lib.validation import (
    check_channels,
    check_divisible_size,
    check_like_weights,
    check_positive_ints,
    check_vector,
    whole_numbers,
)


# The U-Net of Ho et al. 2020, appendix B, after Ronneberger et al. 2015, with a class and one resolution less.
class UNet(nn.Module):
    """The document's class-conditional UNet: predicts noise (DDPM) or velocity (flow matching) from a noisy image.

    Args:
        in_channels:           channels of the image, and of the prediction
        base_channels:         channels at full resolution; the embedding is four times as wide
        channel_mults:         channels of each level, as multiples of base_channels; each level halves the resolution
        num_res_blocks:        residual blocks a level in the encoder (the decoder has one more)
        attention_resolutions: levels with attention, named by their height in pixels; others have no effect.
                               The middle always has attention
        image_size:            height and width the levels are named by; other sizes divisible by
                               2 ** (levels - 1) pass through the same layers
        num_classes:           labels run from 0 to num_classes - 1; -1 is "no class"
        num_heads:             heads of every attention
        dropout:               dropout of every residual block, while training

    Shapes: x (B, in_channels, H, W), t (B,), class_labels (B,) int64 or None -> (B, in_channels, H, W).
    Raises: ValueError that names the argument, for any shape, size or label that does not fit.
    Source: the document, "Overview" and "Full forward pass". The default has 15.78 M parameters.
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
        attention_resolutions = whole_numbers("attention_resolutions", attention_resolutions)
        check_levels(base_channels, channel_mults, num_res_blocks)
        check_positive_ints(in_channels=in_channels, image_size=image_size, attention_resolutions=attention_resolutions)
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
            return SelfAttention(channels, num_heads) if resolution in attention_resolutions else nn.Identity()

        # EMBEDDINGS
        self.time_embed = TimeEmbedding(emb_dim)
        self.class_embed = ClassEmbedding(num_classes, emb_dim)

        # ENCODER
        self.conv_in = nn.Conv2d(in_channels, base_channels, kernel_size=3, padding=1)
        channels = base_channels
        self.encoder = nn.ModuleList()
        for level, mult in enumerate(channel_mults):
            resolution, is_last = image_size // 2**level, level == len(channel_mults) - 1
            widths = [channels] + [mult * base_channels] * num_res_blocks
            channels = widths[-1]
            resblocks = [resblock(before, after) for before, after in pairwise(widths)]
            attentions = [attention_at(resolution, channels) for _ in resblocks]
            self.encoder.append(UNetLevel(resblocks, attentions, None if is_last else Downsample(channels)))

        # MIDDLE (bottleneck)
        self.mid_resblock1 = resblock(channels, channels)
        self.mid_attention = SelfAttention(channels, num_heads)
        self.mid_resblock2 = resblock(channels, channels)

        # DECODER: one block more a level than the encoder, so that every skip is used exactly once
        self.decoder = nn.ModuleList()
        pairs = decoder_channels(base_channels, channel_mults, num_res_blocks)
        for level, pairs_of_level in zip(reversed(range(len(channel_mults))), pairs, strict=True):
            resolution, is_last = image_size // 2**level, level == 0
            channels = channel_mults[level] * base_channels
            resblocks = [resblock(h + skip, channels) for h, skip in pairs_of_level]
            attentions = [attention_at(resolution, channels) for _ in resblocks]
            self.decoder.append(UNetLevel(resblocks, attentions, None if is_last else Upsample(channels)))

        # OUTPUT
        self.norm_out = group_norm(channels)
        self.conv_out = nn.Conv2d(channels, in_channels, kernel_size=3, padding=1)

    def forward(self, x: Tensor, t: Tensor, class_labels: Tensor | None = None) -> Tensor:
        """Predict the noise (or the velocity) in every pixel.

        Args:
            x: noisy images; H and W are divisible by 2 ** (levels - 1).
            t: one time for every image; whole numbers and fractions both work.
            class_labels: one label for every image, -1 for "no class"; None is "no class" for all of them.
        Shapes: x (B, in_channels, H, W), t (B,), class_labels (B,) int64 or None -> (B, in_channels, H, W).
        Source: the document, "Full forward pass", line by line.
        """
        self.check_inputs(x, t, class_labels)
        # EMBEDDINGS: one vector an image, (B, emb_dim): embed the time and, where there are labels, add the class
        emb = self.time_embed(t)
        if class_labels is not None:
            emb = emb + self.class_embed(class_labels)

        # INITIAL CONV: (B, in_channels, H, W) -> (B, base_channels, H, W); what it gives is the first skip of the stack
        h = self.conv_in(x)
        skips = [h]

        # ENCODER: go through self.encoder, highest resolution first
        for level in self.encoder:
            # one after the other: a residual block, which hears emb, the attention at its side, and what came out of
            # it is pushed on the stack (an attention that is not wanted is an Identity: call it all the same)
            for resblock, attention in zip(level.resblocks, level.attentions, strict=True):
                h = attention(resblock(h, emb))
                skips.append(h)
            # level.resample halves height and width, and what it gives is pushed too; in the last level it is None
            if level.resample is not None:
                h = level.resample(h)
                skips.append(h)

        # MIDDLE: residual block, attention, residual block
        h = self.mid_resblock1(h, emb)
        h = self.mid_attention(h)
        h = self.mid_resblock2(h, emb)

        # DECODER: go through self.decoder, lowest resolution first
        for level in self.decoder:
            # before every residual block the newest skip leaves the stack and is laid behind h: last in, first out
            for resblock, attention in zip(level.resblocks, level.attentions, strict=True):
                h = cat_skip(h, skips)
                h = attention(resblock(h, emb))
            # level.resample doubles height and width; in the last level it is None
            if level.resample is not None:
                h = level.resample(h)

        # OUTPUT: GroupNorm, SiLU, convolution: (B, base_channels, H, W) -> (B, in_channels, H, W)
        return self.conv_out(F.silu(self.norm_out(h)))

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
