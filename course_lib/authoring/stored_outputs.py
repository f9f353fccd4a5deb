"""What a solution's stored outputs show to those who only read: figures, verdicts, and text that is not for the author.

The author's prediction is in every solution, and mostly right. "As you predicted" would be told to somebody who was not
asked.
"""

import re
from dataclasses import dataclass

from markupsafe import Markup
from nbformat import NotebookNode

TO_THE_AUTHOR = re.compile(r"As you predicted: |You predicted ")


@dataclass(frozen=True)
class Part:
    """Something that a cell put out, as HTML; `lines` is how many lines of text it is, 0 for a figure."""

    html: Markup
    lines: int = 0


def shown(cell: NotebookNode) -> list[Part]:
    """What a cell put out, in order: figures and other HTML as it is stored, and text."""
    found: list[Part] = []
    for output in for_readers(cell.get("outputs", [])):
        if output.output_type == "stream":
            found.append(Part(Markup("<pre>{}</pre>").format(output.text.rstrip()), len(output.text.splitlines())))
        elif page := html_of(output):
            found.append(Part(Markup(page)))
    return found


def for_readers(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs as a reader of the lesson gets them: nothing said to the author."""
    return [output for output in outputs if not is_to_the_author(output)]


def only_says_how_it_went(cell: NotebookNode) -> bool:
    """Whether a cell is folded, and has nothing to say but to the author."""
    folded = cell.get("metadata", {}).get("jupyter", {}).get("source_hidden", False)
    outputs = cell.get("outputs", [])
    return folded and bool(outputs) and not for_readers(outputs)


def is_to_the_author(output: NotebookNode) -> bool:
    plain = re.sub(r"<[^>]+>", "", html_of(output)) or "".join(output.get("data", {}).get("text/plain", ""))
    return bool(TO_THE_AUTHOR.match(plain.strip()))


def html_of(output: NotebookNode) -> str:
    return "".join(output.get("data", {}).get("text/html", ""))
