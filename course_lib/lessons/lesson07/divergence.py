"""Where a learner's UNet first departs from the reference: weights copied across, both run, step by step."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.checks.compare import difference, to_data
from course_lib.checks.guard import CountedOutput, Failure, guarded
from course_lib.tracing import CAT, TraceRow, trace
from course_lib.unet import UNet

SMALL = {"base_channels": 16, "image_size": 16, "attention_resolutions": (4,), "dropout": 0.0}
SECONDS = 5.0


@dataclass(frozen=True)
class Divergence:
    """The first step that departs.

    Attributes:
        place: index in `rows`; None if the two agree everywhere.
        rows: the reference's steps in order.
        message: a sentence or two for the learner.
    """

    place: int | None
    rows: list[TraceRow]
    message: str


@dataclass(frozen=True)
class Step:
    """One module's call: its path, what went in, what came out."""

    path: str
    inputs: tuple[Any, ...]
    output: Any


def first_divergence(unet: type[nn.Module], seed: int = 0, **config: Any) -> Divergence:
    """Compare a UNet class with the reference, step by step, with the same weights and inputs; draw the U.

    Never raises because of what the class does. Displays the U with the first step that departs marked, and prints the
    message.

    Args:
        unet: the learner's class; its steps must carry the reference's attribute names to be told apart.
        seed: of weights and inputs.
        config: arguments of UNet; a small network by default.
    """
    found = find_divergence(unet, seed, **config)
    print(found.message)
    if found.place is not None:
        from course_lib.lessons.shared.show import show
        from course_lib.lessons.shared.unet_map import draw_unet

        name = found.rows[found.place].module
        show(
            draw_unet(found.rows, crossed=found.place),
            f"the first step that departs from the reference is {name} (hatched).",
            f"Map of the UNet as a U; one box is hatched and marked in red: {name}.",
        )
    return found


def find_divergence(unet: type[nn.Module], seed: int = 0, **config: Any) -> Divergence:
    """The same without drawing or printing."""
    config = SMALL | config
    torch_state = torch.get_rng_state()
    torch.manual_seed(seed)
    reference = UNet(**config).eval()
    size = config["image_size"]
    with torch.device("meta"):
        rows = trace(UNet(**config), batch_size=3, image_size=size)
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    inputs = (
        torch.randn(3, reference.in_channels, size, size),
        torch.tensor([0.0, 400.0, 999.0]),
        torch.tensor([3, -1, 0]),
    )
    torch.set_rng_state(torch_state)

    output = CountedOutput()
    mine = guarded(lambda: unet(**config).eval(), SECONDS, output)
    if isinstance(mine, Failure):
        return Divergence(None, rows, f"Your UNet could not be built: {mine.text}.")
    refused = guarded(lambda: mine.load_state_dict(reference.state_dict()), SECONDS, output)
    if isinstance(refused, Failure):
        return Divergence(None, rows, f"The reference's weights do not fit into your UNet: {refused.text}.")
    expected, wanted = recorded(reference, inputs)
    steps, returned = recorded(mine, inputs)
    return compared(rows, expected, wanted, steps, returned)


def recorded(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[list[Step], Any]:
    """Every call of a module that `trace` knows as a step, in order, and what the model returned (or a Failure)."""
    steps: list[Step] = []
    paths = {module: path for path, module in model.named_modules() if path and not isinstance(module, nn.ModuleList)}
    hooks = []

    def remember(module: nn.Module, args: tuple, output: Any) -> None:
        steps.append(Step(paths[module], tuple(to_data(arg) for arg in args), to_data(output)))

    for module, path in paths.items():
        if is_step(path, module):
            hooks.append(module.register_forward_hook(remember))

    def run() -> Any:
        with torch.no_grad():
            return to_data(model(*inputs))

    try:
        return steps, guarded(run, SECONDS, CountedOutput())
    finally:
        for hook in hooks:
            hook.remove()


def is_step(path: str, module: nn.Module) -> bool:
    """Blocks as the document names them: "mid_attention", "encoder.1.resblocks.0", "decoder.0.resample"."""
    parts = path.split(".")
    if isinstance(module, nn.Identity):
        return False
    if parts[0] in ("encoder", "decoder"):
        return len(parts) == 4 or (len(parts) == 3 and parts[2] == "resample")
    return len(parts) == 1


def compared(rows: list[TraceRow], expected: list[Step], wanted: Any, steps: list[Step], returned: Any) -> Divergence:
    place_of = {row.module: place for place, row in enumerate(rows) if row.kind != CAT}
    for index, right in enumerate(expected):
        place = place_of.get(right.path, 0)
        if index >= len(steps):
            end = f"stops with {returned.text}" if isinstance(returned, Failure) else f"never calls {right.path}"
            text = f"Everything agrees up to {before(expected, index)}; then your forward {end.rstrip('.')}."
            return Divergence(place, rows, text)
        mine = steps[index]
        if mine.path != right.path:
            return Divergence(
                place,
                rows,
                f"After {before(expected, index)} comes {right.path}; your forward calls {mine.path} there.",
            )
        for number, (one, other) in enumerate(zip(mine.inputs, right.inputs, strict=False)):
            if difference(one, other):
                return input_departs(rows, place, expected, index, number, one, other)
        if difference(mine.output, right.output):
            text = f"{right.path} gets the right input and gives something else: look inside {rows[place].kind}."
            return Divergence(place, rows, text)
    if isinstance(returned, Failure):
        return Divergence(len(rows) - 1, rows, f"All steps agree, and then your forward stops with {returned.text}.")
    if difference(returned, wanted):
        return Divergence(len(rows) - 1, rows, "All steps agree; what you return is not what conv_out gave.")
    return Divergence(None, rows, "Your UNet and the reference agree at every step.")


def before(expected: list[Step], index: int) -> str:
    return expected[index - 1].path if index else "the inputs"


def input_departs(
    rows: list[TraceRow], place: int, expected: list[Step], index: int, number: int, mine: Any, right: Any
) -> Divergence:
    """A step is fine and was handed the wrong thing; for a decoder block, say which half of it and which skip."""
    path = expected[index].path
    what = "the embedding" if number == 1 and "resblock" in path else f"what goes into {path}"
    text = f"Everything agrees up to {before(expected, index)}, but {what} differs"
    if number == 0 and path.startswith("decoder") and isinstance(mine, Tensor) and mine.shape == right.shape:
        own = next(step.output for step in reversed(expected[:index]))
        channels = own.shape[1]
        if not difference(mine[:, :channels], right[:, :channels]):
            skip = mine[:, channels:]
            source = next((step.path for step in expected[:index] if is_same(step.output, skip)), None)
            wanted = next((step.path for step in expected[:index] if is_same(step.output, right[:, channels:])), "?")
            came = f"the one {source} left" if source else "none that a step left"
            text += (
                f": the first {channels} channels are right, the skip is not. Wanted: what {wanted} left; yours: {came}"
            )
        place = max(0, place - 1) if rows[place - 1].kind == CAT else place
    elif isinstance(mine, Tensor) and isinstance(right, Tensor) and mine.shape != right.shape:
        text += f": shape {tuple(mine.shape)} instead of {tuple(right.shape)}"
    if what == "the embedding":
        text = f"{path} gets another embedding than time_embed(t) + class_embed(labels)"
    return Divergence(place, rows, f"{text}.")


def is_same(one: Any, other: Tensor) -> bool:
    return isinstance(one, Tensor) and one.shape == other.shape and not difference(one, other)
