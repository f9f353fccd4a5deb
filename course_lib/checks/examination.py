"""Try every property of an exercise on an answer, and find the words for what goes wrong."""

from collections.abc import Callable
from inspect import isclass

from course_lib.checks.blank import NOT_STARTED, RAISE_LEFT
from course_lib.checks.blank_verdict import verdict_on_a_blank
from course_lib.checks.compare import difference
from course_lib.checks.errors import meaning_of
from course_lib.checks.evidence import FirstFailure, evidence_for, raised_in
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure, undisturbed
from course_lib.checks.naming import known_mistake
from course_lib.checks.picture import pair_in
from course_lib.checks.properties import RESEEDS
from course_lib.checks.result import CheckResult
from course_lib.checks.seam import Seam
from course_lib.checks.symptoms import of_a_shape, of_a_value, of_another_type
from course_lib.checks.trial import PropertyEnds, Trial
from course_lib.checks.witness import Witness, reference_witness

RECOGNISED_KINDS = {
    "changed its input": (
        "changes_its_input",
        "Your code changes what it was given, in place: a tensor (an operator such as += or *=, x[...] = ..., a method "
        "that ends in an underscore, inplace=True) or a list (append, pop, sort). Whoever called it still needs it as "
        "it was: make a new one instead. b = a and b = a[0] give a second name and no copy, and so does a.double() of "
        "what is float64 already; a.clone() makes one.",
    ),
    "endless": (
        "endless_loop",
        "Your code did not come to an end. Is there a loop whose condition never becomes false, a function that calls "
        "itself without end, or far more repetitions than needed?",
    ),
}
UNREGISTERED = (
    "parameter_never_registered",
    "Some of your layers are hidden from torch: a plain Python list, tuple or dict (or a plain tensor) is not "
    "searched for parameters, so an optimizer would never train them. Use nn.ModuleList, nn.Parameter, or an attribute "
    "for each layer.",
)
NOTHING_KEPT = (
    "nothing_kept",
    "After __init__ your object holds no weights, so training would find nothing to change. A layer is made in "
    "__init__ and kept as self.name: made in forward it is new at every call, with new random weights, and in a local "
    "variable it ends with __init__. What is in torch.nn.functional has no weights of its own.",
)
NEW_AT_EVERY_CALL = (
    "layer_new_at_every_call",
    "Parameters are missing, see below, and two calls with the same input, in evaluation mode, give two different "
    "results. A layer that is made in forward does both: it is new at every call, with new random weights, and an "
    "optimizer never finds it. Make each layer once, in __init__, and keep it as self.name. (Dropout in evaluation "
    "does the second alone.)",
)
RETURNS_NOTHING = (
    "returns_nothing",
    "What comes back is None. A function gives None where its last line has no `return`, where the only `return` "
    "stands in a loop or a branch that this call does not enter, and where what is returned is None itself, as "
    "list.append and print give it.",
)


def examine_answer(
    exercise: Exercise, handle: Seam, seed: int, afresh: Callable[[], Seam] | None = None
) -> CheckResult:
    """The verdict on the answer behind `handle`. The same seed gives the same inputs and so the same verdict.

    Args:
        afresh: gives the same answer as if nothing had been asked of it yet, and ends the handle before; by default
            that handle goes on. Where parameters may be identified in several ways, each is tried with another one, so
            that no answer can notice that it is tried again.
    """
    with undisturbed():
        return verdict_on(exercise, handle, seed, afresh or (lambda: handle))


def verdict_on(exercise: Exercise, handle: Seam, seed: int, afresh: Callable[[], Seam]) -> CheckResult:
    matching, ways, first = 0, 1, None
    while matching < ways:
        if matching:
            handle = afresh()
        answer = Witness(exercise, handle, seed, matching)
        failure = first_failure(answer)
        if failure is None:
            return CheckResult("passed", "")
        # of several ways to identify parameters, the one that gets furthest is the one that was meant
        if first is None or failure.index > first[0].index:
            first = failure, answer
        matching, ways = matching + 1, answer.ways
    failure, answer = first
    if answer.handle is not handle:
        answer.handle = afresh()
    kind = failure.seen.value if failure.seen is not None else None
    if isinstance(kind, Failure) and kind.kind in (NOT_STARTED, RAISE_LEFT):
        return verdict_on_a_blank(exercise, kind)
    mistake = recognised(exercise, answer, failure)
    ordinary = what_comes_back(answer) if raised_in(failure) is not None else ""
    evidence = evidence_for(exercise, failure, ordinary)
    pair = pair_in(failure.seen, failure.expected)
    if mistake is None:
        return CheckResult("failed", evidence, pair=pair)
    return CheckResult("failed", f"{mistake[1]}\n{evidence}", mistake[0], pair=pair)


def what_comes_back(answer: Witness) -> str:
    """The exercise's ordinary call in words, if the answer comes back from it; "" if it stops there, too.

    That call alone is spoken of: an answer that stops in one way of calling may stop in others that nobody has tried.
    """
    trial = Trial(answer.handle, answer.exercise, answer.seed, lambda observation: None)
    try:
        call = answer.exercise.make_example(trial)
        return "" if isinstance(call.value(), Failure) else call.text()
    except PropertyEnds:
        return ""
    finally:
        answer.handle.release()


def first_failure(answer: Witness) -> FirstFailure | None:
    """The first property under which something else is seen of the answer than of the reference."""
    expected = reference_witness(answer.exercise, answer.seed)
    for index, one in enumerate(answer.exercise.properties):
        here, there = answer.under(index), expected.under(index)
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
                return FirstFailure(one, index, mine, theirs, found or "something else came back")
    return None


def keeps_nothing(failure: FirstFailure) -> bool:
    """Whether the parameters were looked at, and an answer that should have some has none at all."""
    if failure.seen is None or "parameter" not in failure.seen.label:
        return False
    value = failure.seen.value
    if isinstance(value, Failure):
        return value.kind == "parameters" and not value.error and "no parameters" in value.text
    return value == () and failure.expected.value != ()


def makes_layers_anew(answer: Witness, failure: FirstFailure) -> bool:
    """Whether parameters are missing, and what comes back changes with the random numbers that forward may draw."""
    value = failure.seen.value if failure.seen is not None else None
    if not isinstance(value, Failure) or value.kind != "parameters" or "not found" not in value.line:
        return False
    trial = Trial(answer.handle, answer.exercise, answer.seed, lambda observation: None)
    try:
        call = answer.exercise.make_example(trial)
        one, other = call.value(), call.value()
    except PropertyEnds:
        return False
    finally:
        answer.handle.release()
    if isinstance(one, Failure) or isinstance(other, Failure):
        return False
    return bool(difference(one, other))


def recognised(exercise: Exercise, answer: Witness, failure: FirstFailure) -> tuple[str | None, str] | None:
    """Name and sentence of the mistake, or None: a known mistake that behaves alike, or a symptom that says enough.

    An error that nobody knows has a sentence and no name.
    """
    value = failure.seen.value if failure.seen is not None else None
    if isinstance(value, Failure) and value.kind in RECOGNISED_KINDS:
        return RECOGNISED_KINDS[value.kind]
    # a seed set inside makes everything random look wrong: it is the mistake, whatever it lets fail first
    for index, one in enumerate(exercise.properties):
        if one.name == RESEEDS and any(seen.value is True for seen in answer.under(index)):
            return one.name, one.mistake
    known = known_mistake(answer, failure.index)
    if known is not None:
        return known.name, known.sentence
    if isinstance(value, Failure) and value.error == "unregistered":
        return UNREGISTERED
    if isclass(exercise.answer) and keeps_nothing(failure):
        return NOTHING_KEPT
    if isclass(exercise.answer) and makes_layers_anew(answer, failure):
        return NEW_AT_EVERY_CALL
    if failure.seen is not None and value is None and failure.seen.returned:
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
    if "shape" in failure.expected.label:
        return of_a_shape(value, failure.expected.value)
    return of_a_value(value, failure.expected.value)
