"""The files of a folder of submissions, those inside zips included. Nothing is unpacked onto the disk."""

import datetime
import io
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

# of one file, outputs and all
MAX_BYTES = 320_000_000
# of a learner's zip, and of the one that a platform gives for the whole class
MAX_ENTRIES = 10_000
MAX_CLASS_ENTRIES = 1_000_000
MAX_INNER_ZIP = 64_000_000
MAX_INNER_ZIPS = 20
MAX_DEPTH = 2
MAX_FOLDER_DEPTH = 12

IGNORED_FOLDERS = {"__MACOSX", "__pycache__", "node_modules"}


@dataclass(frozen=True)
class Place:
    """Where a file is.

    Attributes:
        parts: its way from the folder of submissions; a zip counts as a folder.
        file: the file on the disk; inner: the entries to follow inside it, by number.
        problem: why it is not read; "" for a file that can be.
        content: what changes when a zip's entry does; "" for a file on the disk.
        changed: when it was written, as the disk or the zip says, "2026-03-01 23:59"; "" where they say nothing.
    """

    parts: tuple[str, ...]
    file: Path
    inner: tuple[int, ...] = ()
    problem: str = ""
    content: str = ""
    changed: str = ""

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def shown(self) -> str:
        return "/".join(self.parts)

    def read(self) -> bytes:
        """Its bytes, never more than a notebook may have.

        Raises: ValueError that says why it cannot be read.
        """
        try:
            if not self.inner:
                with self.file.open("rb") as file:
                    return file.read(MAX_BYTES + 1)
            data = None
            for depth, number in enumerate(self.inner):
                last = depth == len(self.inner) - 1
                archive = opened(self.file, self.file.stat().st_mtime_ns) if data is None else in_memory(data)
                data = read_entry(archive, archive.infolist()[number], MAX_BYTES if last else MAX_INNER_ZIP)
            return data
        except OSError as error:
            raise ValueError(f"cannot be opened ({error.strerror or error})") from None
        except (zipfile.BadZipFile, IndexError) as error:
            raise ValueError(f"cannot be read from its zip ({error})") from None


@lru_cache(maxsize=2)
def opened(path: Path, changed: int) -> zipfile.ZipFile:
    """A zip on the disk: the list of its files is read once, not for every notebook in it."""
    return zipfile.ZipFile(path)


def in_memory(data: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(data))


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    try:
        with archive.open(entry) as file:
            return file.read(most + 1)
    except Exception as error:  # damaged data raises many types; a password RuntimeError
        raise ValueError(f"cannot be read from its zip ({error})") from None


def places(root: Path, skip: Path | None = None, reports: list[str] | None = None) -> Iterator[Place]:
    """All files under `root` in order of their names, with zips opened; what cannot be read comes with a problem.

    Args:
        skip: a folder that is left out, such as the report's own.
        reports: is given the names of other reports of this command, which are left out too.
    """
    if root.is_file():
        yield from zip_places(root.read_bytes, (), root, ())
        return
    yield from folder_places(root, (), None if skip is None else skip.resolve(), [] if reports is None else reports)


def is_report(folder: Path) -> bool:
    return (folder / "run.json").is_file() and (folder / "marks").is_dir()


def folder_places(folder: Path, parts: tuple[str, ...], skip: Path | None, reports: list[str]) -> Iterator[Place]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        yield Place(parts or (folder.name,), folder, problem=f"cannot be opened ({error.strerror})")
        return
    for path in entries:
        here = (*parts, path.name.encode("utf-8", "replace").decode("utf-8"))
        if path.name.startswith(".") or path.name in IGNORED_FOLDERS:
            continue
        try:
            found = path.lstat()
            mode = found.st_mode
        except OSError as error:
            yield Place(here, path, problem=f"cannot be opened ({error.strerror})")
            continue
        if stat.S_ISLNK(mode):
            yield Place(here, path, problem="is a link; links are not followed")
        elif stat.S_ISDIR(mode):
            if skip is not None and path.resolve() == skip:
                continue
            if is_report(path):
                reports.append("/".join(here))
                continue
            if len(here) > MAX_FOLDER_DEPTH:
                yield Place(here, path, problem=f"lies more than {MAX_FOLDER_DEPTH} folders deep")
                continue
            before = False
            for place in folder_places(path, here, skip, reports):
                before = True
                yield place
            if not before:
                yield Place(here, path, problem="is an empty folder")
        elif not stat.S_ISREG(mode):
            yield Place(here, path, problem="is no regular file")
        elif path.suffix.lower() == ".zip":
            yield from zip_places(path.read_bytes, here, path, ())
        else:
            changed = datetime.datetime.fromtimestamp(found.st_mtime).strftime("%Y-%m-%d %H:%M")
            yield Place(here, path, changed=changed)


def zip_places(
    read: Callable[[], bytes], parts: tuple[str, ...], file: Path, inner: tuple[int, ...]
) -> Iterator[Place]:
    """The files of a zip. Names that lead out of it, links and nested zips that are too deep come with a problem."""
    where = parts or (file.name,)
    # the zip's own name without its ending is the folder's
    folder = (*parts[:-1], parts[-1][:-4]) if parts else ()
    try:
        archive = zipfile.ZipFile(io.BytesIO(read()) if inner else file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        yield Place(where, file, inner, problem=f"is no readable zip ({error})")
        return
    with archive:
        entries = archive.infolist()
        most = MAX_ENTRIES if parts else MAX_CLASS_ENTRIES
        if len(entries) > most:
            yield Place(where, file, inner, problem=f"has {len(entries):,} entries; allowed: {most:,}")
            return
        if not entries:
            yield Place(where, file, inner, problem="is an empty zip")
        inner_zips = 0
        for number, entry in enumerate(entries):
            path = PurePosixPath(entry.filename.replace("\\", "/"))
            names = tuple(part.encode("utf-8", "replace").decode("utf-8") for part in path.parts)
            if entry.is_dir() or not names or IGNORED_FOLDERS & set(names):
                continue
            here, way = (*folder, *names), (*inner, number)
            problem = entry_problem(entry, path)
            if problem:
                inside = tuple(part for part in names if part not in ("..", "/")) or (entry.filename[:80],)
                yield Place((*folder, *inside), file, way, problem=problem)
            elif any(name.startswith(".") for name in names):
                continue
            elif path.suffix.lower() == ".zip":
                inner_zips += 1
                if len(way) >= MAX_DEPTH or inner_zips > MAX_INNER_ZIPS:
                    yield Place(here, file, way, problem="is a zip inside a zip; hand the notebooks in themselves")
                    continue

                def read_inner(entry: zipfile.ZipInfo = entry) -> bytes:
                    data = read_entry(archive, entry, MAX_INNER_ZIP)
                    if len(data) > MAX_INNER_ZIP:
                        raise ValueError(f"larger than {MAX_INNER_ZIP // 10**6} MB")
                    return data

                yield from zip_places(read_inner, here, file, way)
            else:
                changed = "{:04d}-{:02d}-{:02d} {:02d}:{:02d}".format(*entry.date_time[:5])
                yield Place(here, file, way, content=f"{entry.CRC:08x} {entry.file_size}", changed=changed)


def entry_problem(entry: zipfile.ZipInfo, path: PurePosixPath) -> str:
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "has a name that leads out of its zip; it was not read"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link inside a zip; links are not followed"
    if ".ipynb" in path.name.lower() and entry.file_size > MAX_BYTES:
        return f"larger than {MAX_BYTES // 10**6} MB: clear its outputs and save it again"
    return ""
