"""Experiments and figures of lesson 04: what is lost on the way down, and what appears on the way up."""

from collections import defaultdict
from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from torch import Tensor, nn

from course_lib.data import load_dataset
from course_lib.document import FORWARD_PASS, ROLES
from course_lib.lessons.shared.show import compare_rows, show, smoke
from course_lib.lessons.shared.style import COLORS, as_picture
from course_lib.tracing import trace
from course_lib.unet import UNet

Layer = Callable[[Tensor], Tensor]
TENT = torch.outer(torch.tensor([1.0, 2.0, 1.0]), torch.tensor([1.0, 2.0, 1.0])) / 16


def real_images(count: int) -> Tensor:
    """The first `count` pictures of Fashion-MNIST, one channel: (count, 1, 32, 32) in [-1, 1]."""
    images, _ = load_dataset("fashion-mnist").batch(range(count))
    return images[:, :1]


def draw_picture(axes: Axes, picture: Tensor, title: str, low: float = -1, high: float = 1) -> None:
    axes.imshow(picture.detach().squeeze().numpy(), cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    axes.set_title(title, fontsize=9)
    as_picture(axes)


def weight_and_bias(layer: nn.Module) -> tuple[nn.Parameter, nn.Parameter]:
    """A resampling layer's two parameters, whatever the learner called them."""
    first, second = layer.parameters()
    return (first, second) if first.numel() > second.numel() else (second, first)


# ---- why leave the full resolution ----


def plot_three_sizes() -> None:
    """One real picture at the three resolutions of the U."""
    picture = real_images(12)[11:]
    figure, axes = plt.subplots(1, 3, figsize=(8, 2.9))
    for one, factor in zip(axes, (1, 2, 4), strict=True):
        small = F.avg_pool2d(picture, factor)
        side = small.shape[-1]
        draw_picture(one, small, f"{side}x{side}: {side * side} pixels")
    show(
        figure,
        "one picture at the three resolutions of the U. 32x32 holds the straps, 8x8 holds the shape.",
        "The same grey sandal three times, sharp at 32 by 32 pixels, coarse at 16 by 16, a few squares at 8 by 8.",
    )


def plot_cost() -> float:
    """Multiply-adds of all residual blocks by resolution, and what they would cost at 32x32; returns the ratio."""
    with torch.device("meta"):
        rows = trace(UNet())
    spent, undivided = defaultdict(float), defaultdict(float)
    for row in rows:
        if row.kind == "ResidualBlock":
            side = row.output[-1]
            spent[side] += row.multiply_adds / 1e9
            undivided[side] += row.multiply_adds / 1e9 * (32 / side) ** 2
    figure, axes = plt.subplots(figsize=(7, 3))
    for place, side in enumerate(spent):
        axes.bar(place - 0.2, spent[side], 0.4, color=COLORS["blue"], label="as it is" if not place else None)
        axes.bar(
            place + 0.2,
            undivided[side],
            0.4,
            color=COLORS["orange"],
            hatch="//",
            label="the same blocks at 32x32" if not place else None,
        )
        axes.text(place - 0.2, spent[side], f"{spent[side]:.2f}", ha="center", va="bottom", fontsize=9)
        axes.text(place + 0.2, undivided[side], f"{undivided[side]:.2f}", ha="center", va="bottom", fontsize=9)
    axes.set_xticks(range(len(spent)), [f"blocks at {side}x{side}" for side in spent])
    axes.set_ylabel("multiply-adds an image (billions)")
    axes.margins(y=0.12)
    axes.legend(frameon=False)
    ratio = sum(undivided.values()) / sum(spent.values())
    show(
        figure,
        f"what the residual blocks of the document's network cost, measured. Without Downsample the same blocks would "
        f"cost {ratio:.1f} times as much.",
        "Pairs of bars for the blocks at 32, 16 and 8 pixels. At 8 by 8 the bar of the undivided cost towers over all.",
    )
    return ratio


# ---- down ----


def looks(layer: nn.Module, side: int = 8) -> Tensor:
    """How many windows of a one-channel layer look at each input pixel: its gradient when all weights are one."""
    with torch.no_grad():
        for values in layer.parameters():
            values.fill_(1)
    x = torch.zeros(1, 1, side, side, requires_grad=True)
    layer(x).sum().backward()
    return x.grad[0, 0].round().long()


def plot_looks(layer_class: type[nn.Module]) -> None:
    """Each pixel of an 8x8 input with the number of windows that look at it."""
    counts = looks(layer_class(1))
    figure, axes = plt.subplots(figsize=(3.7, 3.7))
    draw_numbers(axes, counts)
    axes.set_xlabel("column of the input")
    axes.set_ylabel("row of the input")
    values = ", ".join(str(value) for value in counts.unique().tolist())
    show(
        figure,
        f"how many windows of Downsample look at each input pixel: {values}. Along each axis the even places are "
        "looked at once, the odd ones twice, but for the last, which has a window on one side only; in the picture the "
        "two numbers are multiplied.",
        "An 8 by 8 grid of numbers 1, 2 and 4 in a regular pattern, with 4 where row and column are odd, "
        "but for the last of each.",
    )


def draw_numbers(axes: Axes, counts: Tensor) -> None:
    axes.imshow(counts.numpy(), cmap="cividis", interpolation="nearest")
    axes.grid(False)
    middle = (counts.max() + counts.min()) / 2
    for row, values in enumerate(counts.tolist()):
        for column, value in enumerate(values):
            color = "white" if value < middle else "black"
            axes.text(column, row, str(value), ha="center", va="center", color=color, fontsize=9)


def strided(x: Tensor, weight: Tensor) -> Tensor:
    """Downsample's convolution of one channel; the border is repeated, so that all ways treat it alike."""
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), weight, stride=2)


SHRINKING: dict[str, Layer] = {
    "every second pixel": lambda x: x[..., ::2, ::2],
    "maximum of 2x2": lambda x: F.max_pool2d(x, 2),
    "average of 2x2": lambda x: F.avg_pool2d(x, 2),
    "3x3 conv, stride 2,\nblurring weights": lambda x: strided(x, TENT[None, None]),
}


def stripes(cycles: float, side: int = 32) -> Tensor:
    """Vertical stripes with `cycles` periods a pixel: 0.5 is black, white, black, white."""
    wave = torch.cos(2 * torch.pi * cycles * torch.arange(side))
    return wave.expand(1, 1, side, side)


def halved_stripes(cycles: float, shrink: Layer) -> Tensor:
    """`stripes(cycles)` at half the size, (1, 1, 16, 16), as if they went on beyond the border: it leaves no mark."""
    # 8 pixels on each side are whole periods of every stripe that the lesson draws
    return shrink(stripes(cycles, side=8 + 32 + 8))[..., 4:-4, 4:-4]


def plot_stripes(cycles: tuple[float, ...] = (0.125, 0.375, 0.5)) -> None:
    """Coarse, fine and finest stripes, and what four ways of halving make of them."""
    figure, axes = plt.subplots(len(cycles), 5, figsize=(9.6, 6.5), layout="constrained")
    contrast = []
    for row, one in zip(axes, cycles, strict=True):
        picture = stripes(one)
        draw_picture(row[0], picture, f"{one:g} cycles a pixel\n(period {1 / one:.3g} pixels)")
        for axis, (name, shrink) in zip(row[1:], SHRINKING.items(), strict=True):
            small = halved_stripes(one, shrink)
            spread = (small.max() - small.min()).item() / 2
            contrast.append(spread)
            draw_picture(axis, small, f"{name}\ncontrast {spread:.2f}")
    sliced, _, average, _ = contrast[4:8]
    show(
        figure,
        f"stripes, and the same stripes at half the size. Middle row: 0.375 cycles a pixel would be 0.75 after "
        f"halving, more than a small image can hold (0.5). They come back as other, wider stripes, of contrast "
        f"{sliced:.2f} where pixels are skipped and {average:.2f} where they are averaged.",
        "Three rows of stripe pictures. Coarse stripes survive every method. Finer ones turn into wide stripes. The "
        "finest turn into a plain surface: white for skipping and maximum, grey for averages.",
    )


def neighbours(small: Tensor) -> Tensor:
    """The 5x5 pixels around each pixel and a one: (all pixels, 26)."""
    windows = F.unfold(F.pad(small, (2, 2, 2, 2), mode="replicate"), 5).transpose(1, 2).flatten(0, 1)
    return torch.cat([windows, torch.ones(len(windows), 1)], dim=1)


def squares(images: Tensor) -> Tensor:
    """The 2x2 square that belongs to each pixel of the small image: (all small pixels, 4)."""
    return F.pixel_unshuffle(images, 2).flatten(2).transpose(1, 2).flatten(0, 1)


def best_enlarger(small: Tensor, images: Tensor) -> Tensor:
    """Least squares: the linear map from 5x5 small pixels to a 2x2 square that errs least on these images."""
    inputs, wanted = neighbours(small), squares(images)
    return torch.linalg.solve(inputs.T @ inputs + 1e-3 * torch.eye(inputs.shape[1]), inputs.T @ wanted)


def enlarged(small: Tensor, enlarger: Tensor) -> Tensor:
    count, _, height, width = small.shape
    flat = neighbours(small) @ enlarger
    return F.pixel_shuffle(flat.view(count, height * width, 4).transpose(1, 2).reshape(count, 4, height, width), 2)


def learned_filter(images: Tensor, steps: int) -> Tensor:
    """The 3x3 filter of stride 2 whose small images can be enlarged best, by descent through the least squares."""
    torch.manual_seed(0)
    weight = (TENT + 0.02 * torch.randn(3, 3))[None, None].requires_grad_()
    optimizer = torch.optim.LBFGS([weight], max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        small = strided(images, weight / weight.sum())
        error = (enlarged(small, best_enlarger(small, images)) - images).square().mean()
        error.backward()
        return error

    optimizer.step(closure)
    return (weight / weight.sum()).detach()


def compare_shrinking() -> dict[str, float]:
    """Halve real images in several ways, enlarge each as well as a linear map can, and measure the error on others.

    Returns: the error (root mean square) on images that were not used to find the map, by name.
    """
    images = real_images(400)
    train, test = images[:200], images[200:]
    weight = learned_filter(train[:80], steps=4 if smoke() else 25)
    ways = dict(SHRINKING) | {"3x3 conv, stride 2,\nlearned weights": lambda x: strided(x, weight)}
    figure, axes = plt.subplots(1, len(ways) + 2, figsize=(11.5, 2.6))
    draw_picture(axes[0], test[3], "the original")
    errors = {}
    for axis, (name, shrink) in zip(axes[1:], ways.items(), strict=False):
        enlarger = best_enlarger(shrink(train), train)
        again = enlarged(shrink(test), enlarger)
        errors[name.replace("\n", " ")] = (again - test).square().mean().sqrt().item()
        draw_picture(axis, again[3], f"{name}\nerror {(again - test).square().mean().sqrt():.3f}")
    draw_picture(axes[-1], weight, "the learned weights", low=float(weight.min()), high=float(weight.max()))
    for row, values in enumerate(weight[0, 0].tolist()):
        for column, value in enumerate(values):
            text = {"color": "black", "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.8}}
            axes[-1].text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8, **text)
    best = min(errors, key=errors.get)
    worst = max(errors, key=errors.get)
    show(
        figure,
        f"200 pictures halved and enlarged again with the linear map of 5x5 pixels that was best for 200 others. The "
        f"error is largest for “{worst}” ({errors[worst]:.3f}) and smallest for “{best}” ({errors[best]:.3f}).",
        "A picture of clothing, then the same picture after five ways of halving and enlarging again, all blurred to "
        "some degree, and at the end the nine learned weights as numbers.",
    )
    return errors


def error_with_channels(count: int) -> float:
    """The error when a strided layer may keep `count` of the four pixels of each square, each in a channel.

    As in `compare_shrinking`, on images that were not used to find the map.
    """
    images = real_images(400).double()
    kept = F.pixel_unshuffle(images, 2)[:, :count]
    train, test = (
        torch.cat([neighbours(channel[:, None]) for channel in half.unbind(1)], dim=1) for half in kept.split(200)
    )
    train_squares, test_squares = (squares(half) for half in images.split(200))
    enlarger = torch.linalg.lstsq(train, train_squares, driver="gelsd").solution
    return (test @ enlarger - test_squares).square().mean().sqrt().item()


# ---- up ----


def plot_overlaps(overlap_counts: Callable[[int, int, int], Tensor]) -> None:
    """Counts along one axis for kernels 2, 3 and 4 with stride 2, and the picture for kernel 3."""
    figure, axes = plt.subplots(1, 4, figsize=(12, 2.9), gridspec_kw={"width_ratios": [1, 1, 1, 1.1]})
    for axis, kernel_size, color in zip(axes, (2, 3, 4), ("green", "vermilion", "blue"), strict=False):
        counts = overlap_counts(6, kernel_size, 2)
        axis.bar(range(len(counts)), counts.tolist(), color=COLORS[color], edgecolor="white")
        axis.set_title(f"kernel {kernel_size}, stride 2")
        axis.set_xlabel("output pixel")
        axis.set_ylim(0, 2.4)
        axis.set_yticks([0, 1, 2])
        axis.set_xticks(range(0, len(counts), 2))
    axes[0].set_ylabel("input pixels that write to it")
    counts = overlap_counts(4, 3, 2)
    picture = counts[:, None] * counts[None, :]
    draw_numbers(axes[3], picture)
    axes[3].set(title="kernel 3x3: rows times columns", xlabel="output column", ylabel="output row")
    axes[3].set_xticks(range(0, len(picture), 2))
    axes[3].set_yticks(range(0, len(picture), 2))
    figure.tight_layout()
    values = ", ".join(str(value) for value in picture.unique().tolist())
    show(
        figure,
        f"how many input pixels write to each output pixel. Kernel 3 with stride 2 alternates, and in two dimensions "
        f"the counts {values} make a checkerboard. Away from the ends every output pixel is written to equally "
        "often by kernel 2, once, and by kernel 4, twice.",
        "Three bar charts: all ones for kernel 2, alternating ones and twos for kernel 3, twos with ones at the ends "
        "for kernel 4. On the right a grid of numbers 1, 2 and 4.",
    )


def nyquist_share(pictures: Tensor, border: int = 4) -> float:
    """Share of the power that sits at the finest stripes a picture can hold, along rows or columns (0 to 1)."""
    middle = pictures[..., border:-border, border:-border]
    power = torch.fft.fft2(middle.double()).abs().square().sum(dim=(0, 1))
    rows, columns = (length // 2 for length in power.shape)
    finest = power[rows].sum() + power[:, columns].sum() - power[rows, columns]
    return (finest / power.sum()).item()


def up_layers(upsample_class: type[nn.Module], channels: int) -> dict[str, nn.Module]:
    return {
        "transposed\nkernel 3": nn.ConvTranspose2d(channels, channels, 3, stride=2, padding=1, output_padding=1),
        "transposed\nkernel 4": nn.ConvTranspose2d(channels, channels, 4, stride=2, padding=1),
        "Upsample": upsample_class(channels),
    }


@torch.no_grad()
def compare_checkerboards(upsample_class: type[nn.Module]) -> dict[str, dict[str, float]]:
    """Send a constant image through three ways of doubling, and measure the power at the finest stripes.

    Returns: the share of power there, by layer and then by kind of weights, "equal" or "random".
    """
    channels, trials = 8, 3 if smoke() else 20
    shares: dict[str, dict[str, float]] = defaultdict(dict)
    figure, axes = plt.subplots(1, 4, figsize=(12, 3), gridspec_kw={"width_ratios": [1, 1, 1, 1.7]})
    for kind in ("equal", "random"):
        found = defaultdict(list)
        for trial in range(trials):
            torch.manual_seed(trial)
            for place, (name, layer) in enumerate(up_layers(upsample_class, channels).items()):
                weight, bias = weight_and_bias(layer)
                bias.zero_()
                if kind == "equal":
                    weight.fill_(1 / weight[0].numel())
                pictures = layer(torch.ones(1, channels, 16, 16))
                found[name].append(nyquist_share(pictures))
                if kind == "random" and trial == 0:
                    middle = pictures[0, 0, 8:24, 8:24]
                    centre = middle.mean()
                    draw_picture(axes[place], middle - centre, name.replace("\n", ", "), -0.3, 0.3)
        for name, values in found.items():
            shares[name.replace("\n", ", ")][kind] = sum(values) / len(values)
    chart = axes[3]
    for offset, kind, color, hatch in ((-0.2, "equal", "grey", None), (0.2, "random", "vermilion", "//")):
        for place, name in enumerate(shares):
            share = 100 * shares[name][kind]
            label = f"{kind} weights" if not place else None
            chart.bar(place + offset, share, 0.4, color=COLORS[color], hatch=hatch, label=label)
            chart.text(place + offset, share + 1, f"{share:.0f} %", ha="center", fontsize=8.5)
    chart.set_xticks(range(len(shares)), [name.replace(", ", "\n") for name in shares])
    chart.set_ylabel("power at the finest stripes (%)")
    chart.set_ylim(0, 105)
    chart.legend(frameon=False, loc="upper right")
    figure.tight_layout()
    threes, fours, ours = shares.values()
    show(
        figure,
        f"a constant image, doubled by layers that have learned nothing yet. Left: a channel each (random weights). "
        f"Right: power at the finest stripes, mean of {trials} draws. Random weights: "
        f"{100 * threes['random']:.0f} % and {100 * fours['random']:.0f} % for the transposed convolutions, "
        f"{100 * ours['random']:.0f} % for Upsample.",
        "Fine patterns from transposed convolutions, rows of stripes for kernel 3 and a checkerboard for kernel 4, and "
        "an even grey square from Upsample; a bar chart in which only Upsample has no bar for either kind of weights.",
    )
    return dict(shares)


# ---- the whole way ----


def receptive_fields(downsample_class: type[nn.Module] | None) -> list[int]:
    """Side of the square of input pixels that one pixel sees, after each convolution of the document's encoder.

    Only the convolutions: conv_in, two blocks of two a level, a Downsample (or nothing) between levels. All weights are
    one, so a gradient is zero only where there is no path.
    """
    convolutions: list[nn.Module] = [nn.Conv2d(1, 1, 3, padding=1, bias=False)]
    for level in range(3):
        convolutions += [nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(4)]
        if level < 2 and downsample_class is not None:
            convolutions.append(downsample_class(1))
    x = torch.zeros(1, 1, 128, 128, requires_grad=True)
    h, sides = x, []
    for layer in convolutions:
        with torch.no_grad():
            for values in layer.parameters():
                values.fill_(1 / 9)
        h = layer(h)
        middle = h[0, 0, h.shape[-2] // 2, h.shape[-1] // 2]
        (gradient,) = torch.autograd.grad(middle, x, retain_graph=True)
        sides.append(int((gradient[0, 0] != 0).any(dim=0).sum()))
    return sides


def plot_receptive_fields(downsample_class: type[nn.Module]) -> tuple[int, int]:
    """Returns the side seen by a pixel at the end of the encoder: with Downsample and without."""
    with_it, without = receptive_fields(downsample_class), receptive_fields(None)
    figure, axes = plt.subplots(figsize=(7.5, 3.3))
    axes.plot(range(1, len(with_it) + 1), with_it, color=COLORS["blue"], marker="o", label="with two Downsamples")
    axes.plot(range(1, len(without) + 1), without, color=COLORS["orange"], marker="s", ls="--", label="without")
    axes.axhline(32, color=COLORS["grey"], linestyle=":")
    axes.text(1, 33, "the whole image: 32", fontsize=9, color="#444444")
    for number in (6, 11):
        height = with_it[number - 1]
        axes.annotate("Downsample", (number, height), (number - 2.5, height + 14), arrowprops={"arrowstyle": "->"})
    axes.set_xlabel("convolution number")
    axes.set_ylabel("input pixels seen, along one side")
    axes.legend(frameon=False)
    show(
        figure,
        f"what one pixel sees of the input, measured by its gradient. At the end of the encoder {with_it[-1]} pixels "
        f"along a side with Downsample, {without[-1]} without.",
        "Two rising lines. The one with Downsample bends upwards after each Downsample and passes 32; the straight one "
        "without ends just below.",
    )
    return with_it[-1], without[-1]


def plot_two_orders(layer: nn.Module) -> tuple[float, float]:
    """A real picture doubled by a one-channel Upsample, and by its two steps in the wrong order.

    Returns: a pixel's mean distance from the mean of its 2x2 square, for the right order and for the wrong one.
    """
    picture = F.avg_pool2d(real_images(12)[11:], 2)
    with torch.no_grad():
        weight, bias = weight_and_bias(layer)
        weight.copy_(TENT.reshape(weight.shape))
        bias.zero_()
        # black is 0 here, so that the zeros beyond the border are black as well
        right = layer(picture + 1) - 1
        wrong = F.interpolate(F.conv2d(picture + 1, TENT[None, None], padding=1), scale_factor=2) - 1
    inside = [
        (result - F.interpolate(F.avg_pool2d(result, 2), scale_factor=2)).abs().mean().item()
        for result in (right, wrong)
    ]
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.1))
    draw_picture(axes[0], picture, "what goes in: 16x16")
    draw_picture(axes[1], right, f"repeat, then convolve\nfrom the square's mean: {inside[0]:.3f}")
    draw_picture(axes[2], wrong, f"convolve, then repeat\nfrom the square's mean: {inside[1]:.3f}")
    show(
        figure,
        f"the same nine weights, used after and before the repetition. A pixel is {inside[0]:.3f} away from the mean "
        f"of its 2x2 square on average in the right order, and {inside[1]:.3f} in the wrong one: squares remain.",
        "A coarse sandal at 16 by 16 pixels; doubled smoothly; doubled with visible square blocks.",
    )
    return inside[0], inside[1]


def compare_with_the_document(downsample_class: type[nn.Module], upsample_class: type[nn.Module]) -> None:
    """Every line of the document that resamples, or would if it were written out, beside what the learner's measure."""
    classes = {"downsample": downsample_class, "upsample": upsample_class}
    rows = []
    for step in FORWARD_PASS:
        if step.name in classes:
            layer = classes[step.name](step.input[1])
            source = "" if step.written_out else " (follows)"
            rows.append((f"{step.name}{source}: {step.input} ->", step.output, layer(torch.zeros(step.input)).shape))
    for role in ROLES:
        if role.component.lower() in classes:
            layer = classes[role.component.lower()](role.example_inputs[0][1])
            measured = layer(torch.zeros(role.example_inputs[0])).shape
            rows.append((f"{role.component}: {role.input} -> {role.output}", role.example_output, measured))
    compare_rows(rows)
