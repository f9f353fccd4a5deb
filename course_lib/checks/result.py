"""What an examination answers with."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from course_lib.checks.picture import Pair

Status = Literal["passed", "failed", "not started"]


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one answer.

    Attributes:
        status: "passed", "failed" or "not started".
        message: one or more sentences for the learner; empty only for a plain pass.
        misconception: the name of the mistake that was recognised, None where none was.
        seed: of the inputs it was tried on, where the answer is in this process.
        pair: what was expected and what came, where a picture shows more than words.
    """

    status: Status
    message: str
    misconception: str | None = None
    seed: int | None = field(default=None, compare=False)
    pair: "Pair | None" = field(default=None, compare=False, repr=False)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows where a cell ends with a verdict: its words, line by line."""
        printer.text("\n".join([self.status, *(f"  {line}" for line in self.message.splitlines())]))

    def _repr_html_(self) -> str:
        """The same words where a front end shows HTML."""
        from course_lib.checks.card import card
        from course_lib.checks.verdict import Verdict

        return card(Verdict(self.status, message=self.message))
