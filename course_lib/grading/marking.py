"""Mark one learner's answers, each in a process of its own, by the same properties as the visible checks.

    with Sandbox(at_least="limits") as sandbox:  # one in every process that marks, for all its learners
        print(sandbox.level, sandbox.refusals)   # how far answers are shut in, and why not further
        marks = mark_answers(answers, seed=seed, sandbox=sandbox)

mark_answers(answers: Sequence[Answer], *, seed: int, sandbox: Sandbox) -> list[Mark]
"""

import ast
import contextlib
import importlib.util
import re
from collections.abc import Sequence
from dataclasses import replace

from course_lib.checks.blank import NOT_STARTED, WITHHELD
from course_lib.checks.examination import examine_answer
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.registry import exercises
from course_lib.checks.result import CheckResult
from course_lib.grading.marks import REIMPORTS, Answer, Mark
from course_lib.grading.partial import properties_held
from course_lib.grading.reading.ways_in import machinery_touched
from course_lib.grading.sandbox import Sandbox
from course_lib.grading.sandbox.remote_handle import AnswerEnded, RemoteHandle

LONGEST_MESSAGE = 3000
MODULE = re.compile(r"No module named '(\w[\w.]{0,100})'")


def mark_answers(answers: Sequence[Answer], *, seed: int, sandbox: Sandbox, partial: bool = False) -> list[Mark]:
    """A mark for every answer of one learner, in order. Never raises because of what an answer does.

    Args:
        seed: of all inputs; the same seed gives the same marks.
        sandbox: where the answers run.
        partial: whether to count the properties that hold for one that is not right.
    """
    marks = []
    for answer in answers:
        mark = mark_answer(answer, seed=seed, sandbox=sandbox)
        marks.append(with_share(mark, answer, seed, sandbox) if partial and mark.status == "failed" else mark)
    return marks


def with_share(mark: Mark, answer: Answer, seed: int, sandbox: Sandbox) -> Mark:
    """The same mark with how many properties hold, tried in a process of its own; whatever goes wrong, none do."""
    exercise = exercises()[answer.exercise]
    of = len(exercise.properties)
    try:
        with contextlib.closing(Processes(sandbox, exercise, answer)) as processes:
            handle = processes.first()
            held = 0 if handle.start() is not None else properties_held(exercise, handle, seed, processes.again)
    except (Exception, AnswerEnded):  # whatever an answer does to the process, a share of nothing is what it gets
        held = 0
    return replace(mark, held=(min(held, of - 1), of))


def mark_answer(answer: Answer, *, seed: int, sandbox: Sandbox) -> Mark:
    """The mark for one answer; "marking error" if something of the course itself fails, with what in `remark`."""
    try:
        exercise = exercises()[answer.exercise]
        mark = tried_in(sandbox, exercise, answer, seed)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        mark = Mark(answer.exercise, "marking error", "This answer could not be marked.", remark=why)
    touched = machinery_touched(answer.code) if mark.status == "passed" else []
    if touched:
        told = f"its text touches {', '.join(touched)}: read it before the mark counts"
        mark = replace(mark, remark="; ".join(filter(None, (mark.remark, told))))
    return Mark(mark.exercise, mark.status, mark.message[:LONGEST_MESSAGE], mark.misconception, mark.remark[:500])


def tried_in(sandbox: Sandbox, exercise: Exercise, answer: Answer, seed: int) -> Mark:
    with contextlib.closing(Processes(sandbox, exercise, answer)) as processes:
        handle = processes.first()
        try:
            failure = handle.start()
            refused = refusal(exercise, handle, failure)
            if refused is not None:
                return not_followed(refused, handle) if refused.status == "failed" else refused
            result = examine_answer(exercise, handle, seed, processes.again)
        except AnswerEnded as end:
            return Mark(exercise.name, end.status, end.message)
        mark = mark_of(exercise, processes.handle, result)
        return not_followed(mark, processes.handle) if mark.status == "failed" else mark


class Processes:
    """The processes of one answer, one at a time: each begins as if nothing had been asked of the answer before."""

    def __init__(self, sandbox: Sandbox, exercise: Exercise, answer: Answer) -> None:
        self.sandbox, self.exercise, self.answer = sandbox, exercise, answer
        self.handle: RemoteHandle | None = None
        self.open = contextlib.ExitStack()

    def first(self) -> RemoteHandle:
        """Where the answer's code is to run yet."""
        self.close()
        process = self.open.enter_context(self.sandbox.process())
        before, self.handle = self.handle, RemoteHandle(process, self.exercise, self.answer)
        if before is not None:  # all of them together have the time of one
            self.handle.left, self.handle.timed_out = before.left, before.timed_out
            self.handle.lacks = before.lacks
        return self.handle

    def again(self) -> RemoteHandle:
        """Where it has run. Raises: AnswerEnded if it does not do so twice."""
        handle = self.first()
        if not handle.timed_out and handle.start() is not None:
            raise AnswerEnded("crashed", "Your code did not run a second time, from the beginning.")
        return handle

    def close(self) -> None:
        self.open.close()


def refusal(exercise: Exercise, handle: RemoteHandle, failure: Failure | None) -> Mark | None:
    """The mark for code that leaves nothing to be examined, or None if it does."""
    name = handle.answer.defines
    if failure is None:
        wants = "class" if isinstance(exercise.reference, type) and not exercise.method else "function"
        if handle.kind == wants or (exercise.method and handle.kind == "class"):
            return None
        return Mark(exercise.name, "failed", f"{name} should be a {wants}, and is {with_article(handle.kind)}.")
    if failure.kind == "missing":
        return Mark(exercise.name, "missing", f"Your code does not define {name}.")
    if failure.kind == NOT_STARTED:
        return not_attempted(exercise, handle.answer.code, failure.text)
    if handle.timed_out:
        return Mark(exercise.name, "timeout", f"The code before and around {name} {failure.text}.", "endless_loop")
    line = f"\nIn your line: {failure.line}" if failure.line else ""
    return Mark(exercise.name, "failed", f"Your code stops before {name} is defined: {failure.text}.{line}")


def not_followed(mark: Mark, handle: RemoteHandle) -> Mark:
    """The same mark, or "not followed" where the answer lacked what the learner's notebook may have had."""
    lacks = handle.lacks
    module = MODULE.search(lacks)
    if module is not None:
        name = module[1].partition(".")[0]
        if name != "course_lib" and importlib.util.find_spec(name) is None:
            why = f"It imports {name}, which is not to be had where this was marked"
            return Mark(mark.exercise, "not followed", f"{why}. Install it there, or mark this answer by hand.")
    elif lacks and handle.answer.doubt:
        return Mark(mark.exercise, "not followed", f"{lacks[:200]}: {handle.answer.doubt}. Mark it by hand.")
    return mark


def with_article(kind: str) -> str:
    return kind if kind.startswith("an ") else f"a {kind}"


def mark_of(exercise: Exercise, handle: RemoteHandle, result: CheckResult) -> Mark:
    """A verdict of the check as a mark."""
    if handle.timed_out:
        return Mark(exercise.name, "timeout", result.message, "endless_loop")
    if result.status == "not started":
        return not_attempted(exercise, handle.answer.code, result.message)
    return Mark(exercise.name, result.status, result.message, result.misconception)


def not_attempted(exercise: Exercise, code: str, message: str) -> Mark:
    if WITHHELD in message or imports_the_reference(exercise, code):
        message = "The library's own part was imported instead of written."
        return Mark(exercise.name, "not attempted", message, remark=REIMPORTS)
    return Mark(exercise.name, "not attempted", message)


def imports_the_reference(exercise: Exercise, code: str) -> bool:
    """Whether the code fetches the very part that it is to write from course_lib, going by its text."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    name = exercise.reference.__name__
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "course_lib":
            if any(alias.name in (name, "*") for alias in node.names):
                return True
        elif isinstance(node, ast.Attribute) and node.attr == name and "course_lib" in ast.unparse(node.value):
            return True
    return False
