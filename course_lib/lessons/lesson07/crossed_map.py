"""The map for a narrow page, with the step that goes wrong marked: what `draw_unet` does with `crossed`."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_lib.lessons.shared.style import COLORS
from course_lib.lessons.shared.unet_map import places, skip_arcs
from course_lib.lessons.shared.unet_map_narrow import HIGH, draw_narrow, spots_of, width_of
from course_lib.tracing import CAT, TraceRow

DOT = 9  # the width of a concatenation, in pixels of the page
# how far the frame reaches beyond the step: beside it, above, below; the middle's neighbours are beside it
FAR, MIDDLE_FAR = (9, 4, 3), (1, 11, 3)


def draw_crossed(rows: Sequence[TraceRow], crossed: int) -> Figure:
    """The upright U with a hatched frame around the step at `crossed`."""
    rows = list(rows)
    boxes = places(rows)
    x, y = spots_of(boxes, skip_arcs(boxes))[crossed]
    dot = rows[crossed].kind == CAT
    width, high = (DOT, DOT) if dot else (width_of(boxes[crossed], boxes), HIGH)
    beside, above, below = MIDDLE_FAR if rows[crossed].section == "MIDDLE" else FAR
    figure = draw_narrow(rows)
    frame = FancyBboxPatch(
        (x - width / 2 - beside, y - high / 2 - below),
        width + 2 * beside,
        high + above + below,
        boxstyle="round,pad=0,rounding_size=2.5",
        facecolor=COLORS["vermilion"],
        edgecolor="black",
        hatch="xxxx",
        zorder=2.5,
    )
    figure.axes[0].add_patch(frame)
    return figure
