"""DDPM.loss: the model and the random generator are made from numbers, and what the model was given is seen."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.stand_ins import FUNCTION, NETWORK, StandIn


def watched(answer: Callable) -> Callable:
    """The loss as a function of data; `see` says what of it is to be seen.

    "value": the loss. "calls": how often the model was called, and with what. "gradient": of the loss with respect to
    the model's trainable number, "none" where there is none. "global": whether torch's own random numbers were used.
    "a function": the loss where the model is one.
    """

    def loss(
        self: Any,
        see: str,
        images: Tensor,
        labels: Tensor | None,
        numbers: Sequence[float],
        seed: int | None = None,
        t: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Any:
        model = StandIn(numbers, images, gain=torch.ones((), requires_grad=True))
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        before = torch.get_rng_state()
        with torch.enable_grad():
            form = FUNCTION if see == FUNCTION else NETWORK
            value = answer(self, model.as_given(form), images, labels, generator, t=t, noise=noise)
            if see == "gradient":
                if not isinstance(value, Tensor) or not value.requires_grad:
                    return "none"
                found = torch.autograd.grad(value.sum(), model.gain, allow_unused=True)[0]
                return "none" if found is None else found
        if see == "calls":
            return len(model.calls), *model.calls[:1]
        return not torch.equal(before, torch.get_rng_state()) if see == "global" else value

    return loss
