"""What lesson 01 states, proven: frequencies, hands, neighbours in time."""

import math
from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

from course_lib import SinusoidalPositionEmbedding, TimeEmbedding
from course_lib.flow_matching import FlowMatching
from course_lib.lessons.lesson01.figures import (
    STEPS,
    beyond_one_linear,
    noise_levels,
    share_of_neighbours,
    sines_and_cosines,
    turned_by,
)
from course_lib.lessons.shared.claims import claim
from course_lib.time_embedding import embedding_frequencies
from course_lib.warm_ups import interleave

SEEDS = (0, 1, 2)
FREQUENCIES = embedding_frequencies(256, dtype=torch.float64)


def alike(freqs: torch.Tensor, apart: float) -> float:
    """Dot product of two times' embeddings, divided by the number of hands: the mean of cos(frequency * distance)."""
    return float(torch.cos(freqs.double() * apart).mean())


@claim("one full turn takes 2π, about 6 steps")
def the_fastest_hand_turns_in_six_steps() -> bool:
    return round(float(2 * torch.pi / FREQUENCIES[0])) == 6


@claim("in 1000 steps it moves through a sixtieth of a turn")
def the_slowest_hand_hardly_moves() -> bool:
    turns = 1000 * float(FREQUENCIES[-1]) / (2 * torch.pi)
    return 1 / 65 < turns < 1 / 55


@claim("`sin` is 0.5 at 30° and at 150°")
def a_sine_alone_is_ambiguous() -> bool:
    return bool(torch.allclose(torch.sin(torch.tensor([30.0, 150.0]).deg2rad()), torch.tensor(0.5)))


@claim("From 12 columns on the nearest is a neighbour, at every time there is.", "256 is plenty.")
def width_makes_neighbours_nearest() -> bool:
    steps = torch.arange(STEPS)
    passes = {dim: share_of_neighbours(SinusoidalPositionEmbedding(dim)(steps)) == 1.0 for dim in range(8, 257, 2)}
    return all(good == (dim >= 12) for dim, good in passes.items())


@claim("Base 1000, in place of the formula's 10000, passes.")
def another_base_keeps_the_neighbours() -> bool:
    return share_of_neighbours(sines_and_cosines(1000 ** (-torch.arange(128) / 128))) == 1.0


@claim(
    "of 256 columns the 128 sines alone pass the test of section 1.5 at every step",
    "Of 16 columns the 8 sines alone pass it at about half of the steps.",
)
def many_sines_need_no_cosines() -> bool:
    shares = [share_of_neighbours(sines_and_cosines(10000 ** -(torch.arange(n) / n))[:, :n]) for n in (128, 8)]
    return shares[0] == 1.0 and 0.4 < shares[1] < 0.6


@claim(
    "With 8 columns the nearest are 437 and 563, both 63 steps away.",
    "Ten turns of the fastest hand take 62.8 steps, and so does one turn of the second, ten times slower: both point "
    "nearly the same way again.",
    "Of four hands only the third objects, for it has turned by 0.63 radian. At the very next step the fastest has "
    "turned by 1 radian, and objects more.",
)
def two_of_four_hands_agree_63_steps_away() -> bool:
    freqs = embedding_frequencies(8, dtype=torch.float64)
    hands, next_step = torch.cos(63 * freqs).tolist(), torch.cos(freqs).tolist()
    vectors = SinusoidalPositionEmbedding(8)(torch.arange(STEPS, dtype=torch.float64))
    nearest = (vectors - vectors[500]).norm(dim=1).topk(3, largest=False).indices.tolist()
    agree = [cosine > 0.98 for cosine in hands]
    turned = [round(float(angle), 2) for angle in (63 * freqs[2], freqs[0])]
    return (
        sorted(nearest) == [437, 500, 563]
        and agree == [True, True, False, True]
        and (turned == [0.63, 1.0] and sum(next_step) < sum(hands))
    )


@claim("*one* matrix takes the embedding of any time five steps on", "Only the distance counts.")
def one_matrix_for_all_of_time() -> bool:
    all_steps = sines_and_cosines(FREQUENCIES)
    return torch.allclose(all_steps[:-5] @ turned_by(FREQUENCIES, 5), all_steps[5:])


@claim("710 steps are 113 turns to within 0.0001 radian: steps 0 and 710 would look the same")
def whole_frequencies_repeat_after_710_steps() -> bool:
    whole = torch.arange(1, 129)
    return abs(710 - 113 * 2 * torch.pi) < 1e-4 and alike(whole, 710) > 0.9999 and alike(whole, 44) < 0.5


@claim(
    "some numbers differ by nearly 2, the most that numbers between -1 and 1 can",
    "With 1 the frequencies end at exactly 1/10000.",
    "Both are good embeddings.",
)
def another_divisor_gives_other_numbers() -> bool:
    freqs = torch.exp(-torch.log(torch.tensor(10000.0, dtype=torch.float64)) * torch.arange(128) / 127)
    other = sines_and_cosines(freqs)
    good = share_of_neighbours(other) == share_of_neighbours(sines_and_cosines(FREQUENCIES)) == 1
    return (
        good
        and abs(float(freqs[-1]) - 1e-4) < 1e-12
        and 1.9 < float((other - sines_and_cosines(FREQUENCIES)).abs().max()) <= 2
    )


@claim("The rest of the columns hardly move.", "train well with the few columns that move")
def with_times_from_0_to_1_few_columns_move() -> bool:
    between = torch.linspace(0, 1, 1001, dtype=torch.float64)
    spread = SinusoidalPositionEmbedding(256)(between).std(dim=0)
    return int((spread > 0.05).sum()) == 33 and float(spread.min()) > 0


@claim(
    "The fastest turns 1 radian a step:",
    "Frequencies fall from 1 to nearly 1/10000, by the same factor each time.",
    "Now they run from 0 to nearly 1.",
)
def frequencies_fall_by_one_factor() -> bool:
    factors = FREQUENCIES[1:] / FREQUENCIES[:-1]
    exponents = -FREQUENCIES.log10() / 4
    ends = float(FREQUENCIES[0]) == 1 and 1e-4 < float(FREQUENCIES[-1]) < 1.1e-4
    return ends and torch.allclose(factors, factors[:1]) and 0.99 < float(exponents[-1]) < 1


@claim("Row 0 is the fastest sine, row 128 the fastest cosine.")
def where_the_fastest_hands_stand() -> bool:
    steps = torch.arange(STEPS, dtype=torch.float64)
    rows = SinusoidalPositionEmbedding(256)(steps).T
    return torch.allclose(rows[0].double(), steps.sin(), atol=1e-4) and torch.allclose(
        rows[128].double(), steps.cos(), atol=1e-4
    )


@claim("All values stay between -1 and 1.")
def without_the_minus_sign_values_keep_their_range() -> bool:
    return float(sines_and_cosines(1 / FREQUENCIES).abs().max()) <= 1


@claim("With four hands, `dim = 8`, the fastest still turns round every 6 steps")
def the_fastest_of_four_hands_is_as_fast() -> bool:
    freqs = embedding_frequencies(8, dtype=torch.float64)
    return len(freqs) == 4 and round(float(2 * torch.pi / freqs[0])) == 6


@claim("The embedding wants steps. Times between 0 and 1 leave most columns still.")
def most_columns_stand_still_between_0_and_1() -> bool:
    columns = SinusoidalPositionEmbedding(256)(torch.linspace(0, 1, 1000, dtype=torch.float64))
    return int((columns.std(dim=0) > 0.05).sum()) == 33


@claim(
    "Steps 0 and 1 differ by 0.001",
    "Step 5 shares nothing with step 4",
    "One-hot tells 4 from 5 and finds 500 no further",
)
def one_hot_knows_no_distance() -> bool:
    one_hot, number = torch.eye(STEPS), torch.arange(STEPS) / STEPS
    near, far = ((one_hot[4] - one_hot[other]).norm() for other in (5, 500))
    return (
        bool(near == far > 0)
        and float(one_hot[4] @ one_hot[5]) == 0
        and abs(float(number[1] - number[0]) - 1e-3) < 1e-8
    )


def learned(inputs: torch.Tensor, rounds: tuple[int, ...], every: int = 4) -> list[torch.Tensor]:
    """What networks like section 1.2's answer at all steps after each of `rounds`, taught every fourth step or each.

    They learn side by side, as one product. Shapes: (networks, 1000, width) -> (networks, 1000); seeds take turns.
    """
    level, layers = noise_levels(), []
    with torch.random.fork_rng():
        for number in range(len(inputs)):
            torch.manual_seed(SEEDS[number % len(SEEDS)])
            layers.append((nn.Linear(inputs.shape[2], 64), nn.Linear(64, 1)))
    first, second = ([pair[place] for pair in layers] for place in (0, 1))
    weights = [torch.stack([layer.weight.detach().T for layer in each]).requires_grad_() for each in (first, second)]
    biases = [torch.stack([layer.bias.detach()[None] for layer in each]).requires_grad_() for each in (first, second)]

    def answers(x: torch.Tensor) -> torch.Tensor:
        return (F.silu(x @ weights[0] + biases[0]) @ weights[1] + biases[1])[..., 0]

    optimizer, found = torch.optim.Adam([*weights, *biases], 3e-3), []
    for number in range(1, max(rounds) + 1):
        loss = (answers(inputs[:, ::every]) - level[::every]).square().mean(1).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if number in rounds:
            found.append(answers(inputs).detach())
    return found


@cache
def by_one_number() -> torch.Tensor:
    """The answers after 600 rounds and 3000, by t / 1000 and by t / 100: (2, 2, seeds, 1000)."""
    scales = torch.tensor([1 / STEPS, 10 / STEPS]).repeat_interleave(len(SEEDS))
    found = learned(scales[:, None, None] * torch.arange(STEPS)[:, None], (600, 3000))
    return torch.stack(found).view(2, 2, len(SEEDS), STEPS)


@cache
def by_sinusoids() -> torch.Tensor:
    """The answers after 600 rounds: (seeds, 1000)."""
    return learned(SinusoidalPositionEmbedding(64)(torch.arange(STEPS)).expand(len(SEEDS), -1, -1), (600,))[0]


def missed(answers: torch.Tensor) -> torch.Tensor:
    """Mean error at the steps that were not taught, over all networks of a setting."""
    return (answers - noise_levels()).abs()[..., torch.arange(STEPS) % 4 != 0].mean((-2, -1))


@claim(
    "a small network answers them nearly alike:",
    "its curve is too flat where the truth falls steeply.",
    "One number knows what is near, and by it this network hardly tells 4 from 5.",
    "The sinusoids do both.",
)
def by_one_number_the_network_hardly_tells_neighbours_apart() -> bool:
    truth = noise_levels().diff()
    number, sinusoidal = by_one_number()[0, 0].diff(dim=1), by_sinusoids().diff(dim=1)
    flat = (number[:, [0, 4]] / truth[[0, 4]]).max() < 0.1 and number.abs().max() < 0.1 * truth.abs().max()
    vectors = SinusoidalPositionEmbedding(64)(torch.arange(STEPS)).double()
    near = (vectors[4] - vectors[5]).norm() < 0.5 * (vectors[4] - vectors[500]).norm()
    return bool(flat and near and (sinusoidal[:, 4] / truth[4]).min() > 0.25)


@claim(
    "Longer training or a larger scale narrows the gap.",
    "taught for five times as long, the same network does as well with `t / 100` as with the sinusoids.",
    "By one number a network learns only slowly to tell neighbouring times apart;",
)
def patience_and_scale_make_one_number_enough() -> bool:
    (as_in_the_lesson, larger), (longer, both) = missed(by_one_number())
    sinusoidal = missed(by_sinusoids())
    return bool(max(longer, larger) < 0.5 * as_in_the_lesson and both <= sinusoidal < min(longer, larger))


@claim("Where all 1000 steps are taught, as in lesson 08, one-hot works.")
def taught_all_steps_one_hot_works() -> bool:
    fourth, all_steps = (learned(torch.eye(STEPS)[None], (200,), every=every)[0] for every in (4, 1))
    return bool(missed(fourth) > 0.4 and (all_steps - noise_levels()).abs().max() < 0.01)


@claim("neighbours are similar, and still different.")
def neighbours_are_similar_and_different() -> bool:
    vectors = SinusoidalPositionEmbedding(64)(torch.arange(STEPS)).double()
    cosines = F.cosine_similarity(vectors[:-1], vectors[1:])
    return bool(cosines.min() > 0.9 and cosines.max() < 0.999)


@claim("So column 0 is a sine, column 1 a cosine, column 2 a sine.")
def the_formulas_columns_take_turns() -> bool:
    t, dim = 7, 6
    written = [(math.cos if column % 2 else math.sin)(t / 10000 ** (column // 2 * 2 / dim)) for column in range(dim)]
    return torch.allclose(interleave(SinusoidalPositionEmbedding(dim)(torch.tensor([t])))[0], torch.tensor(written))


@claim(
    "Every network for one order is a network for the other, with the weights' columns permuted.",
    "What you must not do is train with one and use the other.",
)
def the_other_order_needs_its_columns_moved() -> bool:
    code = SinusoidalPositionEmbedding(64)(torch.arange(STEPS))
    formula, order, level = interleave(code), interleave(torch.arange(64)[None])[0], noise_levels()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(200):
        loss = F.mse_loss(network(code)[:, 0], level)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        wanted, confused = network(code), network(formula)
        network[0].weight.copy_(network[0].weight[:, order].clone())
        right, wrong = ((answer[:, 0] - level).abs().mean() for answer in (wanted, confused))
        return torch.allclose(network(formula), wanted, atol=1e-5) and bool(wrong > 10 * right)


@claim("Without the minus sign the hands go *faster* and faster, up to thousands of radians a step.")
def without_the_minus_sign_hands_race() -> bool:
    turning = 1 / FREQUENCIES
    return bool((turning.diff() > 0).all()) and 1000 < float(turning[-1]) < 10_000


@claim("SiLU between them stops that,")
def silu_keeps_two_linears_two() -> bool:
    without, with_silu = beyond_one_linear()
    return without < 1e-10 and with_silu > 0.05


@claim("No. Each row has its own time only.")
def a_time_does_not_depend_on_the_others_in_the_batch() -> bool:
    times = torch.tensor([3.0, 999.0, 4.5, 500.0])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        embed = TimeEmbedding(64).double()
    with torch.no_grad():
        alone = torch.cat([embed(time[None].double()) for time in times])
        return torch.allclose(embed(times.double()), alone, atol=1e-12)


@claim("So this course's flow matching multiplies its time by 1000 before it calls the network.")
def flow_matching_tells_the_network_1000_times_its_time() -> bool:
    told = []

    def model(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        told.append(t)
        return x

    FlowMatching().loss(model, torch.zeros(2, 3, 4, 4), t=torch.tensor([0.25, 1.0]))
    return torch.equal(told[0], torch.tensor([250.0, 1000.0]))


@claim(
    "Far above zero SiLU passes on nearly all that comes in, far below nearly nothing.",
    "below zero its slope is 0 and nothing is learned there.",
    "SiLU has no kink, and its slope is 0 at a single point: `x` = -1.28, where SiLU itself is lowest, -0.28.",
)
def silu_has_no_kink_and_one_lowest_point() -> bool:
    x = torch.linspace(-20, 20, 40_001, dtype=torch.float64, requires_grad=True)
    silu, relu = F.silu(x), F.relu(x)
    slope, slope_of_relu = (torch.autograd.grad(y.sum(), x)[0] for y in (silu, relu))
    lowest = int(silu.argmin())
    place = [round(float(found[lowest]), 2) for found in (x, silu)]
    single = int(((slope[1:] > 0) != (slope[:-1] > 0)).sum()) == 1 and float(slope.diff().abs().max()) < 1e-3
    far = 1 - float(silu[-1] / x[-1]) < 1e-6 and abs(float(silu[0])) < 1e-6
    return place == [-1.28, -0.28] and single and far and bool((slope_of_relu[x < 0] == 0).all())
