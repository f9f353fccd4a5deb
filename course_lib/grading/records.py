"""Remember what was marked, so that an interrupted run goes on where it was: one file a learner, in REPORT/marks."""

import dataclasses
import hashlib
import json
import re
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from course_lib.files import write_text
from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.reading.catalogue import lesson_notebooks
from course_lib.grading.reading.submissions import Submission
from course_lib.grading.similarity import Fingerprint

COURSE = Path(__file__).resolve().parent.parent
RESERVED = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def file_names(submissions: Iterable[Submission]) -> list[str]:
    """A file name for each learner that every system can hold, different for all of them."""
    names: list[str] = []
    taken: set[str] = set()
    for submission in submissions:
        text = f"{submission.learner}-{submission.number}" if submission.number else submission.learner
        name = re.sub(r"[^a-zA-Z0-9._-]+", "-", text).strip("-.")[:60] or "learner"
        if RESERVED.match(name):
            name = f"learner-{name}"
        candidate, number = name, 2
        while candidate.casefold() in taken:
            candidate, number = f"{name}-{number}", number + 1
        taken.add(candidate.casefold())
        names.append(candidate)
    return names


class Digests:
    """Digests of files, kept for as long as the system says that a file has not been touched."""

    def __init__(self, kept: dict[str, list] | None = None, used: dict[str, list] | None = None) -> None:
        self.kept, self.used = kept or {}, used or {}

    def of(self, path: Path) -> str:
        try:
            found = path.stat()
        except OSError as error:
            return str(error.errno)
        # whoever sets a file's time back cannot set back when that was done
        state = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
        kept = self.kept.get(str(path.absolute()))
        # what was touched a moment ago may be touched again within one tick of the clock
        settled = time.time_ns() - found.st_ctime_ns > 2_000_000_000
        digest = kept[-1] if kept and kept[:-1] == state and settled else file_digest(path)
        self.used[str(path.absolute())] = [*state, digest]
        return digest

    @classmethod
    def read(cls, path: Path) -> "Digests":
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls({str(name): list(one) for name, one in kept.items()})
        except (OSError, ValueError, AttributeError, TypeError):
            return cls()

    def write(self, path: Path) -> None:
        write_text(path, json.dumps(self.used, sort_keys=True) + "\n")


def digest_of(
    submission: Submission, seed: int, lessons: Iterable[str], partial: bool = False, known: Digests | None = None
) -> str:
    """What a learner's marks follow from: files, the course's code, seed and settings, with a word for each."""
    settings = hashlib.sha256(repr((seed, sorted(lessons), partial)).encode()).hexdigest()
    return f"files {files_digest(submission, known or Digests())} course {course_digest()} settings {settings}"


def files_digest(submission: Submission, known: Digests) -> str:
    whose = (submission.learner, submission.number, submission.kind, submission.source, submission.late)
    content = hashlib.sha256(repr((whose, submission.problems)).encode())
    for place in submission.notebooks:
        # of an entry in a zip, what the zip says of it: a class's whole zip is read for nobody
        content.update(repr((place.parts, place.content or known.of(place.file))).encode())
    return content.hexdigest()


def file_digest(path: Path) -> str:
    content = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                content.update(block)
    except OSError as error:
        return str(error.errno)
    return content.hexdigest()


WHY = {"files": "what they handed in changed", "course": "the course changed", "settings": "seed or lessons changed"}


def why(before: str, now: str) -> str:
    """What makes one digest another, in words."""
    old, new = (dict(zip(text.split()[::2], text.split()[1::2], strict=False)) for text in (before, now))
    return ", ".join(words for what, words in WHY.items() if old.get(what) != new.get(what)) or "it was asked for"


def same(before: str, now: str, what: str) -> bool:
    """Whether two digests agree in one thing: "files", "course", "settings"."""
    return WHY[what] not in why(before, now)


@cache
def course_digest() -> str:
    """Of all that marks follow from, the notebooks' blanks too: a change in one of them makes old marks worthless."""
    paths = [*COURSE.rglob("*.py"), *COURSE.rglob("*.toml"), *lesson_notebooks()]
    content = hashlib.sha256()
    for path in sorted(paths):
        content.update(path.read_bytes())
    return content.hexdigest()


def save(path: Path, graded: Graded, digest: str) -> None:
    write_text(path, json.dumps({"digest": digest, **dataclasses.asdict(graded)}, ensure_ascii=False) + "\n")


def digest_in(path: Path) -> str:
    """The digest that marks were saved with, "" if there are none."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def load(path: Path, digest: str = "") -> Graded | None:
    """What was saved, or None if there is nothing complete, or it is out of date, or marking itself had failed."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        if digest and saved["digest"] != digest:
            return None
        results = tuple(result_of(one) for one in saved["results"])
        graded = Graded(
            saved["learner"],
            saved["number"],
            saved["source"],
            tuple(saved["files"]),
            tuple(saved["problems"]),
            results,
            saved["kind"],
            saved["late"],
            saved["changed"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if digest and any(result.mark.status == "marking error" for result in results):
        return None
    return graded


def result_of(saved: dict) -> Result:
    one = saved["print"]
    mark = Mark(**saved["mark"])
    return Result(
        dataclasses.replace(mark, held=None if mark.held is None else tuple(mark.held)),
        saved["lesson"],
        saved["file"],
        saved["shown"],
        None if one is None else Fingerprint(one["tokens"], one["exact"], one["renamed"], tuple(one["shingles"])),
    )
