"""An exercise: what holds for every right answer, and right answers written differently. Its mistakes are data."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import Misconception, read_mistakes

if TYPE_CHECKING:
    from course_lib.checks.trial import Call, Trial

# the reference's parameters, the shapes of the answer's -> ways to fill the answer's parameters
Adapter = Callable[[dict[str, Tensor], dict[str, tuple[int, ...]]], list[dict[str, Tensor]]]


@dataclass(frozen=True)
class Property:
    """One thing that holds for every right answer.

    Attributes:
        name: short, in snake_case; the recognised mistake's name where `mistake` is given.
        says: what holds, as the end of "Expected: ...".
        probe: tries the answer on fresh inputs. What it sees is compared with what it sees of the reference.
        mistake: what a teacher would say if this is the first property that fails, where that tells which mistake it
            is; None where it does not.
        alone: whether a part of the answer is tried by itself, on inputs as general as any: a mistake seen there
            is one, whatever the other parts do.
    """

    name: str
    says: str
    probe: Callable[["Trial"], None]
    mistake: str | None = None
    alone: bool = False


@dataclass(frozen=True)
class Alternative:
    """A right answer written differently, which must be accepted."""

    name: str
    right: Any


@dataclass(eq=False)
class Exercise:
    """A function, class or method of the library that learners write themselves.

    Its file NAME.py says what holds (`@holds`, in the order in which it is tried) and holds right answers written
    differently (`@right`), and at its end wrong ones that are no edit of the reference; NAME.toml says what goes wrong.

    Attributes:
        name: as learners know it: "ResidualBlock", "DDPM.add_noise".
        reference: the library's own class or function; for a method, its class.
        module: `__name__` of the exercise's own file, which lies in the folder of its lesson, beside its mistakes.
        where: the place to read again, such as "the document, section 3 (assets/network.md)".
        adapt: ways to load the reference's parameters into an answer that holds them differently.
        seconds: longest time for one call of the answer, many times what a right one needs: a busy machine must not
            fail it.
        watched: for an answer that takes or changes what is no data (a model, a generator, a list): makes of it a
            function of data that returns all there is to see. For a method, it gets and makes a function of self.
        reason: of a failure, the same with what it comes from as its `error`, where answers that make one mistake raise
            different errors.
        elementwise: the arguments of which each number of the result is made from the one at its own place (its
            image's, where an argument has fewer axes; a number serves all): a wrong number is shown with them.
        step_of: the exercise that this one is a part of, written beforehand in a cell of its own. A step is checked as
            any exercise is, and stays the learner's own whatever its verdict: what is marked is the whole.
        not_for_all: the properties of every exercise (`checks.properties`) that this one does without, and why.
        placed: those of them that are tried among the exercise's own, see `here`.
        tell: a call in words, where `watched` takes other arguments than the answer does.
    """

    name: str
    reference: Any
    module: str
    where: str
    adapt: Adapter | None = None
    seconds: float = 2.0
    watched: Callable[[Any], Any] | None = None
    reason: Callable[[Failure], Failure] | None = None
    elementwise: tuple[str, ...] = ()
    step_of: str = ""
    not_for_all: dict[str, str] = field(default_factory=dict)
    placed: list[Callable[["Call", "Trial"], None]] = field(default_factory=list)
    own_properties: list[Property] = field(default_factory=list)
    alternatives: list[Alternative] = field(default_factory=list)
    make_example: Callable[["Trial"], "Call"] | None = None
    make_harder: Callable[["Trial"], "Call"] | None = None
    tell: Callable[["Call"], str] | None = None

    # ---- how an exercise's file fills it ----

    def example(self, make: Callable[["Trial"], "Call"]) -> Callable[["Trial"], "Call"]:
        """Mark the function that draws one ordinary call of the answer, for the properties of every exercise."""
        self.make_example = make
        return make

    def harder(self, make: Callable[["Trial"], "Call"]) -> Callable[["Trial"], "Call"]:
        """Mark the function that draws a call in which everything counts. Every exercise has one.

        A known mistake is named only if it agrees with the answer there too: large sizes, numbers out of the usual
        range, several classes, a stride.
        """
        self.make_harder = make
        return make

    def telling(self, tell: Callable[["Call"], str]) -> Callable[["Call"], str]:
        """Mark the function that says a call as the learner would write it."""
        self.tell = tell
        return tell

    def holds(
        self, says: str, *, mistake: str | None = None, alone: bool = False
    ) -> Callable[[Callable[["Trial"], None]], Callable[["Trial"], None]]:
        """Mark a probe as a property: its name is the property's, its docstring the sentence for whom it fails.

        Args:
            says: what holds, as the end of "Expected: ...".
            mistake: the sentence, where a probe serves more than one exercise.
            alone: see `Property`.
        """

        def mark(probe: Callable[["Trial"], None]) -> Callable[["Trial"], None]:
            sentence = mistake or (probe.__doc__ and " ".join(probe.__doc__.split()))
            self.own_properties.append(Property(probe.__name__, says, probe, sentence, alone))
            return probe

        return mark

    def here(self, probe: Callable[["Call", "Trial"], None], *makes: Callable[["Trial"], "Call"]) -> None:
        """Try a property of every exercise at this place, before one of its own that fails for the same answers.

        Args:
            makes: what draws the calls on which it is tried; by default the example.
        """
        from course_lib.checks.properties import property_of

        self.placed.append(probe)
        self.own_properties.append(property_of(probe, self, *makes))

    def right(self, answer: Any, name: str = "") -> Any:
        """Mark a class or function as a right answer written differently."""
        self.alternatives.append(Alternative(name or answer.__name__, answer))
        return answer

    # ---- what the engine asks it ----

    @cached_property
    def properties(self) -> tuple[Property, ...]:
        """In the order they are tried: the exercise's own among those of every exercise."""
        from course_lib.checks.properties import with_those_of_all

        return with_those_of_all(self)

    @cached_property
    def misconceptions(self) -> tuple[Misconception, ...]:
        """In the order they are compared, read from NAME.toml when they are asked for."""
        return read_mistakes(self.file.with_suffix(".toml"), self)

    @property
    def file(self) -> Path:
        return Path(sys.modules[self.module].__file__)

    @cached_property
    def lesson(self) -> str:
        """Two digits, "03"."""
        return self.file.parent.name.removeprefix("lesson")

    @property
    def method(self) -> str:
        """The method's name where the exercise is one, else ""."""
        return self.name.partition(".")[2]

    @property
    def makes_the_object(self) -> bool:
        """Whether an answer says itself how its object is made; with one that is another method the course's does."""
        return self.method in ("", "__init__")

    @property
    def answer(self) -> Any:
        """What a right answer replaces: the class, the function, or the method of the class."""
        return getattr(self.reference, self.method) if self.method else self.reference

    @cached_property
    def argument_names(self) -> tuple[str, ...]:
        """Of a call: of the function, of the method, or of a module's forward."""
        function = self.answer.forward if inspect.isclass(self.answer) else self.answer
        return tuple(name for name in inspect.signature(function).parameters if name != "self")

    def subject(self, answer: Any) -> Any:
        """What the properties work with: for a method, the reference's class with the answer's method in it."""
        if self.method and inspect.isclass(answer):
            answer = vars(answer).get(self.method, getattr(answer, self.method, None))
        if self.watched is not None:
            answer = self.watched(answer)
        return type(self.reference.__name__, (self.reference,), {self.method: answer}) if self.method else answer
