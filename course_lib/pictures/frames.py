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
    from PIL.Image import Image

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
    Raises: ValueError if frames are missing, one has another size, or they are too many for one sheet.
    """
    wanted = prod(len(axis.values) for axis in axes)
    if len(frames) != wanted or wanted < 2:
        raise ValueError(f"frames are {len(frames)}; allowed: one for each of the {wanted} settings, and at least two")
    inches = {tuple(frame.figure.get_size_inches()) for frame in frames}
    if len(inches) > 1:
        raise ValueError(f"frames have the sizes {sorted(inches)}; allowed: one size for all")
    wide, high = inches.pop()
    inch = min(INCH, WIDEST / wide)
    pixels = round(inch * SHARPNESS * high)
    if pixels * wanted > LONGEST:
        raise ValueError(f"frames are {wanted} of {pixels} pixels; allowed: {LONGEST // pixels} of this height")
    alts = [frame.alt for frame in frames]
    sheet = b64encode(sheet_of([raster(frame.figure, inch * SHARPNESS) for frame in frames])).decode()
    data = {
        "axes": [axis._asdict() for axis in axes],
        "sheet": f"data:image/webp;base64,{sheet}",
        "width": round(inch * wide),
        "height": round(inch * high),
        "alts": alts if len(set(alts)) > 1 else alts[:1],
        "words": [frame.caption for frame in frames],
        "note": note,
    }
    # whatever the words hold, they do not end the script
    text = json.dumps(data).replace("<", r"\u003c")
    return f"<script>({SCRIPT.read_text(encoding='utf-8').strip()})(document.currentScript, {text})</script>"


def sheet_of(pictures: Sequence["Image"]) -> bytes:
    """Pictures of one size below each other, as a lossless WebP of few colours."""
    from PIL import Image

    width, height = pictures[0].size
    sheet = Image.new("RGB", (width, height * len(pictures)))
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (0, height * place))
    stored = io.BytesIO()
    few = sheet.quantize(COLOURS, dither=Image.Dither.NONE).convert("RGB")
    few.save(stored, format="webp", lossless=True, quality=100, method=4)
    return stored.getvalue()


def raster(figure: "Figure", dpi: float) -> "Image":
    """The figure in its whole size: nothing cut off, no margin taken away."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    return Image.open(drawn).convert("RGB")
