"""What holds for conv_multiply_adds, and right answers written differently."""

from collections.abc import Callable

from course_lib.checks.exercise import Exercise, Property
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import Misconception, edited
from course_lib.checks.trial import Trial
from course_lib.estimates import conv_multiply_adds

LABEL = "the multiply-adds"


NAMES = ("in_channels", "out_channels", "kernel_size", "height", "width")


def values(trial: Trial) -> None:
    trial.call(trial.pick(3, 5, 7), trial.pick(11, 13), 3, trial.pick(9, 10), trial.pick(15, 16), label=LABEL)


def grows(place: int, factor: int) -> Callable[[Trial], None]:
    """Whether twice of one argument gives `factor` times the count."""

    def probe(trial: Trial) -> None:
        args = [trial.pick(3, 5), trial.pick(7, 11), 3, trial.pick(4, 6), trial.pick(9, 10)]
        twice = [2 * value if at == place else value for at, value in enumerate(args)]
        found = [trial.handle.call(None, tuple(values), {}) for values in (args, twice)]
        if any(isinstance(value, Failure) or not isinstance(value, int | float) for value in found):
            trial.call(*args, label=LABEL)
            return
        # a yes or no: two different counts may well grow alike
        right = abs(found[1] - factor * found[0]) < 1e-6 * abs(found[0])
        trial.see(f"whether it is {factor} times as much", right, f"{NAMES[place]} {args[place]} and {twice[place]}")

    return probe


def growth(place: int, factor: int, why: str) -> Property:
    name, often = NAMES[place], {2: "doubles", 4: "quadruples"}[factor]
    return Property(
        f"grows_wrongly_with_{name}",
        f"twice the {name} {often} the count",
        grows(place, factor),
        f"Twice the {name} should give {factor} times the multiply-adds, and yours do something else. {why}",
    )


RETURN = "return for_one_number * out_channels * height * width"


def mistake(name: str, formula: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, edited(conv_multiply_adds, (RETURN, f"return {formula}")))


EXERCISE = Exercise(
    "conv_multiply_adds",
    conv_multiply_adds,
    __name__,
    where="12.1 of the lesson, the drawing of one number of the output",
)
holds, right = EXERCISE.holds, EXERCISE.right


# TODO property: growth(0, 2, "Each number of the output sums over all channels of the input.")


# TODO property: growth(1, 2, "Every channel of the output is computed for itself.")


# TODO property: growth(2, 4, "The window is kernel_size high and kernel_size wide.")


# TODO property: growth(3, 2, "Every row of the output is computed for itself; and nothing is added that does not grow.")


# TODO property: growth(4, 2, "Every column of the output is computed for itself.")


holds(
    "every number of the output costs one window in every channel of the input",
    name="a_factor_too_many",
    mistake="Your count grows as it should, and its size is off by a factor. Work one number of the output out by "
    "hand, for a 1x1 kernel and one channel: it takes a single multiplication.",
)(values)


@holds("kernels of every size are counted")
def wrong_for_other_kernels(trial: Trial) -> None:
    """For other kernels than 3x3 your count is wrong. Is a 9 written out?"""
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


@right
def pixel_by_pixel(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> int:
    a_pixel = kernel_size**2 * in_channels * out_channels
    return sum(a_pixel for _ in range(height) for _ in range(width))


@right
def from_the_weights(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> int:
    import torch

    weights = torch.empty(out_channels, in_channels, kernel_size, kernel_size, device="meta").numel()
    return weights * height * width


@right
def as_a_product(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> int:
    import math

    return math.prod([in_channels, out_channels, kernel_size, kernel_size, height, width])
