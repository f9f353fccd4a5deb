"""What holds for euler_step, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise, Property
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import Misconception, edited
from course_lib.checks.trial import Trial
from course_lib.flow_matching import Velocity, euler_step
from course_lib.lessons.lesson09 import flow_matching_watched as watched

# what the watched step returns
RESULT, CALLS, TIMES, PLACES = range(4)


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


def form(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = take(trial, x, t, t_next, numbers(trial))
    trial.see("its shape", tuple(found[RESULT].shape), told(trial, x, t, t_next))


def no_time_passes(trial: Trial) -> None:
    x, (t, _) = trial.normal(3, 2, 4, 5), times(trial)
    trial.see("the point reached", take(trial, x, t, t, numbers(trial))[RESULT], told(trial, x, t, t))


def nothing_moves(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = take(trial, x, t, t_next, torch.zeros(4))
    trial.see("the point reached", found[RESULT], told(trial, x, t, t_next) + ", where every velocity is zero")


def constant_velocity(trial: Trial) -> None:
    """A field that is almost the same everywhere: direction and length of the step, whatever the method."""
    x, (t, t_next) = torch.zeros(3, 2, 4, 5), times(trial)
    parameters = torch.tensor([0.0, 0.0, 0.5, 1.0])
    trial.see("the point reached", take(trial, x, t, t_next, parameters)[RESULT], told(trial, x, t, t_next))


def usual_step(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    trial.see("the point reached", take(trial, x, t, t_next, numbers(trial))[RESULT], told(trial, x, t, t_next))


def number_of_calls(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = take(trial, x, t, t_next, numbers(trial))
    trial.see("how often velocity_at is called", found[CALLS], told(trial, x, t, t_next))


def where_it_asks(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = take(trial, x, t, t_next, numbers(trial))
    trial.see("the times velocity_at is asked at", found[TIMES], told(trial, x, t, t_next))
    trial.see("the points velocity_at is asked at", found[PLACES], told(trial, x, t, t_next))


def forward_in_time(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    trial.see("the point reached", take(trial, x, t_next, t, numbers(trial))[RESULT], told(trial, x, t_next, t))


def first_and_last(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    for start, end in ((1.0, t), (t_next, 0.0), (1.0, 0.0)):
        found = take(trial, x, start, end, numbers(trial))
        trial.see("the point reached", found[RESULT], told(trial, x, start, end))


def given_velocity(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = take(trial, x, t, t_next, numbers(trial), trial.normal(*x.shape))
    trial.see("the point reached", found[RESULT], told(trial, x, t, t_next) + ", with a guided v")


def large(trial: Trial) -> None:
    x, (t, t_next) = 6 * trial.normal(3, 2, 4, 5), times(trial)
    trial.see("the point reached", take(trial, x, t, t_next, numbers(trial))[RESULT], told(trial, x, t, t_next))


def other_sizes(trial: Trial) -> None:
    t, t_next = times(trial)
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 1, 1)):
        x = trial.normal(*shape)
        trial.see("the point reached", take(trial, x, t, t_next, numbers(trial))[RESULT], told(trial, x, t, t_next))


def keeps_precision(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5).double(), times(trial)
    found = take(trial, x, t, t_next, numbers(trial))
    trial.see("its type", str(found[RESULT].dtype), "x and v in float64")


def gradients(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    args = (x, t, t_next, numbers(trial), trial.normal(*x.shape))
    found = trial.handle.gradients(None, args, {})
    given = told(trial, x, t, t_next)
    if isinstance(found, Failure):
        trial.checked("the gradients", found, given)
    for name, gradient in (("x", found.inputs[0]), ("v", found.inputs[2])):
        trial.see(f"the gradient with respect to {name}", "none" if gradient is None else gradient, given, tolerance=10)


def seed_left_alone(trial: Trial) -> None:
    x, (t, t_next) = trial.normal(3, 2, 4, 5), times(trial)
    found = trial.handle.reseeds(None, (x, t, t_next, numbers(trial)), {})
    trial.see("whether it sets the seed", found is True)


def shared_properties(calls: str, calls_mistake: str, **mistakes: str) -> tuple[Property, ...]:
    """From the coarse to the fine, so that the first that fails tells what kind of mistake it is."""
    return (
        Property(
            "another_shape",
            "a step leads to a point of the same shape",
            form,
            "What comes back is no batch of images as large as x: a step leads from one point to another.",
        ),
        Property(
            "moves_while_no_time_passes",
            "with t_next = t, x stays where it is",
            no_time_passes,
            "If no time passes, nothing may move. The velocity has to be multiplied by the time that passes, and "
            "added to x.",
        ),
        Property(
            "moves_without_a_velocity",
            "where the velocity is zero, x stays where it is",
            nothing_moves,
            "Where the velocity is zero, x has to stay as it is. Yours moves, shrinks or grows all the same.",
        ),
        Property(
            "wrong_length_or_direction",
            "in a field of constant velocity, a step is the time that passes, t_next - t, times the velocity",
            constant_velocity,
            "Even where the velocity is nearly the same everywhere your step has the wrong length or direction. The "
            "time that passes is t_next - t: it is negative on the way back.",
        ),
        Property("wrong_step", mistakes["says"], usual_step, mistakes["step"]),
        Property("wrong_number_of_calls", calls, number_of_calls, calls_mistake),
        Property("asks_elsewhere", "velocity_at is asked where it is needed and nowhere else", where_it_asks),
        Property(
            "wrong_forward_in_time",
            "a step forward in time, towards the noise, is right as well",
            forward_in_time,
            "On the way back you are right, forward in time not. t_next - t knows the direction by its sign: take no "
            "absolute value.",
        ),
        Property("wrong_at_the_ends", "steps that begin at t = 1 or end at t = 0 are right as well", first_and_last),
        Property(
            "given_velocity_ignored",
            "v is used as it was given, whatever velocity_at would say",
            given_velocity,
            "You do not use the v that was given. It has been paid for, and it may have been changed on the way, by "
            "guidance for instance.",
        ),
        Property("clipped", "large numbers are left as they are", large),
        Property("wrong_for_other_sizes", "a batch of one, and equal sizes, work as well", other_sizes),
        Property(
            "gradients_cut",
            "gradients flow back to x and v",
            gradients,
            "The values are right and cut from the graph (.detach(), .data or torch.no_grad()). The sampler switches "
            "gradients off by itself; a step should not.",
        ),
        Property("assumes_float32", "the precision of x is the precision of the result", keeps_precision),
        Property(
            "reseeds_the_random_state",
            "the global random state is left alone",
            seed_left_alone,
            "Your code sets the global seed. Nothing here is random: leave seeds to whoever runs the notebook.",
        ),
    )


STEP = "return x + (t_next - t) * v"


def stepped(name: str, value: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, edited(euler_step, (STEP, f"return {value}")))


EXERCISE = Exercise(
    "euler_step",
    euler_step,
    __name__,
    where="section 9.4, Euler's method (Karras et al. 2022, algorithm 1, line 5)",
    watched=watched.solver_step,
)
holds, right = EXERCISE.holds, EXERCISE.right


@right
def backwards(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    return x - (t - t_next) * v


@right
def by_add(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    return torch.add(x, v, alpha=t_next - t)


@right
def in_place_on_a_copy(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    step = x.clone()
    step += v * t_next
    step -= v * t
    return step


@right
def by_the_clean_image(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    """Predict the clean image, then walk from there to t_next."""
    clean = x - t * v
    return clean + t_next * v
