"""Whether marking works on this machine: the course's own notebooks, solved, blank, and with things gone wrong."""

import json
import tempfile
from pathlib import Path

from course_lib.grading import records
from course_lib.grading.marks import Graded
from course_lib.grading.reading.catalogue import NOTEBOOKS, catalogue, lesson_names
from course_lib.grading.reading.submissions import find_submissions
from course_lib.grading.whole_class import level_in_force, mark_class, settings_for

SOLUTIONS = NOTEBOOKS.parent / "solutions"
# what an answer may do -> the status that its mark must have
ODD = {
    "is wrong": ("return pixels.float() / 255", "failed"),
    "never ends": ("while True: pass", "timeout"),
    "ends its process": ("import os; os._exit(0)", "crashed"),
    "imports the reference": ("from course_lib import from_pixels as it\n    return it(pixels)", "no pass"),
    "takes all memory": ("x = [bytearray(2**28) for _ in range(1000)]\n    return pixels", "no pass"),
}


def self_test(isolation: str, jobs: int) -> int:
    """Print what was tried and what came of it. Returns 0, or 1 if something is not as it should be."""
    level, meaning = level_in_force(isolation)
    print(f"isolation: {level} ({meaning})")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, source in (("solved", SOLUTIONS), ("blank", NOTEBOOKS)):
            (root / "in" / name).mkdir(parents=True)
            for path in source.glob("[0-9][0-9]_*.ipynb"):
                (root / "in" / name / path.name).write_bytes(path.read_bytes())
        for number, (code, _) in enumerate(ODD.values()):
            write_answer(root / "in" / f"odd{number}" / "00_welcome.ipynb", code)
        found = find_submissions(root / "in", lesson_names().values()).submissions
        list(mark_class(found, root / "out", settings_for(root / "out", None, (), isolation), jobs))
        marks = {one.learner: records.load(root / "out" / "marks" / f"{one.learner}.json") for one in found}
    items, handed_out = catalogue(), set(lesson_names())
    count = sum(item.lesson in handed_out for item in items)
    wrong = say(f"all {count} exercises of the solutions pass", marks["solved"].points == count)
    wrong += say("none of the blank notebooks", marks["blank"].points == 0)
    for number, (what, (_, status)) in enumerate(ODD.items()):
        mark = first_of(marks[f"odd{number}"])
        wrong += say(f"an answer that {what}: {mark}", mark == status or (status == "no pass" and mark != "passed"))
    print("everything is as it should be" if not wrong else f"{wrong} not as they should be")
    return 1 if wrong else 0


def say(what: str, good: bool) -> int:
    print(f"{'as expected' if good else 'NOT AS EXPECTED'}: {what}")
    return 0 if good else 1


def first_of(graded: Graded) -> str:
    return next(one.mark.status for one in graded.results if one.mark.exercise == "from_pixels")


def write_answer(path: Path, code: str) -> None:
    cell = {
        "cell_type": "code",
        "metadata": {"exercise": "from_pixels"},
        "source": f"def from_pixels(pixels):\n    {code}",
        "outputs": [],
        "execution_count": None,
        "id": "answer",
    }
    content = {"cells": [cell], "metadata": {"course": {"lesson": "00_welcome"}}, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content), encoding="utf-8")
