"""What an examination answers with."""

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["passed", "failed", "not started"]


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one answer.

    Attributes:
        status: "passed", "failed" or "not started".
        message: one or more sentences for the learner; empty only for a plain pass.
        misconception: the name of the mistake that was recognised, None where none was.
        seed: of the inputs it was tried on, where the answer is in this process.
    """

    status: Status
    message: str
    misconception: str | None = None
    seed: int | None = field(default=None, compare=False)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows where a cell ends with a verdict: its words, line by line."""
        printer.text("\n".join([self.status, *(f"  {line}" for line in self.message.splitlines())]))
