"""Mistakes as data: NAME.toml beside an exercise's NAME.py, a table for each plausible wrong answer.

    [pieces]                       # names for pieces of the reference's source, where that reads better
    DROPOUT = 'self.dropout(F.silu(self.norm2(h)))'

    [no_dropout]                   # the mistake's name, as reports show it
    says = "Nothing is ever dropped. Is dropout called, and is its result used?"   # true of all that behave alike
    edit = [['DROPOUT', 'F.silu(self.norm2(h))']]     # what stands in the source (or a piece's name), what they wrote

    answer = "UNetLayers"          # with `edit`: a class in NAME.py that the reference is built upon

    [by_another_way]               # a mistake that is no edit of the reference ...
    says = "..."
    answer = "by_another_way"      # ... is a function or class in NAME.py; with `edit`, that one's source is edited

    shows = "dropout_never"        # may be added: the property that always fails first. An answer that fails at another
                                   # one is not compared with this mistake (networks take long); the tests hold it

Above the tables a line may stand for those whose answer passed, see `further`.

Line breaks in `says` are spaces. The file is read when an answer has failed, and a mistake is compiled when it is
compared with the answer.
"""

import ast
import builtins
import importlib
import inspect
import sys
import textwrap
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from course_lib.checks.exercise import Exercise

PIECES, FURTHER = "pieces", "further"
FIELDS = {"says", "edit", "answer", "shows"}
# what the set-up cell of every notebook imports, so that learners write it whatever the reference needs
NOTEBOOK_NAMES = {"torch": torch, "nn": nn, "F": F, "Tensor": Tensor}


@dataclass(eq=False)
class Misconception:
    """A plausible wrong answer, and the sentence a good teacher would say.

    Attributes:
        name: short, in snake_case, the same for all who make this mistake.
        sentence: what went wrong and why it matters, addressed to the learner.
        edit: pairs of what stands in the source and what shall stand there; every occurrence is replaced.
        answer: name of a function or class in the exercise's module; "" for the reference.
        exercise: whose mistake it is.
        shows: the property that fails first; "" if it is not said, or not always the same one.
    """

    name: str
    sentence: str
    edit: tuple[tuple[str, str], ...]
    answer: str
    exercise: "Exercise"
    shows: str = ""

    @cached_property
    def wrong(self) -> Any:
        """The wrong answer, of the same kind as the reference; compiled when first asked for.

        Raises: ValueError that names file and entry, if a piece does not stand in the source or `answer` is not there.
        """
        try:
            made = edited(self.original, *self.edit) if self.edit else self.original
            return made if made is self.original else self.completed(made)
        except (ValueError, SyntaxError) as error:
            raise ValueError(f"{toml_of(self.exercise)}, [{self.name}]: {error}") from None

    def completed(self, made: Any) -> Any:
        """What an edit made, as an answer: upon an edited base class stands what the reference has of its own."""
        reference = self.exercise.reference
        if not (inspect.isclass(self.original) and inspect.isclass(reference)) or self.original is reference:
            return made
        if not issubclass(reference, self.original):
            return made
        own = {name: value for name, value in vars(reference).items() if name not in ("__dict__", "__weakref__")}
        return type(reference.__name__, (made,), own)

    def verify(self) -> None:
        """Ask of a mistake what nobody waits for while a check runs: that its edit can be made, and knows its names.

        Raises: ValueError that names file and entry, also for a name that neither the source nor a notebook defines,
            and for an attribute that nothing in sight has and the sentence does not speak of.
        """
        made = self.wrong
        if self.edit:
            source = source_after(self.original, *self.edit)
            unknown = unknown_names(source, names_for(self.original))
            if unknown:
                said = f"edit uses {', '.join(unknown)}, which neither the source nor a notebook defines"
                raise ValueError(f"{toml_of(self.exercise)}, [{self.name}]: {said}")
            unknown = [one for one in unknown_attributes(source, self.original) if one not in self.sentence]
            if unknown:
                said = f"edit uses .{', .'.join(unknown)}, which no tensor, layer or module has"
                allowed = "what one has, or what says names, where that is the mistake"
                raise ValueError(f"{toml_of(self.exercise)}, [{self.name}]: {said}; allowed: {allowed}")
        if not callable(made):
            raise ValueError(f"{toml_of(self.exercise)}, [{self.name}]: answer is no function and no class")
        if self.shows and self.shows not in {one.name for one in self.exercise.properties}:
            said = f"shows is {self.shows!r}; allowed: the name of a property in {self.exercise.file.name}"
            raise ValueError(f"{toml_of(self.exercise)}, [{self.name}]: {said}")

    @property
    def original(self) -> Any:
        if not self.answer:
            return self.exercise.answer
        module = sys.modules[self.exercise.module]
        if not hasattr(module, self.answer):
            raise ValueError(f"answer is {self.answer!r}; allowed: a function or class in {module.__name__}")
        return getattr(module, self.answer)


def toml_of(exercise: "Exercise") -> str:
    path = exercise.file.with_suffix(".toml")
    return f"{path.parent.name}/{path.name}"


def read_mistakes(path: Path, exercise: "Exercise") -> tuple[Misconception, ...]:
    """The mistakes of an exercise, in the order of the file.

    Raises: ValueError that names file and entry, for a field that is missing, unknown or of another kind.
    """
    tables = read_tables(path)
    tables.pop(FURTHER, None)
    pieces = tables.pop(PIECES, {})
    return tuple(mistake(name, table, pieces, exercise) for name, table in tables.items())


def read_tables(path: Path) -> dict[str, Any]:
    """What NAME.toml holds. Raises: ValueError that names the file, if it is no TOML or the thought in it no text."""
    where = f"{path.parent.name}/{path.name}"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{where} is no TOML: {error}") from None
    further = tables.get(FURTHER, "-")
    if not isinstance(further, str) or not further.strip():
        raise ValueError(f"{where}: further is {further!r}; allowed: a sentence or two, for those whose answer passed")
    return tables


def mistake(name: str, table: Any, pieces: dict[str, str], exercise: "Exercise") -> Misconception:
    where = f"{toml_of(exercise)}, [{name}]"
    if not isinstance(table, dict) or set(table) - FIELDS:
        found = ", ".join(sorted(set(table) - FIELDS)) if isinstance(table, dict) else repr(table)
        raise ValueError(f"{where} holds {found}; allowed: a table of {', '.join(sorted(FIELDS))}")
    says, edit = table.get("says"), table.get("edit", [])
    answer, shows = table.get("answer", ""), table.get("shows", "")
    if not isinstance(says, str) or not says.strip():
        raise ValueError(f"{where}: says is {says!r}; allowed: the sentence for the learner")
    if not isinstance(edit, list) or any(not is_pair(pair) for pair in edit):
        raise ValueError(f"{where}: edit is {edit!r}; allowed: a list of [what stands there, what they wrote]")
    if not isinstance(answer, str) or not (edit or answer):
        raise ValueError(f"{where} needs edit, or answer (the name of a function or class), or both")
    if not isinstance(shows, str):
        raise ValueError(f"{where}: shows is {shows!r}; allowed: the name of a property")
    changes = tuple((pieces.get(old, old), new) for old, new in edit)
    return Misconception(name, " ".join(says.split()), changes, answer, exercise, shows)


def is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(text, str) for text in value)


@cache
def source_of(original: Any) -> str:
    """The source of a class or function; that of a method as a function by itself."""
    return textwrap.dedent(inspect.getsource(original))


def edited(original: Any, *changes: tuple[str, str]) -> Any:
    """`original` (a class or function) with pieces of its source replaced: one mistake, made on purpose.

    Args:
        changes: pairs of what stands in the source and what shall stand there; every occurrence is replaced.
    Raises: ValueError if a piece does not stand in the source, so that a mistake cannot silently become right.

    >>> from course_lib import num_groups
    >>> edited(num_groups, ("channels // MIN_CHANNELS_PER_GROUP", "channels"))(64)
    32
    """
    source, names = source_after(original, *changes), names_for(original)
    exec(compile(source, f"<edited {original.__name__}>", "exec"), names)
    made = names[original.__name__]
    if isinstance(made, FunctionType):
        made.__module__ = original.__module__
    return made


def source_after(original: Any, *changes: tuple[str, str]) -> str:
    source = source_of(original)
    for old, new in changes:
        if old not in source:
            raise ValueError(f"edit replaces {old!r}, which does not stand in the source of {original.__name__}")
        source = source.replace(old, new)
    return source


def names_for(original: Any) -> dict[str, Any]:
    """A fresh copy of the module's names, so that nothing else sees what is edited, on top of a notebook's."""
    return {**NOTEBOOK_NAMES, **vars(sys.modules[original.__module__])}


def unknown_names(source: str, known: Iterable[str]) -> list[str]:
    """Names that `source` uses and nobody defines: a slip of the one who wrote the edit."""
    used, made = set(), {*known, *dir(builtins)}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).split(".")[0])
    return sorted(used - made)


def unknown_attributes(source: str, original: Any) -> list[str]:
    """What stands behind a dot in `source`, and nothing has that `source` can get at: a slip, or the mistake itself."""
    used, made = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.attr)
        elif isinstance(node, ast.Import):
            made = made.union(*(attributes_of(importlib.import_module(one.name)) for one in node.names))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "__import__":
            made |= attributes_of(importlib.import_module(ast.literal_eval(node.args[0])))
    return sorted(used - made - known_attributes(original.__module__))


@cache
def known_attributes(module: str) -> frozenset[str]:
    """The attributes of all that a module and a notebook know by name, of torch's layers, and those its text uses."""
    source = sys.modules[module]
    used = {node.attr for node in ast.walk(ast.parse(inspect.getsource(source))) if isinstance(node, ast.Attribute)}
    in_sight = [*vars(source).values(), *NOTEBOOK_NAMES.values(), *vars(builtins).values(), *vars(nn).values()]
    return frozenset(used.union(*map(attributes_of, in_sight)))


def attributes_of(value: Any) -> set[str]:
    """What a value has behind the dot; of a class also what its objects are declared to have."""
    classes = value.__mro__ if inspect.isclass(value) and not issubclass(value, type) else ()
    return {*dir(value), *(name for one in classes for name in vars(one).get("__annotations__", ()))}
