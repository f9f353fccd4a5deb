"""update_average changes tensors in a list: the watched answer returns what they hold afterwards."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def watched(answer: Callable) -> Callable:
    """Hand over copies, the current weights as a model has them: parameters that ask for gradients, the second of them
    frozen.

    What is seen: the tensors of the average, those of the current weights, whether the list still holds the tensors it
    held, whether one of the average's now asks for gradients, and whether the current weights still do
    (all but the frozen one). With `asking`, the tensors of the average ask for gradients, as a copied model's do.
    """

    def update_average(
        average: Sequence[Tensor], current: Sequence[Tensor], decay: float, times: int = 1, asking: bool = False
    ) -> tuple:
        followed = [tensor.clone().requires_grad_(asking) for tensor in average]
        weights = [tensor.clone().requires_grad_(place != 1) for place, tensor in enumerate(current)]
        asked = [tensor.requires_grad for tensor in weights]
        passed, passed_weights = list(followed), list(weights)
        with torch.set_grad_enabled(not asking):
            for _ in range(times):
                answer(passed, passed_weights, decay)
        same = len(passed) == len(followed) and all(a is b for a, b in zip(passed, followed, strict=True))
        recorded = any(tensor.requires_grad for tensor in [*followed, *passed])
        trainable = [tensor.requires_grad for tensor in weights] == asked
        return tuple(tensor.detach() for tensor in followed), tuple(weights), same, recorded, trainable

    return update_average
