"""One line for each verdict of `check`, in my_work/progress.jsonl: readable, and deletable without harm.

    {"when": "2026-11-28 09:41", "exercise": "ResidualBlock", "status": "failed", "misconception": "no_dropout"}

Nothing else writes or reads it but the report on one's own progress.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from course_lib.checks.exercise import Exercise
from course_lib.checks.last_answers import is_of_the_course
from course_lib.checks.my_work import work_folder
from course_lib.checks.result import CheckResult

NAME = "progress.jsonl"


@dataclass(frozen=True)
class Entry:
    """One verdict: when (local time, to the minute), on which exercise, and the mistake's name where one was named."""

    when: str
    exercise: str
    status: Literal["passed", "failed"]
    misconception: str | None = None


def note(exercise: Exercise, answer: Any, result: CheckResult) -> None:
    """Append a verdict on a learner's answer. Whatever keeps it from being written, the check goes on.

    A blank is no try. Neither is the reference, nor a mistake by another name, as lessons make them on purpose.
    """
    if result.status == "not started" or is_of_the_course(answer):
        return
    if result.status == "failed" and getattr(answer, "__name__", "") != (exercise.method or exercise.name):
        return
    now = datetime.now().strftime("%Y-%m-%d %H:%M")
    line = json.dumps(asdict(Entry(now, exercise.name, result.status, result.misconception))) + "\n"
    with contextlib.suppress(OSError, ValueError):
        path = work_folder() / NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        append(path, line)


def append(path: Path, line: str) -> None:
    """Add a line in one piece, so that those of two kernels do not mix; also behind a line that was cut off."""
    with open(path, "ab+", buffering=0) as file:
        if file.tell() and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n":
            line = "\n" + line
        file.write(line.encode())


def entries() -> Iterator[Entry]:
    """What was written, oldest first; lines that are damaged are left out."""
    try:
        text = (work_folder() / NAME).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return
    for line in text.splitlines():
        with contextlib.suppress(ValueError, TypeError):
            entry = Entry(**json.loads(line))
            named = entry.misconception is None or isinstance(entry.misconception, str)
            if named and isinstance(entry.exercise, str) and entry.status in ("passed", "failed"):
                yield entry
