"""What holds for euler_step, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.flow_matching import Velocity, euler_step
from course_lib.lessons.lesson09 import flow_matching_watched as watched
from course_lib.lessons.lesson09.solver_steps import NOT_FOR_ALL, STEPS, harder_call, ordinary_call, told_of

EXERCISE = Exercise(
    "euler_step",
    euler_step,
    __name__,
    where="section 9.4, Euler's method (Karras et al. 2022, algorithm 1, line 5)",
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
        "the step is x + (t_next - t) * v",
        "In a constant field you are right, in another one not. Euler's method looks at the start only: x, v, "
        "and the time that passes.",
    ),
    wrong_number_of_calls=(
        "velocity_at is never called: v is there already",
        "The point is right, and you call velocity_at. It is a model call, the expensive part, and v holds its answer "
        "already.",
    ),
)


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
