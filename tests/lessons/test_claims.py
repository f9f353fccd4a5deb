"""What the lessons state is proven: each claim's sentence stands in its lesson, and its proof holds."""

import tomllib
from pathlib import Path

import pytest

from course_lib.authoring.source import lesson_sources
from course_lib.lessons.shared.claims import claim, claims_of, in_one_line, lesson_text, unproven

LESSONS = [source.name[:2] for source in lesson_sources()]
CLAIMS = [one for lesson in LESSONS for one in claims_of(lesson)]
NO_CLAIMS = Path(__file__).parent / "no_claims"
# why a sentence with a number may stand without a claim; what a run can decide is none of these
REASONS = {
    "minutes",  # a stated time of reading or working
    "citations",  # title, year, place in a paper
    "questions",  # what is asked, or given in an exercise
    "names",  # numbers that name something: a class, an axis, a shape
    "instructions",  # what to do, or what the cell below will do
    "definitions",  # a convention that is set
    "arithmetic",  # a step done in the head
    "document",  # quoted from the document, whose tables the build checks
    "figure",  # computed by the cell beside it, and held by a verdict there
    "outside",  # other people's hardware, libraries or results
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
def test_every_sentence_with_a_number_is_proven_or_excepted_with_a_reason(lesson):
    excepted = tomllib.loads((NO_CLAIMS / f"lesson{lesson}.toml").read_text(encoding="utf-8"))
    assert set(excepted) <= REASONS
    listed = [sentence for reason in excepted.values() for sentence in reason["sentences"]]
    found = set(unproven(lesson))
    assert sorted(found - set(listed)) == [], "neither proven nor excepted"
    assert sorted(set(listed) - found) == [], "proven, changed or gone"
    assert len(listed) == len(set(listed))


def test_a_claim_without_a_sentence_is_refused():
    with pytest.raises(ValueError, match="sentences is empty"):
        claim()
