"""The handle that checks work with, where the answer lives in another process: calls go out, plain data comes back."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.blank import NOT_STARTED, RAISE_LEFT
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import CountedOutput, Failure
from course_lib.checks.seam import Constructed, Gradients, Seam
from course_lib.grading.marks import Answer, Status
from course_lib.grading.sandbox.channel import ChannelClosed, ChannelError
from course_lib.grading.sandbox.library import compiled_for
from course_lib.grading.sandbox.sandbox import AnswerProcess

# a busy machine may be slow; what does not end, does not end within a few seconds either
MORE_SECONDS_FOR_A_CALL = 4.0
SECONDS_FOR_THE_WAY = 2.0
SECONDS_FOR_AN_ANSWER = 60.0
FIRST_SECONDS = 30.0

# of all replies to one answer together, since what is seen of an answer is kept until it is judged; right ones: 1 MiB
MOST_RECEIVED = 2**26

KINDS_FROM_OUTSIDE = (NOT_STARTED, RAISE_LEFT, "raised", "endless", "changed its input", "type", "missing")
MOST_CHARACTERS = {"line": 200, "error": 80, "place": 10}
MOST_PARAMETERS, DEEPEST_NAME, LONGEST_NAME = 2000, 20, 200
# of a parameter: more than the memory of an answer's process holds
MOST_VALUES = 2**30
LACKING = ("ModuleNotFoundError", "NameError")
NO_ROOM = ("MemoryError", "can't allocate memory", "not enough memory", "std::bad_alloc")


class AnswerEnded(BaseException):
    """The answer's process is gone or of no more use. Not an Exception: no property may go on as if it had replied."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class RemoteHandle(Seam):
    """An answer in another process. What each call does: see `Seam`; there a `Handle` makes it.

    Raises: AnswerEnded, from every method, if that process ends or says what is no reply.

    Attributes:
        process: a fresh one.
        exercise, answer: what it is given at the start.
        kind: "class" or "function", known after `start`.
        lacks: the first error of a module or a name that is not there.
        timed_out: whether a call did not end in time; no other one is made then.
    """

    process: AnswerProcess
    exercise: Exercise
    answer: Answer
    output: CountedOutput = field(default_factory=CountedOutput)
    kind: str = ""
    lacks: str = ""
    timed_out: bool = False
    number: int = 0
    left: float = SECONDS_FOR_AN_ANSWER

    @property
    def seconds(self) -> float:
        return self.exercise.seconds + MORE_SECONDS_FOR_A_CALL

    def start(self) -> Failure | None:
        """Send the learner's code and let it run. Returns a Failure if it does not leave an answer."""
        watched = self.exercise.watched
        task = {
            "code": self.answer.code,
            "defines": self.answer.defines,
            "reference": f"{self.exercise.reference.__module__}.{self.exercise.reference.__qualname__}",
            "method": self.exercise.method,
            "watched": f"{watched.__module__}.{watched.__qualname__}" if watched is not None else "",
            "seconds": self.seconds,
            "library": compiled_for(self.exercise),
            "modules": dict(self.answer.modules),
        }
        value = self._exchanged(task, 0, FIRST_SECONDS)
        if isinstance(value, Failure):
            return value
        if not isinstance(value, str):
            raise no_reply()
        self.kind = value[:80]
        return None

    def construct(self, args: tuple, kwargs: dict, seed: int) -> Constructed | Failure:
        return expected_of(self._ask("construct", args, kwargs, seed), is_constructed)

    def load(self, key: int, state: dict[str, Tensor]) -> None:
        self._ask("load", key, state)

    def call(
        self,
        key: int | None,
        args: tuple,
        kwargs: dict,
        *,
        method: str = "",
        training: bool = False,
        dtype: torch.dtype | None = None,
        elsewhere: bool = False,
        twice: bool = False,
        modes: bool = False,
        seed: int = 0,
    ) -> Any:
        options = {"method": method, "training": training, "dtype": dtype, "elsewhere": elsewhere}
        options |= {"twice": twice, "modes": modes, "seed": seed}
        return expected_of(self._ask("call", key, args, kwargs, **options), is_value)

    def gradients(
        self, key: int | None, args: tuple, kwargs: dict, *, method: str = "", seed: int = 0
    ) -> Gradients | Failure:
        return expected_of(self._ask("gradients", key, args, kwargs, method=method, seed=seed), is_gradients)

    def reseeds(self, key: int | None, args: tuple, kwargs: dict, *, method: str = "") -> bool | Failure:
        return expected_of(
            self._ask("reseeds", key, args, kwargs, method=method), lambda value: isinstance(value, bool)
        )

    def _ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if self.timed_out:
            return self._endless()
        self.number += 1
        return self._exchanged((self.number, name, args, kwargs), self.number, self.seconds + SECONDS_FOR_THE_WAY)

    def _exchanged(self, message: Any, number: int, seconds: float) -> Any:
        """Send a message and wait for the reply to it."""
        start = time.monotonic()
        try:
            self.process.channel.send(message, min(seconds, self.left))
            value = self._reply(number, min(seconds, self.left) - (time.monotonic() - start))
        except TimeoutError:
            return self._endless()
        except ChannelClosed:
            why = self.process.end(b"died")
            if why == "time":
                return self._endless()
            raise ended(why) from None
        finally:
            self.left = max(0.001, self.left - (time.monotonic() - start))
        if isinstance(value, Failure):
            value = checked_failure(value)
            if value.kind == "endless":
                return self._endless()
            if value.kind == "raised" and value.text.startswith(LACKING):
                self.lacks = self.lacks or value.text
            if value.kind == "raised" and any(sign in value.text for sign in NO_ROOM):
                raise AnswerEnded("memory", f"Your code asks for more memory than there is ({value.text}).")
        return value

    def _reply(self, number: int, seconds: float) -> Any:
        try:
            reply = self.process.channel.receive(max(0.001, seconds))
        except ChannelError:
            raise no_reply() from None
        if self.process.channel.received > MOST_RECEIVED:
            raise AnswerEnded(
                "memory", f"Your results hold more than {MOST_RECEIVED // 2**20} MiB of numbers together."
            )
        if not (isinstance(reply, tuple) and len(reply) == 4):
            raise no_reply()
        replied, value, kept, count = reply
        if type(replied) is not int or replied != number or not isinstance(kept, str) or type(count) is not int:
            raise no_reply()
        self.output.kept, self.output.count = kept[:600], min(abs(count), 2**53)
        return value

    def _endless(self) -> Failure:
        self.timed_out = True
        return Failure("endless", f"did not come to an end within {self.seconds:g} s")


def no_reply() -> AnswerEnded:
    return AnswerEnded("crashed", "Your code disturbed the connection over which it was asked for its results.")


def ended(why: str) -> AnswerEnded:
    """What to say of a process that ended by itself, or was ended for what it took."""
    word, _, number = why.partition(" ")
    if word == "memory":
        return AnswerEnded("memory", "Your code takes more memory than there is.")
    if word == "processes":
        return AnswerEnded("crashed", "Your code started other processes, which no answer needs.")
    if word == "signal":
        if number == "9":  # nobody else sends it: the system does, where memory runs out
            return AnswerEnded("memory", "The system stopped your code, most likely because memory ran out.")
        how = "a segmentation fault" if number == "11" else f"signal {number}"
        return AnswerEnded("crashed", f"Your code ended Python itself, by {how}.")
    if word == "exit":
        return AnswerEnded("crashed", "Your code ended Python itself, by leaving it.")
    return AnswerEnded("crashed", "Your code ended the process it ran in.")


def expected_of(value: Any, is_expected: Any) -> Any:
    """The value, if it is of the kind that was asked for. Raises: AnswerEnded if not."""
    if isinstance(value, Failure) or is_expected(value):
        return value
    raise no_reply()


def checked_failure(failure: Failure) -> Failure:
    """The same failure with no more text than fits into a report. Raises: AnswerEnded if it is none."""
    fields = vars(failure)
    if not all(isinstance(one, str) for one in fields.values()) or failure.kind not in KINDS_FROM_OUTSIDE:
        raise no_reply()
    return Failure(**{name: one[: MOST_CHARACTERS.get(name, 300)] for name, one in fields.items()})


def is_value(value: Any, depth: int = 0) -> bool:
    if isinstance(value, Failure):
        checked_failure(value)
        return True
    if isinstance(value, tuple):
        return all(is_value(one, depth + 1) for one in value)
    return value is None or isinstance(value, bool | int | float | str | Tensor)


def is_gradients(value: Any) -> bool:
    if not (isinstance(value, Gradients) and isinstance(value.inputs, tuple) and isinstance(value.parameters, dict)):
        return False
    found = (*value.inputs, *value.parameters.values())
    return all(one is None or (isinstance(one, Tensor) and one.is_floating_point()) for one in found)


def is_constructed(value: Any) -> bool:
    if not (isinstance(value, Constructed) and type(value.key) is int and isinstance(value.parameters, dict)):
        return False
    names = (*value.parameters, *value.unregistered) if isinstance(value.unregistered, tuple) else (None,)
    return (
        len(value.parameters) <= MOST_PARAMETERS
        and all(map(is_name, names))
        and all(map(is_shape, value.parameters.values()))
    )


def is_name(value: Any) -> bool:
    """As torch names parameters: "block.0.weight"; an empty part would be its own child."""
    if not (isinstance(value, str) and len(value) <= LONGEST_NAME and value.count(".") <= DEEPEST_NAME):
        return False
    return all(value.split("."))


def is_shape(value: Any) -> bool:
    if not (isinstance(value, tuple) and len(value) <= 16 and all(type(size) is int and size >= 0 for size in value)):
        return False
    return math.prod(value) <= MOST_VALUES
