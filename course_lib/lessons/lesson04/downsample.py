"""What holds for Downsample, and right answers written differently."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import Downsample
from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import edited
from course_lib.lessons.lesson04.resampling_layers import LAYERS, ordinary_call, other_layouts, with_large_numbers

EXERCISE = Exercise(
    "Downsample",
    Downsample,
    __name__,
    where="the document, section 4 (assets/network.md), Downsample: Conv2d(stride=2, kernel=3, padding=1)",
    adapt=other_layouts,
    not_for_all={"another_shape": "other_size says more, once the parameters are known to be right"},
)
right = EXERCISE.right
EXERCISE.harder(with_large_numbers)

LAYERS.hold_for(
    EXERCISE,
    ordinary_call,
    other_size=(
        "the output has half the height and half the width, and as many images and channels",
        "Your output should be (B, C, H/2, W/2). Put the settings of your convolution into conv_output_size and see "
        "which of kernel, stride and padding is off. It halves each side by itself; no other step changes the size.",
    ),
    looks_at_other_pixels=(
        "output pixel (i, j) looks at the 3x3 input pixels around (2i, 2j)",
        "The size is right, and your output looks at other pixels than the document's. Output (i, j) is a window of "
        "3x3 pixels of the large image, its centre at (2i, 2j): no pooling before or after, no shift.",
    ),
)


@right
class Sequential(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(channels, channels, (3, 3), (2, 2), (1, 1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@right
class OwnParameters(nn.Module):
    """Padding by hand, and weights that are no module's."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, channels, 3, 3) / 10)
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, (1, 1, 1, 1)), self.weight, stride=2) + self.bias


@right
class Windows(nn.Module):
    """All windows cut out, each turned by one matrix."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(9 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        windows = F.unfold(x, kernel_size=3, stride=2, padding=1).transpose(1, 2)
        return self.linear(windows).transpose(1, 2).unflatten(-1, (height // 2, width // 2))


@right
class NineTaps(nn.Module):
    """A sum over the nine places of the kernel, each a shifted image and a matrix."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.kernel = nn.Conv2d(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        padded = F.pad(x, (1, 1, 1, 1))
        result = self.kernel.bias.view(1, -1, 1, 1)
        for row in range(3):
            for column in range(3):
                shifted = padded[:, :, row : row + height : 2, column : column + width : 2]
                result = result + torch.einsum("oi,bihw->bohw", self.kernel.weight[:, :, row, column], shifted)
        return result


right(
    edited(Downsample, ("stride=2", "stride=1"), ("self.conv(x)", "self.conv(x)[..., ::2, ::2]")),
    "every_second_pixel_of_stride_one",
)
right(
    edited(Downsample, ("padding=1", "padding=0"), ("self.conv(x)", "self.conv(F.pad(x, (1, 0, 1, 0)))")),
    "padding_left_and_top_only",
)
