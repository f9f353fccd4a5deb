"""Find what a text refers to: "lessons 01 and 02", "section 3.6", "2.4 of the lesson", "Ho et al. 2020", a title."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course_lib.links.addresses import places

PAPERS = Path(__file__).with_name("papers.toml")
DOCUMENT = "../assets/network.md"

BETWEEN = r"(?:,\s+|,?\s+(?:and|or|to)\s+)"
LESSON, PLACE = r"\d\d(?![\d.]*\d)", r"\d{1,2}\.\d{1,2}(?![\d.]*\d)"
LESSONS = re.compile(rf"\blessons?\s+{LESSON}(?:{BETWEEN}{LESSON})*", re.IGNORECASE)
SECTIONS = re.compile(rf"\b(section|exercise)s?\s+{PLACE}(?:{BETWEEN}{PLACE})*", re.IGNORECASE)
OF_THE_LESSON = re.compile(rf"(?<![\d.])({PLACE})\s+of\s+the\s+lesson\b")
OF_THE_DOCUMENT = re.compile(r"\bthe\s+document,\s+section\s+(\d)\b(?!\.\d)")
# behind a title or a year, a section is the paper's
OF_A_PAPER = re.compile(r"(?:\*|\b(?:19|20)\d\d\)?)[,:]\s+$")
TITLE_FOLLOWS = re.compile(r"[,:]?\s+\*[^*\s]")


@dataclass(frozen=True, order=True)
class Reference:
    """Characters `start` to `end` of a text refer to what is at `address`."""

    start: int
    end: int
    address: str


def references(text: str) -> list[Reference]:
    """Every place of a text that names something with an address, in order and without overlap.

    Of a list, "lessons 01 and 02", each member is a place of its own. What names nothing there is, is none.

    >>> [found.address for found in references("as in lesson 03, section 3.6")]
    ['03_residual_block.ipynb', '03_residual_block.ipynb#cell-id=section-3-6']
    """
    kept: list[Reference] = []
    for found in sorted([*to_papers(text), *to_lessons(text), *to_sections(text), *to_the_document(text)]):
        if not kept or found.start >= kept[-1].end:
            kept.append(found)
    return kept


def to_lessons(text: str) -> Iterator[Reference]:
    for match in LESSONS.finditer(text):
        yield from members(match, LESSON, "lesson")


def to_sections(text: str) -> Iterator[Reference]:
    for match in SECTIONS.finditer(text):
        if not OF_A_PAPER.search(text[: match.start()][-40:]):
            yield from members(match, PLACE, match[1].lower())
    for match in OF_THE_LESSON.finditer(text):
        yield from named(f"section {match[1]}", match.start(1), match.end(1))


def members(match: re.Match, number: str, kind: str) -> Iterator[Reference]:
    """Each number of a list; the first one with the word in front of it."""
    for place, one in enumerate(re.finditer(number, match[0])):
        start = match.start() + (one.start() if place else 0)
        yield from named(f"{kind} {one[0]}", start, match.start() + one.end())


def named(name: str, start: int, end: int) -> Iterator[Reference]:
    if name in places():
        yield Reference(start, end, places()[name])


def to_the_document(text: str) -> Iterator[Reference]:
    for match in OF_THE_DOCUMENT.finditer(text):
        yield Reference(match.start(), match.end(), f"{DOCUMENT}#section-{match[1]}")


def to_papers(text: str) -> Iterator[Reference]:
    """Titles in italics, and citations without one: surname of the first author, up to the year."""
    for paper in papers():
        title = r"\s+".join(map(re.escape, paper.title.split()))
        for match in re.finditer(rf"(?<!\*)\*{title}\*(?!\*)", text, re.IGNORECASE):
            yield Reference(match.start(), match.end(), paper.address)
        if not paper.cited:
            continue
        others = r"(?:,?\s+(?:and|et\s+al\.|others|[A-Z][\w-]+))*"
        for match in re.finditer(rf"\b{paper.author}{others},?\s+\(?{paper.year}\b\)?", text):
            if TITLE_FOLLOWS.match(text, match.end()):
                continue
            end = match.end() - (match[0].endswith(")") and "(" not in match[0])
            yield Reference(match.start(), end, paper.address)


@dataclass(frozen=True)
class Paper:
    """A paper: title, address, first author's surname, year; `cited`: whether author and year alone mean this one."""

    title: str
    address: str
    author: str
    year: int
    cited: bool


@cache
def papers() -> tuple[Paper, ...]:
    """What papers.toml lists.

    Raises: ValueError if an entry lacks something.
    """
    entries = tomllib.loads(PAPERS.read_text(encoding="utf-8"))["paper"]
    for entry in entries:
        if set(entry) != {"title", "address", "author", "year"}:
            raise ValueError(f"{PAPERS.name}: {entry} is no paper; allowed: title, address, author and year")
    meant: dict[tuple[str, int], set[str]] = {}
    for entry in entries:
        meant.setdefault((entry["author"], entry["year"]), set()).add(entry["address"])
    return tuple(Paper(**entry, cited=len(meant[entry["author"], entry["year"]]) == 1) for entry in entries)
