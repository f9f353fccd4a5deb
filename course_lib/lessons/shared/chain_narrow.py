"""A chain of steps for a narrow page: it stands upright, x at the top, the output below, the shortcut at its left."""

import textwrap
from collections.abc import Collection, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from course_lib.lessons.shared.chain import PLUS, arrow, draw_chain
from course_lib.lessons.shared.style import COLORS

# all in pixels of the page; y goes down
WIDTH, PIXELS_AN_INCH = 326, 96
MIDDLE, BOX, HIGH, PLUS_HIGH, GAP = 164, 100, 32, 20, 17
SHORTCUT, BACK = 102, 318  # where the shortcut runs down, and the way back of a loop up
LEFT_WORDS, RIGHT_WORDS = 15, 15  # letters a line, at the shortcut and beside the steps
LETTERS, LINE = 8, 13


def show_chain(steps: Sequence[str], caption: str, alt: str, **drawing: Any) -> None:
    """Display a chain, lying and, for a telephone, standing; `drawing`: see `draw_chain`."""
    from course_lib.lessons.shared.show import show

    show(draw_chain(steps, **drawing), caption, alt, narrow=draw_standing(steps, **drawing))


def draw_standing(
    steps: Sequence[str],
    marked: Collection[str | int] = (),
    shortcut: str = "",
    joins: str = "",
    shapes: Sequence[str] = (),
    ends: tuple[str, str] = ("x", "output"),
    shortcut_to: int = -1,
    loop: str = "",
) -> Figure:
    """What `draw_chain` draws, for a page of 360 pixels; see there for the arguments."""
    import matplotlib.pyplot as plt

    places, y = [], LINE + GAP + 4
    for step in steps:
        high = PLUS_HIGH if step == PLUS else HIGH
        places.append(y + high / 2)
        y += high + GAP
    end = y + 4
    words = textwrap.wrap(loop, 46)
    bottom = end + LINE + (GAP + LINE * len(words) if loop else 2)
    figure, axes = plt.subplots(figsize=(WIDTH / PIXELS_AN_INCH, bottom / PIXELS_AN_INCH))
    figure.subplots_adjust(0, 0, 1, 1)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(bottom, 0)
    axes.axis("off")

    through = [LINE + 3, *places, end]
    for here, there, step in zip(through[:-1], through[1:], [*steps, ""], strict=True):
        half = (PLUS_HIGH if step == PLUS else HIGH if step else 0) / 2
        arrow(axes, (MIDDLE, here), (MIDDLE, there - half))
    shapes = [*shapes, *[""] * (len(steps) - len(shapes))]
    for number, (step, place, shape) in enumerate(zip(steps, places, shapes, strict=True)):
        draw_step(axes, place, step, step in marked or number in marked)
        write(axes, (MIDDLE + BOX / 2 + 6, place), shape, "left", "#444444")
    write(axes, (MIDDLE, LINE / 2), ends[0], "center")
    write(axes, (MIDDLE, end + LINE / 2), ends[1], "center")

    pluses = [place for place, step in zip(places, steps, strict=True) if step == PLUS]
    if shortcut:
        goal, start = pluses[shortcut_to], LINE + 7
        blue = COLORS["blue"]
        axes.plot([MIDDLE, SHORTCUT, SHORTCUT], [start, start, goal], color=blue, linewidth=2, zorder=1)
        arrow(axes, (SHORTCUT, goal), (MIDDLE - PLUS_HIGH / 2, goal), blue, 2)
        write(axes, (SHORTCUT - 6, (start + goal) / 2), textwrap.fill(shortcut, LEFT_WORDS), "right")
    if joins:
        joined = next(place for place in pluses if not shortcut or place != pluses[shortcut_to])
        arrow(axes, (MIDDLE + BOX / 2, joined), (MIDDLE + PLUS_HIGH / 2, joined), COLORS["vermilion"], 2)
        broken = "\n".join(textwrap.fill(line, RIGHT_WORDS) for line in joins.splitlines())
        write(axes, (MIDDLE + BOX / 2 + 6, joined), broken, "left")
    if loop:
        # out of the end, up beside everything, and into the beginning
        grey, ends_at, begins_at = COLORS["grey"], end + LINE / 2, LINE / 2
        right = MIDDLE + 42
        axes.plot([right, BACK, BACK], [ends_at, ends_at, begins_at], color=grey, linewidth=2, zorder=1)
        arrow(axes, (BACK, begins_at), (right, begins_at), grey, 2)
        axes.text(
            WIDTH / 2, end + LINE + GAP / 2, "\n".join(words), ha="center", va="top", fontsize=LETTERS, linespacing=1.2
        )
    return figure


def draw_step(axes: Axes, place: float, name: str, marked: bool) -> None:
    look = {"facecolor": COLORS["orange"] if marked else "white", "edgecolor": "black" if marked else COLORS["grey"]}
    if name == PLUS:
        axes.add_patch(
            Circle((MIDDLE, place), PLUS_HIGH / 2, zorder=3, linewidth=1.4, **{**look, "edgecolor": "black"})
        )
    else:
        corner = (MIDDLE - BOX / 2, place - HIGH / 2)
        rounded = "round,pad=0,rounding_size=4"
        axes.add_patch(FancyBboxPatch(corner, BOX, HIGH, boxstyle=rounded, zorder=3, linewidth=1.2, **look))
    axes.text(MIDDLE, place, name, ha="center", va="center", fontsize=8.5, zorder=4)


def write(axes: Axes, where: tuple[float, float], words: str, side: str, color: str = "black") -> None:
    axes.text(*where, words, ha=side, va="center", fontsize=LETTERS, color=color, zorder=4)
