"""Flow matching's answers as functions of data: a model made of numbers goes in, and how it was called comes out."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from course_lib.checks.stand_ins import StandIn, VelocityStandIn


def loss(answer: Callable) -> Callable:
    """`FlowMatching.loss` with a stand-in for the model.

    The stand-in is made of the numbers, and what it predicts is multiplied by the gain, which has a gradient where a
    real model's parameters have theirs.
    """

    def loss(
        self: object,
        images: Tensor,
        labels: Tensor | None,
        numbers: Sequence[float],
        gain: Tensor,
        t: Tensor | None = None,
        noise: Tensor | None = None,
        seed: int | None = None,
    ) -> tuple:
        stand_in = StandIn(numbers)

        def model(x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
            return gain * stand_in(x, t, labels)

        generator = None if seed is None else torch.Generator().manual_seed(seed)
        value = answer(self, model, images, labels, generator, t=t, noise=noise)
        x_t, times, seen_labels = stand_in.calls[0] if stand_in.calls else (None, None, None)
        return value, len(stand_in.calls), x_t, times, seen_labels

    return loss


def solver_step(answer: Callable) -> Callable:
    """A solver with a stand-in for the velocity field: its step, and every time and place it asked at.

    The field is made of the first three numbers and multiplied by the fourth.
    """

    def step(x: Tensor, t: float, t_next: float, numbers: Sequence[float], v: Tensor | None = None) -> tuple:
        *of_field, gain = numbers
        field = VelocityStandIn(of_field)

        def velocity_at(x: Tensor, t: float) -> Tensor:
            return gain * field(x, t)

        v = velocity_at(x, t) if v is None else v
        field.calls.clear()
        result = answer(velocity_at, x, t, t_next, v)
        asked = list(field.calls)
        return result, len(asked), tuple(time for _, time in asked), tuple(place for place, _ in asked)

    return step


def from_other_direction(answer: Callable) -> Callable:
    """The wrapped model, called once: what it gives, and how the model inside was called."""

    def from_other_direction(
        x: Tensor, t: Tensor, labels: Tensor | None, numbers: Sequence[float], gain: Tensor
    ) -> tuple:
        stand_in = StandIn(numbers)

        def other(x: Tensor, s: Tensor, labels: Tensor | None = None) -> Tensor:
            # the stand-in's times are spread out over a thousand; the papers' lie between 0 and 1
            result = gain * stand_in(x, 1000 * s, labels)
            stand_in.calls[-1] = (x, s, labels)
            return result

        result = answer(other)(x, t, labels)
        seen_x, seen_s, seen_labels = stand_in.calls[0] if stand_in.calls else (None, None, None)
        return result, len(stand_in.calls), seen_s, seen_x, seen_labels

    return from_other_direction
