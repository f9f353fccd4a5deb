"""Turn the clock by hand: the embedding of one time, and how similar it is to those of all others (lesson 01)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from course_lib.lessons.shared.explorer import (
    Explorer,
    Picture,
    blank_figure,
    check_among,
    check_whole,
    choice,
    present,
    slider,
)
from course_lib.lessons.shared.style import COLORS
from course_lib.time_embedding import SinusoidalPositionEmbedding

STEPS = 1000
DIMS = (8, 16, 64, 256)
FAR = 100
FRAMES = {"t": (1, 250, 500, 750, STEPS - 1), "dim": (8, 16, 64)}
# a class with the contract of SinusoidalPositionEmbedding: dim -> module, (B,) -> (B, dim)
EmbeddingClass = Callable[[int], nn.Module]


def explore_time_embedding(
    embedding: EmbeddingClass = SinusoidalPositionEmbedding, t: int = 500, dim: int = 64
) -> None:
    """Show the embedding of a time, and controls for any time and width.

    Args:
        embedding: the library's class, or a learner's.
        t: where the slider starts; dim: the width it starts with, one of DIMS.
    Raises: ValueError for a time outside 0 to 999 or another width.
    """
    check_start(t, dim)
    times = sorted({1, t, STEPS - 1})
    present(
        lambda: draw_time_embedding(embedding, times, dim),
        lambda: time_embedding_explorer(embedding, t, dim),
        FRAMES,
    )


def time_embedding_explorer(
    embedding: EmbeddingClass = SinusoidalPositionEmbedding, t: int = 500, dim: int = 64
) -> Explorer:
    """The controls and their picture; see `explore_time_embedding`."""
    check_start(t, dim)
    controls = {
        "t": slider("time t", t, 0, STEPS - 1, 1, "The time that is embedded, from 0 to 999"),
        "dim": choice("width dim", DIMS, dim, "Width of the embedding: half sines, half cosines"),
    }
    return Explorer(lambda t, dim: draw_time_embedding(embedding, [t], dim), controls)


def check_start(t: int, dim: int) -> None:
    check_whole("t", t, 0, STEPS - 1)
    check_among("dim", dim, DIMS)


def similarities(embedding: EmbeddingClass, t: int, dim: int) -> Tensor:
    """The dot product of time t's embedding with that of every step, divided by dim/2: (1000,), 1 at t itself."""
    with torch.no_grad():
        vectors = embedding(dim)(torch.arange(STEPS, dtype=torch.float64))
    return vectors @ vectors[t] / (dim / 2)


def draw_time_embedding(embedding: EmbeddingClass, times: Sequence[int], dim: int) -> Picture:
    """One row a time: left its vector, column by column; right its similarity with every other time."""
    figure = blank_figure(9.5, 0.75 + 1.75 * len(times))
    rows = figure.subplots(len(times), 2, squeeze=False, gridspec_kw={"width_ratios": (1, 1.3)})
    figure.subplots_adjust(left=0.07, right=0.98, wspace=0.2, hspace=0.35, top=1 - 0.3 / figure.get_figheight())
    figure.subplots_adjust(bottom=0.55 / figure.get_figheight())
    with torch.no_grad():
        vectors = embedding(dim)(torch.tensor([float(t) for t in times], dtype=torch.float64))
    found = []
    for (left, right), t, vector in zip(rows, times, vectors, strict=True):
        size = 4 if dim <= 64 else 2
        half = dim // 2
        left.plot(range(half), vector[:half], "o-", color=COLORS["blue"], markersize=size, linewidth=0.7)
        left.plot(range(half, dim), vector[half:], "s-", color=COLORS["orange"], markersize=size, linewidth=0.7)
        left.axvline(half - 0.5, color=COLORS["grey"], linestyle="--", linewidth=1)
        left.set(ylim=(-1.1, 1.1), xlim=(-1, dim), yticks=(-1, 0, 1), ylabel="value")
        left.set_title(f"t = {t}: sines (circles), cosines (squares)", fontsize=9)
        similar = similarities(embedding, t, dim)
        right.plot(similar, color=COLORS["blue"], linewidth=1)
        right.axvline(t, color=COLORS["vermilion"], linestyle="--", linewidth=1.5)
        right.set(ylim=(-1.1, 1.1), xlim=(-5, STEPS + 4), yticks=(-1, 0, 1), ylabel="similarity")
        right.set_title(f"similarity of t = {t} (dashed) with every other time", fontsize=9)
        found.append(in_words(similar, t))
    rows[-1][0].set_xlabel("column of the embedding")
    rows[-1][1].set_xlabel("the other time")
    caption = f"width {dim}. " + " ".join(found)
    alt = (
        f"For t = {', '.join(map(str, times))}, two plots each. Left, the {dim} numbers of the embedding: sines, then "
        "cosines, fast hands first. Right, the similarity with all 1000 times: highest at t itself, falling and "
        "wavering on both sides."
    )
    return Picture(figure, caption, alt)


def in_words(similar: Tensor, t: int) -> str:
    """The nearest other steps, of which there are often two, and the similarity with one far away."""
    others = similar.clone()
    others[t] = -torch.inf
    largest = float(others.max())
    nearest = (others > largest - 1e-6).nonzero().flatten().tolist()
    steps = "steps are" if len(nearest) > 1 else "step is"
    far = t + FAR if t + FAR < STEPS else t - FAR
    return (
        f"From t = {t} the most similar other {steps} {' and '.join(map(str, nearest))} ({largest:.3f}); "
        f"a hundred steps away it is {float(similar[far]):.2f}."
    )
