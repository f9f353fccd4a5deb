"""Mistakes are data: one grammar, and whoever writes it wrong is told the file, the entry and what is allowed."""

import dataclasses

import pytest

from course_lib.checks.examination import examine_answer
from course_lib.checks.handle import Handle
from course_lib.checks.mistakes import read_mistakes, read_tables
from course_lib.checks.registry import exercises, find_exercise

FROM_PIXELS = find_exercise(None, "from_pixels")
GOOD = """
[pieces]
LAST = 'return values / HALF_OF_255 - 1'

[subtracts_two]
says = '''
You subtract 2, so the numbers
run from -2 to 0.'''
edit = [['LAST', 'return values / HALF_OF_255 - 2']]

["divides_by_0.5"]
says = "You divide by a half."
edit = [['HALF_OF_255 -', '0.5 -']]
"""


def written(tmp_path, text):
    path = tmp_path / "from_pixels.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_mistake_is_a_name_a_sentence_and_an_edit(tmp_path):
    first, second = read_mistakes(written(tmp_path, GOOD), FROM_PIXELS)
    assert (first.name, first.sentence) == ("subtracts_two", "You subtract 2, so the numbers run from -2 to 0.")
    assert first.edit == (("return values / HALF_OF_255 - 1", "return values / HALF_OF_255 - 2"),)
    assert first.wrong(_pixels(0, 255)).tolist() == [-2, 0]
    assert second.name == "divides_by_0.5"


def test_a_further_thought_stands_above_the_mistakes_and_is_none(tmp_path):
    thought = 'further = """\nOr without\na loop?"""\n'
    assert len(read_mistakes(written(tmp_path, thought + GOOD), FROM_PIXELS)) == 2
    assert read_tables(written(tmp_path, thought + GOOD))["further"] == "Or without\na loop?"


def test_a_mistake_written_by_a_teacher_is_recognised(tmp_path):
    """The whole way of one who knows no Python: a table in the file, and a learner who makes the mistake hears it."""
    mine = dataclasses.replace(FROM_PIXELS)
    mine.misconceptions = (*read_mistakes(written(tmp_path, GOOD), mine), *FROM_PIXELS.misconceptions)

    def from_pixels(pixels):
        return pixels.float() / 127.5 - 2

    result = examine_answer(mine, Handle(from_pixels), seed=3)
    assert result.misconception == "subtracts_two"
    assert result.message.startswith("You subtract 2")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[a]\nsays = 'x'\nedit = [['HALF_OF_256', '1']]", r"from_pixels.toml, \[a\]: edit replaces 'HALF_OF_256'"),
        ("[a]\nsays = 'x'\nedit = [['LATS', '1']]\n[pieces]\nLAST = 'values'", r"\[a\]: edit replaces 'LATS'"),
        ("[a]\nsays = 'x'\nedit = [['return values', 'return valeus']]", r"\[a\]: edit uses valeus, which neither"),
        ("[a]\nsays = 'x'\nedit = [['return values', 'return values.flaot()']]", r"\[a\]: edit uses \.flaot, which no"),
        ("[a]\nsays = 'x'\nedit = [['return values', 'return F.slogmoid(values)']]", r"\[a\]: edit uses \.slogmoid"),
        ("[a]\nsays = 'x'\nedit = [['return values', 'return (values']]", r"from_pixels.toml, \[a\]: .*never closed"),
        ("[a]\nsays = 'x'\nanswer = 'nobody'", r"from_pixels.toml, \[a\]: answer is 'nobody'"),
        ("[a]\nsays = 'x'\nedits = []", r"from_pixels.toml, \[a\] holds edits; allowed: a table of answer, edit, says"),
        ("[a]\nedit = [['values', '1']]", r"\[a\]: says is None"),
        ("[a]\nsays = ' '\nedit = [['values', '1']]", r"\[a\]: says is ' '"),
        ("[a]\nsays = 'x'\nedit = ['values', '1']", r"\[a\]: edit is \['values', '1'\]"),
        ("[a]\nsays = 'x'\nedit = [['values']]", r"\[a\]: edit is"),
        ("[a]\nsays = 'x'", r"\[a\] needs edit, or answer"),
        ("a = 3", r"\[a\] holds 3"),
        ("[a\nsays = 'x'", "from_pixels.toml is no TOML"),
        (
            "further = 3\n[a]\nsays = 'x'\nedit = [['values', '1']]",
            "from_pixels.toml: further is 3; allowed: a sentence",
        ),
        ("further = ' '\n[a]\nsays = 'x'\nedit = [['values', '1']]", "from_pixels.toml: further is ' '"),
        ("[a]\nsays = 'x'\nedit = [['values', '1']]\nshows = 3", r"\[a\]: shows is 3; allowed"),
        ("[a]\nsays = 'x'\nedit = [['values', 'values']]\nshows = 'b'", r"\[a\]: shows is 'b'; allowed: the name of"),
        ("[further]\nsays = 'x'\nedit = [['values', '1']]", "from_pixels.toml: further is {"),
        ("[a]\nsays = 'x'\nedit = [['values', '1']]\nfurther = 'y'", r"\[a\] holds further"),
        ("[a]\nsays = 'x'\nedit = [['v', 'w']]\n[a]\nsays = 'y'", "from_pixels.toml is no TOML"),
    ],
)
def test_what_is_written_wrong_names_file_and_entry(tmp_path, table, said):
    with pytest.raises(ValueError, match=said):
        read_mistakes(written(tmp_path, table), FROM_PIXELS)[0].verify()


def test_an_attribute_that_nothing_has_may_be_the_mistake_itself(tmp_path):
    table = "[a]\nsays = 'A tensor has no .as_float().'\nedit = [['values /', 'values.as_float() /']]"
    read_mistakes(written(tmp_path, table), FROM_PIXELS)[0].verify()


@pytest.mark.parametrize("name", exercises())
def test_every_mistake_of_the_course_can_be_made(name):
    for mistake in exercises()[name].misconceptions:
        mistake.verify()


@pytest.mark.parametrize("name", exercises())
def test_pieces_are_used_and_an_anchor_is_no_piece_by_accident(name):
    import tomllib

    tables = tomllib.loads(exercises()[name].file.with_suffix(".toml").read_text(encoding="utf-8"))
    pieces = tables.pop("pieces", {})
    tables.pop("further", None)
    anchors = [old for table in tables.values() for old, _ in table.get("edit", [])]
    assert set(pieces) <= set(anchors)


def _pixels(*values):
    import torch

    return torch.tensor(values, dtype=torch.uint8)
