"""What a learner can see of a failure: what was expected, what went in, what came back, and where to read again."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from course_lib.checks.compare import at_the_first, difference, named, wrong_places
from course_lib.checks.errors import evidence_of
from course_lib.checks.exercise import Exercise, Property
from course_lib.checks.guard import Failure
from course_lib.checks.raised import described
from course_lib.checks.trial import Observation

# what is called short: two of them stand beside each other in a line or two
SHORT = 60
FEW = 12
# what was expected of an answer that gave no value to speak of: whatever was tried, it is about this
EXPECTED_INSTEAD = {"changed its input": "what was given stays as it was", "endless": "your code comes to an end"}

GIVEN_BACK = "your code gives a result back"


@dataclass(frozen=True)
class FirstFailure:
    """The first property that does not hold, and what was seen there of the answer and of the reference."""

    property: Property
    index: int
    seen: Observation | None
    expected: Observation
    difference: str


def evidence_for(exercise: Exercise, failure: FirstFailure, ordinary: str = "") -> str:
    """What was expected, what went in, what came back, and where to read; of an error, what there is to tell of it.

    Args:
        ordinary: a call in words from which the answer comes back, where it stops with an error elsewhere.
    """
    observation, raised, error = failure.seen or failure.expected, raised_in(failure), error_of(failure)
    tried = [f"Tried: {observation.given}."] if observation.given else []
    if raised is not None:
        lines = [*evidence_of(raised), *tried]
        if ordinary and ordinary != observation.given:
            lines.append(f"This one comes back: {ordinary}.")
        if ordinary:
            lines.append(f"What was tried is that {failure.property.says}.")
    else:
        expected = EXPECTED_INSTEAD.get(error.kind if error is not None else "", failure.property.says)
        if observation.value is None and observation.returned:
            expected = GIVEN_BACK
        lines = [f"Expected: {expected}.", *tried, f"Seen: {seen_of(failure)}."]
        if error is not None and error.kind == "raised":
            lines += evidence_of(error)[1:]
        elif error is not None and error.line:
            lines.append(f"In detail: {error.line}")
    lines.append(f"Read again: {exercise.where}" + ("" if exercise.where.endswith("?") else "."))
    return "\n".join(lines)


def raised_in(failure: FirstFailure) -> Failure | None:
    """The error, if that is what came instead of a value."""
    value = failure.seen.value if failure.seen is not None else None
    return value if isinstance(value, Failure) and value.kind == "raised" else None


def error_of(failure: FirstFailure) -> Failure | None:
    """What came instead of a value, or what a yes or no stands for."""
    if failure.seen is None:
        return None
    return failure.seen.value if isinstance(failure.seen.value, Failure) else failure.seen.cause


def seen_of(failure: FirstFailure) -> str:
    """What came back, and where it parts from what was expected."""
    seen, expected = failure.seen, failure.expected
    if seen is not None and seen.cause is not None:
        return f"your code stops with {seen.cause.text}"
    if seen is not None and isinstance(seen.value, Failure) and seen.value.kind in EXPECTED_INSTEAD:
        return f"your code {seen.value.text}"
    label = (seen or expected).label
    if seen is None or isinstance(seen.value, Failure) or isinstance(expected.value, Failure):
        return f"{label}: {failure.difference}"
    value, wanted = seen.value, expected.value
    if seen.label != expected.label:  # something else was looked at, which nothing is there to compare with
        return f"{label}: got {named(value) if value is None else described(value)}"
    if isinstance(wanted, bool) and isinstance(value, bool) and label.startswith("whether "):
        return f"{label}: {'yes' if value else 'no'}"
    if value is None:
        return f"{label}: got {named(value)}"
    if "shape" in label and holds_only(wanted, int):
        return f"{label}: {shapes_differ(value, wanted)}"
    return f"{label}: {values_differ(seen, expected) or failure.difference}"


def shapes_differ(value: Any, expected: tuple) -> str:
    """Two shapes, or two tuples of shapes, beside each other; () is the shape of a single number."""
    yours = "a single number" if value == () else value
    if isinstance(value, str):
        yours = value
    elif not holds_only(value, int):
        yours = f"none, but {named(value)}"
    return f"yours {yours}, expected {'a single number' if expected == () else expected}"


def values_differ(seen: Observation, expected: Observation) -> str:
    """Short values whole, long ones where they first differ; "" where the difference says it better."""
    value, wanted = seen.value, expected.value
    if isinstance(wanted, Tensor):
        if not isinstance(value, Tensor) or value.shape != wanted.shape:
            return ""
        if value.is_floating_point() != wanted.is_floating_point():
            return ""
        if expected.inputs or wanted.ndim != 1 or wanted.numel() > FEW:
            return numbers_differ(value, wanted, expected)
        value, wanted = tuple(value.tolist()), tuple(wanted.tolist())
    return tuples_differ(value, wanted, expected.tolerance)


def tuples_differ(value: Any, wanted: Any, tolerance: float) -> str:
    """Both whole if they are short, else the first part that differs; "" unless both are tuples of numbers."""
    if not (holds_only(value, float) and holds_only(wanted, float)):
        return ""
    mine, theirs = in_a_line(value) or "empty", in_a_line(wanted) or "nothing"
    if max(len(mine), len(theirs)) <= SHORT and mine != theirs:
        return f"yours {mine}; expected {theirs}"
    if len(value) != len(wanted):
        return ""
    pairs = enumerate(zip(value, wanted, strict=True), 1)
    place, one, other = next((place, *pair) for place, pair in pairs if difference(*pair, tolerance))
    found = tuples_differ(one, other, tolerance) or difference(one, other, tolerance)
    return f"value {place} of {len(wanted)}: {found}"


def numbers_differ(value: Tensor, wanted: Tensor, expected: Observation) -> str:
    """Where two tensors of one shape first differ, and what the number there is made from; "" where that is unknown."""
    wrong = wrong_places(value, wanted, expected.tolerance)
    # a number that is none says more by how many there are
    if not expected.inputs or not wrong.any() or not value.isfinite().all():
        return ""
    where = tuple(int(index) for index in wrong.nonzero()[0])
    parts = {name: at_place(given, where, tuple(wanted.shape)) for name, given in expected.inputs.items()}
    parts = {name: text for name, text in parts.items() if text}
    texts = list(parts.values()) if len(expected.inputs) == 1 else [" ".join(part) for part in parts.items()]
    return at_the_first(
        wrong, value, wanted, " and ".join(part for part in (", ".join(texts[:-1]), *texts[-1:]) if part)
    )


def at_place(given: Any, where: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """The number of an argument that belongs to a place of the result: an image's own, where it has fewer axes."""
    if not isinstance(given, Tensor):
        return in_a_line(given) if isinstance(given, int | float) else ""
    if given.shape != shape[: given.ndim]:
        return ""
    return in_a_line(given[where[: given.ndim]].item())


def holds_only(value: Any, kind: type) -> bool:
    """Whether it is a tuple of numbers, however deep: whole ones where `kind` is int."""
    if not isinstance(value, tuple):
        return False
    return all(
        holds_only(item, kind) if isinstance(item, tuple) else isinstance(item, int | kind) and item is not None
        for item in value
    )


def in_a_line(value: Any, outermost: bool = True) -> str:
    if not isinstance(value, tuple):
        return f"{value:.4g}" if isinstance(value, float) else str(value)
    inside = ", ".join(in_a_line(item, False) for item in value)
    return inside if outermost else f"({inside})"
