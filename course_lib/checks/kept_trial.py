"""Whether what was kept in my_work runs by itself: at once in a fresh namespace, and in a process of its own.

The second takes as long as starting Python and torch. A notebook does not wait for it: it runs beside, at the lowest
priority, and what it finds is said by the next check. Whoever runs many notebooks at once, as our tests do, can leave
the second out: UNET_COURSE_KEPT_TRIAL=off in the environment.
"""

import contextlib
import json
import os
import subprocess
import sys
import textwrap
from typing import Any

from course_lib.assets import PACKAGE
from course_lib.checks.exercise import Exercise
from course_lib.checks.my_work import read_kept, work_folder
from course_lib.checks.picture import in_a_notebook
from course_lib.checks.registry import named
from course_lib.checks.standalone import Standalone
from course_lib.checks.verdict import LINE


def said_of_what_is_missing(exercise: Exercise, made: Standalone) -> list[str]:
    """What a kept answer lacks, as it is printed, if it does; else have it tried in another process in a notebook."""
    why = what_is_missing(exercise, made)
    if why:
        return [textwrap.fill(f"({why})", LINE, subsequent_indent=" ")]
    if in_a_notebook() and os.environ.get("UNET_COURSE_KEPT_TRIAL") != "off":
        BESIDE.try_also(exercise.name)
    return []


def what_is_missing(exercise: Exercise, made: Standalone) -> str:
    """A sentence or two, or ""."""
    if made.missing:
        names = ", ".join(map(str, made.missing))
        return (
            f"For later lessons it is not enough: it uses {names}, which could not be kept with it. Make it inside "
            f"{exercise.name} itself, and check again."
        )
    why = why_it_does_not_run(exercise, whole=made.copied)
    if not why:
        return ""
    return f"For later lessons it is not enough: {why}. Make what it needs inside {exercise.name}, and check again."


def why_it_does_not_run(exercise: Exercise, whole: bool = True) -> str:
    """Load what is kept of an exercise into a fresh namespace and, if `whole`, examine it; "" if it passes."""
    from course_lib.checks import examine_for

    kept = read_kept(exercise)
    if kept.answer is None:
        return kept.why
    if not whole:
        return ""
    result, _ = examine_for(exercise, kept.answer)
    if result.status == "passed":
        return ""
    first = result.message.splitlines()[0].rstrip(".")
    return f"my_work/{exercise.name}.py runs by itself and does not pass there: {first}"


class Beside:
    """Tries kept answers in a process beside this one, one process at a time."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.process: subprocess.Popen | None = None
        self.texts: dict[str, str] = {}

    def try_also(self, name: str) -> None:
        self.waiting.append(name)
        self.go_on()

    def go_on(self) -> None:
        if self.process is None and self.waiting:
            self.texts, self.waiting = {name: text_kept(name) for name in self.waiting}, []
            with contextlib.suppress(OSError):  # no second process to be had: lesson 07 tries it anyway
                self.process = started(list(self.texts))

    def found(self) -> list[str]:
        """Sentences about those that did not pass, of a process that has ended since the last call."""
        if self.process is None or self.process.poll() is None:
            return []
        output, self.process = self.process.communicate()[0], None
        # what has been kept anew since then is another answer
        said = [sentence for name, sentence in sentences(output).items() if text_kept(name) == self.texts.get(name)]
        self.go_on()
        return said


def text_kept(name: str) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return (work_folder() / f"{name}.py").read_text(encoding="utf-8")
    return ""


def started(names: list[str]) -> subprocess.Popen:
    path = os.pathsep.join(filter(None, [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]))
    return subprocess.Popen(
        [sys.executable, "-m", "course_lib.checks.kept_trial", *names],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )


def sentences(output: str) -> dict[str, str]:
    """By exercise, from what the process printed."""
    try:
        found: dict[str, Any] = json.loads(output)
    except ValueError:  # it was ended, from outside or by what it tried: my_parts will say more
        return {}
    return {
        name: f"(Tried in a fresh Python: what was kept of {name} is not enough: {why}.)" for name, why in found.items()
    }


BESIDE = Beside()


def main(names: list[str]) -> None:
    with contextlib.suppress(AttributeError, OSError):
        os.nice(19)
    exercises = {name: named(name) for name in names}
    found = {name: why_it_does_not_run(exercise) for name, exercise in exercises.items() if exercise is not None}
    print(json.dumps({name: why for name, why in found.items() if why}))


if __name__ == "__main__":
    main(sys.argv[1:])
