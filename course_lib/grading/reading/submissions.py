"""Who handed in what: learners and their notebooks, as Canvas, Moodle, GitHub Classroom or a plain folder hold them."""

import dataclasses
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from course_lib.grading.plain_text import one_line, shortened
from course_lib.grading.reading.checkouts import is_below, lie_in_a_checkout
from course_lib.grading.reading.places import Place, places
from course_lib.grading.reading.versions import version
from course_lib.grading.reading.whose import Whose, from_folder, from_platform
from course_lib.grading.reading.wrappers import without_wrappers

MAX_NOTEBOOKS = 100
# folders of a checkout whose Python files are no learner's
OF_THE_COURSE = {"course_lib", "tests", "build"}
MAX_PROBLEMS = 10

# browsers and mail programs put an ending behind, and the notebook is whole all the same
NOTEBOOK_ENDINGS = (".ipynb", ".ipynb.txt", ".ipynb.json", ".ipynb.download")
PRINTS = ".pdf", ".docx", ".doc", ".odt", ".md", ".png", ".jpg"
NOT_OPENED = ".rar", ".7z", ".tar", ".gz", ".tgz", ".xz", ".bz2"
OTHER_FILES = {
    "Python, saved or exported from one. Hand in the .ipynb itself": (".py",),
    "a web page or a print of one. Hand in the .ipynb itself": (".html", ".htm", *PRINTS),
    "an archive of a kind that is not opened. Hand in a .zip, or the notebooks themselves": NOT_OPENED,
    "a link. Hand in the .ipynb itself": (".url", ".webloc"),
}
NO_NOTEBOOK = "is no notebook (.ipynb)"
ARCHIVES = ".zip", *NOT_OPENED


@dataclass
class Submission:
    """What one learner handed in.

    Attributes:
        learner: who, as the reports call them. For showing only: two learners may have one name.
        number: Canvas' or Moodle's own number for them, "" where there is none.
        source: folder or file name they were found under.
        notebooks: what is read, in the order in which later ones count more.
        problems: sentences on what is not, "work.zip/../x.ipynb has a name that leads out of its zip ...".
        lost: the names of files that cannot be read and may have held a notebook.
        kind: whose number it is, see `Whose`.
        modules: Python files beside the notebooks that these may import, by their ways with the names that they have
            in an import.
        late: whether Canvas says so.
    """

    learner: str
    number: str = ""
    source: str = ""
    notebooks: list[Place] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    kind: str = "folder"
    late: bool = False
    modules: dict[str, Place] = field(default_factory=dict)


@dataclass
class Found:
    """All submissions in the order of their learners.

    Attributes:
        ignored: the files that belong to nobody.
        notes: sentences on what could also be meant otherwise.
    """

    submissions: list[Submission]
    ignored: list[str]
    notes: list[str] = field(default_factory=list)


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
    names = set(lessons)
    reports: list[str] = []
    found, notes = without_wrappers(list(places(root, skip, reports)), root.resolve(), names)
    notes += [f"{one_line(report)} is a report of this command, and was left out" for report in reports]
    collected: dict[tuple, Collected] = {}
    ignored: list[str] = []
    for place in found:
        whose = whose_is(place, names, root.resolve().name)
        if whose is None:
            ignored.append(place.shown)
            continue
        collected.setdefault(whose.key, Collected(whose)).take(place, whose)
    if not collected:
        raise ValueError(f"SUBMISSIONS is {root}, which holds no notebook; allowed: a folder of .ipynb files or zips")
    submissions = [one.submission(names) for one in collected.values()]
    submissions.sort(key=lambda one: (one.learner.casefold(), one.learner, one.number, one.source))
    return Found(submissions, ignored, notes + ambiguous(submissions, list(collected.values())))


def one_submission(
    folder: Path, lessons: Iterable[str], learner: str, number: str = "", source: str = ""
) -> Submission:
    """All that lies in a folder as one learner's, whatever it is called there.

    Args:
        lessons: names of the course's notebooks. learner, number, source: see `Submission`.
    """
    whose = Whose("folder", "submission")
    one = Collected(whose)
    for place in places(folder):
        one.take(dataclasses.replace(place, parts=("submission", *place.parts)), whose)
    return dataclasses.replace(one.submission(set(lessons)), learner=learner, number=number, source=source)


def whose_is(place: Place, lessons: set[str], root_name: str) -> Whose | None:
    """Whom a file belongs to; None for nobody."""
    top = place.parts[0]
    whose = from_platform(top)
    if whose is not None:
        return whose
    if len(place.parts) == 1 and not place.problem and not is_notebook(top):
        return None
    return from_folder(place.parts, lessons, root_name)


def is_notebook(name: str) -> bool:
    return name.lower().endswith(NOTEBOOK_ENDINGS)


class Collected:
    """The files of one learner, while they are found."""

    def __init__(self, whose: Whose) -> None:
        self.whose, self.late, self.source = whose, False, ""
        self.notebooks: list[tuple[Place, Whose]] = []
        self.others: list[tuple[Place, str]] = []
        self.modules: dict[str, Place] = {}

    def take(self, place: Place, whose: Whose) -> None:
        self.late |= whose.late
        self.source = self.source or place.parts[0]
        if place.problem:
            self.others.append((place, place.problem))
        elif is_notebook(place.name):
            self.notebooks.append((place, whose))
        else:
            self.others.append((place, ""))
            if place.name.endswith(".py") and not set(place.parts) & OF_THE_COURSE:
                self.modules["/".join((*place.parts[:-1], whose.rest or place.name))] = place

    def submission(self, lessons: set[str]) -> Submission:
        one = Submission(self.whose.learner, self.whose.number, self.source, kind=self.whose.kind, late=self.late)
        ours = lie_in_a_checkout(place.parts for place, _ in (*self.notebooks, *self.others))
        one.modules = {name: place for name, place in self.modules.items() if not is_below(place.parts, ours)}
        counted = [pair for pair in self.notebooks if not is_below(pair[0].parts, ours)]
        ordered = sorted(counted, key=lambda pair: later(*pair, lessons))
        one.notebooks = [place for place, _ in ordered][-MAX_NOTEBOOKS:]
        read = {lesson for place in one.notebooks for lesson in lessons if lesson in place.name}
        # said only where it costs a lesson: a checkout handed in whole is nothing to look at
        problems = [
            f"{place.shown} is the course's own, and does not count"
            for place, _ in self.notebooks
            if is_below(place.parts, ours) and place.name not in {other.name for other in one.notebooks}
        ]
        for place, why in self.others:
            if is_below(place.parts, ours):
                continue
            lesson = next((lesson for lesson in lessons if lesson in place.name), "")
            # a learner's other files are of no interest as long as there are notebooks
            if not why and one.notebooks and (not lesson or lesson in read):
                continue
            problems.append(f"{place.shown} {why or why_not_read(place.name, lesson)}")
            if lesson or is_notebook(place.name) or place.name.lower().endswith(ARCHIVES):
                one.lost.append(place.name)
        if len(ordered) > MAX_NOTEBOOKS:
            problems.append(f"{len(ordered) - MAX_NOTEBOOKS} notebooks more than the {MAX_NOTEBOOKS} that are read")
        if len(problems) > MAX_PROBLEMS:
            problems[MAX_PROBLEMS:] = [f"and {len(problems) - MAX_PROBLEMS} problems more"]
        one.problems = [one_line(text[:1000]) for text in problems]
        return one


def later(place: Place, whose: Whose, lessons: set[str]) -> tuple:
    """What orders a learner's notebooks: by the numbers in their names, then Canvas' own, then by their names."""
    parts = (whose.rest, *place.parts[1:]) if whose.rest else place.parts[1:] or place.parts
    lesson = next((lesson for lesson in lessons if lesson in parts[-1]), "")
    return version(parts, lesson), whose.order, place.parts


def why_not_read(name: str, lesson: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    why = next((why for why, endings in OTHER_FILES.items() if ending in endings), "")
    # an essay may be a PDF, and nobody's notebook
    return f"{NO_NOTEBOOK}: {why}" if why and (lesson or ending not in PRINTS) else NO_NOTEBOOK


def ambiguous(submissions: list[Submission], collected: list[Collected]) -> list[str]:
    """Sentences on who may be whom."""
    notes = []
    seen = Counter(one.learner.casefold() for one in submissions)
    for name, count in seen.items():
        if count > 1:
            those = [one for one in submissions if one.learner.casefold() == name]
            where = shortened([ascii(one.source) for one in those])
            notes.append(f"{count} learners are shown as {those[0].learner!r}, and marked apart: {where}")
    numbers = Counter((one.kind, one.number) for one in submissions if one.number)
    for (_, number), count in numbers.items():
        if count > 1:
            those = shortened([one.learner for one in submissions if one.number == number])
            notes.append(f"number {number} stands with {count} names, marked apart: {those}")
    kinds = Counter(one.kind for one in submissions)
    if len(kinds) > 1:
        words = {"folder": "by their folder or file", "moodle": "as Moodle", "canvas": "as Canvas"}
        told = ", ".join(f"{count} {words.get(kind, 'as anonymous in Canvas')}" for kind, count in kinds.items())
        few = min(kinds, key=lambda kind: kinds[kind])
        notes.append(f"learners are named in several ways ({told}): {shortened(names_of(submissions, few))}")
    for one in collected:
        repeated = repeated_files(one)
        if repeated:
            notes.append(f"{one.whose.learner} holds {repeated}: if these are several learners, give that folder")
    return notes


def names_of(submissions: list[Submission], kind: str) -> list[str]:
    return [f"{one.learner} ({one.source})" for one in submissions if one.kind == kind]


def repeated_files(one: Collected) -> str:
    """ "03_residual_block.ipynb in 12 folders", if a learner's folder looks like a class; else ""."""
    counts = Counter(place.name for place, _ in one.notebooks if len(place.parts) > 2)
    if not counts:
        return ""
    name, count = counts.most_common(1)[0]
    # notebooks, solutions and a copy of each are one learner's
    return f"{one_line(name)} in {count} folders" if count > 4 else ""
