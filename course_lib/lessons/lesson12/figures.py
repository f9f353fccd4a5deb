"""Figures and measurements of lesson 12: what training costs, on paper and on this machine; loss curves."""

import copy
import dataclasses
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib import DDPM, SelfAttention, UNet
from course_lib.data.shapes import draw_shapes
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS, plain_ticks
from course_lib.tracing import SECTIONS
from course_lib.training.accelerator import make_accelerator
from course_lib.training.config import TrainingConfig, make_process
from course_lib.training.draw import IMAGE_SHAPE
from course_lib.training.hardware import computes_in_bf16
from course_lib.training.loop import training_steps
from course_lib.training.saved_model import TrainedModel
from course_lib.training.start import new_state

LETTERS = "ABCDEF"


# ---------------------------------------------------------------------------------------------- counting


def meta_unet(**options: object) -> UNet:
    """The document's network, or another, with shapes and no numbers: it costs nothing to make."""
    with torch.device("meta"):
        return UNet(**options)


def count_by_formula(
    model: UNet, conv: Callable[..., int], attention: Callable[..., int], image_size: int = 32
) -> dict[str, int]:
    """Multiply-adds of one image by the document's headings, worked out layer by layer from shapes.

    Args:
        model: a UNet on the meta device.
        conv, attention: the learner's `conv_multiply_adds` and `attention_multiply_adds`.
    """
    found = dict.fromkeys(SECTIONS.values(), 0)
    inside_attention = {
        id(part) for block in model.modules() if isinstance(block, SelfAttention) for part in block.modules()
    }
    hooks = []

    def note(path: str, count: Callable[[nn.Module, Tensor], int]) -> Callable:
        def hook(module: nn.Module, args: tuple, output: Tensor) -> None:
            found[SECTIONS[path.split(".")[0]]] += count(module, output)

        return hook

    for path, module in model.named_modules():
        if isinstance(module, SelfAttention):
            hooks.append(module.register_forward_hook(note(path, lambda _, out: attention(*out.shape[1:]))))
        elif isinstance(module, nn.Conv2d) and id(module) not in inside_attention:
            hooks.append(
                module.register_forward_hook(
                    note(
                        path,
                        lambda m, out: conv(m.in_channels, m.out_channels, m.kernel_size[0], *out.shape[2:]),
                    )
                )
            )
        elif isinstance(module, nn.Linear):
            hooks.append(module.register_forward_hook(note(path, lambda m, _: m.in_features * m.out_features)))
    with torch.no_grad():
        model(*inputs_for(model, 1, image_size))
    for hook in hooks:
        hook.remove()
    return found


def inputs_for(model: UNet, batch_size: int, image_size: int = 32) -> tuple[Tensor, Tensor, Tensor]:
    """Images, times and labels of zeros, on the model's device."""
    weight = model.conv_in.weight
    x = weight.new_zeros(batch_size, model.in_channels, image_size, image_size)
    return x, weight.new_zeros(batch_size), torch.zeros(batch_size, dtype=torch.int64, device=weight.device)


# ---------------------------------------------------------------------------------------------- memory


def bytes_kept(model: UNet, batch_size: int, bf16: bool = False) -> int:
    """What the network keeps between forward and backward, besides its parameters.

    Args:
        bf16: compute in mixed precision, on the CPU; the copies of the weights that it makes are counted as well.
    """
    own = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        # on the meta device nothing has an address, so storages are told apart by the object behind them
        if storage._cdata not in own:
            kept[storage._cdata] = storage.nbytes()
        return tensor

    model.train()
    hooks = torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor)
    # the output holds on to everything that is kept, so that no object is used twice
    with hooks, torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        output = model(*inputs_for(model, batch_size))
    total = sum(kept.values())
    del output
    return total


def kept_per_image(model: UNet, bf16: bool = False) -> int:
    """Bytes that one image more in the batch adds."""
    return bytes_kept(model, 2, bf16) - bytes_kept(model, 1, bf16)


def plot_memory(training_memory: Callable[[int, int, int], int], parameters: int, kept: int) -> None:
    """Draw the memory of training against the batch, and the sizes of some GPUs."""
    batches = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    fixed = [training_memory(parameters, 0, batch) / 1e9 for batch in batches]
    total = [training_memory(parameters, kept, batch) / 1e9 for batch in batches]
    figure, axis = plt.subplots(figsize=(8, 3.8), layout="constrained")
    places = range(len(batches))
    axis.plot(places, total, "o-", color=COLORS["blue"], label="in all")
    axis.plot(places, fixed, "s--", color=COLORS["orange"], label="the parameters and what they bring along")
    for size in (8, 24, 80):
        axis.axhline(size, color=COLORS["grey"], linestyle=":", linewidth=1)
        axis.annotate(f"a GPU with {size} GB", (0, size), (0, 3), textcoords="offset points", fontsize=9)
    axis.set_xticks(places, [str(batch) for batch in batches])
    axis.set(yscale="log", ylim=(0.1, 200), xlabel="images a step", ylabel="GB (worked out, float32)")
    plain_ticks(axis)
    figure.legend(frameon=False, loc="outside upper center", ncols=2)
    at = batches.index(128)
    show(
        figure,
        f"parameters bring {fixed[0]:.2f} GB along, whatever the batch; 128 images need {total[at]:.1f} GB in all.",
        "Memory against batch size on a logarithmic axis. The line of the parameters is flat; the line of all together "
        "begins a little above it and nearly doubles with every doubling from about 128 images on. Dotted lines mark "
        "GPUs of 8, 24 and 80 GB.",
    )


# ---------------------------------------------------------------------------------------------- time


def seconds_a_step(
    device: torch.device,
    batch_size: int,
    *,
    bf16: bool = False,
    channels_last: bool = False,
    compiled: bool = False,
    repetitions: int = 2,
    **options: object,
) -> float:
    """Seconds of one training step of the document's network: forward, backward, AdamW. The fastest of several.

    Args:
        options: arguments of `UNet` that differ from the document's.
    """
    torch.manual_seed(0)
    model = UNet(**options).to(device)
    images = torch.randn(batch_size, 3, 32, 32, device=device)
    if channels_last:
        model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    if compiled:
        model.compile()
    optimizer = torch.optim.AdamW(model.parameters(), fused=device.type in ("cpu", "cuda"))
    process, labels = DDPM(), torch.zeros(batch_size, dtype=torch.int64, device=device)
    found = []
    for _ in range(repetitions + 1):
        started = time.perf_counter()
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
            loss = process.loss(model, images, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        found.append(time.perf_counter() - started)
    return min(found[1:])  # the first one sets things up


def size_here() -> dict[str, int]:
    """Arguments of the UNet that is timed: the document's, or a narrow one where only the code is tested."""
    return {"base_channels": 16} if smoke() else {}


def time_switches(batch_size: int = 4) -> dict[str, float]:
    """Seconds a step of the document's network on this CPU, for number formats and memory layouts."""
    settings = {
        "float32": {},
        "float32, channels_last": {"channels_last": True},
        "bf16": {"bf16": True},
    }
    if not here_in_bf16():
        del settings["bf16"]  # emulated it takes ten times as long, and a minute of waiting
    return {
        name: seconds_a_step(torch.device("cpu"), batch_size, **setting, **size_here())
        for name, setting in tqdm(settings.items(), desc="settings", leave=False)
    }


def time_on_gpu(batch_size: int = 128) -> dict[str, dict[str, float]]:
    """Seconds a step and peak memory on an NVIDIA GPU, switch after switch; says what it would do without one."""
    if not torch.cuda.is_available():
        print(
            "No NVIDIA GPU here. With one, this cell times training steps of the document's network with "
            f"{batch_size} images: in float32, then with bf16, then also channels_last, then also compiled (a minute "
            "or two the first time), and prints the peak memory of each."
        )
        return {}
    settings: dict[str, dict] = {"float32": {}}
    settings["+ bf16"] = {"bf16": True}
    settings["+ channels_last"] = {"bf16": True, "channels_last": True}
    settings["+ compile"] = {"bf16": True, "channels_last": True, "compiled": True}
    found = {}
    for name, setting in tqdm(settings.items(), desc="settings", leave=False):
        torch.cuda.reset_peak_memory_stats()
        seconds = seconds_a_step(torch.device("cuda"), batch_size, repetitions=10, **setting)
        found[name] = {"seconds": seconds, "peak_bytes": torch.cuda.max_memory_allocated()}
        print(
            f"{name:16} {1000 * seconds:8.1f} ms a step, {batch_size / seconds:8.0f} images a second, peak "
            f"{found[name]['peak_bytes'] / 1e9:.1f} GB"
        )
    return found


def duration(seconds: float) -> str:
    """Seconds in the unit a person would use."""
    for unit, length in (("years", 365 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} seconds"


def here_in_bf16() -> bool:
    """Whether this processor computes in bf16 by itself."""
    return computes_in_bf16(cpu=True)


# ---------------------------------------------------------------------------------------------- several parts


def gradients_in_parts(sizes: Sequence[int]) -> float:
    """Gradient of the mean loss of a batch, against the mean of its parts' gradients.

    Args:
        sizes: images in each part.
    Returns: the largest difference, as a share of the largest gradient.
    """
    torch.manual_seed(0)
    count = sum(sizes)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.SiLU(), nn.Conv2d(4, 3, 3)).double()
    images, target = torch.randn(count, 3, 8, 8).double(), torch.randn(count, 3, 4, 4).double()

    def gradient(part: slice) -> Tensor:
        loss = F.mse_loss(model(images[part]), target[part])
        return torch.cat([one.flatten() for one in torch.autograd.grad(loss, list(model.parameters()))])

    whole, ends = gradient(slice(None)), torch.tensor([0, *sizes]).cumsum(0).tolist()
    parts = [gradient(slice(start, end)) for start, end in pairwise(ends)]
    mean = torch.stack(parts).mean(dim=0)
    return float((mean - whole).abs().max() / whole.abs().max())


# ---------------------------------------------------------------------------------------------- the learning rate


def plot_schedule(rate: Callable[..., float], peak: float, warmup_steps: int, steps: int) -> None:
    """Draw a constant and a cosine schedule with the same warm-up."""
    places = range(0, steps, max(1, steps // 400))
    figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
    for schedule, color, style in (("constant", "blue", "-"), ("cosine", "orange", "--")):
        rates = [rate(step, peak, warmup_steps, steps, schedule) for step in places]
        axis.plot(places, rates, style, color=COLORS[color], label=schedule)
    axis.set(xlabel="step", ylabel="learning rate")
    axis.yaxis.set_major_formatter(lambda rate, _: "0" if abs(rate) < 1e-9 else f"{1e4 * rate:g}e-4")
    axis.legend(frameon=False)
    first = rate(0, peak, warmup_steps, steps, "constant")
    last = [rate(steps - 1, peak, warmup_steps, steps, schedule) for schedule in ("constant", "cosine")]
    show(
        figure,
        f"two schedules that warm up towards {peak:g} in {warmup_steps} steps. The first step has {first:.2g}; "
        f"the last {last[0]:.2g} (constant) and {last[1]:.1g} (cosine).",
        "Two curves that rise together, nearly in a straight line. One stays at the top, the other falls to zero in "
        "the shape of half a cosine.",
    )


# ---------------------------------------------------------------------------------------------- resuming

TINY = TrainingConfig(
    data="shapes",
    unet={"base_channels": 8, "channel_mults": (1, 2), "num_res_blocks": 1, "dropout": 0.1},
    steps=12,
    batch_size=4,
    learning_rate=1e-3,
    schedule="cosine",
    ema_decay=0.9,
)


def resume_differences() -> dict[str, float]:
    """Train twelve steps in one go, and again with a break after six, saving more or less at the break.

    Returns: the largest difference of the final weights from those of the run without a break.
    """
    accelerator, process, dataset = make_accelerator(cpu=True), make_process(TINY), draw_shapes(64)

    def run(keep: Sequence[str] | None) -> Tensor:
        state = new_state(TINY, len(dataset.class_names), accelerator.device)
        for until in (TINY.steps,) if keep is None else (TINY.steps // 2, TINY.steps):
            for _ in training_steps(TINY, state, dataset, process, accelerator):
                if state.step == until:
                    break
            if keep is not None and until < TINY.steps:
                saved = copy.deepcopy(
                    {"model": state.model.state_dict(), "optimizer": state.optimizer.state_dict(), "step": state.step}
                )
                state = new_state(dataclasses.replace(TINY, seed=99), len(dataset.class_names), accelerator.device)
                state.model.load_state_dict(saved["model"])
                if "optimizer" in keep:
                    state.optimizer.load_state_dict(saved["optimizer"])
                if "step" in keep:
                    state.step = saved["step"]
        return torch.cat([parameter.detach().flatten() for parameter in state.model.parameters()])

    whole = run(None)
    cases = {
        "weights, optimizer, step": ("optimizer", "step"),
        "weights and step": ("step",),
        "weights and optimizer": ("optimizer",),
    }
    return {name: float((run(keep) - whole).abs().max()) for name, keep in tqdm(cases.items(), leave=False)}


# ---------------------------------------------------------------------------------------------- loss curves


def plot_gallery(with_names: bool = False) -> None:
    """Draw six loss curves from assets/results/loss_curves.json, by letter or also by name."""
    runs = shipped_results("loss_curves")
    figure, axes = plt.subplots(2, 3, figsize=(10.5, 5.4), layout="constrained")
    ends, ended = [], []
    for axis, letter, (name, run) in zip(axes.flat, LETTERS, runs.items(), strict=True):
        losses = run["loss"]
        axis.set(yscale="log", xlabel="step", ylabel="loss")
        axis.set_title(f"{letter}: {name}" if with_names else letter, fontsize=10)
        if len(losses) < run["steps"]:
            # a few steps and then no number: points, and axes of its own, or there would be nothing to see
            axis.plot(range(1, len(losses) + 1), losses, "o-", color=COLORS["blue"], markersize=6)
            axis.set(xlim=(0, 2 * len(losses)), ylim=(1, 1000), xticks=range(0, 2 * len(losses) + 1, 2))
            axis.annotate("then no\nnumber\nany more", (0.7, 0.35), xycoords="axes fraction", fontsize=9)
            ended.append(
                f"{letter} has axes of its own: its loss is {', '.join(f'{loss:.3g}' for loss in losses)}, and then no "
                "number any more"
            )
            continue
        axis.plot(losses, color=COLORS["sky"], linewidth=0.7)
        axis.plot(smoothed(losses), color=COLORS["blue"], linewidth=1.8)
        # one axis for all others, so that a flat curve looks flat
        axis.set(xlim=(0, run["steps"]), ylim=(0.15, 4))
        axis.set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
        axis.yaxis.minorticks_off()
        ends.append(f"{letter} {sum(losses[-20:]) / 20:.2g}")
    show(
        figure,
        "six runs of one small network; thin: every step, thick: the mean of the 20 around it. "
        + "".join(f"{one}. " for one in ended)
        + f"Means of the last 20 steps: {', '.join(ends)}.",
        "Six loss curves on logarithmic axes, A to F, five of them on equal ones: a slow decline, a fall with a bump "
        "in the middle, four points of which three lie far above the first, a smooth fall, a fall in a wide noisy "
        "band, and a quick fall that soon stops.",
    )


def smoothed(losses: Sequence[float], window: int = 20) -> list[float]:
    """For each step the mean of the `window` losses around it, fewer near the ends."""
    parts = [losses[max(0, i - window // 2) : i + window // 2] for i in range(len(losses))]
    return [sum(part) / len(part) for part in parts]


def letter_of(name: str) -> str:
    """The letter a run of the gallery has."""
    return LETTERS[list(shipped_results("loss_curves")).index(name)]


# ---------------------------------------------------------------------------------------------- other people's programs


def compare_with_diffusers(
    trained: TrainedModel, folder: Path, classes: Sequence[int] = (1, 5, 7, 8, 9)
) -> float | None:
    """Draw from one noise with the course's sampler and with diffusers' pipeline, and say how far they are apart.

    Returns: the largest difference of a pixel, from 0 to 1; None where diffusers is not installed.
    """
    if find_spec("diffusers") is None:
        print(f"The folder is written: {folder.name}. diffusers is not installed here, so nothing is drawn with it.")
        return None
    from diffusers import DDPMPipeline
    from diffusers.utils import logging

    logging.disable_progress_bar()
    pipeline = DDPMPipeline.from_pretrained(folder, trust_remote_code=True)
    pipeline.set_progress_bar_config(disable=True)
    steps, scale = 5 if smoke() else 50, 2.0
    pipeline.scheduler.register_to_config(shift_terminal=1 / steps)
    figure, axes = plt.subplots(2, len(classes), figsize=(1.4 * len(classes), 3.2), squeeze=False)
    difference = 0.0
    for column, label in enumerate(classes):
        pipeline.unet.draw_class(label, guidance_scale=scale)
        theirs = pipeline(
            num_inference_steps=steps, generator=torch.Generator().manual_seed(label), output_type="np"
        ).images
        # their pipeline takes no noise, but draws it first of all: here is the same once more
        noise = torch.randn(1, *IMAGE_SHAPE, generator=torch.Generator().manual_seed(label))
        ours = trained.process.sample(
            trained.model, noise.shape, torch.tensor([label]), num_steps=steps, guidance_scale=scale, noise=noise
        )
        ours = (ours.clamp(-1, 1) / 2 + 0.5).permute(0, 2, 3, 1).numpy()
        difference = max(difference, float(abs(ours - theirs).max()))
        for row, (who, image) in enumerate([("course", ours), ("diffusers", theirs)]):
            axes[row, column].imshow(image[0])
            axes[row, column].set_xticks([])
            axes[row, column].set_yticks([])
            axes[row, 0].set_ylabel(who)
        axes[0, column].set_title(trained.class_names[label], fontsize=9)
    caption = (
        f"each column: one noise, two programs. The largest difference of a pixel, from 0 to 1, is {difference:.1e}."
    )
    show(figure, caption, "Two rows of clothes, one drawn by the course and one by diffusers: in each column the same.")
    return difference
