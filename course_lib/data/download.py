"""Where downloaded data go, and what to say when they cannot be had."""

import tempfile
from pathlib import Path


class DataUnavailableError(ValueError):
    """A data set that is not on this machine and cannot be downloaded; the message lists the ways out."""


def default_data_dir() -> Path:
    """Where downloads are kept unless `--data-dir` says otherwise: one place for every run and notebook."""
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home, in a container for example
        home = Path(tempfile.gettempdir())
    return home / ".cache" / "course_lib"


def is_url(place: object) -> bool:
    return str(place).startswith(("http://", "https://"))


def explain_no_network(name: str, size: str, files: list[str], source: str) -> str:
    """The message for someone who asked for a data set with no network."""
    return (
        f"data is {name!r}, which is not on this machine and could not be downloaded from {source}\n"
        f"({size}; the usual host is often slow, and a download that breaks off fails its checksum).\n"
        "Ways out:\n"
        "  --data fashion-mnist   10,000 real images that came with the course, no network needed\n"
        "  --data shapes          pictures drawn on the spot, no network needed\n"
        f"  --data-dir FOLDER      a folder that already holds {' and '.join(files)}\n"
        "  --data-dir URL         a mirror that serves the same files (checksums are verified)\n"
        "  or run the same command again when there is a network"
    )
