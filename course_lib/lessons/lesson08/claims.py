"""What lesson 08 states, proven: the schedule, the jump, one step back."""

import itertools
from unittest import mock

import torch

from course_lib import DDPM
from course_lib.ddpm import per_image
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.evaluation.metrics import frechet_distance
from course_lib.lessons.lesson08 import figures
from course_lib.lessons.lesson08.figures import real_images
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.lessons.shared.training import lesson_config
from course_lib.parameters import count_parameters
from course_lib.unet import UNet

ALPHA_BAR = DDPM().alphas_cumprod


@claim(
    "16 base channels and one block a level in the encoder, 691,059 numbers instead of 15.78 million.",
    "The one that came with the course is as small.",
)
def the_network_trained_here_is_small() -> bool:
    settings = lesson_config("ddpm").unet
    with torch.device("meta"):
        here, documents = count_parameters(UNet(**settings)), count_parameters(UNet())
    shipped = sum(weights.numel() for weights in shipped_model("ddpm").model.parameters())
    blocks = settings["base_channels"], settings["num_res_blocks"]
    return here == shipped == 691_059 and blocks == (16, 1) and round(documents / 1e6, 2) == 15.78


@claim("Variances add up, to ten.")
def the_noises_of_all_steps_add_up_to_ten() -> bool:
    return round(float(DDPM().betas.sum())) == 10


@claim(
    "After a quarter of the steps noise and image have the same weight.",
    "image and noise have the same weight at t = 259",
)
def the_weights_are_equal_at_259() -> bool:
    return int((ALPHA_BAR - 0.5).abs().argmin()) in (258, 259) and int((ALPHA_BAR < 0.5).nonzero()[0]) == 259


@claim("Ours have less, so the noise overtakes them earlier:")
def the_noise_overtakes_our_images_earlier() -> bool:
    variance = real_images(1000)[0].var()
    return variance < 0.5 and int((ALPHA_BAR * variance < 1 - ALPHA_BAR).nonzero()[0]) < 200


@claim("At t = 0 the noise's share is $1 - \\bar\\alpha_0 = \\beta_0$, exactly 0.0001.")
def the_first_share_of_noise_is_beta() -> bool:
    return abs(1 - float(ALPHA_BAR[0]) - 1e-4) < 1e-12


@claim("sigma / signal is 157 there", "At t = 999 there is nothing of this bag left, 0.6 % of its strength.")
def errors_are_157_times_as_large_at_the_end() -> bool:
    signal = float(ALPHA_BAR[-1].sqrt())
    return round((1 - signal**2) ** 0.5 / signal) == 157 and round(100 * signal, 1) == 0.6


@claim("Two bell curves; their product is a bell curve again.", "At t = 500 the clean image allows nearly anything")
def the_product_of_two_bells_is_the_formula() -> bool:
    with mock.patch.object(figures, "show"):
        return figures.plot_two_bells(DDPM()) < 1e-6


@claim(
    "Both are bells, and their exponents add up.",
    "(over a common denominator, with $(1-\\beta_t)\\,\\bar\\alpha_{t-1} = \\bar\\alpha_t$).",
    "That is a bell with the mean $B/A$ and the variance $1/A$, and these are the two formulas above.",
)
def the_square_is_completed_to_the_formula() -> bool:
    beta, alpha_bar, before = DDPM().betas[1:], ALPHA_BAR[1:], ALPHA_BAR[:-1]
    of_y, of_both = (
        1 / (1 - before) + (1 - beta) / beta,
        torch.stack([before.sqrt() / (1 - before), (1 - beta).sqrt() / beta]),
    )
    of_clean, of_x, spread = (part[1:] for part in figures.weights_of_step(DDPM()))
    same = torch.allclose(of_both / of_y, torch.stack([of_clean, of_x])) and torch.allclose(1 / of_y, spread**2)
    common = torch.allclose(of_y, (1 - alpha_bar) / (beta * (1 - before)))
    return same and common and torch.allclose((1 - beta) * before, alpha_bar)


@claim("As long as nothing is clipped, that is the same:")
def the_papers_mean_is_ours() -> bool:
    generator = torch.Generator().manual_seed(0)
    x_t, eps = torch.randn(2, 5, 3, 4, 4, generator=generator, dtype=torch.float64)
    process, t = DDPM(), torch.tensor([0, 3, 90, 500, 999])
    beta, alpha_bar = per_image(process.betas, t, x_t), per_image(ALPHA_BAR, t, x_t)
    papers = (x_t - beta * eps / (1 - alpha_bar).sqrt()) / (1 - beta).sqrt()
    ours = process.step(x_t, t, eps, noise=torch.zeros_like(x_t), clip_denoised=False)
    return torch.allclose(ours, papers, atol=1e-9)


@claim("and eta = 1, from one time to the one before it and without clipping, is the ancestral step again")
def eta_1_is_the_ancestral_step() -> bool:
    generator = torch.Generator().manual_seed(0)
    x_t, eps, noise = torch.randn(3, 4, 3, 4, 4, generator=generator, dtype=torch.float64)
    process, t = DDPM(), torch.tensor([1, 40, 600, 999])
    one = process.ddim_step(x_t, t, t - 1, eps, eta=1.0, noise=noise, clip_denoised=False)
    return torch.allclose(one, process.step(x_t, t, eps, noise=noise, clip_denoised=False), atol=1e-9)


@claim(
    "(These are eight pictures, so chance moves the number by a tenth or two, "
    "and above 100 % means no more than 100 % does.)",
)
def the_ancestral_sampler_forgets_its_start() -> bool:
    labels, generator = torch.tensor([0, 1, 2, 3, 5, 7, 8, 9]), torch.Generator().manual_seed(0)
    starts = torch.randn(2, 8, 3, 32, 32, generator=generator).repeat_interleave(2, 0)
    network, shape = shipped_model("ddpm").model, (8, 3, 32, 32)
    options = {"method": "ddpm", "num_steps": 20, "generator": generator}
    one, again, other, once_more = (DDPM().sample(network, shape, labels, noise=start, **options) for start in starts)
    shares = [(one - again).norm() / (one - other).norm(), (other - once_more).norm() / (other - again).norm()]
    return all(0.8 < share < 1.25 for share in shares)


@claim("follow the equation, are spread like them at every other.")
def the_equation_keeps_the_densities() -> bool:
    """A pixel that is -1 or 1: the share of pixels below a point that follows the equation stays the same."""
    shares = torch.linspace(0.05, 0.95, 10, dtype=torch.float64)

    def below(x: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
        return sum(torch.special.ndtr((x - centre) / s) / 2 for centre in (-1, 1))

    def slope(x: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
        return (x - torch.tanh(x / s**2)) / s  # the mean of the noise: x minus the mean of the pixel, divided by s

    times = torch.logspace(2, -1, 4001, dtype=torch.float64)
    x = times[0] * torch.special.ndtri(shares)
    start = below(x, times[0])
    for s, s_next in itertools.pairwise(times):
        trial = x + (s_next - s) * slope(x, s)
        x = x + (s_next - s) * (slope(x, s) + slope(trial, s_next)) / 2
        if float((below(x, s_next) - start).abs().max()) > 1e-4:
            return False
    return True


@claim("DDIM carries along to the end what a small network got wrong in the first fifth of the way.")
def ddim_keeps_the_errors_of_the_start() -> bool:
    """With the mean of the class as the clean image there, the finished pictures are much nearer to real ones."""
    images, classes = real_images(1000)
    means = torch.stack([images[classes == one].mean(0) for one in range(10)])
    judge, network, process = load_judge(), shipped_model("ddpm").model, DDPM()
    real, _ = judge_images(judge, images)
    labels, noise = torch.arange(60) % 10, torch.randn(60, 3, 32, 32, generator=torch.Generator().manual_seed(0))

    def helped(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return process.noise_left(x, t, means[labels]) if t[0] >= 800 else network(x, t, labels)

    distances = []
    for model in (network, helped):
        drawn = process.sample(model, noise.shape, labels, method="ddim", num_steps=10, noise=noise)
        distances.append(frechet_distance(judge_images(judge, drawn)[0], real))
    return distances[1] < 0.8 * distances[0]


@claim(
    "In our pictures six of",
    "ten pixels are exactly -1, and every pixel has three equal channels, each with noise of its own",
    "together that tells most of the noise at t = 0. Later the neighbours tell more of it.",
)
def a_pixel_alone_tells_most_of_its_noise_at_0() -> bool:
    """The best guess from one pixel's three channels beats the trained network at t = 0, and not at t = 100."""
    images, labels = real_images(300)
    levels, counts = images[:, 0].unique(return_counts=True)
    black = float((images == -1).float().mean())
    images, labels, process, losses = images[:16], labels[:16], DDPM(), []
    network, generator = shipped_model("ddpm").model, torch.Generator().manual_seed(0)
    for time in (0, 100):
        t, noise = torch.full((16,), time), torch.randn(images.shape, generator=generator)
        x_t = process.add_noise(images, t, noise)
        signal, spread = float(ALPHA_BAR[time].sqrt()), float((1 - ALPHA_BAR[time]).sqrt())
        seen = x_t.mean(1, keepdim=True)  # the mean of three channels has a third of the noise's variance
        likely = counts.log() - (seen[..., None] - signal * levels).square() / (2 * spread**2 / 3)
        clean = (likely.softmax(-1) * levels).sum(-1)
        with torch.no_grad():
            networks = float((network(x_t, t, labels) - noise).square().mean())
        losses.append((float(((x_t - signal * clean) / spread - noise).square().mean()), networks))
    (alone, networks), (alone_later, networks_later) = losses
    return round(black, 1) == 0.6 and alone < min(networks, 0.25) and networks_later < alone_later / 2


@claim("Two lazy networks", "Its loss is the mean of noise squared: 1.", "More than two thirds of the loss is gone")
def copying_the_input_is_a_third_of_the_loss() -> bool:
    images, labels = real_images(1000)
    losses = [
        float(DDPM().loss(lazy, images, labels, torch.Generator().manual_seed(0)))
        for lazy in (lambda x, t, labels: torch.zeros_like(x), lambda x, t, labels: x)
    ]
    return abs(losses[0] - 1) < 0.02 and losses[1] < 1 / 3


@claim(
    "For one step at t = 500 that weight is 0.003:",
    "the humps of -1 and of 1 are 0.006 apart, and each has a spread of 0.1.",
)
def the_humps_of_one_step_lie_close() -> bool:
    of_clean, _, spread = figures.weights_of_step(DDPM())
    found = [round(float(of_clean[500]), 3), round(2 * float(of_clean[500]), 3), round(float(spread[500]), 1)]
    return found == [0.003, 0.006, 0.1]


@claim(
    "A pixel that is -1 or 1, each half of the time: for such data the true way back is a formula.",
    "We go back from t = 500 to 499, 400, 200 and 50. **At which of them will a single bell curve no longer do?**",
    "A step of one, or of a hundred: the two curves cover each other. Further back the true one has two humps",
)
def one_bell_is_enough_for_small_steps() -> bool:
    from course_lib.lessons.lesson08.proofs import way_back

    missed, humps = [], []
    for earlier in (499, 400, 200, 50):
        x, mixture, one_bell = way_back(DDPM(), 500, earlier, 0.1)
        missed.append(float(torch.trapezoid((mixture - one_bell).abs(), x)) / 2)
        rises = mixture.diff() > 0
        humps.append(int((rises[:-1] & ~rises[1:]).sum()))
    return max(missed[:2]) < 0.005 and min(missed[2:]) > 0.1 and humps == [1, 1, 2, 2]


@claim("the bound asks a hundred times as much of t = 1 as of t = 500")
def the_bound_minds_the_clean_end() -> bool:
    beta, before = DDPM().betas, torch.cat([ALPHA_BAR.new_ones(1), ALPHA_BAR[:-1]])
    variance = beta * (1 - before) / (1 - ALPHA_BAR)
    weight = beta**2 / (2 * variance * (1 - beta) * (1 - ALPHA_BAR))
    return 90 < float(weight[1] / weight[500]) < 120


@claim(
    "Its path is $(1 - t)\\,x + t\\,\\epsilon$; divided by 1 - t, it has $s = t / (1 - t)$.",
    "Two perfect networks, one of each kind, would lead the same noise along the same curves.",
)
def both_methods_share_their_curves() -> bool:
    """For a pixel of two points: at equal noise for each unit of picture, both have the same slope."""
    seen = torch.linspace(-3, 3, 13, dtype=torch.float64)  # the place at the picture's full strength
    agree = []
    for s in (0.3, 1.0, 4.0):
        slope_ddpm = (seen - torch.tanh(seen / s**2)) / s  # the mean of the noise, by Bayes' rule
        t = s / (1 + s)
        x_t = seen * (1 - t)
        clean = torch.tanh((1 - t) * x_t / t**2)  # the mean of the clean image on flow matching's path
        agree.append(torch.allclose(slope_ddpm, (seen - clean) / s))
    return all(agree)


@claim("Euler's method for $d\\bar x / ds = \\epsilon$ (Song, Meng and Ermon 2021, equation 14).")
def a_step_of_ddim_is_one_of_euler() -> bool:
    ddpm, (x_t, eps) = (
        DDPM(),
        torch.randn(2, 1, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)),
    )
    before, after = (ddpm.alphas_cumprod[time] for time in (650, 420))
    stepped = ddpm.ddim_step(x_t, torch.tensor([650]), torch.tensor([420]), eps, clip_denoised=False)
    slope = ((1 - after) / after).sqrt() - ((1 - before) / before).sqrt()
    return torch.allclose(stepped / after.sqrt(), x_t / before.sqrt() + slope * eps)


@claim("The loss of the second ended at 0.014, half of what two minutes reach: a small step beside the fall from 1.")
def longer_training_halves_the_loss() -> bool:
    """The network's loss on images it never saw, and the last tenth of our own runs of two minutes."""
    images, labels = real_images(250)
    with torch.no_grad():
        loss = float(DDPM().loss(shipped_model("ddpm").model, images, labels, torch.Generator().manual_seed(0)))
    ends = [sum(run["loss"][-3:]) / 3 for name, run in shipped_results("expectations").items() if "ddpm" in name]
    return abs(loss - 0.014) < 0.0015 and len(ends) == 3 and 0.4 < 0.014 / (sum(ends) / 3) < 0.6


@claim("rise along a straight line from 0.0001 to 0.02.")
def the_variances_rise_along_a_line() -> bool:
    return torch.allclose(DDPM().betas, torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64))


@claim("A variance of 1 becomes", "it stays, and any other is drawn towards 1.", "the end is noise of variance 1")
def a_variance_of_one_stays() -> bool:
    betas, ends = DDPM().betas.tolist(), []
    for variance in (0.0, 0.4, 1.0, 5.0):
        for beta in betas:
            variance = (1 - beta) * variance + beta
        ends.append(variance)
    return abs(ends[2] - 1) < 1e-9 and all(abs(end - 1) < 1e-3 for end in ends)


@claim(
    "With seven digits it is 1 - 0.9999000 = 0.0001000: four of them are left.",
    "the library computes the schedule in float64, subtracts there, and converts last.",
    "The table is float64 and images are float32.",
    "Their product would be float64, which the network refuses.",
)
def the_table_is_kept_in_double_precision() -> bool:
    off = abs((1 - float(ALPHA_BAR[:1].float())) / 1e-4 - 1)
    image, t = torch.zeros(1, 3, 32, 32), torch.tensor([0])
    product = ALPHA_BAR[:1].reshape(1, 1, 1, 1) * image
    try:
        shipped_model("ddpm").model(product, t, t)
    except (RuntimeError, TypeError, ValueError):
        returned = per_image(ALPHA_BAR, t, image).dtype
        return (product.dtype, returned) == (torch.float64, torch.float32) and 1e-6 < off < 1e-3
    return False


@claim(
    "`(32,)` meets the width, and the width happens to be 32:",
    "With a batch of 16 the same line would have stopped with an error.",
)
def a_batch_as_wide_as_the_image_goes_unnoticed() -> bool:
    faded = torch.ones(32, 3, 32, 32) * ALPHA_BAR[:32]
    try:
        torch.ones(16, 3, 32, 32) * ALPHA_BAR[:16]
    except RuntimeError:
        return torch.equal(faded[5, 0, 7], ALPHA_BAR[:32])
    return False


@claim(
    "At t = 0 all of the weight is on the clean image and the variance is 0:",
    "Nothing special is needed at t = 0.",
    "and exactly 1 and 0 at t = -1.",
)
def the_last_step_needs_no_exception() -> bool:
    of_clean, of_x, spread = (float(table[0]) for table in figures.weights_of_step(DDPM()))
    ends = DDPM().alpha_bar_and_sigma2(torch.tensor([-1]), torch.zeros(1, 3, 4, 4))
    return abs(of_clean - 1) < 1e-9 and (of_x, spread) == (0, 0) and [float(end) for end in ends] == [1, 0]


@claim(
    "With eta = 0 the step may also go forward in time.",
    "There the second root of sigma is that of a negative number, NaN, and 0 times NaN is NaN:",
)
def the_root_of_sigma_is_nan_forwards() -> bool:
    before, after = ALPHA_BAR[300], ALPHA_BAR[500]  # from 300 forward to 500
    x_t, eps = torch.randn(2, 1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    forward = DDPM().ddim_step(x_t, torch.tensor([300]), torch.tensor([500]), eps, eta=0.0)
    return bool((0 * (1 - before / after).sqrt()).isnan()) and bool(forward.isfinite().all())


@claim(
    "The variance of the noise given x_t, alpha-bar s² / (alpha-bar s² + 1 - alpha-bar), with s = 0.4",
    "nearly 1 at t = 0, nearly 0 at t = 999.",
)
def the_noise_of_normal_data_is_nearly_unknown_at_the_start() -> bool:
    def formula(alpha_bar: float) -> float:
        return alpha_bar * 0.16 / (alpha_bar * 0.16 + 1 - alpha_bar)

    middle, generator = float(ALPHA_BAR[200]), torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 100_000, generator=generator, dtype=torch.float64)
    x_t = (middle**0.5) * 0.4 * clean + (1 - middle) ** 0.5 * noise
    left = (noise - x_t * (x_t @ noise) / (x_t @ x_t)).var()
    ends = [formula(float(ALPHA_BAR[t])) for t in (0, 999)]
    return abs(float(left) / formula(middle) - 1) < 0.02 and ends[0] > 0.99 > 0.01 > ends[1]
