"""Figures and experiments of lesson 11: what a judge sees, how it can be fooled, and what each part is worth."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.assets import asset_path
from course_lib.data import load_dataset
from course_lib.evaluation.classifier import FashionClassifier, judge_images, load_judge
from course_lib.evaluation.evaluate import balanced_labels, draw_many
from course_lib.flow_matching import FlowMatching
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS, as_picture, plain_ticks

RESULTS = "results/ablations.json"
SHORT_NAMES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot")

Frechet = Callable[[Tensor, Tensor, Tensor, Tensor], float]
Statistics = Callable[[Tensor], tuple[Tensor, Tensor]]


# ---------------------------------------------------------------------------------------------- what the judge sees


@dataclass(frozen=True)
class Judged:
    """Images and what the judge makes of them: images (N, 3, 32, 32), labels, features (N, 64), predicted (N,)."""

    images: Tensor
    labels: Tensor
    features: Tensor
    predicted: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: Tensor | slice) -> "Judged":
        return Judged(self.images[which], self.labels[which], self.features[which], self.predicted[which])


def judged(classifier: FashionClassifier, images: Tensor, labels: Tensor, says: str) -> Judged:
    """Show images to the judge, with a progress bar."""
    found = [judge_images(classifier, part) for part in tqdm(images.split(250), desc=says, leave=False)]
    return Judged(images, labels, torch.cat([one for one, _ in found]), torch.cat([one for _, one in found]))


def meet_the_judge() -> tuple[FashionClassifier, Judged]:
    """The judge, and the 10,000 real images it never saw in training, in random order (fewer in a test run)."""
    dataset = load_dataset("fashion-mnist")
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0))[: 800 if smoke() else None]
    classifier = load_judge()
    return classifier, judged(classifier, *dataset.batch(order), "judging real images")


def held_out(real: Judged) -> tuple[Judged, Judged]:
    """A tenth of the real images, to stand in for a model's pictures, and the rest to compare with."""
    count = len(real) // 10
    return real[:count], real[count:]


def plot_mistakes(real: Judged, class_names: tuple[str, ...]) -> None:
    """Draw the first real images that the judge takes for something else."""
    wrong = torch.nonzero(real.predicted != real.labels)[:8, 0]
    figure, axes = plt.subplots(1, len(wrong), figsize=(11, 2.2), layout="constrained")
    for axis, index in zip(axes, wrong.tolist(), strict=True):
        axis.imshow(real.images[index, 0], vmin=-1, vmax=1)
        axis.set_title(
            f"{class_names[real.labels[index]]}\ntaken for\n{class_names[real.predicted[index]]}", fontsize=8
        )
        axis.set_axis_off()
    show(
        figure,
        f"real images that the judge gets wrong: {int((real.predicted != real.labels).sum())} of {len(real):,}. "
        "Would you have done better?",
        "Eight small pictures of clothes, each with its class and the class the judge took it for.",
    )


# ---------------------------------------------------------------------------------------------- one dimension


def bell(x: Tensor, mean: float, deviation: float) -> Tensor:
    return torch.exp(-((x - mean) ** 2) / (2 * deviation**2)) / (deviation * math.sqrt(2 * math.pi))


def plot_one_dimension() -> None:
    """Draw three pairs of bell curves: moved, wider, and both, with the parts of their distance."""
    pairs = [("moved", (0.0, 1.0), (2.0, 1.0)), ("wider", (0.0, 1.0), (0.0, 3.0)), ("both", (0.0, 1.0), (2.0, 3.0))]
    x = torch.linspace(-8, 10, 400)
    figure, axes = plt.subplots(1, 3, figsize=(11, 2.8), layout="constrained", sharey=True)
    texts = []
    for axis, (name, (m1, s1), (m2, s2)) in zip(axes, pairs, strict=True):
        axis.plot(x, bell(x, m1, s1), color=COLORS["blue"], label="real")
        axis.plot(x, bell(x, m2, s2), "--", color=COLORS["vermilion"], label="drawn")
        distance = (m1 - m2) ** 2 + (s1 - s2) ** 2
        axis.set_title(f"{name}: {(m1 - m2) ** 2:g} + {(s1 - s2) ** 2:g} = {distance:g}")
        axis.set(xlabel="one feature")
        texts.append(f"{name} {distance:g}")
    axes[0].set(ylabel="density")
    axes[0].legend(frameon=False)
    show(
        figure,
        f"squared difference of the means plus squared difference of the standard deviations: {', '.join(texts)}.",
        "Three pairs of bell curves: the second one moved to the right, made wider, and both.",
    )


# ---------------------------------------------------------------------------------------------- how many samples


def measure_sample_sizes(real: Judged, statistics: Statistics, frechet: Frechet) -> dict[int, list[float]]:
    """Distances between n real images and all the others, for several n and several draws of each."""
    sizes = [size for size in (20, 50, 100, 200, 500, 1000, 2000, 5000) if size <= len(real) // 2]
    repetitions = 2 if smoke() else 8
    generator = torch.Generator().manual_seed(0)
    found: dict[int, list[float]] = {}
    for size in tqdm(sizes, desc="sample sizes", leave=False):
        for _ in range(repetitions):
            order = torch.randperm(len(real), generator=generator)
            some, rest = real.features[order[:size]], real.features[order[size:]]
            found.setdefault(size, []).append(frechet(*statistics(some), *statistics(rest)))
    return found


def plot_sample_sizes(found: dict[int, list[float]]) -> None:
    """Draw the distance of real images to real images by their number."""
    sizes = list(found)
    means = [sum(values) / len(values) for values in found.values()]
    figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
    for size, values in found.items():
        label = "one draw" if size == sizes[0] else None
        axis.plot([size] * len(values), values, "o", color=COLORS["sky"], markersize=4, label=label)
    axis.plot(sizes, means, "-", color=COLORS["blue"], label="mean of the draws")
    middle = len(sizes) // 2
    axis.plot(
        sizes,
        [means[middle] * sizes[middle] / size for size in sizes],
        ":",
        color=COLORS["vermilion"],
        label="proportional to 1 / n",
    )
    axis.set(
        xscale="log",
        yscale="log",
        xlabel="number of real images, n",
        ylabel="Fréchet distance\nto the other real images",
    )
    plain_ticks(axis, "x")
    plain_ticks(axis)
    axis.legend(frameon=False)
    show(
        figure,
        "the distance of real images to other real images, which should be 0: "
        + ", ".join(f"{mean:.2f} for {size}" for size, mean in zip(sizes, means, strict=True))
        + ".",
        "A curve on logarithmic axes that falls as the number of images grows, beside a dotted line for 1 / n.",
    )


# ---------------------------------------------------------------------------------------------- fooling


def shrunken(images: Tensor) -> Tensor:
    """A second judge's features: the mean brightness of each of 64 patches of 4x4 pixels. (N, 64)."""
    return F.avg_pool2d(images[:, :1], 4).flatten(1)


def spoiled_sets(real: Judged) -> dict[str, tuple[Tensor, Tensor]]:
    """Sets to be judged, each as large as the held-out one: name -> (images, labels)."""
    from torchvision.transforms.functional import gaussian_blur

    sample, rest = held_out(real)
    images, labels = sample.images, sample.labels
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    few = torch.arange(len(sample)) % min(300, len(sample) // 3)
    return {
        "real": (images, labels),
        "a little noise": ((images + 0.1 * noise).clamp(-1, 1), labels),
        "a little blur": (gaussian_blur(images, 5, 0.7), labels),
        "mirrored": (images.flip(-1), labels),
        "one pixel down": (images.roll(1, dims=2), labels),
        "a bit brighter": ((images + 0.1).clamp(-1, 1), labels),
        "300 copied": (rest.images[few], rest.labels[few]),
    }


def judge_spoiled_sets(
    classifier: FashionClassifier, real: Judged, statistics: Statistics, frechet: Frechet
) -> dict[str, dict]:
    """For every set: accuracy, the judge's distance, and the distance of a judge that sees 8x8 patches."""
    rest = held_out(real)[1]
    network, patches = statistics(rest.features), statistics(shrunken(rest.images))
    rows = {}
    for name, (images, labels) in spoiled_sets(real).items():
        made = judged(classifier, images, labels, name)
        rows[name] = {
            "image": images[:4],
            "accuracy": float((made.predicted == labels).double().mean()),
            "network": frechet(*statistics(made.features), *network),
            "patches": frechet(*statistics(shrunken(images)), *patches),
        }
    return rows


def plot_spoiled_sets(rows: dict[str, dict]) -> None:
    """Draw every set's first images and its distance by two judges, as multiples of the real images'."""
    figure = plt.figure(figsize=(11, 4.6), layout="constrained")
    grid = figure.add_gridspec(2, len(rows), height_ratios=(1, 2.2))
    for column, (name, row) in enumerate(rows.items()):
        axis = figure.add_subplot(grid[0, column])
        top, bottom = torch.cat(list(row["image"][:2, 0]), dim=1), torch.cat(list(row["image"][2:, 0]), dim=1)
        axis.imshow(torch.cat([top, bottom]), vmin=-1, vmax=1)
        axis.set_title(name, fontsize=9)
        axis.set_axis_off()
    axis = figure.add_subplot(grid[1, :])
    for shift, (judge, color, hatch) in {
        -0.2: ("network", COLORS["blue"], ""),
        0.2: ("patches", COLORS["orange"], "//"),
    }.items():
        ratios = [row[judge] / rows["real"][judge] for row in rows.values()]
        label = "judge: the classifier's features" if judge == "network" else "judge: 64 patches of brightness"
        # bars stand on 1, which is what real images have
        heights = [ratio - 1 for ratio in ratios]
        places = [i + shift for i in range(len(rows))]
        bars = axis.bar(places, heights, 0.38, 1, color=color, hatch=hatch, label=label)
        axis.bar_label(bars, [f"{ratio:.3g}" for ratio in ratios], fontsize=9, padding=1)
    axis.set(yscale="log", ylabel="distance, in multiples\nof real images'", ylim=(0.5, 600))
    axis.set(xticks=range(len(rows)), xticklabels=list(rows), xlim=(-0.5, len(rows) - 0.5))
    axis.axhline(1, color=COLORS["grey"], linewidth=1)
    axis.legend(frameon=False, loc="upper left")
    worst = {judge: max(rows, key=lambda name: rows[name][judge]) for judge in ("network", "patches")}
    show(
        figure,
        f"the same sets before two judges. The classifier finds '{worst['network']}' worst, the patches "
        f"'{worst['patches']}'.",
        "Above, four pictures from each of seven sets. Below, two bars for each set on a logarithmic axis: its "
        "distance to the real images according to two judges, which rank the sets differently.",
    )


def gaussian_features(real: Judged, statistics: Statistics, root: Callable[[Tensor], Tensor]) -> Tensor:
    """Features that no image has: drawn from the Gaussian with the real images' mean and covariance. (N, 64)."""
    sample, rest = held_out(real)
    mean, cov = statistics(rest.features)
    normal = torch.randn(len(sample), len(mean), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return normal @ root(cov) + mean


def nearest_share(images: Tensor, real: Judged) -> float:
    """Share of images that are exact copies of a real one among `real`."""
    exact = "donot_use_mm_for_euclid_dist"  # the faster way leaves a distance between an image and itself
    distances = torch.cdist(images[:100, 0].flatten(1), real.images[:, 0].flatten(1), compute_mode=exact)
    return float((distances.min(dim=1).values < 1e-3).double().mean())


# ---------------------------------------------------------------------------------------------- the shipped model


def draw_from_the_shipped_model(guidance_scale: float) -> tuple[Tensor, Tensor]:
    """Pictures of all classes in turn from the weights that came with the course, and their labels."""
    labels = balanced_labels(20 if smoke() else 200, 10)
    steps = 4 if smoke() else 20
    return draw_many(shipped_model("flow"), labels, num_steps=steps, guidance_scale=guidance_scale), labels


# ---------------------------------------------------------------------------------------------- ablations


@dataclass(frozen=True)
class Ablations:
    """The project's own runs: results of `course_lib.lessons.lesson11.measure_ablations`.

    Attributes:
        head: what all runs share. runs: name of the variant -> its rows, one a seed.
    """

    head: dict
    runs: dict[str, list[dict]]

    def mean(self, variant: str, figure: str) -> float:
        values = [run[figure] for run in self.runs[variant]]
        return sum(values) / len(values)

    def spread(self, figure: str) -> float:
        """The largest difference between two seeds of the full network: what chance alone does. NaN for one seed."""
        values = [run[figure] for run in self.runs["full"]]
        return max(values) - min(values) if len(values) > 1 else math.nan

    def difference(self, variant: str, figure: str) -> float:
        """Variant minus the full network, with the seeds that both have."""
        full = {run["seed"]: run[figure] for run in self.runs["full"]}
        differences = [run[figure] - full[run["seed"]] for run in self.runs[variant] if run["seed"] in full]
        return sum(differences) / len(differences)

    @property
    def variants(self) -> list[str]:
        return [name for name in self.runs if name != "full"]


def load_ablations() -> Ablations:
    head = json.loads(asset_path(RESULTS).read_text(encoding="utf-8"))
    runs: dict[str, list[dict]] = {}
    for run in head.pop("runs"):
        runs.setdefault(run["variant"], []).append(run)
    return Ablations(head, runs)


def ablation_table(ablations: Ablations) -> None:
    """Print the means over the seeds."""
    print(f"{'network':24}{'seeds':>6}{'parameters':>12}{'loss':>8}{'accuracy':>10}{'distance':>10}{'diversity':>11}")
    for name, runs in ablations.runs.items():
        loss, accuracy, distance, diversity = (
            ablations.mean(name, figure) for figure in ("loss", "accuracy", "frechet", "diversity")
        )
        print(
            f"{name:24}{len(runs):>6}{runs[0]['parameters']:>12,}{loss:>8.4f}{accuracy:>10.1%}{distance:>10.2f}"
            f"{diversity:>11.2f}"
        )
    real = ablations.head["real"]
    accuracy, distance, diversity = (
        sum(one[figure] for one in real) / len(real) for figure in ("accuracy", "frechet", "diversity")
    )
    print(f"{'real images':24}{len(real):>6}{'':>12}{'':>8}{accuracy:>10.1%}{distance:>10.2f}{diversity:>11.2f}")
    spread = ", ".join(
        f"{name} {ablations.spread(figure):.{digits}f}"
        for name, figure, digits in (("loss", "loss", 4), ("accuracy", "accuracy", 3), ("distance", "frechet", 2))
    )
    print(f"\nlargest difference between two seeds of the full network: {spread}")


def say_what_differs(ablations: Ablations) -> None:
    """Print, for every variant, whether its distance differs from the full network's by more than seeds do."""
    spread = ablations.spread("frechet")
    for name in sorted(ablations.variants, key=lambda name: -ablations.difference(name, "frechet")):
        difference = ablations.difference(name, "frechet")
        if math.isnan(spread):
            words = "one seed alone: nobody knows what chance does"
        elif abs(difference) <= spread:
            words = "no more than two seeds differ: nothing can be said"
        else:
            words = (
                f"{abs(difference) / spread:.1f} times what two seeds differ: {'worse' if difference > 0 else 'better'}"
            )
        print(f"{name:24}{difference:+8.2f}   {words}")


CLAIMS = (
    ("Skip connections are critical. Without them, the model performs very poorly.", "no skips"),
    ("Without this [time], the model cannot distinguish between different noise levels!", "no time"),
    ("[Attention:] Capture global dependencies [...] Convolution is only local", "no attention"),
    ("[Attention is used] At low resolutions (8×8, 16×16).", "attention at 16 and 8"),  # noqa: RUF001
    ("[Residual:] Provides training stability in deep networks.", "no shortcuts"),
)


def say_claims(ablations: Ablations) -> None:
    """Print each of the document's claims beside what was measured."""
    full, spread = ablations.mean("full", "frechet"), ablations.spread("frechet")
    for claim, name in CLAIMS:
        if name not in ablations.runs:
            continue
        distance, accuracy = ablations.mean(name, "frechet"), ablations.mean(name, "accuracy")
        difference = ablations.difference(name, "frechet")
        if math.isnan(spread):
            words = "one seed alone, so small differences mean nothing"
        elif abs(difference) <= spread:
            words = "no difference that two seeds would not make"
        elif difference < 0:
            words = "better than the full network"
        else:
            words = f"{distance / full:.1f} times as far from real images"
        print(f'"{claim}"')
        print(f"    {name}: distance {full:.2f} -> {distance:.2f}, accuracy {accuracy:.0%}: {words}\n")


def most_missed(ablations: Ablations, among: tuple[str, ...]) -> str:
    """The variant of these whose distance grew most."""
    return max(among, key=lambda name: ablations.difference(name, "frechet"))


def plot_ablations(ablations: Ablations) -> None:
    """Draw every run: its distance and its accuracy, one dot a seed."""
    names = list(ablations.runs)
    spread = ablations.spread("frechet")
    full = ablations.mean("full", "frechet")
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 0.42 * len(names) + 1.3), layout="constrained", sharey=True)
    for row, name in enumerate(names):
        marker, color = ("D", COLORS["vermilion"]) if name == "full" else ("o", COLORS["blue"])
        style = {"color": color, "markersize": 7, "fillstyle": "none", "markeredgewidth": 1.8}
        for run in ablations.runs[name]:
            left.plot(run["frechet"], row, marker, **style)
            right.plot(100 * run["accuracy"], row, marker, **style)
    if not math.isnan(spread):
        left.axvspan(full - spread, full + spread, color=COLORS["light"], zorder=0)
    left.set(xlabel="Fréchet distance (log; grey: as far as two seeds differ)", xscale="log", yticks=range(len(names)))
    plain_ticks(left, "x")
    left.set_yticklabels(names)
    left.invert_yaxis()
    right.set(xlabel="class accuracy (%)")
    worst = most_missed(ablations, tuple(ablations.variants))
    show(
        figure,
        f"one mark for each trained network. Full: distance {full:.2f}; the worst, '{worst}', "
        f"{ablations.mean(worst, 'frechet'):.2f}.",
        "Two dot plots with one row for each variant of the network: its Fréchet distance and its class accuracy, one "
        "mark for each seed. In the left plot a grey band reaches to either side of the full network's mean, as far as "
        "two seeds differ.",
    )


def plot_ablation_grids(ablations: Ablations, names: tuple[str, ...]) -> None:
    """Show what some of the networks draw: ten classes in columns, the same noise for all."""
    lines = -(-len(names) // 2)
    figure, axes = plt.subplots(lines, 2, figsize=(11, 2.2 * lines + 0.2), layout="constrained", squeeze=False)
    for axis in axes.flat[len(names) :]:
        axis.set_axis_off()
    for axis, name in zip(axes.flat, names, strict=False):
        picture = plt.imread(asset_path(f"results/ablations_{name.replace(' ', '_')}.png"))
        axis.imshow(picture[: picture.shape[0] * 3 // 5], cmap="gray", vmin=0, vmax=1)
        run = ablations.runs[name][0]
        axis.set_title(f"{name}: accuracy {run['accuracy']:.0%}, distance {run['frechet']:.2f}", fontsize=10)
        as_picture(axis)
        width = picture.shape[1] / 10
        axis.xaxis.tick_top()
        axis.set_xticks([width * (place + 0.5) for place in range(10)], SHORT_NAMES, fontsize=7.8)
        axis.tick_params(axis="x", length=0, pad=1)
    show(
        figure,
        "the first three pictures of each class (columns) that each network of the first seed drew, from the same "
        "noise. Not selected. The titles are of that seed; the table above has the means.",
        "A grid of small grey pictures of clothes for each of several networks, with three rows and the ten classes as "
        "columns.",
    )


def read_the_clock(times: list[float]) -> list[float]:
    """Estimate the time of one noisy image from its pixels: red minus green of a grey picture is noise alone."""
    image = load_dataset("fashion-mnist").batch(torch.tensor([0]))[0]
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(3))
    found = []
    for t in times:
        x_t = FlowMatching().interpolate(image, torch.tensor([t]), noise)
        found.append(float((x_t[0, 0] - x_t[0, 1]).std() / math.sqrt(2)))
    return found


def stored_pictures(name: str) -> Tensor:
    """(rows, classes, 32, 32) the stored pictures of one network, from 0 to 1."""
    tiles = torch.from_numpy(plt.imread(asset_path(f"results/ablations_{name.replace(' ', '_')}.png")).copy())
    # a line of one pixel stands before each picture
    return tiles[1:, 1:].unfold(0, 32, 33).unfold(1, 32, 33)


def right_class_and_grain(name: str) -> tuple[float, float]:
    """How a network's stored pictures compare with the full network's.

    Returns: the share whose coarse part is most like its own class, among the means of the full network's classes; and
        the grain, the change from pixel to pixel, as a multiple of the full network's.
    """
    full, found = stored_pictures("full"), stored_pictures(name)
    means, coarse = (F.avg_pool2d(pictures, 4).flatten(2) for pictures in (full.mean(0, keepdim=True), found))
    means, coarse = (patches - patches.mean(-1, keepdim=True) for patches in (means, coarse))
    alike = F.cosine_similarity(coarse[:, :, None], means[:, None], dim=-1)  # (rows, classes, classes)
    right = alike.argmax(-1) == torch.arange(alike.shape[1])
    grains = [float(pictures.diff(dim=-1).std()) for pictures in (found, full)]
    return float(right.double().mean()), grains[0] / grains[1]


def what_it_draws(name: str) -> str:
    """What a network's stored pictures show, in the words of the prediction."""
    right, grain = right_class_and_grain(name)
    if grain > 1.5:
        return "the right clothes under noise" if right > 0.5 else "noise only"
    if right <= 0.5:
        return "clothes of other classes"
    return "blurred clothes" if grain < 0.8 else "clothes like the full network's"


def when_time_is_missed(ablations: Ablations) -> str:
    """Where the network without time loses most, in the words of the prediction."""
    times, more, chance = loss_by_time(ablations, "no time")
    t, most, between_seeds = max(zip(times, more, chance, strict=True), key=lambda point: point[1] - point[2])
    if most <= between_seeds:
        return "nowhere by more than seeds differ"
    return "near t = 0, the clean images" if t < 0.3 else "near t = 1, the noise" if t > 0.7 else "in the middle"


def whom_the_deaf_resembles(ablations: Ablations) -> str:
    """Which missing input's rise of the loss the deaf network shares, by half or more: time's at the cleanest t, the
    class's at the noisiest."""
    times, deaf, _ = loss_by_time(ablations, "one channel a group")
    alike = {}
    for name, here in (("no time", times.index(min(times))), ("no class", times.index(max(times)))):
        alike[name] = deaf[here] > loss_by_time(ablations, name)[1][here] / 2
    if all(alike.values()):
        return "both, each at its own end"
    return "the one without time" if alike["no time"] else "the one without class"


def loss_by_time(ablations: Ablations, name: str) -> tuple[list[float], list[float], list[float]]:
    """Times; by how many per cent the variant's loss is above the full network's; by how many full ones differ."""
    times = [float(t) for t in ablations.runs["full"][0]["loss_at"]]
    full = {run["seed"]: list(run["loss_at"].values()) for run in ablations.runs["full"]}
    run = ablations.runs[name][0]
    more = [100 * (a / b - 1) for a, b in zip(run["loss_at"].values(), full[run["seed"]], strict=True)]
    chance = [100 * (max(values) / min(values) - 1) for values in zip(*full.values(), strict=True)]
    return times, more, chance


def plot_loss_by_time(ablations: Ablations, names: tuple[str, ...]) -> None:
    """Draw how much larger a network's loss is than the full one's, by time."""
    figure, axis = plt.subplots(figsize=(7.5, 3.4), layout="constrained")
    styles = zip(("o-", "s--", "^:", "v-.", "D-"), ("blue", "vermilion", "green", "orange", "sky"), strict=True)
    for name, (style, color) in zip(names, styles, strict=False):
        times, more, chance = loss_by_time(ablations, name)
        axis.plot(times, more, style, color=COLORS[color], label=name)
    axis.fill_between(times, [-c for c in chance], chance, color=COLORS["light"], label="between seeds of the full one")
    axis.axhline(0, color=COLORS["grey"], linewidth=1)
    axis.set(xlabel="time t (0: clean image, 1: noise)", ylabel="loss, % above the full network")
    axis.legend(frameon=False, fontsize=9)
    show(
        figure,
        "where in time a missing part is missed: the loss at each time of the networks of the first seed, compared "
        "with that of the full network of this seed, on the same images and noise. Grey: as far as the full networks "
        "differ.",
        "A line for each of several networks over the time from 0 to 1: by how many per cent its loss lies above that "
        "of the full network, with a grey band for the differences between seeds.",
    )
