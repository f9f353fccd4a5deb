"""The process that runs one learner's answer: it makes the answer from its source, and does what it is asked.

Everything in this process belongs to the learner once their code runs; nothing it says is more than an answer's value.
"""

import importlib
import importlib.abc
import importlib.util
import linecache
import marshal
import sys
import types
from collections.abc import Callable
from typing import Any

from course_lib.checks.guard import CountedOutput, Failure, guarded
from course_lib.checks.handle import Handle
from course_lib.checks.seam import CALLS
from course_lib.grading.sandbox.channel import Channel, ChannelClosed, ChannelError

FILE_NAME = "answer.py"


def serve_answer(channel: Channel) -> None:
    """Receive an answer and then call after call, until the other end closes the channel."""
    output = CountedOutput()
    task = channel.receive()
    handle = prepared(task, output)
    channel.send((0, handle if isinstance(handle, Failure) else kind_of(handle.answer), output.kept, output.count))
    while isinstance(handle, Handle):
        try:
            number, name, args, kwargs = channel.receive()
        except ChannelClosed:
            return
        value = getattr(handle, name)(*args, **kwargs) if name in CALLS else None
        try:
            channel.send((number, value, output.kept, output.count))
        except ChannelClosed:
            return
        except BaseException as error:  # the value is the learner's, and so may be what happens when it is looked at
            what = str(error) if isinstance(error, ChannelError) else f"a value that raises {type(error).__name__}"
            channel.send((number, Failure("type", what), output.kept, output.count))


def prepared(task: dict[str, Any], output: CountedOutput) -> Handle | Failure:
    """Run the learner's code and hold what it defines.

    Args:
        task: code, defines, reference, method, watched, seconds, library; see `RemoteHandle`.
    """
    # the marking process's own bytes: nothing that a learner made is read by marshal
    sys.meta_path.insert(0, Library(marshal.loads(task["library"].numpy())))
    # behind all others, so that no file of a learner's stands in for torch
    sys.meta_path.append(Library(task["modules"]))
    sys.modules.pop("course_lib", None)  # the machinery's own, which is empty
    answer = guarded(lambda: run(task["code"], task["defines"]), task["seconds"], output)
    if isinstance(answer, Failure):
        return answer
    subject = guarded(lambda: subject_of(answer, task), task["seconds"], output)
    return subject if isinstance(subject, Failure) else Handle(subject, seconds=task["seconds"], output=output)


def run(code: str, defines: str) -> Any:
    """What the code leaves under the name `defines`."""
    linecache.cache[FILE_NAME] = (len(code), None, code.splitlines(keepends=True), FILE_NAME)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    vars(module).update(display=nothing, get_ipython=NoShell)
    exec(compile(code, FILE_NAME, "exec"), vars(module))
    return vars(module).get(defines, Failure("missing", f"{defines} is not defined"))


def nothing(*args: Any, **kwargs: Any) -> None:
    """What displays in a notebook, and here has nowhere to."""


class NoShell:
    """In place of the notebook's own shell: whatever it is asked to do, it does not."""

    def __getattr__(self, name: str) -> Callable:
        return nothing


def subject_of(answer: Any, task: dict[str, Any]) -> Any:
    """As `Exercise.subject`, with the library that is here: what the calls go to."""
    method = task["method"]
    if method and isinstance(answer, type):
        answer = vars(answer).get(method, getattr(answer, method, None))
    if task["watched"]:
        answer = named(task["watched"])(answer)
    if not method:
        return answer
    reference = named(task["reference"])
    return type(reference.__name__, (reference,), {method: answer})


def named(path: str) -> Callable:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def kind_of(answer: Any) -> str:
    if isinstance(answer, type):
        return "class"
    return "function" if callable(answer) else f"an object of type {type(answer).__name__}"


class Library(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports modules that came over the channel: the course's as compiled bytes, a learner's own as text."""

    def __init__(self, modules: dict[str, str | bytes]) -> None:
        self.modules = modules

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in self.modules:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=self.is_package(name))

    def is_package(self, name: str) -> bool:
        return any(other.startswith(f"{name}.") for other in self.modules)

    def get_source(self, name: str) -> str | None:
        module = self.modules[name]
        return module if isinstance(module, str) else None

    def get_code(self, name: str) -> types.CodeType:
        module = self.modules[name]
        return compile(module, f"<{name}>", "exec") if isinstance(module, str) else marshal.loads(module)
