"""README's pictures that lessons show, too: the map of the network, and what the samplers reach.

The map opens README as the course's emblem, in four files, drawn by what draws it in the lessons: for wide windows and
for a telephone's, each in light and in dark; README chooses with <picture>.
"""

import base64
import colorsys
import io
import json
import re
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from course_lib.assets import ASSETS
from course_lib.authoring.source import SOLUTIONS
from course_lib.files import write_atomically
from course_lib.pictures.html_figure import png_of
from course_lib.tracing import trace
from course_lib.unet import UNet

EMBLEM = LIGHT, DARK, NARROW, NARROW_DARK = tuple(
    ASSETS / "figures" / f"map{kind}.png" for kind in ("", "_dark", "_narrow", "_narrow_dark")
)
QUALITY = ASSETS / "figures" / "quality_against_calls.png"
QUALITY_IN_LESSON = ("09_flow_matching.ipynb", "lesson.plot_side_by_side()")
ALT = (
    "Map of the UNet as a U: the encoder goes down from 32x32 pixels and 64 channels to 8x8 and 256, the middle is at "
    "the bottom, the decoder goes up again. Nine blue lines, the skips, lead across. Boxes are filled by their share "
    "of the work: the fullest are residual blocks of the decoder"
)
# Of 255, between the means of squares of so many pixels. Lines that another version draws a pixel further on differ by
# 32, a residual block that is filled a tenth higher by 79, a step that is marked by 190.
LARGEST_DIFFERENCE, COARSE = 40, 8


def emblem() -> dict[Path, bytes]:
    """The PNG of each file as it should be: the map of lesson 07, with its skips and where the work is done."""
    import matplotlib.pyplot as plt

    from course_lib.lessons.shared.style import use_style
    from course_lib.lessons.shared.unet_map import draw_unet
    from course_lib.lessons.shared.unet_map_narrow import draw_narrow

    use_style()
    with torch.device("meta"):
        rows = trace(UNet())
    work = [row.multiply_adds / sum(row.multiply_adds for row in rows) for row in rows]
    made = {}
    for draw, light, dark in ((draw_unet, LIGHT, DARK), (draw_narrow, NARROW, NARROW_DARK)):
        figure = draw(rows, mark_skips=True, shares=work)
        made[light] = png_of(figure)[0]
        made[dark] = for_the_dark(made[light])
        plt.close(figure)
    return made


def for_the_dark(png: bytes) -> bytes:
    """The same picture with light for dark; what is blue stays blue."""
    picture = Image.open(io.BytesIO(png))
    colors = np.array(picture.getpalette()).reshape(-1, 3)
    picture.putpalette([round(255 * value) for color in colors for value in turned(*color / 255)])
    stored = io.BytesIO()
    picture.save(stored, format="png", optimize=True)
    return stored.getvalue()


def turned(red: float, green: float, blue: float) -> tuple[float, float, float]:
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    # white becomes a page's dark grey; a little darker than turned, for white letters stand on what was sky blue
    return colorsys.hls_to_rgb(hue, 0.07 + 0.93 * (1 - light) ** 1.1, saturation)


def outdated_emblem() -> list[Path]:
    """The files that show another drawing, or none."""
    return list(_to_draw_again())


def write_emblem() -> list[Path]:
    """Write what is out of date of it. Returns the files that were written."""
    wanted = _to_draw_again()
    for path, png in wanted.items():
        write_atomically(path, lambda temporary, png=png: temporary.write_bytes(png))
    return list(wanted)


def quality() -> dict[Path, bytes]:
    """The PNG of what samplers reach with their calls, as it is stored in lesson 09's solution, where there is one."""
    name, code = QUALITY_IN_LESSON
    if not (SOLUTIONS / name).exists():
        return {}
    cells = json.loads((SOLUTIONS / name).read_text(encoding="utf-8"))["cells"]
    shown = next("".join(cell["outputs"][0]["data"]["text/html"]) for cell in cells if "".join(cell["source"]) == code)
    return {QUALITY: base64.b64decode(re.search(r'src="data:image/png;base64,([^"]+)"', shown)[1])}


def _to_draw_again() -> dict[Path, bytes]:
    return {path: png for path, png in (emblem() | quality()).items() if not shows(path, png)}


def shows(path: Path, png: bytes) -> bool:
    """Whether a file is a picture that looks like this one."""
    try:
        stored, drawn = (Image.open(source).convert("RGB") for source in (path, io.BytesIO(png)))
    except (FileNotFoundError, UnidentifiedImageError):
        return False
    if any(abs(one - other) > COARSE for one, other in zip(stored.size, drawn.size, strict=True)):
        return False
    size = (drawn.width // COARSE, drawn.height // COARSE)
    one, other = (np.asarray(picture.resize(size, Image.Resampling.BOX), dtype=float) for picture in (stored, drawn))
    return bool(np.abs(one - other).max() < LARGEST_DIFFERENCE)
