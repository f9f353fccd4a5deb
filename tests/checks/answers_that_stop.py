"""Answers that stop with an error, made as a notebook makes them: source text in a cell that Python can show again."""

import ast
import inspect
import itertools
import linecache
import math
import sys
import textwrap
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import course_lib
from course_lib.checks.registry import exercises
from course_lib.skips import cat_skip

CELLS = itertools.count(1)


def raise_from_torch(message: str) -> None:
    """What torch raises on machines that have what this one lacks, or lack what it has."""
    raise RuntimeError(message)


# as an installed package's: no line of the learner's
raise_from_torch.__code__ = raise_from_torch.__code__.replace(co_filename=torch.__file__)
NOTEBOOK = {
    "torch": torch,
    "nn": nn,
    "F": F,
    "Tensor": Tensor,
    "math": math,
    "np": np,
    "raise_from_torch": raise_from_torch,
    "cat_skip": cat_skip,  # lesson 06's, by then the learner's own
}


def source_of(name: str) -> str:
    return textwrap.dedent(inspect.getsource(exercises()[name].answer))


def in_a_cell(name: str, text: str) -> Any:
    """What `text` defines as an exercise's answer, in a name space of its own."""
    file = f"/tmp/ipykernel_7/{next(CELLS)}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exercise = exercises()[name]
    names = {**vars(course_lib), **vars(sys.modules[exercise.reference.__module__]), **NOTEBOOK, "__name__": "__main__"}
    exec(compile(text, file, "exec"), names)
    return names[exercise.answer.__name__]


def with_line(name: str, line: str, last: bool = False, method: str = "forward") -> Any:
    """The reference, with a line at the beginning of its function (or method), or before the last statement."""
    tree = ast.parse(source_of(name))
    body = function_of(tree.body[0], method).body
    place = len(body) - 1 if last else int(is_docstring(body[0]))
    body[place:place] = ast.parse(line).body
    return in_a_cell(name, ast.unparse(tree))


def with_edit(name: str, old: str, new: str) -> Any:
    """The reference, with a piece of its source replaced."""
    source = source_of(name)
    assert old in source
    return in_a_cell(name, source.replace(old, new))


def answer_of(name: str, code: str | tuple[str, str]) -> Any:
    """A case of `error_cases` as an answer."""
    if isinstance(code, tuple):
        return with_edit(name, *code)
    return in_a_cell(name, code.format(name=name)) if code.startswith("class ") else with_line(name, code)


def function_of(node: ast.stmt, method: str) -> ast.FunctionDef:
    if isinstance(node, ast.FunctionDef):
        return node
    return next(one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == method)


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
