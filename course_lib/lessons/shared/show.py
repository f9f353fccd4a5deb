"""What the notebooks use beside the library: figures with alt text, tables against the document."""

import os
import textwrap
from collections.abc import Iterable
from typing import Any

from matplotlib.figure import Figure

from course_lib.checks import LINE
from course_lib.lessons.shared.legibility import require_legible
from course_lib.lessons.shared.style import use_style
from course_lib.pictures.html_figure import SHARPNESS, figure_html, png_of

use_style()


def smoke() -> bool:
    """Whether this run only tests that everything works (COURSE_SMOKE is set), so that repetitions can be few."""
    return bool(os.environ.get("COURSE_SMOKE"))


def show(figure: Figure, caption: str, alt: str, narrow: Figure | None = None, frames: str = "") -> None:
    """Display a figure as HTML: its picture, with `alt` for those who cannot see it, and its caption below.

    Where no HTML is shown, in a terminal, the caption is all there is.

    Args:
        caption: what to see in it, in one sentence, with the measured numbers.
        alt: what is drawn, in one or two sentences.
        narrow: the same for a telephone, drawn at its width, where the figure would shrink to something unreadable.
        frames: HTML from `frames_html`, which takes the figure's place where scripts run.
    Raises: ValueError under tests, if something in the figure cannot be read or seen, see `legibility.troubles`.
    """
    import matplotlib.pyplot as plt
    from IPython import get_ipython
    from IPython.display import display

    if smoke():
        for one in (figure, narrow):
            if one is not None:
                require_legible(one, caption)
    sharpness = 1 if smoke() else SHARPNESS  # nobody looks at a test's: a quarter of the pixels will do
    wide, small = (one and png_of(one, sharpness) for one in (figure, narrow))
    shown = figure_html(*wide, alt, sentence(caption), small) + frames
    plt.close(figure)
    if narrow is not None:
        plt.close(narrow)
    text = textwrap.fill(f"Figure: {caption}", LINE)
    if get_ipython() is None:
        print(text)
    else:
        display({"text/html": shown, "text/plain": text}, raw=True)


def sentence(words: str) -> str:
    """With a capital letter: in a page a caption is a sentence, and in a terminal it follows "Figure:"."""
    return words[:1].upper() + words[1:]


def compare_rows(rows: Iterable[tuple[str, Any, Any]]) -> None:
    """Print a table of (what, shape in the document, measured shape), with a last column that says if they agree.

    Where that is too wide for a notebook, what was measured is only written out if it differs.
    """
    cells = [("", "the document", "measured", "")]
    for what, written, measured in rows:
        written, measured = (as_shape(shape) for shape in (written, measured))
        cells.append((what, str(written), str(measured), "same" if written == measured else "DIFFERENT"))
    if max(sum(map(len, row)) for row in cells) > LINE:
        cells[1:] = [(*row[:2], "same" if row[3] == "same" else f"{row[2]} {row[3]}", "") for row in cells[1:]]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def as_shape(shape: Any) -> Any:
    """A torch.Size or list of lengths as a tuple; anything else as it is."""
    return tuple(shape) if isinstance(shape, tuple | list) else shape


def you_are_here(lesson: str) -> None:
    """Draw the map of the network with the parts that lesson `lesson` (two digits) builds marked."""
    from course_lib.lessons.shared.unet_map import show_map

    show_map(lesson)
