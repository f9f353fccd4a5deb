"""Exercise decay_at (lesson 10)."""

import numpy as np

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.ema import decay_at


def while_warming_up(scene: Scene) -> None:
    for step in (scene.random.randrange(15, 30), scene.random.randrange(60, 120)):
        scene.call(step, 0.9999, label="the decay")


def at_the_end(scene: Scene) -> None:
    scene.call(10**6, 0.99 + 0.009 * scene.random.random(), label="the decay")


def first_step(scene: Scene) -> None:
    for step in (0, 1, 2):
        scene.call(step, 0.9999, label="the decay")


def where_they_meet(scene: Scene) -> None:
    # (1 + n) / (10 + n) reaches 0.5 at n = 8 and 0.9 at n = 80
    for decay, step in ((0.5, 8), (0.9, 80)):
        for near in (step - 1, step, step + 1):
            scene.call(near, decay, label="the decay")


def short_decays(scene: Scene) -> None:
    for decay in (0.05, 0.0, 0.1):
        scene.call(0, decay, label="the decay")
        scene.call(50, decay, label="the decay")


def long_runs(scene: Scene) -> None:
    for step in (999, 5_000, 80_000):
        scene.call(step, 0.9999, label="the share forgotten", tolerance=0.01)


# ---- right, written differently ----


def with_if(step: int, decay: float) -> float:
    warmed_up = (step + 1) / (step + 10)
    if warmed_up < decay:
        return warmed_up
    return decay


def as_a_difference(step: int, decay: float) -> float:
    return sorted([1 - 9 / (10 + step), decay])[0]


def by_numpy(step: int, decay: float) -> float:
    return float(np.minimum(decay, np.divide(1 + step, 10 + step)))


def as_shares_forgotten(step: int, decay: float) -> float:
    return 1 - max(1 - decay, 9 / (10 + step))


RATIO = "(1 + step) / (10 + step)"
END = "return min(decay, warmed_up)"


def mistake(name: str, sentence: str, *changes: tuple[str, str]) -> Misconception:
    # "warmed_up = " in front, so that the docstring's formula is not meant
    changes = tuple(
        (f"warmed_up = {old}", f"warmed_up = {new}") if old == RATIO else (old, new) for old, new in changes
    )
    return Misconception(name, sentence, edited(decay_at, *changes))


EXERCISES = (
    Exercise(
        name="decay_at",
        reference=decay_at,
        lesson="10",
        where="10.6 of the lesson, the table of decays",
        properties=(
            Property("values_while_warming_up", "at first it is (1 + step) / (10 + step)", while_warming_up),
            Property("values_at_the_end", "long after that it is the decay that was asked for", at_the_end),
            Property(
                "wrong_at_the_first_steps",
                "steps 0, 1 and 2 have 1/10, 2/11 and 3/12",
                first_step,
                "The first steps come out wrong. They are counted from 0, and no step needs a case of its own.",
            ),
            Property(
                "wrong_where_they_meet",
                "the smaller of the two counts, also close to the step at which they meet",
                where_they_meet,
                "Near the step where the warm-up reaches the decay yours goes wrong: at each step take the smaller "
                "of the two.",
            ),
            Property(
                "wrong_for_short_decays",
                "a decay of 0.1 or less is used from the first step on",
                short_decays,
                "A decay of 0.1 or less is never reached by the warm-up from below: it counts from the first step on. "
                "min() of the two says it all.",
            ),
            Property(
                "too_coarse_for_long_runs",
                "for thousands of steps it comes closer and closer to 1",
                long_runs,
                "For thousands of steps yours is too coarse: between 0.999 and 0.9999 the average covers 1,000 or "
                "10,000 steps, so nothing may be rounded.",
            ),
            keeps_random_state(arguments=lambda scene: (3, 0.9)),
        ),
        misconceptions=(
            mistake(
                "the_larger",
                "You take the larger of the two. Then the long decay counts from the first step on, and the average "
                "keeps the random initialisation: 90 % of it after 1,000 steps at 0.9999. Take the smaller, min().",
                (END, "return max(decay, warmed_up)"),
            ),
            mistake(
                "no_end",
                "You return (1 + step) / (10 + step) alone. It goes on rising past the decay that was asked for: after "
                "a million steps the average would cover a hundred thousand. min() stops it.",
                (END, "return warmed_up"),
            ),
            mistake(
                "no_warm_up",
                "You return the final decay from the start, or something that is never below it (brackets: "
                "`1 + step / 10 + step` divides only `step` by 10). At the first steps it should be short.",
                (END, "return decay"),
            ),
            mistake(
                "counted_from_one",
                "You are one step ahead: steps are counted from 0, so the first has (1 + 0) / (10 + 0).",
                (RATIO, "(2 + step) / (11 + step)"),
            ),
            mistake(
                "one_step_late",
                "You are one step behind, step / (9 + step): the 1 in the formula is there because steps are counted "
                "from 0.",
                (RATIO, "step / (9 + step)"),
            ),
            mistake(
                "one_missing_above",
                "Above the line stands step, and 1 + step belongs there. At step 0 nothing of the average would stay.",
                (RATIO, "step / (10 + step)"),
            ),
            mistake(
                "eleven_below",
                "Below the line stands 11 + step; it is 10 + step.",
                (RATIO, "(1 + step) / (11 + step)"),
            ),
            mistake(
                "one_over",
                "You return the share that comes in, one minus the decay. The decay is the share that stays.",
                (END, "return 1 - min(decay, warmed_up)"),
            ),
            mistake(
                "nine_over",
                "Your warm-up falls: 9 / (10 + step) is the share that comes in, and the decay is what is left of 1.",
                (RATIO, "9 / (10 + step)"),
            ),
            mistake(
                "product",
                "You multiply the two. Take the smaller: min(decay, warmed_up).",
                (END, "return decay * warmed_up"),
            ),
            mistake(
                "mean_of_both",
                "You take the mean of the two. Take the smaller: min(decay, warmed_up).",
                (END, "return (decay + warmed_up) / 2"),
            ),
            mistake(
                "whole_numbers",
                "// divides whole numbers and drops the rest, so you get 0. Use /.",
                (RATIO, "(1 + step) // (10 + step)"),
            ),
            mistake(
                "plain_mean",
                "step / (1 + step) makes a plain mean of all steps so far, the random start included in full. The 10 "
                "lets it forget faster.",
                (RATIO, "step / (1 + step)"),
            ),
            mistake(
                "plain_mean_from_one",
                "(1 + step) / (2 + step) is a plain mean of all weights so far. It forgets the start too slowly: it is "
                "10 + step below the line.",
                (RATIO, "(1 + step) / (2 + step)"),
            ),
            mistake(
                "linear",
                "Your decay rises in a straight line. The formula bends: fast at first, then slower and slower.",
                (END, "return decay * min(1.0, (1 + step) / 1000)"),
            ),
            mistake(
                "power",
                "You raise the decay to a power. That is what is left of the start after so many steps, not the "
                "decay of one step.",
                (END, "return decay ** (1 + step)"),
            ),
            mistake(
                "exponential",
                "Your decay rises like an exponential, as some libraries have it. Here it is the fraction (1 + step) / "
                "(10 + step).",
                (END, "import math\n    return decay * (1 - math.exp(-step / 2000))"),
            ),
            mistake(
                "hundred_below",
                "Below the line you have 100 + step (or another number); it is 10 + step.",
                (RATIO, "(1 + step) / (100 + step)"),
            ),
            mistake(
                "inverted",
                "The fraction stands on its head: (10 + step) / (1 + step) begins at 10, and a decay is below 1.",
                (END, "return 1 / warmed_up"),
            ),
            mistake(
                "jump",
                "Your decay jumps from one value to the final one. The formula rises step by step.",
                (END, "return 0.1 if step < 10 else decay"),
            ),
            mistake(
                "rounded",
                "You round the result. Between 0.999 and 0.9999 there is a factor of ten in what the average covers.",
                (END, "return round(min(decay, warmed_up), 3)"),
            ),
            mistake(
                "never_below_a_tenth",
                "You keep the decay at 0.1 at least. A decay of 0 is allowed: the average is then the weights "
                "themselves.",
                (END, "return max(0.1, min(decay, warmed_up))"),
            ),
            mistake(
                "both_returned",
                "You return both numbers. The one to use is the smaller.",
                (END, "return decay, warmed_up"),
            ),
        ),
        alternatives=(
            Alternative("with_if", with_if),
            Alternative("as_a_difference", as_a_difference),
            Alternative("by_numpy", by_numpy),
            Alternative("as_shares_forgotten", as_shares_forgotten),
        ),
    ),
)
