"""What holds for heun_step, and right answers written differently."""

from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.flow_matching import Velocity, heun_step
from course_lib.lessons.lesson09 import flow_matching_watched as watched
from course_lib.lessons.lesson09.solver_steps import NOT_FOR_ALL, STEPS, harder_call, ordinary_call, told_of

EXERCISE = Exercise(
    "heun_step",
    heun_step,
    __name__,
    where="section 9.6, Heun's method (Karras et al. 2022, algorithm 1, lines 5, 7 and 8)",
    watched=watched.solver_step,
    not_for_all=NOT_FOR_ALL,
)
right = EXERCISE.right
EXERCISE.harder(harder_call)
EXERCISE.telling(told_of)

STEPS.hold_for(
    EXERCISE,
    ordinary_call,
    wrong_step=(
        "the step is that of Heun's method, with the mean of the velocities at both ends",
        "In a constant field you are right, in another one not. The second velocity is that at t_next, at the "
        "point where v alone would lead, and the two are weighed half and half.",
    ),
    wrong_number_of_calls=(
        "velocity_at is called once: v is the other of the two",
        "Heun's method needs exactly one more velocity than the v you were given. Each call is a model call, the "
        "expensive part.",
    ),
)


@right
def mean_of_two_steps(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    """The mean of where two Euler steps arrive: one with the first velocity, one with the second."""
    tried = x + (t_next - t) * v
    again = x + (t_next - t) * velocity_at(tried, t_next)
    return (tried + again) / 2


@right
def corrected(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    """The Euler step, and half of what the second velocity changes about it."""
    h = t_next - t
    tried = x + h * v
    return tried + 0.5 * h * (velocity_at(tried, t_next) - v)


@right
def backwards(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    h = t - t_next
    return x - h / 2 * v - h / 2 * velocity_at(x - h * v, t_next)


@right
def as_in_karras(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    following = x + (t_next - t) * v
    d = velocity_at(following, t_next)
    return x + (t_next - t) * (1 / 2 * v + 1 / 2 * d)
