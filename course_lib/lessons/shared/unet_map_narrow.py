"""The map of the network for a narrow page: the U stands upright, encoder on the left, decoder on the right.

A telephone has no room for forty steps in a row, and enough for them one below the other: then every skip is a
level line.
"""

from collections.abc import Collection, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from course_lib.lessons.shared.style import COLORS
from course_lib.lessons.shared.unet_map import LETTERS, Box, name_of, places, skip_arcs
from course_lib.tracing import CAT, TraceRow

# all in pixels of the page
WIDTH, PIXELS_AN_INCH = 326, 96
FULL_WIDTH, NARROWEST, HIGH, STEP, CAT_STEP = 92, 23, 17, 21, 13
LEFT_EDGE, RIGHT_EDGE = 98, 228  # where the boxes of the encoder end, and those of the decoder begin
DOWN, UP = LEFT_EDGE - NARROWEST / 2, RIGHT_EDGE + NARROWEST / 2  # the ways down and up


def draw_narrow(
    rows: list[TraceRow],
    marked: Collection[int] = (),
    mark_skips: bool = False,
    shares: Sequence[float] | None = None,
) -> Figure:
    """What `draw_unet` draws, for a page of 360 pixels; see there for the arguments."""
    boxes = places(rows)
    arcs = skip_arcs(boxes)
    spots = spots_of(boxes, arcs)
    top = max(y for _, y in spots) + 0.5 * HIGH
    bottom = -2 * HIGH
    figure, axes = plt.subplots(figsize=(WIDTH / PIXELS_AN_INCH, (top - bottom + 16) / PIXELS_AN_INCH))
    figure.subplots_adjust(0, 0, 1, 1)
    color = COLORS["blue"] if mark_skips else "#999999"
    for _, end in arcs:
        y = spots[boxes.index(end)][1]
        axes.plot([LEFT_EDGE, UP], [y, y], color=color, linewidth=1.8 if mark_skips else 1.2, zorder=1)
    path = [spot for box, spot in zip(boxes, spots, strict=True) if box.row.section != "EMBEDDINGS"]
    first, last = path[0], path[-1]
    way = [(DOWN, first[1]), (DOWN, 0), (UP, 0), (UP, last[1])]
    axes.plot(*zip(*way, strict=True), color=COLORS["grey"], linewidth=1, zorder=1)
    largest = max(shares) if shares else 1.0
    for place, (box, spot) in enumerate(zip(boxes, spots, strict=True)):
        draw_box(axes, box.row, spot, width_of(box, boxes), place in marked, shares[place] / largest if shares else 0.0)
    draw_words(axes, boxes, spots)
    axes.set(xlim=(0, WIDTH), ylim=(bottom, top + 16), aspect="equal")
    axes.axis("off")
    return figure


def spots_of(boxes: list[Box], arcs: list[tuple[Box, Box]]) -> list[tuple[float, float]]:
    """Centre of each step: the decoder from the middle upwards, each step of the encoder beside the end of its skip."""
    spots: dict[int, tuple[float, float]] = {}
    y = STEP + 4.0
    for place, box in enumerate(boxes):
        if box.row.section in ("DECODER", "OUTPUT"):
            step = CAT_STEP if box.row.kind == CAT else STEP
            side = width_of(box, boxes)
            spots[place] = (UP if box.row.kind == CAT else RIGHT_EDGE + side / 2, y + step / 2)
            y += step
    partner = {boxes.index(start): spots[boxes.index(end)][1] for start, end in arcs}
    below = 0.0
    for place in reversed(range(len(boxes))):
        box = boxes[place]
        if box.row.section in ("INITIAL CONV", "ENCODER"):
            below = partner.get(place, below + STEP)
            spots[place] = (LEFT_EDGE - width_of(box, boxes) / 2, below)
    middle = [place for place, box in enumerate(boxes) if box.row.section == "MIDDLE"]
    for number, place in enumerate(middle, 1):
        spots[place] = (DOWN + (UP - DOWN) * number / (len(middle) + 1), 0.0)
    number = 0
    for place, box in enumerate(boxes):
        if box.row.section == "EMBEDDINGS":
            spots[place] = (32 + 58 * number, y - HIGH / 2)
            number += 1
    return [spots[place] for place in range(len(boxes))]


def width_of(box: Box, boxes: list[Box]) -> float:
    """To the scale of the images that go into the step; never too narrow for its letters."""
    if box.row.section == "EMBEDDINGS":
        return 50
    full = max(other.row.inputs[0][-2] for other in boxes if other.row.section != "EMBEDDINGS")
    return max(NARROWEST, FULL_WIDTH * box.row.inputs[0][-2] / full)


def draw_box(axes: Axes, row: TraceRow, spot: tuple[float, float], width: float, marked: bool, filled: float) -> None:
    look = {
        "facecolor": COLORS["orange"] if marked else "white",
        "edgecolor": "black" if marked else COLORS["grey"],
        "linewidth": 1.6 if marked else 1.0,
    }
    if row.kind == CAT:
        axes.add_patch(Circle(spot, 4.5, zorder=4, **look))
        return
    corner = (spot[0] - width / 2, spot[1] - HIGH / 2)
    axes.add_patch(FancyBboxPatch(corner, width, HIGH, boxstyle="round,pad=0,rounding_size=2.5", zorder=3, **look))
    if filled:
        axes.add_patch(Rectangle(corner, width, filled * HIGH, facecolor=COLORS["sky"], zorder=3.5))
    axes.text(*spot, name_of(row), ha="center", va="center_baseline", fontsize=LETTERS, zorder=5)


def draw_words(axes: Axes, boxes: list[Box], spots: list[tuple[float, float]]) -> None:
    """The size of each level above its skips, the parts' names, and where time and class go."""
    between = (LEFT_EDGE + UP) / 2
    named: set[int] = set()
    for place in reversed(range(len(boxes))):
        row = boxes[place].row
        if row.kind != CAT or row.inputs[0][-1] in named:
            continue
        named.add(row.inputs[0][-1])
        height, width = row.inputs[0][-2:]
        channels = next(other.row.output[1] for other in boxes[place:] if other.row.kind == "ResidualBlock")
        axes.text(
            between,
            spots[place][1] + 4,
            f"{height}x{width}, {channels} ch.",
            ha="center",
            va="bottom",
            fontsize=LETTERS,
            color="#444444",
        )
    axes.text(between, -HIGH / 2 - 4, "middle", ha="center", va="top", fontsize=LETTERS + 0.5)
    axes.text(DOWN - 12, -HIGH / 2, "encoder ↓", ha="right", va="bottom", fontsize=LETTERS + 0.5)
    axes.text(UP + 12, -HIGH / 2, "decoder ↑", ha="left", va="bottom", fontsize=LETTERS + 0.5)
    given = [spot for box, spot in zip(boxes, spots, strict=True) if box.row.section == "EMBEDDINGS"]
    if given:
        x, y = sum(x for x, _ in given) / len(given), given[0][1]
        axes.text(x, y - HIGH / 2 - 3, "added, they go\nto every Res", ha="center", va="top", fontsize=LETTERS)
