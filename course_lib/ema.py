"""Exponential moving average of a model's weights: the copy that is sampled from."""

import copy

import torch
from torch import nn


class EMA:
    """A slowly following copy of a model: average = decay * average + (1 - decay) * weights, after every step.

    The decay warms up as min(decay, (1 + n) / (10 + n)) at step n, so that the average forgets the random
    initialisation: with a fixed 0.9999 it would still be 90 % initialisation after 1,000 steps.

    Args:
        model: the model to follow; `average` starts as a copy of it, in evaluation mode.
        decay: the final decay, in [0, 1). The average then covers about 1 / (1 - decay) steps.
    Raises: ValueError for a decay outside [0, 1).
    Source: Ho et al. 2020, appendix B (decay 0.9999); the warm-up is that of TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay is {decay!r}; allowed: at least 0 and below 1")
        self.decay = decay
        self.average = copy.deepcopy(model).eval().requires_grad_(False)

    def decay_at(self, step: int) -> float:
        """The decay used after training step `step`, counted from 0."""
        return min(self.decay, (1 + step) / (10 + step))

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move the average towards `model` after training step `step`; buffers are copied as they are."""
        # one call for all weights: a loop over 200 small tensors would cost a GPU more than the arithmetic
        torch._foreach_lerp_(list(self.average.parameters()), list(model.parameters()), 1 - self.decay_at(step))
        for average, current in zip(self.average.buffers(), model.buffers(), strict=True):
            average.copy_(current)
