"""Mark a whole class: learners are shared out to processes, what is done is kept, a process that dies is replaced."""

import atexit
import dataclasses
import functools
import gc
import json
import multiprocessing
import random
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from course_lib.files import write_text
from course_lib.grading import grade_learner, records
from course_lib.grading.lateness import called
from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.overrides import names_of
from course_lib.grading.reading.catalogue import Item, asked_for, catalogue
from course_lib.grading.reading.submissions import Submission
from course_lib.grading.rounds import MarkAnswers

BY_HAND = "Marking itself failed here. Mark this answer by hand."


@dataclass(frozen=True)
class Settings:
    """What a run is marked with: the seed of all inputs, the lessons (all if empty), and the least isolation.

    Attributes:
        partial: whether to count the properties that hold for answers that are not right.
        tells: whether a process that marks says on the terminal which isolation is in force.
    """

    seed: int
    lessons: tuple[str, ...] = ()
    isolation: str = "limits"
    partial: bool = False
    tells: bool = False


@dataclass(frozen=True)
class Task:
    """A learner to be marked, where the marks go, and what they follow from.

    Attributes:
        before: marks to keep but for the exercises in `again`; None to mark all.
    """

    submission: Submission
    path: Path
    digest: str
    before: Graded | None = None
    again: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A mark that is another one than in the run before: statuses, and why."""

    learner: str
    exercise: str
    before: str
    after: str
    why: str


# ---- in a worker ----

_settings: Settings
_items: tuple[Item, ...]
_mark_answers: MarkAnswers
_no_start: str = ""


class CannotStart(ValueError):
    """Marking cannot begin in a worker, whoever's turn it is."""


def start_worker(settings: Settings) -> None:
    """Import what marking needs, once for all learners of this process."""
    global _settings, _items, _mark_answers, _no_start
    # Ctrl-C is for the parent, which lets us finish our learner
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from course_lib.grading.marking import mark_answers
    from course_lib.grading.sandbox import LEVELS, Sandbox
    from course_lib.grading.sandbox.limits import limit_worker

    limit_worker()
    try:
        _settings, _items = settings, catalogue()
        sandbox = Sandbox(at_least=settings.isolation)
        # waited for, so that what its processes used counts as this one's
        atexit.register(sandbox.close)
    except Exception as error:
        _no_start = f"{type(error).__name__}: {error}"
        return
    if settings.tells:
        print(f"isolation: {sandbox.level} ({LEVELS[sandbox.level]})", flush=True)
    _mark_answers = functools.partial(mark_answers, seed=settings.seed, sandbox=sandbox, partial=settings.partial)


def work(submission: Submission, only: str = "", before: Graded | None = None, again: Sequence[str] = ()) -> Graded:
    """Mark one learner. Raises: CannotStart."""
    if _no_start:
        raise CannotStart(f"marking cannot begin ({_no_start})")
    try:
        graded = grade_learner(submission, _items, _mark_answers, _settings.lessons, only, before, again)
        # what the first learner made this process keep stays to the end: nobody looks through it again for garbage
        if not gc.get_freeze_count():
            gc.freeze()
        return graded
    except Exception as error:  # a mistake of ours, which must not cost the others their marks
        remark = f"{type(error).__name__}: {error}"[:500]
        return nothing_marked(submission, asked_for(_items, _settings.lessons, only), remark)


def nothing_marked(submission: Submission, items: Sequence[Item], remark: str = "") -> Graded:
    """Every exercise a marking error."""
    results = tuple(Result(Mark(item.name, "marking error", BY_HAND, remark=remark), item.lesson) for item in items)
    return Graded(
        submission.learner,
        submission.number,
        submission.source,
        (),
        tuple(submission.problems),
        results,
        submission.kind,
        submission.late,
    )


# ---- in the parent ----


def settings_for(
    report: Path, seed: int | None, lessons: tuple[str, ...], isolation: str, partial: bool = False
) -> Settings:
    """The settings of this run: the seed asked for, else that of the run that `report` holds, else a new one."""
    path = report / "run.json"
    if seed is None:
        try:
            seed = int(json.loads(path.read_text(encoding="utf-8"))["seed"])
        except (OSError, ValueError, KeyError, TypeError):
            seed = random.SystemRandom().randrange(2**31)
    write_text(path, json.dumps({"seed": seed, "lessons": list(lessons)}) + "\n")
    return Settings(seed, lessons, isolation, partial)


def level_in_force(at_least: str) -> tuple[str, str]:
    """Try out how far this system shuts learners' code in: the level, and what it means.

    Raises: ValueError if that is less than `at_least`, or there is no such level.
    """
    from course_lib.grading.sandbox import LEVELS, IsolationError, Sandbox

    try:
        with Sandbox(at_least=at_least) as sandbox:
            return sandbox.level, LEVELS[sandbox.level]
    except IsolationError as error:
        raise ValueError(f"require-isolation is {at_least!r}, and this system offers less ({error})") from None


def mark_class(
    submissions: Sequence[Submission],
    report: Path,
    settings: Settings,
    jobs: int,
    again: Sequence[str] = (),
    changes: list[Change] | None = None,
    names: Sequence[str] | None = None,
) -> Iterator[tuple[Submission, bool]]:
    """Mark everybody who is not marked yet, and yield each as soon as it is done, with whether it was done before.

    The marks lie in `report`/marks afterwards, see `records`.

    Args:
        again: names of exercises or learners: only these are marked again, and of everybody else the marks stay, even
            if the course has changed.
        changes: is given every mark that is another one than before.
        names: file names of the marks, where `submissions` are only some of a class.
    """
    names = names or records.file_names(submissions)
    exercises = {item.name for item in catalogue()}
    wanted = tuple(name for name in again if name in exercises)
    people = {called(name) for name in again} - {called(name) for name in wanted}
    todo: list[Task] = []
    known = records.Digests.read(report / "files.json")
    for submission, name in zip(submissions, names, strict=True):
        path = report / "marks" / f"{name}.json"
        digest = records.digest_of(submission, settings.seed, settings.lessons, settings.partial, known)
        task = task_for(submission, path, digest, wanted, people, bool(again))
        if task is None:
            yield submission, True
        else:
            todo.append(task)
    known.write(report / "files.json")
    for task, graded in in_processes(todo, settings, jobs):
        earlier = records.load(task.path)
        if earlier is not None and changes is not None:
            changes += changed_marks(earlier, graded, records.why(records.digest_in(task.path), task.digest))
        # the marks that stayed are still those of the course as it was
        records.save(task.path, graded, records.digest_in(task.path) if task.before is not None else task.digest)
        yield task.submission, False


def task_for(
    submission: Submission, path: Path, digest: str, exercises: tuple[str, ...], people: set[str], again: bool
) -> Task | None:
    """What is to be done for a learner, None where the marks stand."""
    whole = Task(submission, path, digest)
    if not again:
        return None if records.load(path, digest) is not None else whole
    saved, before = records.digest_in(path), records.load(path)
    if before is None or not (records.same(saved, digest, "files") and records.same(saved, digest, "settings")):
        return whole
    if people and not people & names_of(before):
        return None
    return dataclasses.replace(whole, before=before, again=exercises) if exercises else whole


def changed_marks(before: Graded, after: Graded, why: str) -> list[Change]:
    old = {result.mark.exercise: result.mark for result in before.results}
    found = []
    for result in after.results:
        mark = result.mark
        earlier = old.get(mark.exercise)
        if earlier is None:
            continue
        # where properties were counted in one of the runs only, nothing has changed
        counted = earlier.held is not None and mark.held is not None
        if earlier.status != mark.status or (counted and earlier.held != mark.held):
            found.append(Change(after.learner, mark.exercise, earlier.in_words, mark.in_words, why))
    return found


def in_processes(todo: Sequence[Task], settings: Settings, jobs: int) -> Iterator[tuple[Task, Graded]]:
    waiting = list(reversed(todo))
    while waiting:
        pool = new_pool(settings, min(jobs, len(waiting)))
        running: dict[Future, Task] = {}
        broken = False
        try:
            while (waiting or running) and not broken:
                # only as many as can be worked on: what is queued would be lost with a pool that breaks
                while waiting and len(running) < jobs:
                    one = waiting.pop()
                    more = ("", one.before, one.again) if one.before is not None else ()
                    try:
                        running[pool.submit(work, one.submission, *more)] = one
                    except BrokenProcessPool:
                        waiting.append(one)
                        broken = True
                        break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    try:
                        graded = future.result()
                    except BrokenProcessPool:
                        broken = True
                        continue
                    yield running.pop(future), graded
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        # whoever was being marked when a process died is marked by itself, exercise by exercise
        for one in running.values():
            yield one, with_care(one.submission, settings)


def new_pool(settings: Settings, jobs: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        jobs, mp_context=multiprocessing.get_context("spawn"), initializer=start_worker, initargs=(settings,)
    )


def with_care(submission: Submission, settings: Settings) -> Graded:
    """Mark a learner one exercise at a time; one that ends the marking process is a marking error, and no more."""
    graded: list[Graded] = []
    pool = new_pool(settings, 1)
    try:
        for item in catalogue(settings.lessons):
            try:
                graded.append(pool.submit(work, submission, item.name).result())
            except BrokenProcessPool:
                pool.shutdown(wait=False)
                pool = new_pool(settings, 1)
                graded.append(nothing_marked(submission, [item], "it ended the process that marked it"))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    whole = max(graded, key=lambda one: len(one.files))
    return dataclasses.replace(whole, results=tuple(result for one in graded for result in one.results))
