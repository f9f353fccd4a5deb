"""Figures of lesson 14: bent and straight paths, pairs, and what few calls draw."""

import math
from collections.abc import Callable
from functools import cache

import matplotlib.pyplot as plt
import torch
from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.assets import asset_path
from course_lib.data import load_dataset
from course_lib.flow_matching import TIME_SCALE
from course_lib.lessons.lesson14.toy import (
    PLANE,
    even_noise,
    heaps_distance,
    heaps_velocity,
    plane_accuracy,
    plane_loss,
    plane_pairs,
    plane_walk,
    straight_velocity,
)
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS, plain_ticks
from course_lib.straightening import euler_walk, spaced_times

Pairing = Callable[[Tensor, Tensor, Tensor], Tensor]
CALLS = (1, 2, 4, 8, 20)
# where guidance is on, from noise to image, see measure_calls.py
WHERE = ("everywhere", "near the noise", "middle", "near the image")
PAIRINGS = {"as drawn": (False, False), "within classes": (True, False), "across classes": (True, True)}
FINE = 100


# ---------------------------------------------------------------------------------------------- two heaps on a line


def after_calls(calls: int, shift: float = 1.0) -> Tensor:
    """Where walks of so many calls with the exact velocity end, from evenly spread noise."""
    return euler_walk(heaps_velocity, even_noise(), spaced_times(calls, shift))[-1]


def plot_paths() -> None:
    """The exact paths from noise to the two heaps, and what one call makes of them."""
    noise = even_noise(24)
    times = spaced_times(FINE)
    paths = torch.stack(euler_walk(heaps_velocity, noise, times))
    figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.2), sharey=True, layout="constrained")
    axes[0].plot(times, paths, color=COLORS["blue"], lw=1)
    axes[0].set(title=f"{FINE} calls", xlabel="t", ylabel="x")
    ends = noise - heaps_velocity(noise, 1.0)
    axes[1].plot([1, 0], torch.stack([noise, ends]), color=COLORS["orange"], lw=1, ls="--")
    axes[1].set(title="1 call", xlabel="t")
    for axis in axes:
        axis.invert_xaxis()
    show(
        figure,
        f"The same 24 noises, at t = 1, and their ways to t = 0. The {FINE} calls end in two heaps with a spread of "
        f"{float(paths[-1].std()):.2f} in all, the one call in a single place: {float(ends.std()):.2f}.",
        "Left, curved lines that begin spread out, at the left edge, and gather in two bundles at -1 and 1. Right, "
        "straight dashed lines that all meet in one point at 0.",
    )


@cache
def stations(pieces: int) -> list[Tensor]:
    """The images of evenly spread noise at pieces + 1 times on a fine walk, (801,) each."""
    return euler_walk(heaps_velocity, even_noise(), spaced_times(FINE))[:: FINE // pieces]


def heaps_by_calls() -> dict[str, dict[int, float]]:
    """How far the ends of walks are off, by velocity and calls."""
    noise = even_noise()
    velocities = {"as trained": heaps_velocity}
    for pieces, name in ((1, "straight in one piece"), (4, "straight in four pieces")):
        velocities[name] = straight_velocity(stations(pieces), spaced_times(pieces))
    return {
        name: {calls: heaps_distance(euler_walk(velocity, noise, spaced_times(calls))[-1], noise) for calls in CALLS}
        for name, velocity in velocities.items()
    }


def plot_heaps_by_calls(found: dict[str, dict[int, float]]) -> None:
    looks = dict(zip(found, (("blue", "o-"), ("orange", "s--"), ("green", "^:")), strict=True))
    figure, axis = plt.subplots(figsize=(6, 3.3), layout="constrained")
    for name, row in found.items():
        color, style = looks[name]
        axis.plot(row.keys(), row.values(), style, color=COLORS[color], label=name)
    axis.set(xscale="log", yscale="log", xlabel="calls", ylabel="distance to the exact ends")
    axis.set_xticks(CALLS, CALLS)
    axis.minorticks_off()
    plain_ticks(axis)
    axis.legend()
    show(
        figure,
        "Two heaps on a line, exact velocities: how far walks end from where they should. What is left of the straight "
        f"ones is the error of the fine walk with its {FINE} calls that they were made from.",
        "Distance against calls. The line as trained falls steadily. The line straight in one piece is low from one "
        "call on; the line straight in four pieces falls steeply from one call to four, and is low for four, eight and "
        "twenty.",
    )


# ---------------------------------------------------------------------------------------------- pairs


def saved_by_pairing(pairing: Pairing, count: int = 64) -> float:
    """By which share pairing shortens the squared distances of real images to their noises."""
    images, labels = load_dataset("fashion-mnist").batch(torch.arange(count))
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    before, after = ((images - other).square().mean() for other in (noise, pairing(images, noise, labels)))
    return float(1 - after / before)


def pairings_measured(pairing: Pairing, seeds: int = 1 if smoke() else 3) -> dict[str, list[dict]]:
    """Loss and class accuracy of the best velocity for each of the three pairings, a row for each seed."""
    found: dict[str, list[dict]] = {name: [] for name in PAIRINGS}
    for seed in tqdm(range(seeds), desc="pairings", leave=False):
        for name, (paired, across) in PAIRINGS.items():
            pairs = plane_pairs(pairing if paired else None, across, seed)
            noise, ends, labels = plane_walk(pairs, 20, seed)
            row = {"pairs": pairs, "noise": noise, "ends": ends, "labels": labels, "loss": plane_loss(pairs)}
            found[name].append(row | {"accuracy": plane_accuracy(ends, labels)})
    return found


def mean_and_range(rows: list[dict], what: str) -> tuple[float, float, float]:
    values = [row[what] for row in rows]
    return sum(values) / len(values), min(values), max(values)


def print_pairings(found: dict[str, list[dict]]) -> None:
    for name, rows in found.items():
        (loss, *losses), (right, *rights) = (mean_and_range(rows, what) for what in ("loss", "accuracy"))
        print(
            f"{name:15} loss {loss:.2f} ({losses[0]:.2f} to {losses[1]:.2f}), class accuracy {right:.1%} "
            f"({rights[0]:.1%} to {rights[1]:.1%})"
        )


def plot_pairings(found: dict[str, list[dict]]) -> None:
    figure, axes = plt.subplots(2, 3, figsize=(8.6, 5), sharex=True, sharey=True, layout="constrained")
    for (name, rows), (above, below) in zip(found.items(), axes.T, strict=True):
        _, noise, classes = rows[0]["pairs"]
        for label, (color, marker) in enumerate((("blue", "o"), ("orange", "^"))):
            mine, asked = noise[classes == label][:150], rows[0]["ends"][rows[0]["labels"] == label][:150]
            above.scatter(*mine.T, s=8, color=COLORS[color], marker=marker)
            below.scatter(*asked.T, s=8, color=COLORS[color], marker=marker)
        below.plot(*PLANE.T, "k+", ms=12, mew=2)
        above.set_title(name)
        below.set_xlabel(f"accuracy {rows[0]['accuracy']:.1%}")
    axes[0, 0].set_ylabel("noise in training")
    axes[1, 0].set_ylabel("drawn, 20 calls")
    show(
        figure,
        "The first of the draws. Above, the noise that each class was trained with: circles belong to the class on the "
        "left, triangles to the one on the right. Below, what is drawn for each class; crosses mark the centres. "
        "Across classes each has seen little more than one half of the noise.",
        "Six scatter plots. Above, circles and triangles are mixed in the first two panels and separated left and "
        "right, but for a few, in the third. Below, two heaps around two crosses; in the third panel many points lie "
        "astray.",
    )


# ---------------------------------------------------------------------------------------------- pictures


@torch.no_grad()
def drawn(network: str, calls: int) -> Tensor:
    """One picture of each class, without guidance, from the same noise: (10, 3, 32, 32)."""
    model, labels = shipped_model(network).model, torch.arange(10)
    noise = torch.randn(10, 3, 32, 32, generator=torch.Generator().manual_seed(5))

    def velocity(x: Tensor, t: float) -> Tensor:
        return model(x, torch.full((len(x),), TIME_SCALE * t), labels)

    return euler_walk(velocity, noise, spaced_times(calls))[-1]


def plot_drawn(each: tuple[int, ...] = (1, 2, 4)) -> None:
    """Both networks' pictures of few calls, and those of 20 of the network as trained."""
    wanted = [("as trained", "flow", calls) for calls in (*each, 20)]
    wanted += [("straight", "flow_straight", calls) for calls in each]
    rows = {
        f"{name}, {calls}": drawn(network, calls) for name, network, calls in tqdm(wanted, desc="rows", leave=False)
    }
    figure, axes = plt.subplots(len(rows), 10, figsize=(9, 0.82 * len(rows)), layout="constrained")
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for axis, image in zip(line, images, strict=True):
            axis.imshow(image[0].clamp(-1, 1), vmin=-1, vmax=1)
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    show(
        figure,
        "One picture of each class from the same noises, without guidance: the network as trained with 1, 2, 4 and 20 "
        "calls, the straightened one with 1, 2 and 4.",
        "Seven rows of ten grey pictures of clothes. The rows of one call are blurred; with more calls outlines and "
        "texture appear.",
    )


def judged() -> dict[tuple[str, int], dict]:
    """What the judge said: (network, calls) -> the means of its draws, evenly spaced times, no guidance."""
    rows: dict[tuple[str, int], list[dict]] = {}
    for entry in entries(shift=1.0, scale=None):
        rows.setdefault((entry["network"], entry["calls"]), []).append(entry)
    return {
        key: {what: mean_and_range(found, what)[0] for what in ("frechet", "accuracy", "diversity")}
        for key, found in rows.items()
    }


def plot_judged() -> None:
    """Fréchet distance and class accuracy against calls."""
    found = judged()
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.2), layout="constrained")
    for network, color, style in (("as trained", "blue", "o-"), ("straight", "orange", "s--")):
        calls = sorted(calls for name, calls in found if name == network)
        for axis, what in zip(axes, ("frechet", "accuracy"), strict=True):
            axis.plot(calls, [found[network, n][what] for n in calls], style, color=COLORS[color], label=network)
    real = shipped_results("fewer_calls")["real"]
    for axis, what, title in zip(axes, ("frechet", "accuracy"), ("Fréchet distance", "class accuracy"), strict=True):
        axis.axhline(real[what], color=COLORS["grey"], ls=":", label="real images")
        axis.set(xscale="log", xlabel="calls", ylabel=title)
        axis.set_xticks(CALLS, CALLS)
        axis.minorticks_off()
    axes[0].set_yscale("log")
    plain_ticks(axes[0])
    axes[0].legend()
    four, twenty = found["straight", 4], found["as trained", 20]
    show(
        figure,
        f"means of two or three draws of 500 pictures, without guidance. Straightened, 4 calls: Fréchet distance "
        f"{four['frechet']:.2f}, class accuracy {four['accuracy']:.1%}. As trained, 20 calls: "
        f"{twenty['frechet']:.2f} and {twenty['accuracy']:.1%}.",
        "Two plots against the number of calls, with a line for the network as trained, one for the straightened "
        "network, and a dotted line for real images.",
    )


# ---------------------------------------------------------------------------------------------- where the calls go


def distances_by_shift(times_of: Callable[[int, float], list[float]], calls: int = 4) -> dict[float, float]:
    """Two heaps on a line: how far walks of so many calls are off, for shifts of their times."""
    noise = even_noise()
    return {
        shift: heaps_distance(euler_walk(heaps_velocity, noise, times_of(calls, shift))[-1], noise)
        for shift in (0.25, 0.5, 1.0, 2.0, 4.0)
    }


def calls_of_a_walk(guided: Callable[..., Tensor], low: float, high: float, steps: int = 20, shift: float = 1.0) -> int:
    """How often a model is asked in a walk with guidance between two times."""
    count = 0

    def model(x: Tensor, times: Tensor, labels: Tensor) -> Tensor:
        nonlocal count
        count += 1
        return x

    labels = torch.zeros(1, dtype=torch.long)
    times = spaced_times(steps, shift)
    euler_walk(lambda x, t: guided(model, x, t, labels, 2.0, low, high), torch.ones(1, 1, 1, 1), times)
    return count


# ---------------------------------------------------------------------------------------------- what the judge says


def entries(name: str = "fewer_calls", **wanted: object) -> list[dict]:
    """The judge's entries, one a seed, that say `wanted`: None for what they do not say."""
    found = shipped_results(name).values()
    return [entry for entry in found if all(entry.get(key) == value for key, value in wanted.items())]


def judged_by_shift(calls: int = 4) -> dict[float, list[dict]]:
    """What the judge said of so many calls without guidance, by the shift of their times."""
    return {
        shift: entries(network="as trained", calls=calls, shift=shift, scale=None)
        for shift in (0.25, 0.5, 1.0, 2.0, 4.0)
    }


def judged_by_interval(steps: int = 20, scale: float = 2.0) -> dict[str, list[dict]]:
    """What the judge said of walks of so many steps, by where they are guided."""
    found = {"nowhere": entries(network="as trained", calls=steps, shift=1.0, scale=None)}
    return found | {where: entries(network="as trained", steps=steps, scale=scale, guided=where) for where in WHERE}


def judged_in_one_step(calls: int = 1) -> dict[str, list[dict]]:
    """What the judge said of one call or two, by network."""
    found = {"as trained": entries(network="as trained", calls=calls, shift=1.0, scale=None)}
    found["in four pieces"] = entries(network="straight", calls=calls)
    return found | {"in one step": entries("one_step", network="distilled", calls=calls)}


def as_good_as(distance: float) -> int:
    """With how many calls the network as trained comes nearest to a Fréchet distance, by their ratio."""
    found = {calls: entry["frechet"] for (network, calls), entry in judged().items() if network == "as trained"}
    return min(found, key=lambda calls: abs(math.log(found[calls] / distance)))


def plot_one_step() -> None:
    """Ten classes in one call and in two, and by the walks that the network in one step has learned from."""
    rows = {
        "as_trained": "as trained, 1 call",
        "distilled_1": "in one step, 1 call",
        "distilled_2": "in one step, 2 calls",
        "the_teacher": "its teacher, 16 calls",
    }
    figure, axes = plt.subplots(len(rows), 1, figsize=(8.6, 0.78 * len(rows) + 0.3), layout="constrained")
    for axis, (name, shown) in zip(axes, rows.items(), strict=True):
        axis.imshow(Image.open(asset_path(f"results/one_step_{name}.png")))
        axis.set(xticks=[], yticks=[])
        axis.spines[["left", "bottom"]].set_visible(False)
        axis.grid(False)
        axis.set_ylabel(shown, rotation=0, ha="right", va="center", fontsize=9)
    show(
        figure,
        "One picture of each class from the same noises. In one step the network draws the pieces of clothing that its "
        "teacher draws.",
        "Four rows of ten grey pictures of clothes. The first is blurred; the second has outlines and a rough texture; "
        "in the third bright and dark are exaggerated; the fourth is smooth and clear.",
    )


def print_judged(found: dict, what: str) -> None:
    """A table of the means, with the smallest and largest distance, of the draws of 500 pictures each."""
    names = [str(name) for name in found]
    width = max(map(len, [what, *names]))
    print(f"{what:{width}}  calls  draws  Fréchet distance     accuracy  diversity")
    for name, rows in zip(names, found.values(), strict=True):
        mean, low, high = mean_and_range(rows, "frechet")
        distance = f"{mean:5.2f} ({low:.2f} to {high:.2f})"
        right, spread = (mean_and_range(rows, figure)[0] for figure in ("accuracy", "diversity"))
        print(f"{name:{width}}  {rows[0]['calls']:5}  {len(rows):5}  {distance:20}  {right:7.1%}  {spread:9.2f}")
