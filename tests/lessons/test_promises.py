"""What a text promises of the learner's function is tried: an answer that breaks a promise is refused for just that.

    [[promise]]                       # one for each promise, in tests/lessons/promises/lessonNN.toml
    exercise = "num_groups"
    says = "at most 32"               # as it stands in the reference's docstring or step comments, or in lesson.md
    property = "wide_layers"  # the property that fails first when it is broken
    breaks = [['MAX_GROUPS', '64']]   # what stands in the reference's source, what breaks this promise only

Line breaks, and the # of a comment that goes on in the next line, count as spaces.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from course_lib.checks.examination import first_failure
from course_lib.checks.exercise import Exercise
from course_lib.checks.handle import Handle
from course_lib.checks.last_answers import is_of_the_course
from course_lib.checks.mistakes import edited, source_of
from course_lib.checks.registry import exercises
from course_lib.checks.witness import Witness

FOLDER = Path(__file__).parent / "promises"
SEED = 1


@dataclass(frozen=True)
class Promise:
    exercise: str
    says: str
    property: str
    breaks: tuple[tuple[str, str], ...]

    @property
    def short(self) -> str:
        return f"{self.exercise}-{self.property}-{' '.join(self.says.split()[:4])}"


def read_promises(path: Path) -> list[Promise]:
    """The promises of one lesson.

    Raises: ValueError that names file and entry, for a field that is missing, unknown or of another kind.
    """
    found = []
    for number, entry in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["promise"], 1):
        breaks = entry.get("breaks")
        pairs = isinstance(breaks, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in breaks)
        if set(entry) != {"exercise", "says", "property", "breaks"} or not pairs:
            raise ValueError(
                f"{path.name}, promise {number}, holds {', '.join(entry)}; allowed: exercise, says, property, and "
                "breaks, a list of [what stands there, what breaks it]"
            )
        found.append(Promise(entry["exercise"], entry["says"], entry["property"], tuple(map(tuple, breaks))))
    return found


BY_LESSON = {path.stem.removeprefix("lesson"): read_promises(path) for path in sorted(FOLDER.glob("lesson*.toml"))}
PROMISES = [pytest.param(promise, id=promise.short) for promises in BY_LESSON.values() for promise in promises]


def words(text: str) -> str:
    """Text with its line breaks, and the marks of comments and quotations at the beginning of lines, as one space."""
    return " ".join(re.sub(r"^[ \t]*(#|>)[ \t]?", " ", text, flags=re.M).split())


def first_to_fail(exercise: Exercise, answer: object) -> str:
    """The name of the first property that an answer does not have; "" if it has all of them."""
    handle = Handle(exercise.subject(answer), seconds=exercise.seconds)
    failure = first_failure(Witness(exercise, handle, SEED))
    return failure.property.name if failure else ""


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_stands_in_the_text_and_an_answer_that_breaks_it_is_refused_for_it(promise):
    exercise = exercises()[promise.exercise]
    shown = [one for one in getattr(exercise.answer, "__mro__", [exercise.answer]) if is_of_the_course(one)]
    texts = [*map(source_of, shown), (exercise.file.parent / "lesson.md").read_text(encoding="utf-8")]
    assert any(words(promise.says) in words(text) for text in texts), "nobody promises this: the words stand nowhere"
    broken = edited(exercise.answer, *promise.breaks)
    assert first_to_fail(exercise, broken) == promise.property


@pytest.mark.parametrize("name", exercises())
def test_every_exercise_lists_what_it_promises(name):
    exercise = exercises()[name]
    promises = [promise for promise in BY_LESSON.get(exercise.lesson, []) if promise.exercise == name]
    assert len(promises) >= 2
    assert len({promise.breaks for promise in promises}) == len(promises), "the same edit for two promises"


@pytest.mark.parametrize("lesson", BY_LESSON)
def test_promises_stand_in_the_file_of_their_lesson(lesson):
    assert {exercises()[promise.exercise].lesson for promise in BY_LESSON[lesson]} == {lesson}


def test_an_entry_that_says_too_little_is_named(tmp_path):
    path = tmp_path / "lesson00.toml"
    path.write_text('[[promise]]\nexercise = "from_pixels"\nsays = "something"\nbreaks = []\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"lesson00.toml, promise 1, holds exercise, says, breaks; allowed"):
        read_promises(path)
