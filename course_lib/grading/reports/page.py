"""What the HTML reports share. Every page is one file: no script, no picture, nothing from another place.

A page is a template in templates/, and whatever is put into one becomes text there: autoescape is on.
"""

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from course_lib.grading.marks import Mark
from course_lib.grading.plain_text import visible
from course_lib.grading.reading.catalogue import Item
from course_lib.grading.reports.tables import tidy

TEMPLATES = Path(__file__).with_name("templates")
STYLE = (TEMPLATES / "style.css").read_text(encoding="utf-8")

# status -> (letter in the heat map, class of its colour, what it means)
STATUSES = {
    "passed": ("✓", "passed", "right"),
    "failed": ("✗", "failed", "tried, and not right yet"),
    "not attempted": ("○", "blank", "not started, or only imported from the course"),
    "missing": ("-", "absent", "the notebook or the cell was not handed in"),
    "timeout": ("T", "stopped", "did not come to an end"),
    "memory": ("M", "stopped", "needed too much memory"),
    "crashed": ("C", "stopped", "ended the process it ran in"),
    "unreadable": ("U", "stopped", "the file could not be read"),
    "not followed": ("?", "error", "may be right, and could not be run here; look at it yourself"),
    "marking error": ("!", "error", "could not be marked; look at it yourself"),
}


def render(template: str, **values: object) -> str:
    """A whole page as HTML."""
    return environment().get_template(template).render(values)


@cache
def environment() -> Environment:
    """Where templates are found and what they may use. A name that a template misspells is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["STATUSES"] = STATUSES
    made.filters["prose"] = prose
    made.filters["tidy"] = tidy
    return made


def printable(value: object) -> object:
    """A value as a page shows it: what a learner writes may hold characters that no page can."""
    if isinstance(value, Markup):
        return value
    return visible(str(value))


def prose(markdown: str) -> Markup:
    """A hint's text: code in backticks and in fences, emphasis, paragraphs."""
    parts = re.split(r"```[a-z]*\n(.*?)```", markdown, flags=re.DOTALL)
    out = []
    for place, part in enumerate(parts):
        if place % 2:
            out.append(Markup("<pre>{}</pre>").format(printable(part.rstrip())))
            continue
        for paragraph in re.split(r"\n\s*\n", part):
            if paragraph.strip():
                safe = str(escape(printable(paragraph.strip())))
                safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
                safe = re.sub(r"[*][*]([^*]+)[*][*]", r"<strong>\1</strong>", safe)
                out.append(Markup(f"<p>{safe}</p>"))
    return Markup("\n").join(out)


def next_hint(item: Item, mark: Mark) -> tuple[str, str] | None:
    """The hint to read next: the first for who has not begun, the second for who has. None where none would help."""
    if mark.status in ("passed", "missing", "unreadable", "not followed", "marking error") or not item.hints:
        return None
    place = 0 if mark.status == "not attempted" else 1
    return item.hints[min(place, len(item.hints) - 1)]
