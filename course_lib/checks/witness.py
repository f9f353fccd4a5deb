"""What is seen of an answer, property by property, each tried when somebody asks for it.

Nothing is tried that nobody asks for: an answer that fails at the third property is not tried under the tenth, unless a
known mistake comes near it.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from course_lib.checks.blank import NOT_STARTED, RAISE_LEFT
from course_lib.checks.compare import difference
from course_lib.checks.errors import same_error
from course_lib.checks.exercise import Exercise, Property
from course_lib.checks.guard import Failure
from course_lib.checks.lent_layers import handle_of
from course_lib.checks.mistakes import Misconception
from course_lib.checks.seam import Seam
from course_lib.checks.trial import Observation, PropertyEnds, Trial

REFERENCE_SECONDS = 60.0
# nothing more is asked of an answer that did not come back, or was never written
ENDS = ("endless", NOT_STARTED, RAISE_LEFT)


@dataclass(eq=False)
class Witness:
    """Sees an answer under one seed, under each property once.

    Attributes:
        handle: the answer.
        matching: where its parameters can be identified in several ways, the one to use.
        ways: how many ways there are, as far as has been seen.
    """

    exercise: Exercise
    handle: Seam
    seed: int
    matching: int = 0
    ways: int = 1
    ended: bool = False
    seen: dict[int, list[Observation]] = field(default_factory=dict)

    def under(self, index: int) -> list[Observation]:
        """What is seen under a property, by its place; behind the last one stands the harder call."""
        if index not in self.seen:
            self.seen[index] = [] if self.ended else self.tried(index)
        return self.seen[index]

    def tried(self, index: int) -> list[Observation]:
        observations: list[Observation] = []
        trial = Trial(self.handle, self.exercise, self.seed + index, observations.append, self.matching)
        try:
            probe(property_at(self.exercise, index), trial)
        finally:
            self.handle.release()
        self.ways = max(self.ways, trial.matchings_seen)
        last = observations[-1].value if observations else None
        self.ended = isinstance(last, Failure) and last.kind in ENDS
        return observations


def property_at(exercise: Exercise, index: int) -> Property:
    if index < len(exercise.properties):
        return exercise.properties[index]
    return Property("harder", "a harder call gives what it should", lambda trial: exercise.make_harder(trial).see())


def probe(one: Property, trial: Trial) -> None:
    """Try one property. An answer that it cannot even compute with, as it can with the reference, fails it."""
    try:
        one.probe(trial)
    except PropertyEnds:
        pass
    except Exception as error:
        text = f"something else came back than expected ({type(error).__name__}: {error})"
        with suppress(PropertyEnds):  # where a known mistake is tried, seeing may end the property too
            trial.see("the output", Failure("type", text[:200]))


@lru_cache(maxsize=256)  # more than there are exercises: a whole class is marked with one seed
def reference_witness(exercise: Exercise, seed: int) -> Witness:
    return Witness(exercise, handle_of(exercise, exercise.answer, REFERENCE_SECONDS, trusted=True), seed)


# ---- known mistakes: only as much is seen of one as it takes to tell it from the answer ----


@dataclass
class Glimpse:
    """What has been seen of a known mistake under one property, and whether that is all there is to see."""

    seen: list[Observation] = field(default_factory=list)
    complete: bool = False


class Departs(PropertyEnds):
    """The known mistake does something else than the answer: the rest of the property need not be tried."""


@lru_cache(maxsize=8192)  # most are small; a class that is marked with one seed asks for the same ones again
def glimpse_of(exercise: Exercise, mistake: Misconception, index: int, seed: int) -> Glimpse:
    return Glimpse()


def behaves_alike(exercise: Exercise, mistake: Misconception, index: int, seed: int, mine: list[Observation]) -> bool:
    """Whether the same is seen of a known mistake under a property as of the answer (`mine`)."""
    known = glimpse_of(exercise, mistake, index, seed)
    if not known.complete and not departs(known.seen, mine):
        look(exercise, mistake, index, seed, mine, known)
    return not departs(known.seen, mine) and len(known.seen) == len(mine)


def look(
    exercise: Exercise, mistake: Misconception, index: int, seed: int, mine: list[Observation], known: Glimpse
) -> None:
    """Try a known mistake under a property, until it departs from the answer."""
    known.seen = []

    def record(observation: Observation) -> None:
        known.seen.append(observation)
        if departs(known.seen, mine):
            raise Departs

    handle = handle_of(exercise, mistake.wrong, exercise.seconds, trusted=True)
    probe(property_at(exercise, index), Trial(handle, exercise, seed + index, record))
    known.complete = not departs(known.seen, mine)


def departs(theirs: list[Observation], mine: list[Observation]) -> bool:
    """Whether something was seen of a known mistake that was not seen of the answer."""
    return len(theirs) > len(mine) or not all(map(are_alike, mine, theirs))


def are_alike(one: Observation, other: Observation) -> bool:
    if one.label != other.label:
        return False
    if isinstance(one.value, Failure) and isinstance(other.value, Failure) and one.value.kind == "raised":
        return same_error(one.value, other.value)
    return not difference(one.value, other.value, other.tolerance)
