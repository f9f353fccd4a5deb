"""Run a learner's code so that nothing it does disturbs the notebook: time, output, random numbers, exceptions."""

import contextlib
import ctypes
import io
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from course_lib.checks import raised
from course_lib.checks.blank import blank_raised
from course_lib.checks.imports import ImportWatch

KEPT_CHARACTERS = 600
# the largest packages take a few seconds; a machine that is slow to read them waits, and waiting counts a third
IMPORT_SECONDS = 20.0


@dataclass(frozen=True)
class Failure:
    """An answer that did not come back with a value.

    Attributes:
        kind: "not started" or "raise left" (see `blank`), "raised", "endless", "changed its input", "reseeded", "type"
            or "parameters".
        text: what happened, as part of a sentence; for "raised" the exception, for a blank its name, or theirs.
        line: the learner's own line it happened in, where there is one.
        error: name of the exception's class, "" where there was none.
        place, called, names, hint: of an exception, see `raised.Raised`.
    """

    kind: str
    text: str
    line: str = ""
    error: str = ""
    place: str = ""
    called: str = ""
    names: str = ""
    hint: str = ""


class TimeIsUp(BaseException):
    """Stops code that does not stop by itself. Not an Exception, so that `except Exception` lets it through."""


class CountedOutput(io.TextIOBase):
    """Takes whatever is printed, keeps the beginning and counts the rest."""

    def __init__(self) -> None:
        self.kept, self.count = "", 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.count += len(text)
        if len(self.kept) < KEPT_CHARACTERS:
            self.kept += text[: KEPT_CHARACTERS - len(self.kept)]
        return len(text)


def guarded(function: Callable[[], Any], seconds: float, output: CountedOutput) -> Any:
    """The value of `function()`, or a Failure that says why there is none. Raises nothing but KeyboardInterrupt.

    What is printed goes to `output`. Torch's random state is put back afterwards, as are the default dtype and whether
    gradients are recorded; those of numpy and Python once the check is over, see `undisturbed`.
    """
    with same_state_afterwards(), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        value, clock = timed(function, seconds)
        if clock.has_struck and clock.imports.was_cut:
            # what was left half imported is gone: a second try is a fair one
            value, clock = timed(function, seconds)
        # code that catches everything catches TimeIsUp too: whatever came of it afterwards, it took too long
        return Failure("endless", f"did not come to an end within {seconds:g} s") if clock.has_struck else value


def timed(function: Callable[[], Any], seconds: float) -> tuple[Any, "Clock"]:
    """The value of `function()`, or the Failure it ended with, and the clock that may have struck meanwhile."""
    clock, depth = Clock(seconds), sys.getrecursionlimit()
    try:
        try:
            with time_limit(clock):
                return function(), clock
        finally:  # first of all: to say what an error means takes some depth
            sys.setrecursionlimit(depth)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # TimeIsUp too, which an answer may raise before its time
        return failure_of(error), clock


def failure_of(error: BaseException) -> Failure:
    """A blank, or an error."""
    blank = blank_raised(error)
    if blank is not None:
        kind, names = blank
        return Failure(kind, names, error="NotImplementedError")
    told = raised.told_of(error)
    return Failure("raised", raised.message_of(error), error=type(error).__name__, **told._asdict())


def set_seed(seed: int) -> None:
    """Let all that is random begin with `seed`: torch's numbers, numpy's and Python's.

    As torch.manual_seed, for the CPU alone: for every kind of GPU that one notes down the stack, call after call.
    """
    torch.default_generator.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Leave the random numbers of numpy and Python as they were, once a whole check is over.

    Each call of an answer begins with numbers of its own, see `set_seed`: put back after each, whoever draws with numpy
    or Python would draw the same again and again, inside a check and nowhere else.
    """
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


@contextlib.contextmanager
def same_state_afterwards() -> Iterator[None]:
    torch_state = torch.get_rng_state()
    dtype, gradients = torch.get_default_dtype(), torch.is_grad_enabled()
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_rng_state(torch_state)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(gradients)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


class Clock:
    """Strikes once the answer has computed for `seconds`, or an import of it for IMPORT_SECONDS.

    On a busy machine others' work does not count. Code that waits and computes nothing has three times as long.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.has_struck = seconds, False
        self.imports = ImportWatch()
        self.computed, self.waited = time.process_time(), time.monotonic()

    def strikes(self) -> bool:
        importing = self.imports.under_way()
        if any(importing):
            (computed, waited), allowed = importing, IMPORT_SECONDS
        else:
            computed = time.process_time() - self.computed - self.imports.computed
            waited, allowed = time.monotonic() - self.waited - self.imports.waited, self.seconds
        # an alarm may come a little early
        self.has_struck |= computed > 0.9 * allowed or waited > 3 * allowed
        return self.has_struck


@contextlib.contextmanager
def time_limit(clock: Clock) -> Iterator[None]:
    """Raise TimeIsUp in the block once the clock has struck, again and again should the code catch it."""
    on_main_thread = threading.current_thread() is threading.main_thread()
    limit = alarm(clock) if on_main_thread and hasattr(signal, "setitimer") else raised_from_outside(clock)
    with clock.imports.installed(), limit:
        yield


@contextlib.contextmanager
def alarm(clock: Clock) -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        if clock.strikes():
            raise TimeIsUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, clock.seconds, 0.1)
    try:
        yield
    finally:
        # an alarm that comes between two lines of this block must not get out
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def raised_from_outside(clock: Clock) -> Iterator[None]:
    """The same where there are no alarms (Windows, other threads): a second thread raises it between two bytecodes."""
    thread, finished = ctypes.c_ulong(threading.get_ident()), threading.Event()

    def watch() -> None:
        wait = clock.seconds
        while not finished.wait(wait):
            if clock.strikes():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeIsUp))
            wait = 0.1

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, None)
