"""The first page of the reading edition: the map, each lesson with a picture and a sentence, what one can do after."""

import base64
import io
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from markupsafe import Markup
from PIL import Image

from course_lib.authoring.deck import template
from course_lib.authoring.emblem import ALT, EMBLEM
from course_lib.authoring.slides import Deck, Slide, deck_of
from course_lib.authoring.source import ROOT, Source, repository_address
from course_lib.pictures.html_figure import TELEPHONE
from course_lib.progress.outline import read_outline

IMAGE = re.compile(r"<img\b[^>]*>")
ATTRIBUTE = re.compile(r'\b(alt|src)="([^"]*)"')
IN_THE_PAGE = "data:image/png;base64,"
# the README's table of lessons: number and name, what is built, what is found out
ROW = re.compile(r"^\| (\d\d) [^|]*\| ([^|]+?) \| ([^|]+?) \|$", re.M)
# a card is half as wide; for sharp screens
WIDTH_OF_A_PICTURE = 720


@dataclass(frozen=True)
class Card:
    """A lesson on the first page.

    `afterwards` is its list of what one can do, as HTML; a picture is a file's name, "" where the lesson has no figure.
    """

    page: str
    title: str
    picture: str
    alt: str
    minutes: int
    exercises: int
    sentence: str
    afterwards: Markup


def first_page(title: str, lessons: Sequence[Source], further: Iterable[str], static: Path) -> str:
    """The page in MyST's Markdown.

    Args:
        further: pages that the side bar has below the lessons.
        static: where its pictures are written.
    """
    decks = [deck_of(source) for source in lessons]
    static.mkdir(parents=True, exist_ok=True)
    cards = [card(source, deck, static) for source, deck in zip(lessons, decks, strict=True)]
    for path in EMBLEM:
        shutil.copy(path, static)
    return template("first_page.md").render(
        title=title,
        address=repository_address(),
        cards=cards,
        alt=ALT,
        telephone=TELEPHONE,
        hours=round(sum(deck.minutes for deck in decks) / 60),
        pages=[*(source.name for source in lessons), *further],
    )


def card(source: Source, deck: Deck, static: Path) -> Card:
    name = f"lesson_{source.name[:2]}.png"
    # the map, which all cards would share, only where there is nothing else
    slides = sorted(deck.slides, key=lambda slide: slide.kind == "map")
    alt = picture(slides, static / name, WIDTH_OF_A_PICTURE)
    built = {number: (what, finding) for number, what, finding in ROW.findall((ROOT / "README.md").read_text("utf-8"))}
    what, finding = built.get(source.name[:2], ("", ""))
    sentence = f"You build {what.replace('`', '')}, and find out {finding}." if what else ""
    exercises = len(read_outline(source.path).exercises)
    afterwards = Markup().join(deck.slides[0].parts)
    return Card(
        f"{source.name}.html",
        deck.title,
        name if alt is not None else "",
        alt or "",
        deck.minutes,
        exercises,
        sentence,
        afterwards,
    )


def picture(slides: Iterable[Slide], path: Path, width: int) -> str | None:
    """Write the first figure on these slides as a file, at most `width` pixels wide.

    Returns: its alt text; None where there is no figure, and so no file.
    """
    for part in (part for slide in slides for part in slide.parts):
        for tag in IMAGE.findall(part):
            values = dict(ATTRIBUTE.findall(tag))
            if values.get("src", "").startswith(IN_THE_PAGE):
                image = Image.open(io.BytesIO(base64.b64decode(values["src"].removeprefix(IN_THE_PAGE))))
                image.thumbnail((width, image.height))
                image.convert("RGB").save(path)
                return unescape(values.get("alt", ""))
    return None
