"""The seam between a check and an answer: five calls. Data goes in, data comes out, nothing of the answer's making.

In a notebook the answer lives in the same process (`handle.Handle`). When a class is marked it lives in another one:
there `grading/sandbox/remote_handle.py` sends the calls, and `child.py` answers these and no others.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from course_lib.checks.guard import Failure


@dataclass(frozen=True)
class Constructed:
    """What can be said of an object without holding it.

    Attributes:
        key: names the object in later calls.
        parameters: shape of every registered parameter by name, in the order of registration.
        unregistered: attributes that hold layers or trainable tensors torch does not know of.
    """

    key: int
    parameters: dict[str, tuple[int, ...]]
    unregistered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gradients:
    """Derivatives of a weighted sum of the output: with respect to each floating input, and to each parameter."""

    inputs: tuple[Tensor | None, ...]
    parameters: dict[str, Tensor | None]


class Seam(Protocol):
    """All that a check can ask of an answer, a class or a function.

    In every call `args` and `kwargs` are what is passed on. `key` names an object that was constructed, or is None
    where the answer itself, a function, is called.
    """

    @abstractmethod
    def construct(self, args: tuple, kwargs: dict, seed: int) -> Constructed | Failure:
        """Make an object of the class, with the random state at `seed`."""

    @abstractmethod
    def load(self, key: int, state: dict[str, Tensor]) -> None:
        """Set parameters of an object by name; each tensor has as many numbers as the parameter."""

    @abstractmethod
    def call(
        self,
        key: int | None,
        args: tuple,
        kwargs: dict,
        *,
        method: str = "",
        training: bool = False,
        dtype: torch.dtype | None = None,
        elsewhere: bool = False,
        twice: bool = False,
        modes: bool = False,
        seed: int = 0,
    ) -> Any:
        """What the object (or its method, or the function) returns, as data, or a Failure.

        Args:
            method: name of the method to call; "" calls the object itself.
            training: whether the object is in training mode; with `modes`, every network that the answer gets, too.
            dtype: precision that parameters and inputs are converted to first.
            elsewhere: pretend that the inputs are on another device than new tensors.
            twice: call it twice with the very same inputs and random state, and return both results, as a tuple.
            modes: return in its place the mode in which the call leaves these networks, in words; "" if there are none.
            seed: the random state it starts from.
        """

    @abstractmethod
    def gradients(
        self, key: int | None, args: tuple, kwargs: dict, *, method: str = "", seed: int = 0
    ) -> Gradients | Failure:
        """Gradients of sum(output * fixed random numbers), in evaluation mode."""

    @abstractmethod
    def reseeds(self, key: int | None, args: tuple, kwargs: dict, *, method: str = "") -> bool | Failure:
        """Whether the call (or, with `method` "__init__", the construction) sets a global random state itself: torch's,
        numpy's or Python's."""

    def release(self) -> None:
        """Be told that the objects made so far are used no more: what they took may be used again, if that helps."""


# their names, for whoever passes them on
CALLS = tuple(name for name, value in vars(Seam).items() if getattr(value, "__isabstractmethod__", False))
