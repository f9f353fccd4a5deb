"""Can everybody read a figure's text? What cuts it off, covers it, or makes it too small or pale is found in tests."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from course_lib.lessons.shared.visibility import unseen
from course_lib.pictures.html_figure import shown_inch

# WCAG 2.2, success criterion 1.4.3: text, and large text (18 points, or 14 in bold)
CONTRAST, LARGE_CONTRAST = 4.5, 3.0
# pixels of the page, below which letters are guessed rather than read
SMALLEST = 9.0
# a text's box is a little larger than what is printed in it
MARGIN = 2.0
# points of a line that is a part of a drawing
STRONG = 1.5


def require_legible(figure: Figure, caption: str = "") -> None:
    """Raises: ValueError that lists what `troubles` finds."""
    found = list(troubles(figure, caption))
    if found:
        raise ValueError("figure has what cannot be read; allowed: nothing. " + "; ".join(found))


def troubles(figure: Figure, caption: str = "") -> Iterator[str]:
    """What makes `figure` hard to read, or hides what it should show, a sentence each; `caption`: the words below it.

    Text beyond the figure's edge is no trouble: figures are saved with bbox_inches="tight", which makes room for it.
    """
    before = figure.canvas
    canvas = FigureCanvasAgg(figure)  # any other canvas may have no pixels
    try:
        yield from troubles_on(canvas, caption)
    finally:
        figure.set_canvas(before)


def troubles_on(canvas: FigureCanvasAgg, caption: str) -> Iterator[str]:
    canvas.draw()
    texts = visible_texts(canvas.figure)
    renderer = canvas.get_renderer()
    boxes = {text: text.get_window_extent(renderer) for text in texts}
    for text in texts:
        if text.get_clip_on() and text.get_clip_box() is not None and sticks_out(boxes[text], text.get_clip_box()):
            yield f"{text.get_text()!r} is cut off by its axes"
    corners = {text: corners_of(text, renderer) for text in texts}
    for one, other in combinations(texts, 2):
        if overlap(boxes[one], boxes[other]) and apart_along(corners[one], corners[other]) < closest(one, other):
            yield f"{one.get_text()!r} and {other.get_text()!r} lie on each other"
    yield from over_borders(canvas.figure, boxes)
    yield from unseen(canvas.figure, caption)
    yield from small(canvas.figure, boxes)
    yield from pale(canvas, boxes)


def small(figure: Figure, boxes: dict[Text, Bbox]) -> Iterator[str]:
    """Compare the size of each text with what is read at the width at which the page shows the figure."""
    everything = Bbox.union([figure.bbox, *boxes.values()])  # figures are saved with room for their texts
    inch = shown_inch(everything.width / figure.dpi)
    for text in boxes:
        pixels = text.get_fontsize() / 72 * inch
        if pixels < SMALLEST - 0.05:
            yield f"{text.get_text()!r} is {pixels:.1f} pixels high in a notebook, needed are {SMALLEST:g}"


def visible_texts(figure: Figure) -> list[Text]:
    """Every text that is drawn. An axis keeps tick labels that lie outside its limits, and does not draw them."""
    drawn_ticks, all_ticks = set(), set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            all_ticks |= {label for ticks in (axis.majorTicks, axis.minorTicks) for label in labels_of(ticks)}
            if axes.axison and axes.get_visible() and axis.get_visible():
                drawn_ticks |= set(labels_of(axis._update_ticks()))
    hidden = {
        text
        for axes in figure.axes
        if not (axes.get_visible() and axes.axison)
        for axis in (axes.xaxis, axes.yaxis)
        for text in (axis.label, axis.offsetText)
    }
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible()
        and text.get_text().strip()
        and text not in hidden
        and (text not in all_ticks or text in drawn_ticks)
    ]


def labels_of(ticks: list) -> list[Text]:
    return [label for tick in ticks for label in (tick.label1, tick.label2)]


def sticks_out(box: Bbox, border: Bbox) -> bool:
    return (
        box.x0 < border.x0 - MARGIN
        or box.y0 < border.y0 - MARGIN
        or box.x1 > border.x1 + MARGIN
        or box.y1 > border.y1 + MARGIN
    )


def overlap(one: Bbox, other: Bbox) -> bool:
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


def corners_of(text: Text, renderer: RendererBase) -> np.ndarray:
    """The four corners of the text itself, (4, 2): the box around slanted text is mostly empty."""
    angle = text.get_rotation()
    box = text.get_window_extent(renderer)
    if angle % 90 == 0:
        return np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]])
    text.set_rotation(0)
    try:
        flat = text.get_window_extent(renderer)
    finally:
        text.set_rotation(angle)
    turn = np.radians(angle)
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (flat.width / 2, flat.height / 2)
    turned = half @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return turned + np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])


def apart_along(one: np.ndarray, other: np.ndarray) -> float:
    """How far apart two rectangles are along the best of their four directions, in pixels; negative: they overlap."""
    gaps = []
    for corners in (one, other):
        for start, end in ((corners[0], corners[1]), (corners[1], corners[2])):
            direction = (end - start) / max(float(np.hypot(*(end - start))), 1e-9)
            here, there = one @ direction, other @ direction
            gaps.append(max(here.min() - there.max(), there.min() - here.max()))
    return max(gaps)


def closest(one: Text, other: Text) -> float:
    """How much of two boxes may overlap: the lines of a text have air above and below, its ends have none."""
    return -2 * MARGIN if one.get_rotation() % 180 == other.get_rotation() % 180 == 0 else -MARGIN


def over_borders(figure: Figure, boxes: dict[Text, Bbox]) -> Iterator[str]:
    """Text that lies on a panel it does not belong to, or across its own edge, a box's, or a drawn line."""
    panels = [axes for axes in figure.axes if axes.get_visible() and axes.name != "3d" and (axes.axison or axes.images)]
    panel_of = {text: axes for axes in figure.axes for text in axes.findobj(Text)}  # tick labels do not know theirs
    edges: dict[Axes, list[Bbox]] = {}
    for text, box in boxes.items():
        inner = Bbox.from_extents(box.x0 + MARGIN, box.y0 + MARGIN, box.x1 - MARGIN, box.y1 - MARGIN)
        own = panel_of.get(text)
        for panel in panels:
            if own is None or panel is own or not overlap(box.padded(MARGIN), panel.bbox):
                continue
            if not contains(panel.bbox.padded(1), own.bbox):  # a small panel within a large one
                yield f"{text.get_text()!r} lies on the panel {panel.get_title() or 'beside it'!r}"
        if own is None or own.name == "3d":
            continue
        for name, spine in own.spines.items():
            if own.axison and spine.get_visible() and across(inner, own.bbox, name):
                yield f"{text.get_text()!r} lies across the edge of its panel"
        if own not in edges:  # a text's neighbours share its boxes: rounded corners take long to measure
            shapes = [one for one in own.patches if isinstance(one, FancyBboxPatch | Circle) and one.get_visible()]
            edges[own] = [shape.get_window_extent() for shape in shapes]
        around = edges[own]
        held = any(contains(edge, inner) for edge in around)  # what runs behind a box is hidden by it
        strong = [line for line in own.lines if not (own.axison or held) and line.get_linewidth() >= STRONG]
        if any(line.get_path().transformed(line.get_transform()).intersects_bbox(inner, False) for line in strong):
            yield f"{text.get_text()!r} lies across a line"
        for edge in around:
            if overlap(inner, edge) and not contains(edge, inner) and not contains(inner, edge):
                yield f"{text.get_text()!r} lies across the border of a box"


def across(box: Bbox, panel: Bbox, side: str) -> bool:
    """Whether a text's box lies on both sides of one edge of its panel."""
    if side in ("left", "right"):
        edge = panel.x0 if side == "left" else panel.x1
        return box.x0 < edge < box.x1 and box.y0 < panel.y1 and box.y1 > panel.y0
    edge = panel.y0 if side == "bottom" else panel.y1
    return side in ("bottom", "top") and box.y0 < edge < box.y1 and box.x0 < panel.x1 and box.x1 > panel.x0


def contains(outer: Bbox, inner: Bbox) -> bool:
    return outer.x0 <= inner.x0 and outer.y0 <= inner.y0 and outer.x1 >= inner.x1 and outer.y1 >= inner.y1


def pale(canvas: FigureCanvasAgg, boxes: dict[Text, Bbox]) -> Iterator[str]:
    """Compare each text with what lies behind it: the figure is drawn once more, with all text transparent."""
    opacities = {text: text.get_alpha() for text in boxes}
    for text in boxes:
        text.set_alpha(0)  # a hidden text would take no room, and the layout would be another one
    try:
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255
    finally:
        for text, opacity in opacities.items():
            text.set_alpha(opacity)
    height, width = pixels.shape[:2]
    for text, box in boxes.items():
        rows = slice(max(0, int(box.y0)), min(height, int(box.y1) + 1))
        columns = slice(max(0, int(box.x0)), min(width, int(box.x1) + 1))
        behind = pixels[rows, columns].reshape(-1, 3)
        background = tuple(np.median(behind, axis=0)) if behind.size else to_rgb(canvas.figure.get_facecolor())
        found = contrast(printed(text, background), background)
        needed = LARGE_CONTRAST if is_large(text) else CONTRAST
        if found < needed:
            yield f"{text.get_text()!r} has a contrast of {found:.1f}, needed is {needed:g}"


def printed(text: Text, background: tuple[float, ...]) -> tuple[float, ...]:
    """The colour that is seen: text may let through some of what lies behind it."""
    *color, opacity = to_rgba(text.get_color(), text.get_alpha())
    return tuple(opacity * own + (1 - opacity) * other for own, other in zip(color, background, strict=True))


def is_large(text: Text) -> bool:
    bold = text.get_weight() in ("bold", "heavy", "black") or (
        isinstance(text.get_weight(), int) and text.get_weight() >= 700
    )
    return text.get_fontsize() >= (14 if bold else 18)


def contrast(one: object, other: object) -> float:
    """The contrast ratio of two colours, from 1 (none) to 21 (black on white).

    Source: WCAG 2.2, "contrast ratio" and "relative luminance".
    """
    lighter, darker = sorted((luminance(to_rgb(one)), luminance(to_rgb(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(rgb: tuple[float, float, float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
