"""What holds for Downsample and Upsample alike: from the coarse to the fine, so that the first that fails tells what
kind of mistake it is."""

from typing import Any

import torch
from torch import Tensor

from course_lib.checks.family import Family
from course_lib.checks.guard import Failure
from course_lib.checks.properties import shape_of
from course_lib.checks.trial import Call, Trial, parameters_differ, reference_parameters

LAYERS = Family()


def other_layouts(state: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]) -> list[dict[str, Tensor]]:
    """The weight as a matrix (out, in * 9) over unfolded windows, the bias with axes of length one."""
    rows, bias = state["conv.weight"].flatten(1), state["conv.bias"]
    found = {name: values for name, shape in shapes.items() for values in (rows, bias) if fits(shape, values)}
    return [found] if len(found) == len(shapes) == 2 else []


def fits(shape: tuple[int, ...], values: Tensor) -> bool:
    """Whether `values` can be poured into `shape`: for the weight, outputs first and then whole windows."""
    same_size = torch.Size(shape).numel() == values.numel()
    return same_size and (values.ndim == 1 or shape[0] == values.shape[0])


def ordinary_call(trial: Trial) -> Call:
    """A layer and its input: height unlike width, batch unlike channels."""
    channels = trial.pick(2, 4, 5)
    height, width = trial.pick((6, 8), (8, 6), (4, 10))
    return trial.build(channels).calling(trial.normal(3, channels, height, width))


def with_large_numbers(trial: Trial) -> Call:
    """An odd number of channels, sides of which no half is a power of two, and large numbers about other means."""
    channels = trial.pick(3, 7)
    height, width = trial.pick((14, 6), (10, 22))
    x = 10 * trial.normal(2, channels, height, width) + 20 * trial.normal(2, channels, 1, 1)
    return trial.build(channels).calling(x)


def square_call(trial: Trial) -> Call:
    channels = trial.pick(2, 4, 5)
    return trial.build(channels).calling(trial.normal(3, channels, 8, 8))


@LAYERS.holds("the layer has a filter from each of the `channels` to each")
def one_filter_for_all_channels(trial: Trial) -> None:
    """Your layer holds nine weights (and a bias): one filter from a single channel to a single channel, as nn.Conv2d(1,
    1, ...) has it. All channels would share it and never meet. The document's convolution leads from all `channels` to
    all of them, nn.Conv2d(channels, channels, ...), and takes x as it comes."""
    channels = trial.pick(4, 5)
    held, given = numbers_held(trial, channels)
    right = (channels, 9 * channels**2)  # other numbers are the next property's
    trial.see("how many numbers each parameter holds", held if held in ((9,), (1, 9)) else right, given)


def numbers_held(trial: Trial, channels: int) -> tuple[Any, str]:
    """How many numbers each parameter holds, whatever it is called, and what was made; ends the property if nothing
    was."""
    constructed = trial.handle.construct((channels,), {}, seed=0)
    given = f"{trial.exercise.name}({channels})"
    if isinstance(constructed, Failure):
        trial.checked("the object", constructed, given)
    if constructed.unregistered:
        wanted = reference_parameters(trial.exercise.reference, (channels,), {}, 0)
        return parameters_differ({name: tuple(values.shape) for name, values in wanted.items()}, constructed), given
    return tuple(sorted(torch.Size(shape).numel() for shape in constructed.parameters.values())), given


@LAYERS.holds(
    "the layer holds one 3x3 convolution from `channels` to `channels`: a weight of channels * channels * 9 numbers "
    "and a bias of `channels`"
)
def not_one_3x3_convolution(trial: Trial) -> None:
    """What your layer learns is not one 3x3 convolution with a bias from `channels` to `channels`. Count what it holds
    after __init__: channels * channels * 9 weights and `channels` biases, and nothing else. A layer that forward makes
    is not among them: it is new at every call, and never learns."""
    # looked at before anything is loaded
    held, given = numbers_held(trial, trial.pick(4, 5))
    trial.see("how many numbers each parameter holds", held, given)


@LAYERS.holds("where height and width of the image differ, those of the output differ, too")
def one_side_for_both(trial: Trial) -> None:
    """Your output is as high as it is wide, and the image that came in is not. Does one of its sides, or a number
    written out, stand for both? Each axis is resampled by itself: its height comes from x.shape[-2], its width from
    x.shape[-1], and a stride or a scale_factor needs neither."""
    channels = trial.pick(2, 4, 5)
    layer = trial.build(channels)
    # a higher and a wider one: with other strides one of them may come out square by chance
    calls = [layer.calling(trial.normal(3, channels, *size)) for size in ((6, 8), (10, 4))]
    shapes = [shape_of(call.see(observed=False)) for call in calls]
    square = all(isinstance(one, tuple) and len(one) == 4 and one[-2] == one[-1] for one in shapes)
    trial.see("whether height and width of the output are equal", square, f"{calls[0].text()}, which gave {shapes[0]}")
    if square:  # so that one mistake is told from another
        trial.see("the shapes of the output", tuple(shapes))


@LAYERS.holds()
def other_size(trial: Trial) -> None:
    call = ordinary_call(trial)
    trial.see("the shape of the output", shape_of(call.see(observed=False)), call.text())


@LAYERS.holds("the layer only weighs and adds: what it makes of a sum is the sum of what it makes of the parts")
def not_linear(trial: Trial) -> None:
    """Your layer does more than weigh and add: what it makes of a sum is not the sum of what it makes of the parts. The
    document has no activation, no norm and no maximum here; the residual blocks on both sides bring their own SiLU and
    GroupNorm."""
    # layer(a + b) - layer(a) - layer(b) + layer(0): nothing, if weights are all that acts
    call = ordinary_call(trial)
    layer, (a,), b = call.of, call.args, trial.normal(*call.args[0].shape)
    of_sum, of_a, of_b, of_zero = (layer(x, observed=False) for x in (a + b, a, b, 0 * a))
    left = of_sum - of_a - of_b + of_zero
    left = torch.where(left.abs() > 1e-3, left, torch.zeros_like(left))
    trial.see("layer(a + b) - layer(a) - layer(b) + layer(0)", left, "two random inputs a and b, their sum, and zeros")


@LAYERS.holds()
def looks_at_other_pixels(trial: Trial) -> None:
    # which output pixels change with each input pixel: one image of a batch for each of them
    channels = trial.pick(2, 4, 5)
    height, width = trial.pick((4, 6), (6, 4))
    layer, still = trial.build(channels), trial.normal(1, channels, height, width)
    touched = still.repeat(height * width, 1, 1, 1)
    for place in range(height * width):
        touched[place, :, place // width, place % width] += 1 + trial.uniform(channels)
    changes = (layer(touched, observed=False) - layer(still, observed=False)).abs().amax(dim=1) > 1e-4
    trial.see("which output pixels change with which input pixel", changes.long(), "one pixel changed at a time")


@LAYERS.holds("away from the border an input of zeros gives the bias of each channel")
def zeros_do_not_give_the_bias(trial: Trial) -> None:
    """With an input of zeros only the bias is left, once and unscaled. Yours gives something else."""
    call = ordinary_call(trial)
    of_zero = call.of(0 * call.args[0], observed=False)
    trial.see("the middle of the output", of_zero[..., 1:-1, 1:-1], "an input of zeros")


@LAYERS.holds("the numbers in the middle are those of the convolution")
def weights_used_otherwise(trial: Trial) -> None:
    """Right size, right bias, pixels of the right places, and yet other numbers. Is the result scaled, the input added
    to it, the kernel turned round, have the weight's first two axes (out, in) changed places, or are channels mixed or
    exchanged before the convolution?"""
    call = square_call(trial)
    trial.see("the output without its border", call.see(observed=False)[..., 1:-1, 1:-1], call.text())


@LAYERS.holds("beyond the border there are zeros")
def another_border(trial: Trial) -> None:
    """In the middle your output is right, at the border it is not: the pixels beyond it are zeros in the document's
    padding=1."""
    square_call(trial).see("the output")


@LAYERS.holds("the output is right when height and width differ")
def assumes_square_images(trial: Trial) -> None:
    """For square images you are right, and where height and width differ you are not. Have they changed places, or does
    one of them stand for both?"""
    ordinary_call(trial).see("the output")


@LAYERS.holds("images of other sizes come out right, from 2x2 pixels on")
def works_for_one_size_only(trial: Trial) -> None:
    """For images of other sizes your output is wrong. Ask the input for its size, or name a factor instead of a size:
    the same class serves at several levels of the U."""
    channels = trial.pick(2, 3)
    layer = trial.build(channels)
    for height, width in ((2, 2), (2, 6), (32, 16), (12, 20), (18, 4)):
        layer(trial.normal(2, channels, height, width))


@LAYERS.holds("other numbers of channels come out right, a single one included")
def works_for_some_channels_only(trial: Trial) -> None:
    """With other numbers of channels your output is wrong. Is a number written out where `channels` belongs?"""
    for channels in (1, 3, 8):
        trial.build(channels)(trial.normal(2, channels, 6, 4))


@LAYERS.holds("as many images as channels make no difference")
def confuses_batch_and_channels(trial: Trial) -> None:
    """Where there are as many images as channels your output is wrong. Are the two axes told apart by their length, and
    not by their place?"""
    trial.build(4)(trial.normal(4, 4, 4, 6))


@LAYERS.holds("training and evaluation give the same: there is no dropout here, and no running statistics")
def acts_differently_while_training(trial: Trial) -> None:
    """In evaluation your layer is right, while training it is not. Dropout or BatchNorm? Neither belongs here."""
    ordinary_call(trial).see("the output", training=True)
