"""The network as a drawn U: one box a step, size going down the page, skips running across."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_lib.lessons.shared.style import COLORS
from course_lib.tracing import CAT, TraceRow, trace
from course_lib.unet import UNet

# what each lesson builds, by the beginning or the kind of a step
LESSON_TITLES = {
    "00": "the whole network, to which every lesson adds a part",
    "01": "the time embedding",
    "02": "the class embedding",
    "03": "the residual blocks",
    "04": "down- and upsampling",
    "05": "self-attention",
    "06": "the skip connections",
    "07": "everything, put together",
    "08": "the whole network, which learns to see the noise",
    "09": "the whole network, which learns which way to go",
    "10": "the whole network, asked twice: with the class and without",
    "11": "the whole network, and what is missed when a part is taken out",
    "12": "the whole network, at the document's size",
    "13": "the whole network, which is yours now: nothing is trained, all is asked",
}
KINDS_OF_LESSON = {
    "01": {"TimeEmbedding"},
    "02": {"ClassEmbedding"},
    "03": {"ResidualBlock"},
    "04": {"Downsample", "Upsample"},
    "05": {"SelfAttention"},
    "06": {CAT},
}
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
BOX_WIDTH, BOX_HEIGHT, STEP = 0.9, 0.66, 1.04
ROW = 1.75


@dataclass(frozen=True)
class Box:
    """A step's place: centre (x, y), and the row of the trace it stands for."""

    x: float
    y: float
    row: TraceRow


def show_map(lesson: str) -> None:
    """Display the document's network with the parts of one lesson marked, and say in a line what is marked."""
    from course_lib.lessons.shared.show import show

    with torch.device("meta"):
        model = UNet()
    kinds = KINDS_OF_LESSON.get(lesson)
    rows = trace(model)
    marked = {place for place, row in enumerate(rows) if kinds is None or row.kind in kinds}
    if lesson == "00":
        marked = set()
    title = LESSON_TITLES.get(lesson, "the trained network")
    figure = draw_unet(rows, marked, mark_skips=lesson in ("06", "07"))
    part = f"{len(marked)} of its {len(rows)} steps are marked: {title}" if marked else title
    show(
        figure,
        f"You are here. The document's network from noisy image (left) to prediction (right); {part}.",
        f"Map of the UNet as a U: encoder on the left going down, middle at the bottom, decoder on the right going up, "
        f"skips as horizontal lines between them. Marked in orange: {title if marked else 'nothing yet'}.",
    )


def draw_unet(
    rows: list[TraceRow], marked: Collection[int] = (), mark_skips: bool = False, crossed: int | None = None
) -> Figure:
    """Draw the steps of a traced network as a U.

    Args:
        rows: what `trace` measured, of any configuration of the UNet.
        marked: places in `rows` to fill with colour.
        mark_skips: whether the skips are coloured.
        crossed: a place to mark as the first that goes wrong.
    """
    boxes = places(rows)
    depth = -min(box.y for box in boxes)
    right = max(box.x for box in boxes)
    figure, axes = plt.subplots(figsize=(min(13.0, 0.4 * right + 2.4), 0.6 * depth + 2.0))
    draw_skips(axes, boxes, mark_skips)
    draw_flow(axes, boxes)
    for place, box in enumerate(boxes):
        draw_box(axes, box, place in marked, place == crossed)
    draw_sizes(axes, boxes)
    draw_sections(axes, boxes)
    axes.set_xlim(-2.2, right + 1.2)
    axes.set_ylim(-depth - 1.7, 2.7)
    axes.set_aspect("equal")
    axes.axis("off")
    return figure


def places(rows: list[TraceRow]) -> list[Box]:
    """Steps in the order they run, left to right; every halving of the height is one row down."""
    full = next(row.output[-2] for row in rows if row.module == "conv_in")
    boxes, x = [], 0.0
    for row in rows:
        if row.section == "EMBEDDINGS":
            boxes.append(Box(0.6 + 2.2 * STEP * sum(box.row.section == "EMBEDDINGS" for box in boxes), 1.7, row))
            continue
        level = (full // row.inputs[0][-2]).bit_length() - 1
        boxes.append(Box(x, -ROW * level, row))
        x += STEP
    return boxes


def draw_box(axes: Axes, box: Box, marked: bool, crossed: bool) -> None:
    name = SHORT_NAMES.get(box.row.kind) or ("in" if box.row.module == "conv_in" else "out")
    width = 2 * BOX_WIDTH if box.row.section == "EMBEDDINGS" else BOX_WIDTH
    corner = (box.x - width / 2, box.y - BOX_HEIGHT / 2)
    color = COLORS["orange"] if marked else "white"
    if crossed:  # a broad frame: the letters fill the box itself
        frame = FancyBboxPatch(
            corner,
            width,
            BOX_HEIGHT,
            boxstyle="round,pad=0.3,rounding_size=0.3",
            facecolor=COLORS["vermilion"],
            edgecolor="black",
            hatch="xxx",
            zorder=2.5,
        )
        axes.add_patch(frame)
    patch = FancyBboxPatch(
        corner,
        width,
        BOX_HEIGHT,
        boxstyle="round,pad=0.02,rounding_size=0.1",
        facecolor=color,
        edgecolor="black" if marked or crossed else COLORS["grey"],
        linewidth=2.2 if marked or crossed else 1.0,
        zorder=4 if crossed else 3,
    )
    axes.add_patch(patch)
    weight = "bold" if marked or crossed else "normal"
    axes.text(box.x, box.y, name, ha="center", va="center", fontsize=7, weight=weight, zorder=5)


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
            (right, 1.7),
            (last + 1.0, 1.7),
            arrowprops={"arrowstyle": "->", "linestyle": ":", "color": COLORS["grey"]},
        )
        axes.text((last + right) / 2, 1.85, "emb goes to every residual block", ha="center", fontsize=8)


def draw_skips(axes: Axes, boxes: list[Box], marked: bool) -> None:
    """Lines from the step that leaves a skip to the concatenation that takes it, the wider the higher."""
    color = COLORS["blue"] if marked else "#BBBBBB"
    arcs = sorted(skip_arcs(boxes), key=lambda arc: arc[1].x - arc[0].x)
    inside: dict[float, int] = {}
    for start, end in arcs:
        height = end.y + BOX_HEIGHT / 2 + 0.12 + 0.17 * inside.setdefault(end.y, 0)
        inside[end.y] += 1
        axes.plot(
            [start.x, start.x, end.x, end.x],
            [start.y, height, height, end.y],
            color=color,
            linewidth=1.6 if marked else 0.9,
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
    """Height and width of each row, at its left end."""
    path = [box for box in boxes if box.row.section != "EMBEDDINGS"]
    seen = {}
    for box in path:
        seen.setdefault(box.y, box)
    for y, box in seen.items():
        height, width = box.row.inputs[0][-2:]
        axes.text(box.x - 0.65, y, f"{height}x{width}", ha="right", va="center", fontsize=8, color="#444444")


def draw_sections(axes: Axes, boxes: list[Box]) -> None:
    """The document's headings below the steps they stand for."""
    bottom = min(box.y for box in boxes) - 0.75
    for section in ("ENCODER", "MIDDLE", "DECODER"):
        xs = [box.x for box in boxes if box.row.section == section]
        if xs:
            left, right = min(xs) - BOX_WIDTH / 2, max(xs) + BOX_WIDTH / 2
            axes.plot([left, left, right, right], [bottom + 0.15, bottom, bottom, bottom + 0.15], color="#444444", lw=1)
            axes.text((left + right) / 2, bottom - 0.15, section.lower(), ha="center", va="top", fontsize=8)
