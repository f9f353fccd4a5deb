"""What one look at the machine found, and how it is written."""

import textwrap
from dataclasses import dataclass

OK, WARN, FAIL = "OK", "WARN", "FAIL"
WIDTH = 100
INDENT = " " * 7  # as wide as "[FAIL] "


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        status: OK; WARN: the course works, and something could be better; FAIL: a part of it will not work.
        name: what was looked at.
        text: what was seen.
        advice: what to do about it; empty where nothing is to be done.
        details: lines that belong to it, printed below.
    """

    status: str
    name: str
    text: str
    advice: str = ""
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        first = f"[{self.status}]".ljust(len(INDENT)) + f"{self.name}: {self.text}"
        lines = [textwrap.fill(first, WIDTH, subsequent_indent=INDENT, break_on_hyphens=False)]
        lines += [INDENT + "  " + detail for detail in self.details]
        if self.advice:
            advice = f"{INDENT}What to do: {self.advice}"
            lines.append(textwrap.fill(advice, WIDTH, subsequent_indent=INDENT, break_on_hyphens=False))
        return "\n".join(lines)
