"""An answer that stops with an error hears of the error: what it means, its line, what was in it; never of values."""

import pytest
from answers import taken_away
from answers_that_stop import answer_of, source_of, with_line
from error_cases import CASES

from course_lib.checks import examine
from course_lib.checks.errors import meanings, same_error
from course_lib.checks.guard import Failure
from course_lib.checks.registry import exercises

SEED = 4


def hears_only_of_the_error(name, message):
    """No sentence of a property, which speaks about values."""
    return not any(one.mistake and one.mistake in message for one in exercises()[name].properties)


@pytest.mark.parametrize(
    ("meaning", "name", "code"),
    [(meaning, *case) for meaning, cases in CASES.items() for case in cases if case[0] not in taken_away()],
)
def test_an_error_is_told_by_what_it_means(meaning, name, code):
    result = examine(answer_of(name, code), name, seed=SEED)
    assert result.status == "failed"
    assert result.misconception == meaning, result.message
    assert "The error: " in result.message
    assert hears_only_of_the_error(name, result.message)


def test_every_meaning_has_three_causes_in_different_exercises():
    assert set(CASES) == {one.name for one in meanings()}
    assert all(len({name for name, _ in cases}) >= 3 for cases in CASES.values())


SAME = [
    ("RuntimeError: size a (3) and b (4) at dimension 1", "RuntimeError: size a (4) and b (3) at dimension 1", True),
    ("RuntimeError: size a (3) and b (4) at dimension 1", "RuntimeError: size a (3) and b (5) at dimension 1", False),
    (
        "RuntimeError: 8 for tensor number 1 in the list",
        "RuntimeError: 8 for tensor number 2 in the list",
        True,
    ),
    (
        "RuntimeError: 8 for tensor number 1 in the list",
        "RuntimeError: 9 for tensor number 1 in the list",
        False,
    ),
    ("ValueError: dtype torch.float32; allowed: int", "ValueError: dtype torch.float64; allowed: int", True),
    ("KeyError: 'h'", "KeyError: 'x'", True),
    ("NameError: name 'h' is not defined", "NameError: name 'x' is not defined", False),
    (
        "AttributeError: 'Tensor' object has no attribute 'T'",
        "AttributeError: 'list' object has no attribute 'T'",
        False,
    ),
    ("TypeError: no", "ValueError: no", False),
]


@pytest.mark.parametrize(("one", "other", "same"), SAME)
def test_two_errors_are_the_same_if_the_same_inputs_led_to_the_same_message(one, other, same):
    first, second = (Failure("raised", text, error=text.partition(":")[0]) for text in (one, other))
    assert same_error(first, second) is same


# errors that can be made anywhere, by what they mean
ANYWHERE = {
    "name_not_defined": "undefined_name",
    "number_for_a_tensor": "torch.sqrt(2.0)",
    "truth_of_several_numbers": "if torch.ones(3) > 0: pass",
    "view_of_scattered_numbers": "torch.ones(2, 3).t().view(6)",
    "none_for_a_value": "None + 1",
    "sizes_do_not_line_up": "torch.ones(2) + torch.ones(3)",
    "division_by_zero": "1 / 0",
    "unpacked_wrongly": "a, b = (1, 2, 3)",
    "layer_for_a_tensor": "nn.Linear(3, 2)(nn.SiLU())",
    "not_for_this_type": "torch.softmax(torch.arange(3), 0)",
    "brackets_forgotten": "torch.ones(2).sum + 1",
    "index_outside": "[1, 2][7]",
}


# whose answers take a second or more to be tried hear of a few
FEW = ("name_not_defined", "truth_of_several_numbers", "not_for_this_type")
LARGE = {"UNet", "ResidualBlock", "SelfAttention", "parameter_budget"}


@pytest.mark.parametrize("name", exercises())
def test_wherever_an_error_stands_it_is_what_the_learner_hears_of(name):
    places = [{}, {"last": True}]
    if "def __init__" in source_of(name):
        places += [{"method": "__init__"}, {"method": "__init__", "last": True}]
    for meaning in FEW if name in LARGE else ANYWHERE:
        line = ANYWHERE[meaning]
        for place in places:
            result = examine(with_line(name, line, **place), name, seed=SEED)
            # a line further down is not reached by every call
            assert result.status == "failed", (line, place)
            assert result.misconception == meaning, (line, place, result.message)
            assert f"In your line: {line.partition(':')[0]}" in result.message
            assert hears_only_of_the_error(name, result.message), (line, place, result.message)


# errors that nobody has told the meaning of: the line, how the error begins, what was in the line
UNUSUAL = [
    (
        "matrix_square_root",
        "torch.linalg.cholesky(-matrix)",
        "_LinAlgError: linalg.cholesky: The factorization could not be completed",
        "matrix is a tensor (4, 4) of float64",
    ),
    (
        "drop_labels",
        "torch.multinomial(-labels.float(), 1)",
        "RuntimeError: probability tensor contains either `inf`, `nan` or element < 0",
        "labels is a tensor (5,) of int64",
    ),
    (
        "Downsample",
        "F.pixel_shuffle(x, 3)",
        "RuntimeError: pixel_shuffle expects its input's 'channel' dimension to be divisible by the square",
        "x is a tensor (3, 5, 6, 8)",
    ),
]


@pytest.mark.parametrize(("name", "line", "error", "there"), UNUSUAL, ids=lambda text: text.partition("(")[0])
def test_an_error_whose_meaning_nobody_knows_is_told_as_it_is(name, line, error, there):
    result = examine(answer_of(name, line), name, seed=SEED)
    sentence, *rows = result.message.splitlines()
    assert result.misconception is None
    assert sentence.startswith(f"Your code stops with an error where it should come back: {error}")
    assert rows[0].startswith(f"The error: {error}")
    assert rows[1:3] == [f"In your line: {line}", f"There: {there}."]
    assert rows[3].startswith("Tried: ")
    assert hears_only_of_the_error(name, result.message)
