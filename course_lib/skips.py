"""The stack of skips: what the encoder leaves for the decoder, last in, first out (the document, section 6)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from course_lib.validation import check_positive_ints


def skip_channels(base_channels: int, channel_mults: Sequence[int], num_res_blocks: int) -> list[int]:
    """Channels of every skip, in the order the encoder pushes them.

    Args:
        base_channels: channels that conv_in makes, at full resolution.
        channel_mults: channels of each level, as multiples of base_channels, highest resolution first.
        num_res_blocks: residual blocks a level in the encoder.
    Returns: a list of whole numbers, one for each skip: conv_in, every block, and every Downsample leave one.
    Raises: ValueError for a number that is no whole number of at least 1, or for no level at all.
    Source: the document, "Full forward pass", the lines with `skips`.

    >>> skip_channels(64, (1, 2, 4), 2)
    [64, 64, 64, 64, 128, 128, 128, 256, 256]
    """
    check_levels(base_channels, channel_mults, num_res_blocks)
    # conv_in pushes the first skip
    skips = [base_channels]
    # go down the levels, highest resolution first
    for level, mult in enumerate(channel_mults):
        # every residual block of the level pushes its output, which has the level's channels
        skips += [mult * base_channels] * num_res_blocks
        # a Downsample stands between two levels, so the last level has none; it keeps the channels and pushes too
        if level < len(channel_mults) - 1:
            skips.append(mult * base_channels)
    return skips


def decoder_channels(
    base_channels: int, channel_mults: Sequence[int], num_res_blocks: int
) -> list[list[tuple[int, int]]]:
    """Channels of h and of the skip in front of every decoder block, found by popping.

    Args: as for `skip_channels`; the decoder has one block more a level than the encoder.
    Returns: one list a level, deepest level first; in it one pair (channels of h, channels of the skip) for each block,
        in the order the blocks run.
    Raises: ValueError, see `skip_channels`.
    Source: the document, "Full forward pass", DECODER; its drawing shows the first block of each level only.

    >>> for level in decoder_channels(64, (1, 2, 4), 2):
    ...     print(level)
    [(256, 256), (256, 256), (256, 128)]
    [(256, 128), (128, 128), (128, 64)]
    [(128, 64), (64, 64), (64, 64)]
    """
    # the stack as the encoder leaves it
    skips = skip_channels(base_channels, channel_mults, num_res_blocks)
    # the middle hands h on with the channels of the deepest level
    h = channel_mults[-1] * base_channels
    levels = []
    # climb: the deepest level first
    for mult in reversed(channel_mults):
        pairs = []
        # one block more than in the encoder
        for _ in range(num_res_blocks + 1):
            # the block is given h and the newest skip, which leaves the stack
            pairs.append((h, skips.pop()))
            # whatever came in, the block gives its level's channels
            h = mult * base_channels
        # (the Upsample between two levels changes no channels)
        levels.append(pairs)
    return levels


def cat_skip(h: Tensor, skips: list[Tensor]) -> Tensor:
    """Take the newest skip off the stack and lay it behind h along the channels.

    Args:
        h: what the decoder has so far.
        skips: the stack; the newest skip is the last of the list. One shorter afterwards.
    Shapes: h (B, C, H, W), skips[-1] (B, C_skip, H, W) -> (B, C + C_skip, H, W), h's channels first.
    Raises: ValueError if the stack is empty, or if the skip and h differ in more than their channels.
    Source: the document, section 6, "Channel Concatenation".

    >>> skips = [torch.zeros(4, 128, 8, 8), torch.zeros(4, 256, 8, 8)]
    >>> tuple(cat_skip(torch.zeros(4, 256, 8, 8), skips).shape), len(skips)
    ((4, 512, 8, 8), 1)
    """
    if not skips:
        raise ValueError("skips is empty; allowed: a list with a skip for every decoder block still to come")
    if skips[-1].ndim != 4 or (skips[-1].shape[:1], skips[-1].shape[2:]) != (h.shape[:1], h.shape[2:]):
        B, *_, H, W = h.shape
        raise ValueError(f"skips[-1] has shape {tuple(skips[-1].shape)}; allowed: ({B}, C_skip, {H}, {W}), as h has")
    # the newest skip leaves the stack
    skip = skips.pop()
    # h in front, the skip behind it, along the channels
    return torch.cat([h, skip], dim=1)


def check_levels(base_channels: int, channel_mults: Sequence[int], num_res_blocks: int) -> None:
    """Raise ValueError for numbers that describe no UNet."""
    check_positive_ints(base_channels=base_channels, channel_mults=channel_mults, num_res_blocks=num_res_blocks)
    if len(channel_mults) == 0:
        raise ValueError("channel_mults is (); allowed: at least one level, such as (1, 2, 4)")
