"""Checks on arguments, each a ValueError that names the argument, what came and what is allowed.

Shapes and dtypes are known without looking at the numbers, so they are always checked. Values (a label of 10 with ten
classes) are looked at only where that is free: on the CPU, outside torch.compile. On a GPU reading a value would make
the processor wait for the device at every step; there, torch's own indexing kernels stop a bad index.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def values_are_free_to_read(tensor: Tensor) -> bool:
    """True when looking at the numbers in `tensor` neither waits for a device nor breaks a compiled graph."""
    return tensor.device.type == "cpu" and not torch.compiler.is_compiling() and tensor.numel() > 0


def check_positive_int(name: str, value: int, allowed: str = "a whole number of at least 1") -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} is {value!r}; allowed: {allowed}")


def check_positive_ints(**values: int | Sequence[int]) -> None:
    """Several numbers, or sequences of numbers, by their names."""
    for name, value in values.items():
        for number in value if isinstance(value, Sequence) else [value]:
            check_positive_int(name, number)


def check_probability(name: str, value: float) -> None:
    if not 0.0 <= value < 1.0:
        raise ValueError(f"{name} is {value!r}; allowed: at least 0 and below 1")


def check_channels(name: str, x: Tensor, channels: int) -> None:
    """`x` must be a batch of images or feature maps, (B, channels, H, W)."""
    if x.ndim != 4 or x.shape[1] != channels:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; allowed: (B, {channels}, H, W)")


def check_divisible_size(name: str, x: Tensor, divisor: int) -> None:
    """Height and width must survive every halving without a remainder."""
    height, width = x.shape[-2:]
    if height % divisor or width % divisor:
        raise ValueError(f"{name} is {height}x{width} pixels; allowed: height and width divisible by {divisor}")


def check_same_shape(name: str, x: Tensor, other_name: str, other: Tensor) -> None:
    if x.shape != other.shape:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; allowed: that of {other_name}, {tuple(other.shape)}")


def check_vector(name: str, vector: Tensor, batch: int | None = None) -> None:
    """`vector` must hold one number an image: shape (B,)."""
    if vector.ndim != 1 or (batch is not None and vector.shape[0] != batch):
        length = "B" if batch is None else batch
        raise ValueError(f"{name} has shape {tuple(vector.shape)}; allowed: ({length},), one value an image")


def check_embedding(name: str, emb: Tensor, batch: int, dim: int) -> None:
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
