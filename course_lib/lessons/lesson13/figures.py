"""Figures of lesson 13: pictures changed, mended, mixed and seen twice."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.data import load_dataset
from course_lib.data.fashion_mnist import CLASS_NAMES
from course_lib.editing import Split, Strengths, gaussian_blur, split_of, strengths_of
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.lessons.lesson13.drawing import GREYS, Board, cells_of
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS, as_picture

Walk = Callable[[Split, Strengths, Tensor, Sequence[float]], Tensor]
Redraw = Callable[..., Tensor]

METHOD_NAMES = {"flow": "flow matching", "ddpm": "DDPM"}
LOOKS = {"flow": ("blue", "o-"), "ddpm": ("orange", "s--")}
STEPS = 2 if smoke() else 10


# ---------------------------------------------------------------------------------------------- shared


def network(method: str, labels: Tensor | None = None, guidance_scale: float = 1.0) -> tuple[Split, Strengths]:
    """Split and strengths of a network that came with the course, "flow" or "ddpm"."""
    trained = shipped_model(method)
    return split_of(trained.process, trained.model, labels, guidance_scale), strengths_of(trained.process)


def noise_for(count: int, seed: int) -> Tensor:
    """(count, 3, 32, 32) of standard normal noise."""
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def even_times(steps: int, start: float = 1.0, end: float = 0.0) -> list[float]:
    """steps + 1 times, evenly from start to end."""
    return [start + (end - start) * i / steps for i in range(steps + 1)]


@cache
def real_pictures(each: int = 1) -> tuple[Tensor, Tensor]:
    """`each` real pictures of every class that no network saw in training, class after class, and their labels."""
    images, labels = load_dataset("fashion-mnist").batch(torch.arange(100 * (each + 1)))
    chosen = torch.cat([(labels == label).nonzero()[:each, 0] for label in range(10)])
    return images[chosen], labels[chosen]


def seen_as(images: Tensor) -> Tensor:
    """The class the judge sees in each image, (N,)."""
    return judge_images(judge(), images.clamp(-1, 1))[1]


@cache
def judge() -> torch.nn.Module:
    return load_judge()


def short(label: int) -> str:
    """A class's name that fits above a small picture."""
    return CLASS_NAMES[label].replace("T-shirt/top", "T-shirt").replace("Ankle boot", "Boot")


def rms(difference: Tensor) -> float:
    """The root of the mean square."""
    return float(difference.square().mean().sqrt())


def draw_pictures(rows: dict[str, Tensor], titles: Sequence[str] = (), width: float = 0.95) -> plt.Figure:
    """Rows of pictures (N, 3, 32, 32) in [-1, 1], each row with its name, each column with its title if it has one."""
    columns = max(len(images) for images in rows.values())
    figure, axes = plt.subplots(
        len(rows),
        columns,
        figsize=(width * columns + 1.3, (width + 0.07) * len(rows) + 0.3),
        squeeze=False,
        layout="constrained",
    )
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for axis in line:
            axis.axis("off")
        for axis, image in zip(line, images, strict=False):
            axis.axis("on")
            axis.imshow(image[0].clamp(-1, 1), vmin=-1, vmax=1)
            as_picture(axis)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axis, title in zip(axes[0], titles, strict=False):
        axis.set_title(title, fontsize=8)
    return figure


# ---------------------------------------------------------------------------------------------- one step for both


def parts_and_together(method: str, t: float = 0.5) -> tuple[float, float]:
    """Take noisy pictures apart at time t, and put the two parts together again in the shares of t.

    Returns: the largest change of a pixel, and how much of the noise that was in the pictures is left in them.
    """
    images, labels = real_pictures()
    split, strengths = network(method, labels)
    signal, sigma = strengths(t)
    x = signal * images + sigma * noise_for(len(images), 3)
    clean, noise = split(x, t)
    together = signal * clean + sigma * noise
    left = (together - signal * images).norm() / (x - signal * images).norm()
    return float((together - x).abs().max()), float(left)


def beside_the_samplers(walk: Walk, steps: int = STEPS) -> dict[str, float]:
    """The largest difference between the learner's walk and the library's samplers, by method."""
    labels, found = torch.arange(4), {}
    for method in METHOD_NAMES:
        trained, noise = shipped_model(method), noise_for(4, 0)
        options = {} if method == "flow" else {"method": "ddim", "clip_denoised": False}
        theirs = trained.process.sample(
            trained.model, tuple(noise.shape), labels, num_steps=steps, noise=noise, **options
        )
        mine = walk(*network(method, labels), noise, even_times(steps))
        found[method] = float((mine - theirs).abs().max())
    return found


# ---------------------------------------------------------------------------------------------- redraw


def plot_redrawn(redraw: Redraw, strengths_tried: Sequence[float] = (0.3, 0.5, 0.7, 0.9)) -> None:
    """Draw real pictures, and what becomes of them at several strengths, as another class, with both networks."""
    images, labels = real_pictures()
    wanted = (labels + 3) % 10
    rows, kept = {"real": images}, {}
    for method, name in METHOD_NAMES.items():
        for strength in tqdm(strengths_tried, desc=name, leave=False):
            drawn = redraw(*network(method, wanted), images, noise_for(len(images), 1), strength, STEPS)
            rows[f"{name}, {strength:g}"] = drawn
            kept.setdefault(name, []).append(f"{rms(drawn - images):.2f}")
    titles = [f"{CLASS_NAMES[old]}\nto {CLASS_NAMES[new]}" for old, new in zip(labels, wanted, strict=True)]
    show(
        draw_pictures(
            rows,
            [title.replace("T-shirt/top", "T-shirt").replace("Ankle boot", "Boot") for title in titles],
            width=0.62,
        ),
        "real pictures, noised to a time and walked back as the second class of their title. Root of the mean "
        f"square of the change at {', '.join(f'{strength:g}' for strength in strengths_tried)}: "
        + "; ".join(f"{name} {', '.join(changes)}" for name, changes in kept.items())
        + ".",
        "Nine rows of ten pieces of clothing. Below the real ones, four rows of flow matching and four of DDPM, with "
        "rising strength: first the same pieces, in the end others, some of them torn.",
    )


def classes_by_strength(
    redraw: Redraw, strengths_tried: Sequence[float] = (0.3, 0.5, 0.7, 0.85, 1.0)
) -> dict[str, list[dict[str, float]]]:
    """How often the judge sees the old and the new class in redrawn pictures, by method and strength."""
    images, labels = real_pictures(1 if smoke() else 3)
    wanted = (labels + 3) % 10
    found: dict[str, list[dict[str, float]]] = {}
    for method, name in METHOD_NAMES.items():
        for strength in tqdm(strengths_tried, desc=name, leave=False):
            seen = seen_as(redraw(*network(method, wanted), images, noise_for(len(images), 4), strength, STEPS))
            signal, sigma = network(method)[1](strength)
            found.setdefault(method, []).append(
                {
                    "strength": strength,
                    "old": float((seen == labels).float().mean()),
                    "new": float((seen == wanted).float().mean()),
                    "signal to noise": signal / sigma,
                }
            )
    return found


def plot_classes_by_strength(found: dict[str, list[dict[str, float]]]) -> None:
    """Draw what `classes_by_strength` found, against the strength and against the ratio of image and noise."""
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained", sharey=True)
    for method, rows in found.items():
        color, style = LOOKS[method]
        strengths = [row["strength"] for row in rows]
        ratios = [max(row["signal to noise"], 0.005) for row in rows]
        for axis, across in zip(axes, (strengths, ratios), strict=True):
            for key, look, fill in (("old", style, "full"), ("new", f"{style[0]}:", "none")):
                shares = [row[key] for row in rows]
                label = f"{METHOD_NAMES[method]}, {key} class"
                axis.plot(across, shares, look, color=COLORS[color], fillstyle=fill, label=label)
    axes[0].set(xlabel="strength, the time to begin at", ylabel="share seen as that class", ylim=(-0.05, 1.05))
    axes[1].set(xlabel="image for each noise, signal / sigma", xscale="log")
    ticks = (2, 0.5, 0.1, 0.02, 0.005)
    axes[1].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[1].minorticks_off()
    axes[1].invert_xaxis()
    figure.legend(*axes[0].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=4)
    texts = [
        f"{METHOD_NAMES[method]} {row['old']:.0%} old and {row['new']:.0%} new at {row['strength']:g}"
        for method, rows in found.items()
        for row in rows[1:]
    ]
    show(
        figure,
        f"what the judge sees in {10 * (1 if smoke() else 3)} pictures redrawn: "
        + "; ".join(texts)
        + ". Right, the same against how much image stands beside the noise; flow matching at strength 1 has none "
        "of it, and is drawn at 0.005.",
        "Two plots of four lines. Those of the old class fall in the end to 0; those of the new one rise, but DDPM's "
        "falls at the last point. Against the strength DDPM changes earlier than flow matching, which stays "
        "level for long; against the ratio of image to noise, on a logarithmic axis that ends at 0.005, the two lie "
        "closer together. Flow matching's last point, at that end, stands for 0.",
    )


# ---------------------------------------------------------------------------------------------- a drawing


def from_text(drawing: str) -> Tensor:
    """A drawing of letters as a picture (1, 3, 32, 32). Raises: ValueError for one that is none, see `cells_of`."""
    values = torch.tensor([*GREYS.values()])[torch.tensor(cells_of(drawing))]
    return values.repeat_interleave(2, 0).repeat_interleave(2, 1).expand(1, 3, 32, 32).clone()


def plot_my_drawing(redraw: Redraw, drawing: str | Board, label: int) -> None:
    """Draw a drawing, as letters or from a board, and what both networks make of it as a class, at five strengths."""
    image = from_text(str(drawing))
    tried = (0.3, 0.5, 0.7, 0.85, 0.95)
    rows = {}
    for method, name in METHOD_NAMES.items():
        split, strengths = network(method, torch.tensor([label]))
        drawn = [redraw(split, strengths, image, noise_for(1, 6), strength, 2 * STEPS) for strength in tried]
        rows[name] = torch.cat([image, *drawn])
    show(
        draw_pictures(rows, ["drawn", *(f"{strength:g}" for strength in tried)]),
        f"a drawing, and what the two networks make of it as {CLASS_NAMES[label]}, at rising strength.",
        "Two rows of six pictures: the coarse drawing, then pieces of clothing that follow it less and less.",
    )


# ---------------------------------------------------------------------------------------------- backwards


def there_and_back(
    walk: Walk, method: str, start: float, steps: int, images: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor, float]:
    """Walk pictures from time `start` to the noise and back again, both times as their class.

    At a `start` above 0 that much noise is put on them first.

    Returns: the pictures that came back, the noise they went through, and how far they are from those that set out.
    """
    split, strengths = network(method, labels)
    signal, sigma = strengths(start)
    x = signal * images + sigma * noise_for(len(images), 5)
    up = even_times(steps, start, 1.0)
    found = walk(split, strengths, x, up)
    back = walk(split, strengths, found, up[::-1])
    return back, found, rms(back - x)


WAYS_BACK = {
    "flow matching, from the clean picture": ("flow", 0.0, "vermilion", "^:"),
    "flow matching, from a pinch of noise": ("flow", 0.03, "blue", "o-"),
    "DDPM, from the clean picture": ("ddpm", 0.0, "orange", "s--"),
}


def inversion_errors(walk: Walk) -> dict[str, list[dict[str, float]]]:
    """How far real pictures come back after a walk to the noise and back, by way and number of steps."""
    images, labels = (part[::2] for part in real_pictures())
    return {
        name: [
            {"steps": steps, "error": error, "spread": float(found.std())}
            for steps in ((2, 3) if smoke() else (5, 10, 20, 40))
            for _, found, error in [there_and_back(walk, method, start, steps, images, labels)]
        ]
        for name, (method, start, *_) in tqdm(WAYS_BACK.items(), desc="there and back", leave=False)
    }


def plot_inversion(errors: dict[str, list[dict[str, float]]]) -> None:
    """Draw what `inversion_errors` found."""
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.5), layout="constrained")
    for name, rows in errors.items():
        _, _, color, style = WAYS_BACK[name]
        steps = [row["steps"] for row in rows]
        for axis, key in zip(axes, ("error", "spread"), strict=True):
            axis.plot(steps, [row[key] for row in rows], style, color=COLORS[color], label=name)
    axes[1].axhline(1, color=COLORS["grey"], linestyle="-.", label="standard normal noise")
    axes[0].set(xlabel="steps, each way", ylabel="distance of the picture that came back", ylim=(0, None))
    axes[1].set(xlabel="steps, each way", ylabel="spread of the noise that was found", ylim=(0, None))
    axes[1].legend(frameon=False, fontsize=8, loc="lower right")
    counts = ", ".join(str(row["steps"]) for row in next(iter(errors.values())))
    ends = [
        f"{name} {', '.join(format(row['error'], '.2f') for row in rows)}, spread at last {rows[-1]['spread']:.2f}"
        for name, rows in errors.items()
    ]
    show(
        figure,
        f"to the noise and back, five real pictures, each compared with what set out. Distance with {counts} steps: "
        + "; ".join(ends)
        + ".",
        "Left, three lines of the distance against the steps; from a pinch of noise and with DDPM they fall, from the "
        "clean picture with flow matching it rises first and falls slowly. "
        "Right, the spread of the noise: that line lies far below 1.",
    )


def plot_came_back(walk: Walk) -> None:
    """Draw real pictures, and what comes back of them from the noise in the three ways."""
    images, labels = (part[::2] for part in real_pictures())
    steps, rows = 4 * STEPS, {"real": images}
    for name, (method, start, *_) in tqdm(WAYS_BACK.items(), desc="there and back", leave=False):
        rows[name.replace(", ", ",\n")] = there_and_back(walk, method, start, steps, images, labels)[0]
    show(
        draw_pictures(rows, [short(label) for label in labels.tolist()], width=1.1),
        f"five real pictures, and what came back from the noise with {steps} steps each way.",
        "Four rows of five pictures: real, and what came back in three ways, two with flow matching and one with DDPM.",
    )


# ---------------------------------------------------------------------------------------------- mixing


def lengths_of_noise(count: int = 200) -> Tensor:
    """The lengths of `count` noises of 3 x 32 x 32 numbers, (count,)."""
    return noise_for(count, 8).flatten(1).norm(dim=1)


def line(start: Tensor, end: Tensor, share: float) -> Tensor:
    return (1 - share) * start + share * end


SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def mixed_noises(walk: Walk, slerp: Callable[[Tensor, Tensor, float], Tensor]) -> dict[str, Tensor]:
    """What both networks draw from mixtures of two noises, along a line and along an arc: five boots a way."""
    start, end = noise_for(1, 21), noise_for(1, 22)
    found = {}
    for method, name in METHOD_NAMES.items():
        for way, mix in (("line", line), ("arc", slerp)):
            noises = torch.cat([mix(start, end, share) for share in SHARES])
            split, strengths = network(method, torch.full((len(SHARES),), 9))
            found[f"{name}, {way}"] = walk(split, strengths, noises, even_times(2 * STEPS))
    return found


def grain(images: Tensor) -> float:
    """The mean difference of neighbours in a row: how much texture there is."""
    return float(images.diff(dim=-1).abs().mean())


def plot_mixed_noises(drawn: dict[str, Tensor]) -> None:
    """Draw what `mixed_noises` found, with the contrast and the grain in the middle."""
    middle = len(SHARES) // 2
    texts = [f"{name} {images[middle].std():.2f} and {grain(images[middle]):.3f}" for name, images in drawn.items()]
    show(
        draw_pictures(drawn, [f"{share:g}" for share in SHARES]),
        "boots from mixtures of two noises; above, the share of the second. In the middle, contrast (spread of the "
        "pixels) and grain (difference of neighbours): " + "; ".join(texts) + ".",
        "Four rows of five pictures from one boot to another. On the line the middle is a little smoother for flow "
        "matching, and dim and smooth for DDPM; on the arc it is nearly as bright as the ends.",
    )


def plot_mixed_pictures(
    walk: Walk, slerp: Callable[[Tensor, Tensor, float], Tensor], classes: Sequence[int] = (9, 0)
) -> None:
    """Mix pairs of real pictures of one class by their noises, along an arc, and beside it by their pixels.

    The noises are found by flow matching, from a pinch of noise.
    """
    images, labels = real_pictures(2)
    steps, start = 4 * STEPS, 0.03
    up = even_times(steps, start, 1.0)
    rows = {}
    for label in classes:
        both = images[labels == label]
        split, strengths = network("flow", torch.full((2,), label))
        signal, sigma = strengths(start)
        noises = walk(split, strengths, signal * both + sigma * noise_for(2, 5), up)
        mixed = torch.cat([slerp(noises[:1], noises[1:], share) for share in SHARES])
        split, _ = network("flow", torch.full((len(SHARES),), label))
        rows[f"{short(label)}s, pixels"] = torch.cat([line(both[:1], both[1:], share) for share in SHARES])
        rows[f"{short(label)}s, noises"] = walk(split, strengths, mixed, [*up[::-1], 0.0])
    show(
        draw_pictures(rows, [f"{share:g}" for share in SHARES]),
        "two pairs of real pictures, mixed by their pixels and by their noises; above, the share of the second.",
        "Four rows of five pictures. Mixed by pixels one shines through the other; mixed by noises hardly anything "
        "does, yet some of the pictures in between have gaps or loose scraps.",
    )


# ---------------------------------------------------------------------------------------------- a hole

Keep = Callable[[Strengths, Tensor, float, Tensor, Tensor, Tensor], Tensor]
Further = Callable[[Strengths, Tensor, Tensor, float, float], Tensor]


def inpaint(
    parts: tuple[Walk, Keep, Further],
    split: Split,
    strengths: Strengths,
    known: Tensor,
    mask: Tensor,
    times: Sequence[float],
    rounds: int = 1,
    seed: int = 0,
) -> Tensor:
    """Draw what the mask hides, around what it shows (RePaint, with jumps of one step), from the learner's parts.

    Args:
        parts: walk, keep_known, noise_further.
        times: from 1 down to 0; each step costs `rounds` calls of the split.
    """
    walk, keep_known, noise_further = parts
    generator = torch.Generator().manual_seed(seed)

    def fresh() -> Tensor:
        return torch.randn(known.shape, generator=generator)

    x = fresh()
    for t, t_next in pairwise(times):
        for turn in range(rounds):
            if turn > 0:
                x = noise_further(strengths, x, fresh(), t_next, t)
            x = walk(split, strengths, x, [t, t_next])
            x = keep_known(strengths, x, t_next, known, mask, fresh())
    return x


def pair_split(correlation: float, strengths: Strengths) -> Split:
    """The exact split for pictures of two pixels that are standard normal and correlated: no network needed."""
    covariance = torch.tensor([[1.0, correlation], [correlation, 1.0]])

    def split(x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        signal, sigma = strengths(t)
        matrix = signal * covariance @ torch.linalg.inv(signal**2 * covariance + sigma**2 * torch.eye(2))
        clean = x @ matrix.T
        return clean, (x - signal * clean) / sigma

    return split


def mended_pairs(
    parts: tuple[Walk, Keep, Further], correlation: float = 0.9, rounds: Sequence[int] = (1, 2, 5, 10)
) -> dict[int, float]:
    """Pictures of two pixels, the left one known: the correlation of known and drawn pixel, by rounds."""
    strengths, known = network("flow")[1], torch.randn(4000, 1, 1, 2, generator=torch.Generator().manual_seed(1))
    mask = torch.tensor([True, False]).reshape(1, 1, 1, 2)
    found = {}
    for count in rounds:
        drawn = inpaint(parts, pair_split(correlation, strengths), strengths, known, mask, even_times(20), count)
        found[count] = float(torch.corrcoef(drawn.reshape(-1, 2).T)[0, 1])
    return found


def lower_half_hidden() -> Tensor:
    mask = torch.ones(1, 1, 32, 32, dtype=torch.bool)
    mask[..., 16:, :] = False
    return mask


def seam(images: Tensor) -> float:
    """The mean step in brightness from row 16 to row 17, where the known half ends."""
    return rms(images[..., 16, :] - images[..., 15, :])


# the same number of calls twice, in the last two
PLANS = {"20 steps, once": (20, 1), "80 steps, once": (80, 1), "20 steps, 4 times": (20, 4)}


def mended_pictures(parts: tuple[Walk, Keep, Further], method: str = "flow") -> dict[str, Tensor]:
    """Real pictures whose lower half was hidden and drawn, without a class, in several plans; the real ones first."""
    images = real_pictures(1 if smoke() else 2)[0]
    split, strengths = network(method)
    found = {"real": images}
    for name, (steps, rounds) in tqdm(PLANS.items(), desc="mending", leave=False):
        times = even_times(max(2, steps // 10) if smoke() else steps)
        found[name] = inpaint(parts, split, strengths, images, lower_half_hidden(), times, rounds, seed=3)
    return found


def plot_mended(found: dict[str, Tensor]) -> None:
    """Draw what `mended_pictures` found: one picture a class, with how visible the seam is."""
    real = found["real"]
    each = len(real) // 10
    shown = {"real": real, "known": real.where(lower_half_hidden(), torch.tensor(-0.5)), **found}
    texts = [
        f"{name} {seam(images):.2f}" + ("" if name == "real" else f" (distance {rms(images - real):.2f})")
        for name, images in found.items()
    ]
    show(
        draw_pictures({name: images[::each] for name, images in shown.items()}, [short(label) for label in range(10)]),
        f"the lower half was hidden, and drawn around the upper one. Step at the seam, {len(real)} pictures: "
        + "; ".join(texts)
        + ".",
        "Five rows of ten pictures: real, the upper half alone, and three ways to draw the lower half. With "
        "repetitions the halves belong together more often.",
    )


# ---------------------------------------------------------------------------------------------- two in one


def half_turn(images: Tensor) -> Tensor:
    """Upside down: half a turn, which undoes itself."""
    return images.flip((-2, -1))


CHANGES = {
    "half a turn": half_turn,
    "black and white exchanged": lambda images: -images,
    "a blur": lambda images: gaussian_blur(images, 1.0),
}


def still_noise() -> dict[str, tuple[float, float]]:
    """Spread of changed noise, and how far neighbours in a row are correlated, by change."""
    noise, found = noise_for(20, 10), {}
    for name, change in CHANGES.items():
        changed = change(noise)
        neighbours = torch.stack([changed[..., 1:].flatten(), changed[..., :-1].flatten()])
        found[name] = float(changed.std()), float(torch.corrcoef(neighbours)[0, 1])
    return found


def certainty(images: Tensor, label: int) -> float:
    """How sure the judge is of a class, on average, 0 to 1."""
    with torch.no_grad():
        return float(judge()(images.clamp(-1, 1)).softmax(1)[:, label].mean())


PAIRS = {"dress and trousers": (3, 1), "bag and sneaker": (8, 7), "sandal and coat": (5, 4)}
TRIES = 2 if smoke() else 6


def drawn_both_ways(walk: Walk, two_views: Callable[..., Split]) -> dict[str, Tensor]:
    """Pictures that are one class as they stand and another one upside down, by pair, with guidance 2."""
    found = {}
    for number, (name, (upright, turned)) in enumerate(PAIRS.items()):
        split, strengths = network("flow", torch.full((TRIES,), upright), 2.0)
        other, _ = network("flow", torch.full((TRIES,), turned), 2.0)
        both = two_views(split, other, half_turn, half_turn)
        found[name] = walk(both, strengths, noise_for(TRIES, 30 + number), even_times(STEPS))
    return found


def sure_both_ways(drawn: dict[str, Tensor]) -> dict[str, float]:
    """How sure the judge is of the class it is less sure of, by pair."""
    return {
        name: min(certainty(drawn[name], upright), certainty(half_turn(drawn[name]), turned))
        for name, (upright, turned) in PAIRS.items()
    }


def plot_both_ways(drawn: dict[str, Tensor]) -> None:
    """Draw the pictures of `drawn_both_ways`, as they stand and upside down."""
    rows, texts = {}, []
    for name, (upright, turned) in PAIRS.items():
        rows[short(upright).lower()] = drawn[name]
        rows[f"turned: {short(turned).lower()}"] = half_turn(drawn[name])
        sure = certainty(drawn[name], upright), certainty(half_turn(drawn[name]), turned)
        texts.append(f"{name} {sure[0]:.0%} and {sure[1]:.0%}")
    show(
        draw_pictures(rows),
        "each second row is the one above it, upside down. How sure the judge is of the two: " + "; ".join(texts) + ".",
        "Six rows of pictures in three pairs. Each picture, after half a turn, should be another piece.",
    )


# ---------------------------------------------------------------------------------------------- near and far

HYBRIDS = {"bag, coat": (8, 4), "T-shirt, trousers": (0, 1), "bag, shirt": (8, 6)}
WIDTHS = (1.0, 2.0, 4.0)


def drawn_near_and_far(walk: Walk, hybrid: Callable[..., Split]) -> dict[float, dict[str, Tensor]]:
    """Pictures whose coarse part is one class and whose fine part another, by width of the blur and pair."""
    found: dict[float, dict[str, Tensor]] = {}
    for width in WIDTHS:
        for number, (name, (far, near)) in enumerate(HYBRIDS.items()):
            (a, strengths), (b, _) = (network("flow", torch.full((TRIES,), label), 2.0) for label in (far, near))
            split = hybrid(a, b, lambda images, width=width: gaussian_blur(images, width))
            drawn = walk(split, strengths, noise_for(TRIES, 40 + number), even_times(STEPS))
            found.setdefault(width, {})[name] = drawn
    return found


def sure_near_and_far(drawn: dict[float, dict[str, Tensor]]) -> dict[float, tuple[float, float]]:
    """How sure the judge is of the far class in blurred pictures and of the near class in the sharp ones, by width."""
    found = {}
    for width, by_pair in drawn.items():
        far = [certainty(gaussian_blur(by_pair[name], width), pair[0]) for name, pair in HYBRIDS.items()]
        near = [certainty(by_pair[name], pair[1]) for name, pair in HYBRIDS.items()]
        found[width] = sum(far) / len(far), sum(near) / len(near)
    return found


def plot_near_and_far(drawn: dict[float, dict[str, Tensor]]) -> None:
    """Draw the pictures of `drawn_near_and_far`: near, and blurred, as if from far away."""
    rows = {}
    for width, by_pair in drawn.items():
        best = torch.cat([images[:2] for images in by_pair.values()])
        rows[f"width {width:g}, near"] = best
        rows[f"width {width:g}, far"] = gaussian_blur(best, width)
    titles = [
        text for far, near in HYBRIDS.values() for text in [f"far {short(far).lower()}\nnear {short(near).lower()}"] * 2
    ]
    texts = [f"width {width:g}: {far:.0%} and {near:.0%}" for width, (far, near) in sure_near_and_far(drawn).items()]
    show(
        draw_pictures(rows, titles, width=0.96),
        "coarse part from one class, fine part from another: two pictures of each pair. How sure the judge is of the "
        f"far class in the blurred pictures and of the near class in the sharp ones, {TRIES} of each pair: "
        + "; ".join(texts)
        + ".",
        "Six rows of six pictures, for three widths of the blur: the pictures, and below them the same blurred.",
    )


# ---------------------------------------------------------------------------------------------- denoising

LEVELS = (0.3, 0.5, 0.7, 0.85)
BLURS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


def denoised(walk: Walk, t: float, method: str = "flow") -> dict[str, Tensor]:
    """Real pictures with the noise of time t, and cleaned in three ways; the blur with the best of seven widths."""
    images = real_pictures(1 if smoke() else 3)[0]
    split, strengths = network(method)
    signal, sigma = strengths(t)
    noisy = signal * images + sigma * noise_for(len(images), 9)
    blurred = min((gaussian_blur(noisy, width) / signal for width in BLURS), key=lambda found: rms(found - images))
    return {
        "real": images,
        "noisy": noisy,
        "blur": blurred,
        "one step": split(noisy, t)[0],
        "ten steps": walk(split, strengths, noisy, even_times(STEPS, t)),
    }


def denoising_scores(found: dict[str, Tensor]) -> dict[str, dict[str, float]]:
    """Distance from the real pictures, how often the judge sees the right class, and grain, by way."""
    real, labels = real_pictures(len(found["real"]) // 10)
    return {
        name: {
            "distance": rms(images - real),
            "accuracy": float((seen_as(images) == labels).float().mean()),
            "grain": grain(images),
        }
        for name, images in found.items()
        if name != "noisy"
    }


def plot_denoised(found: dict[str, Tensor]) -> None:
    """Draw what `denoised` found, one picture a class, with its scores."""
    each = len(found["real"]) // 10
    texts = [
        f"{name} {row['distance']:.2f}, {row['accuracy']:.0%}, {row['grain']:.3f}"
        for name, row in denoising_scores(found).items()
    ]
    show(
        draw_pictures({name: images[::each] for name, images in found.items()}, [short(label) for label in range(10)]),
        f"real pictures with noise, cleaned in three ways, {len(found['real'])} of them; one of each class is drawn. "
        "Distance from the real ones, class accuracy, grain: " + "; ".join(texts) + ".",
        "Five rows of ten pictures: real, noisy, blurred, and what the network makes of them in one step and in ten.",
    )


def plot_denoising(scores: dict[float, dict[str, dict[str, float]]]) -> None:
    """Draw distance, accuracy and grain against the time, for the three ways."""
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.3), layout="constrained")
    looks = {"blur": ("vermilion", "^:"), "one step": ("blue", "o-"), "ten steps": ("green", "s--")}
    names = {
        "distance": "distance from the real ones",
        "accuracy": "class accuracy",
        "grain": "grain (difference of neighbours)",
    }
    for axis, key in zip(axes, names, strict=True):
        for name, (color, style) in looks.items():
            values = [rows[name][key] for rows in scores.values()]
            axis.plot(list(scores), values, style, color=COLORS[color], label=name)
        if key != "distance":
            real = [rows["real"][key] for rows in scores.values()]
            axis.plot(list(scores), real, "-.", color=COLORS["grey"], label="real")
        axis.set(xlabel="time of the noisy picture", ylabel=names[key], ylim=(0, None))
    axes[1].legend(frameon=False, fontsize=8, loc="lower left")
    last = scores[LEVELS[-1]]
    texts = [f"{name} {last[name]['distance']:.2f}, {last[name]['grain']:.3f}" for name in looks]
    show(
        figure,
        f"three ways to clean pictures. Distance and grain at t = {LEVELS[-1]:g}: "
        + "; ".join(texts)
        + f"; real pictures have a grain of {last['real']['grain']:.3f}.",
        "Three plots against the time. The blur is the farthest away throughout; one step is a little nearer than ten; "
        "in grain ten steps stay nearer to the line of the real pictures than one step, which falls below it.",
    )
