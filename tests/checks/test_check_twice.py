"""A check cell that is run twice: the name holds the reference by then, and nobody is told that it is theirs."""

import os

import nbformat
import pytest
from helpers import words_of
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import course_lib
from course_lib.authoring.build import NOTEBOOKS
from course_lib.authoring.source import lesson_sources
from course_lib.checks import check, examine
from course_lib.checks.my_work import work_folder
from course_lib.checks.registry import exercises
from course_lib.lessons.shared.my_parts import PARTS

AGAIN = "run the cell above again, then this one."


def blank_cells(name):
    """Set-up, blanks and checks of a learner's copy, each check twice. Before them, what the blanks import."""
    code = [cell for cell in nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells if cell.cell_type == "code"]
    yield next(cell for cell in code if "from course_lib.checks import check" in cell.source)
    yield new_code_cell(f"from course_lib import {', '.join(PARTS[1:])}\nfrom course_lib import DDPM as LibraryDDPM")
    yield new_code_cell("from course_lib import FlowMatching as Library")
    for cell in code:
        if "exercise" in cell.metadata or "\nclass " in f"\n{cell.source}":
            yield cell
        elif "check" in cell.metadata:
            yield from (cell, nbformat.from_dict({**cell, "id": f"{cell.id[:50]}-again"}))


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """For every exercise of the untouched notebooks what the check says the first time, and the second."""
    folder = tmp_path_factory.mktemp("my_work")
    notebook = new_notebook(cells=[cell for source in lesson_sources() for cell in blank_cells(source.name)])
    resources = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(notebook, timeout=300, allow_errors=True, resources=resources).execute(
        env={**os.environ, "UNET_COURSE_WORK": str(folder)}
    )
    said = {}
    for cell in notebook.cells:
        if "check" in cell.metadata:
            text = words_of(cell.outputs) + "".join(output.get("evalue", "") for output in cell.outputs)
            said.setdefault(cell.metadata["check"], []).append(" ".join(text.split()))
    return said, sorted(path.name for path in folder.glob("*.py"))


def test_in_a_kernel_the_second_check_says_that_the_name_holds_the_reference(verdicts):
    said, kept = verdicts
    assert set(said) == set(exercises())
    for name, (first, second) in said.items():
        assert first.startswith(f"not started · {name}"), first
        if exercises()[name].method:  # DDPM.step gets the reference, and `step` stays what was written
            assert second == first
        else:
            assert second == f"not yet · {name} is the reference's now, put there by the last check: {AGAIN}"
    assert kept == []


WRONG = {
    "to_pixels": lambda images: images,
    "interleave": lambda embedding: embedding,
    "num_groups": lambda channels: 1,
    "Downsample": type("Downsample", (course_lib.Downsample,), {"forward": lambda self, x: x}),
    "skip_channels": lambda *args: 1 / 0,
    "euler_step": None,
    "matrix_square_root": lambda matrix: matrix / 2,
}


@pytest.mark.parametrize("name", WRONG)
def test_after_a_wrong_answer_too(name, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("UNET_COURSE_WORK", str(tmp_path / "work"))
    now = check(WRONG[name], name)
    assert "not yet" in capsys.readouterr().out
    again = check(now, name)
    said = " ".join(capsys.readouterr().out.split())
    assert said == f"not yet · {name} is the reference's now, put there by the last check: {AGAIN}"
    assert again is now is exercises()[name].answer
    assert examine(now, name).status == "passed"
    assert not list(work_folder().glob("*.py"))


@pytest.mark.parametrize("name", ["from_pixels", "ResidualBlock", "DDPM.ddim_step", "heun_step", "learning_rate_at"])
def test_what_was_imported_is_nobodys_answer(name, capsys, monkeypatch):
    from course_lib.checks import last_answers

    monkeypatch.setattr(last_answers, "_LAST", {})
    exercise = exercises()[name]
    answers = [exercise.answer]
    if isinstance(exercise.reference, type):
        answers.append(type(exercise.reference.__name__, (exercise.reference,), {"__doc__": "Mine?"}))
    for answer in answers:
        assert check(answer, name) is exercise.answer
        said = " ".join(capsys.readouterr().out.split())
        assert said == f"not yet · {name} is the reference's, imported from the course: {AGAIN}"
