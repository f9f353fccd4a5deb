"""A prediction is a click, or a few letters; whoever has not predicted is told nothing."""

import ast

import pytest

from course_lib.authoring.hidden_answers import HIDDEN, TITLE, cut, with_hidden_answers
from course_lib.authoring.source import lesson_sources, read_lesson
from course_lib.lessons.shared.predictions import Prediction, buttons, predict, verdict

TIMES = ("under 20 seconds", "20 seconds to a minute", "over a minute")


@pytest.mark.parametrize(
    "mine",
    [2, "2", "20", "20 seconds to", "20 Seconds to a Minute", '"20 seconds to a minute"', " 20  seconds to a minute. "],
)
def test_wording_cannot_be_wrong(mine, capsys):
    verdict("20 seconds to a minute", predict(*TIMES, mine=mine))
    assert capsys.readouterr().out.endswith("As you predicted: 20 seconds to a minute.\n")


@pytest.mark.parametrize(("mine", "taken"), [(1, "1"), (10, "10"), ("100", "100"), (4, "1000"), (3, "100")])
def test_a_number_that_is_an_option_is_meant_as_that(mine, taken):
    asked = Prediction(1, 10, 100, 1000)
    asked.choose(mine)
    assert asked.choice == taken


@pytest.mark.parametrize("mine", ["less than 20 seconds", "", 0, 4, None, "o u"])
def test_what_is_no_option_is_answered_with_the_options(mine, capsys):
    asked = predict(*TIMES, mine=mine)
    assert asked.choice is None
    said = " ".join(capsys.readouterr().out.split())
    assert "1: under 20 seconds, 2: 20 seconds to a minute, 3: over a minute." in said


@pytest.mark.parametrize("left", [..., Prediction("more", "less")])
def test_who_has_not_predicted_is_told_nothing(left, capsys):
    verdict("more", left)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("truth", "mine", "begins"), [(10, 10, "As you"), ("More", "more", "As you"), (3, 4, "You p")])
def test_a_plain_assignment_remains(truth, mine, begins, capsys):
    verdict(truth, mine)
    assert capsys.readouterr().out.startswith(begins)


@pytest.mark.parametrize("first", ["click", "verdict"])
def test_a_click_is_answered_before_and_after_what_came_out(first, capsys):
    asked = Prediction(*TIMES)
    choice, words, _ = buttons(asked).children
    if first == "verdict":
        verdict("over a minute", asked)
        assert capsys.readouterr().out == ""
    choice.value = "over a minute"
    if first == "click":
        assert "Noted: over a minute." in words.value
        verdict("over a minute", asked)
        assert capsys.readouterr().out == "As you predicted: over a minute.\n"
    else:
        assert words.value == '<div role="status">As you predicted: over a minute.</div>'
    choice.value = TIMES[0]
    assert "You predicted under 20 seconds. It is: over a minute." in words.value


def test_buttons_wrap_and_name_their_question():
    made = buttons(Prediction(*TIMES))
    choice, _, style = made.children
    assert list(choice.tooltips) == [f"My prediction: {option}" for option in TIMES]
    assert "uc-prediction" in made._dom_classes
    assert "white-space: normal" in style.value
    assert style.layout.display == "none"


def test_a_cell_is_cut_where_it_begins_to_tell():
    text = "x = 1\n# which\ntook = 'More' if x else 0\nverdict(took, p)\nprint(x)"
    assert cut(text, {"more"}) == ("x = 1", "# which\ntook = 'More' if x else 0\nverdict(took, p)\nprint(x)")
    assert cut("verdict(1, p)", ()) == ("", "verdict(1, p)")
    assert cut("'''verdict(1, p)'''", ()) == ("'''verdict(1, p)'''", "")


@pytest.mark.parametrize("source", lesson_sources(), ids=lambda source: source.name)
def test_no_code_in_sight_tells_the_answer(source):
    """From the question to its verdict, in every lesson: what is compared stands folded."""
    read, options, verdicts = read_lesson(source).cells, (), 0
    cells = list(with_hidden_answers(read))
    for cell in cells:
        if "predict" in cell.metadata:
            assert not options, f"{cell.metadata['predict']}: the one before has no verdict"
            options = [str(option).casefold() for option in cell.metadata["options"]]
            answer = str(cell.metadata["answer"]).casefold()
            assert answer in options
        elif cell.metadata.get(HIDDEN):
            assert cell.text.startswith(TITLE)
            verdicts += cell.text.count("verdict(")
            options = ()
        elif cell.kind == "code" and "exercise" not in cell.metadata and options:
            spelled = {text for text in strings_in(cell.text) if text in options}
            assert spelled != {answer}, cell.text  # all options beside each other tell nothing
    assert verdicts == sum("predict" in cell.metadata for cell in cells)
    code = "".join(cell.text.replace(f"{TITLE}\n", "") for cell in cells if cell.kind == "code")
    assert squeezed(code) == squeezed("".join(cell.text for cell in read if cell.kind == "code"))


def strings_in(text):
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return {node.value.casefold() for node in nodes if isinstance(node.value, str)}


def squeezed(text):
    return "".join(text.split())
