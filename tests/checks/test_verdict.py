"""A verdict has the same words as text and as a card, whatever an answer says; the card can be read, and is one."""

import re
from html.parser import HTMLParser

import pytest

from course_lib.checks import check, examine
from course_lib.checks.card import SIGNS, TEMPLATES, card
from course_lib.checks.verdict import Verdict
from course_lib.visible_text import visible

HOSTILE = {
    "a script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "quotes": "\"' onmouseover='alert(1) --> ]]> {{ 7 * 7 }} {% raw %} &lt;b&gt;",
    "the reading direction": "a\u202eb\u2066c\u200f",
    "colours of a terminal": "\x1b[31mred\x1b[2J\x07\x00",
    "half a character": "\ud800 and \ufffe",
    "one long word": "x" * 5_000,
    "many words": "many words " * 500,
    "closing tags": "</div></style></details></pre><h1>passed</h1>",
    "stars": "f(*args, **kwargs), 2*x*y, a *word* and *two words*, *<b>no</b>*, **strong**",
    "another script": "\u05d0\u05d1 \u4e2d\u6587 e\u0301",
}
TAGS = {"div", "style", "p", "span", "strong", "em", "dl", "dt", "dd", "a", "code", "pre", "details", "summary"}
OPEN_BESIDE = {"uc-card", "uc-badge", "uc-dot", "uc-below", *(f"uc-{look}" for look in SIGNS)}


class Words(HTMLParser):
    """The text of a card as a screen reader has it, its tags, and whether each that is opened is closed."""

    def __init__(self, page):
        super().__init__()
        self.text, self.tags, self.stack, self.attributes = "", [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.stack.append((tag, dict(attributes)))
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.stack.pop()[0] == tag

    def handle_data(self, data):
        if not any(tag == "style" or "aria-hidden" in attributes for tag, attributes in self.stack):
            self.text += data


def squeezed(text):
    return re.sub(r"\s+", "", text)


def same_words(verdict):
    page = card(verdict)
    found = Words(page)
    assert squeezed(found.text) == squeezed(visible(verdict.text))
    assert found.stack == []
    assert set(found.tags) <= TAGS
    assert {name for name, _ in found.attributes} <= {"class", "role", "aria-hidden", "href"}
    assert {one for name, value in found.attributes if name == "class" for one in value.split()} <= OPEN_BESIDE
    page.encode()
    return found


EVIDENCE = """{0}. Another sentence, {0}.
Expected: what is {0}.
Tried: f({0}).
Seen: {0}
The error: ValueError: {0}
In your line: return {0}
There: x is {0}
It stops in: f({0})
Spelled alike: {0}.
{0}
Read again: lesson 00, {0}
from course_lib.checks import examine; examine(f, seed=1)  # {0}"""


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_text(name):
    text = HOSTILE[name]
    message = EVIDENCE.format(text)
    found = same_words(
        Verdict("not yet", "f", f" {text}", message, text, printed=f"{text}\n{text}", beside=(text,), address="a#b")
    )
    assert found.tags.count("a") == 1
    assert ("details" in found.tags) == (len(text) > 300)
    same_words(Verdict("passed", "f", text, below=(f"  {text}", text)))


class Stops:
    pass


ANSWERS = {
    "from_pixels": lambda pixels: pixels.float() / 255,
    "to_pixels": lambda x: x.undefined,
    "num_groups": lambda channels: print("<b>" * 300) or 1,
    "merge_heads": lambda h, height, width: h.reshape(h.shape[0], -1, height, width),
    "euler_step": 3,
    "UNet": Stops,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_real_verdicts_have_the_same_words_in_both(name, monkeypatch, capsys):
    shown = []
    monkeypatch.setattr(Verdict, "show", lambda self: shown.append(self))
    check(ANSWERS[name], name, seed=3)
    assert capsys.readouterr().out == ""
    found = same_words(shown[0])
    assert found.tags.count("a") == (1 if "Read again: " in shown[0].message else 0)
    result = examine(ANSWERS[name], name, seed=3)
    assert squeezed(result.message) in squeezed(Words(result._repr_html_()).text)


def look_of(verdict):
    return re.search(r"uc-card uc-([\w-]+)", card(verdict))[1]


def test_every_verdict_has_a_look_of_its_own():
    assert look_of(Verdict("passed", "f")) == "passed"
    assert look_of(Verdict("not yet", "f", message="Wrong.\nExpected: a.")) == "not-yet"
    assert look_of(Verdict("not started", "f")) == "not-started"
    assert look_of(Verdict("not yet", "f", message="It stops.\nThe error: E.")) == "error"
    assert look_of(Verdict("not yet", head="exercise is 'f'", of_the_call=True)) == "error"
    assert len(set(SIGNS.values())) == 4


def test_the_sentence_that_names_the_mistake_is_bold():
    page = card(Verdict("not yet", "f", message="You map to [0, 1]. The network wants more.\nExpected: a."))
    assert "<strong>You map to [0, 1].</strong> The network wants more." in page


def test_a_word_between_stars_is_stressed_and_code_is_not():
    page = card(Verdict("not yet", "f", message="Sum over *rows*. Not f(*a, *b) nor 2*x*y.\nExpected: *a*."))
    plain = page.replace('<span class="uc-dot">*</span>', "")
    assert "<strong>Sum over <em>rows</em>.</strong> Not f(*a, *b) nor 2*x*y." in plain
    assert "*a*." in plain  # evidence is as it came


# ---- colours ----


def brightness(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def contrast(one, other):
    low, high = sorted(map(brightness, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_a_text_has_the_colour_of_its_page_or_brings_what_lies_behind_it():
    style = (TEMPLATES / "verdict.css").read_text(encoding="utf-8")
    pairs = 0
    for rule in re.findall(r"\{([^{}]*)\}", style):
        given = dict(line.split(":", 1) for line in rule.split(";") if line)
        colour = given.get("color", "inherit").removesuffix("!important")
        if colour in ("inherit", "var(--jp-content-font-color1,inherit)"):
            assert given.get("background", "none").startswith("none")
            continue
        assert contrast(colour, given["background"]) >= 4.5, rule
        pairs += 1
    assert pairs == 4


def test_contrast_is_what_the_guidelines_say():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_code_breaks_between_words_and_a_link_is_underlined():
    """JupyterLab lets an output's code break anywhere, and colours links by a stronger rule than one class."""
    style = (TEMPLATES / "verdict.css").read_text(encoding="utf-8")
    assert re.search(r"\.uc-card code,\.uc-card pre\{[^}]*word-break:normal", style)
    assert re.search(r"\.uc-card a:any-link\{[^}]*text-decoration:underline", style)
