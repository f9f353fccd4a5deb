"""Write everything that a run leaves: tables, Gradescope's files, pages. One learner at a time is in memory."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.checks.mistakes import source_of
from course_lib.checks.registry import exercises
from course_lib.files import write_text
from course_lib.grading import records
from course_lib.grading.marks import Graded
from course_lib.grading.reading.catalogue import Item, lesson_names
from course_lib.grading.reports.class_page import Overview, class_page
from course_lib.grading.reports.tables import write_grades_csv
from course_lib.grading.reports.gradescope import write_results
from course_lib.grading.reports.learner_page import learner_page
from course_lib.grading.reports.page import next_hint
from course_lib.grading.similarity import Alike, Fingerprint, alike, fingerprint


@dataclass(frozen=True)
class Written:
    """What the command tells at the end.

    Attributes:
        class_: all learners, without their code; statuses: how often each was given.
        similar: groups of like answers, learners as numbers in `class_`.
    """

    class_: tuple[Graded, ...]
    statuses: dict[str, int]
    similar: tuple[Alike, ...]


def write_reports(
    report: Path, names: Sequence[str], items: Sequence[Item], seed: int, facts: Sequence[str]
) -> Written:
    """Write all files of a report from the marks in `report`/marks.

    Args:
        names: file names of the learners, in order, see `records.file_names`.
        items: the exercises that were marked.
        facts: sentences on how it was marked.
    """
    titles = {lesson: name.replace("_", " ") for lesson, name in lesson_names().items()}
    overviews, light = [], []
    prints: dict[str, dict[str, Fingerprint]] = {item.name: {} for item in items}
    learners = []
    for number, (name, graded) in enumerate(saved(report, names)):
        write_text(report / "learners" / f"{name}.html", learner_page(graded, items, titles))
        write_results(report / "gradescope" / name / "results.json", graded)
        learners.append(as_json(graded, items))
        overviews.append(Overview.of(graded, f"{name}.html"))
        for result in graded.results:
            if result.print is not None:
                prints[result.mark.exercise][f"{number:05d}"] = result.print
        light.append(without_code(graded))
    similar = sorted(
        (one for item in items for one in alike(item.name, prints[item.name], solution_print(item))),
        key=lambda one: (-one.tokens, one.exercise, one.learners),
    )
    write_grades_csv(report / "grades.csv", light, items)
    content = {
        "seed": seed,
        "marked": list(facts),
        "exercises": [{"name": item.name, "lesson": item.lesson, "points": 1} for item in items],
        "learners": learners,
        "similar": [
            {**dataclasses.asdict(one), "learners": [light[int(number)].learner for number in one.learners]}
            for one in similar
        ],
    }
    write_text(report / "grades.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    write_text(report / "index.html", class_page(overviews, items, similar, titles, facts))
    statuses = Counter(result.mark.status for graded in light for result in graded.results)
    return Written(tuple(light), dict(statuses), tuple(similar))


def saved(report: Path, names: Sequence[str]) -> Iterator[tuple[str, Graded]]:
    for name in names:
        graded = records.load(report / "marks" / f"{name}.json")
        if graded is None:
            raise ValueError(f"{report / 'marks' / name}.json cannot be read; allowed: to run the command again")
        yield name, graded


def without_code(graded: Graded) -> Graded:
    results = tuple(dataclasses.replace(result, shown="", print=None) for result in graded.results)
    return dataclasses.replace(graded, results=results)


def as_json(graded: Graded, items: Sequence[Item]) -> dict:
    by_name = {item.name: item for item in items}
    marks = []
    for result in graded.results:
        hint = next_hint(by_name[result.mark.exercise], result.mark)
        marks.append(
            {
                **dataclasses.asdict(result.mark),
                "lesson": result.lesson,
                "points": int(result.mark.status == "passed"),
                "file": result.file,
                "hint": hint[0] if hint else None,
            }
        )
    return {
        "learner": graded.learner,
        "id": graded.number,
        "source": graded.source,
        "points": graded.points,
        "of": len(graded.results),
        "files": list(graded.files),
        "problems": list(graded.problems),
        "marks": marks,
    }


def solution_print(item: Item) -> Fingerprint | None:
    return fingerprint(source_of(exercises()[item.name].answer), item.defines, item.blank)
