"""Try a learner's answers in rounds: one that uses another exercise waits until that one has its mark."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from course_lib.grading.marks import Answer, Mark
from course_lib.grading.reading.catalogue import Item
from course_lib.grading.reading.extraction import Draft

# marks that another reading of the same notebook may better
NOT_RIGHT = ("failed", "missing", "not attempted", "not followed", "crashed")
MarkAnswers = Callable[[Sequence[Answer]], list[Mark]]


def try_answers(
    drafts: Sequence[Draft], items: Sequence[Item], mark_answers: MarkAnswers, alone: bool = False
) -> dict[str, Mark]:
    """Marks by exercise. An answer that uses another exercise gets the learner's own if that passed, else the course's:
    as in the notebook, where `check` gives back the one or the other.

    Args:
        items: all exercises of the course.
        mark_answers: tries answers and marks each, in order.
        alone: whether all other exercises are the course's in any case.
    """
    marks = {draft.item.name: draft.mark for draft in drafts if draft.mark is not None}
    waiting = [draft for draft in drafts if draft.mark is None]
    while waiting:
        names = {draft.item.name for draft in waiting}
        ready = [draft for draft in waiting if alone or not (draft.depends & names)] or waiting
        from_course = [
            {name for name in draft.depends if alone or name not in marks or marks[name].status != "passed"}
            for draft in ready
        ]
        answers = [draft.answer(items, names) for draft, names in zip(ready, from_course, strict=True)]
        for draft, names, mark in zip(ready, from_course, mark_answers(answers), strict=True):
            mark = best_of(mark, draft.further_answers(items, names), mark_answers)
            marks[draft.item.name] = with_remarks(mark, names)
        waiting = [draft for draft in waiting if draft.item.name not in marks]
    return marks


def best_of(mark: Mark, further: Iterable[tuple[Answer, str]], mark_answers: MarkAnswers) -> Mark:
    """The mark of an answer that may be read in several ways: passed, if it is in one of them, each tried by itself.
    Else that of the first way in which there was an answer to try."""
    if mark.status not in NOT_RIGHT:
        return mark
    for answer, remark in further:
        (other,) = mark_answers([answer])
        if other.status == "passed":
            return dataclasses.replace(other, remark="; ".join(filter(None, (other.remark, remark))))
        if not remark and stopped_early(mark):
            mark = other
    return mark


def stopped_early(mark: Mark) -> bool:
    """Whether the code lacked something before there was an answer."""
    return mark.status in ("missing", "not followed", "not attempted") or "NameError" in mark.message


def with_remarks(mark: Mark, from_course: set[str]) -> Mark:
    remarks = [mark.remark] if mark.remark else []
    if from_course:
        remarks.append(f"run with the course's {', '.join(sorted(from_course))}, since their own did not pass")
    return dataclasses.replace(mark, remark="; ".join(remarks))
