"""The document's tables against the real network: what it says, what hooks measure, what arithmetic demands."""

import argparse
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from course_lib import ResidualBlock, SelfAttention, UNet, document
from course_lib.commands import shapes
from course_lib.document import DECODER_CHANNELS, FORWARD_PASS, ROLES, SKIPS, Role, Step
from course_lib.tracing import CAT, TraceRow, trace, trace_skips

# ---------------------------------------------------------------- the real network, with the document's own inputs


@dataclass
class Recording:
    """What went into and came out of every module, and what torch.softmax gave, in one real forward pass."""

    model: UNet
    t: Tensor
    c: Tensor
    output: Tensor
    inputs: dict[str, tuple[Tensor, ...]] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    attention_weights: list[Tensor] = field(default_factory=list)


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Hooks of the test's own, so that `course_lib.tracing` is compared with something it did not measure."""
    torch.manual_seed(0)
    model = UNet().eval()
    # default norms (weight 1, bias 0) hide mistakes
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    t, c = torch.tensor(document.TIMESTEPS), torch.tensor(document.CLASS_LABELS)
    made = Recording(model, t, c, output=torch.empty(0))

    def note(path: str) -> Callable:
        def hook(module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
            made.inputs[path], made.outputs[path] = args, output
            made.order.append(path)

        return hook

    softmax = torch.softmax

    def watched_softmax(*args, **kwargs) -> Tensor:
        made.attention_weights.append(softmax(*args, **kwargs))
        return made.attention_weights[-1]

    hooks = [module.register_forward_hook(note(path)) for path, module in model.named_modules() if path]
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(torch, "softmax", watched_softmax)
        made.output = model(torch.randn(document.IMAGE_SHAPE), t, c)
    for hook in hooks:
        hook.remove()
    return made


@pytest.fixture(scope="module")
def meta_rows() -> list[TraceRow]:
    with torch.device("meta"):
        return trace(UNet())


MODULE_STEPS = [step for step in FORWARD_PASS if step.module]
CAT_STEPS = [step for step in FORWARD_PASS if step.name == "cat"]


# ---------------------------------------------------------------- every line of "Full forward pass"


@pytest.mark.parametrize("step", MODULE_STEPS, ids=lambda step: step.module)
def test_line_of_the_forward_pass(recording: Recording, step: Step) -> None:
    assert recording.inputs[step.module][0].shape == step.input
    assert recording.outputs[step.module].shape == step.output


def test_the_network_takes_the_documents_steps_in_the_documents_order(recording: Recording) -> None:
    modules = [step.module for step in MODULE_STEPS]
    assert [path for path in recording.order if path in modules] == modules
    # and no step of the network is missing from the data
    kinds = ("ResidualBlock", "SelfAttention", "Downsample", "Upsample")
    steps = {path for path, module in recording.model.named_modules() if type(module).__name__ in kinds}
    assert steps <= set(modules)


def test_each_line_starts_from_what_the_line_before_it_left() -> None:
    after_embedding = FORWARD_PASS[1:]
    assert after_embedding[0].input == document.IMAGE_SHAPE
    assert after_embedding[-1].output == document.OUTPUT_SHAPE
    for before, after in pairwise(after_embedding):
        assert after.input == before.output


def test_the_output_has_the_shape_of_the_input(recording: Recording) -> None:
    assert recording.output.shape == document.OUTPUT_SHAPE == document.IMAGE_SHAPE
    assert torch.equal(recording.output, recording.outputs["conv_out"])


def test_time_class_embed_is_one_sum_and_reaches_every_residual_block(recording: Recording) -> None:
    embedding = FORWARD_PASS[0]
    assert embedding.name == "time_class_embed"
    assert recording.t.shape == recording.c.shape == embedding.input
    with torch.no_grad():
        emb = recording.model.time_embed(recording.t) + recording.model.class_embed(recording.c)
    assert emb.shape == embedding.output
    blocks = [step.module for step in MODULE_STEPS if "resblock" in step.name]
    assert len(blocks) == 6 + 2 + 9
    for path in blocks:
        torch.testing.assert_close(recording.inputs[path][1], emb)


def test_silu_stands_between_norm_out_and_conv_out(recording: Recording) -> None:
    h = recording.outputs["norm_out"]
    torch.testing.assert_close(recording.inputs["conv_out"][0], h * torch.sigmoid(h))


def test_sections_follow_the_shape_of_the_u() -> None:
    sections = list(dict.fromkeys(step.section for step in FORWARD_PASS))
    assert sections == ["EMBEDDINGS", "INITIAL CONV", "ENCODER", "MIDDLE", "DECODER", "OUTPUT"]


# ---------------------------------------------------------------- skips


def test_nine_skips_are_popped_last_in_first_out_bit_for_bit(recording: Recording) -> None:
    """Compare numbers, not shapes: three of the nine skips have the same shape."""
    stack = [step.module for step in FORWARD_PASS if step.pushes_skip]
    assert len(stack) == len(CAT_STEPS) == 9
    for place, step in enumerate(FORWARD_PASS):
        if step.name != "cat":
            continue
        h, skip = recording.outputs[FORWARD_PASS[place - 1].module], recording.outputs[stack.pop()]
        assert (h.shape, skip.shape) == (step.input, step.skip)
        joined = recording.inputs[FORWARD_PASS[place + 1].module][0]
        assert joined.shape == step.output
        assert torch.equal(joined[:, : h.shape[1]], h)
        assert torch.equal(joined[:, h.shape[1] :], skip)
    assert stack == []


def test_tracing_finds_the_same_nine_skips() -> None:
    with torch.device("meta"):
        found = trace_skips(UNet())
    assert tuple(skip.shape for skip in found) == SKIPS
    assert [skip.pushed_by for skip in found] == [step.module for step in FORWARD_PASS if step.pushes_skip]
    users = [after.module for cat, after in pairwise(FORWARD_PASS) if cat.name == "cat"]
    assert [skip.popped_by for skip in reversed(found)] == users


def test_decoder_channel_sums(recording: Recording) -> None:
    popped = list(reversed(SKIPS))
    for level, sums in enumerate(DECODER_CHANNELS):
        for block, (h_channels, skip_channels) in enumerate(sums):
            skip = popped.pop(0)
            assert skip[1] == skip_channels
            path = f"decoder.{level}.resblocks.{block}"
            assert recording.model.get_submodule(path).conv1.weight.shape[1] == h_channels + skip_channels
            assert recording.inputs[path][0].shape[1] == h_channels + skip_channels
    assert [(step.input[1], step.skip[1]) for step in CAT_STEPS] == [
        sum_ for level in DECODER_CHANNELS for sum_ in level
    ]


def test_the_drawing_shows_the_first_sum_of_each_level_and_not_the_others() -> None:
    assert tuple(level[0] for level in DECODER_CHANNELS) == document.DRAWN_DECODER_CHANNELS
    assert all(level[-1] != level[0] for level in DECODER_CHANNELS)


class TwoSkips(nn.Module):
    """Two skips of one shape, popped from the end of the list (-1) or from its beginning (0)."""

    def __init__(self, pop_from: int) -> None:
        super().__init__()
        self.conv_in, self.down = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 1)
        self.up1, self.up2 = nn.Conv2d(16, 8, 1), nn.Conv2d(16, 8, 1)
        self.pop_from = pop_from

    def forward(self, x: Tensor, t: Tensor, class_labels: Tensor | None = None) -> Tensor:
        h = self.conv_in(x)
        skips = [h]
        h = self.down(h)
        skips.append(h)
        h = self.up1(torch.cat([h, skips.pop(self.pop_from)], dim=1))
        return self.up2(torch.cat([h, skips.pop(self.pop_from)], dim=1))


@pytest.mark.parametrize(("pop_from", "users"), [(-1, ["up2", "up1"]), (0, ["up1", "up2"])])
def test_skips_of_one_shape_are_told_apart(pop_from: int, users: list[str]) -> None:
    found = trace_skips(TwoSkips(pop_from), batch_size=2, image_size=4)
    assert [skip.pushed_by for skip in found] == ["conv_in", "down"]
    assert [skip.popped_by for skip in found] == users


# ---------------------------------------------------------------- attention


def test_attention_entries_inside_the_network(recording: Recording) -> None:
    cost = document.ATTENTION_COSTS[0]
    assert len(recording.attention_weights) == sum("attention" in step.name for step in FORWARD_PASS) == 6
    for weights in recording.attention_weights:
        assert weights.shape == (document.BATCH_SIZE, 4, cost.tokens, cost.tokens)
        assert weights[0, 0].numel() == cost.entries
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(document.BATCH_SIZE, 4, cost.tokens))


@pytest.mark.parametrize("cost", document.ATTENTION_COSTS, ids=lambda cost: f"{cost.side}x{cost.side}")
def test_attention_entries_by_size(cost: document.AttentionCost, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, softmax = [], torch.softmax
    monkeypatch.setattr(torch, "softmax", lambda scores, dim: seen.append(scores.shape) or softmax(scores, dim))
    with torch.no_grad():
        SelfAttention(4, num_heads=1)(torch.randn(1, 4, cost.side, cost.side))
    assert seen == [(1, 1, cost.tokens, cost.tokens)]
    assert math.prod(seen[0]) == cost.entries == cost.tokens**2 == cost.side**4


# ---------------------------------------------------------------- the ten roles


def run_role(model: UNet, role: Role, *inputs: Tensor) -> Tensor:
    """Run the component by itself. A residual block also gets an embedding."""
    if not role.modules:
        return torch.cat(inputs, dim=1)
    h = inputs[0]
    for path in role.modules:
        module = model.get_submodule(path)
        emb = torch.ones(len(h), document.EMB_DIM)
        h = module(h, emb) if isinstance(module, ResidualBlock) else module(h)
    return h


def role_inputs(role: Role) -> list[Tensor]:
    if role.component == "Time Embed":
        return [torch.tensor(document.TIMESTEPS)]
    if role.component == "Class Embed":
        return [torch.tensor(document.CLASS_LABELS)]
    return [torch.randn(shape) for shape in role.example_inputs]


def unify(symbols: str, shape: tuple[int, ...], known: dict[str, int]) -> None:
    """Read "(B,C,H/2,W/2)" as `shape`; a symbol met for the first time takes its value, one met before must keep it."""
    parts = [part.strip() for part in symbols.strip("()").split(",") if part.strip()]
    assert len(parts) == len(shape)
    for part, size in zip(parts, shape, strict=True):
        factor, symbol, divisor = re.fullmatch(r"(\d*)([A-Za-z]*'?)(?:/(\d))?", part).groups()
        value = known.setdefault(symbol, size) if symbol else 1
        assert size == int(factor or 1) * value // int(divisor or 1), f"{part} in {symbols} is not {size}"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.component)
def test_role(recording: Recording, role: Role) -> None:
    torch.manual_seed(1)
    inputs = role_inputs(role)
    assert tuple(tuple(tensor.shape) for tensor in inputs) == role.example_inputs
    with torch.no_grad():
        output = run_role(recording.model, role, *inputs)
    assert output.shape == role.example_output
    if role.modules:
        known: dict[str, int] = {}
        unify(role.input, role.example_inputs[0], known)
        unify(role.output, tuple(output.shape), known)
    else:
        assert torch.equal(output[:, :256], inputs[0])
        assert torch.equal(output[:, 256:], inputs[1])


def test_there_are_ten_roles_and_the_checks_are_places_of_the_trace() -> None:
    assert len(ROLES) == 10
    traced = {(step.module, step.input, step.output) for step in MODULE_STEPS}
    for role in ROLES[2:]:
        if len(role.modules) == 1:
            assert (role.modules[0], role.example_inputs[0], role.example_output) in traced


@pytest.mark.parametrize("component", ["Time Embed", "Class Embed"])
def test_each_of_the_example_inputs_gets_a_vector_of_its_own(recording: Recording, component: str) -> None:
    role = next(role for role in ROLES if role.component == component)
    with torch.no_grad():
        vectors = run_role(recording.model, role, *role_inputs(role))
    assert torch.cdist(vectors, vectors).add(torch.eye(4)).min() > 0.1


# ---------------------------------------------------------------- parameters and multiply-adds, by hand


def resblock_parameters(c_in: int, c_out: int) -> int:
    norms, convs = 2 * c_in + 2 * c_out, 9 * c_in * c_out + c_out + 9 * c_out * c_out + c_out
    return norms + convs + 256 * c_out + c_out + (c_in * c_out + c_out if c_in != c_out else 0)


def by_hand(step: Step) -> tuple[int, int]:
    """(parameters, multiply-adds an image) of a line of the document, from its shapes alone."""
    _, c_in, *_ = step.input
    _, c_out, height, width = step.output
    pixels = height * width
    conv3x3 = (9 * c_in * c_out + c_out, 9 * c_in * c_out * pixels)
    if "resblock" in step.name:
        shortcut = c_in * c_out if c_in != c_out else 0
        return resblock_parameters(c_in, c_out), (9 * c_in * c_out + 9 * c_out**2 + shortcut) * pixels + 256 * c_out
    if "attention" in step.name:
        # norm, one convolution to 3C channels, one to C; two products over all pairs of pixels
        parameters = 2 * c_in + (3 * c_in**2 + 3 * c_in) + (c_in**2 + c_in)
        return parameters, 4 * c_in**2 * pixels + 2 * pixels**2 * c_in
    if step.name == "norm_out":
        return 2 * c_in, 0
    assert step.name in ("conv_in", "conv_out", "downsample", "upsample")
    return conv3x3


@pytest.mark.parametrize("step", MODULE_STEPS, ids=lambda step: step.module)
def test_parameters_and_multiply_adds_by_hand(meta_rows: list[TraceRow], step: Step) -> None:
    row = next(row for row in meta_rows if row.module == step.module)
    assert (row.parameters, row.multiply_adds) == by_hand(step)


def test_totals_follow_from_the_documents_shapes(recording: Recording, meta_rows: list[TraceRow]) -> None:
    # two Linear layers 256 -> 256, one vector for each of ten classes
    embeddings = 2 * (256 * 256 + 256) + 10 * 256
    assert embeddings + sum(by_hand(step)[0] for step in MODULE_STEPS) == document.PARAMETERS
    assert sum(parameter.numel() for parameter in recording.model.parameters()) == document.PARAMETERS
    assert sum(row.parameters for row in meta_rows) == document.PARAMETERS
    assert f"{document.PARAMETERS / 1e6:.2f} M" == document.PARAMETERS_TEXT
    by_arithmetic = 2 * 256 * 256 + sum(by_hand(step)[1] for step in MODULE_STEPS)
    assert sum(row.multiply_adds for row in meta_rows) == by_arithmetic == 2_145_566_720


# ---------------------------------------------------------------- tracing


def test_trace_on_meta_equals_trace_on_cpu_and_the_document(recording: Recording, meta_rows: list[TraceRow]) -> None:
    assert meta_rows == trace(recording.model)
    assert [row.module for row in meta_rows[:2]] == ["time_embed", "class_embed"]
    # the embedding is two rows here and one line there; silu is a function, which leaves no row
    lines = [step for step in FORWARD_PASS[1:] if step.name != "silu"]
    assert len(meta_rows[2:]) == len(lines)
    for row, step in zip(meta_rows[2:], lines, strict=True):
        assert (row.section, row.module, row.output) == (step.section, step.module or CAT, step.output)
        assert row.inputs[0] == step.input
        assert row.inputs[1:] == ((step.skip,) if step.skip else ((4, 256),) if "resblock" in step.name else ())


def test_multiply_adds_are_those_of_one_image() -> None:
    with torch.device("meta"):
        model = UNet()
    one, seven = trace(model, batch_size=1), trace(model, batch_size=7)
    assert [row.multiply_adds for row in one] == [row.multiply_adds for row in seven]
    assert seven[0].output == (7, 256)


def test_trace_leaves_the_model_as_it_was() -> None:
    model = UNet(base_channels=16, channel_mults=(1, 2), dropout=0.5).train()
    model.mid_attention.eval()
    modes, random_state = [module.training for module in model.modules()], torch.get_rng_state()
    trace(model, batch_size=1, image_size=8)
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0; allowed"),
        ({"image_size": 2.5}, r"image_size is 2\.5; allowed"),
        ({"image_size": 30}, "30x30 pixels; allowed: height and width divisible by 4"),
    ],
)
def test_trace_refuses_bad_sizes_and_leaves_no_hooks(arguments: dict, message: str) -> None:
    with torch.device("meta"):
        model = UNet()
    with pytest.raises(ValueError, match=message):
        trace(model, **arguments)
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


# ---------------------------------------------------------------- python -m course_lib shapes


def run_shapes(*arguments: str) -> None:
    parser = argparse.ArgumentParser()
    shapes.add_parser(parser.add_subparsers(required=True))
    options = parser.parse_args(["shapes", *arguments])
    options.run(options)


def test_command_prints_the_documents_table(capsys: pytest.CaptureFixture[str]) -> None:
    run_shapes()
    printed = capsys.readouterr().out
    assert "15,776,643 (15.78 M)" in printed
    assert "2,145,566,720 (2.15 G)" in printed
    lines = [re.split(r"  +", line.strip()) for line in printed.splitlines() if line.startswith("  ")]
    steps = [step for step in FORWARD_PASS[1:] if step.name != "silu"]
    assert len(lines) == 2 + len(steps)
    for cells, step in zip(lines[2:], steps, strict=True):
        taken = f"{step.input} + {step.skip}" if step.skip else str(step.input)
        assert cells[:3] == [step.module or "cat", taken, str(step.output)]
    headings = [line for line in printed.splitlines() if line.isupper() and not line.startswith(" ")]
    assert headings == ["EMBEDDINGS", "INITIAL CONV", "ENCODER", "MIDDLE", "DECODER", "OUTPUT"]


def test_command_on_another_configuration_matches_a_real_forward(capsys: pytest.CaptureFixture[str]) -> None:
    run_shapes("--base-channels", "32", "--channel-mults", "1,2", "--batch-size", "2", "--attention-resolutions", "32")
    printed = capsys.readouterr().out
    model = UNet(base_channels=32, channel_mults=(1, 2), attention_resolutions=(32,)).eval()
    seen: dict[str, tuple] = {}
    for path, module in model.named_modules():
        module.register_forward_hook(lambda _, args, out, path=path: seen.update({path: (args[0].shape, out.shape)}))
    with torch.no_grad():
        assert model(torch.randn(2, 3, 32, 32), torch.tensor([1, 2]), torch.tensor([3, 4])).shape == (2, 3, 32, 32)
    lines = [re.split(r"  +", line.strip()) for line in printed.splitlines() if line.startswith("  ")]
    modules = [cells for cells in lines if cells[0] != "cat"]
    for path, before, after, *numbers in modules:
        assert (before, after) == tuple(str(tuple(shape)) for shape in seen[path])
        assert numbers[0] == f"{sum(parameter.numel() for parameter in model.get_submodule(path).parameters()):,}"
    assert sum("attentions" in cells[0] for cells in modules) == 2 + 3
    assert f"{sum(parameter.numel() for parameter in model.parameters()):,}" in printed
    assert len(lines) - len(modules) == 6


@pytest.mark.parametrize("none", ["none", ""])
def test_command_without_attention_keeps_that_of_the_middle(capsys: pytest.CaptureFixture[str], none: str) -> None:
    run_shapes("--attention-resolutions", none)
    printed = capsys.readouterr().out
    assert "attentions" not in printed
    assert "mid_attention" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--channel-mults", "1,x"], "channel_mults is '1,x'; allowed"),
        (["--channel-mults", ""], r"channel_mults is \(\); allowed"),
        (["--attention-resolutions", "8,"], "attention_resolutions is '8,'; allowed"),
        (["--base-channels", "0"], "base_channels is 0; allowed"),
        (["--num-res-blocks", "0"], "num_res_blocks is 0; allowed"),
        (["--image-size", "30"], "image_size is 30; allowed"),
        (["--num-heads", "3"], "multiple of num_heads, 3"),
        (["--batch-size", "-1"], "batch_size is -1; allowed"),
    ],
)
def test_command_refuses_bad_values(arguments: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_shapes(*arguments)


@pytest.mark.parametrize(
    ("count", "text"), [(15_776_643, "15.78 M"), (2_145_566_720, "2.15 G"), (10_240, "10.24 k"), (999, "999")]
)
def test_abbreviated(count: int, text: str) -> None:
    assert shapes.abbreviated(count) == text
