"""Find each exercise's answer in a learner's notebooks, and decide which answers need no trying.

Text only: no cell is run, and nothing that a cell printed is read. Where several definitions could be meant, it is the
one that the learner's own check would see: the last before the check cell that is not blank.
"""

import ast
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from course_lib.checks.python_text import (
    Statement,
    Unparsable,
    blanks_left,
    definition,
    is_check,
    nodes_of,
    statements,
)
from course_lib.grading.marks import REIMPORTS, Answer, Mark
from course_lib.grading.reading.catalogue import Item, course_cells, tree_without_docstrings
from course_lib.grading.reading.cells import Candidate, Cells, cells_of, only_one
from course_lib.grading.reading.composition import changed_until, changes_of, composed
from course_lib.grading.reading.notebooks import CONFLICT, Budget, Notebook, lesson_in

# how good a candidate is, before its place counts
REFERENCE, BLANK, BROKEN, WRITTEN = range(4)

# at most so many other places are tried
MOST_OTHERS = 3
MAGICS_THAT_DEFINE = {"%run", "%load", "%store", "%macro", "%pylab", "%recall", "%rerun"}

NOT_STARTED = "Not started: the cell is still blank."


@dataclass(frozen=True)
class Draft:
    """What there is of a learner's answer to one exercise.

    Attributes:
        mark: the one it gets for its text alone; None where it has to be tried.
        candidate: where it stands; None where there is nothing.
        depends: other exercises that it uses and that the learner wrote too.
        others: further places that the learner's notebook may have shown as passed, tried where the first is not right.
    """

    item: Item
    mark: Mark | None
    candidate: Candidate | None = None
    depends: frozenset[str] = frozenset()
    others: tuple[Candidate, ...] = ()

    @property
    def shown(self) -> str:
        """The cell's own text."""
        return "" if self.candidate is None else self.candidate.cells.notebook.cells[self.candidate.cell].source

    @property
    def file(self) -> str:
        """The notebook it stands in."""
        return "" if self.candidate is None else self.candidate.cells.notebook.name

    def answer(self, others: Sequence[Item], from_the_course: Collection[str]) -> Answer:
        """The complete code, taking the exercises `from_the_course` from there and all else from the learner."""
        return self.answer_at(self.candidate, others, from_the_course)

    def further_answers(self, others: Sequence[Item], from_the_course: Collection[str]) -> Iterator[tuple[Answer, str]]:
        """The same answer read in other ways that a notebook allows, each with a remark for the instructor."""
        first = self.answer(others, from_the_course)
        whole = self.answer_at(self.candidate, others, from_the_course, beside=True)
        if whole.code != first.code:
            yield whole, ""
        for one in self.others:
            yield self.answer_at(one, others, from_the_course), f"taken from cell {one.cell + 1}, as {one.name}"

    def answer_at(
        self, candidate: Candidate, others: Sequence[Item], from_the_course: Collection[str], beside: bool = False
    ) -> Answer:
        code, _ = composed(candidate, self.item, others, from_the_course, beside)
        cells = candidate.cells
        return Answer(
            self.item.name,
            candidate.name,
            code,
            self.shown,
            modules_for(code, cells.notebook.modules),
            doubt_about(cells),
        )


def find_answers(
    notebooks: Sequence[Notebook], unreadable: Sequence[str], items: Sequence[Item], problems: Sequence[str] = ()
) -> list[Draft]:
    """For every exercise what there is of an answer. Never raises for what a cell holds.

    Args:
        notebooks: in the order in which later ones count more.
        unreadable: lessons (two digits, "" where unknown) of files that could not be read.
        items: the exercises to mark.
        problems: sentences on these files.
    """
    taken_apart, lost, told = [], list(unreadable), list(problems)
    budget = Budget()
    for notebook in notebooks:
        try:
            with budget.spent_on("taking apart"):
                taken_apart.append(cells_of(notebook, items))
        except ValueError as error:
            lost.append(notebook.lesson)
            told.append(f"{notebook.name}: {error}")
    drafts = []
    for item in items:
        try:
            with budget.spent_on("putting together"):
                drafts.append(draft_of(item, taken_apart, lost, items, told))
        except ValueError as error:
            drafts.append(Draft(item, Mark(item.name, "unreadable", f"It could not be read: {error}.")))
    return drafts


def draft_of(
    item: Item, notebooks: Sequence[Cells], unreadable: Sequence[str], items: Sequence[Item], problems: Sequence[str]
) -> Draft:
    candidates = [one for order, cells in enumerate(notebooks) for one in candidates_in(cells, order, item, items)]
    if not candidates:
        return Draft(item, mark_for_nothing(item, notebooks, unreadable, problems))
    candidates.sort(key=lambda candidate: candidate.rank)
    best = candidates.pop()
    mark = mark_without_trying(item, best)
    if mark is not None:
        return Draft(item, mark, best)
    _, depends = composed(best, item, items, ())
    others = [one for one in reversed(candidates) if one.worth == WRITTEN and may_have_passed(one, best, item)]
    return Draft(item, None, best, frozenset(depends), tuple(others[:MOST_OTHERS]))


def may_have_passed(one: Candidate, best: Candidate, item: Item) -> bool:
    """Whether a place beside the best one may have been passed in the notebook: it stands behind the check, which may
    have been run again, or has a check of its own."""
    if one.cells is not best.cells or one.place == best.place:
        return False
    tried = one.name in one.cells.tries.get(item.name, ()) and one.name != best.name
    return tried or one.place > max(best.place, one.cells.checked.get(item.name, (-1, 0)))


def modules_for(code: str, modules: Mapping[str, str]) -> Mapping[str, str]:
    """The learner's own modules, if the code imports one of them."""
    tops = {name.partition(".")[0] for name in modules}
    return modules if tops and imported(code) & tops else {}


def imported(code: str) -> set[str]:
    nodes = nodes_of(code)
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def doubt_about(cells: Cells) -> str:
    """Why a name that nothing here defines may have had a value in the notebook."""
    if cells.newer:
        version = max(cells.newer.values())
        return f"a cell of the notebook needs Python {version}, and it was marked with Python {this_python()}"
    for cell in cells.notebook.cells:
        for line in cell.source.split("\n"):
            word = line.split()[:1]
            if word and word[0] in MAGICS_THAT_DEFINE:
                return f"the notebook runs {line.strip()[:80]!r}, which is not followed"
    return ""


def this_python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def mark_for_nothing(
    item: Item, notebooks: Sequence[Cells], unreadable: Sequence[str], problems: Sequence[str]
) -> Mark:
    """The mark for an exercise of which there is no code at all, with the reason."""
    for cells in notebooks:
        for text, kind in cells.notebook.no_code.items():
            if same_name(text, item.name) or (cells.notebook.lesson == item.lesson and defines_by_its_look(text, item)):
                message = (
                    f"The cell that should hold it is {kind} in {cells.notebook.name}, and a notebook does not run "
                    "that. Turn it into a code cell."
                )
                return Mark(item.name, "missing", message)
    if item.lesson in unreadable or "" in unreadable:
        told = [one for one in problems if lesson_in(one) == item.lesson] or [
            one for one in problems if not lesson_in(one)
        ]
        why = f": {told[0]}" if told else ""
        return Mark(item.name, "unreadable", f"The notebook that should hold it could not be read{why}.")
    if any(cells.notebook.lesson == item.lesson for cells in notebooks):
        return Mark(item.name, "missing", "The notebook is there, but this exercise's cell is not in it.")
    return Mark(item.name, "missing", "No notebook of this lesson was handed in.")


def mark_without_trying(item: Item, best: Candidate) -> Mark | None:
    """The mark of what is no Python, only imported or untouched; None for all else. Nowhere else is this decided."""
    if best.worth == BROKEN:
        why = best.cells.broken[best.cell]
        if best.cell in best.cells.newer:
            text = (
                f"This answer needs Python {best.cells.newer[best.cell]}, and was marked with Python {this_python()}: "
                "it is no mistake. Mark it by hand, or with a newer Python."
            )
            return Mark(item.name, "not followed", text)
        text = f"Python cannot read this cell, so in a notebook it does not run at all.\nSeen: {why}."
        conflict = CONFLICT.search(best.cells.notebook.cells[best.cell].source)
        if conflict is not None:
            text = f"Git's conflict marks stand in this cell: choose one side, and take the marks out.\nSeen: {why}."
        return Mark(item.name, "failed", text, "syntax_error")
    if best.worth == REFERENCE:
        text = f"Not done: the cell {REIMPORTS} ({item.module}). Write it yourself."
        return Mark(item.name, "not attempted", text, remark=REIMPORTS)
    if best.worth == BLANK and is_untouched(best.statement.text, item) and not is_changed(best, item):
        return Mark(item.name, "not attempted", NOT_STARTED)
    return None


def is_changed(best: Candidate, item: Item) -> bool:
    """Whether a later cell gives the blank its methods."""
    return bool(changes_of(best.cells, best.name, best.statement.place, changed_until(best, item)))


def is_untouched(text: str, item: Item) -> bool:
    written = tree_without_docstrings(text)
    return bool(written) and written in blank_trees(item)


@cache
def blank_trees(item: Item) -> list[str]:
    """What the exercise's blank defines, without docstrings."""
    return [tree_without_docstrings(text) for name, text in tree_statements(item.blank) if name == item.defines]


def tree_statements(source: str) -> list[tuple[str, str]]:
    try:
        return [(name, one.text) for one in statements(source, 0) for name in one.binds]
    except Unparsable:
        return []


def candidates_in(cells: Cells, order: int, item: Item, items: Sequence[Item]) -> list[Candidate]:
    """Every place in a notebook that may answer an exercise, each with a rank: the highest is the answer."""
    marked = {number for number, cell in enumerate(cells.notebook.cells) if same_name(cell.exercise, item.name)}
    same_lesson = cells.notebook.lesson == item.lesson
    aliases = cells.aliases.get(item.name, set())
    # methods of two classes may share a name: a bare name is only believed in its own lesson or where a check says so
    shared = sum(other.defines == item.defines for other in items) > 1
    by_name = same_lesson or not shared or item.defines in aliases
    tried = cells.tries.get(item.name, set()) - {item.defines}
    checked = cells.checked.get(item.name, (-1, 0))[0]

    found = []

    def add(cell: int, statement: Statement | None, name: str, worth: int) -> None:
        # a copy of the exercise's cell behind its check is not what was checked
        seen_by_check = cell <= checked if checked >= 0 else cell in marked
        place = statement.place if statement is not None else (cell, 0)
        own_name = name == item.defines or name not in tried
        # of two files the later one counts, and in a file what its check sees
        rank = (worth, same_lesson or cell in marked, order, seen_by_check, own_name, place)
        found.append(Candidate(cells, cell, statement, name, worth, rank))

    names = {item.defines, item.owner, *aliases, *tried}
    of_interest = {one.place: one for name in names for one in cells.binding.get(name, ())}
    for place, statement in sorted(of_interest.items()):
        cell = place[0]
        here = cell in marked
        if not here and cells.notebook.cells[cell].source in course_cells():
            continue
        for name in names & statement.binds:
            if is_answer(statement.node, name, item, here, by_name or name != item.defines):
                add(cell, statement, name, worth_of(statement.node, item))
    for cell in marked:
        if cell in cells.broken:
            add(cell, None, item.defines, BROKEN)
        elif not any(candidate.cell == cell for candidate in found):
            other_name(cells, cell, item, add)
    for cell in cells.broken:
        if cell not in marked and by_name and defines_by_its_look(cells.notebook.cells[cell].source, item):
            add(cell, None, item.defines, BROKEN)
    return found


def same_name(written: str, name: str) -> bool:
    """Cell ids cannot hold a dot."""
    return bool(written) and (written == name or written == re.sub(r"[^a-zA-Z0-9-_]+", "-", name))


def is_answer(node: ast.stmt, name: str, item: Item, marked: bool, by_name: bool) -> bool:
    """Whether a statement that binds `name` can be the answer, in a cell that is marked as the exercise's or not."""
    if name == item.owner:  # a whole class that holds the method
        return isinstance(node, ast.ClassDef) and any(getattr(one, "name", "") == item.defines for one in node.body)
    value = getattr(node, "value", None)
    if is_check(value):
        return False
    if marked:
        return True
    if not by_name:
        return False
    if definition(node) is not None:
        return True
    # elsewhere a plain value of that name is part of an experiment
    return isinstance(node, ast.Assign) and isinstance(value, ast.Lambda)


def worth_of(node: ast.stmt, item: Item) -> int:
    if from_the_course(node, item):
        return REFERENCE
    if blanks_left(node):
        return BLANK
    return WRITTEN


def from_the_course(node: ast.stmt, item: Item) -> bool:
    """`from course_lib import X`, `X = course_lib.X` or `class X(course_lib.X): pass`: nothing of their own."""
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == "course_lib"
    if isinstance(node, ast.Assign):
        return isinstance(node.value, ast.Attribute) and ast.unparse(node.value).startswith("course_lib.")
    return False


def other_name(cells: Cells, cell: int, item: Item, add: Callable) -> None:
    """A marked cell that defines nothing of the expected name: its only class or function was renamed."""
    here = [one for one in cells.statements if one.place[0] == cell]
    kind = ast.ClassDef if item.is_class else ast.FunctionDef
    renamed = only_one([one for one in here if isinstance(one.node, kind)])
    if renamed is not None:
        add(cell, renamed, renamed.node.name, worth_of(renamed.node, item))


def defines_by_its_look(source: str, item: Item) -> bool:
    return bool(re.search(rf"^(?:class|def)\s+{re.escape(item.defines)}\b", source, re.MULTILINE))
