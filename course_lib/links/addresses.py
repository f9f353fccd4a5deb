"""Where the lessons, their sections and their exercises are: read from the headings of lesson.md."""

import re
from functools import cache
from pathlib import Path

LESSONS = Path(__file__).resolve().parent.parent / "lessons"
NOTEBOOK = re.compile(r"^    lesson: (\w+)$", re.MULTILINE)
# the headings that something can lead to; the build begins a cell with each
HEADING = re.compile(r"^(?:## (?=\d)|### (?P<exercise>Exercise) )(?P<number>\d+\.\d+)\b.*$", re.MULTILINE)


def address(reference: str) -> str:
    """The address of "lesson 05", "section 3.6" or "exercise 7.2", relative to the folder of the notebooks.

    >>> address("section 3.6"), address("lesson 05")
    ('03_residual_block.ipynb#cell-id=section-3-6', '05_self_attention.ipynb')

    Raises: ValueError if the lessons have no such place.
    """
    found = places().get(" ".join(reference.lower().split()))
    if found is None:
        raise ValueError(f"reference is {reference!r}; allowed: such as 'lesson 05', 'section 3.6' or 'exercise 7.2'")
    return found


def cell_id(heading: str) -> str:
    """The id of the cell that begins with a heading; "" for a text that no reference can name.

    >>> cell_id("## 3.6 Can a block be deaf?"), cell_id("### Exercise 7.2 · `split_heads`"), cell_id("## Questions")
    ('section-3-6', 'task-7-2', '')
    """
    found = HEADING.match(heading)
    if found is None:
        return ""
    return f"{'task' if found['exercise'] else 'section'}-{found['number'].replace('.', '-')}"


@cache
def places() -> dict[str, str]:
    """The address of every lesson, section and exercise by what a text calls it."""
    found = {}
    for path in sorted(LESSONS.glob("lesson[0-9][0-9]/lesson.md")):
        text = path.read_text(encoding="utf-8")
        name = NOTEBOOK.search(text)
        if name is None:
            continue
        notebook = f"{name[1]}.ipynb"
        found[f"lesson {name[1][:2]}"] = notebook
        for heading in HEADING.finditer(text):
            kind = "exercise" if heading["exercise"] else "section"
            found[f"{kind} {heading['number']}"] = f"{notebook}#cell-id={cell_id(heading[0])}"
    return found
