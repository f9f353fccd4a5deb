"""Exercise DDPM.sampling_times (lesson 10)."""

import numpy as np
import torch

from course_lib.checks.compare import to_data
from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.scene import Scene
from course_lib.ddpm import DDPM


def times(scene: Scene, num_timesteps: int, num_steps: int) -> None:
    built = scene.build(num_timesteps=num_timesteps)
    built(num_steps, method="sampling_times", label="the times")


def divisible(scene: Scene) -> None:
    num_steps = scene.pick(4, 5, 6)
    times(scene, num_steps * scene.pick(5, 7, 9), num_steps)


def one_step(scene: Scene) -> None:
    times(scene, scene.pick(20, 30), 1)


def every_step(scene: Scene) -> None:
    num_timesteps = scene.pick(6, 9)
    times(scene, num_timesteps, num_timesteps)


def with_a_remainder(scene: Scene) -> None:
    # an odd number of steps: no end of a part lies half way between two whole numbers
    for num_timesteps, num_steps in scene.pick(((40, 7), (50, 9)), ((52, 7), (41, 9)), ((33, 7), (58, 11))):
        times(scene, num_timesteps, num_steps)


def almost_every_step(scene: Scene) -> None:
    times(scene, 10, 9)


def real_sizes(scene: Scene) -> None:
    for num_steps in (2, 20, 50, 333):
        times(scene, 1000, num_steps)


def whole_numbers(scene: Scene) -> None:
    built = scene.build(num_timesteps=1000)
    found = scene.handle.call(built.constructed.key, (20,), {}, method="sampling_times")
    if isinstance(found, Failure):
        scene.checked("the times", found, "20 of 1000")
    kinds = {"float" if isinstance(value, float) else "whole" for value in to_data(found)}
    kinds |= {"float" for value in found if isinstance(value, torch.Tensor) and value.is_floating_point()}
    scene.see("the kind of numbers", tuple(sorted(kinds)), "20 of 1000")


# ---- right, written differently ----


def by_linspace(self: DDPM, num_steps: int) -> list[int]:
    ends = torch.linspace(self.num_timesteps, 0, num_steps + 1, dtype=torch.float64)[:-1]
    return (ends.round() - 1).long().tolist()


def in_whole_numbers(self: DDPM, num_steps: int) -> list[int]:
    return [(2 * self.num_timesteps * k + num_steps) // (2 * num_steps) - 1 for k in range(num_steps, 0, -1)]


def by_numpy(self: DDPM, num_steps: int) -> list[int]:
    ends = np.arange(1, num_steps + 1) * self.num_timesteps / num_steps
    return [int(end) for end in np.round(ends)[::-1] - 1]


def one_after_the_other(self: DDPM, num_steps: int) -> list[int]:
    found, end = [], float(self.num_timesteps)
    for _ in range(num_steps):
        found.append(round(end - 1))
        end -= self.num_timesteps / num_steps
    return found


ENDS = "self.num_timesteps * (num_steps - i) / num_steps for i in range(num_steps)"
LAST = "return [round(end) - 1 for end in ends]"


def edit(*changes: tuple[str, str]) -> object:
    return edited(DDPM, *changes)


def mistake(name: str, sentence: str, value: str) -> Misconception:
    """Another last line, from T = self.num_timesteps and n = num_steps."""
    lines = "T, n = self.num_timesteps, num_steps\n        "
    return Misconception(name, sentence, edit((LAST, lines + f"return {value}")))


EXERCISES = (
    Exercise(
        name="DDPM.sampling_times",
        reference=DDPM,
        lesson="10",
        where="10.4 of the lesson, the line cut into parts; Lin et al. 2024, table 2",
        properties=(
            Property("values", "the times are evenly spaced, the latest first, and begin at T-1", divisible),
            Property(
                "wrong_for_a_single_step",
                "one step starts at T-1",
                one_step,
                "For a single step the one time is T-1: there the image is noise, and that is what we start from.",
            ),
            Property(
                "wrong_for_all_steps",
                "T steps visit every time, from T-1 down to 0",
                every_step,
                "With as many steps as there are times each is visited once: T-1, T-2, ..., 0.",
            ),
            Property(
                "uneven_with_a_remainder",
                "where T / num_steps is no whole number, each time is rounded by itself",
                with_a_remainder,
                "Where T cannot be divided by num_steps your times drift or bunch up. Compute each end as T * k / "
                "num_steps, and round it by itself; a rounded step length adds its error up.",
            ),
            Property(
                "uneven_near_the_end",
                "almost all times are visited: only one is left out",
                almost_every_step,
                "With 9 of 10 times one is left out. Yours leaves out others, or visits one twice.",
            ),
            Property(
                "fits_small_numbers_only",
                "the same for T = 1000",
                real_sizes,
                "For T = 1000 your times go wrong. Is a number written out, or rounded too early?",
            ),
            Property(
                "not_whole",
                "times are whole numbers, which the schedule's tables are read at",
                whole_numbers,
                "Your times are not whole numbers. They are places in a table: round them to int.",
            ),
        ),
        misconceptions=(
            mistake(
                "starts_too_early",
                "Your times are the lower ends of the parts, range(0, T, T // n): the first is not T-1. Sampling would "
                "start with pure noise and tell the network that some of the image is there already.",
                "list(range(0, T, T // n))[::-1][:n]",
            ),
            mistake(
                "starts_too_early_plus_one",
                "Your times begin at 1 and count up in steps of T // n, so the first visited is not T-1. Count down "
                "from T-1 instead.",
                "[1 + i * (T // n) for i in range(n)][::-1]",
            ),
            mistake(
                "ends_at_zero",
                "Your times go all the way to 0, as linspace(T-1, 0, n) gives. The last step, from 0 to the clean "
                "image, then changes next to nothing: one of your model calls is wasted.",
                "[round((T - 1) * (1 - i / max(1, n - 1))) for i in range(n)]",
            ),
            mistake(
                "ends_at_zero_truncated",
                "Your times go all the way to 0, and are cut off instead of rounded. The last call, at 0, changes next "
                "to nothing; and int() cuts.",
                "[int((T - 1) * (1 - i / max(1, n - 1))) for i in range(n)]",
            ),
            mistake(
                "upwards",
                "Your times rise. Sampling walks from noise to image: the latest time comes first.",
                "[round(end) - 1 for end in ends][::-1]",
            ),
            mistake(
                "starts_at_T",
                "Your first time is T, one past the end of the table. Times are counted from 0, so the last is T-1.",
                "[round(end) for end in ends]",
            ),
            mistake(
                "one_too_many",
                "You end with -1, the clean image. That is where the last step *arrives*; the model is never asked "
                "there, so it does not belong on the list.",
                "[round(end) - 1 for end in ends] + [-1]",
            ),
            mistake(
                "minus_one_for_zero",
                "You divide T-1 ... -1 so that the last of your times is -1. The model is never asked at the clean "
                "image: n times, and the arrival is not one of them.",
                "[round(T - 1 - T * i / max(1, n - 1)) for i in range(n)]",
            ),
            mistake(
                "one_too_few",
                "One time is missing at the end: num_steps of them, range(num_steps).",
                "[round(end) - 1 for end in ends][:-1]",
            ),
            mistake(
                "first_missing",
                "The first time, T-1, is missing. The walk starts there.",
                "[round(end) - 1 for end in ends][1:]",
            ),
            mistake(
                "rounded_step",
                "You round the length of a step first, T // n, and the error adds up: with 40 times and 7 steps you "
                "never get below 9. Round each time by itself.",
                "[T - 1 - i * (T // n) for i in range(n)]",
            ),
            mistake(
                "rounded_step_to_nearest",
                "You round the length of a step and then count: the errors add up, and the last times may fall below "
                "0. Round each time by itself.",
                "[T - 1 - i * round(T / n) for i in range(n)]",
            ),
            mistake(
                "truncated",
                "int() cuts off what stands behind the point, so some of your times are one too early. The nearest "
                "whole number is round().",
                "[int(end) - 1 for end in ends]",
            ),
            mistake(
                "truncated_after",
                "You subtract 1 first and then cut off with int(): towards zero, so always down. Use round().",
                "[int(end - 1 + 0.999999) for end in ends]",
            ),
            mistake(
                "from_T_minus_one",
                "You spread (T - 1) * k / n: the first is right, and all others are a little too early. The parts are "
                "cut from 0 ... T, and 1 is subtracted afterwards.",
                "[round((T - 1) * (n - i) / n) for i in range(n)]",
            ),
            mistake(
                "every_time",
                "You visit every time, however many steps were asked for.",
                "list(range(T))[::-1]",
            ),
            mistake(
                "first_ones_only",
                "You take the num_steps latest times, T-1, T-2, ...: the walk stops in the middle of the noise.",
                "[T - 1 - i for i in range(n)]",
            ),
            mistake(
                "last_ones_only",
                "You take the num_steps earliest times: the walk would start almost at the image, with pure noise in "
                "hand.",
                "list(range(n))[::-1]",
            ),
            mistake(
                "thousand_written_out",
                "You wrote the number 1000 (or another) where self.num_timesteps belongs.",
                "[round(1000 * (n - i) / n) - 1 for i in range(n)]",
            ),
            mistake(
                "quadratic",
                "Your times bunch up near the image, like squares. Here they are evenly spaced.",
                "[round(T * ((n - i) / n) ** 2) - 1 for i in range(n)]",
            ),
            mistake(
                "middles",
                "You take the middle of each part. The first would be T-1 minus half a step, and sampling starts at "
                "pure noise, T-1.",
                "[round(T * (n - i - 0.5) / n) - 1 for i in range(n)]",
            ),
            mistake(
                "pairs",
                "You return pairs of times. The sampler makes the pairs itself: a plain list is asked.",
                "[(round(end) - 1, round(end) - 1 - T // n) for end in ends]",
            ),
            mistake(
                "a_tensor",
                "You return a tensor. A list of whole numbers is asked: .tolist().",
                "torch.tensor([round(end) - 1 for end in ends])",
            ),
            mistake(
                "fractions",
                "Your times are fractions of T. Whole numbers from T-1 down are asked: they are places in a table.",
                "[end / T for end in ends]",
            ),
            mistake(
                "not_rounded",
                "You leave the fractions in. Times are places in a table: round them.",
                "[end - 1 for end in ends]",
            ),
        ),
        alternatives=(
            Alternative("by_linspace", by_linspace),
            Alternative("in_whole_numbers", in_whole_numbers),
            Alternative("by_numpy", by_numpy),
            Alternative("one_after_the_other", one_after_the_other),
        ),
    ),
)
