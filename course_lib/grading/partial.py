"""How much of an answer is right: which of an exercise's properties hold, each looked at by itself."""

from collections.abc import Callable

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import undisturbed
from course_lib.checks.seam import Seam
from course_lib.checks.trial import Observation
from course_lib.checks.witness import Witness, reference_witness


def properties_held(exercise: Exercise, handle: Seam, seed: int, afresh: Callable[[], Seam]) -> int:
    """How many properties show of the answer what they show of the reference, its parameters read in the best way."""
    with undisturbed():
        expected = reference_witness(exercise, seed)
        most, matching, ways = 0, 0, 1
        while matching < ways:
            handle = afresh() if matching else handle
            answer = Witness(exercise, handle, seed, matching)
            held = [alike(answer.under(at), expected.under(at)) for at in range(len(exercise.properties))]
            most, matching, ways = max(most, sum(held)), matching + 1, answer.ways
        return most


def alike(here: list[Observation], there: list[Observation]) -> bool:
    return len(here) == len(there) and all(
        mine.label == theirs.label and not difference(mine.value, theirs.value, theirs.tolerance)
        for mine, theirs in zip(here, there, strict=True)
    )
