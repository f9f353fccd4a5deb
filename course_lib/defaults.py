"""torch's own defaults, whatever a notebook has set by `set_default_dtype` and `set_default_device`."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def usual_defaults() -> Iterator[None]:
    """Within the block, or a function below `@usual_defaults()`, new tensors are float32 and on the CPU by default."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    # a device's context is a detour in Python for every call of torch: it is entered where there is something to undo
    elsewhere = default_is_elsewhere()
    try:
        with torch.device("cpu") if elsewhere else contextlib.nullcontext():
            yield
    finally:
        torch.set_default_dtype(before)


def default_is_elsewhere() -> bool:
    """Whether new tensors are made on another device than the CPU."""
    try:
        return torch.get_default_device() != torch.device("cpu")
    except AttributeError:  # torch 2.6 after set_default_device(None), which gives the CPU back
        return False
