"""What lesson 12 states, proven: counts, memory, numbers of 16 bits, rates that are too large."""

import dataclasses
import inspect
import math
import subprocess
import sys
from collections.abc import Iterator
from unittest import mock

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from course_lib import UNet
from course_lib.data import load_dataset
from course_lib.estimates import attention_multiply_adds, conv_multiply_adds
from course_lib.evaluation.metrics import frechet_distance
from course_lib.exporting.diffusers_folder import flow_scheduler, write_diffusers_folder
from course_lib.lessons.lesson12 import figures
from course_lib.lessons.lesson12.figures import kept_per_image, letter_of, meta_unet
from course_lib.lessons.lesson12.measure_loss_curves import RUNS, WELL
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.results import shipped_results
from course_lib.tracing import trace
from course_lib.training.accelerator import make_accelerator
from course_lib.training.config import make_process
from course_lib.training.loop import training_steps
from course_lib.training.train import new_state


def work(**options: object) -> int:
    return sum(row.multiply_adds for row in trace(meta_unet(**options)))


@claim(
    "1,728 is its number of weights. Each is used 1,024 times, once a pixel.",
    "`conv_in` goes from 3 to 64 channels at 32x32, 3x3 kernels.",
)
def conv_in_uses_each_weight_once_a_pixel() -> bool:
    return conv_multiply_adds(3, 64, 3, 32, 32) == 1728 * 1024 and 3 * 64 * 9 == 1728


@claim("2.15 billion, on paper and by measurement.", "43 % more work with attention everywhere")
def what_attention_everywhere_costs() -> bool:
    plain, everywhere = work(), work(attention_resolutions=(32, 16, 8))
    return round(plain / 1e9, 2) == 2.15 and round(100 * (everywhere / plain - 1)) == 43


@claim("Six attention blocks there are a twentieth of the multiply-adds.")
def attention_is_a_twentieth() -> bool:
    return 0.04 < 6 * attention_multiply_adds(256, 8, 8) / work() < 0.06


@claim("At 32x32 it is memory that hurts.")
def attention_everywhere_keeps_more_than_four_times_as_much() -> bool:
    return kept_per_image(meta_unet(attention_resolutions=(32, 16, 8))) > 4 * kept_per_image(meta_unet())


@claim("What training keeps of an image (section 12.4 measures it) grows from 26 MB to 127 MB.")
def what_attention_everywhere_keeps() -> bool:
    models = meta_unet(), meta_unet(attention_resolutions=(32, 16, 8))
    return [round(kept_per_image(model) / 1e6) for model in models] == [26, 127]


@claim("More than half of it is in the decoder, which has nine blocks where the encoder has six")
def more_than_half_is_in_the_decoder() -> bool:
    rows = trace(meta_unet())
    blocks = {
        side: sum(row.kind == "ResidualBlock" and row.section == side for row in rows)
        for side in ("ENCODER", "DECODER")
    }
    share = sum(row.multiply_adds for row in rows if row.section == "DECODER") / work()
    return share > 0.5 and blocks == {"ENCODER": 6, "DECODER": 9}


@claim("half the batch, or half the channels, halves what is kept")
def half_the_channels_halve_what_is_kept() -> bool:
    return 0.45 < kept_per_image(meta_unet(base_channels=32)) / kept_per_image(meta_unet()) < 0.55


class AsOnAnNvidiaGPU(TorchFunctionMode):
    """Compute GroupNorm and softmax in float32, as PyTorch's mixed precision does on an NVIDIA GPU and not on a CPU."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function not in (F.group_norm, torch.softmax):
            return function(*args, **(kwargs or {}))
        with torch.autocast("cpu", enabled=False):
            return function(args[0].float(), *args[1:], **(kwargs or {}))


@claim(
    "Two bytes instead of four.",
    "Then what goes into a norm is kept in float32, and so is what comes out of it, for the SiLU behind it.",
    "That is most of what is kept:",
    "expect nearly nine tenths of float32's there",
    "bf16 does it on a processor, and not on an NVIDIA GPU: section 12.5.",
)
def norms_in_float32_keep_most_in_float32() -> bool:
    model = UNet()
    plain, on_a_cpu = kept_per_image(model), kept_per_image(model, bf16=True)
    with AsOnAnNvidiaGPU():
        on_a_gpu = kept_per_image(model, bf16=True)
    return 0.49 < on_a_cpu / plain < 0.51 and 0.86 < on_a_gpu / plain < 0.9


@claim("bf16 has float32's range, and 8 binary digits where fp16 has 11 and float32 has 24.")
def digits_and_range_of_the_formats() -> bool:
    digits = [
        1 - round(torch.tensor(torch.finfo(kind).eps).log2().item())
        for kind in (torch.bfloat16, torch.float16, torch.float32)
    ]
    return digits == [8, 11, 24] and torch.finfo(torch.bfloat16).max > 1e38


@claim("(Without the division it is four times that gradient.")
def added_means_of_parts_are_too_large() -> bool:
    x = torch.randn(128, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weight = torch.ones((), dtype=torch.float64, requires_grad=True)
    (whole,) = torch.autograd.grad((weight * x).square().mean(), weight)
    parts = sum(torch.autograd.grad((weight * part).square().mean(), weight)[0] for part in x.chunk(4))
    return torch.allclose(parts, 4 * whole)


@claim("(the gallery's runs of 400 steps are too short to show the flat part)")
def the_gallery_has_400_steps() -> bool:
    return {row["steps"] for row in shipped_results("loss_curves").values()} == {400}


def losses_of_parts(name: str, *parts: tuple[int, dict[str, float]]) -> list[float]:
    """The losses of a run of the gallery whose settings change on the way: (steps, what differs from the gallery's)."""
    config = dataclasses.replace(WELL, **RUNS[name])
    accelerator, dataset, process = make_accelerator(cpu=True), load_dataset(config.data), make_process(config)
    state, seen = new_state(config, len(dataset.class_names), accelerator.device), []
    for steps, changes in parts:
        part = dataclasses.replace(config, steps=state.step + steps, **changes)
        for loss in training_steps(part, state, dataset, process, accelerator):
            seen.append(loss.item())
            if not math.isfinite(seen[-1]):
                return seen
    return seen


CAREFULLY = {"warmup_steps": 10, "grad_clip": 1.0}


@claim("rate much too large (warm-up and clipping only put C's end off) | a tenth of the rate, or a hundredth;")
def warm_up_and_clipping_put_the_end_off() -> bool:
    at_once, later = (losses_of_parts("diverged", (30, changes)) for changes in ({}, CAREFULLY))
    return letter_of("diverged") == "C" and len(at_once) < len(later) < 30


@claim(
    "rate too large: its steps spoil the weights, whenever they come",
    "start again with a tenth of the rate (warm-up and clipping do not help F, nor does going on from its weights)",
)
def steps_that_are_too_large_spoil_the_weights() -> bool:
    name, tenth = "learning rate too large", {"learning_rate": RUNS["learning rate too large"]["learning_rate"] / 10}
    anew = losses_of_parts(name, (20, tenth), (10, {}))
    careful, gone_on = losses_of_parts(name, (20, CAREFULLY)), losses_of_parts(name, (10, {}), (10, tenth))
    well = sum(anew[15:20]) / 5
    spoiled = [sum(losses[-5:]) / 5 for losses in (anew, careful, gone_on)]
    return letter_of(name) == "F" and well < 1 < 1.15 < min(spoiled)


@claim(
    "All are over 50,000 pictures, without guidance; over fewer, as the 1,000 that the command draws by itself, an FID "
    "comes out larger:",
)
def a_distance_over_fewer_pictures_comes_out_larger() -> bool:
    command = [sys.executable, "-m", "course_lib", "evaluate", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    known = all(f"{option} " in told for option in ("--count", "--steps", "--guidance"))
    normal = torch.randn(12_000, 64, generator=torch.Generator().manual_seed(0))
    few, many = (frechet_distance(normal[:count], normal[6_000:]) for count in (100, 6_000))
    return known and "pictures to draw and judge (default: 1000)" in " ".join(told.split()) and few > 10 * many


@claim("A flow matching folder is spaced for 50 steps.")
def a_folder_is_spaced_for_50_steps() -> bool:
    steps = inspect.signature(write_diffusers_folder).parameters["num_steps"].default
    return steps == 50 and flow_scheduler(steps)["shift_terminal"] == 1 / 50


@claim(
    "Where it was lost the counter began at 0 again, and that run took 18 steps in all.",
    "go on until their counter says twelve",
)
def the_lost_counter_costs_six_steps() -> bool:
    taken = []

    def counted(*args: object) -> Iterator:
        for loss in training_steps(*args):
            taken.append(1)
            yield loss

    with mock.patch.object(figures, "training_steps", counted):
        figures.resume_differences()
    return len(taken) == 12 + 12 + 12 + 18


@claim(
    "Both have 16 bits.",
    "With fp16 one has to multiply the loss by a large number and divide the gradients again.",
)
def small_gradients_vanish_in_fp16() -> bool:
    bits = [torch.finfo(kind).bits for kind in (torch.bfloat16, torch.float16)]
    small = torch.tensor(1e-8)
    return bits == [16, 16] and float(small.half()) == 0 and abs(float(small.bfloat16()) / 1e-8 - 1) < 0.01
