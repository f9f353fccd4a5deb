"""What lesson 03 states, proven: norms, groups, shortcuts."""

import json

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import DDPM, ResidualBlock, UNet
from course_lib.assets import asset_path
from course_lib.data import load_dataset
from course_lib.document import FORWARD_PASS
from course_lib.group_norm import num_groups
from course_lib.lessons.lesson03.figures import BOOT, chain, correlation, gradients_along, step, times_far_apart
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.shipped import shipped_model


def change_with_groups(groups: int) -> float:
    """How much the branch of section 3.6's block changes when t goes from 5 to 900."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        block = ResidualBlock(128, 128, 256).eval()
        early, late = times_far_apart(256)
        x = torch.randn(1, 128, 16, 16)
    block.norm2 = nn.GroupNorm(groups, 128)
    with torch.no_grad():
        at_5, at_900 = block(x, early[None]) - x, block(x, late[None]) - x
    return float((at_900 - at_5).norm() / at_5.norm())


@claim(
    "Now you know why one channel in each is too few. Two would do; the four that this library insists on are a margin."
)
def one_channel_a_group_is_deaf_and_two_are_not() -> bool:
    one, two, four = (change_with_groups(128 // channels) for channels in (1, 2, 4))
    return one < 1e-5 < 0.05 < two < four


@claim(
    "Between the two we multiply the numbers by 3: this fresh layer gives small ones, and times 3 they are about as "
    "large as those of a trained network, one that came with the course."
)
def three_times_a_fresh_linears_numbers_are_as_large_as_trained_ones() -> bool:
    model, times = shipped_model().model, torch.linspace(0, 1000, 201)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        fresh = nn.Linear(64, 64)(torch.randn(2000, 64))
        trained = model.time_embed(times) + model.class_embed(torch.arange(201) % 10)
    return bool(0.9 < 3 * fresh.square().mean().sqrt() / trained.square().mean().sqrt() < 1.1)


@claim("3. leaves at least **four** channels in each group")
def the_rule_leaves_four() -> bool:
    return all(channels // num_groups(channels) >= 4 or num_groups(channels) == 1 for channels in range(1, 600))


@claim('It writes nine of them out and says of the rest that they repeat; what follows from that is marked "follows".')
def nine_of_seventeen_blocks_are_written_out() -> bool:
    blocks = [step for step in FORWARD_PASS if "resblock" in step.name]
    return (len(blocks), sum(step.written_out for step in blocks)) == (17, 9)


@claim("At the start of training each of these blocks passes the picture on and adds something smaller to it.")
def a_fresh_block_of_equal_channels_adds_something_smaller() -> bool:
    boot, shown = load_dataset("fashion-mnist").batch(torch.tensor([BOOT]))[0], chain(ResidualBlock, 3, 20)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = UNet().eval()
    added = {True: [], False: []}  # size of the branch over that of the shortcut, by whether the channels stay

    def measure(block: ResidualBlock, inputs: tuple, output: torch.Tensor) -> None:
        passed_on = block.skip_conv(inputs[0])
        share = float((output - passed_on).norm() / passed_on.norm())
        added[isinstance(block.skip_conv, nn.Identity)].append(share)

    for block in [*network.modules(), *shown]:
        if isinstance(block, ResidualBlock):
            block.register_forward_hook(measure)
    with torch.no_grad():
        network(torch.randn_like(boot), torch.tensor([500]), torch.tensor([0]))
        for block in shown:
            boot = block(boot, torch.zeros(1, 32))
    larger = sum(share > 1 for share in added[False])
    return len(added[True]) == 6 + 20 and max(added[True]) < 1 and larger >= 9


@claim(
    "With shortcuts the two arrive nearly equal. Without them they have little in common as soon as they have passed "
    "the last four blocks",
    "So the *size* survives without any shortcut.",
)
def shortcuts_keep_gradients_alike() -> bool:
    sizes, with_shortcuts = gradients_along(chain(ResidualBlock, 32, 20), shortcut=True)
    lost, without = gradients_along(chain(ResidualBlock, 32, 20), shortcut=False)
    return min(with_shortcuts) > 0.98 and max(without[:17]) < 0.5 and lost[0] > 1 and sizes[0] > 0.5


def arriving_gradient(norms: bool, larger: float) -> tuple[float, float]:
    """Size and likeness in front of the first of section 3.7's blocks without shortcuts, its weights times `larger`."""
    blocks = chain(ResidualBlock, 32, 20)
    for block in blocks:
        if not norms:
            block.norm1, block.norm2 = nn.Identity(), nn.Identity()
        for conv in (block.conv1, block.conv2):
            conv.weight.data *= larger
    sizes, likeness = gradients_along(blocks, shortcut=False)
    return sizes[0], likeness[0]


@claim(
    "(Without norms they stay alike, and there is nothing left of them.",
    "Without norms it does: look at the grey line.",
    "With larger ones the gradient shrinks less; three times as large, they make it explode.",
)
def without_norms_the_gradient_vanishes() -> bool:
    sizes, likeness = zip(*(arriving_gradient(False, larger) for larger in (1, 1.5, 2, 3)), strict=True)
    return likeness[0] > 0.98 and list(sizes) == sorted(sizes) and sizes[0] < 1e-15 and sizes[2] < 1e-6 < 50 < sizes[3]


@claim("That makes up for what the convolutions take away.")
def norms_keep_the_size_whatever_the_weights() -> bool:
    return all(1 < arriving_gradient(True, larger)[0] < 20 for larger in (0.5, 1, 3))


def states_along(shortcut: bool, apart: float = 0.1, seed: int = 0) -> list[torch.Tensor]:
    """What stands in front of each of section 3.7's blocks, and behind the last, for two inputs: (2, 2, 32, 8, 8)."""
    x, other = torch.randn(2, 2, 32, 8, 8, generator=torch.Generator().manual_seed(1))
    states = [torch.stack([x, x + apart * other])]
    with torch.no_grad():
        for block in drawn_blocks(32, seed):
            states.append(torch.stack([step(block, h, torch.zeros(2, 32), shortcut) for h in states[-1]]))
    return states


def drawn_blocks(channels: int, seed: int) -> list[nn.Module]:
    """Section 3.7's twenty blocks as another seed draws them; with seed 0 they are `chain`'s."""
    torch.manual_seed(seed)
    return [ResidualBlock(channels, channels, 32).eval() for _ in range(20)]


def distance(pair: torch.Tensor) -> float:
    return float((pair[1] - pair[0]).norm() / pair[0].norm())


@claim(
    "two inputs a tenth apart are still a tenth apart at the output.",
    "Without shortcuts they drift apart, to about nine tenths: the last blocks see two different pictures.",
)
def shortcuts_keep_inputs_a_tenth_apart() -> bool:
    kept, drifted = ([distance(pair) for pair in states_along(shortcut)] for shortcut in (True, False))
    return {round(each, 1) for each in kept} == {0.1} and drifted == sorted(drifted) and 0.85 < drifted[-1] < 0.95


@claim("Without shortcuts only $f'$ is left, at two places far apart.")
def factors_taken_near_each_other_would_stay_alike() -> bool:
    """The gradients of the chain without shortcuts, every block at two places as they come, and a tenth apart."""
    blocks, likeness = chain(ResidualBlock, 32, 20), []
    for near in (False, True):
        sent = torch.randn(3, 2, 32, 8, 8, generator=torch.Generator().manual_seed(1))[2]
        sent = [sent, sent]
        for block, (one, other) in reversed(list(zip(blocks, states_along(False), strict=False))):
            places = one, one + 0.1 * one.norm() * (other - one) / (other - one).norm() if near else other
            places = [place.requires_grad_() for place in places]
            outputs = [step(block, place, torch.zeros(2, 32), False) for place in places]
            sent = [
                torch.autograd.grad((output * gradient).sum(), place)[0]
                for output, gradient, place in zip(outputs, sent, places, strict=True)
            ]
        likeness.append(float(torch.cosine_similarity(sent[0].flatten(), sent[1].flatten(), dim=0)))
    return likeness[0] < 0.3 and likeness[1] > 0.85


@claim("the derivative of the sum is $1 + f'(x)$, and the 1 is the same for both inputs.")
def the_derivative_has_a_one() -> bool:
    x = torch.linspace(-2, 2, 9, dtype=torch.float64, requires_grad=True)
    (with_shortcut,) = torch.autograd.grad((x + torch.sin(x)).sum(), x)
    return torch.allclose(with_shortcut, 1 + torch.cos(x))


@claim(
    'Through a norm a pixel can hear "the others are brighter than you". It can\'t hear "there is a sleeve at the '
    'upper left".'
)
def a_norm_tells_a_pixel_how_bright_the_others_are_and_not_where() -> bool:
    """The middle pixel behind a norm: all of the image brighter, only the others, and the others in another order."""
    generator, norm = torch.Generator().manual_seed(0), nn.GroupNorm(2, 8)
    x = torch.randn(1, 8, 81, generator=generator)
    others_brighter, reordered, others = x + 1, x.clone(), torch.arange(81) != 40
    others_brighter[..., 40] = x[..., 40]
    reordered[..., others] = x[..., others][..., torch.randperm(80, generator=generator)]
    with torch.no_grad():
        middle = norm(x)[0, :, 40]
        all_up, others_up, moved = (norm(y)[0, :, 40] - middle for y in (x + 1, others_brighter, reordered))
    return bool(all_up.abs().max() < 1e-5 and moved.abs().max() < 1e-5 and others_up.max() < -0.5)


@claim(
    "**Guess first:** how many groups do 64 channels get?", '"32 groups" on a layer of 32 channels *is* one channel a'
)
def groups_leave_each_channel_company() -> bool:
    layer = nn.GroupNorm(32, 32)
    return num_groups(64) == 16 and layer.num_channels // layer.num_groups == 1


@claim(
    "**1.** The `skip_conv` of the block 64 -> 128 is a convolution, that of the block 128 -> 128 the identity.",
    "Where they change it is a 1x1 convolution:",
)
def the_shortcut_is_a_convolution_where_the_width_changes() -> bool:
    wider, equal = ResidualBlock(64, 128, 256).skip_conv, ResidualBlock(128, 128, 256).skip_conv
    return isinstance(wider, nn.Conv2d) and wider.kernel_size == (1, 1) and isinstance(equal, nn.Identity)


@claim("A 3x3 convolution looks one pixel in each direction.", "Two convolutions reach 5x5, as the left map shows.")
def two_convolutions_reach_five_pixels() -> bool:
    x, window = torch.zeros(1, 1, 11, 11), torch.ones(1, 1, 3, 3)
    x[..., 5, 5] = 1.0
    reached = []
    for _ in range(2):
        x = nn.functional.conv2d(x, window, padding=1)
        reached.append(int((x > 0).sum()))
    return reached == [9, 25]


@claim("All this is one draw of the weights, seed 0; seeds 1 to 3 show the same.")
def other_draws_of_the_weights_show_the_same() -> bool:
    for seed in (1, 2, 3):
        (kept, with_shortcuts), (grown, without) = (
            gradients_along(drawn_blocks(32, seed), shortcut) for shortcut in (True, False)
        )
        apart = [distance(states_along(shortcut, seed=seed)[-1]) for shortcut in (True, False)]
        same = min(with_shortcuts) > 0.98 and max(without[:17]) < 0.5 and min(kept[0], grown[0]) > 0.5
        if not (same and round(apart[0], 1) == 0.1 and 0.8 < apart[1] < 1.1):
            return False
    return True


def edges(images: Tensor) -> Tensor:
    """How much a pixel differs from its neighbours below and to the right: (1, 31, 31)."""
    grey = images.mean(1)
    return (grey.diff(dim=1)[:, :, :-1].square() + grey.diff(dim=2)[:, :-1].square()).sqrt()


@claim(
    "The figure is one draw of the weights, seed 0.",
    "Over seeds 0 to 11 the correlation after twenty blocks is 0.52 on average with shortcuts and near 0 without. In "
    "two of these draws it is near 0 even with shortcuts: there light and dark are mixed up, and the boot's outline "
    "can still be seen.)",
)
def most_draws_keep_light_and_dark_and_two_do_not() -> bool:
    boot, found = load_dataset("fashion-mnist").batch(torch.tensor([BOOT]))[0], {True: [], False: []}
    for seed in range(12):
        blocks = drawn_blocks(3, seed)
        for shortcut, all_found in found.items():
            state = boot
            with torch.no_grad():
                for block in blocks:
                    state = step(block, state, torch.zeros(1, 32), shortcut)
            all_found.append((correlation(state.mean(1), boot.mean(1)), correlation(edges(state), edges(boot))))
    means = [round(sum(value for value, _ in each) / 12, 2) for each in found.values()]
    mixed_up = [outline for value, outline in found[True] if abs(value) < 0.15]
    seen = min(mixed_up) > max(outline for _, outline in found[False])
    return means[0] == 0.52 and abs(means[1]) < 0.05 and len(mixed_up) == 2 and seen


UNEVEN_MEANS = (6, 6, 6, 6, -2, -2, -2, -2)


def error_after_training(optimizer: type[torch.optim.Optimizer], rate: float, normed: bool) -> float:
    """A 3x3 convolution learns another one's answer to what each channel adds to its mean: share of the error left."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        wanted, conv = nn.Conv2d(8, 4, 3, bias=False), nn.Conv2d(8, 4, 3)
    generator, learner = torch.Generator().manual_seed(0), optimizer(conv.parameters(), rate)
    for _ in range(200):
        x = torch.randn(16, 8, 10, 10, generator=generator)
        y = wanted(x).detach()
        shifted = x + torch.tensor(UNEVEN_MEANS)[:, None, None]
        loss = (conv(F.group_norm(shifted, 2) if normed else shifted) - y).square().mean()
        learner.zero_grad()
        loss.backward()
        learner.step()
    return loss.item() / y.var().item()


@claim(
    "some neighbouring channels may hold numbers near 6 and the next few numbers near -2.",
    "A convolution that has to work with such numbers learns slowly.",
    "A norm brings both to a common scale.",
)
def uneven_channels_slow_a_convolution_down() -> bool:
    for optimizer, rates in ((torch.optim.SGD, (0.003, 0.01, 0.1)), (torch.optim.Adam, (0.003, 0.01, 0.03))):
        plain, normed = (
            # NaN, from a rate that is too large, never is the smallest
            min((error_after_training(optimizer, rate, norm) for rate in rates), key=lambda e: (e != e, e))
            for norm in (False, True)
        )
        if not (plain != plain or normed < 0.1 * plain) or normed > 0.05:
            return False
    return True


@claim(
    "each of the 128 numbers is a mixture of all 256.", "Without it no block whose width differs from `dim` could run."
)
def the_projection_mixes_all_and_makes_widths_fit() -> bool:
    block, h, emb = ResidualBlock(64, 128, 256), torch.zeros(1, 128, 4, 4), torch.zeros(1, 256)
    try:
        h + emb[:, :, None, None]
    except RuntimeError:
        return block.emb_proj.weight.shape == (128, 256) and bool((block.emb_proj.weight != 0).all())
    return False


@claim("A network built this way trains, its loss falls, and nobody ever tells it what time it is.")
def the_loss_of_a_deaf_network_falls() -> bool:
    runs = json.loads(asset_path("results/ablations.json").read_text(encoding="utf-8"))["runs"]
    (curve,) = (run["loss_curve"] for run in runs if run["variant"] == "one channel a group")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = UNet(base_channels=8, channel_mults=(1, 2), num_res_blocks=1, image_size=16, num_heads=2).eval()
        x = torch.randn(1, 3, 16, 16)
    for block in network.modules():
        if isinstance(block, ResidualBlock):
            block.norm2 = nn.GroupNorm(block.norm2.num_channels, block.norm2.num_channels)
    with torch.no_grad():
        early, late = (network(x, torch.tensor([t]), torch.tensor([0])) for t in (5, 900))
    return curve[-1] < 0.2 * curve[0] and torch.allclose(early, late, atol=1e-4)


@claim("Adding different amounts to different channels changes their differences, and those survive.")
def one_group_hears() -> bool:
    return change_with_groups(1) > 0.05


@claim(
    "128 -> 128. Its shortcut is the input itself.",
    "The 1x1 convolution of the other one mixes channels at random until it has learned.",
)
def a_fresh_1x1_convolution_mixes_channels() -> bool:
    """How alike each channel that comes out is to the one that went in at its place."""
    x, alike = torch.randn(1, 64, 16, 16, generator=torch.Generator().manual_seed(0)), []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        blocks = [ResidualBlock(64, out, 256).eval() for out in (64, 128)]
    with torch.no_grad():
        for block in blocks:
            out = block(x, torch.zeros(1, 256))
            alike.append(sum(abs(correlation(out[0, c], x[0, c])) for c in range(64)) / 64)
    return alike[0] > 0.9 and alike[1] < 0.2


def change_from_time(place: str) -> list[torch.Tensor]:
    """What t = 900 in place of t = 5 changes of a branch that adds the embedding at `place`, for two inputs."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        block, times = ResidualBlock(128, 128, 256).eval(), times_far_apart(256)
        inputs = torch.randn(2, 1, 128, 16, 16)
    block.norm2 = nn.GroupNorm(128, 128)  # deaf to what is added before it

    def branch(x: torch.Tensor, emb: torch.Tensor) -> torch.Tensor:
        h, news = (
            block.norm2(block.conv1(F.silu(block.norm1(x)))),
            block.emb_proj(F.silu(emb))[:, :, None, None],
        )
        return block.conv2(F.silu(h + news) if place == "behind norm2" else F.silu(h) + news)

    with torch.no_grad():
        early, late = (torch.stack([branch(x, t[None]) for x in inputs]) for t in times)
        return [(late - early)[0], (late - early)[1], early[0]]


@claim(
    "It does hear, and some networks do it on purpose:",
    "then the time could shift the output, and no longer decide which features pass.",
)
def behind_the_norm_it_hears_and_behind_the_silu_it_only_shifts() -> bool:
    one, other, early = change_from_time("behind norm2")
    shift, same_shift, _ = change_from_time("behind the SiLU")
    hears = one.norm() > 0.02 * early.norm()
    return bool(hears and (one - other).norm() > 0.3 * one.norm() and (shift - same_shift).norm() < 1e-4 * shift.norm())


@claim(
    "what becomes of one image depends on the others.",
    "which fit neither pictures that are nearly clean nor those that are nearly noise.",
    "GroupNorm treats each image by itself.",
)
def batch_norm_mixes_images_and_times() -> bool:
    images, process = load_dataset("fashion-mnist").batch(torch.arange(64))[0], DDPM()
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        conv, batch_norm, group_norm = nn.Conv2d(3, 64, 3, padding=1), nn.BatchNorm2d(64), nn.GroupNorm(16, 64)
        spreads = []
        for t in range(0, 1000, 50):
            features = conv(process.add_noise(images, torch.full((64,), t), torch.randn_like(images)))
            spreads.append(features.std(dim=(0, 2, 3)))
            batch_norm(features)
        alone = [float((norm(features[:1]) - norm(features)[:1]).abs().max()) for norm in (batch_norm, group_norm)]
        average = torch.stack(spreads).square().mean(0).sqrt()
    return (
        bool(spreads[0].mean() < 0.8 * average.mean() < average.mean() < spreads[-1].mean())
        and alone[1] < 1e-5 < alone[0]
    )
