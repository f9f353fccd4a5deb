"""What lesson 01 states, proven: frequencies, hands, neighbours in time."""

import torch

from course_lib import SinusoidalPositionEmbedding
from course_lib.lessons.lesson01.figures import STEPS, share_of_neighbours, sines_and_cosines, turned_by
from course_lib.lessons.shared.claims import claim
from course_lib.time_embedding import embedding_frequencies

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
    "Of four hands only the third objects",
)
def two_of_four_hands_agree_63_steps_away() -> bool:
    freqs = embedding_frequencies(8, dtype=torch.float64)
    hands = torch.cos(63 * freqs).tolist()
    vectors = SinusoidalPositionEmbedding(8)(torch.arange(STEPS, dtype=torch.float64))
    nearest = (vectors - vectors[500]).norm(dim=1).topk(3, largest=False).indices.tolist()
    agree = [cosine > 0.98 for cosine in hands]
    return sorted(nearest) == [437, 500, 563] and agree == [True, True, False, True]


@claim("*one* matrix takes the embedding of any time five steps on", "Only the distance counts.")
def one_matrix_for_all_of_time() -> bool:
    all_steps = sines_and_cosines(FREQUENCIES)
    return torch.allclose(all_steps[:-5] @ turned_by(FREQUENCIES, 5), all_steps[5:])


@claim("710 steps are 113 turns to within 0.0001 radian: steps 0 and 710 would look the same")
def whole_frequencies_repeat_after_710_steps() -> bool:
    whole = torch.arange(1, 129)
    return abs(710 - 113 * 2 * torch.pi) < 1e-4 and alike(whole, 710) > 0.9999 and alike(whole, 44) < 0.5


@claim("some numbers differ by nearly 2, the most that numbers between -1 and 1 can")
def another_divisor_gives_other_numbers() -> bool:
    other = sines_and_cosines(
        torch.exp(-torch.log(torch.tensor(10000.0, dtype=torch.float64)) * torch.arange(128) / 127)
    )
    return 1.9 < float((other - sines_and_cosines(FREQUENCIES)).abs().max()) <= 2


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
