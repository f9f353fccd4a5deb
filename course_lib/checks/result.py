"""What an examination answers with."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["passed", "failed", "not started"]


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one answer.

    Attributes:
        status: "passed", "failed" or "not started".
        message: one or more sentences for the learner; empty only for a plain pass.
        misconception: the name of the mistake that was recognised, None where none was.
    """

    status: Status
    message: str
    misconception: str | None = None
