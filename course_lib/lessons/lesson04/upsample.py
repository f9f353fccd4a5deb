"""What holds for Upsample, and right answers written differently."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import Upsample
from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import Misconception
from course_lib.lessons.lesson04.downsample import (
    Forward,
    convolve,
    frozen,
    layer_with,
    other_layouts,
    without_layers,
)


def nearest(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def repeat_then_convolve(self: nn.Module, x: Tensor) -> Tensor:
    return self.conv(nearest(x))


def up(forward: Forward = repeat_then_convolve, **changes: Any) -> type[nn.Module]:
    """Upsample with other settings of its convolution, or another forward."""
    settings = {"kernel_size": 3, "padding": 1} | changes
    return layer_with(lambda channels: nn.Conv2d(channels, channels, **settings), forward)


def enlarged_by(enlarge: Callable[[Tensor], Tensor]) -> type[nn.Module]:
    return up(lambda self, x: self.conv(enlarge(x)))


def transposed(forward: Forward = convolve, **settings: int) -> type[nn.Module]:
    return layer_with(lambda channels: nn.ConvTranspose2d(channels, channels, **settings), forward)


def with_weight(change: Callable[[Tensor], Tensor]) -> type[nn.Module]:
    return up(lambda self, x: F.conv2d(nearest(x), change(self.conv.weight), self.conv.bias, padding=1))


def zeros_between(x: Tensor) -> Tensor:
    """Every pixel in the upper left corner of a square of zeros."""
    spread = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    spread[:, :, ::2, ::2] = x
    return spread


class ConvolutionInForward(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return nn.Conv2d(self.channels, self.channels, 3, padding=1)(nearest(x))


class AnotherConvolutionInForward(nn.Module):
    """The attribute is there, and a fresh one is used."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return nn.Conv2d(x.shape[1], x.shape[1], 3, padding=1)(nearest(x))


class TwoConvolutions(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv(nearest(x)))


class WithNorm(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.GroupNorm(1, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(nearest(x)))


UP_MISCONCEPTIONS: Sequence[Misconception] = (
    # other parameters
    Misconception(
        "nothing_learned",
        "You enlarge the picture and stop: nothing in your layer learns. After the repetition a 3x3 convolution has "
        "to smooth the squares.",
        without_layers(nearest),
    ),
    Misconception(
        "bilinear_without_convolution",
        "You interpolate smoothly and learn nothing. The document repeats pixels and leaves the smoothing to a "
        "convolution, which can learn more than that.",
        without_layers(lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    ),
    Misconception(
        "convolution_made_in_forward",
        "Your convolution is made at each call, with new random weights. It belongs into __init__, as self.conv: only "
        "there can an optimizer find it.",
        ConvolutionInForward,
    ),
    Misconception(
        "transposed_kernel_of_two",
        "You use ConvTranspose2d with kernel 2 and stride 2, the U-Net paper's up-convolution. The document repeats "
        "pixels first and then convolves with a 3x3 kernel.",
        transposed(kernel_size=2, stride=2),
    ),
    Misconception(
        "transposed_kernel_of_four",
        "You use ConvTranspose2d with kernel 4 and stride 2. The size is right, and it is another layer: the document "
        "has interpolate and then Conv2d.",
        transposed(kernel_size=4, stride=2, padding=1),
    ),
    Misconception(
        "pixel_shuffle",
        "You make four times the channels and shuffle them into pixels (sub-pixel convolution). The document's way "
        "needs a quarter of the weights: repeat, then convolve.",
        layer_with(
            lambda channels: nn.Conv2d(channels, 4 * channels, 3, padding=1),
            lambda self, x: F.pixel_shuffle(self.conv(x), 2),
        ),
    ),
    Misconception(
        "halves_the_channels",
        "Your layer halves the channels, as the U-Net paper's does. In this network the next ResidualBlock does that: "
        "Upsample gives back as many as it got.",
        layer_with(lambda channels: nn.Conv2d(channels, channels // 2, 3, padding=1), repeat_then_convolve),
    ),
    Misconception(
        "fixed_channels",
        "Your convolution has 64 channels whatever `channels` says. The first Upsample of the network has 256.",
        layer_with(lambda channels: nn.Conv2d(64, 64, 3, padding=1), repeat_then_convolve),
    ),
    Misconception(
        "kernel_of_one",
        "Your kernel is a single pixel. It never sees across the edge of a square, so the squares stay: the document's "
        "kernel is 3x3.",
        up(kernel_size=1, padding=0),
    ),
    Misconception(
        "kernel_of_five",
        "Your kernel is 5x5. Three pixels are enough to look over the edge of a 2x2 square, and the document says 3.",
        up(kernel_size=5, padding=2),
    ),
    Misconception(
        "kernel_of_two",
        "Your kernel is 2x2, which has no middle. The document's is 3x3 with one pixel of padding.",
        up(kernel_size=2, padding=0),
    ),
    Misconception(
        "no_bias",
        "You leave the bias out. The document's Conv2d has one, as torch makes it by itself.",
        up(bias=False),
    ),
    Misconception(
        "depthwise",
        "Each channel has a small kernel of its own (groups=channels) and never meets another. Leave groups at 1, so "
        "that all channels mix.",
        layer_with(lambda channels: nn.Conv2d(channels, channels, 3, padding=1, groups=channels), repeat_then_convolve),
    ),
    Misconception(
        "two_convolutions",
        "Your layer has two convolutions. The residual blocks that follow have plenty; here there is one.",
        TwoConvolutions,
    ),
    Misconception(
        "with_a_norm",
        "You add a norm. The residual block that follows begins with one; here there are two steps, repeat and "
        "convolve.",
        WithNorm,
    ),
    # another size
    Misconception(
        "not_enlarged",
        "Your output is as large as the input: the enlarging step is missing, or its result is not used (interpolate "
        "returns a new tensor).",
        up(convolve),
    ),
    Misconception(
        "stride_two",
        "You enlarge, and then a stride of 2 shrinks it again: the output is as large as the input was. The "
        "convolution here has stride 1.",
        up(stride=2),
    ),
    Misconception(
        "no_padding",
        "Without padding the convolution eats one pixel at every side: 16 becomes 30. padding=1 keeps 32.",
        up(padding=0),
    ),
    Misconception(
        "padding_of_two",
        "Your padding is one too much for a 3x3 kernel, and the image grows by two pixels more than it should.",
        up(padding=2),
    ),
    Misconception(
        "enlarged_twice",
        "Your image is four times as high and wide. One Upsample doubles once; the next level has its own.",
        up(lambda self, x: self.conv(nearest(nearest(x)))),
    ),
    Misconception(
        "height_only",
        "You double the height and leave the width: scale_factor=2, a single number, holds for both axes.",
        enlarged_by(lambda x: F.interpolate(x, scale_factor=(2, 1))),
    ),
    Misconception(
        "width_only",
        "You double the width and leave the height as it was. Repeat along both axes, -2 and -1.",
        enlarged_by(lambda x: F.interpolate(x, scale_factor=(1, 2))),
    ),
    Misconception(
        "fixed_size",
        "You enlarge to 32x32 whatever comes in. From 8x8 the document goes to 16x16: use a factor, scale_factor=2.",
        enlarged_by(lambda x: F.interpolate(x, size=(32, 32))),
    ),
    Misconception(
        "sixteen_always",
        "You enlarge to 16x16 whatever comes in. The next level needs 32x32 from the same class: scale_factor=2.",
        enlarged_by(lambda x: F.interpolate(x, size=(16, 16))),
    ),
    Misconception(
        "transposed_without_padding",
        "Your output is one pixel too large, as ConvTranspose2d(3, stride=2) without padding makes it, which also "
        "writes pixels once, twice or four times. The document repeats and then convolves.",
        transposed(kernel_size=3, stride=2),
    ),
    Misconception(
        "transposed_without_output_padding",
        "Your output is one pixel too small. ConvTranspose2d(3, stride=2, padding=1) does that, and so does a slice "
        "that cuts. The document's way needs no such bookkeeping: interpolate, then convolve.",
        transposed(kernel_size=3, stride=2, padding=1),
    ),
    Misconception(
        "axes_turned",
        "Height and width have changed places in your output. Nothing needs to be transposed here.",
        up(lambda self, x: self.conv(nearest(x)).transpose(2, 3)),
    ),
    Misconception(
        "halved",
        "Your output is smaller than the input: a factor of 0.5 or a pooling goes down. This is the way up.",
        enlarged_by(lambda x: F.interpolate(x, scale_factor=0.5)),
    ),
    Misconception(
        "tripled",
        "Your factor is 3. Each level of the U is twice as high and wide as the one below.",
        enlarged_by(lambda x: F.interpolate(x, scale_factor=3)),
    ),
    # something bends
    Misconception(
        "relu_after",
        "You put a ReLU behind the convolution. What goes up would be cut at zero before it meets the skip.",
        up(lambda self, x: F.relu(repeat_then_convolve(self, x))),
    ),
    Misconception(
        "silu_after",
        "You put a SiLU behind the convolution. The block that follows begins with GroupNorm and SiLU; two are one too "
        "many.",
        up(lambda self, x: F.silu(repeat_then_convolve(self, x))),
    ),
    Misconception(
        "silu_before",
        "You put a SiLU in front of the convolution. In the document nothing stands between repeating and convolving.",
        up(lambda self, x: self.conv(F.silu(nearest(x)))),
    ),
    Misconception(
        "relu_before",
        "You put a ReLU in front of the convolution. Negative features carry as much as positive ones: leave them.",
        up(lambda self, x: self.conv(F.relu(nearest(x)))),
    ),
    Misconception(
        "gelu_after",
        "You put a GELU behind the convolution. This layer only weighs and adds.",
        up(lambda self, x: F.gelu(repeat_then_convolve(self, x))),
    ),
    Misconception(
        "leaky_relu_after",
        "You put a LeakyReLU behind the convolution. Old decoders have one there; this one leaves it to the blocks.",
        up(lambda self, x: F.leaky_relu(repeat_then_convolve(self, x), 0.2)),
    ),
    Misconception(
        "tanh_after",
        "You squash the result with tanh. That is for layers that make images; this one makes feature maps.",
        up(lambda self, x: torch.tanh(repeat_then_convolve(self, x))),
    ),
    Misconception(
        "group_norm_after",
        "You normalise the result. Norms belong to the beginning of residual blocks.",
        up(lambda self, x: F.group_norm(repeat_then_convolve(self, x), 1)),
    ),
    Misconception(
        "norm_before",
        "You normalise the input first. Repeat and convolve: there are no other steps.",
        up(lambda self, x: self.conv(nearest(F.group_norm(x, 1)))),
    ),
    # other pixels
    Misconception(
        "convolution_before_enlarging",
        "You convolve the small image and enlarge afterwards (a kernel with dilation 2 does the same). Nothing smooths "
        "the squares then: each stays a block of four equal pixels. Enlarge first.",
        up(lambda self, x: nearest(self.conv(x))),
    ),
    Misconception(
        "convolved_twice",
        "You convolve twice. One 3x3 convolution comes after the enlarging, and that is all.",
        up(lambda self, x: self.conv(self.conv(nearest(x)))),
    ),
    Misconception(
        "smoothed_afterwards",
        "You average neighbouring pixels after the convolution. The convolution itself is the filter that smooths, and "
        "it learns how.",
        up(lambda self, x: F.avg_pool2d(self.conv(nearest(x)), 3, stride=1, padding=1)),
    ),
    Misconception(
        "height_for_both",
        "You use the height for both axes. Double each axis by itself, or use scale_factor=2.",
        enlarged_by(lambda x: F.interpolate(x, size=(2 * x.shape[2], 2 * x.shape[2]))),
    ),
    Misconception(
        "width_for_both",
        "You use the width for both axes. Double each axis by itself, or use scale_factor=2.",
        enlarged_by(lambda x: F.interpolate(x, size=(2 * x.shape[3], 2 * x.shape[3]))),
    ),
    Misconception(
        "squeezed",
        "You call squeeze() without an axis: it removes every axis of length one, the batch's or the channels' too.",
        up(lambda self, x: self.conv(nearest(x)).squeeze()),
    ),
    Misconception(
        "bilinear",
        "You interpolate bilinearly. The document's mode is 'nearest': repeat each pixel, and let the convolution "
        "learn how to smooth.",
        enlarged_by(lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    ),
    Misconception(
        "bilinear_with_corners",
        "You interpolate bilinearly with align_corners=True, which also stretches the grid. The document repeats: "
        "mode='nearest'.",
        enlarged_by(lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)),
    ),
    Misconception(
        "bicubic",
        "You interpolate with cubic curves. They may even overshoot; the document's mode is 'nearest'.",
        enlarged_by(lambda x: F.interpolate(x, scale_factor=2, mode="bicubic")),
    ),
    Misconception(
        "convolution_then_bilinear",
        "You convolve the small image and interpolate smoothly afterwards. The document's order is the other way "
        "round, with mode='nearest'.",
        up(lambda self, x: F.interpolate(self.conv(x), scale_factor=2, mode="bilinear")),
    ),
    Misconception(
        "tiled",
        "You tile: x.repeat puts two whole copies of the image side by side. Repeat each *pixel*: repeat_interleave, "
        "or interpolate.",
        enlarged_by(lambda x: x.repeat(1, 1, 2, 2)),
    ),
    Misconception(
        "tiled_rows",
        "Along the height you put two copies of the image one below the other, along the width you repeat pixels. Both "
        "axes need repeat_interleave.",
        enlarged_by(lambda x: x.repeat(1, 1, 2, 1).repeat_interleave(2, 3)),
    ),
    Misconception(
        "tiled_columns",
        "Along the width you put two copies of the image side by side, along the height you repeat pixels. Both axes "
        "need repeat_interleave.",
        enlarged_by(lambda x: x.repeat_interleave(2, 2).repeat(1, 1, 1, 2)),
    ),
    Misconception(
        "zeros_between_pixels",
        "You put zeros between the pixels instead of repeating them. That is a transposed convolution in disguise, "
        "with its checkerboard.",
        enlarged_by(zeros_between),
    ),
    Misconception(
        "transposed_convolution",
        "You use a transposed convolution. With kernel 3 and stride 2 output pixels are written once, twice or four "
        "times in turn: a checkerboard. The document repeats pixels and then convolves.",
        transposed(kernel_size=3, stride=2, padding=1, output_padding=1),
    ),
    Misconception(
        "wrapped_round",
        "Your border continues at the other side of the image (circular). The document pads with zeros.",
        up(padding_mode="circular"),
    ),
    Misconception(
        "reshaped_instead_of_repeated",
        "Your four copies are there, and a view or reshape has put them in the wrong places: pixel (i, j) has to "
        "become the square at (2i, 2j).",
        enlarged_by(lambda x: torch.stack([x] * 4, dim=2).flatten(2).unflatten(2, (2 * x.shape[2], 2 * x.shape[3]))),
    ),
    Misconception(
        "repeated_along_the_rows_only",
        "Your four copies of a pixel stand in one row (a repetition of the flattened image). Two belong into the row "
        "below: repeat along the height and along the width.",
        enlarged_by(
            lambda x: x.flatten(2).repeat_interleave(4, 2).unflatten(2, (2 * x.shape[2], 2 * x.shape[3])),
        ),
    ),
    Misconception(
        "bilinear_copy_added",
        "You add a smoothly enlarged copy of the input. Residual blocks have a shortcut; this layer has none.",
        up(lambda self, x: repeat_then_convolve(self, x) + F.interpolate(x, scale_factor=2, mode="bilinear")),
    ),
    Misconception(
        "mean_subtracted",
        "You subtract the mean before you convolve. That is half of a norm, and norms belong to the residual blocks.",
        up(lambda self, x: repeat_then_convolve(self, x - x.mean())),
    ),
    # other numbers
    Misconception(
        "bias_lost",
        "You take the weight and forget the bias. F.conv2d(x, weight, bias, ...) wants both.",
        up(lambda self, x: F.conv2d(nearest(x), self.conv.weight, padding=1)),
    ),
    Misconception(
        "bias_twice",
        "You add the bias a second time: the convolution has done it already.",
        up(lambda self, x: repeat_then_convolve(self, x) + self.conv.bias.view(1, -1, 1, 1)),
    ),
    Misconception(
        "quartered_values",
        "You share each value among its four copies. Every copy keeps the whole value, or the image goes dark.",
        up(lambda self, x: self.conv(nearest(x) / 4)),
    ),
    Misconception(
        "halved_values",
        "You halve the result. Nothing is scaled in this layer.",
        up(lambda self, x: repeat_then_convolve(self, x) / 2),
    ),
    Misconception(
        "doubled_values",
        "You double the values. It is height and width that double.",
        up(lambda self, x: 2 * repeat_then_convolve(self, x)),
    ),
    Misconception(
        "input_added",
        "You add the enlarged input to the result. There is no shortcut here: the skip of the U comes next, and it is "
        "concatenated.",
        up(lambda self, x: repeat_then_convolve(self, x) + nearest(x)),
    ),
    Misconception(
        "kernel_turned",
        "Your kernel is turned by 180 degrees before it is used. torch's convolution does not turn it.",
        with_weight(lambda weight: weight.flip(2, 3)),
    ),
    Misconception(
        "out_and_in_swapped",
        "The first axis of a weight is what comes out, the second what goes in. You have them the other way round.",
        with_weight(lambda weight: weight.transpose(0, 1)),
    ),
    Misconception(
        "rows_and_columns_swapped",
        "Your kernel lies on its side: what is written for rows acts on columns.",
        with_weight(lambda weight: weight.transpose(2, 3)),
    ),
    Misconception(
        "another_convolution",
        "You keep one convolution in __init__ and make another in forward. The one that is used is never trained.",
        AnotherConvolutionInForward,
    ),
    # the border
    Misconception(
        "mirrored_border",
        "You mirror or repeat the image at its border (reflect, replicate), where the document's padding=1 puts zeros.",
        up(padding_mode="reflect"),
    ),
    Misconception(
        "border_of_ones",
        "You pad with ones instead of zeros.",
        up(lambda self, x: self.conv(F.pad(nearest(x), (1, 1, 1, 1), value=1.0)), padding=0),
    ),
    # training
    Misconception(
        "with_dropout",
        "You drop values while training. Dropout belongs into the residual blocks alone.",
        up(lambda self, x: F.dropout(repeat_then_convolve(self, x), 0.1, self.training)),
    ),
    Misconception(
        "with_dropout_before",
        "You drop values of the input while training, in front of the convolution. No dropout belongs here.",
        up(lambda self, x: repeat_then_convolve(self, F.dropout(x, 0.1, self.training))),
    ),
    Misconception(
        "input_cut_off",
        "You cut the input from its past (.detach() or .data), so that nothing below this layer would ever learn: the "
        "bottleneck, and most of the encoder.",
        up(lambda self, x: repeat_then_convolve(self, x.detach())),
    ),
    Misconception(
        "weights_frozen",
        "The values are right, and the convolution never gets a gradient (requires_grad_(False), .data or .detach() on "
        "its weight). It would stay as random as it began.",
        layer_with(lambda channels: frozen(nn.Conv2d(channels, channels, 3, padding=1)), repeat_then_convolve),
    ),
    Misconception(
        "no_gradients",
        "torch.no_grad() inside a layer keeps it and everything below it from learning. Leave it to the sampler.",
        up(lambda self, x: torch.no_grad()(repeat_then_convolve)(self, x)),
    ),
    Misconception(
        "always_float32",
        "You convert to float32, and weights of another precision no longer fit.",
        up(lambda self, x: repeat_then_convolve(self, x.float())),
    ),
)


def repeat_by_index(x: Tensor) -> Tensor:
    rows, columns = (torch.arange(2 * length, device=x.device) // 2 for length in x.shape[2:])
    return x[:, :, rows][:, :, :, columns]


def repeat_by_expanding(x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    squares = x[:, :, :, None, :, None].expand(batch, channels, height, 2, width, 2)
    return squares.reshape(batch, channels, 2 * height, 2 * width)


EXERCISE = Exercise(
    "Upsample",
    Upsample,
    __name__,
    where="the document, section 4, Upsample: F.interpolate(scale_factor=2, mode='nearest'), then "
    "Conv2d(kernel=3, padding=1)",
    adapt=other_layouts,
)
holds, right = EXERCISE.holds, EXERCISE.right


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


right(enlarged_by(lambda x: x.repeat_interleave(2, -2).repeat_interleave(2, -1)), "repeat_interleave")


right(enlarged_by(repeat_by_index), "repeat_by_index")


right(enlarged_by(repeat_by_expanding), "repeat_by_expanding")


right(enlarged_by(lambda x: torch.kron(x, x.new_ones(1, 1, 2, 2))), "kronecker")


right(enlarged_by(lambda x: F.interpolate(x, size=[2 * n for n in x.shape[2:]], mode="nearest-exact")), "named_size")
