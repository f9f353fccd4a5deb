"""Figures and experiments of lesson 05: who hears whom, what attention looks at, and what it costs."""

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from course_lib.data import load_dataset
from course_lib.lessons.shared.chain_narrow import show_chain
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS, as_picture, plain_ticks
from course_lib.residual_block import ResidualBlock

Weights = Callable[[Tensor, Tensor], Tensor]
Split = Callable[[Tensor, int], tuple[Tensor, Tensor, Tensor]]
Merge = Callable[[Tensor, int, int], Tensor]

SIDE = 8
BAG = 18  # of the data set: a bag with a handle and a bright field
HEADS = ("the same brightness", "the opposite brightness", "the same row", "the same column")


def plot_block() -> None:
    """Self-attention as a block: a norm, two 1x1 convolutions around the heads, a shortcut."""
    steps = ("GroupNorm", "Conv 1x1", "split", "weights", "weights\ntimes V", "merge", "Conv 1x1", "+")
    shapes = ("", "C → 3C", "Q, K, V", "softmax of\nQK^T / sqrt(d)", "", "", "C → C")
    show_chain(
        steps,
        "the block of self-attention. Three of its steps (orange) you have written; norm and shortcut are "
        "those of the residual block.",
        "A chain of steps from x to output: GroupNorm, 1x1 convolution from C to 3C channels, split, weights, weights "
        "times V, merge, 1x1 convolution, plus the shortcut, a line from x around all of them. Split, weights "
        "and merge are orange.",
        marked=("split", "weights", "merge"),
        shortcut="the shortcut: x itself",
        shapes=shapes,
    )


# ---------------------------------------------------------------------------------------------- who hears whom


def gradient_map(function: Callable[[Tensor], Tensor], channels: int, row: int, column: int) -> Tensor:
    """How strongly one output pixel depends on every input pixel: (8, 8), largest value 1."""
    x = torch.randn(1, channels, SIDE, SIDE, generator=torch.Generator().manual_seed(0)).requires_grad_()
    function(x)[0, :, row, column].sum().backward()
    heard = x.grad[0].abs().sum(dim=0)
    return heard / heard.max()


def convolutions(count: int, channels: int) -> nn.Module:
    """`count` 3x3 convolutions in a row, with nothing between them."""
    torch.manual_seed(1)
    return nn.Sequential(*(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(count)))


def one_attention(channels: int) -> Callable[[Tensor], Tensor]:
    """Attention with one head and nothing else: no norm, which would let pixels hear each other by its mean."""
    torch.manual_seed(1)
    qkv = nn.Conv2d(channels, 3 * channels, 1)

    def attend(x: Tensor) -> Tensor:
        q, k, v = qkv(x).flatten(2).transpose(1, 2).chunk(3, dim=-1)
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)

    return attend


def plot_who_is_heard(channels: int = 8) -> int:
    """Draw which input pixels the lower right one of an 8x8 map depends on. Returns how many convolutions reach all."""
    last = SIDE - 1
    maps = {count: gradient_map(convolutions(count, channels), channels, last, last) for count in range(1, SIDE + 2)}
    needed = next(count for count, heard in maps.items() if bool((heard > 0).all()))
    shown = [(f"{count} convolution{'s' * (count > 1)}", maps[count]) for count in (1, 2, 4, needed)]
    shown.append(("1 attention", gradient_map(one_attention(channels), channels, last, last)))
    figure, axes = plt.subplots(1, 5, figsize=(11, 2.9), layout="constrained")
    for axis, (title, heard) in zip(axes, shown, strict=True):
        pixels = heard.clamp_min(1e-6).log10().masked_fill(heard == 0, float("nan"))
        image = axis.imshow(pixels, cmap="viridis", vmin=-5, vmax=0)
        axis.add_patch(Rectangle((last - 0.5, last - 0.5), 1, 1, fill=False, edgecolor=COLORS["vermilion"], lw=3))
        axis.set_title(f"{title}\nhears {int((heard > 0).sum())} of {heard.numel()}", fontsize=10)
        axis.set(xticks=[0, last], yticks=[0, last], facecolor="white")
        axis.grid(False)
    axes[0].set(xlabel="column", ylabel="row")
    figure.colorbar(image, ax=axes, shrink=0.8, ticks=[-4, -2, 0], label="gradient (log10,\nlargest = 0)")
    corner = float(maps[needed][0, 0])
    attention_corner = float(shown[-1][1][0, 0])
    show(
        figure,
        f"which input pixels the framed pixel hears, measured by gradients (white: not at all). {needed} convolutions "
        f"reach the far corner, with {corner:.0e} of the strongest gradient; one attention reaches it with "
        f"{attention_corner:.0e}.",
        "Five maps of 8 by 8 pixels. The region that one pixel hears grows by one pixel a convolution until it fills "
        "the map; with a single attention the whole map is filled.",
    )
    return needed


# ---------------------------------------------------------------------------------------------- softmax and scale


def one_row_of_weights(d: int, scaled: bool, repetitions: int) -> Tensor:
    """Weights of random queries for 64 random keys: (repetitions, 64)."""
    generator = torch.Generator().manual_seed(d)
    q = torch.randn(repetitions, 1, d, generator=generator)
    k = torch.randn(repetitions, 64, d, generator=generator)
    scores = (q @ k.transpose(1, 2))[:, 0]
    return torch.softmax(scores / math.sqrt(d) if scaled else scores, dim=-1)


def entropy(weights: Tensor) -> Tensor:
    """How spread out the weights are, as a number of keys: 64 if all are equal, 1 if one has everything."""
    return torch.special.entr(weights).sum(dim=-1).exp()


def plot_saturation() -> float:
    """Draw how many keys really count, by the width of a head. Returns the number at d = 64 without the scale."""
    repetitions = 100 if smoke() else 400
    widths = [1, 2, 4, 8, 16, 32, 64, 128, 256]
    kinds = {
        "divided by sqrt(d)": (True, COLORS["blue"], "o-"),
        "not divided": (False, COLORS["vermilion"], "s--"),
    }
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.3), layout="constrained")
    numbers = {}
    for name, (scaled, color, style) in kinds.items():
        rows = [one_row_of_weights(d, scaled, repetitions) for d in widths]
        numbers[name] = [float(entropy(row).mean()) for row in rows]
        left.plot(widths, numbers[name], style, color=color, label=name)
        # a weight near zero answers to nothing: its gradient is the weight times something below one
        silent = [64 * float((row < 1e-3).float().mean()) for row in rows]
        right.plot(widths, silent, style, color=color, label=name)
    left.set(xscale="log", xlabel="width of a head, d", ylabel="keys that count, of 64", ylim=(0, 64))
    right.set(xscale="log", xlabel="width of a head, d", ylabel="keys with a weight below 1/1000", ylim=(0, 64))
    for axis in (left, right):
        axis.set_xticks(widths, [str(d) for d in widths])
        axis.minorticks_off()
    left.legend(frameon=False)
    place = widths.index(64)
    with_scale, without = (numbers[name][place] for name in kinds)
    show(
        figure,
        f"random queries and keys. At d = 64, {with_scale:.0f} of 64 keys count with the division and {without:.1f} "
        "without it. Right: keys that get less than a thousandth; hardly any gradient comes back to them.",
        "Two line plots against the width of a head. Divided by the root of d, both curves stay level. Not divided, "
        "the number of keys that count falls towards one, and most keys get nothing.",
    )
    return without


def plot_wrong_axis() -> None:
    """Draw the weights of 16 queries for 16 keys with softmax over the right and the wrong axis, and the row sums."""
    torch.manual_seed(3)
    scores = torch.randn(16, 8) @ torch.randn(8, 16) / math.sqrt(8)
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.3), layout="constrained")
    sums = {}
    for axis, (name, dim) in zip(
        axes, {"dim=-1: over the keys": -1, "dim=-2: over the queries": -2}.items(), strict=False
    ):
        weights = torch.softmax(scores, dim=dim)
        sums[name] = weights.sum(dim=-1)
        image = axis.imshow(weights, cmap="viridis", vmin=0, vmax=0.5)
        axis.set(title=name, xlabel="key", ylabel="query")
        axis.grid(False)
    figure.colorbar(image, ax=axes[:2], shrink=0.8, label="weight")
    for (name, values), color, hatch, shift in zip(
        sums.items(), (COLORS["blue"], COLORS["orange"]), ("", "///"), (-0.2, 0.2), strict=True
    ):
        axes[2].bar(torch.arange(16) + shift, values, 0.4, color=color, hatch=hatch, edgecolor="white", label=name[:6])
    axes[2].set(xlabel="query", ylabel="what the row sums to", title="what each query receives")
    axes[2].legend(frameon=False, ncols=2, loc="upper left")
    axes[2].set_ylim(0, 1.3 * float(sums["dim=-2: over the queries"].max()))
    wrong = sums["dim=-2: over the queries"]
    show(
        figure,
        "the same scores, two axes. Side by side the maps look alike. Over the wrong axis the rows sum to anything "
        f"from {float(wrong.min()):.2f} to {float(wrong.max()):.2f}.",
        "Two similar maps of weights of 16 queries for 16 keys, and bars of their row sums: all one for the right "
        "axis, very uneven for the wrong one.",
    )


# ---------------------------------------------------------------------------------------------- heads and pixels


def small_image(side: int = 16) -> Tensor:
    """A picture of a bag, in brightness from 0 to 1: (side, side)."""
    images, _ = load_dataset("fashion-mnist").batch(torch.tensor([BAG]))
    return F.adaptive_avg_pool2d(images[:, :1], side)[0, 0] / 2 + 0.5


def three_thirds(side: int = 32) -> Tensor:
    """q, k and v as pictures: four channels each, different views of one bag, so that mixing shows: (1, 12, H, W)."""
    bag = small_image(side)
    views = [bag, bag.flip(1), bag.flip(0), 1 - bag]
    return torch.stack(views * 3)[None]


def plot_scrambled(split_heads: Split, merge_heads: Merge) -> None:
    """Draw what becomes of a feature map that is split and merged: with both transposes, and with one left out."""
    qkv = three_thirds()
    side = qkv.shape[-1]
    right = merge_heads(split_heads(qkv, 2)[0], side, side)
    rows = qkv.reshape(1, 3, 2, side * side, 2)[:, 0]  # the right shape, (B, heads, N, d), without a transpose
    scrambled = merge_heads(rows, side, side)
    figure, axes = plt.subplots(2, 4, figsize=(8.5, 4.6), layout="constrained")
    for line, (name, image) in zip(axes, {"with transpose": right, "reshape only": scrambled}.items(), strict=True):
        for channel, axis in enumerate(line):
            axis.imshow(image[0, channel], vmin=0, vmax=1)
            axis.set_title(f"head {channel // 2}, channel {channel}")
            as_picture(axis)
        line[0].set_ylabel(name)
    wrong = float((scrambled != right).float().mean())
    show(
        figure,
        "four channels, split into two heads and merged again. Top: nothing has changed. Bottom: the split had the "
        f"right shape and no transpose; {100 * wrong:.0f} % of the places now hold another value.",
        "Four views of a bag in the top row, intact. In the bottom row each channel holds four small bags: two of one "
        "view of its head above, two of the other below.",
    )


def circle(numbers: Tensor) -> Tensor:
    """Numbers from 0 to 1 as points on a half circle, so that the dot product of two is largest where they agree."""
    return torch.stack([torch.cos(math.pi * numbers), torch.sin(math.pi * numbers)])


def hand_made_features(image: Tensor) -> Tensor:
    """Eight channels for one picture: brightness, brightness again, row, column, each a point on a half circle."""
    side = image.shape[0]
    places = torch.linspace(0, 1, side)
    rows, columns = places[:, None].expand(side, side), places[None, :].expand(side, side)
    return torch.cat([circle(part) for part in (image, image, rows, columns)])[None]


def hand_made_qk(strength: float = 60.0) -> tuple[Tensor, Tensor]:
    """Weights (8, 8) of queries and keys. A head asks for what it has itself, except head 1: its keys are mirrored."""
    queries = strength**0.5 * torch.eye(8)
    keys = queries.clone()
    keys[2, 2] *= -1  # the point on the half circle that stands for 1 - brightness
    return queries, keys


def plot_what_heads_look_at(split_heads: Split, attention_weights: Weights, pixels: tuple = ((5, 7), (13, 2))) -> str:
    """Draw, for some query pixels of a real picture, where each of four hand-made heads looks.

    Args:
        pixels: (row, column) of each query, from 0 to 15.

    Returns: the head that shares out the weight of the last query among the most pixels, by the entropy.
    """
    image = small_image()
    side = image.shape[0]
    features = hand_made_features(image)
    queries, keys = hand_made_qk()
    qkv = F.conv2d(features, torch.cat([queries, keys, torch.eye(8)])[:, :, None, None])
    q, k, _ = split_heads(qkv, len(HEADS))
    weights = attention_weights(q, k)
    figure, axes = plt.subplots(len(pixels), 5, figsize=(11, 2.4 * len(pixels)), layout="constrained", squeeze=False)
    for line, (row, column) in zip(axes, pixels, strict=True):
        line[0].imshow(image, vmin=0, vmax=1)
        line[0].set_title(f"the query:\nrow {row}, column {column}", fontsize=9)
        for head, axis in enumerate(line[1:]):
            looked = weights[0, head, row * side + column].reshape(side, side)
            drawn = axis.imshow(looked / looked.max(), cmap="viridis", vmin=0, vmax=1)
            axis.set_title(f"head {head}:\n{HEADS[head]}", fontsize=9)
        for axis in line:
            as_picture(axis)
            axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=COLORS["vermilion"], lw=2))
    figure.colorbar(drawn, ax=axes, shrink=0.8, label="weight, as a share\nof the map's largest")
    bright = image.flatten()
    shares = []
    for row, column in pixels:
        near = (bright - image[row, column]).abs() < 0.15
        shares.append(float(weights[0, 0, row * side + column][near].sum()))
    show(
        figure,
        "where a pixel looks, in four heads whose queries and keys were set by hand. Head 0 gives "
        + " and ".join(f"{100 * share:.0f} %" for share in shares)
        + " of its weight to pixels that are within 0.15 of the query's brightness.",
        "For each of two query pixels of a bag, four attention maps: pixels of the same brightness, of the opposite "
        "brightness, a horizontal stripe through the query, and a vertical stripe through it.",
    )
    row, column = pixels[-1]
    of_heads = weights[0, :, row * side + column]
    entropy = -(of_heads * of_heads.clamp_min(1e-30).log()).sum(dim=-1)
    return HEADS[int(entropy.argmax())]


# ---------------------------------------------------------------------------------------------- position


def shuffled(x: Tensor, order: Tensor) -> Tensor:
    """The same pixels in another order. x (B, C, H, W), order (H*W,)."""
    return x.flatten(2)[:, :, order].reshape(x.shape)


def plot_where_position_comes_from() -> str:
    """Draw what 3x3 convolutions make of a picture without any content, with zeros around it and without a border.

    Returns: after what most pixels differ from the middle one, in the words of the prediction.
    """
    torch.manual_seed(0)
    figure, axes = plt.subplots(2, 4, figsize=(8.5, 4.6), layout="constrained")
    spreads = {}
    for line, (name, mode) in zip(axes, {"zeros around it": "zeros", "no border": "circular"}.items(), strict=True):
        torch.manual_seed(4)
        h = torch.ones(1, 8, 16, 16)
        for count, axis in enumerate(line):
            if count:
                conv = nn.Conv2d(8, 8, 3, padding=1, padding_mode=mode)
                with torch.no_grad():
                    h = F.silu(conv(h)) if count < 3 else conv(h)
            picture = (h[0] - h[0, :, 8:9, 8:9]).square().sum(dim=0).sqrt()
            spreads[name] = int((picture > 1e-5).sum())
            # each map has its own scale, or the third would be dark; what is zero is so in all
            drawn = axis.imshow(picture / max(float(picture.max()), 1e-5), cmap="viridis", vmin=0, vmax=1)
            axis.set_title(
                "the picture" if count == 0 else f"after {count} convolution{'s' * (count > 1)}", fontsize=10
            )
            as_picture(axis)
        line[0].set_ylabel(name)
    figure.colorbar(
        drawn, ax=axes, shrink=0.8, label="distance from the middle pixel,\nas a share of the map's largest"
    )
    zeros, circular = spreads.values()
    same = torch.ones(1, 8, 16, 16)
    others = {
        "from the time embedding": same + torch.randn(1, 8, 1, 1),
        "from GroupNorm": F.group_norm(same, 2, weight=torch.randn(8), bias=torch.randn(8)),
    }
    differ = {
        name: int(((h[0] - h[0, :, 8:9, 8:9]).square().sum(dim=0).sqrt() > 1e-5).sum()) for name, h in others.items()
    }
    differ["from the zeros around the convolutions"] = zeros
    show(
        figure,
        "how far each pixel's numbers are from those of the one in the middle, for a picture that is the same "
        "everywhere. With zeros "
        f"around it, after three convolutions {zeros} of 256 pixels differ from it; without a border, {circular}. "
        f"Adding a time embedding makes {differ['from the time embedding']} of them differ, a GroupNorm "
        f"{differ['from GroupNorm']}.",
        "Top row: a frame at the border that grows by one pixel with each convolution. Bottom row: four empty "
        "pictures.",
    )
    return max(differ, key=differ.get)


# ---------------------------------------------------------------------------------------------- cost


def seconds(function: Callable[[], object], repetitions: int) -> float:
    """The fastest of several calls, on one thread."""
    threads, times = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for _ in range(repetitions):
            started = time.perf_counter()
            function()
            times.append(time.perf_counter() - started)
    finally:
        torch.set_num_threads(threads)
    return min(times)


def bytes_kept_for_gradients(module: nn.Module, *args: Tensor) -> int:
    """What the module keeps in memory between forward and backward, besides its parameters."""
    parameters = {parameter.data_ptr() for parameter in module.parameters()}
    kept = {}

    def note(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in parameters:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        output = module(*args)
    del output
    return sum(kept.values())


def measure_cost(block: type, channels: int = 64, batch: int = 2) -> list[dict[str, Any]]:
    """Time and memory of one attention beside one residual block of the same width, at 8x8, 16x16 and 32x32.

    Args:
        block: SelfAttention, or the learner's.
    Returns: for each size: side, attention and resblock (milliseconds, a tensor with one number for each round), kept
        and kept_resblock (MiB, for gradients).
    """
    torch.manual_seed(0)
    attention, resblock = block(channels), ResidualBlock(channels, channels, 256).eval()
    emb = torch.randn(batch, 256)
    maps = [torch.randn(batch, channels, side, side) for side in (8, 16, 32)]
    calls = [call for x in maps for call in (partial(attention, x), partial(resblock, x, emb))]
    with torch.no_grad():
        # all of them in each round, so that whatever else the machine does meets all; the first call sets things up
        rounds = [[1000 * seconds(call, 4) for call in calls] for _ in range(2 if smoke() else 7)]
    times = iter(torch.tensor(rounds).T)
    found = []
    for x in maps:
        inputs = x.clone().requires_grad_()
        found.append(
            {
                "side": x.shape[-1],
                "attention": next(times),
                "resblock": next(times),
                "kept": bytes_kept_for_gradients(attention, inputs) / 2**20,
                # as in training, where its dropout keeps something, too
                "kept_resblock": bytes_kept_for_gradients(resblock.train(), inputs, emb) / 2**20,
            }
        )
    return found


def growth(times: Sequence[Tensor]) -> str:
    """How many times as long the last takes as the first, from the least of all rounds to the most."""
    factors = times[-1] / times[0]
    low, high = f"{factors.min():.0f}", f"{factors.max():.0f}"
    return low if low == high else f"{low} to {high}"


def plot_cost(cost: list[dict[str, Any]]) -> None:
    """Draw what `measure_cost` found, of the times their median."""
    sides = [int(row["side"]) for row in cost]
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    for axis, names, unit in (
        (axes[0], ("attention", "resblock"), "milliseconds, forward"),
        (axes[1], ("kept", "kept_resblock"), "MiB kept for gradients"),
    ):
        for name, label, color, style in zip(
            names,
            ("one attention", "one residual block"),
            (COLORS["blue"], COLORS["orange"]),
            ("o-", "s--"),
            strict=True,
        ):
            values = [float(torch.as_tensor(row[name]).median()) for row in cost]
            axis.plot(range(len(sides)), values, style, color=color, label=label, markersize=8)
            other = names[1 - names.index(name)]
            for place, value in enumerate(values):
                below = value < float(torch.as_tensor(cost[place][other]).median())
                offset = (0, -16) if below else (0, 9)
                axis.annotate(
                    f"{value:.1f}", (place, value), offset, textcoords="offset points", ha="center", fontsize=9
                )
        axis.set_xticks(range(len(sides)), [f"{side}x{side}" for side in sides])
        axis.set(yscale="log", ylabel=unit, xlabel="feature map", xlim=(-0.3, len(sides) - 0.7))
        plain_ticks(axis)
        low, high = axis.get_ylim()
        axis.set_ylim(low / 1.5, 3 * high)  # room for the words
    axes[0].legend(frameon=False, loc="upper left")
    first, last = cost[0], cost[-1]
    smallest, largest = (f"{row['side']}x{row['side']}" for row in (first, last))
    longer = {name: growth([row[name] for row in cost]) for name in ("attention", "resblock")}
    show(
        figure,
        f"times are medians of {len(first['attention'])} rounds. From {smallest} to {largest} the attention takes, "
        f"depending on the round, {longer['attention']} times as long, the residual block {longer['resblock']} times. "
        f"The attention keeps {last['kept'] / first['kept']:.0f} times as much, the residual block "
        f"{last['kept_resblock'] / first['kept_resblock']:.0f} times.",
        "Two line plots on a logarithmic scale, time and memory, for an attention and a residual block at three sizes. "
        "The attention's lines climb faster than the residual block's.",
    )
