"""Figures of lesson 03: what group normalisation does, a deaf block, what shortcuts are worth, how far a block sees."""

import math
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor, nn

from course_lib import ResidualBlock, TimeEmbedding
from course_lib.data import load_dataset
from course_lib.lessons.shared.chain_narrow import show_chain
from course_lib.lessons.shared.show import show
from course_lib.lessons.shared.style import COLORS, as_picture

BOOT = 0  # of the data set: an ankle boot


def plot_block(asked: int | None = None) -> None:
    """The residual block: the branch, what joins it on the way, and the shortcut; `asked`: the step to mark."""
    steps = ("GroupNorm", "SiLU", "Conv 3x3", "+", "GroupNorm", "SiLU", "Dropout", "Conv 3x3", "+")
    shapes = ("", "", "C_in → C_out", "", "", "", "", "C_out → C_out")
    show_chain(
        steps,
        "the residual block. The branch runs through the middle, and the shortcut around it. What knows the time comes "
        "in half way, after the first convolution."
        + ("" if asked is None else " Orange: the step that is asked about."),
        "A chain of steps from x to output: GroupNorm, SiLU, 3x3 convolution, plus time and class from the side, "
        "GroupNorm, SiLU, Dropout, 3x3 convolution, plus the shortcut, a line from x around all of them."
        + ("" if asked is None else f" Step {asked + 1} of them is orange."),
        marked=() if asked is None else (asked,),
        shortcut="the shortcut: x itself, or a 1x1 convolution of it where the channels differ",
        joins="time and class",
        shapes=shapes,
    )


def plot_groups(channels: int = 8, size: int = 3, settings: Sequence[int] = (1, 2, 8)) -> None:
    """The numbers of one image as a block of small cubes; those of one colour share a mean and a variance."""
    figure, axes = plt.subplots(1, len(settings), figsize=(9.3, 2.9), subplot_kw={"projection": "3d"})
    palette = [*(COLORS[name] for name in ("blue", "orange", "sky", "vermilion", "green", "light", "grey")), "white"]
    filled = torch.ones(channels, size, size, dtype=torch.bool).numpy()
    for axis, groups in zip(axes, settings, strict=True):
        group = [channel * groups // channels for channel in range(channels)]
        colors = [[[palette[number % len(palette)]] * size] * size for number in group]
        axis.voxels(filled, facecolors=np.array(colors), edgecolor="black", linewidth=0.4, shade=False)
        each = channels // groups
        axis.set_title(f"{groups} group{'s' * (groups > 1)}, {each} channel{'s' * (each > 1)} in each")
        axis.set_xlabel("channels", labelpad=2)
        axis.set_ylabel("W", labelpad=-13)
        axis.set_zlabel("H", labelpad=-14)
        axis.set_box_aspect((channels, size, size), zoom=1.05)
        for side in (axis.xaxis, axis.yaxis, axis.zaxis):
            side.pane.set_visible(False)
        axis.set(xticks=range(0, channels + 1, 2), yticks=[], zticks=[])
        axis.tick_params(axis="x", pad=-3, labelsize=8)
        axis.view_init(elev=24, azim=-58)
    figure.subplots_adjust(left=0.01, right=0.97, top=0.98, bottom=0.04, wspace=0.12)
    show(
        figure,
        f"the numbers of one image, {channels} channels of H x W pixels. Cubes of one colour are normalised together: "
        "they share one mean and one variance.",
        f"Three blocks of {channels} slices, one a channel. Left all slices have one colour, in the middle the first "
        "half has another colour than the second, and on the right each slice has its own.",
    )


def plot_normalized_channels(normalize_groups: Callable[[Tensor, int], Tensor]) -> None:
    """Mean and spread of eight channels, before and after normalising them in two groups of four."""
    generator = torch.Generator().manual_seed(0)
    means, spreads = torch.tensor([3.0, 4.0, 5.0, 6.0, -2.0, -1.0, -3.0, 0.0]), torch.linspace(0.4, 2.2, 8)
    x = torch.randn(1, 8, 32, 32, generator=generator) * spreads[:, None, None] + means[:, None, None]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
    for axis, values, title in zip(axes, (x, normalize_groups(x, 2)), ("before", "after"), strict=True):
        channels = values[0].flatten(1)
        for group, (color, marker) in enumerate((("blue", "o"), ("orange", "s"))):
            places = range(4 * group, 4 * group + 4)
            axis.errorbar(
                places,
                channels[places].mean(1),
                yerr=channels[places].std(1),
                fmt=marker,
                color=COLORS[color],
                capsize=4,
                label=f"group {group + 1}",
            )
        axis.set(title=f"{title} normalize_groups(x, 2)", xlabel="channel", xticks=range(8))
        axis.axhline(0, color=COLORS["grey"], linewidth=0.8)
    axes[0].set_ylabel("mean and spread of its pixels")
    axes[0].legend()
    after = normalize_groups(x, 2).reshape(2, -1)
    show(
        figure,
        f"each group of four ends with mean {abs(after[0].mean().item()):.2f} and standard deviation "
        f"{after[0].std().item():.2f}. Inside a group the channels keep their order.",
        "Two panels of eight points with error bars, in two groups. Left: the groups lie far apart. Right: both are "
        "centred on zero, and the differences between channels of a group remain, in each shrunk by one factor.",
    )


def try_to_add(h: Tensor, emb: Tensor) -> dict[str, bool]:
    """Try to add embeddings (B, dim) to feature maps (B, C, H, W): as they are, and with one repair at a time.

    Returns: for each repair, whether it is enough.
    """
    attempts = {
        "as they are": emb,
        "new axes": emb[:, :, None, None],
        "fewer channels": emb[:, : h.shape[1]],
    }
    told = {"new axes": "with axes for H and W", "fewer channels": f"the first {h.shape[1]} of {emb.shape[1]} numbers"}
    works = {}
    for name, attempt in attempts.items():
        print(f"{told.get(name, name)}:")
        try:
            print(f"    works, {tuple((h + attempt).shape)}")
            works[name] = True
        except RuntimeError as error:
            print(f"    {error}")
            works[name] = False
    return works


def plot_deafness(changes: dict[str, float]) -> str:
    """Draw how much the output changes with the time, by number of groups; returns the name of the deaf setting."""
    names, values = list(changes), list(changes.values())
    deaf = min(changes, key=changes.get)
    figure, axis = plt.subplots(figsize=(7.6, 3.6), layout="constrained")
    # points, not bars: a logarithmic axis has no zero for bars to stand on
    for place, (name, value) in enumerate(changes.items()):
        color, marker = ("vermilion", "s") if name == deaf else ("blue", "o")
        axis.plot(place, value, marker, color=COLORS[color], markersize=10)
        text = f"{value:.0e}\nonly rounding" if name == deaf else f"{value:.3f}"
        axis.annotate(text, (place, value), (0, 9), textcoords="offset points", ha="center", fontsize=9)
    axis.set_xticks(range(len(names)), [name.replace(" a ", "\na ").replace(" of ", "\nof ") for name in names])
    axis.set(yscale="log", xlim=(-0.6, len(names) - 0.4), ylim=(min(values) / 4, 2))
    axis.set_ylabel("relative change of the branch")
    axis.set_xlabel("groups of norm2, for 128 channels")
    show(
        figure,
        f"change of the branch when t goes from 5 to 900. With {deaf} it is {changes[deaf]:.0e}, only "
        f"rounding; with 64 groups of 2 it is {changes['64 groups of 2']:.2f}, with 32 groups of 4 "
        f"{changes['32 groups of 4']:.2f}.",
        "Five points on a logarithmic axis. Four are of similar height; the fifth, one channel a group, lies a hundred "
        "thousand times lower or more.",
    )
    return deaf


def times_far_apart(emb_dim: int) -> Tensor:
    """Time embeddings of t = 5 and t = 900, (2, emb_dim), from an untrained TimeEmbedding."""
    with torch.no_grad():
        return TimeEmbedding(emb_dim)(torch.tensor([5.0, 900.0]))


def chain(block_class: Callable[..., nn.Module], channels: int, length: int) -> list[nn.Module]:
    """Untrained blocks of equal width, in evaluation mode, always the same."""
    torch.manual_seed(0)
    return [block_class(channels, channels, 32).eval() for _ in range(length)]


def step(block: nn.Module, h: Tensor, emb: Tensor, shortcut: bool) -> Tensor:
    """The block's output, or what is left of it once the shortcut is taken away again."""
    return block(h, emb) if shortcut else block(h, emb) - h


def plot_boot(block_class: Callable[..., nn.Module], depths: Sequence[int] = (1, 5, 20)) -> str:
    """A picture after some untrained blocks, with their shortcuts and without; returns where it can be recognised."""
    image = load_dataset("fashion-mnist").batch(torch.tensor([BOOT]))[0]
    blocks, emb = chain(block_class, 3, max(depths)), torch.zeros(1, 32)
    figure, axes = plt.subplots(2, len(depths) + 1, figsize=(8.5, 5.0))
    likeness = {}
    for row, shortcut in enumerate((True, False)):
        states = [image]
        with torch.no_grad():
            for block in blocks:
                states.append(step(block, states[-1], emb, shortcut))
        for axis, depth in zip(axes[row], (0, *depths), strict=True):
            state = states[depth]
            likeness[shortcut, depth] = correlation(state.mean(1), image.mean(1))  # of what is drawn
            axis.imshow(state[0].mean(0), cmap="gray")
            axis.set_title("the picture" if depth == 0 else f"{depth} block{'s' * (depth > 1)}")
            as_picture(axis)
            axis.set_xlabel(f"correlation {likeness[shortcut, depth]:.2f}", fontsize=9)
        axes[row, 0].set_ylabel("with shortcuts" if shortcut else "without")
    deepest = max(depths)
    show(
        figure,
        f"a boot on its way through {deepest} untrained blocks. With shortcuts it still correlates "
        f"{likeness[True, deepest]:.2f} with the original, without them {likeness[False, deepest]:.2f}.",
        f"Two rows of pictures: a boot, and the boot after {', '.join(map(str, depths))} blocks. With shortcuts it "
        "stays a boot; without, its outline is plain at first, and nothing of it is left in the end.",
    )
    recognised = tuple(abs(likeness[shortcut, deepest]) > 0.3 for shortcut in (True, False))
    names = {(True, True): "with and without", (True, False): "only with", (False, True): "only without"}
    return names.get(recognised, "neither")


def correlation(one: Tensor, other: Tensor) -> float:
    """Of the two tensors' numbers."""
    return float(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1])


def gradients_along(blocks: list[nn.Module], shortcut: bool, apart: float = 0.1) -> tuple[list[float], list[float]]:
    """A gradient sent back from the output, at the output and at every block's input: its size, and how alike it is for
    two inputs that differ by `apart` (cosine; Balduzzi et al. 2017 measure this)."""
    generator, emb = torch.Generator().manual_seed(1), torch.zeros(2, 32)
    x, other, sent = torch.randn(3, 2, 32, 8, 8, generator=generator)
    gradients = []
    for h in (x, x + apart * other):
        states = [h.requires_grad_()]
        for block in blocks:
            states.append(step(block, states[-1], emb, shortcut))
        gradients.append(torch.autograd.grad((states[-1] * sent).sum(), states))
    sizes = [float(gradient.norm() / sent.norm()) for gradient in gradients[0]]
    # in float64: what is left without norms is too small for the squares of float32
    pairs = [(one.double(), two.double()) for one, two in zip(*gradients, strict=True)]
    likeness = [float((one / one.norm() * two / two.norm()).sum()) for one, two in pairs]
    return sizes, likeness


def plot_gradients(block_class: Callable[..., nn.Module], length: int = 20) -> float:
    """Size of the gradient along a chain, and how alike it is for two nearby inputs.

    Returns: the size that arrives at the first block without shortcuts.
    """
    without_norms = chain(ResidualBlock, 32, length)
    for block in without_norms:
        block.norm1, block.norm2 = nn.Identity(), nn.Identity()
    cases = (
        ("with shortcuts", chain(block_class, 32, length), True, "blue", "o-"),
        ("without shortcuts", chain(block_class, 32, length), False, "vermilion", "s--"),
        ("without shortcuts and norms", without_norms, False, "grey", "^:"),
    )
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6))
    at_first = {}
    for name, blocks, shortcut, color, line in cases:
        sizes, likeness = gradients_along(blocks, shortcut)
        at_first[name] = sizes[0], likeness[0]
        axes[0].plot(range(1, length + 2), sizes, line, color=COLORS[color], label=name, markersize=4)
        axes[1].plot(range(1, length + 2), likeness, line, color=COLORS[color], label=name, markersize=4)
    axes[0].set_yscale("log")
    # matplotlib's own choice of numbers ends before the lowest point, in some versions
    lowest = math.floor(math.log10(axes[0].dataLim.ymin))
    axes[0].set_yticks([10.0**power for power in range(lowest, 2, max(1, -lowest // 5))])
    axes[0].set_ylabel("size (1 at the output)")
    axes[1].set_ylabel("cosine")
    titles = ("how large the gradient is", "how alike for two inputs a tenth apart")
    for axis, title in zip(axes, titles, strict=True):
        axis.set(title=title, xlabel="in front of block", xticks=[1, 5, 10, 15, 20])
    axes[0].legend(loc="lower right", fontsize=8)
    show(
        figure,
        f"the gradient on its way back from the output (right) to block 1 (left), {length} untrained blocks. "
        "In front of block 1: "
        + ", ".join(f"{name}: size {size:.2g}, likeness {cosine:.2f}" for name, (size, cosine) in at_first.items())
        + ".",
        "Two panels of three lines over depth. Left, logarithmic: with shortcuts the size stays between one and two, "
        "without them it grows to about twelve; without norms it falls to almost nothing. Right: with "
        "shortcuts two nearby inputs keep nearly the same gradient; without them, behind norms, the two soon have "
        "little in common.",
    )
    return at_first["without shortcuts"][0]


def plot_reach(gradients: dict[str, Tensor]) -> None:
    """Draw which input pixels the middle output pixel depends on: {title: gradient, (1, C, H, W)}."""
    figure, axes = plt.subplots(1, len(gradients), figsize=(4.2 * len(gradients), 3.6), layout="constrained")
    texts = []
    for axis, (title, gradient) in zip(axes, gradients.items(), strict=True):
        size = gradient.abs().sum(dim=(0, 1))
        shown = torch.where(size > 0, (size / size.max()).log10(), torch.nan)
        drawn = axis.imshow(shown, cmap="viridis", vmin=-6, vmax=0)
        axis.set(
            title=title,
            xlabel="column of the input",
            ylabel="row of the input",
            xticks=range(0, 17, 4),
            yticks=range(0, 17, 4),
        )
        axis.set_facecolor("white")
        axis.grid(False)
        texts.append(f"{title}: {int((size > 0).sum())} of {size.numel()} pixels")
    figure.colorbar(drawn, ax=axes, label="gradient, power of ten")
    show(
        figure,
        "input pixels that move the middle output pixel, white where the gradient is exactly zero. "
        + "; ".join(texts).capitalize()
        + ".",
        "Two square maps. Left: a small square of five by five pixels in the middle, white elsewhere. Right: the same "
        "square, bright, in a faint carpet that covers the whole image.",
    )
