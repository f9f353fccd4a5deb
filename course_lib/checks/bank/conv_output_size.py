"""Exercise conv_output_size (lesson 04)."""

import math

import torch
from torch import Tensor, nn

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.scene import Scene
from course_lib.resampling import conv_output_size


def one_pixel_apart(scene: Scene) -> None:
    for kernel_size in (1, 3, scene.pick(2, 4), 5):
        scene.call(scene.random.randrange(6, 50), kernel_size, 1, 0)


def padded(scene: Scene) -> None:
    for padding in (1, 2, 3):
        scene.call(scene.random.randrange(6, 50), scene.pick(3, 4, 5), 1, padding)


def steps_that_fit(scene: Scene) -> None:
    """The last window ends exactly at the last pixel."""
    for stride in (2, 3, 4):
        kernel_size, padding = scene.pick(2, 3, 4, 5), scene.pick(0, 1, 2)
        size = scene.random.randrange(5, 12) * stride + kernel_size - 2 * padding
        scene.call(size, kernel_size, stride, padding)


def steps_that_do_not_fit(scene: Scene) -> None:
    for stride, rest in ((2, 1), (3, 1), (3, 2), (4, scene.pick(1, 2, 3))):
        kernel_size, padding = scene.pick(2, 3, 4, 5), scene.pick(0, 1, 2)
        size = scene.random.randrange(5, 12) * stride + rest + kernel_size - 2 * padding
        scene.call(size, kernel_size, stride, padding)


def left_out_arguments(scene: Scene) -> None:
    size, kernel_size = scene.random.randrange(10, 40), scene.pick(2, 3, 4)
    scene.call(size, kernel_size)
    scene.call(size, kernel_size, 2)
    scene.call(size, kernel_size, padding=1)
    scene.call(padding=2, stride=3, kernel_size=kernel_size, size=size)


def single_window(scene: Scene) -> None:
    size = scene.random.randrange(4, 12)
    scene.call(size, size, scene.pick(1, 2, 3), 0)
    scene.call(size, size + 2, 1, 1)
    scene.call(1, 1, scene.pick(2, 3), 0)
    scene.call(size, 1, size + 3, 0)


def whole_number(scene: Scene) -> None:
    args = (scene.random.randrange(10, 40), 3, 2, 1)
    value = scene.handle.call(None, args, {})
    whole = isinstance(value, int) or (isinstance(value, Tensor) and not value.is_floating_point())
    scene.see("whether it is a whole number, of type int", whole, f"conv_output_size{args}")


def with_a_real_convolution(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    return nn.Conv1d(1, 1, kernel_size, stride, padding)(torch.zeros(1, 1, size)).shape[-1]


def counting_windows(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    windows, start = 0, -padding
    while start + kernel_size <= size + padding:
        windows, start = windows + 1, start + stride
    return windows


def with_floor(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    return math.floor((size + 2 * padding - kernel_size) / stride + 1)


def length_of_a_range(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    return len(range(0, size + 2 * padding - kernel_size + 1, stride))


def rounded_up(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    """Places of the window at stride 1, divided by the stride and rounded up: the same number."""
    places = size + 2 * padding - kernel_size + 1
    return -(-places // stride)


def by_unfolding(size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    return torch.zeros(size + 2 * padding).unfold(0, kernel_size, stride).shape[0]


ROOM = "room = size + 2 * padding - kernel_size"
RETURN = "return room // stride + 1"


def returns(value: str) -> object:
    """The function with another last line, and without the refusal of windows that do not fit."""
    return edited(conv_output_size, ("room < 0", "False"), (RETURN, f"return {value}"))


def room_is(value: str) -> object:
    return edited(conv_output_size, ("room < 0", "False"), (ROOM, f"room = {value}"))


EXERCISES = (
    Exercise(
        name="conv_output_size",
        reference=conv_output_size,
        lesson="04",
        where="lesson 04, the formula floor((size + 2 * padding - kernel_size) / stride) + 1, or torch's own nn.Conv2d",
        properties=(
            Property(
                "wrong_without_stride_and_padding",
                "with stride 1 and no padding, a window of k pixels has size - k + 1 places",
                one_pixel_apart,
                "Begin with the plainest case, stride 1 and no padding. A window of one pixel has `size` places, and "
                "each further pixel of the window costs one place: size - kernel_size + 1. Your count differs.",
            ),
            Property(
                "wrong_with_padding",
                "padding makes the axis longer at both ends",
                padded,
                "Without padding your count is right, with padding it is not. Padding p adds p pixels at each of the "
                "two ends, so the axis is size + 2p long before any window is placed.",
            ),
            Property(
                "wrong_with_stride",
                "with stride s only every s-th place of the window is used, the first included",
                steps_that_fit,
                "At stride 1 you are right, at larger strides not. Divide the room to travel (padded size minus "
                "kernel) by the stride, and then add the one window that has not travelled.",
            ),
            Property(
                "wrong_when_a_rest_is_left",
                "a step that would carry the window over the end is not made: the division is rounded down",
                steps_that_do_not_fit,
                "Whenever the steps fit exactly you are right. Where a rest is left the window must not stand over "
                "the end, so the division has to be rounded down before 1 is added.",
            ),
            Property(
                "wrong_defaults",
                "left out, the stride is 1 and the padding 0; arguments can be given by name",
                left_out_arguments,
                "With all four arguments given in order you are right, with some left out or named you are not. Keep "
                "the signature: size, kernel_size, stride=1, padding=0.",
            ),
            Property(
                "wrong_for_a_single_window",
                "a window as large as the padded axis fits once",
                single_window,
                "When the window fills the axis, or the stride is longer than the axis, exactly one window is left. "
                "Your code treats this case otherwise.",
            ),
            Property(
                "not_a_whole_number",
                "the result is an int, which range() and torch.zeros() accept",
                whole_number,
                "The value is right and its type is not: a number of pixels is an int. A float such as 16.0 is refused "
                "by torch.zeros and by range. Whole division `//` of whole numbers keeps it whole.",
            ),
        ),
        misconceptions=(
            Misconception(
                "forgets_the_first_window",
                "You count the steps of the window, not the windows. Before the first step there is one window "
                "already: add 1 at the end.",
                returns("room // stride"),
            ),
            Misconception(
                "padding_at_one_end_only",
                "You add the padding once. It is put at both ends of the axis, so it counts twice: size + 2 * padding.",
                room_is("size + padding - kernel_size"),
            ),
            Misconception(
                "padding_ignored",
                "Your result does not change with the padding. Padded pixels are pixels a window can stand on: the "
                "axis becomes 2 * padding longer.",
                room_is("size - kernel_size"),
            ),
            Misconception(
                "padding_subtracted",
                "You subtract the padding. That is the formula of the *transposed* convolution; here padding makes the "
                "axis longer.",
                room_is("size - 2 * padding - kernel_size"),
            ),
            Misconception(
                "kernel_size_ignored",
                "You leave the kernel out. A window needs kernel_size pixels to stand on, so it has that much less "
                "room to travel.",
                room_is("size + 2 * padding"),
            ),
            Misconception(
                "kernel_size_ignored_and_no_one_added",
                "You divide the padded size by the stride. That is right only if windows are as long as one stride "
                "and need no room of their own: subtract the kernel, divide, add 1.",
                returns("(size + 2 * padding) // stride"),
            ),
            Misconception(
                "size_divided_by_stride",
                "You return size // stride. For the document's layer (kernel 3, padding 1, even sizes) that happens to "
                "be the same; the kernel and the padding decide in every other case.",
                returns("size // stride"),
            ),
            Misconception(
                "stride_ignored",
                "The stride has no effect in your formula: you count every place the window could stand, also those "
                "that a stride of 2 steps over.",
                returns("room + 1"),
            ),
            Misconception(
                "rounds_up",
                "You round up. A last step that would carry the window past the end is not made, so the division has "
                "to be rounded down.",
                returns("-(-room // stride) + 1"),
            ),
            Misconception(
                "rounds_to_the_nearest",
                "You use round(), which goes up as often as down. A window either fits or it does not: use floor "
                "division, //.",
                returns("round(room / stride) + 1"),
            ),
            Misconception(
                "not_rounded",
                "You divide with / and keep the fraction. Half a window does not exist: divide with //, which rounds "
                "down.",
                returns("room / stride + 1"),
            ),
            Misconception(
                "one_added_before_dividing",
                "You add 1 before you divide by the stride. The first window comes for free and is not divided: add 1 "
                "after the division.",
                returns("(room + 1) // stride"),
            ),
            Misconception(
                "stride_divides_the_padded_size_only",
                "Your stride divides the wrong part: the kernel has to be subtracted first, then everything is divided "
                "by the stride. Brackets?",
                returns("(size + 2 * padding) // stride - kernel_size + 1"),
            ),
            Misconception(
                "stride_divides_the_kernel_only",
                "Only the kernel is divided by the stride in your formula, for // binds tighter than -. Put brackets "
                "around everything that stands before the division.",
                returns("size + 2 * padding - kernel_size // stride + 1"),
            ),
            Misconception(
                "transposed_formula",
                "That is how large the output of a *transposed* convolution is, which goes the other way: up. Here "
                "each step of the window skips input pixels.",
                returns("(size - 1) * stride - 2 * padding + kernel_size"),
            ),
            Misconception(
                "one_too_few_for_the_kernel",
                "You subtract kernel_size - 1 and then add 1 all the same. Both are corrections for the first window, "
                "and one of them is enough.",
                room_is("size + 2 * padding - (kernel_size - 1)"),
            ),
            Misconception(
                "two_windows_too_few",
                "You subtract 1 where 1 has to be added: the window that has not moved counts as well.",
                returns("room // stride - 1"),
            ),
            Misconception(
                "assumes_half_padding",
                "You compute the padding yourself as kernel_size // 2. Many layers are padded that way, and not all: "
                "the argument `padding` says how much.",
                room_is("size + 2 * (kernel_size // 2) - kernel_size"),
            ),
            Misconception(
                "stride_and_padding_swapped",
                "Stride and padding have changed places in your formula.",
                edited(
                    conv_output_size, ("room < 0", "False"), (ROOM, "stride, padding = max(padding, 1), stride;" + ROOM)
                ),
            ),
            Misconception(
                "fixed_kernel",
                "Your formula has a 3 where kernel_size should stand: it is right for the document's layers only.",
                room_is("size + 2 * padding - 3"),
            ),
            Misconception(
                "fixed_stride",
                "Your formula divides by 2 whatever the stride is: it knows the document's Downsample only.",
                returns("room // 2 + 1"),
            ),
            Misconception(
                "returns_a_float",
                "The number is right, and it is a float such as 16.0. A count of pixels is an int, or torch.zeros and "
                "range refuse it: int(...) or //.",
                returns("float(room // stride + 1)"),
            ),
            Misconception(
                "returns_height_and_width",
                "You return two numbers. This function speaks about a single axis: call it once for the height and "
                "once for the width.",
                returns("(room // stride + 1, room // stride + 1)"),
            ),
        ),
        alternatives=(
            Alternative("a_real_convolution", with_a_real_convolution),
            Alternative("counting_windows", counting_windows),
            Alternative("with_floor", with_floor),
            Alternative("length_of_a_range", length_of_a_range),
            Alternative("places_rounded_up", rounded_up),
            Alternative("unfolding", by_unfolding),
        ),
    ),
)
