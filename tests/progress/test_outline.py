"""What the lessons say of themselves is read from their text, without a notebook library."""

import pytest

from course_lib.authoring.source import lesson_sources, read_lesson
from course_lib.checks.registry import exercises
from course_lib.progress.outline import outline, planned, read_outline


def test_it_knows_every_exercise_once_in_the_order_of_the_lessons():
    names = [exercise.name for lesson in outline() for exercise in lesson.exercises]
    assert sorted(names) == sorted(exercises())
    for lesson in outline():
        assert all(exercises()[exercise.name].lesson == lesson.number for exercise in lesson.exercises)


@pytest.mark.parametrize("source", lesson_sources(), ids=lambda source: source.name)
def test_it_reads_what_the_build_reads(source):
    lesson = read_outline(source.path)
    cells = [cell.metadata for cell in read_lesson(source).cells if "exercise" in cell.metadata]
    assert lesson.notebook == source.name
    for exercise, cell in zip(lesson.exercises, cells, strict=True):
        assert exercise.path == cell["exercise"]
        assert exercise.path.endswith(f".{exercise.name}")
        assert list(exercise.blank) == cell.get("blank", [])
        assert list(exercise.given) == cell.get("given", [])


def test_every_lesson_says_how_long_it_takes_and_so_does_every_exercise():
    for lesson in outline():
        assert 10 <= lesson.minutes <= 180, lesson.notebook
        assert lesson.title
        numbers = [exercise.number for exercise in lesson.exercises]
        assert numbers == [f"{int(lesson.number)}.{place}" for place in range(1, len(numbers) + 1)]
        for exercise in lesson.exercises:
            assert 1 <= exercise.minutes < lesson.minutes
            assert exercise.section.startswith(f"{int(lesson.number)}.")


def test_places_that_a_reader_finds_in_the_lesson():
    block = planned("03", "ResidualBlock")
    assert (block.number, block.section, block.blank) == ("3.4", "3.5 The whole block", ("forward",))
    assert planned("03", "UNet") is None
    assert planned("77", "UNet") is None


def test_a_lesson_that_says_nothing_takes_no_time_and_breaks_nothing(tmp_path):
    path = tmp_path / "lesson44" / "lesson.md"
    path.parent.mkdir()
    path.write_text('# Mine\n\n```python exercise="course_lib.unet.UNet" blank=["forward"]\n```\n', encoding="utf-8")
    lesson = read_outline(path)
    assert (lesson.number, lesson.title, lesson.minutes) == ("44", "Mine", 0)
    assert [(one.name, one.number, one.section, one.minutes) for one in lesson.exercises] == [("UNet", "", "", 0)]
