"""How many groups a GroupNorm gets, and what it does with them.

The document does not give the number of groups, and one answer silently breaks the network: with one channel a group,
GroupNorm subtracts each channel's mean, and so removes exactly what `+ emb[:, :, None, None]` has just added. The block
goes deaf to time and class without any error. (It stands here because lesson 03 shows what follows, and asks later.)
"""

from torch import nn

from course_lib.validation import check_positive_int

MAX_GROUPS = 32
MIN_CHANNELS_PER_GROUP = 4


def num_groups(channels: int) -> int:
    """The largest number of groups, at most 32, that divides `channels` and leaves at least four channels a group.

    Args:
        channels: number of channels, at least 1. Where no division leaves four channels a group (1 to 3 channels),
            there is one group.
    Raises: ValueError if `channels` is not a positive whole number.
    Source: Wu and He 2018 for GroupNorm; lesson 03 measures the rule.

    >>> [num_groups(channels) for channels in (16, 24, 32, 40, 48, 64, 128, 256)]
    [4, 6, 8, 10, 12, 16, 32, 32]
    """
    check_positive_int("channels", channels)
    # the most groups that the two limits allow: 32, and at least four channels in each
    most = min(MAX_GROUPS, channels // MIN_CHANNELS_PER_GROUP)
    # from there downwards, take the first number that divides the channels; if there is none, one group
    return next((groups for groups in range(most, 1, -1) if channels % groups == 0), 1)


def group_norm(channels: int) -> nn.GroupNorm:
    """`nn.GroupNorm` over `channels` with the number of groups that `num_groups` chooses."""
    return nn.GroupNorm(num_groups(channels), channels)
