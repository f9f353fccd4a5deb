"""Before anything is stored: one step is taken and taken back, and what the end needs is tried."""

import copy
import dataclasses
import importlib
import sys
import time
from collections.abc import Iterator

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from course_lib.data.image_dataset import ImageDataset
from course_lib.training.config import Process, TrainingConfig
from course_lib.training.loop import TrainingState, training_steps


def needed_at_the_end(grids: bool) -> None:
    """Import what the pictures need before the work that they are to show.

    Raises: ValueError that names the package.
    """
    for name in ("matplotlib.figure", "safetensors", *["PIL.ImageDraw"] * grids):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ValueError(
                f"the package {name.partition('.')[0]} is needed at the end and cannot be imported ({error}); allowed: "
                "an installation with 'pip install -e .'"
            ) from None


def rehearse(
    config: TrainingConfig,
    state: TrainingState,
    dataset: ImageDataset,
    process: Process,
    accelerator: Accelerator,
    seconds: float = 0.0,
) -> float:
    """Take one step, and more for as long as `seconds`, and take them all back: what cannot work is found here.

    Returns: the mean seconds of a step; the first, which sets things up, does not count where there are more.
    Raises: ValueError that names what is too large or cannot be compiled; whatever the network itself raises.
    """
    tensors = [
        *state.model.parameters(),
        *state.model.buffers(),
        *state.ema.average.parameters(),
        *state.ema.average.buffers(),
    ]
    before = [tensor.detach().clone() for tensor in tensors]
    optimizer, first = copy.deepcopy(state.optimizer.state_dict()), state.step
    times = []
    try:
        for taken in seconds_of_steps(config, state, dataset, process, accelerator):
            times.append(taken)
            enough = not seconds or (len(times) > 2 and sum(times[1:]) > seconds)
            if broadcast_object_list([enough])[0]:  # several processes take the same number
                break
    except (RuntimeError, MemoryError) as error:
        raise_what_it_means(error, config)
    finally:
        with torch.no_grad():
            for tensor, value in zip(tensors, before, strict=True):
                tensor.copy_(value)
        state.optimizer.zero_grad()
        state.optimizer.load_state_dict(optimizer)
        state.step = first
    counted = times[1:] or times
    return sum(counted) / len(counted)


def seconds_of_steps(
    config: TrainingConfig, state: TrainingState, dataset: ImageDataset, process: Process, accelerator: Accelerator
) -> Iterator[float]:
    """Train as `config` says, for as long as the caller asks, and yield each step's seconds.

    The first step sets things up and takes longer.
    """
    steps = training_steps(dataclasses.replace(config, steps=sys.maxsize), state, dataset, process, accelerator)
    while True:
        started = time.perf_counter()
        next(steps).item()  # a GPU works on while Python goes ahead: reading the loss waits for it
        yield time.perf_counter() - started


def raise_what_it_means(error: BaseException, config: TrainingConfig) -> None:
    """A ValueError in place of torch's long text where memory or a compiler is missing, else the error itself."""
    text, first_line = str(error).lower(), str(error).strip().partition("\n")[0]
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in text:
        raise ValueError(
            f"batch_size is {config.batch_size}, for which the memory does not suffice ({first_line}); allowed: a "
            "smaller one, or a smaller network"
        ) from None
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        raise ValueError(
            f"compile is on, and the network cannot be compiled here ({first_line}); allowed: without --compile"
        ) from None
    raise error
