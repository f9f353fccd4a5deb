"""Exercise SinusoidalPositionEmbedding (lesson 01)."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.properties import keeps_random_state, works_on_any_device
from course_lib.checks.scene import Built, Scene
from course_lib.time_embedding import SinusoidalPositionEmbedding, embedding_frequencies

# sin(t * f) in float32 is good to 999 * 2^-24 at t = 999, on whatever way it was computed
LATE = 30


def small_whole_times(scene: Scene, batch: int) -> Tensor:
    """Different whole times, small enough for float32 to give sines at full precision."""
    first = scene.random.sample(range(1, 25), batch)
    return torch.tensor([float(t) for t in first])


def example(scene: Scene) -> tuple[Built, tuple[Tensor]]:
    embed = scene.build(scene.pick(8, 12))
    return embed, (small_whole_times(scene, scene.pick(2, 3)),)


def has_no_parameters(scene: Scene) -> None:
    made = scene.handle.construct((8,), {}, 0)
    if not isinstance(made, Failure) and made.parameters:
        scene.build(8)


def unrecorded(scene: Scene, embed: Built, times: Tensor) -> Tensor | None:
    """The embedding of `times`, not recorded; None, and recorded, if it is no matrix (B, dim) of real numbers."""
    value = embed(times, observed=False)
    if isinstance(value, Tensor) and value.shape == (len(times), embed.args[0]) and value.is_floating_point():
        return value
    scene.see("the output", value, embed.text("", (times,), {}, False))
    return None


def width_is_dim(scene: Scene) -> None:
    embed, (times,) = example(scene)
    value = embed(times, observed=False)
    shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    given = embed.text("", (times,), {}, False)
    scene.see("its shape", shape, given)
    if shape != (len(times), embed.args[0]):  # so that different results of one shape are told apart
        scene.see("the output", value, given)


def time_zero(scene: Scene) -> None:
    embed, (times,) = example(scene)
    value = embed(torch.zeros(2))
    half = embed.args[0] // 2
    right = torch.cat([torch.zeros(2, half), torch.ones(2, half)], dim=1)
    if value.shape != right.shape or not torch.allclose(value, right, atol=1e-5):
        embed(times, label="the output for other times")  # so that one mistake is told from another


def on_the_unit_circle(scene: Scene) -> None:
    embed, (times,) = example(scene)
    value = unrecorded(scene, embed, times)
    if value is not None:
        sines, cosines = value.chunk(2, dim=1)
        radius = (sines**2 + cosines**2).sqrt()
        scene.see("the length of each (sine, cosine) pair", radius, embed.text("", (times,), {}, False))
        if not torch.allclose(radius, torch.ones_like(radius), atol=1e-5):
            scene.see("the output", value)


def fastest_pair(scene: Scene) -> None:
    embed, (times,) = example(scene)
    value = unrecorded(scene, embed, times)
    if value is not None:
        pair = value[:, [0, embed.args[0] // 2]]
        scene.see("columns 0 and dim/2", pair, embed.text("", (times,), {}, False))
        if not torch.allclose(pair, torch.stack([times.sin(), times.cos()], dim=1), atol=1e-4):
            scene.see("the output", value)


def values(scene: Scene) -> None:
    embed, args = example(scene)
    embed(*args)


def fractions(scene: Scene) -> None:
    embed, _ = example(scene)
    embed(20 * scene.uniform(3))
    embed(scene.uniform(3))


def whole_numbers(scene: Scene) -> None:
    embed, (times,) = example(scene)
    embed(times.long())
    embed(times.int())


def batch_as_long_as_half_the_width(scene: Scene) -> None:
    for batch in (4, 8):
        scene.build(8)(small_whole_times(scene, batch))


def one_time(scene: Scene) -> None:
    embed, (times,) = example(scene)
    embed(times)
    embed(times[:1])


def alone_or_together(scene: Scene) -> None:
    """Rows in another order, and a time repeated."""
    embed, _ = example(scene)
    embed(torch.tensor([9.0, 4.0, 9.0, 1.0, 0.0]))


def other_widths(scene: Scene) -> None:
    for dim in (2, 4, 30):
        scene.build(dim)(small_whole_times(scene, 3))


def late_times(scene: Scene) -> None:
    embed, _ = example(scene)
    for late in (torch.tensor([0, 1, 500, 998, 999]), torch.tensor([999.0, 250.5, 731.0])):
        embed(late, tolerance=LATE)


def the_networks_width(scene: Scene) -> None:
    scene.build(256)(torch.tensor([0, 3, 100, 999]), tolerance=LATE)


class Buffered(nn.Module):
    """Frequencies as a buffer, the product as an outer one."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("rates", torch.exp(-math.log(10000) * torch.arange(dim // 2).float() / (dim // 2)))

    def forward(self, timesteps: Tensor) -> Tensor:
        angles = torch.einsum("b,f->bf", timesteps.to(self.rates.dtype), self.rates)
        return torch.hstack([angles.sin(), angles.cos()])


class OverThePower(nn.Module):
    """The formula's own division, t / 10000^(2i/dim), written into an empty result."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.width = dim

    def forward(self, timesteps: Tensor) -> Tensor:
        even = torch.arange(0, self.width, 2, device=timesteps.device)
        angles = timesteps.unsqueeze(1) / 10000 ** (even / self.width)
        result = torch.empty(len(timesteps), self.width, device=timesteps.device)
        result[:, : self.width // 2] = torch.sin(angles)
        result[:, self.width // 2 :] = torch.cos(angles)
        return result


class ByLoops(nn.Module):
    """Number by number, with Python's own sine."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, timesteps: Tensor) -> Tensor:
        half = self.dim // 2
        rows = []
        for t in timesteps.tolist():
            angles = [t / 10000 ** (i / half) for i in range(half)]
            rows.append([math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles])
        return torch.tensor(rows, device=timesteps.device)


class ByNumpy(SinusoidalPositionEmbedding):
    def forward(self, timesteps: Tensor) -> Tensor:
        freqs = np.power(10000.0, -np.arange(0, self.dim, 2) / self.dim)
        args = np.outer(timesteps.detach().cpu().numpy(), freqs)
        both = np.concatenate([np.sin(args), np.cos(args)], axis=1)
        return torch.from_numpy(both).float().to(timesteps.device)


class ColumnByColumn(SinusoidalPositionEmbedding):
    def forward(self, timesteps: Tensor) -> Tensor:
        freqs = embedding_frequencies(self.dim).tolist()
        sines = [torch.sin(timesteps * frequency) for frequency in freqs]
        return torch.stack(sines + [torch.cos(timesteps * frequency) for frequency in freqs], dim=1)


class ShiftedSine(SinusoidalPositionEmbedding):
    """A cosine is a sine a quarter turn earlier; complex numbers hold both."""

    def forward(self, timesteps: Tensor) -> Tensor:
        freqs = embedding_frequencies(self.dim, timesteps.device)
        turned = torch.polar(torch.ones_like(timesteps[:, None] * freqs), timesteps[:, None] * freqs)
        return torch.cat([turned.imag, turned.real], dim=1)


# ---- wrong answers that an edit of one line does not make


class LookedUp(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.table = nn.Embedding(1000, dim)

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.table(timesteps.long())


class WithLinear(SinusoidalPositionEmbedding):
    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.linear = nn.Linear(dim, dim)

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.linear(super().forward(timesteps))


class TrainableFrequencies(SinusoidalPositionEmbedding):
    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.freqs = nn.Parameter(embedding_frequencies(dim))

    def forward(self, timesteps: Tensor) -> Tensor:
        args = timesteps[:, None] * self.freqs[None, :]
        return torch.cat([torch.sin(args), torch.cos(args)], dim=-1)


ARGS = "args = timesteps[:, None] * freqs[None, :]"
RETURN = "return torch.cat([torch.sin(args), torch.cos(args)], dim=-1)"
FREQS = "embedding_frequencies(self.dim, timesteps.device, dtype)"
COUNT = "torch.arange(self.dim // 2, device=timesteps.device)"
HALF = "(self.dim // 2)"


def wrong(old: str, new: str) -> Any:
    return edited(SinusoidalPositionEmbedding, (old, new))


def other_freqs(formula: str) -> Any:
    return wrong(FREQS, formula)


EXERCISES = (
    Exercise(
        name="SinusoidalPositionEmbedding",
        reference=SinusoidalPositionEmbedding,
        lesson="01",
        where='the document, section 1, "Code": freqs, args, cat([sin(args), cos(args)], dim=-1)',
        properties=(
            Property(
                "has_parameters",
                "there is nothing to learn here: no parameters",
                has_no_parameters,
                "Your embedding registers parameters. This one is a fixed formula; what can be learned comes after "
                "it, in TimeEmbedding.",
            ),
            Property(
                "wrong_shape",
                "times of shape (B,) give an embedding of shape (B, dim)",
                width_is_dim,
                "Your output does not have the shape (B, dim): dim/2 sines and dim/2 cosines for each time. Print "
                "args.shape first; it should be (B, dim/2).",
            ),
            Property(
                "wrong_at_time_zero",
                "at t = 0 the angles are 0, so the row is dim/2 zeros (sines), then dim/2 ones (cosines)",
                time_zero,
                "At t = 0 every angle is 0: sin 0 = 0 and cos 0 = 1, so the row has to be dim/2 zeros followed by "
                "dim/2 ones. Yours is not, so something is added to the angle, or the halves are not [sin, cos].",
            ),
            Property(
                "pairs_leave_the_unit_circle",
                "columns i and dim/2 + i are sine and cosine of one angle: their squares add up to 1",
                on_the_unit_circle,
                "In your output, column i and column dim/2 + i are not the sine and cosine of one and the same angle, "
                "or they are scaled: their squares should add up to 1.",
            ),
            Property(
                "fastest_wave_is_not_one_radian_a_step",
                "columns 0 and dim/2 are sin(t) and cos(t), for frequency 1",
                fastest_pair,
                "The first frequency is 1, so columns 0 and dim/2 should be sin(t) and cos(t). Yours are not: is t "
                "scaled, moved or rounded before the sine, or does the list of frequencies start elsewhere?",
            ),
            Property(
                "wrong_frequencies",
                "column i is sin(t * freqs[i]), column dim/2 + i is cos(t * freqs[i])",
                values,
                "The fastest pair of columns is right and slower ones are not: look at your frequencies. They are "
                "exp(-log(10000) * i / (dim/2)).",
            ),
            Property(
                "fractions_lost",
                "times between the steps work too: t = 0.5 is not t = 0",
                fractions,
                "Your embedding is right for whole times and wrong between them. Flow matching uses every time "
                "between 0 and 1000: do not round t, and do not use it as an index.",
            ),
            Property(
                "refuses_whole_numbers",
                "times of type int64 give what the same times as floats give",
                whole_numbers,
                "Your embedding is right for floats and not for integers, and DDPM hands its times over as int64. "
                "Multiplying an integer tensor by a float tensor gives floats by itself; other operations may not.",
            ),
            Property(
                "confuses_batch_and_frequencies",
                "times run down the rows, also when there are as many of them as frequencies or columns",
                batch_as_long_as_half_the_width,
                "With as many times as frequencies your rows and columns get mixed up. (B, 1) * (1, dim/2) is the "
                "product in which every time meets every frequency.",
            ),
            Property(
                "fails_for_one_time",
                "a batch of one time gives one row, (1, dim)",
                one_time,
                "Your embedding is right for several times and wrong for a single one: is there a squeeze() that takes "
                "the batch axis away?",
            ),
            Property(
                "times_are_not_treated_alone",
                "each row depends on its own time only",
                alone_or_together,
                "A time's row depends on the other times in the batch, or on their order. Each row describes its own "
                "time and nothing else.",
            ),
            Property(
                "fails_for_other_widths",
                "any even width works, from 2 up",
                other_widths,
                "Your embedding is right for some widths and wrong for others. Is there a number written out, or a "
                "division by dim/2 - 1, which is 0 for the smallest width?",
            ),
            Property(
                "wrong_for_late_times",
                "the formula holds up to t = 999",
                late_times,
                "Your embedding is right for early times and wrong for late ones. Does something round, clip or wrap "
                "t, or compute in half precision?",
            ),
            Property(
                "fails_for_the_networks_width",
                "the formula holds for the network's own width, 256",
                the_networks_width,
                "Small widths are right, the network's 256 is not. Nothing but dim/2 depends on the width.",
            ),
            works_on_any_device(example),
            keeps_random_state(example),
        ),
        misconceptions=(
            Misconception(
                "cosines_first",
                "You put the cosines first. The document's code writes cat([sin(args), cos(args)]); shipped weights "
                "expect that order.",
                wrong("torch.sin(args), torch.cos(args)", "torch.cos(args), torch.sin(args)"),
            ),
            Misconception(
                "interleaved",
                "You alternate sines and cosines, as the document's formula does. Its code, which we follow, puts all "
                "sines first. Both hold the same numbers; exercise 1.3 converts one into the other.",
                wrong(RETURN, "return torch.stack([torch.sin(args), torch.cos(args)], dim=-1).flatten(1)"),
            ),
            Misconception(
                "interleaved_cosines_first",
                "You alternate, and begin with the cosine. The order asked for is all sines, then all cosines.",
                wrong(RETURN, "return torch.stack([torch.cos(args), torch.sin(args)], dim=-1).flatten(1)"),
            ),
            Misconception(
                "sines_twice",
                "Both halves are sines. A sine alone cannot tell a rising wave from a falling one; the cosine in the "
                "second half settles it.",
                wrong("torch.cos(args)", "torch.sin(args)"),
            ),
            Misconception(
                "cosines_twice",
                "Both halves are cosines. The first half has to be sines.",
                wrong("torch.sin(args)", "torch.cos(args)"),
            ),
            Misconception(
                "sines_only",
                "You return the sines only, dim/2 columns. Add the cosines beside them.",
                wrong(RETURN, "return torch.sin(args)"),
            ),
            Misconception(
                "cosines_only",
                "You return the cosines only, dim/2 columns. The sines belong in front of them.",
                wrong(RETURN, "return torch.cos(args)"),
            ),
            Misconception(
                "sine_plus_cosine",
                "You add sine and cosine. They have to stand side by side (torch.cat), or half of what they say is "
                "lost.",
                wrong(RETURN, "return torch.sin(args) + torch.cos(args)"),
            ),
            Misconception(
                "angles_returned",
                "You return the angles, t * freqs, twice. The sine and the cosine of them are what stays between -1 "
                "and 1.",
                wrong(RETURN, "return torch.cat([args, args], dim=-1)"),
            ),
            Misconception(
                "concatenated_below",
                "You concatenated along dim=0, so the cosines stand *below* the sines: (2B, dim/2). Side by side is "
                "dim=-1.",
                wrong("dim=-1", "dim=0"),
            ),
            Misconception(
                "stacked",
                "You stacked sines and cosines, which makes a third axis: (B, 2, dim/2). torch.cat keeps two.",
                wrong(RETURN, "return torch.stack([torch.sin(args), torch.cos(args)], dim=1)"),
            ),
            Misconception(
                "stacked_last",
                "You stacked on the last axis: (B, dim/2, 2). torch.cat with dim=-1 keeps it a matrix.",
                wrong(RETURN, "return torch.stack([torch.sin(args), torch.cos(args)], dim=-1)"),
            ),
            Misconception(
                "no_new_axes",
                "You multiply (B,) by (dim/2,) as they are. That pairs them number by number, where the lengths allow "
                "it at all. With timesteps[:, None] * freqs[None, :] every time meets every frequency.",
                wrong(ARGS, "args = timesteps * freqs"),
            ),
            Misconception(
                "axes_the_other_way_round",
                "Your angles are (dim/2, B): the frequencies run down the rows. timesteps[:, None] puts the times "
                "there.",
                wrong(ARGS, "args = freqs[:, None] * timesteps[None, :]"),
            ),
            Misconception(
                "result_transposed",
                "Your result is turned round: (dim, B), where each *row* should be the embedding of one time.",
                wrong(RETURN, RETURN + ".T"),
            ),
            Misconception(
                "angles_added",
                "You add times and frequencies. A frequency multiplies the time: t * freqs.",
                wrong(ARGS, "args = timesteps[:, None] + freqs[None, :]"),
            ),
            Misconception(
                "divided_by_the_frequencies",
                "You divide t by the frequencies (or multiply by growing ones, without the minus sign). The waves "
                "then get faster and faster, up to nearly 10000 radians a step, and neighbouring times have nothing "
                "in common.",
                wrong(ARGS, "args = timesteps[:, None] / freqs[None, :]"),
            ),
            Misconception(
                "time_ignored",
                "Your angles are the frequencies alone, so every time gets the same row. Multiply them by t.",
                wrong(ARGS, "args = torch.ones_like(timesteps)[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "time_divided_by_1000",
                "You divide t by 1000 first. Then the fastest wave makes a sixth of a turn over all of time, and most "
                "columns hardly move. The formula takes t as it comes, 0 to 999.",
                wrong(ARGS, "args = timesteps[:, None] / 1000 * freqs[None, :]"),
            ),
            Misconception(
                "time_divided_by_999",
                "You divide t by 999, to bring it between 0 and 1. The formula wants steps, so that one step is one "
                "radian of the fastest wave.",
                wrong(ARGS, "args = timesteps[:, None] / 999 * freqs[None, :]"),
            ),
            Misconception(
                "time_times_1000",
                "You multiply t by 1000. That is for times between 0 and 1, and flow matching does it before it calls "
                "the network. The embedding takes t as it comes.",
                wrong(ARGS, "args = 1000 * timesteps[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "divided_by_the_largest_time",
                "You divide t by the largest time in the batch. The same t then gets different embeddings in different "
                "batches.",
                wrong(ARGS, "args = timesteps[:, None] / timesteps.max().clamp(min=1) * freqs[None, :]"),
            ),
            Misconception(
                "mean_time_subtracted",
                "You subtract the batch's mean time. A time's embedding must not depend on which others are beside it.",
                wrong(ARGS, "args = (timesteps - timesteps.float().mean())[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "one_step_late",
                "You embed t + 1. Times start at 0 here, where all sines are 0 and all cosines 1.",
                wrong(ARGS, "args = (timesteps + 1)[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "one_step_early",
                "You embed t - 1; the formula has t itself.",
                wrong(ARGS, "args = (timesteps - 1)[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "time_cut_to_whole_numbers",
                "You cut t down to a whole number (.long() or int), so 17.9 becomes 17. DDPM would not notice; flow "
                "matching, with its fractions, would.",
                wrong(ARGS, "args = timesteps.long()[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "time_rounded",
                "You round t to the nearest whole number. Every fraction is a time of its own for flow matching.",
                wrong(ARGS, "args = timesteps.float().round()[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "degrees",
                "You convert degrees into radians (or the other way). The angle t * freqs is in radians as it stands.",
                wrong(ARGS, "args = torch.deg2rad(timesteps[:, None] * freqs[None, :])"),
            ),
            Misconception(
                "factor_of_two_pi",
                "You multiply the angle by 2 pi. At whole t the fastest wave is then always back where it started: "
                "sin(2 pi t) = 0. The frequencies are in radians a step already.",
                wrong(ARGS, "args = 2 * torch.pi * timesteps[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "factor_of_pi",
                "You multiply the angle by pi; the document's angle is t * freqs.",
                wrong(ARGS, "args = torch.pi * timesteps[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "cosines_negated",
                "Your cosines have the wrong sign: at t = 0 they should be +1.",
                wrong("torch.cos(args)", "-torch.cos(args)"),
            ),
            Misconception(
                "angles_negated",
                "Your angle is -t * freqs: the minus sign belongs into the exponential, not in front of the "
                "frequency. All your sines come out negative.",
                wrong(ARGS, "args = -timesteps[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "sine_of_frequency_times_time",
                "You take the sine of the frequencies and multiply it by t. It is the sine *of the product*: "
                "sin(t * freqs), which stays between -1 and 1.",
                wrong(
                    RETURN,
                    "return timesteps[:, None] * torch.cat([torch.sin(freqs), torch.cos(freqs)])[None, :]",
                ),
            ),
            Misconception(
                "scaled_like_embeddings",
                "You multiply the result by a square root of dim. That belongs to word embeddings; the time embedding "
                "stays between -1 and 1.",
                wrong(RETURN, RETURN + " * self.dim**0.5"),
            ),
            Misconception(
                "scaled_to_unit_length",
                "You divide by the length of the vector (or multiply by sqrt(2/dim)). The document leaves sines and "
                "cosines as they are.",
                wrong(RETURN, RETURN + " * (2 / self.dim) ** 0.5"),
            ),
            Misconception(
                "exponent_by_dim",
                "You divide the exponent by dim (or count dim frequencies and keep half). With dim/2 below, the "
                "frequencies reach 1/10000; yours stop near 1/100.",
                other_freqs(f"torch.exp(-math.log(10000) * {COUNT} / self.dim)"),
            ),
            Misconception(
                "exponent_by_half_minus_one",
                "You divide by dim/2 - 1, as in many blogs and as the default in one well-known library. The "
                "document divides by dim/2. Both are good embeddings, and they are not the same one.",
                other_freqs(f"torch.exp(-math.log(10000) * {COUNT} / max(self.dim // 2 - 1, 1))"),
            ),
            Misconception(
                "exponent_from_one",
                "Your i starts at 1. With i = 0 the first frequency is 1, and columns 0 and dim/2 are sin(t) and "
                "cos(t).",
                other_freqs(f"torch.exp(-math.log(10000) * ({COUNT} + 1) / {HALF})"),
            ),
            Misconception(
                "base_1000",
                "Your base is 1000. That is the number of steps; the formula's base is 10000.",
                other_freqs(f"torch.exp(-math.log(1000) * {COUNT} / {HALF})"),
            ),
            Misconception(
                "base_100000",
                "Your base is 100000, ten times the document's 10000.",
                other_freqs(f"torch.exp(-math.log(100000) * {COUNT} / {HALF})"),
            ),
            Misconception(
                "logarithm_to_base_ten",
                "You took log10(10000) = 4 for log(10000) = 9.21. The exponential's own logarithm is math.log.",
                other_freqs(f"torch.exp(-math.log10(10000) * {COUNT} / {HALF})"),
            ),
            Misconception(
                "logarithm_to_base_two",
                "You took log2(10000) = 13.3 for the natural logarithm, 9.21.",
                other_freqs(f"torch.exp(-math.log2(10000) * {COUNT} / {HALF})"),
            ),
            Misconception(
                "logarithm_missing",
                "Your exponent is -10000 * i / (dim/2), without the logarithm. All frequencies but the first vanish.",
                other_freqs(f"torch.exp(-10000 * {COUNT} / {HALF})"),
            ),
            Misconception(
                "exponential_missing",
                "The exponential is missing from your frequencies, so they are 0, and then negative ever more.",
                other_freqs(f"-math.log(10000) * {COUNT} / {HALF}"),
            ),
            Misconception(
                "whole_number_division",
                "You divide i by dim/2 with //, which gives 0 for every i. All columns then run at one speed and "
                "repeat after 2 pi steps.",
                other_freqs(f"torch.exp(-math.log(10000.0) * ({COUNT} // {HALF}))"),
            ),
            Misconception(
                "division_missing",
                "You do not divide i by dim/2, so the second frequency is 1/10000 already and the rest are next to 0.",
                other_freqs(f"torch.exp(-math.log(10000.0) * {COUNT})"),
            ),
            Misconception(
                "exponent_doubled",
                "The 2 of the formula's 2i/dim is counted twice: i / (dim/2) contains it already. Your slowest wave "
                "is nearly 10000 times too slow.",
                other_freqs(f"torch.exp(-math.log(10000) * 2 * {COUNT} / {HALF})"),
            ),
            Misconception(
                "harmonics",
                "Your frequencies are 1, 2, 3, ..: harmonics of one wave, which all repeat together after 2 pi "
                "steps. The document's fall from 1 to 1/10000.",
                other_freqs(f"({COUNT} + 1.0)"),
            ),
            Misconception(
                "evenly_spaced",
                "Your frequencies are evenly spaced from 1 down to 1/10000. A constant *factor* between them gives "
                "slow waves as much room as fast ones.",
                other_freqs("torch.linspace(1, 1e-4, self.dim // 2, device=timesteps.device)"),
            ),
            Misconception(
                "slowest_first",
                "Your frequencies are in the opposite order. Columns 0 and dim/2 belong to the fastest wave, 1 "
                "radian a step.",
                other_freqs(FREQS + ".flip(0)"),
            ),
            Misconception(
                "one_frequency_a_column",
                "You gave every column a frequency of its own, dim of them, and took sines of some and cosines of the "
                "others. Sine and cosine come in pairs of the same frequency.",
                edited(
                    SinusoidalPositionEmbedding,
                    (FREQS, "torch.exp(-math.log(10000) * torch.arange(self.dim, device=timesteps.device) / self.dim)"),
                    (RETURN, "return torch.cat([torch.sin(args[:, 0::2]), torch.cos(args[:, 1::2])], dim=-1)"),
                ),
            ),
            Misconception(
                "one_frequency_a_column_in_halves",
                "You made dim frequencies, and took the sine of the fast half and the cosine of the slow half. Each "
                "frequency needs both.",
                edited(
                    SinusoidalPositionEmbedding,
                    (FREQS, "torch.exp(-math.log(10000) * torch.arange(self.dim, device=timesteps.device) / self.dim)"),
                    (
                        RETURN,
                        "return torch.cat([torch.sin(args[:, : self.dim // 2]), "
                        "torch.cos(args[:, self.dim // 2 :])], dim=-1)",
                    ),
                ),
            ),
            Misconception(
                "twice_as_wide",
                "You made dim frequencies, so sines and cosines make 2 * dim columns. Count the *pairs*: dim/2.",
                wrong("self.dim, timesteps.device", "2 * self.dim, timesteps.device"),
            ),
            Misconception(
                "batch_axis_squeezed_away",
                "For a single time you return a vector: a squeeze() has taken the batch axis. A batch of one is still "
                "a batch, (1, dim).",
                wrong(RETURN, RETURN + ".squeeze()"),
            ),
            Misconception(
                "half_precision",
                "Somewhere you compute in half precision (.half() or bfloat16). Its 3 digits cannot even count to "
                "999 in steps of one half; float32 has 7.",
                wrong(ARGS, ARGS + ".half().float()"),
            ),
            Misconception(
                "time_wrapped",
                "You wrap t round (a % somewhere). Late times then look like early ones, and the network could not "
                "tell noise from picture.",
                wrong(ARGS, "args = (timesteps % 100)[:, None] * freqs[None, :]"),
            ),
            Misconception(
                "square_of_time",
                "Your angle contains t twice, t * t * freqs.",
                wrong(ARGS, "args = timesteps[:, None] ** 2 * freqs[None, :]"),
            ),
            Misconception(
                "learned_table",
                "You look the time up in nn.Embedding, a table with one learned row a step. It knows nothing between "
                "the steps, and each row has to be learned by itself. Here a fixed formula is asked for.",
                LookedUp,
            ),
            Misconception(
                "linear_inside",
                "You put a Linear inside. The sinusoidal embedding is a fixed formula; TimeEmbedding adds the layers, "
                "in exercise 1.4.",
                WithLinear,
            ),
            Misconception(
                "trainable_frequencies",
                "You made the frequencies an nn.Parameter, so training would move them. In the document they are "
                "fixed: use a plain tensor, or a buffer.",
                TrainableFrequencies,
            ),
            Misconception(
                "activation_added",
                "You pass the result through SiLU. The activation belongs into TimeEmbedding, between two Linear "
                "layers.",
                edited(SinusoidalPositionEmbedding, (RETURN, RETURN.replace("return ", "return F.silu(") + ")")),
            ),
        ),
        alternatives=(
            Alternative("buffer_and_einsum", Buffered),
            Alternative("division_by_a_power", OverThePower),
            Alternative("python_loops", ByLoops),
            Alternative("numpy", ByNumpy),
            Alternative("column_by_column", ColumnByColumn),
            Alternative("complex_numbers", ShiftedSine),
            Alternative(
                "permuted_from_the_formulas_order",
                wrong(
                    RETURN,
                    "both = torch.stack([args.sin(), args.cos()], dim=-1).flatten(1)\n"
                    "        return torch.cat([both[:, 0::2], both[:, 1::2]], dim=1)",
                ),
            ),
        ),
    ),
)
