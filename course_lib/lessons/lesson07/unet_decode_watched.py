"""Watching UNet.decode: its list of skips is made from tensors, and how many are left of it is shown."""

from collections.abc import Callable
from typing import Any

from torch import Tensor


def watched(answer: Callable[[Any, Tensor, list[Tensor], Tensor], Any]) -> Callable[..., tuple]:
    """What the properties call: h, emb and the skips one by one; gives back the result and how many skips are left."""

    def called(self: Any, h: Tensor, emb: Tensor, *skips: Tensor) -> tuple:
        stack = list(skips)
        result = answer(self, h, stack, emb)
        return result, len(stack)

    return called
