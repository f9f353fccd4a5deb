"""Likeness and pages: what is listed, what is told, and that nothing a learner writes becomes markup."""

import html
import html.parser
import re

import pytest
from fabricated import WITHOUT_SHIFT
from jinja2 import UndefinedError

from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.reading.catalogue import catalogue
from course_lib.grading.reports.class_page import Overview, class_page, mistakes
from course_lib.grading.reports.learner_page import learner_page
from course_lib.grading.reports.page import STATUSES, STYLE, TEMPLATES, environment, next_hint, prose
from course_lib.grading.similarity import MIN_TOKENS, Alike, alike, fingerprint

ITEMS = catalogue()
TITLES = {item.lesson: f"{item.lesson} title" for item in ITEMS}

LONG = """\
def f(x, scale, shift):
    # a comment
    total = x * scale + shift
    for step in range(3):
        total = total + step * scale
        if total.sum() > 10:
            total = total / 2
    return total.reshape(-1), scale
"""


def prints(**sources):
    return {who: fingerprint(source, "f", "") for who, source in sources.items()}


def test_layout_and_comments_do_not_count_names_and_small_changes_are_told():
    found = alike(
        "f",
        prints(
            ada=LONG,
            bob=LONG.replace("    # a comment\n", '    """Doc."""\n').replace(
                "x * scale + shift", "( x*scale )  +  shift"
            ),
            cy=LONG.replace("total", "summe").replace("shift", "bias"),
            dan=LONG.replace("range(3)", "range(4)"),
            eve="def f(x, scale, shift):\n    y = x.mul(scale).add(shift)\n"
            + "    y = y.relu().tanh().exp()\n" * 5
            + "    return y",
        ),
    )
    assert [(one.kind, one.learners) for one in found[:2]] == [
        ("identical", ("ada", "bob")),
        ("identical but for names", ("ada", "bob", "cy")),
    ]
    assert [one.learners for one in found[2:]] == [("ada", "bob", "cy", "dan")]
    assert all(0.8 <= one.share < 1 for one in found[2:])
    assert all(one.tokens >= MIN_TOKENS for one in found)


def test_short_answers_are_not_compared_and_the_solution_is_recognised():
    assert alike("f", prints(ada="def f(x):\n    return x + 1", bob="def f(x):\n    return x + 1")) == []
    assert alike("f", prints(ada=LONG, bob=LONG), fingerprint(LONG, "f", ""))[0].as_solution
    assert fingerprint("x = 1", "f", "") is None
    assert fingerprint("def f(:", "f", "") is None


def test_only_what_was_to_be_written_is_compared():
    given = "class f:\n    def __init__(self, a):\n        self.a = a + 1 + 2 + 3 + 4 + 5\n\n    def run(self, x):\n"
    blank = given + "        raise NotImplementedError('blank')"
    one = fingerprint(given + "        return x * self.a", "f", blank)
    assert one.tokens == 6  # return x * self . a


class Parsed(html.parser.HTMLParser):
    """What a page consists of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.headings, self.attributes, self.ids = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }}{% raise %}'


@pytest.fixture(scope="module")
def evil():
    statuses = list(STATUSES)
    results = tuple(
        Result(
            Mark(item.name, statuses[place % len(statuses)], f"Sentence {EVIL}.\nSeen: {EVIL}", "a_mistake", EVIL),
            item.lesson,
            EVIL,
            f"</code></pre>{EVIL}\x00\x1b[31m\n" + WITHOUT_SHIFT,
        )
        for place, item in enumerate(ITEMS)
    )
    return Graded(EVIL, EVIL, EVIL, (EVIL,), (EVIL,), results)


@pytest.fixture(scope="module")
def pages(evil):
    overviews = [Overview.of(evil, "a.html"), Overview.of(evil, "b.html")]
    similar = [Alike(ITEMS[0].name, "nearly identical", ("0", "1"), 0.9, 50, False)]
    return {
        "learner": learner_page(evil, ITEMS, TITLES),
        "class": class_page(overviews, ITEMS, similar, TITLES, [EVIL]),
    }


@pytest.mark.parametrize("name", ["learner", "class"])
def test_pages_are_whole_self_contained_and_hold_no_markup_of_a_learner(pages, name):
    parsed = Parsed(pages[name])
    assert not {"script", "img", "link", "iframe", "object", "form", "svg"} & set(parsed.tags)
    for tag, attribute, value in parsed.attributes:
        assert not attribute.startswith("on"), (tag, attribute)
        assert attribute not in ("src", "action")
        if attribute == "href":
            assert re.fullmatch(r"#exercise-[\w.]+|learners/[ab]\.html|\.\./index\.html", value), value
    assert ("meta", "http-equiv", "Content-Security-Policy") in parsed.attributes
    assert "\x00" not in pages[name]
    assert "\x1b" not in pages[name]
    # nor is it taken for a template
    assert html.unescape(pages[name]).count(EVIL) > 20


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_template_lets_markup_through(path):
    """Escaping is on, and an attribute in quotes is one that an escaped value cannot leave."""
    text = path.read_text(encoding="utf-8")
    assert environment().autoescape is True
    assert not re.search(r"\|\s*safe\b|autoescape|\bMarkup\b", text)
    values = re.sub(r"\{\{.*?\}\}", "VALUE", re.sub(r"\{[#%].*?[#%]\}", "", text, flags=re.DOTALL))
    for tag in re.findall(r"<[a-z][^<>]*>", values):
        assert "VALUE" not in re.sub(r'"[^"]*"', "", tag), tag


def test_a_name_that_a_template_misspells_is_an_error():
    with pytest.raises(UndefinedError):
        environment().from_string("{{ learnr }}").render(learner="ada")


@pytest.mark.parametrize("name", ["learner", "class"])
def test_pages_can_be_read_by_everybody(pages, name):
    parsed = Parsed(pages[name])
    assert ("html", "lang", "en") in parsed.attributes
    assert parsed.headings[0] == 1
    assert parsed.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(parsed.headings, parsed.headings[1:], strict=False))
    assert parsed.tags.count("table") == parsed.tags.count("caption") > 0
    assert len(parsed.ids) == len(set(parsed.ids))
    for link in (value for _, attribute, value in parsed.attributes if attribute == "href" and value.startswith("#")):
        assert link[1:] in parsed.ids


def luminance(colour):
    digits = colour * 2 if len(colour) == 3 else colour
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_contrast_is_enough_and_no_status_is_told_by_colour_alone():
    """WCAG 2.1: 4.5 to 1, computed from the style itself."""
    light = STYLE.partition("@media screen and (prefers-color-scheme: dark)")[0]  # the dark: test_accessibility.py
    pairs = re.findall(r"background: #([0-9a-f]{3,6}); color: #([0-9a-f]{3,6})", light)
    assert len(pairs) == 6
    on_white = [("fff", colour) for colour in re.findall(r"(?<!-)color: #([0-9a-f]{3,6}); \}", light)]
    assert on_white
    for back, front in pairs + [pair for pair in on_white if pair[1] not in [front for _, front in pairs]]:
        light, dark = sorted((luminance(back), luminance(front)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (back, front)
    assert len({letter for letter, _, _ in STATUSES.values()}) == len(STATUSES)


@pytest.mark.parametrize("name", ["learner", "class"])
def test_a_telephone_scrolls_the_tables_and_not_the_page(pages, browser, name):
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme="dark")
    page.set_content(pages[name].replace("\x00", ""))
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
    page.close()


def test_the_heat_map_says_every_cell_in_words(pages):
    body = pages["class"].split('class="map"')[1].split("</table>")[0]
    assert body.count('<span class="hidden">') == 2 * len(ITEMS)


def test_every_exercise_has_hints_and_the_next_one_is_named():
    for item in ITEMS:
        assert len(item.hints) >= 2 or not item.blank, item.name
    item = ITEMS[0]
    assert next_hint(item, Mark(item.name, "not attempted"))[0].startswith("Hint 1")
    assert next_hint(item, Mark(item.name, "failed"))[0].startswith("Hint 2")
    assert next_hint(item, Mark(item.name, "passed")) is None
    assert prose("a `b<c` **d**\n\n```python\nx < y\n```") == (
        "<p>a <code>b&lt;c</code> <strong>d</strong></p>\n<pre>x &lt; y</pre>"
    )


def test_mistakes_are_counted_and_the_frequent_come_first():
    def one(*names):
        found = {exercise: (name, f"Sentence of {name}.") for exercise, name in names}
        return Overview("x", "", "x.html", 0, dict.fromkeys(found, "failed"), found)

    first, second = ITEMS[0].name, ITEMS[1].name
    class_ = [one((first, "b")), one((first, "a"), (second, "c")), one((first, "a"))]
    assert next((m.exercise, m.name, m.learners) for m in mistakes(class_)) == (first, "a", (1, 2))
    text = class_page(class_, ITEMS, [], TITLES, [])
    go_over = text.split("What to go over next")[1].split("<h2>")[0]
    assert "Sentence of a." in go_over
    assert "Sentence of b." not in go_over
    assert "2 of 3" in go_over
