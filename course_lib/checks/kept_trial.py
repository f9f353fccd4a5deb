"""Whether what was kept in my_work runs by itself: at once in a fresh namespace, and in a process of its own.

The second takes as long as starting Python and torch. A notebook does not wait for it: it runs beside, at the lowest
priority, and what it finds is added to the verdict when it has ended. Whoever runs many notebooks at once, as our tests
do, can leave the second out: UNET_COURSE_KEPT_TRIAL=off in the environment.
"""

import contextlib
import json
import os
import subprocess
import sys
import textwrap
import threading
import uuid
from dataclasses import dataclass, replace
from typing import Any

from course_lib.assets import PACKAGE
from course_lib.checks.exercise import Exercise
from course_lib.checks.my_work import read_kept, work_folder
from course_lib.checks.picture import in_a_notebook
from course_lib.checks.registry import named
from course_lib.checks.standalone import Standalone
from course_lib.checks.verdict import LINE, Verdict


def said_of_what_is_missing(exercise: Exercise, made: Standalone) -> list[str]:
    """What a kept answer lacks, as it is printed, if it does; else have it tried in another process in a notebook."""
    why = what_is_missing(exercise, made)
    if why:
        return [in_brackets(why)]
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
    lines = result.message.splitlines()
    file = f"my_work/{exercise.name}.py"
    error, code = (
        next((line.removeprefix(label).rstrip(".") for line in lines if line.startswith(label)), "")
        for label in ("The error: ", "In your line: ")
    )
    if error:  # what it means elsewhere, such as a word misspelled, it does not mean here
        return f"{file} stops by itself, with {error}" + (f", in the line `{code}`" if code else "")
    return f"{file} runs by itself and does not pass there: {lines[0].rstrip('.')}"


@dataclass(frozen=True)
class Told:
    """A verdict that has been shown, and what its answer's file held then."""

    verdict: Verdict
    display_id: str
    text: str


class Beside:
    """Tries kept answers in a process beside this one, one process at a time, and says what it finds.

    At once: the verdict that is on the page already is shown again in its place, with a sentence more; where all is
    well nothing changes. And once more with the next check: not every front end changes what belongs to a cell that
    has ended, and not every learner looks back.
    """

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.waiting: dict[str, Told] = {}
        self.thread: threading.Thread | None = None
        self.heard: dict[str, tuple[str, str]] = {}
        self.lock = threading.Lock()

    def try_also(self, name: str) -> None:
        """Try what is kept of this exercise once its verdict has been shown."""
        self.asked.add(name)

    def show(self, name: str, verdict: Verdict) -> None:
        """Show the verdict on an answer, and begin to try what is kept of it, if that was asked for."""
        if name not in self.asked:
            verdict.show()
            return
        self.asked.remove(name)
        display_id = f"verdict-{uuid.uuid4().hex}"
        verdict.show(display_id)
        with self.lock:
            self.waiting[name] = Told(verdict, display_id, text_kept(name))
            if self.thread is None:
                self.thread = threading.Thread(target=self.work, daemon=True)
                self.thread.start()

    def work(self) -> None:
        while True:
            with self.lock:
                batch, self.waiting = self.waiting, {}
                if not batch:
                    self.thread = None
                    return
            found = {}
            with contextlib.suppress(OSError):  # no second process to be had: lesson 07 tries it anyway
                found = sentences(started(list(batch)).communicate()[0])
            for name, sentence in found.items():
                if text_kept(name) != batch[name].text:  # what has been kept anew since then is another answer
                    continue
                with self.lock:
                    self.heard[name] = batch[name].text, sentence
                with contextlib.suppress(Exception):  # the page is gone, and with it whoever would read it
                    said_there(batch[name], sentence)

    def found(self) -> list[str]:
        """Sentences about those that did not pass since the last call, unless they have been kept anew."""
        with self.lock:
            heard, self.heard = self.heard, {}
        return [sentence for name, (text, sentence) in heard.items() if text_kept(name) == text]


def said_there(told: Told, sentence: str) -> None:
    """Show a verdict again where it stands, with this sentence below it."""
    more = replace(told.verdict, beside=(*told.verdict.beside, in_brackets(sentence)))
    more.show(told.display_id, again=True)


def in_brackets(sentence: str) -> str:
    return textwrap.fill(f"({sentence})", LINE, subsequent_indent=" ")


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
        name: f"Tried in a fresh Python, what was kept of {name} is not enough for later lessons: {why}. Make what it "
        f"needs inside {name}, and check again."
        for name, why in found.items()
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
