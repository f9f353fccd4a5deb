"""What holds for every solver's step, from the coarse to the fine, so that the first that fails tells what kind of
mistake it is."""

import torch
from torch import Tensor

from course_lib.checks.family import Family
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial

# what the watched step returns
RESULT, CALLS, TIMES, PLACES = range(4)


STEPS = Family()

NOT_FOR_ALL = {
    "another_shape": "its own looks at the point alone: how often and where is asked has words of its own",
    "gradients_cut": "a solver serves sampling, where nothing learns",
}


def field(trial: Trial) -> tuple[float, ...]:
    """Of a velocity field in which pixels, neighbours and the time matter, and its strength."""
    return tuple(number + 0.3 * trial.random.random() for number in (0.4, 0.9, 0.3, 0.9))


def times(trial: Trial) -> tuple[float, float]:
    """A step back in time, neither at an end nor as long as one of the usual fractions."""
    return trial.pick(0.83, 0.71, 0.64), trial.pick(0.47, 0.38, 0.29)


def start(trial: Trial) -> tuple[Tensor, float, float, tuple[float, ...]]:
    return trial.normal(3, 2, 4, 5), *times(trial), field(trial)


def told(trial: Trial, x: Tensor, t: float, t_next: float) -> str:
    return f"{trial.exercise.name} on x {tuple(x.shape)}, from t = {t:g} to t = {t_next:g}"


def told_of(call: Call) -> str:
    return told(call.trial, *call.args[:3])


def take(
    trial: Trial, x: Tensor, t: float, t_next: float, numbers: tuple[float, ...], v: Tensor | None = None
) -> tuple:
    """What the watched step returns; ends the property, recorded, where that is no tensor."""
    found = trial.calling(x, t, t_next, numbers, v).value()
    given = told(trial, x, t, t_next)
    if isinstance(found, Failure):
        trial.checked("the step", found, given)
    if not isinstance(found[RESULT], Tensor):
        named = Failure("type", f"{type(found[RESULT]).__name__} came back")
        trial.checked("the step", None if found[RESULT] is None else named, given)
    return found


def reach(
    trial: Trial,
    x: Tensor,
    t: float,
    t_next: float,
    numbers: tuple[float, ...],
    v: Tensor | None = None,
    where: str = "",
) -> None:
    """Record the point that the step reaches."""
    point = take(trial, x, t, t_next, numbers, v)[RESULT]
    trial.see("the point reached", point, told(trial, x, t, t_next) + where)


def ordinary_call(trial: Trial) -> Call:
    x, t, t_next, numbers = start(trial)
    return trial.calling(x, t, t_next, numbers, trial.normal(*x.shape))


def harder_call(trial: Trial) -> Call:
    """A long step forward in time, large numbers, and a v that velocity_at would not give."""
    x, v = 6 * trial.normal(5, 3, 2, 7), 3 * trial.normal(5, 3, 2, 7)
    return trial.calling(x, trial.pick(0.0817, 0.1326), trial.pick(0.8743, 0.9391), field(trial), v)


@STEPS.holds("a step leads to a point of the same shape")
def another_shape(trial: Trial) -> None:
    """What comes back is no batch of images as large as x: a step leads from one point to another."""
    x, t, t_next, numbers = start(trial)
    trial.see("its shape", tuple(take(trial, x, t, t_next, numbers)[RESULT].shape), told(trial, x, t, t_next))


@STEPS.holds("with t_next = t, x stays where it is")
def moves_while_no_time_passes(trial: Trial) -> None:
    """If no time passes, nothing may move. The velocity has to be multiplied by the time that passes, and added to
    x."""
    x, t, _, numbers = start(trial)
    reach(trial, x, t, t, numbers)


@STEPS.holds("where the velocity is zero, x stays where it is")
def moves_without_a_velocity(trial: Trial) -> None:
    """Where the velocity is zero, x has to stay as it is. Yours does not."""
    x, t, t_next, _ = start(trial)
    reach(trial, x, t, t_next, (0.0, 0.0, 0.0, 0.0), where=", where every velocity is zero")


@STEPS.holds("in a field of constant velocity, a step is the time that passes, t_next - t, times the velocity")
def wrong_length_or_direction(trial: Trial) -> None:
    """Even where the velocity is the same everywhere, at every time, your step leads to another point. The time that
    passes is t_next - t: it is negative on the way back."""
    x, t, t_next, _ = start(trial)
    velocity = 0.6 + 0.3 * trial.random.random()
    where = f", where every velocity is {velocity:.4g}"
    reach(trial, torch.zeros_like(x), t, t_next, (0.0, 0.0, 0.0, velocity), where=where)


@STEPS.holds()
def wrong_step(trial: Trial) -> None:
    reach(trial, *start(trial))


@STEPS.holds()
def wrong_number_of_calls(trial: Trial) -> None:
    x, t, t_next, numbers = start(trial)
    trial.see("how often velocity_at is called", take(trial, x, t, t_next, numbers)[CALLS], told(trial, x, t, t_next))


@STEPS.holds("velocity_at is asked where it is needed and nowhere else")
def asks_elsewhere(trial: Trial) -> None:
    x, t, t_next, numbers = start(trial)
    found = take(trial, x, t, t_next, numbers)
    trial.see("the times velocity_at is asked at", found[TIMES], told(trial, x, t, t_next))
    trial.see("the points velocity_at is asked at", found[PLACES], told(trial, x, t, t_next))


@STEPS.holds("a step forward in time, towards the noise, is right as well")
def wrong_forward_in_time(trial: Trial) -> None:
    """On the way back you are right, forward in time not. t_next - t knows the direction by its sign."""
    x, t, t_next, numbers = start(trial)
    reach(trial, x, t_next, t, numbers)


@STEPS.holds("steps that begin at t = 1 or end at t = 0 are right as well")
def wrong_at_the_ends(trial: Trial) -> None:
    x, t, t_next, numbers = start(trial)
    for begin, end in ((1.0, t), (t_next, 0.0), (1.0, 0.0)):
        reach(trial, x, begin, end, numbers)


@STEPS.holds("a short step, and one that ends near an end of time, is right as well")
def wrong_for_short_steps(trial: Trial) -> None:
    """Long steps are right, and a short one, or one that ends near t = 0 or t = 1, is not. The formula is the same for
    all: fifty steps are short, each of 0.02, and the last of them end near 0. Is a time rounded, or a step that seems
    too short left out or made in another way?"""
    x, _, _, numbers = start(trial)
    for begin, end in ((0.5117, 0.5044), (0.0613, 0.0427), (0.9706, 0.9893)):
        found = take(trial, x, begin, end, numbers)
        given = told(trial, x, begin, end)
        trial.see("how far x moves", found[RESULT] - x if found[RESULT].shape == x.shape else found[RESULT], given)
        trial.see("how often velocity_at is called", found[CALLS], given)


@STEPS.holds("v is used as it was given, whatever velocity_at would say")
def given_velocity_ignored(trial: Trial) -> None:
    """Where v is not what velocity_at would say, your step is wrong: v is used as it was given. It has been paid for,
    and it may have been changed on the way, by guidance for instance."""
    x, t, t_next, numbers = start(trial)
    reach(trial, x, t, t_next, numbers, trial.normal(*x.shape), where=", with a guided v")


@STEPS.holds("large numbers are left as they are")
def clipped(trial: Trial) -> None:
    x, t, t_next, numbers = start(trial)
    reach(trial, 6 * x, t, t_next, numbers)


@STEPS.holds("a batch of one, and equal sizes, work as well")
def wrong_for_other_sizes(trial: Trial) -> None:
    _, t, t_next, numbers = start(trial)
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 1, 1)):
        reach(trial, trial.normal(*shape), t, t_next, numbers)


@STEPS.holds("x may be plain numbers, as in the walk on the Gaussian problem")
def wrong_for_plain_numbers(trial: Trial) -> None:
    """For images you are right, and for a row of plain numbers not, as the lesson walks them back. Nothing in a step
    depends on the shape of x."""
    _, t, t_next, numbers = start(trial)
    for count in (2, 7):
        reach(trial, trial.normal(count).double(), t, t_next, numbers)
