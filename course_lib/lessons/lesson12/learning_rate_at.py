"""What holds for learning_rate_at, and right answers written differently."""

import math

import numpy as np

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial, as_number
from course_lib.training.schedule import learning_rate_at

LABEL = "the learning rate"


EXERCISE = Exercise(
    "learning_rate_at",
    learning_rate_at,
    __name__,
    where="12.7 of the lesson, the two curves that are multiplied",
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(3, 1.0, 8, 100)


@EXERCISE.harder
def cosine_in_the_warm_up(trial: Trial) -> Call:
    """In the middle of the warm-up, with a cosine, and a peak that is smaller than the share of the warm-up."""
    return trial.calling(trial.random.randrange(20, 30), 0.37, 40, 170, "cosine")


def peak(trial: Trial) -> float:
    return 0.5 + trial.random.random()


@holds("the share of the warm-up is multiplied by the peak")
def peak_not_multiplied(trial: Trial) -> None:
    """While it warms up your rate is the share, (step + 1) / warmup_steps, whatever the peak. The share is cut off at 1
    and then multiplied by the peak; min(peak, share) cuts it off at the peak, and with a small one there is next to no
    warm-up."""
    for step, warmup_steps in ((2, 10), (3, 9)):
        call = trial.calling(step, 0.7, warmup_steps, 100)
        found = as_number(call.value())
        share = isinstance(found, int | float) and abs(found - (step + 1) / warmup_steps) < 1e-6
        trial.see("whether it is the share alone", share, call.text())


@holds("the rate rises in a straight line")
def wrong_while_warming_up(trial: Trial) -> None:
    """While it warms up your rate is not peak * (step + 1) / warmup_steps, a straight line from the first step on. The
    share, (step + 1) / warmup_steps, is cut off at 1, and what is left of it is multiplied by the peak."""
    trial.call(trial.pick(2, 3, 4), peak(trial), trial.pick(9, 10, 11), 100, label=LABEL)


@holds("the first step has one part of the warm-up, not zero")
def wrong_at_the_first_step(trial: Trial) -> None:
    """At step 0 your rate is wrong. Steps are counted from 0, and the first one should move: it has 1 / warmup_steps of
    the rate."""
    trial.call(0, peak(trial), trial.pick(4, 5, 8), 100, label=LABEL)


@holds("step warmup_steps - 1 is the first with the whole rate")
def wrong_at_the_end_of_the_warm_up(trial: Trial) -> None:
    """Where the warm-up ends your rate is off: with 8 steps of warm-up, step 7 has the whole rate, and step 8 no more
    than that."""
    for step in (6, 7, 8):
        trial.call(step, 1.5, 8, 100, label=LABEL)


@holds('with "constant" nothing changes after the warm-up')
def not_constant_afterwards(trial: Trial) -> None:
    """After the warm-up your rate is not the peak, or it does not stay there."""
    for step in (40, 99):
        trial.call(step, peak(trial), 8, 100, label=LABEL)


@holds("without a warm-up the whole rate counts from the first step on")
def fails_without_warm_up(trial: Trial) -> None:
    """With no warm-up, or one of a single step, your rate is not the whole one from the first step on. max(1,
    warmup_steps) below the line is one way to avoid a division by zero."""
    for warmup_steps in (0, 1):
        for step in (0, 1, 50):
            trial.call(step, 1.5, warmup_steps, 100, label=LABEL)


@holds("half a cosine leads from 1 down to 0")
def wrong_cosine(trial: Trial) -> None:
    """Without a warm-up your rate is not peak * (1 + cos(pi * step / steps)) / 2. Is the cosine another one, or not
    reached there?"""
    for step in (trial.pick(20, 30), trial.pick(60, 70)):
        trial.call(step, peak(trial), 0, 100, "cosine", label=LABEL)


@holds("the cosine is 1 at step 0, one half in the middle, and nearly 0 at the last step")
def wrong_ends_of_the_cosine(trial: Trial) -> None:
    """At its ends, or in its middle, your cosine is off. It reaches zero at step `steps`, one after the last."""
    for step in (0, 50, 99):
        trial.call(step, 1.5, 0, 100, "cosine", label=LABEL, tolerance=0.1)


@holds("warm-up and cosine are multiplied, and both count from step 0")
def wrong_together(trial: Trial) -> None:
    """Each of the two is right, and together they are not: multiply them. The cosine does not wait for the warm-up."""
    for step in (0, 5, 15, 18, 40):
        trial.call(step, peak(trial), 20, 80, "cosine", label=LABEL)


@holds("long warm-ups are fine steps")
def wrong_for_long_runs(trial: Trial) -> None:
    """For a warm-up of 5,000 steps your rate is wrong. Is something rounded?"""
    # as a multiple of a tiny rate, so that a tolerance for plain numbers does not hide a difference
    trial.call(trial.pick(100, 200, 300), 200.0, 5000, 400_000, label=LABEL)


@holds("a peak that is a whole number gives fractions all the same")
def whole_numbers_only(trial: Trial) -> None:
    """With a whole number as peak your rate is wrong: it is a fraction all the same. Is it cut off by // or int()?"""
    trial.call(2, 2, 8, 100, label=LABEL)


@right
def with_if(step: int, peak: float, warmup_steps: int, steps: int, schedule: str = "constant") -> float:
    rate = peak
    if step + 1 < warmup_steps:
        rate = rate * (step + 1) / warmup_steps
    if schedule == "cosine":
        rate = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
    return rate


@right
def by_half_angle(step: int, peak: float, warmup_steps: int, steps: int, schedule: str = "constant") -> float:
    share = 1.0 if warmup_steps == 0 else min(warmup_steps, step + 1) / warmup_steps
    if schedule == "constant":
        return peak * share
    return peak * share * math.cos(math.pi * step / (2 * steps)) ** 2


@right
def by_numpy(step: int, peak: float, warmup_steps: int, steps: int, schedule: str = "constant") -> float:
    share = np.interp(step + 1, [0, max(1, warmup_steps)], [0, 1])
    left = {"constant": 1.0, "cosine": (np.cos(np.pi * step / steps) + 1) / 2}[schedule]
    return float(peak * share * left)
