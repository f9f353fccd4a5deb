"""Colours and fonts of every figure: Okabe and Ito's palette, readable for colour-blind eyes and in greyscale."""

import math

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


def plain_ticks(axes: Axes, side: str = "y") -> None:
    """Write numbers such as 0.5 or 2 along a logarithmic axis, from below the data to above them."""
    limits = axes.viewLim.intervaly if side == "y" else axes.viewLim.intervalx
    data = axes.dataLim.intervaly if side == "y" else axes.dataLim.intervalx
    low, high = (max(limits[0], data[0]), min(limits[1], data[1])) if data[0] > 0 else limits
    ratio = high / low
    digits = (1, 1.2, 1.5, 2, 3, 5, 7) if ratio < 4 else (1, 2, 5) if ratio < 200 else (1,)
    steps = [digit * 10.0**power for power in range(-30, 20) for digit in digits]
    first = max(step for step in steps if step <= 1.05 * low)
    last = min(step for step in steps if step >= 0.95 * high)
    shown = [step for step in steps if first <= step <= last]
    every = -(-len(shown) // 9)  # more numbers than that lie on each other
    above = [step for step in steps if step > last]
    shown = (shown + above[: -(len(shown) - 1) % every])[::every]
    last = shown[-1]
    names = [f"{step:g}" if 1e-3 <= step < 1e5 else f"$10^{{{round(math.log10(step))}}}$" for step in shown]
    air = (last / first) ** 0.04
    getattr(axes, f"set_{side}lim")(first / air, last * air)
    getattr(axes, f"set_{side}ticks")(shown, names)
    (axes.yaxis if side == "y" else axes.xaxis).minorticks_off()


def as_picture(axes: Axes) -> None:
    """Neither ticks nor grid, and a fine frame: a white picture on white paper has an edge too."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=COLORS["grey"], linewidth=0.6)


def draw_image(axis: Axes, image: Tensor, title: str) -> None:
    """One image (3, H, W) in [-1, 1], without ticks."""
    axis.imshow(to_pixels(image).permute(1, 2, 0))
    axis.set_title(title, fontsize=9)
    as_picture(axis)
