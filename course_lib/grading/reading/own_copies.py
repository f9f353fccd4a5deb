"""The course's own solved notebooks among a learner's, by what stands in them: nobody's answers."""

from collections.abc import Sequence
from functools import cache

from course_lib.assets import ROOT
from course_lib.grading.reading.notebooks import Notebook, read_notebook

SOLUTIONS = ROOT / "solutions"


def without_copies(notebooks: Sequence[Notebook]) -> list[Notebook]:
    """Leave out a solved notebook of ours, unchanged but for its outputs, where the learner handed in another one of
    that lesson. Where it is the only one it is what they handed in, as for `grade solutions`.
    """
    ours = [is_a_copy(one) for one in notebooks]
    own = {one.lesson for one, copied in zip(notebooks, ours, strict=True) if not copied}
    out = [copied and one.lesson in own for one, copied in zip(notebooks, ours, strict=True)]
    return [one for one, left in zip(notebooks, out, strict=True) if not left]


def is_a_copy(notebook: Notebook) -> bool:
    code = code_of(notebook)
    return bool(code) and code == solved().get(notebook.lesson)


@cache
def solved() -> dict[str, tuple[str, ...]]:
    """Lesson -> the code of its solved notebook; empty where the solutions were not handed out."""
    found = {}
    for path in sorted(SOLUTIONS.glob("[0-9][0-9]_*.ipynb")):
        try:
            found[path.name[:2]] = code_of(read_notebook(path.name, path.read_bytes()))
        except (OSError, ValueError):
            continue
    return found


def code_of(notebook: Notebook) -> tuple[str, ...]:
    """What its cells say, however an editor saved the white space around it."""
    texts = ("\n".join(line.rstrip() for line in one.source.strip().split("\n")) for one in notebook.cells)
    return tuple(text for text in texts if text)
