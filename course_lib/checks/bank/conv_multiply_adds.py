"""Exercise conv_multiply_adds (lesson 12)."""

from collections.abc import Callable

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.scene import Scene
from course_lib.estimates import conv_multiply_adds

LABEL = "the multiply-adds"
NAMES = ("in_channels", "out_channels", "kernel_size", "height", "width")


def values(scene: Scene) -> None:
    scene.call(scene.pick(3, 5, 7), scene.pick(11, 13), 3, scene.pick(9, 10), scene.pick(15, 16), label=LABEL)


def grows(place: int, factor: int) -> Callable[[Scene], None]:
    """Whether twice of one argument gives `factor` times the count."""

    def probe(scene: Scene) -> None:
        args = [scene.pick(3, 5), scene.pick(7, 11), 3, scene.pick(4, 6), scene.pick(9, 10)]
        twice = [2 * value if at == place else value for at, value in enumerate(args)]
        found = [scene.handle.call(None, tuple(values), {}) for values in (args, twice)]
        if any(isinstance(value, Failure) or not isinstance(value, int | float) for value in found):
            scene.call(*args, label=LABEL)
            return
        # a yes or no: two different counts may well grow alike
        right = abs(found[1] - factor * found[0]) < 1e-6 * abs(found[0])
        scene.see(f"whether it is {factor} times as much", right, f"{NAMES[place]} {args[place]} and {twice[place]}")

    return probe


def growth(place: int, factor: int, why: str) -> Property:
    name, often = NAMES[place], {2: "doubles", 4: "quadruples"}[factor]
    return Property(
        f"grows_wrongly_with_{name}",
        f"twice the {name} {often} the count",
        grows(place, factor),
        f"Twice the {name} should give {factor} times the multiply-adds, and yours do something else. {why}",
    )


def one_by_one(scene: Scene) -> None:
    scene.call(scene.pick(5, 6), scene.pick(7, 9), 1, 4, scene.pick(6, 8), label=LABEL)


def other_kernels(scene: Scene) -> None:
    for kernel_size in (5, 2, 7):
        scene.call(2, scene.pick(3, 5), kernel_size, 6, 4, label=LABEL)


def single_pixel(scene: Scene) -> None:
    scene.call(scene.pick(4, 6), scene.pick(5, 7), 3, 1, 1, label=LABEL)


def real_layers(scene: Scene) -> None:
    for in_channels, out_channels, side in ((3, 64, 32), (512, 256, 8), (64, 3, 32)):
        scene.call(in_channels, out_channels, 3, side, side, label=LABEL)


# ---- right, written differently ----


def pixel_by_pixel(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> int:
    a_pixel = kernel_size**2 * in_channels * out_channels
    return sum(a_pixel for _ in range(height) for _ in range(width))


def from_the_weights(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> int:
    import torch

    weights = torch.empty(out_channels, in_channels, kernel_size, kernel_size, device="meta").numel()
    return weights * height * width


def as_a_product(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> int:
    import math

    return math.prod([in_channels, out_channels, kernel_size, kernel_size, height, width])


RETURN = "return for_one_number * out_channels * height * width"


def mistake(name: str, formula: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, edited(conv_multiply_adds, (RETURN, f"return {formula}")))


EXERCISES = (
    Exercise(
        name="conv_multiply_adds",
        reference=conv_multiply_adds,
        lesson="12",
        where="12.1 of the lesson, the drawing of one number of the output",
        properties=(
            growth(0, 2, "Each number of the output sums over all channels of the input."),
            growth(1, 2, "Every channel of the output is computed for itself."),
            growth(2, 4, "The window is kernel_size high and kernel_size wide."),
            growth(3, 2, "Every row of the output is computed for itself; and nothing is added that does not grow."),
            growth(4, 2, "Every column of the output is computed for itself."),
            Property(
                "a_factor_too_many",
                "every number of the output costs one window in every channel of the input",
                values,
                "Your count grows as it should, and its size is off by a factor. Work one number of the output out by "
                "hand, for a 1x1 kernel and one channel: it takes a single multiplication.",
            ),
            Property(
                "wrong_for_other_kernels",
                "kernels of every size are counted",
                other_kernels,
                "For other kernels than 3x3 your count is wrong. Is a 9 written out?",
            ),
            Property(
                "wrong_for_one_by_one",
                "a 1x1 kernel is counted like any other",
                one_by_one,
                "For a 1x1 kernel your count is wrong: it costs in_channels for each number of the output.",
            ),
            Property(
                "wrong_for_one_pixel",
                "an output of a single pixel is counted like any other",
                single_pixel,
                "For an output of one pixel your count is wrong. height and width are those of the output, so nothing "
                "is subtracted from them.",
            ),
            Property(
                "wrong_for_real_layers",
                "the document's convolutions are counted right",
                real_layers,
                "For the document's own convolutions your count is wrong. Is something rounded or fixed?",
            ),
        ),
        misconceptions=(
            mistake(
                "kernel_not_squared",
                "kernel_size * in_channels * out_channels * height * width",
                "A kernel is kernel_size high *and* kernel_size wide: 9 multiplications a channel for 3x3, not 3.",
            ),
            mistake(
                "nine_written_out",
                "9 * in_channels * out_channels * height * width",
                "You wrote 9 for the kernel. That is 3x3; use kernel_size.",
            ),
            mistake(
                "input_channels_missing",
                "kernel_size**2 * out_channels * height * width",
                "The input's channels are missing. Each number of the output looks at the window in *every* channel.",
            ),
            mistake(
                "output_channels_missing",
                "kernel_size**2 * in_channels * height * width",
                "The output's channels are missing. Each of them is a sum of its own, with weights of its own.",
            ),
            mistake(
                "parameters",
                "kernel_size**2 * in_channels * out_channels",
                "That is the number of weights. Each weight is used once for every pixel of the output: height * "
                "width times.",
            ),
            mistake(
                "parameters_with_bias",
                "kernel_size**2 * in_channels * out_channels + out_channels",
                "That is the number of parameters. They are used anew at every pixel.",
            ),
            mistake(
                "height_only",
                "kernel_size**2 * in_channels * out_channels * height",
                "width is missing: the output has height * width pixels.",
            ),
            mistake(
                "width_only",
                "kernel_size**2 * in_channels * out_channels * width",
                "height is missing: the output has height * width pixels.",
            ),
            mistake(
                "square_of_the_height",
                "kernel_size**2 * in_channels * out_channels * height**2",
                "You used the height twice. Images need not be square.",
            ),
            mistake(
                "square_of_the_width",
                "kernel_size**2 * in_channels * out_channels * width**2",
                "You used the width twice. Images need not be square.",
            ),
            mistake(
                "twice",
                "2 * kernel_size**2 * in_channels * out_channels * height * width",
                "You count multiplications and additions separately (that is what is called FLOPs). A multiply-add is "
                "one of each, and counts once.",
            ),
            mistake(
                "no_padding",
                "kernel_size**2 * in_channels * out_channels * (height - kernel_size + 1) * (width - kernel_size + 1)",
                "You shrink the output by the kernel. height and width *are* the output's already.",
            ),
            mistake(
                "bias_counted",
                "kernel_size**2 * in_channels * out_channels * height * width + out_channels * height * width",
                "You count the bias. It is an addition without a multiplication; leave it out.",
            ),
            mistake(
                "channels_added",
                "kernel_size**2 * (in_channels + out_channels) * height * width",
                "You add the channels. Every channel that goes in meets every one that comes out: they multiply.",
            ),
            mistake(
                "sides_added",
                "kernel_size**2 * in_channels * out_channels * (height + width)",
                "You add height and width. The pixels are height * width.",
            ),
            mistake(
                "input_channels_twice",
                "kernel_size**2 * in_channels**2 * height * width",
                "You used the input's channels twice. The output has channels of its own.",
            ),
            mistake(
                "output_channels_twice",
                "kernel_size**2 * out_channels**2 * height * width",
                "You used the output's channels twice. What one number sums over are the *input's*.",
            ),
            mistake(
                "separable",
                "(kernel_size**2 * in_channels + in_channels * out_channels) * height * width",
                "That is a depthwise separable convolution: one window a channel, then 1x1. The document's are full "
                "ones.",
            ),
            mistake(
                "outputs_only",
                "out_channels * height * width",
                "That is how many numbers come out. Each costs kernel_size² * in_channels multiplications.",
            ),
            mistake(
                "in_billions",
                "kernel_size**2 * in_channels * out_channels * height * width / 1e9",
                "You scale the result. The plain number is asked.",
            ),
        ),
        alternatives=(
            Alternative("pixel_by_pixel", pixel_by_pixel),
            Alternative("from_the_weights", from_the_weights),
            Alternative("as_a_product", as_a_product),
        ),
    ),
)
