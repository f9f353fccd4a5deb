"""Tell a learner within a second whether an answer is right, and if not, which mistake it is.

    ResidualBlock = check(ResidualBlock)     # says the verdict, returns what to go on with
    examine(ResidualBlock)                   # the same verdict as data: CheckResult

How an answer is judged:

 1. its name says which exercise it answers, and only that one's files are read          registry.py
 2. the exercise lists properties: one probe each, in the order of coarse to fine          exercise.py, properties.py
 3. a probe draws fresh inputs from a seed and calls the answer                            trial.py
 4. it can reach the answer by five calls only, of which data come back                    seam.py, handle.py
 5. under guard: no endless loop, no output, no changed random state gets out              guard.py, raised.py
 6. all that is seen is compared with what the same probes see of the reference            witness.py, compare.py
 7. the first property that differs has failed; none: passed                               examination.py
 8. after a failure the known mistakes are read and compared on the same inputs            mistakes.py
 9. one that agrees in enough gives the sentence; else a symptom, or the property's own     naming.py, symptoms.py
    an error is answered as an error: what it means, the line, and what was in it          errors.py, errors.toml
10. below it the evidence: expected, tried, seen, and where to read again                  evidence.py
11. and a line that gives the same verdict once more                                        again.py
12. said as text, and where a front end shows HTML as a card of the same words              verdict.py, card.py
13. in a notebook, where an image or a matrix is wrong, a picture of the two                picture.py

Beside the way: which parameter is which (weights.py), exercises that share properties (family.py), models for answers
that take one (stand_ins.py) and the mode in which they come back (modes.py), a name that holds the reference
(last_answers.py), what is kept of a passed answer (my_work.py, standalone.py) and tried (kept_trial.py), what is said
below "passed" (further.py), the journal of one's own progress (course_lib/progress).
"""

import inspect
import random
import textwrap
import types
from dataclasses import replace
from numbers import Integral
from typing import Any

from torch import nn

from course_lib.checks.again import LARGEST_SEED, meant_by, remember, repeated_by
from course_lib.checks.examination import examine_answer
from course_lib.checks.exercise import Exercise
from course_lib.checks.last_answers import is_the_reference, note_the_last, sentence_for_the_reference
from course_lib.checks.lent_layers import handle_of
from course_lib.checks.picture import in_a_notebook, show
from course_lib.checks.read_again import address_of
from course_lib.checks.registry import find_exercise
from course_lib.checks.result import CheckResult
from course_lib.checks.verdict import LINE, Verdict
from course_lib.defaults import usual_defaults
from course_lib.docstrings import check_docstrings

__all__ = ["CheckResult", "check", "examine"]

IN_ORDER = {True: "write it before that", False: "everything below runs"}
WORDS = {"passed": "passed", "not started": "not started", "failed": "not yet"}


def examine(obj: Any, exercise: str | None = None, *, seed: int | None = None) -> CheckResult:
    """The verdict on an answer, as data. Never raises because of what the answer does.

    Args:
        obj: the answer: a class or a function.
        exercise: name of the exercise, such as "ResidualBlock" or "DDPM.add_noise"; by default the object's own name.
        seed: of the inputs, from 0 to 2^32 - 1; by default they are new each time. The seed that a verdict names
            repeats that verdict, also when the reference has taken the place of the answer since.
    """
    try:
        found, seed = asked_for(obj, exercise, seed)
    except ValueError as error:
        return CheckResult("failed", f"{error}.")
    return examine_for(found, meant_by(found, unbound(found, obj), seed), seed)[0]


def check(obj: Any, exercise: str | None = None, *, seed: int | None = None) -> Any:
    """Say the verdict on an answer and return what the notebook goes on with.

    Args: see `examine`.
    Returns: the answer itself if it passed, and for a step of another exercise always; otherwise the reference, so that
        the rest of the notebook runs. Passed answers are kept in the folder my_work, see `course_lib.checks.my_work`.
    """
    from course_lib.checks.further import below_passed
    from course_lib.checks.kept_trial import BESIDE, in_brackets
    from course_lib.checks.my_work import keep
    from course_lib.progress.journal import note

    try:
        found, seed = asked_for(obj, exercise, seed)
    except ValueError as error:
        Verdict("not yet", head=f"{error}.", of_the_call=True).show()
        return obj
    given, obj = obj, unbound(found, obj)
    if is_the_reference(found, obj):
        said = textwrap.fill(f"not yet · {sentence_for_the_reference(found)}", LINE, subsequent_indent="  ")
        Verdict("not yet", head=said.removeprefix("not yet · ")).show()
        return bound_like(given, obj, found.answer)
    note_the_last(found, obj)
    result, printed = examine_for(found, obj, seed)
    note(found, obj, result)
    said = {"name": found.name, "printed": printed}
    answer = obj if found.step_of else found.answer
    if result.status == "passed":
        answer = obj
        beside_it = textwrap.fill(below_passed(found, obj), LINE, initial_indent="  ", subsequent_indent="  ")
        said |= {"head": ". The notebook goes on with yours.", "below": (beside_it, *keep(found, obj))}
    elif result.status == "not started":
        below = f"{found.step_of} is made of it" if found.step_of else "The reference takes its place"
        said |= {"head": f": still blank. {below}, so {IN_ORDER[bool(found.step_of)]}.", "printed": ""}
    else:
        remember(found, obj, result.seed)
        after = "Until it passes, the reference takes its place below."
        if found.step_of:
            after = f"{found.step_of} is made of this step, of yours: mend it before you go on."
        said |= {"message": result.message, "after": after, "address": address_of(found)}
    BESIDE.show(found.name, Verdict(WORDS[result.status], **said, beside=tuple(map(in_brackets, BESIDE.found()))))
    if result.pair is not None and in_a_notebook():
        show(result.pair)
    return bound_like(given, obj, answer)


def examine_for(exercise: Exercise, obj: Any, seed: int | None = None) -> tuple[CheckResult, str]:
    """The verdict, and the beginning of what the answer printed meanwhile."""
    refused = wrong_kind(exercise, obj)
    if refused:
        return CheckResult("failed", refused), ""
    handle = handle_of(exercise, obj, exercise.seconds)
    seed = random.SystemRandom().randrange(LARGEST_SEED) if seed is None else seed
    with usual_defaults():
        result = replace(examine_answer(exercise, handle, seed), seed=seed)
    if result.status == "failed":
        result = replace(result, message=f"{result.message}\n{repeated_by(exercise, obj, seed)}".rstrip())
    printed = handle.output.kept.strip()
    if handle.output.count > len(handle.output.kept):
        printed += f" ... ({handle.output.count:,} characters in all; only the beginning is shown)"
    return result, printed


def asked_for(obj: Any, exercise: str | None, seed: int | None) -> tuple[Exercise, int | None]:
    """The exercise and the seed that a call means. Raises: ValueError that says to whoever called what cannot be."""
    check_docstrings()
    return find_exercise(obj, exercise), checked_seed(seed)


def checked_seed(seed: int | None) -> int | None:
    """The seed as Python's own int. Raises: ValueError for what the generators of torch and numpy do not both take."""
    if seed is None:
        return None
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed < 2**32:
        raise ValueError(f"seed is {seed!r}; allowed: a whole number from 0 to {2**32 - 1}")
    return int(seed)


def unbound(exercise: Exercise, obj: Any) -> Any:
    """`obj`, or the function behind a method that is already bound to an object: DDPM().step is DDPM.step."""
    return obj.__func__ if exercise.method and inspect.ismethod(obj) else obj


def bound_like(given: Any, obj: Any, answer: Any) -> Any:
    """`answer`, bound as the method was that was given for `obj`: whoever calls it need not know the verdict."""
    return answer if obj is given else types.MethodType(answer, given.__self__)


def wrong_kind(exercise: Exercise, obj: Any) -> str:
    """A sentence if `obj` cannot be an answer at all: an instance instead of its class, a number, nothing."""
    wants_class = inspect.isclass(exercise.reference) and not exercise.method
    if wants_class and not inspect.isclass(obj):
        if isinstance(obj, nn.Module):
            return f"This is an object; check wants the class itself: check({exercise.name}), without brackets behind."
        return f"check wants the class {exercise.name}, and got an object of type {type(obj).__name__}."
    if not wants_class and not callable(obj):
        return f"check wants the function {exercise.name}, and got an object of type {type(obj).__name__}."
    return ""
