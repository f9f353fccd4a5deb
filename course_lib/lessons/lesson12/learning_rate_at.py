"""Exercise learning_rate_at (lesson 12)."""

import math

import numpy as np

from course_lib.checks.exercise import Alternative, Exercise, Property, mistakes_of
from course_lib.checks.properties import keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.training.schedule import learning_rate_at

LABEL = "the learning rate"


def peak(scene: Scene) -> float:
    return 0.5 + scene.random.random()


def middle_of_the_warm_up(scene: Scene) -> None:
    scene.call(scene.pick(2, 3, 4), peak(scene), scene.pick(9, 10, 11), 100, label=LABEL)


def first_step(scene: Scene) -> None:
    scene.call(0, peak(scene), scene.pick(4, 5, 8), 100, label=LABEL)


def end_of_the_warm_up(scene: Scene) -> None:
    for step in (6, 7, 8):
        scene.call(step, 1.5, 8, 100, label=LABEL)


def constant(scene: Scene) -> None:
    for step in (40, 99):
        scene.call(step, peak(scene), 8, 100, label=LABEL)


def no_warm_up(scene: Scene) -> None:
    for warmup_steps in (0, 1):
        for step in (0, 1, 50):
            scene.call(step, 1.5, warmup_steps, 100, label=LABEL)


def cosine(scene: Scene) -> None:
    for step in (scene.pick(20, 30), scene.pick(60, 70)):
        scene.call(step, peak(scene), 0, 100, "cosine", label=LABEL)


def both_ends_of_the_cosine(scene: Scene) -> None:
    for step in (0, 50, 99):
        scene.call(step, 1.5, 0, 100, "cosine", label=LABEL, tolerance=0.1)


def both(scene: Scene) -> None:
    for step in (0, 5, 15, 40):
        scene.call(step, peak(scene), 20, 80, "cosine", label=LABEL)


def tiny_rates(scene: Scene) -> None:
    # as a multiple of a tiny rate, so that a tolerance for plain numbers does not hide a difference
    scene.call(scene.pick(100, 200, 300), 200.0, 5000, 400_000, label=LABEL)


def whole_number_peak(scene: Scene) -> None:
    scene.call(3, 2, 8, 100, label=LABEL)


# ---- right, written differently ----


def with_if(step: int, peak: float, warmup_steps: int, steps: int, schedule: str = "constant") -> float:
    rate = peak
    if step + 1 < warmup_steps:
        rate = rate * (step + 1) / warmup_steps
    if schedule == "cosine":
        rate = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
    return rate


def by_half_angle(step: int, peak: float, warmup_steps: int, steps: int, schedule: str = "constant") -> float:
    share = 1.0 if warmup_steps == 0 else min(warmup_steps, step + 1) / warmup_steps
    if schedule == "constant":
        return peak * share
    return peak * share * math.cos(math.pi * step / (2 * steps)) ** 2


def by_numpy(step: int, peak: float, warmup_steps: int, steps: int, schedule: str = "constant") -> float:
    share = np.interp(step + 1, [0, max(1, warmup_steps)], [0, 1])
    left = {"constant": 1.0, "cosine": (np.cos(np.pi * step / steps) + 1) / 2}[schedule]
    return float(peak * share * left)


WARM = "min(1.0, (step + 1) / max(1, warmup_steps))"
LEFT = '1.0 if schedule == "constant" else (1 + math.cos(math.pi * step / steps)) / 2'
RETURN = "return peak * warm_up * left"


mistake = mistakes_of(learning_rate_at)


EXERCISES = (
    Exercise(
        name="learning_rate_at",
        reference=learning_rate_at,
        lesson="12",
        where="12.7 of the lesson, the two curves that are multiplied",
        properties=(
            Property(
                "wrong_while_warming_up",
                "the rate rises in a straight line",
                middle_of_the_warm_up,
                "While it warms up your rate is not peak * (step + 1) / warmup_steps, a straight line from the first "
                "step on.",
            ),
            Property(
                "wrong_at_the_first_step",
                "the first step has one part of the warm-up, not zero",
                first_step,
                "At step 0 your rate is wrong. Steps are counted from 0, and the first one should move: it has "
                "1 / warmup_steps of the rate.",
            ),
            Property(
                "wrong_at_the_end_of_the_warm_up",
                "step warmup_steps - 1 is the first with the whole rate",
                end_of_the_warm_up,
                "Where the warm-up ends your rate is off: with 8 steps of warm-up, step 7 has the whole rate, and step "
                "8 no more than that.",
            ),
            Property(
                "not_constant_afterwards",
                'with "constant" nothing changes after the warm-up',
                constant,
                "After the warm-up your rate is not the peak, or it does not stay there.",
            ),
            Property(
                "fails_without_warm_up",
                "without a warm-up the whole rate counts from the first step on",
                no_warm_up,
                "With no steps of warm-up your code divides by zero or begins too low. max(1, warmup_steps) below the "
                "line is one way out.",
            ),
            Property(
                "wrong_cosine",
                "half a cosine leads from 1 down to 0",
                cosine,
                "Your cosine is not the one that was asked for: (1 + cos(pi * step / steps)) / 2.",
            ),
            Property(
                "wrong_ends_of_the_cosine",
                "the cosine is 1 at step 0, one half in the middle, and nearly 0 at the last step",
                both_ends_of_the_cosine,
                "The ends of your cosine are off. It reaches zero at step `steps`, one after the last.",
            ),
            Property(
                "wrong_together",
                "warm-up and cosine are multiplied, and both count from step 0",
                both,
                "Each of the two is right, and together they are not: multiply them. The cosine does not wait for the "
                "warm-up.",
            ),
            Property(
                "wrong_for_long_runs",
                "long warm-ups are fine steps",
                tiny_rates,
                "For a warm-up of 5,000 steps your rate is wrong. Is something rounded?",
            ),
            Property(
                "whole_numbers_only",
                "a peak that is a whole number gives fractions all the same",
                whole_number_peak,
                "With a whole number as peak your rate is cut off. Use /, not //.",
            ),
            keeps_random_state(arguments=lambda scene: (3, 1.0, 8, 100)),
        ),
        misconceptions=(
            mistake(
                "starts_at_zero",
                "Your warm-up is step / warmup_steps, so the first step has a rate of zero: it is wasted, and the "
                "whole rate comes one step late. Count (step + 1).",
                (WARM, "min(1.0, step / max(1, warmup_steps))"),
            ),
            mistake(
                "no_warm_up_at_all",
                "There is no warm-up: the rate is at its peak from the first step on.",
                (WARM, "1.0"),
            ),
            mistake(
                "never_stops_rising",
                "Your warm-up goes on rising for ever. min(1, ...) ends it at the peak.",
                (WARM, "(step + 1) / max(1, warmup_steps)"),
            ),
            mistake(
                "larger_of_both",
                "You use max where min belongs: the rate begins at the peak and rises from there.",
                (WARM, "max(1.0, (step + 1) / max(1, warmup_steps))"),
            ),
            mistake(
                "one_step_more",
                "You divide by warmup_steps + 1, so the whole rate comes one step late.",
                (WARM, "min(1.0, (step + 1) / (warmup_steps + 1))"),
            ),
            mistake(
                "part_of_the_run",
                "You warm up over the whole training: divide by warmup_steps, not by steps.",
                (WARM, "min(1.0, (step + 1) / steps)"),
            ),
            mistake(
                "jumps",
                "Your rate is zero until the warm-up is over, and then jumps. It should rise with every step (// drops "
                "fractions; / keeps them).",
                (WARM, "1.0 if step + 1 >= warmup_steps else 0.0"),
            ),
            mistake(
                "divides_by_zero",
                "With warmup_steps 0 your code divides by zero. No warm-up is allowed: the whole rate from the start.",
                (WARM, "min(1.0, (step + 1) / warmup_steps)"),
            ),
            mistake(
                "quadratic_warm_up",
                "Your warm-up is a parabola. A straight line is asked.",
                (WARM, "min(1.0, (step + 1) / max(1, warmup_steps)) ** 2"),
            ),
            mistake(
                "cosine_to_minus_one",
                "You use the cosine itself. It goes from 1 to -1, and a negative rate climbs. Add 1 and halve it.",
                (LEFT, LEFT.replace("(1 + math.cos(math.pi * step / steps)) / 2", "math.cos(math.pi * step / steps)")),
            ),
            mistake(
                "not_halved",
                "1 + cos goes from 2 to 0: the rate begins at twice the peak. Halve it.",
                (
                    LEFT,
                    LEFT.replace("(1 + math.cos(math.pi * step / steps)) / 2", "1 + math.cos(math.pi * step / steps)"),
                ),
            ),
            mistake(
                "quarter_of_a_cosine",
                "You use a quarter of a cosine, cos(pi / 2 * step / steps): it falls late and steeply. Half a cosine, "
                "(1 + cos(pi * step / steps)) / 2, is flat at both ends.",
                (
                    LEFT,
                    LEFT.replace("(1 + math.cos(math.pi * step / steps)) / 2", "math.cos(math.pi / 2 * step / steps)"),
                ),
            ),
            mistake(
                "rising_cosine",
                "Your cosine rises: (1 - cos) / 2. The rate would be highest at the end.",
                (LEFT, LEFT.replace("1 + math", "1 - math")),
            ),
            mistake(
                "whole_turn",
                "Your cosine makes a whole turn, 2 pi: it comes back to the peak at the end.",
                (LEFT, LEFT.replace("math.pi *", "2 * math.pi *")),
            ),
            mistake(
                "degrees",
                "math.cos takes radians: half a turn is pi, not 180.",
                (LEFT, LEFT.replace("math.pi * step", "180 * step")),
            ),
            mistake(
                "last_step_at_zero",
                "You divide by steps - 1, so the last step itself has a rate of zero and is wasted. The zero comes one "
                "step later.",
                (LEFT, LEFT.replace("step / steps", "step / (steps - 1)")),
            ),
            mistake(
                "cosine_waits",
                "Your cosine begins when the warm-up is over. A common choice; here both count from step 0 and are "
                "multiplied.",
                (LEFT, LEFT.replace("step / steps", "max(0, step - warmup_steps) / max(1, steps - warmup_steps)")),
            ),
            mistake(
                "straight_line_down",
                "Your rate falls in a straight line. Half a cosine is asked.",
                (LEFT, '1.0 if schedule == "constant" else 1 - step / steps'),
            ),
            mistake(
                "always_cosine",
                'Your rate falls although the schedule is "constant".',
                (LEFT, "(1 + math.cos(math.pi * step / steps)) / 2"),
            ),
            mistake(
                "never_cosine",
                'With "cosine" your rate stays constant: the schedule is never looked at.',
                (LEFT, "1.0"),
            ),
            mistake(
                "smaller_of_both",
                "You take the smaller of warm-up and cosine. They are multiplied.",
                (RETURN, "return peak * min(warm_up, left)"),
            ),
            mistake(
                "peak_forgotten",
                "You return the share of the peak. Multiply it by the peak.",
                (RETURN, "return warm_up * left"),
            ),
        ),
        alternatives=(
            Alternative("with_if", with_if),
            Alternative("by_half_angle", by_half_angle),
            Alternative("by_numpy", by_numpy),
        ),
    ),
)
