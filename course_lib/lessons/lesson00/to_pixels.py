"""What holds for to_pixels, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.data.pixels import to_pixels

EXERCISE = Exercise(
    "to_pixels",
    to_pixels,
    __name__,
    where="lesson 00, the line of numbers from -1 to 1 below the line from 0 to 255",
    elementwise=("images",),
    not_for_all={
        "gradients_cut": "nothing learns through pixels, which are whole numbers",
        "assumes_the_cpu": "pixels go to files, on the CPU",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def inside(trial: Trial, *shape: int) -> Tensor:
    """Numbers in [-1, 1] that are not halfway between two pixels, where rounding is a matter of taste."""
    pixels = trial.integers(0, 256, *shape) + 0.8 * (trial.uniform(*shape) - 0.5)
    return (pixels / 127.5 - 1).clamp(-1, 1)


def example(trial: Trial) -> tuple[Tensor]:
    return (inside(trial, 3, 4),)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@EXERCISE.harder
def with_numbers_outside(trial: Trial) -> Call:
    return trial.calling(3 * trial.normal(2, 3, 5, 4))


@holds("the shades darker than middle grey stay apart")
def dark_shades_lost(trial: Trial) -> None:
    """All numbers below 0 come out as one and the same pixel, so that the darker half of every picture loses its
    shades. Does a clip begin at 0, as clamp(0, 1) or relu do, while black is still -1? Clip to [-1, 1]; at 0 only once
    1 has been added."""
    dark, bright = (torch.tensor([sign * size for size in (0.15, 0.4, 0.62, 0.9)]) for sign in (-1, 1))
    call = trial.calling(torch.cat([dark, bright]) + 0.01 * trial.random.random())
    value, right = call.see(observed=False), to_pixels(call.args[0])
    lost = isinstance(value, Tensor) and value.shape == right.shape
    # where the bright ones fall together, too, something else is wrong
    lost = lost and len(value[:4].unique()) == 1 and len(value[4:].unique()) == 4
    trial.see("the result", value if lost else right, call.text(), inputs=call.elementwise_inputs())


@holds("each number becomes the nearest pixel value")
def values(trial: Trial) -> None:
    trial.call(inside(trial, 40))


@holds("-1 becomes 0 and 1 becomes 255")
def ends(trial: Trial) -> None:
    trial.call(torch.tensor([-1.0, 1.0, -0.999, 0.999, 0.5021]))


@holds("numbers outside [-1, 1] are clipped to black or white")
def not_clipped(trial: Trial) -> None:
    """Inside [-1, 1] your pixels are right, outside it they are not: below -1 is black, 0, and above 1 is white, 255.
    In uint8 numbers wrap around, so without clipping a pixel a little brighter than white would turn black."""
    trial.call(torch.tensor([-3.0, -1.2, -1.01, 1.01, 1.3, 7.0]))
    # the largest number is not the one that is furthest out
    trial.call(torch.tensor([-3.0, -1.2, 0.5, 1.3]))


@holds("the shape stays, whatever it is")
def a_batch(trial: Trial) -> None:
    trial.call(inside(trial, trial.pick(1, 2), 3, *trial.pick((4, 6), (7, 5))))


@holds("a dull picture stays dull")
def stretches_each_picture(trial: Trial) -> None:
    """A dull picture, with neither black nor white in it, comes out wrong. The scale is fixed: -1 is black and 1 is
    white. Does yours come from the picture's own darkest and brightest point?"""
    trial.call(0.3 * inside(trial, 2, 1, 5, 4) + 0.1001)


@holds("a single number works too")
def one_number(trial: Trial) -> None:
    trial.call(inside(trial, 1))


@holds("the result is uint8")
def wrong_type(trial: Trial) -> None:
    """The numbers are right, and their type is not uint8. Pixels are one byte each: that is what a screen shows."""
    value = trial.call(inside(trial, 3, 4))
    trial.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", "float32 images")


@right
def half_added(images: Tensor) -> Tensor:
    return (images * 127.5 + 127.5 + 0.5).clamp(0, 255.5).floor().to(torch.uint8)


@right
def clipped_last(images: Tensor) -> Tensor:
    return torch.clip(torch.round(255 * (images + 1) / 2), 0, 255).to(torch.uint8)


@right
def one_by_one(images: Tensor) -> Tensor:
    values = [max(0, min(255, round((value + 1) * 127.5))) for value in images.flatten().tolist()]
    return torch.tensor(values, dtype=torch.uint8).reshape(images.shape)


@right
def nearest_in_a_table(images: Tensor) -> Tensor:
    return (images.unsqueeze(-1) - torch.linspace(-1, 1, 256)).abs().argmin(-1).to(torch.uint8)
