"""What holds for Downsample, and right answers written differently."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import Downsample
from course_lib.checks.exercise import Exercise, Property
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import Misconception
from course_lib.checks.trial import Built, Trial, parameters_differ, reference_parameters

Sizes = tuple[tuple[int, int], ...]


def example(trial: Trial) -> tuple[Built, tuple]:
    """A layer and its input: height unlike width, batch unlike channels."""
    channels = trial.pick(2, 4, 5)
    height, width = trial.pick((6, 8), (8, 6), (4, 10))
    return trial.build(channels), (trial.normal(3, channels, height, width),)


def output(layer: Built, x: Tensor, **kwargs: Any) -> Tensor:
    """What the layer makes of `x`, unrecorded; ends the property, recorded, where that is no tensor."""
    value = layer(x, observed=False, **kwargs)
    if not isinstance(value, Tensor):
        layer.trial.checked("the output", Failure("type", "no tensor"), layer.text("", (x,), kwargs, False))
    return value


def numbers_in_each_parameter(trial: Trial) -> None:
    """Looked at before anything is loaded: how many numbers each parameter holds, whatever it is called."""
    channels = trial.pick(4, 5)
    constructed = trial.handle.construct((channels,), {}, seed=0)
    given = f"{trial.exercise.name}({channels})"
    if isinstance(constructed, Failure):
        trial.checked("the object", constructed, given)
    if constructed.unregistered:
        wanted = reference_parameters(trial.exercise.reference, (channels,), {}, 0)
        failure = parameters_differ({name: tuple(values.shape) for name, values in wanted.items()}, constructed)
        trial.see("how many numbers each parameter holds", failure, given)
        return
    sizes = sorted(torch.Size(shape).numel() for shape in constructed.parameters.values())
    trial.see("how many numbers each parameter holds", tuple(sizes), given)


def size(trial: Trial) -> None:
    layer, (x,) = example(trial)
    value = layer(x, observed=False)
    value = tuple(value.shape) if isinstance(value, Tensor) else value
    trial.see("the shape of the output", value, layer.text("", (x,), {}, False))


def straight(trial: Trial) -> None:
    """layer(a + b) - layer(a) - layer(b) + layer(0): nothing, if weights are all that acts."""
    layer, (x,) = example(trial)
    other = trial.normal(*x.shape)
    left = output(layer, x + other) - output(layer, x) - output(layer, other) + output(layer, 0 * x)
    left = torch.where(left.abs() > 1e-3, left, torch.zeros_like(left))
    trial.see("layer(a + b) - layer(a) - layer(b) + layer(0)", left, "two random inputs a and b, their sum, and zeros")


def reach(trial: Trial) -> None:
    """Which output pixels change with each input pixel: one image of a batch for each of them."""
    channels = trial.pick(2, 4, 5)
    height, width = trial.pick((4, 6), (6, 4))
    layer, still = trial.build(channels), trial.normal(1, channels, height, width)
    touched = still.repeat(height * width + 1, 1, 1, 1)
    for place in range(height * width):
        touched[place + 1, :, place // width, place % width] += 1 + trial.uniform(channels)
    changes = (output(layer, touched) - output(layer, still)).abs().amax(dim=1) > 1e-4
    trial.see("which output pixels change with which input pixel", changes[1:].long(), "one pixel changed at a time")


def zeros(trial: Trial) -> None:
    layer, (x,) = example(trial)
    trial.see("the middle of the output", output(layer, 0 * x)[..., 1:-1, 1:-1], "an input of zeros")


def middle(trial: Trial) -> None:
    channels = trial.pick(2, 4, 5)
    layer, x = trial.build(channels), trial.normal(3, channels, 8, 8)
    trial.see("the output without its border", output(layer, x)[..., 1:-1, 1:-1], layer.text("", (x,), {}, False))


def border(trial: Trial) -> None:
    channels = trial.pick(2, 4, 5)
    trial.build(channels)(trial.normal(3, channels, 8, 8))


def unlike_sides(trial: Trial) -> None:
    layer, args = example(trial)
    layer(*args)


def other_sizes(trial: Trial) -> None:
    channels = trial.pick(2, 3)
    layer = trial.build(channels)
    for height, width in ((2, 2), (2, 6), (32, 16), (12, 20), (18, 4)):
        layer(trial.normal(2, channels, height, width))


def other_channels(trial: Trial) -> None:
    for channels in (1, 3, 8):
        trial.build(channels)(trial.normal(2, channels, 6, 4))


def as_many_images_as_channels(trial: Trial) -> None:
    trial.build(4)(trial.normal(4, 4, 4, 6))


def training(trial: Trial) -> None:
    layer, args = example(trial)
    layer(*args, training=True)


def gradients(trial: Trial) -> None:
    """Those of the input, and whether every parameter has one: an answer may lay its parameters out differently."""
    layer, (x,) = example(trial)
    found, given = layer.every_gradient(x), layer.text("", (x,), {}, False)
    of_input = torch.zeros_like(x) if found.inputs[0] is None else found.inputs[0]
    trial.see("the gradient of the output with respect to the input", of_input, given, tolerance=10)
    arrived = all(gradient is not None and bool(gradient.any()) for gradient in found.parameters.values())
    trial.see("whether every parameter gets a gradient", arrived, given)


def shared_properties(says_size: str, mistake_size: str, says_reach: str, mistake_reach: str) -> tuple[Property, ...]:
    """From the coarse to the fine, so that the first that fails tells what kind of mistake it is."""
    return (
        Property(
            "not_one_3x3_convolution",
            "the layer holds one 3x3 convolution from `channels` to `channels`: a weight of channels * channels * 9 "
            "numbers and a bias of `channels`",
            numbers_in_each_parameter,
            "What your layer learns is not one 3x3 convolution with a bias, as many channels out as in. Count: "
            "channels * channels * 9 weights and `channels` biases, and nothing else.",
        ),
        Property("other_size", says_size, size, mistake_size),
        Property(
            "not_linear",
            "the layer only weighs and adds: what it makes of a sum is the sum of what it makes of the parts",
            straight,
            "Something in your layer bends or normalises: an activation, a norm, a maximum. The document has none "
            "here; the residual blocks on both sides bring their own SiLU and GroupNorm.",
        ),
        Property("looks_at_other_pixels", says_reach, reach, mistake_reach),
        Property(
            "zeros_do_not_give_the_bias",
            "away from the border an input of zeros gives the bias of each channel",
            zeros,
            "With an input of zeros only the bias is left, once and unscaled. You lose it, scale it, or add it more "
            "than once.",
        ),
        Property(
            "weights_used_otherwise",
            "the numbers in the middle are those of the convolution",
            middle,
            "Right size, right pixels, right bias, and yet other numbers: the result is scaled, the input is added to "
            "it, the kernel is turned round, or the weight's first two axes (out, in) have changed places.",
        ),
        Property(
            "another_border",
            "beyond the border there are zeros",
            border,
            "In the middle your output is right, at the border it is not: the pixels beyond the border are zeros in "
            "the document's padding=1, neither mirrored nor repeated nor taken from the other side.",
        ),
        Property(
            "assumes_square_images",
            "the output is right when height and width differ",
            unlike_sides,
            "For square images you are right. When height and width differ you are not: one of them stands for both, "
            "or they have changed places.",
        ),
        Property(
            "works_for_one_size_only",
            "images of other sizes come out right, from 2x2 pixels on",
            other_sizes,
            "Your layer knows one size of image. Ask the input for its size, or name a factor instead of a size: the "
            "same class serves at several levels of the U.",
        ),
        Property(
            "works_for_some_channels_only",
            "other numbers of channels come out right, a single one included",
            other_channels,
            "With other numbers of channels your layer goes wrong: some number in it is written out where `channels` "
            "belongs.",
        ),
        Property(
            "confuses_batch_and_channels",
            "as many images as channels make no difference",
            as_many_images_as_channels,
            "Where there are as many images as channels your output changes: the two axes are told apart by their "
            "length somewhere, and not by their place.",
        ),
        Property(
            "acts_differently_while_training",
            "training and evaluation give the same: there is no dropout here, and no running statistics",
            training,
            "In evaluation your layer is right, while training it is not. Dropout or BatchNorm? Neither belongs here.",
        ),
        treats_images_alone(example),
        replace(gradients_agree(example), probe=gradients),
        works_in_float64(example),
        works_on_any_device(example),
        keeps_random_state(example),
    )


def other_layouts(state: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]) -> list[dict[str, Tensor]]:
    """The weight as a matrix (out, in * 9) over unfolded windows, the bias with axes of length one."""
    weight, bias = (next(values for values in state.values() if values.ndim == ndim) for ndim in (4, 1))
    rows = weight.flatten(1)
    wanted = {name: values for name, shape in shapes.items() for values in (rows, bias) if fits(shape, values)}
    return [wanted] if len(wanted) == len(shapes) == 2 else []


def fits(shape: tuple[int, ...], values: Tensor) -> bool:
    """Whether `values` can be poured into `shape`: for the weight, outputs first and then whole windows."""
    same_size = torch.Size(shape).numel() == values.numel()
    return same_size and (values.ndim == 1 or shape[0] == values.shape[0])


Forward = Callable[[nn.Module, Tensor], Tensor]


def layer_with(convolution: Callable[[int], nn.Module | None], forward: Forward) -> type[nn.Module]:
    """A layer that keeps `convolution(channels)` as self.conv and calls `forward(self, x)`."""

    class Layer(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.conv = convolution(channels)

        def forward(self, x: Tensor) -> Tensor:
            return forward(self, x)

    return Layer


def convolve(self: nn.Module, x: Tensor) -> Tensor:
    return self.conv(x)


def frozen(module: nn.Module) -> nn.Module:
    return module.requires_grad_(False)


def down(forward: Forward = convolve, **changes: Any) -> type[nn.Module]:
    """Downsample with other settings of its convolution, or another forward."""
    settings = {"kernel_size": 3, "stride": 2, "padding": 1} | changes
    return layer_with(lambda channels: nn.Conv2d(channels, channels, **settings), forward)


def without_layers(forward: Callable[[Tensor], Tensor]) -> type[nn.Module]:
    return layer_with(lambda channels: None, lambda self, x: forward(x))


class ConvolutionInForward(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return nn.Conv2d(self.channels, self.channels, 3, stride=2, padding=1)(x)


class AnotherConvolutionInForward(nn.Module):
    """The attribute is there, and a fresh one is used."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return nn.Conv2d(x.shape[1], x.shape[1], 3, stride=2, padding=1)(x)


class TwoConvolutions(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv(x))


class WithNorm(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.norm(x))


def padded_with(mode: str) -> type[nn.Module]:
    return down(padding_mode=mode)


def padded_at(left: int, right: int, top: int, bottom: int, value: float = 0.0) -> type[nn.Module]:
    return down(lambda self, x: self.conv(F.pad(x, (left, right, top, bottom), value=value)), padding=0)


def with_weight(change: Callable[[Tensor], Tensor]) -> type[nn.Module]:
    return down(lambda self, x: F.conv2d(x, change(self.conv.weight), self.conv.bias, stride=2, padding=1))


DEPTHWISE = (
    "Your convolution has one small kernel a channel (groups=channels), so that channels never meet. The document's "
    "mixes all channels: leave groups at 1."
)


NO_BIAS = "Your convolution has no bias. The document's has one, as nn.Conv2d does by itself: leave bias=False out."


TURNED = (
    "You turn the kernel round before you use it, as the textbook's convolution does. What torch (and the document) "
    "calls a convolution leaves it as it is."
)


OUT_AND_IN = "The weight's axes are (out, in, row, column). You use them as (in, out, row, column)."


HIDDEN_FROM_GRADIENTS = (
    "The values are right and the layer would never learn: its weights do not get a gradient (requires_grad_(False), "
    "or .data or .detach() on the weight)."
)


INPUT_CUT = (
    "You cut the input from its past (.detach() or .data). The layers before this one would get no gradient through "
    "it, and in a U that is half the network."
)


NO_GRADIENT = (
    "Under torch.no_grad() nothing is recorded, so neither this layer nor any before it can learn. That is for "
    "sampling, and stands outside the model."
)


DOWN_MISCONCEPTIONS: Sequence[Misconception] = (
    # other parameters
    Misconception(
        "nothing_learned",
        "Your layer has no weights, so it throws pixels away by a fixed rule. The document's learns what to keep: a "
        "Conv2d in __init__.",
        without_layers(lambda x: F.interpolate(x, scale_factor=0.5, mode="nearest")),
    ),
    Misconception(
        "average_pooling",
        "You average 2x2 squares (bilinear interpolation to half the size is the same). That is a fair way to shrink "
        "and a fixed one; the document's convolution with stride 2 could learn to average if that were best.",
        without_layers(lambda x: F.avg_pool2d(x, 2)),
    ),
    Misconception(
        "max_pooling",
        "You take the maximum of 2x2 squares, as classifiers do. The document's layer is a convolution with stride 2, "
        "with weights of its own.",
        without_layers(lambda x: F.max_pool2d(x, 2)),
    ),
    Misconception(
        "convolution_made_in_forward",
        "You make the convolution anew at every call, with new random weights. Make it once in __init__ and keep it as "
        "self.conv, or there is nothing an optimizer could train.",
        ConvolutionInForward,
    ),
    Misconception(
        "kernel_of_one",
        "Your kernel is a single pixel. With stride 2 it never looks at three pixels out of four. The document's "
        "kernel is 3x3.",
        down(kernel_size=1, padding=0),
    ),
    Misconception(
        "kernel_of_two",
        "Your kernel is 2x2: windows that touch and never overlap. It halves the size too, but the document's windows "
        "are 3x3, with padding 1.",
        down(kernel_size=2, padding=0),
    ),
    Misconception(
        "kernel_of_four",
        "Your kernel is 4x4. With padding 1 it halves the size as well, and it is another layer: the document's kernel "
        "is 3x3.",
        down(kernel_size=4),
    ),
    Misconception(
        "kernel_of_five",
        "Your kernel is 5x5. The document asks for kernel=3, with 9 weights for each pair of channels.",
        down(kernel_size=5, padding=2),
    ),
    Misconception("no_bias", NO_BIAS, down(bias=False)),
    Misconception(
        "depthwise",
        DEPTHWISE,
        layer_with(lambda channels: nn.Conv2d(channels, channels, 3, 2, 1, groups=channels), convolve),
    ),
    Misconception(
        "doubles_the_channels",
        "Your layer doubles the channels, as many networks do when they halve the size. In the document the next "
        "ResidualBlock does that; Downsample leaves channels alone.",
        layer_with(lambda channels: nn.Conv2d(channels, 2 * channels, 3, 2, 1), convolve),
    ),
    Misconception(
        "fixed_channels",
        "Your convolution has 64 channels whatever `channels` says. The second Downsample of the network has 128.",
        layer_with(lambda channels: nn.Conv2d(64, 64, 3, 2, 1), convolve),
    ),
    Misconception(
        "one_channel_out",
        "Your convolution leaves a single channel. As many channels go out as come in.",
        layer_with(lambda channels: nn.Conv2d(channels, 1, 3, 2, 1), convolve),
    ),
    Misconception(
        "two_convolutions",
        "There are two convolutions in your layer. One is enough, and it does the halving itself.",
        TwoConvolutions,
    ),
    Misconception(
        "with_a_norm",
        "You normalise first. Down here there is only the convolution: norms belong to the residual blocks.",
        WithNorm,
    ),
    # another size
    Misconception(
        "stride_missing",
        "Your output is as large as the input. Without stride=2 a convolution looks at every pixel and halves nothing.",
        down(stride=1),
    ),
    Misconception(
        "no_padding",
        "Without padding the window cannot stand on the first row and column, and you lose a pixel: 32 becomes 15. "
        "One pixel of zeros on each side makes it 16.",
        down(padding=0),
    ),
    Misconception(
        "padding_of_two",
        "With two pixels of padding you get one pixel too many: 32 becomes 17. For a 3x3 kernel it is one.",
        down(padding=2),
    ),
    Misconception(
        "halved_twice",
        "Your output is a quarter as high and wide: two steps halve, one after the other. The stride alone does it.",
        down(lambda self, x: F.avg_pool2d(self.conv(x), 2)),
    ),
    Misconception(
        "maximum_after_the_stride",
        "You pool after a convolution that has halved the size already. With its stride of 2 the work is done.",
        down(lambda self, x: F.max_pool2d(self.conv(x), 2)),
    ),
    Misconception(
        "height_only",
        "You halve the height and leave the width. A stride given as one number, stride=2, holds for both axes.",
        down(stride=(2, 1)),
    ),
    Misconception(
        "width_only",
        "You halve the width and leave the height as it was: the stride has to be 2 along both axes.",
        down(stride=(1, 2)),
    ),
    Misconception(
        "upwards",
        "Your output is larger than the input: a ConvTranspose2d goes the other way, up.",
        layer_with(lambda channels: nn.ConvTranspose2d(channels, channels, 3, 2, 1, output_padding=1), convolve),
    ),
    Misconception(
        "stride_of_three",
        "Your stride is 3, so a third of each side is left. To halve, windows stand two pixels apart.",
        down(stride=3),
    ),
    Misconception(
        "pixels_flattened",
        "You flatten the picture. Downsample gives back a feature map, (B, C, H/2, W/2), for the next convolution.",
        down(lambda self, x: self.conv(x).flatten(2)),
    ),
    Misconception(
        "axes_turned",
        "Height and width have changed places in your output. No transpose is needed here.",
        down(lambda self, x: self.conv(x).transpose(2, 3)),
    ),
    Misconception(
        "same_padding",
        "padding='same' asks for an output as large as the input, and torch refuses that together with a stride. Write "
        "the number: padding=1.",
        down(padding="same"),
    ),
    # something bends
    Misconception(
        "relu_after",
        "You put a ReLU after the convolution. Half of what it found is gone; the document has no activation here.",
        down(lambda self, x: F.relu(self.conv(x))),
    ),
    Misconception(
        "silu_after",
        "You put a SiLU after the convolution. It belongs into the residual blocks, which begin with one of their own.",
        down(lambda self, x: F.silu(self.conv(x))),
    ),
    Misconception(
        "silu_before",
        "You put a SiLU before the convolution. Norm, SiLU, Conv is the order *inside* a residual block; here the "
        "convolution stands alone.",
        down(lambda self, x: self.conv(F.silu(x))),
    ),
    Misconception(
        "relu_before",
        "You put a ReLU before the convolution, so negative features never go down. Leave the input as it is.",
        down(lambda self, x: self.conv(F.relu(x))),
    ),
    Misconception(
        "gelu_after",
        "You put a GELU after the convolution. A resampling layer has no activation of its own in the document.",
        down(lambda self, x: F.gelu(self.conv(x))),
    ),
    Misconception(
        "leaky_relu_after",
        "You put a LeakyReLU after the convolution. Take it out: nothing bends between two residual blocks.",
        down(lambda self, x: F.leaky_relu(self.conv(x), 0.2)),
    ),
    Misconception(
        "tanh_after",
        "You squash the output with tanh. Feature maps are not images in [-1, 1], and the document has no such step.",
        down(lambda self, x: torch.tanh(self.conv(x))),
    ),
    Misconception(
        "maximum_then_convolution",
        "You halve with a maximum and then convolve at stride 1. Three values out of four are gone before any weight "
        "has seen them; in the document the convolution itself makes the steps.",
        down(lambda self, x: self.conv(F.max_pool2d(x, 2)), stride=1),
    ),
    Misconception(
        "convolution_then_maximum",
        "You convolve at stride 1 and take the maximum of each 2x2 square. The document's stride keeps one window in "
        "four and computes only that one.",
        down(lambda self, x: F.max_pool2d(self.conv(x), 2), stride=1),
    ),
    Misconception(
        "group_norm_after",
        "You normalise the output. Norms stand at the start of each residual block; here there is only a convolution.",
        down(lambda self, x: F.group_norm(self.conv(x), 1)),
    ),
    Misconception(
        "norm_before_without_weights",
        "You normalise the input. The skip connection takes what comes *out* of this layer, scale included: leave it.",
        down(lambda self, x: self.conv(F.group_norm(x, 1))),
    ),
    # other pixels
    Misconception(
        "average_then_convolution",
        "You average 2x2 squares first and convolve at stride 1. Each output then looks at 6x6 pixels, blurred; the "
        "document's looks at 3x3, sharp.",
        down(lambda self, x: self.conv(F.avg_pool2d(x, 2)), stride=1),
    ),
    Misconception(
        "convolution_then_average",
        "You convolve at stride 1 and average 2x2 squares of the result. The document computes one window in four, and "
        "averages nothing.",
        down(lambda self, x: F.avg_pool2d(self.conv(x), 2), stride=1),
    ),
    Misconception(
        "slice_then_convolution",
        "Three pixels out of four are never looked at: you slice before you convolve (or your kernel has holes, "
        "dilation 2, which is the same). The windows are 3x3 neighbours in the *large* image, two pixels apart.",
        down(lambda self, x: self.conv(x[:, :, ::2, ::2]), stride=1),
    ),
    Misconception(
        "odd_pixels",
        "Your windows stand on the odd pixels, 1, 3, 5: [1::2] does that, and so does padding only on the right and "
        "at the bottom, as TensorFlow pads. With padding=1 on every side the first window stands on pixel 0.",
        down(lambda self, x: self.conv(x)[:, :, 1::2, 1::2], stride=1),
    ),
    Misconception(
        "odd_columns",
        "Your windows stand on even rows and odd columns. Both axes begin at pixel 0.",
        down(lambda self, x: self.conv(x)[:, :, ::2, 1::2], stride=1),
    ),
    Misconception(
        "odd_rows",
        "Your windows stand on odd rows and even columns. Rows begin at pixel 0 as well.",
        down(lambda self, x: self.conv(x)[:, :, 1::2, ::2], stride=1),
    ),
    Misconception(
        "wrapped_round",
        "Your border continues at the other side of the image (circular). The document's padding is zeros.",
        padded_with("circular"),
    ),
    Misconception(
        "average_added",
        "You add the averaged input to the result, as a shortcut. Residual blocks have one; Downsample has none.",
        down(lambda self, x: self.conv(x) + F.avg_pool2d(x, 2)),
    ),
    Misconception(
        "bilinear_then_convolution",
        "You shrink by interpolation and convolve the small image. The stride is the whole trick: one convolution that "
        "looks at the large image and lands on the small one.",
        down(lambda self, x: self.conv(F.interpolate(x, scale_factor=0.5, mode="bilinear", antialias=True)), stride=1),
    ),
    Misconception(
        "blurred_first",
        "You blur before the stride (against aliasing). A good idea of other papers; the document's layer does not.",
        down(lambda self, x: self.conv(F.avg_pool2d(x, 3, 1, 1))),
    ),
    Misconception(
        "mean_subtracted",
        "You subtract the mean of the input. That is half of a norm; this layer takes the input as it is.",
        down(lambda self, x: self.conv(x - x.mean())),
    ),
    # other numbers
    Misconception(
        "bias_lost",
        "You use the weight and forget the bias: F.conv2d takes both.",
        down(lambda self, x: F.conv2d(x, self.conv.weight, stride=2, padding=1)),
    ),
    Misconception(
        "bias_twice",
        "Your bias is added twice. The convolution adds it by itself.",
        down(lambda self, x: self.conv(x) + self.conv.bias.view(1, -1, 1, 1)),
    ),
    Misconception(
        "halved_values",
        "You halve the values. It is height and width that become half as large.",
        down(lambda self, x: self.conv(x) / 2),
    ),
    Misconception(
        "quartered_values",
        "You divide by four, as an average over 2x2 squares would. The convolution's weights take care of the scale.",
        down(lambda self, x: self.conv(x) / 4),
    ),
    Misconception(
        "doubled_values",
        "You double the values. Nothing is scaled in this layer: the convolution's output is the output.",
        down(lambda self, x: 2 * self.conv(x)),
    ),
    Misconception(
        "input_added",
        "You add every second pixel of the input to the result. A shortcut belongs into residual blocks.",
        down(lambda self, x: self.conv(x) + x[:, :, ::2, ::2]),
    ),
    Misconception("kernel_turned", TURNED, with_weight(lambda weight: weight.flip(2, 3))),
    Misconception("out_and_in_swapped", OUT_AND_IN, with_weight(lambda weight: weight.transpose(0, 1))),
    Misconception(
        "rows_and_columns_swapped",
        "Your kernel lies on its side: its rows are used as columns.",
        with_weight(lambda weight: weight.transpose(2, 3)),
    ),
    Misconception(
        "another_convolution",
        "You keep one convolution as an attribute and use another, made anew at each call. Training would move the one "
        "that is never used.",
        AnotherConvolutionInForward,
    ),
    # the border
    Misconception(
        "mirrored_border",
        "You mirror the image at its border (reflect). The document's padding=1 puts zeros there.",
        padded_with("reflect"),
    ),
    Misconception(
        "repeated_border",
        "You repeat the border pixels outwards (replicate). The document's padding is zeros.",
        padded_with("replicate"),
    ),
    Misconception(
        "border_of_ones",
        "You pad with ones. Zeros are the neutral choice: they add nothing to the sum of a window.",
        padded_at(1, 1, 1, 1, value=1.0),
    ),
    # training
    Misconception(
        "with_dropout",
        "You drop values while training. In the document only the residual blocks have dropout.",
        down(lambda self, x: F.dropout(self.conv(x), 0.1, self.training)),
    ),
    Misconception(
        "with_dropout_before",
        "You drop pixels of the input while training. No dropout stands in front of this convolution.",
        down(lambda self, x: self.conv(F.dropout(x, 0.1, self.training))),
    ),
    Misconception("input_cut_off", INPUT_CUT, down(lambda self, x: self.conv(x.detach()))),
    Misconception(
        "weights_frozen",
        HIDDEN_FROM_GRADIENTS,
        layer_with(lambda channels: frozen(nn.Conv2d(channels, channels, 3, 2, 1)), convolve),
    ),
    Misconception("no_gradients", NO_GRADIENT, down(lambda self, x: torch.no_grad()(self.conv)(x))),
    Misconception(
        "always_float32",
        "You convert to float32. In another precision the weights no longer fit the input; leave the type alone.",
        down(lambda self, x: self.conv(x.float())),
    ),
)


EXERCISE = Exercise(
    "Downsample",
    Downsample,
    __name__,
    where="the document, section 4, Downsample: Conv2d(stride=2, kernel=3, padding=1)",
    adapt=other_layouts,
)
holds, right = EXERCISE.holds, EXERCISE.right


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


right(down(lambda self, x: self.conv(x)[..., ::2, ::2], stride=1), "every_second_pixel_of_stride_one")


right(padded_at(1, 0, 1, 0), "padding_left_and_top_only")
