"""Try every property of an exercise on an answer, and find the words for what goes wrong."""

from dataclasses import dataclass
from functools import lru_cache

from torch import Tensor

from course_lib.checks.blank import NOT_STARTED, RAISE_LEFT
from course_lib.checks.blank_verdict import verdict_on_a_blank
from course_lib.checks.compare import difference
from course_lib.checks.errors import evidence_of, meaning_of, same_error
from course_lib.checks.exercise import Exercise, Property
from course_lib.checks.guard import Failure
from course_lib.checks.handle import Handle
from course_lib.checks.mistakes import Misconception
from course_lib.checks.properties import RESEEDS
from course_lib.checks.result import CheckResult
from course_lib.checks.seam import Seam
from course_lib.checks.symptoms import of_a_value, of_another_type
from course_lib.checks.trial import Observation, PropertyEnds, Trial

# for each property what was seen, in order
Transcript = list[list[Observation]]

REFERENCE_SECONDS = 60.0

RECOGNISED_KINDS = {
    "changed its input": (
        "changes_its_input",
        "Your code changes the tensor it was given, in place (an operator such as += or *=, or a method that ends in "
        "an underscore). Whoever called it still needs that tensor: make a new one instead.",
    ),
    "endless": (
        "endless_loop",
        "Your code did not come to an end. Is there a loop whose condition never becomes false, or far more "
        "repetitions than needed?",
    ),
}
UNREGISTERED = (
    "parameter_never_registered",
    "Some of your layers are hidden from torch: a plain Python list, tuple or dict (or a plain tensor) is not "
    "searched for parameters, so an optimizer would never train them. Use nn.ModuleList, nn.Parameter, or an attribute "
    "for each layer.",
)
RETURNS_NOTHING = (
    "returns_nothing",
    "Your code computes something and then returns None. Is a `return` missing in the last line?",
)


@dataclass(frozen=True)
class FirstFailure:
    """The first property that does not hold, and what was seen there of the answer and of the reference."""

    property: Property
    index: int
    seen: Observation | None
    expected: Observation
    difference: str


def examine_answer(exercise: Exercise, handle: Seam, seed: int) -> CheckResult:
    """The verdict on the answer behind `handle`. The same seed gives the same inputs and so the same verdict."""
    expected = reference_transcript(exercise, seed)
    matching, ways, first = 0, 1, None
    while matching < ways:
        seen, ways = transcript(exercise, handle, seed, matching)
        failure = first_failure(exercise, seen, expected)
        if failure is None:
            return CheckResult("passed", "")
        # of several ways to identify parameters, the one that gets furthest is the one that was meant
        if first is None or failure.index > first[0].index:
            first = failure, seen, matching
        matching += 1
    failure, seen, matching = first
    kind = failure.seen.value if failure.seen is not None else None
    if isinstance(kind, Failure) and kind.kind in (NOT_STARTED, RAISE_LEFT):
        return verdict_on_a_blank(exercise, kind)
    mistake = recognised(exercise, seen, failure, seed)
    others_come_back = raised_in(failure) is not None and comes_back(exercise, handle, seed)
    evidence = evidence_for(exercise, failure, others_come_back)
    if mistake is None:
        return CheckResult("failed", evidence)
    return CheckResult("failed", f"{mistake[1]}\n{evidence}", mistake[0])


def comes_back(exercise: Exercise, handle: Seam, seed: int) -> bool:
    """Whether an ordinary call of the answer comes back, so that it stops only where something else is tried."""
    trial = Trial(handle, exercise, seed, lambda observation: None)
    try:
        return not isinstance(exercise.make_example(trial).value(), Failure)
    except PropertyEnds:
        return False


def transcript(exercise: Exercise, handle: Seam, seed: int, matching: int = 0) -> tuple[Transcript, int]:
    """What is seen of an answer, property by property, and in how many ways its parameters can be identified."""
    seen: Transcript = []
    ways = 1
    for index, one in enumerate(exercise.properties):
        observations: list[Observation] = []
        seen.append(observations)
        trial = Trial(handle, exercise, seed + index, observations.append, matching)
        probe(one, trial)
        ends = observations[-1].value if observations else None
        if isinstance(ends, Failure) and ends.kind in ("endless", NOT_STARTED, RAISE_LEFT):
            break
        ways = max(ways, trial.matchings_seen)
    return seen, ways


def probe(one: Property, trial: Trial) -> None:
    """Try one property. An answer that it cannot even compute with, as it can with the reference, fails it."""
    try:
        one.probe(trial)
    except PropertyEnds:
        pass
    except Exception as error:
        text = f"something else came back than expected ({type(error).__name__}: {error})"
        trial.see("the output", Failure("type", text[:200]))


@lru_cache(maxsize=256)  # more than there are exercises: a whole class is marked with one seed
def reference_transcript(exercise: Exercise, seed: int) -> Transcript:
    """What is seen of the reference; nobody changes it."""
    return transcript(exercise, Handle(exercise.subject(exercise.answer), seconds=REFERENCE_SECONDS), seed)[0]


def first_failure(exercise: Exercise, seen: Transcript, expected: Transcript) -> FirstFailure | None:
    for index, (one, there) in enumerate(zip(exercise.properties, expected, strict=True)):
        here = seen[index] if index < len(seen) else []
        for place in range(max(len(here), len(there))):
            mine = here[place] if place < len(here) else None
            theirs = there[place] if place < len(there) else None
            if theirs is None:  # the answer failed where the reference had nothing more to say
                failed = mine.value.text if isinstance(mine.value, Failure) else "nothing came back"
                return FirstFailure(one, index, mine, mine, failed)
            if mine is None:
                return FirstFailure(one, index, None, theirs, "nothing came back")
            found = difference(mine.value, theirs.value, theirs.tolerance)
            if found or mine.label != theirs.label:
                return FirstFailure(one, index, mine, theirs, found or mine.value.text)
    return None


def recognised(exercise: Exercise, seen: Transcript, failure: FirstFailure, seed: int) -> tuple[str | None, str] | None:
    """Name and sentence of the mistake, or None: a known mistake that behaves alike, or a symptom that says enough.

    An error that nobody knows has a sentence and no name.
    """
    value = failure.seen.value if failure.seen is not None else None
    if isinstance(value, Failure) and value.kind in RECOGNISED_KINDS:
        return RECOGNISED_KINDS[value.kind]
    # a seed set inside makes everything random look wrong: it is the mistake, whatever it lets fail first
    for index, one in enumerate(exercise.properties):
        if one.name == RESEEDS and index < len(seen) and seen[index] and seen[index][-1].value is True:
            return one.name, one.mistake
    for same in (same_everywhere, same_where_it_fails):
        for misconception in exercise.misconceptions:
            if same(exercise, misconception, seen, failure, seed):
                return misconception.name, misconception.sentence
    if isinstance(value, Failure) and value.error == "unregistered":
        return UNREGISTERED
    if failure.seen is not None and value is None:
        return RETURNS_NOTHING
    raised = raised_in(failure)
    if raised is not None:
        # an error says nothing of the values that the property is about
        return meaning_of(raised)
    symptom = of_another_type(value) if isinstance(value, Failure) else None
    if symptom is not None:
        return symptom
    if failure.property.mistake is not None:
        return failure.property.name, failure.property.mistake
    if failure.seen is None or isinstance(value, Failure) or isinstance(failure.expected.value, Failure):
        return None
    return of_a_value(value, failure.expected.value)


def same_everywhere(
    exercise: Exercise, misconception: Misconception, seen: Transcript, failure: FirstFailure, seed: int
) -> bool:
    """Whether the misconception behaves as the answer does under every property; the one that fails is soonest told."""
    order = sorted(range(len(seen)), key=lambda index: index != failure.index)
    return all(behaves_alike(exercise, misconception, index, seen, seed) for index in order)


def same_where_it_fails(
    exercise: Exercise, misconception: Misconception, seen: Transcript, failure: FirstFailure, seed: int
) -> bool:
    """Whether it does so under the first property that fails, where the answer gave numbers: random numbers that agree
    to five digits come from the same computation. A yes or no, or an error, proves nothing of the kind. What holds
    before that for the answer has to hold for the misconception too. Where only a part of the answer was at work, so do
    the next numbers that come from the whole."""
    if (
        failure.seen is None
        or isinstance(failure.seen.value, Failure | bool | str)
        or proves_little(failure.seen.value)
    ):
        return False
    indices = [failure.index, *range(failure.index)]
    if failure.property.partial:
        later = range(failure.index + 1, len(seen))
        whole = (index for index in later if not exercise.properties[index].partial and gives_numbers(seen[index]))
        indices.insert(1, next(whole, failure.index))
    return all(behaves_alike(exercise, misconception, index, seen, seed) for index in indices)


def proves_little(value: object) -> bool:
    """A count of 0 or 1 can come from anywhere."""
    return isinstance(value, int | float) and value in (0, 1)


def gives_numbers(observations: list[Observation]) -> bool:
    return bool(observations) and all(isinstance(one.value, Tensor) for one in observations)


def behaves_alike(exercise: Exercise, misconception: Misconception, index: int, seen: Transcript, seed: int) -> bool:
    mine, theirs = seen[index], seen_of_a_mistake(exercise, misconception, index, seed)
    return len(mine) == len(theirs) and all(
        one.label == other.label and are_alike(one, other) for one, other in zip(mine, theirs, strict=True)
    )


def are_alike(one: Observation, other: Observation) -> bool:
    if isinstance(one.value, Failure) and isinstance(other.value, Failure) and one.value.kind == "raised":
        return same_error(one.value, other.value)
    return not difference(one.value, other.value, other.tolerance)


@lru_cache(maxsize=4096)  # most are small; a class that is marked with one seed asks for the same ones again
def seen_of_a_mistake(
    exercise: Exercise, misconception: Misconception, index: int, seed: int
) -> tuple[Observation, ...]:
    """What is seen of a known mistake under one property."""
    observations: list[Observation] = []
    handle = Handle(exercise.subject(misconception.wrong), seconds=exercise.seconds)
    probe(exercise.properties[index], Trial(handle, exercise, seed + index, observations.append))
    return tuple(observations)


def raised_in(failure: FirstFailure) -> Failure | None:
    """The error, if that is what came instead of a value."""
    value = failure.seen.value if failure.seen is not None else None
    return value if isinstance(value, Failure) and value.kind == "raised" else None


def evidence_for(exercise: Exercise, failure: FirstFailure, others_come_back: bool = False) -> str:
    """What was expected, what went in, what came back, and where to read."""
    observation = failure.seen or failure.expected
    tried = [f"Tried: {observation.given}."] if observation.given else []
    raised = raised_in(failure)
    if raised is not None:
        where = [f"Other calls come back. Here it was tried that {failure.property.says}."] if others_come_back else []
        lines = [*evidence_of(raised), *tried, *where]
    else:
        lines = [f"Expected: {failure.property.says}.", *tried]
        lines.append(f"Seen: {observation.label}: {failure.difference}.")
        if isinstance(observation.value, Failure) and observation.value.kind == "parameters":
            lines.append(f"In detail: {observation.value.line}")
    lines.append(f"Read again: {exercise.where}.")
    return "\n".join(lines)
