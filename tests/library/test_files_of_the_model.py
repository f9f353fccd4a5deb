"""The files of the model, the processes and the training: short, nothing in them that nobody calls, sources named."""

import ast
import inspect
import io
import re
import tokenize
from pathlib import Path

import pytest
from torch import Tensor

from course_lib import DDPM, FlowMatching

LIBRARY = Path(__file__).parents[2] / "course_lib"
# files of the library that are neither model nor process, nor a part of their training
AROUND = {
    "__init__.py",
    "__main__.py",
    "assets.py",  # files that come with the course
    "defaults.py",  # what a notebook may have set otherwise
    "docstrings.py",  # what this Python keeps
    "document.py",  # the document as data
    "editing.py",  # what learners do with a trained network
    "straightening.py",  # how a trained network comes to need fewer calls
    "estimates.py",  # what learners work out on paper
    "files.py",  # writing files
    "parameters.py",  # counting
    "shown_command.py",  # commands that are printed
    "tracing.py",  # measuring
    "visible_text.py",  # what strangers wrote, shown
    "warm_ups.py",  # what learners write on the way
}
MODEL_AND_PROCESSES = [path for path in sorted(LIBRARY.glob("*.py")) if path.name not in AROUND]
TRAINING = sorted((LIBRARY / "training").glob("*.py"))
# a third of them sees to it that a training loses nothing: run folders, trials before the work, data, wrong numbers
MOST_LINES = 2000

NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def lines_of_code(text: str) -> set[int]:
    """The lines that hold something else than blanks, comments and docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def test_a_line_of_code_is_one_that_does_something():
    text = '"""Says."""\n\n# why\nx = (\n    1\n)\n\n\ndef f():\n    """Says\n\n    more."""\n    return x\n'
    assert lines_of_code(text) == {4, 5, 6, 9, 13}


def test_model_processes_and_training_stay_within_their_lines():
    counted = {path.name: len(lines_of_code(path.read_text(encoding="utf-8"))) for path in MODEL_AND_PROCESSES}
    counted |= {f"training/{path.name}": len(lines_of_code(path.read_text(encoding="utf-8"))) for path in TRAINING}
    assert sum(counted.values()) <= MOST_LINES, counted


def names_read(path: Path) -> set[str]:
    """Names and attributes that a file uses, apart from its imports and what it defines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return used | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("path", MODEL_AND_PROCESSES, ids=lambda path: path.name)
def test_the_library_itself_calls_every_function_of_the_models_files(path):
    """What only learners write stands in warm_ups.py."""
    used = set().union(*map(names_read, [*MODEL_AND_PROCESSES, *TRAINING]))
    functions = [
        node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
    ]
    assert [name for name in functions if name not in used] == []


@pytest.mark.parametrize("path", MODEL_AND_PROCESSES, ids=lambda path: path.name)
def test_before_every_class_stands_the_papers_object_it_is(path):
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            before = []
            while lines[node.lineno - 2 - len(before)].startswith("# "):
                before.append(lines[node.lineno - 2 - len(before)])
            assert re.search(r"\b(19|20)\d\d\b", " ".join(before)), f"{path.name}: {node.name}"


@pytest.mark.parametrize("process", [DDPM(), FlowMatching()])
def test_sample_shows_the_arguments_of_sample_steps(process):
    """They are written once: help() and completion find them at both."""
    shown, steps = inspect.signature(process.sample), inspect.signature(process.sample_steps)
    assert shown.parameters == steps.parameters
    assert "guidance_scale" in shown.parameters
    assert shown.return_annotation is Tensor
    assert "Args:" in inspect.getdoc(process.sample)
