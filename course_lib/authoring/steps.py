"""The switch in a set-up cell: blanks with their step comments, or with signature and docstring only.

A kernel cannot change cells at will. But it can ask the front end to put another text in place of the cell that has
just run, as `%load` does; JupyterLab and its relatives do so. So a blank changes when it is run, and only while it
holds the course's own text: what a learner wrote is never replaced.
"""

import re
from typing import Any

from course_lib.authoring.blanks import exercise_source
from course_lib.checks.blank import STILL_BLANK
from course_lib.progress.outline import outline

BLANK = re.compile(rf'raise NotImplementedError\("(.+) {STILL_BLANK}"\)')
STEP_ABOVE = re.compile(rf"^ *#.*\n *{BLANK.pattern}", re.MULTILINE)


def show_steps(shown: bool) -> None:
    """From now on a blank that is run shows its step comments, or not. Outside a notebook nothing happens.

    Raises: ValueError for anything but True and False.
    """
    from IPython import get_ipython

    if not isinstance(shown, bool):
        raise ValueError(f"shown is {shown!r}; allowed: True or False")
    SWITCH.shown = shown
    shell = get_ipython()
    if shell is None:
        return
    shell.events.register("post_run_cell", SWITCH.after_a_cell)  # once: it is the same however often it is registered
    if not shown:
        print("Run a blank, or all cells, and its step comments go. show_steps(True) brings them back the same way.")


class Switch:
    """Remembers how blanks are to look, and is told of every cell that has run."""

    shown = True

    def after_a_cell(self, result: Any) -> None:
        from IPython import get_ipython

        text = other_text(result.info.raw_cell or "", self.shown)
        if text is not None:
            get_ipython().set_next_input(text, replace=True)


SWITCH = Switch()


def other_text(cell: str, shown: bool) -> str | None:
    """How the blank in a cell looks with its steps `shown` or not; None for any other cell, and if it does already."""
    found = BLANK.search(cell)
    if found is None or bool(STEP_ABOVE.search(cell)) == shown:
        return None
    for blank, bare in blanks_called(found[1]):
        before, after = (bare, blank) if shown else (blank, bare)
        if cell.strip() == before.strip():
            return after
    return None


def blanks_called(called: str) -> list[tuple[str, str]]:
    """The cells, with steps and without, of the exercise whose blank says "`called` is still blank"."""
    found = []
    for exercise in (exercise for lesson in outline() for exercise in lesson.exercises):
        if f"{called}.".startswith(f"{exercise.name}."):  # ResidualBlock.forward is ResidualBlock's
            source = exercise_source(exercise.path, exercise.blank, exercise.given)
            found.append((source.cell(source.blank), source.cell(source.bare)))
    return found
