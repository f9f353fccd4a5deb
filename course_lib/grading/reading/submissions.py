"""Who handed in what: learners and their notebooks, as Canvas, Moodle, GitHub Classroom or a plain folder hold them."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.grading.reading.places import Place, places

MAX_NOTEBOOKS = 100

# smithjane_12345_67890_03_residual_block.ipynb, smithjane_LATE_12345_67890_work.zip
CANVAS = re.compile(r"^(?P<name>[^_]+)_(?:LATE_)?(?P<number>\d+)_(?P<rest>(?:question_)?\d+_.+)$", re.IGNORECASE)
# Jane Smith_12345_assignsubmission_file_
MOODLE = re.compile(r"^(?P<name>.+?)_(?P<number>\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)$")
# what a teacher calls a repository template: unet-assignment-2, homework1, week-3
ASSIGNMENT_WORD = re.compile(
    r"(?:^|-)(?:assignments?|homework|hw|labs?|exercises?|lessons?|course|projects?|unet|diffusion|week|problems?|pset)"
    r"\d*-",
    re.IGNORECASE,
)


@dataclass
class Submission:
    """What one learner handed in.

    Attributes:
        learner: who, as the reports call them.
        number: Canvas' or Moodle's own number for them, "" where there is none.
        notebooks: what is read.
        problems: sentences on what is not, "work.zip/../x.ipynb has a name that leads out of its zip ...".
        source: folder or file name they were found under.
    """

    learner: str
    number: str = ""
    source: str = ""
    notebooks: list[Place] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass
class Found:
    """All submissions in the order of their learners, and the files that belong to nobody."""

    submissions: list[Submission]
    ignored: list[str]


def find_submissions(root: Path, lessons: Iterable[str], skip: Path | None = None) -> Found:
    """Find who handed in what in a folder, or in the one zip that a learning platform gives.

    Args:
        lessons: names of the course's notebooks, "03_residual_block": loose files of these names in `root` are one
            learner's, called after the folder.
        skip: a folder inside that is not a submission, such as the report's.
    Raises: ValueError if there is no such folder or nothing in it.
    """
    if not root.exists():
        raise ValueError(f"SUBMISSIONS is {root}, which does not exist; allowed: a folder or a .zip")
    if root.is_file() and root.suffix.lower() != ".zip":
        raise ValueError(f"SUBMISSIONS is {root}; allowed: a folder or a .zip")
    found = [without_wrapper(place) for place in places(root, skip)]
    found = without_classroom_prefix(found, root)
    by_learner: dict[tuple[str, str], Submission] = {}
    ignored: list[str] = []
    for place in found:
        learner, number = learner_of(place, root.resolve().name, set(lessons))
        is_notebook = place.name.lower().endswith(".ipynb")
        if not learner or (len(place.parts) == 1 and not number and not is_notebook and not place.problem):
            ignored.append(place.shown)
            continue
        submission = by_learner.setdefault((learner, number), Submission(learner, number, place.parts[0]))
        if place.problem:
            submission.problems.append(f"{place.shown} {place.problem}")
        elif is_notebook:
            submission.notebooks.append(place)
        else:
            submission.source = submission.source or place.parts[0]
            by_learner[learner, number].problems.append(f"{place.shown} is no notebook (.ipynb)")
    for submission in by_learner.values():
        tidy(submission)
    if not by_learner:
        raise ValueError(f"SUBMISSIONS is {root}, which holds no notebook; allowed: a folder of .ipynb files or zips")
    ordered = sorted(by_learner.values(), key=lambda one: (one.learner.casefold(), one.learner, one.number))
    return Found(ordered, ignored)


def without_wrapper(place: Place) -> Place:
    """A zip or folder around the whole class's Moodle or Canvas folders is nobody's: leave its name out."""
    if len(place.parts) > 1 and not known_pattern(place.parts[0]) and known_pattern(place.parts[1]):
        return Place(place.parts[1:], place.file, place.inner, place.problem)
    return place


def known_pattern(name: str) -> re.Match | None:
    return MOODLE.match(name) or CANVAS.match(name)


def without_classroom_prefix(found: list[Place], root: Path) -> list[Place]:
    """GitHub Classroom's folders are called assignment-login: leave the assignment out."""
    tops = {place.parts[0] for place in found}
    inside = {place.parts[0] for place in found if len(place.parts) > 1}
    if len(tops) == 1 and inside == tops and next(iter(tops)).endswith("-submissions"):
        folder = next(iter(tops))
        stripped = [Place(place.parts[1:], place.file, place.inner, place.problem) for place in found]
        return without_classroom_prefix(stripped, root / folder)
    prefix = common_prefix(sorted(inside))
    from_classroom = (
        root.name == f"{prefix}submissions"
        or ASSIGNMENT_WORD.search(prefix)
        or any((root / folder / ".git").exists() for folder in inside)
    )
    if not prefix or not from_classroom or any(folder[len(prefix) :].isdigit() for folder in inside):
        return found
    return [
        Place((place.parts[0][len(prefix) :], *place.parts[1:]), place.file, place.inner, place.problem)
        if place.parts[0] in inside
        else place
        for place in found
    ]


def common_prefix(names: list[str]) -> str:
    """The longest beginning that ends in a hyphen and that all names share, if there are two at least."""
    if len(names) < 2:
        return ""
    first, last = names[0], names[-1]
    length = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(map(len, names)))
    return first[: first.rfind("-", 0, length) + 1]


def learner_of(place: Place, root_name: str, lessons: set[str]) -> tuple[str, str]:
    """Name and number of whom a file belongs to; ("", "") for nobody."""
    top = place.parts[0]
    matched = known_pattern(top)
    if matched:
        return clean_name(matched["name"]), matched["number"]
    if len(place.parts) > 1 or (place.problem and not top.lower().endswith((".ipynb", ".zip"))):
        return clean_name(top), ""
    stem, dot, ending = top.rpartition(".")
    if ending.lower() not in ("ipynb", "zip"):
        return clean_name(top) if not dot else clean_name(stem), ""
    rest = re.sub(r"\s*\(\d+\)$", "", stem)
    for lesson in lessons:
        if lesson in rest:
            # what is left of "Copy of 03_residual_block-1" is nobody's name
            rest = re.sub(r"(?i)^copy[ _-]of[ _-]+|[\s_-]+\d{0,2}$|^[\s_-]+", "", rest.replace(lesson, ""))
            rest = re.sub(r"^-?\d{0,2}$", "", rest)
    return clean_name(rest) if rest else root_name or "submission", ""


def clean_name(name: str) -> str:
    """A name that is safe to show: no control or direction characters, one kind of accents, one line, not too long."""
    name = unicodedata.normalize("NFC", name)
    kept = "".join(" " if character in "\t\n\r" else character for character in name)
    kept = "".join(character for character in kept if not unicodedata.category(character).startswith("C"))
    return " ".join(kept.split())[:120] or "unnamed"


def tidy(submission: Submission) -> None:
    """Bring notebooks into the order in which later ones count more, and keep complaints to what matters."""
    submission.notebooks.sort(key=version_order)
    if len(submission.notebooks) > MAX_NOTEBOOKS:
        left_out = len(submission.notebooks) - MAX_NOTEBOOKS
        submission.problems.append(f"{left_out} notebooks more than the {MAX_NOTEBOOKS} that are read")
        submission.notebooks = submission.notebooks[-MAX_NOTEBOOKS:]
    # a learner's other files are of no interest as long as there are notebooks
    if submission.notebooks:
        submission.problems = [text for text in submission.problems if not text.endswith("is no notebook (.ipynb)")]
    if len(submission.problems) > 10:
        more = len(submission.problems) - 10
        submission.problems = [*submission.problems[:10], f"and {more} problems more"]
    submission.problems = [clean_name(text) for text in submission.problems]


def version_order(place: Place) -> tuple:
    """Drafts first: file.ipynb, file-1.ipynb or file (1).ipynb, file-2.ipynb, each by its number."""
    stem = place.name.rpartition(".")[0]
    number = re.search(r"(?:-| ?\()(\d{1,4})\)?$", stem)
    return int(number[1]) if number else 0, place.parts
