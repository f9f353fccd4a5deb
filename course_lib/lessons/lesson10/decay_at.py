"""What holds for decay_at, and right answers written differently."""

import math
from collections.abc import Callable

import numpy as np
import torch

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial, as_number
from course_lib.ema import decay_at

EXERCISE = Exercise(
    "decay_at",
    decay_at,
    __name__,
    where="10.6 of the lesson, the first trap: an average of nothing",
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(3, 0.9)


@EXERCISE.harder
def late_in_the_warm_up(trial: Trial) -> Call:
    """Tens of steps, and an odd decay that the warm-up has nearly reached."""
    return trial.calling(trial.random.randrange(40, 50), 0.87)


@holds("no digit is rounded away")
def rounded(trial: Trial) -> None:
    """You round, or cut digits off, as round, int and float16 do. Between 0.999 and 0.9999 there is a factor of ten in
    what the average covers; and at 1, where it is rounded up to, the average never moves."""
    steps = (trial.random.randrange(15, 30), trial.random.randrange(60, 120), 5_000)
    found = [as_number(trial.calling(step, 0.9999).value()) for step in steps]
    fractions = [(1 + step) / (10 + step) for step in steps]
    given = f"the steps {', '.join(map(str, steps))}, with the decay 0.9999"
    seen = found if lacks_digits(found, fractions) else fractions
    trial.see("the decays", tuple(map(float, seen)), given, tolerance=0.001)


def lacks_digits(found: list, fractions: list[float]) -> bool:
    """Whether these are the fractions with few digits: rounded, cut off, or in half precision."""
    if not all(isinstance(one, int | float) for one in found) or alike(found, fractions):
        return False
    with_few = [
        few for digits in range(1, 6) for cut in (round, math.floor) for few in few_digits(fractions, digits, cut)
    ]
    in_half = [torch.tensor(fractions).to(kind).tolist() for kind in (torch.float16, torch.bfloat16)]
    return any(alike(found, one) for one in with_few + in_half)


def few_digits(fractions: list[float], digits: int, cut: Callable[[float], float]) -> tuple[list[float], list[float]]:
    """The decays, with digits lost before the smaller of both is taken, and after it: 0.9999 may become 1."""
    scale = 10**digits
    before = [min(cut(one * scale) / scale, 0.9999) for one in fractions]
    return before, [cut(min(one, 0.9999) * scale) / scale for one in fractions]


def alike(found: list, others: list[float]) -> bool:
    return all(abs(one - other) < 1e-7 for one, other in zip(found, others, strict=True))


@holds("the first steps are below the decay that was asked for")
def final_decay_from_the_start(trial: Trial) -> None:
    """The final decay comes out from the first steps on, as if no other number were ever smaller. (1 + step) / (10 +
    step) is 2/11 at step 1, and the smaller of the two counts. Are brackets missing? Without them / divides only what
    stands right beside it. Or is the larger one taken?"""
    steps = (1, 2, trial.random.randrange(15, 30))
    at_once = all(gives(trial, step, 0.9999) for step in steps)
    given = f"the steps {', '.join(map(str, steps))}, with the decay 0.9999"
    trial.see("whether all of them have the final decay", at_once, given)


@holds("the decay that was asked for waits until the warm-up has come up to it")
def ends_too_early(trial: Trial) -> None:
    """Your warm-up begins right and is over too early: at this step (1 + step) / (10 + step) is still below decay. No
    fixed number of steps ends it: at every step the smaller of the two counts."""
    for step in (trial.random.randrange(15, 30), trial.random.randrange(101, 120), 5_000):
        # one that begins otherwise is another warm-up, which the next property asks
        over = gives(trial, 1, 2 / 11) and gives(trial, step, 0.9999)
        given = f"decay_at({step}, 0.9999), where the fraction is {(1 + step) / (10 + step):.6g}"
        trial.see("whether it is the decay already", over, given)


def gives(trial: Trial, step: int, expected: float) -> bool:
    found = as_number(trial.calling(step, 0.9999).value())
    return isinstance(found, int | float) and abs(found - expected) < 1e-6


@holds("at first it is (1 + step) / (10 + step)")
def another_warm_up(trial: Trial) -> None:
    """At this step (1 + step) / (10 + step) is below decay, so that this fraction is the answer, and yours is another
    number. It rises fast at first and then slower and slower, and ends where it meets decay, at no fixed step."""
    for step in (trial.random.randrange(15, 30), trial.random.randrange(60, 120)):
        trial.call(step, 0.9999, label="the decay")


@holds("long after that it is the decay that was asked for")
def values_at_the_end(trial: Trial) -> None:
    # closely looked at, so that an end at 0.9999 is told from none
    trial.call(10**6, 0.99 + 0.009 * trial.random.random(), label="the decay", tolerance=0.1)


@holds("steps 0, 1 and 2 have 1/10, 2/11 and 3/12")
def wrong_at_the_first_steps(trial: Trial) -> None:
    """The first steps come out wrong. They are counted from 0, and no step needs a case of its own."""
    for step in (0, 1, 2):
        trial.call(step, 0.9999, label="the decay")


@holds("the smaller of the two counts, also close to the step at which they meet")
def wrong_where_they_meet(trial: Trial) -> None:
    """Near the step where the warm-up reaches the decay yours goes wrong: at each step take the smaller of the two."""
    # (1 + n) / (10 + n) reaches 0.5 at n = 8 and 0.9 at n = 80
    for decay, step in ((0.5, 8), (0.9, 80)):
        for near in (step - 1, step, step + 1):
            trial.call(near, decay, label="the decay")


@holds("a decay of 0.1 or less is used from the first step on")
def wrong_for_short_decays(trial: Trial) -> None:
    """A decay of 0.1 or less is never reached by the warm-up from below: it counts from the first step on. min() of the
    two says it all."""
    for decay in (0.05, 0.0, 0.1):
        trial.call(0, decay, label="the decay")
        trial.call(50, decay, label="the decay")


@holds("for thousands of steps it comes closer and closer to 1")
def too_coarse_for_long_runs(trial: Trial) -> None:
    """For thousands of steps your decay departs: between 0.999 and 0.9999 the average covers 1,000 or 10,000 steps, so
    small differences count. Is there a limit of your own below the decay that was asked for?"""
    for step in (999, 5_000, 80_000):
        trial.call(step, 0.9999, label="the decay", tolerance=0.01)


@right
def with_if(step: int, decay: float) -> float:
    warmed_up = (step + 1) / (step + 10)
    if warmed_up < decay:
        return warmed_up
    return decay


@right
def as_a_difference(step: int, decay: float) -> float:
    return sorted([1 - 9 / (10 + step), decay])[0]


@right
def by_numpy(step: int, decay: float) -> float:
    return float(np.minimum(decay, np.divide(1 + step, 10 + step)))


@right
def as_shares_forgotten(step: int, decay: float) -> float:
    return 1 - max(1 - decay, 9 / (10 + step))
