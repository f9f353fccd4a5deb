"""Between pixels from 0 to 255 and the numbers from -1 to 1 that the network sees."""

import torch
from torch import Tensor

HALF_OF_255 = 127.5


def from_pixels(pixels: Tensor) -> Tensor:
    """Pixels as the network sees them: 0 becomes -1 and 255 becomes 1.

    Shapes: any shape, uint8 from 0 to 255 -> the same shape, float32 in [-1, 1].
    Source: Ho et al. 2020, section 3.3.
    """
    # floating-point numbers first: uint8 holds no fractions and nothing below 0
    values = pixels.float()
    # from [0, 255] to [0, 2], then to [-1, 1]
    return values / HALF_OF_255 - 1


def to_pixels(images: Tensor) -> Tensor:
    """Images in [-1, 1] as pixels that a screen can show, each the nearest whole number; what lies outside is clipped.

    Shapes: any shape, floating point -> the same shape, uint8 from 0 to 255.
    """
    # a network's output may lie a little outside: clip it to [-1, 1]
    images = images.clamp(-1, 1)
    # from [-1, 1] to [0, 255]
    values = (images + 1) * HALF_OF_255
    # to the nearest whole number, and only then to uint8, which would cut off
    return values.round().to(torch.uint8)
