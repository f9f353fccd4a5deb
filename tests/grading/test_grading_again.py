"""Marking one exercise or one person again: what is marked, what stays, and what is told of it."""

import dataclasses

from fabricated import FROM_PIXELS, SET_UP, TO_PIXELS, cell, notebook, written

from course_lib.grading import grade_learner, records
from course_lib.grading.marks import Mark
from course_lib.grading.reading.catalogue import catalogue
from course_lib.grading.reading.submissions import find_submissions
from course_lib.grading.whole_class import changed_marks, task_for

ITEMS = catalogue(("00",))
FIRST, SECOND = (item.name for item in ITEMS)


def submission(tmp_path):
    made = notebook(SET_UP, cell(FROM_PIXELS, FIRST), cell(TO_PIXELS, SECOND), lesson="00_welcome")
    written(tmp_path / "in" / "ada" / "00_welcome.ipynb", made)
    return find_submissions(tmp_path / "in", ["00_welcome"]).submissions[0]


def marking(status, tried):
    def mark_answers(answers):
        tried.extend(answer.exercise for answer in answers)
        return [Mark(answer.exercise, status) for answer in answers]

    return mark_answers


def test_one_exercise_is_marked_again_and_the_other_stays(tmp_path):
    tried = []
    before = grade_learner(submission(tmp_path), ITEMS, marking("passed", tried))
    tried.clear()
    after = grade_learner(submission(tmp_path), ITEMS, marking("failed", tried), before=before, again=(FIRST,))
    assert tried == [FIRST]
    assert [result.mark.status for result in after.results] == ["failed", "passed"]
    (change,) = changed_marks(before, after, "the course changed")
    assert (change.learner, change.exercise, change.before, change.after) == ("ada", FIRST, "passed", "failed")


def test_properties_counted_in_one_run_only_are_no_change(tmp_path):
    one = grade_learner(submission(tmp_path), ITEMS, marking("failed", []))
    first = one.results[0]

    def with_held(held):
        result = dataclasses.replace(first, mark=dataclasses.replace(first.mark, held=held))
        return dataclasses.replace(one, results=(result, *one.results[1:]))

    assert changed_marks(one, with_held((3, 5)), "") == []
    assert len(changed_marks(with_held((2, 5)), with_held((3, 5)), "")) == 1


def test_who_and_what_is_asked_for_decides_what_is_done(tmp_path):
    ada = submission(tmp_path)
    path = tmp_path / "ada.json"
    now = records.digest_of(ada, 1, ())
    earlier = " ".join("x" if word == records.course_digest() else word for word in now.split())
    records.save(path, grade_learner(ada, ITEMS, marking("passed", [])), earlier)
    assert records.why(earlier, now) == "the course changed"
    assert task_for(ada, path, now, (), set(), False).before is None
    assert task_for(ada, path, now, (), {"bob"}, True) is None
    assert task_for(ada, path, now, (), {"ada"}, True).before is None
    task = task_for(ada, path, now, (FIRST,), set(), True)
    assert task.again == (FIRST,)
    assert task.before.results[1].mark.status == "passed"
    other = records.digest_of(ada, 2, ())
    assert task_for(ada, path, other, (), {"bob"}, True).before is None
    assert records.why(earlier, other) == "the course changed, seed or lessons changed"
