"""Whose a file is, by the name that Canvas or Moodle gives it, or by the folder it lies in."""

import re
from dataclasses import dataclass

from course_lib.grading.plain_text import shown_name
from course_lib.grading.reading.versions import without_copy_marks

# Jane Smith_12345_assignsubmission_file_
MOODLE = re.compile(r"_(\d{1,18})_assignsubmission_[a-z]+(?:_|$)")
# Canvas' own number for who is anonymous
ANONYMOUS = re.compile(r"[0-9A-Za-z]{5}")
LOOSE = ("ipynb", "zip", "txt", "json", "py", "html")


@dataclass(frozen=True)
class Whose:
    """A learner, as a file's place names them.

    Attributes:
        kind: "canvas", "moodle" or "folder", which says what `number` and `name` are; "" for nobody's.
        name: as it stands there; number: Canvas' or Moodle's own for them, "" where there is none.
        late: whether Canvas says so.
        order: of Canvas' files by when they were handed in.
        rest: what they called the file themselves, where the platform's name stands before it.
    """

    kind: str
    name: str = ""
    number: str = ""
    late: bool = False
    order: int = 0
    rest: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two files one learner's: number and name, to the letter. Moodle counts each task's people anew."""
        return (self.kind, self.number, self.name)

    @property
    def learner(self) -> str:
        return shown_name(self.name)


def from_platform(top: str) -> Whose | None:
    """By a name that Canvas or Moodle gives to what it hands out, or None."""
    return from_moodle(top) or from_canvas(top)


def from_moodle(top: str) -> Whose | None:
    found = MOODLE.search(top)
    if found is None or not top[: found.start()].strip():
        return None
    return Whose("moodle", top[: found.start()], found[1], rest=top[found.end() :])


def from_canvas(top: str) -> Whose | None:
    """NAME_USER_FILE_..., NAME_LATE_USER_FILE_..., LATE_anon_XXXXX_FILE_..., or NAME_USER_text.html."""
    parts = top.split("_")
    late = parts[0] == "LATE"
    if parts[late : late + 1] == ["anon"] and len(parts) > late + 3:
        number, file = parts[late + 1 : late + 3]
        if ANONYMOUS.fullmatch(number) and is_number(file):
            rest = "_".join(parts[late + 3 :])
            return Whose("canvas anonymous", f"anonymous {number}", number, late, int(file), rest)
    # quizzes have question_12_34 between the two numbers
    if "question" in parts:
        place = parts.index("question")
        parts = parts[:place] + parts[place + 2 :]
    for place in range(1, len(parts) - 1):
        if not is_number(parts[place]):
            continue
        late = parts[place - 1].upper() == "LATE" and place > 1
        name = "_".join(parts[: place - late])
        if is_number(parts[place + 1]) and place + 2 < len(parts):
            rest = "_".join(parts[place + 2 :])
            return Whose("canvas", name, parts[place], late, int(parts[place + 1]), rest) if name else None
        if place + 2 == len(parts) and parts[place + 1] in ("text.html", "link.html"):
            return Whose("canvas", name, parts[place], late) if name else None
        return None
    return None


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def from_folder(parts: tuple[str, ...], lessons: set[str], root: str) -> Whose:
    """By the folder, or by a loose file's name: what is left of `bob_03_residual_block-2.ipynb` without the lesson's.

    Args:
        lessons: names of the course's notebooks.
        root: whose a file is that bears a lesson's name and nothing else.
    """
    if len(parts) > 1:
        return Whose("folder", parts[0])
    stem = parts[0]
    while stem.rpartition(".")[2].lower() in LOOSE and "." in stem:
        stem = stem.rpartition(".")[0]
    stem = without_copy_marks(stem)
    lesson = next((lesson for lesson in sorted(lessons, key=len, reverse=True) if lesson in stem), None)
    if lesson is None:
        return Whose("folder", stem or root or "submission")
    before, _, after = stem.partition(lesson)
    # what is left of "Copy of 03_residual_block-1" is nobody's name
    rest = without_copy_marks(f"{before.strip(' _-')} {without_version(after)}".strip(" _-"))
    return Whose("folder", rest or root or "submission")


def without_version(text: str) -> str:
    """Of what stands behind a lesson's name: "" for "-1", "_v2", " final 3"; else all of it."""
    text = without_copy_marks(text).strip(" _-.")
    words = re.split(r"[ _.\-()]+", text.casefold())
    return "" if all(VERSION_WORD.fullmatch(word) for word in words if word) else text


VERSION_WORD = re.compile(r"(?:v|ver|version|final|draft|attempt|try|copy|new|old|fixed|solved|done)?\d{0,6}")
