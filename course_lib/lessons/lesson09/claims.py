"""What lesson 09 states, proven: the line, the velocity, solvers, and both methods beside each other."""

import torch

from course_lib import FlowMatching, SinusoidalPositionEmbedding
from course_lib.data import load_dataset
from course_lib.lessons.lesson09.figures import class_means
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.training import lesson_config
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


@claim("They bring flow matching's distance from 0.58 (the mean of three seeds, from 0.54 to 0.65) to 0.28")
def guidance_is_worth_more_than_steps() -> bool:
    plain, guided = stored("euler", 20), stored("euler", 10, 1.5)
    distances = [row["frechet"] for row in plain]
    found = (round(mean_of(plain, "frechet"), 2), round(min(distances), 2), round(guided[0]["frechet"], 2))
    return found == (0.58, 0.54, 0.28) and abs(max(distances) - 0.65) < 0.006


@claim("(their diversity falls from 1.07 to 0.77; real images have 1.02)")
def guidance_costs_diversity() -> bool:
    guided, real = stored("euler", 10, 1.5)[0], shipped_results("side_by_side")["real, 1000 pictures"]
    found = [mean_of(stored("euler", 20), "diversity"), guided["diversity"], real["diversity"]]
    return [round(one, 2) for one in found] == [1.07, 0.77, 1.02]


@claim("Flow matching's curve stops falling: with 50 calls it is no lower than with 20.")
def more_steps_do_not_help_euler() -> bool:
    return stored("euler", 50)[0]["frechet"] >= min(row["frechet"] for row in stored("euler", 20))


@claim(
    "Their distances lie on each other:",
    "0.79 with 9 calls against 0.77 with 10, 0.67 with 19 against 0.58 with 20",
    "(Heun's accuracy is about two hundredths lower.)",
)
def heun_is_level_with_euler() -> bool:
    found = [stored("heun", steps)[0] for steps in (5, 10)] + stored("euler", 10)
    calls, distances = [row["calls"] for row in found], [round(row["frechet"], 2) for row in found]
    euler = [mean_of(stored("euler", steps), "accuracy") for steps in (10, 20)]
    lower = [round(high - row["accuracy"], 2) for high, row in zip(euler, found[:2], strict=True)]
    return calls == [9, 19, 10] and distances == [0.79, 0.67, 0.77] and lower == [0.02, 0.02]


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
    "This network leans towards one picture already;",
    "its training hardly ever asked it so near to `t = 1`",
    "of a hundred one or two lie above 0.9.",
    "The network that came with the course was trained with such times, too.",
)
def near_noise_the_network_was_hardly_asked() -> bool:
    """At t = 1 the mean of the class is the best answer there is; the network misses it by more than the mean does."""
    trained, config = shipped_model("flow"), lesson_config("flow")
    images, labels = load_dataset("fashion-mnist").batch(torch.arange(100))
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        predicted = noise - trained.model(noise, torch.full((100,), 1000.0), labels)
    means = class_means(list(range(10)))[labels]
    errors = [float((answer - images).square().mean()) for answer in (predicted, means)]
    above = 1 - torch.special.ndtr(torch.logit(torch.tensor([0.9, 0.98], dtype=torch.float64)))
    drawn = [one.time_sampling for one in (trained.process, config)]
    return errors[0] > 1.2 * errors[1] and 0.01 < above[0] < 0.02 and above[1] < 1e-4 and set(drawn) == {"logit-normal"}


@claim("This is what much longer training, on 60,000 images, makes of it, from the network that came with the course:")
def the_shipped_network_saw_more_images_for_longer() -> bool:
    shipped, own = shipped_model("flow"), lesson_config("flow")
    data = shipped.config.data, own.data
    return shipped.step > 10 * own.steps and data == ("fashion-mnist-full", "fashion-mnist")


@claim("Fifty times the calls do buy something.")
def a_thousand_calls_are_ahead_of_every_seed() -> bool:
    long = stored("ddpm", 1000, method="ddpm")[0]
    return long["frechet"] < min(row["first_500"]["frechet"] for row in stored("euler", 20))


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


@claim("Every point is a thousand drawn images (500 where it took 1,000 calls each)")
def points_are_a_thousand_pictures() -> bool:
    drawn = [row for row in shipped_results("side_by_side").values() if "solver" in row]
    return all(row["pictures"] == (500 if row["calls"] == 1000 else 1000) for row in drawn)
