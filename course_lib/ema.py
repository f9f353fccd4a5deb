"""Exponential moving average of a model's weights: the copy that is sampled from."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_lib.validation import check_probability, check_same_shape

HALF_PRECISIONS = (torch.float16, torch.bfloat16)


def decay_at(step: int, decay: float) -> float:
    """The decay to use after training step `step`: min(decay, (1 + step) / (10 + step)).

    It begins at 0.1 and rises towards `decay`, so that the average forgets the random initialisation: with a fixed
    0.9999 it would still be 90 % initialisation after 1,000 steps.

    Args:
        step: the training step that was taken last, counted from 0.
        decay: the final decay, in [0, 1).
    Raises: ValueError for a negative step.
    Source: the warm-up of TensorFlow's ExponentialMovingAverage.

    >>> decay_at(0, 0.9999), decay_at(89990, 0.9999)
    (0.1, 0.9999)
    """
    if step < 0:
        raise ValueError(f"step is {step!r}; allowed: 0 or more")
    # short at first: an average over about the last ninth of the steps so far
    warmed_up = (1 + step) / (10 + step)
    # never longer than what was asked for
    return min(decay, warmed_up)


def update_average(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    """Move every tensor of `average` towards its partner in `current`: decay * average + (1 - decay) * current.

    The tensors of `average` are changed in place; those of `current` stay as they are. No gradient is recorded.

    Args:
        average, current: weights in the same order, each pair of the same shape.
        decay: the share of the average that stays, in [0, 1].
    Raises: ValueError for lists of different lengths, or shapes that differ.
    Source: Ho et al. 2020, appendix B; Polyak and Juditsky 1992 for the idea.
    """
    if len(average) != len(current):
        raise ValueError(f"current holds {len(current)} tensors; allowed: as many as average, {len(average)}")
    for old, new in zip(average, current, strict=True):
        check_same_shape("current", new, "average", old)
    # without recording gradients: nothing is learned through the average
    with torch.no_grad():
        # every tensor of `average`, in place: `decay` of it stays, and 1 - decay of its partner comes in
        if average:
            torch._foreach_lerp_(list(average), list(current), 1 - decay)  # one call: a loop would keep a GPU waiting


# The averaged weights of Ho et al. 2020, appendix B: Polyak and Juditsky 1992, with weights that decay.
class EMA:
    """A slowly following copy of a model: average = decay * average + (1 - decay) * weights, after every step.

    Args:
        model: the model to follow; `average` starts as a copy of it, in evaluation mode.
            Weights in half precision are averaged in float32: a step of 0.0001 is less than half precision can hold.
        decay: the final decay, in [0, 1), warmed up by `decay_at`. The average covers about 1 / (1 - decay) steps.
    Raises: ValueError for a decay outside [0, 1).
    Source: Ho et al. 2020, appendix B (decay 0.9999).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        check_probability("decay", decay)
        self.decay = decay
        self.average = copy.deepcopy(model).eval().requires_grad_(False)
        for tensor in (*self.average.parameters(), *self.average.buffers()):
            if tensor.dtype in HALF_PRECISIONS:
                tensor.data = tensor.data.float()

    def update(self, model: nn.Module, step: int) -> None:
        """Move the average towards `model` after training step `step`; buffers are copied as they are."""
        decay = decay_at(step, self.decay)
        average = list(self.average.parameters())
        current = [weight.to(old.dtype) for weight, old in zip(model.parameters(), average, strict=True)]
        update_average(average, current, decay)
        for kept, buffer in zip(self.average.buffers(), model.buffers(), strict=True):
            kept.copy_(buffer)
