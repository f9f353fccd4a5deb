"""A block as a drawn chain of steps from left to right, with a shortcut above it; drawn like the map of the network."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from course_lib.lessons.shared.style import COLORS

PLUS = "+"
WIDTH, HEIGHT, PLUS_WIDTH, GAP = 1.0, 0.62, 0.34, 0.24
ABOVE = 1.0  # where the shortcut runs
INCHES = 9.4  # of the page


def draw_chain(
    steps: Sequence[str], marked: Sequence[str] = (), shortcut: str = "", joins: str = "", shapes: Sequence[str] = ()
) -> Figure:
    """Steps in a row, from x to output; each "+" adds something: what `joins` names, and at the last one the shortcut.

    Args:
        steps: what is done, in order; a line end breaks a name.
        marked: steps to fill with colour.
        shortcut: words on the line from x to the last "+".
        joins: what comes in from below at the first "+", where there are two.
        shapes: what to write below each step; "" for nothing.
    """
    import matplotlib.pyplot as plt

    places, x = [], 1.1
    for step in steps:
        width = PLUS_WIDTH if step == PLUS else WIDTH
        places.append(x + width / 2)
        x += width + GAP
    right, bottom = x + 0.75, -1.35 if joins else -0.75
    figure, axes = plt.subplots(figsize=(INCHES, INCHES * (ABOVE + 0.45 - bottom) / (right - 0.1)))
    figure.subplots_adjust(0, 0, 1, 1)
    ends = [0.75, *places, right - 0.75]
    for here, there, step in zip(ends[:-1], ends[1:], [*steps, ""], strict=True):
        half = (PLUS_WIDTH if step == PLUS else WIDTH if step else 0) / 2
        arrow(axes, (here, 0), (there - half, 0))
    for step, place, shape in zip(steps, places, [*shapes, *[""] * (len(steps) - len(shapes))], strict=True):
        draw_step(axes, place, step, step in marked)
        axes.text(place, -HEIGHT / 2 - 0.1, shape, ha="center", va="top", fontsize=8, color="#444444")
    axes.text(0.7, 0, "x", ha="right", va="center", fontsize=11)
    axes.text(right - 0.7, 0, "output", ha="left", va="center", fontsize=9)
    pluses = [place for place, step in zip(places, steps, strict=True) if step == PLUS]
    axes.plot([0.85, 0.85, pluses[-1]], [0, ABOVE, ABOVE], color=COLORS["blue"], linewidth=2, zorder=1)
    arrow(axes, (pluses[-1], ABOVE), (pluses[-1], PLUS_WIDTH / 2), COLORS["blue"], 2)
    axes.text((0.85 + pluses[-1]) / 2, ABOVE + 0.1, shortcut, ha="center", va="bottom", fontsize=9)
    if joins:
        arrow(axes, (pluses[0], -0.85), (pluses[0], -PLUS_WIDTH / 2), COLORS["vermilion"], 2)
        axes.text(pluses[0], -0.95, joins, ha="center", va="top", fontsize=9)
    axes.set_xlim(0.1, right)
    axes.set_ylim(bottom, ABOVE + 0.45)
    axes.set_aspect("equal")
    axes.axis("off")
    return figure


def draw_step(axes: Axes, place: float, name: str, marked: bool) -> None:
    look = {"facecolor": COLORS["orange"] if marked else "white", "edgecolor": "black" if marked else COLORS["grey"]}
    if name == PLUS:
        axes.add_patch(Circle((place, 0), PLUS_WIDTH / 2, zorder=3, linewidth=1.4, **{**look, "edgecolor": "black"}))
    else:
        corner = (place - WIDTH / 2, -HEIGHT / 2)
        rounded = "round,pad=0,rounding_size=0.1"
        axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, boxstyle=rounded, zorder=3, linewidth=1.2, **look))
    axes.text(place, 0, name, ha="center", va="center", fontsize=8.5, zorder=4)


def arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str = COLORS["grey"], width: float = 1.2
) -> None:
    properties = {"arrowstyle": "-|>", "color": color, "linewidth": width, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=properties, zorder=2)
