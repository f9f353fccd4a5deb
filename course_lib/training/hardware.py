"""What this machine computes fastest in: number format and memory layout, as measured (see benchmarks/)."""

import torch


def pick_device(name: str = "auto") -> torch.device:
    """The device called `name`; "auto" is cuda or mps where there is one, else the cpu.

    Raises: ValueError for a device that this machine does not have.
    """
    available = ["cpu"]
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if name == "auto":
        return torch.device(available[0])
    if name.split(":")[0] not in available:
        raise ValueError(f"device is {name!r}; allowed on this machine: 'auto', {', '.join(map(repr, available))}")
    return torch.device(name)


def computes_in_bf16(cpu: bool = False) -> bool:
    """True where bf16 convolutions run in hardware: CUDA, and processors with AVX512-BF16 or AMX.

    On such a processor the laptop profile trains 1.25 to 1.4 times as fast; elsewhere bf16 is emulated, and slower.

    Args:
        cpu: whether a GPU is to be left alone.
    """
    if torch.cuda.is_available() and not cpu:
        return True
    if torch.backends.mps.is_available() and not cpu:
        return False
    # torch has no public question for this yet; a version without these answers no
    questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, question, lambda: False)() for question in questions)


def memory_format_for(device: torch.device) -> torch.memory_format:
    """channels_last on CUDA, and on a CPU in float32: faster going forward (in bf16 its GroupNorm is slow)."""
    if device.type == "cuda" or (device.type == "cpu" and not computes_in_bf16(cpu=True)):
        return torch.channels_last
    return torch.contiguous_format
