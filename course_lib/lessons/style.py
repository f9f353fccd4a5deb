"""Colours and fonts of every figure: Okabe and Ito's palette, readable for colour-blind eyes and in greyscale."""

import matplotlib.pyplot as plt

COLORS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "sky": "#56B4E9",
    "grey": "#777777",
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
