"""Figures of lesson 13: pictures changed, mended, mixed and seen twice."""

from collections.abc import Callable, Sequence
from functools import cache

import matplotlib.pyplot as plt
import torch
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.data import load_dataset
from course_lib.data.fashion_mnist import CLASS_NAMES
from course_lib.editing import Split, Strengths, split_of, strengths_of
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS

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


def rms(difference: Tensor) -> float:
    """The root of the mean square."""
    return float(difference.square().mean().sqrt())


def draw_pictures(rows: dict[str, Tensor], titles: Sequence[str] = (), width: float = 0.95) -> plt.Figure:
    """Rows of pictures (N, 3, 32, 32) in [-1, 1], each row with its name, each column with its title if there are any."""
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
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axis, title in zip(axes[0], titles, strict=False):
        axis.set_title(title, fontsize=8)
    return figure


# ---------------------------------------------------------------------------------------------- one step for both


def parts_and_together(method: str, t: float = 0.5) -> float:
    """Take noisy pictures apart at time t, put the two parts together again in the shares of t: the largest change."""
    images, labels = real_pictures()
    split, strengths = network(method, labels)
    signal, sigma = strengths(t)
    x = signal * images + sigma * noise_for(len(images), 3)
    clean, noise = split(x, t)
    return float((signal * clean + sigma * noise - x).abs().max())


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
    rows, kept = {"real": images}, []
    for method, name in METHOD_NAMES.items():
        for strength in tqdm(strengths_tried, desc=name, leave=False):
            drawn = redraw(*network(method, wanted), images, noise_for(len(images), 1), strength, STEPS)
            rows[f"{name}, {strength:g}"] = drawn
            kept.append(f"{name} at {strength:g}: {rms(drawn - images):.2f}")
    titles = [f"{CLASS_NAMES[old]}\nto {CLASS_NAMES[new]}" for old, new in zip(labels, wanted, strict=True)]
    show(
        draw_pictures(
            rows, [title.replace("T-shirt/top", "T-shirt").replace("Ankle boot", "Boot") for title in titles]
        ),
        "real pictures, noised to a time and walked back as the class below theirs in the title. Change in the pixels: "
        + "; ".join(kept)
        + ".",
        "Nine rows of ten pieces of clothing. Below the real ones, four rows of flow matching and four of DDPM, with "
        "rising strength: first the same pieces, in the end others.",
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
    """Draw what `classes_by_strength` found, against the strength and against how much image there is for each noise."""
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained", sharey=True)
    for method, rows in found.items():
        color, style = LOOKS[method]
        old = [row["old"] for row in rows]
        axes[0].plot([row["strength"] for row in rows], old, style, color=COLORS[color], label=METHOD_NAMES[method])
        axes[1].plot(
            [max(row["signal to noise"], 0.005) for row in rows],
            old,
            style,
            color=COLORS[color],
            label=METHOD_NAMES[method],
        )
    axes[0].set(xlabel="strength, the time to begin at", ylabel="share still seen as the old class", ylim=(-0.05, 1.05))
    axes[1].set(xlabel="image for each noise, signal / sigma", xscale="log")
    axes[1].invert_xaxis()
    axes[0].legend(frameon=False)
    texts = [
        f"{METHOD_NAMES[method]} {row['old']:.0%} old and {row['new']:.0%} new at {row['strength']:g}"
        for method, rows in found.items()
        for row in rows[1:]
    ]
    show(
        figure,
        "what the judge sees: "
        + "; ".join(texts)
        + ". Right, the same against how much image stands beside the noise.",
        "Two plots of two falling lines. Against the strength DDPM falls earlier than flow matching; against the ratio "
        "of image to noise, on a logarithmic axis, the two lie closer together.",
    )


# ---------------------------------------------------------------------------------------------- a drawing as text

GREYS = {".": -1.0, "-": -0.4, "+": 0.2, "#": 0.8}


def from_text(drawing: str) -> Tensor:
    """A drawing of 16 rows of 16 letters, one of . - + # (black to white) each, as a picture (1, 3, 32, 32).

    Raises: ValueError for another number of rows or letters, or another letter; it names the row.
    """
    rows = drawing.strip().split()
    if len(rows) != 16:
        raise ValueError(f"drawing has {len(rows)} rows; allowed: 16")
    for number, row in enumerate(rows, 1):
        if len(row) != 16 or set(row) - set(GREYS):
            raise ValueError(f"row {number} of drawing is {row!r}; allowed: 16 of the letters {' '.join(GREYS)}")
    values = torch.tensor([[GREYS[letter] for letter in row] for row in rows])
    return values.repeat_interleave(2, 0).repeat_interleave(2, 1).expand(1, 3, 32, 32).clone()


def plot_my_drawing(redraw: Redraw, drawing: str, label: int) -> None:
    """Draw a drawing as text, and what both networks make of it as a class, at five strengths."""
    image = from_text(drawing)
    tried = (0.3, 0.5, 0.7, 0.85, 0.95)
    rows = {}
    for method, name in METHOD_NAMES.items():
        split, strengths = network(method, torch.tensor([label]))
        drawn = [redraw(split, strengths, image, noise_for(1, 6), strength, 2 * STEPS) for strength in tried]
        rows[name] = torch.cat([image, *drawn])
    show(
        draw_pictures(rows, ["drawn", *(f"{strength:g}" for strength in tried)]),
        f"a drawing made of letters, and what the two networks make of it as {CLASS_NAMES[label]}, at rising strength.",
        "Two rows of six pictures: the coarse drawing, then pieces of clothing that follow it less and less.",
    )
