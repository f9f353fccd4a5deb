"""What holds for guided_within, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.properties import changes_the_models_mode
from course_lib.checks.stand_ins import FORMS
from course_lib.checks.trial import Call, PropertyEnds, Trial
from course_lib.guidance import Model
from course_lib.lessons.lesson14.guided_within_watched import watched
from course_lib.straightening import guided_within

EXERCISE = Exercise(
    "guided_within",
    guided_within,
    __name__,
    where="section 14.4",
    watched=watched,
    not_for_all={
        "another_shape": "the velocity is looked at by itself, without how often the model is asked",
        "gradients_cut": "it serves sampling, where nothing learns",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right
VELOCITY, CALLS, TIMES = range(3)
# 1000 t lies between two whole numbers, as it does for most numbers of steps
BETWEEN = 0.34375, 0.71875


def a_call(trial: Trial, t: float, scale: float = 1.7, low: float = 0.3, high: float = 0.8, **more: str) -> Call:
    numbers = tuple(0.5 + number for number in trial.uniform(4).tolist())
    return trial.calling(trial.normal(3, 2, 3, 5), t, trial.integers(0, 10, 3), scale, low, high, numbers, **more)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return a_call(trial, trial.pick(0.5, 0.6))


@EXERCISE.harder
def at_the_lower_end(trial: Trial) -> Call:
    """Large images at the lower end, a time between whole numbers, a missing label, and a scale below zero."""
    low, high = BETWEEN
    x, t, labels, *rest = a_call(trial, low, -2.3, low, high).args
    labels[1] = -1
    return trial.calling(10 * x, t, labels, *rest)


@EXERCISE.telling
def given(call: Call) -> str:
    _, t, _, scale, low, high, _ = call.args
    model = f"model, which is {call.kwargs['form']}," if "form" in call.kwargs else "model,"
    return f"guided_within({model} x, {t:g}, labels, {scale:g}, low={low:g}, high={high:g})"


def see(call: Call, place: int, label: str) -> None:
    value = call.value()
    if isinstance(value, Failure):
        call.trial.checked("the result", value, given(call))
    if not isinstance(value[0], Tensor):
        call.trial.checked("the velocity", value[0] if value[0] is None else Failure("type", "no tensor"), given(call))
        raise PropertyEnds
    call.trial.see(label, value[place], given(call))


@holds("the model is asked at 1000 t, with its fraction")
def times_rounded(trial: Trial) -> None:
    """The model is asked at a whole number: 1000 t is rounded on the way (int, round, a // or the whole-number type of
    the labels, which full_like(labels, ...) takes over). Flow matching's times lie between whole numbers, too, as
    1000/3 does: leave the fraction."""
    for t in BETWEEN:
        call = a_call(trial, t)
        value = call.value()
        times = value[TIMES] if isinstance(value, tuple) else ()
        rounded = bool(times) and all(time == int(time) and abs(time - 1000 * t) < 1 for time in times)
        asked = f", where the model is asked at {times[0]:g}" if rounded else ""
        trial.see("whether the times are rounded", rounded, f"{given(call)}{asked}")


@holds("the model is asked at 1000 t, with a time for each image")
def wrong_times(trial: Trial) -> None:
    """The model is asked at another time. It wants a time for each image, (B,), and sees 1000 t."""
    for t in (0.6, trial.pick(*BETWEEN)):
        see(a_call(trial, t), TIMES, "the times the model is asked at")


@holds("inside the interval it is the guided velocity")
def wrong_inside(trial: Trial) -> None:
    """Inside the interval the velocity is another one: there it is guided_prediction with the scale given."""
    see(a_call(trial, 0.5), VELOCITY, "the velocity")


@holds("below the interval it is the velocity without guidance")
def guided_below(trial: Trial) -> None:
    """Below the interval, near the image, the velocity is another one: there it is the plain one, for the class, and
    the model is asked at 1000 t there, too."""
    see(a_call(trial, 0.1), VELOCITY, "the velocity")


@holds("above the interval it is the velocity without guidance")
def guided_above(trial: Trial) -> None:
    """Above the interval, near the noise, the velocity is another one: there it is the plain one, for the class, and
    the model is asked at 1000 t there, too."""
    see(a_call(trial, 0.9), VELOCITY, "the velocity")


@holds("outside one call is enough")
def asks_twice_outside(trial: Trial) -> None:
    """Outside the interval the model is asked more than once. That guidance costs nothing there is half the point."""
    for t in (0.1, 0.95):
        see(a_call(trial, t), CALLS, "how often the model is asked")


@holds("the upper end belongs to the interval, and the lower does not")
def wrong_at_an_end(trial: Trial) -> None:
    """At one of the ends yours decides otherwise: low < t <= high."""
    see(a_call(trial, 0.7, low=0.2, high=0.7), VELOCITY, "the velocity")
    see(a_call(trial, 0.2, low=0.2, high=0.7), VELOCITY, "the velocity")


@holds("the interval may be the whole range, or empty")
def wrong_interval(trial: Trial) -> None:
    """With an interval from 0 to 1, or an empty one, yours is wrong."""
    see(a_call(trial, 1.0, low=0.0, high=1.0), VELOCITY, "the velocity")
    see(a_call(trial, 0.5, low=0.5, high=0.5), VELOCITY, "the velocity")


@holds("any scale is taken")
def wrong_scale(trial: Trial) -> None:
    """With a scale of 1.7 you are right, and with others not: inside the interval guided_prediction gets the scale as
    it is, also 0 and below."""
    for scale in (3.0, 0.0, -1.0):
        see(a_call(trial, 0.7, scale=scale), VELOCITY, "the velocity")


EXERCISE.here(changes_the_models_mode, ordinary_call, lambda trial: a_call(trial, 0.1))  # inside and outside


@holds("any form of a model is taken: a network, or any function model(x, t, labels)")
def one_form_of_model_only(trial: Trial) -> None:
    """With a network in training you are right, and with one in evaluation mode or a plain function not. A model is
    called with x, times and labels, by position, and asked for nothing else."""
    for form in FORMS:
        see(a_call(trial, 0.7, form=form), VELOCITY, "the velocity")


@right
def by_two_returns(
    model: Model, x: Tensor, t: float, labels: Tensor, guidance_scale: float, low: float, high: float
) -> Tensor:
    times = 1000 * t * torch.ones(len(x), dtype=x.dtype, device=x.device)
    cond = model(x, times, labels)
    if t <= low or t > high:
        return cond
    uncond = model(x, times, torch.full_like(labels, -1))
    return guidance_scale * cond + (1 - guidance_scale) * uncond


@right
def by_one_batch(
    model: Model, x: Tensor, t: float, labels: Tensor, guidance_scale: float, low: float, high: float
) -> Tensor:
    """Both questions as one batch of twice the size."""
    times = x.new_full((len(x),), 1000 * t)
    if not low < t <= high:
        return model(x, times, labels)
    both = model(torch.cat([x, x]), torch.cat([times, times]), torch.cat([labels, labels * 0 - 1]))
    cond, uncond = both.chunk(2)
    return uncond + guidance_scale * (cond - uncond)


@right
def by_the_distance_from_one(
    model: Model, x: Tensor, t: float, labels: Tensor, guidance_scale: float, low: float, high: float
) -> Tensor:
    times = x.new_full((len(x),), 1000 * t)
    more = (guidance_scale - 1) * (low < t and t <= high)
    velocity = model(x, times, labels)
    if more:
        velocity = velocity + more * (velocity - model(x, times, -torch.ones_like(labels)))
    return velocity
