"""Everybody can read the course: alt text, captions, order of headings, contrast, links, spelling, legible figures."""

import html.parser
import importlib
import re
import subprocess
import sys
from itertools import pairwise
from urllib.parse import unquote

import matplotlib.pyplot as plt
import nbformat
import pytest
from markdown_it import MarkdownIt
from matplotlib.figure import Figure

from course_lib.authoring.source import ROOT
from course_lib.grading.reports.page import STYLE as REPORT_STYLE
from course_lib.lessons.shared.legibility import CONTRAST, contrast, troubles
from course_lib.lessons.shared.show import show
from course_lib.lessons.shared.style import COLORS
from course_lib.lessons.shared.unet_map import places, skip_arcs
from course_lib.lessons.shared.unet_map_narrow import spots_of
from course_lib.pictures.html_figure import INCH
from course_lib.tracing import trace
from course_lib.unet import UNet

NOTEBOOKS = sorted([*ROOT.glob("solutions/[0-9]*.ipynb"), *ROOT.glob("notebooks/[0-9]*.ipynb")])
EXECUTED = [path for path in NOTEBOOKS if path.parent.name == "solutions"]
PAGES = sorted(
    path
    for folder in (".", ".github", "solutions", "notebooks", "assets", "course_lib/lessons")
    for path in (ROOT / folder).glob("*.md")
)
PAGES += sorted((ROOT / "assets").glob("*/*.md"))


def shown(path):
    return path.relative_to(ROOT).as_posix()


def cells(path):
    return nbformat.read(path, as_version=4).cells


def prose(path):
    """The Markdown of a notebook or a page."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(cell.source for cell in cells(path) if cell.cell_type == "markdown")


class Tags(html.parser.HTMLParser):
    """The tags of a piece of HTML, each with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def tokens(path):
    """The Markdown's elements: block by block, then what stands within each."""
    for block in MarkdownIt().enable("table").parse(prose(path)):
        yield block
        yield from block.children or ()


def images(path):
    """(address, alt text) of every picture in the prose, written as Markdown or as HTML."""
    for token in tokens(path):
        if token.type == "image":
            yield token.attrs["src"], token.content
        elif token.type in ("html_block", "html_inline"):
            yield from (
                (attributes.get("src"), attributes.get("alt") or "")
                for tag, attributes in Tags(token.content).found
                if tag == "img"
            )


def headings(path):
    """(level, text) in the order of the page."""
    blocks = MarkdownIt().enable("table").parse(prose(path))
    return [(int(one.tag[1]), text.content) for one, text in pairwise(blocks) if one.type == "heading_open"]


def links(path):
    return [token.attrs["href"] for token in tokens(path) if token.type == "link_open"]


def anchors(path):
    """The names by which a code host and Jupyter let a heading be linked to."""
    names = set()
    for _, text in headings(path):
        plain = re.sub(r"[`*]|\[(.*?)\]\(.*?\)", r"\1", text)
        names.add(re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-"))
        names.add(plain.replace(" ", "-"))
    for token in tokens(path):
        if token.type.startswith("html"):
            names |= {attributes["id"] for _, attributes in Tags(token.content).found if attributes.get("id")}
    if path.suffix == ".ipynb":
        names |= {f"cell-id={cell.id}" for cell in cells(path)}  # where Jupyter scrolls to in any notebook
    return names


# Notebooks and pages


@pytest.mark.parametrize("path", EXECUTED, ids=shown)
def test_every_stored_figure_has_an_alt_text_and_a_caption(path):
    for cell in cells(path):
        if cell.cell_type != "code":
            continue
        alts = []
        for output in cell.outputs:
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    alts.append(output.metadata.get(kind, {}).get("alt", ""))
                assert kind != "text/html" or all(
                    attributes.get("alt") for tag, attributes in Tags(output.data[kind]).found if tag == "img"
                ), cell.id
        printed = "\n" + "".join(output.get("text", "") for output in cell.outputs if output.output_type == "stream")
        captions = re.findall(r"\nFigure: ((?:.+\n?)+)", printed)
        assert all(len(alt) > 20 for alt in alts), cell.id
        assert len(captions) == len(alts), f"{cell.id}: {len(alts)} figures, {len(captions)} captions"
        assert all(len(caption) > 20 for caption in captions), cell.id
        for alt, caption in zip(alts, captions, strict=True):
            assert alt != " ".join(caption.split()), f"{cell.id}: the alt text repeats the caption"


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PAGES], ids=shown)
def test_every_picture_in_the_prose_has_an_alt_text(path):
    for address, alt in images(path):
        assert alt.strip(), address


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PAGES], ids=shown)
def test_one_title_and_no_level_of_heading_is_jumped(path):
    levels = [level for level, _ in headings(path)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), headings(path)


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PAGES], ids=shown)
def test_links_and_pictures_within_the_course_lead_somewhere(path):
    for address in [*links(path), *(address for address, _ in images(path))]:
        if re.match(r"[a-z]+:", address):
            continue
        file, _, anchor = unquote(address).partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), address
        if anchor and target.suffix in (".md", ".ipynb"):
            assert anchor in anchors(target), address


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PAGES], ids=shown)
def test_links_say_where_they_lead(path):
    for opened, text in pairwise(tokens(path)):
        if opened.type == "link_open" and text.type == "text":
            assert text.content.strip().lower() not in ("", "here", "this", "link", "click here"), opened.attrs


def test_the_words_are_spelled_as_in_a_dictionary():
    sources = [*ROOT.glob("course_lib/**/*.py"), *ROOT.glob("tests/*.py"), *ROOT.glob("benchmarks/*.py")]
    sources += [*ROOT.glob("course_lib/lessons/*/lesson.md"), *PAGES, *(ROOT / ".github").glob("**/*.yml")]
    # names in code, a mistake that a test makes on purpose, and columns of gradebooks in other languages
    known = ["--ignore-words-list", "froms,excercise,copie,groupe,complet,nome,numer,adresse"]
    command = [sys.executable, "-m", "codespell_lib", *known, *map(str, sources)]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert finished.returncode == 0, finished.stdout + finished.stderr


# Colours


def test_contrast_is_that_of_the_guideline():
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("white", "white") == 1
    # known from the literature on the guideline: the lightest greys on white that meet 4.5 and 7
    assert contrast("#767676", "white") >= 4.5 > contrast("#777777", "white")
    assert contrast("#595959", "white") >= 7 > contrast("#5A5A5A", "white")


def test_the_grey_that_figures_write_with_is_dark_enough():
    assert contrast(COLORS["grey"], "white") >= CONTRAST
    assert contrast(COLORS["blue"], "white") >= CONTRAST


def color_rules(css):
    """(selector, colour, background) of every rule that sets one of them, as hexadecimal numbers."""
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        color = re.search(r"(?<![-\w])color:\s*(#\w+)", body)
        background = re.search(r"background(?:-color)?:\s*(#\w+)", body)
        if color or background:
            yield selector.strip(), color and color[1], background and background[1]


def test_text_of_the_reports_has_contrast():
    light, dark = re.split(r"@media screen and \(prefers-color-scheme: dark\) \{", REPORT_STYLE)
    in_light, in_dark = (
        {one: colors for selectors, *colors in color_rules(css) for one in re.split(r",\s*", selectors)}
        for css in (light, light + dark)
    )
    for rules in (in_light, in_dark):
        text, paper = rules["body"]
        assert len(rules) > 10
        for selector, (color, background) in rules.items():
            assert contrast(color or text, background or paper) >= CONTRAST, selector


def test_text_of_the_other_pages_has_contrast():
    styles = [path.read_text(encoding="utf-8") for path in ROOT.glob("course_lib/**/*.css")]
    rules = [rule for css in styles for rule in re.findall(r"[^{}]+\{[^{}]*\}", css)]
    assert len(rules) > 3
    for selector, color, background in color_rules("".join(rules)):
        if color and background:
            assert contrast(color, background) >= CONTRAST, selector


# Figures: `show` asks for `troubles` in every test of a notebook. Does it find them?


@pytest.fixture
def axes():
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.set(xlabel="across", ylabel="up")
    yield axes
    plt.close(figure)


def test_a_plain_figure_is_legible(axes):
    axes.plot([0, 1], [0, 1], label="a line")
    axes.set(title="A title", xlabel="across", ylabel="up")
    axes.legend()
    axes.text(0.1, 0.8, "a remark", color=COLORS["blue"])
    assert list(troubles(axes.figure)) == []


def test_tick_labels_that_lie_on_each_other_are_found(axes):
    axes.set_xticks(range(12), [f"a long name {number}" for number in range(12)])
    assert any("lie on each other" in trouble for trouble in troubles(axes.figure))
    axes.tick_params(axis="x", labelrotation=30)  # slanted, they have room
    assert list(troubles(axes.figure)) == []


def test_ticks_outside_the_limits_and_of_hidden_axes_do_not_count(axes):
    axes.set_xticks([0, 1, 1.00001], ["zero", "one", "one again"])
    axes.set_xlim(-0.5, 1.000001)
    assert list(troubles(axes.figure)) == []
    axes.set_xlim(-0.5, 2)
    assert list(troubles(axes.figure))
    axes.axis("off")
    assert list(troubles(axes.figure)) == []


def test_text_that_its_axes_cut_off_is_found(axes):
    axes.text(0.9, 0.5, "much too long for this place", clip_on=True)
    assert list(troubles(axes.figure)) == ["'much too long for this place' is cut off by its axes"]


def test_two_remarks_in_one_place_are_found(axes):
    axes.text(0.5, 0.5, "one remark")
    axes.text(0.52, 0.51, "another")
    assert list(troubles(axes.figure)) == ["'one remark' and 'another' lie on each other"]


@pytest.mark.parametrize(
    ("color", "behind", "readable"),
    [
        ("black", "white", True),
        (COLORS["orange"], "white", False),
        ("white", "black", True),
        ("black", "#111111", False),
    ],
)
def test_pale_text_is_found_whatever_lies_behind_it(axes, color, behind, readable):
    axes.axvspan(0, 1, color=behind)
    axes.set_xlim(0, 1)
    axes.text(0.3, 0.5, "hello", color=color)
    assert any("contrast" in trouble for trouble in troubles(axes.figure)) != readable


def test_transparent_text_is_as_pale_as_it_looks(axes):
    axes.text(0.3, 0.5, "hello", color="black", alpha=0.2)
    assert list(troubles(axes.figure)) == ["'hello' has a contrast of 1.6, needed is 4.5"]


def test_a_box_of_its_own_makes_text_readable(axes):
    axes.axvspan(0, 1, color="black")
    axes.text(0.3, 0.5, "hello", bbox={"facecolor": "white"})
    assert list(troubles(axes.figure)) == []


def test_a_figure_that_pyplot_does_not_know_is_looked_at_too():
    figure = Figure()
    figure.subplots(subplot_kw={"xlabel": "across", "ylabel": "up"}).text(0.3, 0.5, "hello", color="#EEEEEE")
    assert len(list(troubles(figure))) == 1


def test_a_layout_that_makes_room_for_text_is_looked_at_as_it_is():
    figure, axes = plt.subplots(1, 2, figsize=(4, 2), layout="constrained")
    for axis in axes:
        axis.imshow([[0, 1], [1, 0]], cmap="gray", aspect="auto")
        axis.set(xticks=[], yticks=[])
        axis.set_title("a title\nof three\nlines")
    assert list(troubles(figure)) == []
    plt.close(figure)


def test_looking_leaves_the_figure_as_it_was(axes):
    axes.text(0.3, 0.5, "hello")
    canvas = axes.figure.canvas
    list(troubles(axes.figure))
    assert axes.figure.canvas is canvas
    assert all(text.get_alpha() is None for text in axes.texts)


def test_show_refuses_what_cannot_be_read_under_tests(axes, monkeypatch):
    axes.text(0.5, 0.5, "hello", color="#EEEEEE")
    with pytest.raises(ValueError, match=r"'hello' has a contrast of 1\.2, needed is 4\.5"):
        show(axes.figure, "caption", "alt")
    monkeypatch.delenv("COURSE_SMOKE")
    show(axes.figure, "caption", "alt")


def test_the_map_of_the_network_is_legible(monkeypatch):
    from course_lib.lessons.shared.unet_map import show_map

    figures: list[Figure] = []
    monkeypatch.setattr(
        "course_lib.lessons.shared.show.show", lambda figure, caption, alt, narrow: figures.extend((figure, narrow))
    )
    for lesson in ("00", "03", "06", "07", "11"):  # nothing marked, boxes, skips and dots, filled, all kinds
        show_map(lesson)
    for wide, narrow in zip(figures[::2], figures[1::2], strict=True):
        assert list(troubles(wide)) == []
        assert list(troubles(narrow)) == []
        assert narrow.get_figwidth() * INCH <= 330  # what a window of 360 pixels leaves
    plt.close("all")


@pytest.mark.parametrize(
    ("number", "draw"), [("03", "plot_block"), ("05", "plot_block"), ("08", "plot_loop"), ("09", "plot_loop")]
)
def test_the_blocks_and_the_loops_are_legible_on_a_telephone(monkeypatch, number, draw):
    narrow: list[Figure] = []
    monkeypatch.setattr("course_lib.lessons.shared.show.show", lambda *args, **shown: narrow.append(shown["narrow"]))
    getattr(importlib.import_module(f"course_lib.lessons.lesson{number}.figures"), draw)()
    (figure,) = narrow
    assert list(troubles(figure)) == []
    assert figure.get_figwidth() * INCH <= 330  # what a window of 360 pixels leaves
    assert min(text.get_fontsize() for text in figure.axes[0].texts if text.get_text()) / 72 * INCH > 9
    plt.close("all")


def test_the_narrow_map_leads_every_skip_level_to_its_end():
    rows = trace(UNet(base_channels=8, num_heads=2))
    boxes = places(rows)
    arcs = skip_arcs(boxes)
    spots = spots_of(boxes, arcs)
    assert len(arcs) == 9
    assert all(spots[boxes.index(start)][1] == spots[boxes.index(end)][1] for start, end in arcs)
    encoder = [y for (_, y), box in zip(spots, boxes, strict=True) if box.row.section == "ENCODER"]
    decoder = [y for (_, y), box in zip(spots, boxes, strict=True) if box.row.section == "DECODER"]
    assert encoder == sorted(encoder, reverse=True)
    assert decoder == sorted(decoder)
