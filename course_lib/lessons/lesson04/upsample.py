"""What holds for Upsample, and right answers written differently."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import Upsample
from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import edited
from course_lib.lessons.lesson04.resampling_layers import LAYERS, ordinary_call, other_layouts, with_large_numbers

EXERCISE = Exercise(
    "Upsample",
    Upsample,
    __name__,
    where="the document, section 4 (assets/network.md), Upsample: F.interpolate(scale_factor=2, mode='nearest'), then "
    "Conv2d(kernel=3, padding=1)",
    adapt=other_layouts,
    not_for_all={"another_shape": "other_size says more, once the parameters are known to be right"},
)
right = EXERCISE.right
EXERCISE.harder(with_large_numbers)

LAYERS.hold_for(
    EXERCISE,
    ordinary_call,
    other_size=(
        "the output has twice the height and twice the width, and as many images and channels",
        "Your output should be (B, C, 2H, 2W): the repetition doubles both axes, and the convolution with kernel 3 and "
        "padding 1 keeps what it gets.",
    ),
    looks_at_other_pixels=(
        "output pixel (i, j) looks at the 3x3 pixels around it in the image whose pixels have been repeated",
        "The size is right, and your output looks at other pixels than the document's. First pixel (i, j) becomes the "
        "2x2 square at (2i, 2j), all four equal; then the convolution looks at 3x3 pixels of that large image.",
    ),
)


@right
class Sequential(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(channels, channels, 3, padding="same"))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@right
class FourSmallKernels(nn.Module):
    """Never makes the large image of repeated pixels: each of the four phases is a 2x2 convolution of the small one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, channels, 3, 3) / 10)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        first, middle, last = self.weight.unbind(2)
        rows = (torch.stack([first, middle + last], 2), torch.stack([first + middle, last], 2))
        result = x.new_empty(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
        for row, by_row in enumerate(rows):
            left, centre, right = by_row.unbind(3)
            columns = (torch.stack([left, centre + right], 3), torch.stack([left + centre, right], 3))
            for column, kernel in enumerate(columns):
                padded = F.pad(x, (1 - column, column, 1 - row, row))
                result[:, :, row::2, column::2] = F.conv2d(padded, kernel, self.bias)
        return result


for name, repeated in {
    "repeat_interleave": "x.repeat_interleave(2, -2).repeat_interleave(2, -1)",
    "repeat_by_index": "x[:, :, [i // 2 for i in range(2 * x.shape[2])]][..., [i // 2 for i in range(2 * x.shape[3])]]",
    "repeat_by_expanding": "x[:, :, :, None, :, None].expand(-1, -1, -1, 2, -1, 2).flatten(4).flatten(2, 3)",
    "kronecker": "torch.kron(x, x.new_ones(1, 1, 2, 2))",
    "named_size": "F.interpolate(x, size=[2 * n for n in x.shape[2:]], mode='nearest-exact')",
}.items():
    right(edited(Upsample, ('F.interpolate(x, scale_factor=2, mode="nearest")', repeated)), name)
