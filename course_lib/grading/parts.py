"""A class too large for one machine: each marks a share of the learners, and the shares become one report.

A part's folder holds what a report's does, without the report: `marks`, and `part.json` once all of them are there.
"""

import dataclasses
import hashlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from course_lib.files import write_atomically, write_text
from course_lib.grading import records
from course_lib.grading.reading.submissions import Submission

FILE = "part.json"
PART = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
# what all parts must agree in, in words
SETTINGS = {
    "seed": "seeds",
    "lessons": "lessons",
    "marking": "marking.toml",
    "course": "versions of the course",
}
One = TypeVar("One")


@dataclass(frozen=True)
class Part:
    """The `number`-th of `of` shares, counted from 1."""

    number: int
    of: int

    def share(self, all_: Sequence[One]) -> list[One]:
        """Every `of`-th, beginning with the `number`-th: each of them in one share, and only in one."""
        return list(all_[self.number - 1 :: self.of])


@dataclass(frozen=True)
class Done:
    """A part that is marked to its end.

    Attributes:
        folder: where it lies.
        names: file names of all learners of the class, in order, see `records.file_names`.
        submissions: a digest of who they are and which files they handed in.
        settings: what it was marked with, see `SETTINGS`; marking is the text of marking.toml, "" without one.
        level, meaning: of isolation.
        notes: sentences on what could also be meant otherwise in what was handed in.
    """

    part: Part
    folder: Path
    names: tuple[str, ...]
    submissions: str
    settings: Mapping[str, object]
    level: str = ""
    meaning: str = ""
    notes: tuple[str, ...] = field(default=())


def part_of(text: str) -> Part:
    """Read "2/3". Raises: ValueError."""
    found = PART.fullmatch(text.strip())
    part = Part(int(found[1]), int(found[2])) if found else None
    if part is None or not 1 <= part.number <= part.of:
        raise ValueError(f"part is {text!r}; allowed: i/n such as 2/3, the second of three, i from 1 to n")
    return part


def settings_told(seed: int, lessons: Sequence[str], marking: Path | None) -> dict[str, object]:
    """What a part says of what it was marked with."""
    text = "" if marking is None else marking.read_text(encoding="utf-8-sig")
    return {"seed": seed, "lessons": list(lessons), "marking": text, "course": records.course_digest()}


def class_digest(submissions: Sequence[Submission]) -> str:
    """Of who handed in which files, by names and sizes: nobody reads a whole class in order to mark a part of it."""
    content = hashlib.sha256()
    for one in submissions:
        files = [(place.parts, place.content or size_of(place.file)) for place in one.notebooks]
        content.update(repr((one.learner, one.number, one.kind, one.source, one.late, one.problems, files)).encode())
    return content.hexdigest()


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def write_part(done: Done) -> None:
    content = {name: one for name, one in dataclasses.asdict(done).items() if name != "folder"}
    write_text(done.folder / FILE, json.dumps(content, ensure_ascii=False) + "\n")


def read_part(folder: Path) -> Done:
    """Raises: ValueError if there is no part there that is marked to its end."""
    try:
        saved = json.loads((folder / FILE).read_text(encoding="utf-8"))
        part = part_of("{number}/{of}".format(**saved["part"]))
        return Done(
            part,
            folder,
            tuple(map(str, saved["names"])),
            str(saved["submissions"]),
            {name: saved["settings"][name] for name in SETTINGS},
            str(saved["level"]),
            str(saved["meaning"]),
            tuple(map(str, saved["notes"])),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            f"merge holds {folder}, which is no part that was marked to its end; allowed: folders that grade --part "
            "i/n --out FOLDER wrote. A part that was interrupted goes on with the same command"
        ) from None


def read_parts(folders: Sequence[Path]) -> list[Done]:
    """All parts of one class, in order.

    Raises: ValueError if one is missing, there twice, or marked otherwise than the others.
    """
    parts = sorted((read_part(folder) for folder in folders), key=lambda one: one.part.number)
    first = parts[0]
    for one in parts[1:]:
        if one.part.of != first.part.of:
            raise ValueError(f"{first.folder} is {called(first)}, {one.folder} {called(one)}; allowed: parts of one n")
        if (one.submissions, one.names) != (first.submissions, first.names):
            raise ValueError(
                f"{first.folder} and {one.folder} are parts of different submissions; allowed: parts of the same files"
            )
        for what, words in SETTINGS.items():
            if alike(one.settings[what]) != alike(first.settings[what]):
                told = f" ({first.settings[what]!r}, {one.settings[what]!r})" if what in ("seed", "lessons") else ""
                raise ValueError(
                    f"{first.folder} and {one.folder} were marked with different {words}{told}; allowed: parts that "
                    "were marked alike"
                )
    for one, next_ in itertools.pairwise(parts):
        if one.part == next_.part:
            raise ValueError(f"{one.folder} and {next_.folder} are both {called(one)}; allowed: each part once")
    missing = sorted(set(range(1, first.part.of + 1)) - {one.part.number for one in parts})
    if missing:
        told = ", ".join(f"{number}/{first.part.of}" for number in missing[:20])
        raise ValueError(f"merge lacks the parts {told}; allowed: all {first.part.of} of them")
    return parts


def alike(setting: object) -> object:
    return sorted(setting) if isinstance(setting, list) else setting


def called(done: Done) -> str:
    return f"part {done.part.number} of {done.part.of}"


def merge_marks(parts: Sequence[Done], report: Path) -> None:
    """Put the marks of all parts into `report`, as if they had been made there.

    Raises: ValueError if marks are missing or cannot be read.
    """
    inside = [one.folder for one in parts if one.folder.resolve() == report.resolve()]
    if inside:
        raise ValueError(f"report is {report}, which is one of the parts; allowed: another folder")
    files: dict[str, list] = {}
    for one in parts:
        for name in one.part.share(one.names):
            path = one.folder / "marks" / f"{name}.json"
            if records.load(path) is None:
                raise ValueError(f"{path} cannot be read; allowed: to run {called(one)} again")
        files |= records.Digests.read(one.folder / "files.json").kept
    for one in parts:
        for name in one.part.share(one.names):
            data = (one.folder / "marks" / f"{name}.json").read_bytes()
            write_atomically(report / "marks" / f"{name}.json", lambda path, data=data: path.write_bytes(data))
    records.Digests(used=files).write(report / "files.json")


def levels_told(parts: Sequence[Done]) -> str:
    """ "filters, what that means", or which parts had which."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in parts:
        found.setdefault((one.level, one.meaning), []).append(str(one.part.number))
    if len(found) == 1:
        ((level, meaning),) = found
        return f"{level}, {meaning}"
    return "; ".join(f"parts {', '.join(those)}: {level}, {meaning}" for (level, meaning), those in found.items())
