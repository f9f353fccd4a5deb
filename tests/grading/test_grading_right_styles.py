"""Right answers made of other things than the reference get their point when a class is marked, as in a notebook."""

import pytest
from answers import FOLDER, read_answers

from course_lib.grading.marking import mark_answers
from course_lib.grading.marks import Answer
from course_lib.grading.sandbox import Sandbox

IMPORTS = "import math\nimport torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\n"
# those whose result is none of torch's plain tensors, or is made by numpy
STYLES = {
    "numpy all the way, a Parameter at the end",
    "a tensor subclass comes back",
    "numpy integer out of a sieve of divisors",
    "an array without axes",
    "a whole number of another class",
    "a named tuple comes back",
    "one tensor whose first axis holds the three",
    "a tuple of numpy integers",
    "torch.Size, as a tuple of whole numbers",
    "a numpy float",
    "a fraction",
    "numpy, as pytorch-fid does",
    "a float that is whole",
    "vmap over the images, which imports half of torch at its first call",
}
ANSWERS = [answer for answer in read_answers(FOLDER / "right_styles.toml") if answer.what in STYLES]


@pytest.fixture(scope="module", params=("namespaces", "filters"))
def sandbox(request):
    """The best there is, and one where an answer can write nothing at all."""
    with Sandbox(at_least="limits", at_most=request.param) as made:
        yield made


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.what)
def test_it_is_marked_as_right(answer, sandbox):
    code = f"{IMPORTS}{answer.before}{answer.code}"
    given = Answer(answer.exercise, answer.exercise.rpartition(".")[2], code, answer.code)
    (mark,) = mark_answers([given], seed=1, sandbox=sandbox)
    assert mark.status == "passed", mark.message


def test_all_of_these_are_tried():
    assert {answer.what for answer in ANSWERS} == STYLES
