"""What marks are worth: marking.toml. Without one, every exercise is worth a point, and that is all.

pass_mark = 50                  # per cent of all points
partial = true                  # for an answer that failed, the share of the properties that hold

[points]                        # of an exercise, or of each exercise of a lesson; 1 where nothing is said
"03" = 2
ResidualBlock = 5

[weights]                       # what a lesson is worth in all; without one, the sum of its points
"03" = 40

[[best]]                        # of these lessons (or exercises) the best two count
count = 2
of = ["01", "04", "05"]

[late]                          # see `lateness`
due = 2026-03-01T23:59:00
per_day = 10                    # per cent of all points for each day that has begun
grace_hours = 1
at_most = 50                    # per cent
[late.extensions]               # days, or a time
ada = 3
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_lib.grading.lateness import LateRules, late_rules
from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.reading.catalogue import Item

ALLOWED = ("pass_mark", "partial", "points", "weights", "best", "late")


@dataclass(frozen=True)
class Best:
    """Of the exercises or lessons called `of`, the best `count` count."""

    count: int
    of: tuple[str, ...]


@dataclass(frozen=True)
class ByHand:
    """A mark and a comment that somebody gave by hand; points None where only a comment."""

    points: float | None = None
    comment: str = ""


@dataclass(frozen=True)
class Worth:
    """Points, and points possible; `left_out` where better ones count instead."""

    points: float
    of: float
    left_out: bool = False


@dataclass(frozen=True)
class Total:
    """A learner's result.

    Attributes:
        points, of: what counts, late marks and marks by hand included.
        exercises, lessons: the same for each.
        passed: whether that is enough; None where no pass mark is set.
        days_late: begun days after the time due. taken: points taken off for them.
        by_hand: by exercise, "" for the whole.
    """

    points: float
    of: float
    exercises: Mapping[str, Worth] = field(default_factory=dict)
    lessons: Mapping[str, Worth] = field(default_factory=dict)
    passed: bool | None = None
    days_late: int = 0
    taken: float = 0.0
    by_hand: Mapping[str, ByHand] = field(default_factory=dict)


@dataclass(frozen=True)
class Scheme:
    """See the module; the defaults are what is marked without a marking.toml."""

    points: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    best: tuple[Best, ...] = ()
    pass_mark: float | None = None
    partial: bool = False
    late: LateRules | None = None

    def worth(self, exercise: str, lesson: str) -> float:
        return self.points.get(exercise, self.points.get(lesson, 1))

    def total(self, graded: Graded, days_late: int = 0, by_hand: Mapping[str, ByHand] | None = None) -> Total:
        """A learner's result.

        Args:
            days_late: begun days, extension and grace already taken off.
            by_hand: by exercise, "" for the whole.
        """
        by_hand = by_hand or {}
        exercises = {}
        lesson_of = {}
        for result in graded.results:
            name, lesson_of[result.mark.exercise] = result.mark.exercise, result.lesson
            of = self.worth(name, result.lesson)
            given = by_hand[name].points if name in by_hand else None
            exercises[name] = Worth(of * self.share(result.mark) if given is None else given, of)
        self.leave_out(exercises)
        lessons = {lesson: self.lesson(lesson, exercises, lesson_of) for lesson in dict.fromkeys(lesson_of.values())}
        self.leave_out(lessons)
        of = sum(one.of for one in lessons.values() if not one.left_out)
        points = sum(one.points for one in lessons.values() if not one.left_out)
        taken = min(points, of * self.late.share_taken(days_late)) if self.late is not None else 0.0
        whole = by_hand[""].points if "" in by_hand else None
        points = round(points - taken if whole is None else whole, 6)
        passed = None if self.pass_mark is None or not of else 100 * points / of >= self.pass_mark - 1e-9
        return Total(points, of, exercises, lessons, passed, days_late, round(taken, 6), by_hand)

    def full_points(self, items: Sequence[Item]) -> float:
        """What all of these exercises together are worth."""
        results = tuple(Result(Mark(item.name, "passed"), item.lesson) for item in items)
        return self.total(Graded("", "", "", (), (), results)).of

    def share(self, mark: Mark) -> float:
        if mark.status == "passed":
            return 1.0
        held, of = mark.held or (0, 0)
        return held / of if self.partial and of else 0.0

    def lesson(self, lesson: str, exercises: Mapping[str, Worth], lesson_of: Mapping[str, str]) -> Worth:
        those = [one for name, one in exercises.items() if lesson_of[name] == lesson and not one.left_out]
        points, of = sum(one.points for one in those), sum(one.of for one in those)
        weight = self.weights.get(lesson, of)
        return Worth(points / of * weight if of else 0.0, weight)

    def leave_out(self, found: dict[str, Worth]) -> None:
        """Mark all but the best of each group; of equals, the later ones are left out."""
        for group in self.best:
            those = [name for name in group.of if name in found]
            ordered = sorted(those, key=lambda name: -found[name].points / (found[name].of or 1))
            for name in ordered[group.count :]:
                found[name] = Worth(found[name].points, found[name].of, left_out=True)


def read_scheme(path: Path | None, items: Sequence[Item]) -> Scheme:
    """Read a marking.toml.

    Raises: ValueError that names what is wrong in it.
    """
    if path is None:
        return Scheme()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"marking is {path}, which cannot be opened ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"marking is {path}, which is no TOML ({error})") from None
    unknown = sorted(set(content) - set(ALLOWED))
    if unknown:
        raise ValueError(f"{path.name} holds {', '.join(unknown)}; allowed: {', '.join(ALLOWED)}")
    lessons, names = {item.lesson for item in items}, {item.name for item in items}
    if not isinstance(content.get("best", []), list):
        raise ValueError(f"{path.name}: best is {content['best']!r}; allowed: tables [[best]]")
    points = numbers(content, "points", path, lessons | names)
    weights = numbers(content, "weights", path, lessons)
    scheme = Scheme(
        points,
        weights,
        tuple(best_of(one, path, lessons, names) for one in content.get("best", [])),
        number(content, "pass_mark", path, None, 0, 100),
        bool_of(content, "partial", path),
        late_rules(content["late"], path.name) if "late" in content else None,
    )
    check_equal(scheme, items, path)
    return scheme


def check_equal(scheme: Scheme, items: Sequence[Item], path: Path) -> None:
    """Raises: ValueError if what competes to be among the best is not worth the same."""
    lesson_of = {item.name: item.lesson for item in items}
    exercises = {item.name: Worth(0, scheme.worth(item.name, item.lesson)) for item in items}
    in_lessons = {lesson: scheme.lesson(lesson, exercises, lesson_of) for lesson in set(lesson_of.values())}
    for group in scheme.best:
        worth = {name: (exercises.get(name) or in_lessons[name]).of for name in group.of}
        if len(set(worth.values())) > 1:
            told = ", ".join(f"{name} {points:g}" for name, points in worth.items())
            raise ValueError(
                f"{path.name}: best holds {told} points; allowed: what is worth the same, see [weights] and [points]"
            )


def best_of(content: Any, path: Path, lessons: set[str], names: set[str]) -> Best:
    of = content.get("of") if isinstance(content, dict) else None
    count = content.get("count") if isinstance(content, dict) else None
    kinds = [kind for kind in (lessons, names) if isinstance(of, list) and of and set(map(str, of)) <= kind]
    if not kinds or not isinstance(count, int) or not 1 <= count <= len(of) or set(content) != {"of", "count"}:
        raise ValueError(
            f"{path.name}: best is {content!r}; allowed: count, a whole number, and of, a list of lessons or exercises"
        )
    return Best(count, tuple(map(str, of)))


def numbers(content: Mapping[str, Any], key: str, path: Path, known: set[str]) -> dict[str, float]:
    table = content.get(key, {})
    if not isinstance(table, dict):
        raise ValueError(f"{path.name}: {key} is {table!r}; allowed: a table")
    # a key with a dot makes a table of its own, unless it is in quotes: DDPM.step = 2
    flat = {
        name if not isinstance(value, dict) else f"{name}.{inner}": one
        for name, value in table.items()
        for inner, one in (value.items() if isinstance(value, dict) else [("", value)])
    }
    for name in flat:
        if name not in known:
            raise ValueError(f"{path.name}: {key} holds {name!r}; allowed: {', '.join(sorted(known))}")
    return {name: number(flat, name, path, 0.0, 0, 1e6) for name in flat}


def number(content: Mapping[str, Any], key: str, path: Path, default: Any, low: float, high: float) -> Any:
    value = content.get(key, default)
    if value is default:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{path.name}: {key} is {value!r}; allowed: a number from {low:g} to {high:g}")
    return float(value)


def bool_of(content: Mapping[str, Any], key: str, path: Path) -> bool:
    value = content.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f"{path.name}: {key} is {value!r}; allowed: true, false")
    return value
