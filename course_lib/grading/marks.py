"""What marking works with: a learner's answer to one exercise, the mark it gets, and all marks of a learner."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from course_lib.grading.similarity import Fingerprint

Status = Literal[
    "passed",
    "failed",
    "not attempted",
    "missing",
    "timeout",
    "memory",
    "crashed",
    "unreadable",
    "not followed",
    "marking error",
]

# a remark for who fetches the very part that was to be written
REIMPORTS = "only re-imports the reference"


@dataclass(frozen=True)
class Answer:
    """A learner's code for one exercise, complete enough to be run by itself.

    Attributes:
        exercise: as in the registry, "ResidualBlock" or "DDPM.add_noise".
        defines: the name that the code leaves the answer under, "ResidualBlock" or "add_noise".
        code: Python source: the imports, helpers and constants it needs, then the definition. Never the check cell.
        shown: the exercise cell's own text, for the report.
        modules: sources of the learner's own modules, handed in beside the notebook, by their dotted names.
        doubt: why a name that the code lacks may have had a value in the notebook; "" where nothing speaks for it.
    """

    exercise: str
    defines: str
    code: str
    shown: str
    modules: Mapping[str, str] = field(default_factory=dict)
    doubt: str = ""


@dataclass(frozen=True)
class Mark:
    """What one answer is worth, and why.

    Attributes:
        exercise: see `Answer`.
        status: "passed" is worth the exercise's point, everything else nothing. "not followed" is what may be right
            and cannot be marked here, for the reason in the message: to be looked at by hand.
        message: the sentences of the check, for the learner; empty for a plain pass.
        misconception: the name of the recognised mistake, None where there was none.
        remark: what the instructor should know besides, such as "only re-imports the reference".
        held: of an answer that is not right, how many properties hold and how many there are; None where not counted.
    """

    exercise: str
    status: Status
    message: str = ""
    misconception: str | None = None
    remark: str = ""
    held: tuple[int, int] | None = None

    @property
    def in_words(self) -> str:
        """ "failed (zero_to_one)": the status, and the mistake where there is one."""
        return self.status + (f" ({self.misconception})" if self.misconception else "")


@dataclass(frozen=True)
class Result:
    """One exercise of one learner.

    Attributes:
        mark: what it is worth, and why.
        lesson: two digits; file: the notebook it stood in; shown: the cell's own text, "" where there was none.
        print: for the comparison with others, None where there is nothing to compare.
    """

    mark: Mark
    lesson: str
    file: str = ""
    shown: str = ""
    print: Fingerprint | None = None


@dataclass(frozen=True)
class Graded:
    """One learner's marks.

    Attributes:
        learner, number, source: see `Submission`.
        files: the notebooks that were read; problems: sentences on those that were not.
        results: one for every exercise, in the order of the course.
        kind, late, changed: see `Submission`; "" where it is not known whose number it is.
    """

    learner: str
    number: str
    source: str
    files: tuple[str, ...]
    problems: tuple[str, ...]
    results: tuple[Result, ...]
    kind: str = ""
    late: bool = False
    changed: str = ""

    @property
    def counted(self) -> tuple[str, ...]:
        """The files that an answer was taken from; of the others, an earlier version counted less."""
        taken = {result.file for result in self.results}
        return tuple(file for file in self.files if file in taken)

    @property
    def points(self) -> int:
        return sum(result.mark.status == "passed" for result in self.results)
