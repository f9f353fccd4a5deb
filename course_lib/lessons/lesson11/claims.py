"""What lesson 11 states, proven: judges, distances, seeds."""

from functools import lru_cache
from unittest import mock

import torch
import torch.nn.functional as F

from course_lib.data import load_dataset
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.evaluation.evaluate import Judge, balanced_order
from course_lib.evaluation.metrics import (
    class_accuracy,
    feature_statistics,
    frechet_distance,
    gaussian_frechet,
    matrix_square_root,
)
from course_lib.lessons.lesson11 import figures
from course_lib.lessons.lesson11.figures import held_out, load_ablations, measure_sample_sizes
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.skips import decoder_channels
from course_lib.training.config import SMALL_UNET
from course_lib.unet import UNet


@lru_cache
def the_judge() -> Judge:
    return Judge()


@lru_cache
def real_images() -> figures.Judged:
    """What `meet_the_judge` hands out, without judging the images once more."""
    judge, images = the_judge(), load_dataset("fashion-mnist")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    pictures, labels = images.batch(order)
    return figures.Judged(pictures, labels, judge.real_features[order], judge.real_predicted[order])


def more_loss_by_time(variant: str, seed: int) -> dict[str, int]:
    """By how many percent the variant's loss lies above the full network's of the same seed, for each time."""
    full, other = (
        next(run["loss_at"] for run in load_ablations().runs[name] if run["seed"] == seed) for name in ("full", variant)
    )
    return {time: round(100 * (other[time] / full[time] - 1)) for time in full}


@claim("two matrices give a product with the same eigenvalues in either order")
def eigenvalues_do_not_mind_the_order() -> bool:
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, 6, 6, generator=generator, dtype=torch.float64)
    one, other = one @ one.T, other @ other.T
    root = matrix_square_root(one)
    symmetric = torch.linalg.eigvalsh(root @ other @ root)
    product = torch.linalg.eigvals(one @ other).real.sort()[0]
    return torch.allclose(symmetric, product)


@claim(
    "their mean `(D,)` and their covariance `(D, D)`, divided by N - 1, both in double precision.",
    "take the mean off both, multiply, average over the images, with N - 1.",
)
def statistics_have_these_shapes() -> bool:
    features = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    mean, cov = feature_statistics(features)
    centred = features.double() - features.double().mean(dim=0)
    right = torch.allclose(cov, sum(torch.outer(row, row) for row in centred) / 6)
    return mean.shape == (3,) and right and mean.dtype == cov.dtype == torch.float64


@claim("Not even close: 9 stands where 5 should, and 8.94 where 4 should.")
def roots_of_the_numbers_are_no_root() -> bool:
    small = torch.tensor([[5.0, 4.0], [4.0, 5.0]])
    return torch.allclose(small.sqrt() @ small.sqrt(), torch.tensor([[9.0, 8.94], [8.94, 9.0]]), atol=0.005)


@claim("For this one the factors are 9 and 1, so the root has 3 and 1:")
def the_small_matrix_has_factors_nine_and_one() -> bool:
    small = torch.tensor([[5.0, 4.0], [4.0, 5.0]])
    return torch.allclose(torch.linalg.eigvalsh(small), torch.tensor([1.0, 9.0]), atol=1e-5)


@claim(
    'So take "larger than seeds differ" for a hint.', "It is not even strict: the range of three seeds is a narrow one."
)
def the_rule_gives_false_alarms() -> bool:
    runs = torch.randn(200_000, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    full, changed = runs[:, :3], runs[:, 3]
    false_alarms = ((changed - full[:, 0]).abs() > full.amax(1) - full.amin(1)).double().mean()
    return 0.25 < float(false_alarms) < 0.33


@claim(
    "the mean squared distance of two of them is **twice the variance**, added up over the features",
    "The same to the last digit, if the variance divides by N - 1, as torch's `var` does.",
)
def pairs_are_twice_the_variance() -> bool:
    ten = torch.randn(10, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    pairs = [float((one - other).square().sum()) for i, one in enumerate(ten) for other in ten[:i]]
    return len(pairs) == 45 and abs(sum(pairs) / 45 - 2 * float(ten.var(dim=0).sum())) < 1e-9


@claim(
    "The distance is **biased**: too few samples make it too large",
    "about in proportion to 1/n",
    "Biased by about 1/n;",
)
def the_distance_is_biased() -> bool:
    generator = torch.Generator().manual_seed(0)
    means = []
    for count in (100, 1000):
        draws = [torch.randn(2, count, 8, generator=generator) for _ in range(6)]
        means.append(sum(float(frechet_distance(one, other)) for one, other in draws) / 6)
    return 6 < means[0] / means[1] < 14


@claim(
    "which makes the floor twice as high: 0.13 for 1,000 images, and 0.07 with every class equally often.",
)
def classes_left_to_chance_double_the_floor() -> bool:
    judge = the_judge()

    def by_chance(seed: int) -> float:
        order = torch.randperm(len(judge.real_features), generator=torch.Generator().manual_seed(seed))
        return frechet_distance(judge.real_features[order[:1000]], judge.real_features[order[1000:]])

    chance = sum(by_chance(seed) for seed in range(5)) / 5
    equal = sum(judge.real_scores(1000, seed).frechet for seed in range(5)) / 5
    return (round(chance, 2), round(equal, 2)) == (0.13, 0.07)


@claim("So have noisy pictures, for our judge: they look alike to it.")
def noise_makes_the_spread_smaller() -> bool:
    images, _ = load_dataset("fashion-mnist").batch(torch.arange(500))
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    noisy = [(images + weight * noise).clamp(-1, 1) for weight in (0.0, 0.1, 0.3, 0.5)]
    spreads = [float(judge_images(load_judge(), some)[0].double().var(dim=0).sum()) for some in noisy]
    return spreads == sorted(spreads, reverse=True) and spreads[-1] < spreads[0] / 4


@claim("a loss that is only 7 % higher", "7 % is easily blamed on a learning rate.")
def the_deaf_networks_loss_is_seven_percent_higher() -> bool:
    runs = load_ablations().runs
    full, deaf = (runs[name][0]["loss"] for name in ("full", "one channel a group"))
    return round(100 * (deaf / full - 1)) == 7


@claim("those channels are there, and hear nothing of the image: the norm makes a constant of the zeros.")
def where_a_skip_was_the_norm_gives_a_constant() -> bool:
    channels = (SMALL_UNET[key] for key in ("base_channels", "channel_mults", "num_res_blocks"))
    generator = torch.Generator().manual_seed(0)
    for level, pairs in zip(UNet(**SMALL_UNET).decoder, decoder_channels(*channels), strict=True):
        for block, (of_h, of_skip) in zip(level.resblocks, pairs, strict=True):
            h = torch.randn(2, of_h, 8, 8, generator=generator)
            heard = block.norm1(torch.cat([h, torch.zeros(2, of_skip, 8, 8)], dim=1))[:, of_h:]
            if not torch.equal(heard, heard[:1, :, :1, :1].expand_as(heard)):
                return False
    return True


@claim("The bottleneck would have room for them (4,096 numbers for 3,072)")
def the_bottleneck_has_room_for_the_noise() -> bool:
    x, sizes = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)), []
    network = UNet(**SMALL_UNET)
    network.mid_resblock2.register_forward_hook(lambda block, given, out: sizes.append(tuple(out.shape[1:])))
    network(x, torch.zeros(1), torch.zeros(1, dtype=torch.int64))
    return sizes == [(64, 8, 8)] and (64 * 8 * 8, x.numel()) == (4096, 3072)


@claim(
    "With attention at 16 in place of 8 the loss is higher than with any seed of the full network (0.1231 against "
    "0.1187 to 0.1200), and the distance by less than seeds differ.",
    "But this is one seed, and with attention at both the loss is 0.1190:",
    "no sign that attention at 16 does harm.",
)
def attention_at_16_is_one_seed() -> bool:
    ablations = load_ablations()
    full, (at_16,), (both,) = (ablations.runs[name] for name in ("full", "attention at 16", "attention at 16 and 8"))
    losses = [run["loss"] for run in full]
    shown = [round(loss, 4) for loss in (at_16["loss"], min(losses), max(losses), both["loss"])]
    distance = ablations.difference("attention at 16", "frechet")
    return shown == [0.1231, 0.1187, 0.1200, 0.1190] and 0 < distance < ablations.spread("frechet")


@claim(
    "With the first seed, hiding the time raises the loss by a quarter at t = 0.05, and by 2 to 4 % at all other times "
    "(with the second by 16 %, and by 1 to 4 %).",
)
def hiding_the_time_costs_most_at_the_clean_end() -> bool:
    found = []
    for seed in (0, 1):
        more = more_loss_by_time("no time", seed)
        found.append((more.pop("0.05"), min(more.values()), max(more.values())))
    return found == [(25, 2, 4), (16, 1, 4)]


@claim(
    "the loss rose without them**, by 5 to 12 %, and at all times but the cleanest by more than seeds differ.",
    "The pictures' distance rose, too, but by less than seeds differ. One seed: a hint, no more.",
)
def without_residuals_the_loss_rises() -> bool:
    ablations, more = load_ablations(), more_loss_by_time("no shortcuts", 0)
    (without,), full = ablations.runs["no shortcuts"], ablations.runs["full"]
    at = {time: [run["loss_at"][time] for run in full] for time in more}
    clear = {time for time, losses in at.items() if without["loss_at"][time] - losses[0] > max(losses) - min(losses)}
    farther = 0 < ablations.difference("no shortcuts", "frechet") < ablations.spread("frechet")
    return (min(more.values()), max(more.values())) == (5, 12) and clear == set(more) - {"0.05"} and farther


@claim(
    "the distance without skips, and its loss, which stopped falling at 1.",
    "(And at its accuracy, about 10 %:",
)
def without_skips_the_loss_stays_at_one() -> bool:
    (run,) = load_ablations().runs["no skips"]
    return abs(run["loss"] - 1) < 0.01 and abs(run["loss_curve"][-1] - 1) < 0.01 and round(run["accuracy"], 2) == 0.1


@claim("A network that predicts the clean image without a fault and the noise as 0 has a loss of exactly the noise's")
def the_clean_image_alone_leaves_a_loss_of_one() -> bool:
    clean, noise = torch.randn(2, 8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    loss = F.mse_loss(0 - clean, noise - clean)
    return torch.isclose(loss, noise.square().mean()) and abs(float(loss) - 1) < 0.02


@claim("Attention: no use could be found.** Without it the loss was lower with one seed and higher with the other.")
def attention_shows_no_use() -> bool:
    runs = load_ablations().runs
    more = [without["loss"] > full["loss"] for full, without in zip(runs["full"], runs["no attention"], strict=False)]
    return sorted(more) == [False, True]


@claim("the same 600 steps (the network of section 11.7 had 6,400)")
def the_ablations_were_trained_for_600_steps() -> bool:
    return load_ablations().head["config"]["steps"] == 600 and shipped_model("flow").config.steps == 6400


@claim("The pictures are 32x32 and show one centred thing.")
def the_pictures_are_32x32() -> bool:
    return tuple(load_dataset("fashion-mnist").batch(torch.arange(2))[0].shape[1:]) == (3, 32, 32)


@claim(
    "**How many of 10,000 real images will it get right?**",
    "So real images score about 93 %, not 100 %.",
    "In so few the share is a little off, 91 to 92 %.)",
)
def real_images_score_93_percent() -> bool:
    real = real_images()
    thousand, _ = held_out(real)
    few = thousand[balanced_order(thousand.labels, seed=0)[:200]]
    shares = [round(100 * class_accuracy(some.predicted, some.labels)) for some in (real, thousand, few)]
    return len(real) == 10_000 and len(thousand) == 1000 and shares == [93, 91, 92]


@claim(
    "Real images themselves had about 1.4 at 100 samples in section 11.5, where chance chose the classes.",
    "with 5,000 of 10,000 images taken out, only 5,000 are left to compare with.)",
)
def a_hundred_real_images_are_1_4_away() -> bool:
    found = measure_sample_sizes(real_images(), feature_statistics, gaussian_frechet)
    return round(sum(found[100]) / len(found[100]), 1) == 1.4 and max(found) == 5000 == len(real_images()) // 2


@claim(
    "With 300 copied images it sees much less:",
    "mean and covariance of 300 images are nearly right, and what is left is the floor of 300 images, however often",
)
def copies_have_the_floor_of_their_number() -> bool:
    sample, rest = held_out(real_images())
    real = feature_statistics(rest.features)

    def distance(features: torch.Tensor) -> float:
        return gaussian_frechet(*feature_statistics(features), *real)

    copies = distance(rest.features[torch.arange(1000) % 300])
    floors = [distance(part) for part in sample.features.split(300)[:3]]
    return abs(copies / distance(rest.features[:300]) - 1) < 0.05 and 0.5 < copies / (sum(floors) / 3) < 2


@claim("the mean brightness of 64 patches of 4x4 pixels", "16 pixels averaged hide the blur.")
def patches_hide_the_blur() -> bool:
    sample, _ = held_out(real_images())
    with mock.patch.object(figures, "judged", return_value=sample):  # what the classifier says is not asked here
        rows = figures.judge_spoiled_sets(None, real_images(), feature_statistics, gaussian_frechet)
    pattern = torch.zeros(1, 3, 32, 32)
    pattern[..., :4, :4] = 1.0
    seen = figures.shrunken(pattern)
    hidden = rows["a little blur"]["patches"] < 2 * rows["real"]["patches"]
    return hidden and seen.shape == (1, 64) and seen[0, 0] == 1 and not seen[0, 1:].any()


@claim("With fewer images than features some eigenvalues are zero, and rounding makes some of those -1e-17.")
def rounding_makes_eigenvalues_negative() -> bool:
    _, cov = feature_statistics(torch.randn(20, 64, generator=torch.Generator().manual_seed(0)))
    values = torch.linalg.eigvalsh(cov)
    return int((values.abs() < 1e-12).sum()) == 64 - 19 and -1e-14 < float(values.min()) < 0


@claim(
    "With equal covariances the three traces cancel, and |m1 - m2|^2 is left.",
    "With D = 1 it is the formula of section 11.3.",
)
def simple_cases_of_the_distance() -> bool:
    generator = torch.Generator().manual_seed(0)
    m1, m2 = torch.randn(2, 5, generator=generator, dtype=torch.float64)
    _, cov = feature_statistics(torch.randn(50, 5, generator=generator))
    equal = abs(gaussian_frechet(m1, cov, m2, cov) - float((m1 - m2).square().sum())) < 1e-9
    s1, s2 = torch.tensor([[0.7]], dtype=torch.float64), torch.tensor([[1.9]], dtype=torch.float64)
    one = gaussian_frechet(m1[:1], s1**2, m2[:1], s2**2)
    return equal and abs(one - float((m1[0] - m2[0]) ** 2 + (s1 - s2) ** 2)) < 1e-9


@claim("They have 64 means, and they hang together:", "64 means, and 64 x 64 covariances.")
def the_judge_has_64_features() -> bool:
    mean, cov = feature_statistics(real_images().features)
    sleeves_or_heels = cov - cov.diagonal().diag()
    return (mean.shape, cov.shape) == ((64,), (64, 64)) and bool((sleeves_or_heels.abs() > 0.01).any())


@claim("200 pictures for each row, every class equally often, 20 steps of Euler.")
def the_shipped_model_draws_200_in_20_steps() -> bool:
    with mock.patch.object(figures, "draw_many") as draws:
        _, labels = figures.draw_from_the_shipped_model(2.0)
    return labels.bincount().tolist() == [20] * 10 and draws.call_args.kwargs["num_steps"] == 20
