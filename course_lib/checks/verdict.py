"""A verdict as learners see it: text, and the same words as a card where a front end shows HTML."""

import sys
import textwrap
from dataclasses import dataclass
from functools import cached_property

from course_lib.checks.again import CODE
from course_lib.checks.picture import in_a_notebook

# characters that fit beside each other in a notebook's output
LINE = 96
PRINTED = "Your code printed, while it was tried:"


@dataclass(frozen=True)
class Verdict:
    """What a check says.

    Attributes:
        word: "passed", "not yet" or "not started".
        name: of the exercise; "" where what follows the word says it.
        head: what follows both, on the same line.
        message: of the result: the sentence that names the mistake, and the evidence, line by line.
        after: a sentence below the message.
        below: notes below "passed", indented as they are printed.
        printed: the beginning of what the answer printed.
        beside: notes on earlier answers, as they are printed.
        address: of the place to read again; "" where there is none to go to.
        of_the_call: whether it is the call of check that is wrong, and no answer was tried.
    """

    word: str
    name: str = ""
    head: str = ""
    message: str = ""
    after: str = ""
    below: tuple[str, ...] = ()
    printed: str = ""
    beside: tuple[str, ...] = ()
    address: str = ""
    of_the_call: bool = False

    @cached_property
    def text(self) -> str:
        """The words, in lines as a notebook's output is wide; with a line end behind the last."""
        lines = [f"{self.word} · {self.name}{self.head}", *self.below]
        lines += [in_lines(line) for line in (*self.message.splitlines(), *filter(None, [self.after]))]
        if self.printed:
            lines.append(f"{PRINTED} {self.printed}")
        return "".join(f"{line}\n" for line in (*lines, *self.beside))

    def show(self, display_id: str = "", again: bool = False) -> None:
        """Print it; in a notebook, display it as what each front end shows best.

        Args:
            display_id: names the place on the page; with `again`, what stands there is replaced.
        """
        if not in_a_notebook():
            # in a script of the learner's: what the output's encoding does not have becomes a question mark
            encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
            print(self.text.encode(encoding, "replace").decode(encoding), end="")
            return
        from IPython.display import display

        from course_lib.checks.card import card

        sys.stdout.flush()
        place = {"display_id": display_id, "update": again} if display_id else {}
        display({"text/plain": self.text, "text/html": card(self)}, raw=True, **place)


def in_lines(line: str) -> str:
    """A line of a verdict, broken where a notebook would end; code stays in one piece, to be copied."""
    if CODE in line:
        return f"  {line}"
    return textwrap.fill(line, LINE, initial_indent="  ", subsequent_indent="    ")
