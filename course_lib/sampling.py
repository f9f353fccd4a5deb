"""What the two samplers share: where they start, what they yield, and how they are run to the end."""

import inspect
from collections.abc import Callable, Iterator
from typing import NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor, nn

from course_lib.guidance import Model
from course_lib.validation import check_vector

P, R = ParamSpec("P"), TypeVar("R")


# One turn of the loop of Ho et al. 2020, algorithm 2: the new x_t, and the x_0 that equation 15 predicts on the way.
class SamplerState(NamedTuple):
    """One state of a trajectory from noise to image.

    Attributes:
        t: the time of `x`, in the process's own units (DDPM: T-1 down to -1, the clean image; flow: 1 down to 0).
        x: the images at that time, (B, C, H, W).
        clean: the clean image predicted on the way to `x`, (B, C, H, W); None at the start, before any prediction.
    """

    t: float
    x: Tensor
    clean: Tensor | None


def starting_noise(
    model: Model, shape: tuple[int, ...], generator: torch.Generator | None, noise: Tensor | None
) -> Tensor:
    """The end of time: `noise` where it is given, else the generator's first draw, on the model's device.

    The draw happens on the generator's own device and is then moved, so a CPU generator gives every device the same
    start.
    """
    parameter = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    if noise is None:
        drawn_on = generator.device if generator is not None else getattr(parameter, "device", "cpu")
        noise = torch.randn(tuple(shape), generator=generator, device=drawn_on)
    elif tuple(noise.shape) != tuple(shape):
        raise ValueError(f"noise has shape {tuple(noise.shape)}; allowed: that of shape, {tuple(shape)}")
    return noise if parameter is None else noise.to(parameter.device)


def fresh_noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Standard normal noise shaped like `like`, drawn on the generator's device and moved to that of `like`."""
    drawn_on = generator.device if generator is not None else like.device
    return torch.randn(like.shape, generator=generator, device=drawn_on, dtype=like.dtype).to(like.device)


def labels_for(shape: tuple[int, ...], labels: Tensor | None, device: torch.device) -> Tensor | None:
    if labels is None:
        return None
    check_vector("labels", labels, shape[0])
    return labels.to(device)


def last_image(states: Iterator[SamplerState]) -> Tensor:
    """Run a sampler to its end and keep only the final images."""
    for state in states:  # noqa: B007  (the last one is what we want)
        pass
    return state.x


def takes_what(other: Callable[P, object]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Say of a function that hands all its arguments on to `other`: its signature is that of `other`.

    So a long list of arguments is written once, and help() and an editor's completion still show it.
    """

    def give_signature(function: Callable[..., R]) -> Callable[P, R]:
        returns = function.__annotations__["return"]
        function.__signature__ = inspect.signature(other).replace(return_annotation=returns)
        return function

    return give_signature
