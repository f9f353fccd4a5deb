"""The list of SHA-256 checksums of assets/: data, weights and pictures, as they should be.

The list, assets/SHA256SUMS, has the format of the command `sha256sum`; the build of the notebooks writes it. Files for
people (*.md) are not in it, nor is assets/results: the scripts in course_lib/experiments may make those anew anywhere.
"""

import hashlib
from pathlib import Path

from course_lib.assets import ASSETS
from course_lib.doctor.finding import FAIL, OK, Finding

LIST, RESULTS = "SHA256SUMS", "results"


def asset_files(folder: Path = ASSETS) -> Finding:
    """Compare every file of the list with its checksum."""
    advice = (
        "fetch the course again, or in its folder run: git restore assets. What you passed is in my_work, and stays."
    )
    if not (folder / LIST).exists():
        return Finding(FAIL, "the course's files", f"the list assets/{LIST} is missing", advice)
    missing, damaged = [], []
    listed = read_list((folder / LIST).read_text(encoding="utf-8"))
    for name, digest in listed.items():
        path = folder / name
        if not path.is_file():
            missing.append(name)
        elif digest_of(path) != digest:
            damaged.append(name)
    if missing or damaged:
        told = [f"{word}: {shortened(names)}" for word, names in [("missing", missing), ("damaged", damaged)] if names]
        return Finding(FAIL, "the course's files", "; ".join(told), advice)
    return Finding(OK, "the course's files", f"{len(listed)} files of data, weights and pictures, all intact")


def checksums(folder: Path = ASSETS) -> str:
    """The text of the list for what is in `folder` now."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return "".join(f"{digest_of(folder / name)}  {name}\n" for name in names if belongs(name))


def belongs(name: str) -> bool:
    # a file with a leading dot is one that is being written
    folder, _, file = name.rpartition("/")
    return name != LIST and folder != RESULTS and not file.startswith(".") and not file.endswith(".md")


def read_list(text: str) -> dict[str, str]:
    """Name -> digest. Raises: ValueError for a line that is not of the format."""
    listed = {}
    for line in text.splitlines():
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64:
            raise ValueError(f"{LIST} has the line {line!r}; allowed: a SHA-256 digest, two spaces, a name")
        listed[name] = digest
    return listed


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def shortened(names: list[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
