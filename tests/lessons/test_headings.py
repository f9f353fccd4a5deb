"""One grammar of headings: a lesson's contents, as a front end lists them, say what each part is about."""

import re

import pytest

from course_lib.authoring.source import lesson_sources, read_lesson
from course_lib.progress.outline import exercise_name, read_outline

SOURCES = lesson_sources()
DIFFICULTY = re.compile(r"\*Difficulty [1-5] of 5 · about \d+ minutes · (?:roughly )?(?:\d+ to )?\d+ lines?\*")
LAST = ["## Recap", "## Questions", "## Further reading"]


def headings(source):
    """Every heading with the line that follows it, an empty line apart."""
    for cell in read_lesson(source).cells:
        if cell.kind == "markdown":
            prose = re.sub(r"^```.*?^```$", "", cell.text, flags=re.M | re.S)
            yield from re.findall(r"^(#+ .+)(?=\n*(.*))", prose, re.M)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_heading_of_an_exercise_names_what_is_to_be_written(source):
    found = [(heading, below) for heading, below in headings(source) if "Exercise" in heading]
    planned = read_outline(source.path).exercises
    wanted = [f"### Exercise {exercise.number} · `{exercise_name(exercise.path)}`" for exercise in planned]
    assert [heading for heading, _ in found] == wanted
    assert not [below for _, below in found if not DIFFICULTY.fullmatch(below)]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_sections_are_numbered_in_order_and_the_last_parts_are_called_the_same(source):
    sections = [heading for heading, _ in headings(source) if heading.startswith("## ")]
    numbers = [int(found[1]) for heading in sections if (found := re.match(r"## \d+\.(\d+) \S", heading))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [heading for heading in sections if heading in LAST] == LAST
    named = [heading for heading, _ in headings(source) if re.search(r"\b(Recap|Questions|Further reading)$", heading)]
    assert named == LAST
