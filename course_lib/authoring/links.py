"""Links in a lesson's prose: what it names ("lesson 05", "section 3.6", a paper) leads there, in every front end.

lesson.md stays readable: it says "section 3.6", and the build makes the link. Headings, code, formulas, HTML and links
that are written out stay as they are.
"""

import re
from itertools import pairwise

from course_lib.authoring.source import Lesson, lesson_sources
from course_lib.links import references
from course_lib.links.addresses import HEADING
from course_lib.progress.outline import read_outline

# what is left alone, as CommonMark and the front ends' formulas have it
LEFT_ALONE = re.compile(
    r"""
      ^[ ]{0,3}(?P<fence>`{3,}|~{3,}).*?(?:^[ ]{0,3}(?P=fence)[^\n]*$|\Z)   # a block of code
    | ^[ ]{0,3}\#{1,6}[ ][^\n]*$                                            # a heading
    | ^[ ]{0,3}<(?:/?[A-Za-z]|!--)[^\n]*(?:\n[ \t]*\S[^\n]*)*               # HTML, to the next empty line
    | (?:\A|(?<=\n\n))(?:[ ]{4}|\t)[^\n]*                                   # a block of code that is indented
    | (?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)                            # code within a line
    | \$\$.+?\$\$ | (?<![\\$])\$(?![\s$])[^$\n]*?(?<!\s)\$                  # formulas
    | !?\[(?:[^\[\]]|\[[^\[\]]*\](?:\([^()]*\))?)*\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]\n]*\])  # links, pictures
    | <[^>\n]+> | https?://\S+
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
READING = re.compile(r"^#{1,6}[ ]Further[ ]reading[^\n]*$", re.MULTILINE)


def linked(text: str, lesson: str) -> str:
    """A cell of prose whose references are links.

    Args:
        text: Markdown.
        lesson: the notebook that the cell stands in, "03_residual_block": it is not linked as a whole.
    """
    left_alone = [match.span() for match in LEFT_ALONE.finditer(text)]
    reading = READING.search(text)
    own = f"{lesson}.ipynb"
    for found in reversed(references(text)):
        within = any(start < found.end and found.start < end for start, end in left_alone)
        # behind this heading, sections are those of papers, unless they can be the lesson's own
        elsewhere = "#cell-id=" in found.address and not found.address.startswith(own)
        of_a_paper = elsewhere and reading is not None and found.start > reading.end()
        if within or of_a_paper or found.address == own:
            continue
        text = f"{text[: found.start]}[{text[found.start : found.end]}]({found.address}){text[found.end :]}"
    return text


def parts(text: str) -> list[str]:
    """A cell of prose in parts: each heading that something can lead to begins one."""
    fences = [match.span() for match in LEFT_ALONE.finditer(text) if match["fence"]]
    starts = [
        match.start()
        for match in HEADING.finditer(text)
        if not any(start <= match.start() < end for start, end in fences)
    ]
    return [part for start, end in pairwise([0, *starts, len(text)]) if (part := text[start:end].strip("\n"))]


def way_on(lesson: Lesson) -> str:
    """The line that leads to the lessons before and after this one, as Markdown."""
    before, after = neighbours(lesson.name)
    return " · ".join(
        f"{word}: [lesson {name[:2]}, {title}]({name}.ipynb)"
        for word, (name, title) in (("Previous", before), ("Next", after))
        if name
    )


def neighbours(lesson: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Notebook and short title of the lesson before and of the one after; empty where there is none."""
    nobody = ("", "")
    everyone = [(source.name, short_title(read_outline(source.path).title)) for source in lesson_sources()]
    for before, this in pairwise([nobody, *everyone]):
        if this[0] == lesson:
            place = everyone.index(this)
            return before, everyone[place + 1] if place + 1 < len(everyone) else nobody
    return nobody, nobody


def short_title(title: str) -> str:
    """
    >>> short_title("Class embedding: tell the network what to draw")
    'Class embedding'
    """
    return title.partition(":")[0]
