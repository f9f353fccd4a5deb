"""The report for the instructor: the whole class at a glance, its mistakes, and what to go over in the next lecture."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, median

from course_lib.grading.judging import Judged
from course_lib.grading.marks import Graded
from course_lib.grading.reading.catalogue import Item
from course_lib.grading.reports.page import STATUSES, render
from course_lib.grading.scheme import Scheme, Total
from course_lib.grading.similarity import MIN_TOKENS, Alike

MOST_TOPICS = 5
TRIED = ("passed", "failed", "timeout", "memory", "crashed")
LISTED = ("passed", "failed", "not attempted", "missing")


@dataclass
class Overview:
    """What remains of a learner once their own page is written: enough for the class's page, and little memory.

    Attributes:
        page: file name of their page. statuses, misconceptions: by exercise. problems: with their files.
        points, whole: what they have and could have. late: in words. sentences: what was told of tried answers, by
            exercise. lessons: points and points possible.
    """

    learner: str
    number: str
    page: str
    points: int
    statuses: dict[str, str]
    misconceptions: dict[str, tuple[str, str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    whole: float = 0
    late: str = ""
    section: str = ""
    sentences: dict[str, str] = field(default_factory=dict)
    lessons: dict[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, graded: Graded, page_name: str, total: Total | None = None, section: str = "") -> "Overview":
        total = total or Scheme().total(graded)
        return cls(
            graded.learner,
            graded.number,
            page_name,
            total.points,
            {result.mark.exercise: result.mark.status for result in graded.results},
            {
                result.mark.exercise: (result.mark.misconception, result.mark.message.split("\n")[0])
                for result in graded.results
                if result.mark.misconception
            },
            graded.problems,
            total.of,
            f"{total.days_late} {'day' if total.days_late == 1 else 'days'}"
            if total.days_late
            else "late" * graded.late,
            section,
            {
                result.mark.exercise: result.mark.message.split("\n")[0]
                for result in graded.results
                if result.mark.status in TRIED and result.mark.status != "passed"
            },
            {lesson: (one.points, one.of) for lesson, one in total.lessons.items()},
        )

    def status(self, item: Item) -> str:
        return self.statuses.get(item.name, "missing")

    def mistake(self, item: Item) -> str:
        """The name of the one that was recognised, "" where none was."""
        return self.misconceptions.get(item.name, ("", ""))[0]


@dataclass(frozen=True)
class Mistake:
    """One misconception in one exercise: its sentence, and who made it (numbers of learners)."""

    exercise: str
    name: str
    sentence: str
    learners: tuple[int, ...]


def mistakes(class_: Sequence[Overview]) -> list[Mistake]:
    """All recognised mistakes, the most frequent first."""
    found: dict[tuple[str, str], list[int]] = {}
    sentences: dict[tuple[str, str], str] = {}
    for number, one in enumerate(class_):
        for exercise, (name, sentence) in one.misconceptions.items():
            found.setdefault((exercise, name), []).append(number)
            sentences.setdefault((exercise, name), sentence)
    listed = [Mistake(*key, sentences[key], tuple(learners)) for key, learners in found.items()]
    return sorted(listed, key=lambda one: (-len(one.learners), one.exercise, one.name))


@dataclass(frozen=True)
class Tally:
    """One exercise of the whole class: how often each status was given."""

    item: Item
    counts: Counter

    @property
    def tried(self) -> int:
        return sum(self.counts[status] for status in TRIED)

    @property
    def row(self) -> list[int]:
        """Numbers for the table; the last one is everything else."""
        listed = [self.counts[status] for status in LISTED]
        return [*listed, self.counts.total() - sum(listed)]


def tallies(class_: Sequence[Overview], items: Sequence[Item]) -> list[Tally]:
    return [Tally(item, Counter(one.status(item) for one in class_)) for item in items]


def hardest(exercises: Sequence[Tally]) -> list[Tally]:
    """Those that half of who tried passed, or fewer; the hardest first."""

    def share(one: Tally) -> float:
        return one.counts["passed"] / one.tried

    hard = [one for one in exercises if one.tried and share(one) <= 0.5]
    return sorted(hard, key=lambda one: (share(one), -one.tried))[:MOST_TOPICS]


def most_wrong(class_: Sequence[Overview], exercises: Sequence[Tally]) -> list[tuple[Tally, list[str]]]:
    """Exercises that somebody tried and did not pass, the most frequent first, with the sentences that were told."""
    found = sorted(
        (one for one in exercises if one.tried > one.counts["passed"]), key=lambda one: one.counts["passed"] - one.tried
    )
    return [
        (
            one,
            list(dict.fromkeys(who.sentences[one.item.name] for who in class_ if who.sentences.get(one.item.name)))[:3],
        )
        for one in found[:MOST_TOPICS]
    ]


@dataclass(frozen=True)
class Numbers:
    """How a class did.

    Attributes:
        middle, mean, lowest, highest: points. steps: from 0 to all points in ten, the learners in each.
    """

    middle: float
    mean: float
    lowest: float
    highest: float
    steps: tuple[int, ...]

    @classmethod
    def of(cls, class_: Sequence[Overview]) -> "Numbers | None":
        if not class_:
            return None
        points = [one.points for one in class_]
        steps = Counter(min(9, int(10 * one.points / one.whole)) if one.whole else 0 for one in class_)
        return cls(median(points), mean(points), min(points), max(points), tuple(steps[step] for step in range(10)))


def lesson_mean(class_: Sequence[Overview], lesson: str) -> tuple[float, float, float]:
    """Mean and median of a lesson's points, and points possible."""
    found = [one.lessons[lesson] for one in class_ if lesson in one.lessons]
    if not found:
        return 0, 0, 0
    points = [points for points, _ in found]
    return mean(points), median(points), found[0][1]


def in_words(lessons: Sequence[str]) -> str:
    """
    >>> in_words(["03"]), in_words(["03", "04", "05"]), in_words(["03", "05"])
    ('lesson 03', 'lessons 03 to 05', 'lessons 03, 05')
    """
    if len(lessons) < 2:
        return f"lesson {lessons[0]}" if lessons else "no lesson"
    all_between = [f"{number:02}" for number in range(int(lessons[0]), int(lessons[-1]) + 1)] == list(lessons)
    return "lessons " + (f"{lessons[0]} to {lessons[-1]}" if all_between else ", ".join(lessons))


def class_page(
    class_: Sequence[Overview],
    items: Sequence[Item],
    similar: Sequence[Alike],
    lesson_titles: Mapping[str, str],
    facts: Sequence[str],
    judged: Judged | None = None,
) -> str:
    """The whole page as HTML.

    Args:
        similar: groups of like answers; their learners are numbers in `class_`, as text.
        facts: sentences on how it was marked: seed, isolation.
        judged: who handed in nothing, and what is unclear.
    """
    all_mistakes, exercises = mistakes(class_), tallies(class_, items)
    lessons = list(dict.fromkeys(item.lesson for item in items))
    given = {status for one in class_ for status in one.statuses.values()}
    return render(
        "class.html",
        class_=class_,
        items=items,
        lesson_titles=lesson_titles,
        marked_lessons=in_words(lessons),
        topics=[one for one in all_mistakes if len(one.learners) > 1][:MOST_TOPICS],
        wrong=most_wrong(class_, exercises),
        hard=hardest(exercises),
        numbers=Numbers.of(class_),
        by_lesson=[(lesson, *lesson_mean(class_, lesson)) for lesson in lessons],
        late=[number for number, one in enumerate(class_) if one.late],
        absent=judged.absent if judged else [],
        notes=judged.notes if judged else [],
        left=[one for one in exercises if one.counts["not attempted"] > len(class_) / 2],
        signs={status: sign for status, sign in STATUSES.items() if status in given},
        exercises=exercises,
        mistakes=all_mistakes,
        similar=similar,
        min_tokens=MIN_TOKENS,
        facts=facts,
    )
