"""An exercise is found by its name: whose files bear another one, or are not all there, is told which and where."""

import pytest

from course_lib.checks import registry

NEGATIVE = """
from course_lib.checks.exercise import Exercise

def negative(images):
    return -images

EXERCISE = Exercise("negative", negative, __name__, where="lesson 99")
"""


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    registry.exercises()  # those of the course are remembered
    monkeypatch.setattr(registry, "LESSONS", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    made = tmp_path / "lesson99"
    made.mkdir()
    return made


def test_a_file_that_bears_another_name_is_told(lesson):
    (lesson / "negatives.py").write_text(NEGATIVE, encoding="utf-8")
    with pytest.raises(ValueError, match=r"^negative stands in lesson99/negatives.py; allowed: negative.py, and .toml"):
        registry.read("lesson99.negatives")


def test_mistakes_that_are_missing_are_told(lesson):
    (lesson / "negative.py").write_text(NEGATIVE, encoding="utf-8")

    def negative(images):
        return -images

    for given in ((None, "negative"), (negative,)):
        with pytest.raises(ValueError, match=r"^lesson99/negative.toml is missing; allowed: a table for each mistake"):
            registry.find_exercise(*given)


def test_another_module_of_a_lesson_is_no_exercise(lesson):
    (lesson / "negative.py").write_text("def negative(images): ...", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^exercise is 'negative'; allowed: from_pixels, "):
        registry.find_exercise(None, "negative")
