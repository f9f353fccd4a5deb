"""Flow matching's answers as functions of data: a model made of numbers goes in, and how it was called comes out."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.modes import given
from course_lib.checks.stand_ins import NETWORK, StandIn, VelocityStandIn


def loss(answer: Callable) -> Callable:
    """`FlowMatching.loss` with a stand-in for the model, in one of the forms of a model.

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
        form: str = NETWORK,
    ) -> tuple:
        model = StandIn(numbers, images, gain=gain)
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        value = answer(self, model.as_given(form), images, labels, generator, t=t, noise=noise)
        x_t, times, seen_labels = model.calls[0] if model.calls else (None, None, None)
        return value, len(model.calls), x_t, times, seen_labels

    return loss


def solver_step(answer: Callable) -> Callable:
    """A solver with a stand-in for the velocity field: its step, and every time and place it asked at.

    The field is made of the numbers.
    """

    def step(x: Tensor, t: float, t_next: float, numbers: Sequence[float], v: Tensor | None = None) -> tuple:
        velocity_at = VelocityStandIn(numbers, x)
        v = velocity_at(x, t) if v is None else v
        velocity_at.calls.clear()
        result = answer(given(velocity_at), x, t, t_next, v)
        asked = list(velocity_at.calls)
        return result, len(asked), tuple(time for _, time in asked), tuple(place for place, _ in asked)

    return step


def no_model(value: Any) -> str | None:
    return None if value is None else f"something of type {type(value).__name__} came back, and no model"


def from_other_direction(answer: Callable) -> Callable:
    """The wrapped model, called once: what it gives, and how the model inside was called."""

    def from_other_direction(
        x: Tensor, t: Tensor, labels: Tensor | None, numbers: Sequence[float], gain: Tensor, second: bool = False
    ) -> tuple:
        stand_in = StandIn(numbers, x, gain=gain)

        def other(x: Tensor, s: Tensor, labels: Tensor | None = None) -> Tensor:
            # the stand-in's times are spread out over a thousand; the papers' lie between 0 and 1
            result = stand_in(x, 1000 * s, labels)
            stand_in.calls[-1] = (x, s, labels)
            return result

        model = answer(given(other))
        if second:  # another one, which nobody calls
            answer(given(lambda x, s, labels=None: torch.zeros_like(x)))
        # what is no function has to be spoken of as what came back, not as a call that fails
        result = model(x, t, labels) if callable(model) else no_model(model)
        seen_x, seen_s, seen_labels = stand_in.calls[0] if stand_in.calls else (None, None, None)
        return result, len(stand_in.calls), seen_s, seen_x, seen_labels

    return from_other_direction
