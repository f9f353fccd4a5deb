"""What to say where an answer came upon a blank: nothing written yet, half of it, a raise left, another's blank."""

from course_lib.checks.blank import RAISE_LEFT, STILL_BLANK, WITHHELD
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.result import CheckResult


def verdict_on_a_blank(exercise: Exercise, failure: Failure) -> CheckResult:
    """The verdict on an answer that stopped in a blank, its own or one that it calls."""
    if failure.text.endswith(WITHHELD):
        return CheckResult("not started", failure.text)
    names = failure.text.split(", ")
    if names[0] != exercise.name and is_step(names[0], exercise):
        return CheckResult(
            "failed",
            f"Your {exercise.name} calls {names[0]}, which {STILL_BLANK}. Write that one first.",
            "calls_a_blank",
        )
    if not belongs_to(names[0], exercise):
        return CheckResult(
            "failed",
            f"Your {exercise.name} calls {names[0]}, which {STILL_BLANK}. Write that one first; or run the check "
            f"behind it, so that the reference takes its place.",
            "calls_a_blank",
        )
    if failure.kind == RAISE_LEFT:
        return CheckResult(
            "failed",
            f"The blank's own line `raise NotImplementedError(...)` is still there in {names[0]}, and Python stops at "
            f"it. Delete that line, and check again: what you have written counts from then on.",
            "raise_left_in_blank",
        )
    if any(name not in names for name in blanks_of(exercise)):
        return CheckResult(
            "failed",
            f"{' and '.join(names)} {STILL_BLANK}. The methods of a class are tried together: write that one too.",
            "half_written",
        )
    return CheckResult("not started", f"{' and '.join(names)} {STILL_BLANK if len(names) == 1 else 'are still blank'}.")


def belongs_to(name: str, exercise: Exercise) -> bool:
    """ "ResidualBlock.forward" to ResidualBlock. A method's blank that nbgrader left bears the method's name alone."""
    return name in (exercise.name, exercise.method) or name.startswith(f"{exercise.name}.")


def is_step(name: str, exercise: Exercise) -> bool:
    """Whether a name is that of another exercise, which this one is made of."""
    from course_lib.checks.registry import named

    found = named(name)
    return found is not None and found.step_of == exercise.name


def blanks_of(exercise: Exercise) -> list[str]:
    """Where an exercise has several blanks, their names, as the lesson's text has them."""
    from course_lib.progress.outline import planned

    place = planned(exercise.lesson, exercise.name)
    methods = place.blank if place else ()
    return [f"{exercise.name}.{method}" for method in methods] if len(methods) > 1 else []
