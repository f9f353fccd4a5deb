"""Where a verdict says to read again, there is something to read: the lesson's section that has the exercise in it."""

import json
import re

import pytest

from course_lib.assets import ASSETS
from course_lib.authoring.source import NOTEBOOKS
from course_lib.checks.read_again import address_of
from course_lib.checks.registry import exercises

LESSONS = {name: exercise.lesson for name, exercise in exercises().items()}
# of another section than the exercise's own, on purpose: "for -1, 2.4 of the lesson"
BESIDE = {("ClassEmbedding", "2.4")}


def sections(name: str) -> dict[str, str]:
    """Text of every numbered section of the exercise's lesson, by its number."""
    text = (exercises()[name].file.parent / "lesson.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (\d+\.\d+)\b", text, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def numbers_in(where: str) -> list[str]:
    """Numbers of sections of the lesson that a pointer names: "section 9.4", "10.6 of the lesson"."""
    return re.findall(r"(?<![\d.])(\d{1,2}\.\d{1,2})(?![\d.])", where)


@pytest.mark.parametrize("name", [name for name in LESSONS if numbers_in(exercises()[name].where)])
def test_a_section_that_is_named_has_the_exercise_in_it(name):
    found = sections(name)
    for number in numbers_in(exercises()[name].where):
        assert number in found, f"there is no section {number}"
        if (name, number) not in BESIDE:
            assert re.search(rf'exercise="[\w.]*\b{re.escape(name)}"', found[number]), (
                f"{number} is about something else"
            )


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_that_is_named_is_the_exercises_own_or_one_before(name):
    named = re.findall(r"lesson (\d\d)", exercises()[name].where)
    assert all(number <= LESSONS[name] for number in named)
    if numbers_in(exercises()[name].where):
        assert {number.split(".")[0].zfill(2) for number in numbers_in(exercises()[name].where)} == {LESSONS[name]}


def test_what_stands_beside_is_named_by_somebody():
    for name, number in BESIDE:
        assert number in numbers_in(exercises()[name].where)


def test_numbers_are_found_as_pointers_write_them():
    assert numbers_in("section 9.4, Euler's method (Karras et al. 2022, algorithm 1, line 5)") == ["9.4"]
    assert numbers_in("lesson 08, section 8.9; Song, Meng and Ermon 2021, equations 12 and 16") == ["8.9"]
    assert numbers_in("the document, section 1 (assets/network.md)") == []


def cells_of(notebook: str) -> set[str]:
    return {cell["id"] for cell in json.loads((NOTEBOOKS / notebook).read_text(encoding="utf-8"))["cells"]}


@pytest.mark.parametrize("name", LESSONS)
def test_the_link_leads_to_a_place_that_is_there(name):
    file, _, anchor = address_of(exercises()[name]).partition("#")
    if file == "../assets/network.md":
        assert f'<a id="{anchor}"></a>' in (ASSETS / "network.md").read_text(encoding="utf-8")
        return
    assert anchor.removeprefix("cell-id=") in cells_of(file)
    for number in numbers_in(exercises()[name].where)[:1]:
        assert anchor == f"cell-id=section-{number.replace('.', '-')}"
