"""A block as a drawn chain of steps from left to right, with a shortcut above it; drawn like the map of the network.

A sampler is such a chain too, one whose end is its next beginning.
"""

from collections.abc import Collection, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from course_lib.lessons.shared.style import COLORS

PLUS = "+"
WIDTH, HEIGHT, PLUS_WIDTH, GAP = 1.0, 0.62, 0.34, 0.24
ABOVE, BELOW = 1.0, -1.5  # where the shortcut runs, and the way back of a loop
INCHES, UNIT = 9.4, 1.0  # of the page, and for one step at most


def draw_chain(
    steps: Sequence[str],
    marked: Collection[str | int] = (),
    shortcut: str = "",
    joins: str = "",
    shapes: Sequence[str] = (),
    ends: tuple[str, str] = ("x", "output"),
    shortcut_to: int = -1,
    loop: str = "",
) -> Figure:
    """Steps in a row, from x to output; each "+" adds something: what `joins` names, and the shortcut at one of them.

    Args:
        steps: what is done, in order; a line end breaks a name.
        marked: steps to fill with colour, by name or by place from 0 on.
        shortcut: words on the line from the beginning to a "+"; "" for no such line.
        joins: what comes in from below at the "+" that has no shortcut.
        shapes: what to write below each step; "" for nothing.
        ends: what goes in and what comes out.
        shortcut_to: which "+" the shortcut leads to.
        loop: words on an arrow from the end back to the beginning; "" for no loop.
    """
    import matplotlib.pyplot as plt

    places, x = [], 1.1
    for step in steps:
        width = PLUS_WIDTH if step == PLUS else WIDTH
        places.append(x + width / 2)
        x += width + GAP
    right = x + 0.75
    bottom = BELOW - 0.45 if loop else BELOW if joins else -0.75
    top = ABOVE + 0.45 if shortcut else HEIGHT / 2 + 0.15
    unit = min(UNIT, INCHES / (right - 0.1))
    figure, axes = plt.subplots(figsize=(unit * (right - 0.1), unit * (top - bottom)))
    figure.subplots_adjust(0, 0, 1, 1)
    through = [0.75, *places, right - 0.75]
    for here, there, step in zip(through[:-1], through[1:], [*steps, ""], strict=True):
        half = (PLUS_WIDTH if step == PLUS else WIDTH if step else 0) / 2
        arrow(axes, (here, 0), (there - half, 0))
    shapes = [*shapes, *[""] * (len(steps) - len(shapes))]
    for number, (step, place, shape) in enumerate(zip(steps, places, shapes, strict=True)):
        draw_step(axes, place, step, step in marked or number in marked)
        axes.text(place, -HEIGHT / 2 - 0.1, shape, ha="center", va="top", fontsize=8, color="#444444")
    axes.text(0.7, 0, ends[0], ha="right", va="center", fontsize=11 if len(ends[0]) == 1 else 9)
    axes.text(right - 0.7, 0, ends[1], ha="left", va="center", fontsize=9)
    pluses = [place for place, step in zip(places, steps, strict=True) if step == PLUS]
    if shortcut:
        goal = pluses[shortcut_to]
        axes.plot([0.85, 0.85, goal], [0, ABOVE, ABOVE], color=COLORS["blue"], linewidth=2, zorder=1)
        arrow(axes, (goal, ABOVE), (goal, PLUS_WIDTH / 2), COLORS["blue"], 2)
        axes.text((0.85 + goal) / 2, ABOVE + 0.1, shortcut, ha="center", va="bottom", fontsize=9)
    if joins:
        joined = next(place for place in pluses if not shortcut or place != pluses[shortcut_to])
        arrow(axes, (joined, -0.85), (joined, -PLUS_WIDTH / 2), COLORS["vermilion"], 2)
        axes.text(joined, -0.9, joins, ha="center", va="top", fontsize=9)
    if loop:
        # out of the end, below everything, and into the beginning
        axes.plot([right - 0.45, right - 0.45, 0.5], [-0.2, BELOW, BELOW], color=COLORS["grey"], linewidth=2, zorder=1)
        arrow(axes, (0.5, BELOW), (0.5, -0.2), COLORS["grey"], 2)
        axes.text((0.5 + right) / 2, BELOW - 0.1, loop, ha="center", va="top", fontsize=9)
    axes.set_xlim(0.1, right)
    axes.set_ylim(bottom, top)
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
