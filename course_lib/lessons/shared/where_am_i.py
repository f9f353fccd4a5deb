"""Where am I? In a notebook: the report, and the map of the network with the parts that the learner has passed."""

from collections.abc import Collection

import torch

from course_lib.lessons.shared.show import show
from course_lib.lessons.shared.unet_map import draw_unet
from course_lib.lessons.shared.unet_map_narrow import draw_narrow
from course_lib.progress.report import read_progress, report
from course_lib.tracing import CAT, trace
from course_lib.unet import UNet

# what has to pass for a kind of step to be one's own; the steps of no other kind come with the whole network
EXERCISE_OF_KIND = {
    **{
        name: name
        for name in ("TimeEmbedding", "ClassEmbedding", "ResidualBlock", "Downsample", "Upsample", "SelfAttention")
    },
    CAT: "cat_skip",
}
WHOLE = "UNet"


def where_am_i() -> None:
    """Print what was passed and tried and what comes next, and draw the map with the passed parts filled."""
    progress = read_progress()
    print(report(progress))
    show_passed(progress.passed)


def show_passed(passed: Collection[str]) -> None:
    """Display the document's network with the parts filled whose exercises are in `passed`."""
    with torch.device("meta"):
        rows = trace(UNet())
    filled = {place for place, row in enumerate(rows) if EXERCISE_OF_KIND.get(row.kind, WHOLE) in passed}
    parts = [name for name in (*EXERCISE_OF_KIND.values(), WHOLE) if name in passed]
    yours = ", ".join(parts) or "nothing yet"
    show(
        draw_unet(rows, filled, mark_skips="cat_skip" in passed),
        f"the map of the network. {len(filled)} of its {len(rows)} steps are yours: {yours}."
        if filled
        else f"the map of the network. None of its {len(rows)} steps is yours yet.",
        f"Map of the UNet as a U: encoder on the left going down, middle at the bottom, decoder on the right going up. "
        f"Filled in orange and framed, as passed: {yours}. Every other step is white.",
        narrow=draw_narrow(rows, filled, mark_skips="cat_skip" in passed),
    )
