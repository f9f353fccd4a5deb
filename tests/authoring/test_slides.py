"""Decks of slides: what is on them, what is not, and that they open from a folder in a real browser."""

import html
import re
from html.parser import HTMLParser

import pytest

from course_lib.authoring import deck
from course_lib.authoring.__main__ import main
from course_lib.authoring.build import should_be
from course_lib.authoring.notebooks import exercise_of
from course_lib.authoring.slides import deck_of
from course_lib.authoring.source import SLIDE_MARK, lesson_sources, read_lesson
from course_lib.progress.outline import read_outline

SOURCES = lesson_sources()

pytestmark = pytest.mark.skipif(not all(map(deck.find_spec, deck.NEEDED)), reason='needs pip install -e ".[book]"')


class Images(HTMLParser):
    """The alt texts of a page's images, and the addresses of everything that it would load."""

    def __init__(self, text):
        super().__init__()
        self.alts, self.loaded = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "img":
            self.alts.append(values.get("alt"))
        if tag in ("img", "script", "link", "iframe", "source", "video", "audio", "object"):
            self.loaded += [values[name] for name in ("src", "href", "data") if name in values]


@pytest.fixture(scope="module")
def pages(tmp_path_factory, decks):
    folder = tmp_path_factory.mktemp("slides")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deck, "deck_of", lambda source: decks[source.name])  # once is enough
        assert main(["slides", "--out", str(folder)]) == 0
    return {source.name: folder / f"{source.name}.html" for source in SOURCES}


@pytest.fixture(scope="module")
def lessons():
    return {source.name: read_lesson(source) for source in SOURCES}


@pytest.fixture(scope="module")
def decks():
    return {source.name: deck_of(source) for source in SOURCES}


def test_every_lesson_has_a_deck_that_fits_a_lesson(pages, decks):
    for source in SOURCES:
        made, page = decks[source.name], pages[source.name].read_text(encoding="utf-8")
        kinds = [slide.kind for slide in made.slides]
        assert 10 <= len(kinds) <= 25, f"{source.name} has {len(kinds)} slides: mark more or less with {SLIDE_MARK}"
        assert kinds[0] == "title"
        assert kinds.count("map") == 1
        assert kinds.count("exercise") == len(read_outline(source.path).exercises)
        assert page.count("<section ") == len(kinds)
        assert made.title in html.unescape(page)


def test_no_line_that_a_learner_has_to_write_is_in_a_deck(pages, lessons):
    tried = 0
    for source in SOURCES:
        text = html.unescape(re.sub(r"<[^>]+>", "", pages[source.name].read_text(encoding="utf-8")))
        # a line that a task quotes is told to every learner
        told = re.sub(
            r"<details>.*?</details>", "", "\n".join(cell.text for cell in lessons[source.name].cells), flags=re.S
        )
        for cell in lessons[source.name].cells:
            if "exercise" in cell.metadata:
                exercise = exercise_of(cell)
                given = {line.strip() for line in exercise.blank.splitlines()}
                answer = {line.strip() for line in exercise.full.splitlines()} - given
                shown = [line for line in answer if len(line) > 12 and line in text and f"`{line}`" not in told]
                assert not shown, f"{source.name}: {shown}"
                tried += len(answer)
    assert tried > 200


def test_a_question_comes_before_its_answer_and_does_not_give_it_away(decks, lessons):
    asked = 0
    for source in SOURCES:
        answers = [cell.metadata for cell in lessons[source.name].cells if "predict" in cell.metadata]
        slides = decks[source.name].slides
        for slide, after in zip(slides, [*slides[1:], None], strict=True):
            if slide.kind != "question":
                continue
            asked += 1
            assert after is not None
            assert after.kind == "answer"
            assert after.title == slide.title
            question, answer = ("".join(one.parts) for one in (slide, after))
            assert 'class="right"' not in question
            assert "<img" not in question
            right = html.unescape(re.search(r'class="right"><b>(.*?)</b>', answer)[1])
            options = [html.unescape(one) for one in re.findall(r"<li>(.*?)</li>", question)]
            assert any(right == str(one["answer"]) and options == list(map(str, one["options"])) for one in answers), (
                f"{source.name}: {right}"
            )
    assert asked > 50


def test_every_image_says_what_it_shows_and_nothing_comes_from_elsewhere(pages):
    for name, path in pages.items():
        images = Images(path.read_text(encoding="utf-8"))
        assert len(images.alts) >= 3, name
        assert all(images.alts), name
        assert [address for address in images.loaded if not address.startswith("data:")] == [], name


def test_notes_say_minutes_that_add_up_to_the_lessons_own(decks):
    for source in SOURCES:
        made, outline = decks[source.name], read_outline(source.path)
        assert made.minutes == outline.minutes > 0
        assert sum(slide.minutes for slide in made.slides) == pytest.approx(outline.minutes)
        assert [slide.minutes for slide in made.slides if slide.kind == "exercise"] == [
            exercise.minutes for exercise in outline.exercises
        ]
        ends = [slide.begins + slide.minutes for slide in made.slides]
        assert [slide.begins for slide in made.slides] == pytest.approx([0.0, *ends[:-1]])
        assert sum(bool(slide.notes) for slide in made.slides) > 0.4 * len(made.slides)


def test_formulas_and_shape_tables_are_drawn(pages):
    for name in ("01_time_embedding", "08_ddpm"):
        text = pages[name].read_text(encoding="utf-8")
        assert text.count('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">') >= 2
        assert "$$" not in re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.S)
        assert "<table>" in text


def test_nothing_said_to_the_author_is_in_a_deck(pages):
    assert not [name for name, path in pages.items() if "As you predicted" in path.read_text(encoding="utf-8")]


# What an author may mark


def test_a_mark_is_in_no_notebook(course):
    before = should_be(course.source)
    course.edit_lesson("Text.", f"{SLIDE_MARK}\nText.")
    course.edit_lesson('```python tags=["nbval', f'{SLIDE_MARK}\n```python tags=["nbval')
    after = should_be(course.source)
    assert (after.learners, after.solution) == (before.learners, before.solution)


def test_what_is_marked_is_on_slides_and_what_is_not_is_said(course):
    course.edit_lesson("Text.", "Before.\n\n## A section\n\nUnmarked.\n\nWhy?\n\n- a list\n\n- another")
    course.edit_lesson("Why?", f"{SLIDE_MARK}\nWhy?")
    course.edit_lesson(
        '```python tags=["nbval',
        f"Said.\n\n{SLIDE_MARK}\n**In words?**\n<details><summary>One</summary>\n\nSo.\n</details>\n\n"
        f'{SLIDE_MARK}\n```python tags=["nbval',
    )
    course.store_outputs("1 < 2\n")
    slides = deck_of(course.source).slides
    assert [slide.kind for slide in slides] == ["title", "shown", "question", "answer", "shown"]
    assert [slide.title for slide in slides[1:]] == ["A section"] * 4
    parts = ["".join(slide.parts) for slide in slides]
    assert "<p>Why?</p>" in parts[1]
    assert "<li>a list</li>" in parts[1].replace("\n", "")
    assert "another" not in parts[1]
    assert "In words?" in parts[2]
    assert "So." not in parts[2]
    assert "So." in parts[3]
    assert "Hint" not in parts[3]
    assert parts[4] == "<pre>1 &lt; 2</pre>"
    notes = ["".join(slide.notes) for slide in slides]
    assert "Before." in notes[0]
    assert "Unmarked." in notes[1]
    assert "Said." in notes[1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("```python exercise", f"{SLIDE_MARK}\n```python exercise", "which shows nothing"),
        ("```python\nnum_groups", f"{SLIDE_MARK}\n```python\nnum_groups", "which shows nothing"),
        ("```python predict", f"{SLIDE_MARK}\n```python predict", "which shows nothing"),
        ("Text.", f"{SLIDE_MARK}\n## Heading", "allowed: a paragraph, list, table"),
        ("Text.", f"{SLIDE_MARK}\n{SLIDE_MARK}\nText.", "allowed: a paragraph, list, table"),
    ],
)
def test_a_mark_above_something_else_is_refused(course, old, new, message):
    course.edit_lesson(old, new)
    course.store_outputs()
    with pytest.raises(ValueError, match=f"lesson00/lesson.md: a slide is marked above .*{message}"):
        deck_of(course.source)


def test_a_solution_that_is_not_the_lessons_is_refused(course, capsys):
    with pytest.raises(ValueError, match=r"00_test.ipynb is missing or older than its lesson: run .* build 00"):
        deck_of(course.source)
    course.store_outputs()
    course.edit_lesson('print("fixed")', 'print("other")')
    with pytest.raises(ValueError, match="older than its lesson"):
        deck_of(course.source)


def test_a_missing_tool_is_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(deck, "find_spec", lambda name: None if name == "latex2mathml" else object())
    assert main(["slides", "01", "--out", str(tmp_path)]) == 2
    assert 'slides need latex2mathml: pip install -e ".[book]"' in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# In a real browser


@pytest.mark.parametrize("size", [(1280, 720), (360, 740)])
def test_a_deck_opens_from_a_folder_and_the_arrows_turn_its_slides(browser, pages, decks, size):
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    name = "03_residual_block"
    page.goto(pages[name].as_uri())
    count = len(decks[name].slides)
    seen = page.locator(".slide:visible")
    for place in range(count):
        assert seen.count() == 1
        assert seen.get_attribute("id") == str(place + 1)
        # nothing is cut off: all of it is on the screen, and every picture is drawn
        overflow = seen.locator(".content").evaluate(
            "one => [one.scrollHeight - one.clientHeight, one.scrollWidth - one.clientWidth]"
        )
        assert max(overflow) <= 1, f"slide {place + 1}"
        assert 0 not in seen.locator("img").evaluate_all("all => all.map(img => img.naturalWidth)")
        page.keyboard.press("ArrowRight")
    assert seen.get_attribute("id") == str(count)  # the last one stays
    page.keyboard.press("ArrowLeft")
    assert seen.get_attribute("id") == str(count - 1)
    page.keyboard.press("Home")
    assert page.locator(".notes:visible").count() == 0
    page.keyboard.press("n")
    assert page.locator(".notes:visible").inner_text().startswith(f"Minute 0 of {decks[name].minutes}")
    page.get_by_role("button", name="Next slide").click()
    assert seen.get_attribute("id") == "2"
    assert page.evaluate("document.activeElement.tagName") == "H2"  # what a screen reader goes on with

    with context.expect_page() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    speaker.wait_for_load_state()
    assert speaker.locator(".notes:visible").count() == 1
    speaker.bring_to_front()
    speaker.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("#3$"))  # no script of a test's: the page's own policy forbids it
    page.keyboard.press("ArrowRight")
    speaker.wait_for_url(re.compile("#4$"))
    assert errors == []
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
    assert [url for url in asked if url.startswith("file:")] == [pages[name].as_uri()]
    context.close()


def test_a_printed_deck_has_all_slides(browser, pages, decks):
    page = browser.new_page()
    page.goto(pages["03_residual_block"].as_uri())
    page.emulate_media(media="print")
    assert page.locator(".slide:visible").count() == len(decks["03_residual_block"].slides)
    assert page.locator("nav:visible").count() == 0
