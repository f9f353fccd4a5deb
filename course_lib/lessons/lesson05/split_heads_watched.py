"""Watching split_heads: one tensor that unpacks into q, k and v is as good as three."""

from collections.abc import Callable
from typing import Any

from torch import Tensor


def watched(answer: Callable) -> Callable:
    def split_heads(qkv: Tensor, num_heads: int) -> Any:
        result = answer(qkv, num_heads)
        return tuple(result) if isinstance(result, Tensor) and result.ndim == 5 and len(result) == 3 else result

    return split_heads
