"""What a solution's stored outputs show to those who only read: figures, captions, and text that is not for the author.

The author's prediction is in every solution, and right. "As you predicted" would be told to somebody who was not asked.
"""

import re
import textwrap
from dataclasses import dataclass

from markupsafe import Markup, escape
from nbformat import NotebookNode
from nbformat.v4 import new_output

from course_lib.checks import LINE

CAPTION = "Figure: "
TO_THE_AUTHOR = re.compile(r"^\s*As you predicted: .*\n?", re.M)


@dataclass(frozen=True)
class Part:
    """Something that a cell put out, as HTML; `lines` is how many lines of text it is, 0 for a figure."""

    html: Markup
    lines: int = 0


def shown(cell: NotebookNode) -> list[Part]:
    """What a cell put out, in order: each figure with its caption, HTML as it is stored, and text."""
    found: list[Part] = []
    outputs = list(cell.get("outputs", []))
    for output, following in zip(outputs, [*outputs[1:], NotebookNode()], strict=False):
        data = output.get("data", {})
        html = "".join(data.get("text/html", ""))
        if html and not is_to_the_author(html):
            found.append(Part(Markup(html)))
        elif "image/png" in data:
            alt = output.metadata.get("image/png", {}).get("alt", "")
            found.append(
                Part(figure("".join(data["image/png"].split()), alt, without_caption(following.get("text", ""))[0]))
            )
        elif output.output_type == "stream":
            text = without_caption(output.text)[1]
            if text.strip():
                found.append(Part(Markup("<pre>{}</pre>").format(text.rstrip()), len(text.splitlines())))
    return found


def figure(png: str, alt: str, caption: str) -> Markup:
    """A figure as HTML; `png` is in base 64."""
    picture = Markup('<img alt="{}" src="data:image/png;base64,{}">').format(alt, png)
    below = Markup("<figcaption>{}</figcaption>").format(caption) if caption else ""
    return Markup("<figure>{}{}</figure>").format(picture, below)


def for_readers(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs as a reader of the lesson gets them: captions in the page's own type, nothing said to the author."""
    made = []
    for output in outputs:
        html = "".join(output.get("data", {}).get("text/html", ""))
        if output.output_type == "stream":
            caption, text = without_caption(output.text)
            if caption:
                made.append(new_output("display_data", {"text/html": f'<p class="caption">{escape(caption)}</p>'}))
            if text.strip():
                made.append(NotebookNode({**output, "text": text}))
        elif not is_to_the_author(html):
            made.append(output)
    return made


def is_to_the_author(html: str) -> bool:
    return bool(TO_THE_AUTHOR.search(re.sub(r"<[^>]+>", "\n", html)))


def without_caption(text: str) -> tuple[str, str]:
    """The caption that `show` printed within a text, and the rest, without what was said to the author.

    >>> without_caption("Figure: a boot.\\nAs you predicted: 3.\\n7 of 8\\n")
    ('a boot.', '7 of 8\\n')
    """
    lines = TO_THE_AUTHOR.sub("", text).splitlines(keepends=True)
    begin = next((place for place, line in enumerate(lines) if line.startswith(CAPTION)), None)
    if begin is None:
        return "", "".join(lines)
    end = begin + 1
    # `show` wraps: a line goes on where the next word had no room
    while end < len(lines) and lines[end].strip() and goes_on(lines[end - 1], lines[end]):
        end += 1
    caption = " ".join("".join(lines[begin:end]).split()).removeprefix(CAPTION)
    return caption, "".join(lines[:begin] + lines[end:])


def goes_on(line: str, following: str) -> bool:
    """Whether `textwrap` could have broken a paragraph between these two lines."""
    together = f"{line.rstrip()} {following.split()[0]}"
    return len(textwrap.wrap(together, LINE)) > 1
