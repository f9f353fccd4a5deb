"""The small networks on which the steps of the UNet are tried, and what goes into them."""

from functools import cache

from torch import Tensor

from course_lib import unet
from course_lib.checks.trial import Trial

# networks small enough to run many times a second
# one level, where all skips have one shape: no order of them can raise an error, only values tell
ONE_LEVEL = {"base_channels": 8, "channel_mults": (1,), "num_res_blocks": 1, "image_size": 8, "num_heads": 2}
TWO_LEVELS = ONE_LEVEL | {"channel_mults": (1, 2), "image_size": 16}
THREE_LEVELS = ONE_LEVEL | {"channel_mults": (1, 2, 3), "image_size": 16}

# layers of which the last gives zeros hand on what came in: without them the network is what connects its parts
NO_ATTENTION, NO_BLOCKS, NO_EMBEDDING = r"\bproj\.", r"\bconv2\.", r"\bemb_proj\."
BARE = f"{NO_ATTENTION}|{NO_BLOCKS}"


@cache
def network(args: tuple, options: tuple) -> unet.UNet:
    return unet.UNet(*args, **dict(options))


class UNet(unet.UNet):
    """The library's, of which all of one configuration are one and the same network.

    Building a network takes longer than running it, and its parameters are set before every use.
    """

    def __init__(self, *args, **options) -> None:
        vars(self).update(vars(network(args, tuple(options.items()))))


def embedding(trial: Trial, batch: int, base_channels: int) -> Tensor:
    """What time and class have become: (batch, 4 * base_channels)."""
    return trial.normal(batch, 4 * base_channels)
