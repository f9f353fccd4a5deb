"""Watching drop_labels: the generator is made from a seed."""

from collections.abc import Callable

import torch
from torch import Tensor


def watched(answer: Callable) -> Callable:
    """Make the generator from a seed, and see whether torch's global random numbers were touched."""

    def drop_labels(labels: Tensor, probability: float, seed: int | None = None, draws: int = 1) -> tuple:
        before = torch.get_rng_state()
        if seed is None:
            result = answer(labels, probability)
        else:
            generator = torch.Generator().manual_seed(seed)
            for _ in range(draws):
                result = answer(labels, probability, generator=generator)
        return result, torch.equal(before, torch.get_rng_state())

    return drop_labels
