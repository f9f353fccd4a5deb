"""Downsample and Upsample: halve and double the resolution (the document, section 4).

Two functions beside them count what resampling does to sizes: how many pixels a convolution leaves, and how often a
transposed convolution, the road not taken, writes to each pixel.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.validation import check_channels, check_divisible_size, check_positive_int


def conv_output_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    """How many pixels a convolution leaves along one axis: floor((size + 2 * padding - kernel_size) / stride) + 1.

    Args:
        size: pixels along the axis before the convolution.
        kernel_size: pixels of the window along that axis.
        stride: how far apart neighbouring windows stand.
        padding: pixels added at *each* of the two ends.
    Returns: a whole number, the pixels after the convolution.
    Raises: ValueError for a size, kernel or stride below 1, a negative padding, or a window that does not fit.
    Source: Dumoulin and Visin 2016, relationship 6; the shapes of the document's section 4.

    >>> conv_output_size(32, kernel_size=3, stride=2, padding=1)
    16
    """
    check_positive_int("size", size)
    check_positive_int("kernel_size", kernel_size)
    check_positive_int("stride", stride)
    check_padding("padding", padding)
    # how far can the first window travel? The padded length, minus the window itself
    room = size + 2 * padding - kernel_size
    if room < 0:
        raise ValueError(f"kernel_size is {kernel_size}; allowed: at most {size + 2 * padding}, the padded size")
    # whole steps of length stride that fit into that room, and one more for the window that has not moved
    return room // stride + 1


def check_padding(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is {value!r}; allowed: a whole number of at least 0")


class Downsample(nn.Module):
    """Halve height and width with a strided convolution.

    Args:
        channels: channels of the input and of the output.
    Shapes: (B, channels, H, W) -> (B, channels, H/2, W/2).
    Raises: ValueError for other channels, or an odd height or width.
    Source: the document, section 4; Ho et al. 2020, appendix B.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        check_positive_int("channels", channels)
        # make self.conv: a 3x3 convolution from `channels` to `channels`, stride 2, one pixel of padding on every side
        self.conv = nn.Conv2d(channels, channels, kernel_size=3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        check_channels("x", x, self.conv.in_channels)
        check_divisible_size("x", x, 2)
        # a learned filter looks at 3x3 windows, two pixels apart
        return self.conv(x)


def overlap_counts(size: int, kernel_size: int, stride: int) -> Tensor:
    """How many input pixels write to each output pixel of a transposed convolution along one axis, without padding.

    Input pixel i writes to the outputs i * stride, ..., i * stride + kernel_size - 1. Where the counts change from
    pixel to pixel, the picture does too, whatever is in it: a checkerboard.

    Args:
        size: pixels along the axis before the transposed convolution.
        kernel_size: pixels each input pixel writes to.
        stride: how far apart neighbouring input pixels land in the output.
    Shapes: -> ((size - 1) * stride + kernel_size,), int64.
    Raises: ValueError for a size, kernel or stride below 1.
    Source: Odena, Dumoulin and Olah 2016, "Deconvolution and Checkerboard Artifacts".

    >>> overlap_counts(size=4, kernel_size=3, stride=2).tolist()
    [1, 1, 2, 1, 2, 1, 2, 1, 1]
    """
    check_positive_int("size", size)
    check_positive_int("kernel_size", kernel_size)
    check_positive_int("stride", stride)
    # a zero for each output pixel: the last input pixel begins at (size - 1) * stride and writes kernel_size pixels
    counts = torch.zeros((size - 1) * stride + kernel_size, dtype=torch.int64)
    # each input pixel adds one to all the output pixels it writes to
    for i in range(size):
        counts[i * stride : i * stride + kernel_size] += 1
    return counts


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
