"""Keep what a learner has passed outside the notebook: the folder my_work, one readable Python file an exercise.

A course update never touches that folder, and the next lesson or a restarted kernel finds the answers again. It lies
beside the folder notebooks, or where the environment variable UNET_COURSE_WORK says.
"""

import ast
import builtins
import linecache
import os
import sys
import types
from pathlib import Path
from typing import Any

from course_lib.assets import ASSETS
from course_lib.checks.exercise import Exercise
from course_lib.files import write_text

KEPT_MODULE = "my_work_"


def work_folder() -> Path:
    """Where passed answers are kept; it need not exist yet."""
    return Path(os.environ.get("UNET_COURSE_WORK") or ASSETS.parent / "my_work")


def keep(exercise: Exercise, answer: Any) -> None:
    """Write a passed answer to its file, unless it is the reference itself. Says so in a line if that is impossible."""
    if getattr(answer, "__module__", "").split(".")[0] == "course_lib":
        return
    try:
        text = standalone_source(answer)
        folder = work_folder()
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / f"{exercise.name}.py", text)
    except (OSError, ValueError) as error:
        print(f"(It could not be kept in my_work: {error})")


def load_kept(exercise: Exercise, names: dict[str, Any] | None = None) -> Any:
    """The answer that was kept for an exercise, or None if there is none or its file does not run.

    Args:
        names: what the answer is to find under these names, whatever its file says: other parts of the learner's.
    """
    path = work_folder() / f"{exercise.name}.py"
    if not path.is_file():
        return None
    source = path.read_text(encoding="utf-8")
    linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))
    module = types.ModuleType(KEPT_MODULE + exercise.name.replace(".", "_"))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # inspect and pickle look classes up by their module's name
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    except Exception:
        return None
    answer = vars(module).get(exercise.method or exercise.name)
    # names are looked up when they are used, so this is early enough
    vars(module).update(names or {})
    return answer


def standalone_source(answer: Any) -> str:
    """The answer's source with the imports, constants and helpers that it uses from other cells.

    Raises: ValueError if the source cannot be found.
    """
    names = namespace_of(answer)
    own = definition(answer)
    pieces, known = [own], {answer.__name__}
    queue = [own]
    while queue:
        for name in sorted(used_names(queue.pop()) - known):
            known.add(name)
            if name not in names:
                continue
            text = written_again(name, names[name])
            if text:
                pieces.insert(0, text)
                if not text.startswith(("import ", "from ")):
                    queue.append(text)
    imports = sorted(piece for piece in pieces if piece.startswith(("import ", "from ")))
    others = [piece for piece in pieces if not piece.startswith(("import ", "from "))]
    return "\n".join(imports) + "\n\n\n" + "\n\n\n".join(others) + "\n"


def namespace_of(answer: Any) -> dict[str, Any]:
    code = code_of(answer)
    return code[1] if code else {}


def code_of(answer: Any) -> tuple[types.CodeType, dict[str, Any]] | None:
    """Code and global names of a function, or of the first function in a class body."""
    if isinstance(answer, types.FunctionType):
        return answer.__code__, answer.__globals__
    for value in vars(answer).values() if isinstance(answer, type) else ():
        function = getattr(value, "__func__", value)
        if isinstance(function, types.FunctionType):
            return function.__code__, function.__globals__
    return None


def definition(answer: Any) -> str:
    """The text of the class or function. A notebook cell's class has no file, but its methods know their cell.

    Raises: ValueError if there is none.
    """
    found = code_of(answer)
    source = "".join(linecache.getlines(found[0].co_filename)) if found else ""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a cell with %magics
        lines = [line for line in source.splitlines(keepends=True) if not line.lstrip().startswith(("%", "!"))]
        source = "".join(lines)
        try:
            body = ast.parse(source).body
        except SyntaxError:
            body = []
    for node in reversed(body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == answer.__name__:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "\n".join(source.splitlines()[first - 1 : node.end_lineno])
    raise ValueError(f"the source of {answer.__name__} was not found")


def used_names(source: str) -> set[str]:
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    return names - set(dir(builtins))


def written_again(name: str, value: Any) -> str:
    """A line or definition that makes `name` mean `value` again; "" where there is none."""
    if isinstance(value, types.ModuleType):
        whole = value.__name__
        parent, _, last = whole.rpartition(".")
        if whole == name:
            return f"import {whole}"
        return f"from {parent} import {last}" if last == name and parent else f"import {whole} as {name}"
    if isinstance(value, bool | int | float | str | tuple | list | dict | None):
        text = repr(value)
        return f"{name} = {text}" if len(text) < 2000 and "<" not in text else ""
    module = getattr(value, "__module__", None)
    own_name = getattr(value, "__name__", None)
    in_a_cell = module == "__main__" or (module or "").startswith(KEPT_MODULE)
    if module and own_name and not in_a_cell and hasattr(sys.modules.get(module), own_name):
        return f"from {public_module(module)} import {own_name}" + ("" if own_name == name else f" as {name}")
    try:
        return definition(value)
    except (ValueError, AttributeError):
        return ""


def public_module(module: str) -> str:
    """Where a reader would import it from: torch.nn, not torch.nn.modules.linear."""
    return "torch.nn" if module.startswith("torch.nn.modules") else module
