"""Folders around a whole class, and what GitHub Classroom puts before each name: left out, and said to be."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from course_lib.assets import ASSETS
from course_lib.grading.plain_text import one_line, shortened
from course_lib.grading.reading.places import Place
from course_lib.grading.reading.whose import from_folder, from_platform

# what teachers call a task, and learners their own folders
TASK = re.compile(
    r"(?:assignments?|homework|hw|labs?|exercises?|lessons?|course|projects?|unet|diffusion|week|woche|problems?|pset|"
    r"notebooks?|old|new|final|drafts?|work|my[_ -]work|runs|backup|attempt|versions?|v)(?:[ _-]?\d+)?",
    re.IGNORECASE,
)


def without_wrappers(found: list[Place], root: Path, lessons: set[str]) -> tuple[list[Place], list[str]]:
    """Leave out what stands around everything, and say in sentences what was taken for what."""
    notes: list[str] = []
    name = root.stem if root.suffix.lower() == ".zip" else root.name
    if len({place.parts[:2] for place in found}) == 1 and all(is_doubled(place.parts) for place in found):
        # week3.zip that holds week3 holds a folder, and no folder in a folder
        found = [dataclasses.replace(place, parts=place.parts[1:]) for place in found]
    while wraps(found, name, lessons):
        tops = sorted({place.parts[0] for place in found})
        around = shortened([repr(one_line(top)) for top in tops])
        found = [dataclasses.replace(place, parts=place.parts[1:]) for place in found]
        inside = len({place.parts[0] for place in found})
        notes.append(f"everything lies in {around}: left out, and the {inside} entries inside taken for the learners'")
        name = tops[0] if len(tops) == 1 else name
    tops = {place.parts[0] for place in found}
    if len(tops) == 1 and all(len(place.parts) > 2 for place in found):
        (top,) = tops
        if not from_platform(top):
            notes.append(
                f"everything lies in {one_line(top)!r}: taken for one learner. If it is a class, give that folder as "
                "SUBMISSIONS"
            )
    found, prefix = without_classroom_prefix(found, root, name)
    if prefix:
        notes.append(f"every folder begins with {prefix!r}: taken for the task's name, and left out of the learners'")
    return found, notes


def is_doubled(parts: Sequence[str]) -> bool:
    return len(parts) > 2 and parts[0].removesuffix(".zip") == parts[1]


def wraps(found: Sequence[Place], root_name: str, lessons: set[str]) -> bool:
    """Whether the outermost folders are nobody's: every entry lies in one, and what is inside is learners'."""
    if not found or any(len(place.parts) < 2 for place in found):
        return False
    tops = {place.parts[0] for place in found}
    if any(from_platform(top) for top in tops):
        return False
    if all(from_platform(place.parts[1]) for place in found):
        # a learner's own file may be called as Canvas would call it: several folders must each hold several people
        people = [{from_platform(one.parts[1]).key for one in found if one.parts[0] == top} for top in tops]
        return len(tops) == 1 or all(len(one) > 1 for one in people)
    if len(tops) > 1:
        return False
    return holds_learners(found, next(iter(tops)), root_name, lessons)


def holds_learners(found: Sequence[Place], top: str, root_name: str, lessons: set[str]) -> bool:
    """Whether the only folder there is holds a class, and is no learner's own."""
    loose = {place.parts[1] for place in found if len(place.parts) == 2 and place.parts[1].lower().endswith(".ipynb")}
    if any(from_folder((name,), lessons, "").name == "submission" for name in loose):
        return False  # 03_residual_block.ipynb bears nobody's name
    folders = {place.parts[1] for place in found if len(place.parts) > 2}
    if any(place.problem and len(place.parts) == 2 for place in found):
        folders |= {place.parts[1] for place in found if place.problem and len(place.parts) == 2}
    own = {name for name in folders if is_own(name, lessons)}
    people = (folders - own) | {from_folder((name,), lessons, "").name for name in loose}
    if "course_lib" in own or len(people) < len(own):
        return False
    if top in (root_name, f"{root_name}-submissions") or top.casefold().endswith("submissions"):
        return bool(people)
    return len(people) > 1 or (len(people) == 1 and bool(TASK.fullmatch(top)))


def is_own(folder: str, lessons: set[str]) -> bool:
    """Whether a folder is one that learners have: the course's own, a lesson's, their drafts."""
    if TASK.fullmatch(folder) or any(lesson in folder for lesson in lessons):
        return True
    return (ASSETS.parent / folder).is_dir() if re.fullmatch(r"\w+", folder) else False


def without_classroom_prefix(found: list[Place], root: Path, name: str) -> tuple[list[Place], str]:
    """GitHub Classroom's folders are called task-login: leave the task out, and say which."""
    inside = {place.parts[0] for place in found if len(place.parts) > 1}
    prefix = classroom_prefix(sorted(inside), root, name)
    if not prefix:
        return found, ""
    stripped = [
        dataclasses.replace(place, parts=(place.parts[0].removeprefix(prefix), *place.parts[1:]))
        if place.parts[0] in inside
        else place
        for place in found
    ]
    return stripped, prefix


def classroom_prefix(folders: Sequence[str], root: Path, name: str) -> str:
    """The task's name and a hyphen, if all folders begin so and something says that it is a task's; else ""."""
    told = name.removesuffix("submissions")
    if told != name and told.endswith("-") and folders and all(one.startswith(told) for one in folders):
        prefix = told
    else:
        prefix = common_prefix(folders)
        words = prefix.rstrip("-").split("-")
        cloned = any((root / way / folder / ".git").exists() for folder in folders for way in ("", name))
        # logins may begin alike: unet-ada-l and unet-ada-m are ada-l and ada-m, if a word says where the task ends
        last = max((at for at, word in enumerate(words) if TASK.fullmatch(word)), default=None)
        if last is not None:
            digits = next((at for at in range(last + 1, len(words)) if not words[at].isdigit()), len(words))
            prefix = "-".join(words[: max(last + 1, digits)]) + "-"
        elif not cloned:
            return ""
    if not prefix or any(not one.removeprefix(prefix) or one.removeprefix(prefix).isdigit() for one in folders):
        return ""
    return prefix


def common_prefix(names: Sequence[str]) -> str:
    """The longest beginning that ends in a hyphen and that all names share, if there are two at least."""
    if len(names) < 2:
        return ""
    first, last = names[0], names[-1]
    length = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(map(len, names)))
    return first[: first.rfind("-", 0, length) + 1]
