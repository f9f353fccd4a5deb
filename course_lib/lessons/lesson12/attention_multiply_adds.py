"""What holds for attention_multiply_adds, and right answers written differently."""

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, PropertyEnds, Trial, as_number
from course_lib.estimates import attention_multiply_adds

LABEL = "the multiply-adds"

EXERCISE = Exercise(
    "attention_multiply_adds",
    attention_multiply_adds,
    __name__,
    where="12.2 of the lesson, the table of the block's four products; lesson 05, its drawing",
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.pick(12, 20), trial.pick(3, 4), trial.pick(5, 7))


@EXERCISE.harder
def a_tall_map(trial: Trial) -> Call:
    """More channels and pixels, none a power of two, and a map that is higher than wide."""
    return trial.calling(trial.pick(44, 52), trial.pick(29, 31), trial.pick(11, 13))


def counts(trial: Trial, *sizes: tuple[int, int, int]) -> list[float]:
    """The answer's counts, not recorded; ends the property, recorded, if one is no number."""
    found = [as_number(trial.handle.call(None, size, {})) for size in sizes]
    for value in found:
        if isinstance(value, Failure) or not isinstance(value, int | float):
            trial.checked(LABEL, value, f"attention_multiply_adds{sizes[0]}")
            raise PropertyEnds
    return found


@holds("only the number of pixels counts, height * width, not the shape of the map")
def pixels_counted_wrongly(trial: Trial) -> None:
    """Maps with the same number of pixels should cost the same, whatever their shape: does one of your terms depend on
    the height alone? The number of pixels is height * width, and conv_multiply_adds takes its arguments in the order
    (in_channels, out_channels, kernel_size, height, width)."""
    channels, height, width = trial.pick(12, 20), trial.pick(2, 3), trial.pick(5, 7)
    found = counts(trial, (channels, height, width), (channels, width, height), (channels, 1, height * width))
    given = f"{channels} channels at {height}x{width}, {width}x{height} and 1x{height * width}"
    trial.see("whether all three cost the same", len(set(found)) == 1, given)


@holds("the count grows with the square of the pixels")
def square_missing(trial: Trial) -> None:
    """Your count does not grow with the square of the pixels at all: each pixel more costs as much as the one before.
    The two products of matrices go over every pair of pixels, N * N. N is height * width: is a number written down for
    it, or N taken once?"""
    channels = trial.pick(12, 20)
    one, two, three = counts(trial, (channels, 1, 1), (channels, 1, 2), (channels, 1, 3))
    given = f"{channels} channels; 1, 2 and 3 pixels cost {one:.12g}, {two:.12g} and {three:.12g} in yours"
    trial.see("whether it grows with the square", three - 2 * two + one != 0, given)


@holds("the part that grows with the square of the pixels is 2 * N * N * C")
def products_counted_wrongly(trial: Trial) -> None:
    """The part of your count that grows with the square of the pixels is not 2 * N * N * C. Every pixel
    asks every pixel, itself too: for each of these N * N the two products of matrices cost C multiplications each, for
    the scores and for gathering the values. Is something divided by a number of heads? All heads together cost C."""
    channels = trial.pick(12, 20)
    one, two, three = counts(trial, (channels, 1, 1), (channels, 1, 2), (channels, 1, 3))
    # the second difference leaves what grows with the square: 2 N^2 C gives 4 C
    given = f"{channels} channels, 1, 2 and 3 pixels"
    trial.see("whether the part with N * N is 2 N * N * C", three - 2 * two + one == 4 * channels, given)


@holds("the part that grows with the pixels is 4 * N * C * C")
def convolutions_counted_wrongly(trial: Trial) -> None:
    """The part of your count that grows with the pixels is not 4 * N * C * C. For every pixel the first of the two 1x1
    convolutions costs C * 3C and the second C * C."""
    channels = trial.pick(12, 20)
    one, two = counts(trial, (channels, 1, 1), (channels, 1, 2))
    right = two - one == 4 * channels**2 + 6 * channels
    trial.see("whether the part with N is 4 N * C * C", right, f"{channels} channels, 1 and 2 pixels")


@holds("two 1x1 convolutions and two products of matrices are counted")
def something_on_top(trial: Trial) -> None:
    """Your count grows with the pixels as it should, and something is added or taken off that does not depend on
    them."""
    ordinary_call(trial).see(LABEL)


@holds("with many pixels and few channels the products of matrices are what counts")
def wrong_for_many_pixels(trial: Trial) -> None:
    """With many pixels your count is wrong: the two products grow with the *square* of their number."""
    trial.call(4, trial.pick(20, 24), 16, label=LABEL)


@holds("a single pixel attends to itself")
def wrong_for_one_pixel(trial: Trial) -> None:
    """For one pixel your count is wrong. Nothing is special about it: N is 1."""
    trial.call(trial.pick(8, 12), 1, 1, label=LABEL)


@holds("a single channel is counted like any other number")
def wrong_for_one_channel(trial: Trial) -> None:
    """For one channel your count is wrong. Is something divided by the channels, or by the heads?"""
    trial.call(1, 2, trial.pick(3, 5), label=LABEL)


@holds("64 channels at 8x8, and the document's 256 channels at 8x8")
def wrong_where_pixels_equal_channels(trial: Trial) -> None:
    """For one block of 64 channels, or for the document's own of 256, at 8x8, your count is wrong. N is 64 there, and
    so is d: is one taken for the other?"""
    trial.call(64, 8, 8, label=LABEL)
    trial.call(256, 8, 8, label=LABEL)


@holds("large counts are as exact as small ones")
def not_exact_where_large(trial: Trial) -> None:
    """Small counts are right, and one of many millions is not. 32 bits hold whole numbers up to 2,147,483,647, and a
    float32 keeps seven digits: Python's own whole numbers (int) have no end."""
    trial.call(257, 131, trial.pick(127, 129), label=LABEL)


@right
def closed_form(channels: int, height: int, width: int) -> int:
    n = height * width
    return 4 * n * channels**2 + 2 * n**2 * channels


@right
def head_by_head(channels: int, height: int, width: int) -> int:
    n, heads = height * width, 1
    d = channels // heads
    of_heads = heads * (n * n * d + n * n * d)
    return n * channels * 3 * channels + of_heads + n * channels * channels


@right
def factored(channels: int, height: int, width: int) -> int:
    pixels = height * width
    return 2 * pixels * channels * (2 * channels + pixels)
