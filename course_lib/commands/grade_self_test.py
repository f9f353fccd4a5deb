"""Whether marking works on this machine: the course's own notebooks, solved, blank, and with things gone wrong."""

import json
import re
import tempfile
from pathlib import Path

from course_lib.assets import IS_INSTALLED
from course_lib.authoring.blanks import exercise_source
from course_lib.grading import records
from course_lib.grading.reading.catalogue import NOTEBOOKS, Item, catalogue, lesson_names
from course_lib.grading.reading.submissions import find_submissions
from course_lib.grading.whole_class import level_in_force, mark_class, settings_for
from course_lib.progress.outline import outline

BLANK = re.compile(r"raise NotImplementedError.*")
SOLUTIONS = NOTEBOOKS.parent / "solutions"
# what stands in an answer's blank -> the status that its mark must have; "" for any but passed
ODD = {
    "is wrong": ("return None", "failed"),
    "never ends": ("while True: pass", "timeout"),
    "ends its process": ("import os; os._exit(0)", "crashed"),
    "takes all memory": ("x = [bytearray(2**28) for _ in range(1000)]; return x", ""),
    "reads this file": (f"open({__file__!r}).read(); return None", "failed"),
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
        if IS_INSTALLED:  # an installation has no solutions: their cells are the library's source
            write_solved(root / "in" / "solved")
        item = next(item for item in catalogue() if item.blank and not item.is_class and not item.owner)
        for number, (code, _) in enumerate(ODD.values()):
            write_answer(root / "in" / f"odd{number}", item, BLANK.sub(lambda _, code=code: code, item.blank))
        found = find_submissions(root / "in", lesson_names().values()).submissions
        list(mark_class(found, root / "out", settings_for(root / "out", None, (), isolation), jobs))
        marks = {one.learner: records.load(root / "out" / "marks" / f"{one.learner}.json") for one in found}
    items, handed_out = catalogue(), set(lesson_names())
    count = sum(item.lesson in handed_out for item in items)
    wrong = say(f"all {count} exercises of the solutions pass", marks["solved"].points == count)
    wrong += say("none of the blank notebooks", marks["blank"].points == 0)
    for number, (what, (_, status)) in enumerate(ODD.items()):
        mark = next(one.mark.status for one in marks[f"odd{number}"].results if one.mark.exercise == item.name)
        wrong += say(f"an answer that {what}: {mark}", mark == status or (not status and mark != "passed"))
    print("everything is as it should be" if not wrong else f"{wrong} not as they should be")
    return 1 if wrong else 0


def say(what: str, good: bool) -> int:
    print(f"{'as expected' if good else 'NOT AS EXPECTED'}: {what}")
    return 0 if good else 1


def write_solved(folder: Path) -> None:
    """The blank notebooks with the library's source in the exercises' cells: what is given stays beside them."""
    for lesson in outline():
        content = json.loads((NOTEBOOKS / f"{lesson.notebook}.ipynb").read_text(encoding="utf-8"))
        sources = {one.name: exercise_source(one.path, one.blank, one.given) for one in lesson.exercises}
        for cell in content["cells"]:
            source = sources.get(cell["metadata"].get("exercise"))
            if source is not None:
                cell["source"] = source.cell(source.full)
        (folder / f"{lesson.notebook}.ipynb").write_text(json.dumps(content), encoding="utf-8")


def write_answer(folder: Path, item: Item, code: str) -> None:
    name = lesson_names()[item.lesson]
    cell = {"cell_type": "code", "metadata": {"exercise": item.name}, "source": code, "outputs": [], "id": "answer"}
    content = {"cells": [cell], "metadata": {"course": {"lesson": name}}, "nbformat": 4, "nbformat_minor": 5}
    folder.mkdir(parents=True)
    (folder / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8")
