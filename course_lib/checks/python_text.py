"""What the Python text of a notebook's cells defines and needs, read off its syntax tree. Nothing is run."""

import ast
import builtins
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__class__"}
# magics whose cell is Python all the same
PYTHON_CELL_MAGICS = {"time", "timeit", "capture", "prun", "debug", "python", "python3", "memit", "mprun"}
# of a magic whose result is kept, `files = !ls`: what stands before the equals sign
TARGET = re.compile(r"[\w, .\[\]]+")
CLASSIC = re.compile(r"(?:>>>|\.\.\.)(?: |$)")
NUMBERED = re.compile(r"In ?\[\d{1,6}\]: ?|\s{0,20}\.{3,20}: ?")
MUTATORS = {"append", "extend", "insert", "update", "add", "setdefault", "remove", "clear", "sort", "reverse"}
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp)
CHECKS = {"check", "examine"}
DEEPEST = 150


class Unparsable(Exception):
    """A cell that is no Python. Its text says which line and why."""


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement on the outermost level of a cell.

    Attributes:
        text: its source, decorators included.
        node: its syntax tree.
        place: (number of the cell, number of the statement), which orders statements as the notebook runs them.
        binds: names it gives a value to; changes: names whose value it changes.
    """

    text: str
    node: ast.stmt
    place: tuple[int, int]
    binds: frozenset[str]
    changes: frozenset[str]


def statements(source: str, cell: int) -> list[Statement]:
    """The statements of a cell, without its magics.

    Raises: Unparsable.
    """
    text = plain_python(source)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        line = (error.text or "").strip()
        where = f"line {error.lineno}" + (f", {line[:80]!r}" if line else "")
        raise Unparsable(f"{error.msg}, {where}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unparsable(str(error) or type(error).__name__) from None
    if too_deep(tree):
        raise Unparsable("nested too deeply")
    lines = text.split("\n")
    try:
        return [
            Statement(
                statement_text(lines, tree.body, number),
                node,
                (cell, number),
                frozenset(bound_names(node)),
                frozenset(changed_names(node)),
            )
            for number, node in enumerate(tree.body)
        ]
    except RecursionError:
        raise Unparsable("nested too deeply") from None


def too_deep(tree: ast.Module) -> bool:
    """Whether some of Python's own functions, which call themselves for what is inside, would give up."""
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def plain_python(source: str) -> str:
    """The cell without %magics, !commands and ?questions; empty for a cell in another language."""
    lines = as_pasted(source.lstrip("\ufeff").split("\n"))
    first = 0
    while first < len(lines) and (not lines[first].strip() or lines[first].lstrip().startswith("%%")):
        words = lines[first].strip().removeprefix("%%").split()
        if lines[first].strip() and (not words or words[0] not in PYTHON_CELL_MAGICS):
            return ""
        first += 1
    if any(line.strip() for line in lines[:first]):
        lines = lines[first:]
    text = "\n".join(lines)
    # each round reads the whole cell; long ones with many magics are cleaned in one go
    for _ in range(min(100, 3 + 200_000 // (len(text) + 1))):
        number = first_bad_line("\n".join(lines))
        if number is None:
            return "\n".join(lines)
        if not (0 < number <= len(lines)) or not is_magic(lines[number - 1]):
            break
        blank_out(lines, number - 1)
    # the parser complained elsewhere, or too often: take out all that looks like one
    for number, line in enumerate(lines):
        if is_magic(line):
            blank_out(lines, number)
    cleaned = "\n".join(lines)
    return cleaned if first_bad_line(cleaned) is None else text


def as_pasted(lines: list[str]) -> list[str]:
    """The lines as IPython takes them: without an indentation that the first one has, and without `>>>` and `In [3]:`
    before them, which come along with what is copied from a page."""
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    if indent:
        lines = [line.removeprefix(indent) for line in lines]
    if any(CLASSIC.match(line) and line.startswith(">>>") for line in lines[first : first + 2]):
        return [CLASSIC.sub("", line) for line in lines]
    if any(NUMBERED.match(line) and line.startswith("In") for line in lines[first : first + 2]):
        return [NUMBERED.sub("", line) for line in lines]
    return lines


def is_magic(line: str) -> bool:
    """`%magic`, `!command`, `?name`, `name?`, `name = !command`."""
    text = line.strip()
    if text[:1] in ("%", "!", "?"):
        return True
    if text.endswith("?"):
        return text.rstrip("?").replace(".", "_").isidentifier()
    return assigned_magic(text) is not None


def assigned_magic(text: str) -> str | None:
    """What a magic's result is kept under, or None."""
    target, sign, magic = text.partition("=")
    kept = sign and magic.lstrip()[:1] in ("%", "!") and TARGET.fullmatch(target)
    return target.strip() or None if kept else None


def first_bad_line(text: str) -> int | None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 0
    except (ValueError, RecursionError, MemoryError):
        return 0
    return None


def blank_out(lines: list[str], number: int) -> None:
    """Replace a magic by something that does nothing, so that a block of one line stays a block."""
    line = lines[number]
    continued = line.rstrip().endswith("\\")
    assigned = assigned_magic(line.strip())
    indent = line[: len(line) - len(line.lstrip())]
    ran = line.split()[1:2] if line.split()[0] == "%run" else []
    if assigned:
        lines[number] = f"{indent}{assigned} = None"
    elif ran and ran[0].endswith(".py") and ran[0][:-3].isidentifier():
        lines[number] = f"{indent}from {ran[0][:-3]} import *"
    else:
        lines[number] = f"{indent}pass"
    while continued and number + 1 < len(lines):
        number += 1
        continued = lines[number].rstrip().endswith("\\")
        lines[number] = ""


def statement_text(lines: list[str], body: list[ast.stmt], number: int) -> str:
    node = body[number]
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    alone = node.col_offset == 0 and all(
        other.lineno > node.end_lineno or other.end_lineno < first
        for other in body[max(0, number - 1) : number + 2]
        if other is not node
    )
    return "\n".join(lines[first - 1 : node.end_lineno]) if alone else ast.unparse(node)


def same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and what is under it, without the insides of functions and classes."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if not isinstance(one, SCOPES):
            waiting.extend(ast.iter_child_nodes(one))


def bound_names(node: ast.stmt) -> Iterator[str]:
    for one in same_scope(node):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield one.name
        elif isinstance(one, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.split(".")[0] for alias in one.names)
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id


def changed_names(node: ast.stmt) -> Iterator[str]:
    """Of `TABLE[0] = 1`, `Block.forward = f`, `TABLE += [1]`, `TABLE.append(1)`: TABLE, Block."""
    for one in same_scope(node):
        if isinstance(one, ast.Attribute | ast.Subscript) and isinstance(one.ctx, ast.Store):
            yield from base_name(one)
        elif isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in MUTATORS:
            yield from base_name(one.func)
        elif isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in ("setattr", "delattr"):
            yield from (name for argument in one.args[:1] for name in base_name(argument))
        # @method_of(Block) above a function
        for decorator in getattr(one, "decorator_list", []):
            if isinstance(decorator, ast.Call):
                yield from (name for argument in decorator.args for name in base_name(argument))


def base_name(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def needed_names(text: str) -> tuple[set[str], set[str]]:
    """The global names that `text` looks up: as it runs (bases, defaults, class bodies), and when what it defines is
    called."""
    now: set[str] = set()
    later: set[str] = set()
    try:
        waiting = [(symtable.symtable(text, "cell", "exec"), now)]
        while waiting:
            table, found = waiting.pop()
            for child in table.get_children():
                waiting.append((child, now if found is now and child.get_type() == "class" else later))
            outermost = table.get_type() == "module"
            found |= {
                symbol.get_name()
                for symbol in table.get_symbols()
                # of a class body too: `encode = encode` there gives the class what is global
                if (symbol.is_referenced() and (outermost or symbol.is_global() or table.get_type() == "class"))
                or symbol.is_declared_global()
            }
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    return now, later


def nodes_of(text: str) -> list[ast.AST]:
    """Every node of a Python text; none where it is no Python."""
    try:
        return list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def definition(node: ast.stmt) -> ast.FunctionDef | ast.ClassDef | None:
    return node if isinstance(node, ast.FunctionDef | ast.ClassDef) else None


def blanks_left(node: ast.AST) -> int:
    """How many functions still say `raise NotImplementedError(...)` where they get to: not behind a return, and not in
    a branch of their own."""
    functions = (one for one in ast.walk(node) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    return sum(
        is_not_implemented(next((one for one in function.body if isinstance(one, ast.Return | ast.Raise)), None))
        for function in functions
    )


def is_not_implemented(node: ast.AST | None) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def is_check(node: ast.AST) -> bool:
    """A call of check(...) or examine(...), by whatever name the module goes."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    return (isinstance(called, ast.Name) and called.id in CHECKS) or (
        isinstance(called, ast.Attribute) and called.attr in CHECKS
    )


def trains(node: ast.AST) -> bool:
    """Whether it looks like a training loop: something is differentiated or an optimizer makes a step."""
    return any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in ("backward", "step")
        for one in ast.walk(node)
    )
