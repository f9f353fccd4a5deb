"""Watching parameter_budget: its UNet is made from arguments."""

from collections.abc import Callable
from typing import Any

from course_lib.unet import UNet


def watched(answer: Callable) -> Callable:
    """The answer for a UNet of the given arguments; a dict as pairs in alphabetical order.

    With `see="order"` its headings in their own order, with `freeze` (the name of a part) that part does not learn.
    """

    def parameter_budget(see: str = "", freeze: str = "", **config: Any) -> Any:
        model = UNet(**config)
        if freeze:
            getattr(model, freeze).requires_grad_(False)
        result = answer(model)
        if not isinstance(result, dict):
            return result
        return tuple(map(str, result)) if see == "order" else tuple(sorted(result.items()))

    return parameter_budget
