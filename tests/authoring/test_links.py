"""Links of the lessons: what is named leads there, in learners' copies, solutions and the reading edition."""

import re

import pytest
from markdown_it import MarkdownIt

from course_lib.authoring.links import linked, parts
from course_lib.authoring.notebooks import WAY_ON, learners_notebook, solution_notebook
from course_lib.authoring.reading_edition import within_the_site
from course_lib.authoring.source import lesson_sources, read_lesson
from course_lib.links import address, references
from course_lib.links.addresses import places
from course_lib.links.references import papers

SOURCES = {source.name: source for source in lesson_sources()}
LINK = re.compile(r"\((\d\d_\w+)\.ipynb(?:#cell-id=([\w-]+))?\)")
NAMED = re.compile(r"\b(?:lesson \d\d|(?:section|exercise) \d{1,2}\.\d{1,2})\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def editions():
    """Both notebooks of every lesson as the build would write them now."""
    lessons = {name: read_lesson(source) for name, source in SOURCES.items()}
    return [{name: make(lesson) for name, lesson in lessons.items()} for make in (learners_notebook, solution_notebook)]


def prose(made):
    return [cell for cell in made.cells if cell.cell_type == "markdown"]


def text_outside_links(markdown):
    """The visible text that is no link, heading, code, or HTML, as Markdown's own parser sees it."""
    found = []
    tokens = MarkdownIt().enable("table").parse(markdown)
    for before, block in zip([None, *tokens], tokens, strict=False):
        if block.type != "inline" or before.type == "heading_open":
            continue
        depth = 0
        for token in block.children:
            depth += (token.type == "link_open") - (token.type == "link_close")
            if not depth:
                found.append(token.content if token.type == "text" else " " if token.type == "softbreak" else "\0")
    return "".join(found)


def plain(markdown):
    """What a reader sees of Markdown, links or not."""
    tokens = MarkdownIt().enable("table").parse(markdown)
    return [(t.type, t.content) for block in tokens for t in block.children or [block] if "link" not in t.type]


def test_every_link_leads_to_a_cell_that_begins_with_that_heading(editions):
    count = 0
    for edition in editions:
        ids = {name: {cell.id: cell.source for cell in made.cells} for name, made in edition.items()}
        for made in edition.values():
            for cell in prose(made):
                for name, target in LINK.findall(cell.source):
                    count += 1
                    assert name in ids, cell.source
                    if target:
                        number = target.partition("-")[2].replace("-", ".")
                        heading = f"### Exercise {number} " if target.startswith("task") else f"## {number} "
                        assert ids[name][target].startswith(heading), f"{cell.source}: {target}"
    assert count > 300


def test_nothing_that_is_named_is_left_without_a_link(editions):
    for name, made in editions[0].items():
        for cell in prose(made):
            if "Further reading" in cell.source:
                continue  # there, sections are those of papers
            left = [found for found in NAMED.findall(text_outside_links(cell.source)) if found[-2:] != name[:2]]
            assert not [found for found in left if found.lower() in places()], cell.source


def test_a_section_of_the_lesson_is_called_so():
    """A bare number, "as 7.5 shows", gets no link: it could be any number."""
    for name, source in SOURCES.items():
        for cell in read_lesson(source).cells:
            if cell.kind == "markdown":
                text = text_outside_links(linked(cell.text, name))
                bare = re.findall(r"(?<![\d.])\d{1,2}\.\d{1,2}(?![\d.]*\d)", text)
                own = [number for number in bare if number.split(".")[0] == str(int(name[:2])) != "0"]
                assert not [number for number in own if f"section {number}" in places()], cell.text


@pytest.mark.parametrize("name", SOURCES)
def test_links_change_nothing_that_is_read(name):
    for cell in read_lesson(SOURCES[name]).cells:
        if cell.kind == "markdown":
            before, after = plain(cell.text), plain(linked(cell.text, name))
            joined = ["".join(content for _, content in one) for one in (before, after)]
            assert joined[0].split() == joined[1].split()


def test_every_paper_to_read_has_its_link(editions):
    for name, made in editions[0].items():
        for cell in prose(made):
            _, _, reading = cell.source.partition("Further reading\n")
            for entry in re.findall(r"^- (.+?)(?=^- |^\*\*Next|\n\n|\Z)", reading, re.M | re.S):
                assert "](http" in entry, f"{name}: {entry}"
    assert all(paper.address.startswith("https://") for paper in papers())


def test_the_way_on_stands_above_and_below(editions):
    names = list(SOURCES)
    for edition in editions:
        for place, (name, made) in enumerate(edition.items()):
            wanted = [*names[max(place - 1, 0) : place], *names[place + 1 : place + 2]]
            assert made.cells[-1].source.startswith(WAY_ON)
            assert [target for target, _ in LINK.findall(made.cells[-1].source)] == wanted
            top = next(line for line in made.cells[0].source.splitlines() if line.startswith(("Previous: ", "Next: ")))
            assert [target for target, _ in LINK.findall(top)] == wanted, name


LEFT_ALONE = [
    "`lesson 05`",
    "``a ` lesson 05``",
    "# Lesson 05 · Attention",
    "### Exercise 7.2 and lesson 05",
    "```\nlesson 05\n```",
    "~~~python\n# see section 3.6\n~~~",
    "$lesson 05$",
    "$$\nx = lesson 05\n$$",
    "[see lesson 05](https://example.org/a_(b))",
    "[![lesson 05](a.svg)](b)",
    "![lesson 05](a.png)",
    "<details><summary>lesson 05?</summary>",
    '<img alt="lesson 05">',
    "    lesson 05",
    "<!-- lesson 05 -->",
    "lesson 99",
    "section 77.7",
    "a version 3.6, 0.5 and 3.65",
    "section 3.65",
    "*An unknown paper*, section 3.6",
    "Somebody 2017, section 3.6",
    "lesson 051",
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_left_alone(text):
    assert linked(text, "00_welcome") == text


def test_what_is_linked():
    shown = {
        "lessons 01, 02 and 03": ["lesson 01", "lesson 02", "lesson 03"],
        "Lessons 01 to 07 end like this": ["lesson 01", "lesson 07"],
        "**lesson\n05** (section 3.6).": ["lesson 05", "section 3.6"],
        "sections 3.2 and 3.6, exercise 7.2": ["section 3.2", "section 3.6", "exercise 7.2"],
        "Read again: 2.4 of the lesson": ["section 2.4"],
        "| lesson 02's list | `lesson 03` |": ["lesson 02"],
        "a $5 note, lesson 05, another $ here": ["lesson 05"],
    }
    for text, wanted in shown.items():
        assert [f"{a}.ipynb" + (b and f"#cell-id={b}") for a, b in LINK.findall(linked(text, "00_welcome"))] == [
            address(name) for name in wanted
        ]
    assert linked("Lesson 05 here", "05_self_attention") == "Lesson 05 here"
    cited = "(Ho, Jain and Abbeel 2020), Ho et al. (2020), Ho and\nSalimans 2022"
    assert [found.address[-10:] for found in references(cited)] == ["2006.11239", "2006.11239", "2207.12598"]
    assert references("the document, section 6 (assets/network.md)")[0].address == "../assets/network.md#section-6"


def test_an_address_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"reference is 'section 77\.1'; allowed: such as"):
        address("section 77.1")


def test_headings_begin_a_cell():
    text = "before\n\n## 3.6 Deaf?\n\ntext\n\n```\n## 3.7 no\n```\n### Exercise 3.1 · `f`\nmore\n## Questions\n"
    assert [part.splitlines()[0] for part in parts(text)] == ["before", "## 3.6 Deaf?", "### Exercise 3.1 · `f`"]


def test_the_reading_edition_has_the_same_places():
    text = "[lesson 05](05_self_attention.ipynb), [section 3.6](03_residual_block.ipynb#cell-id=section-3-6)"
    both = within_the_site(text, {"05_self_attention", "03_residual_block"})
    assert both == "[lesson 05](05_self_attention.ipynb), [section 3.6](#section-3-6)"
    assert within_the_site(text, {"03_residual_block"}) == "lesson 05, [section 3.6](#section-3-6)"
