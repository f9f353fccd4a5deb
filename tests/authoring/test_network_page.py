"""assets/network.md holds the document's facts: its tables are those of document.py, and what names it leads there."""

import re
from pathlib import Path
from urllib.parse import urlparse

import nbformat
import pytest

from course_lib import document
from course_lib.authoring.build import outdated_generated
from course_lib.authoring.network_page import PAGE, TABLE, network_page, tables, with_tables
from course_lib.authoring.source import NOTEBOOKS, ROOT, SOLUTIONS
from course_lib.checks.registry import exercises

TEXT = PAGE.read_text(encoding="utf-8")
ANCHORS = re.findall(r'<a id="([\w-]+)"></a>\n\n#', TEXT)
HEADINGS = re.findall(r"^## (.+)$", TEXT, re.M)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SECTIONS = [f"section-{number}" for number in range(1, 7)] + ["full-forward-pass", "roles", "insights"]


def test_the_tables_are_those_of_the_document_as_data():
    assert network_page() == TEXT
    assert PAGE not in outdated_generated()


def test_a_number_that_drifted_is_put_right():
    drifted = TEXT.replace("| 9 | `(4, 256, 8, 8)`", "| 9 | `(4, 128, 8, 8)`")
    assert drifted != TEXT
    assert with_tables(drifted) == TEXT


@pytest.mark.parametrize("wrong", ["<!-- table: skipps -->", "<!-- table: roles -->", ""])
def test_a_table_that_is_misspelt_or_there_twice_or_missing_is_named(wrong):
    with pytest.raises(ValueError, match=r"allowed: each once of \['attention costs', 'decoder sums'"):
        with_tables(TEXT.replace("<!-- table: skips -->", wrong))


def test_shapes_outside_the_tables_are_shapes_of_the_network_too():
    steps = {shape for step in document.FORWARD_PASS for shape in (step.input, step.output)}
    tokens, heads = document.ATTENTION_COSTS[0].tokens, 4
    known = steps | {(document.BATCH_SIZE, heads, tokens, document.EMB_DIM // heads)}
    by_hand = TABLE.sub("", TEXT)
    found = {tuple(map(int, shape.split(", "))) for shape in re.findall(r"\((4(?:, \d+)+)\)", by_hand)}
    assert len(found) == 5
    assert found <= known, found - known


def test_every_line_of_the_forward_pass_and_every_role_has_a_row():
    rows = {name: text.count("\n") - 2 for name, text in tables().items()}
    assert rows["forward pass"] == len(document.FORWARD_PASS)
    assert rows["roles"] == len(document.ROLES) == 10
    assert rows["skips"] == len(document.SKIPS) == 9


def test_sections_are_numbered_as_in_the_document():
    assert ["overview", *SECTIONS] == ANCHORS
    assert [heading.split()[0] for heading in HEADINGS[1:7]] == list("123456")


def assert_leads_somewhere(link: str, folder: Path) -> None:
    """A relative link from a file in `folder`: to a file that is there, and to an anchor of it if it is the page."""
    parts = urlparse(link)
    if parts.scheme:
        return
    target = (folder / parts.path).resolve() if parts.path else PAGE
    assert target.is_file(), link
    assert target.is_relative_to(ROOT), link
    if target == PAGE:
        assert not parts.fragment or parts.fragment in ANCHORS, link


def test_links_of_the_page_lead_somewhere():
    links = LINK.findall(TEXT)
    assert links
    for link in links:
        assert_leads_somewhere(link, PAGE.parent)


@pytest.mark.parametrize("folder", [NOTEBOOKS, SOLUTIONS], ids=lambda folder: folder.name)
def test_links_of_the_notebooks_lead_somewhere_and_to_every_section(folder):
    seen = set()
    for path in sorted(folder.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            links = LINK.findall(cell.source) if cell.cell_type == "markdown" else []
            for link in links:
                assert_leads_somewhere(link, folder)
            seen |= {urlparse(link).fragment for link in links if PAGE.name in link}
    assert seen >= set(SECTIONS)


def test_links_of_the_lessons_sources_lead_somewhere():
    """On the code host an author's preview follows them from the lesson's folder."""
    sources = sorted(ROOT.glob("course_lib/lessons/*/lesson.md"))
    links = [(path, link) for path in sources for link in LINK.findall(path.read_text(encoding="utf-8"))]
    assert any(PAGE.name in link for _, link in links)
    for path, link in links:
        assert_leads_somewhere(link, path.parent)


def test_verdicts_that_send_to_the_document_say_where_that_is_and_quote_what_stands_there():
    places = {name: one.where for name, one in exercises().items() if one.where.startswith("the document")}
    assert len(places) > 15
    for name, where in places.items():
        place = re.match(r'the document, (?:section (\d)|"Full forward pass") \(assets/network\.md\)', where)
        assert place, f"{name}: {where}"
        assert (f"section-{place[1]}" if place[1] else "full-forward-pass") in ANCHORS
        quoted = re.findall(r'"([^"]+)"', where)
        assert [words for words in quoted if words not in TEXT] == [], name
