"""Figures and experiments of lesson 07: the whole network, measured."""

import copy
from collections.abc import Callable
from functools import partial

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from course_lib.checks.mistakes import edited
from course_lib.data import load_dataset
from course_lib.ddpm import DDPM
from course_lib.document import FORWARD_PASS, Step
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS, plain_ticks
from course_lib.skips import decoder_channels
from course_lib.tracing import CAT, TraceRow, trace
from course_lib.unet import UNet

HEADINGS = ("EMBEDDINGS", "INITIAL CONV", "ENCODER", "MIDDLE", "DECODER", "OUTPUT")


def document_rows(rows: list[TraceRow]) -> list[tuple[str, str, str]]:
    """Every line of the document's forward pass beside the step of `rows` it stands for, for `compare_rows`.

    Left out is the SiLU at the output, which is a function and no module. The two embeddings are compared one by one.
    """
    measured = iter(row for row in rows if row.section != "EMBEDDINGS")
    found = [(row.module, str(FORWARD_PASS[0].output), str(row.output)) for row in rows if row.section == "EMBEDDINGS"]
    for step in FORWARD_PASS[1:]:
        if step.name == "silu":
            continue
        row = next(measured, None)
        name = CAT if step.module is None else step.module
        where = row.module if row is not None else "nothing"
        what = name if where == name else f"{name}, but {where} ran"
        found.append((what, written_line(step), measured_line(row)))
    return found


def written_line(step: Step) -> str:
    inputs = [step.input, step.skip] if step.skip else [step.input]
    return " + ".join(map(str, inputs)) + f" -> {step.output}"


def measured_line(row: TraceRow | None) -> str:
    if row is None:
        return "no such step"
    inputs = row.inputs if row.kind == CAT else row.inputs[:1]
    return " + ".join(map(str, inputs)) + f" -> {row.output}"


def plain_shortcuts(rows: list[TraceRow]) -> int:
    """Print, part by part, how many residual blocks give as many channels as they take; returns the number of all."""
    total = 0
    for heading in ("ENCODER", "MIDDLE", "DECODER"):
        blocks = [row for row in rows if row.section == heading and row.kind == "ResidualBlock"]
        plain = sum(row.inputs[0][1] == row.output[1] for row in blocks)
        print(f"{heading.lower():8} the shortcut is x itself in {plain} of {len(blocks)} blocks")
        total += plain
    return total


def plot_budget(unet: type[nn.Module], parameter_budget: Callable[[nn.Module], dict[str, int]]) -> dict[str, float]:
    """Where the parameters are and where the work is, by the document's headings.

    Returns: each heading's share of the parameters, in percent.
    """
    with torch.device("meta"):
        model = unet()
    budget = parameter_budget(model)
    rows = trace(model)
    work = {heading: sum(row.multiply_adds for row in rows if row.section == heading) for heading in HEADINGS}
    shares = {heading: 100 * budget[heading] / sum(budget.values()) for heading in HEADINGS}
    work_shares = {heading: 100 * work[heading] / sum(work.values()) for heading in HEADINGS}
    figure, axes = plt.subplots(figsize=(8, 3.6))
    for offset, (values, label, color, hatch) in enumerate(
        [(shares, "parameters", "blue", None), (work_shares, "multiply-adds", "orange", "//")]
    ):
        places = [place + 0.38 * offset for place in range(len(HEADINGS))]
        bars = axes.barh(
            places, [values[heading] for heading in HEADINGS], 0.36, color=COLORS[color], hatch=hatch, label=label
        )
        axes.bar_label(bars, fmt="%.1f %%", padding=3, fontsize=8)
    axes.set_yticks([place + 0.19 for place in range(len(HEADINGS))], HEADINGS)
    axes.invert_yaxis()
    axes.set_xlim(0, 85)
    axes.set_xlabel("share of the whole network, in percent")
    axes.legend(loc="lower right")
    show(
        figure,
        f"of {sum(budget.values()):,} parameters {shares['DECODER']:.0f} % are in the decoder, and so are "
        f"{work_shares['DECODER']:.0f} % of the {sum(work.values()) / 1e9:.2f} billion multiply-adds an image.",
        "Two horizontal bars for each of the six headings, share of parameters and of multiply-adds. The decoder has "
        "the longest bars by far, then the encoder.",
    )
    return shares


def plot_heights(unet: type[nn.Module]) -> dict[int, float]:
    """The same by the height of the feature maps. Returns each height's share of the multiply-adds, in percent."""
    with torch.device("meta"):
        every = trace(unet())
    # the embeddings have no height, and belong to the whole all the same
    rows = [row for row in every if row.section != "EMBEDDINGS"]
    heights = sorted({row.output[-1] for row in rows}, reverse=True)
    figure, axes = plt.subplots(figsize=(7, 2.9))
    shares, weights = {}, {}
    for offset, (quantity, label, color, hatch) in enumerate(
        [("parameters", "parameters", "blue", None), ("multiply_adds", "multiply-adds", "orange", "//")]
    ):
        total = sum(getattr(row, quantity) for row in every)
        shares = {
            height: 100 * sum(getattr(row, quantity) for row in rows if row.output[-1] == height) / total
            for height in heights
        }
        weights = weights or shares
        places = [place + 0.38 * offset for place in range(len(heights))]
        bars = axes.barh(places, list(shares.values()), 0.36, color=COLORS[color], hatch=hatch, label=label)
        axes.bar_label(bars, fmt="%.0f %%", padding=3, fontsize=8)
    axes.set_yticks([place + 0.19 for place in range(len(heights))], [f"{height}x{height}" for height in heights])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the whole network, in percent")
    axes.set_ylabel("size of what comes out")
    axes.legend(loc="upper right")
    show(
        figure,
        f"{weights[8]:.0f} % of the parameters are in steps that give 8x8 maps; the two embeddings, which give no map, "
        f"have {100 - sum(weights.values()):.0f} %. The work is shared almost evenly: "
        + ", ".join(f"{share:.0f} % at {height}x{height}" for height, share in shares.items())
        + ".",
        "Two horizontal bars for each of the sizes 32x32, 16x16 and 8x8: share of the parameters and of the "
        "multiply-adds. Parameters grow steeply towards 8x8; the bars of the work are almost equal.",
    )
    return shares


@torch.no_grad()
def plot_listening(model: nn.Module) -> tuple[float, float]:
    """How much the output changes with the time, and with the class, before any training.

    Returns: the largest change by time and the mean change by class, relative to the output.
    """
    model.eval()
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(7))

    def output(t: float, label: int | None = None) -> Tensor:
        labels = None if label is None else torch.tensor([label])
        return model(x, torch.tensor([float(t)]), labels)

    def change(one: Tensor, other: Tensor) -> float:
        return float((one - other).norm() / other.norm())

    times = [1, 3, 10, 30, 100, 300, 999]
    start, middle = output(0), output(500)
    by_time = [change(output(t), start) for t in times]
    by_class = [change(output(500, label), middle) for label in range(3 if smoke() else 10)]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.3), sharey=True)
    left.plot(times, by_time, "o-", color=COLORS["blue"])
    left.set_xscale("log")
    left.set_xlabel("t, compared with t = 0 (logarithmic)")
    left.set_ylabel("change of the output, relative")
    right.bar(range(len(by_class)), by_class, color=COLORS["orange"], hatch="//")
    right.set_xlabel("class, compared with no class (t = 500)")
    right.set_xticks(range(len(by_class)))
    average = sum(by_class) / len(by_class)
    show(
        figure,
        f"an untrained network hears both: time changes its output by up to {max(by_time):.0%}, the class by "
        f"{average:.0%} on average.",
        "Left: a line that rises steeply from t = 1 to t = 10, and after it slowly, with dips. Right: a bar for each "
        "class, each several times as high as the line.",
    )
    return max(by_time), average


def one_batch(count: int = 16) -> tuple[Tensor, Tensor]:
    """A few images of the course's data set, and their labels."""
    return load_dataset("fashion-mnist").batch(list(range(count)))


def loss_at_start(model: nn.Module, count: int = 8) -> float:
    """The loss of lesson 08 before any training, for fixed images, times and noise."""
    images, labels = one_batch(count)
    model.eval()
    with torch.no_grad():
        return float(DDPM().loss(model, images, labels, torch.Generator().manual_seed(1)))


def losses_on_one_batch(model: nn.Module, words: str, steps: int = 80, count: int = 8) -> list[float]:
    """Train on one batch with the same times and the same noise at every step; returns the loss before each."""
    from tqdm.auto import tqdm

    images, labels = one_batch(count)
    generator = torch.Generator().manual_seed(2)
    process = DDPM()
    t, noise = process.sample_times(count, generator), torch.randn(images.shape, generator=generator)
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    losses = []
    for _ in tqdm(range(10 if smoke() else steps), desc=words):
        loss = process.loss(model, images, labels, t=t, noise=noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def overfit_one_batch(model: nn.Module, count: int = 8) -> list[float]:
    """Let a network learn one batch by heart and draw its loss; returns the loss before every step."""
    losses = losses_on_one_batch(model, "one batch, again and again", count=count)
    figure, axes = plt.subplots(figsize=(7, 3))
    axes.plot(losses, color=COLORS["blue"])
    axes.axhline(1, color=COLORS["grey"], linestyle="--")
    axes.text(len(losses) - 1, 1.06, "a network that always says zero", ha="right", fontsize=8)
    axes.set_yscale("log")
    plain_ticks(axes)
    axes.set_xlabel("step")
    axes.set_ylabel("loss (logarithmic)")
    show(
        figure,
        f"the loss on one batch of {count} falls from {losses[0]:.2f} to {min(losses):.3f} in {len(losses)} steps.",
        "A curve of the loss that starts near 1 and falls steeply, then ever more slowly.",
    )
    return losses


class WithFault(nn.Module):
    """A network with one of the faults of 7.7, as its users would see it."""

    def __init__(self, model: nn.Module, fault: str) -> None:
        super().__init__()
        self.model, self.fault = model, fault
        if fault == "the cut skips":
            base = model.conv_in.out_channels
            pairs = [
                pair for level in decoder_channels(base, (1, 2, 4), len(model.encoder[0].resblocks)) for pair in level
            ]
            blocks = [block for level in model.decoder for block in level.resblocks]
            for (h, _), block in zip(pairs, blocks, strict=True):
                block.register_forward_pre_hook(partial(without_gradient, h))

    def forward(self, x: Tensor, t: Tensor, class_labels: Tensor | None = None) -> Tensor:
        out = self.model(x, t, None if self.fault == "the forgotten class" else class_labels)
        return -out if self.fault == "the minus" else out


def without_gradient(h_channels: int, block: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The inputs of a decoder block, with no way back for what lies behind h's channels."""
    x, *rest = args
    return torch.cat([x[:, :h_channels], x[:, h_channels:].detach()], dim=1), *rest


FAULTS = ("the forgotten class", "the minus", "the cut skips")


def with_fault(model: nn.Module, fault: str) -> nn.Module:
    """A network with a fault, one of FAULTS, around a copy of `model`."""
    return WithFault(copy.deepcopy(model), fault)


def overfit_with_faults(unet: Callable[..., nn.Module], losses: list[float]) -> dict[str, float]:
    """The same test for three broken networks, drawn beside the losses of the whole one; returns where each ends."""
    curves = {"no fault": losses}
    for fault in FAULTS:
        torch.manual_seed(0)
        model = with_fault(unet(base_channels=8, num_heads=2, dropout=0.0), fault)
        curves[fault] = losses_on_one_batch(model, fault)
    figure, axes = plt.subplots(figsize=(7, 3.2))
    looks = zip(("blue", "orange", "green", "vermilion"), ("-", "--", "-.", ":"), strict=True)
    for (name, curve), (color, line) in zip(curves.items(), looks, strict=True):
        axes.plot(curve, line, color=COLORS[color], label=name)
    axes.set_yscale("log")
    plain_ticks(axes)
    axes.set_xlabel("step")
    axes.set_ylabel("loss (logarithmic)")
    axes.legend()
    ends = {name: min(curve) for name, curve in curves.items()}
    listed = ", ".join(f"{name}: {end:.3f}" for name, end in ends.items())
    show(
        figure,
        f"the same batch, learned by heart by four networks. Lowest loss in {len(losses)} steps: {listed}.",
        "Four falling curves. Three lie close together; that of the cut skips falls more slowly.",
    )
    return {name: ends[name] for name in FAULTS}


def silent_parameters(model: nn.Module) -> list[str]:
    """Names of parameters that got no gradient, or only zeros, from one loss."""
    images, labels = one_batch(4)
    model.eval()
    model.zero_grad()
    DDPM().loss(model, images, labels, torch.Generator().manual_seed(3)).backward()
    return [
        name for name, values in model.named_parameters() if values.grad is None or not bool((values.grad != 0).any())
    ]


def mystery_unet() -> type[nn.Module]:
    """The reference with one line of forward in another place. Don't look at it before you have guessed."""
    return edited(
        UNet,
        (
            "h = attention(resblock(h, emb))\n                skips.append(h)",
            "h = resblock(h, emb)\n                skips.append(h)\n                h = attention(h)",
        ),
    )


def first_in_first_out_unet() -> type[nn.Module]:
    """The reference, but the oldest skip is taken first: pop(0) instead of pop()."""
    return edited(
        UNet,
        ("self.check_inputs(x, t, class_labels)", "import torch"),
        ("h = cat_skip(h, skips)", "h = torch.cat([h, skips.pop(0)], dim=1)"),
    )
