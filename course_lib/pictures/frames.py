"""Pictures that were made beforehand, and range inputs that move through them: an explorer for where no kernel is.

All pictures lie on one sheet below each other, so that what they have in common is stored once: eleven of an explorer's
need a third of the bytes of eleven files. A script of two kilobytes puts controls and picture in the place of the still
that stands before it. Where scripts do not run, and on paper, the still remains.
"""

import io
import json
from base64 import b64encode
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from course_lib.pictures.html_figure import INCH, WIDEST

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCRIPT = Path(__file__).with_name("frames.js")
# pixels of a picture for each of the page's: with two, most explorers need half as much again
SHARPNESS = 1.5
COLOURS = 64
# the format's own bound for a side of a picture
LONGEST = 16_383


class Axis(NamedTuple):
    """One range input.

    Attributes:
        label: what is moved.
        values: what each place of the input is called.
        start: the place where it begins.
    """

    label: str
    values: Sequence[str]
    start: int


class Frame(NamedTuple):
    """One picture, with its words below it, and those for who cannot see it."""

    figure: "Figure"
    caption: str
    alt: str


def frames_html(axes: Sequence[Axis], frames: Sequence[Frame], note: str) -> str:
    """A script that stands behind a still's HTML and takes its place; it needs nothing but itself.

    Args:
        axes: one or more; the last one moves fastest through the frames.
        frames: one for each combination of values, in order, all of one size.
        note: a sentence below every picture.
    Raises: ValueError if frames are missing or too many, or one has another size.
    """
    wanted = prod(len(axis.values) for axis in axes)
    if len(frames) != wanted or wanted < 2:
        raise ValueError(f"frames are {len(frames)}; allowed: one for each of the {wanted} settings, and at least two")
    inches = {tuple(frame.figure.get_size_inches()) for frame in frames}
    if len(inches) > 1:
        raise ValueError(f"frames have the sizes {sorted(inches)}; allowed: one size for all")
    alts = [frame.alt for frame in frames]
    width, height = (round(INCH * side) for side in inches.pop())
    shrunk = min(1, WIDEST / width)
    data = {
        "axes": [axis._asdict() for axis in axes],
        "sheet": f"data:image/webp;base64,{b64encode(sheet_of([frame.figure for frame in frames])).decode()}",
        "width": round(width * shrunk),
        "height": round(height * shrunk),
        "alts": alts if len(set(alts)) > 1 else alts[:1],
        "words": [frame.caption for frame in frames],
        "note": note,
    }
    # whatever the words hold, they do not end the script
    text = json.dumps(data).replace("<", r"\u003c")
    return f"<script>({SCRIPT.read_text(encoding='utf-8').strip()})(document.currentScript, {text})</script>"


def sheet_of(figures: Sequence["Figure"]) -> bytes:
    """Figures of one size below each other, as a lossless WebP of few colours."""
    from PIL import Image

    pictures = [raster(figure) for figure in figures]
    width, height = pictures[0].size
    if height * len(pictures) > LONGEST:
        raise ValueError(f"frames are {len(pictures)} of {height} pixels; allowed: {LONGEST // height} of this height")
    sheet = Image.new("RGB", (width, height * len(pictures)))
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (0, height * place))
    stored = io.BytesIO()
    few = sheet.quantize(COLOURS, dither=Image.Dither.NONE).convert("RGB")
    few.save(stored, format="webp", lossless=True, quality=100, method=4)
    return stored.getvalue()


def raster(figure: "Figure"):
    """The figure as a picture of its whole size, nothing cut off, at most as wide as a notebook."""
    from PIL import Image

    drawn = io.BytesIO()
    inch = min(INCH, WIDEST / figure.get_figwidth())
    figure.savefig(drawn, format="png", dpi=inch * SHARPNESS)
    return Image.open(drawn).convert("RGB")
