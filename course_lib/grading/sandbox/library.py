"""What a learner's code sees of the course while it is marked: the library without the part that is being marked.

Sources are taken apart by the syntax tree and travel compiled: compiling them for each answer took a tenth of its time.
Of the checks and the lessons only what stands in for a model, and what makes an answer a function of data: nothing that
tells what is right, and no mistake.
"""

import ast
import marshal
import sys
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from course_lib.checks.blank import WITHHELD
from course_lib.checks.exercise import Exercise

PACKAGE = Path(__file__).resolve().parent.parent.parent
# what makes an answer a function of data runs beside the answer, and knows nothing of what is expected
WATCHED = ("checks/stand_ins.py", "lessons/lesson[0-9][0-9]/*_watched.py")
LAZY = """\
import importlib
import sys
import types

HOMES = {homes!r}
__all__ = list(HOMES)


class Package(types.ModuleType):
    def __setattr__(self, name, value):
        # importing course_lib.group_norm must not put the module where the function of this name belongs
        if name not in HOMES:
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = Package


def __getattr__(name):
    if name in HOMES:
        return getattr(importlib.import_module(HOMES[name]), name)
    try:
        return importlib.import_module("course_lib." + name)
    except ModuleNotFoundError:
        raise AttributeError("module 'course_lib' has no attribute " + repr(name)) from None
"""
# what the learner's process itself consists of; nothing in these files tells what is right
MACHINERY = (
    "checks/blank.py",
    "checks/guard.py",
    "checks/imports.py",
    "checks/raised.py",
    "checks/compare.py",
    "checks/handle.py",
    "checks/modes.py",
    "checks/seam.py",
    "grading/sandbox/channel.py",
    "grading/sandbox/child.py",
    "grading/sandbox/isolation.py",
    "grading/sandbox/kernel.py",
    "grading/sandbox/landlock.py",
    "grading/sandbox/large_pages.py",
    "grading/sandbox/limits.py",
    "grading/sandbox/namespaces.py",
    "grading/sandbox/system_calls.py",
    "grading/sandbox/visible.py",
    "grading/sandbox/zygote.py",
)


@cache
def compiled_for(exercise: Exercise) -> Tensor:
    """The modules of `library_for` as code of this very Python, all in one piece: uint8, (bytes,), a marshalled dict of
    the marshalled code of each.

    The name of each file is one of its own, so that a traceback tells the library's lines from the learner's.
    """
    modules = {
        name: marshal.dumps(compile(source, f"<{name}>", "exec")) for name, source in library_for(exercise).items()
    }
    return torch.frombuffer(bytearray(marshal.dumps(modules)), dtype=torch.uint8)


@cache
def library_for(exercise: Exercise) -> dict[str, str]:
    """Source of every module of the library by dotted name, the exercise's own body replaced by an error.

    Made once; nobody changes it.

    Raises: ValueError if the exercise's `watched` does not live where it can be sent along.
    """
    sources = dict(whole_library())
    module = exercise.reference.__module__
    sources.setdefault(module.rpartition(".")[0], "")  # where it lives in a subpackage, such as data
    source = Path(sys.modules[module].__file__).read_text(encoding="utf-8")
    sources[module] = withheld(source, exercise.reference.__name__, exercise.method)
    if exercise.watched is not None and exercise.watched.__module__ not in sources:
        raise ValueError(
            f"watched of {exercise.name} lives in {exercise.watched.__module__}; allowed: a file NAME_watched.py in "
            f"the lesson's folder, which goes to the learner's process"
        )
    return sources


@cache
def whole_library() -> dict[str, str]:
    """The library's own modules and what watches answers, each as it is."""
    paths = [path for path in PACKAGE.glob("*.py") if path.name != "__main__.py"]
    paths += [path for pattern in WATCHED for path in PACKAGE.glob(pattern)]
    sources = {dotted(path): path.read_text(encoding="utf-8") for path in sorted(paths)}
    packages = {"course_lib.lessons", *(name.rpartition(".")[0] for name in sources if ".lessons." in name)}
    return {**sources, **dict.fromkeys(packages, ""), "course_lib": lazy(sources["course_lib"])}


def lazy(source: str) -> str:
    """A package's `__init__` whose modules are loaded when a name of theirs is asked for.

    Each answer imports the library afresh, and most need one module of it.
    """
    homes = {
        alias.asname or alias.name: node.module
        for node in ast.parse(source).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return LAZY.format(homes=homes)


def dotted(path: Path) -> str:
    parts = ("course_lib", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def withheld(source: str, name: str, method: str = "") -> str:
    """`source` without the body of the function `name`, of all methods of the class `name`, or of one `method`.

    Raises: ValueError if there is no such definition.
    """
    tree = ast.parse(source)
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name]
    if not found:
        raise ValueError(f"name is {name!r}; allowed: a function or class that the source defines")
    functions = [
        node
        for node in ast.walk(found[0])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and method in ("", node.name)
    ]
    if not functions:
        raise ValueError(f"method is {method!r}; allowed: a method of {name}")
    whole = f"{name}.{method}" if method else name
    for function in functions:
        function.body = ast.parse(f"raise NotImplementedError({f'{whole} {WITHHELD}'!r})").body
    return ast.unparse(tree)


def write_machinery(folder: Path) -> None:
    """Write the package that a learner's process starts from: the machinery, and nothing else of the course."""
    for part in ("", "checks", "grading", "grading/sandbox"):
        (folder / "course_lib" / part).mkdir(parents=True)
        (folder / "course_lib" / part / "__init__.py").touch()
    for name in MACHINERY:
        (folder / "course_lib" / name).write_text((PACKAGE / name).read_text(encoding="utf-8"), encoding="utf-8")
