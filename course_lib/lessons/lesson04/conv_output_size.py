"""What holds for conv_output_size, and right answers written differently."""

import math

import torch
from torch import Tensor, nn

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.warm_ups import conv_output_size

EXERCISE = Exercise(
    "conv_output_size",
    conv_output_size,
    __name__,
    where="lesson 04, the formula floor((size + 2 * padding - kernel_size) / stride) + 1, or torch's own nn.Conv2d",
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.random.randrange(10, 40), 3, trial.pick(1, 2, 3), trial.pick(0, 1))


@EXERCISE.harder
def of_a_long_axis(trial: Trial) -> Call:
    """A long axis, a long window, steps that may leave a rest, and more padding than half of the window."""
    return trial.calling(trial.random.randrange(101, 250), trial.pick(7, 8, 10), trial.pick(2, 3), trial.pick(5, 6))


@holds("with stride 1 and no padding, a window of k pixels has size - k + 1 places")
def wrong_without_stride_and_padding(trial: Trial) -> None:
    """Begin with the plainest case, stride 1 and no padding. A window of one pixel has `size` places, and each further
    pixel of the window costs one place: size - kernel_size + 1. Your count differs."""
    for kernel_size in (1, 3, trial.pick(2, 4), 5):
        trial.call(trial.random.randrange(6, 50), kernel_size, 1, 0)


@holds("padding makes the axis longer at both ends")
def wrong_with_padding(trial: Trial) -> None:
    """Without padding your count is right, with padding it is not. Padding p adds p pixels at each of the two ends, so
    the axis is size + 2p long before any window is placed."""
    for padding in (1, 2, 3):
        trial.call(trial.random.randrange(6, 50), trial.pick(3, 4, 5), 1, padding)


@holds("with stride s only every s-th place of the window is used, the first included")
def wrong_with_stride(trial: Trial) -> None:
    """At stride 1 you are right, at larger strides not. Divide the room to travel (padded size minus kernel) by the
    stride, and then add the one window that has not travelled."""
    # the last window ends exactly at the last pixel
    for stride in (2, 3, 4):
        kernel_size, padding = trial.pick(2, 3, 4, 5), trial.pick(0, 1, 2)
        size = trial.random.randrange(5, 12) * stride + kernel_size - 2 * padding
        trial.call(size, kernel_size, stride, padding)


@holds("a step that would carry the window over the end is not made: the division is rounded down")
def wrong_when_a_rest_is_left(trial: Trial) -> None:
    """Whenever the steps fit exactly you are right. Where a rest is left the window must not stand over the end, so the
    division has to be rounded down before 1 is added."""
    for stride, rest in ((2, 1), (3, 1), (3, 2), (4, trial.pick(1, 2, 3))):
        kernel_size, padding = trial.pick(2, 3, 4, 5), trial.pick(0, 1, 2)
        size = trial.random.randrange(5, 12) * stride + rest + kernel_size - 2 * padding
        trial.call(size, kernel_size, stride, padding)


@holds("left out, the stride is 1 and the padding 0; arguments can be given by name")
def wrong_defaults(trial: Trial) -> None:
    """With all four arguments given in order you are right, with some left out or named you are not. Keep the
    signature: size, kernel_size, stride=1, padding=0."""
    size, kernel_size = trial.random.randrange(10, 40), trial.pick(2, 3, 4)
    trial.call(size, kernel_size)
    trial.call(size, kernel_size, 2)
    trial.call(size, kernel_size, padding=1)
    trial.call(padding=2, stride=3, kernel_size=kernel_size, size=size)


@holds("a window as large as the padded axis fits once")
def wrong_for_a_single_window(trial: Trial) -> None:
    """When the window fills the axis, or the stride is longer than the axis, exactly one window is left. Your code
    treats this case otherwise."""
    size = trial.random.randrange(4, 12)
    trial.call(size, size, trial.pick(1, 2, 3), 0)
    trial.call(size, size + 2, 1, 1)
    trial.call(1, 1, trial.pick(2, 3), 0)
    trial.call(size, 1, size + 3, 0)


@holds("the result is an int, which range() and torch.zeros() accept")
def not_a_whole_number(trial: Trial) -> None:
    """The value is right and its type is not: a number of pixels is an int. A float such as 16.0 is refused by
    torch.zeros and by range. Whole division `//` of whole numbers keeps it whole."""
    call = trial.calling(trial.random.randrange(10, 40), 3, 2, 1)
    value = call.value()
    whole = isinstance(value, int) or (isinstance(value, Tensor) and not value.is_floating_point())
    trial.see("whether it is a whole number, of type int", whole, call.text())


@right
def with_a_real_convolution(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    return nn.Conv1d(1, 1, kernel_size, stride, padding)(torch.zeros(1, 1, size)).shape[-1]


@right
def counting_windows(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    windows, start = 0, -padding
    while start + kernel_size <= size + padding:
        windows, start = windows + 1, start + stride
    return windows


@right
def with_floor(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    return math.floor((size + 2 * padding - kernel_size) / stride + 1)


@right
def length_of_a_range(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    return len(range(0, size + 2 * padding - kernel_size + 1, stride))


@right
def rounded_up(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    """Places of the window at stride 1, divided by the stride and rounded up: the same number."""
    places = size + 2 * padding - kernel_size + 1
    return -(-places // stride)


@right
def by_unfolding(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    return torch.zeros(size + 2 * padding).unfold(0, kernel_size, stride).shape[0]
