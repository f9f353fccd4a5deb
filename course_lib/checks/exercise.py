"""What an exercise consists of: readable properties, recognisable mistakes, and right answers written differently."""

import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from course_lib.checks.scene import Scene


@dataclass(frozen=True)
class Property:
    """One thing that holds for every right answer.

    Attributes:
        name: short, in snake_case; the recognised mistake's name where `mistake` is given.
        says: what holds, as the end of "Expected: ...".
        probe: tries the answer on fresh inputs. What it sees is compared with what it sees of the reference.
        mistake: what a teacher would say if this is the first property that fails, where that tells which mistake it
            is; None where it does not.
        partial: whether only a part of the answer is at work, so that two answers that agree here may differ elsewhere.
    """

    name: str
    says: str
    probe: Callable[["Scene"], None]
    mistake: str | None = None
    partial: bool = False


@dataclass(frozen=True)
class Misconception:
    """A plausible wrong answer, and the sentence a good teacher would say.

    Attributes:
        name: short, in snake_case, the same for all who make this mistake.
        sentence: what went wrong and why it matters, addressed to the learner.
        wrong: the wrong answer, of the same kind as the reference.
    """

    name: str
    sentence: str
    wrong: Any


@dataclass(frozen=True)
class Alternative:
    """A right answer written differently, which must be accepted."""

    name: str
    right: Any


# the reference's parameters, the shapes of the answer's -> ways to fill the answer's parameters
Adapter = Callable[[dict[str, Tensor], dict[str, tuple[int, ...]]], list[dict[str, Tensor]]]


@dataclass(frozen=True)
class Exercise:
    """A function, class or method of the library that learners write themselves.

    Attributes:
        name: as learners know it: "ResidualBlock", "DDPM.add_noise".
        reference: the library's own class or function; for a method, its class.
        lesson: two digits, "03".
        where: the place to read again, such as "the document, section 3".
        properties, misconceptions, alternatives: see above; in the order they are tried.
        adapt: ways to load the reference's parameters into an answer that holds them differently.
        seconds: longest time for one call of the answer, many times what a right one needs: a busy machine must not
            fail it.
        watched: for an answer that takes or changes what is no data (a model, a generator, a list): makes of it a
            function of data that returns all there is to see. For a method, it gets and makes a function of self.
    """

    name: str
    reference: Any
    lesson: str
    where: str
    properties: tuple[Property, ...]
    misconceptions: tuple[Misconception, ...]
    alternatives: tuple[Alternative, ...]
    adapt: Adapter | None = None
    seconds: float = 2.0
    watched: Callable[[Any], Any] | None = None

    @property
    def method(self) -> str:
        """The method's name where the exercise is one, else ""."""
        return self.name.partition(".")[2]

    @property
    def answer(self) -> Any:
        """What a right answer replaces: the class, the function, or the method of the class."""
        return getattr(self.reference, self.method) if self.method else self.reference

    def subject(self, answer: Any) -> Any:
        """What the properties work with: for a method, the reference's class with the answer's method in it."""
        if self.method and inspect.isclass(answer):
            answer = vars(answer).get(self.method, getattr(answer, self.method, None))
        if self.watched is not None:
            answer = self.watched(answer)
        return type(self.reference.__name__, (self.reference,), {self.method: answer}) if self.method else answer


@cache
def source_of(original: Any) -> str:
    """The source of a class or function; that of a method as a function by itself."""
    return textwrap.dedent(inspect.getsource(original))


def edited(original: Any, *changes: tuple[str, str]) -> Any:
    """`original` (a class or function of the library) with pieces of its source replaced: one mistake, made on purpose.

    Args:
        changes: pairs of what stands in the source and what shall stand there; every occurrence is replaced.
    Raises: ValueError if a piece does not stand in the source, so that a mistake cannot silently become right.

    >>> from course_lib import num_groups
    >>> edited(num_groups, ("channels // MIN_CHANNELS_PER_GROUP", "channels"))(64)
    32
    """
    source = source_of(original)
    for old, new in changes:
        if old not in source:
            raise ValueError(f"changes contains {old!r}, which does not stand in the source of {original.__name__}")
        source = source.replace(old, new)
    # a fresh copy of the module's names, so that nothing else sees the edited class
    names = dict(vars(sys.modules[original.__module__]))
    exec(compile(source, f"<edited {original.__name__}>", "exec"), names)
    made = names[original.__name__]
    if isinstance(made, FunctionType):
        made.__module__ = original.__module__
    return made


def mistakes_of(original: Any) -> Callable[..., Misconception]:
    """A way to write a bank: mistake(name, sentence, *changes) is a misconception that is `original`, `edited`."""

    def mistake(name: str, sentence: str, *changes: tuple[str, str]) -> Misconception:
        return Misconception(name, sentence, edited(original, *changes))

    return mistake
