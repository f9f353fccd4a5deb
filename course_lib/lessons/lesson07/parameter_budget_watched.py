"""Watching parameter_budget: its UNet is made from arguments."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from torch import nn

from course_lib.checks.modes import given
from course_lib.unet import UNet


@lru_cache(maxsize=32)
def network(config: tuple[tuple[str, Any], ...]) -> UNet:
    """The network of these arguments. Made once: a verdict counts the same few networks dozens of times."""
    return UNet(**dict(config))


def parts_of(model: nn.Module) -> list[tuple[str, int, bool]]:
    return [(name, id(values), values.requires_grad) for name, values in model.named_parameters()]


def watched(answer: Callable) -> Callable:
    """The answer for a UNet of the given arguments; a dict as pairs in alphabetical order.

    With `see="order"` its headings in their own order, with `freeze` (the name of a part) that part does not learn;
    with `turned` its parts stand in the reverse order, as if they had been made so.
    """

    def parameter_budget(see: str = "", freeze: str = "", turned: bool = False, **config: Any) -> Any:
        model = network(tuple(sorted(config.items())))
        in_order = vars(model)["_modules"]
        if turned:
            vars(model)["_modules"] = dict(reversed(in_order.items()))
        if freeze:
            getattr(model, freeze).requires_grad_(False)
        model.train()  # the last answer may have left another mode
        before = parts_of(model)
        try:
            result = answer(given(model))
        finally:
            after = parts_of(model)
            vars(model)["_modules"] = in_order
            if after != before:  # the next answer gets networks that nobody has changed
                network.cache_clear()
            elif freeze:
                getattr(model, freeze).requires_grad_(True)
        if not isinstance(result, dict):
            return result
        return tuple(map(str, result)) if see == "order" else tuple(sorted(result.items()))

    return parameter_budget
