"""A claim of a lesson and its proof: the sentence as it stands in lesson.md, and code that shows it to be true.

Each lesson's folder has a file claims.py with functions like this one, which the tests run:

    @claim("steps 0 and 710 would look the same")
    def frequencies_of_whole_numbers_repeat() -> bool:
        return bool(...)

A sentence that was changed or taken out is found by the test as well, since the quotation no longer stands there.
"""

import importlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from course_lib.evaluation.evaluate import Judge

LESSONS = Path(__file__).resolve().parent.parent
Proof = Callable[[], bool]


class Claim(NamedTuple):
    """Quotations from a lesson, and a function that is true if what they say holds."""

    lesson: str
    sentences: tuple[str, ...]
    proof: Proof


def claim(*sentences: str) -> Callable[[Proof], Proof]:
    """Mark a function without arguments as the proof of one or more sentences, or parts of them.

    Raises: ValueError without a sentence.
    """
    if not sentences:
        raise ValueError("sentences is empty; allowed: one quotation from the lesson or more")

    def mark(proof: Proof) -> Proof:
        proof.sentences = sentences
        return proof

    return mark


@cache
def the_judge() -> Judge:
    """The judge, which looks at 10,000 real images before it judges any: once for the proofs of all lessons."""
    return Judge()


def claims_of(lesson: str) -> list[Claim]:
    """All claims of a lesson ("03"), in the order of its file; none where it has no claims.py."""
    folder = LESSONS / f"lesson{lesson}"
    if not (folder / "claims.py").exists():
        return []
    module = importlib.import_module(f"course_lib.lessons.lesson{lesson}.claims")
    return [Claim(lesson, value.sentences, value) for value in vars(module).values() if hasattr(value, "sentences")]


def in_one_line(text: str) -> str:
    """Text with every run of blanks and line ends as one blank, so that a line break hides no quotation."""
    return " ".join(text.split())


def lesson_text(lesson: str) -> str:
    """The lesson's source, in one line."""
    return in_one_line(without_marks(lesson))


def without_marks(lesson: str) -> str:
    """The lesson's source without the lines that say what goes onto a slide."""
    return (LESSONS / f"lesson{lesson}" / "lesson.md").read_text(encoding="utf-8").replace("<!-- slide -->\n", "")


# what has a number in it and states nothing that a run could decide: where to find something, and code
NO_NUMBERS = re.compile(
    r"(?:lessons?|sections?|exercises?|questions?|equations?|algorithms?|figures?|appendix|tables?|lines?|hint)\s+[\d.]+"
    r"(?:\s*(?:,|and|to)\s*[\d.]+)*"
    r"|`[^`]*`|\[[^\]]*\]\([^)]*\)|\$[^$]*\$|<code>.*?</code>",
    re.IGNORECASE,
)


def sentences_with_numbers(lesson: str) -> list[str]:
    """Sentences of a lesson's prose that state a number; not code, tables, formulas, headings and the reading list."""
    text = without_marks(lesson).split("---", 2)[2]
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL).split("# Further reading")[0]
    text = re.sub(r"^#.*$", "\n", text, flags=re.MULTILINE)  # a heading ends a paragraph, with or without an empty line
    paragraphs = [
        part for part in re.split(r"\n\s*\n", text) if not part.lstrip().startswith(("|", "$$", "<!--", "*Difficulty"))
    ]
    found = [sentence for part in paragraphs for sentence in re.split(r"(?<=[.?!:])\s+", in_one_line(part))]
    return [sentence for sentence in found if re.search(r"\d", NO_NUMBERS.sub("", sentence))]


def unproven(lesson: str) -> list[str]:
    """The sentences with numbers that no quotation of a claim touches, each once."""
    text = lesson_text(lesson)
    quoted = [in_one_line(part) for one in claims_of(lesson) for part in one.sentences]
    spans = [(found.start(), found.end()) for part in quoted for found in re.finditer(re.escape(part), text)]

    def touched(sentence: str) -> bool:
        places = [(found.start(), found.end()) for found in re.finditer(re.escape(sentence), text)]
        return any(start < end_there and start_there < end for start, end in places for start_there, end_there in spans)

    return list(dict.fromkeys(one for one in sentences_with_numbers(lesson) if not touched(one)))
