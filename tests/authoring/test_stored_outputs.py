"""What readers get of a solution's outputs: what was shown and printed, and nothing that was said to the author."""

from nbformat.v4 import new_code_cell, new_output

from course_lib.authoring.stored_outputs import for_readers, only_says_how_it_went, shown
from course_lib.lessons.shared.predictions import ANSWER, sentence
from course_lib.pictures.html_figure import figure_html

PICTURE = new_output("display_data", {"text/html": figure_html(b"png", 2, 2, "a boot", "A boot."), "text/plain": "-"})
RIGHT, WRONG = sentence("3", "3"), sentence("3", "4")


def printed(text):
    return new_output("stream", name="stdout", text=text)


def displayed(text):
    return new_output("display_data", {"text/html": ANSWER.format("3", text), "text/plain": text})


def test_nobody_is_told_how_well_the_author_guessed():
    for said in (RIGHT, WRONG):
        assert for_readers([displayed(said)]) == []
        outputs = [printed("7 of 8\n"), displayed(said), PICTURE]
        left = for_readers(outputs)
        assert [output.get("text") for output in left] == ["7 of 8\n", None]
        parts = shown(new_code_cell("", outputs=outputs))
        assert [part.lines for part in parts] == [1, 0]
        assert "predicted" not in "".join(part.html for part in parts)


def test_a_figure_is_kept_as_it_is_stored_and_text_is_no_markup():
    figure, text = shown(new_code_cell("", outputs=[PICTURE, printed("3 < 4\n")]))
    assert figure.html == PICTURE.data["text/html"]
    assert text.html == "<pre>3 &lt; 4</pre>"


def test_a_folded_cell_stays_where_it_shows_more_than_how_it_went():
    folded = {"jupyter": {"source_hidden": True}}
    assert only_says_how_it_went(new_code_cell("", outputs=[displayed(RIGHT)], metadata=folded))
    assert not only_says_how_it_went(new_code_cell("", outputs=[displayed(RIGHT), PICTURE], metadata=folded))
    assert not only_says_how_it_went(new_code_cell("", outputs=[displayed(RIGHT)]))
    assert not only_says_how_it_went(new_code_cell("", metadata=folded))
