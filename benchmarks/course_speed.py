"""Time what a learner waits for, and say where a training step's time goes. What it prints is Markdown.

    python benchmarks/course_speed.py

- Training steps are the library's own, batch, average and all, on the processor: the lessons' small network, the same
  with Muon, the laptop profile's, and the document's network. Each is taken in float32, as `course_lib train` does
  where the processor does not compute in bf16, and in bf16 where it does.
- A guided batch is 16 pictures by the network that comes with the course: ten steps, each with two calls of it. Drawing
  is in float32 everywhere.
- An import is that of a fresh process, in processor seconds: torch's, and then what the package adds to it.

Every candidate has a process of its own, since accelerate keeps to one number format in each. They take turns: one
measurement each, of half a second at least, beginning with another one in every round. Times are medians of seconds on
the clock, with their quartiles: run it on an idle machine.

The second table is torch's profiler's: the time on the clock that operations take by themselves ("self CPU time"). What
oneDNN does to lay numbers out for a convolution counts as convolution; copies into another number format or order do
not. What lies between operations is Python's and torch's bookkeeping, which profiling makes longer: how much slower a
step becomes is in the table.
"""

import argparse
import contextlib
import multiprocessing
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import torch
from tqdm import tqdm
from unet_speed import describe_machine, format_markdown, here_in_bf16, quartiles, whole_number

from course_lib.assets import asset_path
from course_lib.data import load_dataset
from course_lib.training import accelerator, hardware
from course_lib.training.config import PROFILES, make_process
from course_lib.training.draw import draw_images
from course_lib.training.loop import training_steps
from course_lib.training.saved_model import load_trained
from course_lib.training.start import new_state

LESSON = PROFILES["lesson"]
NETWORKS = {
    "the lessons' small network, AdamW, 32 images": LESSON,
    "the same with Muon": replace(LESSON, optimizer="muon"),
    "the laptop profile: Muon, 48 images, noise paired": PROFILES["laptop"],
    "the document's network, AdamW, 16 images": replace(LESSON, unet={"dropout": 0.1}, batch_size=16),
}
ADAMW, MUON, LAPTOP, DOCUMENT = NETWORKS
PROFILED = (ADAMW, DOCUMENT)
PICTURES, GUIDED_STEPS = 16, 10
DRAWING = f"a guided batch: {PICTURES} pictures, {2 * GUIDED_STEPS} calls of the small network"
IMPORT = "`import course_lib`, as a multiple of `import torch`"
SHORTEST = 0.5

# ranges within a step; what is in neither is the batch, the optimizer and the average
PHASES = ("forward", "backward")
PRODUCTS = re.compile(r"^aten::.*(convolution|mm|linear|matmul|attention)")
LARGEST = 7


# ---------------------------------------------------------------------------------------------- what is measured


class Training:
    """Steps of a run that does not end."""

    def __init__(self, config: Any, precision: str) -> None:
        if precision == "float32":  # as where the processor does not compute in bf16
            hardware.computes_in_bf16 = accelerator.computes_in_bf16 = lambda cpu=False: False
        config = replace(config, steps=10**9)
        dataset, process, prepared = load_dataset(config.data), make_process(config), accelerator.make_accelerator(True)
        state = new_state(config, len(dataset.class_names), prepared.device)
        state.model, state.optimizer = prepared.prepare(state.model, state.optimizer)
        # the profiler learns which operation belongs to which part
        process.loss = in_range("forward", process.loss)
        prepared.backward = in_range("backward", prepared.backward)
        self.steps = training_steps(config, state, dataset, process, prepared)

    def run(self) -> None:
        next(self.steps)

    def profile(self, steps: int) -> dict[tuple[str, str], float]:
        """Seconds a step by phase and operation."""
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
            for _ in range(steps):
                in_range("step", self.run)()
        found: Counter[tuple[str, str]] = Counter()
        for event in profiler.events():
            around = event
            while around is not None and around.name not in (*PHASES, "step"):
                around = around.cpu_parent
            if around is not None:
                found[around.name, event.name] += event.self_cpu_time_total / 1e6 / steps
        return dict(found)


def in_range(name: str, function: Callable) -> Callable:
    def ranged(*args: Any, **kwargs: Any) -> Any:
        with torch.profiler.record_function(name):
            return function(*args, **kwargs)

    return ranged


class Drawing:
    """Guided pictures of the classes in turn."""

    def __init__(self) -> None:
        self.trained = load_trained(asset_path("weights/fashion_mnist_flow.safetensors"))
        self.labels = torch.arange(PICTURES) % len(self.trained.class_names)

    def run(self) -> None:
        draw_images(self.trained, self.labels, num_steps=GUIDED_STEPS, guidance_scale=2.0)


class Worker:
    """Some work in a process of its own, which does it when it is asked to."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        multiprocessing.get_context("spawn").Process(target=serve, args=(make, theirs), daemon=True).start()
        theirs.close()

    def ask(self, name: str, *args: int) -> Any:
        self.connection.send((name, args))
        return self.connection.recv()

    def measure(self) -> float:
        return self.ask("seconds")


def serve(make: Callable[[], Any], connection: Connection) -> None:
    work = make()
    work.run()
    with contextlib.suppress(EOFError):  # whoever asked has ended
        while True:
            name, args = connection.recv()
            connection.send(seconds_a_call(work.run) if name == "seconds" else getattr(work, name)(*args))


def seconds_a_call(work: Callable[[], None]) -> float:
    started, calls = time.perf_counter(), 0
    while calls == 0 or time.perf_counter() - started < SHORTEST:
        work()
        calls += 1
    return (time.perf_counter() - started) / calls


class Import:
    """`import course_lib` as a multiple of `import torch`, in processor seconds of one fresh process.

    In two processes the difference, a few hundredths, is lost in the noise of torch's own import.
    """

    def measure(self) -> float:
        code = (
            "import time; start = time.process_time(); import torch; torch_is_there = time.process_time(); "
            "import course_lib; print((time.process_time() - start) / (torch_is_there - start))"
        )
        return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)


def time_in_turn(candidates: dict[Any, Worker | Import], repetitions: int) -> dict[Any, list[float]]:
    """A measurement of each candidate a round; a first round is thrown away."""
    times: dict[Any, list[float]] = {key: [] for key in candidates}
    keys = list(candidates)
    for repetition in tqdm(range(-1, repetitions), desc="rounds", disable=None):
        start = repetition % len(keys)
        for key in (*keys[start:], *keys[:start]):
            measured = candidates[key].measure()
            if repetition >= 0:
                times[key].append(measured)
    return times


# ---------------------------------------------------------------------------------------------- the tables


def duration(times: Sequence[float]) -> str:
    middle, (low, high) = statistics.median(times), quartiles(times)
    if middle < 1:
        return f"{1000 * middle:.0f} ({1000 * low:.0f} to {1000 * high:.0f}) ms"
    return f"{middle:.2f} ({low:.2f} to {high:.2f}) s"


def ratio(values: Sequence[float]) -> str:
    low, high = quartiles(values)
    return f"{statistics.median(values):.2f} ({low:.2f} to {high:.2f})"


def in_turn(times: Sequence[float], base: Sequence[float]) -> list[float]:
    """The ratios within single rounds."""
    return [a / b for a, b in zip(times, base, strict=True)]


def time_rows(times: dict[Any, list[float]], precisions: Sequence[str]) -> list[list[str]]:
    rows = [["", *precisions]]
    for title, config in NETWORKS.items():
        found = [times[title, precision] for precision in precisions]
        speeds = [f"{duration(own)}, {config.batch_size / statistics.median(own):.3g} images a second" for own in found]
        rows.append([f"training step: {title}", *speeds])
    rows.append(
        [
            "a step with Muon, as a multiple of one with AdamW",
            *(ratio(in_turn(times[MUON, precision], times[ADAMW, precision])) for precision in precisions),
        ]
    )
    others = ["" for _ in precisions[1:]]
    rows.append([DRAWING, duration(times[DRAWING]), *others])
    rows.append([IMPORT, ratio(times[IMPORT]), *others])
    return rows


def profile_row(name: str, precision: str, found: dict[tuple[str, str], float], unprofiled: float) -> list[str]:
    """In percent of a step, what is neither convolution nor matrix product: "of" each phase's own, in all, by kind."""
    whole = sum(found.values())
    cells = []
    for phase in (*PHASES, "step"):
        own = {operation: seconds for (where, operation), seconds in found.items() if where == phase}
        rest = sum(seconds for operation, seconds in own.items() if not PRODUCTS.search(operation))
        cells.append(f"{100 * rest / whole:.0f} of {percent(sum(own.values()) / whole)}")
    kinds: Counter[str] = Counter()
    for (_, operation), seconds in found.items():
        if not PRODUCTS.search(operation):
            kinds[kind_of(operation)] += seconds
    largest = ", ".join(f"{kind} {percent(seconds / whole)}" for kind, seconds in kinds.most_common(LARGEST))
    return [name, precision, *cells, percent(sum(kinds.values()) / whole), largest, f"{whole / unprofiled:.2f}"]


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def kind_of(operation: str) -> str:
    """One name for an operation and its gradient; what is no operation of tensors is bookkeeping."""
    if not operation.startswith("aten::"):
        return "Python and bookkeeping"
    return f"`{operation.removeprefix('aten::').removeprefix('native_').removesuffix('_backward').strip('_')}`"


PROFILE_HEAD = [
    "neither convolution nor matrix product, in % of a step",
    "in",
    *PHASES,
    "batch, optimizer, average",
    "whole step",
    "the largest kinds",
    "profiled / unprofiled",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=partial(whole_number, 1), default=7)
    parser.add_argument("--profiled", type=partial(whole_number, 1), default=3, help="steps profiled (default 3)")
    options = parser.parse_args()
    precisions = ["float32", "bf16"] if here_in_bf16() else ["float32"]
    trained = {
        (title, precision): Worker(partial(Training, config, precision))
        for title, config in NETWORKS.items()
        for precision in precisions
    }
    candidates = {**trained, DRAWING: Worker(Drawing), IMPORT: Import()}
    times = time_in_turn(candidates, options.repetitions)
    print(", ".join(f"{name} {value}" for name, value in describe_machine(torch.device("cpu")).items()))
    print(
        f"medians of {options.repetitions}, in brackets the quartiles",
        format_markdown(time_rows(times, precisions)),
        sep="\n\n",
    )
    rows = [PROFILE_HEAD]
    for (title, precision), worker in trained.items():
        if title in PROFILED:
            found = worker.ask("profile", options.profiled)
            rows.append(profile_row(title, precision, found, statistics.median(times[title, precision])))
    print("", format_markdown(rows), sep="\n")


if __name__ == "__main__":
    main()
