"""What lesson 11 states, proven: judges, distances, seeds."""

import torch

from course_lib.data import load_dataset
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.evaluation.evaluate import Judge
from course_lib.evaluation.metrics import feature_statistics, frechet_distance, matrix_square_root
from course_lib.lessons.lesson11.figures import load_ablations
from course_lib.lessons.shared.claims import claim
from course_lib.skips import decoder_channels
from course_lib.training.config import SMALL_UNET
from course_lib.unet import UNet


@claim("two matrices give a product with the same eigenvalues in either order")
def eigenvalues_do_not_mind_the_order() -> bool:
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, 6, 6, generator=generator, dtype=torch.float64)
    one, other = one @ one.T, other @ other.T
    root = matrix_square_root(one)
    symmetric = torch.linalg.eigvalsh(root @ other @ root)
    product = torch.linalg.eigvals(one @ other).real.sort()[0]
    return torch.allclose(symmetric, product)


@claim("their mean `(D,)` and their covariance `(D, D)`, divided by N - 1, both in double precision.")
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


@claim("the mean squared distance of two of them is **twice the variance**, added up over the features")
def pairs_are_twice_the_variance() -> bool:
    ten = torch.randn(10, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    pairs = [float((one - other).square().sum()) for i, one in enumerate(ten) for other in ten[:i]]
    return len(pairs) == 45 and abs(sum(pairs) / 45 - 2 * float(ten.var(dim=0).sum())) < 1e-9


@claim("The distance is **biased**: too few samples make it too large", "about in proportion to 1/n")
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
    judge = Judge()

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


@claim("a loss that is only 7 % higher")
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
