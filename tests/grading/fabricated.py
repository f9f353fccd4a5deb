"""Submissions made up for the tests of marking: notebooks as editors save them, learners, classes."""

import io
import json
import os
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SET_UP = (
    "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\nfrom course_lib.checks import check"
)

FROM_PIXELS = """\
def from_pixels(pixels):
    return pixels.float() / 127.5 - 1"""
WITHOUT_SHIFT = """\
def from_pixels(pixels):
    return pixels.float() / 255"""
TO_PIXELS = """\
def to_pixels(images):
    return (images.clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)"""


def cell(source: str, exercise: str | None = None, **more) -> dict:
    metadata = {"exercise": exercise} if exercise else {}
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": [],
        "source": source.splitlines(keepends=True),
        **more,
    }


def notebook(*cells: dict | str, minor: int = 5, lesson: str | None = None, **metadata) -> dict:
    """A notebook of these code cells; text is a cell without metadata."""
    made = [cell(one) if isinstance(one, str) else dict(one) for one in cells]
    for number, one in enumerate(made):
        if minor >= 5:
            one.setdefault("id", f"cell-{number}")
    if lesson:
        metadata["course"] = {"lesson": lesson}
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}


def to_bytes(made: dict) -> bytes:
    return json.dumps(made).encode()


def written(path: Path, made: dict | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made if isinstance(made, bytes) else to_bytes(made))
    return path


def zipped(files: Mapping[str, dict | bytes] | Sequence[tuple[str, dict | bytes]]) -> bytes:
    buffer = io.BytesIO()
    pairs = files.items() if isinstance(files, Mapping) else files
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, made in pairs:
            archive.writestr(name, made if isinstance(made, bytes) else to_bytes(made))
    return buffer.getvalue()


def welcome(answer: str = FROM_PIXELS, **more) -> dict:
    """The notebook of lesson 00 with one answer."""
    return notebook(SET_UP, cell(answer, "from_pixels"), "from_pixels = check(from_pixels)", **more)


def start_nothing(settings) -> None:
    """A worker that needs no sandbox, see `dying_work`."""


def dying_work(submission, only: str = ""):
    """Everything passes; but "evil" ends the process that marks its from_pixels, and "slow" takes its time."""
    from course_lib.grading.marks import Graded, Mark, Result
    from course_lib.grading.reading.catalogue import catalogue

    if submission.learner == "slow":
        time.sleep(0.5)
    if submission.learner == "evil" and only in ("", "from_pixels"):
        os._exit(3)
    items = [item for item in catalogue(("00",)) if only in ("", item.name)]
    results = tuple(Result(Mark(item.name, "passed"), item.lesson) for item in items)
    return Graded(submission.learner, "", submission.source, ("x.ipynb",), (), results)


def in_this_process(todo, settings, jobs):
    """In place of `whole_class.in_processes`, for answers that cost nothing: what was written decides."""
    from course_lib.grading import grade_learner
    from course_lib.grading.reading.catalogue import catalogue

    for task in todo:
        yield task, grade_learner(task.submission, catalogue(), by_text, settings.lessons)


def by_text(answers):
    """Marks as trying would give them to the answers above."""
    from course_lib.grading.marks import Mark

    return [
        Mark(one.exercise, "failed", "Wrong.", "zero_to_one", held=(3, 9))
        if "255" in one.code
        else Mark(one.exercise, "passed")
        for one in answers
    ]
