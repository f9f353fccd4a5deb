"""paired_noise gives a new tensor: the watched answer says where the noise that went in was changed."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def watched(answer: Callable) -> Callable:
    """`paired_noise`, refused where it writes into the noise itself."""

    def paired_noise(images: Tensor, noise: Tensor, labels: Tensor) -> Any:
        before = noise.clone()
        result = answer(images, noise, labels)
        if not torch.equal(before, noise):
            raise ValueError("noise itself was changed; allowed: a new tensor")
        return result

    return paired_noise
