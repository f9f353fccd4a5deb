"""The cells of the notebook that a learner's code comes from: where a function, a class or a name was written."""

import ast
import contextlib
import linecache
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

from course_lib.checks.python_text import Statement, Unparsable, is_check, nodes_of, plain_python, statements

# the modules that files of my_work are loaded into
KEPT_MODULE = "my_work_"
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Written:
    """A definition as text, and the place it stands in.

    Attributes:
        text: with its decorators; node: its syntax tree.
        file: what Python calls the cell; lines: first and last line there.
    """

    text: str
    node: ast.AST
    file: str
    lines: tuple[int, int]

    def holds(self, code: CodeType) -> bool:
        """Whether `code` was compiled from a part of it."""
        return code.co_filename == self.file and self.lines[0] <= code.co_firstlineno <= self.lines[1]


def text_of(file: str) -> str:
    """The text of a cell or file, line for line, without magics."""
    return plain_python("".join(linecache.getlines(file)))


def definitions_in(file: str) -> Iterator[Written]:
    """All functions and classes of a cell, inner ones too, the last one first."""
    text = text_of(file)
    found = [node for node in nodes_of(text) if isinstance(node, DEFINITIONS)]
    lines = text.split("\n")
    for node in sorted(found, key=lambda node: -node.lineno):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        own = textwrap.dedent("\n".join(lines[first - 1 : node.end_lineno]))
        yield Written(own, node, file, (first, node.end_lineno))


def function_at(code: CodeType) -> Written | None:
    """The definition that was compiled to `code`."""
    for found in definitions_in(code.co_filename):
        if found.lines[0] == code.co_firstlineno and getattr(found.node, "name", "") == code.co_name:
            return found
    return None


def class_around(name: str, code: CodeType) -> Written | None:
    """The definition of the class `name` in whose body `code` stands."""
    for found in definitions_in(code.co_filename):
        if isinstance(found.node, ast.ClassDef) and found.node.name == name and found.holds(code):
            return found
    return None


def class_called(name: str, names: dict[str, Any]) -> Written | None:
    """The class of this name that a cell defined last."""
    for statement in reversed(statements_of(names, name)):
        if isinstance(statement.node, ast.ClassDef) and statement.node.name == name:
            return Written(statement.text, statement.node, "", (0, 0))
    return None


def dotted_imports(names: dict[str, Any], name: str) -> list[str]:
    """`import xml.dom` makes the name xml, and `import xml` alone does not bring its part."""
    found = [one.node for one in statements_of(names, name) if isinstance(one.node, ast.Import)]
    aliases = [alias for node in found for alias in node.names]
    return [f"import {alias.name}" for alias in aliases if not alias.asname and alias.name.startswith(f"{name}.")]


def lambda_at(code: CodeType) -> str:
    """The text of a lambda; "" where its line has several that are alike but for what they close over."""
    found = set()
    for node in nodes_of(text_of(code.co_filename)):
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno:
            made = compile(ast.Expression(node), code.co_filename, "eval").co_consts[0]
            if (made.co_code, made.co_names, made.co_varnames) == (code.co_code, code.co_names, code.co_varnames):
                found.add(ast.unparse(node))
    return found.pop() if len(found) == 1 else ""


def numbered_cells(names: dict[str, Any]) -> list[tuple[int, str]]:
    """What was run under these global names, in order: (number of the cell, 0 where unknown; its text)."""
    history = names.get("In")
    if isinstance(history, list) and len(history) > 1:
        return [(number, str(text)) for number, text in enumerate(history)]
    kept = str(names.get("__name__", "")).startswith(KEPT_MODULE)
    entries = [linecache.cache.get(names["__file__"], ())] if kept else list(linecache.cache.values())
    # what has no time of change is no file: a cell
    return [(0, "".join(entry[2])) for entry in entries if len(entry) == 4 and entry[1] is None]


def statements_of(names: dict[str, Any], name: str) -> list[Statement]:
    """All statements of the cells, in order, in which `name` may play a part."""
    found: list[Statement] = []
    for number, text in numbered_cells(names):
        if name in text:
            with contextlib.suppress(Unparsable):
                found += statements(text, number)
    return found


def bindings(names: dict[str, Any], name: str) -> list[Statement]:
    """The statement that last gave `name` its value, and those after it that changed that value; checks are none."""
    found: list[Statement] = []
    for statement in statements_of(names, name):
        if name in statement.binds and not is_check(getattr(statement.node, "value", None)):
            found = [statement]
        elif name in statement.changes and found:
            found.append(statement)
    return found
