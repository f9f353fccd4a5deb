"""What marking works with: a learner's answer to one exercise, and the mark it gets."""

from dataclasses import dataclass
from typing import Literal

Status = Literal[
    "passed",
    "failed",
    "not attempted",
    "missing",
    "timeout",
    "memory",
    "crashed",
    "unreadable",
    "marking error",
]


@dataclass(frozen=True)
class Answer:
    """A learner's code for one exercise, complete enough to be run by itself.

    Attributes:
        exercise: as in the registry, "ResidualBlock" or "DDPM.add_noise".
        defines: the name that the code leaves the answer under, "ResidualBlock" or "add_noise".
        code: Python source: the imports, helpers and constants it needs, then the definition. Never the check cell.
        shown: the exercise cell's own text, for the report.
    """

    exercise: str
    defines: str
    code: str
    shown: str


@dataclass(frozen=True)
class Mark:
    """What one answer is worth, and why.

    Attributes:
        exercise: see `Answer`.
        status: "passed" is worth the exercise's point, everything else nothing.
        message: the sentences of the check, for the learner; empty for a plain pass.
        misconception: the name of the recognised mistake, None where there was none.
        remark: what the instructor should know besides, such as "only re-imports the reference".
    """

    exercise: str
    status: Status
    message: str = ""
    misconception: str | None = None
    remark: str = ""
