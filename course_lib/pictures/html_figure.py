"""A figure as a piece of HTML: its picture with its alt text and its size, and its caption below in the page's type."""

import html
import io
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# pixels of the page: an inch of a figure, and the width that JupyterLab leaves for outputs on a screen of 1366
INCH, WIDEST = 96, 934
# the widest window that counts as a telephone's
TELEPHONE = 480
# pixels of the picture for each of those, for sharp screens
SHARPNESS = 2
# lines and letters need few colours, and a file with 256 of them is a third of one with all
COLOURS = 256
# In a dark page white paper glares. At 87 % the palest text that a figure may have still has a contrast of 4.5.
DIMMED = ", ".join(
    f"{dark} .course-figure img"
    for dark in ('[data-jp-theme-light="false"]', 'html[data-theme="dark"]', "html[theme=dark]")
)
STYLE = f"<style>{DIMMED} {{filter: brightness(0.87)}}</style>"


def shown_inch(width: float) -> float:
    """Pixels of the page for one inch of a figure `width` inches wide, which may be too wide for the page."""
    return min(INCH, WIDEST / width)


def png_of(figure: "Figure", sharpness: int = SHARPNESS) -> tuple[bytes, int, int]:
    """The figure as a PNG without empty margins; width and height in the page's pixels, of which each gets
    `sharpness` squared of the picture's."""
    from PIL import Image

    drawn = io.BytesIO()
    sharp, box = INCH * sharpness, "tight"
    if INCH * figure.get_figwidth() > WIDEST:
        # drawn as small as it is shown: made small afterwards it is softer, and noise in it needs five times the bytes
        figure.draw_without_rendering()
        box = figure.get_tightbbox().padded(0.1)
        sharp *= min(1.0, WIDEST / (INCH * box.width))
    figure.savefig(drawn, format="png", dpi=sharp, bbox_inches=box)
    picture = Image.open(drawn).convert("RGB")
    if picture.width > WIDEST * sharpness:  # by a rounded pixel, or by what stands beyond the figure's edge
        size = (WIDEST * sharpness, round(picture.height * WIDEST * sharpness / picture.width))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    stored = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(stored, format="png", optimize=True)
    return stored.getvalue(), round(picture.width / sharpness), round(picture.height / sharpness)


def figure_html(
    png: bytes, width: int, height: int, alt: str, caption: str = "", narrow: tuple[bytes, int, int] | None = None
) -> str:
    """One <figure> that holds its own data; it becomes narrower with the page, and never scrolls sideways.

    Args:
        width, height: in the page's pixels.
        alt: for those who cannot see it.
        caption: for those who can. Whatever both hold is text.
        narrow: PNG, width and height of the picture for windows of at most `TELEPHONE` pixels, where it has its own.
    """
    data = b64encode(png).decode()
    before, after = "", ""
    if narrow is not None:
        small, small_width, small_height = narrow
        before = (
            f'<picture><source media="(max-width: {TELEPHONE}px)" width="{small_width}" height="{small_height}" '
            f'srcset="data:image/png;base64,{b64encode(small).decode()}">'
        )
        after = "</picture>"
    words = f'<figcaption style="max-width: 46em; margin-top: 0.4em">{html.escape(caption)}</figcaption>'
    # decoding: an explorer's picture is there before the words below it are drawn, so that nothing moves
    return (
        f'{STYLE}<figure class="course-figure" style="margin: 0.4em 0 0.8em">'
        f'{before}<img src="data:image/png;base64,{data}" alt="{html.escape(alt)}" width="{width}" height="{height}" '
        f'decoding="sync" style="max-width: 100%; height: auto">{after}{words if caption else ""}</figure>'
    )
