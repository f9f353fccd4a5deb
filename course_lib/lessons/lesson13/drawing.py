"""A drawing of the learner's own: as letters, and on a board to draw on by mouse, pen, finger or keys.

The letters are all that stored notebooks, slides, tests and front ends without widgets have, and the board gives back
letters too.
"""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SIZE = 16
# black to white, by letter
GREYS = {".": -1.0, "-": -0.4, "+": 0.2, "#": 0.8}
NAMES = {".": "black (rubs out)", "-": "dark grey", "+": "light grey", "#": "nearly white"}
LETTERS = "".join(GREYS)
INVITATION = "Run this cell in JupyterLab to draw by mouse, pen, finger or keys."
MISSING = (
    "For a board to draw on: pip install anywidget, then restart the kernel and reload the page. "
    "The letters above do as well."
)
FILES = Path(__file__).parent

# rows from above, and in each the number of each cell's grey in LETTERS
Cells = list[list[int]]


def cells_of(drawing: str) -> Cells:
    """A drawing of 16 rows of 16 letters, one of . - + # (black to white) each, as the numbers 0 to 3.

    Raises: ValueError for another number of rows or letters, or another letter; it names the row.
    """
    rows = drawing.strip().split()
    if len(rows) != SIZE:
        raise ValueError(f"drawing has {len(rows)} rows; allowed: {SIZE}")
    for number, row in enumerate(rows, 1):
        if len(row) != SIZE or set(row) - set(LETTERS):
            raise ValueError(f"row {number} of drawing is {row!r}; allowed: {SIZE} of the letters {' '.join(LETTERS)}")
    return [[LETTERS.index(letter) for letter in row] for row in rows]


def letters_of(cells: Sequence[Sequence[int]]) -> str:
    """The way back: a drawing as 16 lines of letters."""
    return "\n".join("".join(LETTERS[number] for number in row) for row in cells)


class Board:
    """What is drawn; as a string, its letters.

    Attributes:
        cells: the number of each cell's grey; a board that is shown changes them.
    """

    def __init__(self, drawing: "str | Board") -> None:
        self.cells = cells_of(str(drawing))

    def __str__(self) -> str:
        return letters_of(self.cells)


def drawing_board(drawing: "str | Board") -> Board:
    """Show a board that begins with a drawing; where nobody is there to draw, a sentence, and the letters stay.

    Raises: ValueError for a drawing that is none, see `cells_of`.
    """
    from IPython.display import display

    from course_lib.lessons.shared.explorer import somebody_is_there

    board = Board(drawing)
    if not somebody_is_there() or os.environ.get("COURSE_STORED"):  # as explorers do
        print(INVITATION)
    elif find_spec("anywidget") is None:
        print(MISSING)
    else:
        # the second is for programs that open the saved notebook and have no widgets
        data, *metadata = as_pair(widget_of(board)._repr_mimebundle_())
        display({**data, "text/plain": INVITATION}, *metadata, raw=True)
    return board


def as_pair(bundle: Any) -> tuple:
    """What a widget is shown as, and what is said about it where it says something (on Colab)."""
    return bundle if isinstance(bundle, tuple) else (bundle,)


def widget_of(board: Board) -> Any:
    """The board as a widget, whose cells the board follows."""
    import anywidget
    import traitlets

    class DrawingBoard(anywidget.AnyWidget):
        _esm = (FILES / "drawing.js").read_text(encoding="utf-8")
        _css = (FILES / "drawing.css").read_text(encoding="utf-8")
        cells = traitlets.List().tag(sync=True)
        start = traitlets.List().tag(sync=True)
        greys = traitlets.List().tag(sync=True)

    greys = [{"name": NAMES[letter], "value": round((grey + 1) * 127.5)} for letter, grey in GREYS.items()]
    made = DrawingBoard(cells=board.cells, start=board.cells, greys=greys)

    def drawn(change: dict) -> None:
        board.cells = change["new"]

    made.observe(drawn, "cells")
    return made
