"""A lesson's Markdown as HTML for a page of one's own: tables, and formulas as MathML."""

import re
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

# a page that stands alone has no other files of the course beside it: such a link keeps its words only
LINK_TO_A_FILE = re.compile(r'<a href="(?!https?:)[^"]*">(.*?)</a>', re.S)
PICTURE_IN_A_FILE = re.compile(r'<img src="(?!data:)[^>]*>')


def rendered(markdown: str) -> Markup:
    """Markdown, which an author of the course wrote, as HTML."""
    return Markup(PICTURE_IN_A_FILE.sub("", LINK_TO_A_FILE.sub(r"\1", markdown_it().render(markdown))))


def rendered_line(markdown: str) -> Markup:
    """One line of it, without a paragraph around it."""
    return Markup(LINK_TO_A_FILE.sub(r"\1", markdown_it().renderInline(markdown)))


@cache
def markdown_it() -> "MarkdownIt":
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def formula(tex: str, options: dict[str, bool]) -> str:
        return convert(tex.strip(), display="block" if options["display_mode"] else "inline")

    made = MarkdownIt("commonmark", {"html": True}).enable("table")
    return made.use(dollarmath_plugin, renderer=formula, allow_digits=True)
