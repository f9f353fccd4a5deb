"""The switch for those who want more: blanks lose their step comments and get them back, and nothing else changes."""

import ast
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from course_lib.authoring import steps
from course_lib.authoring.__main__ import main
from course_lib.authoring.notebooks import learners_notebook, solution_notebook
from course_lib.authoring.source import ROOT, lesson_sources, read_lesson
from course_lib.authoring.steps import other_text, show_steps
from course_lib.checks.registry import exercises


@pytest.fixture(scope="module")
def pairs():
    """Every blank with its step comments and without; everything else is the same in both editions."""
    found = {}
    for source in lesson_sources():
        lesson = read_lesson(source)
        editions = [learners_notebook(lesson, steps=with_steps).cells for with_steps in (True, False)]
        for with_steps, without in zip(*editions, strict=True):
            if "exercise" in with_steps.metadata:
                found[with_steps.metadata["exercise"]] = with_steps.source, without.source
            elif "show_steps(" not in with_steps.source or with_steps.cell_type == "markdown":
                assert with_steps.source == without.source
    assert set(found) == set(exercises())
    return found


def defined(text):
    return ast.dump(ast.parse(text))


@pytest.mark.parametrize("name", exercises())
def test_a_blank_without_steps_is_the_blank_without_comment_lines_where_the_code_was(pairs, name):
    blank, bare = pairs[name]
    assert defined(blank) == defined(bare)  # the same signatures, docstrings and last lines
    gone = [line for line in blank.splitlines() if line not in bare.splitlines()]
    assert gone
    assert all(line.lstrip().startswith("#") for line in gone)
    lines = bare.splitlines()
    above = [lines[number - 1].strip() for number, line in enumerate(lines) if "is still blank" in line]
    assert not any(line.startswith("#") for line in above)


@pytest.mark.parametrize("name", exercises())
def test_the_switch_knows_every_blank_in_both_directions(pairs, name):
    blank, bare = pairs[name]
    assert other_text(blank, shown=False) == bare
    assert other_text(f"\n{bare}\n", shown=True) == blank
    assert other_text(blank, shown=True) is None
    assert other_text(bare, shown=False) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n\n# mine",
        lambda text: text.replace("# divide", "# I divide"),
        lambda text: text.replace("    raise", "    scores = q @ k.transpose(-1, -2)\n    raise"),
        lambda text: text.replace('    raise NotImplementedError("attention_weights is still blank")', "    return q"),
        lambda text: text.replace("attention_weights", "attention"),
    ],
)
def test_what_a_learner_wrote_is_never_replaced(pairs, change):
    mine = change(pairs["attention_weights"][0])
    assert mine != pairs["attention_weights"][0]
    assert other_text(mine, shown=False) is None


class Shell:
    """A kernel's shell with a front end that remembers what it was asked for."""

    def __init__(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # a shell puts its own there
        self.shell = InteractiveShell()
        self.asked = []
        self.shell.set_next_input = lambda text, replace: self.asked.append((text, replace))
        monkeypatch.setattr("IPython.get_ipython", lambda: self.shell)

    def run(self, text):
        self.asked.clear()
        self.shell.run_cell(text, store_history=False)
        return self.asked


def test_in_a_kernel_a_blank_is_replaced_when_it_is_run(pairs, monkeypatch, capsys):
    kernel = Shell(monkeypatch)
    monkeypatch.setattr(steps, "SWITCH", steps.Switch())
    set_up = "import torch\nfrom torch import Tensor, nn\nfrom course_lib.authoring.steps import show_steps\n"
    blank, bare = pairs["ResidualBlock"]
    assert kernel.run(set_up + "show_steps(True)") == []
    assert capsys.readouterr().out == ""
    assert kernel.run(blank) == []
    assert kernel.run(set_up + "show_steps(False)\nshow_steps(False)") == []
    assert "its step comments go" in capsys.readouterr().out
    assert kernel.run(blank) == [(bare, True)]
    assert kernel.run(bare) == []
    assert kernel.run("1 / 0") == []
    kernel.run("show_steps(True)")
    assert kernel.run(bare) == [(blank, True)]


def test_it_needs_nothing_that_only_the_build_needs(pairs):
    """On Colab there is no jupytext."""
    code = "import sys; sys.modules['jupytext'] = sys.modules['nbformat'] = None\n"
    code += "from course_lib.authoring.steps import other_text\n"
    code += f"assert other_text({pairs['UNet'][0]!r}, shown=False) == {pairs['UNet'][1]!r}"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_outside_a_notebook_it_does_nothing_and_bad_input_is_named():
    show_steps(True)
    with pytest.raises(ValueError, match="shown is 'no'; allowed: True or False"):
        show_steps("no")


def test_the_edition_is_written_by_an_option_of_the_build(tmp_path, capsys):
    assert main(["build", "--expert", str(tmp_path / "expert"), "01"]) == 0
    written = tmp_path / "expert" / "01_time_embedding.ipynb"
    assert capsys.readouterr().out.split() == [str(written)]
    text = written.read_text(encoding="utf-8")
    assert "show_steps(False)" in text
    assert "# all sines first" not in text


def test_a_solution_has_no_switch_and_no_lesson_speaks_of_steps_that_are_gone():
    for source in lesson_sources():
        lesson = read_lesson(source)
        assert not any(
            "show_steps(" in cell.source for cell in solution_notebook(lesson).cells if cell.cell_type == "code"
        )
        prose = " ".join(cell.text for cell in lesson.cells if cell.kind == "markdown").lower()
        assert "the comments are your steps" not in prose
        assert "the comments in the body are" not in prose
