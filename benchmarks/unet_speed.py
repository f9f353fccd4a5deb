"""Time the document's UNet beside other people's networks of the same size: forward, training step, memory.

    python benchmarks/unet_speed.py --json result.json

What makes the numbers comparable:
- Everyone gets the same images, times, labels and targets, the same dropout (0.1, in training), and works on the same
  thread count or GPU, with torch's own defaults.
- All candidates are measured in turn within each repetition, and each repetition starts with another one, so that a
  machine that grows warm or busy slows all of them alike. The first rounds (--warmup) are thrown away.
- Times are medians. A ratio is a candidate's median over that of the fastest peer of the same size.
- A forward runs in evaluation mode without gradients. A training step is forward, mean squared error, backward,
  gradient clipping to norm 1, AdamW, zero_grad, for everyone.
- Peers run as their users run them: eager, contiguous, `torch.optim.AdamW` with its defaults. So does "course_lib,
  eager". "course_lib, best mode" is channels_last and fused AdamW. On a CPU that computes in bfloat16 there is a third,
  "best mode, bfloat16", which is what `course_lib train` uses there; the peers could be run so too, by hand.
- On CUDA a second section repeats everything, peers included, under bfloat16 autocast.

Peak memory is measured in a fresh process for each candidate and phase, since within one process an allocator's
leftovers and the other candidates' weights would count too. On CUDA it is `torch.cuda.max_memory_allocated`: weights,
gradients, optimizer state, activations. On the CPU it is the high-water mark of resident memory minus what was resident
after the imports and a rehearsal with a tiny network, which makes torch load what it loads late. The mark is read from
/proc/self/status (VmHWM), not from `getrusage`: Linux hands the largest ru_maxrss of a parent on to the process that it
starts, so a big parent would hide the child's own peak. Where there is no /proc (macOS, Windows), CPU memory is not
measured.

The share of the peak is the counted floating point operations a second (FlopCounterMode: convolutions, matrix products
and attention; forward, and forward + backward) over what large matrix products reach on the same machine in the same
run. float32 on CUDA: the peak is measured with TF32, because torch's convolutions use TF32 there by default.
"""

import argparse
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from course_lib import UNet
from course_lib.files import local_path, write_text
from course_lib.training.hardware import computes_in_bf16

PHASES = ("forward", "training step")
DROPOUT = 0.1
HOW_TO_GET_PEERS = 'pip install -e ".[benchmark]"'

# (candidate, phase, largest time ratio to the fastest peer of the same size)
TARGETS = [
    ("course_lib", "forward", 1.00),
    ("course_lib", "training step", 1.00),
    ("course_lib-best", "forward", 0.90),
    ("course_lib-best", "training step", 0.95),
    ("course_lib-bf16", "forward", 0.90),
    ("course_lib-bf16", "training step", 0.95),
]


# ---------------------------------------------------------------------------------------------- who is measured


class Batch(NamedTuple):
    """The inputs that every candidate gets, and what its output is compared with."""

    images: Tensor
    t: Tensor
    labels: Tensor
    target: Tensor


def make_batch(size: int, device: torch.device) -> Batch:
    generator = torch.Generator().manual_seed(0)
    images, target = torch.randn(2, size, 3, 32, 32, generator=generator)
    t = torch.randint(0, 1000, (size,), generator=generator)
    labels = torch.randint(0, 10, (size,), generator=generator)
    return Batch(*(part.to(device) for part in (images, t, labels, target)))


@dataclass(frozen=True)
class Candidate:
    """A network and how it is run. `build` imports `module`, so that only those asked for are loaded."""

    key: str
    title: str
    module: str
    build: Callable[[], nn.Module]
    predict: Callable[[nn.Module, Batch], Tensor]
    is_peer: bool = True
    same_size: bool = True
    best_mode: bool = False
    compiled: bool = False
    bf16: bool = False


def build_course_lib() -> nn.Module:
    return UNet(dropout=DROPOUT)


def build_diffusers() -> nn.Module:
    from diffusers import UNet2DModel

    return UNet2DModel(
        sample_size=32,
        in_channels=3,
        out_channels=3,
        block_out_channels=(64, 128, 256),
        layers_per_block=2,
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        attention_head_dim=64,  # the width of a head: four heads of 256 channels
        num_class_embeds=10,
        dropout=DROPOUT,
    )


def build_torchcfm() -> nn.Module:
    from torchcfm.models.unet.unet import UNetModelWrapper

    return UNetModelWrapper(
        dim=(3, 32, 32),
        num_channels=64,
        num_res_blocks=2,
        channel_mult=(1, 2, 4),
        attention_resolutions="8",
        num_heads=4,
        class_cond=True,
        num_classes=10,
        dropout=DROPOUT,
    )


def build_denoising_diffusion_pytorch() -> nn.Module:
    from denoising_diffusion_pytorch import Unet

    return Unet(dim=64, dim_mults=(1, 2, 4), dropout=DROPOUT)


def predict_course_lib(model: nn.Module, batch: Batch) -> Tensor:
    return model(batch.images, batch.t, batch.labels)


OURS = partial(Candidate, module="course_lib", build=build_course_lib, predict=predict_course_lib, is_peer=False)

CANDIDATES = [
    OURS("course_lib", "course_lib, eager"),
    OURS("course_lib-best", "course_lib, best mode", best_mode=True),
    OURS("course_lib-bf16", "course_lib, best mode, bfloat16", best_mode=True, bf16=True),
    OURS("course_lib-compiled", "course_lib, best mode, compiled", best_mode=True, compiled=True),
    Candidate(
        "diffusers",
        "diffusers UNet2DModel",
        "diffusers.models.unets.unet_2d",
        build_diffusers,
        lambda model, batch: model(batch.images, batch.t, class_labels=batch.labels).sample,
    ),
    Candidate(
        "torchcfm",
        "torchcfm UNetModelWrapper",
        "torchcfm.models.unet.unet",
        build_torchcfm,
        lambda model, batch: model(batch.t, batch.images, batch.labels),
    ),
    Candidate(
        "denoising-diffusion-pytorch",
        "denoising-diffusion-pytorch Unet (other size, no classes)",
        "denoising_diffusion_pytorch",
        build_denoising_diffusion_pytorch,
        lambda model, batch: model(batch.images, batch.t),
        same_size=False,
    ),
]


# ---------------------------------------------------------------------------------------------- what is measured


class Runner:
    """One candidate, built and ready: `run(phase)` does the work that is timed."""

    def __init__(self, candidate: Candidate, batch: Batch, precision: str) -> None:
        torch.manual_seed(0)
        device = batch.images.device
        self.candidate = candidate
        self.model = candidate.build().to(device)
        self.parameters = sum(parameter.numel() for parameter in self.model.parameters())
        self.autocast = partial(
            torch.autocast, device.type, torch.bfloat16, enabled=candidate.bf16 or precision == "bfloat16"
        )
        self.batch, fused = batch, None
        if candidate.best_mode:
            self.model = self.model.to(memory_format=torch.channels_last)
            self.batch = batch._replace(images=batch.images.contiguous(memory_format=torch.channels_last))
            fused = True
        self.optimizer = torch.optim.AdamW(self.model.parameters(), fused=fused)
        # compiled or not, the same modules and weights
        self.callable = torch.compile(self.model) if candidate.compiled else self.model

    def prepare(self, phase: str) -> None:
        """Switch dropout on or off, outside the measured time."""
        self.model.train(phase == "training step")

    def run(self, phase: str) -> None:
        if phase == "forward":
            with torch.no_grad(), self.autocast():
                self.candidate.predict(self.callable, self.batch)
        else:
            self._loss(self.callable, self.batch).backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()

    def _loss(self, model: nn.Module, batch: Batch) -> Tensor:
        with self.autocast():
            return F.mse_loss(self.candidate.predict(model, batch), batch.target)

    def count_flops(self, phase: str) -> int:
        """Floating point operations for the whole batch; counted on one image, since they grow with the batch."""
        one = Batch(*(part[:1] for part in self.batch))
        self.prepare(phase)
        with FlopCounterMode(display=False) as counter:
            if phase == "forward":
                with torch.no_grad():
                    self.candidate.predict(self.model, one)
            else:
                self._loss(self.model, one).backward()
        self.optimizer.zero_grad()
        return counter.get_total_flops() * len(self.batch.images)


def build_runners(candidates: Sequence[Candidate], batch: Batch, precision: str) -> list[Runner]:
    """Build what is installed; say in a sentence what is not, and how to get it."""
    runners = []
    for candidate in candidates:
        try:
            runners.append(Runner(candidate, batch, precision))
        except ImportError as error:
            print(f"{candidate.key} is left out, it cannot be imported ({error}): {HOW_TO_GET_PEERS}")
    return runners


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(work: Callable[[], object], calls: int, device: torch.device) -> float:
    """Mean time of `calls` calls, the device's own work included."""
    wait_for(device)
    started = time.perf_counter()
    for _ in range(calls):
        work()
    wait_for(device)
    return (time.perf_counter() - started) / calls


def time_in_turn(
    runners: Sequence[Runner], repetitions: int, warmup: int, calls: int, device: torch.device, label: str
) -> dict[str, dict[str, list[float]]]:
    """Seconds by candidate and phase, one for each repetition; every round starts with the next candidate."""
    times = {runner.candidate.key: {phase: [] for phase in PHASES} for runner in runners}
    total = len(PHASES) * (warmup + repetitions) * len(runners)
    with tqdm(total=total, desc=label, unit="measurement", disable=None) as progress:
        for phase in PHASES:
            for runner in runners:
                runner.prepare(phase)
            for repetition in range(-warmup, repetitions):
                start = repetition % len(runners)
                for runner in (*runners[start:], *runners[:start]):
                    progress.set_postfix_str(f"{phase}, {runner.candidate.key}")
                    elapsed = seconds(partial(runner.run, phase), calls, device)
                    if repetition >= 0:
                        times[runner.candidate.key][phase].append(elapsed)
                    progress.update()
    return times


def matmul_peak(device: torch.device, precision: str) -> float:
    """Floating point operations a second of the fastest of several large matrix products.

    The same product is also tried as a 1x1 convolution: on some processors the library behind `a @ b` uses slower
    instructions than the one behind convolutions, and a network would then seem to run above the peak.
    """
    size, calls = (8192, 10) if device.type == "cuda" else (2048, 1)
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if device.type == "cuda" else before)
    try:
        image, weight = a[None, :, :, None], b[:, :, None, None]
        products = (lambda: a @ b, lambda: F.conv2d(image, weight))
        with torch.no_grad():
            return 2 * size**3 / min(seconds(product, calls, device) for _ in range(6) for product in products)
    finally:
        torch.set_float32_matmul_precision(before)


# ---------------------------------------------------------------------------------------------- peak memory


def status_bytes(name: str) -> int:
    """A line of /proc/self/status, such as VmHWM, the high-water mark of resident memory."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    raise OSError(f"/proc/self/status has no line {name}")


def rehearse() -> None:
    """One optimizer step of a tiny network.

    torch loads large parts of itself (60 MB) at the first optimizer, unless another library has loaded them before: not
    counted for one candidate and counted for the next.
    """
    tiny = nn.Conv2d(1, 1, 3)
    optimizer = torch.optim.AdamW(tiny.parameters())
    tiny(torch.zeros(1, 1, 8, 8)).sum().backward()
    optimizer.step()


def memory_of_this_process(candidate: Candidate, phase: str, batch: Batch, precision: str) -> int:
    """Bytes at the peak of three runs of one phase; called in a process of its own."""
    importlib.import_module(candidate.module)  # the library's own size is not the network's
    rehearse()
    on_cuda = batch.images.device.type == "cuda"
    baseline = 0 if on_cuda else status_bytes("VmRSS")
    runner = Runner(candidate, batch, precision)
    runner.prepare(phase)
    for _ in range(3):
        runner.run(phase)
    return torch.cuda.max_memory_allocated() if on_cuda else status_bytes("VmHWM") - baseline


def measure_memory(key: str, phase: str, device: torch.device, batch_size: int, precision: str) -> int | None:
    """Peak memory in bytes from a fresh process, or None where it cannot be measured."""
    if device.type == "cpu" and not Path("/proc/self/status").exists():
        return None
    options = ["--memory-of", key, phase, precision, "--device", device.type, "--batch-size", str(batch_size)]
    result = subprocess.run([sys.executable, __file__, *options], capture_output=True, text=True, check=False)
    if result.returncode:
        print(f"memory of {key} is not known, its process failed: {result.stderr.strip().splitlines()[-1:]}")
        return None
    return int(result.stdout.split()[-1])


# ---------------------------------------------------------------------------------------------- the report


@dataclass
class Row:
    """What is known of one candidate in one precision; dicts are by phase."""

    key: str
    title: str
    parameters: int
    seconds: dict[str, float]
    quartiles: dict[str, tuple[float, float]]
    images_per_second: dict[str, float]
    share_of_peak: dict[str, float]
    ratio: dict[str, float | None] = field(default_factory=dict)
    memory_bytes: dict[str, int | None] = field(default_factory=dict)


@dataclass
class Section:
    """All candidates in one precision."""

    precision: str
    peak_flops: float
    rows: list[Row]
    fastest_peer: dict[str, str | None]
    verdicts: list[str]


def make_row(runner: Runner, times: dict[str, list[float]], peak: float) -> Row:
    median = {phase: statistics.median(times[phase]) for phase in PHASES}
    return Row(
        key=runner.candidate.key,
        title=runner.candidate.title,
        parameters=runner.parameters,
        seconds=median,
        quartiles={phase: quartiles(times[phase]) for phase in PHASES},
        images_per_second={phase: len(runner.batch.images) / median[phase] for phase in PHASES},
        share_of_peak={phase: runner.count_flops(phase) / median[phase] / peak for phase in PHASES},
    )


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def find_fastest_peer(runners: Sequence[Runner], rows: Sequence[Row], phase: str) -> Row | None:
    peers = {runner.candidate.key for runner in runners if runner.candidate.is_peer and runner.candidate.same_size}
    return min((row for row in rows if row.key in peers), key=lambda row: row.seconds[phase], default=None)


def judge(rows: Sequence[Row], times: dict[str, dict[str, list[float]]], fastest: dict[str, str | None]) -> list[str]:
    """One line for each target. The quartiles are those of the ratios within single repetitions: the noise."""
    verdicts = []
    for key, phase, limit in TARGETS:
        row = next((row for row in rows if row.key == key), None)
        if row is None:
            continue
        what, peer = f"{row.title}, {phase}: at most {limit:.2f} x the fastest same-size peer", fastest[phase]
        if peer is None:
            verdicts.append(f"{what}: not judged, no peer of the same size ran ({HOW_TO_GET_PEERS})")
            continue
        low, high = quartiles([a / b for a, b in zip(times[key][phase], times[peer][phase], strict=True)])
        word = "met" if row.ratio[phase] <= limit else "MISSED"
        verdicts.append(f"{what}: {word}, {row.ratio[phase]:.3f} x {peer} (quartiles {low:.3f} to {high:.3f})")
    return verdicts


def measure_section(args: argparse.Namespace, batch: Batch, precision: str) -> Section:
    device = batch.images.device
    runners = build_runners(args.candidates, batch, precision)
    if not runners:
        sys.exit("nothing to measure")
    # the peak is measured before and after: a machine that was busy once does not flatter the shares
    peak = matmul_peak(device, precision)
    times = time_in_turn(runners, args.repetitions, args.warmup, args.calls, device, precision)
    peak = max(peak, matmul_peak(device, precision))
    rows = [make_row(runner, times[runner.candidate.key], peak) for runner in runners]
    fastest_rows = {phase: find_fastest_peer(runners, rows, phase) for phase in PHASES}
    for row in rows:
        row.ratio = {
            phase: fastest and row.seconds[phase] / fastest.seconds[phase] for phase, fastest in fastest_rows.items()
        }
    fastest = {phase: row and row.key for phase, row in fastest_rows.items()}
    verdicts = judge(rows, times, fastest)
    runners.clear()  # the memory is measured in other processes: leave it to them
    if args.memory:
        add_memory(rows, device, args.batch_size, precision)
    return Section(precision, peak, rows, fastest, verdicts)


def add_memory(rows: Sequence[Row], device: torch.device, batch_size: int, precision: str) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
    tasks = [(row, phase) for row in rows for phase in PHASES]
    for row, phase in tqdm(tasks, desc=f"{precision}, memory", unit="process", disable=None):
        row.memory_bytes[phase] = measure_memory(row.key, phase, device, batch_size, precision)


def here_in_bf16() -> bool:
    """Whether the processor computes in bfloat16, and has not been told to leave those instructions alone."""
    return computes_in_bf16(cpu=True) and torch.backends.cpu.get_cpu_capability() not in ("DEFAULT", "AVX2")


def describe_machine(device: torch.device) -> dict[str, str | int]:
    """The machine in general terms, as far as the numbers depend on it."""
    cpu = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():  # on Linux, platform knows the architecture only
        names = (line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("model name"))
        cpu = next((line.partition(":")[2].strip() for line in names), cpu)
    machine: dict[str, str | int] = {"cpu": cpu, "cpus": os.cpu_count() or 1, "threads": torch.get_num_threads()}
    machine["instructions"] = torch.backends.cpu.get_cpu_capability()
    if device.type == "cuda":
        machine["gpu"] = torch.cuda.get_device_name(device)
    return machine | {"system": platform.system(), "python": platform.python_version(), "torch": torch.__version__}


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Align columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        lines.append("  ".join(cells))
    return "\n".join(lines)


def format_markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *others])


def phase_cells(row: Row, phase: str) -> list[str]:
    memory, ratio = row.memory_bytes.get(phase), row.ratio[phase]
    return [
        f"{1000 * row.seconds[phase]:.1f}",
        "-" if ratio is None else f"{ratio:.3f}",
        f"{row.images_per_second[phase]:.1f}",
        f"{row.share_of_peak[phase]:.0%}",
        "-" if memory is None else f"{memory / 2**20:.0f}",
    ]


def print_section(section: Section) -> None:
    print(f"\n{section.precision}; matrix products reach {section.peak_flops / 1e12:.3f} TFLOP/s")
    columns = ["ms", "ratio", "images/s", "of peak", "MiB"]
    for phase in PHASES:
        print(f"\n{phase} (fastest same-size peer: {section.fastest_peer[phase] or 'none ran'})")
        cells = [[row.title, f"{row.parameters:,}", *phase_cells(row, phase)] for row in section.rows]
        print(format_table([["", "parameters", *columns], *cells]))
    print("", *section.verdicts, sep="\n")


# ---------------------------------------------------------------------------------------------- the command line


def whole_number(lowest: int, text: str) -> int:
    if not text.isdecimal() or int(text) < lowest:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed: a whole number of at least {lowest}")
    return int(text)


def make_parser() -> argparse.ArgumentParser:
    keys = [candidate.key for candidate in CANDIDATES]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--batch-size", type=partial(whole_number, 1), help="default: 16 on a CPU, 128 on CUDA")
    parser.add_argument("--repetitions", type=partial(whole_number, 1), default=7)
    parser.add_argument("--warmup", type=partial(whole_number, 0), default=2, help="rounds thrown away (default 2)")
    parser.add_argument("--only", nargs="+", choices=keys, metavar="NAME", help=f"a subset of {', '.join(keys)}")
    parser.add_argument("--compile", action="store_true", help="also measure torch.compile of the best mode")
    parser.add_argument("--no-memory", dest="memory", action="store_false", help="skip the peak memory")
    parser.add_argument("--json", type=local_path, metavar="OUT", help="write everything to this file as well")
    parser.add_argument("--memory-of", nargs=3, help=argparse.SUPPRESS)  # how this script calls itself
    return parser


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = make_parser()
    args = parser.parse_args(argv)
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device is 'cuda', but torch finds no CUDA device here; allowed: cpu")
    on_cuda = args.device != "cpu" and torch.cuda.is_available()
    args.device = torch.device("cuda" if on_cuda else "cpu")
    args.batch_size = args.batch_size or (128 if on_cuda else 16)
    args.calls = 10 if on_cuda else 1  # short calls on a GPU: time ten at once
    wanted = args.only or [
        candidate.key
        for candidate in CANDIDATES
        if (args.compile or not candidate.compiled) and (not candidate.bf16 or (not on_cuda and here_in_bf16()))
    ]
    args.candidates = [candidate for candidate in CANDIDATES if candidate.key in wanted]
    return args


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_arguments(argv)
    batch = make_batch(args.batch_size, args.device)
    if args.memory_of:
        key, phase, precision = args.memory_of
        candidate = next(candidate for candidate in CANDIDATES if candidate.key == key)
        print(memory_of_this_process(candidate, phase, batch, precision))
        return
    precisions = ["float32", "bfloat16"] if args.device.type == "cuda" else ["float32"]
    machine = describe_machine(args.device)
    sections = [measure_section(args, batch, precision) for precision in precisions]
    print("\n" + ", ".join(f"{name} {value}" for name, value in machine.items()))
    print(f"batch {args.batch_size}, {args.repetitions} repetitions after {args.warmup} for warm-up, medians")
    for section in sections:
        print_section(section)
    if args.json:
        settings = {"batch_size": args.batch_size, "repetitions": args.repetitions, "warmup": args.warmup}
        result = {"machine": machine, "settings": settings, "sections": [asdict(section) for section in sections]}
        write_text(args.json, json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
