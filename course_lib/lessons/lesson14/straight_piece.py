"""What holds for straight_piece, and right answers written differently."""

from collections.abc import Sequence

import torch
from torch import Tensor

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial
from course_lib.straightening import straight_piece

EXERCISE = Exercise(
    "straight_piece",
    straight_piece,
    __name__,
    where="section 14.3",
    not_for_all={
        "mixes_the_batch": "the first axis counts the stations, and not the images",
        "gradients_cut": "it prepares the data, where nothing learns",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right
QUARTERS = (1.0, 0.75, 0.5, 0.25, 0.0)


def a_call(trial: Trial, times: Sequence[float], t: float, size: float = 1.0) -> Call:
    return trial.calling(size * trial.normal(len(times), 3, 2, 4, 5), tuple(times), t)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return a_call(trial, QUARTERS, trial.pick(0.6, 0.7, 0.55))


@EXERCISE.harder
def unlike_pieces(trial: Trial) -> Call:
    """Large numbers, five pieces of unlike length, and a path that neither begins at 1 nor ends at 0."""
    return a_call(trial, (0.95, 0.9, 0.35, 0.3, 0.2, 0.05), trial.pick(0.45, 0.48), size=5)


@holds("with two stations it is the line between image and noise, as in flow matching")
def wrong_on_one_piece(trial: Trial) -> None:
    """With two stations, t = 1 and t = 0, there is a single line: the place is (1 - t) image + t noise, the velocity
    noise - image."""
    a_call(trial, (1.0, 0.0), 0.3).see()


@holds("a shorter piece is walked in less time, so that its velocity is larger")
def wrong_on_a_short_piece(trial: Trial) -> None:
    """With two stations that are not t = 1 and t = 0 yours is wrong. A velocity is a way divided by a time, and the
    times of the two ends stand in `times`: they may lie anywhere."""
    see_part(a_call(trial, (0.75, 0.5), 0.6), 1)


@holds("the place at time t lies on the line between both ends, as far as t lies between their times")
def wrong_place_on_a_short_piece(trial: Trial) -> None:
    """With two stations that are not t = 1 and t = 0 the velocity is right, and the place is not. t says how far it is
    from 0, and not how far along the piece: go from the lower end for t - t_end, end + (t - t_end) * velocity, or take
    the share (t - t_end) / (t_start - t_end) of the way."""
    see_part(a_call(trial, (0.75, 0.5), 0.6), 0)
    see_part(a_call(trial, (0.9, 0.3), 0.4), 0)


def see_part(call: Call, part: int) -> None:
    """Record one of the two that come back."""
    value = call.value()
    if isinstance(value, tuple) and len(value) == 2:
        call.trial.see(("the place", "the velocity")[part], value[part], call.text())
    else:
        call.trial.checked("the result", value, call.text())


# pieces of equal and of unlike length, and times within each
WALKS = (*((QUARTERS, t) for t in (0.9, 0.6, 0.3, 0.1)), ((1.0, 0.9, 0.3, 0.0), 0.8), ((1.0, 0.9, 0.3, 0.0), 0.1))


@holds("the piece is the one that t lies in: the last that begins at t or above")
def another_piece(trial: Trial) -> None:
    """With two stations you are right. With several, yours are place and velocity of a piece in which t does not lie.
    The piece is the last one whose beginning, times[i], is not below t. The times fall, and bisect and searchsorted
    look in numbers that rise."""
    for times, t in WALKS:
        call = a_call(trial, times, t)
        value, states = call.value(), call.args[0]
        if isinstance(value, Failure):
            trial.checked("the result", value, call.text())
        right = max(i for i in range(len(times) - 1) if times[i] >= t)
        taken = next((i for i in range(len(times) - 1) if not difference(value, on_piece(states, times, t, i))), right)
        trial.see("the piece that place and velocity belong to", tuple(times[taken : taken + 2]), call.text())
        if taken != right:  # much is seen, so that the known mistakes can be told
            trial.see("the place", value[0], call.text())


def on_piece(states: Tensor, times: Sequence[float], t: float, piece: int) -> tuple[Tensor, Tensor]:
    """The line of one piece, as far as t lies on it or on what goes on from it."""
    velocity = (states[piece] - states[piece + 1]) / (times[piece] - times[piece + 1])
    return states[piece] + (t - times[piece]) * velocity, velocity


@holds("a piece is found by its time, wherever the stations lie")
def wrong_piece(trial: Trial) -> None:
    """With two stations you are right, with several not: the place is another one, and with your velocity it makes the
    line of no piece. Do all four, two states and two times, belong to the two ends of the piece that t lies in?"""
    on_several_pieces(trial, 0)


@holds("the velocity is that of the piece in which t lies")
def wrong_velocity(trial: Trial) -> None:
    """With several stations the place is right, and the velocity is not. It comes from the two ends of the piece in
    which t lies, as the place does: the way between these two states, divided by the time between these two times."""
    on_several_pieces(trial, 1)


def on_several_pieces(trial: Trial, part: int) -> None:
    """See one of the two that come back, in pieces of equal and of unlike length."""
    for times, t in WALKS:
        see_part(a_call(trial, times, t), part)


@holds("at a station the piece counts that begins there")
def wrong_at_a_station(trial: Trial) -> None:
    """At a station two pieces meet. Walks go from 1 to 0, so the one that begins there counts."""
    a_call(trial, QUARTERS, 0.5).see()
    a_call(trial, QUARTERS, 0.75).see()


@holds("the walk begins at the first station and ends at the last")
def wrong_at_the_ends(trial: Trial) -> None:
    """At t = 1 the first piece counts, and at t = 0 the last: neither end needs a case of its own."""
    a_call(trial, QUARTERS, 1.0).see()
    a_call(trial, QUARTERS, 0.0).see()


@holds("large numbers are left as they are")
def clipped(trial: Trial) -> None:
    """Where numbers are large yours is wrong: on their way images are part noise, and nothing is cut off."""
    a_call(trial, QUARTERS, 0.4, size=5).see()


@right
def by_shares(states: Tensor, times: Sequence[float], t: float) -> tuple[Tensor, Tensor]:
    for i in range(len(times) - 1):
        if t > times[i + 1] or i == len(times) - 2:
            length = times[i] - times[i + 1]
            share = (t - times[i + 1]) / length
            return torch.lerp(states[i + 1], states[i], share), (states[i] - states[i + 1]) / length
    raise AssertionError


@right
def by_the_upper_end(states: Tensor, times: Sequence[float], t: float) -> tuple[Tensor, Tensor]:
    i = 0
    while i + 2 < len(times) and t <= times[i + 1]:
        i += 1
    velocity = (states[i + 1] - states[i]) / (times[i + 1] - times[i])
    return states[i] - (times[i] - t) * velocity, velocity


@right
def by_a_search(states: Tensor, times: Sequence[float], t: float) -> tuple[Tensor, Tensor]:
    all_times = torch.tensor(times, dtype=torch.float64)
    i = min(int((all_times >= t).sum()), len(times) - 1) - 1
    way, lasts = states[i] - states[i + 1], times[i] - times[i + 1]
    return states[i + 1] + (t - times[i + 1]) / lasts * way, way / lasts
