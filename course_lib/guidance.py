"""Classifier-free guidance: exaggerate what the class changes about the prediction."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.class_embedding import NO_CLASS
from course_lib.validation import check_probability

# anything that predicts like the UNet: model(x, t, labels), with labels (B,) or None, gives a tensor shaped like x
Model = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def guided_prediction(
    model: Model, x: Tensor, t: Tensor, labels: Tensor | None = None, guidance_scale: float = 1.0
) -> Tensor:
    """uncond + guidance_scale * (cond - uncond).

    Scale 1 is the plain conditional prediction and costs one model call, as do scale 0 (no class at all) and
    labels None; any other scale costs two.

    Shapes: x (B, C, H, W), t (B,), labels (B,) or None -> (B, C, H, W).
    Source: Ho and Salimans 2022, equation 6, with guidance_scale = 1 + w.
    """
    if labels is None or guidance_scale == 1.0:
        return model(x, t, labels)
    uncond = model(x, t, torch.full_like(labels, NO_CLASS))
    if guidance_scale == 0.0:
        return uncond
    cond = model(x, t, labels)
    return uncond + guidance_scale * (cond - uncond)


def drop_labels(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    """Replace each label by "no class" (-1) with the given probability, so that one network learns both.

    Each label has its own draw. `labels` itself stays as it is. With a `generator` the draws come from it, so that
    they can be repeated; without one, from torch's global random numbers.

    Shapes: (B,) int64 -> (B,) int64.
    Raises: ValueError for a probability outside [0, 1).
    Source: Ho and Salimans 2022, algorithm 1.
    """
    check_probability("probability", probability)
    # random numbers can only be drawn where their generator lives
    device = labels.device if generator is None else generator.device
    # draw one number from 0 to 1 for each label: (B,)
    draws = torch.rand(labels.shape, generator=generator, device=device).to(labels.device)
    # a new tensor: "no class" where the number is below the probability, the label where it is not
    return labels.masked_fill(draws < probability, NO_CLASS)
