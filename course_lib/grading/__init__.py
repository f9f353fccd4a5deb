"""Mark a whole class: `python -m course_lib grade SUBMISSIONS --out REPORT`.

Which way a submission goes. What a learner wrote is text all along, and runs in step 5 only, in a process of its own:

 1. find_submissions    whose files are whose; zips are looked into, not unpacked      reading/submissions.py
 2. mark_class          learners are shared out to processes; for each, steps 3 to 6   whole_class.py
 3. read_notebooks      the code cells of what can be read, and why the rest cannot    reading/notebooks.py
 4. find_answers        which code answers which exercise; what needs no trying        reading/extraction.py
 5. try_answers         the others, each with all it needs, by the visible checks      rounds.py, marking.py, sandbox/
 6. fingerprint         what is compared with the answers of others                    similarity.py
 7. save                the marks are kept, and an interrupted run goes on from here   records.py
 8. write_reports       tables for gradebooks, a page a learner, one for the class     reports/write.py

The command (`commands/grade.py`) takes steps 1, 2 and 8, `mark_class` step 7, `grade_learner` the rest.
"""

import dataclasses
from collections.abc import Collection, Sequence

from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.plain_text import visible
from course_lib.grading.reading.catalogue import Item, asked_for
from course_lib.grading.reading.extraction import Draft, find_answers
from course_lib.grading.reading.notebooks import read_notebooks
from course_lib.grading.reading.own_copies import without_copies
from course_lib.grading.reading.submissions import Submission
from course_lib.grading.rounds import MarkAnswers, try_answers
from course_lib.grading.similarity import Fingerprint, fingerprint


def grade_learner(
    submission: Submission,
    items: Sequence[Item],
    mark_answers: MarkAnswers,
    lessons: Collection[str] = (),
    only: str = "",
    before: Graded | None = None,
    again: Collection[str] = (),
) -> Graded:
    """Mark everything that one learner handed in. Never raises because of what it is.

    Args:
        items: all exercises of the course.
        mark_answers: tries answers and marks each, in order.
        lessons: those to mark, all if empty.
        only: mark just this exercise, with the course's versions of all others.
        before: marks to keep, but for the exercises in `again` and the answers that use them.
    """
    handed_in = read_notebooks(submission)
    notebooks = without_copies(handed_in.notebooks)
    drafts = find_answers(notebooks, handed_in.unreadable, items, handed_in.problems)
    asked = set(asked_for(items, lessons, only))
    drafts = [draft for draft in drafts if draft.item in asked]
    kept = {} if before is None else kept_results(before, drafts, set(again))
    drafts = [
        dataclasses.replace(draft, mark=kept[draft.item.name].mark) if draft.item.name in kept else draft
        for draft in drafts
    ]
    marks = try_answers(drafts, items, mark_answers, alone=bool(only))
    return Graded(
        submission.learner,
        submission.number,
        submission.source,
        files=tuple(notebook.name for notebook in notebooks),
        problems=tuple(handed_in.problems),
        results=tuple(
            kept.get(draft.item.name)
            or Result(shown_mark(marks[draft.item.name]), draft.item.lesson, draft.file, draft.shown, print_of(draft))
            for draft in drafts
        ),
        kind=submission.kind,
        late=submission.late,
        changed=max((place.changed for place in submission.notebooks), default=""),
    )


def kept_results(before: Graded, drafts: Sequence[Draft], again: set[str]) -> dict[str, Result]:
    """Results that stay: of exercises that are not asked for, and whose answers use none of those."""
    uses = {draft.item.name for draft in drafts if draft.depends & again}
    names = {draft.item.name for draft in drafts} - again - uses
    return {result.mark.exercise: result for result in before.results if result.mark.exercise in names}


def shown_mark(mark: Mark) -> Mark:
    """With nothing in its sentences that would steer a terminal or a page: they may quote what a learner wrote."""
    return dataclasses.replace(mark, message=visible(mark.message), remark=visible(mark.remark))


def print_of(draft: Draft) -> Fingerprint | None:
    """What of an answer is compared with others'; None for one that needed no trying."""
    if draft.mark is not None:
        return None
    return fingerprint(draft.candidate.statement.text, draft.candidate.name, draft.item.blank)
