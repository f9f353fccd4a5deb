"""What is missing in a kept file is said at once; a damaged one is skipped with a sentence, and stops nothing."""

import time

import pytest
from test_kept_kinds import HALF, notebook, pixels

import course_lib
from course_lib.checks import check
from course_lib.checks.kept_trial import Beside, why_it_does_not_run
from course_lib.checks.my_work import SECONDS, read_kept, work_folder
from course_lib.checks.registry import exercises
from course_lib.checks.verdict import Verdict
from course_lib.lessons.shared.my_parts import PARTS, my_network, my_parts


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("UNET_COURSE_WORK", str(tmp_path / "work"))


def passed(exercise, names, capsys):
    """What a check says that passes."""
    assert check(names[exercise], exercise) is names[exercise]
    return " ".join(capsys.readouterr().out.split())


# a value that no text makes again: (how a cell makes it, how the answer uses it)
MISSING = {
    "made in a loop": ("for BY in [torch.Generator()]:\n    pass", "BY.initial_seed()"),
    "made by with": ("with open(__import__('os').devnull) as BY:\n    pass", "len(BY.name)"),
    "put among the globals": ("globals()['BY'] = iter([1])", "repr(BY)"),
    "made by try": ("try:\n    BY = torch.Generator()\nexcept OSError:\n    BY = None", "BY.device"),
    "made while asking": ("if True:\n    BY = object()", "id(BY)"),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_cannot_be_kept_is_said_at_once_with_its_name(case, capsys):
    cell, use = MISSING[case]
    said = passed("to_pixels", notebook(cell, pixels(before=use)[1]), capsys)
    assert "For later lessons it is not enough: it uses `BY`" in said
    assert "Make it inside to_pixels itself, and check again." in said


def test_the_number_of_the_cell_is_said_where_the_notebook_counts(capsys):
    names = notebook("BY = [n for n in (1, 2)]; globals()['WAY'] = iter(BY)", pixels(before="repr(WAY)")[1])
    names["In"] = ["", "import torch", "for WAY in [iter([1])]:\n    pass"]
    said = passed("to_pixels", names, capsys)
    assert "it uses `WAY` of cell [2] (`for WAY in [iter([1])]:`)" in said


DAMAGED = {
    "cut off": (b"class Downsample(", "is damaged: it is not Python (line 1)"),
    "another encoding": ("# \u00fcber\n".encode("utf-16"), "is not in the encoding UTF-8"),
    "an old encoding": ("# \u00fcber\n".encode("latin-1"), "is not in the encoding UTF-8"),
    "zeros": (b"\0" * 40, "is damaged: it is not Python"),
    "exit": (b"exit()", "does not run: SystemExit"),
    "sys.exit": (b"import sys\nsys.exit('bye')", "does not run: SystemExit: bye"),
    "interrupted": (b"raise GeneratorExit", "does not run: GeneratorExit"),
    "a name": (b"Downsample = Convolution", "does not run: NameError: name 'Convolution' is not defined"),
    "empty": (b"", "does not define Downsample"),
    "another answer": (b"class Upsample:\n    pass", "does not define Downsample"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_skipped_with_a_sentence(case):
    content, why = DAMAGED[case]
    work_folder().mkdir(parents=True)
    (work_folder() / "Downsample.py").write_bytes(content)
    kept = read_kept(exercises()["Downsample"])
    assert kept.answer is None
    assert f"my_work/Downsample.py {why}" in kept.why


def test_an_endless_file_is_stopped_and_a_folder_in_its_place_is_told():
    work_folder().mkdir(parents=True)
    (work_folder() / "Downsample.py").write_text("while True:\n    pass", encoding="utf-8")
    (work_folder() / "Upsample.py").mkdir()
    start = time.process_time()
    assert "did not come to an end" in read_kept(exercises()["Downsample"]).why
    assert time.process_time() - start < 2 * SECONDS
    assert read_kept(exercises()["Upsample"]).why == "my_work/Upsample.py cannot be read"


def test_lesson_07_says_of_each_part_whose_it_is_and_why(capsys):
    names = notebook(HALF + "\n    def forward(self, x):\n        return self.conv(x)")
    passed("Downsample", names, capsys)
    (work_folder() / "Upsample.py").write_text("exit()", encoding="utf-8")
    (work_folder() / "num_groups.py").write_text("def num_groups(channels):\n    return 1", encoding="utf-8")
    parts = my_parts()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1 of 9 parts are yours")
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[1:] if line.split()[0] in PARTS}
    assert list(told) == list(PARTS)
    assert told["Downsample"] == "yours"
    assert told["Upsample"].startswith("the reference: my_work/Upsample.py does not run")
    assert told["num_groups"].startswith("the reference: my_work/num_groups.py does not pass")
    assert told["UNet"] == "the reference: there is no my_work/UNet.py yet"
    assert parts["Upsample"] is course_lib.Upsample
    # later lessons say it shorter: only of files that are there
    my_network()
    said = capsys.readouterr().out
    assert "my_work/Upsample.py does not run" in said
    assert "there is no" not in said


def test_what_was_kept_is_tried_in_a_process_beside(capsys):
    """It may run here and not there; what was kept anew in the meantime is another answer."""
    work_folder().mkdir(parents=True)
    largest = "next((g for g in range(min(32, channels // 4), 1, -1) if channels % g == 0), 1)"
    answer = f"def num_groups(channels):\n    return {largest}\n"
    (work_folder() / "num_groups.py").write_text(answer, encoding="utf-8")
    for name in ("to_pixels", "from_pixels"):
        (work_folder() / f"{name}.py").write_text("import no_such_module", encoding="utf-8")
    assert why_it_does_not_run(exercises()["num_groups"]) == ""
    beside = Beside()
    for name in ("num_groups", "to_pixels", "from_pixels"):
        beside.try_also(name)
        beside.show(name, Verdict("passed", name))
    (work_folder() / "from_pixels.py").write_text(answer.replace("num_groups", "from_pixels"), encoding="utf-8")
    once = capsys.readouterr().out
    assert once == "passed · num_groups\npassed · to_pixels\npassed · from_pixels\n"
    assert beside.found() == []  # nobody waits for it
    beside.thread.join(120)
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(
        "passed · to_pixels (Tried in a fresh Python, what was kept of to_pixels is not enough for later"
    )
    assert "no_such_module" in said
    assert "num_groups" not in said
    assert "from_pixels" not in said
    (again,) = beside.found()
    assert f"({again})" in said
    assert beside.found() == []
