"""torch's own defaults, whatever a notebook has set by `set_default_dtype` and `set_default_device`."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def usual_defaults() -> Iterator[None]:
    """Within the block, or a function below `@usual_defaults()`, new tensors are float32 and on the CPU by default."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(before)
