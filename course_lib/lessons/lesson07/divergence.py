"""Where a learner's UNet first departs from the reference: weights copied across, both run, step by step."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import course_lib
from course_lib.checks.blank import NOT_STARTED, RAISE_LEFT, STILL_BLANK
from course_lib.checks.compare import difference, to_data
from course_lib.checks.guard import CountedOutput, Failure, guarded
from course_lib.checks.last_answers import last_answer
from course_lib.lessons.shared.my_parts import PARTS, built_from
from course_lib.tracing import CAT, TraceRow, trace, trace_skips
from course_lib.unet import UNet

SMALL = {"base_channels": 16, "image_size": 16, "attention_resolutions": (4,), "dropout": 0.0}
OTHER = SMALL | {"channel_mults": (1, 2), "num_res_blocks": 1, "attention_resolutions": (16, 8)}
SECONDS = 5.0
AGREE = "Your UNet and the reference agree at every step."
# what a step of the reference is given, where no other step left it as it is
GIVEN = {"conv_out": "F.silu(norm_out(h))", "conv_in": "x", "time_embed": "t", "class_embed": "class_labels"}


@dataclass(frozen=True)
class Divergence:
    """The first step that departs.

    Attributes:
        place: index in `rows`; None if the two agree everywhere, or cannot be compared.
        rows: the reference's steps in order.
        message: a sentence or two for the learner.
    """

    place: int | None
    rows: list[TraceRow]
    message: str


@dataclass
class Step:
    """One module's call: its path, what went in, what came out (None while it runs, and if it never came back)."""

    path: str
    inputs: tuple[Any, ...]
    output: Any = None


def first_divergence(unet: type[nn.Module], seed: int = 0, **config: Any) -> Divergence:
    """Compare a UNet class with the reference, step by step, with the same weights and inputs; draw the U.

    Never raises because of what the class does. Displays the U with the first step that departs marked, and prints the
    message. If the name holds the reference because the last check did not pass, that answer is compared.

    Args:
        unet: the learner's class; its steps must carry the reference's attribute names to be told apart.
        seed: of weights and inputs.
        config: arguments of UNet; by default a small network, and then a smaller one of another build.
    """
    if unet is UNet:
        own = last_answer("UNet")
        if isinstance(own, type):
            unet = own
            print("The name UNet holds the reference now. Compared is your own class, as you checked it last.")
        else:
            print("This is the reference itself: run the cell of your UNet again, then this one.")
    found = find_divergence(unet, seed, **config)
    print(found.message)
    if found.place is not None:
        from course_lib.lessons.lesson07.crossed_map import draw_crossed
        from course_lib.lessons.shared.show import show
        from course_lib.lessons.shared.unet_map import draw_unet

        row = found.rows[found.place]
        name = f"the cat before {found.rows[found.place + 1].module}" if row.kind == CAT else row.module
        show(
            draw_unet(found.rows, crossed=found.place),
            f"your UNet departs from the reference at {name} (hatched).",
            f"Map of the UNet as a U; one step is hatched and marked in red: {name}.",
            narrow=draw_crossed(found.rows, found.place),
        )
    return found


def find_divergence(unet: type[nn.Module], seed: int = 0, **config: Any) -> Divergence:
    """The same without drawing or printing. Without labels, and in another build, it is tried if all else agrees."""
    tries = [("", SMALL | config, True), ("With class_labels=None: ", SMALL | config, False)]
    if not config:
        tries.append(("With two levels of one block each, and attention on both: ", OTHER, True))
    for words, built_with, labelled in tries:
        found = compared_once(unet, seed, built_with, labelled)
        if found.message != AGREE:
            message = found.message if not words else words + found.message[0].lower() + found.message[1:]
            return Divergence(found.place, found.rows, message)
    return found


def compared_once(unet: type[nn.Module], seed: int, config: dict[str, Any], labelled: bool) -> Divergence:
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
        torch.tensor([3, -1, 0]) if labelled else None,
    )
    torch.set_rng_state(torch_state)

    mine = built(unet, config)
    if isinstance(mine, nn.Module) and weights_that_do_not_fit(mine, reference):
        # the learner's own parts may bear other names inside; what is looked at is the way between the parts
        with built_from(unet, {name: getattr(course_lib, name) for name in PARTS}):
            mine = built(unet, config)
    if isinstance(mine, Failure):
        return Divergence(None, rows, f"Your UNet could not be built: {mine.text.rstrip('.')}.{in_line(mine)}")
    if not isinstance(mine, nn.Module):
        return Divergence(None, rows, f"What your UNet makes is no nn.Module: {type(mine).__name__}.")
    wrong = weights_that_do_not_fit(mine, reference)
    if wrong:
        return Divergence(None, rows, f"The reference's weights do not fit into your UNet: {wrong}.")
    mine.load_state_dict(reference.state_dict())
    expected, wanted = recorded(reference, inputs)
    steps, returned = recorded(mine, inputs)
    skips = {skip.popped_by: skip.pushed_by for skip in trace_skips(reference, batch_size=1, image_size=size)}
    return Comparison(rows, expected, steps, returned, wanted, skips, labelled).result()


def built(unet: Any, config: dict[str, Any]) -> Any:
    return guarded(lambda: unet(**config).eval(), SECONDS, CountedOutput())


def weights_that_do_not_fit(mine: nn.Module, reference: nn.Module) -> str:
    """Names of parameters that one of the two lacks, or that have another shape; "" if all fit."""
    held = guarded(lambda: {name: value.shape for name, value in mine.state_dict().items()}, SECONDS, CountedOutput())
    if isinstance(held, Failure):
        return held.text.rstrip(".")
    wanted = {name: value.shape for name, value in reference.state_dict().items()}
    for what, names in (("it lacks", wanted.keys() - held.keys()), ("it has besides", held.keys() - wanted.keys())):
        if names:
            first = min(names, key=lambda name: [*(wanted if what == "it lacks" else held)].index(name))
            return f"{what} {first}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    other = next((name for name in wanted if held[name] != wanted[name]), None)
    if other is None:
        return ""
    return f"{other} has shape {tuple(held[other])} instead of {tuple(wanted[other])}"


def recorded(model: nn.Module, inputs: tuple[Tensor | None, ...]) -> tuple[list[Step], Any]:
    """Every call of a module that `trace` knows as a step, in order, and what the model returned (or a Failure)."""
    steps: list[Step] = []
    watched = [(path, module) for path, module in model.named_modules() if path and is_step(path, module)]
    for path, module in watched:
        module.forward = watching(path, module.forward, steps)

    def run() -> Any:
        with torch.no_grad():
            return to_data(model(*inputs))

    try:
        return steps, guarded(run, SECONDS, CountedOutput())
    finally:
        for _, module in watched:
            del module.forward


def watching(path: str, forward: Callable, steps: list[Step]) -> Callable:
    """`forward`, which writes down its calls; unlike a hook, also those that go to it directly, or do not come back."""

    def call(*args: Any, **kwargs: Any) -> Any:
        step = Step(path, tuple(to_data(value) for value in in_order(forward, args, kwargs)))
        steps.append(step)
        output = forward(*args, **kwargs)
        step.output = to_data(output)
        return output

    return call


def in_order(forward: Callable, args: tuple, kwargs: dict[str, Any]) -> tuple[Any, ...]:
    try:
        return tuple(inspect.signature(forward).bind(*args, **kwargs).arguments.values())
    except TypeError:
        return (*args, *kwargs.values())


def is_step(path: str, module: nn.Module) -> bool:
    """Blocks as the document names them: "mid_attention", "encoder.1.resblocks.0", "decoder.0.resample"."""
    parts = path.split(".")
    if isinstance(module, nn.Identity | nn.ModuleList):
        return False
    if parts[0] in ("encoder", "decoder"):
        return len(parts) == (3 if parts[2:3] == ["resample"] else 4)
    return len(parts) == 1


@dataclass
class Comparison:
    """Goes through the reference's steps in order, each beside the learner's call of the same part.

    The order of calls matters only by what goes in: `conv_in` may well come before `time_embed`.

    Attributes:
        rows: see `Divergence`; expected: the reference's steps, wanted: what it returned.
        steps, returned: the learner's.
        skips: which step's skip each decoder step uses, in the reference.
        labelled: whether there were labels.
    """

    rows: list[TraceRow]
    expected: list[Step]
    steps: list[Step]
    returned: Any
    wanted: Any
    skips: dict[str, str]
    labelled: bool

    def result(self) -> Divergence:
        if isinstance(self.returned, Failure) and self.returned.kind in (NOT_STARTED, RAISE_LEFT):
            what = f"{self.returned.text} {STILL_BLANK}: there is nothing to compare yet"
            if self.returned.kind == RAISE_LEFT:
                what = f"The blank's own line `raise NotImplementedError(...)` is still there in {self.returned.text}"
            return Divergence(None, self.rows, f"{what}.")
        for index, right in enumerate(self.expected):
            place, text = self.at(index, right)
            if text:
                return Divergence(place, self.rows, text)
        return self.at_the_end()

    def at(self, index: int, right: Step) -> tuple[int, str]:
        """The sentence if the learner's call of this step is missing or departs, and the place to mark; else ""."""
        place = next((place for place, row in enumerate(self.rows) if row.module == right.path), 0)
        mine = next((step for step in self.steps if step.path == right.path), None)
        if mine is None:
            text, stopped = self.without(index, right)
            return self.of_input(place) if stopped else place, text
        for number, expected in enumerate(right.inputs):
            if number >= len(mine.inputs):
                given, asked = len(mine.inputs), len(right.inputs)
                text = f"{self.agreed(index)} {right.path} is called with {given} value(s), where it takes {asked}"
                return place, f"{text}.{self.stop(mine)}"
            if difference(mine.inputs[number], expected):
                place = place if number else self.of_input(place)
                return place, f"{self.other_input(index, number, mine, right)}.{self.stop(mine)}"
        if mine.output is None and isinstance(self.returned, Failure):
            return place, f"{right.path} gets the right input, and{stops(self.returned)} inside it."
        if difference(mine.output, right.output):
            return place, f"{right.path} gets the right input and gives something else: look inside {self.kind(place)}."
        return place, ""

    def of_input(self, place: int) -> int:
        """The place of the concatenation whose result goes into a step, or the step's own where there is none."""
        return place - 1 if place and self.rows[place - 1].kind == CAT else place

    def kind(self, place: int) -> str:
        return self.rows[place].kind

    def agreed(self, index: int) -> str:
        return f"Everything agrees up to {self.expected[index - 1].path}, but" if index else "At the very beginning"

    def stop(self, mine: Step) -> str:
        """What else happens where a call with a wrong input does not come back."""
        if mine.output is None and isinstance(self.returned, Failure):
            return f" There{stops(self.returned)}."
        return ""

    def without(self, index: int, right: Step) -> tuple[str, bool]:
        """The sentence of a step that the learner's forward does not call, and whether it stops before it."""
        later = {step.path for step in self.expected[index + 1 :]}
        following = next((step.path for step in self.steps if step.path in later), None)
        before = self.expected[index - 1].path if index else "the inputs"
        if following is not None:
            return f"After {before} comes {right.path}; your forward goes on with {following} without it.", False
        when = f"Everything agrees up to {before}; then" if index else "Nothing has been computed yet:"
        if isinstance(self.returned, Failure):
            text = f"{when}, before {right.path},{stops(self.returned)}.{in_line(self.returned)}"
            return text.replace(":,", ":"), True
        return f"{when} your forward ends, and never calls {right.path}.", False

    # ---- an input that is another one ----

    def other_input(self, index: int, number: int, mine: Step, right: Step) -> str:
        value, wanted = mine.inputs[number], right.inputs[number]
        if number == 1 and isinstance(value, Tensor):
            return self.other_embedding(right.path, value)
        if right.path in self.skips and isinstance(value, Tensor):
            return f"{self.agreed(index)} {self.other_concatenation(index, value, wanted, mine, right.path)}"
        text = f"{self.agreed(index)} {right.path} gets something else than in the reference"
        source, meant = self.origin(value, mine), origin(wanted, self.expected[:index])
        if isinstance(value, Tensor) and value.shape != wanted.shape:
            text += f", of shape {tuple(value.shape)} instead of {tuple(wanted.shape)}"
        if source:
            text += f": what {source} left"
        wish = f"what {meant} left" if meant else GIVEN.get(right.path, "")
        return f"{text}{'; wanted: ' if source else ': wanted is '}{wish}" if wish else text

    def other_embedding(self, path: str, value: Tensor) -> str:
        meant = "time_embed(t) + class_embed(class_labels)" if self.labelled else "time_embed(t)"
        text = f"{path} gets another embedding than {meant}"
        source = origin(value, self.steps)
        return f"{text}: what {source} left, and nothing else" if source else text

    def other_concatenation(self, index: int, value: Tensor, wanted: Tensor, mine: Step, path: str) -> str:
        """What is wrong with h and its skip, laid behind each other."""
        channels = next(step.output for step in reversed(self.expected[:index])).shape[1]
        h, skip = wanted[:, :channels], wanted[:, channels:]
        source = self.origin(value, mine)
        if source:
            return f"{path} gets what {source} left, without a skip behind it"
        if value.shape != wanted.shape:
            return f"what goes into {path} has the shape {tuple(value.shape)} instead of {tuple(wanted.shape)}"
        turned = wanted.shape[1] - channels
        if not difference(value[:, :turned], skip) and not difference(value[:, turned:], h):
            return f"what goes into {path} is the wrong way round: h comes first, and the skip is laid behind it"
        if not difference(value[:, :channels], h):
            came = self.origin(value[:, channels:], mine)
            yours = f"what {came} left" if came else "none that a step left"
            return (
                f"of what goes into {path} the first {channels} channels are right, the skip is not. Wanted: what "
                f"{self.skips[path]} left; yours: {yours}"
            )
        if not difference(value[:, channels:], skip):
            came = self.origin(value[:, :channels], mine)
            yours = f", but what {came} left" if came else ""
            meant = self.expected[index - 1].path
            return f"of what goes into {path} the skip is right, and h is not what {meant} left{yours}"
        return f"what goes into {path} is not h with the skip that {self.skips[path]} left behind it"

    def origin(self, value: Any, before: Step) -> str:
        """The learner's step that left `value`, of those that ran before."""
        until = next(place for place, step in enumerate(self.steps) if step is before)
        return origin(value, self.steps[:until])

    # ---- behind the last step ----

    def at_the_end(self) -> Divergence:
        last = len(self.rows) - 1
        if isinstance(self.returned, Failure):
            what = stops(self.returned) if self.returned.kind != "type" else f" what it returns is {self.returned.text}"
            return Divergence(last, self.rows, f"All steps agree, and then{what}.{in_line(self.returned)}")
        if self.returned is None:
            return Divergence(last, self.rows, "All steps agree; your forward returns None. Is a `return` missing?")
        if difference(self.returned, self.wanted):
            source = origin(self.returned, self.steps)
            what = f"what {source} left" if source and not source.startswith("conv_out") else "something else"
            return Divergence(last, self.rows, f"All steps agree; you return {what}, not what conv_out gave.")
        return Divergence(None, self.rows, AGREE)


def stops(failure: Failure) -> str:
    """A clause, with a blank in front."""
    if failure.kind == "raised":
        return f" your forward stops with {failure.text.rstrip('.')}"
    return f" your forward {failure.text.rstrip('.')}"


def in_line(failure: Failure) -> str:
    return f" In your line: {failure.line}" if failure.line else ""


def origin(value: Any, steps: list[Step]) -> str:
    """The step that left `value`, the last of several; "" if none did."""
    found = [step for step in steps if is_same(step.output, value)]
    if not found:
        return ""
    calls = [step for step in steps if step.path == found[-1].path]
    again = " when it was called again" if len(calls) > 1 and calls[0] is not found[-1] else ""
    return f"{found[-1].path}{again}"


def is_same(one: Any, other: Any) -> bool:
    return (
        isinstance(one, Tensor)
        and isinstance(other, Tensor)
        and one.shape == other.shape
        and not difference(one, other)
    )
