"""A verdict as a piece of HTML that stands by itself: a badge by colour and shape, the mistake, the evidence.

It takes its text's colour, its lines and its types from the page it stands in, so it is as light or as dark as that; a
badge brings both of its colours along. Whatever a learner's code has said becomes text there: autoescape is on.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from course_lib.checks.again import CODE
from course_lib.checks.verdict import PRINTED, Verdict
from course_lib.visible_text import visible

TEMPLATES = Path(__file__).with_name("templates")
# how evidence begins, see evidence.py and errors.py
LABELS = (
    *("Expected", "Tried", "Seen", "In detail", "Read again"),
    *("The error", "In your line", "There", "It stops in", "Spelled alike"),
)
ROW = re.compile(rf"({'|'.join(LABELS)}): (.*)", re.DOTALL)
OF_CODE = ("In your line:", "It stops in:")
FIRST_SENTENCE = re.compile(r"(.+?[.?!])\s+(?=[A-Z`(])(.*)", re.DOTALL)
# a word that a sentence stresses, as in a terminal, where it stays so
STRESSED = re.compile(r"(?<![\w*])\*(\w(?:[\w ]*\w)?)\*(?![\w*])")
STRESS = r'<em><span class="uc-dot">*</span>\1<span class="uc-dot">*</span></em>'
# characters and lines from which on a text is folded, and how many of them stay to be seen
LONG, SHOWN = 300, 200
MANY_LINES, SHOWN_LINES = 8, 5

SIGNS = {"passed": "✓", "not-yet": "↻", "not-started": "○", "error": "!"}


@dataclass(frozen=True)
class Row:
    """One line of the evidence; what says more about the line above it has no label."""

    label: str
    text: str

    @property
    def is_code(self) -> bool:
        return self.label in OF_CODE


def card(verdict: Verdict) -> str:
    """The words of `verdict.text` as HTML, safe whatever they hold."""
    lines = verdict.message.splitlines()
    again = next((line for line in lines if CODE in line), "")
    lines = [line for line in lines if line is not again]
    first = next((place for place, line in enumerate(lines) if ROW.match(line)), len(lines))
    sentence, rows = " ".join(lines[:first]), [row_of(line) for line in lines[first:]]
    bold, plain = sentence, ""
    if found := FIRST_SENTENCE.fullmatch(sentence):
        bold, plain = found.groups()
    look = "not-yet" if verdict.word == "failed" else verdict.word.replace(" ", "-")
    if verdict.of_the_call or any(row.label == "The error:" for row in rows):
        look = "error"
    return template().render(
        look=look,
        sign=SIGNS[look],
        word=verdict.word,
        name=verdict.name,
        head=verdict.head,
        bold=bold,
        plain=plain,
        rows=rows,
        again=again,
        after=verdict.after,
        address=verdict.address,
        below=verdict.below,
        printed_says=PRINTED,
        printed=verdict.printed,
        beside=verdict.beside,
    )


def row_of(line: str) -> Row:
    found = ROW.match(line)
    return Row(f"{found[1]}:", found[2]) if found else Row("", line)


def halves(text: str) -> tuple[str, str]:
    """What is seen of a text at once, and what is folded: "" unless it is long.

    >>> halves("short")
    ('short', '')
    """
    lines = text.splitlines(keepends=True)
    if len(text) <= LONG and len(lines) <= MANY_LINES:
        return text, ""
    begin = "".join(lines[:SHOWN_LINES])[:SHOWN]
    place = max(begin.rfind(" "), begin.rfind("\n"))
    place = place if place > 0 else len(begin)
    return text[:place], text[place:]


def stressed(text: str) -> Markup:
    """Words between stars as a page stresses them; everything else stays text."""
    return Markup(STRESSED.sub(STRESS, str(escape(visible(text)))))


@cache
def template() -> Template:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["halves"] = halves
    made.filters["stressed"] = stressed
    made.globals["style"] = Markup((TEMPLATES / "verdict.css").read_text(encoding="utf-8").strip())
    return made.get_template("verdict.html")
