"""An answer as one file that runs by itself: its text, and whatever it uses of other cells, in an order that works."""

import ast
import inspect
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from course_lib.checks.cells import (
    Written,
    bindings,
    class_around,
    class_called,
    dotted_imports,
    function_at,
    lambda_at,
)
from course_lib.checks.python_text import needed_names
from course_lib.checks.written import NotWritable, Writer, importable, lives_in_a_cell

FUTURE = "from __future__ import annotations"
# what a class has without anybody writing it
MACHINERY = (types.MemberDescriptorType, types.GetSetDescriptorType)
FUTURE_FLAG = 0x1000000  # of a code object whose cell imports annotations from __future__
STATEMENTS = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr | ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Missing:
    """A name that could not be written down.

    Attributes:
        name: as the answer uses it; cell: number of the cell that gave it its value, 0 where unknown; line: of there.
    """

    name: str
    cell: int
    line: str

    def __str__(self) -> str:
        where = f" of cell [{self.cell}]" if self.cell else ""
        return f"`{self.name}`{where}" + (f" (`{self.line}`)" if self.line else "")


@dataclass
class Standalone:
    """Collects the pieces of a file.

    Attributes:
        imports, pieces: statements, in the order in which they can run.
        missing: what the answer uses and what has no text.
        copied: whether something else than imports, literals and definitions as they were written is in it.
    """

    imports: dict[str, None] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    copied: bool = False
    seen: set[tuple[int, str]] = field(default_factory=set)
    around: dict[str, Any] = field(default_factory=dict)
    defined: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.writer = Writer(self.defined_name)

    @property
    def text(self) -> str:
        imports = sorted({*self.imports, *self.writer.imports} - {FUTURE}, key=lambda line: (line[:4] == "from", line))
        first = [FUTURE] if FUTURE in self.imports else []
        return "\n".join([*first, *imports]) + "\n\n\n" + "\n\n\n".join(self.pieces) + "\n"

    # ---- definitions ----

    def define(self, value: Any) -> str:
        """Add a function or class of a cell with all that it needs; its name there. Raises: NotWritable."""
        if id(value) in self.defined:
            return self.defined[id(value)]
        names = namespace_of(value, self.around)
        found = written_at(value, names)
        if found is None or getattr(getattr(unwrapped(value), "__code__", None), "co_freevars", ()):
            raise NotWritable(f"the source of {getattr(value, '__name__', 'it')} was not found")
        name = found.node.name
        self.defined[id(value)] = name
        self.seen.add((id(names), name))
        if uses_future(value):
            self.imports[FUTURE] = None
        for base in getattr(value, "__bases__", ()):
            self.base(base, name)
        now, later = needed_names(found.text)
        self.look_up(now, names)
        self.pieces.append(found.text)
        self.look_up(later, names)
        if type(value) is type:  # an enumeration's class makes its own members
            self.attach(value, found, name)
        return name

    def defined_name(self, value: Any) -> str:
        """For the writer: a function or class by its name, a lambda by its text."""
        if getattr(value, "__name__", "") == "<lambda>":
            text = lambda_at(value.__code__) if not value.__code__.co_freevars else ""
            if not text:
                raise NotWritable("the text of a lambda was not found")
            now, later = needed_names(text)
            self.look_up(now | later, value.__globals__)
            return text
        return self.define(value)

    def base(self, base: type, name: str) -> None:
        """A class that is built upon another of its own name: that one comes first."""
        if base.__name__ != name:
            return
        home = importable(base)
        if home is None:
            self.define(base)
        else:
            self.pieces.append(f"from {home[0]} import {home[1]}")

    def attach(self, value: type, found: Written, name: str) -> None:
        """What was given to a class after its definition: methods of another cell, attributes."""
        body = [node for node in found.node.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value]
        in_body = {target.id: node.value for node in body for target in targets(node) if isinstance(target, ast.Name)}
        for attribute, held in vars(value).items():
            function = unwrapped(held)
            if isinstance(function, types.FunctionType):
                if not found.holds(function.__code__) and function.__code__.co_filename != "<string>":
                    self.give(name, attribute, held, function)  # "<string>": what a dataclass writes by itself
            elif attribute in in_body:
                if other_than_written(held, in_body[attribute]):
                    self.pieces.append(f"{name}.{attribute} = {self.writer.expression(held)}")
            elif not attribute.startswith("__") and not isinstance(held, MACHINERY):
                self.give(name, attribute, held, held)

    def give(self, name: str, attribute: str, held: Any, value: Any) -> None:
        self.copied = True
        of_a_cell = isinstance(value, types.FunctionType) and not importable(value) and value.__name__ != "<lambda>"
        try:
            text = self.function(value, held) if of_a_cell else self.writer.expression(value)
        except NotWritable:
            self.missing.append(Missing(f"{name}.{attribute}", *place_of(self.around, name)))
            return
        if isinstance(held, staticmethod | classmethod | property):
            text = f"{type(held).__name__}({text})"
        self.pieces.append(f"{name}.{attribute} = {text}")

    def function(self, function: types.FunctionType, held: Any) -> str:
        """A function of another cell, right in front of where it is attached: its name may be taken again later."""
        found = function_at(function.__code__)
        if found is None or function.__code__.co_freevars:
            raise NotWritable("its text was not found")
        text = found.text
        if not hasattr(held, "__wrapped__"):  # its decorators gave it back as it was: they attached it
            text = "\n".join(text.split("\n")[found.node.lineno - found.lines[0] :])
        now, later = needed_names(text)
        self.look_up((now | later) - {found.node.name}, function.__globals__)
        self.pieces.append(text)
        return found.node.name

    # ---- names ----

    def look_up(self, names: set[str], where: dict[str, Any]) -> None:
        self.around = where
        for name in sorted(names):
            if name in where and (id(where), name) not in self.seen:
                self.seen.add((id(where), name))
                self.add(name, where[name], where)

    def add(self, name: str, value: Any, names: dict[str, Any]) -> None:
        """Whatever makes `name` mean `value` again: an import, a definition, a literal, the statement that made it."""
        if isinstance(value, types.ModuleType):
            self.imports |= dict.fromkeys([import_of(name, value), *dotted_imports(names, name)])
            return
        home = importable(value)
        if home is not None and home[0] != "builtins" and "." not in home[1]:
            self.imports[f"from {home[0]} import {home[1]}" + ("" if home[1] == name else f" as {name}")] = None
            return
        try:
            text = self.writer.expression(value)
        except NotWritable:
            self.statement(name, names)
            return
        if text != name:
            self.pieces.append(f"{name} = {text}")

    def statement(self, name: str, names: dict[str, Any]) -> None:
        """The statement of a cell that made the value, and what changed it afterwards, to be run again."""
        found = bindings(names, name)
        line = imported_by(found[0].node, name) if len(found) == 1 else ""
        if line:
            self.imports[line] = None
            return
        if not found or not all(isinstance(one.node, STATEMENTS) for one in found):
            self.missing.append(Missing(name, *place_of(names, name)))
            return
        self.copied = True
        for one in found:
            now, later = needed_names(one.text)
            self.look_up((now | later) - {name}, names)
            self.pieces.append(one.text)


def standalone(answer: Any, name: str = "") -> Standalone:
    """The file that defines an answer under `name`, by default its own.

    Raises: ValueError if the answer's text cannot be found.
    """
    made = Standalone()
    try:
        own = made.writer.expression(answer)
    except NotWritable as error:
        names = namespace_of(answer, {})
        bound = next((key for key in (name, *names) if names.get(key) is answer), "")
        made.statement(bound, names)
        if not made.pieces:
            raise ValueError(str(error)) from None
        own = bound
    if name and own != name:
        made.pieces.append(f"{name} = {own}")
    return made


def written_at(value: Any, names: dict[str, Any]) -> Written | None:
    """Where a function or class of a cell was written."""
    if not isinstance(value, type):
        function = unwrapped(value)
        return function_at(function.__code__) if isinstance(function, types.FunctionType) else None
    found = (class_around(value.__name__, function.__code__) for function in functions_of(value))
    # an empty class, or one whose methods came later, is looked for by its name
    return next((one for one in found if one is not None), None) or class_called(value.__name__, names)


def functions_of(value: Any) -> Iterator[types.FunctionType]:
    """The functions that somebody wrote into a class, or the one it is."""
    for held in vars(value).values() if isinstance(value, type) else [value]:
        function = unwrapped(held)
        if isinstance(function, types.FunctionType) and is_of_a_cell(function):
            yield function


def is_of_a_cell(function: types.FunctionType) -> bool:
    """Not of a module that can be imported, and not what a dataclass writes by itself."""
    module = sys.modules.get(function.__module__ or "")
    imported = module is not None and vars(module) is function.__globals__ and not lives_in_a_cell(module.__name__)
    return not imported and function.__code__.co_filename != "<string>"


def unwrapped(held: Any) -> Any:
    """The function in a staticmethod, a property, or behind a decorator."""
    held = getattr(held, "__func__", getattr(held, "fget", held))
    return inspect.unwrap(held) if callable(held) else held


def namespace_of(value: Any, around: dict[str, Any]) -> dict[str, Any]:
    """The global names of a cell's function or class; for a class without a function of its own, those `around` it."""
    own = next(functions_of(value), None)
    if own is not None:
        return own.__globals__
    if any(held is value for held in around.values()):
        return around
    inherited = (function for one in getattr(value, "__mro__", ()) for function in functions_of(one))
    other = next(inherited, None)
    return other.__globals__ if other is not None else vars(sys.modules.get(value.__module__, types))


def uses_future(value: Any) -> bool:
    return any(function.__code__.co_flags & FUTURE_FLAG for function in functions_of(value))


def targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def other_than_written(held: Any, node: ast.expr) -> bool:
    """Whether a class's attribute was changed after its class body, as far as a literal tells."""
    try:
        return ast.literal_eval(node) != held
    except ValueError:
        return False


def imported_by(node: ast.AST, name: str) -> str:
    """The import that gave a name its value, for what knows no home of its own, such as a type like Callable[...]."""
    if isinstance(node, ast.ImportFrom) and not node.level:
        for alias in node.names:
            if (alias.asname or alias.name) == name:
                return f"from {node.module} import {alias.name}" + (f" as {name}" if alias.asname else "")
    return ""


def place_of(names: dict[str, Any], name: str) -> tuple[int, str]:
    """Number of the cell in which a name last got its value, and the first line of that; 0 and "" where unknown."""
    found = bindings(names, name)
    return (found[0].place[0], found[0].text.split("\n")[0][:80]) if found else (0, "")


def import_of(name: str, module: types.ModuleType) -> str:
    whole = module.__name__
    parent, _, last = whole.rpartition(".")
    if whole == name:
        return f"import {whole}"
    return f"from {parent} import {last}" if last == name and parent else f"import {whole} as {name}"


def definition(answer: Any) -> str:
    """The text of a cell's class or function, decorators included. Raises: ValueError if it cannot be found."""
    found = written_at(answer, namespace_of(answer, {}))
    if found is None:
        raise ValueError(f"the source of {getattr(answer, '__name__', 'it')} was not found")
    return found.text
