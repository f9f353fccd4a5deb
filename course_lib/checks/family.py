"""Exercises that share what holds for them: two layers that change the resolution, two steps of a solver."""

from collections.abc import Callable

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial

Probe = Callable[[Trial], None]


class Family:
    """Properties written once, from the coarse to the fine, and given to each exercise of the family."""

    def __init__(self) -> None:
        self.shared: list[tuple[str, Probe]] = []

    def holds(self, says: str = "") -> Callable[[Probe], Probe]:
        """Mark a property of the family; without `says`, each exercise has words of its own for it."""

        def mark(probe: Probe) -> Probe:
            self.shared.append((says, probe))
            return probe

        return mark

    def hold_for(self, exercise: Exercise, example: Callable[[Trial], Call], **own_words: tuple[str, str]) -> None:
        """Let all this hold for an exercise.

        Args:
            example: one ordinary call, as `Exercise.example`.
            own_words: by the name of a property, what holds and the sentence for whom it fails.
        """
        exercise.example(example)
        for says, probe in self.shared:
            says, mistake = own_words.get(probe.__name__, (says, None))
            exercise.holds(says, mistake=mistake)(probe)
