"""What the lessons state is proven: each claim's sentence stands in its lesson, and its proof holds."""

import pytest

from course_lib.lessons.shared.claims import claim, claims_of, in_one_line, lesson_text, sentences_with_numbers

LESSONS = [f"{number:02}" for number in range(15)]
CLAIMS = [one for lesson in LESSONS for one in claims_of(lesson)]
# sentences with a number that no claim covers yet, by lesson: a number here may only become smaller
NOT_YET_COVERED = {
    "00": 21,
    "01": 15,
    "02": 32,
    "03": 18,
    "04": 28,
    "05": 39,
    "06": 19,
    "07": 17,
    "08": 35,
    "09": 39,
    "10": 45,
    "11": 28,
    "12": 37,
    "13": 26,
    "14": 21,
}


@pytest.mark.parametrize("one", CLAIMS, ids=lambda one: f"{one.lesson}-{one.proof.__name__}")
def test_a_claim_is_true(one, monkeypatch):
    monkeypatch.delenv("COURSE_SMOKE", raising=False)  # what a lesson says, it says of its full length
    assert one.proof() is True, f"lesson {one.lesson} says: {one.sentences}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_claim_stands_in_its_lesson(lesson):
    text = lesson_text(lesson)
    gone = [part for one in claims_of(lesson) for part in one.sentences if in_one_line(part) not in text]
    assert not gone, f"no longer in lesson {lesson}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_list_of_sentences_without_a_proof_grows_no_longer(lesson):
    covered = [in_one_line(part) for one in claims_of(lesson) for part in one.sentences]
    open_ones = [
        sentence
        for sentence in sentences_with_numbers(lesson)
        if not any(part in sentence or sentence in part for part in covered)
    ]
    assert len(open_ones) == NOT_YET_COVERED[lesson], "\n".join(open_ones)


def test_a_claim_without_a_sentence_is_refused():
    with pytest.raises(ValueError, match="sentences is empty"):
        claim()
