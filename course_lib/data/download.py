"""Where downloaded data go, how a file is recognised by its content, and what to say when it cannot be had."""

import http.client
import itertools
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from course_lib.files import local_path, write_atomically

# how far below a folder that was named its files are looked for
LEVELS_BELOW = 3
# no more files than this are looked at: a home folder is no data folder
MOST_FILES = 2000


class DataUnavailableError(ValueError):
    """A data set that is not on this machine and cannot be downloaded; the message lists the ways out."""


def default_data_dir() -> Path:
    """Where downloads are kept unless `--data-dir` says otherwise: one place for every run and notebook."""
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home, in a container for example; another one may be on that machine
        home = Path(tempfile.gettempdir()) / f"home-of-{os.getuid()}"
    return home / ".cache" / "course_lib"


def is_url(place: object) -> bool:
    return str(place).lower().startswith(("http://", "https://"))


def folder_of(data_dir: str | Path | None) -> Path:
    """The folder where files are looked for and kept.

    Raises: ValueError for an address that is no web address, and for a file in place of a folder.
    """
    if data_dir is None or is_url(data_dir):
        return default_data_dir()
    if not str(data_dir).strip() or re.match(r"^[A-Za-z][A-Za-z0-9+.-]+:/", str(data_dir)):
        raise ValueError(f"data_dir is {str(data_dir)!r}; allowed: a folder, or an address that begins with http(s)://")
    folder = local_path(data_dir)
    if folder.is_file():
        raise ValueError(f"data_dir is {str(data_dir)!r}, which is a file; allowed: the folder it is in")
    return folder


def files_near(folder: Path) -> Iterator[Path]:
    """The files in `folder`, below it, and then beside it: people name a folder too high or too low."""
    beside = _below(folder.absolute().parent, 1)
    return itertools.islice(itertools.chain(_below(folder, LEVELS_BELOW), beside), MOST_FILES)


def is_to_be_told(path: Path, folder: Path, found: object) -> bool:
    """Whether a wrong file is worth a word: it is in the folder that was named or below, or beside one that is right.

    What lies beside the folder otherwise is a neighbour's, and may be anything.
    """
    return bool(found) or path.absolute().is_relative_to(folder.absolute())


def _below(folder: Path, levels: int) -> Iterator[Path]:
    """Files first, then folders, both by name; what may not be read is passed over."""
    try:
        entries = sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name))
    except OSError:
        return
    for path in entries:
        if path.is_file():
            yield path
        elif levels > 0 and path.is_dir() and not path.name.startswith("."):
            yield from _below(path, levels - 1)


def download(url: str, path: Path, check: Callable[[Path], None]) -> None:
    """Fetch `url` into the file `path`, which appears only if `check` (a ValueError for a wrong file) lets it.

    Raises: OSError for every way in which a download fails; ValueError from `check`. Nothing is left behind.
    """
    from torchvision.datasets.utils import download_url

    def fetch(temporary: Path) -> None:
        try:
            download_url(url, str(temporary.parent), temporary.name)
        except (RuntimeError, http.client.HTTPException, ValueError) as error:
            raise OSError(f"{type(error).__name__}: {error}") from None
        check(temporary)

    write_atomically(path, fetch)


def explain_no_network(name: str, size: str, files: list[str], source: str, reason: object) -> str:
    """The message for someone who asked for a data set that cannot be had."""
    return (
        f"data is {name!r}, which is not on this machine and could not be downloaded from {source}\n"
        f"({reason}; {size}; the usual host is often slow, and what fails its checksum is not kept).\n"
        "Ways out:\n"
        "  --data fashion-mnist   10,000 real images that came with the course, no network needed\n"
        "  --data shapes          pictures drawn on the spot, no network needed\n"
        f"  --data-dir FOLDER      a folder that already holds {' and '.join(files)}\n"
        "  --data-dir URL         a mirror that serves the same files (checksums are verified)\n"
        "  or run the same command again when there is a network"
    )
