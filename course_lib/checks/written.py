"""Write a value down as Python that makes it again: numbers, tensors, devices, functions that can be imported."""

import collections
import dataclasses
import enum
import functools
import math
import operator
import pathlib
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.checks.cells import KEPT_MODULE

LONGEST = 20_000
MOST_NUMBERS = 1000
PLAIN = (type(None), bool, int, str, bytes, type(...), type(NotImplemented))
# where a function that does not know its module may live
HOMES = ("torch", "torch.nn.functional", "math", "operator", "numpy", "torch.linalg", "torch.special", "torch.fft")


class NotWritable(Exception):
    """A value that has no text."""


@dataclasses.dataclass
class Writer:
    """Makes expressions.

    Attributes:
        of_a_cell: the text for a function or class that a cell defines; raises NotWritable if there is none.
        imports: what the expressions so far need.
    """

    of_a_cell: Callable[[Any], str]
    imports: set[str] = dataclasses.field(default_factory=set)

    def expression(self, value: Any) -> str:
        """Python that means `value` again. Raises: NotWritable."""
        try:
            text = self.written(value)
        except (RecursionError, RuntimeError, TypeError, AttributeError) as error:
            raise NotWritable(str(error)) from None
        if len(text) > LONGEST:
            raise NotWritable("too long")
        return text

    def written(self, value: Any) -> str:
        kind = type(value)
        if kind in PLAIN:
            return repr(value)
        if kind is float:
            return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
        if kind is complex:
            return f"complex({self.written(value.real)}, {self.written(value.imag)})"
        if kind in (list, tuple, set, frozenset, dict, collections.OrderedDict, collections.deque, range, slice):
            return self.container(value)
        if isinstance(value, torch.device | torch.dtype | torch.Size | torch.layout | torch.memory_format | Tensor):
            return self.of_torch(value)
        if isinstance(value, np.ndarray | np.generic | np.dtype):
            return self.of_numpy(value)
        if isinstance(value, enum.Enum):
            return f"{self.written(kind)}.{value.name}"
        if isinstance(value, functools.partial):
            given = [self.written(arg) for arg in (value.func, *value.args)]
            named = [f"{name}={self.written(arg)}" for name, arg in value.keywords.items()]
            return f"{self.within('functools', 'partial')}({', '.join(given + named)})"
        if isinstance(value, pathlib.PurePath):
            return f"{self.within('pathlib', 'Path')}({str(value)!r})"
        if isinstance(value, types.SimpleNamespace):
            return f"{self.within('types', 'SimpleNamespace')}({self.named(vars(value))})"
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return f"{self.written(kind)}({self.named(value._asdict())})"
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            given = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
            return f"{self.written(kind)}({self.named(given)})"
        if isinstance(value, nn.Module):
            return self.layer(value)
        return self.callable(value)

    def named(self, values: dict[str, Any]) -> str:
        return ", ".join(f"{name}={self.written(item)}" for name, item in values.items())

    def container(self, value: Any) -> str:
        kind = type(value)
        if kind in (range, slice):
            return f"{kind.__name__}({', '.join(map(self.written, (value.start, value.stop, value.step)))})"
        if isinstance(value, dict):
            items = ", ".join(f"{self.written(name)}: {self.written(item)}" for name, item in value.items())
            return f"{{{items}}}" if kind is dict else f"{self.within('collections', 'OrderedDict')}({{{items}}})"
        if kind is tuple:
            return "(" + "".join(f"{self.written(item)}, " for item in value).rstrip() + ")"
        items = f"[{', '.join(map(self.written, value))}]"
        if kind is list:
            return items
        return f"{self.within('collections', 'deque') if kind is collections.deque else kind.__name__}({items})"

    def of_torch(self, value: Any) -> str:
        torch_name = self.within("torch", "")
        if isinstance(value, torch.Size):
            return f"{torch_name}Size({tuple(value)!r})"
        if isinstance(value, torch.device):
            return f"{torch_name}device({str(value)!r})"
        if not isinstance(value, Tensor):
            return str(value)
        if value.numel() > MOST_NUMBERS or value.is_meta or value.layout is not torch.strided or value.is_quantized:
            raise NotWritable("a large tensor")
        if value.grad_fn is not None:
            raise NotWritable("a result that remembers how it was computed")
        where = "" if value.device.type == "cpu" else f", device={str(value.device)!r}"
        numbers = self.written(value.detach().cpu().tolist())
        text = f"{torch_name}tensor({numbers}, dtype={value.dtype}{where})"
        if value.numel() == 0:
            text += f".reshape({tuple(value.shape)!r})"
        if isinstance(value, nn.Parameter):
            return f"{torch_name}nn.Parameter({text}, requires_grad={value.requires_grad})"
        return f"{text}.requires_grad_()" if value.requires_grad else text

    def of_numpy(self, value: Any) -> str:
        name = self.within("numpy", "")
        if isinstance(value, np.dtype):
            return f"{name}dtype({value.str!r})"
        if value.size > MOST_NUMBERS or value.dtype.hasobject:
            raise NotWritable("a large array")
        text = f"{name}array({self.written(value.tolist())}, dtype={value.dtype.str!r})"
        if value.size == 0:
            text += f".reshape({value.shape!r})"
        return f"{text}[()]" if isinstance(value, np.generic) else text

    def layer(self, value: nn.Module) -> str:
        """One without anything to learn is what it prints."""
        kind = type(value)
        plain = not list(value.parameters()) and not list(value.buffers()) and not list(value.children())
        if not plain or getattr(nn, kind.__name__, None) is not kind or not value.training:
            raise NotWritable("a layer that holds numbers")
        text = f"{self.within('torch', '')}nn.{value!r}"
        if repr(eval(text, {"torch": torch})) != repr(value):
            raise NotWritable("a layer that does not print all that it is")
        return text

    def callable(self, value: Any) -> str:
        home = importable(value)
        if home is not None:
            return self.within(*home)
        if isinstance(value, types.FunctionType | type):
            return self.of_a_cell(value)
        raise NotWritable(f"an object of type {type(value).__name__}")

    def within(self, module: str, name: str) -> str:
        """`module.name`, with the import it needs; `name` alone for what is built in."""
        if module == "builtins":
            return name
        self.imports.add(f"import {module}")
        return f"{module}.{name}"


def importable(value: Any) -> tuple[str, str] | None:
    """Module and name of a function or class that can be imported, under its public module where it has one."""
    name, module = getattr(value, "__name__", None), getattr(value, "__module__", None)
    if not isinstance(name, str) or isinstance(value, types.ModuleType):
        return None
    name = getattr(value, "__qualname__", name) if isinstance(value, type | types.FunctionType) else name
    if module is not None and lives_in_a_cell(module):
        return None
    for home in (public_module(module or ""), module or "", *HOMES):
        if home and reached(home, name) is value:
            return home, name
    owner = getattr(value, "__objclass__", None)  # torch.Tensor.exp
    for whole in (Tensor, owner):
        if isinstance(whole, type) and getattr(whole, name, None) is value:
            found = importable(whole)
            return (found[0], f"{found[1]}.{name}") if found is not None else None
    return None


def reached(module: str, path: str) -> Any:
    try:
        return operator.attrgetter(path)(sys.modules[module])
    except (KeyError, AttributeError):
        return None


def lives_in_a_cell(module: str) -> bool:
    return module == "__main__" or module.startswith(KEPT_MODULE)


def public_module(module: str) -> str:
    """Where a reader would import it from: torch.nn, not torch.nn.modules.linear."""
    return "torch.nn" if module.startswith("torch.nn.modules") else module
