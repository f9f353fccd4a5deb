"""What holds for redraw, and right answers written differently."""

import math

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.editing import Split, Strengths, redraw, walk
from course_lib.lessons.lesson13 import editing_watched as watched
from course_lib.lessons.lesson13.asking import CALLS, PLACES, RESULT, TIMES, found, numbers, see

EXERCISE = Exercise(
    "redraw",
    redraw,
    __name__,
    where="section 13.2; Meng et al. 2022 (SDEdit), section 3",
    watched=watched.redraw,
    not_for_all={
        "another_shape": "the images are looked at alone: how often and where is asked has words of its own",
        "gradients_cut": "it serves sampling, where nothing learns",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def a_call(
    trial: Trial, strength: float, steps: int | None = 4, schedule: str = "an arc", size: float = 1.0, count: int = 3
) -> Call:
    images, noise = (size * trial.normal(count, 2, 4, 5) for _ in range(2))
    return trial.calling(images, noise, strength, steps, numbers(trial), schedule)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return a_call(trial, trial.pick(0.72, 0.64, 0.56))


@EXERCISE.harder
def a_short_way_in_seven_steps(trial: Trial) -> Call:
    """Large numbers, five images, a strength below one half, and seven steps: their product is no whole number."""
    return a_call(trial, 0.38, 7, size=3, count=5)


@EXERCISE.telling
def given(call: Call) -> str:
    images, _, strength, steps, _, schedule = call.args
    steps = "num_steps left out" if steps is None else f"num_steps={steps}"
    shares = watched.SHARES[schedule]
    return f"redraw with strength={strength}, {steps}, images {tuple(images.shape)}, where the shares are {shares}"


@holds("images of the shape of those that went in come back")
def no_images(trial: Trial) -> None:
    """What comes back is no batch of images as large as the one that went in."""
    call = ordinary_call(trial)
    trial.see("its shape", tuple(found(call, given(call))[RESULT].shape), given(call))


def noised_to(call: Call) -> tuple[float | None, float]:
    """The time to which the images are noised that are asked about first, along the arc; and the time asked at.

    None where they are no images of the arc, are without noise, or have the shares of strength exchanged.
    """
    images, noise, strength, *_ = call.args
    _, _, times, places = found(call, given(call))
    if not places or places[0].shape != images.shape:
        return None, math.nan
    parts = torch.stack([images.flatten(), noise.flatten()], dim=1).double()
    shares = torch.linalg.lstsq(parts, places[0].double().flatten()[:, None]).solution
    signal, sigma = shares.flatten().tolist()
    off = float((parts @ shares - places[0].double().flatten()[:, None]).abs().max())
    time = math.atan2(sigma, signal) / 1.5
    exchanged = math.isclose(signal, math.sin(1.5 * strength), abs_tol=1e-4)
    if max(off, abs(math.hypot(signal, sigma) - 1)) > 1e-4 or exchanged or not 1e-3 < time < 1.001:
        return None, times[0]
    return time, times[0]


def see_first_images(call: Call, of_this_kind: bool) -> None:
    """Those that split is asked about first; where they are of another kind, the right ones in their place."""
    images, noise, strength, *_ = call.args
    signal, sigma = watched.SCHEDULES["an arc"](strength)
    first = found(call, given(call))[PLACES][0] if of_this_kind else signal * images + sigma * noise
    call.trial.see("the images split is asked about first", first, given(call))


@holds("the images are noised to the time at which the walk begins")
def noised_for_another_time(trial: Trial) -> None:
    """The walk begins at time strength, and the images are noised as at another time. Both belong to one time:
    signal, sigma = strengths(strength)."""
    call = ordinary_call(trial)
    time, asked = noised_to(call)
    see_first_images(call, time is not None and abs(asked - call.args[2]) < 1e-5)


@holds("that time is `strength`")
def begins_at_another_time(trial: Trial) -> None:
    """The walk begins at another time than strength, and the images are noised to that one. The first of the times is
    strength itself, whatever num_steps is."""
    call = ordinary_call(trial)
    time, asked = noised_to(call)
    see_first_images(call, time is not None and abs(asked - time) < 1e-3)


@holds("the walk begins with the images, noised to time `strength`")
def wrong_beginning(trial: Trial) -> None:
    """The network is first asked about other images than signal * images + sigma * noise. Both shares come from
    strengths(strength), each has its own of the two, and nothing else is done to the sum."""
    call = ordinary_call(trial)
    places = found(call, given(call))[PLACES]
    trial.see("the images split is asked about first", places[0] if places else (), given(call))


@holds("num_steps calls, whatever the strength")
def wrong_number_of_calls(trial: Trial) -> None:
    """The network is not asked num_steps times. num_steps steps lead from strength to 0, whatever the strength is, and
    each asks once; n steps have n + 1 times, both ends counted."""
    for strength, steps in ((0.72, 4), (0.2, 5), (0.9, 3), (0.5, 1)):
        call = a_call(trial, strength, steps)
        see(call, CALLS, "how often split is called", given(call))


@holds("it begins at time `strength`, and each step is as long as the others")
def wrong_times(trial: Trial) -> None:
    """The walk visits other times. From strength down to 0 in num_steps equal steps, each strength / num_steps long:
    0.8, 0.6, 0.4, 0.2 for a strength of 0.8 in four steps; the last of them ends at 0."""
    call = ordinary_call(trial)
    see(call, TIMES, "the times split is asked at", given(call))


@holds("it ends at the clean image")
def wrong_end(trial: Trial) -> None:
    """Begin and times are right, and what comes back is not what the walk to t = 0 gives."""
    call = ordinary_call(trial)
    see(call, RESULT, "the images", given(call))


@holds("ten steps where num_steps is not given")
def another_default(trial: Trial) -> None:
    """Without num_steps the walk has another length. Keep the default in the first line, num_steps=10."""
    call = a_call(trial, 0.5, None)
    see(call, CALLS, "how often split is called", given(call))


@holds("the shares are those of strengths, whatever the method")
def one_method_only(trial: Trial) -> None:
    """With one schedule you are right and with another one not. strengths(strength) knows the method."""
    for schedule in watched.SCHEDULES:
        call = a_call(trial, 0.6, schedule=schedule)
        see(call, RESULT, "the images", given(call))


@holds("strength 1 begins with pure noise, strength 0 gives the images back")
def wrong_at_the_ends(trial: Trial) -> None:
    """At strength 0 or at strength 1 yours is wrong. Neither needs a case of its own."""
    for strength in (1.0, 0.0):
        call = a_call(trial, strength, schedule="a line")
        see(call, RESULT, "the images", given(call))


@holds("large numbers are left as they are")
def clipped(trial: Trial) -> None:
    """Where numbers are large yours is wrong: nothing is cut off, and noise is often larger than 1."""
    call = a_call(trial, 0.6, size=5)
    see(call, RESULT, "the images", given(call))


@right
def by_linspace(
    split: Split, strengths: Strengths, images: Tensor, noise: Tensor, strength: float, num_steps: int = 10
) -> Tensor:
    start = sum(share * part for share, part in zip(strengths(strength), (images, noise), strict=True))
    return walk(split, strengths, start, torch.linspace(strength, 0, num_steps + 1, dtype=torch.float64).tolist())


@right
def counting_down(
    split: Split, strengths: Strengths, images: Tensor, noise: Tensor, strength: float, num_steps: int = 10
) -> Tensor:
    signal, sigma = strengths(strength)
    times = [strength / num_steps * i for i in reversed(range(num_steps + 1))]
    return walk(split, strengths, noise * sigma + images * signal, times)


@right
def with_a_loop_of_its_own(
    split: Split, strengths: Strengths, images: Tensor, noise: Tensor, strength: float, num_steps: int = 10
) -> Tensor:
    clean, t = images, strength
    for i in range(num_steps + 1):
        signal, sigma = strengths(t)
        x = signal * clean + sigma * noise
        if i < num_steps:
            clean, noise = split(x, t)
            t = strength * (num_steps - i - 1) / num_steps
    return x
