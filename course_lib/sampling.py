"""What the two samplers share: where they start, what they yield, and how they are run to the end."""

import inspect
import numbers
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor, nn

from course_lib.guidance import Model
from course_lib.validation import check_floating, check_same_shape, check_tensor, check_vector

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


# one generator for the whole batch, or one for each image, which then looks the same in any batch
Generators = torch.Generator | Sequence[torch.Generator]


def starting_noise(model: Model, shape: tuple[int, ...], generator: Generators | None, noise: Tensor | None) -> Tensor:
    """The end of time: `noise` where it is given, else the generator's first draw, on the model's device.

    The draw happens on the generator's own device and is then moved, so a CPU generator gives every device the same
    start. What follows is computed in the precision of the model's weights, and in float32 at least.

    Raises: ValueError for a shape that is none, noise of another shape, or a number of generators that does not fit.
    """
    if not all(isinstance(side, numbers.Integral) and side >= 0 for side in shape) or len(shape) == 0:
        raise ValueError(f"shape is {shape!r}; allowed: whole numbers, (B, C, H, W)")
    parameter = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    if noise is None:
        drawn_on = getattr(parameter, "device", "cpu")
        noise = drawn(tuple(shape), generator, drawn_on, torch.float32)
    elif tuple(noise.shape) != tuple(shape):
        raise ValueError(f"noise has shape {tuple(noise.shape)}; allowed: that of shape, {tuple(shape)}")
    if parameter is None:
        return noise
    return noise.to(
        parameter.device, torch.promote_types(torch.promote_types(parameter.dtype, noise.dtype), torch.float32)
    )


def fresh_noise(like: Tensor, generator: Generators | None) -> Tensor:
    """Standard normal noise shaped like `like`, drawn on the generator's device and moved to that of `like`.

    Raises: ValueError unless `like` holds floating numbers.
    """
    check_floating("images", like)
    return drawn(like.shape, generator, like.device, like.dtype).to(like.device)


def drawn(shape: Sequence[int], generator: Generators | None, device: torch.device | str, dtype: torch.dtype) -> Tensor:
    """Standard normal noise on the generator's device (or, without one, on `device`).

    Raises: ValueError unless a list of generators has one for each image.
    """
    if generator is None or isinstance(generator, torch.Generator):
        device = device if generator is None else generator.device
        return torch.randn(tuple(shape), generator=generator, device=device, dtype=dtype)
    if len(generator) != shape[0]:
        raise ValueError(
            f"generator holds {len(generator)}; allowed: one generator, or one for each of {shape[0]} images"
        )
    if shape[0] == 0:
        return torch.empty(tuple(shape), device=device, dtype=dtype)
    # in float32, whatever the precision: the same seed is the same picture
    return torch.stack([drawn(shape[1:], one, device, torch.float32) for one in generator]).to(dtype)


def in_its_precision(model: Model) -> Model:
    """`model` for a sampler: it is given images of its weights' type, and its answer comes back in the sampler's.

    Raises: ValueError that names the model, where its answer is not shaped like the images, or is elsewhere.
    """
    parameter = next(model.parameters(), None) if isinstance(model, nn.Module) else None

    def predict(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        given = x if parameter is None else x.to(parameter.dtype)
        try:
            answer = model(given, t, labels)
        except RuntimeError as error:
            if parameter is None and any(word in str(error) for word in ("device", "dtype", "should be the same")):
                raise ValueError(
                    f"model cannot be called with images of {x.dtype} on {x.device} ({str(error).splitlines()[0]}); "
                    "allowed: a function that can, or give `noise` of its type, on its device"
                ) from error
            raise
        check_tensor("model's answer", answer, "a tensor shaped like the images")
        check_same_shape("model's answer", answer, "the images", x)
        if answer.device != x.device:
            raise ValueError(
                f"model's answer is on {answer.device}; allowed: where the images are, {x.device} (give `noise` or a "
                "generator on the model's device)"
            )
        return answer.to(x.dtype)

    return predict


def labels_for(shape: tuple[int, ...], labels: Tensor | None, device: torch.device) -> Tensor | None:
    if labels is None:
        return None
    check_vector("labels", labels, shape[0])
    # in a byte, "no class" would be 255
    return labels.to(device, torch.int64 if labels.dtype == torch.uint8 else labels.dtype)


def last_image(states: Iterator[SamplerState]) -> Tensor:
    """Run a sampler to its end and keep only the final images."""
    for state in states:  # noqa: B007  (the last one is what we want)
        pass
    return state.x


def with_signature_of(other: Callable[P, object]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Say of a function that hands all its arguments on to `other`: its signature is that of `other`.

    So a long list of arguments is written once, and help() and an editor's completion still show it.
    """

    def give_signature(function: Callable[..., R]) -> Callable[P, R]:
        returns = function.__annotations__["return"]
        function.__signature__ = inspect.signature(other).replace(return_annotation=returns)
        return function

    return give_signature
