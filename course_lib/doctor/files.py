"""The course's own files: data, weights and pictures, compared with the list of their checksums."""

from pathlib import Path

from course_lib.assets import ASSETS, IS_INSTALLED, LIST, digest_of, read_list
from course_lib.doctor.finding import FAIL, OK, Finding


def asset_files(folder: Path = ASSETS) -> Finding:
    """Compare every file of the list with its checksum."""
    fetch = "fetch the course again, or in its folder run: git restore assets"
    advice = f"{'install the course again' if IS_INSTALLED else fetch}. What you passed is in my_work, and stays."
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


def shortened(names: list[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
