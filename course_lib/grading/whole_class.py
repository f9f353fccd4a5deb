"""Mark a whole class: learners are shared out to processes, what is done is kept, a process that dies is replaced."""

import dataclasses
import json
import multiprocessing
import random
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from course_lib.files import write_text
from course_lib.grading import grade_learner, records
from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.reading.catalogue import Item, asked_for, catalogue
from course_lib.grading.reading.submissions import Submission
from course_lib.grading.rounds import MarkAnswers

BY_HAND = "Marking itself failed here. Mark this answer by hand."


@dataclass(frozen=True)
class Settings:
    """What a run is marked with: the seed of all inputs, the lessons (all if empty), and the least isolation."""

    seed: int
    lessons: tuple[str, ...] = ()
    isolation: str = "limits"


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
    from course_lib.grading.sandbox import Sandbox

    try:
        _settings, _items = settings, catalogue()
        sandbox = Sandbox(at_least=settings.isolation)
    except Exception as error:
        _no_start = f"{type(error).__name__}: {error}"
        return
    _mark_answers = partial(mark_answers, seed=settings.seed, sandbox=sandbox)


def work(submission: Submission, only: str = "") -> Graded:
    """Mark one learner. Raises: CannotStart."""
    if _no_start:
        raise CannotStart(f"marking cannot begin ({_no_start})")
    try:
        return grade_learner(submission, _items, _mark_answers, _settings.lessons, only)
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


def settings_for(report: Path, seed: int | None, lessons: tuple[str, ...], isolation: str) -> Settings:
    """The settings of this run: the seed asked for, else that of the run that `report` holds, else a new one."""
    path = report / "run.json"
    if seed is None:
        try:
            seed = int(json.loads(path.read_text(encoding="utf-8"))["seed"])
        except (OSError, ValueError, KeyError, TypeError):
            seed = random.SystemRandom().randrange(2**31)
    write_text(path, json.dumps({"seed": seed, "lessons": list(lessons)}) + "\n")
    return Settings(seed, lessons, isolation)


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
    submissions: Sequence[Submission], report: Path, settings: Settings, jobs: int
) -> Iterator[tuple[Submission, bool]]:
    """Mark everybody who is not marked yet, and yield each as soon as it is done, with whether it was done before.

    The marks lie in `report`/marks afterwards, see `records`.
    """
    names = records.file_names(submissions)
    todo: list[tuple[Submission, Path, str]] = []
    for submission, name in zip(submissions, names, strict=True):
        path = report / "marks" / f"{name}.json"
        digest = records.digest_of(submission, settings.seed, settings.lessons)
        if records.load(path, digest) is None:
            todo.append((submission, path, digest))
        else:
            yield submission, True
    for submission, graded, path, digest in in_processes(todo, settings, jobs):
        records.save(path, graded, digest)
        yield submission, False


def in_processes(
    todo: Sequence[tuple[Submission, Path, str]], settings: Settings, jobs: int
) -> Iterator[tuple[Submission, Graded, Path, str]]:
    waiting = list(reversed(todo))
    while waiting:
        pool = new_pool(settings, min(jobs, len(waiting)))
        running: dict[Future, tuple[Submission, Path, str]] = {}
        broken = False
        try:
            while (waiting or running) and not broken:
                # only as many as can be worked on: what is queued would be lost with a pool that breaks
                while waiting and len(running) < jobs:
                    one = waiting.pop()
                    try:
                        running[pool.submit(work, one[0])] = one
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
                    submission, path, digest = running.pop(future)
                    yield submission, graded, path, digest
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        # whoever was being marked when a process died is marked by itself, exercise by exercise
        for submission, path, digest in running.values():
            yield submission, with_care(submission, settings), path, digest


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
