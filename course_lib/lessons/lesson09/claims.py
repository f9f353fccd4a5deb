"""What lesson 09 states, proven: the line, the velocity, solvers, and both methods beside each other."""

import inspect
import math
from collections.abc import Callable

import torch

from course_lib import FlowMatching, SinusoidalPositionEmbedding
from course_lib.data import load_dataset
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.evaluation.metrics import frechet_distance
from course_lib.flow_matching import euler_step, heun_step
from course_lib.lessons.lesson09.figures import (
    class_means,
    correlation,
    gaussian_velocity,
    mean_and_spread,
    model_of_the_papers,
    plot_side_by_side,
    two_point_velocity,
)
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.explore_trajectory import ROWS_OF_STILL, spread, walk
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.training import lesson_config
from course_lib.straightening import paired_noise
from course_lib.time_embedding import embedding_frequencies


def stored(solver: str, steps: int, scale: float = 1.0, method: str = "flow") -> list[dict]:
    rows = [row for row in shipped_results("side_by_side").values() if row.get("solver") == solver]
    return [row for row in rows if (row["method"], row["steps"], row["scale"]) == (method, steps, scale)]


def mean_of(rows: list[dict], what: str) -> float:
    return sum(row[what] for row in rows) / len(rows)


@claim("clothes on black have a mean square of about 0.75")
def the_mean_square_of_clothes() -> bool:
    images, _ = load_dataset("fashion-mnist").batch(torch.arange(500))
    return abs(float(images.square().mean()) - 0.75) < 0.02


@claim("The points of the path are the same. Two things differ: what the clock shows, and which way the arrow points.")
def the_other_direction_is_the_same_path() -> bool:
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 4, 1, 2, 2, generator=generator)
    t = torch.rand(4, generator=generator)
    s = (1 - t)[:, None, None, None]
    flow = FlowMatching()
    same = torch.allclose(flow.interpolate(clean, t, noise), s * clean + (1 - s) * noise)
    return same and torch.equal(flow.velocity(clean, noise), -(clean - noise))


@claim("(256 numbers are the document's width. The network trained below is narrower and has 64.)")
def the_small_network_is_64_wide() -> bool:
    from course_lib.training.config import SMALL_UNET
    from course_lib.unet import UNet

    with torch.device("meta"):
        return UNet(**SMALL_UNET).time_embed.linear1.in_features == 64


@claim(
    "They come about as near as twenty plain ones:",
    "flow matching's distance is 0.33 with them (one seed, whose plain pictures are at 0.35), and 0.31 without "
    "guidance (the mean of three seeds, from 0.29 to 0.35).",
    "Twenty guided steps, 40 calls, bring it to 0.22 (one seed), and no number of further plain steps did that.",
)
def guidance_is_worth_more_than_steps_with_forty_calls() -> bool:
    distances = sorted(row["frechet"] for row in stored("euler", 20))
    (ten,), (twenty,) = stored("euler", 10, 1.5), stored("euler", 20, 1.5)
    mean = sum(distances) / len(distances)
    found = [round(one, 2) for one in (ten["frechet"], mean, distances[0], distances[-1], twenty["frechet"])]
    steps = [row["frechet"] for count in (20, 50) for row in stored("euler", count)]
    told = len(distances) == 3 and twenty["calls"] == 40 and found == [0.33, 0.31, 0.29, 0.35, 0.22]
    (same,) = (row["frechet"] for row in stored("euler", 20) if row["seed"] == ten["seed"])
    told = told and round(same, 2) == 0.35 and distances[0] < ten["frechet"] < distances[-1]
    return told and min(steps) - twenty["frechet"] > distances[-1] - distances[0]


@claim("(ten guided steps have a diversity of 0.74, twenty plain ones 1.00, real images 1.02)")
def guidance_costs_diversity() -> bool:
    guided, real = stored("euler", 10, 1.5)[0], shipped_results("side_by_side")["real, 1000 pictures"]
    found = [guided["diversity"], mean_of(stored("euler", 20), "diversity"), real["diversity"]]
    return [round(one, 2) for one in found] == [0.74, 1.00, 1.02]


@claim("Flow matching's curve stops falling: with 50 calls it is no lower than with 20.")
def more_steps_do_not_help_euler() -> bool:
    return stored("euler", 50)[0]["frechet"] >= min(row["frechet"] for row in stored("euler", 20))


@claim(
    "Their distances lie on each other:",
    "0.38 with 9 calls against 0.42 with 10, 0.33 with 19 against 0.31 with 20, which is less than two seeds differ.",
)
def heun_is_level_with_euler() -> bool:
    heun = [stored("heun", steps)[0] for steps in (5, 10)]
    euler = [mean_of(stored("euler", steps), "frechet") for steps in (10, 20)]
    seeds = [row["frechet"] for row in stored("euler", 20)]
    apart = [abs(one["frechet"] - other) for one, other in zip(heun, euler, strict=True)]
    found = [round(one, 2) for one in (heun[0]["frechet"], euler[0], heun[1]["frechet"], euler[1])]
    calls = [row["calls"] for row in heun]
    return calls == [9, 19] and found == [0.38, 0.42, 0.33, 0.31] and max(apart) < max(seeds) - min(seeds)


@claim("With 20 calls Heun does end nearer to the exact path (lesson 10); the judge does not see it.")
def heun_ends_nearer_to_the_path() -> bool:
    """Here with four other pictures, against 200 steps."""
    network, labels = shipped_model("flow").model, torch.arange(4)
    noise = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(5))
    euler, heun, exact = (
        FlowMatching().sample(network, noise.shape, labels, num_steps=steps, solver=solver, noise=noise)
        for solver, steps in (("euler", 20), ("heun", 10), ("euler", 200))
    )
    judged = stored("heun", 10)[0]["frechet"] > mean_of(stored("euler", 20), "frechet")
    return judged and float((heun - exact).norm()) < 0.8 * float((euler - exact).norm())


@claim("Only Euler and DDIM with 20 calls have three seeds", "All others have one, and no bar")
def which_points_have_bars() -> bool:
    kinds = [
        (row["solver"], row["steps"], row["scale"])
        for row in shipped_results("side_by_side").values()
        if "method" in row
    ]
    several = {kind for kind in kinds if kinds.count(kind) > 1}
    return several == {("euler", 20, 1.0), ("ddim", 20, 1.0)}


@claim("Real images get 0.07 and 0.14 in these numbers, with every class equally often, as the drawn pictures have it.")
def the_floor_hangs_on_the_number_of_pictures() -> bool:
    real = shipped_results("side_by_side")
    return [round(real[f"real, {count} pictures"]["frechet"], 2) for count in (1000, 500)] == [0.07, 0.14]


@claim("| unscaled, 33 of 256 numbers of the embedding vary | section 9.7 |")
def few_numbers_vary_without_the_factor() -> bool:
    values = SinusoidalPositionEmbedding(256)(torch.linspace(0, 1, 1001, dtype=torch.float64))
    return int((values.std(0) > 0.05).sum()) == 33


@claim(
    "Follow the mean velocity with 20,000 points.",
    "At every time they are spread as the lines spread them.",
)
def the_mean_velocity_transports_the_density() -> bool:
    from unittest import mock

    from course_lib.lessons.lesson09 import proofs

    with mock.patch.object(proofs, "show"):
        return proofs.plot_transport() < 0.003


@claim(
    "This network leans towards one picture already.",
    "In the second half of its training noise and images were paired (lesson 14), and such noise does say a little "
    "about its image.",
    "It leans too far, though:",
    "its training hardly ever asked it so near to `t = 1`",
    "of a hundred one or two lie above 0.9.",
    "The network that came with the course was trained with such times, too.",
)
def near_noise_the_network_was_hardly_asked() -> bool:
    """From the mean of the class its guess points towards the image that the noise is paired with, and not towards one
    that it is not paired with; half as far from the mean it would be better than the mean and than it is."""
    trained, config = shipped_model("flow"), lesson_config("flow")
    images, labels = load_dataset("fashion-mnist").batch(torch.arange(2000, 2128))
    fresh = torch.randn(images.shape, generator=torch.Generator().manual_seed(1)).split(64)
    paired = [paired_noise(*batch) for batch in zip(images.split(64), fresh, labels.split(64), strict=True)]
    means, alike, errors = class_means(list(range(10)))[labels], [], []
    for noise in (torch.cat(fresh), torch.cat(paired)):
        with torch.no_grad():
            leans = noise - trained.model(noise, torch.full((len(noise),), 1000.0), labels) - means
        alike.append(correlation(leans, images - means))
        errors.append([float((means + part * leans - images).square().mean()) for part in (0, 0.5, 1)])
    pairs_tell = trained.config.pairing == "within-classes" and abs(alike[0]) < 0.1 and alike[1] > 0.2
    too_far = errors[1][1] < min(errors[1][0], errors[1][2]) and errors[0][2] > 1.2 * errors[0][0]
    above = 1 - torch.special.ndtr(torch.logit(torch.tensor([0.9, 0.98], dtype=torch.float64)))
    drawn = [one.time_sampling for one in (trained.process, config)]
    seldom = 0.01 < above[0] < 0.02 and above[1] < 1e-4 and set(drawn) == {"logit-normal"}
    return pairs_tell and too_far and seldom


@claim("This is what much longer training, on 60,000 images, makes of it, from the network that came with the course:")
def the_shipped_network_saw_more_images_for_longer() -> bool:
    shipped, own = shipped_model("flow"), lesson_config("flow")
    data = shipped.config.data, own.data
    return shipped.step > 10 * own.steps and data == ("fashion-mnist-full", "fashion-mnist")


@claim("Fifty times the calls buy no clear lead: DDPM's one draw lies among the three of flow matching.")
def a_thousand_calls_lie_among_the_seeds() -> bool:
    (long,), short = stored("ddpm", 1000, method="ddpm"), [row["first_500"]["frechet"] for row in stored("euler", 20)]
    return len(short) == 3 and min(short) < long["frechet"] < max(short)


@claim("The ancestral curve goes on falling.")
def more_steps_help_the_ancestral_sampler() -> bool:
    """With 50 calls it is about as low as Euler's. The point at 1,000 calls is larger for being of 500 pictures."""
    twenty, fifty, thousand = (stored("ddpm", steps, method="ddpm")[0] for steps in (20, 50, 1000))
    falls = twenty["frechet"] > fifty["frechet"] > thousand["frechet"]
    seeds = [row["frechet"] for row in stored("euler", 20)]
    near = abs(fifty["frechet"] - stored("euler", 50)[0]["frechet"]) < max(seeds) - min(seeds)
    return falls and near and thousand["frechet"] < fifty["first_500"]["frechet"]


@claim(
    "An error of the noise counts s / a times as much for the clean image: a lot near t = 1, where a is small.",
    "An error of the clean image counts a / s times as much for the noise: a lot near t = 0.",
)
def what_an_error_costs_under_another_name() -> bool:
    x_t, true, off, right = 0.7, 0.2, 0.01, []
    for t in (0.02, 0.5, 0.98):
        a, s = 1 - t, t
        clean = [(x_t - s * noise) / a for noise in (true, true + off)]
        noise = [(x_t - a * image) / s for image in (true, true + off)]
        right.append(abs(abs(clean[1] - clean[0]) - off * s / a) < 1e-9)
        right.append(abs(abs(noise[1] - noise[0]) - off * a / s) < 1e-9)
    return all(right) and 0.98 / 0.02 > 40


@claim(
    "By the formula the same, 20 model calls (19 with the library's Heun, which ends with a step of Euler's).",
    "Ten guided steps cost 20 calls as well.",
)
def what_heun_and_guidance_cost() -> bool:
    calls = [
        {row["calls"] for row in rows} for rows in (stored("heun", 10), stored("euler", 20), stored("euler", 10, 1.5))
    ]
    return calls == [{19}, {20}, {20}]


@claim("its fastest frequency is 1 radian for each unit of t, and all others are slower.")
def no_frequency_is_above_one() -> bool:
    frequencies = embedding_frequencies(256)
    return float(frequencies[0]) == 1 and bool((frequencies[1:] < 1).all())


@claim("Noise contributes 1, the image its mean square, and the two do not know of each other.")
def noise_and_image_add_up() -> bool:
    images, _ = load_dataset("fashion-mnist").batch(torch.arange(500))
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return abs(float((noise - images).square().mean()) - 1 - float(images.square().mean())) < 0.01


@claim(
    "A point is a thousand drawn images, or the mean of three such draws where it has a bar (500 where it took 1,000 "
    "calls each)",
    "- **The grey line** is of 1,000 real images, and the point at 1,000 calls is of 500 pictures.",
)
def points_are_a_thousand_pictures() -> bool:
    real = shipped_results("side_by_side")["real, 1000 pictures"]
    drawn = [row for row in shipped_results("side_by_side").values() if "solver" in row]
    if real["pictures"] != 1000 or "axis.axhline(real[what]" not in inspect.getsource(plot_side_by_side):
        return False
    return all(row["pictures"] == (500 if row["calls"] == 1000 else 1000) for row in drawn)


@claim(
    "**Half way, at t = 0.5, half of the image is left.",
    "a thousand factors 1 - beta, multiplied up, with square roots at the end.",
    "In DDPM's middle the picture is nearly gone. Its second half is spent on pictures in which little can be seen.",
    "both ends are exact: at `t = 1` there is *nothing* left of the image.",
)
def the_straight_line_fades_evenly_and_ddpm_early() -> bool:
    """In DDPM's second half an image has less than a twentieth of the variance of what one sees."""
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    signal = (1 - betas).cumprod(0).sqrt()
    images, _ = load_dataset("fashion-mnist").batch(torch.arange(500))
    seen = signal[500:] ** 2 * float(images.var())
    clean, noise = torch.randn(2, 1, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    ends = [FlowMatching().interpolate(clean, torch.tensor([t]), noise) for t in (0.0, 1.0)]
    half = FlowMatching().interpolate(clean, torch.tensor([0.5]), torch.zeros_like(noise))
    exact = torch.equal(ends[0], clean) and torch.equal(ends[1], noise) and torch.equal(half, clean / 2)
    return exact and len(betas) == 1000 and bool((seen / (seen + 1 - signal[500:] ** 2) < 0.05).all())


def walk_back(velocity_at: Callable, x: torch.Tensor, num_steps: int, step: Callable) -> torch.Tensor:
    """As the lesson's own."""
    for i in range(num_steps):
        t, t_next = 1 - i / num_steps, 1 - (i + 1) / num_steps
        x = step(velocity_at, x, t, t_next, velocity_at(x, t))
    return x


@claim(
    "The mean of these 10,000 draws of noise is not quite 0, and what is left of it in the samples is all that the "
    "mean is off.",
    "The standard deviation is off by a little more, and not by chance: 50 steps are not small enough.",
)
def the_samples_mean_is_off_by_the_noises() -> bool:
    noise = torch.randn(10_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    samples = walk_back(gaussian_velocity, noise, 50, euler_step)
    shrinks = float(samples.std() / noise.std())
    off = float(samples.mean()) - 0.3
    as_told = abs(off - shrinks * float(noise.mean())) < 1e-9 and 0.001 < abs(off) < 0.01
    by_the_steps = 0.25 - shrinks  # what noise of spread 1 would be short
    return as_told and abs(off) < 0.25 - float(samples.std()) < by_the_steps < 0.02


@claim(
    "- Euler is of order 1, Heun of order 2.",
    "Compare 10 steps of Euler with 5 of Heun in the table: on this problem it pays off at once.",
    "from 5 to 10 steps, Heun gains less than the factor 4.",
    "The **mean** is exact after one step.",
)
def solvers_keep_their_order() -> bool:
    def off(step: Callable, count: int) -> float:
        return abs(mean_and_spread(walk_back, step, count)[1] - 0.25)

    orders = [math.log2(off(step, 320) / off(step, 640)) for step in (euler_step, heun_step)]
    mean = mean_and_spread(walk_back, euler_step, 1)[0]
    at_once, gain = off(heun_step, 5) < off(euler_step, 10), off(heun_step, 5) / off(heun_step, 10)
    return [round(order, 1) for order in orders] == [1, 2] and abs(mean - 0.3) < 1e-12 and at_once and gain < 4


@claim(
    "If your samples are noise with pixels far larger than 1, suspect the sign.",
    "If the pixels have a usual size and the pictures are fragments, put together wrongly, suspect the clock.",
)
def each_mistake_has_its_own_pictures() -> bool:
    """From a pixel to the next white noise changes by root 2 of its spread; pictures by half of it."""
    theirs = model_of_the_papers(shipped_model("flow").model)
    noise = torch.randn(10, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    mistakes = (lambda x, t, y: theirs(x, 1 - t / 1000, y), lambda x, t, y: -theirs(x, t / 1000, y))
    sign, clock = (
        FlowMatching().sample(one, noise.shape, torch.arange(10), num_steps=20, noise=noise) for one in mistakes
    )
    rough = [float(x.diff(dim=-1).std() / x.std()) for x in (sign, clock)]
    large = float(sign.abs().mean()) > 1.5 and float(sign.abs().max()) > 4
    return large and rough[0] > 1.3 and rough[1] < 1.1 and 0.3 < float(clock.abs().mean()) < 1


@claim(
    "Asked at `t = 0` as well, where there is nothing to learn, this network comes to a distance of 1.38 with 20 "
    "calls, and with only 4 calls to a distance above 20: 1,000 pictures each, one seed.",
)
def one_bad_question_spoils_the_sampler() -> bool:
    """With 100 pictures. With 1,000, seeds 0 to 9 for ten batches, it was 1.38 in ten steps and 21.4 in two."""
    network, labels = shipped_model("flow").model, torch.arange(100) % 10
    noise = torch.randn(100, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    asked = []

    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        asked.append(t)
        with torch.no_grad():
            return network(x, torch.full((100,), 1000.0 * t), labels)

    spoiled = walk_back(velocity, noise, 2, heun_step).clamp(-1, 1)
    shipped = FlowMatching().sample(network, noise.shape, labels, num_steps=2, solver="heun", noise=noise)
    judge = load_judge()
    real, _ = judge_images(judge, load_dataset("fashion-mnist").batch(torch.arange(1000))[0])
    distances = [frechet_distance(judge_images(judge, pictures)[0], real) for pictures in (spoiled, shipped)]
    return asked == [1, 0.5, 0.5, 0] and 15 < distances[0] < 25 and distances[1] < 5


@claim(
    "follow the velocity to t = 0. And the noise it believes in is",
    "Two flipped signs cancel: it is a convention of its own.",
)
def a_velocity_tells_both_ends() -> bool:
    clean, noise = torch.randn(2, 1, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    t, flow = 0.3, FlowMatching()
    x_t, v = flow.interpolate(clean, torch.tensor([t]), noise), flow.velocity(clean, noise)
    ends = torch.allclose(x_t - t * v, clean, atol=1e-6) and torch.allclose(x_t + (1 - t) * v, noise, atol=1e-6)
    return ends and torch.equal(x_t + (0.1 - t) * v, x_t - (0.1 - t) * (clean - noise))


@claim(
    "Euler asks where a step begins, and no step begins at 0.",
    "At t = 0 no noise is left, so there is nothing to learn from, and for real data the exact velocity has a jump:",
    "a little above 0 the noise can be read off, at 0 it cannot.",
    "That is why Heun's last step is Euler's.",
)
def the_exact_velocity_jumps_at_the_end() -> bool:
    """Data of two points: just above 0 the velocity on a line is its noise less its point; at 0 that is lost."""
    noise = torch.tensor([-1.5, 0.2, 2.0], dtype=torch.float64)
    near = [two_point_velocity((1 - t) + t * noise, t) for t in (1e-3, 1e-6)]
    read_off = all(torch.allclose(velocity, noise - 1, atol=1e-6) for velocity in near)
    asked: dict[str, list[float]] = {"euler": [], "heun": []}
    for solver, times in asked.items():
        FlowMatching().sample(
            lambda x, t, labels, times=times: times.append(float(t[0])) or torch.zeros_like(x),
            (1, 3, 4, 4),
            num_steps=4,
            solver=solver,
            generator=torch.Generator().manual_seed(0),
        )
    return read_off and all(min(times) == 250 for times in asked.values()) and len(asked["heun"]) == 7


@claim(
    "because what is left is the network's own error, which an exact walk along its velocities keeps.",
)
def with_fifty_steps_the_solver_is_not_what_is_wrong() -> bool:
    """Twice as many steps change the pictures by little, and the distance stays at many times that of real ones."""
    network, labels = shipped_model("flow").model, torch.arange(6)
    noise, other = torch.randn(2, 6, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    fifty, hundred, elsewhere = (
        FlowMatching().sample(network, noise.shape, labels, num_steps=steps, noise=start)
        for steps, start in ((50, noise), (100, noise), (50, other))
    )
    real = shipped_results("side_by_side")["real, 1000 pictures"]["frechet"]
    moved = float((fifty - hundred).norm() / (fifty - elsewhere).norm())
    return moved < 0.15 and stored("euler", 50)[0]["frechet"] > 5 * real


@claim(
    "an ancestral step adds fresh noise, and what the network got wrong before is noised over and looked at again.",
    "Euler's method carries its errors along to the end.",
)
def fresh_noise_covers_an_early_error() -> bool:
    """Noise that is too bright by 0.2 makes Euler's pictures brighter by far more than it makes the ancestral ones."""
    labels, generator = torch.arange(10), torch.Generator().manual_seed(2)
    noise, brighter = torch.randn(10, 3, 32, 32, generator=generator), []
    for name in ("flow", "ddpm"):
        trained = shipped_model(name)
        options = {"num_steps": 50, "method": "ddpm"} if name == "ddpm" else {"num_steps": 20}
        plain, bright = (
            trained.process.sample(
                trained.model, noise.shape, labels, noise=start, generator=torch.Generator().manual_seed(1), **options
            )
            for start in (noise, noise + 0.2)
        )
        brighter.append(float((bright - plain).mean()))
    return brighter[0] > 2 * brighter[1]


@claim("so the mean velocity is `x` minus the mean image, and one whole step back along it ends in the mean image.")
def one_step_from_noise_ends_in_the_mean() -> bool:
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    ends = [x - velocity(x, 1.0) for velocity in (two_point_velocity, gaussian_velocity)]
    return all(torch.allclose(end, torch.full_like(x, mean)) for end, mean in zip(ends, (0.0, 0.3), strict=True))


@claim(
    "in the first two steps something like the mean, then a decision.",
    "(The still picture shows every fourth step; by step 4 most is decided.)",
)
def the_first_guesses_are_like_the_mean() -> bool:
    labels = [9, 8, 1, 7]
    states, means = list(walk("flow", 20, labels, 1.0, seed=0)), class_means(labels)
    to_mean, to_end = (
        [float((states[step].clean - aim).square().mean().sqrt()) for step in (1, 2, 4)]
        for aim in (means, states[-1].x)
    )
    early = to_mean[0] < to_end[0] and to_mean[1] < to_end[1]
    return early and to_end[2] < to_mean[2] and spread(20, ROWS_OF_STILL) == [0, 4, 8, 12, 16, 20]


def where_they_end(strength: float, num_steps: int, mean: float = 0.0) -> tuple[float, float]:
    """Mean and spread of 60,000 points that walk with noise through the normal data of section 9.4."""
    generator, dt = torch.Generator().manual_seed(0), 1 / num_steps
    x = mean + torch.randn(60_000, dtype=torch.float64, generator=generator)
    for t in torch.linspace(1, dt, num_steps, dtype=torch.float64):
        middle, variance = 0.3 * (1 - t), (1 - t) ** 2 * 0.25**2 + t**2
        drift = gaussian_velocity(x, float(t)) + strength**2 / 2 * (x - middle) / variance
        x = x - dt * drift + strength * dt**0.5 * torch.randn(x.shape, dtype=x.dtype, generator=generator)
    return float(x.mean()), float(x.std())


@claim(
    "**So any strength g, at any time, leaves the densities as they are.**",
    "without it a mistake on the way stays, a quarter of it here, and with it the points forget where they were.",
    "With g = 2 the same number of steps leaves an error several times as large",
)
def noise_and_score_cancel() -> bool:
    """With random points, and the score of the normal density itself; a strength that changes with time in the lesson
    follows from one that does not, step by step."""
    ends = {g: where_they_end(g, 200) for g in (0, 1, 2)}
    right = all(abs(mean - 0.3) < 0.01 and abs(spread - 0.25) < 0.015 for mean, spread in ends.values())
    plain, strong = (abs(ends[g][1] - 0.25) for g in (0, 2))
    begun_wrong = [where_they_end(g, 200, mean=1.0)[0] - 0.3 for g in (0, 2)]
    return right and strong > 3 * plain and abs(begun_wrong[0] - 0.25) < 0.01 and abs(begun_wrong[1]) < 0.01


@claim("Leave the velocity out and let the time stand still: noise and score alone keep $p_t$.")
def langevin_keeps_the_density() -> bool:
    generator, variance, dt = torch.Generator().manual_seed(0), 0.5**2 * 0.25**2 + 0.5**2, 0.01
    ends = []
    for start in (variance**0.5, 3.0):  # where it should stay, and from elsewhere
        x = 0.15 + start * torch.randn(30_000, dtype=torch.float64, generator=generator)
        for _ in range(400):
            x = x - dt / 2 * (x - 0.15) / variance + dt**0.5 * torch.randn(x.shape, dtype=x.dtype, generator=generator)
        ends.append(float(x.std()))
    return all(abs(end - variance**0.5) < 0.01 for end in ends)
