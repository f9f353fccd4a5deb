"""What a learner sees in a notebook, in a kernel of its own: words, then a picture; and the line that repeats them."""

import nbformat
import pytest
from helpers import words_of
from nbclient import NotebookClient

from course_lib.checks import check

SET_UP = """
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.checks import check
"""
WRONG_IMAGE = """
def merge_heads(h: Tensor, height: int, width: int) -> Tensor:
    return h.reshape(h.shape[0], -1, height, width)
"""
WRONG_NUMBER = """
def num_groups(channels: int) -> int:
    return 1
"""


def run(*sources):
    """The cells of a notebook after it has run, those that are functions made from the outputs of the cells above."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SET_UP)])
    client = NotebookClient(notebook, timeout=120, kernel_name="python3")
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        for index, source in enumerate(sources, 1):
            text = source(notebook.cells) if callable(source) else source
            notebook.cells.append(nbformat.v4.new_code_cell(text))
            client.execute_cell(notebook.cells[index], index)
    return [cell.outputs for cell in notebook.cells]


def printed(outputs):
    return words_of(outputs[:1])


def line_of_the_last_check(cells):
    return next(line for line in printed(cells[-1].outputs).splitlines() if "examine(" in line)


@pytest.fixture(scope="module")
def outputs():
    return run(
        WRONG_IMAGE,
        "merge_heads = check(merge_heads)",
        line_of_the_last_check,
        "import matplotlib.pyplot as plt\nprint(plt.get_fignums(), merge_heads.__module__)",
        WRONG_NUMBER,
        "num_groups = check(num_groups)",
        line_of_the_last_check,
        f"{WRONG_IMAGE}\nmerge_heads = check(merge_heads, seed=7)",
    )


def test_the_picture_follows_the_words_and_has_words_of_its_own(outputs):
    words, picture = outputs[2]
    assert words.data["text/plain"].startswith("not yet · merge_heads")
    assert words.data["text/html"].startswith('<div class="uc-card uc-not-yet" role="status">')
    assert picture.data["text/plain"].startswith("Three grey pictures")
    assert f'alt="{picture.data["text/plain"]}"' in picture.data["text/html"]
    assert len(outputs[6]) == 1, "a number needs no picture"


def test_pyplot_knows_nothing_of_it(outputs):
    assert printed(outputs[4]).startswith("[] course_lib.")


def test_beside_the_card_stands_what_is_printed_without_a_front_end(outputs, capsys):
    names = {}
    exec(f"from torch import Tensor\n{WRONG_IMAGE}", names)
    check(names["merge_heads"], seed=7)
    assert outputs[8][0].data["text/plain"].splitlines()[:-1] == capsys.readouterr().out.splitlines()[:-1]


@pytest.mark.parametrize("place", [2, 6])
def test_the_line_repeats_the_verdict_though_the_name_holds_the_reference(outputs, place):
    (again,) = outputs[place + 1]
    once = " ".join(printed(outputs[place]).split())
    status, *message = again.data["text/plain"].splitlines()
    assert status == "failed"
    assert " ".join(" ".join(message).split()) in once
