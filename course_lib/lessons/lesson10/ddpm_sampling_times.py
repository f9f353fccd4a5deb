"""What holds for DDPM.sampling_times, and right answers written differently."""

import numpy as np
import torch
from torch import Tensor

from course_lib.checks.compare import difference, shown
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial, is_floating
from course_lib.ddpm import DDPM

EXERCISE = Exercise(
    "DDPM.sampling_times",
    DDPM,
    __name__,
    where="10.4 of the lesson, the line cut into parts; Lin et al. 2024, table 2",
    not_for_all={
        "another_shape": "values compares the times themselves",
        "gradients_cut": "whole numbers carry no gradients",
        "assumes_float32": "whole numbers have no precision",
        "assumes_the_cpu": "a list of numbers is on no device",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return sampling_times(trial, 30, 6)


@EXERCISE.harder
def uneven_parts(trial: Trial) -> Call:
    """More than a thousand times, and parts of no whole length."""
    # no end, and no middle of a part or number of linspace(T-1, 0, n), lies half way between two whole numbers
    return sampling_times(trial, *trial.pick((1204, 22), (1492, 46), (1108, 38)))


def sampling_times(trial: Trial, num_timesteps: int, num_steps: int) -> Call:
    return trial.build(num_timesteps=num_timesteps).calling(num_steps, method="sampling_times")


@holds("the times of a longer schedule are others")
def length_left_out(trial: Trial) -> None:
    """Your times are the same for two schedules of different length. Is 1000, or another number, written where
    T = self.num_timesteps belongs, or does T not come in at all?"""
    calls = [sampling_times(trial, num_timesteps, 4) for num_timesteps in (36, 60)]
    found = [call.value() for call in calls]
    for one, call in zip(found, calls, strict=True):
        if isinstance(one, Failure):
            trial.checked("the times", one, call.text())
    same = isinstance(found[0], tuple | Tensor) and not difference(found[0], found[1])
    given = f"{calls[0].text()} and {calls[1].text()}"
    trial.see("whether both are the same", same, f"{given}: {shown(found[0])[:60]} both times" if same else given)


@holds("the times are evenly spaced, the latest first, and begin at T-1")
def values(trial: Trial) -> None:
    num_steps = trial.pick(4, 5, 6)
    sampling_times(trial, num_steps * trial.pick(5, 7, 9), num_steps).see("the times")


@holds("one step starts at T-1")
def wrong_for_a_single_step(trial: Trial) -> None:
    """For a single step the one time is T-1: there the image is noise, and that is what we start from."""
    sampling_times(trial, trial.pick(20, 30), 1).see("the times")


@holds("T steps visit every time, from T-1 down to 0")
def wrong_for_all_steps(trial: Trial) -> None:
    """With as many steps as there are times each is visited once: T-1, T-2, ..., 0."""
    num_timesteps = trial.pick(6, 9)
    sampling_times(trial, num_timesteps, num_timesteps).see("the times")


@holds("where T / num_steps is no whole number, each time is rounded by itself")
def uneven_with_a_remainder(trial: Trial) -> None:
    """Where T cannot be divided by num_steps your times are others. Each end is T * k / num_steps, rounded by itself; a
    rounded step length would add its error up."""
    # an odd number of steps: no end of a part lies half way between two whole numbers
    for num_timesteps, num_steps in trial.pick(((40, 7), (50, 9)), ((52, 7), (41, 9)), ((33, 7), (58, 11))):
        sampling_times(trial, num_timesteps, num_steps).see("the times")


@holds("almost all times are visited: only one is left out")
def uneven_near_the_end(trial: Trial) -> None:
    """With 9 of 10 times one is left out. Yours are other times."""
    sampling_times(trial, 10, 9).see("the times")


@holds("the same for T = 1000")
def fits_small_numbers_only(trial: Trial) -> None:
    """For T = 1000 your times go wrong. Is a number written out, or rounded too early?"""
    for num_steps in (2, 20, 50, 333):
        sampling_times(trial, 1000, num_steps).see("the times")


@holds("times are whole numbers, which the schedule's tables are read at")
def not_whole(trial: Trial) -> None:
    """Your times are no whole numbers of Python (int), but floats, which 999.0 is, too. They are places in a table:
    int(...), or .long() where they are a tensor."""
    found = sampling_times(trial, 1000, 20).see("the times", observed=False)
    trial.see("whether all are whole", not any(isinstance(t, float) or is_floating(t) for t in found), "20 of 1000")


@right
def by_linspace(self: DDPM, num_steps: int) -> list[int]:
    ends = torch.linspace(self.num_timesteps, 0, num_steps + 1, dtype=torch.float64)[:-1]
    return (ends.round() - 1).long().tolist()


@right
def in_whole_numbers(self: DDPM, num_steps: int) -> list[int]:
    return [(2 * self.num_timesteps * k + num_steps) // (2 * num_steps) - 1 for k in range(num_steps, 0, -1)]


@right
def by_numpy(self: DDPM, num_steps: int) -> list[int]:
    ends = np.arange(1, num_steps + 1) * self.num_timesteps / num_steps
    return [int(end) for end in np.round(ends)[::-1] - 1]


@right
def one_after_the_other(self: DDPM, num_steps: int) -> list[int]:
    found, end = [], float(self.num_timesteps)
    for _ in range(num_steps):
        found.append(round(end - 1))
        end -= self.num_timesteps / num_steps
    return found
