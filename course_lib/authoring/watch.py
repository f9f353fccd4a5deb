"""While an author writes: whenever a file is saved, build what needs no execution, and say what is left to do.

A solution is executed only by `build`. Where its outputs stay, because only prose changed, it is written here too.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from course_lib.authoring.build import (
    notebooks_of,
    orphans,
    outdated_generated,
    select,
    should_be,
    shown,
    write_where_different,
)
from course_lib.authoring.source import LESSONS, ROOT, Source
from course_lib.checks.mistakes import read_tables
from course_lib.shown_command import shown_command

SECONDS_BETWEEN_LOOKS = 0.5


def watch(names: Iterable[str], say: Callable[[str], None]) -> None:
    """Look at the lessons called `names`, all for no names, until the author presses Ctrl+C.

    Raises: ValueError for a name no lesson has.
    """
    watcher = Watcher(names)
    say(f"watching {', '.join(source.name for source in select(watcher.names))}; Ctrl+C ends it")
    try:
        while True:
            for line in watcher.look():
                say(line)
            time.sleep(SECONDS_BETWEEN_LOOKS)
    except KeyboardInterrupt:
        return


class Watcher:
    """Remembers which files it has seen, and which files each lesson's notebooks follow from."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(names)
        self.stamps: dict[Path, tuple[int, int]] = {}
        self.files: dict[str, frozenset[Path]] = {}

    def look(self) -> list[str]:
        """Build the lessons of the files that were saved since the last look; all of them at the first.

        Returns: what was written, and what is out of date, a line each.
        """
        before, self.stamps = self.stamps, stamps()
        changed = {path for path, _ in before.items() ^ self.stamps.items()}
        if not changed:
            return []
        lines = []
        again = f": run {shown_command('course_lib.authoring', 'build')}"
        try:
            for source in select(self.names):
                known = self.files.get(source.name)
                if known is None or known & changed or any(path.parent == source.folder for path in changed):
                    lines += self.built(source)
                    lines += unreadable(path for path in changed if path.parent == source.folder)
            lines += [f"{shown(path)} has no lesson any more{again}" for path in orphans()]
        except ValueError as error:
            lines.append(f"error: {error}")
        lines += [f"{shown(path)} is out of date{again}" for path in outdated_generated()]
        document = LESSONS.parent / "document.py"
        if before and document in changed:  # Python has read it already, and would show the old tables
            lines.append(f"{shown(document)} was saved, and assets/network.md shows its tables{again}")
        return lines

    def built(self, source: Source) -> list[str]:
        try:
            wanted = should_be(source)
        except (ValueError, OSError) as error:  # some editors take a file away for a moment while they save it
            return [f"error: {error}"]
        self.files[source.name] = wanted.files
        learners, solution = notebooks_of(source.name)
        written = write_where_different(learners, wanted.learners)
        if wanted.solution is not None:
            written += write_where_different(solution, wanted.solution)
        lines = [f"{source.name}: {', '.join(map(shown, written))}"] if written else []
        if wanted.solution is None:
            build = shown_command("course_lib.authoring", "build", source.name[:2])
            lines.append(f"{shown(solution)} is out of date: run {build}")
        return lines or [f"{source.name}: up to date"]


def unreadable(paths: Iterable[Path]) -> Iterator[str]:
    """What is wrong in the files of mistakes among these, a line each: no build reads them."""
    for path in sorted(path for path in paths if path.suffix == ".toml"):
        try:
            read_tables(path)
        except ValueError as error:
            yield f"error: {error}"
        except OSError:  # it is gone
            continue


def stamps() -> dict[Path, tuple[int, int]]:
    """When each file was saved that a notebook may follow from, and its size."""
    places = [
        ROOT / "pyproject.toml",
        *LESSONS.parent.rglob("*.py"),
        *LESSONS.glob("*/*.md"),
        *LESSONS.glob("*/*.toml"),
    ]
    found = {}
    for path in [*places, *(ROOT / "assets").rglob("*")]:
        try:
            status = path.stat()
        except OSError:
            continue
        found[path] = (status.st_mtime_ns, status.st_size)
    return found
