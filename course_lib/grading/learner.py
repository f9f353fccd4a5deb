"""Mark one learner: read the notebooks, find the answers, try them, and put everything the reports need together."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from course_lib.grading.catalogue import Item
from course_lib.grading.extraction import Draft, extract, mark_without_running
from course_lib.grading.marks import Answer, Mark
from course_lib.grading.notebook_file import LESSON, Notebook, read_notebook
from course_lib.grading.similarity import Fingerprint, fingerprint
from course_lib.grading.submissions import Submission

# all that one learner's files may hold together, so that a zip cannot fill the memory
MAX_TOTAL_BYTES = 256_000_000
# and the code in them, so that it cannot keep the marking busy; all lessons together have 150,000
MAX_TOTAL_CODE = 4_000_000

MarkAnswers = Callable[[Sequence[Answer]], list[Mark]]


@dataclass(frozen=True)
class Result:
    """One exercise of one learner.

    Attributes:
        mark: what it is worth, and why.
        lesson: two digits; file: the notebook it stood in; shown: the cell's own text, "" where there was none.
        print: for the comparison with others, None where there is nothing to compare.
    """

    mark: Mark
    lesson: str
    file: str = ""
    shown: str = ""
    print: Fingerprint | None = None


@dataclass(frozen=True)
class Graded:
    """One learner's marks.

    Attributes:
        learner, number, source: see `Submission`.
        files: the notebooks that were read; problems: sentences on those that were not.
        results: one for every exercise, in the order of the course.
    """

    learner: str
    number: str
    source: str
    files: tuple[str, ...]
    problems: tuple[str, ...]
    results: tuple[Result, ...]

    @property
    def points(self) -> int:
        return sum(result.mark.status == "passed" for result in self.results)


def grade_learner(
    submission: Submission,
    items: Sequence[Item],
    mark_answers: MarkAnswers,
    lessons: Sequence[str] = (),
    only: str = "",
) -> Graded:
    """Mark everything that one learner handed in. Never raises because of what it is.

    Args:
        items: all exercises of the course.
        mark_answers: tries answers and marks each, in order.
        lessons: those to mark, all if empty.
        only: mark just this exercise, with the course's versions of all others.
    """
    notebooks, problems, unreadable = read_all(submission)
    found = extract(notebooks, unreadable, items)
    pairs = [
        (item, one)
        for item, one in zip(items, found, strict=True)
        if (not lessons or item.lesson in lessons) and only in ("", item.name)
    ]
    marks = marked([one for _, one in pairs if isinstance(one, Draft)], items, mark_answers, bool(only))
    results = [
        Result(marks[item.name], item.lesson, one.file, one.shown, print_of(one, item))
        if isinstance(one, Draft)
        else Result(one, item.lesson)
        for item, one in pairs
    ]
    return Graded(
        submission.learner,
        submission.number,
        submission.source,
        tuple(notebook.name for notebook in notebooks),
        tuple(problems),
        tuple(results),
    )


def read_all(submission: Submission) -> tuple[list[Notebook], list[str], list[str]]:
    """The notebooks that can be read, what is wrong with the others, and which lessons these may have held."""
    notebooks, problems = [], list(submission.problems)
    # what is reported without a notebook's name may have held anything
    unreadable = [lesson_in(text) for text in problems if may_have_held_a_notebook(text)]
    total = code = 0
    for place in submission.notebooks:
        try:
            if total > MAX_TOTAL_BYTES:
                raise ValueError(f"not read: the files before it hold {MAX_TOTAL_BYTES // 10**6} MB already")
            data = place.read()
            total += len(data)
            notebook = read_notebook(place.shown, data)
            code += sum(len(cell.source) for cell in notebook.cells)
            if code > MAX_TOTAL_CODE:
                raise ValueError(f"not read: with the files before it, more than {MAX_TOTAL_CODE:,} characters of code")
            notebooks.append(notebook)
        except ValueError as error:
            problems.append(f"{place.shown}: {error}")
            unreadable.append(lesson_in(place.name))
    return notebooks, problems, unreadable


def may_have_held_a_notebook(problem: str) -> bool:
    return ".ipynb" in problem.split(" is no notebook")[0] or ".zip" in problem


def lesson_in(text: str) -> str:
    found = LESSON.search(text)
    return found[1] if found else ""


def marked(drafts: Sequence[Draft], items: Sequence[Item], mark_answers: MarkAnswers, alone: bool) -> dict[str, Mark]:
    """Marks by exercise. An answer that uses another exercise gets the learner's own if that passed, else the course's:
    as in the notebook, where `check` gives back the one or the other."""
    marks = {draft.item.name: mark for draft in drafts if (mark := mark_without_running(draft)) is not None}
    waiting = [draft for draft in drafts if draft.item.name not in marks]
    while waiting:
        names = {draft.item.name for draft in waiting}
        ready = [draft for draft in waiting if alone or not (draft.depends & names)] or waiting
        from_course = [
            {name for name in draft.depends if alone or name not in marks or marks[name].status != "passed"}
            for draft in ready
        ]
        answers = [draft.answer(items, names) for draft, names in zip(ready, from_course, strict=True)]
        for draft, names, mark in zip(ready, from_course, mark_answers(answers), strict=True):
            marks[draft.item.name] = with_remarks(mark, draft, names)
        waiting = [draft for draft in waiting if draft.item.name not in marks]
    return marks


def with_remarks(mark: Mark, draft: Draft, from_course: set[str]) -> Mark:
    remarks = [mark.remark] if mark.remark else []
    if from_course:
        remarks.append(f"run with the course's {', '.join(sorted(from_course))}, since their own did not pass")
    return dataclasses.replace(mark, remark="; ".join(remarks))


def print_of(draft: Draft, item: Item) -> Fingerprint | None:
    if mark_without_running(draft) is not None or draft.candidate.statement is None:
        return None
    return fingerprint(draft.candidate.statement.text, draft.candidate.name, item.blank)
