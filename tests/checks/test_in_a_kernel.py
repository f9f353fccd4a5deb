"""What a learner sees in a notebook, in a kernel of its own: words, then a picture; and the line that repeats them."""

import os

import nbformat
import pytest
from helpers import words_of
from jupyter_client.manager import start_new_kernel
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


# what an answer that passes uses of this kernel, and a fresh Python does not have: a module of the learner's own from
# another folder, and something that another cell put into torch
ELSEWHERE = """
def num_groups(channels: int) -> int:
    import my_tools
    return my_tools.largest(channels)

num_groups = check(num_groups)
"""
PUT_INTO_TORCH = """
Tensor.halved = lambda self: self / 127.5

def from_pixels(pixels: Tensor) -> Tensor:
    return pixels.float().halved() - 1

from_pixels = check(from_pixels)
"""
BY_ITSELF = """
def decay_at(step: int, decay: float) -> float:
    return min(decay, (1 + step) / (10 + step))

decay_at = check(decay_at)
"""
LARGEST = """
def largest(channels):
    return max(g for g in range(1, max(2, min(32, channels // 4) + 1)) if channels % g == 0)
"""


WAIT = """
from course_lib.checks.kept_trial import BESIDE

if BESIDE.thread is not None:
    BESIDE.thread.join(180)
"""


def shown_by(client, source):
    """What a front end gets while a cell runs: (kind of message, place on the page, words), in its order."""
    client.execute(source)
    found = []
    while True:
        message = client.get_iopub_msg(timeout=200)
        kind, content = message["msg_type"], message["content"]
        assert kind != "error", content
        if kind in ("display_data", "update_display_data", "stream"):
            words = content.get("text") or content["data"]["text/plain"]
            found.append((kind, content.get("transient", {}).get("display_id"), " ".join(words.split())))
        if kind == "status" and content["execution_state"] == "idle":
            return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    (folder / "my_tools.py").write_text(LARGEST, encoding="utf-8")
    env = {**os.environ, "UNET_COURSE_KEPT_TRIAL": "on", "UNET_COURSE_WORK": str(folder / "work")}
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=120, env=env)
    try:
        shown_by(client, SET_UP + f"import sys\nsys.path.append({str(folder)!r})")
        return [shown_by(client, source) for source in (ELSEWHERE, WAIT, BY_ITSELF, WAIT, PUT_INTO_TORCH, WAIT)]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_what_fails_only_in_a_fresh_python_is_added_to_the_verdict_where_it_stands(shown):
    checked, waited, *_ = shown
    ((kind, place, words),) = checked
    assert (kind, words[:19]) == ("display_data", "passed · num_groups")
    assert "fresh Python" not in words
    assert waited == [
        (
            "update_display_data",
            place,
            f"{words} (Tried in a fresh Python, what was kept of num_groups is not enough for later lessons: "
            "my_work/num_groups.py stops by itself, with ModuleNotFoundError: No module named 'my_tools', in the line "
            "`import my_tools`. Make what it needs inside num_groups, and check again.)",
        )
    ]


def test_the_next_check_says_it_once_more_and_where_all_is_well_nothing_is_shown(shown):
    *_, well, waited, last, _ = shown
    ((kind, _, words),) = well
    assert kind == "display_data"
    assert words.startswith("passed · decay_at")
    assert "what was kept of num_groups is not enough" in words
    assert waited == []
    assert "num_groups" not in last[0][2]


def test_after_the_last_check_of_a_notebook_it_is_said_as_well(shown):
    ((_, place, words),) = shown[-2]
    ((kind, changed, said),) = shown[-1]
    assert (kind, changed) == ("update_display_data", place)
    assert said.startswith(words)
    assert "my_work/from_pixels.py stops by itself, with AttributeError" in said
