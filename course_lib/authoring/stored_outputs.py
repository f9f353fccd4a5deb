"""What a solution's stored outputs show to those who only read: figures, captions, and text that is not for the author.

The author's prediction is in every solution, and right. "As you predicted" would be told to somebody who was not asked.
"""

import re
import textwrap
from dataclasses import dataclass

from markupsafe import Markup, escape
from nbformat import NotebookNode

from course_lib.checks import LINE

CAPTION = "Figure: "
TO_THE_AUTHOR = re.compile(r"^As you predicted: .*\n?", re.M)


@dataclass(frozen=True)
class Picture:
    """A figure that a cell drew.

    Attributes:
        png: in base 64.
        alt: what is drawn.
        caption: what to see in it; may be empty.
    """

    png: str
    alt: str
    caption: str

    @property
    def html(self) -> Markup:
        caption = Markup("<figcaption>{}</figcaption>").format(self.caption) if self.caption else ""
        picture = Markup('<img alt="{}" src="data:image/png;base64,{}">').format(self.alt, self.png)
        return Markup("<figure>{}{}</figure>").format(picture, caption)


def shown(cell: NotebookNode) -> list[Picture | Markup | str]:
    """What a cell put out, in order: figures, HTML as it is stored, and text."""
    found: list[Picture | Markup | str] = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "text/html" in data:
            html = "".join(data["text/html"])
            if not TO_THE_AUTHOR.search(re.sub(r"<[^>]+>", "\n", html)):
                found.append(Markup(html))
        elif "image/png" in data:
            alt = output.metadata.get("image/png", {}).get("alt", "")
            found.append(Picture("".join(data["image/png"].split()), alt, ""))
        else:
            caption, text = without_caption(output.get("text", data.get("text/plain", "")))
            if caption and found and isinstance(found[-1], Picture):
                found[-1] = Picture(found[-1].png, found[-1].alt, caption)
            if text.strip():
                found.append(text)
    return found


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


def as_html(part: Picture | Markup | str) -> Markup:
    """One output on a page."""
    if isinstance(part, Picture):
        return part.html
    return part if isinstance(part, Markup) else Markup("<pre>{}</pre>").format(escape(part.rstrip()))
