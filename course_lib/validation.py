"""Checks on arguments, each a ValueError that names the argument, what came and what is allowed.

Shapes and dtypes are known without looking at the numbers, so they are always checked. Values (a label of 10 with ten
classes) are looked at only where that is free: on the CPU, outside torch.compile. On a GPU reading a value would make
the processor wait for the device at every step; there, torch's own indexing kernels stop a bad index.
"""

import math
import numbers
from collections.abc import Sequence

import torch
from torch import Tensor


def values_are_free_to_read(tensor: Tensor) -> bool:
    """True when looking at the numbers in `tensor` neither waits for a device nor breaks torch.compile or vmap."""
    if tensor.device.type != "cpu" or torch.compiler.is_compiling() or tensor.numel() == 0:
        return False
    # within vmap one number stands for many
    return not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def check_positive_int(name: str, value: int, allowed: str = "a whole number of at least 1") -> None:
    # whole numbers of numpy are welcome
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(f"{name} is {value!r}; allowed: {allowed}")


def check_positive_ints(**values: int | Sequence[int]) -> None:
    """Several numbers, or sequences of numbers, by their names."""
    for name, value in values.items():
        for number in value if isinstance(value, Sequence) else [value]:
            check_positive_int(name, number)


def whole_numbers(name: str, values: Sequence[int]) -> tuple[int, ...]:
    """A list, tuple or array of positive whole numbers as a tuple of ints."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise ValueError(f"{name} is {values!r}; allowed: a list of whole numbers, such as (1, 2, 4)")
    for value in (values := tuple(values)):
        check_positive_int(name, value)
    return tuple(map(int, values))


def check_number(name: str, value: float, allowed: str = "a finite number") -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}; allowed: {allowed}")


def at_least_float32(x: Tensor) -> torch.dtype:
    """The precision to compute with: that of `x`, and float32 where it has less."""
    return torch.promote_types(x.dtype, torch.float32)


def check_probability(name: str, value: float) -> None:
    allowed = "at least 0 and below 1"
    check_number(name, value, allowed)
    if not 0.0 <= value < 1.0:
        raise ValueError(f"{name} is {value!r}; allowed: {allowed}")


def check_tensor(name: str, x: Tensor, allowed: str) -> None:
    if not isinstance(x, Tensor):
        raise ValueError(f"{name} is {x!r:.60}; allowed: {allowed}")


def check_floating(name: str, x: Tensor) -> None:
    """`x` must hold floating numbers: in bytes every root of alpha-bar would be 0. Raises: ValueError."""
    check_tensor(name, x, "a tensor (B, C, H, W)")
    if not x.is_floating_point():
        raise ValueError(f"{name} has type {x.dtype}; allowed: floating numbers, such as float32")


def check_channels(name: str, x: Tensor, channels: int) -> None:
    """`x` must be a batch of images or feature maps, (B, channels, H, W)."""
    check_tensor(name, x, f"a tensor of shape (B, {channels}, H, W)")
    if x.ndim != 4 or x.shape[1] != channels:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; allowed: (B, {channels}, H, W)")


def check_like_weights(name: str, x: Tensor, weight: Tensor) -> None:
    """`x` must be where the weights are, and of their type unless autocast converts both."""
    if x.device != weight.device:
        raise ValueError(f"{name} is on {x.device}; allowed: {weight.device}, where the network is")
    if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        raise ValueError(f"{name} has type {x.dtype}; allowed: {weight.dtype}, that of the network's weights")


def check_divisible_size(name: str, x: Tensor, divisor: int) -> None:
    """Height and width must survive every halving without a remainder."""
    height, width = x.shape[-2:]
    if height % divisor or width % divisor:
        raise ValueError(f"{name} is {height}x{width} pixels; allowed: height and width divisible by {divisor}")


def check_same_shape(name: str, x: Tensor, other_name: str, other: Tensor) -> None:
    check_tensor(name, x, f"a tensor shaped like {other_name}")
    check_tensor(other_name, other, "a tensor")
    if x.shape != other.shape:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; allowed: that of {other_name}, {tuple(other.shape)}")


def check_vector(name: str, vector: Tensor, batch: int | None = None) -> None:
    """`vector` must hold one number an image: shape (B,)."""
    check_tensor(name, vector, f"a tensor of shape ({'B' if batch is None else batch},), one value an image")
    if vector.ndim != 1 or (batch is not None and vector.shape[0] != batch):
        length = "B" if batch is None else batch
        raise ValueError(f"{name} has shape {tuple(vector.shape)}; allowed: ({length},), one value an image")


def check_within(name: str, vector: Tensor, lowest: float, highest: float) -> None:
    """`vector` must hold numbers from `lowest` to `highest` (looked at only where that is free)."""
    if values_are_free_to_read(vector):
        wrong = vector[~((vector >= lowest) & (vector <= highest))]  # so that nan is wrong, too
        if wrong.numel():
            raise ValueError(f"{name} contains {wrong[0].item():g}; allowed: numbers from {lowest} to {highest}")


def check_embedding(name: str, emb: Tensor, batch: int, dim: int) -> None:
    check_tensor(name, emb, f"a tensor of shape ({batch}, {dim}), one vector an image")
    if emb.shape != (batch, dim):
        raise ValueError(f"{name} has shape {tuple(emb.shape)}; allowed: ({batch}, {dim}), one vector an image")


def check_integers(name: str, vector: Tensor, lowest: int, highest: int) -> None:
    """`vector` must hold whole numbers from `lowest` to `highest` (looked at only where that is free)."""
    if vector.is_floating_point() or vector.is_complex() or vector.dtype == torch.bool:
        raise ValueError(f"{name} has dtype {vector.dtype}; allowed: an integer type such as torch.int64")
    if values_are_free_to_read(vector):
        values = vector.long()  # a uint8 compared with -1 would wrap round
        wrong = values[(values < lowest) | (values > highest)]
        if wrong.numel():
            raise ValueError(f"{name} contains {wrong[0].item()}; allowed: whole numbers from {lowest} to {highest}")
