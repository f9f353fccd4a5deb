"""Measure what a UNet does in one forward pass: every step's shapes, parameters and multiply-adds, and every skip.

Nothing here knows a formula. Shapes come from forward hooks, multiply-adds from torch's own counter. A UNet built under
`with torch.device("meta")` has shapes and no numbers, so that any configuration, however large, is measured at once.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from course_lib.validation import check_positive_int

if TYPE_CHECKING:
    from torch.utils.flop_counter import FlopCounterMode

Shape = tuple[int, ...]

CAT = "cat"

# the document's headings, by the first word of a module's path
SECTIONS = {
    "time_embed": "EMBEDDINGS",
    "class_embed": "EMBEDDINGS",
    "conv_in": "INITIAL CONV",
    "encoder": "ENCODER",
    "mid_resblock1": "MIDDLE",
    "mid_attention": "MIDDLE",
    "mid_resblock2": "MIDDLE",
    "decoder": "DECODER",
    CAT: "DECODER",
    "norm_out": "OUTPUT",
    "conv_out": "OUTPUT",
}


@dataclass(frozen=True)
class TraceRow:
    """One step of a forward pass.

    Attributes:
        module: path in the UNet, such as "encoder.0.resblocks.0", or "cat" for the concatenation with a skip.
        kind: name of the module's class, such as "ResidualBlock", or "cat".
        inputs: shapes of all tensors that go in: of h and emb for a residual block, of h and the skip for "cat".
        output: shape of what comes out.
        parameters: numbers the step learns.
        multiply_adds: multiplications (each with its addition) in convolutions, linear layers and the two products of
            attention, for one image, not the batch. Norms, activations and sums are not counted.
    """

    module: str
    kind: str
    inputs: tuple[Shape, ...]
    output: Shape
    parameters: int
    multiply_adds: int

    @property
    def section(self) -> str:
        """The document's heading the step belongs under; "" for a module the document does not have."""
        return SECTIONS.get(self.module.split(".")[0], "")


@dataclass(frozen=True)
class Skip:
    """A feature map on its way across the U: its shape, the step that made it, and the decoder's step that uses it."""

    shape: Shape
    pushed_by: str
    popped_by: str


def trace(model: nn.Module, batch_size: int = 4, image_size: int = 32) -> list[TraceRow]:
    """Run one forward pass and measure every step `model.forward` takes, in the order it takes them.

    A step is a module that `forward` calls itself (not one inside another step, and not an Identity) or a
    concatenation it makes. The model is left as it was: mode, gradients and random numbers included.

    Args:
        model: a UNet on any device, "meta" included; called as model(x, t, class_labels).
        batch_size: B, the first number of every shape; multiply-adds are those of one image whatever it is.
        image_size: height and width of the image that goes in.
    Raises: ValueError if `batch_size` or `image_size` is not a whole number of at least 1, or the model refuses
        an image of that size.
    Source: the document, "Full forward pass".
    """
    return [
        TraceRow(
            module=call.path,
            kind=call.kind,
            inputs=tuple(tuple(tensor.shape) for tensor in call.inputs),
            output=tuple(call.output.shape),
            parameters=call.parameters,
            multiply_adds=call.flops // (2 * batch_size),
        )
        for call in _record(model, batch_size, image_size)
    ]


def trace_skips(model: nn.Module, batch_size: int = 4, image_size: int = 32) -> list[Skip]:
    """Run one forward pass and find the skips, in the order they are pushed.

    A skip is the second tensor of a concatenation, recognised as the very tensor an earlier step returned. So an order
    of popping that happens to fit the shapes is still told from last in, first out.

    Args and Raises: see `trace`.
    Source: the document, section 6.
    """
    calls = _record(model, batch_size, image_size)
    # a later step that returns the same tensor does not exist: only Identity does that, and it is no step
    maker = {id(call.output): place for place, call in enumerate(calls)}
    skips = []
    for place, call in enumerate(calls):
        if call.path == CAT and len(call.inputs) > 1 and id(call.inputs[1]) in maker:
            skip, pushed_at = call.inputs[1], maker[id(call.inputs[1])]
            user = calls[place + 1].path if place + 1 < len(calls) else ""
            skips.append((pushed_at, Skip(tuple(skip.shape), calls[pushed_at].path, user)))
    return [skip for _, skip in sorted(skips, key=lambda pair: pair[0])]


@dataclass
class _Call:
    """A step while it is being recorded. Keeping the tensors keeps their ids from being used again."""

    path: str
    kind: str
    inputs: list[Tensor]
    output: Tensor
    parameters: int
    flops: int


def _record(model: nn.Module, batch_size: int, image_size: int) -> list[_Call]:
    """One forward pass on zeros, in evaluation mode: dropout would draw random numbers."""
    # only here: it imports a compiler, half a second in which a learner waits for a verdict that traces nothing
    from torch.utils.flop_counter import FlopCounterMode

    check_positive_int("batch_size", batch_size)
    check_positive_int("image_size", image_size)
    weight = model.conv_in.weight
    x = weight.new_zeros(batch_size, model.conv_in.in_channels, image_size, image_size)
    t = weight.new_zeros(batch_size)
    class_labels = torch.zeros(batch_size, dtype=torch.int64, device=weight.device)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        # the counter is entered first, so that the recorder sees a concatenation before torch takes it apart
        with torch.no_grad(), FlopCounterMode(display=False) as counter, _Recorder(model, counter) as recorder:
            model(x, t, class_labels)
    finally:
        for module, training in modes:
            module.training = training
    return recorder.calls


class _Recorder(TorchDispatchMode):
    """Note every module that `model.forward` calls itself, and every concatenation it makes between them."""

    def __init__(self, model: nn.Module, counter: "FlopCounterMode") -> None:
        super().__init__()
        self.model = model
        self.counter = counter
        self.calls: list[_Call] = []
        # how many modules inside `model` are running: a step begins and ends at 0
        self.depth = 0
        self.flops_before = 0
        self.hooks: list[Any] = []

    def __enter__(self) -> "_Recorder":
        for path, module in self.model.named_modules():
            if module is not self.model:
                self.hooks.append(module.register_forward_pre_hook(self._before))
                self.hooks.append(module.register_forward_hook(self._after(path), with_kwargs=True))
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for hook in self.hooks:
            hook.remove()
        super().__exit__(kind, error, traceback)

    def _before(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if self.depth == 0:
            self.flops_before = self.counter.get_total_flops()
        self.depth += 1

    def _after(self, path: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Tensor) -> None:
            self.depth -= 1
            if self.depth == 0 and not isinstance(module, nn.Identity):
                inputs = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
                parameters = sum(parameter.numel() for parameter in module.parameters())
                flops = self.counter.get_total_flops() - self.flops_before
                self.calls.append(_Call(path, type(module).__name__, inputs, output, parameters, flops))

        return hook

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        output = func(*args, **(kwargs or {}))
        if self.depth == 0 and func is torch.ops.aten.cat.default:
            self.calls.append(_Call(CAT, CAT, list(args[0]), output, parameters=0, flops=0))
        return output
