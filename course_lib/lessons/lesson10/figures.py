"""Figures of lesson 10: guidance, sampling in few steps, averaged weights."""

import dataclasses
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import torch
from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.assets import asset_path
from course_lib.data import load_dataset
from course_lib.ddpm import DDPM
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.evaluation.metrics import class_accuracy, diversity
from course_lib.flow_matching import TIME_SCALE, heun_step
from course_lib.lessons.lesson10.measure_steps import BothEnds, Leading
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS, as_picture, plain_ticks
from course_lib.training.draw import draw_images
from course_lib.training.saved_model import TrainedModel

Guided = Callable[..., Tensor]
Update = Callable[[Sequence[Tensor], Sequence[Tensor], float], None]

STEPS = 3 if smoke() else 12
CLASSES = (0, 1, 2, 5, 7, 8, 9)
METHOD_NAMES = {"flow": "flow matching", "ddpm": "DDPM"}


# ---------------------------------------------------------------------------------------------- guidance


def draw_guided(guided_prediction: Guided, labels: Tensor, scale: float, steps: int = STEPS, seed: int = 0) -> Tensor:
    """Images (B, 3, 32, 32), not clipped, from the flow matching network that came with the course, by Euler's method.

    The loop is that of `FlowMatching.sample`, with the learner's `guided_prediction` in it.
    """
    model = shipped_model("flow").model
    x = torch.randn(len(labels), 3, 32, 32, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for i in range(steps):
            t = torch.full((len(x),), TIME_SCALE * (1 - i / steps))
            x = x - guided_prediction(model, x, t, labels, scale) / steps
    return x


def draw_pictures(rows: dict[str, Tensor], titles: Sequence[str], width: float = 1.05) -> plt.Figure:
    """Rows of pictures (N, 3, 32, 32) in [-1, 1], each row with its name, each column with its title."""
    figure, axes = plt.subplots(
        len(rows), len(titles), figsize=(width * len(titles) + 1.2, 1.12 * len(rows) + 0.35), squeeze=False
    )
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for axis, image in zip(line, images, strict=True):
            axis.imshow(image[0].clamp(-1, 1), vmin=-1, vmax=1)
            as_picture(axis)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=8)
    return figure


def plot_one_line(guided_prediction: Guided, label: int = 9, times: Sequence[float] = (0.8, 0.96)) -> None:
    """Draw the clean image that the network expects, for several places on the line through two predictions.

    The picture asked about is a noisy dress, so that the class asked for and the picture pull in two directions.

    Args:
        label: the class asked for; times: how noisy the picture is, one row for each.
    """
    trained, data = shipped_model("flow"), load_dataset("fashion-mnist")
    dress = int((data.labels == 3).nonzero()[3])
    clean, _ = data.batch(torch.tensor([dress]))
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(3))
    scales, labels = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0), torch.tensor([label])
    rows, moved = {}, []
    for t in times:
        x = trained.process.interpolate(clean, torch.tensor([t]), noise)
        with torch.no_grad():
            expected = [
                x - t * guided_prediction(trained.model, x, torch.tensor([TIME_SCALE * t]), labels, scale)
                for scale in scales
            ]
        rows[f"{t:.0%} noise"] = torch.cat([x, *expected])
        moved.append(float((expected[2] - expected[0]).abs().mean()))
    figure = draw_pictures(rows, ["the noisy dress", *(f"scale {scale:g}" for scale in scales)], width=1.25)
    show(
        figure,
        f"the clean image expected under a noisy dress when an ankle boot is asked for. From scale 0 to scale 1 "
        f"the expected pixels move by {moved[0]:.2f} on average with {times[0]:.0%} noise, and by {moved[1]:.2f} with "
        f"{times[1]:.0%}.",
        "Two rows: one noisy picture, then six expected images. In the upper row a dress at every scale; at 4 and 8 "
        "its outline is bent, and spots appear. In the lower row a blurred garment at scale 0, a blurred boot at 1, "
        "and from 2 on a boot that becomes a white, flat shape.",
    )


def beyond(images: Tensor) -> float:
    """The share of pixels that lie outside of [-1, 1] by more than a twentieth."""
    return float((images.abs() > 1.05).float().mean())


def plot_scales(
    guided_prediction: Guided, scales: Sequence[float] = (0, 1, 3, 8)
) -> tuple[dict[float, float], dict[float, float]]:
    """Draw the same noise and the same classes at several scales.

    Returns: for each scale, the class accuracy by the judge that came with the course; and the share of pixels beyond
        white and black, before they are clipped.
    """
    names, labels = load_dataset("fashion-mnist").class_names, torch.tensor(CLASSES)
    images = {
        scale: draw_guided(guided_prediction, labels, float(scale))
        for scale in tqdm(scales, desc="scales", leave=False)
    }
    judge = load_judge()
    accuracy = {
        scale: class_accuracy(judge_images(judge, drawn.clamp(-1, 1))[1], labels) for scale, drawn in images.items()
    }
    show(
        draw_pictures({f"scale {scale}": drawn for scale, drawn in images.items()}, [names[k] for k in CLASSES]),
        f"seven classes from the same noise at four scales, {STEPS} steps each.",
        "Four rows of small pictures. At scale 0 the garments do not follow the columns' names; from 1 on they do, at "
        "3 with more contrast; at 8 they are hard, bright and flat.",
    )
    return accuracy, {scale: beyond(drawn) for scale, drawn in images.items()}


def measure_scales(guided_prediction: Guided, scales: Sequence[float] = (1, 3, 8)) -> list[dict[str, float]]:
    """Accuracy and diversity of a few pictures a scale, by the judge that came with the course.

    Returns: for each scale: scale, accuracy, diversity (as a share of that of 1,000 real images).
    """
    judge, data = load_judge(), load_dataset("fashion-mnist")
    images, real_labels = data.batch(torch.arange(200 if smoke() else 1000))
    real = diversity(judge_images(judge, images)[0], real_labels)
    count = 20 if smoke() else 60
    found = []
    for scale in tqdm(scales, desc="scales", leave=False):
        labels = torch.arange(count) % 10
        drawn = draw_guided(guided_prediction, labels, float(scale), steps=min(STEPS, 8), seed=1).clamp(-1, 1)
        features, predicted = judge_images(judge, drawn)
        found.append(
            {
                "scale": scale,
                "accuracy": class_accuracy(predicted, labels),
                "diversity": diversity(features, labels) / real,
            }
        )
    return found


def guidance_results() -> dict[str, list[dict]]:
    """The stored measurements by method, each sorted by scale."""
    stored = shipped_results("guidance")
    found = {}
    for method in METHOD_NAMES:
        rows = [row for row in stored.values() if row.get("method") == method]
        if rows:
            found[method] = sorted(rows, key=lambda row: row["scale"])
    return found


def best_scales() -> dict[str, float]:
    """For each method the scale with the smallest distance."""
    return {method: min(rows, key=lambda row: row["frechet"])["scale"] for method, rows in guidance_results().items()}


def plot_guidance_results() -> None:
    """Draw accuracy, diversity and distance against the scale, from assets/results/guidance.json."""
    results, real = guidance_results(), shipped_results("guidance")["real"]
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.5), layout="constrained")
    panels = {
        "accuracy": "class accuracy",
        "diversity": "diversity (all real images: 1)",
        "frechet": "Fréchet distance",
    }
    for axis, (key, label) in zip(axes, panels.items(), strict=True):
        for (method, rows), color, style in zip(results.items(), ("blue", "orange"), ("o-", "s--"), strict=False):
            xs, ys = [row["scale"] for row in rows], [row[key] for row in rows]
            axis.plot(xs, ys, style, color=COLORS[color], label=METHOD_NAMES[method])
        label_of_real = f"{real['pictures']} real images"
        axis.axhline(real[key], color=COLORS["grey"], linestyle=":", label=label_of_real)
        axis.set(xlabel="guidance scale (logarithmic from 1 on)", ylabel=label)
        # the small scales are the ones people use: room for them
        axis.set_xscale("symlog", linthresh=1, linscale=0.3)
        axis.set_xticks([0, 1, 1.5, 2, 3, 5, 8], ["0", "1", "1.5", "2", "3", "5", "8"])
        axis.minorticks_off()
    for axis in axes[1:]:
        axis.set_yscale("log")
        plain_ticks(axis)
    axes[0].legend(frameon=False, loc="lower right")
    best = best_scales()
    text = []
    for method, rows in results.items():
        one, last = next(row for row in rows if row["scale"] == 1), rows[-1]
        text.append(
            f"{METHOD_NAMES[method]}: accuracy {one['accuracy']:.0%} at scale 1, {last['accuracy']:.0%} at "
            f"{last['scale']:g}; diversity {one['diversity']:.2f} and {last['diversity']:.2f}; smallest distance at "
            f"scale {best[method]:g}"
        )
    show(
        figure,
        f"{real['pictures']} pictures a scale. " + ". ".join(text) + ".",
        "Three line plots against the guidance scale: accuracy rises steeply and levels off, diversity falls less and "
        "less, the distance has its minimum at a small scale and grows beyond it.",
    )


# ---------------------------------------------------------------------------------------------- steps


def plot_spacings(mine: type[DDPM], num_steps: int = 4) -> dict[str, float]:
    """Draw three ways to choose the times of DDIM's steps, and what each draws from the same noise.

    Args:
        mine: a DDPM class with the learner's `sampling_times`.
    Returns: for each way, how far its pictures are from those that 50 steps draw (root mean squared difference).
    """
    trained, labels = shipped_model("ddpm"), torch.tensor(CLASSES)
    ways = {"yours (trailing)": mine(), "leading": Leading(), "both ends": BothEnds()}
    options = {"seed": 4, "solver": "ddim"}
    many = draw_images(trained, labels, num_steps=4 if smoke() else 50, **options)
    drawn = {
        name: draw_images(dataclasses.replace(trained, process=process), labels, num_steps=num_steps, **options)
        for name, process in tqdm(ways.items(), desc="spacings", leave=False)
    }
    distances = {name: float((images - many).square().mean().sqrt()) for name, images in drawn.items()}
    figure = plt.figure(figsize=(10.5, 4.2))
    line = figure.add_axes((0.11, 0.14, 0.27, 0.62))
    for height, (process, color, marker) in enumerate(
        zip(ways.values(), ("blue", "vermilion", "green"), ("o", "s", "^"), strict=True)
    ):
        times = process.sampling_times(num_steps)
        line.plot(times, [-height] * len(times), marker, color=COLORS[color], markersize=8)
    line.set(xlim=(-40, 1040), ylim=(-2.5, 0.5), xlabel="t (0: image, 999: noise)", yticks=[0, -1, -2])
    line.set_yticklabels(list(ways))
    for row, images in enumerate([*drawn.values(), many]):
        height = 0.77 if row == 3 else 0.55 - 0.205 * row
        for column, image in enumerate(images):
            axis = figure.add_axes((0.42 + 0.081 * column, height, 0.077, 0.193))
            axis.imshow(image[0], vmin=-1, vmax=1)
            axis.axis("off")
    figure.text(0.41, 0.865, "50 steps", ha="right", va="center", fontsize=10)
    show(
        figure,
        f"{num_steps} steps of DDIM, three ways to choose the times; above, 50 steps from the same noise. Distance "
        "from those: " + ", ".join(f"{name} {value:.3f}" for name, value in distances.items()) + ".",
        "Left, three rows of four dots on the time axis: yours at 999, 749, 499, 249, the second row at 750, 500, 250, "
        "0, the third from 999 to 0. Right, seven pieces of clothing for each of them, and a row drawn in 50 steps "
        "above.",
    )
    return distances


def image_left(process: DDPM, t: int) -> float:
    """The factor the schedule says the image is multiplied with at time t."""
    return float(process.alphas_cumprod[t].sqrt())


def heun_to_the_end(trained: TrainedModel, noise: Tensor, labels: Tensor, steps: int) -> Tensor:
    """Heun's method in every step, the last one too: its second call asks the network at t = 0."""
    x = noise

    def velocity_at(x: Tensor, t: float) -> Tensor:
        return trained.model(x, torch.full((len(x),), TIME_SCALE * t), labels)

    with torch.no_grad():
        for i in range(steps):
            t, t_next = 1 - i / steps, 1 - (i + 1) / steps
            x = heun_step(velocity_at, x, t, t_next, velocity_at(x, t))
    return x


def solver_errors() -> list[dict[str, float]]:
    """How far Euler, Heun, and Heun with a second call in the last step too end from the exact path, by model calls.

    Returns: rows with solver, calls and error, the root mean squared difference of the final pixels.
    """
    trained, labels = shipped_model("flow"), torch.tensor([1, 5, 8, 9])
    noise = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(2))

    def drawn(solver: str, steps: int) -> Tensor:
        if solver == "heun to the end":
            return heun_to_the_end(trained, noise, labels, steps)
        return trained.process.sample(
            trained.model, tuple(noise.shape), labels, num_steps=steps, solver=solver, noise=noise
        )

    many = 8 if smoke() else 400
    states = trained.process.sample_steps(trained.model, tuple(noise.shape), labels, num_steps=many, noise=noise)
    *_, last = tqdm(states, total=many + 1, desc="the exact path", leave=False)
    exact = last.x
    counts = (4, 6) if smoke() else (4, 6, 10, 20, 40)
    runs = [("euler", calls, calls) for calls in counts]
    runs += [("heun", calls // 2, calls - 1) for calls in counts]
    runs += [("heun to the end", calls // 2, calls) for calls in counts]
    return [
        {"solver": solver, "calls": calls, "error": float((drawn(solver, steps) - exact).square().mean().sqrt())}
        for solver, steps, calls in tqdm(runs, desc="solvers", leave=False)
    ]


def error_near(errors: list[dict[str, float]], solver: str, calls: int) -> float:
    """The error of a solver at the largest measured number of calls that is not above `calls`."""
    rows = [row for row in errors if row["solver"] == solver and row["calls"] <= calls]
    return max(rows, key=lambda row: row["calls"])["error"]


def plot_solver_errors(errors: list[dict[str, float]]) -> None:
    """Draw what `solver_errors` found, against the number of model calls."""
    figure, axis = plt.subplots(figsize=(6.5, 3.7), layout="constrained")
    looks = {"euler": ("blue", "o-"), "heun": ("green", "^:"), "heun to the end": ("orange", "s--")}
    for solver, (color, style) in looks.items():
        rows = [row for row in errors if row["solver"] == solver]
        calls, values = [row["calls"] for row in rows], [row["error"] for row in rows]
        axis.loglog(calls, values, style, color=COLORS[color], label=solver)
    calls = sorted({row["calls"] for row in errors if row["solver"] == "euler"})
    ticks = [number for number in (3, 5, 10, 20, 40) if number <= calls[-1]]
    axis.set_xticks(ticks, [str(number) for number in ticks])
    axis.xaxis.minorticks_off()
    plain_ticks(axis)
    axis.set(xlabel="model calls an image", ylabel="distance from the exact path")
    axis.legend(frameon=False)
    ends = []
    for solver in looks:
        rows = [row for row in errors if row["solver"] == solver]
        # Heun's last step is Euler's: it has one call less than the others
        told = [f"{row['error']:.3f} with {row['calls']}" for row in (rows[0], rows[-1])]
        ends.append(f"{solver} {' and '.join(told)} calls")
    show(
        figure,
        "distance from the exact path, with the fewest and the most calls of each line: " + "; ".join(ends) + ".",
        "Three falling lines on logarithmic axes, error against model calls, for Euler, Heun, and Heun that asks the "
        "network at t = 0 as well.",
    )


def steps_results(method: str) -> dict[str, list[dict]]:
    """The stored measurements of one method by solver or spacing, each sorted by calls."""
    found: dict[str, list[dict]] = {}
    for row in shipped_results("steps").values():
        if row.get("method") == method:
            found.setdefault(row["how"], []).append(row)
    return {how: sorted(rows, key=lambda row: row["calls"]) for how, rows in found.items()}


def plot_steps_results() -> None:
    """Draw the judge's distance against model calls, from assets/results/steps.json."""
    real = shipped_results("steps")["real"]
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.5), layout="constrained", sharey=True)
    texts = []
    for axis, method in zip(axes, METHOD_NAMES, strict=True):
        for (how, rows), color, style in zip(
            steps_results(method).items(), ("blue", "orange", "green"), ("o-", "s--", "^:"), strict=False
        ):
            calls, distances = [row["calls"] for row in rows], [row["frechet"] for row in rows]
            axis.loglog(calls, distances, style, color=COLORS[color], label=how)
            ends = f"{distances[0]:.1f} with {calls[0]}, {distances[-1]:.1f} with {calls[-1]}"
            texts.append(f"{METHOD_NAMES[method]}, {how}: {ends}")
        numbers = [row["calls"] for rows in steps_results(method).values() for row in rows]
        ticks = [number for number in (3, 5, 10, 20, 40) if min(numbers) <= number <= max(numbers)]
        axis.set_xticks(ticks, [str(number) for number in ticks])
        axis.xaxis.minorticks_off()
        axis.axhline(real["frechet"], color=COLORS["grey"], linestyle=":", label="real images")
        axis.set(xlabel="model calls an image", title=METHOD_NAMES[method])
        axis.legend(frameon=False, fontsize=9)
    axes[0].set_ylabel("Fréchet distance")
    for axis in axes:
        plain_ticks(axis)
    show(
        figure,
        f"distance against model calls, {real['pictures']} pictures each, without guidance. " + "; ".join(texts) + ".",
        "Two plots on logarithmic axes. Left, flow matching with Euler and Heun; right, DDPM with three ways to choose "
        "its times. DDPM's distances fall with the number of calls; those of flow matching fall as far as 20 calls, "
        "and no further.",
    )


# ---------------------------------------------------------------------------------------------- averages


def noisy_training(steps: int = 2000, rate: float = 0.15, seed: int = 0) -> Tensor:
    """One weight that should become 1, trained with noisy gradients from -2 on, (steps,)."""
    noise = torch.randn(steps, generator=torch.Generator().manual_seed(seed))
    weight, path = -2.0, []
    for one in noise.tolist():
        weight -= rate * (weight - 1 + 1.5 * one)
        path.append(weight)
    return torch.tensor(path)


def follow(update_average: Update, path: Tensor, decay: float) -> Tensor:
    """The average of a weight along its path, with a fixed decay, from -2 on."""
    average, seen = torch.full((1,), -2.0), []
    for weight in path:
        update_average([average], [weight.reshape(1)], decay)
        seen.append(average.item())
    return torch.tensor(seen)


def plot_jitter(update_average: Update, decays: Sequence[float] = (0.9, 0.99, 0.999)) -> dict[float, float]:
    """Draw a noisy weight and its averages.

    Returns: for each decay (0: the weight itself) the root mean squared distance from 1 over the last 500 steps.
    """
    path = noisy_training()
    averages = {decay: follow(update_average, path, decay) for decay in decays}
    figure, axis = plt.subplots(figsize=(9, 3.5), layout="constrained")
    axis.plot(path, color=COLORS["grey"], alpha=0.45, linewidth=0.7, label="the weight")
    for (decay, seen), color, style in zip(
        averages.items(), ("orange", "blue", "vermilion"), ("-", "--", "-."), strict=True
    ):
        axis.plot(seen, style, color=COLORS[color], linewidth=2, label=f"decay {decay:g}")
    axis.axhline(1, color="black", linestyle=":", linewidth=1)
    axis.set(xlabel="training step", ylabel="weight", ylim=(-2.2, 2.7))
    axis.legend(frameon=False, ncols=4, loc="lower right")
    errors = {0.0: path, **averages}
    errors = {decay: float((seen[-500:] - 1).square().mean().sqrt()) for decay, seen in errors.items()}
    show(
        figure,
        "a weight that should be 1. Distance from it over the last 500 steps: "
        + ", ".join(
            f"{error:.2f} {'itself' if decay == 0 else f'with decay {decay:g}'}" for decay, error in errors.items()
        )
        + ".",
        "A grey band of noise around 1. Three lines rise from -2: with a decay of 0.9 at once, and still jittery; with "
        "0.99 soon, and much smoother; with 0.999 so slowly that at the end it is still below.",
    )
    return errors


def left_of_the_start(update_average: Update, decay_of_step: Callable[[int], float], steps: int = 1000) -> float:
    """Which share of the initialisation an average still holds after `steps` steps: start at 1, follow zeros."""
    average, current = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    for step in range(steps):
        update_average([average], [current], decay_of_step(step))
    return average.item()


def plot_averages() -> None:
    """Draw what one run's weights and five averages of them draw, from results/averages.json and its pictures."""
    stored = {name: row for name, row in shipped_results("averages").items() if name != "real"}
    figure, axes = plt.subplots(len(stored), 1, figsize=(8.6, 0.78 * len(stored) + 0.4), layout="constrained")
    for axis, (name, row) in zip(axes, stored.items(), strict=True):
        picture = f"results/averages_{name.replace(', ', '_').replace(' ', '_')}.png"
        axis.imshow(Image.open(asset_path(picture)))
        axis.set(xticks=[], yticks=[])
        axis.spines[["left", "bottom"]].set_visible(False)
        axis.grid(False)
        shown = f"decay {name}" if name[0] == "0" else name
        axis.set_ylabel(
            f"{shown}\naccuracy {row['accuracy']:.0%}, distance {row['frechet']:.2f}",
            rotation=0,
            ha="right",
            va="center",
            fontsize=9,
        )
    smallest = min(row["frechet"] for row in stored.values())
    best = [name for name, row in stored.items() if row["frechet"] == smallest]
    row = next(iter(stored.values()))
    show(
        figure,
        f"ten classes drawn by the weights of one run of {row['trained_steps']} steps with a constant learning rate, "
        f"and by averages of them, judged on {row['pictures']} pictures each; all are drawn with guidance "
        f"{row['guidance']:g}. The smallest distance, {smallest:.2f}, is "
        f"{'shared by' if len(best) > 1 else 'that of'} {' and '.join(best)}.",
        "Six rows of ten small pictures, with accuracy and distance beside each row: the first drawn by the weights "
        "themselves, the others by five averages. Five rows show clothes, the last noise.",
    )


def averages_results() -> dict[str, dict]:
    """The stored measurements of the weights themselves and of their five averages."""
    return shipped_results("averages")
