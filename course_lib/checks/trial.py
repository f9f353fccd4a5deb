"""A property being tried on one answer: fresh inputs, the answer's replies, and a record of what was seen."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.compare import shown
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure, same_state_afterwards, set_seed
from course_lib.checks.seam import Constructed, Gradients, Seam
from course_lib.checks.weights import matchings


@dataclass(frozen=True)
class Observation:
    """One thing seen of an answer.

    Attributes:
        label: what it is, such as "the output".
        value: plain data, or a Failure.
        given: what went in, in words.
        tolerance: how much coarser than usual the comparison is.
        inputs: by name, what makes the number at the same place of the result, see `Exercise.elementwise`.
        cause: of a yes or no that stands for an error, the error.
        returned: whether it is what the answer was asked for: None there is no value, and elsewhere it may be one.
    """

    label: str
    value: Any
    given: str
    tolerance: float = 1.0
    inputs: dict[str, Any] = field(default_factory=dict)
    cause: Failure | None = None
    returned: bool = False


class PropertyEnds(Exception):
    """Nothing more can be seen: the answer failed to come back with a value."""


@dataclass
class Trial:
    """Draws inputs from a seed, so that the reference, the answer and every misconception see the same ones.

    Attributes:
        handle: the answer.
        exercise: what it answers.
        random: for sizes and choices; generator: for tensors.
        record: called with every observation.
        which_matching: where the answer's parameters can be identified in several ways, the one to use.
        matchings_seen: the largest number of ways met.
    """

    handle: Seam
    exercise: Exercise
    seed: int
    record: Callable[[Observation], None]
    which_matching: int = 0
    matchings_seen: int = 1
    random: Random = field(init=False)
    generator: torch.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.generator = torch.Generator().manual_seed(self.seed)

    # ---- fresh inputs ----

    def pick(self, *options: Any) -> Any:
        return self.random.choice(options)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator)

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """int64 from `low` up to but not including `high`."""
        return torch.randint(low, high, shape, generator=self.generator)

    # ---- the answer ----

    def build(self, *args: Any, **kwargs: Any) -> "Built":
        """An object of the answer's class, its parameters set to the same random numbers as the reference's."""
        return self.build_silenced("", *args, **kwargs)

    def build_silenced(self, silenced: str, *args: Any, **kwargs: Any) -> "Built":
        """The same, with parameters at 0 whose name in the reference the pattern `silenced` matches.

        A layer that gives zeros takes its part of the answer out, so that what fails is one of the others.
        """
        build_seed = self.random.randrange(2**31)
        constructed = self.handle.construct(args, kwargs, build_seed)
        given = call_text(self.exercise.reference.__name__, args, kwargs)
        if isinstance(constructed, Failure):
            self.see("the object", constructed, given)
            raise PropertyEnds
        state = reference_parameters(self.exercise.reference, args, kwargs, build_seed)
        if silenced:
            state = {name: 0 * values if re.search(silenced, name) else values for name, values in state.items()}
        names = self._load(constructed, state, given)
        return Built(self, constructed, args, kwargs, names)

    def _load(self, constructed: Constructed, state: dict[str, Tensor], given: str) -> dict[str, str]:
        wanted = {name: tuple(values.shape) for name, values in state.items()}
        found = matchings(wanted, constructed.parameters)
        ways = [{mine: state[theirs] for mine, theirs in way.items()} for way in found]
        if not ways and self.exercise.adapt is not None:
            ways = self.exercise.adapt(state, constructed.parameters)
        if not ways:
            self.see("the parameters", parameters_differ(wanted, constructed), given)
            same = {
                name: values
                for name, values in state.items()
                if constructed.parameters.get(name) == tuple(values.shape)
            }
            self.handle.load(constructed.key, same)
            return {name: name for name in same}
        self.matchings_seen = max(self.matchings_seen, len(ways))
        way = self.which_matching % len(ways)
        self.handle.load(constructed.key, ways[way])
        return found[way] if found else {}

    def calling(self, *args: Any, **kwargs: Any) -> "Call":
        """A call of the answer, a function: not made yet."""
        return Call(self, args, kwargs)

    def call(self, *args: Any, label: str = "the result", tolerance: float = 1.0, **kwargs: Any) -> Any:
        """Call the answer, a function, and record what it returns."""
        return self.calling(*args, **kwargs).see(label, tolerance)

    def gradients(self, *args: Any, **kwargs: Any) -> None:
        """Record the gradients of the answer, a function, with respect to its floating inputs."""
        self.calling(*args, **kwargs).see_gradients()

    # ---- the record ----

    def see(self, label: str, value: Any, given: str = "", tolerance: float = 1.0, **more: Any) -> None:
        """Record something seen; `more`: see `Observation`."""
        if isinstance(value, Failure) and self.exercise.reason is not None:
            value = self.exercise.reason(value)
        self.record(Observation(label, value, given, tolerance, **more))

    def checked(self, label: str, value: Any, given: str, tolerance: float = 1.0, **more: Any) -> Any:
        """Record `value` and give it back, or end the property if it is no value."""
        self.see(label, value, given, tolerance, returned=True, **more)
        if value is None or isinstance(value, Failure):
            raise PropertyEnds
        return value


@dataclass(frozen=True)
class Call:
    """One call of the answer that can be made in several ways: of a function, of an object, or of an object's method.

    Attributes:
        args, kwargs: what goes in.
        of: the object; None where the answer is a function.
        method: the object's method; "" calls the object itself.
    """

    trial: Trial
    args: tuple
    kwargs: dict
    of: "Built | None" = None
    method: str = ""

    @property
    def key(self) -> int | None:
        return None if self.of is None else self.of.constructed.key

    def value(
        self,
        *,
        training: bool = False,
        dtype: torch.dtype | None = None,
        elsewhere: bool = False,
        twice: bool = False,
        modes: bool = False,
    ) -> Any:
        """What comes back, or a Failure; nothing is recorded. See `Seam.call`."""
        return self.trial.handle.call(
            self.key,
            self.args,
            self.kwargs,
            method=self.method,
            training=training,
            dtype=dtype,
            elsewhere=elsewhere,
            twice=twice,
            modes=modes,
            seed=self.trial.random.randrange(2**31),
        )

    def see(
        self,
        label: str = "the result",
        tolerance: float = 1.0,
        *,
        training: bool = False,
        dtype: torch.dtype | None = None,
        observed: bool = True,
    ) -> Any:
        """Make the call and record what it returns, unless `observed` is False.

        Ends the property if the call does not come back with a value, which is recorded in any case.
        """
        value = self.value(training=training, dtype=dtype)
        if observed or value is None or isinstance(value, Failure):
            return self.trial.checked(label, value, self.text(training), tolerance, inputs=self.elementwise_inputs())
        return value

    def elementwise_inputs(self) -> dict[str, Any]:
        exercise = self.trial.exercise
        if not exercise.elementwise:
            return {}
        given = dict(zip(exercise.argument_names, self.args, strict=False)) | self.kwargs
        return {name: given[name] for name in exercise.elementwise if given.get(name) is not None}

    def gradients(self) -> Gradients | Failure:
        """With respect to every floating input and every parameter; nothing is recorded."""
        seed = self.trial.random.randrange(2**31)
        return self.trial.handle.gradients(self.key, self.args, self.kwargs, method=self.method, seed=seed)

    def see_gradients(self) -> None:
        found, given = self.gradients(), self.text()
        if isinstance(found, Failure):
            self.trial.checked("the gradients", found, given)
        floating = [place for place, arg in enumerate(self.args) if is_floating(arg)]
        largest = max((float(one.abs().max()) for one in found.inputs if one is not None and one.numel()), default=0.0)
        for place, gradient in zip(floating, found.inputs, strict=False):
            gradient = torch.zeros_like(self.args[place]) if gradient is None else gradient
            # what is so small beside the other gradients is rounding where none should be: two norms round differently
            gradient = gradient.masked_fill(gradient.abs() < 1e-5 * largest, 0.0)
            which = (
                f"input {place + 1}"
                if self.trial.exercise.tell is None
                else f"a tensor {tuple(self.args[place].shape)}"
            )
            label = f"the gradient of the output with respect to {which}"
            self.trial.see(label, gradient, given, tolerance=10)
        if found.parameters:
            # the length of the whole gradient does not depend on how an answer lays its parameters out
            given_back = [gradient for gradient in found.parameters.values() if gradient is not None]
            length = float(sum(gradient.double().square().sum() for gradient in given_back)) ** 0.5
            self.trial.see("the length of the gradient of all parameters", length, given, tolerance=10)

    def reseeds(self) -> bool:
        """Whether the answer sets the global random state, where it is called or where its object is made.

        An answer that raises has been heard about elsewhere.
        """
        handle = self.trial.handle
        found = [handle.reseeds(self.key, self.args, self.kwargs, method=self.method)]
        if self.of is not None and self.trial.exercise.makes_the_object:
            found.append(handle.reseeds(None, self.of.args, self.of.kwargs, method="__init__"))
        return any(one is True for one in found)

    def text(self, training: bool = False) -> str:
        if self.trial.exercise.tell is not None:
            return self.trial.exercise.tell(self) + (", while training" if training else "")
        name = self.trial.exercise.reference.__name__
        if self.of is not None:
            name = call_text(name, self.of.args, self.of.kwargs) + (f".{self.method}" if self.method else "")
        return call_text(name, self.args, self.kwargs) + (", while training" if training else "")


@dataclass
class Built:
    """An object of the answer's class, in another process perhaps: only data goes in and out."""

    trial: Trial
    constructed: Constructed
    args: tuple
    kwargs: dict
    names: dict[str, str]

    def calling(self, *args: Any, method: str = "", **kwargs: Any) -> Call:
        """A call of the object, or of a method of it: not made yet."""
        return Call(self.trial, args, kwargs, self, method)

    def __call__(
        self,
        *args: Any,
        method: str = "",
        training: bool = False,
        dtype: torch.dtype | None = None,
        label: str = "the output",
        tolerance: float = 1.0,
        observed: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Call the object (or a method of it) and record what it returns, see `Call.see`."""
        call = self.calling(*args, method=method, **kwargs)
        return call.see(label, tolerance, training=training, dtype=dtype, observed=observed)

    def every_gradient(self, *args: Any, **kwargs: Any) -> Gradients:
        """The gradients themselves, not recorded; ends the property (recorded) if there are none."""
        call = self.calling(*args, **kwargs)
        found = call.gradients()
        if isinstance(found, Failure):
            self.trial.checked("the gradients", found, call.text())
        return found

    def text(self, method: str, args: tuple, kwargs: dict, training: bool) -> str:
        return self.calling(*args, method=method, **kwargs).text(training)


def as_number(value: Any) -> Any:
    """A tensor without axes as the number it holds, anything else as it is."""
    return value.item() if isinstance(value, Tensor) and value.ndim == 0 else value


def is_floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def call_text(name: str, args: tuple, kwargs: dict) -> str:
    parts = [shown(arg) for arg in args] + [f"{key}={shown(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def reference_parameters(reference: Any, args: tuple, kwargs: dict, seed: int) -> dict[str, Tensor]:
    """The reference's parameters, moved away from where they start: a norm of ones and zeros hides mistakes."""
    try:
        return drawn_once(reference, args, tuple(kwargs.items()), seed)
    except TypeError:  # an argument that cannot be remembered, such as a list
        return drawn_parameters(reference, args, tuple(kwargs.items()), seed)


def drawn_parameters(reference: Any, args: tuple, kwargs: tuple, seed: int) -> dict[str, Tensor]:
    try:
        begun = parameters_of_a_new(reference, args, kwargs)
    except TypeError:  # as above
        begun = a_new(reference, args, kwargs)[1]
    generator = torch.Generator().manual_seed(seed)
    return {name: values + 0.2 * torch.randn(values.shape, generator=generator) for name, values in begun.items()}


@lru_cache(maxsize=256)
def parameters_of_a_new(reference: Any, args: tuple, kwargs: tuple) -> dict[str, Tensor]:
    return made_once(reference, args, kwargs)[1]


def a_new(reference: Any, args: tuple, kwargs: tuple) -> tuple[Any, dict[str, Tensor]]:
    """An object of the reference's class, and its parameters by name as they begin."""
    with same_state_afterwards():
        set_seed(0)
        made = reference(*args, **dict(kwargs))
        # copies: what is made may share its parameters with others of its kind, which are set before every use
        return made, {name: values.detach().clone() for name, values in named_parameters_of(made)}


# a first verdict needs up to eight networks, each for its parameters and then for its layers
made_once = lru_cache(maxsize=16)(a_new)


def named_parameters_of(made: Any) -> list[tuple[str, Tensor]]:
    return list(made.named_parameters()) if isinstance(made, torch.nn.Module) else []


# an answer is compared with many misconceptions on the same inputs, and so are the answers of a whole class: for one
# seed, all exercises together draw about 300 of them, 5 MB
drawn_once = lru_cache(maxsize=512)(drawn_parameters)


def parameters_differ(wanted: dict[str, tuple[int, ...]], constructed: Constructed) -> Failure:
    given = constructed.parameters
    listed = ", ".join(str(shape) for shape in sorted(given.values()))
    registered = f"registers parameters of the shapes {listed}" if listed else "registers no parameters"
    line = ""
    missing = [f"{name} {shape}" for name, shape in wanted.items() if given.get(name) != shape]
    extra = [f"{name} {shape}" for name, shape in given.items() if wanted.get(name) != shape]
    if constructed.unregistered:
        line = f"torch does not see what is in {', '.join(constructed.unregistered)}"
    elif missing or extra:
        line = "; ".join(
            part
            for part in (
                f"not found: {', '.join(missing)}" if missing else "",
                f"not expected: {', '.join(extra)}" if extra else "",
            )
            if part
        )
    error = "unregistered" if constructed.unregistered else ""
    return Failure("parameters", registered, line=line, error=error)
