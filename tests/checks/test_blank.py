""" "Not started" is said of the blank's own text, and of nothing else."""

import linecache
import re
import types

import pytest

from course_lib.authoring.blanks import exercise_source
from course_lib.checks import check, examine
from course_lib.checks.blank_verdict import blanks_of
from course_lib.checks.registry import exercises

# a method and a function, a class with one blank and with two, from six lessons: its path, and what is cut
SOURCES = {
    "to_pixels": ("course_lib.data.pixels.to_pixels", ()),
    "TimeEmbedding": ("course_lib.time_embedding.TimeEmbedding", ("__init__", "forward")),
    "ResidualBlock": ("course_lib.residual_block.ResidualBlock", ("forward",)),
    "Upsample": ("course_lib.resampling.Upsample", ("__init__", "forward")),
    "UNet": ("course_lib.unet.UNet", ("forward",)),
    "DDPM.add_noise": ("course_lib.ddpm.DDPM.add_noise", ()),
    "FlowMatching.loss": ("course_lib.flow_matching.FlowMatching.loss", ()),
    "guided_prediction": ("course_lib.guidance.guided_prediction", ()),
    "matrix_square_root": ("course_lib.evaluation.metrics.matrix_square_root", ()),
}
SET_UP = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\n"


def source_of(name):
    return exercise_source(*SOURCES[name])


def made(name, text, known=True):
    """What a cell with this text defines; `known` as in a notebook, where the text of a cell can be read again."""
    source = source_of(name)
    module = types.ModuleType("__main__")
    exec(SET_UP + source.imports, vars(module))
    cell = f"<a cell of {name}, {known}, {hash(text)}>"
    if known:
        linecache.cache[cell] = (len(text), None, text.splitlines(keepends=True), cell)
    exec(compile(text, cell, "exec"), vars(module))
    return vars(module)[name.rpartition(".")[2]]


def blank_with(name, line, above=True):
    """The blank with one more line, above the (last) raise or below it."""
    lines = source_of(name).blank.splitlines()
    last = max(number for number, one in enumerate(lines) if "raise NotImplementedError" in one)
    indent = " " * (len(lines[last]) - len(lines[last].lstrip()))
    lines.insert(last if above else last + 1, indent + line)
    return "\n".join(lines)


@pytest.mark.parametrize("known", [True, False], ids=["a cell", "without its text"])
@pytest.mark.parametrize("name", SOURCES)
def test_the_blank_as_it_is_built_is_not_started(name, known, capsys):
    answer = made(name, source_of(name).blank, known)
    result = examine(answer, name)
    assert result.status == "not started", result
    assert "blank" in result.message
    assert check(answer, name) is exercises()[name].answer
    assert f"not started · {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["to_pixels", "ResidualBlock", "DDPM.add_noise", "matrix_square_root"])
def test_a_blank_that_nbgrader_left_is_not_started(name):
    lines = source_of(name).blank.splitlines()
    text = "\n".join(
        line.partition("raise NotImplementedError")[0] + "raise NotImplementedError()" if "raise Not" in line else line
        for line in lines
    )
    assert examine(made(name, text), name).status == "not started"


WRITTEN = [
    ("to_pixels", "images = images.clamp(-1, 1)", True),
    ("ResidualBlock", "h = self.conv1(F.silu(self.norm1(x)))", True),
    ("UNet", "emb = self.time_embed(t)", True),
    ("DDPM.add_noise", "signal = per_image(self.alphas_cumprod, t, clean).sqrt()", True),
    ("matrix_square_root", "print(matrix.shape)", True),
    ("FlowMatching.loss", "assert images.ndim == 4", True),
    ("guided_prediction", "if guidance_scale == 1.0: return model(x, t, labels)", True),
    # below the raise, where it never runs
    ("to_pixels", "return images * 127.5", False),
    ("ResidualBlock", "return x", False),
    ("FlowMatching.loss", "return 0.5", False),
]


@pytest.mark.parametrize(("name", "line", "above"), WRITTEN)
def test_a_raise_that_was_left_is_told_as_that(name, line, above, capsys):
    answer = made(name, blank_with(name, line, above))
    result = examine(answer, name, seed=3)
    assert (result.status, result.misconception) == ("failed", "raise_left_in_blank"), result
    assert name in result.message
    check(answer, name)
    said = capsys.readouterr().out
    assert "not yet" in said
    assert "still blank" not in said


@pytest.mark.parametrize("name", ["TimeEmbedding", "Upsample"])
@pytest.mark.parametrize("left", ["__init__", "forward"])
def test_a_class_that_is_half_written_is_no_longer_not_started(name, left):
    full, blank = source_of(name).full, exercise_source(SOURCES[name][0], (left,)).blank
    assert full != blank
    result = examine(made(name, blank), name)
    assert (result.status, result.misconception) == ("failed", "half_written")
    assert f"{name}.{left} is still blank" in result.message
    assert blanks_of(exercises()[name]) == [f"{name}.__init__", f"{name}.forward"]


def test_another_exercises_blank_is_not_this_ones():
    given = exercise_source("course_lib.time_embedding.embedding_frequencies")
    own = exercise_source(
        "course_lib.time_embedding.SinusoidalPositionEmbedding", ("forward",), ("embedding_frequencies",)
    )
    module = types.ModuleType("__main__")
    exec("\n".join([SET_UP, given.imports, own.imports, given.blank, own.full]), vars(module))
    result = examine(vars(module)["SinusoidalPositionEmbedding"])
    assert (result.status, result.misconception) == ("failed", "calls_a_blank")
    assert "embedding_frequencies" in result.message


OTHERS = {
    "a misspelled forward": ("Upsample", ("def forward", "def foward")),
    "an own text": (
        "ResidualBlock",
        ("x: Tensor, emb: Tensor) -> Tensor:", "x, emb):\n        raise NotImplementedError('later')"),
    ),
    "a list of modules called": (
        "UNet",
        ("for resblock, attention in", "h = level.resblocks(h)\n            for resblock, attention in"),
    ),
    "softmax of whole numbers": (
        "matrix_square_root",
        ("values, vectors =", "torch.ones(3, dtype=torch.int64).softmax(0)\n    values, vectors ="),
    ),
    "an abstract base": ("DDPM.add_noise", ("signal =", "torch.utils.data.Dataset()[0]\n    signal =")),
    "noise like labels": ("FlowMatching.loss", ("t = t.to(", "torch.rand_like(torch.arange(3))\n    t = t.to(")),
}


@pytest.mark.parametrize("case", OTHERS)
def test_every_other_error_of_that_class_is_an_error(case):
    name, (old, new) = OTHERS[case]
    full = source_of(name).full
    assert old in full
    result = examine(made(name, full.replace(old, new, 1)), name, seed=5)
    assert result.status == "failed", result
    # of numbers of another type, torch 2.6 raises a plain RuntimeError
    assert re.search(r"The error: (NotImplementedError|RuntimeError: .*not implemented for)", result.message)
    assert "blank" not in result.message
