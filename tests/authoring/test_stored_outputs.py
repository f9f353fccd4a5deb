"""What readers get of a solution's outputs: whole captions, what else was printed, nothing said to the author."""

import random
import textwrap

from nbformat.v4 import new_code_cell, new_output

from course_lib.authoring.stored_outputs import for_readers, shown, without_caption
from course_lib.checks import LINE

PICTURE = new_output("display_data", {"image/png": "aGVsbG8=\n"}, metadata={"image/png": {"alt": 'a "boot" <small>'}})


def printed(text):
    return new_output("stream", name="stdout", text=text)


def test_a_caption_of_any_length_is_taken_out_of_what_was_printed_around_it():
    numbers = random.Random(0)
    for length in range(1, 120):
        caption = " ".join("x" * numbers.randint(1, 9) for _ in range(length)) + "."
        lines = textwrap.fill(f"Figure: {caption}", LINE)
        room = LINE - len(lines.splitlines()[-1])
        # a word that fits behind the caption was not part of it, or it would stand there
        after = "y" * max(1, room - 1) + " 7 of 8\n" if room > 2 else "\n7 of 8\n"
        assert without_caption(f"before\n{lines}\n{after}") == (caption, f"before\n{after}"), length
        assert without_caption(f"{lines}\n") == (caption, "")
    assert without_caption("no figure here\n") == ("", "no figure here\n")


def test_nobody_is_told_how_well_the_author_guessed():
    card = new_output("display_data", {"text/html": "<div><b>As you predicted</b>: 3.</div>"})
    said = [printed("As you predicted: 3.\n7 of 8\n"), printed("As you predicted: no.\n"), PICTURE]
    left = for_readers(said)
    assert [output.get("text") for output in left] == ["7 of 8\n", None]
    parts = shown(new_code_cell("", outputs=said))
    assert [part.lines for part in parts] == [1, 0]
    assert "predicted" not in "".join(part.html for part in parts)
    whole = new_output("display_data", {"text/html": "<p>As you predicted: 3.</p>"})
    assert for_readers([whole]) == []
    assert for_readers([card, PICTURE])[-1] == PICTURE


def test_a_caption_stands_below_its_figure_and_no_character_of_it_is_markup():
    left = for_readers([PICTURE, printed("Figure: wider than <b> & tall.\n3 left\n")])
    assert left[0] == PICTURE
    assert left[1].data["text/html"] == '<p class="caption">wider than &lt;b&gt; &amp; tall.</p>'
    assert left[2].text == "3 left\n"
    figure, text = shown(new_code_cell("", outputs=[PICTURE, printed("Figure: wide <b>.\n3 < 4\n")]))
    assert figure.html == (
        '<figure><img alt="a &#34;boot&#34; &lt;small&gt;" src="data:image/png;base64,aGVsbG8=">'
        "<figcaption>wide &lt;b&gt;.</figcaption></figure>"
    )
    assert text.html == "<pre>3 &lt; 4</pre>"


def test_html_is_kept_as_it_is_stored():
    html = '<figure><img alt="a" src="data:image/png;base64,aGVsbG8="></figure>'
    (part,) = shown(new_code_cell("", outputs=[new_output("display_data", {"text/html": html, "text/plain": "a"})]))
    assert part.html == html
