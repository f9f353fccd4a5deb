"""The minutes that a lesson states fit what is in it. They are worked out; nobody was timed."""

import re

import pytest

from course_lib.authoring.source import lesson_sources, read_lesson
from course_lib.progress.outline import read_outline

WORDS_A_MINUTE = 150
# of what is folded, hints and answers and proofs, a reader opens about half
SHARE_UNFOLDED = 0.5
MINUTES_A_PREDICTION = 1.0
MINUTES_A_CELL = 0.5
TOLERANCE = 0.1
LONG = 90


def worked_out(source) -> float:
    cells = read_lesson(source).cells
    prose = "\n".join(cell.text for cell in cells if cell.kind == "markdown")
    open_prose = re.sub(r"<details>.*?</details>", "", prose, flags=re.DOTALL)
    words = len(open_prose.split()) + SHARE_UNFOLDED * (len(prose.split()) - len(open_prose.split()))
    code = sum(cell.kind != "markdown" for cell in cells)
    predictions = source.path.read_text(encoding="utf-8").count('predict="')
    exercises = sum(exercise.minutes for exercise in read_outline(source.path).exercises)
    return words / WORDS_A_MINUTE + exercises + MINUTES_A_PREDICTION * predictions + MINUTES_A_CELL * code


@pytest.mark.parametrize("source", lesson_sources(), ids=lambda source: source.name)
def test_the_stated_minutes_fit(source):
    stated, found = read_outline(source.path).minutes, worked_out(source)
    assert abs(stated - found) <= TOLERANCE * found, f"{stated} stated, {found:.0f} worked out"


@pytest.mark.parametrize("source", lesson_sources(), ids=lambda source: source.name)
def test_a_long_lesson_has_a_marked_place_to_stop(source):
    text = source.path.read_text(encoding="utf-8")
    if read_outline(source.path).minutes > LONG:
        before, stop, _ = text.partition("A good place to stop")
        assert stop
        # neither at the beginning nor at the end
        assert 0.25 < len(before) / len(text) < 0.75
