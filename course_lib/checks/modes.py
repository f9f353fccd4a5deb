"""In which mode, training or evaluation, an answer leaves the networks that it is given.

Whoever watches an answer hands every model over by `given`. So the mode is looked at in one place, whatever an answer
takes: see `changes_the_models_mode` in properties.py.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from torch import nn


class AsNetwork(nn.Module):
    """A function as a network that does the same: a model may be either."""

    def __init__(self, function: Callable) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


class Modes:
    """The mode in which networks come, and those that have come, while somebody looks at their modes."""

    def __init__(self) -> None:
        self.looking, self.training = False, True
        self.networks: list[nn.Module] = []

    @contextlib.contextmanager
    def looked_at(self, training: bool) -> Iterator[None]:
        self.looking, self.training, self.networks = True, training, []
        try:
            yield
        finally:
            self.looking, self.networks = False, []

    def now(self) -> str:
        """Of the first network that is no longer as it came, else of all of them; "" if none came."""
        modes = [{part.training for part in network.modules()} for network in self.networks]
        found = next((mode for mode in modes if mode != {self.training}), {self.training} if modes else set())
        if len(found) == 2:
            return "training for some of its parts, evaluation for others"
        return "".join("training" if mode else "evaluation" for mode in found)


MODES = Modes()


def given(model: Callable) -> Callable:
    """A model as an answer gets it: as it is, or as a network in the mode that is looked at."""
    if not MODES.looking:
        return model
    network = model if isinstance(model, nn.Module) else AsNetwork(model)
    MODES.networks.append(network.train(MODES.training))
    return network
