"""Experiments and figures of lesson 01: what an embedding makes of the time."""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.data import load_dataset
from course_lib.ddpm import DDPM
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS

STEPS = 1000
# a class with the contract of SinusoidalPositionEmbedding: dim -> module, (B,) -> (B, dim)
EmbeddingClass = Callable[[int], nn.Module]


def plot_noise_levels(times: tuple[int, ...] = (0, 100, 300, 600, 999)) -> None:
    """One image with the noise of several times."""
    images, _ = load_dataset("fashion-mnist").batch(torch.tensor([0]))
    process, generator = DDPM(), torch.Generator().manual_seed(0)
    noise = torch.randn(images.shape, generator=generator)
    figure, axes = plt.subplots(1, len(times), figsize=(9, 2.2))
    shares = []
    for axis, t in zip(axes, times, strict=True):
        noisy = process.add_noise(images, torch.tensor([t]), noise)
        shares.append(float(1 - process.alphas_cumprod[t]))
        axis.imshow(noisy[0, 0].clamp(-1, 1), cmap="gray", vmin=-1, vmax=1)
        axis.set_title(f"t = {t}")
        axis.set_axis_off()
    listed = ", ".join(f"{100 * share:.0f} %" for share in shares)
    show(
        figure,
        f"one picture at five times, mixed with noise. The noise's share (its weight, squared) is {listed}.",
        "Five copies of a picture of a shoe from Fashion-MNIST, from clean at t = 0 to nothing but noise at t = 999.",
    )


def noise_levels() -> Tensor:
    """log(signal / noise) of every step, (1000,), brought to mean 0 and standard deviation 1."""
    share = DDPM().alphas_cumprod
    level = torch.log(share / (1 - share))
    return ((level - level.mean()) / level.std()).float()


def compare_descriptions(embedding: EmbeddingClass, dim: int = 64) -> dict[str, tuple[float, float]]:
    """Teach the same small network to tell log(signal / noise) from three descriptions of t, at every fourth step only.

    It is brought to mean 0 and standard deviation 1.

    Returns: for each description the mean error at the steps that were taught, and at all others.
    """
    times, level = torch.arange(STEPS), noise_levels()
    taught = times % 4 == 0
    descriptions = {
        "one number, t / 1000": times[:, None] / STEPS,
        "one-hot": F.one_hot(times, STEPS).float(),
        f"sinusoidal, {dim} wide": embedding(dim)(times),
    }
    errors, curves = {}, {}
    rounds = 60 if smoke() else 600
    with torch.random.fork_rng():
        for name, inputs in tqdm(descriptions.items(), desc="descriptions"):
            torch.manual_seed(0)
            network = nn.Sequential(nn.Linear(inputs.shape[1], 64), nn.SiLU(), nn.Linear(64, 1))
            optimizer = torch.optim.Adam(network.parameters(), 3e-3)
            for _ in range(rounds):
                loss = F.mse_loss(network(inputs[taught])[:, 0], level[taught])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                curves[name] = network(inputs)[:, 0]
            error = (curves[name] - level).abs()
            errors[name] = float(error[taught].mean()), float(error[~taught].mean())
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), sharey=True)
    for axis, (name, curve) in zip(axes, curves.items(), strict=True):
        axis.plot(times[:60], curve[:60], ".", color=COLORS["vermilion"], label="network")
        axis.plot(times[:60], level[:60], color=COLORS["blue"], label="truth")
        axis.plot(times[:60:4], level[:60:4], "s", color=COLORS["blue"], markersize=5, fillstyle="none", label="taught")
        axis.set(title=name, xlabel="t, the first 60 steps")
    axes[0].set_ylabel("log(signal / noise), standardised")
    axes[0].legend()
    text = "; ".join(f"{name}: {seen:.3f} taught, {new:.3f} new" for name, (seen, new) in errors.items())
    show(
        figure,
        f"every fourth step was taught (squares); the first 60 steps are drawn. Mean errors over the "
        f"{int(taught.sum())} steps taught and the {int((~taught).sum())} new ones, where the truth has standard "
        f"deviation 1: {text}.",
        "Three panels, one a description of time. The true curve falls steeply; the network's answers follow it "
        "for the sinusoidal description, smooth the steep beginning out for one number, and are far off between the "
        "taught steps for one-hot.",
    )
    return errors


def plot_hands(times: tuple[int, ...] = (0, 1, 6, 63), dim: int = 8) -> None:
    """The embedding as clocks: at a few times, where each of its dim/2 hands points."""
    freqs = 10000.0 ** (-torch.arange(dim // 2, dtype=torch.float64) / (dim // 2))
    looks = [("blue", "-"), ("orange", "--"), ("green", "-."), ("vermilion", ":")]
    figure, axes = plt.subplots(1, len(times), figsize=(9.3, 2.9))
    round_about = torch.linspace(0, 2 * torch.pi, 200)
    for axis, t in zip(axes, times, strict=True):
        axis.plot(torch.cos(round_about), torch.sin(round_about), color=COLORS["grey"], linewidth=1)
        for number, (freq, (color, line)) in enumerate(zip(freqs.tolist(), looks, strict=True)):
            # each a little longer than the one before it, so that hands that point alike are all seen
            length = 0.55 + 0.13 * number
            angle = torch.tensor(freq * t)
            end = float(length * torch.cos(angle)), float(length * torch.sin(angle))
            label = f"{freq:g} radian a step"
            axis.plot([0, end[0]], [0, end[1]], line, color=COLORS[color], linewidth=2.2, label=label)
            axis.plot(*end, "o", color=COLORS[color], markersize=5)
        axis.set_title(f"t = {t}")
        axis.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), aspect="equal", xlabel="cosine")
        axis.set_xticks((-1, 0, 1))
        axis.set_yticks((-1, 0, 1))
        axis.grid(False)
    axes[0].set_ylabel("sine")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="lower center", ncols=len(freqs), frameon=False)
    figure.subplots_adjust(bottom=0.3, left=0.06, right=0.99, wspace=0.3)
    show(
        figure,
        f"a clock with {len(freqs)} hands (dim = {dim}) at four times. A hand points to its cosine on the right and "
        "its sine upwards; lengths differ only to tell them apart. At t = 6 the fastest is nearly back: it alone would "
        "take 6 for 0.",
        "Four clock faces. At t = 0 all four hands point to the right. At t = 1 the fastest has moved by a sixth of a "
        "turn. At t = 6 it is nearly back, and the second has moved by a tenth of a turn. At t = 63 both are near the "
        "start again, and the third has moved by a tenth of a turn.",
    )


def plot_waves(freqs: Tensor, columns: tuple[int, ...] = (0, 32, 64, 96)) -> None:
    """sin(t * frequency) over all steps for a few of the frequencies."""
    times = torch.arange(0, STEPS)
    figure, axes = plt.subplots(len(columns), 1, figsize=(9, 5), sharex=True)
    for axis, column in zip(axes, columns, strict=True):
        length = 2 * torch.pi / float(freqs[column])
        axis.plot(times, torch.sin(times * freqs[column].cpu()), color=COLORS["blue"], linewidth=0.8)
        axis.set_ylim(-1.15, 1.15)
        axis.set_title(f"i = {column}: one turn takes {length:,.0f} steps", loc="left", fontsize=9)
    axes[-1].set_xlabel("t")
    figure.supylabel("sin(t * freqs[i])")
    figure.tight_layout()
    *lengths, longest = (f"{2 * torch.pi / float(freqs[column]):,.0f}" for column in columns)
    show(
        figure,
        f"four of {len(freqs)} waves. One turn takes {', '.join(lengths)} and {longest} steps.",
        "Four sine waves over t from 0 to 999, each slower than the one above it; the last only rises: it makes a "
        "sixth of a turn.",
    )


def plot_heat_map(embedding: EmbeddingClass, dim: int = 256) -> None:
    """The embedding of every step as a picture: one column of the picture a step, one row a column of the embedding."""
    values = embedding(dim)(torch.arange(STEPS)).T
    figure, axis = plt.subplots(figsize=(9, 4))
    picture = axis.imshow(values, aspect="auto", cmap="cividis", vmin=-1, vmax=1, interpolation="nearest")
    axis.axhline(dim / 2 - 0.5, color="white", linewidth=1.5, linestyle="--")
    axis.grid(False)
    axis.set(xlabel="t", ylabel="column of the embedding")
    for place, name in ((dim / 4, "sines"), (3 * dim / 4, "cosines")):
        axis.text(
            940, place, name, ha="right", va="center", color="black", bbox={"facecolor": "white", "edgecolor": "none"}
        )
    figure.colorbar(picture, label="value")
    last = values[-1]
    show(
        figure,
        f"all {STEPS} embeddings. Sines above the dashed line, cosines below. The slowest cosine, in the last row, "
        f"moves from 1 to {float(last[-1]):.3f}. The arcs among the fast columns are no slow waves: neighbouring "
        "columns are there a whole turn apart, or several, and look alike.",
        "A heat map, t to the right and the columns downwards. Each half begins with fast stripes that widen "
        "downwards into areas of one colour.",
    )


def nearest_steps(vectors: Tensor) -> Tensor:
    """For each row, the number of the row that lies nearest to it. Computed in float64, difference by difference."""
    distances = torch.cdist(vectors.double(), vectors.double(), compute_mode="donot_use_mm_for_euclid_dist")
    return distances.fill_diagonal_(float("inf")).argmin(dim=1)


def share_of_neighbours(vectors: Tensor) -> float:
    """The share of steps t whose nearest other step is t - 1 or t + 1."""
    steps = torch.arange(len(vectors))
    return float(((nearest_steps(vectors) - steps).abs() == 1).double().mean())


def sines_and_cosines(freqs: Tensor) -> Tensor:
    """All 1000 steps, embedded with any frequencies, in float64."""
    args = torch.arange(STEPS, dtype=torch.float64)[:, None] * freqs.double()[None, :]
    return torch.cat([torch.sin(args), torch.cos(args)], dim=-1)


def turned_by(freqs: Tensor, steps: float) -> Tensor:
    """The matrix M with embedding(t) @ M = embedding(t + steps) for every t: each hand turns by its own angle."""
    angles = freqs.double() * steps
    cos, sin = torch.diag(torch.cos(angles)), torch.diag(torch.sin(angles))
    # sin(a + b) = sin a cos b + cos a sin b; cos(a + b) = cos a cos b - sin a sin b
    return torch.cat([torch.cat([cos, -sin], dim=1), torch.cat([sin, cos], dim=1)])


def plot_neighbours(shares: Mapping[str, float]) -> None:
    """Bars: for each way to embed time, how often a neighbour in time is the nearest vector."""
    figure, axis = plt.subplots(figsize=(8, 0.55 * len(shares) + 1))
    for place, share in enumerate(shares.values()):
        axis.barh(place, 100 * share, color=COLORS["blue"])
        axis.text(100 * share + 1, place, f"{100 * share:.0f} %", va="center")
    axis.set_yticks(range(len(shares)), list(shares))
    axis.invert_yaxis()
    axis.set_xlim(0, 112)
    axis.set_xlabel("steps whose nearest vector is that of t - 1 or t + 1, %")
    good = [name for name, share in shares.items() if share > 0.99]
    show(
        figure,
        f"is the nearest vector a neighbour in time? {len(good)} of {len(shares)} ways to embed time keep all "
        "neighbours together.",
        "A bar chart of that share for each way to embed time. "
        + "; ".join(f"{name}: {100 * share:.0f} %" for name, share in shares.items())
        + ".",
    )


def plot_similarity(embedding: EmbeddingClass, dim: int = 256, anchors: tuple[int, ...] = (200, 500, 800)) -> None:
    """Dot products of a few steps with every other step, over the distance between the two."""
    with torch.no_grad():
        vectors = embedding(dim)(torch.arange(STEPS, dtype=torch.float64))
    figure, axis = plt.subplots(figsize=(8, 3.4))
    styles = zip(anchors, ("-", "--", ":"), ("blue", "orange", "green"), (4.0, 2.5, 1.5), strict=False)
    curves = []
    for anchor, line, color, width in styles:
        reach = torch.arange(-199, 200)
        curves.append(vectors[anchor + reach] @ vectors[anchor] / (dim / 2))
        axis.plot(reach, curves[-1], line, color=COLORS[color], linewidth=width, label=f"seen from t = {anchor}")
    axis.set(xlabel="distance in steps", ylabel="dot product / (dim/2)")
    axis.legend()
    apart = max(float((curve - curves[0]).abs().max()) for curve in curves)
    show(
        figure,
        f"similarity over distance, from {len(anchors)} different steps: the curves differ by at most {apart:.0e}. "
        f"One step away it is {float(curves[0][200]):.3f}, a hundred away {float(curves[0][299]):.2f}.",
        "Three curves that lie on top of one another: each is 1 at distance 0, and falls and wavers on both sides.",
    )


def plot_silu() -> None:
    """SiLU beside ReLU and beside the straight line that passes everything on."""
    x = torch.linspace(-6, 6, 601)
    silu = F.silu(x)
    figure, axis = plt.subplots(figsize=(7, 3.2))
    axis.plot(x[x > -1.5], x[x > -1.5], ":", color=COLORS["grey"], label="x")
    axis.plot(x, F.relu(x), "--", color=COLORS["orange"], label="ReLU, max(x, 0)")
    axis.plot(x, silu, color=COLORS["blue"], linewidth=2, label="SiLU, x * sigmoid(x)")
    axis.set(xlabel="what comes in, x", ylabel="what goes on", ylim=(-1.5, 6))
    axis.legend(loc="upper left")
    show(
        figure,
        f"of 4 SiLU passes on {float(F.silu(torch.tensor(4.0))):.2f}, of -4 {float(F.silu(torch.tensor(-4.0))):.2f}, "
        f"and its lowest value is {float(silu.min()):.2f}, at {float(x[silu.argmin()]):.2f}.",
        "Three curves. SiLU lies near zero on the left, dips a little below it, and bends smoothly up to the straight "
        "line x on the right. ReLU is zero up to 0 and the line x from there, with a kink between.",
    )


def train_both_orders(in_code_order: Tensor, in_formula_order: Tensor, order: Tensor) -> tuple[float, float]:
    """Teach two small networks the noise level of every step, one from each order of the embedding's columns.

    They begin with the same weights, the first layer's columns in the order of the inputs. Returns: the mean errors.
    """
    level, errors = noise_levels(), []
    with torch.random.fork_rng():
        for inputs, columns in ((in_code_order, torch.arange(len(order))), (in_formula_order, order)):
            torch.manual_seed(0)
            network = nn.Sequential(nn.Linear(len(order), 64), nn.SiLU(), nn.Linear(64, 1))
            with torch.no_grad():
                network[0].weight.copy_(network[0].weight[:, columns].clone())
            optimizer = torch.optim.Adam(network.parameters(), 3e-3)
            for _ in range(200):
                loss = F.mse_loss(network(inputs)[:, 0], level)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            errors.append(float((network(inputs)[:, 0] - level).detach().abs().mean()))
    return errors[0], errors[1]


def beyond_one_linear() -> tuple[float, float]:
    """Which share of what two random Linears give together the best single one cannot give; and with a SiLU between."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        first, second = nn.Linear(64, 64).double(), nn.Linear(64, 64).double()
        x = torch.randn(2000, 64, dtype=torch.float64)
        x_and_one = torch.cat([x, torch.ones(2000, 1, dtype=torch.float64)], dim=1)
        missed = []
        for between in (lambda hidden: hidden, F.silu):
            out = second(between(first(x)))
            best = torch.linalg.lstsq(x_and_one, out).solution
            missed.append(float((out - x_and_one @ best).norm() / (out - out.mean(0)).norm()))
    return missed[0], missed[1]
