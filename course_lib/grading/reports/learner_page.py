"""The report for one learner: their code, the verdict, the sentence that names the mistake, the hint to read next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.reading.catalogue import Item
from course_lib.grading.reports.page import next_hint, render
from course_lib.grading.scheme import ByHand, Scheme, Total, Worth

LONGEST_CODE = 20_000


@dataclass(frozen=True)
class Part:
    """One exercise on the page.

    Attributes:
        code: what of the cell is shown, from `file`; open: whether it is unfolded.
        hint: title and text of the one to read next, None where none would help.
        worth: points; by_hand: what somebody gave and wrote by hand, None where nobody did.
    """

    mark: Mark
    code: str
    file: str
    open: bool
    hint: tuple[str, str] | None
    worth: Worth
    by_hand: ByHand | None


@dataclass(frozen=True)
class Lesson:
    """One lesson on the page: its exercises under its title."""

    title: str
    parts: Sequence[Part]
    worth: Worth

    @property
    def passed(self) -> int:
        return len(self.parts) - len(self.to_do)

    @property
    def to_do(self) -> list[Part]:
        return [part for part in self.parts if part.mark.status != "passed"]

    @property
    def missing(self) -> bool:
        """Whether nothing of it was handed in, so that one sentence tells all."""
        return all(part.mark.status == "missing" for part in self.parts)


def learner_page(
    graded: Graded, items: Sequence[Item], lesson_titles: Mapping[str, str], total: Total | None = None
) -> str:
    """A whole page as HTML, without a link to anywhere: it can be mailed as it is.

    Args:
        lesson_titles: two digits -> "03 residual block".
        total: what the marks come to; by default a point an exercise.
    """
    total = total or Scheme().total(graded)
    by_name = {item.name: item for item in items}
    lessons: dict[str, list[Part]] = {}
    for result in graded.results:
        part = part_of(result, by_name[result.mark.exercise], short(result.file, graded), total)
        lessons.setdefault(result.lesson, []).append(part)
    return render(
        "learner.html",
        graded=graded,
        total=total,
        counted=[short(name, graded) for name in graded.counted],
        not_counted=[short(name, graded) for name in graded.files if name not in graded.counted],
        lessons=[
            Lesson(lesson_titles.get(lesson, lesson), parts, total.lessons[lesson]) for lesson, parts in lessons.items()
        ],
    )


def part_of(result: Result, item: Item, file: str, total: Total) -> Part:
    code = result.shown[:LONGEST_CODE] + ("\n... (cut off)" if len(result.shown) > LONGEST_CODE else "")
    unfolded = result.mark.status not in ("passed", "not attempted")
    name = result.mark.exercise
    return Part(
        result.mark, code, file, unfolded, next_hint(item, result.mark), total.exercises[name], total.by_hand.get(name)
    )


def short(file: str, graded: Graded) -> str:
    """A file's name without the folder that is the learner's own."""
    return file.removeprefix(f"{graded.source}/")
