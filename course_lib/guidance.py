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
    """uncond + guidance_scale * (cond - uncond): what the model predicts, with the influence of the class exaggerated.

    `cond` is the prediction with the labels, `uncond` the one with "no class" (-1) in place of every label. The model
    is not called for what is not needed: scale 1 is `cond` alone and costs one call, as do scale 0 (`uncond` alone) and
    labels None; any other scale costs two.

    Args:
        model: called as model(x, t, labels).
        x: noisy images; t: their times, in the model's units.
        labels: one class an image; None for images without any.
        guidance_scale: 0 ignores the class, 1 is the plain prediction, more exaggerates.
    Shapes: x (B, C, H, W), t (B,), labels (B,) int64 or None -> (B, C, H, W).
    Source: Ho and Salimans 2022, equation 6, with guidance_scale = 1 + w.
    """
    # nothing to exaggerate: without labels, or at scale 1, one call with the labels as they are is the answer
    if labels is None or guidance_scale == 1.0:
        return model(x, t, labels)
    # the prediction for "no class": the same images and times, -1 for every label; at scale 0 it is the answer
    uncond = model(x, t, torch.full_like(labels, NO_CLASS))
    if guidance_scale == 0.0:
        return uncond
    # the prediction for the class; start from uncond and go guidance_scale times the way from there to cond
    cond = model(x, t, labels)
    return uncond + guidance_scale * (cond - uncond)


def drop_labels(labels: Tensor, probability: float, generator: torch.Generator | None = None) -> Tensor:
    """Replace each label by "no class" (-1) with the given probability, so that one network learns both.

    Each label has its own draw. `labels` itself stays as it is. With a `generator` the draws come from it, so that
    they can be repeated; without one, from torch's global random numbers.

    Shapes: (B,) int64 -> (B,) int64.
    Raises: ValueError for a probability outside [0, 1), and for labels in bytes, which cannot hold -1.
    Source: Ho and Salimans 2022, algorithm 1.
    """
    check_probability("probability", probability)
    if labels.dtype == torch.uint8:
        raise ValueError("labels has type torch.uint8, which cannot hold -1; allowed: torch.int64, as of labels.long()")
    device = labels.device if generator is None else generator.device  # a generator draws only where it lives
    # draw one number from 0 to 1 for each label: (B,)
    draws = torch.rand(labels.shape, generator=generator, device=device).to(labels.device)
    # a new tensor: "no class" where the number is below the probability, the label where it is not
    return labels.masked_fill(draws < probability, NO_CLASS)
