"""Which of a learner's files is the later one, as far as names tell: numbers are compared as numbers."""

import re

NUMBER = re.compile(r"\d{1,18}")
# Google's "Copy of x", Windows' "x - Copy", Jupyter's "x-Copy1", browsers' "x (1)"
COPY_OF = re.compile(r"(?:copy|kopie|copie|copia) (?:of|von|de|di) ", re.IGNORECASE)
COPY = re.compile(r"copy\d{0,4}|\(\d{1,4}\)", re.IGNORECASE)


def version(parts: tuple[str, ...], lesson: str) -> tuple:
    """What orders the files of one learner that hold the same lesson: the later one has the larger.

    `x` < `x-1` < `x (2)` < `x_v9` < `x_v10`; a copy is later than what it was copied from. Folders count as well.

    Args:
        parts: the way to the file from the learner's folder.
        lesson: name of the course's notebook, whose digits are no version; "" where it is none.
    """
    found = []
    for part in (*parts[:-1], parts[-1].rpartition(".")[0]):
        text = part.replace(lesson, " ", 1) if lesson else part
        copies = 1 if COPY_OF.match(text) or text.casefold().rstrip().endswith(("copy", "kopie")) else 0
        found.append((*(int(number) for number in NUMBER.findall(text)), *([copies] if copies else [])))
    # how deep a file lies says nothing about when it was written
    return tuple(number for numbers in found for number in numbers)


def without_copy_marks(stem: str) -> str:
    """A file's name without what systems add where one is taken: "ada (1)", "Copy of ada", "ada-Copy2"."""
    stem = stem.strip()
    if COPY_OF.match(stem):
        stem = stem[COPY_OF.match(stem).end() :]
    while True:
        cut = max(stem.rfind(sign) for sign in (" ", "-", "_"))
        if cut < 0 or not COPY.fullmatch(stem[cut + 1 :]):
            return stem.strip()
        stem = stem[:cut].rstrip(" -_")
