"""Cut exercises out of the library's own source, by the syntax tree.

What stays of a body that is cut: the docstring, the comments that stand on lines of their own (the steps), and a call
of super().__init__(). So no marker ever stands in the library, and a solution cannot differ from it.

The library refuses what does not fit; a learner need not. So a blank promises no "Raises:", and imports nothing that
only refusals use, and what is given of a class refuses nothing.

Files are read and never imported: what a notebook shows is what is saved, also while `watch` runs for hours.
"""

import ast
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.authoring.narrow import WIDTH, narrow
from course_lib.authoring.source import ROOT
from course_lib.checks.blank import STILL_BLANK

# what the set-up cell of every notebook imports
SET_UP_NAMES = {"torch", "nn", "Tensor", "F"}

DEFINITIONS = ast.ClassDef | ast.FunctionDef
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


@dataclass(frozen=True)
class ExerciseSource:
    """An exercise as text.

    Attributes:
        name: as in the registry: "ResidualBlock" or "DDPM.add_noise".
        imports: what the cell has to import, one statement a line; imports_of_blank: without those for refusals alone.
        full: the library's source; blank: with the bodies cut out; bare: with the step comments cut out as well;
            marked: with nbgrader's solution markers.
    """

    name: str
    imports: str
    imports_of_blank: str
    full: str
    blank: str
    bare: str
    marked: str

    def cell(self, body: str) -> str:
        imports = self.imports_of_blank if body in (self.blank, self.bare) else self.imports
        text = body if body == self.full else narrow(body)
        return f"{imports}\n\n\n{text}" if imports else text


def exercise_source(path: str, blank: Sequence[str] = (), given: Sequence[str] = ()) -> ExerciseSource:
    """Read an exercise from the library.

    Args:
        path: where it lives, "course_lib.residual_block.ResidualBlock"; a method, "course_lib.ddpm.DDPM.add_noise", is
            shown as a function by itself.
        blank: the methods to cut; empty for a function or a method, which is cut itself.
        given: names that the notebook has defined already, which are not imported again. A method of a class among them
            was written as a function by itself, and is given to the class.
    Raises: ValueError if there is no such object or method.
    """
    module, names, node = find(path)
    name = ".".join(names)
    source = with_given_methods(source_of(module, node), given)
    tree = ast.parse(source)
    node = tree.body[0]
    functions = [node]
    if isinstance(node, ast.ClassDef):
        methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
        missing = set(blank) - set(methods)
        if missing or not blank:
            raise ValueError(f"blank is {list(blank)} for {path}; allowed: some of {', '.join(methods)}")
        functions = [methods[method] for method in blank]
    blank = without_bodies(source, functions, names[0], marked=False)
    left = used_names(ast.parse(blank)) | used_names(WithoutRefusals().visit(ast.parse(source)))
    defined = {*given, names[-1]}
    return ExerciseSource(
        name=name,
        imports=imports_for(module, used_names(tree) - defined),
        imports_of_blank=imports_for(module, left - defined),
        full=source,
        blank=blank,
        bare=without_bodies(source, functions, names[0], marked=False, steps=False),
        marked=without_bodies(source, functions, names[0], marked=True),
    )


def shown_source(path: str, given: Sequence[str] = ()) -> ExerciseSource:
    """A class or function of the library that an exercise is built upon: given as a whole, nothing is cut out.

    Args and Raises: see `exercise_source`.
    """
    module, names, node = find(path)
    source = without_bodies(source_of(module, node), [], names[0], marked=False)
    imports = imports_for(module, used_names(ast.parse(source)) - {*given, names[-1]})
    source = narrow(source)
    return ExerciseSource(".".join(names), imports, imports, source, source, source, source)


def with_given_methods(source: str, given: Sequence[str]) -> str:
    """A class whose `given` methods are functions of the notebook: `encode = encode` stands for such a one."""
    node = ast.parse(source).body[0]
    taken = [part for part in node.body if isinstance(node, ast.ClassDef) and getattr(part, "name", "") in given]
    if not taken:
        return source
    lines = source.splitlines()
    names = ", ".join(part.name for part in taken)
    for part in reversed(taken):
        # with the empty line behind it
        lines[part.lineno - 1 : part.end_lineno + 1] = []
    first = taken[0].lineno - 1
    lines[first:first] = [f"    {names} = {names}", ""]
    return "\n".join(lines)


@dataclass(frozen=True)
class Module:
    """A module of the library as text.

    Attributes:
        name: "course_lib.residual_block"; source: its text; tree: the same, parsed.
    """

    name: str
    source: str
    tree: ast.Module


def find(path: str) -> tuple[Module, list[str], ast.ClassDef | ast.FunctionDef]:
    """The module an object is written in, its name (and its class's, for a method), and its definition.

    Raises: ValueError if there is no such object.
    """
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        origin, names = ".".join(parts[:length]), parts[length:]
        if file_of(origin) is None:
            continue
        module = read_module(origin)
        elsewhere = imported_from(module, names[0])
        if elsewhere is not None:
            return find(".".join([elsewhere, *names[1:]]))
        body, node = module.tree.body, None
        for name in names:
            node = next((one for one in body if isinstance(one, DEFINITIONS) and one.name == name), None)
            body = getattr(node, "body", [])
        if node is not None:
            return module, names, node
        break
    raise ValueError(f"exercise is {path!r}; allowed: module and name of a class, function or method of the library")


def file_of(module: str) -> Path | None:
    """The file of a module of this repository; None if it has no such module."""
    place = ROOT.joinpath(*module.split("."))
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def read_module(name: str) -> Module:
    path = file_of(name)
    source = path.read_text(encoding="utf-8")
    return Module(name, source, parsed(source, path.name))


def parsed(source: str, shown: str) -> ast.Module:
    """The syntax tree. Raises: ValueError that calls the source `shown` where it is not Python."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise ValueError(f"{shown} is not Python (line {error.lineno}: {error.msg}); allowed: what can run") from None


def imported_from(module: Module, name: str) -> str | None:
    """Where a module has a name from, "course_lib.unet.UNet", if it imports it from the library."""
    for statement, alias in imports_from(module.tree):
        if (alias.asname or alias.name) == name and file_of(statement.module) is not None:
            return f"{statement.module}.{alias.name}"
    return None


def imports_from(tree: ast.AST) -> Iterator[tuple[ast.ImportFrom, ast.alias]]:
    """Every name of every `from ... import ...`."""
    for statement in ast.walk(tree):
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                yield statement, alias


def source_of(module: Module, node: ast.ClassDef | ast.FunctionDef) -> str:
    """The lines of a definition, its decorators among them, moved to the left edge."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return textwrap.dedent("\n".join(module.source.splitlines()[first - 1 : node.end_lineno]))


def without_bodies(source: str, functions: list[ast.FunctionDef], name: str, marked: bool, steps: bool = True) -> str:
    """`source` with the bodies of `functions` cut out, or put between nbgrader's markers; without `steps`, their
    comments go too.
    """
    lines = source.splitlines()
    begin = {function.lineno for function in functions}
    methods = [part for part in ast.parse(source).body[0].body if isinstance(part, ast.FunctionDef)]
    given = [method for method in methods if method.lineno not in begin]
    # from the last to the first, so that lines further up keep their numbers
    for function in sorted([*functions, *given], key=lambda function: function.lineno, reverse=True):
        if function.lineno not in begin:
            for statement in reversed(refusals(function)):
                lines[statement.lineno - 1 : statement.end_lineno] = []
            continue
        kept = kept_statements(function)
        first_cut = function.body[kept:]
        if not first_cut:
            raise ValueError(f"{name}.{function.name} has no body to cut; allowed: a method with statements")
        # from the line after what stays to the end of the function, with the comments in between
        start = function.body[kept - 1].end_lineno if kept else header_end(function)
        body = lines[start : function.end_lineno]
        indent = " " * function.body[0].col_offset
        comments = [indent + line.strip() for line in body if steps and line.strip().startswith("#")]
        called = name if function.name == name else f"{name}.{function.name}"
        if marked:
            code = [line for line in body if not line.strip().startswith("#")]
            left = [*comments, indent + BEGIN, *code, indent + END]
        else:
            left = [*comments, f'{indent}raise NotImplementedError("{called} {STILL_BLANK}")']
        lines[start : function.end_lineno] = left
    return "\n".join(without_raises(lines))


def refusals(function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a given method that only refuse, unless it has no others or is itself a check_something."""
    if function.name.startswith("check_"):
        return []
    found = [part for part in function.body if WithoutRefusals().visit(part) is None]
    return found if len(found) < len(function.body) - kept_statements(function) else []


def without_raises(lines: list[str]) -> list[str]:
    """The lines of a definition without the "Raises:" entries of its docstrings, an entry with its further lines."""
    kept, inside = [], None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("Raises: "):
            inside = indent
        elif inside is not None and (not line.strip() or indent <= inside):
            inside = None
        if inside is None:
            kept.append(line)
    return kept


def kept_statements(function: ast.FunctionDef) -> int:
    """How many statements at the beginning stay: the docstring, and super().__init__()."""
    kept = 0
    if ast.get_docstring(function) is not None:
        kept = 1
    if len(function.body) > kept and ast.unparse(function.body[kept]) == "super().__init__()":
        kept += 1
    return kept


def header_end(function: ast.FunctionDef) -> int:
    """Last line of the signature, so that comments between it and the first statement belong to the body."""
    last = function.returns or (function.args.args[-1] if function.args.args else None)
    return last.end_lineno if last is not None else function.lineno


def used_names(tree: ast.AST) -> set[str]:
    """The names in a source, but for those that a function gives to what it computes."""
    found = {tree.id} if isinstance(tree, ast.Name) else set()
    for part in ast.iter_child_nodes(tree):
        found |= used_names(part)
    if not isinstance(tree, ast.FunctionDef):
        return found
    inside = (node for statement in tree.body for node in ast.walk(statement))
    return found - {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


class WithoutRefusals(ast.NodeTransformer):
    """Takes out statements that do nothing but refuse an argument: `if ...: raise`, and calls of check_something."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        refuses = not node.orelse and all(isinstance(statement, ast.Raise) for statement in node.body)
        return None if refuses else self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        called = node.value.func if isinstance(node.value, ast.Call) else None
        return None if isinstance(called, ast.Name) and called.id.startswith("check_") else node


def imports_for(module: Module, names: set[str]) -> str:
    """The import statements for every global name that a source uses and the notebook does not have yet."""
    used = names - SET_UP_NAMES
    plain, by_module = set(), {}
    for statement in module.tree.body:
        if isinstance(statement, ast.Import):
            plain |= {
                ast.unparse(ast.Import([alias]))
                for alias in statement.names
                if (alias.asname or alias.name.split(".")[0]) in used
            }
        elif isinstance(statement, ast.ImportFrom):
            names = {alias.asname or alias.name for alias in statement.names} & used
            by_module.setdefault(statement.module, set()).update(names)
    by_module.setdefault(module.name, set()).update(top_level_names(module.tree) & used)
    froms = sorted(f"from {origin} import {', '.join(sorted(names))}" for origin, names in by_module.items() if names)
    own = [line for line in froms if line.startswith("from course_lib")]
    others = [*sorted(plain), *(line for line in froms if line not in own)]
    return "\n\n".join("\n".join(map(wrapped, lines)) for lines in (others, own) if lines)


def wrapped(line: str) -> str:
    """A long import in brackets, as the formatter would write it."""
    if len(line) <= WIDTH:
        return line
    head, _, names = line.partition(" import ")
    return f"{head} import (\n" + "".join(f"    {name},\n" for name in names.split(", ")) + ")"


def top_level_names(tree: ast.Module) -> set[str]:
    found = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
        elif isinstance(statement, ast.Assign):
            found |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found.add(statement.target.id)
    return found
