"""What can be told of an exception: the learner's line, what stood in it, what it called, and what is spelled alike.

All of it is text, made from names of types, shapes and small numbers alone. Nothing of the learner's making is asked to
describe itself, since this runs where nothing stops it.
"""

import builtins
import difflib
import dis
import inspect
import linecache
import math
import re
import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# where the exception arose, seen from the learner's innermost line
YOURS, CALL, COURSE, TORCH, PYTHON = "yours", "call", "course", "torch", "python"

LONGEST = 300
MOST_NAMES = 6
CLOSE = 0.7
# what Python offers at its prompt, and no code means
OF_THE_PROMPT = {"quit", "exit", "copyright", "credits", "license", "help"}

# methods of NumPy's arrays that a tensor has under another name, and functions of torch that take tensors in a list
OF_ARRAYS = {
    "astype": ".to(torch.uint8), .to(torch.float32) and their like",
    "copy": ".clone()",
    "fill": ".fill_(...)",
}
OF_A_LIST = {"stack", "cat", "concat", "concatenate", "hstack", "vstack", "dstack"}

PACKAGE = str(Path(__file__).resolve().parent.parent)
# the library while an answer is marked, see grading/sandbox/child.py
SENT_PACKAGE = "<course_lib"
TORCH_FOLDER = str(Path(torch.__file__).parent)
INSTALLED = tuple({sysconfig.get_paths()[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib")})
# code that Python or torch makes on its way, and how torch calls a module: no place of its own
ON_THE_WAY = {"_wrapped_call_impl", "_call_impl", "decorate_context", "__torch_function__", "_fn", "wrapped"}
NAMES_OF_TORCH = {"torch": torch, "nn": nn}
# modules that learners know from elsewhere, and how they are imported
IMPORTS = {
    **{name: f"import {name}" for name in ("math", "copy", "random", "itertools", "functools", "numpy", "einops")},
    "np": "import numpy as np",
    "plt": "import matplotlib.pyplot as plt",
}


class Raised(NamedTuple):
    """What there is to tell; each is "" where there is nothing to tell.

    Attributes:
        line: the learner's innermost line.
        place: where the exception arose, one of the names above.
        called: what that line called, and with what, where it arose further down.
        names: what the names in that line stand for.
        hint: what is spelled alike, or which names there are.
    """

    line: str = ""
    place: str = ""
    called: str = ""
    names: str = ""
    hint: str = ""


def told_of(error: BaseException) -> Raised:
    """What can be told of an exception, from its traceback; nothing where even that goes wrong, since what an answer
    holds may be of any making."""
    try:
        return told_by_frames(error)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return Raised()


def told_by_frames(error: BaseException) -> Raised:
    frames = [(tb.tb_frame, tb.tb_lineno) for tb in walk(error)]
    frames = [(frame, number) for frame, number in frames if not is_on_the_way(frame.f_code)]
    mine = [index for index, (frame, _) in enumerate(frames) if home(frame.f_code) == YOURS]
    if not mine:
        inside = [frame for frame, _ in frames if home(frame.f_code) == TORCH]
        called = call_text(inside[-1], inside[-1]) if inside else ""
        return Raised("", CALL, cut(called), "", cut(hint_for(error, inside[-1] if inside else None)))
    place_of_mine = mine[-1]
    if isinstance(error, RecursionError):
        # where the stack ran out is chance; the line that calls again is in it most often
        lines = [(frame.f_code, number) for frame, number in frames]
        place_of_mine = lines.index(Counter(lines[index] for index in mine).most_common(1)[0][0])
        frames = frames[: place_of_mine + 1]
    frame, number = frames[place_of_mine]
    line = linecache.getline(frame.f_code.co_filename, number).strip()
    below = [inner for inner, _ in frames[place_of_mine + 1 :]]
    place = home(below[-1].f_code) if below else YOURS
    if below and any(home(inner.f_code) == COURSE for inner in below):
        place = COURSE
    called = call_of(below, place, frame) if below else ""
    return Raised(cut(line), place, cut(called), cut(names_in(line, frame)), cut(hint_for(error, frame, line)))


def message_of(error: BaseException) -> str:
    """Class and first line of the message; an exception of the learner's may not even be able to say it."""
    try:
        lines = str(error).strip().splitlines()
    except KeyboardInterrupt:
        raise
    except BaseException:
        lines = []
    first = lines[0].removesuffix(", but expected one of:") if lines else "no message"
    return cut(f"{type(error).__name__}: {first}")


def walk(error: BaseException) -> Iterator[Any]:
    tb = error.__traceback__
    while tb is not None:
        yield tb
        tb = tb.tb_next


def is_on_the_way(code: CodeType) -> bool:
    return code.co_name in ON_THE_WAY and home(code) != YOURS


def home(code: CodeType) -> str:
    """Whose code this is: the learner's, the course's, torch's, or Python's and other packages'."""
    name = code.co_filename
    if name.startswith((PACKAGE, SENT_PACKAGE)):
        return COURSE
    if name.startswith(TORCH_FOLDER):
        return TORCH
    installed = name.startswith(INSTALLED) or "site-packages" in name or "dist-packages" in name
    return PYTHON if installed or name.startswith("<frozen") or name == "<string>" else YOURS


# ---- what the line called ----


def call_of(below: list[FrameType], place: str, caller: FrameType) -> str:
    """The call in which it arose: the course's own that the learner's line made, or torch's innermost layer."""
    if place == COURSE:
        return call_text(next(frame for frame in below if home(frame.f_code) == COURSE), caller)
    if place == PYTHON:
        return ""
    if below[-1].f_code.co_name in ("_forward_unimplemented", "__setattr__", "__getattr__"):
        return ""
    layers = [frame for frame in below if frame.f_code.co_name == "forward"]
    made = [frame for frame in below if frame.f_code.co_name == "__init__"]
    return call_text((made[:1] or layers[-1:] or below[:1])[0], caller)


def call_text(frame: FrameType, caller: FrameType) -> str:
    code = frame.f_code
    with_star = bool(code.co_flags & inspect.CO_VARARGS)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + with_star]
    # what the function has given another value itself is no longer what it was called with
    stores = [
        one for one in dis.get_instructions(code) if one.opname.startswith("STORE_FAST") and one.offset < frame.f_lasti
    ]
    changed = {name for one in stores for name in (one.argval if isinstance(one.argval, tuple) else (one.argval,))}
    given = [
        f"{name} = {described(frame.f_locals[name])}"
        for name in names
        if name in frame.f_locals and name not in changed
    ]
    given = given[1:] if names[:1] == ("self",) else given
    return f"{name_of(frame, caller)}({', '.join(given)})"


def name_of(frame: FrameType, caller: FrameType) -> str:
    """As the learner knows it: what a stand-in is called in their code, or the function's or class's own name."""
    code = frame.f_code
    for name, value in caller.f_locals.items():
        if type(value) is FunctionType and value.__code__ is code:
            return name
        if code.co_name in ("__call__", "forward") and value is frame.f_locals.get("self"):
            return name
    *_, name = code.co_qualname.split("<locals>.")
    return name


# ---- what the names in the line stand for ----


def names_in(line: str, frame: FrameType) -> str:
    """ "x is a tensor (3, 8, 4, 6), emb is a tensor (3, 6)", for the local names of the line."""
    code = re.sub(r"#.*|f?'[^']*'|f?\"[^\"]*\"", "", line)
    # what is being assigned has no value yet, or an older one
    code = re.sub(r"^[\w, ]+=(?!=)", "", code)
    found: dict[str, str] = {}
    for name in re.findall(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", code):
        first, *rest = name.split(".")
        if first not in frame.f_locals:
            continue
        value, path = frame.f_locals[first], first
        if first == "self":
            if not rest:
                continue
            path = f"self.{rest[0]}"
            value = attribute(value, rest[0])
            if value is MISSING:
                continue
        if type(value) not in (FunctionType, ModuleType):
            found.setdefault(path, f"{path} is {described(value)}")
    return "; ".join(list(found.values())[:MOST_NAMES])


MISSING = object()


def attribute(value: Any, name: str) -> Any:
    """What an object holds under a name, without asking it: properties and __getattr__ are the learner's code."""
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return MISSING
    for store in (held, *(held.get(kind) for kind in ("_parameters", "_buffers", "_modules"))):
        if isinstance(store, dict) and name in store:
            return store[name]
    return MISSING


def described(value: Any) -> str:
    """A value in a few words.

    >>> described(torch.zeros(3, 8)), described(torch.tensor([1])), described([2, "a"]), described(nn.SiLU)
    ('a tensor (3, 8)', 'a tensor (1,) of int64', 'a list of 2', 'the class SiLU')
    """
    kind = type(value)
    if kind in (Tensor, nn.Parameter):
        text = "a parameter" if kind is nn.Parameter else "a tensor"
        return f"{text} {tuple(value.shape)}" + (f" of {name_of_type(value)}" if value.dtype != torch.float32 else "")
    if value is None or kind is bool:
        return repr(value)
    if kind is int:
        return repr(value) if abs(value) < 10**9 else "a large whole number"
    if kind is float:
        text = f"{value:.6g}"
        return f"{text}.0" if text.lstrip("-").isdigit() else text  # 8.0 is no 8, and that may be what is wrong
    if kind is str:
        return f"the text {value[:20]!r}"
    if kind in (list, tuple, dict, set, torch.Size):
        return f"a {kind.__name__} of {len(value)}"
    if issubclass(kind, type):
        return f"the class {name_of_class(value)}"
    if kind in (FunctionType, MethodType, BuiltinFunctionType):
        return f"the function {value.__name__}"
    if kind is ModuleType:
        return f"the module {vars(value)['__name__']}"
    name = name_of_class(kind)
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


# a metaclass of the learner's may say otherwise
name_of_class = type.__dict__["__name__"].__get__


def name_of_type(value: Tensor) -> str:
    return str(value.dtype).removeprefix("torch.")


# ---- what is spelled alike ----


def hint_for(error: BaseException, frame: FrameType | None, line: str = "") -> str:
    if type(error) is NameError and frame is not None:
        if error.name in IMPORTS and re.search(rf"\b{error.name}\.", line):
            return f"{error.name} is a module, and no line imports it: {IMPORTS[error.name]}."
        inner = [one for one in frame.f_code.co_consts if type(one) is CodeType and not one.co_name.startswith("<")]
        for one in inner:
            if error.name in one.co_varnames[: one.co_argcount + one.co_kwonlyargcount]:
                return f"{error.name} is an argument of {one.co_name}, and known inside it alone."
        if error.name in attributes_of(frame.f_locals.get("self")):
            return f"There is self.{error.name}."
        called = re.search(rf"(?<![\w.]){re.escape(error.name)}\(", line)
        if called and hasattr(math, error.name):
            return f"There is math.{error.name}, for numbers: import math."
        # a type such as float32 is written without brackets; a variable may be called like a function
        if isinstance(getattr(torch, error.name, None), torch.dtype) or (called and hasattr(torch, error.name)):
            return f"There is torch.{error.name}."
        if called:
            for written, module in (("nn", nn), ("F", F)):
                if hasattr(module, error.name):
                    return f"There is {written}.{error.name}."
        return alike(error.name, {*frame.f_locals, *frame.f_globals, *vars(builtins)} - OF_THE_PROMPT)
    if type(error) is AttributeError and type(error.name) is str:
        return elsewhere(error.name, error.obj, frame, line) or alike(error.name, attributes_of(error.obj))
    text = message_of(error)
    if isinstance(error, NotImplementedError) and '"forward"' in text:
        return methods_of(type(innermost(error).f_locals["self"]))
    keyword = re.search(r"unexpected keyword argument '(\w+)'", text)
    if keyword and frame is not None:
        return parameters_of(re.search(rf"(?<![\w.])([\w.]+)\((?=[^()]*\b{keyword[1]}\b)", line), frame)
    return ""


def elsewhere(name: str, owner: Any, frame: FrameType | None, line: str) -> str:
    """Where a function is that was looked for behind a dot: with the cell's own, in torch or in math."""
    if not re.search(rf"\.{re.escape(name)}\(", line):
        return ""
    if isinstance(owner, nn.Module):
        if frame is not None and callable(frame.f_globals.get(name)):
            return f"There is {name}, without self."
        if hasattr(F, name) and not name.startswith("_"):
            return f"There is F.{name}."
    if isinstance(owner, list | tuple) and name in OF_A_LIST:
        return f"There is torch.{name}: a function, and the list or tuple goes between its brackets."
    if isinstance(owner, Tensor) and name in OF_ARRAYS:
        return f"A tensor has {OF_ARRAYS[name]}, where NumPy's arrays have {name}."
    if isinstance(owner, Tensor) and callable(getattr(torch, name, None)):
        return f"There is torch.{name}: a function, and no method of a tensor."
    if type(owner) in (int, float) and hasattr(math, name):
        both = f", and for numbers and tensors alike torch.as_tensor(...).{name}()" if hasattr(Tensor, name) else ""
        return f"There is math.{name}, for numbers{both}."
    return ""


def innermost(error: BaseException) -> FrameType:
    *_, tb = walk(error)
    return tb.tb_frame


def alike(name: Any, known: Iterable[Any]) -> str:
    if type(name) is not str:
        return ""
    letters = set(name)
    # torch has 1,500 names, and few of them are near
    near = [one for one in known if type(one) is str and abs(len(one) - len(name)) < 4]
    # what Python and torch call by themselves, such as __mul__ and _cdata, is never meant
    near = [one for one in near if name.startswith("_") or not one.startswith("_")]
    near = [one for one in near if one != name and len(letters & set(one)) >= CLOSE * len(letters)]
    found = difflib.get_close_matches(name, near, n=2, cutoff=CLOSE)
    return f"Spelled alike: {', '.join(found)}." if found else ""


def attributes_of(value: Any) -> list[str]:
    if type(value) is ModuleType:
        return list(vars(value))
    found = [name for part in type(value).__mro__ for name in vars(part)]
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return found
    stores = (held, *(held.get(kind) for kind in ("_parameters", "_buffers", "_modules")))
    return found + [name for store in stores if isinstance(store, dict) for name in store]


def methods_of(owner: type) -> str:
    """The methods that a class defines itself, and whether a forward stands inside another one."""
    own = {name: value for name, value in vars(owner).items() if type(value) is FunctionType}
    if owner.__module__.startswith("torch"):
        return ""
    for name, value in own.items():
        if any(isinstance(one, CodeType) and one.co_name == "forward" for one in value.__code__.co_consts):
            return f"Your forward stands inside {name}: it is indented too far."
    listed = f"The methods of {owner.__name__}: {', '.join(own) or 'none'}."
    close = difflib.get_close_matches("forward", own, n=1, cutoff=CLOSE)
    return f"{listed} Is {close[0]} meant to be forward?" if close else listed


def parameters_of(called: re.Match | None, frame: FrameType) -> str:
    """The names that a function or class of torch takes, found by how the line writes it: nn.Conv2d."""
    if called is None:
        return ""
    first, *rest = called[1].split(".")
    value = {**NAMES_OF_TORCH, **frame.f_globals}.get(first, MISSING)
    for name in rest:
        value = vars(value).get(name, MISSING) if type(value) is ModuleType else MISSING
    if value is MISSING or not (issubclass(type(value), type) or type(value) is FunctionType):
        return ""
    try:
        names = [name for name in inspect.signature(value).parameters if name not in ("args", "kwargs", "self")]
    except (TypeError, ValueError):
        return ""
    return f"{called[1]} takes {', '.join(names)}." if names else ""


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."
