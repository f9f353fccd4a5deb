"""A picture of a wrong result: what was expected, what came, and how far apart they are, side by side.

Drawn in a notebook alone, and where a picture says something: two results of one shape that are images or matrices.
Grey values only, so that nobody's eyes and no printer lose anything; the figure's style is what the notebook has set.
"""

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from course_lib.checks.compare import wrong_places
from course_lib.checks.trial import Observation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLEST = 4  # rows and columns below which numbers are read faster than a picture
UNLIKE = 4.0  # times as far: from there on one scale would show one of two results as flat


@dataclass(frozen=True)
class Pair:
    """One image or matrix of a result: (H, W) in double precision.

    Attributes:
        expected, yours: the right one and the answer's.
        what: which part of the result it is, "image 0, channel 2"; "" for all of it.
        tolerance: up to which they count as alike.
    """

    expected: Tensor
    yours: Tensor
    what: str
    tolerance: float = 1.0

    @cached_property
    def wrong(self) -> Tensor:
        return wrong_places(self.yours, self.expected, self.tolerance)

    @cached_property
    def apart(self) -> Tensor:
        """How far apart the two are; 0 where they agree, and where there is no number."""
        counts = self.wrong & self.yours.isfinite()
        return torch.where(counts, (self.yours - self.expected).abs(), 0.0)


def pair_in(seen: Observation | None, expected: Observation) -> Pair | None:
    """The first image or matrix that differs; None where a picture would say nothing."""
    value, wanted = getattr(seen, "value", None), expected.value
    if not (isinstance(value, Tensor) and isinstance(wanted, Tensor)) or value.shape != wanted.shape:
        return None
    if wanted.ndim not in (2, 3, 4) or min(wanted.shape[-2:]) < SMALLEST:
        return None
    wrong = wrong_places(value, wanted, expected.tolerance)
    if not wrong.any():
        return None
    where = tuple(int(index) for index in wrong.nonzero()[0][:-2])
    yours, right = value[where].double(), wanted[where].double()
    if not (yours.isfinite().any() and right.isfinite().all()):
        return None
    names = ("image", "channel") if wanted.ndim == 4 else ("number",)
    what = ", ".join(f"{name} {index}" for name, index in zip(names, where, strict=False))
    return Pair(right, yours, what, expected.tolerance)


def in_a_notebook() -> bool:
    """Whether there is somebody who could see a picture: IPython with a kernel, not in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def show(pair: Pair) -> None:
    """Display the picture below what has been said, for those who cannot see it with a text in its place."""
    from IPython.display import display

    display({"text/plain": described(pair), "text/html": as_html(pair)}, raw=True)


def as_html(pair: Pair) -> str:
    """The picture as the lessons' figures are: with its alt text, two pixels a point, dimmed in a dark page."""
    from course_lib.pictures.html_figure import figure_html, png_of

    return figure_html(*png_of(drawn(pair)), described(pair))


def drawn(pair: Pair) -> "Figure":
    """The figure, which pyplot does not know of, so that no later figure of the learner's meets it."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    height, width = pair.expected.shape
    figure = Figure(figsize=(8.2, 0.9 + min(3.4, max(1.3, 2 * height / width))), layout="constrained")
    axes = figure.subplots(1, 3)
    aspect = "equal" if max(height, width) <= 3 * min(height, width) else "auto"  # a narrow strip has no room for words
    low, high = limits(pair.expected)
    mine = limits(pair.yours)
    if mine[1] - mine[0] <= UNLIKE * (high - low) and abs(mine[0] - low) <= UNLIKE * (high - low):
        mine = low, high = min(low, mine[0]), max(high, mine[1])
    panels = [
        ("expected", pair.expected, (low, high), "gray"),
        ("yours" if mine == (low, high) else "yours (another scale)", pair.yours, mine, "gray"),
        ("difference\n(white: none)", pair.apart, (0.0, pair.apart.max().item() or 1.0), "gray_r"),
    ]
    for axis, (title, numbers, (lowest, highest), colours) in zip(axes, panels, strict=True):
        image = axis.imshow(numbers, cmap=colours, vmin=lowest, vmax=highest, interpolation="nearest", aspect=aspect)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("column")
        axis.grid(False)
        if numbers is not pair.expected and not pair.yours.isfinite().all():
            rows, columns = (~pair.yours.isfinite()).nonzero(as_tuple=True)
            axis.plot(columns, rows, "x", color="black", markersize=6)
            axis.set_title(f"{title}\nx: no number", fontsize=10)
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_locator(MaxNLocator(4, integer=True))
        figure.colorbar(image, ax=axis, shrink=0.8, label="value")
    axes[0].set_ylabel(f"{pair.what}\nrow" if pair.what else "row")
    return figure


def described(pair: Pair) -> str:
    """The picture in words."""
    height, width = pair.expected.shape
    none = int((~pair.yours.isfinite()).sum())
    row, column = divmod(int(pair.apart.argmax()), width)
    sentences = [
        f"Three grey pictures of {pair.what or 'the result'}, {height} rows and {width} columns",
        f"Expected: numbers from {said(limits(pair.expected))}",
        f"Yours: from {said(limits(pair.yours))}" + (f", and {none} that are NaN or infinite" if none else ""),
        f"The difference: {int(pair.wrong.sum())} of {height * width} numbers are wrong",
    ]
    if pair.apart.any():
        sentences[-1] += f", most of all in row {row}, column {column}, by {pair.apart.max():.3g}"
    return "".join(f"{sentence}. " for sentence in sentences).rstrip()


def limits(numbers: Tensor) -> tuple[float, float]:
    finite = numbers[torch.isfinite(numbers)]
    return finite.min().item(), finite.max().item()


def said(limits: tuple[float, float]) -> str:
    return f"{limits[0]:.3g} to {limits[1]:.3g}"
