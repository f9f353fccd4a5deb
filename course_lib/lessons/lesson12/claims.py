"""What lesson 12 states, proven: counts, memory, numbers of 16 bits, rates that are too large."""

import copy
import dataclasses
import inspect
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

import course_lib
from course_lib import SelfAttention, UNet
from course_lib.assets import asset_path
from course_lib.data import cifar10, load_dataset
from course_lib.ema import EMA
from course_lib.estimates import attention_multiply_adds, conv_multiply_adds
from course_lib.evaluation.metrics import frechet_distance
from course_lib.exporting.diffusers_folder import flow_scheduler, write_diffusers_folder
from course_lib.lessons.lesson12 import figures
from course_lib.lessons.lesson12.figures import kept_per_image, letter_of, meta_unet
from course_lib.lessons.lesson12.measure_loss_curves import NO_CLIPPING, RUNS, WELL
from course_lib.lessons.shared.claims import claim, lesson_text
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.tracing import trace
from course_lib.training import hardware
from course_lib.training.accelerator import make_accelerator
from course_lib.training.batches import Batch, share_of
from course_lib.training.config import PROFILES, make_process
from course_lib.training.loop import training_steps
from course_lib.training.start import new_state


def work(**options: object) -> int:
    return sum(row.multiply_adds for row in trace(meta_unet(**options)))


@claim(
    "1,728 is its number of weights. Each is used 1,024 times, once a pixel.",
    "`conv_in` goes from 3 to 64 channels at 32x32, 3x3 kernels.",
)
def conv_in_uses_each_weight_once_a_pixel() -> bool:
    return conv_multiply_adds(3, 64, 3, 32, 32) == 1728 * 1024 and 3 * 64 * 9 == 1728


@claim(
    "The whole network needs 2.15 billion multiply-adds an image",
    "2.15 billion, on paper and by measurement.",
    "43 % more work with attention everywhere",
)
def what_attention_everywhere_costs() -> bool:
    plain, everywhere = work(), work(attention_resolutions=(32, 16, 8))
    return round(plain / 1e9, 2) == 2.15 and round(100 * (everywhere / plain - 1)) == 43


@claim(
    "and has six of these blocks at 8x8.",
    "8x8 is cheap.",
    "Six attention blocks there are a twentieth of the multiply-adds.",
)
def attention_is_a_twentieth() -> bool:
    blocks = [row.output[1:] for row in trace(meta_unet()) if row.kind == "SelfAttention"]
    return blocks == [(256, 8, 8)] * 6 and 0.04 < 6 * attention_multiply_adds(256, 8, 8) / work() < 0.06


class Matrices(TorchFunctionMode):
    """Notes the shape of every softmax: the weights of attention."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function is torch.softmax:
            self.shapes.append(tuple(result.shape))
        return result


def attention_matrices(images: int, side: int = 32, **options: object) -> list[tuple[int, ...]]:
    """The shapes (B, heads, N, N) of a network's attention weights."""
    model = meta_unet(**options)
    with Matrices() as seen:
        model(*figures.inputs_for(model, images, side))
    return seen.shapes


@claim(
    "A matrix of 1,024 by 1,024 for each head, each image and each block at 32x32",
    "And the matrices lie in memory.",
    "At 32x32 time and memory hurt, and the multiply-adds show neither.",
)
def attention_everywhere_keeps_more_than_four_times_as_much() -> bool:
    everywhere = {"attention_resolutions": (32, 16, 8)}
    large = [shape for shape in attention_matrices(3, **everywhere) if shape[2] == 1024]
    blocks = len([row for row in trace(meta_unet(**everywhere)) if row.kind == "SelfAttention" and row.output[2] == 32])
    one_each = large == [(3, 4, 1024, 1024)] * blocks and blocks > 0
    return one_each and kept_per_image(meta_unet(**everywhere)) > 4 * kept_per_image(meta_unet())


@claim(
    "Parameters and multiply-adds grow four times (channels in times channels out).",
    "What is kept are feature maps: it doubles. The N x N weights of attention stay.",
)
def twice_the_channels() -> bool:
    narrow, wide = meta_unet(), meta_unet(base_channels=128)
    count = [sum(weights.numel() for weights in model.parameters()) for model in (narrow, wide)]
    costs, kept = work(base_channels=128) / work(), kept_per_image(wide) / kept_per_image(narrow)
    stay = attention_matrices(1) == attention_matrices(1, base_channels=128)
    return 3.8 < count[1] / count[0] <= 4 and 3.8 < costs <= 4 and 1.9 < kept <= 2 and stay


@claim(
    "Parameters stay. Convolutions cost four times as much, and so does what they keep.",
    "The matrices of attention, now at 16x16, grow sixteen times.",
)
def twice_the_image_size() -> bool:
    costs = [
        sum(row.multiply_adds for row in trace(meta_unet(), image_size=side) if row.kind == "Conv2d")
        for side in (32, 64)
    ]
    small, large = attention_matrices(1), attention_matrices(1, side=64)
    sizes = {math.prod(more) / math.prod(one) for one, more in zip(small, large, strict=True)}
    return costs[1] == 4 * costs[0] > 0 and {shape[2] for shape in large} == {16 * 16} and sizes == {16}


@claim("Heads make no difference to the count.", "Each has fewer channels, and there are more of them.")
def heads_cost_nothing() -> bool:
    def counted(heads: int) -> int:
        with FlopCounterMode(display=False) as counter:
            SelfAttention(64, heads)(torch.zeros(1, 64, 8, 8))
        return counter.get_total_flops()

    return counted(1) == counted(4) == counted(16) == 2 * attention_multiply_adds(64, 8, 8)


@claim(
    "The backward pass makes two gradients for every product (one for the weights, one for the input), so the rule of "
    "thumb is **three times the forward pass**.",
)
def a_training_step_costs_three_forward_passes() -> bool:
    model = meta_unet()
    with FlopCounterMode(display=False) as counter:
        loss = model(*figures.inputs_for(model, 2)).square().mean()
        forward = counter.get_total_flops()
        loss.backward()
    return 2.95 < counter.get_total_flops() / forward <= 3


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


@claim(
    "fp16 spends its bits on digits, bf16 on range.",
    "bf16 has float32's range, and 8 binary digits where fp16 has 11 and float32 has 24.",
)
def digits_and_range_of_the_formats() -> bool:
    digits = [
        1 - round(torch.tensor(torch.finfo(kind).eps).log2().item())
        for kind in (torch.bfloat16, torch.float16, torch.float32)
    ]
    return digits == [8, 11, 24] and torch.finfo(torch.bfloat16).max > 1e38


@claim(
    "four parts of 32, each loss divided by four, gradients added, one step.",
    "the gradient of 128.",
    "(Without the division it is four times that gradient.",
)
def added_means_of_parts_are_too_large() -> bool:
    x = torch.randn(128, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weight = torch.ones((), dtype=torch.float64, requires_grad=True)
    (whole,) = torch.autograd.grad((weight * x).square().mean(), weight)
    parts = sum(torch.autograd.grad((weight * part).square().mean(), weight)[0] for part in x.chunk(4))
    divided = sum(torch.autograd.grad((weight * part).square().mean() / 4, weight)[0] for part in x.chunk(4))
    return len(x.chunk(4)[0]) == 32 and torch.allclose(divided, whole) and torch.allclose(parts, 4 * whole)


@claim("AdamW hides the factor, since it divides by the gradient's size; clipping at 1 does not.)")
def adamw_hides_a_factor_and_clipping_does_not() -> bool:
    gradients = 0.4 * torch.randn(20, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def trained(factor: float, clipped: bool) -> torch.Tensor:
        weight = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.AdamW([weight], lr=0.1, eps=1e-12)
        for gradient in gradients:
            weight.grad = factor * gradient
            if clipped:
                torch.nn.utils.clip_grad_norm_([weight], 1.0)
            optimizer.step()
        return weight.detach()

    plain, clipped = ([trained(factor, cut) for factor in (1.0, 4.0)] for cut in (False, True))
    return torch.allclose(*plain) and float((clipped[1] - clipped[0]).abs().max()) > 0.01


@claim("So this library refuses a batch that the processes cannot share evenly.")
def uneven_shares_are_refused() -> bool:
    batch = Batch(*(torch.zeros(8) for _ in range(4)))
    if len(share_of(batch, 1, 2).images) != 4:
        return False
    try:
        share_of(batch, 0, 3)
    except ValueError as error:
        return "allowed: a multiple of the 3 processes" in str(error)
    return False


@claim(
    "In the first steps the weights are random, and AdamW's running means have seen next to nothing.",
    "Full steps may then throw the network about.",
)
def without_a_warm_up_the_first_steps_are_wild() -> bool:
    # with means of one gradient the step is the whole rate, however small the gradient
    weight = torch.zeros(2, requires_grad=True)
    weight.grad = torch.tensor([1e-4, -3.0])
    torch.optim.AdamW([weight], lr=0.01).step()
    whole = torch.allclose(weight.detach(), torch.tensor([-0.01, 0.01]), rtol=1e-3)
    rate = {"learning_rate": 2e-2, "grad_clip": NO_CLIPPING, "schedule": "constant"}
    careless, careful = (losses_of_parts("all is well", (9, {**rate, "warmup_steps": steps})) for steps in (0, 20))
    return whole and max(careless[4:]) > 1.2 * max(careful[4:])


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
    "comes out larger.",
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
    "A gradient of 0.00000001 is nothing special:",
    "two in a hundred are smaller, over 64 images at once, as many as in a batch of its training.",
    "With fp16 one has to multiply the loss by a large number and divide the gradients again.",
)
def small_gradients_vanish_in_fp16() -> bool:
    bits = [torch.finfo(kind).bits for kind in (torch.bfloat16, torch.float16)]
    small = torch.tensor(1e-8)
    kept = bits == [16, 16] and float(small.half()) == 0 and abs(float(small.bfloat16()) / 1e-8 - 1) < 0.01
    trained = shipped_model("ddpm")
    model, (images, labels) = copy.deepcopy(trained.model), load_dataset("fashion-mnist").batch(torch.arange(64))
    torch.manual_seed(0)
    gradients = torch.autograd.grad(
        trained.process.loss(model, images, labels), list(model.requires_grad_(True).parameters())
    )
    sizes = torch.cat([one.flatten().abs() for one in gradients])
    scaled = (1024 * sizes).half()
    smaller = float(((sizes > 0) & (sizes < 1e-8)).double().mean())
    return kept and round(100 * smaller) == 2 and int((scaled == 0).sum()) < 0.2 * int((sizes.half() == 0).sum())


@claim("With bf16 nothing has to be done, except to keep long sums (and averages:", "lesson 10) in float32.")
def long_sums_stop_in_bf16() -> bool:
    total = torch.zeros((), dtype=torch.bfloat16)
    for _ in range(1000):
        total = total + torch.tensor(1.0, dtype=torch.bfloat16)
    return float(total) == 256  # where the next number is 258


@claim(
    "Products are computed in bf16, which has 16 bits; weights, moments and average stay in float32.",
)
def what_mixed_precision_leaves_alone() -> bool:
    model, products = UNet(base_channels=32), []
    model.conv_in.register_forward_hook(lambda module, given, out: products.append(out.dtype))
    optimizer, average = torch.optim.AdamW(model.parameters()), EMA(model, 0.99)
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(*figures.inputs_for(model, 1)).square().mean()
    loss.backward()
    optimizer.step()
    moments = [state[name] for state in optimizer.state.values() for name in ("exp_avg", "exp_avg_sq")]
    stay = [*model.parameters(), *moments, *average.average.parameters()]
    return products == [torch.bfloat16] and {tensor.dtype for tensor in stay} == {torch.float32}


@claim("The two rows are from the README's table of benchmarks.")
def the_switches_stand_in_the_readme() -> bool:
    readme = (Path(course_lib.__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    table, rows = lesson_text("12"), ("eager", "channels_last, fused AdamW (float32)", "the same with bf16")
    ranges = []
    for row in rows:
        cells = next(line for line in readme.splitlines() if line.startswith(f"| {row}")).split("|")
        low, high = sorted(float(number) for number in cells[3].split(","))
        ranges.append(f"{low:.2f} to {high:.2f}")
    return all(one in table for one in ranges)


@claim(
    "This is the document's network on CIFAR-10, with flips, EMA 0.9999, a constant rate of 2e-4 after 5,000 steps of "
    "warm-up:",
)
def the_profile_for_a_gpu() -> bool:
    profile = PROFILES["gpu"]
    said = (profile.data, profile.ema_decay, profile.schedule, profile.learning_rate, profile.warmup_steps)
    widths = {name: value for name, value in profile.unet.items() if name != "dropout"}
    mirrored = "flip=True" in inspect.getsource(cifar10)
    return said == ("cifar10", 0.9999, "constant", 2e-4, 5000) and not widths and mirrored


@claim("Device, bf16 and `channels_last` are chosen by themselves.")
def what_is_chosen_by_itself() -> bool:
    found = []
    for able in (True, False):
        with mock.patch.object(hardware, "computes_in_bf16", return_value=able):
            found.append(hardware.memory_format_for(torch.device("cpu")))
    on_a_gpu = hardware.memory_format_for(torch.device("cuda"))
    here = make_accelerator(cpu=True).mixed_precision == ("bf16" if hardware.computes_in_bf16(cpu=True) else "no")
    return here and [*found, on_a_gpu] == [torch.contiguous_format, torch.channels_last, torch.channels_last]


@claim("falls, and jumps up where the run was resumed | the optimizer's state is gone |")
def a_resumed_run_jumps_up() -> bool:
    losses = shipped_results("loss_curves")["resumed without the moments"]["loss"]
    before, after = sum(losses[180:200]) / 20, sum(losses[200:220]) / 20
    return after > 1.2 * before and sum(losses[-20:]) / 20 < before


@claim(
    "with flow matching, as in this gallery, it ends far above, with a DDPM at a few hundredths.",
    "In a long run most of its fall is over early",
    "The pictures get better long after that.",
)
def losses_fall_early_and_pictures_improve_late() -> bool:
    runs = shipped_results("expectations")
    flow, ddpm = ([run["loss"] for name, run in runs.items() if name.startswith(method)] for method in ("flow", "ddpm"))
    # means of 20 steps: three of thirty are a tenth of the run
    early = all(losses[0] - losses[3] > 0.75 * (losses[0] - losses[-1]) for losses in flow + ddpm)
    ends = min(losses[-1] for losses in flow) > 0.1 > 0.05 > max(losses[-1] for losses in ddpm) > 0.01
    # the network of over twenty times as many steps, in two trainings (trained_steps counts those of the second):
    # little was left for the loss to fall, and much for the pictures
    stored = json.loads(asset_path("results/ablations.json").read_text(encoding="utf-8"))["runs"]
    short = [run["frechet"] for run in stored if run["variant"] == "full"]
    later = shipped_results("guidance")["flow, scale 1.5"]
    return early and ends and later["trained_steps"] > 5 * 600 and later["frechet"] < min(short) / 4


@claim("The document's network has 15.78 million parameters.")
def the_network_has_so_many_parameters() -> bool:
    return round(sum(parameter.numel() for parameter in meta_unet().parameters()) / 1e6, 2) == 15.78
