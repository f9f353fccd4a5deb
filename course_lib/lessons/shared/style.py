"""Colours and fonts of every figure: Okabe and Ito's palette, readable for colour-blind eyes and in greyscale."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from torch import Tensor

from course_lib.data.pixels import to_pixels

COLORS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "sky": "#56B4E9",
    "grey": "#707070",
    "light": "#E8E8E8",
}

STYLE = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "image.cmap": "gray",
    "axes.prop_cycle": plt.cycler(
        color=[COLORS[name] for name in ("blue", "orange", "green", "vermilion", "sky", "grey")],
    ),
}


def use_style() -> None:
    """Set matplotlib's defaults to the course's."""
    plt.rcParams.update(STYLE)


def plain_ticks(axis: Axes) -> None:
    """Write numbers such as 0.5 or 2 beside a logarithmic vertical axis."""
    low, high = axis.get_ylim()
    digits = (1, 1.2, 1.5, 2, 3, 5, 7) if high < 4 * low else (1, 2, 5) if high < 200 * low else (1,)
    steps = [digit * 10.0**power for power in range(-6, 9) for digit in digits]
    inside = [value for value in steps if low <= value <= high]
    axis.minorticks_off()
    axis.set_yticks(inside, [f"{value:g}" for value in inside])


def draw_image(axis: Axes, image: Tensor, title: str) -> None:
    """One image (3, H, W) in [-1, 1], without ticks."""
    axis.imshow(to_pixels(image).permute(1, 2, 0))
    axis.set_title(title, fontsize=9)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(False)
