"""Figures and experiments of lesson 06: what fits through a bottleneck, the stack, and what skips carry."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations, permutations
from math import prod

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.data import load_dataset
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS, as_picture
from course_lib.tracing import CAT, trace
from course_lib.unet import UNet

# what happens to the list of skips between encoder and decoder
Change = Callable[[list[Tensor]], list[Tensor]]
Levels = Sequence[Sequence[tuple[int, int]]]

STEPS, BATCH, LEARNING_RATE = 100, 16, 5e-3
TEST_IMAGES = range(9000, 9200)
# classes of which the first test image is shown: dress, sandal, shirt, sneaker, bag
SHOWN = (3, 5, 6, 7, 8)
CLEAN, NOISE = 0.7, 0.714  # weights with clean^2 + noise^2 = 1: as much image as noise
SIZES = {32: "32x32", 16: "16x16", 8: "8x8"}
HATCHES = {32: "", 16: "//", 8: "xx"}
SIZE_COLORS = {32: COLORS["blue"], 16: COLORS["orange"], 8: COLORS["green"]}


# ---------------------------------------------------------------------------------------------- the bottleneck


def numbers_on_the_way() -> list[tuple[str, tuple[int, ...], int]]:
    """Every step from the image to the middle of the document's network: name, shape of one image, how many numbers."""
    with torch.device("meta"):
        rows = trace(UNet(), batch_size=1)
    found = [("image", (3, 32, 32))]
    for row in rows:
        if row.section in ("INITIAL CONV", "ENCODER", "MIDDLE"):
            found.append((row.module, row.output[1:]))
    return [(name, shape, prod(shape)) for name, shape in found]


def plot_numbers() -> None:
    """Draw how many numbers describe one image at each step on the way down."""
    steps = numbers_on_the_way()
    image, bottom = steps[0][2], steps[-1][2]
    smallest = min(steps[1:], key=lambda step: step[2])
    figure, axes = plt.subplots(figsize=(9, 3.4))
    for place, (_, shape, count) in enumerate(steps):
        size = shape[-1]
        axes.bar(place, count / 1000, color=SIZE_COLORS[size] if place else COLORS["grey"], hatch=HATCHES[size])
        axes.text(place, count / 1000 + 0.8, f"{count / 1000:.1f}", ha="center", fontsize=8)
    axes.plot([-0.7, len(steps) - 0.4], [image / 1000] * 2, color="black", linestyle="--", linewidth=1)
    axes.text(len(steps) - 0.3, image / 1000, "the image itself", ha="left", va="bottom", fontsize=8)
    axes.set_xlim(-0.7, len(steps) + 2.2)
    axes.set_ylim(0, 74)
    axes.set_xticks(range(len(steps)), [f"{shape[0]}x{SIZES[shape[-1]]}" for _, shape, _ in steps], rotation=60)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_ylabel("numbers for one image, in thousands")
    axes.set_xlabel("step, from the image to the middle")
    show(
        figure,
        f"the image has {image:,} numbers, the bottom of the U {bottom:,}, and even the narrowest step, "
        f"{'x'.join(map(str, smallest[1]))}, has {smallest[2]:,}: nowhere is there too little room.",
        f"Bar chart. The image has {image:,} numbers; every later step has more than that, the fewest {smallest[2]:,}.",
    )


# ---------------------------------------------------------------------------------------------- the stack


def plot_stack(channels: Sequence[int], levels: Levels) -> None:
    """Draw the stack of skips after every push and every pop.

    Args:
        channels: of the skips, as `skip_channels` gives them.
        levels: what `decoder_channels` gives.
    """
    pairs = [pair for level in levels for pair in level]
    figure, axes = plt.subplots(figsize=(10.5, 4.4))
    widths = sorted(set(channels))
    palette = dict(zip(widths, (COLORS["blue"], COLORS["orange"], COLORS["green"]), strict=False))
    count = len(channels)
    for time in range(2 * count):
        pushing = time < count
        height = time + 1 if pushing else 2 * count - time
        for place in range(height):
            newest = place == height - 1
            leaves = newest and not pushing
            axes.add_patch(
                plt.Rectangle(
                    (time - 0.42, place + 0.05),
                    0.84,
                    0.9,
                    facecolor=palette.get(channels[place], COLORS["grey"]),
                    alpha=1.0 if newest else 0.3,
                    edgecolor="black" if newest else "none",
                    linestyle="--" if leaves else "-",
                    linewidth=1.5,
                )
            )
            weight = "bold" if newest else "normal"
            color = "white" if newest and channels[place] == widths[0] else "black"
            axes.text(
                time, place + 0.5, channels[place], ha="center", va="center", fontsize=8, weight=weight, color=color
            )
        below = "push" if pushing else "+".join(map(str, pairs[time - count]))
        axes.text(time, -0.25, below, ha="center", va="top", fontsize=7.5, rotation=0 if pushing else 45)
    axes.axvline(count - 0.5, color="black", linewidth=1)
    axes.text(count / 2 - 0.5, count + 0.5, "on the way down: nine pushes", ha="center")
    axes.text(count * 1.5 - 0.5, count + 0.5, "on the way up: nine pops (h + skip below)", ha="center")
    axes.set_xlim(-0.6, 2 * count - 0.3)
    axes.set_ylim(-1.7, count + 1.2)
    axes.set_ylabel("skips on the stack")
    axes.set_yticks(range(0, count + 1, 3))
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.grid(False)
    show(
        figure,
        f"the stack grows to {count} and is empty again after {count} pops. In full colour the newest skip; with a "
        "dashed edge, the one that is being taken. Below each pop the channels that go into that block.",
        f"{2 * count} columns of boxes, growing from 1 to {count} and shrinking again, each box with its channels; the "
        "box on top of each column is the newest and is the first to be taken.",
    )


def fitting_orders(shapes: Sequence[tuple[int, ...]]) -> tuple[int, int]:
    """How many orders of these skips fit the decoder's shapes, and how many there are. Counted, not computed."""
    fitting = total = 0
    for order in permutations(shapes):
        total += 1
        fitting += order == tuple(shapes)
    return fitting, total


# ---------------------------------------------------------------------------------------------- with and without


def kept(skips: list[Tensor]) -> list[Tensor]:
    """The skips as they are."""
    return skips


def emptied(skips: list[Tensor]) -> list[Tensor]:
    """Zeros of the same shapes: the same network, and nothing comes across."""
    return [torch.zeros_like(skip) for skip in skips]


def without(place: int) -> Change:
    """All skips but one."""
    return lambda skips: [torch.zeros_like(skip) if i == place else skip for i, skip in enumerate(skips)]


def swapped(one: int, other: int) -> Change:
    """Two skips in each other's place."""

    def change(skips: list[Tensor]) -> list[Tensor]:
        skips = list(skips)
        skips[one], skips[other] = skips[other], skips[one]
        return skips

    return change


@cache
def images() -> Tensor:
    """All 10,000 images that came with the course, (10000, 3, 32, 32)."""
    return load_dataset("fashion-mnist").batch(torch.arange(10_000))[0]


def task_pair(task: str, clean: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """What goes into the network and what should come out.

    Args:
        task: "image" (give the image back) or "noise" (find the noise in a mixture of image and noise).
    """
    if task == "image":
        return clean, clean
    noise = torch.randn(clean.shape, generator=generator)
    return CLEAN * clean + NOISE * noise, noise


def train(make: Callable[[], nn.Module], change: Change, task: str) -> nn.Module:
    """Make a network and train it for some seconds, with a progress bar; same seed, batches and steps every time.

    Args:
        make: a function without arguments; its network is called as net(x, change).
        change: what happens to the skips, in every step of training.
        task: see `task_pair`.
    """
    torch.manual_seed(0)
    net = make()
    generator = torch.Generator().manual_seed(0)
    steps = 8 if smoke() else STEPS
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    name = "with skips" if change is kept else "without skips"
    for _ in tqdm(range(steps), desc=f"{task}, {name}"):
        chosen = torch.randint(0, TEST_IMAGES.start, (BATCH,), generator=generator)
        x, target = task_pair(task, images()[chosen], generator)
        loss = F.mse_loss(net(x, change), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.eval()


@torch.no_grad()
def error(net: nn.Module, change: Change, task: str) -> float:
    """Mean squared error on 200 images that training has not seen, as a share of the target's own variance.

    1 is what a network reaches that always answers with the mean; 0 is perfect.
    """
    generator = torch.Generator().manual_seed(1)
    x, target = task_pair(task, images()[list(TEST_IMAGES)], generator)
    return float(F.mse_loss(net(x, change), target) / target.var())


@torch.no_grad()
def plot_reconstructions(net: nn.Module, net_without: nn.Module) -> None:
    """Show unseen images, what both networks give back, and where they are wrong."""
    labels = load_dataset("fashion-mnist").batch(torch.arange(TEST_IMAGES.start, TEST_IMAGES.stop))[1].tolist()
    originals = images()[[TEST_IMAGES[labels.index(label)] for label in SHOWN]]
    outputs = (net(originals, kept), net_without(originals, emptied))
    errors = [error(net, kept, "image"), error(net_without, emptied, "image")]
    rows = [
        ("original", originals, "gray", -1, 1),
        ("with skips", outputs[0], "gray", -1, 1),
        ("without", outputs[1], "gray", -1, 1),
        ("error with", (outputs[0] - originals).abs(), "viridis", 0, 1),
        ("error without", (outputs[1] - originals).abs(), "viridis", 0, 1),
    ]
    spaces = {"wspace": 0.05, "hspace": 0.05}
    figure, grid = plt.subplots(len(rows), len(SHOWN), figsize=(6.4, 6.4), gridspec_kw=spaces)
    for axes_row, (name, batch, colormap, low, high) in zip(grid, rows, strict=True):
        for axes, image in zip(axes_row, batch, strict=True):
            drawn = axes.imshow(image.mean(dim=0), cmap=colormap, vmin=low, vmax=high)
            as_picture(axes)
        axes_row[0].set_ylabel(name, rotation=0, ha="right", va="center")
    scale = figure.add_axes((0.92, 0.12, 0.025, 0.28))
    figure.colorbar(drawn, cax=scale, label="error, of 2 from\nblack to white")
    show(
        figure,
        f"unseen images and what came back. With skips {errors[0]:.2%} of the images' variance is lost, without "
        f"skips {errors[1]:.1%}: what stays is a blur of roughly the right shape, without print, strap or edge.",
        "Five columns of clothes, five rows: originals, sharp reconstructions with skips, blurred ones without, and "
        "two rows of error maps; the last row is bright along edges and patterns.",
    )


@torch.no_grad()
def plot_frequencies(net: nn.Module, net_without: nn.Module) -> None:
    """Draw the power of each network's error beside that of the images, from coarse waves to fine ones."""
    originals = images()[list(TEST_IMAGES)]
    lost = {
        "without skips": net_without(originals, emptied) - originals,
        "with skips": net(originals, kept) - originals,
    }
    power = by_frequency(originals)
    figure, axes = plt.subplots(figsize=(7, 3.4))
    shares = {}
    for (name, residual), color, marker in zip(
        lost.items(), (COLORS["vermilion"], COLORS["blue"]), ("s", "o"), strict=True
    ):
        shares[name] = (by_frequency(residual) / power).tolist()
        axes.plot(range(1, 17), shares[name], color=color, marker=marker, label=name)
    axes.axvline(4, color=COLORS["grey"], linestyle="--")
    axes.text(4.15, 0.93, "finest wave an 8x8 grid can carry", fontsize=8, transform=axes.get_xaxis_transform())
    axes.set_xlabel("waves across the image (right: finer detail)")
    axes.set_ylabel("power of the error / of the image")
    axes.set_ylim(0, 1.25)
    axes.set_xticks(range(2, 17, 2))
    axes.legend(loc="upper right", bbox_to_anchor=(1.0, 0.72))
    fine = {name: fine_power(residual) / fine_power(originals) for name, residual in lost.items()}
    show(
        figure,
        f"what gets lost is detail. In waves that fit 8 times or more across the image the error has "
        f"{fine['without skips']:.0%} of the image's power without skips, and {fine['with skips']:.0%} with them.",
        "Two lines over spatial frequency. Without skips the error rises with frequency to as much power as the image "
        "has; with skips it stays low until the finest waves, where it rises as well.",
    )


def by_frequency(batch: Tensor) -> Tensor:
    """Mean power of the grey images in rings of equal spatial frequency, 1 to 16 waves across the image: (16,)."""
    power, ring = power_and_ring(batch)
    return torch.stack([power[ring == number].mean() for number in range(1, 17)])


def fine_power(batch: Tensor) -> float:
    """Power of all waves that fit 8 times or more across the image, those of the spectrum's corners among them."""
    power, ring = power_and_ring(batch)
    return float(power[ring >= 8].sum())


def power_and_ring(batch: Tensor) -> tuple[Tensor, Tensor]:
    """Of every wave the mean power in the grey images, and how often it fits across the image, rounded: (32, 32)."""
    power = torch.fft.fft2(batch.mean(dim=1)).abs().square().mean(dim=0)
    waves = torch.fft.fftfreq(32, d=1 / 32)
    return power, (waves[:, None].square() + waves[None, :].square()).sqrt().round().long()


def try_swaps(net: nn.Module, task: str) -> dict[tuple[int, int], float | None]:
    """The error after each swap of two skips, and None where torch refuses."""
    found: dict[tuple[int, int], float | None] = {}
    for pair in combinations(range(9), 2):
        try:
            found[pair] = error(net, swapped(*pair), task)
        except (RuntimeError, ValueError):
            found[pair] = None
    return found


def plot_swaps(net: nn.Module, task: str, found: dict[tuple[int, int], float | None]) -> None:
    """Draw which swaps raise an error, and what the others do."""
    right = error(net, kept, task)
    silent = {pair: value for pair, value in found.items() if value is not None}
    figure, axes = plt.subplots(figsize=(5.6, 4.6))
    for (one, other), value in found.items():
        refused = value is None
        axes.add_patch(
            plt.Rectangle(
                (one - 0.5, other - 0.5),
                1,
                1,
                facecolor=COLORS["light"] if refused else COLORS["vermilion"],
                edgecolor="white",
                hatch="" if refused else "//",
            )
        )
        text = "error" if refused else f"x{value / right:.1f}" if value > 10 * right else f"x{value / right:.2f}"
        axes.text(
            one,
            other,
            text,
            ha="center",
            va="center",
            fontsize=7 if refused else 8,
            color="#555555" if refused else "black",
            weight="normal" if refused else "bold",
            bbox=None if refused else {"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )
    axes.set_xlim(-0.5, 8.5)
    axes.set_ylim(8.5, -0.5)
    axes.set_xticks(range(9))
    axes.set_yticks(range(9))
    axes.set_xlabel("skip number, in the order of pushing")
    axes.set_ylabel("swapped with skip number")
    axes.grid(False)
    worst = max(silent.values())
    show(
        figure,
        f"{len(found) - len(silent)} of {len(found)} swaps raise an error. {len(silent)} raise none (hatched: how many "
        f"times larger the network's error becomes); the worst multiplies it by {worst / right:.3g}.",
        "Triangle of 36 cells, one for each pair of skips. Most say error; five near the diagonal are hatched and "
        "carry a factor.",
    )


def errors_without_each(net: nn.Module, task: str) -> list[float]:
    """The trained network's error with each skip alone replaced by zeros."""
    return [error(net, without(place), task) for place in range(9)]


def plot_each_skip(net: nn.Module, task: str, shapes: Sequence[tuple[int, ...]], errors: Sequence[float]) -> None:
    """Draw how much worse the network gets when one skip is taken away."""
    right = error(net, kept, task)
    figure, axes = plt.subplots(figsize=(8, 3.4))
    for place, (shape, value) in enumerate(zip(shapes, errors, strict=True)):
        size = shape[-1]
        axes.bar(place, value, color=SIZE_COLORS[size], hatch=HATCHES[size], edgecolor="white")
        axes.text(place, value, f"{value:.2g}", ha="center", va="bottom", fontsize=8)
    axes.axhline(right, color="black", linestyle="--", linewidth=1)
    axes.set_xticks(range(9), [f"{place}\n{SIZES[shape[-1]]}" for place, shape in enumerate(shapes)])
    axes.set_xlabel("the skip that is replaced by zeros, in the order of pushing, and its size")
    axes.set_ylabel("error (1: knows nothing)")
    worst = max(range(9), key=lambda place: errors[place])
    show(
        figure,
        f"with all nine skips the error is {right:.2g} (dashed). Losing skip {worst} hurts most: {errors[worst]:.2g}. "
        f"Losing the last skip pushed, number 8, gives {errors[8]:.2g}.",
        "Nine bars, one for each skip taken away; the tallest belong to skips of 32x32 pixels.",
    )


def plot_noise(found: dict[str, float]) -> None:
    """Draw the share of noise that is not found, by name of the network."""
    figure, axes = plt.subplots(figsize=(6.5, 2.4))
    for place, (value, color, hatch) in enumerate(
        zip(found.values(), (COLORS["blue"], COLORS["vermilion"]), ("", "//"), strict=True)
    ):
        axes.barh(place, value, color=color, hatch=hatch, edgecolor="white")
        axes.text(value + 0.01, place, f"{value:.2f}", va="center")
    axes.axvline(1, color="black", linestyle="--", linewidth=1)
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(-0.6, len(found) - 0.4)
    axes.set_xlim(0, 1.25)
    axes.set_xlabel("error (1, dashed: no better than answering 0 everywhere)")
    values = list(found.values())
    show(
        figure,
        f"the error in predicting noise is {values[0]:.2f} with skips and {values[1]:.2f} without.",
        "Two horizontal bars: a short one with skips, one that reaches about 1 without skips.",
    )


def shapes_of_skips() -> list[tuple[int, ...]]:
    """Shapes of the nine skips of the document's network, measured, for one image."""
    with torch.device("meta"):
        rows = trace(UNet(), batch_size=1)
    return [row.inputs[1][1:] for row in reversed(rows) if row.kind == CAT]


def measured_pairs(batch_size: int = 4) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Shapes of h and of the skip at every concatenation of the document's network, measured, in order."""
    with torch.device("meta"):
        rows = trace(UNet(), batch_size=batch_size)
    return [(row.inputs[0], row.inputs[1]) for row in rows if row.kind == CAT]
