"""Watching parameter_budget: its UNet is made from arguments."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from torch import nn

from course_lib.unet import UNet


@lru_cache(maxsize=32)
def network(config: tuple[tuple[str, Any], ...]) -> UNet:
    """The network of these arguments. Made once: a verdict counts the same few networks dozens of times."""
    return UNet(**dict(config))


def parts_of(model: nn.Module) -> list[tuple[str, int, bool]]:
    return [(name, id(values), values.requires_grad) for name, values in model.named_parameters()]


def watched(answer: Callable) -> Callable:
    """The answer for a UNet of the given arguments; a dict as pairs in alphabetical order.

    With `see="order"` its headings in their own order, with `freeze` (the name of a part) that part does not learn.
    With `training`, a mode, whether the network is in training mode afterwards.
    """

    def parameter_budget(see: str = "", freeze: str = "", training: bool | None = None, **config: Any) -> Any:
        model = network(tuple(sorted(config.items())))
        if freeze:
            getattr(model, freeze).requires_grad_(False)
        model.train(training is not False)  # the last answer may have left another mode
        before = parts_of(model)
        try:
            result = answer(model)
        finally:
            if parts_of(model) != before:  # the next answer gets networks that nobody has changed
                network.cache_clear()
            elif freeze:
                getattr(model, freeze).requires_grad_(True)
        if training is not None:
            return all(part.training for part in model.modules())
        if not isinstance(result, dict):
            return result
        return tuple(map(str, result)) if see == "order" else tuple(sorted(result.items()))

    return parameter_budget
