"""The five calls of the seam, for an answer in this process: the notebook's, or a learner's own in the sandbox."""

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course_lib.checks.compare import plain_tensor, to_data
from course_lib.checks.guard import CountedOutput, Failure, guarded, set_seed
from course_lib.checks.modes import MODES, given
from course_lib.checks.raised import described
from course_lib.checks.seam import Constructed, Gradients, Seam


@dataclass
class Handle(Seam):
    """Holds an answer, a class or a function, and works with it under guard. What each call does: see `Seam`.

    Args:
        answer: a class, or a function.
        seconds: longest time for a single call.
    """

    answer: Any
    seconds: float = 1.0
    output: CountedOutput = field(default_factory=CountedOutput)
    objects: list[Any] = field(default_factory=list)

    def construct(self, args: tuple, kwargs: dict, seed: int) -> Constructed | Failure:
        def build() -> Any:
            set_seed(seed)
            return self.answer(*args, **kwargs)

        made = guarded(build, self.seconds, self.output)
        if isinstance(made, Failure):
            return made
        self.objects.append(made)
        key = len(self.objects) - 1
        if not isinstance(made, nn.Module):
            return Constructed(key, {})

        def describe() -> Constructed:
            named = list(made.named_parameters())
            return Constructed(
                key,
                {name: tuple(parameter.shape) for name, parameter in named},
                tuple(unregistered_attributes(made)),
            )

        found = guarded(describe, self.seconds, self.output)
        if isinstance(found, Failure) and found.error == "AttributeError":
            text = "has no parameters yet; is super().__init__() the first line of its __init__?"
            return Failure("raised", text, error="AttributeError")
        return found

    def release(self) -> None:
        self.objects.clear()

    def load(self, key: int, state: dict[str, Tensor]) -> None:
        if not state:  # an object without parameters need not be a module
            return
        parameters = dict(self.objects[key].named_parameters())
        with torch.no_grad():
            for name, values in state.items():
                parameters[name].copy_(values.reshape(parameters[name].shape))

    def call(
        self,
        key: int | None,
        args: tuple,
        kwargs: dict,
        *,
        method: str = "",
        training: bool = False,
        dtype: torch.dtype | None = None,
        elsewhere: bool = False,
        twice: bool = False,
        modes: bool = False,
        seed: int = 0,
    ) -> Any:
        args, kwargs = _copied(args, dtype), _copied(kwargs, dtype)
        before = _copied((args, kwargs))

        def run() -> Any:
            set_seed(seed)
            function = self._callable(key, method, training)
            if elsewhere and key is not None:
                leave_plain_tensors_behind(self.objects[key])
            place = NewTensorsElsewhere() if elsewhere else contextlib.nullcontext()
            look = MODES.looked_at(training) if modes else contextlib.nullcontext()
            with torch.no_grad(), self._in_precision(key, dtype), place, look:
                if modes and key is not None and isinstance(self.objects[key], nn.Module):
                    given(self.objects[key])
                try:
                    output = function(*args, **kwargs)
                except RuntimeError as error:
                    if "does not require grad" not in str(error):
                        raise
                    # it differentiates something itself, as it could in a notebook
                    set_seed(seed)
                    function = torch.enable_grad()(function)
                    output = function(*args, **kwargs)
                if elsewhere and any(getattr(tensor, "made_elsewhere", False) for tensor in _tensors(output)):
                    raise RuntimeError("Expected the result on the same device as the inputs")
                if modes:
                    return MODES.now()
                if not twice:
                    return to_data(output)
                first = to_data(output)
                set_seed(seed)
                return first, to_data(function(*args, **kwargs))

        value = guarded(run, self.seconds, self.output)
        if not elsewhere and not isinstance(value, Failure) and not _equal(before, (args, kwargs)):
            which = _changed(before, (args, kwargs))
            return Failure("changed its input", f"changed what it was given, in place: {which}")
        return value

    def gradients(
        self, key: int | None, args: tuple, kwargs: dict, *, method: str = "", seed: int = 0
    ) -> Gradients | Failure:
        leaves = [arg for arg in (*args, *kwargs.values()) if isinstance(arg, Tensor) and arg.is_floating_point()]

        def run() -> Any:
            function = self._callable(key, method)
            copies = {id(leaf): leaf.clone().requires_grad_() for leaf in leaves}
            # as in a network, where what comes in is itself the result of a computation: in-place tricks are allowed
            passed = [copies[id(arg)] * 1 if id(arg) in copies else arg for arg in args]
            named = {name: copies[id(arg)] * 1 if id(arg) in copies else arg for name, arg in kwargs.items()}
            parameters = {}
            if key is not None and isinstance(self.objects[key], nn.Module):
                parameters = dict(self.objects[key].named_parameters())
            for parameter in parameters.values():
                parameter.grad = None
            set_seed(seed)
            with torch.enable_grad():
                output = function(*passed, **named)
                generator = torch.Generator().manual_seed(seed)
                # also those in a list that stands in a tuple, as the skips beside h
                total = sum(
                    (one * torch.randn(one.shape, generator=generator).to(one.dtype)).sum() for one in _tensors(output)
                )
                if isinstance(total, Tensor) and total.requires_grad:
                    total.backward()
            return Gradients(
                tuple(plain_tensor(copies[id(leaf)].grad) for leaf in leaves),
                {name: plain_tensor(parameter.grad) for name, parameter in parameters.items()},
            )

        return guarded(run, self.seconds, self.output)

    def reseeds(self, key: int | None, args: tuple, kwargs: dict, *, method: str = "") -> bool | Failure:
        def ended_in(seed: int) -> tuple:
            """The random states that a call leaves behind, having begun with `seed`."""
            set_seed(seed)
            if method == "__init__":
                self.answer(*args, **kwargs)
            else:
                with torch.no_grad():
                    self._callable(key, method, training=True)(*_copied(args), **_copied(kwargs))
            return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()

        def run() -> bool:
            # whoever only draws ends where the seed leads
            return any(one == other for one, other in zip(ended_in(1), ended_in(2), strict=True))

        return guarded(run, self.seconds, self.output)

    def _callable(self, key: int | None, method: str = "", training: bool = False) -> Callable:
        if key is None:
            return self.answer
        made = self.objects[key]
        if isinstance(made, nn.Module):
            made.train(training)
        return getattr(made, method) if method else made

    @contextlib.contextmanager
    def _in_precision(self, key: int | None, dtype: torch.dtype | None) -> Iterator[None]:
        """An object's numbers in another precision for a while: to copy a whole network takes longer than its call."""
        made = None if key is None or dtype is None else self.objects[key]
        if not isinstance(made, nn.Module):
            yield
            return
        made.to(dtype)
        try:
            yield
        finally:
            made.to(torch.float32)


class NewTensorsElsewhere(TorchFunctionMode):
    """Pretends that tensors made without a device are on another one than the inputs, as they are with inputs on a GPU.
    So are those for which "cpu" is written out.

    Such a tensor is marked, and so is all that is computed from it alone. Bringing it together with others raises
    torch's own kind of error, unless it is moved first. Single numbers may mix, as they may on a GPU. No second
    device is needed, and real numbers are computed.
    """

    NAMES = "arange empty eye full linspace logspace ones rand randint randn randperm zeros"
    FACTORIES = frozenset(getattr(torch, name) for name in NAMES.split())
    # these leave a tensor where it is, or copy it there, and make one of a list
    FROM_LISTS = frozenset({torch.as_tensor, torch.asarray, torch.tensor})
    # these may take tensors of several devices
    MIXERS = frozenset({torch.Tensor.__getitem__, torch.Tensor.copy_})

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if func in self.FACTORIES:
            made = func(*args, **kwargs)
            return made if kwargs.get("device") not in (None, "cpu") else self.mark(made)
        if func is torch.Tensor.cpu or (func is torch.Tensor.to and "cpu" in self.texts(args[1:], kwargs)):
            return self.mark(func(*args, **kwargs).clone())  # back from the GPU, on purpose
        if kwargs.get("device") is not None:  # as_tensor, zeros_like, new_zeros and their like go where they say
            made = func(*args, **kwargs).clone()
            return self.mark(made) if kwargs["device"] == "cpu" else made
        if func in self.FROM_LISTS and not isinstance(
            args[0] if args else kwargs.get("data", kwargs.get("obj")), Tensor
        ):
            return self.mark(func(*args, **kwargs))
        tensors = list(_tensors((args, kwargs)))
        strays = [tensor for tensor in tensors if getattr(tensor, "made_elsewhere", False)]
        if not strays:
            return func(*args, **kwargs)
        if func is torch.Tensor.__getitem__ and not getattr(args[0], "made_elsewhere", False):
            return func(*args, **kwargs)  # an index may come from the CPU; what is picked stays where it was
        if func is torch.Tensor.type_as or (func is torch.Tensor.to and self.names_a_device(args[1:], kwargs)):
            return func(*args, **kwargs).clone()
        if func not in self.MIXERS and any(tensor.ndim and not hasattr(tensor, "made_elsewhere") for tensor in tensors):
            raise RuntimeError("Expected all tensors to be on the same device, but found at least two devices")
        return self.mark(func(*args, **kwargs))

    def mark(self, made: Any) -> Any:
        for tensor in _tensors(made):
            if tensor.ndim:
                tensor.made_elsewhere = True
        return made

    @staticmethod
    def texts(args: tuple, kwargs: dict) -> list[str]:
        return [value for value in (*args, *kwargs.values()) if isinstance(value, str)]

    @staticmethod
    def names_a_device(args: tuple, kwargs: dict) -> bool:
        return any(isinstance(value, torch.device | str | Tensor) for value in (*args, *kwargs.values()))


def leave_plain_tensors_behind(made: Any) -> None:
    """Mark tensors that are attributes and neither parameters nor buffers: module.to(device) does not move them."""
    parts = made.modules() if isinstance(made, nn.Module) else ()
    for part in parts:
        for name, value in vars(part).items():
            if name not in ("_parameters", "_buffers", "_modules") and isinstance(value, Tensor) and value.ndim:
                value.made_elsewhere = True


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors(item)


# what torch itself keeps in every module; a whole network has thousands of attributes, nearly all of them these
OF_EVERY_MODULE = frozenset(vars(nn.Module()))
PLAIN = {bool, int, float, str, type(None), set}
CONTAINERS = (dict, list, tuple, nn.Module, Tensor)


def unregistered_attributes(module: nn.Module) -> list[str]:
    """Attributes of `module` or of its layers that hold layers, or trainable tensors, that torch does not see."""
    found = []
    for path, part in module.named_modules():
        for name, value in vars(part).items():
            if name in OF_EVERY_MODULE or type(value) in PLAIN or not isinstance(value, CONTAINERS):
                continue
            items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
            if any(isinstance(item, nn.Module) or (isinstance(item, Tensor) and item.requires_grad) for item in items):
                found.append(f"{path}.{name}".lstrip("."))
    return found


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return {name: _mapped(item, change) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_mapped(item, change) for item in value)
    return value


def _copied(value: Any, dtype: torch.dtype | None = None) -> Any:
    """Tensors cloned, floating ones converted to `dtype` where one is given."""
    return _mapped(value, lambda tensor: tensor.clone().to(dtype if tensor.is_floating_point() else None))


def _changed(before: tuple[tuple, dict], after: tuple[tuple, dict]) -> str:
    """What is no longer what it was: "a tensor (3, 8)". Not which argument: models are handed over besides these."""
    (args, kwargs), (args_now, kwargs_now) = before, after
    parts = [*zip(args, args_now, strict=True), *((kwargs[name], kwargs_now[name]) for name in kwargs)]
    return next(described(one) for one, now in parts if not _equal(one, now))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return one.shape == other.shape and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(item, other[name]) for name, item in one.items())
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return True
