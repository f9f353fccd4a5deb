"""What the exercises on DDPM's methods share: fresh schedules, times of every kind, and what holds for all of them.

The methods are tried on schedules that are unlike the default one, so that 1000 and 999 cannot be written as numbers,
and on the default one.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Built, Call, PropertyEnds, Trial

# what is drawn where no noise is given: enough images, channels and pixels to tell whether each has a draw of its own
DRAWN = (12, 3, 16, 12)

# draws the arguments of a method: trial, times (B,), size (C, H, W) -> args
Arguments = Callable[[Trial, Tensor, tuple[int, int, int]], tuple]

SIZE = (2, 5, 4)
# 1 - alpha-bar in float32 is off by up to 2^-25; at the paper's first time, where it is 0.0001, that is 3e-4 of it, and
# a quotient of two is off by twice as much: "no disaster", says 8.2
IN_FLOAT32 = 10


def schedule(trial: Trial, num_timesteps: int | None = None) -> Built:
    """A DDPM whose schedule nobody has seen before."""
    T = num_timesteps or trial.pick(12, 30, 41)
    return trial.build(T, trial.pick(0.001, 0.004), trial.pick(0.15, 0.25))


def steps_of(built: Built) -> int:
    return built.args[0] if built.args else 1000


def distinct_times(trial: Trial, T: int, count: int) -> Tensor:
    """Different times, none of them the first, the last or in order."""
    return torch.randperm(T - 4, generator=trial.generator)[:count] + 2


def all_kinds_of_times(T: int) -> Tensor:
    """Both ends, their neighbours, and a time that comes twice, in no order: six of them."""
    return torch.tensor([T // 2, 0, T - 1, 1, T // 2, T - 2])


def middle(trial: Trial, T: int, batch: int = 1) -> Tensor:
    return torch.full((batch,), trial.pick(T // 2, T // 3))


def tried(built: Built, *args: object, label: str = "the result", tolerance: float = 1.0, **named: object) -> Tensor:
    """Call the exercise's method and record what it returns."""
    return built(*args, method=built.trial.exercise.method, label=label, tolerance=tolerance, **named)


# ---- probes: a method at times of one kind ----


def usual_call(trial: Trial, arguments: Arguments) -> Call:
    built = schedule(trial)
    args = arguments(trial, distinct_times(trial, steps_of(built), 3), SIZE)
    return built.calling(*args, method=trial.exercise.method)


def one_time(trial: Trial, arguments: Arguments) -> None:
    """The formula itself: one image of one pixel in the middle of time, then a batch that shares one time."""
    built = schedule(trial)
    t = middle(trial, steps_of(built))
    # below 0, so that a single pixel is no image whose numbers are all above 0: that is asked by itself
    pixel, *rest = arguments(trial, t, (1, 1, 1))
    tried(built, -pixel.abs(), *rest)
    tried(built, *arguments(trial, t.expand(3).clone(), SIZE))


def edges(trial: Trial, arguments: Arguments, *places: int, built: Built | None = None) -> None:
    """Special times one by one: 0 and 1 as they are, -1 and -2 counted from the end."""
    built = built or schedule(trial)
    for place in places:
        tried(built, *arguments(trial, torch.full((2,), place % steps_of(built)), SIZE))


def two_draws(call: Call, given: str) -> tuple[Tensor, Tensor]:
    """What comes back from two calls without noise; ends the property, recorded, where that is no batch of images."""
    draws = call.value(), call.value()
    for draw in draws:
        if not isinstance(draw, Tensor) or draw.shape != call.args[0].shape:
            call.trial.see("the result", draw, given)
            raise PropertyEnds
    return draws[0].double(), draws[1].double()


# ---- what holds for every method, in the same words ----


def mixes_the_times_up(exercise: Exercise, arguments: Arguments) -> None:
    @exercise.holds("every image is treated at its own time, whatever the sizes")
    def mixes_the_times_up(trial: Trial) -> None:
        """For a batch that shares one time your numbers are right, and with a time for each image they are not. Each
        number out of the schedule belongs to one image: it needs the shape (B, 1, 1, 1) before it meets the images."""
        # the batch unlike the channels, and then as large as every other axis
        built = schedule(trial)
        T = steps_of(built)
        tried(built, *arguments(trial, distinct_times(trial, T, 5), (2, 3, 4)))
        tried(built, *arguments(trial, distinct_times(trial, T, 4), (4, 4, 4)))


def range_guessed(exercise: Exercise, arguments: Arguments) -> None:
    @exercise.holds("images whose numbers are all above 0, or all below, are images like others")
    def range_guessed(trial: Trial) -> None:
        """Where all numbers of the images are above 0, or all below, yours are others. Is a range guessed from the
        numbers, such as that of pixels from 0 to 1? What comes in is taken as it is."""
        built = schedule(trial)
        for sign in (1, -1):
            images, *rest = arguments(trial, distinct_times(trial, steps_of(built), 3), SIZE)
            tried(built, sign * images.abs(), *rest)


def the_papers_schedule(exercise: Exercise, arguments: Arguments, mistake: str | None = None) -> None:
    """`mistake`: the sentence, where an exercise has a truer one than that for all."""

    @exercise.holds("it holds for the schedule of the paper with its thousand steps", mistake=mistake)
    def the_papers_schedule(trial: Trial) -> None:
        """With schedules of few steps your numbers are right, and with the paper's thousand they are not. Nothing here
        is large: 1 - alpha-bar is 0.0001 at its first time, alpha-bar 0.00004 at its last, and each counts as it is. Is
        one of them, or a root or quotient of them, kept from getting small or large (clamp, max, + 1e-5), or is a
        number written out that belongs to one schedule?"""
        t = torch.tensor([999, 0, 1, int(trial.integers(2, 998, 1)), 500, 998])
        tried(trial.build(), *arguments(trial, t, SIZE), tolerance=IN_FLOAT32)
