"""The network as a drawn U: one box a step, size going down the page, skips running across."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from course_lib.lessons.shared.style import COLORS
from course_lib.tracing import CAT, TraceRow, trace
from course_lib.unet import UNet

# what each lesson builds, or shows in the network
LESSON_TITLES = {
    "00": "the whole network; lessons 01 to 06 build its parts, and lesson 07 puts them together",
    "01": "the time embedding",
    "02": "the class embedding",
    "03": "the residual blocks",
    "04": "down- and upsampling",
    "05": "self-attention",
    "06": "the concatenations, where the skip connections end",
    "07": "everything, put together",
    "08": "where the time enters, which says how much noise there is to see",
    "09": "where the time enters, which says how far there is to go",
    "10": "where the class enters; guidance asks the network with it and without it",
    "11": "time, class, attention and skips, which are taken out in turn",
    "12": "the whole network, at the document's size",
    "13": "the whole network, which is yours now: nothing is trained, all is asked",
    "14": "the whole network, whose paths are made straight",
}
KINDS_OF_LESSON = {
    "01": {"TimeEmbedding"},
    "02": {"ClassEmbedding"},
    "03": {"ResidualBlock"},
    "04": {"Downsample", "Upsample"},
    "05": {"SelfAttention"},
    "06": {CAT},
    "08": {"TimeEmbedding", "ResidualBlock"},
    "09": {"TimeEmbedding", "ResidualBlock"},
    "10": {"ClassEmbedding", "ResidualBlock"},
    "11": {"TimeEmbedding", "ClassEmbedding", "SelfAttention", CAT},
}
# lessons that are about all of it show how something is spread over it: the attribute of a step, and its name
MEASURES_OF_LESSON = {"07": ("multiply_adds", "multiply-adds"), "12": ("parameters", "parameters")}
SHORT_NAMES = {
    "TimeEmbedding": "time",
    "ClassEmbedding": "class",
    "ResidualBlock": "Res",
    "SelfAttention": "Att",
    "Downsample": "↓",
    "Upsample": "↑",
    "GroupNorm": "GN",
    CAT: "cat",
}
# in units of a width of which the page holds UNITS
BOX_WIDTH, STEP, CAT_STEP = 0.94, 1.05, 0.62
UNITS, PAGE = 41, 9.7
# a box is as high as the resolution that goes into it, this much for the full one, and never too low for its letters
FULL_HEIGHT, LOWEST = 2.9, 0.72
GAP = 1.75  # between two rows, for the skips
LETTERS = 7.0


@dataclass(frozen=True)
class Box:
    """A step's place: centre (x, y), height, and the row of the trace it stands for."""

    x: float
    y: float
    height: float
    row: TraceRow

    @property
    def top(self) -> float:
        return self.y + self.height / 2


def show_map(lesson: str) -> None:
    """Display the document's network with what one lesson is about marked, and say in a line what is marked."""
    from course_lib.lessons.shared.show import show
    from course_lib.lessons.shared.unet_map_narrow import draw_narrow

    with torch.device("meta"):
        rows = trace(UNet())
    title = LESSON_TITLES.get(lesson, "the trained network")
    kinds = KINDS_OF_LESSON.get(lesson, set())
    marked = {place for place, row in enumerate(rows) if row.kind in kinds}
    part, seen = title, "Nothing is marked."
    if marked:
        part = f"{len(marked)} of its {len(rows)} steps {'is' if len(marked) == 1 else 'are'} marked: {title}"
        seen = f"Marked in orange: {title}."
    shares = None
    if lesson in MEASURES_OF_LESSON:
        attribute, name = MEASURES_OF_LESSON[lesson]
        shares = [getattr(row, attribute) / sum(getattr(row, attribute) for row in rows) for row in rows]
        of_levels = level_shares(rows, shares)
        spread = ", ".join(f"{share:.0%} at {size}x{size}" for size, share in of_levels.items())
        part = (
            f"{title}. Boxes are filled by their share of the {name}, the fullest to the top. By the size of what goes "
        )
        part += f"into a step: {spread}"
        seen = f"Filled by their share of the {name}. By the size of what goes into a step: {spread}."
    mark_skips = lesson in ("06", "07")
    if mark_skips:
        seen += " The skips are blue."
    show(
        draw_unet(rows, marked, mark_skips=mark_skips, shares=shares),
        f"You are here. The document's network from noisy image to prediction, along the U; the larger the images in a "
        f"step, the larger its box. Circles are concatenations with a skip; {part}.",
        f"Map of the UNet as a U: encoder on the left going down, middle at the bottom, decoder on the right going up, "
        f"skips as horizontal lines between them. {seen}",
        narrow=draw_narrow(rows, marked, mark_skips=mark_skips, shares=shares),
    )


def level_shares(rows: list[TraceRow], shares: Sequence[float]) -> dict[int, float]:
    """Resolution of what goes in -> the sum of its steps' shares; the embeddings, which have none, stay out."""
    levels: dict[int, float] = {}
    for row, share in zip(rows, shares, strict=True):
        if row.section != "EMBEDDINGS":
            levels[row.inputs[0][-2]] = levels.get(row.inputs[0][-2], 0.0) + share
    return levels


def draw_unet(
    rows: list[TraceRow],
    marked: Collection[int] = (),
    mark_skips: bool = False,
    crossed: int | None = None,
    shares: Sequence[float] | None = None,
) -> Figure:
    """Draw the steps of a traced network as a U.

    Args:
        rows: what `trace` measured, of any configuration of the UNet.
        marked: places in `rows` to fill with colour.
        mark_skips: whether the skips are coloured.
        crossed: a place to mark as the first that goes wrong.
        shares: a number for each row; boxes are filled from below, the largest number to the top.
    """
    boxes = places(rows)
    bottom = min(box.y - box.height / 2 for box in boxes) - 1.9
    top = max(box.top for box in boxes) + 0.7
    right = max(box.x for box in boxes)
    unit = min(PAGE / UNITS, PAGE / (right + 4.2))
    figure, axes = plt.subplots(figsize=(unit * (right + 4.2), unit * (top - bottom)))
    figure.subplots_adjust(0, 0, 1, 1)
    draw_skips(axes, boxes, mark_skips)
    draw_flow(axes, boxes)
    largest = max(shares) if shares else 1.0
    for place, box in enumerate(boxes):
        draw_box(axes, box, place in marked, place == crossed, shares[place] / largest if shares else 0.0)
    draw_sizes(axes, boxes)
    draw_sections(axes, boxes)
    axes.set_xlim(-3.4, right + 0.8)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    axes.axis("off")
    return figure


def places(rows: list[TraceRow]) -> list[Box]:
    """Steps in the order they run, left to right; every halving of the height is one row down."""
    full = next(row.output[-2] for row in rows if row.module == "conv_in")
    sizes = sorted({row.inputs[0][-2] for row in rows if row.section != "EMBEDDINGS"}, reverse=True)
    heights = {size: max(LOWEST, FULL_HEIGHT * size / full) for size in sizes}
    middles, y = {}, 0.0
    for size in sizes:
        middles[size] = y - heights[size] / 2
        y -= heights[size] + GAP
    boxes, x = [], 0.0
    above = 2.7
    for row in rows:
        if row.section == "EMBEDDINGS":
            count = sum(box.row.section == "EMBEDDINGS" for box in boxes)
            boxes.append(Box(0.6 + 2.6 * STEP * count, above, 0.95, row))
            continue
        size = row.inputs[0][-2]
        before = (STEP - CAT_STEP) / 2 if row.kind == CAT else 0.0
        boxes.append(Box(x - before, middles[size], heights[size], row))
        x += CAT_STEP if row.kind == CAT else STEP
    return boxes


def name_of(row: TraceRow) -> str:
    """What stands in a step's box."""
    return SHORT_NAMES.get(row.kind) or ("in" if row.module == "conv_in" else "out")


def draw_box(axes: Axes, box: Box, marked: bool, crossed: bool, filled: float) -> None:
    name = name_of(box.row)
    color = COLORS["orange"] if marked else "white"
    strong = marked or crossed
    look = {"facecolor": color, "edgecolor": "black" if strong else COLORS["grey"], "linewidth": 1.8 if strong else 1.0}
    dot = box.row.kind == CAT
    width = 2.4 * BOX_WIDTH if box.row.section == "EMBEDDINGS" else 0.6 if dot else BOX_WIDTH
    high = 0.6 if dot else box.height
    corner = (box.x - width / 2, box.y - high / 2)
    rounded = "round,pad=0,rounding_size=0.15"
    if crossed:  # above and below: the letters fill the box itself, and the neighbours are near
        frame = FancyBboxPatch(
            (corner[0] - 0.04, corner[1] - 0.5),
            width + 0.08,
            high + 1.0,
            boxstyle=rounded,
            facecolor=COLORS["vermilion"],
            edgecolor="black",
            hatch="xxx",
            zorder=2.5,
        )
        axes.add_patch(frame)
    if dot:
        axes.add_patch(Circle((box.x, box.y), 0.24, zorder=4, **look))
        return
    axes.add_patch(FancyBboxPatch(corner, width, box.height, boxstyle=rounded, zorder=4 if crossed else 3, **look))
    if filled:
        level = Rectangle(corner, width, filled * box.height, facecolor=COLORS["sky"], zorder=3.5)
        axes.add_patch(level)
    axes.text(box.x, box.y, name, ha="center", va="center", fontsize=LETTERS, zorder=5)


def draw_flow(axes: Axes, boxes: list[Box]) -> None:
    path = [box for box in boxes if box.row.section != "EMBEDDINGS"]
    for here, there in pairwise(path):
        axes.plot([here.x, there.x], [here.y, there.y], color=COLORS["grey"], linewidth=1, zorder=1)
    emb = [box for box in boxes if box.row.section == "EMBEDDINGS"]
    if emb:
        last = max(box.x for box in emb)
        right = max(box.x for box in path)
        axes.annotate(
            "",
            (right, emb[0].y),
            (last + 1.4, emb[0].y),
            arrowprops={"arrowstyle": "->", "linestyle": ":", "color": COLORS["grey"]},
        )
        words = "their sum goes to every residual block (Res)"
        axes.text((last + right) / 2, emb[0].y + 0.2, words, ha="center", va="bottom", fontsize=LETTERS + 0.5)


def draw_skips(axes: Axes, boxes: list[Box], marked: bool) -> None:
    """Lines from the step that leaves a skip to the concatenation that takes it, the wider the higher."""
    color = COLORS["blue"] if marked else "#999999"
    arcs = sorted(skip_arcs(boxes), key=lambda arc: arc[1].x - arc[0].x)
    inside: dict[float, int] = {}
    for start, end in arcs:
        height = end.top + 0.3 + 0.4 * inside.setdefault(end.y, 0)
        inside[end.y] += 1
        axes.plot(
            [start.x, start.x, end.x, end.x],
            [start.y, height, height, end.y],
            color=color,
            linewidth=1.8 if marked else 1.2,
            zorder=2,
        )


def skip_arcs(boxes: list[Box]) -> list[tuple[Box, Box]]:
    """Who pushes and who pops, last in, first out."""
    path = [box for box in boxes if box.row.section != "EMBEDDINGS"]
    stack, arcs = [], []
    for box, after in pairwise(path):
        if box.row.kind == CAT and stack:
            arcs.append((stack.pop(), box))
        # a block with attention behind it leaves its skip after the attention
        elif box.row.section in ("INITIAL CONV", "ENCODER") and after.row.kind != "SelfAttention":
            stack.append(box)
    return arcs


def draw_sizes(axes: Axes, boxes: list[Box]) -> None:
    """Height and width of each row, and the channels it works with, at its left end."""
    path = [box for box in boxes if box.row.section != "EMBEDDINGS"]
    first, channels = {}, {}
    for box in path:
        first.setdefault(box.y, box)
        if box.row.kind == "ResidualBlock":
            channels.setdefault(box.y, box.row.output[1])
    for y, box in first.items():
        height, width = box.row.inputs[0][-2:]
        text = f"{height}x{width}" + (f"\n{channels[y]} ch." if y in channels else "")
        axes.text(box.x - 0.75, y, text, ha="right", va="center", fontsize=LETTERS, color="#444444")


def draw_sections(axes: Axes, boxes: list[Box]) -> None:
    """The document's headings below the steps they stand for."""
    bottom = min(box.y - box.height / 2 for box in boxes) - 0.65
    for section in ("ENCODER", "MIDDLE", "DECODER"):
        xs = [box.x for box in boxes if box.row.section == section]
        if xs:
            left, right = min(xs) - BOX_WIDTH / 2, max(xs) + BOX_WIDTH / 2
            axes.plot([left, left, right, right], [bottom + 0.25, bottom, bottom, bottom + 0.25], color="#444444", lw=1)
            axes.text((left + right) / 2, bottom - 0.2, section.lower(), ha="center", va="top", fontsize=LETTERS + 0.5)
