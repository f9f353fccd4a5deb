"""The reading edition works from the file system: every link and image is there, nothing comes from a network."""

import base64
import contextlib
import html
import io
import json
import os
import re
import shutil
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlparse

import nbformat
import pytest
from markupsafe import Markup
from PIL import Image

from course_lib.authoring import first_page, reading_edition
from course_lib.authoring.__main__ import main
from course_lib.authoring.build import SOLUTIONS
from course_lib.authoring.slides import Deck, Slide
from course_lib.authoring.source import LESSONS as LESSONS_FOLDER
from course_lib.authoring.source import lesson_sources, read_lesson
from course_lib.pictures.html_figure import INCH
from course_lib.progress.outline import read_outline

LESSONS = ["01", "04"]
NAMES = ["01_time_embedding", "04_resampling"]

# what a page loads by itself; a plain link is only followed by a reader
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


def has_tools():
    return all(reading_edition.find_spec(name) for name in reading_edition.NEEDED)


needs_tools = pytest.mark.skipif(not has_tools(), reason='needs pip install -e ".[book]"')


class Page(HTMLParser):
    """The ids, links, loaded files, images and visible text of one page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loaded, self.images, self.tags = set(), [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        if "id" in values:
            self.ids.add(values["id"])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") in ("canonical", "next", "prev", "index", "search"):
            self.links.append(values["href"])
        elif values.get(LOADED.get(tag)):
            self.loaded.append(values[LOADED[tag]])
        if tag == "img":
            self.images.append((values.get("src", ""), values.get("alt")))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("book") / "site"
    assert main(["book", *LESSONS, "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path.read_text(encoding="utf-8")) for path in site.glob("*.html")}


@needs_tools
def test_there_is_a_page_for_every_lesson_and_each_leads_to_the_others(pages):
    lessons = {f"{name}.html" for name in NAMES}
    assert {"index.html", "search.html", *lessons} <= {path.name for path in pages}
    for path, page in pages.items():
        if path.name in lessons | {"index.html"}:
            leads_to = {link.partition("#")[0] for link in page.links} | {path.name}
            assert lessons | {"index.html"} <= leads_to


@needs_tools
def test_every_link_within_the_site_and_every_file_it_loads_is_there(site, pages):
    for path, page in pages.items():
        for link in [*page.links, *page.loaded]:
            parts = urlparse(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), f"{path.name}: {link}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, f"{path.name}: {link}"


@needs_tools
def test_what_a_lesson_names_is_a_link_of_the_site(pages):
    links = {path.name: page.links for path, page in pages.items()}
    assert "#section-4-3" in links["04_resampling.html"]
    assert not [link for page in links.values() for link in page if ".ipynb" in link and "://" not in link]
    assert "section-1-8" in pages[next(path for path in pages if path.name == "01_time_embedding.html")].ids


@needs_tools
def test_no_page_loads_anything_from_a_network(site, pages):
    for path, page in pages.items():
        assert not [link for link in page.loaded if urlparse(link).scheme not in ("", "data")], path.name
    for sheet in site.rglob("*.css"):
        found = re.findall(r"(?:url\(|@import)\s*['\"]?(https?:[^'\")]+)", sheet.read_text(encoding="utf-8"))
        assert not found, sheet


@needs_tools
@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_what_the_solution_holds(site, pages, name):
    made = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4)
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    page = pages[site / f"{name}.html"]
    alts = [
        html.unescape(alt)
        for cell in made.cells
        for output in cell.get("outputs", [])
        for alt in re.findall('<img [^>]*alt="(.*?)"', output.get("data", {}).get("text/html", ""))
    ]
    assert [alt for _, alt in page.images] == alts
    prose = "\n".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    questions = [cell for cell in made.cells if "predict" in cell.metadata]
    assert page.tags.count("details") == prose.count("<details>") + len(questions) + text.count("hide above-input")
    assert "my_prediction = " not in re.sub(r"<[^>]+>", "", text)
    assert "As you predicted" not in text
    without_code = re.sub(r"```.*?```", "", prose, flags=re.S)
    assert page.tags.count("math") == len(re.findall(r"\$\$.+?\$\$|(?<!`)\$[^$\n`]+\$", without_code, re.S)) > 0
    assert "passed · " in re.sub(r"<[^>]+>", "", text)
    assert "merror" not in page.tags
    # what only serves to run a notebook stays out
    assert "google.colab" not in html.unescape(text)
    assert "Open in Colab" not in text
    # captions are in the page's own type, whole, each behind its figure
    captions = re.findall(r"<figcaption[^>]*>(.*?)</figcaption>", text)
    assert len(captions) == len(alts)
    assert all(caption.endswith((".", "?")) for caption in captions)
    assert "Figure: " not in text


@needs_tools
@pytest.mark.parametrize("name", NAMES)
def test_a_prediction_is_a_question_with_its_answer_folded(site, name):
    source = next(source for source in lesson_sources() if source.name == name)
    text = html.unescape((site / f"{name}.html").read_text(encoding="utf-8"))
    asked = [cell.metadata for cell in read_lesson(source).cells if "predict" in cell.metadata]
    lists = re.findall(r'<ol class="options">(.*?)</ol>\s*<details><summary>(.*?)</summary>\s*<p>(.*?)</p>', text, re.S)
    assert [(re.findall(r"<li>(.*?)</li>", options), answer) for options, _, answer in lists] == [
        ([str(option) for option in one["options"]], str(one["answer"])) for one in asked
    ]
    for told in ("As you predicted", "my_prediction = ", "write your prediction"):
        assert told not in re.sub(r"<[^>]+>", "", text)


@needs_tools
def test_the_first_page_shows_the_map_and_what_each_lesson_is(site, pages):
    page = pages[site / "index.html"]
    text = html.unescape((site / "index.html").read_text(encoding="utf-8"))
    shown = dict(page.images)
    maps = ["_static/map.png", "_static/map_dark.png"]
    assert list(shown) == [*maps, "_static/lesson_01.png", "_static/lesson_04.png"]
    assert all(shown.values())
    assert len({(site / picture).read_bytes() for picture in shown}) == 4
    # a telephone gets the upright drawing
    assert re.findall(r'srcset="(.*?)"', text) == ["_static/map_narrow.png", "_static/map_narrow_dark.png"]
    for name in NAMES:
        outline = read_outline(LESSONS_FOLDER / f"lesson{name[:2]}" / "lesson.md")
        assert f'<a href="{name}.html">Lesson {outline.number} · {outline.title}</a>' in text
        assert f"{outline.minutes} minutes · {len(outline.exercises)} exercises" in text
    # the sentence is the README's, what one can do afterwards the lesson's
    assert "and find out where checkerboards come from" in text
    assert "say what size comes out of a convolution" in text


def slide_with_a_figure(kind, alt):
    written = io.BytesIO()
    Image.new("RGB", (9, 9)).save(written, "PNG")
    source = base64.b64encode(written.getvalue()).decode()
    return Slide(kind, Markup(kind), [Markup(f'<img alt="{alt}" src="{first_page.IN_THE_PAGE}{source}">')])


@pytest.mark.parametrize("figures", [["the map", "a figure"], ["the map"], []])
def test_the_card_of_a_lesson_without_a_figure_shows_its_map_or_nothing(tmp_path, figures):
    kinds = {"the map": "map", "a figure": "shown"}
    slides = [slide_with_a_figure(kinds[alt], alt) for alt in figures]
    deck = Deck("00_welcome", "Welcome", 10, [Slide("title", Markup("Welcome"), []), *slides])
    made = first_page.card(lesson_sources()[0], deck, tmp_path)
    assert (made.picture, made.alt) == (("lesson_00.png", figures[-1]) if figures else ("", ""))
    assert (tmp_path / "lesson_00.png").exists() == bool(figures)
    page = first_page.template("first_page.md").render(
        title="", address="", cards=[made], alt="", telephone=1, hours=1, pages=[]
    )
    assert ("_static/lesson_00.png" in page) == bool(figures)
    assert 'src="_static/"' not in page


@needs_tools
def test_the_search_index_knows_the_words(site):
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))

    def found(word):
        both = [index[terms][word] for terms in ("terms", "titleterms") if word in index[terms]]
        numbers = [number for one in both for number in (one if isinstance(one, list) else [one])]
        return {index["docnames"][number] for number in numbers}

    assert found("checkerboard") == {"04_resampling", "index"}  # a word of a heading, and of a lesson's sentence
    assert found("radian") == {"01_time_embedding"}  # a word of the text


@needs_tools
def test_an_earlier_edition_is_replaced_and_other_folders_are_not(site, tmp_path, capsys):
    old = tmp_path / "old"
    old.mkdir()
    (old / "searchindex.js").write_text("")
    (old / "stale.html").write_text("")
    assert main(["book", LESSONS[0], "--out", str(old)]) == 0
    assert not (old / "stale.html").exists()
    assert (old / "01_time_embedding.html").is_file()
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious.txt").write_text("mine")
    assert main(["book", LESSONS[0], "--out", str(other)]) == 2
    assert "holds other things" in capsys.readouterr().err
    assert (other / "precious.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old", "other"]


def test_what_is_missing_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reading_edition, "find_spec", lambda name: None if name == "myst_nb" else object())
    assert main(["book", "01", "--out", str(tmp_path / "site")]) == 2
    assert 'the reading edition needs myst_nb: pip install -e ".[book]"' in capsys.readouterr().err
    monkeypatch.setattr(reading_edition, "find_spec", lambda name: object())
    monkeypatch.setattr(reading_edition, "SOLUTIONS", Path(tmp_path))
    assert main(["book", "01", "--out", str(tmp_path / "site")]) == 2
    assert "01_time_embedding.ipynb is missing" in capsys.readouterr().err


# In a real browser, wherever the pages lie


@pytest.fixture
def addresses(site, tmp_path):
    """The same pages as files, at the root of a server, and under a prefix, as a code host serves a project's pages."""
    (tmp_path / "owner").mkdir()
    shutil.copytree(site, tmp_path / "owner" / "course pages")
    with contextlib.ExitStack() as stack:

        def served(folder):
            handler = partial(QuietHandler, directory=str(folder))
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield [site.as_uri(), served(site), f"{served(tmp_path)}/owner/course%20pages"]


def failures(page):
    """The addresses of what this page asks for in vain, from now on."""
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    return failed


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


# (left edge of its box, of the formula; right edges of both; how far the box is scrolled)
FORMULAS = """() => [...document.querySelectorAll("div.math")].map(box => {
    const [outer, inner] = [box, box.querySelector("math")].map(part => part.getBoundingClientRect())
    return [outer.left, inner.left, outer.right, inner.right, box.scrollLeft]
})"""
SEARCH = "button.search-button__button:visible, form.bd-search:visible"


# of each caption, its colour and that of what lies behind
COLOURS = """captions => captions.map(caption => {
    let behind = caption
    while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement
    const { color, opacity } = getComputedStyle(caption)
    return [color, getComputedStyle(behind).backgroundColor, opacity]
})"""


def brightness(colour):
    numbers = [int(number) / 255 for number in re.findall(r"\d+", colour)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in numbers]
    return sum(weight * v for weight, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@needs_tools
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_caption_can_be_read_in_light_and_in_dark(site, browser, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto((site / f"{NAMES[0]}.html").as_uri())
    shown = page.locator("figcaption:visible").evaluate_all(COLOURS)
    assert len(shown) > 5
    for text, behind, opacity in shown:
        low, high = sorted((brightness(text), brightness(behind)))
        assert (high + 0.05) / (low + 0.05) > 4.5
        assert opacity == "1"
    page.close()


@needs_tools
@pytest.mark.parametrize("width", [360, 1366])
def test_no_page_scrolls_sideways_and_formulas_stand_in_the_middle(site, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    formulas = 0
    for name in ["index", *NAMES, "network", "search"]:
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.locator(SEARCH).count() == (2 if name == "search" and width < 992 else 1), name
        for left, begin, right, end, scrolled in page.evaluate(FORMULAS):
            formulas += 1
            assert scrolled == 0
            assert begin >= left - 1  # one that is too wide begins at its beginning
            if end <= right:
                assert begin - left == pytest.approx(right - end, abs=2), name
    assert formulas >= 3
    page.close()


# of each picture that is shown: its width in the page's pixels, and that of the figure at its own size
WIDTHS = """images => images.map(image => [
    image.getBoundingClientRect().width, Number(image.getAttribute("width")), image.closest("picture") !== null
])"""


@needs_tools
def test_what_a_telephone_makes_small_can_be_made_larger_and_small_again(site, browser):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto((site / f"{NAMES[0]}.html").as_uri())
    images = page.locator("article .course-figure img:visible")
    before = images.evaluate_all(WIDTHS)
    small = [own > 420 and not narrow for _, own, narrow in before]
    buttons = page.get_by_role("button", name="Show larger")
    assert buttons.count() == sum(small) > 4
    for _ in range(sum(small)):
        buttons.first.focus()
        page.keyboard.press("Enter")
    assert [after[0] for after in images.evaluate_all(WIDTHS)] == [
        pytest.approx(own if larger else width, abs=1) for (width, own, _), larger in zip(before, small, strict=True)
    ]
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    # the arrow keys push it
    pushed = page.locator(".course-large").first
    pushed.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.course-large').scrollLeft > 0")
    fit = page.get_by_role("button", name="Fit to the page")
    for _ in range(sum(small)):
        fit.first.click()
    assert images.evaluate_all(WIDTHS) == before
    page.set_viewport_size({"width": 1366, "height": 768})
    page.wait_for_function("![...document.querySelectorAll('.course-larger')].some(button => button.clientWidth)")
    page.close()


@needs_tools
def test_the_map_can_be_read_on_a_telephone(site, browser):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    for name, images in (("index", ".map img:visible"), (NAMES[0], ".course-figure picture img")):
        page.goto((site / f"{name}.html").as_uri())
        width, natural = page.locator(images).first.evaluate(
            "image => [image.getBoundingClientRect().width, image.naturalWidth]"
        )
        # its own drawing, whose letters of 7 points are nine pixels high
        assert natural == pytest.approx(2 * 345, abs=20)
        assert 7 / 72 * INCH * width / 345 > 9
    page.close()


@needs_tools
def test_printed_columns_are_not_broken_and_sentences_are(site, browser):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    broken = []
    for name in NAMES:
        page.goto((site / f"{name}.html").as_uri())
        broken += page.locator("div.output.stream pre").evaluate_all(
            """all => all.map(pre => [pre.innerText.trimEnd().split("\\n").length,
                Math.round((pre.clientHeight - 2 * parseFloat(getComputedStyle(pre).paddingTop)) /
                           parseFloat(getComputedStyle(pre).lineHeight)),
                pre.closest(".columns") !== null])"""
        )
    columns = [(lines, shown) for lines, shown, in_columns in broken if in_columns]
    assert len(columns) > 1
    assert all(lines == shown for lines, shown in columns)
    assert any(shown > lines for lines, shown, in_columns in broken if not in_columns)
    page.close()


@pytest.mark.parametrize(
    ("printed", "columns"),
    [
        ("in     (4, 3)   same\nout    (4, 8)   same\n", True),
        ("tensor([[1., 2.],\n        [3., 4.],\n        [5., 6.]])", True),
        ("Two sentences. They stand\nin two lines.", False),
        ("one     row   alone\nand a sentence", False),
    ],
)
def test_a_printed_table_is_told_from_sentences(printed, columns):
    assert (len(reading_edition.ROW.findall(printed)) > 1) is columns


@needs_tools
def test_on_paper_nothing_is_cut_and_nothing_stays_folded(site, browser):
    page = browser.new_page(viewport={"width": 680, "height": 900})  # A4 with its margins
    for name in NAMES:
        page.goto((site / f"{name}.html").as_uri())
        page.emulate_media(media="print")
        cut = page.locator("article pre, article table, article img").evaluate_all(
            "all => all.filter(one => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > 681)"
            ".map(one => one.outerHTML.slice(0, 80))"
        )
        assert cut == []
        heights = page.locator("details > p").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
        assert len(heights) > 5
        assert min(heights) > 5
        # or a long program would leave half a page empty before it
        frames = page.locator("div.cell_input, div.cell_input pre").evaluate_all(
            "all => all.map(one => getComputedStyle(one).breakInside)"
        )
        assert set(frames) == {"auto"}
    page.close()


@needs_tools
@pytest.mark.skipif(not os.environ.get("COURSE_SLOW_TESTS"), reason="only with COURSE_SLOW_TESTS=1")
def test_links_search_formulas_and_pictures_work_wherever_the_pages_lie(addresses, browser):
    for address in addresses:
        page = browser.new_page()
        failed = failures(page)
        page.goto(f"{address}/index.html")
        assert 0 not in page.locator("article img").evaluate_all("all => all.map(img => img.naturalWidth)")
        page.locator("article h3 a", has_text="Time embedding").click()
        page.wait_for_url("**/01_time_embedding.html*")
        assert page.locator("article math").count() > 3
        box = page.locator("article math").first.bounding_box()
        assert box["width"] > 10
        slider = page.get_by_role("slider", name="time t")
        said = page.locator(".course-frames").get_by_role("status")
        slider.focus()
        for key in ("Home", "ArrowRight"):
            page.keyboard.press(key)
            assert f"From t = {slider.get_attribute('aria-valuetext')} " in said.inner_text()
        widths = page.locator("article img").evaluate_all("all => all.map(img => img.naturalWidth)")
        assert len(widths) > 2
        assert 0 not in widths
        page.goto(f"{address}/search.html?q=checkerboard")
        page.locator("#search-results li a").first.click()
        page.wait_for_url("**/04_resampling.html*")
        assert [url for url in failed if "favicon" not in url] == []
        page.close()
