"""Passed answers are kept outside the notebook, found again, and assembled with the reference's parts."""

import linecache
import types

import pytest
import torch

import course_lib
from course_lib.checks import check, examine
from course_lib.checks.my_work import keep, load_kept, standalone_source, work_folder
from course_lib.checks.registry import exercises
from course_lib.lessons.shared.my_parts import PARTS, built_from, my_network, my_parts, whose


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("UNET_COURSE_WORK", str(tmp_path / "work"))


CELLS = iter(range(10_000))


def run_cell(source, names):
    """What a notebook does with a cell: it has no file, and linecache knows its text."""
    name = f"<cell {next(CELLS)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), names)


def a_notebook():
    module = types.ModuleType("__main__")
    names = vars(module)
    run_cell("import torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\nimport math as m\n", names)
    return names


DOWNSAMPLE = """
KERNEL = 3


def halving(channels):
    return nn.Conv2d(channels, channels, KERNEL, stride=2, padding=1)
"""
DOWNSAMPLE_CLASS = '''
class Downsample(nn.Module):
    """Mine."""

    def __init__(self, channels):
        super().__init__()
        self.conv = halving(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) * m.cos(0)
'''


def test_an_answer_with_helpers_in_other_cells_is_found_again():
    names = a_notebook()
    run_cell(DOWNSAMPLE, names)
    run_cell("%matplotlib inline\n".replace("%", "#") + DOWNSAMPLE_CLASS, names)
    assert check(names["Downsample"]) is names["Downsample"]
    kept = (work_folder() / "Downsample.py").read_text(encoding="utf-8")
    assert "KERNEL = 3" in kept
    assert "import math as m" in kept
    again = load_kept(exercises()["Downsample"])
    assert examine(again).status == "passed"
    # what was kept can be kept again: nothing is lost on the way
    assert standalone_source(again) == kept


def test_a_cell_with_magics_is_kept_without_them():
    names = a_notebook()
    source = "%matplotlib inline\n!ls\n" + DOWNSAMPLE + DOWNSAMPLE_CLASS
    name = f"<cell {next(CELLS)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    plain = "\n\n" + DOWNSAMPLE + DOWNSAMPLE_CLASS
    exec(compile(plain, name, "exec"), names)
    keep(exercises()["Downsample"], names["Downsample"])
    assert load_kept(exercises()["Downsample"]) is not None


def test_the_reference_and_wrong_answers_are_not_kept():
    check(course_lib.Downsample)
    names = a_notebook()
    run_cell(DOWNSAMPLE, names)
    run_cell(DOWNSAMPLE_CLASS.replace("self.conv(x)", "self.conv(x) + 1"), names)
    assert check(names["Downsample"]) is course_lib.Downsample
    assert not list(work_folder().glob("*.py"))


def test_a_damaged_file_counts_as_not_there():
    work_folder().mkdir(parents=True)
    (work_folder() / "Downsample.py").write_text("class Downsample(", encoding="utf-8")
    assert load_kept(exercises()["Downsample"]) is None


def test_a_folder_that_cannot_be_written_is_told_and_does_no_harm(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNET_COURSE_WORK", str(tmp_path / "file"))
    names = a_notebook()
    run_cell(DOWNSAMPLE, names)
    run_cell(DOWNSAMPLE_CLASS, names)
    assert check(names["Downsample"]) is names["Downsample"]
    assert "could not be kept" in capsys.readouterr().out


def test_whose_parts():
    assert whose([]) == "0 of 9 parts are yours; the reference stands in for all of them."
    assert whose(list(PARTS)) == "All 9 parts are yours."
    assert whose([name for name in PARTS if name != "SelfAttention"]) == (
        "8 of 9 parts are yours; SelfAttention is the reference."
    )


def test_a_network_is_built_from_the_parts_that_passed(capsys):
    names = a_notebook()
    run_cell(DOWNSAMPLE, names)
    run_cell(DOWNSAMPLE_CLASS, names)
    check(names["Downsample"])
    capsys.readouterr()
    model = my_network()(base_channels=8, image_size=16, dropout=0.0)
    assert "1 of 9 parts are yours" in capsys.readouterr().out
    assert type(model.encoder[0].resample).__doc__ == "Mine."
    # with the same weights it is the same network
    reference = course_lib.UNet(base_channels=8, image_size=16, dropout=0.0)
    reference.load_state_dict(model.state_dict())
    x, t = torch.randn(2, 3, 16, 16), torch.tensor([3, 800])
    torch.testing.assert_close(model(x, t), reference(x, t))
    # and the library's own class builds as before
    assert type(course_lib.UNet(base_channels=8).encoder[0].resample) is course_lib.Downsample


def test_parts_that_no_longer_pass_are_replaced(capsys):
    work_folder().mkdir(parents=True)
    (work_folder() / "Downsample.py").write_text(
        "from torch import nn\n\n\nclass Downsample(nn.Identity):\n    pass\n", encoding="utf-8"
    )
    parts = my_parts()
    assert parts["Downsample"] is course_lib.Downsample
    assert "0 of 9" in capsys.readouterr().out


def test_built_from_puts_the_names_back_even_after_an_error():
    before = course_lib.UNet.__init__.__globals__["Downsample"]
    with pytest.raises(RuntimeError), built_from(course_lib.UNet, {"Downsample": None}):
        raise RuntimeError
    assert course_lib.UNet.__init__.__globals__["Downsample"] is before


def test_a_type_that_a_cell_imported_is_imported_again(monkeypatch):
    # Callable[...] and the like know no name and no module: only the cell's own line tells
    from course_lib.checks.standalone import standalone

    cell = "from course_lib.flow_matching import Velocity as V\n\ndef step(velocity_at: V):\n    return velocity_at\n"
    names = {"__name__": "__main__", "In": ["", cell]}
    place = "/tmp/ipykernel_1/4711.py"
    monkeypatch.setitem(linecache.cache, place, (len(cell), None, cell.splitlines(True), place))
    exec(compile(cell, place, "exec"), names)
    made, afresh = standalone(names["step"]), {}
    assert not made.missing
    exec(made.text, afresh)
    assert afresh["V"] is names["V"]
