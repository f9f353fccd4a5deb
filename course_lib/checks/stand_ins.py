"""Models made of a few numbers, for answers that take a model."""

from collections.abc import Sequence

import torch
from torch import Tensor


class StandIn:
    """Predicts like a network, model(x, t, labels), by a formula in which every pixel, the time and the class matter.

    No two of its inputs can be confused: neighbouring pixels, times and classes act differently, and "no class" (None
    or -1) is a case of its own. It notes how it was called.

    Args:
        numbers: four numbers that make one stand-in unlike another.
    Attributes:
        calls: for each call (x, t, labels) as they came in; labels None where there were none.
    """

    def __init__(self, numbers: Sequence[float]) -> None:
        self.numbers = tuple(float(number) for number in numbers)
        self.calls: list[tuple[Tensor, Tensor, Tensor | None]] = []

    def __call__(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        self.calls.append((x.detach().clone(), t.detach().clone(), None if labels is None else labels.clone()))
        of_x, of_time, shift, of_class = self.numbers
        per_image = torch.sin(of_time * t.to(x.dtype) / 100 + shift)
        if labels is not None:
            per_image = per_image + torch.where(labels < 0, 0.0, of_class * torch.cos(labels + 1.0)).to(x.dtype)
        per_image = per_image.reshape(-1, 1, 1, 1)
        return of_x * x + per_image * torch.tanh(x.roll(1, dims=-1)) + per_image


class VelocityStandIn:
    """A velocity field, velocity_at(x, t) with one number t for the whole batch; notes its calls like `StandIn`."""

    def __init__(self, numbers: Sequence[float]) -> None:
        self.numbers = tuple(float(number) for number in numbers)
        self.calls: list[tuple[Tensor, float]] = []

    def __call__(self, x: Tensor, t: float) -> Tensor:
        self.calls.append((x.detach().clone(), float(t)))
        of_x, of_time, shift = self.numbers[:3]
        t = torch.as_tensor(t, dtype=x.dtype)
        return of_x * x + torch.sin(3 * of_time * t + shift) * torch.tanh(x.roll(1, dims=-1)) + t * t
