"""Every kind of answer that once went wrong is held by five answers or more, in four lessons or more."""

from collections import defaultdict

import pytest
from answers import FOLDER, kinds_of_answers, read_answers

from course_lib.assets import PACKAGE

FEWEST, LESSONS = 5, 4
KINDS = kinds_of_answers()
OF_ANSWERS = [kind for kind, table in KINDS.items() if "tested" not in table]


def answers_by_kind():
    found = defaultdict(list)
    for path in sorted(FOLDER.glob("*.toml")):
        for answer in read_answers(path):
            found[answer.kind].append(answer)
    return found


ANSWERS = answers_by_kind()


@pytest.mark.parametrize("kind", OF_ANSWERS)
def test_every_kind_has_five_answers_in_four_lessons(kind):
    answers, table = ANSWERS[kind], KINDS[kind]
    lessons = {answer.lesson for answer in answers}
    assert len(answers) >= FEWEST, [answer.what for answer in answers]
    assert len(lessons) >= table.get("lessons", LESSONS), sorted(lessons)


@pytest.mark.parametrize("kind", OF_ANSWERS)
def test_answers_of_a_kind_are_all_right_or_all_wrong(kind):
    assert {answer.verdict == "passed" for answer in ANSWERS[kind]} == {KINDS[kind]["says"].startswith("Right: ")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_told_in_one_sentence_and_an_exception_with_its_reason(kind):
    table = KINDS[kind]
    assert set(table) in ({"says"}, {"says", "lessons", "why"}, {"says", "tested"})
    assert table["says"].endswith(".")
    if "lessons" in table:
        assert table["lessons"] < LESSONS
        assert len({one.lesson for one in ANSWERS[kind]}) == table["lessons"], "the reason no longer holds"
    if "tested" in table:
        assert (PACKAGE.parent / table["tested"]).is_file()
        assert kind not in ANSWERS


@pytest.mark.parametrize("kind", OF_ANSWERS)
def test_no_answer_counts_twice(kind):
    written = [(answer.exercise, answer.code) for answer in ANSWERS[kind]]
    assert len(set(written)) == len(written)
