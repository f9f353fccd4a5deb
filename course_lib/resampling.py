"""Downsample and Upsample: halve and double the resolution (the document, section 4)."""

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.validation import check_channels, check_divisible_size, check_positive_int


# The downsampling of Ho et al. 2020: a strided convolution instead of pooling, as Springenberg et al. 2015 propose.
class Downsample(nn.Module):
    """Halve height and width with a strided convolution.

    Args:
        channels: channels of the input and of the output.
    Shapes: (B, channels, H, W) -> (B, channels, H/2, W/2).
    Raises: ValueError for other channels, or an odd height or width.
    Source: the document, section 4; Ho et al. 2020, whose code pads otherwise.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        check_positive_int("channels", channels)
        # make self.conv: one 3x3 convolution from `channels` to `channels` that halves every even size exactly
        self.conv = nn.Conv2d(channels, channels, kernel_size=3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        check_channels("x", x, self.conv.in_channels)
        check_divisible_size("x", x, 2)
        # (B, channels, H, W) -> (B, channels, H/2, W/2)
        return self.conv(x)


# The resize-convolution of Odena et al. 2016, in place of a transposed convolution, as in Ho et al. 2020.
class Upsample(nn.Module):
    """Double height and width: repeat every pixel, then let a convolution smooth the blocks.

    Args:
        channels: channels of the input and of the output.
    Shapes: (B, channels, H, W) -> (B, channels, 2H, 2W).
    Raises: ValueError for other channels.
    Source: the document, section 4; Odena et al. 2016 for why not a transposed convolution.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        check_positive_int("channels", channels)
        # make self.conv: a 3x3 convolution from `channels` to `channels` that keeps height and width
        self.conv = nn.Conv2d(channels, channels, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        check_channels("x", x, self.conv.in_channels)
        # every pixel becomes a 2x2 square: (B, C, H, W) -> (B, C, 2H, 2W)
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        # a learned filter smooths the squares
        return self.conv(x)
