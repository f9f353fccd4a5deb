"""Write everything that a run leaves: tables, Gradescope's files, pages. One learner at a time is in memory."""

import dataclasses
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.checks.mistakes import source_of
from course_lib.checks.registry import exercises
from course_lib.files import write_if_new, write_text
from course_lib.grading import records
from course_lib.grading.judging import Judged, Wishes, anonymous, judge
from course_lib.grading.marks import Graded
from course_lib.grading.reading.catalogue import Item, lesson_names
from course_lib.grading.reports.class_page import Overview, class_page
from course_lib.grading.reports.grades_table import write_grades_csv
from course_lib.grading.reports.gradescope import write_results
from course_lib.grading.reports.learner_page import learner_page
from course_lib.grading.reports.page import next_hint
from course_lib.grading.reports.tables import tidy, write_csv
from course_lib.grading.scheme import Total
from course_lib.grading.similarity import Alike, Fingerprint, alike, fingerprint

# the page of somebody whose name is not said
CODE = re.compile("learner-[0-9a-f]{6}")


@dataclass(frozen=True)
class Written:
    """What the command tells at the end.

    Attributes:
        class_: all learners by their own names, without their code; statuses: how often each was given.
        similar: groups of like answers, learners as numbers in `class_`.
        judged: the same learners as the reports show them, with what their marks come to.
        pages: file names of their pages.
    """

    class_: tuple[Graded, ...]
    statuses: dict[str, int]
    similar: tuple[Alike, ...]
    judged: Judged
    pages: tuple[str, ...]


def write_reports(
    report: Path,
    names: Sequence[str],
    items: Sequence[Item],
    seed: int,
    facts: Sequence[str],
    wishes: Wishes | None = None,
) -> Written:
    """Write all files of a report from the marks in `report`/marks.

    Args:
        names: file names of the learners, in order, see `records.file_names`.
        items: the exercises that were marked.
        facts: sentences on how it was marked.
        wishes: what marks are worth, and who is who.
    """
    wishes = wishes or Wishes()
    titles = {lesson: name.replace("_", " ") for lesson, name in lesson_names().items()}
    light = [without_code(graded) for _, graded in saved(report, names)]
    judged = judge(light, items, wishes, seed)
    pages = [code.replace(" ", "-") for code in judged.codes] or list(names)
    take_away_old_pages(report, set(pages))
    overviews, learners = [], []
    prints: dict[str, dict[str, Fingerprint]] = {item.name: {} for item in items}
    for number, (_, whole) in enumerate(saved(report, names)):
        total, shown = judged.totals[number], judged.class_[number]
        graded = (
            anonymous(whole, shown.learner) if wishes.anonymous else dataclasses.replace(whole, learner=shown.learner)
        )
        write_if_new(report / "learners" / f"{pages[number]}.html", learner_page(graded, items, titles, total))
        write_results(report / "gradescope" / pages[number] / "results.json", graded, total)
        learners.append(as_json(graded, items, total, judged.sections[number]))
        overviews.append(Overview.of(graded, f"{pages[number]}.html", total, judged.sections[number]))
        for result in graded.results:
            if result.print is not None:
                prints[result.mark.exercise][f"{number:05d}"] = result.print
    similar = sorted(
        (one for item in items for one in alike(item.name, prints[item.name], solution_print(item))),
        key=lambda one: (-one.tokens, one.exercise, one.learners),
    )
    write_grades_csv(report / "grades.csv", judged, items)
    if judged.codes:
        rows = [
            [code, graded.learner, graded.number, graded.source]
            for code, graded in zip(judged.codes, light, strict=True)
        ]
        write_csv(report / "who-is-who.csv", [["code", "learner", "id", "source"], *sorted(rows)])
    content = {
        "seed": seed,
        "marked": list(facts),
        "notes": judged.notes,
        "exercises": [
            {"name": item.name, "lesson": item.lesson, "points": tidy(judged.scheme.worth(item.name, item.lesson))}
            for item in items
        ],
        "learners": learners,
        "nothing handed in": [{"name": name, "section": section} for name, section in judged.absent],
        "similar": [
            {**dataclasses.asdict(one), "learners": [judged.class_[int(number)].learner for number in one.learners]}
            for one in similar
        ],
    }
    write_text(report / "grades.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    write_text(report / "index.html", class_page(overviews, items, similar, titles, facts, judged))
    statuses = Counter(result.mark.status for graded in light for result in graded.results)
    return Written(tuple(light), dict(statuses), tuple(similar), judged, tuple(pages))


def take_away_old_pages(report: Path, wanted: set[str]) -> None:
    """Pages that an earlier run wrote and that are nobody's now: they would be handed back with old marks or names."""
    ours = {path.stem for path in (report / "marks").glob("*.json")} - wanted
    for folder, ending in (("learners", ".html"), ("gradescope", "")):
        for path in (report / folder).glob(f"*{ending}"):
            name = path.name.removesuffix(ending) if ending else path.name
            if name not in wanted and (name in ours or CODE.fullmatch(name)):
                shutil.rmtree(path) if ending == "" else path.unlink()


def saved(report: Path, names: Sequence[str]) -> Iterator[tuple[str, Graded]]:
    for name in names:
        graded = records.load(report / "marks" / f"{name}.json")
        if graded is None:
            raise ValueError(f"{report / 'marks' / name}.json cannot be read; allowed: to run the command again")
        yield name, graded


def without_code(graded: Graded) -> Graded:
    results = tuple(dataclasses.replace(result, shown="", print=None) for result in graded.results)
    return dataclasses.replace(graded, results=results)


def as_json(graded: Graded, items: Sequence[Item], total: Total, section: str) -> dict:
    by_name = {item.name: item for item in items}
    marks = []
    for result in graded.results:
        hint = next_hint(by_name[result.mark.exercise], result.mark)
        worth = total.exercises[result.mark.exercise]
        by_hand = total.by_hand.get(result.mark.exercise)
        marks.append(
            {
                **dataclasses.asdict(result.mark),
                "lesson": result.lesson,
                "points": tidy(worth.points),
                "of": tidy(worth.of),
                "file": result.file,
                "hint": hint[0] if hint else None,
                **({"by hand": dataclasses.asdict(by_hand)} if by_hand else {}),
            }
        )
    whole = total.by_hand.get("")
    return {
        "learner": graded.learner,
        "id": graded.number,
        "source": graded.source,
        "section": section,
        "points": tidy(total.points),
        "of": tidy(total.of),
        "passed": total.passed,
        "late": graded.late or total.days_late > 0,
        "days late": total.days_late,
        "taken off": tidy(total.taken),
        "lessons": {lesson: {"points": tidy(one.points), "of": tidy(one.of)} for lesson, one in total.lessons.items()},
        **({"by hand": dataclasses.asdict(whole)} if whole else {}),
        "files": list(graded.files),
        "counted": list(graded.counted),
        "problems": list(graded.problems),
        "marks": marks,
    }


def solution_print(item: Item) -> Fingerprint | None:
    return fingerprint(source_of(exercises()[item.name].answer), item.defines, item.blank)
