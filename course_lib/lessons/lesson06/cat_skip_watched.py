"""Watching cat_skip: its list of skips is made from tensors, and what is left of it is shown."""

from collections.abc import Callable
from typing import Any

from torch import Tensor


def watched(answer: Callable[[Tensor, list[Tensor]], Any]) -> Callable[..., tuple]:
    """What the properties call: h and the skips one by one; gives back the result and what is left on the stack.

    The answer has to change the list it is given, and none of the tensors in it.
    """

    def called(h: Tensor, *skips: Tensor) -> tuple:
        stack = list(skips)
        result = answer(h, stack)
        return result, *stack

    return called
