"""Does a figure show what it says? Series out of sight, axes that end inside their data or lack a label."""

import re
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.transforms import Bbox

from course_lib.pictures.html_figure import shown_inch

# pixels of the page that are seen below a notebook's toolbar on a screen of 768
TALLEST = 640
# how far data may lie beyond the last number on a logarithmic axis: to guess more is no reading
BEYOND = 1.3
NUMBER = re.compile(r"[-\u2212]?\d[\d,]*(?:\.\d+)?%?")
GREYS = {"gray", "grey", "Greys", "binary"}


def unseen(figure: Figure, caption: str = "") -> Iterator[str]:
    """What `figure`, which has been drawn, does not show, a sentence each; `caption`: the words below it."""
    height = figure.get_figheight() * shown_inch(figure.get_figwidth())
    if height > TALLEST + 1:
        yield f"it is {height:.0f} pixels high in a notebook, allowed are {TALLEST}"
    for axes in figure.axes:
        if not axes.get_visible() or axes.name == "3d":
            continue
        yield from series_out_of_sight(axes)
        yield from data_beyond(axes)
        yield from legend_on_data(axes)
        if axes.axison:
            yield from without_label(figure, axes)
            yield from numbers_end_early(axes)
            yield from beyond_the_caption(axes, caption)
    yield from without_scale(figure)


def name_of(line: Line2D) -> str:
    label = str(line.get_label())
    return "a series" if label.startswith("_") else f"series {label!r}"


def has_marks(line: Line2D) -> bool:
    return line.get_marker() not in (None, "None", "none", "", " ")


def series_out_of_sight(axes: Axes) -> Iterator[str]:
    """Lines of which no point and no stretch lies within the axes."""
    window = axes.bbox.padded(1)
    for line in axes.lines:
        if not line.get_visible() or not len(line.get_xydata()):
            continue
        points = line.get_transform().transform(line.get_xydata())
        finite = np.isfinite(points).all(axis=1)
        inside = finite & [window.contains(*point) if ok else False for point, ok in zip(points, finite, strict=True)]
        drawn = has_marks(line) and inside.any()
        if not drawn and line.get_linestyle() not in ("None", "none", "", " "):
            runs = np.split(np.arange(len(points)), np.flatnonzero(~finite))
            stretches = [points[run[finite[run]]] for run in runs]
            drawn = any(len(one) > 1 and Path(one).intersects_bbox(window, filled=False) for one in stretches)
        if not drawn:
            yield f"{name_of(line)} has no visible point"


def data_beyond(axes: Axes) -> Iterator[str]:
    """Points and bars that lie outside of the axes' limits."""
    for which, interval in ((0, axes.viewLim.intervalx), (1, axes.viewLim.intervaly)):
        side = "xy"[which]
        if getattr(axes, f"get_{side}scale")() == "log":
            interval = np.log10(interval)
        low, high = min(interval), max(interval)
        slack = 0.01 * (high - low)
        for name, values in data_of(axes, which):
            if getattr(axes, f"get_{side}scale")() == "log":
                values = np.log10(values[values > 0])
            outside = values[np.isfinite(values) & ((values < low - slack) | (values > high + slack))]
            if len(outside):
                yield f"the {side} axis ends inside the data: {len(outside)} values of {name} lie beyond it"


def data_of(axes: Axes, which: int) -> Iterator[tuple[str, np.ndarray]]:
    """What is drawn in the axes' own numbers, name and values: 0 for those across, 1 for those upwards."""
    for line in axes.lines:
        if line.get_visible() and line.get_transform() == axes.transData and len(line.get_xydata()):
            yield name_of(line), line.get_xydata()[:, which].astype(float)
    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            ends = [bar.get_x() + bar.get_width() if which == 0 else bar.get_y() + bar.get_height() for bar in bars]
            yield "the bars", np.array(ends, dtype=float)


def numbers_on(axis: Axis) -> list[tuple[float, str]]:
    """Places and texts of the numbers that are written along an axis."""
    low, high = sorted(axis.get_view_interval())
    return [
        (tick.get_loc(), label.get_text())
        for tick in axis._update_ticks()
        for label in (tick.label1, tick.label2)
        if label.get_visible() and label.get_text().strip() and low <= tick.get_loc() <= high
    ]


def numbers_end_early(axes: Axes) -> Iterator[str]:
    """Logarithmic axes whose last number is far from the data's ends: nobody reads 0.03 below a 0.05."""
    for which, axis in ((0, axes.xaxis), (1, axes.yaxis)):
        written = [place for place, _ in numbers_on(axis)]
        values = [values[np.isfinite(values) & (values > 0)] for _, values in data_of(axes, which)]
        found = np.concatenate(values) if values else np.array([])
        if axis.get_scale() != "log" or not written or not len(found):
            continue
        if found.max() > BEYOND * max(written) or found.min() < min(written) / BEYOND:
            yield (
                f"the {'xy'[which]} axis has numbers from {min(written):g} to {max(written):g}, and data from "
                f"{found.min():.2g} to {found.max():.2g}"
            )


def without_label(figure: Figure, axes: Axes) -> Iterator[str]:
    """Axes with numbers and nothing that says of what; one label may stand for panels with equal limits in a line."""
    for side, common, along in (("x", "_supxlabel", "x"), ("y", "_supylabel", "y")):
        axis = getattr(axes, f"{side}axis")
        if axis.get_label_text() or getattr(figure, common, None) is not None:
            continue
        if not axis.get_visible() or not any(NUMBER.fullmatch(plain(text)) for _, text in numbers_on(axis)):
            continue
        if not any(stands_for(other, axes, along) for other in figure.axes):
            yield f"the {side} axis of {axes.get_title() or 'a panel'!r} has numbers and no label"


def plain(text: str) -> str:
    """The tick's text as a number: without Matplotlib's mathematics and per cent."""
    power = re.fullmatch(r"\$\\mathdefault\{(.*)\^\{(.*)\}\}\$|\$(.*)\^\{(.*)\}\$", text)
    return "10" if power else text.replace(" %", "%").strip()


def stands_for(other: Axes, axes: Axes, side: str) -> bool:
    """Whether another panel's label says what this panel's axis is: same row or column, same limits."""
    if other is axes or not other.get_visible() or not getattr(other, f"{side}axis").get_label_text():
        return False
    here, there = axes.bbox, other.bbox
    in_line = (
        (abs(here.y0 - there.y0) < 3 and abs(here.y1 - there.y1) < 3) or (abs(here.x0 - there.x0) < 3)
        if side == "y"
        else (abs(here.x0 - there.x0) < 3 and abs(here.x1 - there.x1) < 3) or (abs(here.y0 - there.y0) < 3)
    )
    limits = f"get_{side}lim"
    return in_line and np.allclose(getattr(axes, limits)(), getattr(other, limits)())


def without_scale(figure: Figure) -> Iterator[str]:
    """Colours that stand for numbers, and nothing that says for which: no colour bar, no numbers in the cells."""
    if any(hasattr(axes, "_colorbar") for axes in figure.axes):
        return
    for axes in figure.axes:
        for image in axes.images:
            shape = np.shape(image.get_array())
            said = axes.texts or "%" in axes.get_title()  # what the brightest is worth
            if axes.get_visible() and len(shape) == 2 and image.get_cmap().name not in GREYS and not said:
                yield f"the colours of {axes.get_title() or 'a panel'!r} have no scale"
                return


def legend_on_data(axes: Axes) -> Iterator[str]:
    """Legends that lie on what they explain, or cut a line."""
    legend = axes.get_legend()
    if legend is None or not legend.get_visible():
        return
    box = shrunk(legend.get_window_extent(), 3)
    for line in axes.lines:
        points = line.get_transform().transform(line.get_xydata()) if line.get_visible() else np.empty((0, 2))
        points = points[np.isfinite(points).all(axis=1)]
        hit = any(box.contains(*point) for point in points)
        stroke = len(points) > 1 and line.get_linestyle() not in ("None", "none", "", " ")
        if hit or (stroke and Path(points).intersects_bbox(box, filled=False)):
            yield f"the legend lies on {name_of(line)}"
    for bars in axes.containers:
        if isinstance(bars, BarContainer) and any(crosses(box, bar.get_window_extent()) for bar in bars):
            yield "the legend lies on the bars"


def shrunk(box: Bbox, by: float) -> Bbox:
    return Bbox.from_extents(box.x0 + by, box.y0 + by, box.x1 - by, box.y1 - by)


def crosses(one: Bbox, other: Bbox) -> bool:
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


def beyond_the_caption(axes: Axes, caption: str) -> Iterator[str]:
    """Places that the caption names by an axis's own letter or word ("t = 999") and that lie beyond that axis."""
    for side in "xy":
        axis = getattr(axes, f"{side}axis")
        low, high = sorted(axis.get_view_interval())
        parts = {part.strip() for part in axis.get_label_text().partition("(")[0].split(",")}
        for word in (part for part in parts if part.isalpha()):  # "t", or the d of "width of a head, d"
            for number in re.findall(rf"\b{re.escape(word)} = (-?\d[\d,]*(?:\.\d+)?)", caption):
                value = float(number.replace(",", "").rstrip("."))
                slack = 0.02 * (high - low)
                if not low - slack <= value <= high + slack:
                    yield f"the caption speaks of {word} = {number}, and the axis runs from {low:g} to {high:g}"
