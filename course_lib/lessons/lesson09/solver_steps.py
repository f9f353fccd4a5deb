"""What holds for a step of Euler's method and of Heun's alike: from the coarse to the fine, so that the first that
fails tells what kind of mistake it is."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial

Probe = Callable[[Trial], None]

# what the watched step returns
RESULT, CALLS, TIMES, PLACES = range(4)

# in the order in which they are tried: what holds, and the probe whose docstring is the sentence for whom it fails
OF_BOTH: list[tuple[str, Probe]] = []

# of the properties of every exercise, those that the steps word themselves or cannot be asked
NOT_FOR_STEPS = {
    "another_shape": "said in its own words",
    "another_type": "said by the property of precision",
    "mixes_the_batch": "the field's numbers have no batch axis; a batch of one is tried by an own property",
    "gradients_cut": "asked of x and v alone",
    "assumes_float32": "asked of x and v alone",
    "assumes_the_cpu": "a step makes no tensor, and the field's numbers are read on the CPU",
    "reseeds_the_random_state": "said in its own words",
}


def of_both(says: str) -> Callable[[Probe], Probe]:
    """Mark a property of both steps; where `says` is empty, each of them has its own words for it."""

    def mark(probe: Probe) -> Probe:
        OF_BOTH.append((says, probe))
        return probe

    return mark


def hold_for(exercise: Exercise, **own_words: tuple[str, str]) -> None:
    """Let all this hold for an exercise.

    Args:
        own_words: by the name of a property, what holds and the sentence for whom it fails.
    """
    exercise.example(ordinary_call)
    for says, probe in OF_BOTH:
        says, mistake = own_words.get(probe.__name__, (says, None))
        exercise.holds(says, mistake=mistake)(probe)


def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.normal(3, 2, 4, 5), *times(trial), numbers(trial))


def numbers(trial: Trial) -> Tensor:
    """Of a velocity field in which pixels, neighbours and the time matter, and its strength."""
    return torch.tensor([0.4, 0.9, 0.3, 0.9]) + 0.3 * trial.uniform(4)


def times(trial: Trial) -> tuple[float, float]:
    """A step back in time, neither at an end nor as long as one of the usual fractions."""
    return trial.pick(0.83, 0.71, 0.64), trial.pick(0.47, 0.38, 0.29)


def take(trial: Trial, x: Tensor, t: float, t_next: float, parameters: Tensor, v: Tensor | None = None) -> tuple:
    """What the watched step returns; ends the property, recorded, where that is no tensor."""
    found = trial.handle.call(None, (x, t, t_next, parameters, v), {})
    given = told(trial, x, t, t_next)
    if isinstance(found, Failure):
        trial.checked("the step", found, given)
    if not isinstance(found[RESULT], Tensor):
        named = Failure("type", f"{type(found[RESULT]).__name__} came back")
        trial.checked("the step", None if found[RESULT] is None else named, given)
    return found


def told(trial: Trial, x: Tensor, t: float, t_next: float) -> str:
    return f"{trial.exercise.name} on x {tuple(x.shape)}, from t = {t:g} to t = {t_next:g}"


@of_both("a step leads to a point of the same shape")
def another_shape(trial: Trial) -> None:
    """What comes back is no batch of images as large as x: a step leads from one point to another."""
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = take(trial, x, t, t_next, numbers(trial))
    trial.see("its shape", tuple(found[RESULT].shape), told(trial, x, t, t_next))


@of_both("with t_next = t, x stays where it is")
def moves_while_no_time_passes(trial: Trial) -> None:
    """If no time passes, nothing may move. The velocity has to be multiplied by the time that passes, and added to
    x."""
    x, (t, _) = trial.normal(3, 2, 4, 5), times(trial)
    trial.see("the point reached", take(trial, x, t, t, numbers(trial))[RESULT], told(trial, x, t, t))


@of_both("where the velocity is zero, x stays where it is")
def moves_without_a_velocity(trial: Trial) -> None:
    """Where the velocity is zero, x has to stay as it is. Yours moves, shrinks or grows all the same."""
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = take(trial, x, t, t_next, torch.zeros(4))
    trial.see("the point reached", found[RESULT], told(trial, x, t, t_next) + ", where every velocity is zero")


@of_both("in a field of constant velocity, a step is the time that passes, t_next - t, times the velocity")
def wrong_length_or_direction(trial: Trial) -> None:
    """Even where the velocity is nearly the same everywhere your step has the wrong length or direction. The time
    that passes is t_next - t: it is negative on the way back."""
    # A field that is almost the same everywhere: direction and length of the step, whatever the method.
    x, (t, t_next) = torch.zeros(3, 2, 4, 5), times(trial)
    parameters = torch.tensor([0.0, 0.0, 0.5, 1.0])
    trial.see("the point reached", take(trial, x, t, t_next, parameters)[RESULT], told(trial, x, t, t_next))


@of_both("")
def wrong_step(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    trial.see("the point reached", take(trial, x, t, t_next, numbers(trial))[RESULT], told(trial, x, t, t_next))


@of_both("")
def wrong_number_of_calls(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = take(trial, x, t, t_next, numbers(trial))
    trial.see("how often velocity_at is called", found[CALLS], told(trial, x, t, t_next))


@of_both("velocity_at is asked where it is needed and nowhere else")
def asks_elsewhere(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = take(trial, x, t, t_next, numbers(trial))
    trial.see("the times velocity_at is asked at", found[TIMES], told(trial, x, t, t_next))
    trial.see("the points velocity_at is asked at", found[PLACES], told(trial, x, t, t_next))


@of_both("a step forward in time, towards the noise, is right as well")
def wrong_forward_in_time(trial: Trial) -> None:
    """On the way back you are right, forward in time not. t_next - t knows the direction by its sign: take no
    absolute value."""
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    trial.see("the point reached", take(trial, x, t_next, t, numbers(trial))[RESULT], told(trial, x, t_next, t))


@of_both("steps that begin at t = 1 or end at t = 0 are right as well")
def wrong_at_the_ends(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    for start, end in ((1.0, t), (t_next, 0.0), (1.0, 0.0)):
        found = take(trial, x, start, end, numbers(trial))
        trial.see("the point reached", found[RESULT], told(trial, x, start, end))


@of_both("v is used as it was given, whatever velocity_at would say")
def given_velocity_ignored(trial: Trial) -> None:
    """You do not use the v that was given. It has been paid for, and it may have been changed on the way, by
    guidance for instance."""
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = take(trial, x, t, t_next, numbers(trial), trial.normal(*x.shape))
    trial.see("the point reached", found[RESULT], told(trial, x, t, t_next) + ", with a guided v")


@of_both("large numbers are left as they are")
def clipped(trial: Trial) -> None:
    x, (t, t_next) = 6 * trial.normal(3, 2, 4, 5), times(trial)
    trial.see("the point reached", take(trial, x, t, t_next, numbers(trial))[RESULT], told(trial, x, t, t_next))


@of_both("a batch of one, and equal sizes, work as well")
def wrong_for_other_sizes(trial: Trial) -> None:
    t, t_next = times(trial)
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 1, 1)):
        x = trial.normal(*shape)
        trial.see("the point reached", take(trial, x, t, t_next, numbers(trial))[RESULT], told(trial, x, t, t_next))


@of_both("gradients flow back to x and v")
def gradients_cut(trial: Trial) -> None:
    """The values are right and cut from the graph (.detach(), .data or torch.no_grad()). The sampler switches
    gradients off by itself; a step should not."""
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    args = (x, t, t_next, numbers(trial), trial.normal(*x.shape))
    found = trial.handle.gradients(None, args, {})
    given = told(trial, x, t, t_next)
    if isinstance(found, Failure):
        trial.checked("the gradients", found, given)
    for name, gradient in (("x", found.inputs[0]), ("v", found.inputs[2])):
        trial.see(f"the gradient with respect to {name}", "none" if gradient is None else gradient, given, tolerance=10)


@of_both("the precision of x is the precision of the result")
def assumes_float32(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5).double(), times(trial)
    found = take(trial, x, t, t_next, numbers(trial))
    trial.see("its type", str(found[RESULT].dtype), "x and v in float64")


@of_both("the global random state is left alone")
def reseeds_the_random_state(trial: Trial) -> None:
    """Your code sets the global seed. Nothing here is random: leave seeds to whoever runs the notebook."""
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = trial.handle.reseeds(None, (x, t, t_next, numbers(trial)), {})
    trial.see("whether it sets the seed", found is True)
