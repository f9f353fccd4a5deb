"""What holds for conv_multiply_adds, and right answers written differently."""

import math

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial, as_number
from course_lib.estimates import conv_multiply_adds

LABEL = "the multiply-adds"
NAMES = ("in_channels", "out_channels", "kernel_size", "height", "width")

EXERCISE = Exercise(
    "conv_multiply_adds",
    conv_multiply_adds,
    __name__,
    where="12.1 of the lesson, the drawing of one number of the output",
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.pick(3, 5, 7), trial.pick(11, 13), 3, trial.pick(9, 10), trial.pick(15, 16))


@EXERCISE.harder
def fewer_channels_come_out(trial: Trial) -> Call:
    """Fewer channels come out than go in, a 5x5 kernel, and a map that is higher than wide, its height odd."""
    return trial.calling(trial.pick(26, 34), trial.pick(7, 9), 5, trial.pick(31, 33), trial.pick(18, 22))


def grows(trial: Trial, place: int, factor: int) -> None:
    """See whether twice of one argument gives `factor` times the count."""
    args = [trial.pick(3, 5), trial.pick(7, 11), 3, trial.pick(4, 6), trial.pick(9, 10)]
    twice = [2 * value if at == place else value for at, value in enumerate(args)]
    found = [as_number(trial.handle.call(None, tuple(values), {})) for values in (args, twice)]
    if any(isinstance(value, Failure) or not isinstance(value, int | float) for value in found):
        trial.call(*args, label=LABEL)
        return
    # a yes or no: two different counts may well grow alike
    right = abs(found[1] - factor * found[0]) < 1e-6 * abs(found[0])
    trial.see(f"whether it is {factor} times as much", right, f"{NAMES[place]} {args[place]} and {twice[place]}")


@holds("twice the in_channels doubles the count")
def grows_wrongly_with_in_channels(trial: Trial) -> None:
    """Twice the in_channels should give 2 times the multiply-adds, and yours do something else. Each number of the
    output sums over all channels of the input, and everything is multiplied: a square is ** 2. ^ is no power in Python:
    it compares bits, and comes after the products on both sides of it."""
    grows(trial, 0, 2)


@holds("twice the out_channels doubles the count")
def grows_wrongly_with_out_channels(trial: Trial) -> None:
    """Twice the out_channels should give 2 times the multiply-adds, and yours do something else. Every channel of the
    output is computed for itself."""
    grows(trial, 1, 2)


@holds("twice the kernel_size quadruples the count")
def grows_wrongly_with_kernel_size(trial: Trial) -> None:
    """Twice the kernel_size should give 4 times the multiply-adds, and yours do something else. The window is
    kernel_size high and kernel_size wide."""
    grows(trial, 2, 4)


@holds("twice the height doubles the count")
def grows_wrongly_with_height(trial: Trial) -> None:
    """Twice the height should give 2 times the multiply-adds, and yours do something else. Every row of the output is
    computed for itself; and nothing is added that does not grow."""
    grows(trial, 3, 2)


@holds("twice the width doubles the count")
def grows_wrongly_with_width(trial: Trial) -> None:
    """Twice the width should give 2 times the multiply-adds, and yours do something else. Every column of the output is
    computed for itself."""
    grows(trial, 4, 2)


@holds("every number of the output costs one window in every channel of the input")
def a_factor_too_many(trial: Trial) -> None:
    """Your count grows as it should, and its size is off by a factor. Work one number of the output out by hand, for a
    1x1 kernel and one channel: it takes a single multiplication."""
    ordinary_call(trial).see(LABEL)


@holds("kernels of every size are counted")
def wrong_for_other_kernels(trial: Trial) -> None:
    """For 3x3 and 6x6 your count is right, and for other kernels not. Is a size written out, or halved with //?"""
    for kernel_size in (5, 2, 7):
        trial.call(2, trial.pick(3, 5), kernel_size, 6, 4, label=LABEL)


@holds("a 1x1 kernel is counted like any other")
def wrong_for_one_by_one(trial: Trial) -> None:
    """For a 1x1 kernel your count is wrong: it costs in_channels for each number of the output."""
    trial.call(trial.pick(5, 6), trial.pick(7, 9), 1, 4, trial.pick(6, 8), label=LABEL)


@holds("an output of a single pixel is counted like any other")
def wrong_for_one_pixel(trial: Trial) -> None:
    """For an output of one pixel your count is wrong. height and width are those of the output, so nothing is
    subtracted from them."""
    trial.call(trial.pick(4, 6), trial.pick(5, 7), 3, 1, 1, label=LABEL)


@holds("the document's convolutions are counted right")
def wrong_for_real_layers(trial: Trial) -> None:
    """For the document's own convolutions your count is wrong. Is something rounded or fixed?"""
    for in_channels, out_channels, side in ((3, 64, 32), (512, 256, 8), (64, 3, 32)):
        trial.call(in_channels, out_channels, 3, side, side, label=LABEL)


@holds("large counts are as exact as small ones")
def not_exact_where_large(trial: Trial) -> None:
    """Small counts are right, and one of many millions is not. 32 bits hold whole numbers up to 2,147,483,647, and a
    float32 keeps seven digits: Python's own whole numbers (int) have no end."""
    trial.call(509, trial.pick(1021, 1031), 3, 131, 127, label=LABEL)


@right
def pixel_by_pixel(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> int:
    a_pixel = kernel_size**2 * in_channels * out_channels
    return sum(a_pixel for _ in range(height) for _ in range(width))


@right
def from_the_weights(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> int:
    weights = torch.empty(out_channels, in_channels, kernel_size, kernel_size, device="meta").numel()
    return weights * height * width


@right
def as_a_tensor(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> Tensor:
    return torch.tensor([in_channels, out_channels, kernel_size, kernel_size, height, width]).prod()


@right
def as_a_product(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> int:
    return math.prod([in_channels, out_channels, kernel_size, kernel_size, height, width])
