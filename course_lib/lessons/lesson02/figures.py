"""Figures of lesson 02: labels as numbers and as rows, who learns, sums of vectors, dropped labels, learned classes."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.data import load_dataset
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS
from course_lib.time_embedding import SinusoidalPositionEmbedding

CLASS_NAMES = load_dataset("fashion-mnist").class_names


def real_pictures() -> tuple[Tensor, Tensor]:
    """Real pictures as rows of 1,024 grey values in [-1, 1], and their labels: (N, 1024), (N,)."""
    images, labels = load_dataset("fashion-mnist").batch(torch.arange(500 if smoke() else 3000))
    return images[:, 0].flatten(1), labels


def mean_pictures() -> Tensor:
    """The mean picture of each class, (10, 1024)."""
    pictures, labels = real_pictures()
    return torch.stack([pictures[labels == label].mean(0) for label in range(10)])


def draw_rows(rows: dict[str, Tensor], titles: tuple[str, ...]) -> plt.Figure:
    """Rows of small pictures, each a vector of 1,024, with the row's name at its left."""
    columns = len(titles)
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(1.08 * columns + 0.6, 1.25 * len(rows) + 0.3), squeeze=False
    )
    for line, (name, pictures) in enumerate(rows.items()):
        for column, picture in enumerate(pictures):
            axis = axes[line, column]
            axis.imshow(picture.reshape(32, 32), vmin=-1, vmax=1)
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
            if line == 0:
                axis.set_title(titles[column], fontsize=9)
        axes[line, 0].set_ylabel(name, fontsize=9)
    return figure


def number_against_table() -> dict[str, float]:
    """The best pictures that a linear layer can draw from label/9, and from one-hot rows; the share it cannot."""
    wanted = mean_pictures()
    numbers = torch.stack([torch.ones(10), torch.arange(10) / 9], dim=1)
    drawn = {}
    for name, inputs in (("from label / 9", numbers), ("from a row each", torch.eye(10))):
        weights = torch.linalg.lstsq(inputs.double(), wanted.double()).solution
        drawn[name] = (inputs.double() @ weights).float()
    spread = (wanted - wanted.mean(0)).square().sum()
    lost = {name: float((picture - wanted).square().sum() / spread) for name, picture in drawn.items()}
    first, second = drawn
    show(
        draw_rows({"wanted": wanted, **drawn}, CLASS_NAMES),
        f"the mean picture of each class, and the best that a linear layer can do. From the number, "
        f"{lost[first]:.0%} of "
        f"what tells the classes apart is lost; from a row each, {lost[second]:.0%}.",
        "Three rows of ten small grey pictures. The top and the bottom row show ten different garments; in "
        "the middle row "
        "one blurred shape changes slowly from left to right.",
    )
    return lost


def plot_look_up(look_up: Callable[[Tensor, Tensor], Tensor], labels: Tensor, width: int = 12) -> None:
    """One-hot rows, a small table, and the rows that the product picks."""
    table = torch.randn(10, width, generator=torch.Generator().manual_seed(2))
    parts = {
        "one-hot rows (B, K)": F.one_hot(labels, 10).float(),
        "table (K, dim)": table,
        "result (B, dim)": look_up(table, labels).detach(),
    }
    widths = {"width_ratios": [10, width, width]}
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.9), gridspec_kw=widths, layout="constrained")
    for axis, (title, matrix) in zip(axes, parts.items(), strict=True):
        ones = axis is axes[0]
        drawn = axis.imshow(matrix, cmap="gray" if ones else "cividis", vmin=0 if ones else -2, vmax=1 if ones else 2)
        axis.set_title(f"{title}: {tuple(matrix.shape)}")
        axis.set_yticks(range(len(matrix)))
        axis.grid(False)
    for axis in (axes[0], axes[2]):
        axis.set_yticklabels([f"label {label}" for label in labels.tolist()])
    axes[0].set_xticks(range(10))
    axes[0].set_xlabel("class")
    axes[1].set_ylabel("class")
    for axis in axes[1:]:
        axis.set(xlabel="feature", xticks=range(0, width, 2))
    figure.colorbar(drawn, ax=list(axes[1:]), label="value", shrink=0.8)
    same = int(sum(torch.equal(parts["result (B, dim)"][b], table[k]) for b, k in enumerate(labels.tolist())))
    show(
        figure,
        f"one-hot rows times a table. {same} of {len(labels)} rows of the result are rows of the table, "
        f"number for number.",
        "Three heat maps side by side: a black matrix with a single white cell in each row, a table of ten rows, "
        "and the four "
        "rows picked from it.",
    )


def plot_learning_rows(gradient: Tensor, labels: Tensor) -> None:
    """How much each row of the table learns from one batch."""
    amounts = gradient.norm(dim=1)
    figure, axis = plt.subplots(figsize=(7, 2.8))
    asked = [int((labels == label).sum()) for label in range(len(gradient))]
    colors = [COLORS["blue"] if count else COLORS["light"] for count in asked]
    bars = axis.bar(range(len(gradient)), amounts, color=colors, edgecolor="black", linewidth=0.6)
    for count, bar in zip(asked, bars, strict=True):
        axis.annotate(f"{count}x", (bar.get_x() + bar.get_width() / 2, bar.get_height()), ha="center", va="bottom")
    axis.set_xticks(range(len(gradient)))
    axis.set_xlabel("row of the table (class)")
    axis.set_ylabel("length of its gradient")
    axis.margins(y=0.15)
    show(
        figure,
        f"the gradient of each row after one batch of labels {labels.tolist()}. {int((amounts > 0).sum())} of "
        f"{len(gradient)} rows learn; above each bar, how often its class was in the batch.",
        "A bar chart of ten rows. Only the rows whose class was in the batch have a bar.",
    )


def plot_cosines(widths: tuple[int, ...] = (4, 32, 256), pairs: int = 4000) -> float:
    """Cosines of the angle between pairs of random vectors; returns the mean size for the last width."""
    generator = torch.Generator().manual_seed(0)
    figure, axis = plt.subplots(figsize=(7, 3))
    styles = zip(widths, ("orange", "green", "blue"), (":", "--", "-"), strict=True)
    sizes = {}
    for width, color, line in styles:
        one, other = torch.randn(2, pairs, width, generator=generator)
        cosines = F.cosine_similarity(one, other)
        sizes[width] = float(cosines.abs().mean())
        axis.hist(
            cosines.numpy(),
            bins=60,
            range=(-1, 1),
            density=True,
            histtype="step",
            linewidth=1.8,
            linestyle=line,
            color=COLORS[color],
            label=f"{width} numbers",
        )
    axis.set_xlabel("cosine of the angle (0: at right angles)")
    axis.set_ylabel("share of pairs (density)")
    axis.legend(title="vectors of")
    show(
        figure,
        f"{pairs:,} pairs of random vectors. Mean size of the cosine: "
        + ", ".join(f"{size:.3f} at width {width}" for width, size in sizes.items())
        + ". Wide vectors that know nothing of each other are close to right angles.",
        "Three histograms of cosines around zero: a low, wide arch from -1 to 1 for width 4, a higher, narrower one "
        "for width 32, a narrow peak for width 256.",
    )
    return sizes[widths[-1]]


def plot_read_back(widths: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 256)) -> dict[str, float]:
    """Time and class vectors, added or put side by side: how often a linear layer reads the class back.

    Returns: the accuracies at the last width, and under "narrowest" that of the sum at the first.
    """
    found: dict[str, list[float]] = {"added": [], "side by side": []}
    generator = torch.Generator().manual_seed(0)
    count = 1000 if smoke() else 4000
    for width in widths:
        times = torch.randint(0, 1000, (count,), generator=generator)
        labels = torch.randint(0, 10, (count,), generator=generator)
        t_emb = SinusoidalPositionEmbedding(width)(times)
        c_emb = torch.randn(10, width, generator=generator)[labels]
        for name, inputs in (("added", t_emb + c_emb), ("side by side", torch.cat([t_emb, c_emb], dim=1))):
            inputs = torch.cat([inputs, torch.ones(count, 1)], dim=1).double()
            # ridge regression at even times, read at odd ones: no time of the test was met before
            met = times % 2 == 0
            square = inputs[met].T @ inputs[met] + 1e-3 * torch.eye(inputs.shape[1], dtype=torch.float64)
            weights = torch.linalg.solve(square, inputs[met].T @ F.one_hot(labels[met], 10).double())
            right = (inputs[~met] @ weights).argmax(1) == labels[~met]
            found[name].append(float(right.double().mean()))
    figure, axis = plt.subplots(figsize=(7, 3))
    looks = {"added": (COLORS["blue"], "o", "-"), "side by side": (COLORS["orange"], "s", "--")}
    for name, shares in found.items():
        color, marker, line = looks[name]
        axis.plot(widths, shares, color=color, marker=marker, linestyle=line, label=name)
    axis.axhline(0.1, color=COLORS["grey"], linewidth=1, linestyle=":", label="guessing")
    axis.set_xscale("log", base=2)
    axis.set_xticks(widths, [str(width) for width in widths])
    axis.set_ylim(0, 1.05)
    axis.set_xlabel("width of the vectors")
    axis.set_ylabel("class read correctly")
    axis.legend()
    last = {name: shares[-1] for name, shares in found.items()}
    last["narrowest"] = found["added"][0]
    show(
        figure,
        f"a linear layer, taught at even times, reads the class out of time and class together at odd ones. At width "
        f"{widths[-1]}: {last['added']:.1%} from the sum, {last['side by side']:.1%} side by side. At width "
        f"{widths[1]}: "
        f"{found['added'][1]:.0%} and {found['side by side'][1]:.0%}.",
        "Two rising lines: share of classes read correctly against the width of the vectors. The sum needs more width "
        "and then reaches the other line.",
    )
    return last


def plot_drops(
    drop_labels: Callable[[Tensor, float], Tensor], probability: float = 0.1, batch: int = 128, repeats: int = 1000
) -> list[int]:
    """How many labels are dropped in each of many batches, beside the binomial distribution. Returns the counts."""
    labels = torch.arange(batch) % 10
    torch.manual_seed(0)
    counts = [int((drop_labels(labels, probability) == -1).sum()) for _ in range(repeats)]
    figure, axis = plt.subplots(figsize=(7, 3))
    values = range(max(counts) + 2)
    axis.bar(
        values,
        [counts.count(value) / repeats for value in values],
        color=COLORS["sky"],
        edgecolor="black",
        linewidth=0.5,
        label="measured",
    )
    expected = torch.distributions.Binomial(batch, torch.tensor(probability))
    axis.plot(
        values,
        [float(expected.log_prob(torch.tensor(float(value))).exp()) for value in values],
        color=COLORS["vermilion"],
        marker=".",
        label="one coin for each label (binomial)",
    )
    axis.set_xlabel(f"labels dropped in a batch of {batch}")
    axis.set_ylabel("share of batches")
    axis.set_ylim(0, 0.17)
    axis.legend(loc="upper right")
    mean = sum(counts) / repeats
    show(
        figure,
        f"{repeats:,} batches of {batch} at probability {probability:g}: from {min(counts)} to {max(counts)} "
        f"labels are "
        f"dropped, {mean:.1f} on average.",
        "A histogram of the number of dropped labels, bell-shaped, with the binomial distribution drawn through it.",
    )
    return counts


def plot_learned_pictures(embed: nn.Module, to_picture: nn.Module) -> str:
    """What the small network draws for each class and for "no class", under the true means.

    Returns: what "no class" looks like, in the words of the prediction.
    """
    pictures, _ = real_pictures()
    wanted = torch.cat([mean_pictures(), pictures.mean(0, keepdim=True)])
    with torch.no_grad():
        drawn = to_picture(embed(torch.tensor([*range(10), -1])))
    distances = (drawn - wanted).square().mean(1).sqrt()
    show(
        draw_rows({"true mean": wanted, "learned": drawn.clamp(-1, 1)}, (*CLASS_NAMES, "no class (-1)")),
        f"what one label draws. The learned pictures are off by {distances[:10].mean():.2f} on a scale from -1 to 1; "
        f'"no class" by {distances[10]:.2f} from the mean of everything.',
        "Two rows of eleven small pictures: mean garments above, the network's below, almost alike. The last "
        "column, no "
        "class, is a blur of all garments.",
    )
    black = torch.full_like(wanted[:1], -1)
    likest = int((torch.cat([wanted, black]) - drawn[10]).square().mean(1).argmin())
    return {10: "a blur of everything", 11: "black"}.get(likest, "one of the ten classes")


def plot_similar_classes(embed: nn.Module, asked: str = "Trouser") -> str:
    """Cosines between the learned vectors, their mean taken off; returns the class nearest to `asked`."""
    with torch.no_grad():
        vectors = embed(torch.arange(10))
    vectors = F.normalize(vectors - vectors.mean(0), dim=1)
    cosines = vectors @ vectors.T
    nearest = (cosines - 2 * torch.eye(10)).argmax(1).tolist()
    figure, axis = plt.subplots(figsize=(6.4, 5))
    drawn = axis.imshow(cosines, cmap="cividis", vmin=-1, vmax=1)
    axis.set_xticks(range(10), CLASS_NAMES, rotation=50, ha="right")
    axis.set_yticks(range(10), CLASS_NAMES)
    axis.grid(False)
    for row, column in enumerate(nearest):
        axis.text(column, row, "x", ha="center", va="center", color="black", fontweight="bold")
    figure.colorbar(drawn, label="cosine between two rows, the mean of all taken off")
    name = CLASS_NAMES[nearest[CLASS_NAMES.index(asked)]]
    shirt, sneaker = (CLASS_NAMES[nearest[CLASS_NAMES.index(one)]] for one in ("Shirt", "Sneaker"))
    show(
        figure,
        f"how alike the learned vectors are, with the mean of all ten taken off; x marks each row's nearest other "
        f"class. {asked}: {name}. Shirt: {shirt}. Sneaker: {sneaker}. Nobody told the table what the names mean.",
        "A heat map of ten by ten classes, bright on the diagonal, and off it brightest where two tops meet, and "
        "sandal and sneaker.",
    )
    return name
