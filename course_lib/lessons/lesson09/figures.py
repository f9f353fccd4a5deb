"""Figures and experiments of lesson 09: straight paths, curved trajectories, solvers, directions, two methods."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from course_lib.data import load_dataset
from course_lib.ddpm import DDPM
from course_lib.flow_matching import TIME_SCALE, FlowMatching
from course_lib.guidance import Model
from course_lib.lessons.shared.chain_narrow import show_chain
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS, as_picture, plain_ticks
from course_lib.sampling import starting_noise
from course_lib.time_embedding import SinusoidalPositionEmbedding
from course_lib.training.draw import IMAGE_SHAPE, draw_images
from course_lib.training.saved_model import TrainedModel

Velocity = Callable[[Tensor, float], Tensor]
Step = Callable[[Velocity, Tensor, float, float, Tensor], Tensor]
WalkBack = Callable[[Velocity, Tensor, int, Step], Tensor]

ANKLE_BOOT = 0  # of the data set
MEAN, STD = 0.3, 0.25
# standard deviation over the whole way above which a number of the embedding counts as varying
VARIES = 0.05


def picture(axis: plt.Axes, image: Tensor, title: str = "") -> None:
    axis.imshow(image[0].clamp(-1, 1), vmin=-1, vmax=1)
    axis.set_title(title, fontsize=9)
    as_picture(axis)


def correlation(one: Tensor, other: Tensor) -> float:
    """Of all pixels of two sets of images."""
    return float(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1])


# ---------------------------------------------------------------------------------------------- the path


def plot_two_paths(flow: FlowMatching) -> float:
    """Draw one image on its way to noise, along DDPM's path and along the straight one.

    Returns: what is left of the image half way along DDPM's path, as a factor.
    """
    clean, _ = load_dataset("fashion-mnist").batch(torch.tensor([ANKLE_BOOT]))
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    ddpm = DDPM()
    parts = (0.0, 0.25, 0.5, 0.75, 1.0)
    figure, axes = plt.subplots(2, len(parts), figsize=(9, 4.5), layout="constrained")
    for place, part in enumerate(parts):
        t = round(part * (ddpm.num_timesteps - 1))
        left = float(ddpm.alphas_cumprod[t].sqrt())
        picture(axes[0, place], ddpm.add_noise(clean, torch.tensor([t]), noise)[0], f"t = {t}\nimage times {left:.2f}")
        straight = flow.interpolate(clean, torch.tensor([part]), noise)[0]
        picture(axes[1, place], straight, f"t = {part}\nimage times {1 - part:.2f}")
    axes[0, 0].set_ylabel("DDPM")
    axes[1, 0].set_ylabel("straight line")
    half = float(ddpm.alphas_cumprod[ddpm.num_timesteps // 2].sqrt())
    show(
        figure,
        f"one image on its way to the same noise; above each, what the image is multiplied with. Half way that is "
        f"{half:.2f} with DDPM and 0.50 on the straight line.",
        "Two rows of five pictures of a boot that becomes noise. Half way, hardly any of it is left in the upper row; "
        "in the lower row it fades evenly.",
    )
    return half


# ---------------------------------------------------------------------------------------------- the loop


def plot_loop() -> None:
    """Euler's method as a loop, with the step that the exercise asks for marked."""
    show_chain(
        ("UNet", "times\n(t_next - t)", "+"),
        "the whole sampler of flow matching: from noise at t = 1, one model call in each round. You write what is "
        "orange; nothing is clipped, and no noise is added.",
        "A loop of steps from x at t to x at t_next: UNet, times t_next - t, plus x itself, a line around the steps "
        "before. An arrow leads from the end back to the beginning. The last two steps are orange.",
        marked=("times\n(t_next - t)", "+"),
        shortcut="x itself",
        shapes=("gives the\nvelocity v", "negative:\nback to t = 0"),
        ends=("x at t", "x at t_next"),
        loop="once more, from t_next on, until t = 0",
    )


# ---------------------------------------------------------------------------------------------- curved trajectories


def two_point_velocity(x: Tensor, t: float) -> Tensor:
    """The best possible velocity for data that are -1 or 1, each half of the time: (x - clean) / t.

    `clean` is the mean of the two points, weighed by how likely each has led to x at time t > 0.
    """
    clean = torch.tanh((1 - t) * x / t**2)
    return (x - clean) / t


def crossings(starts: Tensor, ends: Tensor) -> int:
    """How many pairs change their order between two times (those that end in the same point do not count)."""
    swapped = (starts[:, None] - starts[None]) * (ends[:, None] - ends[None]) < -1e-6
    return int(swapped.sum()) // 2


def plot_crossing(lines: int = 24) -> tuple[int, int]:
    """Draw straight training lines for data of two points beside the trajectories of the perfect sampler.

    Returns: pairs of lines that cross, and pairs of trajectories that do.
    """
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(lines, generator=generator, dtype=torch.float64)
    clean = torch.where(torch.rand(lines, generator=generator) < 0.5, -1.0, 1.0).double()
    times = torch.linspace(1, 0, 201, dtype=torch.float64)
    states = [noise]
    for t, t_next in zip(times[:-1].tolist(), times[1:].tolist(), strict=True):
        states.append(states[-1] + (t_next - t) * two_point_velocity(states[-1], t))
    walked = torch.stack(states)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.7), layout="constrained", sharey=True)
    for k in range(lines):
        for axis, path, goal in (
            (left, torch.stack([noise[k], clean[k]]), clean[k]),
            (right, walked[:, k], walked[-1, k]),
        ):
            up = bool(goal > 0)
            at = [1, 0] if axis is left else times
            axis.plot(at, path, "-" if up else "--", color=COLORS["blue" if up else "orange"], linewidth=1.3)
    for axis, title in ((left, "what training shows: straight lines"), (right, "where the perfect velocity leads")):
        axis.set(xlabel="t (0 is the data, 1 is noise)", title=title)
        axis.invert_xaxis()
    left.set_ylabel("the value of the only pixel")
    crossed = crossings(noise, clean), crossings(noise, walked[-1])
    between = walked[100]
    bend = float((between - (walked[0] + walked[-1]) / 2).abs().mean())
    show(
        figure,
        f"images of a single pixel that is -1 or 1. Left: {crossed[0]} pairs of straight lines cross. Right: "
        f"{crossed[1]} pairs of trajectories do; half way they are {bend:.2f} away from the straight line between "
        "their ends, on average.",
        "Left, straight lines from scattered points at t = 1 to -1 and 1 at t = 0, crossing each other. Right, curves "
        "from the same points that never cross: the upper ones all end at 1, the lower ones all at -1.",
    )
    return crossed


# ---------------------------------------------------------------------------------------------- one step


def class_means(labels: list[int]) -> Tensor:
    """The mean image of each of these classes: (N, 3, 32, 32)."""
    data = load_dataset("fashion-mnist")
    images, found = data.batch(torch.arange(2000))
    return torch.stack([images[found == label].mean(dim=0) for label in labels])


def plot_one_step(trained: TrainedModel, labels: tuple[int, ...] = (1, 3, 7, 8)) -> str:
    """Draw what one single Euler step makes of pure noise, beside the mean image of the class and twenty steps.

    Returns: what the one-step pictures look like, in the words of the prediction.
    """
    wanted = torch.tensor(labels).repeat(2)
    once = draw_images(trained, wanted, seed=5, num_steps=1)
    steps = 4 if smoke() else 20
    often = draw_images(trained, wanted, seed=5, num_steps=steps)
    means = class_means(list(labels))
    count = len(labels)
    figure, axes = plt.subplots(4, count, figsize=(1.6 * count + 1.1, 6.4), layout="constrained")
    rows = (
        (once[:count], "1 step"),
        (once[count:], "1 step,\nother noise"),
        (means, "mean of\nthe class"),
        (often[:count], f"{steps} steps"),
    )
    for place, (images, name) in enumerate(rows):
        for axis, image, label in zip(axes[place], images, labels, strict=True):
            picture(axis, image, trained.class_names[label] if place == 0 else "")
        axes[place, 0].set_ylabel(name)
    alike = correlation(once, torch.cat([means, means]))
    apart = float((once[:count] - once[count:]).abs().mean())
    apart_often = float((often[:count] - often[count:]).abs().mean())
    show(
        figure,
        f"pictures after a single Euler step resemble the mean of their class (correlation {alike:.2f}). Two of "
        f"them, from different noise, differ by {apart:.2f} a pixel; after {steps} steps by {apart_often:.2f}.",
        "Four rows of pictures of four classes. The first two rows, one step from different noise, resemble the third, "
        "the mean of the class: typical outlines without details. The fourth row is sharp.",
    )
    if alike > 0.8:
        return "the mean of the class"
    # from a pixel to the next white noise changes by root 2 of its spread, a picture by less than its spread
    return "noise" if float(once.diff(dim=-1).std() / once.std()) > 1 else "a sharp picture"


# ---------------------------------------------------------------------------------------------- orders


def gaussian_velocity(x: Tensor, t: float) -> Tensor:
    """The perfect velocity for data with mean 0.3 and standard deviation 0.25, in closed form."""
    variance = (1 - t) ** 2 * STD**2 + t**2
    centred = x - (1 - t) * MEAN
    return (t - (1 - t) * STD**2) * centred / variance - MEAN


def mean_and_spread(walk_back: WalkBack, step: Step, num_steps: int) -> tuple[float, float]:
    """Mean and standard deviation of what a sampler makes of standard normal noise, exactly.

    On this problem it is an affine map, a + b x: it is run on x = 0 and x = 1, and a and b are read off.
    """
    ends = walk_back(gaussian_velocity, torch.tensor([0.0, 1.0], dtype=torch.float64), num_steps, step).tolist()
    return ends[0], abs(ends[1] - ends[0])


def plot_orders(walk_back: WalkBack, steps: dict[str, Step]) -> dict[str, dict[int, float]]:
    """Draw the error of each solver's standard deviation against steps and against model calls, and print both.

    Returns: for each solver, the error for each number of steps.
    """
    counts = (5, 10, 20, 40, 80, 160)
    calls = {"euler": 1, "heun": 2}  # in a step
    errors = {
        name: {count: abs(mean_and_spread(walk_back, step, count)[1] - STD) for count in counts}
        for name, step in steps.items()
    }
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", sharey=True)
    marks = {"euler": ("blue", "o-"), "heun": ("vermilion", "s--")}
    for name, found in errors.items():
        color, style = marks[name]
        axes[0].plot(counts, list(found.values()), style, color=COLORS[color], label=name)
        axes[1].plot([calls[name] * n for n in counts], list(found.values()), style, color=COLORS[color], label=name)
    for axis, label in zip(axes, ("steps", "model calls"), strict=True):
        axis.set(xscale="log", yscale="log", xlabel=label)
        ticks = [count for count in (*counts, 2 * counts[-1]) if label == "model calls" or count <= counts[-1]]
        axis.set_xticks(ticks, [str(count) for count in ticks])
        axis.minorticks_off()
    plain_ticks(axes[0])
    axes[0].set_ylabel("error of the standard deviation")
    axes[0].legend(frameon=False)
    last = counts[-1]
    text = ", ".join(f"{name} {found[last // 2] / found[last]:.2f}" for name, found in errors.items())
    show(
        figure,
        f"error of the samples' standard deviation (true value {STD}). Twice as many steps, from {last // 2} to "
        f"{last}, divide it by: {text}.",
        "Two plots with logarithmic axes. The error of Euler falls along a straight line, that of Heun more steeply, "
        "in the end twice as steeply; over model calls instead of steps, Heun's line moves to the right.",
    )
    print("steps   " + "   ".join(f"{name:>9}" for name in errors))
    for count in counts:
        print(f"{count:5d}   " + "   ".join(f"{found[count]:9.1e}" for found in errors.values()))
    return errors


# ---------------------------------------------------------------------------------------------- 1000 t


def dimensions_that_vary(scale: float, dim: int = 256) -> tuple[int, Tensor]:
    """How many numbers of the time embedding vary noticeably, see VARIES, as t goes from 0 to 1."""
    table = SinusoidalPositionEmbedding(dim)(scale * torch.linspace(0, 1, 1001))
    return int((table.std(dim=0) > VARIES).sum()), table


def plot_embeddings() -> tuple[int, int]:
    """Draw the time embedding over the whole way, fed with t and with 1000 t. Returns how many numbers vary in each."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", sharey=True)
    counts = []
    for axis, scale in zip(axes, (1, TIME_SCALE), strict=True):
        count, table = dimensions_that_vary(scale)
        counts.append(count)
        image = axis.imshow(
            table.T, aspect="auto", cmap="cividis", extent=(0, 1, 256, 0), interpolation="nearest", vmin=-1, vmax=1
        )
        axis.set(xlabel="t", title=f"fed with {'t' if scale == 1 else '1000 t'}: {count} vary")
        axis.grid(False)
    axes[0].set_ylabel("column of the embedding")
    figure.colorbar(image, ax=axes, shrink=0.9, label="value")
    show(
        figure,
        f"the time embedding from t = 0 to 1. Fed with t itself, {counts[0]} of 256 numbers vary noticeably (standard "
        f"deviation above {VARIES}); fed with 1000 t, {counts[1]}. Arcs among the fast columns are no slow "
        "waves: neighbouring columns are there whole turns apart, and look alike.",
        "Two maps of the embedding, t to the right, the columns downwards as in lesson 01. Left, almost every row has "
        "a single colour from end to end. Right, most rows show stripes, finer and finer towards the top of each half.",
    )
    return counts[0], counts[1]


# ---------------------------------------------------------------------------------------------- the other direction


def model_of_the_papers(model: Model) -> Model:
    """One of our models, as if it had been trained in the papers' direction: other(x, s, labels), s from 0 to 1."""

    def other(x: Tensor, s: Tensor, labels: Tensor | None = None) -> Tensor:
        return -model(x, TIME_SCALE * (1 - s), labels)

    return other


def plot_directions(other: Model, from_other_direction: Callable[[Model], Model], labels: tuple = (1, 5, 8, 9)) -> str:
    """Draw what our sampler makes of the papers' model: turned rightly, with one half of it forgotten, not at all.

    Returns: what is drawn where the sign was forgotten, in the words of the prediction.
    """
    variants = {
        "turned": from_other_direction(other),
        "sign forgotten": lambda x, t, y: other(x, 1 - t / TIME_SCALE, y),
        "clock forgotten": lambda x, t, y: -other(x, t / TIME_SCALE, y),
        "both forgotten": lambda x, t, y: other(x, t / TIME_SCALE, y),
    }
    wanted = torch.tensor(labels)
    noise = starting_noise(other, (len(labels), *IMAGE_SHAPE), torch.Generator().manual_seed(2), None)
    figure, axes = plt.subplots(len(labels), len(variants), figsize=(6.4, 6.4), layout="constrained")
    sizes, drawn = {}, {}
    for column, (name, model) in zip(axes.T, variants.items(), strict=True):
        images = FlowMatching().sample(model, noise.shape, wanted, num_steps=4 if smoke() else 20, noise=noise)
        drawn[name], sizes[name] = images, float(images.abs().mean())
        for place, image in enumerate(images):
            picture(column[place], image, f"{name}\nmean size {sizes[name]:.2f}" if place == 0 else "")
    show(
        figure,
        "the same model and the same noise, four ways to turn it. The mean size of a pixel: "
        + ", ".join(f"{name} {size:.2f}" for name, size in sizes.items())
        + "; noise itself has 0.80.",
        "Four columns of pictures. The first shows clothes. With the sign or both forgotten there is strong "
        "noise, with the clock forgotten a mesh of fragments.",
    )
    right, found = drawn["turned"], drawn["sign forgotten"]
    wanted = {"negatives of clothes": -right, "clothes, mirrored": right.flip(-1)}
    alike = {name: correlation(found, images) for name, images in wanted.items()}
    likest = max(alike, key=alike.get)
    return likest if alike[likest] > 0.5 else "no clothes at all"


# ---------------------------------------------------------------------------------------------- pictures


def show_pictures(trained: TrainedModel, title: str, columns: int = 2, **options: object) -> None:
    """Draw a few pictures of each class."""
    count = len(trained.class_names)
    options = {"num_steps": 2 if smoke() else 20, "guidance_scale": 2.0, **options}
    images = draw_images(trained, torch.arange(count).repeat(columns), **options)
    figure, axes = plt.subplots(columns, count, figsize=(11, 1.08 * columns + 0.25), layout="constrained")
    for line in range(columns):
        for label in range(count):
            name = trained.class_names[label] if line == 0 else ""
            picture(axes[line, label], images[line * count + label], name)
    show(
        figure,
        f"{title}, {options['num_steps']} Euler steps with guidance {options['guidance_scale']:g} (lesson 10).",
        f"{columns} rows of ten pictures, one column for each class of clothing.",
    )


# ---------------------------------------------------------------------------------------------- side by side

KINDS = {
    ("flow", "euler"): ("flow matching, Euler", "blue", "o-"),
    ("flow", "heun"): ("flow matching, Heun", "green", "^-"),
    ("ddpm", "ddim"): ("DDPM, DDIM", "orange", "s--"),
    ("ddpm", "ddpm"): ("DDPM, ancestral", "vermilion", "D:"),
}


def entries(scale_is_one: bool) -> list[dict]:
    """The measured entries of assets/results/side_by_side.json, without guidance or with."""
    rows = [row for row in shipped_results("side_by_side").values() if "method" in row]
    return [row for row in rows if (row["scale"] == 1) == scale_is_one]


def over_seeds(rows: list[dict], figure: str) -> dict[int, list[float]]:
    """The values of one figure for each number of model calls, one a seed."""
    found: dict[int, list[float]] = {}
    for row in sorted(rows, key=lambda row: row["calls"]):
        found.setdefault(row["calls"], []).append(row[figure])
    return found


def plot_side_by_side() -> None:
    """Draw quality against the number of model calls for both methods, without guidance, and print the table."""
    rows = entries(scale_is_one=True)
    real = shipped_results("side_by_side")["real, 1000 pictures"]
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4), layout="constrained")
    for (method, solver), (name, color, style) in KINDS.items():
        own = [row for row in rows if (row["method"], row["solver"]) == (method, solver)]
        for axis, what in zip(axes, ("frechet", "accuracy"), strict=True):
            values = over_seeds(own, what)
            middle = [sum(found) / len(found) for found in values.values()]
            axis.plot(list(values), middle, style, color=COLORS[color], label=name, markersize=6)
            # one seed has no spread, and no bar
            several = {calls: found for calls, found in values.items() if len(found) > 1}
            if several:
                means = [sum(found) / len(found) for found in several.values()]
                ends = [
                    [abs(edge(found) - mean) for found, mean in zip(several.values(), means, strict=True)]
                    for edge in (min, max)
                ]
                axis.errorbar(list(several), means, yerr=ends, fmt="none", color=COLORS[color], capsize=4)
    for axis, what, label in zip(axes, ("frechet", "accuracy"), ("Fréchet distance", "class accuracy"), strict=True):
        axis.axhline(real[what], color=COLORS["grey"], linewidth=1.5, linestyle="-.", label="real images")
        axis.set(xscale="log", xlabel="model calls for each picture", ylabel=label)
        axis.set_xticks([2, 5, 10, 20, 50, 100, 1000], ["2", "5", "10", "20", "50", "100", "1000"])
        axis.minorticks_off()
    axes[0].set_yscale("log")
    plain_ticks(axes[0])
    axes[0].legend(frameon=False, fontsize=8)
    show(
        figure,
        "quality against effort, without guidance; bars reach from the lowest to the highest of several seeds, where "
        "there are several. " + findings(rows),
        "Two plots over the number of model calls, logarithmic, for four samplers. Fréchet distances fall steeply at "
        "first; that of Euler's method is lowest with 20 calls and a little higher with 50, that of the ancestral "
        "sampler goes on falling. The accuracies of Euler, Heun and DDIM rise and then stay, Euler's a little below "
        "its highest; that of the ancestral sampler begins highest and ends a little lower. At 20 calls the points of "
        "Euler and DDIM have bars; that of DDIM's distance hides behind its mark. A grey line marks real images.",
    )
    print_table(rows)


def findings(rows: list[dict]) -> str:
    """The best of each sampler, in a sentence."""
    found = []
    for (method, solver), (name, *_) in KINDS.items():
        own = [row for row in rows if (row["method"], row["solver"]) == (method, solver)]
        means = {calls: sum(values) / len(values) for calls, values in over_seeds(own, "frechet").items()}
        calls = min(means, key=means.get)
        found.append(f"{name} {means[calls]:.2f} with {calls:,} calls")
    return f"Smallest distances (means, where there are several seeds): {'; '.join(found)}."


def print_table(rows: list[dict]) -> None:
    counts = sorted({row["calls"] for row in rows})
    print("\nFréchet distance (mean over the seeds)")
    print(f"{'model calls':22}" + "".join(f"{count:>8}" for count in counts))
    for (method, solver), (name, *_) in KINDS.items():
        own = [row for row in rows if (row["method"], row["solver"]) == (method, solver)]
        values = over_seeds(own, "frechet")
        cells = [f"{sum(values[n]) / len(values[n]):8.2f}" if n in values else " " * 8 for n in counts]
        print(f"{name:22}" + "".join(cells))
    real = shipped_results("side_by_side")
    for name, row in real.items():
        if "method" not in row:
            print(f"{name}: {row['frechet']:.2f}")


def thousand_calls() -> tuple[float, list[float]]:
    """Fréchet distances on 500 pictures: DDPM with 1,000 calls, and flow matching with 20, one a seed. Prints them."""
    rows = entries(scale_is_one=True)
    long = next((row for row in rows if row["solver"] == "ddpm" and row["calls"] == 1000), None)
    short = [row["first_500"]["frechet"] for row in rows if row["solver"] == "euler" and row["calls"] == 20]
    if long is None or not short:
        print("These two were not measured.")
        return float("nan"), [float("nan")]
    mean = sum(short) / len(short)
    floor = shipped_results("side_by_side")["real, 500 pictures"]["frechet"]
    seeds = f"mean of {len(short)} seeds, from {min(short):.2f} to {max(short):.2f}"
    one = long["frechet"]
    print(f"500 pictures each. DDPM, 1000 calls: {one:.2f}.  Flow matching, 20 calls: {mean:.2f} ({seeds}).")
    print(f"Real images in that number: {floor:.2f}.")
    return one, short


def print_guided() -> None:
    """The same with the better guidance, which costs two model calls a step."""
    print(f"{'':22}{'scale':>7}{'calls':>7}{'accuracy':>10}{'distance':>10}{'without guidance, as many steps':>34}")
    plain = {(row["method"], row["solver"], row["steps"]): row for row in entries(True) if row["seed"] == 0}
    for row in sorted(entries(scale_is_one=False), key=lambda row: (row["method"], row["solver"], row["calls"])):
        name = KINDS[row["method"], row["solver"]][0]
        other = plain.get((row["method"], row["solver"], row["steps"]))
        beside = f"{other['accuracy']:.1%}, {other['frechet']:.2f}" if other else ""
        print(
            f"{name:22}{row['scale']:>7g}{row['calls']:>7}{row['accuracy']:>10.1%}{row['frechet']:>10.2f}{beside:>34}"
        )
