"""Figures and experiments of lesson 08: the way to noise, what the loss says and does not say, and the ways back."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.data import load_dataset
from course_lib.ddpm import DDPM
from course_lib.lessons.shared.chain_narrow import show_chain
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.show import show, smoke
from course_lib.lessons.shared.style import COLORS, draw_image, plain_ticks

BOOT, BAG = 0, 18  # of the data set: an ankle boot, and a bag with a handle
TRUE_MEAN, TRUE_STD = 0.3, 0.4


def real_images(count: int, first: int = 0) -> tuple[Tensor, Tensor]:
    """Images (count, 3, 32, 32) of the data set and their labels."""
    return load_dataset("fashion-mnist").batch(torch.arange(first, first + count))


def one_image(index: int) -> tuple[Tensor, Tensor]:
    return load_dataset("fashion-mnist").batch(torch.tensor([index]))


# ---------------------------------------------------------------------------------------------- small steps


def small_steps(ddpm: DDPM, x: Tensor, last: int, generator: torch.Generator, fade: bool = True) -> Tensor:
    """Walk from the clean images to time `last`, one small noising step after the other.

    Args:
        fade: whether each step multiplies with sqrt(1 - beta), as it should.
    """
    for beta in ddpm.betas[: last + 1].tolist():
        noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        x = (1 - beta) ** 0.5 * x + beta**0.5 * noise if fade else x + beta**0.5 * noise
    return x


def plot_small_steps(ddpm: DDPM) -> float:
    """Draw one picture on its way to noise, with and without fading. Returns the variance of all steps' noise."""
    moments = [1, 10, 50, 100, 250, 500, 1000]
    clean, _ = one_image(BOOT)
    figure, axes = plt.subplots(2, len(moments) + 1, figsize=(11, 3.4), layout="constrained")
    variances = {}
    for row, (name, fade) in zip(axes, {"noise only": False, "fading too": True}.items(), strict=True):
        draw_image(row[0], clean[0], "clean" if not fade else "")
        generator, x, before = torch.Generator().manual_seed(1), clean, 0
        for axis, moment in zip(row[1:], moments, strict=True):
            for beta in ddpm.betas[before:moment].tolist():
                noise = torch.randn(x.shape, generator=generator)
                x = ((1 - beta) ** 0.5 if fade else 1.0) * x + beta**0.5 * noise
            before = moment
            title = f"{moment} step{'s' * (moment > 1)}\n" if not fade else ""
            draw_image(axis, x[0], f"{title}variance {x.var():.1f}")
        variances[name] = float(x.var())
        row[0].set_ylabel(name)
    show(
        figure,
        "one boot after more and more small steps. Top: each step adds noise and nothing else; after a thousand the "
        f"variance of the pixels is {variances['noise only']:.1f}. Bottom: each step fades the image as well; it ends "
        f"at {variances['fading too']:.1f}.",
        "Two rows of the same ankle boot disappearing in noise. In the top row contrast grows without end, in the "
        "bottom row it ends where noise of variance 1 has it.",
    )
    return float(ddpm.betas.sum())


def plot_schedule(ddpm: DDPM) -> int:
    """Draw the schedule, what is left of the image, and signal to noise. Returns the first time with more noise."""
    alpha_bar = ddpm.alphas_cumprod
    half = int((alpha_bar < 0.5).nonzero()[0])
    times = torch.arange(ddpm.num_timesteps)
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.1), layout="constrained")
    axes[0].plot(times, ddpm.betas, color=COLORS["blue"])
    axes[0].set(xlabel="t", ylabel="beta: noise of one step", title="one step")
    axes[1].plot(times, alpha_bar, color=COLORS["blue"], label="alpha-bar: image")
    axes[1].plot(times, 1 - alpha_bar, "--", color=COLORS["vermilion"], label="1 - alpha-bar: noise")
    axes[1].axvline(half, color=COLORS["grey"], linewidth=1)
    axes[1].text(half + 15, 0.03, f"t = {half}", color=COLORS["grey"])
    axes[1].set(xlabel="t", ylabel="squared weight", title="all steps so far")
    axes[1].legend(frameon=False, loc="center right")
    ratio = alpha_bar / (1 - alpha_bar)
    axes[2].plot(times, ratio, color=COLORS["green"])
    axes[2].axhline(1, color=COLORS["grey"], linewidth=1)
    axes[2].set(yscale="log", xlabel="t", ylabel="alpha-bar / (1 - alpha-bar)", title="signal to noise")
    plain_ticks(axes[2])
    show(
        figure,
        f"the schedule. Image and noise have equal weights at t = {half}; alpha-bar / (1 - alpha-bar) falls from "
        f"{float(ratio[0]):,.0f} to {float(ratio[-1]):.5f}.",
        "Three curves over t: beta rises along a straight line; alpha-bar falls from one to zero and crosses "
        "1 - alpha-bar early; signal to noise falls over eight powers of ten.",
    )
    return half


def plot_noisy_images(ddpm: DDPM) -> None:
    """Draw three real pictures at six times."""
    times = torch.tensor([0, 50, 150, 259, 500, 999])
    images, _ = load_dataset("fashion-mnist").batch(torch.tensor([BOOT, BAG, 2]))
    generator = torch.Generator().manual_seed(0)
    figure, axes = plt.subplots(len(images), len(times), figsize=(8.4, 4.5), layout="constrained")
    for line, (row, image) in enumerate(zip(axes, images, strict=True)):
        clean = image.expand(len(times), *image.shape)
        noisy = ddpm.add_noise(clean, times, torch.randn(clean.shape, generator=generator))
        for axis, x, t in zip(row, noisy, times.tolist(), strict=True):
            draw_image(axis, x, f"t = {t}" if line == 0 else "")
    show(
        figure,
        "three real pictures at six times. At t = 259 image and noise have equal weights; at t = 999 the image's "
        f"weight is {float(ddpm.alphas_cumprod[-1].sqrt()):.4f}.",
        "Three rows of clothes, from clean at the left to pure noise at the right; at t = 259 the outlines can still "
        "be recognised.",
    )


# ---------------------------------------------------------------------------------------------- the wrong axis


def plot_faded(ddpm: DDPM, per_image: Callable) -> str:
    """Fade 32 images, each to its own time, with and without the axes behind the batch.

    Returns: what happens without them, in the words of the prediction.
    """
    images, _ = real_images(32)
    t = torch.linspace(0, 600, 32).long()
    table = ddpm.alphas_cumprod.float().sqrt()
    right = per_image(table, t, images) * images
    try:
        wrong = table[t] * images
    except RuntimeError:
        return "an error"
    chosen = [0, 10, 20, 31]
    figure, axes = plt.subplots(2, len(chosen), figsize=(7, 3.9), layout="constrained")
    for row, (name, faded) in zip(axes, {"(B, 1, 1, 1)": right, "(B,)": wrong}.items(), strict=True):
        for axis, b in zip(row, chosen, strict=True):
            draw_image(axis, faded[b], f"image {b}, t = {int(t[b])}" if faded is right else "")
        row[0].set_ylabel(name)
    columns = bool(torch.equal(wrong, images * table[t].reshape(1, 1, 1, 32)))
    show(
        figure,
        "32 pictures of 32 columns, each to be faded to its own time. Top: with three axes behind the batch. Bottom: "
        "without them column 0 of every picture is faded to image 0's time, column 31 to image 31's. No error.",
        "Top row: four pictures, less contrast from left to right. Bottom row: all four fade towards their right edge.",
    )
    return "columns are faded" if columns else "images are faded"


# ---------------------------------------------------------------------------------------------- one jump


def compare_jump(ddpm: DDPM, last: int = 300) -> str:
    """Walk and jump to the same time, many times, from a dark, a grey and a light pixel; draw both distributions.

    Returns: what agrees, in the words of the prediction. For one pixel, chance alone would make a larger difference
        once in a thousand times: the limits are 1.95 units for the distance of two cumulative distributions, 3.3 for
        means and spreads.
    """
    copies = 2000 if smoke() else 20_000
    values = torch.tensor([-1.0, 0.0, 0.8])
    clean = values.reshape(3, 1, 1, 1).expand(3, 1, 1, copies)
    generator = torch.Generator().manual_seed(0)
    walked = small_steps(ddpm, clean, last, generator)
    t = torch.full((3,), last)
    jumped = ddpm.add_noise(clean, t, torch.randn(clean.shape, generator=generator))
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.1), layout="constrained", sharey=True)
    bins = torch.linspace(-4, 4, 81)
    centres = (bins[1:] + bins[:-1]) / 2
    worst, rows = 0.0, []
    for axis, value, many, one in zip(axes, values.tolist(), walked.flatten(1), jumped.flatten(1), strict=True):
        for name, x, style in (("small steps", many, "-"), ("one jump", one, "--")):
            share = torch.histc(x, 80, -4, 4) / copies / 0.1
            color = COLORS["blue"] if style == "-" else COLORS["vermilion"]
            axis.plot(centres, share, style, color=color, label=name)
        axis.set(title=f"pixel of {value:g}", xlabel=f"its value at t = {last}")
        distance = kolmogorov_smirnov(many, one)
        worst = max(worst, distance * (copies / 2) ** 0.5)
        rows.append((value, float(many.mean()), float(one.mean()), float(many.std()), float(one.std())))
    many, one = walked.flatten(1), jumped.flatten(1)
    # chance moves a mean by spread / root of the copies, and two of them apart by root 2 of that; spreads by half as
    # much in variance
    chance = many.std(dim=1) / copies**0.5
    means = bool(((many.mean(1) - one.mean(1)).abs() < 3.3 * 2**0.5 * chance).all())
    spreads = bool(((many.std(1) - one.std(1)).abs() < 3.3 * chance).all())
    axes[0].set_ylabel("density")
    axes[0].legend(frameon=False)
    print("pixel    mean: walked  jumped    spread: walked  jumped")
    for value, mean, mean_jumped, std, std_jumped in rows:
        print(f"{value:5.1f}    {mean:12.3f}  {mean_jumped:6.3f}    {std:14.3f}  {std_jumped:6.3f}")
    unit = (2 / copies) ** 0.5
    show(
        figure,
        f"{copies:,} copies of each pixel that took {last + 1} small steps (solid), and as many that took one jump "
        "(dashed). For each pixel we also compared, at every value, the share of draws below it. The largest gap of "
        f"the three pixels is {worst * unit:.2%}. Chance alone typically makes one of {1.07 * unit:.2%}, and one above "
        f"{1.95 * unit:.2%} three times in a thousand.",
        "Three pairs of bell curves that lie on each other, moved to the left for the dark pixel and to the right for "
        "the light one.",
    )
    if not means:
        return "none of these"
    if not spreads:
        return "the means only"
    return "the whole distribution" if worst < 1.95 else "means and spreads"


def kolmogorov_smirnov(one: Tensor, other: Tensor) -> float:
    """The largest distance between two samples' cumulative distributions."""
    values, _ = torch.cat([one, other]).sort()
    places = [torch.searchsorted(sample.sort().values, values, right=True) / len(sample) for sample in (one, other)]
    return float((places[0] - places[1]).abs().max())


# ---------------------------------------------------------------------------------------------- the loss


@torch.no_grad()
def loss_by_time(ddpm: DDPM, times: list[int], count: int) -> dict[str, list[float]]:
    """The loss at each time, of the shipped network and of one that returns its input."""
    network = shipped_model("ddpm").model
    images, labels = real_images(count)
    models = {"trained network": network, "returns its input": lambda x, t, labels: x}
    found: dict[str, list[float]] = {name: [] for name in models}
    for time in times:
        t = torch.full((count,), time)
        for name, model in models.items():
            generator = torch.Generator().manual_seed(time)
            noise = torch.randn(images.shape, generator=generator)
            found[name].append(float(ddpm.loss(model, images, labels, t=t, noise=noise)))
    return found


def plot_loss_by_time(ddpm: DDPM) -> int:
    """Draw the loss by time, and the same errors as errors of the clean image. Returns the time of the largest loss."""
    times = [0, 10, 50, 100, 200, 300, 500, 700, 850, 999]
    found = loss_by_time(ddpm, times, 4 if smoke() else 64)
    ratios = [float(1 - ddpm.alphas_cumprod[t]) / float(ddpm.alphas_cumprod[t]) for t in times]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    styles = {"trained network": ("o-", COLORS["blue"]), "returns its input": ("s--", COLORS["orange"])}
    for name, (style, color) in styles.items():
        left.plot(times, found[name], style, color=color, label=name)
        errors = [loss * ratio for loss, ratio in zip(found[name], ratios, strict=True)]
        right.plot(times, errors, style, color=color, label=name)
    left.set(yscale="log", xlabel="t", ylabel="loss: error of the noise")
    right.set(yscale="log", xlabel="t", ylabel="error of the clean image")
    plain_ticks(left)
    plain_ticks(right)
    left.legend(frameon=False, loc="lower left")
    network = found["trained network"]
    largest = times[max(range(len(times)), key=lambda place: network[place])]
    show(
        figure,
        f"left: the trained network's loss falls from {network[0]:.2f} at t = 0 to {network[-1]:.4f} at t = 999, and a "
        f"network that copies its input reaches {found['returns its input'][-1]:.5f} there. Right: the same errors, "
        f"told as errors of the clean image: from {network[0] * ratios[0]:.5f} to {network[-1] * ratios[-1]:.1f}.",
        "Two plots over t, with logarithmic axes for the errors. Left, the loss falls with t for both models. Right, "
        "the error of the clean image rises with t for the trained network.",
    )
    return largest


# ---------------------------------------------------------------------------------------------- the clean image


@torch.no_grad()
def plot_predicted_clean(predict_clean: Callable, ddpm: DDPM) -> str:
    """Draw what the shipped network takes for the clean image at six times, from a real bag noised to that time.

    Returns: what the prediction at t = 999 looks like, "noise" where its pixels vary far more than those of images can.
    """
    times = torch.tensor([20, 100, 250, 500, 750, 999])
    network = shipped_model("ddpm").model
    image, label = one_image(BAG)
    clean = image.expand(len(times), 3, 32, 32)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(5))
    x_t = ddpm.add_noise(clean, times, noise)
    found = predict_clean(ddpm, x_t, times, network(x_t, times, label.expand(len(times))))
    outside = [100 * float((one.abs() > 1.05).float().mean()) for one in found]
    errors = (found - image).square().mean(dim=(1, 2, 3)).tolist()
    figure, axes = plt.subplots(2, len(times) + 1, figsize=(11, 3.7), layout="constrained")
    draw_image(axes[0, 0], image[0], "the bag")
    axes[1, 0].axis("off")
    for column, t in enumerate(times.tolist(), start=1):
        draw_image(axes[0, column], x_t[column - 1], f"t = {t}")
        draw_image(axes[1, column], found[column - 1], f"{outside[column - 1]:.0f} % outside")
    axes[0, 1].set_ylabel("x_t")
    axes[1, 1].set_ylabel("predicted clean")
    show(
        figure,
        "a bag at six times, and below it the clean image that the network predicts; in its title, how many pixels lie "
        f"clearly outside [-1, 1]. The mean squared error of that image grows from {errors[0]:.5f} at t = 20 to "
        f"{errors[3]:.2f} at t = 500 and {errors[-1]:.1f} at t = 999.",
        "Top row: a bag disappearing in noise. Bottom row: the prediction, sharp at first, then smoother, and at the "
        "end of time wild pixels.",
    )
    # an image whose pixels are all -1 or 1 has a variance of 1 at most
    return "noise" if float(found[-1].var()) > 1 else "a blurred bag"


# ---------------------------------------------------------------------------------------------- steps back


def plot_loop() -> None:
    """The ancestral sampler as a loop, with the steps that the learner has written marked."""
    steps = ("UNet", "clean image", "clip", "times\nits weight", "+", "+")
    shapes = ("gives the\nnoise in x", "x without\nthe noise", "to [-1, 1]")
    show_chain(
        steps,
        "ancestral sampling: from noise at t = 999 the loop is run 1,000 times, with one model call in each round. "
        "What is orange you have written.",
        "A loop of steps from x at t to x at t - 1: UNet, clean image, clip, times its weight, plus x times its own "
        "weight, a line around the steps before, plus fresh noise from below. An arrow leads from the end back to the "
        "beginning. All but UNet are orange.",
        marked=range(1, len(steps)),
        shortcut="x at t, times its own weight",
        shortcut_to=0,
        joins="fresh noise\n(0 in the last step)",
        shapes=shapes,
        ends=("x at t", "x at t - 1"),
        loop="once more, with t - 1 in place of t, until the clean image is there",
    )


def weights_of_step(ddpm: DDPM) -> tuple[Tensor, Tensor, Tensor]:
    """Weight of the clean image, weight of x_t, and spread of the noise of every ancestral step: three times (T,)."""
    beta, alpha_bar = ddpm.betas, ddpm.alphas_cumprod
    previous = torch.cat([torch.ones(1, dtype=alpha_bar.dtype), alpha_bar[:-1]])
    of_clean = previous.sqrt() * beta / (1 - alpha_bar)
    of_x = (1 - beta).sqrt() * (1 - previous) / (1 - alpha_bar)
    return of_clean, of_x, (beta * (1 - previous) / (1 - alpha_bar)).sqrt()


def bell(x: Tensor, mean: float, variance: float) -> Tensor:
    """The normal density."""
    return torch.exp(-((x - mean) ** 2) / (2 * variance)) / (2 * torch.pi * variance) ** 0.5


def plot_two_bells(ddpm: DDPM, times: tuple[int, ...] = (5, 500), clean: float = 0.8) -> float:
    """Where one pixel was a step earlier: as the clean pixel has it, as x_t has it, and the product of the two.

    Returns: the largest distance between the product, normalised on a fine grid, and the bell curve of Ho et al. 2020,
        equation 7, as a share of its height.
    """
    figure, axes = plt.subplots(1, len(times), figsize=(10, 3.2), layout="constrained")
    gap, spreads = 0.0, []
    for axis, t in zip(axes, times, strict=True):
        beta = float(ddpm.betas[t])
        before, now = float(ddpm.alphas_cumprod[t - 1]), float(ddpm.alphas_cumprod[t])
        x_t = now**0.5 * clean + 1.2 * (1 - now) ** 0.5  # a pixel whose noise is 1.2
        width = min((1 - before) ** 0.5, beta**0.5)
        mean = before**0.5 * beta / (1 - now) * clean + (1 - beta) ** 0.5 * (1 - before) / (1 - now) * x_t
        variance = beta * (1 - before) / (1 - now)
        x = torch.linspace(mean - 9 * width, mean + 9 * width, 4001, dtype=torch.float64)
        from_clean = bell(x, before**0.5 * clean, 1 - before)
        # how likely x_t is, seen from each place one step earlier
        from_x_t = bell(x, x_t / (1 - beta) ** 0.5, beta / (1 - beta))
        product = from_clean * from_x_t
        product = product / torch.trapezoid(product, x)
        formula = bell(x, mean, variance)
        gap = max(gap, float((product - formula).abs().max() / formula.max()))
        of_clean, of_x_t = (1 - before) ** 0.5, (beta / (1 - beta)) ** 0.5
        spreads.append(f"at t = {t} the clean image allows {of_clean:.3f}, x_t {of_x_t:.3f}")
        for curve, spread, color, line, name in (
            (from_clean, of_clean, "blue", "--", "from the clean image: a jump"),
            (from_x_t, of_x_t, "orange", "-.", "from x_t: one step back"),
            (product, variance**0.5, "green", "-", "the product"),
        ):
            # the highest point of the first may lie outside the panel
            axis.plot(x, curve / bell(x.new_zeros(()), 0, spread**2), line, color=COLORS[color], label=name)
        axis.set(title=f"t = {t}", xlabel="where the pixel may have been at t - 1", ylim=(0, 1.35))
    axes[0].set_ylabel("density / its highest value")
    axes[0].legend(frameon=False, fontsize=8, loc="upper left", ncols=2)
    show(
        figure,
        f"one pixel, {clean:g} in the clean image, with noise of 1.2. Spreads: {'; '.join(spreads)}. The narrower "
        "curve counts for more: at t = 500 it alone decides.",
        "Two panels of bell curves. At t = 5 that of the clean image is twice as wide as that of x_t, and their "
        "product lies between them, nearer to the narrower one. At t = 500 that of the clean image is ten times as "
        "wide, and the product nearly covers that of x_t.",
    )
    return gap


def plot_weights_of_step(ddpm: DDPM) -> float:
    """Draw what an ancestral step is made of, at every time. Returns the clean image's weight at t = 500."""
    of_clean, of_x, spread = weights_of_step(ddpm)
    figure, axis = plt.subplots(figsize=(7, 3.3), layout="constrained")
    times = torch.arange(1, len(of_x))
    axis.plot(times, of_clean[1:], color=COLORS["blue"], label="weight of the clean image")
    axis.plot(times, of_x[1:], "--", color=COLORS["orange"], label="weight of x_t")
    axis.plot(times, spread[1:], ":", color=COLORS["vermilion"], linewidth=2, label="spread of fresh noise")
    axis.set(xscale="log", yscale="log", xlabel="t, from 1 (the step goes to t - 1)", ylabel="weight, or spread")
    plain_ticks(axis, "x")
    plain_ticks(axis)
    axis.legend(frameon=False, loc="lower left")
    show(
        figure,
        f"one ancestral step. At t = 500 the clean image gets a weight of {float(of_clean[500]):.4f} and x_t "
        f"{float(of_x[500]):.3f}; at t = 0 the clean image gets everything and there is no fresh noise.",
        "Three curves over t on logarithmic axes: the clean image's weight falls from about a half, the weight of x_t "
        "rises to nearly 1 within some tens of steps, the noise's spread rises slowly.",
    )
    return float(of_clean[500])


def draw_ancestral(ddpm: DDPM, classes: tuple[int, ...] = (9, 8, 1, 7)) -> None:
    """Walk back from noise with the ancestral step, all thousand times, and draw seven moments of four pictures."""
    trained = shipped_model("ddpm")
    labels = torch.tensor(classes[:2] if smoke() else classes)
    num_steps = 20 if smoke() else ddpm.num_timesteps
    generator = torch.Generator().manual_seed(3)
    steps = ddpm.sample_steps(trained.model, (len(labels), 3, 32, 32), labels, num_steps=num_steps, generator=generator)
    states = list(tqdm(steps, total=num_steps + 1, desc="ancestral steps", leave=False))
    chosen = [states[round(place * num_steps)] for place in (0, 0.3, 0.5, 0.7, 0.85, 0.95, 1)]
    figure, axes = plt.subplots(len(labels), len(chosen), figsize=(9, 1.3 * len(labels) + 0.4), layout="constrained")
    for row, label in enumerate(labels.tolist()):
        for column, state in enumerate(chosen):
            moment = "clean" if state.t < 0 else f"t = {state.t}"
            draw_image(axes[row, column], state.x[row], moment if row == 0 else "")
        axes[row, 0].set_ylabel(trained.class_names[label], fontsize=8)
    show(
        figure,
        f"from noise to pictures in {num_steps:,} ancestral steps, one model call each, with the network that came "
        "with the course (seed 3).",
        "Rows of noise that turn into clothes: at t = 499 there is hardly anything to see, at t = 299 there are "
        "outlines.",
    )


def perfect_noise(ddpm: DDPM) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    """The best prediction of the noise where every pixel's clean value is normal, with mean 0.3 and spread 0.4."""

    def predict(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        alpha_bar = ddpm.alphas_cumprod[t].to(x.dtype).reshape(-1, 1, 1, 1)
        variance = alpha_bar * TRUE_STD**2 + 1 - alpha_bar
        return (1 - alpha_bar).sqrt() * (x - alpha_bar.sqrt() * TRUE_MEAN) / variance

    return predict


def spreads_of_samplers(ddpm: DDPM, numbers: list[int]) -> dict[str, list[float]]:
    """Spread of what ancestral and DDIM sampling draw with the perfect network, for some numbers of steps."""
    shape = (1, 1, 100, 100) if smoke() else (1, 1, 200, 500)
    found: dict[str, list[float]] = {"ddpm": [], "ddim": []}
    for method, spreads in found.items():
        for num_steps in numbers:
            generator = torch.Generator().manual_seed(num_steps)
            options = {"num_steps": num_steps, "clip_denoised": False, "generator": generator}
            spreads.append(float(ddpm.sample(perfect_noise(ddpm), shape, method=method, **options).std()))
    return found


def plot_fewer_steps(ddpm: DDPM) -> str:
    """Draw the spread of both samplers against the number of steps. Returns which is nearer to the truth at 10."""
    numbers = [2, 5, 10, 20, 50, 100, 200] + [1000] * (not smoke())
    found = spreads_of_samplers(ddpm, numbers)
    figure, axis = plt.subplots(figsize=(6.5, 3.3), layout="constrained")
    axis.plot(numbers, found["ddpm"], "s--", color=COLORS["orange"], label="ancestral")
    axis.plot(numbers, found["ddim"], "o-", color=COLORS["blue"], label="DDIM")
    axis.axhline(TRUE_STD, color=COLORS["grey"], linewidth=1)
    axis.text(2, TRUE_STD + 0.008, "the data", color=COLORS["grey"])
    axis.set(xscale="log", xlabel="steps (model calls)", ylabel="spread of what is drawn", ylim=(0, 0.45))
    axis.set_xticks(numbers, [str(number) for number in numbers])
    axis.minorticks_off()
    axis.legend(frameon=False, loc="lower right")
    place = numbers.index(10)
    ancestral, ddim = found["ddpm"][place], found["ddim"][place]
    show(
        figure,
        f"a perfect network, data of spread {TRUE_STD}. With 10 steps the ancestral sampler draws a spread of "
        f"{ancestral:.3f}, DDIM {ddim:.3f}; with {numbers[-1]:,} they reach {found['ddpm'][-1]:.3f} and "
        f"{found['ddim'][-1]:.3f}.",
        "Two curves that rise with the number of steps towards the line of the data; DDIM lies above the ancestral "
        "sampler and reaches the line first.",
    )
    return "DDIM" if abs(ddim - TRUE_STD) < abs(ancestral - TRUE_STD) else "ancestral"


def plot_skipping(ddpm: DDPM, classes: tuple[int, ...] = (9, 8, 1)) -> None:
    """Draw the same starting noise with both samplers and few steps, by the shipped network."""
    trained = shipped_model("ddpm")
    labels = torch.tensor(classes)
    numbers = [2, 4] if smoke() else [5, 10, 20, 50]
    start = torch.randn(len(labels), 3, 32, 32, generator=torch.Generator().manual_seed(8))
    figure = plt.figure(figsize=(11.5, 2.3))
    blocks = figure.add_gridspec(2, len(numbers), wspace=0.07, hspace=0.05, left=0.04, right=0.99, top=0.9, bottom=0.02)
    axes = [
        [
            figure.add_subplot(place)
            for block in range(len(numbers))
            for place in blocks[row, block].subgridspec(1, len(labels), wspace=0.05)
        ]
        for row in range(2)
    ]
    bar = tqdm(total=2 * len(numbers), desc="samplers", leave=False)
    for row, (name, method) in zip(axes, {"ancestral": "ddpm", "DDIM": "ddim"}.items(), strict=True):
        for block, num_steps in enumerate(numbers):
            generator = torch.Generator().manual_seed(9)
            options = {"method": method, "num_steps": num_steps, "noise": start, "generator": generator}
            images = ddpm.sample(trained.model, tuple(start.shape), labels, **options)
            for column, image in enumerate(images):
                title = f"{num_steps} steps" if method == "ddpm" and column == 1 else ""
                draw_image(row[block * len(labels) + column], image.clamp(-1, 1), title)
            bar.update()
        row[0].set_ylabel(name, fontsize=9)
    bar.close()
    show(
        figure,
        "the same network, three classes; each garment has a noise of its own to start from, the same in all of its "
        "pictures. Top: ancestral sampling with few steps. Bottom: DDIM.",
        "Two rows of small pictures, three for each number of steps. The upper ones are smoother and change from block "
        "to block, the lower ones keep their shape.",
    )


def plot_samples(trained: object, heading: str) -> None:
    """Draw ten pictures, one a class, with 50 ancestral steps, from any trained network."""
    labels = torch.arange(10)
    num_steps = 3 if smoke() else 50
    generator = torch.Generator().manual_seed(0)
    process = trained.process
    images = process.sample(
        trained.model, (10, 3, 32, 32), labels, method="ddpm", num_steps=num_steps, generator=generator
    )
    figure, axes = plt.subplots(1, 10, figsize=(11.5, 1.7), layout="constrained")
    for axis, image, name in zip(axes, images, trained.class_names, strict=True):
        draw_image(axis, image.clamp(-1, 1), name.replace("/", "/\n"))
        axis.title.set_fontsize(8)
    show(
        figure,
        f"{heading}: one picture a class, {num_steps} ancestral steps, nothing selected (seed 0).",
        "Ten small pictures in a row, each under the name of the class that was asked for.",
    )
